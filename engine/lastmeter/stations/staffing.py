"""Who works at a station: reported, judged by the Plan's standards, put on post."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from lastmeter import identifiers
from lastmeter.actor import Actor
from lastmeter.definitions import tables
from lastmeter.definitions.tables import Ask
from lastmeter.errors import LastmeterError
from lastmeter.identity.models import Membership, Organisation, Person
from lastmeter.identity.people import add_person, grant, in_force
from lastmeter.stations import rules
from lastmeter.stations.models import Assignment, Contract, Finding, Staff, Station


class AlreadyOnPost(LastmeterError):
    """The person is on post at another station on that day; facts: `name`, `station`."""

    code = "already_on_post"
    kind = "conflict"


class NotTrained(LastmeterError):
    """Somebody is to be put on post without having passed the training; facts: `names`. Source: 实施方案 四(四)."""

    code = "not_trained"


# The package that holds the table of staffing standards.
PACKAGE = "staffing"


def judge(ask: Ask, level: str, roster: Sequence[Mapping[str, Any]], on_post: dt.date) -> list[str]:
    """Which standards the reported people would miss if they were on post that day (DT4)."""
    workers = [
        rules.Worker(
            birth=identifiers.birth_date(identifiers.normal(str(row["id_number"]))),
            on_post=on_post,
            education=str(row["education"]),
            related_major=bool(row.get("related_major")),
            certificate=row.get("certificate") or None,
            trained=bool(row.get("training_passed")),
        )
        for row in roster
    ]
    return missed(ask, workers, level)


def missed(ask: Ask, workers: Sequence[rules.Worker], level: str) -> list[str]:
    """The standards that the table says these people miss, by code; empty: compliant (DT4)."""
    found = ask("staffing_breaches", rules.staffing_facts(workers, level))
    return [str(code) for code in found] if isinstance(found, list) else []


def put_on_post(
    session: Session,
    actor: Actor,
    contract: Contract,
    station: Station,
    roster: Sequence[Mapping[str, Any]],
    day: dt.date,
) -> list[Assignment]:
    """Everybody on the roster is on post at the station from `day`. Raises NotTrained, AlreadyOnPost."""
    if untrained := [str(row["name"]) for row in roster if not row.get("training_passed")]:
        raise NotTrained(names=untrained)
    return [_put(session, actor, contract, station, row, day) for row in roster]


def _put(
    session: Session, actor: Actor, contract: Contract, station: Station, row: Mapping[str, Any], day: dt.date
) -> Assignment:
    person = add_person(session, actor, name=str(row["name"]), id_number=str(row["id_number"]))
    staff = session.scalar(
        select(Staff).where(
            Staff.person_id == person.id, Staff.provider_id == contract.provider_id, Staff.left_on.is_(None)
        )
    )
    if staff is None:
        staff = Staff(person_id=person.id, provider_id=contract.provider_id, entered_on=day)
        session.add(staff)
    staff.education, staff.major = str(row["education"]), str(row["major"])
    staff.related_major = bool(row.get("related_major"))
    staff.certificate = row.get("certificate") or None
    staff.certificate_number = row.get("certificate_number") or None
    staff.training_hours, staff.training_passed = int(row.get("training_hours") or 0), True
    session.flush()
    elsewhere = session.scalar(
        select(Station)
        .join(Assignment, Assignment.station_id == Station.id)
        .where(Assignment.staff_id == staff.id, or_(Assignment.to_day.is_(None), Assignment.to_day >= day))
    )
    if elsewhere is not None:
        raise AlreadyOnPost(name=person.name, station=elsewhere.named)
    made = Assignment(
        staff_id=staff.id, station_id=station.id, contract_id=contract.id, post=str(row["post"]), from_day=day
    )
    session.add(made)
    session.flush()
    if contract.team_id is not None:
        _seat(session, actor, person, made.post, contract.team_id, day)
    return made


def _seat(session: Session, actor: Actor, person: Person, post: str, team_id: int, day: dt.date) -> None:
    """The person holds the post's role in the team, so that its tasks find somebody."""
    known = session.scalar(
        select(Membership.id).where(
            Membership.person_id == person.id,
            Membership.organisation_id == team_id,
            Membership.role == post,
            in_force(day),
        )
    )
    if known is None:
        grant(session, actor, person, post, session.get_one(Organisation, team_id), since=day)


def on_post(session: Session, station_id: int, day: dt.date) -> list[Assignment]:
    """Who is on post at the station on a day, with staff and person."""
    return list(
        session.scalars(
            select(Assignment)
            .where(
                Assignment.station_id == station_id,
                Assignment.from_day <= day,
                or_(Assignment.to_day.is_(None), Assignment.to_day >= day),
            )
            .options(joinedload(Assignment.staff).joinedload(Staff.person))
            .order_by(Assignment.id)
        )
    )


def breaches(session: Session, station_id: int, day: dt.date) -> list[str]:
    """Which staffing standards the station misses on a day (DT4)."""
    workers = [worker_of(assignment) for assignment in on_post(session, station_id, day)]
    level = session.get_one(Station, station_id).level
    return missed(tables.of(session, PACKAGE).value, workers, level)


def worker_of(assignment: Assignment) -> rules.Worker:
    staff = assignment.staff
    # A person without a stored birth date cannot be too old by it; the identity number gives one to everybody reported.
    birth = staff.person.birth or assignment.from_day
    return rules.Worker(
        birth, assignment.from_day, staff.education, staff.related_major, staff.certificate, staff.training_passed
    )


def leave(session: Session, contract_id: int, last_day: dt.date) -> int:
    """Nobody is on post, or holds a role in the contract's team by it, after `last_day`; how many left."""
    rows = list(
        session.scalars(
            select(Assignment)
            .where(Assignment.contract_id == contract_id, Assignment.to_day.is_(None))
            .options(joinedload(Assignment.staff))
        )
    )
    for assignment in rows:
        assignment.to_day = max(last_day, assignment.from_day)
    team_id = session.scalar(select(Contract.team_id).where(Contract.id == contract_id))
    seats = select(Membership).where(
        Membership.organisation_id == team_id,
        Membership.person_id.in_([assignment.staff.person_id for assignment in rows]),
        Membership.valid_to.is_(None),
    )
    for seat in session.scalars(seats):
        seat.valid_to = max(last_day, seat.valid_from)
    session.flush()
    return len(rows)


def record_finding(
    session: Session,
    station: Station,
    contract_id: int | None,
    kind: str,
    severity: str,
    detail: str,
    due: dt.date | None,
) -> Finding:
    """A finding at the station; one open finding per kind and contract is enough."""
    known = session.scalar(
        select(Finding).where(
            Finding.station_id == station.id,
            Finding.contract_id == contract_id,
            Finding.kind == kind,
            Finding.closed_on.is_(None),
        )
    )
    if known is not None:
        known.detail, known.severity = detail, severity
        return known
    made = Finding(
        station_id=station.id, contract_id=contract_id, kind=kind, severity=severity, detail=detail, due_on=due
    )
    session.add(made)
    session.flush()
    return made


def close_findings(session: Session, contract_id: int, kind: str, day: dt.date) -> None:
    """What was found of that kind under the contract has been mended."""
    for finding in session.scalars(
        select(Finding).where(Finding.contract_id == contract_id, Finding.kind == kind, Finding.closed_on.is_(None))
    ):
        finding.closed_on = day
