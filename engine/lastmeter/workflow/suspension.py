"""An instance stands still with all that it called: its tasks are seen and cannot be done, its clocks stop."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from lastmeter import outbox
from lastmeter.actor import SYSTEM, Actor
from lastmeter.deadlines import records
from lastmeter.deadlines.models import Deadline
from lastmeter.errors import Forbidden, Missing
from lastmeter.outbox import Job
from lastmeter.workflow import engine, instances, timers
from lastmeter.workflow.engine import Held
from lastmeter.workflow.models import HumanTask
from lastmeter.workflow.refusals import InstanceEnded, ReasonMissing

# Clocks stop, and nothing new is called; what comes from outside is still taken in.
_PAUSED = ("timer", "child.start")


def suspend(session: Session, actor: Actor, instance_id: int, reason: str, until: dt.datetime | None = None) -> None:
    """The instance and everything it called stand still, until `until` if that is given, else until it is resumed.

    Called by a connector, another instance is suspended by a job. Raises Missing, Forbidden, ReasonMissing,
    InstanceEnded.
    """
    if not reason.strip():
        raise ReasonMissing(field="reason")
    payload = {"id": instance_id, "reason": reason, "until": until.isoformat() if until else None}
    if _leave(session, actor, "tree.suspend", instance_id, payload):
        return
    _suspend(engine.hold(session, actor, instance_id), reason, until)


def resume(session: Session, actor: Actor, instance_id: int) -> None:
    """The instance and everything it called go on; what was due is due later by the time it stood still.

    Raises Missing, Forbidden, InstanceEnded.
    """
    if not _leave(session, actor, "tree.resume", instance_id, {"id": instance_id}):
        _resume(engine.hold(session, actor, instance_id))


def _leave(session: Session, actor: Actor, kind: str, instance_id: int, payload: dict[str, Any]) -> bool:
    """True where the act was left to a worker: the caller holds another instance's lock."""
    if engine.is_inside(session):
        number = session.scalar(outbox.JOB_SEQ.next_value().select())
        outbox.enqueue(session, kind, f"{kind}-{instance_id}-{number}", payload=payload)
        return True
    if not actor.is_system:
        instances.get(session, actor, instance_id)
        if not actor.may(instances.OPERATE):
            raise Forbidden(permission=instances.OPERATE)
    return False


def _suspend(held: Held, reason: str, until: dt.datetime | None, *, passed_on: bool = False) -> None:
    """The instance stands still; one that its caller took along goes on with its caller, whenever that is."""
    instance = held.instance
    if until is not None and not passed_on:
        _end_at(held, until)
    begins = instance.suspended_at is None
    instance.suspended_reason, instance.suspended_until = reason, until
    if begins:
        instance.suspended_at = held.now
        _stop_clocks(held)
        held.note("instance.suspended", reason=reason, until=until)
    told = {"reason": reason, "until": until.isoformat() if until else None, "passed_on": True}
    _pass_on(held, "tree.suspend", told)
    engine.save(held)


def _end_at(held: Held, until: dt.datetime) -> None:
    key = f"tree.until-{held.instance.id}-{held.instance.version}"
    payload = {"id": held.instance.id, "until": until.isoformat()}
    outbox.enqueue(held.session, "tree.until", key, payload=payload, due_at=until)


def _stop_clocks(held: Held) -> None:
    session, instance = held.session, held.instance
    session.execute(
        update(HumanTask)
        .where(HumanTask.instance_id == instance.id, HumanTask.state.in_(("open", "hold")))
        .values(state="suspended")
    )
    session.execute(
        update(Job)
        .where(Job.instance_id == instance.id, Job.kind.in_(_PAUSED), Job.paused_at.is_(None))
        .values(paused_at=held.now)
    )
    records.pause(session, instance.id, at=held.now)


def _resume(held: Held) -> None:
    session, instance = held.session, held.instance
    if instance.suspended_at is None:
        return
    pause = held.now - instance.suspended_at
    instance.suspended_at = instance.suspended_reason = instance.suspended_until = None
    session.execute(
        update(HumanTask)
        .where(HumanTask.instance_id == instance.id, HumanTask.state == "suspended")
        .values(state=case((HumanTask.hold_until.is_not(None), "hold"), else_="open"))
    )
    session.execute(update(Job).where(Job.instance_id == instance.id, Job.kind.in_(_PAUSED)).values(paused_at=None))
    records.resume(session, instance.id, at=held.now)
    session.flush()
    rows = session.scalars(select(Deadline).where(Deadline.instance_id == instance.id, Deadline.met_at.is_(None))).all()
    for row in rows:
        timers.put(session, row)
    timers.shift(held, pause, {row.subject for row in rows})
    held.note("instance.resumed", seconds=int(pause.total_seconds()))
    session.info["wake"] = True
    _pass_on(held, "tree.resume", {})
    engine.save(held)


def _pass_on(held: Held, kind: str, payload: dict[str, Any]) -> None:
    step = f"{held.instance.id}-{held.instance.version}"
    jobs = [
        outbox.wanted(kind, f"{kind}-{child}-{step}", payload={"id": child, **payload})
        for child in instances.running_children(held.session, held.instance.id)
    ]
    outbox.enqueue_all(held.session, jobs)


@outbox.handler("tree.suspend")
def _suspend_by_job(session: Session, job: Job, _result: Any) -> None:
    until = job.payload["until"]
    try:
        held = engine.hold(session, SYSTEM, job.payload["id"])
    except (InstanceEnded, Missing):
        return
    _supersede(session, job, "tree.resume")
    passed_on = bool(job.payload.get("passed_on"))
    _suspend(held, job.payload["reason"], dt.datetime.fromisoformat(until) if until else None, passed_on=passed_on)


@outbox.handler("tree.resume")
def _resume_by_job(session: Session, job: Job, _result: Any) -> None:
    try:
        held = engine.hold(session, SYSTEM, job.payload["id"])
    except (InstanceEnded, Missing):
        return
    _supersede(session, job, "tree.suspend")
    _resume(held)


def _supersede(session: Session, job: Job, kind: str) -> None:
    """What was asked of the instance before and waits still is done with: the later word holds."""
    session.execute(
        delete(Job).where(Job.kind == kind, Job.payload["id"].as_integer() == job.payload["id"], Job.seq < job.seq)
    )


@outbox.handler("tree.until")
def _resume_at_last(session: Session, job: Job, _result: Any) -> None:
    """The time is over, unless somebody has resumed or prolonged the suspension meanwhile."""
    try:
        held = engine.hold(session, SYSTEM, job.payload["id"])
    except (InstanceEnded, Missing):
        return
    until = held.instance.suspended_until
    if until is not None and until <= held.now:
        _resume(held)
    elif until is not None:
        _end_at(held, until)
