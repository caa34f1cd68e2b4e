"""Case files: opened, read by the few who may, handed to another worker, closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from lastmeter import audit, clock, identifiers, keys
from lastmeter.actor import Actor
from lastmeter.casework.models import AccessLog, Case, CaseNote, Client, Consent, DispatchOrder
from lastmeter.errors import InvalidInput, LastmeterError, Missing
from lastmeter.identity.models import Membership, Person
from lastmeter.identity.people import in_force
from lastmeter.stations.models import Station
from lastmeter.stations.ports import CaseFigures
from lastmeter.workflow import submissions
from lastmeter.workflow.models import Instance, Submission

KEY_CLASS = "case_notes"
GUARDIAN_AGE = 14  # 个人信息保护法 31
# Elements whose forms are part of the file: element → kind of note.
RECORDS = {"task_plan": "plan", "task_evaluation": "evaluation", "task_follow_up": "follow_up"}
JOIN_AT_CLOSURE = {"task_report": "report", "task_inform": "inform", "task_assessment": "assessment"}


class GuardianConsentMissing(LastmeterError):
    """A client under fourteen needs the guardian's consent. Source: 个人信息保护法 31."""

    code = "guardian_consent_missing"


class CaseClosed(LastmeterError):
    """The case is closed: nothing is edited any more, corrections are appended."""

    code = "case_closed"
    kind = "conflict"


class NotAtStation(LastmeterError):
    """The person does not work in the team that has the case; facts: `person`."""

    code = "not_at_station"
    kind = "conflict"


@dataclass(frozen=True)
class Note:
    kind: str
    day: dt.date
    minutes: int | None
    author: str
    body: dict[str, Any]
    at: dt.datetime


def seal(session: Session, data: Mapping[str, Any]) -> bytes:
    """The data as sealed JSON."""
    return keys.encrypt(session, KEY_CLASS, orjson.dumps(dict(data), default=str))


def unseal(session: Session, body: bytes) -> dict[str, Any]:
    """What `seal` was given. Raises KeyUnavailable."""
    opened: dict[str, Any] = orjson.loads(keys.decrypt(session, KEY_CLASS, body))
    return opened


def open_case(
    session: Session,
    actor: Actor,
    *,
    station: Station,
    team_id: int,
    intake: Mapping[str, Any],
    instance_id: int | None,
    order_id: int | None = None,
) -> Case:
    """A case of the actor's, its client found or filed anew. Raises GuardianConsentMissing, InvalidInput."""
    if actor.person_id is None:
        raise InvalidInput(field="responsible", reason="missing")
    client = _client(session, station, intake)
    today = clock.today()
    made = Case(
        number=next_number(session, Case.number, f"GA-{today.year}-", 5),
        client_id=client.id,
        station_id=station.id,
        team_id=team_id,
        responsible_id=actor.person_id,
        instance_id=instance_id,
        order_id=order_id,
        source=str(intake["source"]),
        opened_on=today,
    )
    session.add(made)
    session.flush()
    append_note(session, actor, made, "intake", intake)
    audit.record(session, actor, "case.opened", f"case/{made.id}", facts={"number": made.number})
    return made


def _client(session: Session, station: Station, intake: Mapping[str, Any]) -> Client:
    """The station's client with that identity number, else a new file; one known elsewhere is linked, never merged."""
    number = intake.get("id_number")
    fingerprint = birth = None
    if number:
        number = identifiers.normal(str(number))
        fingerprint, birth = keys.fingerprint(session, number), identifiers.birth_date(number)
        if identifiers.age_on(birth, clock.today()) < GUARDIAN_AGE and not intake.get("guardian_consent"):
            raise GuardianConsentMissing(age=identifiers.age_on(birth, clock.today()))
    known = _known(session, fingerprint)
    here = next((client for client in known if client.station_id == station.id), None)
    if here is None:
        phone = intake.get("phone")
        here = Client(
            number=next_number(session, Client.number, "FW-", 6),
            station_id=station.id,
            name=keys.encrypt(session, KEY_CLASS, str(intake["client_name"])),
            id_number=keys.encrypt(session, KEY_CLASS, number) if number else None,
            id_fingerprint=fingerprint,
            phone=keys.encrypt(session, KEY_CLASS, str(phone)) if phone else None,
            birth=birth,
            linked_to=known[0].id if known else None,
        )
        session.add(here)
    here.categories = list(intake.get("categories") or [])
    session.flush()
    for kind in ("general", "sensitive"):
        if intake.get(f"consent_{kind}"):
            session.add(Consent(client_id=here.id, kind=kind, given_at=clock.now()))
    if intake.get("guardian_consent"):
        session.add(Consent(client_id=here.id, kind="guardian", given_at=clock.now()))
    return here


