"""A form as a page draws it, and as an API describes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lastmeter.forms.conditions import value_of
from lastmeter.forms.fields import Column, Field, Shown
from lastmeter.forms.levels import side_by_side
from lastmeter.forms.reading import Messages, Settled
from lastmeter.forms.trees import display
from lastmeter.forms.types import Scope, in_yuan, options_of


@dataclass(frozen=True)
class Painter:
    errors: Messages
    scope: Scope
    language: str
    variables: Mapping[str, object]

    def paint(
        self, fields_: Sequence[Field], tree: object, settled: Settled, prefix: str, *, shown: bool
    ) -> list[Shown]:
        given = tree if isinstance(tree, Mapping) else {}
        return [self._one(each, given, settled, prefix, shown=shown) for each in fields_]

    def _one(self, spec: Field, tree: Mapping[str, object], settled: Settled, prefix: str, *, shown: bool) -> Shown:
        hidden = not shown or (spec.hide is not None and self._value(spec.hide, settled) is True)
        name = f"{prefix}{spec.key}" if spec.key else ""
        result = Shown(spec, name, hidden=hidden, errors=tuple(self.errors.get(name, ())) if name else ())
        if spec.is_input:
            self._input(result, tree, settled)
        elif spec.is_list:
            rows = tree.get(spec.key or "")
            result.rows = [
                self.paint(spec.children, row, inner, f"{name}.{number}.", shown=not hidden)
                for number, (row, inner) in enumerate(
                    zip(rows if isinstance(rows, list) else [], settled.lists.get(spec.key or "", []), strict=False)
                )
            ]
        elif spec.component == "group":
            inner_tree = tree if spec.key is None else tree.get(spec.key)
            inner = settled if spec.key is None else settled.groups[spec.key]
            inner_prefix = prefix if spec.key is None else f"{name}."
            result.children = self.paint(spec.children, inner_tree, inner, inner_prefix, shown=not hidden)
        elif spec.component == "table":
            result.cells = self._cells(spec, settled)
        elif spec.text is not None:
            result.text = self._words(spec.text.say(self.language), settled)
        return result

    def _input(self, result: Shown, tree: Mapping[str, object], settled: Settled) -> None:
        spec = result.field
        assert spec.type is not None
        if spec.computed is not None:
            value = settled.values.get(spec.key or "")
        elif spec.readonly:
            value = tree.get(spec.key or "", self.variables.get(spec.key or ""))
        else:
            value = tree.get(spec.key or "")
        if value is None:
            result.value = False if spec.component == "checkbox" else [] if _takes_several(spec) else ""
        else:
            result.value = display(spec, value)
        if spec.has_options:
            scope = self.scope.within(settled.context)
            result.options = options_of(spec, scope)

    def _words(self, text: str, settled: Settled) -> str:
        if not text.startswith("="):
            return text
        value = self._value(text[1:], settled)
        return "" if value is None else str(value)

    def _value(self, expression: str, settled: Settled) -> object:
        return value_of(expression, settled.context, self.scope.functions)

    def _cells(self, spec: Field, settled: Settled) -> list[list[str]]:
        rows = self._value(spec.data_source or "null", settled)
        if not isinstance(rows, list):
            return []
        return [
            [_cell(column, row, self.language) for column in spec.columns] for row in rows if isinstance(row, Mapping)
        ]


def _takes_several(spec: Field) -> bool:
    return spec.component in ("checklist", "filepicker")


def _cell(column: Column, row: Mapping[str, object], language: str) -> str:
    """The row's value as text; in English the one under `<key>_en`, where the row has it."""
    value = (row.get(f"{column.key}_en") if language == "en" else None) or row.get(column.key)
    if value is None:
        return ""
    if column.type == "money_fen":
        return in_yuan(int(str(value).split(".")[0]))
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)


def described(fields_: Sequence[Field], language: str) -> dict[str, object]:
    """The JSON Schema of an object with these fields."""
    properties: dict[str, object] = {}
    required: list[str] = []
    for spec, hides in side_by_side(fields_):
        if spec.is_input and not spec.is_typed:
            continue
        one: dict[str, object]
        if spec.type is not None:
            one = spec.type.json_schema(spec)
        elif spec.is_list:
            one = {
                "type": "array",
                "items": described(spec.children, language),
                "minItems": spec.limits.min_rows or 0,
                "maxItems": spec.limits.max_rows,
            }
        else:
            one = described(spec.children, language)
        one = {"title": spec.label.say(language), **one}
        if spec.hint is not None:
            one["description"] = spec.hint.say(language)
        properties[spec.key or ""] = one
        if spec.required and not hides and spec.key:
            required.append(spec.key)
    schema: dict[str, object] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema
