"""The inbox: five queues, each a URL; a task with its form, claimed, drafted, completed."""

from __future__ import annotations

import datetime as dt
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, current_app, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, or_, select
from werkzeug.datastructures import MultiDict

from lastmeter import clock, workdays
from lastmeter.deadlines.register import calendar_in
from lastmeter.documents import files
from lastmeter.errors import InvalidInput, LastmeterError
from lastmeter.forms import FormInvalid, sources
from lastmeter.identity.models import Notice, Organisation, Person
from lastmeter.identity.people import holders
from lastmeter.identity.roles import ROLES
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.inbox import TaskRow
from lastmeter.workflow.models import HumanTask, Instance
from lastmeter_web import form_pages, i18n
from lastmeter_web.errors import STATUS
from lastmeter_web.extensions import db
from lastmeter_web.instances.progress import picture
from lastmeter_web.security import actor, allow
from lastmeter_web.sentences import sentence

blueprint = Blueprint("inbox", __name__, template_folder="templates")
QUEUES = (("mine", "我的"), ("group", "我的小组"), ("hold", "挂起"), ("overdue", "逾期"), ("done", "已办"))


@blueprint.app_context_processor
def _facts() -> dict[str, Any]:
    person = getattr(g, "actor", None)
    unread = 0
    if person is not None:
        count = select(func.count()).where(Notice.person_id == person.person_id, Notice.read_at.is_(None))
        unread = db.session().scalar(count) or 0
    return {"unread_notices": unread, "roles": ROLES, **form_pages.template_facts()}


def working_days_left(row: TaskRow | Any) -> int | None:
    """Working days from today to the due day; negative once it has passed; None without one."""
    due = row.due_on or (clock.local_day(row.due_at) if row.due_at else None)
    if due is None:
        return None
    today, calendar = clock.today(), calendar_in(db.session())
    if due < today:
        return -workdays.working_days_between(due, today, calendar)
    return workdays.working_days_between(today, due, calendar)


@blueprint.get("/")
@blueprint.get("/inbox")
@allow("inbox.use")
def show() -> str:
    queue = request.args.get("queue") or "mine"
    asked = {name: request.args.get(name) or None for name in ("q", "definition", "cursor")}
    sort = request.args.get("sort") or "due"
    page = tasks.inbox(
        db.session(), actor(), queue, q=asked["q"], definition=asked["definition"], sort=sort, cursor=asked["cursor"],
        limit=50,
    )  # fmt: skip
    if queue == "mine" and "queue" not in request.args and not page.items and not any(asked.values()):
        # Somebody without claimed work looks for new work.
        queue = "group"
        page = tasks.inbox(db.session(), actor(), queue, limit=50)
    return render_template(
        "inbox/show.html", page=page, queue=queue, queues=QUEUES, asked=asked, sort=sort, left=working_days_left
    )


@blueprint.get("/t/<int:task_id>")
@allow("task.work")
def task(task_id: int) -> str:
    return _page(task_id)


def _page(task_id: int, *, data: Any = None, errors: Any = None, failure: str | None = None) -> str:
    """The task's page with what was typed (`data`), else the draft, else what is known."""
    session = db.session()
    view = tasks.get(session, actor(), task_id)
    typed = data if data is not None else view.draft
    owner = f"instance/{view.instance.id}"
    scope = sources.scope_in(session, actor(), owner=owner)
    shown = view.form.view(typed, context=view.context, errors=errors or {}, scope=scope, language=i18n.language())
    colleagues: list[Person] = []
    if view.task.role and view.task.organisation_id and view.allowed["reassign"] is True:
        colleagues = holders(session, view.task.role, view.task.organisation_id)
    return render_template(
        "inbox/task.html",
        view=view,
        task=view.task,
        instance=view.instance,
        fields=shown,
        errors=errors or {},
        failure=failure,
        left=working_days_left(view.task),
        picture=picture(session, view.instance),
        colleagues=colleagues,
        parties=_parties(view.instance.id),
        why_not=lambda code: sentence(str(code), {}, i18n.language()),
        documents=files.of_owner(session, owner) if instances.sees_content(session, actor(), view.instance.id) else [],
    )


def _parties(instance_id: int) -> list[Organisation]:
    ids = list(dict.fromkeys(instances.parties(db.session(), instance_id).values()))
    found = {row.id: row for row in db.session().scalars(select(Organisation).where(Organisation.id.in_(ids)))}
    return [found[each] for each in ids if each in found]


@blueprint.post("/t/<int:task_id>/claim")
@allow("task.work")
def claim(task_id: int) -> Response:
    tasks.claim(db.session(), actor(), task_id)
    return _see(url_for("inbox.task", task_id=task_id))


