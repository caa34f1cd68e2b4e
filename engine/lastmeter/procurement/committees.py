"""Who judges and how: qualification, the draw, declarations, private score sheets, the ranking, the report."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.connectors import Step, connector
from lastmeter.definitions import tables
from lastmeter.errors import InvalidInput, Missing
from lastmeter.identity.models import Acquaintance, Membership, Organisation, Person
from lastmeter.identity.people import in_force
from lastmeter.procurement import bidding, judging, notices, reading, rules
from lastmeter.procurement.errors import CommitteeUnlawful, PoolTooSmall, SheetRefused
from lastmeter.procurement.models import Bid, CommitteeMember, Conformity, Factor, Lot, Procurement, Score
from lastmeter.procurement.procurements import get
from lastmeter.workflow.models import Submission

JUDGED = ("opened", "qualified")


def bid_label(session: Session, number: str, bid: Bid) -> dict[str, Any]:
    supplier = session.get_one(Organisation, bid.supplier_id)
    return {
        "value": number,
        "label": f"{number} {supplier.name}",
        "label_en": f"{number} {supplier.name_en}",
    }


def live_bids(session: Session, procurement: Procurement, *states: str) -> dict[str, Bid]:
    """The bids that are still in the race, in lots that go on, by their numbers."""
    open_lots = {lot.id for lot in procurement.lots if lot.status == "open"}
    numbers = bidding.bid_numbers(session, procurement.id)
    return {no: bid for no, bid in numbers.items() if bid.lot_id in open_lots and bid.status in states}


@connector(
    "procurement.prepare_qualification", zh="载入投标情况", en="Load the bids", inputs=("procurement_id",),
    outputs=("qualifications", "bid_options"),
)  # fmt: skip
def prepare_qualification(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """What the qualification's form starts from: every valid bid, with what the system finds against it (DT2)."""
    session, procurement = step.session, get(step.session, procurement_id)
    rows, bids = [], live_bids(session, procurement, "opened")
    for number, bid in bids.items():
        reasons = eligibility(session, bid, bids.values())
        found = "；".join(reason.zh for reason in reasons)
        rows.append({"bid_no": number, "qualified": "no" if reasons else "yes", "reason": found or None})
    return {
        "qualifications": rows,
        "bid_options": [bid_label(session, number, bid) for number, bid in bids.items()],
    }


def eligibility(session: Session, bid: Bid, others: Any) -> list[rules.Reason]:
    """Why the bid's supplier may not take part in its lot (DT2)."""
    same_lot = [other for other in others if other.lot_id == bid.lot_id]
    facts = {
        other.id: bidding.supplier_facts(
            session.get_one(Organisation, other.supplier_id),
            declared_clean=(other.content or {}).get("declaration_3y") is True,
        )
        for other in {bid, *same_lot}
    }
    asked = tables.of(session, judging.BIDS)
    twice = _takes_part_twice(facts[bid.id].uscc, bid, same_lot)
    return judging.eligibility(asked, facts[bid.id], facts.values(), clock.today(), bids_twice=twice)


def _takes_part_twice(uscc: str | None, bid: Bid, same_lot: Sequence[Bid]) -> bool:
    """True if the supplier, or a member of its consortium, stands behind another bid for the lot. Source: 条例 22."""
    mine = {uscc, *((bid.content or {}).get("consortium") or ())} - {None, ""}
    theirs = [other for other in same_lot if other.id != bid.id]
    return any(mine & set((other.content or {}).get("consortium") or ()) for other in theirs)


