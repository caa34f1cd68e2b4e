"""The table in docs/bpmn.md from the catalogue that the tests hold true: `python -m tests.unit.spiff.document`."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from pathlib import Path

from .catalogue import CATALOGUE
from .catalogue.row import Other, Refusal, Row

PAGE = Path(__file__).resolve().parents[3] / "docs" / "bpmn.md"
BEGIN = "<!-- generated: python -m tests.unit.spiff.document -->"
END = "<!-- end of what is generated -->"
STATES = {"executed": "执行 executed", "refused": "拒绝 refused", "reader": "供阅读 for the reader"}
HEAD = "| 元素 element | 状态 state | 历史 history | 反例 against it | 更多测试 more tests |\n|---|---|---|---|---|\n"


def render() -> str:
    """The whole page: what is written by hand with the table anew between its marks."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{_table()}\n{END}{after}"


def known_tests() -> dict[str, str]:
    """The file of every test of this folder."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[node.name] = path.name
    return found


def _table() -> str:
    files = known_tests()
    rows = [row for rows in CATALOGUE.values() for row in rows]
    counts = ", ".join(f"{sum(row.state == state for row in rows)} {said}" for state, said in STATES.items())
    parts = [f"{len(rows)} 行 rows: {counts}.\n"]
    for topic, of_topic in CATALOGUE.items():
        parts.append(f"### {topic}\n\n{HEAD}{''.join(_row(row, files) for row in of_topic)}")
    return "\n".join(parts)


def _row(row: Row, files: dict[str, str]) -> str:
    cells = (f"{row.zh} {row.en}", STATES[row.state], _history(row), _against(row), _more(row.more, files))
    return f"| {' | '.join(cells)} |\n"


def _history(row: Row) -> str:
    if not row.story:
        return "–"
    thrown = f"；抛出 throws {row.throws}" if row.throws else ""
    variables = ", ".join(f"`{name} = {json.dumps(value)}`" for name, value in row.gives.items())
    return f"`{row.story}`{thrown}" + (f"；变量 variables {variables}" if variables else "")


def _against(row: Row) -> str:
    match row.negative:
        case Refusal(rule, _):
            return f"`{rule}`"
        case Other(story, never, _):
            return f"`{story}`：无 no `{never}`"
    return "–"


def _more(names: Sequence[str], files: dict[str, str]) -> str:
    links = (f'[{_short(files[name])}](../tests/unit/spiff/{files[name]} "{name}")' for name in names)
    return ", ".join(links) or "–"


def _short(file_name: str) -> str:
    return file_name.removeprefix("test_").removesuffix(".py")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
