"""Which names are certainly set when a token comes to an element: the diagram followed once along all its paths."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

from lastmeter.definitions.lint.subject import Subject, attribute, form_key
from lastmeter.definitions.source import BPMN, ZEEBE
from lastmeter.forms import Form

# A set of names, or None where a message, a connector or a caller may have set any.
Names = frozenset[str] | None

_NOTHING: frozenset[str] = frozenset()
_EVERYWHERE = frozenset({"loopCounter", "nrOfInstances", "nrOfCompletedInstances", "nrOfActiveInstances"})
_CARRIES = frozenset({"message", "signal", "error", "escalation"})


class Element(Protocol):
    """What the installed parser says about one flow node."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def container(self) -> str: ...
    @property
    def ext(self) -> Mapping[str, Any]: ...
    @property
    def names_read(self) -> frozenset[str]: ...
    @property
    def names_written(self) -> frozenset[str]: ...
    @property
    def names_local(self) -> frozenset[str]: ...
    @property
    def event_kind(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def incoming(self) -> tuple[str, ...]: ...
    @property
    def attached_to(self) -> str: ...


class Flow(Protocol):
    """One sequence flow as parsed."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...


class Process(Protocol):
    """One executable process as parsed."""

    @property
    def key(self) -> str: ...
    @property
    def elements(self) -> Sequence[Element]: ...
    @property
    def flows(self) -> Sequence[Flow]: ...


@dataclass(eq=False)
class Variables:
    """The names of one process: who sets them, who reads them, and what is set on every path to each element."""

    subject: Subject
    process: Process

    @cached_property
    def elements(self) -> dict[str, Element]:
        return {element.id: element for element in self.process.elements}

    @cached_property
    def _sources(self) -> dict[str, str]:
        return {flow.id: flow.source for flow in self.process.flows}

    @cached_property
    def _inside(self) -> dict[str, list[Element]]:
        inside: defaultdict[str, list[Element]] = defaultdict(list)
        for element in self.process.elements:
            inside[element.container].append(element)
        return inside

    @cached_property
    def _xml(self) -> dict[str, Any]:
        return {e.get("id", ""): e for e in self.subject.root.iter(f"{BPMN}*") if e.get("id")}

    # -- who sets what

    def locals(self, element: Element) -> frozenset[str]:
        """Names that exist within the activity alone: mapped and associated inputs, the item of a repetition."""
        names = set(element.names_local)
        xml = self._xml.get(element.id)
        many = xml.find(f"{BPMN}multiInstanceLoopCharacteristics") if xml is not None else None
        if many is not None:
            zeebe = many.find(f".//{ZEEBE}loopCharacteristics")
            item = many.find(f"{BPMN}inputDataItem")
            names.add(attribute(many, "elementVariable"))
            names.add((zeebe.get("inputElement") or "") if zeebe is not None else "")
            names.add((item.get("name") or item.get("id") or "") if item is not None else "")
        return frozenset(names) | _EVERYWHERE

    def written(self, element: Element) -> Names:
        """What the element has set once it is done; None: perhaps anything."""
        names = element.names_written
        xml = self._xml.get(element.id)
        match element.type:
            case "userTask" | "manualTask":
                form = self.subject.forms.get(form_key(xml)) if xml is not None else None
                return names | fields_of(form) if form is not None else None
            case "serviceTask" | "sendTask" if element.topic:
                outputs = self.subject.known.connector_outputs.get(element.topic)
                return names | outputs if outputs is not None else None
            case "scriptTask" | "businessRuleTask":
                return names or None
            case "callActivity":
                return None if "all" in str(element.ext) or "zeebe:calledElement" in element.ext else names
            case "receiveTask":
                return None
            case "subProcess" | "transaction" | "adHocSubProcess":
                return names
        catches = element.type in ("startEvent", "intermediateCatchEvent", "boundaryEvent")
        return None if catches and element.event_kind in _CARRIES else names

    @cached_property
    def set_somewhere(self) -> frozenset[str]:
        """Every name that something certainly sets somewhere in the process."""
        names: set[str] = set(self.initial or ())
        for element in self.process.elements:
            names |= self.written(element) or _NOTHING
            names |= element.names_written | self.locals(element)
        for form in self.subject.forms.values():
            names |= fields_of(form)
        return frozenset(names)

    @cached_property
    def initial(self) -> Names:
        """What a start by hand sets; None where a caller or an API may set anything."""
        package = self.subject.package
        if package.is_bare or not package.start_roles or package.key != self.process.key:
            return None
        form = self.subject.forms.get(package.start_form)
        return fields_of(form) if form is not None else _NOTHING

    # -- along the paths

    def before(self) -> Iterator[tuple[Element, frozenset[str]]]:
        """Each element that reads names, with what is certainly set when it reads; where anything may be, nothing."""
        yield from self._scope(self.process.key, self.initial, _NOTHING)

    def _scope(self, container: str, entry: Names, around: frozenset[str]) -> Iterator[tuple[Element, frozenset[str]]]:
        entering, _ = self._solve(container, entry)
        for element in self._inside.get(container, ()):
            at = entering[element.id]
            own = around | self.locals(element)
            written = self.written(element)
            if at is not None and written is not None:
                after = self._after(element, at)
                yield element, (after if after is not None else at) | own
            if element.id in self._inside:
                yield from self._scope(element.id, at, own)

    @cached_property
    def _solved(self) -> dict[tuple[str, Names], tuple[dict[str, Names], dict[str, Names]]]:
        """Solutions by scope and entry: without them the time would double with every level of nesting."""
        return {}

    def _solve(self, container: str, entry: Names) -> tuple[dict[str, Names], dict[str, Names]]:
        """Names at entry and exit of every element of the scope: the largest solution, found by shrinking."""
        if (container, entry) not in self._solved:
            self._solved[container, entry] = self._shrink(container, entry)
        return self._solved[container, entry]

    def _shrink(self, container: str, entry: Names) -> tuple[dict[str, Names], dict[str, Names]]:
        elements = self._inside.get(container, [])
        entering: dict[str, Names] = {element.id: None for element in elements}
        leaving: dict[str, Names] = {element.id: None for element in elements}
        changed = True
        while changed:
            changed = False
            for element in elements:
                at = self._meet(element, entry, entering, leaving)
                after = self._after(element, at)
                if at != entering[element.id] or after != leaving[element.id]:
                    entering[element.id], leaving[element.id], changed = at, after, True
        return entering, leaving

    def _meet(
        self, element: Element, entry: Names, entering: Mapping[str, Names], leaving: Mapping[str, Names]
    ) -> Names:
        if element.attached_to:
            return entering.get(element.attached_to)
        sources = [self._sources.get(flow, "") for flow in element.incoming]
        before = [leaving[source] for source in sources if source in leaving]
        if not before:
            return entry
        if element.type == "parallelGateway":
            known = [names for names in before if names is not None]
            return frozenset[str]().union(*known) if len(known) == len(before) else None
        certain = [names for names in before if names is not None]
        return certain[0].intersection(*certain[1:]) if certain else None

    def _after(self, element: Element, at: Names) -> Names:
        written = self.written(element)
        if at is None or written is None:
            return None
        if element.id not in self._inside:
            return at | written
        _, leaving = self._solve(element.id, at)
        ends = [leaving[inner.id] for inner in self._inside[element.id] if not getattr(inner, "outgoing", ())]
        certain = [names for names in ends if names is not None]
        if len(certain) < len(ends) or not certain:
            return None
        return at | written | certain[0].intersection(*certain[1:])


def of_processes(subject: Subject) -> list[Variables]:
    """The variables of every process that could be parsed."""
    return [Variables(subject, cast(Process, process)) for process in subject.compiled if hasattr(process, "elements")]


def fields_of(form: Form) -> frozenset[str]:
    """The names a submission of the form sets: those of its outermost fields, groups without key looked into."""

    def outer(fields: Sequence[Any]) -> Iterator[str]:
        for field in fields:
            if field.key is not None:
                yield field.key
            else:
                yield from outer(field.children)

    return frozenset(outer(form.fields))
