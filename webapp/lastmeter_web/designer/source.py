"""What the designer draws from: a draft or a published version, and the package that a new drawing belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition, DefinitionDecision, DefinitionForm, Draft
from lastmeter.definitions.packages import LaneRole, Package, bare_package
from lastmeter.errors import Missing


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


def package_around(session: Session, key: str, xml: bytes) -> Package:
    """The diagram in the package of the key's newest version: same settings, forms and tables; bare without one."""
    published = publishing.latest(session, key)
    if published is None:
        return bare_package(xml, file_name=f"{key}.bpmn")
    forms = session.execute(
        select(DefinitionForm.key, DefinitionForm.schema).where(DefinitionForm.definition_id == published.id)
    )
    tables = session.execute(
        select(DefinitionDecision.key, DefinitionDecision.xml).where(DefinitionDecision.definition_id == published.id)
    )
    settings = published.settings
    start = settings.get("start", {})
    return Package(
        key=settings.get("key", key),
        xml=xml,
        file_name=f"{key}.bpmn",
        settings=settings,
        title_zh=published.title_zh,
        title_en=published.title_en,
        summary_zh=published.summary_zh,
        summary_en=published.summary_en,
        owner=settings.get("owner", ""),
        classification=published.classification,
        listed=published.listed,
        start_roles=tuple(start.get("roles", ())),
        start_form=start.get("form", ""),
        lanes={
            lane: LaneRole(entry.get("role", ""), entry.get("party", ""))
            for lane, entry in settings.get("lanes", {}).items()
        },
        decisions=dict(tables.tuples().all()),
        forms=dict(forms.tuples().all()),
    )


def _with_xml(session: Session, key: str, version: int | None) -> Definition | None:
    query = select(Definition).where(Definition.key == key).options(undefer(Definition.xml))
    if version is not None:
        query = query.where(Definition.version == version)
    return session.scalar(query.order_by(Definition.version.desc()).limit(1))
