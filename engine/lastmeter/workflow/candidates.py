"""Who gets a task and until when: read from the element's attributes, its lane, and the instance's parties."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lastmeter import clock
from lastmeter.definitions.publishing import Element, LoadedDefinition
from lastmeter.identity.roles import ROLES
from lastmeter.workflow.refusals import PartyUnknown
from lastmeter.workflow.spiff import timers

Evaluate = Callable[[str], object]


@dataclass(frozen=True)
class Seat:
    """A role at an organisation (None: wherever it is held), or one person."""

    role: str | None = None
    organisation_id: int | None = None
    person_id: int | None = None


@dataclass(frozen=True)
class Due:
    on: dt.date | None = None  # a whole legal day
    at: dt.datetime | None = None


def attribute(ext: Mapping[str, Any], name: str) -> str:
    """The attribute in whichever dialect it was written, else an empty text."""
    for prefix in ("lm", "camunda", "activiti", "flowable"):
        value = ext.get(f"{prefix}:{name}")
        if isinstance(value, str) and value.strip():
            return value.strip()
    tag, inner = _ZEEBE.get(name, ("", ""))
    for part in ext.get(tag, ()):
        if part.get(inner):
            return str(part[inner]).strip()
    return ""


_ZEEBE = {
    "assignee": ("zeebe:assignmentDefinition", "assignee"),
    "candidateGroups": ("zeebe:assignmentDefinition", "candidateGroups"),
    "dueDate": ("zeebe:taskSchedule", "dueDate"),
    "followUpDate": ("zeebe:taskSchedule", "followUpDate"),
    "priority": ("zeebe:priorityDefinition", "priority"),
}


def value(raw: str, evaluate: Evaluate) -> object:
    """A literal, or what the FEEL after `=` evaluates to."""
    return evaluate(raw[1:]) if raw.startswith("=") else raw


def form_key(ext: Mapping[str, Any]) -> str | None:
    """The form that the element names, without the prefixes that modellers write."""
    named = attribute(ext, "formKey") or attribute(ext, "formRef")
    for part in ext.get("zeebe:formDefinition", ()):
        named = named or str(part.get("formId") or part.get("formKey") or part.get("externalReference") or "")
    return named.rpartition(":")[2].rpartition("/")[2].removesuffix(".json") or None


def seat_of(
    loaded: LoadedDefinition,
    element: Element,
    party_of: Callable[[str], int | None],
    starter_id: int | None,
    evaluate: Evaluate,
    person_of: Callable[[str], int | None],
) -> Seat:
    """Who gets the element's task. Raises PartyUnknown.

    `person_of` finds the person behind a literal assignee (a login name), `party_of` the organisation of a party.
    """
    person = _person(value(attribute(element.ext, "assignee") or _performer(element), evaluate), person_of)
    lane = loaded.lanes.get(element.lane_id, {})
    groups = _groups(value(attribute(element.ext, "candidateGroups"), evaluate), element, evaluate)
    role = _role(groups) or lane.get("role") or _role([element.lane_id, element.lane_name])
    if person is not None:
        return Seat(role=role, person_id=person)
    if role is None:
        return Seat(person_id=starter_id)
    asked = attribute(element.ext, "organisation")
    if asked:
        place = value(asked, evaluate)
        if not _is_id(place):
            raise PartyUnknown(party=asked, element_id=element.id)
        return Seat(role=role, organisation_id=int(str(place)))
    party = lane.get("party")
    if not party:
        return Seat(role=role)
    organisation_id = party_of(party)
    if organisation_id is None:
        raise PartyUnknown(party=party, element_id=element.id)
    return Seat(role=role, organisation_id=organisation_id)


def _is_id(given: object) -> bool:
    return str(given).isascii() and str(given).isdigit()


def _person(given: object, person_of: Callable[[str], int | None]) -> int | None:
    if given is None or given == "":
        return None
    return int(str(given)) if _is_id(given) else person_of(str(given))


def _performer(element: Element) -> str:
    """The one person the standard's humanPerformer names; a role named there is no person."""
    return next((str(who) for who in element.ext.get("bpmn:humanPerformer", ()) if who not in ROLES), "")


def _groups(given: object, element: Element, evaluate: Evaluate) -> Sequence[str]:
    owners = (*element.ext.get("bpmn:potentialOwner", ()), *element.ext.get("bpmn:humanPerformer", ()))
    return [*_listed(given), *(group for owner in owners for group in _listed(value(str(owner), evaluate)))]


def _listed(given: object) -> Sequence[str]:
    if isinstance(given, list | tuple):
        return [str(group) for group in given]
    return [group.strip() for group in str(given or "").split(",")]


def _role(names: Sequence[str]) -> str | None:
    return next((name for name in names if name in ROLES), None)


def due_of(element: Element, evaluate: Evaluate, now: dt.datetime) -> Due:
    """When the element's task is due; a date means that whole day. Raises TimerNotUnderstood."""
    raw = attribute(element.ext, "dueDate")
    given = value(raw, evaluate) if raw else None
    if given is None:
        return Due()
    if isinstance(given, str) and len(given) == 10:
        given = dt.date.fromisoformat(given)
    if isinstance(given, dt.date) and not isinstance(given, dt.datetime):
        return Due(on=given, at=clock.end_of(given))
    return Due(at=timers.due("timeDate", given, now).at)


def counts_deadline(element: Element) -> bool:
    """True if the due date comes from the register of deadlines."""
    return "deadline(" in attribute(element.ext, "dueDate")


def priority_of(element: Element, evaluate: Evaluate) -> int:
    """0 to 100; 50 where none is given or it is no number."""
    given = value(attribute(element.ext, "priority") or "50", evaluate)
    try:
        return max(0, min(100, int(str(given))))
    except ValueError:
        return 50


def is_final(element: Element) -> bool:
    """True if what the step records has happened in the world (published, sent, signed): it is not taken back."""
    return attribute(element.ext, "final") == "true"


def separated_from(element: Element) -> list[str]:
    """The elements whose doer may not do this one."""
    return attribute(element.ext, "separateFrom").replace(",", " ").split()
