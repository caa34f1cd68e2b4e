"""Instances moved to another version of their definition, and back: planned, moved, undone, one by one.

What people have begun stays theirs: claims, drafts, holds, due dates and running timers are kept. Forms, names and
seats follow the new version; a seat only where the new version gives it otherwise, so that a task that was handed on
stays with whoever has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, undefer

from lastmeter import clock, connectors, outbox
from lastmeter.actor import SYSTEM, Actor
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition
from lastmeter.definitions.publishing import Element, LoadedDefinition
from lastmeter.errors import Forbidden, LastmeterError, Missing
from lastmeter.identity.models import Account
from lastmeter.outbox import Job
from lastmeter.workflow import candidates, engine, instances, kept_rows, live, submissions
from lastmeter.workflow.calls import wanted_by
from lastmeter.workflow.engine import Desk, Held
from lastmeter.workflow.migration_models import InstanceMigration
from lastmeter.workflow.models import HistoryEvent, HumanTask, Instance, Submission, TaskDraft
from lastmeter.workflow.refusals import DefinitionUnknown, InstanceEnded, ReasonMissing
from lastmeter.workflow.spiff import Live, Services, migrating
from lastmeter.workflow.spiff import expressions as feel

MAY = ("operate.act", "designer.publish")


class SameVersion(LastmeterError):
    """The instance runs on that version already, or on another process; facts: `key`, `version`."""

    code = "same_version"
    kind = "conflict"


class UndoRefused(LastmeterError):
    """The move cannot be taken back; facts: `reason` (moved_on, undone), `instance_id`."""

    code = "undo_refused"
    kind = "conflict"


@dataclass(frozen=True)
class Filter:
    """Which instances of the process are meant; what is not said does not matter."""

    version: int | None = None
    instances: Sequence[int] = ()
    business_key: str | None = None


@dataclass(frozen=True)
class Blocker:
    element_id: str | None
    code: str
    facts: Mapping[str, object]


@dataclass(frozen=True)
class Result:
    """What becomes of one instance: planned, migrated or blocked."""

    instance_id: int
    result: str
    moves: Sequence[tuple[str, str, int]] = ()  # element before, element after, how many tokens
    armed: Sequence[str] = ()
    closed: Sequence[str] = ()
    refilled: Sequence[str] = ()
    unfilled: Sequence[
        str
    ] = ()  # names it reads that connectors gave under the old version, which kept nothing of them
    blockers: Sequence[Blocker] = ()
    migration_id: int | None = None


def chosen(session: Session, actor: Actor, key: str, to: int, which: Filter) -> list[int]:
    """The ids of the instances that are meant, in order; those that are named are, whatever becomes of them.

    Raises Forbidden, DefinitionUnknown.
    """
    target = _target(session, actor, key, to)
    if which.instances:
        return sorted(set(which.instances))
    query = select(Instance.id).where(
        Instance.definition_key == key, Instance.state.in_(("running", "incident")), instances.visible(actor),
        Instance.definition_id != target.id,
    )  # fmt: skip
    if which.version is not None:
        query = query.join(Definition, Definition.id == Instance.definition_id)
        query = query.where(Definition.version == which.version)
    if which.business_key is not None:
        query = query.where(Instance.business_key == which.business_key)
    return list(session.scalars(query.order_by(Instance.id)))


def _target(session: Session, actor: Actor, key: str, to: int) -> Definition:
    if not any(actor.may(each) for each in MAY):
        raise Forbidden(permission=MAY[0])
    found = publishing.latest(session, key, to)
    if found is None:
        raise DefinitionUnknown(key=key, version=to)
    return found


def plan(
    session: Session, actor: Actor, instance_id: int, key: str, to: int, mapping: Mapping[str, str] | None = None
) -> Result:
    """What moving the instance to the version means; nothing is changed. Raises Forbidden, DefinitionUnknown."""
    target = publishing.load(session, _target(session, actor, key, to).id)
    query = select(Instance).where(Instance.id == instance_id).options(undefer(Instance.blob))
    moving = _tried(
        session,
        actor,
        instance_id,
        lambda: _Moving.of(
            engine.held(session, actor, _required(session.scalar(query), instance_id)), target, mapping or {}
        ),
    )
    return moving if isinstance(moving, Result) else moving.planned("planned")


def migrate(
    session: Session,
    actor: Actor,
    instance_id: int,
    key: str,
    to: int,
    *,
    reason: str,
    mapping: Mapping[str, str] | None = None,
) -> Result:
    """The instance runs on the version, or the result says what hinders it and nothing is changed.

    Raises Forbidden, DefinitionUnknown, ReasonMissing.
    """
    target = publishing.load(session, _target(session, actor, key, to).id)
    if not reason.strip():
        raise ReasonMissing(field="reason")
    moving = _tried(
        session, actor, instance_id,
        lambda: _Moving.of(engine.hold(session, actor, instance_id), target, mapping or {}),
    )  # fmt: skip
    return moving if isinstance(moving, Result) else moving.moved(reason)


def _required(instance: Instance | None, instance_id: int) -> Instance:
    if instance is None:
        raise Missing(what="instance", id=instance_id)
    if instance.state in ("completed", "cancelled"):
        raise InstanceEnded(state=instance.state)
    return instance


def _tried(session: Session, actor: Actor, instance_id: int, prepare: Callable[[], _Moving]) -> _Moving | Result:
    """What was prepared, with nothing changed yet; a refusal on the way blocks this instance alone."""
    try:
        instances.get(session, actor, instance_id)
        return prepare()
    except LastmeterError as refusal:
        return Result(instance_id, "blocked", blockers=(Blocker(None, refusal.code, refusal.facts),))


@dataclass
class _Moving:
    """One instance on its way."""

    held: Held
    target: LoadedDefinition
    mapping: Mapping[str, str]
    found: migrating.Plan
    refilled: Mapping[str, object]
    unfilled: Sequence[str]
    seats: Mapping[int, candidates.Seat]
    blockers: list[Blocker]

    @classmethod
    def of(cls, held: Held, target: LoadedDefinition, mapping: Mapping[str, str]) -> _Moving:
        instance = held.instance
        if instance.definition_key != target.key or instance.definition_id == target.id:
            raise SameVersion(key=target.key, version=target.version)
        assert instance.blob is not None
        refilled = _refill(held, target)
        found = migrating.plan(
            held.loaded.spec, target.spec, instance.blob, mapping, held.now,
            services=Services(functions=held.functions), refilled=refilled,
        )  # fmt: skip
        blockers = [Blocker(each.element_id, each.refusal.code, each.refusal.facts) for each in found.blockers]
        unfilled = _unfilled(held, target, refilled)
        moving = cls(held, target, mapping, found, refilled, unfilled, {}, blockers)
        if found.blob is not None:
            moving.seats = moving.new_seats(found.blob)
        return moving

    def planned(self, result: str, migration_id: int | None = None) -> Result:
        moves = Counter((move.source, move.target) for move in self.found.moves)
        return Result(
            self.held.instance.id, "blocked" if self.blockers else result,
            [(source, target, count) for (source, target), count in moves.items()],
            self.found.armed, self.found.closed, sorted(self.refilled),
            self.unfilled, tuple(self.blockers), migration_id,
        )  # fmt: skip

    def moved(self, reason: str) -> Result:
        """The rows, the state and the two chains say that it moved."""
        held, found = self.held, self.found
        if self.blockers:
            return self.planned("blocked")
        assert found.advance is not None
        assert found.blob is not None
        assert found.places is not None
        session, instance, old = held.session, held.instance, held.loaded
        _forget_older(session, instance.id)
        row = InstanceMigration(
            instance_id=instance.id, from_definition_id=old.id, to_definition_id=self.target.id,
            mapping=dict(self.mapping), blob=instance.blob, before=kept_rows.keep(session, instance.id), at=held.now,
            person_id=held.actor.person_id, reason=reason,
        )  # fmt: skip
        session.add(row)
        session.flush()
        kept_rows.rename(session, instance.id, found.places, self._renamed())
        self._follow_tasks()
        held.loaded, instance.definition_id = self.target, self.target.id
        _put(held, found.blob)
        held.note(
            "instance.migrated", migration=row.id, version_before=old.version, version=self.target.version,
            mapping=dict(self.mapping), reason=reason,
        )  # fmt: skip
        _say_in_history(held)
        engine.record(held, found.advance)
        self._tell_children(row.id)
        row.version = instance.version
        session.flush()
        return self.planned("migrated", row.id)

    def _tell_children(self, migration_id: int) -> None:
        """What this version takes over from a called instance, that instance keeps from now on."""
        session, held = self.held.session, self.held
        query = select(Instance.parent_task_uid).where(
            Instance.parent_id == held.instance.id, Instance.state.in_(("running", "incident"))
        )
        waiting = held.live.waiting()
        for uid in session.scalars(query):
            if uid in waiting:
                body = {"parent": held.instance.id, "uid": uid, "names": sorted(wanted_by(self.target, waiting[uid]))}
                outbox.enqueue(session, "child.wanted", f"want-{migration_id}-{uid}", payload=body)

    def _renamed(self) -> dict[str, str]:
        """Elements that are only called otherwise; where two become one, what was done stays with the one."""
        return {old: new for old, new in self.mapping.items() if old in self.held.loaded.elements
                and new not in self.held.loaded.elements}  # fmt: skip

    def _open_tasks(self) -> list[HumanTask]:
        query = select(HumanTask).where(
            HumanTask.instance_id == self.held.instance.id, HumanTask.state.in_(("open", "hold", "suspended"))
        )
        return list(self.held.session.scalars(query.order_by(HumanTask.id)))

    def new_seats(self, blob: bytes) -> dict[int, candidates.Seat]:
        """Whose each open task is that the new version gives otherwise. Who cannot be found is a blocker."""
        held, target = self.held, self.target
        moved = Live.load(target.spec, blob, Services())
        seats: dict[int, candidates.Seat] = {}
        for task in self._open_tasks():
            assert self.found.places is not None
            old, new = held.element(task.element_id), target.elements[self.found.places[task.uid]]
            if _seating(held.loaded, old) == _seating(target, new):
                continue
            known = {**moved.variables_at(task.uid), **(task.local or {})}
            try:
                seats[task.id] = candidates.seat_of(
                    target, new, held.parties.get, held.instance.starter_id,
                    lambda text, known=known: feel.compiled(text).evaluate(known, functions=held.functions),  # type: ignore[misc]
                    lambda login: held.session.scalar(select(Account.person_id).where(Account.login == login)),
                )  # fmt: skip
            except LastmeterError as refusal:
                self.blockers.append(Blocker(task.element_id, refusal.code, refusal.facts))
        return seats

    def _follow_tasks(self) -> None:
        session, instance = self.held.session, self.held.instance
        for task in self._open_tasks():
            element = self.target.elements[task.element_id]
            task.name_zh, task.name_en = element.name[:200], element.name_en[:200]
            task.form_key = candidates.form_key(element.ext)
            seat = self.seats.get(task.id)
            if seat is not None:
                task.role, task.organisation_id, task.person_id = seat.role, seat.organisation_id, seat.person_id
            _seal_drafts(session, instance, self.target, task)


def _seating(loaded: LoadedDefinition, element: Element) -> list[Any]:
    """All that decides whose the element's task is."""
    written = [candidates.attribute(element.ext, name) for name in ("assignee", "candidateGroups", "organisation")]
    lane = loaded.lanes.get(element.lane_id, {})
    by_name = None if lane else (element.lane_id, element.lane_name)
    return [*written, element.ext.get("bpmn:potentialOwner"), lane.get("role"), lane.get("party"), by_name]


