"""Incidents keep what was refused.

Revision: 0008
After: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    facts = postgresql.JSONB(astext_type=sa.Text())
    op.add_column("incident", sa.Column("facts", facts, server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    op.drop_column("incident", "facts")
