"""One task as its page shows it: the form with what was typed, what the actor may do and why not, and why this date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from lastmeter import keys
from lastmeter.actor import Actor
from lastmeter.deadlines import records
from lastmeter.deadlines.models import Deadline
from lastmeter.deadlines.records import Why as WhyThen
from lastmeter.definitions import publishing
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.errors import LastmeterError, Missing
from lastmeter.forms import Form
from lastmeter.identity.models import Organisation, Person
from lastmeter.workflow import access, decided, generic, hooks, submissions
from lastmeter.workflow.decided import Why
from lastmeter.workflow.models import HumanTask, Instance, Submission, TaskDraft
from lastmeter.workflow.refusals import InstanceSuspended, NotCandidate, TaskGone
from lastmeter.workflow.spiff import Live, NotWaiting, Services

VERBS = ("claim", "release", "complete", "reassign", "hold")


@dataclass(frozen=True)
class Earlier:
    """What somebody handed in before, as far as the reader may see it."""

    element_id: str
    name_zh: str
    name_en: str
    person: str | None
    at: dt.datetime
    form: Form | None
    values: Mapping[str, object]  # as the form loads them
    comment: str | None


@dataclass(frozen=True)
class TaskView:
    """A task, and all that its page or the API says about it."""

    task: HumanTask
    instance: Instance
    definition: LoadedDefinition
    form: Form
    is_generic: bool
    draft: dict[str, Any] | None
    draft_saved_at: dt.datetime | None
    initial: dict[str, object]
    context: dict[str, object]  # process variables that the form's expressions read
    allowed: dict[str, bool | str]  # True, or the code of the refusal
    facts: Mapping[str, object]  # of the refusal, for its sentence
    holder: str | None
    organisation: Organisation | None
    deadline: WhyThen | None
    earlier: list[Earlier] = field(default_factory=list)
    decided: list[Why] = field(default_factory=list)  # the last answer at each element


def get(session: Session, actor: Actor, task_id: int) -> TaskView:
    """The task for its page. Raises Missing, also where the actor may not know of it."""
    row = session.execute(
        select(HumanTask, Instance, Person.name, Organisation)
        .join(Instance, Instance.id == HumanTask.instance_id)
        .outerjoin(Person, Person.id == HumanTask.claimed_by)
        .outerjoin(Organisation, Organisation.id == HumanTask.organisation_id)
        .where(HumanTask.id == task_id)
        .options(undefer(Instance.blob))
    ).first()
    if row is None or not access.knows(session, actor, row[0]):
        raise Missing(what="task", id=task_id)
    task, instance, holder, organisation = row
    loaded = publishing.load(session, instance.definition_id)
    own = loaded.forms.get(task.form_key or "")
    works = access.is_candidate(actor, task) or actor.person_id in (task.claimed_by, task.completed_by)
    context = _context(actor, loaded, instance, task) if works else {}
    draft, saved_at = _draft(session, actor, task)
    holder = hooks.aliases(session, actor, instance.id).get(task.claimed_by or 0, holder)
    form = own or generic.form_of(loaded, task.element_id)
    refusal = _refusal(session, actor, loaded, instance, task) if task.state in access.OPEN else None
    return TaskView(
        task=task, instance=instance, definition=loaded, form=form, is_generic=own is None, draft=draft,
        draft_saved_at=saved_at, initial=form.initial(context), context=context,
        allowed=_allowed(session, actor, task, True if refusal is None else refusal.code),
        facts=refusal.facts if refusal is not None else {}, holder=holder, organisation=organisation,
        deadline=_deadline(session, task),
        earlier=earlier(session, actor, instance, loaded, but=task) if works else [],
        decided=_decided(session, actor, instance) if works else [],
    )  # fmt: skip


def form_of(session: Session, actor: Actor, task_id: int) -> tuple[Form, dict[str, object], Instance]:
    """The form of an open task and the variables it reads, for whoever may fill it in: as cheap as that can be.

    Raises Missing, TaskGone, NotCandidate.
    """
    row = session.execute(
        select(HumanTask, Instance)
        .join(Instance, Instance.id == HumanTask.instance_id)
        .where(HumanTask.id == task_id)
        .options(undefer(Instance.blob))
    ).first()
    if row is None or not access.knows(session, actor, row[0]):
        raise Missing(what="task", id=task_id)
    task, instance = row
    if task.state not in access.OPEN:
        raise TaskGone(state=task.state)
    if not (access.is_candidate(actor, task) or task.claimed_by == actor.person_id):
        raise NotCandidate(role=task.role, organisation_id=task.organisation_id)
    loaded = publishing.load(session, instance.definition_id)
    form = loaded.forms.get(task.form_key or "") or generic.form_of(loaded, task.element_id)
    return form, _context(actor, loaded, instance, task), instance


def _context(actor: Actor, loaded: LoadedDefinition, instance: Instance, task: HumanTask) -> dict[str, object]:
    """The variables that the task sees, without what only `case.read` may see.

    What the diagram hands to this very task is meant for whoever works on it, whatever its form is classified.
    """
    if instance.blob is None or task.state not in access.OPEN:
        return {}
    try:
        known = Live.load(loaded.spec, instance.blob, Services()).variables_at(task.uid)
    except NotWaiting:
        return {}
    hidden = frozenset[str]() if actor.may("case.read") else submissions.secret_names(loaded)
    hidden -= frozenset(task.local or ())
    return {name: value for name, value in known.items() if name not in hidden}


def _draft(session: Session, actor: Actor, task: HumanTask) -> tuple[dict[str, Any] | None, dt.datetime | None]:
    """What the actor has typed; nobody else's."""
    if actor.person_id is None:
        return None, None
    row = session.get(TaskDraft, (task.id, actor.person_id), populate_existing=True)
    if row is None:
        return None, None
    if row.sealed is not None:
        assert row.key_class is not None
        opened: dict[str, Any] = orjson.loads(keys.decrypt(session, row.key_class, row.sealed))
        return opened, row.saved_at
    return row.data, row.saved_at


