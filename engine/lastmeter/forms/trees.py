"""Trees of values: out of HTML names, as drafts, as JSON, as inputs hold them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from lastmeter.forms.fields import Field
from lastmeter.forms.levels import Level, child, is_index
from lastmeter.forms.text import storable

MOST_DRAFT_TEXT = 100_000


@runtime_checkable
class MultiDict(Protocol):
    """What an HTML form sends: names with one or more texts."""

    def getlist(self, key: str) -> list[str]: ...

    def keys(self) -> Sequence[str]: ...


def from_html(level: Level, data: MultiDict, prefix: str = "") -> dict[str, object]:
    """The tree that HTML names like `lines.0.price` spell; names that the form does not know are left out."""
    tree: dict[str, object] = {}
    for spec, _ in level.inputs:
        if not spec.is_typed:
            continue
        texts = data.getlist(f"{prefix}{spec.key}")
        if spec.component == "checklist" or spec.limits.multiple:
            tree[spec.key or ""] = [text for text in texts if text]
        elif spec.component == "checkbox":
            tree[spec.key or ""] = texts[-1] if texts else False
        else:
            tree[spec.key or ""] = texts[0] if texts else None
    for spec, _, below in level.groups:
        tree[spec.key or ""] = from_html(below, data, f"{prefix}{spec.key}.")
    for spec, _, below in level.lists:
        start = f"{prefix}{spec.key}."
        tree[spec.key or ""] = [from_html(below, data, f"{start}{n}.") for n in _row_numbers(data, start)]
    return tree


def _row_numbers(data: MultiDict, prefix: str) -> list[int]:
    shape = re.compile(re.escape(prefix) + r"([0-9]{1,4})\.")
    return sorted({int(match[1]) for name in data.keys() if (match := shape.match(name))})  # noqa: SIM118


def known(level: Level, raw: object) -> dict[str, object]:
    """What a draft keeps of a tree: the form's own keys, storable and capped."""
    given = raw if isinstance(raw, Mapping) else {}
    tree: dict[str, object] = {}
    for spec, _ in level.inputs:
        key = spec.key or ""
        if spec.is_typed and key in given:
            tree[key] = _typed_so_far(given[key])
    for spec, _, below in level.groups:
        tree[spec.key or ""] = known(below, given.get(spec.key or ""))
    for spec, _, below in level.lists:
        rows = given.get(spec.key or "")
        kept = rows[: spec.limits.max_rows] if isinstance(rows, list) else []
        tree[spec.key or ""] = [known(below, row) for row in kept]
    return tree


def _typed_so_far(value: object) -> object:
    if isinstance(value, list):
        return [_typed_so_far(each) for each in value[:1000] if not isinstance(each, (list, Mapping))]
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    return None if value is None else storable(str(value)[:MOST_DRAFT_TEXT])


class _Convert(Protocol):
    def __call__(self, spec: Field, value: object) -> object: ...


def each_value(level: Level, values: Mapping[str, object], convert: _Convert) -> dict[str, object]:
    """The tree with every value converted; None stays."""
    result: dict[str, object] = {}
    for spec, _ in level.inputs:
        key = spec.key or ""
        if key in values:
            value = values[key]
            result[key] = None if value is None else convert(spec, value)
    for spec, _, below in level.groups:
        inner = values.get(spec.key or "")
        if isinstance(inner, Mapping):
            result[spec.key or ""] = each_value(below, inner, convert)
    for spec, _, below in level.lists:
        rows = values.get(spec.key or "")
        if isinstance(rows, list):
            result[spec.key or ""] = [each_value(below, row, convert) for row in rows if isinstance(row, Mapping)]
    return result


def display(spec: Field, value: object) -> object:
    """What an input holds for the value; a text that is no value of its field yet stays as it was typed."""
    assert spec.type is not None
    if isinstance(value, str):
        return spec.type.show(value, spec) if spec.component in ("checkbox", "checklist", "filepicker") else value
    return spec.type.show(value, spec)


def initial(level: Level, context: Mapping[str, object]) -> dict[str, object]:
    """Variables of the same names, else the form's defaults."""
    tree: dict[str, object] = {}
    for spec, _ in level.inputs:
        value = context.get(spec.key or "")
        tree[spec.key or ""] = spec.default if value is None else value
    for spec, _, below in level.groups:
        inner = context.get(spec.key or "")
        tree[spec.key or ""] = initial(below, inner if isinstance(inner, Mapping) else {})
    for spec, _, below in level.lists:
        rows = context.get(spec.key or "")
        if isinstance(rows, list):
            tree[spec.key or ""] = [initial(below, row if isinstance(row, Mapping) else {}) for row in rows]
        else:
            blank = spec.default if isinstance(spec.default, int) else 1
            tree[spec.key or ""] = [initial(below, {}) for _ in range(max(0, min(blank, 20)))]
    return tree


class _ChangeRows(Protocol):
    def __call__(self, rows: list[object]) -> list[object]: ...


def changed_rows(level: Level, tree: dict[str, object], where: list[str], change: _ChangeRows) -> dict[str, object]:
    """The tree with the rows at `where` changed; unchanged where there is no such list."""
    found = child(level, where[0]) if where else None
    if found is None:
        return tree
    spec, below = found
    key, inner = spec.key or "", tree.get(spec.key or "")
    if not spec.is_list:
        return {**tree, key: changed_rows(below, inner if isinstance(inner, dict) else {}, where[1:], change)}
    rows = list(inner) if isinstance(inner, list) else []
    if len(where) == 1:
        return {**tree, key: change(rows)[: spec.limits.max_rows]}
    if is_index(where[1]) and int(where[1]) < len(rows) and isinstance(row := rows[int(where[1])], dict):
        rows[int(where[1])] = changed_rows(below, row, where[2:], change)
    return {**tree, key: rows}
