"""Whose turn it is in a sequential ad-hoc sub-process: of its activities one is performed at a time.

People choose the order, so all that they may begin is offered at once; what has begun excludes the others until it is
over. Source: BPMN 2.0.2, table 10.22 (ordering) and 13.3.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lastmeter.workflow.spiff.activities import Activity
from lastmeter.workflow.spiff.tokens import CHILD, FLOW, ROOT, Token

if TYPE_CHECKING:
    from lastmeter.workflow.spiff.run import Run


@dataclass(frozen=True, slots=True)
class Rival:
    """An activity beside a task. It is under way; or it is once a person begins one of the tasks, by their uids."""

    element_id: str
    under_way: bool
    task_uids: tuple[str, ...] = ()


def rivals(run: Run, token: Token) -> Iterator[Rival]:
    """The other activities of every sequential ad-hoc sub-process that the task lies in."""
    branch = run.tasks[token.owner] if token.role == CHILD else token
    while branch.scope_id != ROOT and branch.role == FLOW:
        around = run.tasks[branch.scope_id]
        ad_hoc = around.task_spec.node.ad_hoc
        if ad_hoc is not None and ad_hoc.sequential and not branch.task_spec.node.triggered_by_event:
            for other in run.scopes[around.id].tokens.values():
                if other is not branch and other.role == FLOW and _counts(other) and other.id not in run.lacking:
                    yield _rival(run, other)
        branch = run.tasks[around.owner] if around.role == CHILD else around


def _counts(token: Token) -> bool:
    """True for activities: events and gateways are not performed, and an event sub-process answers an event."""
    return isinstance(token.task_spec, Activity) and not token.task_spec.node.triggered_by_event


def _rival(run: Run, token: Token) -> Rival:
    node = token.task_spec.node
    if node.repeat is None:
        offered = [token] if token.opened == "task" else []
    else:
        offered = [each for each in run.owned.get(token.id, {}).values() if each.role == CHILD]
        if token.memo.get("done") or any(each.opened != "task" for each in offered):
            offered = []
    return Rival(node.id, not offered, tuple(each.id for each in offered))
