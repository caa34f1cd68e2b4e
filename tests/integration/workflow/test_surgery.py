"""Operators mend running instances: rows, jobs, children, audit; and what they may not do."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from tests.integration.workflow.conftest import Scene, diagram, sequence

from lastmeter.audit import AuditEvent
from lastmeter.errors import Forbidden, InvalidInput
from lastmeter.outbox import Job
from lastmeter.workflow import instances, surgery, tasks
from lastmeter.workflow.models import HistoryEvent, HumanTask, Incident, Timer
from lastmeter.workflow.refusals import InstanceChanged, ReasonMissing, VariableClassified, VariableNotRead
from lastmeter.workflow.spiff.surgery import Cut, Plan
from lastmeter.workflow.spiff.surgery_refusals import AlreadyLeft

OFFICER = 'camunda:candidateGroups="district_officer"'
FIRST, SECOND = f'<userTask id="first" name="一" {OFFICER}/>', f'<userTask id="second" name="二" {OFFICER}/>'
CALL = '<callActivity id="call" calledElement="child"/>'
CHILD = sequence("child", f'<userTask id="work" name="办" {OFFICER}/>')
LATE = (
    '<boundaryEvent id="late" attachedToRef="first"><timerEventDefinition><timeDuration>P9D</timeDuration>'
    "</timerEventDefinition></boundaryEvent>"
)


def rehearse(scene: Scene, number: int, *cut: Any, **options: Any) -> surgery.Rehearsal:
    return scene(lambda s: surgery.rehearse(s, scene.actor(s, "operator"), number, Cut(*cut, **options)))


def cut(scene: Scene, number: int, *what: Any, **options: Any) -> Plan:
    """Rehearsed, then done by the operator."""
    seen = rehearse(scene, number, *what, **options)
    scene(
        lambda s: surgery.operate(
            s, scene.actor(s, "operator"), number, Cut(*what, **options), reason="误选", version=seen.version
        )
    )
    assert scene(lambda s: instances.verify_audit(s, number)) is None
    return seen.plan


def counted(scene: Scene, model: Any, *which: Any) -> int:
    return scene(lambda s: s.scalar(select(func.count()).select_from(model).where(*which))) or 0


def test_a_move_takes_the_claimed_task_and_its_timer_away_and_is_recorded(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST, SECOND).replace("</process>", LATE + "</process>")))
    number = scene.start("lixia.officer", "p")
    (task,) = scene.open("first")
    scene(lambda s: tasks.claim(s, scene.actor(s, "lixia.officer"), task))
    before = scene.instance(number).version
    plan = rehearse(scene, number, "move", "first", "second").plan
    assert scene.instance(number).version == before
    assert ("claimed", ("first",)) in [(caution.code, caution.names) for caution in plan.cautions]
    cut(scene, number, "move", "first", "second")
    assert (scene.open("first"), len(scene.open("second"))) == ([], 1)
    assert scene(lambda s: s.get_one(HumanTask, task).state) == "cancelled"
    assert (counted(scene, Timer), counted(scene, Job, Job.kind == "timer")) == (0, 0)
    operator = scene(lambda s: scene.actor(s, "operator").person_id)
    query = select(HistoryEvent.element_id, HistoryEvent.event, HistoryEvent.person_id).order_by(HistoryEvent.seq)
    rows = scene(lambda s: s.execute(query).all())
    assert [tuple(row) for row in rows[-2:]] == [("first", "cancelled", operator), ("second", "entered", operator)]
    event = scene(lambda s: s.scalars(select(AuditEvent).where(AuditEvent.action == "instance.surgery")).one())
    assert event.person_id == operator
    assert event.facts == {
        "act": "move", "at": "first", "to": "second", "closed": ["first"], "entered": ["second"], "reason": "误选",
    }  # fmt: skip
    scene.do("lixia.officer", "second")
    assert scene.instance(number).state == "completed"


def test_a_skipped_call_stops_its_child(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", CALL, SECOND), CHILD))
    number = scene.start("lixia.officer", "p")
    scene.drain()
    (child,) = scene.children(number)
    cut(scene, number, "skip", "call")
    scene.drain()
    assert scene.instance(child).state == "cancelled"
    assert len(scene.open("second")) == 1


def test_a_job_that_was_given_up_is_skipped_and_its_incident_is_over(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", CALL, SECOND)))
    number = scene.start("lixia.officer", "p")
    for _ in range(3):
        scene.drain()
        scene(lambda s: [setattr(job, "lease_until", None) for job in s.scalars(select(Job))])
    (incident,) = scene.incidents()
    assert (incident.code, incident.uid) == ("definition_unknown", None)
    assert scene.instance(number).state == "incident"
    cut(scene, number, "skip", "call")
    assert scene.instance(number).state == "running"
    assert counted(scene, Incident, Incident.resolved_at.is_(None)) == 0


def test_going_back_behind_a_finished_child_has_to_accept_what_it_did(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST, CALL, SECOND), CHILD))
    number = scene.start("lixia.officer", "p")
    scene.do("lixia.officer", "first")
    scene.drain()
    scene.do("lixia.officer", "work")
    scene.drain()
    seen = rehearse(scene, number, "rewind", to="first")
    assert isinstance(seen.plan.refusal, AlreadyLeft)
    with pytest.raises(AlreadyLeft):
        scene(
            lambda s: surgery.operate(
                s, scene.actor(s, "operator"), number, Cut("rewind", to="first"), reason="x", version=seen.version
            )
        )
    cut(scene, number, "rewind", to="first", despite_sent=True)
    assert (len(scene.open("first")), scene.open("second")) == (1, [])


def test_a_variable_is_set_and_the_audit_keeps_of_the_old_value_a_digest(scene: Scene) -> None:
    choice = (
        '<process id="p" isExecutable="true"><startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="e"/>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="g"/><sequenceFlow id="f2" sourceRef="g" targetRef="e">'
        "<conditionExpression>n &gt; 1</conditionExpression></sequenceFlow></process>"
    )
    scene.publish(diagram(choice))
    number = scene.start("lixia.officer", "p", variables={"n": 1})
    assert scene.instance(number).state == "incident"
    cut(scene, number, "set", fields={"n": surgery.value_of("n", "1 + 1")})
    event = scene(lambda s: s.scalars(select(AuditEvent).where(AuditEvent.action == "instance.surgery")).one())
    assert event.facts["set"] == {"n": '{"$":"decimal","v":"2"}'}
    assert len(event.facts["before"]["n"]) == 64
    with pytest.raises(VariableNotRead):
        rehearse(scene, number, "set", fields={"nothing": 1})
    with pytest.raises(InvalidInput):
        surgery.value_of("n", "m + 1")
    cut(scene, number, "retry", "g")
    assert scene.instance(number).state == "completed"


def test_a_classified_variable_is_set_by_no_operator_and_not_offered(scene: Scene) -> None:
    form = {
        "type": "default", "components": [
            {"type": "textfield", "key": "name", "label": "姓名", "properties": {"lm.classification": "case"}},
        ],
    }  # fmt: skip
    reading = '<scriptTask id="read" scriptFormat="feel" camunda:resultVariable="m"><script>name</script></scriptTask>'
    scene.publish(diagram(sequence("p", FIRST, reading)), forms={"first": form})
    number = scene.start("lixia.officer", "p")
    with pytest.raises(VariableClassified):
        rehearse(scene, number, "set", fields={"name": "x"})
    stands = scene(lambda s: surgery.standpoint(s, scene.actor(s, "operator"), number))
    assert "name" not in stands.names
    assert [each.element_id for each in stands.tokens] == ["first"]


def test_what_has_changed_since_is_not_cut(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST, SECOND)))
    number = scene.start("lixia.officer", "p")
    seen = rehearse(scene, number, "skip", "first")
    scene.do("lixia.officer", "first")

    def late(session: Any) -> None:
        operator = scene.actor(session, "operator")
        surgery.operate(session, operator, number, Cut("skip", "second"), reason="x", version=seen.version)

    with pytest.raises(InstanceChanged):
        scene(late)
    assert len(scene.open("second")) == 1


def test_only_operators_cut_and_never_without_a_reason(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST, SECOND)))
    number = scene.start("lixia.officer", "p")
    version = scene.instance(number).version
    for work in (
        lambda s: surgery.standpoint(s, scene.actor(s, "lixia.officer"), number),
        lambda s: surgery.rehearse(s, scene.actor(s, "lixia.officer"), number, Cut("skip", "first")),
        lambda s: surgery.operate(
            s, scene.actor(s, "lixia.officer"), number, Cut("skip", "first"), reason="x", version=version
        ),
    ):
        with pytest.raises(Forbidden):
            scene(work)
    with pytest.raises(ReasonMissing):
        scene(
            lambda s: surgery.operate(
                s, scene.actor(s, "operator"), number, Cut("skip", "first"), reason=" ", version=version
            )
        )
