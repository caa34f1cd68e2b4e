"""The names and parameters of our own functions, so that text can be checked where nobody lends their meaning.

They are extensions: another FEEL engine does not know them. Wiring lends them, with the calendar and the register
behind them, as `functions` of an evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXTENSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "deadline": ("rule id", "start"),
        "add working days": ("date", "n"),
        "is working day": ("date",),
        "add months": ("date", "n"),
        "age on": ("birth date", "day"),
    }
)
EXTENSION_NAMES: frozenset[str] = frozenset(EXTENSIONS)
