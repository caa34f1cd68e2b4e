"""At the stations: a provider staffs short, a weak station ends, a social worker takes an order and closes the case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, expect
from tests.browser.walking import Site, site

from lastmeter import clock, paths
from lastmeter.rehearsal.scenario import read

SIGNED = """
given: {contract: {signed_on: 2026-05-29, provider: huimin, street: lixia.quancheng}}
message:
  name: contract.signed
  payload:
    contract_id: $contract
    signed_on: 2026-05-29
    starts_on: 2026-05-29
    parties: {district: $org:lixia, street: $org:lixia.quancheng, provider: $org:huimin, team: $org:huimin.team}
"""
A_WEAK_YEAR = """
given:
  contract:
    - {signed_on: 2026-06-01, provider: huimin, street: lixia.quancheng, number: HT-0001}
    - {signed_on: 2026-06-01, provider: yangguang, street: lixia.daming, number: HT-0002, name: other}
message:
  name: contract.signed
  payload:
    contract_id: $contract
    signed_on: 2026-06-01
    starts_on: 2026-06-01
    parties: {district: $org:lixia, street: $org:lixia.quancheng, provider: $org:huimin, team: $org:huimin.team}
steps:
  - act: filed_plan
    as: operator
    data: {year: 2027}
  - start: case
    as: huimin.worker1
  - do: task_intake
    data:
      source: self
      client_name: 赵大爷
      id_number: "370102196503150019"
      categories: [elderly_alone]
      problem: 独居，缺少照料。
      counselling_need: true
      consent_general: true
      consent_sensitive: true
  - move: 2027-04-15T09:00
"""
AN_ORDER = """
given: {contract: {signed_on: 2026-06-01}}
"""


def steps_of(process: str, name: str) -> dict[str, list[Any]]:
    """What people type for each element of a scenario, in order."""
    found: dict[str, list[Any]] = {}
    for step in read(paths.bundled("bpmn") / process / "scenarios" / f"{name}.yaml").steps:
        if step.verb == "do" and "refused" not in step.options:
            found.setdefault(str(step.subject), []).append(step.options.get("data") or {})
    return found


@pytest.fixture(params=["zh", "en"])
def signed(
    request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    before, folder = yaml.safe_load(SIGNED), tmp_path_factory.mktemp("signed")
    with site(chromium, folder, clock.at(dt.date(2026, 5, 29)), before=before, language=request.param) as made:
        yield made
        assert made.chinese == {}


@pytest.fixture
def weak(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Walked in English, and read in both languages where it matters."""
    before, folder = yaml.safe_load(A_WEAK_YEAR), tmp_path_factory.mktemp("weak")
    with site(chromium, folder, clock.at(dt.date(2026, 6, 1)), before=before, language="en") as made:
        yield made
        assert made.chinese == {}


