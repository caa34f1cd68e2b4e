"""Numbers and money, exact."""

from __future__ import annotations

import re
from decimal import Decimal

from lastmeter.forms.fields import Field
from lastmeter.forms.text import narrow
from lastmeter.forms.types.base import FieldType, Refusal, register, text_in

WHOLE_DIGITS = 15
DECIMALS = 10
# Ten trillion yuan: above any budget, and far from the end of a bigint.
MOST_FEN = 10**15

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
        text = narrow(text_in(raw, "not_a_number"))
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


def plain(value: Decimal) -> str:
    """The number in digits, without exponent and without zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _keep_within(value: Decimal, spec: Field) -> None:
    least, most = spec.limits.minimum, spec.limits.maximum
    if least is not None and value < least:
        raise Refusal("too_small", least=plain(least))
    if most is not None and value > most:
        raise Refusal("too_big", most=plain(most))


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
        digits = plain(value)
        if len(digits.partition(".")[2]) > most:
            raise Refusal("too_many_decimals", most=most)
        value = Decimal(digits)
        _keep_within(value, spec)
        return value

    def show(self, value: object, spec: Field) -> object:
        return plain(value) if isinstance(value, Decimal) else str(value)

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
        text = re.sub(r"^[¥￥]\s*|\s*元$", "", narrow(text_in(raw, "not_money")))
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
