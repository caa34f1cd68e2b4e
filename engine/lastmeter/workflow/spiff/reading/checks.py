"""Structure that would run differently from how it looks, element by element."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from lastmeter.workflow.spiff.model import Node, Process
from lastmeter.workflow.spiff.reading.sentences import EVENT_ZH
from lastmeter.workflow.spiff.reading.texts import TextReader

# From these, BPMN lets conditional flows leave: activities and gateways that choose.
_NOT_CONDITIONAL = frozenset(
    (
        "parallelGateway",
        "eventBasedGateway",
        "startEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "boundaryEvent",
    )
)
_HOSTS = frozenset(
    (
        "task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask",
        "subProcess", "callActivity",
    )
)  # fmt: skip


def check(reader: TextReader, process: Process) -> None:
    """Every finding about the process's structure is recorded."""
    checker = _Checker(reader, process)
    for node in process.nodes.values():
        checker.node(node)


class _Checker:
    def __init__(self, reader: TextReader, process: Process) -> None:
        self.reader = reader
        self.process = process
        self.starts: dict[str, list[Node]] = defaultdict(list)
        self.links: dict[tuple[str, str], int] = defaultdict(int)
        for node in process.nodes.values():
            if node.type == "startEvent":
                self.starts[node.container].append(node)
            if node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link":
                self.links[node.container, node.event.name] += 1

    def find(self, rule: str, node: Node, **facts: object) -> None:
        self.reader.find(rule, self.reader.by_id.get(node.id), "error", **facts)

    def node(self, node: Node) -> None:
        self.default(node)
        self.conditions(node)
        self.reached(node)
        special = _BY_TYPE.get(node.type)
        if special is not None:
            special(self, node)

    def default(self, node: Node) -> None:
        if node.default and node.default not in node.outgoing:
            self.find("unresolved-reference", node, reference=node.default)

    def conditions(self, node: Node) -> None:
        flows = [self.process.flows[flow] for flow in node.outgoing]
        for flow in flows:
            idle = node.type in _NOT_CONDITIONAL or flow.id == node.default
            if flow.condition is not None and idle:
                self.find("condition-without-effect", node, flow=flow.id)
            open_way = flow.condition is None and flow.id != node.default
            if open_way and node.type == "exclusiveGateway" and len(flows) > 1:
                self.find("flow-without-condition", node, flow=flow.id)

    def reached(self, node: Node) -> None:
        """Source: BPMN 2.0.2, 10.5.2: beside a start event, everything needs an incoming flow."""
        link = node.event is not None and node.event.kind == "link" and node.type == "intermediateCatchEvent"
        alone = node.type in ("startEvent", "boundaryEvent") or node.triggered_by_event or node.instantiates or link
        if node.instantiates and (node.incoming or node.container != self.process.key or node.repeat is not None):
            self.find("instantiating-not-first", node)
        if not node.incoming and not alone and self.starts.get(node.container):
            self.find("never-reached", node)

    def boundary(self, node: Node) -> None:
        host = self.process.nodes.get(node.attached_to)
        if host is None or host.type not in _HOSTS or host.triggered_by_event:
            self.find("boundary-not-attached", node)
        if node.incoming:
            self.find("boundary-with-incoming", node)
        if node.event is not None and node.event.kind == "error" and not node.interrupting:
            self.find("error-must-interrupt", node)

    def race(self, node: Node) -> None:
        if len(node.outgoing) < 2:
            self.find("event-gateway-needs-two", node)
        for flow in node.outgoing:
            target = self.process.nodes[self.process.flows[flow].target]
            receives = target.type == "receiveTask" and target.repeat is None and not self.hosts_events(target)
            catches = target.type == "intermediateCatchEvent" and (target.event is None or target.event.kind != "link")
            if not (receives or catches) or len(target.incoming) > 1:
                self.find("event-gateway-target", node, target=target.id)
            elif node.instantiates and target.event is not None and target.event.kind == "conditional":
                self.find(
                    "unsupported-event", target, kind="conditional", kind_zh=EVENT_ZH["conditional"], tag="startEvent"
                )

    def hosts_events(self, node: Node) -> bool:
        return any(other.attached_to == node.id for other in self.process.nodes.values())

    def link(self, node: Node) -> None:
        if node.event is not None and node.event.kind == "link" and self.links[node.container, node.event.name] != 1:
            self.find("link-target", node)

    def start(self, node: Node) -> None:
        container = self.process.nodes.get(node.container)
        kind = node.event.kind if node.event is not None else ""
        if container is not None and not container.triggered_by_event and kind:
            self.find("start-event-in-sub-process", node)
        if container is None and kind in ("error", "escalation", "conditional"):
            self.find("unsupported-event", node, kind=kind, kind_zh=EVENT_ZH[kind], tag="startEvent")
        if node.incoming:
            self.find("start-with-incoming", node)

    def end(self, node: Node) -> None:
        if node.outgoing:
            self.find("end-with-outgoing", node)

    def sub_process(self, node: Node) -> None:
        if not node.triggered_by_event:
            return
        starts = self.starts.get(node.id, [])
        if len(starts) != 1 or starts[0].event is None:
            self.find("event-sub-process-start", node)
        elif starts[0].event.kind == "error" and not starts[0].interrupting:
            self.find("error-must-interrupt", starts[0])
        if node.incoming or node.outgoing:
            self.find("event-sub-process-connected", node)


_BY_TYPE: Mapping[str, Callable[[_Checker, Node], None]] = {
    "boundaryEvent": _Checker.boundary,
    "eventBasedGateway": _Checker.race,
    "intermediateThrowEvent": _Checker.link,
    "startEvent": _Checker.start,
    "endEvent": _Checker.end,
    "subProcess": _Checker.sub_process,
}
