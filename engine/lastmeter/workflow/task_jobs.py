"""What happens to tasks by themselves: a hold that ends."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from lastmeter import outbox
from lastmeter.actor import SYSTEM
from lastmeter.errors import Missing
from lastmeter.outbox import Job
from lastmeter.workflow import tasks
from lastmeter.workflow.refusals import InstanceEnded, TaskGone


@outbox.handler("task.unhold")
def _unhold(session: Session, job: Job, _result: Any) -> None:
    """The time that somebody asked for is over: the task is among the open ones again."""
    try:
        tasks.unhold(session, SYSTEM, job.payload["task"])
    except (TaskGone, Missing, InstanceEnded):
        return
