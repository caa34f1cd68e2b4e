"""The supplier's side: tenders and their documents, the own sealed bid, questions, challenges."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from lastmeter import audit, clock
from lastmeter.definitions import publishing
from lastmeter.documents import files
from lastmeter.documents.models import Document
from lastmeter.errors import LastmeterError, Missing
from lastmeter.forms import Form, FormInvalid, sources
from lastmeter.forms.compile import load_form
from lastmeter.identity.models import Organisation
from lastmeter.procurement import bidding
from lastmeter.procurement.errors import BidRefused, NotOpenForBids, TooLate
from lastmeter.procurement.models import Bid, Clarification, Lot, Procurement
from lastmeter.workflow import instances
from lastmeter_web import i18n
from lastmeter_web.citations import clause
from lastmeter_web.errors import STATUS
from lastmeter_web.extensions import db
from lastmeter_web.procurement import reading, scope
from lastmeter_web.procurement.bids import owner_of_files
from lastmeter_web.procurement.pages import attached, blueprint, documents_file, send
from lastmeter_web.security import actor, allow
from lastmeter_web.sentences import sentence

PDF = ".pdf"


@cache
def bid_form() -> Form:
    """The form of a bid (field sheet F03)."""
    return load_form((Path(__file__).parent / "bid_form.json").read_bytes())


def _found(no: str) -> Procurement:
    return scope.find(db.session(), no, scope.issued())


def _lot(found: Procurement, lot_no: int) -> Lot:
    for lot in found.lots:
        if lot.no == lot_no:
            return lot
    raise Missing(what="lot", no=lot_no)


def _takes_bids(found: Procurement) -> bool:
    return found.status == "open" and found.bid_deadline is not None and clock.now() < found.bid_deadline


@blueprint.get("/tenders")
@allow("tender.documents")
def tenders() -> str:
    """What takes bids now, and what this supplier has taken part in."""
    session, supplier = db.session(), bidding.supplier_of(db.session(), actor())
    bid_in = select(Bid.procurement_id).where(Bid.supplier_id == supplier.id)
    ours = select(Procurement).where(Procurement.id.in_(bid_in)).order_by(Procurement.id.desc()).limit(100)
    past = select(Procurement).where(scope.issued(), Procurement.id.not_in(bid_in)).order_by(Procurement.id.desc())
    open_now, mine = bidding.open_for(session, actor()), list(session.scalars(ours))
    rest = [row for row in session.scalars(past.limit(100)) if not _takes_bids(row)]
    return render_template(
        "procurement/tenders.html", open_now=open_now, mine=mine, rest=rest,
        buyers={row.id: reading.parties(session, row).get("district") for row in (*open_now, *mine, *rest)},
    )  # fmt: skip


@blueprint.get("/tenders/<no>")
@allow("tender.documents")
def tender(no: str) -> str:
    """The tender as a supplier sees it: dates, lots, documents, questions, the own bid, the own challenges."""
    session, found = db.session(), _found(no)
    supplier = bidding.supplier_of(session, actor())
    lines = reading.lines_for_supplier(session, found)
    ranked = session.scalars(
        select(Bid).where(Bid.procurement_id == found.id, Bid.supplier_id == supplier.id, Bid.rank.is_not(None))
    )
    return render_template(
        "procurement/tender.html",
        procurement=found,
        lines=lines,
        next_date=reading.next_date(session, lines),
        open_for_bids=_takes_bids(found),
        mine={each.receipt.lot_no: each for each in bidding.own(session, actor(), found.id)},
        results={bid.lot_id: bid for bid in ranked} if found.award_published_at else {},
        own_files=_own_files(found, supplier.id),
        clarifications=reading.clarifications(session, found, sent=True),
        questions=_questions(found, supplier.id),
        remedies=reading.remedies(session, found, supplier.id),
        suspensions=reading.suspended(session, found),
        notices=reading.notices(session, found, public=True),
        awards=reading.awarded(session, found) if found.award_published_at else [],
        attachments=reading.attachments(session, found),
        parties=reading.parties(session, found),
    )


def _own_files(found: Procurement, supplier_id: int) -> dict[int, str]:
    """The supplier's uploads for this tender by number; their names lie sealed too."""
    session = db.session()
    return {
        row.id: files.name_of(session, row) for row in files.of_owner(session, owner_of_files(found.id, supplier_id))
    }


