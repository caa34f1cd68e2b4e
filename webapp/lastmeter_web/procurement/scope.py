"""Whose procurements are whose: the buyer's side by its tree, the agency by its mandate, suppliers once issued."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from lastmeter.actor import Actor, Post
from lastmeter.errors import Missing
from lastmeter.identity.models import Organisation
from lastmeter.identity.roles import roles_with
from lastmeter.procurement.models import CommitteeMember, Opening, Procurement

# Before the documents are issued only those who prepare them look on: domain rule B, "tender before opening".
_ONLY_ISSUED = frozenset({"city_officer", "auditor"})


def visible(actor: Actor) -> ColumnElement[bool]:
    """The condition on Procurement that the actor, on the buyer's side, may open it."""
    carriers = roles_with("procurement.view")
    conditions = [_by_post(post) for post in actor.posts if post.role in carriers]
    return or_(false(), *conditions) if actor.may("procurement.view") else false()


def _by_post(post: Post) -> ColumnElement[bool]:
    if post.role == "agency_officer":
        return Procurement.agency_id == post.organisation_id
    path = _parent(post.path) if post.role == "finance_officer" else post.path
    below = Procurement.district_id.in_(select(Organisation.id).where(Organisation.path.startswith(path)))
    issued = or_(Procurement.issued_at.is_not(None), Procurement.status != "planning")
    return and_(below, issued) if post.role in _ONLY_ISSUED else below


def _parent(path: str) -> str:
    """The path of the organisation above: a finance office reads what its district, or its city, buys."""
    return path.rstrip("/").rpartition("/")[0] + "/"


def issued() -> ColumnElement[bool]:
    """The condition on Procurement that its documents are out: every supplier may have them."""
    return Procurement.issued_at.is_not(None)


def reviewed_by(actor: Actor) -> ColumnElement[bool]:
    """The condition on Procurement that its bids are open and the actor sits on its committee."""
    seats = select(CommitteeMember.procurement_id).where(
        CommitteeMember.person_id == actor.person_id, CommitteeMember.sitting
    )
    return and_(Procurement.id.in_(seats), Procurement.id.in_(select(Opening.procurement_id)))


def find(session: Session, no: str, condition: ColumnElement[bool]) -> Procurement:
    """The procurement of that number. Raises Missing, also where the condition keeps it from the reader."""
    found = session.scalar(select(Procurement).where(Procurement.no == no, condition))
    if found is None:
        raise Missing(what="procurement", no=no)
    return found
