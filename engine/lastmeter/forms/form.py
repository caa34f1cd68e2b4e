"""A form: reads what was submitted, refuses what cannot be, and shows it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from marshmallow import Schema

from lastmeter.errors import LastmeterError
from lastmeter.forms.conditions import read_by, value_of
from lastmeter.forms.fields import Bilingual, Check, Classification, Field, Shown
from lastmeter.forms.levels import Level, child, is_index
from lastmeter.forms.messages import Message
from lastmeter.forms.reading import Messages, Settled, parse, settle
from lastmeter.forms.showing import Painter, described
from lastmeter.forms.trees import MultiDict, changed_rows, display, each_value, from_html, initial, known
from lastmeter.forms.types import Scope

Data = Mapping[str, object] | MultiDict


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
    def _level(self) -> Level:
        return Level.of(self.fields)

    def walk(self) -> Iterator[Field]:
        """Every field, groups and lists before what they hold."""
        for each in self.fields:
            yield from each.walk()

    @cached_property
    def inputs(self) -> tuple[Field, ...]:
        """Every field that holds a value."""
        return tuple(each for each in self.walk() if each.is_input)

    @cached_property
    def is_live(self) -> bool:
        """True if what one types changes which fields there are, or what is reckoned in them."""
        return any(each.hide is not None or each.computed is not None for each in self.walk())

    @cached_property
    def variables_read(self) -> frozenset[str]:
        """The process's variables that expressions and read-only fields of this form want to see."""
        wanted = {
            name for each in self.walk() for name in (each.options_key, each.key if each.readonly else None) if name
        }
        own = {each.key for each in self.walk() if not each.readonly} | {"i", "parent"}
        return frozenset(wanted | {name for _, text in self.expressions() for name in read_by(text)} - own)

    def expressions(self) -> Iterator[tuple[str, str]]:
        """All FEEL of the form, each with the key of its field or its id; "" for the checks over several fields."""
        for check in self.checks:
            yield "", check.feel
        for each in self.walk():
            limits = each.limits
            texts = [each.hide, each.computed, each.data_source, each.options_expression, limits.rule_start]
            texts += [_feel(text) for text in (limits.not_before, limits.not_after)]
            texts += [_feel(text) for text in ((each.text.zh, each.text.en) if each.text else ())]
            yield from ((each.key or each.id, text) for text in texts if text)

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
        typed = isinstance(data, MultiDict)
        settled = self._settled(self._tree(data), context or {}, scope, strict=not typed, drop_blank=typed)
        refusals = settled.refusals or self._check(settled, scope)
        if refusals:
            raise FormInvalid(dict(sorted(refusals.items(), key=lambda item: self._place(item[0]))))
        return settled.values

    def _settled(
        self, tree: Mapping[str, object], context: Mapping[str, object], scope: Scope, *, strict: bool, drop_blank: bool
    ) -> Settled:
        parsed = parse(self._level, tree, strict=strict, drop_blank=drop_blank)
        return settle(self._level, parsed, context, scope, "")

    def _check(self, settled: Settled, scope: Scope) -> Messages:
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
        return [int(part) if is_index(part) else self._order.get(part, len(self._order)) for part in path.split(".")]

    @cached_property
    def _order(self) -> Mapping[str, int]:
        return {each.key: number for number, each in enumerate(self.walk()) if each.key}

    def _tree(self, data: Data) -> Mapping[str, object]:
        if isinstance(data, MultiDict):
            return from_html(self._level, data)
        if not isinstance(data, Mapping):
            raise FormInvalid({"": [Message("not_a_group")]})
        return data

    # --- keeping and showing ------------------------------------------------------------------------------

    def draft(self, data: Data) -> dict[str, object]:
        """What was typed so far, unjudged: only the form's own keys, texts made storable and capped."""
        return known(self._level, self._tree(data))

    def dump(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values as HTML inputs hold them; what is no value of its field (a draft's) stays as it was typed."""
        return each_value(self._level, values, display)

    def to_json(self, values: Mapping[str, object]) -> dict[str, object]:
        """Loaded values as JSON keeps them: days and instants ISO texts, fractions texts, money fen."""
        return each_value(self._level, values, lambda spec, value: spec.type.to_json(value) if spec.type else value)

    def from_json(self, kept: Mapping[str, object]) -> dict[str, object]:
        """The loaded values that `to_json` kept."""
        return each_value(self._level, kept, lambda spec, value: spec.type.from_json(value) if spec.type else value)

    def initial(self, context: Mapping[str, object] | None = None) -> dict[str, object]:
        """What an untouched form holds: variables of the same name, else the form's defaults."""
        return initial(self._level, context or {})

    def with_row(self, draft: Mapping[str, object], path: str) -> dict[str, object]:
        """The draft with an empty row at the end of the list at `path`; for pages without JavaScript."""
        return changed_rows(self._level, self.draft(draft), path.split("."), lambda rows: [*rows, {}])

    def without_row(self, draft: Mapping[str, object], path: str) -> dict[str, object]:
        """The draft without the row at `path` (`items.2`)."""
        *where, last = path.split(".")
        if not is_index(last):
            return self.draft(draft)
        return changed_rows(
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
        tree = self.initial(variables) if data is None else self._tree(data)
        settled = self._settled(tree, variables, scope or Scope(), strict=False, drop_blank=False)
        painter = Painter(errors or {}, scope or Scope(), language, variables)
        return painter.paint(self.fields, tree, settled, "", shown=True)

    def label(self, path: str, language: str) -> str:
        """The name of the field at a path, with the row's number where it stands in a list."""
        level, parts, names = self._level, path.split("."), list[str]()
        for part in parts:
            if is_index(part):
                names[-1:] = [f"{names[-1]} {int(part) + 1}"] if names else []
                continue
            found = child(level, part)
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
            **described(self.fields, language),
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


def _feel(text: str | None) -> str | None:
    return text[1:] if text is not None and text.startswith("=") else None
