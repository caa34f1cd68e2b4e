"""What a table leaves open: inputs no rule matches, inputs several rules match, rules that never decide.

Every column whose cells are literals, comparisons and ranges is cut into regions within which no cell changes its
mind; the table is then asked once for each box of regions. Columns with freer cells are not analysed, and say so.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as OneOf

from lastmeter.decisions.tables import Input, Rule, Table
from lastmeter.feel.errors import FeelSyntaxError, NoValue
from lastmeter.feel.expression import UnaryTests
from lastmeter.feel.parser import parse_tests
from lastmeter.feel.runtime import Run
from lastmeter.feel.temporal import parse_date
from lastmeter.feel.tree import Call, Literal, Name, Node, RangeOf, Tests, Unary
from lastmeter.feel.types import simple_name
from lastmeter.feel.values import equal, kind_of, literal_of, order

Kind = OneOf["gap", "overlap", "conflict", "unreachable", "not_analysed"]
# Cells and boxes asked before the analysis gives up and says so: it runs while a page is waited for.
MAX_CHECKS = 400_000
MAX_BOXES = 50_000
MAX_FINDINGS = 50
# Overlaps of these policies are how they are meant to work.
_OVERLAPS_MEANT = frozenset("FPRCO")


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: the rules it concerns by number, an example of inputs as FEEL text, and sentences for people."""

    kind: Kind
    rules: tuple[int, ...]
    example: dict[str, str]
    sentence_zh: str
    sentence_en: str


@dataclass(frozen=True, slots=True)
class _Column:
    label: str
    samples: tuple[object, ...]
    # For each sample, the rules whose cell lets it pass.
    passing: tuple[frozenset[int], ...]


def analyse(table: Table) -> list[Finding]:
    """Gaps, overlaps, conflicts and unreachable rules, with an example each."""
    columns: list[_Column] = []
    checks = 0
    for place, column in enumerate(table.inputs):
        samples = _samples(column, [rule.tests[place] for rule in table.rules])
        if samples is None:
            return [_not_analysed(column.label)]
        checks += len(samples) * len(table.rules)
        if checks > MAX_CHECKS:
            return [_too_large()]
        columns.append(_column(column.label, samples, table.rules, place))
    if _boxes(columns) > MAX_BOXES:
        return [_too_large()]
    return _Analysis(table, columns).findings()


