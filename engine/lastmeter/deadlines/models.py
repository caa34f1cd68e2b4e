"""The register, the calendar, and every deadline that was computed, with what it was computed from."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, CheckConstraint, Date, DateTime, Index, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lastmeter.db import Base, WithCreated, WithId


class DeadlineRule(WithId, Base):
    """A rule of the register from one day to another; a changed law closes the row and opens the next."""

    __tablename__ = "deadline_rule"
    rule_id: Mapped[str] = mapped_column(String(10))
    zh: Mapped[str] = mapped_column(String(120))
    en: Mapped[str] = mapped_column(String(160))
    sense: Mapped[str] = mapped_column(String(3))
    n: Mapped[str] = mapped_column(String(10))
    unit: Mapped[str] = mapped_column(String(20))
    rolls: Mapped[bool] = mapped_column(Boolean)
    start: Mapped[str] = mapped_column(String(60))
    end: Mapped[str] = mapped_column(String(60))
    source_zh: Mapped[str] = mapped_column(String(200))
    source_en: Mapped[str] = mapped_column(String(200))
    verified: Mapped[str] = mapped_column(String(20))
    plain_zh: Mapped[str] = mapped_column(Text)
    plain_en: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[dt.date | None] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    __table_args__ = (
        CheckConstraint("sense IN ('max', 'min')", name="sense"),
        CheckConstraint("valid_to IS NULL OR valid_from IS NULL OR valid_to >= valid_from", name="period"),
        Index("uq_deadline_rule_from", "rule_id", text("coalesce(valid_from, '-infinity'::date)"), unique=True),
    )


class CalendarYear(Base):
    """A year whose working days have been announced; `revision` is a digest of its days."""

    __tablename__ = "calendar_year"
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    revision: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(200))
    imported_by: Mapped[int | None] = mapped_column()
    imported_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (CheckConstraint("year BETWEEN 1990 AND 2199", name="year"),)


class CalendarDay(Base):
    """A day that differs from the plain week: a weekday off, or a Saturday or Sunday worked."""

    __tablename__ = "calendar_day"
    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    working: Mapped[bool] = mapped_column(Boolean)
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(60))


class Deadline(WithId, WithCreated, Base):
    """A due day with everything it was computed from, so that it can be explained and computed again."""

    __tablename__ = "deadline"
    rule_id: Mapped[str] = mapped_column(String(10))
    subject: Mapped[str] = mapped_column(String(120))  # what it is a deadline of, e.g. "task/15"
    instance_id: Mapped[int | None] = mapped_column()
    element_id: Mapped[str | None] = mapped_column(String(120))
    start: Mapped[dt.date] = mapped_column(Date)
    start_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))  # where the rule counts hours
    n: Mapped[str] = mapped_column(String(10))
    unit: Mapped[str] = mapped_column(String(20))
    sense: Mapped[str] = mapped_column(String(3))
    strict: Mapped[bool] = mapped_column(Boolean, default=False)
    first_due: Mapped[dt.date] = mapped_column(Date)  # as first computed: shown beside `due` once it moved
    raw_due: Mapped[dt.date] = mapped_column(Date)
    due: Mapped[dt.date] = mapped_column(Date)
    due_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    calendar_version: Mapped[str] = mapped_column(String(20))
    provisional: Mapped[bool] = mapped_column(Boolean)
    paused_days: Mapped[int] = mapped_column(default=0)
    pauses: Mapped[list[list[str]]] = mapped_column(JSONB, default=list)  # [[since, until], …] as ISO instants
    paused_since: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))  # the clock stands
    met_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))  # never moved afterwards
    amended_due: Mapped[dt.date | None] = mapped_column(Date)  # published, yet the calendar now says this day
    __table_args__ = (
        Index("ix_deadline_instance_id", "instance_id"),
        Index("ix_deadline_subject", "subject"),
        Index("ix_deadline_provisional", "due", postgresql_where=text("provisional AND met_at IS NULL")),
        CheckConstraint("sense IN ('max', 'min')", name="sense"),
    )
