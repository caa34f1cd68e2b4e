"""Whoever finished a step takes it back, as long as nobody has begun the next one and nothing has left since (撤回)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from lastmeter.actor import Actor
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.errors import InvalidInput, LastmeterError, Missing
from lastmeter.identity.people import notify, notify_role
from lastmeter.workflow import access, candidates, engine, incidents, submissions, surgery, tasks
from lastmeter.workflow.engine import Held
from lastmeter.workflow.models import HistoryEvent, HumanTask, Instance, Submission
from lastmeter.workflow.refusals import (
    InstanceEnded,
    InstanceSuspended,
    ReasonMissing,
    StepIsFinal,
    StepNotYours,
    WithdrawalTooLate,
)
from lastmeter.workflow.spiff import surgery as cuts
from lastmeter.workflow.spiff.surgery import Cut

# What may stand behind the step and go with it: a call or a job has begun something elsewhere.
_QUIET = frozenset({"task", "timer", "subscription", "condition", "join", "race", "flow"})


def refusal(session: Session, actor: Actor, task_id: int) -> LastmeterError | None:
    """Why the actor cannot take the step back now; None where they can. Nothing is changed. Raises Missing."""
    task = _known(session, actor, task_id)
    instance = session.scalars(
        select(Instance).where(Instance.id == task.instance_id).options(undefer(Instance.blob))
    ).one()
    try:
        _following(engine.held(session, actor, instance), task)
    except LastmeterError as refused:
        return refused
    return None


def withdraw(session: Session, actor: Actor, task_id: int, reason: str) -> HumanTask:
    """The step is open again, in the actor's hands and as it was handed in; those who had the next one are told.

    Raises Missing, ReasonMissing, InvalidInput, StepNotYours, StepIsFinal, WithdrawalTooLate, InstanceEnded,
    InstanceSuspended.
    """
    task = _known(session, actor, task_id)
    if not reason.strip():
        raise ReasonMissing(field="reason")
    if len(reason) > incidents.MOST_OF_REASON:
        raise InvalidInput(field="reason", reason="too_long", most=incidents.MOST_OF_REASON)
    held = engine.hold(session, actor, task.instance_id)
    following = _following(held, task)
    past = surgery.history_of(session, held.instance.id)
    with incidents.standing_for(session, held.instance.id, task.element_id):
        held.note("task.withdrawn", task=task.id, element=task.element_id, reason=reason.strip())
        engine.run(held, lambda live: cuts.do(live, _cut(task), past, held.now))
    again = next(made for made in held.opened if made.element_id == task.element_id)
    again.claimed_by, again.claimed_at = actor.person_id, held.now
    session.flush()
    _tell(session, actor, task, following)
    handed_in = session.scalars(select(Submission).where(Submission.task_id == task.id)).first()
    if handed_in is not None:
        tasks.save_draft(session, actor, again.id, submissions.content(session, handed_in))
    return again


def _known(session: Session, actor: Actor, task_id: int) -> HumanTask:
    task = session.get(HumanTask, task_id, populate_existing=True)
    if task is None or not access.knows(session, actor, task):
        raise Missing(what="task", id=task_id)
    return task


def _cut(task: HumanTask) -> Cut:
    return Cut(act="rewind", to=task.element_id)


def _following(held: Held, task: HumanTask) -> list[HumanTask]:
    """The open tasks that go when the step is taken back. Raises why it cannot be."""
    if task.state != "completed" or task.completed_by != held.actor.person_id:
        raise StepNotYours()
    if held.instance.state != "running":
        raise InstanceEnded(state=held.instance.state)
    if held.instance.suspended_at is not None:
        raise InstanceSuspended()
    if candidates.is_final(held.loaded.elements[task.element_id]):
        raise StepIsFinal(step=_named(held.loaded, [task.element_id])[0])
    if task.loop_index is not None:  # one of several beside each other: the others' stand on their own
        raise WithdrawalTooLate(steps=_named(held.loaded, [task.element_id]))
    later = _since(held, task)
    begun = [each for each in later if each.state != "open" or each.claimed_by is not None]
    if begun:
        raise WithdrawalTooLate(steps=_named(held.loaded, (each.element_id for each in begun)))
    return _going(held, task, later)


def _since(held: Held, task: HumanTask) -> list[HumanTask]:
    """The tasks that have come up in the instance since the step was finished, but for those cancelled again."""
    lines = select(HistoryEvent).where(HistoryEvent.instance_id == task.instance_id).subquery()
    finished = select(func.max(lines.c.seq)).where(lines.c.uid == task.uid, lines.c.event == "completed")
    entered = select(lines.c.uid).where(lines.c.event == "entered", lines.c.seq > finished.scalar_subquery())
    query = select(HumanTask).where(
        HumanTask.instance_id == task.instance_id, HumanTask.uid.in_(entered), HumanTask.state != "cancelled"
    )
    return list(held.session.scalars(query.order_by(HumanTask.id)))


def _going(held: Held, task: HumanTask, later: list[HumanTask]) -> list[HumanTask]:
    """The tasks that a rehearsal ends; all of them came up since, and nothing but the step begins anew."""
    plan = surgery.plan(held, _cut(task))
    if plan.refusal is not None:  # of those that name elements, these are what has left
        left = plan.refusal.facts.get("elements")
        raise WithdrawalTooLate(steps=_named(held.loaded, left if isinstance(left, list) else ()))
    fresh = {each.uid: each for each in later}
    disturbed = [each.element_id for each in plan.ended if each.kind not in _QUIET]
    disturbed += [each.element_id for each in plan.ended if each.kind == "task" and each.uid not in fresh]
    disturbed += [*plan.passed, *plan.thrown]
    disturbed += [each.element_id for each in plan.begun if each.kind == "task" and each.element_id != task.element_id]
    if disturbed:
        raise WithdrawalTooLate(steps=_named(held.loaded, disturbed))
    return [fresh[each.uid] for each in plan.ended if each.kind == "task"]


def _named(loaded: LoadedDefinition, element_ids: Iterable[str]) -> list[dict[str, str]]:
    """The elements by their names, as facts of a refusal."""
    found = [loaded.elements[each] for each in dict.fromkeys(element_ids) if each in loaded.elements]
    return [{"zh": each.name or each.id, "en": each.name_en or each.name or each.id} for each in found]


def _tell(session: Session, actor: Actor, task: HumanTask, following: list[HumanTask]) -> None:
    """Whoever had the next step in their inbox finds a notice."""
    step = {"zh": task.name_zh, "en": task.name_en}
    for each in following:
        facts = {"by": actor.name, "step": step, "next": {"zh": each.name_zh, "en": each.name_en}}
        link = f"/instances/{task.instance_id}"
        if each.person_id is not None:
            notify(session, each.person_id, "task.withdrawn", link=link, **facts)
        elif each.role is not None and each.organisation_id is not None:
            notify_role(session, each.role, each.organisation_id, "task.withdrawn", link=link, **facts)
