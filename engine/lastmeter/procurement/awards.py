"""Deciding, announcing, refunding, handing over to the contract; and undoing an award that was challenged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.connectors import Step, connector
from lastmeter.definitions import tables
from lastmeter.errors import InvalidInput
from lastmeter.identity import people
from lastmeter.identity.models import Organisation, Person
from lastmeter.procurement import bidding, committees, judging, notices, reading, rules
from lastmeter.procurement.errors import AwardRefused
from lastmeter.procurement.legal_time import deadline
from lastmeter.procurement.models import Award, Bid, Lot, PlanLine, Procurement
from lastmeter.procurement.procurements import get
from lastmeter.stations.models import Contract, ContractStation, Station

NOBODY = "none"


def holdings(session: Session, district_id: int) -> list[rules.Holding]:
    """Who runs which kind of station in the district today, or will by an award that is not yet a contract."""
    day = clock.today()
    contracts = session.execute(
        select(Contract.provider_id, Organisation.controller_key, Station.kind)
        .join(ContractStation, ContractStation.contract_id == Contract.id)
        .join(Station, Station.id == ContractStation.station_id)
        .join(Organisation, Organisation.id == Contract.provider_id)
        .where(
            Contract.buyer_id == district_id,
            Contract.status.in_(("draft", "active", "suspended")),
            ContractStation.is_open,
            ContractStation.to_day >= day,
        )
    )
    signed = (
        select(Contract.id)
        .where(Contract.procurement_id == Procurement.id, Contract.provider_id == Bid.supplier_id)
        .exists()
    )
    awards = session.execute(
        select(Bid.supplier_id, Organisation.controller_key, Lot.kind)
        .join(Award, Award.bid_id == Bid.id)
        .join(Lot, Lot.id == Award.lot_id)
        .join(Procurement, Procurement.id == Lot.procurement_id)
        .join(Organisation, Organisation.id == Bid.supplier_id)
        .where(Procurement.district_id == district_id, Award.status != "void", ~signed)
    )
    return [rules.Holding(row[0], row[1], district_id, row[2]) for row in (*contracts, *awards)]


def _candidates(session: Session, lot: Lot) -> list[Bid]:
    """The lot's ranked bids, best first, without those whose award was voided."""
    voided = select(Award.bid_id).where(Award.lot_id == lot.id, Award.status == "void")
    query = select(Bid).where(Bid.lot_id == lot.id, Bid.status == "ranked", Bid.id.not_in(voided))
    return list(session.scalars(query.order_by(Bid.rank)))


def undecided(procurement: Procurement, session: Session) -> list[Lot]:
    """The lots that have candidates and no award that stands."""
    live = set(session.scalars(select(Award.lot_id).where(Award.status != "void")))
    return [lot for lot in procurement.lots if lot.status != "failed" and lot.id not in live]


def _holding(session: Session, procurement: Procurement, lot: Lot, bid: Bid) -> rules.Holding:
    supplier = session.get_one(Organisation, bid.supplier_id)
    return rules.Holding(supplier.id, supplier.controller_key, procurement.district_id, lot.kind)


def proposals(session: Session, procurement: Procurement) -> dict[int, Bid]:
    """For each open lot its best candidate that may lawfully win it, lots in their order (I2)."""
    held, found = holdings(session, procurement.district_id), {}
    for lot in undecided(procurement, session):
        for bid in _candidates(session, lot):
            holding = _holding(session, procurement, lot, bid)
            if rules.main_and_street_conflict(holding, held) is None:
                found[lot.no] = bid
                held.append(holding)
                break
    return found


