"""The schema's history ends in the schema that the models describe."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from lastmeter import migrations
from lastmeter.db import Base


def test_the_migrated_schema_equals_the_models(owner_engine: Engine) -> None:
    with owner_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=dict(migrations.OPTIONS))
        assert compare_metadata(context, Base.metadata) == []


def test_what_models_do_by_triggers_the_migrations_do_too(owner_engine: Engine) -> None:
    """A schema made by `create_all` has the same triggers, functions and sequences."""
    named = text(
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL "
        "SELECT sequencename FROM pg_sequences WHERE sequencename = 'job_seq' ORDER BY 1"
    )
    with owner_engine.begin() as connection:
        migrated = list(connection.scalars(named))
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        Base.metadata.create_all(connection)
        assert list(connection.scalars(named)) == migrated
        assert "job_seq" in migrated


def test_there_is_one_head() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert len(scripts.get_heads()) == 1


def test_upgrading_twice_changes_nothing(owner_engine: Engine) -> None:
    with owner_engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "head")


def test_the_application_may_not_change_what_must_stay(factory: object) -> None:
    from sqlalchemy.orm import Session, sessionmaker

    assert isinstance(factory, sessionmaker)
    session: Session
    with factory() as session:
        for table in migrations.APPEND_ONLY:
            for verb in ("UPDATE", "DELETE", "TRUNCATE"):
                allowed = session.scalar(
                    text("SELECT has_table_privilege(:table, :verb)"), {"table": table, "verb": verb}
                )
                assert allowed is False, f"{verb} on {table}"
