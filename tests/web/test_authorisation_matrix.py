"""Every route × every role × own and other organisation, against a table written by hand (authorisation.toml).

The table follows the domain's roles, never the decorators that it checks. A route without a row fails, and so does a
row without a route. `own`: people of the lixia district, its streets, and the one city; `other`: people with the same
roles in another city, another district, another provider.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import clock
from lastmeter.actor import SYSTEM
from lastmeter.documents import files
from lastmeter.identity import logins
from lastmeter.identity.models import Account, Membership, Organisation, WebSession
from lastmeter.identity.people import actor_of, add_organisation, add_person, grant
from lastmeter.identity.roles import ROLES
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.models import HumanTask, Incident
from lastmeter_web.extensions import db

TABLE: dict[str, Any] = tomllib.loads((Path(__file__).parent / "authorisation.toml").read_text())
ROWS: dict[str, dict[str, Any]] = TABLE["route"]
GROUPS: dict[str, list[str]] = TABLE["group"]
STARTED = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
OWN = {
    "city_officer": "city.officer", "district_officer": "lixia.officer2", "district_leader": "lixia.leader",
    "finance_officer": "lixia.finance", "street_officer": "lixia.quancheng.officer", "agency_officer": "agency.officer",
    "review_expert": "expert1", "supervisor": "supervisor", "evaluator": "evaluator", "auditor": "auditor",
    "process_designer": "designer", "operator": "operator", "dispatcher": "dispatcher", "data_officer": "data.officer",
    "provider_manager": "huimin.manager", "station_manager": "huimin.station", "social_worker": "huimin.worker1",
}  # fmt: skip


@dataclass(frozen=True)
class Visitor:
    """Somebody with one role: a browser's session and a token with every scope."""

    role: str
    cookie: str = ""
    csrf: str = ""
    token: str = ""


@dataclass(frozen=True)
class Stage:
    """The application with everybody ready to knock, and the ids that addresses name."""

    app: Flask
    own: dict[str, Visitor]
    other: dict[str, Visitor]
    subjects: dict[str, str]


def allowed(row: dict[str, Any], whose: str) -> set[str]:
    """The roles that the row lets through; names of groups stand for their roles."""
    named = row.get(whose, row.get("roles", []) if whose == "own" else [])
    return {role for name in named for role in GROUPS.get(name, [name])}


