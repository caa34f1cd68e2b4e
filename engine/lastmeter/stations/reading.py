"""Contracts and stations as they are read: who may see which, and everything that hangs on one.

Source: row scope by organisation subtree for those who supervise, own contracts for those who deliver (domain B).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session, joinedload

from lastmeter import clock
from lastmeter.actor import Actor
from lastmeter.definitions import tables
from lastmeter.errors import Missing
from lastmeter.identity.models import Organisation
from lastmeter.identity.roles import roles_with
from lastmeter.stations import contracts, rules, staffing
from lastmeter.stations.models import (
    Assignment,
    Contract,
    ContractStation,
    ContractYear,
    Evaluation,
    Finding,
    Funding,
    IndicatorTree,
    Payment,
    Report,
    RuleScore,
    Station,
    Termination,
)
from lastmeter.workflow.models import HumanTask


def visible(actor: Actor) -> ColumnElement[bool]:
    """The condition on Contract that the actor may read it."""
    if actor.is_system:
        return true()
    conditions: list[ColumnElement[bool]] = []
    if actor.may("contract.view"):
        supervised = _below(_supervised(actor))
        stations = (
            select(ContractStation.contract_id)
            .join(Station, Station.id == ContractStation.station_id)
            .where(Station.street_id.in_(supervised))
        )
        conditions += [Contract.buyer_id.in_(supervised), Contract.id.in_(stations)]
    if actor.may("contract.own"):
        own = _below([post.path for post in actor.posts if post.role in roles_with("contract.own")])
        conditions += [Contract.provider_id.in_(own), Contract.team_id.in_(own), Contract.id.in_(_evaluated(actor))]
    return or_(*conditions) if conditions else false()


def _supervised(actor: Actor) -> list[str]:
    """Paths below which the actor reads contracts; a finance bureau reads those of the bureau that it belongs to."""
    paths = []
    for post in actor.posts:
        if post.role in roles_with("contract.view"):
            above = post.path.rstrip("/").rpartition("/")[0] + "/"
            paths.append(above if post.role == "finance_officer" else post.path)
    return paths


def _below(paths: Sequence[str]) -> ColumnElement[int]:
    inside = [Organisation.path.startswith(path, autoescape=True) for path in sorted(set(paths))]
    return select(Organisation.id).where(or_(*inside) if inside else false()).scalar_subquery()


def _evaluated(actor: Actor) -> ColumnElement[int]:
    """Contracts with an evaluation in which the actor's body has, or had, a task."""
    bodies = actor.organisations("evaluator")
    return (
        select(ContractYear.contract_id)
        .join(Evaluation, Evaluation.contract_year_id == ContractYear.id)
        .join(HumanTask, HumanTask.instance_id == Evaluation.instance_id)
        .where(HumanTask.role == "evaluator", HumanTask.organisation_id.in_(bodies))
        .scalar_subquery()
    )


