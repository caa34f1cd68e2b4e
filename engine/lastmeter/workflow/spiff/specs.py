"""What each BPMN element does: SpiffWorkflow's task specs, one class per behaviour.

A spec says what happens when a token runs (`perform`), when a wait ends (`finish`) and which flows it leaves by
(`choose`). Source: BPMN 2.0.2, chapter 13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
from SpiffWorkflow.util.task import TaskState

from lastmeter.workflow.spiff import expressions
from lastmeter.workflow.spiff.faults import CalledProcessUnknown, NoFlowTaken, NotACollection
from lastmeter.workflow.spiff.model import Node, Process, Repeat, Text
from lastmeter.workflow.spiff.report import Pending, Thrown
from lastmeter.workflow.spiff.run import BOUNDARY, CHILD, RACE, Run, Token

MAX_REPETITIONS = 100_000


class Spec(WorkflowSpec):  # type: ignore[misc]
    """A process ready to run; restored once per version and shared by its instances, which never change it."""

    def __init__(self, process: Process) -> None:
        super().__init__(name=process.key, addstart=False)
        self.process = process
        self.task_specs: dict[str, Element] = {}
        for node in process.nodes.values():
            _CLASSES[node.type](self, node)
        self._boundaries: dict[str, list[Element]] = {}
        self._contents: dict[str, list[Element]] = {}
        for element in self.task_specs.values():
            if element.node.attached_to:
                self._boundaries.setdefault(element.node.attached_to, []).append(element)
            self._contents.setdefault(element.node.container, []).append(element)
        self._reach: dict[tuple[str, str], frozenset[str]] = {}

    @property
    def key(self) -> str:
        return self.process.key

    def element(self, name: str) -> Element:
        return self.task_specs[name]

    def boundaries(self, host: str) -> list[Element]:
        """The boundary events of an activity, in the file's order."""
        return self._boundaries.get(host, [])

    def starts(self, container: str) -> list[Element]:
        """Where a process or sub-process begins: its none start events, else what nothing leads to."""
        inside = self._contents.get(container, [])
        drawn = [element for element in inside if element.node.type == "startEvent"]
        if drawn:
            return [element for element in drawn if element.node.event is None]
        return [element for element in inside if not element.node.incoming and _begins_alone(element.node)]

    def event_starts(self, container: str) -> list[Element]:
        """The start events of the event sub-processes that lie in the container."""
        return [
            start
            for element in self._contents.get(container, [])
            if element.node.triggered_by_event
            for start in self._contents.get(element.node.id, [])
            if start.node.type == "startEvent"
        ]

    def reaching(self, gateway: str, flow: str) -> frozenset[str]:
        """The elements from which a path leads to the flow without passing the gateway."""
        known = self._reach.get((gateway, flow))
        if known is None:
            known = self._reach[gateway, flow] = self._walk_back(gateway, self.process.flows[flow].source)
        return known

    def _walk_back(self, gateway: str, source: str) -> frozenset[str]:
        reached: set[str] = set()
        ahead = [source]
        while ahead:
            name = ahead.pop()
            if name in reached or name == gateway:
                continue
            reached.add(name)
            node = self.process.nodes[name]
            if node.attached_to:
                ahead.append(node.attached_to)
            if node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link":
                ahead.extend(element.node.id for element in self._link_throwers(node))
            ahead.extend(self.process.flows[flow].source for flow in node.incoming)
        return frozenset(reached)

    def _link_throwers(self, node: Node) -> Iterable[Element]:
        return (
            element
            for element in self._contents[node.container]
            if isinstance(element, ThrowLink) and element.target is not None and element.target.id == node.id
        )


def _begins_alone(node: Node) -> bool:
    is_link = node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link"
    return not (node.attached_to or node.triggered_by_event or is_link)


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
        raise NotImplementedError

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

    def gather(self, run: Run, token: Token, waiting: Mapping[str, list[Token]]) -> bool | None:
        # Decided in Run.settle_joins, when everything automatic before it has run.
        return None

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
        if event is None or event.kind == "link":
            return True
        run.await_event(token, event)
        return None


class StartEvent(Element):
    """Passed at once: who starts the process or sub-process has waited for its event."""