def _seal_drafts(session: Session, instance: Instance, target: LoadedDefinition, task: HumanTask) -> None:
    """What was typed into a form that is secret from now on is sealed like the submission it will be."""
    classification = submissions.classification_of(target, target.forms.get(task.form_key or ""))
    if classification not in submissions.SECRET:
        return
    for draft in session.scalars(select(TaskDraft).where(TaskDraft.task_id == task.id, TaskDraft.data.is_not(None))):
        draft.sealed, draft.key_class = submissions.seal(session, instance.id, classification, draft.data or {})
        draft.data = None


def _forget_older(session: Session, instance_id: int) -> None:
    """An earlier move can no longer be undone: what it kept is of no use."""
    older = update(InstanceMigration).where(InstanceMigration.instance_id == instance_id)
    session.execute(older.values(blob=None, before=None))


def _put(held: Held, blob: bytes) -> None:
    """The state is the workflow that this transaction goes on with; the cached one is dropped."""
    live.take(held.session, held.instance.id, held.instance.version)
    held.desk = Desk()
    held.desk.held = held
    held.desk.live = Live.load(held.loaded.spec, blob, held.desk.services)


def _say_in_history(held: Held) -> None:
    held.instance.history_count += 1
    held.session.add(
        HistoryEvent(
            instance_id=held.instance.id, seq=held.instance.history_count, element_id=held.loaded.key,
            element_type="process", event="migrated", at=held.now, person_id=held.actor.person_id,
        )
    )  # fmt: skip


