"""The buyer's side: the list, one procurement with its legal dates and everything that hangs on it, its documents."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from lastmeter.documents import files
from lastmeter.documents.models import Document
from lastmeter.errors import InvalidInput, Missing
from lastmeter.procurement import schedule
from lastmeter.procurement.models import Procurement
from lastmeter_web import procurement_texts
from lastmeter_web.actions import action
from lastmeter_web.extensions import db
from lastmeter_web.procurement import reading, scope
from lastmeter_web.security import actor, allow

blueprint = Blueprint("procurement", __name__, template_folder="templates")
PAGE = 50


@blueprint.context_processor
def _facts() -> dict[str, Any]:
    return procurement_texts.facts()


@blueprint.get("/procurements")
@allow("procurement.view")
def show() -> str:
    """The procurements in the reader's scope, newest first."""
    asked = {name: request.args.get(name) or None for name in ("q", "status", "before")}
    query = select(Procurement).where(scope.visible(actor()))
    if asked["q"]:
        query = query.where(
            or_(
                Procurement.no.icontains(asked["q"], autoescape=True),
                Procurement.title.icontains(asked["q"], autoescape=True),
                Procurement.title_en.icontains(asked["q"], autoescape=True),
            )
        )
    if asked["status"]:
        query = query.where(Procurement.status == asked["status"])
    if asked["before"]:
        query = query.where(Procurement.id < _number(asked["before"]))
    rows = list(db.session().scalars(query.order_by(Procurement.id.desc()).limit(PAGE + 1)))
    session = db.session()
    return render_template(
        "procurement/show.html",
        rows=[(row, reading.parties(session, row).get("district")) for row in rows[:PAGE]],
        more=rows[PAGE - 1].id if len(rows) > PAGE else None,
        asked=asked,
        statuses=procurement_texts.STATUSES,
    )


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput(field="before", reason="not_an_integer")
    return int(text)


@blueprint.get("/procurements/<no>")
@allow("procurement.view")
def procurement(no: str) -> str:
    """Header, next date, the whole chain of dates, bids, committee, award, remedies, notices, audit."""
    session, reader = db.session(), actor()
    found = scope.find(session, no, scope.visible(reader))
    lines = schedule.chain(session, found.id)
    opened = reading.opening(session, found)
    closed = found.evaluation_ended_at is not None
    return render_template(
        "procurement/procurement.html",
        procurement=found,
        lines=lines,
        next_date=reading.next_date(session, lines),
        counts=reading.bid_counts(session, found),
        opening=opened,
        bids=reading.opened_bids(session, reader, found) if opened and reader.may("bid.view") else [],
        committee=reading.committee(session, found),
        factors=reading.factors(session, found),
        sheets=reading.sheets(session, found, named=found.award_published_at is not None)
        if closed and reader.may("score.view")
        else [],
        awards=reading.awarded(session, found),
        remedies=reading.remedies(session, found) if reader.may("challenge.view") else [],
        suspensions=reading.suspended(session, found),
        clarifications=reading.clarifications(session, found),
        notices=reading.notices(session, found, public=not reader.may("bid.view")),
        contracts=reading.contracts(session, found),
        attachments=reading.attachments(session, found),
        parties=reading.parties(session, found),
        waiting=reading.waiting(session, reader, found),
        has_instance=reading.opens_instance(session, reader, found),
        action_word=action,
        audit=reading.audit_trail(session, found, bids_open=opened is not None) if reader.may("audit.read") else None,
    )


@blueprint.get("/procurements/<no>/documents")
@allow("procurement.view")
def documents(no: str) -> Response:
    """The procurement documents as one file, as soon as they stand."""
    found = scope.find(db.session(), no, scope.visible(actor()))
    return documents_file(found)


def documents_file(found: Procurement) -> Response:
    """The documents as a file that reads and prints by itself. Raises Missing before they stand."""
    if not found.documents:
        raise Missing(what="documents", no=found.no)
    page = render_template(
        "procurement/documents.html", procurement=found, parties=reading.parties(db.session(), found)
    )
    answer = make_response(page)
    answer.headers["Content-Disposition"] = f'attachment; filename="{found.no}.html"'
    return answer


@blueprint.get("/procurements/<no>/files/<int:document_id>")
@allow("procurement.view")
def attachment(no: str, document_id: int) -> Response:
    found = scope.find(db.session(), no, scope.visible(actor()))
    return attached(found, document_id)


def attached(found: Procurement, document_id: int) -> Response:
    """A file of the procurement documents. Raises Missing for any other."""
    for document in reading.attachments(db.session(), found):
        if document.id == document_id:
            return send(document)
    raise Missing(what="document", id=document_id)


def send(document: Document) -> Response:
    """The file as an attachment; the caller has judged access."""
    session = db.session()
    data = files.read(session, document, settings=current_app.config["SETTINGS"])
    return send_file(
        io.BytesIO(data), mimetype=document.mime, as_attachment=True, download_name=files.name_of(session, document)
    )


@blueprint.get("/procurements/<no>/notices/<int:notice_id>")
@allow("procurement.view")
def notice(no: str, notice_id: int) -> ResponseReturnValue:
    """One text of the file; records that stay in it are for those who may read the bids."""
    session = db.session()
    found = scope.find(session, no, scope.visible(actor()))
    for each in reading.notices(session, found, public=not actor().may("bid.view")):
        if each.id == notice_id:
            return render_template("procurement/notice.html", procurement=found, notice=each)
    raise Missing(what="notice", id=notice_id)
