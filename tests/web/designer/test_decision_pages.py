"""Trying decisions: fields, answers, matched rows, the analysis with its examples, and files that are not published."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from lxml import html
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter.audit import AuditEvent

Login = Callable[[str], Any]
TENDER = "/designer/tender/decisions"
PLAIN = {"in.circumstance": "none", "in.object_type": "services", "in.in_catalogue": "false", "in.year_sum_fen": "0"}
AMOUNTS = {"in.limit_fen": "500,000", "in.open_fen": "2000000", "in.amount_fen": "2,500,000.00"}


def _table(
    rules: str, *, policy: str = "UNIQUE", extra: str = "", types: tuple[str, str] = ("number", "string")
) -> bytes:
    """A decision file with the columns score and kind."""
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="等级" namespace="n">'
        f'{extra}<decision id="level" name="level" label="等级 · Level"><variable name="level"/>'
        f'<decisionTable id="t" hitPolicy="{policy}">'
        f'<input id="a" label="分数 · Score"><inputExpression typeRef="{types[0]}"><text>score</text></inputExpression>'
        f'</input><input id="b" label="类别 · Kind"><inputExpression typeRef="{types[1]}"><text>kind</text>'
        '</inputExpression><inputValues><text>"a","b"</text></inputValues></input>'
        f'<output id="o" label="等级 · Level"/>{rules}</decisionTable></decision></definitions>'
    ).encode()


def _rule(score: str, kind: str, level: str) -> str:
    cells = "".join(f"<inputEntry><text>{each}</text></inputEntry>" for each in (score, kind))
    return f"<rule>{cells}<outputEntry><text>{level}</text></outputEntry></rule>"


HOLES = _table(_rule("[60..80)", "-", '"pass"') + _rule("&gt;= 70", '"a"', '"good"'))


def _page(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return html.fromstring(answer.get_data(as_text=True))


def _all(page: Any, path: str) -> list[Any]:
    """The parts of the page at a path such as `form#try [name=source]`, `ul.findings li`."""
    steps = []
    for part in path.split(" "):
        tag, *rest = (
            re.findall(r"[.#]?[\w-]+|\[[^\]]+\]", part) if part[0] not in ".#[" else ("*", *_STEP.findall(part))
        )
        steps.append(tag + "".join(_TESTS[each[0]].format(each.strip(".#[]")) for each in rest))
    return list(page.xpath(".//" + "//".join(steps)))


_STEP = re.compile(r"[.#][\w-]+|\[[^\]]+\]")
_TESTS = {".": "[contains(concat(' ', @class, ' '), ' {} ')]", "#": "[@id='{}']", "[": "[@{}]"}


def _said(page: Any, path: str) -> str:
    """What the first such part of the page says, blanks as one."""
    return " ".join(_all(page, path)[0].text_content().split())


def _hits(page: Any) -> list[str]:
    """The numbers of the marked rows of the first table."""
    return [_all(row, "th span[aria-hidden]")[0].text for row in _all(_all(page, "table.decision")[0], ".hit")]


def _try(browser: Any, data: dict[str, str], address: str = TENDER) -> Any:
    return _page(browser.post(address, {"run": "yes", **data}))


def _file(browser: Any, content: bytes, status: int = 200) -> Any:
    sent = {"file": (io.BytesIO(content), "x.dmn")}
    return _page(browser.post("/decisions", sent, content_type="multipart/form-data"), status)


# --- of a package -----------------------------------------------------------------------------------------------------


def test_a_designer_tries_the_procurement_method(bundled: None, login: Login) -> None:
    designer = login("designer")
    page = _page(designer.get(TENDER))
    assert "采购方式" in _said(page, ".tabs a[aria-current]") + _said(page, "h1") or "procurement_method" in _said(
        page, "h1"
    )
    assert not _hits(page)
    page = _try(designer, {**PLAIN, **AMOUNTS})
    assert "公开招标" in _said(page, "#result") or "open_tender" in _said(page, "#result")
    assert len(_hits(page)) == 1
    assert "政府采购法 26" in _said(page, "#result")
    assert "第" in _said(page, "#result ul")  # which row decided
    assert _all(page, '[name="in.amount_fen"]')[0].get("value") == "2,500,000.00"


def test_what_was_decided_before_is_told_and_shown(bundled: None, login: Login) -> None:
    page = _try(login("designer"), {**PLAIN, **AMOUNTS, "in.circumstance": "only_supplier"})
    titles = [each.text for each in _all(page, "section.card h2")]
    assert len(_all(page, "table.decision")) == 2
    assert "先判定的" in _said(page, "#result")
    marked = _all(_all(page, "table.decision")[1], ".hit")
    assert len(marked) == 1
    assert len(titles) == len(set(titles))


def test_thresholds_that_are_missing_are_told(bundled: None, login: Login) -> None:
    page = _try(login("designer"), PLAIN)
    assert "政府采购法 8" in _said(page, "#result")


def test_each_error_names_its_field_the_reason_and_the_remedy(bundled: None, login: Login) -> None:
    page = _try(login("designer"), {**PLAIN, "in.amount_fen": "一百万", "in.open_fen": "1.234", "in.in_catalogue": "x"})
    summary = _all(page, "[data-error-summary] li a")
    assert len(summary) == 3
    said = {each.get("href"): each.text_content() for each in summary}
    for link, text in said.items():
        field = _all(page, link)[0]
        assert field.get("aria-invalid") == "true"
        assert _all(page, f"#{link[1:]}-err")[0].text_content() in text
    together = " ".join(said.values())
    assert "“一百万”不是数字；请填写数字" in together
    assert "最多两位小数" in together
    assert not _hits(page)
    assert _all(page, '[name="in.amount_fen"]')[0].get("value") == "一百万"


def test_the_words_are_english_for_an_english_reader(bundled: None, login: Login) -> None:
    designer = login("designer")
    designer.post("/language", {"language": "en"})
    text = _try(designer, {**PLAIN, **AMOUNTS, "in.amount_fen": "x"}).text_content()
    assert "“x” is no number; write one" in text
    text = _said(_try(designer, {**PLAIN, **AMOUNTS}), "main")
    assert "first rule that applies" in text
    assert "Decided before" in text


def test_a_version_is_tried_with_its_own_tables(bundled: None, login: Login) -> None:
    designer = login("designer")
    assert _all(_page(designer.get(f"{TENDER}?version=1")), "form#try")
    assert designer.get(f"{TENDER}?version=99").status_code == 404
    assert designer.get(f"{TENDER}?version=x").status_code == 422
    assert designer.get(f"{TENDER}?decision=nothing").status_code == 404
    assert designer.get("/designer/nothing/decisions").status_code == 404
    assert "没有可以试算的决策" in _said(_page(designer.get("/designer/annual_plan/decisions")), "main")


def test_the_editor_leads_to_its_decisions(bundled: None, login: Login) -> None:
    designer = login("designer")
    assert TENDER in designer.get("/designer/tender").get_data(as_text=True)
    assert "/designer/annual_plan/decisions" not in designer.get("/designer/annual_plan").get_data(as_text=True)
    assert "/decisions" in designer.get("/designer").get_data(as_text=True)


def test_trying_stores_nothing(bundled: None, login: Login, factory: sessionmaker[Session]) -> None:
    designer = login("designer")
    with factory() as session:
        before = session.scalar(select(func.count()).select_from(AuditEvent))
    _try(designer, {**PLAIN, **AMOUNTS})
    with factory() as session:
        assert session.scalar(select(func.count()).select_from(AuditEvent)) == before


@pytest.mark.parametrize("who", ["lixia.officer", "huimin.worker1"])
def test_nobody_else_tries_decisions(bundled: None, login: Login, who: str) -> None:
    browser = login(who)
    assert browser.get(TENDER).status_code == 403
    assert browser.post(TENDER, {"run": "yes"}).status_code == 403
    assert browser.get("/decisions").status_code == 403


# --- of a file --------------------------------------------------------------------------------------------------------


def test_a_file_is_tried_before_it_is_published(login: Login) -> None:
    designer = login("designer")
    page = _file(designer, HOLES)
    assert "等级" in _said(page, "h1")
    source = _all(page, "form#try [name='source']")[0].text
    page = _page(designer.post("/decisions", {"source": source, "run": "yes", "in.score": "65", "in.kind": '"b"'}))
    assert "pass" in _said(page, "#result")
    assert _hits(page) == ["1"]


def test_a_finding_fills_the_fields_when_it_is_tried(login: Login) -> None:
    designer = login("designer")
    page = _file(designer, HOLES)
    source = _all(page, "form#try [name='source']")[0].text
    findings = {_said(each, ".chip"): each for each in _all(page, "ul.findings li")}
    assert set(findings) == {"矛盾", "空缺"}
    for kind, remark, hits in (("矛盾", "第 1、2 行同时适用", ["1", "2"]), ("空缺", "没有一行适用", [])):
        button = _all(findings[kind], "button[name='example']")[0]
        tried = _page(designer.post("/decisions", {"source": source, "example": button.get("value")}))
        assert remark in _said(tried, "#result")
        assert _hits(tried) == hits
        assert _all(tried, '[name="in.score"]')[0].get("value")
    assert designer.post("/decisions", {"source": source, "example": "77"}).status_code == 422


def test_a_case_that_no_input_leads_to_is_called_so(login: Login) -> None:
    derived = HOLES.replace(b"<text>score</text>", b"<text>if score &gt; 0 then 65 else 75</text>")
    page = _file(login("designer"), derived)
    gap = next(each for each in _all(page, "ul.findings li") if "空缺" in each.text_content())
    source, number = _all(page, "form#try [name='source']")[0].text, _all(gap, "button")[0].get("value")
    tried = _page(login("designer").post("/decisions", {"source": source, "example": number}))
    assert "都不会出现这种情形" in _said(tried, "#result")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "请选择 .dmn 文件"),
        (b"x" * 400_001, "超过 400 KB"),
        (b"<a>", "XML"),
        (b"\xff\xfe<a/>", "UTF-8"),
        (HOLES.replace(b"[60..80)", b"[60.."), "第 1 行"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(login: Login, content: bytes, said: str) -> None:
    page = _file(login("designer"), content, 422)
    assert said in _said(page, "[data-error-summary]")


@pytest.mark.parametrize(
    ("type_", "text", "said"),
    [
        ("number", "12,5", "不是数字"),
        ("date", "2026-13-01", "2026-03-02 的格式"),
        ("time", "25:00", "09:30 的格式"),
        ("date and time", "gestern", "2026-03-02T09:30 的格式"),
        ("Any", "1 +", "第 1 行第 4 列"),
        ("Any", "abc", "没有名为 'abc' 的变量"),
        ("Any", "for i in 1..1000000000 return i", "计算量超过上限"),
        ("days and time duration", '"P1D"', "需要时长，填的是文字"),
    ],
)
def test_a_field_reads_its_type(login: Login, type_: str, text: str, said: str) -> None:
    designer = login("designer")
    content = _table(_rule("-", "-", "1"), types=(type_, "string")).decode()
    page = _page(designer.post("/decisions", {"source": content, "run": "yes", "in.score": text}))
    assert said in _said(page, "[data-error-summary]")
    assert "分数" in _said(page, "[data-error-summary]")


def test_a_field_takes_feel_where_its_type_is_no_plain_one(login: Login) -> None:
    designer = login("designer")
    content = _table(_rule("count(?) > 1".replace(">", "&gt;"), "-", "sum(score)"), types=("Any", "string")).decode()
    page = _page(designer.post("/decisions", {"source": content, "run": "yes", "in.score": "[1, 2 + 3]"}))
    assert _said(page, "#result dd") == "6"
    assert "add working days" not in _said(page, "main")
    day = 'add working days(@"2026-09-30", 1)'
    content = _table(_rule("-", "-", "score"), types=("Any", "string")).decode()
    page = _page(designer.post("/decisions", {"source": content, "run": "yes", "in.score": day}))
    assert re.fullmatch(r"2026-10-\d\d", _said(page, "#result dd"))


def test_hostile_text_in_a_file_is_shown_as_text(login: Login) -> None:
    evil = HOLES.replace("等级 · Level".encode(), "<script>alert(1)</script>".replace("<", "&lt;").encode())
    page = _file(login("designer"), evil)
    assert not _all(page, "main script")
    assert "<script>alert(1)</script>" in _said(page, "h1")


def test_a_long_table_shows_its_first_rows_and_those_that_match(login: Login) -> None:
    rules = "".join(_rule(str(number), "-", f'"n{number}"') for number in range(400))
    page = _page(
        login("designer").post("/decisions", {"source": _table(rules).decode(), "run": "yes", "in.score": "399"})
    )
    assert _hits(page) == ["400"]
    assert len(_all(page, "table.decision tbody")) == 301
    assert "另有 99 行未显示" in page.text_content()
