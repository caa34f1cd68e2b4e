"""A gateway that chooses always finds a way: it has a default flow, or its conditions leave no case out."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lxml import etree

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.completeness import leave_nothing_out
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
    values = _values(subject)
    for graph in subject.graphs:
        for identifier, node in graph.nodes.items():
            if local(node) not in ("exclusiveGateway", "inclusiveGateway") or not is_split(node, graph):
                continue
            flows = graph.flows[identifier]
            conditions = [_condition(flow) for flow in flows]
            has_default = any(flow.get("id") == node.get("default") for flow in flows)
            if not has_default and all(conditions) and not leave_nothing_out(conditions, values):
                yield subject.finding(RULE, node)


def _condition(flow: etree._Element) -> str:
    text = flow.findtext(f"{BPMN}conditionExpression") or ""
    return " ".join(text.split()).removeprefix("=").strip()


def _values(subject: Subject) -> dict[str, frozenset[str]]:
    """What a field can hold, as FEEL writes it; a name that two forms fill may hold the values of both."""
    values: dict[str, frozenset[str]] = {}
    unbounded: set[str] = set()
    for form in subject.forms.values():
        for field in form.walk():
            if field.key is None:
                continue
            choice = field.type is not None and field.type.is_enumerable
            if choice and field.options and field.required:
                found = frozenset(json.dumps(each.value, ensure_ascii=False) for each in field.options)
            elif choice and not field.has_options:
                found = frozenset({"true", "false"})
            else:
                unbounded.add(field.key)
                continue
            values[field.key] = values.get(field.key, frozenset()) | found
    return {name: found for name, found in values.items() if name not in unbounded}
