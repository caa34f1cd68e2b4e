"""The demonstration's clock is led to its goal event by event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import clock, db, jobs, outbox
from lastmeter.outbox import Job

Factory = sessionmaker[Session]
BEGINS = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
seen: list[dt.datetime] = []


@outbox.handler("test_tick")
def _tick(session: Session, job: Job, _result: object) -> None:
    seen.append(clock.now())
    following = int(job.payload["left"]) - 1
    if following:
        due = clock.now() + dt.timedelta(days=1)
        outbox.enqueue(session, "test_tick", f"tick-{following}", payload={"left": following}, due_at=due)


@pytest.fixture
def _virtual() -> Iterator[None]:
    db.follow_virtual_clock(True)
    yield
    db.follow_virtual_clock(False)
    clock.set_virtual(None)


@pytest.mark.usefixtures("_virtual")
def test_each_event_on_the_way_happens_at_its_own_instant(factory: Factory) -> None:
    seen.clear()
    with factory() as session, db.unit_of_work(session):
        db.move_legal_clock(session, BEGINS)
        outbox.enqueue(session, "test_tick", "tick", payload={"left": 3}, due_at=BEGINS + dt.timedelta(days=1))
        db.send_legal_clock(session, BEGINS + dt.timedelta(days=30))
    jobs.drain(factory)
    assert seen == [BEGINS + dt.timedelta(days=days) for days in (1, 2, 3)]
    with factory() as session, db.unit_of_work(session, write=False):
        assert clock.now() == BEGINS + dt.timedelta(days=30)
        assert db.legal_clock_moves(session) is None


@pytest.mark.usefixtures("_virtual")
def test_the_clock_stops_at_its_goal_before_what_comes_later(factory: Factory) -> None:
    seen.clear()
    with factory() as session, db.unit_of_work(session):
        db.move_legal_clock(session, BEGINS)
        outbox.enqueue(session, "test_tick", "tick", payload={"left": 9}, due_at=BEGINS + dt.timedelta(days=1))
        db.send_legal_clock(session, BEGINS + dt.timedelta(days=2, hours=1))
    jobs.drain(factory)
    assert len(seen) == 2
