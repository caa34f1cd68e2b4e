"""What each BPMN element does: SpiffWorkflow's task specs, one class per behaviour (activities have their own file).

A spec says what happens when a token runs (`perform`), when a wait ends (`finish`) and which flows it leaves by
(`choose`). Source: BPMN 2.0.2, chapter 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.util.task import TaskState

from lastmeter.workflow.spiff.faults import NoFlowTaken
from lastmeter.workflow.spiff.model import Event, Node
from lastmeter.workflow.spiff.report import Thrown, ThrownKind
from lastmeter.workflow.spiff.run import Run
from lastmeter.workflow.spiff.tokens import BOUNDARY, CHILD, HANDLER, RACE, RESET, Token

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.specs import Spec


class Element(TaskSpec):  # type: ignore[misc]
    """A drawn element. The hooks of SpiffWorkflow that predict, inherit data or walk the tree do nothing here."""

    # It throws a signal, so it runs when the other branches have come to rest: see `Run.drain`.
    signals = False

    def __init__(self, spec: Spec, node: Node) -> None:
        super().__init__(spec, node.id)
        self.node = node
        self.flows = [spec.process.flows[flow] for flow in node.outgoing]

    def _predict(self, my_task: Token, *_args: object, **_options: object) -> None:
        return

    def _on_ready(self, my_task: Token) -> None:
        return

    def _run(self, my_task: Token) -> bool | None:
        return self._run_hook(my_task)

    def _run_hook(self, my_task: Token) -> bool | None:
        run: Run = my_task.workflow
        run.note(my_task, "entered")
        return self.perform(run, my_task)

    def _on_complete(self, my_task: Token) -> None:
        my_task.workflow.leave(my_task)

    def perform(self, run: Run, token: Token) -> bool | None:
        """True when the element is done at once, None when it waits for `finish`."""
        return True

    def give_inputs(self, run: Run, token: Token) -> None:
        """What the element has to itself while it runs."""

    def finish(self, run: Run, token: Token, result: Mapping[str, object] | None) -> None:
        """The wait is over: the result becomes variables and the token leaves."""
        self.conclude(run, token, result)
        token.memo["at"] = "leave"
        token.complete()

    def conclude(self, run: Run, token: Token, result: object) -> None:
        """The result is kept. Should that fail, a retry keeps it once more and does nothing else again."""
        token.memo.update(at="finish", result=result)
        self.keep(run, token, result)
        del token.memo["at"], token.memo["result"]

    def keep(self, run: Run, token: Token, result: object) -> None:
        """The result stands in variables and, where an association leads there, in data stores."""
        self.hand_on(run, token, result)
        self.put(run, token, result)

    def put(self, run: Run, token: Token, result: object) -> None:
        """What is drawn to data stores is written there; `result` is known by its name or by its fields."""
        node = self.node
        if node.stored:
            fields = result if isinstance(result, Mapping) else {}
            run.put(node.stored, token, {**fields, node.result: result} if node.result else fields)

    def hand_on(self, run: Run, token: Token, result: object) -> None:
        """The result is written: through the output mappings if there are any, else under its name, else by field."""
        node = self.node
        fields = result if isinstance(result, Mapping) else {}
        if node.outputs:
            extra = {**fields, node.result: result} if node.result else fields
            run.write_all(token, run.assigned(node.outputs, token, extra), outer=True)
        elif node.result:
            run.write(token, node.result, result)
        else:
            run.write_all(token, fields)

    def choose(self, run: Run, token: Token) -> list[str]:
        """The flows it leaves by: unconditional ones, those whose condition is true, and the default if none is.

        An unconditional flow beside a default does not stand in for a true condition: the flows are a parallel and
        an inclusive split in one. Source: BPMN 2.0.2, 13.3.1 and table 10.3. Raises NoFlowTaken.
        """
        taken, chosen = [], False
        for flow in self.flows:
            if flow.id == self.node.default:
                continue
            if flow.condition is None or run.holds(flow.condition, token):
                taken.append(flow.id)
                chosen = chosen or flow.condition is not None
        if not chosen and self.node.default:
            taken.append(self.node.default)
        if not taken and self.flows:
            raise NoFlowTaken(element=self.name)
        return taken

    def gathers(self, token: Token) -> bool:
        """True if the token waits here for others before anything happens."""
        return False

    def settle(self, run: Run, scope_id: str, waiting: Mapping[str, list[Token]]) -> bool:
        """True if it went on by itself, now that nothing else moves."""
        return False

    def interrupted(self, token: Token) -> None:
        """An event sub-process has taken the place of what ran inside."""

    def compensated(self, run: Run, token: Token) -> None:
        """All that the token had to undo is undone."""
        raise AssertionError(f"{self.name} undoes nothing")

    def child_done(self, run: Run, body: Token, child: Token) -> None:
        raise AssertionError(f"{self.name} is no activity")


class ExclusiveGateway(Element):
    """The first flow whose condition is true, else the default."""

    def choose(self, run: Run, token: Token) -> list[str]:
        if len(self.flows) == 1 and self.flows[0].condition is None:
            return [self.flows[0].id]
        for flow in self.flows:
            if flow.id != self.node.default and (flow.condition is None or run.holds(flow.condition, token)):
                return [flow.id]
        if self.node.default:
            return [self.node.default]
        if not self.flows:
            return []
        raise NoFlowTaken(element=self.name)


class Join(Element):
    """A gateway that may wait for tokens on its incoming flows and goes on once for all of them."""

    def _run_hook(self, my_task: Token) -> bool | None:
        run: Run = my_task.workflow
        if not self.gathers(my_task):
            return super()._run_hook(my_task)
        return self.gather(run, my_task, run.arrive(my_task))

    def gathers(self, token: Token) -> bool:
        return len(self.node.incoming) > 1 and bool(token.via)

    def may_come(self, run: Run, scope_id: str, empty: list[str], waiting: Mapping[str, list[Token]]) -> bool:
        """True if a token elsewhere has a path to an empty flow, and none to a flow on which one waits."""
        spec = run.spec
        for token in run.scopes[scope_id].tokens.values():
            at = token.task_spec.name
            if at == self.name or token.role in (BOUNDARY, RACE):
                continue
            if any(at in spec.reaching(self.name, flow) for flow in empty) and not any(
                at in spec.reaching(self.name, flow) for flow in waiting
            ):
                return True
        return False

    def gather(self, run: Run, token: Token, waiting: Mapping[str, list[Token]]) -> bool | None:
        """True if the join is passed now; None leaves it to `Run.settle_joins`, when everything else has run."""
        return None

    def fire(self, run: Run, token: Token, merged: list[Token]) -> None:
        """The join is passed by one token for all merged ones."""
        run.merge(token, merged)
        run.note(token, "entered")
        token.memo["at"] = "leave"
        token.complete()


class ParallelGateway(Join):
    """Waits for one token on each incoming flow. Source: BPMN 2.0.2, 13.4.1."""

    def gather(self, run: Run, token: Token, waiting: Mapping[str, list[Token]]) -> bool | None:
        if len(waiting) < len(self.node.incoming):
            return None
        run.merge(token, [line[0] for line in waiting.values()])
        run.note(token, "entered")
        return True

    def choose(self, run: Run, token: Token) -> list[str]:
        return self.node.outgoing


class InclusiveGateway(Join):
    """Waits until no token upstream can still come. Source: BPMN 2.0.2, 13.4.3."""

    def complete(self, run: Run, scope_id: str, waiting: Mapping[str, list[Token]]) -> bool:
        """True if a token waits and no other can come."""
        empty = [flow for flow in self.node.incoming if flow not in waiting]
        return bool(waiting) and not (empty and self.may_come(run, scope_id, empty, waiting))

    def settle(self, run: Run, scope_id: str, waiting: Mapping[str, list[Token]]) -> bool:
        if not self.complete(run, scope_id, waiting):
            return False
        merged = [line[0] for line in waiting.values()]
        run.guarded(merged[0], lambda: self.fire(run, merged[0], merged))
        return True


class ComplexGateway(Join):
    """Passed once its condition holds; then waits for its reset, and takes what is still to come.

    Its conditions know `activationCount` (tokens waiting), each incoming flow's count by the flow's id, and
    `waitingForStart`: true when it is activated, false when it is reset. A flow without a condition is taken at the
    activation only. Source: BPMN 2.0.2, 13.4.5.
    """

    def gather(self, run: Run, token: Token, waiting: Mapping[str, list[Token]]) -> bool | None:
        if self.resetting(run, token.scope_id) is not None or not self.holds(run, token, waiting):
            return None
        marker = Token(run, self, token.scope_id, RESET, state=TaskState.WAITING)
        marker.memo["seen"] = list(waiting)
        run.merge(token, [token, *(line[0] for line in waiting.values() if line[0] is not token)])
        marker.forks = token.forks
        run.admit(marker)
        run.note(token, "entered")
        return True

    def holds(self, run: Run, token: Token, waiting: Mapping[str, list[Token]]) -> bool:
        counts: dict[str, object] = {flow: Decimal(len(waiting.get(flow, ()))) for flow in self.node.incoming}
        counts["activationCount"] = Decimal(sum(len(line) for line in waiting.values()))
        return self.node.activation is None or run.holds(self.node.activation, token, counts)

    def choose(self, run: Run, token: Token) -> list[str]:
        return self.ways(run, token, activation=True)

    def ways(self, run: Run, token: Token, *, activation: bool) -> list[str]:
        """The flows taken. Raises NoFlowTaken at the activation."""
        start = {"waitingForStart": activation}
        taken = []
        for flow in self.flows:
            if flow.id != self.node.default:
                holds = activation if flow.condition is None else run.holds(flow.condition, token, start)
                taken += [flow.id] if holds else []
        if taken or not activation or not self.flows:
            return taken
        if not self.node.default:
            raise NoFlowTaken(element=self.name)
        return [self.node.default]

    def resetting(self, run: Run, scope_id: str) -> Token | None:
        """The mark of an activation that waits for its reset."""
        return run.resets.get((scope_id, self.name))

    def settle(self, run: Run, scope_id: str, waiting: Mapping[str, list[Token]]) -> bool:
        marker = self.resetting(run, scope_id)
        if marker is None:
            return self.activate(run, waiting)
        awaited = [flow for flow in self.node.incoming if flow not in marker.memo["seen"]]
        empty = [flow for flow in awaited if flow not in waiting]
        if empty and self.may_come(run, scope_id, empty, {}):
            return False
        late = [waiting[flow][0] for flow in awaited if flow in waiting]
        run.guarded(marker, lambda: self.reset(run, marker, late))
        return True

    def activate(self, run: Run, waiting: Mapping[str, list[Token]]) -> bool:
        """True if what waits since before the last reset activates the gateway."""
        token = next((line[-1] for line in waiting.values()), None)
        if token is None or token._state == TaskState.ERROR or not self.holds(run, token, waiting):
            return False
        token._set_state(TaskState.READY)
        run.queue.append(token)
        return True

    def reset(self, run: Run, marker: Token, late: list[Token]) -> None:
        ways = self.ways(run, marker, activation=False)
        for token in late:
            run.leave_join(token)
            run.discard(token)
        run.discard(marker)
        if ways:
            run.follow(marker, ways)


class EventBasedGateway(Element):
    """The first event to happen decides."""

    def perform(self, run: Run, token: Token) -> bool | None:
        for flow in self.flows:
            target = run.spec.element(flow.target)
            event = target.node.event
            if event is not None:
                run.arm(target, token.scope_id, RACE, token, event)
        return None


class Catch(Element):
    """An intermediate catching event waits; as a link's target it is simply passed."""

    def perform(self, run: Run, token: Token) -> bool | None:
        event = self.node.event
        if event is None or event.kind == "link" or (token.memo.get("begun") and not still_to_come(event, token)):
            return True
        run.await_event(token, event)
        return None