@connector(
    "procurement.qualify",
    zh="登记资格审查结果",
    en="Record the qualification",
    inputs=("procurement_id",),
    outputs=("result", "method", "budget_fen", "is_complex"),
)
def qualify(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """Each bid is qualified or rejected; what the law forbids cannot be waived. Raises InvalidInput."""
    session, procurement = step.session, get(step.session, procurement_id)
    bids = live_bids(session, procurement, "opened")
    judged = {str(row.get("bid_no")): row for row in reading.rows(reading.form(step, "task_qualify"), "qualifications")}
    if judged.keys() != bids.keys():
        raise InvalidInput(field="qualifications", reason="every_bid_once", expected=sorted(bids))
    all_bids = list(bids.values())
    for number, bid in bids.items():
        reasons = [reason.as_dict() for reason in eligibility(session, bid, all_bids)]
        row = judged[number]
        if row.get("qualified") != "yes" and not reasons:
            if not reading.text(row, "reason"):
                raise InvalidInput(field="qualifications", reason="reason_missing", bid=number)
            reasons = [{"code": "not_qualified", "zh": reading.text(row, "reason"), "en": reading.text(row, "reason"),
                        "source": "财政部令第87号 44", "subject": number}]  # fmt: skip
        bid.invalid_reasons, bid.status = reasons, "rejected" if reasons else "qualified"
    session.flush()
    least = bidding.least_bidders(procurement)
    left = bidding.fail_lots(step, procurement, lambda lot: _left(session, lot, "qualified"), least=least)
    return {
        "result": "qualified" if left else "failed",
        "method": procurement.method,
        "budget_fen": procurement.budget_fen,
        "is_complex": procurement.documents.get("is_complex") is True,
    }


def _left(session: Session, lot: Lot, *states: str) -> int:
    return len(session.scalars(select(Bid.id).where(Bid.lot_id == lot.id, Bid.status.in_(states))).all())


# --- the draw -----------------------------------------------------------------------------------------------


def conflicted(session: Session, procurement: Procurement) -> set[int]:
    """The people who worked for a bidder, or a body under its control, within three years. Source: 条例 9."""
    bidders = select(Bid.supplier_id).where(Bid.procurement_id == procurement.id, Bid.withdrawn_at.is_(None))
    keys_ = select(Organisation.controller_key).where(
        Organisation.id.in_(bidders), Organisation.controller_key.is_not(None)
    )
    related = select(Organisation.id).where(
        or_(Organisation.id.in_(bidders), Organisation.controller_key.in_(keys_), Organisation.parent_id.in_(bidders))
    )
    today = clock.today()
    ties = session.execute(
        select(Acquaintance.person_id, Acquaintance.until).where(Acquaintance.organisation_id.in_(related))
    )
    posts = session.execute(
        select(Membership.person_id, Membership.valid_to).where(Membership.organisation_id.in_(related))
    )
    return {row[0] for row in (*ties, *posts) if rules.still_conflicted(row[1], today)}


def _pool(session: Session) -> list[int]:
    query = select(Membership.person_id).where(Membership.role == "review_expert", in_force())
    return sorted(set(session.scalars(query)))


def members(session: Session, procurement_id: int, *, sitting: bool = True) -> list[CommitteeMember]:
    query = select(CommitteeMember).where(CommitteeMember.procurement_id == procurement_id)
    if sitting:
        query = query.where(CommitteeMember.sitting)
    return list(session.scalars(query.order_by(CommitteeMember.id)))


@connector(
    "procurement.draw_committee", zh="随机抽取评审专家", en="Draw the experts", inputs=("procurement_id", "size"),
    outputs=("experts", "bidder_names"),
)  # fmt: skip
def draw_committee(step: Step, *, procurement_id: object, size: object) -> Mapping[str, Any]:
    """The free seats are filled at random from the pool without those in conflict; the seed is kept.

    Raises PoolTooSmall. Source: 政府采购法实施条例 39.
    """
    session, procurement, wanted = step.session, get(step.session, procurement_id), reading.whole(size)
    known = members(session, procurement.id, sitting=False)
    free = wanted - sum(member.sitting for member in known)
    seed = secrets.token_hex(16)
    excluded = conflicted(session, procurement) | {member.person_id for member in known}
    drawn = rules.draw(_pool(session), excluded, free, seed)
    if len(drawn) < free:
        raise PoolTooSmall(wanted=free, found=len(drawn))
    session.add_all(
        CommitteeMember(procurement_id=procurement.id, person_id=person, role="expert", drawn_at=clock.now(), seed=seed)
        for person in drawn
    )
    session.flush()
    # No names: who judges is not told before the award's notice.
    facts = {"seed": seed, "drawn": len(drawn), "excluded": len(excluded)}
    audit.record(session, step.actor, "committee.drawn", f"procurement/{procurement.id}", facts=facts)
    bidders = live_bids(session, procurement, "qualified").values()
    names = sorted({session.get_one(Organisation, bid.supplier_id).name for bid in bidders})
    return {"experts": drawn, "bidder_names": "、".join(names)}


@connector(
    "procurement.seat_committee",
    zh="确认评审组",
    en="Seat the committee",
    inputs=("procurement_id", "size"),
    outputs=("seated", "members"),
)
def seat_committee(step: Step, *, procurement_id: object, size: object) -> Mapping[str, Any]:
    """Who declared a conflict has stood aside; `seated` where the committee is lawful, else seats are drawn anew."""
    session, procurement, wanted = step.session, get(step.session, procurement_id), reading.whole(size)
    waiting = {member.person_id: member for member in members(session, procurement.id) if member.declared_at is None}
    for person, data in by_person(step, "task_declare"):
        member = waiting.pop(person, None)
        if member is None:
            continue
        member.declared_at = clock.now()
        if data.get("has_conflict") == "yes":
            member.conflict, member.sitting = True, False
            member.conflict_reason = reading.text(data, "conflict_reason")
    session.flush()
    sitting = members(session, procurement.id)
    if waiting or len(sitting) < wanted:
        return {"seated": False, "members": []}
    errors = judging.committee_errors(
        tables.of(session, judging.BIDS),
        [rules.Seat(member.person_id, member.role, conflicted=member.conflict) for member in sitting],
        method=procurement.method or "",
        budget_fen=procurement.budget_fen,
        is_complex=procurement.documents.get("is_complex") is True,
    )
    if errors:
        raise CommitteeUnlawful(errors)
    return {"seated": True, "members": [member.person_id for member in sitting]}


def by_person(step: Step, element_id: str) -> list[tuple[int, dict[str, Any]]]:
    """Every submission of an element with who handed it in, oldest first."""
    people_ = step.session.scalars(
        select(Submission.person_id)
        .where(Submission.instance_id == step.instance_id, Submission.element_id == element_id)
        .order_by(Submission.id)
    ).all()
    return [
        (person, data) for person, data in zip(people_, step.submissions(element_id), strict=True) if person is not None
    ]


# --- the score sheets ---------------------------------------------------------------------------------------


def factors(session: Session, procurement_id: int) -> list[Factor]:
    return list(session.scalars(select(Factor).where(Factor.procurement_id == procurement_id).order_by(Factor.no)))


def _member(session: Session, procurement_id: int, person: object) -> CommitteeMember:
    found = session.scalar(
        select(CommitteeMember).where(
            CommitteeMember.procurement_id == procurement_id,
            CommitteeMember.person_id == reading.whole(person),
            CommitteeMember.sitting,
        )
    )
    if found is None:
        raise Missing(what="committee_member")
    return found


@connector(
    "procurement.prepare_sheet",
    zh="准备评分表",
    en="Prepare the score sheet",
    inputs=("procurement_id", "expert"),
    outputs=("conformity", "scores", "bid_options", "factor_options"),
)
def prepare_sheet(step: Step, *, procurement_id: object, expert: object) -> Mapping[str, Any]:
    """The expert's empty sheet: every bid under every factor that is scored."""
    session, procurement = step.session, get(step.session, procurement_id)
    _member(session, procurement.id, expert)
    bids = live_bids(session, procurement, "qualified")
    scored = [factor for factor in factors(session, procurement.id) if factor.kind == "quality"]
    return {
        "conformity": [{"bid_no": number, "conforms": "yes"} for number in bids],
        "scores": [{"bid_no": number, "factor_no": factor.no} for number in bids for factor in scored],
        "bid_options": [bid_label(session, number, bid) for number, bid in bids.items()],
        "factor_options": [
            {
                "value": factor.no,
                "label": f"{factor.name}（0–{factor.max_points.normalize():f}分）",
                "label_en": f"{factor.name} (0–{factor.max_points.normalize():f})",
            }
            for factor in scored
        ],
    }


@connector("procurement.lock_scores", zh="锁定评分", en="Lock the scores", inputs=("procurement_id", "expert"))
def lock_scores(step: Step, *, procurement_id: object, expert: object) -> None:
    """The expert's scores stand for good (I7). Raises SheetRefused with every reason."""
    session, procurement = step.session, get(step.session, procurement_id)
    member, data = _member(session, procurement.id, expert), reading.form(step, "task_score")
    bids, known = live_bids(session, procurement, "qualified"), factors(session, procurement.id)
    votes = {str(row.get("bid_no")): row for row in reading.rows(data, "conformity")}
    rows = [rules.FactorRow(factor.no, factor.name, factor.kind, factor.max_points) for factor in known]
    sheet = reading.rows(data, "scores")
    reasons = rules.sheet_reasons(sheet, rows, bids.keys())
    if votes.keys() != bids.keys():
        reasons.append(
            rules.Reason("conformity_missing", "每份投标均应作符合性审查", "Every bid is checked for conformity",
                         "财政部令第87号 50")
        )  # fmt: skip
    reasons += [
        rules.Reason(
            "conformity_reason", "不符合的应说明理由", "A bid that does not conform needs a reason", "条例 41", no
        )
        for no, row in votes.items()
        if row.get("conforms") != "yes" and not reading.text(row, "reason")
    ]
    if reasons:
        raise SheetRefused(reasons)
    by_number = {factor.no: factor for factor in known}
    session.add_all(
        Conformity(
            member_id=member.id, bid_id=bids[no].id, conforms=row.get("conforms") == "yes",
            reason=reading.text(row, "reason") or None,
        )
        for no, row in votes.items()
    )  # fmt: skip
    session.add_all(
        Score(
            factor_id=by_number[reading.whole(row["factor_no"])].id,
            max_points=by_number[reading.whole(row["factor_no"])].max_points,
            member_id=member.id, bid_id=bids[str(row["bid_no"])].id, value=reading.decimal(row["value"]),
            reason=reading.text(row, "reason") or None, locked_at=clock.now(),
        )
        for row in sheet
    )  # fmt: skip
    member.dissent = reading.text(data, "dissent") or None
    session.flush()
    audit.record(session, step.actor, "scores.locked", f"procurement/{procurement.id}", facts={"member": member.id})


# --- ranking and report -------------------------------------------------------------------------------------


@connector(
    "procurement.rank_bids",
    zh="汇总得分并排序",
    en="Add up and rank",
    inputs=("procurement_id",),
    outputs=("ranking", "evaluation_ended", "result"),
)
def rank_bids(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """Every lot's conforming bids have totals and ranks; the draw among equals has a recorded seed."""
    session, procurement = step.session, get(step.session, procurement_id)
    sitting, known = members(session, procurement.id), factors(session, procurement.id)
    _settle_conformity(session, procurement)
    least = bidding.least_bidders(procurement)
    left = bidding.fail_lots(step, procurement, lambda lot: _left(session, lot, "qualified"), least=least)
    price_max = next(factor.max_points for factor in known if factor.kind == "price")
    seed, table = secrets.token_hex(16), []
    names = {bid.id: number for number, bid in bidding.bid_numbers(session, procurement.id).items()}
    for lot in left:
        bids = {bid.id: bid for bid in session.scalars(_of_lot(lot, "qualified"))}
        scored = [_scored(session, bid, sitting) for bid in bids.values()]
        for row in rules.ranking(scored, price_max, seed):
            bid = bids[row.bid_id]
            bid.total, bid.rank, bid.status = row.total, row.rank, "ranked"
            table.append(_rank_row(session, names[bid.id], lot, row))
    procurement.evaluation_ended_at = clock.now()
    session.flush()
    audit.record(
        session, step.actor, "bids.ranked", f"procurement/{procurement.id}", facts={"seed": seed, "lots": len(left)}
    )
    return {"ranking": table, "evaluation_ended": clock.today(), "result": "ranked" if left else "failed"}


def _of_lot(lot: Lot, *states: str) -> Any:
    return select(Bid).where(Bid.lot_id == lot.id, Bid.status.in_(states)).order_by(Bid.id)


def _settle_conformity(session: Session, procurement: Procurement) -> None:
    for bid in live_bids(session, procurement, "qualified").values():
        votes = session.scalars(select(Conformity.conforms).where(Conformity.bid_id == bid.id)).all()
        if not rules.conforms(votes):
            bid.status = "rejected"
            bid.invalid_reasons = [
                rules.Reason("not_conforming", "未通过符合性审查", "It does not conform to the documents",
                             "财政部令第87号 50").as_dict()
            ]  # fmt: skip
    session.flush()


def _scored(session: Session, bid: Bid, sitting: Sequence[CommitteeMember]) -> rules.Scored:
    sums = {member.id: Decimal() for member in sitting}
    for member_id, value in session.execute(select(Score.member_id, Score.value).where(Score.bid_id == bid.id)):
        sums[member_id] += value
    price = bid.final_price_fen or bid.price_fen
    assert price is not None
    return rules.Scored(bid.id, bid.supplier_id, price, tuple(sums.values()))


def _rank_row(session: Session, number: str, lot: Lot, row: rules.Ranked) -> dict[str, Any]:
    supplier = session.get_one(Organisation, row.supplier_id)
    return {
        "lot_no": lot.no, "lot_name": lot.name, "rank": row.rank, "bid_no": number, "supplier": supplier.name,
        "supplier_en": supplier.name_en, "price_fen": row.price_fen, "price_points": str(row.price_points),
        "quality_points": str(row.quality_points), "total": str(row.total), "tie": row.tie_broken_by,
    }  # fmt: skip


@connector(
    "procurement.record_report", zh="采购人收到评审报告", en="The report reaches the buyer",
    inputs=("procurement_id", "result"),
    outputs=("report_received", "result"),
)  # fmt: skip
def record_report(step: Step, *, procurement_id: object, result: object) -> Mapping[str, Any]:
    """The evaluation report stands in the file with every member's totals and dissent; the buyer's clock runs (D21)."""
    session, procurement = step.session, get(step.session, procurement_id)
    data = reading.form(step, "task_report")
    sitting = members(session, procurement.id)
    content = {
        "summary": reading.text(data, "summary"),
        "members": [
            {"name": session.get_one(Person, member.person_id).name, "dissent": member.dissent} for member in sitting
        ],
        "bids": [
            {
                "no": number, "supplier": supplier.name, "supplier_en": supplier.name_en, "status": bid.status,
                "total": None if bid.total is None else str(bid.total), "rank": bid.rank,
                "reasons": bid.invalid_reasons,
            }
            for number, bid in bidding.bid_numbers(session, procurement.id).items()
            for supplier in (session.get_one(Organisation, bid.supplier_id),)
        ],
    }  # fmt: skip
    notices.publish(
        session, step.actor, procurement, "evaluation_report", content, zh="评审报告", en="evaluation report",
        public=False,
    )  # fmt: skip
    procurement.report_received_at = clock.now()
    if result != "failed":
        procurement.status = "evaluated"
    return {"report_received": clock.today(), "result": result}
