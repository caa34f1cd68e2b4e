"""The analysis of a table: gaps, overlaps, conflicts, dead rules, each with an example."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.decisions.documents import decision, model, table

from lastmeter.decisions import Finding, analyse
from lastmeter.decisions.analysis import distinct


def found(inputs: list[str], rows: list[str], policy: str = "UNIQUE", **more: dict[str, str]) -> list[Finding]:
    asked = model(decision("t", table(inputs, ["r"], rows, policy=policy, **more)))  # type: ignore[arg-type]
    return analyse(asked.tables[0])


def test_a_complete_table_has_no_findings() -> None:
    assert found(["age"], ["< 18 => 1", "[18..65) => 2", ">= 65 => 3"]) == []


def test_a_gap_comes_with_an_example() -> None:
    (gap,) = found(["age"], ["< 18 => 1", "> 18 => 2"])
    assert (gap.kind, gap.example) == ("gap", {"age": "18"})
    assert "18" in gap.sentence_zh
    assert "18" in gap.sentence_en


def test_overlapping_rules_are_named_and_told_apart_from_conflicting_ones() -> None:
    findings = found(["age"], ["<= 18 => 1", ">= 18 => 1"])
    assert [(each.kind, each.rules, each.example) for each in findings] == [("overlap", (1, 2), {"age": "18"})]
    assert [each.kind for each in found(["age"], ["<= 18 => 1", ">= 18 => 2"])] == ["conflict"]


def test_agreeing_overlaps_are_fine_under_any() -> None:
    assert found(["age"], ["<= 18 => 1", ">= 18 => 1"], "ANY") == []
    assert [each.kind for each in found(["age"], ["<= 18 => 1", ">= 18 => 2"], "ANY")] == ["conflict"]


def test_a_rule_behind_a_wider_one_is_unreachable_under_first() -> None:
    findings = found(["age"], ["> 10 => 1", "> 20 => 2", "- => 3"], "FIRST")
    assert [(each.kind, each.rules) for each in findings] == [("unreachable", (2,))]


def test_a_contradictory_cell_is_unreachable_under_every_policy() -> None:
    assert ("unreachable", (2,)) in [(each.kind, each.rules) for each in found(["age"], ["- => 1", "(5..5) => 2"])]


def test_strings_beyond_the_listed_ones_are_a_gap_unless_excluded() -> None:
    assert [each.kind for each in found(["kind"], ['"a" => 1', '"b" => 2'])] == ["gap"]
    assert found(["kind"], ['"a" => 1', '"b" => 2'], allowed={"kind": '"a", "b"'}) == []
    assert found(["kind"], ['"a" => 1', 'not("a") => 2']) == []


def test_two_columns_are_looked_at_together() -> None:
    findings = found(["age", "member"], ["< 18 | - => 1", ">= 18 | true => 2"])
    assert [(each.kind, each.example) for each in findings] == [("gap", {"age": "18", "member": "false"})]


def test_dates_are_cut_by_days() -> None:
    rows = ['< date("2026-03-02") => 1', '> date("2026-03-02") => 2']
    (gap,) = found(["day"], rows)
    assert gap.example == {"day": '@"2026-03-02"'}


def test_a_default_closes_every_gap() -> None:
    assert found(["age"], ["< 18 => 1"], defaults={"r": "0"}) == []


def test_freer_cells_are_said_not_to_be_analysed() -> None:
    assert [each.kind for each in found(["age"], ["> limit => 1"])] == ["not_analysed"]


def test_a_table_too_large_to_be_analysed_is_told_so_at_once() -> None:
    """Three thousand rows of one column took a minute, while somebody waited for the page."""
    rows = [f"[{number * 10}..{number * 10 + 5}] => {number}" for number in range(3000)]
    (remark,) = found(["amount"], rows)
    assert remark.kind == "not_analysed"
    assert "too large" in remark.sentence_en


def test_a_truth_and_a_number_are_distinct() -> None:
    assert distinct([True, Decimal(1), "a", "a", Decimal("1.0"), [1], [1]]) == [True, Decimal(1), "a", [1]]
