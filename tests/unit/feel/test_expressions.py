"""What callers of FEEL rely on: values in and out, names read, lent functions, warnings, errors, budgets."""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import time
import zoneinfo
from collections.abc import Callable
from decimal import Decimal

import pytest

from lastmeter import clock
from lastmeter.errors import LastmeterError
from lastmeter.feel import (
    BUILT_IN_NAMES,
    EXTENSION_NAMES,
    FeelBudgetExceeded,
    FeelFunction,
    FeelSyntaxError,
    Range,
    YearsMonths,
    compile_expression,
    compile_tests,
    evaluate,
    names_read,
    unary_names_read,
    unary_test,
)
from lastmeter.feel.expression import CACHE_SIZE, LONG, LONG_CACHE_SIZE, SHORT, _cached


class Colour(enum.StrEnum):
    RED = "red"


# --- values in and out -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (5, Decimal(5)),
        (True, True),
        (1.5, Decimal("1.5")),
        (float("nan"), None),
        (Decimal("NaN"), None),
        (10**40 + 1, Decimal("1e40")),
        ((1, 2), [Decimal(1), Decimal(2)]),
        ({"a": [1]}, {"a": [Decimal(1)]}),
        (Colour.RED, "red"),
        (dt.date(2026, 3, 2), dt.date(2026, 3, 2)),
        (dt.timedelta(hours=3), dt.timedelta(hours=3)),
        (dt.datetime(2026, 3, 2, tzinfo=dt.UTC), dt.datetime(2026, 3, 2, tzinfo=dt.UTC)),
        (YearsMonths(3), YearsMonths(3)),
        (None, None),
    ],
)
def test_a_python_value_comes_in_as_the_feel_value(given: object, value: object) -> None:
    result = evaluate("x", {"x": given})
    assert result == value
    assert type(result) is type(value)


def test_true_given_from_python_is_no_number() -> None:
    assert evaluate("x = 1", {"x": True}) is None


def test_an_object_that_is_no_feel_value_is_refused() -> None:
    with pytest.raises(TypeError):
        evaluate("x", {"x": object()})


def test_a_context_that_contains_itself_is_refused() -> None:
    loop: dict[str, object] = {}
    loop["loop"] = loop
    with pytest.raises(ValueError, match="nested"):
        evaluate("x", {"x": loop})


def test_only_names_that_are_read_are_looked_at() -> None:
    assert evaluate("a + 1", {"a": 1, "b": object()}) == 2


def test_values_come_out_as_python_types() -> None:
    assert evaluate('@"2026-03-02"', {}) == dt.date(2026, 3, 2)
    assert evaluate('@"P1Y2M"', {}) == YearsMonths(14)
    assert evaluate("[1..5)", {}) == Range(Decimal(1), Decimal(5), True, False)
    assert evaluate('@"2026-03-02T08:00:00@Asia/Shanghai"', {}) == dt.datetime(
        2026, 3, 2, 8, tzinfo=zoneinfo.ZoneInfo("Asia/Shanghai")
    )


def test_a_number_keeps_34_digits_whatever_the_threads_own_precision() -> None:
    assert evaluate("-1234567890123456789012345678901234", {}) == Decimal("-1234567890123456789012345678901234")


def test_a_range_answers_in_python_too() -> None:
    interval = evaluate("[1..5)", {})
    assert isinstance(interval, Range)
    assert Decimal(4) in interval
    assert Decimal(5) not in interval


def test_today_is_the_legal_day_of_the_clock() -> None:
    with clock.standing_at(dt.datetime(2026, 3, 1, 20, tzinfo=dt.UTC)):
        assert evaluate("today()", {}) == dt.date(2026, 3, 2)
        assert evaluate("date(now())", {}) == dt.date(2026, 3, 2)


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_may_be_chinese_and_hold_spaces_and_operators() -> None:
    context = {"合同金额": 10, "monthly income": 2, "a-b": 3, "rise and fall": 4}
    assert evaluate("合同金额 + monthly income + a-b + rise and fall", context) == 19


