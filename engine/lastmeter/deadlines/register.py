"""The register and the calendar in the database, and the FEEL functions that reckon by them.

An empty database reckons by what the installation brought; `seed` stores that, and imports build on it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.deadlines.bundled import bundled_rules
from lastmeter.deadlines.models import CalendarDay, CalendarYear, DeadlineRule
from lastmeter.deadlines.rules import Computed, Rule, compute, rule_named
from lastmeter.errors import InvalidInput
from lastmeter.feel import FeelFunction
from lastmeter.identifiers import age_on
from lastmeter.workdays import (
    Calendar,
    add_months,
    add_working_days,
    bundled_calendar,
    bundled_days,
    is_working_day,
    make_calendar,
)

BUNDLED_SOURCE = "国务院办公厅历年放假通知 / yearly holiday notices of the State Council"
_RULE_COLUMNS = tuple(Rule.__dataclass_fields__.keys() - {"id", "n"})

# Calendars this process has read, by the revisions of their years: those are digests, so that what is here is right.
_read: dict[tuple[tuple[int, str], ...], Calendar] = {}
_SESSION_KEY = "deadlines"


def seed(session: Session) -> None:
    """Rules, years and days of the installation stand in the database; what is there already stays as it is."""
    if session.scalar(select(func.count()).select_from(DeadlineRule)) == 0:
        rows = [{"rule_id": rule.id, "n": str(rule.n), **_columns(rule)} for rule in bundled_rules().values()]
        session.execute(insert(DeadlineRule).values(rows).on_conflict_do_nothing())
    if session.scalar(select(func.count()).select_from(CalendarYear)) == 0:
        _seed_calendar(session)
    forget(session)


def _seed_calendar(session: Session) -> None:
    days = [
        {"day": day.day, "working": day.working, "name_zh": day.name_zh, "name_en": day.name_en}
        for day in bundled_days()
    ]
    session.execute(insert(CalendarDay).values(days).on_conflict_do_nothing())
    calendar = bundled_calendar()
    years = []
    for year in range(calendar.first.year, calendar.last.year + 1):
        own = [(day.day, day.working) for day in bundled_days() if day.day.year == year]
        years.append({"year": year, "revision": revision_of(own), "source": BUNDLED_SOURCE})
    session.execute(insert(CalendarYear).values(years).on_conflict_do_nothing())


def revision_of(days: Iterable[tuple[dt.date, bool]]) -> str:
    """A digest of a year's special days: equal days, equal revision."""
    text = "|".join(f"{day}{'+' if working else '-'}" for day, working in sorted(days))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _columns(rule: Rule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in _RULE_COLUMNS}


def forget(session: Session) -> None:
    """The session asks the database again for its calendar and rules."""
    session.info.pop(_SESSION_KEY, None)


def _kept(session: Session) -> dict[str, object]:
    """What this transaction has read; gone with it, so that no transaction reckons by another's calendar."""
    transaction = session.get_transaction()
    kept = session.info.get(_SESSION_KEY)
    if kept is None or kept[0] is not transaction or transaction is None:
        kept = session.info[_SESSION_KEY] = (transaction, {})
    found: dict[str, object] = kept[1]
    return found


def calendar_in(session: Session) -> Calendar:
    """The calendar in force: one statement per transaction, the days only when a revision is new to this process."""
    kept = _kept(session)
    found = kept.get("calendar")
    if not isinstance(found, Calendar):
        found = kept["calendar"] = _read_calendar(session)
    return found


def _read_calendar(session: Session) -> Calendar:
    query = select(CalendarYear.year, CalendarYear.revision).order_by(CalendarYear.year)
    years = tuple((year, revision) for year, revision in session.execute(query))
    if not years:
        return bundled_calendar()
    if years not in _read:
        days = session.execute(select(CalendarDay.day, CalendarDay.working)).all()
        if len(_read) > 4:
            _read.clear()
        _read[years] = make_calendar(
            dt.date(years[0][0], 1, 1),
            dt.date(years[-1][0], 12, 31),
            off=(day for day, working in days if not working),
            worked=(day for day, working in days if working),
        )
    return _read[years]


