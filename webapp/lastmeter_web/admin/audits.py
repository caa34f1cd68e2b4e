"""The audit trail as auditors read it: who did what when, and whether the chain is whole. Never case content."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy import select

from lastmeter import audit
from lastmeter.audit import AuditEvent
from lastmeter.errors import Missing
from lastmeter.identity.models import Person
from lastmeter.workflow import instances
from lastmeter_web.actions import action, fact_name
from lastmeter_web.admin.pages import blueprint
from lastmeter_web.extensions import db
from lastmeter_web.i18n import both
from lastmeter_web.security import actor, allow

PAGE = 200
MOST = 2**62
# Chains beside those of instances that auditors read; what is about cases and clients is not among them.
ROOMS = {
    "procurement": ("采购", "Procurement"),
    "annual_plan": ("年度计划", "Annual plans"),
    "bid": ("投标", "Bids"),
    "challenge": ("质疑", "Challenges"),
    "complaint": ("投诉", "Complaints"),
    "contract": ("合同", "Contracts"),
    "evaluation": ("评估", "Evaluations"),
    "definition": ("流程定义", "Definitions"),
    "person": ("人员与岗位", "People and roles"),
    "organisation": ("组织机构", "Organisations"),
    "calendar": ("工作日历", "Calendar"),
    "threshold": ("限额标准", "Thresholds"),
    "operations": ("运行", "Operations"),
    "refusals": ("被拒绝的访问", "Refused access"),
}


@blueprint.get("/audit")
@allow("audit.read")
def list_audits() -> str:
    """The instances that the auditor may open, and the rooms' own chains."""
    q, cursor = request.args.get("q") or None, request.args.get("cursor") or None
    page = instances.listing(db.session(), actor(), q=q, cursor=cursor, limit=50)
    return render_template("admin/audits.html", page=page, q=q or "", rooms=ROOMS)


@blueprint.get("/audit/instances/<int:instance_id>")
@allow("audit.read")
def show_instance_audit(instance_id: int) -> str:
    """The instance's chain. Missing where the auditor may not open the instance."""
    session = db.session()
    found = instances.get(session, actor(), instance_id)
    elements = instances.elements(session, found.id)
    names = {key: both(element.name, element.name_en) for key, element in elements.items()}
    return _chain(
        f"instance/{found.id}", both(found.title_zh, found.title_en), names,
        broken=instances.verify_audit(session, found.id), instance=found,
    )  # fmt: skip


@blueprint.get("/audit/rooms/<room>")
@allow("audit.read")
def show_room_audit(room: str) -> str:
    """A room's own chain."""
    if room not in ROOMS:
        raise Missing(what="chain")
    return _chain(room, both(*ROOMS[room]), {}, broken=audit.verify(db.session(), room), instance=None)


def _chain(chain: str, title: str, names: dict[str, str], *, broken: int | None, instance: Any) -> str:
    """A page of the chain, newest first."""
    before = request.args.get("before", 0, type=int)
    query = (
        select(AuditEvent, Person.name)
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .where(AuditEvent.chain == chain)
        .order_by(AuditEvent.position.desc())
        .limit(PAGE + 1)
    )
    if before:
        query = query.where(AuditEvent.position < min(before, MOST))
    rows = db.session().execute(query).all()
    more = len(rows) > PAGE
    shown = [(event, person, action(event.action), _facts(event, names)) for event, person in rows[:PAGE]]
    return render_template(
        "admin/audit.html", title=title, rows=shown, broken=broken, instance=instance,
        before=rows[PAGE - 1][0].position if more else None,
    )  # fmt: skip


def _facts(event: AuditEvent, names: dict[str, str]) -> list[tuple[str, str]]:
    """The facts as people read them: elements by their drawn names, nothing empty."""
    return [
        (fact_name(name), names.get(str(value), str(value)))
        for name, value in event.facts.items()
        if value not in (None, "", [], {}) and name not in ("digest", "uid")
    ]
