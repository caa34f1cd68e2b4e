"""The designer by itself in Chromium, under the strictest policy: a server of the test plays the engine's part."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from lastmeter import paths
from lastmeter.definitions.canonical import canonical

STATIC = Path(__file__).resolve().parents[2] / "webapp" / "lastmeter_web" / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; report-uri /violation"
)
CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
DIAGRAMS = sorted(paths.bundled("bpmn").glob("*/*.bpmn"))
SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    id="definitions_small" targetNamespace="http://lastmeter.org/processes">
  <bpmn:process id="small" isExecutable="true">
    <bpmn:startEvent id="start_small" name="开始"><bpmn:outgoing>flow_a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:userTask id="task_review" name="审核" camunda:formKey="gone">
      <bpmn:incoming>flow_a</bpmn:incoming>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="flow_a" sourceRef="start_small" targetRef="task_review"/>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane id="plane" bpmnElement="small">
    <bpmndi:BPMNShape id="start_small_di" bpmnElement="start_small">
      <dc:Bounds x="160" y="122" width="36" height="36"/></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="task_review_di" bpmnElement="task_review">
      <dc:Bounds x="260" y="100" width="100" height="80"/></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge id="flow_a_di" bpmnElement="flow_a">
      <di:waypoint x="196" y="140"/><di:waypoint x="260" y="140"/></bpmndi:BPMNEdge>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
FINDING = {
    "severity": "error",
    "rule": "form_missing",
    "element_id": "task_review",
    "line": 8,
    "message": "The form gone does not exist.",
    "message_zh": "表单 gone 不存在。",
    "message_en": "The form gone does not exist.",
    "fix_zh": "选择一张已有的表单。",
    "fix_en": "Choose a form that exists.",
}


@dataclass
class Engine:
    """What the server knows: the draft, its revision, and what happened."""

    xml: str = SMALL
    revision: int = 1
    findings: list[dict[str, object]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    address: str = ""

    def page(self, language: str, read_only: bool) -> str:
        manifest = json.loads((STATIC / "built" / "manifest.json").read_text())
        entry = manifest["src/designer.ts"]
        styles = "".join(f'<link rel=stylesheet href="/static/built/{name}">' for name in entry["css"])
        settings: dict[str, str] = {
            "key": "small",
            "language": language,
            "csrf": "token",
            "xml-url": "/xml",
            "lint-url": "/lint",
            "draft-url": "/draft",
            "publish-url": "/publish",
            "layout-url": "/layout",
            "forms": json.dumps([{"key": "review", "zh": "审核表", "en": "Review"}]),
            "roles": json.dumps([{"key": "district_officer", "zh": "区县经办人", "en": "District officer"}]),
            "rules": json.dumps([{"key": "D02", "zh": "驻站社工到岗", "en": "Staff on post"}]),
        }
        attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in settings.items())
        return (
            f"<!doctype html><html lang={language}><meta charset=utf-8><title>designer</title>{styles}"
            f"<div id=designer {attributes} {'data-readonly' if read_only else ''}></div>"
            f'<script type=module src="/static/built/{entry["file"]}"></script>'
        )


class _Handler(http.server.BaseHTTPRequestHandler):
    engine: Engine

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a failing test shows what it needs itself."""

    def do_GET(self) -> None:
        if self.path.startswith("/static/"):
            file = STATIC / self.path.removeprefix("/static/")
            kinds = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".woff": "font/woff"}
            self._answer(200, file.read_bytes(), kinds.get(file.suffix, "application/octet-stream"))
        elif self.path == "/xml":
            self._answer(200, self.engine.xml.encode(), "application/xml", ETag=f'"{self.engine.revision}"')
        elif self.path.startswith("/page"):
            page = self.engine.page("en" if "en" in self.path else "zh", "readonly" in self.path)
            self._answer(200, page.encode(), "text/html; charset=utf-8")
        else:
            self._answer(204, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        engine = self.engine
        if self.path == "/violation":
            engine.violations.append(body)
            return self._answer(204, b"", "text/plain")
        engine.requests.append(self.path)
        if self.headers.get("X-CSRF-Token") != "token":
            return self._answer(403, b"{}", "application/json")
        if self.path == "/lint":
            return self._json(200, {"findings": engine.findings})
        if self.path == "/layout":
            return self._answer(200, body.replace('x="260"', 'x="300"').encode(), "application/xml")
        if self.path == "/publish":
            if engine.findings:
                return self._json(422, {"code": "definition_refused", "detail": "-", "findings": engine.findings})
            return self._json(201, {"version": 7})
        if self.headers.get("If-Match") != f'"{engine.revision}"':
            return self._json(412, {"detail": "newer"})
        engine.xml, engine.revision = body, engine.revision + 1
        return self._answer(200, b"{}", "application/json", ETag=f'"{engine.revision}"')

    def _json(self, status: int, value: object) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program is not None, "install chromium"
    assert (STATIC / "built" / "manifest.json").exists(), "run make assets"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    handler = type("Handler", (_Handler,), {"engine": engine})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        engine.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield engine
        server.shutdown()
        thread.join()
    assert engine.violations == []


@pytest.fixture
def page(browser: Browser, engine: Engine) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def open_designer(page: Page, engine: Engine, what: str = "zh") -> None:
    page.goto(f"{engine.address}/page?{what}")
    expect(page.locator(".lm-findings header p")).not_to_have_text("正在检查……")
    page.locator("[data-element-id=task_review].djs-shape").wait_for()


def status(page: Page) -> str:
    return page.locator(".lm-status").inner_text()


def test_what_was_typed_just_before_saving_is_saved(page: Page, engine: Engine) -> None:
    # The panel takes a field over when it loses the focus: saving at once used to lose the last edit.
    open_designer(page, engine)
    page.click("[data-element-id=task_review]")
    page.fill("input[name=lm-name-en]", "Review the need")
    page.keyboard.press("Control+s")
    expect(page.locator(".lm-status")).to_contain_text("草稿已保存")
    assert 'lm:nameEn="Review the need"' in engine.xml


def test_a_newer_draft_of_somebody_else_is_not_overwritten(page: Page, engine: Engine) -> None:
    open_designer(page, engine)
    engine.revision = 5
    page.click("[data-action=save]")
    expect(page.locator(".lm-status")).to_contain_text("别人")
    assert engine.xml == SMALL


def test_a_finding_leads_to_its_element_and_an_unknown_form_is_shown_as_missing(page: Page, engine: Engine) -> None:
    engine.findings = [FINDING]
    open_designer(page, engine)
    expect(page.locator(".lm-findings li")).to_have_count(1)
    assert "表单 gone 不存在。" in page.locator(".lm-findings li").inner_text()
    expect(page.locator("[data-element-id=task_review].lm-has-error")).to_have_count(1)
    page.click(".lm-findings li button")
    chosen = page.locator("select[name=lm-form] option:checked")
    expect(chosen).to_have_text("不存在：gone")


def test_a_refused_publication_shows_what_to_mend_and_a_mended_one_its_version(page: Page, engine: Engine) -> None:
    page.on("dialog", Dialog.accept)
    engine.findings = [FINDING]
    open_designer(page, engine)
    page.click("[data-action=publish]")
    expect(page.locator(".lm-status")).to_have_text("没有发布：请先改正 1 处错误。")
    engine.findings = []
    page.click("[data-element-id=task_review]")
    page.select_option("select[name=lm-form]", "review")
    expect(page.locator(".lm-findings header p")).to_have_text("没有发现问题，可以发布。")
    expect(page.locator("[data-element-id=task_review].lm-has-error")).to_have_count(0)
    page.click("[data-action=publish]")
    expect(page.locator(".lm-status")).to_have_text("已发布第 7 版")
    assert 'camunda:formKey="review"' in engine.xml


def test_a_deadline_rule_becomes_a_due_date_that_the_engine_reads(page: Page, engine: Engine) -> None:
    open_designer(page, engine)
    page.click("[data-element-id=task_review]")
    page.select_option("select[name=lm-rule]", "D02")
    page.fill("input[name=lm-rule-start]", "signed_on")
    page.click("[data-action=save]")
    expect(page.locator(".lm-status")).to_contain_text("草稿已保存")
    assert 'camunda:dueDate="=deadline(&#34;D02&#34;, signed_on)"' in engine.xml.replace("&quot;", "&#34;")


def test_a_tidied_layout_can_be_taken_back(page: Page, engine: Engine) -> None:
    open_designer(page, engine)
    page.click("[data-action=tidy]")
    page.locator(".lm-status .lm-link").click()
    expect(page.locator(".lm-status")).to_have_text("有未保存的修改")
    page.click("[data-action=save]")
    expect(page.locator(".lm-status")).to_contain_text("草稿已保存")
    assert 'x="260"' in engine.xml


def test_a_file_that_is_not_wholly_understood_may_be_looked_at_but_not_saved(page: Page, engine: Engine) -> None:
    engine.xml = SMALL.replace("<bpmn:userTask ", "<bpmn:userTsk ").replace("</bpmn:userTask>", "</bpmn:userTsk>")
    page.goto(f"{engine.address}/page?zh")
    expect(page.locator(".lm-status")).to_contain_text("读不出")
    for action in ("save", "tidy", "publish"):
        expect(page.locator(f"[data-action={action}]")).to_be_disabled()


def test_read_only_shows_the_diagram_without_tools(page: Page, engine: Engine) -> None:
    open_designer(page, engine, "readonly")
    assert page.locator("[data-action=save], [data-action=publish], .djs-palette, .lm-properties").count() == 0
    assert status(page) == "只读：您可以查看，不能修改"


def test_the_english_page_says_nothing_in_chinese_of_its_own(page: Page, engine: Engine) -> None:
    engine.findings = [{**FINDING, "element_id": None}]
    open_designer(page, engine, "en")
    page.locator("[data-element-id=start_small].djs-shape").click()
    words = page.locator("#designer").inner_text().replace("开始", "").replace("审核", "")
    assert [character for character in words if "\u4e00" <= character <= "\u9fff"] == []


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda path: path.stem)
def test_saving_our_own_diagram_without_a_change_changes_nothing(page: Page, engine: Engine, diagram: Path) -> None:
    engine.xml = diagram.read_text()
    page.goto(f"{engine.address}/page?zh")
    expect(page.locator(".lm-status")).to_have_text("已打开")
    page.click("[data-action=save]")
    expect(page.locator(".lm-status")).to_contain_text("草稿已保存")
    assert canonical(engine.xml.encode()).decode() == canonical(diagram.read_bytes()).decode()
