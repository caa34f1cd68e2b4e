"""Every scenario of every process passes: people, forms, permissions and clocks as on the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from lastmeter import paths
from lastmeter.rehearsal import runner

FILES = runner.files(paths.bundled("bpmn"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.parent.name}/{file.stem}")
def test_the_scenario_passes(file: Path) -> None:
    played = runner.run(file)
    assert played.failure is None, played.text()


def test_a_scenario_that_goes_wrong_fails(tmp_path: Path) -> None:
    folder = tmp_path / "district_report" / "scenarios"
    folder.mkdir(parents=True)
    file = folder / "wrong.yaml"
    file.write_text(
        "title_zh: 错\ntitle_en: Wrong\nat: 2026-11-02T09:00\nstart: {as: lixia.officer, data: {year: 2026}}\n"
        "steps:\n  - expect: {open: [task_receive]}\n",
        encoding="utf-8",
    )
    played = runner.run(file)
    assert played.failure is not None
    assert "task_receive" in played.failure
