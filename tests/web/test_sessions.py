"""Logging in, staying in, being put out: passwords, cookies, limits, tokens."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session, sessionmaker
from tests.web.city import MASTER_TEXT, City, Visitor

from lastmeter import clock, config
from lastmeter.actor import SYSTEM
from lastmeter.identity import logins
from lastmeter.identity.models import Account, ApiToken, LoginAttempt, Membership, WebSession
from lastmeter_web.app import create_app
from lastmeter_web.extensions import db

PASSWORD = "correct horse battery"
_HASH = logins._hasher.hash(PASSWORD)


@pytest.fixture
def town(city: City) -> City:
    """The city, where officer and operator of the lixia district have a password."""
    with city.factory() as session:
        session.execute(update(Account).values(password_hash=_HASH))
        session.commit()
    return city


def _log_in(visitor: Visitor, login: str = "lixia.officer", password: str = PASSWORD, **more: str) -> object:
    return visitor.post("/login", {"login": login, "password": password, **more})


def _count(factory: sessionmaker[Session], model: type) -> int:
    with factory() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_right_password_leads_to_the_inbox(town: City) -> None:
    visitor = town.stranger()
    answer = visitor.post("/login", {"login": "lixia.officer", "password": PASSWORD})
    assert (answer.status, answer.location) == (303, "/inbox") or answer.location in ("/", "/inbox")
    assert visitor.get("/inbox").status == 200


@pytest.mark.parametrize("login", ["lixia.officer", "nobody at all", "", "lixia.officer ' OR 1=1 --", "吏" * 500])
def test_a_wrong_login_is_refused_alike_whether_the_name_exists_or_not(town: City, login: str) -> None:
    known = town.stranger().post("/login", {"login": "lixia.leader", "password": "wrong"})
    answer = town.stranger().post("/login", {"login": login, "password": "wrong"})
    assert answer.status == known.status == 403
    assert "Set-Cookie" not in answer.headers
    assert answer.text == known.text


def test_a_closed_account_is_refused_like_a_wrong_password(town: City) -> None:
    with town.factory() as session:
        session.execute(update(Account).where(Account.login == "lixia.officer").values(closed_at=clock.now()))
        session.commit()
    assert town.stranger().post("/login", {"login": "lixia.officer", "password": PASSWORD}).status == 403


def test_after_ten_failures_even_the_right_password_waits(town: City) -> None:
    visitor = town.stranger()
    for _ in range(logins.TRIES_PER_LOGIN):
        assert visitor.post("/login", {"login": "lixia.officer", "password": "wrong"}).status == 403
    blocked = visitor.post("/login", {"login": "lixia.officer", "password": PASSWORD})
    assert blocked.status == 503
    assert int(blocked.headers["Retry-After"]) > 0
    assert "15" in blocked.text
    other = town.stranger().post("/login", {"login": "lixia.leader", "password": PASSWORD})
    assert other.status == 303  # nobody is locked out by failures of others
    with town.factory() as session:
        session.execute(text("UPDATE login_attempt SET at = now() - interval '16 minutes'"))
        session.commit()
    assert visitor.post("/login", {"login": "lixia.officer", "password": PASSWORD}).status == 303


def test_one_address_cannot_try_every_login(town: City) -> None:
    with town.factory() as session:
        session.add_all(
            LoginAttempt(login=f"guess{number}", address="127.0.0.1") for number in range(logins.TRIES_PER_ADDRESS)
        )
        session.commit()
    assert town.stranger().post("/login", {"login": "lixia.officer", "password": PASSWORD}).status == 503


def test_a_session_brought_along_is_not_the_session_after_login(town: City) -> None:
    """Fixation: the attacker plants a cookie and waits for the victim to log in with it."""
    visitor = town.stranger()
    visitor.client.set_cookie("lm", "planted-by-somebody-else")
    answer = visitor.post("/login", {"login": "lixia.officer", "password": PASSWORD})
    assert answer.status == 303
    given = re.search(r"lm=([^;]+)", answer.headers["Set-Cookie"])
    assert given is not None
    assert given[1] != "planted-by-somebody-else"
    attacker = town.stranger()
    attacker.client.set_cookie("lm", "planted-by-somebody-else")
    assert attacker.get("/inbox").status == 303


def test_the_database_does_not_hold_what_the_cookie_says(town: City) -> None:
    visitor = town.stranger()
    answer = visitor.post("/login", {"login": "lixia.officer", "password": PASSWORD})
    secret = re.search(r"lm=([^;]+)", answer.headers["Set-Cookie"])
    assert secret is not None
    with town.factory() as session:
        stored = session.scalars(select(WebSession.id)).all()
    assert secret[1].encode() not in stored
    assert logins._hash(secret[1]) in stored


def test_the_cookie_carries_every_flag(town: City, tmp_path: Path) -> None:
    settings = town.app.config["SETTINGS"]
    secure = create_app(config.Settings(database_url=settings.database_url, data_dir=tmp_path, master_key=MASTER_TEXT))
    try:
        answer = secure.test_client().post("/login", data={"login": "lixia.officer", "password": PASSWORD})
    finally:
        with secure.app_context():
            db.engine.dispose()
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-lm=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    assert secure.config["SESSION_COOKIE_SECURE"] is True


def test_logging_out_ends_the_session_on_the_server(town: City) -> None:
    visitor = town.visitor("lixia.officer")
    kept = visitor.client.get_cookie("lm")
    assert kept is not None
    assert visitor.post("/logout").status == 303
    thief = town.stranger()
    thief.client.set_cookie("lm", kept.value)
    assert thief.get("/inbox").status == 303


@pytest.mark.parametrize(
    ("column", "age"), [("made_at", "13 hours"), ("seen_at", "481 minutes")], ids=["too old", "idle for too long"]
)
def test_an_old_or_idle_session_is_over(town: City, column: str, age: str) -> None:
    visitor = town.visitor("lixia.officer")
    with town.factory() as session:
        session.execute(text(f"UPDATE web_session SET {column} = now() - interval '{age}'"))
        session.commit()
    assert visitor.get("/inbox").status == 303
    assert visitor.post("/notices/read").status == 403


def test_somebody_who_works_is_not_idle(town: City) -> None:
    """Once nothing wrote down that a session was used: everybody was put out eight hours after logging in."""
    visitor = town.visitor("lixia.officer")
    with town.factory() as session:
        session.execute(text("UPDATE web_session SET seen_at = now() - interval '400 minutes'"))
        session.commit()
    assert visitor.get("/inbox").status == 200
    with town.factory() as session:
        idle = session.scalar(select(func.now() - WebSession.seen_at))
    assert idle < dt.timedelta(minutes=1)


def test_a_role_that_ends_is_gone_at_the_next_request(town: City) -> None:
    visitor = town.visitor("lixia.officer")
    assert visitor.get("/start").status == 200
    with town.factory() as session:
        account = session.scalars(select(Account).where(Account.login == "lixia.officer")).one()
        session.execute(delete(Membership).where(Membership.person_id == account.person_id))
        session.commit()
    assert visitor.get("/start").status == 403
    assert visitor.get(f"/instances/{town.instance('tender')}").status in (403, 404)


def test_an_account_that_is_closed_is_out_at_the_next_request(town: City) -> None:
    visitor, program = town.visitor("lixia.officer"), town.token("lixia.officer")
    with town.factory() as session:
        session.execute(update(Account).where(Account.login == "lixia.officer").values(closed_at=clock.now()))
        session.commit()
    assert visitor.get("/inbox").status == 303
    assert visitor.client.get("/api/v1/tasks", headers=program).status_code == 401


def test_a_new_password_ends_every_other_login_and_needs_the_old_one(town: City) -> None:
    here, elsewhere = town.visitor("lixia.officer"), town.visitor("lixia.officer")
    assert here.post("/account/password", {"current": "wrong", "password": "a much longer one"}).status == 403
    assert here.post("/account/password", {"current": PASSWORD, "password": "short"}).status == 422
    assert elsewhere.get("/inbox").status == 200
    assert here.post("/account/password", {"current": PASSWORD, "password": "a much longer one"}).status == 303
    assert elsewhere.get("/inbox").status == 303
    assert town.stranger().post("/login", {"login": "lixia.officer", "password": PASSWORD}).status == 403


def test_guessing_the_old_password_in_an_open_session_is_limited_too(town: City) -> None:
    visitor = town.visitor("lixia.officer")
    for _ in range(logins.TRIES_PER_LOGIN):
        visitor.post("/account/password", {"current": "wrong", "password": "a much longer one"})
    assert _count(town.factory, LoginAttempt) >= logins.TRIES_PER_LOGIN
    assert visitor.post("/account/password", {"current": PASSWORD, "password": "a much longer one"}).status == 503


def test_a_revoked_token_is_refused_at_once(town: City) -> None:
    visitor, program = town.visitor("lixia.officer"), town.token("lixia.officer")
    assert visitor.client.get("/api/v1/tasks", headers=program).status_code == 200
    number = town.ask(select(ApiToken.id))
    assert visitor.post(f"/account/tokens/{number}/revoke").status == 303
    assert visitor.client.get("/api/v1/tasks", headers=program).status_code == 401


def test_nobody_revokes_the_token_of_another(town: City) -> None:
    program = town.token("lixia.leader")
    number = town.ask(select(ApiToken.id))
    town.visitor("lixia.officer").post(f"/account/tokens/{number}/revoke")
    assert town.stranger().client.get("/api/v1/tasks", headers=program).status_code == 200


def test_a_token_is_shown_once_and_stored_as_a_hash(town: City) -> None:
    visitor = town.visitor("lixia.officer")
    made = visitor.post("/account/tokens", {"label": "reports", "scope": "read"})
    secret = re.search(r"lm_[\w-]{30,}", made.text)
    assert secret is not None
    assert secret[0] not in visitor.get("/account").text
    with town.factory() as session:
        assert secret[0].encode() not in session.scalars(select(ApiToken.token_hash)).all()


def test_a_token_reads_no_pages_and_a_cookie_calls_no_api(town: City) -> None:
    program = town.token("lixia.officer")
    assert town.stranger().get("/inbox", headers=program).status == 303
    assert town.visitor("lixia.officer").get("/api/v1/tasks").status == 401


def test_a_token_of_few_scopes_does_little(town: City) -> None:
    client, task = town.app.test_client(), town.task("task_needs")
    reader = town.token("lixia.quancheng.officer", "read")
    assert client.get("/api/v1/tasks", headers=reader).status_code == 200
    for verb in ("claim", "release", "draft", "complete"):
        answer = client.post(f"/api/v1/tasks/{task}/{verb}", json={}, headers=reader)
        assert answer.status_code in (403, 422), verb
    assert client.post(f"/api/v1/tasks/{task}/claim", headers=reader).status_code == 403


def test_the_language_is_remembered_by_account_and_by_browser(town: City) -> None:
    visitor = town.visitor("lixia.officer")
    assert 'lang="zh-CN"' in visitor.get("/inbox").text
    assert visitor.post("/language", {"language": "en", "next": "/inbox"}).location == "/inbox"
    assert '<html lang="en">' in visitor.get("/inbox").text
    assert '<html lang="en">' in town.visitor("lixia.officer", "en").get("/inbox").text
    assert visitor.post("/language", {"language": "fr"}).status == 422


def test_the_account_page_makes_no_token_without_a_name_or_with_an_unknown_scope(town: City) -> None:
    visitor = town.visitor("lixia.officer")
    assert visitor.post("/account/tokens", {"label": " ", "scope": "read"}).status == 422
    assert visitor.post("/account/tokens", {"label": "x", "scope": "everything"}).status == 422
    assert visitor.post("/account/tokens", {"label": "x"}).status == 422
    assert _count(town.factory, ApiToken) == 0


def test_who_logs_in_twice_has_two_sessions_of_their_own(town: City) -> None:
    first, second = town.visitor("lixia.officer"), town.visitor("lixia.leader")
    assert SYSTEM.person_id is None
    assert first.get("/account").text != second.get("/account").text
    answer = second.client.post("/notices/read", data={"csrf_token": first.csrf})
    assert answer.status_code == 403