def rules_in(session: Session, on: dt.date | None = None) -> Mapping[str, Rule]:
    """The rules in force on a legal day (default: today), by id."""
    day = on or clock.today()
    kept = _kept(session)
    found = kept.get("rules")
    if not isinstance(found, tuple):
        rows = session.scalars(select(DeadlineRule).order_by(DeadlineRule.rule_id))
        found = kept["rules"] = tuple(as_rule(row) for row in rows) or tuple(bundled_rules().values())
    return MappingProxyType({rule.id: rule for rule in found if rule.in_force(day)})


def as_rule(row: DeadlineRule) -> Rule:
    """The rule of a row."""
    values = {name: getattr(row, name) for name in _RULE_COLUMNS}
    n = row.n if row.unit == "date" else int(row.n)
    return Rule(id=row.rule_id, n=n, **values)


def deadline(
    session: Session, rule_id: str, start: dt.date | dt.datetime, *, strict_min_days: bool = False
) -> Computed:
    """The day to which a rule of the register leads from `start`. Raises UnknownDeadlineRule, InvalidInput."""
    day = clock.local_day(start) if isinstance(start, dt.datetime) else start
    rule = rule_named(rules_in(session, day), rule_id)
    return compute(rule, start, calendar_in(session), strict_min_days=strict_min_days)


def deadline_functions(
    session: Session, collector: list[Computed], *, strict_min_days: bool = False
) -> Mapping[str, FeelFunction]:
    """The FEEL functions of the register; every deadline that an expression asks for is appended to `collector`."""

    def collected(rule_id: str, start: dt.date | dt.datetime) -> Computed:
        computed = deadline(session, rule_id, start, strict_min_days=strict_min_days)
        collector.append(computed)
        return computed

    return _functions(collected, lambda: calendar_in(session))


def bundled_functions() -> Mapping[str, FeelFunction]:
    """The same functions by the register and the calendar that come with the program, where there is no database."""

    def computed(rule_id: str, start: dt.date | dt.datetime) -> Computed:
        return compute(rule_named(bundled_rules(), rule_id), start, bundled_calendar())

    return _functions(computed, bundled_calendar)


def _functions(
    computed: Callable[[str, dt.date | dt.datetime], Computed], calendar: Callable[[], Calendar]
) -> Mapping[str, FeelFunction]:
    def deadline_(rule_id: object, start: object) -> object:
        if rule_id is None or start is None:
            return None
        if not isinstance(rule_id, str) or not isinstance(start, dt.date):
            raise TypeError("deadline takes the id of a rule and a date")
        found = computed(rule_id, _aware(start))
        return found.due_at.astimezone(clock.ZONE) if found.unit == "hours" else found.due

    def add_working_days_(day: object, n: object) -> object:
        if day is None or n is None:
            return None
        return add_working_days(_day(day), _whole(n), calendar()).day

    def is_working_day_(day: object) -> object:
        return None if day is None else is_working_day(_day(day), calendar())

    def add_months_(day: object, n: object) -> object:
        return None if day is None or n is None else add_months(_day(day), _whole(n))

    def age_on_(birth: object, day: object) -> object:
        return None if birth is None or day is None else age_on(_day(birth), _day(day))

    return {
        "deadline": FeelFunction("deadline", ("rule id", "start"), deadline_),
        "add working days": FeelFunction("add working days", ("date", "n"), add_working_days_),
        "is working day": FeelFunction("is working day", ("date",), is_working_day_),
        "add months": FeelFunction("add months", ("date", "n"), add_months_),
        "age on": FeelFunction("age on", ("birth date", "day"), age_on_),
    }


def _aware(start: dt.date) -> dt.date:
    if isinstance(start, dt.datetime) and start.tzinfo is None:
        return start.replace(tzinfo=clock.ZONE)
    return start


def _day(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        value = _aware(value)
        assert isinstance(value, dt.datetime)
        return clock.local_day(value)
    if not isinstance(value, dt.date):
        raise TypeError("a date is wanted")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, (int, Decimal)) or isinstance(value, bool) or value != int(value):
        raise TypeError("a whole number is wanted")
    if not -(10**9) <= value <= 10**9:
        raise InvalidInput(field="n", reason="too_large", most=10**9)
    return int(value)