def routes(app: Flask) -> Iterator[tuple[str, str, str, Any]]:
    """`endpoint METHOD`, method, address pattern, names in the address; files of the front end are for everybody."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if rule.endpoint != "static":
                yield f"{rule.endpoint} {method}", method, rule.rule, rule.arguments


def tabled(app: Flask) -> Iterator[tuple[str, str, str, Any]]:
    """The routes that have a row; another test fails for those that have none."""
    return (route for route in routes(app) if route[0] in ROWS)


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    known = {name for name, *_ in routes(app)}
    assert known == set(ROWS)


def test_the_table_speaks_of_roles_that_exist() -> None:
    assert set(OWN) == set(ROLES)
    for name, row in ROWS.items():
        unknown = (allowed(row, "own") | allowed(row, "other")) - set(ROLES) - {"anybody"}
        assert not unknown, (name, unknown)


@pytest.fixture
def stage(app: Flask, bundled: None, factory: sessionmaker[Session]) -> Iterator[Stage]:
    """A plan of the lixia district under way, a task of it held by a street officer, and everybody logged in."""
    clock.set_virtual(STARTED)
    with factory() as session:
        own = {role: _visitor(session, role, login) for role, login in OWN.items()}
        other = _elsewhere(session)
        subjects = _subjects(session, app)
        session.commit()
    with _nothing_stays(app):
        yield Stage(app, own, other, subjects)
    clock.set_virtual(None)


def _visitor(session: Session, role: str, login: str) -> Visitor:
    account = session.scalars(select(Account).where(Account.login == login)).one()
    cookie = f"cookie-of-{login}"
    session.add(WebSession(id=logins._hash(cookie), account_id=account.id, csrf="token"))
    token = logins.make_token(session, SYSTEM, account, "matrix", logins.SCOPES)
    return Visitor(role, cookie, "token", token)


def _elsewhere(session: Session) -> dict[str, Visitor]:
    """The same roles in another city and at another provider."""
    city = add_organisation(
        session, SYSTEM, tree="administrative", kind="civil_bureau", name="外市民政局", name_en="Another city"
    )
    provider = session.scalars(select(Organisation).where(Organisation.name_en == "Sunshine Social Services")).one()
    made = {}
    for role in ROLES.values():
        person = add_person(session, SYSTEM, name=f"外{role.zh}"[:60])
        grant(session, SYSTEM, person, role.id, city if role.tree == "administrative" else provider,
              since=dt.date(2025, 1, 1))  # fmt: skip
        session.add(Account(person_id=person.id, login=f"other.{role.id}", password_hash="!"))
        session.flush()
        made[role.id] = _visitor(session, role.id, f"other.{role.id}")
    return made


def _subjects(session: Session, app: Flask) -> dict[str, str]:
    person = {row.login: row.person_id for row in session.scalars(select(Account))}
    starter = actor_of(session, person["lixia.officer"])
    plan = instances.start(session, starter, "annual_plan", data={"year": 2026})
    street = actor_of(session, person["lixia.quancheng.officer"])
    places = street.organisations("street_officer")
    task = session.scalars(
        select(HumanTask).where(HumanTask.instance_id == plan.id, HumanTask.organisation_id.in_(places))
    ).one()
    tasks.claim(session, street, task.id)
    incident = Incident(instance_id=plan.id, element_id="task_needs", code="example", detail="example")
    session.add(incident)
    session.flush()
    member = session.scalars(select(Membership).where(Membership.person_id == person["lixia.officer"])).one()
    return {
        "instance_id": str(plan.id),
        "task_id": str(task.id),
        "incident_id": str(incident.id),
        "document_id": str(_document(session, app, plan.id)),
        "person_id": str(person["lixia.officer"]),
        "membership_id": str(member.id),
        "organisation_id": str(member.organisation_id),
        "key": "annual_plan",
        "version": "1",
        "room": "organisation",
        "token_id": "1",
        # What does not stand on this stage.
        **dict.fromkeys(("rest", "no", "number"), "none"),
        **dict.fromkeys(("lot_no", "bid_id", "notice_id", "case_id"), "1"),
    }


def _document(session: Session, app: Flask, instance_id: int) -> int:
    made = files.store(
        session, SYSTEM, io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "plan.pdf", settings=app.config["SETTINGS"],
        owner=f"instance/{instance_id}",
    )  # fmt: skip
    return made.id


@contextmanager
def _nothing_stays(app: Flask) -> Iterator[None]:
    """Requests work inside one transaction that `forget` throws away: what one visitor does, the next never meets."""
    engines: Any = db._app_engines[app]
    engine: Engine = engines[None]
    connection = engine.connect()
    engines[None] = connection  # a session binds to a connection as well
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")
    app.extensions["matrix"] = connection
    try:
        yield
    finally:
        db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")
        connection.close()
        engines[None] = engine


def knock(stage: Stage, visitor: Visitor | None, name: str, method: str, pattern: str) -> int:
    """The status that the visitor gets; 401 also for a way to the login page."""
    row = ROWS[name]
    address = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: stage.subjects[found[1]], pattern)
    client: FlaskClient = stage.app.test_client()
    headers: dict[str, str] = {}
    given: dict[str, Any] = {}
    if visitor is not None and address.startswith("/api/"):
        headers["Authorization"] = f"Bearer {visitor.token}"
    elif visitor is not None:
        client.set_cookie("lm", visitor.cookie)
        headers["X-CSRF-Token"] = visitor.csrf
    if method == "POST" and "json" in row:
        given = {"data": orjson.dumps(row["json"]), "content_type": "application/json"}
    elif method == "POST" and "xml" in row:
        given = {"data": b"<no/>", "content_type": "application/xml"}
    elif method == "POST":
        given = {"data": {each: value.format(**stage.subjects) for each, value in row.get("data", {}).items()}}
    connection = stage.app.extensions["matrix"]
    outer = connection.begin()
    try:
        answer = client.open(address + row.get("query", ""), method=method, headers=headers, **given)
    finally:
        outer.rollback()
    if answer.status_code == 303 and "/login?" in answer.headers["Location"]:
        return 401
    return answer.status_code


def passes(status: int) -> bool:
    """True where the answer is not a refusal of the person: what is merely filled in wrongly (422) would be taken."""
    return status < 400 or status == 422


def test_every_route_answers_each_role_as_the_table_says(stage: Stage) -> None:
    wrong = []
    for name, method, pattern, arguments in tabled(stage.app):
        row = ROWS[name]
        for whose, visitors in (("own", stage.own), ("other", stage.other)):
            if whose == "other" and not (arguments and "other" in row):
                continue
            expected = allowed(row, whose)
            for role, visitor in visitors.items():
                status = knock(stage, visitor, name, method, pattern)
                if status >= 500 or passes(status) != (role in expected or "anybody" in expected):
                    wrong.append(f"{name}: {role} ({whose}) got {status}")
    assert not wrong, "\n".join(wrong)


def test_whoever_is_not_logged_in_sees_nothing_but_what_the_table_opens_to_anybody(stage: Stage) -> None:
    wrong = []
    for name, method, pattern, _ in tabled(stage.app):
        status = knock(stage, None, name, method, pattern)
        if status >= 500 or passes(status) != ("anybody" in allowed(ROWS[name], "own")):
            wrong.append(f"{name}: nobody got {status}")
    assert not wrong, "\n".join(wrong)


def test_a_post_without_the_sessions_token_is_refused(stage: Stage) -> None:
    wrong = []
    for name, method, pattern, _ in tabled(stage.app):
        if method == "GET" or pattern.startswith("/api/"):
            continue
        visitor = Visitor("district_officer", stage.own["district_officer"].cookie, "")
        if knock(stage, visitor, name, method, pattern) != 403:
            wrong.append(name)
    assert not wrong
