"""Which processes a process calls before anything makes it wait: a circle of such calls never comes to rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

# Where an instance waits for a person, a message or a time; a connector answers at once.
_WAITS = frozenset({"userTask", "receiveTask", "eventBasedGateway"})


class Node(Protocol):
    """What has to be known of an element; a version's stored outline has it too."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def event_kind(self) -> str: ...
    @property
    def called(self) -> str: ...
    @property
    def attached_to(self) -> str: ...
    @property
    def incoming(self) -> Iterable[str]: ...
    @property
    def outgoing(self) -> Iterable[str]: ...


def called_at_once(key: str, elements: Iterable[Node]) -> dict[str, str]:
    """The keys of processes called without any wait before, each with the call activity; what it calls may wait."""
    inside: defaultdict[str, list[Node]] = defaultdict(list)
    behind: defaultdict[str, list[Node]] = defaultdict(list)
    for node in elements:
        inside[node.container].append(node)
        for flow in node.incoming:
            behind[flow].append(node)
    reached = _begun(inside, key)
    seen = {node.id for node in reached}
    called: dict[str, str] = {}
    while reached:
        node = reached.pop()
        if node.called:
            called.setdefault(node.called, node.id)
        if waits(node):
            continue
        following = [target for flow in node.outgoing for target in behind[flow]] + _begun(inside, node.id)
        for target in following:
            if target.id not in seen:
                seen.add(target.id)
                reached.append(target)
    return called


def waits(node: Node) -> bool:
    """True if a token stays at the element until something comes from outside."""
    return node.type in _WAITS or (node.type == "intermediateCatchEvent" and node.event_kind != "link")


def circle_from(key: str, calls: Mapping[str, Iterable[str]]) -> list[str]:
    """The keys of a circle that leads back to this one, in order; [] for none."""
    before: dict[str, str] = {}
    stack = [key]
    while stack:
        caller = stack.pop()
        for called in calls.get(caller, ()):
            if called == key:
                return [*_way(before, key, caller), key]
            if called not in before:
                before[called] = caller
                stack.append(called)
    return []


def _begun(inside: Mapping[str, list[Node]], container: str) -> list[Node]:
    """Where a scope's tokens begin; boundary events and event sub-processes come only with an event."""
    alone = [node for node in inside.get(container, ()) if not node.incoming and not node.attached_to]
    starts = [node for node in alone if node.type == "startEvent"]
    links = [node for node in alone if node.type == "intermediateCatchEvent" and node.event_kind == "link"]
    begun = starts or alone
    return [node for node in (*begun, *links) if node.type != "startEvent" or not node.event_kind]


def _way(before: Mapping[str, str], first: str, last: str) -> list[str]:
    way = [last]
    while way[-1] != first:
        way.append(before[way[-1]])
    return way[::-1]
