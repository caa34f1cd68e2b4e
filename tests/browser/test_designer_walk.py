"""The designer adds a step to the tender, is stopped by a mistake, mends it; the leader publishes; it is met."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import Browser, expect
from tests.browser.conftest import DEMO_OPENS
from tests.browser.walking import Site, site

from lastmeter import paths
from lastmeter.definitions.layout import layout

A_FILED_PLAN = """
steps:
  - act: filed_plan
    as: operator
    data: {year: 2026}
"""
STEP = """<bpmn:userTask id="task_kickoff" name="核对计划年度" camunda:formKey="kickoff"
      lm:nameEn="Check the plan's year">
      <bpmn:incoming>flow_start_by_hand__task_kickoff</bpmn:incoming>
      <bpmn:outgoing>flow_task_kickoff__svc_open</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="flow_start_by_hand__task_kickoff" sourceRef="start_by_hand" targetRef="task_kickoff"/>
    <bpmn:sequenceFlow id="flow_task_kickoff__svc_open" sourceRef="task_kickoff" targetRef="svc_open"/>"""


def drawn_with_a_new_step() -> bytes:
    """The tender as somebody has drawn it elsewhere: a step before the first, with a form that does not exist."""
    xml = (paths.bundled("bpmn") / "tender" / "tender.bpmn").read_text()
    old = "flow_start_by_hand__svc_open"
    xml = re.sub(rf'<bpmn:sequenceFlow id="{old}"[^>]*/>', STEP, xml)
    xml = xml.replace(
        f"<bpmn:outgoing>{old}</bpmn:outgoing>", "<bpmn:outgoing>flow_start_by_hand__task_kickoff</bpmn:outgoing>"
    )
    xml = xml.replace(
        f"<bpmn:incoming>{old}</bpmn:incoming>", "<bpmn:incoming>flow_task_kickoff__svc_open</bpmn:incoming>"
    )
    xml = xml.replace(
        "<bpmn:flowNodeRef>svc_open<", "<bpmn:flowNodeRef>task_kickoff</bpmn:flowNodeRef><bpmn:flowNodeRef>svc_open<"
    )
    xml = re.sub(r"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", "", xml, flags=re.S)
    return layout(xml.encode())


WORDS = {
    "zh": ("核对计划年度", "错误", "草稿已保存", "提请", "项目采购", "第 2 版"),
    "en": ("Check the plan's year", "error", "Draft saved", "ubmitted", "Procurement", "Version 2"),
}


@pytest.fixture(params=["zh", "en"])
def office(
    request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    before, folder = yaml.safe_load(A_FILED_PLAN), tmp_path_factory.mktemp("office")
    with site(chromium, folder, DEMO_OPENS, before=before, language=request.param) as made:
        yield made
        assert made.chinese == {}


def test_a_new_step_is_drawn_refused_mended_published_and_met(office: Site) -> None:
    step, error, saved, submitted, process, version = WORDS[office.language]
    page = office.open("designer", "/designer")
    drawing = {"name": "tender.bpmn", "mimeType": "application/xml", "buffer": drawn_with_a_new_step()}
    page.set_input_files("#file", drawing)
    page.click('form[enctype="multipart/form-data"] button')
    expect(page).to_have_url(re.compile(r"/designer/tender"))
    expect(page.locator(".lm-findings li", has_text="kickoff")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("核对计划年度")  # the drawing itself has one language
    page.click('form[action$="/submit"] button')
    expect(page.locator("main")).to_contain_text("kickoff")  # stopped: what to mend stands there
    page = office.open("designer", "/designer/tender")
    page.click("[data-element-id=task_kickoff]")
    page.select_option("select[name=lm-form]", "start")
    expect(page.locator(".lm-findings header p")).not_to_contain_text(error)
    page.click("[data-action=save]")
    expect(page.locator(".lm-status")).to_contain_text(saved)
    page.reload()
    page.click('form[action$="/submit"] button')
    expect(page.locator(".flash")).to_contain_text(submitted)

    page = office.open("lixia.leader", "/notices")
    expect(page.locator("main")).to_contain_text(process)
    page = office.open("lixia.leader", "/designer/tender")
    page.once("dialog", lambda dialog: dialog.accept())
    page.click("[data-action=publish]")
    expect(page.locator("main")).to_contain_text(version)

    page = office.open("lixia.officer", "/start/tender")
    page.fill("#f-year", "2026")
    page.click("form.form .actions button.primary")
    office.settle()
    assert office.task("task_requirement") is None
    page = office.do("task_kickoff", {"year": 2026})
    expect(page.locator("main")).to_contain_text(step)
    assert office.waiting("task_requirement")
    assert office.newest_procurement().startswith("CG-370102-2026-")
