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
        "subProcess", "transaction", "adHocSubProcess", "callActivity",
    )
)  # fmt: skip
# What an ad-hoc sub-process may not hold. Source: BPMN 2.0.2, table 10.22.
_NOT_AD_HOC = frozenset(("startEvent", "endEvent"))


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
        self.thrown_links: set[tuple[str, str]] = set()
        self.handlers = {node.handler for node in process.nodes.values()}
        self.cancellable = {node.attached_to for node in process.nodes.values() if self.has(node, "cancel")}
        for node in process.nodes.values():
            if node.type == "startEvent":
                self.starts[node.container].append(node)
            if node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link":
                self.links[node.container, node.event.name] += 1
            elif node.event is not None and node.event.kind == "link":
                self.thrown_links.add((node.container, node.event.name))
        # Where errors and escalations are caught: a border or a scope, what is caught there, by whom first.
        self.catches: dict[tuple[str, str, str], str] = {}
        self.undone: dict[str, str] = {}

    def find(self, rule: str, node: Node, **facts: object) -> None:
        self.reader.find(rule, self.reader.by_id.get(node.id), "error", **facts)

    def node(self, node: Node) -> None:
        self.default(node)
        self.conditions(node)
        self.reached(node)
        self.handler(node)
        self.ad_hoc_content(node)
        special = _BY_TYPE.get(node.type)
        if special is not None:
            special(self, node)

    def default(self, node: Node) -> None:
        if node.default and node.default not in node.outgoing:
            self.find("unresolved-reference", node, reference=node.default)
        elif node.default and node.type in _NOT_CONDITIONAL:
            self.find("default-without-effect", node, flow=node.default)

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
        alone = alone or node.for_compensation or self.container_type(node) == "adHocSubProcess"
        if node.instantiates and (node.incoming or node.container != self.process.key or node.repeat is not None):
            self.find("instantiating-not-first", node)
        if not node.incoming and not alone and self.starts.get(node.container):
            self.find("never-reached", node)

    def container_type(self, node: Node) -> str:
        container = self.process.nodes.get(node.container)
        return container.type if container is not None else "process"

    def handler(self, node: Node) -> None:
        """What is for compensation runs only as the handler of an event, outside the normal flow."""
        undoes_itself = any(self.has(start, "compensate") for start in self.starts.get(node.id, ()))
        if not node.for_compensation or (node.triggered_by_event and undoes_itself):
            return
        if node.incoming or node.outgoing or node.triggered_by_event:
            self.find("handler-connected", node)
        if node.id not in self.handlers:
            self.find("handler-of-nothing", node)

    def ad_hoc_content(self, node: Node) -> None:
        if self.container_type(node) == "adHocSubProcess" and node.type in _NOT_AD_HOC:
            self.find("not-in-ad-hoc", node, tag=node.type)

    def activity_of_compensation(self, node: Node) -> None:
        """A throw compensates its own scope or, in an event sub-process, the scope around it."""
        for event in node.event.each() if node.event is not None else ():
            if event.kind != "compensate" or not event.name:
                continue
            aimed, container = self.process.nodes.get(event.name), self.process.nodes.get(node.container)
            within = {node.container}
            if container is not None and container.triggered_by_event:
                within.add(container.container)
            if aimed is None or aimed.container not in within:
                self.find("compensates-elsewhere", node, activity=event.name)

    def complex(self, node: Node) -> None:
        if len(node.incoming) > 1 and node.activation is None:
            self.find("activation-missing", node)

    def boundary(self, node: Node) -> None:
        host = self.process.nodes.get(node.attached_to)
        if host is None or host.type not in _HOSTS or host.triggered_by_event or host.container != node.container:
            self.find("boundary-not-attached", node)
        if node.incoming:
            self.find("boundary-with-incoming", node)
        self.caught_once(node, f"border of {node.attached_to}")
        kinds = {event.kind for event in node.event.each()} if node.event is not None else set()
        if kinds & {"error", "cancel"} and not node.interrupting:
            self.find("error-must-interrupt", node)
        if "cancel" in kinds and (host is None or host.type != "transaction"):
            self.find("cancel-without-transaction", node)
        if "compensate" in kinds:
            self.compensation(node, host)

    def event_start(self, start: Node, around: Node) -> None:
        """The start event of an event sub-process."""
        if self.has(start, "error") and not start.interrupting:
            self.find("error-must-interrupt", start)
        if self.has(start, "compensate"):
            if around.container == self.process.key:
                self.find("undo-of-process", start)
            else:
                self.undone_once(start, around.container)
        self.caught_once(start, around.container)

    def caught_once(self, node: Node, where: str) -> None:
        """Of two that catch one code at one place, the second would never run."""
        for event in node.event.each() if node.event is not None else ():
            if event.kind in ("error", "escalation", "cancel"):
                other = self.catches.setdefault((where, event.kind, event.name), node.id)
                if other != node.id:
                    zh = EVENT_ZH[event.kind]
                    self.find("caught-twice", node, other=other, kind=event.kind, kind_zh=zh)

    def undone_once(self, node: Node, activity: str) -> None:
        """An activity is undone in one way."""
        if self.undone.setdefault(activity, node.id) != node.id:
            self.find("handler-twice", node, activity=activity)

    def compensation(self, node: Node, host: Node | None) -> None:
        handler = self.process.nodes.get(node.handler)
        if handler is None or not handler.for_compensation or handler.container != node.container:
            self.find("compensation-without-handler", node)
        self.undone_once(node, node.attached_to)
        if node.outgoing:
            self.find("compensation-with-outgoing", node)
        if host is not None and host.for_compensation:
            self.find("handler-compensated", node)

    def race(self, node: Node) -> None:
        if node.waits_for_all and not node.instantiates:
            self.find("parallel-events", node)
        if len(node.outgoing) < 2:
            self.find("event-gateway-needs-two", node)
        for flow in node.outgoing:
            target = self.process.nodes[self.process.flows[flow].target]
            receives = target.type == "receiveTask" and target.repeat is None and not self.hosts_events(target)
            catches = target.type == "intermediateCatchEvent" and (target.event is None or target.event.kind != "link")
            if not (receives or catches) or len(target.incoming) > 1:
                self.find("event-gateway-target", node, target=target.id)
            elif node.instantiates and self.has(target, "conditional"):
                self.unsupported(target, "conditional", "startEvent")

    def has(self, node: Node, *kinds: str) -> bool:
        return node.event is not None and any(event.kind in kinds for event in node.event.each())

    def unsupported(self, node: Node, kind: str, tag: str) -> None:
        self.find("unsupported-event", node, kind=kind, kind_zh=EVENT_ZH[kind], tag=tag)

    def hosts_events(self, node: Node) -> bool:
        return any(other.attached_to == node.id for other in self.process.nodes.values())

    def throw(self, node: Node) -> None:
        if node.event is not None and node.event.kind == "link":
            if self.links[node.container, node.event.name] != 1:
                self.find("link-target", node)
            if node.outgoing:
                self.find("link-connected", node)
        self.activity_of_compensation(node)

    def catch(self, node: Node) -> None:
        if self.has(node, "link") and node.incoming:
            self.find("link-connected", node)
        if node.event is not None and node.event.kind == "link" and not self.link_thrown(node, node.event.name):
            self.find("link-without-source", node)

    def link_thrown(self, node: Node, name: str) -> bool:
        """True if a link of the name is thrown beside the node."""
        return (node.container, name) in self.thrown_links

    def start(self, node: Node) -> None:
        container = self.process.nodes.get(node.container)
        if container is not None and not container.triggered_by_event and node.event is not None:
            self.find("start-event-in-sub-process", node)
        for event in node.event.each() if node.event is not None and container is None else ():
            alone = event is node.event
            if event.kind in ("error", "escalation", "compensate") or (event.kind == "conditional" and not alone):
                self.unsupported(node, event.kind, "startEvent")
        if node.incoming:
            self.find("start-with-incoming", node)
        plain = [each for each in self.starts[node.container] if each.event is None]
        if container is not None and node in plain[1:]:
            # Source: BPMN 2.0.2, 10.5.2: each start event is independent, only one of them begins an instance. Whoever
            # starts a process says which; the flow that leads to a sub-process does not.
            self.find("several-plain-starts", node)

    def end(self, node: Node) -> None:
        if node.outgoing:
            self.find("end-with-outgoing", node)
        if self.has(node, "cancel"):
            self.cancelling(node)
        self.activity_of_compensation(node)

    def cancelling(self, node: Node) -> None:
        """Source: BPMN 2.0.2, 10.5.3: a cancel end event lies in a transaction, whose border catches it."""
        if self.container_type(node) != "transaction":
            self.find("cancel-without-transaction", node)
        elif node.container not in self.cancellable:
            self.find("cancel-not-caught", node)

    def sub_process(self, node: Node) -> None:
        if not node.triggered_by_event:
            return
        starts = self.starts.get(node.id, [])
        if len(starts) != 1 or starts[0].event is None:
            self.find("event-sub-process-start", node)
        else:
            self.event_start(starts[0], node)
        if node.incoming or node.outgoing:
            self.find("event-sub-process-connected", node)


_BY_TYPE: Mapping[str, Callable[[_Checker, Node], None]] = {
    "boundaryEvent": _Checker.boundary,
    "complexGateway": _Checker.complex,
    "eventBasedGateway": _Checker.race,
    "intermediateCatchEvent": _Checker.catch,
    "intermediateThrowEvent": _Checker.throw,
    "startEvent": _Checker.start,
    "endEvent": _Checker.end,
    "subProcess": _Checker.sub_process,
}
