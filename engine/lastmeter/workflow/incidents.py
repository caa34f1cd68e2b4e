"""What a person has to look at: parked tokens, jobs that failed three times, steps that broke. Never case content."""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lastmeter import clock, db
from lastmeter.actor import SYSTEM, Actor
from lastmeter.errors import Forbidden, InvalidInput, LastmeterError, Missing
from lastmeter.outbox import Job
from lastmeter.workflow import engine
from lastmeter.workflow.models import Incident, Instance
from lastmeter.workflow.refusals import StepFailed
from lastmeter.workflow.spiff import NotWaiting, StateNotReadable, StepBudgetExceeded

log = logging.getLogger(__name__)

VIEW, ACT = "operate.view", "operate.act"
MOST_OF_REASON = 500


def open(session: Session, actor: Actor, *, instance_id: int | None = None) -> list[Incident]:
    """The open incidents, oldest first; of one instance if it is named. Raises Forbidden."""
    if not actor.may(VIEW):
        raise Forbidden(permission=VIEW)
    return of(session, instance_id)


def of(session: Session, instance_id: int | None) -> list[Incident]:
    """The open incidents of one instance (of all: None), for pages that show the instance anyway."""
    query = select(Incident).where(Incident.resolved_at.is_(None)).order_by(Incident.opened_at, Incident.id)
    if instance_id is not None:
        query = query.where(Incident.instance_id == instance_id)
    return list(session.scalars(query))


def unheard(session: Session, instance_id: int) -> list[Incident]:
    """Open incidents of messages that the instance sent and that nothing could take: it has itself gone on since."""
    query = (
        select(Incident)
        .join(Job, Job.key == Incident.job_key)
        .where(Incident.resolved_at.is_(None), Incident.instance_id.is_(None))
        .where(Job.payload["from"].as_integer() == instance_id)
        .order_by(Incident.id)
    )
    return list(session.scalars(query))


def retry(session: Session, actor: Actor, incident_id: int, *, reason: str = "") -> Incident:
    """The parked token or failed job is tried again, and the incident is closed; a reason stands in the audit.

    Should it fail again, a new incident says so. Raises Missing, Forbidden, InvalidInput.
    """
    if not actor.may(ACT):
        raise Forbidden(permission=ACT)
    if len(reason) > MOST_OF_REASON:
        raise InvalidInput(field="reason", reason="too_long", most=MOST_OF_REASON)
    incident = session.get(Incident, incident_id, populate_existing=True)
    if incident is None or incident.resolved_at is not None:
        raise Missing(what="incident", id=incident_id)
    if incident.instance_id is None:
        _resolve(incident, actor)
    else:
        _retry_in_instance(session, actor, incident, reason.strip())
    if incident.job_key is not None:
        revive(session, incident.job_key)
    session.flush()
    return incident


def _retry_in_instance(session: Session, actor: Actor, incident: Incident, reason: str) -> None:
    assert incident.instance_id is not None
    held = engine.hold(session, actor, incident.instance_id, running=False)
    _resolve(incident, actor)
    session.flush()
    why = {"reason": reason} if reason else {}
    held.note("incident.retried", incident=incident.id, element=incident.element_id, **why)
    engine.settle_incidents(session, held.instance)
    uid = incident.uid
    if uid is not None:
        try:
            engine.run(held, lambda live: live.retry(uid, held.now))
            return
        except NotWaiting:
            pass  # the token was cancelled meanwhile
    engine.save(held)


def _resolve(incident: Incident, actor: Actor) -> None:
    incident.resolved_at, incident.resolved_by = clock.now(), actor.person_id


def revive(session: Session, job_key: str) -> None:
    """The failed job may be taken again, with all its attempts before it."""
    session.execute(
        update(Job).where(Job.key == job_key).values(failed_at=None, attempts=0, error=None, lease_until=None)
    )
    session.info["wake"] = True


def open_for_job(session: Session, job: Job, error: BaseException, at: dt.datetime) -> Incident:
    """A job has failed for the last time: the incident names it, and its instance is marked."""
    incident = Incident(
        instance_id=None, element_id=job.payload.get("element"), job_key=job.key, code=code_of(error),
        detail=f"{job.kind} {job.key}: {describe(error)}", facts=told(error), opened_at=at,
    )  # fmt: skip
    if job.instance_id is not None and session.get(Instance, job.instance_id) is not None:
        incident.instance_id = job.instance_id
        _mark(session, job.instance_id, incident)
    session.add(incident)
    session.flush()
    return incident


@contextmanager
def standing_for(session: Session, instance_id: int | None, element_id: str) -> Iterator[None]:
    """What goes wrong inside by nobody's refusal leaves an incident behind. Raises StepFailed for it.

    A refusal and a passing fault of the database go through as they are.
    """
    try:
        yield
    except DBAPIError:
        raise
    except Exception as error:
        if isinstance(error, LastmeterError) and not isinstance(error, StateNotReadable | StepBudgetExceeded):
            raise
        log.error("a step at %s broke: %s\n%s", element_id, describe(error), places(error))
        failure = StepFailed(instance_id=instance_id, element_id=element_id, reason=type(error).__name__)
        db.leave_behind(session, lambda session: _open_after(session, instance_id, element_id, failure))
        raise failure from error


def _open_after(session: Session, instance_id: int | None, element_id: str, failure: StepFailed) -> None:
    """A person's step broke and was rolled back: the incident stands in a transaction of its own."""
    incident = Incident(
        instance_id=instance_id, element_id=element_id, code=failure.code,
        detail=str(failure.facts["reason"]), opened_at=clock.now(),
    )  # fmt: skip
    session.add(incident)
    if instance_id is not None:
        _mark(session, instance_id, incident)


def places(error: BaseException) -> str:
    """Where it went wrong, without what was said there."""
    return "".join(traceback.format_tb(error.__traceback__))


def _mark(session: Session, instance_id: int, incident: Incident) -> None:
    held = engine.hold(session, SYSTEM, instance_id, running=False)
    if held.instance.state == "running":
        held.instance.state = "incident"
    held.note("incident.opened", element=incident.element_id, code=incident.code)
    engine.save(held)


def code_of(error: BaseException) -> str:
    return str(getattr(error, "code", type(error).__name__))[:60]


def told(error: BaseException) -> dict[str, object]:
    """The names and numbers that the error carries, without values: those may be what a person wrote."""
    facts = getattr(error, "facts", {})
    return {name: fact for name, fact in facts.items() if isinstance(fact, int) or name in _TELLING}


def describe(error: BaseException) -> str:
    """The kind of error and what is told of it."""
    named = told(error)
    return f"{type(error).__name__} {named}" if named else type(error).__name__


_TELLING = frozenset({"what", "key", "name", "element", "element_id", "error_code", "expression", "reason", "party"})
