"""Versions: immutable, equal content once, running instances stay on theirs."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlalchemy.orm import Session
from tests.integration.workflow.conftest import Scene, diagram, sequence

from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.errors import Forbidden
from lastmeter.rehearsal.world import World
from lastmeter.workflow import instances
from lastmeter.workflow.refusals import CannotStartByHand, DefinitionUnknown

ONE = diagram(sequence("p", '<userTask id="a" name="一"/>', name="流程"))
TWO = diagram(sequence("p", '<userTask id="a" name="一"/>', '<userTask id="b" name="二"/>', name="流程"))


def test_equal_content_is_the_same_version_and_changed_content_the_next(session: Session, world: World) -> None:
    leader = world.actor("lixia.leader")
    first = publishing.publish(session, leader, ONE).definitions[0]
    again = publishing.publish(session, leader, ONE).definitions[0]
    assert (first.version, again.id, first.title_zh, first.published_by) == (1, first.id, "流程", leader.person_id)
    assert publishing.publish(session, leader, TWO).definitions[0].version == 2
    newest = publishing.latest(session, "p")
    assert newest is not None
    assert newest.version == 2
    assert "p" in [each.key for each in publishing.listed(session, leader)]


def test_only_who_may_publish_publishes(session: Session, world: World) -> None:
    with pytest.raises(Forbidden):
        publishing.publish(session, world.actor("lixia.officer"), ONE)


def test_what_cannot_run_is_refused_with_its_findings_and_nothing_is_stored(session: Session, world: World) -> None:
    wrong = diagram(sequence("p", '<choreographyTask id="g"/>'))
    with pytest.raises(DefinitionRefused) as refused:
        publishing.publish(session, SYSTEM, wrong)
    assert ("error", "g") in [(each.severity, each.element_id) for each in refused.value.findings]
    assert publishing.latest(session, "p") is None


def test_a_zip_file_of_a_package_is_published_with_its_settings(session: Session, world: World) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("p.bpmn", ONE)
        archive.writestr("process.toml", 'key = "p"\ntitle_zh = "甲"\n')
    with pytest.raises(DefinitionRefused) as refused:
        publishing.publish(session, SYSTEM, buffer.getvalue())
    assert "settings-field" in [each.rule for each in refused.value.findings]


def test_a_running_instance_stays_on_its_version(scene: Scene) -> None:
    scene.publish(ONE)
    old = scene.start("lixia.officer", "p")
    scene.publish(TWO)
    new = scene.start("lixia.officer", "p")
    pinned = scene.start("lixia.officer", "p", version=1)
    for _ in range(3):
        scene.do("lixia.officer", "a")
    assert [scene.instance(each).state for each in (old, new, pinned)] == ["completed", "running", "completed"]


def test_an_unknown_definition_and_one_that_only_a_message_starts(scene: Scene) -> None:
    scene.publish(
        diagram(
            '<message id="m" name="go"/>',
            '<process id="q" isExecutable="true"><startEvent id="s"><messageEventDefinition messageRef="m"/>'
            "</startEvent>"
            '<endEvent id="e"/><sequenceFlow id="f" sourceRef="s" targetRef="e"/></process>',
        )
    )
    with pytest.raises(DefinitionUnknown):
        scene.start("lixia.officer", "nothing")
    with pytest.raises(CannotStartByHand):
        scene.start("lixia.officer", "q")


def test_a_person_sees_what_they_started_and_the_operator_no_content(scene: Scene) -> None:
    scene.publish(diagram(sequence("p", '<scriptTask id="s" scriptFormat="feel" camunda:resultVariable="x">'
                                        "<script>n + 1</script></scriptTask>")))  # fmt: skip
    number = scene.start("lixia.officer", "p", variables={"n": 1, "unread": "dropped"})
    listed = scene(lambda s: instances.listing(s, scene.actor(s, "lixia.officer"), definition="p").items)
    assert [each.id for each in listed] == [number]
    assert scene(lambda s: instances.listing(s, scene.actor(s, "licheng.officer")).items) == []
    found = scene.instance(number)
    assert scene(lambda s: instances.variables(s, scene.actor(s, "lixia.officer"), found)) == {"n": 1, "x": 2}
    assert scene(lambda s: instances.variables(s, scene.actor(s, "operator"), found)) == {}
