"""Refusals as application/problem+json: code, title, detail, and the facts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from lastmeter import audit
from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.errors import Forbidden, LastmeterError
from lastmeter.forms.form import FormInvalid
from lastmeter_web import i18n
from lastmeter_web.api.plain import plain
from lastmeter_web.extensions import db
from lastmeter_web.sentences import SENTENCES, sentence

log = logging.getLogger(__name__)
STATUS = {"invalid": 422, "forbidden": 403, "missing": 404, "conflict": 409, "unavailable": 503}
_OWN = {"type", "title", "status", "detail", "code"}

# What only programs meet; the common catalogue speaks to people.
SENTENCES_OF_CALLS: Mapping[str, tuple[str, str]] = {
    "not_authenticated": (
        "缺少有效的令牌。请以 Authorization: Bearer <令牌> 发送；令牌由 lastmeter token create 生成。",
        "A valid token is missing. Send Authorization: Bearer <token>; lastmeter token create makes one.",
    ),
    "scope_missing": ("令牌没有“{scope}”权限范围。", "The token does not carry the scope “{scope}”."),
    "idempotency_key_reused": (
        "这个 Idempotency-Key 已用于另一内容的请求，请换一个。",
        "This Idempotency-Key was used for another request; use a new one.",
    ),
    "json_refused": ("请求体不是可接受的 JSON（{reason}）。", "The body is not JSON that can be taken ({reason})."),
    "source_rejected": ("文件不是可读取的 BPMN（{reason}）。", "The file is not BPMN that can be read ({reason})."),
    "not_found": ("没有这个地址。", "There is no such address."),
    "method_not_allowed": ("这个地址不接受该方法。", "This address does not take that method."),
    "fields_invalid": ("有些字段不能这样填写，见 fields。", "Some fields cannot be taken; see fields."),
    "body_too_large": ("内容过大。", "The body is too large."),
    "value_unstorable": (
        "有一个值过长或过大，无法保存；请缩短后重试。",
        "A value is too long or too large to be stored; shorten it and try again.",
    ),
    "unexpected": ("系统出错了，没有保存任何内容。", "Something went wrong; nothing was stored."),
    "bad_request": ("请求无法理解。", "The request cannot be understood."),
}  # fmt: skip


def install(blueprint: Blueprint) -> None:
    """Whatever a call of the blueprint raises is answered as a problem."""
    blueprint.register_error_handler(LastmeterError, _refused)
    blueprint.register_error_handler(HTTPException, _http)
    blueprint.register_error_handler(DataError, _unstorable)
    blueprint.register_error_handler(Exception, _unexpected)


def _refused(error: LastmeterError) -> Response:
    if isinstance(error, Forbidden) and getattr(g, "actor", None) is not None:
        audit.record_refusal(db.session(), g.actor, "access.denied", f"route/{request.endpoint}")
    facts = dict(error.facts)
    if isinstance(error, FormInvalid):
        facts["fields"] = _form_sentences(error)
    if isinstance(error, DefinitionRefused):
        facts["findings"] = [finding.as_dict() for finding in error.findings]
    return problem(STATUS[error.kind], error.code, facts)


def _form_sentences(error: FormInvalid) -> dict[str, list[str]]:
    form, language = getattr(g, "form", None), i18n.language()
    if form is not None:
        return error.sentences(form, language)
    return {path: [message.say(language, path) for message in each] for path, each in error.messages.items()}


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    fields = getattr(error, "data", {}).get("messages")
    codes = {401: "not_authenticated", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
    code = "fields_invalid" if fields else codes.get(status, "bad_request")
    made = problem(status, code, {"fields": fields} if fields else {})
    made.headers.extend((name, value) for name, value in error.get_headers() if name in ("WWW-Authenticate", "Allow"))
    return made


def _unstorable(error: DataError) -> Response:
    """A value that no column holds got past every check: still the sender's to mend, and ours to look at."""
    log.warning("a value that cannot be stored", exc_info=error)
    return problem(422, "value_unstorable", {})


def _unexpected(error: Exception) -> Response:
    log.exception("an unexpected error", exc_info=error)
    return problem(500, "unexpected", {})


def problem(status: int, code: str, facts: Mapping[str, object]) -> Response:
    """The refusal in the language that the client accepts, English if it names none."""
    language = i18n.language()
    pair = SENTENCES_OF_CALLS.get(code)
    if pair is None or code in SENTENCES:
        detail = sentence(code, facts, language)
    else:
        shown = {name: str(value) for name, value in facts.items()}
        detail = pair[1 if language == "en" else 0].format_map({"scope": "—", "reason": "—", **shown})
    body: dict[str, Any] = {
        "type": f"/api/v1/#{code}", "title": code.replace("_", " ").capitalize(), "status": status, "detail": detail,
        "code": code,
    }  # fmt: skip
    body |= {name: plain(value) for name, value in facts.items() if name not in _OWN}
    response = Response(orjson.dumps(body), status=status, content_type="application/problem+json")
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response
