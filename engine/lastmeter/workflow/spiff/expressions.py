"""FEEL as the process's script engine; `lastmeter.feel` caches what it has compiled."""

from __future__ import annotations

from lastmeter.feel import EXTENSION_NAMES, Expression, compile_expression


def compiled(text: str) -> Expression:
    """The evaluator of the expression. Raises FeelSyntaxError."""
    return compile_expression(text, functions=EXTENSION_NAMES)


def names_read(text: str) -> frozenset[str]:
    """The variables an expression certainly reads. Raises FeelSyntaxError."""
    return compiled(text).names_read


def names_perhaps_read(text: str) -> frozenset[str]:
    """Those and the names inside a filter that may be entries of the items. Raises FeelSyntaxError."""
    expression = compiled(text)
    return expression.names_read | expression.names_perhaps_read