def test_the_longest_name_in_scope_wins() -> None:
    assert evaluate("a-b", {"a": 5, "b": 2}) == 3
    assert evaluate("a-b", {"a": 5, "b": 2, "a-b": 9}) == 9
    assert evaluate("x.a-b", {"x": {"a-b": 7}}) == 7


def test_a_backquoted_name_is_taken_as_it_stands() -> None:
    assert evaluate("`a-b` + `in`", {"a-b": 1, "in": 2}) == 3


def test_a_variable_may_be_called_like_a_built_in_function() -> None:
    context = {"count": 3, "date": dt.date(2026, 3, 2), "min": 1}
    assert evaluate("count + count([1, 2]) + min", context) == 6
    assert evaluate('date > date("2026-03-01")', context) is True


def test_the_names_read_are_the_outermost_ones() -> None:
    text = "for i in lines return i.price * rate + sum(extra) + {own: 1, v: own + base}.v + method.kind"
    assert names_read(text) == {"lines", "rate", "extra", "base", "method"}


def test_functions_and_own_parameters_are_no_names_read() -> None:
    assert names_read("deadline(rule, start) > today() and f(function(x) x + y)") == {"rule", "start", "y"}


def test_a_name_in_a_filter_is_read_when_known_and_perhaps_read_when_not() -> None:
    expression = compile_expression("orders[price > limit]")
    assert expression.names_read == {"orders"}
    assert expression.names_perhaps_read == {"price", "limit"}
    assert compile_expression("orders[price > limit]", names=["limit"]).names_read == {"orders", "limit"}


def test_a_cells_tests_read_names_too() -> None:
    assert unary_names_read("> limit, [low..high], ? + x > 3") == {"limit", "low", "high", "x"}


def test_entries_of_items_hide_outer_names_in_a_filter() -> None:
    context = {"orders": [{"price": 5}, {"price": 1, "limit": 0}], "limit": 3}
    assert evaluate("count(orders[price > limit])", context) == 2


# --- lent functions --------------------------------------------------------------------------------------------------


def _add(day: object, n: object) -> object:
    assert isinstance(day, dt.date)
    assert isinstance(n, Decimal)
    return day + dt.timedelta(days=int(n))


LENT = {"add working days": FeelFunction("add working days", ("date", "n"), _add)}


def test_a_lent_function_is_called_by_position_and_by_name() -> None:
    assert evaluate('add working days(@"2026-03-02", 3)', {}, functions=LENT) == dt.date(2026, 3, 5)
    assert evaluate('add working days(n: 3, date: @"2026-03-02")', {}, functions=LENT) == dt.date(2026, 3, 5)


def test_a_lent_function_takes_part_in_loops_and_as_a_value() -> None:
    assert evaluate('for n in 1..2 return add working days(@"2026-03-02", n).day', {}, functions=LENT) == [3, 4]
    assert evaluate('{f: add working days, r: f(@"2026-03-02", 1)}.r.day', {}, functions=LENT) == 3


def test_a_lent_function_with_wrong_arguments_gives_null_and_a_warning() -> None:
    warnings: list[str] = []
    assert evaluate("add working days(1)", {}, functions=LENT, warnings=warnings) is None
    assert "2 arguments" in warnings[0]


def test_our_own_refusals_pass_through_a_lent_function() -> None:
    class NotConfigured(LastmeterError):
        code = "not_configured"

    def refuse() -> object:
        raise NotConfigured(rule="D02")

    with pytest.raises(NotConfigured):
        evaluate("f()", {}, functions={"f": FeelFunction("f", (), refuse)})


def test_extensions_are_known_by_name_where_nobody_lends_them() -> None:
    assert {"deadline", "add working days", "is working day", "add months", "age on"} <= EXTENSION_NAMES
    assert not EXTENSION_NAMES & BUILT_IN_NAMES
    warnings: list[str] = []
    assert evaluate('deadline("D02", @"2026-03-02")', {}, warnings=warnings) is None
    assert warnings == ["no function 'deadline'"]


# --- warnings and errors ---------------------------------------------------------------------------------------------


