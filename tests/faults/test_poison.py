"""A saved state that nobody can read harms nobody else."""

from __future__ import annotations

import orjson
import pytest
import zstandard
from sqlalchemy import text
from tests.faults.conftest import Ground

from lastmeter import jobs
from lastmeter.errors import LastmeterError
from lastmeter.workflow import tasks

STATES = {
    "no state at all": b"\x00\xff\x00 not a state",
    "an object of a foreign class": zstandard.compress(
        orjson.dumps({"typename": "subprocess.Popen", "args": ["true"]})
    ),
    "an empty state": zstandard.compress(b"{}"),
}


@pytest.mark.parametrize("blob", STATES.values(), ids=STATES.keys())
def test_a_poisoned_instance_is_an_incident_and_the_others_go_on(ground: Ground, blob: bytes) -> None:
    poisoned, *healthy = ground.start(3)
    with ground.owner.begin() as connection:
        connection.execute(
            text("UPDATE instance SET blob = :blob, version = version + 1 WHERE id = :id"),
            {"blob": blob, "id": poisoned},
        )
    task_of = {
        row[0]: row[1]
        for row in ground.scene(
            lambda s: s.execute(text("SELECT instance_id, id FROM human_task WHERE state = 'open'")).all()
        )
    }
    with pytest.raises(LastmeterError) as refusal:
        ground.scene(lambda s: tasks.complete(s, ground.scene.actor(s, "lixia.officer"), task_of[poisoned], {}))
    assert refusal.value.code in ("step_failed", "state_not_readable")
    assert [incident.instance_id for incident in ground.scene.incidents()] == [poisoned]

    remaining = set(healthy)
    for _ in range(200):
        for task_id in ground.open_tasks():
            if task_id != task_of[poisoned]:
                ground.complete(task_id)
        jobs.drain(ground.scene.factory)
        if ground.running() == 1:
            break
    assert {each for each in remaining if ground.scene.instance(each).state == "completed"} == remaining
    assert {each: ground.shape(each) for each in healthy} == dict.fromkeys(healthy, ground.expected)
