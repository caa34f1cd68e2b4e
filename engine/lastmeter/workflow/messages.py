"""Messages to one instance, signals to all: matched by name and correlation, delivered under the receiver's lock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from lastmeter import clock, outbox
from lastmeter.actor import SYSTEM, Actor
from lastmeter.deadlines import deadline_functions
from lastmeter.definitions import publishing
from lastmeter.definitions.models import DefinitionStart
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.errors import LastmeterError, Missing
from lastmeter.identity.models import Organisation, Region
from lastmeter.outbox import Job
from lastmeter.workflow import conditions, engine, incidents, instances
from lastmeter.workflow.models import Instance, Subscription
from lastmeter.workflow.refusals import InstanceEnded
from lastmeter.workflow.spiff import NotWaiting, expressions
from lastmeter.workflow.spiff import timers as spiff_timers

# A subscription may be gone when its instance's lock is ours; then the next one is tried.
MOST_TRIES = 20


@dataclass(frozen=True)
class Delivered:
    """How many instances went on, and how many began; `queued`: a worker will see to it."""

    delivered: int = 0
    started: int = 0
    queued: bool = False


def publish(
    session: Session, actor: Actor, name: str, correlation: object = None, payload: Mapping[str, object] | None = None
) -> Delivered:
    """One waiting instance goes on with the message; where none waits, the definition that it starts begins.

    Called while an instance is held (by a connector), the message leaves as a job instead.
    """
    key = engine.as_correlation(correlation)
    if engine.is_inside(session):
        _queue(session, "message", name, key, payload or {})
        return Delivered(queued=True)
    with incidents.standing_for(session, None, name):
        if _deliver(session, actor, name, key, payload or {}):
            return Delivered(delivered=1)
        started = _start(session, actor, "message", name, key, payload or {}, parties=_named_parties(payload or {}))
        return Delivered(started=started)


def broadcast(session: Session, actor: Actor, signal: str, payload: Mapping[str, object] | None = None) -> Delivered:
    """Every instance that waits for the signal gets it by a job of its own; definitions that it starts begin."""
    if engine.is_inside(session):
        _queue(session, "signal", signal, None, payload or {})
        return Delivered(queued=True)
    parties = _named_parties(payload or {})
    return _broadcast(session, signal, payload or {}, key=_unique(session), parties=parties)


def _unique(session: Session) -> str:
    return str(session.scalar(outbox.JOB_SEQ.next_value().select()))


def _queue(session: Session, kind: str, name: str, key: str | None, payload: Mapping[str, object]) -> None:
    body = {"name": name, "correlation": key, "payload": engine.packed(payload)}
    outbox.enqueue(session, kind, f"{kind[:3]}-{_unique(session)}", payload=body)


def _named_parties(payload: Mapping[str, object]) -> dict[str, int]:
    """A context `parties` in the payload says who plays which part in an instance that the message starts."""
    given = payload.get("parties")
    if not isinstance(given, Mapping):
        return {}
    return {str(name): int(str(each)) for name, each in given.items() if str(each).isdigit()}


# --- delivering ----------------------------------------------------------------------------------------------


def _deliver(session: Session, actor: Actor, name: str, key: str | None, payload: Mapping[str, object]) -> bool:
    """True if one waiting instance took the message; of several the one that has waited longest."""
    matches = or_(_matches(key), *_keyed(session, name, payload))
    tried: list[int] = []
    for _ in range(MOST_TRIES):
        waiting = session.execute(
            select(Subscription.id, Subscription.instance_id, Subscription.uid)
            .join(Instance, Instance.id == Subscription.instance_id)
            .where(Subscription.kind == "message", Subscription.name == name, Subscription.id.not_in(tried))
            .where(matches)
            .order_by(Subscription.id)
            .limit(1)
        ).first()
        if waiting is None:
            return False
        if _hand_over(session, actor, waiting.instance_id, waiting.uid, name, payload):
            return True
        tried.append(waiting.id)
    return False


def _matches(key: str | None) -> Any:
    """Equal correlations; a catch that names none is told by its instance's business key, if the message has one."""
    plain = Subscription.retrieval.is_(None)
    if key is None:
        return and_(plain, Subscription.correlation.is_(None))
    by_business_key = and_(Subscription.correlation.is_(None), Instance.business_key == key)
    return and_(plain, or_(Subscription.correlation == key, by_business_key))


