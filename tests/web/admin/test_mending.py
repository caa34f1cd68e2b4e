"""An operator mends an instance on a page: sees it, rehearses, does it; and who may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import db
from lastmeter.actor import SYSTEM
from lastmeter.audit import AuditEvent
from lastmeter.definitions import publishing
from lastmeter.identity.models import Account
from lastmeter.identity.people import actor_of
from lastmeter.workflow import instances
from lastmeter.workflow.models import HumanTask, Incident, Instance

Login = Callable[[str], Any]
PAPER = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 xmlns:lm="http://lastmeter.org/schema/1.0" id="d" targetNamespace="http://lastmeter.org/test">
<process id="paper" name="公文" isExecutable="true"><startEvent id="raw_begin"/>
<userTask id="raw_write" name="起草" lm:nameEn="Write" camunda:candidateGroups="district_officer"/>
<exclusiveGateway id="raw_which" default="f3"/>
<userTask id="raw_sign" name="签发" lm:nameEn="Sign" camunda:candidateGroups="district_leader"/>
<endEvent id="raw_end" name="办结" lm:nameEn="Finished"/><endEvent id="raw_small"/>
<sequenceFlow id="f1" sourceRef="raw_begin" targetRef="raw_write"/>
<sequenceFlow id="f2" sourceRef="raw_write" targetRef="raw_which"/>
<sequenceFlow id="f3" sourceRef="raw_which" targetRef="raw_sign"/>
<sequenceFlow id="f4" sourceRef="raw_which" targetRef="raw_small">
<conditionExpression>=amount &lt; 10</conditionExpression></sequenceFlow>
<sequenceFlow id="f5" sourceRef="raw_sign" targetRef="raw_end"/></process></definitions>"""


