"""Process packages as files: a diagram with its settings, decision tables, forms and scenarios, read and judged.

A package is a folder `bpmn/<key>/` (process.toml, <key>.bpmn, *.dmn, scenarios/*.yaml) with its forms beside it in
`forms/<key>/`, or the same as one zip file in which the forms lie below `forms/`.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import tomllib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

import orjson

from lastmeter.definitions.findings import DefinitionRefused, Finding, Severity
from lastmeter.definitions.source import SourceRejected, parse, processes, truth
from lastmeter.forms import strict_json

MAX_FILES: Final = 500
MAX_FILE: Final = 5 * 1024 * 1024
MAX_TOTAL: Final = 50 * 1024 * 1024
MAX_ZIP: Final = 20 * 1024 * 1024

_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_TOP = frozenset(
    {
        "key", "title_zh", "title_en", "summary_zh", "summary_en", "owner", "listed", "classification",
        "start", "lanes", "access", "source",
    }
)  # fmt: skip
CLASSIFICATIONS: Final = frozenset({"public", "internal", "procurement", "case", "sealed"})


@dataclass(frozen=True, slots=True)
class LaneRole:
    """Who works in a lane: a role, held at the organisation that is this party of the instance."""

    role: str
    party: str = ""


@dataclass(frozen=True, slots=True)
class LegalSource:
    """A clause that the process carries out, in both languages."""

    clause: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Package:
    """One process package; `settings` is process.toml as it stands, empty for a bare diagram."""

    key: str
    xml: bytes
    file_name: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    title_zh: str = ""
    title_en: str = ""
    summary_zh: str = ""
    summary_en: str = ""
    owner: str = ""
    classification: str = "internal"
    listed: bool = True
    start_roles: tuple[str, ...] = ()
    start_form: str = ""
    lanes: Mapping[str, LaneRole] = field(default_factory=dict)
    sources: tuple[LegalSource, ...] = ()
    decisions: Mapping[str, bytes] = field(default_factory=dict)  # DMN by file name without ending
    forms: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # form-js schemas by form key
    scenarios: Mapping[str, bytes] = field(default_factory=dict)  # YAML by file name without ending
    findings: tuple[Finding, ...] = ()  # notes and warnings met while reading

    @property
    def is_bare(self) -> bool:
        """True for a diagram without process.toml: our own rules then only advise."""
        return not self.settings


def bare_package(xml: bytes, *, file_name: str = "") -> Package:
    """A package that is nothing but this diagram; its key is the first executable process's id, "" if unreadable."""
    return Package(key=_process_key(xml), xml=xml, file_name=file_name)


def load_package(folder: Path, forms_folder: Path | None = None) -> Package:
    """The package in `folder`, its forms in `forms_folder` (default: `forms/<key>` beside the `bpmn` folder).

    Raises DefinitionRefused with all that keeps the files from being a package.
    """
    forms_folder = forms_folder or folder.parent.parent / "forms" / folder.name
    files: dict[str, bytes] = {}
    for path in sorted([*folder.iterdir(), *(folder / "scenarios").glob("*.y*ml")]):
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    if forms_folder.is_dir():
        files.update({f"forms/{path.name}": path.read_bytes() for path in sorted(forms_folder.glob("*.json"))})
    return _assemble(files, folder.name)


def load_zip(archive: bytes) -> Package:
    """The package in a zip file, its files at the top or in one folder. Raises DefinitionRefused.

    Nothing is written to disk; a name that leads out of the archive, an encrypted or linked entry, too many files or
    more content than MAX_TOTAL refuse the whole.
    """
    if len(archive) > MAX_ZIP:
        raise DefinitionRefused([_problem("package-too-large", limit=MAX_ZIP)])
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            files = _unpack(opened)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise DefinitionRefused([_problem("package-not-zip")]) from None
    return _assemble(_without_common_folder(files), "")


def pack(package: Package) -> bytes:
    """The package as a zip file that `load_zip` reads again; the same package gives the same bytes."""
    held = {package.file_name or f"{package.key}.bpmn": package.xml}
    held |= {f"{name}.dmn": xml for name, xml in package.decisions.items()}
    held |= {f"forms/{name}.json": orjson.dumps(schema) for name, schema in package.forms.items()}
    held |= {f"scenarios/{name}.yaml": text for name, text in package.scenarios.items()}
    if package.settings:
        held["process.toml"] = _toml(package.settings).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(held):
            # The earliest time a zip file can hold: no clock in what is compared byte by byte.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), held[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


# --- zip files -----------------------------------------------------------------------------------------------


