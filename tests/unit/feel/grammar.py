"""Random expressions over FEEL's grammar, with a taste for what is large: the same seed gives the same texts.

Run for a few hundred texts by test_hostile.py and for as long as one likes by `python -m bench.feel_fuzz`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from lastmeter.feel import LIBRARY

NAMES = ("x", "y z", "deep", "text", "many", "item", "partial", "?", "missing", "__class__", "count")
LITERALS = (
    "0", "1", "-1", "2.5", "1e300", "1e6000", "1e-6000", "1e9", "999999999", "true", "false", "null", '""', '"a"',
    '"工"',
    '"{0.__class__}"', '"aaaaaaaaaaaaaaaaaaaaaaaaaaaa!"', '"(a|aa)+$"', '"(a+)+b"', '"(x{1,100}){1,100}"', '"a{99999}"',
    '"2026-03-02"', '"P1D"', '@"2026-03-02"', '@"P1Y"', '@"PT1H"', '@"10:00:00"', '@"2026-03-02T10:00:00Z"',
    '@"2026-03-02T10:00:00@Asia/Shanghai"', '@"-999999999-01-01"', '@"999999999-12-31"', '@"P999999999D"', "[]", "{}",
    "[1..3]", "(1..1000000000]", '[@"0001-01-01"..@"9999-12-31"]', '"[1..5]"', "> 5", "function(a) a",
    "function(a, b) a < b", "function(a: list<number>) a", "for i in 1..50000 return i", '"' + "ab," * 3000 + '"',
)  # fmt: skip
TYPES = ("number", "string", "date", "list<number>", "context<a: number>", "Any", "function<Any> -> Any", "range<date>")
FORMS: Sequence[str] = (
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} ** {1}", "-{0}", "({0})", "{0} = {1}", "{0} != {1}",
    "{0} < {1}", "{0} >= {1}", "{0} and {1}", "{0} or {1}", "not({0})", "{0} between {1} and {2}", "{0} in ({1}, {2})",
    "{0} in {1}", "{0} instance of {T}", "if {0} then {1} else {2}", "for i in {0} return {1}",
    "for i in {0}, j in {1} return {2}", "for i in {0}..{1} return {2}", "some i in {0} satisfies {1}",
    "every i in {0} satisfies {1}", "[{0}, {1}, {2}]", "[{0}]", "{{a: {0}, b: {1}}}", "{{a: {0}, b: a}}.b", "{0}.a",
    "{0}.year", "{0}[{1}]", "{0}[item > {1}]", "{0}[item = {1}]", "[{0}..{1}]", "({0}..{1})", "(function(a) {0})({1})",
    "{{f: function(n) {0}, r: f({1})}}.r", "{{f: function(n) f(n), r: f({0})}}.r",
    "{{f: function(s, n) if n = 0 then s else f([s, s], n - 1), r: f({0}, 40)}}.r",
    "{{f: function(s) f(s + s), r: f({0})}}.r", "for j in 1..400000 return {0}", "count(for j in 1..100000 return {0})",
    "({0})({1})", "for k in {0} return partial",
)  # fmt: skip


def expression(draw: random.Random, depth: int = 4) -> str:
    """One expression; deeper ones the more of `depth` is left."""
    if depth <= 0 or draw.random() < 0.15:
        return draw.choice(NAMES) if draw.random() < 0.25 else draw.choice(LITERALS)
    if draw.random() < 0.4:
        return _call(draw, depth)
    parts = [expression(draw, depth - 1 - draw.randrange(2)) for _ in range(3)]
    return draw.choice(FORMS).format(*parts, T=draw.choice(TYPES))


def _call(draw: random.Random, depth: int) -> str:
    """A built-in, most often with as many arguments as it takes."""
    name, built = draw.choice(sorted(LIBRARY.items()))
    most = min(built.maximum, 3)
    wanted = draw.randint(min(built.minimum, most), most) if draw.random() < 0.9 else draw.randrange(4)
    return f"{name}({', '.join(expression(draw, depth - 1) for _ in range(wanted))})"


def spoiled(draw: random.Random, text: str) -> str:
    """The text with a sign dropped, doubled or replaced, as hands and broken files leave it."""
    place = draw.randrange(len(text) + 1)
    change: Callable[[str], str] = draw.choice(
        [lambda sign: "", lambda sign: sign * 2, lambda sign: draw.choice("()[]{}\"'.,:@?+-\\\x00工“（")]
    )
    return text[:place] + change(text[place : place + 1]) + text[place + 1 :]
