"""What each BPMN element does: SpiffWorkflow's task specs, one class per behaviour (activities have their own file).

A spec says what happens when a token runs (`perform`), when a wait ends (`finish`) and which flows it leaves by
(`choose`). Source: BPMN 2.0.2, chapter 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from SpiffWorkflow.specs.base import TaskSpec

from lastmeter.workflow.spiff.faults import NoFlowTaken
from lastmeter.workflow.spiff.model import Node
from lastmeter.workflow.spiff.report import Thrown, ThrownKind
from lastmeter.workflow.spiff.run import Run
from lastmeter.workflow.spiff.tokens import BOUNDARY, RACE, Token

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.specs import Spec


class Element(TaskSpec):  # type: ignore[misc]
    """A drawn element. The hooks of SpiffWorkflow that predict, inherit data or walk the tree do nothing here."""

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

    def finish(self, run: Run, token: Token, result: Mapping[str, object] | None) -> None:
        """The wait is over: the result becomes variables and the token leaves."""
        token.memo["at"] = "finish"
        self.keep(run, token, result)
        token.memo["at"] = "leave"
        token.complete()

    def keep(self, run: Run, token: Token, result: object) -> None:
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
        """The flows it leaves by: unconditional ones and those whose condition is true, else the default.

        Raises NoFlowTaken.
        """
        taken = []
        for flow in self.flows:
            if flow.id == self.node.default:
                continue
            if flow.condition is None or run.holds(flow.condition, token):
                taken.append(flow.id)
        if not taken and self.flows:
            if not self.node.default:
                raise NoFlowTaken(element=self.name)
            taken.append(self.node.default)
        return taken

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
        if len(self.node.incoming) <= 1 or not my_task.via:
            return super()._run_hook(my_task)
        return self.gather(run, my_task, run.arrive(my_task))

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

    def activated(self, run: Run, scope_id: str, waiting: Mapping[str, list[Token]]) -> bool:
        """True if no token elsewhere has a path to an empty flow only."""
        empty = [flow for flow in self.node.incoming if flow not in waiting]
        if not empty:
            return True
        spec = run.spec
        for token in run.scopes[scope_id].tokens.values():
            at = token.task_spec.name
            if at == self.name or token.role in (BOUNDARY, RACE):
                continue
            if any(at in spec.reaching(self.name, flow) for flow in empty) and not any(
                at in spec.reaching(self.name, flow) for flow in waiting
            ):
                return False
        return True


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
        if event is None or event.kind == "link" or token.memo.get("begun"):
            return True
        run.await_event(token, event)
        return None


class StartEvent(Element):
    """Passed at once: who starts the process or sub-process has waited for its event."""


class BoundaryEvent(Element):
    """Runs only when it has fired."""


class Throw(Element):
    """A none end or throwing event is passed; a message or signal is reported on the way."""

    def perform(self, run: Run, token: Token) -> bool | None:
        throw_out(run, token)
        return True

    def happened(self, run: Run, token: Token) -> None:
        """History shows the event as done before its consequences, which may cancel the token."""
        run.note(token, "completed")
        token.noted = False


class Terminate(Throw):
    """Ends the process or sub-process it lies in, and nothing around it."""

    def perform(self, run: Run, token: Token) -> bool | None:
        self.happened(run, token)
        run.cancel_scope(token.scope_id, keep=token)
        run.discard(token)
        return None


class ThrowError(Throw):
    """Ends by an error, which the innermost scope that can catches; if none can, the instance ends with it."""

    def perform(self, run: Run, token: Token) -> bool | None:
        code = _code(self.node)
        self.happened(run, token)
        caught = run.throw("error", code, token.scope_id)
        run.report.thrown.append(Thrown("error", code, self.name, caught=caught))
        if caught:
            run.discard(token)
        else:
            run.end_by_error(code)
        return None


class Escalate(Throw):
    """Throws an escalation; goes on unless what catches it interrupts."""

    def perform(self, run: Run, token: Token) -> bool | None:
        code = _code(self.node)
        self.happened(run, token)
        caught = run.throw("escalation", code, token.scope_id)
        run.report.thrown.append(Thrown("escalation", code, self.name, caught=caught))
        return True if token.id in run.tasks else None


class ThrowLink(Throw):
    """Goes on at the catching link of the same name."""

    target: Node | None = None

    def choose(self, run: Run, token: Token) -> list[str]:
        if self.target is not None:
            run.spawn(run.spec.element(self.target.id), token.scope_id, token.forks)
        return []


def throw_out(run: Run, token: Token) -> None:
    """The element's message or signal, if it has one, is reported as thrown."""
    node: Node = token.task_spec.node
    event = node.event
    if event is None or event.kind not in ("message", "signal"):
        return
    payload = run.evaluate(event.payload, token)
    fields = dict(payload) if isinstance(payload, Mapping) else {}
    fields.update(run.assigned(node.inputs, token))
    kind: ThrownKind = "message" if event.kind == "message" else "signal"
    run.report.thrown.append(Thrown(kind, event.name, node.id, fields, run.correlation(token, event)))


def _code(node: Node) -> str:
    return node.event.name if node.event is not None else ""
