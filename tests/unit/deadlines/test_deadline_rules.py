from __future__ import annotations

import datetime as dt

import pytest

from lastmeter import clock
from lastmeter.deadlines.bundled import bundled_rules
from lastmeter.deadlines.rules import (
    Pause,
    UnknownDeadlineRule,
    compute,
    days_elapsed,
    days_left,
    first_working_day_after,
    is_tight,
    keeps,
    latest_start,
    reminder_day,
    rule_named,
)
from lastmeter.errors import InvalidInput
from lastmeter.workdays import add_working_days, bundled_calendar, make_calendar

CALENDAR = bundled_calendar()
RULES = bundled_rules()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def due(rule: str, start: str) -> str:
    return str(compute(RULES[rule], day(start), CALENDAR).due)


def pause(since: str, until: str | None) -> Pause:
    return Pause(clock.at(day(since)), None if until is None else clock.at(day(until)))


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        pytest.param("D11", "2026-04-13", "2026-04-20", id="documents can be had until"),
        pytest.param("D10", "2026-04-13", "2026-05-06", id="earliest bid deadline"),
        pytest.param("D20", "2026-05-06", "2026-05-08", id="report sent"),
        pytest.param("D21", "2026-05-08", "2026-05-14", id="winner decided"),
        pytest.param("D22", "2026-05-14", "2026-05-18", id="result published"),
        pytest.param("D23", "2026-05-18", "2026-05-19", id="award notice ends"),
        pytest.param("D41", "2026-05-19", "2026-05-28", id="challenge window ends"),
        pytest.param("D30", "2026-05-18", "2026-06-17", id="contract signed"),
        pytest.param("D31", "2026-05-29", "2026-06-02", id="contract published"),
        pytest.param("D32", "2026-05-29", "2026-06-09", id="contract filed"),
        pytest.param("D02", "2026-05-29", "2026-06-29", id="staff on post"),
        pytest.param("D24", "2026-05-18", "2026-05-25", id="losers' bonds refunded"),
    ],
)
def test_the_golden_chain_of_an_open_tender_issued_on_13_april_2026(rule: str, start: str, expected: str) -> None:
    assert due(rule, start) == expected


def test_in_the_golden_chain_the_last_clarification_goes_out_on_21_april() -> None:
    assert latest_start(RULES["D12"], day("2026-05-06"), CALENDAR) == day("2026-04-21")
    assert keeps(compute(RULES["D12"], day("2026-04-21"), CALENDAR), day("2026-05-06"))
    assert not keeps(compute(RULES["D12"], day("2026-04-22"), CALENDAR), day("2026-05-06"))


def test_in_the_golden_chain_signing_is_safe_from_29_may() -> None:
    assert first_working_day_after(day("2026-05-28"), CALENDAR).day == day("2026-05-29")


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("D01", "2026-01-01", "2026-03-31"),
        ("D01", "2024-07-01", "2024-03-31"),  # a Sunday: fixed dates do not roll
        ("D04", "2024-01-01", "2024-11-30"),  # a Saturday
        ("D03", "2024-02-29", "2027-02-28"),
        ("D03", "2026-06-01", "2029-05-31"),
        ("D06", "2026-05-06", "2026-05-10"),
        ("D50", "2026-06-30", "2041-06-30"),
        ("D63", "2026-04-29", "2026-05-06"),
        ("D65", "2026-01-31", "2026-02-28"),
        ("D66", "2026-04-30", "2026-07-30"),
        ("D45", "2026-04-03", "2026-05-06"),  # raw 3 May, a holiday
        ("D46", "2026-04-13", "2026-04-20"),
        ("D46b", "2026-04-13", "2026-04-23"),
    ],
)
def test_every_unit_leads_to_its_day(rule: str, start: str, expected: str) -> None:
    assert due(rule, start) == expected


def test_a_complaint_counts_from_the_expiry_of_the_reply_period() -> None:
    reply_due = compute(RULES["D42"], day("2026-05-28"), CALENDAR).due
    assert reply_due == day("2026-06-08")
    assert compute(RULES["D43"], reply_due, CALENDAR).due == day("2026-06-30")


