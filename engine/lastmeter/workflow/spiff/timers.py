"""When a timer is due: ISO 8601 as modellers write it, or a FEEL value; calendar arithmetic in Asia/Shanghai.

A day without a time means that the whole day passes: the timer fires at 24:00 of it. Months and years move the calendar
(31 January + P1M is the last day of February) and a cycle counts from its first anchor, so that it never drifts.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from lastmeter import clock
from lastmeter.errors import Kind, LastmeterError
from lastmeter.feel import YearsMonths

TimerKind = Literal["timeDate", "timeDuration", "timeCycle"]

_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<weeks>\d{1,6})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:[.,]\d{1,6})?)S)?)?"
)
_REPEAT = re.compile(r"R(?P<count>\d{0,9})/(?P<rest>.+)")
_LIKE = re.compile(r"R\d*/.*|-?P(?:T?[\d.,]|T$).*|\d{4}-?\d\d.*|[\d.]+", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{8}")


class TimerNotUnderstood(LastmeterError):
    """A timer's text or value says no date, duration or cycle; facts: `timer`, `text`."""

    code: ClassVar[str] = "timer_not_understood"
    kind: ClassVar[Kind] = "invalid"


@dataclass(frozen=True, slots=True)
class Span:
    """A duration whose months stay months."""

    months: int = 0
    rest: dt.timedelta = dt.timedelta()

    def times(self, count: int) -> Span:
        return Span(self.months * count, self.rest * count)

    def after(self, instant: dt.datetime) -> dt.datetime:
        """The instant this much later by the local calendar, in UTC."""
        local = instant.astimezone(clock.ZONE)
        if self.months:
            local = local.replace(
                **dict(zip(("year", "month", "day"), _add_months(local.date(), self.months), strict=True))  # type: ignore[arg-type]
            )
        return local.astimezone(dt.UTC) + self.rest

    @property
    def positive(self) -> bool:
        return self.months >= 0 and self.rest >= dt.timedelta() and bool(self.months or self.rest)


@dataclass(frozen=True, slots=True)
class Due:
    """When a timer fires next; a cycle knows its anchor, how many have been used up and how many it has at most."""

    at: dt.datetime
    anchor: dt.datetime | None = None
    span: Span | None = None
    used: int = 0
    limit: int | None = None

    @property
    def repeats(self) -> bool:
        return self.span is not None

    def after_firing(self, now: dt.datetime) -> Due | None:
        """The next occurrence later than `now`, missed ones counted as used; None when the cycle is exhausted."""
        if self.span is None or self.anchor is None:
            return None
        # The longest a period can be: so many have passed at least, the few others are counted one by one.
        longest = dt.timedelta(days=31 * self.span.months) + self.span.rest
        used = max(self.used + 1, (now - self.anchor) // longest)
        while self.limit is None or used < self.limit:
            at = self.span.times(used).after(self.anchor)
            if at > now:
                return replace(self, at=at, used=used)
            used += 1
        return None


def _add_months(day: dt.date, months: int) -> tuple[int, int, int]:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1])


def parse_duration(text: str) -> Span | None:
    """The ISO 8601 duration, None if the text is none."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or text.strip().endswith(("P", "T")):
        return None
    part = {name: found[name] for name in ("years", "months", "weeks", "days", "hours", "minutes")}
    number = {name: int(value or 0) for name, value in part.items()}
    seconds = float((found["seconds"] or "0").replace(",", "."))
    rest = dt.timedelta(
        weeks=number["weeks"],
        days=number["days"],
        hours=number["hours"],
        minutes=number["minutes"],
        seconds=seconds,
    )
    span = Span(number["years"] * 12 + number["months"], rest)
    return span.times(-1) if found["sign"] else span


def parse_instant(text: str) -> dt.datetime | None:
    """The ISO 8601 date or date and time; without an offset it is Asia/Shanghai's; a bare day ends at its 24:00."""
    text = text.strip()
    try:
        if _DAY.fullmatch(text):
            return clock.end_of(dt.date.fromisoformat(text))
        moment = dt.datetime.fromisoformat(text)
        return _instant(moment)
    except (ValueError, OverflowError):
        return None


def _instant(moment: dt.datetime) -> dt.datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=clock.ZONE)).astimezone(dt.UTC)


def parse_cycle(text: str) -> tuple[int | None, dt.datetime | None, Span] | None:
    """Count (None: no end), start (None: from entry) and period of `R3/PT10H` or `R/2026-03-01T09:00/P1M`."""
    found = _REPEAT.fullmatch(text.strip())
    if found is None:
        return None
    start_text, slash, span_text = found["rest"].rpartition("/")
    start = parse_instant(start_text) if slash else None
    span = parse_duration(span_text)
    if span is None or not span.positive or (slash and start is None) or (found["count"] and not int(found["count"])):
        return None
    return (int(found["count"]) if found["count"] else None), start, span


def is_literal(kind: TimerKind, text: str) -> bool:
    """True if the text is ISO 8601 of the kind, so that no expression is meant."""
    if kind == "timeCycle":
        return parse_cycle(text) is not None
    return parse_instant(text) is not None or parse_duration(text) is not None


def looks_literal(text: str) -> bool:
    """True if ISO 8601 is meant, well written or not: as an expression it would be a name nobody gave or a sum."""
    return _LIKE.fullmatch(text.strip()) is not None


def due(kind: TimerKind, value: object, now: dt.datetime) -> Due:
    """When a timer with this literal or FEEL value fires. Raises TimerNotUnderstood.

    Date and duration may stand for each other: what is meant is plain from the value.
    """
    try:
        found = _due_cycle(value, now) if kind == "timeCycle" else _due_once(value, now)
    except (ValueError, OverflowError):
        # Beyond the year 9999.
        found = None
    if found is None:
        raise TimerNotUnderstood(timer=kind, text=str(value))
    return found


def _due_once(value: object, now: dt.datetime) -> Due | None:
    if isinstance(value, dt.datetime):
        return Due(_instant(value))
    if isinstance(value, dt.date):
        return Due(clock.end_of(value))
    span = _span(value)
    if span is not None:
        return Due(span.after(now))
    moment = parse_instant(value) if isinstance(value, str) else None
    return None if moment is None else Due(moment)


def _span(value: object) -> Span | None:
    if isinstance(value, YearsMonths):
        return Span(months=value.total_months)
    if isinstance(value, dt.timedelta):
        return Span(rest=value)
    return parse_duration(value) if isinstance(value, str) else None


def _due_cycle(value: object, now: dt.datetime) -> Due | None:
    parsed = parse_cycle(value) if isinstance(value, str) else None
    if parsed is None:
        span = _span(value)
        if span is None or not span.positive:
            return None
        parsed = (None, None, span)
    limit, start, span = parsed
    # With a start the first occurrence is the start itself; without, one period after entry.
    if start is not None:
        first = Due(start, start, span, 0, limit)
        return first if start >= now else (first.after_firing(now) or first)
    # Counted from the entry, not from the first occurrence: 31 Jan, 28 Feb, 31 Mar.
    return Due(span.after(now), now, span, 1, None if limit is None else limit + 1)
