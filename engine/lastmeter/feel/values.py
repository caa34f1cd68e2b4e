"""FEEL values in Python: what they are, how they come in, when two are equal, which is less, how they read as text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, TypeAlias

from lastmeter.errors import LastmeterError
from lastmeter.feel import temporal
from lastmeter.feel.errors import FeelBudgetExceeded, NoValue
from lastmeter.feel.temporal import WideDate, WideDateTime, WideDuration, WideTime, YearsMonths

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

# Decimal, str, bool, None, date, time, datetime, timedelta, YearsMonths, list, dict, Range, FeelFunction, Wide*.
FeelValue: TypeAlias = object

# Source: DMN 1.5, 10.3.2.3.1: decimal128 of IEEE 754-2008.
NUMBERS = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])


# How many parts, at all depths together, a value may have that leaves an evaluation or is checked against a type.
MAX_PARTS = 500_000


class Invocable:
    """Whatever can be called from an expression."""

    __slots__ = ()

    name: str

    def invoke(self, run: Run, arguments: list[object]) -> object:
        """The result for arguments by position. Raises NoValue."""
        raise NoValue("not callable")

    def arrange(self, named: Mapping[str, object]) -> list[object]:
        """Named arguments put into positions. Raises NoValue for unknown names."""
        raise NoValue(f"{self.name} takes no named arguments")


@dataclass(frozen=True)
class FeelFunction(Invocable):
    """A Python function lent to expressions. `call` gets FEEL values by position; the last `optional` may be missing.

    ValueError, TypeError and ArithmeticError become null with a warning; our own errors pass through to the caller.
    """

    name: str
    parameters: tuple[str, ...]
    call: Callable[..., object]
    optional: int = 0

    def invoke(self, run: Run, arguments: list[object]) -> object:
        if not len(self.parameters) - self.optional <= len(arguments) <= len(self.parameters):
            raise NoValue(f"{self.name} takes {len(self.parameters)} arguments, got {len(arguments)}")
        try:
            return coerce(self.call(*arguments))
        except LastmeterError:
            raise
        except (ValueError, TypeError, ArithmeticError) as error:
            raise NoValue(f"{self.name}: {error}") from error

    def arrange(self, named: Mapping[str, object]) -> list[object]:
        return arrange(self.name, self.parameters, named)


def arrange(name: str, parameters: Sequence[str], named: Mapping[str, object]) -> list[object]:
    """The named arguments in the order of the parameters, missing ones null. Raises NoValue for unknown names."""
    unknown = set(named).difference(parameters)
    if unknown:
        raise NoValue(f"{name} has no parameter {sorted(unknown)[0]!r}")
    arguments = [named.get(parameter) for parameter in parameters]
    while arguments and parameters[len(arguments) - 1] not in named:
        arguments.pop()
    return arguments


@dataclass(frozen=True, slots=True)
class Range:
    """An interval; an end that is None is unbounded (or, when included, undefined)."""

    start: object
    end: object
    start_included: bool = True
    end_included: bool = True

    def __contains__(self, value: object) -> bool:
        return in_range(value, self) is True


KINDS: dict[type, str] = {
    Decimal: "number",
    str: "string",
    bool: "boolean",
    type(None): "null",
    dt.date: "date",
    WideDate: "date",
    dt.time: "time",
    WideTime: "time",
    dt.datetime: "date and time",
    WideDateTime: "date and time",
    dt.timedelta: "days and time duration",
    WideDuration: "days and time duration",
    YearsMonths: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
}
# What an expression may hold as it is; lists and contexts are looked into.
_PLAIN = frozenset(kind for kind in KINDS if kind not in (list, dict))


def kind_of(value: object) -> str:
    """The name of the value's FEEL type."""
    kind = KINDS.get(type(value))
    if kind is None:
        return "function" if isinstance(value, Invocable) else "unknown"
    return kind


