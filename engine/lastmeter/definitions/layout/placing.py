"""The grid: which column, lane and row every shape stands in."""

from __future__ import annotations

from collections import defaultdict

from lastmeter.definitions.layout.shapes import ARTIFACTS, Link, Node, Scope

Cell = tuple[int, int, int]  # lane, row, column


def place(scope: Scope, *, drop: bool = True) -> None:
    """Every node of `scope` has lane, column and row; flows that return to an earlier step are known.

    With `drop` a step into another lane stays in its predecessor's column and is drawn straight down or up, which
    saves about a fifth of the width.
    """
    order = _mark_back_flows(scope)
    reserved = _choose_columns(scope, order, drop)
    taken = _choose_rows(scope, order)
    _place_loose(scope, taken, reserved)
    _place_artifacts(scope, taken)
    for node in scope.nodes.values():
        if node.host:
            host = scope.nodes[node.host]
            node.lane, node.column, node.row = host.lane, host.column, host.row


def _flow_mains(scope: Scope) -> list[Node]:
    return [node for node in scope.main_nodes() if node.kind not in ARTIFACTS]


def _mark_back_flows(scope: Scope) -> list[Node]:
    """The nodes in an order in which every flow that is not a return leads forward; the returns are noted."""
    following: defaultdict[str, list[Link]] = defaultdict(list)
    entered: set[str] = set()
    for flow in scope.flows:
        following[scope.home(flow.source).id].append(flow)
        entered.add(flow.target)
    mains = _flow_mains(scope)
    finished: list[Node] = []
    state: dict[str, str] = {}
    # Finished last stands first: going backwards, the first branch of a split comes out on top.
    for flows_after in following.values():
        flows_after.reverse()
    for root in sorted(mains, key=lambda node: node.id in entered):
        if root.id in state:
            continue
        state[root.id] = "open"
        stack = [(root, iter(following[root.id]))]
        while stack:
            node, flows = stack[-1]
            step = next(flows, None)
            if step is None:
                state[node.id] = "done"
                finished.append(node)
                stack.pop()
                continue
            target = scope.home(step.target)
            if state.get(target.id) == "open":
                scope.back.add(step.id)
            elif target.id not in state:
                state[target.id] = "open"
                stack.append((target, iter(following[target.id])))
    finished.reverse()
    return finished


def _forward(scope: Scope) -> tuple[dict[str, list[Link]], dict[str, list[Link]]]:
    """Forward flows by target and all flows by the source's home."""
    before: defaultdict[str, list[Link]] = defaultdict(list)
    after: defaultdict[str, list[Link]] = defaultdict(list)
    for flow in scope.flows:
        after[scope.home(flow.source).id].append(flow)
        if flow.id not in scope.back:
            before[scope.home(flow.target).id].append(flow)
    return before, after


def _choose_columns(scope: Scope, order: list[Node], drop: bool) -> set[tuple[int, int]]:
    """Columns by longest path, a dropped step excepted; returns the (column, lane) cells that drops pass through."""
    before, after = _forward(scope)
    hosts = scope.hosts()
    occupied: set[tuple[int, int]] = set()
    passed: set[tuple[int, int]] = set()
    for node in order:
        if node.loose:
            continue
        column = 0
        for flow in before[node.id]:
            source = scope.home(flow.source)
            width = source.span
            alone = len(before[node.id]) == 1 and len(after[source.id]) == 1 and flow.source == source.id
            if drop and alone and source.lane != node.lane and node.span == source.span == 1:
                down = node.lane > source.lane
                event_between = (source.id in hosts and down) or (node.id in hosts and not down)
                low, high = sorted((source.lane, node.lane))
                cells = {(source.column, lane) for lane in range(low + 1, high)} | {(source.column, node.lane)}
                if not event_between and not cells & (occupied | passed):
                    width = 0
            column = max(column, source.column + width)
        node.column = column
        occupied.update((column + offset, node.lane) for offset in range(node.span))
        for flow in before[node.id]:
            source = scope.home(flow.source)
            if source.column == column:
                low, high = sorted((source.lane, node.lane))
                passed.update((column, lane) for lane in range(low + 1, high))
    return passed


def _free(taken: set[Cell], lane: int, row: int, first: int, last: int) -> bool:
    return all((lane, row, column) not in taken for column in range(first, last + 1))


def _choose_rows(scope: Scope, order: list[Node]) -> set[Cell]:
    """Rows so that a flow continues straight where it can and a boundary event's flow leaves one row below."""
    before, _ = _forward(scope)
    taken: set[Cell] = set()
    for node in sorted((n for n in order if not n.loose), key=lambda n: n.column):
        sources = [(scope.home(flow.source), scope.nodes[flow.source]) for flow in before[node.id]]
        same_lane = [(home, node_) for home, node_ in sources if home.lane == node.lane]
        best: tuple[float, int] | None = None
        row = 0
        while best is None or row < best[0]:
            if _free(taken, node.lane, row, node.column, node.column + node.span - 1):
                cost = float(row)
                for home, source in same_lane:
                    wanted = home.row + (1 if source.host else 0)
                    straight = row == home.row
                    clear = _free(taken, node.lane, row, home.column + home.span, node.column - 1)
                    cost += 2 * abs(row - wanted) + (3 if straight and not clear else 0)
                if best is None or cost < best[0]:
                    best = (cost, row)
            row += 1
        node.row = best[1]
        taken.update((node.lane, node.row, node.column + offset) for offset in range(node.span))
        for home, _source in same_lane:
            if home.row == node.row:
                taken.update((node.lane, node.row, column) for column in range(home.column, node.column))
    return taken


def _place_loose(scope: Scope, taken: set[Cell], passed: set[tuple[int, int]]) -> None:
    """Event sub-processes stand in the first free run of columns of their lane."""
    last = max((n.column + n.span - 1 for n in _flow_mains(scope) if not n.loose), default=0)
    for node in (n for n in _flow_mains(scope) if n.loose):
        row = 0
        while True:
            fitting = [
                column
                for column in range(max(1, last - node.span + 2))
                if _free(taken, node.lane, row, column - 1, column + node.span)
                and not any((c, node.lane) in passed for c in range(column, column + node.span))
            ]
            if fitting:
                break
            row += 1
            if row > len(scope.nodes) + 1:  # every column is passed by a straight line: stand behind them all
                fitting = [last + 1]
                break
        node.row, node.column = row, fitting[0]
        taken.update((node.lane, row, node.column + offset) for offset in range(node.span))


def _place_artifacts(scope: Scope, taken: set[Cell]) -> None:
    """Annotations and data stand in the nearest free cell of the lane of what they belong to."""
    partner = {tie.source: tie.target for tie in scope.ties} | {tie.target: tie.source for tie in scope.ties}
    for node in (n for n in scope.main_nodes() if n.kind in ARTIFACTS):
        other = scope.nodes.get(partner.get(node.id, ""))
        home = scope.home(other.id) if other is not None else None
        node.lane = home.lane if home else 0
        column, row = (home.column, home.row) if home else (0, 0)
        cells = [
            (2 * abs(c - column) + 3 * abs(r - row) + (0 if r >= row else 1), r, c)
            for r in range(row + len(scope.nodes) + 2)
            for c in range(max(0, column - 2), column + 3)
            if (node.lane, r, c) not in taken
        ]
        _, node.row, node.column = min(cells)
        taken.add((node.lane, node.row, node.column))
