from __future__ import annotations

import datetime as dt
from decimal import Decimal

import jsonschema
import pytest
from formcraft import SCOPE, field, form, keys_refused
from hypothesis import given
from hypothesis import strategies as st

from lastmeter.errors import LastmeterError
from lastmeter.forms import FormInvalid, Scope
from lastmeter.forms.text import clean
from lastmeter.forms.types import REGISTRY, in_yuan

OPTIONS = [{"label": "公开招标", "label_en": "Open", "value": "open"}, {"label": "三", "label_en": "Three", "value": 3}]

COMPONENTS: dict[str, dict[str, object]] = {
    "text": field("textfield"),
    "textarea": field("textarea"),
    "number": field("number"),
    "integer": field("number", decimalDigits=0),
    "money_fen": field("textfield", lm={"lm.type": "money_fen"}),
    "date": field("datetime", subtype="date"),
    "datetime": field("datetime", subtype="datetime"),
    "time": field("datetime", subtype="time"),
    "date_deadline": field(
        "datetime",
        subtype="date",
        lm={"lm.type": "date_deadline", "lm.rule": "D10", "lm.start": '=date("2026-04-13")'},
    ),
    "select": field("select", values=OPTIONS),
    "radio": field("radio", values=OPTIONS),
    "checkbox": field("checkbox"),
    "checklist": field("checklist", values=OPTIONS),
    "region": field("textfield", lm={"lm.type": "region"}),
    "organisation": field("select", lm={"lm.type": "organisation"}),
    "person": field("textfield", lm={"lm.type": "person"}),
    "id_number": field("textfield", lm={"lm.type": "id_number"}),
    "uscc": field("textfield", lm={"lm.type": "uscc"}),
    "phone": field("textfield", lm={"lm.type": "phone"}),
    "file": field("filepicker"),
    "feel-check": field("checkbox", lm={"lm.type": "feel-check", "lm.computed": "=1 = 1"}),
}

ACCEPTED: list[tuple[str, object, object]] = [
    ("text", "  社工站 ", "社工站"),
    ("text", "e\u0301", "é"),
    ("text", "𠀀㐀龘", "𠀀㐀龘"),
    ("text", "左\u202e右\u200b", "左\u202e右\u200b"),  # kept as it was typed; pages show it isolated
    ("textarea", "一\r\n二\r三\t四", "一\n二\n三\t四"),
    ("number", "12.50", Decimal("12.5")),
    ("number", "１，２３４．５", Decimal("1234.5")),
    ("number", "-0", Decimal(0)),
    ("number", 0.1, Decimal("0.1")),
    ("number", Decimal("1E+3"), Decimal(1000)),
    ("integer", "1,200", 1200),
    ("integer", "-7", -7),
    ("integer", 12.0, 12),
    ("money_fen", "12,345.60", 1_234_560),
    ("money_fen", "12,345.6", 1_234_560),
    ("money_fen", "￥１２３４５．６０ 元", 1_234_560),
    ("money_fen", "0.1", 10),
    ("money_fen", 1_234_560, 1_234_560),
    ("date", "2026-05-06", dt.date(2026, 5, 6)),
    ("date", "2026/5/6", dt.date(2026, 5, 6)),
    ("date", "2026年5月6日", dt.date(2026, 5, 6)),
    ("date", "2024-02-29", dt.date(2024, 2, 29)),
    ("datetime", "2026-05-06T09:30", dt.datetime(2026, 5, 6, 1, 30, tzinfo=dt.UTC)),
    ("datetime", "2026-05-06T09:30:15+00:00", dt.datetime(2026, 5, 6, 9, 30, 15, tzinfo=dt.UTC)),
    ("time", "14:30", dt.time(14, 30)),
    ("date_deadline", "2026-05-06", dt.date(2026, 5, 6)),
    ("select", "open", "open"),
    ("select", "3", 3),
    ("radio", 3, 3),
    ("checkbox", "on", True),
    ("checkbox", False, False),
    ("checklist", ["3", "open", "open"], ["open", 3]),
    ("checklist", "open", ["open"]),
    ("region", "370102", "370102"),
    ("region", "JN-QB", "JN-QB"),
    ("organisation", "15", 15),
    ("person", 15, 15),
    ("id_number", "11010519491231002x", "11010519491231002X"),
    ("id_number", "370102 19650315 0019", "370102196503150019"),
    ("uscc", "11370100mb2845012j", "11370100MB2845012J"),
    ("phone", "138 1234 1234", "13812341234"),
    ("file", "7", 7),
]

