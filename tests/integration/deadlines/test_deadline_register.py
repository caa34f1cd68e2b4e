from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lastmeter import clock, workdays
from lastmeter.actor import SYSTEM
from lastmeter.audit import AuditEvent
from lastmeter.deadlines import Computed, deadline_functions, records, register
from lastmeter.deadlines.bundled import bundled_rules
from lastmeter.deadlines.calendars import CalendarRefused, import_calendar_year, missing_year
from lastmeter.deadlines.models import CalendarDay, CalendarYear, Deadline, DeadlineRule
from lastmeter.deadlines.rules import UnknownDeadlineRule, compute
from lastmeter.feel import evaluate
from lastmeter.workdays import bundled_calendar

NEW_YEAR = "2027-01-01,off,元旦,New Year\n"
SPRING = "".join(f"2027-02-{day:02},off,春节,Spring Festival\n" for day in (4, 5, 8, 9, 10, 11))
MAY = "".join(f"2027-05-{day:02},off,劳动节,Labour Day\n" for day in (3, 4, 5))
WORKED = "2027-02-13,work,春节,Spring Festival\n"
TABLE = "date,kind,name_zh,name_en\n" + NEW_YEAR + SPRING + MAY + WORKED


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.fixture
def seeded(session: Session) -> Session:
    register.seed(session)
    return session


def stored(session: Session, rule_id: str, start: str, **more: object) -> Deadline:
    row = records.record(
        session, register.deadline(session, rule_id, day(start)), subject="task/1", instance_id=7, **more
    )
    session.flush()
    return row


def test_an_empty_database_reckons_by_what_the_installation_brought(session: Session) -> None:
    for table in (CalendarDay, CalendarYear, DeadlineRule):
        session.query(table).delete()
    register.forget(session)
    assert register.calendar_in(session) == bundled_calendar()
    assert register.rules_in(session) == bundled_rules()


def test_the_seeded_register_equals_the_installations(seeded: Session) -> None:
    assert register.calendar_in(seeded) == bundled_calendar()
    assert dict(register.rules_in(seeded)) == dict(bundled_rules())


def test_seeding_twice_changes_nothing(seeded: Session) -> None:
    before = seeded.scalar(select(func.count()).select_from(CalendarDay))
    register.seed(seeded)
    assert seeded.scalar(select(func.count()).select_from(CalendarDay)) == before
    assert seeded.scalar(select(func.count()).select_from(DeadlineRule)) == len(bundled_rules())


def test_a_changed_law_holds_from_its_day_and_the_old_rule_until_then(seeded: Session) -> None:
    old = seeded.scalars(select(DeadlineRule).where(DeadlineRule.rule_id == "D31")).one()
    values = {name: getattr(old, name) for name in DeadlineRule.__table__.columns.keys() if name != "id"}  # noqa: SIM118
    old.valid_to = day("2026-06-30")
    seeded.add(DeadlineRule(**{**values, "n": "3", "valid_from": day("2026-07-01")}))
    seeded.flush()
    register.forget(seeded)
    assert register.deadline(seeded, "D31", day("2026-06-30")).due == day("2026-07-02")
    assert register.deadline(seeded, "D31", day("2026-07-01")).due == day("2026-07-06")


def test_feel_reckons_by_the_register_and_tells_every_deadline_it_was_asked(seeded: Session) -> None:
    told: list[Computed] = []
    functions = deadline_functions(seeded, told)
    values = {"issued": day("2026-04-13"), "signed": day("2026-05-29")}

    def feel(text: str) -> object:
        return evaluate(text, values, functions=functions)

    assert feel('deadline("D10", issued)') == day("2026-05-06")
    assert feel('deadline(rule id: "D02", start: signed)') == day("2026-06-29")
    assert feel("add working days(issued, 5)") == day("2026-04-20")
    assert feel('is working day(date("2026-05-09"))') is True
    assert feel('is working day(date("2026-05-04"))') is False
    assert feel('add months(date("2026-01-31"), 1)') == day("2026-02-28")
    assert feel('age on(date("1986-05-10"), issued)') == Decimal(39)
    assert [(each.rule_id, each.due) for each in told] == [("D10", day("2026-05-06")), ("D02", day("2026-06-29"))]


