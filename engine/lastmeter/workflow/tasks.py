"""What people do with tasks: claim, release, draft, complete, hand on, put on hold. Every act locks the instance."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lastmeter import clock, failpoints, outbox
from lastmeter.actor import Actor
from lastmeter.definitions import publishing
from lastmeter.errors import Forbidden, Missing
from lastmeter.forms import Form
from lastmeter.identity.models import Person
from lastmeter.identity.people import actor_of, notify
from lastmeter.workflow import candidates, engine, generic, hooks, incidents, submissions
from lastmeter.workflow.access import OPEN, is_candidate, knows, require_separation, require_turn, supervises
from lastmeter.workflow.engine import Held
from lastmeter.workflow.inbox import TaskRow, first, inbox
from lastmeter.workflow.models import HumanTask, Instance, TaskDraft
from lastmeter.workflow.refusals import (
    InstanceSuspended,
    NotCandidate,
    ReasonMissing,
    TaskAlreadyTaken,
    TaskGone,
    TaskNotHeld,
)
from lastmeter.workflow.spiff import NotWaiting
from lastmeter.workflow.task_view import TaskView, get

__all__ = [
    "Completed", "Next", "TaskRow", "TaskView", "claim", "complete", "first", "get", "hold", "inbox", "reassign",
    "release", "save_draft", "unhold",
]  # fmt: skip


@dataclass(frozen=True)
class Next:
    """A task that the completion opened: what happens next and who has it."""

    task_id: int
    name_zh: str
    name_en: str
    role: str | None
    organisation_id: int | None
    person_id: int | None


@dataclass(frozen=True)
class Completed:
    instance_id: int
    instance_state: str
    next: list[Next]


@dataclass
class Grip:
    """A task with its instance under our lock."""

    task: HumanTask
    held: Held
    has_draft: bool

    @property
    def form(self) -> Form | None:
        return self.held.loaded.forms.get(self.task.form_key or "")


# --- getting hold --------------------------------------------------------------------------------------------


def _grip(session: Session, actor: Actor, task_id: int) -> Grip:
    """The task, read under its instance's lock. Raises TaskGone, Missing for whoever may not know of it."""
    owner = select(HumanTask.instance_id).where(HumanTask.id == task_id).scalar_subquery()
    instance = engine.lock(session, Instance.id == owner)
    drafts = exists().where(TaskDraft.task_id == HumanTask.id).correlate(HumanTask)
    query = select(HumanTask, drafts).where(HumanTask.id == task_id).execution_options(populate_existing=True)
    row = session.execute(query).first() if instance is not None else None
    if instance is None or row is None or not knows(session, actor, row[0]):
        raise Missing(what="task", id=task_id)
    if row[0].state not in OPEN:
        raise TaskGone(state=row[0].state)
    return Grip(row[0], engine.held(session, actor, instance), row[1])


def _require_candidate(actor: Actor, task: HumanTask) -> None:
    if not is_candidate(actor, task):
        raise NotCandidate(role=task.role, organisation_id=task.organisation_id)


def _require_running(held: Held) -> None:
    instance = held.instance
    if instance.suspended_at is not None:
        raise InstanceSuspended(until=instance.suspended_until, reason=instance.suspended_reason)


def _require_free(session: Session, actor: Actor, task: HumanTask) -> None:
    if task.claimed_by not in (None, actor.person_id):
        name = session.scalar(select(Person.name).where(Person.id == task.claimed_by))
        holder = hooks.aliases(session, actor, task.instance_id).get(task.claimed_by or 0, name)
        raise TaskAlreadyTaken(holder=holder, holder_id=task.claimed_by, at=task.claimed_at)


def _require_held(session: Session, actor: Actor, task: HumanTask) -> None:
    _require_free(session, actor, task)
    if task.claimed_by is None:
        raise TaskNotHeld(id=task.id)


# --- verbs ---------------------------------------------------------------------------------------------------