def _known(session: Session, fingerprint: bytes | None) -> list[Client]:
    if fingerprint is None:
        return []
    return list(session.scalars(select(Client).where(Client.id_fingerprint == fingerprint).order_by(Client.id)))


def append_note(
    session: Session, actor: Actor, case: Case, kind: str, body: Mapping[str, Any], *, minutes: int | None = None
) -> CaseNote:
    """The sealed note stands at the end of the file. Raises CaseClosed (follow-ups are allowed)."""
    if case.status != "open" and kind != "follow_up":
        raise CaseClosed(number=case.number)
    made = CaseNote(
        case_id=case.id,
        kind=kind,
        day=clock.today(),
        minutes=minutes,
        author_id=actor.person_id or case.responsible_id,
        body=seal(session, body),
    )
    session.add(made)
    return made


def close(session: Session, actor: Actor, case: Case, reason: str, *, served: bool) -> Case:
    """The case is closed (or was never one). Raises CaseClosed."""
    if case.status != "open":
        raise CaseClosed(number=case.number)
    case.status, case.reason, case.closed_on = ("closed" if served else "not_opened"), reason, clock.today()
    audit.record(session, actor, "case.closed", f"case/{case.id}", facts={"number": case.number, "reason": reason})
    return case


def reassign(session: Session, actor: Actor, case: Case, person_id: int, reason: str) -> Case:
    """Another worker of the case's team is responsible from now on; `handover.hand_over` moves its tasks as well.

    Raises NotAtStation, CaseClosed.
    """
    if case.status != "open":
        raise CaseClosed(number=case.number)
    works_there = session.scalar(
        select(Membership.id).where(
            Membership.person_id == person_id,
            Membership.organisation_id == case.team_id,
            Membership.role == "social_worker",
            in_force(),
        )
    )
    if works_there is None:
        raise NotAtStation(person=person_id)
    case.responsible_id = person_id
    facts = {"number": case.number, "to": person_id, "reason": reason}
    audit.record(session, actor, "case.reassigned", f"case/{case.id}", facts=facts)
    return case


# --- reading -------------------------------------------------------------------------------------------------------


def readable(session: Session, actor: Actor, case_id: int) -> tuple[Case, str]:
    """The case and why the actor may read it: `responsible` worker or station `manager`. Raises Missing.

    A case that one may not read is told apart from one that does not exist nowhere.
    """
    case = session.scalar(select(Case).where(Case.id == case_id).options(joinedload(Case.station)))
    why = None if case is None or not actor.may("case.read") else _why(actor, case)
    if case is None or why is None:
        raise Missing(what="case")
    return case, why


def _why(actor: Actor, case: Case) -> str | None:
    if actor.person_id == case.responsible_id:
        return "responsible"
    if actor.holds("station_manager", case.team_id):
        return "manager"
    return None


def listing(session: Session, actor: Actor) -> list[Case]:
    """The cases that the actor may read, open ones first, newest first."""
    teams = actor.organisations("station_manager")
    return list(
        session.scalars(
            select(Case)
            .where(or_(Case.responsible_id == actor.person_id, Case.team_id.in_(teams)))
            .options(joinedload(Case.station), joinedload(Case.client))
            .order_by(Case.status != "open", Case.id.desc())
            .limit(500)
        )
    )