class BoundaryEvent(Element):
    """Runs only when it has fired."""


class Throw(Element):
    """An intermediate throwing or an end event."""

    def perform(self, run: Run, token: Token) -> bool | None:
        event = self.node.event
        if event is None:
            return True
        if event.kind in ("message", "signal"):
            throw_out(run, token)
            return True
        if event.kind == "link":
            return True
        # The event has happened before its consequences are: history shows it in that order.
        if event.kind == "escalation":
            return self.escalate(run, token, event.name)
        run.note(token, "completed")
        if event.kind == "terminate":
            run.cancel_scope(token.scope_id, keep=token)
            run.discard(token)
            return None
        scope_id = token.scope_id
        caught = run.throw("error", event.name, scope_id)
        run.report.thrown.append(Thrown("error", event.name, self.name, caught=caught))
        if caught:
            run.discard(token)
        else:
            token.noted = False
            run.end_by_error(event.name)
        return None

    def escalate(self, run: Run, token: Token, code: str) -> bool | None:
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
    """The message or signal of the element is reported as thrown."""
    node: Node = token.task_spec.node
    event = node.event
    if event is None:
        return
    payload = run.evaluate(event.payload, token)
    fields = dict(payload) if isinstance(payload, Mapping) else {}
    fields.update(run.assigned(node.inputs, token))
    correlation = run.correlation(token, event)
    kind: Any = event.kind
    run.report.thrown.append(Thrown(kind, event.name, node.id, fields, correlation))


# -- activities ------------------------------------------------------------------------------------------------------


