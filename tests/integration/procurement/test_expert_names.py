"""B5: until the award is public nobody learns who judges the bids, but the experts themselves and who drew them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock, paths
from lastmeter.actor import Actor
from lastmeter.definitions import publishing
from lastmeter.identity.models import Person
from lastmeter.procurement.models import CommitteeMember, Procurement
from lastmeter.rehearsal import runner
from lastmeter.rehearsal.player import Player, play
from lastmeter.rehearsal.scenario import read
from lastmeter.workflow import instances, task_view, tasks
from lastmeter.workflow.models import HumanTask, Instance


@pytest.fixture(scope="module")
def scored() -> Iterator[Player]:
    """The golden chain as far as the experts' scores; the award is not published."""
    scenario = read(paths.bundled("bpmn") / "tender" / "scenarios" / "golden_chain.yaml")
    last = next(step.number for step in scenario.steps if step.subject == "task_score")
    cut = replace(scenario, steps=tuple(step for step in scenario.steps if step.number <= last))
    with runner.stage(cut.at) as player:
        play(player, cut)
        clock.set_virtual(player.now)
        yield player


@pytest.fixture
def session(scored: Player) -> Iterator[Session]:
    with scored.factory() as made:
        yield made
        made.rollback()


def _experts(session: Session) -> dict[int, str]:
    rows = session.execute(
        select(Person.id, Person.name)
        .join(CommitteeMember, CommitteeMember.person_id == Person.id)
        .where(CommitteeMember.role == "expert")
    )
    return {row.id: row.name for row in rows}


def _told(session: Session, reader: Actor) -> set[str]:
    """Every name that the reader is told on the pages of the evaluation and its reviews."""
    told: set[str] = set()
    found = session.scalars(
        select(Instance).where(Instance.definition_key.in_(("bid_evaluation", "expert_review"))).order_by(Instance.id)
    )
    for instance in found:
        loaded = publishing.load(session, instance.definition_id)
        lines = instances.history(session, instance.id, reader=reader)
        stands = instances.progress(session, instance.id, clock.now(), reader=reader)
        told |= {line.person or "" for line in lines}
        told |= {str(note.get("person")) for notes in stands.notes.values() for note in notes}
        told |= {each.person or "" for each in task_view.earlier(session, reader, instance, loaded)}
    return told


@pytest.mark.parametrize("login", ["auditor", "lixia.officer", "lixia.leader", "city.officer", "operator"])
def test_readers_are_told_a_number_instead_of_the_experts_name(scored: Player, session: Session, login: str) -> None:
    told = _told(session, scored.actor(session, login))
    assert told.isdisjoint(_experts(session).values())
    assert "专家1 / Expert 1" in told


def test_the_agency_that_drew_them_is_told_their_names(scored: Player, session: Session) -> None:
    assert set(_experts(session).values()) <= _told(session, scored.actor(session, "agency.officer"))


def test_an_expert_is_told_the_own_name_alone(scored: Player, session: Session) -> None:
    experts = _experts(session)
    reader = next(
        actor
        for actor in (scored.actor(session, f"expert{number}") for number in range(1, 11))
        if actor.person_id in experts
    )
    assert _told(session, reader).intersection(experts.values()) == {reader.name}


def test_the_number_of_the_person_is_not_told_either(scored: Player, session: Session) -> None:
    reader, experts = scored.actor(session, "auditor"), _experts(session)
    for instance_id in session.scalars(select(Instance.id)):
        assert experts.keys().isdisjoint(
            line.person_id for line in instances.history(session, instance_id, reader=reader)
        )


def test_a_task_does_not_name_the_expert_who_holds_it(scored: Player, session: Session) -> None:
    experts = _experts(session)
    held = session.scalars(select(HumanTask).where(HumanTask.claimed_by.in_(experts))).first()
    assert held is not None
    view = tasks.get(session, scored.actor(session, "auditor"), held.id)
    assert view.holder is not None
    assert view.holder.startswith("专家")


def test_with_the_award_the_names_are_public(scored: Player, session: Session) -> None:
    session.scalars(select(Procurement)).one().award_published_at = clock.now()
    session.flush()
    assert set(_experts(session).values()) <= _told(session, scored.actor(session, "auditor"))
