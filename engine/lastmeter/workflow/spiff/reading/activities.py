"""Activities: mappings, repetition, and what each kind of task runs, calls or asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lastmeter.workflow.spiff.model import AdHoc, Assignment, Behaviour, Node, Repeat, Text
from lastmeter.workflow.spiff.reading.associations import DataReader
from lastmeter.workflow.spiff.reading.markup import (
    Element,
    attribute,
    extensions,
    first,
    local,
    local_ref,
    tag,
    text_of,
)

# More tokens than this at one activity are a slip of the pen.
MOST_TOKENS = 1_000
BEHAVIOURS = frozenset(("message", "signal", "error", "escalation"))
GLOBAL_TASKS: Mapping[str, str] = {
    "globalTask": "task",
    "globalManualTask": "manualTask",
    "globalUserTask": "userTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}


class ActivityReader(DataReader):
    """Reads tasks, sub-processes and call activities."""

    def activity(self, element: Element, node: Node) -> None:
        """Everything about the activity but what is drawn inside it."""
        node.start_quantity = self._quantity(element, "startQuantity")
        node.completion_quantity = self._quantity(element, "completionQuantity")
        node.for_compensation = self.flag(element, "isForCompensation")
        self.mappings(element, node)
        self.data(element, node)
        node.declared = self.declared(element)
        node.repeat = self._repeat(element, node)
        match node.type:
            case "scriptTask":
                self._script(element, node)
            case "businessRuleTask":
                self._decision(element, node)
            case "serviceTask":
                node.topic = self._topic(element, node)
                node.result = attribute(node.ext, "resultVariable")
            case "sendTask" | "receiveTask":
                self._message_task(element, node)
            case "callActivity":
                self._call(element, node)
            case "subProcess":
                node.triggered_by_event = self.flag(element, "triggeredByEvent")
                if node.triggered_by_event and node.repeat is not None:
                    self.find("event-sub-process-repeats", element)
            case "adHocSubProcess" | "transaction":
                if self.flag(element, "triggeredByEvent"):
                    self.find("attribute-value", element, attribute="triggeredByEvent", text="true", possible="false")
                if node.type == "adHocSubProcess":
                    self._ad_hoc(element, node)

    def _quantity(self, element: Element, name: str) -> int:
        text = element.get(name, "1").strip()
        if text.isdecimal() and 1 <= int(text) <= MOST_TOKENS:
            return int(text)
        self.find("quantity", element, attribute=name, limit=MOST_TOKENS)
        return 1

    def _ad_hoc(self, element: Element, node: Node) -> None:
        zeebe = first(node.ext, "zeebe:adHoc")
        active = node.ext.get("lm:activeElements") or zeebe.get("activeElementsCollection")
        node.ad_hoc = AdHoc(
            sequential=self.choice(element, "ordering", "Parallel", "Sequential") == "Sequential",
            completion=self.child_feel(element, "completionCondition"),
            cancels_rest=self.flag(element, "cancelRemainingInstances", default=True),
            active=self.feel(element, active) if active else None,
        )

    def mappings(self, element: Element, node: Node) -> None:
        """Input and output mappings of both Camunda dialects."""
        for holder in (*node.ext.get("camunda:inputOutput", ()), *node.ext.get("zeebe:ioMapping", ())):
            for part in holder.get("$children", ()):
                match part["$tag"]:
                    case "camunda:inputParameter":
                        node.inputs.append(Assignment(part.get("name", ""), self.parameter(element, part)))
                    case "camunda:outputParameter":
                        node.outputs.append(Assignment(part.get("name", ""), self.parameter(element, part)))
                    case "zeebe:input":
                        node.inputs.append(
                            Assignment(part.get("target", ""), self.value(element, part.get("source", "")))
                        )
                    case "zeebe:output":
                        node.outputs.append(
                            Assignment(part.get("target", ""), self.value(element, part.get("source", "")))
                        )

    # -- repetition ----------------------------------------------------------------------------------------------

    def _repeat(self, element: Element, node: Node) -> Repeat | None:
        loop = element.find(tag("standardLoopCharacteristics"))
        many = element.find(tag("multiInstanceLoopCharacteristics"))
        if loop is not None and many is not None:
            self.find("repeats-twice", element)
        if loop is not None:
            return self._loop(loop)
        if many is None:
            return None
        repeat = self._many(many)
        repeat.behaviours = list(self._behaviours(element, many, node))
        if repeat.collection is None and repeat.cardinality is None:
            self.find("multi-instance-without-number", element)
        return repeat

    def _behaviours(self, element: Element, many: Element, node: Node) -> Iterator[Behaviour]:
        """What the activity throws as its repetitions complete. Source: BPMN 2.0.2, table 10.29."""
        match many.get("behavior", "All").lower():
            case "all":
                return
            case "none":
                yield from self._behaviour(element, many.get("noneBehaviorEventRef"), node)
            case "one":
                for found in self._behaviour(element, many.get("oneBehaviorEventRef"), node):
                    found.once = True
                    yield found
            case "complex":
                for part in many.iterchildren(tag("complexBehaviorDefinition")):
                    condition = self.child_feel(part, "condition")
                    for thrown in part.iterchildren(tag("event")):
                        for definition in self._definitions(thrown):
                            yield from self._thrown_behaviour(element, definition, node, condition)
            case other:
                self.find("multi-instance-behaviour", element, behaviour=other)

    def _behaviour(self, element: Element, reference: str | None, node: Node) -> Iterator[Behaviour]:
        definition = self.by_id.get(local_ref(reference))
        if definition is None:
            self.find("unresolved-reference", element, reference=reference or "")
        else:
            yield from self._thrown_behaviour(element, definition, node)

    def _thrown_behaviour(
        self, element: Element, definition: Element, node: Node, condition: Text | None = None
    ) -> Iterator[Behaviour]:
        kind = local(definition).removesuffix("EventDefinition")
        event = self._event(element, definition, kind, node) if kind in BEHAVIOURS else None
        if event is None:
            self.find("multi-instance-behaviour", element, behaviour=kind)
        else:
            yield Behaviour(event, condition)

    def _loop(self, loop: Element) -> Repeat:
        maximum = loop.get("loopMaximum", "")
        condition = self.child_feel(loop, "loopCondition")
        counted = maximum.isdecimal() and len(maximum) < 10 and int(maximum) > 0
        if not counted and (condition is None or maximum):
            self.find("loop-without-end", loop)
        return Repeat(
            "loop",
            condition=condition,
            test_before=self.flag(loop, "testBefore"),
            maximum=int(maximum) if counted else None,
        )

    def _many(self, many: Element) -> Repeat:
        ext = extensions(many)
        zeebe = first(ext, "zeebe:loopCharacteristics")
        collection = (
            attribute(ext, "collection")
            or zeebe.get("inputCollection")
            or self.data_name(text_of(many.find(tag("loopDataInputRef"))))
        )
        output = (
            ext.get("lm:outputCollection")
            or zeebe.get("outputCollection")
            or self.data_name(text_of(many.find(tag("loopDataOutputRef"))))
        )
        output_element = ext.get("lm:outputElement") or zeebe.get("outputElement") or _item(many, "outputDataItem")
        element = attribute(ext, "elementVariable") or zeebe.get("inputElement") or _item(many, "inputDataItem")
        return Repeat(
            "sequential" if self.flag(many, "isSequential") else "parallel",
            collection=self.feel(many, collection) if collection else None,
            cardinality=self.child_feel(many, "loopCardinality"),
            element=element,
            output_collection=output.removeprefix("=").strip(),
            output_element=self.feel(many, output_element) if output_element else None,
            completion=self.child_feel(many, "completionCondition"),
            first_counter=1 if zeebe else 0,
        )

    # -- what a task does ----------------------------------------------------------------------------------------

    def _script(self, element: Element, node: Node) -> None:
        node.result = attribute(node.ext, "resultVariable")
        zeebe = first(node.ext, "zeebe:script")
        if zeebe:
            node.result = zeebe.get("resultVariable", "")
            node.script = self.feel(element, zeebe.get("expression", ""))
        elif first(node.ext, "zeebe:taskDefinition"):
            node.topic = first(node.ext, "zeebe:taskDefinition").get("type", "")
            return
        else:
            # A global script task names its language otherwise.
            self.language(element, element.get("scriptFormat") or element.get("scriptLanguage"))
            text = text_of(element.find(tag("script")))
            if not text:
                self.find("script-missing", element, "warning")
                return
            node.script = self.feel(element, text)
        if not node.result and not node.outputs:
            self.find("result-without-name", element, "note")

    def _decision(self, element: Element, node: Node) -> None:
        zeebe = first(node.ext, "zeebe:calledDecision")
        reference = attribute(node.ext, "decisionRef") or zeebe.get("decisionId", "")
        node.result = attribute(node.ext, "resultVariable") or zeebe.get("resultVariable", "")
        if not reference:
            node.topic = self._topic(element, node, required=False)
            if not node.topic:
                self.find("decision-missing", element)
            return
        node.decision = self.value(element, reference)
        if not node.result and not node.outputs:
            self.find("result-without-name", element, "warning")

    def _topic(self, element: Element, node: Node, required: bool = True) -> str:
        for name in ("class", "delegateExpression", "expression"):
            if attribute(node.ext, name):
                self.find("foreign-code", element, what=name)
                return ""
        topic = (
            attribute(node.ext, "topic")
            or attribute(node.ext, "connector")
            or first(node.ext, "zeebe:taskDefinition").get("type", "")
        )
        if topic.startswith("="):
            self.find("name-is-expression", element)
        elif not topic and required:
            self.find("connector-missing", element)
        return topic

    def _message_task(self, element: Element, node: Node) -> None:
        node.instantiates = node.type == "receiveTask" and self.flag(element, "instantiate")
        if element.get("messageRef"):
            node.event = self.message(element, element.get("messageRef"), node.ext)
            return
        if node.type == "sendTask":
            node.topic = self._topic(element, node, required=False)
        if not node.topic and element.get("id") in self.message_flows:
            node.event = self.message(element, None, node.ext)
        elif not node.topic:
            self.find("message-missing", element)

    def _call(self, element: Element, node: Node) -> None:
        zeebe = first(node.ext, "zeebe:calledElement")
        reference = element.get("calledElement") or zeebe.get("processId") or ""
        if reference.startswith("="):
            node.called = self.feel(element, reference)
        elif not reference or self.placeholder(element, reference):
            self.find("called-process-missing", element)
        else:
            node.called = Text(local_ref(reference), feel=False)
            target = self.by_id.get(local_ref(reference))
            if target is not None and local(target).startswith("global"):
                self._global_task(element, target, node)
        if zeebe:
            node.pass_all_in = zeebe.get("propagateAllParentVariables", "true") == "true"
            node.pass_all_out = zeebe.get("propagateAllChildVariables", "true") == "true"
        self._passed(element, node)

    def _global_task(self, element: Element, target: Element, node: Node) -> None:
        """The call becomes the task it calls, with the call's own repetition, mappings and boundary events."""
        kind = GLOBAL_TASKS.get(local(target))
        if kind is None:
            self.find("global-task", element, tag=local(target))
            return
        node.type, node.called = kind, None
        node.name = node.name or target.get("name", "")
        node.ext = {**extensions(target), **node.ext}
        self.mappings(target, node)
        if kind == "scriptTask":
            self._script(target, node)
        elif kind == "businessRuleTask":
            self._decision(target, node)

    def _passed(self, element: Element, node: Node) -> None:
        for name, mappings in (("camunda:in", node.inputs), ("camunda:out", node.outputs)):
            for part in node.ext.get(name, ()):
                source = part.get("source") or part.get("sourceExpression")
                if part.get("variables") == "all" and name == "camunda:in":
                    node.pass_all_in = True
                elif part.get("variables") == "all":
                    node.pass_all_out = True
                elif source and part.get("target"):
                    mappings.append(Assignment(part["target"], self.feel(element, source)))


def _item(many: Element, name: str) -> str:
    item = many.find(tag(name))
    return (item.get("name") or item.get("id") or "") if item is not None else ""
