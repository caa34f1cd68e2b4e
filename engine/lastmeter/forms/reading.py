"""From what came to values: read each, hide and reckon until nothing changes, judge, refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from marshmallow import EXCLUDE, ValidationError

from lastmeter.forms.conditions import value_of
from lastmeter.forms.fields import Field
from lastmeter.forms.levels import Level
from lastmeter.forms.messages import Message
from lastmeter.forms.text import is_blank
from lastmeter.forms.types import Refusal, Scope

Messages = dict[str, list[Message]]
# A condition that hides a field on which the condition itself rests would never come to rest.
MOST_PASSES = 5


@dataclass
class Parsed:
    """Values as far as they could be read, before conditions."""

    values: dict[str, object] = field(default_factory=dict)
    refusals: dict[str, list[Message]] = field(default_factory=dict)
    groups: dict[str, Parsed] = field(default_factory=dict)
    lists: dict[str, list[Parsed]] = field(default_factory=dict)
    number: int = 0  # of the row, as it was sent

    def raw(self) -> dict[str, object]:
        return {
            **self.values,
            **{key: group.raw() for key, group in self.groups.items()},
            **{key: [row.raw() for row in rows] for key, rows in self.lists.items()},
        }


@dataclass
class Settled:
    """Values after conditions, reckoning and judgement."""

    values: dict[str, object] = field(default_factory=dict)
    refusals: Messages = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    context: dict[str, object] = field(default_factory=dict)
    groups: dict[str, Settled] = field(default_factory=dict)
    lists: dict[str, list[Settled]] = field(default_factory=dict)


def is_nothing(raw: object) -> bool:
    """Nothing was given: null, an empty list, or a text in which nothing can be seen."""
    return raw is None or raw == [] or (isinstance(raw, str) and len(raw) < 1000 and is_blank(raw))


def parse(level: Level, raw: Mapping[str, object], *, strict: bool, drop_blank: bool) -> Parsed:
    """Every value as far as it can be read; `strict` refuses names that the form does not know.

    `drop_blank` leaves out rows that nobody filled in; the others keep their numbers, for the refusals' paths.
    """
    parsed = Parsed()
    given = {key: raw[key] for key in level.schema.fields if key in raw and not is_nothing(raw[key])}
    try:
        loaded = level.schema.load(given, partial=True, unknown=EXCLUDE)
    except ValidationError as refused:
        loaded = refused.valid_data
        parsed.refusals = refused.messages if isinstance(refused.messages, dict) else {}
    parsed.values = {key: value for key, value in dict(loaded or {}).items() if key not in parsed.refusals}
    for spec, _, below in level.groups:
        key, inner = spec.key or "", raw.get(spec.key or "")
        if inner is not None and not isinstance(inner, Mapping):
            parsed.refusals[key] = [Message("not_a_group")]
        parsed.groups[key] = parse(
            below, inner if isinstance(inner, Mapping) else {}, strict=strict, drop_blank=drop_blank
        )
    for spec, _, below in level.lists:
        given_rows = raw.get(spec.key or "")
        rows = _parse_rows(spec, below, given_rows, parsed, strict=strict, drop_blank=drop_blank)
        parsed.lists[spec.key or ""] = rows
    if strict:
        for unknown in raw.keys() - level.names:
            parsed.refusals[str(unknown)[:80]] = [Message("unknown_field")]
    return parsed


def _parse_rows(
    spec: Field, level: Level, raw: object, parsed: Parsed, *, strict: bool, drop_blank: bool
) -> list[Parsed]:
    key, most = spec.key or "", spec.limits.max_rows or 0
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(row, Mapping) for row in raw):
        parsed.refusals[key] = [Message("not_a_list")]
        return []
    numbered = [(number, row) for number, row in enumerate(raw) if not drop_blank or _holds_something(row)]
    if len(numbered) > most:
        parsed.refusals[key] = [Message("too_many_rows", {"most": most})]
    rows = []
    for number, row in numbered[:most]:
        rows.append(parse(level, row, strict=strict, drop_blank=drop_blank))
        rows[-1].number = number
    return rows


def _holds_something(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_something(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds_something(each) for each in value)
    return value is not False and not is_nothing(value)


def settle(level: Level, parsed: Parsed, outer: Mapping[str, object], scope: Scope, path: str) -> Settled:
    """Hide, reckon and judge until nothing changes any more."""
    own: dict[str, object] = dict.fromkeys(_typed_names(level)) | parsed.raw()
    settled, before = Settled(), None
    for _ in range(MOST_PASSES if level.is_restless else 1):
        settled = _pass(level, parsed, {**outer, **own}, scope, path)
        now = (frozenset(settled.hidden), repr(settled.values))
        if now == before:
            break
        before, own = now, {**own, **settled.values}
    return settled


def _typed_names(level: Level) -> list[str]:
    """Keys that this form gives; what is only shown keeps the value of the process's variable."""
    shown_only = {each.key for each, _ in level.inputs if each.readonly and each.computed is None}
    return sorted(level.names - shown_only)


