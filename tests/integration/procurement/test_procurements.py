"""From the filed plan to the method: lots, thresholds, sums of the year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.integration.procurement.conftest import FakeStep

from lastmeter import clock
from lastmeter.actor import SYSTEM
from lastmeter.definitions import tables
from lastmeter.errors import InvalidInput, Missing
from lastmeter.procurement import thresholds
from lastmeter.procurement.errors import (
    DocumentsUnlawful,
    NotTheBuyer,
    OverPlan,
    PlanNotFiled,
    TermUnlawful,
    TooEarly,
)
from lastmeter.procurement.models import AnnualPlan, Factor, PlanFunding, PlanLine, Procurement
from lastmeter.rehearsal.world import World

REQUIREMENT: dict[str, Any] = {
    "title": "项目", "object_type": "services", "term_months": 36, "circumstance": "none", "opinion_to": "2026-04-09",
    "multi_year": ["budget_guaranteed", "content_stable", "continuous", "funding_stable", "price_stable"],
    "lots": [{"lot_name": "街道站", "stations": ["370102001", "370102002"], "budget_fen": 90_000_000}],
    "content": "内容", "standard": "标准", "requirements": "要求",
    "supplier_conditions": [{"condition": "依法成立", "legal_basis": "政府采购法 22"}],
}  # fmt: skip
DOCUMENTS: dict[str, Any] = {
    "content": "内容", "standard": "标准", "requirements": "要求", "supplier_conditions": "依法成立", "contact": "电话",
    "docs_until": "2026-04-20", "bid_deadline": "2026-05-06T09:30", "price_points": 10,
    "factors": [{"name": "方案", "max_points": "90", "criterion": "可行"}],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_april(legal_clock: Callable[[dt.datetime], None]) -> None:
    legal_clock(clock.at(dt.date(2026, 4, 1)))


@pytest.fixture
def plan(session: Session, world: World) -> AnnualPlan:
    streets = [world.organisation(f"lixia.{key}").id for key in ("quancheng", "daming")]
    made = AnnualPlan(
        district_id=world.organisation("lixia").id, year=2026, status="filed", goals="x", budget_fen=135_000_000,
        method="open_tender", content_progress=[{}], quality_standard="x", quantity_standards=[{}], evaluation="x",
        filed_no="1", filed_at=clock.now(),
    )  # fmt: skip
    made.lines = [PlanLine(kind="district_main", headcount=3, budget_fen=45_000_000)]
    made.lines += [PlanLine(kind="street", street_id=street, headcount=3, budget_fen=45_000_000) for street in streets]
    made.funding = [PlanFunding(source="district", fen=135_000_000)]
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def procurement(step: FakeStep, plan: AnnualPlan) -> Procurement:
    made = step.call("procurement.open", year=2026)
    return step.session.get_one(Procurement, made["procurement_id"])


def record(step: FakeStep, procurement: Procurement, **changes: Any) -> Any:
    step.submit("task_requirement", {**REQUIREMENT, **changes})
    return step.call("procurement.record_requirement", procurement_id=procurement.id)


def test_procurements_of_a_district_are_numbered_in_order(step: FakeStep, procurement: Procurement) -> None:
    step.instance_id = 102
    second = step.call("procurement.open", year=2026)
    assert [procurement.no, second["procurement_no"]] == ["CG-370102-2026-001", "CG-370102-2026-002"]


def test_nothing_is_bought_without_a_filed_plan_or_by_a_street(step: FakeStep, plan: AnnualPlan, world: World) -> None:
    with pytest.raises(PlanNotFiled):
        step.call("procurement.open", year=2027)
    step.parties["district"] = world.organisation("lixia.quancheng").id
    with pytest.raises(NotTheBuyer):
        step.call("procurement.open", year=2026)


def test_the_requirement_starts_from_what_nobody_has_bought_yet(step: FakeStep, procurement: Procurement) -> None:
    first = step.call("procurement.prepare_requirement", procurement_id=procurement.id)
    assert [lot["stations"] for lot in first["lots"]] == [["main"], ["370102001", "370102002"]]
    record(step, procurement)
    step.instance_id = 102
    second = step.call("procurement.open", year=2026)
    left = step.call("procurement.prepare_requirement", procurement_id=second["procurement_id"])
    assert [lot["stations"] for lot in left["lots"]] == [["main"]]


def test_a_changed_requirement_replaces_the_lots(step: FakeStep, procurement: Procurement) -> None:
    record(step, procurement)
    facts = record(
        step, procurement,
        lots=[{"stations": ["370102001"], "budget_fen": 40}, {"stations": ["370102002"], "budget_fen": 41}],
    )  # fmt: skip
    assert [(lot.no, lot.budget_fen) for lot in procurement.lots] == [(1, 40), (2, 41)]
    assert facts["amount_fen"] == procurement.budget_fen == 81


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"lots": [{"stations": ["main", "370102001"], "budget_fen": 1}]}, InvalidInput),
        ({"lots": [{"stations": ["370102001"], "budget_fen": 1}] * 2}, InvalidInput),
        ({"lots": [{"stations": ["370102001"], "budget_fen": 45_000_001}]}, OverPlan),
        ({"lots": [{"stations": ["370112001"], "budget_fen": 1}]}, Missing),
        ({"lots": []}, InvalidInput),
        ({"opinion_to": "2026-04-08"}, TooEarly),  # five working days over Qingming end on the 9th
    ],
)
def test_an_unlawful_requirement_is_refused(
    step: FakeStep, procurement: Procurement, changes: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        record(step, procurement, **changes)


def test_without_configured_thresholds_the_amounts_are_unknown(step: FakeStep, procurement: Procurement) -> None:
    assert record(step, procurement)["limit_fen"] is None
    thresholds.add_examples(step.session)
    facts = record(step, procurement)
    assert (facts["limit_fen"], facts["open_fen"]) == thresholds.EXAMPLES["services"]


def test_the_amounts_of_the_day_decide_the_method(
    step: FakeStep, procurement: Procurement, legal_clock: Callable[[dt.datetime], None]
) -> None:
    """Two periods: until June 900,000 yuan lie below the open-tender amount, from July above it."""
    asked = tables.of(step.session, "tender")

    def method(opinion_to: str) -> dict[str, Any]:
        facts = record(step, procurement, circumstance="purchased_service", opinion_to=opinion_to)
        value = asked.value("procurement_method", facts)
        assert isinstance(value, dict)
        return value

    assert method("2026-04-09")["outcome"] == "not_configured"
    thresholds.add_examples(step.session)
    thresholds.add(
        step.session, SYSTEM, province="370000", budget_level="district", object_type="services",
        limit_fen=10_000_000, open_fen=80_000_000, valid_from=dt.date(2026, 7, 1), source="省财政厅通知",
    )  # fmt: skip
    assert method("2026-04-09")["method"] == "competitive_consultation"
    legal_clock(clock.at(dt.date(2026, 6, 30), dt.time(9)))
    assert method("2026-07-15")["method"] == "competitive_consultation"
    legal_clock(clock.at(dt.date(2026, 7, 1), dt.time(9)))
    assert method("2026-07-15")["outcome"] == "needs_approval"


def test_a_term_of_three_years_needs_its_conditions(step: FakeStep, procurement: Procurement) -> None:
    with pytest.raises(TermUnlawful) as refused:
        record(step, procurement, multi_year=["price_stable"])
    assert [reason.code for reason in refused.value.reasons] == ["term_conditions_missing"]
    record(step, procurement, multi_year=[], term_months=12)
    assert procurement.term_months == 12


def test_other_purchases_without_tender_count_into_the_years_sum(step: FakeStep, procurement: Procurement) -> None:
    record(step, procurement)
    other = Procurement(
        no="x", ocid="x", district_id=procurement.district_id, object_type="services", budget_fen=70,
        method="competitive_consultation",
    )  # fmt: skip
    step.session.add(other)
    step.session.flush()
    assert record(step, procurement)["year_sum_fen"] == 70
    other.method = "open_tender"
    step.session.flush()
    assert record(step, procurement)["year_sum_fen"] == 0


def test_new_thresholds_end_the_old_ones_the_day_before(session: Session) -> None:
    thresholds.add_examples(session)
    made = thresholds.add(
        session, SYSTEM, province="370000", budget_level="district", object_type="services", limit_fen=1, open_fen=2,
        valid_from=dt.date(2026, 7, 1), source="省财政厅通知",
    )  # fmt: skip
    day = dt.date(2026, 6, 30)
    before = thresholds.in_force(session, "370000", "district", "services", day)
    assert before is not None
    assert (before.valid_to, before.is_example) == (day, True)
    assert thresholds.in_force(session, "370000", "district", "services", dt.date(2026, 7, 1)) is made


@pytest.mark.parametrize("wrong", [{"open_fen": 0}, {"source": " "}])
def test_thresholds_need_an_order_and_a_source(session: Session, wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "province": "370000", "budget_level": "district", "object_type": "goods", "limit_fen": 1, "open_fen": 2,
        "valid_from": dt.date(2026, 1, 1), "source": "x",
    }  # fmt: skip
    with pytest.raises(InvalidInput):
        thresholds.add(session, SYSTEM, **{**good, **wrong})


@pytest.fixture
def ready(step: FakeStep, procurement: Procurement, legal_clock: Callable[[dt.datetime], None]) -> Procurement:
    """Requirement and method stand; it is 13 April."""
    record(step, procurement)
    step.call(
        "procurement.record_method", choice={"method": "open_tender", "reason": "x"}, procurement_id=procurement.id
    )
    legal_clock(clock.at(dt.date(2026, 4, 13)))
    return procurement


def check(step: FakeStep, procurement: Procurement, **changes: Any) -> Any:
    step.submit("task_documents", {**DOCUMENTS, **changes})
    return step.call("procurement.check_documents", procurement_id=procurement.id, price_weight="lawful")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"contact": ""}, "notice_part_missing"),
        ({"supplier_conditions": "须在本市注册"}, "local_registration"),
        ({"factors": [{"name": "济南市业绩", "max_points": "90", "criterion": "每项加分"}]}, "regional_award"),
        (
            {"price_points": 5, "factors": [{"name": "方案", "max_points": "95", "criterion": "可行"}]},
            "price_weight_too_low",
        ),
        ({"price_points": 20}, "factors_sum"),
    ],
)
def test_unlawful_documents_are_refused_with_every_reason(
    step: FakeStep, ready: Procurement, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(DocumentsUnlawful) as refused:
        check(step, ready, **changes)
    assert code in [reason.code for reason in refused.value.reasons]


@pytest.mark.parametrize(
    ("changes", "rule", "earliest"),
    [
        ({"bid_deadline": "2026-05-05T09:30"}, "D10", dt.date(2026, 5, 6)),
        ({"docs_until": "2026-04-19"}, "D11", dt.date(2026, 4, 20)),
    ],
)
def test_minimum_periods_are_kept(
    step: FakeStep, ready: Procurement, changes: dict[str, Any], rule: str, earliest: dt.date
) -> None:
    with pytest.raises(TooEarly) as refused:
        check(step, ready, **changes)
    assert (refused.value.facts["rule"], refused.value.facts["earliest"]) == (rule, earliest)


def test_documents_approved_a_day_late_go_back_for_a_later_deadline(
    step: FakeStep, ready: Procurement, legal_clock: Callable[[dt.datetime], None]
) -> None:
    check(step, ready)
    legal_clock(clock.at(dt.date(2026, 4, 17)))
    with pytest.raises(TooEarly):
        step.call("procurement.issue_documents", procurement_id=ready.id)


def test_issued_documents_are_public_with_hash_and_factors(step: FakeStep, ready: Procurement) -> None:
    check(step, ready)
    made = step.call("procurement.issue_documents", procurement_id=ready.id)
    assert made["bid_deadline"].isoformat() == "2026-05-06T09:30:00+08:00"
    factors = step.session.scalars(select(Factor).order_by(Factor.no)).all()
    assert [(factor.kind, int(factor.max_points)) for factor in factors] == [("price", 10), ("quality", 90)]
    assert ready.status == "open"
