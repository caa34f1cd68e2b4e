"""The worker process: performs due jobs, woken by the database, by the clock, or through Redis.

Without LASTMETER_REDIS_URL one process LISTENs, polls and performs. With it this process is the relay: it LISTENs and
polls, and asks RQ workers (forked below it, or on other machines) to drain. What is enqueued carries no content, and
losing it loses nothing: the jobs themselves stand in the database.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import psycopg
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.job import Job as RqJob
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import db, jobs, keys, wiring
from lastmeter.config import Settings
from lastmeter.db import DatabaseUnavailable
from lastmeter.embedded import postgres
from lastmeter.errors import LastmeterError

log = logging.getLogger(__name__)

QUEUE = "lastmeter"
DRAIN = "lastmeter.worker.drain_once"
RQ_ONLY = "--rq"
# One RQ job does at most so many of ours: then another worker gets its turn and memory is given back.
JOBS_PER_DRAIN = 200
MOST_SKEW_SECONDS = 5.0
RETRY_SECONDS = 2.0
STOP_SECONDS = 10.0


class ClockSkewed(LastmeterError):
    """This machine's clock and the database's differ: timers would fire early or late; facts: `seconds`."""

    code = "clock_skewed"
    kind = "unavailable"


# --- what every worker needs ---------------------------------------------------------------------------------

_factory: sessionmaker[Session] | None = None


def open_factory(settings: Settings) -> sessionmaker[Session]:
    """Sessions of this process's own engine, with everything connected that a job may need."""
    global _factory
    wiring.connect()
    keys.configure(settings)
    db.follow_virtual_clock(settings.demo)
    engine = db.make_engine(database_url(settings), pool_size=2)
    _factory = db.session_factory(engine)
    return _factory


def database_url(settings: Settings) -> str:
    """The database that is set, else the embedded one that the parent process runs."""
    return settings.database_url or postgres.attach(settings.data_dir / "postgres").url()


def engine_of(factory: sessionmaker[Session]) -> Engine:
    bound = factory.kw["bind"]
    assert isinstance(bound, Engine)
    return bound


def require_right_time(factory: sessionmaker[Session]) -> None:
    """Nothing if this machine's clock is the database's within seconds. Raises ClockSkewed."""
    with factory() as session:
        theirs = session.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    skew = abs(float(str(theirs)) - time.time())
    if skew > MOST_SKEW_SECONDS:
        raise ClockSkewed(seconds=round(skew, 1))


# --- waking up -----------------------------------------------------------------------------------------------


