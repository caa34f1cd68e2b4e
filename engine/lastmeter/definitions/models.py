"""Published definitions: immutable versions, their forms and decisions, what starts them; and drafts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Boolean, DateTime, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lastmeter import clock
from lastmeter.db import Base, WithId


class Definition(WithId, Base):
    """One version of one process. Never changed: a change is a new version, and running instances stay on theirs."""

    __tablename__ = "definition"
    key: Mapped[str] = mapped_column(String(80))
    version: Mapped[int] = mapped_column()
    title_zh: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    summary_zh: Mapped[str] = mapped_column(Text, default="")
    summary_en: Mapped[str] = mapped_column(Text, default="")
    classification: Mapped[str] = mapped_column(String(12))  # what its submissions are at least
    listed: Mapped[bool] = mapped_column(Boolean)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)  # process.toml; {} for a bare file
    outline: Mapped[dict[str, Any]] = mapped_column(JSONB)  # elements, names read, calls, decisions, starts
    xml: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    spec: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # what instances are restored onto
    digest: Mapped[bytes] = mapped_column(LargeBinary)  # over all that was published: same content, same version
    published_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    published_by: Mapped[int | None] = mapped_column()
    source: Mapped[str] = mapped_column(String(20))  # bundled, upload, designer
    __table_args__ = (UniqueConstraint("key", "version"),)


class DefinitionForm(Base):
    """A form as it stood when the version was published."""

    __tablename__ = "definition_form"
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    schema: Mapped[dict[str, Any]] = mapped_column(JSONB)


class DefinitionDecision(Base):
    """A DMN file as it stood when the version was published."""

    __tablename__ = "definition_decision"
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)  # the file's stem
    xml: Mapped[bytes] = mapped_column(LargeBinary)


class DefinitionStart(Base):
    """A message, signal, timer or condition that starts the newest version of a definition."""

    __tablename__ = "definition_start"
    definition_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))
    kind: Mapped[str] = mapped_column(String(10))  # message signal timer condition
    name: Mapped[str] = mapped_column(String(200), default="")
    __table_args__ = (Index("ix_definition_start_name", "kind", "name"),)


class Draft(Base):
    """What a designer is drawing; `revision` tells two editors apart."""

    __tablename__ = "definition_draft"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    revision: Mapped[int] = mapped_column()
    xml: Mapped[bytes] = mapped_column(LargeBinary)
    base_version: Mapped[int | None] = mapped_column()  # the published version it began from
    owner_id: Mapped[int | None] = mapped_column()
    updated_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
