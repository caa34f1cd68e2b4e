"""The register's rules and the calendar, as this room asks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.deadlines.register import calendar_in, rules_in
from lastmeter.deadlines.rules import Computed, Pause, Rule, compute, first_working_day_after, latest_start, rule_named
from lastmeter.workdays import add_working_days


def rule(session: Session, rule_id: str, on: dt.date | None = None) -> Rule:
    """The register's rule of that id on a day. Raises UnknownDeadlineRule."""
    return rule_named(rules_in(session, on), rule_id)


def deadline(session: Session, rule_id: str, start: dt.date | dt.datetime, *, pauses: Sequence[Pause] = ()) -> Computed:
    """The day on which the rule's period from `start` ends, by the register and calendar in force."""
    day = clock.local_day(start) if isinstance(start, dt.datetime) else start
    return compute(rule(session, rule_id, day), start, calendar_in(session), pauses=pauses)


def last_day_to_act(session: Session, rule_id: str, end: dt.date) -> dt.date:
    """The last day on which the rule's period may start so that it is over by `end`."""
    return latest_start(rule(session, rule_id, end), end, calendar_in(session))


def working_days_after(session: Session, start: dt.date, n: int) -> dt.date:
    """The n-th working day after `start`."""
    return add_working_days(start, n, calendar_in(session)).day


def safe_day_after(session: Session, end: dt.date) -> dt.date:
    """The first working day after a period that ends on `end`."""
    return first_working_day_after(end, calendar_in(session)).day
