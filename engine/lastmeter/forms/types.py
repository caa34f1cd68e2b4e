"""Field types, one class each, registered by name: how a value is read, judged, kept and shown again.

Reading happens in two steps. `load` makes a value out of what came (HTML text, JSON, or a value that was already read:
reading twice changes nothing); `settle` judges it among the form's other values. Both refuse with a `Refusal`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import ClassVar, Protocol, TypeGuard

import regex

from lastmeter import clock, identifiers
from lastmeter.deadlines.bundled import bundled_rules
from lastmeter.deadlines.rules import Rule, compute, keeps
from lastmeter.errors import InvalidInput
from lastmeter.feel import FeelFunction
from lastmeter.forms.conditions import value_of
from lastmeter.forms.fields import Bilingual, Field, Option
from lastmeter.forms.messages import Message
from lastmeter.forms.text import clean, is_storable, narrow
from lastmeter.workdays import Calendar, bundled_calendar

LINE_LENGTH = 500
AREA_LENGTH = 20_000
WHOLE_DIGITS = 15
DECIMALS = 10
MOST_FILES = 50
# Ten trillion yuan: above any budget, and far from the end of a bigint.
MOST_FEN = 10**15
PATTERN_SECONDS = 0.1
FIRST_DAY = dt.date(1900, 1, 1)
LAST_DAY = dt.date(2199, 12, 31)


class Refusal(Exception):
    """A value cannot be what its field asks for."""

    def __init__(self, key: str, **facts: object) -> None:
        self.message = Message(key, facts)
        super().__init__(key)


class References(Protocol):
    """Who knows whether an organisation, person, region or file exists and may be named by this actor."""

    def knows(self, kind: str, value: int | str) -> bool: ...


@dataclass(frozen=True)
class Scope:
    """What a value is judged among: the legal day, the calendar, what is known to the system, the other values."""

    today: dt.date = field(default_factory=clock.today)
    calendar: Calendar = field(default_factory=bundled_calendar)
    rules: Mapping[str, Rule] = field(default_factory=bundled_rules)
    references: References | None = None  # None: only the shape of a reference is judged
    functions: Mapping[str, FeelFunction] = field(default_factory=dict)  # lent to expressions by wiring
    strict_min_days: bool = False
    values: Mapping[str, object] = field(default_factory=dict)

    def within(self, values: Mapping[str, object]) -> Scope:
        """The same scope among these values."""
        return replace(self, values=values)

    def evaluate(self, expression: str) -> object:
        """What the expression gives among the values; null where it cannot be evaluated."""
        return value_of(expression, self.values, self.functions)


class FieldType:
    """A kind of value."""

    name: ClassVar[str]
    components: ClassVar[frozenset[str]]  # of form-js on which it may stand
    is_enumerable: ClassVar[bool] = False  # a boolean or one of a few: may be read by a process even if secret

    def load(self, raw: object, spec: Field) -> object:
        """The value that `raw` stands for. Raises Refusal."""
        raise NotImplementedError

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        """The value once it was judged among the others. Raises Refusal."""
        return value

    def show(self, value: object, spec: Field) -> object:
        """What an HTML input holds for the value: a text, True or False, or a list of texts."""
        return str(value)

    def to_json(self, value: object) -> object:
        """The value as JSON keeps it."""
        return value

    def from_json(self, kept: object) -> object:
        """The value that `to_json` kept."""
        return kept

    def json_schema(self, spec: Field) -> dict[str, object]:
        """What an API client may send."""
        return {"type": "string"}


REGISTRY: dict[str, FieldType] = {}


def register(cls: type[FieldType]) -> type[FieldType]:
    """The type can be named in forms from now on."""
    REGISTRY[cls.name] = cls()
    return cls


def _text(raw: object, refusal: str = "not_text") -> str:
    if not isinstance(raw, str):
        raise Refusal(refusal)
    return raw


def _narrow_text(raw: object, refusal: str) -> str:
    text = narrow(_text(raw, refusal))
    if len(text) > LINE_LENGTH:
        raise Refusal("too_long", most=LINE_LENGTH)
    return text


def search_pattern(pattern: str, text: str) -> bool:
    """The pattern is found in the text within a tenth of a second. Raises TimeoutError, regex.error."""
    return regex.search(pattern, text, timeout=PATTERN_SECONDS) is not None


@register
class Text(FieldType):
    """One line."""

    name = "text"
    components = frozenset({"textfield"})
    multiline: ClassVar[bool] = False
    longest: ClassVar[int] = LINE_LENGTH
    _EMAIL = re.compile(r"[^@\s<>\"',;]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

    def load(self, raw: object, spec: Field) -> str:
        text = _text(raw)
        most = min(spec.limits.max_length or self.longest, AREA_LENGTH)
        # Judged before it is normalised: a flood must not be worked on.
        if len(text) > 4 * most + 1000:
            raise Refusal("too_long", most=most)
        text = clean(text)
        if not is_storable(text, multiline=self.multiline):
            raise Refusal("unstorable")
        if len(text) > most:
            raise Refusal("too_long", most=most)
        if spec.limits.min_length and len(text) < spec.limits.min_length:
            raise Refusal("too_short", least=spec.limits.min_length)
        if spec.limits.email and not self._EMAIL.fullmatch(text):
            raise Refusal("email")
        if spec.limits.pattern:
            self._match(spec.limits.pattern, text)
        return text

    @staticmethod
    def _match(pattern: str, text: str) -> None:
        try:
            found = search_pattern(pattern, text)
        except TimeoutError:
            found = False
        if not found:
            raise Refusal("pattern")

    def json_schema(self, spec: Field) -> dict[str, object]:
        schema: dict[str, object] = {"type": "string", "maxLength": spec.limits.max_length or self.longest}
        if spec.limits.min_length:
            schema["minLength"] = spec.limits.min_length
        if spec.limits.pattern:
            schema["pattern"] = spec.limits.pattern
        if spec.limits.email:
            schema["format"] = "email"
        return schema


@register
class TextArea(Text):
    """Several lines."""

    name = "textarea"
    components = frozenset({"textarea"})
    multiline = True
    longest = AREA_LENGTH


_NUMBER = re.compile(r"(-?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]+))?")


def read_decimal(raw: object) -> Decimal:
    """A number as people and machines write it: digits, thousands in groups of three, a point. Raises Refusal.

    No exponent, no NaN, no more than fifteen digits before the point and ten after.
    """
    if isinstance(raw, bool):
        raise Refusal("not_a_number")
    if isinstance(raw, (int, float, Decimal)):
        value = raw if isinstance(raw, Decimal) else Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)
        if not value.is_finite():
            raise Refusal("not_a_number")
        if value.adjusted() >= WHOLE_DIGITS or value.adjusted() < -DECIMALS - 1:
            raise Refusal("too_many_digits", most=WHOLE_DIGITS + DECIMALS)
        text = format(value, "f")
    else:
        text = narrow(_text(raw, "not_a_number"))
        if len(text) > 60:
            raise Refusal("too_many_digits", most=WHOLE_DIGITS + DECIMALS)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise Refusal("not_a_number")
    whole, fraction = match[2].replace(",", "").lstrip("0"), (match[3] or "")
    if len(whole) > WHOLE_DIGITS or len(fraction) > WHOLE_DIGITS + DECIMALS:
        raise Refusal("too_many_digits", most=WHOLE_DIGITS + DECIMALS)
    value = Decimal(f"{match[1]}{whole or '0'}.{fraction or '0'}")
    return value if value else Decimal(0)  # there is one zero, and it has no sign


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _keep_within(value: Decimal, spec: Field) -> None:
    least, most = spec.limits.minimum, spec.limits.maximum
    if least is not None and value < least:
        raise Refusal("too_small", least=_plain(least))
    if most is not None and value > most:
        raise Refusal("too_big", most=_plain(most))


def _bounds(spec: Field) -> dict[str, object]:
    bounds: dict[str, object] = {}
    for name, limit in (("minimum", spec.limits.minimum), ("maximum", spec.limits.maximum)):
        if limit is not None:
            bounds[name] = int(limit) if limit == limit.to_integral_value() else float(limit)
    return bounds


@register
class Number(FieldType):
    """A number with a fraction, exact."""

    name = "number"
    components = frozenset({"number", "textfield"})

    def load(self, raw: object, spec: Field) -> Decimal | int:
        value = read_decimal(raw)
        most = DECIMALS if spec.limits.decimals is None else spec.limits.decimals
        plain = _plain(value)
        if len(plain.partition(".")[2]) > most:
            raise Refusal("too_many_decimals", most=most)
        value = Decimal(plain)
        _keep_within(value, spec)
        return value

    def show(self, value: object, spec: Field) -> object:
        return _plain(value) if isinstance(value, Decimal) else str(value)

    def to_json(self, value: object) -> object:
        return str(value)

    def from_json(self, kept: object) -> object:
        return Decimal(str(kept))

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "number", **_bounds(spec)}


@register
class Integer(FieldType):
    """A whole number."""

    name = "integer"
    components = frozenset({"number", "textfield"})

    def load(self, raw: object, spec: Field) -> int:
        value = read_decimal(raw)
        if value != value.to_integral_value():
            raise Refusal("not_an_integer")
        _keep_within(value, spec)
        return int(value)

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "integer", **_bounds(spec)}


@register
class MoneyFen(FieldType):
    """An amount typed in yuan and kept as a whole number of fen. A JSON integer is fen, a text is yuan."""

    name = "money_fen"
    components = frozenset({"number", "textfield"})

    def load(self, raw: object, spec: Field) -> int:
        fen = self._fen(raw)
        if fen < 0:
            raise Refusal("money_negative")
        least, most = spec.limits.minimum, min(spec.limits.maximum or MOST_FEN, Decimal(MOST_FEN))
        if least is not None and fen < least:
            raise Refusal("too_small", least=in_yuan(int(least)))
        if fen > most:
            raise Refusal("too_big", most=in_yuan(int(most)))
        return fen

    @staticmethod
    def _fen(raw: object) -> int:
        if isinstance(raw, Decimal) and raw.is_finite() and raw == raw.to_integral_value():
            return int(read_decimal(raw))  # FEEL has one kind of number
        if isinstance(raw, int) and not isinstance(raw, bool):
            return raw
        text = re.sub(r"^[¥￥]\s*|\s*元$", "", narrow(_text(raw, "not_money")))
        try:
            yuan = read_decimal(text)
        except Refusal:
            raise Refusal("not_money") from None
        if len(text.partition(".")[2]) > 2:
            raise Refusal("money_decimals")
        if text.startswith("-"):
            raise Refusal("money_negative")
        return int(yuan * 100)

    def show(self, value: object, spec: Field) -> object:
        return in_yuan(value) if isinstance(value, int) else str(value)

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {
            "oneOf": [
                {"type": "integer", "minimum": 0, "description": "fen"},
                {"type": "string", "pattern": r"^[0-9]{1,3}(,?[0-9]{3})*(\.[0-9]{1,2})?$", "description": "yuan"},
            ]
        }


def in_yuan(fen: int) -> str:
    """`12,345.60` for 1234560 fen."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})|([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日")


