"""Runs of definitions: started, found, looked into, stopped."""

from __future__ import annotations

import datetime as dt
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import Session, aliased, undefer

from lastmeter import audit
from lastmeter.actor import SYSTEM, Actor
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition
from lastmeter.definitions.publishing import Element, LoadedDefinition
from lastmeter.errors import Forbidden, InvalidInput, Missing
from lastmeter.forms.form import Data
from lastmeter.forms.trees import MultiDict
from lastmeter.identity.models import Organisation, Person
from lastmeter.workflow import engine, hooks, incidents, paging, submissions
from lastmeter.workflow.engine import Held
from lastmeter.workflow.migration_models import InstanceMigration
from lastmeter.workflow.models import HistoryEvent, HumanTask, Instance, InstanceParty, Subscription, Timer
from lastmeter.workflow.paging import Page
from lastmeter.workflow.refusals import (
    CannotStartByHand,
    DefinitionUnknown,
    ReasonMissing,
    StartForbidden,
)
from lastmeter.workflow.spiff import Live, Services, StartNotPossible

OPERATE = "operate.act"
STATES = ("running", "completed", "cancelled", "incident")


# --- starting ------------------------------------------------------------------------------------------------


def start(
    session: Session,
    actor: Actor,
    key: str,
    *,
    data: Data | None = None,
    parties: Mapping[str, int] | None = None,
    variables: Mapping[str, object] | None = None,
    business_key: str | None = None,
    version: int | None = None,
    start_element: str | None = None,
) -> Instance:
    """The instance runs as far as it can by itself.

    `data` is what the start form takes; `variables` are kept as far as the definition reads them. `start_element` is
    needed where several start events have no event.
    Raises DefinitionUnknown, CannotStartByHand, StartForbidden, StartNotPossible, FormInvalid.
    """
    row = publishing.latest(session, key, version)
    if row is None:
        raise DefinitionUnknown(key=key, version=version)
    loaded = publishing.load(session, row.id)
    if not loaded.starts_by_hand or (loaded.is_package and "start" not in loaded.settings and not actor.is_system):
        raise CannotStartByHand(key=key)
    if not publishing.may_start(actor, row):
        raise StartForbidden(key=key)
    door = _door(loaded, start_element)
    known = dict(variables or {})
    form = loaded.start_form
    scope = hooks.form_scope(session, actor)
    values = form.load(data or {}, context=known, scope=scope) if form is not None else _plain(data)
    held = engine.begin(
        session, actor, loaded, parties={**(parties or {}), **_own_party(loaded, actor, parties or {})},
        business_key=_checked_key(business_key), starter_id=actor.person_id,
    )  # fmt: skip
    if form is not None or values:
        element = next((each for each in (door, *loaded.plain_starts) if each), key)
        submissions.store(session, actor, held.instance, loaded, element, form, loaded.start_form_key, values)
    read = {**engine.read_by(held, known), **submissions.variables(loaded, form, values)}
    with incidents.standing_for(session, None, key):
        return launch(held, read, door)


def _door(loaded: LoadedDefinition, asked: str | None) -> str | None:
    """The start event that was chosen; None where there is no choice. Raises StartNotPossible."""
    possible = loaded.plain_starts
    if (asked is None and len(possible) > 1) or (asked is not None and asked not in possible):
        raise StartNotPossible(process=loaded.key, start_element=asked, possible=list(possible))
    return asked if len(possible) > 1 else None


def _plain(data: Data | None) -> dict[str, object]:
    """What was sent without a start form: a JSON object as it is; an HTML form has nothing to say then."""
    return {} if data is None or isinstance(data, MultiDict) else dict(data)


def launch(held: Held, variables: Mapping[str, object], start_element: str | None) -> Instance:
    """The new instance has run to its first wait, or to its end."""
    held.start(variables, start_element)
    held.note("instance.started", definition=held.loaded.key, version=held.loaded.version, start=start_element)
    engine.run(held, lambda live: live.advance(held.now))
    return held.instance


def _own_party(loaded: LoadedDefinition, actor: Actor, given: Mapping[str, int]) -> dict[str, int]:
    """The starter's organisation in the part that process.toml gives it. Raises StartForbidden."""
    settings = loaded.settings.get("start", {})
    party = settings.get("party")
    if not party or actor.is_system:
        return {}
    own = [post.organisation_id for post in actor.posts if post.role in settings.get("roles", ())]
    if party in given and given[party] in own:
        return {}
    if party in given or not own:
        raise StartForbidden(key=loaded.key, party=party)
    return {party: own[0]}


