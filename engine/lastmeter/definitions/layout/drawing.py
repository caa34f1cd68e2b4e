"""From the grid to pixels: bands of lanes, the shapes in them, sub-processes from the inside out, lines and labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lastmeter.definitions.layout.labels import line_label, node_label
from lastmeter.definitions.layout.placing import place
from lastmeter.definitions.layout.routing import Border, Port, Router, corners, plain_path
from lastmeter.definitions.layout.shapes import (
    GAP,
    PITCH,
    TASK_HEIGHT,
    TASK_WIDTH,
    Box,
    Link,
    Node,
    Point,
    Scope,
    text_width,
)

BAND = 50  # free height above and below every row: four tracks for lines, and labels
_TRACKS = (10, 20, 30, 40)
_COLUMN_TRACKS = (12, 21, 30, 39, 48)
_INSIDE = 20  # between a sub-process's frame and its content
_CAPTION = 26  # height of a sub-process's own name
_WINDOW = 2 * PITCH  # a line is first looked for this near to its two ends
_ROUNDS = 2  # the second time a line knows the lines that came after it
_BOTTOM_EVENTS = ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent")


@dataclass(frozen=True)
class Band:
    """A lane, or a process without lanes: where it begins and how high it is."""

    top: int
    height: int

    @property
    def bottom(self) -> int:
        return self.top + self.height


def lay_out_scope(scope: Scope, *, drop: bool = True) -> None:
    """Grid places for `scope`, its sub-processes drawn complete first, because their size decides the grid."""
    for node in scope.nodes.values():
        if node.inner is not None:
            _draw_inside(node, node.inner)
    place(scope, drop=drop)


def _draw_inside(node: Node, inner: Scope) -> None:
    """The sub-process's content, with coordinates from its own corner, and the size it needs."""
    lay_out_scope(inner, drop=False)
    bands = set_coordinates(inner, [""], PITCH, PITCH)
    bounds = (0, 0, 10**6, 10**6)
    scopes = {"": inner}
    draw_links(scopes, {"": bounds}, [], {}, PITCH, [band.top for band in bands])
    left, top, right, bottom = content_box(inner)
    shift(inner, _INSIDE - left, _INSIDE + _CAPTION - top)
    caption = round(text_width(node.name, 12)) + 20
    node.width = max(right - left + 2 * _INSIDE, caption, TASK_WIDTH)
    node.height = max(bottom - top + 2 * _INSIDE + _CAPTION, TASK_HEIGHT)
    node.span = math.ceil((node.width + GAP) / PITCH)


def content_box(scope: Scope) -> Box:
    """The box around all shapes, labels and lines of the scope."""
    boxes = [node.box for node in scope.nodes.values()] + list(scope.labels.values())
    boxes += [(x, y, x, y) for path in scope.paths.values() for x, y in path]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def shift(scope: Scope, dx: int, dy: int) -> None:
    """Everything drawn in the scope stands `dx`, `dy` further."""
    for node in scope.nodes.values():
        node.x, node.y = node.x + dx, node.y + dy
    for key, path in scope.paths.items():
        scope.paths[key] = [(x + dx, y + dy) for x, y in path]
    for key, box in scope.labels.items():
        scope.labels[key] = (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)


