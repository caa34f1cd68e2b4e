"""Every name an expression reads is set on every path before it."""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject
from lastmeter.definitions.lint.variables import of_processes

UNSET = Rule(
    "name-not-set",
    "“{name}”读取 {variables}，但并非每条路径都先给出它",
    "“{name}” reads {variables}, which is not set on every path before it",
    "在之前的表单、决策或映射里给出它，或改正名称",
    "set it before, in a form, a decision or a mapping, or correct the name",
)
MISSPELT = Rule(
    "name-perhaps-misspelt",
    "“{name}”读取 {variable}，没有步骤给出它；是不是 {similar}？",
    "“{name}” reads {variable}, which no step sets; is {similar} meant?",
    "改正名称",
    "correct the name",
    most="warning",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for names that may be missing when they are read."""
    elements = {element.get("id", ""): element for element in subject.every("*")}
    for variables in of_processes(subject):
        for read, known in variables.before():
            missing = sorted(read.names_read - known)
            if missing and read.id in elements:
                yield subject.finding(UNSET, elements[read.id], variables=", ".join(missing))
        known_names = sorted(variables.set_somewhere)
        for element in variables.process.elements:
            for name in sorted(element.names_read - variables.set_somewhere):
                similar = next((known for known in known_names if _one_slip(name, known)), None)
                if similar and element.id in elements:
                    yield subject.finding(MISSPELT, elements[element.id], variable=name, similar=similar)


def _one_slip(name: str, known: str) -> bool:
    """True when one letter is wrong, missing, too many or swapped; the last one may be a plural's, which is no slip."""
    if min(len(name), len(known)) < 5 or abs(len(name) - len(known)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(name, known, strict=False)) if a != b), min(len(name), len(known)))
    if at >= min(len(name), len(known)) - 1:
        return False
    rest, other = name[at:], known[at:]
    swapped = rest[:2] == other[1::-1] and rest[2:] == other[2:]
    return swapped or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]
