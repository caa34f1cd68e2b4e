"""What the engine above learns from a definition: its elements, what they read, what it calls and how it starts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lastmeter.definitions.findings import Finding
from lastmeter.feel import FeelSyntaxError
from lastmeter.workflow.spiff import expressions, model
from lastmeter.workflow.spiff.model import Event, Node, Process, Text
from lastmeter.workflow.spiff.reading import Reader
from lastmeter.workflow.spiff.specs import Spec, doors


@dataclass(frozen=True, slots=True)
class ElementInfo:
    """One flow node as drawn.

    `ext` maps foreign attributes to text (`camunda:formKey`), foreign extension elements to a list of mappings of their
    attributes (`$text`, `$children` inside), `bpmn:documentation` and `bpmn:potentialOwner` to what the standard says.
    """

    id: str
    type: str
    name: str
    line: int
    container: str
    lane_id: str
    lane_name: str
    ext: Mapping[str, Any]
    names_read: frozenset[str] = frozenset()
    names_perhaps_read: frozenset[str] = frozenset()
    names_written: frozenset[str] = frozenset()
    names_local: frozenset[str] = frozenset()
    event_kind: str = ""
    event_name: str = ""
    topic: str = ""
    called: str = ""
    decision: str = ""
    repeats: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    attached_to: str = ""
    interrupting: bool = True


@dataclass(frozen=True, slots=True)
class FlowInfo:
    """One sequence flow; `condition` is its FEEL text."""

    id: str
    source: str
    target: str
    condition: str | None
    is_default: bool


@dataclass(frozen=True, slots=True)
class StartInfo:
    """One start event of the process (or what instantiates it): kind none, timer, message, signal or condition.

    An event with several definitions is a start for each, `element_id` then being `id#n`.
    `definition` is the timer's text or the message's or signal's name; `is_feel` says that the timer's text is FEEL.
    `stores` are the data stores (name, party) that a condition reads.
    """

    element_id: str
    kind: str
    definition: str = ""
    timer_kind: str = ""
    is_feel: bool = False
    correlation: str | None = None
    stores: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedProcess:
    """One executable process, ready to be stored."""

    key: str
    name: str
    spec_blob: bytes
    elements: tuple[ElementInfo, ...]
    flows: tuple[FlowInfo, ...]
    names_read: frozenset[str]
    called_keys: frozenset[str]
    decision_refs: frozenset[str]
    message_names: frozenset[str]
    signal_names: frozenset[str]
    start_events: tuple[StartInfo, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def sha256(self) -> str:
        """The address of the spec."""
        return hashlib.sha256(self.spec_blob).hexdigest()


def parse(xml: bytes) -> tuple[ParsedProcess, ...]:
    """Every executable process of the file. Raises DefinitionRefused with all findings if one is an error."""
    reader = Reader(xml)
    processes = reader.read()
    return tuple(_parsed(process, tuple(reader.findings)) for process in processes)


def restore(spec_blob: bytes) -> Spec:
    """The spec of stored bytes, ready to run; the caller keeps it per version."""
    return Spec(model.from_bytes(spec_blob))


def _parsed(process: Process, findings: tuple[Finding, ...]) -> ParsedProcess:
    elements = tuple(_element(process, node) for node in process.nodes.values())
    events = [event for node in process.nodes.values() if node.event is not None for event in node.event.each()]
    defaults = {node.default for node in process.nodes.values() if node.default}
    return ParsedProcess(
        key=process.key,
        name=process.name,
        spec_blob=model.to_bytes(process),
        elements=elements,
        flows=tuple(
            FlowInfo(
                flow.id, flow.source, flow.target, flow.condition.text if flow.condition else None, flow.id in defaults
            )
            for flow in process.flows.values()
        ),
        names_read=frozenset[str]().union(*(element.names_perhaps_read for element in elements)),
        called_keys=frozenset(element.called for element in elements if element.called),
        decision_refs=frozenset(element.decision for element in elements if element.decision),
        message_names=frozenset(event.name for event in events if event.kind == "message"),
        signal_names=frozenset(event.name for event in events if event.kind == "signal"),
        start_events=tuple(start for node in doors(process) for start in _starts(node)),
        findings=findings,
    )


def _starts(node: Node) -> Iterator[StartInfo]:
    event = node.event
    if event is None:
        yield StartInfo(node.id, "none")
        return
    for number, each in enumerate(event.each()):
        yield _start(f"{node.id}#{number}" if event.parts else node.id, each, node)


def _start(door: str, event: Event, node: Node) -> StartInfo:
    correlation = event.correlation.text if event.correlation is not None else None
    if event.kind == "timer" and event.text is not None:
        return StartInfo(door, "timer", event.text.text, event.timer, event.text.feel)
    if event.kind == "conditional":
        stores = (item.store for item in node.inputs)
        return StartInfo(
            door, "condition", stores=tuple((each.name, each.party) for each in stores if each is not None)
        )
    return StartInfo(door, event.kind, event.name, correlation=correlation)


def _element(process: Process, node: Node) -> ElementInfo:
    event = node.event
    return ElementInfo(
        id=node.id,
        type=node.type,
        name=node.name,
        line=node.line,
        container=node.container,
        lane_id=node.lane_id,
        lane_name=node.lane_name,
        ext=node.ext,
        names_read=_names_read(process, node, expressions.names_read),
        names_perhaps_read=_names_read(process, node, expressions.names_perhaps_read),
        names_written=frozenset(_names_written(node)),
        names_local=frozenset(item.target for item in node.inputs),
        event_kind=event.kind if event is not None else "",
        event_name=event.name if event is not None else "",
        topic=node.topic,
        called=node.called.text if node.called is not None and not node.called.feel else "",
        decision=node.decision.text if node.decision is not None and not node.decision.feel else "",
        repeats=node.repeat.kind if node.repeat is not None else "",
        incoming=tuple(node.incoming),
        outgoing=tuple(node.outgoing),
        attached_to=node.attached_to,
        interrupting=node.interrupting,
    )


def _names_read(process: Process, node: Node, read: Callable[[str], frozenset[str]]) -> frozenset[str]:
    names: set[str] = set()
    for text in _texts(process, node):
        if text is not None and text.feel:
            names.update(read(text.text))
    for item in node.inputs:
        if item.store is not None and item.source is not None:
            names.update(read(item.source.text) - {item.store.known_as})
    names.update(name for needed in node.required for name in needed)
    if node.repeat is not None:
        names.difference_update({"loopCounter", node.repeat.element})
    if node.type == "startEvent":
        names.difference_update(item.target for item in node.inputs)
    if node.type == "complexGateway":
        names.difference_update({"activationCount", "waitingForStart", *node.incoming})
    for value in _attribute_expressions(node):
        names.update(value)
    return frozenset(names)


def _texts(process: Process, node: Node) -> Iterator[Text | None]:
    yield from (node.script, node.decision, node.called)
    yield from (item.source for item in (*node.inputs, *node.outputs) if item.store is None)
    yield from (item.source for item in node.stored)
    yield from (item.store.key for item in (*node.inputs, *node.stored) if item.store is not None)
    yield from (process.flows[flow].condition for flow in node.outgoing)
    yield node.activation
    for event in node.event.each() if node.event is not None else ():
        yield from (event.text, event.correlation, event.payload)
    if node.ad_hoc is not None:
        yield from (node.ad_hoc.completion, node.ad_hoc.active)
    repeat = node.repeat
    if repeat is not None:
        for behaviour in repeat.behaviours:
            yield from (behaviour.condition, behaviour.event.payload)
        yield from (repeat.collection, repeat.cardinality, repeat.output_element, repeat.completion, repeat.condition)


def _attribute_expressions(node: Node) -> Iterator[frozenset[str]]:
    """Names read by `=` expressions in foreign attributes (assignee, due date, organisation …), if they are FEEL."""
    for value in node.ext.values():
        parts = [value] if isinstance(value, str) else []
        if isinstance(value, list):
            parts.extend(part for part in value if isinstance(part, str))
            parts.extend(
                text for part in value if isinstance(part, dict) for text in part.values() if isinstance(text, str)
            )
        for part in parts:
            if part.startswith("="):
                # Whether such a text is FEEL is judged where the attribute is read.
                with suppress(FeelSyntaxError):
                    yield expressions.names_read(part[1:].strip())


def _names_written(node: Node) -> Iterator[str]:
    if node.result:
        yield node.result
    yield from (assignment.target for assignment in node.outputs)
    if node.repeat is not None and node.repeat.output_collection:
        yield node.repeat.output_collection
    for event in node.event.each() if node.event is not None else ():
        yield from (name for name in (event.code_variable, event.message_variable) if name)
