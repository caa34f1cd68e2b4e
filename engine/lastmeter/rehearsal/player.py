"""Plays a scenario: people claim and complete through the same services as the pages, on a virtual clock."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock, db, jobs, workdays
from lastmeter.actor import SYSTEM, Actor
from lastmeter.deadlines.models import Deadline
from lastmeter.errors import LastmeterError
from lastmeter.identity.models import Account, Organisation
from lastmeter.identity.people import actor_of, holders
from lastmeter.rehearsal import acts, given
from lastmeter.rehearsal.scenario import Scenario, Step, instant
from lastmeter.rehearsal.world import World
from lastmeter.workflow import instances, messages, tasks, timers
from lastmeter.workflow.models import HistoryEvent, HumanTask, Instance
from lastmeter.workflow.refusals import SeparationOfDuties

OPEN = ("open", "hold", "suspended")


class RehearsalFailed(AssertionError):
    """A step did not go as the scenario says; the message names scenario, step and what was found instead."""


@dataclass
class Line:
    """One thing that happened: when, who, what."""

    day: dt.date
    who: str
    what: str


@dataclass
class Player:
    """One rehearsal: a world in an empty, migrated database, reached through `factory`."""

    factory: Callable[[], Session]
    world: World
    now: dt.datetime
    path: list[Line] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)  # what `given` and acts made, for `$name`
    _keeps_days: bool = False  # messages carry dates, forms carry text

    # --- the clock ---------------------------------------------------------------------------------------------

    def stand_at(self, moment: dt.datetime) -> None:
        self.now = moment
        clock.set_virtual(moment)

    def move_to(self, moment: dt.datetime) -> None:
        """Time passes: every event on the way happens at its own instant."""
        while (due := self._next_due()) is not None and due <= moment:
            self.stand_at(max(due, self.now))
            if self.drain() == 0:
                break
        self.stand_at(moment)
        self.drain()

    def _next_due(self) -> dt.datetime | None:
        with self.factory() as session:
            return timers.next_due(session)

    def drain(self) -> int:
        """Everything due has been performed; how many jobs that took."""
        return jobs.drain(self.factory)

    def in_unit(self, work: Callable[[Session], Any]) -> Any:
        """The result of `work(session)`, committed."""
        with self.factory() as session, db.unit_of_work(session):
            return work(session)

    # --- people and things ---------------------------------------------------------------------------------------

    def actor(self, session: Session, name: str) -> Actor:
        """The actor behind a login."""
        person_id = session.scalar(select(Account.person_id).where(Account.login == name))
        if person_id is None:
            raise RehearsalFailed(f"nobody is called {name}")
        return actor_of(session, person_id)

    def resolve(self, session: Session, value: Any) -> Any:
        """The value with `$org:key`, `$person:login`, `$day:+5wd`, `$name` replaced by what they stand for."""
        if isinstance(value, Mapping):
            return {name: self.resolve(session, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(session, item) for item in value]
        if isinstance(value, dt.date) and not self._keeps_days:
            return value.isoformat()
        if not (isinstance(value, str) and value.startswith("$")):
            return value
        kind, _, rest = value[1:].partition(":")
        if kind == "org":
            return self.world.organisations[rest].id
        if kind == "person":
            return self.world.people[rest].id
        if kind == "day":
            return self._moved(rest).astimezone(clock.ZONE).date().isoformat()
        return self.names[kind]

    def _moved(self, text: str) -> dt.datetime:
        """The instant that `+5wd` or `+3d` from now, or an absolute one, names."""
        match = re.fullmatch(r"\+(\d+)(wd|d|mo)", text)
        if match is None:
            return instant(text)
        number, unit = int(match[1]), match[2]
        local = self.now.astimezone(clock.ZONE)
        if unit == "d":
            return self.now + dt.timedelta(days=number)
        if unit == "mo":
            day = workdays.add_months(local.date(), number)
        else:
            day = workdays.add_working_days(local.date(), number, workdays.bundled_calendar()).day
        return dt.datetime.combine(day, local.time(), clock.ZONE).astimezone(dt.UTC)

    def note(self, who: str, what: str) -> None:
        self.path.append(Line(clock.local_day(self.now), who, what))


def play(player: Player, scenario: Scenario) -> list[Line]:
    """The path that the scenario took. Raises RehearsalFailed."""
    player.stand_at(scenario.at)
    try:
        for name, options in scenario.given.items():
            _given(player, name, options)
        if scenario.start is not None:
            _start(player, scenario.process, scenario.start)
        if scenario.message is not None:
            _message(player, scenario.message)
        for step in scenario.steps:
            try:
                _VERBS[step.verb](player, step)
            except LastmeterError as error:
                raise RehearsalFailed(f"{scenario.name}, step {step.number}: {error}") from error
            except RehearsalFailed as error:
                raise RehearsalFailed(f"{scenario.name}, step {step.number}: {error}") from error
    finally:
        clock.set_virtual(None)
    return player.path


def _given(player: Player, name: str, options: Any) -> None:
    def work(session: Session) -> None:
        given.make(player, session, name, options)

    player.in_unit(work)


# --- steps -------------------------------------------------------------------------------------------------------


def _start(player: Player, key: str, options: Mapping[str, Any]) -> None:
    def work(session: Session) -> Instance:
        actor = _starter(player, session, str(options["as"]))
        data = player.resolve(session, options.get("data") or {})
        parties = player.resolve(session, options.get("parties") or {}) or None
        variables = player.resolve(session, options.get("variables") or {}) or None
        at = options.get("at")
        return instances.start(
            session, actor, key, data=data, parties=parties, variables=variables, start_element=at and str(at)
        )

    refused = options.get("refused")
    started = _expecting(player, refused, work)
    if started is not None:
        player.names["instance"] = started.id
        player.note(str(options["as"]), f"▶ {started.title_zh}")
    player.drain()


def _starter(player: Player, session: Session, name: str) -> Actor:
    """The program itself (`system`), a login, or the first person of the world who holds the role."""
    if name == "system":
        return SYSTEM
    if name in player.world.people:
        return player.actor(session, name)
    for login in player.world.people:
        actor = player.actor(session, login)
        if name in actor.roles:
            return actor
    raise RehearsalFailed(f"nobody holds the role {name}")


def _do(player: Player, step: Step) -> None:
    times = step.options.get("times", 1)
    count = 0
    while times == "all" or count < int(times):
        required = not step.options.get("optional") and (times != "all" or count == 0)
        task_id = _find(player, str(step.subject), step.options, required=required)
        if task_id is None:
            return
        if not _complete(player, task_id, step):
            return
        count += 1
        player.drain()


def _find(player: Player, element: str, options: Mapping[str, Any], *, required: bool) -> int | None:
    with player.factory() as session:
        query = select(HumanTask.id).join(Instance, Instance.id == HumanTask.instance_id)
        query = query.where(HumanTask.element_id == element, HumanTask.state.in_(OPEN)).order_by(HumanTask.id)
        if "in" in options:
            query = query.where(Instance.definition_key == options["in"])
        if options.get("person"):
            query = query.where(HumanTask.person_id == player.world.people[options["person"]].id)
        found = session.scalar(query.limit(1))
        if found is None and required:
            raise RehearsalFailed(f"no open task {element}; open are {_open(session)}")
        return found


def _open(session: Session) -> list[str]:
    return sorted(session.scalars(select(HumanTask.element_id).where(HumanTask.state.in_(OPEN))))


def _complete(player: Player, task_id: int, step: Step) -> bool:
    def work(session: Session) -> str:
        task = session.get_one(HumanTask, task_id)
        actor = _performer(player, session, task, step.options.get("as"))
        data = player.resolve(session, step.options.get("data") or {})
        name = task.name_zh
        if task.claimed_by is None:
            tasks.claim(session, actor, task_id)
        if "draft" in step.options:
            tasks.save_draft(session, actor, task_id, player.resolve(session, step.options["draft"]))
        tasks.complete(session, actor, task_id, data)
        player.note(actor.name, name)
        return name

    return _expecting(player, step.options.get("refused"), work) is not None


def _performer(player: Player, session: Session, task: HumanTask, name: object) -> Actor:
    if isinstance(name, str) and name in player.world.people:
        return player.actor(session, name)
    if isinstance(name, str):
        return _starter(player, session, name)
    if task.claimed_by is not None:
        return actor_of(session, task.claimed_by)
    if task.person_id is not None:
        return actor_of(session, task.person_id)
    if task.role is None or task.organisation_id is None:
        raise RehearsalFailed(f"{task.element_id} goes to nobody: role {task.role} at {task.organisation_id}")
    people = holders(session, task.role, task.organisation_id)
    for person in people:
        actor = actor_of(session, person.id)
        try:
            with session.begin_nested():
                tasks.claim(session, actor, task.id)
        except SeparationOfDuties:
            continue
        return actor
    where = session.get_one(Organisation, task.organisation_id).name
    names = [person.name for person in people]
    raise RehearsalFailed(f"{task.element_id}: nobody of {names} ({task.role}, {where}) may claim it")


def _act(player: Player, step: Step) -> None:
    def work(session: Session) -> bool:
        actor = _starter(player, session, str(step.options["as"]))
        data = player.resolve(session, step.options.get("data") or {})
        acts.find(str(step.subject))(player, session, actor, data)
        player.note(actor.name, str(step.subject))
        return True

    _expecting(player, step.options.get("refused"), work)
    player.drain()


def _expecting(player: Player, code: object, work: Callable[[Session], Any]) -> Any:
    """The result of the work, or None where it was refused as expected. Raises RehearsalFailed otherwise."""
    try:
        result = player.in_unit(work)
    except LastmeterError as error:
        if code is not None and error.code == code:
            player.note("—", f"✗ {error.code}")
            return None
        raise
    if code is not None:
        raise RehearsalFailed(f"should have been refused with {code}")
    return result


def _move(player: Player, step: Step) -> None:
    if step.subject == "next":
        due = player._next_due()
        if due is None:
            raise RehearsalFailed("nothing is due any more")
        player.move_to(max(due, player.now))
        return
    player.move_to(player._moved(step.subject) if isinstance(step.subject, str) else instant(step.subject))


def _message_step(player: Player, step: Step) -> None:
    _message(player, step.subject)


def _message(player: Player, options: Mapping[str, Any]) -> None:
    def work(session: Session) -> None:
        player._keeps_days = True
        payload = player.resolve(session, options.get("payload") or {})
        player._keeps_days = False
        correlation = player.resolve(session, options.get("correlation"))
        parties = player.resolve(session, options.get("parties") or {}) or None
        correlation = None if correlation is None else str(correlation)
        if parties:
            payload = {**payload, "parties": parties}
        messages.publish(session, SYSTEM, str(options["name"]), correlation, payload)

    player.in_unit(work)
    player.note("✉", str(options["name"]))
    player.drain()


def _repeat(player: Player, step: Step) -> None:
    """The inner steps as often as the subject says: months of a contract, sessions of a case."""
    for _ in range(int(step.subject)):
        for inner in step.options["steps"]:
            _VERBS[inner.verb](player, inner)


def _start_step(player: Player, step: Step) -> None:
    _start(player, str(step.subject), step.options)


def _claim(player: Player, step: Step) -> None:
    task_id = _find(player, str(step.subject), step.options, required=True)
    assert task_id is not None

    def work(session: Session) -> bool:
        task = session.get_one(HumanTask, task_id)
        tasks.claim(session, _performer(player, session, task, step.options.get("as")), task_id)
        return True

    _expecting(player, step.options.get("refused"), work)


def _expect(player: Player, step: Step) -> None:
    with player.factory() as session:
        for what, expected in step.subject.items():
            _CHECKS[what](player, session, expected)


def _expect_open(_player: Player, session: Session, expected: list[str]) -> None:
    missing = set(expected) - set(_open(session))
    if missing:
        raise RehearsalFailed(f"should be open: {sorted(missing)}; open are {_open(session)}")


def _expect_closed(_player: Player, session: Session, expected: list[str]) -> None:
    still = set(expected) & set(_open(session))
    if still:
        raise RehearsalFailed(f"should not be open: {sorted(still)}")


def _expect_due(_player: Player, session: Session, expected: Mapping[str, Any]) -> None:
    for element, day in expected.items():
        found = session.scalars(
            select(HumanTask.due_on).where(HumanTask.element_id == element).order_by(HumanTask.id.desc()).limit(1)
        ).first()
        if str(found) != str(day):
            raise RehearsalFailed(f"{element} should be due on {day}, is {found}")


def _expect_state(player: Player, session: Session, expected: Any) -> None:
    wanted = expected if isinstance(expected, Mapping) else {None: expected}
    for key, state in wanted.items():
        query = select(Instance.state).order_by(Instance.id.desc())
        query = (
            query.where(Instance.definition_key == key) if key else query.where(Instance.id == player.names["instance"])
        )
        found = session.scalars(query.limit(1)).first()
        if found != state:
            raise RehearsalFailed(f"{key or 'the instance'} should be {state}, is {found}")


def _expect_ended(_player: Player, session: Session, expected: list[str]) -> None:
    done = set(session.scalars(select(HistoryEvent.element_id).where(HistoryEvent.event == "completed")))
    if missing := set(expected) - done:
        raise RehearsalFailed(f"never reached: {sorted(missing)}")


def _expect_not_reached(_player: Player, session: Session, expected: list[str]) -> None:
    seen = set(session.scalars(select(HistoryEvent.element_id)))
    if reached := set(expected) & seen:
        raise RehearsalFailed(f"should not have been reached: {sorted(reached)}")


def _expect_deadline(_player: Player, session: Session, expected: Mapping[str, Any]) -> None:
    for rule, day in expected.items():
        found = set(map(str, session.scalars(select(Deadline.due).where(Deadline.rule_id == rule))))
        if str(day) not in found:
            raise RehearsalFailed(f"{rule} should fall on {day}, falls on {sorted(found)}")


def _expect_held(_player: Player, session: Session, expected: list[str]) -> None:
    query = select(HumanTask.element_id).join(Instance, Instance.id == HumanTask.instance_id)
    held = set(session.scalars(query.where(Instance.suspended_at.is_not(None), HumanTask.state.in_(OPEN))))
    if missing := set(expected) - held:
        raise RehearsalFailed(f"should be suspended: {sorted(missing)}; suspended are {sorted(held)}")


def _expect_rows(_player: Player, session: Session, expected: Mapping[str, Any]) -> None:
    """Counts of domain rows by table and column values: {"finding": {"kind": "staffing_short", "count": 1}}."""
    for table, condition in expected.items():
        columns = db.Base.metadata.tables[table].c
        if unknown := set(condition) - set(columns.keys()) - {"count"}:
            raise RehearsalFailed(f"{table} has no {sorted(unknown)}")
        filters = [columns[name] == value for name, value in condition.items() if name != "count"]
        found = len(session.execute(select(*columns).where(*filters)).all())
        if found != condition.get("count", 1):
            raise RehearsalFailed(f"{table} {condition}: found {found}")


_CHECKS: dict[str, Callable[[Player, Session, Any], None]] = {
    "open": _expect_open,
    "closed": _expect_closed,
    "due": _expect_due,
    "state": _expect_state,
    "ended": _expect_ended,
    "not_reached": _expect_not_reached,
    "deadline": _expect_deadline,
    "suspended": _expect_held,
    "rows": _expect_rows,
}
_VERBS: dict[str, Callable[[Player, Step], None]] = {
    "do": _do,
    "act": _act,
    "move": _move,
    "message": _message_step,
    "expect": _expect,
    "claim": _claim,
    "start": _start_step,
    "repeat": _repeat,
}
