"""Definitions: checked, published, listed, read back."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import undefer

from lastmeter.definitions import lint, publishing, revising
from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.definitions.models import Definition
from lastmeter.definitions.packages import Package
from lastmeter.errors import InvalidInput
from lastmeter.workflow.refusals import DefinitionUnknown
from lastmeter_web.api import schemas
from lastmeter_web.api.calls import actor, call
from lastmeter_web.extensions import db

TAG = "definitions"
_BINARY = {"type": "string", "format": "binary"}
SENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/xml": {"schema": {"type": "string"}},
            "multipart/form-data": {"schema": {"type": "object", "properties": {"file": _BINARY}}},
        },
    }
}
READERS = ("definition.view", "process.view", "inbox.use")


def _sent() -> Package:
    """What the body holds: a diagram, or a zip file of a package. Raises DefinitionRefused, InvalidInput."""
    if request.mimetype == "multipart/form-data":
        upload = request.files.get("file")
        if upload is None:
            raise InvalidInput(field="file", reason="missing")
        body = upload.read()
    else:
        body = request.get_data(cache=True)
    if not body:
        raise InvalidInput(field="body", reason="missing")
    if body.startswith(b"PK\x03\x04"):
        return publishing.package_of(body)
    # A bare diagram of a process that has a package is its next version: roles and forms do not fall away.
    return revising.revised(db.session(), body)


@call("/definitions", method="POST", scopes=("publish",), permissions=("designer.publish",), tag=TAG, status=201,
      answer=schemas.PublishedSchema, described=SENT)  # fmt: skip
def publish_definition() -> Any:
    """Check and publish a .bpmn (application/xml) or a package (multipart `file`: .bpmn or zip).

    422 definition_refused carries the findings.
    """
    done = publishing.publish(db.session(), actor(), _sent())
    first = done.definitions[0]
    findings = [finding.as_dict() for finding in done.findings]
    return {"key": first.key, "version": first.version, "processes": done.definitions, "findings": findings}


@call("/definitions/lint", method="POST", scopes=("publish", "read"),
      permissions=("designer.edit", "designer.publish", "definition.view"), tag=TAG,
      answer=schemas.FindingsSchema, described=SENT)  # fmt: skip
def lint_definition() -> Any:
    """The findings about a .bpmn or a package; nothing is stored."""
    try:
        package = _sent()
    except DefinitionRefused as refused:
        return {"findings": [finding.as_dict() for finding in refused.findings]}
    found = lint.check(package, known=publishing.known_names(db.session()))
    return {"findings": [finding.as_dict() for finding in found]}


@call("/definitions", scopes=("read",), permissions=READERS, tag=TAG, answer=schemas.DefinitionsSchema)
def list_definitions() -> Any:
    """The newest version of every published process."""
    return {"items": [_shown(row) for row in publishing.newest(db.session())]}


@call("/definitions/<string:key>", scopes=("read",), permissions=READERS, tag=TAG,
      answer=schemas.DefinitionWithVersionsSchema)  # fmt: skip
def show_definition(key: str) -> Any:
    """The newest version of the process, and which versions there are."""
    row = _found(key, None)
    versions = db.session().scalars(
        select(Definition.version).where(Definition.key == key).order_by(Definition.version)
    )
    return {**_shown(row), "versions": list(versions)}


@call("/definitions/<string:key>/versions/<string:version>", scopes=("read",), permissions=READERS, tag=TAG,
      answer=schemas.DefinitionSchema)  # fmt: skip
def show_definition_version(key: str, version: str) -> Any:
    """One version of the process."""
    return _shown(_found(key, version))


@call("/definitions/<string:key>/versions/<string:version>/xml", scopes=("read",), permissions=READERS, tag=TAG)
def show_definition_xml(key: str, version: str) -> Response:
    """The BPMN file of the version, as it was published."""
    row = _found(key, version)
    xml = db.session().scalar(select(Definition).where(Definition.id == row.id).options(undefer(Definition.xml)))
    assert xml is not None
    return Response(xml.xml, content_type="application/xml")


def _found(key: str, version: str | None) -> Definition:
    """The version. Raises DefinitionUnknown, also for what can be no version."""
    number = None
    if version is not None:
        if not (version.isascii() and version.isdigit() and 0 < len(version) < 10):
            raise DefinitionUnknown(key=key[:80], version=None)
        number = int(version)
    row = None if "\0" in key else publishing.latest(db.session(), key, number)
    if row is None:
        raise DefinitionUnknown(key=key[:80], version=number)
    return row


def _shown(row: Definition) -> dict[str, object]:
    names = ("key", "version", "title_zh", "title_en", "summary_zh", "summary_en", "classification", "published_at",
             "source")  # fmt: skip
    return {**{name: getattr(row, name) for name in names}, "startable": publishing.may_start(actor(), row)}
