"""What a procurement's page shows: its legal dates, bids as far as they may be known, committee, award, remedies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lastmeter import clock, workdays
from lastmeter.actor import Actor
from lastmeter.audit import AuditEvent
from lastmeter.deadlines.register import calendar_in
from lastmeter.documents.models import Document
from lastmeter.identity.models import Organisation, Person
from lastmeter.procurement import awards, bidding, schedule
from lastmeter.procurement.models import (
    Award,
    Bid,
    Challenge,
    Clarification,
    CommitteeMember,
    Complaint,
    Factor,
    Lot,
    Notice,
    Opening,
    Procurement,
    Score,
    Suspension,
)
from lastmeter.procurement.schedule import Line
from lastmeter.stations.models import Contract
from lastmeter.workflow import instances
from lastmeter.workflow.models import HumanTask, Instance

# What a supplier reads of the chain: the days that concern it, not the inner working of the buyer.
FOR_SUPPLIERS = frozenset(
    {"docs_until", "clarification", "bid_deadline", "notice", "notice_end", "bonds_losers", "challenge_end",
     "earliest_signing", "signing", "contract_notice", "staff_on_post"}
)  # fmt: skip


@dataclass(frozen=True)
class NextDate:
    """The nearest date of the chain that has not passed, and how many working days are left to it."""

    line: Line
    day: dt.date
    working_days: int


@dataclass(frozen=True)
class Opened:
    """An opened bid with its supplier, as those read it who may."""

    number: str
    bid: Bid
    supplier: Organisation


@dataclass(frozen=True)
class Sheet:
    """One member's points: by bid number, and within it by factor."""

    member: str
    totals: dict[str, Decimal]
    values: dict[tuple[str, int], Decimal]
    dissent: str | None


@dataclass(frozen=True)
class Remedy:
    """A challenge with its challenger and, where one was made, its complaint."""

    challenge: Challenge
    challenger: Organisation
    complaint: Complaint | None


def next_date(session: Session, lines: Sequence[Line]) -> NextDate | None:
    """The nearest date of the chain that is still ahead."""
    today, signed = clock.today(), any(line.key == "signing" and line.happened for line in lines)
    ahead = [
        (line.happened or line.due, line)
        for line in lines
        if (line.happened or line.due) >= today and (line.happened is None or line.happened > today)
        if not (signed and line.key == "earliest_signing")
    ]
    if not ahead:
        return None
    day, line = min(ahead, key=lambda each: each[0])
    return NextDate(line, day, workdays.working_days_between(today, day, calendar_in(session)))


def lines_for_supplier(session: Session, procurement: Procurement) -> list[Line]:
    return [line for line in schedule.chain(session, procurement.id) if line.key in FOR_SUPPLIERS]


def bid_counts(session: Session, procurement: Procurement) -> dict[int, int]:
    """How many bids lie sealed for each lot (by its number): all that is known before the opening."""
    rows = session.execute(
        select(Lot.no, func.count(Bid.id))
        .outerjoin(Bid, (Bid.lot_id == Lot.id) & Bid.withdrawn_at.is_(None))
        .where(Lot.procurement_id == procurement.id)
        .group_by(Lot.no)
    )
    return {row[0]: row[1] for row in rows}


def opening(session: Session, procurement: Procurement) -> tuple[Opening, str, str] | None:
    """The opening with the names of the two who did it."""
    row = session.scalar(select(Opening).where(Opening.procurement_id == procurement.id))
    if row is None:
        return None
    names = {
        each.id: each.name
        for each in session.scalars(select(Person).where(Person.id.in_((row.opened_by, row.witnessed_by))))
    }
    return row, names[row.opened_by], names[row.witnessed_by]


def opened_bids(session: Session, actor: Actor, procurement: Procurement) -> list[Opened]:
    """The opened bids in the order of their ranks, then of their numbers. Raises NotYetOpened, Forbidden."""
    bidding.opened(session, actor, procurement.id)
    numbers = bidding.bid_numbers(session, procurement.id)
    suppliers = _organisations(session, {bid.supplier_id for bid in numbers.values()})
    found = [Opened(number, bid, suppliers[bid.supplier_id]) for number, bid in numbers.items()]
    return sorted(found, key=lambda each: (each.number.split("-")[0], each.bid.rank or 99, each.number))


def sheets(session: Session, procurement: Procurement, *, named: bool) -> list[Sheet]:
    """The locked score sheets; members stay numbers until the award is public (条例 43)."""
    numbers = {bid.id: number for number, bid in bidding.bid_numbers(session, procurement.id).items()}
    rows = session.execute(
        select(Score, Factor.no, CommitteeMember, Person.name)
        .join(Factor, Factor.id == Score.factor_id)
        .join(CommitteeMember, CommitteeMember.id == Score.member_id)
        .join(Person, Person.id == CommitteeMember.person_id)
        .where(CommitteeMember.procurement_id == procurement.id, Score.locked_at.is_not(None))
        .order_by(CommitteeMember.id, Factor.no)
    )
    found: dict[int, Sheet] = {}
    for score, factor, member, name in rows:
        shown = name if named else str(len(found) + (0 if member.id in found else 1))
        sheet = found.setdefault(member.id, Sheet(shown, {}, {}, member.dissent))
        bid_no = numbers[score.bid_id]
        sheet.values[bid_no, factor] = score.value
        sheet.totals[bid_no] = sheet.totals.get(bid_no, Decimal()) + score.value
    return list(found.values())


