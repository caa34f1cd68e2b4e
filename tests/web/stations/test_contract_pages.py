"""Contracts and stations on screen: with everything that hangs on them, for those whom they concern."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from tests.web.stage import LogIn, after, token_of

from lastmeter import clock, paths
from lastmeter.rehearsal.player import Player

BPMN = paths.bundled("bpmn")
Stage = tuple[Player, LogIn]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    scenario = BPMN / "evaluation" / "scenarios" / "qualified_after_objection.yaml"
    with after(scenario, tmp_path_factory.mktemp("contracts")) as made:
        yield made


@pytest.fixture(scope="module")
def terminated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    scenario = BPMN / "termination" / "scenarios" / "unqualified_with_open_case.yaml"
    with after(scenario, tmp_path_factory.mktemp("contracts")) as made:
        yield made


def _text(stage: Stage, login: str, address: str) -> str:
    return stage[1](login).get(address).get_data(as_text=True)


def test_the_page_shows_years_money_and_the_points_of_all_37_rules(evaluated: Stage) -> None:
    shown = _text(evaluated, "lixia.officer", f"/contracts/{evaluated[0].names['contract']}")
    assert "第3年" in shown
    assert "¥400,000.00" in shown
    assert all(f"<td>R{number:02d}</td>" in shown for number in range(1, 38))
    assert "合格" in shown
    assert "不足3人" in shown  # nobody was ever put on post


def test_the_page_is_read_in_english_as_well(evaluated: Stage) -> None:
    shown = _text(evaluated, "auditor", f"/contracts/{evaluated[0].names['contract']}?lang=en")
    for words in ("Points by the 37 rules", "Qualified", "fewer than three people", "Performance bond", "Year 1"):
        assert words in shown


def test_a_termination_is_told_with_its_settlement(terminated: Stage) -> None:
    shown = _text(terminated, "lixia.leader", f"/contracts/{terminated[0].names['contract']}")
    for words in ("已终止", "年度评估不合格", "¥80,000.00", "¥40,000.00"):
        assert words in shown


def test_what_a_terminated_contract_still_owed_is_shown_as_withdrawn(terminated: Stage) -> None:
    page = f"/contracts/{terminated[0].names['contract']}"
    # Ten months were due and never written: late, and since the termination no longer asked for.
    assert _text(terminated, "lixia.officer", page).count("4月27日 撤销</td>") == 11
    assert "withdrawn 27 Apr" in _text(terminated, "lixia.officer", page + "?lang=en")


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("lixia.officer", 200), ("lixia.leader", 200), ("lixia.finance", 200), ("lixia.quancheng.officer", 200),
        ("city.officer", 200), ("auditor", 200), ("huimin.manager", 200), ("huimin.station", 200), ("evaluator", 200),
        ("licheng.officer", 404), ("licheng.finance", 404), ("lixia.daming.officer", 404), ("yangguang.manager", 404),
        ("yangguang.station", 404), ("huimin.worker1", 404), ("operator", 404), ("designer", 404),
    ],
)  # fmt: skip
def test_a_contract_is_read_by_those_whom_it_concerns_only(evaluated: Stage, login: str, status: int) -> None:
    answer = evaluated[1](login).get(f"/contracts/{evaluated[0].names['contract']}")
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("login", "address", "seen"),
    [
        ("lixia.officer", "/contracts", True), ("licheng.officer", "/contracts", False),
        ("huimin.manager", "/contracts/own", True), ("yangguang.manager", "/contracts/own", False),
        ("evaluator", "/contracts/own", True), ("lixia.finance", "/contracts", True),
        ("lixia.officer", "/stations", True), ("licheng.officer", "/stations", False),
        ("lixia.quancheng.officer", "/stations", True), ("lixia.daming.officer", "/stations", False),
    ],
)  # fmt: skip
def test_lists_hold_what_lies_in_the_readers_subtree(evaluated: Stage, login: str, address: str, seen: bool) -> None:
    answer = evaluated[1](login).get(address)
    assert answer.status_code == 200
    assert (f'/contracts/{evaluated[0].names["contract"]}"' in answer.get_data(as_text=True)) is seen


def test_a_list_is_searched_and_paged_without_surprises(evaluated: Stage) -> None:
    officer = evaluated[1]("lixia.officer")
    assert "HT-0001" in officer.get("/contracts?q=HT-0001&status=active").get_data(as_text=True)
    assert "HT-0001" not in officer.get("/contracts?q=%25").get_data(as_text=True)
    assert officer.get("/contracts?before=x").status_code == 422


def test_a_period_has_both_years_or_none(evaluated: Stage) -> None:
    shown = _text(evaluated, "lixia.officer", f"/contracts/{evaluated[0].names['contract']}")
    periods = re.findall(r"((?:\d{4}年)?)\d+月\d+日 – ((?:\d{4}年)?)\d+月\d+日", shown)
    assert len(periods) >= 4  # three years and the whole term
    assert all(bool(first) == bool(last) for first, last in periods)
    english = _text(evaluated, "lixia.officer", f"/contracts/{evaluated[0].names['contract']}?lang=en")
    assert "<dt>Term</dt>" in english
    assert "<h2>Contract</h2>" in english


def test_a_contract_whose_term_has_passed_is_not_said_to_be_in_force(evaluated: Stage) -> None:
    """It read 履行中 until its last year was closed, which may take months."""
    page, last_day = f"/contracts/{evaluated[0].names['contract']}", dt.date(2029, 5, 31)
    with clock.standing_at(clock.at(last_day)):
        assert "履行中" in _text(evaluated, "lixia.officer", page)
    with clock.standing_at(clock.at(last_day + dt.timedelta(days=1))):
        shown = _text(evaluated, "lixia.officer", page)
        assert "期满待办结" in shown
        assert "履行中" not in shown
        assert "Term over, being closed" in _text(evaluated, "huimin.manager", "/contracts/own?lang=en")
        assert "HT-0001" in _text(evaluated, "lixia.officer", "/contracts?status=over")
        assert "HT-0001" not in _text(evaluated, "lixia.officer", "/contracts?status=active")


@pytest.mark.parametrize(("number", "words"), [("HT-9999", "本区没有编号为“HT-9999”的合同"), ("HT-0001", "不在履行中")])
def test_a_termination_that_cannot_begin_is_refused_beside_the_number(
    terminated: Stage, number: str, words: str
) -> None:
    officer = terminated[1]("lixia.officer")
    answer = officer.post("/start/termination", data={"contract_number": number, "csrf_token": token_of(officer)})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'href="#f-contract_number"' in page
    assert words in page
