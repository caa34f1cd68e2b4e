"""Who may know of a task, who may do it, and who sees to it that it gets done."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter.actor import Actor
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.identity.models import Organisation
from lastmeter.workflow import candidates, instances
from lastmeter.workflow.models import HumanTask, Instance
from lastmeter.workflow.refusals import SeparationOfDuties, TaskOutOfTurn
from lastmeter.workflow.spiff import Live

OPEN = ("open", "hold", "suspended")
# Who sees to it that work gets done where they lead, and below.
SUPERVISORS = frozenset({"district_leader", "station_manager", "provider_manager"})


def knows(session: Session, actor: Actor, task: HumanTask) -> bool:
    """True if the actor may see the task at all: a seat counts while it waits, afterwards only who had it."""
    if actor.is_system or actor.person_id in (task.claimed_by, task.completed_by):
        return True
    if task.state in OPEN and is_candidate(actor, task):
        return True
    query = select(Instance.id).where(Instance.id == task.instance_id, instances.visible(actor))
    return session.scalar(query) is not None


def is_candidate(actor: Actor, task: HumanTask) -> bool:
    """True if the task goes to the actor, by the posts held today."""
    if actor.is_system:
        return True
    if task.person_id is not None:
        return task.person_id == actor.person_id
    return any(post.role == task.role and task.organisation_id in (None, post.organisation_id) for post in actor.posts)


def supervises(session: Session, actor: Actor, task: HumanTask) -> bool:
    """True if the actor leads the organisation whose task it is, or one above it, or operates the system."""
    if actor.is_system or actor.may(instances.OPERATE):
        return True
    if task.organisation_id is None:
        return False
    path = session.scalar(select(Organisation.path).where(Organisation.id == task.organisation_id)) or ""
    return any(post.role in SUPERVISORS and path.startswith(post.path) for post in actor.posts)


def require_separation(session: Session, loaded: LoadedDefinition, task: HumanTask, person_id: int | None) -> None:
    """Nothing if the person did none of the elements that this one is kept apart from. Raises SeparationOfDuties."""
    apart = candidates.separated_from(loaded.elements[task.element_id])
    if not apart or person_id is None:
        return
    done = session.scalar(
        select(HumanTask.element_id).where(
            HumanTask.instance_id == task.instance_id,
            HumanTask.element_id.in_(apart),
            HumanTask.completed_by == person_id,
        )
    )
    if done is not None:
        other = loaded.elements[done]
        raise SeparationOfDuties(element_id=done, other_zh=other.name, other_en=other.name_en)


def require_turn(session: Session, loaded: LoadedDefinition, task: HumanTask, live: Callable[[], Live]) -> None:
    """Nothing if no other activity of a sequential ad-hoc sub-process is under way. Raises TaskOutOfTurn.

    Who holds the task already has begun it: it stays their turn. `live` is asked only where there is such a sequence.
    """
    if task.element_id not in loaded.spec.in_sequence or task.claimed_by is not None:
        return
    for rival in live().rivals(task.uid):
        begun = select(HumanTask.id).where(
            HumanTask.instance_id == task.instance_id,
            HumanTask.uid.in_(rival.task_uids),
            HumanTask.claimed_by.is_not(None),
        )
        if rival.under_way or session.scalar(begun.limit(1)) is not None:
            other = loaded.elements[rival.element_id]
            raise TaskOutOfTurn(element_id=other.id, other_zh=other.name, other_en=other.name_en)
