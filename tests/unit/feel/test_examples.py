"""Every example of the documentation holds."""

from __future__ import annotations

import pytest
from tests.unit.feel.document import PAGE, render
from tests.unit.feel.examples import CELLS, EXAMPLES

from lastmeter.feel import BUILT_IN_NAMES, FeelSyntaxError, evaluate, literal_of, unary_test

CASES = [pytest.param(text, value, id=text) for examples in EXAMPLES.values() for text, value in examples]


@pytest.mark.parametrize(("text", "value"), CASES)
def test_an_expression_gives_what_the_documentation_says(text: str, value: str) -> None:
    if value == "!":
        with pytest.raises(FeelSyntaxError):
            evaluate(text, {})
    else:
        assert literal_of(evaluate(text, {})) == value


@pytest.mark.parametrize(("tests", "value", "passes"), CELLS)
def test_a_cell_lets_pass_what_the_documentation_says(tests: str, value: str, passes: bool) -> None:
    assert unary_test(tests, evaluate(value, {}), {"limit": 100}) is passes


def test_the_documentation_shows_these_examples() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m tests.unit.feel.document"


def test_every_built_in_function_is_shown_in_an_example() -> None:
    shown = " ".join(text for examples in EXAMPLES.values() for text, _ in examples)
    assert {name for name in BUILT_IN_NAMES if f"{name}(" not in shown} <= {"now", "today"}
