"""Reports that a contract no longer owes."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.actor import Actor
from lastmeter.stations.models import Contract, ContractYear, Report


def withdraw(session: Session, actor: Actor, contract: Contract, year_number: int | None = None) -> int:
    """How many reports that fell due and were never accepted are withdrawn now, in one contract year or in all.

    Reports whose period still runs have no row yet; they end with the year that planned them.
    """
    open_rows = (
        select(Report)
        .join(ContractYear, ContractYear.id == Report.contract_year_id)
        .where(ContractYear.contract_id == contract.id, Report.accepted_on.is_(None), Report.withdrawn_on.is_(None))
        .order_by(Report.id)
    )
    if year_number is not None:
        open_rows = open_rows.where(ContractYear.number == year_number)
    found = list(session.scalars(open_rows))
    for report in found:
        report.withdrawn_on = clock.today()
    if found:
        facts = {"count": len(found), "periods": ", ".join(sorted({report.period for report in found}))}
        audit.record(session, actor, "reports.withdrawn", f"contract/{contract.id}", facts=facts)
    return len(found)
