"""JSON as we accept it: what is ambiguous, unbounded or unstorable is refused before it reaches anybody."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import NoReturn

from lastmeter.errors import LastmeterError

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 50
MOST_DIGITS = 40  # in one number; beyond it nobody counts anything

_STRINGS_AND_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_LONE_OR_NUL = re.compile("[\x00\ud800-\udfff]")


class JsonRefused(LastmeterError):
    """The body is not JSON that we accept; facts: `reason`, and what names the place."""

    code = "json_refused"


def read(body: bytes | str, *, most_bytes: int = MOST_BYTES, most_depth: int = MOST_DEPTH) -> object:
    """The value the JSON text stands for; fractions are Decimal. Raises JsonRefused.

    Refused: more than `most_bytes`, deeper than `most_depth`, not UTF-8, a name twice in one object, NaN and Infinity,
    numbers beyond 40 digits or the range of a double, NUL and lone surrogates.
    """
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    if len(raw) > most_bytes:
        raise JsonRefused(reason="too_large", most=most_bytes)
    _measure_depth(raw, most_depth)
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_object, parse_float=_fraction, parse_int=_integer, parse_constant=_constant
        )
    except UnicodeDecodeError as error:
        raise JsonRefused(reason="not_utf8", position=error.start) from None
    except json.JSONDecodeError as error:
        raise JsonRefused(reason="not_json", line=error.lineno, column=error.colno) from None
    _require_storable(value)
    return value


def _measure_depth(raw: bytes, most: int) -> None:
    depth = 0
    for match in _STRINGS_AND_BRACKETS.finditer(raw):
        sign = match[0]
        if sign in (b"[", b"{"):
            depth += 1
            if depth > most:
                raise JsonRefused(reason="too_deep", most=most)
        elif sign in (b"]", b"}"):
            depth -= 1


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for name, value in pairs:
        if name in result:
            raise JsonRefused(reason="duplicate_name", name=name[:80])
        result[name] = value
    return result


def _integer(digits: str) -> int:
    _require_few(digits)
    return int(digits)


def _fraction(digits: str) -> Decimal:
    _require_few(digits)
    value = Decimal(digits)
    if not -308 <= value.adjusted() <= 308 and value:
        raise JsonRefused(reason="number_out_of_range")
    return value


def _constant(name: str) -> NoReturn:
    raise JsonRefused(reason="not_a_number", name=name)


def _require_few(digits: str) -> None:
    if len(digits) > MOST_DIGITS:
        raise JsonRefused(reason="too_many_digits", most=MOST_DIGITS)


def _require_storable(value: object) -> None:
    left = [value]
    while left:
        current = left.pop()
        if isinstance(current, str) and _LONE_OR_NUL.search(current):
            raise JsonRefused(reason="unstorable_character")
        if isinstance(current, dict):
            left.extend(current.keys())
            left.extend(current.values())
        elif isinstance(current, list):
            left.extend(current)
