"""How far an instance is: the picture and the equal ordered list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.definitions.svg import ordered_steps, progress_svg
from lastmeter.workflow import instances
from lastmeter.workflow.models import Instance
from lastmeter_web import i18n
from lastmeter_web.security import actor

_STATES = {"done": "done", "active": "active", "overdue": "overdue", "suspended": "hold", "incident": "overdue",
           "cancelled": "cancelled"}  # fmt: skip
_PASSED = frozenset({"startEvent", "endEvent", "exclusiveGateway", "parallelGateway", "inclusiveGateway"})


@dataclass(frozen=True)
class StepLine:
    """One step of the list beside the picture."""

    name: str
    state: str  # done active overdue hold cancelled later
    note: str


@dataclass(frozen=True)
class Picture:
    svg: Markup
    steps: list[StepLine]


def picture(session: Session, instance: Instance) -> Picture:
    """The instance's diagram and steps in the reader's language."""
    xml = instances.xml_of(session, instance)
    stands = instances.progress(session, instance.id, clock.now(), reader=actor())
    notes = {element: _note(found[-1]) for element, found in stands.notes.items() if found}
    states: Any = {element: _STATES.get(state, "active") for element, state in stands.states.items()}
    svg = progress_svg(xml, states, notes=notes, language=i18n.language())
    lines = [
        StepLine(
            step.name, _STATES.get(stands.states.get(step.element_id, ""), "later"), notes.get(step.element_id, "")
        )
        for step in ordered_steps(xml, language=i18n.language())
        if step.name and step.kind not in _PASSED
    ]
    # The renderer escapes every text of the file; nothing else enters.
    return Picture(Markup(svg), lines)


def _note(note: Mapping[str, Any]) -> str:
    who = note.get("person") or ""
    if note["event"] == "open":
        until = i18n.day(note.get("due_on") or note.get("due_at"))
        waits = who or i18n._("待认领")
        return f"{waits} · {i18n._('至 {day}', day=until)}" if until else waits
    if note["event"] == "timer":
        return i18n._("至 {day}", day=i18n.day(note.get("due_on") or note.get("due_at")))
    return " · ".join(filter(None, (who, i18n.day(note.get("at")))))
