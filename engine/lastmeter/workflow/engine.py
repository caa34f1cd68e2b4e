"""One step of one instance: locked, loaded, run, and written back as rows, all in the caller's transaction.

Whatever concerns another instance or the outside world leaves as a job. An instance is locked with FOR NO KEY UPDATE:
as exclusive among ourselves as FOR UPDATE, but a foreign key that points here need not wait.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session, undefer

from lastmeter import audit, clock, connectors, outbox
from lastmeter.actor import Actor
from lastmeter.db import table_of
from lastmeter.deadlines import Computed, deadline_functions, records
from lastmeter.deadlines.models import Deadline
from lastmeter.decisions import Model, Outcome
from lastmeter.definitions import publishing, tables
from lastmeter.definitions.publishing import Element, LoadedDefinition
from lastmeter.errors import InvalidInput, LastmeterError, Missing
from lastmeter.feel import FeelFunction
from lastmeter.identity.models import Account
from lastmeter.workflow import candidates, conditions, decided, hooks, live, stores, submissions
from lastmeter.workflow.decided import Decided
from lastmeter.workflow.models import (
    NEVER,
    HistoryEvent,
    HumanTask,
    Incident,
    Instance,
    InstanceParty,
    Subscription,
    Timer,
)
from lastmeter.workflow.refusals import InstanceEnded
from lastmeter.workflow.spiff import (
    PENDING,
    Advance,
    DataStore,
    Live,
    Pending,
    Services,
    SubscriptionOpened,
    TaskOpened,
    Thrown,
    TimerOpened,
)
from lastmeter.workflow.spiff import expressions as feel
from lastmeter.workflow.spiff import values as feel_values

_INSIDE = "inside an instance"


class ConnectorRefused(Exception):
    """Carries a connector's refusal past the engine, which would park it as an incident; `cause` is the refusal."""

    def __init__(self, cause: LastmeterError) -> None:
        self.cause = cause
        super().__init__(str(cause))


@dataclass
class Held:
    """An instance under our lock with everything a step needs."""

    session: Session
    actor: Actor
    instance: Instance
    loaded: LoadedDefinition
    now: dt.datetime = field(default_factory=clock.now)
    collected: list[Computed] = field(default_factory=list)  # deadlines that expressions computed
    entries: list[audit.Entry] = field(default_factory=list)
    opened: list[HumanTask] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)  # by tables, since the step began
    desk: Desk | None = None
    _functions: Mapping[str, FeelFunction] | None = None
    _parties: dict[str, int] | None = None
    _shelves: stores.Shelves | None = None

    @property
    def shelves(self) -> stores.Shelves:
        """The data stores, with what this step has written."""
        if self._shelves is None:
            self._shelves = stores.Shelves(self.session, self.loaded, lambda name: self.parties.get(name))
        return self._shelves

    @property
    def parties(self) -> dict[str, int]:
        """Organisation ids by party name, read when first asked for."""
        if self._parties is None:
            self._parties = parties_of(self.session, self.instance.id)
        return self._parties

    @property
    def functions(self) -> Mapping[str, FeelFunction]:
        if self._functions is None:
            self._functions = deadline_functions(self.session, self.collected)
        return self._functions

    @property
    def live(self) -> Live:
        """The running workflow, from the cache or from its stored state."""
        if self.desk is None:
            found = live.take(self.session, self.instance.id, self.instance.version)
            if isinstance(found, Desk):
                self.desk = found
            else:
                assert self.instance.blob is not None
                self.desk = Desk()
                self.desk.live = Live.load(self.loaded.spec, self.instance.blob, self.desk.services)
            self.desk.held = self
        assert self.desk.live is not None
        return self.desk.live

    def start(self, variables: Mapping[str, object], start_element: str | None) -> None:
        """A new workflow stands at its first element. Raises StartNotPossible, UnstorableValue."""
        self.desk = Desk()
        self.desk.held = self
        self.desk.live = Live.start(self.loaded.spec, variables, self.now, self.desk.services, start_element)

    def note(self, action: str, **facts: object) -> None:
        """The fact joins the instance's chain when the step is written; never case content."""
        self.entries.append(audit.Entry(self.actor, action, f"instance/{self.instance.id}", facts))

    def keep(
        self, element_id: str, model: Model, outcome: Outcome, decision: str, inputs: Mapping[str, object]
    ) -> object:
        """The decision's value; why it is that one is written with the step."""
        answer = decided.answered(element_id, model, decision, inputs, outcome)
        if answer is not None:
            self.decided.append(answer)
        return outcome.value

    def element(self, element_id: str) -> Element:
        return self.loaded.elements[element_id]

    def set_parties(self, given: Mapping[str, int]) -> None:
        """The parties stand, completed from the organisation trees."""
        known = self.parties
        for name, organisation_id in hooks.complete_parties(self.session, {**known, **given}).items():
            if known.get(name) != organisation_id:
                party = InstanceParty(instance_id=self.instance.id, name=name, organisation_id=organisation_id)
                self.session.merge(party) if name in known else self.session.add(party)
                known[name] = organisation_id


