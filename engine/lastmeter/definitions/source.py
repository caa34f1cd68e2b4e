"""BPMN source read safely: one hardened parser and the words of the standard that every reader here shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from lastmeter.errors import LastmeterError

MAX_BYTES: Final = 5 * 1024 * 1024
# libxml2 itself stops at 256; a drawing nests sub-processes, never this deep.
MAX_DEPTH: Final = 100
# Reading them takes lxml quadratic time: 300,000 in one element took minutes.
MAX_ATTRIBUTES: Final = 500

BPMN_URI: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI_URI: Final = "http://www.omg.org/spec/BPMN/20100524/DI"
DC_URI: Final = "http://www.omg.org/spec/DD/20100524/DC"
DI_URI: Final = "http://www.omg.org/spec/DD/20100524/DI"
XSI_URI: Final = "http://www.w3.org/2001/XMLSchema-instance"
CAMUNDA_URI: Final = "http://camunda.org/schema/1.0/bpmn"
ZEEBE_URI: Final = "http://camunda.org/schema/zeebe/1.0"
LM_URI: Final = "http://lastmeter.org/schema/1.0"

BPMN: Final = f"{{{BPMN_URI}}}"
BPMNDI: Final = f"{{{BPMNDI_URI}}}"
DC: Final = f"{{{DC_URI}}}"
DI: Final = f"{{{DI_URI}}}"
CAMUNDA: Final = f"{{{CAMUNDA_URI}}}"
ZEEBE: Final = f"{{{ZEEBE_URI}}}"
LM: Final = f"{{{LM_URI}}}"

EVENTS: Final = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
)
GATEWAYS: Final = frozenset(
    {"exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway"}
)
TASKS: Final = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "businessRuleTask",
        "sendTask",
        "receiveTask",
    }
)
SUB_PROCESSES: Final = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES: Final = TASKS | SUB_PROCESSES | {"callActivity"}
FLOW_NODES: Final = EVENTS | GATEWAYS | ACTIVITIES

_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}


class SourceRejected(LastmeterError):
    """The bytes are not a BPMN file that may be read; facts: `reason`, `line`, `detail`.

    `reason` is one of empty, too_large, not_xml, doctype, too_deep, too_many_attributes, not_bpmn.
    """

    code = "definition_unreadable"


def parse(xml: bytes, *, max_bytes: int = MAX_BYTES) -> etree._Element:
    """The `definitions` element of a BPMN file. Raises SourceRejected.

    No entity is expanded, no DTD read, nothing fetched; a DOCTYPE is refused even where it would be harmless.
    """
    if not xml.strip():
        raise SourceRejected(reason="empty", line=1, detail="")
    if len(xml) > max_bytes:
        raise SourceRejected(reason="too_large", line=1, detail=f"{len(xml)} > {max_bytes}")
    root = parse_any(xml)
    if root.tag != f"{BPMN}definitions":
        raise SourceRejected(reason="not_bpmn", line=line_of(root), detail=str(root.tag))
    return root


def parse_any(xml: bytes) -> etree._Element:
    """The root of any XML document, read by the hardened parser. Raises SourceRejected."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None) or 1
        # libxml2 says "Excessive depth" for documents nested on purpose to exhaust the stack.
        reason = "too_deep" if "depth" in str(error).lower() else "not_xml"
        raise SourceRejected(reason=reason, line=line, detail=str(error)[:200]) from None
    doctype: str = getattr(root.getroottree().docinfo, "doctype", "")
    if doctype:
        raise SourceRejected(reason="doctype", line=1, detail="")
    _refuse_overgrown(root)
    return root


def _refuse_overgrown(root: etree._Element) -> None:
    """Refuses nesting and attributes beyond what anybody draws. Raises SourceRejected."""
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise SourceRejected(reason="too_deep", line=line_of(element), detail=str(MAX_DEPTH))
        if event == "start" and len(element.attrib) > MAX_ATTRIBUTES:
            raise SourceRejected(reason="too_many_attributes", line=line_of(element), detail=str(MAX_ATTRIBUTES))


def local(element: etree._Element) -> str:
    """The element's name without namespace; "" for a comment or processing instruction."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def is_bpmn(element: etree._Element) -> bool:
    """True for an element of the BPMN model namespace."""
    return isinstance(element.tag, str) and element.tag.startswith(BPMN)


def line_of(element: etree._Element) -> int:
    """The source line of the element, 1 where it has none."""
    line: int | None = getattr(element, "sourceline", None)
    return line or 1


def processes(root: etree._Element) -> list[etree._Element]:
    """The processes of the file in document order."""
    return root.findall(f"{BPMN}process")


def flow_nodes(scope: etree._Element) -> Iterator[etree._Element]:
    """The events, gateways and activities directly inside a process or sub-process."""
    for child in scope:
        if is_bpmn(child) and local(child) in FLOW_NODES:
            yield child


def sequence_flows(scope: etree._Element) -> list[etree._Element]:
    """The sequence flows directly inside a process or sub-process."""
    return scope.findall(f"{BPMN}sequenceFlow")


def scopes(process: etree._Element) -> Iterator[etree._Element]:
    """The process and every sub-process within it: each holds flow nodes of its own."""
    yield from process.iter(f"{BPMN}process", *(f"{BPMN}{kind}" for kind in SUB_PROCESSES))


def leaf_lanes(process: etree._Element) -> list[etree._Element]:
    """The lanes that hold elements themselves, in document order; a lane divided further is not among them."""
    return [lane for lane in process.iter(f"{BPMN}lane") if lane.find(f"{BPMN}childLaneSet") is None]


def lane_of_nodes(process: etree._Element) -> dict[str, str]:
    """For each element id named by a leaf lane: that lane's id."""
    return {
        (reference.text or "").strip(): lane.get("id", "")
        for lane in leaf_lanes(process)
        for reference in lane.iterfind(f"{BPMN}flowNodeRef")
    }


def truth(text: str | None, default: bool = False) -> bool | None:
    """An attribute of yes or no, as XML Schema writes it (`true`, `1`, `false`, `0`); None for any other text."""
    if text is None:
        return default
    return _TRUTH.get(text.strip())


def is_event_sub_process(element: etree._Element) -> bool:
    """True for a sub-process started by an event instead of by a sequence flow."""
    return truth(element.get("triggeredByEvent") or element.get(f"{BPMN}triggeredByEvent")) is True


def name_in(element: etree._Element, language: str) -> str:
    """The element's name in the reader's language: `lm:nameEn` for English where it is given, else `name`."""
    english = element.get(f"{LM}nameEn") if not language.startswith("zh") else None
    return " ".join((english or element.get("name") or "").split())
