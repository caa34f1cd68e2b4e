"""Whether the joins of a process or sub-process come out right from where its tokens stand.

Every way that the diagram allows is followed along the drawn flows, without variables: each token goes as far as it can
before a join is passed. A join is broken where on some way it waits for ever or gets a second token on one flow.
Source: BPMN 2.0.2, 13.4.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, combinations, pairwise

from lastmeter.workflow.spiff.elements import ThrowLink
from lastmeter.workflow.spiff.model import Node
from lastmeter.workflow.spiff.specs import Spec
from lastmeter.workflow.spiff.surgery_refusals import WaysNotForeseeable
from lastmeter.workflow.spiff.tokens import Token

# An element, and the flow by which a token waits there if it is a join that gathers.
Place = tuple[str, str]
Marking = tuple[Place, ...]

JOINS = frozenset({"parallelGateway", "inclusiveGateway", "complexGateway"})
_ENDS_ALL = frozenset({"terminate", "error", "cancel"})
MOST_MARKINGS = 20_000
# Of more conditional flows than these only one, or all, are thought to be taken.
MOST_COMBINED = 5


def is_join(node: Node) -> bool:
    """True if the gateway waits for tokens on its incoming flows."""
    return node.type in JOINS and len(node.incoming) > 1


def place_of(token: Token) -> Place:
    """Where the token stands; one that has passed its join and could not leave it waits for no other."""
    node: Node = token.task_spec.node
    return node.id, token.via if is_join(node) else ""


def broken(spec: Spec, places: Iterable[Place]) -> frozenset[str]:
    """The joins that do not come out right on some way from these places. Raises WaysNotForeseeable."""
    found: set[str] = set()
    seen: set[Marking] = set()
    ahead: list[Marking] = [tuple(sorted(places))]
    while ahead:
        marking = ahead.pop()
        if marking in seen:
            continue
        seen.add(marking)
        if len(seen) > MOST_MARKINGS:
            raise WaysNotForeseeable(most=MOST_MARKINGS)
        found.update(name for (name, flow), other in pairwise(marking) if flow and (name, flow) == other)
        following = _next(spec, marking)
        if following is None:
            found.update(name for name, _ in marking)
        else:
            ahead.extend(following)
    return frozenset(found)


def joins_passed(spec: Spec, start: str) -> dict[str, int]:
    """Every element that a token at the element can come to, and past how many joins at least."""
    passed = {start: 0}
    ahead = deque([start])
    while ahead:
        name = ahead.popleft()
        cost = passed[name] + (1 if is_join(spec.process.nodes[name]) and name != start else 0)
        for after in _after(spec, name):
            if cost < passed.get(after, cost + 1):
                passed[after] = cost
                ahead.append(after)
    return passed


def _after(spec: Spec, name: str) -> Iterator[str]:
    element = spec.element(name)
    yield from (flow.target for flow in element.flows)
    yield from (boundary.name for boundary in spec.boundaries(name))
    if isinstance(element, ThrowLink) and element.target is not None:
        yield element.target.id


def _next(spec: Spec, marking: Marking) -> list[Marking] | None:
    """The markings that may follow; None where nothing can move any more, though tokens are left."""
    for index, (name, flow) in enumerate(marking):
        if not flow:
            rest = marking[:index] + marking[index + 1 :]
            return [() if way is None else tuple(sorted(rest + way)) for way in _ways(spec, name)]
    if not marking:
        return []
    waiting: dict[str, set[str]] = {}
    for name, flow in marking:
        waiting.setdefault(name, set()).add(flow)
    for name, flows in waiting.items():
        if _passes(spec, name, flows, waiting):
            left = list(marking)
            for flow in flows:
                left.remove((name, flow))
            return [tuple(sorted([*left, (name, "")]))]
    return None


def _passes(spec: Spec, name: str, flows: set[str], waiting: Iterable[str]) -> bool:
    """True if the join is passed with tokens on these flows, now that every token waits at one."""
    node = spec.process.nodes[name]
    empty = [flow for flow in node.incoming if flow not in flows]
    if node.type == "parallelGateway" or not empty:
        return not empty
    others = [other for other in waiting if other != name]
    return not any(
        any(other in spec.reaching(name, flow) for flow in empty)
        and not any(other in spec.reaching(name, flow) for flow in flows)
        for other in others
    )


def _ways(spec: Spec, name: str) -> list[Marking | None]:
    """What may become of a token at the element; None where it ends everything around it as well."""
    element, node = spec.element(name), spec.process.nodes[name]
    if node.type == "endEvent" and node.event is not None and any(part.kind in _ENDS_ALL for part in node.event.each()):
        return [None]
    # What catches a compensation has a handler and no way on.
    ways: list[Marking | None] = [
        ((boundary.name, ""),)
        for boundary in spec.boundaries(name)
        if boundary.node.interrupting and not boundary.node.handler
    ]
    if isinstance(element, ThrowLink):
        return [((element.target.id, ""),) if element.target is not None else ()]
    ways.extend(tuple(_arrival(spec, flow) for flow in flows) for flows in _choices(spec, node))
    return ways


def _choices(spec: Spec, node: Node) -> list[tuple[str, ...]]:
    """The sets of flows by which the element may be left."""
    if not node.outgoing:
        return [()]
    if node.type == "parallelGateway":
        return [tuple(node.outgoing)]
    if node.type in ("exclusiveGateway", "eventBasedGateway"):
        return [(flow,) for flow in node.outgoing]
    conditional = [flow for flow in node.outgoing if spec.process.flows[flow].condition is not None]
    conditional = [flow for flow in conditional if flow != node.default]
    always = [flow for flow in node.outgoing if flow not in conditional and flow != node.default]
    sizes = range(len(conditional) + 1) if len(conditional) <= MOST_COMBINED else (0, 1, len(conditional))
    chosen = chain.from_iterable(combinations(conditional, size) for size in sizes)
    default = (node.default,) if node.default else ()
    sets = [(*always, *(taken or default)) for taken in chosen]
    return [flows for flows in sets if flows]


def _arrival(spec: Spec, flow: str) -> Place:
    target = spec.process.flows[flow].target
    return target, flow if is_join(spec.process.nodes[target]) else ""
