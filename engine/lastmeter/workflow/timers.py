"""Timers: jobs that let an instance go on when they are due, and that move when their deadline does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from lastmeter import clock, outbox
from lastmeter.actor import SYSTEM, Actor
from lastmeter.deadlines import calendars
from lastmeter.deadlines.models import Deadline
from lastmeter.deadlines.records import Moved
from lastmeter.errors import Forbidden, InvalidInput, Missing
from lastmeter.outbox import Job, Postponed
from lastmeter.workflow import engine
from lastmeter.workflow.engine import Held
from lastmeter.workflow.models import NEVER, HumanTask, Timer
from lastmeter.workflow.refusals import InstanceEnded, ReasonMissing
from lastmeter.workflow.spiff import NotWaiting

OPERATE = "operate.act"


@outbox.handler("timer")
def _fire(session: Session, job: Job, _result: Any) -> None:
    """The instance goes on. A suspended one keeps its timers; what is over does not mind."""
    assert job.instance_id is not None
    uid = job.payload["uid"]
    try:
        held = engine.hold(session, SYSTEM, job.instance_id)
        if held.instance.suspended_at is not None:
            raise Postponed(None)
        held.note("timer.fired", element=_element_of(session, job.key))
        engine.run(held, lambda live: live.fire_timer(uid, held.now))
    except (NotWaiting, InstanceEnded, Missing):
        return
    session.execute(delete(Timer).where(Timer.job_key == job.key))


def _element_of(session: Session, job_key: str) -> str | None:
    return session.scalar(select(Timer.element_id).where(Timer.job_key == job_key))


def next_due(session: Session) -> dt.datetime | None:
    """When the next job is due, timers above all; None where nothing is planned."""
    query = select(func.min(Job.due_at)).where(Job.failed_at.is_(None), Job.paused_at.is_(None))
    return session.scalar(query)


def reschedule(
    session: Session, actor: Actor, instance_id: int, element_id: str, due: dt.datetime | dt.date, reason: str
) -> None:
    """The element's timer fires at another time; a date means 24:00 of that day.

    A connector moves a timer of its own instance at once, another's by a job. Raises Missing, Forbidden,
    ReasonMissing, InvalidInput where several timers run at the element.
    """
    inside = engine.is_inside(session)
    if not (actor.is_system or inside or actor.may(OPERATE)):
        raise Forbidden(permission=OPERATE)
    if not reason.strip():
        raise ReasonMissing(field="reason")
    own = engine.current(session, instance_id)
    if own is not None:
        _reschedule(own, element_id, due, reason)
    elif inside:
        number = session.scalar(outbox.JOB_SEQ.next_value().select())
        payload = {"element": element_id, "due": due.isoformat(), "reason": reason}
        key = f"retime-{instance_id}-{number}"
        outbox.enqueue(session, "timer.reschedule", key, instance_id=instance_id, payload=payload)
    else:
        held = engine.hold(session, actor, instance_id)
        _reschedule(held, element_id, due, reason)
        engine.save(held)


def _reschedule(held: Held, element_id: str, due: dt.datetime | dt.date, reason: str) -> None:
    session = held.session
    query = select(Timer).where(Timer.instance_id == held.instance.id, Timer.element_id == element_id)
    found = list(session.scalars(query))
    if not found:
        raise Missing(what="timer", element_id=element_id)
    if len(found) > 1:
        raise InvalidInput(field="element_id", reason="several_timers")
    at = due if isinstance(due, dt.datetime) else clock.end_of(due)
    _set(session, found[0], at, None if isinstance(due, dt.datetime) else due)
    held.note("timer.rescheduled", element=element_id, due=at, reason=reason)


@outbox.handler("timer.reschedule")
def _reschedule_by_job(session: Session, job: Job, _result: Any) -> None:
    assert job.instance_id is not None
    text = job.payload["due"]
    due = dt.date.fromisoformat(text) if len(text) == 10 else dt.datetime.fromisoformat(text)
    try:
        held = engine.hold(session, SYSTEM, job.instance_id)
    except InstanceEnded:
        return
    _reschedule(held, job.payload["element"], due, job.payload["reason"])
    engine.save(held)


def _set(session: Session, timer: Timer, at: dt.datetime, on: dt.date | None) -> None:
    timer.due_at, timer.due_on = at, on
    session.execute(update(Job).where(Job.key == timer.job_key).values(due_at=at))
    if at <= clock.now():
        session.info["wake"] = True


# --- deadlines that move -------------------------------------------------------------------------------------


def import_calendar_year(session: Session, actor: Actor, table: bytes | str, *, source: str) -> calendars.Imported:
    """The year stands in the calendar, and what its days move moves in tasks and timers too. Raises CalendarRefused."""
    imported = calendars.import_calendar_year(session, actor, table, source=source)
    follow(session, imported.moved)
    return imported


def follow(session: Session, moved: Iterable[Moved]) -> None:
    """Tasks and timers of the moved deadlines get their new dates, each instance in a job of its own."""
    for each in moved:
        row = each.deadline
        if row.instance_id is not None:
            key = f"moved-{row.id}-{int(each.after.timestamp())}"
            outbox.enqueue(session, "deadline.moved", key, instance_id=row.instance_id, payload={"deadline": row.id})


@outbox.handler("deadline.moved")
def _follow_one(session: Session, job: Job, _result: Any) -> None:
    assert job.instance_id is not None
    row = session.get(Deadline, job.payload["deadline"])
    if row is None:
        return
    held = engine.hold(session, SYSTEM, job.instance_id, running=False)
    put(session, row)
    held.note("deadline.moved", element=row.element_id, due=row.due)
    engine.save(held)


def put(session: Session, row: Deadline) -> None:
    """The deadline's task or timer is due when the deadline is; its instance is held."""
    on = None if row.unit == "hours" else row.due
    kind, _, identity = row.subject.partition("/")
    if kind == "task":
        values = {"due_on": on, "due_at": row.due_at, "sort_at": row.due_at or NEVER}
        session.execute(update(HumanTask).where(HumanTask.id == int(identity)).values(values))
    elif kind == "timer":
        timer = session.get(Timer, identity)
        if timer is not None:
            _set(session, timer, row.due_at, on)


def shift(held: Held, pause: dt.timedelta, following: set[str]) -> None:
    """Timers and due dates that follow no deadline of the register are later by the time the instance stood still."""
    session, instance_id = held.session, held.instance.id
    waiting = select(HumanTask).where(
        HumanTask.instance_id == instance_id,
        HumanTask.state.in_(("open", "hold", "suspended")),
        HumanTask.due_at.is_not(None),
    )
    for task in session.scalars(waiting):
        if f"task/{task.id}" not in following and task.due_at is not None:
            task.due_at, task.due_on = _later(task.due_at, task.due_on, pause)
            task.sort_at = task.due_at
    for timer in session.scalars(select(Timer).where(Timer.instance_id == instance_id)):
        if f"timer/{timer.job_key}" not in following:
            _set(session, timer, *_later(timer.due_at, timer.due_on, pause))


def _later(at: dt.datetime, on: dt.date | None, pause: dt.timedelta) -> tuple[dt.datetime, dt.date | None]:
    """A whole day stays a whole day: it is later by the legal days that were begun."""
    if on is None:
        return at + pause, None
    day = on + dt.timedelta(days=-(-pause // dt.timedelta(days=1)))
    return clock.end_of(day), day
