from __future__ import annotations

import datetime as dt
from decimal import Decimal

from formcraft import SCOPE, Html, field, form, rows

from lastmeter.forms import Message
from lastmeter.forms.fields import Shown

MONEY = {"lm.type": "money_fen"}
LINES = rows(
    "lines",
    field("textfield", "price", lm=MONEY),
    field("textarea", "why", conditional={"hide": "=price = null or price < 100"}),
)


def flat(shown: list[Shown]) -> dict[str, Shown]:
    found: dict[str, Shown] = {}
    for each in shown:
        found[each.name or each.field.id] = each
        found |= flat(each.children)
        for row in each.rows:
            found |= flat(row)
    return found


def test_an_untouched_form_shows_variables_defaults_and_one_empty_row() -> None:
    subject = form(
        field("textfield", "title", defaultValue="社工站"),
        field("textfield", "budget", lm=MONEY),
        field("checkbox", "agreed"),
        LINES,
    )
    shown = flat(subject.view(context={"budget": 1_234_560}))
    assert {name: shown[name].value for name in ("title", "budget", "agreed", "lines.0.price")} == {
        "title": "社工站", "budget": "12,345.60", "agreed": False, "lines.0.price": "",
    }  # fmt: skip
    assert len(shown["lines"].rows) == 1


def test_what_was_typed_is_shown_as_it_was_typed_with_its_refusals() -> None:
    subject = form(field("textfield", "budget", lm=MONEY), LINES)
    errors = {"lines.1.price": [Message("not_money")]}
    html = Html.of(("budget", "abc"), ("lines.0.price", "5"), ("lines.1.price", "x"))
    shown = flat(subject.view(html, errors=errors))
    assert (shown["budget"].value, shown["lines.1.price"].value) == ("abc", "x")
    assert [m.key for m in shown["lines.1.price"].errors if isinstance(m, Message)] == ["not_money"]
    assert shown["lines.0.price"].errors == ()


def test_rows_hide_their_fields_one_by_one() -> None:
    shown = flat(form(LINES).view({"lines": [{"price": "0.50"}, {"price": "2.00"}]}))
    assert (shown["lines.0.why"].hidden, shown["lines.1.why"].hidden) == (True, False)


def test_a_hidden_group_hides_everything_in_it() -> None:
    group = {"type": "group", "id": "g", "label": "甲", "components": [field("textfield", "inner")],
             "conditional": {"hide": "=quiet"}}  # fmt: skip
    shown = flat(form(field("checkbox", "quiet"), group).view({"quiet": True}))
    assert shown["g"].hidden
    assert shown["inner"].hidden


def test_computed_and_read_only_values_are_shown() -> None:
    subject = form(
        field("number", "a"),
        field("number", "double", lm={"lm.computed": "=a * 2"}),
        field("textfield", "supplier", readonly=True),
        field("datetime", "on", subtype="date", readonly=True),
    )
    shown = flat(subject.view({"a": "2.50"}, context={"supplier": "惠民", "on": dt.date(2026, 5, 6)}))
    assert {n: s.value for n, s in shown.items()} == {
        "a": "2.50",
        "double": "5",
        "supplier": "惠民",
        "on": "2026-05-06",
    }


def test_choices_in_force_are_shown() -> None:
    subject = form(field("select", "who", valuesKey="bidders"), field("checklist", "all", valuesKey="bidders"))
    shown = flat(
        subject.view({"who": 4, "all": [4]}, context={"bidders": [{"label": "惠民", "label_en": "Huimin", "value": 4}]})
    )
    assert [(o.value, o.label.en) for o in shown["who"].options] == [(4, "Huimin")]
    assert (shown["who"].value, shown["all"].value) == ("4", ["4"])


def test_tables_and_texts_show_what_their_expressions_give() -> None:
    table = {"type": "table", "id": "t", "label": "报价", "dataSource": "=offers", "columns": [
        {"key": "supplier", "label": "供应商"}, {"key": "fen", "label": "报价", "lm.type": "money_fen"},
        {"key": "valid", "label": "有效"}, {"key": "none", "label": "无"}]}  # fmt: skip
    words = {
        "type": "text",
        "id": "w",
        "text": '="共" + string(count(offers)) + "家"',
        "properties": {"lm.text_en": "Offers"},
    }
    offers = [
        {"supplier": "惠民", "fen": 1_234_560, "valid": True},
        {"supplier": "博爱", "fen": Decimal(100), "valid": False},
    ]
    subject = form(table, words)
    shown = flat(subject.view(context={"offers": offers}))
    assert shown["t"].cells == [["惠民", "12,345.60", "✓", ""], ["博爱", "1.00", "✗", ""]]
    assert shown["w"].text == "共2家"
    assert flat(subject.view(context={"offers": offers}, language="en"))["w"].text == "Offers"
    assert flat(subject.view())["t"].cells == []


def test_loaded_values_are_shown_as_inputs_hold_them() -> None:
    subject = form(
        field("datetime", "at"), field("checklist", "c", values=[{"label": "甲", "value": 1}]),
        field("filepicker", "f"), field("checkbox", "b"), field("textfield", "m", lm=MONEY),
    )  # fmt: skip
    loaded = subject.load({"at": "2026-05-06T09:30", "c": [1], "f": "5", "b": True, "m": "1"}, scope=SCOPE)
    assert subject.dump(loaded) == {"at": "2026-05-06T09:30", "c": ["1"], "f": ["5"], "b": True, "m": "1.00"}
    assert subject.dump({"at": "gestern", "m": "abc"}) == {"at": "gestern", "m": "abc"}


def test_a_field_deep_in_rows_is_named_with_its_rows_number() -> None:
    subject = form(LINES)
    assert subject.label("lines.1.price", "zh") == "列表lines 2 · 字段price"
    assert subject.label("nowhere.1", "en") == "nowhere.1"
    assert subject.label("0", "en") == ""


def test_the_json_schema_describes_rows_and_requires_only_what_is_always_asked() -> None:
    subject = form(
        field("textfield", "a", validate={"required": True}),
        field("textfield", "b", validate={"required": True}, conditional={"hide": '=a = "x"'}),
        field("textfield", "c", lm={"lm.computed": "=a"}),
        LINES,
        {"type": "group", "id": "g", "path": "contact", "label": "联系", "components": [field("textfield", "name")]},
    )
    schema = subject.json_schema("zh")
    assert schema["required"] == ["a"]
    assert isinstance(properties := schema["properties"], dict)
    assert set(properties) == {"a", "b", "lines", "contact"}
    assert properties["lines"]["items"]["properties"].keys() == {"price", "why"}
