"""BPMN XML to process models, in the dialects of bpmn-js, both Camunda Modelers and the plain standard.

What is drawn is what runs: whatever the specs do not execute as the standard says becomes a finding here, with the
element, its line, the reason and what to draw instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree

from lastmeter.definitions.findings import DefinitionRefused, Finding, Severity
from lastmeter.feel import FeelSyntaxError
from lastmeter.workflow.spiff import expressions, timers
from lastmeter.workflow.spiff.model import Assignment, Event, Flow, Node, Process, Repeat, Text

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
PREFIXES: Mapping[str, str] = {
    "http://lastmeter.org/schema/1.0": "lm",
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://camunda.org/schema/modeler/1.0": "modeler",
    "http://camunda.org/schema/zeebe/1.0": "zeebe",
    "http://activiti.org/bpmn": "activiti",
    "http://flowable.org/bpmn": "flowable",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://bpmn.io/schema/bpmn/biocolor/1.0": "bioc",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0": "color",
}
MAX_BYTES = 20_000_000
MAX_NODES = 5_000

_TASKS = ("task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask")
_ACTIVITIES = (*_TASKS, "subProcess", "callActivity")
_GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway")
_EVENTS = ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent")
NODES = frozenset((*_ACTIVITIES, *_GATEWAYS, *_EVENTS))

_ALLOWED_EVENTS: Mapping[str, frozenset[str]] = {
    "startEvent": frozenset(("timer", "message", "signal", "error", "escalation", "conditional")),
    "endEvent": frozenset(("message", "signal", "error", "escalation", "terminate")),
    "intermediateCatchEvent": frozenset(("timer", "message", "signal", "conditional", "link")),
    "intermediateThrowEvent": frozenset(("message", "signal", "escalation", "link")),
    "boundaryEvent": frozenset(("timer", "message", "signal", "error", "escalation", "conditional")),
}
_EVENT_ZH: Mapping[str, str] = {
    "timer": "定时", "message": "消息", "signal": "信号", "error": "错误", "escalation": "升级", "conditional": "条件",
    "link": "链接", "terminate": "终止", "cancel": "取消", "compensate": "补偿",
}  # fmt: skip

# Elements without effect on execution: drawn for the reader.
_DECORATION = frozenset(
    (
        "documentation", "extensionElements", "laneSet", "textAnnotation", "association", "group", "incoming", "outgoing",
        "dataObject", "dataObjectReference", "dataStoreReference", "property", "ioSpecification", "auditing", "monitoring",
        "dataInputAssociation", "dataOutputAssociation", "potentialOwner", "humanPerformer", "performer", "resourceRole",
        "rendering", "category", "correlationSubscription", "supports", "artifact", "dataInput", "dataOutput",
        "inputSet", "outputSet", "ioBinding",
    )
)  # fmt: skip
_OF_NODE = frozenset(
    (
        "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "script", "timerEventDefinition",
        "messageEventDefinition", "signalEventDefinition", "errorEventDefinition", "escalationEventDefinition",
        "conditionalEventDefinition", "linkEventDefinition", "terminateEventDefinition", "cancelEventDefinition",
        "compensateEventDefinition", "eventDefinitionRef",
    )
)  # fmt: skip
_UNSUPPORTED: Mapping[str, tuple[str, str, str, str]] = {
    "complexGateway": (
        "复杂网关尚不能按标准执行", "a complex gateway is not executed yet",
        "改用包容网关或并行网关，把判断写在条件里", "draw an inclusive or parallel gateway with conditions",
    ),
    "transaction": (
        "事务子流程尚不能按标准执行", "a transaction sub-process is not executed yet",
        "改用普通子流程，取消用错误边界事件表示", "draw a plain sub-process and an error boundary event for the cancellation",
    ),
    "adHocSubProcess": (
        "自由子流程尚不能按标准执行", "an ad-hoc sub-process is not executed yet",
        "把其中的活动画成循环，由排他网关决定下一步", "draw a loop whose exclusive gateway chooses the next activity",
    ),
    "subChoreography": (
        "编排图不是可执行流程", "a choreography is not an executable process", "改画为流程", "draw a process",
    ),
    "callChoreography": (
        "编排图不是可执行流程", "a choreography is not an executable process", "改画为流程", "draw a process",
    ),
    "choreographyTask": (
        "编排图不是可执行流程", "a choreography is not an executable process", "改画为流程", "draw a process",
    ),
}  # fmt: skip


class Reader:
    """One file: collects findings while it builds the processes."""

    def __init__(self, xml: bytes) -> None:
        self.findings: list[Finding] = []
        self.roots: dict[str, etree._Element] = {}
        self.tree = self._open(xml)

    # -- findings ------------------------------------------------------------------------------------------------

    def find(
        self,
        rule: str,
        element: etree._Element | None,
        zh: str,
        en: str,
        fix_zh: str = "",
        fix_en: str = "",
        severity: Severity = "error",
    ) -> None:
        """Record a finding about the element."""
        identity = element.get("id") if element is not None else None
        line = int(element.sourceline or 0) if element is not None else None
        self.findings.append(Finding(severity, rule, identity, line, zh, en, fix_zh, fix_en))

    def refuse_if_wrong(self) -> None:
        """Nothing if no finding is an error. Raises DefinitionRefused."""
        if any(finding.severity == "error" for finding in self.findings):
            raise DefinitionRefused(self.findings)

    # -- the file ------------------------------------------------------------------------------------------------

    def _open(self, xml: bytes) -> etree._Element:
        if len(xml) > MAX_BYTES:
            self.find("too-large", None, "文件过大", f"the file is larger than {MAX_BYTES} bytes")
            self.refuse_if_wrong()
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
            remove_comments=True, remove_pis=True,
        )  # fmt: skip
        try:
            root = etree.fromstring(xml, parser)
        except (etree.XMLSyntaxError, ValueError) as wrong:
            line = getattr(wrong, "lineno", None)
            finding = Finding(
                "error", "not-xml", None, line, f"文件不是合格的 XML：{wrong}", f"the file is not well-formed XML: {wrong}",
                "用建模工具重新导出", "export it again from the modeller",
            )  # fmt: skip
            raise DefinitionRefused([finding]) from wrong
        if root.getroottree().docinfo.doctype:
            self.find(
                "doctype", None, "文件含 DOCTYPE，拒绝读取", "the file has a DOCTYPE and is not read",
                "删去 DOCTYPE 声明", "remove the DOCTYPE declaration",
            )  # fmt: skip
            self.refuse_if_wrong()
        if root.tag != f"{{{BPMN}}}definitions":
            self.find(
                "not-bpmn", root, "根元素不是 BPMN 2.0 的 definitions", "the root element is not BPMN 2.0 definitions",
                "用 BPMN 2.0 建模工具导出", "export it from a BPMN 2.0 modeller",
            )  # fmt: skip
            self.refuse_if_wrong()
        return root

    def read(self) -> list[Process]:
        """The executable processes. Raises DefinitionRefused; notes and warnings stay in `findings`."""
        self._index()
        processes = [
            self._process(element)
            for element in self.tree.iterchildren(f"{{{BPMN}}}process")
            if element.get("isExecutable", "true") != "false"
        ]
        if not processes and not self.findings:
            self.find(
                "no-executable-process", self.tree, "没有可执行的流程", "there is no executable process",
                "在流程上设置 isExecutable=\"true\"", "set isExecutable=\"true\" on the process",
            )  # fmt: skip
        self.refuse_if_wrong()
        return processes

    def _index(self) -> None:
        for element in self.tree.iter(f"{{{BPMN}}}*"):
            identity = element.get("id")
            if identity is None:
                continue
            if identity in self.roots:
                self.find(
                    "duplicate-id", element, f"编号 {identity} 重复", f"the id {identity} is used twice",
                    "给其中一个改名", "rename one of them",
                )  # fmt: skip
            self.roots[identity] = element

    # -- processes -----------------------------------------------------------------------------------------------

    def _process(self, element: etree._Element) -> Process:
        key = element.get("id", "")
        process = Process(key=key, name=element.get("name", "") or self._participant_name(key) or key)
        if not key:
            self.find("missing-id", element, "流程没有编号", "the process has no id", "填写 id", "give it an id")
        self._container(process, element, key, self._lanes(element))
        self._flow_ends(process)
        if len(process.nodes) > MAX_NODES:
            self.find(
                "too-many-elements", element, f"元素超过 {MAX_NODES} 个", f"more than {MAX_NODES} elements",
                "拆成调用活动", "split it into call activities",
            )  # fmt: skip
        for node in process.nodes.values():
            self._check_node(process, node)
        return process

    def _participant_name(self, key: str) -> str:
        for participant in self.tree.iter(f"{{{BPMN}}}participant"):
            if _local_ref(participant.get("processRef")) == key:
                return participant.get("name") or ""
        return ""

    def _lanes(self, element: etree._Element) -> dict[str, tuple[str, str]]:
        lanes: dict[str, tuple[str, str]] = {}
        # Document order puts inner lanes after outer ones: the innermost wins.
        for lane in element.iter(f"{{{BPMN}}}lane"):
            for reference in lane.iterchildren(f"{{{BPMN}}}flowNodeRef"):
                lanes[(reference.text or "").strip()] = (lane.get("id", ""), lane.get("name", ""))
        return lanes

    def _container(
        self,
        process: Process,
        element: etree._Element,
        container: str,
        lanes: Mapping[str, tuple[str, str]],
        lane: tuple[str, str] = ("", ""),
    ) -> None:
        for child in element:
            tag = _local(child)
            if child.tag.startswith(f"{{{BPMN}}}") is False or tag in _DECORATION or tag in _OF_NODE:
                continue
            if tag == "sequenceFlow":
                self._flow(process, child)
            elif tag in _UNSUPPORTED:
                zh, en, fix_zh, fix_en = _UNSUPPORTED[tag]
                self.find("unsupported-element", child, zh, en, fix_zh, fix_en)
            elif tag in NODES:
                node = self._node(process, child, tag, container, lanes, lane)
                if tag == "subProcess":
                    self._container(process, child, node.id, lanes, (node.lane_id, node.lane_name))
            else:
                self.find(
                    "unsupported-element", child, f"不认识的元素 {tag}", f"the element {tag} is not executed",
                    "换用受支持的元素", "use a supported element",
                )  # fmt: skip

    def _flow(self, process: Process, element: etree._Element) -> None:
        identity = element.get("id") or f"flow-{len(process.flows) + 1}-{element.sourceline}"
        condition = element.find(f"{{{BPMN}}}conditionExpression")
        text = None
        if condition is not None and (condition.text or "").strip():
            self._language(condition, condition.get("language"))
            text = self._feel(condition, condition.text or "", owner=element)
        process.flows[identity] = Flow(identity, element.get("sourceRef", ""), element.get("targetRef", ""), text)

    def _flow_ends(self, process: Process) -> None:
        for flow in process.flows.values():
            ends = (process.nodes.get(flow.source), process.nodes.get(flow.target))
            source, target = ends
            if source is None or target is None:
                missing = flow.source if source is None else flow.target
                self.find(
                    "unresolved-reference", self.roots.get(flow.id), f"顺序流 {flow.id} 指向不存在的元素 {missing}",
                    f"the sequence flow {flow.id} refers to {missing}, which is no element of this process",
                    "重新连线", "connect it again",
                )  # fmt: skip
            elif source.container != target.container:
                self.find(
                    "flow-crosses-boundary", self.roots.get(flow.id), "顺序流不能穿过子流程的边界",
                    "a sequence flow may not cross the border of a sub-process", "连到子流程本身或用事件",
                    "connect to the sub-process itself, or use an event",
                )  # fmt: skip
            else:
                source.outgoing.append(flow.id)
                target.incoming.append(flow.id)

    # -- nodes ---------------------------------------------------------------------------------------------------

    def _node(
        self,
        process: Process,
        element: etree._Element,
        tag: str,
        container: str,
        lanes: Mapping[str, tuple[str, str]],
        lane: tuple[str, str],
    ) -> Node:
        identity = element.get("id", "")
        if not identity:
            self.find("missing-id", element, f"元素 {tag} 没有编号", f"an element {tag} has no id", "填写 id", "give it an id")
            identity = f"line-{element.sourceline}-{len(process.nodes)}"
        lane_id, lane_name = lanes.get(identity, lane)
        node = Node(
            identity, tag, container, element.get("name", "") or "", int(element.sourceline or 0), lane_id, lane_name,
            _ext(element), default=element.get("default", ""),
        )  # fmt: skip
        process.nodes[identity] = node
        self._refuse_placeholders(element, node.ext)
        if tag in _EVENTS:
            self._event_node(element, node)
        if tag in _ACTIVITIES:
            self._activity(element, node)
        if tag == "eventBasedGateway" and element.get("instantiate") == "true":
            self.find(
                "unsupported-element", element, "启动流程的事件网关尚不能按标准执行",
                "an instantiating event-based gateway is not executed yet",
                "画成几个消息开始事件", "draw several message start events",
            )  # fmt: skip
        return node

    def _activity(self, element: etree._Element, node: Node) -> None:
        for attribute in ("startQuantity", "completionQuantity"):
            if element.get(attribute, "1") != "1":
                self.find(
                    "unsupported-attribute", element, f"{attribute} 不为 1 时不能执行", f"{attribute} other than 1 is not executed",
                    "用多实例或并行网关表示", "draw a multi-instance activity or a parallel gateway",
                )  # fmt: skip
        if element.get("isForCompensation") == "true":
            self.find(
                "unsupported-element", element, "补偿活动尚不能按标准执行", "a compensation activity is not executed yet",
                "用错误边界事件和普通任务表示", "draw an error boundary event and a plain task",
            )  # fmt: skip
        self._mappings(element, node)
        node.repeat = self._repeat(element, node)
        match node.type:
            case "scriptTask":
                self._script(element, node)
            case "businessRuleTask":
                self._decision(element, node)
            case "serviceTask":
                node.topic = self._topic(element, node)
                node.result = _attribute(node, "resultVariable")
            case "sendTask" | "receiveTask":
                self._message_task(element, node)
            case "callActivity":
                self._called(element, node)
            case "subProcess":
                node.triggered_by_event = element.get("triggeredByEvent") == "true"
                if node.triggered_by_event and node.repeat is not None:
                    self.find(
                        "event-sub-process-repeats", element, "事件子流程不能是多实例或循环",
                        "an event sub-process cannot be multi-instance or a loop", "把循环画在子流程里面", "draw the loop inside",
                    )  # fmt: skip

    def _mappings(self, element: etree._Element, node: Node) -> None:
        for holder in (*node.ext.get("camunda:inputOutput", ()), *node.ext.get("zeebe:ioMapping", ())):
            for part in holder.get("$children", ()):
                match part["$tag"]:
                    case "camunda:inputParameter":
                        node.inputs.append(Assignment(part.get("name", ""), self._parameter(element, part)))
                    case "camunda:outputParameter":
                        node.outputs.append(Assignment(part.get("name", ""), self._parameter(element, part)))
                    case "zeebe:input":
                        node.inputs.append(Assignment(part.get("target", ""), self._value(element, part.get("source", ""))))
                    case "zeebe:output":
                        node.outputs.append(Assignment(part.get("target", ""), self._value(element, part.get("source", ""))))

    def _parameter(self, element: etree._Element, part: Mapping[str, Any]) -> Text | None:
        children = part.get("$children", ())
        if not children:
            return self._value(element, part.get("$text", ""))
        return self._feel(element, self._structure(element, children[0]))

    def _structure(self, element: etree._Element, part: Mapping[str, Any]) -> str:
        """A camunda:map, :list or :script as one FEEL expression."""
        match part["$tag"]:
            case "camunda:map":
                entries = (f"{_quoted(entry.get('key', ''))}: {self._entry(element, entry)}" for entry in part["$children"])
                return "{" + ", ".join(entries) + "}"
            case "camunda:list":
                return "[" + ", ".join(self._entry(element, entry) for entry in part["$children"]) + "]"
            case "camunda:script":
                self._language(element, part.get("scriptFormat"))
                return str(part.get("$text", "null"))
        return self._entry(element, part)

    def _entry(self, element: etree._Element, part: Mapping[str, Any]) -> str:
        children = part.get("$children", ())
        if children:
            return self._structure(element, children[0])
        text = str(part.get("$text", ""))
        return f"({text[1:]})" if text.startswith("=") else _quoted(text)

    def _repeat(self, element: etree._Element, node: Node) -> Repeat | None:
        loop = element.find(f"{{{BPMN}}}standardLoopCharacteristics")
        if loop is not None:
            maximum = loop.get("loopMaximum")
            if maximum is not None and not maximum.isdigit():
                self.find(
                    "loop-maximum", element, "loopMaximum 不是正整数", "loopMaximum is not a whole number",
                    "填写正整数", "write a whole number",
                )  # fmt: skip
                maximum = None
            return Repeat(
                "loop",
                condition=self._child_feel(loop, "loopCondition"),
                test_before=loop.get("testBefore") == "true",
                maximum=int(maximum) if maximum is not None else None,
            )
        many = element.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
        if many is None:
            return None
        behaviour = many.get("behavior", "All")
        if behaviour.lower() != "all" or many.find(f"{{{BPMN}}}complexBehaviorDefinition") is not None:
            self.find(
                "unsupported-attribute", element, f"多实例的 behavior={behaviour} 不能执行",
                f"multi-instance behaviour {behaviour} is not executed",
                "去掉 behavior，在活动之后抛出事件", "leave the behaviour out and throw the event after the activity",
            )  # fmt: skip
        repeat = self._multi_instance(many)
        if repeat.collection is None and repeat.cardinality is None:
            self.find(
                "multi-instance-without-number", element, "多实例没有集合也没有次数",
                "the multi-instance activity has neither a collection nor a cardinality",
                "填写集合或次数", "give a collection or a cardinality",
            )  # fmt: skip
        return repeat

    def _multi_instance(self, many: etree._Element) -> Repeat:
        ext = _ext(many)
        zeebe = (ext.get("zeebe:loopCharacteristics") or [{}])[0]
        collection = ext.get("camunda:collection") or zeebe.get("inputCollection")
        reference = many.find(f"{{{BPMN}}}loopDataInputRef")
        if collection is None and reference is not None:
            collection = self._data_name((reference.text or "").strip())
        output = ext.get("lm:outputCollection") or zeebe.get("outputCollection") or ""
        output_reference = many.find(f"{{{BPMN}}}loopDataOutputRef")
        if not output and output_reference is not None:
            output = self._data_name((output_reference.text or "").strip())
        output_element = ext.get("lm:outputElement") or zeebe.get("outputElement")
        output_item = many.find(f"{{{BPMN}}}outputDataItem")
        if output_element is None and output_item is not None:
            output_element = output_item.get("name") or output_item.get("id")
        item = many.find(f"{{{BPMN}}}inputDataItem")
        element_name = ext.get("camunda:elementVariable") or zeebe.get("inputElement")
        if element_name is None and item is not None:
            element_name = item.get("name") or item.get("id")
        return Repeat(
            "sequential" if many.get("isSequential") == "true" else "parallel",
            collection=self._feel(many, collection.removeprefix("=")) if collection else None,
            cardinality=self._child_feel(many, "loopCardinality"),
            element=element_name or "",
            output_collection=output.removeprefix("=").strip(),
            output_element=self._feel(many, output_element.removeprefix("=")) if output_element else None,
            completion=self._child_feel(many, "completionCondition"),
            first_counter=1 if zeebe else 0,
        )

    def _data_name(self, reference: str) -> str:
        """The variable a data reference stands for: the name of the referenced item, else the text itself."""
        target = self.roots.get(reference)
        if target is None:
            return reference
        aimed = self.roots.get(target.get("dataObjectRef", ""))
        return target.get("name") or (aimed.get("name") if aimed is not None else None) or reference

    def _script(self, element: etree._Element, node: Node) -> None:
        node.result = _attribute(node, "resultVariable")
        zeebe = (node.ext.get("zeebe:script") or [{}])[0]
        if zeebe:
            node.result = zeebe.get("resultVariable", "")
            node.script = self._feel(element, zeebe.get("expression", "").removeprefix("="))
            return
        if _first(node, "zeebe:taskDefinition"):
            node.topic = _first(node, "zeebe:taskDefinition").get("type", "")
            return
        script = element.find(f"{{{BPMN}}}script")
        text = (script.text or "").strip() if script is not None else ""
        self._language(element, element.get("scriptFormat"))
        if text:
            node.script = self._feel(element, text.removeprefix("="))

    def _decision(self, element: etree._Element, node: Node) -> None:
        zeebe = _first(node, "zeebe:calledDecision")
        reference = _attribute(node, "decisionRef") or zeebe.get("decisionId", "")
        node.result = _attribute(node, "resultVariable") or zeebe.get("resultVariable", "")
        node.topic = "" if reference else self._topic(element, node, required=False)
        if reference:
            node.decision = self._value(element, reference)
        elif not node.topic:
            self.find(
                "decision-missing", element, "业务规则任务没有指明决策", "the business rule task names no decision",
                "填写 camunda:decisionRef 或 zeebe:calledDecision", "set camunda:decisionRef or zeebe:calledDecision",
            )  # fmt: skip

    def _topic(self, element: etree._Element, node: Node, required: bool = True) -> str:
        for attribute in ("class", "delegateExpression", "expression"):
            if _attribute(node, attribute):
                self.find(
                    "foreign-code", element, f"服务任务用 {attribute} 指向程序代码，不能执行",
                    f"the service task points at program code by {attribute}, which is not run",
                    "改用 camunda:type=\"external\" 和 camunda:topic 指明连接器",
                    "name a connector with camunda:type=\"external\" and camunda:topic",
                )  # fmt: skip
                return ""
        topic = (
            _attribute(node, "topic")
            or str(node.ext.get("lm:connector", ""))
            or _first(node, "zeebe:taskDefinition").get("type", "")
            or _first(node, "camunda:connector").get("connectorId", "")
        )
        if topic.startswith("="):
            self.find(
                "connector-is-expression", element, "连接器名不能是表达式", "the connector's name cannot be an expression",
                "写出连接器名", "write the connector's name",
            )  # fmt: skip
        elif not topic and required:
            self.find(
                "connector-missing", element, "服务任务没有指明连接器", "the service task names no connector",
                "填写 camunda:topic", "set camunda:topic",
            )  # fmt: skip
        return topic

    def _message_task(self, element: etree._Element, node: Node) -> None:
        reference = element.get("messageRef")
        if reference:
            node.event = self._message(element, reference, node.ext)
        elif node.type == "sendTask" and self._topic(element, node, required=False):
            node.topic = self._topic(element, node, required=False)
        else:
            # The standard lets a send or receive task do without a message: it then stands for the task's own id.
            self.find(
                "message-missing", element, "发送或接收任务没有指明消息", "the send or receive task names no message",
                "填写 messageRef", "set messageRef",
            )  # fmt: skip
        if element.get("instantiate") == "true":
            self.find(
                "unsupported-attribute", element, "启动流程的接收任务尚不能按标准执行",
                "an instantiating receive task is not executed yet", "画成消息开始事件", "draw a message start event",
            )  # fmt: skip

    def _called(self, element: etree._Element, node: Node) -> None:
        zeebe = _first(node, "zeebe:calledElement")
        reference = element.get("calledElement") or zeebe.get("processId") or ""
        if reference.startswith("="):
            node.called = self._feel(element, reference[1:])
        elif reference:
            node.called = Text(_local_ref(reference) or reference, feel=False)
        else:
            self.find(
                "called-process-missing", element, "调用活动没有指明流程", "the call activity names no process",
                "填写 calledElement", "set calledElement",
            )  # fmt: skip
        target = self.roots.get(node.called.text) if node.called else None
        if target is not None and _local(target).startswith("global"):
            self.find(
                "unsupported-element", element, "全局任务尚不能按标准执行", "a global task is not executed yet",
                "在图中直接画出该任务，或调用一个流程", "draw the task itself, or call a process",
            )  # fmt: skip
        node.pass_all_in = zeebe.get("propagateAllParentVariables", "true") == "true" if zeebe else False
        node.pass_all_out = zeebe.get("propagateAllChildVariables", "true") == "true" if zeebe else False
        for tag, mappings in (("camunda:in", node.inputs), ("camunda:out", node.outputs)):
            for part in node.ext.get(tag, ()):
                if part.get("variables") == "all":
                    if tag == "camunda:in":
                        node.pass_all_in = True
                    else:
                        node.pass_all_out = True
                    continue
                if part.get("businessKey") is not None:
                    continue
                source = part.get("source") or (part.get("sourceExpression") or "").removeprefix("=")
                if source and part.get("target"):
                    mappings.append(Assignment(part["target"], self._feel(element, source)))

    # -- events --------------------------------------------------------------------------------------------------

    def _event_node(self, element: etree._Element, node: Node) -> None:
        definitions = [child for child in element if _local(child).endswith("EventDefinition")]
        references = [
            self.roots.get(_local_ref((child.text or "").strip()) or "")
            for child in element.iterchildren(f"{{{BPMN}}}eventDefinitionRef")
        ]
        definitions.extend(item for item in references if item is not None)
        if len(definitions) > 1 or element.get("parallelMultiple") == "true":
            self.find(
                "unsupported-element", element, "一个事件带多个事件定义时尚不能按标准执行",
                "an event with several event definitions is not executed yet",
                "分成几个事件，前面加事件网关", "draw several events behind an event-based gateway",
            )  # fmt: skip
            return
        if definitions:
            kind = _local(definitions[0]).removesuffix("EventDefinition")
            if kind not in _ALLOWED_EVENTS[node.type]:
                zh = _EVENT_ZH.get(kind, kind)
                self.find(
                    "unsupported-event", element, f"{zh}事件不能用在这里（{node.type}）",
                    f"a {kind} event is not executed as a {node.type}",
                    "换用受支持的事件", "use an event that is executed there",
                )  # fmt: skip
                return
            node.event = self._event(element, definitions[0], kind, node)
        elif node.type == "boundaryEvent" or node.type == "intermediateCatchEvent":
            self.find(
                "event-without-definition", element, "捕获事件没有事件定义", "the catching event has no event definition",
                "选择定时、消息、信号等类型", "choose timer, message, signal or another type",
            )  # fmt: skip
        if node.type == "boundaryEvent":
            node.attached_to = element.get("attachedToRef", "")
            node.interrupting = element.get("cancelActivity", "true") != "false"
        if node.type == "startEvent":
            node.interrupting = element.get("isInterrupting", "true") != "false"
        for part in (*node.ext.get("camunda:inputOutput", ()), *node.ext.get("zeebe:ioMapping", ())):
            if part.get("$children"):
                self._mappings(element, node)
                break

    def _event(self, element: etree._Element, definition: etree._Element, kind: str, node: Node) -> Event | None:
        match kind:
            case "timer":
                return self._timer(element, definition)
            case "message":
                return self._message(element, definition.get("messageRef"), {**_ext(definition), **node.ext})
            case "signal":
                name = self._referenced_name(element, definition.get("signalRef"), "signal", "信号")
                return Event("signal", name, payload=self._payload(element, node.ext))
            case "error" | "escalation":
                return self._thrown(element, definition, kind)
            case "conditional":
                condition = self._child_feel(definition, "condition")
                if condition is None:
                    self.find(
                        "condition-missing", element, "条件事件没有条件", "the conditional event has no condition",
                        "填写条件", "write the condition",
                    )  # fmt: skip
                return Event("conditional", text=condition)
            case "link":
                return Event("link", definition.get("name", "") or node.name)
        return Event(kind)

    def _timer(self, element: etree._Element, definition: etree._Element) -> Event | None:
        for kind in ("timeDate", "timeDuration", "timeCycle"):
            child = definition.find(f"{{{BPMN}}}{kind}")
            raw = (child.text or "").strip() if child is not None else ""
            if not raw:
                continue
            if raw.startswith("="):
                return Event("timer", text=self._feel(element, raw[1:]), timer=kind)
            if timers.is_literal(kind, raw):  # type: ignore[arg-type]
                return Event("timer", text=Text(raw, feel=False), timer=kind)
            if self._is_feel(raw):
                return Event("timer", text=self._feel(element, raw), timer=kind)
            self.find(
                "timer-not-understood", element, f"看不懂定时器“{raw}”", f"the timer “{raw}” is not understood",
                "写 ISO 8601，例如 P10D、2026-04-13T09:00:00+08:00、R3/PT10H，或以 = 开头写 FEEL",
                "write ISO 8601 such as P10D, 2026-04-13T09:00:00+08:00, R3/PT10H, or FEEL after an =",
            )  # fmt: skip
            return None
        self.find(
            "timer-missing", element, "定时事件没有时间", "the timer event has no time",
            "填写日期、时长或周期", "give a date, a duration or a cycle",
        )  # fmt: skip
        return None

    def _is_feel(self, raw: str) -> bool:
        if "${" in raw or "#{" in raw:
            return True
        try:
            expressions.compiled(raw)
        except FeelSyntaxError:
            return False
        return True

    def _message(self, element: etree._Element, reference: str | None, ext: Mapping[str, Any]) -> Event | None:
        name = self._referenced_name(element, reference, "message", "消息")
        message = self.roots.get(_local_ref(reference) or "")
        correlation = ext.get("lm:correlation")
        if correlation is None and message is not None:
            inside = _ext(message)
            correlation = inside.get("lm:correlation")
            for subscription in inside.get("zeebe:subscription", ()):
                correlation = correlation or subscription.get("correlationKey")
        text = self._feel(element, correlation.removeprefix("=")) if correlation else None
        return Event("message", name, correlation=text, payload=self._payload(element, ext))

    def _payload(self, element: etree._Element, ext: Mapping[str, Any]) -> Text | None:
        payload = ext.get("lm:payload")
        return self._feel(element, payload.removeprefix("=")) if payload else None

    def _thrown(self, element: etree._Element, definition: etree._Element, kind: str) -> Event:
        reference = definition.get(f"{kind}Ref")
        target = self.roots.get(_local_ref(reference) or "")
        ext = _ext(definition)
        if reference and target is None:
            self._unresolved(element, reference)
        code = ""
        if target is not None:
            code = target.get(f"{kind}Code") or target.get("name") or target.get("id", "")
        return Event(
            kind, code,
            code_variable=ext.get(f"camunda:{kind}CodeVariable", ""),
            message_variable=ext.get(f"camunda:{kind}MessageVariable", ""),
        )  # fmt: skip

    def _referenced_name(self, element: etree._Element, reference: str | None, tag: str, zh: str) -> str:
        target = self.roots.get(_local_ref(reference) or "")
        if not reference:
            self.find(
                f"{tag}-missing", element, f"没有指明{zh}", f"no {tag} is named", f"选择一个{zh}", f"choose a {tag}",
            )  # fmt: skip
            return ""
        if target is None or _local(target) != tag:
            self._unresolved(element, reference)
            return ""
        name = target.get("name") or target.get("id", "")
        if name.startswith(("=", "${")):
            self.find(
                f"{tag}-name-is-expression", element, f"{zh}名不能是表达式", f"the {tag}'s name cannot be an expression",
                "写固定的名称，变化的部分放进关联键", "write a fixed name and put what varies into the correlation",
            )  # fmt: skip
        return name

    def _unresolved(self, element: etree._Element, reference: str) -> None:
        self.find(
            "unresolved-reference", element, f"引用了不存在的 {reference}", f"refers to {reference}, which does not exist",
            "重新选择", "choose it again",
        )  # fmt: skip

    # -- expressions ---------------------------------------------------------------------------------------------

    def _child_feel(self, parent: etree._Element, tag: str) -> Text | None:
        child = parent.find(f"{{{BPMN}}}{tag}")
        if child is None or not (child.text or "").strip():
            return None
        self._language(parent, child.get("language"))
        return self._feel(parent, (child.text or ""))

    def _value(self, element: etree._Element, raw: str) -> Text | None:
        """A literal, or FEEL after `=`."""
        raw = raw.strip()
        return self._feel(element, raw[1:]) if raw.startswith("=") else Text(raw, feel=False)

    def _feel(self, element: etree._Element, raw: str, owner: etree._Element | None = None) -> Text:
        text = raw.strip().removeprefix("=").strip()
        about = element if owner is None else owner
        about = about if about.get("id") else _nearest_with_id(about)
        if self._placeholder(about, text):
            return Text("null")
        try:
            expressions.compiled(text)
        except FeelSyntaxError as wrong:
            self.find(
                "feel-syntax", about, f"表达式“{text}”有误：{wrong.facts['hint_zh']}",
                f"the expression “{text}” is not FEEL: {wrong.facts['hint_en']}", "改正表达式", "correct the expression",
            )  # fmt: skip
            return Text("null")
        return Text(text)

    def _placeholder(self, element: etree._Element, text: str) -> bool:
        if "${" not in text and "#{" not in text:
            return False
        start = text.index("{") + 1
        inner = text[start:].split("}", 1)[0].strip()
        suggestion = _as_feel(inner)
        self.find(
            "foreign-expression", element, f"“{text}”是 JUEL 表达式，这里只用 FEEL", f"“{text}” is a JUEL expression; only FEEL is run",
            f"改写为 {suggestion}", f"write {suggestion}",
        )  # fmt: skip
        return True

    def _refuse_placeholders(self, element: etree._Element, ext: Mapping[str, Any]) -> None:
        for value in _attribute_texts(ext):
            self._placeholder(element, value)

    def _language(self, element: etree._Element, language: str | None) -> None:
        if language is None or "feel" in language.lower() or not language.strip():
            return
        if language in ("http://www.w3.org/1999/XPath", "text/plain"):
            return
        self.find(
            "foreign-script", element, f"脚本语言 {language} 不能执行，只用 FEEL", f"the script language {language} is not run; only FEEL is",
            "改写为 FEEL，scriptFormat=\"feel\"", "write it in FEEL with scriptFormat=\"feel\"",
        )  # fmt: skip

    # -- structure that would run differently from how it looks ------------------------------------------------------

    def _check_node(self, process: Process, node: Node) -> None:
        element = self.roots.get(node.id)
        if node.default and node.default not in node.outgoing:
            self.find(
                "unresolved-reference", element, f"默认流 {node.default} 不是它的出线",
                f"the default flow {node.default} does not leave it", "重新选择默认流", "choose the default flow again",
            )  # fmt: skip
        conditional = [flow for flow in node.outgoing if process.flows[flow].condition is not None]
        if conditional and node.type in ("parallelGateway", "eventBasedGateway", "startEvent"):
            self.find(
                "condition-without-effect", element, "这里的出线条件不起作用", "conditions on its outgoing flows would have no effect",
                "用排他或包容网关", "use an exclusive or inclusive gateway",
            )  # fmt: skip
        match node.type:
            case "boundaryEvent":
                self._check_boundary(process, node, element)
            case "eventBasedGateway":
                self._check_race(process, node, element)
            case "intermediateThrowEvent" if node.event is not None and node.event.kind == "link":
                self._check_link(process, node, element)
            case "startEvent":
                self._check_start(process, node, element)
            case "endEvent" if node.outgoing:
                self.find("end-with-outgoing", element, "结束事件不能有出线", "an end event has no outgoing flow", "删去出线", "remove it")
            case "subProcess" if node.triggered_by_event:
                self._check_event_sub_process(process, node, element)

    def _check_boundary(self, process: Process, node: Node, element: etree._Element | None) -> None:
        host = process.nodes.get(node.attached_to)
        if host is None or host.type not in _ACTIVITIES or host.triggered_by_event:
            self.find(
                "unresolved-reference", element, "边界事件没有附着在活动上", "the boundary event is not attached to an activity",
                "拖到活动的边上", "attach it to an activity",
            )  # fmt: skip
        if node.incoming:
            self.find(
                "boundary-with-incoming", element, "边界事件不能有入线", "a boundary event has no incoming flow",
                "删去入线", "remove the incoming flow",
            )  # fmt: skip
        if node.event is not None and node.event.kind == "error" and not node.interrupting:
            self.find(
                "error-must-interrupt", element, "错误边界事件必须是中断的", "an error boundary event always interrupts",
                "改为中断，或用升级事件", "make it interrupting, or use an escalation",
            )  # fmt: skip

    def _check_race(self, process: Process, node: Node, element: etree._Element | None) -> None:
        targets = [process.nodes[process.flows[flow].target] for flow in node.outgoing]
        if len(targets) < 2:
            self.find(
                "event-gateway-needs-two", element, "事件网关至少要有两条出线", "an event-based gateway needs two outgoing flows",
                "再连一个事件", "connect another event",
            )  # fmt: skip
        for target in targets:
            waits = target.type == "receiveTask" and target.repeat is None
            catches = target.type == "intermediateCatchEvent" and (target.event is None or target.event.kind != "link")
            if (not waits and not catches) or len(target.incoming) > 1:
                self.find(
                    "event-gateway-target", element, f"事件网关之后必须是只有一条入线的捕获事件或接收任务，不能是 {target.id}",
                    "behind an event-based gateway stand catching events or receive tasks with one incoming flow, "
                    f"not {target.id}",
                    "在中间加捕获事件", "put a catching event in between",
                )  # fmt: skip

    def _check_link(self, process: Process, node: Node, element: etree._Element | None) -> None:
        if len(link_targets(process, node)) != 1:
            self.find(
                "link-target", element, "链接事件没有唯一的同名捕获端", "the link has not exactly one catching event of its name",
                "画一个同名的链接捕获事件", "draw one catching link event of the same name",
            )  # fmt: skip

    def _check_start(self, process: Process, node: Node, element: etree._Element | None) -> None:
        container = process.nodes.get(node.container)
        inside_event_sub_process = container is not None and container.triggered_by_event
        kind = node.event.kind if node.event is not None else ""
        if container is not None and not inside_event_sub_process and kind:
            self.find(
                "start-event-in-sub-process", element, "普通子流程只能有无事件的开始", "a sub-process starts with a none start event",
                "去掉事件定义，或改为事件子流程", "remove the event definition, or make it an event sub-process",
            )  # fmt: skip
        if container is None and kind in ("error", "escalation", "conditional"):
            self.find(
                "unsupported-event", element, f"{_EVENT_ZH[kind]}事件不能启动流程", f"a {kind} event does not start a process",
                "换用消息、信号或定时开始", "use a message, signal or timer start",
            )  # fmt: skip
        if node.incoming:
            self.find("start-with-incoming", element, "开始事件不能有入线", "a start event has no incoming flow", "删去入线", "remove it")

    def _check_event_sub_process(self, process: Process, node: Node, element: etree._Element | None) -> None:
        starts = [other for other in process.nodes.values() if other.container == node.id and other.type == "startEvent"]
        if len(starts) != 1 or starts[0].event is None:
            self.find(
                "event-sub-process-start", element, "事件子流程必须有且只有一个带事件的开始",
                "an event sub-process has exactly one start event, with an event definition",
                "画一个带事件的开始", "draw one start event with an event definition",
            )  # fmt: skip
        elif starts[0].event.kind == "error" and not starts[0].interrupting:
            self.find(
                "error-must-interrupt", self.roots.get(starts[0].id), "错误开始事件必须是中断的", "an error start event always interrupts",
                "改为中断，或用升级事件", "make it interrupting, or use an escalation",
            )  # fmt: skip
        if node.incoming or node.outgoing:
            self.find(
                "event-sub-process-connected", element, "事件子流程不能有连线", "an event sub-process has no sequence flows",
                "删去连线", "remove them",
            )  # fmt: skip


def link_targets(process: Process, node: Node) -> list[Node]:
    """The catching link events in the same container with the name of the throwing one."""
    return [
        other
        for other in process.nodes.values()
        if other.type == "intermediateCatchEvent"
        and other.container == node.container
        and other.event is not None
        and other.event.kind == "link"
        and node.event is not None
        and other.event.name == node.event.name
    ]


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _local_ref(reference: str | None) -> str | None:
    """The id a QName reference aims at; the prefix only names the file's own target namespace."""
    return reference.rpartition(":")[2] if reference else None


