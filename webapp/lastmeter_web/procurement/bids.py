"""Opened bids for those who judge or decide: the buyer's side, and the members of the committee."""

from __future__ import annotations

from flask import Response, render_template
from sqlalchemy import or_, select

from lastmeter.documents.models import Document
from lastmeter.errors import Missing
from lastmeter.procurement.models import Bid, Procurement
from lastmeter_web.extensions import db
from lastmeter_web.procurement import reading, scope
from lastmeter_web.procurement.pages import blueprint, send
from lastmeter_web.security import actor, allow


@blueprint.get("/reviews")
@allow("score.own")
def reviews() -> str:
    """The procurements on whose committee the reader sits, once their bids are open."""
    query = select(Procurement).where(scope.reviewed_by(actor())).order_by(Procurement.id.desc()).limit(100)
    return render_template("procurement/reviews.html", rows=list(db.session().scalars(query)))


def _found(no: str) -> Procurement:
    return scope.find(db.session(), no, or_(scope.visible(actor()), scope.reviewed_by(actor())))


@blueprint.get("/procurements/<no>/bids")
@allow("bid.view")
def opened_bids(no: str) -> str:
    """The opened bids with their statements and files. Raises NotYetOpened."""
    session, found = db.session(), _found(no)
    rows = reading.opened_bids(session, actor(), found)
    names = {
        document.id: document
        for document in session.scalars(
            select(Document).where(Document.id.in_([i for r in rows for i in file_ids(r.bid)]))
        )
    }
    return render_template(
        "procurement/bids.html",
        procurement=found,
        bids=rows,
        files={r.bid.id: [names[i] for i in file_ids(r.bid) if i in names] for r in rows},
    )


@blueprint.get("/procurements/<no>/bids/<int:bid_id>/files/<int:document_id>")
@allow("bid.view")
def bid_file(no: str, bid_id: int, document_id: int) -> Response:
    """A file of an opened bid. Raises NotYetOpened, Missing."""
    session, found = db.session(), _found(no)
    for row in reading.opened_bids(session, actor(), found):
        if row.bid.id == bid_id and document_id in file_ids(row.bid):
            document = session.get(Document, document_id)
            if document is not None and document.owner == owner_of_files(found.id, row.bid.supplier_id):
                return send(document)
    raise Missing(what="document", id=document_id)


def owner_of_files(procurement_id: int, supplier_id: int) -> str:
    """To whom the files of a supplier's bids for a procurement belong."""
    return f"bid/{procurement_id}/{supplier_id}"


def file_ids(bid: Bid) -> list[int]:
    """The documents of an opened bid."""
    content = bid.content or {}
    return [int(each) for each in (*content.get("files", ()), content.get("bond_proof")) if each]
