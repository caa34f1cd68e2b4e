"""Every directory of the compatibility kit that is scored has examples of our own on its subject."""

from __future__ import annotations

import pytest
from tests.unit.decisions import test_decision_tables, test_models
from tests.unit.decisions.document import kit_scores
from tests.unit.feel import test_expressions
from tests.unit.feel.examples import CELLS, EXAMPLES

# Level and directory; then what our examples hold of it, or the tests that show it, apart by semicolons.
SUBJECTS = """
2 0001 | "a" + "b"; test_a_decision_asks_the_decisions_it_requires_once
2 0002 | 1 + 2 * 3; test_inputs_and_results_are_checked_against_their_type
2 0003 | test_inputs_and_results_are_checked_against_their_type; test_an_input_that_is_not_allowed_counts_as_null
2 0004 | test_a_single_match_is_the_answer; test_a_hit_policy_makes_one_value_of_the_matches
2 0005 | test_agreeing_rules_satisfy_the_policy_any; test_a_hit_policy_makes_one_value_of_the_matches
2 0006 | test_a_hit_policy_makes_one_value_of_the_matches
2 0007 | test_a_hit_policy_makes_one_value_of_the_matches; test_a_single_match_is_the_answer
2 0008 | 2 ** -1; (1 + 2) * 3; test_a_function_of_the_model_runs_over_a_list_and_in_a_sort
2 0009 | test_an_invocation_binds_by_name
2 0010 | test_a_single_match_of_several_outputs_is_one_context
2 0100 | "社工站"; 123.45; true
2 0101 | 123.45; .5; 1.2e3
2 0102 | "社工站"; a\\"b
2 0105 | 10 - 3 - 2; -2 ** 2; 1 / 0; 1 + null
2 0106 | true and null; false or null; null or null
2 0107 | not(null); not(false)
2 0108 | test_several_outputs_make_contexts
2 0109 | test_several_outputs_make_contexts
2 0110 | test_several_outputs_make_contexts
2 0111 | test_a_hit_policy_makes_one_value_of_the_matches
2 0112 | test_a_hit_policy_makes_one_value_of_the_matches
2 0113 | test_a_hit_policy_makes_one_value_of_the_matches
2 0114 | test_collected_numbers_are_aggregated
2 0115 | test_collected_numbers_are_aggregated
2 0116 | test_collected_numbers_are_aggregated; test_without_a_match_there_is_nothing
2 0117 | test_several_outputs_make_contexts; test_a_single_match_of_several_outputs_is_one_context
2 0118 | test_several_outputs_make_contexts
2 0119 | test_several_outputs_make_contexts
3 0001 | [1, 2, 3, 4][item > 2]; [a > 1].b
3 0002 | substring("foobar", 3); replace("ABC", "b"; matches("foobar"; string(1.5)
3 0003 | test_a_function_of_the_model_runs_over_a_list_and_in_a_sort
3 0004 | test_a_decision_asks_the_decisions_it_requires_once; test_an_invocation_binds_by_name
3 0005 | {f: function(x, y) x - y, r: f(5, 3)}.r; test_an_invocation_binds_by_name
3 0006 | [y = "q"].y; [{a: 1, b: 2}, {a: 3, b: 4}][a > 1].b
3 0007 | date("2026-03-02"); time(9, 30, 0); duration("PT1H30M")
3 0008 | [1, 2, 3]; flatten([[1, 2], [[3]], 4]); test_a_boxed_expression_has_its_value
3 0011 | insert before([1, 3], 1, 2); remove([1, 2, 3], 2)
3 0012 | list contains(; count([]); min([]); sum(1, 2); mean(; sublist(; append(; reverse(; index of(; union(; distinct
3 0013 | sort([3, 1, 4, 5, 2], function(x, y) x < y)
3 0014 | test_a_function_of_the_model_runs_over_a_list_and_in_a_sort; test_a_boxed_expression_has_its_value
3 0016 | some x in [1, 2, 3] satisfies; every x in [] satisfies false
3 0017 | [1..5], > 10; test_a_cell_may_compare_with_an_entry_of_another_input
3 0020 | test_defaults_and_aggregates_stand_in_a_graph_of_tables
3 0021 | test_inputs_and_results_are_checked_against_their_type; abs([5])
3 0030 | {f: function(n) if n <= 1; test_a_function_may_call_itself_and_others_but_not_for_ever
3 0031 | {f: function(x, y) x - y, r: f(y: 5, x: 3)}.r; test_a_boxed_expression_has_its_value
3 0032 | if null then "a" else "b"; else if 5 > 3
3 0033 | for i in [1, 2], j in [10, 20]; for i in [[1, 2], [3]], j in i
3 0035 | test_a_boxed_expression_has_its_value; test_inputs_and_results_are_checked_against_their_type
3 0036 | test_a_cell_may_compare_with_an_entry_of_another_input; <= limit
3 0039 | test_a_list_in_a_cell_is_met_by_one_of_its_items_or_by_an_equal_list; list contains([1, 2], ?)
3 0040 | {a: {b c: 5}}.a.b c; test_a_boxed_expression_has_its_value
3 0041 | {a: {b c: 5}}.a.b c; test_a_boxed_expression_has_its_value
3 0050 | abs(-10); abs(@"-P1D"); abs("x")
3 0051 | sqrt(16); sqrt(-1)
3 0052 | exp(0)
3 0053 | log(1)
3 0054 | even(-2); even(1.5)
3 0055 | odd(5); odd(null); odd("5")
3 0056 | modulo(-12, 5); modulo(1, 0)
3 0057 | {a: 1, b: a + 1}.b; {a: 1, a: 2}
3 0058 | number("1 000,5", " ", ","); number("x")
3 0059 | all([true, null, false]); all([])
3 0060 | any([false, null, true]); any([])
3 0061 | median([8, 2, 5, 3, 4]); median([6, 1, 2, 3])
3 0062 | mode([6, 3, 9, 6, 6]); mode([])
3 0063 | stddev([2, 4, 7, 5]); stddev([1])
3 0064 | true and null; false and "x"; null and null
3 0065 | true or null; null or null; "x" or true
3 0066 | not(0); not("true"); not(null)
3 0067 | split("a
3 0068 | 1 = 1.0; null = null; 1 = "1"; [1, 2] = [2, 1]; {a: 1, b: 2} = {b: 2, a: 1}; [1..5] = (0..5]; @"P1Y" = @"P12M"
3 0069 | [1, 2, 3][-1]; [1, 2, 3][4]; [][1]; 100[1]
3 0070 | 1 instance of number; null instance of Any; [1, 2] instance of list<number>; instance of function<number>
3 0071 | 5 between 1 and 5; "b" between "a" and "c"; @"P3D" between; 3 between 1 and null
3 0072 | 5 in [1..5); 5 in (> 3, 1); 1 in [2, 3]; 9 in [1..null]; null in null
3 0073 | // a remark; /* over
3 0074 | .weekday; .second; .time offset; .timezone; .minutes; .years; (< 5).start; .start included
3 0075 | 2 ** 3 ** 2; 2 ** -1; 2 ** 0.5
3 0077 | 0 / 0
3 0078 | 1 / 0; -1 / 0; 10 ** 7000
3 0080 | get value({a: 1}, "a"); get value({a: 1}, "b")
3 0081 | get entries({a: 1})
3 0082 | test_inputs_and_results_are_checked_against_their_type; test_an_argument_of_the_wrong_type_counts_as_null
3 0083 | {🐎: "马"}.🐎; uD83D; U01F40E; string length("\\\\u4e2d"); substring("🐎ab", 2)
3 0084 | for i in 3..1; partial[-1]; for i in []; for i in (1..4); for i in [3..1]; for s in "a".."c"
3 0085 | test_a_service_is_asked_from_outside_and_called_from_inside
3 0089 | test_input_data_of_a_model_imported_twice_over_is_one_input
3 0090 | [{a: 1}, {a: 3}].a; null.a
3 0092 | (function(x) x + 1)(2); {k: 10, f: function(x) x * k
3 0093 | @"2026-03-02"; @"P1Y6M"; @"2026-02-30"
3 0094 | product([2, 3, 4])
3 0095 | day of year(@
3 0096 | day of week(@
3 0097 | month of year(@
3 0098 | week of year(@
3 0099 | -@"P1D"; -2 ** 2
3 0100 | @"2026-01-31" + @"P1M"; @"10:00:00" + @"PT15H"; @"P1D" * 2.5; @"P1D" / @"PT6H"; 1 + "1"; @"P1Y" + @"P1D"
3 0103 | is(@"10:00:00Z", @"10:00:00+00:00"); is(5); is(value1: 5)
3 0104 | test_inputs_and_results_are_checked_against_their_type; test_an_input_that_is_not_allowed_counts_as_null
3 1100 | decimal(1/3, 2); decimal(125, -1); decimal(1, 7000)
3 1101 | floor(-1.5); floor(-1.56, 1)
3 1102 | ceiling(1.2)
3 1103 | substring("foobar", 3, 3); substring("foobar", -2, 1); substring("foobar", 0)
3 1104 | string length("最后一米"); string length(null)
3 1105 | upper case("aBc")
3 1106 | lower case("aBc")
3 1107 | substring before("foobar", "bar"); substring before("foobar", "x")
3 1108 | substring after("foobar", "ob"); substring after("foobar", "")
3 1109 | replace("ABC", "b", "x", "i"); replace("abc", "b", "$")
3 1110 | contains("foobar", "of")
3 1111 | matches("foobar", "^fo*b"); matches("a", "["); matches("a", "a", "z")
3 1115 | date("2026-03-02"); date(2026, 2, 29); date(@"2026-03-02T10:00:00")
3 1116 | time("25:00:00"); time(9, 30, 0, @"PT8H"); time(@"2026-03-02T10:00:00Z")
3 1117 | date and time("2026-03-01T24:00:00"); date and time(@"2026-03-02", @"09:30:00"); Nowhere/City
3 1120 | duration("P1Y2M3D"); duration("PT1H30M")
3 1121 | years and months duration(@"2011-12-22", @"2013-08-24")
3 1130 | before(1, 10); meets(; overlaps before(; finished by(; includes(; during(; started by(; coincides(
3 1131 | "net"(7); substring("foobar", start position: 3); no such thing(1); test_what_gives_null_says_why
3 1140 | string join(["a", "b"], "-"); string join(["a", null, "c"])
3 1141 | round up(5.5, 0); test_a_fraction_that_is_cut_off_is_told
3 1142 | round down(5.5, 0)
3 1143 | round half up(-5.5, 0)
3 1144 | round half down(5.5, 0)
3 1145 | context([{key: "a", value: 1}])
3 1146 | context put({a: 1}, "b", 2); context put({a: {b: 1}}, ["a", "b"], 2)
3 1147 | context merge([{a: 1, b: 2}, {b: 3}])
3 1150 | test_a_boxed_expression_has_its_value
3 1151 | test_a_boxed_expression_has_its_value
3 1152 | test_a_boxed_expression_has_its_value
3 1153 | test_a_boxed_expression_has_its_value
3 1154 | test_a_boxed_expression_has_its_value
3 1155 | list replace([2, 4, 7, 8], 3, 6); list replace([2, 4, 7, 8], function(
3 1156 | range("[1..3]"); range("[3..1]"); range("(..2)")
3 1157-implicit-conversions | test_inputs_and_results_are_checked_against_their_type; abs([5])
3 1157-unarytests-decisiontable | test_an_input_that_is_not_allowed_counts_as_null; ? > 3 and ? < 9; not("a", "b")
"""
ROWS = [line.partition(" | ") for line in SUBJECTS.strip().splitlines()]
TESTS = {name for module in (test_decision_tables, test_models, test_expressions) for name in vars(module)}
SHOWN = [text for examples in EXAMPLES.values() for text, _ in examples] + [tests for tests, _, _ in CELLS]


def test_every_directory_that_is_scored_is_listed() -> None:
    assert [key for key, _, _ in ROWS] == [f"{row['level']} {row['directory']}" for row in kit_scores()]


@pytest.mark.parametrize(("directory", "shown"), [(key, shown) for key, _, shown in ROWS])
def test_its_subject_is_shown_by_examples_of_our_own(directory: str, shown: str) -> None:
    missing = [
        each
        for each in (part.strip() for part in shown.split(";"))
        if each not in TESTS and not any(each in text for text in SHOWN)
    ]
    assert missing == [], directory
