"""What runs: instances, their tasks, submissions, history, what they wait for, and what went wrong.

People are referred to by id without a foreign key where rows are written on every step: nobody is ever deleted, and
each key would cost a lookup. An instance's rows change only under the lock of its `instance` row.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lastmeter import clock
from lastmeter.db import Base, WithId

_WAITING = "state IN ('open', 'hold', 'suspended')"
# Tasks without a due date come last in every list.
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class Instance(WithId, Base):
    """One run of a definition. Whoever changes anything of it holds this row's lock and raises `version`."""

    __tablename__ = "instance"
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))
    definition_key: Mapped[str] = mapped_column(String(80))
    parent_id: Mapped[int | None] = mapped_column()  # no foreign key: it would lock the parent's row
    parent_task_uid: Mapped[str | None] = mapped_column(String(80))
    root_id: Mapped[int | None] = mapped_column()  # of a child: the instance that nobody called
    business_key: Mapped[str | None] = mapped_column(String(120))
    title_zh: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10), default="running")  # running completed cancelled incident
    suspended_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    suspended_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    suspended_reason: Mapped[str | None] = mapped_column(Text)
    starter_id: Mapped[int | None] = mapped_column()
    started_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    ended_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(default=1)
    wanted: Mapped[list[str] | None] = mapped_column(ARRAY(Text))  # names that the caller reads from a child
    history_count: Mapped[int] = mapped_column(default=0)
    audit_position: Mapped[int] = mapped_column(default=0)  # the head of the chain instance/<id>
    audit_hash: Mapped[bytes] = mapped_column(LargeBinary, default=bytes(32))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # the state; None once it has ended

    __table_args__ = (
        CheckConstraint("state IN ('running', 'completed', 'cancelled', 'incident')", name="state"),
        Index("ix_instance_definition_key", "definition_key", "id"),
        Index("ix_instance_business_key", "business_key", postgresql_where=text("business_key IS NOT NULL")),
        Index("ix_instance_parent", "parent_id", "parent_task_uid", postgresql_where=text("parent_id IS NOT NULL")),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy reads it as declared


class InstanceParty(Base):
    """Which organisation plays a part in the instance: `street`, `provider`, …"""

    __tablename__ = "instance_party"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    organisation_id: Mapped[int] = mapped_column()
    __table_args__ = (Index("ix_instance_party_organisation_id", "organisation_id"),)


class HumanTask(WithId, Base):
    """An element that waits for a person: anybody who holds `role` at the organisation, or one person."""

    __tablename__ = "human_task"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    element_id: Mapped[str] = mapped_column(String(120))
    uid: Mapped[str] = mapped_column(String(80))
    loop_index: Mapped[int | None] = mapped_column()
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    form_key: Mapped[str | None] = mapped_column(String(120))
    role: Mapped[str | None] = mapped_column(String(30))
    organisation_id: Mapped[int | None] = mapped_column()  # None beside a role: wherever it is held
    person_id: Mapped[int | None] = mapped_column()  # this person and nobody else
    claimed_by: Mapped[int | None] = mapped_column()
    claimed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    due_on: Mapped[dt.date | None] = mapped_column(Date)
    due_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    sort_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=NEVER)  # due_at, or never
    priority: Mapped[int] = mapped_column(SmallInteger, default=50)
    state: Mapped[str] = mapped_column(String(10), default="open")  # open hold suspended completed cancelled
    hold_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    hold_reason: Mapped[str | None] = mapped_column(Text)
    local: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the loop's own variables, for the task's heading
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    completed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    completed_by: Mapped[int | None] = mapped_column()

    __table_args__ = (
        CheckConstraint("state IN ('open', 'hold', 'suspended', 'completed', 'cancelled')", name="state"),
        Index("uq_human_task_instance_id_uid", "instance_id", "uid", unique=True),
        Index(
            "ix_human_task_seat", "organisation_id", "role", "sort_at", "id",
            postgresql_where=text(f"{_WAITING} AND claimed_by IS NULL AND person_id IS NULL"),
        ),
        Index(
            "ix_human_task_claimed_by", "claimed_by", "sort_at", "id",
            postgresql_where=text(f"{_WAITING} AND claimed_by IS NOT NULL"),
        ),
        Index(
            "ix_human_task_person_id", "person_id", "sort_at", "id",
            postgresql_where=text(f"{_WAITING} AND person_id IS NOT NULL"),
        ),
        Index(
            "ix_human_task_completed_by", "completed_by", "completed_at", "id",
            postgresql_where=text("completed_by IS NOT NULL"),
        ),
    )  # fmt: skip


