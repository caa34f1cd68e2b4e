"""One running instance, driven: the queue worked off, joins and conditions settled, refusals parked as incidents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from SpiffWorkflow.util.task import TaskState

from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff.compensating import Compensating
from lastmeter.workflow.spiff.faults import BranchesDisagree, DataMissing, Deadlock, StepBudgetExceeded
from lastmeter.workflow.spiff.tokens import ALIVE, CHILD, EVENT_START, FLOW, HANDLER, RACE, ROOT, Token

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.elements import Element


# A condition is asked faster than an element runs.
ASKED_IN_A_STEP = 8


class Run(Compensating):
    """The live instance."""

    def drain(self) -> None:
        """Everything automatic is done. Raises StepBudgetExceeded."""
        if self.begin is not None and not self.done:
            start, self.begin = self.begin, None
            name, _, part = start.partition("#")
            element = self.spec.element(name) if name else None
            self.begin_container(self.scopes[ROOT], (), element, int(part) if part else None)
        while True:
            if self.stirred:
                # A condition is asked whenever it may have become true, not only when everything has come to rest.
                self.stirred = False
                self.watch_conditions(self.watching.values())
            elif self.unasked:
                asked, self.unasked = self.unasked, []
                self.watch_conditions(asked)
            elif self.idle:
                self.close_scope(self.idle.popleft())
            elif self.queue:
                token = self.queue.popleft()
                if self.tasks.get(token.id) is token:
                    (self.signalling.append if token.task_spec.signals else self.step)(token)
            elif self.signalling:
                # Branches have no order among themselves: one that waits for the signal has begun to by now.
                token = self.signalling.popleft()
                if self.tasks.get(token.id) is token:
                    self.step(token)
            elif not (self.settle_joins() or self.watch_conditions(self.watching.values()) or self.supply()):
                break
        if self.spec.keyed:
            self.follow_keys()
        self.detect_starvation()
        self.detect_deadlock()

    def step(self, token: Token) -> None:
        """Run one token; a refusal on the way parks it as an incident and leaves the rest alone."""
        self.spend(1, token)
        self.guarded(token, token.run)

    def spend(self, steps: int, token: Token) -> None:
        """So much of what an advance may take. Raises StepBudgetExceeded."""
        self.steps += steps
        if self.steps > self.services.step_budget:
            raise StepBudgetExceeded(steps=self.steps, element=token.task_spec.name)

    def leave(self, token: Token) -> None:
        """The element is done: history, the way out, and the token itself is gone."""
        element: Element = token.task_spec
        if token.role == CHILD:
            # Should what is asked now fail, a retry asks again and does not repeat what has been done.
            token.memo["at"] = "leave"
            element.child_done(self, self.tasks[token.owner], token)
            return
        token.memo["at"] = "leave"
        flows = [] if token.role == HANDLER else element.choose(self, token)
        if token.noted:
            self.note(token, "completed")
        if token.role == HANDLER:
            self.discard(token)
            if (driver := self.tasks.get(token.owner)) is not None:
                self.undo_next(driver)
            return
        if element.node.repeat is None:
            self.remember(token)
        self.discard(token)
        self.follow(token, flows)
        around = self.tasks.get(token.scope_id)
        if around is not None and around.task_spec.node.ad_hoc is not None:
            self.ask(around, partial(around.task_spec.inner_left, self, around, element))

    def ask(self, around: Token, question: Callable[[], object]) -> bool:
        """What an ad-hoc sub-process answers; if it cannot, it waits as an incident with all that runs inside."""
        answers: list[object] = []
        around.memo["at"] = "inside"
        self.guarded(around, lambda: answers.append(question()))
        if answers:
            around.memo.pop("at", None)
        return not answers or bool(answers[0])

    def close_scope(self, scope_id: str) -> None:
        """If nothing runs in the scope any more, whatever it belongs to is done."""
        scope = self.scopes.get(scope_id)
        if scope is None or scope.alive or not scope.container:
            return
        around = self.tasks.get(scope_id)
        if (
            around is not None
            and around.task_spec.node.ad_hoc is not None
            and self.ask(around, partial(around.task_spec.goes_on, self, around))
        ):
            return
        self.cancel_scope(scope_id)
        if scope_id == ROOT:
            self.done = True
            return
        owner = self.tasks[scope_id]
        self.guarded(owner, lambda: owner.task_spec.finish(self, owner, None))

    # -- incidents -----------------------------------------------------------------------------------------------------

    def retry(self, token: Token) -> None:
        """The parked token is ready once more."""
        self.close_opened(token)
        token._set_state(TaskState.READY)
        match token.memo.get("at"):
            case "leave":
                self.guarded(token, token.complete)
            case "finish":
                self.guarded(token, lambda: token.task_spec.finish(self, token, token.memo.get("result")))
            case "inside":
                del token.memo["at"]
                token._set_state(TaskState.STARTED)
                self.idle.append(token.id)
            case "arm":
                del token.memo["at"]
                token._set_state(TaskState.WAITING)
                self.hear(token)
            case "watch":
                del token.memo["at"]
                token._set_state(TaskState.WAITING)
                self.watching[token.id] = token
            case _:
                self.queue.append(token)

    # -- joins and conditions ------------------------------------------------------------------------------------------

    def merge(self, token: Token, merged: list[Token]) -> None:
        """One token goes on for all of them. Raises BranchesDisagree before anything has changed."""
        common = set(merged[0].forks).intersection(*(set(other.forks) for other in merged[1:]))
        written: dict[str, object] = {}
        disputed: set[str] = set()
        for other in merged:
            own: dict[str, object] = {}
            for fork in other.forks:
                if fork not in common:
                    own.update(fork.writes)
            disputed.update(name for name, value in own.items() if name in written and written[name] != value)
            written.update(own)
        if disputed:
            raise BranchesDisagree(element=token.task_spec.name, names=sorted(disputed))
        token.forks = tuple(fork for fork in token.forks if fork in common)
        if token.forks:
            token.forks[-1].writes.update(written)
        for other in merged:
            self.leave_join(other)
            # It has passed the join: should it be unable to leave, it waits here for no other.
            other.via = ""
        for other in merged:
            if other is not token:
                self.discard(other)

    def settle_joins(self) -> bool:
        """True if an inclusive or complex gateway could go on, now that nothing moves."""
        for scope_id, name in [*self.joins, *(place for place in self.resets if place not in self.joins)]:
            waiting = self.joins.get((scope_id, name), {})
            here = [token for line in waiting.values() for token in line]
            if (marker := self.resets.get((scope_id, name))) is not None:
                here.append(marker)
            if any(token._state == TaskState.ERROR for token in here):
                continue
            element: Element = self.spec.element(name)
            if element.settle(self, scope_id, waiting):
                return True
        return False

    def watch_conditions(self, asked: Iterable[Token]) -> bool:
        """True if conditional events fired, because their conditions have become true."""
        waiting = list(asked)
        if waiting:
            self.spend(len(waiting) // ASKED_IN_A_STEP, waiting[0])
        fired = False
        for token in waiting:
            if self.watching.get(token.id) is not token:
                # One that fired before it has cancelled it.
                continue
            try:
                event = self.event_of(token)
                true = event is not None and event.text is not None and self.holds(event.text, token)
            except LastmeterError as fault:
                del self.watching[token.id]
                token.memo["at"] = "watch"
                self.park(token, fault.code, fault.facts)
                continue
            was, token.memo["was"] = token.memo.get("was", False), true
            if true and not was:
                if token.role in (FLOW, RACE) or token.task_spec.node.interrupting:
                    self.watching.pop(token.id, None)
                self.fire(token, {})
                fired = True
        return fired

    def supply(self) -> bool:
        """True if an activity begins, because its data inputs have come."""
        for token in list(self.lacking.values()):
            if not self.lacks(token):
                self.unhold(token)
                self.queue.append(token)
                return True
        return False

    def unhold(self, token: Token) -> None:
        """The activity waits for its data inputs no more."""
        del self.lacking[token.id], token.memo["lacks"]
        token._set_state(TaskState.READY)

    def detect_starvation(self) -> None:
        """Where all that is left waits for data, nothing in the instance can bring it: incidents, not silence."""
        if not self.lacking:
            return
        still = {token.id for lines in self.joins.values() for line in lines.values() for token in line}
        still.update(self.lacking)
        # Sub-processes and repetitions are as still as what runs in them.
        still.update(scope.id for scope in self.scopes.values() if scope.container)
        still.update(token.owner for token in self.tasks.values() if token.role == CHILD)
        if any(token.id not in still or token._state == TaskState.ERROR for token in self.tasks.values()):
            return
        for token in list(self.lacking.values()):
            missing = self.lacks(token)
            self.unhold(token)
            self.park(token, DataMissing.code, {"element": token.task_spec.name, "names": missing})

    def detect_deadlock(self) -> None:
        """A scope in which every token waits at a join can never end: that is an incident, not silence."""
        for (scope_id, _), waiting in list(self.joins.items()):
            scope = self.scopes[scope_id]
            alive = [token for token in scope.tokens.values() if token.role in ALIVE]
            at_joins = {
                token.id
                for (other, _), lines in self.joins.items()
                if other == scope_id
                for line in lines.values()
                for token in line
            }
            listening = any(token.role == EVENT_START for token in scope.tokens.values())
            if listening or any(token.id not in at_joins or token._state == TaskState.ERROR for token in alive):
                continue
            token = next(iter(waiting.values()))[0]
            self.park(token, Deadlock.code, {"element": token.task_spec.name})
