"""What happens at stations outside the inbox: services, attendance, payments, ties, cases handed to another worker."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock, workdays
from lastmeter.actor import Actor
from lastmeter.casework import handover
from lastmeter.casework.models import Case
from lastmeter.identity.models import Acquaintance
from lastmeter.rehearsal.acts import act
from lastmeter.rehearsal.player import Player
from lastmeter.stations import contracts, staffing
from lastmeter.stations.models import Attendance, Contract, ContractStation, ContractYear, ServiceRecord

# What a diligent station does in a month: kind → units.
MONTH = {"visit": 12, "activity": 3, "group": 1, "supervision": 1, "volunteer": 1, "charity": 1, "organisation": 1}
RULE_BOOKS = 6  # 实施方案 三(三): six sets of rules
WEEK_MINUTES = 24 * 60


@act("deliver_month")
def deliver_month(_player: Player, session: Session, _actor: Actor, data: dict[str, Any]) -> None:
    """Every station under contract has done a month's work up to yesterday, attendance of its staff included."""
    last = clock.today() - dt.timedelta(days=1)
    first = workdays.add_months(clock.today(), -1)
    running = select(Contract).where(Contract.status == "active", Contract.starts_on <= last)
    for contract in session.scalars(running.order_by(Contract.id)):
        station = contracts.station_of(session, contract.id)
        for kind, units in (data or MONTH).items():
            session.add(ServiceRecord(station_id=station.id, day=last, kind=kind, units=int(units), participants=20))
        monday = first + dt.timedelta(days=-first.weekday() % 7)
        while monday <= last:
            for assignment in staffing.on_post(session, station.id, monday):
                session.add_all(
                    Attendance(assignment_id=assignment.id, day=monday + dt.timedelta(days=day), minutes=480,
                               activity="visit")
                    for day in range(WEEK_MINUTES // 480)
                )  # fmt: skip
            monday += dt.timedelta(days=7)


@act("write_rule_books")
def write_rule_books(_player: Player, session: Session, _actor: Actor, _data: dict[str, Any]) -> None:
    """Every station under contract has its six sets of rules in writing."""
    for link in session.scalars(select(ContractStation).where(ContractStation.is_open)):
        session.add(ServiceRecord(station_id=link.station_id, day=clock.today(), kind="rule_book", units=RULE_BOOKS))


@act("pay_year")
def pay_year(_player: Player, session: Session, actor: Actor, data: dict[str, Any]) -> None:
    """The contract year's money is paid: `year`, and `fen` where it is another amount."""
    contract = session.scalars(select(Contract).where(Contract.status == "active").order_by(Contract.id.desc())).first()
    assert contract is not None
    year = session.scalars(
        select(ContractYear).where(ContractYear.contract_id == contract.id, ContractYear.number == int(data["year"]))
    ).one()
    fen = int(data.get("fen", year.value_fen))
    number = f"FK-{contract.id}-{year.number}-{fen}"
    contracts.pay(session, actor, contract, number, "progress", fen, clock.today())


@act("know")
def know(player: Player, session: Session, _actor: Actor, data: dict[str, Any]) -> None:
    """A person once worked for an organisation: person, organisation, until (a day, or nothing: still)."""
    until = data.get("until")
    session.add(
        Acquaintance(
            person_id=int(data["person"]), organisation_id=int(data["organisation"]), reason="任职",
            until=dt.date.fromisoformat(str(until)) if until else None,
        )
    )  # fmt: skip


@act("reassign_cases")
def reassign_cases(_player: Player, session: Session, actor: Actor, data: dict[str, Any]) -> None:
    """Every open case gets another worker, with its open tasks: `to`, `reason`, `consent` (the client agrees)."""
    for case in session.scalars(select(Case).where(Case.status == "open").order_by(Case.id)):
        reason = str(data.get("reason", "交接在办个案"))
        handover.hand_over(session, actor, case.id, int(data["to"]), reason, consent=bool(data.get("consent")))
