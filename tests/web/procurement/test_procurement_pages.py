"""What the buyer's side, suppliers and auditors see of a procurement, and what nobody sees before the opening."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from tests.web.conftest import Browser
from tests.web.procurement.conftest import DEADLINE

from lastmeter import audit, clock
from lastmeter.actor import SYSTEM
from lastmeter.documents.models import Document
from lastmeter.procurement.models import Bid, Clarification, Notice, Procurement

Login = Callable[[str], Browser]
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
GOLDEN = {
    "docs_until": "2026-04-20", "clarification": "2026-04-21", "bid_deadline": "2026-05-06", "report": "2026-05-08",
    "decision": "2026-05-14", "notice": "2026-05-18", "notice_end": "2026-05-19", "bonds_losers": "2026-05-25",
    "challenge_end": "2026-05-28", "earliest_signing": "2026-05-29", "signing": "2026-06-17",
    "contract_notice": "2026-06-02", "contract_filing": "2026-06-09", "staff_on_post": "2026-06-29",
}  # fmt: skip


def text(answer: Any) -> str:
    return answer.get_data(as_text=True)


def chain(page: str) -> dict[str, str]:
    """The first date of each line of the schedule's table."""
    found = re.findall(r'data-line="(\w+)".*?<time datetime="([\d-]+)">', page, re.S)
    return dict(found)


def bid(browser: Browser, no: str, price: str = "860,000.00", **changes: object) -> Any:
    data = {
        "price_fen": price, "statement": "我方承诺按采购文件提供服务，配备三名驻站社工。", "declaration_3y": "true",
        "files": (io.BytesIO(PDF), "投标文件.pdf"), **changes,
    }  # fmt: skip
    return browser.post(f"/tenders/{no}/lots/1/bid", data, content_type="multipart/form-data")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_tender_issued_on_13_april_shows_the_golden_chain(tender: str, login: Login, language: str) -> None:
    page = text(login("lixia.officer").get(f"/procurements/{tender}?lang={language}"))
    assert chain(page) == GOLDEN
    assert ("政府采购法 第三十五条" if language == "zh" else "Government Procurement Law, art. 35") in page


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("lixia.officer", True), ("lixia.leader", True), ("lixia.finance", True), ("agency.officer", True),
        ("auditor", True), ("city.officer", True), ("licheng.officer", False), ("licheng.finance", False),
    ],
)  # fmt: skip
def test_a_procurement_is_seen_by_its_own_district_and_those_above(
    tender: str, login: Login, name: str, sees: bool
) -> None:
    browser = login(name)
    assert (tender in text(browser.get("/procurements"))) is sees
    assert browser.get(f"/procurements/{tender}").status_code == (200 if sees else 404)


def test_before_the_issue_only_those_who_prepare_it_look_on(
    tender: str, login: Login, factory: sessionmaker[Session]
) -> None:
    with factory() as session:
        row = session.scalars(select(Procurement)).one()
        row.issued_at, row.status = None, "planning"
        session.commit()
    seen = {
        n: login(n).get(f"/procurements/{tender}").status_code for n in ("lixia.officer", "auditor", "city.officer")
    }
    assert seen == {"lixia.officer": 200, "auditor": 404, "city.officer": 404}
    assert login("huimin.manager").get(f"/tenders/{tender}").status_code == 404


@pytest.mark.parametrize("name", ["huimin.worker1", "huimin.manager", "operator", "designer"])
def test_whoever_does_not_buy_has_no_list_of_procurements(tender: str, login: Login, name: str) -> None:
    assert login(name).get("/procurements").status_code == 403


