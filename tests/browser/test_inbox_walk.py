"""The inbox in a real browser: keys, focus, claims in place, drafts, narrow screens, and what axe finds."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session
from tests.browser.walking import Site, faults
from tests.web.test_inbox import XML

from lastmeter import db
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.identity.models import Account
from lastmeter.identity.people import actor_of, holders
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.models import HumanTask


@pytest.fixture
def papers(town: Site) -> list[int]:
    """Four tasks that each officer of the district may claim, oldest first."""

    def start(session: Session) -> list[int]:
        publishing.publish(session, SYSTEM, XML)
        made = [instances.start(session, SYSTEM, "paper").id for _ in range(4)]
        query = select(HumanTask.id).where(HumanTask.instance_id.in_(made), HumanTask.element_id == "write")
        return list(session.scalars(query.order_by(HumanTask.id)))

    return db.in_transaction(town.factory, start)


def row(page: Page, task: int) -> str:
    return f'tr[data-row]:has(a[data-open][href="/t/{task}"])'


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('href')"))


def take(town: Site, login: str, task: int) -> None:
    def claim(session: Session) -> None:
        person = session.scalars(select(Account.person_id).where(Account.login == login)).one()
        tasks.claim(session, actor_of(session, person), task)

    db.in_transaction(town.factory, claim)


def test_keys_move_claim_in_place_and_the_focus_goes_on_to_the_next_row(town: Site, papers: list[int]) -> None:
    page = town.open("lixia.officer", "/inbox?queue=group&q=公文&sort=newest")
    newest = list(reversed(papers))
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == f"/t/{newest[1]}"
    page.keyboard.press("k")
    assert focused(page) == f"/t/{newest[0]}"
    mine = int(page.locator("nav.tabs a").nth(0).locator("b").inner_text())
    page.keyboard.press("c")
    expect(page.locator("nav.tabs a").nth(0).locator("b")).to_have_text(str(mine + 1))
    expect(page.locator(row(page, newest[0]))).to_contain_text("打开")
    assert "/inbox" in page.url  # the list is still here
    page.wait_for_function(f"document.activeElement.getAttribute('href') === '/t/{newest[1]}'")
    page.keyboard.press("t")
    page.wait_for_url(re.compile(f"/t/{newest[1]}$"))
    expect(page.locator("header.page")).to_contain_text("认领")


def test_the_loser_of_a_race_reads_in_place_who_was_first(town: Site, papers: list[int]) -> None:
    page = town.open("lixia.officer", "/inbox?queue=group&q=公文&sort=newest")
    take(town, "lixia.officer2", papers[-1])
    page.locator(row(page, papers[-1])).locator("[data-claim]").click()
    expect(page.locator(row(page, papers[-1]))).to_contain_text("已被 李强")
    expect(page.locator(row(page, papers[-2])).locator("[data-claim]")).to_be_visible()
    town.complaints[:] = [each for each in town.complaints if "409" not in each]  # the browser's word on a lost race


def test_keys_are_off_inside_fields(town: Site, papers: list[int]) -> None:
    page = town.open("lixia.officer", "/inbox?queue=group&q=公文")
    page.keyboard.press("/")
    page.keyboard.type("jc?")
    assert page.input_value("#q").endswith("jc?") or page.input_value("#q") == "jc?"
    assert page.locator("dialog[open]").count() == 0


def test_what_is_typed_is_saved_by_itself_and_found_again(town: Site) -> None:
    def start(session: Session) -> HumanTask:
        person = session.scalars(select(Account.person_id).where(Account.login == "lixia.officer")).one()
        made = instances.start(session, actor_of(session, person), "annual_plan", data={"year": 2031})
        query = select(HumanTask).where(HumanTask.instance_id == made.id, HumanTask.element_id == "task_needs")
        return session.scalars(query.order_by(HumanTask.id)).first()  # type: ignore[return-value]  # there is one

    task = db.in_transaction(town.factory, start)
    with town.factory() as session:
        [holder] = holders(session, task.role or "", task.organisation_id or 0)
    page = town.open(town.login_of(holder.id), f"/t/{task.id}")
    page.click("main [data-claim]")
    page.locator("form[data-draft-url] textarea").first.fill("三十户独居老人需要每周探访")
    expect(page.locator("[data-draft-status]")).to_contain_text("草稿已保存")
    page.goto(f"{town.address}/t/{task.id}")
    assert page.locator("form[data-draft-url] textarea").first.input_value() == "三十户独居老人需要每周探访"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_fit_the_screen_and_axe_finds_nothing(
    town: Site, papers: list[int], chromium: Browser, width: int, scheme: str
) -> None:
    known = town.person("lixia.officer").context.storage_state()
    context = chromium.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        storage_state=known,
    )
    page = context.new_page()
    instance = town.waiting("write").instance_id
    addresses = ["/inbox?queue=group", f"/t/{papers[-1]}", f"/instances/{instance}", "/instances", "/start"]
    wrong: list[str] = []
    for address in [*addresses, "/start/annual_plan", "/notices", "/account", "/t/99999999"]:
        for language in ("zh", "en"):
            page.goto(f"{town.address}{address}{'&' if '?' in address else '?'}lang={language}")
            wrong += faults(page, f"{address} {language}")
    context.close()
    assert not wrong, "\n".join(wrong)
