"""Completing a task over HTTP with login, CSRF, form, page and audit, in turn with the floor of bench/floor.py.

Both behind gunicorn with four processes, the same driver, pool, PostgreSQL and payload; four people at once. Prints
medians in milliseconds, their ratio, statements and commits of one completion.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from bench import floor
from bench._stand import PASSWORD, PAYLOAD, PEOPLE, STEPS, Stand, p50, p99, served, stand, timed
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from lastmeter import config, db
from lastmeter.identity.people import actor_by_login
from lastmeter.workflow import instances

ROUNDS = 3
INSTANCES_EACH = 12  # per person and round: six completions each


class Client:
    """One person's browser, or one program that talks to the floor; connections are kept."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookie = ""
        self.csrf = ""

    def send(self, method: str, address: str, body: str | None = None, kind: str = "") -> tuple[int, str]:
        headers = {"Cookie": self.cookie, **({"Content-Type": kind} if kind else {})}
        try:
            self.connection.request(method, address, body, headers)
            answer = self.connection.getresponse()
        except (http.client.HTTPException, OSError):
            # gunicorn closes kept connections after a while.
            self.connection.close()
            self.connection.request(method, address, body, headers)
            answer = self.connection.getresponse()
        text = answer.read().decode()
        for value in answer.headers.get_all("Set-Cookie") or []:
            self.cookie = "; ".join(f"{name}={each.value}" for name, each in SimpleCookie(value).items())
        return answer.status, text

    def form(self, address: str, data: dict[str, str]) -> tuple[int, str]:
        return self.send(
            "POST", address, urlencode({"csrf_token": self.csrf, **data}), "application/x-www-form-urlencoded"
        )

    def log_in(self, login: str) -> None:
        status, text = self.form("/login", {"login": login, "password": PASSWORD})
        assert status == 303, text
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.send("GET", "/account")[1])
        assert found is not None
        self.csrf = found[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start_ours(here: Stand, login: str, count: int) -> list[int]:
    made = []
    for _ in range(count):
        with here.factory() as session, db.unit_of_work(session):
            made.append(instances.start(session, actor_by_login(session, login), "six").id)
    return made


def _start_floor(here: Stand, count: int) -> list[int]:
    with Session(here.engine) as session, session.begin():
        return [floor.start(session) for _ in range(count)]


def _tasks(here: Stand, query: str, ids: list[int]) -> Callable[[], int]:
    """The next open task of the instances, one instance after the other."""
    import psycopg

    connection = psycopg.connect(here.url, autocommit=True)
    left = list(ids)

    def following() -> int:
        while left:
            row = connection.execute(query, (left[0],)).fetchone()
            if row is not None:
                return int(row[0])
            left.pop(0)
        raise AssertionError("no task is left")

    return following


def _ours(here: Stand, client: Client, login: str, *, page: bool) -> Callable[[], float]:
    query = "SELECT id FROM human_task WHERE instance_id = %s AND state = 'open'"
    following = _tasks(here, query, _start_ours(here, login, INSTANCES_EACH))

    def complete() -> float:
        task = following()
        began = time.perf_counter()
        status, text = client.form(f"/t/{task}", PAYLOAD)
        if page:
            shown, text = client.send("GET", f"/t/{task}/done")
            assert shown == 200, text[:400]
        spent = time.perf_counter() - began
        assert status == 303, text[:400]
        return spent

    return complete


def _floor(here: Stand, client: Client) -> Callable[[], float]:
    query = "SELECT id FROM floor_task WHERE instance_id = %s AND state = 'open'"
    following = _tasks(here, query, _start_floor(here, INSTANCES_EACH))

    def complete() -> float:
        task = following()
        began = time.perf_counter()
        status, text = client.send("POST", f"/complete/{task}", json.dumps(PAYLOAD), "application/json")
        spent = time.perf_counter() - began
        assert status == 200, text[:400]
        return spent

    return complete


def statements(here: Stand) -> tuple[list[str], int]:
    """The statements and the number of commits of one completion, from a warm application in this process."""
    from lastmeter_web.app import create_app
    from lastmeter_web.extensions import db as web_db

    app = create_app(config.Settings.from_environment(here.environment()))
    client = app.test_client()
    assert client.post("/login", data={"login": PEOPLE[0], "password": PASSWORD}).status_code == 303
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/account").get_data(as_text=True))
    assert found is not None
    data = {"csrf_token": found[1], **PAYLOAD}
    (instance,) = _start_ours(here, PEOPLE[0], 1)
    seen: list[str] = []
    commits: list[int] = []
    with app.app_context():
        engine = web_db.engine
    for turn in range(3):
        task = here.sql("SELECT id FROM human_task WHERE instance_id = %(i)s AND state = 'open'", i=instance)[0][0]
        if turn == 2:
            event.listen(engine, "commit", lambda _c: commits.append(1))
            with db.counting_statements(engine) as seen:
                assert client.post(f"/t/{task}", data=data).status_code == 303
        else:
            assert client.post(f"/t/{task}", data=data).status_code == 303
    engine.dispose()
    return seen, len(commits)


def main() -> None:
    with stand() as here:
        floor.Base.metadata.create_all(create_engine(floor._owner(here.cluster)))
        here.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC")
        seen, commits = statements(here)
        for number, statement in enumerate(seen, 1):
            print(f"{number:3}  {' '.join(statement.split())[:110]}")
        print(f"statements {len(seen)} (at most 15), commits {commits} (one)")
        ports = _free_port(), _free_port()
        with (
            served(here, "lastmeter_web.app:create_app()", ports[0]),
            served(here, "bench.floor:create_app()", ports[1]),
        ):
            people = [Client(ports[0]) for _ in PEOPLE]
            programs = [Client(ports[1]) for _ in PEOPLE]
            for client, login in zip(people, PEOPLE, strict=True):
                client.log_in(login)
            turns = INSTANCES_EACH * STEPS
            ours: list[float] = []
            whole: list[float] = []
            bare: list[float] = []
            for round_number in range(ROUNDS + 1):
                first = timed([_floor(here, client) for client in programs], turns)
                second = timed([_ours(here, c, who, page=False) for c, who in zip(people, PEOPLE, strict=True)], turns)
                third = timed([_ours(here, c, who, page=True) for c, who in zip(people, PEOPLE, strict=True)], turns)
                if round_number:  # the first one warms every process
                    bare, ours, whole = bare + first, ours + second, whole + third
    for name, spent in (("floor", bare), ("completion", ours), ("completion and the page after it", whole)):
        print(f"{name:34} p50 {p50(spent):7.2f} ms  p99 {p99(spent):7.2f} ms  ratio {p50(spent) / p50(bare):.2f}")
    print("target: p50 of the completion at most 2 times the floor's")


if __name__ == "__main__":
    main()
