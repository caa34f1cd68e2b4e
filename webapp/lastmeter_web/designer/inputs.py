"""The fields in which a decision's inputs are typed: what each one shows, and what its text means."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from lastmeter.decisions import InputInfo, Model, inputs_of, place
from lastmeter.errors import InvalidInput, LastmeterError
from lastmeter.feel import FeelFunction, evaluate, literal_of
from lastmeter.feel.types import fit, simple_name
from lastmeter.feel.values import kind_of
from lastmeter_web import i18n
from lastmeter_web.designer import reasons
from lastmeter_web.designer.words import Words, type_name
from lastmeter_web.i18n import _
from lastmeter_web.sentences import sentence

Functions = Mapping[str, FeelFunction]
_PREFIX = "in."
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d*)(\.\d+)?")
_TYPED = {"boolean", "number", "string", "date", "time", "date and time"}


@dataclass
class Field:
    """One input as it is typed; `kind` chooses the control, `error` says what is wrong with the text and what to do."""

    info: InputInfo
    kind: str
    label: str
    id: str
    text: str = ""
    error: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Of the control in the form."""
        return _PREFIX + self.info.name

    @property
    def kind_name(self) -> str:
        return type_name(self.kind)

    @property
    def type_name(self) -> str:
        return type_name(simple_name(self.info.type) or "context")


def fields_of(model: Model, decision: str, words: Words) -> list[Field]:
    """An empty field for every input."""
    return [_field(number, info, words) for number, info in enumerate(inputs_of(model, decision), 1)]


def _field(number: int, info: InputInfo, words: Words) -> Field:
    name = info.name.rpartition(".")[2]
    made = Field(info, _kind(info), words.name(name, info.label), f"in-{number}")
    if made.kind == "choice":
        made.options = tuple((literal_of(value), words.value(value, name)) for value in info.allowed)
    elif made.kind == "boolean":
        made.options = (("true", _("是")), ("false", _("否")))
    elif made.kind == "string":
        _offer(made, name, words)
    return made


def _offer(made: Field, name: str, words: Words) -> None:
    """The codes that have words are chosen among, with one for whatever else there may be; others are suggested."""
    known = [value for value in made.info.known if isinstance(value, str)]
    named = words.codes(name)
    if named:
        made.kind, known = "code", [*dict.fromkeys([*named, *known]), "…"]
    made.options = tuple((value, words.value(value, name)) for value in known)


def _kind(info: InputInfo) -> str:
    if info.allowed:
        return "choice"
    kind = simple_name(info.type)
    if not kind and info.known and len({kind_of(value) for value in info.known}) == 1:
        kind = kind_of(info.known[0])
    if kind == "number" and info.name.endswith("_fen"):
        return "money"
    return kind if kind in _TYPED else "feel"


# --- from text to values -----------------------------------------------------------------------------------------


def read(fields: list[Field], sent: Mapping[str, str], functions: Functions) -> dict[str, object]:
    """The values of what was typed, by input; what cannot be read has its error set and no value here."""
    values: dict[str, object] = {}
    for each in fields:
        each.text = sent.get(each.name, "").strip()
        try:
            value = _value(each, functions)
        except InvalidInput as refusal:
            each.error = str(refusal.facts["reason"])
            continue
        except LastmeterError as refusal:
            each.error = sentence(refusal.code, refusal.facts, i18n.language())
            continue
        place(values, each.info.name, value)
    return values


def _value(each: Field, functions: Functions) -> object:
    if not each.text:
        return None
    value = _READERS[each.kind](each, functions)
    if not fit(value, each.info.type)[1]:
        wanted, given = each.type_name, type_name(kind_of(value))
        raise _wrong(_("需要{wanted}，填的是{given}；请按类型和允许值填写", wanted=wanted, given=given))
    return value


def _wrong(reason: str) -> InvalidInput:
    return InvalidInput(field="", reason=reason)


def _number(each: Field, functions: Functions) -> Decimal:
    text = each.text.replace("，", ",").removeprefix("¥").strip()
    if not any(sign.isdigit() for sign in text) or not text.isascii() or not _NUMBER.fullmatch(text) or len(text) > 40:
        raise _wrong(_("“{given}”不是数字；请填写数字，例如 12.5", given=each.text[:40]))
    return Decimal(text.replace(",", ""))


def _money(each: Field, functions: Functions) -> Decimal:
    yuan = _number(each, functions)
    if yuan * 100 != (yuan * 100).to_integral_value():
        raise _wrong(_("金额最多两位小数；请以元填写，例如 1280000.00"))
    return yuan * 100


def _boolean(each: Field, functions: Functions) -> bool:
    if each.text not in ("true", "false"):
        raise _wrong(_("请选择"))
    return each.text == "true"


def _choice(each: Field, functions: Functions) -> object:
    for value in each.info.allowed:
        if literal_of(value) == each.text:
            return value
    raise _wrong(_("请选择"))


def _string(each: Field, functions: Functions) -> str:
    return each.text


def _iso(parse: Callable[[str], object], example: str) -> Callable[[Field, Functions], object]:
    def read_it(each: Field, functions: Functions) -> object:
        try:
            return parse(each.text)
        except ValueError:
            said = _("“{given}”读不出来；请按 {example} 的格式填写", given=each.text[:40], example=example)
            raise _wrong(said) from None

    return read_it


def _feel(each: Field, functions: Functions) -> object:
    remarks: list[str] = []
    value = evaluate(each.text, {}, functions=functions, warnings=remarks)
    if value is None and remarks:
        hint = _('文字要加双引号，日期写作 @"2026-05-01"，列表写作 [1, 2]')
        raise _wrong(_("算不出值：{reason}；{hint}", reason=reasons.said(remarks[0]), hint=hint))
    return value


_READERS: Mapping[str, Callable[[Field, Functions], object]] = {
    "number": _number, "money": _money, "boolean": _boolean, "choice": _choice, "string": _string, "code": _string,
    "feel": _feel,
    "date": _iso(dt.date.fromisoformat, "2026-03-02"), "time": _iso(dt.time.fromisoformat, "09:30"),
    "date and time": _iso(dt.datetime.fromisoformat, "2026-03-02T09:30"),
}  # fmt: skip


def write(fields: list[Field], values: Mapping[str, object]) -> None:
    """The values as they would be typed."""
    for each in fields:
        each.text = _text(each.kind, values.get(each.info.name))


def _text(kind: str, value: object) -> str:
    if value is None:
        return ""
    if kind == "money" and isinstance(value, Decimal):
        return f"{value / 100:.2f}"
    if kind in ("string", "code") and isinstance(value, str):
        return value
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return literal_of(value)
