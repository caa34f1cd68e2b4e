"""Challenges and complaints: received or rejected, answered, decided; the procurement suspended, resumed, voided.

A challenge runs beside the procurement that it is about. What it does to that procurement's instances leaves as jobs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.orm import Session

from lastmeter import audit, clock, outbox
from lastmeter.actor import SYSTEM
from lastmeter.connectors import Step, connector
from lastmeter.errors import Missing
from lastmeter.identity import people
from lastmeter.identity.models import Organisation
from lastmeter.outbox import Job
from lastmeter.procurement import awards, notices, reading, rules
from lastmeter.procurement.errors import ComplaintRefused
from lastmeter.procurement.legal_time import deadline
from lastmeter.procurement.models import Bid, Challenge, Complaint, Notice, Opening, Procurement, Suspension
from lastmeter.procurement.procurements import get, named
from lastmeter.stations import contracts
from lastmeter.stations.models import Contract
from lastmeter.workflow import instances, messages, suspension
from lastmeter.workflow.models import Instance
from lastmeter.workflow.refusals import InstanceEnded

MATTERS: Mapping[str, tuple[str, str]] = {
    "documents": ("采购文件", "the documents"),
    "process": ("采购过程", "the process"),
    "result": ("中标、成交结果", "the result"),
}


def challenge_of(session: Session, challenge_id: object) -> Challenge:
    """Raises Missing."""
    found = session.get(Challenge, reading.whole(challenge_id))
    if found is None:
        raise Missing(what="challenge", id=str(challenge_id))
    return found


# --- receiving ----------------------------------------------------------------------------------------------


def file_times(session: Session, procurement: Procurement, supplier_id: int) -> rules.FileTimes:
    """The days on which this supplier could know of a harm. Source: 条例 53."""
    notice = _notice_until(session, procurement, "tender_notice")
    opening = session.scalar(select(Opening.opened_at).where(Opening.procurement_id == procurement.id))
    had = session.scalar(
        select(func.min(Bid.sealed_at)).where(Bid.procurement_id == procurement.id, Bid.supplier_id == supplier_id)
    )
    step = procurement.evaluation_ended_at or opening
    return rules.FileTimes(
        issued=_day(procurement.issued_at),
        notice_ended=notice,
        # Whoever bid had the documents on the day of the bid at the latest, within the time they were offered.
        documents_had=None
        if had is None
        else min(clock.local_day(had), procurement.docs_until or clock.local_day(had)),
        step_ended=_day(step),
        award_notice_ended=_notice_until(session, procurement, "award"),
    )


def _notice_until(session: Session, procurement: Procurement, kind: str) -> dt.date | None:
    return session.scalar(
        select(Notice.until)
        .where(Notice.procurement_id == procurement.id, Notice.kind == kind)
        .order_by(Notice.id.desc())
        .limit(1)
    )


def _day(instant: dt.datetime | None) -> dt.date | None:
    return None if instant is None else clock.local_day(instant)


@connector(
    "procurement.receive_challenge",
    zh="收到质疑函",
    en="Receive a challenge",
    outputs=(
        "accepted",
        "challenge_id",
        "challenge_no",
        "procurement_no",
        "received_on",
        "reply_due",
        "matter",
        "reject_reasons",
    ),
)
def receive_challenge(step: Step) -> Mapping[str, Any]:
    """The challenge has a number; `accepted` tells whether standing and time hold, else why not (D41, 条例 53).

    A challenge that came too late is on record with its reason. Raises Missing for an unknown procurement.
    """
    session, data = step.session, reading.form(step, "start_challenge")
    procurement = named(session, reading.text(data, "procurement_no"))
    challenger_id, matter = step.parties["challenger"], reading.text(data, "matter")
    step.set_party("district", procurement.district_id)
    if procurement.agency_id:
        step.set_party("agency", procurement.agency_id)
    known = rules.harm_known(matter, file_times(session, procurement, challenger_id))
    ends = deadline(session, "D41", known).due if known else None
    made = Challenge(
        no=_next_number(session, procurement),
        procurement_id=procurement.id,
        challenger_id=challenger_id,
        matter=matter,
        facts=reading.text(data, "facts"),
        request=reading.text(data, "request"),
        legal_basis=reading.text(data, "legal_basis"),
        known_on=known,
        window_ends=ends,
        received_at=clock.now(),
        instance_id=step.instance_id,
    )
    session.add(made)
    session.flush()
    step.set_business_key(made.no)
    step.set_title(f"质疑 {made.no}：{procurement.title}"[:200], f"Challenge {made.no}: {procurement.title_en}"[:200])
    reasons = _standing(session, procurement, made)
    if reasons:
        return _reject(step, made, reasons)
    made.reply_due = deadline(session, "D42", clock.today()).due
    audit.record(session, step.actor, "challenge.received", f"challenge/{made.id}", facts={"matter": matter})
    people.notify_role(
        session,
        "district_officer",
        procurement.district_id,
        "challenge.received",
        no=made.no,
        procurement=procurement.no,
    )
    return {
        "accepted": True,
        "challenge_id": made.id,
        "challenge_no": made.no,
        "procurement_no": procurement.no,
        "received_on": clock.today(),
        "reply_due": made.reply_due,
        "matter": matter,
    }


def _standing(session: Session, procurement: Procurement, made: Challenge) -> list[rules.Reason]:
    took_part = session.scalar(
        select(Bid.id).where(
            Bid.procurement_id == procurement.id, Bid.supplier_id == made.challenger_id, Bid.withdrawn_at.is_(None)
        ).limit(1)
    )  # fmt: skip
    challenger = session.get_one(Organisation, made.challenger_id)
    reasons = rules.standing_reasons(
        made.matter, took_part=took_part is not None, could_take_part=challenger.tree == "provider"
    )
    if made.known_on is None:
        reasons.append(
            rules.Reason("nothing_yet", "所质疑的事项尚未发生", "What is challenged has not happened yet", "条例 53")
        )
    elif made.window_ends is not None and clock.today() > made.window_ends:
        reasons.append(
            rules.Reason(
                "challenge_late", f"质疑期限已于{made.window_ends}届满（自{made.known_on}起7个工作日）",
                f"The time to challenge ended on {made.window_ends}, seven working days from {made.known_on}",
                "政府采购法 52；条例 53",
            )
        )  # fmt: skip
    # 令94 10: a supplier challenges one step once.
    again = session.scalar(
        select(Challenge.id).where(
            Challenge.procurement_id == procurement.id, Challenge.challenger_id == made.challenger_id,
            Challenge.matter == made.matter, Challenge.id != made.id,
            or_(Challenge.result.is_(None), Challenge.result != "rejected"),
        ).limit(1)
    )  # fmt: skip
    if again is not None:
        reasons.append(
            rules.Reason("challenged_before", "针对同一环节的质疑应一次性提出", "One step is challenged once",
                         "财政部令第94号 10")
        )  # fmt: skip
    return reasons


def _reject(step: Step, made: Challenge, reasons: list[rules.Reason]) -> Mapping[str, Any]:
    made.result, made.reject_reason = "rejected", reasons[0].code
    made.reply = "；".join(reason.zh for reason in reasons)
    made.replied_at = clock.now()
    facts = {"reasons": [reason.code for reason in reasons], "window_ends": made.window_ends}
    audit.record(step.session, step.actor, "challenge.rejected", f"challenge/{made.id}", facts=facts)
    people.notify_role(
        step.session, "provider_manager", made.challenger_id, "challenge.rejected", no=made.no,
        reason_zh="；".join(reason.zh for reason in reasons), reason_en="; ".join(reason.en for reason in reasons),
    )  # fmt: skip
    return {
        "accepted": False,
        "challenge_id": made.id,
        "challenge_no": made.no,
        "reject_reasons": [reason.as_dict() for reason in reasons],
    }


def _next_number(session: Session, procurement: Procurement) -> str:
    key = f"challenge/{procurement.id}"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 11))"), {"key": key})
    count = session.scalar(select(func.count()).where(Challenge.procurement_id == procurement.id))
    return f"{procurement.no}-ZY{(count or 0) + 1:02d}"


# --- standing still -----------------------------------------------------------------------------------------


def _standing_instances(session: Session, procurement: Procurement) -> Iterator[int]:
    """The roots that a suspension stops: the tender itself, and the contracts that came of it, signed or performed."""
    performed = select(Contract.number).where(Contract.procurement_id == procurement.id)
    term = (Instance.definition_key == "contract_term") & Instance.business_key.in_(performed)
    yield from _roots(session, or_(Instance.id == procurement.instance_id, _signing(procurement), term))


def _signing(procurement: Procurement) -> ColumnElement[bool]:
    """The condition on Instance that it brings one of the procurement's contracts to signature."""
    drafted = select(Contract.instance_id).where(Contract.procurement_id == procurement.id)
    awarded = Instance.business_key.startswith(procurement.no, autoescape=True)
    return Instance.id.in_(drafted) | ((Instance.definition_key == "contract") & awarded)


