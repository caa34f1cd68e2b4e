"""Elements that span several steps, on PostgreSQL: every step is a transaction, and nothing stays in memory."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from tests.integration.workflow.conftest import Scene, diagram, sequence

from lastmeter.actor import SYSTEM
from lastmeter.workflow import live, messages
from lastmeter.workflow.models import Instance, Subscription

OFFICER = 'camunda:candidateGroups="district_officer"'
UNDO = "<compensateEventDefinition/>"


@pytest.fixture(autouse=True)
def nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step loads the instance anew."""
    monkeypatch.setattr(live, "take", lambda *_args: None)


def undoable(name: str) -> str:
    """A task, the compensation event on its border and its handler, not part of a sequence."""
    return (
        f'<boundaryEvent id="c_{name}" attachedToRef="{name}">{UNDO}</boundaryEvent>'
        f'<userTask id="undo_{name}" name="撤" isForCompensation="true" {OFFICER}/>'
        f'<association id="l_{name}" sourceRef="c_{name}" targetRef="undo_{name}"/>'
    )


def test_what_was_done_is_undone_in_reverse_order_by_people(scene: Scene) -> None:
    steps = [f'<userTask id="{name}" name="办" {OFFICER}/>' for name in ("a", "b")]
    process = sequence("p", *steps, f'<intermediateThrowEvent id="back">{UNDO}</intermediateThrowEvent>')
    scene.publish(diagram(process.replace("</process>", f"{undoable('a')}{undoable('b')}</process>")))
    number = scene.start("lixia.officer", "p")
    for element in ("a", "b", "undo_b", "undo_a"):
        scene.do("lixia.officer", element)
    assert scene.instance(number).state == "completed"
    assert scene.trail(number) == ["p_begin", "a", "b", "c_b", "undo_b", "c_a", "undo_a", "back", "p_end"]
    assert scene.incidents() == []


def test_a_start_by_several_events_begins_by_each_and_waits_for_all_where_all_are_needed(scene: Scene) -> None:
    both = '<messageEventDefinition messageRef="m1"/><messageEventDefinition messageRef="m2"/>'
    roots = '<message id="m1" name="asked"/><message id="m2" name="paid"/>'
    either = sequence("p", f'<userTask id="t" name="办" {OFFICER}/>')
    needed = sequence("q", f'<userTask id="u" name="办" {OFFICER}/>')
    scene.publish(
        diagram(roots, either.replace('<startEvent id="p_begin"/>', f'<startEvent id="p_begin">{both}</startEvent>'))
    )
    party = {"parties": {"district": scene.organisation("历下区民政局")}}
    for name in ("asked", "paid"):
        assert scene(lambda s, name=name: messages.publish(s, SYSTEM, name, payload=party)).started == 1  # type: ignore[misc]
    assert len(scene.open("t")) == 2

    roots = roots.replace("asked", "offered").replace("paid", "agreed")
    start = f'<startEvent id="q_begin" parallelMultiple="true">{both}</startEvent>'
    scene.publish(diagram(roots, needed.replace('<startEvent id="q_begin"/>', start)))
    scene(lambda s: messages.publish(s, SYSTEM, "agreed", payload=party))
    assert scene.open("u") == []
    assert scene(lambda s: list(s.scalars(select(Subscription.name)))) == ["offered"]
    assert scene(lambda s: messages.publish(s, SYSTEM, "offered")).delivered == 1
    assert len(scene.open("u")) == 1
    assert len(scene(lambda s: list(s.scalars(select(Instance.id).where(Instance.definition_key == "q"))))) == 1


def test_an_ad_hoc_sub_process_offers_its_tasks_again_until_its_condition_holds(scene: Scene) -> None:
    inside = "".join(f'<userTask id="{name}" name="办" {OFFICER}/>' for name in ("visit", "call"))
    condition = "<completionCondition>enough</completionCondition>"
    form = {"type": "default", "id": "f", "components": [{"type": "checkbox", "key": "enough", "label": "够了"}]}
    element = f'<adHocSubProcess id="x">{inside}{condition}</adHocSubProcess>'.replace(
        'id="visit"', 'id="visit" camunda:formKey="f"'
    )
    scene.publish(diagram(sequence("p", element)), forms={"f": form})
    number = scene.start("lixia.officer", "p")
    scene.do("lixia.officer", "visit", {"enough": False})
    assert (len(scene.open("visit")), len(scene.open("call"))) == (1, 1)
    scene.do("lixia.officer", "visit", {"enough": True})
    assert (scene.open("visit"), scene.open("call")) == ([], [])
    assert scene.instance(number).state == "completed"
