"""One canonical form of a BPMN file, so that saving without a change differs in no line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import cast

from lxml import etree

from lastmeter.definitions.source import (
    BPMN,
    BPMNDI,
    DC,
    DI,
    XSI_URI,
    flow_nodes,
    is_bpmn,
    local,
    parse,
    sequence_flows,
)

_FIRST_ATTRIBUTES = (
    f"{{{XSI_URI}}}type", "id", "name", "processRef", "attachedToRef", "sourceRef", "targetRef",
    "bpmnElement", "x", "y", "width", "height",
)  # fmt: skip
_ATTRIBUTE_RANK = {name: rank for rank, name in enumerate(_FIRST_ATTRIBUTES)}
_DATA = ("dataObject", "dataObjectReference", "dataStoreReference")
_PROCESS_TAIL = ("resourceRole", "performer", "humanPerformer", "potentialOwner", "correlationSubscription", "supports")
_ARTIFACTS = ("textAnnotation", "association", "group")


def canonical(xml: bytes) -> bytes:
    """The same definition with its parts in the canonical order. Raises SourceRejected.

    Elements keep their document order, sequence flows follow grouped by source, artifacts close the scope;
    `incoming` and `outgoing` are written for every flow; the diagram follows the order of the semantic elements in
    whole pixels; attributes have one order. Nothing a process does changes: flows of one source keep their order.
    """
    return write(canonical_tree(parse(xml)))


def canonical_tree(root: etree._Element) -> etree._Element:
    """`root`, brought into canonical order in place; the returned element takes its stead."""
    for element in root.iter(f"{BPMN}process", f"{BPMN}subProcess", f"{BPMN}transaction", f"{BPMN}adHocSubProcess"):
        _order_scope(element)
        _write_connections(element)
    rank = {element.get("id", ""): rank for rank, element in enumerate(_semantic_elements(root))}
    for lane in root.iter(f"{BPMN}lane"):
        _order_lane(lane, rank)
    for plane in root.iter(f"{BPMNDI}BPMNPlane"):
        _order_plane(plane, rank)
    _round_pixels(root)
    for element in root.iter(etree.Element):
        _order_attributes(element)
    root = with_namespaces(root, dict(sorted(namespaces(root).items(), key=lambda pair: pair[0] or "")))
    etree.indent(root, space="  ")
    return root


def write(root: etree._Element) -> bytes:
    """The document as UTF-8 with declaration and a final line end."""
    body = etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _semantic_elements(root: etree._Element) -> list[etree._Element]:
    return [e for e in root.iter(etree.Element) if is_bpmn(e) and e.get("id")]


def _order_scope(scope: etree._Element) -> None:
    """Head, elements, flows by their source's place, artifacts; comments stay before what they preceded."""
    position = {e.get("id", ""): place for place, e in enumerate(flow_nodes(scope))}

    def key(element: etree._Element) -> tuple[int, int]:
        name = local(element)
        if name in ("documentation", "extensionElements"):
            return (0, 0 if name == "documentation" else 1)
        if name == "sequenceFlow":
            return (3, position.get(element.get("sourceRef", ""), len(position)))
        if name in _ARTIFACTS:
            return (4, 0)
        if element.get("id", "") in position or name in _DATA:
            return (2, 0)
        # Whatever else the schema puts at the head (io, properties, lane sets, incoming, loop characteristics).
        after = local(scope) == "process" and name in _PROCESS_TAIL
        return (5, 0) if after else (1, 0)

    groups: list[tuple[tuple[int, int], list[etree._Element]]] = []
    pending: list[etree._Element] = []
    for child in list(scope):
        pending.append(child)
        if isinstance(child.tag, str):
            groups.append((key(child), pending))
            pending = []
    ordered = [child for _, group in sorted(groups, key=lambda pair: pair[0]) for child in group]
    _replace_children(scope, ordered + pending)


