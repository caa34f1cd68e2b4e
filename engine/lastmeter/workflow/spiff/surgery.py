"""Cuts into a running instance: a token moved, an element skipped, a way gone back, a variable set; rehearsed first.

`rehearse` works on a copy and says what would happen; `do` does it. Both judge by the same rules, so that what was
rehearsed on a state is what is done to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from SpiffWorkflow.util.task import TaskState

from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import joins
from lastmeter.workflow.spiff.faults import NotWaiting
from lastmeter.workflow.spiff.live import Live
from lastmeter.workflow.spiff.report import Advance, EventName, Services
from lastmeter.workflow.spiff.surgery_refusals import (
    AlreadyLeft,
    NeverExecuted,
    NothingToRewind,
    NotMovable,
    NotSkippable,
    ScopeGone,
    ScopeUnclear,
    SkipByEvent,
    SkipRepetitions,
    TargetElsewhere,
    TargetIsJoin,
    TargetNotByFlow,
    TokenUnclear,
    WouldBreakJoin,
)
from lastmeter.workflow.spiff.tokens import ALIVE, FLOW, RACE, RESET, ROOT, Fork, Scope, Token

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.elements import Element
    from lastmeter.workflow.spiff.run import Run
    from lastmeter.workflow.spiff.specs import Spec

Act = Literal["move", "skip", "rewind", "set", "retry"]
ACTS: tuple[Act, ...] = ("move", "skip", "rewind", "set", "retry")


@dataclass(frozen=True, slots=True)
class Cut:
    """What is to be done. `at` names a token by its uid, or by its element where only one stands there."""

    act: Act
    at: str = ""
    to: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    despite_sent: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """One line of the instance's history, in order."""

    element_id: str
    event: EventName
    uid: str
    loop_index: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A token or armed event, and what it waits for.

    `kind` is task, timer, subscription, call, job or incident as reported when it was opened, else join, condition,
    race, repetition, inside (of a sub-process) or flow.
    """

    uid: str
    element_id: str
    kind: str
    role: str
    loop_index: int | None
    container: str


@dataclass(frozen=True, slots=True)
class Caution:
    """What a cut cannot undo or foresee: a code, and the elements or variables it is about."""

    code: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cut would do; with a refusal it does nothing. `passed` are the elements that would run on the way."""

    ended: tuple[Standing, ...] = ()
    begun: tuple[Standing, ...] = ()
    passed: tuple[str, ...] = ()
    thrown: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    completed: bool = False
    refusal: LastmeterError | None = None


def rehearse(spec: Spec, packed: bytes, services: Services, cut: Cut, past: Sequence[Past], now: dt.datetime) -> Plan:
    """What the cut would do to the saved instance, which stays as it is. No connector may run in `services`."""
    live = Live.load(spec, packed, services)
    before = {each.uid: each for each in standing(live)}
    cautions = _cautions(live, cut, past)
    try:
        advance = do(live, cut, past, now)
    except LastmeterError as refusal:
        return Plan(cautions=tuple(cautions), refusal=refusal)
    after = {each.uid: each for each in standing(live)}
    ended = tuple(each for uid, each in before.items() if uid not in after)
    begun = tuple(each for uid, each in after.items() if each != before.get(uid))
    stand = {each.element_id for each in begun}
    entered = dict.fromkeys(entry.element_id for entry in advance.history if entry.event == "entered")
    cautions.extend(_consequences(ended, begun))
    return Plan(
        ended,
        begun,
        tuple(name for name in entered if name not in stand),
        tuple(thrown.element_id for thrown in advance.thrown),
        tuple(cautions),
        advance.completed,
    )


