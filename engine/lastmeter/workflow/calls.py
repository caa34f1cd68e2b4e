"""Call activities: the child is an instance of its own, and everything between the two travels as jobs.

`child.start` makes it, `child.cancel` stops it; `child.escalated` and `child.ended` report to the caller. A child's
reports are handled in order: its end waits for nothing, but first settles every escalation that came before.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lastmeter import outbox
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.errors import Missing
from lastmeter.outbox import Job, Postponed
from lastmeter.workflow import engine, instances
from lastmeter.workflow.engine import Held
from lastmeter.workflow.models import Instance
from lastmeter.workflow.refusals import DefinitionUnknown, InstanceEnded
from lastmeter.workflow.spiff import NotWaiting
from lastmeter.workflow.spiff.expressions import names_perhaps_read

TITLE_LENGTH = 200


def wanted_by(loaded: LoadedDefinition, element_id: str) -> frozenset[str]:
    """The names of a child's variables that the calling element takes over."""
    node = loaded.spec.process.nodes[element_id]
    texts = [item.source for item in (*node.outputs, *node.stored)]
    wanted = frozenset(
        name for text in texts if text is not None and text.feel for name in names_perhaps_read(text.text)
    )
    unmapped = not (node.inputs or node.outputs or node.pass_all_in)
    return wanted | loaded.names_read if node.pass_all_out or unmapped else wanted


@outbox.handler("child.start")
def _start(session: Session, job: Job, _result: Any) -> None:
    """The called definition's newest version runs as a child with its caller's parties and business key."""
    uid, key = job.payload["uid"], job.payload["key"]
    known = session.scalar(
        select(Instance.id).where(Instance.parent_id == job.instance_id, Instance.parent_task_uid == uid)
    )
    if known is not None:
        return
    assert job.instance_id is not None
    caller = session.get_one(Instance, job.instance_id, populate_existing=True)
    if caller.state in ("completed", "cancelled"):
        return
    if caller.suspended_at is not None:
        raise Postponed(None)
    row = publishing.latest(session, key)
    if row is None:
        raise DefinitionUnknown(key=key)
    loaded = publishing.load(session, row.id)
    calling = publishing.load(session, caller.definition_id)
    held = engine.begin(
        session, SYSTEM, loaded, parties=instances.parties(session, caller.id), business_key=caller.business_key,
        parent=(caller.id, uid, caller.root_id or caller.id), starter_id=caller.starter_id,
        wanted=wanted_by(calling, job.payload["element"]),
    )  # fmt: skip
    held.instance.title_zh = _under(caller.title_zh, loaded.title_zh)
    held.instance.title_en = _under(caller.title_en, loaded.title_en)
    instances.launch(held, engine.read_by(held, engine.unpacked(job.payload["in"])), None)


def _under(caller: str, own: str) -> str:
    """What the child is called until it names itself: a list of children must tell them apart."""
    room = TITLE_LENGTH - len(own) - len(" · ")
    return f"{caller[:room]} · {own}" if room > 0 else own


@outbox.handler("child.cancel")
def _cancel(session: Session, job: Job, _result: Any) -> None:
    """The child of the call is stopped, or never begins.

    Should its start be under way in another worker, deleting its job makes that worker's transaction roll back.
    """
    parent, uid = job.payload["parent"], job.payload["uid"]
    session.execute(delete(Job).where(Job.key == engine.call_key(parent, uid)))
    child = session.scalar(select(Instance.id).where(Instance.parent_id == parent, Instance.parent_task_uid == uid))
    if child is None:
        return
    try:
        held = engine.hold(session, SYSTEM, child)
    except InstanceEnded:
        return
    instances.stop(held, reason="caller", tell_parent=False)


@outbox.handler("child.escalated")
def _escalated(session: Session, job: Job, _result: Any) -> None:
    held = _caller(session, job)
    if held is not None:
        _escalate(held, job)


@outbox.handler("child.ended")
def _ended(session: Session, job: Job, _result: Any) -> None:
    """The call activity is done with the child's outputs, or ends with the child's error. Raises UncaughtError."""
    held = _caller(session, job)
    if held is None:
        return
    for earlier in _earlier_reports(session, job):
        _escalate(held, earlier)
        session.execute(delete(Job).where(Job.key == earlier.key))
    uid, payload = job.payload["uid"], job.payload
    try:
        if "error" in payload:
            # What nobody here catches ends the caller too, for its own caller to see; a child that somebody
            # stopped threw nothing.
            ends = not payload.get("stopped")
            engine.run(held, lambda live: live.throw(uid, payload["error"], held.now, ends=ends))
        else:
            outputs = engine.unpacked(payload["out"])
            engine.run(held, lambda live: live.complete(uid, outputs, held.now))
    except NotWaiting:
        return


def _caller(session: Session, job: Job) -> Held | None:
    """The calling instance under our lock; None where it has ended meanwhile."""
    assert job.instance_id is not None
    try:
        return engine.hold(session, SYSTEM, job.instance_id)
    except (InstanceEnded, Missing):
        return None


def _earlier_reports(session: Session, job: Job) -> list[Job]:
    query = select(Job).where(
        Job.kind == "child.escalated",
        Job.instance_id == job.instance_id,
        Job.payload["child"].as_integer() == job.payload["child"],
    )
    return list(session.scalars(query.order_by(Job.seq)))


def _escalate(held: Held, job: Job) -> None:
    uid, code = job.payload["uid"], job.payload["code"]
    try:
        engine.run(held, lambda live: live.throw(uid, code, held.now, kind="escalation"))
    except NotWaiting:
        return