def _roots(session: Session, which: ColumnElement[bool]) -> list[int]:
    query = select(Instance.id).where(Instance.parent_id.is_(None), Instance.state == "running", which)
    return list(session.scalars(query.order_by(Instance.id)))


def stand_still(
    step: Step, challenge: Challenge, kind: str, reason: str, *, until: dt.date | None = None
) -> Suspension:
    """The procurement and its contracts are suspended from now on, by jobs after commit."""
    session, procurement = step.session, get(step.session, challenge.procurement_id)
    made = Suspension(
        procurement_id=procurement.id, challenge_id=challenge.id, kind=kind, starts_at=clock.now(), latest_end=until
    )
    session.add(made)
    session.flush()
    end = clock.end_of(until) if until else None
    for instance_id in _standing_instances(session, procurement):
        suspension.suspend(session, step.actor, instance_id, reason, end)
    facts = {"challenge": challenge.no, "kind": kind, "until": until}
    audit.record(session, step.actor, "procurement.suspended", f"procurement/{procurement.id}", facts=facts)
    _tell_bidders(session, procurement, "procurement.suspended")
    return made


def go_on(step: Step, challenge: Challenge) -> bool:
    """This challenge's suspensions are lifted; the procurement goes on unless another one holds it. True if it does."""
    session, procurement = step.session, get(step.session, challenge.procurement_id)
    open_rows = session.scalars(
        select(Suspension).where(Suspension.procurement_id == procurement.id, Suspension.lifted_at.is_(None))
    ).all()
    mine = [row for row in open_rows if row.challenge_id == challenge.id]
    for row in mine:
        row.lifted_at = clock.now()
    if not mine or len(mine) < len(open_rows):
        return False
    _shift_deadline(procurement, min(row.starts_at for row in mine))
    for instance_id in _standing_instances(session, procurement):
        suspension.resume(session, step.actor, instance_id)
    audit.record(
        session, step.actor, "procurement.resumed", f"procurement/{procurement.id}", facts={"challenge": challenge.no}
    )
    _tell_bidders(session, procurement, "procurement.resumed")
    return True


