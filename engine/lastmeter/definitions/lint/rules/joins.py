"""Joins match splits: what was split to run together is joined together, what was chosen is merged as a choice."""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Graph, Rule, Subject, shown
from lastmeter.definitions.source import local

WAITS = Rule(
    "join-waits-forever",
    "并行网关“{name}”等候的分支来自选择“{split}”，只会来一条，永远等不齐",
    "the parallel join “{name}” waits for branches of the choice “{split}”, of which only one comes",
    "改用排他网关合并",
    "merge them with an exclusive gateway",
)
TWICE = Rule(
    "branches-run-on-twice",
    "并行分支（始于“{split}”）在“{name}”处未经合并，其后的步骤会执行多次",
    "the parallel branches from “{split}” meet at “{name}” without a join: what follows runs once for each",
    "先用并行网关合并",
    "join them with a parallel gateway first",
)
_JOINS = ("parallelGateway", "inclusiveGateway", "complexGateway")
_CHOICES = ("exclusiveGateway", "eventBasedGateway")


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for joins whose nearest common split is of the other kind."""
    for graph in subject.graphs:
        for identifier, node in graph.nodes.items():
            if identifier not in graph.reached or local(node) == "endEvent" or _forward(graph, identifier) < 2:
                continue
            above = graph.nearest_dominator(identifier)
            if above is None or len(graph.flows.get(above, ())) < 2:
                continue
            split, words = graph.nodes[above], shown(graph.nodes[above])
            if local(node) == "parallelGateway" and local(split) in _CHOICES:
                yield subject.finding(WAITS, node, split=words)
            elif local(node) not in _JOINS and local(split) == "parallelGateway":
                yield subject.finding(TWICE, node, split=words)


def _forward(graph: Graph, identifier: str) -> int:
    """Incoming flows that do not come back from behind the node itself."""
    return sum(
        1
        for source in graph.leading[identifier]
        if source in graph.dominators and identifier not in graph.dominators[source]
    )