def _decided(session: Session, actor: Actor, instance: Instance) -> list[Why]:
    """The tables' answers that stand: of a step that was gone through again the last one."""
    return list({answer.element_id: answer for answer in decided.why(session, actor, instance)}.values())


def _deadline(session: Session, task: HumanTask) -> WhyThen | None:
    """The rule behind the due date; of several that the expression asked for the one that gave the day."""
    if task.due_at is None:
        return None
    rows = session.scalars(select(Deadline).where(Deadline.subject == f"task/{task.id}").order_by(Deadline.id)).all()
    row = next((each for each in rows if each.due_at == task.due_at), rows[-1] if rows else None)
    return None if row is None else records.why(session, row)


# --- what may be done ----------------------------------------------------------------------------------------


def _allowed(session: Session, actor: Actor, task: HumanTask, may_work: bool | str) -> dict[str, bool | str]:
    if task.state not in access.OPEN:
        return dict.fromkeys(VERBS, "task_gone")
    mine, free = task.claimed_by == actor.person_id, task.claimed_by is None
    leads = access.supervises(session, actor, task)
    taken = "task_already_taken"
    return {
        "claim": "task_already_claimed" if mine else taken if not free else may_work,
        "complete": may_work if mine or free else taken,
        "release": True if mine or (leads and not free) else "task_not_held" if free else taken,
        "reassign": True if mine or leads else "task_not_held" if free else taken,
        "hold": may_work if mine else "task_not_held" if free else taken,
    }


def _refusal(
    session: Session, actor: Actor, loaded: LoadedDefinition, instance: Instance, task: HumanTask
) -> LastmeterError | None:
    """Why the actor may not work on the task; None if nothing is against it."""
    if instance.suspended_at is not None:
        return InstanceSuspended(until=instance.suspended_until, reason=instance.suspended_reason)
    if not access.is_candidate(actor, task):
        return NotCandidate(role=task.role, organisation_id=task.organisation_id)
    try:
        access.require_separation(session, loaded, task, actor.person_id)
        access.require_turn(session, loaded, task, lambda: Live.load(loaded.spec, instance.blob or b"", Services()))
    except LastmeterError as refused:
        return refused
    return None


# --- what came before ----------------------------------------------------------------------------------------


def earlier(
    session: Session, actor: Actor, instance: Instance, loaded: LoadedDefinition, *, but: HumanTask | None = None
) -> list[Earlier]:
    """What was handed in before, oldest first: nothing sealed, case content only for `case.read`.

    Of the executions beside `but` (several experts at one element) each sees only their own.
    """
    rows = session.execute(
        select(Submission, Person.name)
        .outerjoin(Person, Person.id == Submission.person_id)
        .where(Submission.instance_id == instance.id)
        .order_by(Submission.id)
    ).all()
    shown = []
    aliases = hooks.aliases(session, actor, instance.id) if rows else {}
    for row, person in rows:
        beside = but is not None and but.loop_index is not None and row.element_id == but.element_id
        if not may_read(actor, row) or (beside and row.person_id != actor.person_id):
            continue
        shown.append(_earlier(session, actor, loaded, row, aliases.get(row.person_id or 0, person)))
    return shown


def may_read(actor: Actor, row: Submission) -> bool:
    """True if the submission may be shown to the actor, who may see its instance."""
    if row.classification == "sealed":
        return False
    return row.classification != "case" or actor.may("case.read")


def _earlier(session: Session, actor: Actor, loaded: LoadedDefinition, row: Submission, person: str | None) -> Earlier:
    if row.classification == "case":
        hooks.on_case_access(session, actor.person_id, row.instance_id, row.element_id)
    data = submissions.content(session, row)
    under = loaded if row.definition_id == loaded.id else publishing.load(session, row.definition_id)
    form = under.forms.get(row.form_key or "")
    values = form.from_json(data) if form is not None else {k: v for k, v in data.items() if not k.startswith("_")}
    element = loaded.elements.get(row.element_id) or under.elements.get(row.element_id)
    return Earlier(
        row.element_id, element.name if element else row.element_id, element.name_en if element else row.element_id,
        person, row.at, form, values, data.get("_comment"),
    )  # fmt: skip
