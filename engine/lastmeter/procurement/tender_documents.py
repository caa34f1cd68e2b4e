"""The documents of a procurement: checked, issued, clarified; and the deadline that a material change moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.connectors import Step, connector
from lastmeter.definitions import tables
from lastmeter.errors import Missing
from lastmeter.identity import people
from lastmeter.identity.models import Organisation
from lastmeter.procurement import judging, notices, reading, rules
from lastmeter.procurement.errors import DocumentsUnlawful, TooEarly, TooLate
from lastmeter.procurement.legal_time import deadline, rule
from lastmeter.procurement.models import Bid, Clarification, Factor, Procurement
from lastmeter.procurement.procurements import get
from lastmeter.workflow import timers

# By method: least time from issue to deadline, how long the documents can be had, how long the notice stands.
PERIODS: Mapping[str, tuple[str, str, str]] = {
    "open_tender": ("D10", "D11", "D13"),
    "competitive_consultation": ("D14", "D15", "D17"),
}
CHECKED = ("content", "standard", "requirements", "supplier_conditions", "scoring_notes")
METHOD_NAMES: Mapping[str, tuple[str, str]] = {
    "open_tender": ("公开招标", "open tender"),
    "competitive_consultation": ("竞争性磋商", "competitive consultation"),
    "single_source": ("单一来源", "single source"),
}


@connector(
    "procurement.prepare_documents",
    zh="载入采购需求",
    en="Load the requirement",
    inputs=("procurement_id",),
    outputs=(
        "content",
        "standard",
        "requirements",
        "supplier_conditions",
        "earliest_deadline",
        "object_type",
        "method",
    ),
)
def prepare_documents(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """What the documents' form starts from: the settled requirement, and the earliest lawful deadline from today."""
    procurement = get(step.session, procurement_id)
    wanted = procurement.requirement
    least = PERIODS.get(procurement.method or "", PERIODS["open_tender"])[0]
    conditions = "；".join(
        f"{reading.text(row, 'condition')}（{reading.text(row, 'legal_basis')}）"
        for row in reading.rows(wanted, "supplier_conditions")
    )
    return {
        "content": reading.text(wanted, "content"),
        "standard": reading.text(wanted, "standard"),
        "requirements": reading.text(wanted, "requirements"),
        "supplier_conditions": conditions,
        "earliest_deadline": deadline(step.session, least, clock.today()).due,
        "object_type": procurement.object_type,
        "method": procurement.method,
    }