class StartEvent(Element):
    """Passed at once: who starts the process or sub-process has waited for its event, or for the first of several."""

    def perform(self, run: Run, token: Token) -> bool | None:
        event = self.node.event
        if event is None or not still_to_come(event, token):
            if self.node.outputs or self.node.stored:
                # What came with the event are variables already.
                self.keep(run, token, None)
            return True
        run.await_event(token, event)
        return None


class BoundaryEvent(Element):
    """Runs only when it has fired."""


class Throw(Element):
    """A none end or throwing event is passed; messages, signals and escalations go out on the way, in their order.

    A signal or an escalation may be caught by what interrupts; an error or a termination comes last.
    """

    def __init__(self, spec: Spec, node: Node) -> None:
        super().__init__(spec, node)
        self.signals = node.event is not None and any(each.kind == "signal" for each in node.event.each())

    def perform(self, run: Run, token: Token) -> bool | None:
        event = self.node.event
        for each in event.each() if event is not None else ():
            match each.kind:
                case "message":
                    throw_out(run, token, each)
                case "signal":
                    fields = throw_out(run, token, each)
                    self.happened(run, token)
                    run.signalled(each.name, fields)
                    if token.id not in run.tasks:
                        return None
                case "escalation":
                    self.happened(run, token)
                    if not throw_from(run, token, each):
                        return None
                case "error":
                    self.happened(run, token)
                    if throw_from(run, token, each):
                        run.discard(token)
                    return None
                case "terminate":
                    self.happened(run, token)
                    run.cancel_scope(token.scope_id, keep=token)
                    run.discard(token)
                    return None
        return True

    def happened(self, run: Run, token: Token) -> None:
        """History shows the event as done before its consequences, which may cancel the token."""
        if token.noted:
            run.note(token, "completed")
            token.noted = False


