"""The officer's walk: from the annual plan in the inbox to the signature, with the golden chain of the tender."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from tests.browser.walking import Site, chain

from lastmeter import paths
from lastmeter.procurement import thresholds
from lastmeter.rehearsal.scenario import read

# Source: domain.md C0, the golden chain of an open tender issued on 13 April 2026.
GOLDEN = {
    "docs_until": "2026-04-20", "clarification": "2026-04-21", "bid_deadline": "2026-05-06", "report": "2026-05-08",
    "decision": "2026-05-14", "notice": "2026-05-18", "notice_end": "2026-05-19", "bonds_losers": "2026-05-25",
    "challenge_end": "2026-05-28", "earliest_signing": "2026-05-29", "signing": "2026-06-17",
    "contract_notice": "2026-06-02", "contract_filing": "2026-06-09", "staff_on_post": "2026-06-29",
}  # fmt: skip
SCENARIO = read(paths.bundled("bpmn") / "tender" / "scenarios" / "golden_chain.yaml")


def data_of(element: str, nth: int = 0) -> Any:
    """What people type for an element in the golden chain's scenario."""
    found = [
        step.options.get("data")
        for step in SCENARIO.steps
        if step.verb == "do" and step.subject == element and "refused" not in step.options
    ]
    return found[nth]


@pytest.fixture(scope="module", autouse=True)
def _thresholds(town: Site) -> None:
    """The province's amounts, which are never shipped."""
    with town.factory() as session:
        thresholds.add_examples(session)
        session.commit()


def test_the_district_files_its_annual_plan(town: Site) -> None:
    page = town.open("lixia.officer", "/start")
    page.click('a[href="/start/annual_plan"]')
    page.fill("#f-year", "2026")
    page.click("form.form .actions button.primary")
    town.settle()
    assert town.do_all("task_needs", data_of("task_needs")) == 2
    town.do("task_draft_plan", data_of("task_draft_plan"))
    town.do("task_budget", data_of("task_budget"))
    town.do("task_approve", data_of("task_approve"), process="annual_plan")
    town.do("task_submit", data_of("task_submit"))
    town.do("task_check", data_of("task_check"))
    assert town.waiting("task_requirement")
    page = town.open("lixia.officer", "/public/plans")
    expect(page.locator("main")).to_contain_text("历下区民政局")


def test_an_open_tender_is_issued_on_13_april_and_takes_bids(town: Site) -> None:
    town.move_to("lixia.officer", dt.date(2026, 3, 30))
    town.do("task_requirement", data_of("task_requirement"))
    town.move_to("lixia.officer", dt.date(2026, 4, 9))
    town.do("task_opinion", data_of("task_opinion"))
    town.do("task_finance", data_of("task_finance"))
    town.move_to("lixia.officer", dt.date(2026, 4, 13))
    town.do("task_documents", data_of("task_documents"))
    town.do("task_approve", data_of("task_approve", 1), process="tender_documents")
    no = town.newest_procurement()
    page = town.open("lixia.officer", f"/procurements/{no}")
    assert chain(page) == GOLDEN
    for supplier, price in (("huimin", "860,000.00"), ("yangguang", "880,000.00")):
        page = town.bid(f"{supplier}.manager", no, price)
        expect(page.locator(".flash")).to_contain_text("密封")
    page = town.bid("hexie.manager", no, "900,000.01")
    expect(page.locator("[data-error-summary]")).to_contain_text("预算")
    page.fill("#f-price_fen", "840,000.00")
    page.click("form.form .actions button.primary")
    expect(page.locator(".flash")).to_contain_text("密封")
    page = town.open("lixia.leader", f"/procurements/{no}")
    expect(page.locator('[data-bids="1"]')).to_have_text("3")
    assert "860,000" not in page.content()


