"""What the rules look at: the diagram as graphs, the package around it, and the names that exist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from lastmeter import connectors
from lastmeter.definitions.compiler import Compiled
from lastmeter.definitions.findings import Finding, Severity
from lastmeter.definitions.packages import Package
from lastmeter.definitions.source import (
    BPMN,
    CAMUNDA,
    GATEWAYS,
    LM,
    ZEEBE,
    flow_nodes,
    is_event_sub_process,
    lane_of_nodes,
    line_of,
    local,
    processes,
    scopes,
    sequence_flows,
    truth,
)
from lastmeter.forms import Form, FormRefused, load_form
from lastmeter.identity.roles import ROLES

MOST_NODES = 500
MOST_IN_FILE = 5_000  # the parser reads no more


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What a diagram may refer to; None: not known here, so not checked."""

    roles: frozenset[str] | None = None
    connectors: Mapping[str, frozenset[str]] | None = None  # the inputs each accepts
    definitions: frozenset[str] | None = None  # keys that a call activity may name
    # What each connector returns; one that is not listed may return anything.
    connector_outputs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    views: frozenset[str] | None = None  # data stores that show the domain
    calls: Callable[[str], Iterable[str]] | None = None  # what a published process calls before it waits
    classified: Callable[[str], bool] | None = None  # whether a published process knows something case or sealed
    starts: Callable[[str], Sequence[str]] | None = None  # the kinds of a published process's start events


