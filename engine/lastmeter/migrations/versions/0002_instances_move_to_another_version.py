"""Instances move to another version.

Revision: 0002
After: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "instance_migration",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("from_definition_id", sa.BigInteger(), nullable=False),
        sa.Column("to_definition_id", sa.BigInteger(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_definition_id"], ["definition.id"], name=op.f("fk_instance_migration_from_definition_id")
        ),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_instance_migration_instance_id")),
        sa.ForeignKeyConstraint(
            ["to_definition_id"], ["definition.id"], name=op.f("fk_instance_migration_to_definition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_migration")),
    )
    op.create_index("ix_instance_migration_instance_id", "instance_migration", ["instance_id"], unique=False)


def downgrade() -> None:

    op.drop_index("ix_instance_migration_instance_id", table_name="instance_migration")
    op.drop_table("instance_migration")
