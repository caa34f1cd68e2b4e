"""Definitions, drafts and versions; the editor's page and the five calls that its script makes."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lastmeter import audit, connectors
from lastmeter.deadlines.register import rules_in
from lastmeter.definitions import drafts, lint, publishing, revising
from lastmeter.definitions.diff import differences
from lastmeter.definitions.findings import DefinitionRefused, Finding
from lastmeter.definitions.layout import layout
from lastmeter.definitions.packages import MAX_ZIP, Package, pack
from lastmeter.definitions.source import MAX_BYTES
from lastmeter.errors import Forbidden, InvalidInput
from lastmeter.forms import load_form
from lastmeter.identity import people
from lastmeter.identity.roles import ROLES
from lastmeter_web import assets, errors, i18n
from lastmeter_web.designer import source
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow
from lastmeter_web.sentences import sentence

blueprint = Blueprint("designer", __name__, template_folder="templates")
EDIT, PUBLISH = "designer.edit", "designer.publish"


@blueprint.get("/designer")
@allow("definition.view")
def show() -> str:
    draws = may_draw()
    return render_template(
        "designer/show.html",
        definitions=publishing.newest(db.session()),
        drafts={row.key: row for row in drafts.listing(db.session(), actor())} if draws else {},
        draws=draws,
        refused=[],
    )


def may_draw() -> bool:
    return actor().may(EDIT) or actor().may(PUBLISH)


@blueprint.post("/designer")
@allow("definition.view")
def upload() -> ResponseReturnValue:
    """A diagram becomes a draft to be judged and published; a whole package is published at once or refused."""
    session = db.session()
    if not may_draw():
        raise Forbidden(permission=EDIT)
    given = request.files.get("file")
    if given is None or not given.filename:
        raise InvalidInput(field=i18n._("文件"), reason=i18n._("请选择 .bpmn 或 .zip 文件"))
    content = given.stream.read(MAX_ZIP + 1)
    try:
        package = publishing.package_of(content)
        if not package.is_bare:
            made = publishing.publish(session, actor(), package, source="upload")
            flash(i18n._("已发布：{names}", names="、".join(f"{row.key} v{row.version}" for row in made.definitions)))
            return redirect(url_for("designer.show"), 303)
    except DefinitionRefused as refusal:
        session.rollback()
        page = render_template(
            "designer/show.html", definitions=publishing.newest(session),
            drafts={row.key: row for row in drafts.listing(session, actor())}, draws=True, refused=refusal.findings,
        )  # fmt: skip
        return page, 422
    if not package.key:
        raise InvalidInput(field=i18n._("文件"), reason=i18n._("图中没有可执行的流程（isExecutable）"))
    known = drafts_revision(package.key)
    drafts.save(session, actor(), package.key, content, known)
    flash(i18n._("已存为草稿，检查后即可发布。"))
    return redirect(url_for("designer.edit", key=package.key), 303)


def drafts_revision(key: str) -> int:
    """The revision that stands, 0 where nobody has drawn yet."""
    row = next((row for row in drafts.listing(db.session(), actor()) if row.key == key), None)
    return 0 if row is None else row.revision


@blueprint.get("/designer/<key>")
@allow("definition.view", relaxed_styles=True)
def edit(key: str) -> str:
    session = db.session()
    version = asked_version()
    found = source.drawing(session, key, version)
    package = revising.revised(session, found.xml, key=key)
    read_only = version is not None or not may_draw()
    base = source.before(session, found, version)
    changed = differences(base.xml, found.xml) if base is not None else []
    return render_template(
        "designer/edit.html",
        drawing=found,
        versions=source.versions(session, key),
        version=version,
        read_only=read_only,
        may_publish=actor().may(PUBLISH) and not read_only,
        choices=_choices(package),
        lanes={lane: {"role": entry.role} for lane, entry in package.lanes.items()},
        title=i18n.both(found.published.title_zh, found.published.title_en) if found.published else key,
        differences=changed,
        base=base,
        running=source.running(session, key),
        may_submit=actor().may(EDIT) and found.draft is not None and not read_only,
        built=assets.script("designer") is not None,
    )


def asked_version() -> int | None:
    text = request.args.get("version")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput(field="version", reason=i18n._("请填写数字"))
    return int(text)


def _choices(package: Package) -> dict[str, list[dict[str, str]]]:
    """What the properties panel offers, by the keys that the diagram stores."""
    forms = []
    for key, schema in sorted(package.forms.items()):
        title = load_form(schema).title
        forms.append({"key": key, "zh": title.zh, "en": title.en})
    rules = rules_in(db.session())
    newest = publishing.newest(db.session())
    return {
        "forms": forms,
        "roles": [{"key": role.id, "zh": role.zh, "en": role.en} for role in ROLES.values()],
        "rules": [{"key": key, "zh": f"{key} {rule.zh}", "en": f"{key} {rule.en}"} for key, rule in rules.items()],
        "connectors": [{"key": name, "zh": name, "en": name} for name in sorted(connectors.registered())],
        "definitions": [{"key": row.key, "zh": row.title_zh, "en": row.title_en} for row in newest],
        "decisions": [{"key": name, "zh": name, "en": name} for name in sorted(package.decisions)],
    }


# --- the calls of the editor's script --------------------------------------------------------------------------


@blueprint.get("/designer/<key>/xml")
@allow("definition.view")
def xml(key: str) -> Response:
    found = source.drawing(db.session(), key, asked_version())
    response = Response(found.xml, mimetype="application/xml")
    response.headers["ETag"] = f'"{found.revision}"'
    return response


@blueprint.post("/designer/<key>/lint")
@allow("definition.view")
def findings(key: str) -> Response:
    """Everything that the engine has to say about the diagram as it stands in the editor."""
    session = db.session()
    package = revising.revised(session, _drawn(), key=key)
    return jsonify({"findings": _said(lint.check(package, known=publishing.known_names(session)))})


@blueprint.post("/designer/<key>/layout")
@allow("definition.view")
def tidy(key: str) -> Response:
    return Response(layout(_drawn()), mimetype="application/xml")


@blueprint.post("/designer/<key>/draft")
@allow("definition.view")
def save(key: str) -> Response:
    kept = drafts.save(db.session(), actor(), key, _drawn(), _revision())
    response = jsonify({"revision": kept.revision})
    response.headers["ETag"] = f'"{kept.revision}"'
    return response


@blueprint.post("/designer/<key>/publish")
@allow(PUBLISH)
def publish(key: str) -> ResponseReturnValue:
    """The drawing becomes the newest version; running instances stay on theirs, and the draft is done with."""
    session = db.session()
    package = revising.revised(session, _drawn(), key=key)
    made = publishing.publish(session, actor(), package, source="designer")
    draft = next((row for row in drafts.listing(session, actor()) if row.key == key), None)
    if draft is not None:
        drafts.discard(session, actor(), key, _revision())
    own = next((row for row in made.definitions if row.key == key), made.definitions[0])
    flash(i18n._("已发布为第 {n} 版。进行中的事项仍按原版本办理。", n=own.version))
    answer = {"version": own.version, "findings": _said(made.findings), "location": url_for("designer.edit", key=key)}
    return jsonify(answer), 201


@blueprint.post("/designer/<key>/submit")
@allow(EDIT)
def submit(key: str) -> ResponseReturnValue:
    """The leaders find a notice that this draft is ready to be published; it must have no errors left."""
    session = db.session()
    draft = drafts.get(session, actor(), key)
    if str(draft.revision) != request.form.get("revision"):
        raise drafts.DraftChanged(revision=draft.revision)
    package = revising.revised(session, draft.xml, key=key)
    publishing.refuse_errors(lint.check(package, known=publishing.known_names(session)))
    published = publishing.latest(session, key)
    title = (published.title_zh, published.title_en) if published else (key, key)
    for person_id in source.publishers(session):
        people.notify(
            session, person_id, "draft_submitted", link=url_for("designer.edit", key=key), by=actor().name,
            title_zh=title[0], title_en=title[1],
        )  # fmt: skip
    facts = {"revision": draft.revision}
    audit.record(session, actor(), "draft.submitted", f"definition/{key}", facts=facts)
    flash(i18n._("已提请区县民政局负责人发布。"))
    return redirect(url_for("designer.edit", key=key), 303)


@blueprint.errorhandler(DefinitionRefused)
def refused(refusal: DefinitionRefused) -> ResponseReturnValue:
    """What is wrong, element by element: for the editor as JSON, else in words."""
    text = sentence(refusal.code, {}, i18n.language())
    if not errors.wants_json():
        said = "".join(f"\n{found.message(i18n.language())}" for found in refusal.findings if found.severity == "error")
        return errors.answer(422, refusal.code, text + said)
    body = {"code": refusal.code, "title": text, "detail": text, "status": 422, "findings": _said(refusal.findings)}
    response = jsonify(body)
    response.status_code, response.headers["Content-Type"] = 422, "application/problem+json"
    return response


@blueprint.post("/designer/<key>/discard")
@allow("definition.view")
def discard(key: str) -> ResponseReturnValue:
    text = request.form.get("revision", "")
    drafts.discard(db.session(), actor(), key, int(text) if text.isascii() and text.isdigit() else 0)
    flash(i18n._("草稿已丢弃。"))
    return redirect(url_for("designer.show"), 303)


@blueprint.get("/designer/<key>/package")
@allow("definition.view")
def package(key: str) -> Response:
    """The newest version with its settings, forms and tables as one zip file."""
    session = db.session()
    found = source.drawing(session, key, asked_version())
    response = Response(pack(revising.revised(session, found.xml, key=key)), mimetype="application/zip")
    response.headers["Content-Disposition"] = f"attachment; filename={key}.zip"
    return response


def _drawn() -> bytes:
    """The diagram in the body. Raises InvalidInput where it is too large; what it holds is judged elsewhere."""
    body = request.get_data()
    if len(body) > MAX_BYTES:
        raise InvalidInput(field=i18n._("流程图"), reason=i18n._("超过 5 MB"))
    return body


def _revision() -> int:
    text = (request.headers.get("If-Match") or request.args.get("revision") or "0").strip('"')
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _said(found: Iterable[Finding]) -> list[dict[str, object]]:
    return [each.as_dict() for each in found]
