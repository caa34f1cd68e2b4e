"""A form: reads what was submitted, refuses what cannot be, and shows it again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from lastmeter.errors import LastmeterError
from lastmeter.forms.conditions import read_by, value_of
from lastmeter.forms.fields import Bilingual, Check, Classification, Column, Field, Shown
from lastmeter.forms.messages import Message
from lastmeter.forms.text import is_blank, storable
from lastmeter.forms.types import Refusal, Scope, in_yuan, options_of

Messages = dict[str, list[Message]]
# A condition that hides a field on which the condition itself rests would never come to rest.
MOST_PASSES = 5
MOST_DRAFT_TEXT = 100_000


class FormInvalid(LastmeterError):
    """What was submitted cannot be accepted; `messages` tells why, by the path of the field (`items.0.price`)."""

    code = "form_invalid"

    def __init__(self, messages: Messages) -> None:
        self.messages = messages
        super().__init__(fields={path: [message.key for message in each] for path, each in messages.items()})

    def sentences(self, form: Form, language: str) -> dict[str, list[str]]:
        """The messages as sentences, by path."""
        return {
            path: [message.say(language, form.label(path, language)) for message in each]
            for path, each in self.messages.items()
        }


@runtime_checkable
class MultiDict(Protocol):
    """What an HTML form sends: names with one or more texts."""

    def getlist(self, key: str) -> list[str]: ...

    def keys(self) -> Sequence[str]: ...


Data = Mapping[str, object] | MultiDict


class _Typed(fields.Field[object]):
    """A marshmallow field that reads by our field type."""

    def __init__(self, spec: Field) -> None:
        super().__init__()
        self.spec = spec

    def _deserialize(
        self, value: object, attr: str | None, data: Mapping[str, object] | None, **kwargs: object
    ) -> object:
        assert self.spec.type is not None
        try:
            return self.spec.type.load(value, self.spec)
        except Refusal as refused:
            raise ValidationError([refused.message]) from None


@dataclass(frozen=True)
class _Level:
    """The fields whose values stand side by side in one object, whatever groups gather them on the page."""

    inputs: tuple[tuple[Field, tuple[str, ...]], ...]  # with every condition that hides them
    groups: tuple[tuple[Field, tuple[str, ...], _Level], ...]
    lists: tuple[tuple[Field, tuple[str, ...], _Level], ...]
    schema: Schema

    @classmethod
    def of(cls, fields_: Sequence[Field]) -> _Level:
        found = list(_side_by_side(fields_, ()))
        inputs = tuple((each, hides) for each, hides in found if each.is_input)
        typed = {each.key: _Typed(each) for each, _ in inputs if each.is_typed and each.key}
        return cls(
            inputs=inputs,
            groups=tuple((f, hides, cls.of(f.children)) for f, hides in found if not f.is_input and not f.is_list),
            lists=tuple((f, hides, cls.of(f.children)) for f, hides in found if f.is_list),
            schema=Schema.from_dict(typed)(),  # type: ignore[arg-type]
        )

    @cached_property
    def names(self) -> frozenset[str]:
        found = [each for each, _ in self.inputs] + [each for each, _, _ in (*self.groups, *self.lists)]
        return frozenset(each.key for each in found if each.key)

    @cached_property
    def is_restless(self) -> bool:
        """Something is hidden or reckoned: one pass does not settle it."""
        below = (*self.groups, *self.lists)
        return (
            any(hides or each.computed for each, hides in self.inputs)
            or any(hides for _, hides, _ in below)
            or any(level.is_restless for _, _, level in below)
        )


def _side_by_side(fields_: Sequence[Field], hides: tuple[str, ...]) -> Iterator[tuple[Field, tuple[str, ...]]]:
    for each in fields_:
        chain = hides if each.hide is None else (*hides, each.hide)
        if each.component == "group" and each.key is None:
            yield from _side_by_side(each.children, chain)
        elif each.key is not None:
            yield each, chain


@dataclass
class _Parsed:
    """Values as far as they could be read, before conditions."""

    values: dict[str, object] = field(default_factory=dict)
    refusals: dict[str, list[Message]] = field(default_factory=dict)
    groups: dict[str, _Parsed] = field(default_factory=dict)
    lists: dict[str, list[_Parsed]] = field(default_factory=dict)

    def raw(self) -> dict[str, object]:
        return {
            **self.values,
            **{key: group.raw() for key, group in self.groups.items()},
            **{key: [row.raw() for row in rows] for key, rows in self.lists.items()},
        }


@dataclass
class _Settled:
    """Values after conditions, reckoning and judgement."""

    values: dict[str, object] = field(default_factory=dict)
    refusals: Messages = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    context: dict[str, object] = field(default_factory=dict)
    groups: dict[str, _Settled] = field(default_factory=dict)
    lists: dict[str, list[_Settled]] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """A compiled form; the same object serves every request."""

    id: str
    title: Bilingual
    fields: tuple[Field, ...]
    classification: Classification = "internal"
    bulk_safe: bool = False
    checks: tuple[Check, ...] = ()

    @cached_property
    def _level(self) -> _Level:
        return _Level.of(self.fields)

    def walk(self) -> Iterator[Field]:
        """Every field, groups and lists before what they hold."""
        for each in self.fields:
            yield from each.walk()

    @cached_property
    def inputs(self) -> tuple[Field, ...]:
        """Every field that holds a value."""
        return tuple(each for each in self.walk() if each.is_input)

    @cached_property
    def variables_read(self) -> frozenset[str]:
        """The process's variables that expressions and read-only fields of this form want to see."""
        texts = [check.feel for check in self.checks]
        wanted: set[str] = set()
        for each in self.walk():
            limits = each.limits
            texts += filter(None, (each.hide, each.computed, each.data_source, each.options_expression))
            texts += filter(None, (limits.rule_start, *(_feel(t) for t in (limits.not_before, limits.not_after))))
            texts += filter(None, (_feel(t) for t in ((each.text.zh, each.text.en) if each.text else ())))
            wanted |= {name for name in (each.options_key, each.key if each.readonly else None) if name}
        own = {each.key for each in self.walk() if not each.readonly} | {"i", "parent"}
        return frozenset(wanted | {name for text in texts for name in read_by(text)} - own)

    def schema(self) -> Schema:
        """The marshmallow schema of the fields that stand outside lists and named groups."""
        return self._level.schema

    # --- reading ------------------------------------------------------------------------------------------

    def load(
        self, data: Data, *, context: Mapping[str, object] | None = None, scope: Scope | None = None
    ) -> dict[str, object]:
        """What was submitted, read and judged: every key of the form, None where nothing is.

        `data` is JSON or what an HTML form sends; `context` holds the process's variables that expressions read.
        Hidden fields are dropped, computed ones reckoned here whatever was sent. Raises FormInvalid.
        """
        scope = scope or Scope()
        settled = self._settled(self._tree(data), dict(context or {}), scope, strict=not isinstance(data, MultiDict))
        refusals = settled.refusals or self._check(settled, scope)
        if refusals:
            raise FormInvalid(dict(sorted(refusals.items(), key=lambda item: self._place(item[0]))))
        return settled.values

    def _settled(
        self, tree: Mapping[str, object], context: dict[str, object], scope: Scope, *, strict: bool
    ) -> _Settled:
        parsed = _parse(self._level, tree, strict=strict)
        return _settle(self._level, parsed, context, scope, "")

    def _check(self, settled: _Settled, scope: Scope) -> Messages:
        refusals: Messages = {}
        for check in self.checks:
            if check.field.split(".")[0] in settled.hidden:
                continue
            if value_of(check.feel, settled.context, scope.functions) is not True:
                message = Message("check", {"zh": check.says.zh, "en": check.says.en})
                refusals.setdefault(check.field, []).append(message)
        return refusals

    def _place(self, path: str) -> list[int]:
        """Where a path stands on the page, so that refusals are told in the order of the fields."""
        return [int(part) if _is_index(part) else self._order.get(part, len(self._order)) for part in path.split(".")]

    @cached_property
    def _order(self) -> Mapping[str, int]:
        return {each.key: number for number, each in enumerate(self.walk()) if each.key}

    def _tree(self, data: Data, *, keep_empty_rows: bool = False) -> Mapping[str, object]:
        if isinstance(data, MultiDict):
            return _from_html(self._level, data, "", keep_empty_rows=keep_empty_rows)
        return data

    # --- keeping and showing ------------------------------------------------------------------------------

    def draft(self, data: Data) -> dict[str, object]:
        """What was typed so far, unjudged: only the form's own keys, texts made storable and capped."""
        return _known(self._level, self._tree(data, keep_empty_rows=True))

    def dump(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values as HTML inputs hold them; what is no value of its field (a draft's) stays as it was typed."""
        return _each_value(self._level, values, _display)

    def to_json(self, values: Mapping[str, object]) -> dict[str, object]:
        """Loaded values as JSON keeps them: days and instants ISO texts, fractions texts, money fen."""
        return _each_value(self._level, values, lambda spec, value: spec.type.to_json(value) if spec.type else value)

    def from_json(self, kept: Mapping[str, object]) -> dict[str, object]:
        """The loaded values that `to_json` kept."""
        return _each_value(self._level, kept, lambda spec, value: spec.type.from_json(value) if spec.type else value)

    def initial(self, context: Mapping[str, object] | None = None) -> dict[str, object]:
        """What an untouched form holds: variables of the same name, else the form's defaults."""
        return _initial(self._level, context or {})

    def with_row(self, draft: Mapping[str, object], path: str) -> dict[str, object]:
        """The draft with an empty row at the end of the list at `path`; for pages without JavaScript."""
        return _changed_rows(self._level, self.draft(draft), path.split("."), lambda rows: [*rows, {}])

    def without_row(self, draft: Mapping[str, object], path: str) -> dict[str, object]:
        """The draft without the row at `path` (`items.2`)."""
        *where, last = path.split(".")
        if not _is_index(last):
            return self.draft(draft)
        return _changed_rows(
            self._level, self.draft(draft), where, lambda rows: [r for n, r in enumerate(rows) if n != int(last)]
        )

    def view(
        self,
        data: Data | None = None,
        *,
        context: Mapping[str, object] | None = None,
        errors: Messages | None = None,
        scope: Scope | None = None,
        language: str = "zh",
    ) -> list[Shown]:
        """The form as a page draws it: names, values, what is hidden now, options, rows, refusals."""
        variables = dict(context or {})
        tree = self.initial(variables) if data is None else self._tree(data, keep_empty_rows=True)
        settled = self._settled(tree, variables, scope or Scope(), strict=False)
        painter = _Painter(errors or {}, scope or Scope(), language, variables)
        return painter.paint(self.fields, tree, settled, "", shown=True)

    def label(self, path: str, language: str) -> str:
        """The name of the field at a path, with the row's number where it stands in a list."""
        level, parts, names = self._level, path.split("."), list[str]()
        for part in parts:
            if _is_index(part):
                names[-1:] = [f"{names[-1]} {int(part) + 1}"] if names else []
                continue
            found = _child(level, part)
            if found is None:
                return path
            names.append(found[0].label.say(language))
            level = found[1]
        return " · ".join(name for name in names if name)

    # --- describing ---------------------------------------------------------------------------------------

    def json_schema(self, language: str = "zh") -> dict[str, object]:
        """What an API client may send (JSON Schema 2020-12). Conditions are judged on the server only."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title.say(language),
            **_json_schema(self.fields, language),
        }

    def untranslated(self) -> list[str]:
        """The ids of fields and options that lack an English text of their own."""
        missing = [each.id for each in self.walk() if each.label.en == each.label.zh and not each.label.zh.isascii()]
        missing += [each.id for each in self.walk() if each.hint and each.hint.en == each.hint.zh]
        missing += [each.id for each in self.walk() if each.text and each.text.en == each.text.zh]
        for each in self.walk():
            missing += [
                f"{each.id}={option.value}"
                for option in each.options
                if option.label.zh == option.label.en and not option.label.zh.isascii()
            ]
        return missing


# --- reading, level by level -----------------------------------------------------------------------------------


def _is_index(part: str) -> bool:
    return re.fullmatch("[0-9]{1,4}", part) is not None


def _feel(text: str | None) -> str | None:
    return text[1:] if text is not None and text.startswith("=") else None


def _nothing(raw: object) -> bool:
    return raw is None or raw == [] or (isinstance(raw, str) and len(raw) < 1000 and is_blank(raw))


def _parse(level: _Level, raw: Mapping[str, object], *, strict: bool) -> _Parsed:
    parsed = _Parsed()
    given = {key: raw[key] for key in level.schema.fields if key in raw and not _nothing(raw[key])}
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
        parsed.groups[key] = _parse(below, inner if isinstance(inner, Mapping) else {}, strict=strict)
    for spec, _, below in level.lists:
        parsed.lists[spec.key or ""] = _parse_rows(spec, below, raw.get(spec.key or ""), parsed, strict=strict)
    if strict:
        for unknown in raw.keys() - level.names:
            parsed.refusals[str(unknown)[:80]] = [Message("unknown_field")]
    return parsed


def _parse_rows(spec: Field, level: _Level, raw: object, parsed: _Parsed, *, strict: bool) -> list[_Parsed]:
    key, most = spec.key or "", spec.limits.max_rows or 0
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(row, Mapping) for row in raw):
        parsed.refusals[key] = [Message("not_a_list")]
        return []
    if len(raw) > most:
        parsed.refusals[key] = [Message("too_many_rows", {"most": most})]
        return []
    return [_parse(level, row, strict=strict) for row in raw]


def _settle(level: _Level, parsed: _Parsed, outer: Mapping[str, object], scope: Scope, path: str) -> _Settled:
    """Hide, reckon and judge until nothing changes any more."""
    own: dict[str, object] = dict.fromkeys(_typed_names(level)) | parsed.raw()
    settled, before = _Settled(), None
    for _ in range(MOST_PASSES if level.is_restless else 1):
        settled = _pass(level, parsed, {**outer, **own}, scope, path)
        now = (frozenset(settled.hidden), repr(settled.values))
        if now == before:
            break
        before, own = now, {**own, **settled.values}
    return settled


def _typed_names(level: _Level) -> list[str]:
    """Keys that this form gives; what is only shown keeps the value of the process's variable."""
    shown_only = {each.key for each, _ in level.inputs if each.readonly and each.computed is None}
    return sorted(level.names - shown_only)


def _pass(level: _Level, parsed: _Parsed, values: dict[str, object], scope: Scope, path: str) -> _Settled:
    settled = _Settled(context=values)

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


def _settle_below(spec: Field, level: _Level, parsed: _Parsed, settled: _Settled, scope: Scope, path: str) -> None:
    key, outer = spec.key or "", {**settled.context, "parent": settled.context}
    if spec.is_list:
        rows = [
            _settle(level, row, {**outer, "i": number + 1}, scope, f"{path}{key}.{number}.")
            for number, row in enumerate(parsed.lists[key])
        ]
        settled.lists[key], found = rows, rows
        settled.values[key] = [] if key in settled.hidden else [row.values for row in rows]
        least = spec.limits.min_rows or 0
        if len(rows) < least and key not in settled.hidden and key not in parsed.refusals:
            settled.refusals[f"{path}{key}"] = [Message("too_few_rows", {"least": least})]
    else:
        group = _settle(level, parsed.groups[key], outer, scope, f"{path}{key}.")
        settled.groups[key], found = group, [group]
        settled.values[key] = None if key in settled.hidden else group.values
    settled.context[key] = settled.values[key]
    if key not in settled.hidden:
        for each in found:
            settled.refusals.update(each.refusals)


def _reckon(level: _Level, parsed: _Parsed, settled: _Settled, scope: Scope, path: str) -> None:
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


def _final(spec: Field, parsed: _Parsed, scope: Scope) -> object:
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


# --- HTML, drafts, JSON ----------------------------------------------------------------------------------------


def _from_html(level: _Level, data: MultiDict, prefix: str, *, keep_empty_rows: bool) -> dict[str, object]:
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
        tree[spec.key or ""] = _from_html(below, data, f"{prefix}{spec.key}.", keep_empty_rows=keep_empty_rows)
    for spec, _, below in level.lists:
        rows = [
            _from_html(below, data, f"{prefix}{spec.key}.{number}.", keep_empty_rows=keep_empty_rows)
            for number in _row_numbers(data, f"{prefix}{spec.key}.", (spec.limits.max_rows or 0) + 1)
        ]
        tree[spec.key or ""] = rows if keep_empty_rows else [row for row in rows if _holds_something(row)]
    return tree


def _row_numbers(data: MultiDict, prefix: str, most: int) -> list[int]:
    shape = re.compile(re.escape(prefix) + r"([0-9]{1,4})\.")
    return sorted({int(match[1]) for name in data.keys() if (match := shape.match(name))})[:most]  # noqa: SIM118


def _holds_something(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_something(each) for each in value.values())
    if isinstance(value, list):
        return any(_holds_something(each) for each in value)
    return value is not False and not _nothing(value)


def _known(level: _Level, raw: object) -> dict[str, object]:
    given = raw if isinstance(raw, Mapping) else {}
    tree: dict[str, object] = {}
    for spec, _ in level.inputs:
        key = spec.key or ""
        if spec.is_typed and key in given:
            tree[key] = _typed_so_far(given[key])
    for spec, _, below in level.groups:
        tree[spec.key or ""] = _known(below, given.get(spec.key or ""))
    for spec, _, below in level.lists:
        rows = given.get(spec.key or "")
        kept = rows[: spec.limits.max_rows] if isinstance(rows, list) else []
        tree[spec.key or ""] = [_known(below, row) for row in kept]
    return tree


def _typed_so_far(value: object) -> object:
    if isinstance(value, list):
        return [_typed_so_far(each) for each in value[:1000] if not isinstance(each, (list, Mapping))]
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    return None if value is None else storable(str(value)[:MOST_DRAFT_TEXT])


class _Convert(Protocol):
    def __call__(self, spec: Field, value: object) -> object: ...


def _each_value(level: _Level, values: Mapping[str, object], convert: _Convert) -> dict[str, object]:
    result: dict[str, object] = {}
    for spec, _ in level.inputs:
        key = spec.key or ""
        if key in values:
            value = values[key]
            result[key] = None if value is None else convert(spec, value)
    for spec, _, below in level.groups:
        inner = values.get(spec.key or "")
        if isinstance(inner, Mapping):
            result[spec.key or ""] = _each_value(below, inner, convert)
    for spec, _, below in level.lists:
        rows = values.get(spec.key or "")
        if isinstance(rows, list):
            result[spec.key or ""] = [_each_value(below, row, convert) for row in rows if isinstance(row, Mapping)]
    return result


def _display(spec: Field, value: object) -> object:
    assert spec.type is not None
    if isinstance(value, str):
        return spec.type.show(value, spec) if spec.component in ("checkbox", "checklist", "filepicker") else value
    return spec.type.show(value, spec)


def _initial(level: _Level, context: Mapping[str, object]) -> dict[str, object]:
    tree: dict[str, object] = {}
    for spec, _ in level.inputs:
        value = context.get(spec.key or "")
        tree[spec.key or ""] = spec.default if value is None else value
    for spec, _, below in level.groups:
        inner = context.get(spec.key or "")
        tree[spec.key or ""] = _initial(below, inner if isinstance(inner, Mapping) else {})
    for spec, _, below in level.lists:
        rows = context.get(spec.key or "")
        if isinstance(rows, list):
            tree[spec.key or ""] = [_initial(below, row if isinstance(row, Mapping) else {}) for row in rows]
        else:
            blank = spec.default if isinstance(spec.default, int) else 1
            tree[spec.key or ""] = [_initial(below, {}) for _ in range(max(0, min(blank, 20)))]
    return tree


class _ChangeRows(Protocol):
    def __call__(self, rows: list[object]) -> list[object]: ...


def _changed_rows(level: _Level, tree: dict[str, object], where: list[str], change: _ChangeRows) -> dict[str, object]:
    found = _child(level, where[0]) if where else None
    if found is None:
        return tree
    spec, below = found
    key, inner = spec.key or "", tree.get(spec.key or "")
    if not spec.is_list:
        return {**tree, key: _changed_rows(below, inner if isinstance(inner, dict) else {}, where[1:], change)}
    rows = list(inner) if isinstance(inner, list) else []
    if len(where) == 1:
        return {**tree, key: change(rows)[: spec.limits.max_rows]}
    if _is_index(where[1]) and int(where[1]) < len(rows) and isinstance(row := rows[int(where[1])], dict):
        rows[int(where[1])] = _changed_rows(below, row, where[2:], change)
    return {**tree, key: rows}


def _child(level: _Level, key: str) -> tuple[Field, _Level] | None:
    for spec, _ in level.inputs:
        if spec.key == key:
            return spec, level
    for spec, _, below in (*level.groups, *level.lists):
        if spec.key == key:
            return spec, below
    return None


# --- showing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Painter:
    errors: Messages
    scope: Scope
    language: str
    variables: Mapping[str, object]

    def paint(
        self, fields_: Sequence[Field], tree: object, settled: _Settled, prefix: str, *, shown: bool
    ) -> list[Shown]:
        given = tree if isinstance(tree, Mapping) else {}
        return [self._one(each, given, settled, prefix, shown=shown) for each in fields_]

    def _one(self, spec: Field, tree: Mapping[str, object], settled: _Settled, prefix: str, *, shown: bool) -> Shown:
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

    def _input(self, result: Shown, tree: Mapping[str, object], settled: _Settled) -> None:
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
            result.value = _display(spec, value)
        if spec.has_options:
            scope = self.scope.within(settled.context)
            result.options = options_of(spec, scope)

    def _words(self, text: str, settled: _Settled) -> str:
        if not text.startswith("="):
            return text
        value = self._value(text[1:], settled)
        return "" if value is None else str(value)

    def _value(self, expression: str, settled: _Settled) -> object:
        return value_of(expression, settled.context, self.scope.functions)

    def _cells(self, spec: Field, settled: _Settled) -> list[list[str]]:
        rows = self._value(spec.data_source or "null", settled)
        if not isinstance(rows, list):
            return []
        return [[_cell(column, row) for column in spec.columns] for row in rows if isinstance(row, Mapping)]


def _takes_several(spec: Field) -> bool:
    return spec.component in ("checklist", "filepicker")


def _cell(column: Column, row: Mapping[str, object]) -> str:
    value = row.get(column.key)
    if value is None:
        return ""
    if column.type == "money_fen":
        return in_yuan(int(str(value).split(".")[0]))
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)


def _json_schema(fields_: Sequence[Field], language: str) -> dict[str, object]:
    properties: dict[str, object] = {}
    required: list[str] = []
    for spec, hides in _side_by_side(fields_, ()):
        if spec.is_input and not spec.is_typed:
            continue
        described: dict[str, object]
        if spec.type is not None:
            described = spec.type.json_schema(spec)
        elif spec.is_list:
            described = {
                "type": "array",
                "items": _json_schema(spec.children, language),
                "minItems": spec.limits.min_rows or 0,
                "maxItems": spec.limits.max_rows,
            }
        else:
            described = _json_schema(spec.children, language)
        described = {"title": spec.label.say(language), **described}
        if spec.hint is not None:
            described["description"] = spec.hint.say(language)
        properties[spec.key or ""] = described
        if spec.required and not hides and spec.key:
            required.append(spec.key)
    schema: dict[str, object] = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema
