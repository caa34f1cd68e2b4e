"""The built-in functions of DMN 1.5, by name."""

from lastmeter.feel.library import contexts, conversions, lists, moments, numbers, ranges, strings
from lastmeter.feel.library.registry import LIBRARY, Builtin

__all__ = ["LIBRARY", "Builtin", "contexts", "conversions", "lists", "moments", "numbers", "ranges", "strings"]
