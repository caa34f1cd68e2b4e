"""A procurement from its opening to the choice of its method: requirement, public opinion, finance's review."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.connectors import Step, connector
from lastmeter.definitions import tables
from lastmeter.errors import InvalidInput, Missing
from lastmeter.identity import people
from lastmeter.identity.models import Organisation, Region
from lastmeter.procurement import judging, notices, reading, thresholds
from lastmeter.procurement.errors import OverPlan, PlanNotFiled, TermUnlawful, TooEarly
from lastmeter.procurement.legal_time import working_days_after
from lastmeter.procurement.models import AnnualPlan, Lot, PlanLine, Procurement
from lastmeter.procurement.plans import buyer
from lastmeter.stations import contracts
from lastmeter.stations.models import Contract, ContractStation, Payment, Station

# 条例 15 asks for opinions on public services without a period: the five working days are our parameter.
OPINION_DAYS = 5
OCID_PREFIX = "ocds-xxxxxx"
LEAST_STAFF = 3  # 实施方案 三(二)
REPLACES = "replaces_contract"  # in the requirement: the contract that ended early and is bought anew
MAIN = "main"  # the district main station among a lot's stations; streets are named by their region code


def get(session: Session, procurement_id: object) -> Procurement:
    """Raises Missing."""
    found = session.get(Procurement, reading.whole(procurement_id))
    if found is None:
        raise Missing(what="procurement", id=str(procurement_id))
    return found


def named(session: Session, no: str) -> Procurement:
    """The procurement of that number. Raises Missing."""
    found = session.scalar(select(Procurement).where(Procurement.no == no))
    if found is None:
        raise Missing(what="procurement", no=no)
    return found


@connector(
    "procurement.open",
    zh="建立采购项目",
    en="Open a procurement",
    inputs=("year",),
    outputs=("procurement_id", "procurement_no", "district_id", "to_buy"),
)
def open_procurement(step: Step, *, year: object) -> Mapping[str, Any]:
    """A numbered procurement under the district's filed plan of the year. Raises NotTheBuyer, PlanNotFiled.

    Bought again after a failure, it replaces the contract that the first one was to replace.
    """
    district = buyer(step.session, step)
    number = reading.whole(year)
    plan = _filed_plan(step.session, district, number)
    if plan is None:
        raise PlanNotFiled(field="year", year=number)
    before = step.session.scalar(
        select(Procurement.requirement)
        .where(Procurement.instance_id == step.instance_id)
        .order_by(Procurement.id.desc())
        .limit(1)
    )
    return _open(step, district, plan, number, (before or {}).get(REPLACES))


@connector(
    "procurement.open_again",
    zh="终止后重新采购",
    en="Buy again after a termination",
    inputs=("contract_id", "year"),
    outputs=("procurement_id", "procurement_no", "district_id", "to_buy", "year"),
)
def open_again(step: Step, *, contract_id: object, year: object) -> Mapping[str, Any]:
    """A procurement for the station whose contract ended early, under the year's plan or else the newest that has it.

    A station that no filed plan has joins the year's plan, else the newest. Raises NotTheBuyer, PlanNotFiled
    where no plan is. Source: 实施方案 四(五).
    """
    session, district = step.session, buyer(step.session, step)
    contract = session.get(Contract, reading.whole(contract_id))
    if contract is None or contract.buyer_id != district.id:
        raise Missing(what="contract", id=str(contract_id))
    station = contracts.station_of(session, contract.id)
    line = PlanLine.street_id == station.street_id if station.kind == "street" else PlanLine.kind == "district_main"
    filed = (
        select(AnnualPlan)
        .where(AnnualPlan.district_id == district.id, AnnualPlan.status == "filed")
        .order_by((AnnualPlan.year == reading.whole(year)).desc(), AnnualPlan.year.desc())
        .limit(1)
    )
    plan = session.scalar(filed.where(AnnualPlan.lines.any(line)))
    if plan is None:
        plan = session.scalar(filed)
        if plan is None:
            raise PlanNotFiled(field="plan_year", year=reading.whole(year))
        _join_plan(step, plan, contract, station)
    return {**_open(step, district, plan, plan.year, contract.id), "year": plan.year}


def _join_plan(step: Step, plan: AnnualPlan, contract: Contract, station: Station) -> None:
    """The station has a line in the plan, for the money that its contract has left: it was planned in an earlier year,
    so the plan's own budget stays as it was filed."""
    left = _unpaid(step.session, contract) or contract.value_fen
    street_id = station.street_id if station.kind == "street" else None
    plan.lines.append(PlanLine(kind=station.kind, street_id=street_id, headcount=LEAST_STAFF, budget_fen=left))
    step.session.flush()
    facts = {"station": station.name, "budget_fen": left}
    audit.record(step.session, step.actor, "plan.station_joined", f"annual_plan/{plan.id}", facts=facts)


