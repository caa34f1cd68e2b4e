"""One running instance: SpiffWorkflow's workflow and tasks, holding only the tokens that exist now.

SpiffWorkflow predicts a tree of future tasks, keeps every finished one and lets data flow along the tree; joins, loops,
scopes and speed all suffer from that. Here a task is a token: it is created when it arrives and removed when it leaves,
variables belong to scopes, and what has been is the business of the history rows.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import expressions, timers, values
from lastmeter.workflow.spiff.faults import (
    BpmnError,
    BranchesDisagree,
    CorrelationMissing,
    Deadlock,
    NotBoolean,
    NotWaiting,
    StepBudgetExceeded,
)
from lastmeter.workflow.spiff.model import Assignment, Event, Node, Text
from lastmeter.workflow.spiff.report import (
    Advance,
    CallOpened,
    EventName,
    HistoryEntry,
    IncidentOpened,
    JobOpened,
    Services,
    SubscriptionOpened,
    TaskOpened,
    Thrown,
    TimerOpened,
)

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.specs import Element, Spec

ROOT = "root"
MAX_FORKS = 16

# Roles of a token. Only flow and child tokens keep their scope alive; the others are armed catches.
FLOW, CHILD, BOUNDARY, RACE, EVENT_START = "flow", "child", "boundary", "race", "event-start"
_ALIVE = frozenset((FLOW, CHILD))


@dataclass(slots=True, eq=False)
class Fork:
    """One branch of a split: what its tokens wrote without reading it first."""

    id: str
    writes: dict[str, object] = field(default_factory=dict)


class Token(Task):  # type: ignore[misc]
    """A task of SpiffWorkflow that stands for a token or an armed catch of one."""

    def __init__(
        self,
        run: Run,
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


class Run(Workflow):  # type: ignore[misc]
    """The live instance: tokens, scopes, joins and a queue of what is ready."""

    def __init__(self, spec: Spec, services: Services, now: dt.datetime) -> None:
        super().__init__(spec, deserializing=True)
        self.spec: Spec = spec
        self.services = services
        self.now = now
        self.tasks: dict[str, Token] = {}
        self.scopes: dict[str, Scope] = {}
        self.owned: dict[str, dict[str, Token]] = {}
        self.joins: dict[tuple[str, str], dict[str, list[Token]]] = {}
        self.watching: dict[str, Token] = {}
        self.queue: deque[Token] = deque()
        self.idle: deque[str] = deque()
        self.report = Report()
        # The start event a new instance begins at ("" for the usual ones); None once it has begun.
        self.begin: str | None = None
        self.done = False
        self.cancelled = False
        self.uncaught: str | None = None
        self.steps = 0

    def is_completed(self) -> bool:
        """True when no token is left; decided by us, never by walking a tree."""
        return self.done

    def update_waiting_tasks(self) -> None:
        """Nothing: a wait ends by a call from outside, not by polling."""

    # -- driving -------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Everything automatic is done. Raises StepBudgetExceeded."""
        if self.begin is not None and not self.done:
            start, self.begin = self.begin, None
            self.begin_container(self.scopes[ROOT], (), self.spec.element(start) if start else None)
        while True:
            if self.idle:
                self.close_scope(self.idle.popleft())
            elif self.queue:
                token = self.queue.popleft()
                if self.tasks.get(token.id) is token:
                    self.step(token)
            elif not (self.settle_joins() or self.watch_conditions()):
                break
        self.detect_deadlock()

    def step(self, token: Token) -> None:
        """Run one token; a refusal on the way parks it as an incident and leaves the rest alone."""
        self.steps += 1
        if self.steps > self.services.step_budget:
            raise StepBudgetExceeded(steps=self.steps, element=token.task_spec.name)
        self.guarded(token, token.run)

    def guarded(self, token: Token, action: Any) -> None:
        """`action` done, or its refusal turned into an incident, or its BPMN error thrown."""
        try:
            action()
        except StepBudgetExceeded:
            raise
        except BpmnError as error:
            token.memo["failed"] = True
            if not self.throw("error", error.error_code, token.scope_id, token, error.message):
                del token.memo["failed"]
                self.park(token, "uncaught_error", {"error_code": error.error_code, "message": error.message})
        except LastmeterError as fault:
            self.park(token, fault.code, fault.facts)

    def park(self, token: Token, code: str, facts: Mapping[str, object]) -> None:
        """The token waits as an incident; what it had armed on the way in is taken back."""
        if "at" not in token.memo:
            for armed in list(self.owned.get(token.id, {}).values()):
                self.cancel(armed)
            self.drop_scope(token.id)
        self.close_opened(token)
        token._set_state(TaskState.ERROR)
        token.opened = "incident"
        self.note(token, "failed")
        self.report.incidents[token.id] = IncidentOpened(token.id, token.task_spec.name, code, dict(facts))

    def retry(self, token: Token) -> None:
        """The parked token is ready once more."""
        self.close_opened(token)
        token._set_state(TaskState.READY)
        match token.memo.get("at"):
            case "leave":
                self.guarded(token, token.complete)
            case "finish":
                self.guarded(token, lambda: token.task_spec.finish(self, token, None))
            case "watch":
                del token.memo["at"]
                token._set_state(TaskState.WAITING)
                self.watching[token.id] = token
            case _:
                self.queue.append(token)

    # -- tokens --------------------------------------------------------------------------------------------------

    def spawn(self, element: Element, scope_id: str, forks: tuple[Fork, ...] = (), via: str = "") -> Token:
        """A token that arrives at the element and will run."""
        token = Token(self, element, scope_id, FLOW)
        token.forks, token.via = forks, via
        self.admit(token)
        self.queue.append(token)
        return token

    def child(self, body: Token, index: int) -> Token:
        """One repetition of a repeated activity, ready to run."""
        token = Token(self, body.task_spec, body.scope_id, CHILD)
        token.owner, token.loop, token.forks = body.id, index, body.forks
        self.admit(token)
        self.queue.append(token)
        return token

    def arm(self, element: Element, scope_id: str, role: str, owner: Token | None, event: Event) -> Token:
        """A catch that waits for its event; timers and subscriptions are reported."""
        token = Token(self, element, scope_id, role, state=TaskState.WAITING)
        if owner is not None:
            token.owner, token.forks = owner.id, owner.forks
        self.admit(token)
        self.await_event(token, event)
        return token

    def admit(self, token: Token) -> None:
        """The indexes know the token."""
        self.tasks[token.id] = token
        scope = self.scopes[token.scope_id]
        scope.tokens[token.id] = token
        if token.loop is None:
            token.loop = scope.loop
        if token.role in _ALIVE:
            scope.alive += 1
        if token.owner:
            self.owned.setdefault(token.owner, {})[token.id] = token

    def discard(self, token: Token) -> None:
        """The token is gone, with what it had opened, armed or held open."""
        if self.tasks.pop(token.id, None) is None:
            return
        for armed in list(self.owned.pop(token.id, {}).values()):
            self.cancel(armed)
        self.drop_scope(token.id)
        self.close_opened(token)
        self.watching.pop(token.id, None)
        if token.owner and token.owner in self.owned:
            self.owned[token.owner].pop(token.id, None)
        scope = self.scopes[token.scope_id]
        scope.tokens.pop(token.id, None)
        if token.role in _ALIVE:
            scope.alive -= 1
            if not scope.alive:
                self.idle.append(scope.id)
        if token.via:
            self.leave_join(token)

    def leave_join(self, token: Token) -> None:
        waiting = self.joins.get((token.scope_id, token.task_spec.name))
        if waiting and token in waiting.get(token.via, ()):
            waiting[token.via].remove(token)
            if not waiting[token.via]:
                del waiting[token.via]
            if not waiting:
                del self.joins[token.scope_id, token.task_spec.name]

    def close_opened(self, token: Token) -> None:
        if token.opened == "incident":
            self.report.close_incident(token.id)
        elif token.opened:
            self.report.close(token.opened, token.id)
        token.opened = ""

    def cancel(self, token: Token) -> None:
        """The token is gone and with it everything inside; history says so of what had begun."""
        for armed in list(self.owned.pop(token.id, {}).values()):
            self.cancel(armed)
        self.drop_scope(token.id)
        if token.id in self.tasks:
            token._set_state(TaskState.CANCELLED)
            if token.noted:
                self.note(token, "failed" if token.memo.get("failed") else "cancelled")
            self.discard(token)

    def cancel_scope(self, scope_id: str, keep: Token | None = None, arms_too: bool = True) -> None:
        """Every token of the scope but one is cancelled."""
        for token in list(self.scopes[scope_id].tokens.values()):
            if token is not keep and (arms_too or token.role in _ALIVE):
                self.cancel(token)

    def drop_scope(self, scope_id: str) -> None:
        if scope_id in self.scopes:
            self.cancel_scope(scope_id)
            del self.scopes[scope_id]

    def note(self, token: Token, event: EventName) -> None:
        """One line of history."""
        if event == "entered":
            if token.noted:
                return
            token.noted = True
        node = token.task_spec.node
        body = node.repeat is not None and token.role == FLOW
        self.report.history.append(
            HistoryEntry(node.id, "multiInstanceBody" if body else node.type, node.name, event, token.id, token.loop)
        )

    def follow(self, token: Token, flows: Iterable[str]) -> None:
        """A token on each flow; more than one opens branches."""
        chosen = list(flows)
        process = self.spec.process
        if len(chosen) == 1:
            flow = process.flows[chosen[0]]
            self.spawn(self.spec.element(flow.target), token.scope_id, token.forks, flow.id)
            return
        for identity in chosen:
            flow = process.flows[identity]
            forks = (*token.forks[1 - MAX_FORKS :], Fork(str(uuid.uuid4())))
            self.spawn(self.spec.element(flow.target), token.scope_id, forks, flow.id)

    def leave(self, token: Token) -> None:
        """The element is done: history, the way out, and the token itself is gone."""
        element: Element = token.task_spec
        if token.role == CHILD:
            element.child_done(self, self.tasks[token.owner], token)
            return
        token.memo["at"] = "leave"
        flows = element.choose(self, token)
        self.note(token, "completed")
        self.discard(token)
        self.follow(token, flows)

    # -- scopes --------------------------------------------------------------------------------------------------

    def open_scope(self, scope_id: str, parent: str | None, container: str, loop: int | None = None) -> Scope:
        """A scope for the token of that id; an existing one (with local variables) becomes the container's."""
        scope = self.scopes.get(scope_id)
        if scope is None:
            scope = self.scopes[scope_id] = Scope(scope_id, parent, container, loop=loop)
        scope.container = container
        return scope

    def begin_container(self, scope: Scope, forks: tuple[Fork, ...], start: Element | None = None) -> None:
        """Its event sub-processes listen and its start runs."""
        for start_event in self.spec.event_starts(scope.container):
            event = start_event.node.event
            if event is not None and event.kind not in ("error", "escalation"):
                self.arm(start_event, scope.id, EVENT_START, None, event)
        for element in (start,) if start is not None else self.spec.starts(scope.container):
            self.spawn(element, scope.id, forks)
        if not scope.alive:
            self.idle.append(scope.id)

    def close_scope(self, scope_id: str) -> None:
        """If nothing runs in the scope any more, whatever it belongs to is done."""
        scope = self.scopes.get(scope_id)
        if scope is None or scope.alive or not scope.container:
            return
        self.cancel_scope(scope_id)
        if scope_id == ROOT:
            self.done = True
            return
        owner = self.tasks[scope_id]
        self.guarded(owner, lambda: owner.task_spec.finish(self, owner, None))

    def chain(self, token: Token) -> list[Scope]:
        """The scopes a token sees, innermost first."""
        scope = self.scopes.get(token.id) or self.scopes[token.scope_id]
        chain = [scope]
        while scope.parent is not None:
            scope = self.scopes[scope.parent]
            chain.append(scope)
        return chain

    def visible(self, token: Token) -> dict[str, object]:
        """All variables the token sees; inner ones hide outer ones."""
        seen: dict[str, object] = {}
        for scope in reversed(self.chain(token)):
            seen.update(scope.variables)
        return seen

    def local(self, token: Token) -> dict[str, object]:
        """The variables given to this activity alone or to the repetition it lies in."""
        seen: dict[str, object] = {}
        for scope in reversed(self.chain(token)):
            seen.update((name, scope.variables[name]) for name in scope.given)
        return seen

    def write(self, token: Token, name: str, value: object, *, aware: bool = False, outer: bool = False) -> None:
        """The variable has the value, in the innermost scope that has the name, else in the widest allowed.

        `aware`: the value was computed from the name's present value, so that nothing is lost.
        """
        kept = values.decode(values.encode(value, name))
        scope = self.scopes.get(token.id)
        if scope is None or outer or not (scope.isolated or scope.container):
            scope = self.scopes[token.scope_id]
        while not (scope.isolated or scope.parent is None or name in scope.variables):
            scope = self.scopes[scope.parent]
        scope.variables[name] = kept
        if token.forks and not scope.isolated:
            if aware:
                for fork in token.forks:
                    fork.writes.pop(name, None)
            else:
                token.forks[-1].writes[name] = kept

    def write_all(self, token: Token, fields: Mapping[str, object], *, outer: bool = False) -> None:
        for name, value in fields.items():
            self.write(token, name, value, outer=outer)

    # -- expressions ---------------------------------------------------------------------------------------------

    def evaluate(self, text: Text | None, token: Token, extra: Mapping[str, object] | None = None) -> Any:
        """The value of a literal or expression as the token sees the world; None for no text."""
        if text is None:
            return None
        if not text.feel:
            return text.text
        expression = expressions.compiled(text.text)
        chain = self.chain(token)
        context: dict[str, object] = {}
        for name in (*expression.names_read, *expression.names_perhaps_read):
            if extra is not None and name in extra:
                context[name] = extra[name]
                continue
            for scope in chain:
                if name in scope.variables:
                    context[name] = scope.variables[name]
                    break
        return expression.evaluate(context, functions=self.services.functions)

    def holds(self, text: Text, token: Token, extra: Mapping[str, object] | None = None) -> bool:
        """A condition's truth; null is not true. Raises NotBoolean."""
        value = self.evaluate(text, token, extra)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise NotBoolean(element=token.task_spec.name, expression=text.text, value=str(value))

    def assigned(
        self, assignments: Iterable[Assignment], token: Token, extra: Mapping[str, object] | None = None
    ) -> dict[str, object]:
        """The values of the assignments by target name."""
        return {item.target: self.evaluate(item.source, token, extra) for item in assignments}

    # -- events --------------------------------------------------------------------------------------------------

    def await_event(self, token: Token, event: Event) -> None:
        """The token waits for the event and the report says what for."""
        match event.kind:
            case "timer":
                value = self.evaluate(event.text, token)
                self.run_timer(token, timers.due(_timer_kind(event.timer), value, self.now), event)
            case "message" | "signal":
                correlation = self.correlation(token, event)
                token.opened = "subscription"
                self.report.opened["subscription"][token.id] = SubscriptionOpened(
                    token.id,
                    token.task_spec.name,
                    "message" if event.kind == "message" else "signal",
                    event.name,
                    correlation,
                )
            case "conditional":
                self.watching[token.id] = token

    def correlation(self, token: Token, event: Event) -> object:
        """The value that tells this instance's message from others'. Raises CorrelationMissing."""
        if event.correlation is None:
            return None
        value = self.evaluate(event.correlation, token)
        if value is None:
            raise CorrelationMissing(element=token.task_spec.name, expression=event.correlation.text)
        return values.decode(values.encode(value, "correlation"))

    def run_timer(self, token: Token, due: timers.Due, event: Event) -> None:
        token.opened = "timer"
        token.memo["due"] = due
        node = token.task_spec.node
        repeats = due.repeats and not node.interrupting
        self.report.opened["timer"][token.id] = TimerOpened(token.id, node.id, event.timer, due.at, repeats, token.loop)

    def fire(self, token: Token, payload: Mapping[str, object]) -> None:
        """The armed event happens. The token is a catch that waits or an activity that receives."""
        match token.role:
            case "boundary":
                self.fire_boundary(token, payload)
            case "event-start":
                self.fire_event_start(token, payload)
            case "race":
                self.win_race(token, payload)
            case _:
                self.close_opened(token)
                token.task_spec.finish(self, token, payload)

    def fire_boundary(self, armed: Token, payload: Mapping[str, object]) -> None:
        host = self.tasks[armed.owner]
        self.take_boundary(armed.task_spec, host, payload, armed)

    def take_boundary(
        self, element: Element, host: Token, payload: Mapping[str, object], armed: Token | None = None
    ) -> None:
        """The boundary event fires: history, the host cancelled if it interrupts, and on along its flows."""
        token = Token(self, element, host.scope_id, FLOW)
        token.forks, token.loop = host.forks, host.loop
        if not element.node.interrupting:
            token.forks = (*host.forks[1 - MAX_FORKS :], Fork(str(uuid.uuid4())))
        self.admit(token)
        self.note(token, "entered")
        if element.node.interrupting:
            self.cancel(host)
        elif armed is not None:
            self.rearm(armed, host)
        element.finish(self, token, payload)

    def rearm(self, armed: Token, owner: Token | None) -> None:
        """A non-interrupting catch goes on listening; a timer only if it repeats, under a new uid."""
        element: Element = armed.task_spec
        event = element.node.event
        if event is None or event.kind != "timer":
            return
        due: timers.Due = armed.memo["due"]
        following = due.after_firing(self.now)
        self.discard(armed)
        if following is None:
            return
        token = Token(self, element, armed.scope_id, armed.role, state=TaskState.WAITING)
        if owner is not None:
            token.owner, token.forks = owner.id, owner.forks
        self.admit(token)
        self.run_timer(token, following, event)

    def fire_event_start(self, armed: Token, payload: Mapping[str, object]) -> None:
        start: Element = armed.task_spec
        scope_id = armed.scope_id
        if not start.node.interrupting:
            self.rearm(armed, None)
        self.begin_event_sub_process(start, scope_id, payload)

    def begin_event_sub_process(self, start: Element, scope_id: str, payload: Mapping[str, object]) -> None:
        """The event sub-process runs in the scope, alone if its start interrupts."""
        element = self.spec.element(start.node.container)
        token = Token(self, element, scope_id, FLOW)
        if not start.node.interrupting:
            token.forks = (Fork(str(uuid.uuid4())),)
        self.admit(token)
        if start.node.interrupting:
            self.cancel_scope(scope_id, keep=token)
        self.note(token, "entered")
        token._set_state(TaskState.STARTED)
        scope = self.open_scope(token.id, scope_id, element.node.id, token.loop)
        begun = Token(self, start, scope.id, FLOW)
        begun.forks = token.forks
        self.admit(begun)
        self.note(begun, "entered")
        for inner in self.spec.event_starts(scope.container):
            event = inner.node.event
            if event is not None and event.kind not in ("error", "escalation"):
                self.arm(inner, scope.id, EVENT_START, None, event)
        start.finish(self, begun, payload)

    def win_race(self, winner: Token, payload: Mapping[str, object]) -> None:
        """The event decides for its flow; the gateway and the other events are done."""
        gateway = self.tasks[winner.owner]
        element: Element = winner.task_spec
        token = Token(self, element, winner.scope_id, FLOW)
        token.forks, token.via = gateway.forks, ""
        self.admit(token)
        self.note(gateway, "completed")
        self.discard(gateway)
        self.note(token, "entered")
        element.finish(self, token, payload)

    def throw(self, kind: str, code: str, scope_id: str, thrower: Token | None = None, message: str = "") -> bool:
        """True if something catches the error or escalation: the innermost scope first, a named code before any.

        `thrower` is the activity that fails itself, so that its own boundary events come first.
        """
        if thrower is not None and self.catch_at_boundary(kind, code, thrower, message):
            return True
        from_event_sub_process = False
        scope = self.scopes[scope_id]
        while True:
            if not from_event_sub_process:
                start = _match(self.spec.event_starts(scope.container), kind, code)
                if start is not None:
                    self.begin_event_sub_process(start, scope.id, _caught(start.node, code, message))
                    return True
            if scope.id == ROOT:
                return False
            owner = self.tasks[scope.id]
            if self.catch_at_boundary(kind, code, owner, message):
                return True
            # An event sub-process does not catch what it or a sibling throws: that goes to the scope around.
            from_event_sub_process = bool(owner.task_spec.node.triggered_by_event)
            scope = self.scopes[owner.scope_id]

    def catch_at_boundary(self, kind: str, code: str, host: Token, message: str) -> bool:
        boundary = _match(self.spec.boundaries(host.task_spec.name), kind, code)
        if boundary is None:
            return False
        body = self.tasks[host.owner] if host.role == CHILD else host
        self.take_boundary(boundary, body, _caught(boundary.node, code, message))
        return True

    def end_by_error(self, code: str) -> None:
        """Nobody catches the error: the instance ends with it, for its caller to see."""
        self.uncaught = code
        self.cancel_scope(ROOT)
        self.done = True

    # -- joins ---------------------------------------------------------------------------------------------------

    def arrive(self, token: Token) -> dict[str, list[Token]]:
        """The tokens waiting at the join by flow, this one among them."""
        waiting = self.joins.setdefault((token.scope_id, token.task_spec.name), {})
        line = waiting.setdefault(token.via, [])
        if token not in line:
            line.append(token)
        return waiting

    def merge(self, token: Token, merged: list[Token]) -> None:
        """One token goes on for all of them. Raises BranchesDisagree before anything has changed."""
        common = set(merged[0].forks).intersection(*(set(other.forks) for other in merged[1:]))
        written: dict[str, object] = {}
        disputed: set[str] = set()
        for other in merged:
            own: dict[str, object] = {}
            for fork in other.forks:
                if fork not in common:
                    own.update(fork.writes)
            disputed.update(name for name, value in own.items() if name in written and written[name] != value)
            written.update(own)
        if disputed:
            raise BranchesDisagree(element=token.task_spec.name, names=sorted(disputed))
        token.forks = tuple(fork for fork in token.forks if fork in common)
        if token.forks:
            token.forks[-1].writes.update(written)
        for other in merged:
            self.leave_join(other)
        for other in merged:
            if other is not token:
                self.discard(other)

    def settle_joins(self) -> bool:
        """True if an inclusive join could fire, now that nothing moves."""
        for (scope_id, name), waiting in list(self.joins.items()):
            element = self.spec.element(name)
            if element.node.type != "inclusiveGateway":
                continue
            if any(token._state == TaskState.ERROR for line in waiting.values() for token in line):
                continue
            if element.activated(self, scope_id, waiting):
                token = next(iter(waiting.values()))[0]
                self.guarded(token, lambda token=token, element=element, waiting=waiting: element.fire(
                    self, token, [line[0] for line in waiting.values()]))  # fmt: skip
                return True
        return False

    def watch_conditions(self) -> bool:
        """True if a conditional event fired, because its condition has become true."""
        for token in list(self.watching.values()):
            try:
                true = self.holds(token.task_spec.node.event.text, token)
            except LastmeterError as fault:
                del self.watching[token.id]
                token.memo["at"] = "watch"
                self.park(token, fault.code, fault.facts)
                continue
            was, token.memo["was"] = token.memo.get("was", False), true
            if true and not was:
                if token.role in (FLOW, RACE) or token.task_spec.node.interrupting:
                    self.watching.pop(token.id, None)
                self.fire(token, {})
                return True
        return False

    def detect_deadlock(self) -> None:
        """A scope in which every token waits at a join can never end: that is an incident, not silence."""
        for (scope_id, _), waiting in list(self.joins.items()):
            scope = self.scopes[scope_id]
            alive = [token for token in scope.tokens.values() if token.role in _ALIVE]
            at_joins = {
                token.id
                for (other, _), lines in self.joins.items()
                if other == scope_id
                for line in lines.values()
                for token in line
            }
            listening = any(token.role == EVENT_START for token in scope.tokens.values())
            if listening or any(token.id not in at_joins or token._state == TaskState.ERROR for token in alive):
                continue
            token = next(iter(waiting.values()))[0]
            self.park(token, Deadlock.code, {"element": token.task_spec.name})

    # -- what waits ----------------------------------------------------------------------------------------------

    def open_task(self, token: Token) -> None:
        node = token.task_spec.node
        token.opened = "task"
        self.report.opened["task"][token.id] = TaskOpened(token.id, node.id, node.name, token.loop, self.local(token))

    def open_call(self, token: Token, key: str, variables: Mapping[str, object]) -> None:
        token.opened = "call"
        self.report.opened["call"][token.id] = CallOpened(token.id, token.task_spec.name, key, variables, token.loop)

    def open_job(self, token: Token, topic: str, inputs: Mapping[str, object]) -> None:
        token.opened = "job"
        self.report.opened["job"][token.id] = JobOpened(token.id, token.task_spec.name, topic, inputs, token.loop)

    def waiting(self, task_uid: str) -> Token:
        """The token of that uid. Raises NotWaiting."""
        token = self.tasks.get(task_uid)
        if token is None:
            raise NotWaiting(task_uid=task_uid)
        return token

    def collect(self) -> Advance:
        """Everything since the last call."""
        report, self.report, self.steps = self.report, Report(), 0
        opened, closed = report.opened, report.closed
        return Advance(
            history=tuple(report.history),
            tasks_opened=tuple(opened["task"].values()),
            tasks_closed=tuple(closed["task"]),
            timers_opened=tuple(opened["timer"].values()),
            timers_closed=tuple(closed["timer"]),
            subscriptions_opened=tuple(opened["subscription"].values()),
            subscriptions_closed=tuple(closed["subscription"]),
            calls_opened=tuple(opened["call"].values()),
            calls_cancelled=tuple(closed["call"]),
            jobs_opened=tuple(opened["job"].values()),
            jobs_cancelled=tuple(closed["job"]),
            thrown=tuple(report.thrown),
            incidents_opened=tuple(report.incidents.values()),
            incidents_closed=tuple(report.incidents_closed),
            completed=self.done,
            uncaught_error=self.uncaught,
        )


def _timer_kind(text: str) -> timers.TimerKind:
    return "timeDate" if text == "timeDate" else "timeCycle" if text == "timeCycle" else "timeDuration"


def _match(candidates: Iterable[Element], kind: str, code: str) -> Element | None:
    """The catch for the code: one that names it before one that takes any."""
    anything = None
    for element in candidates:
        event = element.node.event
        if event is None or event.kind != kind:
            continue
        if event.name == code:
            return element
        if not event.name and anything is None:
            anything = element
    return anything


def _caught(node: Node, code: str, message: str) -> dict[str, object]:
    """The variables a catch sets about what it caught."""
    event = node.event
    fields: dict[str, object] = {}
    if event is not None and event.code_variable:
        fields[event.code_variable] = code
    if event is not None and event.message_variable:
        fields[event.message_variable] = message
    return fields
