"""Service tasks of remote connectors: called by a worker outside any transaction, their result brought back in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from lastmeter import connectors, outbox
from lastmeter.actor import SYSTEM
from lastmeter.errors import Missing
from lastmeter.outbox import Job
from lastmeter.workflow import engine
from lastmeter.workflow.refusals import InstanceEnded
from lastmeter.workflow.spiff import BpmnError, NotWaiting


def _call(job: Job) -> Mapping[str, object] | BpmnError:
    """What the connector answers; the job's key tells the receiver that a second call is the same one."""
    connector = connectors.find(job.payload["topic"])
    try:
        return connector.call(engine.unpacked(job.payload["in"]), idempotency_key=job.key) or {}
    except BpmnError as error:
        return error


@outbox.handler("service", outside=_call)
def _bring_back(session: Session, job: Job, result: Any) -> None:
    assert job.instance_id is not None
    uid = job.payload["uid"]
    try:
        held = engine.hold(session, SYSTEM, job.instance_id)
        if isinstance(result, BpmnError):
            engine.run(held, lambda live: live.throw(uid, result.error_code, held.now, message=result.message))
        else:
            outputs = engine.kept(held, job.payload["element"], result)
            engine.run(held, lambda live: live.complete(uid, outputs, held.now))
    except (NotWaiting, InstanceEnded, Missing):
        return
