"""docs/feel.md from the examples that the tests hold true: `python -m tests.unit.feel.document` writes it anew."""

from __future__ import annotations

from pathlib import Path

from tests.unit.feel.examples import CELLS, EXAMPLES

from lastmeter.feel import BUILT_IN_NAMES, EXTENSIONS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "feel.md"

INTRODUCTION = """\
# FEEL 表达式 · FEEL expressions

<!-- Generated from tests/unit/feel/examples.py; change the examples, then run: python -m tests.unit.feel.document -->

网关条件、期限、表单显隐、决策表单元格都用 FEEL 书写：一种只算不做的标准语言（OMG DMN 1.5 第 10 章）。
本页每个例子都是一条测试。

Conditions, deadlines, the visibility of form fields and the cells of decision tables are written in FEEL, a standard
language that computes and does nothing else (OMG DMN 1.5, chapter 10). Every example on this page is a test.

- 数字是 34 位十进制，四舍六入五成双；金额不会有二进制误差。 Numbers are decimals of 34 digits, rounded half-even.
- 算不出的结果是 `null`，并记录一条警告说明原因；只有写错的表达式才报错，错误带行、列和提示。
  What cannot be computed is `null` with a recorded warning; only text that is not FEEL is an error, with line,
  column and hint.
- 名称可以是中文、可以带空格；带运算符的名称（如 `a-b`）以作用域中最长的为准，也可写成 `` `a-b` ``（扩展）。
  Names may be Chinese and hold spaces; with operators in them (`a-b`) the longest name in scope wins, or put it
  in backquotes (an extension).
- 每次计算有限额：40 万步、80 层函数调用、100 万字符的文本、50 万项的列表、正则表达式 0.5 秒、处理器时间 0.8 秒；
  超出即报 `feel_budget`。
  An evaluation may take 400,000 steps, 80 nested calls, strings of a million characters, lists of half a
  million items, half a second for a regular expression and 0.8 s of processor time; beyond that it ends in
  `feel_budget`.
"""

REFUSED = "（语法错误 syntax error）"


def render() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for topic, examples in EXAMPLES.items():
        rows = [
            f"| {_code(text)} | {'（语法错误 syntax error）' if value == '!' else _code(value)} |"
            for text, value in examples
        ]
        parts.append(f"## {topic}\n\n| 表达式 expression | 值 value |\n|---|---|\n" + "\n".join(rows) + "\n")
    rows = [f"| {_code(tests)} | {_code(value)} | {'✓' if passes else '✗'} |" for tests, value, passes in CELLS]
    parts.append(
        "## Cells of a decision table · 决策表单元格\n\n`limit` 为 100。 `limit` is 100.\n\n"
        "| 单元格 cell | 输入 input | 通过 passes |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )
    parts.append(_functions())
    return "\n".join(parts)


def _functions() -> str:
    built_in = ", ".join(f"`{name}`" for name in sorted(BUILT_IN_NAMES))
    own = "\n".join(f"- `{name}({', '.join(parameters)})`" for name, parameters in EXTENSIONS.items())
    return (
        f"## All functions · 全部函数\n\n{built_in}\n\n"
        "本系统的扩展，其他 FEEL 引擎没有；日历与期限登记表由系统提供。 Our extensions, unknown to other engines:\n\n"
        f"{own}\n"
    )


def _code(text: str) -> str:
    shown = text.replace("|", "\\|").replace("\n", " ⏎ ")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
