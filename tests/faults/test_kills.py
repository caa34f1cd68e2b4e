"""Web and worker processes are killed, at chosen spots and at random times: nothing is lost, nothing happens twice."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.faults.conftest import Ground, below, child

from lastmeter import jobs

INSTANCES = 4


@pytest.mark.parametrize("spot", ["before_finish:kill:1", "before_commit:kill:3", "after_commit:kill:3"])
def test_a_worker_that_dies_at_any_spot_loses_and_doubles_nothing(ground: Ground, tmp_path: Path, spot: str) -> None:
    started = ground.start(INSTANCES)
    for task_id in ground.open_tasks():
        ground.complete(task_id)
    time.sleep(0.3)
    with child(
        "-m", "lastmeter.worker", environment=ground.environment(LASTMETER_FAILPOINT=spot), log=tmp_path / "log"
    ) as worker:
        assert worker.wait(20) == -signal.SIGKILL, (tmp_path / "log").read_text()[-2000:]
    ground.end_leases()
    ground.work_until_done(lambda: _drain(ground))
    ground.assert_nothing_lost_or_doubled(started)


def test_workers_killed_at_random_times_lose_and_double_nothing(ground: Ground, tmp_path: Path) -> None:
    started = ground.start(INSTANCES)
    draw, kills = random.Random(7), 0

    def turn() -> None:
        nonlocal kills
        with child("-m", "lastmeter.worker", environment=ground.environment(), log=tmp_path / "log") as worker:
            time.sleep(draw.uniform(1.2, 2.2))
            worker.kill()
        kills += 1
        ground.end_leases()

    ground.work_until_done(turn)
    assert kills >= 2
    ground.assert_nothing_lost_or_doubled(started)


@pytest.mark.parametrize("spot", ["task_completed:kill:2", "before_commit:kill:3", "after_commit:kill:3"])
def test_a_web_process_that_dies_at_any_spot_loses_and_doubles_nothing(
    ground: Ground, web: Callable[..., Any], spot: str
) -> None:
    """Its client has no answer and asks again."""
    started = ground.start(INSTANCES)
    with web(spot) as here:
        ground.work_until_done(lambda: _drain(ground), complete=here.complete)
    assert here.lost > 0
    ground.assert_nothing_lost_or_doubled(started)


def test_web_processes_killed_at_random_times_lose_and_double_nothing(ground: Ground, web: Callable[..., Any]) -> None:
    started = ground.start(INSTANCES)
    over, draw, kills = threading.Event(), random.Random(11), 0

    with web() as here:

        def kill_now_and_then() -> None:
            nonlocal kills
            while not over.wait(draw.uniform(0.05, 0.25)):
                for pid in below(here.process.pid)[:1]:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        kills += 1

        killer = threading.Thread(target=kill_now_and_then)
        killer.start()
        try:
            ground.work_until_done(lambda: _drain(ground), complete=here.complete)
        finally:
            over.set()
            killer.join()
    assert kills > 0
    ground.assert_nothing_lost_or_doubled(started)


def test_an_answer_lost_after_the_commit_is_given_again_and_nothing_starts_twice(
    ground: Ground, web: Callable[..., Any]
) -> None:
    with web("after_commit:kill:2") as here:
        started = []
        for number in range(5):
            status, said = here.insist(
                "/instances", {"definition": "relay"}, **{"Idempotency-Key": f"start-{number}-of-the-five"}
            )
            assert status == 201, said
            started.append(int(said["id"]))
        assert here.lost > 0
        assert len(set(started)) == 5
        assert ground.running() == 5
        ground.work_until_done(lambda: _drain(ground), complete=here.complete)
    ground.assert_nothing_lost_or_doubled(started)


def _drain(ground: Ground) -> None:
    jobs.drain(ground.scene.factory)
    time.sleep(0.05)
