"""What consultation and single source do beyond a tender: rounds and final prices, publicity and price talks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import select

from lastmeter import audit, clock, keys
from lastmeter.connectors import Step, connector
from lastmeter.definitions import tables
from lastmeter.errors import InvalidInput, Missing
from lastmeter.identity.models import Organisation
from lastmeter.identity.people import actor_of
from lastmeter.procurement import awards, bidding, committees, judging, notices, reading, rules
from lastmeter.procurement.errors import BidRefused
from lastmeter.procurement.legal_time import deadline, working_days_after
from lastmeter.procurement.models import Bid, Lot, Opening
from lastmeter.procurement.procurements import get

# 财库〔2014〕214号 20 leaves the time for final prices to the group: one working day is our parameter.
DAYS_FOR_FINAL_PRICE = 1


# --- consultation -------------------------------------------------------------------------------------------


@connector(
    "procurement.prepare_rounds",
    zh="载入磋商供应商",
    en="Load the suppliers",
    inputs=("procurement_id",),
    outputs=("suppliers", "consultations", "bid_options", "final_due"),
)
def prepare_rounds(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """Who is consulted: the suppliers of every qualified response."""
    session, procurement = step.session, get(step.session, procurement_id)
    bids = committees.live_bids(session, procurement, "qualified")
    return {
        "suppliers": sorted({bid.supplier_id for bid in bids.values()}),
        "consultations": [{"bid_no": number} for number in bids],
        "bid_options": [committees.bid_label(session, number, bid) for number, bid in bids.items()],
        "final_due": working_days_after(session, clock.today(), DAYS_FOR_FINAL_PRICE),
    }


@connector(
    "procurement.record_round",
    zh="登记磋商记录",
    en="Record the round",
    inputs=("procurement_id",),
    outputs=("final_due",),
)
def record_round(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """The round's record stands in the file; the final price is due a working day after the last one."""
    session, procurement = step.session, get(step.session, procurement_id)
    data = reading.form(step, "task_consult")
    bids = committees.live_bids(session, procurement, "qualified")
    rows = reading.rows(data, "consultations")
    if {str(row.get("bid_no")) for row in rows} != bids.keys():
        raise InvalidInput(field="consultations", reason="every_bid_once", expected=sorted(bids))
    notices.publish(
        session, step.actor, procurement, "consultation_record", {"consultations": rows}, zh="磋商记录",
        en="record of consultation", public=False,
    )  # fmt: skip
    return {"final_due": working_days_after(session, clock.today(), DAYS_FOR_FINAL_PRICE)}


@connector("procurement.record_final_prices", zh="登记最后报价", en="Record final prices", inputs=("procurement_id",))
def record_final_prices(step: Step, *, procurement_id: object) -> None:
    """Each response has its final price; whoever gave none in time, or none that counts, has dropped out.

    Source: 财库〔2014〕214号 20–22.
    """
    session, procurement = step.session, get(step.session, procurement_id)
    quoted: dict[tuple[int, int], int] = {}
    for person, data in committees.by_person(step, "task_final"):
        for supplier_id in _seats(step, person):
            for row in reading.rows(data, "quotes"):
                quoted[supplier_id, reading.whole(row.get("lot_no"))] = reading.whole(row.get("final_price_fen"))
    for bid in committees.live_bids(session, procurement, "qualified").values():
        lot = session.get_one(Lot, bid.lot_id)
        price = quoted.get((bid.supplier_id, lot.no))
        if price is not None and 0 < price <= lot.budget_fen:
            bid.final_price_fen = price
            continue
        bid.status = "rejected"
        bid.invalid_reasons = [
            rules.Reason(
                "no_final_price",
                "未在规定时间内提交有效的最后报价",
                "No valid final price in time",
                "财库〔2014〕214号 21",
            ).as_dict()
        ]
    session.flush()
    audit.record(session, step.actor, "prices.final", f"procurement/{procurement.id}", facts={"count": len(quoted)})


def _seats(step: Step, person_id: int) -> list[int]:
    """The organisations for which a person manages bids."""
    return sorted(actor_of(step.session, person_id).organisations("provider_manager"))


# --- single source ------------------------------------------------------------------------------------------


