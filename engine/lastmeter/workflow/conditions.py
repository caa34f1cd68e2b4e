"""Conditions that start a process: asked whenever a data store that they read has been written.

Source: BPMN 2.0.2, table 10.84: the condition has to become false and then true before it starts another instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lastmeter import outbox
from lastmeter.db import table_of
from lastmeter.deadlines import deadline_functions
from lastmeter.definitions import publishing
from lastmeter.definitions.models import DefinitionStart
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.workflow.models import DataStoreEntry, StartCondition
from lastmeter.workflow.spiff import expressions
from lastmeter.workflow.spiff.faults import NotBoolean
from lastmeter.workflow.stores import Place, Shelves

_ROWS = table_of(DataStoreEntry)


def asked(session: Session, written: Iterable[Place], key: str) -> Iterator[dict[str, Any]]:
    """A job for each condition that reads what was written, by organisation where its stores are a party's.

    `key` is of the step that wrote: two steps are two jobs, or the second could come while the first is being asked.
    """
    places = {(place.store, place.organisation_id) for place in written}
    if not places:
        return
    starts = session.scalars(select(DefinitionStart).where(DefinitionStart.kind == "condition"))
    for start in starts.all():
        read = _info(publishing.load(session, start.definition_id), start.element_id)["stores"]
        for organisation_id in sorted({at for store, at in places for name, party in read
                                       if name == store and bool(party) == bool(at)}):  # fmt: skip
            body = {"definition": start.definition_id, "element": start.element_id, "organisation": organisation_id}
            name = f"cond-{start.definition_key}-{start.element_id}-{organisation_id}-{key}"
            yield outbox.wanted("condition", name, payload=body)


def _info(loaded: LoadedDefinition, element_id: str) -> Any:
    return next(start for start in loaded.starts if start["element_id"] == element_id)


def becomes_true(session: Session, loaded: LoadedDefinition, element_id: str, organisation_id: int) -> bool:
    """True if the condition holds now and did not before. Its row stays locked, so that two never see it become true.

    Raises NotBoolean, and what evaluating raises.
    """
    place = {"definition_key": loaded.key, "element_id": element_id, "organisation_id": organisation_id}
    session.execute(insert(table_of(StartCondition)).values(**place, holds=False).on_conflict_do_nothing())
    row = session.get_one(StartCondition, tuple(place.values()), with_for_update=True, populate_existing=True)
    before, row.holds = row.holds, _holds(session, loaded, element_id, organisation_id)
    return row.holds and not before


def _holds(session: Session, loaded: LoadedDefinition, element_id: str, organisation_id: int) -> bool:
    node = loaded.spec.process.nodes[element_id]
    shelves = Shelves(session, loaded, lambda _party: organisation_id)
    known = {
        item.target: shelves.read(item.store, item.store.key.text if item.store.key else "", element_id, to_write=False)
        for item in node.inputs
    }
    text = node.event.text.text
    value = expressions.compiled(text).evaluate(known, functions=deadline_functions(session, []))
    if value is not None and not isinstance(value, bool):
        raise NotBoolean(element=element_id, expression=text, value=str(value))
    return bool(value)


def organisations(session: Session, loaded: LoadedDefinition, element_id: str) -> list[int]:
    """Whose data stores the condition may be asked of: 0 for stores of all, else those that have an entry."""
    stores = _info(loaded, element_id)["stores"]
    if not any(party for _, party in stores):
        return [0]
    query = select(_ROWS.c.organisation_id).where(_ROWS.c.store.in_([name for name, _ in stores])).distinct()
    return sorted(each for each in session.scalars(query) if each is not None)


def party_of(loaded: LoadedDefinition, element_id: str) -> str:
    """The part that the organisation plays in the instance; empty for stores of all."""
    return next((party for _, party in _info(loaded, element_id)["stores"] if party), "")
