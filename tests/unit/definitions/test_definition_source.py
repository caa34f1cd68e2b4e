from __future__ import annotations

import pytest
from bpmncraft import SAMPLE, bpmn, start

from lastmeter.definitions.source import MAX_BYTES, SourceRejected, parse

LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


def reason(xml: bytes) -> object:
    with pytest.raises(SourceRejected) as refused:
        parse(xml)
    return refused.value.facts["reason"]


def test_a_bpmn_file_gives_its_definitions() -> None:
    assert parse(SAMPLE).get("id") == "defs_tender"


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<", "not_xml"),
        (b"\x00\xff\xfe", "not_xml"),
        (b"<html/>", "not_bpmn"),
        (b"<definitions/>", "not_bpmn"),
        (b" " * (MAX_BYTES + 1) + b"<a/>", "too_large"),
        (b"<a>" * 150 + b"</a>" * 150, "too_deep"),
        (b"<a>" * 5000 + b"</a>" * 5000, "too_deep"),
    ],
)
def test_what_is_no_bpmn_file_is_refused_with_its_reason(xml: bytes, expected: str) -> None:
    assert reason(xml) == expected


def test_a_doctype_is_refused_even_where_it_would_be_harmless() -> None:
    assert reason(bpmn(start()).replace(b"?>\n", b"?>\n<!DOCTYPE definitions>", 1)) == "doctype"


def test_entities_are_never_expanded() -> None:
    assert reason(b'<?xml version="1.0"?>' + LAUGHS + b"<definitions>&b;</definitions>") == "doctype"


def test_a_doctype_in_another_encoding_is_found_too() -> None:
    text = bpmn(start()).decode().replace('encoding="UTF-8"?>', 'encoding="UTF-16"?><!DOCTYPE x>')
    assert reason(text.encode("utf-16")) == "doctype"
