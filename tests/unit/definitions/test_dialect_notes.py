"""What other engines would heed and this one does not is noted; what has an effect is not."""

from __future__ import annotations

import pytest
from bpmncraft import bpmn, end, node, start, user

from lastmeter import wiring
from lastmeter.definitions import lint
from lastmeter.definitions.lint import KnownNames

ZEEBE = 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'


@pytest.fixture(autouse=True, scope="module")
def _wired() -> None:
    wiring.connect()


def extended(kind: str, inside: str) -> str:
    return node(kind, "x", f"<bpmn:extensionElements {ZEEBE}>{inside}</bpmn:extensionElements>")


def noted(*lines: str) -> list[str]:
    """What is noted as having no effect."""
    findings = lint.lint(bpmn(start(), *lines, "start -> x"), known=KnownNames())
    notes = [found for found in findings if found.rule == "extension-without-effect"]
    assert all(found.severity == "note" and found.message_zh and found.fix_zh and found.fix_en for found in notes)
    return [found.message_en.split("extension ")[1].split(" is kept")[0] for found in notes]


@pytest.mark.parametrize(
    "line",
    [
        user("x", camunda_assignee="=starter", camunda_candidateGroups="a", camunda_formKey="f", camunda_priority="7"),
        user("x", camunda_dueDate="2026-04-13"),
        node("serviceTask", "x", camunda_topic="t", camunda_type="external", camunda_resultVariable="r"),
        node("businessRuleTask", "x", camunda_decisionRef="d", camunda_resultVariable="r"),
        extended("serviceTask", '<zeebe:taskDefinition type="t"/><zeebe:ioMapping><zeebe:input source="=a" target="b"/>'
                                "</zeebe:ioMapping>"),
        extended("userTask", '<zeebe:userTask/><zeebe:formDefinition formId="f"/><zeebe:assignmentDefinition '
                             'assignee="=a" candidateGroups="=b"/><zeebe:taskSchedule dueDate="=c"/>'
                             '<zeebe:priorityDefinition priority="=3"/>'),
        extended("callActivity", '<zeebe:calledElement processId="p"/>'),
        extended("callActivity", '<camunda:in variables="all"/><camunda:out source="a" target="b"/>'),
    ],
)  # fmt: skip
def test_what_has_an_effect_is_not_noted(line: str) -> None:
    assert noted(line) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (user("x", camunda_followUpDate="2026-04-13"), "camunda:followUpDate"),
        (user("x", camunda_candidateUsers="a,b"), "camunda:candidateUsers"),
        (user("x", camunda_asyncBefore="true"), "camunda:asyncBefore"),
        (node("task", "x", camunda_assignee="a"), "camunda:assignee"),
        (node("businessRuleTask", "x", camunda_mapDecisionResult="singleEntry"), "camunda:mapDecisionResult"),
        (node("callActivity", "x", calledElement="p", camunda_calledElementBinding="version"),
         "camunda:calledElementBinding"),
        (extended("userTask", "<camunda:formData/>"), "camunda:formData"),
        (extended("task", "<zeebe:properties/>"), "zeebe:properties"),
        (extended("task", '<zeebe:taskDefinition type="t"/>'), "zeebe:taskDefinition"),
        (extended("userTask", '<zeebe:assignmentDefinition candidateUsers="a"/>'),
         "zeebe:assignmentDefinition/candidateUsers"),
        (extended("userTask", '<zeebe:taskSchedule followUpDate="2026-04-13"/>'), "zeebe:taskSchedule/followUpDate"),
        (extended("callActivity", '<camunda:in businessKey="=k"/>'), "camunda:in/businessKey"),
    ],
)  # fmt: skip
def test_what_has_none_is_noted_by_name(line: str, what: str) -> None:
    assert what in noted(line)


def test_a_note_counts_its_places() -> None:
    xml = bpmn(*(user(f"n{n}", camunda_asyncBefore="true") for n in range(7)))
    (found,) = [each for each in lint.lint(xml) if each.rule == "extension-without-effect"]
    assert (found.element_id, "in 7 places" in found.message_en, "7 处" in found.message_zh) == ("n0", True, True)


def test_the_other_names_of_the_dialect_are_judged_alike() -> None:
    for uri in ("http://activiti.org/bpmn", "http://flowable.org/bpmn", "http://operaton.org/schema/1.0/bpmn"):
        xml = bpmn(user("x", camunda_formKey="f", camunda_asyncBefore="true"), end(), "x -> end")
        rules = [found.rule for found in lint.lint(xml.replace(b"http://camunda.org/schema/1.0/bpmn", uri.encode()))]
        assert "extension-without-effect" in rules
        assert "form-unknown" in rules