def _checked_key(business_key: str | None) -> str | None:
    if business_key is not None and not 0 < len(business_key.strip()) <= 120:
        raise InvalidInput(field="business_key", reason="length", most=120)
    return business_key


# --- who sees what -------------------------------------------------------------------------------------------


def visible(actor: Actor, of: type[Instance] = Instance) -> ColumnElement[bool]:
    """The condition on Instance (or `of`, another name of it) that the actor may open it.

    A party lies in the subtree of a post whose role process.toml lets view; or the actor started it, or has or had a
    task in it, or may claim one now. Who operates the system sees every instance, but none of its content.
    """
    if actor.is_system:
        return true()
    if actor.may("operate.view"):
        return true()
    return or_(of.starter_id == actor.person_id, _involved(actor, of), _viewed(actor, of))


def _is_whole(actor: Actor) -> ColumnElement[bool]:
    """The condition on Instance that it is no part of another that the actor may open."""
    parent = aliased(Instance)
    return ~exists().where(parent.id == Instance.parent_id, visible(actor, parent))


def _involved(actor: Actor, of: type[Instance] = Instance) -> ColumnElement[bool]:
    me = actor.person_id
    mine = or_(
        HumanTask.claimed_by == me, HumanTask.completed_by == me, HumanTask.person_id == me,
        HumanTask.state.in_(("open", "hold", "suspended")) & HumanTask.person_id.is_(None) & seated(actor),
    )  # fmt: skip
    return exists().where(HumanTask.instance_id == of.id, mine)


def seated(actor: Actor) -> ColumnElement[bool]:
    """The condition on HumanTask that one of the actor's posts is the seat it goes to."""
    seats = [
        (HumanTask.role == post.role)
        & or_(HumanTask.organisation_id == post.organisation_id, HumanTask.organisation_id.is_(None))
        for post in actor.posts
    ]
    return or_(false(), *seats)


def _viewed(actor: Actor, of: type[Instance] = Instance) -> ColumnElement[bool]:
    ways = []
    for post in actor.posts:
        viewers = select(Definition.id).where(Definition.settings["access"]["view"].contains([post.role]))
        near = exists().where(
            InstanceParty.instance_id == of.id,
            Organisation.id == InstanceParty.organisation_id,
            Organisation.path.startswith(post.path, autoescape=True),
        )
        ways.append(of.definition_id.in_(viewers) & near)
    return or_(false(), *ways)


def get(session: Session, actor: Actor, instance_id: int) -> Instance:
    """The instance. Raises Missing, also where the actor may not know of it."""
    found = session.scalar(select(Instance).where(Instance.id == instance_id, visible(actor)))
    if found is None:
        raise Missing(what="instance", id=instance_id)
    return found


def listing(
    session: Session,
    actor: Actor,
    *,
    definition: str | None = None,
    state: str | None = None,
    business_key: str | None = None,
    q: str | None = None,
    whole: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Instance]:
    """What the actor may open, newest first; `whole`: only what is no part of another of these. Raises InvalidInput."""
    query = select(Instance).where(visible(actor)).order_by(Instance.id.desc()).limit(paging.limited(limit) + 1)
    if state is not None and state not in STATES:
        raise InvalidInput(field="state", reason="unknown", expected=STATES)
    if whole:
        query = query.where(_is_whole(actor))
    if definition:
        query = query.where(Instance.definition_key == definition)
    if state:
        query = query.where(Instance.state == state)
    if business_key:
        query = query.where(Instance.business_key == business_key)
    if q:
        like = [column.icontains(q, autoescape=True) for column in (Instance.title_zh, Instance.title_en)]
        query = query.where(or_(*like, Instance.business_key.icontains(q, autoescape=True)))
    after = paging.key_of(cursor, int)
    if after:
        query = query.where(Instance.id < after[0])
    rows = list(session.scalars(query))
    more = len(rows) > limit
    return Page(rows[:limit], paging.cursor(rows[limit - 1].id) if more else None)


# --- looking into one ----------------------------------------------------------------------------------------


