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

    def say(self, language: str) -> str:
        """The refusal as a sentence (zh or en)."""
        return SENTENCES[str(self.facts["reason"])][1 if language == "en" else 0].format(**self.facts)


SENTENCES: dict[str, tuple[str, str]] = {
    "too_large": ("内容超过 {most} 字节，请拆分后提交。", "The body is larger than {most} bytes; send it in parts."),
    "too_deep": ("嵌套超过 {most} 层，请简化结构。", "The body is nested deeper than {most} levels; flatten it."),
    "not_utf8": (
        "第 {position} 个字节不是 UTF-8 编码，请以 UTF-8 提交。",
        "Byte {position} is not UTF-8; send the body in UTF-8.",
    ),
    "not_json": (
        "第 {line} 行第 {column} 列不符合 JSON 语法，请更正。",
        "Line {line}, column {column} is not JSON; mend it there.",
    ),
    "duplicate_name": (
        "名称“{name}”在同一对象中重复，请只保留一个。",
        "The name {name} stands twice in one object; keep one.",
    ),
    "too_many_digits": ("数字超过 {most} 位，请缩短。", "A number has more than {most} digits; shorten it."),
    "number_out_of_range": ("数字超出可表示的范围。", "A number is beyond what can be represented."),
    "not_a_number": (
        "{name} 不是 JSON 数字，请改为 null 或实际数值。",
        "{name} is no JSON number; send null or a value.",
    ),
    "unstorable_character": (
        "文字中含有 NUL 或不完整的字符，请删除。",
        "A text holds NUL or half a character; remove it.",
    ),
}


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
