"""The annual plan's connectors write what the law asks for and refuse what it forbids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tests.integration.procurement.conftest import FakeStep

from lastmeter import clock
from lastmeter.identity.models import Notice
from lastmeter.procurement.errors import NotTheBuyer, PlanBudgetOff, PlanExists, PlanIncomplete, PlanNotDraft
from lastmeter.procurement.models import AnnualPlan, PlanLine
from lastmeter.rehearsal.world import World

PLAN: dict[str, Any] = {
    "goals": "全覆盖",
    "stations": [
        {"kind": "district_main", "level": "1.0", "headcount": 3, "budget_fen": 400},
        {"kind": "street", "street": "370102001", "level": "1.0", "headcount": 3, "budget_fen": 600},
    ],
    "budget_fen": 1000,
    "funding": [{"source": "city", "fen": 400}, {"source": "district", "fen": 600}],
    "method": "open_tender",
    "content_progress": [{"item_name": "采购", "start_on": dt.date(2026, 4, 1), "end_on": "2026-06-30"}],
    "quality_standard": "合格",
    "quantity_standards": [{"service": "个案", "unit": "cases", "n": 10}],
    "evaluation": "每年评估",
}


@pytest.fixture(autouse=True)
def _in_march(legal_clock: Callable[[dt.datetime], None]) -> None:
    legal_clock(clock.at(dt.date(2026, 3, 2)))


@pytest.fixture
def plan(step: FakeStep) -> AnnualPlan:
    step.call("procurement.open_plan", year=2026)
    return step.session.scalars(select(AnnualPlan)).one()


def test_opening_a_plan_asks_every_street_of_the_district(step: FakeStep, world: World) -> None:
    made = step.call("procurement.open_plan", year=2026)
    streets = [world.organisation(f"lixia.{key}").id for key in ("quancheng", "daming")]
    assert made["streets"] == streets
    assert made["needs_due"] == dt.date(2026, 3, 16)
    assert [row.get("street") for row in made["stations"]] == [None, "370102001", "370102002"]
    assert step.title == ("历下区民政局2026年度实施计划", "Annual plan 2026, Lixia Civil Affairs Bureau")


def test_a_district_has_one_plan_a_year(step: FakeStep, plan: AnnualPlan) -> None:
    step.instance_id = 102
    with pytest.raises(PlanExists):
        step.call("procurement.open_plan", year=2026)


def test_a_street_cannot_buy(step: FakeStep, world: World) -> None:
    step.parties["district"] = world.organisation("lixia.quancheng").id
    with pytest.raises(NotTheBuyer):
        step.call("procurement.open_plan", year=2026)


def test_a_complete_draft_is_recorded_with_its_stations_and_funds(step: FakeStep, plan: AnnualPlan) -> None:
    step.submit("task_draft_plan", PLAN)
    step.call("procurement.record_plan")
    assert [(line.kind, line.budget_fen) for line in plan.lines] == [("district_main", 400), ("street", 600)]
    assert {row.source: row.fen for row in plan.funding} == {"city": 400, "district": 600}
    assert plan.content_progress[0]["start_on"] == "2026-04-01"


def test_a_second_draft_replaces_the_first(step: FakeStep, plan: AnnualPlan) -> None:
    step.submit("task_draft_plan", PLAN)
    step.call("procurement.record_plan")
    step.call("procurement.record_plan")
    assert step.session.scalar(select(func.count()).select_from(PlanLine)) == 2


@pytest.mark.parametrize(
    "part", ["goals", "method", "content_progress", "quality_standard", "evaluation", "budget_fen"]
)
def test_a_plan_lacking_a_part_is_refused_by_name(step: FakeStep, plan: AnnualPlan, part: str) -> None:
    step.submit("task_draft_plan", {**PLAN, part: None})
    with pytest.raises(PlanIncomplete) as refused:
        step.call("procurement.record_plan")
    assert [reason.subject for reason in refused.value.reasons] == ["standards" if part == "quality_standard" else part]


def test_funds_that_miss_the_budget_by_one_fen_are_refused(step: FakeStep, plan: AnnualPlan) -> None:
    step.submit("task_draft_plan", {**PLAN, "funding": [{"source": "city", "fen": 999}]})
    with pytest.raises(PlanBudgetOff) as refused:
        step.call("procurement.record_plan")
    assert [reason.code for reason in refused.value.reasons] == ["funding_gap"]


@pytest.mark.parametrize(("on", "late"), [(dt.date(2026, 3, 31), False), (dt.date(2026, 4, 1), True)])
def test_filing_gives_a_number_and_says_whether_it_was_late(
    step: FakeStep, plan: AnnualPlan, legal_clock: Callable[[dt.datetime], None], on: dt.date, late: bool
) -> None:
    step.submit("task_draft_plan", PLAN)
    step.call("procurement.record_plan")
    step.call("procurement.submit_plan")
    legal_clock(clock.at(on, dt.time(23, 59)))
    made = step.call("procurement.file_plan")
    assert made == {"filed_no": "JNMZ-JH-2026-001", "filed_late": late}
    assert plan.status == "filed"
    with pytest.raises(PlanNotDraft):
        step.call("procurement.record_plan")


def test_reminders_and_the_overdue_report_reach_their_people(step: FakeStep, session: Session, world: World) -> None:
    step.call("procurement.remind_plan", days_left=16)
    step.call("procurement.plan_overdue")
    reached = {(notice.person_id, notice.message) for notice in session.scalars(select(Notice))}
    assert reached == {
        (world.people["lixia.officer"].id, "plan.reminder"),
        (world.people["lixia.officer2"].id, "plan.reminder"),
        (world.people["lixia.leader"].id, "plan.overdue"),
    }
