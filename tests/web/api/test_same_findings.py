"""The command line, the API and the designer say the same about one bad file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from lastmeter.cli import main

BAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  id="d" targetNamespace="urn:t"><process id="bad" name="坏" isExecutable="true"><startEvent id="s"/>
  <userTask id="t" name="办" camunda:asyncBefore="true"/><serviceTask id="x" name="发" camunda:topic="no.such"/>
  <scriptTask id="c" name="算" scriptFormat="groovy"><script>1</script></scriptTask>
  <exclusiveGateway id="g"/><endEvent id="a"/><endEvent id="b"/><task id="b"/>
  <sequenceFlow id="f1" sourceRef="s" targetRef="t"/><sequenceFlow id="f2" sourceRef="t" targetRef="nowhere"/>
  <sequenceFlow id="f3" sourceRef="t" targetRef="g"/>
  <sequenceFlow id="f4" sourceRef="g" targetRef="a"><conditionExpression>n = 1</conditionExpression></sequenceFlow>
  <sequenceFlow id="f5" sourceRef="g" targetRef="b"><conditionExpression>${n == 2}</conditionExpression></sequenceFlow>
  </process></definitions>""".encode()


def test_three_ways_to_ask_give_one_answer(login: Callable[[str], Any], token: Callable[..., str], client: Any,
                                           tmp_path: Path) -> None:  # fmt: skip
    file = tmp_path / "bad.bpmn"
    file.write_bytes(BAD)
    shell = CliRunner().invoke(main, ["definitions", "lint", str(file), "--json"])
    assert shell.exit_code == 1
    said = json.loads(shell.stdout)
    headers = {"Authorization": f"Bearer {token('lixia.leader', 'publish')}"}
    sent = client.post("/api/v1/definitions/lint", data=BAD, content_type="application/xml", headers=headers)
    designer = login("designer")
    shown = designer.client.post(
        "/designer/bad/lint", data=BAD, content_type="application/xml", headers={"X-CSRF-Token": designer.csrf}
    )
    parts = ("severity", "rule", "element_id", "line", "message_zh", "message_en", "fix_zh", "fix_en")

    def told(findings: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return [tuple(finding[part] for part in parts) for finding in findings]

    assert told(said) == told(sent.get_json()["findings"]) == told(shown.get_json()["findings"])
    assert {"unknown-connector", "foreign-script", "duplicate-id", "unresolved-reference", "foreign-expression",
            "no-default-flow", "extension-without-effect"} <= {finding["rule"] for finding in said}  # fmt: skip
