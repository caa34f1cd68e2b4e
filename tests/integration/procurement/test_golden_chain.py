"""The open tender of 13 April 2026, played by people from the annual plan to the signature, has the golden chain."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from lastmeter import clock, paths
from lastmeter.procurement.models import Bid, Procurement
from lastmeter.procurement.schedule import chain
from lastmeter.rehearsal import runner
from lastmeter.rehearsal.player import play
from lastmeter.rehearsal.scenario import read

DUE = {
    "docs_until": "2026-04-20",
    "clarification": "2026-04-21",
    "bid_deadline": "2026-05-06",
    "report": "2026-05-08",
    "decision": "2026-05-14",
    "notice": "2026-05-18",
    "notice_end": "2026-05-19",
    "bonds_losers": "2026-05-25",
    "challenge_end": "2026-05-28",
    "earliest_signing": "2026-05-29",
    "signing": "2026-06-17",
    "contract_notice": "2026-06-02",
    "contract_filing": "2026-06-09",
    "staff_on_post": "2026-06-29",
}
MET = {
    "docs_until": "2026-04-20",
    "bid_deadline": "2026-05-06",
    "report": "2026-05-08",
    "decision": "2026-05-14",
    "notice": "2026-05-18",
    "bonds_losers": "2026-05-18",
    "signing": "2026-05-29",
}


def test_the_golden_chain_comes_out_exactly_when_people_play_it() -> None:
    scenario = read(paths.bundled("bpmn") / "tender" / "scenarios" / "golden_chain.yaml")
    with runner.stage(scenario.at) as player:
        play(player, scenario)
        with player.factory() as session, clock.standing_at(clock.at(dt.date(2026, 5, 29))):
            procurement = session.scalars(select(Procurement)).one()
            lines = {line.key: line for line in chain(session, procurement.id)}
            ranks = session.execute(select(Bid.rank, Bid.total).order_by(Bid.rank)).all()
    assert {key: str(line.due) for key, line in lines.items()} == DUE
    assert {key: str(line.happened) for key, line in lines.items() if line.happened} == MET
    assert {line.state for line in lines.values() if line.happened} == {"met"}
    assert lines["contract_notice"].state == lines["staff_on_post"].state == "planned"
    # 82 + 9.77, 75 + 9.55 and 72.5 + 10.00 points
    assert [(row.rank, str(row.total)) for row in ranks] == [(1, "91.77"), (2, "84.55"), (3, "82.50")]
