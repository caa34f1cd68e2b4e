"""Decision tables: rules matched against inputs, and the hit policy that makes one value of the matches.

Source: DMN 1.5, chapter 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lastmeter.decisions.runtime import ModelRun, Scope
from lastmeter.decisions.trace import MatchedRule, TableTrace
from lastmeter.feel.errors import NoValue
from lastmeter.feel.expression import Expression, UnaryTests
from lastmeter.feel.library import LIBRARY
from lastmeter.feel.types import ANY, FeelType, fit
from lastmeter.feel.values import equal, literal_of

# The order in which rules come out, and what is made of them.
HIT_POLICIES = {
    "U": "UNIQUE",
    "A": "ANY",
    "P": "PRIORITY",
    "F": "FIRST",
    "R": "RULE ORDER",
    "O": "OUTPUT ORDER",
    "C": "COLLECT",
}
AGGREGATIONS = {"SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}
# A wildcard column gains nothing from an index; a short table neither.
_INDEX_FROM = 8


@dataclass(frozen=True, slots=True)
class Input:
    """A column of conditions; `allowed` are the tests every value must pass."""

    label: str
    expression: Expression
    type: FeelType = ANY
    allowed: UnaryTests | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A column of conclusions; `priorities` are its allowed values, the most important first."""

    name: str
    label: str = ""
    type: FeelType = ANY
    priorities: tuple[object, ...] = ()
    allowed: UnaryTests | None = None
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row; a test of None lets everything pass."""

    rule_id: str
    tests: tuple[UnaryTests | None, ...]
    outputs: tuple[Expression | None, ...]
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched, with its output values."""

    index: int
    values: tuple[object, ...]


class Column:
    """An index over a column of equality tests: which rules can match a value."""

    __slots__ = ("by_value", "open")

    def __init__(self, tests: Sequence[UnaryTests | None]) -> None:
        self.by_value: dict[tuple[type, object], list[int]] = {}
        self.open: list[int] = []
        for index, test in enumerate(tests):
            literals = None if test is None else test.literals
            if literals is None or any(type(value) not in (str, Decimal, bool) for value in literals):
                self.open.append(index)
                continue
            for value in dict.fromkeys((type(value), value) for value in literals):
                self.by_value.setdefault(value, []).append(index)

    def candidates(self, value: object) -> int | None:
        """How many rules could match; None when the index cannot tell."""
        if type(value) in (str, Decimal, bool):
            return len(self.by_value.get((type(value), value), ())) + len(self.open)
        return None

    def rules(self, value: object) -> Sequence[int]:
        """Those rules, in the table's order."""
        found = self.by_value.get((type(value), value), [])
        return sorted(found + self.open) if self.open else found


