"""Words: one line or several."""

from __future__ import annotations

import re
from typing import ClassVar

import regex

from lastmeter.forms.fields import Field
from lastmeter.forms.text import clean, is_storable
from lastmeter.forms.types.base import LINE_LENGTH, FieldType, Refusal, register, text_in

AREA_LENGTH = 20_000
PATTERN_SECONDS = 0.1


def search_pattern(pattern: str, text: str) -> bool:
    """The pattern is found in the text within a tenth of a second. Raises TimeoutError, regex.error."""
    return regex.search(pattern, text, timeout=PATTERN_SECONDS) is not None


@register
class Text(FieldType):
    """One line."""

    name = "text"
    components = frozenset({"textfield"})
    multiline: ClassVar[bool] = False
    longest: ClassVar[int] = LINE_LENGTH
    _EMAIL = re.compile(r"[^@\s<>\"',;]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

    def load(self, raw: object, spec: Field) -> str:
        text = text_in(raw)
        most = min(spec.limits.max_length or self.longest, AREA_LENGTH)
        # Judged before it is normalised: a flood must not be worked on.
        if len(text) > 4 * most + 1000:
            raise Refusal("too_long", most=most)
        text = clean(text)
        if not is_storable(text, multiline=self.multiline):
            raise Refusal("unstorable")
        if len(text) > most:
            raise Refusal("too_long", most=most)
        if spec.limits.min_length and len(text) < spec.limits.min_length:
            raise Refusal("too_short", least=spec.limits.min_length)
        if spec.limits.email and not self._EMAIL.fullmatch(text):
            raise Refusal("email")
        if spec.limits.pattern:
            self._match(spec.limits.pattern, text)
        return text

    @staticmethod
    def _match(pattern: str, text: str) -> None:
        try:
            found = search_pattern(pattern, text)
        except TimeoutError:
            found = False
        if not found:
            raise Refusal("pattern")

    def json_schema(self, spec: Field) -> dict[str, object]:
        schema: dict[str, object] = {"type": "string", "maxLength": spec.limits.max_length or self.longest}
        if spec.limits.min_length:
            schema["minLength"] = spec.limits.min_length
        if spec.limits.pattern:
            schema["pattern"] = spec.limits.pattern
        if spec.limits.email:
            schema["format"] = "email"
        return schema


@register
class TextArea(Text):
    """Several lines."""

    name = "textarea"
    components = frozenset({"textarea"})
    multiline = True
    longest = AREA_LENGTH
