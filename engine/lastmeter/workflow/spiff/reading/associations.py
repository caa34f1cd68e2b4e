"""Data: what is drawn between data objects and activities or events becomes input and output mappings.

A data object, a property and a process's data input are variables of their scope, known by their names. An association
that only says so (source and target are one variable, or the target is a modeller's placeholder) moves nothing. A data
store is none: it is read and written, and an association with one has to say what.
Source: BPMN 2.0.2, 10.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lastmeter.workflow.spiff import expressions
from lastmeter.workflow.spiff.model import Assignment, DataStore, Node
from lastmeter.workflow.spiff.reading.events import ALLOWED, EventReader
from lastmeter.workflow.spiff.reading.markup import Element, extensions, local, local_ref, tag, text_of

_STORES = ("dataStoreReference", "dataStore")
MOST_OF_NAME = 120
# bpmn-js draws an association to an activity as one to a property of this name.
PLACEHOLDER = "__targetRef_placeholder"


class DataReader(EventReader):
    """Reads data associations."""

    def data(self, element: Element, node: Node) -> None:
        """The associations of an activity or event as mappings; one without effect is a note."""
        if node.type not in ALLOWED:
            node.required = self._required(element)
        idle = False
        for association in element.iterchildren(tag("dataInputAssociation"), tag("dataOutputAssociation")):
            reads = local(association) == "dataInputAssociation"
            self._in_sight(association)
            aimed = self._store_of(association, "sourceRef" if reads else "targetRef")
            if aimed is not None:
                self._stored(element, association, aimed, node)
                continue
            mappings = node.inputs if reads else node.outputs
            found = list(self._moved(association))
            mappings.extend(found)
            idle = idle or not found
        if idle:
            self.find("data-association", element, "note")

    # -- what an activity waits for ------------------------------------------------------------------------------------

    def _required(self, element: Element) -> list[list[str]]:
        """By input set, the variables that must be there before the activity begins; [] if a set asks for none."""
        specified = element.find(tag("ioSpecification"))
        if specified is None:
            return []
        sources: dict[str, list[str]] = {}
        for association in element.iterchildren(tag("dataInputAssociation")):
            names = [self._source(text_of(source)) for source in association.iterchildren(tag("sourceRef"))]
            sources.setdefault(local_ref(text_of(association.find(tag("targetRef")))), []).extend(filter(None, names))
        alternatives = [self._needed(chosen, sources) for chosen in specified.iterchildren(tag("inputSet"))]
        asked = {local_ref(text_of(each)) for each in specified.iter(tag("dataInputRefs"))}
        for idle in sorted(asked - sources.keys()):
            named = self.by_id.get(idle)
            self.find(
                "data-input-unfilled", element, "note", name=(named.get("name") if named is not None else "") or idle
            )
        return alternatives if all(alternatives) else []

    def _needed(self, chosen: Element, sources: Mapping[str, Sequence[str]]) -> list[str]:
        later = {
            local_ref(text_of(each))
            for each in chosen.iterchildren(tag("optionalInputRefs"), tag("whileExecutingInputRefs"))
        }
        inputs = [local_ref(text_of(each)) for each in chosen.iterchildren(tag("dataInputRefs"))]
        return list(dict.fromkeys(name for each in inputs if each not in later for name in sources.get(each, ())))

    def _source(self, reference: str) -> str:
        """The variable that an input comes from; empty for a data store, which always answers."""
        end = self.by_id.get(local_ref(reference))
        return self._variable(reference) if end is not None and local(end) not in _STORES else ""

    def declared(self, element: Element) -> list[str]:
        """The variables that an activity has to itself: its properties, and the data objects of a sub-process."""
        own = element.iterchildren(tag("property"), tag("dataObject"))
        names = (self.data_name(each.get("id", "")) for each in own if each.get("name") != PLACEHOLDER)
        return [name for name in names if name]

    # -- data stores -------------------------------------------------------------------------------------------------

    def _store_of(self, association: Element, name: str) -> Element | None:
        """The data store, or the reference to one, at that end of the association."""
        ends = (self.by_id.get(local_ref(text_of(end))) for end in association.iterchildren(tag(name)))
        return next((end for end in ends if end is not None and local(end) in _STORES), None)

    def _stored(self, element: Element, association: Element, aimed: Element, node: Node) -> None:
        """The association reads or writes the store; one that does not say what is a finding."""
        store = self._store(element, association, aimed)
        if local(association) == "dataInputAssociation":
            moved, rule = list(self._read(association, store)), "store-read-nowhere"
            node.inputs.extend(moved)
        else:
            moved, rule = list(self._written(association, store)), "store-writes-nothing"
            node.stored.extend(moved)
        if not moved:
            self.find(rule, element, store=store.known_as)

    def _read(self, association: Element, store: DataStore) -> Iterator[Assignment]:
        parts = list(association.iterchildren(tag("assignment")))
        for part in parts:
            target = self.data_name(text_of(part.find(tag("to"))).removeprefix("=").strip())
            if target:
                yield Assignment(target, self.child_feel(part, "from"), store=store)
        target = self._variable(text_of(association.find(tag("targetRef"))))
        if target and not parts:
            yield Assignment(target, self.child_feel(association, "transformation"), store=store)

    def _written(self, association: Element, store: DataStore) -> Iterator[Assignment]:
        """The one value: what several assignments would make of a store, the standard leaves open."""
        parts = list(association.iterchildren(tag("assignment")))
        sources = [self._variable(text_of(source)) for source in association.iterchildren(tag("sourceRef"))]
        value = self.child_feel(association, "transformation")
        if len(parts) == 1:
            value = self.child_feel(parts[0], "from")
        elif value is None and not parts and len(sources) == 1 and sources[0]:
            value = self.named(association, sources[0])
        if value is not None and len(parts) < 2:
            yield Assignment("", value, store=store)

    def _store(self, element: Element, association: Element, aimed: Element) -> DataStore:
        """The store by its own name, which other files know too; the reference's name only where it refers to none."""
        declared: Element | None = aimed
        if local(aimed) == "dataStoreReference" and aimed.get("dataStoreRef"):
            declared = self.refer(element, aimed.get("dataStoreRef"), "dataStore")
        named = declared if declared is not None else aimed
        name = (named.get("name") or "").strip()
        if not name or len(name) > MOST_OF_NAME:
            self.find("store-unnamed", aimed, limit=MOST_OF_NAME)
        key = extensions(association).get("lm:key") or extensions(aimed).get("lm:key")
        party = extensions(named).get("lm:party", "").strip()
        text = self.value(element, key) if key else None
        return DataStore(name, (aimed.get("name") or name).strip(), text, party, self._capacity(named))

    def asked_stores(self, process: Element, node: Node) -> None:
        """What the condition that starts the process reads: the data stores that are drawn in it, by their names.

        Source: BPMN 2.0.2, table 10.84: there is no instance yet, so it refers to what is around the process.
        """
        event = node.event
        if event is None or event.kind != "conditional" or event.text is None:
            return
        element = self.by_id[node.id]
        drawn = {each.get("name", ""): each for each in process.iterchildren(tag("dataStoreReference"))}
        names = expressions.names_read(event.text.text) | expressions.names_perhaps_read(event.text.text)
        known = [name for name in sorted(names) if name in drawn]
        stores = [self._store(element, element, drawn[name]) for name in known]
        for name, store in zip(known, stores, strict=True):
            node.inputs.append(Assignment(name, None, store=store))
            if "." in store.name or (store.key is not None and store.key.feel):
                self.find("condition-never-asked", element, store=name)
        unknown = expressions.names_read(event.text.text) - drawn.keys()
        if unknown or not stores or len({store.party for store in stores}) > 1:
            self.find("condition-of-process", element, names=", ".join(sorted(unknown)) or "–")

    def _capacity(self, declared: Element) -> int | None:
        """The most entries; None without an end.

        Source: BPMN 2.0.2, 10.4.1: isUnlimited overrides a capacity. Where a file gives only a capacity, that is meant:
        the metamodel's default of isUnlimited is false (the schema's is true).
        """
        text = declared.get("capacity", "").strip()
        if not text or self.flag(declared, "isUnlimited"):
            return None
        if text.isdecimal() and len(text) < 10:
            return int(text)
        self.find("store-capacity", declared, text=text)
        return None

    # -- what is moved -----------------------------------------------------------------------------------------------

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
            yield Assignment(target, self.named(association, sources[0]))

    def _variable(self, reference: str) -> str:
        """The variable an end of the association stands for; empty for a placeholder and for none."""
        end = self.by_id.get(local_ref(reference))
        if end is None or end.get("name") == PLACEHOLDER:
            return ""
        return self.data_name(reference)

    def _in_sight(self, association: Element) -> None:
        """What an end shows lies around the association; elsewhere its name would mean another variable.

        Source: BPMN 2.0.2, 10.4.1: a data object is visible where it is declared and inside.
        """
        around = set(association.iterancestors())
        for name in ("sourceRef", "targetRef"):
            for reference in association.iterchildren(tag(name)):
                end = self.by_id.get(local_ref(text_of(reference)))
                shown = end is not None and local(end) in ("dataObject", "dataObjectReference", "property")
                if end is not None and shown and end.getparent() not in around:
                    self.find("data-out-of-sight", association, name=self.data_name(text_of(reference)))
