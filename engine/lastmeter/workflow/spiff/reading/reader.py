"""One file: its processes, their nodes and flows."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from lastmeter.workflow.spiff.model import Flow, Node, Process
from lastmeter.workflow.spiff.reading import checks, dialects
from lastmeter.workflow.spiff.reading.activities import ActivityReader
from lastmeter.workflow.spiff.reading.events import ALLOWED
from lastmeter.workflow.spiff.reading.markup import (
    BPMN,
    KNOWN,
    Element,
    canonical,
    extensions,
    has_doctype,
    line_of,
    local,
    local_ref,
    open_xml,
    tag,
    text_of,
)
from lastmeter.workflow.spiff.reading.texts import MOST_FINDINGS

MAX_BYTES = 20_000_000
MAX_NODES = 5_000
# A gateway has many ways, but not more flows than this: each condition is compiled.
MAX_FLOWS = 20_000
# Sub-processes within sub-processes: cancelling one walks down them.
MAX_DEPTH = 40

_TASKS = ("task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask")
SUB_PROCESSES = frozenset(("subProcess", "transaction", "adHocSubProcess"))
ACTIVITIES = frozenset((*_TASKS, *SUB_PROCESSES, "callActivity"))
GATEWAYS = frozenset(("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"))
NODES = ACTIVITIES | GATEWAYS | ALLOWED.keys()
_COUNTED = NODES | {"process"}

# Drawn for the reader, or read with the element they belong to.
_PASSED_OVER = frozenset(
    (
        "documentation", "extensionElements", "laneSet", "textAnnotation", "association", "group", "incoming",
        "outgoing", "dataObject", "dataObjectReference", "dataStoreReference", "property", "ioSpecification",
        "auditing", "monitoring", "dataInputAssociation", "dataOutputAssociation", "potentialOwner",
        "humanPerformer", "performer", "resourceRole", "rendering", "supports", "correlationSubscription",
        "ioBinding", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "completionCondition",
    )
)  # fmt: skip
_REFUSED: Mapping[str, str] = {
    "choreographyTask": "choreography",
    "subChoreography": "choreography",
    "callChoreography": "choreography",
}
_FOREIGN_CODE = frozenset(
    ("camunda:executionListener", "camunda:taskListener", "zeebe:executionListeners", "zeebe:taskListeners")
)


class Reader(ActivityReader):
    """Collects findings while it builds the processes."""

    def __init__(self, xml: bytes) -> None:
        super().__init__()
        self.tree = self._open(xml)
        self._noted: set[str] = set()

    def _open(self, xml: bytes) -> Element:
        if len(xml) > MAX_BYTES:
            self.find("too-large", None, limit=MAX_BYTES)
            self.refuse_if_wrong()
        try:
            root = open_xml(xml)
        except (etree.XMLSyntaxError, ValueError, LookupError) as wrong:
            self.find("not-xml", None, reason=str(wrong))
            self.refuse_if_wrong()
            raise
        if has_doctype(root):
            self.find("doctype", None)
        elif root.tag != tag("definitions"):
            self.find("not-bpmn", root)
        self.refuse_if_wrong()
        return root

    def read(self) -> list[Process]:
        """The executable processes. Raises DefinitionRefused; notes and warnings stay in `findings`."""
        self._index()
        processes = []
        for element in self.tree.iterchildren(tag("process")):
            if not self.flag(element, "isExecutable", default=True):
                self.find("not-executable", element, "note", key=element.get("id", ""))
            else:
                processes.append(self._process(element))
        if not processes:
            self.find("no-executable-process", self.tree)
        self.refuse_if_wrong()
        return processes

    def _associate(self, element: Element, process: Process) -> None:
        """Each compensation event on a border knows its handler, the activity it is associated with."""
        for association in element.iter(tag("association")):
            source = process.nodes.get(local_ref(association.get("sourceRef")))
            target = process.nodes.get(local_ref(association.get("targetRef")))
            if source is not None and target is not None and source.for_compensation:
                source, target = target, source
            if source is not None and target is not None and is_compensation(source):
                source.handler = target.id

    def _index(self) -> None:
        nodes = flows = 0
        for element in self.tree.iter(f"{{{BPMN}}}*"):
            nodes += local(element) in _COUNTED
            flows += element.tag == tag("sequenceFlow")
            identity = element.get("id")
            if identity is None:
                continue
            if identity in self.by_id:
                self.find("duplicate-id", element, id=identity)
            self.by_id[identity] = element
        if nodes > MAX_NODES or flows > MAX_FLOWS:
            self.find("too-many-elements", self.tree, limit=MAX_NODES if nodes > MAX_NODES else MAX_FLOWS)
            self.refuse_if_wrong()
        self._participants = {
            local_ref(element.get("processRef")): element.get("name", "")
            for element in self.tree.iter(tag("participant"))
        }
        for shown in self.tree.iter(tag("dataObjectReference")):
            if shown.get("name"):
                self.object_names.setdefault(local_ref(shown.get("dataObjectRef")), shown.get("name", ""))
        for drawn in self.tree.iter(tag("messageFlow")):
            for end in ("sourceRef", "targetRef"):
                self.message_flows.setdefault(local_ref(drawn.get(end)), drawn)

    # -- processes -----------------------------------------------------------------------------------------------

    def _process(self, element: Element) -> Process:
        key = element.get("id", "")
        if not key:
            self.find("missing-id", element, tag="process")
        process = Process(key=key, name=element.get("name") or self._participants.get(key) or key)
        self.subscriptions(element)
        self._container(process, element, key, _lanes(element))
        for node in process.nodes.values():
            if node.type == "startEvent" and node.container == key:
                self.asked_stores(element, node)
        self._connect(process)
        self._associate(element, process)
        checks.check(self, process)
        return process

    def _container(
        self,
        process: Process,
        element: Element,
        container: str,
        lanes: Mapping[str, tuple[str, str]],
        lane: tuple[str, str] = ("", ""),
        depth: int = 0,
    ) -> None:
        if depth > MAX_DEPTH:
            self.find("nested-too-deep", element, limit=MAX_DEPTH)
            return
        for child in element:
            name = local(child)
            if not str(child.tag).startswith(f"{{{BPMN}}}"):
                self._note_foreign(child, canonical(str(child.tag), child))
                continue
            if name in _PASSED_OVER:
                continue
            if name == "sequenceFlow":
                self._flow(process, child)
            elif name in _REFUSED:
                self.find(_REFUSED[name], child)
            elif name in NODES:
                node = self._node(process, child, name, container, lanes.get(child.get("id", ""), lane))
                if name in SUB_PROCESSES:
                    self._container(process, child, node.id, lanes, (node.lane_id, node.lane_name), depth + 1)
            else:
                self.find("unsupported-element", child, tag=name)

    def _flow(self, process: Process, element: Element) -> None:
        identity = element.get("id") or f"flow-{len(process.flows) + 1}"
        process.flows[identity] = Flow(
            identity,
            local_ref(element.get("sourceRef")),
            local_ref(element.get("targetRef")),
            self.child_feel(element, "conditionExpression"),
        )

    def _connect(self, process: Process) -> None:
        for flow in process.flows.values():
            source, target = process.nodes.get(flow.source), process.nodes.get(flow.target)
            drawn = self.by_id.get(flow.id)
            if source is None or target is None:
                self.find("unresolved-reference", drawn, reference=flow.source if source is None else flow.target)
            elif source.container != target.container:
                self.find("flow-crosses-boundary", drawn)
            else:
                source.outgoing.append(flow.id)
                target.incoming.append(flow.id)

    def _node(self, process: Process, element: Element, name: str, container: str, lane: tuple[str, str]) -> Node:
        identity = element.get("id", "")
        if not identity:
            self.find("missing-id", element, tag=name)
            identity = f"{name}-{len(process.nodes) + 1}"
        node = Node(
            identity,
            name,
            container,
            element.get("name", ""),
            line_of(element),
            *lane,
            ext=extensions(element),
            default=local_ref(element.get("default")),
        )
        process.nodes[identity] = node
        self.attribute_placeholders(element, node.ext)
        self._extensions(element, node)
        dialects.task_attributes(self, element, node)
        if name in ALLOWED:
            self.event_node(element, node)
            self.mappings(element, node)
            self.data(element, node)
        elif name in ACTIVITIES:
            self.activity(element, node)
        elif name == "eventBasedGateway":
            node.instantiates = self.flag(element, "instantiate")
            node.waits_for_all = self.choice(element, "eventGatewayType", "Exclusive", "Parallel") == "Parallel"
        elif name == "complexGateway":
            node.activation = self.child_feel(element, "activationCondition")
        return node

    def _extensions(self, element: Element, node: Node) -> None:
        """What is foreign is code (refused), known, or noted once."""
        for name in node.ext:
            if name in _FOREIGN_CODE:
                self.find("foreign-code", element, what=name)
            elif ":" in name and name.partition(":")[0] not in (*KNOWN, "bpmn"):
                self._note_foreign(element, name)

    def _note_foreign(self, element: Element, name: str) -> None:
        """Noted once for each name, and never for more names than anybody reads."""
        if name not in self._noted and len(self._noted) < MOST_FINDINGS:
            self._noted.add(name)
            self.find("unknown-extension", element, "note", tag=name)


def is_compensation(node: Node) -> bool:
    """True for a compensation event on an activity's border."""
    return node.type == "boundaryEvent" and node.event is not None and node.event.kind == "compensate"


def _lanes(element: Element) -> dict[str, tuple[str, str]]:
    """Lane id and name by element id; document order puts inner lanes after outer ones, so the innermost wins."""
    lanes: dict[str, tuple[str, str]] = {}
    for lane in element.iter(tag("lane")):
        for reference in lane.iterchildren(tag("flowNodeRef")):
            lanes[text_of(reference)] = (lane.get("id", ""), lane.get("name", ""))
    return lanes
