"""Where names stand that do not fit inside their shape: beside events, gateways and lines."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from lastmeter.definitions.layout.shapes import Box, Node, Point, wrapped


def node_label(node: Node, *, above: bool = False, leftwards: bool = False) -> Box | None:
    """The box of the name of an event, gateway or data shape; None where the name stands inside the shape.

    A boundary event's name stands at its lower right, or with `leftwards` at its lower left.
    """
    if not node.name:
        return None
    if node.host:
        width, height = wrapped(node.name, 66)
        top = node.y + 16 - height if node.on_top else node.y + 20
        left = node.x - 2 - width if leftwards else node.x + node.width + 2
    elif node.kind.endswith("Gateway"):
        width, height = wrapped(node.name, 77)
        left, top = node.x + 14 - width, node.y + 9 - height
    elif node.kind.endswith("Event") or node.kind in ("dataObjectReference", "dataStoreReference"):
        width, height = wrapped(node.name, 88)
        left = node.x + node.width // 2 - width // 2
        top = node.y - height - 4 if above else node.y + node.height + 4
    else:
        return None
    return (left, top, left + width, top + height)


def overlap(one: Box, other: Box, margin: int = 0) -> bool:
    """True when the boxes share area, or come nearer than `margin`."""
    return (
        one[0] < other[2] + margin
        and one[2] > other[0] - margin
        and one[1] < other[3] + margin
        and one[3] > other[1] - margin
    )


def line_hits(start: Point, end: Point, box: Box) -> bool:
    """True when a right-angled stretch runs through the box."""
    return (
        min(start[0], end[0]) < box[2]
        and max(start[0], end[0]) > box[0]
        and min(start[1], end[1]) < box[3]
        and max(start[1], end[1]) > box[1]
    )


def line_label(name: str, path: list[Point], shapes: list[Box], lines: Iterable[list[Point]]) -> Box:
    """The best place for a line's name along its first stretches: near its start, on nothing else."""
    width, height = wrapped(name, 66)
    stretches = [stretch for line in lines for stretch in pairwise(line)]
    best: tuple[float, Box] | None = None
    for number, (start, end) in enumerate(list(pairwise(path))[:4]):
        for rank, (x, y) in enumerate(_candidates(start, end, width, height)):
            box = (x, y, x + width, y + height)
            cost: float = number * 8 + rank
            cost += 60 * sum(overlap(box, shape, 1) for shape in shapes)
            cost += 40 * sum(line_hits(a, b, box) for a, b in stretches)
            if best is None or cost < best[0]:
                best = (cost, box)
    if best is None:
        x, y = path[0]
        return (x, y, x + width, y + height)
    return best[1]


def _candidates(start: Point, end: Point, width: int, height: int) -> list[Point]:
    (x0, y0), (x1, y1) = start, end
    if y0 == y1:
        offsets = [offset for offset in (5, 12, 20, 30, 44, 60, 90) if offset + width < abs(x1 - x0) + 40]
        return [
            (x0 + offset if x1 > x0 else x0 - offset - width, y)
            for offset in offsets
            for y in (y0 - height - 2, y0 + 3)
        ]
    return [
        (x, y0 + offset if y1 > y0 else y0 - offset - height)
        for offset in (4, 12, 22, 34, 50, 70)
        for x in (x0 + 4, x0 - 4 - width)
    ]
