"""A timer start of a package that names a kind of organisation: one instance for each, whatever others do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.workflow.conftest import Scene, diagram

from lastmeter import connectors, jobs
from lastmeter.errors import LastmeterError
from lastmeter.identity.models import Organisation
from lastmeter.workflow.models import Instance, InstanceParty

YEARLY = """<process id="yearly" isExecutable="true">
  <startEvent id="tick"><timerEventDefinition><timeCycle>R/2020-05-01T00:00:00+08:00/P1Y</timeCycle>
  </timerEventDefinition></startEvent>
  <serviceTask id="open" camunda:type="external" camunda:topic="test.open"><extensionElements><camunda:inputOutput>
    <camunda:inputParameter name="year">=year</camunda:inputParameter></camunda:inputOutput></extensionElements>
  </serviceTask>
  <userTask id="do" camunda:formKey="x"/><endEvent id="end"/>
  <sequenceFlow id="f1" sourceRef="tick" targetRef="open"/><sequenceFlow id="f2" sourceRef="open" targetRef="do"/>
  <sequenceFlow id="f3" sourceRef="do" targetRef="end"/></process>"""
SETTINGS: dict[str, Any] = {
    "key": "yearly", "title_zh": "每年", "title_en": "Yearly",
    "start": {"roles": [], "party": "district", "each": "civil_bureau", "level": 2},
}  # fmt: skip
MAY_2026 = dt.datetime(2026, 4, 30, 16, tzinfo=dt.UTC)  # 1 May, 00:00 in Jinan
MAY_2027 = dt.datetime(2027, 4, 30, 16, tzinfo=dt.UTC)


class _There(LastmeterError):
    code = "there"
    kind = "conflict"


class _Broken(LastmeterError):
    code = "broken"


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> dict[int, type[LastmeterError]]:
    """Organisation → what the connector refuses it with; filled by the test."""
    given: dict[int, type[LastmeterError]] = {}

    def call(step: connectors.Step, year: object = None) -> dict[str, object]:
        refusal = given.get(step.parties["district"])
        if refusal is not None:
            raise refusal()
        step.set_business_key(f"{step.parties['district']}/{year}")
        return {}

    known = {**connectors._registered, "test.open": connectors.Connector("test.open", call, "开", "open")}
    monkeypatch.setattr(connectors, "_registered", known)
    return given


def _keys(scene: Scene) -> list[str | None]:
    return scene(lambda s: list(s.scalars(select(Instance.business_key).order_by(Instance.business_key))))


def test_every_district_gets_its_instance_and_the_city_none(
    scene: Scene, refused: dict[int, type[LastmeterError]]
) -> None:
    scene.publish(diagram(YEARLY), settings=SETTINGS)
    scene.drain()
    scene.move(MAY_2026 - dt.timedelta(seconds=1))
    assert _keys(scene) == []
    scene.move(MAY_2026)
    districts = [scene.organisation("历下区民政局"), scene.organisation("历城区民政局")]
    assert set(_keys(scene)) == {f"{each}/2026" for each in districts}
    parties = scene(
        lambda s: set(s.scalars(select(InstanceParty.organisation_id).where(InstanceParty.name == "district")))
    )
    assert parties == set(districts)
    finance = scene(lambda s: len(list(s.scalars(select(InstanceParty).where(InstanceParty.name == "finance")))))
    assert finance == 2
    scene.move(MAY_2027)
    assert len(_keys(scene)) == 4


def test_who_has_begun_already_is_left_alone_without_an_incident(
    scene: Scene, refused: dict[int, type[LastmeterError]]
) -> None:
    early = scene.organisation("历下区民政局")
    refused[early] = _There
    scene.publish(diagram(YEARLY), settings=SETTINGS)
    scene.drain()
    scene.move(MAY_2026)
    assert _keys(scene) == [f"{scene.organisation('历城区民政局')}/2026"]
    assert scene.incidents() == []
    del refused[early]
    scene.move(MAY_2027)
    assert f"{early}/2027" in _keys(scene)


def test_one_start_that_breaks_is_an_incident_and_the_others_begin(
    scene: Scene, refused: dict[int, type[LastmeterError]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PAUSES", (0, 0))
    refused[scene.organisation("历下区民政局")] = _Broken
    scene.publish(diagram(YEARLY), settings=SETTINGS)
    scene.drain()
    scene.move(MAY_2026)
    for _ in range(jobs.ATTEMPTS):
        scene.drain()
    assert _keys(scene) == [f"{scene.organisation('历城区民政局')}/2026"]
    assert len(scene.incidents()) == 1


def test_a_closed_district_gets_none(scene: Scene, refused: dict[int, type[LastmeterError]]) -> None:
    closed = scene.organisation("历下区民政局")

    def close(session: Any) -> None:
        session.get_one(Organisation, closed).closed_on = dt.date(2026, 3, 1)

    scene(close)
    scene.publish(diagram(YEARLY), settings=SETTINGS)
    scene.drain()
    scene.move(MAY_2026)
    assert _keys(scene) == [f"{scene.organisation('历城区民政局')}/2026"]
