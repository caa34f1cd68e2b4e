"""The rail on the left: every feature says what it adds; nobody edits a common list."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NavEntry:
    endpoint: str
    zh: str
    en: str
    permission: str
    order: int
    group: str = "work"  # work, processes, admin


GROUPS = ("work", "processes", "admin")
