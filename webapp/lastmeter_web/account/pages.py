"""Login, logout, own account, notices."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select, update
from werkzeug.wrappers import Response

from lastmeter import clock
from lastmeter.errors import InvalidInput
from lastmeter.identity import logins
from lastmeter.identity.models import Account, ApiToken, Notice, Organisation
from lastmeter.identity.roles import ROLES
from lastmeter_web import i18n, notices
from lastmeter_web.extensions import db
from lastmeter_web.security import PUBLIC, actor, allow, client_address, cookie_name, set_session_cookie

SCOPES = {
    "read": ("查看", "read"),
    "work": ("办理任务", "work on tasks"),
    "message": ("发送消息", "send messages"),
    "publish": ("发布流程", "publish processes"),
    "operate": ("运维", "operate"),
}
blueprint = Blueprint("account", __name__, template_folder="templates")


@blueprint.get("/login")
@allow(PUBLIC)
def login() -> ResponseReturnValue:
    if g.actor is not None:
        return redirect(url_for("inbox.show"), 303)
    return render_template("account/login.html", error=None, next=request.args.get("next", ""))


@blueprint.post("/login")
@allow(PUBLIC)
def log_in() -> Response:
    secret, made = logins.log_in(
        db.session(), request.form.get("login", "").strip(), request.form.get("password", ""), client_address()
    )
    response = make_response(redirect(_own_address(request.form.get("next", "")), 303))
    set_session_cookie(response, secret)
    if made.account.language:  # for the pages that know no account, as the API's reference
        _keep_language(response, made.account.language)
    return response


def _own_address(wanted: str) -> str:
    """The wanted address if it is one of ours, else the inbox: no open redirect."""
    parts = urlsplit(wanted)
    if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme:
        return wanted
    return url_for("inbox.show")


@blueprint.post("/logout")
@allow("account.own")
def log_out() -> Response:
    from flask import current_app

    logins.log_out(db.session(), request.cookies.get(cookie_name(current_app), ""))
    response = make_response(redirect(url_for("account.login"), 303))
    response.delete_cookie(cookie_name(current_app), path="/")
    return response


@blueprint.post("/language")
@allow(PUBLIC)
def set_language() -> Response:
    """The language holds for this browser, and for the account where somebody is logged in."""
    wanted = request.form.get("language")
    if wanted not in i18n.LANGUAGES:
        raise InvalidInput(field="language", reason="unknown")
    if g.account is not None:
        db.session().get_one(Account, g.account.id).language = wanted
    response = make_response(redirect(_own_address(request.form.get("next", "")), 303))
    _keep_language(response, wanted)
    return response


def _keep_language(response: Response, wanted: str) -> None:
    response.set_cookie(i18n.COOKIE, wanted, max_age=365 * 86400, samesite="Lax", httponly=True)


@blueprint.get("/account")
@allow("account.own")
def show() -> str:
    return _page()


def _page(made: str | None = None) -> str:
    session = db.session()
    tokens = session.scalars(
        select(ApiToken).where(ApiToken.account_id == g.account.id, ApiToken.revoked_at.is_(None)).order_by(ApiToken.id)
    )
    places = {
        row.id: row
        for row in session.scalars(
            select(Organisation).where(Organisation.id.in_([post.organisation_id for post in actor().posts]))
        )
    }
    return render_template(
        "account/show.html",
        tokens=list(tokens),
        posts=[(ROLES[post.role], places[post.organisation_id]) for post in actor().posts],
        scopes=sorted(logins.SCOPES),
        scope_names={name: i18n.both(*SCOPES.get(name, (name, name))) for name in logins.SCOPES},
        made=made,
    )


@blueprint.post("/account/keys")
@allow("account.own")
def set_keys() -> Response:
    """Single-key shortcuts are on or off for this account (WCAG 2.1.4)."""
    account = db.session().get_one(Account, g.account.id)
    account.preferences = {**account.preferences, "keys": "off" if request.form.get("keys") == "off" else "on"}
    return redirect(url_for("account.show"), 303)


@blueprint.post("/account/password")
@allow("account.own")
def change_password() -> Response:
    session = db.session()
    account = session.get_one(Account, g.account.id)
    logins.require_password(session, account, request.form.get("current", ""), client_address())
    logins.set_password(session, actor(), account, request.form.get("password", ""))
    return redirect(url_for("account.login"), 303)


@blueprint.post("/account/tokens")
@allow("account.own")
def make_token() -> str:
    session = db.session()
    label = request.form.get("label", "").strip()[:80]
    if not label:
        raise InvalidInput(field="label", reason="missing")
    made = logins.make_token(
        session, actor(), session.get_one(Account, g.account.id), label, request.form.getlist("scope")
    )
    return _page(made)


@blueprint.post("/account/tokens/<int:token_id>/revoke")
@allow("account.own")
def revoke_token(token_id: int) -> Response:
    db.session().execute(
        update(ApiToken)
        .where(ApiToken.id == token_id, ApiToken.account_id == g.account.id)
        .values(revoked_at=clock.now())
    )
    return redirect(url_for("account.show"), 303)


@blueprint.get("/notices")
@allow("notice.read")
def list_notices() -> str:
    rows = db.session().scalars(
        select(Notice).where(Notice.person_id == actor().person_id).order_by(Notice.id.desc()).limit(100)
    )
    return render_template("account/notices.html", rows=[(row, notices.sentence(row)) for row in rows])


@blueprint.post("/notices/read")
@allow("notice.read")
def read_notices() -> Response:
    db.session().execute(
        update(Notice).where(Notice.person_id == actor().person_id, Notice.read_at.is_(None)).values(read_at=func.now())
    )
    return redirect(url_for("account.list_notices"), 303)