@connector(
    "procurement.prepare_award",
    zh="载入中标候选人",
    en="Load the candidates",
    inputs=("procurement_id",),
    outputs=("decisions", "candidate_options", "lot_options", "ranking"),
)
def prepare_award(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """What the decision's form starts from: each lot's lawful first candidate, and the ranking."""
    session, procurement = step.session, get(step.session, procurement_id)
    names = {bid.id: number for number, bid in bidding.bid_numbers(session, procurement.id).items()}
    proposed, lots = proposals(session, procurement), undecided(procurement, session)
    options, ranking = [], []
    for lot in lots:
        for bid in _candidates(session, lot):
            supplier = session.get_one(Organisation, bid.supplier_id)
            options.append(
                {"value": names[bid.id], "label": f"{lot.no}包第{bid.rank}名 {supplier.name}",
                 "label_en": f"Lot {lot.no}, rank {bid.rank}: {supplier.name_en}"}
            )  # fmt: skip
            ranking.append(
                {"lot_no": lot.no, "lot_name": lot.name, "rank": bid.rank, "bid_no": names[bid.id],
                 "supplier": supplier.name, "supplier_en": supplier.name_en, "total": str(bid.total),
                 "price_fen": bid.final_price_fen or bid.price_fen}
            )  # fmt: skip
    options.append({"value": NOBODY, "label": "不予定标", "label_en": "Award to nobody"})
    return {
        "decisions": [
            {"lot_no": lot.no, "bid_no": names[proposed[lot.no].id] if lot.no in proposed else NOBODY} for lot in lots
        ],
        "candidate_options": options,
        "lot_options": lot_options(lots),
        "ranking": ranking,
    }


def lot_options(lots: Iterable[Lot]) -> list[dict[str, Any]]:
    return [
        {"value": lot.no, "label": f"{lot.no}包 {lot.name}", "label_en": f"Lot {lot.no} {lot.name}"} for lot in lots
    ]


@connector(
    "procurement.decide_award",
    zh="登记定标结果",
    en="Record the decision",
    inputs=("procurement_id",),
    outputs=("result", "decided_on", "items", "lot_options"),
)
def decide_award(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """Each lot has its winner, in the order of ranks and never main and street stations in one hand.

    Raises AwardRefused, InvalidInput. Source: 条例 43, 49; 实施方案 四(二).
    """
    session, procurement = step.session, get(step.session, procurement_id)
    lots = {lot.no: lot for lot in undecided(procurement, session)}
    rows = {
        reading.whole(row.get("lot_no")): row for row in reading.rows(reading.form(step, "task_decide"), "decisions")
    }
    if rows.keys() != lots.keys():
        raise InvalidInput(field="decisions", reason="every_lot_once", expected=sorted(lots))
    numbers = bidding.bid_numbers(session, procurement.id)
    held = holdings(session, procurement.district_id)
    for no in sorted(lots):
        choice, reason = str(rows[no].get("bid_no")), reading.text(rows[no], "reason")
        if choice == NOBODY:
            if not reason:
                raise InvalidInput(field="decisions", reason="reason_missing", lot=no)
            lots[no].status = "failed"
            continue
        bid = numbers.get(choice)
        if bid is None or bid.lot_id != lots[no].id:
            raise InvalidInput(field="decisions", reason="not_a_candidate", lot=no, bid=choice)
        held.append(_decide(step, procurement, lots[no], bid, held))
    session.flush()
    decided = session.scalars(
        select(Award).join(Lot, Lot.id == Award.lot_id).where(
            Lot.procurement_id == procurement.id, Award.status == "decided"
        )
    ).all()  # fmt: skip
    if not decided:
        procurement.status, procurement.ended_at = "failed", clock.now()
        return {"result": "failed"}
    procurement.decided_at, procurement.status = clock.now(), "decided"
    items = [
        {"lot_no": lot.no, "item_name": lot.name, "spec": "", "quantity": len(lot.plan_line_ids)}
        for lot in procurement.lots
        if any(award.lot_id == lot.id for award in decided)
    ]
    return {
        "result": "decided",
        "decided_on": clock.today(),
        "items": items,
        "lot_options": lot_options(lot for lot in procurement.lots if lot.status != "failed"),
    }


def _decide(step: Step, procurement: Procurement, lot: Lot, bid: Bid, held: list[rules.Holding]) -> rules.Holding:
    session, holding = step.session, _holding(step.session, procurement, lot, bid)
    barred = rules.main_and_street_conflict(holding, held)
    reasons = [] if barred is None else judging.main_and_street(tables.of(session, judging.BIDS), lot.no)
    out = {
        other.rank
        for other in session.scalars(select(Bid).where(Bid.lot_id == lot.id, Bid.rank < bid.rank))
        if _is_out(session, procurement, lot, other, held)
    }
    reasons += rules.decision_reasons(bid.rank or 0, {rank for rank in out if rank is not None})
    if reasons:
        raise AwardRefused(reasons, lot=lot.no)
    value = bid.final_price_fen or bid.price_fen
    assert value is not None
    assert bid.opening_id is not None
    session.add(
        Award(
            lot_id=lot.id, bid_id=bid.id, opening_id=bid.opening_id, rank=bid.rank or 0, value_fen=value,
            decided_at=clock.now(), decided_by=step.actor.person_id,
        )
    )  # fmt: skip
    lot.status = "awarded"
    facts = {"lot": lot.no, "bid": bid.id, "rank": bid.rank, "value_fen": value}
    audit.record(session, step.actor, "award.decided", f"procurement/{procurement.id}", facts=facts)
    return holding


def _is_out(session: Session, procurement: Procurement, lot: Lot, bid: Bid, held: list[rules.Holding]) -> bool:
    """A better candidate that may be passed over: its award was voided, or the law bars it from this lot."""
    voided = session.scalar(select(Award.id).where(Award.bid_id == bid.id, Award.status == "void"))
    if voided is not None:
        return True
    return rules.main_and_street_conflict(_holding(session, procurement, lot, bid), held) is not None


def standing(session: Session, procurement_id: int, *states: str) -> list[tuple[Award, Lot, Bid, Organisation]]:
    """The procurement's awards in these states (default: all that are not void) with lot, bid and supplier."""
    query = (
        select(Award, Lot, Bid, Organisation)
        .join(Lot, Lot.id == Award.lot_id)
        .join(Bid, Bid.id == Award.bid_id)
        .join(Organisation, Organisation.id == Bid.supplier_id)
        .where(Lot.procurement_id == procurement_id)
        .where(Award.status.in_(states) if states else Award.status != "void")
        .order_by(Lot.no)
    )
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(query)]


@connector(
    "procurement.publish_award",
    zh="公告中标结果",
    en="Publish the award",
    inputs=("procurement_id",),
    outputs=("award_noticed_on", "notice_end", "challenge_end"),
)
def publish_award(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """Notices have gone to winners and losers; result, items and the experts' names are public. Source: 条例 43."""
    session, procurement = step.session, get(step.session, procurement_id)
    data, now = reading.form(step, "task_notice"), clock.now()
    items = reading.plain(reading.rows(data, "items"))
    won = standing(session, procurement.id, "decided")
    for award, lot, _, supplier in won:
        award.status, award.published_at = "published", now
        award.items = [item for item in items if reading.whole(item.get("lot_no")) == lot.no]
        people.notify_role(session, "provider_manager", supplier.id, "award.won", no=procurement.no, lot=lot.no)
    _tell_losers(session, procurement, {supplier.id for *_, supplier in won})
    procurement.award_published_at, procurement.status = now, "awarded"
    session.flush()
    notice_end = deadline(session, "D23", clock.today()).due
    experts = committees.members(session, procurement.id)
    content = {
        "no": procurement.no,
        "awards": [
            {"lot": lot.no, "lot_name": lot.name, "supplier": supplier.name, "supplier_en": supplier.name_en,
             "uscc": supplier.uscc, "value_fen": award.value_fen, "items": award.items,
             "total": str(bid.total) if bid.total else None}
            for award, lot, bid, supplier in won
        ],
        "experts": [session.get_one(Person, member.person_id).name for member in experts],
        "documents": procurement.documents,
    }  # fmt: skip
    notices.publish(
        session, step.actor, procurement, "award", content, zh="中标（成交）结果公告", en="award notice",
        until=notice_end,
    )  # fmt: skip
    return {
        "award_noticed_on": clock.today(),
        "notice_end": notice_end,
        "challenge_end": deadline(session, "D41", notice_end).due,
    }


def _tell_losers(session: Session, procurement: Procurement, winners: set[int]) -> None:
    bidders = {bid.supplier_id for bid in bidding.opened_bids(session, procurement.id)}
    for supplier_id in sorted(bidders - winners):
        people.notify_role(session, "provider_manager", supplier_id, "award.lost", no=procurement.no)


@connector("procurement.record_refund", zh="记录退还保证金", en="Record the refund", inputs=("procurement_id",))
def record_refund(step: Step, *, procurement_id: object) -> None:
    """The losers' bonds went back on the day that the form names. Source: 条例 33."""
    procurement, data = get(step.session, procurement_id), reading.form(step, "task_refund")
    day = reading.day(data.get("refunded_on")) or clock.today()
    procurement.bonds_refunded_at = clock.at(day)
    audit.record(step.session, step.actor, "bonds.refunded", f"procurement/{procurement.id}", facts={"on": day})


@connector(
    "procurement.close_award",
    zh="移交合同",
    en="Hand over to contract",
    inputs=("procurement_id",),
    outputs=("result", "awards"),
)
def close_award(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """One message per station of every award that stands: what its contract needs to be drafted."""
    session, procurement = step.session, get(step.session, procurement_id)
    procurement.ended_at = clock.now()
    rows = [
        row
        for award, lot, _, supplier in standing(session, procurement.id, "published")
        for row in handovers(session, procurement, award, lot, supplier)
    ]
    return {"result": "awarded" if rows else "failed", "awards": rows}


def handovers(
    session: Session, procurement: Procurement, award: Award, lot: Lot, supplier: Organisation
) -> list[dict[str, Any]]:
    """What `tender.awarded` carries, station by station: each has a contract, their values sum to the award's."""
    lines = session.scalars(select(PlanLine).where(PlanLine.id.in_(lot.plan_line_ids)).order_by(PlanLine.id)).all()
    shares = rules.shares(award.value_fen, [line.budget_fen for line in lines])
    noticed = award.published_at or award.decided_at
    return [
        {
            "key": f"{procurement.no}-{lot.no}-{number}",
            "procurement_id": procurement.id,
            "procurement_no": procurement.no,
            "award_id": award.id,
            "lot_no": lot.no,
            "station_kind": line.kind,
            "street_id": line.street_id,
            "contract_title": f"{procurement.title} {lot.name}",
            "award_fen": fen,
            "term_months": procurement.term_months,
            "award_noticed_on": clock.local_day(noticed),
            "parties": _parties(procurement, line, supplier),
        }
        for number, (line, fen) in enumerate(zip(lines, shares, strict=True), 1)
    ]


def _parties(procurement: Procurement, line: PlanLine, supplier: Organisation) -> dict[str, int]:
    parties = {"provider": supplier.id, "district": procurement.district_id}
    return parties if line.street_id is None else {**parties, "street": line.street_id}


@connector(
    "procurement.void_award", zh="撤销中标结果", en="Void the award", inputs=("procurement_id",), outputs=("result",)
)
def void_award(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """The procurement's awards are void; `result` is `next` where another candidate is left. Source: 条例 71."""
    session, procurement = step.session, get(step.session, procurement_id)
    for award, lot, _, supplier in standing(session, procurement.id):
        award.status, award.void_reason = "void", "challenge_upheld"
        lot.status = "open"
        people.notify_role(session, "provider_manager", supplier.id, "award.void", no=procurement.no)
    session.flush()
    notices.publish(
        session, step.actor, procurement, "award_void", {"no": procurement.no, "reason": "challenge_upheld"},
        zh="中标结果撤销公告", en="award voided",
    )  # fmt: skip
    procurement.award_published_at = procurement.decided_at = None
    if proposals(session, procurement):
        procurement.status = "evaluated"
        return {"result": "next"}
    procurement.status, procurement.ended_at = "void", clock.now()
    return {"result": "failed"}
