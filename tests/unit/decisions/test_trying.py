"""What a person who tries a decision is asked, what values are called, and inputs that lead to a finding."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.decisions.documents import data, decision, definitions, function, model, table

from lastmeter.decisions import Finding, analyse, graph, inputs_for, inputs_of, load

METHOD = (
    data("amount_fen", "number"),
    data("limit_fen", "number"),
    data("kind", "string"),
    decision(
        "small",
        table(["amount_fen < limit_fen"], ["small"], ["true => true", "- => false"], policy="FIRST"),
        inputs=["amount_fen", "limit_fen"],
    ),
    decision(
        "way",
        table(["kind", "small"], ["way"], ['"goods" | true => "buy"', '"goods" | false => "tender"']),
        inputs=["kind"],
        decisions=["small"],
    ),
)


def test_the_inputs_of_a_decision_come_with_type_and_the_values_that_cells_mention() -> None:
    asked = {each.name: each for each in inputs_of(model(*METHOD), "way")}
    assert list(asked) == ["kind", "amount_fen", "limit_fen"]
    assert asked["kind"].known == ("goods",)
    assert asked["amount_fen"].known == ()


def test_allowed_values_of_an_item_definition_or_a_column_are_listed() -> None:
    values = '<allowedValues><text>"a","b"</text></allowedValues>'
    item = f'<itemDefinition name="tier"><typeRef>string</typeRef>{values}</itemDefinition>'
    asked = model(item, data("t", "tier"), decision("d", table(["t"], ["r"], ["- => 1"]), inputs=["t"]))
    assert inputs_of(asked, "d")[0].allowed == ("a", "b")
    asked = model(decision("d", table(["t"], ["r"], ["- => 1"], allowed={"t": '"x", "y"'})))
    assert inputs_of(asked, "d")[0].allowed == ("x", "y")


def test_names_that_only_cells_read_are_asked_for_too() -> None:
    asked = model(decision("d", table(["score"], ["r"], ["> limit => bonus"])))
    assert [each.name for each in inputs_of(asked, "d")] == ["score", "bonus", "limit"]


def test_what_is_required_comes_first_in_the_graph() -> None:
    assert [each.name for each in graph(model(*METHOD), "way")] == ["small", "way"]
    helped = model(
        data("x", "number"),
        function("twice", [("n", "number")], "<literalExpression><text>n * 2</text></literalExpression>"),
        decision(
            "d", "<literalExpression><text>twice(x)</text></literalExpression>", inputs=["x"], knowledge=["twice"]
        ),
    )
    assert [each.name for each in graph(helped, "d")] == ["twice", "d"]


def test_the_answer_tells_every_decision_on_the_way() -> None:
    outcome = model(*METHOD).decide("way", {"kind": "goods", "amount_fen": 1, "limit_fen": 2})
    assert outcome.answers == (("small", True), ("way", "buy"))


def test_rules_that_contradict_each_other_stay_in_the_trace() -> None:
    outcome = model(decision("d", table(["x"], ["r"], ["> 1 => 1", "> 2 => 2"]))).decide("d", {"x": 3})
    assert outcome.value is None
    assert [rule.number for rule in outcome.trace[0].matched] == [1, 2]


def test_descriptions_give_values_their_words() -> None:
    described = data("kind", "string").replace(
        "><variable",
        "><description>goods = 货物 · goods\nworks = 工程 · works\n其余的话 · ignored</description><variable",
        1,
    )
    words = load(definitions(described, decision("d", table(["kind"], ["r"], ["- => 1"]), inputs=["kind"]))).words
    assert words["kind", "goods"] == words["", "goods"] == ("货物", "goods")
    assert ("kind", "其余的话") not in words


# --- inputs that lead to a finding -----------------------------------------------------------------------------------


def _tried(finding: Finding | None = None) -> dict[str, object] | None:
    asked = model(*METHOD)
    found = finding or next(each for each in analyse(asked.tables[1]) if each.kind == "gap")
    return inputs_for(asked, "way", asked.tables[1], found)


def test_inputs_are_found_that_make_a_required_decision_come_out_as_wanted() -> None:
    wanted = Finding("gap", (), {"kind": '"other"', "small": "false"}, "", "")
    found = _tried(wanted)
    assert found is not None
    assert found["kind"] == "other"
    amount, limit = found["amount_fen"], found["limit_fen"]
    assert isinstance(amount, Decimal)
    assert isinstance(limit, Decimal)
    assert amount >= limit
    outcome = model(*METHOD).decide("way", found)
    assert outcome.trace[-1].inputs == (("kind", "other"), ("small", False))


def test_a_gap_of_the_analysis_can_be_tried_and_indeed_matches_nothing() -> None:
    found = _tried()
    assert found is not None
    assert model(*METHOD).decide("way", found).trace[-1].matched == ()


def test_a_case_that_cannot_happen_has_no_inputs() -> None:
    assert _tried(Finding("gap", (), {"kind": '"goods"', "small": "null"}, "", "")) is None
    assert _tried(Finding("unreachable", (1,), {}, "", "")) is None


def test_the_same_finding_gives_the_same_inputs_every_time() -> None:
    wide = model(
        *(data(f"n{number}", "number") for number in range(5)),
        decision(
            "d",
            table([" + ".join(f"n{number}" for number in range(5))], ["r"], ["< 12 => 1"]),
            inputs=[f"n{number}" for number in range(5)],
        ),
    )
    gap = next(each for each in analyse(wide.tables[0]) if each.kind == "gap")
    found = inputs_for(wide, "d", wide.tables[0], gap)
    assert found is not None
    assert inputs_for(wide, "d", wide.tables[0], gap) == found


def test_a_date_column_without_bounds_is_analysed() -> None:
    asked = model(data("day", "date"), decision("d", table(["day"], ["r"], ["- => 1"]), inputs=["day"]))
    column = asked.tables[0].inputs[0]
    assert column.label == "day"
    assert analyse(asked.tables[0]) == []


def test_a_cell_with_a_name_that_only_the_model_knows_is_not_analysed() -> None:
    asked = model(
        data("in a list", "string"),
        data("x"),
        decision("d", table(["x"], ["r"], ["in a list => 1"]), inputs=["x", "in a list"]),
    )
    assert [each.kind for each in analyse(asked.tables[0])] == ["not_analysed"]
