"""The closures themselves: what each kind of node does when an expression runs."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from lastmeter.feel import temporal
from lastmeter.feel.arithmetic import negate
from lastmeter.feel.errors import NoValue
from lastmeter.feel.library import LIBRARY
from lastmeter.feel.types import FeelType, FunctionType, fit
from lastmeter.feel.values import Invocable, Range, Walk, arrange, equal, in_range, kind_of, measured, order

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

Slots = list[object]
Step = Callable[["Run", Slots], object]
Check = Callable[["Run", Slots, object], object]


class Missing:
    """The mark of a global that the context does not have."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Closure(Invocable):
    """A function written in FEEL, with the slots it was made in."""

    __slots__ = ("body", "captured", "name", "parameters", "signature", "slots")

    def __init__(
        self,
        body: Step | None,
        captured: Slots,
        parameters: tuple[tuple[str, FeelType], ...],
        slots: tuple[int, ...],
        signature: FunctionType,
    ) -> None:
        self.name = "function"
        self.body = body
        self.captured = captured
        self.parameters = parameters
        self.slots = slots
        self.signature = signature

    def invoke(self, run: Run, arguments: list[object]) -> object:
        if len(arguments) != len(self.slots):
            raise NoValue(f"{self.name} takes {len(self.slots)} arguments, got {len(arguments)}")
        if self.body is None:
            raise NoValue("functions in other languages are not run")
        frame = self.captured[:]
        for slot, (name, type_), value in zip(self.slots, self.parameters, arguments, strict=True):
            if type(value) is list:
                run.charge(len(value) >> 2)
            frame[slot], fits = fit(value, type_)
            if not fits:
                run.warn(f"{self.name}: argument {name!r} has the wrong type and counts as null")
        run.charge(1)
        run.enter()
        try:
            return self.body(run, frame)
        finally:
            run.depth -= 1

    def arrange(self, named: Mapping[str, object]) -> list[object]:
        return arrange(self.name, [name for name, _ in self.parameters], named)


Place = tuple[int, Step, Step | None]


# --- reading ---------------------------------------------------------------------------------------------------------


def constant(value: object) -> Step:
    return lambda run, slots: value


def warning(reason: str) -> Step:
    def step(run: Run, slots: Slots) -> object:
        run.warn(reason)
        return None

    return step


def read_local(slot: int) -> Step:
    return lambda run, slots: slots[slot]


def read_global(slot: int, name: str) -> Step:
    def step(run: Run, slots: Slots) -> object:
        value = slots[slot]
        if value is MISSING:
            function = run.functions.get(name) or LIBRARY.get(name)
            if function is not None:
                return function
            run.warn(f"no variable {name!r}")
            return None
        return value

    return step


def read_item(slot: int) -> Step:
    def step(run: Run, slots: Slots) -> object:
        item = slots[slot]
        return item["item"] if isinstance(item, dict) and "item" in item else item

    return step


def read_through(slot: int, name: str, outer: Step) -> Step:
    def step(run: Run, slots: Slots) -> object:
        item = slots[slot]
        if type(item) is dict and name in item:
            return item[name]
        return outer(run, slots)

    return step


def path(base: Step, name: str) -> Step:
    def step(run: Run, slots: Slots) -> object:
        value = base(run, slots)
        if type(value) is dict and name in value:
            return value[name]
        return member(run, value, name)

    return step


def member(run: Run, value: object, name: str) -> object:
    """`value.name`: an entry, a property, or that of every item of a list."""
    if isinstance(value, list):
        run.charge(len(value))
        return [member(run, item, name) for item in value]
    if isinstance(value, dict):
        if name in value:
            return value[name]
        run.warn(f"no entry {name!r}")
        return None
    if isinstance(value, Range):
        return _range_property(run, value, name)
    try:
        return temporal.property_of(value, name)
    except NoValue:
        run.warn(f"{kind_of(value)} has no property {name!r}")
        return None


