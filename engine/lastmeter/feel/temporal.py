"""Dates, times and durations: Python's own where they suffice, wider ones of ours beyond year 9999 or a microsecond.

Everything here computes on day numbers (0 is 1970-01-01) and nanoseconds; `make_*` chooses the type.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

from lastmeter.feel.errors import NoValue

DAY = 86_400_000_000_000
SECOND = 1_000_000_000
# Source: DMN 1.5, 10.3.2.3.4: years are limited to nine digits.
MAX_YEAR = 999_999_999
_MAX_MONTHS = 10**11
_MAX_DURATION = 10**28


@dataclass(frozen=True, slots=True)
class WideDate:
    """A day in a year outside 1–9999."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class WideTime:
    """A time of day finer than a microsecond."""

    nanoseconds: int
    zone: dt.tzinfo | None


@dataclass(frozen=True, slots=True)
class WideDateTime:
    """A date and time of which either half is wide."""

    date: dt.date | WideDate
    nanoseconds: int
    zone: dt.tzinfo | None


@dataclass(frozen=True, slots=True)
class WideDuration:
    """A days-and-time duration finer than a microsecond or longer than 999,999,999 days."""

    nanoseconds: int


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A years-and-months duration, as a signed count of months."""

    total_months: int

    @property
    def years(self) -> int:
        """Whole years, with the sign of the duration."""
        return self.total_months // 12 if self.total_months >= 0 else -(-self.total_months // 12)

    @property
    def months(self) -> int:
        """Months beyond the whole years, with the sign of the duration."""
        return self.total_months % 12 if self.total_months >= 0 else -(-self.total_months % 12)

    def __str__(self) -> str:
        if not self.total_months:
            return "P0M"
        years, months = divmod(abs(self.total_months), 12)
        sign = "-" if self.total_months < 0 else ""
        return f"{sign}P{f'{years}Y' if years else ''}{f'{months}M' if months else ''}"


Date = dt.date | WideDate
Time = dt.time | WideTime
DateTime = dt.datetime | WideDateTime
Duration = dt.timedelta | WideDuration

_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = dt.date.min.toordinal() - _EPOCH_ORDINAL, dt.date.max.toordinal() - _EPOCH_ORDINAL


def is_date(value: object) -> bool:
    """A date without a time of day."""
    return type(value) in (dt.date, WideDate)


def is_datetime(value: object) -> bool:
    """A date with a time of day."""
    return type(value) in (dt.datetime, WideDateTime)


def is_leap(year: int) -> bool:
    """Proleptic Gregorian."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def make_date(year: int, month: int, day: int) -> Date:
    """That day. Raises NoValue when the calendar has none."""
    if abs(year) > MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        raise NoValue(f"no such date: {year}-{month}-{day}")
    return dt.date(year, month, day) if 1 <= year <= 9999 else WideDate(year, month, day)


def day_number(day: Date) -> int:
    """Days since 1970-01-01."""
    if isinstance(day, dt.date):
        return day.toordinal() - _EPOCH_ORDINAL
    # 400 Gregorian years are 146,097 days, so any year has a twin that Python knows.
    cycles, year = divmod(day.year - 1, 400)
    return dt.date(year + 1, day.month, day.day).toordinal() - _EPOCH_ORDINAL + cycles * 146_097


def from_day_number(number: int) -> Date:
    """The inverse of `day_number`. Raises NoValue beyond nine-digit years."""
    if _FIRST_DAY <= number <= _LAST_DAY:
        return dt.date.fromordinal(number + _EPOCH_ORDINAL)
    cycles, rest = divmod(number + _EPOCH_ORDINAL - 1, 146_097)
    twin = dt.date.fromordinal(rest + 1)
    return make_date(twin.year + cycles * 400, twin.month, twin.day)


def make_time(nanoseconds: int, zone: dt.tzinfo | None) -> Time:
    """The time of day that many nanoseconds after midnight."""
    micros, rest = divmod(nanoseconds, 1000)
    if rest:
        return WideTime(nanoseconds, zone)
    seconds, micro = divmod(micros, 1_000_000)
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60, micro, zone)