def factors(session: Session, procurement: Procurement) -> list[Factor]:
    return list(session.scalars(select(Factor).where(Factor.procurement_id == procurement.id).order_by(Factor.no)))


def committee(session: Session, procurement: Procurement) -> list[tuple[CommitteeMember, str]]:
    """The sitting members with their names."""
    rows = session.execute(
        select(CommitteeMember, Person.name)
        .join(Person, Person.id == CommitteeMember.person_id)
        .where(CommitteeMember.procurement_id == procurement.id, CommitteeMember.sitting)
        .order_by(CommitteeMember.role.desc(), CommitteeMember.id)
    )
    return [(row[0], row[1]) for row in rows]


def awarded(session: Session, procurement: Procurement) -> list[tuple[Award, Lot, Bid, Organisation]]:
    return awards.standing(session, procurement.id)


def remedies(session: Session, procurement: Procurement, challenger: int | None = None) -> list[Remedy]:
    """The procurement's challenges, or one supplier's, oldest first."""
    query = (
        select(Challenge, Organisation, Complaint)
        .join(Organisation, Organisation.id == Challenge.challenger_id)
        .outerjoin(Complaint, Complaint.challenge_id == Challenge.id)
        .where(Challenge.procurement_id == procurement.id)
        .order_by(Challenge.id)
    )
    if challenger is not None:
        query = query.where(Challenge.challenger_id == challenger)
    return [Remedy(row[0], row[1], row[2]) for row in session.execute(query)]


def suspended(session: Session, procurement: Procurement) -> list[tuple[Suspension, str]]:
    """What stops the procurement now, with the number of the challenge."""
    rows = session.execute(
        select(Suspension, Challenge.no)
        .join(Challenge, Challenge.id == Suspension.challenge_id)
        .where(Suspension.procurement_id == procurement.id, Suspension.lifted_at.is_(None))
        .order_by(Suspension.id)
    )
    return [(row[0], row[1]) for row in rows]


def clarifications(session: Session, procurement: Procurement, *, sent: bool = False) -> list[Clarification]:
    """Questions and answers; `sent`: those that everybody has, never with who asked."""
    query = select(Clarification).where(Clarification.procurement_id == procurement.id)
    if sent:
        query = query.where(Clarification.sent_at.is_not(None))
    return list(session.scalars(query.order_by(Clarification.id)))


def notices(session: Session, procurement: Procurement, *, public: bool) -> list[Notice]:
    query = select(Notice).where(Notice.procurement_id == procurement.id)
    return list(session.scalars((query.where(Notice.is_public) if public else query).order_by(Notice.id.desc())))


def contracts(session: Session, procurement: Procurement) -> list[Contract]:
    return list(
        session.scalars(select(Contract).where(Contract.procurement_id == procurement.id).order_by(Contract.id))
    )


def attachments(session: Session, procurement: Procurement) -> list[Document]:
    """The files that belong to the issued documents."""
    ids = [int(each) for each in procurement.documents.get("document_files") or () if str(each).isdigit()]
    return list(session.scalars(select(Document).where(Document.id.in_(ids)).order_by(Document.id)))


def parties(session: Session, procurement: Procurement) -> dict[str, Organisation]:
    ids = {"district": procurement.district_id, "agency": procurement.agency_id}
    found = _organisations(session, {each for each in ids.values() if each is not None})
    return {name: found[each] for name, each in ids.items() if each in found}


def _organisations(session: Session, ids: set[int]) -> dict[int, Organisation]:
    return {row.id: row for row in session.scalars(select(Organisation).where(Organisation.id.in_(ids)))}


def waiting(session: Session, actor: Actor, procurement: Procurement) -> list[tuple[HumanTask, Organisation | None]]:
    """The open tasks of the procurement's tree, with whose they are, as far as the actor may see the instance."""
    root = procurement.instance_id
    if root is None:
        return []
    tree = session.scalars(
        select(Instance.id).where((Instance.id == root) | (Instance.root_id == root), instances.visible(actor))
    ).all()
    rows = session.execute(
        select(HumanTask, Organisation)
        .outerjoin(Organisation, Organisation.id == HumanTask.organisation_id)
        .where(HumanTask.instance_id.in_(tree), HumanTask.state.in_(("open", "hold", "suspended")))
        .order_by(HumanTask.sort_at, HumanTask.id)
        .limit(20)
    )
    return [(row[0], row[1]) for row in rows]


def opens_instance(session: Session, actor: Actor, procurement: Procurement) -> bool:
    """True if the actor may open the procurement's instance."""
    query = select(Instance.id).where(Instance.id == procurement.instance_id, instances.visible(actor))
    return session.scalar(query) is not None


def audit_trail(session: Session, procurement: Procurement, *, bids_open: bool) -> list[tuple[AuditEvent, str | None]]:
    """The procurement's audit rows with who acted; before the opening those of bids would tell who bid."""
    query = (
        select(AuditEvent, Person.name)
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .where(
            (AuditEvent.chain == f"procurement/{procurement.id}")
            | (AuditEvent.subject == f"procurement/{procurement.id}")
        )
        .order_by(AuditEvent.at, AuditEvent.id)
        .limit(500)
    )
    if not bids_open:
        query = query.where(~AuditEvent.action.startswith("bid."), AuditEvent.action != "procurement.inquiry")
    return [(row[0], row[1]) for row in session.execute(query)]


def day_of(instant: dt.datetime | None) -> dt.date | None:
    return None if instant is None else clock.local_day(instant)