def do(live: Live, cut: Cut, past: Sequence[Past], now: dt.datetime) -> Advance:
    """The cut made, and all automatic work after it. Raises SurgeryRefused, NotWaiting, UnstorableValue."""
    match cut.act:
        case "set":
            return live.set_variables(cut.fields, now)
        case "retry":
            return live.operate(lambda run: _retry(run, find(run, cut.at)), now)
        case "move":
            return live.operate(lambda run: _move(run, find(run, cut.at), cut.to), now)
        case "skip":
            return live.operate(lambda run: _skip(run, find(run, cut.at)), now)
        case "rewind":
            return live.operate(lambda run: _rewind(run, cut, past), now)


def standing(live: Live) -> list[Standing]:
    """Every token and armed event of the instance."""
    run = live.run
    return [
        Standing(
            token.id,
            token.task_spec.name,
            _kind(run, token),
            token.role,
            token.loop,
            run.scopes[token.scope_id].container,
        )
        for token in run.tasks.values()
    ]


def targets(live: Live) -> list[str]:
    """The elements that a token of their own process or sub-process may be put at, in the file's order."""
    return [name for name, node in live.run.spec.process.nodes.items() if _enterable(live.run, name, node.container)]


def preceding(live: Live) -> dict[str, list[str]]:
    """Of each element those that its flows come from, or that it is attached to."""
    process = live.run.spec.process
    return {
        node.id: [node.attached_to] if node.attached_to else [process.flows[flow].source for flow in node.incoming]
        for node in process.nodes.values()
    }


def _enterable(run: Run, name: str, container: str) -> bool:
    try:
        _target(run, name, container)
    except LastmeterError:
        return False
    return True


def _kind(run: Run, token: Token) -> str:
    node = token.task_spec.node
    if token.opened:
        return token.opened
    if token.id in run.watching:
        return "condition"
    if token.id in run.lacking:
        return "data"
    if joins.place_of(token)[1]:
        return "join"
    if node.type == "eventBasedGateway":
        return "race"
    if node.repeat is not None and token.role == FLOW:
        return "repetition"
    return "inside" if token.id in run.scopes and run.scopes[token.id].container else "flow"


def find(run: Run, at: str) -> Token:
    """The token of that uid, or the one that stands at that element. Raises NotWaiting, TokenUnclear."""
    if at in run.tasks:
        return run.tasks[at]
    here = [token for token in run.tasks.values() if token.task_spec.name == at]
    if len(here) > 1:
        raise TokenUnclear(element=at, uids=[token.id for token in here])
    if not here:
        raise NotWaiting(task_uid=at)
    return here[0]


# -- retry and move ----------------------------------------------------------------------------------------------------


def _retry(run: Run, token: Token) -> None:
    if token.opened != "incident":
        raise NotWaiting(task_uid=token.id)
    run.retry(token)


def _move(run: Run, token: Token, to: str) -> None:
    """The token leaves with all that it had opened or armed, and one enters the target in the same scope."""
    if token.role != FLOW or token.task_spec.node.triggered_by_event:
        raise NotMovable(element=token.task_spec.name)
    target = _target(run, to, run.scopes[token.scope_id].container)
    _require_joins(run, token.scope_id, [token], target)
    _replace(run, token.scope_id, [token], target)


def _target(run: Run, name: str, container: str) -> Element:
    """The element, if a token may be put there. Raises TargetElsewhere, TargetIsJoin, TargetNotByFlow."""
    element = run.spec.task_specs.get(name)
    if element is None:
        raise TargetNotByFlow(element=name)
    node = element.node
    if node.container != container:
        raise TargetElsewhere(element=name, container=node.container)
    if joins.is_join(node):
        raise TargetIsJoin(element=name)
    link = node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link"
    begins = node.type == "startEvent" or element in run.spec.starts(container)
    if not (node.incoming or link or begins) or node.attached_to or _races(run, node.incoming):
        raise TargetNotByFlow(element=name)
    return element


def _races(run: Run, flows: Iterable[str]) -> bool:
    process = run.spec.process
    return any(process.nodes[process.flows[flow].source].type == "eventBasedGateway" for flow in flows)


