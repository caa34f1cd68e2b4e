"""Files as other tools write them are published as they are and worked through to their end."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer
from tests.integration.workflow.conftest import Scene

from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition
from lastmeter.workflow import generic
from lastmeter.workflow.models import HumanTask

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def published(scene: Scene, xml: bytes) -> list[str]:
    """Published with every check, as an upload is; the rules of its findings."""
    done = scene(lambda session: publishing.publish(session, SYSTEM, xml))
    assert all(found.severity != "error" for found in done.findings)
    return [found.rule for found in done.findings]


def plain(prefix: str, encoding: str = "UTF-8") -> bytes:
    """No DI, no lanes, no isExecutable, no incoming and outgoing, QName references with the file's own prefix."""
    p = f"{prefix}:" if prefix else ""
    xmlns = f"xmlns:{prefix}" if prefix else "xmlns"
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<{p}definitions {xmlns}="{MODEL}" xmlns:tns="urn:tool" xmlns:vendor="urn:vendor" targetNamespace="urn:tool" id="d">
  <!-- 供应商的说明 -->
  <vendor:about tool="画图工具"/>
  <{p}process id="foreign" name="外来流程">
    <{p}startEvent id="s"/>
    <{p}userTask id="ask" name="填写"><{p}extensionElements><vendor:mark c="red"/></{p}extensionElements></{p}userTask>
    <{p}exclusiveGateway id="g" default="tns:small"/>
    <{p}endEvent id="big"/><{p}endEvent id="little"/>
    <{p}sequenceFlow id="f1" sourceRef="tns:s" targetRef="tns:ask"/>
    <{p}sequenceFlow id="f2" sourceRef="ask" targetRef="g"/>
    <{p}sequenceFlow id="large" sourceRef="g" targetRef="big">
      <{p}conditionExpression>city = "济南"</{p}conditionExpression></{p}sequenceFlow>
    <{p}sequenceFlow id="small" sourceRef="g" targetRef="little"/>
  </{p}process>
</{p}definitions>
"""
    return text.replace("\n", "\r\n").encode(encoding)


@pytest.mark.parametrize("prefix", ["", "bpmn2", "semantic", "model"])
def test_a_plain_file_runs_with_a_generic_form_for_its_starter(scene: Scene, prefix: str) -> None:
    assert "unknown-extension" in published(scene, plain(prefix))
    number = scene.start("lixia.officer", "foreign")
    (row,) = scene.inbox("lixia.officer", "mine") or scene.inbox("lixia.officer")
    assert row.element_id == "ask"
    assert scene.inbox("licheng.officer") == []

    def asked(session: Any) -> list[str | None]:
        loaded = publishing.load(session, scene.instance(number).definition_id)
        return [field.key for field in generic.form_of(loaded, "ask").walk() if field.is_input]

    assert scene(asked) == ["city", "comment"]
    scene.do("lixia.officer", "ask", {"city": "济南"})
    assert scene.instance(number).state == "completed"
    assert scene.trail(number)[-1] == "big"


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "GBK", "utf-8-sig"])
def test_what_was_published_is_given_back_byte_for_byte(scene: Scene, encoding: str) -> None:
    xml = plain("bpmn2", "UTF-8").decode().encode("utf-8-sig") if encoding == "utf-8-sig" else plain("bpmn2", encoding)
    published(scene, xml)

    def stored(session: Any) -> Definition:
        return session.scalars(
            select(Definition).where(Definition.key == "foreign").options(undefer(Definition.xml))
        ).one()

    row = scene(stored)
    assert (row.title_zh, bytes(row.xml)) == ("外来流程", xml)


def task(scene: Scene, attributes: str, inside: str = "", roots: str = "") -> HumanTask:
    """The task that a user task with these attributes becomes, started by the officer with `n` 3."""
    xml = f"""<definitions xmlns="{MODEL}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
      xmlns:activiti="http://activiti.org/bpmn" xmlns:flowable="http://flowable.org/bpmn"
      xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="urn:t">{roots}
      <process id="who" isExecutable="true"><userTask id="t" name="办理" {attributes}>{inside}</userTask></process>
      </definitions>"""
    published(scene, xml.encode())
    number = scene.start("lixia.officer", "who", variables={"n": 3, "group": "district_leader"})
    return scene(lambda session: session.scalars(select(HumanTask).where(HumanTask.instance_id == number)).one())


@pytest.mark.parametrize("prefix", ["camunda", "activiti", "flowable"])
def test_the_attributes_of_camunda_7_and_its_kin_take_effect(scene: Scene, prefix: str) -> None:
    given = {"candidateGroups": "district_leader", "formKey": "embedded:app:forms/f.json", "dueDate": "2026-04-13",
             "priority": "=n + 4"}  # fmt: skip
    made = task(scene, " ".join(f'{prefix}:{name}="{value}"' for name, value in given.items()))
    found = (made.role, made.form_key, made.due_on, made.priority, made.person_id)
    assert found == ("district_leader", "f", dt.date(2026, 4, 13), 7, None)


def test_the_elements_of_camunda_8_take_effect(scene: Scene) -> None:
    made = task(
        scene, "",
        '<extensionElements><zeebe:userTask/><zeebe:formDefinition formId="f"/>'
        '<zeebe:assignmentDefinition candidateGroups="=[group]"/><zeebe:taskSchedule dueDate="=date(2026, 4, 13)"/>'
        '<zeebe:priorityDefinition priority="=n + 4"/></extensionElements>',
    )  # fmt: skip
    assert (made.role, made.form_key, made.due_on, made.priority) == ("district_leader", "f", dt.date(2026, 4, 13), 7)


def test_an_assignee_is_asked_in_every_dialect(scene: Scene) -> None:
    leader = scene(lambda session: scene.actor(session, "lixia.leader").person_id)
    named = "<resourceAssignmentExpression><formalExpression>{}</formalExpression></resourceAssignmentExpression>"
    for attributes, inside in (
        ('flowable:assignee="lixia.leader"', ""),
        ("", '<extensionElements><zeebe:assignmentDefinition assignee="lixia.leader"/></extensionElements>'),
        ("", f"<humanPerformer>{named.format('lixia.leader')}</humanPerformer>"),
    ):
        assert task(scene, attributes, inside).person_id == leader


def test_the_standards_potential_owners_are_groups(scene: Scene) -> None:
    named = "<resourceAssignmentExpression><formalExpression>{}</formalExpression></resourceAssignmentExpression>"
    resource = '<resource id="r" name="district_leader"/>'
    for inside in (
        f"<potentialOwner>{named.format('district_leader')}</potentialOwner>",
        f"<potentialOwner>{named.format('group(district_leader), others')}</potentialOwner>",
        f"<potentialOwner>{named.format('=group')}</potentialOwner>",
        "<potentialOwner><resourceRef>r</resourceRef></potentialOwner>",
    ):
        made = task(scene, "", inside, resource)
        assert (made.role, made.person_id) == ("district_leader", None)
