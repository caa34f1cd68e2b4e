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


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for missing and broken decisions."""
    models: list[Model] = []
    for file, xml in subject.package.decisions.items():
        try:
            models.append(load(xml))
        except DecisionModelError as error:
            facts = error.facts
            yield subject.finding(
                BROKEN, None, file=f"{file}.dmn", line=facts.get("line") or 1,
                zh=facts.get("problem_zh"), en=facts.get("problem_en"),
            )  # fmt: skip
    names = {name for model in models for decision in model.decisions for name in (decision.id, decision.name)}
    for element in subject.every("businessRuleTask"):
        zeebe = element.find(f".//{ZEEBE}calledDecision")
        key = attribute(element, "decisionRef") or ((zeebe.get("decisionId") or "") if zeebe is not None else "")
        if key and not key.startswith(("=", "$")) and key not in names:
            yield subject.finding(UNKNOWN, element, key=key)
