"""Every diagram that comes with the program is drawn for reading, written canonically, named in two languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from lxml import etree

from lastmeter import paths, wiring
from lastmeter.definitions import layout_check, lint
from lastmeter.definitions.canonical import canonical
from lastmeter.definitions.packages import load_package

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ENGLISH = "{http://lastmeter.org/schema/1.0}nameEn"
FOLDERS = sorted(folder for folder in paths.bundled("bpmn").iterdir() if (folder / "process.toml").is_file())
# What has to carry a name; a flow, a split or a join may do without.
NAMED = {
    "participant", "process", "lane", "userTask", "serviceTask", "businessRuleTask", "sendTask", "receiveTask",
    "callActivity", "subProcess", "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent",
    "boundaryEvent", "manualTask", "task", "scriptTask",
}  # fmt: skip
LONGEST = {"Task": 14, "callActivity": 14, "subProcess": 14, "Gateway": 14, "sequenceFlow": 8, "Event": 12, "lane": 10}
each_process = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def _xml(folder: Path) -> bytes:
    return (folder / f"{folder.name}.bpmn").read_bytes()


def _elements(folder: Path) -> list[tuple[str, etree._Element]]:
    root = etree.fromstring(_xml(folder))
    return [(etree.QName(each).localname, each) for each in root.iter(f"{{{BPMN}}}*")]


def test_there_are_processes_to_look_at() -> None:
    assert len(FOLDERS) >= 20


@each_process
def test_the_drawing_is_clean(folder: Path) -> None:
    assert layout_check.problems(_xml(folder)) == []


@each_process
def test_the_file_is_written_canonically(folder: Path) -> None:
    assert canonical(_xml(folder)) == _xml(folder)


@each_process
def test_the_package_lints_without_an_error(folder: Path) -> None:
    wiring.connect()
    findings = lint.check(load_package(folder, paths.bundled("forms") / folder.name))
    assert [finding for finding in findings if finding.severity == "error"] == []


@each_process
def test_every_element_has_a_name_in_both_languages(folder: Path) -> None:
    for kind, element in _elements(folder):
        name = element.get("name")
        if kind in NAMED:
            assert name, element.get("id")
        if name and kind not in ("message", "signal", "error", "escalation", "dataObject"):
            assert element.get(ENGLISH), f"{kind} {element.get('id')}"


@each_process
def test_names_are_short_enough_to_be_read(folder: Path) -> None:
    for kind, element in _elements(folder):
        most = next((limit for ending, limit in LONGEST.items() if kind.endswith(ending)), None)
        name = element.get("name") or ""
        assert most is None or len(name) <= most, f"{kind} {element.get('id')}: {name}"


@each_process
def test_the_clauses_are_named(folder: Path) -> None:
    settings = tomllib.loads((folder / "process.toml").read_text(encoding="utf-8"))
    for language in ("zh", "en"):
        assert settings[f"title_{language}"]
        assert settings[f"summary_{language}"]
        assert all(source[language] for source in settings.get("source", ()))


@each_process
def test_the_read_me_tells_the_steps_and_their_clauses(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "|---|" in text
    tasks = [str(element.get("id")) for kind, element in _elements(folder) if kind == "userTask"]
    assert [task for task in tasks if f"`{task}`" not in text] == []
