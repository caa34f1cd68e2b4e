from __future__ import annotations

import datetime as dt

import pytest
from formcraft import SCOPE, Html, field, form, keys_refused, rows

from lastmeter.deadlines import rules
from lastmeter.feel import FeelFunction
from lastmeter.forms import FormInvalid, Scope

MONEY = {"lm.type": "money_fen"}
NEED = {"required": True}
LINES = rows(
    "lines",
    field("textfield", "what", validate=NEED),
    field("number", "n", decimalDigits=0, validate={"required": True, "min": 1}),
    field("textfield", "price", lm=MONEY, validate=NEED),
    field("textfield", "amount", lm={**MONEY, "lm.computed": "=n * price"}),
    field("textarea", "why", conditional={"hide": "=price <= 100000"}, validate=NEED),
    min_rows="1",
    max_rows="3",
)
METHOD = field("select", "method", values=[{"label": "公开", "value": "open"}, {"label": "单一", "value": "single"}])
REASON = field("textarea", "reason", conditional={"hide": '=method != "single"'}, validate=NEED)


def test_a_hidden_field_is_not_asked_for_and_what_it_held_is_dropped() -> None:
    subject = form(METHOD, REASON)
    assert subject.load({"method": "open", "reason": "a\x00"}) == {"method": "open", "reason": None}
    assert keys_refused(subject, {"method": "single"}) == {"reason": ["required"]}
    assert subject.load({"method": "single", "reason": "唯一"})["reason"] == "唯一"


def test_a_condition_on_a_hidden_field_sees_nothing() -> None:
    third = field("textfield", "third", conditional={"hide": "=reason = null"}, validate=NEED)
    subject = form(METHOD, REASON, third)
    assert subject.load({"method": "open", "reason": "x", "third": "y"})["third"] is None
    assert keys_refused(subject, {"method": "single", "reason": "x"}) == {"third": ["required"]}


def test_conditions_that_chase_each_other_come_to_an_end() -> None:
    subject = form(
        field("textfield", "a", conditional={"hide": "=b != null"}),
        field("textfield", "b", conditional={"hide": "=a != null"}),
    )
    assert set(subject.load({"a": "1", "b": "2"})) == {"a", "b"}


def test_conditions_read_the_processs_variables() -> None:
    subject = form(field("textfield", "x", conditional={"hide": "=stage = 1"}, validate=NEED))
    assert subject.load({}, context={"stage": 1}) == {"x": None}
    assert keys_refused(subject, {}, stage=2) == {"x": ["required"]}


def test_a_group_hides_what_it_gathers_and_may_nest_its_values() -> None:
    inner = field("textfield", "phone", lm={"lm.type": "phone"}, validate=NEED)
    plain = {"type": "group", "id": "g", "label": "联系", "components": [inner], "conditional": {"hide": "=quiet"}}
    subject = form(field("checkbox", "quiet"), plain)
    assert subject.load({"quiet": True}) == {"quiet": True, "phone": None}
    assert keys_refused(subject, {"quiet": False}) == {"phone": ["required"]}
    nested = form(field("checkbox", "quiet"), {**plain, "path": "contact"})
    assert nested.load({"contact": {"phone": "13812341234"}})["contact"] == {"phone": "13812341234"}
    assert keys_refused(nested, {"contact": {"phone": "1"}}) == {"contact.phone": ["phone"]}
    assert keys_refused(nested, {"contact": "x"})["contact"] == ["not_a_group"]
    assert nested.load({"quiet": True, "contact": {"phone": "1"}}) == {"quiet": True, "contact": None}


def test_rows_are_read_reckoned_and_judged_one_by_one() -> None:
    subject = form(LINES, field("textfield", "total", lm={**MONEY, "lm.computed": "=sum(lines.amount)"}))
    loaded = subject.load(
        {"lines": [{"what": "个案", "n": 2, "price": "100.50"}, {"what": "小组", "n": 1, "price": 7}]}
    )
    assert loaded == {
        "lines": [
            {"what": "个案", "n": 2, "price": 10050, "amount": 20100, "why": None},
            {"what": "小组", "n": 1, "price": 7, "amount": 7, "why": None},
        ],
        "total": 20107,
    }
    refused = keys_refused(subject, {"lines": [{"what": "个案", "n": 0, "price": "1.5"}, {"n": 1, "price": "2000"}]})
    assert refused == {
        "lines.0.n": ["too_small"],
        "lines.1.what": ["required"], "lines.1.why": ["required"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ([], "too_few_rows"),
        (None, "too_few_rows"),
        ("x", "not_a_list"),
        (["x"], "not_a_list"),
        ([{}] * 4, "too_many_rows"),
    ],
)
def test_the_number_and_shape_of_rows_are_judged(lines: object, key: str) -> None:
    assert keys_refused(form(LINES), {"lines": lines})["lines"] == [key]


