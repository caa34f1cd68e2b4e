"""What the diagrams of contract, staffing, reports, evaluation and termination ask the program to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock, workdays
from lastmeter.connectors import Step, connector, view
from lastmeter.definitions import tables
from lastmeter.errors import InvalidInput, LastmeterError, Missing
from lastmeter.identity.people import notify_role
from lastmeter.stations import contracts, evaluations, figures, ports, reports, rules, staffing
from lastmeter.stations.models import Contract, Evaluation, Finding, Report, Station, Termination

Outputs = Mapping[str, Any]
REPORT_MONTHS = 12
EVALUATION_MONTH = 10  # after ten full months, that is in the eleventh


class CasesUnassigned(LastmeterError):
    """Open cases of the station would be left without a responsible worker (invariant I5); facts: `count`."""

    code = "cases_unassigned"
    kind = "conflict"


class ContractUnknown(LastmeterError):
    """The district has no contract of that number; facts: `field`, `number`."""

    code = "contract_unknown"


class ContractNotInForce(LastmeterError):
    """Only a contract that is in force can be terminated; facts: `field`, `number`."""

    code = "contract_not_in_force"
    kind = "conflict"


class ReportExists(LastmeterError):
    """The district's report on this year is there already; facts: `year`."""

    code = "report_exists"
    kind = "conflict"


def _contract(session: Session, contract_id: object) -> Contract:
    found = session.get(Contract, int(str(contract_id)), with_for_update=True)
    if found is None:
        raise Missing(what="contract")
    return found


def _today(step: Step) -> dt.date:
    return clock.local_day(step.now)


def _submission(step: Step, *elements: str) -> dict[str, Any]:
    """The newest form among the elements. Raises Missing."""
    for element in elements:
        data = step.submission(element)
        if data is not None:
            return data
    raise Missing(what="submission", elements=list(elements))


def _day(value: object) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value)[:10])


def _take_parties(step: Step, contract: Contract) -> None:
    for name, organisation_id in contracts.parties_of(step.session, contract).items():
        if step.parties.get(name) != organisation_id:
            step.set_party(name, organisation_id)


# --- contract ------------------------------------------------------------------------------------------------------


def _station(step: Step) -> Station:
    """The street's station; where no street takes part, the district's main station. Raises Missing."""
    if "street" in step.parties:
        return contracts.station_of_street(step.session, step.parties["street"])
    found = step.session.scalar(
        select(Station).where(Station.district_id == step.parties["district"], Station.kind == "district_main")
    )
    if found is None:
        raise Missing(what="station", kind="district_main")
    return found


@connector(
    "stations.record_contract", zh="登记合同草案", en="Record the draft contract",
    inputs=("award_noticed_on", "award_fen", "procurement_id"),
    outputs=("contract_id",),
)  # fmt: skip
def record_contract(step: Step, **_inputs: Any) -> Outputs:
    data = _submission(step, "task_draft_contract")
    station = _station(step)
    award = step.variables.get("award_fen")
    procurement = step.variables.get("procurement_id")
    made = contracts.draft(
        step.session,
        step.actor,
        station=station,
        provider_id=step.parties["provider"],
        buyer_id=step.parties["district"],
        data=data,
        award_fen=None if award is None else int(award),
        procurement_id=None if procurement is None else int(procurement),
        instance_id=step.instance_id,
    )
    step.set_business_key(made.number)
    step.set_title(f"{made.number} {station.name}", f"{made.number} {station.name_en}")
    step.set_party("team", made.team_id or 0)
    return {"contract_id": made.id}


@connector(
    "stations.sign_contract",
    zh="合同生效",
    en="Put the contract in force",
    inputs=("contract_id",),
    outputs=("signed_on", "starts_on", "contract_id"),
)
def sign_contract(step: Step, **_inputs: Any) -> Outputs:
    contract = _contract(step.session, step.variables["contract_id"])
    station = _station(step)
    contracts.put_in_force(step.session, step.actor, contract, station, _today(step))
    return {"signed_on": _today(step), "starts_on": contract.starts_on, "contract_id": contract.id}