def _keyed(session: Session, name: str, payload: Mapping[str, object]) -> Iterator[ColumnElement[bool]]:
    """The catches that find their key in the payload, for each way in which some look for it."""
    asked = select(Subscription.retrieval).where(Subscription.kind == "message", Subscription.name == name)
    for text in session.scalars(asked.where(Subscription.retrieval.is_not(None)).distinct()):
        found = _retrieved(session, text or "", payload)
        if found is not None:
            yield and_(Subscription.retrieval == text, Subscription.correlation == found)


def _retrieved(session: Session, text: str, payload: Mapping[str, object]) -> str | None:
    """The key of the message; None where the payload has none that could be one."""
    try:
        value = expressions.compiled(text).evaluate(dict(payload), functions=deadline_functions(session, []))
        return engine.as_correlation(value)
    except LastmeterError:
        return None


def _hand_over(
    session: Session, actor: Actor, instance_id: int, uid: str, name: str, payload: Mapping[str, object]
) -> bool:
    try:
        held = engine.hold(session, actor, instance_id)
        held.note("message.received", name=name)
        engine.run(held, lambda live: live.deliver(uid, engine.read_by(held, payload), held.now))
    except (NotWaiting, InstanceEnded, Missing):
        return False
    return True


def _start(
    session: Session,
    actor: Actor,
    kind: str,
    name: str,
    key: str | None,
    payload: Mapping[str, object],
    *,
    parties: Mapping[str, int],
) -> int:
    """How many instances the event started: one for a message, one per definition for a signal."""
    query = select(DefinitionStart).where(DefinitionStart.kind == kind, DefinitionStart.name == name)
    query = query.order_by(DefinitionStart.definition_key)
    for start in session.scalars(query.limit(1) if kind == "message" else query):
        loaded = publishing.load(session, start.definition_id)
        taken = _taken_over(loaded, parties)
        held = engine.begin(session, actor, loaded, parties=taken, business_key=key, starter_id=actor.person_id)
        held.note(f"{kind}.received", name=name)
        instances.launch(held, engine.read_by(held, payload), start.element_id)
        if kind == "message":
            return 1
    return 0


def _taken_over(loaded: LoadedDefinition, parties: Mapping[str, int]) -> dict[str, int]:
    """The sender's parties that the definition wants; all of them, where process.toml does not say."""
    wanted = loaded.settings.get("start", {}).get("parties")
    return {name: each for name, each in parties.items() if wanted is None or name in wanted}


def _broadcast(
    session: Session,
    signal: str,
    payload: Mapping[str, object],
    *,
    key: str,
    parties: Mapping[str, int],
    sender: int | None = None,
    until: int | None = None,
) -> Delivered:
    """Everybody who waits gets the signal; of what an instance has thrown, those who waited then.

    What waited in the `sender` itself has got it as it was thrown; others waited with a subscription `until` that one.
    """
    query = select(Subscription.instance_id, Subscription.uid).order_by(Subscription.id)
    query = query.where(Subscription.kind == "signal", Subscription.name == signal)
    if sender is not None:
        query = query.where(Subscription.instance_id != sender)
    if until is not None:
        query = query.where(Subscription.id <= until)
    waiting = session.execute(query).all()
    packed = engine.packed(payload)
    outbox.enqueue_all(
        session,
        [
            outbox.wanted(
                "signal.deliver", f"sig-{key}-{row.uid}", instance_id=row.instance_id,
                payload={"uid": row.uid, "name": signal, "payload": packed},
            )
            for row in waiting
        ],
    )  # fmt: skip
    # Each beginning is a transaction of its own too: a signal may start several definitions.
    starts = session.scalars(
        select(DefinitionStart.definition_key).where(DefinitionStart.kind == "signal", DefinitionStart.name == signal)
    ).all()
    body = {"name": signal, "payload": packed, "parties": dict(parties)}
    outbox.enqueue_all(
        session,
        [outbox.wanted("signal.start", f"sig-{key}-{started}", payload={**body, "key": started}) for started in starts],
    )
    return Delivered(delivered=len(waiting), started=len(starts))