def set_coordinates(scope: Scope, lane_names: list[str], left: int, top: int) -> list[Band]:
    """Pixels for every shape; the bands of the lanes from `top` downwards."""
    bands: list[Band] = []
    y = top
    by_row: defaultdict[tuple[int, int], list[Node]] = defaultdict(list)
    for node in scope.main_nodes():
        by_row[node.lane, node.row].append(node)
    for lane, name in enumerate(lane_names):
        start = y
        rows = max((row for at, row in by_row if at == lane), default=0) + 1
        here: list[Node] = []
        for row in range(rows):
            nodes = by_row[lane, row]
            height = max((node.height for node in nodes), default=TASK_HEIGHT)
            y += BAND
            for node in nodes:
                node.x = left + node.column * PITCH + ((TASK_WIDTH - node.width) // 2 if node.span == 1 else 0)
                node.y = y + (height - node.height) // 2
            here += nodes
            y += height
        y += BAND
        needed = round(text_width(name, 12) * 1.15) + 24
        if y - start < needed:
            for node in here:
                node.y += (needed - (y - start)) // 2
            y = start + needed
        bands.append(Band(start, y - start))
    _attach(scope)
    return bands


def _attach(scope: Scope) -> None:
    """Boundary events on their hosts' edges: the lower one first, the upper one when that is full."""
    count: defaultdict[str, int] = defaultdict(int)
    for node in scope.nodes.values():
        if not node.host:
            continue
        host = scope.nodes[node.host]
        room = max(1, (host.width - 12) // 44)
        number = count[host.id]
        count[host.id] += 1
        node.on_top = number >= room
        node.x = host.x + 8 + 44 * (number % room)
        node.y = host.y - 18 if node.on_top else host.y + host.height - 18


def _columns(scopes: Iterable[Scope], left: int) -> set[int]:
    last = max((node.column + node.span for scope in scopes for node in scope.nodes.values()), default=1)
    xs = {left - 12, left - 21}
    for column in range(last + 1):
        start = left + column * PITCH
        xs.add(start + TASK_WIDTH // 2)
        xs.update(start + TASK_WIDTH + track for track in _COLUMN_TRACKS)
    return xs


def _rows(scope: Scope) -> set[int]:
    extents: dict[tuple[int, int], tuple[int, int]] = {}
    for node in scope.main_nodes():
        top, bottom = node.y, node.y + node.height
        low, high = extents.get((node.lane, node.row), (top, bottom))
        extents[node.lane, node.row] = (min(low, top), max(high, bottom))
    ys: set[int] = set()
    for low, high in extents.values():
        ys.update(low - track for track in _TRACKS)
        ys.update(high + track for track in _TRACKS)
    return ys


def draw_links(
    scopes: Mapping[str, Scope],
    bounds: Mapping[str, Box],
    messages: list[Link],
    borders: Mapping[str, Border],
    left: int,
    band_edges: list[int],
) -> dict[str, list[Point]]:
    """Paths and labels of every scope filled in; returns the paths of the message flows."""
    nodes = {node.id: node for scope in scopes.values() for node in scope.nodes.values()}
    for scope in scopes.values():
        scope.labels = _node_labels(scope)
    deep = {key: value for scope in scopes.values() for key, value in _inside(scope, 0, 0, None)}
    ends = {end for message in messages for end in (message.source, message.target)}
    xs = _columns(scopes.values(), left) | {(box[0] + box[2]) // 2 for key, (_, box) in deep.items() if key in ends}
    xs |= {node.center[0] for node in nodes.values()}
    ys = {y for scope in scopes.values() for y in _rows(scope)}
    ys = {y for y in ys if all(abs(y - edge) > 3 for edge in band_edges)}
    ys |= {node.center[1] for node in nodes.values() if not node.host} | {border.y for border in borders.values()}
    taken = [box for scope in scopes.values() for box in scope.labels.values()]
    router = Router(nodes.values(), taken, xs, ys)
    hosts = {node.host for node in nodes.values() if node.host}
    message_paths = {}
    for message in messages:
        message_paths[message.id] = _draw_message(router, message, nodes, deep, borders, hosts)
    for key, scope in scopes.items():
        order = _flow_order(scope)
        for _ in range(_ROUNDS):
            for flow in order:
                _draw_flow(router, scope, flow, bounds[key], hosts)
        _draw_ties(router, scope, bounds[key])
        _lift_labels(scope)
    for scope in scopes.values():
        _label_lines(scope, list(message_paths.values()))
    return message_paths


def _node_labels(scope: Scope) -> dict[str, Box]:
    """The names of events and gateways; of two boundary events side by side the left one's stands to its left."""
    edges = {(node.host, node.on_top, node.x) for node in scope.nodes.values() if node.host}
    labels: dict[str, Box] = {}
    for node in scope.nodes.values():
        neighbour = any(host == node.host and top == node.on_top and x > node.x for host, top, x in edges)
        if (box := node_label(node, leftwards=bool(node.host) and neighbour)) is not None:
            labels[node.id] = box
    return labels


def _inside(scope: Scope, dx: int, dy: int, wall: Node | None) -> Iterator[tuple[str, tuple[Node, Box]]]:
    """Every element inside a sub-process of the scope: the outermost sub-process around it, and its own box."""
    for node in scope.nodes.values():
        x, y = node.x + dx, node.y + dy
        if wall is not None:
            yield node.id, (wall, (x, y, x + node.width, y + node.height))
        if node.inner is not None:
            yield from _inside(node.inner, x, y, wall or node)


def _draw_message(
    router: Router,
    message: Link,
    nodes: Mapping[str, Node],
    deep: Mapping[str, tuple[Node, Box]],
    borders: Mapping[str, Border],
    hosts: set[str],
) -> list[Point]:
    """A message's path; one that is meant for an element inside a sub-process goes straight through its wall."""
    everywhere = (-(10**6), -(10**6), 10**6, 10**6)

    def leaving(identifier: str) -> list[Port] | None:
        if identifier in deep:
            wall, inner = deep[identifier]
            return router.through_wall(wall.box, inner, leaving=True)
        return router.leaving(nodes[identifier], hosts, vertical=True) if identifier in nodes else None

    def entering(identifier: str) -> list[Port] | None:
        if identifier in deep:
            wall, inner = deep[identifier]
            return router.through_wall(wall.box, inner, leaving=False)
        return router.entering(nodes[identifier], hosts, vertical=True) if identifier in nodes else None

    def extended(path: list[Point], identifier: str) -> list[Point]:
        if identifier not in deep:
            return path
        _, inner = deep[identifier]
        x, y = path[-1]
        return corners([*path, (x, inner[1] if y <= inner[1] else inner[3])])

    out, into = leaving(message.source), entering(message.target)
    if out is not None and into is not None:
        path = router.route(message.id, out, into, everywhere, message.target)
        path = path or corners([out[0].point, (out[0].point[0], into[0].point[1]), into[0].point])
        return extended(extended(path, message.target)[::-1], message.source)[::-1]
    near = message.source if out is not None else message.target
    starts = out if out is not None else leaving(near)
    if starts is None:
        one, other = borders[message.source], borders[message.target]
        x = (max(one.left, other.left) + min(one.right, other.right)) // 2
        return [(x, one.y), (x, other.y)]
    border = borders[message.target if near == message.source else message.source]
    point = starts[0].point
    path = router.route(message.id, starts, border, everywhere, border.owner) or [point, (point[0], border.y)]
    path = extended(path[::-1], near)
    return path[::-1] if near == message.source else path


def _flow_order(scope: Scope) -> list[Link]:
    """Short flows first: they set the straight lines that longer ones find their way around; returns last."""

    def distance(flow: Link) -> tuple[bool, int]:
        source, target = scope.nodes[flow.source], scope.nodes[flow.target]
        steps = abs(source.column - target.column) + 2 * abs(source.lane - target.lane) + abs(source.row - target.row)
        return (flow.id in scope.back, steps)

    return sorted(scope.flows, key=distance)


def _draw_flow(router: Router, scope: Scope, flow: Link, bounds: Box, hosts: set[str]) -> None:
    """The flow's path, drawn anew where it was drawn before: what came after it may have made another way better."""
    router.erase(flow.id)
    source, target = scope.nodes[flow.source], scope.nodes[flow.target]
    starts = router.leaving(source, hosts, back=flow.id in scope.back)
    ends = router.entering(target, hosts)
    near = _window([source.box, target.box], bounds)
    path = router.route(flow.id, starts, ends, near, target.id) or router.route(
        flow.id, starts, ends, bounds, target.id
    )
    scope.paths[flow.id] = path or scope.paths.get(flow.id) or plain_path(source, target)


def _draw_ties(router: Router, scope: Scope, bounds: Box) -> None:
    for tie in scope.ties:
        source, target = scope.nodes.get(tie.source), scope.nodes.get(tie.target)
        if source is None or target is None:
            continue
        starts, ends = router.leaving(source, set()), router.entering(target, set())
        path = router.route(tie.id, starts, ends, bounds, target.id)
        scope.paths[tie.id] = path or plain_path(source, target)


def _window(boxes: list[Box], bounds: Box) -> Box:
    return (
        max(bounds[0], min(box[0] for box in boxes) - _WINDOW),
        max(bounds[1], min(box[1] for box in boxes) - _WINDOW),
        min(bounds[2], max(box[2] for box in boxes) + _WINDOW),
        min(bounds[3], max(box[3] for box in boxes) + _WINDOW),
    )


def _lift_labels(scope: Scope) -> None:
    """An event whose lower port is used carries its name above."""
    ends = {path[end] for path in scope.paths.values() for end in (0, -1)}
    for node in scope.nodes.values():
        foot = (node.center[0], node.y + node.height)
        if node.kind in _BOTTOM_EVENTS and foot in ends and node.id in scope.labels:
            lifted = node_label(node, above=True)
            if lifted is not None:
                scope.labels[node.id] = lifted


def _label_lines(scope: Scope, others: list[list[Point]]) -> None:
    shapes = [node.box for node in scope.nodes.values()] + list(scope.labels.values())
    for flow in scope.flows:
        if flow.name:
            box = line_label(flow.name, scope.paths[flow.id], shapes, [*scope.paths.values(), *others])
            scope.labels[flow.id] = box
            shapes.append(box)
