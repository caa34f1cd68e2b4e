"""A browser on the rehearsal's stage: what a scenario has played is looked at as its people see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from lastmeter import config
from lastmeter.identity import logins
from lastmeter.identity.models import Account
from lastmeter.rehearsal import runner
from lastmeter.rehearsal.player import Player, play
from lastmeter.rehearsal.scenario import read
from lastmeter_web.app import create_app
from lastmeter_web.extensions import db

MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # the rehearsal's
PASSWORD = "correct horse battery"
LogIn = Callable[[str], FlaskClient]


@contextmanager
def after(scenario: Path, folder: Path) -> Iterator[tuple[Player, LogIn]]:
    """The player where the scenario ended, and `log_in(login)`."""
    script = read(scenario)
    with runner.stage(script.at) as player:
        play(player, script)
        with browsers(player, folder) as log_in:
            yield player, log_in


@contextmanager
def browsers(player: Player, folder: Path) -> Iterator[LogIn]:
    """`log_in(login)` on the player's database."""
    bind = player.factory.kw["bind"]  # type: ignore[attr-defined]  # a sessionmaker
    address = bind.url.set(drivername="postgresql").render_as_string(hide_password=False)
    (folder / "master.key").write_text(MASTER_KEY)
    hashed = logins._hasher.hash(PASSWORD)
    player.in_unit(lambda session: session.execute(update(Account).values(password_hash=hashed)))
    app: Flask = create_app(config.Settings(database_url=address, data_dir=folder, secure_cookies=False))

    def log_in(login: str) -> FlaskClient:
        client = app.test_client()
        assert client.post("/login", data={"login": login, "password": PASSWORD}).status_code == 303
        return client

    yield log_in
    with app.app_context():
        db.engine.dispose()


def token_of(client: FlaskClient) -> str:
    """The CSRF token of the client's session."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/account").get_data(as_text=True))
    assert found is not None
    return found[1]
