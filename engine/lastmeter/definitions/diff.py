"""What differs between two diagrams, element by element: what is executed, never where it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lxml import etree

from lastmeter.definitions.source import BPMN, LM, flow_nodes, is_bpmn, lane_of_nodes, local, parse, processes, scopes

Change = Literal["added", "removed", "changed"]
# Written by tools from the flows themselves: no difference of its own.
_DERIVED = frozenset({"incoming", "outgoing", "flowNodeRef"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One element that is new, gone, or says something else; `aspects` names what."""

    change: Change
    element_id: str
    type: str
    name_zh: str
    name_en: str
    aspects: tuple[str, ...] = ()


def differences(old_xml: bytes, new_xml: bytes) -> list[Difference]:
    """What the newer file adds, removes and changes, in its order, removals last. Raises SourceRejected."""
    old, new = _elements(old_xml), _elements(new_xml)
    found = []
    for identity, (element, aspects) in new.items():
        if identity not in old:
            found.append(_difference("added", element))
            continue
        before = old[identity][1]
        changed = tuple(sorted(name for name in {*before, *aspects} if before.get(name) != aspects.get(name)))
        if changed:
            found.append(_difference("changed", element, changed))
    found.extend(_difference("removed", element) for identity, (element, _) in old.items() if identity not in new)
    return found


def _difference(change: Change, element: etree._Element, aspects: tuple[str, ...] = ()) -> Difference:
    zh = element.get("name") or ""
    english = element.get(f"{LM}nameEn") or zh
    return Difference(change, element.get("id", ""), local(element), zh, english, aspects)


def _elements(xml: bytes) -> dict[str, tuple[etree._Element, dict[str, str]]]:
    """Every element that is executed or told apart by id, with what it says, aspect by aspect."""
    found: dict[str, tuple[etree._Element, dict[str, str]]] = {}
    root = parse(xml)
    for process in processes(root):
        lanes = lane_of_nodes(process)
        found[process.get("id", "")] = (process, _own_attributes(process))
        for scope in scopes(process):
            for element in (*flow_nodes(scope), *scope.findall(f"{BPMN}sequenceFlow")):
                identity = element.get("id", "")
                found[identity] = (element, {**_aspects(element), "lane": lanes.get(identity, "")})
        for lane in process.iter(f"{BPMN}lane"):
            found[lane.get("id", "")] = (lane, _own_attributes(lane))
    for element in root:
        if is_bpmn(element) and local(element) in ("message", "signal", "error", "escalation"):
            found[element.get("id", "")] = (element, _aspects(element))
    return found


def _own_attributes(element: etree._Element) -> dict[str, str]:
    return {etree.QName(str(name)).localname: str(value) for name, value in element.attrib.items()}


def _aspects(element: etree._Element) -> dict[str, str]:
    """Attributes by their names, and each child as canonical text under its name."""
    aspects = _own_attributes(element)
    aspects.pop("id", None)
    for child in element:
        if not isinstance(child.tag, str) or local(child) in _DERIVED or local(child) in _NESTED:
            continue
        # Canonical XML: the order of attributes and the spelling of prefixes say nothing.
        written = etree.canonicalize(etree.tostring(child, with_tail=False, encoding="unicode"), strip_text=True)
        aspects[local(child)] = aspects.get(local(child), "") + str(written)
    return aspects


# What lies in a sub-process is compared by itself.
_NESTED = frozenset(
    {
        "sequenceFlow", "subProcess", "userTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask",
        "receiveTask", "manualTask", "task", "callActivity", "exclusiveGateway", "parallelGateway", "inclusiveGateway",
        "eventBasedGateway", "complexGateway", "startEvent", "endEvent", "intermediateCatchEvent",
        "intermediateThrowEvent", "boundaryEvent", "transaction", "adHocSubProcess", "laneSet",
    }
)  # fmt: skip