# --- what the new version reads ------------------------------------------------------------------------------


def _refill(held: Held, target: LoadedDefinition) -> dict[str, object]:
    """Values of names that the new version reads and the old one did not copy, as they were last handed in."""
    return _handed_in(held, target, _missing(held, target))


def _missing(held: Held, target: LoadedDefinition) -> frozenset[str]:
    return target.names_read - held.loaded.names_read - set(held.instance.wanted or ())


def _unfilled(held: Held, target: LoadedDefinition, refilled: Mapping[str, object]) -> list[str]:
    """Names that connectors gave before anybody read them: they are nowhere, and an operator may set them."""
    done = select(HistoryEvent.element_id).where(
        HistoryEvent.instance_id == held.instance.id, HistoryEvent.event == "completed"
    )
    topics = {held.loaded.elements[name].topic for name in held.session.scalars(done) if name in held.loaded.elements}
    known = connectors.registered()
    given = {name for topic in topics if topic in known for name in known[topic].outputs}
    return sorted(_missing(held, target) & given - refilled.keys())


@outbox.handler("child.wanted")
def _want(session: Session, job: Job, _result: Any) -> None:
    """The called instance keeps these names too, and what was handed in of them before."""
    payload = job.payload
    which = (Instance.parent_id == payload["parent"]) & (Instance.parent_task_uid == payload["uid"])
    instance = engine.lock(session, which)
    if instance is None or instance.state in ("completed", "cancelled"):
        return
    held = engine.held(session, SYSTEM, instance)
    names = frozenset(payload["names"]) - set(instance.wanted or ())
    found = _handed_in(held, held.loaded, names - held.loaded.names_read)
    instance.wanted = sorted(names.union(instance.wanted or ()))
    present = held.live.variables
    engine.run(held, lambda live: live.set_variables({k: v for k, v in found.items() if k not in present}, held.now))


