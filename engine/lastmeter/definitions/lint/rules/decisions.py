"""A business rule task names a decision of the package; every table of the package can be read."""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.decisions import DecisionModelError, Model, load
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


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for missing and broken decisions."""
    models: list[Model] = []
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
            models.append(model)
            yield from _doubts(subject, file, model)
    names = {name for model in models for decision in model.decisions for name in (decision.id, decision.name)}
    for element in subject.every("businessRuleTask"):
        zeebe = element.find(f".//{ZEEBE}calledDecision")
        key = attribute(element, "decisionRef") or ((zeebe.get("decisionId") or "") if zeebe is not None else "")
        if key and not key.startswith(("=", "$")) and key not in names:
            yield subject.finding(UNKNOWN, element, key=key)


def _doubts(subject: Subject, file: str, model: Model) -> Iterator[Finding]:
    for found in model.doubts:
        doubt = found.doubt
        yield subject.finding(
            DOUBT, None, file=f"{file}.dmn", line=found.line or 1, text=found.text, row=doubt.line, column=doubt.column,
            zh=doubt.hint_zh, en=doubt.hint_en,
        )  # fmt: skip