class Submission(WithId, Base):
    """What a person handed in: plain, or sealed where its classification is `case` or `sealed`."""

    __tablename__ = "submission"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    element_id: Mapped[str] = mapped_column(String(120))
    task_id: Mapped[int | None] = mapped_column()  # None: handed in at the start
    definition_id: Mapped[int] = mapped_column()
    form_key: Mapped[str | None] = mapped_column(String(120))
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_class: Mapped[str | None] = mapped_column(String(80))  # of `sealed`
    classification: Mapped[str] = mapped_column(String(12))
    person_id: Mapped[int | None] = mapped_column("by")
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    __table_args__ = (
        CheckConstraint("(data IS NULL) <> (sealed IS NULL)", name="sealed_or_plain"),
        Index("ix_submission_instance_id", "instance_id", "element_id"),
    )


class TaskDraft(Base):
    """What a person has typed so far; unvalidated, theirs alone, sealed like the submission it will be."""

    __tablename__ = "task_draft"
    task_id: Mapped[int] = mapped_column(ForeignKey("human_task.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_class: Mapped[str | None] = mapped_column(String(80))
    saved_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class HistoryEvent(Base):
    """An element was entered, completed, cancelled, failed or left by moving to another version."""

    __tablename__ = "history_event"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    element_id: Mapped[str] = mapped_column(String(120))
    element_type: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(10))  # entered completed cancelled failed migrated
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    person_id: Mapped[int | None] = mapped_column()
    uid: Mapped[str | None] = mapped_column(String(80))
    loop_index: Mapped[int | None] = mapped_column()


class DecisionRecord(WithId, Base):
    """What a table decided at an element and why, as it was told then; sealed where it tells of a case."""

    __tablename__ = "decision_record"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    element_id: Mapped[str] = mapped_column(String(120))
    definition_id: Mapped[int] = mapped_column(ForeignKey("definition.id"))  # the version that the table stood in
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_class: Mapped[str | None] = mapped_column(String(80))
    __table_args__ = (
        CheckConstraint("(data IS NULL) <> (sealed IS NULL)", name="told_once"),
        Index("ix_decision_record_instance_id", "instance_id"),
    )


class Subscription(WithId, Base):
    """The instance waits here for a message (one receiver) or a signal (every receiver)."""

    __tablename__ = "subscription"
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    uid: Mapped[str] = mapped_column(String(80))
    element_id: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(10))  # message signal
    name: Mapped[str] = mapped_column(String(200))
    correlation: Mapped[str | None] = mapped_column(String(200))
    retrieval: Mapped[str | None] = mapped_column(Text)  # FEEL: what of a message's payload the correlation is
    __table_args__ = (
        Index("uq_subscription_instance_id_uid", "instance_id", "uid", unique=True),
        Index("ix_subscription_name", "name", "correlation"),
    )


class Timer(Base):
    """When the instance goes on by itself; the job of the same key fires it, `timer/<job key>` is its deadline."""

    __tablename__ = "timer"
    job_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    element_id: Mapped[str] = mapped_column(String(120))
    uid: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    due_on: Mapped[dt.date | None] = mapped_column(Date)  # set where the timer means a whole legal day
    __table_args__ = (Index("ix_timer_instance_id", "instance_id"),)


class DataStoreEntry(WithId, Base):
    """One entry of a data store: what instances of any process left there. It stays when they are over."""

    __tablename__ = "data_store_entry"
    store: Mapped[str] = mapped_column(String(120))
    organisation_id: Mapped[int | None] = mapped_column()  # whose store it is; None: one for all
    key: Mapped[str] = mapped_column(String(120))  # empty in a store of one value
    value: Mapped[str] = mapped_column(Text)  # FEEL as text: JSONB would lose number types and the fields' order
    version: Mapped[int] = mapped_column(default=1)
    instance_id: Mapped[int] = mapped_column()  # who wrote it last; no foreign key: it would lock the instance's row
    written_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    written_by: Mapped[int | None] = mapped_column()
    __table_args__ = (
        Index(
            "uq_data_store_entry_place", "store", "organisation_id", "key", unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip


class StartCondition(Base):
    """Whether a condition that starts a process held when it was last asked; it starts one when it becomes true."""

    __tablename__ = "start_condition"
    definition_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    element_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(primary_key=True)  # whose data stores were asked; 0: those of all
    holds: Mapped[bool] = mapped_column()


class Incident(WithId, Base):
    """Something that a person has to look at; never carries case content."""

    __tablename__ = "incident"
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instance.id"))
    element_id: Mapped[str | None] = mapped_column(String(120))
    uid: Mapped[str | None] = mapped_column(String(80))  # the parked token that a retry sets going again
    job_key: Mapped[str | None] = mapped_column(String(200))  # the job that a retry performs again
    code: Mapped[str] = mapped_column(String(60))
    detail: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'"))
    opened_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    resolved_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    resolved_by: Mapped[int | None] = mapped_column()
    __table_args__ = (
        Index("ix_incident_open", "opened_at", postgresql_where=text("resolved_at IS NULL")),
        Index("ix_incident_instance_id", "instance_id"),
    )