def known_now() -> KnownNames:
    """Roles and connectors as installed in this program; an empty register means that nothing was loaded."""
    registered = connectors.registered()
    return KnownNames(
        roles=frozenset(ROLES),
        connectors={name: frozenset(each.inputs) for name, each in registered.items()} or None,
        views=frozenset(connectors.views()) or None,
        connector_outputs={name: frozenset(each.outputs) for name, each in registered.items()},
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's id and words, `{…}` being facts; `everywhere`: an error in any file, not in packages alone."""

    id: str
    zh: str
    en: str
    fix_zh: str
    fix_en: str
    everywhere: bool = False
    most: Severity = "error"  # the severity in a package; a bare file gets a warning at most


@dataclass(eq=False)
class Graph:
    """One scope (process or sub-process) as a graph; a boundary event follows its host."""

    scope: etree._Element
    nodes: dict[str, etree._Element]
    following: dict[str, list[str]]
    leading: dict[str, list[str]]
    flows: dict[str, list[etree._Element]]  # by source

    @cached_property
    def entries(self) -> list[str]:
        """Where tokens come in: start events, event sub-processes, and without any start what nothing leads to.

        Source: BPMN 2.0.2, 10.5.2 and 13.2: implicit starts.
        """
        alone = [identifier for identifier in self.nodes if not self.leading[identifier]]
        starts = [i for i in alone if local(self.nodes[i]) == "startEvent"]
        if not starts:
            return alone
        also = [i for i in alone if is_event_sub_process(self.nodes[i]) or _catches_link(self.nodes[i])]
        return starts + also

    @cached_property
    def reached(self) -> set[str]:
        """Every node a token can come to."""
        return _closure(self.entries, self.following)

    @cached_property
    def ends(self) -> list[str]:
        """Nodes without outgoing flow: there a path is over."""
        return [i for i in self.nodes if not self.flows.get(i)]

    @cached_property
    def ending(self) -> set[str]:
        """Every node from which a path can come to its end."""
        return _closure(self.ends, self.leading)

    @cached_property
    def dominators(self) -> dict[str, set[str]]:
        """For every reached node those that every path to it passes, itself included."""
        order = self._forward_order()
        entries = set(self.entries)
        everything = set(order)
        found = {i: {i} if i in entries else set(everything) for i in order}
        changed = True
        while changed:
            changed = False
            for i in order:
                if i in entries:
                    continue
                before = [found[p] for p in self.leading[i] if p in found]
                new = (set.intersection(*before) if before else set()) | {i}
                if new != found[i]:
                    found[i], changed = new, True
        return found

    def _forward_order(self) -> list[str]:
        """The reached nodes, each after what leads to it where no circle forbids: few rounds then settle everything."""
        seen: set[str] = set()
        finished: list[str] = []
        for entry in self.entries:
            stack = [(entry, iter(self.following.get(entry, ())))] if entry not in seen else []
            seen.add(entry)
            while stack:
                node, after = stack[-1]
                new = next((i for i in after if i not in seen), None)
                if new is None:
                    finished.append(node)
                    stack.pop()
                else:
                    seen.add(new)
                    stack.append((new, iter(self.following.get(new, ()))))
        return finished[::-1]

    def nearest_dominator(self, identifier: str) -> str | None:
        """The last node that every path passes before this one."""
        above = self.dominators.get(identifier, set()) - {identifier}
        return max(above, key=lambda i: len(self.dominators[i]), default=None)


@dataclass(eq=False)
class Subject:
    """One diagram under examination."""

    root: etree._Element
    package: Package
    known: KnownNames
    compiled: tuple[Compiled, ...] = ()

    @property
    def strict(self) -> bool:
        """True for a package with process.toml."""
        return not self.package.is_bare

    def finding(self, rule: Rule, element: etree._Element | None, **facts: object) -> Finding:
        """The finding about the element; `{name}` in the words is what the reader sees it called."""
        severity: Severity = rule.most if rule.everywhere or self.strict else _at_most_warning(rule.most)
        zh = {"name": shown(element) if element is not None else "", **facts}
        en = {"name": shown_in_english(element) if element is not None else "", **facts}
        return Finding(
            severity,
            rule.id,
            element.get("id") if element is not None else None,
            line_of(element) if element is not None else None,
            rule.zh.format(**zh),
            rule.en.format(**en),
            rule.fix_zh.format(**zh),
            rule.fix_en.format(**en),
        )

    @cached_property
    def executable(self) -> list[etree._Element]:
        """The processes that would be published."""
        return [p for p in processes(self.root) if truth(p.get("isExecutable"), default=True) is not False]

    @cached_property
    def graphs(self) -> list[Graph]:
        """The scopes of all executable processes of ordinary size."""
        return [
            graph_of(scope)
            for process in self.executable
            if node_count(process) <= MOST_NODES
            for scope in scopes(process)
        ]

    def every(self, *kinds: str) -> Iterator[etree._Element]:
        """The elements of these kinds within the executable processes."""
        for process in self.executable:
            yield from process.iter(*(f"{BPMN}{kind}" for kind in kinds))

    @cached_property
    def forms(self) -> dict[str, Form]:
        """The package's forms that can be compiled; the others are another rule's matter."""
        compiled: dict[str, Form] = {}
        for key, schema in self.package.forms.items():
            with suppress(FormRefused):
                compiled[key] = load_form(schema)
        return compiled

    @cached_property
    def lane_of(self) -> dict[str, str]:
        """The lane of each element; what stands in a sub-process is in the sub-process's lane."""
        lanes: dict[str, str] = {}
        for process in self.executable:
            lanes |= lane_of_nodes(process)
        for element in self.every("subProcess", "transaction", "adHocSubProcess"):
            lane = lanes.get(element.get("id", ""))
            for node in flow_nodes(element):
                if lane:
                    lanes.setdefault(node.get("id", ""), lane)
        return lanes


def node_count(process: etree._Element) -> int:
    """How many events, gateways and activities the process holds, sub-processes included."""
    return sum(1 for scope in scopes(process) for _ in flow_nodes(scope))


def graph_of(scope: etree._Element) -> Graph:
    """The scope's graph; flows that lead nowhere are left to the parser to refuse."""
    nodes = {node.get("id", ""): node for node in flow_nodes(scope)}
    following: defaultdict[str, list[str]] = defaultdict(list)
    leading: defaultdict[str, list[str]] = defaultdict(list)
    flows: defaultdict[str, list[etree._Element]] = defaultdict(list)
    for flow in sequence_flows(scope):
        source, target = flow.get("sourceRef", ""), flow.get("targetRef", "")
        if source in nodes and target in nodes:
            following[source].append(target)
            leading[target].append(source)
            flows[source].append(flow)
    for identifier, node in nodes.items():
        host = node.get("attachedToRef", "")
        if local(node) == "boundaryEvent" and host in nodes:
            following[host].append(identifier)
            leading[identifier].append(host)
    return Graph(scope, nodes, following, leading, flows)


def shown(element: etree._Element) -> str:
    """The element's name, or its id where it has none: a designer knows both."""
    return " ".join((element.get("name") or element.get("id") or "").split())


def shown_in_english(element: etree._Element) -> str:
    """The element's English name, or what it is called otherwise."""
    return " ".join((element.get(f"{LM}nameEn") or "").split()) or shown(element)


ALSO_CAMUNDA = ("{http://activiti.org/bpmn}", "{http://flowable.org/bpmn}", "{http://operaton.org/schema/1.0/bpmn}")


def attribute(element: etree._Element, name: str) -> str:
    """The foreign attribute in whichever dialect it is written."""
    for namespace in (LM, CAMUNDA, *ALSO_CAMUNDA):
        value = element.get(f"{namespace}{name}")
        if value and value.strip():
            return value.strip()
    return ""


def form_key(element: etree._Element) -> str:
    """The form the element names, without the prefixes that modellers write; "" for none."""
    zeebe = element.find(f".//{ZEEBE}formDefinition")
    named = attribute(element, "formKey") or attribute(element, "formRef")
    if not named and zeebe is not None:
        named = zeebe.get("formId") or zeebe.get("formKey") or zeebe.get("externalReference") or ""
    return named.rpartition(":")[2].rpartition("/")[2].removesuffix(".json")


def is_split(element: etree._Element, graph: Graph) -> bool:
    """True for a gateway with two or more ways out."""
    return local(element) in GATEWAYS and len(graph.flows.get(element.get("id", ""), ())) > 1


def _catches_link(node: etree._Element) -> bool:
    return local(node) == "intermediateCatchEvent" and node.find(f"{BPMN}linkEventDefinition") is not None


def _closure(roots: list[str], edges: Mapping[str, list[str]]) -> set[str]:
    seen = set(roots)
    stack = list(roots)
    while stack:
        for following in edges.get(stack.pop(), ()):
            if following not in seen:
                seen.add(following)
                stack.append(following)
    return seen


def _at_most_warning(severity: Severity) -> Severity:
    return "warning" if severity == "error" else severity
