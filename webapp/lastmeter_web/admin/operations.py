"""What runs and what does not: incidents, jobs that were given up, instances that wait for nothing. No content."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from lastmeter import audit, clock
from lastmeter.errors import Missing
from lastmeter.identity.models import Person
from lastmeter.outbox import Job
from lastmeter.rehearsal import reconciliation
from lastmeter.workflow import incidents
from lastmeter.workflow.models import Incident, Instance
from lastmeter_web.admin.pages import blueprint
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow

RECENT = 20


@blueprint.get("/operations")
@allow("operate.view")
def show_operations() -> str:
    session = db.session()
    found = incidents.open(session, actor())
    named = {incident.job_key for incident in found}
    failed = session.scalars(select(Job).where(Job.failed_at.is_not(None)).order_by(Job.failed_at))
    resolved = session.execute(
        select(Incident, Person.name)
        .outerjoin(Person, Person.id == Incident.resolved_by)
        .where(Incident.resolved_at.is_not(None))
        .order_by(Incident.resolved_at.desc())
        .limit(RECENT)
    ).all()
    return render_template(
        "admin/operations.html", incidents=found, instances=_instances(found), resolved=resolved,
        jobs=[job for job in failed if job.key not in named], stuck=reconciliation.stuck_instances(session),
        queue=_queue(), may_act=actor().may("operate.act"),
    )  # fmt: skip


def _instances(found: list[Incident]) -> dict[int, Instance]:
    ids = {incident.instance_id for incident in found if incident.instance_id is not None}
    return {row.id: row for row in db.session().scalars(select(Instance).where(Instance.id.in_(ids)))}


def _queue() -> dict[str, int]:
    """How much there is to do: due now, later, being done."""
    now, leased = clock.now(), Job.lease_until > func.now()
    waiting = Job.failed_at.is_(None) & Job.paused_at.is_(None)
    row = (
        db.session()
        .execute(
            select(
                func.count().filter(waiting & (Job.due_at <= now)),
                func.count().filter(waiting & (Job.due_at > now)),
                func.count().filter(waiting & leased),
                func.count().filter(Job.paused_at.is_not(None)),
            ).select_from(Job)
        )
        .one()
    )
    return dict(zip(("due", "later", "taken", "paused"), row, strict=True))


@blueprint.post("/operations/incidents/<int:incident_id>/retry")
@allow("operate.act")
def retry_incident(incident_id: int) -> ResponseReturnValue:
    """What failed is tried again; should it fail again, a new incident says so."""
    incidents.retry(db.session(), actor(), incident_id)
    return redirect(url_for("admin.show_operations"), 303)


@blueprint.post("/operations/jobs/retry")
@allow("operate.act")
def retry_job() -> ResponseReturnValue:
    """A job that was given up and that no incident names may be taken again."""
    session, key = db.session(), request.form.get("key", "")
    if session.scalar(select(Job.key).where(Job.key == key, Job.failed_at.is_not(None))) is None:
        raise Missing(what="job")
    incidents.revive(session, key)
    audit.record(session, actor(), "job.retried", f"job/{key}"[:80], chain="operations")
    return redirect(url_for("admin.show_operations"), 303)
