"""What the public may know of each procurement, read in a fixed number of statements however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from lastmeter.identity.models import Organisation
from lastmeter.procurement.models import AnnualPlan, Award, Bid, Lot, Notice, PlanLine, Procurement, Suspension
from lastmeter.stations.models import (
    Contract,
    ContractStation,
    ContractYear,
    Evaluation,
    Payment,
    Station,
    Termination,
)

# The records that stay in the file are of other kinds, and not public either.
KINDS = (
    "requirement", "tender_notice", "amendment", "failure", "award", "award_void", "single_source",
    "complaint_decision",
)  # fmt: skip
Row = TypeVar("Row")


@dataclass(frozen=True)
class Won:
    """An award that was published, with its lot, its stations' plan lines and the winner."""

    award: Award
    lot: Lot
    lines: tuple[PlanLine, ...]
    supplier: Organisation


@dataclass(frozen=True)
class Signed:
    """A published contract and what was published of its performance."""

    contract: Contract
    award: Won
    years: list[ContractYear]
    evaluations: list[Evaluation]  # yearly and decided
    payments: list[Payment]  # made
    termination: Termination | None


@dataclass
class File:
    """One procurement as the public may know it."""

    procurement: Procurement
    buyer: Organisation
    agency: Organisation | None
    plan: AnnualPlan | None
    notices: list[Notice]
    bidders: int
    lifted: list[Suspension]
    suspensions: list[Suspension]
    won: list[Won] = field(default_factory=list)
    contracts: list[Signed] = field(default_factory=list)


def public(session: Session) -> Iterator[File]:
    """The file of every procurement under a filed plan, or with a public notice."""
    procurements = session.scalars(
        select(Procurement).options(selectinload(Procurement.lots)).order_by(Procurement.id)
    ).all()
    bodies = {each.id: each for each in session.scalars(select(Organisation))}
    plans = {
        each.id: each
        for each in session.scalars(
            select(AnnualPlan).options(selectinload(AnnualPlan.funding)).where(AnnualPlan.status == "filed")
        )
    }
    shown = select(Notice).where(Notice.is_public, Notice.kind.in_(KINDS))
    notices = _by("procurement_id", session.scalars(shown.order_by(Notice.id)))
    suspensions = _by("procurement_id", session.scalars(select(Suspension).order_by(Suspension.id)))
    won, contracts, bidders = _won(session, bodies), _contracts(session), _bidders(session)
    for each in procurements:
        plan = plans.get(each.plan_id or 0)
        if plan is None and each.id not in notices:
            continue
        stood = suspensions.get(each.id, [])
        file = File(
            each, bodies[each.district_id], bodies.get(each.agency_id or 0), plan, notices.get(each.id, []),
            bidders.get(each.id, 0), [row for row in stood if row.lifted_at is not None], stood, won.get(each.id, []),
        )  # fmt: skip
        file.contracts = list(_signed(contracts, each.id, file.won))
        yield file


def _by(name: str, rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return dict(found)


def _won(session: Session, bodies: dict[int, Organisation]) -> dict[int, list[Won]]:
    lines = {line.id: line for line in session.scalars(select(PlanLine))}
    found: dict[int, list[Won]] = defaultdict(list)
    query = (
        select(Award, Lot, Bid.supplier_id)
        .join(Lot, Lot.id == Award.lot_id)
        .join(Bid, Bid.id == Award.bid_id)
        .where(Award.published_at.is_not(None))
        .order_by(Award.id)
    )
    for award, lot, supplier_id in session.execute(query):
        bought = tuple(lines[line] for line in lot.plan_line_ids if line in lines)
        found[lot.procurement_id].append(Won(award, lot, bought, bodies[supplier_id]))
    return dict(found)


def _bidders(session: Session) -> dict[int, int]:
    """How many suppliers' bids were opened."""
    query = (
        select(Bid.procurement_id, func.count(Bid.supplier_id.distinct()))
        .where(Bid.opening_id.is_not(None))
        .group_by(Bid.procurement_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


@dataclass(frozen=True)
class _Contracts:
    by_procurement: dict[int, list[Contract]]
    stations: dict[int, Station]
    years: dict[int, list[ContractYear]]
    evaluations: dict[int, list[Evaluation]]  # by contract year
    payments: dict[int, list[Payment]]
    terminations: dict[int, Termination]


def _contracts(session: Session) -> _Contracts:
    published = select(Contract.id).where(Contract.published_on.is_not(None), Contract.procurement_id.is_not(None))
    told = select(Contract).where(Contract.id.in_(published))
    served = (
        select(ContractStation.contract_id, Station)
        .join(Station, Station.id == ContractStation.station_id)
        .where(ContractStation.contract_id.in_(published))
        .order_by(ContractStation.id.desc())
    )
    graded = select(Evaluation).where(
        Evaluation.kind == "yearly", Evaluation.decided_on.is_not(None), Evaluation.grade.is_not(None)
    )
    paid = select(Payment).where(Payment.contract_id.in_(published), Payment.paid_on.is_not(None))
    ended = select(Termination).where(Termination.contract_id.in_(published))
    years = select(ContractYear).where(ContractYear.contract_id.in_(published))
    return _Contracts(
        _by("procurement_id", session.scalars(told.order_by(Contract.id))),
        {row[0]: row[1] for row in session.execute(served)},
        _by("contract_id", session.scalars(years.order_by(ContractYear.number))),
        _by("contract_year_id", session.scalars(graded.order_by(Evaluation.id))),
        _by("contract_id", session.scalars(paid.order_by(Payment.id))),
        {each.contract_id: each for each in session.scalars(ended)},
    )


def _signed(contracts: _Contracts, procurement_id: int, won: list[Won]) -> Iterator[Signed]:
    for contract in contracts.by_procurement.get(procurement_id, []):
        award = _award_of(contract, contracts.stations.get(contract.id), won)
        if award is None:  # nothing that came of no published award is told
            continue
        years = contracts.years.get(contract.id, [])
        evaluations = [each for year in years for each in contracts.evaluations.get(year.id, [])]
        payments = contracts.payments.get(contract.id, [])
        yield Signed(contract, award, years, evaluations, payments, contracts.terminations.get(contract.id))


def _award_of(contract: Contract, station: Station | None, won: list[Won]) -> Won | None:
    """The winner's newest award that was public when the contract was drafted, of the lot with the station."""
    mine = [
        each
        for each in won
        if each.supplier.id == contract.provider_id
        and each.award.published_at is not None
        and each.award.published_at <= contract.created_at
    ]
    of_station = [each for each in mine if station is not None and any(_is_of(line, station) for line in each.lines)]
    found = of_station or mine
    return found[-1] if found else None


def _is_of(line: PlanLine, station: Station) -> bool:
    return line.kind == station.kind and (line.kind == "district_main" or line.street_id == station.street_id)
