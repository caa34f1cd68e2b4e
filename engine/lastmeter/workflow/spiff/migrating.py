"""An instance's state on another version of its process: what moves where, what hinders it, and the state that results.

A token stays what it is and stands at the element of the same id, or of the id that the mapping names. Running timers,
open tasks, jobs and calls go on; boundary events and event sub-processes that are new listen, those that are gone do
not. Nothing runs: where the new version would go on at once, the move is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from SpiffWorkflow.util.task import TaskState

from lastmeter.errors import Kind, LastmeterError
from lastmeter.workflow.spiff import state, values
from lastmeter.workflow.spiff.elements import ComplexGateway, Element, InclusiveGateway
from lastmeter.workflow.spiff.model import Event, Node, Process, Text
from lastmeter.workflow.spiff.report import Advance, HistoryEntry, Services
from lastmeter.workflow.spiff.run import Run
from lastmeter.workflow.spiff.specs import Spec
from lastmeter.workflow.spiff.tokens import ALIVE, BOUNDARY, EVENT_START, FLOW, PART, RACE, RESET, ROOT, Scope, Token

_NOT_BEGUN = (TaskState.READY, TaskState.ERROR)


class NotMigratable(LastmeterError):
    """Something that waits has no place in the other version; facts: `element`, `target`."""

    code: ClassVar[str] = "not_migratable"
    kind: ClassVar[Kind] = "conflict"


class ElementGone(NotMigratable):
    """The instance stands at an element that the other version does not have."""

    code = "element_gone"


class ElementTypeChanged(NotMigratable):
    """The element is of another type there; facts: `was`, `becomes`."""

    code = "element_type_changed"


class ContainerChanged(NotMigratable):
    """The element lies in another sub-process there; facts: `was`, `becomes`."""

    code = "container_changed"


class RepetitionChanged(NotMigratable):
    """The element is repeated otherwise there, or collects its results otherwise."""

    code = "repetition_changed"


class EventChanged(NotMigratable):
    """What is waited for is an event of another kind there; facts: `was`, `becomes`."""

    code = "event_changed"


class WorkChanged(NotMigratable):
    """A job or called process is under way that the other version would not have begun; facts: `was`, `becomes`."""

    code = "work_changed"


class FlowGone(NotMigratable):
    """A branch waits at a join on a flow that does not lead there in the other version; facts: `flow`."""

    code = "flow_gone"


class JoinWouldFire(NotMigratable):
    """The join has fewer flows there and would be passed at once."""

    code = "join_would_fire"


class WouldBegin(NotMigratable):
    """The activity waits for data inputs that it does not need there, and would begin at once."""

    code = "would_begin"


class CompensationRuns(NotMigratable):
    """What has completed is being undone just now: that comes to its end first."""

    code = "compensation_runs"


class MappingUnknown(NotMigratable):
    """The mapping names an element or flow that the one version or the other does not have."""

    code = "mapping_unknown"


class StateDiffers(NotMigratable):
    """The moved state, saved and loaded, is not what was saved: it must not replace the one that works."""

    code = "state_differs"


@dataclass(frozen=True, slots=True)
class Blocker:
    """What hinders the move, and where; `element_id` is of the version the instance runs on."""

    element_id: str
    refusal: LastmeterError


@dataclass(frozen=True, slots=True)
class Move:
    """One token's element before and after."""

    uid: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What moving means; `blob` and `advance` are there if nothing hinders it."""

    moves: tuple[Move, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    armed: tuple[str, ...] = ()  # elements that listen from now on
    closed: tuple[str, ...] = ()  # elements that listened until now
    places: Mapping[str, str] | None = None  # element ids by uid, armed catches included
    blob: bytes | None = None
    advance: Advance | None = None


class Image:
    """Which element and flow of the new version stands for one of the old."""

    def __init__(self, old: Spec, new: Spec, mapping: Mapping[str, str]) -> None:
        self.old, self.new, self.mapping = old.process, new.process, mapping

    def unknown(self) -> Iterator[Blocker]:
        for source, target in self.mapping.items():
            nodes = source in self.old.nodes and target in self.new.nodes
            if not nodes and not (source in self.old.flows and target in self.new.flows):
                yield Blocker(source, MappingUnknown(element=source, target=target))

    def of(self, name: str) -> str:
        return self.mapping.get(name, name)

    def node(self, name: str) -> Node | None:
        return self.new.nodes.get(self.of(name))

    def flow(self, name: str) -> str | None:
        """The flow, by id or as the only one between the same elements; None if there is none."""
        known = self.of(name)
        if known in self.new.flows:
            return known
        old = self.old.flows[name]
        ends = (self.of(old.source), self.of(old.target))
        found = [flow.id for flow in self.new.flows.values() if (flow.source, flow.target) == ends]
        return found[0] if len(found) == 1 else None

    def sources(self, name: str) -> list[Node]:
        """The old elements for which the new one stands."""
        return [node for node in self.old.nodes.values() if self.of(node.id) == name]


def plan(
    old: Spec,
    new: Spec,
    packed: bytes,
    mapping: Mapping[str, str],
    now: dt.datetime,
    *,
    services: Services | None = None,
    refilled: Mapping[str, object] | None = None,
) -> Plan:
    """What moving the saved instance to the new version means. Raises StateNotReadable.

    `mapping` gives the new ids of elements and flows that are called otherwise there. `refilled` become variables of
    the process where it has none of the name.
    """
    run = state.load(old, packed, services or Services(), now)
    image = Image(old, new, mapping)
    moves = tuple(
        Move(token.id, token.task_spec.name, image.of(token.task_spec.name))
        for token in run.tasks.values()
        if token.role in ALIVE
    )
    blockers = [*image.unknown(), *_hindered(run, image)]
    if blockers:
        return Plan(moves, tuple(blockers))
    variables = run.scopes[ROOT].variables
    for name, value in (refilled or {}).items():
        variables.setdefault(name, values.decode(values.encode(value, name)))
    return _moved(run, image, new, moves)


def _moved(run: Run, image: Image, new: Spec, moves: tuple[Move, ...]) -> Plan:
    history = [entry for move in moves if move.source != move.target for entry in _renamed(run, image, move)]
    closed = list(_close(run, image))
    joining = {token.id for lines in run.joins.values() for line in lines.values() for token in line}
    before = _rename(run, image, new, joining)
    armed: list[str] = []
    blockers = [*_reopen(run, before), *_arm(run, image, before, armed), *_passed(run), *_supplied(run)]
    if blockers:
        return Plan(moves, tuple(blockers), tuple(armed), tuple(closed))
    advance = replace(run.collect(), history=tuple(history))
    blob = state.dump(run)
    again = state.dump(state.load(new, blob, run.services, run.now))
    if again != blob:
        blockers.append(Blocker(new.key, StateDiffers(element=new.key)))
        return Plan(moves, tuple(blockers), tuple(armed), tuple(closed))
    places = {uid: token.task_spec.name for uid, token in run.tasks.items()}
    return Plan(moves, (), tuple(armed), tuple(closed), places, blob, advance)


# --- what hinders it -----------------------------------------------------------------------------------------


def _hindered(run: Run, image: Image) -> Iterator[Blocker]:
    """One line for each element and reason, however many tokens stand there."""
    said: set[tuple[str, str]] = set()
    for token in run.tasks.values():
        if token.role not in ALIVE:
            continue
        for refusal in _refusals(run, image, token):
            line = (token.task_spec.name, refusal.code)
            if line not in said:
                said.add(line)
                yield Blocker(line[0], refusal)
    for name in sorted({name for scope in run.scopes.values() for name in _completed(scope.done)}):
        if image.node(name) is None and name not in {element for element, _ in said}:
            yield Blocker(name, ElementGone(element=name, target=image.of(name)))


def _completed(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The activities that have completed and can be compensated, those inside them too."""
    for record in records:
        yield record["at"]
        yield from _completed(record["done"])


