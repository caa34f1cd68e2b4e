"""Service-task functions by name: what a diagram may ask the program to do, and nothing else.

A *local* connector runs inside the caller's transaction, with the instance locked: domain rows and state commit
together, and a `LastmeterError` it raises refuses the whole step. A *remote* one is performed by a worker outside any
transaction with the job's key as idempotency key, and its result is brought back in a transaction of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.orm import Session

from lastmeter.actor import Actor
from lastmeter.errors import LastmeterError


class UnknownConnector(LastmeterError):
    """No connector has this name; facts: `name`."""

    code = "unknown_connector"


class Step(Protocol):
    """What a local connector may know and do about the instance it serves."""

    session: Session
    actor: Actor
    instance_id: int
    definition_key: str
    element_id: str
    business_key: str | None
    variables: Mapping[str, Any]
    now: dt.datetime

    @property
    def parties(self) -> Mapping[str, int]:
        """Organisation ids by party name."""

    def submission(self, element_id: str) -> dict[str, Any] | None:
        """The newest completed form of that element in this instance, in full."""

    def submissions(self, element_id: str) -> list[dict[str, Any]]:
        """All completed forms of that element, oldest first (multi-instance, loops)."""

    def set_party(self, name: str, organisation_id: int) -> None:
        """Later tasks of lanes with this party go to that organisation."""

    def set_title(self, zh: str, en: str) -> None:
        """What lists show for this instance; never case content."""

    def set_business_key(self, key: str) -> None:
        """The human number of what the instance is about."""

    def decide(self, decision: str, inputs: Mapping[str, object]) -> object:
        """What a table of the instance's package decides, kept with its reasons for whoever asks why.

        The table of the instance's own version; of the newest one where that version has none. Raises Missing.
        """


@dataclass(frozen=True)
class Connector:
    name: str
    call: Callable[..., Mapping[str, Any] | None]
    zh: str
    en: str
    local: bool = True
    inputs: tuple[str, ...] = field(default=())  # names that the diagram's input parameters may set
    outputs: tuple[str, ...] = field(default=())  # all names that it may return


@dataclass(frozen=True)
class View:
    """A data store that shows the domain: `read(session, organisation id or None, key)` gives None for nothing."""

    name: str
    read: Callable[[Session, int | None, str], Mapping[str, Any] | None]
    zh: str
    en: str


_registered: dict[str, Connector] = {}
_views: dict[str, View] = {}


def connector(
    name: str,
    *,
    zh: str,
    en: str,
    local: bool = True,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
) -> Callable[[Callable[..., Mapping[str, Any] | None]], Callable[..., Mapping[str, Any] | None]]:
    """Registers `def f(step: Step, **inputs) -> outputs` (local) or `def f(inputs, *, idempotency_key)` (remote).

    Outputs that the definition reads become process variables; the rest is dropped. `outputs` names all that it may
    return: the publishing checks hold diagrams to it.
    """

    def register(call: Callable[..., Mapping[str, Any] | None]) -> Callable[..., Mapping[str, Any] | None]:
        if name in _registered and _registered[name].call.__qualname__ != call.__qualname__:
            raise RuntimeError(f"connector {name} is registered twice")
        _registered[name] = Connector(name, call, zh, en, local, inputs, outputs)
        return call

    return register


def find(name: str) -> Connector:
    """The connector of that name. Raises UnknownConnector."""
    try:
        return _registered[name]
    except KeyError:
        raise UnknownConnector(name=name) from None


def registered() -> Mapping[str, Connector]:
    """All connectors that wiring has loaded, by name."""
    return dict(_registered)


# --- data stores that show the domain ------------------------------------------------------------------------


_Read = Callable[[Session, int | None, str], Mapping[str, Any] | None]


def view(name: str, *, zh: str, en: str) -> Callable[[_Read], _Read]:
    """Registers what a `dataStore` named `room.name` reads; diagrams write nothing there.

    It says only what every person who can open an instance may know: never case content, no person's data.
    """

    def register(read: _Read) -> _Read:
        if "." not in name or (name in _views and _views[name].read.__qualname__ != read.__qualname__):
            raise RuntimeError(f"view {name} is registered twice, or not named room.name")
        _views[name] = View(name, read, zh, en)
        return read

    return register


def views() -> Mapping[str, View]:
    """All views that wiring has loaded, by name."""
    return dict(_views)
