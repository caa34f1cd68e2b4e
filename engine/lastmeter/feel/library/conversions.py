"""Conversions between types.

Source: DMN 1.5, table 72.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from lastmeter.feel import temporal
from lastmeter.feel.arithmetic import finite
from lastmeter.feel.errors import NoValue
from lastmeter.feel.library.numbers import integer
from lastmeter.feel.library.registry import Parameter, anything, builtin, string
from lastmeter.feel.temporal import SECOND, WideDate, WideDateTime, WideDuration, WideTime
from lastmeter.feel.values import NUMBERS, kind_of, text_of

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,5})?", re.ASCII)


@builtin(
    "number",
    Parameter("from", ("string", "number")),
    string("grouping separator", optional=True, nullable=True),
    string("decimal separator", optional=True, nullable=True),
)
def number(run: Run, text: object, *separators: str | None) -> Decimal:
    """The number that a text writes; a number without separators is itself."""
    if isinstance(text, Decimal) and not separators:
        return text
    if not isinstance(text, str):
        raise NoValue("separators belong to a text")
    grouping, point = (*separators, None, None)[:2]
    if grouping not in (None, " ", ",", "."):
        raise NoValue("the grouping separator must be a space, a comma or a period")
    if point not in (None, ".", ",") or (point is not None and point == grouping):
        raise NoValue("the decimal separator must be a period or a comma, and not the grouping separator")
    plain = text.replace(grouping, "") if grouping else text
    plain = plain.replace(point, ".") if point and point != "." else plain
    if _NUMBER.fullmatch(plain) is None:
        raise NoValue(f"not a number: {text!r}")
    return finite(NUMBERS.create_decimal(plain))


@builtin("string", anything("from"))
def string_of(run: Run, value: object) -> str | None:
    return None if value is None else run.string(text_of(value))


_DATES = ("date", "date and time")


def _whole(value: object, what: str) -> int:
    if not isinstance(value, Decimal):
        raise NoValue(f"{what} must be a number")
    return integer(value, what)


@builtin(
    "date",
    Parameter("from", ("string", "date", "date and time", "number")),
    Parameter("month", ("number",), optional=True),
    Parameter("day", ("number",), optional=True),
    spellings=(("year", "month", "day"),),
)
def date(run: Run, source: object, *parts: object) -> object:
    if len(parts) == 2:
        return temporal.make_date(_whole(source, "year"), _whole(parts[0], "month"), _whole(parts[1], "day"))
    if parts:
        raise NoValue("date takes one or three arguments")
    if isinstance(source, str):
        return temporal.parse_date(source)
    if isinstance(source, dt.date | WideDate | WideDateTime):
        return temporal.date_part(source)
    raise NoValue(f"no date from {kind_of(source)}")


@builtin(
    "time",
    Parameter("from", ("string", "time", "date and time", "date", "number")),
    Parameter("minute", ("number",), optional=True),
    Parameter("second", ("number",), optional=True),
    Parameter("offset", ("days and time duration",), optional=True, nullable=True),
    spellings=(("hour", "minute", "second", "offset"),),
)
def time(run: Run, source: object, *parts: object) -> object:
    if len(parts) >= 2:
        return _time_from_parts(source, parts[0], parts[1], parts[2] if len(parts) > 2 else None)
    if parts:
        raise NoValue("time takes one, three or four arguments")
    if isinstance(source, str):
        return temporal.parse_time(source)
    if isinstance(source, dt.time | WideTime | dt.datetime | WideDateTime):
        zone = temporal.zone_of(source)
        return temporal.make_time(temporal.nanos_of_day(source), zone)
    if isinstance(source, dt.date | WideDate):
        return dt.time(tzinfo=dt.UTC)
    raise NoValue(f"no time from {kind_of(source)}")


def _time_from_parts(hour: object, minute: object, second: object, offset: object) -> temporal.Time:
    if not isinstance(second, Decimal):
        raise NoValue("second must be a number")
    h, m = _whole(hour, "hour"), _whole(minute, "minute")
    if not (0 <= h < 24 and 0 <= m < 60 and 0 <= second < 60):
        raise NoValue("no such time of day")
    zone = None
    if offset is not None:
        assert isinstance(offset, dt.timedelta | WideDuration)
        zone = temporal.fixed_zone(temporal.duration_nanos(offset) // SECOND)
    nanos = int(NUMBERS.multiply(second, Decimal(SECOND)))
    return temporal.make_time((h * 60 + m) * 60 * SECOND + nanos, zone)


@builtin(
    "date and time",
    Parameter("from", ("string", "date", "date and time", "number")),
    Parameter("time", ("time", "string", "number"), optional=True, nullable=True),
    *(Parameter(name, ("number",), optional=True) for name in ("day", "hour", "minute", "second")),
    Parameter("offset", ("days and time duration", "string"), optional=True, nullable=True),
    spellings=(("date", "time"), ("year", "month", "day", "hour", "minute", "second", "offset")),
)
def date_and_time(run: Run, source: object, *parts: object) -> object:
    if not parts:
        if isinstance(source, str):
            return temporal.parse_datetime(source)
        if isinstance(source, dt.datetime | WideDateTime):
            return source
        if isinstance(source, dt.date | WideDate):
            return temporal.make_datetime(source, 0, dt.UTC)
        raise NoValue(f"no date and time from {kind_of(source)}")
    if len(parts) == 1:
        return _joined(source, parts[0])
    if len(parts) < 5:
        raise NoValue("date and time takes one, two, six or seven arguments")
    day = temporal.make_date(*(_whole(part, "part") for part in (source, *parts[:2])))
    offset = parts[5] if len(parts) > 5 else None
    if isinstance(offset, str):
        clock = _time_from_parts(parts[2], parts[3], parts[4], None)
        return temporal.make_datetime(day, temporal.nanos_of_day(clock), temporal.find_zone(offset))
    clock = _time_from_parts(parts[2], parts[3], parts[4], offset)
    return temporal.make_datetime(day, temporal.nanos_of_day(clock), temporal.zone_of(clock))


def _joined(day: object, clock: object) -> object:
    if isinstance(day, dt.datetime | dt.date | WideDate | WideDateTime) and isinstance(clock, dt.time | WideTime):
        return temporal.make_datetime(temporal.date_part(day), temporal.nanos_of_day(clock), temporal.zone_of(clock))
    raise NoValue("date and time takes a date and a time")


@builtin("duration", Parameter("from", ("string", "days and time duration", "years and months duration")))
def duration(run: Run, source: object) -> object:
    return temporal.parse_duration(source) if isinstance(source, str) else source


@builtin("years and months duration", Parameter("from", _DATES), Parameter("to", _DATES))
def years_and_months_duration(run: Run, start: object, end: object) -> object:
    """Whole months from day to day: the hour does not count, so a deadline's last day completes its month."""
    days = dt.date | WideDate | WideDateTime
    assert isinstance(start, days)
    assert isinstance(end, days)
    return temporal.make_months(temporal.months_between(temporal.date_part(start), temporal.date_part(end)))
