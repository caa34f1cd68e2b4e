"""What tables decided in an instance, and why: kept as it was told then, sealed where it tells of a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import keys
from lastmeter.actor import Actor
from lastmeter.decisions import Model, Outcome
from lastmeter.decisions.explaining import explained
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.workflow import hooks, submissions
from lastmeter.workflow.models import DecisionRecord, Instance


@dataclass(frozen=True)
class Decided:
    """One answer of a table within a step, not yet written."""

    element_id: str
    told: Mapping[str, Any]
    inputs: frozenset[str]


@dataclass(frozen=True)
class Why:
    """One answer as somebody may read it: at which element, when, under which version, and what is told of it."""

    element_id: str
    at: dt.datetime
    version_id: int
    told: Mapping[str, Any]  # see `decisions.explaining.explained`


def answered(
    element_id: str, model: Model, decision: str, inputs: Mapping[str, object], outcome: Outcome
) -> Decided | None:
    """The answer as it will be kept; None where no table had a say, as with a bare expression."""
    if not outcome.trace:
        return None
    asked = next(each.inputs for each in model.decisions if decision in (each.id, each.name))
    return Decided(element_id, explained(model, decision, inputs, outcome), frozenset(asked))


def store(
    session: Session, instance: Instance, loaded: LoadedDefinition, answers: list[Decided], at: dt.datetime
) -> None:
    """The answers stand with the step. What tells of a case is sealed like the case itself."""
    for answer in answers:
        row = DecisionRecord(instance_id=instance.id, element_id=answer.element_id, definition_id=loaded.id, at=at)
        if loaded.classification in submissions.SECRET or answer.inputs & submissions.secret_names(loaded):
            row.sealed, row.key_class = submissions.seal(session, instance.id, "case", answer.told)
        else:
            row.data = dict(answer.told)
        session.add(row)


def why(session: Session, actor: Actor, instance: Instance) -> list[Why]:
    """What tables decided in the instance, oldest first; of a case only to who may read cases.

    The caller has made sure that the actor may see the instance's content.
    """
    rows = session.scalars(
        select(DecisionRecord).where(DecisionRecord.instance_id == instance.id).order_by(DecisionRecord.id)
    ).all()
    return [
        Why(row.element_id, row.at, row.definition_id, _opened(session, actor, row))
        for row in rows
        if row.sealed is None or actor.may("case.read")
    ]


def _opened(session: Session, actor: Actor, row: DecisionRecord) -> Mapping[str, Any]:
    if row.data is not None:
        return row.data
    assert row.sealed is not None
    assert row.key_class is not None
    hooks.on_case_access(session, actor.person_id, row.instance_id, row.element_id)
    told: dict[str, Any] = orjson.loads(keys.decrypt(session, row.key_class, row.sealed))
    return told
