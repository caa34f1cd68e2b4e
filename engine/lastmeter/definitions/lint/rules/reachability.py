"""Every element is on a path from a start, and every path can come to an end."""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject

UNREACHED = Rule(
    "never-reached",
    "没有路径从开始通向“{name}”，它永远不会执行",
    "no path leads from a start to “{name}”: it would never run",
    "连上入线，或删去它",
    "connect it or remove it",
)
ENDLESS = Rule(
    "end-unreachable",
    "从“{name}”出发到不了任何结束",
    "from “{name}” no end can be reached",
    "在循环里加一个能离开的网关",
    "give the loop a gateway that leads out of it",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for orphans and for circles without a way out (the first element of each stands for it)."""
    told = {entry for process in subject.compiled for entry in _told(process)}
    for graph in subject.graphs:
        for identifier, node in graph.nodes.items():
            if identifier not in graph.reached and identifier not in told:
                yield subject.finding(UNREACHED, node)
        stuck = [i for i in graph.nodes if i in graph.reached and i not in graph.ending]
        if stuck:
            yield subject.finding(ENDLESS, graph.nodes[stuck[0]])


def _told(process: object) -> list[str]:
    """What the parser has said already."""
    findings: tuple[Finding, ...] = getattr(process, "findings", ())
    return [found.element_id for found in findings if found.rule == "never-reached" and found.element_id]