def _unpack(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_FILES:
        raise DefinitionRefused([_problem("package-too-many-files", limit=MAX_FILES)])
    files: dict[str, bytes] = {}
    left = MAX_TOTAL
    for entry in entries:
        name = entry.filename
        linked = (entry.external_attr >> 16) & 0o170000 == 0o120000
        if not _is_safe(name) or linked or entry.flag_bits & 1 or name in files:
            raise DefinitionRefused([_problem("package-unsafe-entry", name=name[:80])])
        # What the directory says about sizes is the sender's word: read no more than is allowed, then compare.
        most = min(MAX_FILE, left)
        with archive.open(entry) as stream:
            content = stream.read(most + 1)
        if len(content) > most:
            raise DefinitionRefused([_problem("package-too-large", limit=most)])
        left -= len(content)
        files[name] = content
    return files


def _is_safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and not re.search(r"[\\:\x00-\x1f]", name)


def _without_common_folder(files: Mapping[str, bytes]) -> dict[str, bytes]:
    kept = {name: content for name, content in files.items() if not name.startswith("__MACOSX/")}
    tops = {name.split("/", 1)[0] for name in kept if "/" in name}
    if len(tops) == 1 and all("/" in name for name in kept) and tops.isdisjoint({"forms", "scenarios"}):
        return {name.split("/", 1)[1]: content for name, content in kept.items()}
    return kept


# --- from files to a package -----------------------------------------------------------------------------------


def _assemble(files: Mapping[str, bytes], expected: str) -> Package:
    problems: list[Finding] = []
    settings = _settings(files.get("process.toml"), problems)
    diagrams = [name for name in files if name.endswith(".bpmn") and "/" not in name]
    key = _text(settings, "key") or expected
    wanted = f"{key}.bpmn"
    diagram = wanted if wanted in diagrams else diagrams[0] if len(diagrams) == 1 and not settings else ""
    if not diagram:
        problems.append(_problem("package-without-diagram", name=wanted if key else "*.bpmn"))
    if expected and settings and key != expected:
        problems.append(_problem("package-key", key=key, folder=expected))
    forms = _forms(files, problems)
    if any(finding.severity == "error" for finding in problems):
        raise DefinitionRefused(problems)
    xml = files[diagram]
    start = _table(settings.get("start"))
    lanes = {
        lane: LaneRole(_text(_table(entry), "role"), _text(_table(entry), "party"))
        for lane, entry in _table(settings.get("lanes")).items()
    }
    sources = settings.get("source")
    return Package(
        key=key or _process_key(xml),
        xml=xml,
        file_name=diagram,
        settings=settings,
        title_zh=_text(settings, "title_zh"),
        title_en=_text(settings, "title_en"),
        summary_zh=_text(settings, "summary_zh"),
        summary_en=_text(settings, "summary_en"),
        owner=_text(settings, "owner"),
        classification=_text(settings, "classification") or "internal",
        listed=settings.get("listed", not settings) is True,
        start_roles=_texts(start.get("roles")),
        start_form=_text(start, "form"),
        lanes=lanes,
        sources=tuple(
            LegalSource(_text(_table(entry), "clause"), _text(_table(entry), "zh"), _text(_table(entry), "en"))
            for entry in (sources if isinstance(sources, list) else [])
        ),
        decisions=_by_stem(files, ".dmn", ""),
        forms=forms,
        scenarios={**_by_stem(files, ".yaml", "scenarios/"), **_by_stem(files, ".yml", "scenarios/")},
        findings=tuple(problems),
    )


def _by_stem(files: Mapping[str, bytes], ending: str, folder: str) -> dict[str, bytes]:
    return {
        name.removeprefix(folder).removesuffix(ending): content
        for name, content in files.items()
        if name.endswith(ending) and name.startswith(folder) and "/" not in name.removeprefix(folder)
    }


def _forms(files: Mapping[str, bytes], problems: list[Finding]) -> dict[str, Mapping[str, object]]:
    forms: dict[str, Mapping[str, object]] = {}
    for key, content in _by_stem(files, ".json", "forms/").items():
        try:
            strict_json.read(content)
        except strict_json.JsonRefused as refused:
            problems.append(_problem("form-not-json", name=f"{key}.json", reason=str(refused.facts.get("reason"))))
            continue
        schema = orjson.loads(content)
        if isinstance(schema, dict):
            forms[key] = schema
        else:
            problems.append(_problem("form-not-json", name=f"{key}.json", reason="not_an_object"))
    return forms


def _settings(content: bytes | None, problems: list[Finding]) -> dict[str, object]:
    """process.toml as plain values; {} without one."""
    if content is None:
        return {}
    try:
        raw = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        problems.append(_problem("settings-not-toml", line=int(found[1]) if found else 1, reason=str(error)[:120]))
        return {}
    settings = {name: _plain(value) for name, value in raw.items()}
    problems.extend(_judge(settings))
    return settings


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dt.date | dt.datetime | dt.time):
        return value.isoformat()
    return value


