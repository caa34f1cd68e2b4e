"""A call activity names a process that exists, and that a call can begin."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject
from lastmeter.definitions.source import BPMN, local

RULE = Rule(
    "called-process-unknown",
    "“{name}”调用的流程 {key} 不存在",
    "“{name}” calls the process {key}, which does not exist",
    "先发布该流程，或改正 calledElement",
    "publish that process first, or correct calledElement",
)

START = Rule(
    "called-process-start",
    "“{name}”调用的流程 {key} 有 {count} 个没有事件的开始，调用无法确定从哪里开始",
    "“{name}” calls the process {key}, which has {count} start events without an event: a call begins at the only one",
    "在被调用的流程里只留一个没有事件的开始",
    "keep one start event without an event in the process that is called",
    everywhere=True,
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for keys that nothing published or in this file has, and for processes that have no one start."""
    own = {process.get("id", ""): _kinds(process) for process in subject.executable}
    for element in subject.every("callActivity"):
        key = (element.get("calledElement") or "").split(":")[-1]
        if not key or key.startswith(("=", "$")):
            continue
        known = subject.known.definitions
        if known is not None and key not in known.union(own):
            yield subject.finding(RULE, element, key=key)
        kinds = own[key] if key in own else subject.known.starts(key) if subject.known.starts is not None else []
        if kinds and kinds.count("none") != 1:
            yield subject.finding(START, element, key=key, count=kinds.count("none"))


def _kinds(process: etree._Element) -> list[str]:
    """`none` for each start event of the process itself without a definition, something else for the others."""
    events = process.iterchildren(f"{BPMN}startEvent")
    return ["event" if _defined(event) else "none" for event in events]


def _defined(event: etree._Element) -> bool:
    return any(local(child).endswith(("EventDefinition", "eventDefinitionRef")) for child in event.iterchildren("{*}*"))
