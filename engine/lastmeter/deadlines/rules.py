"""From a rule, a start and a calendar to a due day: pure, the same for every caller.

The day of the start is not counted, months end on the same day-number, a last day off work rolls forward, and a legal
day ends at 24:00. Source: 民法典 201–203.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lastmeter import clock
from lastmeter.errors import InvalidInput, LastmeterError
from lastmeter.workdays import (
    Calendar,
    Reckoned,
    add_calendar_days,
    add_months,
    add_months_term,
    add_working_days,
    is_working_day,
    roll_forward,
    working_days_between,
)

Sense = Literal["max", "min"]  # no later than; no earlier than
Unit = Literal[
    "working_days",
    "calendar_days",
    "weeks",
    "months",
    "years",
    "term_months",  # a term: ends the day before its anniversary
    "hours",  # from the moment; 0 means at once
    "hours_per_week",  # a duty measured from Monday to Sunday
    "date",  # a fixed day of the start's year, "MM-DD"
]
Verified = Literal["law-text", "seed", "secondary", "unverified", "example", "public-other-city"]


class UnknownDeadlineRule(LastmeterError):
    """The register holds no such rule on that day; facts: `rule`."""

    code = "unknown_deadline_rule"


@dataclass(frozen=True)
class Rule:
    """One row of the register. `plain_*` says in a sentence what `n` and `unit` say to the machine."""

    id: str
    zh: str
    en: str
    sense: Sense
    n: int | str
    unit: Unit
    rolls: bool  # a last day on which nobody works moves to the next working day
    start: str  # the event that starts the clock
    end: str  # the event that meets it
    source_zh: str
    source_en: str
    verified: Verified
    plain_zh: str
    plain_en: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def in_force(self, day: dt.date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Computed:
    """A due day and everything that is needed to say why, and to reckon again."""

    rule_id: str
    start: dt.date
    due: dt.date  # the last day (max), or the first that is lawful (min)
    raw_due: dt.date  # before it rolled off a holiday
    due_at: dt.datetime  # the instant (UTC) at which the period is over
    n: int | str
    unit: Unit
    sense: Sense
    calendar_version: str
    provisional: bool  # counted beyond the announced calendar
    paused_days: int = 0  # days (of the rule's own kind) during which the clock stood
    start_at: dt.datetime | None = None  # the moment, where the rule counts hours

    @property
    def rolled(self) -> bool:
        return self.due != self.raw_due


@dataclass(frozen=True)
class Pause:
    """The clock stands after the day of `since` up to and including the day of `until`; None: it still stands."""

    since: dt.datetime
    until: dt.datetime | None = None


def rule_named(rules: Mapping[str, Rule], rule_id: str) -> Rule:
    """The rule of that id. Raises UnknownDeadlineRule."""
    try:
        return rules[rule_id]
    except KeyError:
        raise UnknownDeadlineRule(rule=rule_id) from None


def rule_from(row: Mapping[str, object]) -> Rule:
    """The rule that a row of register.json describes."""
    known = {name: row[name] for name in Rule.__dataclass_fields__ if name in row}
    for name in ("valid_from", "valid_to"):
        if isinstance(known.get(name), str):
            known[name] = dt.date.fromisoformat(str(known[name]))
    return Rule(**known)  # type: ignore[arg-type]  # a test reads every row of the bundled file


def compute(
    rule: Rule,
    start: dt.date | dt.datetime,
    calendar: Calendar,
    *,
    strict_min_days: bool = False,
    pauses: Sequence[Pause] = (),
) -> Computed:
    """The day on which the rule's period ends, counted from `start`.

    `strict_min_days` counts the closing day of a minimum of calendar days as incomplete. A rule of hours needs an aware
    instant. Pauses lengthen the period by the days they took, if they began before it was over; fixed dates never move.
    Raises InvalidInput.
    """
    if rule.unit == "hours":
        return _hours(rule, start, calendar, pauses)
    day = clock.local_day(start) if isinstance(start, dt.datetime) else start
    raw, beyond = _raw(rule, day, calendar, strict=strict_min_days)
    due, paused = _rolled(rule, Reckoned(raw, beyond), calendar), 0
    for pause in sorted(_closed(pauses), key=lambda pause: pause.since):
        since, until = clock.local_day(pause.since), clock.local_day(_end(pause))
        if rule.unit in ("date", "hours_per_week") or since > due.day:
            continue
        stood = _span(rule, since, until, calendar)
        paused += stood
        raw = _later(rule, raw, stood, calendar)
        due = _rolled(rule, Reckoned(raw, beyond), calendar)
    provisional = due.provisional or not calendar.covers(raw)
    counts_days_off = rule.rolls or rule.unit == "working_days"
    return Computed(
        rule_id=rule.id,
        start=day,
        due=due.day,
        raw_due=raw,
        due_at=clock.end_of(due.day),
        n=rule.n,
        unit=rule.unit,
        sense=rule.sense,
        calendar_version=calendar.version,
        provisional=provisional and counts_days_off,
        paused_days=paused,
    )


def keeps(computed: Computed, day: dt.date) -> bool:
    """An event on `day` is in time: not after a maximum, not before a minimum is over."""
    return day <= computed.due if computed.sense == "max" else day >= computed.due


def is_tight(computed: Computed, day: dt.date) -> bool:
    """`day` is the very first that keeps a minimum of calendar days; some offices hold that closing day incomplete."""
    return computed.sense == "min" and computed.unit == "calendar_days" and day == computed.due


def latest_start(rule: Rule, end: dt.date, calendar: Calendar, *, strict_min_days: bool = False) -> dt.date:
    """The last day on which the period may start so that it is over by `end`; for a minimum, the last day to act.

    With 澄清 (D12) and a bid deadline: the last day for a clarification that does not move the deadline.
    """
    start = end
    while compute(rule, start, calendar, strict_min_days=strict_min_days).due > end:
        start = add_calendar_days(start, -1)
    return start


def first_working_day_after(day: dt.date, calendar: Calendar) -> Reckoned:
    """The earliest safe day for what must wait until a period that ends on `day` is over."""
    return add_working_days(day, 1, calendar)


def reminder_day(computed: Computed, days_before: int, calendar: Calendar) -> dt.date:
    """The day that lies `days_before` working days before the due day; never before the start."""
    return max(computed.start, add_working_days(computed.due, -days_before, calendar).day)


def days_elapsed(
    rule: Rule, computed: Computed, on: dt.datetime, calendar: Calendar, *, pauses: Sequence[Pause] = ()
) -> int:
    """How many days of the rule's kind have run by `on`, without those during which the clock stood.

    Never more than the period holds. While the clock stands the number stays.
    """
    day = min(clock.local_day(on), computed.due)
    run = _span(rule, computed.start, day, calendar) if day > computed.start else 0
    for pause in pauses:
        since, until = clock.local_day(pause.since), min(clock.local_day(pause.until or on), day)
        if since < until:
            run -= _span(rule, max(since, computed.start), until, calendar)
    return max(run, 0)


def days_left(
    rule: Rule, computed: Computed, on: dt.datetime, calendar: Calendar, *, pauses: Sequence[Pause] = ()
) -> int:
    """Days of the rule's kind until the due day; negative once it is over. While the clock stands the number stays."""
    standing = [pause for pause in pauses if pause.until is None]
    day = clock.local_day(min([on, *(pause.since for pause in standing)]))
    return _span(rule, day, computed.due, calendar)


