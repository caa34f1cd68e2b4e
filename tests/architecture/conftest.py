"""The source as the tests of this folder read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENGINE, WEBAPP = ROOT / "engine" / "lastmeter", ROOT / "webapp" / "lastmeter_web"


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of both packages as a tree, by its path from the checkout."""
    files = [*ENGINE.rglob("*.py"), *WEBAPP.rglob("*.py")]
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_bytes()) for file in sorted(files)}


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The dotted text before the bracket of every call, and its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield ast.unparse(node.func), node.lineno