def test_a_bid_is_sealed_and_everybody_else_sees_a_number(
    tender: str, login: Login, factory: sessionmaker[Session]
) -> None:
    supplier = login("huimin.manager")
    answer = bid(supplier, tender)
    assert answer.status_code == 303, text(answer)
    own = text(supplier.get(f"/tenders/{tender}"))
    assert "¥860,000.00" in own
    assert "投标文件.pdf" in own
    with factory() as session:
        document = session.scalars(select(Document)).one()
        assert (document.name, document.classification) == (None, "sealed")
        sha = session.scalars(select(Bid.sha256)).one()
    assert sha in own
    for name in ("lixia.officer", "lixia.leader", "agency.officer", "auditor"):
        page = text(login(name).get(f"/procurements/{tender}"))
        assert re.search(r'data-bids="1">1<', page), name
        for secret in ("860,000", "惠民", sha, "bid.submitted"):
            assert secret not in page, (name, secret)
        assert login(name).get(f"/procurements/{tender}/bids").status_code == 403
    assert login("hexie.manager").get(f"/tenders/{tender}/bid/files/{document.id}").status_code == 404
    assert supplier.get(f"/tenders/{tender}/bid/files/{document.id}").data == PDF


def test_a_bid_in_the_minute_after_the_deadline_is_told_both_times(
    tender: str, login: Login, stand_at: Callable[[dt.datetime], None], factory: sessionmaker[Session]
) -> None:
    supplier = login("huimin.manager")
    bid(supplier, tender)
    stand_at(DEADLINE + dt.timedelta(seconds=7))
    answer = bid(supplier, tender, "850,000.00")
    assert answer.status_code == 409
    assert "5月6日 09:30:00" in text(answer)
    assert "5月6日 09:30:07" in text(answer)
    withdrawn = supplier.post(f"/tenders/{tender}/lots/1/bid/withdraw")
    assert withdrawn.status_code == 409
    assert "¥860,000.00" in text(supplier.get(f"/tenders/{tender}"))


def test_a_bid_that_cannot_count_is_refused_with_the_clause_and_what_was_typed_stays(tender: str, login: Login) -> None:
    supplier = login("huimin.manager")
    over = bid(supplier, tender, "900,000.01")
    assert over.status_code == 422
    assert "36" in text(over)
    assert "900,000.01" in text(over)
    assert "投标文件.pdf" in text(over)
    bare = supplier.post(f"/tenders/{tender}/lots/1/bid", {"price_fen": "", "statement": ""})
    assert bare.status_code == 422
    assert 'href="#f-price_fen"' in text(bare)
    assert 'href="#f-files"' in text(bare)


def test_a_picture_is_not_taken_for_a_bid_document(tender: str, login: Login) -> None:
    picture = (io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(64)), "bid.pdf")
    answer = bid(login("huimin.manager"), tender, files=picture)
    assert answer.status_code == 422


def test_a_bid_can_be_withdrawn_and_handed_in_again(tender: str, login: Login) -> None:
    supplier = login("huimin.manager")
    bid(supplier, tender)
    assert supplier.post(f"/tenders/{tender}/lots/1/bid/withdraw").status_code == 303
    assert "已撤回" in text(supplier.get(f"/tenders/{tender}"))
    assert bid(supplier, tender, "855,000.00").status_code == 303
    assert "¥855,000.00" in text(supplier.get(f"/tenders/{tender}"))


def test_the_documents_are_a_file_for_every_supplier(tender: str, login: Login) -> None:
    answer = login("hexie.manager").get(f"/tenders/{tender}/documents")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{tender}.html"'
    assert "专业社会工作服务" in text(answer)


def test_an_answered_question_is_for_all_and_never_tells_who_asked(
    tender: str, login: Login, factory: sessionmaker[Session], bundled: None
) -> None:
    asked = login("huimin.manager").post(f"/tenders/{tender}/questions", {"question": "驻站人员可否轮换？"})
    assert asked.status_code == 303
    assert "轮换" in text(login("huimin.manager").get(f"/tenders/{tender}"))
    assert "轮换" not in text(login("hexie.manager").get(f"/tenders/{tender}"))
    with factory() as session:
        row = session.scalars(select(Clarification)).one()
        row.answer, row.sent_at = "可以，人数不变。", clock.now()
        session.commit()
    page = text(login("hexie.manager").get(f"/tenders/{tender}"))
    assert "轮换" in page
    assert "惠民" not in page


