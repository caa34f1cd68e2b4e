"""Field types, one class each, registered by name: how a value is read, judged, kept and shown again.

Reading happens in two steps. `load` makes a value out of what came (HTML text, JSON, or a value that was already read:
reading twice changes nothing); `settle` judges it among the form's other values. Both refuse with a `Refusal`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

from lastmeter import clock
from lastmeter.deadlines.bundled import bundled_rules
from lastmeter.deadlines.rules import Rule
from lastmeter.feel import FeelFunction
from lastmeter.forms.conditions import value_of
from lastmeter.forms.fields import Field
from lastmeter.forms.messages import Message
from lastmeter.forms.text import narrow
from lastmeter.workdays import Calendar, bundled_calendar

LINE_LENGTH = 500


class Refusal(Exception):
    """A value cannot be what its field asks for."""

    def __init__(self, key: str, **facts: object) -> None:
        self.message = Message(key, facts)
        super().__init__(key)


class References(Protocol):
    """Who knows whether an organisation, person, region or file exists and may be named by this actor."""

    def knows(self, kind: str, value: int | str) -> bool: ...


@dataclass(frozen=True)
class Scope:
    """What a value is judged among: the legal day, the calendar, what is known to the system, the other values."""

    today: dt.date = field(default_factory=clock.today)
    calendar: Callable[[], Calendar] = bundled_calendar  # asked only by a field that needs it
    rules: Callable[[], Mapping[str, Rule]] = bundled_rules
    references: References | None = None  # None: only the shape of a reference is judged
    functions: Mapping[str, FeelFunction] = field(default_factory=dict)  # lent to expressions by wiring
    strict_min_days: bool = False
    values: Mapping[str, object] = field(default_factory=dict)

    def within(self, values: Mapping[str, object]) -> Scope:
        """The same scope among these values."""
        return replace(self, values=values)

    def evaluate(self, expression: str) -> object:
        """What the expression gives among the values; null where it cannot be evaluated."""
        return value_of(expression, self.values, self.functions)


class FieldType:
    """A kind of value."""

    name: ClassVar[str]
    components: ClassVar[frozenset[str]]  # of form-js on which it may stand
    is_enumerable: ClassVar[bool] = False  # a boolean or one of a few: may be read by a process even if secret

    def load(self, raw: object, spec: Field) -> object:
        """The value that `raw` stands for. Raises Refusal."""
        raise NotImplementedError

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        """The value once it was judged among the others. Raises Refusal."""
        return value

    def show(self, value: object, spec: Field) -> object:
        """What an HTML input holds for the value: a text, True or False, or a list of texts."""
        return str(value)

    def to_json(self, value: object) -> object:
        """The value as JSON keeps it."""
        return value

    def from_json(self, kept: object) -> object:
        """The value that `to_json` kept."""
        return kept

    def json_schema(self, spec: Field) -> dict[str, object]:
        """What an API client may send."""
        return {"type": "string"}


REGISTRY: dict[str, FieldType] = {}


def register(cls: type[FieldType]) -> type[FieldType]:
    """The type can be named in forms from now on."""
    REGISTRY[cls.name] = cls()
    return cls


def text_in(raw: object, refusal: str = "not_text") -> str:
    """`raw` if it is a text, else the refusal of that key."""
    if not isinstance(raw, str):
        raise Refusal(refusal)
    return raw


def narrow_text_in(raw: object, refusal: str) -> str:
    """One line of text with full-width signs narrowed, as numbers and codes are read. Raises Refusal."""
    text = narrow(text_in(raw, refusal))
    if len(text) > LINE_LENGTH:
        raise Refusal("too_long", most=LINE_LENGTH)
    return text
