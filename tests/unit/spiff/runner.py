"""Drives a process in tests; between every two steps the instance is saved and loaded onto the same restored spec."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import (
    Advance,
    CallOpened,
    DataStore,
    JobOpened,
    Live,
    ParsedProcess,
    Services,
    Spec,
    SubscriptionOpened,
    TaskOpened,
    Thrown,
    TimerOpened,
    parse,
    restore,
)

NOW = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:lm="http://lastmeter.org/schema/1.0" id="d" targetNamespace="t">'
)


def file(body: str, roots: str = "", key: str = "p") -> bytes:
    """A BPMN file with one executable process."""
    text = f'{HEAD}{roots}<bpmn:process id="{key}" isExecutable="true">{body}</bpmn:process></bpmn:definitions>'
    return text.encode()


def flow(source: str, target: str, condition: str = "", identity: str = "") -> str:
    """A sequence flow named after its ends."""
    inside = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
    return (
        f'<bpmn:sequenceFlow id="{identity or f"{source}_{target}"}" sourceRef="{source}" targetRef="{target}">'
        f"{inside if condition else ''}</bpmn:sequenceFlow>"
    )


def flows(*chains: str) -> str:
    """Flows for chains like `a b c`."""
    pairs = []
    for chain in chains:
        names = chain.split()
        pairs.extend(flow(source, target) for source, target in pairwise(names))
    return "".join(pairs)


def start(identity: str = "s") -> str:
    return f'<bpmn:startEvent id="{identity}"/>'


def end(identity: str = "e", inside: str = "") -> str:
    return f'<bpmn:endEvent id="{identity}">{inside}</bpmn:endEvent>'


def task(identity: str, inside: str = "", **attributes: str) -> str:
    rest = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<bpmn:userTask id="{identity}" name="{identity}"{rest}>{inside}</bpmn:userTask>'


def script(identity: str, text: str, result: str = "", inside: str = "") -> str:
    name = f' camunda:resultVariable="{result}"' if result else ""
    opening = f'<bpmn:scriptTask id="{identity}" scriptFormat="feel"{name}>'
    return f"{opening}{inside}<bpmn:script>{text}</bpmn:script></bpmn:scriptTask>"


def timer(kind: str, text: str) -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def boundary(identity: str, host: str, inside: str, interrupting: bool = True) -> str:
    cancel = "true" if interrupting else "false"
    opening = f'<bpmn:boundaryEvent id="{identity}" attachedToRef="{host}" cancelActivity="{cancel}">'
    return f"{opening}{inside}</bpmn:boundaryEvent>"


def shape(live: Live) -> object:
    """Everything a live instance knows, so that a loaded one can be compared with the saved one."""
    run = live._run
    return (
        {uid: (token.task_spec.name, token.role, token.state, token.memo) for uid, token in run.tasks.items()},
        {key: (scope.alive, sorted(scope.tokens), scope.variables) for key, scope in run.scopes.items()},
        {uid: sorted(armed) for uid, armed in run.owned.items() if armed},
        {key: {flow: [token.id for token in line] for flow, line in lines.items()} for key, lines in run.joins.items()},
        sorted(run.watching),
        sorted(run.lacking),
        [token.id for token in run.queue],
        (run.done, run.begin, list(run.idle)),
    )


class Shelf:
    """Data stores in memory; `full` names those that take nothing."""

    def __init__(self, full: Iterable[str] = ()) -> None:
        self.held: dict[tuple[str, object], object] = {}
        self.full = set(full)
        self.locked: list[str] = []

    def read(self, store: DataStore, key: object, element_id: str, *, to_write: bool) -> object:
        if to_write:
            self.locked.append(element_id)
        return self.held.get((store.name, key))

    def write(self, store: DataStore, key: object, value: object, element_id: str) -> None:
        if store.name in self.full:
            raise Full(store=store.name)
        self.held[store.name, key] = value


class Full(LastmeterError):
    code = "full"


class Runner:
    """One instance under test."""

    def __init__(
        self,
        xml: bytes | ParsedProcess,
        variables: Mapping[str, object] | None = None,
        services: Services | None = None,
        now: dt.datetime = NOW,
        start_element: str | None = None,
    ) -> None:
        self.parsed = xml if isinstance(xml, ParsedProcess) else parse(xml)[0]
        self.spec: Spec = restore(self.parsed.spec_blob)
        self.services = services or Services()
        self.now = now
        self.history: list[str] = []
        self.entries: list[tuple[str, str, str, int | None]] = []
        self.tasks: dict[str, TaskOpened] = {}
        self.timers: dict[str, TimerOpened] = {}
        self.subscriptions: dict[str, SubscriptionOpened] = {}
        self.calls: dict[str, CallOpened] = {}
        self.jobs: dict[str, JobOpened] = {}
        self.incidents: dict[str, tuple[str, str]] = {}
        self.thrown: list[Thrown] = []
        self.last = Advance()
        self.live = Live.start(self.spec, variables or {}, now, self.services, start_element)
        self._reload()
        self._take(self.live.advance(now))

    # -- steps ---------------------------------------------------------------------------------------------------

    def complete(self, element: str, *, index: int | None = None, **data: object) -> Advance:
        return self._step(lambda live, uid: live.complete(uid, data, self.now), self._find(self.tasks, element, index))

    def finish_job(self, element: str, *, index: int | None = None, **data: object) -> Advance:
        uid = self._find(self.jobs, element, index)
        del self.jobs[uid]
        return self._step(lambda live, uid: live.complete(uid, data, self.now), uid)

    def finish_call(self, element: str, *, index: int | None = None, **data: object) -> Advance:
        uid = self._find(self.calls, element, index)
        del self.calls[uid]
        return self._step(lambda live, uid: live.complete(uid, data, self.now), uid)

    def fail(self, element: str, code: str, *, kind: str = "error", message: str = "", ends: bool = False) -> Advance:
        known = {**self.jobs, **self.calls, **self.tasks}
        uid = self._find(known, element, None)
        advance = self._step(
            lambda live, uid: live.throw(uid, code, self.now, kind=kind, message=message, ends=ends), uid
        )
        if kind == "error":
            self.jobs.pop(uid, None)
            self.calls.pop(uid, None)
        return advance

    def fire(self, element: str, *, index: int | None = None) -> Advance:
        """The timer goes off at its due time."""
        uid = self._find(self.timers, element, index)
        self.now = max(self.now, self.timers[uid].due)
        return self._step(lambda live, uid: live.fire_timer(uid, self.now), uid)

    def deliver(self, element: str, **payload: object) -> Advance:
        return self._step(
            lambda live, uid: live.deliver(uid, payload, self.now), self._find(self.subscriptions, element, None)
        )

    def retry(self, element: str) -> Advance:
        uid = next(uid for uid, (name, _) in self.incidents.items() if name == element)
        return self._step(lambda live, uid: live.retry(uid, self.now), uid)

    def set(self, **fields: object) -> Advance:
        return self._step(lambda live, _: live.set_variables(fields, self.now), "")

    def cancel(self) -> Advance:
        return self._step(lambda live, _: live.cancel(self.now), "")

    # -- what a test looks at ------------------------------------------------------------------------------------

    @property
    def variables(self) -> dict[str, object]:
        return self.live.variables

    @property
    def completed(self) -> bool:
        return self.live.is_completed

    @property
    def open_tasks(self) -> list[str]:
        return sorted(task.element_id for task in self.tasks.values())

    @property
    def executed(self) -> list[str]:
        """Element ids in the order of their completion."""
        return [name for name, _, event, _ in self.entries if event == "completed"]

    def times(self, element: str, event: str = "completed") -> int:
        return sum(1 for name, _, happened, _ in self.entries if (name, happened) == (element, event))

    # -- inside --------------------------------------------------------------------------------------------------

    def _find(self, known: Mapping[str, object], element: str, index: int | None) -> str:
        for uid, opened in known.items():
            if getattr(opened, "element_id", None) == element and index in (None, getattr(opened, "loop_index", None)):
                return uid
        raise AssertionError(f"nothing waits at {element} ({index}); open: {known}")

    def _step(self, call: Callable[[Live, str], Advance], uid: str) -> Advance:
        self._take(call(self.live, uid))
        return self.last

    def _reload(self) -> None:
        before = shape(self.live)
        self.live = Live.load(self.spec, self.live.dump(), self.services)
        assert shape(self.live) == before

    def _take(self, advance: Advance) -> None:
        self.last = advance
        for entry in advance.history:
            self.entries.append((entry.element_id, entry.element_type, entry.event, entry.loop_index))
            self.history.append(f"{entry.event} {entry.element_id}")
        for known, opened, closed in (
            (self.tasks, advance.tasks_opened, advance.tasks_closed),
            (self.timers, advance.timers_opened, advance.timers_closed),
            (self.subscriptions, advance.subscriptions_opened, advance.subscriptions_closed),
            (self.calls, advance.calls_opened, advance.calls_cancelled),
            (self.jobs, advance.jobs_opened, advance.jobs_cancelled),
        ):
            for uid in closed:
                del known[uid]  # type: ignore[attr-defined]
            known.update({item.task_uid: item for item in opened})  # type: ignore[attr-defined]
        for uid in advance.incidents_closed:
            del self.incidents[uid]
        self.incidents.update({item.task_uid: (item.element_id, item.code) for item in advance.incidents_opened})
        self.thrown.extend(advance.thrown)
        assert advance.completed == self.live.is_completed
        if advance.completed:
            assert (self.tasks, self.timers, self.subscriptions, self.incidents) == ({}, {}, {}, {})
        self._reload()
