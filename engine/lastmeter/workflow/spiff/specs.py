"""A process ready to run: its elements, and where its flows begin and lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from lastmeter.workflow.spiff import activities, elements
from lastmeter.workflow.spiff.elements import Element, ThrowLink
from lastmeter.workflow.spiff.model import Node, Process


class Spec(WorkflowSpec):  # type: ignore[misc]
    """A process ready to run; restored once per version and shared by its instances, which never change it."""

    def __init__(self, process: Process) -> None:
        super().__init__(name=process.key, addstart=False)
        self.process = process
        self.task_specs: dict[str, Element] = {}
        for node in process.nodes.values():
            _CLASSES[node.type](self, node)
        self._boundaries: dict[str, list[Element]] = {}
        self._contents: dict[str, list[Element]] = {}
        for element in self.task_specs.values():
            if element.node.attached_to:
                self._boundaries.setdefault(element.node.attached_to, []).append(element)
            self._contents.setdefault(element.node.container, []).append(element)
        self._handlers = {
            element.node.attached_to: element
            for element in self.task_specs.values()
            if element.node.attached_to and _has(element.node, "compensate")
        }
        self._undone = self._compensable()
        # What is written here is read under a lock: of two instances that count one up, none loses the other's step.
        self.written_stores = frozenset(
            item.store.name for node in process.nodes.values() for item in node.stored if item.store is not None
        )
        # Where one activity is performed at a time, the others wait for their turn: see `turns`.
        self.in_sequence = frozenset(node.id for node in process.nodes.values() if self._in_sequence(node))
        events = [event for node in process.nodes.values() if node.event is not None for event in node.event.each()]
        self.keyed = any(event.retrieval is not None for event in events)
        self._reach: dict[tuple[str, str], frozenset[str]] = {}

    def _in_sequence(self, node: Node | None) -> bool:
        while node is not None:
            node = self.process.nodes.get(node.container)
            if node is not None and node.ad_hoc is not None and node.ad_hoc.sequential:
                return True
        return False

    @property
    def key(self) -> str:
        return self.process.key

    def element(self, name: str) -> Element:
        return self.task_specs[name]

    def boundaries(self, host: str) -> list[Element]:
        """The boundary events of an activity, in the file's order."""
        return self._boundaries.get(host, [])

    def starts(self, container: str) -> list[Element]:
        """Where a process or sub-process begins: its none start events, else what nothing leads to."""
        inside = self._contents.get(container, [])
        drawn = [element for element in inside if element.node.type == "startEvent"]
        if drawn:
            return [element for element in drawn if element.node.event is None]
        return [element for element in inside if not element.node.incoming and _begins_alone(element.node)]

    def doors(self) -> list[Element]:
        """Everything an outside event may start the process at: start events, and what instantiates it."""
        return [self.task_specs[node.id] for node in doors(self.process)]

    def event_starts(self, container: str) -> list[Element]:
        """The start events of the event sub-processes that lie in the container."""
        return [
            start
            for element in self._contents.get(container, [])
            if element.node.triggered_by_event
            for start in self._contents.get(element.node.id, [])
            if start.node.type == "startEvent"
        ]

    def awaited_beside(self, start: Element) -> list[Element]:
        """The other events behind an instantiating gateway that waits for all of them."""
        for flow in start.node.incoming:
            gateway = self.process.nodes[self.process.flows[flow].source]
            if gateway.instantiates and gateway.waits_for_all:
                targets = (self.process.flows[other].target for other in gateway.outgoing if other != flow)
                return [self.task_specs[target] for target in targets]
        return []

    # -- compensation --------------------------------------------------------------------------------------------

    def handler(self, activity: str) -> Element | None:
        """The compensation event on the activity's border, which names its handler."""
        return self._handlers.get(activity)

    def undoing_start(self, activity: str) -> Element | None:
        """The start of the event sub-process by which a sub-process undoes itself."""
        return next((start for start in self.event_starts(activity) if _has(start.node, "compensate")), None)

    def compensable(self, activity: str) -> bool:
        """True if the activity, once completed, may be undone."""
        return activity in self._undone

    def _compensable(self) -> frozenset[str]:
        """What can be undone, if anything ever asks: by a handler, by itself, or by what completed inside."""
        if not any(_has(node, "cancel") or _throws_compensation(node) for node in self.process.nodes.values()):
            return frozenset()
        found = set(self._handlers)
        found.update(node.id for node in self.process.nodes.values() if self.undoing_start(node.id) is not None)
        for name in list(found):
            node = self.process.nodes.get(self.process.nodes[name].container)
            while node is not None and not node.triggered_by_event:
                found.add(node.id)
                node = self.process.nodes.get(node.container)
        return frozenset(found)

    def reaching(self, gateway: str, flow: str) -> frozenset[str]:
        """The elements from which a path leads to the flow without passing the gateway."""
        known = self._reach.get((gateway, flow))
        if known is None:
            known = self._reach[gateway, flow] = self._walk_back(gateway, self.process.flows[flow].source)
        return known

    def _walk_back(self, gateway: str, source: str) -> frozenset[str]:
        reached: set[str] = set()
        ahead = [source]
        while ahead:
            name = ahead.pop()
            if name in reached or name == gateway:
                continue
            reached.add(name)
            node = self.process.nodes[name]
            if node.attached_to:
                ahead.append(node.attached_to)
            if node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link":
                ahead.extend(element.node.id for element in self._link_throwers(node))
            ahead.extend(self.process.flows[flow].source for flow in node.incoming)
        return frozenset(reached)

    def _link_throwers(self, node: Node) -> Iterable[Element]:
        return (
            element
            for element in self._contents[node.container]
            if isinstance(element, ThrowLink) and element.target is not None and element.target.id == node.id
        )


