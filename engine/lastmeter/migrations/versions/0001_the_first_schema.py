"""The first schema

Revision: 0001
After: None
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# A schema of the past does not change with the models: what triggers do is repeated here.
SCORE_LOCKED = """\
CREATE OR REPLACE FUNCTION refuse_locked_score() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'score ' || OLD.id || ' is locked', ERRCODE = '23514', CONSTRAINT = 'score_locked';
END $$;
CREATE TRIGGER score_locked BEFORE UPDATE OR DELETE ON score
  FOR EACH ROW WHEN (OLD.locked_at IS NOT NULL) EXECUTE FUNCTION refuse_locked_score()
"""
BID_OPENED = """\
CREATE OR REPLACE FUNCTION refuse_opened_bid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'bid ' || OLD.id || ' was opened', ERRCODE = '23514', CONSTRAINT = 'bid_opened';
END $$;
CREATE TRIGGER bid_opened
  BEFORE UPDATE OF sealed, sha256, sealed_at, supplier_id, lot_id, price_fen, content, opening_id ON bid
  FOR EACH ROW WHEN (OLD.opening_id IS NOT NULL) EXECUTE FUNCTION refuse_opened_bid()
"""

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("job_seq")))
    op.create_table(
        "access_log",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
    )
    op.create_index(op.f("ix_access_log_case_id"), "access_log", ["case_id"], unique=False)
    op.create_table(
        "audit_event",
        sa.Column("chain", sa.String(length=60), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("chain", "position", name=op.f("uq_audit_event_chain_position")),
    )
    op.create_index("ix_audit_event_person", "audit_event", ["person_id", "at"], unique=False)
    op.create_index("ix_audit_event_subject", "audit_event", ["subject"], unique=False)
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("name_zh", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("imported_by", sa.BigInteger(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("year BETWEEN 1990 AND 2199", name=op.f("ck_calendar_year_year")),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    op.create_table(
        "data_key",
        sa.Column("key_class", sa.String(length=80), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key_class", "version", name=op.f("pk_data_key")),
    )
    op.create_table(
        "deadline",
        sa.Column("rule_id", sa.String(length=10), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("element_id", sa.String(length=120), nullable=True),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("n", sa.String(length=10), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("sense", sa.String(length=3), nullable=False),
        sa.Column("strict", sa.Boolean(), nullable=False),
        sa.Column("first_due", sa.Date(), nullable=False),
        sa.Column("raw_due", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calendar_version", sa.String(length=20), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("paused_days", sa.BigInteger(), nullable=False),
        sa.Column("pauses", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("paused_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("amended_due", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sense IN ('max', 'min')", name=op.f("ck_deadline_sense")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline")),
    )
    op.create_index("ix_deadline_instance_id", "deadline", ["instance_id"], unique=False)
    op.create_index(
        "ix_deadline_provisional",
        "deadline",
        ["due"],
        unique=False,
        postgresql_where=sa.text("provisional AND met_at IS NULL"),
    )
    op.create_index("ix_deadline_subject", "deadline", ["subject"], unique=False)
    op.create_table(
        "deadline_rule",
        sa.Column("rule_id", sa.String(length=10), nullable=False),
        sa.Column("zh", sa.String(length=120), nullable=False),
        sa.Column("en", sa.String(length=160), nullable=False),
        sa.Column("sense", sa.String(length=3), nullable=False),
        sa.Column("n", sa.String(length=10), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("rolls", sa.Boolean(), nullable=False),
        sa.Column("start", sa.String(length=60), nullable=False),
        sa.Column("end", sa.String(length=60), nullable=False),
        sa.Column("source_zh", sa.String(length=200), nullable=False),
        sa.Column("source_en", sa.String(length=200), nullable=False),
        sa.Column("verified", sa.String(length=20), nullable=False),
        sa.Column("plain_zh", sa.Text(), nullable=False),
        sa.Column("plain_en", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("sense IN ('max', 'min')", name=op.f("ck_deadline_rule_sense")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from IS NULL OR valid_to >= valid_from", name=op.f("ck_deadline_rule_period")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_rule")),
    )
    op.create_index(
        "uq_deadline_rule_from",
        "deadline_rule",
        ["rule_id", sa.literal_column("coalesce(valid_from, '-infinity'::date)")],
        unique=True,
    )
    op.create_table(
        "definition",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("title_zh", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("summary_zh", sa.Text(), nullable=False),
        sa.Column("summary_en", sa.Text(), nullable=False),
        sa.Column("classification", sa.String(length=12), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outline", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_definition")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_definition_key_version")),
    )
    op.create_table(
        "definition_draft",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("base_version", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_definition_draft")),
    )
    op.create_table(
        "document",
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("mime", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("stored_as", sa.String(length=120), nullable=False),
        sa.Column("classification", sa.String(length=12), nullable=False),
        sa.Column("key_class", sa.String(length=80), nullable=True),
        sa.Column("retention_until", sa.Date(), nullable=True),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "classification IN ('public', 'internal', 'procurement', 'case', 'sealed')",
            name=op.f("ck_document_classification"),
        ),
        sa.CheckConstraint(
            "classification NOT IN ('case', 'sealed') OR key_class IS NOT NULL", name=op.f("ck_document_sealed")
        ),
        sa.CheckConstraint("(key_class IS NULL) = (name IS NOT NULL)", name=op.f("ck_document_name")),
        sa.CheckConstraint("(key_class IS NULL) = (sealed_name IS NULL)", name=op.f("ck_document_sealed_name")),
        sa.CheckConstraint("size > 0", name=op.f("ck_document_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index("ix_document_owner", "document", ["owner"], unique=False)
    op.create_index("ix_document_stored_as", "document", ["stored_as"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("owner", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "indicator_tree",
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("grades", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("vetoes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator_tree")),
        sa.UniqueConstraint("version", name=op.f("uq_indicator_tree_version")),
    )
    op.create_table(
        "job",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seq", sa.BigInteger(), server_default=sa.text("nextval('job_seq')"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_job")),
    )
    op.create_index(
        "ix_job_due",
        "job",
        ["due_at", "seq"],
        unique=False,
        postgresql_where=sa.text("failed_at IS NULL AND paused_at IS NULL"),
    )
    op.create_index("ix_job_instance", "job", ["instance_id"], unique=False)
    op.create_table(
        "legal_clock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stands_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moves_to", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_clock")),
    )
    op.create_table(
        "login_attempt",
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    op.create_index("ix_login_attempt_address", "login_attempt", ["address", "at"], unique=False)
    op.create_index("ix_login_attempt_login", "login_attempt", ["login", "at"], unique=False)
    op.create_table(
        "person",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("sort_key", sa.String(length=120), nullable=False),
        sa.Column("id_number", sa.LargeBinary(), nullable=True),
        sa.Column("id_fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("id_mask", sa.String(length=18), nullable=True),
        sa.Column("birth", sa.Date(), nullable=True),
        sa.Column("sex", sa.String(length=6), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_mask", sa.String(length=20), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("id_fingerprint", name=op.f("uq_person_id_fingerprint")),
    )
    op.create_table(
        "region",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("is_official", sa.Boolean(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 4", name=op.f("ck_region_level")),
        sa.ForeignKeyConstraint(["parent_id"], ["region.id"], name=op.f("fk_region_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
        sa.UniqueConstraint("code", name=op.f("uq_region_code")),
    )
    op.create_table(
        "service_item",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("service_group", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_item")),
        sa.UniqueConstraint("code", name=op.f("uq_service_item_code")),
    )
    op.create_table(
        "threshold",
        sa.Column("province", sa.String(length=12), nullable=False),
        sa.Column("budget_level", sa.String(length=20), nullable=False),
        sa.Column("object_type", sa.String(length=20), nullable=False),
        sa.Column("limit_fen", sa.BigInteger(), nullable=False),
        sa.Column("open_fen", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("is_example", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (
                sa.literal_column(
                    "int8range(hashtextextended(province || '/' || budget_level || '/' || object_type, 0), hashtextextended(province || '/' || budget_level || '/' || object_type, 0), '[]')"
                ),
                "&&",
            ),
            (sa.literal_column("daterange(valid_from, valid_to, '[]')"), "&&"),
            using="gist",
            name="ex_threshold_one_in_force",
        ),
        sa.CheckConstraint("object_type IN ('services', 'goods', 'works')", name=op.f("ck_threshold_object_type")),
        sa.CheckConstraint("limit_fen >= 0 AND open_fen >= limit_fen", name=op.f("ck_threshold_amounts")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_threshold_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threshold")),
    )
    op.create_table(
        "account",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=True),
        sa.Column("preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
        sa.UniqueConstraint("person_id", name=op.f("uq_account_person_id")),
    )
    op.create_table(
        "definition_decision",
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_definition_decision_definition_id")
        ),
        sa.PrimaryKeyConstraint("definition_id", "key", name=op.f("pk_definition_decision")),
    )
    op.create_table(
        "definition_form",
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("schema", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_definition_form_definition_id")),
        sa.PrimaryKeyConstraint("definition_id", "key", name=op.f("pk_definition_form")),
    )
    op.create_table(
        "definition_start",
        sa.Column("definition_key", sa.String(length=80), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_definition_start_definition_id")),
        sa.PrimaryKeyConstraint("definition_key", "element_id", name=op.f("pk_definition_start")),
    )
    op.create_index("ix_definition_start_name", "definition_start", ["kind", "name"], unique=False)
    op.create_table(
        "instance",
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("definition_key", sa.String(length=80), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_task_uid", sa.String(length=80), nullable=True),
        sa.Column("root_id", sa.BigInteger(), nullable=True),
        sa.Column("business_key", sa.String(length=120), nullable=True),
        sa.Column("title_zh", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_reason", sa.Text(), nullable=True),
        sa.Column("starter_id", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("wanted", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("history_count", sa.BigInteger(), nullable=False),
        sa.Column("audit_position", sa.BigInteger(), nullable=False),
        sa.Column("audit_hash", sa.LargeBinary(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('running', 'completed', 'cancelled', 'incident')", name=op.f("ck_instance_state")
        ),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_instance_definition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
    )
    op.create_index(
        "ix_instance_business_key",
        "instance",
        ["business_key"],
        unique=False,
        postgresql_where=sa.text("business_key IS NOT NULL"),
    )
    op.create_index("ix_instance_definition_key", "instance", ["definition_key", "id"], unique=False)
    op.create_index(
        "ix_instance_parent",
        "instance",
        ["parent_id", "parent_task_uid"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_table(
        "notice",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(length=80), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_person_id", "notice", ["person_id", "id"], unique=False)
    op.create_index(
        "ix_notice_unread", "notice", ["person_id"], unique=False, postgresql_where=sa.text("read_at IS NULL")
    )
    op.create_table(
        "organisation",
        sa.Column("tree", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("region_id", sa.BigInteger(), nullable=True),
        sa.Column("responsible_person", sa.String(length=60), nullable=True),
        sa.Column("controller_key", sa.String(length=80), nullable=True),
        sa.Column("blacklisted_until", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("tree IN ('administrative', 'provider')", name=op.f("ck_organisation_tree")),
        sa.ForeignKeyConstraint(["parent_id"], ["organisation.id"], name=op.f("fk_organisation_parent_id")),
        sa.ForeignKeyConstraint(["region_id"], ["region.id"], name=op.f("fk_organisation_region_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("uscc", name=op.f("uq_organisation_uscc")),
    )
    op.create_index("ix_organisation_parent_id", "organisation", ["parent_id"], unique=False)
    op.create_index(
        "ix_organisation_path", "organisation", ["path"], unique=False, postgresql_ops={"path": "text_pattern_ops"}
    )
    op.create_table(
        "acquaintance",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_acquaintance_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_acquaintance_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acquaintance")),
    )
    op.create_index("ix_acquaintance_person_id", "acquaintance", ["person_id"], unique=False)
    op.create_table(
        "annual_plan",
        sa.Column("district_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("goals", sa.Text(), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=True),
        sa.Column("content_progress", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("quality_standard", sa.Text(), nullable=False),
        sa.Column("quantity_standards", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("evaluation", sa.Text(), nullable=False),
        sa.Column("filed_no", sa.String(length=40), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filed_late", sa.Boolean(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status = 'filed') = (filed_no IS NOT NULL AND filed_at IS NOT NULL)", name=op.f("ck_annual_plan_filed")
        ),
        sa.CheckConstraint(
            "status = 'draft' OR (goals <> '' AND budget_fen > 0 AND method IS NOT NULL AND quality_standard <> '' AND evaluation <> '' AND jsonb_array_length(content_progress) > 0 AND jsonb_array_length(quantity_standards) > 0)",
            name=op.f("ck_annual_plan_six_parts"),
        ),
        sa.CheckConstraint("status IN ('draft', 'approved', 'submitted', 'filed')", name=op.f("ck_annual_plan_status")),
        sa.CheckConstraint("budget_fen >= 0", name=op.f("ck_annual_plan_budget")),
        sa.CheckConstraint("year BETWEEN 2000 AND 2999", name=op.f("ck_annual_plan_year")),
        sa.ForeignKeyConstraint(["district_id"], ["organisation.id"], name=op.f("fk_annual_plan_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annual_plan")),
        sa.UniqueConstraint("district_id", "year", name=op.f("uq_annual_plan_district_id_year")),
        sa.UniqueConstraint("filed_no", name=op.f("uq_annual_plan_filed_no")),
    )
    op.create_table(
        "api_token",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_table(
        "contract",
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("procurement_id", sa.BigInteger(), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("buyer_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.String(length=160), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("bond_fen", sa.BigInteger(), nullable=False),
        sa.Column("supplement_fen", sa.BigInteger(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "ends_on < starts_on + interval '3 years' + CASE WHEN to_char(starts_on, 'MMDD') = '0229' THEN interval '1 day' ELSE interval '0' END",
            name=op.f("ck_contract_three_years"),
        ),
        sa.CheckConstraint(
            "status IN ('draft','active','suspended','terminated','ended','void')", name=op.f("ck_contract_status")
        ),
        sa.CheckConstraint("bond_fen >= 0 AND bond_fen * 10 <= value_fen", name=op.f("ck_contract_bond")),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_contract_term")),
        sa.CheckConstraint(
            "supplement_fen >= 0 AND supplement_fen * 10 <= value_fen", name=op.f("ck_contract_supplement")
        ),
        sa.CheckConstraint("value_fen > 0", name=op.f("ck_contract_value")),
        sa.ForeignKeyConstraint(["buyer_id"], ["organisation.id"], name=op.f("fk_contract_buyer_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["organisation.id"], name=op.f("fk_contract_provider_id")),
        sa.ForeignKeyConstraint(["team_id"], ["organisation.id"], name=op.f("fk_contract_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("number", name=op.f("uq_contract_number")),
    )
    op.create_index("ix_contract_buyer_id", "contract", ["buyer_id"], unique=False)
    op.create_index(op.f("ix_contract_procurement_id"), "contract", ["procurement_id"], unique=False)
    op.create_index("ix_contract_provider_id", "contract", ["provider_id"], unique=False)
    op.create_table(
        "history_event",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("element_type", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("uid", sa.String(length=80), nullable=True),
        sa.Column("loop_index", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_history_event_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "seq", name=op.f("pk_history_event")),
    )
    op.create_table(
        "human_task",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("uid", sa.String(length=80), nullable=False),
        sa.Column("loop_index", sa.BigInteger(), nullable=True),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("form_key", sa.String(length=120), nullable=True),
        sa.Column("role", sa.String(length=30), nullable=True),
        sa.Column("organisation_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sort_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("local", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_by", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'hold', 'suspended', 'completed', 'cancelled')", name=op.f("ck_human_task_state")
        ),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_human_task_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_human_task")),
    )
    op.create_index(
        "ix_human_task_claimed_by",
        "human_task",
        ["claimed_by", "sort_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'hold', 'suspended') AND claimed_by IS NOT NULL"),
    )
    op.create_index(
        "ix_human_task_completed_by",
        "human_task",
        ["completed_by", "completed_at", "id"],
        unique=False,
        postgresql_where=sa.text("completed_by IS NOT NULL"),
    )
    op.create_index(
        "ix_human_task_person_id",
        "human_task",
        ["person_id", "sort_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'hold', 'suspended') AND person_id IS NOT NULL"),
    )
    op.create_index(
        "ix_human_task_seat",
        "human_task",
        ["organisation_id", "role", "sort_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'hold', 'suspended') AND claimed_by IS NULL AND person_id IS NULL"),
    )
    op.create_index("uq_human_task_instance_id_uid", "human_task", ["instance_id", "uid"], unique=True)
    op.create_table(
        "incident",
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("element_id", sa.String(length=120), nullable=True),
        sa.Column("uid", sa.String(length=80), nullable=True),
        sa.Column("job_key", sa.String(length=200), nullable=True),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_incident_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index("ix_incident_instance_id", "incident", ["instance_id"], unique=False)
    op.create_index(
        "ix_incident_open", "incident", ["opened_at"], unique=False, postgresql_where=sa.text("resolved_at IS NULL")
    )
    op.create_table(
        "instance_party",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_instance_party_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "name", name=op.f("pk_instance_party")),
    )
    op.create_index("ix_instance_party_organisation_id", "instance_party", ["organisation_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_membership_period")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_membership_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_membership_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint(
            "person_id",
            "organisation_id",
            "role",
            "valid_from",
            name=op.f("uq_membership_person_id_organisation_id_role_valid_from"),
        ),
    )
    op.create_index("ix_membership_person_id", "membership", ["person_id"], unique=False)
    op.create_index("ix_membership_seat", "membership", ["organisation_id", "role"], unique=False)
    op.create_table(
        "staff",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("education", sa.String(length=20), nullable=False),
        sa.Column("major", sa.String(length=60), nullable=False),
        sa.Column("related_major", sa.Boolean(), nullable=False),
        sa.Column("certificate", sa.String(length=20), nullable=True),
        sa.Column("certificate_number", sa.String(length=40), nullable=True),
        sa.Column("training_hours", sa.BigInteger(), nullable=False),
        sa.Column("training_passed", sa.Boolean(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_staff_person_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["organisation.id"], name=op.f("fk_staff_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
    )
    op.create_index(op.f("ix_staff_person_id"), "staff", ["person_id"], unique=False)
    op.create_index(op.f("ix_staff_provider_id"), "staff", ["provider_id"], unique=False)
    op.create_table(
        "station",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("street_id", sa.BigInteger(), nullable=False),
        sa.Column("district_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=False),
        sa.Column("level", sa.String(length=5), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "kind IN ('city_platform','district_main','street','community_room')", name=op.f("ck_station_kind")
        ),
        sa.ForeignKeyConstraint(["district_id"], ["organisation.id"], name=op.f("fk_station_district_id")),
        sa.ForeignKeyConstraint(["street_id"], ["organisation.id"], name=op.f("fk_station_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
    )
    op.create_index("ix_station_district_id", "station", ["district_id"], unique=False)
    op.create_index(
        "uq_station_street", "station", ["street_id"], unique=True, postgresql_where=sa.text("kind = 'street'")
    )
    op.create_table(
        "submission",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("form_key", sa.String(length=120), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_class", sa.String(length=80), nullable=True),
        sa.Column("classification", sa.String(length=12), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(data IS NULL) <> (sealed IS NULL)", name=op.f("ck_submission_sealed_or_plain")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_submission_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
    )
    op.create_index("ix_submission_instance_id", "submission", ["instance_id", "element_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.String(length=80), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("correlation", sa.String(length=200), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_subscription_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_index("ix_subscription_name", "subscription", ["name", "correlation"], unique=False)
    op.create_index("uq_subscription_instance_id_uid", "subscription", ["instance_id", "uid"], unique=True)
    op.create_table(
        "timer",
        sa.Column("job_key", sa.String(length=200), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("uid", sa.String(length=80), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_timer_instance_id")),
        sa.PrimaryKeyConstraint("job_key", name=op.f("pk_timer")),
    )
    op.create_index("ix_timer_instance_id", "timer", ["instance_id"], unique=False)
    op.create_table(
        "web_session",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_web_session_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
    )
    op.create_index("ix_web_session_account_id", "web_session", ["account_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("post", sa.String(length=30), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(staff_id, staff_id, '[]')"), "&&"),
            (sa.text("daterange(from_day, to_day, '[]')"), "&&"),
            using="gist",
            name="ex_assignment_one_post",
        ),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_assignment_contract_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_assignment_staff_id")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_assignment_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_contract_id"), "assignment", ["contract_id"], unique=False)
    op.create_index("ix_assignment_station_id", "assignment", ["station_id"], unique=False)
    op.create_table(
        "client",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("id_number", sa.LargeBinary(), nullable=True),
        sa.Column("id_fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("birth", sa.Date(), nullable=True),
        sa.Column("categories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("risk", sa.String(length=10), nullable=True),
        sa.Column("linked_to", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["linked_to"], ["client.id"], name=op.f("fk_client_linked_to")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_client_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
        sa.UniqueConstraint("number", name=op.f("uq_client_number")),
    )
    op.create_index(op.f("ix_client_id_fingerprint"), "client", ["id_fingerprint"], unique=False)
    op.create_index(op.f("ix_client_station_id"), "client", ["station_id"], unique=False)
    op.create_table(
        "contract_station",
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(station_id, station_id, '[]')"), "&&"),
            (sa.text("daterange(from_day, to_day, '[]')"), "&&"),
            where=sa.text("is_open"),
            using="gist",
            name="ex_contract_station_one_provider",
        ),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_station_contract_id")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_contract_station_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_station")),
        sa.UniqueConstraint("contract_id", "station_id", name=op.f("uq_contract_station_contract_id_station_id")),
    )
    op.create_index("ix_contract_station_station_id", "contract_station", ["station_id"], unique=False)
    op.create_table(
        "contract_year",
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND 3", name=op.f("ck_contract_year_number")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_contract_year_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_year")),
        sa.UniqueConstraint("contract_id", "number", name=op.f("uq_contract_year_contract_id_number")),
    )
    op.create_table(
        "dispatch_order",
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("urgency", sa.String(length=10), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("accept_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("satisfaction", sa.SmallInteger(), nullable=True),
        sa.Column("reopened", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('dispatched','accepted','served','closed','refused')", name=op.f("ck_dispatch_order_status")
        ),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_dispatch_order_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_order")),
        sa.UniqueConstraint("number", name=op.f("uq_dispatch_order_number")),
    )
    op.create_index("ix_dispatch_order_station_id", "dispatch_order", ["station_id", "created_at"], unique=False)
    op.create_table(
        "finding",
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_finding_contract_id")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_finding_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_station_id"), "finding", ["station_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("fen > 0", name=op.f("ck_payment_fen")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_payment_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("contract_id", "number", name=op.f("uq_payment_contract_id_number")),
    )
    op.create_index(op.f("ix_payment_contract_id"), "payment", ["contract_id"], unique=False)
    op.create_table(
        "plan_funding",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("source IN ('city', 'district', 'street', 'charity')", name=op.f("ck_plan_funding_source")),
        sa.CheckConstraint("fen > 0", name=op.f("ck_plan_funding_fen")),
        sa.ForeignKeyConstraint(["plan_id"], ["annual_plan.id"], name=op.f("fk_plan_funding_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_funding")),
        sa.UniqueConstraint("plan_id", "source", name=op.f("uq_plan_funding_plan_id_source")),
    )
    op.create_table(
        "plan_line",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("street_id", sa.BigInteger(), nullable=True),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("headcount", sa.BigInteger(), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(kind = 'street') = (street_id IS NOT NULL)", name=op.f("ck_plan_line_street")),
        sa.CheckConstraint("kind IN ('district_main', 'street')", name=op.f("ck_plan_line_kind")),
        sa.CheckConstraint("budget_fen > 0", name=op.f("ck_plan_line_budget")),
        sa.CheckConstraint("headcount >= 3", name=op.f("ck_plan_line_headcount")),
        sa.ForeignKeyConstraint(["plan_id"], ["annual_plan.id"], name=op.f("fk_plan_line_plan_id")),
        sa.ForeignKeyConstraint(["street_id"], ["organisation.id"], name=op.f("fk_plan_line_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_line")),
        sa.UniqueConstraint(
            "plan_id", "street_id", name=op.f("uq_plan_line_plan_id_street_id"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_table(
        "procurement",
        sa.Column("no", sa.String(length=40), nullable=False),
        sa.Column("ocid", sa.String(length=60), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("district_id", sa.BigInteger(), nullable=False),
        sa.Column("agency_id", sa.BigInteger(), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=160), nullable=False),
        sa.Column("object_type", sa.String(length=20), nullable=False),
        sa.Column("requirement", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("documents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=True),
        sa.Column("method_basis", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("term_months", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("finance_reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("docs_until", sa.Date(), nullable=True),
        sa.Column("bid_deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evaluation_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("award_published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bonds_refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('planning', 'open', 'opened', 'evaluated', 'decided', 'awarded', 'failed', 'void', 'cancelled')",
            name=op.f("ck_procurement_status"),
        ),
        sa.CheckConstraint(
            "bid_deadline IS NULL OR issued_at IS NULL OR bid_deadline > issued_at",
            name=op.f("ck_procurement_deadline"),
        ),
        sa.CheckConstraint("budget_fen >= 0", name=op.f("ck_procurement_budget")),
        sa.CheckConstraint(
            "issued_at IS NULL OR finance_reviewed_at IS NOT NULL", name=op.f("ck_procurement_finance_first")
        ),
        sa.CheckConstraint("term_months BETWEEN 1 AND 36", name=op.f("ck_procurement_term")),
        sa.ForeignKeyConstraint(["agency_id"], ["organisation.id"], name=op.f("fk_procurement_agency_id")),
        sa.ForeignKeyConstraint(["district_id"], ["organisation.id"], name=op.f("fk_procurement_district_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["annual_plan.id"], name=op.f("fk_procurement_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procurement")),
        sa.UniqueConstraint("no", name=op.f("uq_procurement_no")),
        sa.UniqueConstraint("ocid", name=op.f("uq_procurement_ocid")),
    )
    op.create_index("ix_procurement_district_id", "procurement", ["district_id"], unique=False)
    op.create_table(
        "service_record",
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("participants", sa.BigInteger(), nullable=False),
        sa.Column("volunteers", sa.BigInteger(), nullable=False),
        sa.Column("organisations", sa.BigInteger(), nullable=False),
        sa.Column("charity_fen", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_service_record_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_record")),
    )
    op.create_index("ix_service_record_station_id", "service_record", ["station_id", "day"], unique=False)
    op.create_table(
        "task_draft",
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_class", sa.String(length=80), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["human_task.id"], name=op.f("fk_task_draft_task_id")),
        sa.PrimaryKeyConstraint("task_id", "person_id", name=op.f("pk_task_draft")),
    )
    op.create_table(
        "termination",
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("ground", sa.String(length=30), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("due_fen", sa.BigInteger(), nullable=False),
        sa.Column("bond_claim_fen", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_termination_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_termination")),
        sa.UniqueConstraint("contract_id", name=op.f("uq_termination_contract_id")),
    )
    op.create_table(
        "attendance",
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("minutes", sa.SmallInteger(), nullable=False),
        sa.Column("activity", sa.String(length=20), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 1 AND 720", name=op.f("ck_attendance_minutes")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_attendance_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
    )
    op.create_index("ix_attendance_assignment_id", "attendance", ["assignment_id", "day"], unique=False)
    op.create_table(
        "case_file",
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("station_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("responsible_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'open') = (closed_on IS NULL)", name=op.f("ck_case_file_closed")),
        sa.CheckConstraint("status IN ('open', 'closed', 'not_opened')", name=op.f("ck_case_file_status")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_case_file_client_id")),
        sa.ForeignKeyConstraint(["order_id"], ["dispatch_order.id"], name=op.f("fk_case_file_order_id")),
        sa.ForeignKeyConstraint(["responsible_id"], ["person.id"], name=op.f("fk_case_file_responsible_id")),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_case_file_station_id")),
        sa.ForeignKeyConstraint(["team_id"], ["organisation.id"], name=op.f("fk_case_file_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        sa.UniqueConstraint("number", name=op.f("uq_case_file_number")),
    )
    op.create_index(op.f("ix_case_file_client_id"), "case_file", ["client_id"], unique=False)
    op.create_index(op.f("ix_case_file_instance_id"), "case_file", ["instance_id"], unique=False)
    op.create_index(
        "ix_case_file_responsible_id",
        "case_file",
        ["responsible_id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("ix_case_file_station_id", "case_file", ["station_id", "status"], unique=False)
    op.create_table(
        "challenge",
        sa.Column("no", sa.String(length=40), nullable=False),
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("challenger_id", sa.BigInteger(), nullable=False),
        sa.Column("matter", sa.String(length=20), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("known_on", sa.Date(), nullable=True),
        sa.Column("window_ends", sa.Date(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply_due", sa.Date(), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("affects_result", sa.Boolean(), nullable=True),
        sa.Column("result", sa.String(length=20), nullable=True),
        sa.Column("reject_reason", sa.String(length=40), nullable=True),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(result = 'rejected') IS NOT TRUE OR reject_reason IS NOT NULL", name=op.f("ck_challenge_rejected")
        ),
        sa.CheckConstraint(
            "(result IN ('upheld', 'dismissed')) IS NOT TRUE OR replied_at IS NOT NULL",
            name=op.f("ck_challenge_replied"),
        ),
        sa.CheckConstraint("matter IN ('documents', 'process', 'result')", name=op.f("ck_challenge_matter")),
        sa.CheckConstraint(
            "result IN ('rejected', 'upheld', 'dismissed', 'not_replied')", name=op.f("ck_challenge_result")
        ),
        sa.ForeignKeyConstraint(["challenger_id"], ["organisation.id"], name=op.f("fk_challenge_challenger_id")),
        sa.ForeignKeyConstraint(["procurement_id"], ["procurement.id"], name=op.f("fk_challenge_procurement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenge")),
        sa.UniqueConstraint("no", name=op.f("uq_challenge_no")),
    )
    op.create_index("ix_challenge_procurement_id", "challenge", ["procurement_id"], unique=False)
    op.create_table(
        "clarification",
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("material", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(sent_at IS NULL) = (answer = '')", name=op.f("ck_clarification_answered")),
        sa.CheckConstraint(
            "deadline_after IS NULL OR deadline_after >= deadline_before", name=op.f("ck_clarification_never_earlier")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["organisation.id"], name=op.f("fk_clarification_asked_by")),
        sa.ForeignKeyConstraint(["procurement_id"], ["procurement.id"], name=op.f("fk_clarification_procurement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clarification")),
    )
    op.create_index("ix_clarification_procurement_id", "clarification", ["procurement_id"], unique=False)
    op.create_table(
        "committee_member",
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("conflict_reason", sa.Text(), nullable=True),
        sa.Column("sitting", sa.Boolean(), nullable=False),
        sa.Column("dissent", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(role = 'expert') = (seed IS NOT NULL)", name=op.f("ck_committee_member_experts_are_drawn")
        ),
        sa.CheckConstraint("role IN ('expert', 'buyer_rep')", name=op.f("ck_committee_member_role")),
        sa.CheckConstraint("NOT (sitting AND conflict)", name=op.f("ck_committee_member_no_conflict_sits")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_committee_member_person_id")),
        sa.ForeignKeyConstraint(
            ["procurement_id"], ["procurement.id"], name=op.f("fk_committee_member_procurement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committee_member")),
        sa.UniqueConstraint("procurement_id", "person_id", name=op.f("uq_committee_member_procurement_id_person_id")),
    )
    op.create_table(
        "consent",
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_consent_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_client_id"), "consent", ["client_id"], unique=False)
    op.create_table(
        "evaluation",
        sa.Column("contract_year_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("tree_id", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=True),
        sa.Column("total_hundredths", sa.BigInteger(), nullable=True),
        sa.Column("grade", sa.String(length=20), nullable=True),
        sa.Column("veto", sa.String(length=60), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_year_id"], ["contract_year.id"], name=op.f("fk_evaluation_contract_year_id")
        ),
        sa.ForeignKeyConstraint(["tree_id"], ["indicator_tree.id"], name=op.f("fk_evaluation_tree_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
        sa.UniqueConstraint("contract_year_id", "kind", name=op.f("uq_evaluation_contract_year_id_kind")),
    )
    op.create_table(
        "factor",
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("max_points", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('price', 'quality')", name=op.f("ck_factor_kind")),
        sa.CheckConstraint("max_points > 0 AND max_points <= 100", name=op.f("ck_factor_max_points")),
        sa.ForeignKeyConstraint(["procurement_id"], ["procurement.id"], name=op.f("fk_factor_procurement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_factor")),
        sa.UniqueConstraint("id", "max_points", name=op.f("uq_factor_id_max_points")),
        sa.UniqueConstraint("procurement_id", "no", name=op.f("uq_factor_procurement_id_no")),
    )
    op.create_table(
        "funding",
        sa.Column("contract_year_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("fen >= 0", name=op.f("ck_funding_fen")),
        sa.ForeignKeyConstraint(["contract_year_id"], ["contract_year.id"], name=op.f("fk_funding_contract_year_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding")),
    )
    op.create_index(op.f("ix_funding_contract_year_id"), "funding", ["contract_year_id"], unique=False)
    op.create_table(
        "lot",
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("plan_line_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("budget_fen", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('district_main', 'street')", name=op.f("ck_lot_kind")),
        sa.CheckConstraint("status IN ('open', 'failed', 'awarded')", name=op.f("ck_lot_status")),
        sa.CheckConstraint("budget_fen > 0", name=op.f("ck_lot_budget")),
        sa.CheckConstraint("jsonb_array_length(plan_line_ids) > 0", name=op.f("ck_lot_stations")),
        sa.ForeignKeyConstraint(["procurement_id"], ["procurement.id"], name=op.f("fk_lot_procurement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
        sa.UniqueConstraint("id", "procurement_id", name=op.f("uq_lot_id_procurement_id")),
        sa.UniqueConstraint("procurement_id", "no", name=op.f("uq_lot_procurement_id_no")),
    )
    op.create_table(
        "procurement_notice",
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("title_zh", sa.String(length=200), nullable=False),
        sa.Column("title_en", sa.String(length=200), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "kind IN ('requirement', 'tender_notice', 'amendment', 'opening_record', 'failure', 'evaluation_report', 'award', 'award_void', 'single_source', 'price_record', 'challenge_reply', 'complaint_decision', 'consultation_record', 'committee')",
            name=op.f("ck_procurement_notice_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["procurement_id"], ["procurement.id"], name=op.f("fk_procurement_notice_procurement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_procurement_notice")),
    )
    op.create_index(
        "ix_procurement_notice_procurement_id", "procurement_notice", ["procurement_id", "kind"], unique=False
    )
    op.create_table(
        "report",
        sa.Column("contract_year_id", sa.BigInteger(), nullable=True),
        sa.Column("district_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("narrative", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_year_id"], ["contract_year.id"], name=op.f("fk_report_contract_year_id")),
        sa.ForeignKeyConstraint(["district_id"], ["organisation.id"], name=op.f("fk_report_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("contract_year_id", "kind", "period", name=op.f("uq_report_contract_year_id_kind_period")),
        sa.UniqueConstraint("district_id", "kind", "period", name=op.f("uq_report_district_id_kind_period")),
    )
    op.create_index("ix_report_contract_year_id", "report", ["contract_year_id"], unique=False)
    op.create_table(
        "target",
        sa.Column("contract_year_id", sa.BigInteger(), nullable=False),
        sa.Column("service_item_id", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_target_units")),
        sa.ForeignKeyConstraint(["contract_year_id"], ["contract_year.id"], name=op.f("fk_target_contract_year_id")),
        sa.ForeignKeyConstraint(["service_item_id"], ["service_item.id"], name=op.f("fk_target_service_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint(
            "contract_year_id", "service_item_id", name=op.f("uq_target_contract_year_id_service_item_id")
        ),
    )
    op.create_table(
        "bid_opening",
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.BigInteger(), nullable=False),
        sa.Column("witnessed_by", sa.BigInteger(), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("opened_at >= deadline", name=op.f("ck_bid_opening_after_deadline")),
        sa.CheckConstraint("opened_by <> witnessed_by", name=op.f("ck_bid_opening_two_people")),
        sa.ForeignKeyConstraint(["notice_id"], ["procurement_notice.id"], name=op.f("fk_bid_opening_notice_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"], name=op.f("fk_bid_opening_opened_by")),
        sa.ForeignKeyConstraint(["procurement_id"], ["procurement.id"], name=op.f("fk_bid_opening_procurement_id")),
        sa.ForeignKeyConstraint(["witnessed_by"], ["person.id"], name=op.f("fk_bid_opening_witnessed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_opening")),
        sa.UniqueConstraint("id", "procurement_id", name=op.f("uq_bid_opening_id_procurement_id")),
        sa.UniqueConstraint("procurement_id", name=op.f("uq_bid_opening_procurement_id")),
    )
    op.create_table(
        "case_note",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("minutes", sa.SmallInteger(), nullable=True),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_case_note_author_id")),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_case_note_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index(op.f("ix_case_note_case_id"), "case_note", ["case_id"], unique=False)
    op.create_table(
        "complaint",
        sa.Column("challenge_id", sa.BigInteger(), nullable=False),
        sa.Column("matters", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("result", sa.String(length=20), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("result IN ('rejected', 'upheld', 'dismissed')", name=op.f("ck_complaint_result")),
        sa.CheckConstraint("decided_at IS NULL OR result IS NOT NULL", name=op.f("ck_complaint_decided")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name=op.f("fk_complaint_challenge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint")),
        sa.UniqueConstraint("challenge_id", name=op.f("uq_complaint_challenge_id")),
    )
    op.create_table(
        "rule_score",
        sa.Column("evaluation_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(length=4), nullable=False),
        sa.Column("hundredths", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("hundredths >= 0", name=op.f("ck_rule_score_hundredths")),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name=op.f("fk_rule_score_evaluation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_rule_score_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_score")),
        sa.UniqueConstraint("evaluation_id", "rule", name=op.f("uq_rule_score_evaluation_id_rule")),
    )
    op.create_table(
        "suspension",
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("challenge_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest_end", sa.Date(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(kind = 'complaint') = (latest_end IS NOT NULL)", name=op.f("ck_suspension_thirty_days")),
        sa.CheckConstraint("kind IN ('challenge', 'complaint')", name=op.f("ck_suspension_kind")),
        sa.CheckConstraint("lifted_at IS NULL OR lifted_at >= starts_at", name=op.f("ck_suspension_order")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name=op.f("fk_suspension_challenge_id")),
        sa.ForeignKeyConstraint(["procurement_id"], ["procurement.id"], name=op.f("fk_suspension_procurement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    op.create_index(
        "uq_suspension_open",
        "suspension",
        ["procurement_id", "challenge_id", "kind"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "bid",
        sa.Column("procurement_id", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("supplier_id", sa.BigInteger(), nullable=False),
        sa.Column("submitted_by", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opening_id", sa.BigInteger(), nullable=True),
        sa.Column("content", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("price_fen", sa.BigInteger(), nullable=True),
        sa.Column("final_price_fen", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("invalid_reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total", sa.Numeric(precision=7, scale=2), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status IN ('sealed', 'withdrawn')) = (opening_id IS NULL)", name=op.f("ck_bid_status_follows_opening")
        ),
        sa.CheckConstraint(
            "status IN ('sealed', 'withdrawn', 'opened', 'invalid', 'qualified', 'rejected', 'ranked')",
            name=op.f("ck_bid_status"),
        ),
        sa.CheckConstraint(
            "opening_id IS NOT NULL OR (content IS NULL AND price_fen IS NULL)", name=op.f("ck_bid_sealed")
        ),
        sa.CheckConstraint("price_fen IS NULL OR price_fen > 0", name=op.f("ck_bid_price")),
        sa.CheckConstraint("rank IS NULL OR rank > 0", name=op.f("ck_bid_rank")),
        sa.CheckConstraint("withdrawn_at IS NULL OR opening_id IS NULL", name=op.f("ck_bid_withdrawn_unread")),
        sa.ForeignKeyConstraint(
            ["lot_id", "procurement_id"], ["lot.id", "lot.procurement_id"], name=op.f("fk_bid_lot_id_procurement_id")
        ),
        sa.ForeignKeyConstraint(
            ["opening_id", "procurement_id"],
            ["bid_opening.id", "bid_opening.procurement_id"],
            name=op.f("fk_bid_opening_id_procurement_id"),
        ),
        sa.ForeignKeyConstraint(["procurement_id"], ["procurement.id"], name=op.f("fk_bid_procurement_id")),
        sa.ForeignKeyConstraint(["submitted_by"], ["person.id"], name=op.f("fk_bid_submitted_by")),
        sa.ForeignKeyConstraint(["supplier_id"], ["organisation.id"], name=op.f("fk_bid_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid")),
        sa.UniqueConstraint("id", "opening_id", name=op.f("uq_bid_id_opening_id")),
        sa.UniqueConstraint("lot_id", "supplier_id", name=op.f("uq_bid_lot_id_supplier_id")),
    )
    op.create_index("ix_bid_procurement_id", "bid", ["procurement_id"], unique=False)
    op.create_index("ix_bid_supplier_id", "bid", ["supplier_id"], unique=False)
    op.create_table(
        "award",
        sa.Column("lot_id", sa.BigInteger(), nullable=False),
        sa.Column("bid_id", sa.BigInteger(), nullable=False),
        sa.Column("opening_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(status = 'void') = (void_reason IS NOT NULL)", name=op.f("ck_award_void_has_reason")),
        sa.CheckConstraint("status IN ('decided', 'published', 'void')", name=op.f("ck_award_status")),
        sa.CheckConstraint("published_at IS NULL OR published_at >= decided_at", name=op.f("ck_award_order")),
        sa.CheckConstraint("value_fen > 0", name=op.f("ck_award_value")),
        sa.ForeignKeyConstraint(
            ["bid_id", "opening_id"], ["bid.id", "bid.opening_id"], name=op.f("fk_award_bid_id_opening_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_award_decided_by")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_award_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("bid_id", name=op.f("uq_award_bid_id")),
    )
    op.create_index("uq_award_live_lot", "award", ["lot_id"], unique=True, postgresql_where=sa.text("status <> 'void'"))
    op.create_table(
        "conformity",
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("bid_id", sa.BigInteger(), nullable=False),
        sa.Column("conforms", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("conforms OR coalesce(reason, '') <> ''", name=op.f("ck_conformity_reason")),
        sa.ForeignKeyConstraint(["bid_id"], ["bid.id"], name=op.f("fk_conformity_bid_id")),
        sa.ForeignKeyConstraint(["member_id"], ["committee_member.id"], name=op.f("fk_conformity_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conformity")),
        sa.UniqueConstraint("member_id", "bid_id", name=op.f("uq_conformity_member_id_bid_id")),
    )
    op.create_table(
        "score",
        sa.Column("factor_id", sa.BigInteger(), nullable=False),
        sa.Column("max_points", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("bid_id", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("value >= 0 AND value <= max_points", name=op.f("ck_score_within_factor")),
        sa.ForeignKeyConstraint(["bid_id"], ["bid.id"], name=op.f("fk_score_bid_id")),
        sa.ForeignKeyConstraint(
            ["factor_id", "max_points"], ["factor.id", "factor.max_points"], name=op.f("fk_score_factor_id_max_points")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["committee_member.id"], name=op.f("fk_score_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score")),
        sa.UniqueConstraint("factor_id", "member_id", "bid_id", name=op.f("uq_score_factor_id_member_id_bid_id")),
    )
    op.create_index("ix_score_bid_id", "score", ["bid_id"], unique=False)
    op.execute(SCORE_LOCKED)
    op.execute(BID_OPENED)


def downgrade() -> None:
    op.drop_index("ix_score_bid_id", table_name="score")
    op.drop_table("score")
    op.drop_table("conformity")
    op.drop_index("uq_award_live_lot", table_name="award", postgresql_where=sa.text("status <> 'void'"))
    op.drop_table("award")
    op.drop_index("ix_bid_supplier_id", table_name="bid")
    op.drop_index("ix_bid_procurement_id", table_name="bid")
    op.drop_table("bid")
    op.drop_index("uq_suspension_open", table_name="suspension", postgresql_where=sa.text("lifted_at IS NULL"))
    op.drop_table("suspension")
    op.drop_table("rule_score")
    op.drop_table("complaint")
    op.drop_index(op.f("ix_case_note_case_id"), table_name="case_note")
    op.drop_table("case_note")
    op.drop_table("bid_opening")
    op.drop_table("target")
    op.drop_index("ix_report_contract_year_id", table_name="report")
    op.drop_table("report")
    op.drop_index("ix_procurement_notice_procurement_id", table_name="procurement_notice")
    op.drop_table("procurement_notice")
    op.drop_table("lot")
    op.drop_index(op.f("ix_funding_contract_year_id"), table_name="funding")
    op.drop_table("funding")
    op.drop_table("factor")
    op.drop_table("evaluation")
    op.drop_index(op.f("ix_consent_client_id"), table_name="consent")
    op.drop_table("consent")
    op.drop_table("committee_member")
    op.drop_index("ix_clarification_procurement_id", table_name="clarification")
    op.drop_table("clarification")
    op.drop_index("ix_challenge_procurement_id", table_name="challenge")
    op.drop_table("challenge")
    op.drop_index("ix_case_file_station_id", table_name="case_file")
    op.drop_index("ix_case_file_responsible_id", table_name="case_file", postgresql_where=sa.text("status = 'open'"))
    op.drop_index(op.f("ix_case_file_instance_id"), table_name="case_file")
    op.drop_index(op.f("ix_case_file_client_id"), table_name="case_file")
    op.drop_table("case_file")
    op.drop_index("ix_attendance_assignment_id", table_name="attendance")
    op.drop_table("attendance")
    op.drop_table("termination")
    op.drop_table("task_draft")
    op.drop_index("ix_service_record_station_id", table_name="service_record")
    op.drop_table("service_record")
    op.drop_index("ix_procurement_district_id", table_name="procurement")
    op.drop_table("procurement")
    op.drop_table("plan_line")
    op.drop_table("plan_funding")
    op.drop_index(op.f("ix_payment_contract_id"), table_name="payment")
    op.drop_table("payment")
    op.drop_index(op.f("ix_finding_station_id"), table_name="finding")
    op.drop_table("finding")
    op.drop_index("ix_dispatch_order_station_id", table_name="dispatch_order")
    op.drop_table("dispatch_order")
    op.drop_table("contract_year")
    op.drop_index("ix_contract_station_station_id", table_name="contract_station")
    op.drop_table("contract_station")
    op.drop_index(op.f("ix_client_station_id"), table_name="client")
    op.drop_index(op.f("ix_client_id_fingerprint"), table_name="client")
    op.drop_table("client")
    op.drop_index("ix_assignment_station_id", table_name="assignment")
    op.drop_index(op.f("ix_assignment_contract_id"), table_name="assignment")
    op.drop_table("assignment")
    op.drop_index("ix_web_session_account_id", table_name="web_session")
    op.drop_table("web_session")
    op.drop_index("ix_timer_instance_id", table_name="timer")
    op.drop_table("timer")
    op.drop_index("uq_subscription_instance_id_uid", table_name="subscription")
    op.drop_index("ix_subscription_name", table_name="subscription")
    op.drop_table("subscription")
    op.drop_index("ix_submission_instance_id", table_name="submission")
    op.drop_table("submission")
    op.drop_index("uq_station_street", table_name="station", postgresql_where=sa.text("kind = 'street'"))
    op.drop_index("ix_station_district_id", table_name="station")
    op.drop_table("station")
    op.drop_index(op.f("ix_staff_provider_id"), table_name="staff")
    op.drop_index(op.f("ix_staff_person_id"), table_name="staff")
    op.drop_table("staff")
    op.drop_index("ix_membership_seat", table_name="membership")
    op.drop_index("ix_membership_person_id", table_name="membership")
    op.drop_table("membership")
    op.drop_index("ix_instance_party_organisation_id", table_name="instance_party")
    op.drop_table("instance_party")
    op.drop_index("ix_incident_open", table_name="incident", postgresql_where=sa.text("resolved_at IS NULL"))
    op.drop_index("ix_incident_instance_id", table_name="incident")
    op.drop_table("incident")
    op.drop_index("uq_human_task_instance_id_uid", table_name="human_task")
    op.drop_index(
        "ix_human_task_seat",
        table_name="human_task",
        postgresql_where=sa.text("state IN ('open', 'hold', 'suspended') AND claimed_by IS NULL AND person_id IS NULL"),
    )
    op.drop_index(
        "ix_human_task_person_id",
        table_name="human_task",
        postgresql_where=sa.text("state IN ('open', 'hold', 'suspended') AND person_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_human_task_completed_by", table_name="human_task", postgresql_where=sa.text("completed_by IS NOT NULL")
    )
    op.drop_index(
        "ix_human_task_claimed_by",
        table_name="human_task",
        postgresql_where=sa.text("state IN ('open', 'hold', 'suspended') AND claimed_by IS NOT NULL"),
    )
    op.drop_table("human_task")
    op.drop_table("history_event")
    op.drop_index("ix_contract_provider_id", table_name="contract")
    op.drop_index(op.f("ix_contract_procurement_id"), table_name="contract")
    op.drop_index("ix_contract_buyer_id", table_name="contract")
    op.drop_table("contract")
    op.drop_table("api_token")
    op.drop_table("annual_plan")
    op.drop_index("ix_acquaintance_person_id", table_name="acquaintance")
    op.drop_table("acquaintance")
    op.drop_index("ix_organisation_path", table_name="organisation", postgresql_ops={"path": "text_pattern_ops"})
    op.drop_index("ix_organisation_parent_id", table_name="organisation")
    op.drop_table("organisation")
    op.drop_index("ix_notice_unread", table_name="notice", postgresql_where=sa.text("read_at IS NULL"))
    op.drop_index("ix_notice_person_id", table_name="notice")
    op.drop_table("notice")
    op.drop_index("ix_instance_parent", table_name="instance", postgresql_where=sa.text("parent_id IS NOT NULL"))
    op.drop_index("ix_instance_definition_key", table_name="instance")
    op.drop_index(
        "ix_instance_business_key", table_name="instance", postgresql_where=sa.text("business_key IS NOT NULL")
    )
    op.drop_table("instance")
    op.drop_index("ix_definition_start_name", table_name="definition_start")
    op.drop_table("definition_start")
    op.drop_table("definition_form")
    op.drop_table("definition_decision")
    op.drop_table("account")
    op.drop_table("threshold")
    op.drop_table("service_item")
    op.drop_table("region")
    op.drop_table("person")
    op.drop_index("ix_login_attempt_login", table_name="login_attempt")
    op.drop_index("ix_login_attempt_address", table_name="login_attempt")
    op.drop_table("login_attempt")
    op.drop_table("legal_clock")
    op.drop_index("ix_job_instance", table_name="job")
    op.drop_index("ix_job_due", table_name="job", postgresql_where=sa.text("failed_at IS NULL AND paused_at IS NULL"))
    op.drop_table("job")
    op.drop_table("indicator_tree")
    op.drop_table("idempotency_key")
    op.drop_index("ix_document_stored_as", table_name="document")
    op.drop_index("ix_document_owner", table_name="document")
    op.drop_table("document")
    op.drop_table("definition_draft")
    op.drop_table("definition")
    op.drop_index("uq_deadline_rule_from", table_name="deadline_rule")
    op.drop_table("deadline_rule")
    op.drop_index("ix_deadline_subject", table_name="deadline")
    op.drop_index(
        "ix_deadline_provisional", table_name="deadline", postgresql_where=sa.text("provisional AND met_at IS NULL")
    )
    op.drop_index("ix_deadline_instance_id", table_name="deadline")
    op.drop_table("deadline")
    op.drop_table("data_key")
    op.drop_table("calendar_year")
    op.drop_table("calendar_day")
    op.drop_index("ix_audit_event_subject", table_name="audit_event")
    op.drop_index("ix_audit_event_person", table_name="audit_event")
    op.drop_table("audit_event")
    op.drop_index(op.f("ix_access_log_case_id"), table_name="access_log")
    op.drop_table("access_log")
    op.execute(sa.schema.DropSequence(sa.Sequence("job_seq")))
    op.execute("DROP FUNCTION refuse_locked_score, refuse_opened_bid")
