"""Instances: listed, opened, started, cancelled; their timeline, parties, documents, children, audit."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.wrappers import Response

from lastmeter.audit import AuditEvent
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.documents import files
from lastmeter.documents.models import Document
from lastmeter.errors import LastmeterError, Missing
from lastmeter.forms import FormInvalid, sources
from lastmeter.identity.models import Organisation
from lastmeter.identity.roles import ROLES
from lastmeter.workflow import decided, incidents, instances, task_view
from lastmeter.workflow.models import HumanTask, Incident, Instance
from lastmeter_web import i18n
from lastmeter_web.extensions import db
from lastmeter_web.instances import records
from lastmeter_web.instances.parties import playing
from lastmeter_web.instances.progress import picture
from lastmeter_web.security import actor, allow
from lastmeter_web.sentences import sentence

blueprint = Blueprint("instances", __name__, template_folder="templates")
# Where a process begins that has several starts to choose from; no field of a form begins with `_`.
START_FIELD = "_start"


@blueprint.get("/instances")
@allow("process.view")
def show() -> str:
    asked = {name: request.args.get(name) or None for name in ("definition", "state", "q", "cursor")}
    # Dozens of reports belong to one contract: they stand on its page, and here only for who looks for them.
    whole = not (asked["definition"] or asked["q"])
    page = instances.listing(db.session(), actor(), whole=whole, **asked)  # type: ignore[arg-type]  # names checked by the engine
    return render_template("instances/show.html", page=page, asked=asked, titles=_titles())


def _titles() -> dict[str, str]:
    return {row.key: i18n.both(row.title_zh, row.title_en) for row in publishing.newest(db.session())}


@blueprint.get("/instances/<int:instance_id>")
@allow("task.work")
def instance(instance_id: int) -> str:
    session = db.session()
    found = instances.get(session, actor(), instance_id)
    loaded = publishing.load(session, found.definition_id)
    content = instances.sees_content(session, actor(), found.id)
    answers = decided.why(session, actor(), found) if content else []
    reasons: dict[tuple[str, Any], list[decided.Why]] = {}
    for answer in answers:
        reasons.setdefault((answer.element_id, answer.at), []).append(answer)
    waiting = session.execute(
        select(HumanTask, Organisation)
        .outerjoin(Organisation, Organisation.id == HumanTask.organisation_id)
        .where(HumanTask.instance_id == found.id, HumanTask.state.in_(("open", "hold", "suspended")))
        .order_by(HumanTask.sort_at)
    ).all()
    return render_template(
        "instances/instance.html",
        instance=found,
        loaded=loaded,
        title=i18n.both(loaded.title_zh, loaded.title_en),
        history=[
            line
            for line in instances.history(session, found.id, reader=actor())
            if line.event != "entered" and (line.name_zh not in ("", line.element_id) or line.child_instance)
        ],
        picture=picture(session, found),
        number=records.number(session, found),
        parties=playing(session, loaded, found.id),
        waiting=waiting,
        timers=instances.timers(session, found.id),
        unheard=[_said(incident, loaded) for incident in incidents.unheard(session, found.id)],
        children=instances.children(session, found.id),
        parent=session.get(Instance, found.parent_id) if found.parent_id else None,
        documents=files.of_owner(session, f"instance/{found.id}") if content else [],
        decided=answers,
        reasons=reasons,
        earlier=task_view.earlier(session, actor(), found, loaded) if content else [],
        audit=_audit(found.id) if actor().may("audit.read") else [],
        titles=_titles(),
    )


def _said(incident: Incident, loaded: LoadedDefinition) -> tuple[str, str]:
    """What the sender's page says of a message that nothing took: the element that sent it, and why it was refused."""
    element = loaded.elements.get(incident.element_id or "")
    name = i18n.both(element.name, element.name_en) if element is not None else incident.element_id or ""
    return name, sentence(incident.code, incident.facts, i18n.language())


def _audit(instance_id: int) -> list[AuditEvent]:
    query = select(AuditEvent).where(AuditEvent.chain == f"instance/{instance_id}").order_by(AuditEvent.position)
    return list(db.session().scalars(query.limit(500)))


@blueprint.post("/instances/<int:instance_id>/cancel")
@allow("operate.act")
def cancel(instance_id: int) -> Response:
    instances.cancel(db.session(), actor(), instance_id, request.form.get("reason", "").strip())
    return redirect(url_for("instances.instance", instance_id=instance_id), 303)


