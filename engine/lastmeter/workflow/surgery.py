"""An operator mends a running instance: rehearsed first, done with a reason, audited. Shows no value of a variable."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from lastmeter.actor import Actor
from lastmeter.definitions import publishing
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.errors import Forbidden, InvalidInput, Missing
from lastmeter.workflow import engine, incidents, instances, submissions
from lastmeter.workflow.engine import Held
from lastmeter.workflow.models import HistoryEvent, HumanTask, Instance
from lastmeter.workflow.refusals import (
    InstanceChanged,
    InstanceEnded,
    ReasonMissing,
    VariableClassified,
    VariableNotRead,
)
from lastmeter.workflow.spiff import Advance, Live, Services
from lastmeter.workflow.spiff import expressions as feel
from lastmeter.workflow.spiff import surgery as cuts
from lastmeter.workflow.spiff import values as feel_values
from lastmeter.workflow.spiff.surgery import ACTS, Caution, Cut, Past, Plan, Standing

_TOLD = 200


@dataclass(frozen=True)
class Standpoint:
    """Where an instance stands at a version of it, where a token may be put, and the names that may be set.

    `preceding` are of each element those that lead to it: what has no name is told by them.
    """

    version: int
    tokens: list[Standing]
    reached: list[str]
    names: list[str]
    targets: list[str]
    preceding: Mapping[str, list[str]]


@dataclass(frozen=True)
class Rehearsal:
    """What a cut would do to the instance at this version."""

    version: int
    plan: Plan


def standpoint(session: Session, actor: Actor, instance_id: int) -> Standpoint:
    """Where the instance stands. Raises Missing, Forbidden, InstanceEnded."""
    instance = _readable(session, actor, instance_id)
    loaded = publishing.load(session, instance.definition_id)
    assert instance.blob is not None
    live = Live.load(loaded.spec, instance.blob, Services())
    reached = dict.fromkeys(line.element_id for line in history_of(session, instance_id) if line.event == "entered")
    return Standpoint(
        instance.version, cuts.standing(live), list(reached), sorted(settable(loaded, instance)),
        cuts.targets(live), cuts.preceding(live),
    )  # fmt: skip


def rehearse(session: Session, actor: Actor, instance_id: int, cut: Cut) -> Rehearsal:
    """What the cut would do; nothing is written and no connector runs.

    Raises Missing, Forbidden, InstanceEnded, InvalidInput, VariableNotRead, VariableClassified.
    """
    instance = _readable(session, actor, instance_id)
    held = engine.held(session, actor, instance)
    _check(held, cut)
    made = plan(held, cut)
    claimed = _claimed(session, instance_id, made)
    if claimed:
        made = replace(made, cautions=(*made.cautions, Caution("claimed", claimed)))
    return Rehearsal(instance.version, made)


def plan(held: Held, cut: Cut) -> Plan:
    """What the cut would do to the instance as it is stored; nothing is written and no connector runs."""
    assert held.instance.blob is not None
    services = Services(
        functions=held.functions,
        decide=lambda name, known, _: held.loaded.decide(name, known, held.functions)[1].value,
        stores=held.shelves,
    )
    past = history_of(held.session, held.instance.id)
    return cuts.rehearse(held.loaded.spec, held.instance.blob, services, cut, past, held.now)


def operate(session: Session, actor: Actor, instance_id: int, cut: Cut, *, reason: str, version: int) -> Instance:
    """The cut is made, if the instance is still what was rehearsed.

    Raises what `rehearse` does, what it names as a refusal, ReasonMissing, InstanceChanged.
    """
    if not reason.strip():
        raise ReasonMissing(field="reason")
    if len(reason) > incidents.MOST_OF_REASON:
        raise InvalidInput(field="reason", reason="too_long", most=incidents.MOST_OF_REASON)
    _require(actor)
    instances.get(session, actor, instance_id)
    held = engine.hold(session, actor, instance_id)
    if held.instance.version != version:
        raise InstanceChanged(version=held.instance.version)
    _check(held, cut)
    past = history_of(session, instance_id)

    def done(live: Live) -> Advance:
        before = live.variables
        advance = cuts.do(live, cut, past, held.now)
        held.note("instance.surgery", **_facts(held, cut, advance, before), reason=reason.strip())
        return advance

    with incidents.standing_for(session, instance_id, cut.to or cut.at or held.loaded.key):
        engine.run(held, done)
    return held.instance


def settable(loaded: LoadedDefinition, instance: Instance) -> frozenset[str]:
    """The names that an operator may set: what is read, and nothing classified."""
    if loaded.classification in submissions.SECRET:
        return frozenset()
    return loaded.names_read.union(instance.wanted or ()) - submissions.secret_names(loaded)


def value_of(name: str, text: str) -> object:
    """The value that the text is in FEEL, which knows dates and durations beside what JSON has.

    Raises FeelSyntaxError, InvalidInput where it reads a variable.
    """
    expression = feel.compiled(text)
    if expression.names_read or expression.names_perhaps_read:
        raise InvalidInput(field=name, reason="not_a_value")
    return expression.evaluate({}, functions={})


def _require(actor: Actor) -> None:
    if not actor.may(incidents.ACT):
        raise Forbidden(permission=incidents.ACT)


def _readable(session: Session, actor: Actor, instance_id: int) -> Instance:
    """The running instance with its state, unlocked."""
    _require(actor)
    instances.get(session, actor, instance_id)
    found = session.scalar(
        select(Instance)
        .where(Instance.id == instance_id)
        .options(undefer(Instance.blob))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise Missing(what="instance", id=instance_id)
    if found.state in ("completed", "cancelled"):
        raise InstanceEnded(state=found.state)
    return found


def _check(held: Held, cut: Cut) -> None:
    """Nothing if the cut is complete and sets only what an operator may set."""
    if cut.act not in ACTS:
        raise InvalidInput(field="action", reason="unknown", expected=ACTS)
    needed = {"move": ("at", "to"), "skip": ("at",), "retry": ("at",), "rewind": ("to",), "set": ("fields",)}
    for name in needed[cut.act]:
        if not getattr(cut, name):
            raise InvalidInput(field="variables" if name == "fields" else name, reason="missing")
    _check_names(held, cut.fields)


def _check_names(held: Held, fields: Mapping[str, object]) -> None:
    allowed = settable(held.loaded, held.instance)
    read = held.loaded.names_read.union(held.instance.wanted or ())
    for name in fields:
        if name not in read:
            raise VariableNotRead(name=name)
        if name not in allowed:
            raise VariableClassified(name=name)


def history_of(session: Session, instance_id: int) -> list[Past]:
    """What the instance has been through, in order."""
    query = select(HistoryEvent).where(HistoryEvent.instance_id == instance_id).order_by(HistoryEvent.seq)
    return [
        Past(row.element_id, row.event, row.uid or "", row.loop_index)  # type: ignore[arg-type]  # the engine's own
        for row in session.scalars(query)
    ]


def _claimed(session: Session, instance_id: int, plan: Plan) -> tuple[str, ...]:
    """The elements of tasks that would be taken from whoever has claimed them."""
    gone = [each.uid for each in plan.ended if each.kind == "task"]
    query = select(HumanTask.element_id).where(
        HumanTask.instance_id == instance_id, HumanTask.uid.in_(gone), HumanTask.claimed_by.is_not(None)
    )
    return tuple(dict.fromkeys(session.scalars(query.order_by(HumanTask.id)))) if gone else ()


def _facts(held: Held, cut: Cut, advance: Advance, before: Mapping[str, object]) -> dict[str, object]:
    """What the audit keeps: elements and names; of a variable what was set, and of what it was before a digest."""
    facts: dict[str, object] = {"act": cut.act}
    if cut.at:
        facts["at"] = cut.at
    if cut.to:
        facts["to"] = cut.to
    for event, name in (("cancelled", "closed"), ("entered", "entered")):
        facts[name] = list(dict.fromkeys(entry.element_id for entry in advance.history if entry.event == event))
    if cut.despite_sent:
        facts["despite_sent"] = True
    if cut.fields:
        facts["set"] = {name: _text(value)[:_TOLD] for name, value in cut.fields.items()}
        facts["before"] = {name: _digest(held.instance.id, name, before) for name in cut.fields}
    return facts


def _digest(instance_id: int, name: str, before: Mapping[str, object]) -> str | None:
    """Enough to tell that a value was this one, for who knows it; None where there was none."""
    if name not in before:
        return None
    return hashlib.sha256(f"{instance_id} {name} {_text(before[name])}".encode()).hexdigest()


def _text(value: object) -> str:
    """The value with its type, as it is kept."""
    return orjson.dumps(feel_values.encode(value)).decode()
