"""Databases that many tests start from, prepared once per session and copied for each of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy.orm import Session

from lastmeter import clock, db, migrations, wiring
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.embedded import testing
from lastmeter.rehearsal.world import build

MONDAY = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)  # 09:00 in Jinan


def empty() -> str:
    """The template with every table and no row of ours."""
    return _template("migrated")


def town() -> str:
    """The template in which the rehearsal world stands, since MONDAY."""
    return _template("town", build)


def published_town() -> str:
    """As `town`, and every process that comes with the program is published."""
    return _template("published_town", build, lambda session: publishing.publish_bundled(session, SYSTEM))


def _template(name: str, *steps: Callable[[Session], object]) -> str:
    wiring.connect()

    def prepare(owner_url: str) -> None:
        migrations.upgrade(owner_url)
        engine = db.make_engine(owner_url)
        try:
            with clock.standing_at(MONDAY), db.session_factory(engine)() as session, db.unit_of_work(session):
                for step in steps:
                    step(session)
        finally:
            engine.dispose()

    return testing.template(name, prepare)
