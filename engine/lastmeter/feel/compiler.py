"""Tree to closures: every node becomes one small function of the run and the slots in which variables live.

Names are resolved once, here. A slot is a place in a plain list: globals are loaded before an evaluation, locals are
written by the construct that declares them, and a FEEL function keeps a copy of the list it was made in.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from lastmeter.feel import temporal
from lastmeter.feel.arithmetic import OPERATIONS, negate
from lastmeter.feel.errors import NoValue
from lastmeter.feel.library import LIBRARY
from lastmeter.feel.tree import (
    Arithmetic,
    Between,
    Call,
    Comparison,
    ContextOf,
    Filter,
    For,
    FunctionOf,
    If,
    In,
    InstanceOf,
    Iteration,
    ListOf,
    Literal,
    Logic,
    Name,
    Negation,
    Node,
    Path,
    Quantified,
    RangeOf,
    Tests,
    Unary,
)
from lastmeter.feel.types import ANY, FeelType, FunctionType, fit
from lastmeter.feel.values import Invocable, Range, arrange, equal, in_range, kind_of, order

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

Slots = list[object]
Step = Callable[["Run", Slots], object]
Check = Callable[["Run", Slots, object], object]


class _Missing:
    """The mark of a global that the context does not have."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class Env:
    """What a name can mean at a place: a chain of locals and of items under a filter, innermost first."""

    __slots__ = ("is_item", "name", "parent", "slot")

    def __init__(self, parent: Env | None, name: str, slot: int, *, is_item: bool = False) -> None:
        self.parent = parent
        self.name = name
        self.slot = slot
        self.is_item = is_item


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
            fitted, fits = fit(value, type_)
            if not fits:
                raise NoValue(f"{self.name}: argument {name!r} has the wrong type")
            frame[slot] = fitted
        run.charge(1)
        run.enter()
        try:
            return self.body(run, frame)
        finally:
            run.depth -= 1

    def arrange(self, named: Mapping[str, object]) -> list[object]:
        return arrange(self.name, [name for name, _ in self.parameters], named)