def _refusals(run: Run, image: Image, token: Token) -> Iterator[LastmeterError]:
    old: Node = token.task_spec.node
    new = image.node(old.id)
    if new is None:
        yield ElementGone(element=old.id, target=image.of(old.id))
        return
    both = {"element": old.id, "target": new.id}
    if (old.type, old.triggered_by_event) != (new.type, new.triggered_by_event):
        yield ElementTypeChanged(**both, was=old.type, becomes=new.type)
        return
    if image.of(old.container) != new.container:
        yield ContainerChanged(**both, was=old.container, becomes=new.container)
    if _repetition(old) != _repetition(new):
        yield RepetitionChanged(**both)
    if "undo" in token.memo:
        yield CompensationRuns(**both)
    if _kind(old.event) != _kind(new.event) or (
        old.event is not None and old.event.parts and not _same_catch(old, new)
    ):
        yield EventChanged(**both, was=_kind(old.event), becomes=_kind(new.event))
    was, becomes = _work(token, old), _work(token, new)
    if was != becomes:
        yield WorkChanged(**both, was=was, becomes=becomes)
    passed = [token.via] if _waits_at_join(run, token) else token.memo.get("seen", ())
    for flow in passed:
        if image.flow(flow) not in new.incoming:
            yield FlowGone(**both, flow=flow)