def read_date(raw: object) -> dt.date:
    """A day between 1900 and 2199, written 2026-05-06, 2026/5/6 or 2026年5月6日. Raises Refusal."""
    if isinstance(raw, dt.datetime):
        raw = clock.local_day(raw) if raw.tzinfo else raw.date()
    if not isinstance(raw, dt.date):
        match = _DATE.fullmatch(_narrow_text(raw, "not_a_date"))
        if match is None:
            raise Refusal("not_a_date")
        try:
            raw = dt.date(*(int(part) for part in match.groups() if part is not None))
        except ValueError:
            raise Refusal("not_a_date") from None
    if not FIRST_DAY <= raw <= LAST_DAY:
        raise Refusal("not_a_date")
    return raw


def _limit_day(limit: str | None, scope: Scope) -> dt.date | None:
    if limit is None:
        return None
    if limit == "today":
        return scope.today
    value = scope.evaluate(limit[1:]) if limit.startswith("=") else limit
    return None if value is None else read_date(value)


def _keep_between(day: dt.date, spec: Field, scope: Scope) -> None:
    least, most = _limit_day(spec.limits.not_before, scope), _limit_day(spec.limits.not_after, scope)
    if least is not None and day < least:
        raise Refusal("too_early", least=least.isoformat())
    if most is not None and day > most:
        raise Refusal("too_late", most=most.isoformat())