class Desk:
    """What a live workflow asks its questions; it lives as long as the workflow and serves whoever holds it now."""

    def __init__(self) -> None:
        self.live: Live | None = None
        self.held: Held | None = None
        self.services = Services(_LentFunctions(self), self.decide, self.run_inline, _LentStores(self))

    @property
    def holder(self) -> Held:
        assert self.held is not None
        return self.held

    def decide(self, reference: str, variables: Mapping[str, object], element_id: str) -> object:
        held = self.holder
        return held.keep(element_id, *held.loaded.decide(reference, variables, held.functions), reference, variables)

    def run_inline(self, topic: str, inputs: Mapping[str, object], element_id: str) -> Mapping[str, object] | Pending:
        """What a local connector gives of what somebody reads; a remote one waits for a worker."""
        held = self.holder
        connector = connectors.find(topic)
        if not connector.local:
            return PENDING
        step = RunningStep(held, element_id)
        try:
            with inside(held):
                outputs = connector.call(step, **inputs) or {}
        except LastmeterError as refusal:
            raise ConnectorRefused(refusal) from refusal
        return kept(held, element_id, outputs)


def kept(held: Held, element_id: str, outputs: Mapping[str, object]) -> dict[str, object]:
    """What of a connector's or child's outputs is read: by the definition, by the element's mappings, by the caller."""
    read = held.loaded.names_read.union(held.instance.wanted or (), held.element(element_id).names_read)
    return {name: value for name, value in outputs.items() if name in read}


def read_by(held: Held, given: Mapping[str, object]) -> dict[str, object]:
    """What of the given variables the definition or its caller reads; the rest is not carried along."""
    read = held.loaded.names_read.union(held.instance.wanted or ())
    return {name: value for name, value in given.items() if name in read}


class _LentStores:
    """The data stores as whoever holds the workflow now sees them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def read(self, store: DataStore, key: object, element_id: str, *, to_write: bool) -> object:
        return self._desk.holder.shelves.read(store, key, element_id, to_write=to_write)

    def write(self, store: DataStore, key: object, value: object, element_id: str) -> None:
        self._desk.holder.shelves.write(store, key, value, element_id)


class _LentFunctions(Mapping[str, FeelFunction]):
    """The functions of whoever holds the workflow now; they are made when an expression first names one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __getitem__(self, name: str) -> FeelFunction:
        return self._desk.holder.functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._desk.holder.functions)

    def __len__(self) -> int:
        return len(self._desk.holder.functions)


@contextmanager
def inside(held: Held) -> Iterator[None]:
    """While a connector runs its instance is locked: what concerns others then goes through the outbox."""
    stack: list[Held] = held.session.info.setdefault(_INSIDE, [])
    stack.append(held)
    try:
        yield
    finally:
        stack.pop()


def is_inside(session: Session) -> bool:
    """True while a connector runs."""
    return bool(session.info.get(_INSIDE))


