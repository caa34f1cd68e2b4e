"""String built-ins. Characters are code points, positions count from 1.

Source: DMN 1.5, table 74.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from lastmeter.feel import patterns
from lastmeter.feel.errors import NoValue
from lastmeter.feel.library.numbers import integer, truncated
from lastmeter.feel.library.registry import Parameter, builtin, number, string

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run


@builtin("substring", string("string"), number("start position"), number("length", optional=True))
def substring(run: Run, text: str, start: Decimal, length: Decimal | None = None) -> str:
    first = integer(start, "start position")
    if first == 0 or abs(first) > len(text):
        raise NoValue("start position outside the string")
    begin = first - 1 if first > 0 else len(text) + first
    if length is None:
        return run.string(text[begin:])
    count = truncated(run, length, "length")
    if count < 1:
        raise NoValue("length must be positive")
    return run.string(text[begin : begin + count])


@builtin("string length", string("string"))
def string_length(run: Run, text: str) -> Decimal:
    return Decimal(len(text))


@builtin("upper case", string("string"))
def upper_case(run: Run, text: str) -> str:
    return run.string(text.upper())


@builtin("lower case", string("string"))
def lower_case(run: Run, text: str) -> str:
    return run.string(text.lower())


@builtin("substring before", string("string"), string("match"))
def substring_before(run: Run, text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return run.string(before) if found else ""


@builtin("substring after", string("string"), string("match"))
def substring_after(run: Run, text: str, match: str) -> str:
    _, found, after = text.partition(match) if match else ("", "x", text)
    return run.string(after) if found else ""


@builtin("contains", string("string"), string("match"))
def contains(run: Run, text: str, match: str) -> bool:
    return match in text


@builtin("starts with", string("string"), string("match"))
def starts_with(run: Run, text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with", string("string"), string("match"))
def ends_with(run: Run, text: str, match: str) -> bool:
    return text.endswith(match)


@builtin(
    "replace", string("input"), string("pattern"), string("replacement"), string("flags", optional=True, nullable=True)
)
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    return run.string(patterns.replace(run, text, pattern, replacement, flags or ""))


@builtin("matches", string("input"), string("pattern"), string("flags", optional=True, nullable=True))
def matches(run: Run, text: str, pattern: str, flags: str | None = None) -> bool:
    return patterns.matches(run, text, pattern, flags or "")


@builtin("split", string("string"), string("delimiter"))
def split(run: Run, text: str, delimiter: str) -> list[object]:
    return run.sized(patterns.split(run, text, delimiter))


@builtin(
    "string join",
    Parameter("list", ("list",)),
    string("delimiter", optional=True, nullable=True),
    Parameter("prefix", ("string",), optional=True, nullable=True),
    Parameter("suffix", ("string",), optional=True, nullable=True),
)
def string_join(
    run: Run, parts: list[object], delimiter: str | None = None, prefix: str | None = None, suffix: str | None = None
) -> str:
    if prefix is not None and suffix is None:
        raise NoValue("string join takes a suffix with its prefix")
    texts = [part for part in parts if part is not None]
    if not all(isinstance(part, str) for part in texts):
        raise NoValue("string join takes strings")
    size = sum(len(str(part)) for part in texts) + len(delimiter or "") * len(texts)
    run.charge(size >> 5)  # before it is built: a long delimiter times a long list
    return run.string((prefix or "") + (delimiter or "").join(str(part) for part in texts) + (suffix or ""))
