"""What the commands share: the database that they work on, how a refusal ends them, how they print for a program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import click
from sqlalchemy.orm import Session

from lastmeter import config, db, keys, migrations, wiring
from lastmeter.actor import SYSTEM
from lastmeter.errors import LastmeterError


@contextmanager
def saying_refusals() -> Iterator[None]:
    try:
        yield
    except LastmeterError as error:
        raise click.ClickException(str(error)) from error


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


@contextmanager
def open_database() -> Iterator[Callable[[], Session]]:
    """Sessions on the configured database, else on the embedded one, which runs while the command does."""
    settings = config.Settings.from_environment()
    wiring.connect()
    with saying_refusals():
        if settings.database_url:
            keys.configure(settings, create=True)
            engine = db.make_engine(settings.database_url)
            try:
                yield db.session_factory(engine)
            finally:
                engine.dispose()
            return
        from lastmeter.embedded import postgres

        keys.configure(settings, create=True)
        with postgres.start_or_attach(settings.data_dir / "postgres") as cluster:
            migrations.upgrade(cluster.url(role=postgres.OWNER))
            engine = db.make_engine(cluster.url())
            try:
                factory = db.session_factory(engine)
                with factory() as session, db.unit_of_work(session):
                    wiring.furnish(session, SYSTEM)
                yield factory
            finally:
                engine.dispose()
