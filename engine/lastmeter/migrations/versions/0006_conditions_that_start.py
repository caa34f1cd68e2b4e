"""Conditions that start a process.

Revision: 0006
After: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "start_condition",
        sa.Column("definition_key", sa.String(length=80), nullable=False),
        sa.Column("element_id", sa.String(length=120), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("definition_key", "element_id", "organisation_id", name=op.f("pk_start_condition")),
    )


def downgrade() -> None:
    op.drop_table("start_condition")
