"""Plans, thresholds, procurements, lots, sealed bids, committees, scores, awards, challenges, suspensions.

What the law forbids outright is held here by constraints: a bid cannot be read without an opening by two people after
the deadline, nothing unopened can be awarded, a locked score cannot change, a conflicted member cannot sit.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Connection,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lastmeter.db import Base, WithCreated, WithId

# --- the annual plan ----------------------------------------------------------------------------------------


class AnnualPlan(WithId, WithCreated, Base):
    """A district's implementation plan for a year, in the six parts of the Plan 四(一)."""

    __tablename__ = "annual_plan"
    district_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    year: Mapped[int] = mapped_column()
    status: Mapped[str] = mapped_column(String(20), default="draft")
    goals: Mapped[str] = mapped_column(Text, default="")
    budget_fen: Mapped[int] = mapped_column(default=0)
    method: Mapped[str | None] = mapped_column(String(40))
    content_progress: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    quality_standard: Mapped[str] = mapped_column(Text, default="")
    quantity_standards: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    evaluation: Mapped[str] = mapped_column(Text, default="")
    filed_no: Mapped[str | None] = mapped_column(String(40), unique=True)
    filed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    filed_late: Mapped[bool] = mapped_column(Boolean, default=False)
    instance_id: Mapped[int | None] = mapped_column()
    lines: Mapped[list[PlanLine]] = relationship(
        back_populates="plan", cascade="all, delete-orphan", order_by="PlanLine.id"
    )
    funding: Mapped[list[PlanFunding]] = relationship(
        back_populates="plan", cascade="all, delete-orphan", order_by="PlanFunding.id"
    )
    __table_args__ = (
        UniqueConstraint("district_id", "year"),
        CheckConstraint("year BETWEEN 2000 AND 2999", name="year"),
        CheckConstraint("budget_fen >= 0", name="budget"),
        CheckConstraint("status IN ('draft', 'approved', 'submitted', 'filed')", name="status"),
        CheckConstraint("(status = 'filed') = (filed_no IS NOT NULL AND filed_at IS NOT NULL)", name="filed"),
        CheckConstraint(
            "status = 'draft' OR (goals <> '' AND budget_fen > 0 AND method IS NOT NULL AND quality_standard <> ''"
            " AND evaluation <> '' AND jsonb_array_length(content_progress) > 0"
            " AND jsonb_array_length(quantity_standards) > 0)",
            name="six_parts",
        ),
    )


class PlanLine(WithId, Base):
    """One station that the plan pays for: a street's, or the district's main station (`street_id` empty)."""

    __tablename__ = "plan_line"
    plan_id: Mapped[int] = mapped_column(ForeignKey("annual_plan.id"))
    kind: Mapped[str] = mapped_column(String(20))  # district_main street
    street_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    level: Mapped[str] = mapped_column(String(10), default="1.0")
    headcount: Mapped[int] = mapped_column()
    budget_fen: Mapped[int] = mapped_column()
    plan: Mapped[AnnualPlan] = relationship(back_populates="lines")
    __table_args__ = (
        CheckConstraint("kind IN ('district_main', 'street')", name="kind"),
        CheckConstraint("(kind = 'street') = (street_id IS NOT NULL)", name="street"),
        CheckConstraint("headcount >= 3", name="headcount"),  # 实施方案 三(二)
        CheckConstraint("budget_fen > 0", name="budget"),
        UniqueConstraint("plan_id", "street_id", postgresql_nulls_not_distinct=True),
    )


class PlanFunding(WithId, Base):
    """Where a plan's money comes from. Source: 实施方案 五(三)."""

    __tablename__ = "plan_funding"
    plan_id: Mapped[int] = mapped_column(ForeignKey("annual_plan.id"))
    source: Mapped[str] = mapped_column(String(20))
    fen: Mapped[int] = mapped_column()
    plan: Mapped[AnnualPlan] = relationship(back_populates="funding")
    __table_args__ = (
        CheckConstraint("source IN ('city', 'district', 'street', 'charity')", name="source"),
        CheckConstraint("fen > 0", name="fen"),
        UniqueConstraint("plan_id", "source"),
    )