class Activity(Element):
    """A task, sub-process or call activity: boundary events, repetition and local variables around its `work`."""

    def _run_hook(self, my_task: Token) -> bool | None:
        run: Run = my_task.workflow
        run.note(my_task, "entered")
        if my_task.role != CHILD:
            for boundary in run.spec.boundaries(self.name):
                event = boundary.node.event
                if event is not None and event.kind not in ("error", "escalation"):
                    run.arm(boundary, my_task.scope_id, BOUNDARY, my_task, event)
            if self.node.repeat is not None:
                return self.repeat(run, my_task, self.node.repeat)
        self.give_inputs(run, my_task)
        return self.work(run, my_task)

    def work(self, run: Run, token: Token) -> bool | None:
        """True when done at once, None when it waits."""
        return True

    def give_inputs(self, run: Run, token: Token) -> None:
        """The mapped inputs are local variables of the activity."""
        if self.node.inputs:
            fields = run.assigned(self.node.inputs, token)
            scope = run.open_scope(token.id, token.scope_id, "", token.loop)
            scope.variables.update(fields)
            scope.given.update(fields)

    def inputs(self, run: Run, token: Token) -> dict[str, object]:
        """What a connector or decision is given: the mapped inputs, else all that is visible."""
        if not self.node.inputs:
            return run.visible(token)
        scope = run.scopes[token.id]
        return {item.target: scope.variables[item.target] for item in self.node.inputs}

    # -- repetition ----------------------------------------------------------------------------------------------

    def repeat(self, run: Run, body: Token, repeat: Repeat) -> bool | None:
        if repeat.kind == "loop":
            body.memo.update(done=0)
            if repeat.test_before and not self.loops_again(run, body, repeat):
                return True
            self.begin_repetition(run, body, repeat, 0, None)
            return None
        items = self.items(run, body, repeat)
        if not items:
            if repeat.output_collection:
                run.write(body, repeat.output_collection, [])
            return True
        body.memo.update(done=0, next=1, total=len(items), out=[None] * len(items) if repeat.output_collection else [])
        if repeat.kind == "sequential":
            body.memo["items"] = items
            self.begin_repetition(run, body, repeat, 0, items[0])
        else:
            for index, item in enumerate(items):
                self.begin_repetition(run, body, repeat, index, item)
        return None

    def items(self, run: Run, body: Token, repeat: Repeat) -> list[object]:
        """What to run over. Raises NotACollection."""
        if repeat.collection is not None:
            found = run.evaluate(repeat.collection, body)
            if not isinstance(found, list) or len(found) > MAX_REPETITIONS:
                raise NotACollection(element=self.name, expression=repeat.collection.text, value=_short(found))
            return list(found)
        count = run.evaluate(repeat.cardinality, body)
        whole = not isinstance(count, bool) and isinstance(count, int | Decimal) and count == int(count)
        if not whole or not 0 <= int(count) <= MAX_REPETITIONS:
            text = repeat.cardinality.text if repeat.cardinality is not None else ""
            raise NotACollection(element=self.name, expression=text, value=_short(count))
        return [None] * int(count)

    def begin_repetition(self, run: Run, body: Token, repeat: Repeat, index: int, item: object) -> None:
        child = run.child(body, index)
        scope = run.open_scope(child.id, body.scope_id, "", index)
        scope.isolated = repeat.kind == "parallel"
        scope.variables["loopCounter"] = index + repeat.first_counter
        scope.given.add("loopCounter")
        if repeat.element and repeat.collection is not None:
            scope.variables[repeat.element] = item
            scope.given.add(repeat.element)

    def child_done(self, run: Run, body: Token, child: Token) -> None:
        """One repetition is over: its result kept, the next begun or the whole finished."""
        repeat = self.node.repeat
        assert repeat is not None
        memo = body.memo
        done = memo["done"] + 1
        counters = self.counters(run, body, repeat, done)
        if repeat.output_collection:
            value = run.evaluate(repeat.output_element, child) if repeat.output_element is not None else None
            memo["out"][child.loop or 0] = value
        ended = repeat.completion is not None and run.holds(repeat.completion, child, counters)
        memo["done"] = done
        if repeat.kind == "parallel" and not repeat.output_collection:
            scope = run.scopes[child.id]
            changed = {name: value for name, value in scope.variables.items() if name not in scope.given}
            for name, value in changed.items():
                run.write(body, name, value, aware=True)
        again = repeat.kind == "loop" and not ended and self.loops_again(run, child, repeat, done)
        run.note(child, "completed")
        run.discard(child)
        if repeat.kind == "loop":
            if again:
                self.begin_repetition(run, body, repeat, done, None)
                return
        elif not ended and done < memo["total"]:
            if repeat.kind == "sequential":
                index = memo["next"]
                memo["next"] = index + 1
                self.begin_repetition(run, body, repeat, index, memo["items"][index])
            return
        run.guarded(body, lambda: self.end_repetition(run, body, repeat))

    def end_repetition(self, run: Run, body: Token, repeat: Repeat) -> None:
        body.memo["at"] = "leave"
        for child in [other for other in run.owned.get(body.id, {}).values() if other.role == CHILD]:
            run.cancel(child)
        if repeat.output_collection:
            run.write(body, repeat.output_collection, body.memo["out"])
        body.complete()

    def counters(self, run: Run, body: Token, repeat: Repeat, done: int) -> dict[str, object]:
        total = body.memo.get("total", done)
        active = 1 if repeat.kind == "sequential" else total - done
        return {
            "nrOfInstances": total, "nrOfCompletedInstances": done, "nrOfActiveInstances": active,
            "numberOfInstances": total, "numberOfCompletedInstances": done, "numberOfActiveInstances": active,
            "numberOfTerminatedInstances": 0,
        }  # fmt: skip

    def loops_again(self, run: Run, token: Token, repeat: Repeat, done: int = 0) -> bool:
        """True if a standard loop goes round once more."""
        if repeat.maximum is not None and done >= repeat.maximum:
            return False
        return repeat.condition is None or run.holds(repeat.condition, token, {"loopCounter": done})


class UserTask(Activity):
    """Waits for a person."""

    def work(self, run: Run, token: Token) -> bool | None:
        run.open_task(token)
        return None


class ScriptTask(Activity):
    """Evaluates its FEEL expression; a result without a name is spread if it is a context."""

    def work(self, run: Run, token: Token) -> bool | None:
        script = self.node.script
        if script is None:
            return call_connector(self, run, token) if self.node.topic else True
        result = run.evaluate(script, token)
        if self.node.result and not self.node.outputs:
            aware = self.node.result in expressions.names_read(script.text)
            run.write(token, self.node.result, result, aware=aware)
        else:
            self.keep(run, token, result)
        return True


class ServiceTask(Activity):
    """Runs a connector, inline or as a job."""

    def work(self, run: Run, token: Token) -> bool | None:
        return call_connector(self, run, token)