def test_a_fraction_that_is_cut_off_is_told() -> None:
    warnings: list[str] = []
    assert evaluate("round up(7.123, 1.5)", {}, warnings=warnings) == Decimal("7.2")
    assert warnings == ["scale 1.5 is read as 1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("missing + 1", "no variable 'missing'"),
        ('1 = "1"', "number and string are never compared"),
        ("1 / 0", "division by zero"),
        ("substring(1, 2)", "must be string"),
        ("{a: 1}.b", "no entry 'b'"),
        ("[4](1)", "list cannot be called"),
        ("9 in [1..null]", "an end of a range is null"),
        ("(function(n: number) n)(true)", "argument 'n' has the wrong type and counts as null"),
    ],
)
def test_what_gives_null_says_why(text: str, reason: str) -> None:
    warnings: list[str] = []
    assert evaluate(text, {}, warnings=warnings) is None
    assert reason in warnings[0]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("[1 (2), 3]", [(1, 2)]),
        ('{a: "x"\n("y")}', [(1, 5)]),
        ("[1, 2](3)", [(1, 1)]),
        ("(1 + 2)(3)", [(1, 2)]),
        ('@"2026-03-02" (1) + null(2)', [(1, 1), (1, 21)]),
        ("{f: 1}(2)", [(1, 1)]),
        ("f(1)(2)", []),
        ("a.b(1)", []),
        ("[f, g][1](2)", []),
        ("(function(x) x)(1)", []),
        ("(if a then f else g)(1)", []),
        ("a (1)", []),
        ("[1, (2)]", []),
    ],
)
def test_what_is_called_though_it_is_no_function_is_a_doubt(text: str, places: list[tuple[int, int]]) -> None:
    compiled = compile_expression(text)
    assert [(each.line, each.column) for each in compiled.doubts] == places
    assert all("函数" in each.hint_zh and "function" in each.hint_en for each in compiled.doubts)
    assert [(each.line, each.column) for each in compile_tests(text).doubts] == places


@pytest.mark.parametrize(
    ("text", "line", "column", "hint_en", "hint_zh"),
    [
        ("a == b", 1, 4, "single =", "一个 ="),
        ("a &&\n b", 1, 3, "and", "and"),
        ("a +\n  || b", 2, 3, "or", "or"),
        ("'x'", 1, 1, "double quotes", "双引号"),
        ("“x”", 1, 1, '"', "半角"),
        ("f（1）", 1, 2, "ASCII", "半角"),
        ("金额 ≥ 3", 1, 4, ">=", ">="),
        ("${amount}", 1, 1, "${", "${"),
        ("if a then b", 1, 12, "else", "else"),
        ("(1 + 2", 1, 7, ") is missing", "缺少 )"),
        ("1 +", 1, 4, "too early", "不完整"),
        ('"abc', 1, 1, "closing double quote", "双引号"),
        ("", 1, 1, "too early", "不完整"),
        ("f(1, x: 2)", 1, 11, "Name all", "参数"),
    ],
)
def test_a_syntax_error_tells_place_and_remedy(text: str, line: int, column: int, hint_en: str, hint_zh: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        evaluate(text, {})
    facts = caught.value.facts
    assert (facts["line"], facts["column"]) == (line, column)
    assert hint_en in str(facts["hint_en"])
    assert hint_zh in str(facts["hint_zh"])
    assert (caught.value.code, caught.value.kind) == ("feel_syntax", "invalid")


@pytest.mark.parametrize(
    "text",
    [
        '__import__("os").system("id")',
        "().__class__.__bases__",
        'eval("1")',
        "x.__class__",
        "x.__class__.__mro__[1].__subclasses__()",
        '"{0.__class__}".format(x)',
        "lambda: 1",
        "[c for c in ().__class__.__base__.__subclasses__()]",
    ],
)
def test_no_expression_reaches_python(text: str) -> None:
    with contextlib.suppress(FeelSyntaxError):
        assert evaluate(text, {"x": {"a": 1}}) is None


# --- budgets ---------------------------------------------------------------------------------------------------------

# Forty lists, each holding the one before twice: small to hold, endless to read.
TWINS = "{f: function(x, n) if n = 0 then x else f([x, x], n - 1), v: f(1, 40)}"


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("for i in 1..1000000000 return i", "steps"),
        ("some i in 1..1000000000 satisfies i < 0", "steps"),
        ("for i in 1..30000, j in 1..30000 return 1", "steps"),
        ("{f: function(n) f(n + 1)}.f(1)", "depth"),
        ('{f: function(s) f(s + s)}.f("0123456789")', "string"),
        ('count(for i in 1..400000 return "0123456789012345678901234567890123456789" + string(i) + "…")', "steps"),
        (f"{TWINS}.v = {TWINS}.v", "size"),
        (f"string({TWINS}.v)", "size"),
        (f"{TWINS}.v instance of list<list<list<number>>>", "size"),
        (f"{TWINS}.v", "size"),
        (f"flatten({TWINS}.v)", "steps"),
        (f"{TWINS}.v.a", "steps"),
        ("for i in 1..400000 return {a: i, b: i}", "steps"),
        ("for i in 1..400000 return exp(i / 1000)", "steps"),
        ('replace(string(for i in 1..9999 return 1), "1", string(for i in 1..9999 return 2))', "string"),
        ('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a|aa)+$")', "pattern"),
        ("{f: function(l, n) if n = 0 then l else f(concatenate(l, l), n - 1)}.f([1, 2, 3], 40)", "steps"),
    ],
)
def test_too_much_work_ends_in_a_clear_error_within_a_second(text: str, limit: str) -> None:
    start = time.process_time()
    with pytest.raises(FeelBudgetExceeded) as caught:
        evaluate(text, {})
    # Three seconds here: a busy machine must not fail the test; alone each takes less than one.
    assert time.process_time() - start < 3
    assert caught.value.facts["limit"] == limit


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "[" * 5000,
        "-" * 5000 + "1",
        "x in (" * 200 + "1" + ")" * 200,
        "if a then 1 else " * 3000 + "2",
        "1 instance of " + "list<" * 500 + "number" + ">" * 500,
        "a" * 200_000,
        "f(" * 300 + ")" * 300,
    ],
)
def test_an_expression_nested_too_deeply_is_a_syntax_error(text: str) -> None:
    with pytest.raises(FeelSyntaxError):
        evaluate(text, {})


