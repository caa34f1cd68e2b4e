"""Why a table decided as it did, on the pages of those who may know."""

from __future__ import annotations

import re

import pytest
from tests.web.city import City

RULE = {
    "zh": ("采购方式", "公开招标", "没有特殊情形的，公开招标", "依据：政府采购法 26、27", "预算金额", "900,000.00元"),
    "en": ("Procurement method", "open tender", "Without a special circumstance: open tender (Law 26, 27)",
           "Basis: Government Procurement Law, arts. 26, 27", "Budget", "CNY 900,000.00"),
}  # fmt: skip


def card(page: str) -> str:
    found = re.search(r'<section class="card decided" id="decided">.*?</section>', page, re.S)
    return "" if found is None else found[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_officer_reads_which_rule_chose_the_method_and_by_which_clause(city: City, language: str) -> None:
    page = city.visitor("lixia.officer", language).get(f"/instances/{city.instance('tender')}")
    assert page.status == 200
    for words in RULE[language]:
        assert words in card(page.text)
    timeline = re.search(r'<ol class="timeline">.*?</ol>', page.text, re.S)
    assert timeline is not None
    assert RULE[language][2] in timeline[0]


def test_an_auditor_reads_it_too_but_nothing_of_a_case(city: City) -> None:
    auditor = city.visitor("auditor")
    assert "没有特殊情形的，公开招标" in card(auditor.get(f"/instances/{city.instance('tender')}").text)
    assert card(auditor.get(f"/instances/{city.instance('case')}").text) == ""


def test_the_responsible_worker_reads_why_a_case_was_opened(city: City) -> None:
    worker = city.visitor("huimin.worker1").get(f"/t/{city.task('task_assessment')}")
    assert "需要个案服务：开展个案" in card(worker.text)
    assert "未成年人疑似受侵害或面临危险" in card(worker.text)


def test_a_program_of_the_worker_is_told_the_same(city: City) -> None:
    address = f"/api/v1/tasks/{city.task('task_assessment')}"
    told = city.stranger().client.get(address, headers=city.token("huimin.worker1")).get_json()["decided"]
    assert [(each["element_id"], each["decision"]) for each in told] == [("task_triage", "triage")]
    assert [rule["rule"] for rule in told[0]["tables"][0]["rules"]] == ["triage_case"]
