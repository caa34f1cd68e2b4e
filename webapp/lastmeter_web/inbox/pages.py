"""The inbox: five queues, each a URL; a task with its form, claimed, drafted, completed."""

from __future__ import annotations

import datetime as dt
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, current_app, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, or_, select
from werkzeug.datastructures import MultiDict

from lastmeter.documents import files
from lastmeter.errors import InvalidInput, LastmeterError, Missing
from lastmeter.forms import FormInvalid, sources
from lastmeter.identity.models import Notice, Organisation, Person
from lastmeter.identity.people import holders
from lastmeter.identity.roles import ROLES
from lastmeter.workflow import inbox, instances, task_view, tasks, withdrawal
from lastmeter.workflow.models import HumanTask, Instance
from lastmeter.workflow.refusals import TaskAlreadyTaken, TaskGone
from lastmeter_web import form_pages, i18n
from lastmeter_web.errors import STATUS
from lastmeter_web.extensions import db
from lastmeter_web.inbox import lines
from lastmeter_web.instances import records
from lastmeter_web.instances.parties import playing
from lastmeter_web.instances.progress import picture
from lastmeter_web.security import CSRF_FIELD, actor, allow
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


@blueprint.get("/")
@blueprint.get("/inbox")
@allow("inbox.use")
def show() -> str:
    session = db.session()
    queue = request.args.get("queue") or "mine"
    asked = {name: request.args.get(name) or None for name in ("q", "definition", "cursor")}
    sort = request.args.get("sort") or "due"
    newest = inbox.newest(session)  # asked first: what arrives while the page is drawn is announced, not lost
    page = tasks.inbox(
        session, actor(), queue, q=asked["q"], definition=asked["definition"], sort=sort, cursor=asked["cursor"],
        limit=50,
    )  # fmt: skip
    if queue == "mine" and "queue" not in request.args and not page.items and not any(asked.values()):
        # Somebody without claimed work looks for new work.
        queue = "group"
        page = tasks.inbox(session, actor(), queue, limit=50)
    held = []
    if queue == "group" and not asked["cursor"]:
        held = inbox.held_by_colleagues(session, actor(), q=asked["q"], definition=asked["definition"])
    return render_template(
        "inbox/show.html", page=page, queue=queue, queues=QUEUES, asked=asked, sort=sort, newest=newest, held=held,
        **lines.facts(session, [*page.items, *held]),
    )  # fmt: skip


@blueprint.get("/inbox/arrivals")
@allow("inbox.use")
def arrivals() -> str:
    """“3 new — show”, or nothing; the list itself does not move."""
    since = request.args.get("since", "")
    if not since.isascii() or not since.isdigit() or len(since) > 18:
        raise InvalidInput(field="since", reason=i18n._("请选择"))
    asked = {name: request.args.get(name) or None for name in ("q", "definition")}
    queue = request.args.get("queue") or "mine"
    count = inbox.arrivals(db.session(), actor(), queue, int(since), **asked)
    return render_template("inbox/arrivals.html", count=count, queue=queue, asked=asked)


@blueprint.get("/t/<int:task_id>")
@allow("task.work")
def task(task_id: int) -> str:
    return _page(task_id)


def _page(task_id: int, *, data: Any = None, errors: Any = None, failure: str | None = None) -> str:
    """The task's page with what was typed (`data`), else the draft, else what is known."""
    session = db.session()
    view, me = tasks.get(session, actor(), task_id), actor().person_id
    typed = data if data is not None else view.draft
    owner = f"instance/{view.instance.id}"
    scope = sources.scope_in(session, actor(), owner=owner)
    shown = view.form.view(typed, context=view.context, errors=errors or {}, scope=scope, language=i18n.language())
    workable = view.task.state in inbox.WAITING and (view.task.claimed_by == me or view.allowed["complete"] is True)
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
        left=lines.working_days_left(view.task),
        why=lines.why_text(view.deadline) if view.deadline else None,
        typed_lost=data is not None and not workable,
        picture=picture(session, view.instance),
        colleagues=colleagues,
        number=records.number(session, view.instance),
        parties=playing(session, view.definition, view.instance.id),
        why_not=lambda code: sentence(str(code), view.facts, i18n.language()),
        documents=files.of_owner(session, owner) if instances.sees_content(session, actor(), view.instance.id) else [],
        **_withdrawal(view.task),
    )


@blueprint.post("/t/<int:task_id>/claim")
@allow("task.work")
def claim(task_id: int) -> ResponseReturnValue:
    """The task is the reader's: its page, or its line of the list where the script asked for that."""
    session = db.session()
    try:
        with session.begin_nested():
            tasks.claim(session, actor(), task_id)
    except (TaskAlreadyTaken, TaskGone) as refusal:
        text = _lost(refusal)
        return (_line(task_id, lost=text) if _by_script() else _page(task_id, failure=text)), 409
    except LastmeterError as refusal:
        if not _by_script():
            raise
        text = sentence(refusal.code, refusal.facts, i18n.language())
        if isinstance(refusal, Missing):
            # Over meanwhile, and no matter of the group's any more: the line says no more than that.
            return render_template("inbox/gone.html", text=sentence("task_gone", {}, i18n.language())), 404
        return _line(task_id, lost=text), STATUS[refusal.kind]
    if _by_script():
        return _line(task_id)
    return _see(url_for("inbox.task", task_id=task_id))


