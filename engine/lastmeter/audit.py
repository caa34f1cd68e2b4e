"""What happened, who did it, when: append-only and hash-chained per instance.

The application's database role has no UPDATE or DELETE on `audit_event`. Each row's hash covers the row before it
in its chain, so that a changed, dropped or inserted row shows (`verify`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, String, UniqueConstraint, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from lastmeter import clock
from lastmeter.actor import Actor
from lastmeter.db import Base, WithId, table_of, unit_of_work

GENESIS = bytes(32)


class AuditEvent(WithId, Base):
    """One fact. `chain` is `instance/<id>` or a room's name; `position` counts within it from 1."""

    __tablename__ = "audit_event"
    chain: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    hash: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        UniqueConstraint("chain", "position"),
        Index("ix_audit_event_subject", "subject"),
        Index("ix_audit_event_person", "person_id", "at"),
    )


_COLUMNS = ("chain", "position", "at", "person_id", "action", "subject", "facts", "hash")


def _digest(previous: bytes, event: AuditEvent) -> bytes:
    body = orjson.dumps(
        [
            event.chain,
            event.position,
            event.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            event.person_id,
            event.action,
            event.subject,
            event.facts,
        ],
        option=orjson.OPT_SORT_KEYS,
    )
    return hashlib.sha256(previous + body).digest()


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: str,
    *,
    chain: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """The fact stands at the end of its chain once the transaction commits; never put case content into `facts`.

    Writers of one chain are put in order by an advisory lock, held until commit.
    """
    chain = chain or subject.split("/")[0]
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:chain, 7))"), {"chain": chain})
    last = session.execute(
        select(AuditEvent.position, AuditEvent.hash)
        .where(AuditEvent.chain == chain)
        .order_by(AuditEvent.position.desc())
        .limit(1)
    ).first()
    event = AuditEvent(
        chain=chain,
        position=(last.position if last else 0) + 1,
        at=clock.now(),
        person_id=actor.person_id,
        action=action,
        subject=subject,
        facts=orjson.loads(orjson.dumps(dict(facts or {}), default=str)),
    )
    event.hash = _digest(last.hash if last else GENESIS, event)
    session.add(event)
    session.flush()
    return event


@dataclass(frozen=True)
class Entry:
    """One fact to be chained by `extend`."""

    actor: Actor
    action: str
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def extend(session: Session, chain: str, position: int, previous: bytes, entries: Sequence[Entry]) -> tuple[int, bytes]:
    """The chain's new head after `entries`, stored in one statement. The caller holds the lock that orders the chain.

    `position` and `previous` are the head so far, which the caller keeps (an instance's row does): nothing is read.
    """
    now, rows = clock.now(), []
    for entry in entries:
        position += 1
        event = AuditEvent(
            chain=chain,
            position=position,
            at=now,
            person_id=entry.actor.person_id,
            action=entry.action,
            subject=entry.subject,
            facts=orjson.loads(orjson.dumps(dict(entry.facts), default=str)),
        )
        previous = event.hash = _digest(previous, event)
        rows.append({name: getattr(event, name) for name in _COLUMNS})
    if rows:
        session.execute(insert(table_of(AuditEvent)), rows)
    return position, previous


def record_refusal(
    session: Session, actor: Actor, action: str, subject: str, *, facts: Mapping[str, Any] | None = None
) -> None:
    """What a refusal must leave behind (failed login, denied access, late challenge), in a transaction of its own.

    Call it after the refused unit was rolled back; `session` must be idle.
    """
    with unit_of_work(session):
        record(session, actor, action, subject, chain="refusals", facts=facts)


def verify(session: Session, chain: str) -> int | None:
    """The first position of the chain that does not fit, or None where the chain is whole."""
    previous, expected = GENESIS, 1
    for event in session.scalars(select(AuditEvent).where(AuditEvent.chain == chain).order_by(AuditEvent.position)):
        if event.position != expected or event.hash != _digest(previous, event):
            return expected
        previous, expected = event.hash, expected + 1
    return None
