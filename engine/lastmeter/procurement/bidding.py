"""Bids: handed in sealed until the deadline, read by nobody before two people have opened them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import audit, clock, keys
from lastmeter.actor import Actor
from lastmeter.connectors import Step, connector
from lastmeter.definitions import tables
from lastmeter.errors import Forbidden, InvalidInput, Missing
from lastmeter.identity import people
from lastmeter.identity.models import Organisation, Person
from lastmeter.procurement import judging, notices, reading, rules
from lastmeter.procurement.errors import BidRefused, NotOpenForBids, NotYetOpened, SameOpener, TooLate
from lastmeter.procurement.models import Bid, Clarification, Lot, Opening, Procurement, Suspension
from lastmeter.procurement.procurements import get
from lastmeter.workflow import messages
from lastmeter.workflow.models import Submission

MOST_FILES = 20


@dataclass(frozen=True)
class Receipt:
    """What a supplier is told about a bid that was taken: the hash proves later what was in it."""

    bid_id: int
    lot_no: int
    sealed_at: dt.datetime
    sha256: str


@dataclass(frozen=True)
class OwnBid:
    """A supplier's own bid, readable for its manager at any time."""

    receipt: Receipt
    status: str
    content: Mapping[str, Any]
    withdrawn_at: dt.datetime | None


def key_class(procurement_id: int) -> str:
    """Each procurement's bids are sealed under a key of their own."""
    return f"bid/{procurement_id}"


def supplier_of(session: Session, actor: Actor) -> Organisation:
    """The provider for which the actor may bid. Raises Forbidden."""
    seats = sorted(actor.organisations("provider_manager"))
    found = session.get(Organisation, seats[0]) if seats and actor.may("bid.own") else None
    if found is None:
        raise Forbidden(permission="bid.own")
    return found


def _open_procurement(session: Session, procurement_id: int) -> Procurement:
    """The procurement, locked against its deadline being moved while a bid comes in.

    Raises Missing, NotOpenForBids, TooLate.
    """
    found = session.scalar(select(Procurement).where(Procurement.id == procurement_id).with_for_update(key_share=True))
    if found is None or found.issued_at is None:
        raise Missing(what="procurement", id=procurement_id)
    if found.status != "open" or found.bid_deadline is None:
        raise NotOpenForBids(status=found.status)
    standing_still = select(Suspension.id).where(Suspension.procurement_id == found.id, Suspension.lifted_at.is_(None))
    if session.scalar(standing_still.limit(1)) is not None:
        raise NotOpenForBids(status="suspended")
    if clock.now() >= found.bid_deadline:
        raise TooLate(what="bid_deadline", ended=reading.local(found.bid_deadline), now=reading.local(clock.now()))
    return found


def open_for(session: Session, actor: Actor) -> list[Procurement]:
    """The procurements that take bids now, the nearest deadline first."""
    supplier_of(session, actor)
    query = select(Procurement).where(Procurement.status == "open", Procurement.bid_deadline > clock.now())
    return list(session.scalars(query.order_by(Procurement.bid_deadline, Procurement.id)))


def submit(
    session: Session, actor: Actor, procurement_id: int, data: Mapping[str, Any], files: Sequence[int] = ()
) -> Receipt:
    """The bid lies sealed; an earlier one of the same supplier for the lot is replaced.

    `data`: lot_no, price_fen, declaration_3y, statement, consortium (uscc list). Raises TooLate (with both times),
    NotOpenForBids, BidRefused, Forbidden, Missing.
    """
    supplier = supplier_of(session, actor)
    procurement = _open_procurement(session, procurement_id)
    lot = session.scalar(
        select(Lot).where(Lot.procurement_id == procurement.id, Lot.no == reading.whole(data.get("lot_no")))
    )
    if lot is None:
        raise Missing(what="lot", no=str(data.get("lot_no")))
    if len(files) > MOST_FILES:
        raise InvalidInput(field="files", reason="too_many", most=MOST_FILES)
    content = _content(data, supplier, files)
    _check(session, procurement, lot, supplier, content)
    plain = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    bid = session.scalar(select(Bid).where(Bid.lot_id == lot.id, Bid.supplier_id == supplier.id).with_for_update())
    bid = bid or Bid(procurement_id=procurement.id, lot_id=lot.id, supplier_id=supplier.id)
    bid.sealed = keys.encrypt(session, key_class(procurement.id), plain)
    bid.sealed_at, bid.sha256 = clock.now(), hashlib.sha256(plain).hexdigest()
    bid.submitted_by, bid.status, bid.withdrawn_at = _person(actor), "sealed", None
    session.add(bid)
    session.flush()
    facts = {"lot": lot.no, "sha256": bid.sha256}
    audit.record(session, actor, "bid.submitted", f"bid/{bid.id}", chain=f"procurement/{procurement.id}", facts=facts)
    return _receipt(bid, lot)


