"""What people and machines send that cannot be right: refused with field, reason and remedy, and nothing stored."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from sqlalchemy import func, select
from tests.web.city import City, Page, Visitor

from lastmeter.documents.models import Document
from lastmeter.procurement.models import Bid
from lastmeter.workflow.models import HumanTask, Instance, Submission, TaskDraft

LANGUAGES = ("zh", "en")
NEEDS = "独居老人较多，需要固定驻站服务。"
PDF = b"%PDF-1.7\n%%EOF\n"


def _rows(city: City, model: type) -> int:
    return int(city.ask(select(func.count()).select_from(model)))


def _needs(city: City) -> str:
    """The address of the street's task that nobody holds; its seat is daming's."""
    query = select(HumanTask.id).where(HumanTask.element_id == "task_needs", HumanTask.claimed_by.is_(None))
    return f"/t/{city.ask(query)}"


def _refuses(page: Page, field: str, label: str) -> bool:
    """True if the form comes back with an error at that field, named in the summary too."""
    summary = page.text.partition("data-error-summary")[2].partition("</div>")[0]
    return page.status == 422 and f'id="f-{field}-err"' in page.text and label in summary


# --- forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "headcount",
    ["", " ", "NaN", "nan", "Infinity", "-inf", "1e999", "9" * 5000, "-" + "9" * 400, "2", "51", "-3", "3.5", "3,5",
     "three", "0x10", "1_0", "٣x", "3;DROP TABLE", "<b>3</b>", "true", "[3]", '{"a":3}', "\u202e3x", "𝟛.5"],
    ids=lambda value: value[:12] or "empty",
)  # fmt: skip
def test_a_number_that_is_none_is_refused_at_its_field(city: City, headcount: str, language: str) -> None:
    visitor, address = city.visitor("lixia.daming.officer", language), _needs(city)
    before = _rows(city, Submission)
    page = visitor.post(address, {"headcount": headcount, "needs": NEEDS})
    assert _refuses(page, "headcount", {"zh": "驻站人数", "en": "Staff at the station"}[language])
    assert NEEDS in page.text  # what was right is not lost
    assert _rows(city, Submission) == before
    assert city.ask(select(HumanTask.state).where(HumanTask.id == int(address[3:]))) == "open"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "needs", ["", "短", "长" * 2001, "长" * 100_000, "a\x01b" * 3], ids=lambda value: str(len(value))
)
def test_a_text_out_of_its_bounds_is_refused_at_its_field(city: City, needs: str, language: str) -> None:
    page = city.visitor("lixia.daming.officer", language).post(_needs(city), {"headcount": "3", "needs": needs})
    if "\x01" in needs:
        assert page.status < 500
        assert "\x01" not in city.visitor("lixia.officer").get(f"/instances/{city.instance('annual_plan')}").text
        return
    assert _refuses(page, "needs", {"zh": "服务需求", "en": "Needs for service"}[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mistake_is_told_at_once_with_a_link_to_its_field(city: City, language: str) -> None:
    page = city.visitor("lixia.daming.officer", language).post(_needs(city), {"headcount": "x", "needs": ""})
    summary = page.text.partition("data-error-summary")[2].partition("</div>")[0]
    assert re.findall(r'href="#(f-[\w-]+)"', summary) == ["f-headcount", "f-needs"]
    assert all(f'id="{target}"' in page.text for target in ("f-headcount", "f-needs"))
    assert 'aria-invalid="true"' in page.text


@pytest.mark.parametrize(
    ("price", "good"),
    [("0.1+0.2", False), ("-0", False), ("1e3", False), ("1.234", False), ("-5", False), ("0", False),
     ("9" * 30, False), ("NaN", False), ("12 345", False), ("1.2.3", False), ("￥", False), ("壹万元", False),
     ("12,345.60", True), ("800000", True)],
)  # fmt: skip
def test_money_is_taken_as_people_write_it_and_never_guessed(city: City, price: str, good: bool) -> None:
    bid = f"/tenders/{city.procurement}/lots/1/bid"
    page = city.visitor("qilu.manager").post(bid, {"price_fen": price, "statement": "太短"})
    assert page.status == 422
    assert ('id="f-price_fen-err"' in page.text) is not good, price
    assert _rows(city, Bid) == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bid_above_the_budget_is_refused_and_says_so(city: City, language: str) -> None:
    bid = f"/tenders/{city.procurement}/lots/1/bid"
    data = {"price_fen": "900000.01", "statement": "我们承诺按要求提供服务。", "declaration_3y": "true"}
    page = city.visitor("qilu.manager", language).post(
        bid, {**data, "files": (io.BytesIO(PDF), "投标.pdf")}, content_type="multipart/form-data"
    )
    assert page.status in (409, 422)
    assert "900,000" in page.text or ("预算" if language == "zh" else "budget") in page.text
    assert _rows(city, Bid) == 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "until", ["", "2026-02-31", "0000-01-01", "99999-01-01", "31/05/2026", "tomorrow", "2026-13-01"]
)
def test_a_day_that_does_not_exist_is_refused(city: City, until: str, language: str) -> None:
    query = select(HumanTask.id).where(HumanTask.element_id == "task_needs", HumanTask.claimed_by.is_not(None))
    task = city.ask(query)
    page = city.visitor("lixia.quancheng.officer", language).post(
        f"/t/{task}/hold", {"until": until, "reason": "等材料"}
    )
    assert page.status == 422
    assert ("日期" if language == "zh" else "date") in page.text
    assert city.ask(select(HumanTask.state).where(HumanTask.id == task)) == "open"


@pytest.mark.parametrize("verb", ["release", "reassign", "hold"])
def test_an_act_that_needs_a_reason_says_so(city: City, verb: str) -> None:
    task = city.ask(select(HumanTask.id).where(HumanTask.element_id == "task_needs", HumanTask.claimed_by.is_not(None)))
    page = city.visitor("lixia.quancheng.officer").post(
        f"/t/{task}/{verb}", {"reason": "  ", "until": "2026-05-01", "person": "1"}
    )
    assert page.status == 422
    assert "理由" in page.text


@pytest.mark.parametrize(
    "data",
    [
        {"headcount": ["3", "4"], "needs": [NEEDS, "又一份"]},
        {".".join("a" * 500): "x"},
        {"a" + ".0" * 5000: "x"},
        {"headcount.headcount.headcount": "3", "needs.0": "x"},
        {"stations.999999999.kind": "street"},
        {"stations.-1.kind": "street", "stations.x.kind": "y", "..": "z", "": "empty"},
        {f"f{number}": "x" for number in range(3000)},
        {"headcount": "3", "needs": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
        {"_add": "nothing"},
        {"_remove": "stations.999999999999"},
        {"_remove": "../../etc"},
        {"_add": "needs", "_remove": "needs"},
        {"__class__": "x", "constructor": "y", "__proto__.polluted": "1"},
    ],
    ids=lambda value: str(next(iter(value)))[:20],
)
@pytest.mark.parametrize("address", ["", "/draft"])
def test_odd_names_of_fields_break_nothing(city: City, data: dict[str, Any], address: str) -> None:
    page = city.visitor("lixia.daming.officer").post(_needs(city) + address, data)
    assert page.status in (200, 303, 413, 422), page.text[:500]
    state = city.ask(select(HumanTask.state).where(HumanTask.id == int(_needs(city)[3:]))) if page.status != 303 else ""
    assert state in ("open", "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("where", ["name", "value", "query", "login"])
def test_nul_is_refused_everywhere_with_a_name(city: City, where: str, language: str) -> None:
    visitor = city.visitor("lixia.daming.officer", language)
    page = {
        "name": lambda: visitor.post(_needs(city), {"head\x00count": "3"}),
        "value": lambda: visitor.post(_needs(city), {"headcount": "3", "needs": f"{NEEDS}\x00"}),
        "query": lambda: visitor.get("/inbox?q=a%00b"),
        "login": lambda: city.stranger().post(f"/login?lang={language}", {"login": "a\x00b", "password": "x"}),
    }[where]()
    assert page.status in (400, 403, 422)
    assert "NUL" in page.text or where == "login"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_body_that_is_too_large_is_refused_with_the_remedy(city: City, language: str) -> None:
    visitor = city.visitor("lixia.daming.officer", language)
    page = visitor.post(_needs(city), {"headcount": "3", "needs": "x" * 1_100_000})
    assert page.status == 413
    assert ("缩小" if language == "zh" else "smaller") in page.text
    part = "--b\r\nContent-Disposition: form-data; name=f\r\n\r\nx\r\n"
    many = Page(
        visitor.client.post(
            _needs(city), data=(part * 6000 + "--b--\r\n").encode(), content_type="multipart/form-data; boundary=b"
        )
    )
    assert many.status == 413
    assert _rows(city, TaskDraft) == 0


def test_text_that_turns_around_is_kept_and_shown_isolated(city: City) -> None:
    written = "正常\u202e倒序\u202c，零宽\u200b字，𠮷野家的需求"
    page = city.visitor("lixia.daming.officer").post(_needs(city), {"headcount": "3", "needs": written})
    assert page.status == 303, page.text
    shown = city.visitor("lixia.officer").get(f"/instances/{city.instance('annual_plan')}").text
    assert "𠮷野家" in shown
    for found in re.finditer("\u202e", shown):
        around = shown[: found.start()]
        assert around.rfind("<bdi>") > around.rfind("</bdi>"), "a direction mark outside its isolation"


def test_markup_in_a_text_stays_text(city: City) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}${7*7}\"'>"
    assert city.visitor("lixia.daming.officer").post(_needs(city), {"headcount": "3", "needs": bad}).status == 303
    shown = city.visitor("lixia.officer").get(f"/instances/{city.instance('annual_plan')}").text
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "&lt;script&gt;" in shown
    assert "{{ 7*7 }}" in shown


# --- addresses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd", ["0", "-1", "1" + "0" * 30, "٣", "３", "1.0", "1e3", "../1", "1%00", "%2e%2e", "null", " 1", "0x1"]
)
@pytest.mark.parametrize("address", ["/t/{}", "/instances/{}", "/documents/{}", "/t/{}/done"])
def test_an_odd_number_is_answered_like_an_absent_one(city: City, address: str, odd: str) -> None:
    visitor = city.visitor("lixia.officer")
    absent = visitor.get(address.format(987654))
    page = visitor.get(address.format(odd))
    assert (page.status, absent.status) == (404, 404)
    assert _message(page) == _message(absent)


def _message(page: Page) -> str:
    return page.text.partition('role="alert"')[2].partition("</section>")[0]


@pytest.mark.parametrize(
    "odd", ["x", "CG-0", "%00", "..", "CG-370102-2026-001'--", "吉" * 200, "CG-370102-2026-001%20"]
)
@pytest.mark.parametrize(
    "address", ["/procurements/{}", "/tenders/{}", "/procurements/{}/bids", "/tenders/{}/lots/1/bid"]
)
def test_a_number_of_no_procurement_is_missing(city: City, address: str, odd: str) -> None:
    login = "huimin.manager" if "tenders" in address else "lixia.officer"
    assert city.visitor(login).get(address.format(quote(odd, safe="%.'"))).status in (308, 404, 422)


QUERIES = (
    "q=%00", "q=" + "a" * 5000, "q=%F0%28%8C%28", "q=%27%20OR%201%3D1", "cursor=zzz", "cursor=" + "A" * 3000,
    "before=x", "before=" + "9" * 40, "state=odd", "queue=odd", "sort=odd", "definition=odd", "page=-1", "limit=0",
    "limit=999999999", "day=2026-02-31", "year=99999", "year=abc", "lang=fr", "q=a&q=b", "at=x",
    "status=%F0%9F%92%A9", "person=x", "organisation=x", "action=%25", "from=31.12.2026", "chain=x", "version=abc",
    "base=-1",
)  # fmt: skip


@pytest.mark.parametrize(
    "login", ["lixia.officer", "auditor", "operator", "huimin.manager", "designer", "huimin.station"]
)
def test_odd_queries_are_no_accident_anywhere(city: City, login: str) -> None:
    visitor, wrong = city.visitor(login), []
    for rule in city.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.arguments or rule.rule.startswith("/api/"):
            continue
        for query in QUERIES:
            page = visitor.get(f"{rule.rule}?{query}")
            if page.status >= 500:
                wrong.append(f"{rule.rule}?{query}")
    assert not wrong


@pytest.mark.parametrize(
    "path", ["/no/such/page", "/t", "/instances/", "/%2e%2e/etc/passwd", "/static/../app.py", "/static/..%2fapp.py"]
)
def test_no_page_is_a_page_that_says_so(city: City, path: str) -> None:
    page = city.visitor("lixia.officer").get(path)
    assert page.status == 404
    assert "没有找到" in page.text or path.startswith("/static")
    assert "Traceback" not in page.text


def test_another_method_does_nothing(city: City) -> None:
    visitor, task = city.visitor("lixia.daming.officer"), _needs(city)
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        assert visitor.client.open(task, method=method).status_code in (403, 404, 405), method
    assert visitor.get(f"{task}/claim").status in (404, 405)
    assert visitor.get("/logout").status in (404, 405)
    answer = visitor.get(task, headers={"X-HTTP-Method-Override": "DELETE"})
    assert answer.status == 200
    assert visitor.get(f"{task}?_method=POST&headcount=3&needs=abcdef").status == 200
    assert city.ask(select(HumanTask.claimed_by).where(HumanTask.id == int(task[3:]))) is None


def test_a_change_without_the_sessions_token_does_not_happen(city: City) -> None:
    visitor, task = city.visitor("lixia.daming.officer"), _needs(city)
    for csrf in ("", "wrong", "token-lixia.officer", "标记"):
        forged = Visitor(visitor.client, csrf)
        assert forged.post(f"{task}/claim").status == 403, csrf
        assert forged.post("/start/annual_plan", {"year": "2027"}).status == 403
    json = visitor.client.post(f"{task}/draft", json={"needs": "x"})
    assert json.status_code == 403
    assert city.ask(select(HumanTask.claimed_by).where(HumanTask.id == int(task[3:]))) is None


ELSEWHERE = (
    "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "///evil.example",
    "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", "http:evil.example", "%2f%2fevil.example",
    "/%5cevil.example", "data:text/html,x", " //evil.example",
)  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_no_redirect_leaves_the_house(city: City, wanted: str) -> None:
    visitor = city.visitor("lixia.officer")
    page = visitor.post("/language", {"language": "en", "next": wanted})
    assert page.status == 303
    # As a browser reads it: backslashes are slashes, tabs and line ends are dropped.
    read = page.location.replace("\\", "/").replace("\t", "").replace("\n", "").strip()
    led = urlsplit(urljoin("http://localhost/language", read))
    assert (led.scheme, led.netloc) == ("http", "localhost")


def test_a_foreign_host_name_is_echoed_nowhere(city: City) -> None:
    visitor = city.visitor("lixia.officer")
    for address in ("/login", "/inbox", "/nothing", "/start", "/api/v1/openapi.json"):
        page = visitor.get(address, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert "evil.example" not in page.text + page.location, address
    page = city.stranger().get("/inbox", headers={"Host": "evil.example"})
    assert page.location.startswith("/login")


# --- uploads ---------------------------------------------------------------------------------------------------


def _archive(names: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in names.items():
            made.writestr(name, content)
    return packed.getvalue()


_ASIDE = {"[Content_Types].xml": b"<x/>", "../../evil": b"x", "word/document.xml": b"<x/>"}
BAD_FILES = {
    "empty": (b"", "a.pdf"),
    "a program": (b"MZ\x90\x00" + b"\x00" * 100, "offer.pdf"),
    "a picture that is a script": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "a.svg"),
    "a page": (b"<!doctype html><script>alert(1)</script>", "a.pdf"),
    "two kinds in one": (b"%PDF-1.7\n" + _archive({"a.txt": b"x"}) + b"%%EOF", "a.pdf"),
    "cut off": (b"%PDF-1.7\n", "a.pdf"),
    "another kind than its name": (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "a.pdf"),
    "bomb": (_archive({"[Content_Types].xml": b"<x/>", "word/document.xml": b" " * 30_000_000}), "a.docx"),
    "out of its folder": (_archive(_ASIDE), "a.docx"),
    "without a name ending": (PDF, "offer"),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_not_what_it_says_is_refused(city: City, kind: str, language: str) -> None:
    content, name = BAD_FILES[kind]
    bid = f"/tenders/{city.procurement}/lots/1/bid"
    data = {"price_fen": "800000", "statement": "我们承诺按要求提供服务。", "declaration_3y": "true"}
    before = _rows(city, Document)
    page = city.visitor("qilu.manager", language).post(
        bid, {**data, "files": (io.BytesIO(content), name)}, content_type="multipart/form-data"
    )
    assert page.status == 422, page.text[:300]
    assert "800000" in page.text or "文件" in page.text or "file" in page.text
    assert _rows(city, Bid) == 2
    assert _rows(city, Document) == before


@pytest.mark.parametrize(
    "name", ["投标文件（正本）－惠民.pdf", "长" * 300 + ".pdf", "../../etc/passwd.pdf", "a\u202egpj.pdf", "CON.pdf"]
)
def test_a_name_is_kept_for_people_and_never_for_the_disk(city: City, name: str) -> None:
    bid = f"/tenders/{city.procurement}/lots/1/bid"
    data = {"price_fen": "800000", "statement": "我们承诺按要求提供服务。", "declaration_3y": "true"}
    page = city.visitor("qilu.manager").post(
        bid, {**data, "files": (io.BytesIO(PDF), name)}, content_type="multipart/form-data"
    )
    assert page.status == 303, page.text
    assert _rows(city, Bid) == 3
    folder = city.app.config["SETTINGS"].data_dir
    assert all(re.fullmatch(r"[0-9a-f.]+|files|plain|sealed|[\w.]+\.key", part) for path in folder.rglob("*")
               for part in path.relative_to(folder).parts)  # fmt: skip


def test_nothing_is_started_by_a_form_that_is_refused(city: City) -> None:
    before = _rows(city, Instance)
    for year in ("", "soon", "1", "99999", "NaN", "-2026", "2026.5"):
        page = city.visitor("licheng.officer").post("/start/annual_plan", {"year": year})
        assert page.status == 422, year
    assert city.visitor("licheng.officer").post("/start/nothing", {"year": "2027"}).status == 404
    assert _rows(city, Instance) == before
