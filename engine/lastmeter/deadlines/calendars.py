"""A new year of working days, read from a table that somebody took over from the announcement."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.actor import Actor
from lastmeter.deadlines.models import CalendarDay, CalendarYear
from lastmeter.deadlines.records import Moved, recompute
from lastmeter.deadlines.register import calendar_in, forget, revision_of, seed
from lastmeter.errors import LastmeterError

HEADER = ("date", "kind", "name_zh", "name_en")
MOST_BYTES = 100_000
# A year has had 11 to 13 statutory holidays and some 18 to 24 weekdays off; a table far from it was cut short.
WEEKDAYS_OFF = range(8, 40)
_SATURDAY = 5


class CalendarRefused(LastmeterError):
    """The table of days cannot be a year's calendar; facts: `reason`, `line` where one is at fault."""

    code = "calendar_refused"


@dataclass(frozen=True)
class Imported:
    """A year that was taken over."""

    year: int
    days: int
    version: str
    moved: tuple[Moved, ...]  # deadlines on another day now; their timers must be set anew


def import_calendar_year(session: Session, actor: Actor, table: bytes | str, *, source: str) -> Imported:
    """The year stands in the calendar, and every provisional open deadline is computed again.

    `table` is CSV with the header date,kind,name_zh,name_en; kind is `off` or `work`; only days that differ from the
    plain week need be there. A year imported before is replaced. Raises CalendarRefused.
    """
    days = list(_days(_text(table)))
    if not days:
        raise CalendarRefused(reason="empty")
    year = days[0].day.year
    seed(session)
    known = set(session.scalars(select(CalendarYear.year)))
    if year not in known and year != max(known) + 1:
        raise CalendarRefused(reason="not_the_next_year", expected=max(known) + 1)
    _require_plausible(days)
    _replace(session, actor, year, days, source.strip()[:200])
    forget(session)
    moved = tuple(recompute(session))
    version = calendar_in(session).version
    audit.record(
        session,
        actor,
        "calendar.imported",
        f"calendar/{year}",
        facts={"year": year, "days": len(days), "source": source[:200], "version": version, "moved": len(moved)},
    )
    return Imported(year, len(days), version, moved)


def _replace(session: Session, actor: Actor, year: int, days: list[CalendarDay], source: str) -> None:
    if not source:
        raise CalendarRefused(reason="source_missing")
    session.execute(
        delete(CalendarDay).where(CalendarDay.day >= dt.date(year, 1, 1), CalendarDay.day <= dt.date(year, 12, 31))
    )
    session.add_all(days)
    revision = revision_of((day.day, day.working) for day in days)
    values = {"revision": revision, "source": source, "imported_by": actor.person_id, "imported_at": clock.now()}
    session.execute(
        insert(CalendarYear)
        .values(year=year, **values)
        .on_conflict_do_update(index_elements=[CalendarYear.year], set_=values)
    )
    session.flush()


def _text(table: bytes | str) -> str:
    if isinstance(table, str):
        table = table.encode("utf-8", "replace")
    if len(table) > MOST_BYTES:
        raise CalendarRefused(reason="too_large", most=MOST_BYTES)
    for encoding in ("utf-8-sig", "gb18030"):  # spreadsheets in China save either
        try:
            return table.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CalendarRefused(reason="not_text")


def _days(text: str) -> Iterator[CalendarDay]:
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        header = tuple(name.strip().lower() for name in next(rows, []))
        if header != HEADER:
            raise CalendarRefused(reason="header", expected=",".join(HEADER))
        seen: set[dt.date] = set()
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            day = _day(row, rows.line_num)
            if day.day in seen:
                raise CalendarRefused(reason="day_twice", line=rows.line_num)
            if seen and day.day.year != next(iter(seen)).year:
                raise CalendarRefused(reason="several_years", line=rows.line_num)
            seen.add(day.day)
            yield day
    except csv.Error:
        raise CalendarRefused(reason="not_csv", line=rows.line_num) from None


def _day(row: list[str], line: int) -> CalendarDay:
    if len(row) != len(HEADER):
        raise CalendarRefused(reason="columns", line=line, expected=len(HEADER))
    date, kind, zh, en = (cell.strip() for cell in row)
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date):
            raise ValueError
        day = dt.date.fromisoformat(date)
    except ValueError:
        raise CalendarRefused(reason="date", line=line) from None
    if kind not in ("off", "work"):
        raise CalendarRefused(reason="kind", line=line)
    if kind == "work" and day.weekday() < _SATURDAY:
        raise CalendarRefused(reason="worked_weekday", line=line)
    if not zh or len(zh) > 60 or len(en) > 60:
        raise CalendarRefused(reason="name", line=line)
    return CalendarDay(day=day, working=kind == "work", name_zh=zh, name_en=en or zh)


def _require_plausible(days: list[CalendarDay]) -> None:
    off = sum(not day.working and day.day.weekday() < _SATURDAY for day in days)
    if off not in WEEKDAYS_OFF:
        raise CalendarRefused(reason="implausible", weekdays_off=off, least=WEEKDAYS_OFF.start, most=WEEKDAYS_OFF[-1])