def test_a_computed_day_says_how_it_came_about() -> None:
    computed = compute(RULES["D10"], day("2026-04-13"), CALENDAR)
    assert (computed.raw_due, computed.rolled) == (day("2026-05-03"), True)
    assert (computed.n, computed.unit, computed.sense) == (20, "calendar_days", "min")
    assert computed.calendar_version == CALENDAR.version
    assert not computed.provisional
    assert computed.due_at == clock.end_of(day("2026-05-06"))


def test_a_start_given_as_an_instant_counts_from_its_legal_day() -> None:
    late_evening = dt.datetime(2026, 4, 12, 16, 30, tzinfo=dt.UTC)  # half past midnight in Jinan
    assert compute(RULES["D11"], late_evening, CALENDAR).due == day("2026-04-20")


def test_hours_run_from_the_moment_through_nights_and_holidays() -> None:
    moment = dt.datetime(2026, 5, 1, 15, 30, tzinfo=dt.UTC)
    computed = compute(RULES["D64"], moment, CALENDAR)
    assert computed.due_at == moment + dt.timedelta(hours=24)
    assert compute(RULES["D60"], moment, CALENDAR).due_at == moment


@pytest.mark.parametrize("start", [dt.date(2026, 5, 1), dt.datetime(2026, 5, 1, 9)])  # noqa: DTZ001
def test_hours_without_a_moment_are_refused(start: dt.date) -> None:
    with pytest.raises(InvalidInput):
        compute(RULES["D62"], start, CALENDAR)


def test_the_strict_reading_adds_a_day_to_minima_of_calendar_days_only() -> None:
    def strict(rule: str, start: str) -> str:
        return str(compute(RULES[rule], day(start), CALENDAR, strict_min_days=True).due)

    assert strict("D10", "2026-03-10") == "2026-03-31"
    assert due("D10", "2026-03-10") == "2026-03-30"
    assert strict("D30", "2026-05-18") == due("D30", "2026-05-18")
    assert strict("D11", "2026-04-13") == due("D11", "2026-04-13")


def test_the_first_lawful_day_is_kept_but_tight() -> None:
    computed = compute(RULES["D10"], day("2026-03-10"), CALENDAR)
    assert keeps(computed, day("2026-03-30"))
    assert is_tight(computed, day("2026-03-30"))
    assert not is_tight(computed, day("2026-03-31"))
    assert not keeps(computed, day("2026-03-29"))
    assert not is_tight(compute(RULES["D30"], day("2026-05-18"), CALENDAR), day("2026-06-17"))


def test_beyond_the_calendar_only_what_counts_days_off_is_provisional() -> None:
    december = day("2026-12-28")
    assert compute(RULES["D32"], december, CALENDAR).provisional
    assert compute(RULES["D02"], december, CALENDAR).provisional
    assert not compute(RULES["D31"], december, CALENDAR).provisional
    assert not compute(RULES["D03"], december, CALENDAR).provisional
    assert not compute(RULES["D01"], day("2028-01-01"), CALENDAR).provisional


def test_a_grown_calendar_gives_another_day_for_a_provisional_one() -> None:
    before = compute(RULES["D31"], day("2026-12-31"), CALENDAR)
    grown = make_calendar(CALENDAR.first, day("2027-12-31"), off=CALENDAR.off | {day("2027-01-01")}, worked=[])
    after = compute(RULES["D31"], day("2026-12-31"), grown)
    assert (before.due, before.provisional) == (day("2027-01-04"), True)
    assert (after.due, after.provisional) == (day("2027-01-05"), False)


def test_working_days_during_a_pause_are_given_back() -> None:
    paused = [pause("2026-05-20", "2026-05-25")]
    computed = compute(RULES["D41"], day("2026-05-19"), CALENDAR, pauses=paused)
    assert computed.paused_days == 3
    assert computed.due == day("2026-06-02")
    # What remained when the clock stood still is what remains after it runs again: six working days.
    assert computed.due == add_working_days(day("2026-05-25"), 6, CALENDAR).day


def test_calendar_days_during_a_pause_are_given_back_and_the_end_rolls_once() -> None:
    computed = compute(RULES["D30"], day("2026-05-18"), CALENDAR, pauses=[pause("2026-06-01", "2026-06-03")])
    assert computed.raw_due == day("2026-06-19")  # the Dragon Boat Festival
    assert computed.due == day("2026-06-22")


