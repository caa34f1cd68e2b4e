"""A new diagram for a process that is published: what stood around the old one stays."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition, DefinitionDecision, DefinitionForm
from lastmeter.definitions.packages import LaneRole, LegalSource, Package, bare_package


def revised(session: Session, xml: bytes, *, key: str | None = None) -> Package:
    """The diagram as a package: settings, forms and decisions are those of the newest version of its process.

    A process that was never published, or came as a bare file, stays a bare diagram. `key` names the process whose
    package it is meant for; default: the one that the diagram itself executes. Whatever the bytes, nothing is raised.
    """
    bare = bare_package(xml, file_name=f"{key}.bpmn" if key else "")
    found = publishing.latest(session, key or bare.key)
    return bare if found is None or not found.settings else _around(session, found, xml)


def _around(session: Session, found: Definition, xml: bytes) -> Package:
    forms = session.scalars(select(DefinitionForm).where(DefinitionForm.definition_id == found.id))
    tables = session.scalars(select(DefinitionDecision).where(DefinitionDecision.definition_id == found.id))
    settings = found.settings
    key = str(settings.get("key", found.key))
    start = settings.get("start", {})
    return Package(
        key=key,
        xml=xml,
        file_name=f"{key}.bpmn",
        settings=settings,
        title_zh=str(settings.get("title_zh", "")),
        title_en=str(settings.get("title_en", "")),
        summary_zh=str(settings.get("summary_zh", "")),
        summary_en=str(settings.get("summary_en", "")),
        owner=str(settings.get("owner", "")),
        classification=str(settings.get("classification", "internal")),
        listed=bool(settings.get("listed", True)),
        start_roles=tuple(start.get("roles", ())),
        start_form=str(start.get("form", "")),
        lanes={
            lane: LaneRole(str(entry.get("role", "")), str(entry.get("party", "")))
            for lane, entry in settings.get("lanes", {}).items()
        },
        sources=tuple(
            LegalSource(str(each.get("clause", "")), str(each.get("zh", "")), str(each.get("en", "")))
            for each in settings.get("source", ())
        ),
        decisions={table.key: table.xml for table in tables},
        forms={form.key: form.schema for form in forms},
    )