@pytest.fixture
def served(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Walked in Chinese, and read in both languages where it matters."""
    before = yaml.safe_load(AN_ORDER)
    with site(chromium, tmp_path_factory.mktemp("served"), clock.at(dt.date(2026, 7, 6)), before=before) as made:
        yield made
        assert made.chinese == {}


def contract_of(walk: Site, login: str) -> str:
    """The address of the person's contract, found in their list."""
    page = walk.open(login, "/contracts/own")
    return page.locator("main a.t").first.get_attribute("href") or ""


def test_a_provider_that_staffs_short_sees_the_breach_and_mends_it(signed: Site) -> None:
    typed = steps_of("staffing", "short_then_complete")
    signed.do("task_roster", typed["task_roster"][0])
    assert signed.waiting("task_cure")
    signed.reads(
        "huimin.manager",
        "/notices",
        zh="未达配备标准",
        en="Quancheng Road Social Work Station: the reported staff misses",
    )
    contract = contract_of(signed, "huimin.manager")
    signed.reads("huimin.manager", contract, zh="人员配备未达标", en="Staffing below the standards")
    signed.reads("huimin.manager", contract, zh="待整改", en="fewer than three people")
    signed.do("task_cure", typed["task_cure"][0])
    signed.do("task_confirm", typed["task_confirm"][0])
    page = signed.open("huimin.manager", contract)
    expect(page.locator("main")).to_contain_text("李娜")
    mended, short = ("已整改", "人员配备") if signed.language == "zh" else ("Mended", "Staffing")
    expect(page.locator("main")).to_contain_text(mended)
    expect(page.locator("main [role=status]", has_text=short)).to_have_count(0)


def test_a_weak_station_is_scored_below_60_and_ends_with_its_cases_in_other_hands(weak: Site) -> None:
    scored, ended = steps_of("contract_term", "unqualified"), steps_of("termination", "unqualified_with_open_case")
    for element in ("task_form_team", "task_self", "task_documents", "task_site_visit", "task_survey", "task_opinion",
                    "task_decide", "task_street_sign"):  # fmt: skip
        weak.do(element, scored[element][0], process="evaluation")
    weak.reads("huimin.manager", contract_of(weak, "huimin.manager"), zh="不合格", en="Unqualified")
    weak.reads("lixia.officer", "/inbox?queue=group", zh="终止 HT-0001", en="Termination of HT-0001, Quancheng Road")
    weak.do("task_notice", ended["task_notice"][0], who="lixia.officer")
    weak.do("task_statement", {"statement": "人员招聘困难，愿意配合移交。"})
    weak.reads("lixia.officer", "/inbox?queue=group", zh="您已办理“发出终止告知”", en="You did “Give notice”")
    weak.do("task_legal", ended["task_legal"][0])
    weak.do("task_decide", ended["task_decide"][0] | {"effective_on": "2027-06-30"}, process="termination")
    page = weak.open("lixia.officer", "/contracts")
    expect(page.locator("tr", has_text="HT-0001")).to_contain_text("Terminated")
    weak.do("task_settle", ended["task_settle"][0])
    weak.move_to("lixia.officer", dt.date(2027, 7, 1))
    page = weak.open("huimin.station", "/cases")
    page.click("main a.t")
    taker = page.locator("#person option", has_text="阳社工1").first
    page.select_option("#person", value=taker.get_attribute("value"))
    page.fill("#reason", "合同终止，移交阳光中心")
    page.check('[name="consent"]')
    page.click('form[action$="/hand-over"] button.primary')
    expect(page.locator(".flash")).to_contain_text("handed over")
    page = weak.open("yangguang.worker1", "/cases")
    expect(page.locator("main table")).to_be_visible()
    weak.do("task_handover", ended["task_handover"][-1])
    weak.do("task_new_tender", ended["task_new_tender"][0])
    task = weak.waiting("task_requirement")
    page = weak.open("lixia.officer", "/inbox?queue=group")
    expect(page.locator(f'a[href$="/t/{task.id}"]').first).to_be_visible()


def _hesitates(served: Site) -> None:
    """A field on a condition comes and goes while one chooses; what was typed in it is there again."""
    page = served.open("huimin.station", f"/t/{served.waiting('task_accept').id}")
    reason = page.locator("#f-refuse_reason")
    expect(reason).to_have_count(0)
    page.check('[name="decision"][value="refuse"]')
    expect(reason).to_be_visible()
    reason.select_option("no_capacity")
    page.check('[name="decision"][value="accept"]')
    expect(reason).to_have_count(0)
    page.check('[name="decision"][value="refuse"]')
    expect(reason).to_have_value("no_capacity")
    page.check('[name="decision"][value="accept"]')
    expect(reason).to_have_count(0)


def test_a_social_worker_accepts_an_order_opens_a_case_and_closes_it(served: Site) -> None:
    typed = steps_of("dispatch", "order_to_case")
    page = served.open("dispatcher", "/start/dispatch")
    page.select_option("#f-street", label="泉城路街道办事处")
    for name, value in (("source", "hotline"), ("category", "elderly"), ("urgency", "normal")):
        control = page.locator(f'form.form [name="{name}"]').first
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            page.check(f'form.form [name="{name}"][value="{value}"]')
    page.fill("#f-request", "父亲独居，行动不便。")
    page.click("form.form .actions button.primary")
    served.settle()
    _hesitates(served)
    served.do("task_accept", typed["task_accept"][0])
    served.do("task_contact", typed["task_contact"][0], who="huimin.worker2")
    served.do("task_intake", typed["task_intake"][0], who="huimin.worker2")
    served.do("task_confirm", typed["task_confirm"][0])
    served.do("task_assessment", typed["task_assessment"][0])
    served.do("task_plan", typed["task_plan"][0])
    served.do("task_approve_plan", {"plan_decision": "approve"})
    served.move_to("dispatcher", dt.date(2026, 7, 20))
    served.do("task_session", typed["task_session"][-1])
    served.do("task_evaluation", typed["task_evaluation"][0])
    served.do("task_closure", typed["task_closure"][0])
    served.do("task_approve_closure", {"closure_decision": "approve"})
    served.reads("huimin.worker2", "/cases", zh="已结案", en="Closed")
    served.reads("huimin.worker2", "/cases/1", zh="赵大爷", en="赵大爷")
    # Rule B3: neither the auditor nor the district opens a case.
    for login in ("auditor", "lixia.officer"):
        answer = served.person(login).goto(f"{served.address}/cases/1")
        assert answer is not None
        assert answer.status in (403, 404)
        assert "赵大爷" not in served.page.content()