def claim(session: Session, actor: Actor, task_id: int) -> HumanTask:
    """The task is the actor's. Claiming it again changes nothing.

    Raises Missing, TaskGone, NotCandidate, TaskAlreadyTaken, InstanceSuspended, SeparationOfDuties, TaskOutOfTurn.
    """
    grip = _grip(session, actor, task_id)
    task = grip.task
    _require_free(session, actor, task)
    _require_candidate(actor, task)
    _require_running(grip.held)
    require_separation(session, grip.held.loaded, task, actor.person_id)
    require_turn(session, grip.held.loaded, task, lambda: grip.held.live)
    if task.claimed_by != actor.person_id:
        task.claimed_by, task.claimed_at = actor.person_id, clock.now()
        grip.held.note("task.claimed", task=task.id, element=task.element_id)
        engine.save(grip.held)
    return task


def release(session: Session, actor: Actor, task_id: int, reason: str) -> HumanTask:
    """The task goes back to its group; drafts stay. Raises TaskNotHeld, TaskAlreadyTaken, ReasonMissing."""
    grip = _grip(session, actor, task_id)
    task = grip.task
    if task.claimed_by is None:
        raise TaskNotHeld(id=task.id)
    if not supervises(session, actor, task):
        _require_held(session, actor, task)
    _require_reason(reason)
    task.claimed_by = task.claimed_at = None
    _off_hold(grip)
    grip.held.note("task.released", task=task.id, element=task.element_id, reason=reason)
    engine.save(grip.held)
    return task


def save_draft(session: Session, actor: Actor, task_id: int, data: Any) -> TaskDraft:
    """What the actor has typed so far is kept, unjudged, for the actor alone. Raises NotCandidate, TaskGone, Missing.

    `data` is JSON or what an HTML form sends.
    """
    found = session.execute(
        select(HumanTask, Instance).join(Instance, Instance.id == HumanTask.instance_id).where(HumanTask.id == task_id)
    ).first()
    if found is None or not knows(session, actor, found[0]):
        raise Missing(what="task", id=task_id)
    task, instance = found
    if task.state not in OPEN:
        raise TaskGone(state=task.state)
    if actor.person_id is None or not (is_candidate(actor, task) or task.claimed_by == actor.person_id):
        raise NotCandidate(role=task.role, organisation_id=task.organisation_id)
    loaded = publishing.load(session, instance.definition_id)
    own = loaded.forms.get(task.form_key or "")
    typed = (own or generic.form_of(loaded, task.element_id)).draft(data)
    classification = submissions.classification_of(loaded, own)
    values: dict[str, Any] = {"data": typed, "sealed": None, "key_class": None, "saved_at": clock.now()}
    if classification in submissions.SECRET:
        sealed, key_class = submissions.seal(session, instance.id, classification, typed)
        values.update(data=None, sealed=sealed, key_class=key_class)
    statement = insert(TaskDraft).values(task_id=task.id, person_id=actor.person_id, **values)
    statement = statement.on_conflict_do_update(index_elements=["task_id", "person_id"], set_=values)
    return session.scalars(statement.returning(TaskDraft), execution_options={"populate_existing": True}).one()


def complete(session: Session, actor: Actor, task_id: int, data: Any, *, comment: str | None = None) -> Completed:
    """The task is done with this submission, and the instance has run on to its next waits.

    A task that nobody holds is claimed by completing it. Raises Missing, TaskGone, TaskAlreadyTaken, NotCandidate,
    InstanceSuspended, SeparationOfDuties, TaskOutOfTurn, FormInvalid, StepFailed, whatever a local connector on the way
    refuses.
    """
    grip = _grip(session, actor, task_id)
    held, task = grip.held, grip.task
    _require_free(session, actor, task)
    _require_candidate(actor, task)
    _require_running(held)
    require_separation(session, held.loaded, task, actor.person_id)
    require_turn(session, held.loaded, task, lambda: held.live)
    with incidents.standing_for(session, held.instance.id, task.element_id):
        values = _read(grip, data)
        kept = {**values, "_comment": comment} if comment else values
        submissions.store(
            session, actor, held.instance, held.loaded, task.element_id, grip.form, task.form_key, kept, task_id=task.id
        )
        _finish(grip)
        read = submissions.variables(held.loaded, grip.form, values, held.instance.wanted or ())
        try:
            engine.run(held, lambda live: live.complete(task.uid, read, held.now), performer=task)
        except NotWaiting:
            raise TaskGone(state=task.state) from None
    failpoints.hit("task_completed")
    following = [
        Next(made.id, made.name_zh, made.name_en, made.role, made.organisation_id, made.person_id)
        for made in held.opened
    ]
    return Completed(held.instance.id, held.instance.state, following)


