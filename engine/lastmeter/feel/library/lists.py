"""List built-ins and `sort`.

Source: DMN 1.5, tables 75 and 81.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cmp_to_key
from typing import TYPE_CHECKING

from lastmeter.feel.arithmetic import add, divide, finite, multiply
from lastmeter.feel.errors import NoValue
from lastmeter.feel.library.numbers import integer
from lastmeter.feel.library.registry import Parameter, anything, builtin, items, number
from lastmeter.feel.temporal import WideDuration, YearsMonths
from lastmeter.feel.values import NUMBERS, Invocable, equal, kind_of, order

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run


def _same(left: object, right: object) -> bool:
    return equal(left, right) is True


def _position(values: list[object], position: Decimal, *, beyond: int = 0) -> int:
    """The index of a position counted from 1 or from -1. Raises NoValue outside the list."""
    place = integer(position, "position")
    if place == 0 or abs(place) > len(values) + beyond:
        raise NoValue("position outside the list")
    return place - 1 if place > 0 else len(values) + place


@builtin("list contains", items(), anything("element"))
def list_contains(run: Run, values: list[object], element: object) -> bool:
    return any(_same(value, element) for value in values)


@builtin("count", items())
def count(run: Run, values: list[object]) -> Decimal:
    return Decimal(len(values))


def _extreme(values: list[object], sign: int) -> object:
    if not values:
        return None
    best = values[0]
    if order(best, best) is None:
        raise NoValue(f"{kind_of(best)} has no order")
    for value in values[1:]:
        compared = order(value, best)
        if compared is None:
            raise NoValue("the values have no order")
        if compared * sign > 0:
            best = value
    return best


@builtin("min", items(), variadic=True)
def minimum(run: Run, values: list[object]) -> object:
    return _extreme(values, -1)


@builtin("max", items(), variadic=True)
def maximum(run: Run, values: list[object]) -> object:
    return _extreme(values, 1)


def _numbers(values: list[object]) -> list[Decimal]:
    numbers = [value for value in values if type(value) is Decimal]
    if len(numbers) != len(values):
        raise NoValue("the list holds more than numbers")
    return numbers


@builtin("sum", items(), variadic=True)
def total(run: Run, values: list[object]) -> object:
    if not values:
        return None
    if isinstance(values[0], YearsMonths | dt.timedelta | WideDuration):
        result: object = values[0]
        for value in values[1:]:
            if kind_of(value) != kind_of(result):
                raise NoValue("the list mixes durations with other values")
            result = add(run, result, value)
        return result
    return _sum(_numbers(values))


def _sum(numbers: list[Decimal]) -> Decimal:
    result = Decimal(0)
    for value in numbers:
        result = NUMBERS.add(result, value)
    return finite(result)


@builtin("product", items(), variadic=True)
def product(run: Run, values: list[object]) -> object:
    if not values:
        return None
    result: object = Decimal(1)
    for value in _numbers(values):
        result = multiply(run, result, value)
    return result


@builtin("mean", items(), variadic=True)
def mean(run: Run, values: list[object]) -> object:
    if not values:
        return None
    return divide(run, total(run, values), Decimal(len(values)))


@builtin("median", items(), variadic=True)
def median(run: Run, values: list[object]) -> object:
    if not values:
        return None
    numbers = sorted(_numbers(values))
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return divide(run, NUMBERS.add(numbers[middle - 1], numbers[middle]), Decimal(2))


@builtin("stddev", items(), variadic=True)
def stddev(run: Run, values: list[object]) -> object:
    numbers = _numbers(values)
    if len(numbers) < 2:
        raise NoValue("a standard deviation needs two numbers")
    average = NUMBERS.divide(_sum(numbers), Decimal(len(numbers)))
    squares = [NUMBERS.power(NUMBERS.subtract(value, average), Decimal(2)) for value in numbers]
    return finite(NUMBERS.sqrt(NUMBERS.divide(_sum(squares), Decimal(len(numbers) - 1))))


@builtin("mode", items(), variadic=True)
def mode(run: Run, values: list[object]) -> list[object]:
    counts: dict[Decimal, int] = {}
    for value in _numbers(values):
        counts[value] = counts.get(value, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(value for value, number_of in counts.items() if number_of == most)  # type: ignore[return-value]


@builtin("all", items(), variadic=True)
def every(run: Run, values: list[object]) -> bool | None:
    return _quantified(values, decisive=False)


@builtin("any", items(), variadic=True)
def some(run: Run, values: list[object]) -> bool | None:
    return _quantified(values, decisive=True)


def _quantified(values: list[object], *, decisive: bool) -> bool | None:
    if any(value is decisive for value in values):
        return decisive
    if any(not isinstance(value, bool) for value in values):
        return None
    return not decisive


@builtin("sublist", items(), number("start position"), number("length", optional=True))
def sublist(run: Run, values: list[object], start: Decimal, length: Decimal | None = None) -> list[object]:
    begin = _position(values, start)
    if length is None:
        return values[begin:]
    size = integer(length, "length")
    if size < 0 or begin + size > len(values):
        raise NoValue("length outside the list")
    return values[begin : begin + size]


@builtin("append", items(), anything("item"), variadic=True)
def append(run: Run, values: list[object], added: list[object]) -> list[object]:
    return run.sized([*values, *added])


@builtin("concatenate", items("list"), variadic=True)
def concatenate(run: Run, lists: list[object]) -> list[object]:
    return _joined(run, lists)


def _joined(run: Run, lists: list[object]) -> list[object]:
    result: list[object] = []
    for each in lists:
        if each is None:
            raise NoValue("null is no list")
        result.extend(run.sized(each) if isinstance(each, list) else [each])
    return run.sized(result)


@builtin("insert before", items(), number("position"), anything("newItem"))
def insert_before(run: Run, values: list[object], position: Decimal, item: object) -> list[object]:
    place = _position(values, position)
    return [*values[:place], item, *values[place:]]


@builtin("remove", items(), number("position"))
def remove(run: Run, values: list[object], position: Decimal) -> list[object]:
    place = _position(values, position)
    return [*values[:place], *values[place + 1 :]]


@builtin(
    "list replace",
    items(),
    Parameter("position", ("number", "function")),
    anything("newItem"),
    spellings=(("list", "match", "newItem"),),
)
def list_replace(run: Run, values: list[object], position: object, item: object) -> list[object]:
    if isinstance(position, Decimal):
        place = _position(values, position)
        return [*values[:place], item, *values[place + 1 :]]
    assert isinstance(position, Invocable)
    result = []
    for value in values:
        matched = position.invoke(run, [value, item])
        if not isinstance(matched, bool):
            raise NoValue("the match function must give true or false")
        result.append(item if matched else value)
    return result


@builtin("reverse", items())
def reverse(run: Run, values: list[object]) -> list[object]:
    return values[::-1]


@builtin("index of", items(), anything("match"))
def index_of(run: Run, values: list[object], match: object) -> list[object]:
    return [Decimal(index) for index, value in enumerate(values, 1) if _same(value, match)]


@builtin("union", items("list"), variadic=True)
def union(run: Run, lists: list[object]) -> list[object]:
    return _distinct(run, _joined(run, lists))


@builtin("distinct values", items())
def distinct_values(run: Run, values: list[object]) -> list[object]:
    return _distinct(run, values)


def _distinct(run: Run, values: list[object]) -> list[object]:
    """Without repetitions, in order of first appearance; numbers and strings by hash, the rest one against another."""
    seen: set[Decimal | str] = set()
    others: list[object] = []
    result: list[object] = []
    for value in values:
        if isinstance(value, Decimal | str):
            if value in seen:
                continue
            seen.add(value)
        else:
            run.charge(len(others))
            if any(_same(value, other) for other in others):
                continue
            others.append(value)
        result.append(value)
    return result


@builtin("flatten", items())
def flatten(run: Run, values: list[object]) -> list[object]:
    return run.sized(_flat(run, values))


def _flat(run: Run, values: list[object]) -> list[object]:
    run.charge(len(values))
    result: list[object] = []
    for value in values:
        if isinstance(value, list):
            result.extend(_flat(run, value))
        else:
            result.append(value)
    return result


@builtin("sort", items(), Parameter("precedes", ("function",), optional=True, nullable=True))
def sort(run: Run, values: list[object], precedes: object = None) -> list[object]:
    def compare(left: object, right: object) -> int:
        run.charge(1)
        if not isinstance(precedes, Invocable):
            sign = order(left, right)
            if sign is None:
                raise NoValue("the values have no order")
            return sign
        if precedes.invoke(run, [left, right]) is True:
            return -1
        return 1 if precedes.invoke(run, [right, left]) is True else 0

    return sorted(values, key=cmp_to_key(compare))
