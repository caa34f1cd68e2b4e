"""The tokens and scopes of an instance: who is where, what it sees and writes, what it has opened.

SpiffWorkflow predicts a tree of future tasks, keeps every finished one and lets data flow along the tree; joins, loops,
scopes and speed all suffer from that. Here a task is a token: it is created when it arrives and removed when it leaves,
variables belong to scopes, and what has been is the business of the history rows.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.util.task import TaskState
from SpiffWorkflow.workflow import Workflow

from lastmeter.workflow.spiff import expressions, values
from lastmeter.workflow.spiff.faults import NotBoolean, NotWaiting, StoreKeyMissing
from lastmeter.workflow.spiff.model import Assignment, DataStore, Event, Text
from lastmeter.workflow.spiff.report import (
    Advance,
    CallOpened,
    EventName,
    HistoryEntry,
    JobOpened,
    Services,
    TaskOpened,
)
from lastmeter.workflow.spiff.tokens import ALIVE, CHILD, FLOW, MAX_FORKS, RESET, Fork, Report, Scope, Token

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.elements import Element
    from lastmeter.workflow.spiff.specs import Spec


class Store(Workflow):  # type: ignore[misc]
    """Tokens, scopes, joins and a queue of what is ready."""

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
        # What waits for messages and signals, by kind and name.
        self.listening: dict[tuple[str, str], dict[str, Token]] = {}
        # Activities that wait for their data inputs.
        self.lacking: dict[str, Token] = {}
        # Activated complex gateways that wait for their reset, by scope and element.
        self.resets: dict[tuple[str, str], Token] = {}
        # A variable is new: all conditions are to be asked. Else those that are watched only now.
        self.stirred = False
        self.unasked: list[Token] = []
        self.queue: deque[Token] = deque()
        # Ready like those in the queue, but throwing signals.
        self.signalling: deque[Token] = deque()
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

    # -- tokens --------------------------------------------------------------------------------------------------------

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

    def admit(self, token: Token) -> None:
        """The indexes know the token."""
        self.tasks[token.id] = token
        scope = self.scopes[token.scope_id]
        scope.tokens[token.id] = token
        if token.loop is None:
            token.loop = scope.loop
        if token.role in ALIVE:
            scope.alive += 1
        if token.owner:
            self.owned.setdefault(token.owner, {})[token.id] = token
        if token.role == RESET:
            self.resets[token.scope_id, token.task_spec.name] = token

    def discard(self, token: Token) -> None:
        """The token is gone, with what it had opened, armed or held open."""
        if self.tasks.pop(token.id, None) is None:
            return
        for armed in list(self.owned.pop(token.id, {}).values()):
            self.cancel(armed)
        self.drop_scope(token.id)
        self.close_opened(token)
        self.watching.pop(token.id, None)
        self.lacking.pop(token.id, None)
        if token.owner and token.owner in self.owned:
            self.owned[token.owner].pop(token.id, None)
        scope = self.scopes[token.scope_id]
        scope.tokens.pop(token.id, None)
        if token.role in ALIVE:
            scope.alive -= 1
            if not scope.alive:
                self.idle.append(scope.id)
        if token.via:
            self.leave_join(token)
        if token.role == RESET:
            del self.resets[token.scope_id, token.task_spec.name]

    def arrive(self, token: Token) -> dict[str, list[Token]]:
        """The tokens waiting at the join by flow, this one among them."""
        waiting = self.joins.setdefault((token.scope_id, token.task_spec.name), {})
        line = waiting.setdefault(token.via, [])
        if token not in line:
            line.append(token)
        return waiting

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
        if token.opened == "subscription":
            for line in self.listening.values():
                line.pop(token.id, None)
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

    def cancel_scope(self, scope_id: str, keep: Token | None = None) -> None:
        """Every token of the scope but one is cancelled."""
        for token in list(self.scopes[scope_id].tokens.values()):
            if token is not keep:
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
        elif event == "completed" and token.memo.get("skipped"):
            event = "cancelled"  # nobody has done it
        node = token.task_spec.node
        body = node.repeat is not None and token.role != CHILD
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

    # -- scopes --------------------------------------------------------------------------------------------------------

    def open_scope(self, scope_id: str, parent: str | None, container: str, loop: int | None = None) -> Scope:
        """A scope for the token of that id; an existing one (with local variables) becomes the container's."""
        scope = self.scopes.get(scope_id)
        if scope is None:
            scope = self.scopes[scope_id] = Scope(scope_id, parent, container, loop=loop)
        scope.container = container
        if container in self.spec.process.nodes:
            self.declare(scope, container)
        return scope

    def declare(self, scope: Scope, activity: str) -> None:
        """What the activity declares is null at first, whatever has the name outside. Source: BPMN 2.0.2, 10.4.1."""
        for name in self.spec.process.nodes[activity].declared:
            scope.variables.setdefault(name, None)

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
        own = scope is not None and name in token.task_spec.node.declared
        if scope is None or outer or not (scope.isolated or scope.container or own):
            scope = self.scopes[token.scope_id]
        while not (scope.isolated or scope.parent is None or name in scope.variables):
            scope = self.scopes[scope.parent]
        scope.variables[name] = kept
        self.stirred = True
        if token.forks and not scope.isolated:
            # Branches that split outside the scope cannot disagree about what is in it.
            outside = self.tasks[scope.id].forks if scope.id in self.tasks else ()
            branches = [fork for fork in token.forks if fork not in outside]
            if aware:
                for fork in branches:
                    fork.writes.pop(name, None)
            elif branches:
                branches[-1].writes[name] = kept

    def write_all(self, token: Token, fields: Mapping[str, object], *, outer: bool = False) -> None:
        for name, value in fields.items():
            self.write(token, name, value, outer=outer)

    # -- expressions ---------------------------------------------------------------------------------------------------

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
        return {
            item.target: self.evaluate(item.source, token, extra) if item.store is None else self.fetch(item, token)
            for item in assignments
        }

    def lacks(self, token: Token) -> list[str]:
        """The variables whose absence keeps the activity from beginning; of several input sets the one most complete.

        Source: BPMN 2.0.2, 10.4.2 and 13.3.2: an activity waits until one of its input sets is available.
        """
        known = self.visible(token) if token.task_spec.node.required else {}
        missing = [[name for name in names if known.get(name) is None] for names in token.task_spec.node.required]
        return min(missing, key=len, default=[])

    # -- data stores ---------------------------------------------------------------------------------------------------

    def fetch(self, item: Assignment, token: Token) -> object:
        """What the association reads from its data store, transformed if it says so. Raises StoreKeyMissing."""
        store = item.store
        assert store is not None
        to_write = store.name in self.spec.written_stores
        key = self.store_key(store, token, None)
        value = self.services.stores.read(store, key, token.task_spec.name, to_write=to_write)
        return value if item.source is None else self.evaluate(item.source, token, {store.known_as: value})

    def put(self, assignments: Iterable[Assignment], token: Token, extra: Mapping[str, object]) -> None:
        """The associations write to their data stores: all values are known before the first is written.

        Raises StoreKeyMissing.
        """
        known = []
        for item in assignments:
            assert item.store is not None
            key = self.store_key(item.store, token, extra)
            known.append((item.store, key, self.evaluate(item.source, token, extra)))
        for store, key, value in known:
            self.services.stores.write(store, key, value, token.task_spec.name)

    def store_key(self, store: DataStore, token: Token, extra: Mapping[str, object] | None) -> object:
        """The key of the entry; empty for a store of one value."""
        if store.key is None:
            return ""
        key = self.evaluate(store.key, token, extra)
        if key is None:
            raise StoreKeyMissing(element=token.task_spec.name, store=store.name, expression=store.key.text)
        return key

    # -- what waits ----------------------------------------------------------------------------------------------------

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

    def event_of(self, token: Token) -> Event | None:
        """The event the token stands at or waits for; of an event with several definitions maybe one."""
        event: Event | None = token.task_spec.node.event
        part = token.memo.get("part")
        return event if event is None or part is None else event.parts[part]

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