def current(session: Session, instance_id: int) -> Held | None:
    """The instance, if it is the one whose connector runs now."""
    return next((held for held in session.info.get(_INSIDE, ()) if held.instance.id == instance_id), None)


class RunningStep:
    """What a local connector knows and may do; see `lastmeter.connectors.Step`."""

    def __init__(self, held: Held, element_id: str) -> None:
        self._held = held
        self.session, self.actor, self.now = held.session, held.actor, held.now
        self.instance_id, self.definition_key = held.instance.id, held.instance.definition_key
        self.element_id = element_id

    @property
    def business_key(self) -> str | None:
        return self._held.instance.business_key

    @property
    def variables(self) -> Mapping[str, Any]:
        return self._held.live.variables

    @property
    def parties(self) -> Mapping[str, int]:
        return dict(self._held.parties)

    @property
    def starter_id(self) -> int | None:
        return self._held.instance.starter_id

    def submission(self, element_id: str) -> dict[str, Any] | None:
        rows = submissions.of_element(self.session, self.instance_id, element_id)
        return submissions.content(self.session, rows[-1]) if rows else None

    def submissions(self, element_id: str) -> list[dict[str, Any]]:
        rows = submissions.of_element(self.session, self.instance_id, element_id)
        return [submissions.content(self.session, row) for row in rows]

    def set_party(self, name: str, organisation_id: int) -> None:
        self._held.set_parties({name: organisation_id})

    def set_title(self, zh: str, en: str) -> None:
        self._held.instance.title_zh, self._held.instance.title_en = zh[:200], en[:200]

    def set_business_key(self, key: str) -> None:
        self._held.instance.business_key = key

    def note(self, action: str, **facts: object) -> None:
        """The fact joins the instance's audit chain."""
        self._held.note(action, **facts)

    def decide(self, decision: str, inputs: Mapping[str, object]) -> object:
        held = self._held
        model = held.loaded.model_of(decision) or tables.of(self.session, held.loaded.key).model(decision)
        outcome = model.decide(decision, inputs, functions=held.functions)
        return held.keep(self.element_id, model, outcome, decision, inputs)


# --- holding -------------------------------------------------------------------------------------------------


def parties_of(session: Session, instance_id: int) -> dict[str, int]:
    """Organisation ids by party name."""
    rows = session.execute(
        select(InstanceParty.name, InstanceParty.organisation_id).where(InstanceParty.instance_id == instance_id)
    )
    return {row.name: row.organisation_id for row in rows}


