"""The execution core: BPMN files parsed, instances run. The only room that knows SpiffWorkflow.

It has no clock, no database and no input or output of its own: `now` and `Services` are handed in, and every call says
in an `Advance` what it did and what waits now.
"""

from __future__ import annotations

from lastmeter.workflow.spiff.compat import check_version

check_version()

from lastmeter.workflow.spiff.faults import (  # noqa: E402
    BpmnError,
    ExecutionFault,
    NotWaiting,
    StartNotPossible,
    StateNotReadable,
    StepBudgetExceeded,
    UncaughtError,
)
from lastmeter.workflow.spiff.live import Live  # noqa: E402
from lastmeter.workflow.spiff.parsed import (  # noqa: E402
    ElementInfo,
    FlowInfo,
    ParsedProcess,
    StartInfo,
    parse,
    restore,
)
from lastmeter.workflow.spiff.report import (  # noqa: E402
    PENDING,
    Advance,
    CallOpened,
    HistoryEntry,
    IncidentOpened,
    JobOpened,
    Pending,
    Services,
    SubscriptionOpened,
    TaskOpened,
    Thrown,
    TimerOpened,
)
from lastmeter.workflow.spiff.specs import Spec  # noqa: E402
from lastmeter.workflow.spiff.timers import Due, TimerNotUnderstood, due  # noqa: E402
from lastmeter.workflow.spiff.values import UnstorableValue  # noqa: E402

__all__ = [
    "PENDING",
    "Advance",
    "BpmnError",
    "CallOpened",
    "Due",
    "ElementInfo",
    "ExecutionFault",
    "FlowInfo",
    "HistoryEntry",
    "IncidentOpened",
    "JobOpened",
    "Live",
    "NotWaiting",
    "ParsedProcess",
    "Pending",
    "Services",
    "Spec",
    "StartInfo",
    "StartNotPossible",
    "StateNotReadable",
    "StepBudgetExceeded",
    "SubscriptionOpened",
    "TaskOpened",
    "Thrown",
    "TimerNotUnderstood",
    "TimerOpened",
    "UncaughtError",
    "UnstorableValue",
    "due",
    "parse",
    "restore",
]