def factors_of(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scoring factors of the documents' form, the price first."""
    price = {"name": "价格", "name_en": "Price", "kind": "price", "max_points": data.get("price_points")}
    return [price, *({**row, "kind": "quality"} for row in reading.rows(data, "factors"))]


def document_reasons(session: Session, procurement: Procurement, data: Mapping[str, Any]) -> list[rules.Reason]:
    """Everything that stands against issuing these documents."""
    notice = {**data, "budget_fen": procurement.budget_fen, "method_text": procurement.method}
    factors = factors_of(data)
    texts = {name: reading.text(data, name) for name in CHECKED}
    texts |= {f"factor {row['name']}": f"{row['name']} {row.get('criterion') or ''}" for row in factors}
    price = Decimal(str(data.get("price_points") or 0))
    bond = None if data.get("bond_fen") is None else reading.whole(data["bond_fen"])
    asked = tables.of(session, judging.DOCUMENTS)
    return [
        *rules.notice_gaps(notice),
        *rules.factor_reasons(factors),
        *judging.scored_qualifications(asked, factors),
        *judging.price_weight(asked, procurement.method or "", procurement.object_type, price),
        *judging.forbidden_criteria(asked, texts),
        *judging.bid_bond(tables.of(session, judging.CONTRACT), procurement.budget_fen, bond),
    ]


@connector(
    "procurement.check_documents", zh="审查采购文件", en="Check the documents",
    inputs=("procurement_id", "price_weight"),
    outputs=("bid_deadline",),
)  # fmt: skip
def check_documents(step: Step, *, procurement_id: object, price_weight: object) -> Mapping[str, Any]:
    """The documents wait for approval. Raises DocumentsUnlawful with every finding, TooEarly for the deadline."""
    procurement, data = get(step.session, procurement_id), reading.form(step, "task_documents")
    reasons = document_reasons(step.session, procurement, data)
    if price_weight != "lawful" and not any(reason.code.startswith("price_weight") for reason in reasons):
        reasons.append(
            rules.Reason("price_weight", "价格权重不合法", "The price weight is not lawful", "财政部令第87号 55")
        )
    if reasons:
        raise DocumentsUnlawful(reasons)
    bid_deadline = _deadline_kept(step.session, procurement, data, clock.today())
    procurement.documents = reading.plain(data)
    return {"bid_deadline": reading.local(bid_deadline)}


def _deadline_kept(session: Session, procurement: Procurement, data: Mapping[str, Any], issued: dt.date) -> dt.datetime:
    """The deadline that the documents name, if it and the time to have them keep their minima. Raises TooEarly."""
    bid_deadline, docs_until = reading.instant(data.get("bid_deadline")), reading.day(data.get("docs_until"))
    least, had, _ = PERIODS[procurement.method or "open_tender"]
    for rule_id, given in ((least, reading.day(bid_deadline)), (had, docs_until)):
        earliest = deadline(session, rule_id, issued).due
        if given is None or given < earliest:
            law = rule(session, rule_id)
            raise TooEarly(
                rule=rule_id, earliest=earliest, given=given, source_zh=law.source_zh, source_en=law.source_en
            )
    assert bid_deadline is not None
    return bid_deadline


@connector(
    "procurement.issue_documents",
    zh="发布公告和采购文件",
    en="Publish and issue",
    inputs=("procurement_id",),
    outputs=("bid_deadline", "issued_on"),
)
def issue_documents(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """The notice is public, the documents can be had, bids are taken until the deadline. Raises TooEarly.

    The minima count from today: an approval that came late makes the deadline too early, and it goes back.
    """
    session, procurement = step.session, get(step.session, procurement_id)
    data, today = procurement.documents, clock.today()
    bid_deadline = _deadline_kept(session, procurement, data, today)
    procurement.issued_at, procurement.bid_deadline = clock.now(), bid_deadline
    procurement.docs_until = reading.day(data.get("docs_until"))
    procurement.status = "open"
    session.execute(delete(Factor).where(Factor.procurement_id == procurement.id))
    session.add_all(
        Factor(
            procurement_id=procurement.id, no=number, name=str(row["name"]), criterion=reading.text(row, "criterion"),
            kind=row["kind"], max_points=Decimal(str(row["max_points"])),
        )
        for number, row in enumerate(factors_of(data), 1)
    )  # fmt: skip
    zh, en = METHOD_NAMES[procurement.method or "open_tender"]
    content = {
        **{name: data.get(name) for name in (*CHECKED, "contact", "opening_place")},
        "method": procurement.method,
        "no": procurement.no,
        "budget_fen": procurement.budget_fen,
        "term_months": procurement.term_months,
        "lots": [{"no": lot.no, "name": lot.name, "budget_fen": lot.budget_fen} for lot in procurement.lots],
        "factors": factors_of(data),
        "docs_from": today,
        "docs_until": procurement.docs_until,
        "bid_deadline": reading.local(bid_deadline),
    }
    notices.publish(
        session, step.actor, procurement, "tender_notice", content, zh=f"{zh}公告", en=f"notice of {en}",
        until=deadline(session, PERIODS[procurement.method or "open_tender"][2], today).due,
    )  # fmt: skip
    return {"bid_deadline": reading.local(bid_deadline), "issued_on": today}


@connector(
    "procurement.clarify", zh="发出澄清或修改", en="Send a clarification",
    inputs=("procurement_id", "clarification_id"),
)  # fmt: skip
def clarify(step: Step, *, procurement_id: object, clarification_id: object) -> Mapping[str, Any]:
    """Everybody who bid or asked has the answer; a material one within fifteen days of the deadline moves it (D12)."""
    session, procurement = step.session, get(step.session, procurement_id)
    row = session.get(Clarification, reading.whole(clarification_id))
    if row is None or row.procurement_id != procurement.id:
        raise Missing(what="clarification", id=str(clarification_id))
    data = reading.form(step, "task_answer")
    row.answer, row.material, row.sent_at = reading.text(data, "answer"), data.get("material") is True, clock.now()
    if row.material:
        _move_deadline(step, procurement, row)
    notices.publish(
        session, step.actor, procurement, "amendment",
        {"question": row.question, "answer": row.answer, "material": row.material,
         "deadline_before": row.deadline_before, "deadline_after": row.deadline_after},
        zh="澄清或修改通知", en="clarification",
    )  # fmt: skip
    _tell_suppliers(session, procurement)
    return {}


def _move_deadline(step: Step, procurement: Procurement, row: Clarification) -> None:
    before = procurement.bid_deadline
    if before is None or clock.now() >= before:
        raise TooLate(what="bid_deadline", ended=before, now=clock.now())
    earliest = deadline(step.session, "D12", clock.today()).due
    local = reading.local(before)
    after = before
    if earliest > local.date():
        after = dt.datetime.combine(earliest, local.timetz()).astimezone(dt.UTC)
    row.deadline_before, row.deadline_after = before, after
    if after != before:
        procurement.bid_deadline = after
        timers.reschedule(
            step.session, step.actor, step.instance_id, "timer_deadline", after, reason=f"D12 {procurement.no}"
        )
        facts = {"before": before, "after": after, "clarification": row.id}
        audit.record(
            step.session, step.actor, "procurement.deadline_moved", f"procurement/{procurement.id}", facts=facts
        )


def _tell_suppliers(session: Session, procurement: Procurement) -> None:
    bidders = select(Bid.supplier_id).where(Bid.procurement_id == procurement.id, Bid.withdrawn_at.is_(None))
    asked = select(Clarification.asked_by).where(Clarification.procurement_id == procurement.id)
    known: Sequence[Organisation] = session.scalars(
        select(Organisation).where(Organisation.id.in_(bidders) | Organisation.id.in_(asked)).order_by(Organisation.id)
    ).all()
    for supplier in known:
        people.notify_role(session, "provider_manager", supplier.id, "procurement.clarified", no=procurement.no)