def _require_joins(run: Run, scope_id: str, leaving: Sequence[Token], target: Element) -> None:
    """Nothing if every join that comes out right now still does. Raises WouldBreakJoin, WaysNotForeseeable."""
    tokens = [token for token in run.scopes[scope_id].tokens.values() if token.role == FLOW]
    before = [joins.place_of(token) for token in tokens]
    after = [joins.place_of(token) for token in tokens if token not in leaving]
    disturbed = joins.broken(run.spec, [*after, (target.name, "")]) - joins.broken(run.spec, before)
    if disturbed:
        raise WouldBreakJoin(element=target.name, joins=sorted(disturbed))


def _replace(run: Run, scope_id: str, leaving: Sequence[Token], target: Element) -> None:
    """One token at the target for all that leave, in the branches that they have in common."""
    shared: tuple[Fork, ...] = tuple(
        fork for fork in leaving[0].forks if all(fork in token.forks for token in leaving[1:])
    )
    run.spawn(target, scope_id, shared)
    for token in leaving:
        run.cancel(token)


# -- skip --------------------------------------------------------------------------------------------------------------


def _skip(run: Run, token: Token) -> None:
    """The element is passed as if it were done, without a result; history says cancelled, since nobody did it."""
    node = token.task_spec.node
    if token.role == RACE:
        run.win_race(token, {})
        return
    armed = run.owned.get(token.id, {})
    if node.type == "eventBasedGateway" and armed:
        raise SkipByEvent(element=node.id, events=[event.task_spec.name for event in armed.values()])
    if token.role not in ALIVE or token.role == RESET or joins.place_of(token)[1]:
        raise NotSkippable(element=node.id)
    if node.repeat is not None and token.role == FLOW and armed:
        raise SkipRepetitions(element=node.id)
    run.close_opened(token)
    run.watching.pop(token.id, None)
    if token.id in run.scopes:
        run.cancel_scope(token.id)
    token.memo["at"], token.memo["skipped"] = "leave", True
    token._set_state(TaskState.STARTED)
    run.guarded(token, token.complete)


# -- rewind ------------------------------------------------------------------------------------------------------------


def _rewind(run: Run, cut: Cut, past: Sequence[Past]) -> None:
    """The tokens that stand behind the element are gone, and one enters it."""
    scope, since = _stretch(run, cut, past)
    target = _target(run, cut.to, scope.container)
    leaving, depth = _behind(run, scope, target)
    sent = _sent(run, target, depth, since)
    if sent and not cut.despite_sent:
        raise AlreadyLeft(element=target.name, elements=list(sent))
    _replace(run, scope.id, leaving, target)


def _stretch(run: Run, cut: Cut, past: Sequence[Past]) -> tuple[Scope, Sequence[Past]]:
    """The scope that the element lies in, and its history since the element was last entered.

    Raises TargetNotByFlow, ScopeGone, ScopeUnclear, NeverExecuted.
    """
    element = run.spec.task_specs.get(cut.to)
    if element is None:
        raise TargetNotByFlow(element=cut.to)
    scope = _scope_of(run, element, cut.at)
    if any(_interrupts(run, token) for token in scope.tokens.values()):
        raise ScopeGone(element=cut.to)
    begun = next((index for index, line in enumerate(past) if line.uid == scope.id), 0) if scope.id != ROOT else 0
    entered = [
        index
        for index, line in enumerate(past)
        if index >= begun and line.element_id == cut.to and line.event == "entered" and _within(line, scope)
    ]
    if not entered:
        raise NeverExecuted(element=cut.to)
    return scope, past[entered[-1] + 1 :]


def _within(line: Past, scope: Scope) -> bool:
    """False if the line belongs to another repetition of the scope's sub-process."""
    return scope.loop is None or line.loop_index == scope.loop


def _interrupts(run: Run, token: Token) -> bool:
    """True if the token is an event sub-process that has taken the place of everything around it."""
    name = token.task_spec.name
    return bool(token.task_spec.node.triggered_by_event) and all(
        start.node.interrupting
        for start in run.spec.event_starts(token.task_spec.node.container)
        if start.node.container == name
    )