def _content(data: Mapping[str, Any], supplier: Organisation, files: Sequence[int]) -> dict[str, Any]:
    return {
        "supplier_uscc": supplier.uscc,
        "price_fen": reading.whole(data.get("price_fen")),
        "declaration_3y": data.get("declaration_3y") is True,
        "statement": reading.text(data, "statement")[:20_000],
        "consortium": [str(code) for code in data.get("consortium") or ()],
        "bond_proof": data.get("bond_proof"),
        "files": sorted(set(files)),
    }


def _check(
    session: Session, procurement: Procurement, lot: Lot, supplier: Organisation, content: Mapping[str, Any]
) -> None:
    reasons = rules.bid_reasons(content, lot.budget_fen)
    asked = tables.of(session, judging.BIDS)
    reasons += judging.eligibility(asked, supplier_facts(supplier), (), clock.today())
    if reasons:
        raise BidRefused(reasons, procurement=procurement.no)


def supplier_facts(supplier: Organisation, *, declared_clean: bool = True) -> rules.Supplier:
    """What the eligibility rules read of an organisation."""
    return rules.Supplier(
        id=supplier.id,
        name=supplier.name,
        uscc=supplier.uscc,
        kind=supplier.kind,
        controller_key=supplier.controller_key,
        responsible_person=supplier.responsible_person,
        blacklisted_until=supplier.blacklisted_until,
        declared_clean=declared_clean,
    )


def withdraw(session: Session, actor: Actor, procurement_id: int, lot_no: int) -> None:
    """The supplier's bid for the lot no longer counts and stays unread. Raises TooLate, Missing, Forbidden."""
    supplier = supplier_of(session, actor)
    procurement = _open_procurement(session, procurement_id)
    bid = session.scalar(
        select(Bid)
        .join(Lot, Lot.id == Bid.lot_id)
        .where(Lot.procurement_id == procurement.id, Lot.no == lot_no, Bid.supplier_id == supplier.id)
        .with_for_update(of=Bid)
    )
    if bid is None or bid.withdrawn_at is not None:
        raise Missing(what="bid", lot=lot_no)
    bid.withdrawn_at, bid.status = clock.now(), "withdrawn"
    audit.record(session, actor, "bid.withdrawn", f"bid/{bid.id}", chain=f"procurement/{procurement.id}")


def own(session: Session, actor: Actor, procurement_id: int) -> list[OwnBid]:
    """The supplier's own bids, by lot; they stay readable for it after the deadline too."""
    supplier = supplier_of(session, actor)
    rows = session.execute(
        select(Bid, Lot)
        .join(Lot, Lot.id == Bid.lot_id)
        .where(Bid.procurement_id == procurement_id, Bid.supplier_id == supplier.id)
        .order_by(Lot.no)
    )
    return [OwnBid(_receipt(bid, lot), bid.status, _unseal(session, bid), bid.withdrawn_at) for bid, lot in rows]


def opened(session: Session, actor: Actor, procurement_id: int) -> list[Bid]:
    """The bids after their opening, for those who may see them. Raises NotYetOpened, Forbidden."""
    procurement = get(session, procurement_id)
    if not actor.may("bid.view"):
        raise Forbidden(permission="bid.view")
    if session.scalar(select(Opening.id).where(Opening.procurement_id == procurement.id)) is None:
        raise NotYetOpened(deadline=procurement.bid_deadline)
    return opened_bids(session, procurement.id)


def opened_bids(session: Session, procurement_id: int) -> list[Bid]:
    """Every opened bid by lot, in the order in which they were sealed."""
    query = select(Bid).join(Lot, Lot.id == Bid.lot_id).where(Bid.procurement_id == procurement_id)
    return list(session.scalars(query.where(Bid.opening_id.is_not(None)).order_by(Lot.no, Bid.sealed_at, Bid.id)))


def bid_numbers(session: Session, procurement_id: int) -> dict[str, Bid]:
    """The opened bids by the number that forms show: lot and place in the order of sealing, `1-2`."""
    numbers: dict[str, Bid] = {}
    count: dict[int, int] = {}
    lots = {lot.id: lot.no for lot in session.scalars(select(Lot).where(Lot.procurement_id == procurement_id))}
    for bid in opened_bids(session, procurement_id):
        count[bid.lot_id] = count.get(bid.lot_id, 0) + 1
        numbers[f"{lots[bid.lot_id]}-{count[bid.lot_id]}"] = bid
    return numbers