class Mending:
    """The page of one instance in an operator's browser, and what the database holds of it."""

    def __init__(self, browser: Any, factory: sessionmaker[Session], number: int) -> None:
        self.browser, self.factory, self.number = browser, factory, number
        self.address = f"/admin/operations/instances/{number}/mend"

    def see(self, query: str = "") -> str:
        answer = self.browser.get(self.address + query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return str(answer.get_data(as_text=True))

    def send(self, **data: str) -> tuple[int, str]:
        answer = self.browser.post(self.address, data)
        return answer.status_code, answer.get_data(as_text=True)

    def token(self) -> str:
        """What the form calls the only token."""
        (found,) = re.findall(r'<option value="([^"]+)"[^>]*>起草', self.see("?act=skip"))
        return str(found)

    @property
    def instance(self) -> Instance:
        with self.factory() as session:
            return session.get_one(Instance, self.number)

    @property
    def open(self) -> list[str]:
        query = select(HumanTask.element_id).where(HumanTask.state == "open", HumanTask.instance_id == self.number)
        with self.factory() as session:
            return list(session.scalars(query))


@pytest.fixture
def mending(login: Login, factory: sessionmaker[Session]) -> Mending:
    with factory() as session, db.unit_of_work(session):
        publishing.publish_content(session, SYSTEM, publishing.package_of(PAPER.encode()), source="upload")
        person = session.scalars(select(Account.person_id).where(Account.login == "lixia.officer")).one()
        number = instances.start(session, actor_of(session, person), "paper").id
    return Mending(login("operator"), factory, number)


def hidden(page: str) -> dict[str, str]:
    """What the form of confirmation carries along."""
    form = page[page.index('id="rehearsal"') :].split("</form>")[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def test_the_page_names_steps_and_shows_no_id_of_the_diagram(mending: Mending) -> None:
    page = mending.see("?act=move")
    shown = re.sub(r"<[^>]*>", " ", page)
    assert "起草 · 等待办理" in shown
    assert "排他网关（在“起草”之后）" in shown
    assert "raw_" not in shown
    english = re.sub(r"<[^>]*>", " ", mending.see("?act=move&lang=en"))
    assert "Write · waits to be worked on" in english
    assert "exclusive gateway (after “Write”)" in english


def test_a_move_is_rehearsed_confirmed_with_a_reason_and_done(mending: Mending) -> None:
    before = mending.instance.version
    status, page = mending.send(act="move", at=mending.token(), to="raw_sign")
    assert status == 200
    told = " ".join(re.sub(r"<[^>]*>", " ", page[page.index('id="rehearsal"') :]).split())
    assert "结束的 起草 · 等待办理" in told
    assert "开始的 签发 · 等待办理" in told
    assert (mending.open, mending.instance.version) == (["raw_write"], before)
    carried = hidden(page)
    assert carried["version"] == str(before)
    status, page = mending.send(**carried, reason=" ")
    assert (status, mending.open) == (422, ["raw_write"])
    assert hidden(page) == carried  # still ready to be confirmed
    answer = mending.browser.post(mending.address, {**carried, "reason": "误选"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/instances/{mending.number}")
    assert mending.open == ["raw_sign"]
    with mending.factory() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "instance.surgery")).one()
    assert event.person_id is not None
    assert (event.facts["act"], event.facts["to"], event.facts["reason"]) == ("move", "raw_sign", "误选")


def test_what_was_rehearsed_on_another_version_is_not_done(mending: Mending) -> None:
    _, page = mending.send(act="skip", at=mending.token())
    carried = hidden(page)
    _, other = mending.send(act="set", name="amount", value="1")
    assert mending.browser.post(mending.address, {**hidden(other), "reason": "x"}).status_code == 303
    status, page = mending.send(**carried, reason="x")
    assert (status, mending.open) == (409, ["raw_write"])
    assert "请重新预演" in page
    assert "confirmed" not in page


def test_a_refusal_names_the_steps_and_leaves_nothing_to_confirm(mending: Mending) -> None:
    status, page = mending.send(act="rewind", to="raw_end")
    assert status == 200
    assert "“办结”在这里没有执行过" in page
    assert "confirmed" not in page
    status, page = mending.send(act="move", at=mending.token())
    assert status == 422
    assert "目标环节" in page
    status, page = mending.send(act="rewind", to="raw_end", confirmed="yes", reason="x",
                                version=str(mending.instance.version))  # fmt: skip
    assert (status, mending.open) == (409, ["raw_write"])


def test_a_variable_is_set_to_a_value_of_feel(mending: Mending) -> None:
    assert "<option>amount</option>" in mending.see("?act=set")
    for wrong in ("other + 1", "1 +", ""):
        status, page = mending.send(act="set", name="amount", value=wrong)
        assert (status, "confirmed" in page) == (422, False)
    _, page = mending.send(act="set", name="amount", value="1 + 1")
    assert mending.browser.post(mending.address, {**hidden(page), "reason": "x"}).status_code == 303
    _, page = mending.send(act="skip", at=mending.token())
    assert "事项将就此结束" in page
    assert mending.browser.post(mending.address, {**hidden(page), "reason": "x"}).status_code == 303
    assert mending.instance.state == "completed"
    assert mending.browser.get(mending.address).status_code == 409


def test_operators_alone_find_it_from_the_instance_and_from_its_incident(mending: Mending, login: Login) -> None:
    with mending.factory() as session:
        session.add(Incident(instance_id=mending.number, code="step_failed", detail="x", element_id="raw_write"))
        session.commit()
    for address in (f"/instances/{mending.number}", "/admin/operations"):
        assert f'href="{mending.address}"' in mending.browser.get(address).get_data(as_text=True)
    seen = login("lixia.officer").get(f"/instances/{mending.number}")
    assert (seen.status_code, mending.address in seen.get_data(as_text=True)) == (200, False)


@pytest.mark.parametrize("who", ["lixia.officer", "lixia.leader", "auditor"])
def test_nobody_else_reaches_it(mending: Mending, login: Login, who: str) -> None:
    browser = login(who)
    assert browser.get(mending.address).status_code == 403
    assert browser.post(mending.address, {"act": "move", "at": "raw_write", "to": "raw_sign"}).status_code == 403
    unsigned = mending.browser.client.post(mending.address, data={"act": "skip", "at": "raw_write"})
    assert unsigned.status_code == 403
