"""docs/tables.md: the decision tables that come with the program, written out of their files.

Run as `python -m tests.processes.tables_document`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from lastmeter import paths
from lastmeter.decisions import Model, load
from lastmeter.decisions.documents import attribute, child, children, text_in
from lastmeter.decisions.remarks import remark_of
from lastmeter.decisions.tables import HIT_POLICIES, Table

TARGET = Path(__file__).resolve().parents[2] / "docs" / "tables.md"
HEAD = """# 决策表 · Decision tables

<!-- Generated: python -m tests.processes.tables_document -->

随程序提供的决策表，从 `bpmn/*/*.dmn` 原样写出；每张表旁的 `*.rows.yaml` 是逐条例子，测试按它核对。
办理时用的是已发布的最新版本；每次判定所依据的规则和数据另行保存，不随以后重新发布而改变。
The tables that come with the program, written out of `bpmn/*/*.dmn`; the `*.rows.yaml` beside each holds its examples,
which a test checks. What decides is the newest published version; which rule decided with which data is kept with
every decision and does not change when the table is published anew.
"""
_TEXT = re.compile(r'"([^"]*)"')


def document() -> str:
    """The whole text."""
    files = sorted(paths.bundled("bpmn").glob("*/*.dmn"))
    return "\n".join([HEAD, *(line for file in files for line in _file(file))]) + "\n"


def _file(file: Path) -> Iterator[str]:
    model = load(file.read_bytes())
    yield f"## {model.name}"
    yield ""
    yield f"`bpmn/{file.parent.name}/{file.name}`"
    yield ""
    for element in model.elements.values():
        if element.kind != "decision":
            continue
        yield f"### {attribute(element.xml, 'label')}"
        yield ""
        yield text_in(element.xml, "description").splitlines()[0]
        yield ""
        yield from _table(model, element.tables[0]) if element.tables else _expression(element.xml)
        yield ""


def _table(model: Model, table: Table) -> Iterator[str]:
    labels = [f"→ {output.label}" for output in table.outputs]
    heads = ["#", *(column.label for column in table.inputs), *labels, "含义 · Meaning"]
    yield f"`{HIT_POLICIES[table.hit_policy]}`"
    yield ""
    yield _line(heads)
    yield _line(["---"] * len(heads))
    for number, rule in enumerate(table.rules, 1):
        tests = [
            _told(model, column.expression.text, "" if test is None else test.text)
            for column, test in zip(table.inputs, rule.tests, strict=True)
        ]
        entries = [
            _told(model, output.name or table.decision, "" if entry is None else entry.text)
            for output, entry in zip(table.outputs, rule.outputs, strict=True)
        ]
        remark = remark_of(rule.annotations)
        yield _line([str(number), *tests, *entries, f"{remark.zh}【{remark.basis}】 {remark.en}"])


def _told(model: Model, name: str, cell: str) -> str:
    """The cell with Chinese words for the values that have some; a pattern as code."""
    if "matches(" in cell:
        return f"`{cell}`".replace("|", "\\|")
    told = _TEXT.sub(lambda found: model.words.get((name, found[1]), (found[1], ""))[0], cell)
    return {"true": "是", "false": "否", "null": "—"}.get(told, told).replace("|", "\\|")


def _expression(xml: etree._Element) -> Iterator[str]:
    body = child(xml, "literalExpression")
    if body is not None:
        yield f"`{text_in(body)}`"
        return
    for entry in children(child(xml, "context"), "contextEntry"):  # type: ignore[arg-type]  # one of the two is there
        named = child(entry, "variable")
        yield f"- {'' if named is None else attribute(named, 'name')}: `{text_in(child(entry, 'literalExpression'))}`"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
