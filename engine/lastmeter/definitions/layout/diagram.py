"""The diagram interchange part of a file: pools, lanes, shapes, lines and their labels as BPMNDI elements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

from lastmeter.definitions.layout.drawing import Band, draw_links, lay_out_scope, set_coordinates
from lastmeter.definitions.layout.labels import line_label
from lastmeter.definitions.layout.routing import Border
from lastmeter.definitions.layout.shapes import Box, Link, Node, Point, Scope, read_scope
from lastmeter.definitions.source import BPMN, BPMNDI, DC, DI, lane_of_nodes, leaf_lanes, processes

_LEFT, _TOP = 160, 80
_HEADER = 30  # the strip with a pool's or lane's name
_LEAD = 40  # between the headers and the first column
_TAIL = 60
_BOX_HEIGHT = 60  # of a participant drawn as a closed box
_BOX_GAP = 50
_POOL_GAP = 60


@dataclass(eq=False)
class _Pool:
    """One process, its lanes and the frame around them."""

    process: etree._Element
    participant: str  # "" when the process stands without a pool
    lanes: list[etree._Element]
    scope: Scope
    bands: list[Band] = field(default_factory=list)

    @property
    def top(self) -> int:
        return self.bands[0].top

    @property
    def bottom(self) -> int:
        return self.bands[-1].bottom


def diagram(root: etree._Element) -> etree._Element | None:
    """A BPMNDiagram for all processes of the file; None where there is nothing to draw."""
    pools = [_read_pool(root, process) for process in processes(root)]
    if not pools:
        return None
    collaboration = root.find(f"{BPMN}collaboration")
    known = {node_id for pool in pools for node_id in _all_ids(pool.scope)}
    drawn_as_pool = {pool.participant for pool in pools}
    boxes = _closed_boxes(root, drawn_as_pool)
    messages = _messages(root, known, drawn_as_pool | {box for box, _ in boxes})
    for pool in pools:
        lay_out_scope(pool.scope)
    above, below = _split_boxes([box for box, _ in boxes], messages, pools)
    left = _LEFT + _HEADER * (1 + max(_lane_depth(pool) for pool in pools)) + _LEAD
    top = _TOP + (_BOX_HEIGHT + _BOX_GAP if above else 0)
    for pool in pools:
        names = [lane.get("name") or "" for lane in pool.lanes] or [""]
        pool.bands = set_coordinates(pool.scope, names, left, top)
        top = pool.bottom + _POOL_GAP
    width = max(node.box[2] for pool in pools for node in pool.scope.nodes.values()) + _TAIL - _LEFT if known else 400
    frames = _box_frames(above, pools[0].top - _BOX_GAP - _BOX_HEIGHT, width)
    frames |= _box_frames(below, pools[-1].bottom + _BOX_GAP, width)
    borders = _borders(frames, above, pools, width)
    edges = [edge for pool in pools for band in pool.bands for edge in (band.top, band.bottom)]
    bounds = {
        pool.process.get("id", ""): (_LEFT + 36, pool.top + 6, _LEFT + width - 6, pool.bottom - 6) for pool in pools
    }
    scopes = {pool.process.get("id", ""): pool.scope for pool in pools}
    message_paths = draw_links(scopes, bounds, messages, borders, left, edges)
    writer = _Writer()
    for pool in pools:
        _write_pool(writer, pool, width)
    for identifier, frame in frames.items():
        writer.shape(identifier, frame, {"isHorizontal": "true"})
    _write_messages(writer, messages, message_paths, pools)
    identifier = pools[0].process.get("id", "")
    plane = (collaboration.get("id") if collaboration is not None else None) or identifier
    return writer.diagram(identifier, plane)


def _read_pool(root: etree._Element, process: etree._Element) -> _Pool:
    identifier = process.get("id", "")
    lanes = leaf_lanes(process)
    index = {lane.get("id", ""): number for number, lane in enumerate(lanes)}
    lane_index = {node: index.get(lane, 0) for node, lane in lane_of_nodes(process).items()}
    pools = [p for p in root.iter(f"{BPMN}participant") if p.get("processRef", "").split(":")[-1] == identifier]
    participant = pools[0].get("id", "") if pools else ""
    return _Pool(process, participant, lanes, read_scope(process, lane_index, max(1, len(lanes))))


def _all_ids(scope: Scope) -> list[str]:
    """The ids of everything drawn in the scope, sub-processes looked into."""
    inner = [identifier for node in scope.nodes.values() if node.inner for identifier in _all_ids(node.inner)]
    return [*scope.nodes, *inner]


def _closed_boxes(root: etree._Element, open_pools: set[str]) -> list[tuple[str, str]]:
    found = [(p.get("id", ""), p.get("name") or "") for p in root.iter(f"{BPMN}participant")]
    return [(identifier, name) for identifier, name in found if identifier and identifier not in open_pools]


def _messages(root: etree._Element, nodes: set[str], participants: set[str]) -> list[Link]:
    """Message flows between things that are drawn on the outer level."""
    flows = [
        Link(flow.get("id", ""), flow.get("sourceRef", ""), flow.get("targetRef", ""), flow.get("name") or "")
        for flow in root.iter(f"{BPMN}messageFlow")
    ]
    known = nodes | participants
    return [flow for flow in flows if flow.id and flow.source in known and flow.target in known]


def _split_boxes(boxes: list[str], messages: list[Link], pools: list[_Pool]) -> tuple[list[str], list[str]]:
    """Which closed boxes stand above and which below: near the lanes they talk to, ordered by where they talk."""
    rows: dict[str, list[float]] = {box: [] for box in boxes}
    columns: dict[str, list[int]] = {box: [] for box in boxes}
    offset = 0
    lanes = sum(max(1, len(pool.lanes)) for pool in pools)
    for pool in pools:
        homes = {identifier: node for node in pool.scope.nodes.values() for identifier in _ids_of(node)}
        for message in messages:
            for box, other in ((message.source, message.target), (message.target, message.source)):
                node = homes.get(other)
                if box in rows and node is not None:
                    rows[box].append((offset + node.lane + 0.5) / lanes)
                    columns[box].append(node.column)
        offset += max(1, len(pool.lanes))

    def mean(values: list[float] | list[int], default: float) -> float:
        return sum(values) / len(values) if values else default

    above = [box for box in boxes if mean(rows[box], 0) <= 0.5]
    below = [box for box in boxes if box not in above]
    by_column = {box: mean(columns[box], 0) for box in boxes}
    return sorted(above, key=by_column.__getitem__), sorted(below, key=by_column.__getitem__)


def _ids_of(node: Node) -> list[str]:
    return [node.id, *(_all_ids(node.inner) if node.inner else ())]


def _box_frames(boxes: list[str], top: int, width: int) -> dict[str, Box]:
    """Closed boxes on one level share the width side by side, so that no message runs through a box."""
    frames: dict[str, Box] = {}
    share = (width - 30 * (len(boxes) - 1)) // len(boxes) if boxes else 0
    for number, box in enumerate(boxes):
        left = _LEFT + number * (share + 30)
        right = _LEFT + width if number == len(boxes) - 1 else left + share
        frames[box] = (left, top, right, top + _BOX_HEIGHT)
    return frames


def _borders(frames: dict[str, Box], above: list[str], pools: list[_Pool], width: int) -> dict[str, Border]:
    borders = {
        identifier: Border(identifier, frame[3] if identifier in above else frame[1], frame[0], frame[2])
        for identifier, frame in frames.items()
    }
    for number, pool in enumerate(pools):
        if pool.participant:
            y = pool.top if number else pool.bottom
            borders[pool.participant] = Border(pool.participant, y, _LEFT, _LEFT + width)
    return borders


def _lane_depth(pool: _Pool) -> int:
    def depth(lane: etree._Element) -> int:
        return sum(1 for above in lane.iterancestors(f"{BPMN}lane")) + 1

    return max((depth(lane) for lane in pool.lanes), default=0)


def _write_pool(writer: _Writer, pool: _Pool, width: int) -> None:
    if pool.participant:
        frame = (_LEFT, pool.top, _LEFT + width, pool.bottom)
        writer.shape(pool.participant, frame, {"isHorizontal": "true"})
    leaves = {lane.get("id", ""): band for lane, band in zip(pool.lanes, pool.bands, strict=False)}
    for lane in pool.process.iter(f"{BPMN}lane"):
        inside = [leaves[leaf.get("id", "")] for leaf in lane.iter(f"{BPMN}lane") if leaf.get("id", "") in leaves]
        depth = sum(1 for _ in lane.iterancestors(f"{BPMN}lane")) + 1
        if inside:
            frame = (_LEFT + _HEADER * depth, inside[0].top, _LEFT + width, inside[-1].bottom)
            writer.shape(lane.get("id", ""), frame, {"isHorizontal": "true"})
    _write_scope(writer, pool.scope, 0, 0)


def _write_scope(writer: _Writer, scope: Scope, dx: int, dy: int) -> None:
    for node in scope.nodes.values():
        attributes = {}
        if node.kind == "exclusiveGateway":
            attributes["isMarkerVisible"] = "true"
        if node.kind in ("subProcess", "transaction", "adHocSubProcess"):
            attributes["isExpanded"] = "true" if node.inner is not None else "false"
        writer.shape(node.id, _moved(node.box, dx, dy), attributes, _label(scope, node.id, dx, dy))
        if node.inner is not None:
            _write_scope(writer, node.inner, node.x + dx, node.y + dy)
    for identifier, path in scope.paths.items():
        writer.edge(identifier, [(x + dx, y + dy) for x, y in path], _label(scope, identifier, dx, dy))


def _moved(box: Box, dx: int, dy: int) -> Box:
    return (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)


def _label(scope: Scope, identifier: str, dx: int, dy: int) -> Box | None:
    box = scope.labels.get(identifier)
    return _moved(box, dx, dy) if box is not None else None


def _write_messages(writer: _Writer, messages: list[Link], paths: dict[str, list[Point]], pools: list[_Pool]) -> None:
    shapes = [node.box for pool in pools for node in pool.scope.nodes.values()]
    shapes += [box for pool in pools for box in pool.scope.labels.values()]
    lines = [path for pool in pools for path in pool.scope.paths.values()] + list(paths.values())
    for message in messages:
        label = line_label(message.name, paths[message.id], shapes, lines) if message.name else None
        writer.edge(message.id, paths[message.id], label)
        if label is not None:
            shapes.append(label)


class _Writer:
    """Collects shapes and edges and puts them on one plane."""

    def __init__(self) -> None:
        self._parts: list[etree._Element] = []

    def shape(self, identifier: str, box: Box, attributes: dict[str, str], label: Box | None = None) -> None:
        """One BPMNShape with its bounds."""
        shape = etree.Element(f"{BPMNDI}BPMNShape", {"id": f"{identifier}_di", "bpmnElement": identifier, **attributes})
        shape.append(_bounds(box))
        self._finish(shape, label)

    def edge(self, identifier: str, path: Iterable[Point], label: Box | None = None) -> None:
        """One BPMNEdge with its waypoints."""
        edge = etree.Element(f"{BPMNDI}BPMNEdge", {"id": f"{identifier}_di", "bpmnElement": identifier})
        for x, y in path:
            etree.SubElement(edge, f"{DI}waypoint", {"x": str(x), "y": str(y)})
        self._finish(edge, label)

    def _finish(self, part: etree._Element, label: Box | None) -> None:
        if label is not None:
            etree.SubElement(part, f"{BPMNDI}BPMNLabel").append(_bounds(label))
        self._parts.append(part)

    def diagram(self, identifier: str, plane_of: str) -> etree._Element:
        """The finished diagram; `plane_of` is the collaboration or process that the plane shows."""
        drawn = etree.Element(f"{BPMNDI}BPMNDiagram", {"id": f"diagram_{identifier}"})
        plane = etree.SubElement(drawn, f"{BPMNDI}BPMNPlane", {"id": f"plane_{identifier}", "bpmnElement": plane_of})
        plane.extend(self._parts)
        return drawn


def _bounds(box: Box) -> etree._Element:
    size = {"x": box[0], "y": box[1], "width": box[2] - box[0], "height": box[3] - box[1]}
    return etree.Element(f"{DC}Bounds", {name: str(value) for name, value in size.items()})
