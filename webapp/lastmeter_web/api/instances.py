"""Instances: started, listed, looked into, cancelled; incidents retried."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition
from lastmeter.errors import InvalidInput
from lastmeter.workflow import incidents, instances
from lastmeter.workflow.models import HumanTask, Instance
from lastmeter.workflow.refusals import DefinitionUnknown
from lastmeter_web.api import schemas
from lastmeter_web.api.calls import actor, call, identity
from lastmeter_web.api.plain import plain
from lastmeter_web.extensions import db

TAG = "instances"
WAITING = ("open", "hold", "suspended")


@call("/instances", method="POST", scopes=("work",), tag=TAG, status=201, body=schemas.StartSchema,
      answer=schemas.StartedSchema)  # fmt: skip
def start_instance(wanted: dict[str, Any]) -> Any:
    """Start an instance of a definition.

    `variables` are what the start form takes, where the definition has one; a package without a start form takes none.
    `start` names the start event where several have no event.
    """
    session, given = db.session(), wanted["variables"]
    row = publishing.latest(session, wanted["definition"], wanted["version"])
    if row is None:
        raise DefinitionUnknown(key=wanted["definition"], version=wanted["version"])
    loaded = publishing.load(session, row.id)
    if loaded.start_form is not None:
        taken: dict[str, Any] = {"data": given}
    elif loaded.is_package and given:
        raise InvalidInput(field="variables", reason="no_start_form")
    else:
        taken = {"variables": given}
    made = instances.start(
        session, actor(), row.key, version=row.version, business_key=wanted["business_key"],
        start_element=wanted["start"], **taken,
    )  # fmt: skip
    return {"id": made.id, "state": made.state}, 201, {"Location": f"/api/v1/instances/{made.id}"}


@call("/instances", scopes=("read",), tag=TAG, query=schemas.InstanceQuery, answer=schemas.InstancesSchema)
def list_instances(wanted: dict[str, Any]) -> Any:
    """The instances that the token's owner may open, newest first."""
    page = instances.listing(db.session(), actor(), **wanted)
    versions = _versions(page.items)
    return {"items": [_row(each, versions) for each in page.items], "next": page.next}


@call("/instances/<string:instance_id>", scopes=("read",), tag=TAG, answer=schemas.InstanceSchema)
def show_instance(instance_id: str) -> Any:
    """One instance: where it stands and what it waits for. Variables are those that the reader may see."""
    session = db.session()
    found = instances.get(session, actor(), identity(instance_id, "instance"))
    waiting = select(HumanTask).where(HumanTask.instance_id == found.id, HumanTask.state.in_(WAITING))
    return {
        **_row(found, _versions([found])),
        "variables": plain(instances.variables(session, actor(), found)),
        "tasks": list(session.scalars(waiting.order_by(HumanTask.id))),
        "timers": instances.timers(session, found.id),
        "subscriptions": instances.subscriptions(session, found.id),
        "incidents": incidents.of(session, found.id),
        "children": [child.id for child in instances.children(session, found.id)],
    }


@call("/instances/<string:instance_id>/history", scopes=("read",), tag=TAG, answer=schemas.HistorySchema(many=True))
def show_history(instance_id: str) -> Any:
    """What has happened in the instance, in order."""
    found = instances.get(db.session(), actor(), identity(instance_id, "instance"))
    return instances.history(db.session(), found.id, reader=actor())


@call("/instances/<string:instance_id>/cancel", method="POST", scopes=("operate",), tag=TAG, body=schemas.ReasonSchema,
      answer=schemas.StartedSchema)  # fmt: skip
def cancel_instance(wanted: dict[str, Any], instance_id: str) -> Any:
    """Cancel the instance with all that is open in it; its starter or an operator may."""
    return instances.cancel(db.session(), actor(), identity(instance_id, "instance"), wanted["reason"])


@call("/incidents/<string:incident_id>/retry", method="POST", scopes=("operate",), permissions=("operate.act",),
      tag=TAG, body=schemas.RetrySchema, answer=schemas.IncidentSchema)  # fmt: skip
def retry_incident(wanted: dict[str, Any], incident_id: str) -> Any:
    """Try again what failed; should it fail again, a new incident says so. A reason stands in the audit."""
    return incidents.retry(db.session(), actor(), identity(incident_id, "incident"), reason=wanted["reason"])


def _versions(rows: list[Instance]) -> dict[int, int]:
    ids = {row.definition_id for row in rows}
    found = db.session().execute(select(Definition.id, Definition.version).where(Definition.id.in_(ids)))
    return {row.id: row.version for row in found}


def _row(found: Instance, versions: dict[int, int]) -> dict[str, object]:
    names = ("id", "business_key", "title_zh", "title_en", "state", "suspended_at", "started_at", "ended_at",
             "parent_id")  # fmt: skip
    shown = {name: getattr(found, name) for name in names}
    return {**shown, "definition": found.definition_key, "version": versions[found.definition_id]}
