"""The steps of a definition as a list that says the same as its picture."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from lxml import etree

from lastmeter.definitions.source import (
    GATEWAYS,
    SUB_PROCESSES,
    flow_nodes,
    is_event_sub_process,
    lane_of_nodes,
    leaf_lanes,
    local,
    name_in,
    parse,
    processes,
    sequence_flows,
)
from lastmeter.definitions.svg.words import kind_word


@dataclass(frozen=True, slots=True)
class Step:
    """One element worth naming to a reader; `depth` counts the sub-processes around it."""

    element_id: str
    kind: str  # the BPMN name, for an icon or class; never shown
    name: str
    lane: str  # the lane's name, "" outside lanes
    depth: int = 0


def ordered_steps(xml: bytes, *, language: str = "zh") -> list[Step]:
    """Activities, events and named decisions in the order a case passes them; branches stay together.

    Raises SourceRejected.
    """
    steps: list[Step] = []
    for process in processes(parse(xml)):
        names = {lane.get("id", ""): name_in(lane, language) for lane in leaf_lanes(process)}
        lanes = {node: names.get(lane, "") for node, lane in lane_of_nodes(process).items()}
        _collect(process, lanes, "", 0, language, steps)
    return steps


def _collect(
    scope: etree._Element, lanes: dict[str, str], around: str, depth: int, language: str, steps: list[Step]
) -> None:
    for node in in_flow_order(scope):
        identifier, kind = node.get("id", ""), local(node)
        lane = lanes.get(identifier, around)
        name = name_in(node, language)
        if name or kind not in GATEWAYS:
            steps.append(Step(identifier, kind, name or kind_word(kind, language), lane, depth))
        if kind in SUB_PROCESSES:
            _collect(node, lanes, lane, depth + 1, language, steps)


def in_flow_order(scope: etree._Element) -> list[etree._Element]:
    """The nodes of a scope so that each comes after what leads to it, returns excepted; event sub-processes last."""
    nodes = {node.get("id", ""): node for node in flow_nodes(scope)}
    homes = {i: node.get("attachedToRef") or i for i, node in nodes.items()}
    after: defaultdict[str, list[str]] = defaultdict(list)
    entered: set[str] = set()
    for flow in sequence_flows(scope):
        source, target = flow.get("sourceRef", ""), flow.get("targetRef", "")
        if source in nodes and target in nodes:
            after[source].append(target)
            entered.add(target)
    for identifier, home in homes.items():
        if home != identifier and home in nodes:
            after[home].append(identifier)
            entered.add(identifier)

    def late(identifier: str) -> tuple[bool, bool]:
        return (is_event_sub_process(nodes[identifier]), identifier in entered)

    roots = sorted(nodes, key=late)
    # A node that a start leads to is no root: begun in the middle, a loop would be cut there and told out of order.
    reached: set[str] = set()
    ahead = [root for root in roots if root not in entered]
    while ahead:
        current = ahead.pop()
        if current not in reached:
            reached.add(current)
            ahead.extend(after[current])
    roots = [root for root in roots if root not in entered or root not in reached]

    finished: list[str] = []
    seen: set[str] = set()
    # Finished last means listed first: begin with the event sub-processes, end with the first start.
    for root in reversed(roots):
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(reversed(after[root])))]
        while stack:
            current, following = stack[-1]
            unseen = next((t for t in following if t not in seen), None)
            if unseen is None:
                finished.append(current)
                stack.pop()
            else:
                seen.add(unseen)
                stack.append((unseen, iter(reversed(after[unseen]))))
    return [nodes[identifier] for identifier in reversed(finished)]
