"""Events: which definitions are executed where, and what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lastmeter.workflow.spiff import timers
from lastmeter.workflow.spiff.model import Event, Node, Text
from lastmeter.workflow.spiff.reading.correlations import CorrelationReader
from lastmeter.workflow.spiff.reading.markup import Element, extensions, local, local_ref, tag, text_of
from lastmeter.workflow.spiff.reading.sentences import EVENT_ZH

ALLOWED: Mapping[str, frozenset[str]] = {
    "startEvent": frozenset(("timer", "message", "signal", "error", "escalation", "conditional", "compensate")),
    "endEvent": frozenset(("message", "signal", "error", "escalation", "terminate", "cancel", "compensate")),
    "intermediateCatchEvent": frozenset(("timer", "message", "signal", "conditional", "link")),
    "intermediateThrowEvent": frozenset(("message", "signal", "escalation", "link", "compensate")),
    "boundaryEvent": frozenset(
        ("timer", "message", "signal", "error", "escalation", "conditional", "cancel", "compensate")
    ),
}
# What may stand beside others in one event: catches that can be told apart, throws that leave the token where it is.
_TOGETHER: Mapping[str, frozenset[str]] = {
    "startEvent": frozenset(("timer", "message", "signal", "error", "escalation", "conditional")),
    "boundaryEvent": frozenset(("timer", "message", "signal", "error", "escalation", "conditional")),
    "intermediateCatchEvent": frozenset(("timer", "message", "signal", "conditional")),
    "intermediateThrowEvent": frozenset(("message", "signal", "escalation")),
    "endEvent": frozenset(("message", "signal", "escalation", "error", "terminate")),
}
# One after the other these would leave nothing to the second.
_ENDING = frozenset(("error", "terminate"))
_TIMERS: tuple[timers.TimerKind, ...] = ("timeDate", "timeDuration", "timeCycle")


def _catches(element: Element) -> bool:
    return local(element) in ("startEvent", "intermediateCatchEvent", "boundaryEvent", "receiveTask")


class EventReader(CorrelationReader):
    """Reads event nodes and their definitions."""

    def event_node(self, element: Element, node: Node) -> None:
        """The node's event and how it is attached."""
        node.event = self._event_of(element, node)
        if node.type == "boundaryEvent":
            node.attached_to = local_ref(element.get("attachedToRef"))
            node.interrupting = self.flag(element, "cancelActivity", default=True)
        if node.type == "startEvent":
            node.interrupting = self.flag(element, "isInterrupting", default=True)

    def _event_of(self, element: Element, node: Node) -> Event | None:
        definitions = self._definitions(element)
        if not definitions:
            if node.type in ("boundaryEvent", "intermediateCatchEvent"):
                self.find("event-without-definition", element)
            return None
        events = [event for event in (self.defined(element, each, node) for each in definitions) if event is not None]
        if len(definitions) == 1 or len(events) < len(definitions):
            return events[0] if events else None
        every = self.flag(element, "parallelMultiple")
        self._together(element, node, events, every)
        ending = [event for event in events if event.kind in _ENDING]
        return Event("all" if every else "any", parts=[*(event for event in events if event not in ending), *ending])

    def _together(self, element: Element, node: Node, events: list[Event], every: bool) -> None:
        """Finds what cannot be one of several event definitions of the event."""
        allowed = _TOGETHER[node.type] - ({"error", "escalation"} if every else set())
        for event in events:
            if event.kind not in allowed:
                kind = "all" if every else "any"
                self.find("event-not-with-others", element, kind=event.kind, kind_zh=EVENT_ZH[event.kind], how=kind)
        if node.type == "endEvent" and sum(event.kind in _ENDING for event in events) > 1:
            self.find("event-not-with-others", element, kind="error", kind_zh=EVENT_ZH["error"], how="any")

    def _definitions(self, element: Element) -> list[Element]:
        """The event's definitions: its own, and shared ones it refers to."""
        definitions = [child for child in element if local(child).endswith("EventDefinition")]
        for child in element.iterchildren(tag("eventDefinitionRef")):
            shared = self.by_id.get(local_ref(text_of(child)))
            if shared is None:
                self.find("unresolved-reference", element, reference=text_of(child))
            else:
                definitions.append(shared)
        return definitions

    def defined(self, element: Element, definition: Element, node: Node) -> Event | None:
        """The event of one definition; one that cannot stand there is a finding."""
        kind = local(definition).removesuffix("EventDefinition")
        if kind not in ALLOWED[node.type]:
            self.find("unsupported-event", element, kind=kind, kind_zh=EVENT_ZH.get(kind, kind), tag=node.type)
            return None
        return self._event(element, definition, kind, node)

    def _event(self, element: Element, definition: Element, kind: str, node: Node) -> Event | None:
        match kind:
            case "timer":
                return self._timer(element, definition)
            case "message":
                return self.message(element, definition.get("messageRef"), {**extensions(definition), **node.ext})
            case "signal":
                name = self._name(element, definition.get("signalRef"), "signal")
                return Event("signal", name, payload=self._payload(element, node.ext))
            case "error" | "escalation":
                return self._thrown(element, definition, kind)
            case "conditional":
                condition = self.child_feel(definition, "condition")
                if condition is None:
                    self.find("condition-missing", element)
                return Event("conditional", text=condition)
            case "link":
                return Event("link", definition.get("name", "") or node.name)
            case "compensate":
                return self._compensate(element, definition)
        return Event(kind)

    def _compensate(self, element: Element, definition: Element) -> Event:
        reference = definition.get("activityRef")
        if reference and local_ref(reference) not in self.by_id:
            self.find("unresolved-reference", element, reference=reference)
        waits = self.flag(definition, "waitForCompletion", default=True)
        return Event("compensate", local_ref(reference), waits=waits)

    def _timer(self, element: Element, definition: Element) -> Event | None:
        said = [(kind, raw) for kind in _TIMERS if (raw := text_of(definition.find(tag(kind))))]
        if len(said) > 1:
            # Source: BPMN 2.0.2, table 10.101: date, cycle and duration exclude each other.
            self.find("timer-several", element)
        for kind, raw in said:
            if not raw.startswith("=") and timers.is_literal(kind, raw):
                return Event("timer", text=Text(raw, feel=False), timer=kind)
            if raw.startswith("=") or (not timers.looks_literal(raw) and self.is_feel(raw)):
                return Event("timer", text=self.feel(element, raw), timer=kind)
            self.find("timer-not-understood", element, text=raw)
            return None
        self.find("timer-missing", element)
        return None

    def message(self, element: Element, reference: str | None, ext: Mapping[str, Any]) -> Event:
        """The message named by the reference, with the correlation of the element or else of the message.

        Without a reference the message flow that is drawn to or from the element names it.
        """
        name = self._drawn_message(element) if not reference else ""
        name = name or self._name(element, reference, "message")
        correlation = ext.get("lm:correlation") or self._correlation(reference)
        text = self.feel(element, correlation) if correlation else None
        keyed = self.keyed(element, reference or self._flowing(element)) if text is None and _catches(element) else None
        event = Event("message", name, correlation=text, payload=self._payload(element, ext))
        if keyed is not None:
            event.correlation, event.retrieval = keyed
        return event

    def _flowing(self, element: Element) -> str | None:
        """The message of the flow that is drawn to or from the element."""
        drawn = self.message_flows.get(element.get("id", ""))
        return drawn.get("messageRef") if drawn is not None else None

    def _drawn_message(self, element: Element) -> str:
        """What flows between the pools there; without a message of its own the flow stands for one."""
        drawn = self.message_flows.get(element.get("id", ""))
        if drawn is None:
            return ""
        message = self.by_id.get(local_ref(drawn.get("messageRef")))
        named = message if message is not None else drawn
        return named.get("name") or named.get("id") or ""

    def _correlation(self, reference: str | None) -> str | None:
        message = self.by_id.get(local_ref(reference))
        if message is None:
            return None
        inside = extensions(message)
        keys = (part.get("correlationKey") for part in inside.get("zeebe:subscription", ()))
        own: str | None = inside.get("lm:correlation")
        return own or next((key for key in keys if key), None)

    def _payload(self, element: Element, ext: Mapping[str, Any]) -> Text | None:
        payload = ext.get("lm:payload")
        return self.feel(element, payload) if payload else None

    def _thrown(self, element: Element, definition: Element, kind: str) -> Event:
        target = self.refer(element, definition.get(f"{kind}Ref"), kind)
        code = ""
        if target is not None:
            code = target.get(f"{kind}Code") or target.get("name") or target.get("id") or ""
        ext = extensions(definition)
        return Event(
            kind,
            code,
            code_variable=ext.get(f"camunda:{kind}CodeVariable", ""),
            message_variable=ext.get(f"camunda:{kind}MessageVariable", ""),
        )

    def _name(self, element: Element, reference: str | None, kind: str) -> str:
        if not reference:
            self.find(f"{kind}-missing", element)
            return ""
        target = self.refer(element, reference, kind)
        name = (target.get("name") or target.get("id") or "") if target is not None else ""
        if name.startswith(("=", "${")):
            self.find("name-is-expression", element)
        return name