class _Analysis:
    def __init__(self, table: Table, columns: Sequence[_Column]) -> None:
        self.table = table
        self.columns = columns
        self.deciding: set[int] = set()
        self.found: list[Finding] = []
        self.pairs: set[tuple[int, ...]] = set()
        self.gaps: list[tuple[object, ...]] = []

    def findings(self) -> list[Finding]:
        everything = frozenset(range(len(self.table.rules)))
        for values, matching in _walk(self.columns, 0, (), everything):
            self._box(values, sorted(matching))
        self._report_gaps()
        self._report_unreachable()
        return self.found[:MAX_FINDINGS]

    def _box(self, values: tuple[object, ...], matching: list[int]) -> None:
        if not matching:
            self.gaps.append(values)
            return
        self.deciding.update(self._decisive(matching))
        if len(matching) > 1 and self.table.hit_policy not in _OVERLAPS_MEANT:
            self._overlap(values, matching)

    def _decisive(self, matching: list[int]) -> Iterable[int]:
        return matching[:1] if self.table.hit_policy == "F" else matching

    def _overlap(self, values: tuple[object, ...], matching: list[int]) -> None:
        key = tuple(matching)
        conflict = not _agree([self.table.rules[index] for index in matching])
        if key in self.pairs or (self.table.hit_policy == "A" and not conflict):
            return
        self.pairs.add(key)
        rules = tuple(index + 1 for index in matching)
        numbers_zh, numbers_en = ("、".join(map(str, rules)), ", ".join(map(str, rules)))
        kind: Kind = "conflict" if conflict else "overlap"
        differing_zh, differing_en = ("，且结论不同", " with different outputs") if conflict else ("", "")
        self.found.append(
            Finding(
                kind,
                rules,
                self._example(values),
                f"第 {numbers_zh} 行会同时命中{differing_zh}。",
                f"Rules {numbers_en} match together{differing_en}.",
            )
        )

    def _report_gaps(self) -> None:
        has_default = any(output.default is not None for output in self.table.outputs)
        if has_default or self.table.hit_policy == "C":
            return
        for values in self._merged(self.gaps)[: MAX_FINDINGS // 2]:
            example = self._example(values)
            shown = ", ".join(f"{label} = {value}" for label, value in example.items())
            self.found.append(Finding("gap", (), example, f"没有规则覆盖：{shown}。", f"No rule covers {shown}."))

    def _merged(self, gaps: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        """One gap of each run along the last column: a hole in two dimensions is one remark, not a hundred."""
        seen: set[str] = set()
        kept = []
        for values in gaps:
            key = literal_of(list(values[:-1]))
            if key not in seen:
                seen.add(key)
                kept.append(values)
        return kept

    def _report_unreachable(self) -> None:
        for index in range(len(self.table.rules)):
            if index not in self.deciding:
                number = index + 1
                self.found.append(
                    Finding(
                        "unreachable",
                        (number,),
                        {},
                        f"第 {number} 行永远不会起作用。",
                        f"Rule {number} never decides anything.",
                    )
                )

    def _example(self, values: tuple[object, ...]) -> dict[str, str]:
        return {column.label: literal_of(value) for column, value in zip(self.columns, values, strict=True)}


def _walk(
    columns: Sequence[_Column], place: int, values: tuple[object, ...], matching: frozenset[int]
) -> Iterator[tuple[tuple[object, ...], frozenset[int]]]:
    if place == len(columns) or not matching:
        # Where no rule is left, one example stands for all that follows.
        yield (*values, *(column.samples[0] for column in columns[place:])), matching
        return
    column = columns[place]
    for sample, passing in zip(column.samples, column.passing, strict=True):
        yield from _walk(columns, place + 1, (*values, sample), matching & passing)


def _boxes(columns: Sequence[_Column]) -> int:
    boxes = 1
    for column in columns:
        boxes *= len(column.samples)
    return boxes


def _column(label: str, samples: list[object], rules: Sequence[Rule], place: int) -> _Column:
    """The column with one sample of each region: samples that the same rules let pass are one region."""
    regions: dict[frozenset[int], object] = {}
    for sample in samples:
        passing = frozenset(index for index, rule in enumerate(rules) if _passes(rule.tests[place], sample))
        regions.setdefault(passing, sample)
    return _Column(label, tuple(regions.values()), tuple(regions))


def _passes(tests: UnaryTests | None, value: object) -> bool:
    return tests is None or tests.run(Run([]), value, {}) is True


def _agree(rules: Sequence[Rule]) -> bool:
    """Whether the rules' outputs are written alike."""
    texts = [tuple(None if entry is None else entry.text for entry in rule.outputs) for rule in rules]
    return all(text == texts[0] for text in texts)


# --- samples ---------------------------------------------------------------------------------------------------------


def _samples(column: Input, cells: Sequence[UnaryTests | None]) -> list[object] | None:
    """A value of every region that the cells distinguish; None when a cell is freer than that."""
    bounds: list[object] = []
    sources = [*cells, column.allowed]
    for cell in sources:
        found = constants(cell)
        if found is None:
            return None
        bounds.extend(found)
    values = around(distinct(bounds), simple_name(column.type))
    if column.allowed is not None:
        values = [value for value in values if _passes(column.allowed, value)]
    return [value for value in values if value is not None] or [None]


def constants(cell: UnaryTests | None) -> list[object] | None:
    """The values that a cell compares with; None where it is freer than literals, comparisons and ranges."""
    try:
        tests = Tests(0, (), negated=False) if cell is None else parse_tests(cell.text)
    except FeelSyntaxError:  # a name that only the model knows to be one
        return None
    values: list[object] = []
    for test in tests.tests:
        for node in _ends(test):
            try:
                values.append(_constant(node))
            except NoValue:
                return None
    return values


def _ends(test: Node) -> list[Node]:
    if isinstance(test, Unary):
        return [test.operand]
    if isinstance(test, RangeOf):
        return [end for end in (test.low, test.high) if end is not None]
    return [test]


def _constant(node: Node) -> object:
    """The value of a literal, or of `date("…")`. Raises NoValue for anything freer."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Call) and isinstance(node.callee, Name) and node.callee.name == "date" and not node.names:
        argument = node.arguments[0] if len(node.arguments) == 1 else None
        if isinstance(argument, Literal) and isinstance(argument.value, str):
            return parse_date(argument.value)
    raise NoValue("not a constant")


def distinct(values: Iterable[object]) -> list[object]:
    """The values without those that equal an earlier one."""
    seen: set[object] = set()
    others: list[object] = []
    kept = []
    for value in values:
        if type(value) in (str, Decimal, bool):
            # By type, too: to Python true is 1.
            if (key := (type(value), value)) in seen:
                continue
            seen.add(key)
        elif any(equal(value, each) is True for each in others):
            continue
        else:
            others.append(value)
        kept.append(value)
    return kept


def around(bounds: Sequence[object], declared: str) -> list[object]:
    """The bounds themselves, a value between each two, one below and one above; for other types one value besides."""
    kinds = {kind_of(value) for value in bounds if value is not None} or {declared}
    if kinds == {"boolean"}:
        return [True, False]
    if kinds == {"string"}:
        return [*bounds, _other_string(bounds)]
    ordered = sorted((value for value in bounds if value is not None), key=_Sortable)
    if kinds == {"number"}:
        return _numbers([value for value in ordered if isinstance(value, Decimal)])
    if kinds == {"date"} and all(isinstance(value, dt.date) for value in ordered):
        return _dates([value for value in ordered if isinstance(value, dt.date)])
    return list(bounds)


class _Sortable:
    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __lt__(self, other: _Sortable) -> bool:
        return (order(self.value, other.value) or 0) < 0


def _other_string(bounds: Sequence[object]) -> str:
    name = "…"
    while name in bounds:
        name += "…"
    return name


def _numbers(bounds: list[Decimal]) -> list[object]:
    if not bounds:
        return [Decimal(0)]
    samples: list[object] = [bounds[0] - 1]
    for low, high in itertools.pairwise(bounds):
        samples += [low, (low + high) / 2]
    return [*samples, bounds[-1], bounds[-1] + 1]


def _dates(bounds: list[dt.date]) -> list[object]:
    if not bounds:
        return [dt.date(2026, 3, 2)]
    day = dt.timedelta(days=1)
    samples: list[object] = [] if bounds[0] == dt.date.min else [bounds[0] - day]
    for low, high in itertools.pairwise(bounds):
        samples.append(low)
        if high - low > day:
            samples.append(low + day)
    samples.append(bounds[-1])
    return samples if bounds[-1] == dt.date.max else [*samples, bounds[-1] + day]


def _not_analysed(label: str) -> Finding:
    return Finding(
        "not_analysed",
        (),
        {},
        f"“{label}”列含有公式或变量，无法逐一分析。",
        f"The column {label!r} holds formulas or variables, so the table cannot be analysed.",
    )


def _too_large() -> Finding:
    return Finding("not_analysed", (), {}, "该表过大，无法逐一分析。", "The table is too large to be analysed.")
