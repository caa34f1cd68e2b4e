"""An issued tender of the rehearsal world's Lixia, taking bids until 6 May 2026, 9:30."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import clock
from lastmeter.deadlines import register
from lastmeter.identity.models import Organisation
from lastmeter.procurement.models import Lot, Procurement

NO = "CG-370102-2026-001"
DEADLINE = clock.at(dt.date(2026, 5, 6), dt.time(9, 30))


@pytest.fixture
def tender(app: Flask, factory: sessionmaker[Session]) -> Iterator[str]:
    """The number of an open tender issued on 13 April 2026, which is today."""
    clock.set_virtual(clock.at(dt.date(2026, 4, 13)))
    with factory() as session:
        register.seed(session)
        by_name = {row.name_en: row.id for row in session.scalars(select(Organisation))}
        row = Procurement(
            no=NO, ocid=f"ocds-xxxxxx-{NO}", district_id=by_name["Lixia Civil Affairs Bureau"],
            agency_id=by_name["Quancheng Procurement Agency"],
            title="历下区街道站项目", title_en="Stations of Lixia",
            method="open_tender", status="open", finance_reviewed_at=clock.now(), issued_at=clock.now(),
            bid_deadline=DEADLINE, docs_until=dt.date(2026, 4, 20), budget_fen=90_000_000,
            documents={"content": "专业社会工作服务", "contact": "0531-80000000"},
        )  # fmt: skip
        session.add(row)
        session.flush()
        lot = Lot(procurement_id=row.id, no=1, name="街道站", kind="street", plan_line_ids=[1], budget_fen=90_000_000)
        session.add(lot)
        session.commit()
    yield NO
    clock.set_virtual(None)


@pytest.fixture
def stand_at(app: Flask) -> Callable[[dt.datetime], None]:
    return clock.set_virtual