# --- jobs ----------------------------------------------------------------------------------------------------


def _parties_of_sender(session: Session, job: Job, payload: Mapping[str, object]) -> dict[str, int]:
    sender = job.payload.get("from")
    return {**(instances.parties(session, sender) if sender else {}), **_named_parties(payload)}


@outbox.handler("message")
def _message(session: Session, job: Job, _result: Any) -> None:
    payload, name, key = engine.unpacked(job.payload["payload"]), job.payload["name"], job.payload["correlation"]
    if not _deliver(session, SYSTEM, name, key, payload):
        _start(session, SYSTEM, "message", name, key, payload, parties=_parties_of_sender(session, job, payload))


@outbox.handler("signal")
def _signal(session: Session, job: Job, _result: Any) -> None:
    payload = engine.unpacked(job.payload["payload"])
    parties = _parties_of_sender(session, job, payload)
    sender, until = job.payload.get("from"), job.payload.get("until")
    _broadcast(session, job.payload["name"], payload, key=job.key, parties=parties, sender=sender, until=until)


@outbox.handler("signal.deliver")
def _signal_to_one(session: Session, job: Job, _result: Any) -> None:
    assert job.instance_id is not None
    payload = engine.unpacked(job.payload["payload"])
    _hand_over(session, SYSTEM, job.instance_id, job.payload["uid"], job.payload["name"], payload)


@outbox.handler("signal.start")
def _signal_starts(session: Session, job: Job, _result: Any) -> None:
    start = session.scalar(
        select(DefinitionStart).where(
            DefinitionStart.definition_key == job.payload["key"],
            DefinitionStart.kind == "signal",
            DefinitionStart.name == job.payload["name"],
        )
    )
    if start is None:
        return
    loaded = publishing.load(session, start.definition_id)
    held = engine.begin(session, SYSTEM, loaded, parties=job.payload["parties"])
    payload = engine.unpacked(job.payload["payload"])
    instances.launch(held, engine.read_by(held, payload), start.element_id)


@outbox.handler("condition")
def _condition(session: Session, job: Job, _result: Any) -> None:
    """An instance begins if the condition has become true; its parties are whose data stores it was asked of."""
    loaded, element_id = publishing.load(session, job.payload["definition"]), job.payload["element"]
    in_force = session.get(DefinitionStart, (loaded.key, element_id), populate_existing=True)
    if in_force is None or in_force.definition_id != loaded.id:
        return
    organisation_id = job.payload["organisation"]
    if conditions.becomes_true(session, loaded, element_id, organisation_id):
        party = conditions.party_of(loaded, element_id)
        held = engine.begin(session, SYSTEM, loaded, parties={party: organisation_id} if party else {})
        instances.launch(held, {}, element_id)


@outbox.handler("condition.first")
def _condition_published(session: Session, job: Job, _result: Any) -> None:
    """What holds when its process is published has not become true: it starts nothing."""
    loaded, element_id = publishing.load(session, job.payload["definition"]), job.payload["element"]
    for organisation_id in conditions.organisations(session, loaded, element_id):
        conditions.becomes_true(session, loaded, element_id, organisation_id)


