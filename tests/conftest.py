"""A real PostgreSQL for every test that asks: one cluster per session, one database per process, rollback per test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker
from tests import prepared

from lastmeter import clock, db, keys
from lastmeter.embedded import testing
from lastmeter.rehearsal.world import World, reload

# A busy machine is no fault of the code, and who runs the tests again sees the same again.
settings.register_profile("lastmeter", deadline=None, derandomize=True)
settings.load_profile("lastmeter")


@pytest.fixture(scope="session")
def database() -> testing.Database:
    """A migrated database of this process's own."""
    return testing.clone(prepared.empty())


@pytest.fixture(scope="session")
def engine(database: testing.Database) -> Iterator[Engine]:
    """An engine of the application's role."""
    made = db.make_engine(database.app_url)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def town_engine() -> Iterator[Engine]:
    """An engine of the application's role on a database in which the rehearsal world stands."""
    made = db.make_engine(testing.clone(prepared.town()).app_url)
    yield made
    made.dispose()


@pytest.fixture(autouse=True)
def _fresh_master_key() -> None:
    keys.install(bytes(range(32)))


@pytest.fixture
def legal_clock() -> Iterator[Callable[[dt.datetime], None]]:
    """Sets the legal clock of this test; the real clock returns afterwards."""
    yield clock.set_virtual
    clock.set_virtual(None)


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A session whose every effect is rolled back, also what the code under test commits.

    Its database is empty, or holds the rehearsal world for a test that asks for `world`.
    """
    engine: Engine = request.getfixturevalue("town_engine" if "world" in request.fixturenames else "engine")
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as made:
            yield made
        outer.rollback()


@pytest.fixture
def world(session: Session) -> World:
    """The rehearsal world inside the test's transaction."""
    return reload(session)


@pytest.fixture
def start_from() -> str:
    """The template of `own_database`: every table, no row of ours. Folders of tests that need more say so."""
    return prepared.empty()


@pytest.fixture
def own_database(start_from: str) -> Iterator[testing.Database]:
    """A database for one test that commits, kills or runs several processes; dropped afterwards."""
    with testing.borrowed(start_from) as made:
        yield made


@pytest.fixture
def factory(own_database: testing.Database) -> Iterator[sessionmaker[Session]]:
    """Sessions on a database of the test's own, which really commit."""
    made = db.make_engine(own_database.app_url)
    yield db.session_factory(made)
    made.dispose()


@pytest.fixture
def owner_engine(own_database: testing.Database) -> Iterator[Engine]:
    """An engine of the owner's role, for what the application may not do."""
    made = create_engine(own_database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield made
    made.dispose()
