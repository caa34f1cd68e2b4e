"""Between instances: calls, messages, signals, timers, suspension, incidents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from tests.integration.workflow.conftest import MONDAY, Scene, diagram, sequence

from lastmeter import connectors, jobs
from lastmeter.actor import SYSTEM
from lastmeter.audit import AuditEvent
from lastmeter.connectors import Step
from lastmeter.deadlines.models import Deadline
from lastmeter.deadlines.records import Moved
from lastmeter.errors import InvalidInput
from lastmeter.outbox import Job
from lastmeter.workflow import incidents, instances, messages, suspension, tasks, timers
from lastmeter.workflow.models import HumanTask, Instance, Timer
from lastmeter.workflow.refusals import InstanceSuspended, PartyUnknown, StepFailed
from lastmeter.workflow.spiff import BpmnError

OFFICER = 'camunda:candidateGroups="district_officer"'
CHILD = sequence("child", f'<userTask id="work" name="办" {OFFICER}/>')


@pytest.fixture
def own_connectors(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: dict[str, Any] = dict(connectors.registered())
    monkeypatch.setattr(connectors, "_registered", registered)


def service(element_id: str, topic: str) -> str:
    return f'<serviceTask id="{element_id}" camunda:type="external" camunda:topic="{topic}"/>'


# --- calls ---------------------------------------------------------------------------------------------------


def test_ten_called_instances_end_and_their_caller_goes_on_once(scene: Scene) -> None:
    many = (
        '<callActivity id="all" calledElement="child"><extensionElements><camunda:in source="n" target="n"/>'
        '</extensionElements><multiInstanceLoopCharacteristics camunda:collection="numbers" '
        'camunda:elementVariable="n"/>'
        "</callActivity>"
    )
    make = (
        '<scriptTask id="make" scriptFormat="feel" camunda:resultVariable="numbers">'
        "<script>for i in 1..10 return i</script></scriptTask>"
    )
    scene.publish(diagram(sequence("p", make, many), CHILD))
    number = scene.start("lixia.officer", "p")
    scene.drain()
    assert len(scene.children(number)) == 10
    for _ in range(10):
        scene.do("lixia.officer", "work")
    assert scene.instance(number).state == "running"
    scene.drain()
    assert scene.instance(number).state == "completed"
    assert scene.trail(number).count("all") == 11  # ten and their body
    assert {scene.instance(child).root_id for child in scene.children(number)} == {number}


def test_cancelling_the_caller_stops_the_whole_tree(scene: Scene) -> None:
    middle = sequence("middle", '<callActivity id="down" calledElement="child"/>')
    scene.publish(diagram(sequence("p", '<callActivity id="call" calledElement="middle"/>'), middle, CHILD))
    number = scene.start("lixia.officer", "p")
    scene.drain()
    scene(lambda s: instances.cancel(s, scene.actor(s, "lixia.officer"), number, "不办了"))
    scene.drain()
    assert scene(lambda s: set(s.scalars(select(Instance.state)))) == {"cancelled"}
    assert scene.open("work") == []
    assert scene.trail(number, "cancelled") == ["call"]


def test_cancelling_before_the_child_began_leaves_no_child(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", '<callActivity id="call" calledElement="child"/>'), CHILD))
    number = scene.start("lixia.officer", "p")
    scene(lambda s: instances.cancel(s, SYSTEM, number, "不办了"))
    scene.drain()
    assert scene.children(number) == []


def test_a_child_s_error_and_escalation_reach_the_caller_s_boundary(scene: Scene) -> None:
    caller = """<process id="p" isExecutable="true"><startEvent id="s"/><callActivity id="call" calledElement="c"/>
      <boundaryEvent id="warned" attachedToRef="call" cancelActivity="false">
      <escalationEventDefinition escalationRef="esc"/>
      </boundaryEvent><boundaryEvent id="failed" attachedToRef="call"><errorEventDefinition errorRef="err"/>
      </boundaryEvent>
      <endEvent id="e1"/><endEvent id="e2"/><endEvent id="e3"/><sequenceFlow id="f1" sourceRef="s" targetRef="call"/>
      <sequenceFlow id="f2" sourceRef="call" targetRef="e1"/><sequenceFlow id="f3" sourceRef="warned" targetRef="e2"/>
      <sequenceFlow id="f4" sourceRef="failed" targetRef="e3"/></process>"""
    called = """<process id="c" isExecutable="true"><startEvent id="cs"/>
      <intermediateThrowEvent id="warn"><escalationEventDefinition escalationRef="esc"/></intermediateThrowEvent>
      <endEvent id="ce"><errorEventDefinition errorRef="err"/></endEvent>
      <sequenceFlow id="g1" sourceRef="cs" targetRef="warn"/><sequenceFlow id="g2" sourceRef="warn" targetRef="ce"/>
      </process>"""
    codes = '<escalation id="esc" escalationCode="late"/><error id="err" errorCode="void"/>'
    scene.publish(diagram(codes, caller, called))
    number = scene.start("lixia.officer", "p")
    scene.drain()
    assert scene.instance(number).state == "completed"
    assert [element for element in scene.trail(number) if element.startswith("e")] == ["e2", "e3"]


ERROR = '<error id="err" errorCode="void"/>'
FAILING = (
    '<process id="c0" isExecutable="true"><startEvent id="c0s"/><endEvent id="c0e">'
    '<errorEventDefinition errorRef="err"/></endEvent>'
    '<sequenceFlow id="c0f" sourceRef="c0s" targetRef="c0e"/></process>'
)


def test_an_error_that_a_caller_does_not_catch_reaches_the_caller_s_caller(scene: Scene) -> None:
    middle = sequence("c1", '<callActivity id="below" calledElement="c0"/>')
    outer = sequence("p", '<callActivity id="call" calledElement="c1"/>').replace(
        "</process>",
        '<boundaryEvent id="failed" attachedToRef="call"><errorEventDefinition errorRef="err"/></boundaryEvent>'
        '<endEvent id="told"/><sequenceFlow id="out" sourceRef="failed" targetRef="told"/></process>',
    )
    scene.publish(diagram(ERROR, outer, middle, FAILING))
    number = scene.start("lixia.officer", "p")
    scene.drain()
    assert scene.trail(number) == ["p_begin", "failed", "told"]
    (child,) = scene.children(number)
    assert scene.trail(child, "failed") == ["below"]
    assert {scene.instance(each).state for each in (number, child)} == {"completed"}
    assert scene.incidents() == []


def test_an_error_that_no_caller_catches_ends_them_and_a_child_that_is_stopped_does_not(scene: Scene) -> None:
    scene.publish(diagram(ERROR, sequence("p", '<callActivity id="call" calledElement="c0"/>'), FAILING))
    number = scene.start("lixia.officer", "p")
    scene.drain()
    assert scene.instance(number).state == "completed"
    assert "p_end" not in scene.trail(number)
    ended = select(AuditEvent.facts).where(AuditEvent.chain == f"instance/{number}")
    assert (
        scene(lambda s: list(s.scalars(ended.where(AuditEvent.action == "instance.completed"))))[0]["error"] == "void"
    )

    scene.publish(diagram(sequence("q", '<callActivity id="call" calledElement="child"/>'), CHILD))
    number = scene.start("lixia.officer", "q")
    scene.drain()
    (child,) = scene.children(number)
    scene(lambda s: instances.cancel(s, SYSTEM, child, "不再需要"))
    scene.drain()
    assert scene.instance(number).state != "completed"


# --- messages, signals, timers -------------------------------------------------------------------------------


def test_a_thrown_message_starts_a_process_with_the_sender_s_parties(scene: Scene) -> None:
    throw = (
        '<intermediateThrowEvent id="tell" lm:correlation="=&quot;HT-1&quot;" lm:payload="={years: 3, unread: 1}">'
        '<messageEventDefinition messageRef="m"/></intermediateThrowEvent>'
    )
    starts = """<process id="contract" isExecutable="true"><startEvent id="signed">
      <messageEventDefinition messageRef="m"/>
      </startEvent><scriptTask id="x" scriptFormat="feel" camunda:resultVariable="months"><script>years * 12</script>
      </scriptTask>
      <endEvent id="e"/><sequenceFlow id="g1" sourceRef="signed" targetRef="x"/>
      <sequenceFlow id="g2" sourceRef="x" targetRef="e"/>
      </process>"""
    scene.publish(diagram('<message id="m" name="contract.signed"/>', sequence("p", throw), starts))
    street = scene.organisation("泉城路街道办事处")
    scene(lambda s: instances.start(s, SYSTEM, "p", parties={"street": street}))
    scene.drain()
    started = scene(lambda s: s.scalars(select(Instance).where(Instance.definition_key == "contract")).one())
    assert (started.state, started.business_key) == ("completed", "HT-1")
    assert scene.variables(started.id) == {"years": 3, "months": 36}
    assert scene(lambda s: instances.parties(s, started.id)["street"]) == street


def test_a_message_reaches_one_of_two_that_wait_and_the_next_the_other(scene: Scene) -> None:
    wait = '<intermediateCatchEvent id="w"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    scene.publish(diagram('<message id="m" name="go"/>', sequence("p", wait)))
    first, second = scene.start("lixia.officer", "p"), scene.start("lixia.officer", "p", business_key="K")
    assert scene(lambda s: messages.publish(s, SYSTEM, "go", "K")).delivered == 1
    assert (scene.instance(first).state, scene.instance(second).state) == ("running", "completed")
    assert scene(lambda s: messages.publish(s, SYSTEM, "go")).delivered == 1
    assert scene.instance(first).state == "completed"
    assert scene(lambda s: messages.publish(s, SYSTEM, "go")) == messages.Delivered()


RETRIEVED = (
    '<correlationProperty id="{0}"><correlationPropertyRetrievalExpression messageRef="m">'
    "<messagePath>{1}</messagePath></correlationPropertyRetrievalExpression></correlationProperty>"
)
KEYED = (
    f'<message id="m" name="paid"/>{RETRIEVED.format("cp", "bill.no")}{RETRIEVED.format("cy", "year")}'
    '<collaboration id="co"><correlationKey id="ck"><correlationPropertyRef>cp</correlationPropertyRef>'
    "<correlationPropertyRef>cy</correlationPropertyRef></correlationKey></collaboration>"
)
SUBSCRIBED = (
    '<correlationSubscription id="cs" correlationKeyRef="ck"><correlationPropertyBinding correlationPropertyRef="cp">'
    '<dataPath>no</dataPath></correlationPropertyBinding><correlationPropertyBinding correlationPropertyRef="cy">'
    "<dataPath>y</dataPath></correlationPropertyBinding></correlationSubscription></process>"
)


def test_a_message_goes_to_the_instance_whose_key_its_payload_has(scene: Scene) -> None:
    """The sender names no correlation: it need not know how the receiver tells its instances apart."""
    waits = sequence("p", '<receiveTask id="r" messageRef="m"/>').replace("</process>", SUBSCRIBED)
    sends = sequence("q", '<sendTask id="s" messageRef="m" lm:payload="={bill: {no: no}, year: y}"/>')
    scene.publish(diagram(KEYED, waits, sends))
    one, two = (scene.start("lixia.officer", "p", variables={"no": no, "y": 2026}) for no in ("A", "B"))
    unknown = scene.start("lixia.officer", "p", variables={"no": "C"})

    def told(**payload: object) -> messages.Delivered:
        return scene(lambda s: messages.publish(s, SYSTEM, "paid", None, payload))

    assert told(bill={"no": "B"}, year=2025) == messages.Delivered()
    assert told(bill={"no": "C"}) == messages.Delivered()
    assert told(bill="no context", year=2026) == messages.Delivered()
    assert told() == messages.Delivered()
    assert told(bill={"no": "B"}, year=Decimal("2026.0")) == messages.Delivered(delivered=1)
    assert [scene.instance(each).state for each in (one, two, unknown)] == ["running", "completed", "running"]
    assert scene(lambda s: messages.publish(s, SYSTEM, "paid", "A", {})) == messages.Delivered()
    scene.start("lixia.officer", "q", variables={"no": "A", "y": 2026})
    scene.drain()
    assert scene.instance(one).state == "completed"
    assert scene.instance(unknown).state == "running"


def test_a_signal_reaches_everybody_who_waits(scene: Scene) -> None:
    wait = '<intermediateCatchEvent id="w"><signalEventDefinition signalRef="g"/></intermediateCatchEvent>'
    scene.publish(diagram('<signal id="g" name="storm"/>', sequence("p", wait)))
    running = [scene.start("lixia.officer", "p") for _ in range(3)]
    assert scene(lambda s: messages.broadcast(s, SYSTEM, "storm", {})).delivered == 3
    scene.drain()
    assert {scene.instance(each).state for each in running} == {"completed"}


def test_a_thrown_signal_reaches_other_instances_and_not_what_its_own_waits_for_afterwards(scene: Scene) -> None:
    inside = '<signalEventDefinition signalRef="g"/>'
    throws = f"""<process id="q" isExecutable="true"><startEvent id="s"/>
      <intermediateThrowEvent id="x">{inside}</intermediateThrowEvent>
      <intermediateCatchEvent id="y">{inside}</intermediateCatchEvent><endEvent id="e"/>
      <sequenceFlow id="f1" sourceRef="s" targetRef="x"/><sequenceFlow id="f2" sourceRef="x" targetRef="y"/>
      <sequenceFlow id="f3" sourceRef="y" targetRef="e"/></process>"""
    wait = f'<intermediateCatchEvent id="w">{inside}</intermediateCatchEvent>'
    scene.publish(diagram('<signal id="g" name="storm"/>', sequence("p", wait), throws))
    waiting, thrower = scene.start("lixia.officer", "p"), scene.start("lixia.officer", "q")
    scene.drain()
    assert (scene.instance(waiting).state, scene.instance(thrower).state) == ("completed", "running")
    assert scene(lambda s: messages.broadcast(s, SYSTEM, "storm", {})).delivered == 1
    scene.drain()
    assert scene.instance(thrower).state == "completed"


def test_a_signal_is_for_who_waits_when_it_is_thrown(scene: Scene) -> None:
    signal = '<signalEventDefinition signalRef="g"/>'
    wait = f'<intermediateCatchEvent id="w{{}}">{signal}</intermediateCatchEvent>'
    alarm = f'<intermediateThrowEvent id="t">{signal}</intermediateThrowEvent>'
    scene.publish(
        diagram('<signal id="g" name="storm"/>', sequence("p", alarm, wait.format(1)), sequence("q", wait.format(2)))
    )
    before = scene.start("lixia.officer", "q")
    first = scene.start("lixia.officer", "p")
    after = scene.start("lixia.officer", "q")
    scene.drain()
    assert [scene.instance(each).state for each in (before, first, after)] == ["completed", "running", "running"]
    second = scene.start("lixia.officer", "p")
    scene.drain()
    assert [scene.instance(each).state for each in (first, after, second)] == ["completed", "completed", "running"]


def test_a_cycle_starts_an_instance_each_time_and_a_new_version_takes_over(scene: Scene) -> None:
    def every(days: int) -> bytes:
        return diagram(
            f"""<process id="p" isExecutable="true"><startEvent id="s"><timerEventDefinition>
            <timeCycle>R/P{days}D</timeCycle></timerEventDefinition></startEvent><endEvent id="e"/>
            <sequenceFlow id="f" sourceRef="s" targetRef="e"/></process>"""
        )

    def count() -> int:
        return len(scene(lambda s: list(s.scalars(select(Instance.id)))))

    scene.publish(every(1))
    scene.drain()
    assert count() == 0
    scene.move(MONDAY + dt.timedelta(days=1))
    scene.move(MONDAY + dt.timedelta(days=2))
    assert count() == 2
    scene.publish(every(10))
    scene.drain()
    scene.move(MONDAY + dt.timedelta(days=5))
    assert count() == 2
    scene.move(MONDAY + dt.timedelta(days=12))
    assert count() == 3


def test_a_boundary_timer_cancels_the_task_and_completing_it_withdraws_the_timer(scene: Scene) -> None:
    late = f"""<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="a" name="一" {OFFICER}/>
      <boundaryEvent id="late" attachedToRef="a"><timerEventDefinition>
      <timeDate>=deadline("D21", date("2026-03-02"))</timeDate>
      </timerEventDefinition></boundaryEvent><endEvent id="e1"/><endEvent id="e2"/>
      <sequenceFlow id="f1" sourceRef="s" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="e1"/>
      <sequenceFlow id="f3" sourceRef="late" targetRef="e2"/></process>"""
    scene.publish(diagram(late))
    first, second = scene.start("lixia.officer", "p"), scene.start("lixia.officer", "p")
    timer = scene(lambda s: instances.timers(s, first))[0]
    assert (timer.due_on, timer.due_at) == (dt.date(2026, 3, 9), dt.datetime(2026, 3, 9, 16, tzinfo=dt.UTC))
    scene.do("lixia.officer", "a")
    assert scene(lambda s: [row.instance_id for row in s.scalars(select(Timer))]) == [second]
    scene.move(timer.due_at)
    assert scene.trail(second)[-1] == "e2"
    assert scene.trail(second, "cancelled") == ["a"]
    assert scene(lambda s: list(s.scalars(select(Job.key)))) == []


def test_a_timer_is_moved_and_fires_at_its_new_time(scene: Scene) -> None:
    wait = (
        '<intermediateCatchEvent id="w"><timerEventDefinition><timeDuration>P30D</timeDuration></timerEventDefinition>'
        "</intermediateCatchEvent>"
    )
    scene.publish(diagram(sequence("p", wait)))
    number = scene.start("lixia.officer", "p")
    scene(lambda s: timers.reschedule(s, SYSTEM, number, "w", dt.date(2026, 3, 5), "提前"))
    assert scene(timers.next_due) == dt.datetime(2026, 3, 5, 16, tzinfo=dt.UTC)
    scene.move(dt.datetime(2026, 3, 5, 16, tzinfo=dt.UTC))
    assert scene.instance(number).state == "completed"


# --- suspension ----------------------------------------------------------------------------------------------


def test_a_suspended_tree_stands_still_and_its_clocks_are_later_by_the_pause(scene: Scene) -> None:
    child = sequence("child", f'<userTask id="work" name="办" {OFFICER} camunda:dueDate="2026-03-20"/>')
    caller = sequence("p", '<callActivity id="call" calledElement="child"/>').replace(
        '<endEvent id="p_end"/>',
        '<boundaryEvent id="late" attachedToRef="call"><timerEventDefinition><timeDuration>P10D</timeDuration>'
        '</timerEventDefinition></boundaryEvent><endEvent id="p_end"/><endEvent id="over"/>'
        '<sequenceFlow id="fx" sourceRef="late" targetRef="over"/>',
    )
    scene.publish(diagram(caller, child))
    number = scene.start("lixia.officer", "p")
    scene.drain()
    scene(lambda s: suspension.suspend(s, SYSTEM, number, "投诉", MONDAY + dt.timedelta(days=30)))
    scene.drain()
    (task,) = scene.open("work")
    row = scene.inbox("lixia.officer")[0]
    assert (row.state, row.suspended_reason) == ("suspended", "投诉")
    with pytest.raises(InstanceSuspended):
        scene.do("lixia.officer", "work")
    scene.move(MONDAY + dt.timedelta(days=11))
    assert scene.instance(number).state == "running"
    scene.move(MONDAY + dt.timedelta(days=15))
    scene(lambda s: suspension.resume(s, SYSTEM, number))
    scene.drain()
    assert scene(lambda s: s.get_one(HumanTask, task).due_on) == dt.date(2026, 4, 4)
    scene.move(MONDAY + dt.timedelta(days=24, hours=23))
    assert len(scene.open("work")) == 1
    scene.move(MONDAY + dt.timedelta(days=25))
    scene.drain()
    assert scene.trail(number)[-1] == "over"
    assert scene.open("work") == []


def test_a_suspension_with_an_end_is_over_then(scene: Scene) -> None:
    scene.publish(diagram(CHILD))
    number = scene.start("lixia.officer", "child")
    scene(lambda s: suspension.suspend(s, SYSTEM, number, "投诉", MONDAY + dt.timedelta(days=30)))
    scene.move(MONDAY + dt.timedelta(days=30))
    scene.do("lixia.officer", "work")
    assert scene.instance(number).state == "completed"


# --- connectors and incidents --------------------------------------------------------------------------------


@pytest.mark.usefixtures("own_connectors")
def test_a_connector_s_refusal_refuses_the_person_s_step(scene: Scene) -> None:
    @connectors.connector("test.refuse", zh="拒", en="Refuse")
    def refuse(step: Step) -> Mapping[str, Any]:
        raise InvalidInput(field="amount", reason="too_much")

    scene.publish(diagram(sequence("p", f'<userTask id="a" name="一" {OFFICER}/>', service("x", "test.refuse"))))
    number = scene.start("lixia.officer", "p")
    with pytest.raises(InvalidInput):
        scene.do("lixia.officer", "a")
    assert (scene.instance(number).state, scene.incidents()) == ("running", [])
    assert scene.trail(number) == ["p_begin"]


@pytest.mark.usefixtures("own_connectors")
def test_a_broken_connector_leaves_an_incident_and_the_task(scene: Scene) -> None:
    broken = [True]

    @connectors.connector("test.break", zh="坏", en="Break")
    def breaks(step: Step) -> Mapping[str, Any]:
        if broken:
            raise KeyError("a person's words")
        return {}

    scene.publish(diagram(sequence("p", f'<userTask id="a" name="一" {OFFICER}/>', service("x", "test.break"))))
    number = scene.start("lixia.officer", "p")
    with pytest.raises(StepFailed):
        scene.do("lixia.officer", "a")
    (incident,) = scene.incidents()
    assert (incident.code, incident.detail, scene.instance(number).state) == ("step_failed", "KeyError", "incident")
    broken.clear()
    scene.do("lixia.officer", "a")
    scene(lambda s: incidents.retry(s, SYSTEM, incident.id))
    assert scene.instance(number).state == "completed"
    assert scene(lambda s: instances.verify_audit(s, number)) is None


def test_a_parked_token_goes_on_after_its_retry(scene: Scene) -> None:
    choice = f"""<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="a" name="一" {OFFICER}/>
      <exclusiveGateway id="g"/><endEvent id="e1"/><endEvent id="e2"/>
      <sequenceFlow id="f1" sourceRef="s" targetRef="a"/>
      <sequenceFlow id="f2" sourceRef="a" targetRef="g"/>
      <sequenceFlow id="f3" sourceRef="g" targetRef="e1"><conditionExpression>x = 1</conditionExpression></sequenceFlow>
      <sequenceFlow id="f4" sourceRef="g" targetRef="e2"><conditionExpression>x = 2</conditionExpression></sequenceFlow>
      </process>"""
    scene.publish(diagram(choice))
    number = scene.start("lixia.officer", "p")
    scene.do("lixia.officer", "a", {"x": 3})
    (incident,) = scene.incidents()
    assert (incident.code, incident.element_id) == ("no_flow_taken", "g")
    assert scene.instance(number).state == "incident"
    with pytest.raises(InvalidInput):
        scene(lambda s: incidents.retry(s, SYSTEM, incident.id, reason="x" * 501))
    scene(lambda s: incidents.retry(s, SYSTEM, incident.id, reason=" 已更正 "))
    retried = scene(lambda s: s.scalars(select(AuditEvent).where(AuditEvent.action == "incident.retried")).one())
    assert retried.facts == {"incident": incident.id, "element": "g", "reason": "已更正"}
    again = scene(lambda s: incidents.open(s, SYSTEM))
    assert [each.code for each in again] == ["no_flow_taken"]
    scene(lambda s: instances.cancel(s, SYSTEM, number, "作废"))
    assert scene(lambda s: incidents.open(s, SYSTEM)) == []


@pytest.mark.usefixtures("own_connectors")
def test_a_remote_connector_is_tried_three_times_then_waits_for_a_person(scene: Scene) -> None:
    seen: list[str] = []

    @connectors.connector("test.remote", zh="外", en="Remote", local=False)
    def remote(inputs: Mapping[str, Any], *, idempotency_key: str) -> Mapping[str, Any]:
        seen.append(idempotency_key)
        if len(seen) <= 3:
            raise ConnectionError("away")
        return {"receipt": "R1"}

    read = '<scriptTask id="s" scriptFormat="feel" camunda:resultVariable="got"><script>receipt</script></scriptTask>'
    scene.publish(diagram(sequence("p", service("x", "test.remote"), read)))
    number = scene.start("lixia.officer", "p")
    for _ in range(3):
        scene.drain()
        scene(lambda s: [setattr(job, "lease_until", None) for job in s.scalars(select(Job))])
    (incident,) = scene.incidents()
    assert (len(seen), len(set(seen)), incident.element_id, scene.instance(number).state) == (3, 1, "x", "incident")
    assert scene.drain() == 0
    scene(lambda s: incidents.retry(s, SYSTEM, incident.id))
    scene.drain()
    assert scene.variables(number)["got"] == "R1"
    assert scene.instance(number).state == "completed"


@pytest.mark.usefixtures("own_connectors")
def test_an_error_that_a_connector_names_takes_the_drawn_way(scene: Scene) -> None:
    @connectors.connector("test.error", zh="错", en="Error")
    def error(step: Step) -> Mapping[str, Any]:
        raise BpmnError("void")

    caught = sequence("p", service("x", "test.error")).replace(
        '<endEvent id="p_end"/>',
        '<boundaryEvent id="b" attachedToRef="x"><errorEventDefinition errorRef="err"/></boundaryEvent>'
        '<endEvent id="p_end"/><endEvent id="other"/><sequenceFlow id="fx" sourceRef="b" targetRef="other"/>',
    )
    scene.publish(diagram('<error id="err" errorCode="void"/>', caught))
    assert scene.trail(scene.start("lixia.officer", "p"))[-1] == "other"


@pytest.mark.usefixtures("own_connectors")
def test_a_message_from_inside_a_connector_leaves_as_a_job(scene: Scene) -> None:
    @connectors.connector("test.tell", zh="告", en="Tell")
    def tell(step: Step) -> Mapping[str, Any]:
        assert messages.publish(step.session, step.actor, "go", None, {}).queued
        suspension.suspend(step.session, step.actor, int(step.business_key or 0), "停")
        return {}

    wait = '<intermediateCatchEvent id="w"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    scene.publish(
        diagram(
            '<message id="m" name="go"/>', sequence("waiting", wait), CHILD, sequence("p", service("x", "test.tell"))
        )
    )
    waiting, other = scene.start("lixia.officer", "waiting"), scene.start("lixia.officer", "child")
    scene.start("lixia.officer", "p", business_key=str(other))
    assert scene.instance(waiting).state == "running"
    scene.drain()
    assert scene.instance(waiting).state == "completed"
    assert scene.instance(other).suspended_reason == "停"


def test_a_lane_whose_party_is_unknown_gives_its_tasks_to_nobody(scene: Scene) -> None:
    lanes = '<laneSet id="l"><lane id="lane_p"><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    xml = diagram(sequence("p", '<userTask id="a" name="一"/>').replace("<startEvent", lanes + "<startEvent", 1))
    settings = {"key": "p", "start": {"roles": ["district_officer"]},
                "lanes": {"lane_p": {"role": "provider_manager", "party": "provider"}}}  # fmt: skip
    scene.publish(xml, settings=settings)
    with pytest.raises(PartyUnknown):
        scene.start("lixia.officer", "p")


def test_a_poison_job_does_not_hold_up_the_others(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", '<callActivity id="call" calledElement="nowhere"/>'), CHILD,
                          sequence("q", '<callActivity id="call2" calledElement="child"/>')))  # fmt: skip
    bad, good = scene.start("lixia.officer", "p"), scene.start("lixia.officer", "q")
    for _ in range(3):
        scene.drain()
        scene(lambda s: [setattr(job, "lease_until", None) for job in s.scalars(select(Job))])
    assert len(scene.children(good)) == 1
    assert scene.instance(bad).state == "incident"
    assert [incident.code for incident in scene.incidents()] == ["definition_unknown"]


def test_what_is_called_while_the_caller_stands_still_begins_when_it_goes_on(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", '<callActivity id="call" calledElement="child"/>'), CHILD))
    number = scene.start("lixia.officer", "p")
    (taken,) = jobs.take(scene.factory)
    scene(lambda s: suspension.suspend(s, SYSTEM, number, "停"))
    assert not jobs.perform(scene.factory, taken)
    assert scene.drain() == 0
    scene(lambda s: suspension.resume(s, SYSTEM, number))
    scene.drain()
    (child,) = scene.children(number)
    assert scene.instance(child).suspended_at is None
    assert len(scene.open("work")) == 1


def test_a_poisoned_state_is_an_incident_and_the_others_go_on(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", f'<userTask id="a" name="一" {OFFICER}/>')))
    poisoned, sound = scene.start("lixia.officer", "p"), scene.start("lixia.officer", "p")
    poison = text("UPDATE instance SET blob = 'x', version = version + 1 WHERE id = :id")
    scene(lambda s: s.execute(poison, {"id": poisoned}))
    with pytest.raises(StepFailed):
        scene.do("lixia.officer", "a")
    (incident,) = scene.incidents()
    assert (incident.instance_id, incident.detail) == (poisoned, "StateNotReadable")
    second = scene.open("a")[1]
    scene(lambda s: tasks.complete(s, scene.actor(s, "lixia.officer"), second, {}))
    assert scene.instance(sound).state == "completed"


def test_a_deadline_that_the_calendar_moves_takes_its_task_and_timer_along(scene: Scene) -> None:
    due = "=deadline(&quot;D21&quot;, date(&quot;2026-03-02&quot;))"
    both = f"""<process id="p" isExecutable="true"><startEvent id="s"/>
      <userTask id="a" name="一" camunda:dueDate="{due}" {OFFICER}/>
      <boundaryEvent id="late" attachedToRef="a"><timerEventDefinition><timeDate>{due}</timeDate>
      </timerEventDefinition></boundaryEvent><endEvent id="e1"/><endEvent id="e2"/>
      <sequenceFlow id="f1" sourceRef="s" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="e1"/>
      <sequenceFlow id="f3" sourceRef="late" targetRef="e2"/></process>"""
    scene.publish(diagram(both))
    number = scene.start("lixia.officer", "p")
    (task,) = scene.open("a")
    why = scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), task)).deadline
    assert why is not None
    assert (why.rule.id, why.deadline.due) == ("D21", dt.date(2026, 3, 9))
    later = dt.datetime(2026, 3, 12, 16, tzinfo=dt.UTC)

    def move(session: Session) -> None:
        rows = list(session.scalars(select(Deadline)))
        assert [row.subject.partition("/")[0] for row in rows] == ["task", "timer"]
        moved = [Moved(row, row.due_at, later) for row in rows]
        for row in rows:
            row.due, row.due_at = dt.date(2026, 3, 12), later
        timers.follow(session, moved)

    scene(move)
    scene.drain()
    assert scene.inbox("lixia.officer")[0].due_on == dt.date(2026, 3, 12)
    scene.move(later - dt.timedelta(minutes=1))
    assert scene.instance(number).state == "running"
    scene.move(later)
    assert scene.trail(number)[-1] == "e2"
    assert scene(lambda s: {row.met_at for row in s.scalars(select(Deadline)) if row.subject[:5] == "timer"}) == {later}


def test_a_resumption_is_not_undone_by_an_older_suspension_that_is_late(scene: Scene) -> None:
    """Two workers, each with one of the two jobs: the suspension's worker was slow."""
    scene.publish(diagram(sequence("p", '<callActivity id="call" calledElement="child"/>'), CHILD))
    number = scene.start("lixia.officer", "p")
    scene.drain()
    scene(lambda s: suspension.suspend(s, SYSTEM, number, "停"))
    (slow,) = jobs.take(scene.factory)
    scene(lambda s: suspension.resume(s, SYSTEM, number))
    scene.drain()
    assert not jobs.perform(scene.factory, slow)
    scene.do("lixia.officer", "work")
    scene.drain()
    assert scene.instance(number).state == "completed"


def test_a_message_to_an_instantiating_gateway_starts_at_its_event(scene: Scene) -> None:
    scene.publish(
        diagram(
            '<message id="m1" name="one"/><message id="m2" name="two"/>',
            '<process id="p" isExecutable="true"><eventBasedGateway id="g" instantiate="true"/>'
            '<intermediateCatchEvent id="c1"><messageEventDefinition messageRef="m1"/></intermediateCatchEvent>'
            '<intermediateCatchEvent id="c2"><messageEventDefinition messageRef="m2"/></intermediateCatchEvent>'
            '<endEvent id="e1"/><endEvent id="e2"/>'
            '<sequenceFlow id="f1" sourceRef="g" targetRef="c1"/><sequenceFlow id="f2" sourceRef="g" targetRef="c2"/>'
            '<sequenceFlow id="f3" sourceRef="c1" targetRef="e1"/><sequenceFlow id="f4" sourceRef="c2" targetRef="e2"/>'
            "</process>",
        )
    )
    assert scene(lambda s: messages.publish(s, SYSTEM, "two")) == messages.Delivered(started=1)
    assert scene.trail(1)[-2:] == ["c2", "e2"]
