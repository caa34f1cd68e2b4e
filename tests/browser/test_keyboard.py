"""Whoever uses no mouse does the same work: keys on the list, Tab and Enter in the form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import Browser, expect
from tests.browser.walking import Site, site

from lastmeter import clock

THREE_ORDERS = """
given: {contract: {signed_on: 2026-06-01}}
steps:
  - start: dispatch
    as: dispatcher
    data: &order
      {source: hotline, street: $org:lixia.quancheng, category: elderly, urgency: normal, request: 父亲独居，行动不便。}
  - {start: dispatch, as: dispatcher, data: *order}
  - {start: dispatch, as: dispatcher, data: *order}
"""


@pytest.fixture
def desk(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    before = yaml.safe_load(THREE_ORDERS)
    with site(chromium, tmp_path_factory.mktemp("desk"), clock.at(dt.date(2026, 7, 6)), before=before) as made:
        yield made


def test_an_order_is_claimed_opened_filled_and_handed_in_by_keys_alone(desk: Site) -> None:
    page = desk.open("huimin.station", "/inbox?queue=group")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(3)
    page.keyboard.press("j")
    expect(rows.nth(0).locator("[data-open]")).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1).locator("[data-open]")).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0).locator("[data-open]")).to_be_focused()
    with page.expect_response(lambda answer: answer.url.endswith("/claim")):
        page.keyboard.press("c")
    page.goto(f"{desk.address}/inbox?queue=mine")
    expect(rows).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.locator("form.form")).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "decision":
            break
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.value") == "accept"
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_contain_text("已提交")
    page.wait_for_load_state()  # keys are heard once the page's script has run, which is after its heading is drawn
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.locator("nav.tabs")).to_be_visible()


def test_a_key_typed_into_a_field_is_only_a_letter(desk: Site) -> None:
    page = desk.open("huimin.station", "/inbox?queue=group")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("jkc")
    expect(page.locator("[data-search]")).to_have_value("jkc")
    expect(page.locator("tr[data-row]")).to_have_count(3)