def variables(session: Session, actor: Actor, instance: Instance) -> dict[str, object]:
    """The process's variables that the actor may see: nothing for operators, nothing secret without `case.read`."""
    if not actor.is_system and not sees_content(session, actor, instance.id):
        return {}
    loaded = publishing.load(session, instance.definition_id)
    blob = session.scalar(select(Instance.blob).where(Instance.id == instance.id))
    if blob is None:
        return {}
    found = Live.load(loaded.spec, blob, Services()).variables
    hidden = submissions.secret_names(loaded) if not actor.may("case.read") else frozenset[str]()
    return {name: value for name, value in found.items() if name not in hidden}


def sees_content(session: Session, actor: Actor, instance_id: int) -> bool:
    """True if the actor takes part in the instance or may view it by role: who only operates the system may not."""
    if actor.is_system:
        return True
    allowed = or_(Instance.starter_id == actor.person_id, _involved(actor), _viewed(actor))
    return session.scalar(select(Instance.id).where(Instance.id == instance_id, allowed)) is not None


@dataclass(frozen=True)
class HistoryLine:
    """One executed element enters or leaves; `child_instance` is the instance that a call activity runs."""

    seq: int
    element_id: str
    element_type: str
    name_zh: str
    name_en: str
    event: str
    at: dt.datetime
    person_id: int | None
    person: str | None
    loop_index: int | None
    child_instance: int | None


def elements(session: Session, instance_id: int) -> Mapping[str, Element]:
    """The elements of the version that the instance runs on, and of those it ran on before; the process by its key."""
    present = session.scalar(select(Instance.definition_id).where(Instance.id == instance_id))
    moves = select(InstanceMigration.from_definition_id, InstanceMigration.to_definition_id)
    moves = moves.where(InstanceMigration.instance_id == instance_id).order_by(InstanceMigration.id.desc())
    known = [present, *(each for row in session.execute(moves) for each in row)]
    versions = [publishing.load(session, each) for each in known if each is not None]
    named = {
        loaded.key: Element(loaded.key, "process", loaded.title_zh, loaded.title_en, "", "", "", {})
        for loaded in versions
    }
    return ChainMap(*({**loaded.elements} for loaded in versions), named)


def history(session: Session, instance_id: int, *, reader: Actor = SYSTEM) -> list[HistoryLine]:
    """What has happened, in order; who did it as far as the reader may know."""
    aliases = hooks.aliases(session, reader, instance_id)
    child = aliased(Instance)
    rows = session.execute(
        select(HistoryEvent, Person.name, child.id)
        .outerjoin(Person, Person.id == HistoryEvent.person_id)
        .outerjoin(child, (child.parent_id == instance_id) & (child.parent_task_uid == HistoryEvent.uid))
        .where(HistoryEvent.instance_id == instance_id)
        .order_by(HistoryEvent.seq)
    ).all()
    lines = []
    drawn = elements(session, instance_id) if rows else {}
    for event, person, child_id in rows:
        element = drawn[event.element_id]
        lines.append(
            HistoryLine(
                event.seq, event.element_id, event.element_type, element.name, element.name_en, event.event, event.at,
                None if event.person_id in aliases else event.person_id, aliases.get(event.person_id or 0, person),
                event.loop_index, child_id,
            )
        )  # fmt: skip
    return lines


@dataclass(frozen=True)
class Progress:
    """Where the instance stands, for the picture: each element's state, and what is told about it."""

    states: dict[str, str]  # done active overdue suspended incident cancelled
    notes: dict[str, list[dict[str, Any]]]  # who, when, until when; newest last