class Compensate(Throw):
    """Undoes what has completed in its scope, or one activity of it; goes on when that is done."""

    def perform(self, run: Run, token: Token) -> bool | None:
        event = self.node.event
        assert event is not None
        records = run.completed_in(token, event.name)
        if not records:
            return True
        driver = token
        if not event.waits:
            driver = Token(run, self, token.scope_id, HANDLER, state=TaskState.STARTED)
            run.admit(driver)
        run.compensate(driver, records)
        return None if event.waits else True

    def compensated(self, run: Run, token: Token) -> None:
        token.memo["at"] = "leave"
        token.complete()


class Cancel(Throw):
    """Ends its transaction: what runs in it is cancelled, what has completed is undone, the border's cancel event goes
    on. Source: BPMN 2.0.2, 10.5.3 and 13.5.4."""

    def perform(self, run: Run, token: Token) -> bool | None:
        self.happened(run, token)
        inside = run.completed_within(token.scope_id)
        run.cancel_scope(token.scope_id, keep=token)
        run.compensate(token, [*run.completed_in(token, ""), *inside])
        return None

    def compensated(self, run: Run, token: Token) -> None:
        host = run.tasks[token.scope_id]
        body = run.tasks[host.owner] if host.role == CHILD else host
        for boundary in run.spec.boundaries(host.task_spec.name):
            if boundary.node.event is not None and boundary.node.event.kind == "cancel":
                run.take_boundary(boundary, body, {})
                return


