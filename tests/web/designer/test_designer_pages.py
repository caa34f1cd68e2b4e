"""The designer's pages and the calls of its editor."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker, undefer

from lastmeter import jobs
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition, Draft
from lastmeter.identity.models import Account, Notice
from lastmeter.identity.people import actor_of
from lastmeter.workflow import instances
from lastmeter.workflow.models import HumanTask, Instance

Login = Callable[[str], Any]
KEY = "annual_plan"


@pytest.fixture
def xml(bundled: None, factory: sessionmaker[Session]) -> bytes:
    """The published diagram of the annual plan."""
    with factory() as session:
        row = session.scalars(select(Definition).where(Definition.key == KEY).options(undefer(Definition.xml))).one()
        return row.xml


def _send(browser: Any, address: str, body: bytes, revision: str = "") -> Any:
    headers = {"X-CSRF-Token": browser.csrf, "Accept": "application/json, application/problem+json, application/xml"}
    if revision:
        headers["If-Match"] = revision
    return browser.client.post(address, data=body, content_type="application/xml", headers=headers)


def _renamed(xml: bytes, new: str = "新名") -> bytes:
    """The diagram with one user task renamed."""
    return re.sub(rb'(<bpmn:userTask id="[^"]+" name=")[^"]+', rb"\1" + new.encode(), xml, count=1)


def test_the_designer_draws_submits_and_the_leader_publishes(
    login: Login, xml: bytes, factory: sessionmaker[Session]
) -> None:
    designer = login("designer")
    opened = designer.get(f"/designer/{KEY}/xml")
    assert opened.data == xml
    revision = opened.headers["ETag"]
    saved = _send(designer, f"/designer/{KEY}/draft", _renamed(xml), revision)
    assert saved.status_code == 200, saved.get_data(as_text=True)
    page = designer.get(f"/designer/{KEY}").get_data(as_text=True)
    assert "data-publish-url" not in page
    assert "新名" in page  # the difference to the published version
    assert f"/designer/{KEY}/submit" in page
    refused = _send(designer, f"/designer/{KEY}/publish", _renamed(xml), saved.headers["ETag"])
    assert refused.status_code == 403
    assert designer.post(f"/designer/{KEY}/submit", {"revision": saved.get_json()["revision"]}).status_code == 303
    with factory() as session:
        told = session.scalars(select(Notice).where(Notice.message == "draft_submitted")).all()
        leaders = session.scalars(select(Account.person_id).where(Account.login.endswith(".leader"))).all()
        assert {notice.person_id for notice in told} == set(leaders)
        assert told[0].link == f"/designer/{KEY}"
    leader = login("lixia.leader")
    page = leader.get(f"/designer/{KEY}").get_data(as_text=True)
    assert "data-publish-url" in page
    published = _send(leader, f"/designer/{KEY}/publish", _renamed(xml), saved.headers["ETag"])
    assert published.status_code in (200, 201), published.get_data(as_text=True)
    assert published.get_json()["version"] == 2
    with factory() as session:
        first, second = publishing.latest(session, KEY, 1), publishing.latest(session, KEY)
        assert first is not None
        assert second is not None
        assert second.version == 2
        assert second.settings == first.settings
        assert publishing.load(session, second.id).forms.keys() == publishing.load(session, first.id).forms.keys()
        assert session.get(Draft, KEY) is None
    assert leader.get("/designer").status_code == 200


def test_running_instances_stay_on_their_version(login: Login, xml: bytes, factory: sessionmaker[Session]) -> None:
    with factory() as session:
        person = session.scalars(select(Account.person_id).where(Account.login == "lixia.officer")).one()
        old = instances.start(session, actor_of(session, person), KEY, data={"year": 2026}).id
        session.commit()
    jobs.drain(factory)
    leader = login("lixia.leader")
    assert _send(leader, f"/designer/{KEY}/publish", _renamed(xml)).status_code == 201
    with factory() as session:
        new = instances.start(session, actor_of(session, person), KEY, data={"year": 2027}).id
        session.commit()
        versions = {
            row.id: row.version
            for row in session.execute(
                select(Instance.id, Definition.version).join(Definition, Definition.id == Instance.definition_id)
            )
        }
        assert (versions[old], versions[new]) == (1, 2)
    page = leader.get(f"/designer/{KEY}").get_data(as_text=True)
    assert page.count("1 项进行中") == 2
    shown = leader.get(f"/designer/{KEY}?version=2").get_data(as_text=True)
    assert "新名" in shown  # what version 2 changed


def test_a_mistake_stops_the_publication_and_says_so_in_both_languages(
    login: Login, xml: bytes, factory: sessionmaker[Session]
) -> None:
    broken = xml.replace(b'camunda:formKey="', b'camunda:formKey="gone_', 1)
    leader = login("lixia.leader")
    answer = _send(leader, f"/designer/{KEY}/publish", broken)
    assert answer.status_code == 422
    finding = next(each for each in answer.get_json(force=True)["findings"] if each["severity"] == "error")
    assert finding["message_zh"]
    assert finding["message_en"]
    assert finding["fix_zh"]
    assert finding["element_id"]
    lint = _send(leader, f"/designer/{KEY}/lint", broken).get_json()["findings"]
    assert finding["rule"] in {each["rule"] for each in lint}
    with factory() as session:
        assert publishing.latest(session, KEY).version == 1  # type: ignore[union-attr]


def test_a_file_that_is_not_bpmn_is_a_finding_or_a_refusal_never_an_error(login: Login, xml: bytes) -> None:
    designer = login("designer")
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    for body in (b"", b"<", b"not xml", bomb, b"\x00\xff", b"<a>" * 300):
        assert _send(designer, f"/designer/{KEY}/lint", body).get_json()["findings"]
        assert _send(designer, f"/designer/{KEY}/draft", body).status_code == 422
        assert _send(designer, f"/designer/{KEY}/layout", body).status_code == 422


def test_of_two_who_draw_the_second_is_told(login: Login, xml: bytes) -> None:
    designer, leader = login("designer"), login("lixia.leader")
    assert _send(designer, f"/designer/{KEY}/draft", _renamed(xml, "甲")).status_code == 200
    answer = _send(leader, f"/designer/{KEY}/draft", _renamed(xml, "乙"))
    assert answer.status_code == 409
    assert answer.get_json(force=True)["code"] == "draft_changed"
    assert "甲" in designer.get(f"/designer/{KEY}/xml").get_data(as_text=True)


def test_a_newer_draft_is_not_published_over(login: Login, xml: bytes, factory: sessionmaker[Session]) -> None:
    designer, leader = login("designer"), login("lixia.leader")
    first = _send(designer, f"/designer/{KEY}/draft", _renamed(xml, "甲"))
    _send(designer, f"/designer/{KEY}/draft", _renamed(xml, "乙"), first.headers["ETag"])
    assert _send(leader, f"/designer/{KEY}/publish", _renamed(xml, "甲"), first.headers["ETag"]).status_code == 409
    with factory() as session:
        assert publishing.latest(session, KEY).version == 1  # type: ignore[union-attr]


def test_an_uploaded_diagram_becomes_a_draft(login: Login, xml: bytes) -> None:
    designer = login("designer")
    sent = {"file": (io.BytesIO(_renamed(xml)), "plan.bpmn")}
    answer = designer.post("/designer", sent, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert answer.headers["Location"].endswith(f"/designer/{KEY}")
    assert "新名" in designer.get(f"/designer/{KEY}/xml").get_data(as_text=True)
    nothing = designer.post("/designer", {"file": (io.BytesIO(b"x"), "x.bpmn")}, content_type="multipart/form-data")
    assert nothing.status_code == 422


def test_a_diagram_is_laid_out_anew(login: Login, xml: bytes) -> None:
    answer = _send(login("designer"), f"/designer/{KEY}/layout", xml)
    assert answer.status_code == 200
    assert b"BPMNShape" in answer.data


@pytest.mark.parametrize("who", ["lixia.officer", "huimin.worker1", "data.officer"])
def test_nobody_else_reaches_the_designer(login: Login, xml: bytes, who: str) -> None:
    browser = login(who)
    assert browser.get("/designer").status_code == 403
    assert browser.get(f"/designer/{KEY}/xml").status_code == 403
    assert _send(browser, f"/designer/{KEY}/publish", xml).status_code == 403
    assert _send(browser, f"/designer/{KEY}/draft", xml).status_code == 403


@pytest.mark.parametrize("who", ["auditor", "operator"])
def test_readers_see_and_change_nothing(login: Login, xml: bytes, who: str) -> None:
    browser = login(who)
    page = browser.get(f"/designer/{KEY}").get_data(as_text=True)
    assert "data-readonly" in page
    assert _send(browser, f"/designer/{KEY}/draft", xml).status_code == 403
    assert browser.post(f"/designer/{KEY}/submit", {"revision": 1}).status_code == 403


def test_an_officer_meets_the_new_step(login: Login, xml: bytes, factory: sessionmaker[Session]) -> None:
    leader = login("lixia.leader")
    assert _send(leader, f"/designer/{KEY}/publish", _renamed(xml, "街道先说需要")).status_code == 201
    with factory() as session:
        person = session.scalars(select(Account.person_id).where(Account.login == "lixia.officer")).one()
        instances.start(session, actor_of(session, person), KEY, data={"year": 2026})
        session.commit()
    jobs.drain(factory)
    with factory() as session:
        names = session.scalars(select(HumanTask.name_zh)).all()
        loaded = publishing.latest(session, KEY)
        assert loaded is not None
        renamed = {each["name"] for each in loaded.outline["elements"]}
    assert "街道先说需要" in renamed
    assert names