@register
class Date(FieldType):
    """A legal day."""

    name = "date"
    components = frozenset({"datetime"})

    def load(self, raw: object, spec: Field) -> dt.date:
        return read_date(raw)

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        assert isinstance(value, dt.date)
        _keep_between(value, spec, scope)
        return value

    def to_json(self, value: object) -> object:
        return str(value)

    def from_json(self, kept: object) -> object:
        return dt.date.fromisoformat(str(kept))

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "format": "date"}


@register
class DateDeadline(Date):
    """A day that must keep a rule of the register: not before its minimum is over, not after its maximum."""

    name = "date_deadline"

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        assert isinstance(value, dt.date)
        _keep_between(value, spec, scope)
        rule = scope.rules[spec.limits.rule or ""]
        start = scope.evaluate(spec.limits.rule_start or "null")
        if not isinstance(start, dt.date):
            raise Refusal("deadline_unknown")
        try:
            computed = compute(rule, start, scope.calendar, strict_min_days=scope.strict_min_days)
        except InvalidInput:
            raise Refusal("deadline_unknown") from None
        if not keeps(computed, value):
            raise Refusal(
                "after_deadline" if rule.sense == "max" else "before_deadline",
                due=computed.due.isoformat(),
                rule=rule.id,
                plain_zh=rule.plain_zh,
                plain_en=rule.plain_en,
                source_zh=rule.source_zh,
                source_en=rule.source_en,
            )
        return value


