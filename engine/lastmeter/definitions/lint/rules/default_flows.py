"""A gateway that chooses always finds a way: it has a default flow, or its conditions leave no case out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject, is_split
from lastmeter.definitions.source import BPMN, local

RULE = Rule(
    "no-default-flow",
    "“{name}”没有默认流：条件都不成立时无路可走",
    "“{name}” has no default flow: where no condition holds there is no way on",
    "把其中一条设为默认流",
    "make one of the flows the default",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for exclusive and inclusive splits that may get stuck."""
    for graph in subject.graphs:
        for identifier, node in graph.nodes.items():
            if local(node) not in ("exclusiveGateway", "inclusiveGateway") or not is_split(node, graph):
                continue
            flows = graph.flows[identifier]
            conditions = [_condition(flow) for flow in flows]
            has_default = any(flow.get("id") == node.get("default") for flow in flows)
            if not has_default and all(conditions) and not _complete(conditions):
                yield subject.finding(RULE, node)


def _condition(flow: etree._Element) -> str:
    text = flow.findtext(f"{BPMN}conditionExpression") or ""
    return " ".join(text.split()).removeprefix("=").strip()


def _complete(conditions: list[str]) -> bool:
    """True when one condition is the plain negation of another, or always true."""
    plain = set(conditions)
    if "true" in plain:
        return True
    for condition in plain:
        if f"not({condition})" in plain or f"not ({condition})" in plain:
            return True
        compared = re.fullmatch(r"([A-Za-z_][\w.]*) = (true|\"[^\"]*\"|\d+)", condition)
        if compared and f"{compared[1]} != {compared[2]}" in plain:
            return True
    return False
