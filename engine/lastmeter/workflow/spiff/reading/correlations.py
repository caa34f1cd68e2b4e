"""Correlation by keys: what the process knows on one side, what a message carries on the other.

A correlation subscription binds each property of a key to the process's variables (`dataPath`); the property's
retrieval expressions say where each message has it (`messagePath`). A message goes to the instance for which both are
equal.
Source: BPMN 2.0.2, 8.4.2, context-based correlation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lastmeter.workflow.spiff.model import Text
from lastmeter.workflow.spiff.reading.markup import Element, local_ref, tag, text_of
from lastmeter.workflow.spiff.reading.texts import TextReader


@dataclass(frozen=True)
class _Key:
    """The properties of a key by id, and where the process has each; without a subscription it is bound to nothing."""

    properties: tuple[str, ...]
    bound: dict[str, Text]


class CorrelationReader(TextReader):
    """Reads keys, their properties and the subscriptions of the process at hand."""

    def __init__(self) -> None:
        super().__init__()
        self._subscribed: list[_Key] = []

    def subscriptions(self, process: Element) -> None:
        """The subscriptions of this process are those that its messages are matched by."""
        self._subscribed = [
            key for each in process.iterchildren(tag("correlationSubscription")) for key in self._of(each)
        ]

    def keyed(self, element: Element, reference: str | None) -> tuple[Text, Text] | None:
        """What tells the instance (of variables) and what tells the message (of its payload); None without a key."""
        message = local_ref(reference)
        found = []
        for key in self._subscribed:
            paths = [self._path(each, message) for each in key.properties]
            if paths and all(paths):
                found.append((_together([key.bound[each] for each in key.properties]), _together(paths)))
        if len(found) > 1:
            self.find("correlation-several", element)
        if not found and any(all(self._path(each, message) for each in key) for key in self._keys()):
            self.find("correlation-key-alone", element)
        return found[0] if found else None

    def _of(self, subscription: Element) -> Iterator[_Key]:
        key = self.refer(subscription, subscription.get("correlationKeyRef"), "correlationKey")
        if key is None:
            if not subscription.get("correlationKeyRef"):
                self.find("correlation-unbound", subscription)
            return
        bound: dict[str, Text] = {}
        for binding in subscription.iterchildren(tag("correlationPropertyBinding")):
            path = self.child_feel(binding, "dataPath")
            if path is not None:
                bound[local_ref(binding.get("correlationPropertyRef"))] = path
        properties = _properties(key)
        if not properties or any(each not in bound for each in properties):
            self.find("correlation-unbound", subscription)
            return
        yield _Key(properties, bound)

    def _keys(self) -> Iterator[tuple[str, ...]]:
        """The properties of each key of the file that has some."""
        keys = (_properties(each) for each in self.by_id.values() if each.tag == tag("correlationKey"))
        return (each for each in keys if each)

    def _path(self, property_id: str, message: str) -> Text | None:
        """Where the message has the property."""
        declared = self.by_id.get(property_id)
        if declared is None or not message:
            return None
        for expression in declared.iterchildren(tag("correlationPropertyRetrievalExpression")):
            if local_ref(expression.get("messageRef")) == message:
                return self.child_feel(expression, "messagePath")
        return None


def _properties(key: Element) -> tuple[str, ...]:
    return tuple(local_ref(text_of(each)) for each in key.iterchildren(tag("correlationPropertyRef")))


def _together(texts: list[Text | None] | list[Text]) -> Text:
    """One value of all parts."""
    parts = [text.text for text in texts if text is not None]
    return Text(parts[0] if len(parts) == 1 else f"[{', '.join(parts)}]")
