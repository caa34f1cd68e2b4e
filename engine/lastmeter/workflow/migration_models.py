"""What was before an instance moved to another version, so that the move can be taken back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lastmeter import clock
from lastmeter.db import Base, WithId


class InstanceMigration(WithId, Base):
    """One move; `blob` and `before` are the state and the rows as they were, until a later move replaces them."""

    __tablename__ = "instance_migration"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    from_definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))
    to_definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))
    mapping: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    version: Mapped[int] = mapped_column(default=0)  # the instance's, right after: undone only while it is the same
    blob: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB, deferred=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    person_id: Mapped[int | None] = mapped_column("by")
    reason: Mapped[str] = mapped_column(Text)
    undone_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[int | None] = mapped_column()
    __table_args__ = (Index("ix_instance_migration_instance_id", "instance_id"),)
