"""The execution core: BPMN files parsed, instances run. The only room that knows SpiffWorkflow.

It has no clock, no database and no input or output of its own: `now` and `Services` are handed in, and every call says
in an `Advance` what it did and what waits now.
"""

from __future__ import annotations

from lastmeter.workflow.spiff.compat import PINNED
from lastmeter.workflow.spiff.faults import (
    BpmnError,
    ExecutionFault,
    NotWaiting,
    StartNotPossible,
    StateNotReadable,
    StepBudgetExceeded,
    UncaughtError,
)
from lastmeter.workflow.spiff.live import Live
from lastmeter.workflow.spiff.model import DataStore
from lastmeter.workflow.spiff.parsed import (
    ElementInfo,
    FlowInfo,
    ParsedProcess,
    StartInfo,
    parse,
    restore,
)
from lastmeter.workflow.spiff.report import (
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
from lastmeter.workflow.spiff.specs import Spec
from lastmeter.workflow.spiff.timers import Due, TimerNotUnderstood, due
from lastmeter.workflow.spiff.values import UnstorableValue

__all__ = [
    "PENDING",
    "PINNED",
    "Advance",
    "BpmnError",
    "CallOpened",
    "DataStore",
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
