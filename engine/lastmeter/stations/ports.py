"""What stations ask of rooms that lie above them; wiring connects the answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class CaseFigures:
    """Counts of casework at a station in a period; no person can be told from them."""

    closed: int = 0
    opened: int = 0
    is_open: int = 0
    orders: int = 0
    orders_in_time: int = 0
    clients: int = 0
    client_files: int = 0
    unauthorised_reads: int = 0


CaseCounter = Callable[[Session, int, dt.date, dt.date], CaseFigures]


def _none_yet(_session: Session, _station_id: int, _first: dt.date, _last: dt.date) -> CaseFigures:
    return CaseFigures()


def _no_orphans(_session: Session, _station_id: int, _team_id: int | None) -> int:
    return 0


count_cases: CaseCounter = _none_yet
# Open cases of the station whose responsible worker belongs to the team that leaves (None: to nobody in office).
orphaned_cases: Callable[[Session, int, int | None], int] = _no_orphans


def connect(counter: CaseCounter, orphans: Callable[[Session, int, int | None], int]) -> None:
    """From now on the casework room answers."""
    global count_cases, orphaned_cases
    count_cases, orphaned_cases = counter, orphans
