"""Who asks, and whether they may: sessions, CSRF, permissions by route, headers. Everything is denied by default."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lastmeter.actor import Actor
from lastmeter.db import unit_of_work
from lastmeter.errors import Forbidden, InvalidInput, LastmeterError, Missing
from lastmeter.identity import logins
from lastmeter.identity.people import actor_of
from lastmeter.identity.roles import PERMISSIONS
from lastmeter_web.extensions import db

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC = "public"  # no login needed
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_POLICY = {
    "default-src": "'self'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
    "font-src": "'self' data:", "connect-src": "'self'", "object-src": "'none'", "base-uri": "'none'",
    "form-action": "'self'", "frame-ancestors": "'none'",
}  # fmt: skip


class CsrfRefused(LastmeterError):
    """The request does not carry this session's token: it may come from another site, or the login has ended."""

    code = "csrf_refused"
    kind = "forbidden"


class RouteWithoutPermission(RuntimeError):
    """A view was registered without `@allow`; the application refuses to start."""


def allow(permission: str, *, relaxed_styles: bool = False, logs_reading: bool = False) -> Callable[[View], View]:
    """The view needs this permission (`PUBLIC`: none).

    `relaxed_styles`: the diagram editor sets inline styles. `logs_reading`: a GET that commits the log of what it read.
    """
    if permission != PUBLIC and permission not in PERMISSIONS:
        raise RuntimeError(f"no role carries {permission}")

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]  # read back by `permission_of`
        view.relaxed_styles = relaxed_styles  # type: ignore[attr-defined]
        view.logs_reading = logs_reading  # type: ignore[attr-defined]
        return view

    return mark


def permission_of(app: Flask, endpoint: str) -> str | None:
    """What the view behind an endpoint needs; None where nobody said."""
    view = app.view_functions[endpoint]
    by_class = getattr(view, "view_class", None)
    if by_class is not None and request:
        method = getattr(by_class, request.method.lower(), None)
        return getattr(method, "permission", None) or getattr(by_class, "permission", None)
    return getattr(view, "permission", None)


def logs_reading(app: Flask) -> bool:
    """True where this GET reads a classified file: the log of the reading is its one commit."""
    return bool(getattr(app.view_functions.get(request.endpoint or ""), "logs_reading", False))


def check_routes(app: Flask) -> None:
    """Raises RouteWithoutPermission for a view that nobody gave a permission."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.endpoint.startswith("api."):
            continue
        if getattr(app.view_functions[rule.endpoint], "permission", None) is None:
            raise RouteWithoutPermission(rule.endpoint)


def cookie_name(app: Flask) -> str:
    return "__Host-lm" if app.config["SETTINGS"].secure_cookies else "lm"


def identify() -> None:
    """`g.actor` is the logged-in person or None; two statements."""
    g.actor, g.account, g.web_session = None, None, None
    if request.path.startswith(("/static/", "/api/")):
        return
    secret = request.cookies.get(cookie_name(current_app))
    if not secret:
        return
    settings = current_app.config["SETTINGS"]
    session = db.session()
    found = logins.find_session(
        session, secret, hours=settings.session_hours, idle_minutes=settings.session_idle_minutes
    )
    if found is None:
        return
    g.web_session, g.account = found, found.account
    for each in (found, found.account, found.account.person):
        session.expunge(each)  # the page of a refusal is drawn after the rollback, and still says who is logged in
    g.actor = actor_of(session, found.account.person_id, session_id=found.id.hex()[:16])


def note_use() -> None:
    """The session counts as used now, reading included; written once a minute, in a transaction of its own."""
    found = getattr(g, "web_session", None)
    if found is not None and logins.is_stale(found):
        with unit_of_work(db.session()):
            logins.touch_session(db.session(), found)


def refuse_unstorable() -> None:
    """Nothing where every name and value sent can be stored. Raises InvalidInput, Missing: NUL fits no text."""
    if "\x00" in request.path:
        raise Missing(what="page")
    for name, value in request.args.items(multi=True):
        if "\x00" in name or "\x00" in value:
            raise InvalidInput(field=name.replace("\x00", ""), reason="NUL")
    if request.method in UNSAFE and request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, value in request.form.items(multi=True):
            if "\x00" in name or "\x00" in value:
                raise InvalidInput(field=name.replace("\x00", ""), reason="NUL")


def guard() -> AnyResponse | None:
    """Nothing for whoever may; a way to the login page for whoever is not logged in. Raises Forbidden, CsrfRefused."""
    if request.endpoint is None or request.endpoint == "static" or request.endpoint.startswith("api."):
        return None
    permission = permission_of(current_app, request.endpoint)
    if permission is None:
        raise Forbidden(permission="?")
    if permission != PUBLIC and g.actor is None:
        if request.method in UNSAFE:
            raise CsrfRefused()
        return redirect(url_for("account.login", next=request.full_path.rstrip("?")), 303)
    if request.method in UNSAFE and g.web_session is not None:
        check_csrf()
    if permission != PUBLIC and not actor().may(permission):
        raise Forbidden(permission=permission)
    return None


def check_csrf() -> None:
    """Raises CsrfRefused where the token of this session is missing."""
    given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD) or ""
    if not hmac.compare_digest(given.encode(), g.web_session.csrf.encode()):
        raise CsrfRefused()


def actor() -> Actor:
    """Who asks. Raises Forbidden where nobody is logged in."""
    found: Actor | None = g.actor
    if found is None:
        raise Forbidden(permission="login")
    return found


def set_session_cookie(response: AnyResponse, secret: str) -> None:
    settings = current_app.config["SETTINGS"]
    response.set_cookie(
        cookie_name(current_app), secret, httponly=True, secure=settings.secure_cookies, samesite="Lax", path="/",
        max_age=settings.session_hours * 3600,
    )  # fmt: skip


def harden(response: Response) -> Response:
    """Headers that every answer carries."""
    policy = dict(_POLICY)
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "relaxed_styles", False):
        policy["style-src"] = "'self' 'unsafe-inline'"
    response.headers.setdefault("Content-Security-Policy", "; ".join(f"{k} {v}" for k, v in policy.items()))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def client_address() -> str:
    return request.remote_addr or "unknown"