@outbox.handler("timer_start")
def _timer_starts(session: Session, job: Job, _result: Any) -> None:
    """An instance begins at each due time of its definition's timer; the next one is set before.

    The first job only finds out when that is: publishing does not wait for it.
    """
    loaded = publishing.load(session, job.payload["definition"])
    start = next(each for each in loaded.starts if each["element_id"] == job.payload["element"])
    in_force = session.get(DefinitionStart, (loaded.key, start["element_id"]), populate_existing=True)
    if in_force is None or in_force.definition_id != loaded.id:
        return
    now = clock.now()
    prefix, _, number = job.key.rpartition("-")
    if int(number) > 0:
        _start_by_timer(session, job, loaded, start["element_id"])
    due = _next_start(session, job, start, now)
    if due is not None:
        payload = {**job.payload, "due": _as_text(due)}
        outbox.enqueue(session, "timer_start", f"{prefix}-{int(number) + 1}", payload=payload, due_at=due.at)


def _start_by_timer(session: Session, job: Job, loaded: LoadedDefinition, element_id: str) -> None:
    """One instance begins, or one for each organisation that process.toml asks for, each in a job of its own."""
    settings = loaded.settings.get("start", {})
    if "each" not in settings:
        held = engine.begin(session, SYSTEM, loaded, parties={})
        instances.launch(held, {}, element_id)
        return
    body = {"definition": loaded.id, "element": element_id, "year": clock.local_day(job.due_at).year}
    wanted = [
        outbox.wanted("timer_start.one", f"{job.key}-{place}", payload={**body, "organisation": place})
        for place in _each(session, settings["each"], settings.get("level"))
    ]
    outbox.enqueue_all(session, wanted)


def _each(session: Session, kind: str, level: int | None) -> list[int]:
    """The organisations of the kind that are not closed; in regions of a level (1 city, 2 district) if it is named."""
    query = select(Organisation.id).where(Organisation.kind == kind, Organisation.closed_on.is_(None))
    if level is not None:
        query = query.join(Region, Region.id == Organisation.region_id).where(Region.level == level)
    return list(session.scalars(query.order_by(Organisation.id)))


@outbox.handler("timer_start.one")
def _timer_starts_one(session: Session, job: Job, _result: Any) -> None:
    """The organisation's instance of the year begins, unless what it would make is there already.

    A connector that refuses with a conflict says just that (somebody began by hand): nothing is left of the start.
    """
    loaded = publishing.load(session, job.payload["definition"])
    party = loaded.settings["start"].get("party", loaded.settings["start"]["each"])
    try:
        with session.begin_nested():
            held = engine.begin(session, SYSTEM, loaded, parties={party: job.payload["organisation"]})
            instances.launch(held, engine.read_by(held, {"year": job.payload["year"]}), job.payload["element"])
    except LastmeterError as refusal:
        if refusal.kind != "conflict":
            raise


def _next_start(session: Session, job: Job, start: Mapping[str, Any], now: dt.datetime) -> spiff_timers.Due | None:
    known = job.payload.get("due")
    if known is not None:
        return _from_text(known).after_firing(now)
    value: object = start["definition"]
    if start["is_feel"]:
        value = expressions.compiled(start["definition"]).evaluate({}, functions=deadline_functions(session, []))
    return spiff_timers.due(start["timer_kind"], value, now)


def _as_text(due: spiff_timers.Due) -> str:
    span = {"months": due.span.months, "rest": due.span.rest} if due.span is not None else None
    fields = {"at": due.at, "anchor": due.anchor, "span": span, "used": due.used, "limit": due.limit}
    return engine.packed(fields)


def _from_text(text: str) -> spiff_timers.Due:
    raw: dict[str, Any] = engine.unpacked(text)
    span = raw["span"]
    return spiff_timers.Due(
        raw["at"], raw["anchor"], spiff_timers.Span(int(span["months"]), span["rest"]) if span else None,
        int(raw["used"]), None if raw["limit"] is None else int(raw["limit"]),
    )  # fmt: skip
