"""Who does a task and until when, in every dialect: named as the standard names it, and judged before it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lastmeter.workflow.spiff import timers
from lastmeter.workflow.spiff.model import Node
from lastmeter.workflow.spiff.reading.markup import Element, attribute, first, tag, text_of
from lastmeter.workflow.spiff.reading.texts import TextReader

_ZEEBE: Mapping[str, str] = {
    "assignee": "zeebe:assignmentDefinition",
    "candidateGroups": "zeebe:assignmentDefinition",
    "dueDate": "zeebe:taskSchedule",
    "priority": "zeebe:priorityDefinition",
}
_JUDGED = (*_ZEEBE, "organisation")
# How other engines mark groups within one expression: `group(clerks)`.
_GROUP = re.compile(r"group\(([^()]*)\)")


def task_attributes(reader: TextReader, element: Element, node: Node) -> None:
    """The people of the standard are in the node's `ext`; what cannot be understood at run time is a finding."""
    for kind in ("potentialOwner", "humanPerformer"):
        people = [who for owner in element.iterchildren(tag(kind)) for who in _named(reader, element, owner)]
        node.ext.pop(f"bpmn:{kind}", None)
        if people:
            node.ext[f"bpmn:{kind}"] = people
    if node.type != "userTask":
        return
    for name in _JUDGED:
        raw = _given(node.ext, name)
        if raw.startswith("="):
            reader.feel(element, raw)
        elif name == "dueDate" and raw and "{" not in raw and not timers.is_literal("timeDate", raw):
            reader.find("timer-not-understood", element, text=raw)
    for other in attribute(node.ext, "separateFrom").replace(",", " ").split():
        if other not in reader.by_id:
            reader.find("unresolved-reference", element, reference=other)


def _given(ext: Mapping[str, Any], name: str) -> str:
    return (attribute(ext, name) or str(first(ext, _ZEEBE.get(name, "")).get(name, ""))).strip()


def _named(reader: TextReader, element: Element, owner: Element) -> Iterator[str]:
    """The literals or `=` expressions by which a resource role says who."""
    for reference in owner.iterchildren(tag("resourceRef")):
        resource = reader.refer(element, text_of(reference), "resource")
        if resource is not None:
            yield resource.get("name") or resource.get("id") or ""
    for expression in owner.iter(tag("formalExpression"), tag("expression")):
        text = "".join(str(part) for part in expression.itertext()).strip()
        if reader.placeholder(element, text):
            continue
        if text.startswith("="):
            reader.feel(element, text)
            yield text
        else:
            yield from (_GROUP.sub(r"\1", part).strip() for part in text.split(",") if part.strip())
