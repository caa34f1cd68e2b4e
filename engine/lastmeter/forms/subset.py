"""The part of form-js that we take, as data; forms/_shared/README.md tells it to people."""

from __future__ import annotations

import re

MOST_BYTES = 512 * 1024
MOST_COMPONENTS = 500
MOST_DEPTH = 6
MOST_OPTIONS = 2000
MOST_ROWS = 200
SCHEMA_VERSION = 19

# SpiffWorkflow's serializer reads `typename` and `data_objects` in a state as its own marks.
RESERVED = frozenset({
    "typename", "data_objects", "this", "parent", "i", "item", "partial", "null", "true", "false", "and", "or",
    "not", "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "between", "instance", "of",
    "function", "external", "date", "time", "duration", "constructor", "prototype",
})  # fmt: skip
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
# Texts that make careless patterns explode; a pattern that needs long on one of them would hang on a person's.
ADVERSARIES = tuple(sign * 3000 + tail for sign in ("a", "0", "1", " ", "-", "ab", "一") for tail in ("", "!", "\x01"))

EVERYWHERE = {"type", "id", "properties", "conditional", "layout"}
INPUT = {"key", "label", "description", "validate", "readonly", "disabled", "defaultValue", "appearance"}
CHOICE = {"values", "valuesKey", "valuesExpression", "searchable"}
ATTRIBUTES: dict[str, set[str]] = {
    "text": {"text"},
    "textfield": INPUT,
    "textarea": INPUT,
    "number": INPUT | {"decimalDigits", "increment", "serializeToString"},
    "datetime": INPUT
    | {"subtype", "dateLabel", "timeLabel", "timeSerializingFormat", "timeInterval", "disallowPassedDates", "use24h"},
    "select": INPUT | CHOICE,
    "radio": INPUT | CHOICE,
    "checkbox": INPUT,
    "checklist": INPUT | CHOICE,
    "group": {"label", "description", "path", "components", "showOutline", "verticalAlignment"},
    "dynamiclist": {"label", "description", "path", "components", "showOutline", "isRepeating", "allowAddRemove",
                    "defaultRepetitions", "disableCollapse", "nonCollapsedItems", "verticalAlignment"},
    "filepicker": INPUT | {"accept", "multiple"},
    "button": {"label", "action", "key"},
    "separator": set(),
    "table": {"label", "description", "dataSource", "columns", "rowCount"},
}  # fmt: skip
FORM_ATTRIBUTES = {"type", "id", "schemaVersion", "components", "properties", "exporter", "executionPlatform",
         "executionPlatformVersion", "versionTag", "$schema"}  # fmt: skip
DEFAULT_TYPES = {
    "textfield": "text", "textarea": "textarea", "number": "number", "datetime": "datetime", "select": "select",
    "radio": "radio", "checkbox": "checkbox", "checklist": "checklist", "filepicker": "file",
}  # fmt: skip
PROPERTIES = frozenset({
    "lm.type", "lm.label_en", "lm.description_en", "lm.text_en", "lm.classification", "lm.computed", "lm.min",
    "lm.max", "lm.not_before", "lm.not_after", "lm.rule", "lm.start", "lm.min_rows", "lm.max_rows", "lm.prefix_en",
    "lm.suffix_en",
})  # fmt: skip
FORM_PROPERTIES = frozenset({
    "lm.title", "lm.title_en", "lm.classification", "lm.bulkSafe", "lm.checks",
})  # fmt: skip
VALIDATE = frozenset({
    "required", "minLength", "maxLength", "pattern", "patternErrorMessage", "validationType", "min", "max",
})  # fmt: skip


def is_usable_key(key: str) -> bool:
    """The name can be a field's key."""
    return KEY.fullmatch(key) is not None and key.lower() not in RESERVED
