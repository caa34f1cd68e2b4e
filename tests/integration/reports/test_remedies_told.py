"""What challenges do to a procurement is told as well: the deadline moved, awards and contracts made void."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import Session
from tests.integration.reports.standard import faults, merged

from lastmeter import clock
from lastmeter.procurement.models import Challenge, Notice, Procurement, Suspension
from lastmeter.rehearsal.scenario import instant
from lastmeter.rehearsal.world import World
from lastmeter.reports import ocds

TENDERED, STOPPED, WENT_ON = instant("2026-04-13"), instant("2026-04-20"), instant("2026-04-27T09:30")
DEADLINE = instant("2026-05-06T09:30")


@pytest.fixture
def procurement(session: Session, world: World) -> Procurement:
    """An open tender that was announced."""
    made = Procurement(
        no="CG-1", ocid="ocds-xxxxxx-CG-1", district_id=world.organisation("lixia").id, title="社工站", title_en="t",
        status="open", finance_reviewed_at=TENDERED, issued_at=TENDERED, bid_deadline=DEADLINE, method="open_tender",
        created_at=TENDERED,
    )  # fmt: skip
    session.add(made)
    session.flush()
    content = {"method": "open_tender", "budget_fen": 100, "bid_deadline": DEADLINE.isoformat(), "lots": []}
    session.add(
        Notice(
            procurement_id=made.id, kind="tender_notice", is_public=True, title_zh="公告", title_en="n",
            content=content, sha256="0" * 64, published_at=TENDERED,
        )
    )  # fmt: skip
    session.flush()
    return made


def told(session: Session, at: dt.datetime = WENT_ON) -> dict[str, Any]:
    with clock.standing_at(at):
        return ocds.releases(session)


def suspend(session: Session, world: World, procurement: Procurement, lifted: dt.datetime | None) -> None:
    challenge = Challenge(
        no=f"ZY-{lifted}"[:40], procurement_id=procurement.id, challenger_id=world.organisation("huimin").id,
        matter="documents", facts="f", request="r", legal_basis="l", received_at=STOPPED,
    )  # fmt: skip
    session.add(challenge)
    session.flush()
    session.add(
        Suspension(
            procurement_id=procurement.id, challenge_id=challenge.id, kind="challenge", starts_at=STOPPED,
            lifted_at=lifted,
        )
    )  # fmt: skip
    session.flush()


def test_a_suspension_that_ended_moves_the_announced_deadline_by_as_long(
    session: Session, world: World, procurement: Procurement
) -> None:
    suspend(session, world, procurement, WENT_ON)
    procurement.bid_deadline = DEADLINE + (WENT_ON - STOPPED)
    package = told(session)
    assert faults(package) == []
    assert [release["tag"] for release in package["releases"]] == [["tender"], ["tenderAmendment"]]
    state = merged(package["releases"])["tender"]
    assert dt.datetime.fromisoformat(state["tenderPeriod"]["endDate"]) == procurement.bid_deadline
    assert state["tenderPeriod"]["startDate"].startswith("2026-04-13")
    assert state["amendments"][0]["amendsReleaseID"] == package["releases"][0]["id"]


def test_while_another_challenge_still_holds_it_nothing_moves(
    session: Session, world: World, procurement: Procurement
) -> None:
    suspend(session, world, procurement, WENT_ON)
    suspend(session, world, procurement, None)
    assert [release["tag"] for release in told(session)["releases"]] == [["tender"]]


@pytest.mark.parametrize(("status", "expected"), [("void", "unsuccessful"), ("cancelled", "cancelled")])
def test_an_end_without_a_notice_is_told_when_it_has_come(
    session: Session, procurement: Procurement, status: str, expected: str
) -> None:
    procurement.status, procurement.ended_at = status, WENT_ON
    session.flush()
    assert len(told(session, STOPPED)["releases"]) == 1
    package = told(session)
    assert faults(package) == []
    assert package["releases"][-1]["tag"] == ["tenderCancellation"]
    assert merged(package["releases"])["tender"]["status"] == expected


def test_a_procurement_that_was_never_announced_is_not_told(session: Session, world: World) -> None:
    session.add(
        Procurement(
            no="CG-2", ocid="x", district_id=world.organisation("lixia").id, title="t", title_en="t",
            status="cancelled", ended_at=STOPPED,
        )
    )  # fmt: skip
    session.flush()
    assert told(session)["releases"] == []


def test_records_that_stay_in_the_file_are_not_told(session: Session, procurement: Procurement) -> None:
    for kind, is_public in (("opening_record", True), ("evaluation_report", False), ("award", False)):
        session.add(
            Notice(
                procurement_id=procurement.id, kind=kind, is_public=is_public, title_zh="机密", title_en="n",
                content={"experts": ["张三"]}, sha256="0" * 64, published_at=STOPPED,
            )
        )  # fmt: skip
    session.flush()
    assert [release["tag"] for release in told(session)["releases"]] == [["tender"]]
