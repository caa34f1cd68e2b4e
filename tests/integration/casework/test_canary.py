"""Rule B3: what is written in a field classified `case` is found nowhere but sealed in its own place."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import zstandard
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from lastmeter import config, paths
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.identity import logins
from lastmeter.identity.models import Account
from lastmeter.rehearsal import runner
from lastmeter.rehearsal.player import Player, play
from lastmeter.rehearsal.scenario import Scenario, _step, instant
from lastmeter_web.app import create_app
from lastmeter_web.extensions import db

CANARY = "金丝雀CANARY"
PHONE, ID_NUMBER = "13912345678", "370102196503150019"
SECRETS = (CANARY, PHONE, ID_NUMBER)
FORMS = ("dispatch", "case", "case_service")
MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # of the rehearsal
PASSWORD = "correct horse battery"
# Fields whose words are not case content, as their form says: reasons of routing between offices.
OPEN_TEXTS = {("reroute", "note"), ("redirect", "redirected_to")}


def _form(process: str, name: str) -> dict[str, Any]:
    return json.loads((paths.bundled("forms") / process / f"{name}.json").read_text(encoding="utf-8"))


def _is_case(form: Mapping[str, Any], field: Mapping[str, Any]) -> bool:
    common = form["properties"].get("lm.classification", "internal")
    return (field.get("properties", {}).get("lm.classification") or common) == "case"


def _canaries(process: str, name: str) -> dict[str, Any]:
    """A canary for every field of the form that takes free text and is classified `case`."""
    form = _form(process, name)
    return {
        field["key"]: f"{CANARY}-{name}-{field['key']}"
        for field in form["components"]
        if field["type"] in ("textfield", "textarea")
        and _is_case(form, field)
        and "lm.type" not in field.get("properties", {})
    }


def _do(element: str, process: str, form: str, login: str | None, **data: Any) -> dict[str, Any]:
    step = {"do": element, "data": {**_canaries(process, form), **data}}
    return {**step, "as": login} if login else step


def _steps() -> list[dict[str, Any]]:
    worker = "huimin.worker1"
    goals = [{"goal_text": f"{CANARY}-goal", "indicator": f"{CANARY}-indicator", "target_day": "2026-10-01"}]
    reports = [{"body": "police", "person": f"{CANARY}-person"}]
    intake = {
        "source": "order", "id_number": ID_NUMBER, "phone": PHONE, "categories": ["elderly_alone"],
        "danger_to_life": True, "consent_general": True, "consent_sensitive": True,
    }  # fmt: skip
    session = {"session_day": "2026-07-06", "minutes": 60, "place": "home"}
    plan = {"goals": goals, "sessions_planned": 3, "client_agrees": True}
    return [
        _do("task_accept", "dispatch", "accept", None, decision="accept"),
        _do("task_contact", "dispatch", "contact", worker, service="one_off", minutes=10),
        _do("task_serve", "dispatch", "serve", None, minutes=10),
        _do("task_confirm", "dispatch", "confirm", None, outcome="reopen"),
        _do("task_contact", "dispatch", "contact", worker, service="case", minutes=10),
        _do("task_confirm", "dispatch", "confirm", None, outcome="settled", satisfaction=4),
        {**_do("task_intake", "case", "intake", worker, **intake), "draft": _canaries("case", "intake")},
        _do("task_report", "case", "report", None, reports=reports),
        _do("task_assessment", "case", "assessment", None, risk="key"),
        _do("task_plan", "case_service", "plan", None, **plan),
        _do("task_approve_plan", "case_service", "approve_plan", None, plan_decision="return"),
        _do("task_plan", "case_service", "plan", None, **plan),
        _do("task_approve_plan", "case_service", "approve_plan", None, plan_decision="approve"),
        _do("task_session", "case_service", "session", None, next_step="evaluate", **session),
        _do("task_evaluation", "case_service", "evaluation", None, attainment=90, client_satisfaction=5),
        _do("task_closure", "case", "closure", None, reason="achieved", archive_complete=True),
        _do("task_approve_closure", "case", "approve_closure", None, closure_decision="approve"),
        {"move": "+1mo"},
        {"move": "+2d"},
        _do("task_follow_up", "case", "follow_up", None, stable="yes"),
        # Three that stay open or end otherwise: refused, not opened, and one with a draft only.
        {"start": "case", "as": worker},
        _do("task_intake", "case", "intake", worker, **{**intake, "danger_to_life": False, "administrative_act": True}),
        _do("task_inform", "case", "inform", None),
        {"start": "case", "as": worker},
        {"claim": "task_intake", "as": worker},
    ]  # fmt: skip


def _scenario() -> Scenario:
    order = _canaries("dispatch", "order")
    start = {
        "as": "dispatcher",
        "data": {**order, "source": "hotline", "street": "$org:lixia.quancheng", "category": "elderly",
                 "urgency": "normal", "caller_phone": PHONE},
    }  # fmt: skip
    return Scenario(
        name="canary", title_zh="", title_en="", at=instant("2026-07-06T10:00"), process="dispatch", start=start,
        given={"contract": {"signed_on": dt.date(2026, 6, 1)}},
        steps=tuple(_step(number, step) for number, step in enumerate(_steps(), 1)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def played() -> Iterator[Player]:
    with runner.stage(instant("2026-07-06T10:00")) as player:
        play(player, _scenario())
        yield player


def test_every_case_field_carries_a_canary_through_the_engine() -> None:
    """Else the search below would prove nothing of a field that somebody adds."""
    typed = json.dumps([_steps(), _scenario().start], ensure_ascii=False, default=str)
    for process in FORMS:
        for file in sorted((paths.bundled("forms") / process).glob("*.json")):
            for field in _form(process, file.stem)["components"]:
                if field["type"] in ("textfield", "textarea") and "lm.type" not in field.get("properties", {}):
                    if (file.stem, field["key"]) in OPEN_TEXTS or file.stem in ("redirect", "reroute", "accept"):
                        continue
                    assert f"{CANARY}-{file.stem}-{field['key']}" in typed, f"{process}/{file.stem}.{field['key']}"


def test_no_table_holds_a_word_of_a_case_in_the_clear(played: Player) -> None:
    found = []
    with played.factory() as session:
        for table, column, kind in _columns(session):
            for value in session.scalars(text(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IS NOT NULL')):
                if any(secret in seen for seen in _readings(value, kind) for secret in SECRETS):
                    found.append(f"{table}.{column}")
    assert not found, sorted(set(found))


def test_the_words_are_there_for_whoever_may_read_them(played: Player) -> None:
    """The search would also find nothing in a program that forgets everything."""
    from lastmeter.casework import cases

    def read(session: Session) -> str:
        actor = played.actor(session, "huimin.worker1")
        case = next(case for case in cases.listing(session, actor) if case.status == "closed")
        _, particulars, notes = cases.read_file(session, actor, case.id)
        return json.dumps([particulars, [note.body for note in notes]], ensure_ascii=False, default=str)

    told = played.in_unit(read)
    written = (
        ("intake", "problem"), ("assessment", "family"), ("plan", "methods"), ("session", "process"),
        ("evaluation", "reflection"), ("closure", "summary"), ("follow_up", "note"), ("report", "measures"),
    )  # fmt: skip
    for form, key in written:
        assert f"{CANARY}-{form}-{key}" in told


def _columns(session: Session) -> list[tuple[str, str, str]]:
    query = text(
        "SELECT table_name, column_name, data_type FROM information_schema.columns c JOIN information_schema.tables t "
        "USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1, 2"
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def _readings(value: object, kind: str) -> Iterator[str]:
    """Everything that the value may be read as: text, bytes, packed bytes."""
    if kind != "bytea":
        yield json.dumps(value, ensure_ascii=False, default=str) if not isinstance(value, str) else value
        return
    raw = bytes(value)  # type: ignore[call-overload]
    yield raw.decode("utf-8", "replace")
    try:
        yield zstandard.ZstdDecompressor().decompress(raw, max_output_size=64_000_000).decode("utf-8", "replace")
    except zstandard.ZstdError:
        return


# --- pages and calls -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clients(played: Player, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, FlaskClient]]:
    """Browsers in which people are logged in who have no business with the case."""
    bind = played.factory.kw["bind"]  # type: ignore[attr-defined]  # a sessionmaker
    address = bind.url.set(drivername="postgresql").render_as_string(hide_password=False)
    folder: Path = tmp_path_factory.mktemp("canary")
    (folder / "master.key").write_text(MASTER_KEY)
    played.in_unit(lambda session: session.execute(update(Account).values(password_hash=logins._hasher.hash(PASSWORD))))
    app = create_app(config.Settings(database_url=address, data_dir=folder, secure_cookies=False))
    made = {}
    for name in (
        "auditor",
        "lixia.officer",
        "operator",
        "lixia.quancheng.officer",
        "yangguang.worker1",
        "city.officer",
    ):
        made[name] = app.test_client()
        assert made[name].post("/login", data={"login": name, "password": PASSWORD}).status_code == 303
    yield made
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    "login", ["auditor", "lixia.officer", "operator", "lixia.quancheng.officer", "yangguang.worker1", "city.officer"]
)
def test_no_page_and_no_call_shows_a_word_of_a_case(
    played: Player, clients: dict[str, FlaskClient], login: str
) -> None:
    client = clients[login]
    bearer = played.in_unit(lambda session: _token(session, login))
    shown = 0
    for address in _addresses(played, client):
        headers = {"Authorization": f"Bearer {bearer}"} if address.startswith("/api/") else {}
        answer = client.get(address, headers=headers)
        shown += answer.status_code == 200
        told = _told(answer.get_data())
        assert answer.status_code < 500, address
        assert not [secret for secret in SECRETS if secret in told], address
    assert shown > 5


def _told(body: bytes) -> str:
    """What an answer says, the files of a package included."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            return "".join(package.read(name).decode("utf-8", "replace") for name in package.namelist())
    return body.decode("utf-8", "replace")


def _token(session: Session, login: str) -> str:
    account = session.scalars(select(Account).where(Account.login == login)).one()
    return logins.make_token(session, SYSTEM, account, "canary", logins.SCOPES)


def _addresses(played: Player, client: FlaskClient) -> list[str]:
    """Every address that a GET knows, with every instance, task, case and definition there is."""
    with played.factory() as session:
        counts = {
            name: list(session.scalars(text(f"SELECT id FROM {name} ORDER BY id LIMIT 60")))
            for name in ("instance", "human_task", "case_file")
        }
        keys = [row.key for row in publishing.newest(session) if row.key in FORMS]
    numbers = sorted({each for ids in counts.values() for each in ids})
    addresses = []
    for rule in client.application.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        made = [str(rule)]
        for argument in re.findall(r"<[^>]+>", str(rule)):
            values = [str(number) for number in numbers] if argument.startswith("<int") else keys
            made = [address.replace(argument, value, 1) for address in made for value in values][:120]
        addresses += made
    return sorted(set(addresses))
