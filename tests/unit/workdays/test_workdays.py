"""Golden vectors of working-day arithmetic: they come from the announced calendars of 2024 to 2026."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastmeter.errors import InvalidInput
from lastmeter.workdays import (
    Calendar,
    add_calendar_days,
    add_months,
    add_months_term,
    add_working_days,
    add_years_term,
    bundled_calendar,
    bundled_days,
    is_working_day,
    make_calendar,
    roll_forward,
    working_days_between,
)

CALENDAR = bundled_calendar()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


WORKING_DAY_VECTORS = [
    # start, then +2, +5, +7, +15, +30 working days
    ("2026-02-12", "2026-02-14", "2026-02-26", "2026-02-28", "2026-03-11", "2026-04-01"),
    ("2026-04-13", "2026-04-15", "2026-04-20", "2026-04-22", "2026-05-07", "2026-05-27"),
    ("2026-04-30", "2026-05-07", "2026-05-11", "2026-05-13", "2026-05-25", "2026-06-15"),
    ("2026-09-18", "2026-09-21", "2026-09-24", "2026-09-29", "2026-10-15", "2026-11-05"),
    ("2026-09-30", "2026-10-09", "2026-10-13", "2026-10-15", "2026-10-27", "2026-11-17"),
]


@pytest.mark.parametrize("row", WORKING_DAY_VECTORS, ids=lambda row: row[0])
def test_working_days_after_a_start_fall_on_the_golden_days(row: tuple[str, ...]) -> None:
    for n, expected in zip((2, 5, 7, 15, 30), row[1:], strict=True):
        counted = add_working_days(day(row[0]), n, CALENDAR)
        assert (n, counted.day, counted.provisional) == (n, day(expected), False)


@pytest.mark.parametrize(
    ("start", "twenty_raw", "thirty_rolled", "month_rolled"),
    [
        ("2026-02-12", "2026-03-04", "2026-03-16", "2026-03-12"),
        ("2026-04-13", "2026-05-03", "2026-05-13", "2026-05-13"),
        ("2026-04-30", "2026-05-20", "2026-06-01", "2026-06-01"),
        ("2026-09-18", "2026-10-08", "2026-10-19", "2026-10-19"),
        ("2026-09-30", "2026-10-20", "2026-10-30", "2026-10-30"),
    ],
)
def test_calendar_days_and_months_fall_on_the_golden_days(
    start: str, twenty_raw: str, thirty_rolled: str, month_rolled: str
) -> None:
    assert add_calendar_days(day(start), 20) == day(twenty_raw)
    assert roll_forward(add_calendar_days(day(start), 30), CALENDAR).day == day(thirty_rolled)
    assert roll_forward(add_months(day(start), 1), CALENDAR).day == day(month_rolled)


def test_a_last_day_in_the_may_holiday_rolls_to_the_first_day_worked() -> None:
    assert roll_forward(day("2026-05-03"), CALENDAR).day == day("2026-05-06")


def test_2026_has_the_announced_working_days_of_each_month() -> None:
    counts = [0] * 12
    for offset in range(365):
        current = day("2026-01-01") + dt.timedelta(days=offset)
        counts[current.month - 1] += is_working_day(current, CALENDAR)
    assert counts == [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]
    assert sum(counts) == 248


def test_the_worked_weekends_of_2026_are_the_six_announced() -> None:
    worked = sorted(str(d) for d in CALENDAR.worked if d.year == 2026)
    assert worked == ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


def test_the_bundled_calendar_covers_2004_to_2026() -> None:
    assert (CALENDAR.first, CALENDAR.last) == (day("2004-01-01"), day("2026-12-31"))
    assert any(named.name_zh == "春节" and not named.working for named in bundled_days())


def test_beyond_the_horizon_weekends_alone_count_and_the_answer_is_provisional() -> None:
    counted = add_working_days(day("2026-12-30"), 3, CALENDAR)
    assert counted.day == day("2027-01-04")
    assert counted.provisional
    assert not add_working_days(day("2026-12-30"), 1, CALENDAR).provisional
    assert roll_forward(day("2027-01-02"), CALENDAR).provisional


def test_a_grown_calendar_moves_the_answer_and_makes_it_final() -> None:
    grown = make_calendar(
        CALENDAR.first, day("2027-12-31"), off=CALENDAR.off | {day("2027-01-01")}, worked=CALENDAR.worked
    )
    counted = add_working_days(day("2026-12-30"), 3, grown)
    assert (counted.day, counted.provisional) == (day("2027-01-05"), False)
    assert grown.version != CALENDAR.version


def test_equal_calendars_have_equal_versions_whatever_the_order() -> None:
    some = [day("2026-01-01"), day("2026-01-02")]
    one = make_calendar(day("2026-01-01"), day("2026-12-31"), off=some, worked=[])
    other = make_calendar(day("2026-01-01"), day("2026-12-31"), off=reversed(some), worked=[])
    assert one == other


def test_counting_backwards_finds_the_day_for_a_reminder() -> None:
    assert add_working_days(day("2026-05-07"), -2, CALENDAR).day == day("2026-04-30")
    assert add_working_days(day("2026-05-03"), 0, CALENDAR).day == day("2026-05-03")


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2024-02-29", 12, "2025-02-28"),
    ],
)
def test_a_month_ends_on_the_same_day_number_or_the_month_end(start: str, months: int, expected: str) -> None:
    assert add_months(day(start), months) == day(expected)


@pytest.mark.parametrize(
    ("start", "years", "expected"),
    [
        ("2026-06-01", 3, "2029-05-31"),
        ("2024-02-29", 3, "2027-02-28"),
        ("2024-02-29", 4, "2028-02-28"),
        ("2024-03-01", 3, "2027-02-28"),
        ("2023-03-01", 1, "2024-02-29"),
        ("2026-01-01", 1, "2026-12-31"),
    ],
)
def test_a_term_of_years_ends_the_day_before_its_anniversary(start: str, years: int, expected: str) -> None:
    assert add_years_term(day(start), years) == day(expected)


def test_a_term_of_months_from_a_month_end_loses_no_day() -> None:
    assert add_months_term(day("2026-01-31"), 1) == day("2026-02-28")
    assert add_months_term(day("2026-01-15"), 36) == day("2029-01-14")


def test_working_days_between_counts_the_end_but_not_the_start() -> None:
    assert working_days_between(day("2026-04-30"), day("2026-05-09"), CALENDAR) == 4
    assert working_days_between(day("2026-05-09"), day("2026-04-30"), CALENDAR) == -4
    assert working_days_between(day("2026-05-01"), day("2026-05-01"), CALENDAR) == 0


dates = st.dates(min_value=dt.date(2003, 6, 1), max_value=dt.date(2028, 6, 1))


@given(start=dates, n=st.integers(0, 300))
def test_counting_out_and_counting_back_agree(start: dt.date, n: int) -> None:
    end = add_working_days(start, n, CALENDAR).day
    assert working_days_between(start, end, CALENDAR) == n


@given(start=dates, span=st.integers(0, 1200))
def test_the_sum_formula_agrees_with_counting_day_by_day(start: dt.date, span: int) -> None:
    counted = sum(is_working_day(start + dt.timedelta(days=k), CALENDAR) for k in range(1, span + 1))
    assert working_days_between(start, start + dt.timedelta(days=span), CALENDAR) == counted


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: add_working_days(dt.date(2026, 1, 1), 10_001, c),
        lambda c: add_calendar_days(dt.date(2026, 1, 1), 10**9),
        lambda c: add_months(dt.date(2026, 1, 1), 10**6),
        lambda c: add_working_days(dt.date(9999, 12, 31), 5, c),
        lambda c: add_months(dt.date(9999, 12, 31), 1),
        lambda c: roll_forward(dt.date(9999, 12, 31), make_calendar(dt.date(9999, 1, 1), dt.date(9999, 12, 31),
                               off=[dt.date(9999, 12, 31)], worked=[])),
    ],
)  # fmt: skip
def test_counts_and_dates_out_of_all_bounds_are_refused(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(InvalidInput):
        ask(CALENDAR)


def test_a_calendar_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput):
        make_calendar(dt.date(2026, 1, 2), dt.date(2026, 1, 1), off=[], worked=[])


def test_a_calendar_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Calendar.__setattr__(CALENDAR, "version", "x")
