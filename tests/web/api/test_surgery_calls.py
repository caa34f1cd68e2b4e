"""An operator's program mends an instance."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from tests.web.api.test_calls import ONE_TASK, Api


@pytest.fixture
def operator(client: FlaskClient, token: Callable[..., str]) -> Api:
    return Api(client, token("operator"))


def test_a_skip_is_rehearsed_and_then_done_with_its_version_and_reason(
    client: FlaskClient, token: Callable[..., str], operator: Api
) -> None:
    leader, officer = Api(client, token("lixia.leader")), Api(client, token("lixia.officer"))
    assert leader.post("/definitions", ONE_TASK).status_code == 201
    number = officer.post("/instances", {"definition": "ask"}).get_json()["id"]
    address = f"/instances/{number}/surgery"
    stands = operator.get(address).get_json()
    assert [(each["element_id"], each["kind"]) for each in stands["tokens"]] == [("answer", "task")]
    assert stands["names"] == ["amount"]
    wanted = {"action": "skip", "at": "answer"}
    told = operator.post(address, {**wanted, "dry_run": True}).get_json()
    assert (told["done"], told["refusal"], told["completed"], told["version"]) == (False, None, True, stands["version"])
    assert operator.get(address).get_json() == stands
    assert operator.post(address, {**wanted, "reason": "x"}).status_code == 422
    assert operator.post(address, {**wanted, "version": told["version"]}).status_code == 422
    stale = operator.post(address, {**wanted, "version": told["version"] - 1, "reason": "x"})
    assert (stale.status_code, stale.get_json(force=True)["code"]) == (409, "instance_changed")
    assert officer.post(address, {**wanted, "dry_run": True}).status_code == 403
    done = operator.post(address, {**wanted, "version": told["version"], "reason": "x"})
    assert done.status_code == 200, done.get_data(as_text=True)
    assert done.get_json()["state"] == "completed"


def test_a_dry_run_says_why_it_would_be_refused_and_values_may_be_feel(
    client: FlaskClient, token: Callable[..., str], operator: Api
) -> None:
    leader, officer = Api(client, token("lixia.leader")), Api(client, token("lixia.officer"))
    assert leader.post("/definitions", ONE_TASK).status_code == 201
    number = officer.post("/instances", {"definition": "ask"}).get_json()["id"]
    address = f"/instances/{number}/surgery"
    refused = operator.post(address, {"action": "rewind", "to": "big", "dry_run": True}).get_json()["refusal"]
    assert refused["code"] == "never_executed"
    assert "big" in refused["detail"]
    told = operator.post(address, {"action": "set", "feel": {"amount": "100 + 1"}, "dry_run": True})
    assert told.get_json()["refusal"] is None
    unread = operator.post(address, {"action": "set", "variables": {"other": 1}, "dry_run": True})
    assert (unread.status_code, unread.get_json(force=True)["code"]) == (422, "variable_not_read")
