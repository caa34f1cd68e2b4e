"""A business rule task names a decision of the package; every table of the package can be read and is analysed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lastmeter.decisions import DecisionModelError, Model, analyse, load
from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject, attribute
from lastmeter.definitions.source import ZEEBE

UNKNOWN = Rule(
    "decision-unknown",
    "“{name}”引用的决策 {key} 不在流程包里",
    "“{name}” refers to the decision {key}, which is not in the package",
    "把决策表放进流程包，或改正引用",
    "put the table into the package, or correct the reference",
)
BROKEN = Rule(
    "decision-broken",
    "决策文件 {file} 第 {line} 行：{zh}",
    "decision file {file}, line {line}: {en}",
    "在决策表设计器里改正",
    "correct it in the table editor",
    everywhere=True,
)

DOUBT = Rule(
    "decision-doubt",
    "决策文件 {file} 第 {line} 行，表达式“{text}”第 {row} 行第 {column} 列：{zh}",
    "decision file {file}, line {line}: the expression “{text}”, line {row}, column {column}: {en}",
    "改正表达式，否则此处得空值",
    "correct the expression; as it stands this part gives null",
    most="warning",
)

ANALYSED = {
    "gap": Rule(
        "decision-gap",
        "决策文件 {file} 的表“{table}”有空缺：{zh}",
        "decision file {file}: the table “{table}” has a gap: {en}",
        "补一行，或写默认结论；在“决策试算”中可以试这个情形",
        "add a rule or a default output; the case can be tried on the page of the decision",
        most="note",
    ),
    "overlap": Rule(
        "decision-overlap",
        "决策文件 {file} 的表“{table}”有重叠：{zh}",
        "decision file {file}: the table “{table}” has an overlap: {en}",
        "改小其中一行，或改用允许重叠的命中策略",
        "narrow one of the rules, or choose a hit policy that lets several match",
        most="note",
    ),
    "conflict": Rule(
        "decision-conflict",
        "决策文件 {file} 的表“{table}”自相矛盾：{zh}",
        "decision file {file}: the table “{table}” contradicts itself: {en}",
        "改小其中一行，或改用说明先后的命中策略",
        "narrow one of the rules, or choose a hit policy that ranks them",
        most="warning",
    ),
    "unreachable": Rule(
        "decision-unreachable",
        "决策文件 {file} 的表“{table}”：{zh}",
        "decision file {file}: the table “{table}”: {en}",
        "删去这一行，或移到遮住它的行之前",
        "remove the rule, or move it before the one that hides it",
        most="warning",
    ),
}
# Lint answers at once: larger tables, and more of them, are analysed by the command and on the page of a decision.
MAX_RULES = 200
MAX_TABLES = 20


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for missing and broken decisions, and for tables that leave something open."""
    models: dict[str, Model] = {}
    for file, xml in subject.package.decisions.items():
        try:
            model = load(xml)
        except DecisionModelError as error:
            facts = error.facts
            yield subject.finding(
                BROKEN, None, file=f"{file}.dmn", line=facts.get("line") or 1,
                zh=facts.get("problem_zh"), en=facts.get("problem_en"),
            )  # fmt: skip
        else:
            models[file] = model
            yield from _doubts(subject, file, model)
    yield from _analysed(subject, models)
    names = {name for model in models.values() for decision in model.decisions for name in (decision.id, decision.name)}
    for element in subject.every("businessRuleTask"):
        zeebe = element.find(f".//{ZEEBE}calledDecision")
        key = attribute(element, "decisionRef") or ((zeebe.get("decisionId") or "") if zeebe is not None else "")
        if key and not key.startswith(("=", "$")) and key not in names:
            yield subject.finding(UNKNOWN, element, key=key)


def _analysed(subject: Subject, models: Mapping[str, Model]) -> Iterator[Finding]:
    """What the analysis of each table finds, the first of each kind with its example."""
    tables = [(file, table) for file, model in models.items() for table in model.tables]
    for file, table in [each for each in tables if len(each[1].rules) <= MAX_RULES][:MAX_TABLES]:
        told: set[str] = set()
        for found in analyse(table):
            if found.kind in ANALYSED and found.kind not in told:
                told.add(found.kind)
                yield subject.finding(
                    ANALYSED[found.kind], None, file=f"{file}.dmn", table=table.decision, zh=found.sentence_zh,
                    en=found.sentence_en,
                )  # fmt: skip


def _doubts(subject: Subject, file: str, model: Model) -> Iterator[Finding]:
    for found in model.doubts:
        doubt = found.doubt
        yield subject.finding(
            DOUBT, None, file=f"{file}.dmn", line=found.line or 1, text=found.text, row=doubt.line, column=doubt.column,
            zh=doubt.hint_zh, en=doubt.hint_en,
        )  # fmt: skip
