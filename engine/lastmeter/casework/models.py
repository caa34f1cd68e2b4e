"""Clients and their cases. What tells a person or a story is sealed under the key class `case_notes`.

Source: 个人信息保护法 13, 28, 29, 31; 实施方案 三(五), 四(四).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lastmeter.db import Base, WithCreated, WithId
from lastmeter.stations.models import Station


class Client(WithId, WithCreated, Base):
    """A person whom a station serves: one person, one file (一人一档). Outside casework only `number` is shown."""

    __tablename__ = "client"
    number: Mapped[str] = mapped_column(String(20), unique=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"), index=True)
    name: Mapped[bytes] = mapped_column(LargeBinary)
    id_number: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    birth: Mapped[dt.date | None] = mapped_column(Date)
    categories: Mapped[list[str]] = mapped_column(JSONB, default=list)
    risk: Mapped[str | None] = mapped_column(String(10))  # high key general
    linked_to: Mapped[int | None] = mapped_column(ForeignKey("client.id"))  # the same person, known elsewhere


class Consent(WithId, Base):
    """What a client or guardian agreed to, and when it was withdrawn. Source: 个人信息保护法 13–15, 29, 31."""

    __tablename__ = "consent"
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))  # general sensitive guardian share handover
    given_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class Case(WithId, WithCreated, Base):
    """A case: one responsible worker at any time (invariant I5); no edit after it is closed."""

    __tablename__ = "case_file"
    number: Mapped[str] = mapped_column(String(30), unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    responsible_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    instance_id: Mapped[int | None] = mapped_column(index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("dispatch_order.id"))
    source: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), default="open")  # open closed not_opened
    opened_on: Mapped[dt.date] = mapped_column(Date)
    closed_on: Mapped[dt.date | None] = mapped_column(Date)
    reason: Mapped[str | None] = mapped_column(String(20))
    client: Mapped[Client] = relationship()
    station: Mapped[Station] = relationship()
    __table_args__ = (
        CheckConstraint("status IN ('open', 'closed', 'not_opened')", name="status"),
        CheckConstraint("(status = 'open') = (closed_on IS NULL)", name="closed"),
        Index("ix_case_file_station_id", "station_id", "status"),
        Index("ix_case_file_responsible_id", "responsible_id", postgresql_where=text("status = 'open'")),
    )


class CaseNote(WithId, WithCreated, Base):
    """A sealed record of a case: intake, assessment, plan, session, closure; appended, never changed."""

    __tablename__ = "case_note"
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    day: Mapped[dt.date] = mapped_column(Date)
    minutes: Mapped[int | None] = mapped_column(SmallInteger)
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    body: Mapped[bytes] = mapped_column(LargeBinary)  # sealed JSON


class DispatchOrder(WithId, WithCreated, Base):
    """A request that was sent to a station; who asked and what for is sealed."""

    __tablename__ = "dispatch_order"
    number: Mapped[str] = mapped_column(String(30), unique=True)
    source: Mapped[str] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(30))
    urgency: Mapped[str] = mapped_column(String(10))
    station_id: Mapped[int] = mapped_column(ForeignKey("station.id"))
    instance_id: Mapped[int] = mapped_column()
    body: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(20), default="dispatched")
    accept_due: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    accepted_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    contacted_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    reopened: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (
        CheckConstraint("status IN ('dispatched','accepted','served','closed','refused')", name="status"),
        Index("ix_dispatch_order_station_id", "station_id", "created_at"),
    )


class AccessLog(WithId, Base):
    """Who read what of a case file, when and why; appended in the reading transaction, before the bytes leave."""

    __tablename__ = "access_log"
    person_id: Mapped[int] = mapped_column()
    case_id: Mapped[int] = mapped_column(index=True)
    what: Mapped[str] = mapped_column(String(40))
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    why: Mapped[str] = mapped_column(String(40))  # responsible manager break_glass
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