@blueprint.post("/t/<int:task_id>/release")
@allow("task.work")
def release(task_id: int) -> Response:
    tasks.release(db.session(), actor(), task_id, request.form.get("reason", "").strip())
    flash(i18n._("已释放，同组的人可以认领。"))
    return _see(url_for("inbox.show", queue="group"))


@blueprint.post("/t/<int:task_id>/reassign")
@allow("task.work")
def reassign(task_id: int) -> Response:
    tasks.reassign(db.session(), actor(), task_id, _number("person"), request.form.get("reason", "").strip())
    flash(i18n._("已转办。"))
    return _see(url_for("inbox.show"))


@blueprint.post("/t/<int:task_id>/hold")
@allow("task.work")
def hold(task_id: int) -> Response:
    try:
        until = dt.date.fromisoformat(request.form.get("until", ""))
    except ValueError:
        raise InvalidInput(field=i18n._("挂起到"), reason=i18n._("请选择日期")) from None
    tasks.hold(db.session(), actor(), task_id, until, request.form.get("reason", "").strip())
    return _see(url_for("inbox.show", queue="hold"))


@blueprint.post("/t/<int:task_id>/unhold")
@allow("task.work")
def unhold(task_id: int) -> Response:
    tasks.unhold(db.session(), actor(), task_id)
    return _see(url_for("inbox.task", task_id=task_id))


def _number(field: str) -> int:
    text = request.form.get(field, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput(field=field, reason=i18n._("请选择"))
    return int(text)


@blueprint.post("/t/<int:task_id>/draft")
@allow("task.work")
def draft(task_id: int) -> ResponseReturnValue:
    """What was typed is kept; the script sends it 800 ms after the last keystroke."""
    kept = tasks.save_draft(db.session(), actor(), task_id, request.form)
    return jsonify({"saved_at": kept.saved_at.isoformat()})


@blueprint.post("/t/<int:task_id>")
@allow("task.work")
def complete(task_id: int) -> ResponseReturnValue:
    """Completes the task; a row button only changes the draft's rows; a refusal shows the form as it was typed."""
    session = db.session()
    if "_add" in request.form or "_remove" in request.form:
        return _change_rows(task_id)
    try:
        with session.begin_nested():
            done = tasks.complete(session, actor(), task_id, _with_files(task_id), comment=None)
    except FormInvalid as refusal:
        return _page(task_id, data=request.form, errors=refusal.messages), 422
    except LastmeterError as refusal:
        text = sentence(refusal.code, refusal.facts, i18n.language())
        if STATUS[refusal.kind] == 404:
            raise
        return _page(task_id, data=request.form, failure=text), STATUS[refusal.kind]
    return _see(url_for("inbox.completed", task_id=task_id, instance=done.instance_id))


def _with_files(task_id: int) -> MultiDict[str, str]:
    """The form with uploads replaced by the numbers of the documents they became."""
    data = MultiDict(request.form)
    for name, upload in request.files.items(multi=True):
        if not upload.filename:
            continue
        kept = files.store(
            db.session(),
            actor(),
            cast(BinaryIO, upload.stream),
            upload.filename,
            settings=current_app.config["SETTINGS"],
        )
        data.add(name, str(kept.id))
    return data


def _change_rows(task_id: int) -> ResponseReturnValue:
    session = db.session()
    view = tasks.get(session, actor(), task_id)
    typed = view.form.draft(request.form)
    if path := request.form.get("_remove"):
        typed = view.form.without_row(typed, path)
    elif path := request.form.get("_add"):
        typed = view.form.with_row(typed, path)
    if view.task.claimed_by == actor().person_id:
        tasks.save_draft(session, actor(), task_id, typed)
    return _page(task_id, data=typed)


@blueprint.get("/t/<int:task_id>/done")
@allow("task.work")
def completed(task_id: int) -> str:
    """What happens next and who has it."""
    session = db.session()
    view = tasks.get(session, actor(), task_id)
    root = view.instance.root_id or view.instance.id
    following = session.execute(
        select(HumanTask, Organisation)
        .join(Instance, Instance.id == HumanTask.instance_id)
        .outerjoin(Organisation, Organisation.id == HumanTask.organisation_id)
        .where(or_(Instance.id == root, Instance.root_id == root), HumanTask.state == "open")
        .order_by(HumanTask.id)
        .limit(20)
    ).all()
    return render_template(
        "inbox/completed.html", view=view, following=following, picture=picture(session, view.instance)
    )


def _see(address: str) -> Response:
    return redirect(address, 303)  # type: ignore[return-value]  # werkzeug's Response is Flask's here
