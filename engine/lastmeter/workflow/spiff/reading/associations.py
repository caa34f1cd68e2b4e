"""Data: what is drawn between data objects and activities or events becomes input and output mappings.

A data object, a property and a process's data input are variables of their scope, known by their names. An association
that only says so (source and target are one variable, or the target is a modeller's placeholder) moves nothing.
Source: BPMN 2.0.2, 10.4.
"""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.workflow.spiff.model import Assignment, Node
from lastmeter.workflow.spiff.reading.events import EventReader
from lastmeter.workflow.spiff.reading.markup import Element, local, local_ref, tag, text_of

# bpmn-js draws an association to an activity as one to a property of this name.
PLACEHOLDER = "__targetRef_placeholder"


class DataReader(EventReader):
    """Reads data associations."""

    def data(self, element: Element, node: Node) -> None:
        """The associations of an activity or event as mappings; one without effect is a note."""
        idle = False
        for association in element.iterchildren(tag("dataInputAssociation"), tag("dataOutputAssociation")):
            if self._stores(element, association):
                continue
            mappings = node.inputs if local(association) == "dataInputAssociation" else node.outputs
            found = list(self._moved(association))
            mappings.extend(found)
            idle = idle or not found
        if idle:
            self.find("data-association", element, "note")

    def _stores(self, element: Element, association: Element) -> bool:
        """True if the association aims at a data store, which is a finding: nothing would be read or written."""
        for name in ("sourceRef", "targetRef"):
            end = self.by_id.get(local_ref(text_of(association.find(tag(name)))))
            if end is not None and local(end) in ("dataStoreReference", "dataStore"):
                self.find("data-store", element, store=end.get("name") or end.get("id") or "")
                return True
        return False

    def _moved(self, association: Element) -> Iterator[Assignment]:
        assignments = list(association.iterchildren(tag("assignment")))
        for part in assignments:
            source = self.child_feel(part, "from")
            target = self.data_name(text_of(part.find(tag("to"))).removeprefix("=").strip())
            if source is not None and target:
                yield Assignment(target, source)
        if assignments:
            return
        target = self._variable(text_of(association.find(tag("targetRef"))))
        sources = [self._variable(text_of(source)) for source in association.iterchildren(tag("sourceRef"))]
        transformation = self.child_feel(association, "transformation")
        if target and transformation is not None:
            yield Assignment(target, transformation)
        elif target and len(sources) == 1 and sources[0] and sources[0] != target:
            yield Assignment(target, self.feel(association, sources[0]))

    def _variable(self, reference: str) -> str:
        """The variable an end of the association stands for; empty for a placeholder and for none."""
        end = self.by_id.get(local_ref(reference))
        if end is None or end.get("name") == PLACEHOLDER:
            return ""
        return self.data_name(reference)