@connector("stations.publish_contract", zh="记录公告备案", en="Record notice and filing", inputs=("contract_id",))
def publish_contract(step: Step, **_inputs: Any) -> Outputs:
    contract = _contract(step.session, step.variables["contract_id"])
    contract.published_on = _day(_submission(step, "task_publish")["published_on"])
    contract.filed_on = _day(_submission(step, "task_file")["filed_on"])
    return {}


@connector(
    "stations.next_year",
    zh="进入下一合同年",
    en="Open the next contract year",
    inputs=("contract_id",),
    outputs=("year_number", "year_from", "year_to"),
)
def next_year(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    contract = _contract(step.session, contract_id or step.variables["contract_id"])
    _take_parties(step, contract)
    step.set_business_key(contract.number)
    station = contracts.station_of(step.session, contract.id)
    step.set_title(f"{contract.number} {station.name}", f"{contract.number} {station.name_en}")
    number = int(step.variables.get("year_number") or 0) + 1
    year = contracts.year(step.session, contract.id, number)
    return {"year_number": number, "year_from": year.from_day, "year_to": year.to_day}


@connector("stations.end_contract", zh="合同期满", en="The contract has run its term", inputs=("contract_id",))
def end_contract(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    contract = _contract(step.session, contract_id)
    last = min(contract.ends_on, _today(step))
    contracts.end(step.session, step.actor, contract, last, "ended")
    staffing.leave(step.session, contract.id, last)
    return {}


@connector(
    "stations.schedule_year", zh="排定年度报告与评估", en="Schedule reports and evaluation of the year",
    inputs=("contract_id", "year_number"),
    outputs=("reports", "evaluation_on"),
)  # fmt: skip
def schedule_year(step: Step, contract_id: Any = None, year_number: Any = None, **_inputs: Any) -> Outputs:
    """Twelve monthly briefs, a mid-term and a final report, and the day on which the evaluation begins.

    What a contract that was taken over has already reported is not asked for again.
    """
    year = contracts.year(step.session, int(contract_id), int(year_number))
    contract = _contract(step.session, contract_id)
    step.set_title(f"{contract.number} 第{year.number}年", f"{contract.number} year {year.number}")
    reported = step.session.execute(select(Report.kind, Report.period).where(Report.contract_year_id == year.id))
    known = {(row.kind, row.period) for row in reported}
    planned = [row for row in _planned_reports(year.from_day, year.to_day) if (row["kind"], row["period"]) not in known]
    return {"reports": planned, "evaluation_on": workdays.add_months(year.from_day, EVALUATION_MONTH)}


def _planned_reports(first: dt.date, last: dt.date) -> list[dict[str, Any]]:
    planned = []
    for month in range(REPORT_MONTHS):
        end = min(last, workdays.add_months(first, month + 1) - dt.timedelta(days=1))
        begin = workdays.add_months(first, month)
        planned.append({"kind": "monthly", "period": f"{begin:%Y-%m}", "period_end": end.isoformat()})
    half = workdays.add_months(first, REPORT_MONTHS // 2) - dt.timedelta(days=1)
    planned.append({"kind": "mid", "period": f"{first:%Y}-{last:%Y}", "period_end": half.isoformat()})
    planned.append({"kind": "final", "period": f"{first:%Y}-{last:%Y}", "period_end": last.isoformat()})
    return planned


# --- staffing ------------------------------------------------------------------------------------------------------


def _roster(step: Step) -> list[dict[str, Any]]:
    """The newest roster, be it the first or a completed one."""
    newest = step.submission("task_cure") or _submission(step, "task_roster")
    return list(newest["staff"])


@connector("stations.remind_staffing", zh="提醒承接机构", en="Remind the provider", inputs=("contract_id",))
def remind_staffing(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    contract = _contract(step.session, contract_id)
    notify_role(step.session, "provider_manager", contract.provider_id, "staffing_reminder", contract=contract.number,
                link=f"/instances/{step.instance_id}")  # fmt: skip
    return {}


@connector(
    "stations.check_staff",
    zh="按人员配备标准核对",
    en="Check the staffing standards",
    inputs=("contract_id",),
    outputs=("compliant", "breaches"),
)
def check_staff(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    level = contracts.station_of(step.session, _contract(step.session, contract_id).id).level
    breaches = staffing.judge(step.decide, level, _roster(step), _today(step))
    return {"compliant": not breaches, "breaches": breaches}


@connector(
    "stations.record_breach",
    zh="记录未达标并通知",
    en="Record the breach and tell",
    inputs=("contract_id", "late"),
    outputs=("breach_on", "breaches"),
)
def record_breach(step: Step, contract_id: Any = None, late: Any = False, **_inputs: Any) -> Outputs:
    """A finding stands and provider, district and street are told; `late`: the month of Plan 四(四) has passed."""
    contract = _contract(step.session, contract_id)
    station = contracts.station_of(step.session, contract.id)
    today = _today(step)
    if late:
        breaches = ["not_on_post"]
    else:
        breaches = staffing.judge(tables.of(step.session, staffing.PACKAGE).value, station.level, _roster(step), today)
    due = workdays.add_working_days(today, 10, workdays.bundled_calendar()).day
    severity = "major" if late else "minor"
    kind = "staffing_late" if late else "staffing_short"
    staffing.record_finding(step.session, station, contract.id, kind, severity, ", ".join(breaches), due)
    link = f"/instances/{step.instance_id}"
    told = (("provider_manager", contract.provider_id), ("district_officer", contract.buyer_id),
            ("street_officer", station.street_id))  # fmt: skip
    for role, organisation_id in told:
        notify_role(
            step.session, role, organisation_id, kind, station=station.named, contract=contract.number, link=link
        )
    return {} if late else {"breach_on": today, "breaches": breaches}


@connector(
    "stations.put_on_post", zh="登记上岗", en="Put the staff on post", inputs=("contract_id",), outputs=("on_post",)
)
def put_on_post(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    contract = _contract(step.session, contract_id)
    station = contracts.station_of(step.session, contract.id)
    today = _today(step)
    made = staffing.put_on_post(step.session, step.actor, contract, station, _roster(step), today)
    for kind in ("staffing_short", "staffing_late"):
        staffing.close_findings(step.session, contract.id, kind, today)
    if station.opened_on is None:
        station.opened_on = today
    return {"on_post": len(made)}


# --- reports -------------------------------------------------------------------------------------------------------


@connector(
    "stations.open_report", zh="汇总服务数据", en="Compute the report's figures",
    inputs=("contract_id", "year_number", "report_kind", "period", "period_end"),
    outputs=("report_id",),
)  # fmt: skip
def open_report(step: Step, **inputs: Any) -> Outputs:
    """The report's row with its figures; what it counts are records up to the period's end."""
    year = contracts.year(step.session, int(inputs["contract_id"]), int(inputs["year_number"]))
    contract = _contract(step.session, year.contract_id)
    station = contracts.station_of(step.session, contract.id)
    end, kind = _day(inputs["period_end"]), str(inputs["report_kind"])
    first = workdays.add_months(end + dt.timedelta(days=1), -1) if kind == "monthly" else year.from_day
    due = workdays.add_working_days(end, 5, workdays.bundled_calendar()).day
    made = Report(contract_year_id=year.id, kind=kind, period=str(inputs["period"]), due_on=due)
    made.figures = figures.of_station(step.session, station.id, first, end)
    step.session.add(made)
    step.session.flush()
    names = {"monthly": ("月度简报", "Monthly brief"), "mid": ("中期报告", "Mid-term report"),
             "final": ("终期报告", "Final report")}[kind]  # fmt: skip
    step.set_title(f"{station.name} {inputs['period']} {names[0]}", f"{station.name_en} {inputs['period']} {names[1]}")
    return {"report_id": made.id}


def _report(step: Step, report_id: Any) -> Report:
    return step.session.get_one(Report, int(report_id))


@connector("stations.report_late", zh="记录逾期", en="Record that the report is late", inputs=("report_id",))
def report_late(step: Step, report_id: Any = None, **_inputs: Any) -> Outputs:
    report = _report(step, report_id)
    if report.submitted_on is not None:  # handed in before, returned since: it was not late
        return {}
    notify_role(step.session, "station_manager", step.parties["team"], "report_late", period=report.period,
                link=f"/instances/{step.instance_id}")  # fmt: skip
    return {}


@connector("stations.submit_report", zh="提交报告", en="Submit the report", inputs=("report_id",))
def submit_report(step: Step, report_id: Any = None, **_inputs: Any) -> Outputs:
    report = _report(step, report_id)
    report.narrative = str(_submission(step, "task_draft_report")["narrative"])
    if report.submitted_on is None:
        report.submitted_on = _today(step)
    return {}


@connector("stations.accept_report", zh="报告归档", en="File the report", inputs=("report_id",))
def accept_report(step: Step, report_id: Any = None, **_inputs: Any) -> Outputs:
    _report(step, report_id).accepted_on = _today(step)
    return {}


@connector(
    "stations.withdraw_reports",
    zh="撤销未了报告",
    en="Withdraw the year's open reports",
    inputs=("contract_id", "year_number"),
    outputs=("withdrawn",),
)
def withdraw_reports(step: Step, contract_id: Any = None, year_number: Any = None, **_inputs: Any) -> Outputs:
    """An unqualified year ends without the reports that it still owes. Source: 实施方案 四(五)."""
    contract = _contract(step.session, contract_id)
    return {"withdrawn": reports.withdraw(step.session, step.actor, contract, int(year_number))}


# --- evaluation ----------------------------------------------------------------------------------------------------


@connector(
    "stations.open_evaluation",
    zh="建立评估",
    en="Open the evaluation",
    inputs=("contract_id", "year_number"),
    outputs=("evaluation_id",),
)
def open_evaluation(step: Step, contract_id: Any = None, year_number: Any = None, **_inputs: Any) -> Outputs:
    contract = _contract(step.session, contract_id)
    members = [int(row["member"]) for row in _submission(step, "task_form_team")["members"]]
    if len(set(members)) != len(members):
        raise InvalidInput(field="members", reason="duplicate")
    evaluations.refuse_conflicts(step.session, members, contract.provider_id, _today(step))
    year = contracts.year(step.session, contract.id, int(year_number))
    made = evaluations.open_evaluation(step.session, year, step.instance_id)
    station = contracts.station_of(step.session, contract.id)
    step.set_title(f"{station.name} 第{year.number}年评估", f"{station.name_en}, evaluation of year {year.number}")
    return {"evaluation_id": made.id}


@connector("stations.auto_scores", zh="计算自动指标", en="Compute the automatic rules", inputs=("evaluation_id",))
def auto_scores(step: Step, evaluation_id: Any = None, **_inputs: Any) -> Outputs:
    evaluation = step.session.get_one(Evaluation, int(evaluation_id))
    evaluations.give(step.session, evaluation, evaluations.automatic(step.session, evaluation, _today(step)), None)
    return {}


@connector(
    "stations.total_scores", zh="汇总评分", en="Total the scores", inputs=("evaluation_id",), outputs=("scored_on",)
)
def total_scores(step: Step, evaluation_id: Any = None, **_inputs: Any) -> Outputs:
    """The points from documents, site visit and survey stand beside the computed ones; the draft total is known."""
    evaluation = step.session.get_one(Evaluation, int(evaluation_id))
    documents = _submission(step, "task_documents")
    given = {**documents, **_submission(step, "task_site_visit")}
    points = {
        key.upper(): (evaluations.hundredths(value), "")
        for key, value in given.items()
        if len(key) == 3 and key.startswith("r") and key[1:].isdigit() and value is not None
    }
    survey = _submission(step, "task_survey")
    for rule, worth in (("R34", 4), ("R35", 2), ("R36", 2)):
        points[rule] = (int(worth * evaluations.hundredths(survey[rule.lower()]) // 100), f"{survey[rule.lower()]}/100")
    scored = evaluations.scores(step.session, evaluation.id)
    if "R26" in scored:
        quality = evaluations.hundredths(documents["r26_quality"])
        points["R26"] = (scored["R26"].hundredths * quality // 100, scored["R26"].reason)
    evaluations.give(step.session, evaluation, points, step.actor.person_id)
    stands = {rule: score.hundredths for rule, score in evaluations.scores(step.session, evaluation.id).items()}
    evaluation.total_hundredths = sum(stands.values())
    return {"scored_on": _today(step)}


@connector(
    "stations.decide_evaluation",
    zh="公布等级",
    en="Publish the grade",
    inputs=("evaluation_id",),
    outputs=("grade", "weakest_percent", "weakest_aspect"),
)
def decide_evaluation(step: Step, evaluation_id: Any = None, **_inputs: Any) -> Outputs:
    evaluation = step.session.get_one(Evaluation, int(evaluation_id))
    veto = _submission(step, "task_documents").get("veto") or None
    grade = evaluations.settle(step.session, step.actor, step.decide, evaluation, veto, _today(step))
    year = evaluation.contract_year
    contract = _contract(step.session, year.contract_id)
    notify_role(step.session, "provider_manager", contract.provider_id, "evaluation_decided", contract=contract.number,
                grade=grade, points=rules.points_text(evaluation.total_hundredths or 0),
                link=f"/instances/{step.instance_id}")  # fmt: skip
    aspect, percent = evaluations.weakest(step.session, evaluation)
    return {"grade": grade, "weakest_percent": percent, "weakest_aspect": aspect}


@connector(
    "stations.require_rectification",
    zh="要求限期整改",
    en="Ask for rectification",
    inputs=("contract_id", "aspect", "percent"),
)
def require_rectification(
    step: Step, contract_id: Any = None, aspect: Any = None, percent: Any = None, **_inputs: Any
) -> Outputs:
    """A finding about the weak aspect stands for thirty working days, and the provider is told (F18; our parameter)."""
    contract = _contract(step.session, contract_id)
    station = contracts.station_of(step.session, contract.id)
    due = workdays.add_working_days(_today(step), 30, workdays.bundled_calendar()).day
    detail = f"{aspect}（{percent}%）"
    staffing.record_finding(step.session, station, contract.id, "aspect_weak", "minor", detail, due)
    notify_role(step.session, "provider_manager", contract.provider_id, "aspect_weak", station=station.name,
                aspect=str(aspect), link=f"/instances/{step.instance_id}")  # fmt: skip
    return {}


# --- termination ---------------------------------------------------------------------------------------------------


@connector(
    "stations.take_contract",
    zh="核对要终止的合同",
    en="Check the contract to terminate",
    inputs=("contract_id",),
    outputs=("contract_id",),
)
def take_contract(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    """The termination is listed under the contract's number and station from its first day.

    Raises ContractUnknown, ContractNotInForce.
    """
    contract = _in_force(_contract(step.session, contract_id) if contract_id else _named_contract(step))
    station = contracts.station_of(step.session, contract.id)
    step.set_business_key(contract.number)
    step.set_title(f"终止 {contract.number} {station.name}", f"Termination of {contract.number}, {station.name_en}")
    return {"contract_id": contract.id}


def _in_force(contract: Contract) -> Contract:
    if contract.status != "active":
        raise ContractNotInForce(field="contract_number", number=contract.number)
    return contract


@connector(
    "stations.record_termination",
    zh="登记终止事由",
    en="Record the ground",
    inputs=("contract_id", "ground"),
    outputs=("noticed_on",),
)
def record_termination(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    notice = _submission(step, "task_notice")
    contract = _in_force(_contract(step.session, contract_id))
    _take_parties(step, contract)
    made = step.session.scalar(select(Termination).where(Termination.contract_id == contract.id))
    if made is None:
        made = Termination(contract_id=contract.id, ground=str(notice["ground"]), facts=str(notice["facts"]))
        step.session.add(made)
    made.ground, made.facts = str(notice["ground"]), str(notice["facts"])
    notify_role(step.session, "provider_manager", contract.provider_id, "termination_notice", contract=contract.number,
                link=f"/instances/{step.instance_id}")  # fmt: skip
    return {"noticed_on": _today(step)}


def _named_contract(step: Step) -> Contract:
    """The contract whose number was given at the start, of the starter's own district. Raises ContractUnknown."""
    number = str((step.submission("start_by_hand") or {}).get("contract_number", "")).strip()
    found = step.session.scalar(
        select(Contract).where(Contract.number == number, Contract.buyer_id == step.parties["district"])
    )
    if found is None:
        raise ContractUnknown(field="contract_number", number=number)
    return found


@connector(
    "stations.terminate_contract",
    zh="终止合同",
    en="Terminate the contract",
    inputs=("contract_id",),
    outputs=("effective_on",),
)
def terminate_contract(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    contract = _contract(step.session, contract_id)
    decision = _submission(step, "task_decide")
    effective = max(_day(decision["effective_on"]), _today(step)) if decision.get("effective_on") else _today(step)
    statement = step.submission("task_statement") or {}
    record = step.session.scalars(select(Termination).where(Termination.contract_id == contract.id)).one()
    record.effective_on, record.statement = effective, str(statement.get("statement") or "")
    contracts.end(step.session, step.actor, contract, min(effective, contract.ends_on), "terminated")
    for role, organisation_id in (("provider_manager", contract.provider_id), ("district_officer", contract.buyer_id)):
        notify_role(step.session, role, organisation_id, "contract_terminated", contract=contract.number,
                    on=effective.isoformat(), link=f"/instances/{step.instance_id}")  # fmt: skip
    return {"effective_on": effective}


@connector(
    "stations.check_handover", zh="核对无人负责的个案", en="Check that no case is orphaned", inputs=("contract_id",)
)
def check_handover(step: Step, contract_id: Any = None, **_inputs: Any) -> Outputs:
    """No open case of the station is left to the leaving team (invariant I5). Raises CasesUnassigned."""
    contract = _contract(step.session, contract_id)
    station = contracts.station_of(step.session, contract.id)
    count = ports.orphaned_cases(step.session, station.id, contract.team_id)
    if count:
        raise CasesUnassigned(count=count, station=station.named)
    staffing.leave(step.session, contract.id, contract.ended_on or _today(step))
    for finding in step.session.scalars(
        select(Finding).where(Finding.contract_id == contract.id, Finding.closed_on.is_(None))
    ):
        finding.closed_on = _today(step)
    settle = step.submission("task_settle")
    if settle is not None:
        record = step.session.scalars(select(Termination).where(Termination.contract_id == contract.id)).one()
        record.due_fen, record.bond_claim_fen = int(settle["due_fen"]), int(settle["bond_claim_fen"])
    return {}


# --- an upheld challenge -------------------------------------------------------------------------------------------


@connector("stations.void_contract", zh="撤销合同", en="Void the contract", inputs=("contract_id", "challenge_no"))
def void_contract(step: Step, contract_id: Any = None, challenge_no: Any = None, **_inputs: Any) -> Outputs:
    """The contract is void because the award was: on record, its parties told, its staff gone. Source: 条例 71."""
    contract = _contract(step.session, contract_id)
    station = contracts.station_of(step.session, contract.id)
    today = _today(step)
    facts = f"质疑 {challenge_no} 成立，中标结果撤销（条例71）"
    step.session.add(Termination(contract_id=contract.id, ground="challenge_upheld", facts=facts, effective_on=today))
    contracts.end(step.session, step.actor, contract, today, "void")
    told = (("provider_manager", contract.provider_id), ("district_officer", contract.buyer_id),
            ("street_officer", station.street_id))  # fmt: skip
    for role, organisation_id in told:
        notify_role(step.session, role, organisation_id, "contract_void", contract=contract.number,
                    challenge=challenge_no, link=f"/instances/{step.instance_id}")  # fmt: skip
    return {}


# --- the district's yearly report ----------------------------------------------------------------------------------


def _district_report(step: Step, year: int) -> Report:
    found = step.session.scalar(
        select(Report).where(
            Report.district_id == step.parties["district"], Report.kind == "district_year", Report.period == str(year)
        )
    )
    if found is None:
        raise Missing(what="report")
    return found


@connector(
    "stations.prefill_district_report",
    zh="汇总全区数据",
    en="Collect the district's figures",
    inputs=("year",),
    outputs=("year",),
)
def prefill_district_report(step: Step, year: Any = None, **_inputs: Any) -> Outputs:
    number = int(year)
    district = step.parties["district"]
    known = step.session.scalar(
        select(Report).where(
            Report.district_id == district, Report.kind == "district_year", Report.period == str(number)
        )
    )
    if known is not None:
        raise ReportExists(year=number)
    step.session.add(
        Report(
            district_id=district,
            kind="district_year",
            period=str(number),
            due_on=dt.date(number, 11, 30),
            figures=figures.of_district(step.session, district, number),
        )
    )
    step.set_title(f"{number}年度项目实施情况报告", f"Report on implementation {number}")
    return {"year": number}


@connector("stations.district_report_late", zh="提醒市局与负责人", en="Tell city and leader", inputs=("year",))
def district_report_late(step: Step, year: Any = None, **_inputs: Any) -> Outputs:
    link = f"/instances/{step.instance_id}"
    for role, party in (("district_leader", "district"), ("city_officer", "city")):
        notify_role(step.session, role, step.parties[party], "district_report_late", year=int(year), link=link)
    return {}


@connector("stations.submit_district_report", zh="报送市民政局", en="Submit to the city", inputs=("year",))
def submit_district_report(step: Step, year: Any = None, **_inputs: Any) -> Outputs:
    report = _district_report(step, int(year))
    report.narrative = str(_submission(step, "task_draft")["implementation"])
    report.figures = figures.of_district(step.session, step.parties["district"], int(year))
    report.submitted_on = report.submitted_on or _today(step)
    return {}


@connector("stations.accept_district_report", zh="登记接收", en="Record receipt", inputs=("year",))
def accept_district_report(step: Step, year: Any = None, **_inputs: Any) -> Outputs:
    _district_report(step, int(year)).accepted_on = _today(step)
    return {}


# --- data stores ---------------------------------------------------------------------------------------------


@view("stations.contract", zh="合同（按编号）", en="A contract, by its number")
def contract_by_number(session: Session, organisation_id: int | None, key: str) -> Outputs | None:
    """The contract's term, money and state; of an organisation its own contracts, else those that are published."""
    query = select(Contract).where(Contract.number == key)
    if organisation_id is None:
        query = query.where(Contract.published_on.is_not(None))
    else:
        query = query.where((Contract.buyer_id == organisation_id) | (Contract.provider_id == organisation_id))
    found = session.scalar(query)
    if found is None:
        return None
    return {
        "number": found.number, "status": found.status, "starts_on": found.starts_on, "ends_on": found.ends_on,
        "value_fen": found.value_fen, "buyer": found.buyer_id, "provider": found.provider_id,
    }  # fmt: skip
