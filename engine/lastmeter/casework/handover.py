"""A case goes to another worker, and with it whatever is still to be done in it.

Source: 实施方案 四(五) with invariant I5 (no open case without a responsible worker); 个人信息保护法 23 (consent to
hand on).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.actor import SYSTEM, Actor
from lastmeter.casework import cases
from lastmeter.casework.models import Case, Consent
from lastmeter.errors import Forbidden, InvalidInput, LastmeterError, Missing
from lastmeter.identity.models import Membership, Organisation, Person
from lastmeter.identity.people import in_force, notify
from lastmeter.stations import contracts
from lastmeter.stations.models import Contract, Station
from lastmeter.workflow import engine, tasks
from lastmeter.workflow.models import HumanTask, Instance

OPEN_TASKS = ("open", "hold", "suspended")
WORKERS = ("social_worker",)  # the open tasks of a case are social workers' tasks


class HandoverConsentMissing(LastmeterError):
    """Another provider is to get the file and the client has not agreed to it. Source: 个人信息保护法 23, 29."""

    code = "handover_consent_missing"
    kind = "conflict"


def teams_for(session: Session, case: Case) -> list[int]:
    """The teams whose workers may take the case: its own while it serves the station, and whoever serves it now.

    Where nobody does for the time being, every team under contract in the district may step in.
    """
    today = clock.today()
    now_there = contracts.in_force(session, case.station_id, today)
    if now_there is not None and now_there.team_id is not None:
        return sorted({now_there.team_id, case.team_id})
    district = select(Station.district_id).where(Station.id == case.station_id).scalar_subquery()
    standing_in = session.scalars(
        select(Contract.team_id).where(
            Contract.buyer_id == district, Contract.status == "active", Contract.team_id.is_not(None),
            Contract.starts_on <= today, Contract.ends_on >= today,
        )
    )  # fmt: skip
    return sorted({case.team_id, *(team for team in standing_in if team is not None)})


def receivers(session: Session, case: Case) -> list[tuple[Person, Organisation]]:
    """The people who may take the case over, each with the team; the present worker is not among them."""
    rows = session.execute(
        select(Person, Organisation)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            Membership.organisation_id.in_(teams_for(session, case)),
            Membership.role.in_(WORKERS),
            in_force(),
            Person.id != case.responsible_id,
        )
        .order_by(Organisation.id, Person.id)
    ).all()
    return list({row[0].id: (row[0], row[1]) for row in rows}.values())


def hand_over(
    session: Session, actor: Actor, case_id: int, person_id: int, reason: str, *, consent: bool = False
) -> Case:
    """The person is responsible, and has the case's open tasks; the team's manager decides it.

    `consent`: the client has agreed that another provider gets the file; it is kept. Raises Missing, Forbidden,
    InvalidInput, NotAtStation, CaseClosed, HandoverConsentMissing.
    """
    found = session.scalar(select(Case.instance_id).where(Case.id == case_id))
    held = _lock_instances(session, found)  # before the case's row: connectors take the locks in that order
    case = session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None or (not actor.is_system and not manages(session, actor, case)):
        raise Missing(what="case")
    if not actor.is_system and not actor.may("case.approve"):
        raise Forbidden(permission="case.approve")
    if len(reason.strip()) < 2:
        raise InvalidInput(field="reason", reason="missing")
    if case.status != "open":
        raise cases.CaseClosed(number=case.number)
    before, team_before = case.responsible_id, case.team_id
    team_id = _team_of(session, case, person_id)
    if team_id != team_before:
        _require_consent(session, case, team_id, consent)
    case.team_id = team_id
    cases.reassign(session, actor, case, person_id, reason.strip())
    notify(session, person_id, "case_reassigned", link=f"/cases/{case.id}", number=case.number)
    for instance_id in held:
        _follow(session, instance_id, before, person_id, team_before, team_id, reason.strip())
    return case


def manages(session: Session, actor: Actor, case: Case) -> bool:
    """True for the station manager of the case's team, or of the team that serves the station now."""
    there = contracts.in_force(session, case.station_id, clock.today())
    teams = {case.team_id} | ({there.team_id} if there is not None and there.team_id is not None else set())
    return any(actor.holds("station_manager", team) for team in teams)


def _team_of(session: Session, case: Case, person_id: int) -> int:
    """The team in which the person takes the case, the case's own first. Raises NotAtStation."""
    teams = teams_for(session, case)
    own = set(
        session.scalars(
            select(Membership.organisation_id).where(
                Membership.person_id == person_id, Membership.organisation_id.in_(teams),
                Membership.role.in_(WORKERS), in_force(),
            )
        )
    )  # fmt: skip
    if not own:
        raise cases.NotAtStation(person=person_id)
    return case.team_id if case.team_id in own else min(own)


def _require_consent(session: Session, case: Case, team_id: int, consent: bool) -> None:
    """The client's agreement to hand the file to another provider is on record. Raises HandoverConsentMissing."""
    known = session.scalar(
        select(Consent.id).where(
            Consent.client_id == case.client_id, Consent.kind == "handover", Consent.withdrawn_at.is_(None)
        )
    )
    if known is None and not consent:
        raise HandoverConsentMissing(number=case.number)
    if known is None:
        session.add(Consent(client_id=case.client_id, kind="handover", given_at=clock.now()))


def _lock_instances(session: Session, root_id: int | None) -> list[int]:
    """The running instances of the case, parents first, each locked."""
    if root_id is None:
        return []
    mine = (Instance.id == root_id) | (Instance.root_id == root_id)
    query = select(Instance.id).where(mine, Instance.state.in_(("running", "incident"))).order_by(Instance.id)
    return list(session.scalars(query.with_for_update()))


def _follow(
    session: Session, instance_id: int, before: int, after: int, team_before: int, team_after: int, reason: str
) -> None:
    """What the instance does from now on goes to the new worker and team, what is open as well."""
    held = engine.hold(session, SYSTEM, instance_id)
    held.set_parties({"team": team_after})
    fields = engine.read_by(held, {"worker": after})
    if fields:
        engine.run(held, lambda live: live.set_variables(fields, held.now))
    else:
        engine.save(held)
    query = select(HumanTask).where(HumanTask.instance_id == instance_id, HumanTask.state.in_(OPEN_TASKS))
    for task in session.scalars(query.order_by(HumanTask.id)):
        if task.organisation_id == team_before != team_after:
            task.organisation_id, task.claimed_by, task.claimed_at = team_after, None, None
        if before in (task.person_id, task.claimed_by):
            session.flush()
            tasks.reassign(session, SYSTEM, task.id, after, reason)
