"""Redis wakes workers and holds nothing: absent, wiped or killed, no work is lost and none is done twice.

Runs on a real redis-server with forking RQ workers; without one it fails and names the package.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from tests.faults.conftest import Ground, child

from lastmeter.embedded import redis as private
from lastmeter.embedded.redis import PrivateRedis

INSTANCES = 4


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    """A redis-server of the test's own."""
    made = private.start(tmp_path / "redis")
    assert made is not None, "these tests need redis-server (Debian, Ubuntu: apt-get install redis-server)"
    with made:
        yield made


def _played(ground: Ground, redis: PrivateRedis, tmp_path: Path, turn: Callable[[], None]) -> None:
    started = ground.start(INSTANCES)
    log = tmp_path / "worker.log"
    environment = ground.environment(LASTMETER_REDIS_URL=redis.url)
    with child("-m", "lastmeter.worker", environment=environment, log=log):
        ground.work_until_done(turn)
        rounds = 0
        while ground.scene(lambda s: s.connection().exec_driver_sql("SELECT count(*) FROM job").scalar()):
            time.sleep(0.1)
            rounds += 1
            assert rounds < 100
    ground.assert_nothing_lost_or_doubled(started)


def test_workers_forked_by_rq_do_all_the_work(ground: Ground, redis: PrivateRedis, tmp_path: Path) -> None:
    _played(ground, redis, tmp_path, lambda: time.sleep(0.05))


def test_a_redis_wiped_again_and_again_loses_nothing(ground: Ground, redis: PrivateRedis, tmp_path: Path) -> None:
    connection, wiped = Redis.from_url(redis.url), 0

    def turn() -> None:
        nonlocal wiped
        connection.flushall()
        wiped += 1
        time.sleep(0.5)

    _played(ground, redis, tmp_path, turn)
    assert wiped > 3


def test_a_redis_that_comes_late_and_dies_meanwhile_loses_nothing(
    ground: Ground, redis: PrivateRedis, tmp_path: Path
) -> None:
    redis.stop()
    began, killed = time.monotonic(), 0

    def turn() -> None:
        nonlocal killed
        time.sleep(0.1)
        if redis.process is None and time.monotonic() - began > 1.5:
            redis.restart()
        elif redis.running() and killed == 0 and time.monotonic() - began > 5:
            assert redis.process is not None
            redis.process.kill()
            redis.process.wait()
            redis.process = None
            killed += 1

    try:
        _played(ground, redis, tmp_path, turn)
    except RedisError:
        pytest.fail("only the worker talks to Redis")
