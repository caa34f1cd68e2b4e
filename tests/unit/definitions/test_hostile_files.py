"""Files made to exhaust the reader, at a size that a test can afford; bench/lint_hostile.py measures the whole size."""

from __future__ import annotations

import pytest
from tests.fixtures import hostile

from lastmeter import wiring
from lastmeter.definitions import compiler, lint
from lastmeter.definitions.findings import DefinitionRefused

SIZE = 150_000


@pytest.fixture(autouse=True, scope="module")
def _wired() -> None:
    wiring.connect()


@pytest.mark.parametrize("shape", sorted(hostile.SHAPES))
def test_every_hostile_file_gives_findings_that_can_be_acted_on(shape: str) -> None:
    findings = lint.lint(hostile.SHAPES[shape](SIZE))
    assert 0 < len(findings) <= lint.MOST_FINDINGS
    for finding in findings:
        assert finding.message_zh
        assert finding.message_en


def refused_for(xml: bytes) -> set[str]:
    with pytest.raises(DefinitionRefused) as refused:
        compiler.installed().parse(xml)
    assert len(refused.value.findings) <= 3 * 500
    return {finding.rule for finding in refused.value.findings}


# Each of these took more than two seconds or 300 MB in a file of 5 MB.
def test_what_is_said_thousands_of_times_is_kept_five_hundred_times() -> None:
    body = "".join(f'<bpmn:conversation id="c{n}"/>' for n in range(2_000))
    assert refused_for(hostile.file(body)) == {"unsupported-element"}


def test_processes_count_as_elements_and_flows_have_a_limit_of_their_own() -> None:
    empty = "".join(f'<bpmn:process id="q{n}"/>' for n in range(5_001))
    assert refused_for(f"{hostile.HEAD}{empty}{hostile.TAIL}".encode()) == {"too-many-elements"}
    flows = "".join(hostile.flow(n, "x", "t", f"a = {n}") for n in range(20_001))
    assert refused_for(hostile.file(flows)) == {"too-many-elements"}


@pytest.mark.parametrize("shape", ["expressions", "foreign-expressions"])
def test_no_more_feel_is_compiled_than_a_process_ever_holds(shape: str) -> None:
    assert "too-much-feel" in refused_for(hostile.SHAPES[shape](700_000))


def test_an_error_after_five_hundred_notes_still_refuses() -> None:
    notes = "".join(f'<v{n}:a xmlns:v{n}="urn:{n}"/>' for n in range(600))
    assert "unsupported-element" in refused_for(hostile.file(notes + '<bpmn:conversation id="c"/>'))