def test_hours_given_to_feel_come_back_as_an_instant(seeded: Session) -> None:
    told: list[Computed] = []
    start = clock.at(day("2026-05-01"), dt.time(23, 30))
    value = evaluate('deadline("D62", start)', {"start": start}, functions=deadline_functions(seeded, told))
    assert isinstance(value, dt.datetime)
    assert value == start + dt.timedelta(hours=1)
    assert records.record(seeded, told[0], subject="x").start_at == start


def test_what_is_not_known_yet_gives_null_in_feel(seeded: Session) -> None:
    functions = deadline_functions(seeded, [])
    asked = [
        'deadline("D10", null)', 'deadline("D10", "soon")', "add working days(null, 1)", "is working day(null)",
        'add working days(date("2026-01-01"), 1.5)', "add months(null, 1)", "age on(null, null)",
    ]  # fmt: skip
    for text in asked:
        assert evaluate(text, {}, functions=functions) is None, text


def test_an_unknown_rule_in_an_expression_is_no_silent_null(seeded: Session) -> None:
    with pytest.raises(UnknownDeadlineRule):
        evaluate('deadline("D99", date("2026-01-01"))', {}, functions=deadline_functions(seeded, []))


def test_a_stored_deadline_says_why_it_falls_on_its_day(seeded: Session) -> None:
    row = stored(seeded, "D41", "2026-05-19")
    why = records.why(seeded, row, at=clock.at(day("2026-05-21")))
    assert (why.rule.source_zh, why.elapsed, why.left, why.stands) == ("政府采购法 第五十二条", 2, 5, False)
    assert (row.start, row.due, row.n, row.unit) == (day("2026-05-19"), day("2026-05-28"), "7", "working_days")
    assert row.calendar_version == bundled_calendar().version


def test_a_pause_keeps_what_had_run_and_moves_the_day(seeded: Session) -> None:
    row = stored(seeded, "D41", "2026-05-19")
    records.pause(seeded, 7, at=clock.at(day("2026-05-20")))
    assert records.pause(seeded, 7, at=clock.at(day("2026-05-22"))) == []
    standing = records.why(seeded, row, at=clock.at(day("2026-05-24")))
    assert (standing.stands, standing.elapsed, standing.left) == (True, 1, 6)
    moved = records.resume(seeded, 7, at=clock.at(day("2026-05-25")))
    assert [(each.deadline, each.after) for each in moved] == [(row, clock.end_of(day("2026-06-02")))]
    assert (row.first_due, row.due, row.paused_days, row.paused_since) == (
        day("2026-05-28"),
        day("2026-06-02"),
        3,
        None,
    )
    assert records.resume(seeded, 7) == []


def test_met_deadlines_neither_pause_nor_move(seeded: Session) -> None:
    row = stored(seeded, "D41", "2026-05-19")
    assert records.meet(seeded, "task/1", at=clock.at(day("2026-05-20"))) == 1
    seeded.flush()
    assert records.pause(seeded, 7) == []
    assert row.due == day("2026-05-28")


def test_an_imported_year_moves_open_provisional_deadlines_and_leaves_the_rest(seeded: Session) -> None:
    provisional = stored(seeded, "D31", "2026-12-31")
    met = stored(seeded, "D31", "2026-12-31")
    met.met_at = clock.now()
    final = stored(seeded, "D31", "2026-12-24")
    published = stored(seeded, "D31", "2026-12-31")
    records.publish(published)
    seeded.flush()
    assert (provisional.provisional, final.provisional) == (True, False)

    imported = import_calendar_year(seeded, SYSTEM, TABLE, source="国办发明电〔2026〕1号")

    assert (imported.year, imported.days) == (2027, 11)
    assert [each.deadline.id for each in imported.moved] == [provisional.id]
    assert (provisional.due, provisional.provisional) == (day("2027-01-05"), False)
    assert provisional.calendar_version == imported.version
    assert met.due == day("2027-01-04")
    assert (published.due, published.amended_due) == (day("2027-01-04"), day("2027-01-05"))
    event = seeded.scalars(select(AuditEvent).where(AuditEvent.action == "calendar.imported")).one()
    assert event.facts["moved"] == 1