REFUSED: list[tuple[str, object, str]] = [
    ("text", "a\x00b", "unstorable"),
    ("text", "a\ud800", "unstorable"),
    ("text", "a\x1bb", "unstorable"),
    ("text", "a\nb", "unstorable"),
    ("text", "长" * 501, "too_long"),
    ("textarea", "长" * 100_000, "too_long"),
    ("textarea", "长" * 20_001, "too_long"),
    ("text", 5, "not_text"),
    ("text", ["a"], "not_text"),
    ("text", {"a": 1}, "not_text"),
    ("number", "0.1+0.2", "not_a_number"),
    ("number", "1e3", "not_a_number"),
    ("number", "NaN", "not_a_number"),
    ("number", "Infinity", "not_a_number"),
    ("number", float("nan"), "not_a_number"),
    ("number", float("inf"), "not_a_number"),
    ("number", Decimal("sNaN"), "not_a_number"),
    ("number", True, "not_a_number"),
    ("number", "12,34.5", "not_a_number"),
    ("number", "٣", "not_a_number"),
    ("number", "9" * 5000, "too_many_digits"),
    ("number", 10**5000, "too_many_digits"),
    ("number", 1e300, "too_many_digits"),
    ("number", Decimal("1e-400"), "too_many_digits"),
    ("number", "0.12345678901", "too_many_decimals"),
    ("number", [1], "not_a_number"),
    ("integer", "1.5", "not_an_integer"),
    ("integer", "1e3", "not_a_number"),
    ("money_fen", "0.1+0.2", "not_money"),
    ("money_fen", "-0", "money_negative"),
    ("money_fen", "-5", "money_negative"),
    ("money_fen", -5, "money_negative"),
    ("money_fen", "1e3", "not_money"),
    ("money_fen", "1.005", "money_decimals"),
    ("money_fen", "12,34.50", "not_money"),
    ("money_fen", "", "required"),
    ("money_fen", "   ", "required"),
    ("money_fen", 12.5, "not_money"),
    ("money_fen", True, "not_money"),
    ("money_fen", "99999999999999.99", "too_big"),
    ("money_fen", 10**16, "too_big"),
    ("money_fen", "9" * 400, "not_money"),
    ("date", "2026-02-31", "not_a_date"),
    ("date", "0000-01-01", "not_a_date"),
    ("date", "1899-12-31", "not_a_date"),
    ("date", "2200-01-01", "not_a_date"),
    ("date", "06.05.2026", "not_a_date"),
    ("date", "２０２６-٠5-06", "not_a_date"),
    ("date", 20260506, "not_a_date"),
    ("datetime", "2026-05-06", "not_a_datetime"),
    ("datetime", "2026-05-06T25:00", "not_a_datetime"),
    ("datetime", "2026-05-06T09:30+99:00", "not_a_datetime"),
    ("datetime", "0001-01-01T00:00+14:00", "not_a_datetime"),
    ("time", "24:00", "not_a_time"),
    ("date_deadline", "2026-05-05", "before_deadline"),
    ("select", "secret", "not_an_option"),
    ("select", ["open"], "not_an_option"),
    ("select", "x" * 100_000, "not_an_option"),
    ("radio", True, "not_an_option"),
    ("checkbox", "maybe", "not_yes_or_no"),
    ("checkbox", 1, "not_yes_or_no"),
    ("checkbox", False, "must_be_true"),
    ("checkbox", None, "must_be_true"),
    ("checklist", ["open", "other"], "not_an_option"),
    ("checklist", [["open"]], "not_an_option"),
    ("checklist", [], "required"),
    ("region", "37 01", "unknown_region"),
    ("region", "../..", "unknown_region"),
    ("organisation", "0", "unknown_organisation"),
    ("organisation", "-1", "unknown_organisation"),
    ("organisation", 10**30, "unknown_organisation"),
    ("organisation", "١٢", "unknown_organisation"),
    ("organisation", "../1", "unknown_organisation"),
    ("organisation", True, "unknown_organisation"),
    ("person", "9223372036854775808", "unknown_person"),
    ("id_number", "370103196503150010", "id_number"),
    ("id_number", "11010520271231002X", "id_number"),
    ("uscc", "11370100MB2845012A", "uscc"),
    ("phone", "12345678901", "phone"),
    ("phone", "x" * 100_000, "too_long"),
    ("file", ["1", "2"], "one_file_only"),
    ("file", "a", "unknown_file"),
    ("text", "\u200b\u3000 ", "required"),
    ("text", None, "required"),
]  # fmt: skip
REFUSED_IDS = [f"{name}-{key}-{number}" for number, (name, _, key) in enumerate(REFUSED)]


def required(name: str) -> dict[str, object]:
    return {**COMPONENTS[name], "validate": {"required": True}}


