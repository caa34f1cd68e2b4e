"""Bids are sealed until two people open them: no page, no query, no dump shows anything before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lastmeter import clock, keys
from lastmeter.actor import SYSTEM
from lastmeter.errors import Forbidden, Missing
from lastmeter.procurement import bidding
from lastmeter.procurement.errors import BidRefused, NotOpenForBids, NotYetOpened, TooLate
from lastmeter.procurement.models import Bid, Lot, Procurement
from lastmeter.rehearsal.world import World

DEADLINE = clock.at(dt.date(2026, 5, 6), dt.time(9, 30))
PRICE = 86_123_457
DATA = {"lot_no": 1, "price_fen": PRICE, "declaration_3y": True, "statement": "我方承诺按采购文件提供服务"}


@pytest.fixture
def procurement(session: Session, world: World, legal_clock: Callable[[dt.datetime], None]) -> Procurement:
    """A tender that takes bids until 6 May, 9:30."""
    legal_clock(clock.at(dt.date(2026, 4, 13)))
    row = Procurement(
        no="CG-1", ocid="ocds-xxxxxx-CG-1", district_id=world.organisation("lixia").id, title="t", title_en="t",
        agency_id=world.organisation("agency").id, status="open", method="open_tender", bid_deadline=DEADLINE,
        finance_reviewed_at=clock.now(), issued_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add(Lot(procurement_id=row.id, no=1, name="1", kind="street", plan_line_ids=[1], budget_fen=90_000_000))
    session.flush()
    return row


def test_a_sealed_bid_shows_nothing_in_the_database(session: Session, world: World, procurement: Procurement) -> None:
    bidding.submit(session, world.actor("huimin.manager"), procurement.id, DATA)
    row = str(session.execute(text("SELECT bid.*, encode(sealed, 'escape') FROM bid")).one())
    audit = str(session.execute(text("SELECT facts FROM audit_event WHERE action = 'bid.submitted'")).one())
    for secret in (str(PRICE), "承诺", 'price_fen":'):
        assert secret not in row
        assert secret not in audit


def test_nobody_reads_bids_before_the_opening_whatever_the_role(
    session: Session, world: World, procurement: Procurement, legal_clock: Callable[[dt.datetime], None]
) -> None:
    bidding.submit(session, world.actor("huimin.manager"), procurement.id, DATA)
    legal_clock(DEADLINE + dt.timedelta(days=1))  # past the deadline, and still not opened
    for actor in (world.actor("lixia.leader"), world.actor("agency.officer"), world.actor("auditor"), SYSTEM):
        with pytest.raises(NotYetOpened):
            bidding.opened(session, actor, procurement.id)
    with pytest.raises(Forbidden):
        bidding.opened(session, world.actor("operator"), procurement.id)


def test_each_tender_has_a_key_of_its_own(session: Session, world: World, procurement: Procurement) -> None:
    bidding.submit(session, world.actor("huimin.manager"), procurement.id, DATA)
    sealed = session.scalars(select(Bid.sealed)).one()
    keys.encrypt(session, bidding.key_class(procurement.id + 1), "another tender's key")
    with pytest.raises(keys.KeyUnavailable):
        keys.decrypt(session, bidding.key_class(procurement.id + 1), sealed)


def test_a_supplier_reads_its_own_bid_and_no_other(session: Session, world: World, procurement: Procurement) -> None:
    receipt = bidding.submit(session, world.actor("huimin.manager"), procurement.id, DATA)
    (mine,) = bidding.own(session, world.actor("huimin.manager"), procurement.id)
    assert (mine.content["price_fen"], mine.receipt.sha256) == (PRICE, receipt.sha256)
    assert bidding.own(session, world.actor("hexie.manager"), procurement.id) == []
    with pytest.raises(Forbidden):
        bidding.own(session, world.actor("lixia.leader"), procurement.id)


def test_a_second_bid_replaces_the_first(session: Session, world: World, procurement: Procurement) -> None:
    actor = world.actor("huimin.manager")
    first = bidding.submit(session, actor, procurement.id, DATA)
    second = bidding.submit(session, actor, procurement.id, {**DATA, "price_fen": PRICE - 1})
    assert first.sha256 != second.sha256
    (mine,) = bidding.own(session, actor, procurement.id)
    assert mine.content["price_fen"] == PRICE - 1


def test_a_bid_at_the_deadline_is_late_and_is_told_both_times(
    session: Session, world: World, procurement: Procurement, legal_clock: Callable[[dt.datetime], None]
) -> None:
    actor = world.actor("huimin.manager")
    legal_clock(DEADLINE - dt.timedelta(seconds=1))
    bidding.submit(session, actor, procurement.id, DATA)
    legal_clock(DEADLINE)
    with pytest.raises(TooLate) as late:
        bidding.submit(session, actor, procurement.id, DATA)
    assert late.value.facts["ended"] == DEADLINE
    assert late.value.facts["now"] == DEADLINE
    with pytest.raises(TooLate):
        bidding.withdraw(session, actor, procurement.id, 1)


def test_a_withdrawn_bid_can_be_handed_in_again_before_the_deadline(
    session: Session, world: World, procurement: Procurement
) -> None:
    actor = world.actor("huimin.manager")
    bidding.submit(session, actor, procurement.id, DATA)
    bidding.withdraw(session, actor, procurement.id, 1)
    (mine,) = bidding.own(session, actor, procurement.id)
    assert mine.status == "withdrawn"
    bidding.submit(session, actor, procurement.id, DATA)
    (mine,) = bidding.own(session, actor, procurement.id)
    assert (mine.status, mine.withdrawn_at) == ("sealed", None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price_fen": 90_000_001}, "over_budget"),
        ({"price_fen": 0}, "no_price"),
        ({"declaration_3y": False}, "no_declaration"),
    ],
)
def test_a_bid_that_cannot_count_is_refused_at_once(
    session: Session, world: World, procurement: Procurement, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(BidRefused) as refused:
        bidding.submit(session, world.actor("huimin.manager"), procurement.id, {**DATA, **changes})
    assert [reason.code for reason in refused.value.reasons] == [code]


def test_a_blacklisted_supplier_is_refused(session: Session, world: World, procurement: Procurement) -> None:
    world.organisation("huimin").blacklisted_until = dt.date(2027, 1, 1)
    with pytest.raises(BidRefused) as refused:
        bidding.submit(session, world.actor("huimin.manager"), procurement.id, DATA)
    assert [reason.code for reason in refused.value.reasons] == ["blacklisted"]


def test_only_a_provider_manager_bids(session: Session, world: World, procurement: Procurement) -> None:
    for login in ("huimin.station", "lixia.officer", "agency.officer"):
        with pytest.raises(Forbidden):
            bidding.submit(session, world.actor(login), procurement.id, DATA)


def test_no_bid_without_a_lot_or_before_the_issue(session: Session, world: World, procurement: Procurement) -> None:
    with pytest.raises(Missing):
        bidding.submit(session, world.actor("huimin.manager"), procurement.id, {**DATA, "lot_no": 2})
    procurement.status = "planning"
    with pytest.raises(NotOpenForBids):
        bidding.submit(session, world.actor("huimin.manager"), procurement.id, DATA)
    procurement.issued_at = None
    with pytest.raises(Missing):
        bidding.submit(session, world.actor("huimin.manager"), procurement.id, DATA)


def test_open_procurements_are_listed_nearest_deadline_first(
    session: Session, world: World, procurement: Procurement, legal_clock: Callable[[dt.datetime], None]
) -> None:
    assert bidding.open_for(session, world.actor("huimin.manager")) == [procurement]
    legal_clock(DEADLINE)
    assert bidding.open_for(session, world.actor("huimin.manager")) == []
