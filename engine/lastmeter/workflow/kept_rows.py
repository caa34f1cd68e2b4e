"""The rows of an instance that name elements: kept as they are before it moves, renamed, and put back by an undo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lastmeter import outbox
from lastmeter.db import Base, table_of
from lastmeter.deadlines.models import Deadline
from lastmeter.outbox import Job
from lastmeter.workflow import engine
from lastmeter.workflow.engine import Held
from lastmeter.workflow.models import HumanTask, Incident, Submission, Subscription, Timer

Rows = dict[str, list[dict[str, Any]]]

_FOLLOWING = ("element_id", "name_zh", "name_en", "form_key", "role", "organisation_id", "person_id")
# What of each row a move may change; timers and subscriptions may also come and go, so all of them is kept.
_CHANGED: Mapping[type[Base], tuple[str, ...]] = {
    HumanTask: _FOLLOWING,
    Submission: ("element_id",),
    Incident: ("element_id",),
    Deadline: ("element_id", "met_at"),
}
_WAITING: Mapping[type[Base], str] = {Timer: "job_key", Subscription: "uid"}
_JOBS = ("service", "child.start")


def keep(session: Session, instance_id: int) -> Rows:
    """The rows as JSON, by table."""
    session.flush()
    kept: Rows = {}
    for model, columns in _CHANGED.items():
        table = table_of(model)
        wanted = [table.c.id, *(table.c[name] for name in columns)]
        kept[table.name] = _rows(session, select(*wanted).where(table.c.instance_id == instance_id))
    for model in _WAITING:
        table = table_of(model)
        kept[table.name] = _rows(session, select(table).where(table.c.instance_id == instance_id))
    jobs = select(Job.key, Job.payload, Job.kind, Job.due_at, Job.paused_at)
    kept["job"] = _rows(session, jobs.where(Job.instance_id == instance_id, Job.kind.in_((*_JOBS, "timer"))))
    return kept


def _rows(session: Session, query: Any) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = orjson.loads(
        orjson.dumps([dict(row) for row in session.execute(query).mappings()], option=orjson.OPT_UTC_Z)
    )
    return plain


def rename(session: Session, instance_id: int, places: Mapping[str, str], renamed: Mapping[str, str]) -> None:
    """What waits names its new element, by uid; what was done at an element that is only called otherwise follows it.

    Separation of duties and connectors look for past work by element: without this a renamed step would be forgotten.
    """
    for model in (HumanTask, Incident, Timer, Subscription):
        table = table_of(model)
        found = session.execute(select(table.c.uid, table.c.element_id).where(table.c.instance_id == instance_id)).all()
        for uid, element_id in found:
            if places.get(uid, element_id) != element_id:
                mine = (table.c.instance_id == instance_id) & (table.c.uid == uid)
                session.execute(update(table).where(mine).values(element_id=places[uid]))
    for old, new in renamed.items():
        for done_at in (HumanTask, Submission, Deadline):
            table = table_of(done_at)
            past = (table.c.instance_id == instance_id) & (table.c.element_id == old)
            session.execute(update(table).where(past).values(element_id=new))
    for job in session.execute(
        select(Job.key, Job.payload).where(Job.instance_id == instance_id, Job.kind.in_(_JOBS))
    ).all():
        element = places.get(job.payload["uid"], job.payload["element"])
        if element != job.payload["element"]:
            session.execute(update(Job).where(Job.key == job.key).values(payload={**job.payload, "element": element}))
    session.expire_all()


def put_back(held: Held, kept: Rows) -> None:
    """The rows are what they were; what began to wait since waits no more."""
    session, instance_id = held.session, held.instance.id
    for model in _CHANGED:
        table = table_of(model)
        for row in kept[table.name]:
            fields = {name: _typed(table.c[name], value) for name, value in row.items() if name != "id"}
            session.execute(update(table).where(table.c.id == row["id"]).values(fields))
    keys = {row["key"] for row in kept["job"]}
    begun = select(Timer.job_key).where(Timer.instance_id == instance_id, Timer.job_key.not_in(keys or {""}))
    since = list(session.scalars(begun))
    outbox.withdraw(session, *since)
    engine.meet(session, held.now, *(f"timer/{key}" for key in since))
    for model in _WAITING:
        table = table_of(model)
        session.execute(delete(table).where(table.c.instance_id == instance_id))
        rows = [{name: _typed(table.c[name], value) for name, value in row.items() if name != "id"} for row in
                kept[table.name]]  # fmt: skip
        if rows:
            session.execute(table.insert(), rows)
    _put_jobs_back(session, instance_id, kept["job"])
    session.expire_all()


def _put_jobs_back(session: Session, instance_id: int, kept: list[dict[str, Any]]) -> None:
    for row in kept:
        if row["kind"] in _JOBS:
            session.execute(update(Job).where(Job.key == row["key"]).values(payload=row["payload"]))
    outbox.enqueue_all(
        session,
        [
            outbox.wanted(
                "timer", row["key"], instance_id=instance_id, payload=row["payload"],
                due_at=dt.datetime.fromisoformat(row["due_at"]),
                paused_at=dt.datetime.fromisoformat(row["paused_at"]) if row["paused_at"] else None,
            )
            for row in kept
            if row["kind"] == "timer"
        ],
    )  # fmt: skip


def _typed(column: Any, value: Any) -> Any:
    kind = column.type.python_type
    if isinstance(value, str) and kind is dt.datetime:
        return dt.datetime.fromisoformat(value)
    return dt.date.fromisoformat(value) if isinstance(value, str) and kind is dt.date else value
