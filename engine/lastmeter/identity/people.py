"""Organisations, people, memberships: made, closed, looked up; and the Actor of a person today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import ColumnElement, Date, bindparam, false, or_, select
from sqlalchemy.orm import Session

from lastmeter import audit, clock, identifiers, keys
from lastmeter.actor import Actor, Post
from lastmeter.errors import InvalidInput, LastmeterError, Missing
from lastmeter.identity.models import Account, Membership, Notice, Organisation, Person, Region
from lastmeter.identity.roles import ROLES, permissions_of, roles_with


class RoleOutsideTree(LastmeterError):
    """A role of one organisation tree was given at an organisation of the other."""

    code = "role_outside_tree"


def add_organisation(
    session: Session,
    actor: Actor,
    *,
    tree: str,
    kind: str,
    name: str,
    name_en: str,
    parent: Organisation | None = None,
    region: Region | None = None,
    uscc: str | None = None,
    controller_key: str | None = None,
    responsible_person: str | None = None,
) -> Organisation:
    """The organisation stands below `parent` in the same tree. Raises InvalidInput (tree, uscc)."""
    if parent is not None and parent.tree != tree:
        raise InvalidInput(field="parent", reason="other_tree")
    if uscc is not None:
        uscc = identifiers.normal(uscc)
        if not identifiers.is_uscc(uscc):
            raise InvalidInput(field="uscc", reason="checksum")
    made = Organisation(
        tree=tree, kind=kind, name=name, name_en=name_en, parent_id=parent.id if parent else None,
        region_id=region.id if region else None, uscc=uscc, controller_key=controller_key,
        responsible_person=responsible_person,
    )  # fmt: skip
    session.add(made)
    session.flush()
    made.path = f"{parent.path if parent else '/'}{made.id}/"
    audit.record(session, actor, "organisation.added", f"organisation/{made.id}", facts={"kind": kind})
    return made


def add_person(
    session: Session, actor: Actor, *, name: str, id_number: str | None = None, phone: str | None = None
) -> Person:
    """A new person; with an identity number already known, that person. Raises InvalidInput."""
    fingerprint = None
    if id_number is not None:
        id_number = identifiers.normal(id_number)
        if not identifiers.is_id_number(id_number, today=clock.today()):
            raise InvalidInput(field="id_number", reason="checksum")
        fingerprint = keys.fingerprint(session, id_number)
        known = session.scalar(select(Person).where(Person.id_fingerprint == fingerprint))
        if known is not None:
            return known
    person = Person(name=name, sort_key=name)
    if id_number is not None:
        person.id_number = keys.encrypt(session, "identifiers", id_number)
        person.id_fingerprint = fingerprint
        person.id_mask = identifiers.mask_id_number(id_number)
        person.birth = identifiers.birth_date(id_number)
        person.sex = identifiers.sex(id_number)
    if phone is not None:
        person.phone = keys.encrypt(session, "identifiers", phone)
        person.phone_mask = identifiers.mask_phone(phone)
    session.add(person)
    session.flush()
    audit.record(session, actor, "person.added", f"person/{person.id}")
    return person


def grant(
    session: Session,
    actor: Actor,
    person: Person,
    role: str,
    organisation: Organisation,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> Membership:
    """The person holds the role there from `since` (today) to `until`. Raises InvalidInput, RoleOutsideTree."""
    if role not in ROLES:
        raise InvalidInput(field="role", reason="unknown", value=role)
    if ROLES[role].tree != organisation.tree:
        raise RoleOutsideTree(role=role, tree=organisation.tree)
    since = since or clock.today()
    if until is not None and until < since:
        raise InvalidInput(field="valid_to", reason="before_start")
    made = Membership(person_id=person.id, organisation_id=organisation.id, role=role, valid_from=since, valid_to=until)
    session.add(made)
    session.flush()
    facts = {"role": role, "organisation": organisation.id, "from": since, "to": until}
    audit.record(session, actor, "membership.granted", f"person/{person.id}", facts=facts)
    return made


def end_membership(session: Session, actor: Actor, membership_id: int, last_day: dt.date) -> Membership:
    """The role is held up to and including `last_day`. Raises Missing, InvalidInput."""
    made = session.get(Membership, membership_id)
    if made is None:
        raise Missing(what="membership")
    if last_day < made.valid_from - dt.timedelta(days=1):
        raise InvalidInput(field="valid_to", reason="before_start")
    if last_day < made.valid_from:
        session.delete(made)
    else:
        made.valid_to = last_day
    audit.record(session, actor, "membership.ended", f"person/{made.person_id}", facts={"role": made.role})
    return made


def in_force(day: dt.date | None = None) -> ColumnElement[bool]:
    """The condition that a membership holds on `day` (today)."""
    day = day or clock.today()
    return (Membership.valid_from <= day) & or_(Membership.valid_to.is_(None), Membership.valid_to >= day)


# Built once: every request asks it.
_DAY = bindparam("day", type_=Date)
_HOLDS = (Membership.valid_from <= _DAY) & or_(Membership.valid_to.is_(None), Membership.valid_to >= _DAY)
_POSTS_OF = (
    select(Person.name, Membership.role, Membership.organisation_id, Organisation.path)
    .outerjoin(Membership, (Membership.person_id == Person.id) & _HOLDS)
    .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
    .where(Person.id == bindparam("person"))
    .order_by(Membership.id)
)


def actor_of(
    session: Session, person_id: int, *, scopes: Collection[str] | None = None, session_id: str | None = None
) -> Actor:
    """The person as an actor with the posts held today. Raises Missing."""
    rows = session.execute(_POSTS_OF, {"person": person_id, "day": clock.today()}).all()
    if not rows:
        raise Missing(what="person")
    posts = tuple(Post(row.role, row.organisation_id, row.path) for row in rows if row.role is not None)
    return Actor(
        person_id=person_id, name=rows[0].name, posts=posts,
        permissions=permissions_of({post.role for post in posts}),
        scopes=None if scopes is None else frozenset(scopes), session_id=session_id,
    )  # fmt: skip


def actor_by_login(session: Session, login: str) -> Actor:
    """The actor behind a login name, for the command line and rehearsals. Raises Missing."""
    person_id = session.scalar(select(Account.person_id).where(Account.login == login))
    if person_id is None:
        raise Missing(what="account", login=login)
    return actor_of(session, person_id)


def within_scope(actor: Actor, permission: str) -> ColumnElement[bool]:
    """The condition on Organisation that it lies in the subtree of a post whose role carries `permission`."""
    carriers = roles_with(permission)
    prefixes = {post.path for post in actor.posts if post.role in carriers}
    if actor.is_system:
        return Organisation.id.is_not(None)
    if not prefixes or not actor.may(permission):
        return false()
    return or_(*(Organisation.path.startswith(prefix, autoescape=True) for prefix in sorted(prefixes)))


def holders(session: Session, role: str, organisation_id: int) -> list[Person]:
    """Who holds the role at the organisation today, in order of taking office."""
    return list(
        session.scalars(
            select(Person)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.role == role, Membership.organisation_id == organisation_id, in_force())
            .order_by(Membership.id)
        )
    )


def notify(session: Session, person_id: int, message: str, *, link: str | None = None, **facts: object) -> None:
    """The person finds a notice behind the bell. Never put case content into `facts`."""
    session.add(Notice(person_id=person_id, message=message, facts=facts, link=link))


def notify_role(session: Session, role: str, organisation_id: int, message: str, **kwargs: object) -> None:
    """Everybody who holds the role there today finds the notice."""
    link = kwargs.pop("link", None)
    for person in holders(session, role, organisation_id):
        notify(session, person.id, message, link=str(link) if link else None, **kwargs)
