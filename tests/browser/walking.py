"""People walk through the pages in Chromium: each logs in, finds the work in the inbox, fills the form, hands it in."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import clock, db, keys
from lastmeter.embedded import testing
from lastmeter.identity.models import Account, Person
from lastmeter.identity.people import holders
from lastmeter.outbox import Job
from lastmeter.procurement.models import Procurement
from lastmeter.rehearsal import runner as rehearsal
from lastmeter.rehearsal import world
from lastmeter.rehearsal.player import Player, play
from lastmeter.rehearsal.scenario import Scenario, _step
from lastmeter.workflow.models import HumanTask, Instance

ROOT = Path(__file__).resolve().parents[2]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
PASSWORD = "correct horse battery"
# Real hashes cost a second of one core on a busy machine; what logging in costs is not the matter here.
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PATIENCE = 30.0
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
OPEN = ("open", "hold")
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


# What a page says in Chinese outside of what people wrote (bdi, fields) and drew (the canvas).
SAID_IN_CHINESE = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest("bdi, textarea, script, style, .djs-container")) continue;
    if (/[\\u3000-\\u303f\\u3400-\\u9fff\\uff00-\\uffef]/.test(node.data)) found.push(node.data.trim());
  }
  return found;
}"""
SAME_FOR_ALL = {"中文", "最后一米"}


