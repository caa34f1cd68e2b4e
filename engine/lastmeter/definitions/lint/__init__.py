"""Publishing checks: what keeps a definition from running as it is drawn, said before it is published."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice

from lastmeter.definitions import compiler
from lastmeter.definitions.findings import DefinitionRefused, Finding
from lastmeter.definitions.lint import rules
from lastmeter.definitions.lint.subject import MOST_IN_FILE, KnownNames, Subject, known_now
from lastmeter.definitions.packages import Package, bare_package
from lastmeter.definitions.source import BPMN, FLOW_NODES, SourceRejected, parse

__all__ = ["KnownNames", "check", "known_now", "lint"]

# A broken file says the same a thousand times; nobody reads more than this.
MOST_FINDINGS = 500
_NODES = tuple(f"{BPMN}{kind}" for kind in sorted(FLOW_NODES | {"process"}))
_RANK = {"error": 0, "warning": 1, "note": 2}


def lint(xml: bytes, package: Package | None = None, *, known: KnownNames | None = None) -> list[Finding]:
    """Everything to say about the diagram, gravest first; with `package` it is held to all our rules.

    Never raises, whatever the bytes. `known` names what the diagram may refer to; default: what is installed.
    """
    if package is None:
        package = bare_package(xml)
    elif package.xml != xml:
        raise ValueError("the package holds another diagram")
    return check(package, known=known)


def check(package: Package, *, known: KnownNames | None = None) -> list[Finding]:
    """As `lint`, for a package that holds its diagram."""
    findings = list(package.findings)
    try:
        root = parse(package.xml)
    except SourceRejected as refused:
        return [*findings, _unreadable(refused)]
    if (count := sum(1 for _ in root.iter(*_NODES))) > MOST_IN_FILE:
        return [*findings, _crowded(count)]
    compiled = _compiled(package.xml, findings)
    subject = Subject(root, package, known or known_now(), compiled)
    for rule in all_rules():
        findings.extend(islice(rule(subject), MOST_FINDINGS))
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda found: (_RANK[found.severity], found.line or 0, found.rule))[:MOST_FINDINGS]


def _compiled(xml: bytes, findings: list[Finding]) -> tuple[compiler.Compiled, ...]:
    """What the installed parser makes of the file; all it has to say joins `findings`."""
    try:
        compiled = tuple(compiler.installed().parse(xml))
    except DefinitionRefused as refusal:
        findings.extend(refusal.findings)
        return ()
    findings.extend(getattr(compiled[0], "findings", ()) if compiled else ())
    return compiled


def _crowded(count: int) -> Finding:
    return Finding(
        "error", "too-many-elements", None, 1,
        f"文件有 {count} 个图元，上限 {MOST_IN_FILE} 个",
        f"the file has {count} elements, at most {MOST_IN_FILE} are read",
        "拆成几个文件", "split it into several files",
    )  # fmt: skip


@cache
def all_rules() -> tuple[Callable[[Subject], Iterator[Finding]], ...]:
    """The `check` of every module in `rules`, by module name: a new file there is a new rule."""
    modules = sorted(module.name for module in pkgutil.iter_modules(rules.__path__))
    return tuple(importlib.import_module(f"{rules.__name__}.{name}").check for name in modules)


_UNREADABLE = {
    "empty": ("not-xml", "文件是空的", "the file is empty"),
    "too_large": ("too-large", "文件过大", "the file is too large"),
    "not_xml": ("not-xml", "文件不是合格的 XML：{detail}", "the file is not well-formed XML: {detail}"),
    "doctype": ("doctype", "文件含 DOCTYPE，拒绝读取", "the file has a DOCTYPE and is not read"),
    "too_deep": ("too-deep", "元素嵌套过深", "elements are nested too deep"),
    "too_many_attributes": ("too-many-attributes", "一个元素的属性过多", "an element has too many attributes"),
    "not_bpmn": ("not-bpmn", "根元素不是 BPMN 2.0 的 definitions", "the root element is not BPMN 2.0 definitions"),
}


def _unreadable(refused: SourceRejected) -> Finding:
    rule, zh, en = _UNREADABLE[str(refused.facts["reason"])]
    detail, line = str(refused.facts["detail"]), refused.facts["line"]
    return Finding(
        "error", rule, None, line if isinstance(line, int) else 1,
        zh.format(detail=detail), en.format(detail=detail),
        "用 BPMN 2.0 建模工具重新导出", "export it again from a BPMN 2.0 modeller",
    )  # fmt: skip
