"""The law of buying, case by case."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from lastmeter.procurement import rules
from lastmeter.procurement.rules import Holding, Scored

DAY = dt.date(2026, 5, 6)
PLAN: dict[str, object] = {
    "goals": "覆盖", "budget_fen": 1, "method": "open_tender", "content_progress": [{"item": "x"}],
    "quality_standard": "好", "quantity_standards": [{"n": 1}], "evaluation": "每年",
}  # fmt: skip


def codes(reasons: list[rules.Reason]) -> list[str]:
    return [reason.code for reason in reasons]


# --- plan ---------------------------------------------------------------------------------------------------


def test_a_plan_with_all_six_parts_lacks_nothing() -> None:
    assert rules.plan_gaps(PLAN) == []


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"goals": "  "}, "goals"), ({"budget_fen": 0}, "budget_fen"), ({"method": None}, "method"),
        ({"content_progress": []}, "content_progress"), ({"quality_standard": ""}, "standards"),
        ({"quantity_standards": []}, "standards"), ({"evaluation": None}, "evaluation"),
    ],
)  # fmt: skip
def test_a_missing_part_is_named(changed: dict[str, object], part: str) -> None:
    assert [reason.subject for reason in rules.plan_gaps({**PLAN, **changed})] == [part]


def test_shares_of_99_99_percent_are_refused_in_minor_units() -> None:
    assert codes(rules.budget_reasons(10_000, [10_000], [4_000, 5_999])) == ["funding_gap"]
    assert rules.budget_reasons(10_000, [10_000], [4_000, 6_000]) == []


def test_the_stations_budgets_sum_to_the_total() -> None:
    assert codes(rules.budget_reasons(10, [4, 5], [10])) == ["lines_gap"]


# --- documents ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", rules.NOTICE_PARTS)
def test_a_notice_without_one_of_its_parts_is_refused(part: str) -> None:
    whole: dict[str, object] = dict.fromkeys(rules.NOTICE_PARTS, "x") | {"budget_fen": 1}
    assert rules.notice_gaps(whole) == []
    assert [reason.subject for reason in rules.notice_gaps({**whole, part: ""})] == [part]


def factor(name: str, points: object, kind: str = "quality") -> dict[str, object]:
    return {"name": name, "max_points": points, "kind": kind}


def test_factors_sum_to_a_hundred_with_one_price() -> None:
    assert rules.factor_reasons([factor("价格", 10, "price"), factor("方案", 90)]) == []
    assert codes(rules.factor_reasons([factor("价格", 10, "price"), factor("方案", "89.5")])) == ["factors_sum"]
    assert codes(rules.factor_reasons([factor("方案", 100)])) == ["one_price_factor"]


# --- suppliers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "barred"),
    [
        (Holding(1, "a", 10, "street"), True),
        (Holding(2, "a", 10, "street"), True),  # another body under the same controller
        (Holding(1, "a", 11, "street"), False),  # another district
        (Holding(1, "a", 10, "district_main"), False),  # the same kind again
        (Holding(2, "b", 10, "street"), False),
        (Holding(2, None, 10, "street"), False),
    ],
)
def test_main_and_street_stations_of_a_district_are_never_in_one_hand(held: Holding, barred: bool) -> None:
    found = rules.main_and_street_conflict(Holding(1, "a", 10, "district_main"), [held])
    assert (found is held) == barred


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price_fen": 101}, "over_budget"), ({"price_fen": 0}, "no_price"), ({"price_fen": None}, "no_price"),
        ({"price_fen": True}, "no_price"), ({"declaration_3y": False}, "no_declaration"),
    ],
)  # fmt: skip
def test_an_invalid_bid_is_told_why(changes: dict[str, object], code: str) -> None:
    bid: dict[str, object] = {"price_fen": 100, "declaration_3y": True}
    assert rules.bid_reasons(bid, 100) == []
    assert codes(rules.bid_reasons({**bid, **changes}, 100)) == [code]


# --- committee ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (None, True),
        (dt.date(2023, 5, 6), True),
        (dt.date(2023, 5, 5), False),
        (dt.date(2024, 2, 29), True),
    ],
)
def test_a_tie_counts_for_three_years(until: dt.date | None, expected: bool) -> None:
    assert rules.still_conflicted(until, DAY) == expected


def test_a_draw_leaves_out_the_excluded_and_repeats_for_its_seed() -> None:
    first = rules.draw(range(10), {0, 1, 2}, 5, "seed")
    assert len(set(first)) == 5
    assert not set(first) & {0, 1, 2}
    assert rules.draw(reversed(range(10)), {2, 1, 0}, 5, "seed") == first
    assert any(rules.draw(range(10), {0, 1, 2}, 5, str(n)) != first for n in range(5))


# --- ranking ------------------------------------------------------------------------------------------------


def scored(bid: int, price: int, *quality: str) -> Scored:
    return Scored(bid, bid, price, tuple(Decimal(value) for value in quality))


def test_the_lowest_price_has_all_price_points_and_others_their_ratio() -> None:
    assert rules.price_points(90, 90, Decimal(10)) == Decimal("10.00")
    assert rules.price_points(120, 90, Decimal(10)) == Decimal("7.50")
    assert rules.price_points(97, 90, Decimal(10)) == Decimal("9.28")


def test_averages_and_prices_make_the_order() -> None:
    ranked = rules.ranking([scored(1, 100, "80", "82"), scored(2, 90, "81", "81.01")], Decimal(10), "s")
    assert [(row.bid_id, row.rank, row.total) for row in ranked] == [
        (2, 1, Decimal("91.01")), (1, 2, Decimal("90.00")),
    ]  # fmt: skip


def test_a_tie_goes_to_the_lower_price() -> None:
    # 80 + 10.00 and 80.91 + 9.09: equal totals, the cheaper first.
    ranked = rules.ranking([scored(1, 110, "80.91"), scored(2, 100, "80")], Decimal(10), "s")
    assert [row.bid_id for row in ranked] == [2, 1]
    assert ranked[1].tie_broken_by == "price"


def test_what_ties_in_everything_is_drawn_and_the_draw_repeats() -> None:
    bids = [scored(n, 100, "80") for n in range(1, 5)]
    first = [row.bid_id for row in rules.ranking(bids, Decimal(10), "seed")]
    assert [row.bid_id for row in rules.ranking(list(reversed(bids)), Decimal(10), "seed")] == first
    assert {row.tie_broken_by for row in rules.ranking(bids, Decimal(10), "seed")[1:]} == {"draw"}


@pytest.mark.parametrize(("votes", "expected"), [([True, True, False], True), ([True, False], False), ([], False)])
def test_the_majority_decides_on_conformity(votes: list[bool], expected: bool) -> None:
    assert rules.conforms(votes) == expected


@pytest.mark.parametrize(
    ("rank", "refused", "allowed"), [(1, set(), True), (2, set(), False), (2, {1}, True), (3, {1}, False)]
)
def test_candidates_are_chosen_in_order(rank: int, refused: set[int], allowed: bool) -> None:
    assert (rules.decision_reasons(rank, refused) == []) == allowed


FACTORS = [rules.FactorRow(1, "价格", "price", Decimal(10)), rules.FactorRow(2, "方案", "quality", Decimal(90))]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"value": "90.01"}, "score_out_of_range"),
        ({"value": "-1"}, "score_out_of_range"),
        ({"value": "50.001"}, "score_out_of_range"),
        ({"value": None}, "score_out_of_range"),
        ({"value": "NaN"}, "score_out_of_range"),
        ({"value": "90"}, "extreme_without_reason"),
        ({"value": "0"}, "extreme_without_reason"),
        ({"factor_no": 1}, "unknown_cell"),
        ({"bid_no": "1-9"}, "unknown_cell"),
    ],
)
def test_a_score_sheet_is_complete_in_range_and_explains_extremes(row: dict[str, object], code: str) -> None:
    good: dict[str, object] = {"bid_no": "1-1", "factor_no": 2, "value": "70"}
    assert rules.sheet_reasons([good], FACTORS, {"1-1"}) == []
    assert code in codes(rules.sheet_reasons([{**good, **row}], FACTORS, {"1-1"}))


def test_a_bid_that_was_not_scored_is_named() -> None:
    assert codes(rules.sheet_reasons([], FACTORS, {"1-1"})) == ["cell_missing"]


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [(100, [1], [100]), (100, [1, 1, 1], [34, 33, 33]), (101, [2, 1], [68, 33]), (7, [450, 450], [4, 3])],
)
def test_an_award_is_split_over_its_stations_to_the_fen(total: int, weights: list[int], expected: list[int]) -> None:
    assert rules.shares(total, weights) == expected
    assert sum(expected) == total


# --- remedies -----------------------------------------------------------------------------------------------

TIMES = rules.FileTimes(
    issued=dt.date(2026, 4, 13), notice_ended=dt.date(2026, 4, 20), documents_had=dt.date(2026, 4, 15),
    step_ended=dt.date(2026, 5, 6), award_notice_ended=dt.date(2026, 5, 19),
)  # fmt: skip


@pytest.mark.parametrize(
    ("matter", "day"),
    [("documents", dt.date(2026, 4, 15)), ("process", dt.date(2026, 5, 6)), ("result", dt.date(2026, 5, 19))],
)
def test_the_challenge_clock_starts_where_regulation_53_says(matter: str, day: dt.date) -> None:
    assert rules.harm_known(matter, TIMES) == day


def test_who_never_had_the_documents_counts_from_the_end_of_the_notice() -> None:
    times = rules.FileTimes(notice_ended=dt.date(2026, 4, 20))
    assert rules.harm_known("documents", times) == dt.date(2026, 4, 20)


@pytest.mark.parametrize(
    ("matter", "took_part", "could", "stands"),
    [
        ("result", True, True, True), ("result", False, True, False), ("documents", False, True, True),
        ("documents", False, False, False), ("process", False, True, False),
    ],
)  # fmt: skip
def test_who_may_challenge_what(matter: str, took_part: bool, could: bool, stands: bool) -> None:
    assert (rules.standing_reasons(matter, took_part=took_part, could_take_part=could) == []) == stands


def test_a_complaint_keeps_its_time_and_its_matters() -> None:
    end = dt.date(2026, 6, 18)
    assert rules.complaint_reasons(end, end, {"result"}, {"result"}) == []
    late = rules.complaint_reasons(end + dt.timedelta(days=1), end, {"result", "process"}, {"result"})
    assert codes(late) == ["complaint_late", "not_challenged"]