def _pass(level: Level, parsed: Parsed, values: dict[str, object], scope: Scope, path: str) -> Settled:
    settled = Settled(context=values)

    def hides(conditions: tuple[str, ...]) -> bool:
        return any(value_of(condition, settled.context, scope.functions) is True for condition in conditions)

    for spec, conditions in level.inputs:
        if hides(conditions):
            settled.hidden.add(spec.key or "")
    for spec, conditions, below in (*level.groups, *level.lists):
        if hides(conditions):
            settled.hidden.add(spec.key or "")
        _settle_below(spec, below, parsed, settled, scope, path)
    _reckon(level, parsed, settled, scope.within(settled.context), path)
    for key, refusals in parsed.refusals.items():
        if key not in settled.hidden:
            settled.refusals.setdefault(f"{path}{key}", []).extend(refusals)
    return settled


def _settle_below(spec: Field, level: Level, parsed: Parsed, settled: Settled, scope: Scope, path: str) -> None:
    key, outer = spec.key or "", {**settled.context, "parent": settled.context}
    if spec.is_list:
        rows = [
            settle(level, row, {**outer, "i": number + 1}, scope, f"{path}{key}.{row.number}.")
            for number, row in enumerate(parsed.lists[key])
        ]
        settled.lists[key], found = rows, rows
        settled.values[key] = [] if key in settled.hidden else [row.values for row in rows]
        least = spec.limits.min_rows or 0
        if len(rows) < least and key not in settled.hidden and key not in parsed.refusals:
            settled.refusals[f"{path}{key}"] = [Message("too_few_rows", {"least": least})]
    else:
        group = settle(level, parsed.groups[key], outer, scope, f"{path}{key}.")
        settled.groups[key], found = group, [group]
        settled.values[key] = None if key in settled.hidden else group.values
    settled.context[key] = settled.values[key]
    if key not in settled.hidden and key not in parsed.refusals:
        for each in found:
            settled.refusals.update(each.refusals)


def _reckon(level: Level, parsed: Parsed, settled: Settled, scope: Scope, path: str) -> None:
    """Every input's final value, in the form's order, or why it is refused."""
    for spec, _ in level.inputs:
        key = spec.key or ""
        if key in settled.hidden:
            settled.values[key] = settled.context[key] = None
            continue
        if spec.readonly and spec.computed is None:
            continue
        try:
            settled.values[key] = _final(spec, parsed, scope)
        except Refusal as refused:
            settled.values[key] = None
            settled.refusals[f"{path}{key}"] = [refused.message]
        settled.context[key] = settled.values[key]


def _final(spec: Field, parsed: Parsed, scope: Scope) -> object:
    assert spec.type is not None
    key = spec.key or ""
    value = parsed.values.get(key)
    if spec.computed is not None:
        value = scope.evaluate(spec.computed)
        if spec.type.name == "feel-check":
            value = value is True
        elif value is not None:
            value = spec.type.load(value, spec)
    elif key in parsed.refusals:
        return None
    elif value is None and spec.component == "checkbox":
        if spec.required:
            raise Refusal("must_be_true")
        value = False
    elif (value is None or value == []) and spec.required:
        raise Refusal("required")
    return value if value is None else spec.type.settle(value, spec, scope)
