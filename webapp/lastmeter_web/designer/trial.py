"""One try of a decision: its fields, its answer with the reasons, its tables, and what their analysis found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lastmeter.decisions import Finding, Model, Outcome, analyse, graph, inputs_for
from lastmeter.decisions.model import DecisionInfo, Element
from lastmeter.decisions.tables import Table
from lastmeter.errors import InvalidInput, LastmeterError
from lastmeter.feel import evaluate
from lastmeter_web import i18n
from lastmeter_web.designer import reasons
from lastmeter_web.designer.inputs import Field, Functions, fields_of, read, write
from lastmeter_web.designer.sheets import Sheet, notes_of, sheets_of
from lastmeter_web.designer.words import Words
from lastmeter_web.i18n import _
from lastmeter_web.sentences import sentence


@dataclass(frozen=True)
class Step:
    """A decision that was asked on the way, with its value in words and the rows of its tables that matched."""

    name: str
    value: str
    rules: tuple[int, ...]


@dataclass
class Trial:
    """Everything that the page shows of one decision."""

    model: Model
    info: DecisionInfo
    words: Words
    functions: Functions
    fields: list[Field]
    outcome: Outcome | None = None
    refusal: str = ""
    note: str = ""
    sheets: list[Sheet] = field(default_factory=list)
    findings: list[Remark] = field(default_factory=list)

    @classmethod
    def of(cls, model: Model, decision: str, words: Words, functions: Functions) -> Trial:
        """The decision by its id, its fields empty and nothing answered yet."""
        info = next(each for each in model.decisions if each.id == decision)
        made = cls(model, info, words, functions, fields_of(model, decision, words))
        made.findings = [
            Remark(number, table, finding, _example(table, finding, words))
            for number, (table, finding) in enumerate(_findings(model.element(decision)), 1)
        ]
        return made

    @property
    def name(self) -> str:
        return self.words.name(self.info.name, self.info.label)

    @property
    def errors(self) -> list[Field]:
        return [each for each in self.fields if each.error]

    def run(self, sent: Mapping[str, str]) -> None:
        """The answer to what was typed, unless something cannot be read."""
        values = read(self.fields, sent, self.functions)
        if self.errors:
            return
        try:
            self.outcome = self.model.decide(self.info.id, values, functions=self.functions)
        except LastmeterError as refusal:
            self.refusal = sentence(refusal.code, refusal.facts, i18n.language())

    def run_example(self, number: str) -> None:
        """The fields are filled so that a finding comes true, and the answer is asked for; a note says if none are."""
        remark = next((each for each in self.findings if str(each.number) == number), None)
        if remark is None:
            raise InvalidInput(field=_("示例"), reason=_("请重新打开这一页"))
        found = inputs_for(self.model, self.info.id, remark.table, remark.finding, self.functions)
        if found is None:
            self.note = _("试过的输入都不会出现这种情形；它多半不会发生。")
            return
        write(self.fields, found)
        self.run({each.name: each.text for each in self.fields})

    def lay_out(self) -> None:
        """The tables and expressions of the decision, then of what it requires, the rows that matched marked."""
        for element in reversed(graph(self.model, self.info.id)):
            self.sheets.extend(sheets_of(element, self.words, self.outcome))

    # --- the answer in words -------------------------------------------------------------------------------------

    @property
    def value(self) -> list[tuple[str, str]]:
        """The value in words by the name of what it is: one line, or one for every output."""
        value = None if self.outcome is None else self.outcome.value
        labels = self._output_names()
        if isinstance(value, dict) and value:
            return [
                (labels.get(name, self.words.name(name)), self.words.value(each, name)) for name, each in value.items()
            ]
        return [(next(iter(labels.values()), self.name), self.words.value(value, self.info.name))]

    def _output_names(self) -> dict[str, str]:
        tables = self.model.element(self.info.id).tables
        return {output.name: self.words.output(output) for table in tables for output in table.outputs}

    @property
    def reasons(self) -> list[tuple[int, tuple[tuple[str, str], ...]]]:
        """The rows of the decision's own tables that matched, with what their author noted."""
        tables = {table.table_id for table in self.model.element(self.info.id).tables}
        traced = [each for each in self.outcome.trace if each.table_id in tables] if self.outcome else []
        return [(rule.number, notes_of(rule.annotations)) for table in traced for rule in table.matched]

    @property
    def steps(self) -> list[Step]:
        """The decisions asked before this one, in their order."""
        if self.outcome is None:
            return []
        steps = []
        for name, value in self.outcome.answers[:-1]:
            rules = [rule.number for each in self.outcome.trace if each.decision == name for rule in each.matched]
            steps.append(Step(self._called(name), self.words.value(value, name), tuple(rules)))
        return steps

    def _called(self, name: str) -> str:
        label = next((each.label for each in self.model.decisions if each.name == name), name)
        return self.words.name(name, label)

    @property
    def warnings(self) -> list[str]:
        return [] if self.outcome is None else [reasons.said(each) for each in dict.fromkeys(self.outcome.warnings)]


# --- the analysis ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Remark:
    """A finding, numbered over the page, with its example in words by column."""

    number: int
    table: Table
    finding: Finding
    example: tuple[tuple[str, str], ...]

    @property
    def sentence(self) -> str:
        if self.finding.kind == "gap":
            return _("没有一行适用于这种情形：")
        return i18n.both(self.finding.sentence_zh, self.finding.sentence_en)


# A table of the cache is one of a loaded definition, which stays the same object while the definition is in use.
@lru_cache(maxsize=128)
def _analysed(table: Table) -> tuple[Finding, ...]:
    return tuple(analyse(table))


def _findings(element: Element) -> Iterator[tuple[Table, Finding]]:
    for table in element.tables:
        for finding in _analysed(table):
            yield table, finding


def _example(table: Table, finding: Finding, words: Words) -> tuple[tuple[str, str], ...]:
    shown = []
    for column in table.inputs:
        if column.label in finding.example:
            value = evaluate(finding.example[column.label], {})
            shown.append((words.input(column), words.value(value, column.expression.text)))
    return tuple(shown)
