"""The golden procurement, played to the end of its contracts, and what the public is told on the way."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock, paths
from lastmeter.actor import SYSTEM
from lastmeter.procurement.models import Procurement
from lastmeter.rehearsal import runner
from lastmeter.rehearsal.player import Player, play
from lastmeter.rehearsal.scenario import Scenario, Step, instant, read
from lastmeter.reports import ocds
from lastmeter.stations import contracts, evaluations
from lastmeter.stations.models import Contract, Termination

SITE = "https://disclosure.example"
CLIENT, CLIENT_ID = "赵大爷独一无二", "370102196503150019"
AFTERWARDS = (
    Step("do", "task_publish", {"times": "all", "data": {"published_on": "2026-06-02", "redactions": []}}, 101),
    Step("do", "task_file", {"times": "all", "data": {"filed_on": "2026-06-02", "receipt": "BA-2026-001"}}, 102),
    Step("do", "task_refund", {"times": "all", "data": {"refunded_on": "2026-06-02"}}, 103),
    Step("move", "2026-06-08T09:00", {}, 106),
    Step("start", "case", {"as": "huimin.worker1"}, 104),
    Step(
        "do",
        "task_intake",
        {
            "data": {
                "source": "self",
                "client_name": CLIENT,
                "id_number": CLIENT_ID,
                "categories": ["elderly_alone"],
                "problem": f"{CLIENT}独居，缺少照料。",
                "counselling_need": True,
                "consent_general": True,
                "consent_sensitive": True,
            }
        },
        105,
    ),
)


@dataclass
class Golden:
    """What the public was told on which day of the play, and the database as it stands afterwards."""

    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    player: Player | None = None

    @property
    def final(self) -> dict[str, Any]:
        return self.told["end"]

    def session(self) -> Session:
        assert self.player is not None
        return self.player.factory()


def export(player: Player, at: dt.datetime, **given: Any) -> dict[str, Any]:
    with player.factory() as session, clock.standing_at(at):
        return ocds.releases(session, address=SITE, **given)


@pytest.fixture(scope="session")
def golden() -> Iterator[Golden]:
    """The procurement of golden_chain.yaml; then two contracts are paid and judged, one of them is terminated."""
    scenario = read(paths.bundled("bpmn") / "tender" / "scenarios" / "golden_chain.yaml")
    found = Golden()
    with runner.stage(scenario.at) as player:
        found.player = player
        for name, steps in _acts(scenario):
            play(player, dataclasses.replace(scenario, at=player.now, steps=steps))
            found.told[name] = export(player, player.now)
        _perform(player)
        found.told["end"] = export(player, instant("2028-01-10"))
        yield found


def _acts(scenario: Scenario) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """The scenario in acts: to the opening, to the award's notice, to the signature; and what comes after it."""
    steps = scenario.steps
    opening = next(i for i, step in enumerate(steps) if step.verb == "move" and str(step.subject) == "2026-05-06T09:30")
    noticed = next(i for i, step in enumerate(steps) if step.subject == "task_notice")
    yield "before opening", steps[:opening]
    yield "decided", steps[opening:noticed]
    yield "signed", steps[noticed:]
    yield "published", AFTERWARDS


def _perform(player: Player) -> None:
    def work(session: Session) -> None:
        procurement = session.scalars(select(Procurement)).one()
        mine = select(Contract).where(Contract.procurement_id == procurement.id)
        good, bad = session.scalars(mine.order_by(Contract.id))
        for contract in (good, bad):
            number = f"FK-{contract.id} {CLIENT}"
            contracts.pay(session, SYSTEM, contract, number, "progress", 14_333_333, dt.date(2026, 12, 1))
        for contract, grade in ((good, "good"), (bad, "unqualified")):
            year = contracts.year(session, contract.id, 1)
            judged = evaluations.open_evaluation(session, year, contract.instance_id or 0)
            judged.grade, judged.total_hundredths, judged.decided_on = grade, 8123, dt.date(2027, 6, 20)
        facts, last = f"{CLIENT}的个案无人跟进。", dt.date(2027, 7, 31)
        session.add(Termination(contract_id=bad.id, ground="evaluation", facts=facts, effective_on=last))
        contracts.end(session, SYSTEM, bad, last, "terminated")

    with clock.standing_at(instant("2026-12-02")):
        player.in_unit(work)
