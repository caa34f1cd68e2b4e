"""The pages of every day, as a browser without JavaScript meets them, in Chinese and in English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.web.city import City, Page
from tests.web.crawl import read

from lastmeter.workflow.models import HumanTask, Instance, Submission, TaskDraft

LANGUAGES = ("zh", "en")
STATIC = Path(__file__).resolve().parents[2] / "webapp" / "lastmeter_web" / "static"
NEEDS = "独居老人较多，需要固定驻站服务。"
CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")


def _needs(city: City) -> int:
    query = select(HumanTask.id).where(HumanTask.element_id == "task_needs", HumanTask.claimed_by.is_(None))
    return int(city.ask(query))


def _main(page: Page) -> str:
    return page.text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_task_goes_from_the_group_to_done_without_javascript(city: City, language: str) -> None:
    """Every step by links and forms that the page itself offers."""
    visitor, task = city.visitor("lixia.daming.officer", language), _needs(city)
    queue = visitor.get("/inbox?queue=group")
    assert f"/t/{task}" in read(queue).links
    page = visitor.get(f"/t/{task}")
    assert f'formaction="/t/{task}/claim"' in page.text
    assert visitor.post(f"/t/{task}/claim").location == f"/t/{task}"
    assert f"/t/{task}" in read(visitor.get("/inbox?queue=mine")).links
    form = visitor.get(f"/t/{task}").text
    assert 'name="headcount"' in form
    assert 'name="needs"' in form
    done = visitor.post(f"/t/{task}", {"headcount": "4", "needs": NEEDS, "site_ready": "true"})
    assert done.status == 303
    assert visitor.get(done.location).status == 200
    assert f"/t/{task}" in read(visitor.get("/inbox?queue=done")).links
    stored = city.ask(select(Submission.data).where(Submission.task_id == task))
    given = {key: value for key, value in stored.items() if value}
    assert given == {"headcount": 4, "needs": NEEDS, "site_ready": True}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_typed_is_there_again(city: City, language: str) -> None:
    visitor, task = city.visitor("lixia.daming.officer", language), _needs(city)
    visitor.post(f"/t/{task}/claim")
    assert visitor.post(f"/t/{task}/draft", {"headcount": "半", "needs": "只写了一"}).status == 200
    again = visitor.get(f"/t/{task}").text
    assert "只写了一" in again
    assert 'value="半"' in again
    assert "只写了一" not in city.visitor("lixia.officer").get(f"/t/{task}").text  # a draft is its writer's alone
    assert visitor.post(f"/t/{task}", {"headcount": "3", "needs": NEEDS}).status == 303
    with city.factory() as session:
        assert session.scalars(select(TaskDraft).where(TaskDraft.task_id == task)).all() == []


def test_a_task_that_was_claimed_meanwhile_says_by_whom(city: City) -> None:
    task = city.ask(select(HumanTask.id).where(HumanTask.element_id == "task_needs", HumanTask.claimed_by.is_not(None)))
    seen = city.visitor("lixia.officer").get(f"/t/{task}")
    assert seen.status == 200
    assert "泉办" in seen.text
    assert 'name="headcount"' not in seen.text


def test_releasing_gives_it_back_to_the_group(city: City) -> None:
    task = city.ask(select(HumanTask.id).where(HumanTask.element_id == "task_needs", HumanTask.claimed_by.is_not(None)))
    visitor = city.visitor("lixia.quancheng.officer")
    answer = visitor.post(f"/t/{task}/release", {"reason": "由同事办理"})
    assert answer.status == 303
    assert "已释放" in visitor.get(answer.location).text  # the sentence is carried over the redirect
    assert city.ask(select(HumanTask.claimed_by).where(HumanTask.id == task)) is None


def test_a_task_on_hold_leaves_the_way_and_comes_back_by_hand(city: City) -> None:
    task = city.ask(select(HumanTask.id).where(HumanTask.element_id == "task_needs", HumanTask.claimed_by.is_not(None)))
    visitor = city.visitor("lixia.quancheng.officer")
    assert visitor.post(f"/t/{task}/hold", {"until": "2026-04-20", "reason": "等场地"}).status == 303
    assert f"/t/{task}" not in read(visitor.get("/inbox?queue=mine")).links
    assert f"/t/{task}" in read(visitor.get("/inbox?queue=hold")).links
    assert visitor.post(f"/t/{task}/unhold").status == 303
    assert f"/t/{task}" in read(visitor.get("/inbox?queue=mine")).links


@pytest.mark.parametrize("language", LANGUAGES)
def test_something_new_is_started_from_the_list(city: City, language: str) -> None:
    visitor = city.visitor("licheng.officer", language)
    listed = visitor.get("/start")
    assert "/start/annual_plan" in read(listed).links
    assert ("年度" if language == "zh" else "Annual") in listed.text
    assert 'name="year"' in visitor.get("/start/annual_plan").text
    done = visitor.post("/start/annual_plan", {"year": "2027"})
    assert done.status == 303
    opened = visitor.get(done.location)
    assert opened.status == 200
    assert ("已发起" in opened.text) or language == "en"
    made = city.ask(select(Instance).order_by(Instance.id.desc()))
    assert made.definition_key == "annual_plan"


def test_the_list_of_processes_shows_those_that_one_may_start(city: City) -> None:
    links = read(city.visitor("huimin.worker1").get("/start")).links
    assert "/start/case" in links
    assert "/start/tender" not in links
    assert city.visitor("huimin.worker1").get("/start/tender").status == 404
    assert city.visitor("auditor").get("/start").status == 403


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_instance_shows_where_it_stands_who_waits_and_what_came_before(city: City, language: str) -> None:
    page = city.visitor("lixia.officer", language).get(f"/instances/{city.instance('tender')}")
    assert page.status == 200
    assert "<svg" in page.text
    assert ("项目采购" if language == "zh" else "Procurement") in page.text
    assert ("历下区民政局" if language == "zh" else "Lixia Civil Affairs Bureau") in page.text
    called = city.visitor("lixia.officer", language).get(f"/instances/{city.instance('procurement_requirement')}")
    assert "历下区社会工作服务站项目" in called.text  # what was handed in


def test_parts_of_a_matter_are_listed_for_who_looks_for_them(city: City) -> None:
    whole, part = city.instance("tender"), city.instance("procurement_requirement")
    visitor = city.visitor("lixia.officer")
    listed = read(visitor.get("/instances")).links
    assert f"/instances/{whole}" in listed
    assert f"/instances/{part}" not in listed
    assert f"/instances/{part}" in read(visitor.get("/instances?definition=procurement_requirement")).links
    assert f"/instances/{part}" in read(visitor.get(f"/instances/{whole}")).links


def test_an_instance_names_every_office_it_waits_for(city: City) -> None:
    page = city.visitor("lixia.officer").get(f"/instances/{city.instance('annual_plan')}")
    waiting = page.text.partition("正在等待")[2].partition("</section>")[0]
    assert "大明湖街道办事处" in waiting


def test_the_number_of_a_matter_leads_to_what_it_is_about(city: City) -> None:
    """Who decides on a procurement reads it first; who may not open it sees the number alone."""
    address = f"/instances/{city.instance('tender')}"
    page = city.visitor("lixia.officer").get(address)
    number = re.search(r"CG-[0-9-]+", page.text)
    assert number is not None
    assert f"/procurements/{number[0]}" in read(page).links
    assert city.visitor("lixia.officer").get(f"/procurements/{number[0]}").status == 200
    shown = city.visitor("operator").get(address)
    assert number[0] in shown.text
    assert f"/procurements/{number[0]}" not in read(shown).links


@pytest.mark.parametrize("login", ["lixia.officer", "huimin.station", "designer", "operator", "huimin.manager"])
def test_english_pages_speak_english(city: City, login: str) -> None:
    """The frame and every word of ours; names and texts of people stay as they are."""
    visitor = city.visitor(login, "en")
    for address in ("/inbox", "/account", "/notices"):
        page = visitor.get(address)
        assert '<html lang="en">' in page.text
        rest = re.sub(
            r'<(\w+)[^>]*lang="zh-CN"[^>]*>.*?</\1>|<bdi>.*?</bdi>|<title>.*?</title>', "", page.text, flags=re.S
        )
        rest = re.sub(r"<h1.*?</h1>", "", rest, flags=re.S) if address == "/account" else rest  # the person's name
        rest = rest.replace("最后一米", "").replace("打通服务群众", "")
        shown = re.sub(r"<[^>]+>", " ", rest.partition("<main")[2])
        frame = re.sub(r"<[^>]+>", " ", rest.partition("<nav")[2].partition('class="me"')[0])
        assert not CHINESE.search(frame), (address, CHINESE.findall(frame))
        headings = " ".join(re.findall(r"<(?:h1|h2|th|label|button)[^>]*>(.*?)</", rest, flags=re.S))
        assert not CHINESE.search(re.sub(r"<[^>]+>", " ", headings)), (address, CHINESE.findall(headings))
        assert shown


@pytest.mark.parametrize(
    "login", ["lixia.officer", "huimin.worker1", "auditor", "operator", "designer", "huimin.manager"]
)
def test_the_rail_offers_only_what_opens(city: City, login: str) -> None:
    """A link that is shown and refused is a promise broken."""
    visitor = city.visitor(login)
    rail = visitor.get("/inbox").text.partition("<nav")[2].partition("</nav>")[0]
    links = [link for link in re.findall(r'href="([^"]+)"', rail) if link.startswith("/")]
    assert len(links) >= 3
    for link in links:
        assert visitor.get(link).status == 200, link


@pytest.mark.parametrize("login", ["lixia.officer", "huimin.worker1", "auditor", "huimin.manager", "dispatcher"])
def test_every_row_of_a_list_opens(city: City, login: str) -> None:
    """Lists and pages go by one condition (lesson 5): no row that one may not open."""
    visitor = city.visitor(login)
    for address in ("/inbox?queue=group", "/inbox?queue=done", "/instances"):
        page = visitor.get(address)
        if page.status != 200:
            continue
        rows = [link for link in read(page).links if re.fullmatch(r"/(t|instances)/\d+", link)]
        for link in rows:
            assert visitor.get(link).status == 200, (address, link)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_control_has_a_name_and_every_form_its_token(city: City, language: str) -> None:
    visitor = city.visitor("lixia.daming.officer", language)
    for address in ("/inbox", f"/t/{_needs(city)}", "/account", "/notices"):
        page = visitor.get(address).text
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", page, flags=re.S):
            assert 'name="csrf_token"' in form, (address, form[:200])
        labelled = set(re.findall(r'for="([^"]+)"', page))
        for tag in re.findall(r"<(?:input|select|textarea)[^>]*>", page):
            if 'type="hidden"' in tag or 'type="radio"' in tag or 'type="checkbox"' in tag:
                continue
            name = re.search(r'\bid="([^"]+)"', tag)
            assert "aria-label" in tag or (name is not None and name[1] in labelled), (address, tag)


def test_a_page_is_whole_without_its_script(city: City) -> None:
    """One heading, one way past the rail, the form's button: nothing waits for JavaScript to appear."""
    visitor = city.visitor("lixia.daming.officer")
    for address in ("/inbox", f"/t/{_needs(city)}", f"/instances/{city.instance('annual_plan')}", "/instances"):
        page = visitor.get(address)
        assert page.status == 200, address
        assert page.text.count("<h1") == 1, address
        assert 'class="skip"' in page.text
        assert "<noscript" not in page.text
        assert " hidden>" not in _main(page), address


