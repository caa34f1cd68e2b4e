"""Requirement graphs, boxed expressions, types, services, imports, and files that must be refused."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from tests.unit.decisions.documents import (
    data,
    decision,
    definitions,
    function,
    literal,
    model,
    service,
    table,
    variable,
)

from lastmeter.decisions import DecisionMissing, DecisionModelError, load
from lastmeter.decisions.documents import NAMESPACES
from lastmeter.feel import FeelBudgetExceeded, FeelFunction


def entry(name: str, body: str, type_: str = "") -> str:
    return f"<contextEntry>{variable(name, type_) if name else ''}{body}</contextEntry>"


# --- graphs ----------------------------------------------------------------------------------------------------------


def test_a_decision_asks_the_decisions_it_requires_once() -> None:
    asked = model(
        data("amount", "number"),
        decision("large", table(["amount"], ["r"], ["> 100 => true", "- => false"], policy="FIRST"), inputs=["amount"]),
        decision("left", literal('if large then "L" else "S"'), decisions=["large"]),
        decision("right", literal("not(large)"), decisions=["large"]),
        decision("both", literal("{l: left, r: right}"), decisions=["left", "right"]),
    )
    outcome = asked.decide("both", {"amount": 200})
    assert outcome.value == {"l": "L", "r": False}
    assert [each.decision for each in outcome.trace] == ["large"]


def test_a_decision_is_found_by_name_or_id() -> None:
    asked = model(decision("two words", literal("1")))
    assert asked.evaluate("two words", {}) == asked.evaluate("_two20words", {}) == 1
    with pytest.raises(DecisionMissing) as caught:
        asked.evaluate("three words", {})
    assert caught.value.facts["known"] == ["two words"]


def test_decisions_tell_the_inputs_they_need() -> None:
    asked = model(
        data("a"), data("b"), data("c"),
        decision("first", literal("a + 1"), inputs=["a"]),
        decision("second", literal("first + b"), inputs=["b"], decisions=["first"]),
    )  # fmt: skip
    assert {each.name: set(each.inputs) for each in asked.decisions} == {"first": {"a"}, "second": {"a", "b"}}


def test_what_is_not_required_is_not_in_scope() -> None:
    asked = model(data("a"), data("b"), decision("t", literal("b"), inputs=["a"]))
    assert asked.evaluate("t", {"a": 1, "b": 2}) is None
    assert asked.warnings == ["no variable 'b'"]


def test_a_table_drawn_without_input_data_reads_what_it_is_given() -> None:
    asked = model(decision("t", table(["amount"], ["r"], ["> limit => true"])))
    assert asked.evaluate("t", {"amount": 5, "limit": 3}) is True
    assert asked.decisions[0].inputs == ("amount", "limit")


def test_a_circle_of_decisions_is_refused() -> None:
    with pytest.raises(DecisionModelError) as caught:
        model(decision("a", literal("b"), decisions=["b"]), decision("b", literal("a"), decisions=["a"]))
    assert "depends on itself" in str(caught.value.facts["problem_en"])


def test_a_requirement_of_nothing_is_refused() -> None:
    with pytest.raises(DecisionModelError) as caught:
        model(decision("a", literal("1"), decisions=["ghost"]))
    assert caught.value.facts["element_id"] == "_a"


# --- boxes -----------------------------------------------------------------------------------------------------------

ITEMS = literal("[1, 2, 3, 4]")
FACTORIAL = '<formalParameter name="n"/>' + literal("if n < 2 then 1 else n * f(n - 1)")


def iterated(tag: str, part: str, body: str) -> str:
    """A boxed for, some or every over one to four."""
    return f'<{tag} iteratorVariable="i"><in>{ITEMS}</in><{part}>{literal(body)}</{part}></{tag}>'


def called(function: str, call: str) -> str:
    """A context that defines `f` and gives the value of a call."""
    return f"<context>{entry('f', function)}{entry('', literal(call))}</context>"


def numbers(*values: int) -> list[Decimal]:
    return [Decimal(value) for value in values]


INNER = f"<context>{entry('b', literal('1'))}{entry('c', literal('b + 1'))}</context>"
BOXES: dict[str, tuple[str, object]] = {
    "context": (
        f"<context>{entry('x', literal('2'))}{entry('y z', literal('x + 1'))}</context>",
        {"x": Decimal(2), "y z": Decimal(3)},
    ),
    "context with a result": (
        f"<context>{entry('x', literal('2'))}{entry('', literal('x * x'))}</context>",
        Decimal(4),
    ),
    "list": (f"<list>{literal('1')}{literal('1 + 1')}</list>", numbers(1, 2)),
    "relation": (
        f'<relation><column name="a"/><column name="b"/><row>{literal("1")}{literal("2")}</row></relation>',
        [{"a": Decimal(1), "b": Decimal(2)}],
    ),
    "function in a context": (called(f"<functionDefinition>{FACTORIAL}</functionDefinition>", "f(4)"), Decimal(24)),
    "java function": (called(f'<functionDefinition kind="Java">{FACTORIAL}</functionDefinition>', "f(4)"), None),
    "conditional": (
        f"<conditional><if>{literal('1 > 2')}</if><then>{literal('1')}</then><else>{literal('2')}</else></conditional>",
        Decimal(2),
    ),
    "filter": (f"<filter><in>{ITEMS}</in><match>{literal('item > 2')}</match></filter>", numbers(3, 4)),
    "for": (iterated("for", "return", "i + count(partial)"), numbers(1, 3, 5, 7)),
    "some": (iterated("some", "satisfies", "i > 3"), True),
    "every": (iterated("every", "satisfies", "i > 3"), False),
    "conditional of no truth value": (
        f"<conditional><if>{literal('5')}</if><then>{literal('1')}</then><else>{literal('2')}</else></conditional>",
        None,
    ),
    "filter by no truth value": (f"<filter><in>{ITEMS}</in><match>{literal('5')}</match></filter>", None),
    "filter that keeps none": (f"<filter><in>{ITEMS}</in><match>{literal('item > 9')}</match></filter>", []),
    "some without a truth value": (iterated("some", "satisfies", "i"), None),
    "every without a truth value": (iterated("every", "satisfies", "i"), None),
    "for over nothing": (iterated("for", "return", "i").replace("[1, 2, 3, 4]", "[]"), []),
    "some of nothing": (iterated("some", "satisfies", "true").replace("[1, 2, 3, 4]", "[]"), False),
    "every of nothing": (iterated("every", "satisfies", "false").replace("[1, 2, 3, 4]", "[]"), True),
    "contexts within a context": (
        f"<context>{entry('a', INNER)}{entry('d', literal('a.c + 1'))}</context>",
        {"a": {"b": Decimal(1), "c": Decimal(2)}, "d": Decimal(3)},
    ),
}


@pytest.mark.parametrize(("body", "value"), BOXES.values(), ids=BOXES.keys())
def test_a_boxed_expression_has_its_value(body: str, value: object) -> None:
    assert model(decision("t", body)).evaluate("t", {}) == value


def test_an_invocation_binds_by_name() -> None:
    call = (
        f"<invocation>{literal('difference')}<binding><parameter name='b'/>{literal('3')}</binding>"
        f"<binding><parameter name='a'/>{literal('10')}</binding></invocation>"
    )
    asked = model(
        function("difference", [("a", "number"), ("b", "number")], literal("a - b")),
        decision("t", call, knowledge=["difference"]),
    )
    assert asked.evaluate("t", {}) == 7
    assert asked.evaluate_function("difference", {"a": 5, "b": 1}) == 4
    assert asked.evaluate_function("difference", {"a": "x", "b": 1}) is None
    assert "wrong type" in asked.warnings[0]


def test_an_argument_of_the_wrong_type_counts_as_null() -> None:
    asked = model(
        function("fee or none", [("fee", "number")], literal('if fee = null then "none" else fee')),
        decision("asked", literal('fee or none("a lot")'), knowledge=["fee or none"]),
    )
    outcome = asked.decide("asked", {})
    assert outcome.value == "none"
    assert outcome.warnings == ("fee or none: argument 'fee' has the wrong type and counts as null",)


def test_a_function_may_call_itself_and_others_but_not_for_ever() -> None:
    asked = model(
        function("factorial", [("n", "number")], literal("if n <= 1 then 1 else n * factorial(n - 1)")),
        function("twice", [("n", "number")], literal("2 * factorial(n)"), knowledge=["factorial"]),
        function("endless", [("n", "number")], literal("endless(n + 1)")),
    )
    assert asked.evaluate_function("twice", {"n": 5}) == 240
    with pytest.raises(FeelBudgetExceeded):
        asked.evaluate_function("endless", {"n": 1})


def test_lent_functions_work_in_tables() -> None:
    later = FeelFunction("add months", ("date", "n"), lambda day, n: day.replace(month=day.month + int(n)))
    asked = model(data("d"), decision("t", table(["d"], ["r"], ["- => add months(d, 1)"]), inputs=["d"]))
    assert asked.evaluate("t", {"d": dt.date(2026, 3, 2)}, functions={"add months": later}) == dt.date(2026, 4, 2)


# --- types -----------------------------------------------------------------------------------------------------------

TYPES = """
<itemDefinition name="method"><typeRef>string</typeRef>
<allowedValues><text>"open", "single"</text></allowedValues></itemDefinition>
<itemDefinition name="amounts" isCollection="true"><typeRef>number</typeRef></itemDefinition>
<itemDefinition name="bid"><itemComponent name="price"><typeRef>number</typeRef></itemComponent>
<itemComponent name="by"><typeRef>string</typeRef></itemComponent></itemDefinition>
"""


@pytest.mark.parametrize(
    ("type_", "given", "value"),
    [
        ("number", 5, Decimal(5)),
        ("number", "5", None),
        ("method", "open", "open"),
        ("method", "other", None),
        ("amounts", [1, 2], [Decimal(1), Decimal(2)]),
        ("amounts", 1, [Decimal(1)]),
        ("amounts", [1, "x"], None),
        ("bid", {"price": 1, "by": "A"}, {"price": Decimal(1), "by": "A"}),
        ("bid", {"price": 1, "more": 2, "by": None}, {"price": Decimal(1), "more": Decimal(2), "by": None}),
        ("bid", {"price": 1}, None),
        ("bid", {"price": "1", "by": "A"}, None),
        ("string", ["x"], "x"),
        ("date and time", dt.date(2026, 3, 2), dt.datetime(2026, 3, 2, tzinfo=dt.UTC)),
        ("feel:number", 5, Decimal(5)),
        ("integer", 5, Decimal(5)),
    ],
)
def test_inputs_and_results_are_checked_against_their_type(type_: str, given: object, value: object) -> None:
    asked = model(TYPES, data("x", type_), decision("t", literal("x"), inputs=["x"]))
    assert asked.evaluate("t", {"x": given}) == value
    assert bool(asked.warnings) is (value is None)
    result = model(TYPES, data("x"), decision("t", literal("x"), inputs=["x"], type_=type_))
    assert result.evaluate("t", {"x": given}) == value


def test_instance_of_knows_the_models_types_but_not_their_allowed_values() -> None:
    asked = model(TYPES, data("x"), decision("t", literal("x instance of method"), inputs=["x"]))
    assert asked.evaluate("t", {"x": "other"}) is True
    assert asked.evaluate("t", {"x": 1}) is False


def test_a_type_defined_by_itself_is_refused() -> None:
    with pytest.raises(DecisionModelError):
        model(
            '<itemDefinition name="a"><typeRef>b</typeRef></itemDefinition>',
            '<itemDefinition name="b"><typeRef>a</typeRef></itemDefinition>',
        )


# --- doubts ----------------------------------------------------------------------------------------------------------


def test_a_value_called_like_a_function_is_told_with_its_place() -> None:
    drawn = table(["a"], ["r"], ["[1 (2), 3] => 5", "- => 7\n (8)"], policy="FIRST")
    asked = model(data("a"), decision("t", drawn, inputs=["a"]), decision("u", literal("f(1)(2)")))
    places = [(each.text, each.doubt.line, each.doubt.column) for each in asked.doubts]
    assert places == [("[1 (2), 3]", 1, 2), ("7\n (8)", 1, 1)]
    assert all(each.element_id and each.line for each in asked.doubts)


def test_an_imported_models_doubts_are_its_own() -> None:
    inner = definitions(decision("odd", literal("1 (2)")), own="urn:odd")
    imported = '<import name="odd" namespace="urn:odd" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    assert load(inner).doubts
    assert load(definitions(imported, decision("t", literal("1"))), imports=[inner]).doubts == ()


# --- services and imports --------------------------------------------------------------------------------------------


def test_a_service_is_asked_from_outside_and_called_from_inside() -> None:
    asked = model(
        data("a", "number"),
        decision("given", literal("999")),
        decision("inner", literal("a + given"), inputs=["a"], decisions=["given"]),
        decision("outer", literal("inner * 2"), decisions=["inner"]),
        service("s", ["outer", "inner"], given=["given"], inputs=["a"]),
        service("one", ["outer"], given=["given"], inputs=["a"]),
        decision("caller", literal("one(1, 2)"), knowledge=["one"]),
    )
    assert asked.evaluate_service("s", {"a": 1, "given": 2}) == {"outer": 6, "inner": 3}
    assert asked.evaluate("caller", {}) == 6


IMPORTED = definitions(
    '<itemDefinition name="rate"><typeRef>number</typeRef></itemDefinition>',
    data("base", "number"),
    decision("tax", literal("base * 0.1"), inputs=["base"]),
    function("double", [("n", "rate")], literal("n * 2")),
    own="urn:law",
)


def test_an_imported_models_elements_stand_under_its_name() -> None:
    main = definitions(
        '<import name="law" namespace="urn:law" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>',
        decision("t", literal("law.tax + law.double(3)"), decisions=["urn:law#_tax"], knowledge=["urn:law#_double"]),
        decision("typed", literal("5 instance of law.rate")),
    )
    asked = load(main, imports=[IMPORTED])
    assert asked.evaluate("t", {"law": {"base": 100}}) == 16
    assert asked.evaluate("t", {"base": 100}) == 16
    assert asked.evaluate("typed", {}) is True
    assert asked.evaluate("law.tax", {"base": 10}) == 1


def test_input_data_of_a_model_imported_twice_over_is_one_input() -> None:
    law = '<import name="law" namespace="urn:law" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
    halves = [
        definitions(law, decision(name, literal(f"law.tax / {part}"), decisions=["urn:law#_tax"]), own=f"urn:{name}")
        for name, part in (("half", 2), ("fifth", 5))
    ]
    imports = "".join(
        f'<import name="{name}" namespace="urn:{name}" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
        for name in ("half", "fifth")
    )
    both = decision("both", literal("half.half + fifth.fifth"), decisions=["urn:half#_half", "urn:fifth#_fifth"])
    asked = load(definitions(imports, both), imports=[IMPORTED, *halves])
    assert asked.evaluate("both", {"base": 100}) == 7


def test_a_requirement_may_spell_out_the_models_own_namespace() -> None:
    asked = model(
        data("a"),
        decision("base", literal("2")),
        function("double", [("n", "number")], literal("n * 2")),
        decision(
            "t", literal("double(base) + a"), inputs=["urn:test#_a"], decisions=["urn:test#_base"],
            knowledge=["urn:test#_double"],
        ),
    )  # fmt: skip
    assert asked.evaluate("t", {"a": 1}) == 5


def test_a_decision_without_logic_is_null_unless_a_service_is_given_it() -> None:
    asked = model(
        data("bid", "number"),
        decision("opinion", "", inputs=["bid"]),
        decision("report", literal('string join([string(bid), opinion], " ")'), inputs=["bid"], decisions=["opinion"]),
        service("judged", ["report"], given=["opinion"], inputs=["bid"]),
    )
    assert asked.evaluate("report", {"bid": 5}) == "5"
    assert asked.evaluate_service("judged", {"bid": 5, "opinion": "fair"}) == {"report": "5 fair"}


def test_a_function_of_the_model_runs_over_a_list_and_in_a_sort() -> None:
    rate = function("yearly", [("bid", "bid")], literal("bid.price * 12"))
    asked = model(
        TYPES,
        data("bids"),
        rate,
        decision("all", literal("for each in bids return yearly(each)"), inputs=["bids"], knowledge=["yearly"]),
        decision(
            "cheapest", literal("sort(bids, function(x, y) yearly(x) < yearly(y))[1].by"), inputs=["bids"],
            knowledge=["yearly"],
        ),
    )  # fmt: skip
    bids = [{"price": 3, "by": "A"}, {"price": 2, "by": "B"}]
    assert asked.evaluate("all", {"bids": bids}) == [36, 24]
    assert asked.evaluate("cheapest", {"bids": bids}) == "B"


def test_a_missing_import_is_refused() -> None:
    with pytest.raises(DecisionModelError) as caught:
        load(
            definitions(
                '<import name="law" namespace="urn:law" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>'
            )
        )
    assert "urn:law" in str(caught.value.facts["problem_en"])


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
def test_every_version_of_the_standard_is_read(namespace: str) -> None:
    assert load(definitions(decision("t", literal("1")), namespace=namespace)).evaluate("t", {}) == 1


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"<definitions/>",
        b"not xml",
        b'<!DOCTYPE definitions [<!ENTITY x "y">]>' + definitions(),
        b'<!DOCTYPE definitions SYSTEM "file:///etc/passwd">' + definitions(),
        definitions(decision("t", literal("1"))).replace(b"</decision>", b""),
        definitions('<decision id="a" name="a"/><decision id="a" name="b"/>'),
        definitions("<decision/>"),
    ],
)
def test_a_file_that_is_no_sound_model_is_refused(xml: bytes) -> None:
    with pytest.raises(DecisionModelError) as caught:
        load(xml)
    assert caught.value.facts["problem_zh"]
    assert caught.value.facts["problem_en"]


def test_boxes_within_boxes_have_a_limit() -> None:
    with pytest.raises(DecisionModelError):
        model(decision("t", "<list>" * 100 + literal("1") + "</list>" * 100))


def test_a_bomb_of_iterations_across_decisions_runs_out_of_budget() -> None:
    heavy = [decision(f"d{n}", literal("count(for i in 1..400000 return i)")) for n in range(8)]
    total = literal(" + ".join(f"d{n}" for n in range(8)))
    with pytest.raises(FeelBudgetExceeded):
        model(*heavy, decision("t", total, decisions=[f"d{n}" for n in range(8)])).evaluate("t", {})


def test_threads_do_not_see_each_others_warnings() -> None:
    asked = model(data("x", "number"), decision("t", literal("x"), inputs=["x"]))

    def ask(given: object) -> list[str]:
        asked.evaluate("t", {"x": given})
        return asked.warnings

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(ask, [1, "a"] * 50))
    assert [bool(each) for each in results] == [False, True] * 50