def _handed_in(held: Held, target: LoadedDefinition, wanted: frozenset[str]) -> dict[str, object]:
    """What was last handed in under these names, as far as it may become variables."""
    query = select(Submission).where(Submission.instance_id == held.instance.id).order_by(Submission.id)
    found: dict[str, object] = {}
    for row in held.session.scalars(query) if wanted else ():
        found.update(_readable(held.session, row, target, wanted))
    return found


def _readable(session: Session, row: Submission, target: LoadedDefinition, wanted: frozenset[str]) -> dict[str, object]:
    """What of the submission may become variables, by the version it was handed in under and by the new one."""
    own = publishing.load(session, row.definition_id)
    form, judge = own.forms.get(row.form_key or ""), target.forms.get(row.form_key or "")
    if form is not None and not wanted.intersection(each.key for each in form.walk()):
        return {}  # nothing of it is asked for: what is sealed stays closed
    content = submissions.content(session, row)
    values = form.from_json(content) if form is not None else content
    names = {name: value for name, value in values.items() if name in wanted}
    allowed = submissions.variables(own, form, names, wanted)
    if judge is None:
        return allowed
    typed = {each.key for each in judge.walk()}
    kept = submissions.variables(target, judge, allowed)
    return {name: value for name, value in allowed.items() if name not in typed or name in kept}


