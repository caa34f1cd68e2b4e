"""A file that somebody handed in."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Date, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from lastmeter.db import Base, WithCreated, WithId


class Document(WithId, WithCreated, Base):
    """What is known of a file; its bytes lie in the data folder under `stored_as`, sealed if `key_class` is set."""

    __tablename__ = "document"
    owner: Mapped[str] = mapped_column(String(120))  # what it belongs to: upload/<person>, task/<id>, contract/<id> …
    name: Mapped[str | None] = mapped_column(String(200))  # as people see it; none where it is sealed
    sealed_name: Mapped[bytes | None] = mapped_column(LargeBinary)  # a case file's name names the client
    kind: Mapped[str] = mapped_column(String(10))
    mime: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column()
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))  # of the content as handed in
    stored_as: Mapped[str] = mapped_column(String(120))
    classification: Mapped[str] = mapped_column(String(12))
    key_class: Mapped[str | None] = mapped_column(String(80))
    retention_until: Mapped[dt.date | None] = mapped_column(Date)
    uploaded_by: Mapped[int | None] = mapped_column()
    __table_args__ = (
        CheckConstraint(
            "classification IN ('public', 'internal', 'procurement', 'case', 'sealed')", name="classification"
        ),
        CheckConstraint("classification NOT IN ('case', 'sealed') OR key_class IS NOT NULL", name="sealed"),
        CheckConstraint("(key_class IS NULL) = (name IS NOT NULL)", name="name"),
        CheckConstraint("(key_class IS NULL) = (sealed_name IS NULL)", name="sealed_name"),
        CheckConstraint("size > 0", name="size"),
        Index("ix_document_owner", "owner"),
        Index("ix_document_stored_as", "stored_as"),
    )