def _questions(found: Procurement, supplier_id: int) -> list[Clarification]:
    """The supplier's own questions that wait for an answer."""
    query = select(Clarification).where(
        Clarification.procurement_id == found.id, Clarification.asked_by == supplier_id, Clarification.sent_at.is_(None)
    )
    return list(db.session().scalars(query.order_by(Clarification.id)))


@blueprint.get("/tenders/<no>/documents")
@allow("tender.documents")
def tender_documents(no: str) -> Response:
    return documents_file(_found(no))


@blueprint.get("/tenders/<no>/files/<int:document_id>")
@allow("tender.documents")
def tender_file(no: str, document_id: int) -> Response:
    return attached(_found(no), document_id)


@blueprint.get("/tenders/<no>/notices/<int:notice_id>")
@allow("tender.documents")
def tender_notice(no: str, notice_id: int) -> str:
    found = _found(no)
    for each in reading.notices(db.session(), found, public=True):
        if each.id == notice_id:
            return render_template("procurement/notice.html", procurement=found, notice=each, supplier=True)
    raise Missing(what="notice", id=notice_id)


# --- the bid ------------------------------------------------------------------------------------------------


@blueprint.get("/tenders/<no>/lots/<int:lot_no>/bid")
@allow("bid.own")
def bid(no: str, lot_no: int) -> ResponseReturnValue:
    """The form of the bid, filled with the bid that lies sealed now, if any."""
    found = _found(no)
    refusal = _closed(found)
    if refusal is not None:
        return _bid_page(found, _lot(found, lot_no), failure=_refusal(refusal)), 409
    return _bid_page(found, _lot(found, lot_no))


def _closed(found: Procurement) -> LastmeterError | None:
    if found.bid_deadline is not None and clock.now() >= found.bid_deadline:
        return TooLate(what="bid_deadline", ended=found.bid_deadline, now=clock.now())
    return None if found.status == "open" else NotOpenForBids(status=found.status)


def _bid_page(
    found: Procurement, lot: Lot, *, data: Any = None, errors: Any = None, failure: list[str] | None = None
) -> str:
    session = db.session()
    supplier = bidding.supplier_of(session, actor())
    kept = next((each for each in bidding.own(session, actor(), found.id) if each.receipt.lot_no == lot.no), None)
    if data is None and kept is not None and kept.withdrawn_at is None:
        data = bid_form().dump(_as_values(kept))
    names = _own_files(found, supplier.id)
    shown = bid_form().view(data, errors=errors or {}, scope=_scope(found, supplier), language=i18n.language())
    return render_template(
        "procurement/bid.html", procurement=found, lot=lot, kept=kept, form=bid_form(), fields=shown,
        errors=errors or {}, failure=failure, open_for_bids=_takes_bids(found),
        file_name=lambda number: names.get(int(number), number) if str(number).isdigit() else number,
    )  # fmt: skip


def _as_values(kept: bidding.OwnBid) -> dict[str, object]:
    content = dict(kept.content)
    return {**content, "consortium": [{"uscc": code} for code in content.get("consortium", ())]}


def _scope(found: Procurement, supplier: Organisation) -> Any:
    return sources.scope_in(db.session(), actor(), owner=owner_of_files(found.id, supplier.id))


