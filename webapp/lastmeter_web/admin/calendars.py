"""The working calendar: which years were announced, and the next one taken over."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from lastmeter.deadlines import calendars, register
from lastmeter.deadlines.calendars import CalendarRefused
from lastmeter.deadlines.models import CalendarDay, CalendarYear
from lastmeter.identity.models import Person
from lastmeter.workflow import timers
from lastmeter_web import i18n
from lastmeter_web.admin.pages import blueprint
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow

# Why a table is no year's calendar, and what to do.
REASONS = {
    "empty": (
        "表中没有日期。",
        "The table holds no day.",
    ),
    "source_missing": (
        "请写明依据（放假通知的名称和文号）。",
        "Say where it comes from: the notice and its number.",
    ),
    "not_the_next_year": (
        "只能导入已有年度或下一年度（{expected}年）。",
        "Only a year that is here, or the next one ({expected}), can be imported.",
    ),
    "too_large": (
        "文件过大。",
        "The file is too large.",
    ),
    "not_text": (
        "文件不是文本；请另存为 CSV（UTF-8 或 GB18030）。",
        "The file is no text; save it as CSV (UTF-8 or GB18030).",
    ),
    "not_csv": (
        "第 {line} 行不是合格的 CSV。",
        "Line {line} is no CSV.",
    ),
    "header": (
        "首行必须是：{expected}",
        "The first line must be: {expected}",
    ),
    "day_twice": (
        "第 {line} 行的日期已经出现过。",
        "The day in line {line} was there before.",
    ),
    "several_years": (
        "第 {line} 行属于另一年；每次只导入一年。",
        "Line {line} is of another year; import one year at a time.",
    ),
    "columns": (
        "第 {line} 行应有 {expected} 列。",
        "Line {line} must have {expected} columns.",
    ),
    "date": (
        "第 {line} 行的日期应写作 2027-01-01。",
        "Write the day in line {line} as 2027-01-01.",
    ),
    "kind": (
        "第 {line} 行的类别应为 off（放假）或 work（上班）。",
        "The kind in line {line} must be off or work.",
    ),
    "worked_weekday": (
        "第 {line} 行：周一至周五本来就上班，不必写 work。",
        "Line {line}: Monday to Friday are worked anyway.",
    ),
    "name": (
        "第 {line} 行缺少名称，或名称过长。",
        "Line {line} lacks a name, or it is too long.",
    ),
    "implausible": (
        "全年放假的工作日只有 {weekdays_off} 天，应在 {least}–{most} 天之间，可能缺行。",
        "Only {weekdays_off} weekdays are off, {least}–{most} are plausible; lines may be missing.",
    ),
}


@blueprint.get("/calendar")
@allow("calendar.manage")
def show_calendar() -> str:
    return _page()


def _page(*, refused: str = "", imported: calendars.Imported | None = None) -> str:
    session = db.session()
    year = func.extract("year", CalendarDay.day)
    counts = {
        int(row[0]): (row[1], row[2])
        for row in session.execute(
            select(
                year, func.count().filter(CalendarDay.working.is_(False)), func.count().filter(CalendarDay.working)
            ).group_by(year)
        )
    }
    years = session.execute(
        select(CalendarYear, Person.name)
        .outerjoin(Person, Person.id == CalendarYear.imported_by)
        .order_by(CalendarYear.year.desc())
    ).all()
    in_use = register.calendar_in(session)
    return render_template(
        "admin/calendar.html", years=years, counts=counts, refused=refused, imported=imported, in_use=in_use,
        source=request.form.get("source", ""),
    )  # fmt: skip


@blueprint.post("/calendar")
@allow("calendar.manage")
def import_calendar() -> ResponseReturnValue:
    """The year stands, and open provisional deadlines move with their tasks and timers."""
    session, upload = db.session(), request.files.get("file")
    table = upload.read(calendars.MOST_BYTES + 1) if upload is not None else b""
    try:
        done = timers.import_calendar_year(session, actor(), table, source=request.form.get("source", ""))
    except CalendarRefused as refusal:
        session.rollback()
        register.forget(session)
        return _page(refused=_why(refusal)), 422
    return _page(imported=done)


def _why(refusal: CalendarRefused) -> str:
    zh, en = REASONS.get(str(refusal.facts.get("reason")), ("表不能使用。", "The table cannot be used."))
    return i18n.both(zh, en).format_map({"line": "—", "expected": "—", **refusal.facts})
