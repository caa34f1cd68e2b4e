"""Data stores: what a process leaves for other instances, as entries of a table or as a view of the domain.

A step reads the table and its own writes; what it writes becomes rows when the step is recorded, all of them or none.
Whoever reads an entry in order to write it, and whoever writes it, holds its lock until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lastmeter import connectors
from lastmeter.actor import Actor
from lastmeter.db import table_of
from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.errors import Forbidden, InvalidInput
from lastmeter.workflow import submissions
from lastmeter.workflow.models import DataStoreEntry
from lastmeter.workflow.refusals import (
    PartyUnknown,
    StoreClassified,
    StoreFull,
    StoreReadOnly,
    StoreUnknown,
    StoreValueTooLarge,
)
from lastmeter.workflow.spiff import DataStore
from lastmeter.workflow.spiff import values as feel_values

MOST_OF_KEY = 120
MOST_OF_VALUE = 64_000  # bytes; documents belong into `documents`, submissions into their rows
MOST_IN_STEP = 1_000_000
_ROWS = table_of(DataStoreEntry)
_LOCKS = 12  # our part of the advisory locks; publishing has 11


@dataclass(frozen=True, order=True)
class Place:
    """Where an entry lies."""

    store: str
    organisation_id: int  # 0: one for all
    key: str

    @property
    def row(self) -> ColumnElement[bool]:
        return and_(_shelf(self.store, self.organisation_id), _ROWS.c.key == self.key)


@dataclass(frozen=True)
class Written:
    """What a step leaves at a place; `packed` is None where the entry is removed."""

    value: object
    packed: str | None
    element_id: str


@dataclass
class Shelves:
    """The data stores as one step of one instance sees them; `party` finds the organisation that plays a part."""

    session: Session
    loaded: LoadedDefinition
    party: Callable[[str], int | None]
    written: dict[Place, Written] = field(default_factory=dict)
    _locked: set[str] = field(default_factory=set)

    def read(self, store: DataStore, key: object, element_id: str, *, to_write: bool) -> object:
        """The entry's value, or null. Raises PartyUnknown, StoreUnknown, InvalidInput."""
        place = self._place(store, key, element_id)
        known = self.written.get(place)
        if known is not None:
            return known.value
        view = _view(store.name)
        if view is not None:
            seen = view.read(self.session, place.organisation_id or None, place.key)
            return feel_values.decode(feel_values.encode(seen, store.name))
        if to_write:
            self._lock(place)
        with self.session.no_autoflush:
            found = self.session.scalar(select(_ROWS.c.value).where(place.row))
        return None if found is None else feel_values.decode(orjson.loads(found))

    def write(self, store: DataStore, key: object, value: object, element_id: str) -> None:
        """The entry has the value once the step is recorded.

        Raises StoreReadOnly, StoreClassified, StoreFull, StoreValueTooLarge, and what `read` does.
        """
        place = self._place(store, key, element_id)
        if _view(store.name) is not None:
            raise StoreReadOnly(store=store.name)
        if knows_secrets(self.loaded):
            raise StoreClassified(store=store.name)
        packed = None if value is None else orjson.dumps(feel_values.encode(value, store.name)).decode()
        self._require_room(store, place, value, packed)
        self.written[place] = Written(value, packed, element_id)

    def record(self, instance_id: int, actor: Actor, now: Any) -> list[tuple[str, dict[str, object]]]:
        """The rows stand; comes back what the audit says of each, in order."""
        facts = []
        for place, written in sorted(self.written.items(), key=lambda item: item[0]):
            self._lock(place)
            if written.packed is None:
                self.session.execute(delete(_ROWS).where(place.row))
            else:
                _keep(self.session, place, written.packed, instance_id, actor, now)
            said: dict[str, object] = {"store": place.store, "key": place.key, "element": written.element_id}
            if place.organisation_id:
                said["organisation"] = place.organisation_id
            facts.append(("store.removed" if written.packed is None else "store.written", said))
        self.written.clear()
        return facts

    def _place(self, store: DataStore, key: object, element_id: str) -> Place:
        organisation_id = self.party(store.party) if store.party else 0
        if organisation_id is None:
            raise PartyUnknown(party=store.party, element_id=element_id)
        named = feel_values.as_text(key) or ""
        if len(named) > MOST_OF_KEY:
            raise InvalidInput(field="key", reason="too_long", most=MOST_OF_KEY)
        return Place(store.name, organisation_id, named)

    def _require_room(self, store: DataStore, place: Place, value: object, packed: str | None) -> None:
        size = len((packed or "").encode())
        others = sum(len((each.packed or "").encode()) for at, each in self.written.items() if at != place)
        if size > MOST_OF_VALUE or size + others > MOST_IN_STEP:
            most = MOST_OF_VALUE if size > MOST_OF_VALUE else MOST_IN_STEP
            raise StoreValueTooLarge(store=store.name, bytes=size, most=most)
        if store.capacity is None or value is None:
            return
        # In a store of one value that is a list, its items are what the store holds.
        listed = len(value) if isinstance(value, list) and not place.key else 1
        if listed + self._others(place) > store.capacity:
            raise StoreFull(store=store.name, capacity=store.capacity)

    def _others(self, place: Place) -> int:
        """How many other entries the store will hold; nobody adds one until the step is over."""
        self._lock(Place(place.store, place.organisation_id, ""), whole=True)
        mine = [at for at in self.written if (at.store, at.organisation_id) == (place.store, place.organisation_id)]
        shelf = _shelf(place.store, place.organisation_id)
        untouched = _ROWS.c.key.not_in({place.key, *(at.key for at in mine)})
        with self.session.no_autoflush:
            stored = self.session.scalar(select(func.count()).select_from(_ROWS).where(shelf, untouched)) or 0
        return stored + sum(1 for at in mine if at != place and self.written[at].packed is not None)

    def _lock(self, place: Place, *, whole: bool = False) -> None:
        """An advisory lock: an entry that is not there yet has no row to be locked."""
        name = orjson.dumps([place.store, place.organisation_id, None if whole else place.key]).decode()
        if name not in self._locked:
            self._locked.add(name)
            with self.session.no_autoflush:
                self.session.execute(
                    text("SELECT pg_advisory_xact_lock(hashtextextended(:name, :part))"), {"name": name, "part": _LOCKS}
                )