@connector(
    "procurement.record_single_source", zh="登记单一来源理由", en="Record the reasons", inputs=("procurement_id",),
    outputs=("needs_publicity", "prices", "lot_options"),
)  # fmt: skip
def record_single_source(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """The intended supplier and the reasons stand; `needs_publicity` where the law asks for it (条例 38).

    Raises Missing for an unknown supplier, BidRefused where it is not eligible.
    """
    procurement, data = get(step.session, procurement_id), reading.form(step, "task_reason")
    supplier = _supplier(step, reading.text(data, "supplier_uscc"))
    asked = tables.of(step.session, judging.BIDS)
    facts = bidding.supplier_facts(supplier)
    reasons = judging.eligibility(asked, facts, (), clock.today(), single_source=True)
    if reasons:
        raise BidRefused(reasons, supplier=supplier.name)
    procurement.documents = reading.plain(data)
    # The table of methods decided it (DT1); a choice of before it did so is made public where it might have to be.
    only = procurement.requirement.get("circumstance") == "only_supplier"
    lots = [lot for lot in procurement.lots if lot.status == "open"]
    return {
        "needs_publicity": procurement.method_basis.get("publicity", only),
        "prices": [{"lot_no": lot.no} for lot in lots],
        "lot_options": awards.lot_options(lots),
    }


def _supplier(step: Step, uscc: str) -> Organisation:
    found = step.session.scalar(select(Organisation).where(Organisation.uscc == uscc, Organisation.tree == "provider"))
    if found is None:
        raise Missing(what="supplier", uscc=uscc)
    return found


@connector(
    "procurement.publish_single_source", zh="单一来源公示", en="Publish the single source", inputs=("procurement_id",),
    outputs=("publicity_end",),
)  # fmt: skip
def publish_single_source(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """Supplier and reasons are public for five working days at least (D18). Source: 条例 38."""
    session, procurement = step.session, get(step.session, procurement_id)
    until = deadline(session, "D18", clock.today()).due
    supplier = _supplier(step, reading.text(procurement.documents, "supplier_uscc"))
    content = {
        "supplier": supplier.name, "supplier_en": supplier.name_en, "uscc": supplier.uscc,
        "budget_fen": procurement.budget_fen, "reason": procurement.documents.get("only_reason"),
        "opinion": procurement.documents.get("expert_opinion"),
    }  # fmt: skip
    notices.publish(
        session, step.actor, procurement, "single_source", content, zh="单一来源公示", en="single-source publicity",
        until=until,
    )  # fmt: skip
    return {"publicity_end": until}


@connector(
    "procurement.drop_single_source", zh="终止单一来源", en="Drop the single source", inputs=("procurement_id",),
    outputs=("result",),
)  # fmt: skip
def drop_single_source(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """An objection was upheld: there is more than one supplier, another method must be found."""
    procurement = get(step.session, procurement_id)
    procurement.status, procurement.ended_at = "failed", clock.now()
    for lot in procurement.lots:
        lot.status = "failed"
    audit.record(step.session, step.actor, "single_source.dropped", f"procurement/{procurement.id}")
    return {"result": "failed"}


@connector(
    "procurement.record_talks",
    zh="登记成交价格",
    en="Record the price",
    inputs=("procurement_id",),
    outputs=("report_received", "result"),
)
def record_talks(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """The price agreed stands as the only offer, put on record by two different people.

    Raises BidRefused, InvalidInput. Source: 政府采购法 39; 财政部令第74号 42.
    """
    session, procurement, now = step.session, get(step.session, procurement_id), clock.now()
    data = reading.form(step, "task_talks")
    supplier = _supplier(step, reading.text(procurement.documents, "supplier_uscc"))
    prices = {
        reading.whole(row.get("lot_no")): reading.whole(row.get("price_fen")) for row in reading.rows(data, "prices")
    }
    lots = [lot for lot in procurement.lots if lot.status == "open"]
    if prices.keys() != {lot.no for lot in lots}:
        raise InvalidInput(field="prices", reason="every_lot_once", expected=[lot.no for lot in lots])
    talker, witness = bidding.submitter(step, "task_talks"), bidding.submitter(step, "task_confirm")
    opening = Opening(
        procurement_id=procurement.id, deadline=now, opened_at=now, opened_by=talker, witnessed_by=witness
    )
    session.add(opening)
    session.flush()
    for lot in lots:
        _offer(step, lot, supplier, prices[lot.no], opening, talker)
    content = {
        "supplier": supplier.name, "supplier_en": supplier.name_en, "prices": prices,
        "record": reading.text(data, "talks_record"),
    }  # fmt: skip
    notices.publish(
        session, step.actor, procurement, "price_record", content, zh="协商情况记录", en="record of price talks",
        public=False,
    )  # fmt: skip
    procurement.evaluation_ended_at = procurement.report_received_at = now
    procurement.status = "evaluated"
    session.flush()
    return {"report_received": clock.today(), "result": "ranked"}


def _offer(step: Step, lot: Lot, supplier: Organisation, price: int, opening: Opening, talker: int) -> None:
    content: dict[str, Any] = {"supplier_uscc": supplier.uscc, "price_fen": price, "declaration_3y": True, "files": []}
    reasons = rules.bid_reasons(content, lot.budget_fen)
    if reasons:
        raise BidRefused(reasons, lot=lot.no)
    plain = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    bid = Bid(
        procurement_id=lot.procurement_id, lot_id=lot.id, supplier_id=supplier.id, submitted_by=talker,
        sealed=keys.encrypt(step.session, bidding.key_class(lot.procurement_id), plain), sealed_at=opening.opened_at,
        sha256=hashlib.sha256(plain).hexdigest(), opening_id=opening.id, content=content, price_fen=price,
        status="ranked", rank=1,
    )  # fmt: skip
    step.session.add(bid)