class Threshold(WithId, WithCreated, Base):
    """The amounts above which the law's procedures, and open tender, apply; set by the province, never shipped.

    Source: 政府采购法 8, 27.
    """

    __tablename__ = "threshold"
    province: Mapped[str] = mapped_column(String(12))  # region code
    budget_level: Mapped[str] = mapped_column(String(20))  # city district
    object_type: Mapped[str] = mapped_column(String(20))  # services goods works
    limit_fen: Mapped[int] = mapped_column()  # 采购限额标准
    open_fen: Mapped[int] = mapped_column()  # 公开招标数额标准
    valid_from: Mapped[dt.date] = mapped_column(Date)
    valid_to: Mapped[dt.date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    is_example: Mapped[bool] = mapped_column(Boolean, default=False)
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),
        CheckConstraint("limit_fen >= 0 AND open_fen >= limit_fen", name="amounts"),
        CheckConstraint("object_type IN ('services', 'goods', 'works')", name="object_type"),
        # No btree_gist here: the key's hash, as a range of one number, stands in for its equality.
        ExcludeConstraint(
            (
                literal_column(
                    "int8range(hashtextextended(province || '/' || budget_level || '/' || object_type, 0),"
                    " hashtextextended(province || '/' || budget_level || '/' || object_type, 0), '[]')"
                ),
                "&&",
            ),
            (literal_column("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="ex_threshold_one_in_force",
            using="gist",
        ),
    )


# --- the procurement ----------------------------------------------------------------------------------------


class Procurement(WithId, WithCreated, Base):
    """One purchase from requirement to award. Its times are filled as the law's steps are taken."""

    __tablename__ = "procurement"
    no: Mapped[str] = mapped_column(String(40), unique=True)
    ocid: Mapped[str] = mapped_column(String(60), unique=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("annual_plan.id"))
    district_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    instance_id: Mapped[int | None] = mapped_column()  # the tender's: a challenge suspends its tree
    title: Mapped[str] = mapped_column(String(120), default="")
    title_en: Mapped[str] = mapped_column(String(160), default="")
    object_type: Mapped[str] = mapped_column(String(20), default="services")
    requirement: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    documents: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    budget_fen: Mapped[int] = mapped_column(default=0)
    method: Mapped[str | None] = mapped_column(String(40))
    method_basis: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    term_months: Mapped[int] = mapped_column(default=36)
    status: Mapped[str] = mapped_column(String(20), default="planning")
    finance_reviewed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    issued_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    docs_until: Mapped[dt.date | None] = mapped_column(Date)
    bid_deadline: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    evaluation_ended_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    report_received_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    award_published_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    bonds_refunded_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    lots: Mapped[list[Lot]] = relationship(back_populates="procurement", order_by="Lot.no")
    __table_args__ = (
        CheckConstraint(
            "status IN"
            " ('planning', 'open', 'opened', 'evaluated', 'decided', 'awarded', 'failed', 'void', 'cancelled')",
            name="status",
        ),
        CheckConstraint("budget_fen >= 0", name="budget"),
        CheckConstraint("term_months BETWEEN 1 AND 36", name="term"),  # 实施方案 四(三)
        # Nothing is issued before finance has seen it: 实施方案 四(二), 条例 29.
        CheckConstraint("issued_at IS NULL OR finance_reviewed_at IS NOT NULL", name="finance_first"),
        CheckConstraint("bid_deadline IS NULL OR issued_at IS NULL OR bid_deadline > issued_at", name="deadline"),
        Index("ix_procurement_district_id", "district_id"),
    )


class Lot(WithId, Base):
    """A part of the procurement that is bid for and awarded by itself: a set of the district's stations."""

    __tablename__ = "lot"
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    no: Mapped[int] = mapped_column()
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20))  # district_main street: never one supplier for both
    plan_line_ids: Mapped[list[int]] = mapped_column(JSONB)
    budget_fen: Mapped[int] = mapped_column()
    status: Mapped[str] = mapped_column(String(20), default="open")
    procurement: Mapped[Procurement] = relationship(back_populates="lots")
    __table_args__ = (
        UniqueConstraint("procurement_id", "no"),
        UniqueConstraint("id", "procurement_id"),
        CheckConstraint("kind IN ('district_main', 'street')", name="kind"),
        CheckConstraint("budget_fen > 0", name="budget"),
        CheckConstraint("jsonb_array_length(plan_line_ids) > 0", name="stations"),
        CheckConstraint("status IN ('open', 'failed', 'awarded')", name="status"),
    )