def test_a_pause_within_one_day_and_a_pause_that_still_stands_move_nothing() -> None:
    start = day("2026-05-18")
    plain = compute(RULES["D30"], start, CALENDAR)
    assert compute(RULES["D30"], start, CALENDAR, pauses=[pause("2026-06-01", "2026-06-01")]) == plain
    assert compute(RULES["D30"], start, CALENDAR, pauses=[pause("2026-06-01", None)]) == plain


def test_a_pause_after_the_period_is_over_revives_nothing() -> None:
    late = [pause("2026-06-18", "2026-06-30")]
    assert compute(RULES["D30"], day("2026-05-18"), CALENDAR, pauses=late).due == day("2026-06-17")


def test_two_pauses_add_up_in_whatever_order_they_are_given() -> None:
    first, second = pause("2026-05-20", "2026-05-25"), pause("2026-05-28", "2026-05-29")
    forward = compute(RULES["D41"], day("2026-05-19"), CALENDAR, pauses=[first, second])
    backward = compute(RULES["D41"], day("2026-05-19"), CALENDAR, pauses=[second, first])
    assert forward == backward
    assert forward.due == day("2026-06-03")


def test_a_fixed_date_does_not_move_for_a_pause() -> None:
    assert compute(RULES["D01"], day("2026-01-01"), CALENDAR, pauses=[pause("2026-02-01", "2026-03-01")]).due == day(
        "2026-03-31"
    )


def test_hours_stand_still_during_a_pause() -> None:
    moment = clock.at(day("2026-05-06"))
    stop = Pause(moment + dt.timedelta(hours=1), moment + dt.timedelta(hours=5))
    assert compute(RULES["D64"], moment, CALENDAR, pauses=[stop]).due_at == moment + dt.timedelta(hours=28)


def test_elapsed_days_stand_still_while_the_clock_does() -> None:
    rule, start = RULES["D41"], day("2026-05-19")
    computed = compute(rule, start, CALENDAR)
    standing = [pause("2026-05-21", None)]

    def elapsed(on: str) -> int:
        return days_elapsed(rule, computed, clock.at(day(on)), CALENDAR, pauses=standing)

    assert [elapsed(on) for on in ("2026-05-19", "2026-05-20", "2026-05-21", "2026-05-26")] == [0, 1, 2, 2]
    assert days_left(rule, computed, clock.at(day("2026-05-26")), CALENDAR, pauses=standing) == 5


def test_days_left_are_negative_once_overdue() -> None:
    rule = RULES["D41"]
    computed = compute(rule, day("2026-05-19"), CALENDAR)
    assert days_left(rule, computed, clock.at(day("2026-05-28")), CALENDAR) == 0
    assert days_left(rule, computed, clock.at(day("2026-06-01")), CALENDAR) == -2
    assert days_elapsed(rule, computed, clock.at(day("2026-06-30")), CALENDAR) == 7


def test_a_reminder_falls_working_days_before_but_never_before_the_start() -> None:
    computed = compute(RULES["D02"], day("2026-05-29"), CALENDAR)
    assert reminder_day(computed, 5, CALENDAR) == day("2026-06-22")
    assert reminder_day(computed, 100, CALENDAR) == day("2026-05-29")


def test_every_rule_of_the_register_speaks_both_languages_and_names_its_source() -> None:
    assert len(RULES) == 41
    for rule in RULES.values():
        for text in (rule.zh, rule.en, rule.source_zh, rule.source_en, rule.plain_zh, rule.plain_en):
            assert text.strip() == text
            assert text
        assert rule.plain_zh.endswith("。")
        assert rule.plain_en.endswith(".")
        assert rule.verified in ("law-text", "seed", "secondary", "unverified", "example", "public-other-city")


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_every_rule_of_the_register_can_be_computed(rule_id: str) -> None:
    start = clock.at(day("2026-04-13"))
    computed = compute(RULES[rule_id], start, CALENDAR)
    assert computed.due_at >= start or RULES[rule_id].unit == "date"


def test_an_unknown_rule_is_refused_by_name() -> None:
    with pytest.raises(UnknownDeadlineRule) as refused:
        rule_named(RULES, "D99")
    assert refused.value.facts == {"rule": "D99"}
