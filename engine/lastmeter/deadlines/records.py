"""Deadlines that were computed: stored, explained, met, paused, resumed, and computed again when the calendar grows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.deadlines.models import Deadline
from lastmeter.deadlines.register import calendar_in, rules_in
from lastmeter.deadlines.rules import Computed, Pause, Rule, compute, days_elapsed, days_left, rule_named
from lastmeter.workdays import Calendar


@dataclass(frozen=True)
class Moved:
    """A deadline that is now on another day; timers that follow it must be set anew."""

    deadline: Deadline
    before: dt.datetime
    after: dt.datetime


@dataclass(frozen=True)
class Why:
    """Why a deadline falls on its day, for people."""

    rule: Rule
    deadline: Deadline
    elapsed: int  # days of the rule's kind that have run
    left: int  # until the due day; negative once it is over

    @property
    def stands(self) -> bool:
        """The clock is paused."""
        return self.deadline.paused_since is not None


def record(
    session: Session,
    computed: Computed,
    *,
    subject: str,
    instance_id: int | None = None,
    element_id: str | None = None,
    start_at: dt.datetime | None = None,
    strict: bool = False,
) -> Deadline:
    """The computed day with what it came from, as a row of the session. Rules of hours need `start_at`."""
    row = Deadline(
        rule_id=computed.rule_id,
        subject=subject,
        instance_id=instance_id,
        element_id=element_id,
        start=computed.start,
        start_at=start_at or computed.start_at,
        strict=strict,
        first_due=computed.due,
        pauses=[],
    )
    _put(row, computed)
    session.add(row)
    return row


def why(session: Session, row: Deadline, *, at: dt.datetime | None = None) -> Why:
    """The rule behind a deadline and how far its clock has run."""
    rule, calendar, pauses = _rule(session, row), calendar_in(session), _pauses(row)
    on = at or clock.now()
    computed = _compute(row, rule, calendar)
    return Why(
        rule=rule,
        deadline=row,
        elapsed=days_elapsed(rule, computed, on, calendar, pauses=pauses),
        left=days_left(rule, computed, on, calendar, pauses=pauses),
    )


def meet(session: Session, *subjects: str, at: dt.datetime | None = None) -> int:
    """The open deadlines of these subjects are met; how many there were."""
    rows = _open(session, Deadline.subject.in_(subjects))
    for row in rows:
        row.met_at = at or clock.now()
    return len(rows)


def publish(row: Deadline, at: dt.datetime | None = None) -> None:
    """The deadline has been made public: from now on only an amendment changes it."""
    row.published_at = row.published_at or at or clock.now()


def pause(session: Session, instance_id: int, *, at: dt.datetime | None = None) -> list[Deadline]:
    """The clocks of the instance's open deadlines stand from now on. Pausing twice changes nothing."""
    rows = [row for row in _open(session, Deadline.instance_id == instance_id) if row.paused_since is None]
    for row in rows:
        row.paused_since = at or clock.now()
    return rows


def resume(session: Session, instance_id: int, *, at: dt.datetime | None = None) -> list[Moved]:
    """The clocks run again; which deadlines have moved, for their timers. What had run before the pause is kept."""
    until = at or clock.now()
    moved: list[Moved] = []
    for row in _open(session, Deadline.instance_id == instance_id):
        if row.paused_since is None:
            continue
        row.pauses = [*row.pauses, [row.paused_since.isoformat(), until.isoformat()]]
        row.paused_since = None
        moved += _again(session, row)
    return moved


def recompute(session: Session) -> list[Moved]:
    """Every provisional open deadline by the calendar now in force; which have moved.

    A published one keeps its day; the new one stands in `amended_due` until somebody publishes an amendment.
    """
    moved: list[Moved] = []
    for row in _open(session, Deadline.provisional == true()):
        moved += _again(session, row)
    return moved


def _again(session: Session, row: Deadline) -> Iterable[Moved]:
    before = row.due_at
    computed = _compute(row, _rule(session, row), calendar_in(session))
    if row.published_at is not None and computed.due_at != before:
        row.amended_due = computed.due
        return
    _put(row, computed)
    if computed.due_at != before:
        yield Moved(row, before, computed.due_at)


def _compute(row: Deadline, rule: Rule, calendar: Calendar) -> Computed:
    return compute(rule, row.start_at or row.start, calendar, strict_min_days=row.strict, pauses=_pauses(row))


def _put(row: Deadline, computed: Computed) -> None:
    row.n, row.unit, row.sense = str(computed.n), computed.unit, computed.sense
    row.raw_due, row.due, row.due_at = computed.raw_due, computed.due, computed.due_at
    row.calendar_version, row.provisional = computed.calendar_version, computed.provisional
    row.paused_days = computed.paused_days


def _rule(session: Session, row: Deadline) -> Rule:
    # The rule that was in force when the period began goes on to hold for it.
    return rule_named(rules_in(session, row.start), row.rule_id)


def _pauses(row: Deadline) -> list[Pause]:
    closed = [Pause(*(dt.datetime.fromisoformat(text) for text in each)) for each in row.pauses]
    return closed if row.paused_since is None else [*closed, Pause(row.paused_since)]


def _open(session: Session, condition: ColumnElement[bool]) -> list[Deadline]:
    query = select(Deadline).where(Deadline.met_at.is_(None), condition)
    return list(session.scalars(query.order_by(Deadline.id)))
