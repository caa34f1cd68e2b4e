"""Every route × every role × own and other organisation, against a table written by hand (authorisation.toml).

The table follows the domain's roles, never the decorators that it checks. A route without a row fails, and so does a
row without a route. The stage is the busy city of city.yaml.
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
from sqlalchemy.orm import Session, undefer
from tests.web.city import City

from lastmeter.actor import SYSTEM
from lastmeter.documents import files
from lastmeter.identity import logins
from lastmeter.identity.models import Account, Membership, WebSession
from lastmeter.identity.people import add_organisation, add_person, grant
from lastmeter.identity.roles import ROLES
from lastmeter.procurement.models import Bid, Notice, Procurement
from lastmeter.stations.models import Contract
from lastmeter.workflow import kept_rows
from lastmeter.workflow.migration_models import InstanceMigration
from lastmeter.workflow.models import HumanTask, Incident, Instance
from lastmeter_web.extensions import db

TABLE: dict[str, Any] = tomllib.loads((Path(__file__).parent / "authorisation.toml").read_text())
ROWS: dict[str, dict[str, Any]] = TABLE["route"]
GROUPS: dict[str, list[str]] = TABLE["group"]
OWN = {
    "city_officer": "city.officer", "district_officer": "lixia.officer2", "district_leader": "lixia.leader",
    "finance_officer": "lixia.finance", "street_officer": "lixia.quancheng.officer", "agency_officer": "agency.officer",
    "review_expert": "expert1", "supervisor": "supervisor", "evaluator": "evaluator", "auditor": "auditor",
    "process_designer": "designer", "operator": "operator", "dispatcher": "dispatcher", "data_officer": "data.officer",
    "provider_manager": "huimin.manager", "station_manager": "huimin.station", "social_worker": "huimin.worker1",
}  # fmt: skip
# The same roles in another district, at another provider; every other role stands in another city.
OTHER = {
    "district_officer": "licheng.officer", "district_leader": "licheng.leader", "finance_officer": "licheng.finance",
    "street_officer": "licheng.shanda.officer", "provider_manager": "hexie.manager",
    "station_manager": "yangguang.station", "social_worker": "yangguang.worker1",
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
def stage(city: City) -> Iterator[Stage]:
    """The city with everybody of OWN and OTHER logged in, nothing of what they do lasting."""
    with city.factory() as session:
        own = {role: _visitor(session, role, login) for role, login in OWN.items()}
        other = _elsewhere(session) | {role: _visitor(session, role, login) for role, login in OTHER.items()}
        subjects = _subjects(session, city)
        session.commit()
    with _nothing_stays(city.app):
        yield Stage(city.app, own, other, subjects)


def _visitor(session: Session, role: str, login: str) -> Visitor:
    account = session.scalars(select(Account).where(Account.login == login)).one()
    cookie = f"cookie-of-{login}"
    session.add(WebSession(id=logins._hash(cookie), account_id=account.id, csrf="token"))
    token = logins.make_token(session, SYSTEM, account, "matrix", logins.SCOPES)
    return Visitor(role, cookie, "token", token)


def _elsewhere(session: Session) -> dict[str, Visitor]:
    """Every other role of the administrative tree, in another city."""
    city = add_organisation(
        session, SYSTEM, tree="administrative", kind="civil_bureau", name="外市民政局", name_en="Another city"
    )
    made = {}
    for role in ROLES.values():
        if role.id in OTHER:
            continue
        person = add_person(session, SYSTEM, name=f"外{role.zh}"[:60])
        grant(session, SYSTEM, person, role.id, city, since=dt.date(2025, 1, 1))
        session.add(Account(person_id=person.id, login=f"other.{role.id}", password_hash="!"))
        session.flush()
        made[role.id] = _visitor(session, role.id, f"other.{role.id}")
    return made


def _subjects(session: Session, city: City) -> dict[str, str]:
    """What the addresses name: things of the lixia district, of its first contract and that contract's first case."""
    plan = city.instance("annual_plan")
    held = select(HumanTask.id).where(HumanTask.instance_id == plan, HumanTask.claimed_by.is_not(None))
    incident = Incident(instance_id=plan, element_id="task_needs", code="example", detail="example")
    document = files.store(
        session, SYSTEM, io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "plan.pdf", settings=city.app.config["SETTINGS"],
        owner=f"instance/{plan}",
    )  # fmt: skip
    running = session.get_one(Instance, plan, options=[undefer(Instance.blob)])
    moved = InstanceMigration(
        instance_id=plan, from_definition_id=running.definition_id, to_definition_id=running.definition_id,
        version=running.version, blob=running.blob, before=kept_rows.keep(session, plan), reason="example",
    )  # fmt: skip
    session.add_all([incident, moved])
    session.flush()
    officer = session.scalars(select(Account).where(Account.login == "lixia.officer")).one()
    member = session.scalars(select(Membership).where(Membership.person_id == officer.person_id)).one()
    procurement = session.scalars(select(Procurement)).one()
    notice = session.scalars(select(Notice).where(Notice.procurement_id == procurement.id)).first()
    bid = session.scalars(select(Bid).order_by(Bid.id)).first()
    assert notice is not None
    assert bid is not None
    return {
        "instance_id": str(plan),
        "task_id": str(session.scalars(held).one()),
        "incident_id": str(incident.id),
        "migration_id": str(moved.id),
        "document_id": str(document.id),
        "person_id": str(officer.person_id),
        "membership_id": str(member.id),
        "organisation_id": str(member.organisation_id),
        "key": "annual_plan",
        "version": "1",
        "room": "organisation",
        "token_id": "1",
        "no": procurement.no,
        "lot_no": "1",
        "bid_id": str(bid.id),
        "notice_id": str(notice.id),
        "case_id": str(city.case.id),
        "number": "HT-0001",
        "contract_id": str(session.scalars(select(Contract.id).where(Contract.number == "HT-0001")).one()),
        "rest": "nothing",
    }


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