def listing(
    session: Session,
    actor: Actor,
    *,
    q: str | None = None,
    status: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[tuple[Contract, Station | None]]:
    """The actor's contracts with their stations, newest first; `before` is the last id of the page before."""
    query = (
        select(Contract, Station)
        .outerjoin(ContractStation, ContractStation.contract_id == Contract.id)
        .outerjoin(Station, Station.id == ContractStation.station_id)
        .options(joinedload(Contract.provider), joinedload(Contract.buyer))
        .where(visible(actor))
        .order_by(Contract.id.desc())
        .limit(limit)
    )
    if q:
        wanted = (Contract.number, Contract.title, Station.name, Station.name_en)
        query = query.where(or_(*(column.icontains(q, autoescape=True) for column in wanted)))
    if status:
        query = query.where(_standing_is(status, clock.today()))
    if before:
        query = query.where(Contract.id < before)
    return [(row[0], row[1]) for row in session.execute(query)]


def standing(contract: Contract) -> str:
    """The contract's status; `over` where it is in force, its term past and its last year still being closed."""
    return "over" if contract.status == "active" and contract.ends_on < clock.today() else contract.status


def _standing_is(wanted: str, today: dt.date) -> ColumnElement[bool]:
    match wanted:
        case "over":
            return and_(Contract.status == "active", Contract.ends_on < today)
        case "active":
            return and_(Contract.status == "active", Contract.ends_on >= today)
        case _:
            return Contract.status == wanted


def get(session: Session, actor: Actor, contract_id: int) -> Contract:
    """The contract. Raises Missing for whoever may not read it."""
    found = session.scalar(
        select(Contract)
        .where(Contract.id == contract_id, visible(actor))
        .options(joinedload(Contract.provider), joinedload(Contract.buyer))
    )
    if found is None:
        raise Missing(what="contract")
    return found


@dataclass(frozen=True)
class Year:
    """A contract year with its money, its reports, and its evaluation with the points by rule."""

    year: ContractYear
    funding: list[Funding]
    reports: list[Report]
    evaluation: Evaluation | None
    scores: list[tuple[dict[str, object], RuleScore | None]]
    sums: dict[str, int]


@dataclass(frozen=True)
class File:
    """Everything that hangs on a contract."""

    station: Station | None
    years: list[Year]
    staff: list[Assignment]
    breaches: list[str]
    findings: list[Finding]
    payments: list[Payment]
    paid_fen: int
    termination: Termination | None


def file(session: Session, contract: Contract) -> File:
    """What a contract's page shows."""
    today = clock.today()
    station = session.scalar(select(Station).join(ContractStation).where(ContractStation.contract_id == contract.id))
    staff = staffing.on_post(session, station.id, today) if station is not None and _runs(contract, today) else []
    staff = [each for each in staff if each.contract_id == contract.id]
    payments = list(session.scalars(select(Payment).where(Payment.contract_id == contract.id).order_by(Payment.id)))
    return File(
        station=station,
        years=[_year(session, year) for year in _years(session, contract.id)],
        staff=staff,
        breaches=_breaches(session, station, staff) if station and contract.status == "active" else [],
        findings=list(
            session.scalars(select(Finding).where(Finding.contract_id == contract.id).order_by(Finding.id.desc()))
        ),
        payments=payments,
        paid_fen=sum(payment.fen for payment in payments),
        termination=session.scalar(select(Termination).where(Termination.contract_id == contract.id)),
    )


def _runs(contract: Contract, today: dt.date) -> bool:
    return contract.status == "active" and contract.starts_on <= today <= contract.ends_on


def _breaches(session: Session, station: Station, staff: Sequence[Assignment]) -> list[str]:
    workers = [staffing.worker_of(each) for each in staff]
    return staffing.missed(tables.of(session, staffing.PACKAGE).value, workers, station.level)


def _years(session: Session, contract_id: int) -> list[ContractYear]:
    query = select(ContractYear).where(ContractYear.contract_id == contract_id).order_by(ContractYear.number)
    return list(session.scalars(query))


def _year(session: Session, year: ContractYear) -> Year:
    evaluation = session.scalar(
        select(Evaluation).where(Evaluation.contract_year_id == year.id, Evaluation.kind == "yearly")
    )
    scores: list[tuple[dict[str, object], RuleScore | None]] = []
    sums: dict[str, int] = {}
    if evaluation is not None:
        tree = session.get_one(IndicatorTree, evaluation.tree_id)
        given = {
            score.rule: score
            for score in session.scalars(select(RuleScore).where(RuleScore.evaluation_id == evaluation.id))
        }
        scores = [(rule, given.get(rule["id"])) for rule in tree.rules]
        sums = rules.level_sums({rule: score.hundredths for rule, score in given.items()}, tree.rules)
    return Year(
        year=year,
        funding=list(session.scalars(select(Funding).where(Funding.contract_year_id == year.id).order_by(Funding.id))),
        reports=list(session.scalars(select(Report).where(Report.contract_year_id == year.id).order_by(Report.due_on))),
        evaluation=evaluation,
        scores=scores,
        sums=sums,
    )


def stations_of(session: Session, actor: Actor) -> list[tuple[Station, Contract | None]]:
    """The stations below the actor's posts, each with the contract under which it runs today."""
    if not (actor.is_system or actor.may("contract.view")):
        return []
    supervised = _below(_supervised(actor))
    where = or_(Station.district_id.in_(supervised), Station.street_id.in_(supervised))
    query = select(Station).where(true() if actor.is_system else where).order_by(Station.id).limit(500)
    today = clock.today()
    return [(station, contracts.in_force(session, station.id, today)) for station in session.scalars(query)]