def make_datetime(day: Date, nanoseconds: int, zone: dt.tzinfo | None) -> DateTime:
    """That day at that many nanoseconds after midnight."""
    if isinstance(day, WideDate) or nanoseconds % 1000:
        return WideDateTime(day, nanoseconds, zone)
    seconds, micro = divmod(nanoseconds // 1000, 1_000_000)
    return dt.datetime(day.year, day.month, day.day, seconds // 3600, seconds // 60 % 60, seconds % 60, micro, zone)


def make_duration(nanoseconds: int) -> Duration:
    """A duration of that length. Raises NoValue when absurdly long."""
    if abs(nanoseconds) > _MAX_DURATION:
        raise NoValue("duration out of range")
    micros, rest = divmod(nanoseconds, 1000)
    if rest or abs(nanoseconds) >= 999_999_999 * DAY:
        return WideDuration(nanoseconds)
    return dt.timedelta(microseconds=micros)


def make_months(months: int) -> YearsMonths:
    """A duration of so many months. Raises NoValue when absurdly long."""
    if abs(months) > _MAX_MONTHS:
        raise NoValue("duration out of range")
    return YearsMonths(months)


def duration_nanos(duration: Duration) -> int:
    """Its signed length."""
    if isinstance(duration, WideDuration):
        return duration.nanoseconds
    return (duration.days * 86_400_000_000 + duration.seconds * 1_000_000 + duration.microseconds) * 1000


def date_part(value: Date | DateTime) -> Date:
    """The day of a date or date and time."""
    if isinstance(value, WideDateTime):
        return value.date
    return value.date() if isinstance(value, dt.datetime) else value


def nanos_of_day(value: Time | DateTime) -> int:
    """Nanoseconds since midnight."""
    if isinstance(value, WideTime | WideDateTime):
        return value.nanoseconds
    return ((value.hour * 3600 + value.minute * 60 + value.second) * 1_000_000 + value.microsecond) * 1000


def zone_of(value: Time | DateTime) -> dt.tzinfo | None:
    """The zone or offset it carries."""
    return value.zone if isinstance(value, WideTime | WideDateTime) else value.tzinfo


def offset_seconds(zone: dt.tzinfo, day: Date | None, nanoseconds: int) -> int:
    """The zone's offset from UTC at that local moment; a time without a day reads its zone's standard time."""
    if day is None:
        # Summer is in July or in January, and its clocks are ahead.
        january, july = dt.datetime(2000, 1, 1), dt.datetime(2000, 7, 1)  # noqa: DTZ001 - local by meaning
        return min(_seconds(zone, january), _seconds(zone, july))
    # Zones know no rules for far years; the 400-year twin has the same weekdays.
    year = day.year if 1 < day.year < 9999 else (day.year % 400) + 2000
    seconds = nanoseconds // SECOND
    hour, minute = seconds // 3600, seconds // 60 % 60
    return _seconds(zone, dt.datetime(year, day.month, day.day, hour, minute, seconds % 60))  # noqa: DTZ001 - local


def _seconds(zone: dt.tzinfo, at: dt.datetime) -> int:
    offset = zone.utcoffset(at)
    return 0 if offset is None else int(offset.total_seconds())


def utc_offset(value: Time | DateTime) -> int | None:
    """Seconds east of UTC, or None for a local time."""
    zone = zone_of(value)
    if zone is None:
        return None
    day = date_part(value) if isinstance(value, dt.datetime | WideDateTime) else None
    return offset_seconds(zone, day, nanos_of_day(value))


def instant(value: Date | DateTime) -> int:
    """Nanoseconds since 1970-01-01T00:00Z; a value without zone is read as if in UTC."""
    if isinstance(value, WideDate) or type(value) is dt.date:
        return day_number(value) * DAY
    assert isinstance(value, dt.datetime | WideDateTime)
    local = day_number(date_part(value)) * DAY + nanos_of_day(value)
    return local - (utc_offset(value) or 0) * SECOND


def time_instant(value: Time) -> int:
    """Nanoseconds since midnight UTC; a local time is read as if in UTC."""
    return nanos_of_day(value) - (utc_offset(value) or 0) * SECOND


def from_instant(nanoseconds: int, zone: dt.tzinfo | None) -> DateTime:
    """The date and time of that instant as the zone's clocks show it."""
    offset = 0
    if zone is not None:
        day, rest = divmod(nanoseconds, DAY)
        offset = _offset_at_instant(zone, from_day_number(day), rest)
    day, rest = divmod(nanoseconds + offset * SECOND, DAY)
    return make_datetime(from_day_number(day), rest, zone)


def _offset_at_instant(zone: dt.tzinfo, day: Date, nanoseconds: int) -> int:
    year = day.year if 1 < day.year < 9999 else (day.year % 400) + 2000
    seconds = nanoseconds // SECOND
    at = dt.datetime(year, day.month, day.day, seconds // 3600, seconds // 60 % 60, seconds % 60, tzinfo=dt.UTC)
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def add_months(day: Date, months: int) -> Date:
    """The same day-number so many months later, or that month's last day."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if abs(years) > MAX_YEAR:
        raise NoValue("date out of range")
    return make_date(years, month + 1, min(day.day, month_length(years, month + 1)))


def months_between(start: Date, end: Date) -> int:
    """Whole months from start to end, negative when end is earlier."""
    if day_number(end) < day_number(start):
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if end.day >= start.day else months - 1


def shift(value: Date | DateTime, months: int = 0, nanoseconds: int = 0) -> Date | DateTime:
    """`value` moved; a date moves by whole days, a zoned moment along the world's time."""
    if isinstance(value, dt.datetime | WideDateTime):
        if months:
            day = add_months(date_part(value), months)
            return make_datetime(day, nanos_of_day(value), zone_of(value))
        return from_instant(instant(value) + nanoseconds, zone_of(value))
    if months:
        return add_months(value, months)
    return from_day_number((day_number(value) * DAY + nanoseconds) // DAY)


# --- text ------------------------------------------------------------------------------------------------------------

_DATE = re.compile(r"(-?(?:\d{4}|[1-9]\d{4,8}))-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(\.\d{1,18})?(?:([Zz])|([+-])(\d\d):(\d\d)(?::(\d\d))?|@([\w+\-/]{1,64}))?", re.ASCII
)
_MONTHS = re.compile(r"(-)?P(?:(\d{1,11})Y)?(?:(\d{1,12})M)?", re.ASCII)
_DAYS = re.compile(
    r"(-)?P(?:(\d{1,16})D)?(?:T(?:(\d{1,18})H)?(?:(\d{1,18})M)?(?:(\d{1,18})(\.\d{0,18})?S)?)?", re.ASCII
)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def find_zone(name: str) -> dt.tzinfo:
    """The zone of that IANA name. Raises NoValue for another."""
    if name in ("Z", "UTC"):
        return dt.UTC
    if name not in _zones():
        raise NoValue(f"unknown time zone: {name}")
    return zoneinfo.ZoneInfo(name)


def fixed_zone(seconds: int) -> dt.tzinfo:
    """The zone so many seconds east of UTC. Raises NoValue beyond ±18 hours."""
    if abs(seconds) > 18 * 3600:
        raise NoValue("offset out of range")
    return dt.UTC if seconds == 0 else dt.timezone(dt.timedelta(seconds=seconds))


def parse_date(text: str) -> Date:
    """`2026-03-02`. Raises NoValue."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise NoValue(f"not a date: {text!r}")
    return make_date(int(match[1]), int(match[2]), int(match[3]))


def _parse_clock(text: str) -> tuple[int, dt.tzinfo | None]:
    match = _TIME.fullmatch(text)
    if match is None:
        raise NoValue(f"not a time: {text!r}")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    if (hour > 23 and match[0][:8] != "24:00:00") or minute > 59 or second > 59:
        raise NoValue(f"no such time: {text}")
    fraction = int((match[4] or ".0")[1:10].ljust(9, "0"))
    zone: dt.tzinfo | None = None
    if match[5]:
        zone = dt.UTC
    elif match[6]:
        if int(match[8]) > 59 or int(match[9] or 0) > 59:
            raise NoValue(f"no such offset: {text}")
        seconds = int(match[7]) * 3600 + int(match[8]) * 60 + int(match[9] or 0)
        zone = fixed_zone(-seconds if match[6] == "-" else seconds)
    elif match[10]:
        zone = find_zone(match[10])
    return ((hour * 60 + minute) * 60 + second) * SECOND + fraction, zone


def parse_time(text: str) -> Time:
    """`09:30:00`, with `Z`, an offset or `@Asia/Shanghai` behind it if wished. Raises NoValue."""
    nanos, zone = _parse_clock(text)
    return make_time(nanos % DAY, zone)


def parse_datetime(text: str) -> DateTime:
    """`2026-03-02T09:30:00+08:00`; a bare date is its midnight. Raises NoValue."""
    day, separator, clock = text.partition("T")
    if not separator:
        return make_datetime(parse_date(day), 0, None)
    date = parse_date(day)
    nanos, zone = _parse_clock(clock)
    # 24:00:00 is the midnight that ends the day. Source: XML Schema 1.1, part 2, 3.3.7.
    return make_datetime(from_day_number(day_number(date) + 1) if nanos >= DAY else date, nanos % DAY, zone)


def parse_duration(text: str) -> Duration | YearsMonths:
    """`P1Y6M` or `P2DT3H`. Raises NoValue."""
    match = _MONTHS.fullmatch(text)
    if match is not None and (match[2] or match[3]):
        months = int(match[2] or 0) * 12 + int(match[3] or 0)
        return make_months(-months if match[1] else months)
    match = _DAYS.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise NoValue(f"not a duration: {text!r}")
    days, hours, minutes, seconds = (int(match[group] or 0) for group in (2, 3, 4, 5))
    nanos = days * DAY + ((hours * 60 + minutes) * 60 + seconds) * SECOND
    nanos += int((match[6] or ".0")[1:10].ljust(9, "0"))
    return make_duration(-nanos if match[1] else nanos)


def parse_at(text: str) -> object:
    """The value of an at-literal: date, time, date and time or duration, told apart by its look. Raises NoValue."""
    if text.startswith(("P", "-P")):
        return parse_duration(text)
    if "T" in text.partition("@")[0]:
        return parse_datetime(text)
    if ":" in text.partition("@")[0]:
        return parse_time(text)
    return parse_date(text)


def format_date(day: Date) -> str:
    """`2026-03-02`."""
    sign = "-" if day.year < 0 else ""
    return f"{sign}{abs(day.year):04d}-{day.month:02d}-{day.day:02d}"


def _format_clock(nanoseconds: int, zone: dt.tzinfo | None, offset: int | None) -> str:
    seconds, fraction = divmod(nanoseconds, SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if fraction:
        text += "." + f"{fraction:09d}".rstrip("0")
    name = zone_name(zone)
    if name is not None:
        return f"{text}@{name}"
    if offset is None:
        return text
    return text + ("Z" if offset == 0 else format_offset(offset))


def zone_name(zone: dt.tzinfo | None) -> str | None:
    """The IANA name of a named zone; None for an offset."""
    key = zone.key if isinstance(zone, zoneinfo.ZoneInfo) else None
    return key if isinstance(key, str) else None


def format_offset(seconds: int) -> str:
    """`+08:00`."""
    sign, size = ("-" if seconds < 0 else "+"), abs(seconds)
    text = f"{sign}{size // 3600:02d}:{size // 60 % 60:02d}"
    return text + (f":{size % 60:02d}" if size % 60 else "")


def format_time(value: Time) -> str:
    """`09:30:00+08:00`."""
    return _format_clock(nanos_of_day(value), zone_of(value), utc_offset(value))


def format_datetime(value: DateTime) -> str:
    """`2026-03-02T09:30:00@Asia/Shanghai`."""
    clock = _format_clock(nanos_of_day(value), zone_of(value), utc_offset(value))
    return f"{format_date(date_part(value))}T{clock}"


def format_duration(duration: Duration) -> str:
    """`P2DT3H4M5.6S`."""
    nanos = duration_nanos(duration)
    sign = "-" if nanos < 0 else ""
    seconds, fraction = divmod(abs(nanos), SECOND)
    days, seconds = divmod(seconds, 86_400)
    text = f"{days}D" if days else ""
    clock = f"{seconds // 3600}H" if seconds >= 3600 else ""
    clock += f"{seconds // 60 % 60}M" if seconds // 60 % 60 else ""
    if seconds % 60 or fraction:
        tail = "." + f"{fraction:09d}".rstrip("0") if fraction else ""
        clock += f"{seconds % 60}{tail}S"
    if clock:
        text += "T" + clock
    return f"{sign}P{text}" if text else "PT0S"


# --- parts -----------------------------------------------------------------------------------------------------------


def _seconds_of_minute(nanoseconds: int) -> Decimal:
    seconds, fraction = divmod(nanoseconds % (60 * SECOND), SECOND)
    return Decimal(seconds) if not fraction else Decimal(seconds * SECOND + fraction).scaleb(-9).normalize()


def _clock_property(value: Time | DateTime, name: str) -> object:
    if name == "time offset":
        offset = utc_offset(value)
        return None if offset is None else dt.timedelta(seconds=offset)
    if name == "timezone":
        return zone_name(zone_of(value))
    nanos = nanos_of_day(value)
    if name == "second":
        return _seconds_of_minute(nanos)
    return Decimal(nanos // (3600 * SECOND) if name == "hour" else nanos // (60 * SECOND) % 60)


def weekday(day: Date) -> int:
    """1 for Monday to 7 for Sunday."""
    return (day_number(day) + 3) % 7 + 1


def _day_property(day: Date, name: str) -> object:
    if name == "weekday":
        return Decimal(weekday(day))
    return Decimal({"year": day.year, "month": day.month, "day": day.day}[name])


def _duration_property(duration: Duration, name: str) -> object:
    nanos = duration_nanos(duration)
    size = abs(nanos)
    part = {
        "days": Decimal(size // DAY),
        "hours": Decimal(size // (3600 * SECOND) % 24),
        "minutes": Decimal(size // (60 * SECOND) % 60),
        "seconds": _seconds_of_minute(size),
    }[name]
    return -part if nanos < 0 and part else part


_DAY_NAMES = frozenset({"year", "month", "day", "weekday"})
_CLOCK_NAMES = frozenset({"hour", "minute", "second", "time offset", "timezone"})
_DURATION_NAMES = frozenset({"days", "hours", "minutes", "seconds"})


def property_of(value: object, name: str) -> object:
    """The named part of a temporal value. Raises NoValue when it has none of that name."""
    if isinstance(value, YearsMonths) and name in ("years", "months"):
        return Decimal(value.years if name == "years" else value.months)
    if isinstance(value, dt.timedelta | WideDuration) and name in _DURATION_NAMES:
        return _duration_property(value, name)
    if name in _DAY_NAMES and isinstance(value, dt.date | WideDate | WideDateTime):
        return _day_property(date_part(value), name)
    if name in _CLOCK_NAMES and isinstance(value, dt.time | dt.datetime | WideTime | WideDateTime):
        return _clock_property(value, name)
    raise NoValue(f"no property {name!r}")


def scale_duration(nanoseconds: int, factor: Decimal) -> Duration:
    """The duration times the factor, cut to whole nanoseconds."""
    if factor.adjusted() > 40:
        raise NoValue("duration out of range")
    if factor.adjusted() < -40:
        return make_duration(0)
    numerator, denominator = factor.as_integer_ratio()
    product = nanoseconds * numerator
    cut = abs(product) // denominator
    return make_duration(-cut if product < 0 else cut)


def whole(value: Decimal) -> int:
    """The number without its fraction. Raises NoValue when it is absurdly large."""
    if value.adjusted() > 30:
        raise NoValue("number out of range")
    return int(value.to_integral_value(ROUND_DOWN))