class Notice(WithId, Base):
    """A text of the file with its hash: what was made public, and the records that stay in the file."""

    __tablename__ = "procurement_notice"
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    kind: Mapped[str] = mapped_column(String(30))
    is_public: Mapped[bool] = mapped_column(Boolean)
    title_zh: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sha256: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    until: Mapped[dt.date | None] = mapped_column(Date)  # last day of the notice period
    __table_args__ = (
        Index("ix_procurement_notice_procurement_id", "procurement_id", "kind"),
        CheckConstraint(
            "kind IN ('requirement', 'tender_notice', 'amendment', 'opening_record', 'failure', 'evaluation_report',"
            " 'award', 'award_void', 'single_source', 'price_record', 'challenge_reply', 'complaint_decision',"
            " 'consultation_record', 'committee')",
            name="kind",
        ),
    )


class Clarification(WithId, Base):
    """A supplier's question and the buyer's answer, or a change of the documents; `material` ones move the deadline."""

    __tablename__ = "clarification"
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    asked_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    question: Mapped[str] = mapped_column(Text, default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    material: Mapped[bool] = mapped_column(Boolean, default=False)
    sent_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    deadline_before: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    deadline_after: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_clarification_procurement_id", "procurement_id"),
        CheckConstraint("(sent_at IS NULL) = (answer = '')", name="answered"),
        CheckConstraint("deadline_after IS NULL OR deadline_after >= deadline_before", name="never_earlier"),
    )


class Opening(WithId, Base):
    """The act that unseals the bids: after the deadline, by two different people."""

    __tablename__ = "bid_opening"
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    deadline: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    opened_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    opened_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    witnessed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("procurement_notice.id"))
    __table_args__ = (
        UniqueConstraint("procurement_id"),
        UniqueConstraint("id", "procurement_id"),
        CheckConstraint("opened_at >= deadline", name="after_deadline"),  # 招标投标法 34 as carried by 令87
        CheckConstraint("opened_by <> witnessed_by", name="two_people"),
    )


class Bid(WithId, WithCreated, Base):
    """One supplier's bid for a lot. Until the opening there is only the sealed text, its hash and its time."""

    __tablename__ = "bid"
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    lot_id: Mapped[int] = mapped_column()
    supplier_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    submitted_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # under key class bid/<procurement id>
    sealed_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    sha256: Mapped[str] = mapped_column(String(64))  # of the plain text, told to the supplier as the receipt
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    opening_id: Mapped[int | None] = mapped_column()
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    price_fen: Mapped[int | None] = mapped_column()
    final_price_fen: Mapped[int | None] = mapped_column()  # of the last round of a consultation
    status: Mapped[str] = mapped_column(String(20), default="sealed")
    invalid_reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    total: Mapped[Decimal | None] = mapped_column(Numeric(7, 2))
    rank: Mapped[int | None] = mapped_column()
    lot: Mapped[Lot] = relationship(foreign_keys=[lot_id], primaryjoin="Bid.lot_id == Lot.id", viewonly=True)
    __table_args__ = (
        UniqueConstraint("lot_id", "supplier_id"),
        UniqueConstraint("id", "opening_id"),
        ForeignKeyConstraint(["lot_id", "procurement_id"], ["lot.id", "lot.procurement_id"]),
        ForeignKeyConstraint(["opening_id", "procurement_id"], ["bid_opening.id", "bid_opening.procurement_id"]),
        # Nothing of a bid is readable without an opening.
        CheckConstraint("opening_id IS NOT NULL OR (content IS NULL AND price_fen IS NULL)", name="sealed"),
        CheckConstraint("withdrawn_at IS NULL OR opening_id IS NULL", name="withdrawn_unread"),
        CheckConstraint("price_fen IS NULL OR price_fen > 0", name="price"),
        CheckConstraint("rank IS NULL OR rank > 0", name="rank"),
        CheckConstraint(
            "status IN ('sealed', 'withdrawn', 'opened', 'invalid', 'qualified', 'rejected', 'ranked')", name="status"
        ),
        CheckConstraint("(status IN ('sealed', 'withdrawn')) = (opening_id IS NULL)", name="status_follows_opening"),
        Index("ix_bid_procurement_id", "procurement_id"),
        Index("ix_bid_supplier_id", "supplier_id"),
    )


# --- the committee and its scores ---------------------------------------------------------------------------


