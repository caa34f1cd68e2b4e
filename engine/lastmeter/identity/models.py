"""People, the two organisation trees, who holds which role where and when, logins, tokens, notices."""

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
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lastmeter.db import Base, WithCreated, WithId


class Region(WithId, Base):
    """An administrative division; functional zones have a local code but none of GB/T 2260."""

    __tablename__ = "region"
    code: Mapped[str] = mapped_column(String(12), unique=True)  # GB/T 2260 where one exists, else local
    is_official: Mapped[bool] = mapped_column(Boolean, default=True)
    level: Mapped[int] = mapped_column()  # 1 city, 2 district, 3 street or town, 4 community or village
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 4", name="level"),)


class Organisation(WithId, WithCreated, Base):
    """A body in one of the two trees: who supervises (administrative), who employs (provider). Never mixed."""

    __tablename__ = "organisation"
    tree: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(30))  # civil_bureau finance street community agency evaluator audit …
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    path: Mapped[str] = mapped_column(String(200), default="/")  # "/1/5/23/": a subtree is a prefix
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(160))
    uscc: Mapped[str | None] = mapped_column(String(18), unique=True)
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))
    responsible_person: Mapped[str | None] = mapped_column(String(60))
    controller_key: Mapped[str | None] = mapped_column(String(80))  # equal for bodies under one control (条例 18)
    blacklisted_until: Mapped[dt.date | None] = mapped_column(Date)
    closed_on: Mapped[dt.date | None] = mapped_column(Date)
    region: Mapped[Region | None] = relationship()
    __table_args__ = (
        CheckConstraint("tree IN ('administrative', 'provider')", name="tree"),
        Index("ix_organisation_path", "path", postgresql_ops={"path": "text_pattern_ops"}),
        Index("ix_organisation_parent_id", "parent_id"),
    )

    @property
    def named(self) -> dict[str, str]:
        """Its name as a fact of a refusal or notice, for readers of either language."""
        return {"zh": self.name, "en": self.name_en}


class Person(WithId, WithCreated, Base):
    """A human being known to the system; the identity number is sealed, found by its fingerprint, shown as a mask."""

    __tablename__ = "person"
    name: Mapped[str] = mapped_column(String(60))
    sort_key: Mapped[str] = mapped_column(String(120), default="")
    id_number: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    id_mask: Mapped[str | None] = mapped_column(String(18))
    birth: Mapped[dt.date | None] = mapped_column(Date)
    sex: Mapped[str | None] = mapped_column(String(6))  # male female
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_mask: Mapped[str | None] = mapped_column(String(20))


class Account(WithId, WithCreated, Base):
    """A login. A closed account's sessions and tokens end at once."""

    __tablename__ = "account"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), unique=True)
    login: Mapped[str] = mapped_column(String(60), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    language: Mapped[str | None] = mapped_column(String(5))
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    closed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    person: Mapped[Person] = relationship()


class Membership(WithId, WithCreated, Base):
    """A role that a person holds at an organisation from one legal day to another, both included."""

    __tablename__ = "membership"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[str] = mapped_column(String(30))
    valid_from: Mapped[dt.date] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    organisation: Mapped[Organisation] = relationship()
    person: Mapped[Person] = relationship()
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),
        Index("ix_membership_person_id", "person_id"),
        Index("ix_membership_seat", "organisation_id", "role"),
        UniqueConstraint("person_id", "organisation_id", "role", "valid_from"),
    )


class WebSession(Base):
    """A login's session on the server; the cookie carries only the secret whose hash is the key. Real time."""

    __tablename__ = "web_session"
    id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # sha256 of the cookie's secret
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    csrf: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    seen_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    account: Mapped[Account] = relationship()
    __table_args__ = (Index("ix_web_session_account_id", "account_id"),)


class LoginAttempt(WithId, Base):
    """A failed login, for the rate limit. Real time."""

    __tablename__ = "login_attempt"
    login: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(60))
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))
    __table_args__ = (
        Index("ix_login_attempt_login", "login", "at"),
        Index("ix_login_attempt_address", "address", "at"),
    )


class ApiToken(WithId, WithCreated, Base):
    """A bearer token; only its hash is stored. Scopes narrow what its owner's roles allow."""

    __tablename__ = "api_token"
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    label: Mapped[str] = mapped_column(String(80))
    scopes: Mapped[list[str]] = mapped_column(JSONB)  # read work publish operate message
    revoked_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    account: Mapped[Account] = relationship()


class IdempotencyKey(Base):
    """The first answer to a POST, kept seven days: a client that lost it asks again and gets it. Real time."""

    __tablename__ = "idempotency_key"
    owner: Mapped[str] = mapped_column(String(60), primary_key=True)  # token or session
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column()
    body: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    made_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=text("now()"))


class Notice(WithId, WithCreated, Base):
    """An in-app notice to one person: a catalogue key with facts, so that each reader has their own language."""

    __tablename__ = "notice"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    message: Mapped[str] = mapped_column(String(80))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    link: Mapped[str | None] = mapped_column(Text)
    read_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_notice_unread", "person_id", postgresql_where=text("read_at IS NULL")),
        Index("ix_notice_person_id", "person_id", "id"),
    )


class Acquaintance(WithId, Base):
    """A tie that bars a person from judging a body: worked or held office there. Source: 实施条例 9."""

    __tablename__ = "acquaintance"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    reason: Mapped[str] = mapped_column(String(120))
    until: Mapped[dt.date | None] = mapped_column(Date)  # last day in office; None: still
    __table_args__ = (Index("ix_acquaintance_person_id", "person_id"),)