def test_long_flat_expressions_are_no_deep_ones() -> None:
    assert evaluate(" + ".join(["1"] * 5000), {}) == 5000
    assert evaluate(" or ".join(["false"] * 5000), {}) is False
    assert evaluate("if a > 9 then 1 else " * 60 + "2", {"a": 1}) == 2


def test_deep_data_is_compared_or_refused_but_never_crashes() -> None:
    deep: object = 1
    for _ in range(90):
        deep = [deep]
    assert evaluate("x = x", {"x": deep}) is True


def test_the_cache_is_bounded() -> None:
    assert _cached.cache_info().maxsize == CACHE_SIZE
    assert compile_expression("1 + 1") is compile_expression("1 + 1")
    assert compile_tests("> 1") is compile_tests("> 1")


@pytest.mark.parametrize("build", [compile_expression, compile_tests])
def test_of_long_texts_few_are_kept_and_of_enormous_ones_none(build: Callable[[str], object]) -> None:
    """A compiled text weighs up to 230 bytes a character: thousands of enormous ones would fill the memory."""
    kept, enormous = "1" + " + 1" * (SHORT // 4), "1" + " + 1" * (LONG // 4)
    assert build(kept) is build(kept)
    assert build(enormous) is not build(enormous)
    first = build(kept)
    for number in range(LONG_CACHE_SIZE):
        build(f"{kept} + {number}")
    assert build(kept) is not first


def test_compiled_tests_can_be_asked_again_and_again() -> None:
    tests = compile_tests("> limit")
    assert tests.evaluate(5, {"limit": 4}) is True
    assert tests.evaluate(5, {"limit": 6}) is False
    assert unary_test("[1..5], > 10", 12, {}) is True


def test_names_in_scope_may_hold_keywords() -> None:
    assert evaluate('for d in days in weekend return d = "sunday"', {"days in weekend": ["sunday"]}) == [True]
    assert evaluate("for i in in a list return i", {"in a list": ["mary"]}) == ["mary"]