def _judge(settings: Mapping[str, object]) -> list[Finding]:
    """What is wrong with the settings as such; whether they fit the diagram is the lint's question."""
    problems = []
    if not _KEY.fullmatch(_text(settings, "key")):
        problems.append(_problem("settings-field", field="key"))
    for name in ("title_zh", "title_en", "summary_zh", "summary_en", "owner"):
        if not _text(settings, name).strip():
            problems.append(_problem("settings-field", field=name))
    if _text(settings, "classification") not in {"", *CLASSIFICATIONS}:
        problems.append(_problem("settings-field", field="classification"))
    if not isinstance(settings.get("listed", True), bool):
        problems.append(_problem("settings-field", field="listed"))
    for name in ("lanes", "start", "access"):
        if not isinstance(settings.get(name, {}), dict):
            problems.append(_problem("settings-field", field=name))
    for lane, entry in _table(settings.get("lanes")).items():
        if not _text(_table(entry), "role"):
            problems.append(_problem("settings-field", field=f"lanes.{lane}.role"))
    start = _table(settings.get("start"))
    if not _text(start, "each") and not {"each", "level"}.isdisjoint(start):
        problems.append(_problem("settings-field", field="start.each"))
    if not isinstance(start.get("level", 1), int):
        problems.append(_problem("settings-field", field="start.level"))
    sources = settings.get("source", [])
    for number, entry in enumerate(sources if isinstance(sources, list) else [None]):
        if not all(_text(_table(entry), name) for name in ("clause", "zh", "en")):
            problems.append(_problem("settings-field", field=f"source[{number}]"))
    problems.extend(_problem("settings-unknown", field=name) for name in sorted(settings.keys() - _TOP))
    return problems


def _table(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(table: Mapping[str, object], name: str) -> str:
    value = table.get(name)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(part for part in value if isinstance(part, str)) if isinstance(value, list) else ()


def _process_key(xml: bytes) -> str:
    try:
        found = processes(parse(xml))
    except SourceRejected:
        return ""
    executable = [process for process in found if truth(process.get("isExecutable"))]
    return next((process.get("id", "") for process in executable or found), "")


def _toml(settings: Mapping[str, object]) -> str:
    """The settings as TOML; JSON text is TOML's basic string, and tables are written inline."""

    def value(part: object) -> str:
        if isinstance(part, dict):
            return "{" + ", ".join(f"{orjson.dumps(k).decode()} = {value(v)}" for k, v in part.items()) + "}"
        if isinstance(part, list):
            return "[" + ", ".join(value(each) for each in part) + "]"
        return orjson.dumps(part).decode()

    return "".join(f"{orjson.dumps(name).decode()} = {value(part)}\n" for name, part in settings.items())


# --- sentences -----------------------------------------------------------------------------------------------

_SENTENCES: Final[dict[str, tuple[str, str, str, str]]] = {
    "package-too-large": (
        "压缩包展开后超过 {limit} 字节",
        "the archive holds more than {limit} bytes",
        "去掉不属于流程包的文件",
        "leave out what does not belong to the package",
    ),
    "package-too-many-files": (
        "压缩包内文件多于 {limit} 个",
        "the archive holds more than {limit} files",
        "去掉不属于流程包的文件",
        "leave out what does not belong to the package",
    ),
    "package-not-zip": (
        "不是可读的 zip 文件",
        "this is not a readable zip file",
        "重新打包，不加密码",
        "pack it again, without a password",
    ),
    "package-unsafe-entry": (
        "压缩包内的“{name}”指向包外、重名、加密或是链接",
        "the entry “{name}” leads out of the archive, is there twice, encrypted or a link",
        "只放普通文件",
        "pack plain files only",
    ),
    "package-without-diagram": (
        "缺少流程图 {name}",
        "the diagram {name} is missing",
        "图的文件名与流程编号相同",
        "name the diagram after the process key",
    ),
    "package-key": (
        "流程编号 {key} 与文件夹 {folder} 不同",
        "the key {key} is not the folder's name {folder}",
        "改成同一个名称",
        "give both the same name",
    ),
    "form-not-json": (
        "表单 {name} 不是可接受的 JSON（{reason}）",
        "the form {name} is no JSON that is accepted ({reason})",
        "用表单设计器重新导出",
        "export it again from the form editor",
    ),
    "settings-not-toml": (
        "process.toml 第 {line} 行不是合格的 TOML：{reason}",
        "process.toml is not TOML, line {line}: {reason}",
        "改正该行",
        "correct the line",
    ),
    "settings-field": (
        "process.toml 的 {field} 缺失或不合要求",
        "{field} in process.toml is missing or not as required",
        "按 docs 的流程包说明填写",
        "fill it in as the documentation of packages says",
    ),
    "settings-unknown": (
        "process.toml 有不认识的 {field}",
        "process.toml has an unknown {field}",
        "检查拼写",
        "check the spelling",
    ),
}


def _problem(rule: str, *, line: int | None = None, **facts: object) -> Finding:
    said = {**facts, "line": line or 1}
    zh, en, fix_zh, fix_en = _SENTENCES[rule]
    severity: Severity = "warning" if rule == "settings-unknown" else "error"
    return Finding(severity, rule, None, line, zh.format(**said), en.format(**said), fix_zh, fix_en)
