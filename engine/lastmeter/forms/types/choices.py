"""Choices: one of several, any of several, yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, TypeGuard

from lastmeter.forms.fields import Bilingual, Field, Option
from lastmeter.forms.text import clean
from lastmeter.forms.types.base import LINE_LENGTH, FieldType, Refusal, Scope, register
from lastmeter.forms.types.numbers import plain


def options_of(spec: Field, scope: Scope) -> tuple[Option, ...]:
    """The choices of a field: written in the form, or found in the process's variables."""
    if spec.options:
        return spec.options
    found = scope.evaluate(spec.options_expression or spec.options_key or "null")
    return tuple(option for each in found if (option := _option(each))) if isinstance(found, list) else ()


def _option(found: object) -> Option | None:
    value = found.get("value") if isinstance(found, Mapping) else found
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else str(value)
    if not isinstance(value, (str, int)):
        return None
    label, label_en = str(value), None
    if isinstance(found, Mapping):
        label, label_en = str(found.get("label") or value), found.get("label_en")
    return Option(value, Bilingual(label, str(label_en or label)))


def chosen(raw: object, options: tuple[Option, ...]) -> str | int | bool:
    """The value of the option that was meant, a number or its text. Raises Refusal."""
    wanted = plain(raw) if isinstance(raw, Decimal) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    for option in options:
        if wanted == (str(option.value).lower() if isinstance(option.value, bool) else str(option.value)):
            return option.value
    raise Refusal("not_an_option")


def is_short_number(raw: object) -> TypeGuard[int | Decimal]:
    """A number that can be written out."""
    # Python refuses to write out integers of thousands of digits; nothing of ours has more than twenty.
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal)):
        return False
    value = Decimal(raw)
    return value.is_finite() and abs(value) < 10**20


def scalar(raw: object) -> str | int | bool | Decimal:
    """What may stand for an option. Raises Refusal."""
    if isinstance(raw, bool) or is_short_number(raw):
        return raw
    if not isinstance(raw, str) or len(raw) > LINE_LENGTH:
        raise Refusal("not_an_option")
    return clean(raw)


@register
class Select(FieldType):
    """One of the options."""

    name = "select"
    components = frozenset({"select"})
    is_enumerable = True

    def load(self, raw: object, spec: Field) -> object:
        return chosen(scalar(raw), spec.options) if spec.options else scalar(raw)

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        return chosen(value, options_of(spec, scope))

    def show(self, value: object, spec: Field) -> object:
        return str(value).lower() if isinstance(value, bool) else str(value)

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"enum": [option.value for option in spec.options]} if spec.options else {}


@register
class Radio(Select):
    """One of the options, all in sight."""

    name = "radio"
    components = frozenset({"radio"})


@register
class Checklist(FieldType):
    """Any of the options, in the options' order."""

    name = "checklist"
    components = frozenset({"checklist"})
    is_enumerable = True

    def load(self, raw: object, spec: Field) -> object:
        given = raw if isinstance(raw, list) else [raw]
        if len(given) > 1000:
            raise Refusal("not_an_option")
        values = [scalar(each) for each in given if each != ""]
        return self._in_order(values, spec.options) if spec.options else values

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        assert isinstance(value, list)
        return self._in_order(value, options_of(spec, scope))

    @staticmethod
    def _in_order(values: list[str | int | bool | Decimal], options: tuple[Option, ...]) -> list[object]:
        wanted = [chosen(value, options) for value in values]
        return [option.value for option in options if option.value in wanted]

    def show(self, value: object, spec: Field) -> object:
        return [str(each) for each in value] if isinstance(value, list) else [str(value)]

    def json_schema(self, spec: Field) -> dict[str, object]:
        items: dict[str, object] = {"enum": [option.value for option in spec.options]} if spec.options else {}
        return {"type": "array", "items": items, "uniqueItems": True}


@register
class Checkbox(FieldType):
    """Yes or no; where it is required, yes."""

    name = "checkbox"
    components = frozenset({"checkbox"})
    is_enumerable = True
    _WORDS: ClassVar[dict[str, bool]] = {
        "on": True, "true": True, "1": True, "yes": True, "off": False, "false": False, "0": False, "no": False,
    }  # fmt: skip

    def load(self, raw: object, spec: Field) -> bool:
        value = raw if isinstance(raw, bool) else self._WORDS.get(raw.strip().lower()) if isinstance(raw, str) else None
        if value is None:
            raise Refusal("not_yes_or_no")
        if spec.required and not value and spec.computed is None:
            raise Refusal("must_be_true")
        return value

    def show(self, value: object, spec: Field) -> object:
        return value is True or (isinstance(value, str) and self._WORDS.get(value.strip().lower(), False))

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"const": True} if spec.required else {"type": "boolean"}


@register
class FeelCheck(Checkbox):
    """A box that the system ticks: its expression is true or it is not. Required, it must be."""

    name = "feel-check"

    def load(self, raw: object, spec: Field) -> bool:
        return raw is True

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        if spec.required and value is not True:
            raise Refusal("must_be_true")
        return value

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "boolean", "readOnly": True}
