"""Passwords (argon2id), sessions on the server, API tokens, and the limit on guessing. All in real time."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session, joinedload

from lastmeter import audit, clock
from lastmeter.actor import Actor
from lastmeter.errors import InvalidInput, LastmeterError, Missing
from lastmeter.identity.models import Account, ApiToken, LoginAttempt, Person, WebSession
from lastmeter.identity.people import actor_of

SCOPES = frozenset({"read", "work", "publish", "operate", "message"})
WINDOW = dt.timedelta(minutes=15)
TRIES_PER_LOGIN = 10
TRIES_PER_ADDRESS = 100
SHORTEST_PASSWORD = 10

_hasher = PasswordHasher()
# Verified when the login is unknown, so that the answer takes as long as for a known one.
_NOBODY = _hasher.hash(secrets.token_hex(16))


class LoginRefused(LastmeterError):
    """Login name and password do not belong together, or the account is closed; which of them is not told."""

    code = "login_refused"
    kind = "forbidden"


class TooManyTries(LastmeterError):
    """Too many failed logins; facts: `minutes` to wait."""

    code = "too_many_tries"
    kind = "unavailable"


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(password)


def add_account(session: Session, actor: Actor, person: Person, login: str, password: str) -> Account:
    """The person can log in. Raises InvalidInput (login, password)."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(field="password", reason="too_short", least=SHORTEST_PASSWORD)
    if session.scalar(select(Account.id).where(Account.login == login)) is not None:
        raise InvalidInput(field="login", reason="taken", value=login)
    account = Account(person_id=person.id, login=login, password_hash=hash_password(password))
    session.add(account)
    session.flush()
    audit.record(session, actor, "account.added", f"person/{person.id}", facts={"login": login})
    return account


def set_password(session: Session, actor: Actor, account: Account, password: str) -> None:
    """The new password holds and every session of the account has ended. Raises InvalidInput."""
    if len(password) < SHORTEST_PASSWORD:
        raise InvalidInput(field="password", reason="too_short", least=SHORTEST_PASSWORD)
    account.password_hash = hash_password(password)
    session.execute(delete(WebSession).where(WebSession.account_id == account.id))
    audit.record(session, actor, "account.password_set", f"person/{account.person_id}")


def log_in(session: Session, login: str, password: str, address: str) -> tuple[str, WebSession]:
    """A new session and the secret for its cookie. Raises LoginRefused, TooManyTries.

    The caller stores a refusal with `note_failure` after the rollback.
    """
    _check_rate(session, login, address)
    account = session.scalar(select(Account).where(Account.login == login).options(joinedload(Account.person)))
    stored = account.password_hash if account is not None else _NOBODY
    try:
        _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        raise LoginRefused() from None
    if account is None or account.closed_at is not None:
        raise LoginRefused()
    if _hasher.check_needs_rehash(stored):
        account.password_hash = hash_password(password)
    secret = secrets.token_urlsafe(32)
    made = WebSession(id=_hash(secret), account_id=account.id, csrf=secrets.token_urlsafe(32))
    session.add(made)
    session.flush()
    return secret, made


def note_failure(session: Session, login: str, address: str) -> None:
    """The failed try counts for the limit."""
    session.add(LoginAttempt(login=login[:60], address=address[:60]))


def _check_rate(session: Session, login: str, address: str) -> None:
    since = func.now() - WINDOW
    by_login = select(func.count()).where(LoginAttempt.login == login, LoginAttempt.at > since).scalar_subquery()
    by_address = select(func.count()).where(LoginAttempt.address == address, LoginAttempt.at > since).scalar_subquery()
    tries = session.execute(select(by_login, by_address)).one()
    if tries[0] >= TRIES_PER_LOGIN or tries[1] >= TRIES_PER_ADDRESS:
        raise TooManyTries(minutes=int(WINDOW.total_seconds() // 60))


def find_session(session: Session, secret: str, *, hours: int, idle_minutes: int) -> WebSession | None:
    """The live session of a cookie, with account and person, or None. One statement."""
    return session.scalar(
        select(WebSession)
        .join(Account)
        .where(
            WebSession.id == _hash(secret),
            WebSession.made_at > func.now() - dt.timedelta(hours=hours),
            WebSession.seen_at > func.now() - dt.timedelta(minutes=idle_minutes),
            Account.closed_at.is_(None),
        )
        .options(joinedload(WebSession.account).joinedload(Account.person))
    )


def is_stale(web_session: WebSession) -> bool:
    """True if the last use was written down more than a minute ago."""
    return clock.machine() - web_session.seen_at > dt.timedelta(minutes=1)


def touch_session(session: Session, web_session: WebSession) -> None:
    """Seen now, written at most once a minute."""
    session.execute(
        text("UPDATE web_session SET seen_at = now() WHERE id = :id AND seen_at < now() - interval '1 minute'"),
        {"id": web_session.id},
    )


def log_out(session: Session, secret: str) -> None:
    session.execute(delete(WebSession).where(WebSession.id == _hash(secret)))


def make_token(session: Session, actor: Actor, account: Account, label: str, scopes: Collection[str]) -> str:
    """The bearer token, shown this once. Raises InvalidInput (scopes)."""
    unknown = set(scopes) - SCOPES
    if unknown or not scopes:
        raise InvalidInput(field="scopes", reason="unknown", value=sorted(unknown), allowed=sorted(SCOPES))
    secret = f"lm_{secrets.token_urlsafe(32)}"
    session.add(ApiToken(account_id=account.id, token_hash=_hash(secret), label=label, scopes=sorted(scopes)))
    session.flush()
    audit.record(session, actor, "token.made", f"person/{account.person_id}", facts={"scopes": sorted(scopes)})
    return secret


def actor_of_token(session: Session, secret: str) -> tuple[int, Actor]:
    """The token's id and its owner as an actor narrowed to its scopes. Raises Missing."""
    token = session.scalar(
        select(ApiToken)
        .join(Account)
        .where(ApiToken.token_hash == _hash(secret), ApiToken.revoked_at.is_(None), Account.closed_at.is_(None))
        .options(joinedload(ApiToken.account))
    )
    if token is None:
        raise Missing(what="token")
    return token.id, actor_of(session, token.account.person_id, scopes=token.scopes)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def require_password(session: Session, account: Account, password: str, address: str) -> None:
    """Nothing if it is the account's password; failures count as those of the login page. Raises as `log_in`."""
    _check_rate(session, account.login, address)
    try:
        _hasher.verify(account.password_hash, password)
    except (VerificationError, InvalidHashError):
        raise LoginRefused() from None


def close_account(session: Session, actor: Actor, account: Account) -> None:
    """Nobody logs in with it any more; its sessions and tokens are refused from the next request on."""
    account.closed_at = clock.machine()
    session.execute(delete(WebSession).where(WebSession.account_id == account.id))
    audit.record(session, actor, "account.closed", f"person/{account.person_id}")


def reopen_account(session: Session, actor: Actor, account: Account) -> None:
    """The account can log in again with its old password; its tokens live again, its sessions do not."""
    account.closed_at = None
    audit.record(session, actor, "account.reopened", f"person/{account.person_id}")
