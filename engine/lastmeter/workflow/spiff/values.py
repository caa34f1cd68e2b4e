"""Variables of an instance as bytes and back without loss: FEEL values keep their type, no field name is reserved.

JSON knows neither decimals nor dates, so such a value is written as `{"$": kind, "v": text}`. A field of a person's own
form may be called `$` too: a context with that key is itself written as kind `context`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar
from zoneinfo import ZoneInfo

from lastmeter.errors import Kind, LastmeterError
from lastmeter.feel import Range, YearsMonths

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

TAG = "$"
MAX_DEPTH = 64
_INT64 = 2**63


class UnstorableValue(LastmeterError):
    """A value that cannot become a variable: facts `path`, `type`."""

    code: ClassVar[str] = "unstorable_value"
    kind: ClassVar[Kind] = "invalid"


def encode(value: object, path: str = "", depth: int = 0) -> Json:
    """The value in plain JSON terms. Raises UnstorableValue for sets, floats that are no numbers, unknown types."""
    if value is None or value is True or value is False or type(value) is str:
        return value
    if depth > MAX_DEPTH:
        raise UnstorableValue(path=path, type="nesting")
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else {TAG: "decimal", "v": str(int(value))}
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise UnstorableValue(path=path, type=str(value))
        return {TAG: "decimal", "v": str(value)}
    if isinstance(value, float):
        return encode(Decimal(repr(value)), path, depth)
    if isinstance(value, list | tuple):
        return [encode(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return _encode_context(value, path, depth)
    return _encode_special(value, path, depth)


def _encode_context(value: Mapping[object, object], path: str, depth: int) -> Json:
    fields: dict[str, Json] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise UnstorableValue(path=path, type=f"key of type {type(name).__name__}")
        fields[name] = encode(item, f"{path}.{name}" if path else name, depth + 1)
    return {TAG: "context", "v": fields} if TAG in fields else fields


def _encode_special(value: object, path: str, depth: int) -> Json:
    if isinstance(value, dt.datetime):
        zone = value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None
        if zone is None:
            return {TAG: "datetime", "v": value.isoformat()}
        return {TAG: "zoned", "v": value.replace(tzinfo=None).isoformat(), "zone": zone, "fold": value.fold}
    if isinstance(value, dt.date):
        return {TAG: "date", "v": value.isoformat()}
    if isinstance(value, dt.time):
        return {TAG: "time", "v": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {TAG: "duration", "v": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, YearsMonths):
        return {TAG: "months", "v": value.total_months}
    if isinstance(value, Range):
        ends = [encode(value.start, path, depth + 1), encode(value.end, path, depth + 1)]
        return {TAG: "range", "v": ends, "closed": [value.start_included, value.end_included]}
    raise UnstorableValue(path=path, type=type(value).__name__)


def as_text(value: object) -> str | None:
    """One text for equal values, whatever number type they came in: 12, 12.0 and Decimal("12") are equal.

    A list becomes one of its parts, none for a part that is null.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        parts = [as_text(part) for part in value]
        return None if None in parts else json.dumps(parts, ensure_ascii=False)
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.rstrip("0").rstrip(".") if "." in text and text.replace(".", "", 1).lstrip("-").isdigit() else text


def decode(value: Json) -> object:
    """The FEEL value that `encode` was given."""
    if isinstance(value, dict):
        if TAG in value:
            return _decode_tagged(value)
        return {name: decode(item) for name, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


def _decode_tagged(tagged: dict[str, Json]) -> object:
    kind, raw = tagged[TAG], tagged["v"]
    match kind, raw:
        case "decimal", str():
            return Decimal(raw)
        case "context", dict():
            return {name: decode(item) for name, item in raw.items()}
        case "datetime", str():
            return dt.datetime.fromisoformat(raw)
        case "zoned", str():
            fold = 1 if tagged["fold"] else 0
            return dt.datetime.fromisoformat(raw).replace(tzinfo=ZoneInfo(str(tagged["zone"])), fold=fold)
        case "date", str():
            return dt.date.fromisoformat(raw)
        case "time", str():
            return dt.time.fromisoformat(raw)
        case "duration", [int() as days, int() as seconds, int() as micros]:
            return dt.timedelta(days, seconds, micros)
        case "months", int():
            return YearsMonths(raw)
        case "range", [start, end]:
            closed = tagged["closed"]
            assert isinstance(closed, list)
            return Range(decode(start), decode(end), bool(closed[0]), bool(closed[1]))
    raise ValueError(f"unknown kind of value in a saved state: {kind!r}")