_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


@register
class DateTime(FieldType):
    """An instant; typed without a zone it is local time of Asia/Shanghai. Kept in UTC."""

    name = "datetime"
    components = frozenset({"datetime"})

    def load(self, raw: object, spec: Field) -> dt.datetime:
        value = raw if isinstance(raw, dt.datetime) else self._read(raw)
        if value.tzinfo is None:
            value = value.replace(tzinfo=clock.ZONE)
        if not FIRST_DAY <= value.date() <= LAST_DAY:
            raise Refusal("not_a_datetime")
        return value.astimezone(dt.UTC)

    @staticmethod
    def _read(raw: object) -> dt.datetime:
        text = _narrow_text(raw, "not_a_datetime")
        if _INSTANT.fullmatch(text) is None:
            raise Refusal("not_a_datetime")
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            raise Refusal("not_a_datetime") from None

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        assert isinstance(value, dt.datetime)
        _keep_between(clock.local_day(value), spec, scope)
        return value

    def show(self, value: object, spec: Field) -> object:
        if isinstance(value, dt.datetime):
            return value.astimezone(clock.ZONE).strftime("%Y-%m-%dT%H:%M")
        return str(value)

    def to_json(self, value: object) -> object:
        assert isinstance(value, dt.datetime)
        return value.isoformat()

    def from_json(self, kept: object) -> object:
        return dt.datetime.fromisoformat(str(kept))

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "format": "date-time"}


@register
class Time(FieldType):
    """A local time of day."""

    name = "time"
    components = frozenset({"datetime"})
    _SHAPE = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?")

    def load(self, raw: object, spec: Field) -> dt.time:
        if isinstance(raw, dt.time):
            return raw
        text = _narrow_text(raw, "not_a_time")
        if self._SHAPE.fullmatch(text) is None:
            raise Refusal("not_a_time")
        return dt.time.fromisoformat(text)

    def show(self, value: object, spec: Field) -> object:
        return value.strftime("%H:%M") if isinstance(value, dt.time) else str(value)

    def to_json(self, value: object) -> object:
        return str(value)

    def from_json(self, kept: object) -> object:
        return dt.time.fromisoformat(str(kept))

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "format": "time"}


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


def _chosen(raw: object, options: tuple[Option, ...]) -> str | int | bool:
    wanted = _plain(raw) if isinstance(raw, Decimal) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    for option in options:
        if wanted == (str(option.value).lower() if isinstance(option.value, bool) else str(option.value)):
            return option.value
    raise Refusal("not_an_option")


def _is_short_number(raw: object) -> TypeGuard[int | Decimal]:
    # Python refuses to write out integers of thousands of digits; nothing of ours has more than twenty.
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal)):
        return False
    value = Decimal(raw)
    return value.is_finite() and abs(value) < 10**20


def _scalar(raw: object) -> str | int | bool | Decimal:
    if isinstance(raw, bool) or _is_short_number(raw):
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
        return _chosen(_scalar(raw), spec.options) if spec.options else _scalar(raw)

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        return _chosen(value, options_of(spec, scope))

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
        values = [_scalar(each) for each in given if each != ""]
        return self._in_order(values, spec.options) if spec.options else values

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        assert isinstance(value, list)
        return self._in_order(value, options_of(spec, scope))

    @staticmethod
    def _in_order(values: list[str | int | bool | Decimal], options: tuple[Option, ...]) -> list[object]:
        chosen = [_chosen(value, options) for value in values]
        return [option.value for option in options if option.value in chosen]

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


