"""What people do with tasks, and what they may not."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, text
from tests.integration.workflow.conftest import MONDAY, Scene, diagram, sequence

from lastmeter.actor import SYSTEM
from lastmeter.audit import AuditEvent
from lastmeter.errors import Forbidden, Missing
from lastmeter.identity.models import Notice
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.models import Submission
from lastmeter.workflow.refusals import NotCandidate, ReasonMissing, TaskAlreadyTaken

OFFICER = 'camunda:candidateGroups="district_officer"'
SECRET_FORM = {
    "type": "default",
    "id": "visit",
    "components": [
        {"type": "textarea", "id": "f1", "key": "note", "label": "记录",
         "properties": {"lm.label_en": "Note", "lm.classification": "case"}},
        {"type": "checkbox", "id": "f2", "key": "urgent", "label": "紧急",
         "properties": {"lm.label_en": "Urgent", "lm.classification": "case"}},
        {"type": "textfield", "id": "f3", "key": "place", "label": "地点",
         "properties": {"lm.label_en": "Place", "lm.classification": "public"}},
    ],
}  # fmt: skip
CANARY = "金丝雀之言"


def two_steps(scene: Scene) -> int:
    scene.publish(
        diagram(sequence("p", f'<userTask id="a" name="一" {OFFICER}/>', f'<userTask id="b" name="二" {OFFICER}/>'))
    )
    return scene.start("lixia.officer", "p")


def secret_visit(scene: Scene) -> int:
    scene.publish(
        diagram(
            sequence(
                "visit",
                f'<userTask id="a" name="走访" camunda:formKey="visit" {OFFICER}/>',
                '<scriptTask id="s" scriptFormat="feel" camunda:resultVariable="known">'
                "<script>if urgent then note else place</script></scriptTask>",
                f'<userTask id="b" name="复核" {OFFICER}/>',
            )
        ),
        settings={"key": "visit", "classification": "internal", "start": {"roles": ["district_officer"]}},
        forms={"visit": SECRET_FORM},
    )
    return scene.start("lixia.officer", "visit")


def test_release_gives_the_task_back_and_keeps_the_draft(scene: Scene) -> None:
    two_steps(scene)
    (task,) = scene.open("a")
    scene(lambda s: tasks.claim(s, scene.actor(s, "lixia.officer"), task))
    scene(lambda s: tasks.save_draft(s, scene.actor(s, "lixia.officer"), task, {"comment": "half"}))
    with pytest.raises(ReasonMissing):
        scene(lambda s: tasks.release(s, scene.actor(s, "lixia.officer"), task, " "))
    scene(lambda s: tasks.release(s, scene.actor(s, "lixia.officer"), task, "出差"))
    scene(lambda s: tasks.claim(s, scene.actor(s, "lixia.officer2"), task))
    assert scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer2"), task)).draft is None
    mine = scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), task))
    assert mine.draft == {"comment": "half"}
    assert mine.holder == "李强"
    assert mine.allowed["complete"] == "task_already_taken"


def test_only_the_holder_or_a_supervisor_hands_a_task_on(scene: Scene) -> None:
    two_steps(scene)
    (task,) = scene.open("a")
    scene(lambda s: tasks.claim(s, scene.actor(s, "lixia.officer"), task))
    second = scene(lambda s: scene.actor(s, "lixia.officer2").person_id)
    leader = scene(lambda s: scene.actor(s, "lixia.leader").person_id)
    assert second is not None
    assert leader is not None
    with pytest.raises(Forbidden):
        scene(lambda s: tasks.reassign(s, scene.actor(s, "lixia.officer2"), task, second, "我来"))
    with pytest.raises(NotCandidate):
        scene(lambda s: tasks.reassign(s, scene.actor(s, "lixia.officer"), task, leader, "请办"))
    scene(lambda s: tasks.reassign(s, scene.actor(s, "lixia.officer"), task, second, "请办"))
    assert [row.id for row in scene.inbox("lixia.officer2", "mine")] == [task]
    assert scene(lambda s: s.scalar(select(Notice.message).where(Notice.person_id == second))) == "task.reassigned"


def test_a_task_on_hold_comes_back_when_its_time_is_over(scene: Scene) -> None:
    two_steps(scene)
    (task,) = scene.open("a")
    scene(lambda s: tasks.claim(s, scene.actor(s, "lixia.officer"), task))
    until = MONDAY + dt.timedelta(days=3)
    scene(lambda s: tasks.hold(s, scene.actor(s, "lixia.officer"), task, until, "等材料"))
    assert scene.inbox("lixia.officer", "mine") == []
    assert [row.hold_reason for row in scene.inbox("lixia.officer", "on_hold")] == ["等材料"]
    scene.move(until)
    assert [row.id for row in scene.inbox("lixia.officer", "mine")] == [task]
    assert scene.drain() == 0


def test_case_content_stays_sealed_and_out_of_everything_else(scene: Scene) -> None:
    number = secret_visit(scene)
    (task,) = scene.open("a")
    scene(lambda s: tasks.save_draft(s, scene.actor(s, "lixia.officer"), task, {"note": CANARY}))
    assert scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), task)).draft["note"] == CANARY  # type: ignore[index]
    assert CANARY not in dump(scene)
    scene.do("lixia.officer", "a", {"note": CANARY, "urgent": True, "place": "社区"})
    (row,) = scene(lambda s: list(s.scalars(select(Submission))))
    assert (row.data, row.classification, row.key_class) == (None, "case", "case_notes")
    assert CANARY not in dump(scene)
    known = scene.variables(number)
    assert known["urgent"] is True
    assert "note" not in known
    assert known["known"] is None
    # A reader without case.read sees neither the truth value nor the submission.
    seen = scene(lambda s: instances.variables(s, scene.actor(s, "lixia.officer"), instances.get(s, SYSTEM, number)))
    assert "urgent" not in seen
    (next_task,) = scene.open("b")
    assert scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), next_task)).earlier == []


def dump(scene: Scene) -> str:
    """Every table of the engine as text."""
    tables = ("instance", "human_task", "submission", "task_draft", "history_event", "audit_event", "job", "incident")

    def work(session):  # type: ignore[no-untyped-def]
        rows = [session.execute(text(f"SELECT t::text FROM {table} t")).scalars().all() for table in tables]
        return str(rows)

    return str(scene(work))


def test_somebody_else_s_task_is_as_unknown_as_none(scene: Scene) -> None:
    scene.publish(diagram(sequence("own", '<userTask id="a" name="自己的"/>')))
    scene.start("lixia.officer", "own")
    (task,) = scene.open("a")
    for login in ("lixia.officer2", "huimin.manager"):
        with pytest.raises(Missing):
            scene(lambda s, login=login: tasks.get(s, scene.actor(s, login), task))  # type: ignore[misc]
        with pytest.raises(Missing):
            scene(lambda s, login=login: tasks.claim(s, scene.actor(s, login), task))  # type: ignore[misc]
    scene.do("lixia.officer", "a")


def test_a_plain_file_asks_for_what_it_reads_and_nothing_sets(scene: Scene) -> None:
    scene.publish(
        diagram(
            sequence(
                "plain", '<userTask id="a"/>',
                '<scriptTask id="s" scriptFormat="feel" camunda:resultVariable="sum">'
                "<script>price + 1</script></scriptTask>",
            )
        )
    )  # fmt: skip
    number = scene.start("lixia.officer", "plain")
    (task,) = scene.open("a")
    view = scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), task))
    assert view.is_generic
    assert [field.key for field in view.form.inputs] == ["price", "comment"]
    scene.do("lixia.officer", "a", {"price": 2, "other": "dropped"})
    assert scene.variables(number) == {"price": 2, "sum": 3}


def test_a_task_that_nobody_holds_is_claimed_by_completing_it(scene: Scene) -> None:
    two_steps(scene)
    (task,) = scene.open("a")
    done = scene(lambda s: tasks.complete(s, scene.actor(s, "lixia.officer"), task, {}, comment="好"))
    assert [(each.name_zh, each.role) for each in done.next] == [("二", "district_officer")]
    view = scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer2"), done.next[0].task_id))
    assert [(each.name_zh, each.person, each.comment) for each in view.earlier] == [("一", "王敏", "好")]


def test_a_change_of_role_shows_at_once(scene: Scene) -> None:
    two_steps(scene)
    (task,) = scene.open("a")
    scene(lambda s: tasks.claim(s, scene.actor(s, "lixia.officer"), task))
    scene(lambda s: s.execute(text("UPDATE membership SET valid_to = '2026-03-01' WHERE role = 'district_officer'")))
    with pytest.raises(NotCandidate):
        scene(lambda s: tasks.complete(s, scene.actor(s, "lixia.officer"), task, {}))
    assert scene.inbox("lixia.officer2") == []


def test_every_act_stands_in_the_instance_s_chain(scene: Scene) -> None:
    number = two_steps(scene)
    scene.do("lixia.officer", "a")
    query = select(AuditEvent.action).where(AuditEvent.chain == f"instance/{number}").order_by(AuditEvent.position)
    assert scene(lambda s: list(s.scalars(query))) == ["instance.started", "task.claimed", "task.completed"]
    assert scene(lambda s: instances.verify_audit(s, number)) is None


def test_the_inbox_pages_by_key_and_counts_in_two_statements(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", f'<userTask id="a" name="一" {OFFICER}/>')))
    for _ in range(5):
        scene.start("lixia.officer", "p")

    def page(cursor: str | None) -> tuple[list[int], str | None, object]:
        found = scene(lambda s: tasks.inbox(s, scene.actor(s, "lixia.officer"), "group", cursor=cursor, limit=2))
        return [row.id for row in found.items], found.next, found.counts

    first, after, counts = page(None)
    second, last, _ = page(after)
    third, none, _ = page(last)
    assert first + second + third == scene.open("a")
    assert none is None
    assert counts == {"mine": 0, "group": 5, "hold": 0, "overdue": 0, "done": 0}
    found = scene(lambda s: tasks.inbox(s, scene.actor(s, "lixia.officer"), "group", q="没有"))
    assert (found.items, found.counts["group"]) == ([], 0)


def test_the_loser_of_a_claim_reads_who_and_since_when(scene: Scene) -> None:
    two_steps(scene)
    (task,) = scene.open("a")
    scene(lambda s: tasks.claim(s, scene.actor(s, "lixia.officer"), task))
    with pytest.raises(TaskAlreadyTaken) as refused:
        scene(lambda s: tasks.complete(s, scene.actor(s, "lixia.officer2"), task, {}))
    assert (refused.value.facts["holder"], refused.value.facts["at"]) == ("王敏", MONDAY)
