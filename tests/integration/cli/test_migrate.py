"""Instances are moved by command: looked at, moved, taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import cli, db
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.embedded import testing
from lastmeter.workflow import instances

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'


def version(task: str) -> bytes:
    return (
        f'{HEAD}<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="{task}" name="{task}"/>'
        f'<sequenceFlow id="f" sourceRef="s" targetRef="{task}"/></process></definitions>'
    ).encode()


def test_the_command_plans_moves_and_takes_back(
    own_database: testing.Database, factory: sessionmaker[Session], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTMETER_OWNER_URL", own_database.owner_url)
    monkeypatch.setenv("LASTMETER_DATABASE_URL", own_database.app_url)
    monkeypatch.setenv("LASTMETER_DATA_DIR", str(tmp_path))
    run = CliRunner()
    with factory() as session, db.unit_of_work(session):
        publishing.publish_content(session, SYSTEM, publishing.package_of(version("a")), source="upload")
        made = instances.start(session, SYSTEM, "p").id
        publishing.publish_content(session, SYSTEM, publishing.package_of(version("b")), source="upload")
    blocked = run.invoke(cli.main, ["migrate", "p", "--to", "2", "--dry-run"])
    assert blocked.exit_code == 1
    assert "element_gone: element=a" in blocked.output
    assert run.invoke(cli.main, ["migrate", "p", "--to", "2", "--map", "a=b"]).exit_code == 2  # no reason
    moved = run.invoke(cli.main, ["migrate", "p", "--to", "2", "--map", "a=b", "--reason", "x", "--json"])
    assert moved.exit_code == 0, moved.output
    (told,) = json.loads(moved.stdout)
    assert (told["instance"], told["result"]) == (made, "migrated")
    assert told["moves"] == [{"from": "a", "to": "b", "count": 1}]
    assert run.invoke(cli.main, ["migrate", "--undo", str(told["migration"])]).exit_code == 0
    assert run.invoke(cli.main, ["migrate", "--undo", str(told["migration"])]).exit_code == 1
