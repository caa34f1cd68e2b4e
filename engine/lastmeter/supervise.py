"""The parent of `lastmeter demo`: database, Redis, web and worker under one process that takes them all down with it.

Nothing outlives it. Ctrl-C, SIGTERM and a closed terminal stop the children in order; when this process is killed the
kernel tells each child. A child that crashes is started again, after a pause that grows with each crash.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from lastmeter.embedded import postgres, redis
from lastmeter.embedded.process import end, guarded
from lastmeter.errors import LastmeterError

LOOPBACK = "127.0.0.1"
PORT = 8765
PORTS_TRIED = 100
WEB = "lastmeter_web.app:create_app()"
WORKER = (sys.executable, "-m", "lastmeter.worker")
WEB_PROCESSES = 2
WEB_THREADS = 4

READY_SECONDS = 90.0
LOOK_SECONDS = 0.25
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# A child that ran this long was well; its next crash counts as its first.
WELL_SECONDS = 60.0
# So many crashes in a row are no accident, and starting it for ever would hide that.
CRASHES_BORNE = 6
STOP_SECONDS = 15.0
LOG_BYTES = 10 * 1024 * 1024
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildFailed(LastmeterError):
    """A child ended again and again, or never answered; facts: `child`, `log` (its file), `said` (its last lines)."""

    code = "child_failed"
    kind = "unavailable"


class NoPortFree(LastmeterError):
    """Every port that we tried on loopback is taken; facts: `first`, `last`."""

    code = "no_port_free"
    kind = "unavailable"


class _Stopped(BaseException):
    """Somebody asked us to stop. Not an Exception: no `except Exception` on the way may swallow it."""


class Server(Protocol):
    """What we start before the children and start again when it crashes."""

    def running(self) -> bool: ...
    def restart(self) -> None: ...
    def stop(self) -> None: ...


@dataclass
class Child:
    """A program of ours that is kept running."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    inherit: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    crashes: int = 0
    start_at: float = field(default=0.0)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = guarded(
                self.command,
                when_parent_dies=signal.SIGTERM,
                log=log,
                environment=self.environment,
                inherit=self.inherit,
                with_offspring=True,
            )
        self.started_at = time.monotonic()

    def look(self) -> None:
        """Running, or waiting for its next start. Raises ChildFailed when it will not stay up."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            self.process = None
            self.crashes = 1 if now - self.started_at > WELL_SECONDS else self.crashes + 1
            if self.crashes >= CRASHES_BORNE:
                raise ChildFailed(child=self.name, log=str(self.log), said=_last_lines(self.log))
            self.start_at = now + min(FIRST_PAUSE * 2 ** (self.crashes - 1), LONGEST_PAUSE)
        elif now >= self.start_at:
            self.start()

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, [(signal.SIGTERM, STOP_SECONDS)])
            self.process = None


def run_demo(
    data_dir: Path,
    *,
    prepare: Callable[[postgres.Cluster], None],
    announce: Callable[[str], None],
    port: int = PORT,
    environment: Mapping[str, str] | None = None,
    web: str = WEB,
    worker: Sequence[str] = WORKER,
) -> None:
    """Runs until somebody stops it; afterwards nothing that it started runs.

    `prepare(cluster)` migrates and fills the database before web and worker start; `announce(address)` is called once
    the web answers. `environment` adds to what the children get (LASTMETER_DEMO and the like). Raises FolderInUse when
    the demo already runs on `data_dir`, PostgresFailed, NoPortFree, ChildFailed.
    """
    with _stoppable(), contextlib.ExitStack() as running:
        cluster = postgres.start(data_dir / "postgres")
        running.callback(cluster.stop)
        prepare(cluster)
        wakeup = redis.start(data_dir / "redis")
        if wakeup is not None:
            running.callback(wakeup.stop)
        listener = running.enter_context(_listen(port))
        address = f"http://{LOOPBACK}:{listener.getsockname()[1]}/"
        known = _environment(data_dir, cluster, environment or {})
        logs = data_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        children = [
            Child("web", _web_command(web, listener), _log(logs, "web"), known, [listener.fileno()]),
            Child("worker", worker, _log(logs, "worker"), {**known, **_redis_environment(wakeup)}),
        ]
        for child in children:
            # Registered before it starts: whatever happens in between, it is stopped.
            running.callback(child.stop)
            child.start()
        servers: list[Server] = [cluster, *([wakeup] if wakeup is not None else [])]
        _wait_for_web(listener, servers, children)
        announce(address)
        while True:
            _look_after(servers, children)
            time.sleep(LOOK_SECONDS)


def _look_after(servers: Sequence[Server], children: Sequence[Child]) -> None:
    for server in servers:
        if not server.running():
            server.restart()
    for child in children:
        child.look()


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Inside, the first Ctrl-C, SIGTERM or SIGHUP unwinds to here; later ones do not disturb the unwinding."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
    try:
        yield
    except _Stopped:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(port: int) -> socket.socket:
    """A socket on loopback that we keep and the web inherits: its port stays ours through every restart of the web."""
    for candidate in range(port, port + PORTS_TRIED):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, candidate))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        return listener
    raise NoPortFree(first=port, last=port + PORTS_TRIED - 1)


def _web_command(application: str, listener: socket.socket) -> list[str]:
    options = [f"--workers={WEB_PROCESSES}", f"--threads={WEB_THREADS}", f"--bind=fd://{listener.fileno()}"]
    options += ["--graceful-timeout=10", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", *options, application]


def _environment(data_dir: Path, cluster: postgres.Cluster, extra: Mapping[str, str]) -> dict[str, str]:
    """Ours without the client's PG* settings, with the addresses of what we started; the web gets no owner's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PG") and name not in ("LASTMETER_OWNER_URL", "LASTMETER_REDIS_URL")
    }
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "LASTMETER_DATABASE_URL": cluster.url(),
        "LASTMETER_DATA_DIR": str(data_dir),
        **extra,
    }


def _redis_environment(server: redis.PrivateRedis | None) -> dict[str, str]:
    return {"LASTMETER_REDIS_URL": server.url} if server is not None else {}


def _wait_for_web(listener: socket.socket, servers: Sequence[Server], children: Sequence[Child]) -> None:
    """The web answers. Raises ChildFailed when it does not within its time."""
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(listener.getsockname()):
        _look_after(servers, children)
        if time.monotonic() > deadline:
            web = children[0]
            raise ChildFailed(child=web.name, log=str(web.log), said=_last_lines(web.log))
        time.sleep(LOOK_SECONDS)


def _answers(address: tuple[str, int]) -> bool:
    """True for any HTTP answer: the application was loaded and took a request."""
    try:
        with socket.create_connection(address, timeout=2) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            return connection.recv(16).startswith(b"HTTP/")
    except OSError:
        return False


def _log(folder: Path, name: str) -> Path:
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path


def _last_lines(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
