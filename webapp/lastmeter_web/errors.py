"""Every refusal becomes a page (or problem+json) that says what is wrong and what to do."""

from __future__ import annotations

import logging

from flask import Flask, Response, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from lastmeter import audit
from lastmeter.db import unit_of_work
from lastmeter.errors import Forbidden, LastmeterError
from lastmeter.identity import logins
from lastmeter_web import i18n, security
from lastmeter_web.extensions import db
from lastmeter_web.sentences import sentence

log = logging.getLogger(__name__)
STATUS = {"invalid": 422, "forbidden": 403, "missing": 404, "conflict": 409, "unavailable": 503}


def install(app: Flask) -> None:
    app.register_error_handler(logins.LoginRefused, _login_refused)
    app.register_error_handler(LastmeterError, refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def refused(error: LastmeterError) -> ResponseReturnValue:
    """The page of a refusal; what must be remembered of it is stored after the rollback."""
    if isinstance(error, Forbidden) and getattr(g, "actor", None) is not None:
        audit.record_refusal(db.session(), g.actor, "access.denied", f"route/{request.endpoint}")
    return answer(STATUS[error.kind], error.code, sentence(error.code, error.facts, i18n.language()))


def answer(status: int, code: str, text: str) -> ResponseReturnValue:
    """The refusal as the client reads it best."""
    if wants_json():
        response = jsonify({"code": code, "title": text, "detail": text, "status": status})
        response.headers["Content-Type"] = "application/problem+json"
    else:
        response = Response(render_template("refused.html", text=text, status=status, code=code), mimetype="text/html")
    if request.headers.get("HX-Request") == "true":
        response.headers["HX-Refresh"] = "true"  # a whole page is no piece of one: let it be asked for as a page
    if status == 503:
        response.headers["Retry-After"] = "5"
    response.status_code = status
    return response


def wants_json() -> bool:
    accepts = request.accept_mimetypes
    return accepts["application/json"] > accepts["text/html"]


def _login_refused(error: logins.LoginRefused) -> ResponseReturnValue:
    """The failed try counts for the limit; the page says no more than that it failed."""
    known = getattr(g, "account", None)
    with unit_of_work(db.session()):
        tried = known.login if known is not None else request.form.get("login", "")
        logins.note_failure(db.session(), tried, security.client_address())
    text = sentence(error.code, error.facts, i18n.language())
    if known is not None:  # somebody logged in gave a wrong password as the old one
        return answer(403, error.code, text)
    return render_template("account/login.html", error=text, next=request.form.get("next", "")), 403


def _http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, RequestEntityTooLarge):
        return answer(413, "body_too_large", sentence("body_too_large", {}, i18n.language()))
    code = "missing" if error.code == 404 else "error"
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    if error.code == 404:
        return answer(404, code, sentence(code, {}, i18n.language()))
    return answer(error.code or 500, code, error.description or sentence(code, {}, i18n.language()))


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.exception("an unexpected error", exc_info=error)
    text = i18n._("系统出错了，没有保存任何内容。错误已记录，请稍后重试或联系运维人员。")
    return answer(500, "unexpected", text)
