"""Case files: one worker at any time, read by two people only, each reading logged, sealed, closed for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lastmeter import clock, keys
from lastmeter.actor import SYSTEM
from lastmeter.audit import AuditEvent
from lastmeter.casework import cases, handover
from lastmeter.casework.models import AccessLog, Case, Client, Consent
from lastmeter.errors import InvalidInput, Missing
from lastmeter.rehearsal.world import World
from lastmeter.stations import contracts, ports, rules
from lastmeter.stations.models import Contract, Station

DAY = dt.date(2026, 7, 6)
INTAKE = {
    "source": "self", "client_name": "赵大爷", "id_number": "370102196503150019", "phone": "13800001234",
    "categories": ["elderly_alone"], "problem": "独居", "consent_general": True, "consent_sensitive": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _on_the_day(legal_clock: Callable[[dt.datetime], None]) -> None:
    legal_clock(clock.at(DAY))


@pytest.fixture
def served(session: Session, world: World) -> Callable[..., Contract]:
    """`served(street, provider)`: a station there under a contract in force."""

    def make(street: str = "lixia.quancheng", provider: str = "huimin") -> Contract:
        station = Station(
            kind="street", street_id=world.organisation(street).id, district_id=world.organisation("lixia").id,
            name=street, name_en=street,
        )  # fmt: skip
        session.add(station)
        session.flush()
        data = {
            **dict.fromkeys(rules.CONTRACT_PARTS, "已约定"), "title": "合同", "value_fen": 300, "bond_fen": 0,
            "starts_on": dt.date(2026, 6, 1), "funding": [{"source": "city", "fen": 300}],
        }  # fmt: skip
        provider_id, buyer_id = world.organisation(provider).id, world.organisation("lixia").id
        made = contracts.draft(session, SYSTEM, station=station, provider_id=provider_id, buyer_id=buyer_id, data=data)
        return contracts.put_in_force(session, SYSTEM, made, station, dt.date(2026, 6, 1))

    return make


@pytest.fixture
def opened(session: Session, world: World, served: Callable[..., Contract]) -> Case:
    return _open(session, world, served())


def _open(session: Session, world: World, contract: Contract, login: str = "huimin.worker1", **changes: Any) -> Case:
    assert contract.team_id is not None
    return cases.open_case(
        session, world.actor(login), station=contracts.station_of(session, contract.id), team_id=contract.team_id,
        intake={**INTAKE, **changes}, instance_id=None,
    )  # fmt: skip


def test_worker_and_manager_read_the_file_and_each_reading_is_logged(
    session: Session, world: World, opened: Case
) -> None:
    _, particulars, notes = cases.read_file(session, world.actor("huimin.worker1"), opened.id)
    assert particulars["name"] == "赵大爷"
    assert particulars["id_number"] == "3701**********0019"
    assert notes[0].body["problem"] == "独居"
    cases.read_file(session, world.actor("huimin.station"), opened.id)
    logged = session.scalars(select(AccessLog).order_by(AccessLog.id)).all()
    assert [(row.case_id, row.why) for row in logged] == [(opened.id, "responsible"), (opened.id, "manager")]


@pytest.mark.parametrize(
    "login",
    ["huimin.worker2", "huimin.manager", "yangguang.station", "lixia.officer", "auditor", "operator", "data.officer",
     "supervisor", "evaluator", "dispatcher"],
)  # fmt: skip
def test_nobody_else_learns_of_the_case_and_nothing_is_logged(
    session: Session, world: World, opened: Case, login: str
) -> None:
    with pytest.raises(Missing) as refused:
        cases.read_file(session, world.actor(login), opened.id)
    with pytest.raises(Missing) as absent:
        cases.read_file(session, world.actor(login), 10**9)
    assert refused.value.facts == absent.value.facts
    assert session.scalars(select(AccessLog)).all() == []
    assert cases.listing(session, world.actor(login)) == []


def test_what_tells_a_person_or_a_story_is_sealed(session: Session, opened: Case) -> None:
    for table, secrets in (("client", ("赵大爷", "370102196503150019", "13800001234")), ("case_note", ("独居",))):
        for row in session.execute(text(f"SELECT * FROM {table}")):
            raw = b"".join(bytes(value) if isinstance(value, bytes) else str(value).encode() for value in row)
            assert not [secret for secret in secrets if secret.encode() in raw]


def test_a_closed_case_takes_no_note_but_a_follow_up(session: Session, world: World, opened: Case) -> None:
    worker = world.actor("huimin.worker1")
    cases.close(session, worker, opened, "achieved", served=True)
    with pytest.raises(cases.CaseClosed):
        cases.append_note(session, worker, opened, "session", {"process": "补记"})
    with pytest.raises(cases.CaseClosed):
        cases.close(session, worker, opened, "achieved", served=True)
    assert cases.append_note(session, worker, opened, "follow_up", {"note": "稳定"}).kind == "follow_up"


def test_the_same_person_has_one_file_at_the_station(
    session: Session, world: World, served: Callable[..., Contract]
) -> None:
    contract = served()
    first, second = _open(session, world, contract), _open(session, world, contract, "huimin.worker2")
    assert first.client_id == second.client_id
    assert first.number != second.number


def test_at_another_station_the_file_is_linked_not_merged(
    session: Session, world: World, served: Callable[..., Contract]
) -> None:
    here = _open(session, world, served())
    there = _open(session, world, served("lixia.daming", "yangguang"), "yangguang.worker1", client_name="老赵")
    assert there.client_id != here.client_id
    assert session.get_one(Client, there.client_id).linked_to == here.client_id


@pytest.mark.parametrize(("birthday", "refused"), [("2012-07-07", True), ("2012-07-06", False)])
def test_below_fourteen_the_guardian_must_consent(
    session: Session, world: World, served: Callable[..., Contract], birthday: str, refused: bool
) -> None:
    contract, number = served(), _id_number(birthday)
    if not refused:
        assert _open(session, world, contract, id_number=number).status == "open"
        return
    with pytest.raises(cases.GuardianConsentMissing):
        _open(session, world, contract, id_number=number)
    assert session.scalars(select(Client)).all() == []
    _open(session, world, contract, id_number=number, guardian_consent=True)
    kinds = set(session.scalars(select(Consent.kind)))
    assert kinds == {"general", "sensitive", "guardian"}


def _id_number(birthday: str) -> str:
    body = f"370102{birthday.replace('-', '')}001"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def test_a_case_goes_to_a_colleague_by_the_managers_word_and_is_audited(
    session: Session, world: World, opened: Case
) -> None:
    heir = world.people["huimin.worker2"].id
    for login in ("huimin.worker1", "huimin.worker2", "yangguang.station", "lixia.leader"):
        with pytest.raises(Missing):
            handover.hand_over(session, world.actor(login), opened.id, heir, "产假")
    with pytest.raises(InvalidInput):
        handover.hand_over(session, world.actor("huimin.station"), opened.id, heir, " ")
    handover.hand_over(session, world.actor("huimin.station"), opened.id, heir, "产假")
    assert opened.responsible_id == heir
    told = session.scalars(select(AuditEvent).where(AuditEvent.action == "case.reassigned")).one()
    assert told.facts["to"] == heir
    with pytest.raises(Missing):
        cases.read_file(session, world.actor("huimin.worker1"), opened.id)


def test_nobody_outside_the_stations_teams_gets_a_case(session: Session, world: World, opened: Case) -> None:
    for login in ("lixia.officer", "yangguang.worker1"):
        with pytest.raises(cases.NotAtStation):
            handover.hand_over(session, world.actor("huimin.station"), opened.id, world.people[login].id, "调整")


def test_after_a_termination_open_cases_are_orphaned_until_another_team_has_them(
    session: Session, world: World, served: Callable[..., Contract]
) -> None:
    """Invariant I5; the client's consent is asked before another provider gets the file."""
    leaving = served()
    served("lixia.daming", "yangguang")
    case = _open(session, world, leaving)
    contracts.end(session, SYSTEM, leaving, DAY - dt.timedelta(days=1), "terminated")
    ports.connect(cases.count, cases.orphaned)
    manager, heir = world.actor("huimin.station"), world.people["yangguang.worker1"].id
    assert cases.orphaned(session, case.station_id, leaving.team_id) == 1
    handover.hand_over(session, manager, case.id, world.people["huimin.worker2"].id, "同事")
    assert cases.orphaned(session, case.station_id, leaving.team_id) == 1
    with pytest.raises(handover.HandoverConsentMissing):
        handover.hand_over(session, manager, case.id, heir, "交接")
    handover.hand_over(session, manager, case.id, heir, "交接", consent=True)
    assert cases.orphaned(session, case.station_id, leaving.team_id) == 0
    assert session.scalars(select(Consent).where(Consent.kind == "handover")).one().client_id == case.client_id
    with pytest.raises(Missing):  # rule B1: the leaving provider reads it no more
        cases.read_file(session, manager, case.id)
    assert cases.read_file(session, world.actor("yangguang.station"), case.id)[0] is case


def test_without_the_key_nothing_is_read(session: Session, world: World, opened: Case) -> None:
    keys.install(bytes(32))
    with pytest.raises(keys.KeyUnavailable):
        cases.read_file(session, world.actor("huimin.worker1"), opened.id)
