"""Whether a diagram reads well: what a careful eye would object to, as sentences for a test's failure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from lxml import etree

from lastmeter.definitions.layout.labels import line_hits, overlap
from lastmeter.definitions.layout.shapes import Box, Point, text_width
from lastmeter.definitions.source import (
    ACTIVITIES,
    BPMN,
    BPMNDI,
    DC,
    DI,
    EVENTS,
    FLOW_NODES,
    GATEWAYS,
    lane_of_nodes,
    local,
    parse,
    processes,
)
from lastmeter.definitions.svg.text import lines_of

MOST_CROSSINGS = 4
_DEFAULT_ID = re.compile(r"(?:[A-Z][A-Za-z]*)_[0-9a-z]{7}")


def problems(xml: bytes) -> list[str]:
    """Every objection to the drawing, each naming its elements; [] for a drawing that needs no mending.

    Raises SourceRejected.
    """
    drawing = _read(parse(xml))
    checks = (_undrawn, _outside_lane, _overlaps, _through, _cut_labels, _covered_labels, _default_ids, _crossings)
    return [sentence for check in checks for sentence in check(drawing)]


@dataclass(eq=False)
class _Drawing:
    root: etree._Element
    elements: dict[str, etree._Element]
    shapes: dict[str, Box]
    labels: dict[str, Box]
    lines: dict[str, list[Point]]

    def kind(self, identifier: str) -> str:
        return local(self.elements[identifier])

    def nodes(self) -> dict[str, Box]:
        """Events, gateways and activities."""
        return {i: box for i, box in self.shapes.items() if self.kind(i) in FLOW_NODES}

    def related(self, one: str, other: str) -> bool:
        """True where one may lie on the other: a boundary event on its host, content in its sub-process."""
        a, b = self.elements[one], self.elements[other]
        hosted = a.get("attachedToRef") == other or b.get("attachedToRef") == one
        return hosted or a in b.iterdescendants() or b in a.iterdescendants()


def _read(root: etree._Element) -> _Drawing:
    elements = {e.get("id", ""): e for e in root.iter(f"{BPMN}*") if e.get("id")}
    shapes: dict[str, Box] = {}
    labels: dict[str, Box] = {}
    lines: dict[str, list[Point]] = {}
    for part in root.iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge"):
        identifier = part.get("bpmnElement", "")
        if identifier not in elements:
            continue
        if (box := _box(part.find(f"{DC}Bounds"))) is not None:
            shapes[identifier] = box
        if (label := _box(part.find(f"{BPMNDI}BPMNLabel/{DC}Bounds"))) is not None:
            labels[identifier] = label
        points = [(_whole(p, "x"), _whole(p, "y")) for p in part.iterfind(f"{DI}waypoint")]
        if len(points) > 1:
            lines[identifier] = points
    return _Drawing(root, elements, shapes, labels, lines)


def _whole(element: etree._Element, name: str) -> int:
    return round(float(element.get(name, "0")))


def _box(bounds: etree._Element | None) -> Box | None:
    if bounds is None:
        return None
    x, y = _whole(bounds, "x"), _whole(bounds, "y")
    return (x, y, x + _whole(bounds, "width"), y + _whole(bounds, "height"))


def _undrawn(drawing: _Drawing) -> Iterator[str]:
    for identifier, element in drawing.elements.items():
        kind = local(element)
        if kind in FLOW_NODES | {"lane", "participant"} and identifier not in drawing.shapes:
            yield f"{identifier} has no shape"
        if kind in ("sequenceFlow", "messageFlow") and identifier not in drawing.lines:
            yield f"{identifier} has no line"


def _outside_lane(drawing: _Drawing) -> Iterator[str]:
    for process in processes(drawing.root):
        lanes = lane_of_nodes(process)
        for identifier, lane in lanes.items():
            box, frame = drawing.shapes.get(identifier), drawing.shapes.get(lane)
            if box is None or frame is None or identifier not in drawing.elements:
                continue
            if not (frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]):
                yield f"{identifier} is not inside {lane}"
        if lanes:
            yield from (
                f"{node.get('id')} is in no lane"
                for node in process
                if local(node) in FLOW_NODES - {"boundaryEvent"} and node.get("id", "") not in lanes
            )


def _overlaps(drawing: _Drawing) -> Iterator[str]:
    nodes = drawing.nodes()
    for one, other in combinations(nodes, 2):
        if overlap(nodes[one], nodes[other]) and not drawing.related(one, other):
            yield f"{one} overlaps {other}"


def _through(drawing: _Drawing) -> Iterator[str]:
    """Lines that run through what they do not belong to."""
    nodes = drawing.nodes()
    for line, points in drawing.lines.items():
        flow = drawing.elements[line]
        ends = {flow.get("sourceRef"), flow.get("targetRef")}
        ends |= {drawing.elements[end].get("attachedToRef") for end in ends if end in drawing.elements}
        for identifier, box in nodes.items():
            inside = flow in drawing.elements[identifier].iterdescendants()
            # A message may be meant for an element inside a sub-process.
            holds_end = any(
                end in drawing.elements and drawing.elements[end] in drawing.elements[identifier].iterdescendants()
                for end in ends
                if end is not None
            )
            if identifier in ends or inside or holds_end:
                continue
            shrunk = (box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1)
            if any(line_hits(a, b, shrunk) for a, b in pairwise(points)):
                yield f"{line} runs through {identifier}"


def _cut_labels(drawing: _Drawing) -> Iterator[str]:
    for identifier, box in drawing.shapes.items():
        name = " ".join((drawing.elements[identifier].get("name") or "").split())
        kind = drawing.kind(identifier)
        if kind in ACTIVITIES and not _is_open(drawing, identifier):
            lines = lines_of(name, box[2] - box[0] - 10, 12, 99)
            if len(lines) * 15 > box[3] - box[1] - 8:
                yield f"the name of {identifier} does not fit"
        elif kind in ("lane", "participant") and text_width(name, 12) > _heading(kind, box) - 8:
            yield f"the name of {identifier} does not fit"
        elif kind in EVENTS | GATEWAYS and name and identifier not in drawing.labels:
            yield f"the name of {identifier} has no place"


def _heading(kind: str, box: Box) -> int:
    """How long the strip is that holds the name: a lane's is its height, a closed pool may use its width."""
    return box[3] - box[1] if kind == "lane" else max(box[3] - box[1], box[2] - box[0])


