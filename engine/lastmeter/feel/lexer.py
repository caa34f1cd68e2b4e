"""An expression's text cut into tokens; a word is a token, names of several words are the parser's business."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lastmeter.feel.errors import FeelSyntaxError

# Longer texts are data, not expressions.
MAX_TEXT = 100_000

# Source: DMN 1.5, 10.3.1.2, rules 27-31: letters of every script, and everything beyond the basic plane.
_LETTER = r"[^\W\d]|[\U00010000-\U000EFFFF]"
_TOKEN = re.compile(
    rf"""
    (?P<blank>\s+ | //[^\n]* | /\*.*?\*/)
  | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<at>@\s*"(?:[^"\\]|\\.)*")
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<quoted>`[^`\n]+`)
  | (?P<name>(?:{_LETTER})(?:\w|[\U00010000-\U000EFFFF])*|\?)
  | (?P<op>\*\*|\.\.|->|<=|>=|!=|[-+*/<>=()\[\]{{}},:.])
  | (?P<junk>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b", '"': '"', "'": "'", "\\": "\\", "/": "/"}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is name, quoted, number, string, at, op, junk or end; `value` the string behind the escapes."""

    kind: str
    text: str
    start: int
    end: int
    value: str = ""


def tokens_of(text: str) -> list[Token]:
    """The tokens, closed by one of kind `end`. Raises FeelSyntaxError for a bad escape or too long a text."""
    if len(text) > MAX_TEXT:
        raise FeelSyntaxError(
            text, MAX_TEXT, "表达式过长（上限十万字符）。", "The expression is longer than 100,000 characters."
        )
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "junk"
        if kind == "blank":
            continue
        value = ""
        if kind in ("string", "at"):
            value = _unescape(text, match.group()[match.group().index('"') + 1 : -1], match.start())
        elif kind == "quoted":
            value = match.group()[1:-1]
        found.append(Token(kind, match.group(), match.start(), match.end(), value))
    found.append(Token("end", "", len(text), len(text)))
    return found


def _unescape(text: str, body: str, start: int) -> str:
    if "\\" not in body:
        return body

    def character(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            return _character(text, int(code[1:], 16), start)
        # An unknown escape stays as written: regular expressions in tables are full of \d and \s.
        return _SIMPLE_ESCAPES.get(code, match[0])

    return _join_surrogates(text, _ESCAPE.sub(character, body), start)


def _character(text: str, code: int, start: int) -> str:
    if code > 0x10FFFF:
        raise FeelSyntaxError(text, start, "字符编号超出 Unicode 范围。", "The character number is beyond Unicode.")
    return chr(code)


def _join_surrogates(text: str, value: str, start: int) -> str:
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise FeelSyntaxError(
            text, start, "转义序列中有落单的代理字符。", "An escape holds half of a surrogate pair."
        ) from None


# Words at which a name of several words ends, unless the whole name is known.
STOP_WORDS = frozenset(
    [
        "for",
        "return",
        "if",
        "then",
        "else",
        "some",
        "every",
        "satisfies",
        "instance",
        "or",
        "and",
        "between",
        "in",
        "true",
        "false",
        "null",
        "function",
    ]
)
_PLAIN_NAME = re.compile(rf"(?:{_LETTER})\w*(?: \w+)*")


@lru_cache(maxsize=4096)
def needs_scope(name: str) -> tuple[str, ...] | None:
    """The token texts of a name that only its scope can tell from an expression (`a-b`, `rise and fall`); else None."""
    if _PLAIN_NAME.fullmatch(name) and STOP_WORDS.isdisjoint(name.split(" ")):
        return None
    if not name or len(name) > 1000:
        return None
    tokens = tokens_of(name.replace('"', " "))[:-1]
    return tuple(token.text for token in tokens) or None


def tidy(name: str) -> str:
    """The name with every run of white space as one space."""
    return " ".join(name.split())