def test_a_challenge_in_time_is_received_and_shown_to_both_sides(tender: str, login: Login, bundled: None) -> None:
    supplier = login("huimin.manager")
    bid(supplier, tender)
    clock.set_virtual(clock.at(dt.date(2026, 4, 15)))
    data = {
        "matter": "documents", "facts": "评审因素要求本地注册，限制了外地供应商参加。", "request": "请求修改招标文件。",
        "legal_basis": "政府采购法实施条例 20",
    }  # fmt: skip
    answer = supplier.post(f"/tenders/{tender}/challenge", data)
    assert answer.status_code == 303, text(answer)
    assert f"{tender}-ZY01" in text(supplier.get(f"/tenders/{tender}"))
    assert "请求修改招标文件" in text(login("lixia.officer").get(f"/procurements/{tender}"))
    assert f"{tender}-ZY01" not in text(login("hexie.manager").get(f"/tenders/{tender}"))


def test_the_audit_trail_is_for_auditors_alone_and_said_in_words(
    tender: str, login: Login, factory: sessionmaker[Session]
) -> None:
    with factory() as session:
        found = session.scalars(select(Procurement).where(Procurement.no == tender)).one()
        audit.record(session, SYSTEM, "procurement.opened", f"procurement/{found.id}")
        session.commit()
    seen = text(login("auditor").get(f"/procurements/{tender}"))
    assert "<td>建立采购项目</td>" in seen.split('id="audit"')[1]
    assert "procurement.opened" not in seen
    assert 'id="audit"' not in text(login("lixia.officer").get(f"/procurements/{tender}"))


# --- public ---------------------------------------------------------------------------------------------------


def _notice(session: Session, kind: str, *, public: bool, content: dict[str, object]) -> int:
    row = session.scalars(select(Procurement)).one()
    made = Notice(
        procurement_id=row.id, kind=kind, is_public=public, title_zh=f"{kind}公告", title_en=f"{kind} notice",
        content=content, sha256="0" * 64, published_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.commit()
    return made.id


def test_everybody_reads_what_the_law_publishes_and_nothing_else(
    tender: str, app: Flask, client: FlaskClient, factory: sessionmaker[Session]
) -> None:
    with factory() as session:
        shown = _notice(session, "tender_notice", public=True, content={"content": "社工服务", "unlisted": "内部"})
        kept = _notice(session, "evaluation_report", public=False, content={"summary": "评审意见"})
        wrong = _notice(session, "committee", public=True, content={"experts": ["王宁"]})
    assert "tender_notice公告" in text(client.get("/public/"))
    page = text(client.get(f"/public/notices/{shown}"))
    assert "社工服务" in page
    assert "内部" not in page
    assert client.get(f"/public/notices/{kept}").status_code == 404
    assert client.get(f"/public/notices/{wrong}").status_code == 404
    assert client.get("/public/procurements/CG-0").status_code == 404
    listed = text(client.get(f"/public/procurements/{tender}"))
    assert f"/public/notices/{shown}" in listed
    assert f"/public/notices/{kept}" not in listed


@pytest.mark.parametrize("address", ["/public/", "/public/contracts", "/public/plans"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_public_pages_need_neither_login_nor_script(
    tender: str, client: FlaskClient, address: str, language: str
) -> None:
    answer = client.get(f"{address}?lang={language}")
    assert answer.status_code == 200
    assert "onclick" not in text(answer)
    assert client.get("/public/?before=x").status_code == 422


def test_a_procurement_that_published_nothing_is_not_known_to_the_public(tender: str, client: FlaskClient) -> None:
    assert client.get(f"/public/procurements/{tender}").status_code == 404


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("计划年度", "2031 年度实施计划尚未报市民政局备案", "请先办结该年度的“年度实施计划”")),
        (
            "en",
            ("Year of the plan", "The annual plan of 2031 has not been filed", "or name a year whose plan"),
        ),
    ],
)
def test_a_tender_without_a_filed_plan_is_refused_beside_its_year(
    bundled: None, login: Login, language: str, words: tuple[str, ...]
) -> None:
    """It answered that there was no such page."""
    answer = login("lixia.officer").post(f"/start/tender?lang={language}", {"year": "2031"})
    page = text(answer)
    assert answer.status_code == 422
    assert 'href="#f-year"' in page
    assert 'value="2031"' in page
    assert [each for each in words if each not in page] == []
