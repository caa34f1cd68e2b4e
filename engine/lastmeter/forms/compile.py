"""From a form-js schema to a `Form`: everything outside the documented subset is refused, with the field's id.

forms/_shared/README.md documents the subset for those who write forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import cast

import orjson
import regex

from lastmeter.deadlines.bundled import bundled_rules
from lastmeter.errors import LastmeterError
from lastmeter.forms import strict_json
from lastmeter.forms.conditions import syntax_error
from lastmeter.forms.fields import CLASSIFICATIONS, Bilingual, Check, Classification, Column, Field, Limits, Option
from lastmeter.forms.form import Form
from lastmeter.forms.reasons import REASONS
from lastmeter.forms.subset import (
    ADVERSARIES,
    ATTRIBUTES,
    DEFAULT_TYPES,
    EVERYWHERE,
    FORM_ATTRIBUTES,
    FORM_PROPERTIES,
    KEY,
    MOST_BYTES,
    MOST_COMPONENTS,
    MOST_DEPTH,
    MOST_OPTIONS,
    MOST_ROWS,
    PROPERTIES,
    RESERVED,
    SCHEMA_VERSION,
    VALIDATE,
)
from lastmeter.forms.types import DECIMALS, FieldType, read_date, search_pattern, type_named
from lastmeter.forms.types import Refusal as ValueRefusal


@dataclass(frozen=True)
class Finding:
    """One thing that keeps a form from being published."""

    field: str
    reason: str
    facts: Mapping[str, object]

    def say(self, language: str) -> str:
        template = REASONS[self.reason][1 if language == "en" else 0]
        return template.format(**self.facts)


class FormRefused(LastmeterError):
    """The schema is no form of ours; facts: `field` and `reason` of the first finding. All are in `findings`."""

    code = "form_refused"

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = tuple(findings)
        first = findings[0]
        super().__init__(
            field=first.field, reason=first.reason, **{k: v for k, v in first.facts.items() if k != "field"}
        )


def load_form(schema: bytes | str | Mapping[str, object], *, published: bool = False) -> Form:
    """The form that a form-js schema describes. Raises FormRefused with every finding.

    A `published` schema was judged before: its patterns are not tried again for their speed.
    """
    compiler = _Compiler(published=published)
    form = compiler.form(schema)
    if form is None or compiler.findings:
        raise FormRefused(compiler.findings)
    return form


class _Compiler:
    def __init__(self, *, published: bool) -> None:
        self.published = published
        self.findings: list[Finding] = []
        self.count = 0
        self.classification: Classification = "internal"

    def refuse(self, field: str, reason: str, **facts: object) -> None:
        self.findings.append(Finding(field, reason, facts))

    def form(self, schema: bytes | str | Mapping[str, object]) -> Form | None:
        raw = self._object(schema)
        if raw is None:
            return None
        form_id = str(raw.get("id") or "form")[:80]
        for name in sorted(raw.keys() - FORM_ATTRIBUTES):
            self.refuse(form_id, "unknown_attribute", given=name[:80])
        version = raw.get("schemaVersion", SCHEMA_VERSION)
        if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= SCHEMA_VERSION:
            self.refuse(form_id, "schema_version", most=SCHEMA_VERSION)
        properties = self._properties(form_id, raw, FORM_PROPERTIES)
        self.classification = self._classification(form_id, properties, "internal")
        fields = self._components(form_id, raw.get("components"), depth=1, keys=set())
        title = str(properties.get("lm.title") or form_id)
        return Form(
            id=form_id,
            title=Bilingual(title, str(properties.get("lm.title_en") or title)),
            fields=fields,
            classification=self.classification,
            bulk_safe=str(properties.get("lm.bulkSafe", "false")).lower() == "true",
            checks=tuple(self._checks(form_id, properties, {f.key for f in fields for f in f.walk() if f.key})),
        )

    def _object(self, schema: bytes | str | Mapping[str, object]) -> Mapping[str, object] | None:
        try:
            if isinstance(schema, Mapping):
                schema = orjson.dumps(schema, default=_plain_number)
            raw = strict_json.read(schema, most_bytes=MOST_BYTES)
        except (strict_json.JsonRefused, TypeError) as error:
            given = error.facts["reason"] if isinstance(error, LastmeterError) else "type"
            self.refuse("form", "json", given=given)
            return None
        if not isinstance(raw, dict) or raw.get("type", "default") != "default":
            self.refuse("form", "not_a_form")
            return None
        return raw

    def _components(self, owner: str, raw: object, *, depth: int, keys: set[str]) -> tuple[Field, ...]:
        if not isinstance(raw, list):
            self._bad(owner, "components", "列表", "a list")
            return ()
        if depth > MOST_DEPTH:
            self.refuse(owner, "too_deep", most=MOST_DEPTH)
            return ()
        fields = []
        for position, component in enumerate(raw):
            self.count += 1
            if self.count > MOST_COMPONENTS:
                if self.count == MOST_COMPONENTS + 1:
                    self.refuse(owner, "too_many_components", most=MOST_COMPONENTS)
                return ()
            if not isinstance(component, dict):
                self._bad(owner, f"components[{position}]", "对象", "an object")
                continue
            built = self._component(component, depth=depth, keys=keys)
            if built is not None:
                fields.append(built)
        return tuple(fields)

    def _component(self, raw: Mapping[str, object], *, depth: int, keys: set[str]) -> Field | None:
        key = raw.get("key") or raw.get("path")
        field_id = str(raw.get("id") or key or raw.get("type") or "?")[:80]
        kind = raw.get("type")
        if not isinstance(kind, str) or kind not in ATTRIBUTES:
            self.refuse(field_id, "unknown_component", given=str(kind)[:80])
            return None
        for name in sorted(raw.keys() - EVERYWHERE - ATTRIBUTES[kind]):
            self.refuse(field_id, "unknown_attribute", given=name[:80])
        properties = self._properties(field_id, raw, PROPERTIES)
        if kind in ("text", "separator", "button", "table"):
            return self._presentation(field_id, kind, raw, properties)
        if kind in ("group", "dynamiclist"):
            return self._container(field_id, kind, raw, properties, depth=depth, keys=keys)
        return self._input(field_id, kind, raw, properties, keys)

    # --- the kinds of component ---------------------------------------------------------------------------

    def _presentation(
        self, field_id: str, kind: str, raw: Mapping[str, object], properties: Mapping[str, object]
    ) -> Field:
        text = self._bilingual(field_id, raw, "text", properties, "lm.text_en") if kind == "text" else None
        if text is not None:
            for spoken in (text.zh, text.en):
                if spoken.startswith("="):
                    self._expression(field_id, spoken)
        return Field(
            id=field_id,
            component=kind,
            key=None,
            type=None,
            label=self._bilingual(field_id, raw, "label", properties, "lm.label_en") or Bilingual("", ""),
            hint=self._bilingual(field_id, raw, "description", properties, "lm.description_en"),
            hide=self._hide(field_id, raw),
            text=text,
            data_source=self._expression(field_id, raw.get("dataSource")) if kind == "table" else None,
            columns=self._columns(field_id, raw.get("columns")) if kind == "table" else (),
        )

    def _container(
        self,
        field_id: str,
        kind: str,
        raw: Mapping[str, object],
        properties: Mapping[str, object],
        *,
        depth: int,
        keys: set[str],
    ) -> Field:
        path = raw.get("path") or None
        key = self._key(field_id, path, keys) if path is not None or kind == "dynamiclist" else None
        # A group without a path only gathers its fields; their keys live among their surroundings'.
        inner = keys if key is None else set[str]()
        return Field(
            id=field_id,
            component=kind,
            key=key,
            type=None,
            label=self._bilingual(field_id, raw, "label", properties, "lm.label_en") or Bilingual("", ""),
            hint=self._bilingual(field_id, raw, "description", properties, "lm.description_en"),
            classification=self._classification(field_id, properties, self.classification),
            hide=self._hide(field_id, raw),
            default=raw.get("defaultRepetitions"),
            children=self._components(field_id, raw.get("components", []), depth=depth + 1, keys=inner),
            limits=Limits(
                min_rows=self._count(field_id, "lm.min_rows", properties.get("lm.min_rows"), MOST_ROWS) or 0,
                max_rows=self._count(field_id, "lm.max_rows", properties.get("lm.max_rows"), 10_000) or MOST_ROWS,
            ),
        )

    def _input(
        self,
        field_id: str,
        kind: str,
        raw: Mapping[str, object],
        properties: Mapping[str, object],
        keys: set[str],
    ) -> Field | None:
        key = self._key(field_id, raw.get("key"), keys)
        validate = self._validate(field_id, raw)
        type_ = self._type(field_id, kind, raw, properties, validate)
        if key is None or type_ is None:
            return None
        computed = self._expression(field_id, properties.get("lm.computed"))
        if type_.name == "feel-check" and computed is None:
            self.refuse(field_id, "computed_required")
        options = self._options(field_id, raw.get("values"))
        field = Field(
            id=field_id,
            component=kind,
            key=key,
            type=type_,
            label=self._label(field_id, raw, properties),
            hint=self._bilingual(field_id, raw, "description", properties, "lm.description_en"),
            required=validate.get("required") is True,
            readonly=self._flag(field_id, raw, "readonly") or self._flag(field_id, raw, "disabled"),
            classification=self._classification(field_id, properties, self.classification),
            options=options,
            options_key=self._options_key(field_id, raw),
            options_expression=self._expression(field_id, raw.get("valuesExpression")),
            hide=self._hide(field_id, raw),
            computed=computed,
            default=raw.get("defaultValue"),
            limits=self._limits(field_id, raw, properties, validate, type_),
            prefix=self._adorner(raw, properties, "prefix"),
            suffix=self._adorner(raw, properties, "suffix"),
        )
        chooses = kind in ("select", "radio", "checklist") and type_.name not in ("organisation", "person", "region")
        if chooses and not field.has_options:
            self.refuse(field_id, "options_missing")
        return field

    # --- parts --------------------------------------------------------------------------------------------

    def _key(self, field_id: str, raw: object, keys: set[str]) -> str | None:
        if not isinstance(raw, str) or not raw:
            self.refuse(field_id, "key_missing")
            return None
        if not KEY.fullmatch(raw):
            self.refuse(field_id, "key_malformed", given=raw[:80])
            return None
        if raw.lower() in RESERVED:
            self.refuse(field_id, "key_reserved", given=raw)
            return None
        if raw in keys:
            self.refuse(field_id, "key_twice", given=raw)
            return None
        keys.add(raw)
        return raw

    def _type(
        self,
        field_id: str,
        kind: str,
        raw: Mapping[str, object],
        properties: Mapping[str, object],
        validate: Mapping[str, object],
    ) -> FieldType | None:
        named = properties.get("lm.type")
        if named is None:
            named = DEFAULT_TYPES[kind]
            if kind == "datetime":
                named = raw.get("subtype", "datetime")
            elif kind == "number" and raw.get("decimalDigits") == 0:
                named = "integer"
            elif kind == "textfield" and validate.get("validationType") == "phone":
                named = "phone"
        type_ = type_named(named) if isinstance(named, str) else None
        if type_ is None:
            self.refuse(field_id, "unknown_type", given=str(named)[:80])
        elif kind not in type_.components:
            self.refuse(field_id, "type_on_component", given=type_.name, component=kind)
            return None
        return type_

    def _label(self, field_id: str, raw: Mapping[str, object], properties: Mapping[str, object]) -> Bilingual:
        label = self._bilingual(field_id, raw, "label", properties, "lm.label_en")
        if label is None and raw.get("type") == "datetime":
            label = self._bilingual(field_id, raw, "dateLabel", properties, "lm.label_en")
            label = label or self._bilingual(field_id, raw, "timeLabel", properties, "lm.label_en")
        if label is None:
            self.refuse(field_id, "label_missing")
            return Bilingual(field_id, field_id)
        return label

    def _bilingual(
        self, field_id: str, raw: Mapping[str, object], name: str, properties: Mapping[str, object], english: str
    ) -> Bilingual | None:
        zh, en = raw.get(name), properties.get(english)
        for given, attribute in ((zh, name), (en, english)):
            if given is not None and (not isinstance(given, str) or len(given) > 5000):
                self._bad(field_id, attribute, "不超过5000字符的文字", "a text of at most 5000 characters")
                return None
        if not zh:
            return None
        return Bilingual(str(zh), str(en or zh))

    def _limits(
        self,
        field_id: str,
        raw: Mapping[str, object],
        properties: Mapping[str, object],
        validate: Mapping[str, object],
        type_: FieldType,
    ) -> Limits:
        limits = Limits(
            minimum=self._decimal(field_id, "min", properties.get("lm.min", validate.get("min"))),
            maximum=self._decimal(field_id, "max", properties.get("lm.max", validate.get("max"))),
            min_length=self._count(field_id, "minLength", validate.get("minLength"), 100_000),
            max_length=self._count(field_id, "maxLength", validate.get("maxLength"), 100_000),
            pattern=self._pattern(field_id, validate.get("pattern")),
            email=validate.get("validationType") == "email",
            decimals=self._count(field_id, "decimalDigits", raw.get("decimalDigits"), DECIMALS),
            step=None if raw.get("increment") is None else str(raw["increment"])[:20],
            not_before=self._day(field_id, properties, "lm.not_before")
            or ("today" if raw.get("disallowPassedDates") is True else None),
            not_after=self._day(field_id, properties, "lm.not_after"),
            multiple=self._flag(field_id, raw, "multiple"),
            accept=None if raw.get("accept") is None else str(raw["accept"])[:200],
            rule=self._rule(field_id, properties, type_),
            rule_start=self._expression(field_id, properties.get("lm.start")),
        )
        for low, high in ((limits.minimum, limits.maximum), (limits.min_length, limits.max_length)):
            if low is not None and high is not None and low > high:
                self.refuse(field_id, "limits")
        return limits

    def _validate(self, field_id: str, raw: Mapping[str, object]) -> Mapping[str, object]:
        validate = raw.get("validate", {})
        if not isinstance(validate, dict):
            self._bad(field_id, "validate", "对象", "an object")
            return {}
        for name in sorted(validate.keys() - VALIDATE):
            self.refuse(field_id, "unknown_attribute", given=f"validate.{name}"[:80])
        if not isinstance(validate.get("required", False), bool):
            self._bad(field_id, "validate.required", "true 或 false", "true or false")
        if validate.get("validationType", "custom") not in ("custom", "email", "phone", ""):
            self._bad(field_id, "validate.validationType", "custom、email 或 phone", "custom, email or phone")
        return validate

    def _properties(self, field_id: str, raw: Mapping[str, object], known: frozenset[str]) -> Mapping[str, object]:
        properties = raw.get("properties", {})
        if not isinstance(properties, dict):
            self._bad(field_id, "properties", "对象", "an object")
            return {}
        # Other tools may keep properties of theirs; a misspelt one of ours would be a rule that does not hold.
        for name in sorted(properties):
            if name.startswith("lm.") and name not in known:
                self.refuse(field_id, "unknown_property", given=name[:80])
        return properties

    def _classification(
        self, field_id: str, properties: Mapping[str, object], default: Classification
    ) -> Classification:
        given = properties.get("lm.classification", default)
        if given not in CLASSIFICATIONS:
            self.refuse(field_id, "classification", expected=", ".join(CLASSIFICATIONS))
            return default
        return cast(Classification, given)

    def _hide(self, field_id: str, raw: Mapping[str, object]) -> str | None:
        conditional = raw.get("conditional")
        if conditional is None:
            return None
        if not isinstance(conditional, dict) or conditional.keys() - {"hide"}:
            self._bad(field_id, "conditional", "仅含 hide 的对象", "an object with hide only")
            return None
        return self._expression(field_id, conditional.get("hide") or None)

    def _expression(self, field_id: str, raw: object) -> str | None:
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str) or len(raw) > 5000:
            self._bad(field_id, "expression", "FEEL 表达式", "a FEEL expression")
            return None
        text = raw.strip().removeprefix("=").strip()
        wrong = syntax_error(text)
        if wrong is not None:
            facts = wrong.facts
            self.refuse(
                field_id,
                "expression",
                line=facts["line"],
                column=facts["column"],
                hint_zh=facts["hint_zh"],
                hint_en=facts["hint_en"],
            )
            return None
        return text

    def _options(self, field_id: str, raw: object) -> tuple[Option, ...]:
        if raw is None:
            return ()
        if not isinstance(raw, list) or len(raw) > MOST_OPTIONS:
            self._bad(field_id, "values", f"不超过{MOST_OPTIONS}项的列表", f"a list of at most {MOST_OPTIONS}")
            return ()
        options: dict[str, Option] = {}
        for each in raw:
            value = each.get("value") if isinstance(each, dict) else None
            label = each.get("label") if isinstance(each, dict) else None
            if not isinstance(value, (str, int)) or value == "" or not isinstance(label, str) or not label:
                self._bad(field_id, "values", "含 label 和 value 的对象", "objects with label and value")
                return ()
            if str(value) in options:
                self.refuse(field_id, "option_twice", given=str(value)[:80])
            options[str(value)] = Option(value, Bilingual(label, str(each.get("label_en") or label)))
        return tuple(options.values())

    def _options_key(self, field_id: str, raw: Mapping[str, object]) -> str | None:
        key = raw.get("valuesKey")
        if key is None or key == "":
            return None
        if not isinstance(key, str) or not KEY.fullmatch(key):
            self._bad(field_id, "valuesKey", "变量名", "the name of a variable")
            return None
        return key

    def _columns(self, field_id: str, raw: object) -> tuple[Column, ...]:
        if not isinstance(raw, list) or not raw:
            self._bad(field_id, "columns", "非空列表", "a list that is not empty")
            return ()
        columns = []
        for each in raw:
            if not isinstance(each, dict) or not isinstance(each.get("key"), str):
                self._bad(field_id, "columns", "含 key 和 label 的对象", "objects with key and label")
                return ()
            label = str(each.get("label") or each["key"])
            kind = each.get("lm.type")
            columns.append(
                Column(
                    each["key"],
                    Bilingual(label, str(each.get("label_en") or label)),
                    None if kind is None else str(kind),
                )
            )
        return tuple(columns)

    def _adorner(self, raw: Mapping[str, object], properties: Mapping[str, object], side: str) -> Bilingual | None:
        appearance = raw.get("appearance")
        text = appearance.get(f"{side}Adorner") if isinstance(appearance, dict) else None
        if not text:
            return None
        return Bilingual(str(text)[:40], str(properties.get(f"lm.{side}_en") or text)[:40])

    def _pattern(self, field_id: str, raw: object) -> str | None:
        if raw is None or raw == "":
            return None
        try:
            if not isinstance(raw, str) or len(raw) > 500:
                raise regex.error("too long")
            regex.compile(raw)
        except (regex.error, OverflowError, RecursionError):
            self.refuse(field_id, "pattern_wrong")
            return None
        if not self.published and not _is_fast(raw):
            self.refuse(field_id, "pattern_slow")
        return raw

    def _rule(self, field_id: str, properties: Mapping[str, object], type_: FieldType) -> str | None:
        rule = properties.get("lm.rule")
        if type_.name != "date_deadline":
            return None
        known = bundled_rules().get(str(rule))
        if known is None or known.unit == "hours":
            self.refuse(field_id, "deadline_rule", given=str(rule)[:20])
        if not properties.get("lm.start"):
            self._bad(field_id, "lm.start", "起算日期的 FEEL 表达式", "a FEEL expression for the day it starts from")
        return str(rule)

    def _day(self, field_id: str, properties: Mapping[str, object], name: str) -> str | None:
        given = properties.get(name)
        if given is None or given == "today":
            return None if given is None else "today"
        if isinstance(given, str) and given.startswith("="):
            expression = self._expression(field_id, given)
            return None if expression is None else f"={expression}"
        try:
            return read_date(given).isoformat()
        except ValueRefusal:
            self._bad(field_id, name, "today、日期或以 = 开头的表达式", "today, a date, or an expression after =")
            return None

    def _decimal(self, field_id: str, name: str, given: object) -> Decimal | None:
        if given is None or given == "":
            return None
        try:
            value = Decimal(str(given))
        except ArithmeticError:
            value = Decimal("NaN")
        if isinstance(given, bool) or not value.is_finite():
            self._bad(field_id, name, "数字", "a number")
            return None
        return value

    def _count(self, field_id: str, name: str, given: object, most: int) -> int | None:
        if given is None or given == "":
            return None
        text = str(given)
        if isinstance(given, bool) or not re.fullmatch(r"[0-9]{1,6}", text) or int(text) > most:
            self._bad(field_id, name, f"0 至 {most} 的整数", f"a whole number from 0 to {most}")
            return None
        return int(text)

    def _flag(self, field_id: str, raw: Mapping[str, object], name: str) -> bool:
        given = raw.get(name, False)
        if not isinstance(given, bool):
            self._bad(field_id, name, "true 或 false", "true or false")
            return False
        return given

    def _checks(self, form_id: str, properties: Mapping[str, object], keys: set[str]) -> Iterator[Check]:
        raw = properties.get("lm.checks", [])
        if isinstance(raw, str):
            try:
                raw = strict_json.read(raw, most_bytes=MOST_BYTES)
            except strict_json.JsonRefused as error:
                self.refuse(form_id, "json", given=error.facts["reason"])
                return
        if not isinstance(raw, list):
            self._bad(form_id, "lm.checks", "列表", "a list")
            return
        for each in raw:
            if not isinstance(each, dict) or not all(
                isinstance(each.get(name), str) and each[name] for name in ("feel", "field", "zh", "en")
            ):
                self._bad(form_id, "lm.checks", "含 feel、field、zh、en 的对象", "objects with feel, field, zh and en")
                continue
            if each["field"].split(".")[0] not in keys:
                self.refuse(form_id, "check_field", given=each["field"][:80])
            feel = self._expression(form_id, each["feel"])
            if feel is not None:
                yield Check(feel, each["field"], Bilingual(each["zh"], each["en"]))

    def _bad(self, field_id: str, given: str, expected_zh: str, expected_en: str) -> None:
        self.refuse(field_id, "bad_attribute", given=given, expected_zh=expected_zh, expected_en=expected_en)


@lru_cache(maxsize=256)
def _is_fast(pattern: str) -> bool:
    try:
        for text in ADVERSARIES:
            search_pattern(pattern, text)
    except (TimeoutError, MemoryError):
        return False
    return True


def _plain_number(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError
