"""Lines: the cheapest right-angled path for each link on a sparse grid of tracks between the shapes."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from lastmeter.definitions.layout.shapes import PITCH, Box, Node, Point

RIGHT, DOWN, LEFT, UP = range(4)
_STEP = ((1, 0), (0, 1), (-1, 0), (0, -1))
_MARGIN = 5  # no line comes nearer to a foreign shape

# The weights were chosen by looking at drawings; one bend is worth 60 pixels.
_BEND, _CROSSING, _BEND_TOUCH, _OVERLAP, _LABEL = 6.0, 25.0, 30.0, 80.0, 14.0
_MERGE = 0.6  # two lines into one target share their last stretch gladly
_PORT_TAKEN, _PORT_AGAINST = 12.0, 60.0

# Search steps per drawing, about five seconds; our own largest takes a fifteenth. A worse tangle gets plain lines.
MOST_STEPS = 600_000

Vertex = tuple[int, int]
Edge = tuple[int, int, int]  # vertex and axis: 0 to the right, 1 down


@dataclass(frozen=True)
class Port:
    """Where a line touches a shape: the point on its border, the way it goes there, and what that costs."""

    point: Point
    direction: int
    penalty: float
    owner: str


@dataclass(frozen=True)
class Border:
    """A pool's edge that a message flow may end on anywhere."""

    owner: str
    y: int
    left: int
    right: int


@dataclass(frozen=True)
class _Trace:
    """What one line left behind on the grid, to be taken back when it is drawn anew."""

    target: str
    edges: tuple[Edge, ...]
    passing: tuple[tuple[Vertex, int], ...]
    left: tuple[str, int]
    entered: tuple[str, int]


class Router:
    """Routes one link after the other; what is routed already makes some ways dearer."""

    def __init__(self, nodes: Iterable[Node], labels: Iterable[Box], xs: Iterable[int], ys: Iterable[int]) -> None:
        self._xs = sorted(set(xs))
        self._ys = sorted(set(ys))
        self._x_index = {x: i for i, x in enumerate(self._xs)}
        self._y_index = {y: i for i, y in enumerate(self._ys)}
        self._nodes = {node.id: node for node in nodes}
        self._effort = MOST_STEPS
        self._solid: set[Edge] = set()
        self._soft: defaultdict[Edge, int] = defaultdict(int)
        for node in self._nodes.values():
            self._solid.update(self._edges_in(node.box, _MARGIN))
        for label in labels:
            for edge in self._edges_in(label, 1):
                self._soft[edge] += 1
        self._users: defaultdict[Edge, list[str]] = defaultdict(list)  # targets of the lines on an edge
        self._passing: defaultdict[Vertex, list[tuple[str, int]]] = defaultdict(list)  # target, axis or 2 for a bend
        self._drawn: dict[str, _Trace] = {}
        self._left_by: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._entered_by: defaultdict[tuple[str, int], int] = defaultdict(int)

    def _edges_in(self, box: Box, margin: int) -> Iterable[Edge]:
        left, top, right, bottom = box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
        xs, ys = self._xs, self._ys
        for j in range(bisect_right(ys, top), bisect_left(ys, bottom)):
            for i in range(max(0, bisect_right(xs, left) - 1), min(len(xs) - 1, bisect_left(xs, right))):
                yield (i, j, 0)
        for i in range(bisect_right(xs, left), bisect_left(xs, right)):
            for j in range(max(0, bisect_right(ys, top) - 1), min(len(ys) - 1, bisect_left(ys, bottom))):
                yield (i, j, 1)

    # -- ports

    def leaving(self, node: Node, hosts: set[str], *, back: bool = False, vertical: bool = False) -> list[Port]:
        """The ports a line may leave `node` by; right is the natural way, a return leaves above or below."""
        if node.host:
            return [self._port(node, UP if node.on_top else DOWN, 0)]
        side = 3.0 if node.kind.endswith("Gateway") else 7.0
        costs = [0.0, side, 60.0, side]
        if back:
            costs[DOWN], costs[UP] = 3.0, 3.0
        if vertical:
            costs = [90.0, 0.0, 90.0, 0.0]
        if node.id in hosts and not vertical:
            costs[DOWN] += 25
        for direction in range(4):
            costs[direction] += _PORT_TAKEN * min(1, self._left_by[node.id, direction])
            costs[direction] += _PORT_AGAINST * min(1, self._entered_by[node.id, direction])
        return [self._port(node, direction, cost) for direction, cost in enumerate(costs)]

    def entering(self, node: Node, hosts: set[str], *, vertical: bool = False) -> list[Port]:
        """The ports a line may enter `node` by; `direction` is the way it travels, so RIGHT enters at the left."""
        side = 4.0 if node.kind.endswith("Gateway") else 6.0
        costs = [0.0, side, 25.0, side]
        if vertical:
            costs = [90.0, 0.0, 90.0, 0.0]
        if node.id in hosts:
            costs[UP] += 40
        ports = []
        for direction, cost in enumerate(costs):
            outside = (direction + 2) % 4
            cost += _PORT_AGAINST * min(1, self._left_by[node.id, outside])
            port = self._port(node, outside, cost)
            ports.append(Port(port.point, direction, cost, node.id))
        return ports

    @staticmethod
    def through_wall(wall: Box, inner: Box, *, leaving: bool) -> list[Port]:
        """Ports at the upper and lower edge of a sub-process, straight above and below an element inside it."""
        x = (inner[0] + inner[2]) // 2
        at = {UP: (x, wall[1]), DOWN: (x, wall[3])}
        return [
            Port(point, outside if leaving else (outside + 2) % 4, 0.0, f"wall of {inner}")
            for outside, point in at.items()
        ]

    @staticmethod
    def _port(node: Node, direction: int, penalty: float) -> Port:
        x, y = node.center
        left, top, right, bottom = node.box
        return Port([(right, y), (x, bottom), (left, y), (x, top)][direction], direction, penalty, node.id)

    def _outside(self, port: Port, direction: int) -> Vertex | None:
        """The first grid point clear of the shape, seen from the port in `direction`."""
        x, y = port.point
        if direction in (RIGHT, LEFT):
            if y not in self._y_index:
                return None
            i = bisect_left(self._xs, x + _MARGIN) if direction == RIGHT else bisect_right(self._xs, x - _MARGIN) - 1
            return (i, self._y_index[y]) if 0 <= i < len(self._xs) else None
        if x not in self._x_index:
            return None
        j = bisect_left(self._ys, y + _MARGIN) if direction == DOWN else bisect_right(self._ys, y - _MARGIN) - 1
        return (self._x_index[x], j) if 0 <= j < len(self._ys) else None

    # -- search

    def route(
        self, link: str, starts: list[Port], ends: list[Port] | Border, bounds: Box, target: str
    ) -> list[Point] | None:
        """The cheapest path inside `bounds` as points with right angles; None where there is no way."""
        exits: dict[tuple[int, int, int], Port] = {}
        for port in starts:
            if vertex := self._outside(port, port.direction):
                exits[(*vertex, port.direction)] = port
        doors: defaultdict[Vertex, list[Port]] = defaultdict(list)
        if isinstance(ends, Border):
            self._open_border(ends, doors)
        else:
            for port in ends:
                if vertex := self._outside(port, (port.direction + 2) % 4):
                    doors[vertex].append(port)
        if not exits or not doors:
            return None
        found = self._search(exits, doors, bounds, target)
        if found is None:
            return None
        states, door = found
        return self._draw(link, states, exits[states[0]], door, target)

    def erase(self, link: str) -> None:
        """The grid is as if the link had not been drawn."""
        trace = self._drawn.pop(link, None)
        if trace is None:
            return
        for edge in trace.edges:
            self._users[edge].remove(trace.target)
        for vertex, axis in trace.passing:
            self._passing[vertex].remove((trace.target, axis))
        self._left_by[trace.left] -= 1
        self._entered_by[trace.entered] -= 1

    def _open_border(self, border: Border, doors: defaultdict[Vertex, list[Port]]) -> None:
        j = self._y_index[border.y]
        for i in range(bisect_right(self._xs, border.left + 10), bisect_left(self._xs, border.right - 10)):
            for direction in (DOWN, UP):
                doors[(i, j)].append(Port((self._xs[i], border.y), direction, 0.0, border.owner))

    def _search(
        self,
        exits: dict[tuple[int, int, int], Port],
        doors: dict[Vertex, list[Port]],
        bounds: Box,
        target: str,
    ) -> tuple[list[tuple[int, int, int]], Port] | None:
        """Dijkstra over (point, heading), told the way by the distance still to go."""
        i0, i1 = bisect_left(self._xs, bounds[0]), bisect_right(self._xs, bounds[2])
        j0, j1 = bisect_left(self._ys, bounds[1]), bisect_right(self._ys, bounds[3])
        xs, ys = self._xs, self._ys
        door_xs, door_ys = [xs[i] for i, _ in doors], [ys[j] for _, j in doors]
        box = (min(door_xs), min(door_ys), max(door_xs), max(door_ys))

        def to_go(i: int, j: int) -> float:
            dx = max(box[0] - xs[i], 0, xs[i] - box[2])
            dy = max(box[1] - ys[j], 0, ys[j] - box[3])
            return (dx + dy) * _MERGE / 10

        best: dict[tuple[int, int, int], float] = {}
        previous: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        queue: list[tuple[float, float, tuple[int, int, int], Port | None]] = []
        for state, port in exits.items():
            if i0 <= state[0] < i1 and j0 <= state[1] < j1:
                cost = port.penalty + self._touch(state[:2], state[2], target)
                best[state] = cost
                heapq.heappush(queue, (cost + to_go(*state[:2]), cost, state, None))
        while queue:
            self._effort -= 1
            if self._effort < 0:
                return None
            _, cost, state, door = heapq.heappop(queue)
            if door is not None:
                return self._backtrack(state, previous), door
            if best[state] < cost:
                continue
            i, j, heading = state
            for door in doors.get((i, j), ()):
                if door.direction != (heading + 2) % 4:
                    arrival = cost + door.penalty + (_BEND if door.direction != heading else 0)
                    heapq.heappush(queue, (arrival, arrival, state, door))
            for direction, (di, dj) in enumerate(_STEP):
                k, m = i + di, j + dj
                if direction == (heading + 2) % 4 or not (i0 <= k < i1 and j0 <= m < j1):
                    continue
                edge = (min(i, k), min(j, m), direction % 2)
                if edge in self._solid:
                    continue
                step = self._price(edge, abs(xs[i] - xs[k]) + abs(ys[j] - ys[m]), target)
                step += self._touch((k, m), direction, target) + (_BEND if direction != heading else 0)
                following = (k, m, direction)
                if cost + step < best.get(following, float("inf")):
                    best[following] = cost + step
                    previous[following] = state
                    heapq.heappush(queue, (cost + step + to_go(k, m), cost + step, following, None))
        return None

    def _price(self, edge: Edge, length: int, target: str) -> float:
        price = length / 10 + _LABEL * self._soft.get(edge, 0)
        if users := self._users.get(edge):
            return price * _MERGE if all(user == target for user in users) else price + _OVERLAP
        return price

    def _touch(self, vertex: Vertex, direction: int, target: str) -> float:
        cost = 0.0
        for owner, axis in self._passing.get(vertex, ()):
            if owner != target:
                cost += _BEND_TOUCH if axis == 2 else _CROSSING if axis != direction % 2 else 0
        return cost

    @staticmethod
    def _backtrack(
        state: tuple[int, int, int], previous: dict[tuple[int, int, int], tuple[int, int, int]]
    ) -> list[tuple[int, int, int]]:
        states = [state]
        while states[-1] in previous:
            states.append(previous[states[-1]])
        states.reverse()
        return states

    def _draw(self, link: str, states: list[tuple[int, int, int]], start: Port, end: Port, target: str) -> list[Point]:
        """The path as points; its edges and corners are noted for the lines that follow."""
        headings = [state[2] for state in states] + [end.direction]
        trace = _Trace(
            target,
            tuple((min(i, k), min(j, m), way % 2) for (i, j, _), (k, m, way) in pairwise(states)),
            tuple(
                ((i, j), following % 2 if following == heading else 2)
                for (i, j, heading), following in zip(states, headings[1:], strict=True)
            ),
            (start.owner, start.direction),
            (end.owner, (end.direction + 2) % 4),
        )
        for edge in trace.edges:
            self._users[edge].append(target)
        for vertex, axis in trace.passing:
            self._passing[vertex].append((target, axis))
        self._left_by[trace.left] += 1
        self._entered_by[trace.entered] += 1
        self._drawn[link] = trace
        return corners([start.point, *((self._xs[i], self._ys[j]) for i, j, _ in states), end.point])


def corners(points: list[Point]) -> list[Point]:
    """The path without points that lie on a straight stretch or repeat."""
    kept = [points[0]]
    for point, following in pairwise(points[1:]):
        last = kept[-1]
        straight = last[0] == point[0] == following[0] or last[1] == point[1] == following[1]
        if not straight and point != last:
            kept.append(point)
    if points[-1] != kept[-1] or len(kept) == 1:
        kept.append(points[-1])
    return kept


def plain_path(source: Node, target: Node) -> list[Point]:
    """A simple path with one step, for the case that the search finds no way."""
    (x0, y0), (x1, y1) = (source.box[2], source.center[1]), (target.box[0], target.center[1])
    middle = x1 - PITCH // 8
    return corners([(x0, y0), (middle, y0), (middle, y1), (x1, y1)])
