"""A sequential ad-hoc sub-process over the services: people choose the order, one activity is done at a time."""

from __future__ import annotations

import pytest
from tests.integration.workflow.conftest import Scene, diagram, sequence

from lastmeter.workflow import tasks
from lastmeter.workflow.refusals import TaskOutOfTurn

OFFICER = 'camunda:candidateGroups="district_officer"'


@pytest.fixture
def offered(scene: Scene) -> tuple[int, int]:
    """Two activities of which one is done at a time, as task ids."""
    inside = "".join(f'<userTask id="{name}" name="{name} zh" lm:nameEn="{name} en" {OFFICER}/>' for name in ("a", "b"))
    ad_hoc = f'<adHocSubProcess id="x" name="核查" ordering="Sequential">{inside}</adHocSubProcess>'
    scene.publish(diagram(sequence("p", ad_hoc)))
    scene.start("lixia.officer", "p")
    return scene.open("a")[0], scene.open("b")[0]


def claim(scene: Scene, login: str, task_id: int) -> None:
    scene(lambda s: tasks.claim(s, scene.actor(s, login), task_id))


def test_while_one_is_claimed_no_other_is_claimed_completed_or_handed_on(
    scene: Scene, offered: tuple[int, int]
) -> None:
    one, other = offered
    claim(scene, "lixia.officer", one)
    for refused in (
        lambda s: tasks.claim(s, scene.actor(s, "lixia.officer2"), other),
        lambda s: tasks.claim(s, scene.actor(s, "lixia.officer"), other),
        lambda s: tasks.complete(s, scene.actor(s, "lixia.officer2"), other, {}),
        lambda s: tasks.reassign(
            s, scene.actor(s, "operator"), other, scene.actor(s, "lixia.officer2").person_id or 0, "轮到您"
        ),
    ):
        with pytest.raises(TaskOutOfTurn) as met:
            scene(refused)
        assert met.value.facts == {"element_id": "a", "other_zh": "a zh", "other_en": "a en"}
    claim(scene, "lixia.officer", one)  # whoever has it may say so again
    told = scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer2"), other))
    assert (told.allowed["claim"], told.allowed["complete"]) == ("task_out_of_turn", "task_out_of_turn")
    assert told.facts["other_zh"] == "a zh"


def test_the_other_may_be_begun_once_the_first_is_done_or_given_back(scene: Scene, offered: tuple[int, int]) -> None:
    one, other = offered
    claim(scene, "lixia.officer", one)
    scene(lambda s: tasks.release(s, scene.actor(s, "lixia.officer"), one, "让同事先办"))
    claim(scene, "lixia.officer2", other)
    scene(lambda s: tasks.complete(s, scene.actor(s, "lixia.officer2"), other, {}))
    scene(lambda s: tasks.complete(s, scene.actor(s, "lixia.officer"), one, {}))
    assert scene.trail(scene(lambda s: tasks.get(s, scene.actor(s, "lixia.officer"), one).instance.id)) == [
        "p_begin", "b", "a", "x", "p_end",
    ]  # fmt: skip


def test_a_claimed_task_of_another_instance_is_nobodys_turn_here(scene: Scene, offered: tuple[int, int]) -> None:
    scene.start("lixia.officer", "p")
    claim(scene, "lixia.officer", offered[0])
    claim(scene, "lixia.officer2", scene.open("b")[1])