def _read(grip: Grip, data: Any) -> dict[str, object]:
    """What was handed in, judged by the task's form; without one all that JSON can say. Raises FormInvalid."""
    held = grip.held
    if grip.form is None:
        return generic.read(held.loaded, grip.task.element_id, data)
    context = held.live.variables_at(grip.task.uid)
    return grip.form.load(data, context=context, scope=hooks.form_scope(held.session, held.actor))


def _finish(grip: Grip) -> None:
    task, held = grip.task, grip.held
    task.state, task.completed_by, task.completed_at = "completed", held.actor.person_id, held.now
    if task.claimed_by is None:
        task.claimed_by, task.claimed_at = held.actor.person_id, held.now
    if task.hold_until is not None:
        outbox.withdraw(held.session, _hold_key(task))
    if grip.has_draft:
        held.session.execute(delete(TaskDraft).where(TaskDraft.task_id == task.id))
    if candidates.counts_deadline(held.element(task.element_id)):
        engine.meet(held.session, held.now, f"task/{task.id}")
    held.note("task.completed", task=task.id, element=task.element_id)


def reassign(session: Session, actor: Actor, task_id: int, person_id: int, reason: str) -> HumanTask:
    """The person holds the task from now on, and finds a notice. Who holds it or supervises may hand it on.

    Raises Forbidden, NotCandidate and SeparationOfDuties (of that person), TaskOutOfTurn, ReasonMissing, TaskGone,
    Missing.
    """
    grip = _grip(session, actor, task_id)
    task = grip.task
    if task.claimed_by != actor.person_id and not supervises(session, actor, task):
        raise Forbidden(permission="task.reassign")
    _require_reason(reason)
    receiver = actor_of(session, person_id)
    if task.person_id is None:
        _require_candidate(receiver, task)
    elif task.role is not None and task.role not in receiver.roles:
        raise NotCandidate(role=task.role, organisation_id=task.organisation_id)
    require_separation(session, grip.held.loaded, task, person_id)
    require_turn(session, grip.held.loaded, task, lambda: grip.held.live)
    if task.person_id is not None:
        task.person_id = person_id
    task.claimed_by, task.claimed_at = person_id, clock.now()
    grip.held.note("task.reassigned", task=task.id, element=task.element_id, to=person_id, reason=reason)
    notify(session, person_id, "task.reassigned", link=f"/t/{task.id}", task=task.id, by=actor.name)
    engine.save(grip.held)
    return task


def hold(session: Session, actor: Actor, task_id: int, until: dt.datetime | dt.date, reason: str) -> HumanTask:
    """The task waits until then, out of the way; its due date goes on. Raises TaskNotHeld, ReasonMissing."""
    grip = _grip(session, actor, task_id)
    task = grip.task
    _require_held(session, actor, task)
    _require_running(grip.held)
    _require_reason(reason)
    wake = until if isinstance(until, dt.datetime) else clock.at(until)
    outbox.withdraw(session, _hold_key(task))
    outbox.enqueue(session, "task.unhold", _hold_key(task), instance_id=task.instance_id, payload={"task": task.id},
                   due_at=wake)  # fmt: skip
    task.state, task.hold_until, task.hold_reason = "hold", wake, reason
    grip.held.note("task.held", task=task.id, element=task.element_id, until=wake)
    engine.save(grip.held)
    return task


def unhold(session: Session, actor: Actor, task_id: int) -> HumanTask:
    """The task is among the open ones again."""
    grip = _grip(session, actor, task_id)
    if not actor.is_system:
        _require_held(session, actor, grip.task)
    _off_hold(grip)
    grip.held.note("task.unheld", task=grip.task.id, element=grip.task.element_id)
    engine.save(grip.held)
    return grip.task


def _off_hold(grip: Grip) -> None:
    task = grip.task
    if task.hold_until is not None and outbox.performing(grip.held.session) != _hold_key(task):
        outbox.withdraw(grip.held.session, _hold_key(task))
    task.hold_until = task.hold_reason = None
    if task.state == "hold":
        task.state = "open"


def _hold_key(task: HumanTask) -> str:
    return f"hold-{task.id}"


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing(field="reason")
