"""Figures of a station, always counted from records and never typed (invariant I8)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lastmeter.stations import ports
from lastmeter.stations.models import Assignment, Attendance, Contract, ContractStation, Finding, ServiceRecord, Station


def of_station(session: Session, station_id: int, first: dt.date, last: dt.date) -> dict[str, Any]:
    """Services by kind, participants, volunteers, organisations, charity money, cases and minutes in a period."""
    totals = session.execute(
        select(
            ServiceRecord.kind,
            func.coalesce(func.sum(ServiceRecord.units), 0),
            func.coalesce(func.sum(ServiceRecord.participants), 0),
            func.coalesce(func.sum(ServiceRecord.volunteers), 0),
            func.coalesce(func.sum(ServiceRecord.organisations), 0),
            func.coalesce(func.sum(ServiceRecord.charity_fen), 0),
        )
        .where(ServiceRecord.station_id == station_id, ServiceRecord.day.between(first, last))
        .group_by(ServiceRecord.kind)
        .order_by(ServiceRecord.kind)
    ).all()
    cases = ports.count_cases(session, station_id, first, last)
    minutes = session.scalar(
        select(func.coalesce(func.sum(Attendance.minutes), 0))
        .join(Assignment, Assignment.id == Attendance.assignment_id)
        .where(Assignment.station_id == station_id, Attendance.day.between(first, last))
    )
    return {
        "services": {row[0]: int(row[1]) for row in totals},
        "participants": sum(int(row[2]) for row in totals),
        "volunteers": sum(int(row[3]) for row in totals),
        "organisations": sum(int(row[4]) for row in totals),
        "charity_fen": sum(int(row[5]) for row in totals),
        "cases_opened": cases.opened,
        "cases_closed": cases.closed,
        "cases_open": cases.is_open,
        "orders": cases.orders,
        "community_minutes": int(minutes or 0),
    }


def of_district(session: Session, district_id: int, year: int) -> dict[str, Any]:
    """The district's stations, contracts, findings and services in a calendar year."""
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    stations = list(session.scalars(select(Station).where(Station.district_id == district_id).order_by(Station.id)))
    contracts = session.scalar(
        select(func.count(func.distinct(Contract.id)))
        .join(ContractStation, ContractStation.contract_id == Contract.id)
        .where(Contract.buyer_id == district_id, ContractStation.from_day <= last, ContractStation.to_day >= first)
    )
    open_findings = session.scalar(
        select(func.count())
        .select_from(Finding)
        .join(Station, Station.id == Finding.station_id)
        .where(Station.district_id == district_id, Finding.closed_on.is_(None))
    )
    sums: dict[str, Any] = {"services": {}}
    for station in stations:
        for name, value in of_station(session, station.id, first, last).items():
            if name == "services":
                for kind, units in value.items():
                    sums["services"][kind] = sums["services"].get(kind, 0) + units
            else:
                sums[name] = sums.get(name, 0) + value
    return {"year": year, "stations": len(stations), "contracts": contracts, "open_findings": open_findings, **sums}
