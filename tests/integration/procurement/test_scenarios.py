"""Every scenario of the buying processes passes: people, forms, permissions and clocks as on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from lastmeter import paths
from lastmeter.rehearsal import runner

FILES = [
    file
    for key in ("annual_plan", "tender", "challenge")
    for file in sorted((paths.bundled("bpmn") / key / "scenarios").glob("*.yaml"))
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}-{file.stem}")
def test_the_scenario_passes(file: Path) -> None:
    played = runner.run(file)
    assert played.failure is None, played.text()