class Compiler:
    """Compiles one tree; then `globals` tells the slot of each outside name, `width` how many slots there are."""

    def __init__(self) -> None:
        self.width = 0
        self.globals: dict[str, int] = {}
        self.read: set[str] = set()
        self.perhaps_read: set[str] = set()
        self.used: set[int] = set()

    # --- names -------------------------------------------------------------------------------------------------------

    def slot(self) -> int:
        """A slot of its own."""
        self.width += 1
        return self.width - 1

    def global_slot(self, name: str) -> int:
        """The slot of an outside name."""
        if name not in self.globals:
            self.globals[name] = self.slot()
        return self.globals[name]

    def resolve(self, name: str, env: Env | None) -> tuple[int, list[int], bool]:
        """The slot a name lives in, the slots of the filter items that may hide it, and whether it is a global."""
        hidden = []
        while env is not None:
            if env.is_item:
                hidden.append(env.slot)
            elif env.name == name:
                self.used.add(env.slot)
                return env.slot, hidden, False
            env = env.parent
        return self.global_slot(name), hidden, True

    def name(self, node: Name, env: Env | None) -> Step:
        """Reads a variable."""
        name = node.name
        if name == "item" and env is not None and _innermost_item(env) is not None:
            return _read_item(_innermost_item(env) or 0)
        slot, hidden, is_global = self.resolve(name, env)
        if is_global and name not in LIBRARY:
            (self.perhaps_read if hidden else self.read).add(name)
        elif is_global:
            self.perhaps_read.add(name)
        step = _read_global(slot, name) if is_global else _read_local(slot)
        for item in reversed(hidden):
            step = _read_through(item, name, step)
        return step

    # --- dispatch ----------------------------------------------------------------------------------------------------

    def step(self, node: Node, env: Env | None) -> Step:
        """The closure of a node."""
        match node:
            case Literal():
                return _constant(node.value)
            case Name():
                return self.name(node, env)
            case Comparison():
                return self.comparison(node, env)
            case Logic():
                return self.logic(node, env)
            case Arithmetic():
                return self.arithmetic(node, env)
            case Call():
                return self.call(node, env)
            case Path():
                return _path(self.step(node.base, env), node.name)
            case Filter():
                return self.filter(node, env)
            case If():
                return self.conditional(node, env)
            case _:
                return self.rarer_step(node, env)

    def rarer_step(self, node: Node, env: Env | None) -> Step:
        """The closure of a node that is met less often."""
        match node:
            case Negation():
                return _negation(self.step(node.operand, env))
            case Between():
                return self.between(node, env)
            case In():
                return self.membership(node, env)
            case InstanceOf():
                return _instance_of(self.step(node.value, env), node.type)
            case For():
                return self.loop(node, env)
            case Quantified():
                return self.quantified(node, env)
            case ListOf():
                return _list_of([self.step(item, env) for item in node.items])
            case ContextOf():
                return self.context(node, env)
            case FunctionOf():
                return self.function(node, env)
            case RangeOf():
                return self.range(node, env)
            case Unary():
                return _unary_value(node.operator, self.step(node.operand, env))
            case _:
                raise TypeError(f"no step for {type(node).__name__}")

    # --- operators ---------------------------------------------------------------------------------------------------

    def comparison(self, node: Comparison, env: Env | None) -> Step:
        """`left op right`, quickest when the right side is a literal."""
        left = self.step(node.left, env)
        compare = _COMPARE[node.operator]
        if isinstance(node.right, Literal) and isinstance(node.right.value, Decimal | str):
            return _compare_constant(node.operator, left, node.right.value, compare)
        return _compare(node.operator, left, self.step(node.right, env), compare)

    def logic(self, node: Logic, env: Env | None) -> Step:
        """Three-valued and/or, left to right, stopping where the result is certain."""
        operands = [self.step(operand, env) for operand in node.operands]
        decisive = node.operator == "or"
        if len(operands) == 2:
            return _logic_two(operands[0], operands[1], decisive)
        return _logic_many(operands, decisive)

    def arithmetic(self, node: Arithmetic, env: Env | None) -> Step:
        """A chain of sums, products or powers."""
        first = self.step(node.first, env)
        rest = [(OPERATIONS[symbol], self.step(operand, env)) for symbol, operand in node.rest]
        if len(rest) == 1:
            return _operation(rest[0][0], first, rest[0][1])
        return _operations(first, rest)

    def between(self, node: Between, env: Env | None) -> Step:
        """`value between low and high`, ends included."""
        value, low, high = (self.step(each, env) for each in (node.value, node.low, node.high))

        def step(run: Run, slots: Slots) -> object:
            tested = value(run, slots)
            above = compare_values(run, ">=", tested, low(run, slots))
            if above is False:
                return False
            below = compare_values(run, "<=", tested, high(run, slots))
            return below if above is True or below is False else None

        return step

    def membership(self, node: In, env: Env | None) -> Step:
        """`value in tests`."""
        value = self.step(node.value, env)
        check = self.tests(Tests(node.start, node.tests, False), env)

        def step(run: Run, slots: Slots) -> object:
            return check(run, slots, value(run, slots))

        return step

    def conditional(self, node: If, env: Env | None) -> Step:
        """`if`: whatever is not true goes to else."""
        condition, then, otherwise = (self.step(each, env) for each in (node.condition, node.then, node.otherwise))

        def step(run: Run, slots: Slots) -> object:
            return then(run, slots) if condition(run, slots) is True else otherwise(run, slots)

        return step

    # --- tests -------------------------------------------------------------------------------------------------------

    def tests(self, node: Tests, env: Env | None) -> Check:
        """The check of a cell: any test true, none when negated, always for `-`."""
        if not node.tests:
            return lambda run, slots, value: True
        checks = [self.test(test, env) for test in node.tests]
        check = checks[0] if len(checks) == 1 else _any_check(checks)
        return _not_check(check) if node.negated else check

    def test(self, node: Node, env: Env | None) -> Check:
        """One unary test against the value `?`."""
        if isinstance(node, Unary):
            return self.operator_test(node, env)
        if isinstance(node, RangeOf):
            return self.range_test(node, env)
        if isinstance(node, Literal):
            return _literal_check(node.value)
        slot = self.slot()
        expression = self.step(node, Env(env, "?", slot))
        return _asking_check(expression, slot) if slot in self.used else _member_check(expression, _is_boolean(node))

    def operator_test(self, node: Unary, env: Env | None) -> Check:
        """`> 5` and its like."""
        symbol = node.operator
        compare = _COMPARE[symbol]
        if isinstance(node.operand, Literal) and isinstance(node.operand.value, Decimal):
            constant = node.operand.value

            def check_constant(run: Run, slots: Slots, value: object) -> object:
                if type(value) is Decimal:
                    return compare(value, constant)
                return compare_values(run, symbol, value, constant)

            return check_constant
        operand = self.step(node.operand, env)

        def check(run: Run, slots: Slots, value: object) -> object:
            return compare_values(run, symbol, value, operand(run, slots))

        return check

    def range_test(self, node: RangeOf, env: Env | None) -> Check:
        """`[1..5]`."""
        interval = self.range(node, env)

        def check(run: Run, slots: Slots, value: object) -> object:
            found = interval(run, slots)
            return in_range(value, found) if isinstance(found, Range) else None

        return check

    # --- calls -------------------------------------------------------------------------------------------------------

    def call(self, node: Call, env: Env | None) -> Step:
        """A function called by name, or whatever an expression gives called."""
        find = self.callee(node.callee, env)
        arguments = [self.step(argument, env) for argument in node.arguments]
        names = node.names
        if names is not None:
            return _call_named(find, arguments, names)

        def step(run: Run, slots: Slots) -> object:
            function = find(run, slots)
            values = [argument(run, slots) for argument in arguments]
            if function is None:
                return None
            try:
                return function.invoke(run, values)  # type: ignore[attr-defined]
            except NoValue as reason:
                run.warn(str(reason))
                return None

        return step

    def callee(self, node: Node, env: Env | None) -> Step:
        """Finds the function: a variable that holds one, one lent to this evaluation, one of the library."""
        if not isinstance(node, Name):
            return _called_value(self.step(node, env))
        slot, hidden, is_global = self.resolve(node.name, env)
        if not is_global or hidden:
            before = set(self.read), set(self.perhaps_read)
            step = self.name(node, env)
            self.read, self.perhaps_read = before
            return _called_name(step, node.name)
        return _called_global(slot, node.name)

    def function(self, node: FunctionOf, env: Env | None) -> Step:
        """A function definition."""
        slots: list[int] = []
        for name, _ in node.parameters:
            slots.append(self.slot())
            env = Env(env, name, slots[-1])
        body = None if node.body is None else self.step(node.body, env)
        signature = FunctionType(tuple(type_ for _, type_ in node.parameters), ANY)
        places = tuple(slots)
        return lambda run, slots: Closure(body, slots[:], node.parameters, places, signature)

    # --- collections -------------------------------------------------------------------------------------------------

    def context(self, node: ContextOf, env: Env | None) -> Step:
        """A context; each entry sees the earlier ones, a function sees itself."""
        keys = [key for key, _ in node.entries]
        if len(set(keys)) != len(keys):
            return _warning("a context has two entries of the same name")
        entries: list[tuple[str, int, Step]] = []
        for key, value in node.entries:
            slot = self.slot()
            own = Env(env, key, slot)
            entries.append((key, slot, self.step(value, own if isinstance(value, FunctionOf) else env)))
            env = own

        def step(run: Run, slots: Slots) -> object:
            result: dict[str, object] = {}
            for key, slot, value in entries:
                made = value(run, slots)
                slots[slot] = result[key] = made
                if type(made) is Closure:
                    made.name = key
                    made.captured[slot] = made
            return result

        return step

    def range(self, node: RangeOf, env: Env | None) -> Step:
        """An interval with evaluated ends; null where an end that was written has no value."""
        low = None if node.low is None else self.step(node.low, env)
        high = None if node.high is None else self.step(node.high, env)
        low_included, high_included = node.low_included, node.high_included

        def step(run: Run, slots: Slots) -> object:
            start = None if low is None else low(run, slots)
            end = None if high is None else high(run, slots)
            if (low is not None and start is None) or (high is not None and end is None):
                run.warn("an end of a range is null")
                return None
            if start is not None and end is not None and order(start, end) is None:
                run.warn("the ends of a range cannot be compared")
                return None
            return Range(start, end, low_included, high_included)

        if all(end is None or isinstance(end, Literal) for end in (node.low, node.high)):
            return self.constant_range(step)
        return step

    def constant_range(self, step: Step) -> Step:
        """The same interval every time, if its literal ends make one."""
        from lastmeter.feel.runtime import Run

        warnings: list[str] = []
        made = step(Run(warnings), [])
        return step if warnings else _constant(made)

    def filter(self, node: Filter, env: Env | None) -> Step:
        """`list[condition]` or `list[position]`."""
        base = self.step(node.base, env)
        if isinstance(node.condition, Literal) and isinstance(node.condition.value, Decimal):
            return _position(base, node.condition.value)
        slot = self.slot()
        condition = self.step(node.condition, Env(env, "item", slot, is_item=True))
        if _is_boolean(node.condition):
            return _filter(base, condition, slot)
        return _filter_or_position(base, condition, self.step(node.condition, env), slot)

    def loop(self, node: For, env: Env | None) -> Step:
        """`for`."""
        partial = self.slot()
        places, inner = self.iterations(node.iterations, Env(env, "partial", partial))
        body = self.step(node.body, inner)
        shows_partial = partial in self.used

        def step(run: Run, slots: Slots) -> object:
            results: list[object] = []
            try:
                for _ in _turns(run, slots, places, 0):
                    if shows_partial:
                        slots[partial] = run.sized(results[:])
                    results.append(body(run, slots))
            except NoValue as reason:
                run.warn(str(reason))
                return None
            return results

        return step

    def quantified(self, node: Quantified, env: Env | None) -> Step:
        """`some` and `every`, three-valued."""
        places, inner = self.iterations(node.iterations, env)
        condition = self.step(node.condition, inner)
        decisive = not node.every

        def step(run: Run, slots: Slots) -> object:
            certain = True
            try:
                for _ in _turns(run, slots, places, 0):
                    found = condition(run, slots)
                    if found is decisive:
                        return decisive
                    certain = certain and isinstance(found, bool)
            except NoValue as reason:
                run.warn(str(reason))
                return None
            return (not decisive) if certain else None

        return step

    def iterations(self, nodes: Iterable[Iteration], env: Env | None) -> tuple[list[Place], Env | None]:
        """Where each iteration keeps its variable and gets its values, and the scope behind them all."""
        places: list[Place] = []
        for node in nodes:
            source = self.step(node.source, env)
            until = None if node.until is None else self.step(node.until, env)
            slot = self.slot()
            places.append((slot, source, until))
            env = Env(env, node.name, slot)
        return places, env


