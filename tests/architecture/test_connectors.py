"""Connectors return what they declare: the publishing checks believe the declaration."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lastmeter import connectors, paths, wiring
from lastmeter.definitions import lint
from lastmeter.definitions.packages import load_package

wiring.connect()
ROOMS = ("stations", "casework", "procurement")
NAMES = sorted(name for name in connectors.registered() if name.split(".")[0] in ROOMS)


def _returned(module: str, function: ast.FunctionDef) -> Iterator[str]:
    """The literal keys of every dict that the function, or one of its module that it calls to return, returns."""
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            for part in ast.walk(node.value):
                if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                    yield from _of_helper(module, part.func.id)
            yield from _outer_keys(node.value)


def _outer_keys(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from _outer_keys(value.body)
        yield from _outer_keys(value.orelse)
    if isinstance(value, ast.Dict):
        yield from (str(key.value) for key in value.keys if isinstance(key, ast.Constant))


def _of_helper(module: str, name: str) -> Iterator[str]:
    helper = getattr(sys.modules[module], name, None)
    annotation = getattr(helper, "__annotations__", {}).get("return", "")
    if inspect.isfunction(helper) and helper.__module__ == module and str(annotation) == "Mapping[str, Any]":
        yield from _returned(module, _source(helper))


def _source(function: object) -> ast.FunctionDef:
    parsed = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]  # type: ignore[arg-type]
    assert isinstance(parsed, ast.FunctionDef)
    return parsed


@pytest.mark.parametrize("name", NAMES)
def test_what_a_connector_returns_is_declared(name: str) -> None:
    connector = connectors.find(name)
    assert set(_returned(connector.call.__module__, _source(connector.call))) <= set(connector.outputs)


def test_most_connectors_declare_something() -> None:
    assert sum(bool(connectors.find(name).outputs) for name in NAMES) > len(NAMES) / 3


def test_a_name_that_no_connector_returns_any_more_is_found_in_our_own_processes() -> None:
    known = lint.known_now()
    package = load_package(paths.bundled("bpmn") / "tender", paths.bundled("forms") / "tender")
    assert [found for found in lint.check(package, known=known) if found.rule == "name-not-set"] == []
    fewer = {name: names - {"to_buy"} for name, names in known.connector_outputs.items()}
    (found,) = [
        found
        for found in lint.check(package, known=replace(known, connector_outputs=fewer))
        if found.rule == "name-not-set"
    ]
    assert found.element_id == "gw_to_buy"