def _repetition(node: Node) -> tuple[str, bool]:
    return (node.repeat.kind, bool(node.repeat.output_collection)) if node.repeat is not None else ("", False)


def _kind(event: Event | None) -> str:
    return event.kind if event is not None else ""


def _work(token: Token, node: Node) -> str:
    """The job's topic or the called process, where the token waits for it."""
    if token.opened == "job":
        return node.topic
    return _text(node.called) if token.opened == "call" else ""


def _text(text: Text | None) -> str:
    return "" if text is None else f"={text.text}" if text.feel else text.text


def _waits_at_join(run: Run, token: Token) -> bool:
    waiting = run.joins.get((token.scope_id, token.task_spec.name), {})
    return token in waiting.get(token.via, ())


def _passed(run: Run) -> Iterator[Blocker]:
    """Joins that would be passed at once."""
    for (scope_id, name), waiting in run.joins.items():
        element = run.spec.element(name)
        parked = any(token._state == TaskState.ERROR for line in waiting.values() for token in line)
        if not parked and _fires(run, element, scope_id, waiting):
            yield Blocker(name, JoinWouldFire(element=name, target=name))


def _supplied(run: Run) -> Iterator[Blocker]:
    """Activities that waited for their data inputs and would begin at once."""
    for token in run.lacking.values():
        if not run.lacks(token):
            name = token.task_spec.name
            yield Blocker(name, WouldBegin(element=name, target=name))


def _fires(run: Run, element: Element, scope_id: str, waiting: Mapping[str, list[Token]]) -> bool:
    if isinstance(element, InclusiveGateway):
        return element.complete(run, scope_id, waiting)
    if isinstance(element, ComplexGateway):
        line = next(iter(waiting.values()))
        return element.resetting(run, scope_id) is None and element.holds(run, line[0], waiting)
    if element.node.start_quantity > 1:
        return sum(len(line) for line in waiting.values()) >= element.node.start_quantity
    return element.node.type == "parallelGateway" and len(waiting) >= len(element.node.incoming)


# --- moving --------------------------------------------------------------------------------------------------


def _renamed(run: Run, image: Image, move: Move) -> Iterator[HistoryEntry]:
    """History says that the one element was left for the other."""
    token = run.tasks[move.uid]
    if not token.noted:
        return
    node = token.task_spec.node
    kind = "multiInstanceBody" if node.repeat is not None and token.role == FLOW else node.type
    yield HistoryEntry(node.id, kind, node.name, "migrated", token.id, token.loop)
    yield HistoryEntry(move.target, kind, image.new.nodes[move.target].name, "entered", token.id, token.loop)


def _close(run: Run, image: Image) -> Iterator[str]:
    """Armed catches without a counterpart are taken back."""
    for token in list(run.tasks.values()):
        if token.role not in ALIVE and token.id in run.tasks and not _goes_on(run, image, token):
            yield token.task_spec.name
            run.cancel(token)


def _goes_on(run: Run, image: Image, token: Token) -> bool:
    """True if the armed catch has a counterpart that listens for the same at the same place."""
    old: Node = token.task_spec.node
    new = image.node(old.id)
    if new is None or not _same_catch(old, new):
        return False
    if token.role == PART:
        return True  # as long as the event does whose part it is
    if token.role == BOUNDARY:
        return image.of(run.tasks[token.owner].task_spec.name) == new.attached_to
    if token.role == RACE:
        gateway = image.of(run.tasks[token.owner].task_spec.name)
        return any(image.new.flows[flow].source == gateway for flow in new.incoming)
    return image.of(run.scopes[token.scope_id].container) == _listens_in(image.new, new)


def _same_catch(old: Node, new: Node) -> bool:
    return old.type == new.type and None not in (old.event, new.event) and _awaits(old.event) == _awaits(new.event)


def _awaits(event: Event | None) -> tuple[str, str, str, tuple[object, ...]]:
    """What a catch listens for. A timer that runs keeps its time, whatever is written now."""
    if event is not None and event.kind in ("message", "signal"):
        return event.kind, event.name, f"{_text(event.correlation)} {_text(event.retrieval)}", ()
    return _kind(event), "", "", tuple(_awaits(part) for part in event.parts) if event is not None else ()


