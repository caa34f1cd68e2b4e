"""Work to do after commit, and timers: one table, filled in the transaction that wants the work done.

A job's primary key is deterministic (`tmr-…`, `svc-…`), so that wanting it twice stores it once. Leases go by the
database's clock; `due_at` is legal time. `workflow.jobs` takes and performs them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Sequence, SmallInteger, String, Text, delete, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from lastmeter import clock
from lastmeter.db import Base

JOB_SEQ = Sequence("job_seq", metadata=Base.metadata)


class Job(Base):
    """One piece of work; gone when done. `failed_at` set: an incident shows it and nobody takes it."""

    __tablename__ = "job"
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    instance_id: Mapped[int | None] = mapped_column(BigInteger)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    due_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    paused_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))  # not taken while set
    lease_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))  # database time
    token: Mapped[int] = mapped_column(BigInteger, default=0)  # fences a slow worker
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    error: Mapped[str | None] = mapped_column(Text)
    failed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    # The order of wanting: what one instance tells another arrives in the order it was told.
    seq: Mapped[int] = mapped_column(BigInteger, JOB_SEQ, server_default=JOB_SEQ.next_value())

    __table_args__ = (
        Index("ix_job_due", "due_at", "seq", postgresql_where=text("failed_at IS NULL AND paused_at IS NULL")),
        Index("ix_job_instance", "instance_id"),
    )


def enqueue(
    session: Session,
    kind: str,
    key: str,
    *,
    instance_id: int | None = None,
    payload: Mapping[str, Any] | None = None,
    due_at: dt.datetime | None = None,
) -> None:
    """The job stands once the transaction commits; wanting the same key again changes nothing."""
    enqueue_all(session, [wanted(kind, key, instance_id=instance_id, payload=payload, due_at=due_at)])


def wanted(
    kind: str,
    key: str,
    *,
    instance_id: int | None = None,
    payload: Mapping[str, Any] | None = None,
    due_at: dt.datetime | None = None,
    paused_at: dt.datetime | None = None,
) -> dict[str, Any]:
    """A job's row for `enqueue_all`."""
    return {
        "key": key,
        "kind": kind,
        "instance_id": instance_id,
        "payload": dict(payload or {}),
        "due_at": due_at or clock.now(),
        "paused_at": paused_at,
    }


def enqueue_all(session: Session, jobs: Iterable[Mapping[str, Any]]) -> None:
    """All the jobs in one statement; workers are woken at commit where one is due at once."""
    rows = [dict(job) for job in jobs]
    if rows:
        session.execute(insert(Job).values(rows).on_conflict_do_nothing(index_elements=["key"]))
        if any(row["due_at"] <= clock.now() for row in rows):
            session.info["wake"] = True


def withdraw(session: Session, *keys: str) -> None:
    """The jobs are no longer wanted; unknown keys are no error."""
    if keys:
        session.execute(delete(Job).where(Job.key.in_(keys)))


def withdraw_kind(session: Session, kind: str, prefix: str) -> None:
    """Jobs of the kind whose keys begin so are no longer wanted."""
    session.execute(delete(Job).where(Job.kind == kind, Job.key.startswith(prefix, autoescape=True)))


# --- who performs them ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Handler:
    """How a kind of job is done: `outside` first, in no transaction, then `inside` with its result, in one."""

    inside: Callable[[Session, Job, Any], None]
    outside: Callable[[Job], Any] | None = None


class Postponed(Exception):
    """Raised by a handler: not now. The job is put back, and the attempt does not count; None: it is paused."""

    def __init__(self, until: dt.datetime | None) -> None:
        self.until = until
        super().__init__(str(until))


HANDLERS: dict[str, Handler] = {}
_PERFORMING = "performing job"
Inside = Callable[[Session, Job, Any], None]


def handler(kind: str, *, outside: Callable[[Job], Any] | None = None) -> Callable[[Inside], Inside]:
    """Registers `def f(session, job, result)` for the kind; `result` is what `outside(job)` returned, else None."""

    def register(inside: Inside) -> Inside:
        HANDLERS[kind] = Handler(inside, outside)
        return inside

    return register


def performing(session: Session) -> str | None:
    """The key of the job that this session performs: it goes when it is finished, nobody withdraws it."""
    key: str | None = session.info.get(_PERFORMING)
    return key


@contextmanager
def as_performer(session: Session, job: Job) -> Iterator[None]:
    """Inside, `performing` answers the job's key."""
    session.info[_PERFORMING] = job.key
    try:
        yield
    finally:
        session.info.pop(_PERFORMING, None)
