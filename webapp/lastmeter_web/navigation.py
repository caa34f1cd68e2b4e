"""The rail on the left: every feature says what it adds; nobody edits a common list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class NavEntry:
    endpoint: str
    zh: str
    en: str
    permission: str
    order: int
    group: str = "work"  # work, processes, admin
    pages: tuple[str, ...] = ()  # endpoints that belong to this entry rather than to their feature's `show`


GROUPS = ("work", "processes", "admin")


def current(entries: Sequence[NavEntry], endpoint: str) -> NavEntry | None:
    """The entry under which the reader is: the one that names the page, else its feature's `show`."""
    for entry in entries:
        if endpoint == entry.endpoint or endpoint in entry.pages:
            return entry
    feature = endpoint.partition(".")[0]
    return next((entry for entry in entries if entry.endpoint == f"{feature}.show"), None)
