"""A city in which everything is under way, played once per test session and copied for every test that asks.

Its people are logged in without a password, as the login page would leave them; `city.yaml` tells what has happened.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from lastmeter import clock, config, db, keys, migrations, wiring
from lastmeter.actor import SYSTEM
from lastmeter.casework.models import Case
from lastmeter.definitions import publishing
from lastmeter.embedded import testing
from lastmeter.identity import logins
from lastmeter.identity.models import Account, WebSession
from lastmeter.procurement.models import Procurement
from lastmeter.rehearsal import given, scenario, world
from lastmeter.rehearsal.player import Player, play
from lastmeter.workflow.models import HumanTask, Instance
from lastmeter_web.app import create_app
from lastmeter_web.extensions import db as web_db
from lastmeter_web.i18n import COOKIE

NOW = dt.datetime(2026, 4, 14, 1, tzinfo=dt.UTC)
MASTER = bytes(range(32))
MASTER_TEXT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
# What city.yaml wrote into the case and the order, and into the sealed bids.
CASE_CANARIES = ("CANARYNAME", "CANARYPROBLEM", "CANARYCALLER", "CANARYADDRESS", "CANARYREQUEST", "370102196503150019",
                 "13800009999", "13800001234")  # fmt: skip
BID_CANARIES = ("SEALEDCANARY", "86543210", "865432.10", "865,432.10", "88765432", "887654.32", "887,654.32")


def prepare(owner_url: str) -> None:
    """Everything of city.yaml has happened in this database."""
    migrations.upgrade(owner_url)
    keys.install(MASTER)
    engine = db.make_engine(owner_url)
    factory = db.session_factory(engine)
    story = scenario.read(Path(__file__).parent / "city.yaml")
    try:
        with clock.standing_at(story.at), factory() as session, db.unit_of_work(session):
            given.prepare(session, world.build(session))
            publishing.publish_bundled(session, SYSTEM)
        with factory() as session:
            people = world.reload(session)
        people.session = None
        play(Player(factory, people, story.at), story)
    finally:
        engine.dispose()


class Page:
    """An answer: its status, its text, where it leads."""

    def __init__(self, answer: TestResponse) -> None:
        self.answer, self.status = answer, answer.status_code
        self.text = answer.get_data().decode("utf-8", "replace")
        self.headers = answer.headers

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


class Visitor:
    """Somebody's browser: posts carry the session's token, unless told otherwise."""

    def __init__(self, client: FlaskClient, csrf: str = "") -> None:
        self.client, self.csrf = client, csrf

    def get(self, address: str, **given: Any) -> Page:
        return Page(self.client.get(address, **given))

    def post(self, address: str, data: dict[str, Any] | None = None, **given: Any) -> Page:
        return Page(self.client.post(address, data={"csrf_token": self.csrf, **(data or {})}, **given))


@dataclass
class City:
    """The application on a copy of the city, and what its addresses name."""

    app: Flask
    factory: sessionmaker[Session]
    owner_url: str

    def visitor(self, login: str, language: str = "zh") -> Visitor:
        """`login` at a browser of their own, logged in."""
        client = self.app.test_client()
        with self.factory() as session:
            account = session.scalars(select(Account).where(Account.login == login)).one()
            account.language = language
            secret = secrets.token_urlsafe(16)
            session.add(WebSession(id=logins._hash(secret), account_id=account.id, csrf=f"token-{login}"))
            session.commit()
        client.set_cookie("lm", secret)
        client.set_cookie(COOKIE, language)
        return Visitor(client, f"token-{login}")

    def stranger(self) -> Visitor:
        return Visitor(self.app.test_client())

    def token(self, login: str, *scopes: str) -> dict[str, str]:
        """The headers of a program that acts for `login`."""
        with self.factory() as session:
            account = session.scalars(select(Account).where(Account.login == login)).one()
            made = logins.make_token(session, SYSTEM, account, "test", scopes or logins.SCOPES)
            session.commit()
        return {"Authorization": f"Bearer {made}"}

    def ask(self, query: Any) -> Any:
        """One value from the database."""
        with self.factory() as session:
            return session.scalars(query.limit(1)).one()

    def instance(self, key: str) -> int:
        """The first instance of that process."""
        return int(self.ask(select(Instance.id).where(Instance.definition_key == key).order_by(Instance.id)))

    def task(self, element: str, key: str | None = None) -> int:
        """The first open task at that element."""
        query = select(HumanTask.id).join(Instance, Instance.id == HumanTask.instance_id)
        query = query.where(HumanTask.element_id == element, HumanTask.state == "open").order_by(HumanTask.id)
        return int(self.ask(query if key is None else query.where(Instance.definition_key == key)))

    @property
    def case(self) -> Case:
        found: Case = self.ask(select(Case).order_by(Case.id))
        return found

    @property
    def procurement(self) -> str:
        return str(self.ask(select(Procurement.no)))


@contextmanager
def standing(tmp_path: Path) -> Iterator[City]:
    """The city at NOW, in a database and a data folder of its own."""
    wiring.connect()
    keys.install(MASTER)
    testing.template("city", prepare)
    with testing.borrowed("city") as database:
        engine: Engine = db.make_engine(database.app_url)
        settings = config.Settings(
            database_url=database.app_url, data_dir=tmp_path, secure_cookies=False, master_key=MASTER_TEXT
        )
        app = create_app(settings)
        clock.set_virtual(NOW)
        try:
            yield City(app, db.session_factory(engine), database.owner_url)
        finally:
            clock.set_virtual(None)
            engine.dispose()
            with app.app_context():
                web_db.engine.dispose()


Knock = Callable[[Visitor], Page]
