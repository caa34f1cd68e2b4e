"""An operator mends an instance in a real browser, without scripts; the page fits screens and axe finds nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy.orm import Session
from tests.browser.walking import Site, faults
from tests.web.test_inbox import XML

from lastmeter import db
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.workflow import instances


@pytest.fixture
def address(town: Site) -> str:
    """The page of an instance that waits for its first task."""

    def start(session: Session) -> int:
        publishing.publish(session, SYSTEM, XML)
        return instances.start(session, SYSTEM, "paper").id

    return f"{town.address}/admin/operations/instances/{db.in_transaction(town.factory, start)}/mend"


def test_an_operator_moves_an_instance_without_scripts(town: Site, address: str, chromium: Browser) -> None:
    known = town.person("operator").context.storage_state()
    context = chromium.new_context(storage_state=known, java_script_enabled=False)
    page = context.new_page()
    page.goto(address.removesuffix("/mend").replace("/admin/operations", ""))
    page.get_by_role("link", name="处置").click()
    page.get_by_label("目标环节").select_option(label="签发")
    page.get_by_role("button", name="预演").click()
    expect(page.locator("#rehearsal dl")).to_contain_text("签发 · 等待办理")
    page.get_by_label("理由").fill("误选")
    page.get_by_role("button", name="执行").click()
    expect(page.get_by_role("heading", name="正在等待")).to_be_visible()
    expect(page.locator("main")).to_contain_text("签发")
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_the_screen_and_axe_finds_nothing(
    town: Site, address: str, chromium: Browser, width: int
) -> None:
    known = town.person("operator").context.storage_state()
    context = chromium.new_context(viewport={"width": width, "height": 844}, storage_state=known)
    page = context.new_page()
    wrong: list[str] = []
    for language in ("zh", "en"):
        for act in ("move", "skip", "rewind", "set", "retry"):
            page.goto(f"{address}?act={act}&lang={language}")
            wrong += faults(page, f"{act} {language}")
    for target, shown in (("签发", "#rehearsal form"), ("开始", ".rehearsal")):
        page.goto(f"{address}?act=move")
        page.locator("#to").select_option(label=target)
        page.get_by_role("button", name="预演").click()
        page.wait_for_selector(shown)
        wrong += faults(page, f"move to {target}")
    page.goto(f"{address}?act=rewind")
    page.locator("#to").select_option(label="开始")
    page.get_by_role("button", name="预演").click()
    page.wait_for_selector("#rehearsal ul")
    wrong += faults(page, "rewind")
    context.close()
    assert not wrong, "\n".join(wrong)
