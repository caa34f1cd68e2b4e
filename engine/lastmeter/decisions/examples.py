"""Inputs that lead a table to what its analysis found.

The analysis speaks of columns; a column may compute (`amount < limit`) or read another decision. What inputs make the
columns come out like that is looked for among few values each: those that cells mention, their neighbours, and three
plain ones. Not found therefore means "not among these", which is worth knowing of a gap.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from lastmeter.decisions.analysis import Finding, around, constants, distinct
from lastmeter.decisions.asking import InputInfo, graph, inputs_of, place
from lastmeter.decisions.model import Evaluation, Model
from lastmeter.decisions.runtime import ModelRun
from lastmeter.decisions.tables import Table
from lastmeter.feel.errors import FeelBudgetExceeded
from lastmeter.feel.expression import evaluate
from lastmeter.feel.types import fit, simple_name
from lastmeter.feel.values import FeelFunction, equal

# Combinations of inputs tried: less than half a second for a table of ten columns.
MAX_TRIES = 4_000
# A plain amount of money is some ten thousand yuan, not some fen.
_FEN = 1_000_000


def inputs_for(
    model: Model,
    decision: str,
    table: Table,
    finding: Finding,
    functions: Mapping[str, FeelFunction] | None = None,
) -> dict[str, object] | None:
    """Inputs of the decision for which the table's columns are as in the finding's example; None if none was found."""
    wanted = {label: evaluate(text, {}) for label, text in finding.example.items()}
    if not wanted:
        return None
    inputs = inputs_of(model, decision)
    search = _Search(model, decision, table, wanted, functions)
    for values in _combinations([search.candidates(each) for each in inputs]):
        given = {each.name: value for each, value in zip(inputs, values, strict=True)}
        if search.leads_there(given):
            return given
    return None


class _Search:
    def __init__(
        self,
        model: Model,
        decision: str,
        table: Table,
        wanted: Mapping[str, object],
        functions: Mapping[str, FeelFunction] | None,
    ) -> None:
        self.model = model
        self.element = model.element(decision)
        self.table = table
        self.wanted = wanted
        self.functions = functions
        tables = [each for element in graph(model, decision) for each in element.tables]
        self.numbers = [value for value in _constants(tables) if isinstance(value, Decimal)]
        self.days = [value for value in _constants(tables) if type(value) is dt.date]

    def candidates(self, info: InputInfo) -> Sequence[object]:
        """The values to try: what a column that reads the input plainly asks for, else a few of its type."""
        for column in self.table.inputs:
            if column.expression.text == info.name and column.label in self.wanted:
                return [self.wanted[column.label]]
        if info.allowed:
            return [*info.allowed, None]
        kind = simple_name(info.type)
        if kind == "boolean":
            return [True, False, None]
        if kind == "number":
            unit = _FEN if info.name.endswith("_fen") else 1
            plain = [Decimal(unit * count) for count in (2, 1, 3)]
            return distinct([*plain, *around(self.numbers, kind), None] if self.numbers else [*plain, None])
        if kind == "date":
            return distinct([dt.date(2026, 3, 2), *around(self.days, kind), None])
        return distinct([*info.known, "…", None]) if kind == "string" or info.known else [None]

    def leads_there(self, given: Mapping[str, object]) -> bool:
        """Whether every column comes out as wanted."""
        run = ModelRun(self.functions)
        try:
            scope = Evaluation(self.model, run, _nested(given), {}).scope(self.element)
            for column in self.table.inputs:
                value, fits = fit(column.expression.run(run, scope), column.type)
                if not fits or not _same(value, self.wanted[column.label]):
                    return False
        except FeelBudgetExceeded:
            return False
        return True


def _same(value: object, wanted: object) -> bool:
    return value is None if wanted is None else equal(value, wanted) is True


def _constants(tables: Sequence[Table]) -> list[object]:
    found: list[object] = []
    for table in tables:
        for rule in table.rules:
            for cell in rule.tests:
                found.extend(constants(cell) or ())
    return distinct(found)


def _nested(given: Mapping[str, object]) -> dict[str, object]:
    """Names with the import's name in front become contexts of that name."""
    made: dict[str, object] = {}
    for name, value in given.items():
        made[name] = value
        place(made, name, value)
    return made


def _combinations(columns: Sequence[Sequence[object]]) -> Iterator[tuple[object, ...]]:
    """All combinations where they are few; else a fixed sample, so that the same table shows the same example."""
    count = 1
    for column in columns:
        count *= len(column)
    if count <= MAX_TRIES:
        yield from itertools.product(*columns)
        return
    draw = random.Random(count)
    for _ in range(MAX_TRIES):
        yield tuple(draw.choice(column) for column in columns)