class CommitteeMember(WithId, Base):
    """Who judges the bids. A member that declared a conflict, or has one, does not sit. Source: 条例 9, 39."""

    __tablename__ = "committee_member"
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    role: Mapped[str] = mapped_column(String(20))  # expert buyer_rep
    drawn_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    seed: Mapped[str | None] = mapped_column(String(64))  # of the draw, so that it can be repeated before auditors
    declared_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    conflict: Mapped[bool] = mapped_column(Boolean, default=False)
    conflict_reason: Mapped[str | None] = mapped_column(Text)
    sitting: Mapped[bool] = mapped_column(Boolean, default=True)
    dissent: Mapped[str | None] = mapped_column(Text)  # 条例 41
    __table_args__ = (
        UniqueConstraint("procurement_id", "person_id"),
        CheckConstraint("role IN ('expert', 'buyer_rep')", name="role"),
        CheckConstraint("NOT (sitting AND conflict)", name="no_conflict_sits"),
        CheckConstraint("(role = 'expert') = (seed IS NOT NULL)", name="experts_are_drawn"),
    )


class Factor(WithId, Base):
    """What a bid is scored by, as announced in the documents."""

    __tablename__ = "factor"
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    no: Mapped[int] = mapped_column()
    name: Mapped[str] = mapped_column(String(80))
    criterion: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(String(10))  # price: computed; quality: scored
    max_points: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    __table_args__ = (
        UniqueConstraint("procurement_id", "no"),
        CheckConstraint("kind IN ('price', 'quality')", name="kind"),
        CheckConstraint("max_points > 0 AND max_points <= 100", name="max_points"),
        UniqueConstraint("id", "max_points"),
    )


class Score(WithId, Base):
    """One member's points for one bid under one factor; fixed from the moment the sheet is locked (I7)."""

    __tablename__ = "score"
    factor_id: Mapped[int] = mapped_column()
    max_points: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    member_id: Mapped[int] = mapped_column(ForeignKey("committee_member.id"))
    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"))
    value: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    reason: Mapped[str | None] = mapped_column(Text)
    locked_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        UniqueConstraint("factor_id", "member_id", "bid_id"),
        ForeignKeyConstraint(["factor_id", "max_points"], ["factor.id", "factor.max_points"]),
        CheckConstraint("value >= 0 AND value <= max_points", name="within_factor"),
        Index("ix_score_bid_id", "bid_id"),
    )


class Conformity(WithId, Base):
    """One member's finding whether a bid meets the documents; the majority decides."""

    __tablename__ = "conformity"
    member_id: Mapped[int] = mapped_column(ForeignKey("committee_member.id"))
    bid_id: Mapped[int] = mapped_column(ForeignKey("bid.id"))
    conforms: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        UniqueConstraint("member_id", "bid_id"),
        CheckConstraint("conforms OR coalesce(reason, '') <> ''", name="reason"),
    )


class Award(WithId, Base):
    """A lot given to a ranked, opened bid (I6: what was not opened cannot be referenced here)."""

    __tablename__ = "award"
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    bid_id: Mapped[int] = mapped_column()
    opening_id: Mapped[int] = mapped_column()
    rank: Mapped[int] = mapped_column()
    value_fen: Mapped[int] = mapped_column()
    decided_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    published_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    status: Mapped[str] = mapped_column(String(20), default="decided")
    void_reason: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        ForeignKeyConstraint(["bid_id", "opening_id"], ["bid.id", "bid.opening_id"]),
        UniqueConstraint("bid_id"),
        CheckConstraint("value_fen > 0", name="value"),
        CheckConstraint("status IN ('decided', 'published', 'void')", name="status"),
        CheckConstraint("published_at IS NULL OR published_at >= decided_at", name="order"),
        CheckConstraint("(status = 'void') = (void_reason IS NOT NULL)", name="void_has_reason"),
        Index("uq_award_live_lot", "lot_id", unique=True, postgresql_where=text("status <> 'void'")),
    )


# --- remedies -----------------------------------------------------------------------------------------------