def _shift_deadline(procurement: Procurement, since: dt.datetime) -> None:
    """A bid deadline that lay ahead when the procurement stopped lies as far ahead again, as its timer does."""
    if procurement.status == "open" and procurement.bid_deadline is not None and procurement.bid_deadline > since:
        procurement.bid_deadline += clock.now() - since


def _tell_bidders(session: Session, procurement: Procurement, message: str) -> None:
    suppliers = select(Bid.supplier_id).where(Bid.procurement_id == procurement.id, Bid.withdrawn_at.is_(None))
    for supplier_id in sorted(set(session.scalars(suppliers))):
        people.notify_role(session, "provider_manager", supplier_id, message, no=procurement.no)
    people.notify_role(session, "district_officer", procurement.district_id, message, no=procurement.no)


@connector("procurement.suspend", zh="暂停签约和履约", en="Suspend signing and performance", inputs=("challenge_id",))
def suspend(step: Step, *, challenge_id: object) -> None:
    """A challenge that may affect the result stops signing and performance. Source: 条例 54."""
    challenge = challenge_of(step.session, challenge_id)
    challenge.affects_result = True
    stand_still(step, challenge, "challenge", f"质疑 {challenge.no}（条例54） / challenge {challenge.no}")


@connector("procurement.lift", zh="恢复采购活动", en="Lift the suspension", inputs=("challenge_id",))
def lift(step: Step, *, challenge_id: object) -> None:
    """What this challenge had suspended goes on."""
    go_on(step, challenge_of(step.session, challenge_id))


