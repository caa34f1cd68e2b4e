"""The golden chain: an open tender issued on 2026-04-13, every date through the register."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.deadlines.rules import Pause
from lastmeter.procurement.schedule import Dates, Line, plan

ISSUED = dt.date(2026, 4, 13)
GOLDEN = {
    "docs_until": ("2026-04-20", "D11"),
    "clarification": ("2026-04-21", "D12"),
    "bid_deadline": ("2026-05-06", "D10"),
    "report": ("2026-05-08", "D20"),
    "decision": ("2026-05-14", "D21"),
    "notice": ("2026-05-18", "D22"),
    "notice_end": ("2026-05-19", "D23"),
    "bonds_losers": ("2026-05-25", "D24"),
    "challenge_end": ("2026-05-28", "D41"),
    "earliest_signing": ("2026-05-29", "D41"),
    "signing": ("2026-06-17", "D30"),
    "contract_notice": ("2026-06-02", "D31"),
    "contract_filing": ("2026-06-09", "D32"),
    "staff_on_post": ("2026-06-29", "D02"),
}


def lines(session: Session, **dates: dt.date) -> dict[str, Line]:
    return {line.key: line for line in plan(session, Dates(ISSUED, **dates), today=ISSUED)}


def test_an_open_tender_issued_on_13_april_2026_has_exactly_the_golden_chain(session: Session) -> None:
    found = lines(session)
    assert {key: (str(line.due), line.rule.id) for key, line in found.items()} == GOLDEN
    assert all(line.state == "planned" for line in found.values())
    assert all(line.source_zh and line.source_en for line in found.values())


def test_what_really_happened_moves_all_that_follows(session: Session) -> None:
    found = lines(session, bid_deadline=dt.date(2026, 5, 6), report_received=dt.date(2026, 5, 7))
    assert (found["report"].state, found["report"].happened) == ("met", dt.date(2026, 5, 7))
    assert found["decision"].due == dt.date(2026, 5, 13)


def test_a_step_taken_too_late_is_missed(session: Session) -> None:
    found = lines(session, report_received=dt.date(2026, 5, 9))
    assert found["report"].state == "missed"


def test_a_deadline_before_its_minimum_is_missed(session: Session) -> None:
    assert lines(session, bid_deadline=dt.date(2026, 5, 5))["bid_deadline"].state == "missed"


def test_what_lies_beyond_the_announced_calendar_is_provisional(session: Session) -> None:
    found = {line.key: line for line in plan(session, Dates(dt.date(2026, 12, 1)), today=dt.date(2026, 12, 1))}
    assert found["docs_until"].state == "planned"
    assert found["signing"].state == "provisional"


@pytest.mark.parametrize(("days", "due"), [(0, "2026-06-17"), (7, "2026-06-24")])
def test_a_suspension_lengthens_the_time_to_sign(session: Session, days: int, due: str) -> None:
    since = clock.at(dt.date(2026, 5, 21))
    pauses = [Pause(since, since + dt.timedelta(days=days))] if days else []
    found = {line.key: line for line in plan(session, Dates(ISSUED), today=ISSUED, pauses=pauses)}
    assert str(found["signing"].due) == due


def test_a_consultation_has_its_own_shorter_minima(session: Session) -> None:
    found = {line.key: line for line in plan(session, Dates(ISSUED), method="competitive_consultation", today=ISSUED)}
    assert found["bid_deadline"].due == dt.date(2026, 4, 23)
    assert "clarification" not in found
