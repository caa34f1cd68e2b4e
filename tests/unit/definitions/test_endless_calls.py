"""Calls in a circle: refused if nothing on the way waits, as two processes that call each other at once never rest."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from bpmncraft import bpmn, end, node, start, user

from lastmeter import wiring
from lastmeter.definitions import lint
from lastmeter.definitions.lint import KnownNames


@pytest.fixture(autouse=True, scope="module")
def _wired() -> None:
    wiring.connect()


def call(key: str, identifier: str = "call") -> str:
    return node("callActivity", identifier, calledElement=key)


def circles(xml: bytes, published: Mapping[str, tuple[str, ...]] | None = None) -> list[tuple[str, str | None, str]]:
    known = KnownNames(calls=lambda key: (published or {}).get(key, ()))
    found = [each for each in lint.lint(xml, known=known) if each.rule == "endless-calls"]
    return [(each.severity, each.element_id, each.message_en.split(": ")[1].split(",")[0]) for each in found]


def test_a_process_that_calls_itself_at_once_is_refused() -> None:
    xml = bpmn(start(), call("sample"), end(), "start -> call", "call -> end")
    assert circles(xml) == [("error", "call", "sample → sample")]


def test_a_person_a_message_or_a_time_on_the_way_makes_it_rest() -> None:
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    for wait in (user("wait"), node("intermediateCatchEvent", "wait", timer)):
        assert circles(bpmn(start(), wait, call("sample"), "start -> wait", "wait -> call")) == []


def test_a_way_around_the_wait_is_no_wait() -> None:
    gate = node("exclusiveGateway", "gw", default="flow_gw__wait")
    xml = bpmn(start(), gate, user("wait"), call("sample"),
               "start -> gw", "gw -> wait", "gw -> call ? again", "wait -> call")  # fmt: skip
    assert circles(xml)


def test_a_call_within_a_sub_process_counts_and_one_behind_a_boundary_timer_does_not() -> None:
    assert circles(bpmn(start(), node("subProcess", "sp", call("sample")), "start -> sp"))
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition>"
    late = node("boundaryEvent", "late", timer, attachedToRef="wait")
    assert circles(bpmn(start(), user("wait"), late, call("sample"), "start -> wait", "late -> call")) == []


def test_the_circle_is_found_through_published_processes() -> None:
    xml = bpmn(start(), call("b"), "start -> call")
    assert circles(xml, {"b": ("c",), "c": ("sample",)}) == [("error", "call", "sample → b → c → sample")]
    assert circles(xml, {"b": ("c",), "c": ("b",)}) == []
    assert circles(xml, {}) == []
