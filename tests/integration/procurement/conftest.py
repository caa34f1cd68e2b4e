"""A step as the engine would hand it to a connector, over real rows and without an instance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.orm import Session

from lastmeter import clock, connectors
from lastmeter.actor import Actor
from lastmeter.rehearsal.world import World


@dataclass
class FakeStep:
    """Holds what a test hands in; collects what the connector does to the instance."""

    session: Session
    actor: Actor
    instance_id: int
    parties: dict[str, int]
    definition_key: str = "test"
    element_id: str = "svc"
    business_key: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    forms: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    people: dict[str, list[int]] = field(default_factory=dict)
    title: tuple[str, str] | None = None

    @property
    def now(self) -> dt.datetime:
        return clock.now()

    def submission(self, element_id: str) -> dict[str, Any] | None:
        return self.forms.get(element_id, [None])[-1]  # type: ignore[list-item]

    def submissions(self, element_id: str) -> list[dict[str, Any]]:
        return self.forms.get(element_id, [])

    def set_party(self, name: str, organisation_id: int) -> None:
        self.parties[name] = organisation_id

    def set_title(self, zh: str, en: str) -> None:
        self.title = (zh, en)

    def set_business_key(self, key: str) -> None:
        self.business_key = key

    def submit(self, element_id: str, data: Mapping[str, Any]) -> None:
        self.forms.setdefault(element_id, []).append(dict(data))

    def call(self, name: str, **inputs: Any) -> Mapping[str, Any]:
        """Calls the connector and keeps its outputs as variables."""
        made = connectors.find(name).call(self, **inputs) or {}
        self.variables.update(made)
        return made


@pytest.fixture
def step(session: Session, world: World) -> FakeStep:
    """A step of Lixia's procurement officer."""
    parties = {
        "district": world.organisation("lixia").id, "city": world.organisation("city").id,
        "finance": world.organisation("lixia.finance").id, "agency": world.organisation("agency").id,
    }  # fmt: skip
    return FakeStep(session, world.actor("lixia.officer"), instance_id=101, parties=parties)
