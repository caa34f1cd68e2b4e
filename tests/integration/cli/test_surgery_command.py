"""An operator mends an instance by command: looked at, rehearsed, done, refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import cli, db
from lastmeter.actor import SYSTEM
from lastmeter.audit import AuditEvent
from lastmeter.definitions import publishing
from lastmeter.embedded import testing
from lastmeter.workflow import instances
from lastmeter.workflow.models import HumanTask, Instance

XML = (
    b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
    b'<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="a" name="a"/><userTask id="b" name="b"/>'
    b'<exclusiveGateway id="g" default="h"/><endEvent id="e"/><endEvent id="big"/>'
    b'<sequenceFlow id="f" sourceRef="s" targetRef="a"/><sequenceFlow id="i" sourceRef="a" targetRef="b"/>'
    b'<sequenceFlow id="j" sourceRef="b" targetRef="g"/><sequenceFlow id="h" sourceRef="g" targetRef="e"/>'
    b'<sequenceFlow id="k" sourceRef="g" targetRef="big"><conditionExpression>=amount &gt; 10</conditionExpression>'
    b"</sequenceFlow></process></definitions>"
)


class Terminal:
    """The command on one running instance, and what the database holds of it."""

    def __init__(self, factory: sessionmaker[Session], number: int) -> None:
        self.factory, self.number = factory, number

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(cli.main, ["surgery", str(self.number), *words])

    @property
    def version(self) -> int:
        with self.factory() as session:
            return session.get_one(Instance, self.number).version

    @property
    def open(self) -> list[str]:
        with self.factory() as session:
            return list(session.scalars(select(HumanTask.element_id).where(HumanTask.state == "open")))


@pytest.fixture
def terminal(
    own_database: testing.Database, factory: sessionmaker[Session], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.setenv("LASTMETER_OWNER_URL", own_database.owner_url)
    monkeypatch.setenv("LASTMETER_DATABASE_URL", own_database.app_url)
    monkeypatch.setenv("LASTMETER_DATA_DIR", str(tmp_path))
    with factory() as session, db.unit_of_work(session):
        publishing.publish_content(session, SYSTEM, publishing.package_of(XML), source="upload")
        return Terminal(factory, instances.start(session, SYSTEM, "p").id)


def test_a_move_is_rehearsed_and_then_done_with_its_reason(terminal: Terminal) -> None:
    before = terminal.version
    stands = terminal("--json")
    assert stands.exit_code == 0, stands.output
    assert [each["element_id"] for each in json.loads(stands.stdout)["tokens"]] == ["a"]
    seen = terminal("move", "--at", "a", "--to", "b", "--dry-run")
    assert seen.exit_code == 0, seen.output
    assert seen.output.splitlines()[1:] == ["  ends     a (task)", "  begins   b (task)"]
    assert (terminal.version, terminal.open) == (before, ["a"])
    assert terminal("move", "--at", "a", "--to", "b").exit_code == 2  # no reason
    stale = terminal("move", "--at", "a", "--to", "b", "--reason", "x", "--version", str(before - 1))
    assert (stale.exit_code, terminal.open) == (1, ["a"])
    assert "instance_changed" in stale.output
    done = terminal("move", "--at", "a", "--to", "b", "--reason", "误选", "--version", str(before), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["done"], told["state"], told["version"]) == (True, "running", terminal.version)
    assert terminal.open == ["b"]
    with terminal.factory() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "instance.surgery")).one()
    assert (event.facts["act"], event.facts["reason"]) == ("move", "误选")


def test_a_refusal_is_named_and_nothing_is_done(terminal: Terminal) -> None:
    for words in (["--dry-run"], ["--reason", "x"]):
        refused = terminal("rewind", "--to", "big", *words)
        assert refused.exit_code == 1
        assert refused.output == "refused: never_executed: element=big\n  caution  kept\n"
    assert terminal.open == ["a"]


def test_a_variable_is_set_to_a_value_of_feel(terminal: Terminal) -> None:
    assert terminal("set", "--set", "amount", "--reason", "x").exit_code == 2
    assert terminal("set", "--set", "amount=other", "--reason", "x").exit_code == 1
    assert terminal("set", "--set", "amount=10 + 1", "--reason", "x").exit_code == 0
    for element in ("a", "b"):
        done = terminal("skip", "--at", element, "--reason", "x")
        assert done.exit_code == 0, done.output
    assert "passes   big" in done.output
    assert "the instance ends" in done.output
    assert terminal("skip", "--at", "b", "--reason", "x").exit_code == 1  # it has ended


def test_a_repeated_retry_has_nothing_to_try(terminal: Terminal) -> None:
    refused = terminal("retry", "--at", "a", "--reason", "x")
    assert refused.exit_code == 1
    assert "not_waiting" in refused.output