def _tag(element: etree._Element) -> str:
    return _canonical(str(element.tag), element)


def _canonical(name: str, element: etree._Element) -> str:
    qualified = etree.QName(name)
    if qualified.namespace is None:
        return qualified.localname
    known = PREFIXES.get(qualified.namespace)
    if known is None:
        known = next((prefix for prefix, uri in element.nsmap.items() if uri == qualified.namespace and prefix), "ns")
    return f"{known}:{qualified.localname}"


def _ext(element: etree._Element) -> dict[str, Any]:
    """Foreign attributes as text, foreign extension elements as lists of their attributes, text and children."""
    ext: dict[str, Any] = {}
    for name, value in element.attrib.items():
        if str(name).startswith("{") and not str(name).startswith(f"{{{BPMN}}}"):
            ext[_canonical(str(name), element)] = str(value)
    holder = element.find(f"{{{BPMN}}}extensionElements")
    for child in holder if holder is not None else ():
        ext.setdefault(_tag(child), []).append(_foreign(child))
    documentation = element.find(f"{{{BPMN}}}documentation")
    if documentation is not None and (documentation.text or "").strip():
        ext["bpmn:documentation"] = (documentation.text or "").strip()
    owners = [
        "".join(text.itertext()).strip()
        for owner in element.iterchildren(f"{{{BPMN}}}potentialOwner", f"{{{BPMN}}}humanPerformer")
        for text in owner.iter(f"{{{BPMN}}}formalExpression")
    ]
    if owners:
        ext["bpmn:potentialOwner"] = owners
    return ext


