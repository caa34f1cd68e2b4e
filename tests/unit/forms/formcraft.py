"""Short ways to say a form in a test."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pytest

from lastmeter.forms import Form, FormInvalid, Scope, load_form

TODAY = dt.date(2026, 5, 6)
SCOPE = Scope(today=TODAY)


def form(*components: Mapping[str, object], **properties: object) -> Form:
    """A form of these components; properties are written with `_` for `.` after lm."""
    named = {f"lm.{name}": value for name, value in properties.items()}
    return load_form({"type": "default", "id": "f", "components": list(components), "properties": named})


def field(type_: str, key: object = "x", **more: object) -> dict[str, object]:
    """A component with a label in both languages."""
    properties = {"lm.label_en": str(key).title(), **more.pop("lm", {})}  # type: ignore[dict-item]
    return {"type": type_, "id": f"field_{key}", "key": key, "label": f"字段{key}", "properties": properties, **more}


def rows(path: str, *components: Mapping[str, object], **lm: object) -> dict[str, object]:
    properties = {"lm.label_en": path.title(), **{f"lm.{name}": value for name, value in lm.items()}}
    return {"type": "dynamiclist", "id": f"list_{path}", "path": path, "label": f"列表{path}",
            "components": list(components), "properties": properties}  # fmt: skip


def keys_refused(subject: Form, data: object, **context: object) -> dict[str, list[str]]:
    """Path → message keys with which the form refuses the data."""
    with pytest.raises(FormInvalid) as refused:
        subject.load(data, context=context, scope=SCOPE)  # type: ignore[arg-type]
    return {path: [message.key for message in messages] for path, messages in refused.value.messages.items()}


class Html(dict[str, list[str]]):
    """What a browser sends, as Werkzeug's MultiDict gives it."""

    def getlist(self, key: str) -> list[str]:
        return self.get(key, [])

    @classmethod
    def of(cls, *pairs: tuple[str, str]) -> Html:
        made = cls()
        for name, value in pairs:
            made.setdefault(name, []).append(value)
        return made