# --- taking back ---------------------------------------------------------------------------------------------


def undo(session: Session, actor: Actor, migration_id: int, *, instance_id: int | None = None) -> InstanceMigration:
    """The instance is what it was before the move. Raises Forbidden, Missing, InstanceEnded, UndoRefused."""
    if not any(actor.may(each) for each in MAY):
        raise Forbidden(permission=MAY[0])
    row = session.get(InstanceMigration, migration_id, options=[undefer(InstanceMigration.blob),
                      undefer(InstanceMigration.before)], populate_existing=True)  # fmt: skip
    if row is None or instance_id not in (None, row.instance_id):
        raise Missing(what="migration", id=migration_id)
    instances.get(session, actor, row.instance_id)
    held = engine.hold(session, actor, row.instance_id)
    session.refresh(row)
    if row.undone_at is not None:
        raise UndoRefused(reason="undone", instance_id=row.instance_id)
    if held.instance.version != row.version or row.blob is None or row.before is None:
        raise UndoRefused(reason="moved_on", instance_id=row.instance_id)
    _take_back(held, row)
    return row


def _take_back(held: Held, row: InstanceMigration) -> None:
    assert row.blob is not None
    assert row.before is not None
    session = held.session
    entries = _turned(session, held)
    kept_rows.put_back(held, row.before)
    old, held.loaded = held.loaded, publishing.load(session, row.from_definition_id)
    held.instance.definition_id = row.from_definition_id
    _put(held, row.blob)
    held.note("instance.migration_undone", migration=row.id, version_before=old.version, version=held.loaded.version)
    _say_in_history(held)
    for element_id, element_type, event, uid, loop_index in entries:
        held.instance.history_count += 1
        session.add(
            HistoryEvent(
                instance_id=held.instance.id, seq=held.instance.history_count, element_id=element_id,
                element_type=element_type, event=event, at=held.now, person_id=held.actor.person_id, uid=uid,
                loop_index=loop_index,
            )
        )  # fmt: skip
    row.undone_at, row.undone_by = clock.now(), held.actor.person_id
    engine.save(held)


def _turned(session: Session, held: Held) -> list[tuple[str, str, str, str | None, int | None]]:
    """The lines of the move, the other way round: the new element is left for the old one."""
    mine = HistoryEvent.instance_id == held.instance.id
    last = (
        select(HistoryEvent.seq).where(mine, HistoryEvent.element_type == "process").order_by(HistoryEvent.seq.desc())
    )
    lines = session.scalars(
        select(HistoryEvent).where(mine, HistoryEvent.seq > last.limit(1).scalar_subquery()).order_by(HistoryEvent.seq)
    ).all()
    turned = {"migrated": "entered", "entered": "migrated"}
    return [
        (line.element_id, line.element_type, turned[line.event], line.uid, line.loop_index)
        for line in reversed(lines)
        if line.event in turned
    ]


def report(results: Sequence[Result], *, say: Callable[[str, Mapping[str, object]], str]) -> list[dict[str, Any]]:
    """The results as JSON; `say` makes a sentence of a refusal's code and facts."""
    return [
        {
            "instance": each.instance_id, "result": each.result, "migration": each.migration_id,
            "moves": [{"from": source, "to": target, "count": count} for source, target, count in each.moves],
            "armed": list(each.armed), "closed": list(each.closed), "refilled": list(each.refilled),
            "unfilled": list(each.unfilled),
            "blockers": [
                {"element_id": found.element_id, "code": found.code, "message": say(found.code, found.facts)}
                for found in each.blockers
            ],
        }
        for each in results
    ]  # fmt: skip
