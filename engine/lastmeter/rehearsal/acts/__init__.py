"""What people do outside a task, by name, for scenarios: `def act(rehearsal, actor, data) -> None`, a file per room."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lastmeter.actor import Actor
    from lastmeter.rehearsal.player import Player

Act = Callable[["Player", "Session", "Actor", dict[str, Any]], None]
_acts: dict[str, Act] = {}


def act(name: str) -> Callable[[Act], Act]:
    """Registers what a scenario's `act: <name>` does."""

    def register(call: Act) -> Act:
        _acts[name] = call
        return call

    return register


def find(name: str) -> Act:
    """The act of that name. Raises KeyError."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return _acts[name]
