"""The web application on a database of the test's own, with the rehearsal world's people to log in as."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker
from tests import prepared
from tests.web.city import City, standing

from lastmeter import clock, config
from lastmeter.actor import SYSTEM
from lastmeter.embedded import testing
from lastmeter.identity import logins
from lastmeter.identity.models import Account
from lastmeter_web.app import create_app
from lastmeter_web.extensions import db

PASSWORD = "correct horse battery"
# Hashed once: argon2 is slow on purpose.
_HASH = logins._hasher.hash(PASSWORD)


class Browser:
    """A logged-in client: posts carry the session's token."""

    def __init__(self, client: FlaskClient, csrf: str) -> None:
        self.client, self.csrf = client, csrf

    def get(self, address: str, **given: object) -> object:
        return self.client.get(address, **given)

    def post(self, address: str, data: dict[str, object] | None = None, **given: object) -> object:
        return self.client.post(address, data={"csrf_token": self.csrf, **(data or {})}, **given)


@pytest.fixture
def start_from(request: pytest.FixtureRequest) -> str:
    """The rehearsal world stands; the bundled processes are published for a test that asks for `bundled`."""
    return prepared.published_town() if "bundled" in request.fixturenames else prepared.town()


@pytest.fixture
def app(own_database: testing.Database, factory: sessionmaker[Session], tmp_path: Path) -> Iterator[Flask]:
    """The application; the rehearsal world stands in its database, and everybody's password is PASSWORD."""
    with factory() as session:
        session.execute(update(Account).values(password_hash=_HASH))
        session.commit()
    (tmp_path / "master.key").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    settings = config.Settings(database_url=own_database.app_url, data_dir=tmp_path, secure_cookies=False)
    made = create_app(settings)
    made.config["TESTING"] = False
    yield made
    with made.app_context():
        db.engine.dispose()
    clock.set_virtual(None)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def login(app: Flask) -> Callable[[str], Browser]:
    """`login("lixia.officer")` is a browser in which that person is logged in."""

    def log_in(name: str) -> Browser:
        fresh = app.test_client()
        answer = fresh.post("/login", data={"login": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        found = re.search(r'name="csrf-token" content="([^"]+)"', fresh.get("/account").get_data(as_text=True))
        assert found is not None
        return Browser(fresh, found[1])

    return log_in


@pytest.fixture
def token(factory: sessionmaker[Session]) -> Callable[..., str]:
    """`token("lixia.officer", "read", "work")` is a bearer token of that person with these scopes (all, if none)."""

    def make(name: str, *scopes: str) -> str:
        with factory() as session:
            account = session.scalars(select(Account).where(Account.login == name)).one()
            made = logins.make_token(session, SYSTEM, account, "test", scopes or logins.SCOPES)
            session.commit()
            return made

    return make


@pytest.fixture
def bundled(app: Flask) -> None:
    """Every process that comes with the program is published: `start_from` sees to it."""


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """A city where everything is under way (tests/web/city.py)."""
    with standing(tmp_path) as made:
        yield made