def inquire(session: Session, actor: Actor, procurement_id: int, question: str) -> Clarification:
    """The question lies before the agency, to be answered within three working days (D40).

    Raises TooLate, InvalidInput.
    """
    supplier = supplier_of(session, actor)
    procurement = _open_procurement(session, procurement_id)
    question = question.strip()
    if not 5 <= len(question) <= 5000:
        raise InvalidInput(field="question", reason="length", least=5, most=5000)
    row = Clarification(procurement_id=procurement.id, asked_by=supplier.id, asked_at=clock.now(), question=question)
    session.add(row)
    session.flush()
    payload = {"clarification_id": row.id, "asked_on": clock.today(), "question": question}
    messages.publish(session, actor, "tender.inquiry", procurement.no, payload)
    audit.record(session, actor, "procurement.inquiry", f"procurement/{procurement.id}", facts={"row": row.id})
    return row


def amend(session: Session, actor: Actor, procurement_id: int, subject: str) -> Clarification:
    """The buyer's side changes its documents: a clarification that nobody asked for. Raises Forbidden, TooLate."""
    procurement = _open_procurement(session, procurement_id)
    seats = {procurement.agency_id, procurement.district_id}
    if not (actor.organisations("agency_officer", "district_officer") & seats):
        raise Forbidden(permission="procurement.amend")
    row = Clarification(procurement_id=procurement.id, question=subject.strip()[:5000])
    session.add(row)
    session.flush()
    payload = {"clarification_id": row.id, "asked_on": clock.today(), "question": row.question}
    messages.publish(session, actor, "tender.inquiry", procurement.no, payload)
    return row


# --- the opening --------------------------------------------------------------------------------------------