def test_a_row_sees_its_number_and_the_values_around_it() -> None:
    inner = rows("items", field("textfield", "label", lm={"lm.computed": "=string(i) + parent.prefix"}))
    subject = form(field("textfield", "prefix"), inner)
    assert subject.load({"prefix": "号", "items": [{}, {}]})["items"] == [{"label": "1号"}, {"label": "2号"}]


def test_a_computed_or_read_only_field_takes_nothing_from_outside() -> None:
    subject = form(
        field("number", "a"),
        field("number", "double", lm={"lm.computed": "=a * 2"}),
        field("textfield", "shown", readonly=True),
    )
    assert subject.load({"a": 2, "double": 99, "shown": "forged"}, context={"shown": "x"}) == {"a": 2, "double": 4}


def test_a_computed_value_that_does_not_fit_its_type_is_refused_not_stored() -> None:
    subject = form(field("number", "a"), field("textfield", "m", lm={**MONEY, "lm.computed": "=a / 3"}))
    assert keys_refused(subject, {"a": 1}) == {"m": ["not_money"]}


def test_a_check_of_the_system_must_be_true_where_it_is_required() -> None:
    check = field("checkbox", "enough", lm={"lm.type": "feel-check", "lm.computed": "=staff >= 3"}, validate=NEED)
    subject = form(field("number", "staff", decimalDigits=0), check)
    assert subject.load({"staff": 3})["enough"] is True
    assert keys_refused(subject, {"staff": 2, "enough": True}) == {"enough": ["must_be_true"]}
    assert keys_refused(subject, {}) == {"enough": ["must_be_true"]}


CHECKED = [
    {"feel": "closes = null or closes >= opens", "field": "closes", "zh": "结束不得早于开始。", "en": "End first."}
]


def test_rules_over_several_fields_are_told_at_their_field() -> None:
    opens, closes = (field("datetime", key, subtype="date") for key in ("opens", "closes"))
    subject = form(opens, closes, checks=CHECKED)
    assert subject.load({"opens": "2026-05-06"})["closes"] is None
    with pytest.raises(FormInvalid) as refused:
        subject.load({"opens": "2026-05-06", "closes": "2026-05-05"})
    assert refused.value.sentences(subject, "zh") == {"closes": ["结束不得早于开始。"]}
    assert refused.value.sentences(subject, "en") == {"closes": ["End first."]}


def test_a_check_that_cannot_be_evaluated_is_not_kept() -> None:
    subject = form(
        field("number", "fen"), checks=[{"feel": "fen <= budget", "field": "fen", "zh": "超。", "en": "Over."}]
    )
    assert subject.load({"fen": 1}, context={"budget": 2}) == {"fen": 1}
    assert keys_refused(subject, {"fen": 1}) == {"fen": ["check"]}


def test_functions_lent_by_wiring_reach_conditions_and_one_that_refuses_gives_null() -> None:
    def strict(day: object) -> object:
        raise rules.UnknownDeadlineRule(rule=day)

    functions = {
        "is working day": FeelFunction("is working day", ("date",), lambda day: day.weekday() < 5),
        "add months": FeelFunction("add months", ("date", "n"), strict),
    }
    subject = form(
        field("datetime", "day", subtype="date"),
        field("textfield", "x", conditional={"hide": "=is working day(day)"}),
        field("textfield", "y", conditional={"hide": "=add months(day, 1) > day"}),
    )
    scope = Scope(functions=functions)
    assert subject.load({"day": "2026-05-09", "x": "a", "y": "b"}, scope=scope)["x"] == "a"
    assert subject.load({"day": "2026-05-08", "x": "a", "y": "b"}, scope=scope)["x"] is None


def test_json_names_what_the_form_does_not_know_and_html_leaves_it_out() -> None:
    subject = form(field("textfield", "a"))
    assert keys_refused(subject, {"a": "x", "is_admin": True, "²": 1}) == {
        "is_admin": ["unknown_field"], "²": ["unknown_field"],
    }  # fmt: skip
    assert subject.load(Html.of(("a", "x"), ("is_admin", "1"), ("_csrf", "t"))) == {"a": "x"}


def test_refusals_are_told_in_the_order_of_the_page() -> None:
    subject = form(LINES, field("textfield", "a", validate=NEED), field("textfield", "b", validate=NEED))
    assert list(keys_refused(subject, {"lines": [{}, {}]}))[-2:] == ["a", "b"]
    assert next(iter(keys_refused(subject, {"lines": [{}, {}]}))).startswith("lines.0")


