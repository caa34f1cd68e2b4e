"""Whether conditions leave no case out, where that can be told from their words and the form's fields."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

# The values a name can have, as FEEL writes them; from boolean fields and those with fixed options.
Values = Mapping[str, frozenset[str]]

_LITERAL = r'"[^"]*"|-?\d+(?:\.\d+)?|true|false'
_COMPARED = re.compile(rf"([^\W\d][\w.]*) (!=|<=|>=|=|<|>) ({_LITERAL})")
_AMONG = re.compile(rf"([^\W\d][\w.]*) in \(((?:{_LITERAL})(?:, ?(?:{_LITERAL}))*)\)")
_NEGATED = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def leave_nothing_out(conditions: Sequence[str], values: Values) -> bool:
    """True if one is always true, two are each other's negation, or all values of a field have their way."""
    plain = {" ".join(condition.split()) for condition in conditions}
    if "true" in plain:
        return True
    compared = {match.groups() for match in map(_COMPARED.fullmatch, plain) if match}
    if any((name, _NEGATED[operator], literal) in compared for name, operator, literal in compared):
        return True
    if any(f"not({condition})" in plain or f"not ({condition})" in plain for condition in plain):
        return True
    taken = _taken(plain)
    return any(values[name] <= found for name, found in taken.items() if name in values)


def _taken(conditions: set[str]) -> dict[str, set[str]]:
    """For each name the values with which certainly one of the conditions holds."""
    taken: defaultdict[str, set[str]] = defaultdict(set)
    for condition in conditions:
        for part in condition.split(" or "):
            if (compared := _COMPARED.fullmatch(part)) and compared[2] == "=":
                taken[compared[1]].add(compared[3])
            elif among := _AMONG.fullmatch(part):
                taken[among[1]].update(re.findall(_LITERAL, among[2]))
            elif re.fullmatch(r"[^\W\d]\w*", part):
                taken[part].add("true")
            elif negated := re.fullmatch(r"not ?\(([^\W\d]\w*)\)", part):
                taken[negated[1]].add("false")
    return taken
