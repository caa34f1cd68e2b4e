"""Events caught and thrown within an instance: armed, fired, re-armed, matched by scope from the inside out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from SpiffWorkflow.util.task import TaskState

from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import timers, values
from lastmeter.workflow.spiff.faults import BpmnError, CorrelationMissing, StepBudgetExceeded
from lastmeter.workflow.spiff.model import Event
from lastmeter.workflow.spiff.report import IncidentOpened, SubscriptionKind, SubscriptionOpened, TimerOpened
from lastmeter.workflow.spiff.store import Store
from lastmeter.workflow.spiff.tokens import CHILD, EVENT_START, FLOW, MAX_FORKS, PART, ROOT, Fork, Scope, Token

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.elements import Element


class Catching(Store):
    """The part of a running instance that knows events."""

    def begin_container(
        self, scope: Scope, forks: tuple[Fork, ...], start: Element | None = None, part: int | None = None
    ) -> None:
        """Its event sub-processes listen and its start runs; `part`: which of a start's several events has happened."""
        self.listen(scope)
        if start is not None:
            # What it waits for has happened already.
            begun = self.spawn(start, scope.id, forks)
            begun.memo["begun"] = True
            if part is not None:
                begun.memo["met"] = [part]
            for element in self.spec.awaited_beside(start):
                self.spawn(element, scope.id, forks)
        else:
            for element in self.spec.starts(scope.container):
                self.spawn(element, scope.id, forks)
        if not scope.alive:
            self.idle.append(scope.id)

    def listen(self, scope: Scope) -> None:
        """The event sub-processes of the scope's container wait for their events."""
        for start in self.spec.event_starts(scope.container):
            if start.node.event is not None and start.node.event.awaited:
                token = Token(self, start, scope.id, EVENT_START, state=TaskState.WAITING)
                self.admit(token)
                self.hear(token)

    def hear(self, token: Token) -> None:
        """A catch that no activity stands for waits for its event; if it cannot, it is an incident by itself."""
        event: Event = token.task_spec.node.event
        try:
            self.await_event(token, event)
        except LastmeterError as fault:
            for part in list(self.owned.get(token.id, {}).values()):
                self.cancel(part)
            token.memo["at"] = "arm"
            self.park(token, fault.code, fault.facts)

    def arm(self, element: Element, scope_id: str, role: str, owner: Token | None, event: Event) -> Token:
        """A catch that waits for its event; timers and subscriptions are reported."""
        token = Token(self, element, scope_id, role, state=TaskState.WAITING)
        if owner is not None:
            token.owner, token.forks = owner.id, owner.forks
        self.admit(token)
        self.await_event(token, event)
        return token

    def await_event(self, token: Token, event: Event) -> None:
        """The token waits for the event and the report says what for."""
        match event.kind:
            case "timer":
                value = self.evaluate(event.text, token)
                self.run_timer(token, timers.due(_timer_kind(event.timer), value, self.now), event)
            case "message" | "signal":
                self.subscribe(token, event, self.correlation(token, event))
            case "conditional":
                self.watching[token.id] = token
                self.unasked.append(token)
            case "any" | "all":
                for number, part in enumerate(event.parts):
                    if part.awaited and number not in token.memo.get("met", ()):
                        self.arm_part(token, number, part)

    def arm_part(self, token: Token, number: int, part: Event) -> None:
        """The catch waits for one of its several events."""
        armed = Token(self, token.task_spec, token.scope_id, PART, state=TaskState.WAITING)
        armed.owner, armed.loop, armed.forks = token.id, token.loop, token.forks
        armed.memo["part"] = number
        self.admit(armed)
        self.await_event(armed, part)

    def subscribe(self, token: Token, event: Event, correlation: object) -> None:
        """The message or signal is awaited; a key is kept, for it follows the variables that it comes from."""
        token.opened = "subscription"
        self.listening.setdefault((event.kind, event.name), {})[token.id] = token
        retrieval = event.retrieval.text if event.retrieval is not None else None
        if retrieval is not None:
            token.memo["key"] = correlation
        self.report.opened["subscription"][token.id] = SubscriptionOpened(
            token.id,
            token.task_spec.name,
            "message" if event.kind == "message" else "signal",
            event.name,
            correlation,
            retrieval,
        )

    def follow_keys(self) -> None:
        """What is awaited by a key is awaited by what the key is now. Source: BPMN 2.0.2, 8.4.2."""
        for token in list(self.tasks.values()):
            if "key" not in token.memo or token.opened != "subscription":
                continue
            event = self.event_of(token)
            assert event is not None
            present = self.correlation(token, event)
            if present != token.memo["key"]:
                self.close_opened(token)
                self.subscribe(token, event, present)

    def correlation(self, token: Token, event: Event) -> object:
        """The value that tells this instance's message from others'. Raises CorrelationMissing."""
        if event.correlation is None:
            return None
        value = self.evaluate(event.correlation, token)
        if event.retrieval is not None and (value is None or (isinstance(value, list) and None in value)):
            return None
        if value is None:
            raise CorrelationMissing(element=token.task_spec.name, expression=event.correlation.text)
        return values.decode(values.encode(value, "correlation"))

    def run_timer(self, token: Token, due: timers.Due, event: Event) -> None:
        token.opened = "timer"
        token.memo["due"] = due
        node = token.task_spec.node
        repeats = due.repeats and not node.interrupting
        self.report.opened["timer"][token.id] = TimerOpened(token.id, node.id, event.timer, due.at, repeats, token.loop)

    # -- firing --------------------------------------------------------------------------------------------------------

    def fire(self, token: Token, payload: Mapping[str, object]) -> None:
        """The armed event happens. The token is a catch that waits or an activity that receives."""
        match token.role:
            case "boundary":
                self.fire_boundary(token, payload)
            case "event-start":
                self.fire_event_start(token, payload)
            case "race":
                self.win_race(token, payload)
            case "part":
                self.part_happened(token, payload)
            case _:
                self.close_opened(token)
                for part in [each for each in self.owned.get(token.id, {}).values() if each.role == PART]:
                    self.cancel(part)
                self.guarded(token, lambda: token.task_spec.finish(self, token, payload))

    def subscribed(self, kind: SubscriptionKind, name: str) -> list[Token]:
        """What waits for the message or signal."""
        return list(self.listening.get((kind, name), {}).values())

    def signalled(self, name: str, payload: Mapping[str, object]) -> None:
        """The signal reaches what waits for it here, before whoever threw it goes on; what begins to wait by that does
        not get it. Other instances get it by the engine above."""
        for token in self.subscribed("signal", name):
            if token.opened == "subscription" and token.id in self.tasks:
                self.fire(token, payload)

    def part_happened(self, part: Token, payload: Mapping[str, object]) -> None:
        """One of several events: enough, or one less to wait for."""
        whole = self.tasks[part.owner]
        if whole.task_spec.node.event.kind == "any":
            self.fire(whole, payload)
            if part.id in self.tasks:
                self.rearm(part, whole)
            return
        met = whole.memo.setdefault("met", [])
        met.append(part.memo["part"])
        gathered = {**whole.memo.get("gathered", {}), **payload}
        self.discard(part)
        if len(met) < len(whole.task_spec.node.event.parts):
            whole.memo["gathered"] = gathered
            return
        whole.memo.pop("gathered", None)
        del whole.memo["met"]
        self.fire(whole, gathered)

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
        self.guarded(token, lambda: element.finish(self, token, payload))

    def rearm(self, armed: Token, owner: Token | None) -> None:
        """A non-interrupting catch goes on listening; a timer only if it repeats, under a new uid."""
        element: Element = armed.task_spec
        event = self.event_of(armed)
        if event is not None and event.kind == "all":
            self.hear(armed)
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
        if "part" in armed.memo:
            token.memo["part"] = armed.memo["part"]
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
            if scope_id in self.tasks:
                self.tasks[scope_id].task_spec.interrupted(self.tasks[scope_id])
        self.note(token, "entered")
        token._set_state(TaskState.STARTED)
        scope = self.open_scope(token.id, scope_id, element.node.id, token.loop)
        begun = Token(self, start, scope.id, FLOW)
        begun.forks = token.forks
        self.admit(begun)
        self.note(begun, "entered")
        self.listen(scope)
        self.guarded(begun, lambda: start.finish(self, begun, payload))

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
        element.give_inputs(self, token)
        self.guarded(token, lambda: element.finish(self, token, payload))

    # -- errors and escalations ----------------------------------------------------------------------------------------

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
                found = _match(self.spec.event_starts(scope.container), kind, code)
                if found is not None:
                    self.begin_event_sub_process(found[0], scope.id, _caught(found[1], code, message))
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
        found = _match(self.spec.boundaries(host.task_spec.name), kind, code)
        if found is None:
            return False
        body = self.tasks[host.owner] if host.role == CHILD else host
        self.take_boundary(found[0], body, _caught(found[1], code, message))
        return True

    def end_by_error(self, code: str) -> None:
        """Nobody catches the error: the instance ends with it, for its caller to see."""
        self.uncaught = code
        self.cancel_scope(ROOT)
        self.done = True

    # -- incidents -----------------------------------------------------------------------------------------------------

    def guarded(self, token: Token, action: Callable[[], object]) -> None:
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


def _timer_kind(text: str) -> timers.TimerKind:
    return "timeDate" if text == "timeDate" else "timeCycle" if text == "timeCycle" else "timeDuration"


def _match(candidates: Iterable[Element], kind: str, code: str) -> tuple[Element, Event] | None:
    """What catches the code: an event that names it before one that takes any."""
    anything = None
    for element in candidates:
        for event in element.node.event.each() if element.node.event is not None else ():
            if event.kind != kind:
                continue
            if event.name == code:
                return element, event
            if not event.name and anything is None:
                anything = element, event
    return anything


def _caught(event: Event, code: str, message: str) -> dict[str, object]:
    """The variables a catch sets about what it caught."""
    fields: dict[str, object] = {}
    if event.code_variable:
        fields[event.code_variable] = code
    if event.message_variable:
        fields[event.message_variable] = message
    return fields