def _parts(page: Page) -> list[str]:
    return re.findall(r'data-part="([^"]+)"', page.text)


def test_the_fields_that_a_form_has_are_told_while_one_types(city: City) -> None:
    """The page's script asks; whoever has none sees them after the next submit. Nothing is kept, and nothing judged."""
    visitor, task = city.visitor("huimin.station"), city.task("task_accept")
    page = visitor.get(f"/t/{task}")
    assert f'data-fields-url="/t/{task}/fields"' in page.text
    assert _parts(page) == ["decision"]
    assert _parts(visitor.post(f"/t/{task}/fields", {"decision": "refuse"})) == ["decision", "refuse_reason"]
    assert _parts(visitor.post(f"/t/{task}/fields", {"decision": "accept"})) == ["decision"]
    kept = select(func.count()).select_from(TaskDraft).where(TaskDraft.task_id == task)
    assert city.ask(kept) == 0
    assert city.visitor("lixia.officer").post(f"/t/{task}/fields", {"decision": "refuse"}).status in (403, 404)


def test_a_form_without_conditions_asks_nothing(city: City) -> None:
    page = city.visitor("lixia.daming.officer").get(f"/t/{_needs(city)}").text
    assert "data-fields>" in page
    assert "data-fields-url" not in page


@pytest.mark.parametrize(
    ("login", "address", "marked"),
    [
        ("lixia.officer", "/start/tender", "/start"), ("lixia.officer", "/contracts/1", "/contracts"),
        ("huimin.manager", "/contracts/1", "/contracts/own"), ("lixia.officer", "/stations", "/stations"),
        ("lixia.officer", "/instances", "/instances"), ("lixia.officer", "/inbox", "/inbox"),
    ],
)  # fmt: skip
def test_the_rail_marks_where_one_is(city: City, login: str, address: str, marked: str) -> None:
    """A contract was marked as a station, and a beginning as what is in progress."""
    rail = city.visitor(login).get(address).text.partition('class="links"')[2].partition("</nav>")[0]
    assert re.findall(r'href="([^"]+)" aria-current="page"', rail) == [marked]
