"""What the law forbids outright is refused by the database, whoever writes the row."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from lastmeter.procurement.models import (
    AnnualPlan,
    Award,
    Bid,
    CommitteeMember,
    Factor,
    Lot,
    Opening,
    Procurement,
    Score,
    Threshold,
)
from lastmeter.rehearsal.world import World

DEADLINE = dt.datetime(2026, 5, 6, 1, 30, tzinfo=dt.UTC)


def _threshold(**changes: Any) -> Threshold:
    row: dict[str, Any] = {
        "province": "370000", "budget_level": "district", "object_type": "services", "limit_fen": 1, "open_fen": 2,
        "valid_from": dt.date(2026, 1, 1), "valid_to": None, "source": "test",
    }  # fmt: skip
    return Threshold(**{**row, **changes})


@pytest.fixture
def lot(session: Session, world: World) -> Lot:
    row = Procurement(
        no="T-1", ocid="ocds-xxxxxx-1", district_id=world.organisation("lixia").id, title="t", title_en="t"
    )
    session.add(row)
    session.flush()
    made = Lot(procurement_id=row.id, no=1, name="1", kind="street", plan_line_ids=[1], budget_fen=100)
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def bid(session: Session, world: World, lot: Lot) -> Bid:
    made = Bid(
        procurement_id=lot.procurement_id, lot_id=lot.id, supplier_id=world.organisation("huimin").id,
        submitted_by=world.people["huimin.manager"].id, sealed=b"x", sealed_at=DEADLINE, sha256="0" * 64,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _opening(session: Session, world: World, lot: Lot, **changes: Any) -> Opening:
    row: dict[str, Any] = {
        "procurement_id": lot.procurement_id, "deadline": DEADLINE, "opened_at": DEADLINE,
        "opened_by": world.people["agency.officer"].id, "witnessed_by": world.people["lixia.officer"].id,
    }  # fmt: skip
    made = Opening(**{**row, **changes})
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def refuses() -> Any:
    def check(constraint: str) -> Any:
        return pytest.raises(DBAPIError, match=constraint)

    return check


def test_two_thresholds_of_one_kind_are_never_in_force_together(session: Session, refuses: Any) -> None:
    session.add(_threshold(valid_to=dt.date(2026, 6, 30)))
    session.add(_threshold(valid_from=dt.date(2026, 7, 1)))
    session.add(_threshold(object_type="goods"))
    session.flush()
    session.add(_threshold(valid_from=dt.date(2026, 6, 30), valid_to=dt.date(2026, 6, 30)))
    with refuses("ex_threshold_one_in_force"):
        session.flush()


def test_a_plan_leaves_its_draft_only_with_all_six_parts(session: Session, world: World, refuses: Any) -> None:
    session.add(AnnualPlan(district_id=world.organisation("lixia").id, year=2026, status="approved", goals="x"))
    with refuses("six_parts"):
        session.flush()


def test_a_bid_has_no_readable_price_before_its_opening(session: Session, bid: Bid, refuses: Any) -> None:
    bid.price_fen = 100
    with refuses("ck_bid_sealed"):
        session.flush()


def test_bids_are_not_opened_before_the_deadline(session: Session, world: World, lot: Lot, refuses: Any) -> None:
    with refuses("after_deadline"):
        _opening(session, world, lot, opened_at=DEADLINE - dt.timedelta(seconds=1))


def test_one_person_alone_does_not_open_bids(session: Session, world: World, lot: Lot, refuses: Any) -> None:
    with refuses("two_people"):
        _opening(session, world, lot, witnessed_by=world.people["agency.officer"].id)


def test_an_unopened_bid_cannot_be_awarded(session: Session, world: World, lot: Lot, bid: Bid, refuses: Any) -> None:
    opening = _opening(session, world, lot)
    session.add(Award(lot_id=lot.id, bid_id=bid.id, opening_id=opening.id, rank=1, value_fen=100, decided_at=DEADLINE))
    with refuses("fk_award_bid_id_opening_id"):
        session.flush()


def _open(session: Session, bid: Bid, opening: Opening) -> None:
    bid.opening_id, bid.price_fen, bid.content, bid.status = opening.id, 90, {"price_fen": 90}, "opened"
    session.flush()


def test_what_was_opened_never_changes_again(session: Session, world: World, lot: Lot, bid: Bid, refuses: Any) -> None:
    _open(session, bid, _opening(session, world, lot))
    with refuses("was opened"):
        session.execute(text("UPDATE bid SET price_fen = 1 WHERE id = :id"), {"id": bid.id})


def test_a_lot_has_one_award_that_is_not_void(session: Session, world: World, lot: Lot, bid: Bid) -> None:
    opening = _opening(session, world, lot)
    _open(session, bid, opening)
    session.add(Award(lot_id=lot.id, bid_id=bid.id, opening_id=opening.id, rank=1, value_fen=90, decided_at=DEADLINE))
    session.flush()
    other = Bid(
        procurement_id=lot.procurement_id, lot_id=lot.id, supplier_id=world.organisation("qilu").id,
        submitted_by=world.people["qilu.manager"].id, sealed=b"x", sealed_at=DEADLINE, sha256="1" * 64,
        opening_id=opening.id, price_fen=95, content={}, status="opened",
    )  # fmt: skip
    session.add(other)
    session.flush()
    session.add(Award(lot_id=lot.id, bid_id=other.id, opening_id=opening.id, rank=2, value_fen=95, decided_at=DEADLINE))
    with pytest.raises(IntegrityError, match="uq_award_live_lot"):
        session.flush()


def test_a_member_with_a_conflict_does_not_sit(session: Session, world: World, lot: Lot, refuses: Any) -> None:
    session.add(
        CommitteeMember(
            procurement_id=lot.procurement_id, person_id=world.people["expert1"].id, role="expert", seed="1",
            drawn_at=DEADLINE, conflict=True, sitting=True,
        )
    )  # fmt: skip
    with refuses("no_conflict_sits"):
        session.flush()


@pytest.fixture
def score(session: Session, world: World, lot: Lot, bid: Bid) -> Score:
    factor = Factor(procurement_id=lot.procurement_id, no=1, name="f", kind="quality", max_points=Decimal(10))
    member = CommitteeMember(
        procurement_id=lot.procurement_id, person_id=world.people["expert1"].id, role="expert", seed="1",
        drawn_at=DEADLINE,
    )  # fmt: skip
    session.add_all([factor, member])
    session.flush()
    made = Score(
        factor_id=factor.id, max_points=Decimal(10), member_id=member.id, bid_id=bid.id, value=Decimal(8),
        locked_at=DEADLINE,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


@pytest.mark.parametrize("statement", ["UPDATE score SET value = 9", "DELETE FROM score"])
def test_a_locked_score_neither_changes_nor_goes(session: Session, score: Score, statement: str, refuses: Any) -> None:
    with refuses("is locked"):
        session.execute(text(statement))


def test_a_score_stays_within_its_factor(session: Session, score: Score, refuses: Any) -> None:
    session.add(
        Score(
            factor_id=score.factor_id, max_points=Decimal(10), member_id=score.member_id, bid_id=score.bid_id,
            value=Decimal("10.01"),
        )
    )  # fmt: skip
    with refuses("within_factor"):
        session.flush()


def test_nothing_is_issued_before_finance_has_seen_it(session: Session, lot: Lot, refuses: Any) -> None:
    lot.procurement.issued_at = DEADLINE
    with refuses("finance_first"):
        session.flush()
