"""Activities: boundary events, repetition and local variables around what each kind of task does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from SpiffWorkflow.util.task import TaskState

from lastmeter.workflow.spiff import expressions
from lastmeter.workflow.spiff.elements import Element, throw_from, throw_out
from lastmeter.workflow.spiff.faults import CalledProcessUnknown, NotACollection
from lastmeter.workflow.spiff.model import AdHoc, Behaviour, Repeat, Text
from lastmeter.workflow.spiff.report import Pending
from lastmeter.workflow.spiff.run import Run
from lastmeter.workflow.spiff.tokens import BOUNDARY, CHILD, FLOW, Token

MAX_REPETITIONS = 100_000


class Activity(Element):
    """A task, sub-process or call activity: boundary events, repetition and local variables around its `work`."""

    def _run_hook(self, my_task: Token) -> bool | None:
        run: Run = my_task.workflow
        if self.gathers(my_task) and not self.enough(run, my_task):
            return None
        if my_task.role != CHILD and run.lacks(my_task):
            my_task.memo["lacks"] = True
            run.lacking[my_task.id] = my_task
            return None
        run.note(my_task, "entered")
        if my_task.role != CHILD:
            for boundary in run.spec.boundaries(self.name):
                event = boundary.node.event
                if event is not None and event.awaited:
                    run.arm(boundary, my_task.scope_id, BOUNDARY, my_task, event)
            if self.node.repeat is not None:
                return self.repeat(run, my_task, self.node.repeat)
        self.give_inputs(run, my_task)
        return self.work(run, my_task)

    def work(self, run: Run, token: Token) -> bool | None:
        """True when done at once, None when it waits."""
        self.conclude(run, token, None)
        return True

    def gathers(self, token: Token) -> bool:
        """Source: BPMN 2.0.2, table 10.3: an activity may need several tokens to begin."""
        return self.node.start_quantity > 1 and token.role == FLOW and bool(token.via)

    def enough(self, run: Run, token: Token) -> bool:
        """True if the token is the last one needed; it then stands for all of them. Raises BranchesDisagree."""
        waiting = run.arrive(token)
        others = [other for line in waiting.values() for other in line if other is not token]
        needed = self.node.start_quantity - 1
        if len(others) < needed:
            return False
        run.merge(token, [*others[:needed], token])
        token.via = ""
        return True

    def choose(self, run: Run, token: Token) -> list[str]:
        """Its way out, as often as it leaves by it. Raises NoFlowTaken."""
        return super().choose(run, token) * self.node.completion_quantity

    def give_inputs(self, run: Run, token: Token) -> None:
        """The mapped inputs are local variables of the activity."""
        if self.node.inputs or self.node.declared:
            fields = run.assigned(self.node.inputs, token)
            scope = run.open_scope(token.id, token.scope_id, "", token.loop)
            run.declare(scope, self.name)
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
            named = expressions.names_read(repeat.collection.text)
            given = run.assigned((item for item in self.node.inputs if item.target in named), body)
            found = run.evaluate(repeat.collection, body, given)
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
        if repeat.kind == "parallel" and not repeat.output_collection:
            scope = run.scopes[child.id]
            own = scope.given.union(self.node.declared)
            changed = {name: value for name, value in scope.variables.items() if name not in own}
            for name, value in changed.items():
                run.write(body, name, value, aware=True)
        again = repeat.kind == "loop" and not ended and self.loops_again(run, child, repeat, done)
        thrown = [each.event for each in repeat.behaviours if self.throws(run, child, each, done, counters)]
        memo["done"] = done
        run.note(child, "completed")
        run.remember(child)
        run.discard(child)
        for event in thrown:
            if not throw_from(run, body, event):
                return
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

    def throws(self, run: Run, child: Token, behaviour: Behaviour, done: int, counters: Mapping[str, object]) -> bool:
        """True if the multi-instance activity throws the event now that this repetition is over."""
        if behaviour.once and done > 1:
            return False
        return behaviour.condition is None or run.holds(behaviour.condition, child, counters)

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
            return call_connector(self, run, token) if self.node.topic else super().work(run, token)
        self.keep(run, token, run.evaluate(script, token))
        return True

    def hand_on(self, run: Run, token: Token, result: object) -> None:
        script = self.node.script
        if self.node.result and not self.node.outputs and script is not None:
            aware = self.node.result in expressions.names_read(script.text)
            run.write(token, self.node.result, result, aware=aware)
        else:
            super().hand_on(run, token, result)


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
        self.keep(run, token, run.services.decide(reference, self.inputs(run, token), self.name))
        return True


class SendTask(Activity):
    """Throws its message, or runs its connector."""

    def work(self, run: Run, token: Token) -> bool | None:
        if self.node.event is None:
            return call_connector(self, run, token)
        throw_out(run, token, self.node.event)
        return super().work(run, token)


class ReceiveTask(Activity):
    """Waits for its message."""

    def work(self, run: Run, token: Token) -> bool | None:
        if self.node.event is None or token.memo.get("begun"):
            return super().work(run, token)
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

    def hand_on(self, run: Run, token: Token, result: object) -> None:
        node = self.node
        fields = result if isinstance(result, Mapping) else {}
        if node.pass_all_out or not (node.inputs or node.outputs or node.pass_all_in):
            run.write_all(token, fields)
        if node.outputs:
            # Sources are read in the child's variables only; what it has not got is null.
            for item in node.outputs:
                text = item.source.text if item.source is not None and item.source.feel else "null"
                extra = {name: fields.get(name) for name in expressions.names_read(text)}
                # A variable may be called like a function: `sum`.
                extra.update((name, fields[name]) for name in expressions.names_perhaps_read(text) if name in fields)
                run.write(token, item.target, run.evaluate(item.source, token, extra))


class SubProcess(Activity):
    """Runs what is drawn inside in a scope of its own."""

    def work(self, run: Run, token: Token) -> bool | None:
        token._set_state(TaskState.STARTED)
        scope = run.open_scope(token.id, token.scope_id, self.name, token.loop)
        run.begin_container(scope, token.forks)
        return None

    def compensated(self, run: Run, token: Token) -> None:
        """What completed inside is undone, and so is the sub-process."""
        token.complete()


class AdHocSubProcess(SubProcess):
    """Activities without a fixed order: what nothing leads to may begin, again and again, until the condition holds.

    What a person does is offered at once, and once more whenever it is done; what runs by itself begins once a round.
    In sequence that runs first, one after the other, then people are offered the rest; who has begun excludes the
    others (see `turns`). Without a condition everything is done once.
    Source: BPMN 2.0.2, 10.3.5 and 13.3.5.
    """

    def work(self, run: Run, token: Token) -> bool | None:
        token._set_state(TaskState.STARTED)
        scope = run.open_scope(token.id, token.scope_id, self.name, token.loop)
        run.listen(scope)
        if not self.begin_round(run, token):
            return True
        return None

    def begin_round(self, run: Run, token: Token) -> bool:
        """True if anything began. Raises NotACollection."""
        names = self.active(run, token)
        by_person = [name for name in names if _by_person(run, name)] if self.ad_hoc.sequential else names
        token.memo.update(left=[name for name in names if name not in by_person], offer=by_person)
        return self.begin_next(run, token)

    def begin_next(self, run: Run, token: Token) -> bool:
        """True if the next one of a sequence began, or what is offered together."""
        left, offer = token.memo.get("left"), token.memo.pop("offer", [])
        names = offer
        if left:
            token.memo["offer"] = offer
            names = [left.pop(0)]
        for name in names:
            run.spawn(run.spec.element(name), token.id, token.forks)
        return bool(names)

    def active(self, run: Run, token: Token) -> list[str]:
        """What begins: all that nothing leads to, or what the expression names. Raises NotACollection."""
        possible = [element.name for element in run.spec.starts(self.name)]
        if self.ad_hoc.active is None:
            return possible
        found = run.evaluate(self.ad_hoc.active, token)
        if not isinstance(found, list) or any(name not in possible for name in found):
            raise NotACollection(element=self.name, expression=self.ad_hoc.active.text, value=_short(found))
        return found

    @property
    def ad_hoc(self) -> AdHoc:
        assert self.node.ad_hoc is not None
        return self.node.ad_hoc

    def inner_left(self, run: Run, token: Token, left: Element) -> None:
        """An element inside is done and has left: the condition is asked, and what follows begins."""
        if not isinstance(left, Activity) or token.memo.get("closing"):
            return
        if self.is_done(run, token):
            self.interrupted(token)
            if self.ad_hoc.cancels_rest:
                run.cancel_scope(token.id)
                run.idle.append(token.id)
            return
        if self.ad_hoc.completion is not None and _by_person(run, left.name) and left.name in self.active(run, token):
            run.spawn(left, token.id, token.forks)

    def interrupted(self, token: Token) -> None:
        """Nothing begins anew."""
        token.memo.update(closing=True, left=[], offer=[])

    def is_done(self, run: Run, token: Token) -> bool:
        completion = self.ad_hoc.completion
        return completion is not None and run.holds(completion, token)

    def goes_on(self, run: Run, token: Token) -> bool:
        """True if something begins anew, now that nothing runs inside."""
        if token.memo.get("closing"):
            return False
        if self.begin_next(run, token):
            return True
        # A chain may end in an event or gateway; the condition is asked once more before anything is repeated.
        if self.ad_hoc.completion is None or self.is_done(run, token):
            return False
        return self.begin_round(run, token)


def _by_person(run: Run, name: str) -> bool:
    return isinstance(run.spec.element(name), UserTask)


def call_connector(element: Activity, run: Run, token: Token) -> bool | None:
    """The connector has run inline, or its job is reported."""
    inputs = element.inputs(run, token) if element.node.inputs else {}
    result = run.services.run_inline(element.node.topic, inputs, element.name)
    if isinstance(result, Pending):
        run.open_job(token, element.node.topic, inputs)
        return None
    element.conclude(run, token, result)
    return True


def named(element: Activity, run: Run, token: Token, text: Text) -> str:
    """The key a literal or expression names. Raises CalledProcessUnknown."""
    value = run.evaluate(text, token)
    if not isinstance(value, str) or not value:
        raise CalledProcessUnknown(element=element.name, expression=text.text)
    return value


def _short(value: object) -> str:
    return repr(value)[:200]
