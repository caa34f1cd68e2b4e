"""What every call does before and after its own work: token, scope, permission, strict JSON, idempotency."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import marshmallow as ma
from flask import Response, g, make_response, request
from flask_smorest import Blueprint
from sqlalchemy import delete, func, select, text
from webargs import missing
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict, WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from lastmeter.actor import Actor
from lastmeter.errors import Forbidden, InvalidInput, LastmeterError, Missing
from lastmeter.forms import strict_json
from lastmeter.identity import logins
from lastmeter.identity.models import IdempotencyKey
from lastmeter_web.extensions import db

View = TypeVar("View", bound=Callable[..., Any])
IDEMPOTENCY = {
    "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 100},
    "description": "The same key with the same request gets the first answer again, for seven days.",
}  # fmt: skip
KEPT = text("interval '7 days'")
_KEY = re.compile(r"[\x21-\x7e]{1,100}")
_IDENTITY = re.compile(r"[1-9][0-9]{0,18}")


class ScopeMissing(LastmeterError):
    """The token's scopes do not cover the call, whatever its owner may; facts: `scope`."""

    code = "scope_missing"
    kind = "forbidden"


class IdempotencyKeyReused(LastmeterError):
    """The key came with another request before; facts: `key`."""

    code = "idempotency_key_reused"
    kind = "conflict"


class _StrictParser(FlaskParser):
    """Bodies as `forms.strict_json` takes them; unknown names are refused, not dropped."""

    def load_json(self, req: Any, schema: Any) -> Any:
        body = req.get_data(cache=True)
        if not body.strip():
            return missing if schema.many else {}
        value = strict_json.read(body)
        if not isinstance(value, dict):
            raise InvalidInput(field="body", reason="not_an_object")
        return value

    def load_querystring(self, req: Any, schema: Any) -> Any:
        """`?state=&limit=` asks for nothing in particular."""
        given = MultiDict((name, value) for name, value in req.args.items(multi=True) if value != "")
        return self._makeproxy(given, schema)


_parser = _StrictParser()
_parser.DEFAULT_UNKNOWN_BY_LOCATION = {"json": ma.RAISE, "query": ma.RAISE}


class _Blueprint(Blueprint):  # type: ignore[misc]  # flask-smorest is not typed
    ARGUMENTS_PARSER = _parser


blueprint = _Blueprint("api", __name__, url_prefix="/api/v1", template_folder="templates")


def call(
    rule: str,
    *,
    scopes: tuple[str, ...],
    tag: str,
    method: str = "GET",
    permissions: tuple[str, ...] = (),
    status: int = 200,
    query: type[ma.Schema] | None = None,
    body: type[ma.Schema] | None = None,
    answer: type[ma.Schema] | ma.Schema | None = None,
    logs_reading: bool = False,
    public: bool = False,
    described: Mapping[str, object] | None = None,
) -> Callable[[View], View]:
    """The view answers `method rule` for tokens with one of `scopes`, for owners with one of `permissions` (any: none).

    `logs_reading`: a GET that commits the log of the classified things it read. `public`: it asks for no token.
    `described`: what OpenAPI says beside what the schemas tell.
    """

    def add(view: View) -> View:
        wrapped: Any = view
        if body is not None:
            wrapped = blueprint.arguments(body, location="json")(wrapped)
        if query is not None:
            wrapped = blueprint.arguments(query, location="query")(wrapped)
        if answer is not None:
            wrapped = blueprint.response(status, answer)(wrapped)
        wrapped = _open(wrapped) if public else _guarded(wrapped, scopes, permissions)
        wrapped.logs_reading = logs_reading
        wrapped.scopes, wrapped.permissions = scopes, permissions
        told: dict[str, object] = {"x-scopes": list(scopes), **(described or {})}
        if public:
            told["security"] = []
        if method == "POST":
            told["parameters"] = [IDEMPOTENCY]
        wrapped = blueprint.doc(**told)(wrapped)
        blueprint.route(rule, methods=[method], tags=[tag], endpoint=view.__name__)(wrapped)
        return view

    return add


def _guarded(view: Callable[..., Any], scopes: tuple[str, ...], permissions: tuple[str, ...]) -> Any:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Response:
        _authenticate()
        _require(g.actor, scopes, permissions)
        return _once(lambda: make_response(view(*args, **kwargs)))

    return guarded


def _open(view: Callable[..., Any]) -> Any:
    @wraps(view)
    def opened(*args: Any, **kwargs: Any) -> Response:
        _speak()
        return make_response(view(*args, **kwargs))

    return opened


def actor() -> Actor:
    found: Actor = g.actor
    return found


def identity(given: str, what: str) -> int:
    """The id that an address names. Raises Missing for what cannot be one: the same answer as for none."""
    if not _IDENTITY.fullmatch(given) or int(given) >= 2**63:
        raise Missing(what=what)
    return int(given)


def _speak() -> None:
    """Refusals are said in the language that the program asks for."""
    g.language = request.accept_languages.best_match(["zh", "en"], "en")


# --- who asks ------------------------------------------------------------------------------------------------


def _authenticate() -> None:
    """`g.actor` is the token's owner, narrowed to its scopes. Raises Unauthorized."""
    _speak()
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    try:
        g.token_id, g.actor = logins.actor_of_token(db.session(), secret.strip())
    except Missing:
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"error": "invalid_token"})) from None


def _require(who: Actor, scopes: tuple[str, ...], permissions: tuple[str, ...]) -> None:
    if not set(scopes) & (who.scopes or frozenset()):
        raise ScopeMissing(scope=scopes[0])
    if permissions and not any(who.may(each) for each in permissions):
        raise Forbidden(permission=permissions[0])


# --- the same request twice ----------------------------------------------------------------------------------


def _once(work: Callable[[], Response]) -> Response:
    """The answer; of a POST whose Idempotency-Key is known, the first one again. Refusals are not kept: nothing was
    done. Raises IdempotencyKeyReused."""
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or key is None:
        return work()
    if not _KEY.fullmatch(key):
        raise InvalidInput(field="Idempotency-Key", reason="malformed")
    session, owner, digest = db.session(), f"token/{g.token_id}", _digest()
    # Of two at once the second waits here, and then finds the first one's answer.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{owner} {key}", 13))))
    expired = IdempotencyKey.made_at < func.now() - KEPT
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.owner == owner, expired))
    known = session.get(IdempotencyKey, (owner, key))
    if known is not None:
        if known.request_hash != digest:
            raise IdempotencyKeyReused(key=key)
        return Response(known.body, known.status, {**known.headers, "Idempotent-Replayed": "true"})
    answer = work()
    kept = {name: value for name, value in answer.headers.items() if name in ("Content-Type", "Location", "ETag")}
    session.add(
        IdempotencyKey(
            owner=owner, key=key, request_hash=digest, status=answer.status_code, body=answer.get_data(), headers=kept
        )
    )
    session.flush()
    return answer


def _digest() -> bytes:
    parts = (request.method, request.full_path, request.mimetype)
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + _comparable_body()).digest()


def _comparable_body() -> bytes:
    """The body; of a multipart one the files alone, since each client draws its own boundary."""
    if request.mimetype != "multipart/form-data":
        return request.get_data(cache=True)
    found = []
    for name, upload in sorted(request.files.items()):
        found.append(f"{name}:{hashlib.sha256(upload.read()).hexdigest()}")
        upload.seek(0)
    return "\n".join(found).encode()
