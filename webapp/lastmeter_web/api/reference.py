"""The description of the API: for programs as OpenAPI, for people as one page without a script."""

from __future__ import annotations

from typing import Any, NoReturn

import orjson
from flask import Flask, Response, current_app, render_template
from werkzeug.exceptions import NotFound

from lastmeter_web import i18n

INTRODUCTION = (
    "JSON in and out. Authorization: Bearer <token>; a token carries scopes (read, work, publish, operate, message) "
    "within its owner's roles. Refusals are application/problem+json with code, title, detail and the facts; "
    "sentences follow Accept-Language (zh, en). Every POST accepts Idempotency-Key, kept seven days per token."
)

# What each call does, for readers of Chinese; English stands in the calls' own docstrings.
CHINESE = {
    "publish_definition": "检查并发布一份 .bpmn 或一个流程包（multipart 的 file）。422 definition_refused 附检查结果。",
    "lint_definition": "只检查，不保存。",
    "list_definitions": "每个流程的最新版本。",
    "show_definition": "流程的最新版本，及现有的全部版本号。",
    "show_definition_version": "流程的某一版本。",
    "show_definition_xml": "某一版本发布时的 BPMN 文件。",
    "start_instance": "发起一个事项。有发起表单的流程，variables 就是表单内容；没有发起表单的流程包不接受 variables。"
    "有几个无事件的开始时，start 指明从哪一个开始。",
    "list_instances": "令牌持有人可以打开的事项，新的在前。",
    "show_instance": "一个事项：走到哪里、在等什么。变量只含持有人可以看的。",
    "show_history": "事项中依次发生的事。",
    "cancel_instance": "取消事项；发起人或运维人员可以取消。",
    "migrate_instances": "把在办事项迁移到另一版本；先以 dry_run 查看怎样移动、什么受阻；逐项给出结果，最多 500 项。",
    "undo_migration": "撤销一次迁移；事项此后有任何变化即不能撤销。",
    "show_standpoint": "事项停在哪些位置、到过哪些环节、可设置哪些变量；供运维处置前查看。",
    "operate_instance": "移动、跳过、退回、重试或设置变量；先以 dry_run 预演，再带版本和理由执行。",
    "list_data_stores": "各数据存储有多少条、多少字节、最近何时写入；不含键和内容。",
    "retry_incident": "重试出故障的一步；再次失败会产生新的故障。",
    "publish_message": "把消息送给等待它的一个事项，或发起由它启动的流程。",
    "broadcast_signal": "把信号送给每个等待它的事项；由后台送达。",
    "list_tasks": "一个队列的一页（mine、group、overdue、on_hold、done），以及各队列的数量。",
    "show_task": "任务、表单（JSON Schema）、草稿、经过，以及可以做什么、为什么不能做。",
    "claim_task": "认领；已被他人认领时返回 409 和认领人。",
    "release_task": "退回给同岗位的人。",
    "save_task_draft": "保存草稿，不作检查，只有持有人可见。",
    "list_releases": "公开的采购数据（OCDS 1.1 发布包），无需令牌；since 之后的，旧的在前，其余见 Link。",
    "complete_task": "提交表单并办结；422 逐项说明。无人认领的任务会先认领。",
}


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
                groups.setdefault(operation["tags"][0], []).append(_shown(document, path, method.upper(), operation))
    return render_template("api/reference.html", groups=groups, introduction=INTRODUCTION)


def _shown(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": method,
        "path": path,
        "body": _body(document, operation),
        "query": [each for each in operation.get("parameters", []) if each.get("in") == "query"],
        "answers": _answers(document, operation),
        **_told(method, path, operation),
    }


def _told(method: str, path: str, operation: dict[str, Any]) -> dict[str, str]:
    """What the call does, in the reader's language."""
    rule = path.replace("{", "<string:").replace("}", ">")
    rules = current_app.url_map.iter_rules()
    found = next((r.endpoint for r in rules if r.rule == rule and method in (r.methods or ())), "")
    chinese = CHINESE.get(found.removeprefix("api."))
    if chinese and i18n.language() == "zh":
        return {"summary": chinese, "description": ""}
    return {"summary": operation.get("summary", ""), "description": operation.get("description", "")}


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
