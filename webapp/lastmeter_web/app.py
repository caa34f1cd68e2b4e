"""The web application: one transaction per request, features found and not listed."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from flask import Blueprint, Flask, g, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import IntegerConverter

import lastmeter_web
from lastmeter import clock, config, keys, wiring
from lastmeter import db as engine_db
from lastmeter.db import SERVER_OPTIONS, unit_of_work
from lastmeter_web import assets, citations, errors, i18n, navigation, security
from lastmeter_web.extensions import db
from lastmeter_web.navigation import NavEntry

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Identity(IntegerConverter):
    """`<int:…>` in an address: what can be a row's id. Other digits and longer numbers are no address at all: 404."""

    regex = "[1-9][0-9]{0,17}"


class App(Flask):
    """One transaction per request: a view that returns is committed, a view that raises is not."""

    def dispatch_request(self) -> ResponseReturnValue:
        if request.endpoint == "static":
            return super().dispatch_request()
        if request.mimetype == "application/x-www-form-urlencoded":
            # Werkzeug reads such a form in one piece; only multipart ones, with files, may be larger.
            request.max_content_length = self.config["SETTINGS"].body_limit_bytes
        with unit_of_work(db.session(), write=request.method not in SAFE or security.logs_reading(self)):
            security.identify()  # first, so that refusals speak the reader's language
            security.refuse_unstorable()
            answer = security.guard() or super().dispatch_request()
        security.note_use()
        return answer


def create_app(settings: config.Settings | None = None) -> Flask:
    """The application, ready for gunicorn. Raises KeyUnavailable, RouteWithoutPermission."""
    settings = settings or config.Settings.from_environment()
    wiring.connect()
    keys.configure(settings)
    engine_db.follow_virtual_clock(settings.demo)
    app = App(__name__)
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=keys.derived("flash"),  # of the cookie that carries a sentence over a redirect, and nothing else
        SESSION_COOKIE_NAME="lm_said",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_SAMESITE="Lax",
        SQLALCHEMY_DATABASE_URI=settings.database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": settings.pool_size, "max_overflow": settings.pool_size, "pool_pre_ping": True,
            "pool_timeout": 10, "connect_args": {"connect_timeout": 5, "options": SERVER_OPTIONS},
        },
        MAX_CONTENT_LENGTH=settings.upload_limit_bytes + settings.body_limit_bytes,
        MAX_FORM_MEMORY_SIZE=settings.body_limit_bytes,
        MAX_FORM_PARTS=5000,
        JSON_AS_ASCII=False,
        TEMPLATES_AUTO_RELOAD=False,
    )  # fmt: skip
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.converters["int"] = Identity
    db.init_app(app)
    i18n.install(app)
    citations.install(app)
    errors.install(app)
    entries = _register_features(app)
    _install_page_facts(app, entries)
    app.after_request(security.harden)
    security.check_routes(app)
    return app


def _register_features(app: Flask) -> list[NavEntry]:
    """Every feature folder's `blueprint`, or its `register(app)`; their entries of the navigation."""
    entries: list[NavEntry] = []
    for module in pkgutil.iter_modules(lastmeter_web.__path__):
        if not module.ispkg:
            continue
        feature = importlib.import_module(f"lastmeter_web.{module.name}")
        register = getattr(feature, "register", None)
        blueprint: Blueprint | None = getattr(feature, "blueprint", None)
        if register is not None:
            register(app)
        elif blueprint is not None:
            app.register_blueprint(blueprint)
        entries += getattr(feature, "NAVIGATION", [])
    return sorted(entries, key=lambda entry: entry.order)


def _install_page_facts(app: Flask, entries: list[NavEntry]) -> None:
    @app.context_processor
    def facts() -> dict[str, Any]:
        person = getattr(g, "actor", None)
        open_to = [entry for entry in entries if person is not None and person.may(entry.permission)]
        return {
            "actor": person,
            "account": getattr(g, "account", None),
            "csrf": g.web_session.csrf if getattr(g, "web_session", None) is not None else "",
            "navigation": open_to,
            "rail_entry": navigation.current(open_to, request.endpoint or ""),
            "settings": app.config["SETTINGS"],
            "today": clock.today(),
            "now": clock.now(),
            "asset": assets.script,
            "asset_styles": assets.styles,
        }
