"""What the system knows already: organisations, people, regions, uploaded files."""

from __future__ import annotations

import re
from typing import ClassVar

from lastmeter.forms.fields import Field
from lastmeter.forms.text import narrow
from lastmeter.forms.types.base import FieldType, Refusal, Scope, register
from lastmeter.forms.types.choices import chosen, is_short_number, options_of

MOST_FILES = 50


class _Reference(FieldType):
    """Something known to the system, by the number of its row."""

    components = frozenset({"textfield", "select", "number"})
    refusal: ClassVar[str]
    kind: ClassVar[str]

    def load(self, raw: object, spec: Field) -> object:
        text = str(raw) if is_short_number(raw) else raw
        if not isinstance(text, str) or not re.fullmatch(r"[1-9][0-9]{0,18}", text) or int(text) >= 2**63:
            raise Refusal(self.refusal)
        return int(text)

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        if spec.has_options:
            value = chosen(value, options_of(spec, scope))
        if (
            scope.references is not None
            and isinstance(value, (int, str))
            and not scope.references.knows(self.kind, value)
        ):
            raise Refusal(self.refusal)
        return value

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "integer", "minimum": 1}


@register
class Organisation(_Reference):
    """An organisation."""

    name = kind = "organisation"
    refusal = "unknown_organisation"


@register
class Person(_Reference):
    """A person."""

    name = kind = "person"
    refusal = "unknown_person"


@register
class Region(_Reference):
    """A region by its code: GB/T 2260 where it has one, else a local code."""

    name = kind = "region"
    refusal = "unknown_region"

    def load(self, raw: object, spec: Field) -> object:
        text = narrow(str(raw)) if isinstance(raw, str) or is_short_number(raw) else ""
        if not re.fullmatch(r"[0-9A-Za-z-]{1,12}", text):
            raise Refusal(self.refusal)
        return text

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "pattern": "^[0-9A-Za-z-]{1,12}$"}


@register
class File(_Reference):
    """Uploaded documents, by their numbers; a list where the field takes several."""

    name = "file"
    kind = "file"
    components = frozenset({"filepicker"})
    refusal = "unknown_file"

    def load(self, raw: object, spec: Field) -> object:
        given = [each for each in raw if each != ""] if isinstance(raw, list) else [raw]
        if not spec.limits.multiple and len(given) != 1:
            raise Refusal("one_file_only")
        if len(given) > MOST_FILES:
            raise Refusal("too_many_rows", most=MOST_FILES)
        numbers = list(dict.fromkeys(super(File, self).load(each, spec) for each in given))
        return numbers if spec.limits.multiple else numbers[0]

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        for number in value if isinstance(value, list) else [value]:
            super().settle(number, spec, scope)
        return value

    def show(self, value: object, spec: Field) -> object:
        return [str(each) for each in value] if isinstance(value, list) else [str(value)]

    def json_schema(self, spec: Field) -> dict[str, object]:
        one = super().json_schema(spec)
        return {"type": "array", "items": one, "maxItems": MOST_FILES} if spec.limits.multiple else one