@blueprint.post("/tenders/<no>/lots/<int:lot_no>/bid")
@allow("bid.own")
def submit_bid(no: str, lot_no: int) -> ResponseReturnValue:
    """The bid lies sealed; a refusal shows the form as it was typed, with both times where it came too late."""
    session, found = db.session(), _found(no)
    lot, supplier = _lot(found, lot_no), bidding.supplier_of(db.session(), actor())
    if (refusal := _closed(found)) is not None:
        facts = {"lot": lot_no, "now": clock.now(), "deadline": found.bid_deadline, "code": refusal.code}
        audit.record(session, actor(), "bid.refused", f"procurement/{found.id}", chain="refusals", facts=facts)
        return _bid_page(found, lot, data=request.form, failure=_refusal(refusal)), STATUS[refusal.kind]
    if "_add" in request.form or "_remove" in request.form:
        return _bid_page(found, lot, data=_changed_rows(found, supplier))
    typed: MultiDict[str, str] = MultiDict(request.form)
    try:
        typed = _with_files(found, supplier)
        values = bid_form().load(typed, scope=_scope(found, supplier))
        with session.begin_nested():
            receipt = bidding.submit(session, actor(), found.id, _content(values, lot_no), _file_numbers(values))
    except FormInvalid as invalid:
        return _bid_page(found, lot, data=typed, errors=invalid.messages), 422
    except LastmeterError as refused:
        if refused.kind == "missing":
            raise
        return _bid_page(found, lot, data=typed, failure=_refusal(refused)), STATUS[refused.kind]
    flash(i18n._("投标文件已密封收到。回执指纹：{sha}", sha=receipt.sha256))
    return redirect(url_for("procurement.tender", no=no), 303)


def _changed_rows(found: Procurement, supplier: Organisation) -> dict[str, object]:
    typed = bid_form().draft(_with_files(found, supplier))
    if path := request.form.get("_remove"):
        return bid_form().without_row(typed, path)
    return bid_form().with_row(typed, request.form.get("_add", ""))


def _with_files(found: Procurement, supplier: Organisation) -> MultiDict[str, str]:
    """The form with uploads replaced by their numbers, each sealed under the tender's own key. Raises UploadRefused."""
    data: MultiDict[str, str] = MultiDict(request.form)
    accepted = {each.key: each.limits.accept for each in bid_form().inputs}
    for name, upload in request.files.items(multi=True):
        if not upload.filename or name not in accepted:
            continue
        kept = files.store(
            db.session(), actor(), cast(BinaryIO, upload.stream), upload.filename,
            settings=current_app.config["SETTINGS"],
            classification="sealed", key_class=bidding.key_class(found.id),
            owner=owner_of_files(found.id, supplier.id), accept=accepted[name],
        )  # fmt: skip
        if name == "bond_proof":
            data.setlist(name, [str(kept.id)])
        else:
            data.add(name, str(kept.id))
    return data


def _content(values: dict[str, Any], lot_no: int) -> dict[str, Any]:
    codes = [row["uscc"] for row in values.get("consortium") or ()]
    return {**{name: values.get(name) for name in ("price_fen", "statement", "declaration_3y", "bond_proof")},
            "lot_no": lot_no, "consortium": codes}  # fmt: skip


def _file_numbers(values: dict[str, Any]) -> list[int]:
    return [int(each) for each in values.get("files") or ()]


def _refusal(refused: LastmeterError) -> list[str]:
    """Why not, in sentences; a late one names both times, to the second."""
    if isinstance(refused, TooLate):
        ended, now = refused.facts["ended"], refused.facts["now"]
        return [
            i18n._("投标截止时间为 {ended}，现在是 {now}，已不能提交或撤回。", ended=_second(ended), now=_second(now))
        ]
    if isinstance(refused, BidRefused):
        return [
            i18n._("{reason}（{source}）", reason=i18n.both(reason.zh, reason.en), source=clause(reason.source))
            for reason in refused.reasons
        ]
    return [sentence(refused.code, refused.facts, i18n.language())]


def _second(instant: Any) -> str:
    return f"{i18n.day(instant)} {instant.astimezone(clock.ZONE):%H:%M:%S}"


