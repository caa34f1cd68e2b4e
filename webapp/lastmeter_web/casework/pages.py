"""My cases, a case file, and its hand-over to another worker. Every reading of a file is logged before it is shown."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.wrappers import Response

from lastmeter.casework import cases, handover
from lastmeter.casework.models import Case
from lastmeter.definitions import publishing
from lastmeter.errors import InvalidInput, LastmeterError
from lastmeter.forms import Form
from lastmeter.identity.models import Person
from lastmeter.workflow.models import HumanTask, Instance
from lastmeter_web import i18n
from lastmeter_web.errors import STATUS
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow
from lastmeter_web.sentences import sentence

blueprint = Blueprint("casework", __name__, template_folder="templates")
# kind of note → process and form that it was written in
NOTE_FORMS = {
    "intake": ("case", "intake"), "report": ("case", "report"), "inform": ("case", "inform"),
    "assessment": ("case", "assessment"), "closure": ("case", "closure"), "follow_up": ("case", "follow_up"),
    "session": ("case_service", "session"), "plan": ("case_service", "plan"),
    "evaluation": ("case_service", "evaluation"),
}  # fmt: skip


@blueprint.get("/cases")
@allow("case.read")
def show() -> str:
    """Numbers, days and states only: who the client is stands in the file, whose reading is logged."""
    rows = cases.listing(db.session(), actor())
    workers = _names({row.responsible_id for row in rows})
    return render_template("casework/show.html", rows=rows, workers=workers, managing=actor().may("case.approve"))


@blueprint.get("/cases/<int:case_id>")
@allow("case.read", logs_reading=True)
def case(case_id: int) -> str:
    return _page(case_id)


def _page(case_id: int, *, failure: str | None = None) -> str:
    session = db.session()
    found, particulars, notes = cases.read_file(session, actor(), case_id)
    forms = _forms({note.kind for note in notes})
    manages = found.status == "open" and actor().may("case.approve") and handover.manages(session, actor(), found)
    return render_template(
        "casework/case.html",
        case=found,
        particulars=particulars,
        notes=[(note, forms.get(note.kind), _shown(note, forms.get(note.kind))) for note in notes],
        workers=_names({found.responsible_id}),
        open_tasks=_open_tasks(found),
        receivers=handover.receivers(session, found) if manages else [],
        manages=manages,
        failure=failure,
        categories=_category_names(),
    )


@blueprint.post("/cases/<int:case_id>/hand-over")
@allow("case.approve")
def hand_over(case_id: int) -> ResponseReturnValue:
    """The chosen worker is responsible from now on; a refusal shows the file again with what is wrong."""
    session = db.session()
    chosen = request.form.get("person", "")
    try:
        if not (chosen.isascii() and chosen.isdigit() and len(chosen) <= 18):
            raise InvalidInput(field=i18n._("新的责任社工"), reason=i18n._("请选择"))
        with session.begin_nested():
            handover.hand_over(
                session, actor(), case_id, int(chosen), request.form.get("reason", ""),
                consent=request.form.get("consent") == "on",
            )  # fmt: skip
    except LastmeterError as refusal:
        if STATUS[refusal.kind] == 404:
            raise
        return _page(case_id, failure=sentence(refusal.code, refusal.facts, i18n.language())), STATUS[refusal.kind]
    flash(i18n._("个案和其中未办的任务已移交。"))
    return _see(url_for("casework.show"))


def _names(ids: set[int]) -> dict[int, str]:
    rows = db.session().execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _forms(kinds: set[str]) -> Mapping[str, Form]:
    """The forms that the notes were written in, as published now."""
    session = db.session()
    found: dict[str, Form] = {}
    for kind in sorted(kinds & NOTE_FORMS.keys()):
        process, name = NOTE_FORMS[kind]
        row = publishing.latest(session, process, None)
        form = publishing.load(session, row.id).forms.get(name) if row is not None else None
        if form is not None:
            found[kind] = form
    return found


def _open_tasks(found: Case) -> list[HumanTask]:
    if found.instance_id is None:
        return []
    mine = (Instance.id == found.instance_id) | (Instance.root_id == found.instance_id)
    query = select(HumanTask).join(Instance, Instance.id == HumanTask.instance_id)
    return list(db.session().scalars(query.where(mine, HumanTask.state.in_(("open", "hold"))).order_by(HumanTask.id)))


def _category_names() -> dict[str, str]:
    """What the client categories are called in the reader's language, as the intake form names them."""
    form = _forms({"intake"}).get("intake")
    inputs = form.inputs if form is not None else ()
    options = next((field.options for field in inputs if field.key == "categories"), ())
    return {str(option.value): option.label.say(i18n.language()) for option in options}


def _shown(note: cases.Note, form: Form | None) -> Mapping[str, object]:
    """What a note says; numbers that tell a person stand masked at the head of the file, not here."""
    body = {name: value for name, value in note.body.items() if name not in ("id_number", "phone")}
    return form.from_json(body) if form is not None else body


def _see(address: str) -> Response:
    return redirect(address, 303)
