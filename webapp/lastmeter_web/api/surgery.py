"""Operators mend an instance: where it stands, what a cut would do, the cut itself. No values of variables."""

from __future__ import annotations

from typing import Any

from lastmeter.errors import InvalidInput
from lastmeter.workflow import surgery
from lastmeter.workflow.spiff.surgery import Cut
from lastmeter_web import i18n
from lastmeter_web.api import schemas
from lastmeter_web.api.calls import actor, call, identity
from lastmeter_web.extensions import db
from lastmeter_web.sentences import sentence

TAG = "instances"


@call("/instances/<string:instance_id>/surgery", scopes=("operate",), permissions=("operate.act",), tag=TAG,
      answer=schemas.StandpointSchema)  # fmt: skip
def show_standpoint(instance_id: str) -> Any:
    """Where the instance stands, what it has reached, and the names of the variables that may be set."""
    return surgery.standpoint(db.session(), actor(), identity(instance_id, "instance"))


@call("/instances/<string:instance_id>/surgery", method="POST", scopes=("operate",), permissions=("operate.act",),
      tag=TAG, body=schemas.SurgerySchema, answer=schemas.RehearsalSchema)  # fmt: skip
def operate_instance(wanted: dict[str, Any], instance_id: str) -> Any:
    """Move a token, skip or retry an element, go back, set variables: rehearsed with `dry_run`, then done.

    The act needs a reason and the version that the dry run told.
    """
    number, session = identity(instance_id, "instance"), db.session()
    typed = {name: surgery.value_of(name, text) for name, text in wanted["feel"].items()}
    cut = Cut(wanted["action"], wanted["at"], wanted["to"], {**wanted["variables"], **typed}, wanted["despite_sent"])
    if wanted["dry_run"]:
        return _told(surgery.rehearse(session, actor(), number, cut))
    if wanted["version"] is None:
        raise InvalidInput(field="version", reason="missing")
    done = surgery.operate(session, actor(), number, cut, reason=wanted["reason"], version=wanted["version"])
    return {"done": True, "version": done.version, "state": done.state}


def _told(rehearsal: surgery.Rehearsal) -> dict[str, object]:
    plan = rehearsal.plan
    refusal = None
    if plan.refusal is not None:
        said = sentence(plan.refusal.code, plan.refusal.facts, i18n.language())
        refusal = {"code": plan.refusal.code, "detail": said}
    return {
        "done": False, "version": rehearsal.version, "ended": plan.ended, "begun": plan.begun, "passed": plan.passed,
        "thrown": plan.thrown, "cautions": plan.cautions, "completed": plan.completed, "refusal": refusal,
    }  # fmt: skip