def _write_connections(scope: etree._Element) -> None:
    """Every flow is named as `incoming` of its target and `outgoing` of its source, in the order of the flows."""
    incoming: defaultdict[str, list[str]] = defaultdict(list)
    outgoing: defaultdict[str, list[str]] = defaultdict(list)
    for flow in sequence_flows(scope):
        incoming[flow.get("targetRef", "")].append(flow.get("id", ""))
        outgoing[flow.get("sourceRef", "")].append(flow.get("id", ""))
    for node in flow_nodes(scope):
        for old in [child for child in node if child.tag in (f"{BPMN}incoming", f"{BPMN}outgoing")]:
            node.remove(old)
        place = _connection_place(node)
        identifier = node.get("id", "")
        names = [("incoming", flow) for flow in incoming[identifier]]
        names += [("outgoing", flow) for flow in outgoing[identifier]]
        for offset, (kind, flow_id) in enumerate(names):
            reference = etree.Element(f"{BPMN}{kind}")
            reference.text = flow_id
            node.insert(place + offset, reference)


def _connection_place(node: etree._Element) -> int:
    """The index after the element's head, where the schema wants incoming and outgoing."""
    head = ("documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef")
    last = -1
    for index, child in enumerate(node):
        if local(child) in head:
            last = index
    return last + 1


def _order_lane(lane: etree._Element, rank: dict[str, int]) -> None:
    references = lane.findall(f"{BPMN}flowNodeRef")
    for reference in references:
        reference.text = (reference.text or "").strip()
    ordered = sorted(references, key=lambda reference: rank.get(reference.text or "", len(rank)))
    places = [lane.index(reference) for reference in references]
    children = list(lane)
    for place, reference in zip(places, ordered, strict=True):
        children[place] = reference
    _replace_children(lane, children)


def _order_plane(plane: etree._Element, rank: dict[str, int]) -> None:
    """Shapes before edges, each in the order of what they draw; ids derived from what they draw."""
    last = len(rank)

    def key(shape: etree._Element) -> tuple[int, int, str]:
        drawn = shape.get("bpmnElement", "")
        kind = ("BPMNShape", "BPMNEdge").index(local(shape)) if local(shape) in ("BPMNShape", "BPMNEdge") else 2
        return (kind, rank.get(drawn, last), drawn)

    shapes = [child for child in plane if isinstance(child.tag, str)]
    _replace_children(plane, sorted(shapes, key=key))
    taken: set[str] = set()
    for shape in shapes:
        identifier = f"{shape.get('bpmnElement', '')}_di"
        if shape.get("bpmnElement") and identifier not in taken:
            shape.set("id", identifier)
        taken.add(shape.get("id", ""))


def _round_pixels(root: etree._Element) -> None:
    for element in root.iter(f"{DC}Bounds", f"{DI}waypoint"):
        for name in ("x", "y", "width", "height"):
            text = element.get(name)
            if text is not None:
                element.set(name, _whole(text))


def _whole(text: str) -> str:
    try:
        return str(round(float(text)))
    except (ValueError, OverflowError):
        return text


def _order_attributes(element: etree._Element) -> None:
    names = [str(name) for name in element.attrib]
    ordered = sorted(names, key=lambda name: (_ATTRIBUTE_RANK.get(name, len(_ATTRIBUTE_RANK)), name))
    if names != ordered:
        values = [(name, element.attrib[name]) for name in ordered]
        element.attrib.clear()
        for name, value in values:
            element.set(name, value)


def namespaces(root: etree._Element) -> dict[str | None, str]:
    """The namespaces declared at the root by prefix; the default namespace has the prefix None."""
    return dict(root.nsmap)


def with_namespaces(root: etree._Element, prefixes: Mapping[str | None, str]) -> etree._Element:
    """A root of the same content that declares `prefixes`, in their order: lxml cannot change them in place."""
    # lxml takes None for the default namespace; its stubs do not know.
    fresh = etree.Element(
        root.tag, {str(k): str(v) for k, v in root.attrib.items()}, nsmap=cast("dict[str, str]", prefixes)
    )
    before = [node for node in root.itersiblings(preceding=True) if not isinstance(node.tag, str)]
    fresh.text = root.text
    fresh.extend(list(root))
    for node in reversed(before):
        fresh.addprevious(node)
    return fresh


def _replace_children(parent: etree._Element, children: list[etree._Element]) -> None:
    """`parent` holds exactly `children`, in that order; their text stays, layout white space is set later."""
    for child in list(parent):
        tail = child.tail
        if tail and not tail.strip():
            child.tail = None
        parent.remove(child)
    parent.extend(children)