def read_file(session: Session, actor: Actor, case_id: int) -> tuple[Case, dict[str, Any], list[Note]]:
    """The case, its client's particulars and its notes; the reading is logged in this transaction. Raises Missing."""
    case, why = readable(session, actor, case_id)
    session.add(AccessLog(person_id=actor.person_id or 0, case_id=case.id, what="file", at=clock.now(), why=why))
    client = session.get_one(Client, case.client_id)
    particulars = {
        "number": client.number,
        "name": keys.decrypt_text(session, KEY_CLASS, client.name),
        "id_number": _masked(session, client.id_number),
        "phone": keys.decrypt_text(session, KEY_CLASS, client.phone) if client.phone else None,
        "categories": client.categories,
        "birth": client.birth,
    }
    written = [*_notes(session, case), *_handed_in(session, case)]
    return case, particulars, sorted(written, key=lambda note: note.at)


def _notes(session: Session, case: Case) -> list[Note]:
    """What was appended to the file, oldest first."""
    rows = session.execute(
        select(CaseNote, Person.name)
        .join(Person, Person.id == CaseNote.author_id)
        .where(CaseNote.case_id == case.id)
        .order_by(CaseNote.id)
    ).all()
    return [
        Note(row[0].kind, row[0].day, row[0].minutes, str(row[1]), unseal(session, row[0].body), row[0].created_at)
        for row in rows
    ]


def _handed_in(session: Session, case: Case) -> list[Note]:
    """Forms of the case that stay sealed with their task: plans with every version, evaluation, follow-up.

    Of an open case also what joins the file when it is closed.
    """
    if case.instance_id is None:
        return []
    elements = RECORDS if case.status != "open" else RECORDS | JOIN_AT_CLOSURE
    rows = session.execute(
        select(Submission, Person.name)
        .join(Instance, Instance.id == Submission.instance_id)
        .join(Person, Person.id == Submission.person_id)
        .where(
            or_(Instance.id == case.instance_id, Instance.root_id == case.instance_id),
            Submission.element_id.in_(elements),
        )
        .order_by(Submission.id)
    ).all()
    return [
        Note(elements[row[0].element_id], clock.local_day(row[0].at), None, str(row[1]),
             submissions.content(session, row[0]), row[0].at)
        for row in rows
    ]  # fmt: skip


def _masked(session: Session, sealed: bytes | None) -> str | None:
    return None if sealed is None else identifiers.mask_id_number(keys.decrypt_text(session, KEY_CLASS, sealed))


# --- what stations may ask, without any person -----------------------------------------------------------------------


def count(session: Session, station_id: int, first: dt.date, last: dt.date) -> CaseFigures:
    """Casework of a station in a period, as counts."""
    cases = session.execute(
        select(
            func.count().filter(Case.opened_on.between(first, last)),
            func.count().filter(Case.closed_on.between(first, last), Case.status == "closed"),
            func.count().filter(Case.status == "open"),
        ).where(Case.station_id == station_id, Case.status != "not_opened")
    ).one()
    begin, end = clock.at(first, dt.time()), clock.end_of(last)
    orders = session.execute(
        select(func.count(), func.count().filter(DispatchOrder.accepted_at <= DispatchOrder.accept_due)).where(
            DispatchOrder.station_id == station_id, DispatchOrder.created_at >= begin, DispatchOrder.created_at < end
        )
    ).one()
    clients = session.scalar(select(func.count()).where(Client.station_id == station_id)) or 0
    return CaseFigures(
        opened=cases[0], closed=cases[1], is_open=cases[2], orders=orders[0], orders_in_time=orders[1],
        clients=clients, client_files=clients,
    )  # fmt: skip


def orphaned(session: Session, station_id: int, leaving_team_id: int | None) -> int:
    """Open cases of the station whose worker belongs only to the leaving team, or to none in office."""
    in_office = select(Membership.person_id).where(
        Membership.role.in_(("social_worker", "station_manager")),
        Membership.organisation_id != (leaving_team_id or 0),
        in_force(),
    )
    query = select(func.count()).where(
        Case.station_id == station_id, Case.status == "open", Case.responsible_id.not_in(in_office)
    )
    return session.scalar(query) or 0


def next_number(session: Session, column: Any, prefix: str, digits: int) -> str:
    last = session.scalar(select(func.max(column)).where(column.startswith(prefix)))
    return f"{prefix}{int(str(last).removeprefix(prefix)) + 1 if last else 1:0{digits}d}"
