"""A call activity names a process that exists."""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject

RULE = Rule(
    "called-process-unknown",
    "“{name}”调用的流程 {key} 不存在",
    "“{name}” calls the process {key}, which does not exist",
    "先发布该流程，或改正 calledElement",
    "publish that process first, or correct calledElement",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for keys that nothing published or in this file has."""
    if subject.known.definitions is None:
        return
    own = {process.get("id", "") for process in subject.executable}
    for element in subject.every("callActivity"):
        key = (element.get("calledElement") or "").split(":")[-1]
        if key and not key.startswith(("=", "$")) and key not in own | subject.known.definitions:
            yield subject.finding(RULE, element, key=key)