class Bell:
    """Set when somebody says that there is work; a thread listens to the database for it."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._rung = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listen", daemon=True)

    def __enter__(self) -> Bell:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._closing.set()
        self._rung.set()
        self._thread.join(timeout=2)

    def wait(self, seconds: float) -> None:
        """Returns when it rings, or when the time is over."""
        self._rung.wait(seconds)
        self._rung.clear()

    def ring(self) -> None:
        self._rung.set()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {db.WAKE_CHANNEL}")
                    self._rung.set()  # what was wanted while nobody listened
                    while not self._closing.is_set():
                        for _ in connection.notifies(timeout=1.0, stop_after=1):
                            self._rung.set()
            except psycopg.Error:
                # Polling goes on meanwhile.
                log.warning("not listening, the database is away")
                self._closing.wait(RETRY_SECONDS)


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set: the job under way is finished first."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- without Redis -------------------------------------------------------------------------------------------


def poll(factory: sessionmaker[Session], url: str, stop: threading.Event, seconds: float) -> None:
    """Performs jobs until told to stop: whenever the bell rings, and every few seconds anyway."""
    with Bell(url) as bell:
        while not stop.is_set():
            if _survived(lambda: jobs.drain(factory, limit=JOBS_PER_DRAIN)) == JOBS_PER_DRAIN:
                continue
            bell.wait(seconds)


def _survived(work: Callable[[], int]) -> int:
    """What `work` returned; 0 where the database was away, which is waited for."""
    try:
        return work()
    except (DatabaseUnavailable, DBAPIError):
        log.warning("the database is away")
        time.sleep(RETRY_SECONDS)
        return 0


# --- through Redis -------------------------------------------------------------------------------------------


class DrainJob(RqJob):
    """An RQ job that can be nothing but `drain_once`: what stands in Redis is data from outside."""

    @property
    def func(self) -> Callable[[], int]:
        # The original imports whatever the entry names.
        if self.func_name != DRAIN:
            raise PermissionError(f"not one of ours: {self.func_name}")
        return drain_once

    success_callback = failure_callback = stopped_callback = None

    def _execute(self) -> Any:
        return self.func()


def drain_once() -> int:
    """Performs due jobs in this process; called by RQ, with nothing to say."""
    factory = _factory
    if factory is None:
        factory = open_factory(Settings.from_environment())
    return jobs.drain(factory, limit=JOBS_PER_DRAIN)


def queue_of(redis: Redis) -> Queue:
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer, job_class=DrainJob, default_timeout=300)


def relay(factory: sessionmaker[Session], url: str, redis: Redis, stop: threading.Event, seconds: float) -> None:
    """Asks RQ workers to drain whenever something is due; never more often than there are workers to hear it."""
    queue = queue_of(redis)
    with Bell(url) as bell:
        while not stop.is_set():
            if _survived(lambda: _anything_due(factory)):
                _ask(queue)
            bell.wait(seconds)


def _anything_due(factory: sessionmaker[Session]) -> int:
    with factory() as session:
        db.use_legal_clock(session)
        return int(jobs.anything_due(session))


def _ask(queue: Queue) -> None:
    try:
        # Asking faster than the backlog drains would only fill Redis.
        if queue.count < max(1, Worker.count(queue=queue)):
            queue.enqueue_call(DRAIN, result_ttl=0, failure_ttl=0, ttl=60)
    except RedisError:
        log.warning("Redis is away; nothing is lost, the next look asks again")


def rq_worker(redis: Redis) -> Worker:
    """An RQ worker of our queue. It forks per job, from a process that holds no connection of its own."""
    worker: Worker = Worker(
        [queue_of(redis)], connection=redis, serializer=JSONSerializer, job_class=DrainJob, default_result_ttl=0
    )
    return worker


def _work_for_rq(settings: Settings) -> None:
    """Runs an RQ worker in this process until it is told to stop; Redis may come and go."""
    # Parsed and warm before the first fork, and no connection open that a child would share.
    engine_of(open_factory(settings)).dispose()
    while True:
        try:
            rq_worker(Redis.from_url(settings.redis_url)).work(logging_level="WARNING")
            return
        except RedisError:
            log.warning("Redis is away, waiting for it")
            time.sleep(RETRY_SECONDS)


def _run_through_redis(settings: Settings, factory: sessionmaker[Session], url: str) -> None:
    """The relay in this process and one RQ worker below it, which is started again when it dies."""
    with _until_told() as stop:
        keeper = threading.Thread(target=_keep_worker, args=(stop,), name="keep", daemon=True)
        keeper.start()
        relay(factory, url, Redis.from_url(settings.redis_url), stop, settings.worker_poll_seconds)
        keeper.join(timeout=STOP_SECONDS)


def _keep_worker(stop: threading.Event) -> None:
    while not stop.is_set():
        child = subprocess.Popen([sys.executable, "-m", "lastmeter.worker", RQ_ONLY])
        while child.poll() is None and not stop.wait(0.5):
            pass
        if child.poll() is None:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)
        elif not stop.is_set():
            log.warning("the RQ worker ended, starting it again", extra={"status": child.returncode})
            stop.wait(RETRY_SECONDS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Works until SIGTERM or SIGINT. `--rq`: only as an RQ worker, beside a relay that runs elsewhere."""
    asked = list(sys.argv[1:] if arguments is None else arguments)
    settings = Settings.from_environment()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if RQ_ONLY in asked:
        _work_for_rq(settings)
        return
    factory = open_factory(settings)
    require_right_time(factory)
    url = database_url(settings)
    if settings.redis_url:
        _run_through_redis(settings, factory, url)
        return
    with _until_told() as stop:
        poll(factory, url, stop, settings.worker_poll_seconds)


if __name__ == "__main__":
    # RQ names the function by its module: the one it imports must be the one that holds the factory.
    from lastmeter import worker

    worker.main()