Place = tuple[int, Step, Step | None]


def _innermost_item(env: Env | None) -> int | None:
    while env is not None:
        if env.is_item:
            return env.slot
        if env.name == "item":
            return None
        env = env.parent
    return None


# --- reading ---------------------------------------------------------------------------------------------------------


def _constant(value: object) -> Step:
    return lambda run, slots: value


def _warning(reason: str) -> Step:
    def step(run: Run, slots: Slots) -> object:
        run.warn(reason)
        return None

    return step


def _read_local(slot: int) -> Step:
    return lambda run, slots: slots[slot]


def _read_global(slot: int, name: str) -> Step:
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


def _read_item(slot: int) -> Step:
    def step(run: Run, slots: Slots) -> object:
        item = slots[slot]
        return item["item"] if isinstance(item, dict) and "item" in item else item

    return step


def _read_through(slot: int, name: str, outer: Step) -> Step:
    def step(run: Run, slots: Slots) -> object:
        item = slots[slot]
        if type(item) is dict and name in item:
            return item[name]
        return outer(run, slots)

    return step


def _path(base: Step, name: str) -> Step:
    def step(run: Run, slots: Slots) -> object:
        value = base(run, slots)
        if type(value) is dict and name in value:
            return value[name]
        return member(run, value, name)

    return step