@pytest.mark.parametrize(("name", "given_", "value"), ACCEPTED, ids=lambda v: str(v)[:30])
def test_what_people_type_becomes_the_value_they_mean(name: str, given_: object, value: object) -> None:
    loaded = form(COMPONENTS[name]).load({"x": given_}, scope=SCOPE)["x"]
    assert loaded == value
    assert type(loaded) is type(value)


@pytest.mark.parametrize(("name", "given_", "key"), REFUSED, ids=REFUSED_IDS)
def test_what_cannot_be_is_refused_with_its_reason(name: str, given_: object, key: str) -> None:
    assert keys_refused(form(required(name)), {"x": given_}) == {"x": [key]}


@pytest.mark.parametrize(("name", "given_", "key"), REFUSED, ids=REFUSED_IDS)
def test_every_refusal_is_a_sentence_in_both_languages_that_repeats_nothing_typed(
    name: str, given_: object, key: str
) -> None:
    subject = form(required(name))
    with pytest.raises(FormInvalid) as refused:
        subject.load({"x": given_}, scope=SCOPE)
    zh, en = (refused.value.sentences(subject, language)["x"][0] for language in ("zh", "en"))
    assert "字段x" in zh
    assert "X" in en
    assert "{" not in zh + en
    if isinstance(given_, str) and len(given_) > 6 and not given_.startswith("2026-05-0"):
        assert given_ not in zh + en
        assert given_ not in str(refused.value)


@pytest.mark.parametrize(("name", "given_", "value"), ACCEPTED, ids=lambda v: str(v)[:30])
def test_a_value_survives_being_read_kept_shown_and_read_again(name: str, given_: object, value: object) -> None:
    subject = form(COMPONENTS[name])
    loaded = subject.load({"x": given_}, scope=SCOPE)
    assert subject.load(loaded, scope=SCOPE) == loaded
    assert subject.from_json(subject.to_json(loaded)) == loaded
    shown = subject.dump(loaded)
    # Typed to the minute, an instant is shown to the minute.
    again = subject.load(shown, scope=SCOPE)["x"]
    assert again == (value.replace(second=0) if isinstance(value, dt.datetime) else value)


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_every_registered_type_can_be_left_empty_where_it_is_optional(name: str) -> None:
    value = form(COMPONENTS[name]).load({}, scope=SCOPE)["x"]
    assert value is (False if name == "checkbox" else True if name == "feel-check" else None)


def test_the_registry_holds_exactly_the_documented_types() -> None:
    assert set(REGISTRY) == set(COMPONENTS)


@pytest.mark.parametrize(("name", "given_", "value"), ACCEPTED, ids=lambda v: str(v)[:30])
def test_what_is_kept_fits_the_json_schema_where_json_has_the_type(name: str, given_: object, value: object) -> None:
    subject = form(COMPONENTS[name])
    schema = subject.json_schema("en")
    jsonschema.Draft202012Validator.check_schema(schema)
    kept = subject.to_json(subject.load({"x": given_}, scope=SCOPE))
    if isinstance(value, Decimal):
        kept["x"] = float(value)
    jsonschema.validate(kept, schema)


@given(st.integers(0, 10**15))
def test_money_is_shown_in_yuan_and_read_back_to_the_fen(fen: int) -> None:
    subject = form(COMPONENTS["money_fen"])
    assert subject.load({"x": in_yuan(fen)}) == {"x": fen}


@given(st.text(max_size=300))
def test_kept_text_is_normal_and_stays_itself(text: str) -> None:
    subject = form(COMPONENTS["textarea"])
    try:
        kept = subject.load({"x": text})["x"]
    except FormInvalid:
        return
    assert kept is None or kept == clean(str(kept))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("name", sorted(COMPONENTS))
@given(value=JSON_VALUES)
def test_no_value_does_more_to_a_field_than_be_refused(name: str, value: object) -> None:
    subject = form(required(name))
    try:
        subject.load({"x": value}, scope=SCOPE)
    except FormInvalid as refused:
        refused.sentences(subject, "zh")


def test_limits_of_numbers_money_and_texts_are_told_in_the_persons_units() -> None:
    subject = form(
        field("number", "n", validate={"min": 1, "max": 5}),
        field("textfield", "m", lm={"lm.type": "money_fen", "lm.min": "100", "lm.max": "1000000"}),
        field("textfield", "t", validate={"minLength": 3, "maxLength": 5}),
    )
    with pytest.raises(FormInvalid) as refused:
        subject.load({"n": "6", "m": "20000", "t": "ab"})
    assert refused.value.sentences(subject, "en") == {
        "n": ["N must be at most 5."],
        "m": ["M must be at most 10,000.00."],
        "t": ["T is too short; give at least 3 characters."],
    }
    assert subject.load({"n": "1", "m": "10,000.00", "t": "abcde"}) == {"n": 1, "m": 1_000_000, "t": "abcde"}


