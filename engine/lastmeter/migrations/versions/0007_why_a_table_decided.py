"""Why a table decided as it did.

Revision: 0007
After: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "decision_record",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_class", sa.String(length=80), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(data IS NULL) <> (sealed IS NULL)", name=op.f("ck_decision_record_told_once")),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_decision_record_definition_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_decision_record_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_record")),
    )
    op.create_index("ix_decision_record_instance_id", "decision_record", ["instance_id"], unique=False)


def downgrade() -> None:

    op.drop_index("ix_decision_record_instance_id", table_name="decision_record")
    op.drop_table("decision_record")
