"""A process stays small enough to be read and to be run quickly."""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import MOST_NODES, Rule, Subject, node_count

RULE = Rule(
    "too-many-nodes",
    "流程“{name}”有 {count} 个图元，上限 {most} 个",
    "the process “{name}” has {count} elements, at most {most} are allowed",
    "按阶段拆成几个流程，用调用活动连接",
    "split it by phase into processes that are called",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for processes above MOST_NODES."""
    for process in subject.executable:
        if (count := node_count(process)) > MOST_NODES:
            yield subject.finding(RULE, process, count=count, most=MOST_NODES)