def doors(process: Process) -> list[Node]:
    """Start events, instantiating receive tasks, and the events behind instantiating event-based gateways."""
    found: list[Node] = []
    for node in process.nodes.values():
        if node.container != process.key:
            continue
        if node.type == "startEvent" or (node.type == "receiveTask" and node.instantiates):
            found.append(node)
        elif node.instantiates:
            found.extend(process.nodes[process.flows[flow].target] for flow in node.outgoing)
    return found


def _begins_alone(node: Node) -> bool:
    is_link = node.type == "intermediateCatchEvent" and _has(node, "link")
    return not (node.attached_to or node.triggered_by_event or node.instantiates or node.for_compensation or is_link)


def _has(node: Node, kind: str) -> bool:
    return node.event is not None and any(event.kind == kind for event in node.event.each())


def _throws_compensation(node: Node) -> bool:
    return node.type in ("endEvent", "intermediateThrowEvent") and _has(node, "compensate")


def _throw(spec: Spec, node: Node) -> Element:
    kind = node.event.kind if node.event is not None else ""
    element: Element = _THROWS.get(kind, elements.Throw)(spec, node)
    if isinstance(element, ThrowLink) and node.event is not None:
        element.target = _link_target(spec.process, node.container, node.event.name)
    return element


def _link_target(process: Process, container: str, name: str) -> Node | None:
    for node in process.nodes.values():
        catches = node.type == "intermediateCatchEvent" and node.container == container
        if catches and node.event is not None and (node.event.kind, node.event.name) == ("link", name):
            return node
    return None


_THROWS: Mapping[str, type[elements.Throw]] = {
    "compensate": elements.Compensate,
    "cancel": elements.Cancel,
    "link": ThrowLink,
}
_CLASSES: Mapping[str, Any] = {
    "task": activities.Activity,
    "manualTask": activities.Activity,
    "userTask": activities.UserTask,
    "scriptTask": activities.ScriptTask,
    "serviceTask": activities.ServiceTask,
    "businessRuleTask": activities.BusinessRuleTask,
    "sendTask": activities.SendTask,
    "receiveTask": activities.ReceiveTask,
    "callActivity": activities.CallActivity,
    "subProcess": activities.SubProcess,
    "transaction": activities.SubProcess,
    "adHocSubProcess": activities.AdHocSubProcess,
    "exclusiveGateway": elements.ExclusiveGateway,
    "parallelGateway": elements.ParallelGateway,
    "inclusiveGateway": elements.InclusiveGateway,
    "complexGateway": elements.ComplexGateway,
    "eventBasedGateway": elements.EventBasedGateway,
    "startEvent": elements.StartEvent,
    "endEvent": _throw,
    "intermediateCatchEvent": elements.Catch,
    "intermediateThrowEvent": _throw,
    "boundaryEvent": elements.BoundaryEvent,
}