def member(run: Run, value: object, name: str) -> object:
    """`value.name`: an entry, a property, or that of every item of a list."""
    if isinstance(value, list):
        run.room(len(value))
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
_COMPARE: dict[str, Callable[..., object]] = {
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
        same = equal(left, right)
        if same is None:
            run.warn(f"{kind_of(left)} and {kind_of(right)} are never compared")
            return None
        return same if symbol == "=" else not same
    sign = order(left, right)
    if sign is None:
        if left is not None and right is not None:
            run.warn(f"{kind_of(left)} and {kind_of(right)} have no order")
        return None
    return bool(_COMPARE[symbol](sign, 0))


def _compare(symbol: str, left: Step, right: Step, compare: Callable[..., object]) -> Step:
    def step(run: Run, slots: Slots) -> object:
        one, other = left(run, slots), right(run, slots)
        if type(one) is Decimal and type(other) is Decimal:
            return compare(one, other)
        return compare_values(run, symbol, one, other)

    return step


def _compare_constant(symbol: str, left: Step, constant: Decimal | str, compare: Callable[..., object]) -> Step:
    kind = type(constant)

    def step(run: Run, slots: Slots) -> object:
        one = left(run, slots)
        if type(one) is kind:
            return compare(one, constant)
        return compare_values(run, symbol, one, constant)

    return step


def _logic_two(left: Step, right: Step, decisive: bool) -> Step:
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


def _logic_many(operands: list[Step], decisive: bool) -> Step:
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


def _operation(operation: Operation, left: Step, right: Step) -> Step:
    def step(run: Run, slots: Slots) -> object:
        try:
            return operation(run, left(run, slots), right(run, slots))
        except NoValue as reason:
            run.warn(str(reason))
            return None

    return step


def _operations(first: Step, rest: list[tuple[Operation, Step]]) -> Step:
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


def _negation(operand: Step) -> Step:
    def step(run: Run, slots: Slots) -> object:
        try:
            return negate(operand(run, slots))
        except NoValue as reason:
            run.warn(str(reason))
            return None

    return step


def _instance_of(value: Step, type_: FeelType) -> Step:
    return lambda run, slots: type_.holds(value(run, slots))


def _unary_value(symbol: str, operand: Step) -> Step:
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


def contains(value: object, found: object) -> bool | None:
    """Whether a value passes a test that gave `found`: equal to it, in its range, or among its items.

    Source: DMN 1.5, 10.3.2.13.
    """
    if isinstance(found, Range):
        return in_range(value, found)
    if isinstance(found, list):
        return _among(value, found)
    return equal(value, found)


def _among(value: object, found: list[object]) -> bool:
    if any((in_range(value, each) if isinstance(each, Range) else equal(value, each)) is True for each in found):
        return True
    return isinstance(value, list) and equal(value, found) is True


def _literal_check(literal: object) -> Check:
    kind = type(literal)
    if literal is None:
        return lambda run, slots, value: value is None

    def check(run: Run, slots: Slots, value: object) -> object:
        if type(value) is kind:
            return value == literal if kind in (str, Decimal, bool) else contains(value, literal)
        return contains(value, literal)

    return check


def _asking_check(expression: Step, slot: int) -> Check:
    """A test that mentions `?`: it passes when it is true."""

    def check(run: Run, slots: Slots, value: object) -> object:
        slots[slot] = value
        found = expression(run, slots)
        return found if found is None or isinstance(found, bool) else contains(value, found)

    return check


def _member_check(expression: Step, is_boolean: bool) -> Check:
    def check(run: Run, slots: Slots, value: object) -> object:
        found = expression(run, slots)
        if isinstance(found, bool) and not isinstance(value, bool) and (is_boolean or value is not None):
            return found
        return contains(value, found)

    return check


def _any_check(checks: list[Check]) -> Check:
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


def _not_check(inner: Check) -> Check:
    def check(run: Run, slots: Slots, value: object) -> object:
        found = inner(run, slots, value)
        return None if found is None else not found

    return check


_BOOLEAN_FUNCTIONS = frozenset(
    {"not", "contains", "starts with", "ends with", "matches", "list contains", "all", "any", "even", "odd", "is"}
)


def _is_boolean(node: Node) -> bool:
    """Whether a node can only give true, false or null."""
    if isinstance(node, Call):
        return isinstance(node.callee, Name) and node.callee.name in _BOOLEAN_FUNCTIONS
    if isinstance(node, Literal):
        return isinstance(node.value, bool)
    return isinstance(node, Comparison | Logic | Between | In | InstanceOf | Quantified)


# --- calls -----------------------------------------------------------------------------------------------------------


def _called_value(step: Step) -> Step:
    def find(run: Run, slots: Slots) -> object:
        value = step(run, slots)
        if isinstance(value, Invocable):
            return value
        run.warn(f"{kind_of(value)} cannot be called")
        return None

    return find


def _called_name(step: Step, name: str) -> Step:
    def find(run: Run, slots: Slots) -> object:
        value = step(run, slots)
        return value if isinstance(value, Invocable) else _lent(run, name)

    return find


def _called_global(slot: int, name: str) -> Step:
    def find(run: Run, slots: Slots) -> object:
        value = slots[slot]
        return value if isinstance(value, Invocable) else _lent(run, name)

    return find


def _lent(run: Run, name: str) -> object:
    function = run.functions.get(name) or LIBRARY.get(name)
    if function is None:
        run.warn(f"no function {name!r}")
    return function


def _call_named(find: Step, arguments: list[Step], names: tuple[str, ...]) -> Step:
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


def _list_of(items: list[Step]) -> Step:
    return lambda run, slots: [item(run, slots) for item in items]


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


def _position(base: Step, position: Decimal) -> Step:
    return lambda run, slots: at_position(run, _as_list(base(run, slots)), position)


def _filter(base: Step, condition: Step, slot: int) -> Step:
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


def _filter_or_position(base: Step, condition: Step, position: Step, slot: int) -> Step:
    """A filter whose condition may turn out to be a number, and then means a position."""
    by_condition = _filter

    def step(run: Run, slots: Slots) -> object:
        items = _as_list(base(run, slots))
        if items:
            slots[slot] = items[0]
            found = condition(run, slots)
        else:
            found = position(run, slots)
        if type(found) is Decimal:
            return at_position(run, items, found)
        return by_condition(_constant(items), condition, slot)(run, slots)

    return step


def _turns(run: Run, slots: Slots, places: list[Place], index: int) -> Iterator[None]:
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
            yield from _turns(run, slots, places, index + 1)


def _values(value: object) -> Iterable[object]:
    if isinstance(value, list):
        return value
    if isinstance(value, Range):
        return range_values(value)
    if value is None:
        raise NoValue("null cannot be iterated over")
    return [value]


def range_values(interval: Range) -> Iterator[object]:
    """The whole numbers or days of a closed interval, from start to end. Raises NoValue for others."""
    values = span(interval.start, interval.end)
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