# --- replying -----------------------------------------------------------------------------------------------


@connector(
    "procurement.reply_challenge",
    zh="答复质疑",
    en="Reply to the challenge",
    inputs=("challenge_id",),
    outputs=("challenge_result", "remedy"),
)
def reply_challenge(step: Step, *, challenge_id: object) -> Mapping[str, Any]:
    """The reply went to the challenger and the others concerned. Source: 政府采购法 53."""
    session, challenge = step.session, challenge_of(step.session, challenge_id)
    data = reading.form(step, "task_reply")
    challenge.reply, challenge.result = reading.text(data, "reply"), reading.text(data, "reply_result")
    challenge.replied_at = clock.now()
    procurement = get(session, challenge.procurement_id)
    content = {"no": challenge.no, "result": challenge.result, "reply": challenge.reply, "matter": challenge.matter}
    notices.publish(
        session,
        step.actor,
        procurement,
        "challenge_reply",
        content,
        zh="质疑答复",
        en="reply to a challenge",
        public=False,
    )
    people.notify_role(
        session,
        "provider_manager",
        challenge.challenger_id,
        "challenge.replied",
        no=challenge.no,
        result=challenge.result,
    )
    _tell_bidders(session, procurement, "challenge.answered")
    facts = {"result": challenge.result, "in_time": challenge.reply_due is None or clock.today() <= challenge.reply_due}
    audit.record(session, step.actor, "challenge.replied", f"challenge/{challenge.id}", facts=facts)
    return {"challenge_result": challenge.result, "remedy": reading.text(data, "remedy") or None}


@connector(
    "procurement.no_reply",
    zh="逾期未答复",
    en="No reply in time",
    inputs=("challenge_id",),
    outputs=("challenge_result", "remedy"),
)
def no_reply(step: Step, *, challenge_id: object) -> Mapping[str, Any]:
    """The reply's time is over without a reply: the supplier may complain. Source: 政府采购法 55."""
    challenge = challenge_of(step.session, challenge_id)
    challenge.result = "not_replied"
    procurement = get(step.session, challenge.procurement_id)
    people.notify_role(step.session, "district_leader", procurement.district_id, "challenge.overdue", no=challenge.no)
    audit.record(step.session, step.actor, "challenge.not_replied", f"challenge/{challenge.id}")
    return {"challenge_result": "not_replied", "remedy": None}


# --- the remedy ---------------------------------------------------------------------------------------------


@connector(
    "procurement.grant_remedy",
    zh="落实处理结果",
    en="Carry out the remedy",
    inputs=("challenge_id", "remedy"),
    outputs=("remedy",),
)
def grant_remedy(step: Step, *, challenge_id: object, remedy: object) -> Mapping[str, Any]:
    """An upheld challenge takes effect: `correct` goes on; else the award is void, and what was signed on it as well.

    `next_candidate` goes on while the tender runs; `restart`, and a tender that is over, mean that it is bought again.
    Source: 条例 71.
    """
    session, challenge = step.session, challenge_of(step.session, challenge_id)
    procurement, chosen = get(session, challenge.procurement_id), str(remedy or "restart")
    if chosen != "correct":
        _void_contracts(step, procurement, challenge)
        over = not _roots(session, Instance.id == procurement.instance_id)
        _end(session, challenge, _roots(session, _signing(procurement)))
    if chosen == "restart" or (chosen == "next_candidate" and over):
        procurement.status, procurement.ended_at = "void", clock.now()
        for award, *_ in awards.standing(session, procurement.id):
            award.status, award.void_reason = "void", "challenge_upheld"
        _end(session, challenge, _roots(session, Instance.id == procurement.instance_id))
        people.notify_role(session, "district_officer", procurement.district_id, "procurement.void", no=procurement.no)
    facts = {"remedy": chosen, "challenge": challenge.no}
    audit.record(session, step.actor, "challenge.remedy", f"procurement/{procurement.id}", facts=facts)
    return {"remedy": chosen}


