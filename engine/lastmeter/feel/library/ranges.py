"""Built-ins that compare points and ranges in time or number.

Source: DMN 1.5, table 79 (after Allen's interval algebra).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lastmeter.feel import temporal
from lastmeter.feel.errors import FeelSyntaxError, NoValue
from lastmeter.feel.library.registry import Parameter, builtin, string
from lastmeter.feel.parser import parse
from lastmeter.feel.tree import Call, Literal, Name
from lastmeter.feel.values import Range, order

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

_POINTS = (("point1", "point2"), ("point", "range"), ("range", "point"), ("range1", "range2"))
_RANGES = (("range1", "range2"), ("range", "point"), ("point", "range"), ("range", "value"))


def _compare(left: object, right: object) -> int:
    sign = order(left, right)
    if sign is None:
        raise NoValue("the ends cannot be compared")
    return sign


def _relation(
    name: str, spellings: tuple[tuple[str, ...], ...]
) -> Callable[[Callable[[object, object], bool]], Callable[[object, object], bool]]:
    """The decorated predicate of two points or ranges becomes the built-in of that name."""

    def register(predicate: Callable[[object, object], bool]) -> Callable[[object, object], bool]:
        def call(run: Run, first: object, second: object) -> bool:
            return predicate(_unwrapped(first), _unwrapped(second))

        parameters = tuple(Parameter(word) for word in spellings[0])
        builtin(name, *parameters, spellings=spellings)(call)
        return predicate

    return register


def _unwrapped(value: object) -> object:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        raise NoValue("null is neither point nor range")
    return value


def _range(value: object) -> Range:
    if not isinstance(value, Range):
        raise NoValue("a range was expected")
    return value


def _closed(value: Range) -> Range:
    if value.start is None or value.end is None:
        raise NoValue("an unbounded range has no place here")
    return value


def _pair(first: object, second: object) -> tuple[Range, Range]:
    return _closed(_range(first)), _closed(_range(second))


def _ends_before(first: Range, second: Range) -> bool:
    if first.end is None or second.start is None:
        return False
    sign = _compare(first.end, second.start)
    return sign < 0 or (sign == 0 and not (first.end_included and second.start_included))


def _as_range(value: object) -> Range:
    return value if isinstance(value, Range) else Range(value, value)


@_relation("before", _POINTS)
def before(first: object, second: object) -> bool:
    return _ends_before(_as_range(first), _as_range(second))


@_relation("after", _POINTS)
def after(first: object, second: object) -> bool:
    return before(second, first)


@_relation("meets", _RANGES)
def meets(first: object, second: object) -> bool:
    one, other = _pair(first, second)
    return one.end_included and other.start_included and _compare(one.end, other.start) == 0


@_relation("met by", _RANGES)
def met_by(first: object, second: object) -> bool:
    return meets(second, first)


@_relation("overlaps", _RANGES)
def overlaps(first: object, second: object) -> bool:
    one, other = _range(first), _range(second)
    return not _ends_before(one, other) and not _ends_before(other, one)


def _start_sign(one: Range, other: Range) -> int:
    """Negative when `one` starts earlier; an included start is earlier than the same one excluded."""
    return _compare(one.start, other.start) or (other.start_included - one.start_included)


def _end_sign(one: Range, other: Range) -> int:
    """Negative when `one` ends earlier; an excluded end is earlier than the same one included."""
    return _compare(one.end, other.end) or (one.end_included - other.end_included)


@_relation("overlaps before", _RANGES)
def overlaps_before(first: object, second: object) -> bool:
    one, other = _pair(first, second)
    return _start_sign(one, other) < 0 and overlaps(one, other) and _end_sign(one, other) <= 0


@_relation("overlaps after", _RANGES)
def overlaps_after(first: object, second: object) -> bool:
    one, other = _pair(first, second)
    return overlaps_before(other, one)


@_relation("finishes", _RANGES)
def finishes(first: object, second: object) -> bool:
    other = _closed(_range(second))
    if not isinstance(first, Range):
        return other.end_included and _compare(first, other.end) == 0
    one = _closed(first)
    return _end_sign(one, other) == 0 and _start_sign(one, other) >= 0


@_relation("finished by", _RANGES)
def finished_by(first: object, second: object) -> bool:
    return finishes(second, first)


@_relation("includes", _RANGES)
def includes(first: object, second: object) -> bool:
    one, other = _range(first), _as_range(second)
    starts_in = one.start is None or (other.start is not None and _start_sign(one, other) <= 0)
    ends_in = one.end is None or (other.end is not None and _end_sign(one, other) >= 0)
    return starts_in and ends_in


@_relation("during", _POINTS)
def during(first: object, second: object) -> bool:
    return includes(second, first)


@_relation("starts", _POINTS)
def starts(first: object, second: object) -> bool:
    other = _closed(_range(second))
    if not isinstance(first, Range):
        return other.start_included and _compare(first, other.start) == 0
    one = _closed(first)
    return _start_sign(one, other) == 0 and _end_sign(one, other) <= 0


@_relation("started by", _RANGES)
def started_by(first: object, second: object) -> bool:
    return starts(second, first)


@_relation("coincides", _POINTS)
def coincides(first: object, second: object) -> bool:
    if isinstance(first, Range) != isinstance(second, Range):
        raise NoValue("a point and a range never coincide")
    one, other = _as_range(first), _as_range(second)
    return _start_sign(one, other) == 0 and _end_sign(one, other) == 0


_READ: dict[str, Callable[[str], object]] = {
    "date": temporal.parse_date,
    "time": temporal.parse_time,
    "date and time": temporal.parse_datetime,
    "duration": temporal.parse_duration,
}


@builtin("range", string("from"))
def range_of(run: Run, text: str) -> Range:
    """The range that a text such as `[1..5)` writes; its ends are literals, an open one may be missing.

    Source: DMN 1.5, table 72.
    """
    body = text.strip()
    low, dots, high = body[1:-1].partition("..")
    if not dots or body[0] not in "([]" or body[-1] not in ")[]" or len(body) > 1000:
        raise NoValue(f"not a range: {text!r}")
    start, end = _end(low), _end(high)
    made = Range(start, end, body[0] == "[", body[-1] == "]")
    if (start is None and (made.start_included or end is None)) or (end is None and made.end_included):
        raise NoValue("a closed end of a range needs a value")
    if start is not None and end is not None and _compare(start, end) > 0:
        raise NoValue("the range ends before it starts")
    return made


def _end(text: str) -> object:
    """The value of an end that is a literal, or of a date, time or duration function of a literal; None when empty."""
    if not text.strip():
        return None
    try:
        node = parse(text)
    except FeelSyntaxError as error:
        raise NoValue(f"not an end of a range: {text!r}") from error
    if isinstance(node, Literal) and order(node.value, node.value) == 0:
        return node.value
    if isinstance(node, Call) and isinstance(node.callee, Name) and len(node.arguments) == 1:
        read, argument = _READ.get(node.callee.name), node.arguments[0]
        if read is not None and isinstance(argument, Literal) and isinstance(argument.value, str):
            return read(argument.value)
    raise NoValue(f"an end of a range must be a literal: {text!r}")