class Challenge(WithId, WithCreated, Base):
    """A supplier's written challenge of documents, process or result. Source: 政府采购法 52, 条例 53."""

    __tablename__ = "challenge"
    no: Mapped[str] = mapped_column(String(40), unique=True)
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    challenger_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    matter: Mapped[str] = mapped_column(String(20))
    facts: Mapped[str] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)
    known_on: Mapped[dt.date | None] = mapped_column(Date)
    window_ends: Mapped[dt.date | None] = mapped_column(Date)
    received_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    reply_due: Mapped[dt.date | None] = mapped_column(Date)
    replied_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    reply: Mapped[str | None] = mapped_column(Text)
    affects_result: Mapped[bool | None] = mapped_column(Boolean)
    result: Mapped[str | None] = mapped_column(String(20))
    reject_reason: Mapped[str | None] = mapped_column(String(40))
    instance_id: Mapped[int | None] = mapped_column()
    __table_args__ = (
        CheckConstraint("matter IN ('documents', 'process', 'result')", name="matter"),
        CheckConstraint("result IN ('rejected', 'upheld', 'dismissed', 'not_replied')", name="result"),
        CheckConstraint("(result IN ('upheld', 'dismissed')) IS NOT TRUE OR replied_at IS NOT NULL", name="replied"),
        CheckConstraint("(result = 'rejected') IS NOT TRUE OR reject_reason IS NOT NULL", name="rejected"),
        Index("ix_challenge_procurement_id", "procurement_id"),
    )


class Complaint(WithId, WithCreated, Base):
    """What finance decides after a challenge was answered or left unanswered. Source: 政府采购法 55–57."""

    __tablename__ = "complaint"
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"), unique=True)
    matters: Mapped[str] = mapped_column(Text)
    received_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    accepted_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    decided_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    decision: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(String(20))
    __table_args__ = (
        CheckConstraint("result IN ('rejected', 'upheld', 'dismissed')", name="result"),
        CheckConstraint("decided_at IS NULL OR result IS NOT NULL", name="decided"),
    )


class Suspension(WithId, Base):
    """A time during which the procurement stands still, by a challenge (no set end) or by finance (30 days at most)."""

    __tablename__ = "suspension"
    procurement_id: Mapped[int] = mapped_column(ForeignKey("procurement.id"))
    challenge_id: Mapped[int] = mapped_column(ForeignKey("challenge.id"))
    kind: Mapped[str] = mapped_column(String(20))  # challenge 条例 54, complaint 政府采购法 57
    starts_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    latest_end: Mapped[dt.date | None] = mapped_column(Date)
    lifted_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        CheckConstraint("kind IN ('challenge', 'complaint')", name="kind"),
        CheckConstraint("(kind = 'complaint') = (latest_end IS NOT NULL)", name="thirty_days"),
        CheckConstraint("lifted_at IS NULL OR lifted_at >= starts_at", name="order"),
        Index(
            "uq_suspension_open", "procurement_id", "challenge_id", "kind",
            unique=True, postgresql_where=text("lifted_at IS NULL"),
        ),
    )  # fmt: skip


# --- what no constraint can say -----------------------------------------------------------------------------

# I7, and the sealed text of a bid: rows that stand as evidence change for nobody, the application included.
SCORE_LOCKED = """
CREATE OR REPLACE FUNCTION refuse_locked_score() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'score ' || OLD.id || ' is locked', ERRCODE = '23514', CONSTRAINT = 'score_locked';
END $$;
CREATE TRIGGER score_locked BEFORE UPDATE OR DELETE ON score
  FOR EACH ROW WHEN (OLD.locked_at IS NOT NULL) EXECUTE FUNCTION refuse_locked_score()
"""
BID_OPENED = """
CREATE OR REPLACE FUNCTION refuse_opened_bid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'bid ' || OLD.id || ' was opened', ERRCODE = '23514', CONSTRAINT = 'bid_opened';
END $$;
CREATE TRIGGER bid_opened
  BEFORE UPDATE OF sealed, sha256, sealed_at, supplier_id, lot_id, price_fen, content, opening_id ON bid
  FOR EACH ROW WHEN (OLD.opening_id IS NOT NULL) EXECUTE FUNCTION refuse_opened_bid()
"""


@event.listens_for(Score.__table__, "after_create")
def _lock_scores(_table: Table, connection: Connection, **_: object) -> None:
    connection.exec_driver_sql(SCORE_LOCKED)


@event.listens_for(Bid.__table__, "after_create")
def _lock_bids(_table: Table, connection: Connection, **_: object) -> None:
    connection.exec_driver_sql(BID_OPENED)
