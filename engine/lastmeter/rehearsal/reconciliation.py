"""What must always hold over the whole database: the watchdog's questions."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from lastmeter import audit
from lastmeter.outbox import Job
from lastmeter.workflow.models import HumanTask, Incident, Instance, Subscription, Timer


def problems(session: Session) -> list[str]:
    """A sentence per thing that does not fit; empty: all is well."""
    return [*stuck(session), *broken_chains(session), *failed_jobs(session)]


def stuck(session: Session) -> list[str]:
    """A sentence per instance that stands still for good."""
    found = stuck_instances(session)
    return [f"instance {row.id} ({row.definition_key}) is open and waits for nothing" for row in found]


def stuck_instances(session: Session) -> list[Instance]:
    """Running instances that wait for nobody and nothing: no task, timer, message, child, job or incident."""
    waits = (
        exists().where(HumanTask.instance_id == Instance.id, HumanTask.state.in_(("open", "hold", "suspended"))),
        exists().where(Timer.instance_id == Instance.id),
        exists().where(Subscription.instance_id == Instance.id),
        exists().where(Job.instance_id == Instance.id),
        exists().where(Incident.instance_id == Instance.id, Incident.resolved_at.is_(None)),
    )
    children = select(Instance.parent_id).where(
        Instance.parent_id.is_not(None), Instance.state.in_(("running", "incident"))
    )
    query = select(Instance).where(Instance.state == "running", Instance.id.not_in(children)).order_by(Instance.id)
    for wait in waits:
        query = query.where(~wait)
    return list(session.scalars(query))


def broken_chains(session: Session) -> list[str]:
    """Audit chains in which a row was changed, dropped or inserted."""
    chains = session.scalars(select(audit.AuditEvent.chain).distinct())
    return [
        f"audit chain {chain} breaks at {at}" for chain in chains if (at := audit.verify(session, chain)) is not None
    ]


def failed_jobs(session: Session) -> list[str]:
    """Jobs that were given up."""
    rows = session.execute(select(Job.key, Job.error).where(Job.failed_at.is_not(None)))
    return [f"job {row.key} failed: {row.error}" for row in rows]
