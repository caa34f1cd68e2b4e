"""A message that could begin nothing is named where its sender is looked at, with the reason and what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session
from tests.web.stage import LogIn, after

from lastmeter import jobs
from lastmeter.actor import SYSTEM
from lastmeter.outbox import Job
from lastmeter.rehearsal import acts
from lastmeter.rehearsal.player import Player
from lastmeter.workflow import incidents
from lastmeter.workflow.models import Instance

Stage = tuple[Player, LogIn]
TERMINATED = """
title_zh: 区里没有已备案的计划，重新采购没有发起
title_en: The district has filed no plan, so nothing is bought again
at: 2026-10-12T09:00
given: {contract: {signed_on: 2026-06-01, provider: huimin, street: lixia.quancheng, number: HT-0001}}
start: {as: lixia.officer, data: {contract_number: HT-0001}}
steps:
  - {do: task_notice, data: {ground: breach, facts: 连续两月未提交月度简报。}}
  - {do: task_statement, data: {statement: 无意见。}}
  - {do: task_legal, data: {opinion: 事实清楚，程序合法。, lawful: true}}
  - {do: task_decide, data: {decision: terminate, effective_on: 2026-10-12, reason: 长期不履行报告义务。}}
  - {do: task_settle, data: {due_fen: 8000000, bond_claim_fen: 0, voucher: PZ-0009}}
  - move: 2026-10-13T09:00
  - {do: task_handover, data: {cases: true, files: true, list: 档案一册。}}
  - do: task_new_tender
    data: {start_tender: true, plan_year: 2026, interim: 由大明湖站临时承接紧急个案。}
"""


@pytest.fixture(scope="module")
def unheard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("unheard")
    script = folder / "termination" / "scenarios" / "no_plan.yaml"
    script.parent.mkdir(parents=True)
    script.write_text(TERMINATED)
    with after(script, folder) as (player, log_in):
        for _ in range(jobs.ATTEMPTS):  # without the pauses between the tries, which are real minutes
            player.in_unit(lambda session: session.execute(update(Job).values(lease_until=text("NULL"))))
            player.drain()
        yield player, log_in


def _sender(stage: Stage) -> str:
    with stage[0].factory() as session:
        found = session.scalars(select(Instance).where(Instance.definition_key == "termination")).one()
        assert found.state == "completed"
        return f"/instances/{found.id}"


WORDS = {
    "zh": ("“需要采购”没有送达", "2026 年度实施计划尚未报市民政局备案", "请先办结该年度", "请运维人员重试"),
    "en": ("“Tender needed” was not taken", "The annual plan of 2026 has not been filed", "ask an operator"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_senders_page_names_the_message_the_reason_and_the_remedy(unheard: Stage, language: str) -> None:
    shown = unheard[1]("lixia.officer").get(f"{_sender(unheard)}?lang={language}").get_data(as_text=True)
    assert [each for each in WORDS[language] if each not in shown] == []


def _try_again(session: Session) -> None:
    for each in incidents.open(session, SYSTEM):
        incidents.retry(session, SYSTEM, each.id)


def test_once_it_was_taken_nothing_is_said_of_it_any_more(unheard: Stage) -> None:
    """Filed meanwhile and tried again by an operator: the tender has begun."""
    player, log_in = unheard
    player.in_unit(lambda session: acts.find("filed_plan")(player, session, SYSTEM, {"year": 2026}))
    player.in_unit(_try_again)
    player.drain()
    with player.factory() as session:
        assert session.scalars(select(Instance.state).where(Instance.definition_key == "tender")).all() == ["running"]
    assert "没有送达" not in log_in("lixia.officer").get(_sender(unheard)).get_data(as_text=True)