def _void_contracts(step: Step, procurement: Procurement, challenge: Challenge) -> None:
    """A draft is void at once; a contract in force is told, and its performance ends by its own procedure."""
    session = step.session
    query = select(Contract).where(Contract.procurement_id == procurement.id).order_by(Contract.id)
    for contract in session.scalars(query.where(Contract.status.in_(("draft", "active", "suspended")))):
        if contract.status == "draft":
            contracts.end(session, step.actor, contract, clock.today(), "void")
            continue
        payload = {"contract_id": contract.id, "challenge_no": challenge.no}
        messages.publish(session, step.actor, "challenge.void", str(contract.id), payload)


def _end(session: Session, challenge: Challenge, instance_ids: Iterable[int]) -> None:
    for instance_id in instance_ids:
        outbox.enqueue(
            session, "procurement.end", f"procurement.end-{instance_id}",
            payload={"id": instance_id, "reason": f"质疑成立 / challenge upheld: {challenge.no}"},
        )  # fmt: skip


@outbox.handler("procurement.end")
def _end_by_job(session: Session, job: Job, _result: Any) -> None:
    try:
        instances.cancel(session, SYSTEM, job.payload["id"], job.payload["reason"])
    except (InstanceEnded, Missing):
        return


# --- complaints ---------------------------------------------------------------------------------------------


@connector(
    "procurement.open_complaint",
    zh="告知投诉期限",
    en="Tell the time to complain",
    inputs=("challenge_id",),
    outputs=("complaint_end", "reply_due"),
)
def open_complaint(step: Step, *, challenge_id: object) -> Mapping[str, Any]:
    """The fifteen working days run from the EXPIRY of the reply period, not from the reply (D43)."""
    challenge = challenge_of(step.session, challenge_id)
    procurement = get(step.session, challenge.procurement_id)
    step.set_party("district", procurement.district_id)
    step.set_party("challenger", challenge.challenger_id)
    assert challenge.reply_due is not None
    return {
        "complaint_end": deadline(step.session, "D43", challenge.reply_due).due,
        "reply_due": challenge.reply_due,
    }


@connector(
    "procurement.receive_complaint",
    zh="收到投诉书",
    en="Receive the complaint",
    inputs=("challenge_id",),
    outputs=("complaint_received", "corrected"),
)
def receive_complaint(step: Step, *, challenge_id: object) -> Mapping[str, Any]:
    """The complaint lies before finance. Raises ComplaintRefused: too late, or beyond what was challenged."""
    session, challenge = step.session, challenge_of(step.session, challenge_id)
    data = step.submission("task_correct") or reading.form(step, "task_complain")
    assert challenge.reply_due is not None
    ends = deadline(session, "D43", challenge.reply_due).due
    matters = [str(matter) for matter in data.get("matters") or ()]
    first = session.scalar(select(Complaint).where(Complaint.challenge_id == challenge.id))
    reasons = rules.complaint_reasons(
        clock.today() if first is None else clock.local_day(first.received_at), ends, matters, [challenge.matter]
    )
    if reasons:
        raise ComplaintRefused(reasons, challenge=challenge.no)
    if first is None:
        first = Complaint(challenge_id=challenge.id, matters="", received_at=clock.now())
        session.add(first)
    first.matters = reading.text(data, "complaint_facts")
    session.flush()
    audit.record(session, step.actor, "complaint.received", f"complaint/{first.id}", facts={"challenge": challenge.no})
    return {
        "complaint_received": clock.local_day(first.received_at),
        "corrected": step.submission("task_correct") is not None,
    }


