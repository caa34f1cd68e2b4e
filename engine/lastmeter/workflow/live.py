"""Workflows kept alive in this process, so that the next step need not load them.

A workflow is in the cache only as it stands in the database: it is taken out to be changed, and put back under its new
version when the transaction has committed. Whatever ends otherwise drops it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

L = TypeVar("L")
_OPEN = "live workflows"


class LiveCache(Generic[L]):
    """The least recently used go first; `budget` is the sum of stored state sizes in bytes."""

    def __init__(self, *, entries: int = 256, budget: int = 2_000_000) -> None:
        self._entries, self._budget, self._held = entries, budget, 0
        self._lives: OrderedDict[int, tuple[int, L, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, instance_id: int, version: int) -> L | None:
        """The workflow at exactly that version, which nobody else gets now."""
        with self._lock:
            found = self._lives.pop(instance_id, None)
            if found is None:
                return None
            self._held -= found[2]
            return found[1] if found[0] == version else None

    def put(self, instance_id: int, version: int, live: L, size: int) -> None:
        with self._lock:
            known = self._lives.pop(instance_id, None)
            if known is not None:
                self._held -= known[2]
            self._lives[instance_id] = (version, live, size)
            self._held += size
            while self._lives and (len(self._lives) > self._entries or self._held > self._budget):
                self._held -= self._lives.popitem(last=False)[1][2]

    def clear(self) -> None:
        with self._lock:
            self._lives.clear()
            self._held = 0

    def __len__(self) -> int:
        return len(self._lives)


# Instance ids are unique within a database, and an engine is one database's.
_caches: WeakKeyDictionary[Engine, LiveCache[object]] = WeakKeyDictionary()
_guard = threading.Lock()


def cache_of(session: Session) -> LiveCache[object]:
    """This process's live workflows of the session's database."""
    with _guard:
        return _caches.setdefault(session.get_bind().engine, LiveCache())


def take(session: Session, instance_id: int, version: int) -> object | None:
    """The workflow as this transaction left it, else as the cache has it."""
    mine: tuple[int, object, int] | None = session.info.get(_OPEN, {}).pop(instance_id, None)
    if mine is not None and mine[0] == version:
        return mine[1]
    return cache_of(session).take(instance_id, version)


def keep(session: Session, instance_id: int, version: int, live: object, size: int) -> None:
    """The workflow as it will stand if this transaction commits."""
    session.info.setdefault(_OPEN, {})[instance_id] = (version, live, size)


@event.listens_for(Session, "after_commit")
def _put_back(session: Session) -> None:
    for instance_id, (version, live, size) in session.info.pop(_OPEN, {}).items():
        cache_of(session).put(instance_id, version, live, size)


@event.listens_for(Session, "after_soft_rollback")
def _drop(session: Session, _previous: object) -> None:
    session.info.pop(_OPEN, None)
