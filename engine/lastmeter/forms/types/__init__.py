"""Field types by name; a new one is a class here, registered."""

from __future__ import annotations

# Importing a module registers its types.
from lastmeter.forms.types import choices, codes, days, numbers, references, texts
from lastmeter.forms.types.base import REGISTRY, FieldType, References, Refusal, Scope
from lastmeter.forms.types.choices import options_of
from lastmeter.forms.types.days import read_date
from lastmeter.forms.types.numbers import DECIMALS, in_yuan
from lastmeter.forms.types.texts import search_pattern

ALIASES = {"org": "organisation", "feel_check": "feel-check", "money": "money_fen"}


def type_named(name: str) -> FieldType | None:
    """The registered type of that name or alias."""
    return REGISTRY.get(ALIASES.get(name, name))


__all__ = [
    "DECIMALS",
    "REGISTRY",
    "FieldType",
    "References",
    "Refusal",
    "Scope",
    "choices",
    "codes",
    "days",
    "in_yuan",
    "numbers",
    "options_of",
    "read_date",
    "references",
    "search_pattern",
    "texts",
    "type_named",
]
