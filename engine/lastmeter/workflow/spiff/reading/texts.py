"""Findings and expressions: the part of the reader everything else stands on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lastmeter.definitions.findings import DefinitionRefused, Finding, Severity
from lastmeter.definitions.source import truth
from lastmeter.feel import FeelSyntaxError
from lastmeter.workflow.spiff import expressions
from lastmeter.workflow.spiff.model import Text
from lastmeter.workflow.spiff.reading.markup import Element, extensions, line_of, local_ref, tag, text_of, texts_in
from lastmeter.workflow.spiff.reading.sentences import SENTENCES

NULL = Text("null")
# Of each severity; a hostile file would say the same a hundred thousand times.
MOST_FINDINGS = 500
# Of all expressions of a file together: compiling takes about a second and a half for a million characters.
MAX_FEEL = 500_000
# Languages that modellers write into every file and that say nothing about what stands in it.
_NEUTRAL = frozenset(("", "text/plain", "http://www.w3.org/1999/xpath"))


class TextReader:
    """Collects findings; turns texts into literals and expressions."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._feel = 0
        self._said: Counter[Severity] = Counter()
        self.by_id: dict[str, Element] = {}
        # Message flows by the id of either end.
        self.message_flows: dict[str, Element] = {}
        # What its first reference calls a data object that has no name of its own.
        self.object_names: dict[str, str] = {}

    def find(self, rule: str, element: Element | None, severity: Severity = "error", **facts: object) -> None:
        """Record a finding about the element."""
        self._said[severity] += 1
        if self._said[severity] > MOST_FINDINGS:
            return
        about = element if element is None or element.get("id") else _nearest_with_id(element)
        words = [sentence.format(**facts) for sentence in SENTENCES[rule]]
        identity = about.get("id") if about is not None else None
        line = line_of(element) if element is not None else None
        self.findings.append(Finding(severity, rule, identity, line, *words))

    def refuse_if_wrong(self) -> None:
        """Nothing if no finding is an error. Raises DefinitionRefused."""
        if any(finding.severity == "error" for finding in self.findings):
            raise DefinitionRefused(self.findings)

    def refer(self, element: Element, reference: str | None, kind: str) -> Element | None:
        """The root element of that kind the reference aims at; what does not exist is a finding."""
        target = self.by_id.get(local_ref(reference))
        if reference and (target is None or target.tag != tag(kind)):
            self.find("unresolved-reference", element, reference=reference)
            return None
        return target

    def flag(self, element: Element, name: str, default: bool = False) -> bool:
        """The attribute of yes or no; what is neither is a finding."""
        text = element.get(name)
        found = truth(text, default)
        if found is None:
            self.find("attribute-value", element, attribute=name, text=text, possible="true, false")
        return default if found is None else found

    def choice(self, element: Element, name: str, *possible: str) -> str:
        """The attribute's word, the first one if it is absent; what is none of them is a finding."""
        text = element.get(name, possible[0]).strip()
        if text in possible:
            return text
        self.find("attribute-value", element, attribute=name, text=text, possible=", ".join(possible))
        return possible[0]

    # -- expressions ---------------------------------------------------------------------------------------------

    def feel(self, element: Element, raw: str) -> Text:
        """The FEEL expression; what is none is a finding and stands for null."""
        text = raw.strip().removeprefix("=").strip()
        if self.placeholder(element, text) or not self.affordable(element, text):
            return NULL
        try:
            compiled = expressions.compiled(text)
        except FeelSyntaxError as wrong:
            self.find(
                "feel-syntax",
                element,
                text=text,
                hint_zh=wrong.facts.get("hint_zh", ""),
                hint_en=wrong.facts.get("hint_en", ""),
            )
            return NULL
        for doubt in compiled.doubts:
            self.find("feel-doubt", element, severity="warning", text=text, **asdict(doubt))
        return Text(text)

    def affordable(self, element: Element, text: str) -> bool:
        """False, and a finding, once the file holds more FEEL than is compiled."""
        before, self._feel = self._feel, self._feel + len(text)
        if before <= MAX_FEEL < self._feel:
            self.find("too-much-feel", element, limit=MAX_FEEL)
        return self._feel <= MAX_FEEL

    def value(self, element: Element, raw: str) -> Text:
        """A literal, or FEEL after `=`."""
        raw = raw.strip()
        if raw.startswith("="):
            return self.feel(element, raw)
        return NULL if self.placeholder(element, raw) else Text(raw, feel=False)

    def child_feel(self, parent: Element, name: str) -> Text | None:
        """The expression in a child element; None if there is none."""
        child = parent.find(tag(name))
        if child is None or not text_of(child):
            return None
        self.language(child, child.get("language"))
        return self.feel(parent, text_of(child))

    def is_feel(self, raw: str) -> bool:
        """True if the text is an expression (a foreign one counts: it is refused where it is read)."""
        if "${" in raw or "#{" in raw:
            return True
        try:
            expressions.compiled(raw)
        except FeelSyntaxError:
            return False
        return True

    def placeholder(self, element: Element, text: str) -> bool:
        """True if the text is a JUEL expression, which is a finding."""
        if "${" not in text and "#{" not in text:
            return False
        inner = text[text.index("{") + 1 :].split("}", 1)[0].strip()
        self.find("foreign-expression", element, text=text, suggestion=_as_feel(inner))
        return True

    def language(self, element: Element, language: str | None) -> None:
        """Nothing but a finding if a script is in another language than FEEL."""
        named = (language or "").strip().lower()
        if named not in _NEUTRAL and "feel" not in named:
            self.find("foreign-script", element, language=language)

    def attribute_placeholders(self, element: Element, ext: Mapping[str, Any]) -> None:
        """Foreign attributes hold literals and FEEL, nothing else; nested parts are checked where they are read."""
        for value in ext.values():
            parts = [value] if isinstance(value, str) else [part for part in value if isinstance(part, dict)]
            for part in parts:
                flat = (
                    {key: item for key, item in part.items() if key != "$children"} if isinstance(part, dict) else part
                )
                for text in texts_in(flat):
                    if not self.placeholder(element, text) and text.startswith("="):
                        self.affordable(element, text)

    # -- parameters ----------------------------------------------------------------------------------------------

    def parameter(self, element: Element, part: Mapping[str, Any]) -> Text:
        """The value of a camunda:inputParameter or :outputParameter: text, expression, map, list or script."""
        children = part.get("$children", ())
        if not children:
            return self.value(element, str(part.get("$text", "")))
        return self.feel(element, self._structure(element, children[0]))

    def _structure(self, element: Element, part: Mapping[str, Any]) -> str:
        entries = part.get("$children", ())
        match part["$tag"]:
            case "camunda:map":
                fields = (f"{_quoted(entry.get('key', ''))}: {self._entry(element, entry)}" for entry in entries)
                return "{" + ", ".join(fields) + "}"
            case "camunda:list":
                return "[" + ", ".join(self._entry(element, entry) for entry in entries) + "]"
            case "camunda:script":
                self.language(element, part.get("scriptFormat"))
                return str(part.get("$text", "null"))
        return self._entry(element, part)

    def _entry(self, element: Element, part: Mapping[str, Any]) -> str:
        children = part.get("$children", ())
        if children:
            return self._structure(element, children[0])
        text = str(part.get("$text", ""))
        if text.startswith("="):
            return f"({text[1:]})"
        return "null" if self.placeholder(element, text) else _quoted(text)

    def data_name(self, reference: str) -> str:
        """The variable a data reference stands for: the name of the referenced item, else the text itself."""
        target = self.by_id.get(local_ref(reference))
        if target is None:
            return reference
        # Several references may show one data object, each in another state: they are one variable.
        aimed = self.by_id.get(local_ref(target.get("dataObjectRef")))
        shown = aimed if aimed is not None else target
        known = shown.get("name") or self.object_names.get(shown.get("id", ""))
        return known or target.get("name") or reference

    def named(self, element: Element, name: str) -> Text:
        """The value of the data of this name; a name that FEEL would read as an expression is a finding."""
        text = self.feel(element, name)
        if text is not NULL and expressions.names_read(name) != {name}:
            self.find("data-name", element, name=name)
        return text

    def extensions(self, element: Element) -> dict[str, Any]:
        return extensions(element)


def _nearest_with_id(element: Element) -> Element:
    return next((ancestor for ancestor in element.iterancestors() if ancestor.get("id")), element)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _as_feel(juel: str) -> str:
    """The FEEL a JUEL expression most likely means, as a suggestion."""
    text = juel
    for foreign, ours in (("==", "="), ("&&", "and"), ("||", "or"), ("'", '"')):
        text = text.replace(foreign, ours)
    if text.startswith("!") and not text.startswith("!="):
        text = f"not({text[1:].strip()})"
    return text