class _Reference(FieldType):
    """Something known to the system, by the number of its row."""

    components = frozenset({"textfield", "select", "number"})
    refusal: ClassVar[str]
    kind: ClassVar[str]

    def load(self, raw: object, spec: Field) -> object:
        text = str(raw) if _is_short_number(raw) else raw
        if not isinstance(text, str) or not re.fullmatch(r"[1-9][0-9]{0,18}", text) or int(text) >= 2**63:
            raise Refusal(self.refusal)
        return int(text)

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        if spec.has_options:
            value = _chosen(value, options_of(spec, scope))
        if (
            scope.references is not None
            and isinstance(value, (int, str))
            and not scope.references.knows(self.kind, value)
        ):
            raise Refusal(self.refusal)
        return value

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "integer", "minimum": 1}


@register
class Organisation(_Reference):
    """An organisation."""

    name = kind = "organisation"
    refusal = "unknown_organisation"


@register
class Person(_Reference):
    """A person."""

    name = kind = "person"
    refusal = "unknown_person"


@register
class Region(_Reference):
    """A region by its code: GB/T 2260 where it has one, else a local code."""

    name = kind = "region"
    refusal = "unknown_region"

    def load(self, raw: object, spec: Field) -> object:
        text = narrow(str(raw)) if isinstance(raw, str) or _is_short_number(raw) else ""
        if not re.fullmatch(r"[0-9A-Za-z-]{1,12}", text):
            raise Refusal(self.refusal)
        return text

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "pattern": "^[0-9A-Za-z-]{1,12}$"}


@register
class File(_Reference):
    """Uploaded documents, by their numbers; a list where the field takes several."""

    name = "file"
    kind = "file"
    components = frozenset({"filepicker"})
    refusal = "unknown_file"

    def load(self, raw: object, spec: Field) -> object:
        given = [each for each in raw if each != ""] if isinstance(raw, list) else [raw]
        if not spec.limits.multiple and len(given) != 1:
            raise Refusal("one_file_only")
        if len(given) > MOST_FILES:
            raise Refusal("too_many_rows", most=MOST_FILES)
        numbers = list(dict.fromkeys(super(File, self).load(each, spec) for each in given))
        return numbers if spec.limits.multiple else numbers[0]

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        for number in value if isinstance(value, list) else [value]:
            super().settle(number, spec, scope)
        return value

    def show(self, value: object, spec: Field) -> object:
        return [str(each) for each in value] if isinstance(value, list) else [str(value)]

    def json_schema(self, spec: Field) -> dict[str, object]:
        one = super().json_schema(spec)
        return {"type": "array", "items": one, "maxItems": MOST_FILES} if spec.limits.multiple else one


class _Identifier(FieldType):
    components = frozenset({"textfield"})

    def is_right(self, text: str) -> bool:
        """Well made, check character included."""
        raise NotImplementedError

    def load(self, raw: object, spec: Field) -> str:
        text = identifiers.normal(_narrow_text(raw, self.name))
        if not self.is_right(text):
            raise Refusal(self.name)
        return text


@register
class IdNumber(_Identifier):
    """A resident identity number (居民身份证号码)."""

    name = "id_number"

    def is_right(self, text: str) -> bool:
        return identifiers.is_id_number(text)

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        if not identifiers.is_id_number(str(value), today=scope.today):
            raise Refusal("id_number")
        return value

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "pattern": "^[0-9]{17}[0-9X]$"}


@register
class Uscc(_Identifier):
    """A unified social credit code (统一社会信用代码)."""

    name = "uscc"

    def is_right(self, text: str) -> bool:
        return identifiers.is_uscc(text)

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$"}


@register
class Phone(_Identifier):
    """A mobile number."""

    name = "phone"

    def is_right(self, text: str) -> bool:
        return identifiers.is_phone(text)

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "pattern": "^1[3-9][0-9]{9}$"}


ALIASES = {"org": "organisation", "feel_check": "feel-check", "money": "money_fen"}


def type_named(name: str) -> FieldType | None:
    """The registered type of that name or alias."""
    return REGISTRY.get(ALIASES.get(name, name))
