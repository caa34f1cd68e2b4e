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

    def say(self, language: str) -> str:
        """The refusal as a sentence (zh or en)."""
        return SENTENCES[str(self.facts["reason"])][1 if language == "en" else 0].format(**self.facts)


SENTENCES: dict[str, tuple[str, str]] = {
    "empty": (
        "表中没有日期，请填写全年的放假和调休安排。",
        "The table holds no days; fill in the year's arrangement.",
    ),
    "too_large": (
        "表格超过 {most} 字节，请只保留放假和调休的日期。",
        "The table is larger than {most} bytes; keep special days only.",
    ),
    "not_text": (
        "表格不是 UTF-8 或 GB18030 文本，请另存为 CSV。",
        "The table is not text in UTF-8 or GB18030; save it as CSV.",
    ),
    "not_csv": ("第 {line} 行不是 CSV，请更正。", "Line {line} is not CSV; mend it."),
    "header": ("首行应为 {expected}。", "The first line must be {expected}."),
    "columns": ("第 {line} 行应有 {expected} 列。", "Line {line} must have {expected} columns."),
    "date": (
        "第 {line} 行的日期无效，请按 2027-01-01 的格式填写。",
        "The date in line {line} is not one; write 2027-01-01.",
    ),
    "kind": ("第 {line} 行的类别应为 off（放假）或 work（上班）。", "The kind in line {line} must be off or work."),
    "worked_weekday": (
        "第 {line} 行：只有周六、周日可标为调休上班。",
        "Line {line}: only a Saturday or Sunday can be worked in exchange.",
    ),
    "name": ("第 {line} 行缺少节日名称或名称过长。", "Line {line} lacks the holiday's name, or it is too long."),
    "day_twice": ("第 {line} 行的日期重复。", "The day in line {line} is there twice."),
    "several_years": (
        "第 {line} 行属于另一年，请一次导入一年。",
        "Line {line} belongs to another year; import one year at a time.",
    ),
    "not_the_next_year": ("请先导入 {expected} 年。", "Import {expected} first."),
    "implausible": (
        "全年放假的工作日为 {weekdays_off} 天，应在 {least} 至 {most} 天之间，请检查是否遗漏。",
        "{weekdays_off} weekdays off in a year; it should be {least} to {most}. Is something missing?",
    ),
    "source_missing": ("请注明放假通知的文号。", "Name the announcement that the days come from."),
}


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


def missing_year(session: Session, today: dt.date) -> int | None:
    """The year whose days should have been imported by now: from 1 December the next one, before that this one.

    Source: the State Council announces a year's holidays in the last weeks of the year before.
    """
    due = today.year + (today.month == 12)
    return due if calendar_in(session).last.year < due else None


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
