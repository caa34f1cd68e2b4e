"""The annual plan: opened, recorded, submitted, filed, and watched until 31 March."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.connectors import Step, connector
from lastmeter.deadlines.rules import keeps
from lastmeter.errors import Missing
from lastmeter.identity import people
from lastmeter.identity.models import Organisation, Region
from lastmeter.procurement import reading, rules
from lastmeter.procurement.errors import NotTheBuyer, PlanBudgetOff, PlanExists, PlanIncomplete, PlanNotDraft
from lastmeter.procurement.legal_time import deadline, working_days_after
from lastmeter.procurement.models import AnnualPlan, PlanFunding, PlanLine

# How long the streets have to state their needs: our parameter, not law.
DAYS_FOR_NEEDS = 10


def of_instance(session: Session, instance_id: int) -> AnnualPlan:
    """The plan that this instance draws up. Raises Missing."""
    plan = session.scalar(select(AnnualPlan).where(AnnualPlan.instance_id == instance_id))
    if plan is None:
        raise Missing(what="annual_plan", instance=instance_id)
    return plan


def streets_of(session: Session, district_id: int) -> list[tuple[Organisation, str]]:
    """The district's street offices with the code of their region, in order."""
    found = session.execute(
        select(Organisation, Region.code)
        .join(Region, Region.id == Organisation.region_id)
        .where(Organisation.parent_id == district_id, Organisation.kind == "street", Organisation.closed_on.is_(None))
        .order_by(Region.code)
    )
    return [(row[0], row[1]) for row in found]


def buyer(session: Session, step: Step) -> Organisation:
    """The district bureau for which the step acts. Raises NotTheBuyer."""
    district = session.get(Organisation, step.parties.get("district", 0))
    if district is None or district.kind != "civil_bureau" or district.parent_id is None:
        raise NotTheBuyer(permission="procurement.buy")
    return district


@connector(
    "procurement.open_plan",
    zh="建立年度计划",
    en="Open the annual plan",
    inputs=("year",),
    outputs=("plan_id", "district_id", "streets", "street_options", "stations", "needs_due"),
)
def open_plan(step: Step, *, year: object) -> Mapping[str, Any]:
    """The district's plan for the year stands as a draft; the streets are asked. Raises PlanExists, NotTheBuyer."""
    session, number = step.session, reading.whole(year)
    district = buyer(session, step)
    plan = session.scalar(select(AnnualPlan).where(AnnualPlan.district_id == district.id, AnnualPlan.year == number))
    if plan is not None and (plan.status != "draft" or plan.instance_id != step.instance_id):
        raise PlanExists(year=number, status=plan.status, instance=plan.instance_id)
    plan = AnnualPlan(district_id=district.id, year=number, instance_id=step.instance_id)
    session.add(plan)
    session.flush()
    step.set_title(f"{district.name}{number}年度实施计划", f"Annual plan {number}, {district.name_en}")
    step.set_business_key(f"PLAN-{plan.id}")
    streets = streets_of(session, district.id)
    audit.record(session, step.actor, "plan.opened", f"annual_plan/{plan.id}", facts={"year": number})
    return {
        "plan_id": plan.id,
        "district_id": district.id,
        "streets": [street.id for street, _ in streets],
        "street_options": [
            {"value": code, "label": street.name, "label_en": street.name_en} for street, code in streets
        ],
        "stations": [
            {"kind": "district_main", "level": "1.0", "headcount": 3},
            *({"kind": "street", "street": code, "level": "1.0", "headcount": 3} for _, code in streets),
        ],
        "needs_due": working_days_after(session, clock.today(), DAYS_FOR_NEEDS),
    }


