"""The decision tables that come with the program: each has examples beside it, reads in two languages, draws itself.

The examples lie in `bpmn/<package>/<file>.rows.yaml`: for a decision, inputs with what they give and which rules match.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree
from tests.processes.tables_document import TARGET, document

from lastmeter import paths
from lastmeter.decisions import Model, analyse, load
from lastmeter.decisions.remarks import remark_of

FILES = sorted(paths.bundled("bpmn").glob("*/*.dmn"))
DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"
DI = "{https://www.omg.org/spec/DMN/20191111/DMNDI/}"
DC = "{http://www.omg.org/spec/DMN/20180521/DC/}"
WAYPOINT = "{http://www.omg.org/spec/DMN/20180521/DI/}"
# What the analysis finds and why it is meant. Everything else it finds is a mistake.
EXPLAINED = {
    ("visit_frequency", "gap"): "Before a risk is assessed no visit is due.",
    ("forbidden_criteria", "not_analysed"): "Its cells are patterns over free text.",
    ("scored_qualification", "not_analysed"): "Its cells are patterns over free text.",
}
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@dataclass(frozen=True)
class Example:
    file: Path
    decision: str
    name: str
    given: Mapping[str, Any]
    expect: Any
    rules: list[str]


def _examples() -> Iterator[Example]:
    for file in FILES:
        rows = file.with_suffix(".rows.yaml")
        for block in yaml.safe_load(rows.read_text(encoding="utf-8")) if rows.is_file() else ():
            for row in block["rows"]:
                given = {**block.get("defaults", {}), **row["given"], **_repeated(row.get("repeat", {}))}
                yield Example(file, block["decision"], row["name"], given, row["expect"], row["rules"])


def _repeated(lists: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """`times` of an item stand for as many equal ones."""
    return {
        name: [{k: v for k, v in item.items() if k != "times"} for item in items for _ in range(item["times"])]
        for name, items in lists.items()
    }


EXAMPLES = list(_examples())
_MODELS: dict[Path, Model] = {}


def _model(file: Path) -> Model:
    return _MODELS.setdefault(file, load(file.read_bytes()))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _rules_of(file: Path) -> set[str]:
    return {rule.rule_id for table in _model(file).tables for rule in table.rules}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"{each.decision}-{each.name}")
def test_an_example_gives_what_it_says_by_the_rules_it_names(example: Example) -> None:
    outcome = _model(example.file).decide(example.decision, example.given)
    value = _plain(outcome.value)
    if isinstance(example.expect, dict):
        assert isinstance(value, dict)
        assert {name: value[name] for name in example.expect} == example.expect
    else:
        assert value == example.expect
    assert [rule for table in outcome.trace for rule in table.rule_ids] == example.rules


@each_file
def test_every_rule_is_met_by_an_example(file: Path) -> None:
    met = {rule for example in EXAMPLES if example.file == file for rule in example.rules}
    assert _rules_of(file) - met == set()


@each_file
def test_the_analysis_finds_nothing_that_is_not_meant(file: Path) -> None:
    for table in _model(file).tables:
        for finding in analyse(table):
            assert (table.decision, finding.kind) in EXPLAINED, finding.sentence_en


def test_what_is_explained_is_still_found() -> None:
    found = {
        (table.decision, finding.kind) for file in FILES for table in _model(file).tables for finding in analyse(table)
    }
    assert found == set(EXPLAINED)


@each_file
def test_every_rule_says_in_both_languages_what_it_means_and_by_which_clause(file: Path) -> None:
    for table in _model(file).tables:
        for rule in table.rules:
            remark = remark_of(rule.annotations)
            assert remark.zh, rule.rule_id
            assert remark.en, rule.rule_id
            assert remark.basis, rule.rule_id


@each_file
def test_every_column_input_and_decision_is_named_in_both_languages(file: Path) -> None:
    root = etree.fromstring(file.read_bytes())
    for tag in ("inputData", "decision", "input", "output"):
        for element in root.iter(DMN + tag):
            zh, _, en = element.get("label", "").partition(" · ")
            if tag in ("inputData", "decision"):
                assert element.get("name") == zh  # what dmn-js writes into the graph
            assert zh, element.get("id")
            assert en, element.get("id")


@each_file
def test_the_graph_is_drawn_whole_and_nothing_lies_on_anything(file: Path) -> None:
    root = etree.fromstring(file.read_bytes())
    nodes = {each.get("id") for tag in ("inputData", "decision") for each in root.iter(DMN + tag)}
    needs = {each.get("id") for each in root.iter(f"{DMN}informationRequirement")}
    shapes = list(root.iter(f"{DI}DMNShape"))
    assert {shape.get("dmnElementRef") for shape in shapes} == nodes
    assert {edge.get("dmnElementRef") for edge in root.iter(f"{DI}DMNEdge")} == needs
    boxes = [_box(shape) for shape in shapes]
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)


def _points(edge: etree._Element) -> list[tuple[float, float]]:
    return [(float(each.get("x", "")), float(each.get("y", ""))) for each in edge.iter(f"{WAYPOINT}waypoint")]


@each_file
def test_no_line_of_the_graph_runs_through_a_box_that_it_does_not_join(file: Path) -> None:
    root = etree.fromstring(file.read_bytes())
    boxes = {str(shape.get("dmnElementRef")): _box(shape) for shape in root.iter(f"{DI}DMNShape")}
    joined = {
        need.get("id"): {str(need[0].get("href")).removeprefix("#"), str(need.getparent().get("id"))}  # type: ignore[union-attr]  # a requirement lies in a decision
        for need in root.iter(f"{DMN}informationRequirement")
    }
    for edge in root.iter(f"{DI}DMNEdge"):
        for start, end in itertools.pairwise(_points(edge)):
            for name, box in boxes.items():
                through = name not in joined[edge.get("dmnElementRef")] and _crosses(start, end, box)
                assert not through, (edge.get("id"), name)


def _crosses(start: tuple[float, float], end: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    """Whether the line between two points meets the box; Liang and Barsky's clipping."""
    first, last = 0.0, 1.0
    for at, to, low, high in ((start[0], end[0], box[0], box[2]), (start[1], end[1], box[1], box[3])):
        if at == to:
            if not low <= at <= high:
                return False
            continue
        enters, leaves = sorted(((low - at) / (to - at), (high - at) / (to - at)))
        first, last = max(first, enters), min(last, leaves)
    return first <= last


def _box(shape: etree._Element) -> tuple[float, float, float, float]:
    bounds = shape.find(f"{DC}Bounds")
    assert bounds is not None
    x, y, width, height = (float(bounds.get(name, "")) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def test_the_eleven_tables_of_the_domain_are_there() -> None:
    wanted = {
        "procurement_method", "supplier_eligibility", "contract_term", "staffing_compliance", "evaluation_grade",
        "renewal", "committee", "price_weight", "visit_frequency", "triage", "contract_money",
    }  # fmt: skip
    assert wanted <= {file.stem for file in FILES}


def test_dates_in_examples_are_dates() -> None:
    """A quoted date would be a text, and a comparison with it null."""
    dated = [example for example in EXAMPLES if "since" in example.given]
    assert dated
    assert all(isinstance(example.given["since"], dt.date) for example in dated)


def test_the_documentation_is_written_out_of_the_files() -> None:
    assert TARGET.read_text(encoding="utf-8") == document(), "run: python -m tests.processes.tables_document"
