"""The register's rules and the calendar, as this room asks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.orm import Session

from lastmeter.deadlines.bundled import bundled_rules
from lastmeter.deadlines.rules import Computed, Pause, Rule, compute, latest_start, rule_named
from lastmeter.workdays import Calendar, add_working_days, bundled_calendar


def calendar(_session: Session) -> Calendar:
    """The announced calendar that deadlines are counted by."""
    return bundled_calendar()


def rule(_session: Session, rule_id: str) -> Rule:
    """The register's rule of that id. Raises UnknownDeadlineRule."""
    return rule_named(bundled_rules(), rule_id)


def deadline(session: Session, rule_id: str, start: dt.date | dt.datetime, *, pauses: Sequence[Pause] = ()) -> Computed:
    """The day on which the rule's period from `start` ends, by the register and calendar in force."""
    return compute(rule(session, rule_id), start, calendar(session), pauses=pauses)


def last_day_to_act(session: Session, rule_id: str, end: dt.date) -> dt.date:
    """The last day on which the rule's period may start so that it is over by `end`."""
    return latest_start(rule(session, rule_id), end, calendar(session))


def working_days_after(session: Session, start: dt.date, n: int) -> dt.date:
    """The n-th working day after `start`."""
    return add_working_days(start, n, calendar(session)).day
