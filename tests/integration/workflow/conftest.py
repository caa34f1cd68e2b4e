"""A published process, people to run it, and workers that are drained by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from tests import prepared
from tests.prepared import MONDAY

from lastmeter import clock, db, jobs
from lastmeter.actor import SYSTEM, Actor
from lastmeter.definitions import publishing
from lastmeter.definitions.models import Definition
from lastmeter.identity.models import Account, Organisation
from lastmeter.identity.people import actor_of
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.inbox import TaskRow
from lastmeter.workflow.models import HumanTask, Incident, Instance

T = TypeVar("T")

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
 xmlns:lm="http://lastmeter.org/schema/1.0" id="d" targetNamespace="http://lastmeter.org/test">"""


def diagram(*parts: str) -> bytes:
    """A BPMN file of these root elements."""
    return (HEAD + "".join(parts) + "</definitions>").encode()


def sequence(key: str, *elements: str, name: str = "") -> str:
    """A process that runs the elements one after the other; each is written with its id as first attribute."""
    ids = [f"{key}_begin", *(element.split('id="')[1].split('"')[0] for element in elements), f"{key}_end"]
    flows = "".join(
        f'<sequenceFlow id="f_{key}_{n}" sourceRef="{source}" targetRef="{target}"/>'
        for n, (source, target) in enumerate(pairwise(ids))
    )
    return (
        f'<process id="{key}" name="{name or key}" isExecutable="true"><startEvent id="{key}_begin"/>'
        f'{"".join(elements)}<endEvent id="{key}_end"/>{flows}</process>'
    )


@dataclass
class Content:
    """What a package holds, without a folder."""

    xml: bytes
    settings: Mapping[str, Any] = field(default_factory=dict)
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: Mapping[str, bytes] = field(default_factory=dict)


@dataclass
class Scene:
    """The rehearsal world in a database of its own; every call is one committed transaction."""

    factory: sessionmaker[Session]

    def __call__(self, work: Callable[[Session], T]) -> T:
        return db.in_transaction(self.factory, work)

    def publish(self, xml: bytes, **content: Any) -> list[Definition]:
        return self(
            lambda session: (
                publishing.publish_content(session, SYSTEM, Content(xml, **content), source="upload").definitions
            )
        )

    def actor(self, session: Session, login: str) -> Actor:
        person_id = session.scalar(select(Account.person_id).where(Account.login == login))
        assert person_id is not None, login
        return actor_of(session, person_id)

    def organisation(self, name: str) -> int:
        found = self(lambda session: session.scalar(select(Organisation.id).where(Organisation.name == name)))
        assert found is not None
        return found

    def start(self, login: str, key: str, **options: Any) -> int:
        return self(lambda session: instances.start(session, self.actor(session, login), key, **options).id)

    def inbox(self, login: str, queue: str = "group") -> list[TaskRow]:
        return self(lambda session: tasks.inbox(session, self.actor(session, login), queue).items)

    def open(self, element_id: str) -> list[int]:
        query = select(HumanTask.id).where(
            HumanTask.element_id == element_id, HumanTask.state.in_(("open", "hold", "suspended"))
        )
        return self(lambda session: list(session.scalars(query.order_by(HumanTask.id))))

    def do(self, login: str, element_id: str, data: Any = None) -> tasks.Completed:
        task_id = self.open(element_id)[0]
        self(lambda session: tasks.claim(session, self.actor(session, login), task_id))
        return self(lambda session: tasks.complete(session, self.actor(session, login), task_id, data))

    def drain(self) -> int:
        return jobs.drain(self.factory)

    def move(self, to: dt.datetime) -> int:
        clock.set_virtual(to)
        return self.drain()

    def instance(self, instance_id: int) -> Instance:
        return self(lambda session: session.get_one(Instance, instance_id))

    def variables(self, instance_id: int) -> dict[str, object]:
        return self(lambda session: instances.variables(session, SYSTEM, session.get_one(Instance, instance_id)))

    def trail(self, instance_id: int, event: str = "completed") -> list[str]:
        lines = self(lambda session: instances.history(session, instance_id))
        return [line.element_id for line in lines if line.event == event]

    def children(self, instance_id: int) -> list[int]:
        return self(lambda session: [child.id for child in instances.children(session, instance_id)])

    def incidents(self) -> list[Incident]:
        return self(lambda session: list(session.scalars(select(Incident).order_by(Incident.id))))


@pytest.fixture
def start_from(request: pytest.FixtureRequest) -> str:
    """The rehearsal world stands for a test that plays a scene."""
    return prepared.town() if "scene" in request.fixturenames else prepared.empty()


@pytest.fixture
def scene(factory: sessionmaker[Session]) -> Iterator[Scene]:
    """The world on Monday morning, with a clock that stands until a test moves it."""
    clock.set_virtual(MONDAY)
    yield Scene(factory)
    clock.set_virtual(None)
