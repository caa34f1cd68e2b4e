"""Calendar built-ins, and the two that ask the clock.

Source: DMN 1.5, tables 80 and 83.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from lastmeter import clock
from lastmeter.feel import temporal
from lastmeter.feel.library.registry import Parameter, builtin
from lastmeter.feel.temporal import WideDate, WideDateTime

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

_DATE = Parameter("date", ("date", "date and time"))
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def _day(value: object) -> temporal.Date:
    assert isinstance(value, dt.date | WideDate | WideDateTime)
    return temporal.date_part(value)


def _ordinal(day: temporal.Date) -> int:
    return temporal.day_number(day) - temporal.day_number(temporal.make_date(day.year, 1, 1)) + 1


@builtin("day of year", _DATE)
def day_of_year(run: Run, value: object) -> Decimal:
    return Decimal(_ordinal(_day(value)))


@builtin("day of week", _DATE)
def day_of_week(run: Run, value: object) -> str:
    return _WEEKDAYS[temporal.weekday(_day(value)) - 1]


@builtin("month of year", _DATE)
def month_of_year(run: Run, value: object) -> str:
    return _MONTHS[_day(value).month - 1]


@builtin("week of year", _DATE)
def week_of_year(run: Run, value: object) -> Decimal:
    """The ISO 8601 week: the one that holds the same week's Thursday."""
    day = _day(value)
    thursday = temporal.from_day_number(temporal.day_number(day) + 4 - temporal.weekday(day))
    return Decimal((_ordinal(thursday) - 1) // 7 + 1)


@builtin("now")
def now(run: Run) -> dt.datetime:
    # In legal time, so that date(now()) is the legal day.
    return clock.now().astimezone(clock.ZONE)


@builtin("today")
def today(run: Run) -> dt.date:
    return clock.today()