class BusinessRuleTask(Activity):
    """Evaluates a decision."""

    def work(self, run: Run, token: Token) -> bool | None:
        if self.node.decision is None:
            return call_connector(self, run, token)
        reference = named(self, run, token, self.node.decision)
        self.keep(run, token, run.services.decide(reference, self.inputs(run, token)))
        return True


class SendTask(Activity):
    """Throws its message, or runs its connector."""

    def work(self, run: Run, token: Token) -> bool | None:
        if self.node.event is None:
            return call_connector(self, run, token)
        throw_out(run, token)
        return True


class ReceiveTask(Activity):
    """Waits for its message."""

    def work(self, run: Run, token: Token) -> bool | None:
        if self.node.event is None:
            return True
        run.await_event(token, self.node.event)
        return None


class CallActivity(Activity):
    """Waits for a child instance, which the engine above starts."""

    def work(self, run: Run, token: Token) -> bool | None:
        node = self.node
        everything = node.pass_all_in or not (node.inputs or node.outputs or node.pass_all_out)
        variables = run.visible(token) if everything else {}
        if node.inputs:
            variables.update(self.inputs(run, token))
        assert node.called is not None
        run.open_call(token, named(self, run, token, node.called), variables)
        return None

    def keep(self, run: Run, token: Token, result: object) -> None:
        node = self.node
        fields = result if isinstance(result, Mapping) else {}
        if node.pass_all_out or not (node.inputs or node.outputs or node.pass_all_in):
            run.write_all(token, fields)
        if node.outputs:
            # Sources are read in the child's variables only; what it has not got is null.
            for item in node.outputs:
                names = expressions.names_read(item.source.text) if item.source is not None and item.source.feel else ()
                extra = {name: fields.get(name) for name in names}
                run.write(token, item.target, run.evaluate(item.source, token, extra))


class SubProcess(Activity):
    """Runs what is drawn inside in a scope of its own."""

    def work(self, run: Run, token: Token) -> bool | None:
        token._set_state(TaskState.STARTED)
        scope = run.open_scope(token.id, token.scope_id, self.name, token.loop)
        run.begin_container(scope, token.forks)
        return None


def call_connector(element: Activity, run: Run, token: Token) -> bool | None:
    """The connector has run inline, or its job is reported."""
    inputs = element.inputs(run, token) if element.node.inputs else {}
    result = run.services.run_inline(element.node.topic, inputs, element.name)
    if isinstance(result, Pending):
        run.open_job(token, element.node.topic, inputs)
        return None
    element.keep(run, token, result)
    return True


def named(element: Activity, run: Run, token: Token, text: Text) -> str:
    """The key a literal or expression names. Raises CalledProcessUnknown."""
    value = run.evaluate(text, token)
    if not isinstance(value, str) or not value:
        raise CalledProcessUnknown(element=element.name, expression=text.text)
    return value


def _short(value: object) -> str:
    return repr(value)[:200]


def _throw(spec: Spec, node: Node) -> Element:
    if node.event is not None and node.event.kind == "link":
        link = ThrowLink(spec, node)
        for other in spec.process.nodes.values():
            event = other.event
            catches = other.type == "intermediateCatchEvent" and other.container == node.container
            if catches and event is not None and event.kind == "link" and event.name == node.event.name:
                link.target = other
        return link
    return Throw(spec, node)


_CLASSES: Mapping[str, Any] = {
    "task": Activity,
    "manualTask": Activity,
    "userTask": UserTask,
    "scriptTask": ScriptTask,
    "serviceTask": ServiceTask,
    "businessRuleTask": BusinessRuleTask,
    "sendTask": SendTask,
    "receiveTask": ReceiveTask,
    "callActivity": CallActivity,
    "subProcess": SubProcess,
    "exclusiveGateway": ExclusiveGateway,
    "parallelGateway": ParallelGateway,
    "inclusiveGateway": InclusiveGateway,
    "eventBasedGateway": EventBasedGateway,
    "startEvent": StartEvent,
    "endEvent": Throw,
    "intermediateCatchEvent": Catch,
    "intermediateThrowEvent": _throw,
    "boundaryEvent": BoundaryEvent,
}
