"""Whoever finished a step takes it back: what is still possible, what is not any more, and what everybody is told."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.workflow.conftest import Scene, diagram, sequence
from tests.integration.workflow.test_tasks import CANARY, dump, secret_visit

from lastmeter.actor import SYSTEM
from lastmeter.audit import AuditEvent
from lastmeter.connectors import Step, connector
from lastmeter.errors import LastmeterError, Missing
from lastmeter.identity.models import Account, Notice
from lastmeter.workflow import suspension, tasks, withdrawal
from lastmeter.workflow.models import HumanTask
from lastmeter.workflow.refusals import (
    InstanceEnded,
    InstanceSuspended,
    ReasonMissing,
    StepIsFinal,
    StepNotYours,
    WithdrawalTooLate,
)

OFFICER = 'camunda:candidateGroups="district_officer"'
LEADER = 'camunda:candidateGroups="district_leader"'
MESSAGE = '<message id="m" name="paper.left"/>'
SENT = (
    '<intermediateThrowEvent id="sent" name="已发出"><messageEventDefinition messageRef="m"/></intermediateThrowEvent>'
)
CALLS = '<serviceTask id="filed" name="已备案" camunda:type="external" camunda:topic="test.withdrawal_files"/>'


@connector("test.withdrawal_files", zh="备案", en="File")
def _files(step: Step) -> dict[str, Any]:
    return {}


def paper(scene: Scene, *between: str, first: str = "", last: str = LEADER, by: str = "lixia.officer") -> int:
    """An officer writes, the leader signs; `between` lies what happens in the meantime."""
    write = f'<userTask id="write" name="起草" lm:nameEn="Write" {OFFICER} {first}/>'
    sign = f'<userTask id="sign" name="签发" lm:nameEn="Sign" {last}/>'
    scene.publish(diagram(MESSAGE, sequence("paper", write, *between, sign)))
    number = scene.start("lixia.officer", "paper")
    scene.do(by, "write", {"comment": "第一稿"})
    return number


def finished(scene: Scene, element: str = "write") -> int:
    query = select(HumanTask.id).where(HumanTask.element_id == element, HumanTask.state == "completed")
    return scene(lambda session: session.scalars(query.order_by(HumanTask.id.desc())).first()) or 0


def withdraw(scene: Scene, login: str = "lixia.officer", reason: str = "数字写错", *, task: int | None = None) -> int:
    task_id = task or finished(scene)
    return scene(lambda session: withdrawal.withdraw(session, scene.actor(session, login), task_id, reason).id)


def refusal(scene: Scene, login: str = "lixia.officer") -> LastmeterError | None:
    task_id = finished(scene)
    return scene(lambda session: withdrawal.refusal(session, scene.actor(session, login), task_id))


def test_the_step_is_open_again_with_what_was_handed_in(scene: Scene) -> None:
    number = paper(scene)
    (sign,) = scene.open("sign")
    assert refusal(scene) is None
    again = withdraw(scene)
    assert scene.open("write") == [again]
    assert scene.open("sign") == []
    assert [row.id for row in scene.inbox("lixia.officer", "mine")] == [again]
    view = scene(lambda session: tasks.get(session, scene.actor(session, "lixia.officer"), again))
    assert view.draft == {"comment": "第一稿"}
    assert scene(lambda session: session.get_one(HumanTask, sign).state) == "cancelled"
    scene.do("lixia.officer", "write", {"comment": "第二稿"})
    scene.do("lixia.leader", "sign")
    assert scene.instance(number).state == "completed"
    assert scene.trail(number)[-2:] == ["sign", "paper_end"]


def test_it_is_on_record_with_its_reason(scene: Scene) -> None:
    number = paper(scene)
    withdraw(scene, reason="数字写错")
    query = select(AuditEvent).where(AuditEvent.action == "task.withdrawn", AuditEvent.chain == f"instance/{number}")
    event = scene(lambda session: session.scalars(query).one())
    assert (event.facts["element"], event.facts["reason"]) == ("write", "数字写错")
    with pytest.raises(ReasonMissing):
        withdraw(scene, reason=" ")


def test_those_who_had_the_next_step_are_told(scene: Scene) -> None:
    district = scene.organisation("历下区民政局")
    paper(scene, last=f'{LEADER} lm:organisation="{district}"')
    withdraw(scene)
    query = select(Notice).join(Account, Account.person_id == Notice.person_id).where(Account.login == "lixia.leader")
    told = scene(lambda session: session.scalars(query).one())
    assert told.message == "task.withdrawn"
    assert told.facts["step"] == {"zh": "起草", "en": "Write"}
    assert told.facts["next"] == {"zh": "签发", "en": "Sign"}


def test_nobody_else_takes_it_back(scene: Scene) -> None:
    """Not who began the matter, nor a colleague of the same post, who no longer knows of the task."""
    paper(scene, by="lixia.officer2")
    assert isinstance(refusal(scene), StepNotYours)
    with pytest.raises(StepNotYours):
        withdraw(scene)
    with pytest.raises(Missing):
        withdraw(scene, "licheng.officer")


def test_once_the_next_step_is_claimed_it_is_too_late(scene: Scene) -> None:
    paper(scene)
    (sign,) = scene.open("sign")
    scene(lambda session: tasks.claim(session, scene.actor(session, "lixia.leader"), sign))
    with pytest.raises(WithdrawalTooLate) as refused:
        withdraw(scene)
    assert refused.value.facts["steps"] == [{"zh": "签发", "en": "Sign"}]
    assert scene.open("sign") == [sign]


@pytest.mark.parametrize(("between", "name"), [(SENT, "已发出"), (CALLS, "已备案")])
def test_once_something_has_left_it_is_too_late(scene: Scene, between: str, name: str) -> None:
    paper(scene, between)
    scene.drain()
    with pytest.raises(WithdrawalTooLate) as refused:
        withdraw(scene)
    assert refused.value.facts["steps"] == [{"zh": name, "en": name}]
    assert len(scene.open("sign")) == 1


def test_what_is_published_sent_or_signed_is_final(scene: Scene) -> None:
    paper(scene, first='lm:final="true"')
    assert isinstance(refusal(scene), StepIsFinal)
    with pytest.raises(StepIsFinal):
        withdraw(scene)


def test_the_step_before_the_last_one_is_not_taken_back(scene: Scene) -> None:
    paper(scene, f'<userTask id="check" name="核稿" {OFFICER}/>')
    scene.do("lixia.officer2", "check")
    with pytest.raises(WithdrawalTooLate):
        withdraw(scene)
    assert len(scene.open("sign")) == 1


def test_beside_it_nothing_is_disturbed(scene: Scene) -> None:
    """Of two branches one is taken back: the other's task stays with whoever has it."""
    parts = (
        '<startEvent id="begin"/><parallelGateway id="fork"/>'
        f'<userTask id="write" name="起草" {OFFICER}/><userTask id="sign" name="签发" {LEADER}/>'
        f'<userTask id="other" name="另一件" {OFFICER}/><parallelGateway id="join"/><endEvent id="end"/>'
    )
    ways = ("begin fork", "fork write", "write sign", "sign join", "fork other", "other join", "join end")
    pairs = (way.split() for way in ways)
    flows = "".join(f'<sequenceFlow id="f_{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairs)
    scene.publish(diagram(f'<process id="two" name="两件" isExecutable="true">{parts}{flows}</process>'))
    number = scene.start("lixia.officer", "two")
    (other,) = scene.open("other")
    scene(lambda session: tasks.claim(session, scene.actor(session, "lixia.officer2"), other))
    scene.do("lixia.officer", "write")
    withdraw(scene)
    assert scene.open("other") == [other]
    assert scene.open("sign") == []
    scene.do("lixia.officer", "write")
    scene.do("lixia.leader", "sign")
    scene(lambda session: tasks.complete(session, scene.actor(session, "lixia.officer2"), other, None))
    assert scene.instance(number).state == "completed"


def test_a_step_that_only_waits_at_a_join_is_taken_back(scene: Scene) -> None:
    parts = (
        '<startEvent id="begin"/><parallelGateway id="fork"/>'
        f'<userTask id="write" name="起草" {OFFICER}/><userTask id="other" name="另一件" {OFFICER}/>'
        '<parallelGateway id="join"/><endEvent id="end"/>'
    )
    ways = ("begin fork", "fork write", "write join", "fork other", "other join", "join end")
    pairs = (way.split() for way in ways)
    flows = "".join(f'<sequenceFlow id="f_{a}_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairs)
    scene.publish(diagram(f'<process id="two" name="两件" isExecutable="true">{parts}{flows}</process>'))
    number = scene.start("lixia.officer", "two")
    scene.do("lixia.officer", "write")
    withdraw(scene)
    scene.do("lixia.officer", "other")
    assert scene.instance(number).state == "running"
    scene.do("lixia.officer", "write")
    assert scene.instance(number).state == "completed"


def test_what_stands_still_or_has_ended_is_not_taken_back(scene: Scene) -> None:
    number = paper(scene)
    scene(lambda session: suspension.suspend(session, SYSTEM, number, "核查"))
    assert isinstance(refusal(scene), InstanceSuspended)
    scene(lambda session: suspension.resume(session, SYSTEM, number))
    assert refusal(scene) is None
    scene.do("lixia.leader", "sign")
    with pytest.raises(InstanceEnded):
        withdraw(scene, "lixia.leader", task=finished(scene, "sign"))


def test_case_content_stays_sealed_when_its_step_is_taken_back(scene: Scene) -> None:
    secret_visit(scene)
    scene.do("lixia.officer", "a", {"note": CANARY, "urgent": True, "place": "社区"})
    again = withdraw(scene, task=finished(scene, "a"))
    view = scene(lambda session: tasks.get(session, scene.actor(session, "lixia.officer"), again))
    assert view.draft is not None
    assert view.draft["note"] == CANARY
    assert CANARY not in dump(scene)
