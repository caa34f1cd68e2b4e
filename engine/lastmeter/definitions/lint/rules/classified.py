"""No text, number or date classified case or sealed is read by an expression: it never becomes a variable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject
from lastmeter.definitions.lint.variables import of_processes

RULE = Rule(
    "classified-name-read",
    "“{name}”的表达式读取保密字段 {variable}（{form}），它不会成为变量",
    "an expression of “{name}” reads the classified field {variable} ({form}), which never becomes a variable",
    "另设是/否或选项字段供流程判断",
    "decide by a yes/no or a choice of its own",
)
_SECRET = ("case", "sealed")


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for expressions that read what only the submission holds."""
    secret = secret_fields(subject)
    if not secret:
        return
    elements = {element.get("id", ""): element for element in subject.every("*")}
    for variables in of_processes(subject):
        otherwise = frozenset[str]().union(*(e.names_written | variables.locals(e) for e in variables.process.elements))
        for element in variables.process.elements:
            for name in sorted((element.names_read & secret.keys()) - otherwise):
                if element.id in elements:
                    yield subject.finding(RULE, elements[element.id], variable=name, form=secret[name])


def secret_fields(subject: Subject) -> dict[str, str]:
    """Names of form fields that hold something secret, each with its form; a name that is open elsewhere is not."""
    secret: dict[str, str] = {}
    open_names: set[str] = set()
    for key, form in subject.forms.items():
        for field in _outer(form.fields):
            if _is_secret(field, subject.package.classification):
                secret[field.key] = key
            else:
                open_names.add(field.key)
    return {name: form for name, form in secret.items() if name not in open_names}


def _outer(fields: Any) -> Iterator[Any]:
    for field in fields:
        if field.key is not None:
            yield field
        else:
            yield from _outer(field.children)


def _is_secret(field: Any, least: str) -> bool:
    for part in field.walk():
        classified = part.classification in _SECRET or least in _SECRET
        choice = part.type is not None and part.type.is_enumerable
        if classified and not choice and (part.is_input or part.is_list):
            return True
    return False
