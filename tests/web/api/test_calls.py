"""The calls of /api/v1 as a program makes them."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from lastmeter import jobs
from lastmeter.audit import AuditEvent
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition
from lastmeter.identity.models import Account
from lastmeter.workflow.models import HumanTask, Instance, Submission

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:lm="http://lastmeter.org/schema/1.0" '
    'id="d" targetNamespace="http://example.org">'
)
ONE_TASK = (
    HEAD + '<process id="ask" name="询问" isExecutable="true"><startEvent id="s"/>'
    '<userTask id="answer" name="回答" camunda:candidateGroups="district_officer"/>'
    '<exclusiveGateway id="g" default="no"/><endEvent id="big"/><endEvent id="small"/>'
    '<sequenceFlow id="f1" sourceRef="s" targetRef="answer"/><sequenceFlow id="f2" sourceRef="answer" targetRef="g"/>'
    '<sequenceFlow id="yes" sourceRef="g" targetRef="big"><conditionExpression>amount &gt; 100</conditionExpression>'
    '</sequenceFlow><sequenceFlow id="no" sourceRef="g" targetRef="small"/></process></definitions>'
).encode()
WAITING = (
    HEAD + '<message id="m" name="paid"/><process id="wait" isExecutable="true"><startEvent id="s"/>'
    '<receiveTask id="r" name="等" messageRef="m" lm:correlation="=order"/><endEvent id="e"/>'
    '<sequenceFlow id="f1" sourceRef="s" targetRef="r"/><sequenceFlow id="f2" sourceRef="r" targetRef="e"/>'
    "</process></definitions>"
).encode()
BROKEN = HEAD.encode() + b'<process id="ask" isExecutable="true"><startEvent id="s"/></process>'

Token = Callable[..., str]


class Api:
    """A program with a token."""

    def __init__(self, client: FlaskClient, token: str, **headers: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}", **headers}

    def get(self, address: str, **headers: str) -> TestResponse:
        return self.client.get(f"/api/v1{address}", headers={**self.headers, **headers})

    def post(self, address: str, body: object = None, **headers: str) -> TestResponse:
        data, kind = (
            (body, "application/xml")
            if isinstance(body, bytes)
            else (json.dumps(body or {}).encode(), "application/json")
        )
        return self.client.post(f"/api/v1{address}", data=data, content_type=kind, headers={**self.headers, **headers})


@pytest.fixture
def leader(client: FlaskClient, token: Token) -> Api:
    return Api(client, token("lixia.leader"))


@pytest.fixture
def officer(client: FlaskClient, token: Token) -> Api:
    return Api(client, token("lixia.officer"))


def _code(answer: TestResponse, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body = answer.get_json(force=True)
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return str(body["code"])


def _published(leader: Api, xml: bytes = ONE_TASK) -> dict[str, Any]:
    answer = leader.post("/definitions", xml)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.get_json()


def _started(api: Api, definition: str = "ask", **given: object) -> int:
    answer = api.post("/instances", {"definition": definition, **given})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return int(answer.get_json()["id"])


def _task_of(api: Api, instance: int) -> int:
    return int(api.get(f"/instances/{instance}").get_json()["tasks"][0]["id"])


def test_a_program_publishes_starts_claims_and_completes(leader: Api, officer: Api) -> None:
    made = _published(leader)
    assert (made["key"], made["version"]) == ("ask", 1)
    assert made["processes"] == [{"key": "ask", "version": 1}]
    started = officer.post("/instances", {"definition": "ask", "business_key": "A-1"})
    assert started.status_code == 201
    assert started.get_json()["state"] == "running"
    assert started.headers["Location"] == f"/api/v1/instances/{started.get_json()['id']}"
    instance = started.get_json()["id"]
    task = _task_of(officer, instance)
    assert officer.post(f"/tasks/{task}/claim").status_code == 200
    page = officer.get("/tasks?queue=mine").get_json()
    assert [row["id"] for row in page["items"]] == [task]
    assert page["counts"]["mine"] == 1
    done = officer.post(f"/tasks/{task}/complete", {"data": {"amount": 120}})
    assert done.status_code == 200, done.get_data(as_text=True)
    assert done.get_json()["instance_state"] == "completed"
    history = officer.get(f"/instances/{instance}/history").get_json()
    assert [line["element_id"] for line in history if line["event"] == "completed"][-2:] == ["g", "big"]
    assert history[0]["seq"] < history[-1]["seq"]
    assert {line["element_type"] for line in history} >= {"userTask", "startEvent", "endEvent"}


def test_the_same_content_again_is_the_same_version(leader: Api) -> None:
    _published(leader)
    assert _published(leader)["version"] == 1
    changed = ONE_TASK.replace("回答".encode(), "答复".encode())
    assert _published(leader, changed)["version"] == 2
    assert leader.get("/definitions/ask").get_json()["versions"] == [1, 2]
    assert leader.get("/definitions/ask/versions/1/xml").data == ONE_TASK


def test_a_file_in_a_form_is_published_like_a_body(leader: Api) -> None:
    answer = leader.client.post(
        "/api/v1/definitions", data={"file": (io.BytesIO(ONE_TASK), "ask.bpmn")}, headers=leader.headers
    )
    assert answer.status_code == 201, answer.get_data(as_text=True)


def test_a_broken_diagram_is_refused_with_its_findings(leader: Api, factory: sessionmaker[Session]) -> None:
    answer = leader.post("/definitions", BROKEN)
    assert _code(answer, 422) == "definition_refused"
    finding = answer.get_json(force=True)["findings"][0]
    assert finding["severity"] == "error"
    assert finding["message"]
    assert finding["rule"]
    lint = leader.post("/definitions/lint", BROKEN)
    assert lint.status_code == 200
    assert lint.get_json()["findings"]
    with factory() as session:
        assert session.scalar(select(func.count()).select_from(Definition)) == 0


def test_a_bare_diagram_of_a_packaged_process_keeps_its_roles(
    leader: Api, bundled: None, factory: sessionmaker[Session]
) -> None:
    with factory() as session:
        before = publishing.latest(session, "district_report")
        assert before is not None
    xml = leader.get("/definitions/district_report/versions/1/xml").data
    answer = leader.post("/definitions", xml.replace(b'name="', b'name="\xe6\x96\xb0', 1))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    with factory() as session:
        after = publishing.latest(session, "district_report")
        assert after is not None
        assert after.version == 2
        assert after.settings == before.settings


def test_without_a_token_nothing_is_told(client: FlaskClient, token: Token, factory: sessionmaker[Session]) -> None:
    assert _code(client.get("/api/v1/tasks"), 401) == "not_authenticated"
    answer = client.get("/api/v1/tasks", headers={"Authorization": "Bearer lm_wrong"})
    assert _code(answer, 401) == "not_authenticated"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    made = token("lixia.officer")
    with factory() as session:
        session.scalars(select(Account).where(Account.login == "lixia.officer")).one().closed_at = dt.datetime.now(
            dt.UTC
        )
        session.commit()
    assert _code(client.get("/api/v1/tasks", headers={"Authorization": f"Bearer {made}"}), 401) == "not_authenticated"


def test_a_scope_narrows_what_the_owner_may(client: FlaskClient, token: Token, leader: Api) -> None:
    reader = Api(client, token("lixia.leader", "read"))
    assert reader.get("/definitions").status_code == 200
    assert _code(reader.post("/definitions", ONE_TASK), 403) == "scope_missing"
    assert _code(reader.post("/instances", {"definition": "ask"}), 403) == "scope_missing"


def test_a_scope_gives_nothing_that_the_role_does_not(officer: Api, factory: sessionmaker[Session]) -> None:
    assert _code(officer.post("/definitions", ONE_TASK), 403) == "forbidden"
    assert _code(officer.post("/incidents/1/retry"), 403) == "forbidden"
    with factory() as session:
        refusals = session.scalars(select(AuditEvent.subject).where(AuditEvent.chain == "refusals")).all()
    assert "route/api.publish_definition" in refusals


def test_of_several_starts_the_caller_names_one(leader: Api, officer: Api) -> None:
    xml = ONE_TASK.replace(
        b'<userTask id="answer"',
        '<startEvent id="late" name="补办"/><sequenceFlow id="l" sourceRef="late" targetRef="g"/>'
        '<userTask id="answer"'.encode(),
    )
    assert leader.post("/definitions", xml).status_code == 201
    refused = officer.post("/instances", {"definition": "ask"})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "start_not_possible")
    assert refused.get_json()["possible"] == ["s", "late"]
    assert officer.post("/instances", {"definition": "ask", "start": "answer"}).status_code == 422
    started = officer.post("/instances", {"definition": "ask", "start": "late"}).get_json()
    assert started["state"] == "completed"
    history = officer.get(f"/instances/{started['id']}/history").get_json()
    assert [line["element_id"] for line in history if line["event"] == "completed"] == ["late", "g", "small"]


def test_instances_are_planned_moved_and_taken_back(
    leader: Api, officer: Api, client: FlaskClient, token: Token
) -> None:
    operator = Api(client, token("operator"))
    assert leader.post("/definitions", ONE_TASK).status_code == 201
    instance = _started(officer)
    renamed = ONE_TASK.replace(b"answer", b"reply")
    assert leader.post("/definitions", renamed).status_code == 201
    address, body = "/definitions/ask/migrations", {"to": 2, "mapping": {"answer": "reply"}}

    blocked = operator.post(address, {"to": 2, "dry_run": True}, **{"Accept-Language": "en"}).get_json()["items"]
    assert [(each["result"], each["blockers"][0]["code"]) for each in blocked] == [("blocked", "element_gone")]
    assert "answer" in blocked[0]["blockers"][0]["message"]
    expected = {
        "instance": instance, "result": "planned", "migration": None, "armed": [], "closed": [], "refilled": [],
        "unfilled": [], "blockers": [], "moves": [{"from": "answer", "to": "reply", "count": 1}],
    }  # fmt: skip
    assert operator.post(address, {**body, "dry_run": True}).get_json() == {"items": [expected]}
    moved = operator.post(address, {**body, "reason": "改版"}).get_json()["items"][0]
    assert moved == {**expected, "result": "migrated", "migration": moved["migration"]}

    undo = f"/instances/{instance}/migrations/{moved['migration']}/undo"
    undone = operator.post(undo)
    assert undone.status_code == 200
    assert undone.get_json().keys() == {"migration", "instance", "undone_at"}
    assert (undone.get_json()["migration"], undone.get_json()["instance"]) == (moved["migration"], instance)
    history = [line["element_id"] for line in officer.get(f"/instances/{instance}/history").get_json()]
    assert history == ["s", "s", "answer", "ask", "answer", "reply", "ask", "reply", "answer"]
    again = operator.post(undo)
    assert (again.status_code, again.get_json()["code"]) == (409, "undo_refused")


def test_a_lost_answer_is_given_again_and_nothing_is_started_twice(
    leader: Api, officer: Api, factory: sessionmaker[Session]
) -> None:
    _published(leader)
    headers = {"Idempotency-Key": "order-1"}
    first = officer.post("/instances", {"definition": "ask"}, **headers)
    again = officer.post("/instances", {"definition": "ask"}, **headers)
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert _code(officer.post("/instances", {"definition": "ask", "business_key": "x"}, **headers), 409) == (
        "idempotency_key_reused"
    )
    assert leader.post("/instances", {"definition": "ask"}, **headers).get_json()["id"] != first.get_json()["id"]
    with factory() as session:
        assert session.scalar(select(func.count()).select_from(Instance)) == 2


def test_a_key_is_forgotten_after_seven_days(leader: Api, officer: Api, factory: sessionmaker[Session]) -> None:
    _published(leader)
    first = officer.post("/instances", {"definition": "ask"}, **{"Idempotency-Key": "k"})
    with factory() as session:
        session.execute(text("UPDATE idempotency_key SET made_at = now() - interval '8 days'"))
        session.commit()
    later = officer.post("/instances", {"definition": "ask"}, **{"Idempotency-Key": "k"})
    assert later.get_json()["id"] != first.get_json()["id"]


def test_a_refused_request_leaves_its_key_free(leader: Api, officer: Api) -> None:
    headers = {"Idempotency-Key": "k"}
    assert _code(officer.post("/instances", {"definition": "ask"}, **headers), 404) == "definition_unknown"
    _published(leader)
    assert officer.post("/instances", {"definition": "ask"}, **headers).status_code == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "json_refused"),
        (b'{"definition": "ask", "definition": "b"}', "json_refused"),
        (b'{"definition": NaN}', "json_refused"),
        (b'{"definition": "a", "variables": {"n": 1e999}}', "json_refused"),
        (b'{"definition": "a", "variables": {"n": ' + b"9" * 5000 + b"}}", "json_refused"),
        (b'{"definition": "\\ud800"}', "json_refused"),
        (b'{"definition": "a\\u0000"}', "json_refused"),
        (b"[" * 100_000, "json_refused"),
        (b'{"definition": "' + b"a" * 1_100_000 + b'"}', "json_refused"),
        (b"[1]", "invalid_input"),
        (b'{"definition": "ask", "starter_id": 1}', "fields_invalid"),
        (b'{"definition": 7}', "fields_invalid"),
        (b"{}", "fields_invalid"),
        (b'{"definition": "ask", "version": "1.5"}', "fields_invalid"),
        (b'{"definition": "ask", "version": 10000000000000000000000000000000}', "fields_invalid"),
    ],
)
def test_a_body_that_is_no_good_is_refused_and_told_why(officer: Api, body: bytes, code: str) -> None:
    answer = officer.client.post(
        "/api/v1/instances", data=body, content_type="application/json", headers=officer.headers
    )
    assert _code(answer, 422) == code


@pytest.mark.parametrize("odd", ["0", "-1", "1" + "0" * 30, "%D9%A1", "..%2F1", "1.0", "abc", "9223372036854775808"])
@pytest.mark.parametrize("address", ["/instances/{}", "/tasks/{}", "/instances/{}/history"])
def test_an_odd_id_is_answered_as_an_absent_one(officer: Api, odd: str, address: str) -> None:
    absent = officer.get(address.format("999999"))
    assert absent.status_code == 404
    assert officer.get(address.format(odd)).status_code == 404
    if "%2F" not in odd:
        same = ("code", "title", "detail")
        assert [officer.get(address.format(odd)).get_json(force=True)[n] for n in same] == [
            absent.get_json(force=True)[n] for n in same
        ]


def test_an_unknown_address_is_a_problem_too(officer: Api) -> None:
    assert _code(officer.get("/nothing"), 404) == "not_found"
    assert _code(officer.post("/tasks"), 404) == "not_found"


def test_who_comes_second_hears_who_was_first(leader: Api, officer: Api, client: FlaskClient, token: Token) -> None:
    _published(leader)
    task = _task_of(officer, _started(officer))
    second = Api(client, token("lixia.officer2"))
    assert officer.post(f"/tasks/{task}/claim").status_code == 200
    answer = second.post(f"/tasks/{task}/claim")
    assert _code(answer, 409) == "task_already_taken"
    assert answer.get_json(force=True)["holder"] == "王敏"
    assert "王敏" in answer.get_json(force=True)["detail"]
    assert officer.post(f"/tasks/{task}/release").status_code == 200
    assert second.post(f"/tasks/{task}/claim").status_code == 200


def test_a_form_refuses_with_a_sentence_for_each_field(officer: Api, bundled: None) -> None:
    answer = officer.post("/instances", {"definition": "annual_plan", "variables": {"year": "soon"}})
    assert _code(answer, 422) == "form_invalid"
    assert answer.get_json(force=True)["fields"]["year"][0]


def test_a_package_takes_no_variables_but_those_of_its_form(officer: Api, bundled: None) -> None:
    answer = officer.post("/instances", {"definition": "annual_plan", "variables": {"year": 2026, "approved": True}})
    assert _code(answer, 422) == "form_invalid"


def test_a_task_comes_with_its_form_and_keeps_a_draft(
    officer: Api, bundled: None, factory: sessionmaker[Session], client: FlaskClient, token: Token
) -> None:
    _started(officer, "annual_plan", variables={"year": 2026})
    jobs.drain(factory)
    street = Api(client, token("lixia.quancheng.officer"))
    task = street.get("/tasks?queue=group").get_json()["items"][0]["id"]
    shown = street.get(f"/tasks/{task}").get_json()
    assert shown["form"]["schema"]["type"] == "object"
    assert shown["allowed"]["claim"] is True
    assert shown["allowed"]["release"] == "task_not_held"
    key = next(field["key"] for field in shown["form"]["fields"] if not field["readonly"])
    saved = street.post(f"/tasks/{task}/draft", {"data": {key: "半句话"}})
    assert saved.status_code == 200, saved.get_data(as_text=True)
    assert street.get(f"/tasks/{task}").get_json()["draft"][key] == "半句话"
    assert officer.get(f"/tasks/{task}").get_json()["draft"] is None
    answer = street.post(f"/tasks/{task}/complete", {"data": {}})
    assert _code(answer, 422) == "form_invalid"
    assert all(sentences for sentences in answer.get_json(force=True)["fields"].values())


def test_another_district_sees_nothing(
    leader: Api, officer: Api, bundled: None, client: FlaskClient, token: Token
) -> None:
    instance = _started(officer, "annual_plan", variables={"year": 2026})
    stranger = Api(client, token("licheng.officer"))
    assert _code(stranger.get(f"/instances/{instance}"), 404) == "missing"
    assert _code(stranger.get(f"/instances/{instance}/history"), 404) == "missing"
    assert stranger.get("/instances").get_json()["items"] == []


def test_an_operator_sees_where_it_stands_but_no_variables(
    leader: Api, officer: Api, client: FlaskClient, token: Token
) -> None:
    _published(leader, WAITING)
    instance = _started(officer, "wait", variables={"order": "A-7"})
    assert officer.get(f"/instances/{instance}").get_json()["variables"] == {"order": "A-7"}
    seen = Api(client, token("operator")).get(f"/instances/{instance}").get_json()
    assert seen["variables"] == {}
    assert seen["subscriptions"][0]["name"] == "paid"


def test_a_message_reaches_the_one_that_waits_for_it(leader: Api, officer: Api) -> None:
    _published(leader, WAITING)
    instance = _started(officer, "wait", variables={"order": "A-7"})
    nobody = officer.post("/messages", {"name": "paid", "correlation": "B"})
    assert nobody.get_json() == {"delivered": 0, "started": 0}
    reached = officer.post("/messages", {"name": "paid", "correlation": "A-7", "payload": {}})
    assert reached.get_json() == {"delivered": 1, "started": 0}
    assert officer.get(f"/instances/{instance}").get_json()["state"] == "completed"
    assert officer.post("/signals", {"name": "none"}).get_json() == {"delivered": 0, "started": 0}


def test_a_message_of_a_package_is_not_sent_by_hand(
    officer: Api, bundled: None, client: FlaskClient, token: Token
) -> None:
    """It would be a way around the step that sends it."""
    keys = [row["key"] for row in officer.get("/definitions").get_json()["items"]]
    diagrams = [officer.get(f"/definitions/{key}/versions/1/xml").get_data(as_text=True) for key in keys]
    names = {name for xml in diagrams for name in re.findall(r'<bpmn:message [^>]*name="([^"]+)"', xml)}
    assert len(names) > 5
    for name in names:
        assert _code(officer.post("/messages", {"name": name, "correlation": "nobody"}), 403) == "forbidden"


def test_the_starter_cancels_with_a_reason(leader: Api, officer: Api) -> None:
    _published(leader)
    instance = _started(officer)
    assert _code(officer.post(f"/instances/{instance}/cancel"), 422) == "fields_invalid"
    assert officer.post(f"/instances/{instance}/cancel", {"reason": "错了"}).get_json()["state"] == "cancelled"
    assert _code(officer.post(f"/instances/{instance}/cancel", {"reason": "错了"}), 409) == "instance_ended"


def test_pages_follow_each_other_by_cursor(leader: Api, officer: Api) -> None:
    _published(leader)
    ids = [_started(officer) for _ in range(3)]
    first = officer.get("/instances?limit=2").get_json()
    second = officer.get(f"/instances?limit=2&cursor={first['next']}").get_json()
    assert [row["id"] for row in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    assert _code(officer.get("/instances?cursor=zzz"), 422) == "invalid_input"
    assert _code(officer.get("/instances?limit=0"), 422) == "fields_invalid"
    assert _code(officer.get("/instances?state=odd"), 422) == "invalid_input"


def test_a_failing_completion_changes_nothing(leader: Api, officer: Api, factory: sessionmaker[Session]) -> None:
    _published(leader)
    task = _task_of(officer, _started(officer))
    assert officer.post(f"/tasks/{task}/complete", {"data": [1]}).status_code == 422
    with factory() as session:
        row = session.get_one(HumanTask, task)
        assert (row.state, row.claimed_by) == ("open", None)
        assert session.scalar(select(func.count()).select_from(Submission)) == 0


def test_sentences_follow_the_language_that_is_accepted(officer: Api) -> None:
    english = officer.get("/instances/1").get_json(force=True)["detail"]
    chinese = officer.get("/instances/1", **{"Accept-Language": "zh-CN"}).get_json(force=True)["detail"]
    assert english.isascii()
    assert "没有找到" in chinese


def test_the_description_names_every_call(client: FlaskClient, app: Any) -> None:
    described = client.get("/api/v1/openapi.json").get_json()
    paths = described["paths"]
    served = {
        rule.rule.replace("<string:", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and not rule.endpoint.endswith(("_nothing", "_openapi", "_reference"))
    }
    assert set(paths) == served
    assert paths["/api/v1/tasks/{task_id}/complete"]["post"]["requestBody"]
    assert described["components"]["schemas"]["Complete"]["properties"]["data"]


_NASTY: list[object] = [None, True, 0, -1, 10**30, 1.5, "", "x" * 5000, "²", "\u202e", [], [1], {}, {"a": {"b": [1]}}]


def test_no_value_of_a_body_breaks_a_call(leader: Api, officer: Api, client: FlaskClient, token: Token) -> None:
    _published(leader)
    _published(leader, WAITING)
    task = _task_of(officer, _started(officer))
    operator = Api(client, token("operator"))
    bodies = {
        "/instances": [{"definition": v} for v in _NASTY]
        + [{"definition": "wait", name: v} for v in _NASTY for name in ("version", "business_key", "variables")]
        + [{"definition": "wait", "variables": {"order": v}} for v in _NASTY],
        f"/tasks/{task}/draft": [{"data": v} for v in _NASTY] + [{"data": {"amount": v}} for v in _NASTY],
        "/messages": [{"name": "paid", name: v} for v in _NASTY for name in ("name", "correlation", "payload")]
        + [{"name": "paid", "payload": {"parties": {"street": v}}} for v in _NASTY],
        "/signals": [{"name": v} for v in _NASTY] + [{"name": "s", "payload": v} for v in _NASTY],
        "/instances/1/cancel": [{"reason": v} for v in _NASTY],
        f"/tasks/{task}/release": [{"reason": v} for v in _NASTY],
        f"/tasks/{task}/complete": [{"data": v, "comment": v} for v in _NASTY]
        + [{"data": {"amount": v}} for v in _NASTY],
    }
    for address, sent in bodies.items():
        for body in sent:
            answer = operator.post(address, body) if address == "/messages" else officer.post(address, body)
            assert answer.status_code < 500, (address, body, answer.get_data(as_text=True))


def test_no_query_breaks_a_list(officer: Api) -> None:
    for address in ("/tasks", "/instances"):
        for name in ("queue", "definition", "q", "sort", "cursor", "limit", "state", "business_key", "unknown"):
            for value in ("", "%00", "x" * 3000, "%27%22%3B", "-1", "1e9", "%F0%9F%98%80", "W10", "WyJhIl0"):
                answer = officer.get(f"{address}?{name}={value}")
                assert answer.status_code < 500, (address, name, value, answer.get_data(as_text=True))
    assert officer.get("/instances?definition=&state=&business_key=&cursor=&limit=").status_code == 200
    assert officer.get("/tasks?queue=mine&definition=&q=&sort=&cursor=&limit=").status_code == 200