def lock(session: Session, which: ColumnElement[bool]) -> Instance | None:
    """The instance under our lock, as it stands now.

    Nothing else is read in this statement: having waited for the lock, the database reads the locked row anew, but
    every other row as it was before the wait. (Read together, two of fifty claimers became holders of one task.)
    """
    return session.scalar(
        select(Instance)
        .where(which)
        .options(undefer(Instance.blob))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def hold(session: Session, actor: Actor, instance_id: int, *, running: bool = True) -> Held:
    """The instance under our lock until the transaction ends. Raises Missing, InstanceEnded."""
    instance = lock(session, Instance.id == instance_id)
    if instance is None:
        raise Missing(what="instance", id=instance_id)
    if running and instance.state in ("completed", "cancelled"):
        raise InstanceEnded(state=instance.state)
    return held(session, actor, instance)


def held(session: Session, actor: Actor, instance: Instance) -> Held:
    """The instance that the caller has locked, with what it runs on."""
    return Held(session, actor, instance, publishing.load(session, instance.definition_id))


def begin(
    session: Session,
    actor: Actor,
    loaded: LoadedDefinition,
    *,
    parties: Mapping[str, int],
    business_key: str | None = None,
    parent: tuple[int, str, int] | None = None,
    starter_id: int | None = None,
    wanted: Iterable[str] | None = None,
) -> Held:
    """A new instance, not yet started; `parent` is its caller's id, the call's uid, and the root's id."""
    instance = Instance(
        definition_id=loaded.id, definition_key=loaded.key, business_key=business_key, title_zh=loaded.title_zh,
        title_en=loaded.title_en, state="running", starter_id=starter_id, started_at=clock.now(), history_count=0,
        audit_position=0, audit_hash=audit.GENESIS, wanted=sorted(wanted) if wanted else None,
        parent_id=parent[0] if parent else None, parent_task_uid=parent[1] if parent else None,
        root_id=parent[2] if parent else None,
    )  # fmt: skip
    session.add(instance)
    session.flush()
    made = Held(session, actor, instance, loaded)
    made._parties = {}
    made.set_parties(parties)
    return made


# --- running -------------------------------------------------------------------------------------------------


def run(held: Held, work: Callable[[Live], Advance], *, performer: HumanTask | None = None) -> Advance:
    """What the step did, written as rows. `performer` is the task whose completion this is.

    Raises whatever a local connector refuses; the live workflow is then unusable and nothing was kept.
    """
    try:
        advance = work(held.live)
    except ConnectorRefused as refused:
        raise refused.cause from None
    record(held, advance, performer=performer)
    return advance


def cancel(held: Held, *, tell_parent: bool) -> None:
    """Everything open is closed and the state written; the instance's row says `cancelled` already."""
    advance = held.live.cancel(held.now)
    _history(held, advance)
    _close(held, advance, None)
    session, instance = held.session, held.instance
    session.execute(
        update(Incident)
        .where(Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
        .values(resolved_at=held.now, resolved_by=held.actor.person_id)
    )
    jobs = list(_leave(held, advance))
    if tell_parent and instance.parent_id is not None:
        payload = {"uid": instance.parent_task_uid, "child": instance.id, "error": "cancelled", "stopped": True}
        jobs.append(outbox.wanted("child.ended", f"ret-{instance.id}", instance_id=instance.parent_id, payload=payload))
    outbox.enqueue_all(session, jobs)
    save(held)


def record(held: Held, advance: Advance, *, performer: HumanTask | None = None) -> None:
    """Every line of the advance as a row; the state as bytes; the audit chain one step longer."""
    session, instance = held.session, held.instance
    # One flush at the end: else each statement would first write the instance's row once more.
    with session.no_autoflush:
        _history(held, advance)
        _put(held)
        decided.store(session, instance, held.loaded, held.decided, held.now)
        held.decided = []
        _close(held, advance, performer)
        jobs = [*_open(held, advance), *_leave(held, advance)]
        if advance.completed:
            instance.state, instance.ended_at = "completed", held.now
            held.note("instance.completed", error=advance.uncaught_error)
            jobs.extend(_tell_parent(held, advance))
        outbox.enqueue_all(session, jobs)
        save(held)


def save(held: Held) -> None:
    """The instance's row carries the new state and the head of its audit chain."""
    instance, session = held.instance, held.session
    desk = held.desk or _untouched(held)
    if held.desk is not None:
        instance.blob = held.live.dump()
    with session.no_autoflush:
        instance.audit_position, instance.audit_hash = audit.extend(
            session, f"instance/{instance.id}", instance.audit_position, instance.audit_hash, held.entries
        )
    held.entries = []
    session.flush()
    if desk is not None and instance.blob is not None and instance.state in ("running", "incident"):
        live.keep(session, instance.id, instance.version, desk, len(instance.blob))


def _untouched(held: Held) -> Desk | None:
    """The cached workflow, which goes on under the new version of a row that only noted something."""
    found = live.take(held.session, held.instance.id, held.instance.version)
    return found if isinstance(found, Desk) else None


def _history(held: Held, advance: Advance) -> None:
    rows = []
    for entry in advance.history:
        held.instance.history_count += 1
        rows.append(
            {
                "instance_id": held.instance.id,
                "seq": held.instance.history_count,
                "element_id": entry.element_id,
                "element_type": entry.element_type,
                "event": entry.event,
                "at": held.now,
                "person_id": held.actor.person_id,
                "uid": entry.task_uid,
                "loop_index": entry.loop_index,
            }
        )
    if rows:
        held.session.execute(insert(table_of(HistoryEvent)), rows)


def _put(held: Held) -> None:
    """What the step wrote to data stores stands there, and the audit says where."""
    if held._shelves is None:
        return
    places = list(held._shelves.written)
    for action, facts in held._shelves.record(held.instance.id, held.actor, held.now):
        held.note(action, **facts)
    outbox.enqueue_all(
        held.session, conditions.asked(held.session, places, f"{held.instance.id}-{held.instance.version}")
    )


def _close(held: Held, advance: Advance, performer: HumanTask | None) -> None:
    session, instance_id = held.session, held.instance.id
    gone = [uid for uid in advance.tasks_closed if performer is None or uid != performer.uid]
    if gone:
        session.execute(
            update(HumanTask)
            .where(HumanTask.instance_id == instance_id, HumanTask.uid.in_(gone))
            .where(HumanTask.state.in_(("open", "hold", "suspended")))
            .values(state="cancelled", completed_at=held.now)
        )
    if advance.subscriptions_closed:
        session.execute(
            delete(Subscription).where(
                Subscription.instance_id == instance_id, Subscription.uid.in_(advance.subscriptions_closed)
            )
        )
    if advance.timers_closed:
        withdrawn = [timer_key(instance_id, uid) for uid in advance.timers_closed]
        session.execute(delete(Timer).where(Timer.job_key.in_(withdrawn)))
        outbox.withdraw(session, *(key for key in withdrawn if key != outbox.performing(session)))
        meet(session, held.now, *(f"timer/{key}" for key in withdrawn))
    if advance.jobs_cancelled:
        keys = [service_key(instance_id, uid) for uid in advance.jobs_cancelled]
        outbox.withdraw(session, *(key for key in keys if key != outbox.performing(session)))
    if advance.incidents_closed:
        _resolve(held, Incident.uid.in_(advance.incidents_closed))
    if held.instance.state == "incident":
        # A job that was given up is not wanted any more: neither is a person to look at it.
        _resolve(held, Incident.job_key.in_(_unwanted(instance_id, advance)))


def _unwanted(instance_id: int, advance: Advance) -> list[str]:
    """The keys of the jobs that belonged to what was closed."""
    return [
        *(timer_key(instance_id, uid) for uid in advance.timers_closed),
        *(service_key(instance_id, uid) for uid in advance.jobs_cancelled),
        *(call_key(instance_id, uid) for uid in advance.calls_cancelled),
    ]


def _resolve(held: Held, which: ColumnElement[bool]) -> None:
    session, instance = held.session, held.instance
    session.execute(
        update(Incident)
        .where(Incident.instance_id == instance.id, which, Incident.resolved_at.is_(None))
        .values(resolved_at=held.now, resolved_by=held.actor.person_id)
    )
    settle_incidents(session, instance)


def settle_incidents(session: Session, instance: Instance) -> None:
    """The instance is running again once none of its incidents is open."""
    query = select(func.count()).where(Incident.instance_id == instance.id, Incident.resolved_at.is_(None))
    if instance.state == "incident" and not session.scalar(query.select_from(Incident)):
        instance.state = "running"


def _open(held: Held, advance: Advance) -> list[dict[str, Any]]:
    session, instance = held.session, held.instance
    tasks = [_task(held, opened) for opened in advance.tasks_opened]
    timers = [_timer(held, opened) for opened in advance.timers_opened]
    session.add_all([row for row, _ in tasks])
    session.add_all(timers)
    session.add_all(_subscription(held, opened) for opened in advance.subscriptions_opened)
    held.opened.extend(row for row, _ in tasks)
    _store_deadlines(held, tasks, timers)
    for parked in advance.incidents_opened:
        instance.state = "incident"
        session.add(
            Incident(
                instance_id=instance.id, element_id=parked.element_id, uid=parked.task_uid, code=parked.code,
                detail=_detail(parked.facts), opened_at=held.now,
            )
        )  # fmt: skip
        held.note("incident.opened", element=parked.element_id, code=parked.code)
    paused_at = held.now if instance.suspended_at is not None else None
    return [
        outbox.wanted(
            "timer", row.job_key, instance_id=instance.id, payload={"uid": row.uid}, due_at=row.due_at,
            paused_at=paused_at,
        )
        for row in timers
    ]  # fmt: skip


def _subscription(held: Held, opened: SubscriptionOpened) -> Subscription:
    return Subscription(
        instance_id=held.instance.id,
        uid=opened.task_uid,
        element_id=opened.element_id,
        kind=opened.kind,
        name=opened.name,
        correlation=as_correlation(opened.correlation),
        retrieval=opened.retrieval,
    )


def _detail(facts: Mapping[str, object]) -> str:
    # `value` may be what a person wrote: names and expressions are enough to find the fault.
    return ", ".join(f"{name}={fact}" for name, fact in facts.items() if name not in ("value", "message"))[:2000]


def _task(held: Held, opened: TaskOpened) -> tuple[HumanTask, list[Computed]]:
    """The task's row, and the deadlines that its due date was computed from."""
    element = held.element(opened.element_id)
    known = {**held.live.variables_at(opened.task_uid), **opened.local}

    def evaluate(text: str) -> object:
        return feel.compiled(text).evaluate(known, functions=held.functions)

    def person_of(login: str) -> int | None:
        return held.session.scalar(select(Account.person_id).where(Account.login == login))

    seat = candidates.seat_of(
        held.loaded, element, lambda name: held.parties.get(name), held.instance.starter_id, evaluate, person_of
    )
    before = len(held.collected)
    due = candidates.due_of(element, evaluate, held.now)
    deadlines = held.collected[before:]
    del held.collected[before:]
    row = HumanTask(
        instance_id=held.instance.id, element_id=element.id, uid=opened.task_uid, loop_index=opened.loop_index,
        name_zh=element.name[:200], name_en=element.name_en[:200], form_key=candidates.form_key(element.ext),
        role=seat.role, organisation_id=seat.organisation_id, person_id=seat.person_id,
        due_on=due.on, due_at=due.at, sort_at=due.at or NEVER, priority=candidates.priority_of(element, evaluate),
        state="suspended" if held.instance.suspended_at else "open", created_at=held.now,
        local=_plain(opened.local) or None,
    )  # fmt: skip
    return row, deadlines


def _plain(local: Mapping[str, object]) -> dict[str, Any]:
    """A loop's own variables as JSON, for headings."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(dict(local), default=str))
    return plain


def _timer(held: Held, opened: TimerOpened) -> Timer:
    local = opened.due.astimezone(clock.ZONE)
    ends_a_day = local.time() == dt.time()
    return Timer(
        job_key=timer_key(held.instance.id, opened.task_uid), instance_id=held.instance.id,
        element_id=opened.element_id, uid=opened.task_uid, due_at=opened.due,
        due_on=local.date() - dt.timedelta(days=1) if ends_a_day else None,
    )  # fmt: skip


def timer_key(instance_id: int, uid: str) -> str:
    return f"tmr-{instance_id}-{uid}"


def service_key(instance_id: int, uid: str) -> str:
    return f"svc-{instance_id}-{uid}"


# What a business key may have: a message that starts an instance gives it its correlation as one.
MOST_OF_CORRELATION = 120


def as_correlation(value: object) -> str | None:
    """One text for equal values. Raises InvalidInput where it is longer than a key may be."""
    text = feel_values.as_text(value)
    if text is not None and len(text) > MOST_OF_CORRELATION:
        raise InvalidInput(field="correlation", reason="too_long", most=MOST_OF_CORRELATION)
    return text


def packed(variables: Mapping[str, object]) -> str:
    """Variables as text for a job's payload: types and order stay, which JSONB would not keep."""
    return orjson.dumps(feel_values.encode(dict(variables))).decode()


def unpacked(text: str) -> dict[str, object]:
    opened = feel_values.decode(orjson.loads(text))
    assert isinstance(opened, dict)
    return opened


def _leave(held: Held, advance: Advance) -> Iterator[dict[str, Any]]:
    """Jobs for everything that concerns another instance or the outside world."""
    instance = held.instance
    body: dict[str, Any]
    for call in advance.calls_opened:
        body = {"uid": call.task_uid, "element": call.element_id, "key": call.key, "in": packed(call.variables)}
        yield outbox.wanted(
            "child.start", call_key(instance.id, call.task_uid), instance_id=instance.id, payload=body,
            paused_at=held.now if instance.suspended_at is not None else None,
        )  # fmt: skip
    for uid in advance.calls_cancelled:
        body = {"parent": instance.id, "uid": uid}
        yield outbox.wanted("child.cancel", f"stop-{instance.id}-{uid}", payload=body)
    for job in advance.jobs_opened:
        body = {"uid": job.task_uid, "element": job.element_id, "topic": job.topic, "in": packed(job.inputs)}
        yield outbox.wanted("service", service_key(instance.id, job.task_uid), instance_id=instance.id, payload=body)
    until = _newest_subscription(held) if any(thrown.kind == "signal" for thrown in advance.thrown) else 0
    for number, thrown in enumerate(advance.thrown):
        yield from _thrown(instance, thrown, f"{instance.id}-{instance.version}-{number}", until)


def _newest_subscription(held: Held) -> int:
    """Up to it others wait now."""
    return held.session.scalar(select(func.max(Subscription.id))) or 0


def _thrown(instance: Instance, thrown: Thrown, key: str, until: int) -> Iterator[dict[str, Any]]:
    """The job for what leaves the instance; the version in its key makes it this step's own.

    A signal is for who waits as it is thrown, in other instances up to the newest subscription of now.
    """
    body: dict[str, Any]
    if thrown.kind in ("message", "signal"):
        body = {
            "name": thrown.name,
            "element": thrown.element_id,
            "correlation": as_correlation(thrown.correlation),
            "payload": packed(thrown.payload),
            "from": instance.id,
        }
        if thrown.kind == "signal":
            body["until"] = until
        yield outbox.wanted(thrown.kind, f"{thrown.kind[:3]}-{key}", payload=body)
    elif thrown.kind == "escalation" and not thrown.caught and instance.parent_id is not None:
        body = {"uid": instance.parent_task_uid, "child": instance.id, "code": thrown.name}
        yield outbox.wanted("child.escalated", f"esc-{key}", instance_id=instance.parent_id, payload=body)


def call_key(instance_id: int, uid: str) -> str:
    return f"call-{instance_id}-{uid}"


def _tell_parent(held: Held, advance: Advance) -> Iterator[dict[str, Any]]:
    instance = held.instance
    if instance.parent_id is None:
        return
    payload: dict[str, Any] = {"uid": instance.parent_task_uid, "child": instance.id}
    if advance.uncaught_error is not None:
        payload["error"] = advance.uncaught_error
    else:
        payload["out"] = packed(held.live.variables)
    yield outbox.wanted("child.ended", f"ret-{instance.id}", instance_id=instance.parent_id, payload=payload)


def _store_deadlines(held: Held, tasks: list[tuple[HumanTask, list[Computed]]], timers: list[Timer]) -> None:
    """Each deadline that an expression asked for, linked to the task or timer that it sets the date of."""
    session, instance_id = held.session, held.instance.id
    if any(computed for _, computed in tasks):
        session.flush()  # the subjects are named by the tasks' ids
    for row, computed in tasks:
        for each in computed:
            records.record(session, each, subject=f"task/{row.id}", instance_id=instance_id, element_id=row.element_id)
    for timer in timers:
        found = next((each for each in held.collected if each.due_at == timer.due_at), None)
        if found is not None:
            held.collected.remove(found)
            subject = f"timer/{timer.job_key}"
            records.record(session, found, subject=subject, instance_id=instance_id, element_id=timer.element_id)


def meet(session: Session, now: dt.datetime, *subjects: str) -> None:
    """The deadlines of these subjects are over, kept or not: nothing moves them any more."""
    table = table_of(Deadline)
    session.execute(update(table).where(table.c.subject.in_(subjects), table.c.met_at.is_(None)).values(met_at=now))
