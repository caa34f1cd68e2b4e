from __future__ import annotations

import re

import pytest
from bpmncraft import SAMPLE, bpmn, end, node, start, user
from lxml import etree

from lastmeter.definitions.canonical import canonical
from lastmeter.definitions.layout import layout
from lastmeter.definitions.source import SourceRejected, parse


def test_canonical_is_a_fixed_point() -> None:
    once = canonical(SAMPLE)
    assert canonical(once) == once
    drawn = layout(SAMPLE)
    assert canonical(drawn) == drawn


def test_a_shuffled_save_differs_in_no_line() -> None:
    drawn = layout(SAMPLE)
    root = parse(drawn)
    plane = next(root.iter("{*}BPMNPlane"))
    plane[:] = reversed(plane[:])
    for lane in root.iter("{*}lane"):
        lane[:] = reversed(lane[:])
    for shape in root.iter("{*}Bounds"):
        attributes = list(shape.attrib.items())[::-1]
        shape.attrib.clear()
        shape.attrib.update(attributes)
    assert canonical(etree.tostring(root)) == drawn


def test_incoming_and_outgoing_are_written_for_every_flow() -> None:
    text = canonical(bpmn(start(), end(), "start -> end")).decode()
    assert "<bpmn:outgoing>flow_start__end</bpmn:outgoing>" in text
    assert "<bpmn:incoming>flow_start__end</bpmn:incoming>" in text


def test_stale_incoming_is_dropped() -> None:
    gone = node("endEvent", "end", "<bpmn:incoming>flow_that_was_deleted</bpmn:incoming>")
    assert b"deleted" not in canonical(bpmn(start(), gone, "start -> end"))


def test_flows_of_one_source_keep_their_order_because_the_first_true_condition_wins() -> None:
    gateway = node("exclusiveGateway", "gw")
    xml = bpmn(start(), gateway, end("b"), end("a"), "gw -> b ? x", "start -> gw", "gw -> a ? y")
    text = canonical(xml).decode()
    assert re.findall(r'<bpmn:sequenceFlow id="([^"]+)"', text) == ["flow_start__gw", "flow_gw__b", "flow_gw__a"]


def test_pixels_are_whole_and_diagram_ids_follow_their_elements() -> None:
    text = layout(bpmn(start(), end(), "start -> end")).decode()
    moved = text.replace('x="', 'x="0', 1).replace('id="start_di"', 'id="Shape_1"')
    moved = re.sub(r'<dc:Bounds x="(\d+)"', r'<dc:Bounds x="\1.4"', moved)
    assert canonical(moved.encode()).decode() == text


def test_text_and_comments_survive() -> None:
    note = "<bpmn:documentation>第一行\n  第二行 &amp; 更多</bpmn:documentation>"
    xml = bpmn("<!-- why this task -->", node("userTask", "task", note), "<!-- the very end -->")
    text = canonical(xml).decode()
    assert "第一行\n  第二行 &amp; 更多" in text
    assert text.index("why this task") < text.index('id="task"') < text.index("very end")


def test_foreign_namespaces_and_prefixes_are_kept() -> None:
    xml = bpmn(user("task", camunda_formKey="apply", lm_nameEn="Apply"))
    text = canonical(xml).decode()
    assert 'camunda:formKey="apply"' in text
    assert 'lm:nameEn="Apply"' in text
    assert 'xmlns:xsi="' in text


def test_a_file_with_the_default_namespace_keeps_it() -> None:
    assert b"<userTask " in canonical(SAMPLE)


def test_what_is_no_bpmn_is_refused() -> None:
    with pytest.raises(SourceRejected):
        canonical(b"<html/>")
