"""Decision tables laid out for reading: columns by their labels, cells in words, the rows that matched marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lastmeter.decisions import Outcome
from lastmeter.decisions.documents import attribute, child, text_in
from lastmeter.decisions.model import Element
from lastmeter.decisions.tables import Input, Rule, Table
from lastmeter_web.designer.words import Words, policy, policy_name, spoken

# A longer table is shown by its first rows and those that matched.
MAX_ROWS = 300


@dataclass(frozen=True)
class Cell:
    """A cell as it is read; `is_said`: in words, else as FEEL. `label` names its column where columns are stacked."""

    text: str
    is_said: bool
    label: str

    @property
    def is_open(self) -> bool:
        return not self.text


@dataclass(frozen=True)
class Row:
    number: int
    conditions: tuple[Cell, ...]
    conclusions: tuple[Cell, ...]
    notes: tuple[tuple[str, str], ...]
    is_hit: bool


@dataclass(frozen=True)
class Heading:
    """A column's name, how much room its cells want (1 to 3), and the FEEL it asks if that is more than an input."""

    text: str
    room: int = 1
    expression: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table or a literal expression laid out for reading."""

    id: str
    title: str
    question: str
    policy: str = ""
    policy_name: str = ""
    expression: str = ""
    conditions: tuple[Heading, ...] = ()
    conclusions: tuple[Heading, ...] = ()
    rows: tuple[Row, ...] = ()
    hidden: int = 0
    defaults: tuple[Cell, ...] = ()
    asked: bool = False


def sheets_of(element: Element, words: Words, outcome: Outcome | None) -> Iterator[Sheet]:
    title = words.name(element.name, attribute(element.xml, "label") or "")
    question = spoken(text_in(element.xml, "question") or text_in(element.xml, "description"))
    if not element.tables:
        literal = child(element.xml, "literalExpression")
        if literal is not None and text_in(literal):
            yield Sheet(element.id, title, question, expression=text_in(literal))
        return
    for table in element.tables:
        yield _sheet(table, title, question, words, outcome)


def _sheet(table: Table, title: str, question: str, words: Words, outcome: Outcome | None) -> Sheet:
    traced = [each for each in outcome.trace if each.table_id == table.table_id] if outcome else []
    hits = {rule.number for each in traced for rule in each.matched}
    shown = [number for number in range(1, len(table.rules) + 1) if number <= MAX_ROWS or number in hits]
    rows = tuple(_row(number, table, words, is_hit=number in hits) for number in shown)
    return Sheet(
        id=table.table_id,
        title=title,
        question=question,
        policy=policy(table.policy),
        policy_name=policy_name(table.policy),
        conditions=tuple(_asked(each, _room(rows, "conditions", n), words) for n, each in enumerate(table.inputs)),
        conclusions=tuple(
            Heading(words.output(each), _room(rows, "conclusions", n)) for n, each in enumerate(table.outputs)
        ),
        rows=rows,
        hidden=len(table.rules) - len(shown),
        defaults=_defaults(table, words),
        asked=bool(traced),
    )


def _asked(column: Input, room: int, words: Words) -> Heading:
    text = column.expression.text
    return Heading(words.input(column), room, "" if column.expression.names_read == {text} else text)


def _room(rows: tuple[Row, ...], side: Literal["conditions", "conclusions"], place: int) -> int:
    longest = max((_width(getattr(row, side)[place].text) for row in rows), default=0)
    return 1 if longest <= 6 else 2 if longest <= 16 else 3


def _width(text: str) -> float:
    """In Chinese signs, of which others are half as wide."""
    return sum(1 if sign >= "\u2e80" else 0.55 for sign in text)


def _row(number: int, table: Table, words: Words, *, is_hit: bool) -> Row:
    rule = table.rules[number - 1]
    conditions, conclusions = _conditions(rule, table, words), _conclusions(rule, table, words)
    return Row(number, conditions, conclusions, notes_of(rule.annotations), is_hit)


def _conditions(rule: Rule, table: Table, words: Words) -> tuple[Cell, ...]:
    cells = []
    for test, column in zip(rule.tests, table.inputs, strict=True):
        text, is_said = ("", True) if test is None else words.cell(test.text, column.expression.text)
        cells.append(Cell(text, is_said, words.input(column)))
    return tuple(cells)


def _conclusions(rule: Rule, table: Table, words: Words) -> tuple[Cell, ...]:
    cells = []
    for entry, column in zip(rule.outputs, table.outputs, strict=True):
        text, is_said = ("", True) if entry is None else words.entry(entry.text, column.name or table.decision)
        cells.append(Cell(text, is_said, words.output(column)))
    return tuple(cells)


def _defaults(table: Table, words: Words) -> tuple[Cell, ...]:
    if all(each.default is None for each in table.outputs):
        return ()
    cells = []
    for column in table.outputs:
        text, is_said = ("", True) if column.default is None else words.entry(column.default.text, column.name)
        cells.append(Cell(text, is_said, words.output(column)))
    return tuple(cells)


def notes_of(annotations: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What the author noted of a row, by the name of the remark; a rule's own description has none."""
    return tuple(
        ("" if name in ("", "description") else spoken(name), spoken(note)) for name, note in annotations.items()
    )
