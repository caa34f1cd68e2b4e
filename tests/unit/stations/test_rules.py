"""The rules of stations, by tables."""

from __future__ import annotations

import datetime as dt
import itertools
from fractions import Fraction

import pytest

from lastmeter.stations import rules
from lastmeter.stations.rules import Worker

D = dt.date


def worker(birth: dt.date = D(1995, 5, 1), education: str = "bachelor", qualified: bool = True) -> Worker:
    return Worker(birth, D(2026, 6, 1), education, related_major=qualified)


@pytest.mark.parametrize(
    ("qualified", "others", "breaches"),
    [
        (2, 1, []),
        (1, 2, ["too_few_qualified"]),
        (3, 2, ["too_few_qualified"]),  # 60 % is less than two thirds
        (4, 2, []),
        (2, 0, ["too_few"]),
        (28, 19, ["too_few_qualified"]),  # a real district of 2021: 28 of 47
        (0, 0, ["too_few", "too_few_qualified"]),
    ],
)
def test_a_station_needs_three_people_and_two_thirds_qualified(
    qualified: int, others: int, breaches: list[str]
) -> None:
    workers = [worker() for _ in range(qualified)] + [worker(qualified=False) for _ in range(others)]
    assert rules.staffing_breaches(workers) == breaches


@pytest.mark.parametrize(
    ("birth", "inclusive", "breaches"),
    [
        (D(1986, 6, 1), True, []),  # 40 on the day: 以下 includes the number
        (D(1985, 6, 1), True, ["too_old"]),
        (D(1986, 6, 1), False, ["too_old"]),
        (D(1985, 6, 2), True, []),  # 41 only tomorrow
    ],
)
def test_forty_is_within_forty_unless_the_parameter_says_otherwise(
    birth: dt.date, inclusive: bool, breaches: list[str]
) -> None:
    workers = [worker(birth), worker(), worker()]
    assert rules.staffing_breaches(workers, age_inclusive=inclusive) == breaches


def test_a_secondary_school_certificate_is_not_enough() -> None:
    assert rules.staffing_breaches([worker(education="secondary"), worker(), worker()]) == ["education"]


def test_three_years_end_the_day_before_the_anniversary_and_29_february_has_none() -> None:
    assert rules.term_end(D(2026, 5, 29)) == D(2029, 5, 28)
    assert rules.term_end(D(2024, 2, 29)) == D(2027, 2, 28)


def test_the_years_of_a_contract_follow_each_other_without_gap() -> None:
    years = rules.years_of(D(2026, 5, 29))
    assert years[0] == (D(2026, 5, 29), D(2027, 5, 28))
    assert all(later[0] - earlier[1] == dt.timedelta(days=1) for earlier, later in itertools.pairwise(years))
    assert years[-1][1] == rules.term_end(D(2026, 5, 29))


@pytest.mark.parametrize("value", [1, 100, 128_000_001, 99_999_999])
def test_a_split_value_loses_no_fen(value: int) -> None:
    assert sum(rules.split_value(value)) == value


@pytest.mark.parametrize(
    ("total", "veto", "grade"),
    [
        (9000, None, "excellent"),
        (8999, None, "good"),
        (8000, None, "good"),
        (6000, None, "qualified"),
        (5999, None, "unqualified"),
        (9900, "transfer", "unqualified"),
    ],
)
def test_the_grade_follows_the_cut_offs_and_a_veto(total: int, veto: str | None, grade: str) -> None:
    assert rules.grade_of(total, veto) == grade


@pytest.mark.parametrize(
    ("grade", "year", "what"),
    [
        ("unqualified", 1, "terminate"),
        ("unqualified", 3, "terminate"),
        ("qualified", 2, "continue"),
        ("excellent", 3, "close"),
    ],
)
def test_an_unqualified_year_terminates_and_the_third_closes(grade: rules.Grade, year: int, what: str) -> None:
    assert rules.renewal(grade, year) == what


def test_a_share_never_exceeds_its_rule_and_nothing_due_is_full() -> None:
    assert rules.share(4, Fraction(3, 2)) == 400
    assert rules.share(4, Fraction(85, 100)) == 340
    assert rules.share(3, None) == 300
    assert rules.share(3, Fraction(-1)) == 0


def test_a_bond_above_a_tenth_is_too_high() -> None:
    assert rules.bond_within_ceiling(10_000, 100_000)
    assert not rules.bond_within_ceiling(10_001, 100_000)


def test_an_empty_part_is_named() -> None:
    parts = dict.fromkeys(rules.CONTRACT_PARTS, "x") | {"liability": " "}
    assert rules.missing_parts(parts) == ["liability"]


def test_twenty_three_and_a_half_hours_are_too_few() -> None:
    assert not rules.week_is_met([23 * 60 + 30])
    assert rules.week_is_met([12 * 60, 12 * 60])
