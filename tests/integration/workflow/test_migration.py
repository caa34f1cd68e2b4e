"""Instances that move to another version take along what people have begun, and can go back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.workflow.conftest import MONDAY, Scene, diagram, sequence

from lastmeter import connectors, keys
from lastmeter.actor import SYSTEM
from lastmeter.errors import Forbidden
from lastmeter.outbox import Job
from lastmeter.workflow import instances, migration, suspension, tasks
from lastmeter.workflow.migration import Filter, Result, UndoRefused
from lastmeter.workflow.models import HumanTask, Instance, TaskDraft, Timer

OFFICER = 'camunda:candidateGroups="district_officer"'
LEADER = 'camunda:candidateGroups="district_leader"'
FIRST = f'<userTask id="a" name="一" {OFFICER} camunda:dueDate="2026-03-20"/>'
RENAMED = f'<userTask id="first" name="壹" {OFFICER}/>'
SECOND = f'<userTask id="b" name="二" {OFFICER} lm:separateFrom="{{0}}"/>'


def with_timer(process: str, host: str, identity: str, days: int) -> bytes:
    """The process with a reminder at the host that leads to an end of its own."""
    extra = (
        f'<boundaryEvent id="{identity}" attachedToRef="{host}"><timerEventDefinition><timeDuration>P{days}D'
        f'</timeDuration></timerEventDefinition></boundaryEvent><endEvent id="x{identity}"/>'
        f'<sequenceFlow id="f{identity}" sourceRef="{identity}" targetRef="x{identity}"/></process>'
    )
    return diagram(process.replace("</process>", extra))


def move(scene: Scene, instance_id: int, to: int, login: str | None = None, **mapping: str) -> Result:
    return scene(
        lambda s: migration.migrate(
            s, scene.actor(s, login) if login else SYSTEM, instance_id, "p", to, reason="改版", mapping=mapping
        )
    )


def begun(scene: Scene) -> int:
    """A task that is claimed, half written and on hold; its timer runs."""
    scene.publish(with_timer(sequence("p", FIRST, SECOND.format("a")), "a", "late", 10))
    scene.publish(with_timer(sequence("p", RENAMED, SECOND.format("first")), "first", "overdue", 3))
    instance_id = scene.start("lixia.officer", "p", version=1)
    (task,) = scene.open("a")
    scene(lambda s: tasks.claim(s, scene.actor(s, "lixia.officer"), task))
    scene(lambda s: tasks.save_draft(s, scene.actor(s, "lixia.officer"), task, {"comment": "half"}))
    scene(lambda s: tasks.hold(s, scene.actor(s, "lixia.officer"), task, dt.date(2026, 3, 5), "等材料"))
    return instance_id


def rows(scene: Scene, instance_id: int) -> Any:
    """Everything that waits, as it stands in the tables."""

    def read(session: Any) -> Any:
        found = []
        for model in (HumanTask, Timer):
            for row in session.scalars(select(model).where(model.instance_id == instance_id)):
                found.append({column.key: getattr(row, column.key) for column in model.__table__.columns})
        jobs = select(Job.key, Job.payload, Job.due_at).where(Job.instance_id == instance_id).order_by(Job.key)
        return found, [tuple(row) for row in session.execute(jobs)]

    return scene(read)


def test_claim_draft_hold_due_date_and_timer_come_along(scene: Scene) -> None:
    instance_id = begun(scene)
    result = move(scene, instance_id, 2, a="first", late="overdue")
    assert (result.result, result.moves, result.blockers) == ("migrated", [("a", "first", 1)], ())
    (task_id,) = scene.open("first")
    task = scene(lambda s: s.get_one(HumanTask, task_id))
    assert (task.name_zh, task.state, task.hold_reason, task.due_on) == ("壹", "hold", "等材料", dt.date(2026, 3, 20))
    view = scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), task_id))
    assert (view.draft, task.claimed_by is not None) == ({"comment": "half"}, True)
    (timer,) = scene(lambda s: instances.timers(s, instance_id))
    assert (timer.element_id, timer.due_at) == ("overdue", MONDAY + dt.timedelta(days=10))
    assert scene.trail(instance_id, "migrated") == ["p", "a"]
    assert scene(lambda s: instances.verify_audit(s, instance_id)) is None
    scene.move(dt.datetime(2026, 3, 5, 8, tzinfo=dt.UTC))
    scene(lambda s: tasks.complete(s, scene.actor(s, "lixia.officer"), task_id, {}))
    assert scene(lambda s: instances.timers(s, instance_id)) == []
    assert len(scene.open("b")) == 1


def test_the_timer_that_came_along_still_fires(scene: Scene) -> None:
    instance_id = begun(scene)
    move(scene, instance_id, 2, a="first", late="overdue")
    scene.move(MONDAY + dt.timedelta(days=11))
    assert scene.instance(instance_id).state == "completed"
    assert "xoverdue" in scene.trail(instance_id)


def test_who_did_a_renamed_step_is_still_kept_from_the_one_that_checks_it(scene: Scene) -> None:
    """The rule names the new id; the work was done under the old one."""
    scene.publish(diagram(sequence("p", FIRST, SECOND.format("a"))))
    scene.publish(diagram(sequence("p", RENAMED, SECOND.format("first"))))
    instance_id = scene.start("lixia.officer", "p", version=1)
    scene.do("lixia.officer", "a", {})
    assert move(scene, instance_id, 2, a="first").result == "migrated"
    view = scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), scene.open("b")[0]))
    assert view.allowed["claim"] == "separation_of_duties"


def test_a_move_is_undone_to_the_last_row(scene: Scene) -> None:
    instance_id = begun(scene)
    before = rows(scene, instance_id)
    result = move(scene, instance_id, 2, a="first")  # the old timer is closed, the new one begins
    assert (result.closed, result.armed) == (("late",), ("overdue",))
    assert rows(scene, instance_id) != before
    assert result.migration_id is not None
    number = result.migration_id
    scene(lambda s: migration.undo(s, SYSTEM, number))
    assert rows(scene, instance_id) == before
    assert scene(lambda s: instances.verify_audit(s, instance_id)) is None
    with pytest.raises(UndoRefused):
        scene(lambda s: migration.undo(s, SYSTEM, number))
    scene.move(MONDAY + dt.timedelta(days=11))
    assert "xlate" in scene.trail(instance_id)


def test_what_has_gone_on_is_not_undone(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST, SECOND.format("a"))))
    scene.publish(diagram(sequence("p", FIRST, SECOND.format("a"), f'<userTask id="c" name="三" {OFFICER}/>')))
    instance_id = scene.start("lixia.officer", "p", version=1)
    number = move(scene, instance_id, 2).migration_id
    assert number is not None
    scene.do("lixia.officer", "a", {})
    with pytest.raises(UndoRefused) as refused:
        scene(lambda s: migration.undo(s, SYSTEM, number))
    assert refused.value.facts["reason"] == "moved_on"


def test_of_many_the_one_that_cannot_move_is_named_and_left(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST, SECOND.format("a"))))
    scene.publish(diagram(sequence("p", f'<userTask id="b" name="二" {OFFICER}/>')))
    stays, goes = (scene.start("lixia.officer", "p", version=1) for _ in range(2))
    scene(lambda s: tasks.complete(s, scene.actor(s, "lixia.officer"), scene.open("a")[1], {}))
    meant = scene(lambda s: migration.chosen(s, SYSTEM, "p", 2, Filter(version=1)))
    assert meant == [stays, goes]
    planned = [scene(lambda s, each=each: migration.plan(s, SYSTEM, each, "p", 2)).result for each in meant]  # type: ignore[misc]
    results = [move(scene, each, 2) for each in meant]
    assert (planned, [each.result for each in results]) == (["blocked", "planned"], ["blocked", "migrated"])
    (blocker,) = results[0].blockers
    assert (blocker.element_id, blocker.code) == ("a", "element_gone")
    assert scene(lambda s: migration.chosen(s, SYSTEM, "p", 2, Filter())) == [stays]
    scene.do("lixia.officer2", "b", {})
    assert scene.instance(goes).state == "completed"
    assert scene.trail(goes)[-2:] == ["b", "p_end"]  # history reads elements that are drawn no more


def test_a_task_goes_where_the_new_version_seats_it(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST)))
    scene.publish(diagram(sequence("p", FIRST.replace(OFFICER, LEADER))))
    instance_id = scene.start("lixia.officer", "p", version=1)
    assert move(scene, instance_id, 2).result == "migrated"
    assert scene(lambda s: s.get_one(HumanTask, scene.open("a")[0])).role == "district_leader"


def test_what_the_new_version_reads_is_taken_from_what_was_handed_in(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST, f'<userTask id="b" name="二" {OFFICER}/>')))
    reads = (
        '<scriptTask id="s" scriptFormat="feel" camunda:resultVariable="twice">'
        "<script>2 * households</script></scriptTask>"
    )
    scene.publish(diagram(sequence("p", FIRST, f'<userTask id="b" name="二" {OFFICER}/>', reads, RENAMED)))
    instance_id = scene.start("lixia.officer", "p", version=1)
    scene.do("lixia.officer", "a", {"households": 40, "aside": 1})
    assert "households" not in scene.variables(instance_id)
    assert move(scene, instance_id, 2).refilled == ["households"]
    scene.do("lixia.officer", "b", {})
    known = scene.variables(instance_id)
    assert (known["twice"], "aside" in known) == (80, False)


def test_a_suspended_instance_moves_and_its_new_timer_stands_still(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", FIRST)))
    scene.publish(with_timer(sequence("p", FIRST), "a", "late", 10))
    instance_id = scene.start("lixia.officer", "p", version=1)
    scene(lambda s: suspension.suspend(s, SYSTEM, instance_id, "投诉"))
    assert move(scene, instance_id, 2).armed == ("late",)
    scene.move(MONDAY + dt.timedelta(days=20))
    assert scene.instance(instance_id).state == "running"
    assert len(scene(lambda s: instances.timers(s, instance_id))) == 1


def test_only_who_operates_or_publishes_moves_instances(scene: Scene) -> None:
    instance_id = begun(scene)
    with pytest.raises(Forbidden):
        move(scene, instance_id, 2, "lixia.officer", a="first")
    assert len(scene.open("a")) == 1


READS_SUM = (
    '<scriptTask id="s" scriptFormat="feel" camunda:resultVariable="twice"><script>2 * sum</script></scriptTask>'
)


def test_what_only_a_connector_gave_is_named_and_may_be_set(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def give(_step: connectors.Step) -> dict[str, object]:
        return {"sum": 12}

    known = connectors.Connector("test.give", give, "给", "give", outputs=("sum", "other"))
    monkeypatch.setitem(connectors._registered, "test.give", known)
    service = '<serviceTask id="g" camunda:type="external" camunda:topic="test.give"/>'
    scene.publish(diagram(sequence("p", service, FIRST)))
    scene.publish(diagram(sequence("p", service, FIRST, READS_SUM, RENAMED)))
    instance_id = scene.start("lixia.officer", "p", version=1)
    planned = scene(lambda s: migration.plan(s, SYSTEM, instance_id, "p", 2))
    assert (planned.unfilled, planned.refilled) == (["sum"], [])
    assert move(scene, instance_id, 2).unfilled == ["sum"]
    later = scene.start("lixia.officer", "p")
    assert scene.variables(later)["sum"] == 12


def test_a_called_instance_keeps_what_the_callers_new_version_takes_over(scene: Scene) -> None:
    call = '<callActivity id="c" calledElement="q"><extensionElements>{0}</extensionElements></callActivity>'
    out = '<camunda:out source="{0}" target="{0}"/>'
    scene.publish(diagram(sequence("q", FIRST, f'<userTask id="b" name="二" {OFFICER}/>')))
    scene.publish(diagram(sequence("p", call.format(out.format("count")), READS_SUM.replace("sum", "count"))))
    scene.publish(diagram(sequence("p", call.format(out.format("sum")), READS_SUM, RENAMED)))
    instance_id = scene.start("lixia.officer", "p", version=1)
    scene.drain()
    scene.do("lixia.officer", "a", {"sum": 21, "count": 1})
    (child,) = scene.children(instance_id)
    assert scene(lambda s: s.get_one(Instance, child).wanted) == ["count"]
    number = move(scene, instance_id, 2).migration_id
    assert number is not None
    scene.drain()
    assert scene(lambda s: s.get_one(Instance, child).wanted) == ["count", "sum"]
    assert scene.variables(child) == {"count": 1, "sum": 21}
    scene.do("lixia.officer", "b", {})
    scene.drain()
    assert scene.variables(instance_id)["twice"] == 42


def test_a_call_without_mapping_takes_over_all_that_the_caller_reads(scene: Scene) -> None:
    scene.publish(diagram(sequence("q", FIRST)))
    scene.publish(diagram(sequence("p", '<callActivity id="c" calledElement="q"/>', READS_SUM, RENAMED)))
    instance_id = scene.start("lixia.officer", "p")
    scene.drain()
    scene.do("lixia.officer", "a", {"sum": 21})
    scene.drain()
    assert scene.variables(instance_id)["twice"] == 42


def test_a_draft_of_a_form_that_is_secret_from_now_on_is_sealed(scene: Scene) -> None:
    def classified(as_what: str) -> dict[str, object]:
        properties = {"lm.label_en": "Note", "lm.classification": as_what}
        field = {"type": "textfield", "id": "c", "key": "note", "label": "情况", "properties": properties}
        return {"type": "default", "id": "f", "components": [field]}

    step = FIRST.replace("/>", ' camunda:formKey="f"/>')
    scene.publish(diagram(sequence("p", step)), forms={"f": classified("internal")})
    scene.publish(diagram(sequence("p", step)), forms={"f": classified("case")})
    instance_id = scene.start("lixia.officer", "p", version=1)
    (task,) = scene.open("a")
    scene(lambda s: tasks.save_draft(s, scene.actor(s, "lixia.officer"), task, {"note": "独居"}))
    number = move(scene, instance_id, 2).migration_id

    def kept(session: Any) -> Any:
        row = session.scalars(select(TaskDraft)).one()
        return row.data, row.sealed and keys.decrypt(session, row.key_class, row.sealed)

    assert scene(kept) == (None, '{"note":"独居"}'.encode())
    view = scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), task))
    assert view.draft == {"note": "独居"}
    assert number is not None
    scene(lambda s: migration.undo(s, SYSTEM, number))
    assert scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), task)).draft == {"note": "独居"}
