"""Messages by key.

Revision: 0005
After: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subscription", sa.Column("retrieval", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("subscription", "retrieval")
