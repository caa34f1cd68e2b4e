"""Every remark that the evaluator can make has its Chinese."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lastmeter
from lastmeter.decisions import load
from lastmeter.feel import evaluate
from lastmeter_web.designer.reasons import chinese
from lastmeter_web.designer.words import POLICIES, TYPES, Words

ENGINE = Path(lastmeter.__file__).parent


def _remarks() -> Iterator[str]:
    """The texts of `NoValue(…)` and `….warn(…)` in feel/ and decisions/, with an x for what is filled in."""
    for file in sorted([*ENGINE.glob("feel/**/*.py"), *ENGINE.glob("decisions/*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = node.args[0]
            if called not in ("NoValue", "warn"):
                continue
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given.value
            elif isinstance(given, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in given.values)


def test_every_remark_of_the_evaluator_has_its_chinese() -> None:
    remarks = set(_remarks()) - {"x: x"}  # a name in front of a remark
    assert len(remarks) > 90
    assert [each for each in sorted(remarks) if chinese(each) is None] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x + 1", "没有名为 'x' 的变量"),
        ('1 = "1"', "数字 与 文字 不能比较"),
        ("1 / 0", "除以零"),
        ("substring(1, 2)", "substring：'string' 须为 文字，给的是 数字"),
        ("[1][5]", "列表没有第 5 项"),
        ("date(1)", "不能由 数字 得到日期"),
    ],
)
def test_a_remark_is_said_in_chinese(text: str, said: str) -> None:
    warnings: list[str] = []
    evaluate(text, {}, warnings=warnings)
    assert said in str(chinese(warnings[0]))


def test_what_stands_before_a_remark_stays() -> None:
    assert chinese("level: rules 1, 2 match, but the hit policy is UNIQUE") == (
        "level：第 1、2 行同时适用，而命中策略（UNIQUE）只允许一行"
    )
    assert chinese("something nobody says") is None


def test_cells_are_said_in_words() -> None:
    words = Words({("kind", "goods"): ("货物", "goods")})
    said = [
        words.cell(text, name)[0]
        for text, name in (
            ('"goods", "x"', "kind"), ('not("goods")', "kind"), ("true", "b"), (">= 5", "n"), ("[1..3]", "n"),
            ("(1..3]", "n"), ("< 100000", "amount_fen"), ("-1", "n"), ("null", "n"), ("> limit", "n"),
        )
    ]  # fmt: skip
    assert said == [
        "货物、x", "除外：货物", "是", "≥ 5", "1 – 3", "> 1，且 ≤ 3", "< ¥1,000.00", "-1", "空", "> limit",
    ]  # fmt: skip
    assert words.cell("> limit", "n") == ("> limit", False)


def test_every_hit_policy_and_type_has_its_words() -> None:
    inner = '<variable name="d"/><decisionTable hitPolicy="{}"{}><output name="o"/></decisionTable>'
    table = f'<decision id="d" name="d">{inner}</decision>'
    for policy, aggregation in [("COLLECT", each) for each in ("", "SUM", "MIN", "MAX", "COUNT")] + [
        (each, "") for each in ("UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER")
    ]:
        written = table.format(policy, f' aggregation="{aggregation}"' if aggregation else "")
        xml = f'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" namespace="n">{written}</definitions>'
        assert load(xml.encode()).tables[0].policy in POLICIES
    assert all(zh and en for zh, en in TYPES.values())
