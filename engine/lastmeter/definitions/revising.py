"""A new diagram for a process that is published: what stood around the old one stays."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter.definitions import publishing
from lastmeter.definitions.models import DefinitionDecision, DefinitionForm
from lastmeter.definitions.packages import Package, bare_package, load_zip, pack


def revised(session: Session, xml: bytes, *, key: str | None = None) -> Package:
    """The diagram as a package: settings, forms and decisions are those of the newest version of its process.

    A process that was never published, or came as a bare file, stays a bare diagram. `key` names the process whose
    package it is meant for; default: the one that the diagram itself executes. Raises DefinitionRefused.
    """
    bare = bare_package(xml)
    found = publishing.latest(session, key or bare.key)
    if found is None or not found.settings:
        return bare
    forms = session.scalars(select(DefinitionForm).where(DefinitionForm.definition_id == found.id))
    tables = session.scalars(select(DefinitionDecision).where(DefinitionDecision.definition_id == found.id))
    around = replace(
        bare, key=str(found.settings.get("key", found.key)), settings=found.settings,
        forms={form.key: form.schema for form in forms}, decisions={table.key: table.xml for table in tables},
    )  # fmt: skip
    return load_zip(pack(around))