@connector("procurement.record_plan", zh="登记计划草案", en="Record the draft plan", outputs=("budget_fen",))
def record_plan(step: Step) -> Mapping[str, Any]:
    """The plan holds what the officer drafted. Raises PlanIncomplete, PlanBudgetOff, PlanNotDraft."""
    plan, data = of_instance(step.session, step.instance_id), reading.form(step, "task_draft_plan")
    if plan.status == "filed":
        raise PlanNotDraft(filed_no=plan.filed_no)
    parts = {**data, "quantity_standards": reading.rows(data, "quantity_standards")}
    if gaps := rules.plan_gaps(parts):
        raise PlanIncomplete(gaps)
    lines = _lines(step.session, plan, reading.rows(data, "stations"))
    sources = {str(row["source"]): reading.whole(row.get("fen")) for row in reading.rows(data, "funding")}
    total = reading.whole(data["budget_fen"])
    off = rules.budget_reasons(total, [line.budget_fen for line in lines], list(sources.values()))
    if off:
        raise PlanBudgetOff(off)
    plan.status, plan.budget_fen = "draft", total
    plan.goals, plan.method, plan.evaluation = (reading.text(data, name) for name in ("goals", "method", "evaluation"))
    plan.quality_standard = reading.text(data, "quality_standard")
    plan.content_progress = reading.plain(reading.rows(data, "content_progress"))
    plan.quantity_standards = reading.plain(reading.rows(data, "quantity_standards"))
    plan.lines.clear()
    plan.funding.clear()
    step.session.flush()  # the old rows go before the new ones come: both have unique keys
    plan.lines.extend(lines)
    plan.funding.extend(PlanFunding(source=source, fen=fen) for source, fen in sources.items())
    step.session.flush()
    return {"budget_fen": total}


def _lines(session: Session, plan: AnnualPlan, stations: list[dict[str, Any]]) -> list[PlanLine]:
    by_code = {code: street.id for street, code in streets_of(session, plan.district_id)}
    lines = []
    for row in stations:
        street = row["kind"] == "street"
        if street and row.get("street") not in by_code:
            raise Missing(what="street", code=str(row.get("street")))
        lines.append(
            PlanLine(
                kind=row["kind"],
                street_id=by_code[str(row["street"])] if street else None,
                level=str(row.get("level") or "1.0"),
                headcount=reading.whole(row.get("headcount")),
                budget_fen=reading.whole(row.get("budget_fen")),
            )
        )
    return lines


@connector("procurement.submit_plan", zh="报送年度计划", en="Submit the annual plan")
def submit_plan(step: Step) -> None:
    """The approved plan lies before the city."""
    plan = of_instance(step.session, step.instance_id)
    plan.status = "submitted"
    audit.record(step.session, step.actor, "plan.submitted", f"annual_plan/{plan.id}")


@connector("procurement.file_plan", zh="年度计划备案", en="File the annual plan", outputs=("filed_no", "filed_late"))
def file_plan(step: Step) -> Mapping[str, Any]:
    """The plan is filed under a number; whether that was in time is kept (D01)."""
    plan = of_instance(step.session, step.instance_id)
    count = step.session.scalar(
        select(func.count()).where(AnnualPlan.year == plan.year, AnnualPlan.filed_no.is_not(None))
    )
    due = deadline(step.session, "D01", clock.today().replace(year=plan.year, month=1, day=1))
    plan.filed_no = f"JNMZ-JH-{plan.year}-{(count or 0) + 1:03d}"
    plan.filed_at = clock.now()
    plan.filed_late = not keeps(due, clock.today())
    plan.status = "filed"
    facts = {"filed_no": plan.filed_no, "late": plan.filed_late}
    audit.record(step.session, step.actor, "plan.filed", f"annual_plan/{plan.id}", facts=facts)
    people.notify_role(
        step.session, "district_officer", plan.district_id, "plan.filed", year=plan.year, filed_no=plan.filed_no
    )
    return {"filed_no": plan.filed_no, "filed_late": plan.filed_late}


@connector("procurement.remind_plan", zh="提醒报送年度计划", en="Remind of the plan", inputs=("days_left",))
def remind_plan(step: Step, *, days_left: object) -> None:
    """The district's officers are reminded of 31 March."""
    district = buyer(step.session, step)
    people.notify_role(
        step.session, "district_officer", district.id, "plan.reminder", days_left=reading.whole(days_left)
    )


@connector("procurement.plan_overdue", zh="通报年度计划逾期", en="Report the plan overdue")
def plan_overdue(step: Step) -> None:
    """The district's leader and the city know that 31 March has passed without a filing."""
    district = buyer(step.session, step)
    people.notify_role(step.session, "district_leader", district.id, "plan.overdue", district=district.named)
    audit.record(step.session, step.actor, "plan.overdue", f"organisation/{district.id}")
