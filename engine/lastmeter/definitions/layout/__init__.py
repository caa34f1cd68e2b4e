"""Diagrams laid out for reading: from the semantic part of a BPMN file to shapes, lines and labels."""

from __future__ import annotations

from lxml import etree

from lastmeter.definitions.canonical import canonical_tree, namespaces, with_namespaces, write
from lastmeter.definitions.layout.diagram import diagram
from lastmeter.definitions.source import BPMNDI, BPMNDI_URI, DC_URI, DI_URI, parse

__all__ = ["layout"]


def layout(xml: bytes) -> bytes:
    """The same definition with a freshly drawn diagram, in canonical form. Raises SourceRejected.

    Lanes become bands in document order, steps run from left to right, a process with a participant gets a pool and a
    participant without process a box above or below. An existing diagram is replaced.
    """
    root = parse(xml)
    for old in root.findall(f"{BPMNDI}BPMNDiagram"):
        root.remove(old)
    root = _with_drawing_namespaces(root)
    drawn = diagram(root)
    if drawn is not None:
        root.append(drawn)
    return write(canonical_tree(root))


def _with_drawing_namespaces(root: etree._Element) -> etree._Element:
    """The root with the three namespaces of diagram interchange declared once, at the top."""
    prefixes = namespaces(root)
    for prefix, uri in (("bpmndi", BPMNDI_URI), ("dc", DC_URI), ("di", DI_URI)):
        if uri not in prefixes.values():
            prefixes[prefix if prefix not in prefixes else f"{prefix}x"] = uri
    return with_namespaces(root, prefixes)