@blueprint.get("/start")
@allow("process.start")
def new() -> str:
    return render_template("instances/new.html", definitions=publishing.listed(db.session(), actor()), roles=ROLES)


@blueprint.get("/start/<key>")
@allow("process.start")
def start_form(key: str) -> str:
    return _start_page(key)


def _may_start(key: str) -> tuple[Definition, LoadedDefinition]:
    """The newest version, if the reader may start it. Raises Missing."""
    row = publishing.latest(db.session(), key)
    if row is None or not publishing.may_start(actor(), row):
        raise Missing(what="definition")
    return row, publishing.load(db.session(), row.id)


def _start_page(
    key: str, data: Any = None, errors: Any = None, failure: str | None = None, field: str | None = None
) -> str:
    row, loaded = _may_start(key)
    form = loaded.start_form
    scope = sources.scope_in(db.session(), actor())
    shown = form.view(data, errors=errors or {}, scope=scope, language=i18n.language()) if form is not None else []
    doors = [loaded.elements[each] for each in loaded.plain_starts] if len(loaded.plain_starts) > 1 else []
    return render_template(
        "instances/start.html", definition=row, form=form, fields=shown, errors=errors or {}, failure=failure,
        doors=doors, start_field=START_FIELD, chosen=request.form.get(START_FIELD),
        field=next((each for each in shown if field is not None and each.name == field), None),
    )  # fmt: skip


@blueprint.post("/start/<key>")
@allow("process.start")
def start(key: str) -> ResponseReturnValue:
    session = db.session()
    if "_add" in request.form or "_remove" in request.form:
        row = publishing.latest(session, key)
        form = publishing.load(session, row.id).start_form if row is not None else None
        if form is None:
            abort(404)
        typed = form.draft(request.form)
        if path := request.form.get("_remove"):
            typed = form.without_row(typed, path)
        elif path := request.form.get("_add"):
            typed = form.with_row(typed, path)
        return _start_page(key, data=typed)
    try:
        with session.begin_nested():
            chosen = request.form.get(START_FIELD) or None
            made = instances.start(session, actor(), key, data=request.form, start_element=chosen)
    except FormInvalid as refusal:
        return _start_page(key, data=request.form, errors=refusal.messages), 422
    except LastmeterError as refusal:
        if refusal.kind in ("missing", "forbidden"):
            raise
        said, field = sentence(refusal.code, refusal.facts, i18n.language()), refusal.facts.get("field")
        return _start_page(key, data=request.form, failure=said, field=str(field)), 422
    flash(i18n._("已发起。"))
    waiting = session.scalars(
        select(HumanTask).where(HumanTask.instance_id == made.id, HumanTask.state == "open").order_by(HumanTask.id)
    ).first()
    if waiting is not None and actor().holds(waiting.role or "", waiting.organisation_id or 0):
        return redirect(url_for("inbox.task", task_id=waiting.id), 303)
    return redirect(url_for("instances.instance", instance_id=made.id), 303)


@blueprint.post("/start/<key>/fields")
@allow("process.start")
def start_fields(key: str) -> str:
    """The fields that the start's form has for what has been typed so far."""
    form, scope = _may_start(key)[1].start_form, sources.scope_in(db.session(), actor())
    shown = form.view(request.form, scope=scope, language=i18n.language()) if form is not None else []
    return render_template("inbox/fields.html", fields=shown)


@blueprint.get("/documents/<int:document_id>")
@allow("task.work")
def document(document_id: int) -> ResponseReturnValue:
    """The file as an attachment, for whoever may open the instance or task that owns it."""
    session = db.session()
    found = session.get(Document, document_id)
    if found is None or not _may_read(found):
        raise Missing(what="document")
    import io

    data = files.read(session, found, settings=current_app.config["SETTINGS"])
    return send_file(
        io.BytesIO(data), mimetype=found.mime, as_attachment=True, download_name=files.name_of(session, found)
    )


def _may_read(found: Document) -> bool:
    kind, _, number = (found.owner or "").partition("/")
    if kind == "instance" and number.isdigit():
        return instances.sees_content(db.session(), actor(), int(number))
    return files.may_be_named(db.session(), actor(), found.id)
