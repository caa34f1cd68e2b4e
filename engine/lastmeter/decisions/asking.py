"""What a person who tries a decision is asked, and which decisions lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lastmeter.decisions.analysis import constants, distinct
from lastmeter.decisions.documents import attribute
from lastmeter.decisions.model import Element, Model
from lastmeter.decisions.tables import Table
from lastmeter.feel.types import ANY, FeelType, RestrictedType


@dataclass(frozen=True, slots=True)
class InputInfo:
    """One input: its name (behind its import's name and a dot), type and label, "" where nobody gave one.

    `allowed` are the only values it may have, where they are listed; `known` those that the cells of a column mention.
    """

    name: str
    type: FeelType
    label: str
    allowed: tuple[object, ...]
    known: tuple[object, ...]


def place(values: dict[str, Any], name: str, value: object) -> None:
    """Puts the value of an input among the values to ask with: behind an import's name, into a context of that name."""
    *holders, last = name.split(".")
    inner = values
    for holder in holders:
        inner = inner.setdefault(holder, {})
    inner[last] = value


def graph(model: Model, decision: str) -> tuple[Element, ...]:
    """The decision with the decisions and functions it requires, what is required first. Raises DecisionMissing."""
    found: dict[str, Element] = {}
    walked: set[str] = set()

    def walk(element: Element) -> None:
        if element.key in walked:
            return
        walked.add(element.key)
        for required in element.required:
            walk(model.elements[required.key])
        if element.kind in ("decision", "function"):
            found[element.key] = element

    walk(model.element(decision))
    return tuple(found.values())


def inputs_of(model: Model, decision: str) -> tuple[InputInfo, ...]:
    """What the decision needs to know, in the order of its requirements. Raises DecisionMissing."""
    wanted = model.element(decision)
    info = next(each for each in model.decisions if each.id == wanted.id)
    tables = [table for element in graph(model, decision) for table in element.tables]
    declared = {".".join((*each.prefix, each.name)): each for each in model.elements.values() if each.kind == "input"}
    return tuple(_input(name, declared.get(name), tables) for name in info.inputs)


def _input(name: str, element: Element | None, tables: list[Table]) -> InputInfo:
    type_, label = ANY, ""
    allowed: tuple[object, ...] = ()
    if element is not None:
        type_, label, allowed = element.type, attribute(element.xml, "label") or "", _listed(element.type)
    known: list[object] = []
    for table in tables:
        for place, column in enumerate(table.inputs):
            if column.expression.text != name:
                continue
            type_ = column.type if type_ is ANY else type_
            label = label or (column.label if column.label != name else "")
            if column.allowed is not None:
                allowed = allowed or column.allowed.literals or ()
            known.extend(value for rule in table.rules for value in constants(rule.tests[place]) or ())
    return InputInfo(name, type_, label, allowed, tuple(distinct(known)))


def _listed(type_: FeelType) -> tuple[object, ...]:
    while isinstance(type_, RestrictedType):
        if type_.values:
            return type_.values
        type_ = type_.base
    return ()
