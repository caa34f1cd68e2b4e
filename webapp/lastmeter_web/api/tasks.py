"""Tasks: the inbox, one task with its form, and what may be done with it."""

from __future__ import annotations

from typing import Any

from flask import g

from lastmeter.forms import Form
from lastmeter.forms.form import FormInvalid
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.models import HumanTask
from lastmeter.workflow.task_view import Earlier, TaskView
from lastmeter_web import i18n
from lastmeter_web.api import schemas
from lastmeter_web.api.calls import actor, call, identity
from lastmeter_web.api.plain import plain
from lastmeter_web.extensions import db

TAG = "tasks"
WORK = ("task.work",)


@call("/tasks", scopes=("read", "work"), tag=TAG, query=schemas.TaskQuery, answer=schemas.TasksSchema)
def list_tasks(wanted: dict[str, Any]) -> Any:
    """A page of a queue (mine, group, overdue, on_hold, done), and how many tasks each queue holds."""
    return tasks.inbox(db.session(), actor(), **wanted)


@call("/tasks/<string:task_id>", scopes=("read", "work"), tag=TAG, answer=schemas.TaskSchema, logs_reading=True)
def show_task(task_id: str) -> Any:
    """The task with its form (JSON Schema), the reader's draft, its history, and what the reader may do or why not."""
    session = db.session()
    view = tasks.get(session, actor(), identity(task_id, "task"))
    task = view.task
    names = ("id", "instance_id", "element_id", "name_zh", "name_en", "state", "role", "organisation_id", "claimed_by",
             "claimed_at", "due_on", "due_at", "loop_index")  # fmt: skip
    lines = [
        line
        for line in instances.history(session, task.instance_id, reader=actor())
        if line.element_id == task.element_id
    ]
    return {
        **{name: getattr(task, name) for name in names},
        "definition": view.definition.key, "version": view.definition.version, "holder": view.holder,
        "form": _form(view), "initial": plain(view.form.to_json(view.initial)), "draft": plain(view.draft),
        "draft_saved_at": view.draft_saved_at, "earlier": [_earlier(each) for each in view.earlier],
        "history": lines, "allowed": view.allowed, "deadline": _deadline(view),
        "decided": [{"element_id": each.element_id, "at": each.at.isoformat(), **each.told} for each in view.decided],
    }  # fmt: skip


def _form(view: TaskView) -> dict[str, object]:
    language = i18n.language()
    fields = [
        {
            "id": field.id, "key": field.key, "component": field.component, "type": field.lm_type,
            "label_zh": field.label.zh, "label_en": field.label.en, "required": field.required,
            "readonly": field.readonly or field.computed is not None, "classification": field.classification,
        }
        for field in view.form.inputs
    ]  # fmt: skip
    key = None if view.is_generic else view.task.form_key
    return {"key": key, "fields": fields, "schema": plain(view.form.json_schema(language))}


def _earlier(each: Earlier) -> dict[str, object]:
    form: Form | None = each.form
    values = form.to_json(each.values) if form is not None else each.values
    return {
        "element_id": each.element_id, "name_zh": each.name_zh, "name_en": each.name_en, "by": each.person,
        "at": each.at.isoformat(), "data": plain(values), "comment": each.comment,
    }  # fmt: skip


def _deadline(view: TaskView) -> dict[str, object] | None:
    why = view.deadline
    if why is None:
        return None
    return {"rule": why.rule.id, "due": why.deadline.due.isoformat(), "left": why.left, "paused": why.stands}


@call("/tasks/<string:task_id>/claim", method="POST", scopes=("work",), permissions=WORK, tag=TAG,
      answer=schemas.OpenTaskSchema)  # fmt: skip
def claim_task(task_id: str) -> Any:
    """The task is the token owner's; 409 with the holder's name where somebody was first."""
    return tasks.claim(db.session(), actor(), identity(task_id, "task"))


@call("/tasks/<string:task_id>/release", method="POST", scopes=("work",), permissions=WORK, tag=TAG,
      body=schemas.ReleaseSchema, answer=schemas.OpenTaskSchema)  # fmt: skip
def release_task(wanted: dict[str, Any], task_id: str) -> Any:
    """The task goes back to its group."""
    return tasks.release(db.session(), actor(), identity(task_id, "task"), wanted["reason"])


@call("/tasks/<string:task_id>/draft", method="POST", scopes=("work",), permissions=WORK, tag=TAG,
      body=schemas.DataSchema, answer=schemas.DraftSchema)  # fmt: skip
def save_task_draft(wanted: dict[str, Any], task_id: str) -> Any:
    """Keep what was typed so far, unjudged, for the token's owner alone."""
    return tasks.save_draft(db.session(), actor(), identity(task_id, "task"), wanted["data"])


@call("/tasks/<string:task_id>/complete", method="POST", scopes=("work",), permissions=WORK, tag=TAG,
      body=schemas.CompleteSchema, answer=schemas.CompletedSchema)  # fmt: skip
def complete_task(wanted: dict[str, Any], task_id: str) -> Any:
    """Complete the task with its form's data; 422 with a sentence per field. An unclaimed task is claimed by it."""
    session, number = db.session(), identity(task_id, "task")
    try:
        done = tasks.complete(session, actor(), number, wanted["data"], comment=wanted["comment"])
    except FormInvalid:
        g.form = tasks.get(session, actor(), number).form  # names the fields in the refusal
        raise
    task = session.get_one(HumanTask, number)
    following = [
        {"id": each.task_id, "name_zh": each.name_zh, "name_en": each.name_en, "role": each.role,
         "organisation_id": each.organisation_id, "person_id": each.person_id}
        for each in done.next
    ]  # fmt: skip
    return {"id": task.id, "state": task.state, "instance_id": done.instance_id,
            "instance_state": done.instance_state, "next": following}  # fmt: skip
