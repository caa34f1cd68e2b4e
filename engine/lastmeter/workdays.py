"""Working days and legal periods: which day is worked, and on which day a period ends.

Pure arithmetic over a frozen `Calendar`. What leaves the calendar's coverage is reckoned with plain weekends and said
to be provisional, for nobody knows next year's holidays before they are announced.
"""

from __future__ import annotations

import calendar as _gregorian
import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lastmeter.errors import InvalidInput

# Forty years of working days; whoever asks for more has mistyped, and the walk below is day by day.
MOST_DAYS = 10_000
MOST_MONTHS = 1_200
_ONE_DAY = dt.timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """The announced working days from `first` to `last`; weekends outside."""

    version: str  # same content, same version
    first: dt.date
    last: dt.date
    off: frozenset[dt.date]  # weekdays on which nobody works
    worked: frozenset[dt.date]  # Saturdays and Sundays worked in exchange (调休)

    def covers(self, day: dt.date) -> bool:
        """The arrangement of this day has been announced."""
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Reckoned:
    """A day that was counted out."""

    day: dt.date
    provisional: bool  # the count left the calendar; reckon again when the calendar grows


@dataclass(frozen=True)
class NamedDay:
    """One day that differs from the plain week."""

    day: dt.date
    working: bool
    name_zh: str
    name_en: str


def make_calendar(first: dt.date, last: dt.date, *, off: Iterable[dt.date], worked: Iterable[dt.date]) -> Calendar:
    """A calendar whose version follows from its content. Only days that differ from the plain week are kept."""
    if last < first:
        raise InvalidInput(field="last", reason="before_first", first=first, last=last)
    rest = frozenset(day for day in off if first <= day <= last and day.weekday() < _SATURDAY)
    weekends = frozenset(day for day in worked if first <= day <= last and day.weekday() >= _SATURDAY)
    content = "|".join([str(first), str(last), *map(str, sorted(rest)), "+", *map(str, sorted(weekends))])
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return Calendar(f"{last.year}-{digest}", first, last, rest, weekends)


@lru_cache(maxsize=1)
def bundled_days() -> tuple[NamedDay, ...]:
    """Every announced holiday and worked weekend the installation came with, in order.

    Source: the yearly notices of the State Council as collected by the package chinesecalendar.
    """
    import chinese_calendar

    names = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    off = [(day, False, name) for day, name in chinese_calendar.holidays.items()]
    worked = [(day, True, name) for day, name in chinese_calendar.workdays.items()]
    return tuple(NamedDay(day, working, names.get(name, name), name) for day, working, name in sorted(off + worked))


@lru_cache(maxsize=1)
def bundled_calendar() -> Calendar:
    """The calendar of the years that came with the installation, whole years only."""
    days = bundled_days()
    return make_calendar(
        dt.date(days[0].day.year, 1, 1),
        dt.date(days[-1].day.year, 12, 31),
        off=(day.day for day in days if not day.working),
        worked=(day.day for day in days if day.working),
    )


def is_working_day(day: dt.date, calendar: Calendar) -> bool:
    """People work on this day; beyond the calendar's coverage, Monday to Friday."""
    if day.weekday() >= _SATURDAY:
        return day in calendar.worked
    return day not in calendar.off


def add_working_days(day: dt.date, n: int, calendar: Calendar) -> Reckoned:
    """The n-th working day after `day`, which itself is not counted; a negative n counts backwards, 0 stays.

    Raises InvalidInput where the count or the date leaves all bounds. Source: 民法典 201.
    """
    _bounded(n, MOST_DAYS)
    step = _ONE_DAY if n > 0 else -_ONE_DAY
    left = abs(n)
    last = day
    while left:
        last = _moved(last, step)
        left -= is_working_day(last, calendar)
    return Reckoned(last, _leaves(calendar, day, last))


def roll_forward(day: dt.date, calendar: Calendar) -> Reckoned:
    """`day`, or the next working day if nobody works on it.

    Source: 民法典 203; we roll over weekends too, which never shortens anybody's time.
    """
    last = day
    while not is_working_day(last, calendar):
        last = _moved(last, _ONE_DAY)
    return Reckoned(last, _leaves(calendar, last, last))


def add_calendar_days(day: dt.date, n: int) -> dt.date:
    """The day `n` days later, not rolled. Source: 民法典 201 (the first day is not counted)."""
    _bounded(n, MOST_DAYS * 4)
    return _moved(day, dt.timedelta(days=n))


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day-number `months` later, or that month's last day; not rolled to a working day.

    Source: 民法典 202.
    """
    _bounded(months, MOST_MONTHS)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise InvalidInput(field="date", reason="out_of_range")
    return dt.date(year, month + 1, min(day.day, _gregorian.monthrange(year, month + 1)[1]))


def add_months_term(start: dt.date, months: int) -> dt.date:
    """The last day of a term of `months` that begins on `start`; not rolled.

    It is the day before the same day-number. Where that number is missing the month's last day ends the term, so that
    a term from 29 February never loses a day.
    """
    anniversary = add_months(start, months)
    return anniversary if anniversary.day != start.day else _moved(anniversary, -_ONE_DAY)


def add_years_term(start: dt.date, years: int) -> dt.date:
    """The last day of a term of `years`: the day before its anniversary, 28 February for a term from 29 February."""
    return add_months_term(start, years * 12)


def working_days_between(start: dt.date, end: dt.date, calendar: Calendar) -> int:
    """How many working days lie after `start` up to and including `end`; negative if `end` comes first."""
    if end < start:
        return -working_days_between(end, start, calendar)
    days = (end - start).days
    weeks, rest = divmod(days, 7)
    plain = weeks * 5 + sum((start.weekday() + offset) % 7 < _SATURDAY for offset in range(1, rest + 1))
    off = sum(start < day <= end for day in calendar.off)
    worked = sum(start < day <= end for day in calendar.worked)
    return plain - off + worked


def _leaves(calendar: Calendar, start: dt.date, end: dt.date) -> bool:
    return not (calendar.covers(start) and calendar.covers(end))


def _moved(day: dt.date, step: dt.timedelta) -> dt.date:
    try:
        return day + step
    except OverflowError:
        raise InvalidInput(field="date", reason="out_of_range") from None


def _bounded(n: int, most: int) -> None:
    if abs(n) > most:
        raise InvalidInput(field="n", reason="too_large", most=most)
