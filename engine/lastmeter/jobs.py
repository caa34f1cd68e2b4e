"""Jobs taken and performed: due by the legal clock, leased by the database's, fenced by a token.

A job is first taken (committed: whoever dies now has used up one attempt), then performed in a transaction that also
deletes it. A worker that was too slow finds another token there and its transaction comes to nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, func, literal, select, text, update
from sqlalchemy.orm import Session

from lastmeter import clock, failpoints
from lastmeter.db import (
    DatabaseUnavailable,
    follows_virtual_clock,
    in_transaction,
    lead_legal_clock,
    legal_clock_moves,
    unit_of_work,
)
from lastmeter.errors import LastmeterError
from lastmeter.outbox import HANDLERS, Job, Postponed, as_performer, handler
from lastmeter.workflow import calls, incidents, messages, migration, services, suspension, task_jobs, timers

__all__ = ["Job", "Postponed", "anything_due", "drain", "handler", "take"]

log = logging.getLogger(__name__)
Factory = Callable[[], Session]

LEASE_SECONDS = 60
ATTEMPTS = 3
BATCH = 10
# Seconds before the second and the third try: a passing fault is over soon, a lasting one should be seen soon.
PAUSES = (1, 5)
# Rooms whose handlers are registered by being imported.
HANDLING = (calls, messages, migration, services, suspension, task_jobs, timers)


class JobLost(Exception):
    """Another worker has taken the job over, or it was withdrawn: what was done comes to nothing."""


class UnknownJob(LastmeterError):
    """No handler is registered for the kind; facts: `kind`."""

    code = "unknown_job"


def drain(factory: Factory, *, limit: int | None = None, until_empty: bool = True) -> int:
    """How many due jobs were performed, each in a transaction of its own; a failed one waits for its next try.

    `until_empty`: also those that were wanted meanwhile, else one batch.
    """
    done = 0
    while limit is None or done < limit:
        batch = take(factory, min(BATCH, BATCH if limit is None else limit - done))
        for job in batch:
            perform(factory, job)
        done += len(batch)
        if not until_empty or (not batch and not _time_passes(factory)):
            break
    return done


def _time_passes(factory: Factory) -> bool:
    """True if the demonstration's moving clock has come to its next event, so that there may be work again.

    It waits while other workers still perform what is due: an event happens after all that came before it.
    """
    if not follows_virtual_clock():
        return False
    with factory() as session, unit_of_work(session):
        if legal_clock_moves(session) is None:
            return False
        alive = (Job.failed_at.is_(None), Job.paused_at.is_(None))
        following = session.scalar(select(func.min(Job.due_at)).where(*alive))
        if following is not None and following <= clock.now():
            return False
        return lead_legal_clock(session, following)


def take(factory: Factory, count: int = BATCH) -> list[Job]:
    """Up to `count` due jobs that are ours until their lease ends."""

    def work(session: Session) -> list[Job]:
        # Somebody died or failed with it: it is tried alone, so that the others are not counted down with it.
        return _lease(session, Job.attempts > 0, 1) or _lease(session, Job.attempts == 0, count)

    return in_transaction(factory, work)


def _lease(session: Session, condition: ColumnElement[bool], count: int) -> list[Job]:
    due = select(Job.key).where(_due(), condition).order_by(Job.due_at, Job.seq).limit(count)
    taken = session.scalars(
        update(Job)
        .where(Job.key.in_(due.with_for_update(skip_locked=True).scalar_subquery()))
        .values(
            lease_until=text(f"clock_timestamp() + interval '{LEASE_SECONDS} seconds'"),
            token=Job.token + 1,
            attempts=Job.attempts + 1,
        )
        .returning(Job),
        execution_options={"synchronize_session": False},
    ).all()
    return sorted(taken, key=lambda job: (job.due_at, job.seq))


def perform(factory: Factory, job: Job) -> bool:
    """True if the job was done; a failure is counted, and the last one is an incident."""
    try:
        entry = HANDLERS.get(job.kind)
        if entry is None:
            raise UnknownJob(kind=job.kind)
        if job.attempts > ATTEMPTS:
            # Whoever took it before died with it each time.
            raise WorkerDied(job.error or "")
        result = entry.outside(job) if entry.outside is not None else None
        in_transaction(factory, lambda session: _inside(session, job, entry.inside, result))
    except JobLost:
        log.info("job %s was taken over", job.key)
        return False
    except Postponed as later:
        _put_back(factory, job, later.until)
        return False
    except DatabaseUnavailable:
        # Nothing is wrong with the job: its lease ends, and it is taken again.
        log.warning("the database went away during job %s", job.key)
        return False
    except Exception as error:
        _count_failure(factory, job, error)
        return False
    return True


class WorkerDied(Exception):
    """The process ended during every attempt."""


def _inside(session: Session, job: Job, work: Callable[[Session, Job, Any], None], result: Any) -> None:
    with as_performer(session, job):
        work(session, job, result)
        session.flush()
        failpoints.hit("before_finish")
        _finish(session, job)


def _finish(session: Session, job: Job) -> None:
    """The job is gone. Raises JobLost if it is not ours any more, or was paused meanwhile.

    It comes last, after the instance's lock: a person's step locks the instance first and withdraws jobs then.
    """
    gone = session.execute(delete(Job).where(Job.key == job.key, Job.token == job.token, Job.paused_at.is_(None)))
    assert isinstance(gone, CursorResult)
    if gone.rowcount != 1:
        raise JobLost(job.key)


def _put_back(factory: Factory, job: Job, until: dt.datetime | None) -> None:
    values: dict[str, Any] = {"lease_until": None, "attempts": Job.attempts - 1}
    if until is not None:
        values["due_at"] = until
    _change(factory, job, values)


def _count_failure(factory: Factory, job: Job, error: BaseException) -> None:
    """The job waits for its next try; after the third failure an incident stands instead."""
    # Names and places only: the message of an error may hold what a person wrote.
    told = incidents.describe(error)
    log.error("job %s failed, attempt %d: %s\n%s", job.key, job.attempts, told, incidents.places(error))
    if job.attempts < ATTEMPTS:
        pause = PAUSES[min(job.attempts, len(PAUSES)) - 1]
        _change(
            factory, job,
            {"error": told, "lease_until": text(f"clock_timestamp() + interval '{pause} seconds'")},
        )  # fmt: skip
        return
    with factory() as session, unit_of_work(session):
        if _changed(session, job, {"error": told, "failed_at": clock.now(), "lease_until": None}):
            incidents.open_for_job(session, job, error, clock.now())


def _change(factory: Factory, job: Job, values: dict[str, Any]) -> None:
    with factory() as session, unit_of_work(session):
        _changed(session, job, values)


def _changed(session: Session, job: Job, values: dict[str, Any]) -> bool:
    """True if the job was still ours."""
    done = session.execute(
        update(Job)
        .where(Job.key == job.key, Job.token == job.token)
        .values(values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount == 1


def anything_due(session: Session) -> bool:
    """True if a job could be taken now, or the demonstration's clock is on its way."""
    query = select(literal(1)).where(_due()).limit(1)
    return session.scalar(query.select_from(Job)) is not None or legal_clock_moves(session) is not None


def _due() -> ColumnElement[bool]:
    """Wanted by now, neither paused nor failed, and in nobody's hands."""
    free = Job.lease_until.is_(None) | (Job.lease_until < text("clock_timestamp()"))
    return Job.failed_at.is_(None) & Job.paused_at.is_(None) & (Job.due_at <= clock.now()) & free