def _filed_plan(session: Session, district: Organisation, year: int) -> AnnualPlan | None:
    return session.scalar(
        select(AnnualPlan).where(
            AnnualPlan.district_id == district.id, AnnualPlan.year == year, AnnualPlan.status == "filed"
        )
    )


def _open(step: Step, district: Organisation, plan: AnnualPlan, number: int, replaces: int | None) -> Mapping[str, Any]:
    session = step.session
    made = Procurement(
        no=_next_number(session, district, number),
        ocid="",
        plan_id=plan.id,
        district_id=district.id,
        agency_id=step.parties.get("agency"),
        instance_id=step.instance_id,
        title=f"{district.name}{number}年度社会工作服务站项目",
        title_en=f"Social work stations {number}, {district.name_en}",
    )
    made.ocid = f"{OCID_PREFIX}-{made.no}"
    if replaces is not None:
        station = contracts.station_of(session, replaces)
        made.title, made.title_en = f"{station.name}重新采购项目", f"{station.name_en}, bought again"
        made.requirement = {REPLACES: replaces}
    session.add(made)
    session.flush()
    step.set_title(f"{made.title}（{made.no}）", f"{made.title_en} ({made.no})")
    step.set_business_key(made.no)
    audit.record(session, step.actor, "procurement.opened", f"procurement/{made.id}", facts={"no": made.no})
    people.notify_role(session, "district_officer", district.id, "procurement.opened", no=made.no)
    return {
        "procurement_id": made.id,
        "procurement_no": made.no,
        "district_id": district.id,
        "to_buy": len(_to_buy(session, made)),
    }


def _next_number(session: Session, district: Organisation, year: int) -> str:
    code = session.scalar(select(Region.code).where(Region.id == district.region_id)) or str(district.id)
    # Two officers who open at once must not draw the same number.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 11))"), {"key": f"procurement/{code}"})
    count = session.scalar(
        select(func.count()).select_from(Procurement).where(Procurement.no.startswith(f"CG-{code}-{year}-"))
    )
    return f"CG-{code}-{year}-{(count or 0) + 1:03d}"


def station_lines(session: Session, plan_id: int | None) -> dict[str, PlanLine]:
    """The plan's stations by the name that forms give them: a street's region code, or `main`."""
    found = session.execute(
        select(PlanLine, Region.code)
        .outerjoin(Organisation, Organisation.id == PlanLine.street_id)
        .outerjoin(Region, Region.id == Organisation.region_id)
        .where(PlanLine.plan_id == plan_id)
        .order_by(PlanLine.id)
    )
    return {(row[1] or MAIN): row[0] for row in found}


def _to_buy(session: Session, procurement: Procurement) -> dict[str, PlanLine]:
    """The plan's stations that nobody buys or serves yet, by name; to replace a contract, its station alone."""
    lines, replaced = station_lines(session, procurement.plan_id), _replaced(session, procurement)
    if replaced is not None:
        return {name: line for name, line in lines.items() if _is_of(line, replaced[1])}
    taken = _taken(session, procurement)
    return {name: line for name, line in lines.items() if line.id not in taken}


def _replaced(session: Session, procurement: Procurement) -> tuple[Contract, Station] | None:
    """The contract that ended early, and its station, where the procurement is to replace it."""
    contract_id = procurement.requirement.get(REPLACES)
    if contract_id is None:
        return None
    return session.get_one(Contract, contract_id), contracts.station_of(session, contract_id)


def _is_of(line: PlanLine, station: Station) -> bool:
    return line.kind == station.kind and (line.kind == "district_main" or line.street_id == station.street_id)


def _taken(session: Session, procurement: Procurement) -> set[int]:
    """Plan lines that another procurement of the same plan buys, or whose station a contract serves all that year."""
    replaced = _replaced(session, procurement)
    found = _bought(session, procurement) | _served(session, procurement)
    if replaced is None:
        return found
    lines = station_lines(session, procurement.plan_id).values()
    return found - {line.id for line in lines if _is_of(line, replaced[1])}


def _served(session: Session, procurement: Procurement) -> set[int]:
    """Plan lines whose station is under contract until the plan's year is over. Source: 实施方案 四(三)."""
    year = session.scalar(select(AnnualPlan.year).where(AnnualPlan.id == procurement.plan_id))
    if year is None:
        return set()
    stations = session.scalars(
        select(Station)
        .join(ContractStation, ContractStation.station_id == Station.id)
        .where(
            Station.district_id == procurement.district_id,
            ContractStation.is_open,
            ContractStation.to_day >= dt.date(year, 12, 31),
        )
    ).all()
    lines = station_lines(session, procurement.plan_id).values()
    return {line.id for line in lines if any(_is_of(line, station) for station in stations)}


