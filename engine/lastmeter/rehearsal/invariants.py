"""Invariants over the whole database, each counted by one query (the numbers are those of docs/law)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from lastmeter import workdays
from lastmeter.stations import contracts, figures
from lastmeter.stations.models import ContractYear, Evaluation, Report

# number → what is wrong with each row that the query finds
QUERIES = {
    "I1 two contracts are in force at one station": """
        SELECT a.station_id FROM contract_station a JOIN contract_station b
          ON a.station_id = b.station_id AND a.id < b.id AND a.is_open AND b.is_open
         AND daterange(a.from_day, a.to_day, '[]') && daterange(b.from_day, b.to_day, '[]')""",
    "I2 a provider has the district's main station and a street's": """
        SELECT c.provider_id FROM contract c
          JOIN contract_station cs ON cs.contract_id = c.id AND cs.is_open
          JOIN station s ON s.id = cs.station_id AND s.kind = 'district_main'
          JOIN contract o ON o.provider_id = c.provider_id AND o.status = 'active'
          JOIN contract_station os ON os.contract_id = o.id AND os.is_open
          JOIN station t ON t.id = os.station_id AND t.kind = 'street' AND t.district_id = s.district_id
         WHERE c.status = 'active'""",
    "I3 the sources do not sum to the contract year's value": """
        SELECT y.id FROM contract_year y LEFT JOIN funding f ON f.contract_year_id = y.id
         GROUP BY y.id, y.value_fen HAVING coalesce(sum(f.fen), 0) <> y.value_fen""",
    "I4 more was paid than value and supplements": """
        SELECT c.id FROM contract c JOIN payment p ON p.contract_id = c.id
         GROUP BY c.id HAVING sum(p.fen) > c.value_fen + c.supplement_fen OR c.supplement_fen * 10 > c.value_fen""",
    "I5 an open case has no responsible worker in a team that serves": """
        SELECT k.id FROM case_file k WHERE k.status = 'open' AND NOT EXISTS (
          SELECT 1 FROM membership m WHERE m.person_id = k.responsible_id AND m.organisation_id = k.team_id
             AND m.valid_to IS NULL)""",
}


def broken(session: Session) -> list[str]:
    """A sentence per row that breaks I1 to I5 or I8; empty: all hold."""
    found = [f"{name}: {row[0]}" for name, query in QUERIES.items() for row in session.execute(text(query))]
    return found + _recounted(session)


def _recounted(session: Session) -> list[str]:
    """I8: every report's figures are what its records add up to."""
    wrong = []
    for report, year in session.execute(
        select(Report, ContractYear).join(ContractYear, ContractYear.id == Report.contract_year_id)
    ):
        first, last = period_of(report, year)
        station = contracts.station_of(session, year.contract_id)
        if figures.of_station(session, station.id, first, last) != report.figures:
            wrong.append(f"I8 the figures of report {report.id} ({report.period}) cannot be recounted")
    return wrong


def period_of(report: Report, year: ContractYear) -> tuple[dt.date, dt.date]:
    """The first and last day that a report of a contract year counts."""
    if report.kind == "final":
        return year.from_day, year.to_day
    if report.kind == "mid":
        return year.from_day, workdays.add_months(year.from_day, 6) - dt.timedelta(days=1)
    for month in range(12):
        if f"{workdays.add_months(year.from_day, month):%Y-%m}" == report.period:
            last = min(year.to_day, workdays.add_months(year.from_day, month + 1) - dt.timedelta(days=1))
            return workdays.add_months(last + dt.timedelta(days=1), -1), last
    raise LookupError(report.period)


def grades(session: Session) -> dict[str, int]:
    """How many evaluations ended with each grade."""
    query = select(Evaluation.grade, func.count()).where(Evaluation.grade.is_not(None)).group_by(Evaluation.grade)
    return {str(row[0]): row[1] for row in session.execute(query)}