def _scope_of(run: Run, element: Element, at: str) -> Scope:
    """The scope in which the element would run; `at` names a token inside where there are several."""
    found = [scope for scope in run.scopes.values() if scope.container == element.node.container]
    if at:
        named = run.scopes[find(run, at).scope_id]
        found = [scope for scope in found if scope is named]
    if not found:
        raise ScopeGone(element=element.name)
    if len(found) > 1:
        raise ScopeUnclear(element=element.name, uids=[next(iter(scope.tokens), scope.id) for scope in found])
    return found[0]


def _behind(run: Run, scope: Scope, target: Element) -> tuple[list[Token], int]:
    """The tokens that have come from the element, and past how many joins it takes to find them all.

    In a loop every token stands behind every element: the fewest whose going leaves each join right are meant.
    Raises NothingToRewind, WouldBreakJoin.
    """
    passed = joins.joins_passed(run.spec, target.name)
    tokens = [token for token in scope.tokens.values() if token.role == FLOW and token.task_spec.name in passed]
    refusal: LastmeterError = NothingToRewind(element=target.name)
    for depth in sorted({passed[token.task_spec.name] for token in tokens}):
        leaving = [token for token in tokens if passed[token.task_spec.name] <= depth]
        try:
            _require_joins(run, scope.id, leaving, target)
        except WouldBreakJoin as broken:
            refusal = broken
        else:
            return leaving, depth
    raise refusal


def _sent(run: Run, target: Element, depth: int, since: Sequence[Past]) -> tuple[str, ...]:
    """The elements behind the target that have sent, called or run something outside since, in order."""
    passed = joins.joins_passed(run.spec, target.name)
    nodes = run.spec.process.nodes
    found: dict[str, None] = {}
    for line in since:
        if line.event != "completed" or not _goes_out(run, line.element_id):
            continue
        name = line.element_id
        while name in nodes and nodes[name].container != target.node.container:
            name = nodes[name].container
        if passed.get(name, depth + 1) <= depth:
            found[line.element_id] = None
    return tuple(found)


_SAID = frozenset(("message", "signal"))


def _goes_out(run: Run, name: str) -> bool:
    """True if the element, once done, has had an effect that the instance cannot take back."""
    node = run.spec.process.nodes.get(name)
    if node is None:
        return False
    throws = node.type in ("intermediateThrowEvent", "endEvent", "sendTask") and node.event is not None
    says = throws and node.event is not None and any(part.kind in _SAID for part in node.event.each())
    return says or bool(node.topic) or node.called is not None


# -- what to be told beforehand ----------------------------------------------------------------------------------------


def _cautions(live: Live, cut: Cut, past: Sequence[Past]) -> list[Caution]:
    run = live.run
    if cut.act == "set":
        hidden = {
            name: None for scope in run.scopes.values() if scope.id != ROOT for name in cut.fields
            if name in scope.variables
        }  # fmt: skip
        return [Caution("shadowed", tuple(hidden))] if hidden else []
    if cut.act != "rewind":
        return []
    found = [Caution("kept")]
    try:
        scope, since = _stretch(run, cut, past)
        target = _target(run, cut.to, scope.container)
        sent = _sent(run, target, _behind(run, scope, target)[1], since)
    except LastmeterError:
        return found
    return [*found, Caution("sent", sent)] if sent else found


def _consequences(ended: Iterable[Standing], begun: Iterable[Standing]) -> list[Caution]:
    calls = tuple(dict.fromkeys(each.element_id for each in ended if each.kind == "call"))
    work = tuple(dict.fromkeys(each.element_id for each in begun if each.kind == "job"))
    lost = [Caution("child_cancelled", calls)] if calls else []
    return [*lost, Caution("not_foreseen", work)] if work else lost