@dataclass
class Site:
    """A running Lastmeter with the rehearsal world, seen from outside as pages and from inside through `factory`."""

    address: str
    factory: sessionmaker[Session]
    player: Player
    browser: Browser
    language: str = "zh"
    cookies: dict[str, list[Any]] = field(default_factory=dict)  # by login: who was here before is still logged in
    complaints: list[str] = field(default_factory=list)  # what the browser's console called an error
    chinese: dict[str, list[str]] = field(default_factory=dict)  # by address: what a walk in English met all the same
    _context: BrowserContext | None = None
    _page: Page | None = None

    # --- people ------------------------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        """The one window, in which people take turns."""
        if self._page is None:
            self._context = self.browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
            self._context.set_default_timeout(PATIENCE * 1000)
            self._page = self._context.new_page()
            self._page.on("console", self._complain)
            self._page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return self._page

    def _complain(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(f"{said.text} {said.location.get('url', '')}")

    def person(self, login: str) -> Page:
        """The window with that person logged in."""
        page = self.page
        page.context.clear_cookies()
        if login in self.cookies:
            page.context.add_cookies(self.cookies[login])
            return page
        page.goto(f"{self.address}/login?lang={self.language}")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.click('form[action="/login"] button.primary')
        expect(page.locator("nav.rail")).to_be_visible()
        self.cookies[login] = list(page.context.cookies())
        return page

    def open(self, login: str, path: str) -> Page:
        """The person's page at that address."""
        page = self.person(login)
        page.goto(self.address + path)
        self._read()
        return page

    def reads(self, login: str, path: str, **texts: str) -> None:
        """The person's page at that address says the text of each language in that language."""
        for language, said in texts.items():
            page = self.open(login, f"{path}{'&' if '?' in path else '?'}lang={language}")
            expect(page.locator("main")).to_contain_text(said)

    def _read(self) -> None:
        """In English nothing of our own is said in Chinese: noted, so that a walk can end with nothing noted."""
        if self.page.locator("html").get_attribute("lang") != "en":
            return
        said = {text_ for text_ in self.page.evaluate(SAID_IN_CHINESE) if text_ not in SAME_FOR_ALL}
        said = {text_ for text_ in said if CHINESE.search(self._names.sub("", text_))}
        if said:
            self.chinese[self.page.url] = sorted(said)

    @cached_property
    def _names(self) -> re.Pattern[str]:
        with self.factory() as session:
            names = sorted(session.scalars(select(Person.name)), key=len, reverse=True)
        return re.compile("|".join(map(re.escape, names)))

    def login_of(self, person_id: int) -> str:
        with self.factory() as session:
            return session.scalars(select(Account.login).where(Account.person_id == person_id)).one()

    # --- work --------------------------------------------------------------------------------------------------

    def task(self, element: str, process: str | None = None) -> HumanTask | None:
        """The oldest open task of that element."""
        query = select(HumanTask).where(HumanTask.element_id == element, HumanTask.state.in_(OPEN))
        if process is not None:
            query = query.join(Instance, Instance.id == HumanTask.instance_id).where(Instance.definition_key == process)
        with self.factory() as session:
            return session.scalars(query.order_by(HumanTask.id).limit(1)).first()

    def waiting(self, element: str, process: str | None = None) -> HumanTask:
        """The task, as soon as the workers have brought it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if (found := self.task(element, process)) is not None:
                return found
            time.sleep(0.05)
        raise AssertionError(f"no open task {element}; open are {self.open_tasks()}")

    def open_tasks(self) -> list[str]:
        with self.factory() as session:
            return sorted(session.scalars(select(HumanTask.element_id).where(HumanTask.state.in_(OPEN))))

    def do(self, element: str, data: Mapping[str, Any], *, process: str | None = None, who: str | None = None) -> Page:
        """Somebody whose work it is finds the task in the inbox, claims it, fills the form and hands it in."""
        task = self.waiting(element, process)
        page = self._claim(task, who)
        fill(page, self.resolve(data))
        submit(page)
        if page.locator("[data-error-summary]").count():
            # Fields that what was typed has brought up are on the page now.
            fill(page, self.resolve(data))
            submit(page)
        self._read()
        complaints = page.locator("[data-error-summary]")
        assert complaints.count() == 0, f"{element}: {complaints.first.inner_text()}"
        assert "/done" in page.url, f"{element}: {page.url}"
        self.settle()
        return page

    def do_all(self, element: str, data: Mapping[str, Any], *, process: str | None = None) -> int:
        """Everybody who has such a task does it; how many there were."""
        self.waiting(element, process)
        count = 0
        while self.task(element, process) is not None:
            self.do(element, data, process=process)
            count += 1
        return count

    def _claim(self, task: HumanTask, who: str | None) -> Page:
        """The task's page with the task claimed; of several candidates the first that may take it."""
        for login in [who] if who else self._candidates(task):
            page = self.open(login, "/inbox?queue=group")
            link = page.locator(f'tr:has(a[href$="/t/{task.id}"])')
            claim = link.locator("button[data-claim]")
            if claim.count():
                with page.expect_response(lambda answer: answer.url.endswith("/claim")):
                    claim.click()
            page.goto(f"{self.address}/t/{task.id}")
            self._read()
            if page.locator("form.form .actions button.primary:not([disabled])").count():
                return page
        raise AssertionError(f"nobody may do {task.element_id} ({task.role})")

    def _candidates(self, task: HumanTask) -> list[str]:
        fixed = task.claimed_by or task.person_id
        if fixed is not None:
            return [self.login_of(fixed)]
        with self.factory() as session:
            return [self.login_of(each.id) for each in holders(session, task.role or "", task.organisation_id or 0)]

    def resolve(self, data: Mapping[str, Any]) -> Any:
        """`$org:key` and `$person:login` in the data, as the rehearsal's scenarios write them."""
        with self.factory() as session:
            return self.player.resolve(session, data)

    def settle(self) -> None:
        """Everything that is due has been done by the worker."""
        until = time.monotonic() + PATIENCE
        due = select(func.count()).where(
            Job.due_at <= text("coalesce((SELECT stands_at FROM legal_clock WHERE id = 1), now())"),
            Job.failed_at.is_(None), Job.paused_at.is_(None),
        )  # fmt: skip
        while time.monotonic() < until:
            with self.factory() as session:
                if not session.scalar(due) and not session.scalar(text("SELECT count(moves_to) FROM legal_clock")):
                    return
            time.sleep(0.05)
        raise AssertionError("the worker did not get done")

    # --- time --------------------------------------------------------------------------------------------------

    def now(self) -> dt.datetime:
        with self.factory() as session:
            found = session.scalar(text("SELECT stands_at FROM legal_clock WHERE id = 1"))
        assert isinstance(found, dt.datetime)
        return found

    def move_to(self, login: str, day: dt.date) -> None:
        """Somebody sets the demonstration's clock to that day, by the bar."""
        page = self.person(login)
        page.goto(f"{self.address}/inbox")
        page.fill("#clock-day", day.isoformat())
        page.click('.clock button[value="day"]')
        expect(page.locator(".clock")).to_be_visible()
        self._arrive(clock.at(day))

    def move_to_next(self, login: str) -> dt.datetime:
        """The clock goes to the next due event, by the bar."""
        before = self.now()
        page = self.person(login)
        page.goto(f"{self.address}/inbox")
        page.click('.clock button[value="next"]')
        until = time.monotonic() + PATIENCE
        while self.now() == before and time.monotonic() < until:
            time.sleep(0.05)
        self.settle()
        return self.now()

    def _arrive(self, moment: dt.datetime) -> None:
        until = time.monotonic() + PATIENCE
        while self.now() < moment and time.monotonic() < until:
            time.sleep(0.05)
        assert self.now() >= moment
        self.settle()

    # --- procurement -------------------------------------------------------------------------------------------

    def newest_procurement(self) -> str:
        with self.factory() as session:
            return session.scalars(select(Procurement.no).order_by(Procurement.id.desc()).limit(1)).one()

    def bid(self, login: str, no: str, price: str) -> Page:
        """The supplier's manager finds the tender, fills the bid's form and hands it in."""
        page = self.open(login, "/tenders")
        page.click(f'a[href="/tenders/{no}"]')
        page.click('[data-lot="1"] a.btn.primary')
        page.fill("#f-price_fen", price)
        page.fill("#f-statement", "我方承诺按采购文件提供服务，每站配备三名以上驻站社工。")
        page.set_input_files("#f-files", {"name": "投标文件.pdf", "mimeType": "application/pdf", "buffer": PDF})
        page.check("#f-declaration_3y")
        page.click("form.form .actions button.primary")
        return page

    def close(self) -> None:
        if self._context is not None:
            self._context.close()


# --- forms ------------------------------------------------------------------------------------------------------


def submit(page: Page) -> None:
    page.click("form.form .actions button.primary")
    page.wait_for_load_state()


def fill(page: Page, data: Mapping[str, Any]) -> None:
    """What is in `data` is typed into the page's form, rows added where they are needed."""
    for name, value in data.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            _rows(page, name, len(value))
    inputs = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("form.form [name]:not([readonly]):not([disabled])")]
           .map(e => [e.name, e.tagName === "SELECT" ? "select" : e.type]))"""
    )
    for name, value in _leaves("", data):
        if name in inputs:
            _fill(page, name, inputs[name], value)


def _leaves(path: str, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every value with the name that its input has."""
    for key, value in data.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, row in enumerate(value):
                yield from _leaves(f"{path}{key}.{number}.", row)
        else:
            yield f"{path}{key}", value


