"""The schema's history: Alembic revisions, run as the owner role; the application's role gets what it needs.

The application may neither change nor delete what must stay: audit, history, access log.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

APPEND_ONLY = ("audit_event", "history_event", "access_log")
APP_ROLE = "lastmeter_app"


def configuration(connection: Connection) -> Config:
    """Alembic's configuration on an open connection of the owner."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(owner_url: str) -> None:
    """The schema is at the newest revision and the application's role may use it."""
    engine = create_engine(owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "head")
        grant_to_application(connection)
    engine.dispose()


def revise(owner_url: str, message: str) -> None:
    """A revision file from what the models have that the newest schema lacks; read it before you commit it.

    Alembic sees tables, columns, indexes and constraints; sequences and triggers are added by hand.
    """
    engine = create_engine(owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        config = configuration(connection)
        number = len(list((Path(__file__).parent / "versions").glob("*.py"))) + 1
        command.upgrade(config, "head")
        command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")
    engine.dispose()


def grant_to_application(connection: Connection, role: str = APP_ROLE) -> None:
    """Rights of the application's role, where that role exists (a production owner may name another)."""
    if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}):
        return
    connection.execute(text(f"GRANT CONNECT ON DATABASE {_current(connection)} TO {role}"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"))
    for table in APPEND_ONLY:
        if connection.scalar(text("SELECT to_regclass(:name)"), {"name": table}):
            connection.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}"))


def _current(connection: Connection) -> str:
    name = connection.scalar(text("SELECT quote_ident(current_database())"))
    return str(name)


def skip_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Alembic hook: no revision file where the models equal the schema."""
    if directives and directives[0].upgrade_ops.is_empty():
        directives[:] = []


OPTIONS: Mapping[str, Any] = {"compare_type": True, "compare_server_default": False}
