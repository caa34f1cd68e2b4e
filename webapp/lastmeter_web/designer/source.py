"""What the designer draws from: a draft or a published version; who runs on it, and who may publish it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from lastmeter.definitions.models import Definition, Draft
from lastmeter.errors import Missing
from lastmeter.identity import people
from lastmeter.identity.models import Membership
from lastmeter.identity.roles import roles_with
from lastmeter.workflow.models import Instance


@dataclass(frozen=True)
class Drawing:
    """One diagram as the editor opens it; `revision` 0: nobody has drawn on it since it was published."""

    key: str
    xml: bytes
    revision: int
    published: Definition | None
    draft: Draft | None


def drawing(session: Session, key: str, version: int | None = None) -> Drawing:
    """The draft of the key, else its newest version; a version that is asked for by number. Raises Missing."""
    published = _with_xml(session, key, version)
    draft = session.get(Draft, key) if version is None else None
    if draft is not None:
        return Drawing(key, draft.xml, draft.revision, published, draft)
    if published is None:
        raise Missing(what="definition", key=key)
    return Drawing(key, published.xml, 0, published, None)


def versions(session: Session, key: str) -> list[Definition]:
    """Every published version of the key, newest first."""
    return list(session.scalars(select(Definition).where(Definition.key == key).order_by(Definition.version.desc())))


def before(session: Session, found: Drawing, version: int | None) -> Definition | None:
    """What the drawing is compared with: a draft with the newest version, a version with the one before it."""
    if version is None:
        return found.published if found.draft is not None else None
    return _with_xml(session, found.key, version - 1) if version > 1 else None


def running(session: Session, key: str) -> dict[int, int]:
    """How many instances are open on each version of the key."""
    rows = session.execute(
        select(Definition.version, func.count())
        .join(Instance, Instance.definition_id == Definition.id)
        .where(Definition.key == key, Instance.state.in_(("running", "incident")))
        .group_by(Definition.version)
    )
    return {row[0]: row[1] for row in rows}


def publishers(session: Session) -> list[int]:
    """Everybody who may publish today."""
    carriers = roles_with("designer.publish")
    query = select(Membership.person_id).where(Membership.role.in_(carriers), people.in_force()).distinct()
    return list(session.scalars(query.order_by(Membership.person_id)))


def _with_xml(session: Session, key: str, version: int | None) -> Definition | None:
    query = select(Definition).where(Definition.key == key).options(undefer(Definition.xml))
    if version is not None:
        query = query.where(Definition.version == version)
    return session.scalar(query.order_by(Definition.version.desc()).limit(1))
