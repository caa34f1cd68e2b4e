"""FEEL: the expression language of conditions, deadlines, forms and decision tables.

Text becomes a tree (`parser`), the tree closures (`compiler`), and those a value; nothing is ever run as Python.
Source: OMG, Decision Model and Notation 1.5, chapter 10.
"""

from lastmeter.feel.errors import Doubt, FeelBudgetExceeded, FeelSyntaxError
from lastmeter.feel.expression import (
    Expression,
    UnaryTests,
    compile_expression,
    compile_tests,
    evaluate,
    names_read,
    unary_names_read,
    unary_test,
)
from lastmeter.feel.extensions import EXTENSION_NAMES, EXTENSIONS
from lastmeter.feel.library import LIBRARY
from lastmeter.feel.temporal import WideDate, WideDateTime, WideDuration, WideTime, YearsMonths
from lastmeter.feel.values import FeelFunction, FeelValue, Range, coerce, literal_of, text_of

BUILT_IN_NAMES: frozenset[str] = frozenset(LIBRARY)

__all__ = [
    "BUILT_IN_NAMES",
    "EXTENSIONS",
    "EXTENSION_NAMES",
    "Doubt",
    "Expression",
    "FeelBudgetExceeded",
    "FeelFunction",
    "FeelSyntaxError",
    "FeelValue",
    "Range",
    "UnaryTests",
    "WideDate",
    "WideDateTime",
    "WideDuration",
    "WideTime",
    "YearsMonths",
    "coerce",
    "compile_expression",
    "compile_tests",
    "evaluate",
    "literal_of",
    "names_read",
    "text_of",
    "unary_names_read",
    "unary_test",
]
