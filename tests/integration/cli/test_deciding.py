"""`lastmeter feel` and `lastmeter decide`: the value on standard output, the reasons beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lastmeter import cli, paths

TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
<inputData id="i" name="start"><variable name="start"/></inputData>
<decision id="_due" name="due"><variable name="due"/><informationRequirement><requiredInput href="#i"/>
</informationRequirement><decisionTable id="t" hitPolicy="FIRST">
<input><inputExpression><text>start</text></inputExpression></input><output name="due"/><annotation name="basis"/>
<rule><inputEntry><text>is working day(date(?))</text></inputEntry>
<outputEntry><text>add working days(date(start), 1)</text></outputEntry>
<annotationEntry><text>Rule 3</text></annotationEntry></rule></decisionTable></decision></definitions>"""
GAPS = TABLE.replace("is working day(date(?))", '"2026-03-02"')


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "t.dmn").write_text(TABLE)
    return str(tmp_path / "t.dmn")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def test_feel_prints_the_value_and_says_why_it_is_null() -> None:
    answer = run("feel", "amount + 0.1", "--context", '{"amount": 0.2}')
    assert (answer.exit_code, answer.stdout, answer.stderr) == (0, "0.3\n", "")
    answer = run("feel", "missing + 1")
    assert (answer.exit_code, answer.stdout) == (0, "null\n")
    assert "no variable 'missing'" in answer.stderr


def test_a_called_value_is_doubted_with_its_place(tmp_path: Path) -> None:
    answer = run("feel", "[a (2),\n 3 (4)]", "--context", '{"a": 1}')
    assert answer.exit_code == 0
    assert "line 2, column 2: a value is called like a function" in answer.stderr
    assert "把一个值当作函数调用" in answer.stderr
    (tmp_path / "odd.dmn").write_text(TABLE.replace("add working days(date(start), 1)", "1 (2)"))
    answer = run("decide", str(tmp_path / "odd.dmn"))
    assert (answer.exit_code, "1 (2): line 1, column 1" in answer.stderr) == (0, True)


@pytest.mark.parametrize("context", ["{", "[1]", "x"])
def test_a_context_that_is_no_object_is_refused(context: str) -> None:
    answer = run("feel", "1", "--context", context)
    assert answer.exit_code == 2
    assert "--context" in answer.stderr


def test_a_mistake_in_an_expression_ends_with_its_place() -> None:
    answer = run("feel", "1 +")
    assert answer.exit_code == 1
    assert "column=4" in answer.stderr


def test_a_decision_uses_the_calendar_and_tells_its_rules(file: str) -> None:
    answer = run("decide", file, "due", "--input", '{"start": "2026-09-30"}')
    assert (answer.exit_code, answer.stdout) == (0, '"2026-10-08"\n')
    answer = run("decide", file, "due", "--trace", "--input", '{"start": "2026-09-30"}')
    told = json.loads(answer.stdout)
    assert told["answers"] == {"due": "2026-10-08"}
    assert told["tables"][0]["rules"] == [{"number": 1, "output": "2026-10-08", "basis": "Rule 3"}]
    answer = run("decide", file, "due", "--input", '{"start": "2026-10-01"}')
    assert answer.stdout == "null\n"
    assert "no rule matches" in answer.stderr


def test_without_a_decision_what_there_is_to_ask_is_listed(file: str) -> None:
    assert json.loads(run("decide", file).stdout) == [{"name": "due", "id": "_due", "inputs": ["start"]}]
    answer = run("decide", file, "other")
    assert answer.exit_code == 1
    assert "due" in answer.stderr


def test_the_analysis_ends_with_one_where_something_is_open(tmp_path: Path) -> None:
    (tmp_path / "g.dmn").write_text(GAPS)
    answer = run("decide", str(tmp_path / "g.dmn"), "--analyse")
    assert answer.exit_code == 1
    assert "gap: No rule covers" in answer.stdout
    method = paths.bundled("bpmn") / "tender" / "procurement_method.dmn"
    assert run("decide", str(method), "--analyse").exit_code == 0
    assert run("decide", str(method), "prior_approval", "--analyse").exit_code == 0
