"""Identifiers with a shape of their own: identity numbers, credit codes, mobile numbers."""

from __future__ import annotations

from lastmeter import identifiers
from lastmeter.forms.fields import Field
from lastmeter.forms.types.base import FieldType, Refusal, Scope, narrow_text_in, register


class _Identifier(FieldType):
    components = frozenset({"textfield"})

    def is_right(self, text: str) -> bool:
        """Well made, check character included."""
        raise NotImplementedError

    def load(self, raw: object, spec: Field) -> str:
        text = identifiers.normal(narrow_text_in(raw, self.name))
        if not self.is_right(text):
            raise Refusal(self.name)
        return text


@register
class IdNumber(_Identifier):
    """A resident identity number (居民身份证号码)."""

    name = "id_number"

    def is_right(self, text: str) -> bool:
        return identifiers.is_id_number(text)

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        if not identifiers.is_id_number(str(value), today=scope.today):
            raise Refusal("id_number")
        return value

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "pattern": "^[0-9]{17}[0-9X]$"}


@register
class Uscc(_Identifier):
    """A unified social credit code (统一社会信用代码)."""

    name = "uscc"

    def is_right(self, text: str) -> bool:
        return identifiers.is_uscc(text)

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$"}


@register
class Phone(_Identifier):
    """A mobile number."""

    name = "phone"

    def is_right(self, text: str) -> bool:
        return identifiers.is_phone(text)

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "pattern": "^1[3-9][0-9]{9}$"}