@connector(
    "procurement.open_bids", zh="启封投标文件", en="Open the bids", inputs=("procurement_id",), outputs=("result",)
)
def open_bids(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """The bids are readable and the opening record stands. Raises NotYetOpened before the deadline, SameOpener.

    Two different people have acted: whoever opened and whoever witnessed. Lots with fewer than three bidders fail.
    Source: 政府采购法 36(一).
    """
    session = step.session
    procurement = session.scalars(
        select(Procurement).where(Procurement.id == reading.whole(procurement_id)).with_for_update(key_share=True)
    ).one()
    if procurement.bid_deadline is None or clock.now() < procurement.bid_deadline:
        raise NotYetOpened(deadline=procurement.bid_deadline and reading.local(procurement.bid_deadline))
    opener, witness = submitter(step, "task_open"), submitter(step, "task_witness")
    if opener == witness:
        raise SameOpener(person=opener)
    opening = Opening(
        procurement_id=procurement.id, deadline=procurement.bid_deadline, opened_at=clock.now(), opened_by=opener,
        witnessed_by=witness,
    )  # fmt: skip
    session.add(opening)
    session.flush()
    sealed = _sealed(session, procurement.id)
    contents = {bid.id: _unseal(session, bid) for bid in sealed}
    twice = _in_two_bids(session, sealed, contents)
    rows = [_open_one(session, bid, opening, contents[bid.id], twice) for bid in sealed]
    session.flush()
    facts = {"opened_by": opener, "witnessed_by": witness, "bids": len(rows)}
    audit.record(session, step.actor, "bids.opened", f"procurement/{procurement.id}", facts=facts)
    notice = notices.publish(
        session, step.actor, procurement, "opening_record",
        {"opened_at": reading.local(opening.opened_at), "deadline": reading.local(opening.deadline),
         "opened_by": _name(session, opener), "witnessed_by": _name(session, witness), "bids": rows},
        zh="开标记录", en="opening record", public=False,
    )  # fmt: skip
    opening.notice_id = notice.id
    procurement.status = "opened"
    left = fail_lots(step, procurement, lambda lot: _bidders(session, lot), least=least_bidders(procurement))
    return {"result": "opened" if left else "failed"}


def least_bidders(procurement: Procurement) -> int:
    """How many suppliers a lot needs; 磋商 for purchased services may go on with two. Source: 财库〔2015〕124号."""
    two = procurement.method == "competitive_consultation" and (
        procurement.requirement.get("circumstance") == "purchased_service"
    )
    return 2 if two else rules.LEAST_BIDDERS


def submitter(step: Step, element_id: str) -> int:
    """Who handed in the newest submission of that element."""
    person = step.session.scalar(
        select(Submission.person_id)
        .where(Submission.instance_id == step.instance_id, Submission.element_id == element_id)
        .order_by(Submission.id.desc())
        .limit(1)
    )
    if person is None:
        raise Missing(what="submission", element=element_id)
    return person


def _sealed(session: Session, procurement_id: int) -> list[Bid]:
    query = select(Bid).where(Bid.procurement_id == procurement_id, Bid.withdrawn_at.is_(None))
    return list(session.scalars(query.order_by(Bid.lot_id, Bid.sealed_at, Bid.id).with_for_update()))


def _in_two_bids(session: Session, bids: Sequence[Bid], contents: Mapping[int, Mapping[str, Any]]) -> set[int]:
    """The bids of a lot that share a member, alone or in a consortium. Source: 条例 22."""
    members: dict[tuple[int, str], list[int]] = {}
    for bid in bids:
        own_code = session.get_one(Organisation, bid.supplier_id).uscc or ""
        for code in {own_code, *contents[bid.id].get("consortium", ())}:
            members.setdefault((bid.lot_id, code), []).append(bid.id)
    return {bid_id for sharing in members.values() if len(sharing) > 1 for bid_id in sharing}


def _open_one(session: Session, bid: Bid, opening: Opening, content: dict[str, Any], twice: set[int]) -> dict[str, Any]:
    lot = session.get_one(Lot, bid.lot_id)
    supplier = session.get_one(Organisation, bid.supplier_id)
    reasons = rules.bid_reasons(content, lot.budget_fen)
    if bid.id in twice:
        reasons.append(
            rules.Reason(
                "consortium_twice", "联合体成员不得再单独或者另组联合体参加", "A consortium member bids once", "条例 22"
            )
        )
    bid.opening_id, bid.content = opening.id, content
    bid.price_fen = content["price_fen"] if content["price_fen"] > 0 else None
    bid.invalid_reasons = [reason.as_dict() for reason in reasons]
    bid.status = "invalid" if reasons else "opened"
    return {
        "lot": lot.no, "supplier": supplier.name, "supplier_en": supplier.name_en, "uscc": supplier.uscc,
        "price_fen": bid.price_fen,
        "sealed_at": reading.local(bid.sealed_at), "sha256": bid.sha256, "status": bid.status,
        "reasons": bid.invalid_reasons,
    }  # fmt: skip


def _unseal(session: Session, bid: Bid) -> dict[str, Any]:
    plain = keys.decrypt(session, key_class(bid.procurement_id), bid.sealed)
    content: dict[str, Any] = orjson.loads(plain)
    return content


def _bidders(session: Session, lot: Lot) -> int:
    """How many independent suppliers bid validly for the lot."""
    bids = session.scalars(select(Bid).where(Bid.lot_id == lot.id, Bid.status.in_(("opened", "qualified")))).all()
    return len({bid.supplier_id for bid in bids})


def fail_lots(step: Step, procurement: Procurement, count: Any, *, least: int) -> list[Lot]:
    """The lots that go on; the others have failed, with a public notice and word to every bidder (政府采购法 36)."""
    session = step.session
    going_on: list[Lot] = []
    failed: list[Lot] = []
    for lot in procurement.lots:
        if lot.status != "open":
            continue
        (going_on if count(lot) >= least else failed).append(lot)
    for lot in failed:
        lot.status = "failed"
    if failed:
        content = {"lots": [{"no": lot.no, "name": lot.name} for lot in failed], "least": least}
        notices.publish(session, step.actor, procurement, "failure", content, zh="废标公告", en="notice of failure")
        _tell_bidders(session, failed, procurement.no)
    if not going_on:
        procurement.status, procurement.ended_at = "failed", clock.now()
    session.flush()
    return going_on


def _tell_bidders(session: Session, lots: Sequence[Lot], no: str) -> None:
    found = session.scalars(
        select(Bid.supplier_id).where(Bid.lot_id.in_([lot.id for lot in lots]), Bid.withdrawn_at.is_(None)).distinct()
    )
    for supplier_id in sorted(found):
        people.notify_role(session, "provider_manager", supplier_id, "procurement.failed", no=no)


def _receipt(bid: Bid, lot: Lot) -> Receipt:
    return Receipt(bid.id, lot.no, bid.sealed_at, bid.sha256)


def _person(actor: Actor) -> int:
    if actor.person_id is None:
        raise Forbidden(permission="bid.own")
    return actor.person_id


def _name(session: Session, person_id: int) -> str:
    return session.get_one(Person, person_id).name