def test_the_bids_are_opened_by_two_judged_and_the_contract_signed(town: Site) -> None:
    no = town.newest_procurement()
    town.move_to("lixia.officer", dt.date(2026, 5, 6))
    assert town.task("task_open") is None
    while town.task("task_open") is None:
        town.move_to_next("lixia.officer")
    page = town.open("qilu.manager", f"/tenders/{no}/lots/1/bid")
    expect(page.locator("[data-error-summary]")).to_contain_text("5月6日 09:30:00")
    town.do("task_open", data_of("task_open"))
    town.do("task_witness", data_of("task_witness"))
    town.do("task_qualify", data_of("task_qualify"))
    assert town.do_all("task_declare", data_of("task_declare")) >= 4
    assert town.do_all("task_score", data_of("task_score")) >= 5
    town.move_to("agency.officer", dt.date(2026, 5, 8))
    town.do("task_report", data_of("task_report"))
    town.move_to("lixia.officer", dt.date(2026, 5, 14))
    town.do("task_decide", data_of("task_decide"))
    town.move_to("lixia.officer", dt.date(2026, 5, 18))
    town.do("task_notice", data_of("task_notice"))
    town.do("task_refund", data_of("task_refund"))
    town.move_to("lixia.officer", dt.date(2026, 5, 29))
    assert town.do_all("task_draft_contract", data_of("task_draft_contract")) == 2
    assert town.do_all("task_sign_provider", data_of("task_sign_provider")) == 2
    assert town.do_all("task_sign_buyer", data_of("task_sign_buyer")) == 2
    page = town.open("lixia.officer", f"/procurements/{no}")
    assert chain(page) == GOLDEN
    expect(page.locator('tr[data-line="signing"] td').nth(1)).to_have_text("5月29日")
    expect(page.locator('tr[data-line="signing"]')).to_have_attribute("data-state", "met")
    expect(page.locator('[data-award="1"]')).to_contain_text("惠民社会工作服务中心")


def test_the_same_page_says_it_in_english(town: Site) -> None:
    no = town.newest_procurement()
    page = town.person("lixia.officer")
    page.goto(f"{town.address}/procurements/{no}")
    page.click('nav.rail button[name="language"][value="en"]')
    assert chain(page) == GOLDEN
    expect(page.locator('tr[data-line="bid_deadline"]')).to_contain_text("Government Procurement Law, art. 35")
    expect(page.locator('tr[data-line="signing"]')).to_contain_text("29 May")
    page.click('nav.rail button[name="language"][value="zh"]')


def test_the_auditor_reads_the_procurement_with_its_trail(town: Site) -> None:
    no = town.newest_procurement()
    page = town.open("auditor", f"/procurements/{no}")
    page.click("#audit > summary")
    expect(page.locator("#audit")).to_contain_text("开标")
    for path in ("/cases", "/clients"):
        answer = page.goto(town.address + path)
        assert answer is not None
        assert answer.status in (403, 404)


def test_the_public_reads_the_award_without_login(town: Site) -> None:
    context = town.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{town.address}/public/")
    page.click("text=中标（成交）结果公告")
    expect(page.locator("main")).to_contain_text("惠民社会工作服务中心")
    context.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_of_the_walk_shuts_anybody_out(town: Site, language: str, width: int) -> None:
    no, task = town.newest_procurement(), town.waiting("task_publish")
    seen = {
        "lixia.officer": [
            "/inbox", f"/t/{task.id}", f"/instances/{task.instance_id}", f"/procurements/{no}", "/procurements",
        ],
        "huimin.manager": [f"/tenders/{no}", "/tenders"],
    }  # fmt: skip
    town.page.set_viewport_size({"width": width, "height": 900})
    violations: dict[str, list[str]] = {}
    for login, paths_ in seen.items():
        for path in [*paths_, "/public/"]:
            page = town.open(login, f"{path}?lang={language}")
            violations |= {f"{path} {each}": nodes for each, nodes in serious(page).items()}
            assert "gw_" not in page.locator("main").inner_text(), f"{path} shows the id of an element"
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{path} is {wider} px wider than {width}"
    town.page.set_viewport_size({"width": 1440, "height": 900})
    assert violations == {}


def serious(page: Page) -> dict[str, list[str]]:
    """What axe-core calls a serious or critical violation, with where."""
    found = Axe().run(page).response["violations"]
    return {
        each["id"]: [node["html"][:120] for node in each["nodes"][:3]]
        for each in found
        if each["impact"] in ("serious", "critical")
    }


def test_the_browser_complained_of_nothing(town: Site) -> None:
    # Refusals that the walk provokes are answered with 4xx, which the console calls an error.
    assert [each for each in town.complaints if "status of 4" not in each] == []
