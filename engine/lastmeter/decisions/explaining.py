"""Why a decision came out as it did, in words that stay: which rules matched, with which inputs, by which clause.

What is told is text of the moment. A table that is published anew later does not change what stood in it then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lastmeter.decisions.documents import attribute
from lastmeter.decisions.model import Element, Model
from lastmeter.decisions.remarks import both, remark_of
from lastmeter.decisions.tables import Table
from lastmeter.decisions.trace import MatchedRule, Outcome, TableTrace

_NOTHING = ("未提供", "not given")
_TRUTH = {True: ("是", "yes"), False: ("否", "no")}
# A cell longer than this tells nobody anything; a list may hold people.
_LONGEST = 200


def explained(model: Model, decision: str, inputs: Mapping[str, object], outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON for people, texts in pairs (`zh`, `en`).

    `given` are the inputs, `tables` what was asked, the decision's own table first, each with the `rules` that matched
    and in each rule the `inputs` that it tests; `result` is the whole value. Lists are told by their length only.
    """
    known = next(each for each in model.decisions if decision in (each.id, each.name))
    given = [{**_pair(_label(model, name)), **_valued(model, name, inputs.get(name))} for name in known.inputs]
    return {
        "decision": known.name,
        **_pair(known.label),
        "given": given,
        "tables": [_table(model, asked) for asked in reversed(outcome.trace)],
        "result": _valued(model, known.name, outcome.value),
    }


def _table(model: Model, asked: TableTrace) -> dict[str, Any]:
    element, table = _asked(model, asked)
    return {
        **_pair(attribute(element.xml, "label") or element.name),
        "policy": asked.hit_policy,
        "rules": [_rule(model, table, asked, matched) for matched in asked.matched],
    }


def _asked(model: Model, asked: TableTrace) -> tuple[Element, Table]:
    """The table behind a trace; files of others may leave out its id."""
    known = [(element, table) for element in model.elements.values() for table in element.tables]
    rules = {(matched.number, matched.rule_id) for matched in asked.matched}
    for element, table in known:
        own = {(number, rule.rule_id) for number, rule in enumerate(table.rules, 1)}
        if (table.decision, table.table_id) == (asked.decision, asked.table_id) and rules <= own:
            return element, table
    raise LookupError(asked.table_id)


def _rule(model: Model, table: Table, asked: TableTrace, matched: MatchedRule) -> dict[str, Any]:
    remark = remark_of(matched.annotations)
    tests = table.rules[matched.number - 1].tests
    tested = [
        {**_pair(label), **_valued(model, column.expression.text, value)}
        for test, column, (label, value) in zip(tests, table.inputs, asked.inputs, strict=False)
        if test is not None
    ]
    return {
        "number": matched.number,
        "rule": matched.rule_id,
        "zh": remark.zh,
        "en": remark.en,
        "basis": remark.basis,
        "inputs": tested,
        "outputs": _outputs(model, table, matched.output),
    }


def _outputs(model: Model, table: Table, value: object) -> list[dict[str, str]]:
    several = len(table.outputs) > 1
    told = []
    for output in table.outputs:
        each = value.get(output.name) if several and isinstance(value, Mapping) else value
        if each is not None:
            name = output.name or table.decision
            told.append({**_pair(output.label or name), **_valued(model, name, each)})
    return told


def _label(model: Model, name: str) -> str:
    element = next((each for each in model.elements.values() if each.kind == "input" and each.name == name), None)
    return name if element is None else attribute(element.xml, "label") or name


def _pair(label: str) -> dict[str, str]:
    zh, en = both(label)
    return {"zh": zh, "en": en}


def _valued(model: Model, name: str, value: object) -> dict[str, str]:
    zh, en = _told(model, name, value)
    return {"value_zh": zh[:_LONGEST], "value_en": en[:_LONGEST]}


def _told(model: Model, name: str, value: object) -> tuple[str, str]:
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return _TRUTH[value]
    if isinstance(value, str):
        return _word(model, name, value)
    if isinstance(value, int | Decimal):
        return _number(name, Decimal(value))
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat(), value.isoformat()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        told = [_word(model, name, item) for item in value]
        return "、".join(zh for zh, _ in told) or "无", ", ".join(en for _, en in told) or "none"
    if isinstance(value, list | Mapping):
        return f"{len(value)}项", f"{len(value)} items"
    return str(value), str(value)


def _word(model: Model, name: str, value: str) -> tuple[str, str]:
    return model.words.get((name, value), (value, value))


def _number(name: str, value: Decimal) -> tuple[str, str]:
    if name.endswith("_fen"):
        return f"{value / 100:,.2f}元", f"CNY {value / 100:,.2f}"
    plain = format(value.normalize(), "f")
    return plain, plain