def test_days_keep_to_today_to_dates_and_to_other_fields() -> None:
    subject = form(
        field("datetime", "past", subtype="date", lm={"lm.not_after": "today"}),
        field("datetime", "later", subtype="date", lm={"lm.not_before": "=past", "lm.not_after": "2026-12-31"}),
        field("datetime", "future", subtype="datetime", disallowPassedDates=True),
    )
    refused = keys_refused(subject, {"past": "2026-05-07", "later": "2027-01-01", "future": "2026-05-05T10:00"})
    assert refused == {"past": ["too_late"], "later": ["too_late"], "future": ["too_early"]}
    assert keys_refused(subject, {"past": "2026-05-06", "later": "2026-05-05"}) == {"later": ["too_early"]}


def test_a_day_bound_to_a_maximum_of_the_register_names_rule_and_source() -> None:
    component = field("datetime", "signed", subtype="date",
                      lm={"lm.type": "date_deadline", "lm.rule": "D30", "lm.start": "=awarded"})  # fmt: skip
    subject = form(component)
    context: dict[str, object] = {"awarded": dt.date(2026, 5, 18)}
    assert subject.load({"signed": "2026-06-17"}, context=context)["signed"] == dt.date(2026, 6, 17)
    with pytest.raises(FormInvalid) as refused:
        subject.load({"signed": "2026-06-18"}, context=context)
    sentence = refused.value.sentences(subject, "zh")["signed"][0]
    assert "2026-06-17" in sentence
    assert "政府采购法 第四十六条" in sentence
    assert keys_refused(subject, {"signed": "2026-06-18"}) == {"signed": ["deadline_unknown"]}


def test_the_strict_reading_of_minimum_days_reaches_the_form() -> None:
    subject = form(COMPONENTS["date_deadline"])
    strict = Scope(strict_min_days=True)
    assert subject.load({"x": "2026-05-06"}, scope=strict)["x"] == dt.date(2026, 5, 6)
    lm = {"lm.type": "date_deadline", "lm.rule": "D10", "lm.start": '=date("2026-03-10")'}
    later = form(field("datetime", subtype="date", lm=lm))
    assert later.load({"x": "2026-03-30"})["x"] == dt.date(2026, 3, 30)
    with pytest.raises(FormInvalid):
        later.load({"x": "2026-03-30"}, scope=strict)


def test_a_pattern_an_address_and_a_phone_are_asked_for_as_form_js_does() -> None:
    subject = form(
        field("textfield", "code", validate={"pattern": "^JN-[0-9]{4}$"}),
        field("textfield", "mail", validate={"validationType": "email"}),
        field("textfield", "call", validate={"validationType": "phone"}),
    )
    assert subject.load({"code": "JN-0001", "mail": "a@b.cn", "call": "13812341234"})
    assert keys_refused(subject, {"code": "JN-1", "mail": "a@b", "call": "1"}) == {
        "code": ["pattern"], "mail": ["email"], "call": ["phone"],
    }  # fmt: skip


def test_references_are_asked_whether_they_are_known() -> None:
    class Known:
        def knows(self, kind: str, value: int | str) -> bool:
            return (kind, value) in {("organisation", 1), ("file", 2), ("region", "370102")}

    subject = form(
        field("textfield", "o", lm={"lm.type": "org"}),
        field("filepicker", "f", multiple=True),
        field("textfield", "r", lm={"lm.type": "region"}),
    )
    scope = Scope(references=Known())
    assert subject.load({"o": "1", "f": ["2", "2"], "r": "370102"}, scope=scope) == {"o": 1, "f": [2], "r": "370102"}
    with pytest.raises(FormInvalid) as refused:
        subject.load({"o": "2", "f": ["2", "3"], "r": "370103"}, scope=scope)
    assert set(refused.value.messages) == {"o", "f", "r"}


def test_choices_come_from_a_variable_or_an_expression() -> None:
    subject = form(
        field("select", "supplier", valuesKey="bidders"),
        field("checklist", "rest", valuesExpression="=for b in bidders return {label: b.label, value: b.value}"),
    )
    bidders = [{"label": "惠民", "label_en": "Huimin", "value": 4}, {"label": "博爱", "value": 9}]
    loaded = subject.load({"supplier": "4", "rest": ["9"]}, context={"bidders": bidders})
    assert loaded == {"supplier": 4, "rest": [9]}
    assert keys_refused(subject, {"supplier": "5"}, bidders=bidders) == {"supplier": ["not_an_option"]}
    assert keys_refused(subject, {"supplier": "4"}) == {"supplier": ["not_an_option"]}


def test_our_errors_are_ours() -> None:
    assert issubclass(FormInvalid, LastmeterError)
    assert FormInvalid.kind == "invalid"
