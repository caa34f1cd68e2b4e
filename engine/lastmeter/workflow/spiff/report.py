"""What one advance did and what it leaves waiting: the engine above turns each line into a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from lastmeter.feel import FeelFunction
from lastmeter.workflow.spiff.model import DataStore

EventName = Literal["entered", "completed", "cancelled", "failed", "migrated"]
SubscriptionKind = Literal["message", "signal"]
ThrownKind = Literal["message", "signal", "error", "escalation"]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One executed element enters or leaves; the wrapper of a repeated activity is of type `multiInstanceBody`."""

    element_id: str
    element_type: str
    element_name: str
    event: EventName
    task_uid: str
    loop_index: int | None


@dataclass(frozen=True, slots=True)
class TaskOpened:
    """A user task waits for a person; `local` holds its own variables (multi-instance element, mapped inputs)."""

    task_uid: str
    element_id: str
    name: str
    loop_index: int | None
    local: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TimerOpened:
    """A timer runs; a repeating one opens its next occurrence under a new uid when it fires."""

    task_uid: str
    element_id: str
    kind: str
    due: dt.datetime
    repeats: bool
    loop_index: int | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionOpened:
    """A message or signal is awaited; without a correlation expression `correlation` is None.

    `retrieval` is FEEL over a message's payload: what it gives is compared with the correlation, and nothing if that is
    null.
    """

    task_uid: str
    element_id: str
    kind: SubscriptionKind
    name: str
    correlation: object = None
    retrieval: str | None = None


@dataclass(frozen=True, slots=True)
class CallOpened:
    """A call activity waits for a child instance of `key`."""

    task_uid: str
    element_id: str
    key: str
    variables: Mapping[str, object]
    loop_index: int | None


@dataclass(frozen=True, slots=True)
class JobOpened:
    """A service task waits for its connector to be run outside the transaction."""

    task_uid: str
    element_id: str
    topic: str
    inputs: Mapping[str, object]
    loop_index: int | None


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message or signal leaves the instance; an error or escalation says whether something inside caught it."""

    kind: ThrownKind
    name: str
    element_id: str
    payload: Mapping[str, object] = field(default_factory=dict)
    correlation: object = None
    caught: bool = False


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """A token cannot go on; `Live.retry` tries again."""

    task_uid: str
    element_id: str
    code: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Advance:
    """Everything since the last one, in order. What was opened and closed within the same advance is in neither."""

    history: tuple[HistoryEntry, ...] = ()
    tasks_opened: tuple[TaskOpened, ...] = ()
    tasks_closed: tuple[str, ...] = ()
    timers_opened: tuple[TimerOpened, ...] = ()
    timers_closed: tuple[str, ...] = ()
    subscriptions_opened: tuple[SubscriptionOpened, ...] = ()
    subscriptions_closed: tuple[str, ...] = ()
    calls_opened: tuple[CallOpened, ...] = ()
    calls_cancelled: tuple[str, ...] = ()
    jobs_opened: tuple[JobOpened, ...] = ()
    jobs_cancelled: tuple[str, ...] = ()
    thrown: tuple[Thrown, ...] = ()
    incidents_opened: tuple[IncidentOpened, ...] = ()
    incidents_closed: tuple[str, ...] = ()
    completed: bool = False
    uncaught_error: str | None = None


class Pending:
    """What `Services.run_inline` returns when the connector must run outside the transaction."""


PENDING = Pending()


class Stores(Protocol):
    """Data stores, which outlive the instance; what is written stands with the step, or not at all."""

    def read(self, store: DataStore, key: object, element_id: str, *, to_write: bool) -> object:
        """The entry's value, or null; `to_write`: nobody else writes it until the step is over."""

    def write(self, store: DataStore, key: object, value: object, element_id: str) -> None:
        """The entry has the value; null removes it."""


class _NoStores:
    """What stands for data stores where there are none."""

    def read(self, store: DataStore, key: object, element_id: str, *, to_write: bool) -> object:
        raise LookupError(f"no data store {store.name}")

    def write(self, store: DataStore, key: object, value: object, element_id: str) -> None:
        raise LookupError(f"no data store {store.name}")


def _no_decision(reference: str, variables: Mapping[str, object], element_id: str) -> object:
    raise LookupError(f"no decision service for {reference}")


def _always_pending(topic: str, inputs: Mapping[str, object], element_id: str) -> Mapping[str, object] | Pending:
    return PENDING


@dataclass(frozen=True, slots=True)
class Services:
    """What a running instance needs from outside; `decide` and `run_inline` may raise BpmnError.

    Both are told the element that asks.
    """

    functions: Mapping[str, FeelFunction] = field(default_factory=dict)
    decide: Callable[[str, Mapping[str, object], str], object] = _no_decision
    run_inline: Callable[[str, Mapping[str, object], str], Mapping[str, object] | Pending] = _always_pending
    stores: Stores = field(default_factory=_NoStores)
    step_budget: int = 200_000
