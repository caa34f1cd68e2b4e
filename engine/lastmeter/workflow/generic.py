"""The form of a task that names none: a comment, and the names that the definition reads and nothing sets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.errors import InvalidInput
from lastmeter.forms import Form, load_form
from lastmeter.forms.subset import is_usable_key
from lastmeter.forms.trees import MultiDict

COMMENT = "comment"
_MOST = 50


def open_names(loaded: LoadedDefinition) -> tuple[str, ...]:
    """Names that expressions read, and that no form field, script, decision or mapping of the definition sets."""
    written = {name for element in loaded.elements.values() for name in element.names_written}
    typed = {field.key for form in loaded.forms.values() for field in form.walk()}
    return tuple(sorted(name for name in loaded.names_read - written - typed if name.isidentifier()))[:_MOST]


@lru_cache(maxsize=256)
def _form(title: str, names: tuple[str, ...]) -> Form:
    asked: list[dict[str, Any]] = [
        {"type": "textfield", "id": f"field_{name}", "key": name, "label": name} for name in names if name != COMMENT
    ]
    comment = {"type": "textarea", "id": "field_comment", "key": COMMENT, "label": "意见",
               "properties": {"lm.label_en": "Comment"}}  # fmt: skip
    return load_form(
        {"type": "default", "id": "generic", "components": [*asked, comment], "properties": {"lm.title": title}}
    )


def form_of(loaded: LoadedDefinition, element_id: str) -> Form:
    """The generic form as a page draws it."""
    allowed = tuple(name for name in open_names(loaded) if is_usable_key(name))
    # A task that was done under another version may stand at an element that this one does not have.
    element = loaded.elements.get(element_id)
    return _form(element.name if element is not None else element_id, allowed)


def read(loaded: LoadedDefinition, element_id: str, data: object) -> dict[str, object]:
    """What was handed in without a form: any JSON object, or the generic form's fields. Raises InvalidInput."""
    if isinstance(data, MultiDict):
        typed = form_of(loaded, element_id).draft(data)
        return {name: value for name, value in typed.items() if value not in (None, "")}
    if data is None:
        return {}
    if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
        raise InvalidInput(field="data", reason="not_an_object")
    return dict(data)
