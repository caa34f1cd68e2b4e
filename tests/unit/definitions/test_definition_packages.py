from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from bpmncraft import bpmn, start, user

from lastmeter import paths
from lastmeter.definitions import packages
from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.definitions.packages import bare_package, load_package, load_zip, pack

TOML = """
key = "sample"
title_zh = "样例"
title_en = "Sample"
summary_zh = "一步"
summary_en = "One step"
owner = "civil_bureau"
listed = true

[start]
roles = ["district_officer"]
form = "begin"
party = "district"

[lanes.lane_officer]
role = "district_officer"
party = "district"

[[source]]
clause = "政府采购法 36"
zh = "废标"
en = "failed tender"
"""
XML = bpmn(start(), user("task"), "start -> task")


def files(**changes: str | bytes | None) -> dict[str, bytes]:
    held: dict[str, str | bytes | None] = {
        "process.toml": TOML, "sample.bpmn": XML, "forms/begin.json": '{"components": []}',
        "scenarios/happy.yaml": "steps: []", "method.dmn": "<x/>", **changes,
    }  # fmt: skip
    return {name: v.encode() if isinstance(v, str) else v for name, v in held.items() if v is not None}


def zipped(held: dict[str, bytes], folder: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in held.items():
            archive.writestr(folder + name, content)
    return buffer.getvalue()


def refused(archive: bytes) -> list[str]:
    with pytest.raises(DefinitionRefused) as refusal:
        load_zip(archive)
    assert all(f.message_zh and f.message_en and f.fix_zh and f.fix_en for f in refusal.value.findings)
    return [finding.rule for finding in refusal.value.findings]


def test_a_package_is_read_from_its_folder_and_its_forms_beside_it(tmp_path: Path) -> None:
    for name, content in files().items():
        place = (
            tmp_path / ("forms/sample" if name.startswith("forms/") else "bpmn/sample") / name.removeprefix("forms/")
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    package = load_package(tmp_path / "bpmn/sample")
    assert (package.key, package.title_en, package.owner, package.listed) == ("sample", "Sample", "civil_bureau", True)
    assert package.start_roles == ("district_officer",)
    assert package.lanes["lane_officer"].party == "district"
    assert package.sources[0].clause == "政府采购法 36"
    assert (set(package.forms), set(package.decisions), set(package.scenarios)) == ({"begin"}, {"method"}, {"happy"})


@pytest.mark.parametrize("folder", ["", "sample/", "exported package/"])
def test_a_zip_holds_the_package_at_its_top_or_in_one_folder(folder: str) -> None:
    assert load_zip(zipped(files(), folder)).key == "sample"


def test_a_packed_package_is_read_again_as_it_was_and_packs_to_the_same_bytes() -> None:
    package = load_zip(zipped(files()))
    assert load_zip(pack(package)) == package
    assert pack(load_zip(pack(package))) == pack(package)


@pytest.mark.parametrize("folder", sorted(paths.bundled("bpmn").iterdir()), ids=lambda folder: folder.name)
def test_our_own_packages_survive_packing(folder: Path) -> None:
    package = load_package(folder)
    assert load_zip(pack(package)) == package


def test_a_zip_with_a_diagram_alone_is_a_bare_package() -> None:
    package = load_zip(zipped({"anything.bpmn": XML}))
    assert package.is_bare
    assert package.key == "sample"


def test_a_bare_package_of_garbage_has_no_key_and_does_not_raise() -> None:
    assert bare_package(b"\x00").key == ""


@pytest.mark.parametrize("name", ["../evil.bpmn", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", "x\x01.bpmn"])
def test_a_name_that_leads_out_of_the_archive_refuses_it(name: str) -> None:
    assert refused(zipped({**files(), name: b"x"})) == ["package-unsafe-entry"]


def test_a_link_in_the_archive_refuses_it() -> None:
    buffer = io.BytesIO(zipped(files()))
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("link.bpmn")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refused(buffer.getvalue()) == ["package-unsafe-entry"]


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zipped(files(**{"big.dmn": b"0" * (packages.MAX_FILE + 1)}))
    assert len(bomb) < 20_000
    assert refused(bomb) == ["package-too-large"]


def test_many_small_bombs_are_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_TOTAL", 50_000)
    assert refused(zipped(files(**{f"n{n}.dmn": b"0" * 20_000 for n in range(5)}))) == ["package-too-large"]


def test_too_many_files_refuse_the_archive() -> None:
    assert refused(zipped({f"f{n}.txt": b"" for n in range(501)})) == ["package-too-many-files"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip", zipped(files())[:-40], b"\x00" * 100])
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    assert refused(content) == ["package-not-zip"]


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"sample.bpmn": None}, ["package-without-diagram"]),
        ({"sample.bpmn": None, "other.bpmn": XML}, ["package-without-diagram"]),
        ({"process.toml": "key = "}, ["settings-not-toml"]),
        ({"process.toml": b"\xff\xfe"}, ["settings-not-toml"]),
        ({"process.toml": TOML.replace("Sample", "")}, ["settings-field"]),
        ({"process.toml": TOML.replace("listed = true", "listed = 1")}, ["settings-field"]),
        ({"process.toml": TOML.replace('role = "district_officer"', "")}, ["settings-field"]),
        ({"process.toml": TOML.replace('zh = "废标"', "")}, ["settings-field"]),
        ({"forms/begin.json": "{"}, ["form-not-json"]),
        ({"forms/begin.json": '{"a": 1, "a": 2}'}, ["form-not-json"]),
        ({"forms/begin.json": "[]"}, ["form-not-json"]),
    ],
)
def test_what_keeps_files_from_being_a_package_is_said(changes: dict[str, str | bytes], rules: list[str]) -> None:
    assert refused(zipped(files(**changes))) == rules


def test_an_unknown_setting_is_a_warning_of_the_package() -> None:
    package = load_zip(zipped(files(**{"process.toml": "lised = true\n" + TOML})))
    assert [(f.severity, f.rule) for f in package.findings] == [("warning", "settings-unknown")]


def test_a_folder_whose_name_is_not_the_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for name, content in files().items():
        if "/" not in name:
            (tmp_path / "other" / name).write_bytes(content)
    with pytest.raises(DefinitionRefused) as refusal:
        load_package(tmp_path / "other")
    assert [finding.rule for finding in refusal.value.findings] == ["package-key"]
