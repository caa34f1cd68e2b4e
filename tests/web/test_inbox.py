"""The rules of the inbox, as a browser without JavaScript and as htmx meet them."""

from __future__ import annotations

import datetime as dt
import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker
from tests.web.conftest import Browser

from lastmeter import clock, db, jobs
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.identity.models import Account, Membership
from lastmeter.identity.people import actor_of
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.models import HumanTask, TaskDraft

XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 xmlns:lm="http://lastmeter.org/schema/1.0" id="d" targetNamespace="http://lastmeter.org/test">
<process id="paper" name="\xe5\x85\xac\xe6\x96\x87" isExecutable="true"><startEvent id="begin"/>
<userTask id="write" name="\xe8\xb5\xb7\xe8\x8d\x89" lm:nameEn="Write" camunda:candidateGroups="district_officer"/>
<userTask id="sign" name="\xe7\xad\xbe\xe5\x8f\x91" lm:nameEn="Sign" camunda:candidateGroups="district_leader"/>
<endEvent id="end"/><sequenceFlow id="f1" sourceRef="begin" targetRef="write"/>
<sequenceFlow id="f2" sourceRef="write" targetRef="sign"/><sequenceFlow id="f3" sourceRef="sign" targetRef="end"/>
</process></definitions>"""
DATED = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 xmlns:lm="http://lastmeter.org/schema/1.0" id="d" targetNamespace="http://lastmeter.org/test">
<process id="dated" name="dated" isExecutable="true"><startEvent id="begin"/>
<userTask id="answer" name="answer" camunda:candidateGroups="district_officer"
 lm:dueDate="=deadline(&quot;D40&quot;, date(2026, 3, 2))"/><endEvent id="end"/>
<sequenceFlow id="f1" sourceRef="begin" targetRef="answer"/><sequenceFlow id="f2" sourceRef="answer" targetRef="end"/>
</process></definitions>"""
CHECKED = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 xmlns:lm="http://lastmeter.org/schema/1.0" id="d" targetNamespace="http://lastmeter.org/test">
<process id="checked" name="核稿" isExecutable="true"><startEvent id="begin"/>
<userTask id="draft" name="拟稿" lm:nameEn="Draft" camunda:candidateGroups="district_officer"/>
<userTask id="check" name="核稿" lm:nameEn="Check" camunda:candidateGroups="district_officer" lm:separateFrom="draft"/>
<endEvent id="end"/><sequenceFlow id="f1" sourceRef="begin" targetRef="draft"/>
<sequenceFlow id="f2" sourceRef="draft" targetRef="check"/><sequenceFlow id="f3" sourceRef="check" targetRef="end"/>
</process></definitions>""".encode()
CALLING = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="http://lastmeter.org/test">
<process id="calling" name="\xe5\x8f\x91\xe6\x96\x87" isExecutable="true"><startEvent id="begin"/>
<callActivity id="call" calledElement="paper"/><endEvent id="end"/>
<sequenceFlow id="f1" sourceRef="begin" targetRef="call"/><sequenceFlow id="f2" sourceRef="call" targetRef="end"/>
</process></definitions>"""
ONE_BY_ONE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 xmlns:lm="http://lastmeter.org/schema/1.0" id="d" targetNamespace="http://lastmeter.org/test">
<process id="checks" name="核查" isExecutable="true"><startEvent id="begin"/>
<adHocSubProcess id="any_order" name="逐项核查" ordering="Sequential">
<userTask id="site" name="看场地" lm:nameEn="See the site" camunda:candidateGroups="district_officer"/>
<userTask id="books" name="看账目" lm:nameEn="See the books" camunda:candidateGroups="district_officer"/>
</adHocSubProcess><endEvent id="end"/><sequenceFlow id="f1" sourceRef="begin" targetRef="any_order"/>
<sequenceFlow id="f2" sourceRef="any_order" targetRef="end"/></process></definitions>"""
MONDAY = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)  # 09:00 in Jinan
LogIn = Callable[[str], Browser]


class Office:
    """Papers to write: each is one instance with one open task that both officers of the district may claim."""

    def __init__(self, factory: sessionmaker[Session]) -> None:
        self.factory = factory

    def papers(self, count: int) -> list[int]:
        def start(session: Session) -> list[int]:
            made = [instances.start(session, SYSTEM, "paper").id for _ in range(count)]
            query = select(HumanTask.id).where(HumanTask.instance_id.in_(made), HumanTask.element_id == "write")
            return list(session.scalars(query.order_by(HumanTask.id)))

        return db.in_transaction(self.factory, start)

    def acts(self, login: str, verb: Callable[..., Any], *given: Any) -> Any:
        def act(session: Session) -> Any:
            person = session.scalars(select(Account.person_id).where(Account.login == login)).one()
            return verb(session, actor_of(session, person), *given)

        return db.in_transaction(self.factory, act)

    def task(self, task_id: int) -> HumanTask:
        with self.factory() as session:
            return session.get_one(HumanTask, task_id)

    def change(self, task_id: int, **values: Any) -> None:
        with self.factory() as session:
            session.execute(update(HumanTask).where(HumanTask.id == task_id).values(**values))
            session.commit()


@pytest.fixture
def office(app: Flask, factory: sessionmaker[Session]) -> Office:
    clock.set_virtual(MONDAY)
    db.in_transaction(factory, lambda session: publishing.publish(session, SYSTEM, XML))
    return Office(factory)


def page(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def tabs(text: str) -> dict[str, str]:
    """queue → the count its tab shows."""
    return {found[1]: found[2] for found in re.finditer(r'queue=(\w+)[^"]*"[^>]*>[^<]*<b>([^<]+)</b>', text)}


# --- what is somebody else's to do -----------------------------------------------------------------------------------


def test_the_list_says_before_the_click_that_a_step_is_for_somebody_else(office: Office, login: LogIn) -> None:
    """Separation of duties stood in the list as a button that only refused."""
    db.in_transaction(office.factory, lambda session: publishing.publish(session, SYSTEM, CHECKED))
    started = db.in_transaction(office.factory, lambda session: instances.start(session, SYSTEM, "checked").id)

    def task_at(session: Session) -> int:
        query = select(HumanTask.id).where(HumanTask.instance_id == started, HumanTask.state == "open")
        return session.scalars(query).one()

    draft = db.in_transaction(office.factory, task_at)
    officer = login("lixia.officer")
    officer.post(f"/t/{draft}/claim")
    done = officer.post(f"/t/{draft}")
    check = db.in_transaction(office.factory, task_at)
    shown = page(officer.get("/inbox?queue=group"))
    assert f"/t/{check}" in shown
    assert f'action="/t/{check}/claim"' not in shown
    assert "须由他人办理" in shown
    assert "您已办理“拟稿”" in shown
    assert "You did “Draft”" in page(officer.get("/inbox?queue=group&lang=en"))
    assert f'href="/t/{check}"' not in page(officer.get(done.headers["Location"]))  # not offered as what comes next
    assert f'action="/t/{check}/claim"' in page(login("lixia.officer2").get("/inbox?queue=group"))


# --- 1, 2, 4: addresses, counts, arrivals ----------------------------------------------------------------------------


def test_a_link_to_a_task_survives_the_login(office: Office, app: Flask) -> None:
    [task] = office.papers(1)
    visitor = app.test_client()
    asked = visitor.get(f"/t/{task}?lang=en")
    form = page(visitor.get(asked.headers["Location"]))
    wanted = re.search(r'name="next" value="([^"]+)"', form)
    assert wanted is not None
    let_in = visitor.post(
        "/login", data={"login": "lixia.officer", "password": "correct horse battery", "next": wanted[1]}
    )
    assert let_in.headers["Location"] == f"/t/{task}?lang=en"


def test_counts_are_those_of_the_filter(office: Office, login: LogIn) -> None:
    office.papers(3)
    officer = login("lixia.officer")
    assert tabs(page(officer.get("/inbox?queue=group")))["group"] == "3"
    assert tabs(page(officer.get("/inbox?queue=group&q=nothing-like-it")))["group"] == "0"


def test_new_work_is_announced_beside_a_list_that_stands_still(office: Office, login: LogIn) -> None:
    office.papers(2)
    officer = login("lixia.officer")
    found = re.search(r'data-arrivals="([^"]+)"', page(officer.get("/inbox?queue=group")))
    assert found is not None
    address = found[1].replace("&amp;", "&")
    assert page(officer.get(address)).strip() == ""
    office.papers(3)
    assert "3 条新到 — 显示" in page(officer.get(address))
    assert "新到" not in page(login("lixia.leader").get(address.replace("queue=group", "queue=mine")))
    assert officer.get("/inbox/arrivals?since=x").status_code == 422


def test_the_next_page_begins_after_the_last_row_whatever_has_come_meanwhile(office: Office, login: LogIn) -> None:
    first = office.papers(60)
    officer = login("lixia.officer")
    shown = page(officer.get("/inbox?queue=group&lang=en"))
    following = re.search(r'href="([^"]*cursor=[^"]+)"', shown)
    assert following is not None
    office.acts("lixia.officer2", tasks.claim, first[0])
    rest = page(officer.get(following[1].replace("&amp;", "&")))
    numbers = [int(each) for each in re.findall(r'data-open href="/t/(\d+)"', shown + rest)]
    assert numbers == first


# --- 6 to 9: claims ---------------------------------------------------------------------------------------------------


def test_a_claim_leads_to_the_task_and_by_htmx_changes_its_line_in_place(office: Office, login: LogIn) -> None:
    one, two = office.papers(2)
    officer = login("lixia.officer")
    answer = officer.post(f"/t/{one}/claim")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/t/{one}")
    line = officer.post(f"/t/{two}/claim", headers={"HX-Request": "true"})
    assert line.status_code == 200
    assert page(line).strip().startswith("<tr data-row>")
    assert "我" in page(line)
    assert "data-claim" not in page(line)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_who_comes_too_late_reads_who_was_first_and_when(office: Office, login: LogIn, headers: dict[str, str]) -> None:
    [task] = office.papers(1)
    officer = login("lixia.officer")
    clock.set_virtual(MONDAY + dt.timedelta(minutes=62))
    office.acts("lixia.officer2", tasks.claim, task)
    answer = officer.post(f"/t/{task}/claim", headers=headers)
    assert answer.status_code == 409
    assert "已被 李强 10:02 认领" in page(answer)
    assert ("<html" in page(answer)) == (not headers)


def test_the_group_sees_who_holds_what_since_when(office: Office, login: LogIn) -> None:
    [task] = office.papers(1)
    office.acts("lixia.officer2", tasks.claim, task)
    shown = page(login("lixia.officer").get("/inbox?queue=group"))
    assert "同组正在办理" in shown
    assert "李强" in shown
    assert "09:00 认领" in shown
    assert "李强" not in page(login("lixia.quancheng.officer").get("/inbox?queue=group"))


def test_a_claim_without_a_keystroke_for_more_than_three_working_days_is_flagged(office: Office, login: LogIn) -> None:
    idle, busy = office.papers(2)
    for task in (idle, busy):
        office.acts("lixia.officer", tasks.claim, task)
    clock.set_virtual(dt.datetime(2026, 3, 5, 2, tzinfo=dt.UTC))
    assert "未动" not in page(login("lixia.officer").get("/inbox?queue=mine"))
    office.acts("lixia.officer", tasks.save_draft, busy, {"note": "..."})
    clock.set_virtual(dt.datetime(2026, 3, 6, 2, tzinfo=dt.UTC))
    shown = page(login("lixia.officer").get("/inbox?queue=mine"))
    assert shown.count("认领后 4 个工作日未动") == 1
    assert office.task(idle).claimed_by is not None  # flagged, never taken


def test_a_release_asks_for_a_reason_and_gives_the_task_back_to_the_group(office: Office, login: LogIn) -> None:
    [task] = office.papers(1)
    officer = login("lixia.officer")
    officer.post(f"/t/{task}/claim")
    assert officer.post(f"/t/{task}/release", {"reason": " "}).status_code == 422
    assert officer.post(f"/t/{task}/release", {"reason": "出差"}).status_code == 303
    assert office.task(task).claimed_by is None


# --- 10 to 13: what was typed -----------------------------------------------------------------------------------------


def test_a_draft_is_its_writers_own_and_survives_a_release(office: Office, login: LogIn) -> None:
    [task] = office.papers(1)
    one, two = login("lixia.officer"), login("lixia.officer2")
    one.post(f"/t/{task}/claim")
    kept = one.post(f"/t/{task}/draft", {"comment": "半句话", "note": "半句话"}, headers={"Accept": "application/json"})
    assert kept.status_code == 200
    assert "saved_at" in kept.get_json()
    one.post(f"/t/{task}/release", {"reason": "明天再写"})
    with office.factory() as session:
        drafts = session.scalars(select(TaskDraft).where(TaskDraft.task_id == task)).all()
    assert len(drafts) == 1
    two.post(f"/t/{task}/claim")
    assert "草稿已保存" not in re.sub(r'data-\w+="[^"]*"', "", page(two.get(f"/t/{task}")))
    two.post(f"/t/{task}/release", {"reason": "还给你"})
    one.post(f"/t/{task}/claim")
    assert "草稿已保存" in re.sub(r'data-\w+="[^"]*"', "", page(one.get(f"/t/{task}")))


def test_a_task_sent_twice_is_done_once_and_leads_to_the_same_page(office: Office, login: LogIn) -> None:
    [task] = office.papers(1)
    officer = login("lixia.officer")
    officer.post(f"/t/{task}/claim")
    first, second = officer.post(f"/t/{task}"), officer.post(f"/t/{task}")
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"] == f"/t/{task}/done"
    with office.factory() as session:
        query = select(HumanTask).where(HumanTask.element_id == "sign")
        assert len(session.scalars(query).all()) == 1


def test_what_was_typed_is_still_there_when_the_task_is_over(
    office: Office, login: LogIn, factory: sessionmaker[Session], bundled: None
) -> None:
    def start(session: Session) -> list[HumanTask]:
        person = session.scalars(select(Account.person_id).where(Account.login == "lixia.officer")).one()
        made = instances.start(session, actor_of(session, person), "annual_plan", data={"year": 2026})
        query = select(HumanTask).where(HumanTask.element_id == "task_needs", HumanTask.instance_id == made.id)
        return list(session.scalars(query.order_by(HumanTask.id)))

    held, free = db.in_transaction(factory, start)
    for task, claimed in ((held, True), (free, False)):
        with factory() as session:
            query = select(Account.login).join(Membership, Membership.person_id == Account.person_id)
            name = session.scalars(query.where(Membership.organisation_id == task.organisation_id)).first()
        assert name is not None
        browser = login(name)
        if claimed:
            browser.post(f"/t/{task.id}/claim")
        office.change(task.id, state="cancelled")
        answer = browser.post(f"/t/{task.id}", {"headcount": "3", "needs": "独居老人三十户需要每周探访"})
        assert answer.status_code == (409 if claimed else 404)
        assert "您填写的内容（未提交）" in page(answer)
        assert "独居老人三十户需要每周探访" in page(answer)


# --- 15 to 17: dates, holds, what comes next --------------------------------------------------------------------------


def test_the_list_and_the_task_say_why_this_date(office: Office, login: LogIn, bundled: None) -> None:
    def start(session: Session) -> None:
        publishing.publish(session, SYSTEM, DATED)
        instances.start(session, SYSTEM, "dated")

    db.in_transaction(office.factory, start)
    officer = login("lixia.officer")
    shown = page(officer.get("/inbox?queue=group&definition=dated"))
    assert "个工作日</i>" in shown
    assert re.search(r'title="[^"]*自 3月2日 起算。依据：[^"]+', shown)
    link = re.search(r'data-open href="([^"]+)"', shown)
    assert link is not None
    assert "自 3月2日 起算。依据：" in page(officer.get(link[1]))
    assert "counted from 2 Mar. Source: " in page(officer.get(f"{link[1]}?lang=en"))


def test_a_called_process_is_listed_under_its_callers_title(office: Office, login: LogIn) -> None:
    def start(session: Session) -> None:
        publishing.publish(session, SYSTEM, CALLING)
        instances.start(session, SYSTEM, "calling")

    db.in_transaction(office.factory, start)
    jobs.drain(office.factory)
    assert "发文 · 公文" in page(login("lixia.officer").get("/inbox?queue=group"))


def test_a_hold_needs_a_day_and_a_reason_and_says_that_the_clock_runs_on(office: Office, login: LogIn) -> None:
    [task] = office.papers(1)
    officer = login("lixia.officer")
    officer.post(f"/t/{task}/claim")
    assert officer.post(f"/t/{task}/hold", {"until": "", "reason": "等回函"}).status_code == 422
    assert officer.post(f"/t/{task}/hold", {"until": "2026-03-10", "reason": ""}).status_code == 422
    assert officer.post(f"/t/{task}/hold", {"until": "2026-03-10", "reason": "等回函"}).status_code == 303
    shown = page(officer.get("/inbox?queue=hold"))
    assert "等回函" in shown
    assert "3月10日" in shown
    assert "期限照常计算" in shown


def test_after_completing_the_page_says_who_has_it_next_and_offers_the_next_task(office: Office, login: LogIn) -> None:
    one, two = office.papers(2)
    officer = login("lixia.officer")
    officer.post(f"/t/{one}/claim")
    shown = page(officer.client.post(f"/t/{one}", data={"csrf_token": officer.csrf}, follow_redirects=True))
    assert "签发" in shown
    assert re.search(rf'data-focus href="/t/{two}"', shown)


def test_done_work_is_listed_with_its_time(office: Office, login: LogIn) -> None:
    [task] = office.papers(1)
    officer = login("lixia.officer")
    officer.post(f"/t/{task}/claim")
    officer.post(f"/t/{task}")
    shown = page(officer.get("/inbox?queue=done"))
    assert "办结时间" in shown
    assert "3月2日 09:00" in shown


def test_what_waits_its_turn_says_what_is_under_way_and_cannot_be_claimed(
    office: Office, login: LogIn, factory: sessionmaker[Session]
) -> None:
    def begin(session: Session) -> dict[str, int]:
        publishing.publish(session, SYSTEM, ONE_BY_ONE.encode())
        made = instances.start(session, SYSTEM, "checks").id
        return {
            task.element_id: task.id for task in session.scalars(select(HumanTask).where(HumanTask.instance_id == made))
        }

    found = db.in_transaction(factory, begin)
    first, second = login("lixia.officer"), login("lixia.officer2")
    assert f"/t/{found['books']}/claim" in page(second.get(f"/t/{found['books']}"))
    first.post(f"/t/{found['site']}/claim")
    shown = page(second.get(f"/t/{found['books']}"))
    assert "“看场地”正在办理" in shown
    assert f"/t/{found['books']}/claim" not in shown
    assert "“See the site” is under way" in page(second.get(f"/t/{found['books']}?lang=en"))
    refused = second.post(f"/t/{found['books']}/claim")
    assert refused.status_code == 409
    assert "“看场地”正在办理" in page(refused)
    assert office.task(found["books"]).claimed_by is None


def test_where_a_process_has_several_starts_a_person_chooses_one(
    login: LogIn, factory: sessionmaker[Session], app: Flask
) -> None:
    later = '<startEvent id="later" name="补办" lm:nameEn="Afterwards"/>'
    later += '<sequenceFlow id="f9" sourceRef="later" targetRef="sign"/>'
    xml = XML.decode().replace("<startEvent ", f'{later}<startEvent name="新办" ')
    db.in_transaction(factory, lambda session: publishing.publish(session, SYSTEM, xml.encode()))
    officer = login("lixia.officer")
    shown = page(officer.get("/start/paper"))
    assert re.findall(r'type="radio" name="_start" value="(\w+)"', shown) == ["later", "begin"]
    assert "补办" in shown
    assert "Afterwards" in page(officer.get("/start/paper?lang=en"))
    refused = officer.post("/start/paper")
    assert refused.status_code == 422
    assert "可选的开始" in page(refused)
    assert officer.post("/start/paper", {"_start": "later"}).status_code == 303
    with factory() as session:
        assert session.scalars(select(HumanTask.element_id)).all() == ["sign"]


# --- 20: weight -------------------------------------------------------------------------------------------------------


def test_a_full_page_of_tasks_weighs_less_than_thirty_kilobytes(office: Office, login: LogIn) -> None:
    office.papers(60)
    for address in ("/inbox?queue=group", "/inbox?queue=group&lang=en"):
        assert len(gzip.compress(login("lixia.officer").get(address).get_data())) < 30_000


def test_shortcuts_can_be_switched_off(office: Office, login: LogIn) -> None:
    officer = login("lixia.officer")
    assert 'data-keys="off"' not in page(officer.get("/inbox"))
    officer.post("/account/keys", {"keys": "off"})
    assert 'data-keys="off"' in page(officer.get("/inbox"))


# --- 17: after completing --------------------------------------------------------------------------------------------


def test_a_finished_step_is_taken_back_while_nobody_has_the_next(office: Office, login: LogIn) -> None:
    [task] = office.papers(1)
    officer = login("lixia.officer")
    officer.post(f"/t/{task}/claim")
    done = officer.post(f"/t/{task}", {"comment": "第一稿"})
    assert f'action="/t/{task}/withdraw"' in page(officer.get(done.headers["Location"]))
    back = officer.post(f"/t/{task}/withdraw", {"reason": "数字写错"})
    again = page(officer.get(back.headers["Location"]))
    assert "已撤回，请重新办理" in again
    assert "第一稿" in again
    assert officer.post(f"/t/{task}/withdraw", {"reason": ""}).status_code == 422


@pytest.mark.parametrize(("language", "words"), [("zh", "不能再撤回"), ("en", "Too late to take it back")])
def test_once_the_next_step_is_claimed_the_page_says_why_not(
    office: Office, login: LogIn, language: str, words: str
) -> None:
    [task] = office.papers(1)
    officer = login("lixia.officer")
    officer.post(f"/t/{task}/claim")
    officer.post(f"/t/{task}")
    sign = select(HumanTask.id).where(HumanTask.element_id == "sign")
    login("lixia.leader").post(f"/t/{db.in_transaction(office.factory, lambda s: s.scalars(sign).one())}/claim")
    shown = page(officer.get(f"/t/{task}?lang={language}"))
    assert "/withdraw" not in shown
    assert words in shown
    refused = officer.post(f"/t/{task}/withdraw?lang={language}", {"reason": "数字写错"})
    assert refused.status_code == 409
    assert words in page(refused)
