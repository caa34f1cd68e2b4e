"""The rules of stations, by tables."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from fractions import Fraction

import pytest

from lastmeter.definitions import tables
from lastmeter.stations import rules, staffing
from lastmeter.stations.rules import Worker

D = dt.date
ASK = tables.bundled(staffing.PACKAGE).value


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
    assert staffing.missed(ASK, workers, "1.0") == breaches


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
    facts = rules.staffing_facts([worker(birth), worker(), worker()], "1.0")
    assert ASK("staffing_breaches", {**facts, "age_inclusive": inclusive}) == breaches


def test_a_secondary_school_certificate_is_not_enough() -> None:
    assert staffing.missed(ASK, [worker(education="secondary"), worker(), worker()], "1.0") == ["education"]


def test_who_has_not_passed_the_training_is_not_ready() -> None:
    untrained = Worker(D(1995, 5, 1), D(2026, 6, 1), "bachelor", related_major=True, trained=False)
    assert staffing.missed(ASK, [untrained, worker(), worker()], "1.0") == ["not_trained"]


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


def test_the_weakest_aspect_is_the_one_with_the_smallest_share_of_its_points() -> None:
    tree = [
        {"id": "a", "l1": "财务", "max": 10},
        {"id": "b", "l1": "人员", "max": 10},
        {"id": "c", "l1": "人员", "max": 20},
    ]
    assert rules.weakest({"a": 500, "b": 1000, "c": 0}, tree) == ("人员", Decimal("33.33"))
    assert rules.weakest({"a": 500, "b": 1000, "c": 500}, tree) == ("财务", Decimal("50.00"))


def test_a_share_never_exceeds_its_rule_and_nothing_due_is_full() -> None:
    assert rules.share(4, Fraction(3, 2)) == 400
    assert rules.share(4, Fraction(85, 100)) == 340
    assert rules.share(3, None) == 300
    assert rules.share(3, Fraction(-1)) == 0


def test_an_empty_part_is_named() -> None:
    parts = dict.fromkeys(rules.CONTRACT_PARTS, "x") | {"liability": " "}
    assert rules.missing_parts(parts) == ["liability"]


def test_twenty_three_and_a_half_hours_are_too_few() -> None:
    assert not rules.week_is_met([23 * 60 + 30])
    assert rules.week_is_met([12 * 60, 12 * 60])