@connector(
    "procurement.accept_complaint",
    zh="受理投诉",
    en="Accept the complaint",
    inputs=("challenge_id",),
    outputs=("suspended_until",),
)
def accept_complaint(step: Step, *, challenge_id: object) -> Mapping[str, Any]:
    """Those complained of have the complaint (D46b); finance may suspend the procurement, 30 days at most (D45)."""
    session, challenge = step.session, challenge_of(step.session, challenge_id)
    data, complaint = reading.form(step, "task_accept"), _complaint(session, challenge)
    complaint.accepted_at = clock.now()
    procurement = get(session, challenge.procurement_id)
    people.notify_role(session, "district_officer", procurement.district_id, "complaint.forwarded", no=challenge.no)
    if procurement.agency_id:
        people.notify_role(session, "agency_officer", procurement.agency_id, "complaint.forwarded", no=challenge.no)
    audit.record(session, step.actor, "complaint.accepted", f"complaint/{complaint.id}")
    until = None
    if data.get("suspend") is True:
        until = deadline(session, "D45", clock.today()).due
        stand_still(
            step, challenge, "complaint", f"投诉 {challenge.no}（政府采购法57） / complaint {challenge.no}", until=until
        )
    return {"suspended_until": until}


def _complaint(session: Session, challenge: Challenge) -> Complaint:
    return session.scalars(select(Complaint).where(Complaint.challenge_id == challenge.id)).one()


@connector(
    "procurement.reject_complaint",
    zh="不予受理投诉",
    en="Reject the complaint",
    inputs=("challenge_id",),
    outputs=("complaint_result", "remedy"),
)
def reject_complaint(step: Step, *, challenge_id: object) -> Mapping[str, Any]:
    """Finance does not take the complaint, for the reason on its form."""
    session, challenge = step.session, challenge_of(step.session, challenge_id)
    complaint, data = _complaint(session, challenge), reading.form(step, "task_accept")
    complaint.result, complaint.decided_at = "rejected", clock.now()
    complaint.decision = reading.text(data, "accept_reason")
    people.notify_role(session, "provider_manager", challenge.challenger_id, "complaint.rejected", no=challenge.no)
    audit.record(session, step.actor, "complaint.rejected", f"complaint/{complaint.id}")
    return {"complaint_result": "rejected", "remedy": None}


@connector(
    "procurement.decide_complaint",
    zh="公告投诉处理决定",
    en="Publish the decision",
    inputs=("challenge_id",),
    outputs=("complaint_result", "remedy"),
)
def decide_complaint(step: Step, *, challenge_id: object) -> Mapping[str, Any]:
    """The decision is public and the suspension lifted. Source: 政府采购法 56; 条例 58."""
    session, challenge = step.session, challenge_of(step.session, challenge_id)
    complaint, data = _complaint(session, challenge), reading.form(step, "task_decide")
    complaint.result, complaint.decision = reading.text(data, "complaint_result"), reading.text(data, "decision_text")
    complaint.decided_at = clock.now()
    procurement = get(session, challenge.procurement_id)
    content = {"no": challenge.no, "result": complaint.result, "decision": complaint.decision}
    notices.publish(
        session,
        step.actor,
        procurement,
        "complaint_decision",
        content,
        zh="投诉处理决定公告",
        en="decision on a complaint",
    )
    people.notify_role(
        session,
        "provider_manager",
        challenge.challenger_id,
        "complaint.decided",
        no=challenge.no,
        result=complaint.result,
    )
    audit.record(
        session, step.actor, "complaint.decided", f"complaint/{complaint.id}", facts={"result": complaint.result}
    )
    go_on(step, challenge)
    return {"complaint_result": complaint.result, "remedy": reading.text(data, "remedy") or None}
