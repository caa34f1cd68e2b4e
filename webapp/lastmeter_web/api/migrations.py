"""Running instances moved to another version of their process, and back."""

from __future__ import annotations

from typing import Any

from flask import g

from lastmeter.errors import InvalidInput
from lastmeter.workflow import migration
from lastmeter.workflow.refusals import DefinitionUnknown
from lastmeter_web.api import schemas
from lastmeter_web.api.calls import actor, call, identity
from lastmeter_web.extensions import db
from lastmeter_web.sentences import sentence

# One call is one transaction; more than these are moved by the command, one by one.
MOST = 500


@call("/definitions/<string:key>/migrations", method="POST", scopes=("operate",), permissions=migration.MAY,
      tag="definitions", body=schemas.MigrationSchema, answer=schemas.MigrationsSchema)  # fmt: skip
def migrate_instances(wanted: dict[str, Any], key: str) -> Any:
    """Move running instances to another version of the process, or say what would move and what hinders it.

    What is blocked is left as it is; the others are moved. `reason` is required unless `dry_run`.
    """
    session, to, mapping = db.session(), wanted["to"], wanted["mapping"]
    if "\0" in key:
        raise DefinitionUnknown(key=key[:80], version=to)
    which = migration.Filter(wanted["from_"], wanted["instances"], wanted["business_key"])
    meant = migration.chosen(session, actor(), key, to, which)
    if len(meant) > MOST:
        raise InvalidInput(field="instances", reason="too_many", most=MOST)
    results = [
        migration.plan(session, actor(), each, key, to, mapping)
        if wanted["dry_run"]
        else migration.migrate(session, actor(), each, key, to, reason=wanted["reason"], mapping=mapping)
        for each in meant
    ]
    return {"items": migration.report(results, say=lambda code, facts: sentence(code, facts, g.language))}


@call("/instances/<string:instance_id>/migrations/<string:migration_id>/undo", method="POST", scopes=("operate",),
      permissions=migration.MAY, tag="instances", answer=schemas.UndoneSchema)  # fmt: skip
def undo_migration(instance_id: str, migration_id: str) -> Any:
    """Take back the move, as long as the instance has not gone on since."""
    number = identity(migration_id, "migration")
    return migration.undo(db.session(), actor(), number, instance_id=identity(instance_id, "instance"))
