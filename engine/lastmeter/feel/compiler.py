"""Tree to closures: every node becomes one small function of the run and the slots in which variables live.

Names are resolved once, here. A slot is a place in a plain list: globals are loaded before an evaluation, locals are
written by the construct that declares them, and a FEEL function keeps a copy of the list it was made in.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from lastmeter.feel import steps
from lastmeter.feel.arithmetic import OPERATIONS
from lastmeter.feel.errors import NoValue
from lastmeter.feel.library import LIBRARY
from lastmeter.feel.runtime import Run
from lastmeter.feel.steps import Check, Place, Slots, Step
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
from lastmeter.feel.types import ANY, ContextType, FeelType, FunctionType, ListType, NullType, SimpleType, unrestricted
from lastmeter.feel.values import Range, in_range, kind_of, order


class Env:
    """What a name can mean at a place: a chain of locals and of items under a filter, innermost first."""

    __slots__ = ("is_item", "name", "parent", "slot")

    def __init__(self, parent: Env | None, name: str, slot: int, *, is_item: bool = False) -> None:
        self.parent = parent
        self.name = name
        self.slot = slot
        self.is_item = is_item


class Compiler:
    """Compiles one tree; then `globals` tells the slot of each outside name, `width` how many slots there are."""

    def __init__(self) -> None:
        self.width = 0
        self.globals: dict[str, int] = {}
        self.read: set[str] = set()
        self.perhaps_read: set[str] = set()
        self.used: set[int] = set()
        # Offsets of what is called though it can never be a function.
        self.called_values: list[int] = []

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
            return steps.read_item(_innermost_item(env) or 0)
        slot, hidden, is_global = self.resolve(name, env)
        if is_global and name not in LIBRARY:
            (self.perhaps_read if hidden else self.read).add(name)
        elif is_global:
            self.perhaps_read.add(name)
        step = steps.read_global(slot, name) if is_global else steps.read_local(slot)
        for item in reversed(hidden):
            step = steps.read_through(item, name, step)
        return step

    # --- dispatch ----------------------------------------------------------------------------------------------------

    def step(self, node: Node, env: Env | None) -> Step:
        """The closure of a node."""
        match node:
            case Literal():
                return steps.constant(node.value)
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
                return steps.path(self.step(node.base, env), node.name)
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
                return steps.negation(self.step(node.operand, env))
            case Between():
                return self.between(node, env)
            case In():
                return self.membership(node, env)
            case InstanceOf():
                return steps.instance_of(self.step(node.value, env), unrestricted(node.type))
            case For():
                return self.loop(node, env)
            case Quantified():
                return self.quantified(node, env)
            case ListOf():
                return steps.list_of([self.step(item, env) for item in node.items])
            case ContextOf():
                return self.context(node, env)
            case FunctionOf():
                return self.function(node, env)
            case RangeOf():
                return self.range(node, env)
            case Unary():
                return steps.unary_value(node.operator, self.step(node.operand, env))
            case _:
                raise TypeError(f"no step for {type(node).__name__}")

    # --- operators ---------------------------------------------------------------------------------------------------

    def comparison(self, node: Comparison, env: Env | None) -> Step:
        """`left op right`, quickest when the right side is a literal."""
        left = self.step(node.left, env)
        compare = steps.COMPARE[node.operator]
        if isinstance(node.right, Literal) and isinstance(node.right.value, Decimal | str):
            return steps.compare_constant(node.operator, left, node.right.value, compare)
        return steps.compare_steps(node.operator, left, self.step(node.right, env), compare)

    def logic(self, node: Logic, env: Env | None) -> Step:
        """Three-valued and/or, left to right, stopping where the result is certain."""
        operands = [self.step(operand, env) for operand in node.operands]
        decisive = node.operator == "or"
        if len(operands) == 2:
            return steps.logic_of_two(operands[0], operands[1], decisive)
        return steps.logic_of_many(operands, decisive)

    def arithmetic(self, node: Arithmetic, env: Env | None) -> Step:
        """A chain of sums, products or powers."""
        first = self.step(node.first, env)
        rest = [(OPERATIONS[symbol], self.step(operand, env)) for symbol, operand in node.rest]
        if len(rest) == 1:
            return steps.operation_of(rest[0][0], first, rest[0][1])
        return steps.operations_of(first, rest)

    def between(self, node: Between, env: Env | None) -> Step:
        """`value between low and high`, ends included."""
        value, low, high = (self.step(each, env) for each in (node.value, node.low, node.high))

        def step(run: Run, slots: Slots) -> object:
            tested = value(run, slots)
            above = steps.compare_values(run, ">=", tested, low(run, slots))
            if above is False:
                return False
            below = steps.compare_values(run, "<=", tested, high(run, slots))
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
        check = checks[0] if len(checks) == 1 else steps.any_check(checks)
        return steps.not_check(check) if node.negated else check

    def test(self, node: Node, env: Env | None) -> Check:
        """One unary test against the value `?`."""
        if isinstance(node, Unary):
            return self.operator_test(node, env)
        if isinstance(node, RangeOf):
            return self.range_test(node, env)
        if isinstance(node, Literal):
            return steps.literal_check(node.value)
        slot = self.slot()
        expression = self.step(node, Env(env, "?", slot))
        return (
            steps.asking_check(expression, slot)
            if slot in self.used
            else steps.member_check(expression, _is_boolean(node))
        )

    def operator_test(self, node: Unary, env: Env | None) -> Check:
        """`> 5` and its like."""
        symbol = node.operator
        compare = steps.COMPARE[symbol]
        if isinstance(node.operand, Literal) and isinstance(node.operand.value, Decimal):
            constant = node.operand.value

            def check_constant(run: Run, slots: Slots, value: object) -> object:
                if type(value) is Decimal:
                    return compare(value, constant)
                return steps.compare_values(run, symbol, value, constant)

            return check_constant
        operand = self.step(node.operand, env)

        def check(run: Run, slots: Slots, value: object) -> object:
            return steps.compare_values(run, symbol, value, operand(run, slots))

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
            return steps.call_named(find, arguments, names)

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
        if isinstance(node, _NO_FUNCTION):
            self.called_values.append(node.start)
        if not isinstance(node, Name):
            return steps.called_value(self.step(node, env))
        slot, hidden, is_global = self.resolve(node.name, env)
        if not is_global or hidden:
            before = set(self.read), set(self.perhaps_read)
            step = self.name(node, env)
            self.read, self.perhaps_read = before
            return steps.called_name(step, node.name)
        return steps.called_global(slot, node.name)

    def function(self, node: FunctionOf, env: Env | None) -> Step:
        """A function definition."""
        slots: list[int] = []
        for name, _ in node.parameters:
            slots.append(self.slot())
            env = Env(env, name, slots[-1])
        body = None if node.body is None else self.step(node.body, env)
        signature = FunctionType(tuple(type_ for _, type_ in node.parameters), evident(node.body))
        places = tuple(slots)

        def step(run: Run, slots: Slots) -> object:
            run.charge(3)
            return steps.Closure(body, slots[:], node.parameters, places, signature)

        return step

    # --- collections -------------------------------------------------------------------------------------------------

    def context(self, node: ContextOf, env: Env | None) -> Step:
        """A context; each entry sees the earlier ones, a function sees itself."""
        keys = [key for key, _ in node.entries]
        if len(set(keys)) != len(keys):
            return steps.warning("a context has two entries of the same name")
        entries: list[tuple[str, int, Step]] = []
        cost = 2 + len(keys)
        for key, value in node.entries:
            slot = self.slot()
            own = Env(env, key, slot)
            entries.append((key, slot, self.step(value, own if isinstance(value, FunctionOf) else env)))
            env = own

        def step(run: Run, slots: Slots) -> object:
            # A context takes some two hundred bytes, a loop's turn only a hundred.
            run.charge(cost)
            result: dict[str, object] = {}
            for key, slot, value in entries:
                made = value(run, slots)
                slots[slot] = result[key] = made
                if type(made) is steps.Closure:
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
        warnings: list[str] = []
        made = step(Run(warnings), [])
        return step if warnings else steps.constant(made)

    def filter(self, node: Filter, env: Env | None) -> Step:
        """`list[condition]` or `list[position]`."""
        base = self.step(node.base, env)
        if isinstance(node.condition, Literal) and isinstance(node.condition.value, Decimal):
            return steps.position_of(base, node.condition.value)
        slot = self.slot()
        condition = self.step(node.condition, Env(env, "item", slot, is_item=True))
        if _is_boolean(node.condition):
            return steps.filter_of(base, condition, slot)
        return steps.filter_or_position(base, condition, self.step(node.condition, env), slot)

    def loop(self, node: For, env: Env | None) -> Step:
        """`for`."""
        partial = self.slot()
        places, inner = self.iterations(node.iterations, Env(env, "partial", partial))
        body = self.step(node.body, inner)
        shows_partial = partial in self.used

        def step(run: Run, slots: Slots) -> object:
            results: list[object] = []
            try:
                for _ in steps.turns(run, slots, places, 0):
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
                for _ in steps.turns(run, slots, places, 0):
                    found = condition(run, slots)
                    if found is decisive:
                        return decisive
                    if found is None:
                        certain = False
                    elif not isinstance(found, bool):
                        raise NoValue("the condition is neither true nor false")
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


def _innermost_item(env: Env | None) -> int | None:
    while env is not None:
        if env.is_item:
            return env.slot
        if env.name == "item":
            return None
        env = env.parent
    return None


# What these nodes give is no function, whatever the variables hold.
_NO_FUNCTION = (
    Literal,
    ListOf,
    ContextOf,
    RangeOf,
    Unary,
    Arithmetic,
    Negation,
    Comparison,
    Logic,
    Between,
    In,
    InstanceOf,
    Quantified,
    For,
)
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


def evident(node: Node | None) -> FeelType:
    """The type of an expression as far as its literals tell; Any where they do not."""
    match node:
        case Literal():
            kind = kind_of(node.value)
            return NullType() if node.value is None else SimpleType(kind) if kind in SimpleType.NAMES else ANY
        case ContextOf():
            return ContextType({name: evident(value) for name, value in node.entries})
        case ListOf():
            types = [evident(item) for item in node.items]
            return ListType(types[0] if types and all(each == types[0] for each in types) else ANY)
        case _:
            return ANY