def test_an_html_form_gives_the_same_as_json() -> None:
    subject = form(
        METHOD,
        field("checkbox", "yes"),
        field("checkbox", "no"),
        field("checklist", "kinds", values=[{"label": "甲", "value": "a"}, {"label": "乙", "value": "b"}]),
        field("filepicker", "files", multiple=True),
        {"type": "group", "id": "g", "path": "contact", "label": "联系", "components": [field("textfield", "name")]},
        LINES,
    )
    html = Html.of(
        ("method", "open"), ("yes", "on"), ("kinds", "b"), ("kinds", "a"), ("files", ""), ("files", "4"),
        ("contact.name", "王×"),
        ("lines.0.what", "个案"), ("lines.0.n", "2"), ("lines.0.price", "1.00"),
        ("lines.2.what", ""), ("lines.2.n", " "), ("lines.2.price", ""),
        ("lines.10.what", "小组"), ("lines.10.n", "1"), ("lines.10.price", "2.00"),
        ("lines.x.what", "junk"), ("lines.99999.what", "junk"),
    )  # fmt: skip
    json = {
        "method": "open", "yes": True, "no": False, "kinds": ["a", "b"], "files": [4], "contact": {"name": "王×"},
        "lines": [{"what": "个案", "n": 2, "price": "1.00"}, {"what": "小组", "n": 1, "price": "2.00"}],
    }  # fmt: skip
    assert subject.load(html, scope=SCOPE) == subject.load(json, scope=SCOPE)


def test_a_refused_row_is_named_by_its_place_on_the_page_blank_rows_counted() -> None:
    subject = form(rows("a", field("number", "n")))
    html = Html.of(("a.0.n", ""), ("a.3.n", "x"), ("a.7.n", "1"))
    assert keys_refused(subject, html) == {"a.1.n": ["not_a_number"]}
    with pytest.raises(FormInvalid) as refused:
        subject.load(html)
    shown = subject.view(subject.draft(html), errors=refused.value.messages)
    assert [bool(row[0].errors) for row in shown[0].rows] == [False, True, False]
    assert [row[0].name for row in shown[0].rows] == ["a.0.n", "a.1.n", "a.2.n"]


@pytest.mark.parametrize("body", [[], "x", None, 5])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    assert keys_refused(form(field("textfield", "a")), body) == {"": ["not_a_group"]}


def test_a_flood_of_row_names_is_cut_at_the_forms_limit() -> None:
    html = Html.of(*((f"lines.{n}.what", "x") for n in range(5000)))
    assert keys_refused(form(LINES), html) == {"lines": ["too_many_rows"]}


def test_a_draft_refuses_nothing_and_keeps_only_what_the_form_knows() -> None:
    subject = form(METHOD, field("number", "n"), LINES)
    typed = Html.of(("method", "nonsense"), ("n", "zw\x00ölf"), ("evil", "x"), ("lines.0.what", ""), ("lines.1.n", "a"))
    assert subject.draft(typed) == {
        "method": "nonsense", "n": "zwölf",
        "lines": [
            {"what": "", "n": None, "price": None, "why": None},
            {"what": None, "n": "a", "price": None, "why": None},
        ],
    }  # fmt: skip
    assert subject.draft({"n": [1, {"a": 2}], "x": 1}) == {"n": [1], "lines": []}
    assert len(str(subject.draft({"n": "x" * 10**6})["n"])) == 100_000


def test_rows_are_added_and_removed_without_javascript() -> None:
    subject = form(rows("a", field("textfield", "x"), rows("b", field("textfield", "y")), max_rows="3"))
    draft = subject.with_row({"a": [{"x": "1", "b": []}]}, "a")
    assert draft["a"] == [{"x": "1", "b": []}, {}]
    deeper = subject.with_row(draft, "a.0.b")
    assert deeper["a"] == [{"x": "1", "b": [{}]}, {"b": []}]
    assert subject.without_row(deeper, "a.0")["a"] == [{"b": []}]
    assert subject.without_row(deeper, "a.0.b.0")["a"] == [{"x": "1", "b": []}, {"b": []}]
    full = {"a": [{}, {}, {}]}
    assert len(subject.with_row(full, "a")["a"]) == 3  # type: ignore[arg-type]
    for nonsense in ("", "zzz", "a.9.b", "a.x", "a.²", "a.0.x"):
        assert subject.with_row(draft, nonsense)["a"]
        assert subject.without_row(draft, nonsense)["a"]


def test_dates_in_rows_survive_being_kept() -> None:
    subject = form(rows("a", field("datetime", "d", subtype="date"), field("number", "n")))
    loaded = subject.load({"a": [{"d": "2026-05-06", "n": "1.5"}, {"d": None}]})
    kept = subject.to_json(loaded)
    assert kept == {"a": [{"d": "2026-05-06", "n": "1.5"}, {"d": None, "n": None}]}
    assert subject.from_json(kept) == loaded
    assert loaded["a"][0]["d"] == dt.date(2026, 5, 6)  # type: ignore[index]
