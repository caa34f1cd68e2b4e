"""A running instance in memory, as the engine above drives it: start, advance, complete, fire, deliver, dump."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from SpiffWorkflow.util.task import TaskState

from lastmeter.workflow.spiff import state, turns, values
from lastmeter.workflow.spiff.elements import Element
from lastmeter.workflow.spiff.faults import NotWaiting, StartNotPossible, UncaughtError
from lastmeter.workflow.spiff.report import Advance, Services, SubscriptionKind, Thrown
from lastmeter.workflow.spiff.run import Run
from lastmeter.workflow.spiff.specs import Spec
from lastmeter.workflow.spiff.tokens import CHILD, FLOW, ROOT, Token

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Live:
    """One running instance. A method that raises leaves it unusable: load the last saved state again."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._broken = False

    # -- life ----------------------------------------------------------------------------------------------------

    @classmethod
    def start(
        cls,
        spec: Spec,
        variables: Mapping[str, object],
        now: dt.datetime,
        services: Services,
        start_element: str | None = None,
    ) -> Live:
        """A new instance whose first elements are ready; `advance` runs them. Raises StartNotPossible.

        `start_element` names the event that starts it (`id#n` the n-th of its several event definitions, from 0);
        without, the process needs one none start, or an implicit one.
        """
        start = _start_of(spec, start_element)
        run = Run(spec, services, now)
        root = run.open_scope(ROOT, None, spec.key)
        for name, value in variables.items():
            root.variables[name] = values.decode(values.encode(value, name))
        run.begin = start_element if start is not None and start_element is not None else ""
        return cls(run)

    @classmethod
    def load(cls, spec: Spec, packed: bytes, services: Services) -> Live:
        """The instance that `dump` was given. Raises StateNotReadable."""
        return cls(state.load(spec, packed, services, _EPOCH))

    def dump(self) -> bytes:
        """The state, without the spec; never of an instance on which a call has failed."""
        if self._broken:
            raise RuntimeError("a live instance whose last call failed cannot be saved")
        return state.dump(self._run)

    @property
    def run(self) -> Run:
        """The tokens and scopes, for this room alone."""
        return self._run

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def variables(self) -> dict[str, object]:
        """The variables of the process itself (a copy of the mapping)."""
        return dict(self._run.scopes[ROOT].variables)

    @property
    def is_completed(self) -> bool:
        return self._run.is_completed()

    @property
    def is_cancelled(self) -> bool:
        return self._run.cancelled

    @property
    def uncaught_error(self) -> str | None:
        """The code of the BPMN error with which the instance ended, if it did."""
        return self._run.uncaught

    def variables_at(self, task_uid: str) -> dict[str, object]:
        """All variables the waiting element sees: its own, its sub-processes' and the process's. Raises NotWaiting."""
        return self._run.visible(self._run.waiting(task_uid))

    def rivals(self, task_uid: str) -> tuple[turns.Rival, ...]:
        """The activities that must not be under way while the task is. Raises NotWaiting."""
        return tuple(turns.rivals(self._run, self._run.waiting(task_uid)))

    def waiting(self) -> dict[str, str]:
        """Element ids by uid of everything that waits for an outside call."""
        return {uid: token.task_spec.name for uid, token in self._run.tasks.items() if token.opened}

    def active_elements(self) -> dict[str, int]:
        """How many tokens stand at each element, for the picture."""
        found: dict[str, int] = {}
        for token in self._run.tasks.values():
            if token.role == FLOW or token.role == CHILD:
                found[token.task_spec.name] = found.get(token.task_spec.name, 0) + 1
        return found

    # -- driving -------------------------------------------------------------------------------------------------

    def advance(self, now: dt.datetime) -> Advance:
        """All automatic work to the next wait states done. Raises StepBudgetExceeded."""
        return self._drive(now, lambda: None)

    def complete(self, task_uid: str, data: Mapping[str, object], now: dt.datetime) -> Advance:
        """The user task, job or call activity is done with this result. Raises NotWaiting, UnstorableValue.

        A person's result that cannot be kept raises what hinders it; that of a job or call is an incident.
        """
        run = self._run
        token = self._opened(task_uid, ("task", "job", "call"))
        element: Element = token.task_spec
        fields = {name: values.decode(values.encode(value, name)) for name, value in data.items()}

        by_person = token.opened == "task"

        def done() -> None:
            self._closed(token)
            if by_person:
                # What cannot be kept refuses the step: the person may put it right.
                element.conclude(run, token, fields)
                token.memo["at"] = "leave"
                run.guarded(token, token.complete)
            else:
                # The work is done and would be done again for nothing: its result waits with the incident.
                run.guarded(token, lambda: element.finish(run, token, fields))

        return self._drive(now, done)

    def throw(
        self,
        task_uid: str,
        error_code: str,
        now: dt.datetime,
        *,
        kind: str = "error",
        message: str = "",
        ends: bool = False,
    ) -> Advance:
        """A waiting job or child instance ends with a BPMN error, or a child instance escalates.

        An error that nothing catches ends the instance if `ends`, else UncaughtError is raised and the instance is
        unchanged. An escalation that nothing catches is reported in `thrown` for the parent. Raises NotWaiting.
        """
        run = self._run
        token = self._opened(task_uid, ("task", "job", "call"))
        if kind == "error" and not ends and not self._would_catch(token, error_code):
            raise UncaughtError(element=token.task_spec.name, error_code=error_code)

        def thrown() -> None:
            name = token.task_spec.name
            if kind == "error":
                self._closed(token)
                token.memo["failed"] = True
            caught = run.throw(kind, error_code, token.scope_id, token, message)
            run.report.thrown.append(
                Thrown("error" if kind == "error" else "escalation", error_code, name, caught=caught)
            )
            if kind == "error" and not caught:
                run.end_by_error(error_code)

        return self._drive(now, thrown)

    def fire_timer(self, task_uid: str, now: dt.datetime) -> Advance:
        """The timer is due. Raises NotWaiting if it no longer runs."""
        token = self._opened(task_uid, ("timer",))
        return self._drive(now, lambda: self._run.fire(token, {}))

    def deliver(self, task_uid: str, payload: Mapping[str, object], now: dt.datetime) -> Advance:
        """The message or signal arrives at this subscription. Raises NotWaiting, UnstorableValue."""
        token = self._opened(task_uid, ("subscription",))
        fields = {name: values.decode(values.encode(value, name)) for name, value in payload.items()}
        return self._drive(now, lambda: self._run.fire(token, fields))

    def subscriptions(self, kind: SubscriptionKind, name: str) -> tuple[str, ...]:
        """The uids that wait for the message or signal."""
        return tuple(token.id for token in self._run.subscribed(kind, name))

    def retry(self, task_uid: str, now: dt.datetime) -> Advance:
        """The incident's element is tried again. Raises NotWaiting."""
        token = self._opened(task_uid, ("incident",))
        return self._drive(now, lambda: self._run.retry(token))

    def set_variables(self, fields: Mapping[str, object], now: dt.datetime) -> Advance:
        """An operator sets variables of the process; what branches disagree about is settled by it."""
        root = self._run.scopes[ROOT]
        for name, value in fields.items():
            root.variables[name] = values.decode(values.encode(value, name))
            for token in self._run.tasks.values():
                for fork in token.forks:
                    fork.writes.pop(name, None)
        return self._drive(now, lambda: None)

    def operate(self, act: Callable[[Run], None], now: dt.datetime) -> Advance:
        """An operator's act on the tokens themselves (see `surgery`), then all automatic work."""
        return self._drive(now, lambda: act(self._run))

    def cancel(self, now: dt.datetime) -> Advance:
        """Everything open is cancelled and the instance is over."""

        def cancelled() -> None:
            run = self._run
            if ROOT in run.scopes:
                run.cancel_scope(ROOT)
            run.queue.clear()
            run.idle.clear()
            run.done = run.cancelled = True

        return self._drive(now, cancelled)

    # -- inside --------------------------------------------------------------------------------------------------

    def _drive(self, now: dt.datetime, action: Callable[[], None]) -> Advance:
        with self._unless_broken():
            self._run.now = now
            action()
            self._run.drain()
            return self._run.collect()

    @contextmanager
    def _unless_broken(self) -> Iterator[None]:
        if self._broken:
            raise RuntimeError("the last call on this live instance failed; load its saved state again")
        self._broken = True
        yield
        self._broken = False

    def _opened(self, task_uid: str, kinds: tuple[str, ...]) -> Token:
        token = self._run.waiting(task_uid)
        if token.opened not in kinds:
            raise NotWaiting(task_uid=task_uid)
        return token

    def _closed(self, token: Token) -> None:
        # A finished job or call is its caller's own doing: nothing is to be cancelled.
        if token.opened == "task":
            self._run.close_opened(token)
        else:
            self._run.report.opened[token.opened].pop(token.id, None)
            token.opened = ""
        token._set_state(TaskState.STARTED)

    def _would_catch(self, token: Token, code: str) -> bool:
        """True if an error thrown by the token's activity would be caught."""
        run = self._run
        at: Token = token
        skip_starts = True
        while True:
            if _takes(run.spec.boundaries(at.task_spec.name), code):
                return True
            scope = run.scopes[at.scope_id]
            inside_event_sub_process = not skip_starts and at.task_spec.node.triggered_by_event
            if not inside_event_sub_process and _takes(run.spec.event_starts(scope.container), code):
                return True
            if scope.id == ROOT:
                return False
            at, skip_starts = run.tasks[scope.id], False


def _takes(elements: list[Element], code: str) -> bool:
    events = (event for element in elements if element.node.event is not None for event in element.node.event.each())
    return any(event.kind == "error" and event.name in ("", code) for event in events)


def _start_of(spec: Spec, name: str | None) -> Element | None:
    starts = spec.doors()
    possible = sorted(element.name for element in starts)
    if name is not None:
        for element in starts:
            if element.name == name.partition("#")[0]:
                return element
        raise StartNotPossible(process=spec.key, start_element=name, possible=possible)
    plain = spec.starts(spec.key)
    if not plain or sum(element.node.type == "startEvent" for element in plain) > 1:
        raise StartNotPossible(process=spec.key, start_element=None, possible=possible)
    return None
