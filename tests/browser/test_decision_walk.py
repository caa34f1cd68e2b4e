"""A designer tries a decision in a real browser, with the keyboard and without scripts; axe finds nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.walking import Site, faults

HOLES = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="等级" namespace="n">
<decision id="level" name="level" label="等级 · Level"><variable name="level"/><decisionTable id="t" hitPolicy="UNIQUE">
<input label="分数 · Score"><inputExpression typeRef="number"><text>score</text></inputExpression></input>
<output label="等级 · Level"/>
<rule><description>及格【办法 3】 · a pass (Rule 3)</description><inputEntry><text>[60..80)</text></inputEntry>
<outputEntry><text>"pass"</text></outputEntry></rule>
<rule><inputEntry><text>&gt;= 70</text></inputEntry><outputEntry><text>"good"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def _open_file(page: Page, town: Site) -> None:
    page.goto(f"{town.address}/decisions")
    page.set_input_files("#file", {"name": "x.dmn", "mimeType": "application/xml", "buffer": HOLES.encode()})
    page.get_by_role("button", name="打开").click()


def test_a_designer_tries_a_table_with_the_keyboard_and_without_scripts(town: Site, chromium: Browser) -> None:
    known = town.person("designer").context.storage_state()
    context = chromium.new_context(storage_state=known, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{town.address}/designer")
    page.get_by_role("link", name="试算一个决策文件").click()
    _open_file(page, town)
    page.get_by_label("分数").fill("65")
    page.get_by_label("分数").press("Enter")
    expect(page.locator("#result")).to_contain_text("pass")
    expect(page.locator("#result")).to_contain_text("办法 3")
    expect(page.locator("table.decision tbody.hit")).to_have_count(1)
    page.get_by_label("分数").fill("viel")
    page.get_by_role("button", name="试算", exact=True).click()
    page.get_by_role("link", name="“viel”不是数字").click()
    expect(page.get_by_label("分数")).to_be_focused()
    page.locator("ul.findings li", has_text="矛盾").get_by_role("button", name="试这个").press("Enter")
    expect(page.get_by_label("分数")).to_have_value("70")
    expect(page.locator("table.decision tbody.hit")).to_have_count(2)
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_the_screen_and_axe_finds_nothing(town: Site, chromium: Browser, width: int) -> None:
    known = town.person("designer").context.storage_state()
    context = chromium.new_context(viewport={"width": width, "height": 844}, storage_state=known)
    page = context.new_page()
    wrong: list[str] = []
    for language in ("zh", "en"):
        page.goto(f"{town.address}/designer/tender/decisions?lang={language}")
        wrong += faults(page, f"method {language}")
    for name, value in (("limit_fen", "500000"), ("open_fen", "2000000"), ("amount_fen", "2500000")):
        page.locator(f'[name="in.{name}"]').fill(value)
    page.locator("button[name=run]").click()
    expect(page.locator("table.decision .hit").first).to_be_visible()
    wrong += faults(page, "answered")
    page.locator('[name="in.limit_fen"]').fill("x")
    page.locator("button[name=run]").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    wrong += faults(page, "refused")
    _open_file(page, town)
    wrong += faults(page, "file")
    page.locator("button[name=example]").first.click()
    expect(page.locator("#result ul").first).to_be_visible()
    wrong += faults(page, "example")
    context.close()
    assert not wrong, "\n".join(wrong)
