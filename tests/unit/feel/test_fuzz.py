"""Whatever the text, FEEL answers with a value or with one of its own errors."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lastmeter.feel import FeelBudgetExceeded, FeelSyntaxError, evaluate, literal_of, unary_test

LEAVES = st.sampled_from(
    [
        "1", "0", "-2.5", '"a"', '"工"', "true", "false", "null", "x", "y z", "[]", "[1, 2]", "{a: 1}", "{a: [1]}",
        '@"2026-03-02"', '@"P1M"', '@"PT1H"', '@"10:00:00"', '@"2026-03-02T10:00:00Z"', "[1..3]", "(1..3]", "item", "?",
        "function(a) a", "1..3", "1e300", "partial",
    ]
)  # fmt: skip
UNARY = (
    "-{0}",
    "({0})",
    "not({0})",
    "count({0})",
    "string({0})",
    "sum({0})",
    "{0}.a",
    "flatten({0})",
    "date({0})",
    "sort({0})",
)
BINARY = (
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} ** {1}", "{0} = {1}", "{0} < {1}", "{0} and {1}",
    "{0} or {1}", "{0}[{1}]", "{0} in ({1})", "{0} in {1}", "[{0}, {1}]", "{{p: {0}, q: {1}}}", "append({0}, {1})",
    "for i in {0} return {1}", "some i in {0} satisfies {1}", "concatenate({0}, {1})", "({0})({1})", "min({0}, {1})",
    "before({0}, {1})", "{0} instance of {1}", "context put({{}}, {0}, {1})", "sublist({0}, {1})", "[{0}..{1}]",
)  # fmt: skip


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = st.tuples(st.sampled_from(UNARY), inner).map(lambda pair: pair[0].format(pair[1]))
    two = st.tuples(st.sampled_from(BINARY), inner, inner).map(lambda three: three[0].format(three[1], three[2]))
    ternary = st.tuples(inner, inner, inner).map(lambda three: "if {} then {} else {}".format(*three))
    return one | two | ternary


EXPRESSIONS = st.recursive(LEAVES, _grown, max_leaves=12)
CONTEXT = {"x": 3, "y z": [{"a": 1}, {"a": "b"}]}


def _ask(text: str) -> None:
    try:
        literal_of(evaluate(text, CONTEXT))
        unary_test(text, 5, CONTEXT)
    except (FeelSyntaxError, FeelBudgetExceeded):
        pass


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
def test_expressions_of_the_grammar_give_a_value_or_our_error(text: str) -> None:
    _ask(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_our_error(text: str) -> None:
    _ask(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='()[]{}<>=!+-*/.,:"@ 1aif?∈\n', max_size=40))
def test_any_punctuation_gives_a_value_or_our_error(text: str) -> None:
    _ask(text)


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS)
def test_the_same_text_gives_the_same_value_twice(text: str) -> None:
    try:
        first = literal_of(evaluate(text, CONTEXT))
    except (FeelSyntaxError, FeelBudgetExceeded):
        return
    assert literal_of(evaluate(text, CONTEXT)) == first
