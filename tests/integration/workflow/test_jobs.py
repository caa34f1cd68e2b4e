"""Taking and performing jobs: leases, fences, wake-ups, workers that are killed."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker
from tests.integration.workflow.conftest import Scene, diagram, sequence

from lastmeter import clock, db, jobs, outbox, worker
from lastmeter.embedded import redis as embedded_redis
from lastmeter.embedded import testing
from lastmeter.outbox import Job
from lastmeter.workflow.models import Instance

CALLING = diagram(sequence("p", '<callActivity id="call" calledElement="c"/>'), sequence("c", '<userTask id="a"/>'))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A kind of job that only notes that it was performed."""
    seen: list[str] = []
    monkeypatch.setattr(outbox, "HANDLERS", dict(outbox.HANDLERS))
    monkeypatch.setattr(jobs, "HANDLERS", outbox.HANDLERS)
    outbox.handler("count")(lambda _session, job, _result: seen.append(job.key))
    return seen


def want(scene: Scene, key: str, **options: Any) -> None:
    scene(lambda s: outbox.enqueue(s, "count", key, **options))


def test_wanting_a_job_twice_stores_it_once(scene: Scene, counted: list[str]) -> None:
    want(scene, "one")
    want(scene, "one")
    assert scene.drain() == 1
    assert counted == ["one"]


def test_a_lease_keeps_others_away_until_it_ends_by_the_database_s_clock(scene: Scene, counted: list[str]) -> None:
    want(scene, "one")
    (job,) = jobs.take(scene.factory)
    assert jobs.take(scene.factory) == []
    scene(lambda s: s.execute(text("UPDATE job SET lease_until = clock_timestamp() - interval '1 second'")))
    (again,) = jobs.take(scene.factory)
    assert (again.token, again.attempts) == (job.token + 1, 2)
    # The first worker wakes up late: its token is stale, and what it did comes to nothing.
    assert not jobs.perform(scene.factory, job)
    assert jobs.perform(scene.factory, again)
    assert scene(lambda s: s.scalar(select(func.count()).select_from(Job))) == 0


def test_a_job_is_not_taken_before_its_time_by_the_legal_clock(scene: Scene, counted: list[str]) -> None:
    want(scene, "later", due_at=clock.now().replace(year=2027))
    assert scene.drain() == 0
    scene.move(clock.now().replace(year=2027))
    assert counted == ["later"]


def test_a_job_whose_worker_died_each_time_becomes_an_incident(scene: Scene, counted: list[str]) -> None:
    want(scene, "killer")
    for _ in range(jobs.ATTEMPTS):
        assert len(jobs.take(scene.factory)) == 1
        scene(lambda s: s.execute(text("UPDATE job SET lease_until = NULL")))
    scene.drain()
    assert counted == []
    assert [incident.code for incident in scene.incidents()] == ["WorkerDied"]


def test_only_a_transaction_that_commits_wakes_the_workers(scene: Scene, own_database: testing.Database) -> None:
    with psycopg.connect(own_database.app_url, autocommit=True) as listener:
        listener.execute(f"LISTEN {db.WAKE_CHANNEL}")
        with scene.factory() as session:
            outbox.enqueue(session, "count", "lost")
            session.rollback()
        assert list(listener.notifies(timeout=0.2)) == []
        want(scene, "kept")
        assert len(list(listener.notifies(timeout=2, stop_after=1))) == 1


# --- worker processes ----------------------------------------------------------------------------------------


def environment(database: testing.Database, **more: str) -> dict[str, str]:
    root = Path(__file__).parents[3]
    return {
        **os.environ,
        "PYTHONPATH": str(root / "engine"),
        "LASTMETER_DATABASE_URL": database.app_url,
        "LASTMETER_MASTER_KEY": base64.b64encode(bytes(range(32))).decode(),
        "LASTMETER_WORKER_POLL_SECONDS": "0.2",
        **more,
    }


def run_worker(database: testing.Database, **more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "lastmeter.worker"], env=environment(database, **more))


def until(condition: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.05)


def begun(scene: Scene) -> int:
    return scene(lambda s: s.scalar(select(func.count()).where(Instance.definition_key == "c"))) or 0


@pytest.mark.parametrize("failpoint", ["before_finish", "before_commit", "after_commit"])
def test_a_worker_killed_anywhere_loses_and_doubles_nothing(
    scene: Scene, own_database: testing.Database, failpoint: str
) -> None:
    clock.set_virtual(None)
    scene.publish(CALLING)
    callers = [scene.start("lixia.officer", "p") for _ in range(5)]
    dying = run_worker(own_database, LASTMETER_FAILPOINT=f"{failpoint}:kill:4")
    assert dying.wait(30) == -signal.SIGKILL
    scene(lambda s: s.execute(text("UPDATE job SET lease_until = NULL")))  # sixty seconds pass
    living = run_worker(own_database)
    try:
        until(lambda: begun(scene) == 5)
        until(lambda: scene(lambda s: s.scalar(select(func.count()).select_from(Job))) == 0)
    finally:
        living.terminate()
        assert living.wait(15) == 0
    assert [len(scene.children(caller)) for caller in callers] == [1] * 5


@pytest.fixture
def private_redis(tmp_path: Path) -> Any:
    server = embedded_redis.start(tmp_path / "redis")
    assert server is not None, "install redis-server or valkey"
    with server:
        yield server


def test_jobs_are_performed_by_forking_rq_workers_and_survive_a_flush(
    scene: Scene, own_database: testing.Database, private_redis: Any
) -> None:
    clock.set_virtual(None)
    scene.publish(CALLING)
    redis = Redis.from_url(private_redis.url)
    running = run_worker(own_database, LASTMETER_REDIS_URL=private_redis.url)
    try:
        until(lambda: worker.Worker.count(connection=redis) == 1)
        first = [scene.start("lixia.officer", "p") for _ in range(3)]
        until(lambda: begun(scene) == 3)
        flushing = threading.Thread(target=lambda: [redis.flushall() or time.sleep(0.02) for _ in range(50)])
        flushing.start()
        second = [scene.start("lixia.officer", "p") for _ in range(10)]
        flushing.join()
        until(lambda: begun(scene) == 13)
        assert [len(scene.children(caller)) for caller in (*first, *second)] == [1] * 13
    finally:
        running.terminate()
        assert running.wait(20) == 0


def test_an_entry_in_redis_that_is_not_ours_is_never_run(private_redis: Any) -> None:
    queue = worker.queue_of(Redis.from_url(private_redis.url))
    foreign = queue.enqueue_call("os.getpid")
    with pytest.raises(PermissionError):
        foreign.perform()


def test_a_worker_whose_clock_is_wrong_refuses_to_work(
    factory: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.require_right_time(factory)
    real = time.time
    monkeypatch.setattr(worker.time, "time", lambda: real() + 6)
    with pytest.raises(worker.ClockSkewed):
        worker.require_right_time(factory)