def _bought(session: Session, procurement: Procurement) -> set[int]:
    rows = session.execute(
        select(Lot.plan_line_ids)
        .join(Procurement, Procurement.id == Lot.procurement_id)
        .where(
            Procurement.plan_id == procurement.plan_id,
            Procurement.id != procurement.id,
            Procurement.status.not_in(("void", "cancelled", "failed")),
            Lot.status != "failed",
        )
    )
    return {line for row in rows for line in row[0]}


@connector(
    "procurement.prepare_requirement",
    zh="载入计划内容",
    en="Load the plan",
    inputs=("procurement_id",),
    outputs=("lots", "station_options", "opinion_earliest"),
)
def prepare_requirement(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """What the requirement's form starts from: the plan's stations that nobody has bought yet, in two lots."""
    session, procurement = step.session, get(step.session, procurement_id)
    lines, most = _to_buy(session, procurement), _remainder(session, procurement)
    names = _station_names(session, lines)
    streets = [name for name in lines if name != MAIN]
    lots = []
    if MAIN in lines:
        fen = min(lines[MAIN].budget_fen, most) if most else lines[MAIN].budget_fen
        lots.append({"lot_name": "区县社会工作服务总站", "stations": [MAIN], "budget_fen": fen})
    if streets:
        total = sum(lines[name].budget_fen for name in streets)
        total = min(total, most) if most else total
        lots.append({"lot_name": "街道（镇）社会工作服务站", "stations": streets, "budget_fen": total})
    return {
        "lots": lots,
        "station_options": [{"value": name, "label": zh, "label_en": en} for name, (zh, en) in names.items()],
        "opinion_earliest": working_days_after(session, clock.today(), OPINION_DAYS),
    }


def _remainder(session: Session, procurement: Procurement) -> int:
    """What the contract to be replaced has left unpaid; 0 where there is none."""
    replaced = _replaced(session, procurement)
    return 0 if replaced is None else _unpaid(session, replaced[0])


def _unpaid(session: Session, contract: Contract) -> int:
    """What is left of the contract's money."""
    paid = session.scalar(select(func.coalesce(func.sum(Payment.fen), 0)).where(Payment.contract_id == contract.id))
    return max(0, contract.value_fen + contract.supplement_fen - int(paid or 0))


def _station_names(session: Session, lines: Mapping[str, PlanLine]) -> dict[str, tuple[str, str]]:
    names = {}
    for name, line in lines.items():
        street = session.get(Organisation, line.street_id) if line.street_id else None
        names[name] = (street.name, street.name_en) if street else ("区县总站", "District main station")
    return names


@connector(
    "procurement.record_requirement",
    zh="公示采购需求",
    en="Publish the requirement",
    inputs=("procurement_id",),
    outputs=(
        "opinion_end",
        "circumstance",
        "object_type",
        "limit_fen",
        "open_fen",
        "in_catalogue",
        "amount_fen",
        "year_sum_fen",
        "approval",
    ),
)
def record_requirement(step: Step, *, procurement_id: object) -> Mapping[str, Any]:
    """The requirement and its lots stand and are open to public opinion. Raises OverPlan, TooEarly,
    TermUnlawful, InvalidInput.
    """
    session, procurement = step.session, get(step.session, procurement_id)
    data = reading.form(step, "task_requirement")
    lots = _lots(session, procurement, reading.rows(data, "lots"))
    until = reading.day(data.get("opinion_to"))
    earliest = working_days_after(session, clock.today(), OPINION_DAYS)
    if until is None or until < earliest:
        raise TooEarly(
            rule="OPINION", earliest=earliest, given=until, source_zh="条例 15；本系统参数", source_en="Reg. 15"
        )
    months = reading.whole(data.get("term_months"))
    held = [str(each) for each in data.get("multi_year") or ()]
    if reasons := judging.contract_term(tables.of(session, judging.REQUIREMENT), months, held):
        raise TermUnlawful(reasons)
    procurement.title = reading.text(data, "title") or procurement.title
    procurement.title_en = reading.text(data, "title_en") or procurement.title_en
    procurement.object_type = reading.text(data, "object_type")
    procurement.term_months = months
    kept = {name: value for name, value in procurement.requirement.items() if name == REPLACES}
    procurement.requirement = {**reading.plain(data), **kept}
    procurement.budget_fen = sum(lot.budget_fen for lot in lots)
    for old in list(procurement.lots):
        session.delete(old)
    session.flush()
    procurement.lots[:] = lots
    session.flush()
    content = {**reading.plain(data), "opinion_until": until}
    notices.publish(
        session, step.actor, procurement, "requirement", content, zh="采购需求征求意见公告",
        en="requirement open to opinions", until=until,
    )  # fmt: skip
    return {"opinion_end": until, **method_facts(session, procurement, data)}


def method_facts(session: Session, procurement: Procurement, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the decision on the method reads (DT1)."""
    found = thresholds.in_force(session, thresholds.PROVINCE, "district", procurement.object_type, clock.today())
    return {
        "circumstance": reading.text(data, "circumstance") or "none",
        "object_type": procurement.object_type,
        "limit_fen": found.limit_fen if found else None,
        "open_fen": found.open_fen if found else None,
        "in_catalogue": data.get("in_catalogue") is True,
        "amount_fen": procurement.budget_fen,
        "year_sum_fen": _year_sum(session, procurement),
        "approval": data.get("approval") is True,
    }


def _year_sum(session: Session, procurement: Procurement) -> int:
    """What the district bought this fiscal year of this kind without open tender. Source: 条例 28."""
    year = clock.today().year
    total = session.scalar(
        select(func.coalesce(func.sum(Procurement.budget_fen), 0)).where(
            Procurement.district_id == procurement.district_id,
            Procurement.object_type == procurement.object_type,
            Procurement.id != procurement.id,
            Procurement.method.is_not(None),
            Procurement.method != "open_tender",
            Procurement.status.not_in(("void", "cancelled", "failed")),
            Procurement.created_at >= clock.at(dt.date(year, 1, 1), dt.time()),
        )
    )
    return int(total or 0)


def _lots(session: Session, procurement: Procurement, rows: Sequence[Mapping[str, Any]]) -> list[Lot]:
    lines, taken, used = station_lines(session, procurement.plan_id), _taken(session, procurement), set[int]()
    lots = []
    for number, row in enumerate(rows, 1):
        names = [str(name) for name in row.get("stations") or ()]
        try:
            chosen = [lines[name] for name in names]
        except KeyError as unknown:
            raise Missing(what="station", name=str(unknown.args[0])) from None
        kinds = {line.kind for line in chosen}
        if len(kinds) != 1:
            raise InvalidInput(field=f"lots.{number - 1}.stations", reason="main_and_street_mixed")
        again = {line.id for line in chosen} & (used | taken)
        if again:
            raise InvalidInput(field=f"lots.{number - 1}.stations", reason="station_twice")
        used |= {line.id for line in chosen}
        budget, available = reading.whole(row.get("budget_fen")), sum(line.budget_fen for line in chosen)
        if budget > available:
            raise OverPlan(budget_fen=budget, available_fen=available, lot=number)
        lots.append(
            Lot(
                procurement_id=procurement.id, no=number, name=reading.text(row, "lot_name") or f"第{number}包",
                kind=kinds.pop(), plan_line_ids=[line.id for line in chosen], budget_fen=budget,
            )
        )  # fmt: skip
    if not lots:
        raise InvalidInput(field="lots", reason="required")
    return lots


@connector(
    "procurement.record_method", zh="登记采购方式和财政意见", en="Record method and finance's opinion",
    inputs=("choice", "procurement_id"),
)  # fmt: skip
def record_method(step: Step, *, choice: Mapping[str, Any], procurement_id: object) -> None:
    """The method stands with its reason, and finance has reviewed it and the implementation plan (条例 29)."""
    procurement = get(step.session, procurement_id)
    procurement.method = str(choice["method"])
    procurement.method_basis = {
        **reading.plain(choice),
        "finance": reading.plain(step.submission("task_finance") or {}),
    }
    procurement.finance_reviewed_at = clock.now()
    facts = {"method": procurement.method, "reason": choice.get("reason")}
    audit.record(step.session, step.actor, "procurement.method", f"procurement/{procurement.id}", facts=facts)


@connector("procurement.cancel", zh="终止采购", en="End the procurement", inputs=("procurement_id",))
def cancel(step: Step, *, procurement_id: object) -> None:
    """The procurement is over without an award; a failed one keeps its status. Source: 政府采购法 36(四)."""
    procurement = get(step.session, procurement_id)
    if procurement.status not in ("failed", "void"):
        procurement.status = "cancelled"
    procurement.ended_at = clock.now()
    audit.record(step.session, step.actor, "procurement.cancelled", f"procurement/{procurement.id}")