def _is_open(drawing: _Drawing, identifier: str) -> bool:
    return any(local(child) in FLOW_NODES for child in drawing.elements[identifier])


def _covered_labels(drawing: _Drawing) -> Iterator[str]:
    """Labels that touch each other, a foreign shape, or are struck through by a line."""
    nodes = drawing.nodes()
    for one, other in combinations(drawing.labels, 2):
        if overlap(drawing.labels[one], drawing.labels[other], -1):
            yield f"the labels of {one} and {other} overlap"
    for identifier, label in drawing.labels.items():
        inner = (label[0] + 2, label[1] + 2, label[2] - 2, label[3] - 2)
        for node, box in nodes.items():
            if node != identifier and not _is_open(drawing, node) and overlap(inner, box):
                yield f"the label of {identifier} lies on {node}"
        for line, points in drawing.lines.items():
            if any(line_hits(a, b, inner) for a, b in pairwise(points)):
                yield f"the label of {identifier} is struck through by {line}"


def _default_ids(drawing: _Drawing) -> Iterator[str]:
    for identifier in drawing.elements:
        if _DEFAULT_ID.fullmatch(identifier):
            yield f"{identifier} is a generated id"


def _crossings(drawing: _Drawing) -> Iterator[str]:
    crossed = [pair for pair in combinations(drawing.lines, 2) if _cross(drawing, *pair)]
    if len(crossed) > MOST_CROSSINGS:
        pairs = "; ".join(f"{one} × {other}" for one, other in crossed)
        yield f"{len(crossed)} pairs of lines cross, more than {MOST_CROSSINGS}: {pairs}"


def _cross(drawing: _Drawing, one: str, other: str) -> bool:
    """True when two lines cut each other; lines that end in one target run together there."""
    if drawing.elements[one].get("targetRef") == drawing.elements[other].get("targetRef"):
        return False
    return any(_cut(a, b) or _cut(b, a) for a in pairwise(drawing.lines[one]) for b in pairwise(drawing.lines[other]))


def _cut(level: tuple[Point, Point], upright: tuple[Point, Point]) -> bool:
    (x0, y0), (x1, y1) = level
    (u0, v0), (u1, v1) = upright
    if y0 != y1 or u0 != u1:
        return False
    return min(x0, x1) < u0 < max(x0, x1) and min(v0, v1) < y0 < max(v0, v1)
