"""Compensation: what has completed is remembered in its scope and undone in reverse order when somebody asks.

A record says which activity completed, in which repetition, with which variables, and what completed inside it. It is
used up by being compensated. Source: BPMN 2.0.2, 10.7 and 13.5.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.util.task import TaskState

from lastmeter.workflow.spiff.catching import Catching
from lastmeter.workflow.spiff.tokens import FLOW, HANDLER, ROOT, Scope, Token

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.elements import Element

Record = dict[str, Any]


class Compensating(Catching):
    """The part of a running instance that knows how to undo."""

    def remember(self, token: Token) -> None:
        """The activity has completed; if anything could undo it, its scope knows."""
        element: Element = token.task_spec
        if not self.spec.compensable(element.name):
            return
        inside = self.scopes.get(token.id)
        whole = self.spec.handler(element.name) is not None or self.spec.undoing_start(element.name) is not None
        if not whole and (inside is None or not inside.done):
            # Only what completed inside could be undone, and nothing did.
            return
        record: Record = {"at": element.name, "loop": token.loop, "variables": {}, "given": [], "done": []}
        if inside is not None:
            record.update(variables=dict(inside.variables), given=sorted(inside.given), done=inside.done)
        self.scopes[token.scope_id].done.append(record)

    def completed_in(self, token: Token, activity: str) -> list[Record]:
        """The records that a throw at the token undoes, last one last; they are taken out of their scopes.

        They are those of the throw's own scope and, in an event sub-process, of the scope around it.
        """
        scope = self.scopes[token.scope_id]
        scopes = [scope]
        if scope.id != ROOT and self.tasks[scope.id].task_spec.node.triggered_by_event:
            scopes.insert(0, self.scopes[self.tasks[scope.id].scope_id])
        taken: list[Record] = []
        for each in scopes:
            wanted = [record for record in each.done if activity in ("", record["at"])]
            each.done = [record for record in each.done if record not in wanted]
            taken.extend({**record, "scope": each.id} for record in wanted)
        return taken

    def completed_within(self, scope_id: str) -> list[Record]:
        """What has completed in sub-processes that still run in the scope, as records of these: parts of a whole that
        has not completed, so that only the parts are undone."""
        found: list[Record] = []
        for token in self.scopes[scope_id].tokens.values():
            inside = self.scopes.get(token.id)
            if inside is None or not inside.container or token.role == HANDLER:
                continue
            done = [*inside.done, *self.completed_within(inside.id)]
            if done:
                variables, given = dict(inside.variables), sorted(inside.given)
                record: Record = {"at": token.task_spec.name, "loop": token.loop, "variables": variables}
                found.append({**record, "given": given, "done": done, "scope": scope_id, "part": True})
        return found

    def compensate(self, driver: Token, records: list[Record]) -> None:
        """The driver undoes the records, the last one first, each when the one before is undone."""
        driver.memo["undo"] = records
        self.undo_next(driver)

    def undo_next(self, driver: Token) -> None:
        """The next handler begins; after the last one the driver is told."""
        records: list[Record] = driver.memo["undo"]
        while records:
            record = records.pop()
            if record["scope"] in self.scopes:
                self._undo(driver, record, self.scopes[record["scope"]])
                return
        del driver.memo["undo"]
        driver.task_spec.compensated(self, driver)

    def take_boundary(
        self, element: Element, host: Token, payload: Mapping[str, object], armed: Token | None = None
    ) -> None:
        """The boundary event fires; a handler that it interrupts is over, and the next one follows."""
        interrupted = host.role == HANDLER and element.node.interrupting
        driver = self.tasks.get(host.owner) if interrupted else None
        super().take_boundary(element, host, payload, armed)
        if driver is not None:
            self.undo_next(driver)

    def _undo(self, driver: Token, record: Record, scope: Scope) -> None:
        name = record["at"]
        boundary = None if record.get("part") else self.spec.handler(name)
        element = self.spec.element(name if boundary is None else boundary.node.handler)
        if boundary is not None:
            self._note_boundary(boundary, scope, record)
        token = Token(self, element, scope.id, HANDLER)
        token.owner, token.loop = driver.id, record["loop"]
        self.admit(token)
        if boundary is None:
            self._undo_inside(token, record)
            return
        if record["given"]:
            local = self.open_scope(token.id, scope.id, "", token.loop)
            local.variables.update({name: record["variables"][name] for name in record["given"]})
            local.given.update(record["given"])
        self.queue.append(token)

    def _undo_inside(self, token: Token, record: Record) -> None:
        """A sub-process without a handler on its border: its own event sub-process undoes it, else what it did is
        undone piece by piece, each with the variables as they were when it completed."""
        token._set_state(TaskState.STARTED)
        scope = self.open_scope(token.id, token.scope_id, token.task_spec.name, token.loop)
        scope.variables.update(record["variables"])
        scope.given.update(record["given"])
        scope.done = record["done"]
        start = None if record.get("part") else self.spec.undoing_start(token.task_spec.name)
        if start is not None:
            self.begin_event_sub_process(start, scope.id, {})
            return
        inner, scope.done = [{**each, "scope": scope.id} for each in scope.done], []
        self.compensate(token, inner)

    def _note_boundary(self, boundary: Element, scope: Scope, record: Record) -> None:
        token = Token(self, boundary, scope.id, FLOW)
        token.loop = record["loop"]
        self.admit(token)
        self.note(token, "entered")
        self.note(token, "completed")
        self.discard(token)