def _foreign(element: etree._Element) -> dict[str, Any]:
    part: dict[str, Any] = {"$tag": _tag(element)}
    part.update({_canonical(str(name), element): str(value) for name, value in element.attrib.items()})
    if (element.text or "").strip():
        part["$text"] = (element.text or "").strip()
    children = [_foreign(child) for child in element]
    if children:
        part["$children"] = children
    return part


def _attribute_texts(ext: Mapping[str, Any]) -> Iterator[str]:
    for value in ext.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, dict):
                    yield from (item for key, item in part.items() if isinstance(item, str) and key != "$tag")


def _attribute(node: Node, name: str) -> str:
    for prefix in ("camunda", "lm", "activiti", "flowable"):
        value = node.ext.get(f"{prefix}:{name}")
        if isinstance(value, str) and value:
            return value
    return ""


def _first(node: Node, tag: str) -> Mapping[str, Any]:
    parts: Sequence[Mapping[str, Any]] = node.ext.get(tag, ())
    return parts[0] if parts else {}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _nearest_with_id(element: etree._Element) -> etree._Element:
    for ancestor in element.iterancestors():
        if ancestor.get("id"):
            return ancestor
    return element


def _as_feel(juel: str) -> str:
    """The FEEL a JUEL expression most likely means, as a suggestion."""
    text = juel
    for foreign, ours in (("==", "="), ("&&", "and"), ("||", "or"), ("'", '"')):
        text = text.replace(foreign, ours)
    if text.startswith("!") and not text.startswith("!="):
        text = f"not({text[1:].strip()})"
    return text