class ThrowLink(Throw):
    """Goes on at the catching link of the same name."""

    target: Node | None = None

    def choose(self, run: Run, token: Token) -> list[str]:
        if self.target is not None:
            run.spawn(run.spec.element(self.target.id), token.scope_id, token.forks)
        return []


def still_to_come(event: Event, token: Token) -> bool:
    """True if the process began with one of several events that are all needed."""
    return event.kind == "all" and "met" in token.memo


def throw_out(run: Run, token: Token, event: Event) -> dict[str, object]:
    """The message or signal is reported as thrown, with these variables."""
    node: Node = token.task_spec.node
    payload = run.evaluate(event.payload, token)
    fields = dict(payload) if isinstance(payload, Mapping) else {}
    fields.update(run.assigned(node.inputs, token))
    kind: ThrownKind = "message" if event.kind == "message" else "signal"
    run.report.thrown.append(Thrown(kind, event.name, node.id, fields, run.correlation(token, event)))
    return fields


def throw_from(run: Run, token: Token, event: Event) -> bool:
    """The event is thrown: a message out of the instance, a signal out of it and to all that waits for it inside, an
    error or escalation outwards by scope; an error that nobody catches ends the instance. True if the token is still
    there."""
    if event.kind in ("message", "signal"):
        fields = throw_out(run, token, event)
        if event.kind == "signal":
            run.signalled(event.name, fields)
        return token.id in run.tasks
    kind: ThrownKind = "error" if event.kind == "error" else "escalation"
    # A multi-instance activity throws at its own border too; an event has none.
    thrower = token if token.task_spec.node.repeat is not None else None
    caught = run.throw(kind, event.name, token.scope_id, thrower)
    run.report.thrown.append(Thrown(kind, event.name, token.task_spec.name, caught=caught))
    if kind == "error" and not caught:
        run.end_by_error(event.name)
    return token.id in run.tasks