def _range_property(run: Run, interval: Range, name: str) -> object:
    properties = {
        "start": interval.start,
        "end": interval.end,
        "start included": interval.start_included,
        "end included": interval.end_included,
    }
    if name not in properties:
        run.warn(f"range has no property {name!r}")
    return properties.get(name)


# --- operators -------------------------------------------------------------------------------------------------------

# Only ever given two numbers, two strings, or a sign and zero.
COMPARE: dict[str, Callable[..., object]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare_values(run: Run, symbol: str, left: object, right: object) -> bool | None:
    """The comparison of any two values; null with a warning where their types differ."""
    if symbol in ("=", "!="):
        walk = Walk() if type(left) is list or type(left) is dict else None
        same = equal(left, right, walk)
        if walk is not None:
            run.charge(walk.spent >> 2)
        if same is None:
            run.warn(f"{kind_of(left)} and {kind_of(right)} are never compared")
            return None
        return same if symbol == "=" else not same
    sign = order(left, right)
    if sign is None:
        if left is not None and right is not None:
            run.warn(f"{kind_of(left)} and {kind_of(right)} have no order")
        return None
    return bool(COMPARE[symbol](sign, 0))


def compare_steps(symbol: str, left: Step, right: Step, compare: Callable[..., object]) -> Step:
    def step(run: Run, slots: Slots) -> object:
        one, other = left(run, slots), right(run, slots)
        if type(one) is Decimal and type(other) is Decimal:
            return compare(one, other)
        return compare_values(run, symbol, one, other)

    return step


def compare_constant(symbol: str, left: Step, constant: Decimal | str, compare: Callable[..., object]) -> Step:
    kind = type(constant)

    def step(run: Run, slots: Slots) -> object:
        one = left(run, slots)
        if type(one) is kind:
            return compare(one, constant)
        return compare_values(run, symbol, one, constant)

    return step


def logic_of_two(left: Step, right: Step, decisive: bool) -> Step:
    certain = not decisive

    def step(run: Run, slots: Slots) -> object:
        one = left(run, slots)
        if one is decisive:
            return decisive
        other = right(run, slots)
        if other is decisive:
            return decisive
        return certain if one is certain and other is certain else None

    return step


def logic_of_many(operands: list[Step], decisive: bool) -> Step:
    certain = not decisive

    def step(run: Run, slots: Slots) -> object:
        sure = True
        for operand in operands:
            found = operand(run, slots)
            if found is decisive:
                return decisive
            if found is not certain:
                sure = False
        return certain if sure else None

    return step


Operation = Callable[["Run", object, object], object]


def operation_of(operation: Operation, left: Step, right: Step) -> Step:
    def step(run: Run, slots: Slots) -> object:
        try:
            return operation(run, left(run, slots), right(run, slots))
        except NoValue as reason:
            run.warn(str(reason))
            return None

    return step


def operations_of(first: Step, rest: list[tuple[Operation, Step]]) -> Step:
    def step(run: Run, slots: Slots) -> object:
        value = first(run, slots)
        for operation, operand in rest:
            try:
                value = operation(run, value, operand(run, slots))
            except NoValue as reason:
                run.warn(str(reason))
                value = None
        return value

    return step


def negation(operand: Step) -> Step:
    def step(run: Run, slots: Slots) -> object:
        try:
            return negate(operand(run, slots))
        except NoValue as reason:
            run.warn(str(reason))
            return None

    return step


def instance_of(value: Step, type_: FeelType) -> Step:
    def step(run: Run, slots: Slots) -> object:
        found = value(run, slots)
        if type(found) is list:
            run.charge(len(found) >> 2)
        return type_.holds(measured(found))

    return step


def unary_value(symbol: str, operand: Step) -> Step:
    """A test that stands where a value is wanted: the range of the values that pass it."""

    def step(run: Run, slots: Slots) -> object:
        value = operand(run, slots)
        if value is None or symbol == "!=":
            run.warn(f"{symbol} makes no range here")
            return None
        if symbol == "=":
            return Range(value, value, True, True)
        if symbol.startswith("<"):
            return Range(None, value, False, symbol == "<=")
        return Range(value, None, symbol == ">=", False)

    return step


# --- tests -----------------------------------------------------------------------------------------------------------


def contains(run: Run, value: object, found: object) -> bool | None:
    """Whether a value passes a test that gave `found`: equal to it, in its range, or among its items.

    Source: DMN 1.5, 10.3.2.13.
    """
    if isinstance(found, Range):
        return in_range(value, found)
    if isinstance(found, list):
        run.charge(len(found) >> 2)
        return _among(value, found)
    return equal(value, found)


def _among(value: object, found: list[object]) -> bool:
    if any((in_range(value, each) if isinstance(each, Range) else equal(value, each)) is True for each in found):
        return True
    return isinstance(value, list) and equal(value, found) is True


def literal_check(literal: object) -> Check:
    kind = type(literal)
    if literal is None:
        return lambda run, slots, value: value is None

    def check(run: Run, slots: Slots, value: object) -> object:
        if type(value) is kind:
            return value == literal if kind in (str, Decimal, bool) else contains(run, value, literal)
        return contains(run, value, literal)

    return check


def asking_check(expression: Step, slot: int) -> Check:
    """A test that mentions `?`: it passes when it is true."""

    def check(run: Run, slots: Slots, value: object) -> object:
        slots[slot] = value
        found = expression(run, slots)
        return found if found is None or isinstance(found, bool) else contains(run, value, found)

    return check


def member_check(expression: Step, is_boolean: bool) -> Check:
    def check(run: Run, slots: Slots, value: object) -> object:
        found = expression(run, slots)
        if isinstance(found, bool) and not isinstance(value, bool) and (is_boolean or value is not None):
            return found
        return contains(run, value, found)

    return check


def any_check(checks: list[Check]) -> Check:
    def check(run: Run, slots: Slots, value: object) -> object:
        result: bool | None = False
        for each in checks:
            found = each(run, slots, value)
            if found is True:
                return True
            if found is None:
                result = None
        return result

    return check


def not_check(inner: Check) -> Check:
    def check(run: Run, slots: Slots, value: object) -> object:
        found = inner(run, slots, value)
        return None if found is None else not found

    return check


# --- calls -----------------------------------------------------------------------------------------------------------


def called_value(step: Step) -> Step:
    def find(run: Run, slots: Slots) -> object:
        value = step(run, slots)
        if isinstance(value, Invocable):
            return value
        run.warn(f"{kind_of(value)} cannot be called")
        return None

    return find


def called_name(step: Step, name: str) -> Step:
    def find(run: Run, slots: Slots) -> object:
        value = step(run, slots)
        return value if isinstance(value, Invocable) else _lent(run, name)

    return find


def called_global(slot: int, name: str) -> Step:
    def find(run: Run, slots: Slots) -> object:
        value = slots[slot]
        return value if isinstance(value, Invocable) else _lent(run, name)

    return find


def _lent(run: Run, name: str) -> object:
    function = run.functions.get(name) or LIBRARY.get(name)
    if function is None:
        run.warn(f"no function {name!r}")
    return function


def call_named(find: Step, arguments: list[Step], names: tuple[str, ...]) -> Step:
    def step(run: Run, slots: Slots) -> object:
        function = find(run, slots)
        values = [argument(run, slots) for argument in arguments]
        if not isinstance(function, Invocable):
            return None
        try:
            if len(set(names)) != len(names):
                raise NoValue("an argument is named twice")
            return function.invoke(run, function.arrange(dict(zip(names, values, strict=True))))
        except NoValue as reason:
            run.warn(str(reason))
            return None

    return step


# --- collections -----------------------------------------------------------------------------------------------------


def list_of(items: list[Step]) -> Step:
    def step(run: Run, slots: Slots) -> object:
        run.charge(1)
        return [item(run, slots) for item in items]

    return step


def _as_list(value: object) -> list[object]:
    """What a filter works on: a single value is a list of one, null an empty one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def at_position(run: Run, items: list[object], position: Decimal) -> object:
    """The item at a position counted from 1, or from -1 at the end."""
    index = int(position) if position == position.to_integral_value() and abs(position) <= len(items) else 0
    if index == 0:
        run.warn(f"no item at position {position}")
        return None
    return items[index - 1 if index > 0 else index]


def position_of(base: Step, position: Decimal) -> Step:
    return lambda run, slots: at_position(run, _as_list(base(run, slots)), position)


def filter_of(base: Step, condition: Step, slot: int) -> Step:
    def step(run: Run, slots: Slots) -> object:
        kept = []
        for item in _as_list(base(run, slots)):
            run.steps -= 1
            if run.steps < 0:
                run.charge(0)
            slots[slot] = item
            if condition(run, slots) is True:
                kept.append(item)
        return kept

    return step


def filter_or_position(base: Step, condition: Step, position: Step, slot: int) -> Step:
    """A filter whose condition may turn out to be a number, and then means a position."""
    by_condition = filter_of

    def step(run: Run, slots: Slots) -> object:
        items = _as_list(base(run, slots))
        if items:
            slots[slot] = items[0]
            found = condition(run, slots)
        else:
            found = position(run, slots)
        if type(found) is Decimal:
            return at_position(run, items, found)
        return by_condition(constant(items), condition, slot)(run, slots)

    return step


def turns(run: Run, slots: Slots, places: list[Place], index: int) -> Iterator[None]:
    """One yield for every combination of the iterations' values, with their slots set."""
    slot, source, until = places[index]
    last = index == len(places) - 1
    values = _values(source(run, slots)) if until is None else span(source(run, slots), until(run, slots))
    for value in values:
        run.steps -= 1
        if run.steps < 0:
            run.charge(0)
        slots[slot] = value
        if last:
            yield
        else:
            yield from turns(run, slots, places, index + 1)


def _values(value: object) -> Iterable[object]:
    if isinstance(value, list):
        return value
    if isinstance(value, Range):
        return range_values(value)
    if value is None:
        raise NoValue("null cannot be iterated over")
    return [value]


def range_values(interval: Range) -> Iterator[object]:
    """The whole numbers or days of a closed interval, from start to end. Raises NoValue for others.

    Downwards only an iteration runs (`3..1`); an interval that ends before it starts holds nothing to run over.
    """
    values = span(interval.start, interval.end)
    if (order(interval.start, interval.end) or 0) > 0:
        raise NoValue("the range ends before it starts")
    for value in values:
        if not interval.start_included and equal(value, interval.start):
            continue
        if not interval.end_included and equal(value, interval.end):
            continue
        yield value


def span(start: object, end: object) -> Iterator[object]:
    """Whole numbers or days from start to end, upwards or downwards. Raises NoValue for others."""
    if isinstance(start, Decimal) and isinstance(end, Decimal):
        if start != start.to_integral_value() or end != end.to_integral_value():
            raise NoValue("a loop counts in whole numbers")
        one, other = temporal.whole(start), temporal.whole(end)
        return (Decimal(number) for number in _count(one, other))
    if isinstance(start, temporal.Date) and isinstance(end, temporal.Date) and _are_dates(start, end):
        days = _count(temporal.day_number(start), temporal.day_number(end))
        return (temporal.from_day_number(day) for day in days)
    raise NoValue(f"a loop cannot run from {kind_of(start)} to {kind_of(end)}")


def _are_dates(start: object, end: object) -> bool:
    return temporal.is_date(start) and temporal.is_date(end)


def _count(start: int, end: int) -> range:
    return range(start, end + 1) if start <= end else range(start, end - 1, -1)
