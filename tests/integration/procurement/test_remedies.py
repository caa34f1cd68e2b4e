"""Challenges against the law's clock; what a suspension does to bids, deadlines and other challenges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.integration.procurement.conftest import FakeStep

from lastmeter import clock
from lastmeter.deadlines.rules import Pause
from lastmeter.procurement import bidding, remedies
from lastmeter.procurement.errors import NotOpenForBids
from lastmeter.procurement.models import Bid, Challenge, Lot, Notice, Procurement, Suspension
from lastmeter.procurement.schedule import pauses
from lastmeter.rehearsal.world import World

Clock = Callable[[dt.datetime], None]
FORM: dict[str, Any] = {
    "procurement_no": "CG-1", "matter": "result", "facts": "事实", "request": "请求", "legal_basis": "政府采购法 52",
}  # fmt: skip


@pytest.fixture
def procurement(session: Session, world: World, legal_clock: Clock) -> Procurement:
    """A tender whose award was published on 18 May 2026; Huimin and Yangguang had bid."""
    legal_clock(clock.at(dt.date(2026, 5, 18)))
    row = Procurement(
        no="CG-1", ocid="o", district_id=world.organisation("lixia").id, title="t", title_en="t", status="awarded",
        method="open_tender", finance_reviewed_at=clock.now(), issued_at=clock.at(dt.date(2026, 4, 13)),
        bid_deadline=clock.at(dt.date(2026, 5, 6)), docs_until=dt.date(2026, 4, 20), award_published_at=clock.now(),
        agency_id=world.organisation("agency").id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    lot = Lot(procurement_id=row.id, no=1, name="1", kind="street", plan_line_ids=[1], budget_fen=100)
    session.add(lot)
    session.flush()
    for supplier in ("huimin", "yangguang"):
        session.add(
            Bid(
                procurement_id=row.id, lot_id=lot.id, supplier_id=world.organisation(supplier).id,
                submitted_by=world.people[f"{supplier}.manager"].id, sealed=b"x", sha256="0" * 64,
                sealed_at=clock.at(dt.date(2026, 4, 16)),
            )
        )  # fmt: skip
    for kind, until in (("tender_notice", dt.date(2026, 4, 20)), ("award", dt.date(2026, 5, 19))):
        session.add(
            Notice(
                procurement_id=row.id, kind=kind, is_public=True, title_zh="t", title_en="t", content={},
                sha256="0" * 64,
                published_at=clock.now(), until=until,
            )
        )  # fmt: skip
    session.flush()
    return row


@pytest.fixture
def challenger(session: Session, world: World, procurement: Procurement) -> FakeStep:
    step = FakeStep(session, world.actor("yangguang.manager"), 201, {"challenger": world.organisation("yangguang").id})
    step.submit("start_challenge", FORM)
    return step


def receive(step: FakeStep, day: dt.date, legal_clock: Clock, **form: Any) -> Challenge:
    legal_clock(clock.at(day))
    step.submit("start_challenge", {**FORM, **form})
    step.call("procurement.receive_challenge")
    return step.session.scalars(select(Challenge).order_by(Challenge.id.desc()).limit(1)).one()


@pytest.mark.parametrize(("day", "rejected"), [(dt.date(2026, 5, 28), None), (dt.date(2026, 5, 29), "challenge_late")])
def test_the_window_on_the_result_closes_on_28_may(
    challenger: FakeStep, legal_clock: Clock, day: dt.date, rejected: str | None
) -> None:
    made = receive(challenger, day, legal_clock)
    assert (made.window_ends, made.reject_reason) == (dt.date(2026, 5, 28), rejected)
    if rejected is None:
        assert challenger.parties.keys() >= {"district", "agency"}
        assert made.reply_due == dt.date(2026, 6, 8)
    else:
        assert "2026-05-28" in (made.reply or "")


def test_whoever_had_the_documents_challenges_them_within_seven_working_days_of_that(
    challenger: FakeStep, legal_clock: Clock
) -> None:
    made = receive(challenger, dt.date(2026, 5, 20), legal_clock, matter="documents")
    assert (made.known_on, made.window_ends) == (dt.date(2026, 4, 16), dt.date(2026, 4, 27))
    assert made.reject_reason == "challenge_late"


def test_one_step_is_challenged_once(challenger: FakeStep, legal_clock: Clock) -> None:
    receive(challenger, dt.date(2026, 5, 20), legal_clock)
    assert receive(challenger, dt.date(2026, 5, 21), legal_clock).reject_reason == "challenged_before"


def test_who_did_not_bid_has_no_standing_on_the_result(
    session: Session, world: World, procurement: Procurement, legal_clock: Clock
) -> None:
    step = FakeStep(session, world.actor("qilu.manager"), 202, {"challenger": world.organisation("qilu").id})
    assert receive(step, dt.date(2026, 5, 20), legal_clock).reject_reason == "no_standing"


def test_what_has_not_happened_cannot_be_challenged_yet(
    session: Session, challenger: FakeStep, procurement: Procurement, legal_clock: Clock
) -> None:
    session.execute(Notice.__table__.delete().where(Notice.kind == "award"))
    assert receive(challenger, dt.date(2026, 5, 15), legal_clock).reject_reason == "nothing_yet"


def test_no_bid_comes_in_while_the_procurement_stands_still(
    session: Session, world: World, challenger: FakeStep, procurement: Procurement, legal_clock: Clock
) -> None:
    procurement.status = "open"
    procurement.bid_deadline = clock.at(dt.date(2026, 6, 10), dt.time(9, 30))
    made = receive(challenger, dt.date(2026, 5, 20), legal_clock)
    challenger.call("procurement.suspend", challenge_id=made.id)
    with pytest.raises(NotOpenForBids) as refused:
        bidding.submit(session, world.actor("hexie.manager"), procurement.id, {"lot_no": 1})
    assert refused.value.facts == {"status": "suspended"}
    legal_clock(clock.at(dt.date(2026, 5, 27)))
    challenger.call("procurement.lift", challenge_id=made.id)
    assert procurement.bid_deadline == clock.at(dt.date(2026, 6, 17), dt.time(9, 30))


def test_the_procurement_goes_on_only_when_no_challenge_holds_it_any_more(
    session: Session, world: World, challenger: FakeStep, procurement: Procurement, legal_clock: Clock
) -> None:
    first = receive(challenger, dt.date(2026, 5, 20), legal_clock)
    other = FakeStep(session, world.actor("huimin.manager"), 203, {"challenger": world.organisation("huimin").id})
    second = receive(other, dt.date(2026, 5, 21), legal_clock)
    challenger.call("procurement.suspend", challenge_id=first.id)
    other.call("procurement.suspend", challenge_id=second.id)
    legal_clock(clock.at(dt.date(2026, 5, 25)))
    assert not remedies.go_on(challenger, first)
    legal_clock(clock.at(dt.date(2026, 5, 27)))
    assert remedies.go_on(other, second)
    assert not remedies.go_on(other, second)  # lifting twice changes nothing
    assert pauses(session, procurement.id) == [Pause(clock.at(dt.date(2026, 5, 21)), clock.at(dt.date(2026, 5, 27)))]


def test_a_complaint_suspension_ends_after_thirty_days_at_most(
    session: Session, challenger: FakeStep, legal_clock: Clock
) -> None:
    made = receive(challenger, dt.date(2026, 5, 20), legal_clock)
    made.result, made.replied_at = "dismissed", clock.now()
    legal_clock(clock.at(dt.date(2026, 6, 1)))
    challenger.submit("task_complain", {"complains": "yes", "matters": ["result"], "complaint_facts": "事实和理由"})
    challenger.call("procurement.receive_complaint", challenge_id=made.id)
    challenger.submit("task_accept", {"acceptance": "accept", "suspend": True})
    assert challenger.call("procurement.accept_complaint", challenge_id=made.id) == {
        "suspended_until": dt.date(2026, 7, 1)
    }
    row = session.scalars(select(Suspension)).one()
    assert (row.kind, row.latest_end) == ("complaint", dt.date(2026, 7, 1))


def test_the_time_to_complain_runs_from_the_expiry_of_the_reply_period_not_from_the_reply(
    challenger: FakeStep, legal_clock: Clock
) -> None:
    made = receive(challenger, dt.date(2026, 5, 20), legal_clock)
    assert made.reply_due == dt.date(2026, 5, 29)
    legal_clock(clock.at(dt.date(2026, 5, 21)))  # replied eight days early
    opened = challenger.call("procurement.open_complaint", challenge_id=made.id)
    assert opened["complaint_end"] == dt.date(2026, 6, 22)
