"""What is to be drawn: nodes with sizes, links between them, read from the semantic part of a BPMN file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from lxml import etree

from lastmeter.definitions.source import (
    BPMN,
    EVENTS,
    GATEWAYS,
    SUB_PROCESSES,
    flow_nodes,
    is_event_sub_process,
    local,
    sequence_flows,
)

TASK_WIDTH, TASK_HEIGHT = 100, 80
PITCH = 160  # one column: a task and the gap behind it
GAP = PITCH - TASK_WIDTH

Point = tuple[int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(eq=False)
class Node:
    """One shape: what it is, where it stands in the grid (lane, column, row), and then in pixels."""

    id: str
    kind: str  # the element's BPMN name
    name: str
    width: int
    height: int
    host: str = ""  # of a boundary event: the activity it sits on
    loose: bool = False  # an event sub-process: no sequence flow ties it to a place
    inner: Scope | None = None  # an expanded sub-process: what is drawn inside, from its own left upper corner
    span: int = 1  # columns taken
    lane: int = 0
    column: int = 0
    row: int = 0
    x: int = 0
    y: int = 0
    on_top: bool = False  # a boundary event that found no room at its host's lower edge

    @property
    def box(self) -> Box:
        return (self.x, self.y, self.x + self.width, self.y + self.height)

    @property
    def center(self) -> Point:
        return (self.x + self.width // 2, self.y + self.height // 2)


@dataclass(frozen=True)
class Link:
    """A line between two shapes."""

    id: str
    source: str
    target: str
    name: str = ""


@dataclass(eq=False)
class Scope:
    """A process or sub-process: its shapes, its lines and, once laid out, their paths and labels."""

    nodes: dict[str, Node]
    flows: list[Link]
    ties: list[Link]  # associations and data associations: they follow the shapes, they do not order them
    lanes: int = 1
    back: set[str] = field(default_factory=set)  # flows that return to an earlier step
    paths: dict[str, list[Point]] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)
    width: int = 0
    height: int = 0

    def home(self, identifier: str) -> Node:
        """The node that stands in the grid for `identifier`: a boundary event's host, else the node itself."""
        node = self.nodes[identifier]
        return self.nodes[node.host] if node.host else node

    def main_nodes(self) -> list[Node]:
        return [node for node in self.nodes.values() if not node.host]

    def hosts(self) -> set[str]:
        return {node.host for node in self.nodes.values() if node.host}


def text_width(text: str, size: float = 11) -> float:
    """The estimated width in pixels: a Chinese character is as wide as it is high, a Latin letter about half."""
    return sum(size if ord(character) > 0x2E7F else size * 0.56 for character in text)


def wrapped(text: str, width: int) -> tuple[int, int]:
    """Width and height of an external label wrapped at `width`: 11 px letters on 14 px lines, as bpmn-js draws them."""
    full = text_width(text) + 4
    lines = max(1, math.ceil(full / width))
    return (math.ceil(full), 14) if lines == 1 else (width, 14 * lines)


def read_scope(scope: etree._Element, lane_index: dict[str, int], lanes: int) -> Scope:
    """The shapes and lines directly in `scope`; references that lead nowhere are left out of the drawing."""
    nodes: dict[str, Node] = {}
    for element in flow_nodes(scope):
        if identifier := element.get("id"):
            nodes[identifier] = _node(element, identifier, lane_index.get(identifier, 0))
    for node in nodes.values():
        if node.host not in nodes or nodes[node.host].host:
            node.host = ""
        elif node.host:
            node.lane = nodes[node.host].lane
    flows = [
        Link(flow.get("id", ""), flow.get("sourceRef", ""), flow.get("targetRef", ""), flow.get("name") or "")
        for flow in sequence_flows(scope)
    ]
    flows = [flow for flow in flows if flow.id and flow.source in nodes and flow.target in nodes]
    for element in scope:
        if (kind := local(element)) in _ARTIFACT_SIZE and (identifier := element.get("id")):
            nodes[identifier] = _artifact(element, kind, identifier)
    ties = [tie for tie in _ties(scope) if tie.id and tie.source in nodes and tie.target in nodes]
    return Scope(nodes, flows, ties, lanes)


_ARTIFACT_SIZE = {"textAnnotation": (TASK_WIDTH, 30), "dataObjectReference": (36, 50), "dataStoreReference": (50, 50)}
ARTIFACTS = frozenset(_ARTIFACT_SIZE)


def _node(element: etree._Element, identifier: str, lane: int) -> Node:
    kind = local(element)
    size = (36, 36) if kind in EVENTS else (50, 50) if kind in GATEWAYS else (TASK_WIDTH, TASK_HEIGHT)
    host = element.get("attachedToRef") or "" if kind == "boundaryEvent" else ""
    node = Node(identifier, kind, element.get("name") or "", *size, host=host, lane=lane)
    if kind in SUB_PROCESSES:
        node.loose = is_event_sub_process(element)
        if next(flow_nodes(element), None) is not None:
            node.inner = read_scope(element, {}, 1)
    return node


def _artifact(element: etree._Element, kind: str, identifier: str) -> Node:
    width, height = _ARTIFACT_SIZE[kind]
    name = element.get("name") or ""
    if kind == "textAnnotation":
        name = " ".join((element.findtext(f"{BPMN}text") or "").split())
        width = min(PITCH - 30, max(TASK_WIDTH, round(text_width(name, 12) / 4)))
        height = max(30, 10 + 16 * math.ceil(text_width(name, 12) / (width - 12)))
    return Node(identifier, kind, name, width, height)


def _ties(scope: etree._Element) -> list[Link]:
    ties = [
        Link(tie.get("id", ""), tie.get("sourceRef", ""), tie.get("targetRef", ""))
        for tie in scope.iterfind(f"{BPMN}association")
    ]
    for node in flow_nodes(scope):
        for tie in node.iterfind(f"{BPMN}dataInputAssociation"):
            source = (tie.findtext(f"{BPMN}sourceRef") or "").strip()
            ties.append(Link(tie.get("id", ""), source, node.get("id", "")))
        for tie in node.iterfind(f"{BPMN}dataOutputAssociation"):
            target = (tie.findtext(f"{BPMN}targetRef") or "").strip()
            ties.append(Link(tie.get("id", ""), node.get("id", ""), target))
    return ties
