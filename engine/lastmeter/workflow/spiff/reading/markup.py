"""The XML itself: opened safely, its names made canonical, foreign attributes and elements kept as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
PREFIXES: Mapping[str, str] = {
    "http://lastmeter.org/schema/1.0": "lm",
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://camunda.org/schema/modeler/1.0": "modeler",
    "http://camunda.org/schema/zeebe/1.0": "zeebe",
    # One dialect under four names.
    "http://activiti.org/bpmn": "camunda",
    "http://flowable.org/bpmn": "camunda",
    "http://operaton.org/schema/1.0/bpmn": "camunda",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://bpmn.io/schema/bpmn/biocolor/1.0": "bioc",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0": "color",
}
KNOWN = frozenset(PREFIXES.values())

Element = etree._Element


def open_xml(xml: bytes) -> Element:
    """The root element; no entity is expanded, nothing fetched. Raises XMLSyntaxError."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(xml, parser)


def has_doctype(root: Element) -> bool:
    return bool(getattr(root.getroottree().docinfo, "doctype", ""))


def tag(name: str) -> str:
    """The full name of a BPMN element."""
    return f"{{{BPMN}}}{name}"


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def line_of(element: Element) -> int:
    line: object = element.sourceline
    return line if isinstance(line, int) else 0


def text_of(element: Element | None) -> str:
    """The element's own text, trimmed; empty for none."""
    return (element.text or "").strip() if element is not None else ""


def local_ref(reference: str | None) -> str:
    """The id a QName reference aims at; the prefix only names the file's own target namespace."""
    return (reference or "").rpartition(":")[2]


def canonical(name: str, element: Element) -> str:
    """`prefix:name` with the prefix everybody knows, whatever the file calls it."""
    namespace, _, plain = name.removeprefix("{").rpartition("}")
    if not namespace:
        return plain
    known = PREFIXES.get(namespace)
    if known is None:
        known = next((prefix for prefix, uri in element.nsmap.items() if uri == namespace and prefix), "ns")
    return f"{known}:{plain}"


def extensions(element: Element) -> dict[str, Any]:
    """Foreign attributes as text, foreign extension elements as lists of their attributes, text and children."""
    found: dict[str, Any] = {}
    for name, value in element.attrib.items():
        if str(name).startswith("{") and not str(name).startswith(f"{{{BPMN}}}"):
            found[canonical(str(name), element)] = str(value)
    holder = element.find(tag("extensionElements"))
    for child in holder if holder is not None else ():
        found.setdefault(canonical(str(child.tag), child), []).append(_foreign(child))
    documentation = text_of(element.find(tag("documentation")))
    if documentation:
        found["bpmn:documentation"] = documentation
    owners = [
        "".join(str(part) for part in expression.itertext()).strip()
        for owner in element.iterchildren(tag("potentialOwner"), tag("humanPerformer"))
        for expression in owner.iter(tag("formalExpression"))
    ]
    if owners:
        found["bpmn:potentialOwner"] = owners
    return found


def _foreign(element: Element) -> dict[str, Any]:
    part: dict[str, Any] = {"$tag": canonical(str(element.tag), element)}
    part.update({canonical(str(name), element): str(value) for name, value in element.attrib.items()})
    if text_of(element):
        part["$text"] = text_of(element)
    children = [_foreign(child) for child in element]
    if children:
        part["$children"] = children
    return part


def texts_in(value: object) -> Iterator[str]:
    """Every text in what `extensions` found, but the tags."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key != "$tag":
                yield from texts_in(part)


def attribute(ext: Mapping[str, Any], name: str) -> str:
    """The attribute in whichever of the dialects the file is written."""
    for prefix in ("camunda", "lm", "activiti", "flowable"):
        value = ext.get(f"{prefix}:{name}")
        if isinstance(value, str) and value:
            return value
    return ""


def first(ext: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The first extension element of the name; empty for none."""
    parts: Sequence[Mapping[str, Any]] = ext.get(name) or ({},)
    return parts[0]
