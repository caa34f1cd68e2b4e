"""The decision tables that come with the buying processes, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from lastmeter import paths
from lastmeter.decisions import load

METHOD: dict[str, Any] = {
    "circumstance": "none", "object_type": "services", "limit_fen": 50, "open_fen": 200, "in_catalogue": False,
    "amount_fen": 130, "year_sum_fen": 0, "approval": False,
}  # fmt: skip


def decide(process: str, decision: str, **inputs: Any) -> Any:
    model = load((paths.bundled("bpmn") / process / f"{decision}.dmn").read_bytes())
    value = model.evaluate(decision, inputs)
    assert not model.warnings
    return value


@pytest.mark.parametrize(
    ("changes", "outcome", "method"),
    [
        ({}, "proceed", "open_tender"),
        ({"amount_fen": 200}, "proceed", "open_tender"),
        ({"circumstance": "secret"}, "manual", None),
        ({"circumstance": "disaster"}, "manual", None),
        ({"object_type": "works"}, "refused", None),
        ({"limit_fen": None, "open_fen": None}, "not_configured", None),
        ({"in_catalogue": True}, "delegate", None),
        ({"amount_fen": 49}, "below_threshold", None),
        ({"amount_fen": 50}, "proceed", "open_tender"),
        ({"circumstance": "purchased_service", "year_sum_fen": 71}, "blocked", None),
        ({"circumstance": "purchased_service", "year_sum_fen": 70}, "proceed", "competitive_consultation"),
        (
            {"circumstance": "purchased_service", "year_sum_fen": 71, "approval": True},
            "proceed",
            "competitive_consultation",
        ),
        ({"year_sum_fen": 1000}, "proceed", "open_tender"),
        ({"circumstance": "purchased_service", "amount_fen": 200}, "needs_approval", None),
        (
            {"circumstance": "purchased_service", "amount_fen": 200, "approval": True},
            "proceed",
            "competitive_consultation",
        ),
        ({"circumstance": "limited_suppliers"}, "proceed", "invited_tender"),
        ({"circumstance": "complex"}, "proceed", "competitive_consultation"),
        ({"circumstance": "complex", "object_type": "goods"}, "proceed", "competitive_negotiation"),
        ({"circumstance": "only_supplier"}, "proceed", "single_source"),
        ({"circumstance": "emergency"}, "proceed", "single_source"),
        ({"circumstance": "uniform_goods"}, "refused", None),
        ({"circumstance": "uniform_goods", "object_type": "goods"}, "proceed", "price_inquiry"),
    ],
)
def test_the_method_follows_amount_and_circumstance(changes: dict[str, Any], outcome: str, method: str | None) -> None:
    found = decide("tender", "procurement_method", **{**METHOD, **changes})
    assert (found["outcome"], found["method"]) == (outcome, method)


@pytest.mark.parametrize(
    ("method", "budget", "is_complex", "size"),
    [
        ("open_tender", 999_999_999, False, 5), ("open_tender", 1_000_000_000, False, 7), ("open_tender", 1, True, 7),
        ("invited_tender", 1, False, 5), ("competitive_consultation", 10**10, True, 3), ("single_source", 1, False, 3),
    ],
)  # fmt: skip
def test_the_committee_has_its_lawful_size(method: str, budget: int, is_complex: bool, size: int) -> None:
    assert decide("bid_evaluation", "committee_size", method=method, budget_fen=budget, is_complex=is_complex) == size


@pytest.mark.parametrize(
    ("method", "object_type", "points", "expected"),
    [
        ("open_tender", "services", 9, "too_low"),
        ("open_tender", "services", 10, "lawful"),
        ("open_tender", "goods", 29, "too_low"),
        ("open_tender", "goods", 70, "lawful"),
        ("competitive_consultation", "services", 30, "lawful"),
        ("competitive_consultation", "services", 31, "too_high"),
        ("competitive_consultation", "goods", 61, "too_high"),
    ],
)
def test_the_price_weighs_what_the_law_says(method: str, object_type: str, points: int, expected: str) -> None:
    found = decide("tender_documents", "price_weight", method=method, object_type=object_type, price_points=points)
    assert found == expected
