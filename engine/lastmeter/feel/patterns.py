"""Regular expressions as XPath writes them, run by the `regex` package under a time limit.

Source: DMN 1.5, table 74, which takes over XQuery 1.0 and XPath 2.0 Functions and Operators, 7.6.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import regex

from lastmeter.feel.errors import FeelBudgetExceeded, NoValue
from lastmeter.feel.runtime import MAX_STRING

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run

# Half of the second that a whole expression may take.
TIME_LIMIT = 0.5
MAX_PATTERN = 2_000

# Flag x is carried out here, since the package would drop more than white space; q takes the pattern literally.
_FLAGS = {"s": regex.DOTALL, "m": regex.MULTILINE, "i": regex.IGNORECASE, "x": 0, "q": 0}
# XML name characters, which XPath's \i and \c stand for.
_NAME_START = r":A-Z_a-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F"
_NAME_START += r"\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
_NAME = _NAME_START + r"\-.0-9\u00B7\u0300-\u036F\u203F-\u2040"
_CLASSES = {"i": _NAME_START, "c": _NAME}
_Result = TypeVar("_Result")


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: str) -> regex.Pattern[str]:
    if len(pattern) > MAX_PATTERN:
        raise NoValue("the pattern is too long")
    options = regex.V1
    for flag in flags:
        if flag not in _FLAGS:
            raise NoValue(f"unknown flag {flag!r}")
        options |= _FLAGS[flag]
    try:
        return regex.compile(_BLOCK.sub(_block, _source(pattern, flags)), options)
    except (regex.error, RecursionError, OverflowError) as error:
        raise NoValue(f"not a regular expression: {error}") from error


_BLOCK = regex.compile(r"(\\[pP]\{)Is(\w+)\}")


def _block(match: regex.Match[str]) -> str:
    """XPath calls blocks `IsBasicLatin`, the package `InBasicLatin`; what is no block stays a script (`IsHan`)."""
    named = f"{match[1]}In{match[2]}}}"
    try:
        regex.compile(named)
    except regex.error:
        return str(match[0])
    return named


def _source(pattern: str, flags: str) -> str:
    if "q" in flags:
        return regex.escape(pattern)
    return _translated(_strip_blanks(pattern) if "x" in flags else pattern, dot="." if "s" in flags else r"[^\n\r]")


def _strip_blanks(pattern: str) -> str:
    """White space goes, even behind a backslash, except inside a class. Source: XPath F&O 7.6.1.1, flag x."""
    kept, inside, escaped = [], False, False
    for character in pattern:
        if character in " \t\n\r" and not inside:
            continue
        if not escaped:
            inside = (inside or character == "[") and character != "]"
        escaped = character == "\\" and not escaped
        kept.append(character)
    return "".join(kept)


def _translated(pattern: str, *, dot: str) -> str:
    """The pattern in the package's syntax. Raises NoValue for what XPath does not have."""
    result, position, depth = [], 0, 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            if position + 1 == len(pattern):
                raise NoValue("a pattern ends in a backslash")
            result.append(_escape(pattern[position + 1], inside=depth > 0))
            position += 2
            continue
        if character == "[":
            # Inside a class an opening bracket begins a subtraction: [a-z-[aeiou]] is [a-z--[aeiou]] for us.
            if depth and result[-1] == "-":
                result[-1] = "--"
            depth += 1
        elif character == "]" and depth:
            depth -= 1
        elif not depth and pattern.startswith(("(?:", "(?"), position):
            if not pattern.startswith("(?:", position):
                raise NoValue("lookaround and named groups do not exist here")
        elif depth and character in "&~|" and pattern[position : position + 2] == character * 2:
            result.append("\\")
        elif character == "." and not depth:
            character = dot
        elif character == "$" and not depth:
            # Only the very end: a newline before it is part of the text.
            result.append(r"(?:$(?!\n\Z))")
            position += 1
            continue
        result.append(character)
        position += 1
    return "".join(result)


_ALLOWED_ESCAPES = frozenset("nrt\\|.?*+(){}-[]^$dDsSwW pP123456789".replace(" ", ""))


def _escape(character: str, *, inside: bool) -> str:
    name_class = _CLASSES.get(character.lower())
    if name_class is not None:
        if inside:
            if character.isupper():
                raise NoValue(f"\\{character} cannot stand inside a class")
            return name_class
        return f"[{'^' if character.isupper() else ''}{name_class}]"
    if inside and character.isdecimal():
        raise NoValue("a class cannot refer to a group")
    if character not in _ALLOWED_ESCAPES:
        raise NoValue(f"unknown escape \\{character}")
    return "\\" + character


def _timed(run: Run, work: Callable[[], _Result]) -> _Result:
    """What the work gives; the time that it takes counts for the evaluation, as many short matches are a long one."""
    began = time.thread_time()
    try:
        return work()
    except TimeoutError:
        raise FeelBudgetExceeded(
            "pattern", "正则表达式耗时过长，请简化。", "The regular expression takes too long; simplify it."
        ) from None
    finally:
        run.took(time.thread_time() - began)


def matches(run: Run, text: str, pattern: str, flags: str) -> bool:
    """Whether the pattern is found anywhere in the text."""
    return _timed(run, lambda: _compiled(pattern, flags).search(text, timeout=TIME_LIMIT) is not None)


def replace(run: Run, text: str, pattern: str, replacement: str, flags: str) -> str:
    """The text with every match replaced; `$1` in the replacement is the first group, `\\$` a dollar."""
    compiled = _timed(run, lambda: _compiled(pattern, flags))
    parts = [replacement] if "q" in flags else _replacement(replacement, compiled.groups)

    size = 0

    def filled(match: regex.Match[str]) -> str:
        nonlocal size
        text = "".join(part if isinstance(part, str) else match[part] or "" for part in parts)
        size += len(text)
        if size > MAX_STRING:
            raise FeelBudgetExceeded("string", "文本超过一百万字符。", "A text grew beyond a million characters.")
        return text

    return _timed(run, lambda: compiled.sub(filled, text, timeout=TIME_LIMIT))


def _replacement(replacement: str, groups: int) -> list[str | int]:
    """The replacement as literal texts and group numbers."""
    parts: list[str | int] = []
    position = 0
    while position < len(replacement):
        character = replacement[position]
        following = replacement[position + 1 : position + 2]
        if character == "\\":
            if following not in ("\\", "$") or not following:
                raise NoValue("in a replacement only \\\\ and \\$ are escapes")
            parts.append(following)
            position += 2
        elif character == "$":
            number, position = _group(replacement, position + 1, groups)
            parts.append(number if number <= groups else "")
        else:
            parts.append(character)
            position += 1
    return parts


def _group(replacement: str, start: int, groups: int) -> tuple[int, int]:
    """The group number at `start` and where it ends.

    Source: XPath F&O 7.6.3: $12 is $1 and a 2 where there are fewer than twelve groups.
    """
    end = start + 1
    if not replacement[start:end].isdecimal():
        raise NoValue("a dollar in a replacement needs a group number")
    while replacement[end : end + 1].isdecimal() and int(replacement[start : end + 1]) <= groups:
        end += 1
    return int(replacement[start:end]), end


def split(run: Run, text: str, pattern: str) -> list[object]:
    """The pieces between the matches."""
    pieces: list[object] = []

    def work() -> None:
        begin = 0
        for match in _compiled(pattern, "").finditer(text, timeout=TIME_LIMIT):
            if match.start() == match.end():
                continue
            pieces.append(text[begin : match.start()])
            begin = match.end()
        pieces.append(text[begin:])

    _timed(run, work)
    return pieces