@blueprint.post("/tenders/<no>/lots/<int:lot_no>/bid/withdraw")
@allow("bid.own")
def withdraw_bid(no: str, lot_no: int) -> ResponseReturnValue:
    """The bid is taken back, unread; it can be handed in again before the deadline."""
    session, found = db.session(), _found(no)
    try:
        with session.begin_nested():
            bidding.withdraw(session, actor(), found.id, lot_no)
    except (TooLate, NotOpenForBids) as refused:
        return _bid_page(found, _lot(found, lot_no), failure=_refusal(refused)), STATUS[refused.kind]
    flash(i18n._("投标已撤回，没有人读过。截止前可以重新提交。"))
    return redirect(url_for("procurement.tender", no=no), 303)


@blueprint.get("/tenders/<no>/bid/files/<int:document_id>")
@allow("bid.own")
def own_bid_file(no: str, document_id: int) -> Response:
    """A file of the supplier's own bid, at any time."""
    session, found = db.session(), _found(no)
    document = session.get(Document, document_id)
    if document is None or document.owner != owner_of_files(found.id, bidding.supplier_of(session, actor()).id):
        raise Missing(what="document", id=document_id)
    return send(document)


# --- questions and challenges ---------------------------------------------------------------------------------


@blueprint.post("/tenders/<no>/questions")
@allow("bid.own")
def ask(no: str) -> Response:
    """The question lies before the agency, to be answered within three working days."""
    found = _found(no)
    bidding.inquire(db.session(), actor(), found.id, request.form.get("question", ""))
    flash(i18n._("问题已送达，代理机构应在3个工作日内答复（实施条例 52）。"))
    return redirect(url_for("procurement.tender", no=no), 303)  # type: ignore[return-value]  # werkzeug's is Flask's here


@blueprint.get("/tenders/<no>/challenge")
@allow("challenge.own")
def challenge(no: str) -> str:
    return _challenge_page(_found(no))


def _challenge_form() -> Form:
    """The start form of the challenge as it is published now. Raises Missing."""
    session = db.session()
    row = publishing.latest(session, "challenge")
    form = publishing.load(session, row.id).start_form if row is not None else None
    if form is None:
        raise Missing(what="definition", key="challenge")
    return form


def _challenge_page(found: Procurement, *, data: Any = None, errors: Any = None, failure: str | None = None) -> str:
    form = _challenge_form()
    shown = form.view(
        data if data is not None else {"procurement_no": found.no}, errors=errors or {},
        scope=sources.scope_in(db.session(), actor()), language=i18n.language(),
    )  # fmt: skip
    return render_template(
        "procurement/challenge.html", procurement=found, form=form, errors=errors or {}, failure=failure,
        fields=[each for each in shown if each.name != "procurement_no"],
    )  # fmt: skip


@blueprint.post("/tenders/<no>/challenge")
@allow("challenge.own")
def submit_challenge(no: str) -> ResponseReturnValue:
    """The challenge is received, or rejected with its reason; both are on record."""
    session, found = db.session(), _found(no)
    data: MultiDict[str, str] = MultiDict(request.form)
    data["procurement_no"] = found.no
    try:
        for name, upload in request.files.items(multi=True):
            if upload.filename:
                kept = files.store(
                    session, actor(), cast(BinaryIO, upload.stream), upload.filename,
                    settings=current_app.config["SETTINGS"], classification="procurement",
                )  # fmt: skip
                data.add(name, str(kept.id))
        with session.begin_nested():
            instances.start(session, actor(), "challenge", data=data)
    except FormInvalid as invalid:
        return _challenge_page(found, data=data, errors=invalid.messages), 422
    except LastmeterError as refused:
        if refused.kind in ("missing", "forbidden"):
            raise
        text = sentence(refused.code, refused.facts, i18n.language())
        return _challenge_page(found, data=data, failure=text), STATUS[refused.kind]
    flash(i18n._("质疑已提交，采购人应在收到后7个工作日内答复（政府采购法 53）。"))
    return redirect(url_for("procurement.tender", no=no, _anchor="challenges"), 303)
