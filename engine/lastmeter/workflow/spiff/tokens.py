"""What a running instance consists of: tokens, scopes, branches, and the report of what changes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from lastmeter.workflow.spiff.report import HistoryEntry, IncidentOpened, Thrown

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.elements import Element
    from lastmeter.workflow.spiff.store import Store

ROOT = "root"
MAX_FORKS = 16

# Roles of a token. Armed catches (and their parts, where an event has several) keep no scope alive; what moves, what
# compensates and a complex gateway that waits for its reset do.
FLOW, CHILD, BOUNDARY, RACE, EVENT_START = "flow", "child", "boundary", "race", "event-start"
PART, HANDLER, RESET = "part", "handler", "reset"
ALIVE = frozenset((FLOW, CHILD, HANDLER, RESET))


@dataclass(slots=True, eq=False)
class Fork:
    """One branch of a split: what its tokens wrote without reading it first."""

    id: str
    writes: dict[str, object] = field(default_factory=dict)


class Token(Task):  # type: ignore[misc]
    """A task of SpiffWorkflow that stands for a token or an armed catch of one."""

    def __init__(
        self,
        run: Store,
        element: Element,
        scope_id: str,
        role: str,
        *,
        state: int = TaskState.READY,
        id: str | None = None,
    ) -> None:
        super().__init__(run, element, state=state, id=id or str(uuid.uuid4()))
        self.scope_id = scope_id
        self.role = role
        self.via = ""
        self.owner = ""
        self.loop: int | None = None
        self.memo: dict[str, Any] = {}
        self.forks: tuple[Fork, ...] = ()
        self.opened = ""
        self.noted = False

    def _set_state(self, value: int) -> None:
        # Without the log record that the original assembles for every change of state.
        self._state = value


@dataclass(slots=True, eq=False)
class Scope:
    """Variables of the process, of a sub-process, or local to one activity; `container` is empty for the last."""

    id: str
    parent: str | None
    container: str
    isolated: bool = False
    loop: int | None = None
    variables: dict[str, object] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    # What has completed here and can be compensated, in that order; see `compensating`.
    done: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    alive: int = 0


class Report:
    """Collects what the next Advance will say."""

    def __init__(self) -> None:
        self.history: list[HistoryEntry] = []
        self.opened: dict[str, dict[str, Any]] = {kind: {} for kind in ("task", "timer", "subscription", "call", "job")}
        self.closed: dict[str, dict[str, None]] = {kind: {} for kind in self.opened}
        self.thrown: list[Thrown] = []
        self.incidents: dict[str, IncidentOpened] = {}
        self.incidents_closed: dict[str, None] = {}

    def close(self, kind: str, uid: str) -> None:
        """What was opened in this very advance is simply not mentioned."""
        if self.opened[kind].pop(uid, None) is None:
            self.closed[kind][uid] = None

    def close_incident(self, uid: str) -> None:
        if self.incidents.pop(uid, None) is None:
            self.incidents_closed[uid] = None
