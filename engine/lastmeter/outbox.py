"""Work to do after commit, and timers: one table, filled in the transaction that wants the work done.

A job's primary key is deterministic (`tmr-…`, `svc-…`), so that wanting it twice stores it once. Leases go by the
database's clock; `due_at` is legal time. `workflow.jobs` takes and performs them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Sequence, SmallInteger, String, Text, delete, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from lastmeter import clock
from lastmeter.db import Base

JOB_SEQ = Sequence("job_seq", metadata=Base.metadata)
JOB_SEQUENCE = Sequence("job_seq", metadata=Base.metadata)


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
    seq: Mapped[int] = mapped_column(BigInteger, JOB_SEQUENCE, server_default=JOB_SEQUENCE.next_value())

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
