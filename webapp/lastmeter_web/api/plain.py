"""Values of processes as JSON: FEEL's numbers are numbers, its moments and durations their texts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from lastmeter.feel.values import text_of

# Beyond this a reader's JSON loses digits: such numbers go as texts.
_EXACT = 2**53


def plain(value: object) -> object:
    """The value in nothing but what JSON has."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else str(value)
    if isinstance(value, float):
        return value
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    try:
        return text_of(value)
    except (TypeError, KeyError, ValueError):
        return str(value)


def _number(value: Decimal) -> object:
    if not value.is_finite():
        return None
    if value == value.to_integral_value() and abs(value) <= _EXACT:
        return int(value)
    as_float = float(value)
    return as_float if Decimal(repr(as_float)) == value else str(value)