class Table:
    """A decision table ready to be asked."""

    def __init__(
        self,
        *,
        decision: str,
        table_id: str,
        hit_policy: str,
        aggregation: str | None,
        inputs: tuple[Input, ...],
        outputs: tuple[Output, ...],
        rules: tuple[Rule, ...],
    ) -> None:
        self.decision = decision
        self.table_id = table_id
        self.hit_policy = hit_policy
        self.aggregation = aggregation
        self.inputs = inputs
        self.outputs = outputs
        self.rules = rules
        self._columns = self._indexed() if len(rules) >= _INDEX_FROM else []

    def _indexed(self) -> list[tuple[int, Column]]:
        columns = [(place, Column([rule.tests[place] for rule in self.rules])) for place in range(len(self.inputs))]
        return [(place, column) for place, column in columns if len(column.open) < len(self.rules)]

    @property
    def policy(self) -> str:
        """The hit policy's letter, with the aggregation's sign: `U`, `C+`."""
        return self.hit_policy + (AGGREGATIONS[self.aggregation] if self.aggregation else "")

    @property
    def names_read(self) -> tuple[str, ...]:
        """The names that columns read, in their order, then those that only cells read."""
        columns = [name for column in self.inputs for name in sorted(column.expression.names_read)]
        cells = [each for rule in self.rules for each in (*rule.tests, *rule.outputs) if each is not None]
        defaults = [output.default for output in self.outputs if output.default is not None]
        others = frozenset[str]().union(*(each.names_read for each in (*cells, *defaults)))
        return tuple(dict.fromkeys([*columns, *sorted(others)]))

    def __call__(self, run: ModelRun, scope: Scope) -> object:
        """The table's value; null with a warning where inputs or matches break its rules."""
        values: list[object] = []
        matches: list[Match] = []
        value: object = None
        try:
            values.extend(self._input(run, scope, column) for column in self.inputs)
            matches = self._matches(run, scope, values)
            value = self._decided(run, scope, matches)
        except NoValue as reason:
            # Rules that contradict each other stay in the trace: they are what has to be mended.
            run.warn(f"{self.decision}: {reason}")
        labelled = tuple((column.label, value) for column, value in zip(self.inputs, values, strict=False))
        matched = tuple(self._matched(match) for match in matches)
        run.trace.append(TableTrace(self.decision, self.table_id, self.policy, labelled, matched, value))
        return value

    def _matched(self, match: Match) -> MatchedRule:
        rule = self.rules[match.index]
        return MatchedRule(match.index + 1, rule.rule_id, self._value(match.values), rule.annotations)

    def _input(self, run: ModelRun, scope: Scope, column: Input) -> object:
        value, fits = fit(column.expression.run(run, scope), column.type)
        if not fits:
            raise NoValue(f"input {column.label!r} has the wrong type")
        if column.allowed is not None and value is not None and not _all_allowed(run, scope, column.allowed, value):
            run.warn(
                f"{self.decision}: input {column.label!r} is {literal_of(value)}, "
                f"which is not among its allowed values {column.allowed.text} and counts as null"
            )
            return None
        return value

    # --- matching ----------------------------------------------------------------------------------------------------

    def _candidates(self, values: list[object]) -> Sequence[int]:
        best: tuple[int, Column, object] | None = None
        for place, column in self._columns:
            count = column.candidates(values[place])
            if count is not None and (best is None or count < best[0]):
                best = (count, column, values[place])
        return range(len(self.rules)) if best is None else best[1].rules(best[2])

    def _matches(self, run: ModelRun, scope: Scope, values: list[object]) -> list[Match]:
        only_first = self.hit_policy == "F"
        found = []
        rules = self.rules
        for index in self._candidates(values):
            rule = rules[index]
            run.steps -= 1
            for test, value in zip(rule.tests, values, strict=True):
                if test is not None and test.run(run, value, scope) is not True:
                    break
            else:
                found.append(Match(index, self._outputs(run, scope, rule)))
                if only_first:
                    break
        run.charge(0)
        return found

    def _outputs(self, run: ModelRun, scope: Scope, rule: Rule) -> tuple[object, ...]:
        return tuple(
            self._output(run, scope, output, None if entry is None else entry.run(run, scope))
            for output, entry in zip(self.outputs, rule.outputs, strict=True)
        )

    def _output(self, run: ModelRun, scope: Scope, output: Output, value: object) -> object:
        fitted, fits = fit(value, output.type)
        if not fits:
            run.warn(f"{self.decision}: output {output.name!r} has the wrong type")
        elif output.allowed is not None and fitted is not None and not _all_allowed(run, scope, output.allowed, fitted):
            run.warn(f"{self.decision}: output {output.name!r} is not among its allowed values")
            return None
        return fitted

    # --- hit policies ------------------------------------------------------------------------------------------------

    def _value(self, values: tuple[object, ...]) -> object:
        if len(self.outputs) == 1:
            return values[0]
        return {output.name: value for output, value in zip(self.outputs, values, strict=True)}

    def _decided(self, run: ModelRun, scope: Scope, matches: list[Match]) -> object:
        if not matches:
            return self._without_match(run, scope)
        if self.hit_policy == "P":
            return self._value(self._by_priority(matches)[0].values)
        if self.hit_policy == "O":
            return [self._value(match.values) for match in self._by_priority(matches)]
        if self.hit_policy == "R":
            return [self._value(match.values) for match in matches]
        if self.hit_policy == "C":
            return self._collected(run, matches)
        if self.hit_policy == "U" and len(matches) > 1:
            numbers = ", ".join(str(match.index + 1) for match in matches)
            raise NoValue(f"rules {numbers} match, but the hit policy is UNIQUE")
        if self.hit_policy == "A" and not all(_same(matches[0].values, match.values) for match in matches[1:]):
            raise NoValue("the matching rules disagree, but the hit policy is ANY")
        return self._value(matches[0].values)

    def _without_match(self, run: ModelRun, scope: Scope) -> object:
        if any(output.default is not None for output in self.outputs):
            defaults = tuple(
                None if output.default is None else self._output(run, scope, output, output.default.run(run, scope))
                for output in self.outputs
            )
            value = self._value(defaults)
            plain = self.hit_policy in "RO" or (self.hit_policy == "C" and self.aggregation is None)
            return [value] if plain and not isinstance(value, list) else value
        if self.hit_policy in "RO" or self.hit_policy == "C":
            return {None: [], "COUNT": Decimal(0)}.get(self.aggregation)
        run.warn(f"{self.decision}: no rule matches")
        return None

    def _by_priority(self, matches: list[Match]) -> list[Match]:
        def rank(match: Match) -> tuple[int, ...]:
            return tuple(
                _rank(output.priorities, value) for output, value in zip(self.outputs, match.values, strict=True)
            )

        return sorted(matches, key=rank)

    def _collected(self, run: ModelRun, matches: list[Match]) -> object:
        if self.aggregation is None:
            return [self._value(match.values) for match in matches]
        if self.aggregation == "COUNT":
            return Decimal(len(matches))
        aggregate = LIBRARY[self.aggregation.lower()]
        columns = zip(*(match.values for match in matches), strict=True)
        return self._value(tuple(aggregate.invoke(run, [list(column)]) for column in columns))


def _all_allowed(run: ModelRun, scope: Scope, allowed: UnaryTests, value: object) -> bool:
    """Whether the value, or every item of a list, passes."""
    if allowed.run(run, value, scope) is True:
        return True
    return isinstance(value, list) and all(allowed.run(run, item, scope) is True for item in value)


def _same(left: tuple[object, ...], right: tuple[object, ...]) -> bool:
    return all(equal(one, other) is True for one, other in zip(left, right, strict=True))


def _rank(priorities: tuple[object, ...], value: object) -> int:
    for place, each in enumerate(priorities):
        if equal(each, value) is True:
            return place
    return len(priorities)