def knows_secrets(loaded: LoadedDefinition) -> bool:
    """True if anything classified is handed in there: a truth or choice of it may be a variable, and stays one."""
    return loaded.classification in submissions.SECRET or bool(submissions.secret_names(loaded))


def _shelf(store: str, organisation_id: int) -> ColumnElement[bool]:
    return and_(_ROWS.c.store == store, _ROWS.c.organisation_id.is_not_distinct_from(organisation_id or None))


def _view(name: str) -> connectors.View | None:
    """The view of that name; None for a table. Raises StoreUnknown."""
    if "." not in name:
        return None
    view = connectors.views().get(name)
    if view is None:
        raise StoreUnknown(store=name)
    return view


def _keep(session: Session, place: Place, packed: str, instance_id: int, actor: Actor, now: Any) -> None:
    said = {"value": packed, "instance_id": instance_id, "written_at": now, "written_by": actor.person_id}
    organisation_id = place.organisation_id or None
    statement = insert(_ROWS).values(
        store=place.store, organisation_id=organisation_id, key=place.key, version=1, **said
    )
    same_place = [_ROWS.c.store, _ROWS.c.organisation_id, _ROWS.c.key]
    session.execute(
        statement.on_conflict_do_update(index_elements=same_place, set_={**said, "version": _ROWS.c.version + 1})
    )


# --- what operators see --------------------------------------------------------------------------------------


def overview(session: Session, actor: Actor) -> list[Mapping[str, Any]]:
    """Every data store with how many entries and bytes it holds and when it was last written; never what or by which
    key. Raises Forbidden."""
    if not actor.may("operate.view"):
        raise Forbidden(permission="operate.view")
    query = (
        select(
            _ROWS.c.store, _ROWS.c.organisation_id, func.count().label("entries"),
            func.sum(func.octet_length(_ROWS.c.value)).label("bytes"), func.max(_ROWS.c.written_at).label("written_at"),
        )
        .group_by(_ROWS.c.store, _ROWS.c.organisation_id)
        .order_by(_ROWS.c.store, _ROWS.c.organisation_id)
    )  # fmt: skip
    return [dict(row) for row in session.execute(query).mappings()]
