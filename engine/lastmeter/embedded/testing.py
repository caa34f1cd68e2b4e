"""One throw-away PostgreSQL for a whole test session, also when pytest-xdist splits it over processes.

The first process that asks starts a *keeper*, which runs the cluster and takes it away when the session's first
process (xdist's controller, else pytest itself) has ended, however it ended. Databases are copied from templates, so
that migrations run once per session and not once per worker.

    template("migrated", migrate)          # migrate(owner_url) runs once; later callers find it done
    mine = clone("migrated")               # a database of this process's own, in about 40 ms
    with borrowed("migrated") as one: ...  # for a test that commits or kills: dropped afterwards
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lastmeter.embedded import postgres
from lastmeter.errors import LastmeterError

READY_SECONDS = 90.0
WORKER = "PYTEST_XDIST_WORKER"
SESSION = "PYTEST_XDIST_TESTRUNUID"

_attached: dict[Path, postgres.Cluster] = {}
_numbers = itertools.count(1)


class TestClusterFailed(LastmeterError):
    """The keeper ended before its cluster was ready; facts: `log`."""

    code = "test_cluster_failed"
    kind = "unavailable"
    __test__ = False  # a name that pytest would collect


@dataclass(frozen=True)
class Database:
    """One database of the session's cluster, by both of its roles."""

    name: str
    owner_url: str
    app_url: str


def cluster() -> postgres.Cluster:
    """The session's cluster, started by whichever process asks first."""
    folder = _session_folder()
    if folder not in _attached:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        folder.chmod(0o711)  # whatever the umask: as root the server is another user, who must get through
        with _held(folder / "session.lock"):
            if not (folder / "ready").exists():
                _start_keeper(folder)
        _attached[folder] = postgres.attach(Path((folder / "ready").read_text()), fast=True)
    return _attached[folder]


def template(name: str, prepare: Callable[[str], None], *, base: str = "template0") -> str:
    """The name of a database that `prepare(owner_url)` filled, once per session; the others wait for the first.

    `prepare` must close its connections: a database that somebody is connected to cannot be copied.
    """
    here = cluster()
    done = _session_folder() / f"template-{name}"
    with _held(_session_folder() / f"template-{name}.lock"):
        if not done.exists():
            here.drop_database(name)
            here.create_database(name, template=base)
            prepare(here.url(name, postgres.OWNER))
            done.touch()
    return name


def clone(template_name: str) -> Database:
    """A new copy of the template, for this process alone; it goes when the session's cluster goes."""
    here = cluster()
    name = f"{template_name}_{os.environ.get(WORKER, 'main')}_{os.getpid()}_{next(_numbers)}"
    # Two copies of one template at once refuse each other.
    with _held(_session_folder() / f"template-{template_name}.lock"):
        here.create_database(name, template=template_name)
    return Database(name, here.url(name, postgres.OWNER), here.url(name, postgres.APP))


@contextlib.contextmanager
def borrowed(template_name: str) -> Iterator[Database]:
    """A copy that is dropped on the way out, with whoever is still connected."""
    database = clone(template_name)
    try:
        yield database
    finally:
        cluster().drop_database(database.name)


# --- the session and its keeper ------------------------------------------------------------------------------


def _watched_pid() -> int:
    """The process whose end is the session's end: xdist's controller is the parent of each of its workers."""
    return os.getppid() if WORKER in os.environ else os.getpid()


def _session_folder() -> Path:
    key = os.environ.get(SESSION, "")[:12] or str(_watched_pid())
    return Path(tempfile.gettempdir()) / f"lastmeter-test-{os.geteuid()}-{key}"


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start_keeper(folder: Path) -> None:
    source = str(Path(__file__).resolve().parents[2])
    keeper_log = folder / "keeper.log"
    with keeper_log.open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "lastmeter.embedded.testing", str(folder), str(_watched_pid())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": source},
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_SECONDS
    while not (folder / "ready").exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise TestClusterFailed(log=keeper_log.read_text(errors="replace")[-2000:])
        time.sleep(0.02)
    keeper.returncode = 0  # it outlives us on purpose; without this Popen warns of a child still running


def keep(folder: Path, watched: int) -> None:
    """Runs the session's cluster in `folder` until process `watched` has ended, then removes both."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        with postgres.start(folder / "data", fast=True):
            draft = folder / "ready.new"
            draft.write_text(str(folder / "data"))
            draft.rename(folder / "ready")
            _wait_for_end(watched)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_end(pid: int) -> None:
    """Returns when process `pid` is gone."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # not Linux, or a kernel before 5.3
        while _alive(pid):
            time.sleep(0.5)
        return
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    poll.poll()
    os.close(watch)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]))