def test_a_year_can_be_corrected_and_then_everyone_reckons_anew(seeded: Session) -> None:
    first = import_calendar_year(seeded, SYSTEM, TABLE, source="a")
    second = import_calendar_year(seeded, SYSTEM, TABLE + "2027-05-06,off,劳动节,Labour Day\n", source="b")
    assert first.version != second.version
    assert not workdays.is_working_day(day("2027-05-06"), register.calendar_in(seeded))
    assert register.calendar_in(seeded).last == day("2027-12-31")


def test_a_rolled_back_import_leaves_no_trace_in_this_process(seeded: Session) -> None:
    with seeded.begin_nested() as inner:
        import_calendar_year(seeded, SYSTEM, TABLE, source="a")
        inner.rollback()
    register.forget(seeded)
    assert register.calendar_in(seeded) == bundled_calendar()


def test_a_table_saved_by_a_chinese_spreadsheet_is_read(seeded: Session) -> None:
    import_calendar_year(seeded, SYSTEM, TABLE.replace("\n", "\r\n").encode("gb18030"), source="a")
    assert seeded.get_one(CalendarDay, day("2027-02-04")).name_zh == "春节"


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("", "header"),
        ("date,kind,name_zh,name_en\n", "empty"),
        ("day,kind,name,en\n" + NEW_YEAR, "header"),
        (TABLE + NEW_YEAR, "day_twice"),
        (TABLE + "2028-01-03,off,元旦,x\n", "several_years"),
        (TABLE + "2027-02-30,off,春节,x\n", "date"),
        (TABLE + "２０２７-02-12,off,春节,x\n", "date"),
        (TABLE + "2027-02-12,holiday,春节,x\n", "kind"),
        (TABLE + "2027-02-12,work,春节,x\n", "worked_weekday"),
        (TABLE + "2027-02-12,off,,\n", "name"),
        (TABLE + "2027-02-12,off\n", "columns"),
        ("date,kind,name_zh,name_en\n" + NEW_YEAR, "implausible"),
        (TABLE.replace("2027-", "2029-"), "worked_weekday"),
        (TABLE.replace("2027-", "2029-").replace(WORKED.replace("2027-", "2029-"), ""), "not_the_next_year"),
        (b"\xff\xfe\x00\x81", "not_text"),
        ("x" * 100_001, "too_large"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_a_year_is_refused_with_its_reason(
    seeded: Session, table: bytes | str, reason: str
) -> None:
    with pytest.raises(CalendarRefused) as refused:
        import_calendar_year(seeded, SYSTEM, table, source="a")
    assert refused.value.facts["reason"] == reason
    for language in ("zh", "en"):
        assert "{" not in refused.value.say(language)


def test_from_december_the_next_year_is_missed_until_it_is_imported(seeded: Session) -> None:
    assert missing_year(seeded, day("2026-11-30")) is None
    assert missing_year(seeded, day("2026-12-01")) == 2027
    import_calendar_year(seeded, SYSTEM, TABLE, source="a")
    assert missing_year(seeded, day("2026-12-01")) is None
    assert missing_year(seeded, day("2028-01-01")) == 2028


def test_a_year_without_a_source_is_refused(seeded: Session) -> None:
    with pytest.raises(CalendarRefused):
        import_calendar_year(seeded, SYSTEM, TABLE, source="  ")


def test_a_strict_deadline_stays_strict_when_it_is_computed_again(seeded: Session) -> None:
    computed = compute(bundled_rules()["D10"], day("2026-12-15"), register.calendar_in(seeded), strict_min_days=True)
    row = records.record(seeded, computed, subject="t", strict=True)
    seeded.flush()
    assert (row.due, row.provisional) == (day("2027-01-05"), True)
    import_calendar_year(seeded, SYSTEM, TABLE, source="a")
    assert (row.due, row.provisional) == (day("2027-01-05"), False)