def _listens_in(process: Process, start: Node) -> str:
    """The process or sub-process for which the start of an event sub-process listens; empty for other starts."""
    inside = process.nodes.get(start.container)
    return inside.container if inside is not None and inside.triggered_by_event else ""


def _rename(run: Run, image: Image, new: Spec, joining: Iterable[str]) -> dict[str, Node]:
    """Tokens and scopes stand in the new version; comes back where each token stood."""
    before: dict[str, Node] = {}
    run.spec = new
    for scope in run.scopes.values():
        scope.container = image.of(scope.container) if scope.container else ""
        _rename_records(image, scope.done)
    for token in run.tasks.values():
        before[token.id] = token.task_spec.node
        token.task_spec = new.element(image.of(token.task_spec.name))
        if token.via:
            token.via = image.flow(token.via) or token.via
        for name, rename in (("left", image.of), ("offer", image.of), ("seen", image.flow)):
            if name in token.memo:
                token.memo[name] = [rename(each) for each in token.memo[name]]
    run.joins.clear()
    run.resets = {(token.scope_id, token.task_spec.name): token for token in run.tasks.values() if token.role == RESET}
    for identity in joining:
        token = run.tasks[identity]
        if token.task_spec.gathers(token):
            run.arrive(token)
    return before


def _rename_records(image: Image, records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        record["at"] = image.of(record["at"])
        _rename_records(image, record["done"])


def _reopen(run: Run, before: Mapping[str, Node]) -> Iterator[Blocker]:
    """An element that waits for a message of another name or correlation now waits for that one."""
    for token in list(run.tasks.values()):
        was, event = before[token.id].event, token.task_spec.node.event
        if token.opened != "subscription" or event is None or _awaits(was) == _awaits(event):
            continue
        run.close_opened(token)
        try:
            run.await_event(token, event)
        except LastmeterError as refusal:
            yield Blocker(token.task_spec.name, refusal)


def _arm(run: Run, image: Image, before: Mapping[str, Node], armed: list[str]) -> Iterator[Blocker]:
    """What the new version has more to listen for is armed, and its elements stand in `armed`."""
    for element, scope_id, role, owner in list(_added(run, image, before)):
        event = element.node.event
        assert event is not None
        try:
            run.arm(element, scope_id, role, owner, event)
            armed.append(element.name)
        except LastmeterError as refusal:
            yield Blocker(element.name, refusal)


_Added = tuple[Element, str, str, Token | None]


def _added(run: Run, image: Image, before: Mapping[str, Node]) -> Iterator[_Added]:
    for token in run.tasks.values():
        if token.role != FLOW or token._state in _NOT_BEGUN or token.memo.keys() & {"at", "lacks"}:
            continue
        if token.task_spec.node.type == "eventBasedGateway":
            yield from _added_races(run, token)
        for element in run.spec.boundaries(token.task_spec.name):
            stood = before[token.id].id
            if _listens(element) and not any(old.attached_to == stood for old in _sources(image, element)):
                yield element, token.scope_id, BOUNDARY, token
    for scope in run.scopes.values():
        if not scope.container or _taken_over(run, scope):
            continue
        stood = image.old.key if scope.id == ROOT else before[scope.id].id
        for element in run.spec.event_starts(scope.container):
            if _listens(element) and not any(_listens_in(image.old, old) == stood for old in _sources(image, element)):
                yield element, scope.id, EVENT_START, None


def _listens(element: Element) -> bool:
    """Errors and escalations are found when they are thrown; all else is armed."""
    return element.node.event is not None and element.node.event.awaited


def _sources(image: Image, element: Element) -> list[Node]:
    """The old catches that the new one goes on for: if they listen no more, they have fired and are used up."""
    return [old for old in image.sources(element.name) if _same_catch(old, element.node)]


def _added_races(run: Run, gateway: Token) -> Iterator[_Added]:
    racing = {token.task_spec.name for token in run.owned.get(gateway.id, {}).values()}
    for flow in gateway.task_spec.flows:
        if flow.target not in racing and _listens(run.spec.element(flow.target)):
            yield run.spec.element(flow.target), gateway.scope_id, RACE, gateway


def _taken_over(run: Run, scope: Scope) -> bool:
    """True if an interrupting event sub-process runs: the scope listens for nothing else then."""
    interrupting = {start.node.container for start in run.spec.event_starts(scope.container) if start.node.interrupting}
    return any(token.role == FLOW and token.task_spec.name in interrupting for token in scope.tokens.values())
