"""What designers are drawing: one draft per process, whose revision tells two editors apart."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.actor import Actor
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Draft
from lastmeter.definitions.source import parse
from lastmeter.errors import Forbidden, InvalidInput, LastmeterError, Missing
from lastmeter.identity.models import Person

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}")


class DraftChanged(LastmeterError):
    """Somebody has stored a newer draft meanwhile; facts: `revision`, `by`, `at`."""

    code = "draft_changed"
    kind = "conflict"


def save(session: Session, actor: Actor, key: str, xml: bytes, revision: int) -> Draft:
    """The draft stands as the next revision; `revision` is the one it was drawn from, 0 for a new one.

    It need not be right yet, only readable. Raises DraftChanged, SourceRejected, InvalidInput, Forbidden.
    """
    _require(actor)
    if not _KEY.fullmatch(key):
        raise InvalidInput(field="key", reason="malformed")
    parse(xml)
    row = session.scalar(select(Draft).where(Draft.key == key).with_for_update())
    if row is None and revision == 0:
        row = _begin(session, actor, key, xml)
    if row is None or row.revision != revision:
        raise _changed(session, row)
    row.revision, row.xml, row.owner_id, row.updated_at = revision + 1, xml, actor.person_id, clock.now()
    session.flush()
    audit.record(session, actor, "draft.saved", f"definition/{key}", facts={"revision": row.revision})
    return row


def _begin(session: Session, actor: Actor, key: str, xml: bytes) -> Draft | None:
    """A row at revision 0 that is ours; of two who begin at once the second waits and then meets revision 1."""
    published = publishing.latest(session, key)
    session.execute(
        insert(Draft)
        .values(
            key=key, revision=0, xml=xml, base_version=published.version if published else None,
            owner_id=actor.person_id, updated_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return session.scalar(select(Draft).where(Draft.key == key).with_for_update())


def _changed(session: Session, row: Draft | None) -> DraftChanged:
    if row is None:
        return DraftChanged(revision=0, by=None, at=None)
    name = session.scalar(select(Person.name).where(Person.id == row.owner_id))
    return DraftChanged(revision=row.revision, by=name, at=row.updated_at)


def get(session: Session, actor: Actor, key: str) -> Draft:
    """The draft of that key. Raises Missing, Forbidden."""
    _require(actor)
    row = session.get(Draft, key)
    if row is None:
        raise Missing(what="draft", key=key)
    return row


def listing(session: Session, actor: Actor) -> list[Draft]:
    """Every draft, the last touched first. Raises Forbidden."""
    _require(actor)
    return list(session.scalars(select(Draft).order_by(Draft.updated_at.desc(), Draft.key)))


def discard(session: Session, actor: Actor, key: str, revision: int) -> None:
    """The draft is gone, if it still is that revision. Raises DraftChanged, Missing, Forbidden."""
    _require(actor)
    row = session.scalar(select(Draft).where(Draft.key == key).with_for_update())
    if row is None:
        raise Missing(what="draft", key=key)
    if row.revision != revision:
        raise _changed(session, row)
    session.delete(row)
    audit.record(session, actor, "draft.discarded", f"definition/{key}", facts={"revision": revision})


def _require(actor: Actor) -> None:
    if not (actor.may("designer.edit") or actor.may("designer.publish")):
        raise Forbidden(permission="designer.edit")
