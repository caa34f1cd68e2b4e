"""Decision tables: hit policies, defaults, allowed values, types, the index, the trace."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.decisions.documents import data, decision, definitions, literal, model, table

from lastmeter.decisions import DecisionModelError, Model, load
from lastmeter.feel import unary_test

ROWS = ('>= 0 | - => "low" | 1', '>= 10 | - => "mid" | 2', '>= 10 | "x" => "high" | 3')


def answered(policy: str, *, aggregation: str = "", rows: tuple[str, ...] = ROWS, outputs: int = 1) -> Model:
    cut = [row if outputs == 2 else row.rpartition(" | ")[0] for row in rows]
    drawn = table(
        ["amount", "code"],
        ["level", "points"][:outputs],
        cut,
        policy=policy,
        aggregation=aggregation,
        allowed={"level": '"high", "mid", "low"'},
    )
    return model(data("amount", "number"), data("code"), decision("grade", drawn, inputs=["amount", "code"]))


@pytest.mark.parametrize(
    ("policy", "value"),
    [
        ("FIRST", "low"),
        ("F", "low"),
        ("PRIORITY", "high"),
        ("RULE ORDER", ["low", "mid", "high"]),
        ("RULE_ORDER", ["low", "mid", "high"]),
        ("OUTPUT ORDER", ["high", "mid", "low"]),
        ("COLLECT", ["low", "mid", "high"]),
        ("UNIQUE", None),
        ("ANY", None),
    ],
)
def test_a_hit_policy_makes_one_value_of_the_matches(policy: str, value: object) -> None:
    asked = answered(policy)
    assert asked.evaluate("grade", {"amount": 12, "code": "x"}) == value
    assert bool(asked.warnings) is (value is None)


@pytest.mark.parametrize(
    ("policy", "value"), [("UNIQUE", "low"), ("ANY", "low"), ("PRIORITY", "low"), ("COLLECT", ["low"])]
)
def test_a_single_match_is_the_answer(policy: str, value: object) -> None:
    assert answered(policy).evaluate("grade", {"amount": 3, "code": "y"}) == value


@pytest.mark.parametrize(("aggregation", "value"), [("SUM", 6), ("MIN", 1), ("MAX", 3), ("COUNT", 3)])
def test_collected_numbers_are_aggregated(aggregation: str, value: int) -> None:
    rows = tuple(f"{row.partition(' => ')[0]} => {number} | 0" for number, row in enumerate(ROWS, 1))
    drawn = table(
        ["amount", "code"], ["n"], [row.rpartition(" | ")[0] for row in rows], policy="COLLECT", aggregation=aggregation
    )
    asked = model(data("amount"), data("code"), decision("grade", drawn, inputs=["amount", "code"]))
    assert asked.evaluate("grade", {"amount": 12, "code": "x"}) == value


@pytest.mark.parametrize(
    ("policy", "aggregation", "value"),
    [
        ("UNIQUE", "", None),
        ("COLLECT", "", []),
        ("COLLECT", "COUNT", Decimal(0)),
        ("COLLECT", "SUM", None),
        ("RULE ORDER", "", []),
    ],
)
def test_without_a_match_there_is_nothing(policy: str, aggregation: str, value: object) -> None:
    assert answered(policy, aggregation=aggregation).evaluate("grade", {"amount": -1, "code": "x"}) == value


LOW, MID, HIGH = ({"level": level, "points": points} for points, level in enumerate(("low", "mid", "high"), 1))


@pytest.mark.parametrize(
    ("policy", "aggregation", "value"),
    [
        ("FIRST", "", LOW),
        ("PRIORITY", "", HIGH),
        ("RULE ORDER", "", [LOW, MID, HIGH]),
        ("OUTPUT ORDER", "", [HIGH, MID, LOW]),
        ("COLLECT", "", [LOW, MID, HIGH]),
        ("COLLECT", "COUNT", 3),
        ("UNIQUE", "", None),
        ("ANY", "", None),
    ],
)
def test_several_outputs_make_contexts(policy: str, aggregation: str, value: object) -> None:
    asked = answered(policy, aggregation=aggregation, outputs=2)
    assert asked.evaluate("grade", {"amount": 12, "code": "x"}) == value


@pytest.mark.parametrize("policy", ["UNIQUE", "ANY", "PRIORITY", "FIRST"])
def test_a_single_match_of_several_outputs_is_one_context(policy: str) -> None:
    assert answered(policy, outputs=2).evaluate("grade", {"amount": 3, "code": "y"}) == LOW


def test_defaults_and_aggregates_stand_in_a_graph_of_tables() -> None:
    extra = table(
        ["years"], ["r"], [">= 5 => 2", ">= 15 => 4"], policy="COLLECT", aggregation="MAX", defaults={"r": "0"}
    )
    asked = model(
        data("years", "number"),
        decision("extra", extra, inputs=["years"]),
        decision("leave", literal("10 + max(extra, 1)"), decisions=["extra"]),
    )
    assert [asked.evaluate("leave", {"years": years}) for years in (1, 5, 20)] == [11, 12, 14]


def test_a_cell_may_compare_with_an_entry_of_another_input() -> None:
    rows = ['bid.price => "same"', '> bid.price => "more"', '< bid.price => "less"']
    asked = model(data("bid"), data("limit"), decision("t", table(["limit"], ["r"], rows), inputs=["bid", "limit"]))
    given = [asked.evaluate("t", {"bid": {"price": 5}, "limit": limit}) for limit in (5, 6, 4)]
    assert given == ["same", "more", "less"]


def test_a_list_in_a_cell_is_met_by_one_of_its_items_or_by_an_equal_list() -> None:
    rows = ['["a", "b"] => "one of them"', '- => "none"']
    asked = model(data("x"), decision("t", table(["x"], ["r"], rows, policy="FIRST"), inputs=["x"]))
    assert [asked.evaluate("t", {"x": x}) for x in ("b", ["a", "b"], "c")] == ["one of them", "one of them", "none"]


def test_agreeing_rules_satisfy_the_policy_any() -> None:
    drawn = table(["a", "b"], ["r"], ["> 0 | - => true", "- | > 0 => true"], policy="ANY")
    asked = model(data("a"), data("b"), decision("t", drawn, inputs=["a", "b"]))
    assert asked.evaluate("t", {"a": 1, "b": 1}) is True


def test_a_default_stands_in_where_no_rule_matches() -> None:
    drawn = table(["a"], ["r"], ['> 0 => "yes"'], defaults={"r": '"no"'})
    asked = model(data("a"), decision("t", drawn, inputs=["a"]))
    assert asked.evaluate("t", {"a": -1}) == "no"
    assert asked.evaluate("t", {"a": 1}) == "yes"


@pytest.mark.parametrize(
    ("allowed", "given", "value"),
    [
        ('"x", "y"', "x", "known"),
        ('"x", "y"', "z", "unknown"),
        ('("x", true)', True, None),
        ('("x", true)', False, "unknown"),
        ("not(null, 5)", 5, "unknown"),
        ("[1..9]", 10, "unknown"),
        ('string length(?) = 3, "x"', "xyz", None),
        ('string length(?) = 3, "x"', "xy", "unknown"),
        ('"x", "y"', None, "unknown"),
    ],
)
def test_an_input_that_is_not_allowed_counts_as_null(allowed: str, given: object, value: object) -> None:
    drawn = table(["a"], ["r"], ['"x" => "known"', 'null => "unknown"'], allowed={"a": allowed})
    asked = model(data("a"), decision("t", drawn, inputs=["a"]))
    outcome = asked.decide("t", {"a": given})
    assert outcome.value == value
    told = [each for each in outcome.warnings if "allowed values" in each]
    assert bool(told) is (value == "unknown" and given is not None)


def test_the_warning_names_the_input_its_value_and_what_is_allowed() -> None:
    drawn = table(["method"], ["r"], ['"open" => 1'], allowed={"method": '"open", "single"'})
    asked = model(data("method"), decision("t", drawn, inputs=["method"]))
    outcome = asked.decide("t", {"method": "offen"})
    assert outcome.value is None
    assert outcome.warnings[0] == (
        't: input \'method\' is "offen", which is not among its allowed values "open", "single" and counts as null'
    )
    # The trace shows what the rules saw.
    assert outcome.trace[0].inputs == (("method", None),)


def test_an_input_of_the_wrong_type_stops_the_table() -> None:
    typed = table(["a"], ["r"], ["- => 1"]).replace("<inputExpression>", '<inputExpression typeRef="number">')
    asked = model(data("a"), decision("t", typed, inputs=["a"]))
    assert asked.evaluate("t", {"a": 5}) == 1
    assert asked.evaluate("t", {"a": "five"}) is None
    assert "wrong type" in asked.warnings[0]


def test_an_output_may_compute_and_a_cell_may_ask_for_other_inputs() -> None:
    drawn = table(["amount"], ["r"], ["> limit => amount * 2", "- => limit"], policy="FIRST")
    asked = model(data("amount"), data("limit"), decision("t", drawn, inputs=["amount", "limit"]))
    assert asked.evaluate("t", {"amount": 5, "limit": 3}) == 10
    assert asked.evaluate("t", {"amount": 2, "limit": 3}) == 3


def test_the_trace_tells_inputs_and_rules() -> None:
    asked = answered("COLLECT")
    outcome = asked.decide("grade", {"amount": 12, "code": "y"})
    (asked_table,) = outcome.trace
    assert asked_table.inputs == (("amount", 12), ("code", "y"))
    assert asked_table.rule_ids == ("rule1", "rule2")
    assert [rule.number for rule in asked_table.matched] == [1, 2]
    assert asked_table.value == outcome.value == ["low", "mid"]
    assert asked.trace == outcome.trace


def test_a_long_table_is_found_through_its_index_and_gives_the_same() -> None:
    rows = [f'"k{number}" | > {number % 7} => {number}' for number in range(500)]
    rows.insert(100, '- | 3 => "any"')
    asked = model(
        data("k"), data("n"), decision("t", table(["k", "n"], ["r"], rows, policy="COLLECT"), inputs=["k", "n"])
    )
    assert asked.evaluate("t", {"k": "k499", "n": 9}) == [499]
    assert asked.evaluate("t", {"k": "k499", "n": 3}) == ["any", 499]
    assert asked.evaluate("t", {"k": "k50", "n": 3}) == [50, "any"]
    assert asked.evaluate("t", {"k": "none", "n": 9}) == []
    assert asked.evaluate("t", {"k": None, "n": 3}) == ["any"]


def test_true_and_one_are_different_keys_of_the_index() -> None:
    rows = ["true => 0", "1 => 1", *(f"{number} => {number}" for number in range(2, 12))]
    asked = model(data("k"), decision("t", table(["k"], ["r"], rows, policy="COLLECT"), inputs=["k"]))
    assert asked.evaluate("t", {"k": 1}) == [1]
    assert asked.evaluate("t", {"k": True}) == [0]


@pytest.mark.parametrize(
    ("drawn", "problem"),
    [
        (table(["a"], ["r"], ["> => 1"]), "The expression is wrong"),
        (table(["a"], ["r"], ["- => 1 +"]), "The expression is wrong"),
        (table(["a", "b"], ["r"], ["- => 1"]), "not as many cells"),
        (table(["a"], [], ["- => 1"]), "no output column"),
        (table([""], ["r"], ["- => 1"]), "no expression"),
        (table(["a"], ["r"], ["- => 1"], policy="BEST"), "hit policy"),
        (table(["a"], ["r", "r"], ["- => 1 | 2"]), "names of their own"),
    ],
)
def test_a_wrong_table_is_refused_with_place_and_problem(drawn: str, problem: str) -> None:
    with pytest.raises(DecisionModelError) as caught:
        model(decision("t", drawn))
    assert problem in str(caught.value.facts["problem_en"])
    assert caught.value.facts["problem_zh"]
    assert caught.value.facts["element_id"]
    assert isinstance(caught.value.facts["line"], int)


def test_a_language_other_than_feel_is_refused() -> None:
    drawn = table(["a"], ["r"], ["- => 1"]).replace("<outputEntry>", '<outputEntry expressionLanguage="juel">')
    with pytest.raises(DecisionModelError) as caught:
        load(definitions(decision("t", drawn)))
    assert "juel" in str(caught.value.facts["problem_en"])


CELL = st.sampled_from(["-", '"a"', '"b"', '"a", "b"', 'not("a")', "1", "true", "> 1", "null", "[1..3]"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=8, max_size=20), st.sampled_from(["a", "b", 1, 2, True, None]))
def test_an_indexed_table_matches_as_its_cells_do_one_by_one(rows: list[tuple[str, str]], value: object) -> None:
    drawn = table(["p", "q"], ["r"], [f"{p} | {q} => {n}" for n, (p, q) in enumerate(rows)], policy="COLLECT")
    asked = model(data("p"), data("q"), decision("t", drawn, inputs=["p", "q"]))
    expected = [n for n, (p, q) in enumerate(rows) if unary_test(p, value, {}) and unary_test(q, "a", {})]
    assert asked.evaluate("t", {"p": value, "q": "a"}) == expected
