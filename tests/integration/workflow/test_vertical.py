"""One process that meets everything: form, connector, timer, child, message, end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import sessionmaker
from tests.integration.workflow.conftest import MONDAY, Scene, diagram, sequence

from lastmeter import connectors, db
from lastmeter.actor import SYSTEM
from lastmeter.connectors import Step
from lastmeter.forms import FormInvalid
from lastmeter.workflow import instances, messages, tasks
from lastmeter.workflow.refusals import (
    NotCandidate,
    SeparationOfDuties,
    StartForbidden,
    TaskAlreadyTaken,
    TaskGone,
)

FORM = {
    "type": "default",
    "id": "need",
    "components": [
        {"type": "number", "id": "f1", "key": "amount", "label": "金额", "decimalDigits": 0,
         "validate": {"required": True}, "properties": {"lm.label_en": "Amount"}},
        {"type": "textarea", "id": "f2", "key": "why", "label": "理由", "properties": {"lm.label_en": "Reason"}},
    ],
}  # fmt: skip

SETTINGS = {
    "key": "purchase",
    "title_zh": "采购",
    "title_en": "Purchase",
    "classification": "procurement",
    "listed": True,
    "start": {"roles": ["district_officer"], "party": "district"},
    "lanes": {"lane_officer": {"role": "district_officer", "party": "district"},
              "lane_leader": {"role": "district_leader", "party": "district"}},
    "access": {"view": ["district_officer", "district_leader", "auditor"]},
}  # fmt: skip

LANES = """<laneSet id="lanes"><lane id="lane_officer" name="经办"><flowNodeRef>need</flowNodeRef></lane>
<lane id="lane_leader" name="负责人"><flowNodeRef>approve</flowNodeRef></lane></laneSet>"""

PURCHASE = sequence(
    "purchase",
    '<userTask id="need" name="提出需求" lm:nameEn="State the need" camunda:formKey="need" '
    'camunda:dueDate="=deadline(&quot;D21&quot;, date(&quot;2026-03-02&quot;))"/>',
    '<serviceTask id="file" camunda:type="external" camunda:topic="test.file"><extensionElements><camunda:inputOutput>'
    '<camunda:inputParameter name="fen">=amount * 100</camunda:inputParameter></camunda:inputOutput>'
    "</extensionElements></serviceTask>",
    '<intermediateCatchEvent id="wait"><timerEventDefinition><timeDuration>P2D</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent>",
    '<userTask id="approve" name="批准" lm:nameEn="Approve" lm:separateFrom="need"/>',
    '<callActivity id="review" calledElement="check"><extensionElements><camunda:in source="amount" target="amount"/>'
    '<camunda:out source="twice" target="doubled"/></extensionElements></callActivity>',
    '<intermediateCatchEvent id="hear" lm:correlation="=number"><messageEventDefinition messageRef="m"/>'
    "</intermediateCatchEvent>",
    '<scriptTask id="note" scriptFormat="feel" camunda:resultVariable="told">'
    "<script>doubled + bonus</script></scriptTask>",
).replace("<startEvent", LANES + "<startEvent", 1)
CHECK = sequence(
    "check",
    '<scriptTask id="double" scriptFormat="feel" camunda:resultVariable="twice">'
    "<script>amount * 2</script></scriptTask>",
)
XML = diagram('<message id="m" name="plan.filed"/>', PURCHASE, CHECK)


@pytest.fixture
def purchase(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    registered: dict[str, Any] = dict(connectors.registered())
    monkeypatch.setattr(connectors, "_registered", registered)

    @connectors.connector("test.file", zh="备案", en="File", inputs=("fen",))
    def file(step: Step, fen: Decimal) -> Mapping[str, Any]:
        submitted = step.submission("need")
        assert submitted is not None
        step.set_title(f"采购 {submitted['why']}", "Purchase")
        step.set_business_key("CG-1")
        return {"number": f"N{fen}", "unread": "dropped"}

    scene.publish(XML, settings=SETTINGS, forms={"need": FORM})
    return scene


def test_a_purchase_runs_from_form_to_end(purchase: Scene) -> None:
    number = purchase.start("lixia.officer", "purchase")
    (row,) = purchase.inbox("lixia.officer")
    assert (row.name_zh, row.name_en, row.role) == ("提出需求", "State the need", "district_officer")
    assert row.due_on == dt.date(2026, 3, 9)

    purchase.do("lixia.officer", "need", {"amount": 21, "why": "办公"})
    assert purchase.instance(number).title_zh == "采购 办公"
    assert purchase.instance(number).business_key == "CG-1"
    assert purchase.variables(number) == {"amount": 21, "number": "N2100"}
    assert purchase.open("approve") == []

    purchase.move(MONDAY + dt.timedelta(days=2, minutes=-1))
    assert purchase.open("approve") == []
    purchase.move(MONDAY + dt.timedelta(days=2))
    assert len(purchase.open("approve")) == 1

    done = purchase.do("lixia.leader", "approve", {"comment": "同意"})
    assert done.instance_state == "running"
    purchase.drain()
    (child,) = purchase.children(number)
    assert purchase.instance(child).state == "completed"
    assert purchase.instance(child).business_key == "CG-1"

    told = purchase(lambda s: messages.publish(s, SYSTEM, "plan.filed", "N2100", {"bonus": 1, "extra": "x"}))
    assert told.delivered == 1
    assert purchase.instance(number).state == "completed"
    assert purchase.variables(number)["told"] == Decimal(43)
    assert purchase.trail(number) == [
        "purchase_begin", "need", "file", "wait", "approve", "review", "hear", "note", "purchase_end",
    ]  # fmt: skip
    assert purchase(lambda s: instances.verify_audit(s, number)) is None


def test_a_message_with_another_correlation_reaches_nobody(purchase: Scene) -> None:
    assert purchase(lambda s: messages.publish(s, SYSTEM, "plan.filed", "N1", {})) == messages.Delivered()


def test_who_holds_another_role_or_office_cannot_claim(purchase: Scene) -> None:
    purchase.start("lixia.officer", "purchase")
    (task,) = purchase.open("need")
    with pytest.raises(NotCandidate):
        purchase(lambda s: tasks.claim(s, purchase.actor(s, "lixia.leader"), task))
    assert purchase.inbox("licheng.officer") == []


def test_the_second_to_claim_learns_who_was_first(purchase: Scene) -> None:
    purchase.start("lixia.officer", "purchase")
    (task,) = purchase.open("need")
    purchase(lambda s: tasks.claim(s, purchase.actor(s, "lixia.officer"), task))
    with pytest.raises(TaskAlreadyTaken) as refused:
        purchase(lambda s: tasks.claim(s, purchase.actor(s, "lixia.officer2"), task))
    assert refused.value.facts["holder"] == "王敏"


def test_a_submission_that_the_form_refuses_changes_nothing(purchase: Scene) -> None:
    number = purchase.start("lixia.officer", "purchase")
    before = purchase.instance(number).version
    with pytest.raises(FormInvalid):
        purchase.do("lixia.officer", "need", {"amount": "much"})
    assert purchase.trail(number) == ["purchase_begin"]
    assert purchase.instance(number).version == before + 1  # the claim


def test_a_task_is_completed_once(purchase: Scene) -> None:
    purchase.start("lixia.officer", "purchase")
    (task,) = purchase.open("need")
    purchase.do("lixia.officer", "need", {"amount": 1})
    with pytest.raises(TaskGone):
        purchase(lambda s: tasks.complete(s, purchase.actor(s, "lixia.officer"), task, {"amount": 1}))


def test_only_the_named_roles_start_it(purchase: Scene) -> None:
    with pytest.raises(StartForbidden):
        purchase.start("lixia.leader", "purchase")


def test_who_did_the_one_may_not_do_the_other(scene: Scene) -> None:
    """The same person holds both roles: the diagram's separateFrom still keeps the two apart."""
    scene.publish(
        diagram(
            sequence(
                "twice",
                '<userTask id="first" name="一" camunda:candidateGroups="district_officer"/>',
                '<userTask id="second" name="二" camunda:candidateGroups="district_officer" lm:separateFrom="first"/>',
            )
        )
    )
    scene.start("lixia.officer", "twice")
    scene.do("lixia.officer", "first")
    with pytest.raises(SeparationOfDuties) as refused:
        scene.do("lixia.officer", "second")
    assert refused.value.facts["other_zh"] == "一"
    scene.do("lixia.officer2", "second")


def test_completing_a_task_takes_at_most_eleven_statements(purchase: Scene, factory: sessionmaker[Any]) -> None:
    purchase.start("lixia.officer", "purchase")
    (task,) = purchase.open("need")
    purchase(lambda s: tasks.claim(s, purchase.actor(s, "lixia.officer"), task))
    with factory() as session, db.unit_of_work(session):
        actor = purchase.actor(session, "lixia.officer")
        with db.counting_statements(factory.kw["bind"]) as seen:
            tasks.complete(session, actor, task, {"amount": 2, "why": "x"})
    assert len(seen) <= 11, "\n".join(seen)