def _rows(page: Page, name: str, wanted: int) -> None:
    rows = page.locator(f"#f-{name} > .row")
    while (before := rows.count()) < wanted:
        page.click(f'button[name="_add"][value="{name}"]')
        expect(rows).to_have_count(before + 1)
    while (before := rows.count()) > wanted:
        page.click(f'button[name="_remove"][value="{name}.{before - 1}"]')
        expect(rows).to_have_count(before - 1)


def _fill(page: Page, name: str, kind: str, value: Any) -> None:
    field_ = f'form.form [name="{name}"]'
    if kind == "radio":
        page.check(f'{field_}[value="{_text(value)}"]')
    elif kind == "checkbox" and isinstance(value, list):
        for each in value:
            page.check(f'{field_}[value="{each}"]')
    elif kind == "checkbox":
        page.set_checked(field_, bool(value))
    elif kind == "select":
        page.select_option(field_, _text(value))
    else:
        money = name.rpartition(".")[2] == "fen" or name.endswith("_fen")
        page.fill(field_, f"{value / 100:.2f}" if money else _text(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def chain(page: Page) -> dict[str, str]:
    """The lawful date of each line of the schedule on a tender's page."""
    return {
        row.get_attribute("data-line") or "": row.locator("time").first.get_attribute("datetime") or ""
        for row in page.locator("table.chain tbody tr").all()
    }


# --- the servers ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def site(
    browser: Browser, folder: Path, at: dt.datetime, *, language: str = "zh", before: Mapping[str, Any] | None = None
) -> Iterator[Site]:
    """Web and worker on a fresh copy of the rehearsal world, whose clock stands at `at`.

    `before`: what people have done until the walk begins, as a scenario says it, played through the services.
    """
    (folder / "master.key").write_text(base64.b64encode(rehearsal.REHEARSAL_KEY).decode())
    testing.template("rehearsal", rehearsal._prepare)
    with testing.borrowed("rehearsal") as database:
        keys.install(rehearsal.REHEARSAL_KEY)
        engine = db.make_engine(database.app_url)
        try:
            factory = db.session_factory(engine)
            with factory() as session:
                here = world.reload(session)
            here.session = None
            player = Player(factory, here, at)
            if before is not None:
                play(player, scenario(before, at))
            with factory() as session, db.unit_of_work(session):
                session.execute(update(Account).values(password_hash=CHEAP.hash(PASSWORD), language=language))
                db.move_legal_clock(session, player.now)
            clock.set_virtual(None)
            with _processes(folder, database.app_url) as address:
                made = Site(address, factory, player, browser, language)
                yield made
                made.close()
        finally:
            engine.dispose()


def scenario(data: Mapping[str, Any], at: dt.datetime) -> Scenario:
    """A scenario out of what a file of one would hold."""
    steps = tuple(_step(number, item) for number, item in enumerate(data.get("steps") or [], 1))
    return Scenario(
        "before", "", "", at, str(data.get("process", "")), data.get("start"), data.get("message"),
        data.get("given") or {}, steps,
    )  # fmt: skip


@contextlib.contextmanager
def _processes(folder: Path, url: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "engine"), str(ROOT / "webapp")]),
        "LASTMETER_DEMO": "1",
        "LASTMETER_SECURE_COOKIES": "0",
        "LASTMETER_DATA_DIR": str(folder),
        "LASTMETER_DATABASE_URL": url,
        "LASTMETER_WORKER_POLL_SECONDS": "0.3",
    }
    web = ["gunicorn", "--workers", "1", "--threads", "4", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    commands: Sequence[Sequence[str]] = ([*web, "lastmeter_web.app:create_app()"], ["lastmeter.worker"])
    running = []
    with contextlib.ExitStack() as stack:
        for number, command in enumerate(commands):
            log = stack.enter_context((folder / f"process-{number}.log").open("wb"))
            running.append(subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=log, stderr=log))
        try:
            _await(f"http://127.0.0.1:{port}/login", running[0], folder)
            yield f"http://127.0.0.1:{port}"
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(timeout=15)


def _await(address: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=15).close()
            return
        time.sleep(0.1)
    raise AssertionError((folder / "process-0.log").read_text(errors="replace")[-3000:])


def faults(page: Page, at: str) -> list[str]:
    """What axe-core finds on the page, and whether it is wider than the screen, each after the words `at`."""
    viewport = page.viewport_size
    assert viewport is not None
    found = Axe().run(page, options=AXE).response["violations"]
    told = [f"{at}: {each['id']} {each['nodes'][0]['html'][:120]}" for each in found]
    if page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
        told.append(f"{at}: wider than the screen")
    return told
