"""Which organisations and people an operator manages: the post's subtree, and from a city's post all providers."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from lastmeter.actor import Actor
from lastmeter.errors import Missing
from lastmeter.identity.models import Membership, Organisation, Person
from lastmeter.identity.people import within_scope
from lastmeter.identity.roles import roles_with


def managed(actor: Actor, permission: str) -> ColumnElement[bool]:
    """The condition on Organisation. Providers stand in a tree of their own, so only a city's operator reaches it."""
    own = within_scope(actor, permission)
    return or_(own, Organisation.tree == "provider") if manages_providers(actor, permission) else own


def manages_providers(actor: Actor, permission: str) -> bool:
    """True for a post at the top of its tree: only from there new trees begin and providers are seen."""
    carriers = roles_with(permission)
    return actor.may(permission) and any(post.role in carriers and post.path.count("/") == 2 for post in actor.posts)


def managed_people(actor: Actor) -> ColumnElement[bool]:
    """The condition on Person: a role in a managed organisation, or none anywhere yet."""
    within = (
        exists()
        .where(Membership.person_id == Person.id, Membership.organisation_id == Organisation.id)
        .where(managed(actor, "people.manage"))
    )
    return or_(within, ~exists().where(Membership.person_id == Person.id))


def organisation(session: Session, actor: Actor, organisation_id: int, permission: str) -> Organisation:
    """One that the actor manages. Raises Missing."""
    query = select(Organisation).where(Organisation.id == organisation_id, managed(actor, permission))
    found = session.scalar(query)
    if found is None:
        raise Missing(what="organisation")
    return found


def person(session: Session, actor: Actor, person_id: int) -> Person:
    """One that the actor manages. Raises Missing."""
    found = session.scalar(select(Person).where(Person.id == person_id, managed_people(actor)))
    if found is None:
        raise Missing(what="person")
    return found