def _lost(refusal: TaskAlreadyTaken | TaskGone) -> str:
    if isinstance(refusal, TaskGone):
        return sentence(refusal.code, refusal.facts, i18n.language())
    facts = {"holder": refusal.facts["holder"], "time": i18n.recent(cast(dt.datetime, refusal.facts["at"]))}
    return i18n._("已被 {holder} {time} 认领", **facts)


def _by_script() -> bool:
    """True where htmx asks for a piece of the page instead of the next page."""
    return request.headers.get("HX-Request") == "true"


def _line(task_id: int, lost: str | None = None) -> str:
    session = db.session()
    row = inbox.line(session, task_id)
    return render_template("inbox/line.html", row=row, queue="group", lost=lost, **lines.facts(session, [row]))


@blueprint.post("/t/<int:task_id>/release")
@allow("task.work")
def release(task_id: int) -> Response:
    tasks.release(db.session(), actor(), task_id, request.form.get("reason", "").strip())
    flash(i18n._("已释放，同组的人可以认领。"))
    return _see(url_for("inbox.show", queue="group"))


@blueprint.post("/t/<int:task_id>/withdraw")
@allow("task.work")
def withdraw(task_id: int) -> Response:
    again = withdrawal.withdraw(db.session(), actor(), task_id, request.form.get("reason", "").strip())
    flash(i18n._("已撤回，请重新办理。内容为您上次提交的内容。"))
    return _see(url_for("inbox.task", task_id=again.id))


def _withdrawal(task: HumanTask) -> dict[str, Any]:
    """For whoever finished the step: whether it can be taken back, and if not, why."""
    if task.state != "completed" or task.completed_by != actor().person_id:
        return {"withdrawable": False, "too_late": None}
    refused = withdrawal.refusal(db.session(), actor(), task.id)
    said = sentence(refused.code, refused.facts, i18n.language()) if refused is not None else None
    return {"withdrawable": refused is None, "too_late": said}


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


@blueprint.post("/t/<int:task_id>/fields")
@allow("task.work")
def fields(task_id: int) -> str:
    """The fields that the form has for what has been typed so far; nothing is kept, and nothing judged."""
    form, context, instance = task_view.form_of(db.session(), actor(), task_id)
    scope = sources.scope_in(db.session(), actor(), owner=f"instance/{instance.id}")
    shown = form.view(request.form, context=context, scope=scope, language=i18n.language())
    return render_template("inbox/fields.html", fields=shown)


@blueprint.post("/t/<int:task_id>")
@allow("task.work")
def complete(task_id: int) -> ResponseReturnValue:
    """Completes the task; a row button only changes the draft's rows; a refusal shows the form as it was typed."""
    session = db.session()
    if "_add" in request.form or "_remove" in request.form:
        return _change_rows(task_id)
    try:
        with session.begin_nested():
            tasks.complete(session, actor(), task_id, _with_files(task_id), comment=None)
    except FormInvalid as refusal:
        return _page(task_id, data=request.form, errors=refusal.messages), 422
    except TaskGone as refusal:
        if session.get_one(HumanTask, task_id).completed_by == actor().person_id:
            # Sent twice: the second time leads where the first one did.
            return _see(url_for("inbox.completed", task_id=task_id))
        return _page(task_id, data=request.form, failure=_lost(refusal)), 409
    except TaskAlreadyTaken as refusal:
        return _page(task_id, data=request.form, failure=_lost(refusal)), 409
    except LastmeterError as refusal:
        text = sentence(refusal.code, refusal.facts, i18n.language())
        if isinstance(refusal, Missing):
            return _typed_only(sentence("task_gone", {}, i18n.language())), 404
        return _page(task_id, data=request.form, failure=text), STATUS[refusal.kind]
    return _see(url_for("inbox.completed", task_id=task_id))


def _typed_only(text: str) -> str:
    """The refusal with what was typed, and nothing of a task that is none of the reader's any more."""
    typed = [value for name, value in request.form.items(multi=True) if name != CSRF_FIELD and value.strip()]
    return render_template("refused.html", text=text, status=404, code="missing", typed=typed)


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
    own = or_(Instance.id == view.instance.id, Instance.parent_id == view.instance.id)
    following = _open_tasks(own)
    if not following and view.instance.root_id is not None:
        # This part is done: what the whole goes on with, and not what waits beside it since long.
        root = or_(Instance.id == view.instance.root_id, Instance.root_id == view.instance.root_id)
        following = _open_tasks(root, HumanTask.created_at >= view.task.completed_at)
    return render_template(
        "inbox/completed.html",
        view=view,
        following=following,
        picture=picture(session, view.instance),
        next_row=tasks.first(session, actor()),
        **_withdrawal(view.task),
    )


def _open_tasks(*conditions: ColumnElement[bool]) -> list[Any]:
    """(task, organisation) of open tasks, oldest first."""
    query = (
        select(HumanTask, Organisation)
        .join(Instance, Instance.id == HumanTask.instance_id)
        .outerjoin(Organisation, Organisation.id == HumanTask.organisation_id)
        .where(*conditions, HumanTask.state == "open")
        .order_by(HumanTask.id)
        .limit(20)
    )
    return list(db.session().execute(query))


def _see(address: str) -> Response:
    return redirect(address, 303)  # type: ignore[return-value]  # werkzeug's Response is Flask's here