def _hours(rule: Rule, start: dt.date | dt.datetime, calendar: Calendar, pauses: Sequence[Pause]) -> Computed:
    if not isinstance(start, dt.datetime) or start.tzinfo is None:
        raise InvalidInput(field="start", reason="needs_instant", rule=rule.id)
    due_at = start.astimezone(dt.UTC) + dt.timedelta(hours=int(rule.n))
    for pause in sorted(_closed(pauses), key=lambda pause: pause.since):
        if pause.since <= due_at:
            due_at += _end(pause) - pause.since
    due = clock.local_day(due_at)
    return Computed(
        rule_id=rule.id,
        start=clock.local_day(start),
        due=due,
        raw_due=due,
        due_at=due_at,
        n=rule.n,
        unit=rule.unit,
        sense=rule.sense,
        calendar_version=calendar.version,
        provisional=False,
        start_at=start.astimezone(dt.UTC),
    )


def _raw(rule: Rule, day: dt.date, calendar: Calendar, *, strict: bool) -> tuple[dt.date, bool]:
    if rule.unit == "date":
        month, number = (int(part) for part in str(rule.n).split("-"))
        return dt.date(day.year, month, number), False
    n = int(rule.n)
    match rule.unit:
        case "working_days":
            counted = add_working_days(day, n, calendar)
            return counted.day, counted.provisional
        case "calendar_days":
            return add_calendar_days(day, n + (strict and rule.sense == "min")), False
        case "weeks":
            return add_calendar_days(day, 7 * n), False
        case "months":
            return add_months(day, n), False
        case "years":
            return add_months(day, 12 * n), False
        case "term_months":
            return add_months_term(day, n), False
        case "hours_per_week":
            return add_calendar_days(day, 6 - day.weekday()), False
        case _:
            raise InvalidInput(field="unit", reason="unknown", unit=rule.unit, rule=rule.id)


def _rolled(rule: Rule, due: Reckoned, calendar: Calendar) -> Reckoned:
    if not rule.rolls or is_working_day(due.day, calendar):
        return replace(due, provisional=due.provisional or (rule.rolls and not calendar.covers(due.day)))
    rolled = roll_forward(due.day, calendar)
    return replace(rolled, provisional=rolled.provisional or due.provisional)


def _span(rule: Rule, since: dt.date, until: dt.date, calendar: Calendar) -> int:
    if rule.unit == "working_days":
        return working_days_between(since, until, calendar)
    return (until - since).days


def _later(rule: Rule, day: dt.date, stood: int, calendar: Calendar) -> dt.date:
    if rule.unit == "working_days":
        return add_working_days(day, stood, calendar).day
    return add_calendar_days(day, stood)


def _closed(pauses: Sequence[Pause]) -> list[Pause]:
    return [pause for pause in pauses if pause.until is not None]


def _end(pause: Pause) -> dt.datetime:
    assert pause.until is not None
    return pause.until
