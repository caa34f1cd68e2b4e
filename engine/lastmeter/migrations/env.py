"""Alembic's entry: runs on the connection that `lastmeter.migrations` hands over."""

from __future__ import annotations

from alembic import context

from lastmeter import migrations
from lastmeter.db import Base
from lastmeter.wiring import load_models

load_models()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    process_revision_directives=migrations.skip_empty,
    **migrations.OPTIONS,
)
with context.begin_transaction():
    context.run_migrations()
