from __future__ import annotations

import json
import time
from collections.abc import Mapping

import pytest
from formcraft import field, form, rows

from lastmeter import paths
from lastmeter.forms import Form, FormRefused, load_form
from lastmeter.forms.messages import MESSAGES
from lastmeter.forms.reasons import REASONS


def schema(*components: object, **more: object) -> dict[str, object]:
    return {"type": "default", "id": "f", "components": list(components), **more}


def findings(raw: object) -> list[tuple[str, str]]:
    with pytest.raises(FormRefused) as refused:
        load_form(raw)  # type: ignore[arg-type]
    for finding in refused.value.findings:
        assert "{" not in finding.say("zh") + finding.say("en")
    return [(finding.field, finding.reason) for finding in refused.value.findings]


SELECT = field("select", values=[{"label": "甲", "value": "a"}])


@pytest.mark.parametrize(
    ("component", "reason"),
    [
        (field("html"), "unknown_component"),
        (field("iframe"), "unknown_component"),
        (field("expression"), "unknown_component"),
        ({"id": "field_x"}, "unknown_component"),
        (field("textfield", script="x"), "unknown_attribute"),
        (field("textfield", validate={"min": 1, "remote": "x"}), "unknown_attribute"),
        (field("textfield", lm={"lm.labell_en": "x"}), "unknown_property"),
        (field("textfield", lm={"lm.type": "blood_group"}), "unknown_type"),
        (field("datetime", subtype="week"), "unknown_type"),
        (field("textarea", lm={"lm.type": "money_fen"}), "type_on_component"),
        (field("textfield", lm={"lm.type": "file"}), "type_on_component"),
        ({**field("textfield"), "key": ""}, "key_missing"),
        ({**field("textfield"), "key": 7}, "key_missing"),
        ({**field("textfield"), "key": "a.b"}, "key_malformed"),
        ({**field("textfield"), "key": "_csrf"}, "key_malformed"),
        ({**field("textfield"), "key": "__class__"}, "key_malformed"),
        ({**field("textfield"), "key": "姓名"}, "key_malformed"),
        ({**field("textfield"), "key": "x" * 65}, "key_malformed"),
        ({**field("textfield"), "key": "typename"}, "key_reserved"),
        ({**field("textfield"), "key": "data_objects"}, "key_reserved"),
        ({**field("textfield"), "key": "Constructor"}, "key_reserved"),
        ({**field("textfield"), "key": "return"}, "key_reserved"),
        (field("textfield", label=""), "label_missing"),
        (field("textfield", label=5), "bad_attribute"),
        (field("textfield", validate={"required": "yes"}), "bad_attribute"),
        (field("textfield", validate=[]), "bad_attribute"),
        (field("textfield", validate={"maxLength": -1}), "bad_attribute"),
        (field("textfield", validate={"maxLength": 10**9}), "bad_attribute"),
        (field("textfield", validate={"minLength": 5, "maxLength": 4}), "limits"),
        (field("number", validate={"min": 5, "max": 4}), "limits"),
        (field("number", validate={"min": "many"}), "bad_attribute"),
        (field("number", decimalDigits="x"), "bad_attribute"),
        (field("textfield", readonly="=a"), "bad_attribute"),
        (field("textfield", properties=[]), "bad_attribute"),
        (field("textfield", lm={"lm.classification": "secret"}), "classification"),
        (field("textfield", conditional={"hide": "=a >"}), "expression"),
        (field("textfield", conditional={"hide": 5}), "bad_attribute"),
        (field("textfield", conditional={"show": "=a"}), "bad_attribute"),
        (field("textfield", lm={"lm.computed": "=a +"}), "expression"),
        (field("checkbox", lm={"lm.type": "feel-check"}), "computed_required"),
        (field("select"), "options_missing"),
        (field("radio", values=[]), "options_missing"),
        (field("select", values=["a"]), "bad_attribute"),
        (field("select", values=[{"label": "", "value": "a"}]), "bad_attribute"),
        (field("select", values=[{"label": "a", "value": 1}, {"label": "b", "value": "1"}]), "option_twice"),
        (field("select", values=[{"label": "a", "value": str(n)} for n in range(2001)]), "bad_attribute"),
        (field("select", valuesKey="a b"), "bad_attribute"),
        (field("textfield", validate={"pattern": "("}), "pattern_wrong"),
        (field("textfield", validate={"pattern": "x" * 501}), "pattern_wrong"),
        (field("textfield", validate={"pattern": r"^(a|aa)+$"}), "pattern_slow"),
        (field("textfield", validate={"pattern": "^([0-9]|[0-9][0-9])*$"}), "pattern_slow"),
        (field("datetime", subtype="date", lm={"lm.not_before": "soon"}), "bad_attribute"),
        (field("datetime", subtype="date", lm={"lm.not_before": "=1 +"}), "expression"),
        (field("datetime", subtype="date", lm={"lm.type": "date_deadline", "lm.rule": "D99", "lm.start": "=a"}),
         "deadline_rule"),
        (field("datetime", subtype="date", lm={"lm.type": "date_deadline", "lm.rule": "D62", "lm.start": "=a"}),
         "deadline_rule"),
        (field("datetime", subtype="date", lm={"lm.type": "date_deadline", "lm.rule": "D10"}), "bad_attribute"),
        ({"type": "dynamiclist", "id": "field_x", "label": "甲", "components": []}, "key_missing"),
        ({"type": "group", "id": "field_x", "label": "甲", "components": {}}, "bad_attribute"),
        ({"type": "table", "id": "field_x", "dataSource": "=a", "columns": []}, "bad_attribute"),
        ({"type": "table", "id": "field_x", "dataSource": "=a", "columns": [{"label": "x"}]}, "bad_attribute"),
        ({"type": "table", "id": "field_x", "dataSource": "=a", "columnsExpression": "=b"}, "unknown_attribute"),
        ({"type": "text", "id": "field_x", "text": "=1 +"}, "expression"),
    ],
)  # fmt: skip
def test_what_is_outside_the_subset_is_refused_with_the_fields_id(component: Mapping[str, object], reason: str) -> None:
    assert ("field_x", reason) in findings(schema(component))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ([], "json"),
        (b"[]", "not_a_form"),
        ({"type": "other", "components": []}, "not_a_form"),
        (schema(script="x"), "unknown_attribute"),
        (schema(schemaVersion=20), "schema_version"),
        (schema(schemaVersion=True), "schema_version"),
        ({"type": "default", "id": "f"}, "bad_attribute"),
        (schema("x"), "bad_attribute"),
        (schema(properties={"lm.classification": "x"}), "classification"),
        (schema(properties={"lm.checks": "{"}), "json"),
        (schema(properties={"lm.checks": {}}), "bad_attribute"),
        (schema(properties={"lm.checks": [{"feel": "1 = 1"}]}), "bad_attribute"),
        (schema(field("textfield"), properties={"lm.checks": [{"feel": "x", "field": "y", "zh": "。", "en": "."}]}),
         "check_field"),
        (schema(field("textfield"), properties={"lm.checks": [{"feel": "x +", "field": "x", "zh": "。", "en": "."}]}),
         "expression"),
        (schema(field("textfield"), field("textfield")), "key_twice"),
        (schema(*(field("textfield", f"k{n}") for n in range(501))), "too_many_components"),
        (b'{"type": "default", "components": [], "components": []}', "json"),
        (b'{"type": "default", "components": [{"a": NaN}]}', "json"),
        (b'{"a":' * 100_000, "json"),
        (b" " * 600_000, "json"),
        ({"components": [object()]}, "json"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_form_is_refused(raw: object, reason: str) -> None:
    assert reason in [found for _, found in findings(raw)]


def test_nesting_is_bounded() -> None:
    component: dict[str, object] = field("textfield")
    for _ in range(8):
        component = {"type": "group", "label": "甲", "components": [component]}
    assert ("group", "too_deep") in findings(schema(component))


def test_every_finding_is_told_at_once() -> None:
    found = findings(schema(field("html", "a"), field("textfield", "b", script=1), field("select", "c")))
    assert [where for where, _ in found] == ["field_a", "field_b", "field_c"]


def test_a_key_may_stand_again_inside_rows_but_not_beside_a_plain_groups_field() -> None:
    load_form(schema(field("textfield"), rows("lines", field("textfield"))))
    inside = {"type": "group", "label": "甲", "components": [field("textfield")]}
    assert findings(schema(field("textfield"), inside)) == [("field_x", "key_twice")]


def test_a_runaway_pattern_is_found_quickly_and_a_published_one_is_not_tried_again() -> None:
    runaway = schema(field("textfield", validate={"pattern": "^(x|x)*y(x|x)*$|^(a|a)*$"}))
    started = time.process_time()
    findings(runaway)
    assert time.process_time() - started < 2
    started = time.process_time()
    published = load_form(runaway, published=True)
    assert time.process_time() - started < 0.1
    with pytest.raises(Exception, match="form_invalid"):
        published.load({"x": "a" * 400 + "!"})
    assert time.process_time() - started < 2


def test_a_form_says_what_it_is() -> None:
    subject = form(
        field("textfield", "name", description="如实填写", lm={"lm.description_en": "As is"},
              validate={"required": True}),
        field("number", "score", appearance={"suffixAdorner": "分"}, lm={"lm.suffix_en": "points"}),
        title="登记", title_en="Register", classification="case", bulkSafe=True,
    )  # fmt: skip
    name, score = subject.fields
    assert (subject.title.zh, subject.title.en, subject.bulk_safe) == ("登记", "Register", True)
    assert (name.label.say("zh"), name.label.say("en")) == ("字段name", "Name")
    assert name.hint is not None
    assert (name.hint.zh, name.hint.en, name.required, name.classification) == ("如实填写", "As is", True, "case")
    assert score.suffix is not None
    assert score.suffix.say("en") == "points"
    assert (score.lm_type, score.key) == ("number", "score")


def test_only_truths_and_choices_of_a_secret_form_may_become_variables() -> None:
    subject = form(field("textfield", "t"), field("checkbox", "b"), SELECT | {"key": "s"}, classification="case")
    assert [each.may_become_variable for each in subject.inputs] == [False, True, True]
    open_one = form(field("textfield", "t"), classification="procurement")
    assert open_one.inputs[0].may_become_variable


def test_a_form_tells_which_variables_it_reads() -> None:
    subject = form(
        field("textfield", "a", conditional={"hide": "=stage = 1 and b != null"}),
        field("textfield", "b", readonly=True),
        field("select", "c", valuesKey="bidders"),
        {"type": "table", "dataSource": "=offers", "columns": [{"key": "x"}]},
        {"type": "text", "text": "=heading"},
        checks=[{"feel": "a != limit", "field": "a", "zh": "。", "en": "."}],
    )
    assert subject.variables_read == {"stage", "b", "bidders", "offers", "heading", "limit"}


def test_what_lacks_english_is_listed() -> None:
    subject = form({"type": "textfield", "id": "a", "key": "a", "label": "甲"}, SELECT)
    assert subject.untranslated() == ["a", "field_x=a"]


def test_every_message_and_reason_speaks_both_languages() -> None:
    for zh, en in (*MESSAGES.values(), *REASONS.values()):
        assert zh.endswith(("。", "}", "）"))
        assert en.endswith((".", "}", ")"))
        assert zh != en


FORMS = sorted(paths.bundled("forms").rglob("*.json"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_form_of_the_project_compiles_and_speaks_both_languages(path: object) -> None:
    assert hasattr(path, "read_bytes")
    subject = load_form(path.read_bytes())
    assert isinstance(subject, Form)
    assert subject.untranslated() == []
    assert subject.title.zh != subject.title.en
    json.dumps(subject.json_schema("zh"))
