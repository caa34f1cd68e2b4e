"""Compiled expressions and unary tests, and the bounded cache of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import lru_cache

from lastmeter.feel.compiler import Compiler, Env
from lastmeter.feel.errors import Doubt, FeelBudgetExceeded, FeelSyntaxError, place_of
from lastmeter.feel.lexer import needs_scope
from lastmeter.feel.parser import parse, parse_tests
from lastmeter.feel.runtime import MAX_STEPS, Run, too_deep
from lastmeter.feel.steps import MISSING, Check, Slots, Step
from lastmeter.feel.tree import Literal, Tests
from lastmeter.feel.types import FeelType
from lastmeter.feel.values import FeelFunction, FeelValue, coerce, measured

# A published definition holds some hundred expressions; a busy office runs a few dozen definitions.
CACHE_SIZE = 8192
SHORT = 256
# A compiled expression weighs up to 230 bytes a character: of long ones few are kept, of enormous ones none.
LONG_CACHE_SIZE = 256
LONG = 4_000

# Values that need no look on their way in.
_READY = frozenset({str, bool, type(None)})


_CALLED_VALUE = (
    "把一个值当作函数调用，是不是少了逗号或运算符？",
    "a value is called like a function; is a comma or an operator missing?",
)


class _Compiled:
    """What an expression and unary tests share: slots, and which names fill them."""

    __slots__ = ("_template", "doubts", "loads", "names_perhaps_read", "names_read", "text")

    def __init__(self, text: str, compiler: Compiler, known: Collection[str]) -> None:
        self.text = text
        self.loads = tuple((slot, name) for name, slot in compiler.globals.items())
        self._template: Slots = [None] * compiler.width
        for slot, _ in self.loads:
            self._template[slot] = MISSING
        sure = compiler.perhaps_read.intersection(known)
        # Top-level names that an evaluation reads; functions are not among them.
        self.names_read: frozenset[str] = frozenset(compiler.read | sure)
        # Names inside a filter that may be entries of the items or, failing that, top-level names.
        self.names_perhaps_read: frozenset[str] = frozenset(compiler.perhaps_read - compiler.read - sure)
        # What a designer should look at again, in the order of the text.
        self.doubts: tuple[Doubt, ...] = tuple(
            Doubt(*place_of(text, position), *_CALLED_VALUE) for position in sorted(compiler.called_values)
        )

    def _loaded(self, context: Mapping[str, object]) -> Slots:
        slots = self._template[:]
        for slot, name in self.loads:
            if name in context:
                value = context[name]
                kind = type(value)
                if kind is int and -(10**30) < value < 10**30:  # type: ignore[operator]
                    slots[slot] = Decimal(value)  # type: ignore[arg-type]
                else:
                    slots[slot] = value if kind in _READY else coerce(value)
        return slots

    def _placed(self, context: Mapping[str, object]) -> Slots:
        """The slots from a context whose values are FEEL values already."""
        slots = self._template[:]
        for slot, name in self.loads:
            if name in context:
                slots[slot] = context[name]
        return slots


class Expression(_Compiled):
    """An expression ready to run, safe to share between threads."""

    __slots__ = ("_step",)

    def __init__(self, text: str, step: Step, compiler: Compiler, known: Collection[str]) -> None:
        super().__init__(text, compiler, known)
        self._step = step

    def evaluate(
        self,
        context: Mapping[str, object],
        *,
        functions: Mapping[str, FeelFunction] | None = None,
        warnings: list[str] | None = None,
        steps: int = MAX_STEPS,
    ) -> FeelValue:
        """The value; reasons for nulls are appended to `warnings`. Raises FeelBudgetExceeded."""
        try:
            value = self._step(Run(warnings, functions, steps), self._loaded(context))
            return measured(value) if type(value) is list or type(value) is dict else value
        except RecursionError:
            raise too_deep() from None

    def run(self, run: Run, context: Mapping[str, object]) -> FeelValue:
        """The value within a larger evaluation; the context holds FEEL values."""
        return self._step(run, self._placed(context))


class UnaryTests(_Compiled):
    """The tests of a cell, ready to run."""

    __slots__ = ("_check", "_question", "literals")

    def __init__(
        self, tree: Tests, text: str, check: Check, question: int, compiler: Compiler, known: Collection[str]
    ) -> None:
        super().__init__(text, compiler, known)
        # The values of which one must be met, where the tests are nothing but literals; a table can be indexed by them.
        self.literals: tuple[object, ...] | None = None
        values = tuple(test.value for test in tree.tests if isinstance(test, Literal))
        if tree.tests and not tree.negated and len(values) == len(tree.tests):
            self.literals = values
        self._check = check
        self._question = question

    def evaluate(
        self,
        value: object,
        context: Mapping[str, object],
        *,
        functions: Mapping[str, FeelFunction] | None = None,
        warnings: list[str] | None = None,
        steps: int = MAX_STEPS,
    ) -> bool:
        """Whether the value passes. Raises FeelBudgetExceeded."""
        slots = self._loaded(context)
        slots[self._question] = tested = coerce(value)
        try:
            return self._check(Run(warnings, functions, steps), slots, tested) is True
        except RecursionError:
            raise too_deep() from None

    def run(self, run: Run, value: object, context: Mapping[str, object]) -> object:
        """True, False or None within a larger evaluation; value and context hold FEEL values."""
        slots = self._placed(context)
        slots[self._question] = value
        return self._check(run, slots, value)


def _build(text: str, names: Collection[str], types: Mapping[str, FeelType] | None) -> Expression:
    compiler = Compiler()
    tree = parse(text, names, types)
    try:
        step = compiler.step(tree, None)
    except RecursionError:
        raise _too_nested(text) from None
    return Expression(text, step, compiler, names)


def _build_tests(text: str, names: Collection[str], types: Mapping[str, FeelType] | None) -> UnaryTests:
    compiler = Compiler()
    question = compiler.slot()
    tree = parse_tests(text, names, types)
    try:
        check = compiler.tests(tree, Env(None, "?", question))
    except RecursionError:
        raise _too_nested(text) from None
    return UnaryTests(tree, text, check, question, compiler, names)


def _too_nested(text: str) -> FeelSyntaxError:
    return FeelSyntaxError(text, 0, "表达式嵌套过深。", "The expression is nested too deeply.")


@lru_cache(maxsize=CACHE_SIZE)
def _cached(text: str, names: frozenset[str]) -> Expression:
    return _build(text, names, None)


@lru_cache(maxsize=LONG_CACHE_SIZE)
def _cached_long(text: str, names: frozenset[str]) -> Expression:
    return _build(text, names, None)


@lru_cache(maxsize=CACHE_SIZE)
def _cached_tests(text: str, names: frozenset[str]) -> UnaryTests:
    return _build_tests(text, names, None)


@lru_cache(maxsize=LONG_CACHE_SIZE)
def _cached_long_tests(text: str, names: frozenset[str]) -> UnaryTests:
    return _build_tests(text, names, None)


def compile_expression(
    text: str,
    *,
    names: Collection[str] = (),
    functions: Collection[str] = (),
    types: Mapping[str, FeelType] | None = None,
) -> Expression:
    """The expression, parsed and compiled, from the cache if it was there. Raises FeelSyntaxError.

    `names` and `functions` are those in scope: needed for names that hold operators or keywords (`a-b`, `rise and
    fall`), and to know which names inside a filter are top-level ones. `types` are item definitions by name.
    """
    known = frozenset(names) | frozenset(name for name in functions if needs_scope(name))
    if types is not None or len(text) > LONG:
        return _build(text, known, types)
    return _cached(text, known) if len(text) <= SHORT else _cached_long(text, known)


def compile_tests(
    text: str,
    *,
    names: Collection[str] = (),
    functions: Collection[str] = (),
    types: Mapping[str, FeelType] | None = None,
) -> UnaryTests:
    """The unary tests, parsed and compiled, from the cache if they were there. Raises FeelSyntaxError."""
    known = frozenset(names) | frozenset(name for name in functions if needs_scope(name))
    if types is not None or len(text) > LONG:
        return _build_tests(text, known, types)
    return _cached_tests(text, known) if len(text) <= SHORT else _cached_long_tests(text, known)


def _special(value: Mapping[str, object], depth: int = 0) -> set[str]:
    """The keys, at any depth, that an expression could not tell from its operators."""
    found = {key for key in value if isinstance(key, str) and needs_scope(key) is not None}
    if depth < 8:
        for item in value.values():
            if isinstance(item, Mapping):
                found |= _special(item, depth + 1)
            elif isinstance(item, list) and item and isinstance(item[0], Mapping):
                found |= _special(item[0], depth + 1)
    return found


def evaluate(
    text: str,
    context: Mapping[str, object],
    *,
    functions: Mapping[str, FeelFunction] | None = None,
    warnings: list[str] | None = None,
) -> FeelValue:
    """The value of a FEEL expression. Raises FeelSyntaxError, FeelBudgetExceeded.

    What the standard calls an error gives null, and the reason is appended to `warnings`.
    """
    names = _special(context)
    expression = compile_expression(text, names=names, functions=functions or ())
    return expression.evaluate(context, functions=functions, warnings=warnings)


def unary_test(
    text: str,
    value: object,
    context: Mapping[str, object],
    *,
    functions: Mapping[str, FeelFunction] | None = None,
    warnings: list[str] | None = None,
) -> bool:
    """Whether the value passes a cell's tests, such as `[1..5], > 10`. Raises FeelSyntaxError, FeelBudgetExceeded."""
    tests = compile_tests(text, names=_special(context), functions=functions or ())
    return tests.evaluate(value, context, functions=functions, warnings=warnings)


def names_read(text: str, names: Collection[str] = ()) -> frozenset[str]:
    """The top-level names that an expression reads. Raises FeelSyntaxError."""
    return compile_expression(text, names=names).names_read


def unary_names_read(text: str, names: Collection[str] = ()) -> frozenset[str]:
    """The top-level names that a cell's tests read, beside the tested value. Raises FeelSyntaxError."""
    return compile_tests(text, names=names).names_read


__all__ = [
    "CACHE_SIZE",
    "Expression",
    "FeelBudgetExceeded",
    "UnaryTests",
    "compile_expression",
    "compile_tests",
    "evaluate",
    "names_read",
    "unary_names_read",
    "unary_test",
]
