"""The description of the API: for programs as OpenAPI, for people as one page without a script."""

from __future__ import annotations

from typing import Any, NoReturn

import orjson
from flask import Flask, Response, current_app, render_template
from werkzeug.exceptions import NotFound

INTRODUCTION = (
    "JSON in and out. Authorization: Bearer <token>; a token carries scopes (read, work, publish, operate, message) "
    "within its owner's roles. Refusals are application/problem+json with code, title, detail and the facts; "
    "sentences follow Accept-Language (zh, en). Every POST accepts Idempotency-Key, kept seven days per token."
)


def install(app: Flask) -> None:
    """The description, and the answer to addresses that do not exist, stand beside the calls."""
    app.add_url_rule("/api/v1/openapi.json", "api.show_openapi", show_openapi)
    app.add_url_rule("/api/v1/", "api.show_reference", show_reference)
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/api/<path:rest>", "api.show_nothing", show_nothing, methods=every)


def openapi() -> dict[str, Any]:
    """The OpenAPI document."""
    described: dict[str, Any] = current_app.extensions["lastmeter_openapi"].to_dict()
    return described


def show_openapi() -> Response:
    return Response(orjson.dumps(openapi()), content_type="application/json")


def show_reference() -> str:
    """Every call, grouped, with what it takes and gives."""
    document = openapi()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post") and operation.get("tags") not in (None, ["api"]):
                groups.setdefault(operation["tags"][0], []).append(
                    {
                        "method": method.upper(), "path": path, "summary": operation.get("summary", ""),
                        "description": operation.get("description", ""), "body": _body(document, operation),
                        "query": [p for p in operation.get("parameters", []) if p.get("in") == "query"],
                        "answers": _answers(document, operation),
                    }
                )  # fmt: skip
    return render_template("api/reference.html", groups=groups, introduction=INTRODUCTION)


def _named(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself where the document refers to it."""
    reference = schema.get("$ref", "")
    found: dict[str, Any] = document["components"]["schemas"][reference.rsplit("/", 1)[1]] if reference else schema
    return found


def _body(document: dict[str, Any], operation: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Each field of the body: name, type, required."""
    content = operation.get("requestBody", {}).get("content", {})
    for sent in content.values():
        schema = _named(document, sent["schema"])
        wanted = schema.get("required", [])
        return [(name, _type(each), name in wanted) for name, each in schema.get("properties", {}).items()]
    return []


def _answers(document: dict[str, Any], operation: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each good answer: its status and its fields."""
    found = []
    for status, answer in operation.get("responses", {}).items():
        if not status.startswith("2"):
            continue
        for sent in answer.get("content", {}).values():
            schema = sent.get("schema", {})
            schema = _named(document, schema.get("items", schema) if schema.get("type") == "array" else schema)
            fields = [(name, _type(each)) for name, each in schema.get("properties", {}).items()]
            found.append((status, fields))
    return found


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return "object"
    kind = schema.get("type", "any")
    return " | ".join(kind) if isinstance(kind, list) else str(kind)


def show_nothing(rest: str) -> NoReturn:
    """No such address; answered here so that the refusal is a problem and not a page."""
    raise NotFound()
