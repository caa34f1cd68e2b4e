"""FEEL in forms: conditions, computed fields, checks over several fields. Only our own evaluator ever runs them."""

from __future__ import annotations

from collections.abc import Mapping

from lastmeter.errors import LastmeterError
from lastmeter.feel import (
    EXTENSION_NAMES,
    Doubt,
    FeelFunction,
    FeelSyntaxError,
    compile_expression,
    evaluate,
    names_read,
)


def value_of(expression: str, context: Mapping[str, object], functions: Mapping[str, FeelFunction]) -> object:
    """What the expression gives in the context; null where it cannot be evaluated."""
    try:
        return evaluate(expression, context, functions=functions)
    except LastmeterError:
        # A half-filled form may ask for a deadline that has no start yet, or reckon with absurd numbers.
        return None


def syntax_error(expression: str) -> FeelSyntaxError | None:
    """What is wrong with the expression as text, or None."""
    try:
        compile_expression(expression, functions=EXTENSION_NAMES)
    except FeelSyntaxError as error:
        return error
    return None


def doubts_of(expression: str) -> tuple[Doubt, ...]:
    """What in the expression runs though it can hardly be meant. Raises FeelSyntaxError."""
    return compile_expression(expression, functions=EXTENSION_NAMES).doubts


def read_by(expression: str) -> frozenset[str]:
    """The names of variables and fields that the expression reads."""
    return names_read(expression)
