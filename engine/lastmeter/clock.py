"""The only wall clock: real by default, virtual in demo, rehearsals and tests.

Legal time is Asia/Shanghai (no daylight saving since 1991); instants are stored in UTC, legal days as dates.
Leases, sessions and rate limits never ask this clock: they use the database's or the machine's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
_fixed: ContextVar[dt.datetime | None] = ContextVar("legal_clock", default=None)


def now() -> dt.datetime:
    """The legal instant, aware, in UTC."""
    fixed = _fixed.get()
    return machine() if fixed is None else fixed


def machine() -> dt.datetime:
    """The machine's instant, whatever the legal clock says: for sessions and accounts."""
    return dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """The legal day in Asia/Shanghai."""
    return local_day(now())


def local_day(instant: dt.datetime) -> dt.date:
    """The legal day on which an instant falls."""
    return instant.astimezone(ZONE).date()


def end_of(day: dt.date) -> dt.datetime:
    """24:00 of a legal day, which is when a period that ends on it is over. Source: 民法典 203."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZONE).astimezone(dt.UTC)


def at(day: dt.date, time: dt.time = dt.time(9)) -> dt.datetime:
    """The instant of a local time on a legal day."""
    return dt.datetime.combine(day, time, ZONE).astimezone(dt.UTC)


def set_virtual(instant: dt.datetime | None) -> None:
    """Every later `now()` of this context answers `instant`; None gives the real clock back."""
    _fixed.set(None if instant is None else instant.astimezone(dt.UTC))


def is_virtual() -> bool:
    return _fixed.get() is not None


@contextmanager
def standing_at(instant: dt.datetime) -> Iterator[None]:
    """Inside, the legal clock stands still at `instant`."""
    token = _fixed.set(instant.astimezone(dt.UTC))
    try:
        yield
    finally:
        _fixed.reset(token)