def coerce(value: object, depth: int = 0) -> FeelValue:
    """The FEEL value of a Python one: integers and floats become decimals, tuples lists, mappings contexts.

    Raises TypeError for what has no meaning in FEEL, ValueError for nesting deeper than 100.
    """
    kind = type(value)
    if kind in _PLAIN:
        return _finite(value) if kind is Decimal else value
    if kind is int:
        return NUMBERS.create_decimal(value)  # type: ignore[arg-type]
    if depth > 100:
        raise ValueError("data nested deeper than 100")
    if kind is dict:
        return {str(key): coerce(item, depth + 1) for key, item in value.items()}  # type: ignore[attr-defined]
    if kind is list:
        return [coerce(item, depth + 1) for item in value]  # type: ignore[attr-defined]
    return _coerce_rare(value, depth)


def _finite(value: object) -> object:
    assert isinstance(value, Decimal)
    return value if value.is_finite() else None


def _coerce_rare(value: object, depth: int) -> FeelValue:
    if isinstance(value, float):
        return _finite(NUMBERS.create_decimal(repr(value)))
    if isinstance(value, Mapping):
        return {str(key): coerce(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Invocable):
        return value
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return [coerce(item, depth + 1) for item in value]
    for plain in (bool, str, dt.datetime, dt.date, dt.time, dt.timedelta):
        if isinstance(value, plain):
            return _plain_copy(value)
    if isinstance(value, int | Decimal):
        return _finite(NUMBERS.create_decimal(value))
    raise TypeError(f"{type(value).__name__} is no FEEL value")


def _plain_copy(value: object) -> FeelValue:
    """The value of a subclass (an enum of strings, a library's date) as the plain type."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dt.datetime):
        day = dt.date(value.year, value.month, value.day)
        return temporal.make_datetime(day, temporal.nanos_of_day(value), value.tzinfo)
    if isinstance(value, dt.date):
        return dt.date(value.year, value.month, value.day)
    if isinstance(value, dt.timedelta):
        return dt.timedelta(value.days, value.seconds, value.microseconds)
    return value


class Walk:
    """Fuel for a walk through nested values: a list of a list twice, forty times over, is small to hold but endless to
    read.
    """

    __slots__ = ("fuel", "left")

    def __init__(self, fuel: int = 1_000_000) -> None:
        self.fuel = self.left = fuel

    @property
    def spent(self) -> int:
        return self.fuel - self.left

    def spend(self, amount: int) -> None:
        """The amount is gone. Raises FeelBudgetExceeded when there is no more."""
        self.left -= amount
        if self.left < 0:
            raise FeelBudgetExceeded("size", "数据过大。", "The data grew too large.")


def measured(value: object, walk: Walk | None = None) -> object:
    """The value itself, once it is seen to have no more than half a million parts. Raises FeelBudgetExceeded."""
    if type(value) is list:
        walk = walk or Walk(MAX_PARTS)
        walk.spend(len(value))
        for item in value:
            if type(item) is list or type(item) is dict:
                measured(item, walk)
    elif type(value) is dict:
        walk = walk or Walk(MAX_PARTS)
        walk.spend(len(value))
        for item in value.values():
            if type(item) is list or type(item) is dict:
                measured(item, walk)
    return value


def equal(left: object, right: object, walk: Walk | None = None) -> bool | None:
    """Whether two values are equal; None when their types cannot be compared.

    Source: DMN 1.5, 10.3.2.13 and table 53.
    """
    kind = type(left)
    if kind is type(right) and (kind is Decimal or kind is str or kind is bool):
        return left == right
    if left is None or right is None:
        return left is right
    kinds = kind_of(left)
    if kinds != kind_of(right):
        return None
    if kinds in ("list", "context"):
        return _equal_collections(left, right, walk or Walk())
    return _equal_same_kind(kinds, left, right)


def _equal_collections(left: object, right: object, walk: Walk) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        walk.spend(len(left) + 1)
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(equal(one, other, walk) is True for one, other in pairs)
    assert isinstance(left, dict)
    assert isinstance(right, dict)
    walk.spend(len(left) + 1)
    return left.keys() == right.keys() and all(equal(item, right[key], walk) is True for key, item in left.items())


def _equal_same_kind(kind: str, left: object, right: object) -> bool | None:
    if kind == "range":
        return _equal_ranges(left, right)
    if kind in ("date", "time", "date and time"):
        return _equal_moments(left, right)
    if kind == "days and time duration":
        return _magnitude(left) == _magnitude(right)
    return left == right


def _equal_ranges(left: object, right: object) -> bool:
    assert isinstance(left, Range)
    assert isinstance(right, Range)
    return (
        (left.start_included, left.end_included) == (right.start_included, right.end_included)
        and equal(left.start, right.start) is True
        and equal(left.end, right.end) is True
    )


def _zone_known(value: object) -> bool:
    return not isinstance(value, dt.time | dt.datetime | WideTime | WideDateTime) or temporal.zone_of(value) is not None


def _equal_moments(left: object, right: object) -> bool:
    return _zone_known(left) == _zone_known(right) and _magnitude(left) == _magnitude(right)


def _magnitude(value: object) -> int:
    """The point of a temporal value on its own scale."""
    if isinstance(value, dt.timedelta | WideDuration):
        return temporal.duration_nanos(value)
    if isinstance(value, dt.time | WideTime):
        return temporal.time_instant(value)
    if isinstance(value, YearsMonths):
        return value.total_months
    assert isinstance(value, dt.date | WideDate | WideDateTime)
    return temporal.instant(value)


_ORDERED = frozenset(
    {"date", "time", "date and time", "days and time duration", "years and months duration", "number", "string"}
)


def order(left: object, right: object) -> int | None:
    """Negative, zero or positive as left is less, equal or greater; None when the two cannot be ordered."""
    kind = kind_of(left)
    if kind != kind_of(right) or kind not in _ORDERED:
        return None
    if kind == "number" or kind == "string":
        return _sign(left, right)
    if kind in ("date and time", "time") and _zone_known(left) != _zone_known(right):
        return None
    one, other = _magnitude(left), _magnitude(right)
    return (one > other) - (one < other)


def _sign(left: object, right: object) -> int:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return (left > right) - (left < right)
    assert isinstance(left, str)
    assert isinstance(right, str)
    return (left > right) - (left < right)


def in_range(value: object, interval: Range) -> bool | None:
    """Whether the value lies in the interval; None when it cannot be compared with an end."""
    if interval.start is not None:
        low = order(value, interval.start)
        if low is None:
            return None
        if low < 0 or (low == 0 and not interval.start_included):
            return False
    if interval.end is not None:
        high = order(value, interval.end)
        if high is None:
            return None
        if high > 0 or (high == 0 and not interval.end_included):
            return False
    return None if interval.start is None and interval.end is None else True


def format_number(number: Decimal) -> str:
    """The number in plain digits."""
    return format(number, "f")


def text_of(value: object) -> str:
    """The value as `string()` shows it."""
    if isinstance(value, str):
        return value
    return literal_of(value, outer=True)


def literal_of(value: object, *, outer: bool = False) -> str:
    """The value as FEEL would write it; at the outermost level temporal values stand bare."""
    return _literal(value, outer, Walk())


def _literal(value: object, outer: bool, walk: Walk) -> str:
    if isinstance(value, list | dict):
        walk.spend(2 * len(value))
        return _collection_literal(value, walk)
    text = _scalar_literal(value, outer)
    walk.spend(len(text))
    return text


def _collection_literal(value: list[object] | dict[str, object], walk: Walk) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item, False, walk) for item in value) + "]"
    return "{" + ", ".join(f"{_key(key)}: {_literal(item, False, walk)}" for key, item in value.items()) + "}"


def _scalar_literal(value: object, outer: bool) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return format_number(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Range):
        return _range_text(value)
    if isinstance(value, Invocable):
        return f"function {value.name}"
    text = _temporal_text(value)
    return text if outer else f'@"{text}"'


def _key(key: str) -> str:
    return key if key.replace(" ", "").isidentifier() else literal_of(key)


def _range_text(interval: Range) -> str:
    low = "" if interval.start is None else literal_of(interval.start)
    high = "" if interval.end is None else literal_of(interval.end)
    return f"{'[' if interval.start_included else '('}{low}..{high}{']' if interval.end_included else ')'}"


def _temporal_text(value: object) -> str:
    if isinstance(value, dt.datetime | WideDateTime):
        return temporal.format_datetime(value)
    if isinstance(value, dt.date | WideDate):
        return temporal.format_date(value)
    if isinstance(value, dt.time | WideTime):
        return temporal.format_time(value)
    if isinstance(value, dt.timedelta | WideDuration):
        return temporal.format_duration(value)
    return str(value)
