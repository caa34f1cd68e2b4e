"""Incidents and jobs for operators."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from lastmeter import clock
from lastmeter.outbox import Job
from lastmeter.workflow import incidents, instances
from lastmeter.workflow.models import Incident, Instance
from lastmeter_web import i18n
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow

blueprint = Blueprint("cockpit", __name__, template_folder="templates")
KINDS = {
    "timer": ("定时器", "Timers"),
    "service": ("系统步骤", "System steps"),
    "message": ("消息", "Messages"),
    "signal": ("信号", "Signals"),
    "timer_start": ("定时发起", "Timed starts"),
    "deadline.moved": ("期限变动", "Moved deadlines"),
    "signal.deliver": ("信号送达", "Signal deliveries"),
    "signal.start": ("信号发起", "Signal starts"),
    "suspend": ("暂停", "Suspensions"),
    "resume": ("恢复", "Resumptions"),
}


@blueprint.get("/operate")
@allow("operate.view")
def show() -> str:
    session = db.session()
    found = incidents.open(session, actor())
    ids = {row.instance_id for row in found if row.instance_id is not None}
    titles = {row.id: row for row in session.scalars(select(Instance).where(Instance.id.in_(ids)))}
    now = clock.now()
    due = Job.due_at <= now
    waiting = session.execute(
        select(
            Job.kind,
            func.count().label("all"),
            func.count().filter(due, Job.failed_at.is_(None), Job.paused_at.is_(None)).label("due"),
            func.count().filter(Job.paused_at.is_not(None)).label("paused"),
            func.count().filter(Job.failed_at.is_not(None)).label("failed"),
            func.min(Job.due_at).filter(Job.failed_at.is_(None), Job.paused_at.is_(None)).label("next"),
        )
        .group_by(Job.kind)
        .order_by(Job.kind)
    ).all()
    counts = dict(session.execute(select(Instance.state, func.count()).group_by(Instance.state)).tuples().all())
    return render_template(
        "cockpit/show.html", incidents=found, instances=titles, jobs=waiting, kinds=KINDS, counts=counts,
        states=instances.STATES,
    )  # fmt: skip


@blueprint.post("/incidents/<int:incident_id>/retry")
@allow("operate.act")
def retry(incident_id: int) -> ResponseReturnValue:
    found: Incident = incidents.retry(db.session(), actor(), incident_id)
    flash(i18n._("已重试“{what}”；如再次失败，会出现新的故障记录。", what=found.element_id or found.code))
    return redirect(url_for("cockpit.show"), 303)