def progress(session: Session, instance_id: int, now: dt.datetime, *, reader: Actor = SYSTEM) -> Progress:
    """The state of every element that was ever reached; who is at it as far as the reader may know."""
    aliases = hooks.aliases(session, reader, instance_id)
    states: dict[str, str] = {}
    notes: dict[str, list[dict[str, Any]]] = {}
    standing: dict[str, int] = {}
    words = {"completed": "done", "cancelled": "cancelled", "failed": "incident", "migrated": "done"}
    for line in history(session, instance_id, reader=reader):
        if line.element_type == "process":
            continue
        standing[line.element_id] = standing.get(line.element_id, 0) + (1 if line.event == "entered" else -1)
        states[line.element_id] = "active" if standing[line.element_id] > 0 else words.get(line.event, "active")
        if line.event != "entered":
            note = {"event": line.event, "at": line.at, "person": line.person, "child_instance": line.child_instance}
            notes.setdefault(line.element_id, []).append(note)
    for task, holder in session.execute(
        select(HumanTask, Person.name)
        .outerjoin(Person, Person.id == HumanTask.claimed_by)
        .where(HumanTask.instance_id == instance_id, HumanTask.state.in_(("open", "hold", "suspended")))
    ):
        late = task.due_at is not None and task.due_at < now
        states[task.element_id] = "suspended" if task.state == "suspended" else "overdue" if late else "active"
        known = aliases.get(task.claimed_by or 0, holder)
        note = {"event": "open", "at": task.created_at, "person": known, "due_on": task.due_on, "due_at": task.due_at}
        notes.setdefault(task.element_id, []).append(note)
    for timer in session.scalars(select(Timer).where(Timer.instance_id == instance_id)):
        states.setdefault(timer.element_id, "active")
        note = {"event": "timer", "due_on": timer.due_on, "due_at": timer.due_at}
        notes.setdefault(timer.element_id, []).append(note)
    return Progress(states, notes)


def parties(session: Session, instance_id: int) -> dict[str, int]:
    """Organisation ids by party name."""
    return engine.parties_of(session, instance_id)


def timers(session: Session, instance_id: int) -> list[Timer]:
    return list(session.scalars(select(Timer).where(Timer.instance_id == instance_id).order_by(Timer.due_at)))


def subscriptions(session: Session, instance_id: int) -> list[Subscription]:
    query = select(Subscription).where(Subscription.instance_id == instance_id)
    return list(session.scalars(query.order_by(Subscription.id)))


def children(session: Session, instance_id: int) -> list[Instance]:
    """The instances that it has called, in order."""
    return list(session.scalars(select(Instance).where(Instance.parent_id == instance_id).order_by(Instance.id)))


def xml_of(session: Session, instance: Instance) -> bytes:
    """The diagram that the instance runs on."""
    row = session.get(Definition, instance.definition_id, options=[undefer(Definition.xml)], populate_existing=True)
    assert row is not None
    return row.xml


# --- stopping ------------------------------------------------------------------------------------------------


def cancel(session: Session, actor: Actor, instance_id: int, reason: str) -> Instance:
    """Nothing of the instance is open any more; a caller is told as of an error `cancelled`.

    Raises Missing, Forbidden, ReasonMissing, InstanceEnded.
    """
    if not reason.strip():
        raise ReasonMissing(field="reason")
    get(session, actor, instance_id)
    held = engine.hold(session, actor, instance_id)
    if not actor.is_system and not actor.may(OPERATE) and held.instance.starter_id != actor.person_id:
        raise Forbidden(permission=OPERATE)
    stop(held, reason=reason)
    return held.instance


def stop(held: Held, *, reason: str, tell_parent: bool = True) -> None:
    """The held instance is cancelled with all that was open in it."""
    held.note("instance.cancelled", reason=reason)
    held.instance.state, held.instance.ended_at = "cancelled", held.now
    held.instance.suspended_at = held.instance.suspended_until = held.instance.suspended_reason = None
    engine.cancel(held, tell_parent=tell_parent)


def note(
    session: Session, actor: Actor, instance_id: int, action: str, *, facts: Mapping[str, object] | None = None
) -> None:
    """A fact of another room at the end of the instance's audit chain; never case content. Raises Missing."""
    held = engine.hold(session, actor, instance_id, running=False)
    held.note(action, **dict(facts or {}))
    engine.save(held)


def verify_audit(session: Session, instance_id: int) -> int | None:
    """The first position of the instance's chain that does not fit; None where it is whole and ends where it should."""
    broken = audit.verify(session, f"instance/{instance_id}")
    row = session.get_one(Instance, instance_id, populate_existing=True)
    query = select(audit.AuditEvent.position).where(audit.AuditEvent.chain == f"instance/{instance_id}")
    last = session.scalar(query.order_by(audit.AuditEvent.position.desc()).limit(1)) or 0
    return broken if broken is not None else None if last == row.audit_position else row.audit_position


def running_children(session: Session, instance_id: int) -> Sequence[int]:
    query = select(Instance.id).where(Instance.parent_id == instance_id, Instance.state.in_(("running", "incident")))
    return list(session.scalars(query.order_by(Instance.id)))
