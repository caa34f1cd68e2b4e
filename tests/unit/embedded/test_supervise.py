"""The demo's parent: what it starts answers, comes back after a crash, and is gone when the parent is."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parents[3] / "engine"
PARENT = """
import sys
from pathlib import Path
from lastmeter import supervise
from lastmeter.supervise import run_demo
folder = Path(sys.argv[1])
supervise.FIRST_PAUSE = 0.1
try:
    run_demo(folder / "data", prepare=lambda cluster: print("prepared", flush=True),
             announce=lambda address: print(address, flush=True), port=int(sys.argv[2]),
             web="probe:application", worker=[sys.executable, str(folder / "worker.py")])
except supervise.ChildFailed as failure:
    print(failure.facts["child"], failure.facts["said"], flush=True)
    sys.exit(3)
print("stopped in order", flush=True)
"""
APPLICATION = """
import os
import psycopg
def application(environ, start_response):
    with psycopg.connect(os.environ["LASTMETER_DATABASE_URL"]) as connection:
        user = connection.execute("SELECT current_user").fetchone()[0]
    body = f"{user} {os.getppid()} {'LASTMETER_REDIS_URL' in os.environ}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
# It leaves a child behind when it is told to go, as an RQ worker killed at work does.
WORKER = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
print("redis", os.environ.get("LASTMETER_REDIS_URL", "none"), flush=True)
time.sleep(600)
"""


@dataclass
class Demo:
    """A running parent, and a mark that every process it starts inherits."""

    process: subprocess.Popen[str]
    folder: Path
    mark: str
    address: str

    def ask(self) -> list[str]:
        with urllib.request.urlopen(self.address, timeout=5) as answer:
            return answer.read().decode().split()

    def ask_patiently(self) -> list[str]:
        deadline = time.monotonic() + 20
        while True:
            try:
                return self.ask()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def left_running(self) -> list[str]:
        """The command lines of its processes, itself excepted."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (entry / "environ").read_bytes()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                ours = self.mark.encode() in environment or str(self.folder) in line
                if ours and line and int(entry.name) != self.process.pid:
                    found.append(line)
        return found

    def gone(self) -> bool:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if not self.left_running():
                return True
            time.sleep(0.1)
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(worker: str = WORKER, port: int | None = None, *, wait: bool = True) -> Iterator[Demo]:
    with tempfile.TemporaryDirectory(prefix="lastmeter-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "probe.py").write_text(APPLICATION)
        (folder / "worker.py").write_text(textwrap.dedent(worker))
        mark = uuid.uuid4().hex
        environment = {**os.environ, "PYTHONPATH": f"{ENGINE}:{folder}", "LASTMETER_TEST_MARK": mark, "PGPORT": "1"}
        with subprocess.Popen(
            [sys.executable, "-c", PARENT, name, str(port or free_port())],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            demo = Demo(process, folder, mark, "")
            try:
                if wait:
                    assert process.stdout.readline() == "prepared\n"
                    demo.address = process.stdout.readline().strip()
                    assert demo.address.startswith("http://127.0.0.1:"), demo.address + process.stdout.read()
                yield demo
            finally:
                process.kill()
                assert demo.gone()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stops_everything_in_order_when_asked(number: signal.Signals) -> None:
    with started() as demo:
        assert demo.ask()[0] == "lastmeter_app"
        assert any("sleep 600" in line for line in demo.left_running())
        demo.process.send_signal(number)
        output, _ = demo.process.communicate(timeout=40)
        assert output == "stopped in order\n"
        assert demo.process.returncode == 0
        assert demo.left_running() == []


def test_nothing_is_left_when_the_parent_is_killed_not_even_a_childs_child() -> None:
    with started() as demo:
        assert any("sleep 600" in line for line in demo.left_running())
        demo.process.kill()
        demo.process.wait(5)
        assert demo.gone()


def test_a_second_start_keeps_the_data_and_a_parallel_one_is_refused() -> None:
    with started() as demo:
        again = subprocess.run(
            [sys.executable, "-c", PARENT, str(demo.folder), str(free_port())],
            env={**os.environ, "PYTHONPATH": f"{ENGINE}:{demo.folder}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "folder_in_use" in again.stderr
        assert demo.ask()[0] == "lastmeter_app"


def test_the_web_comes_back_on_the_same_port_after_a_crash() -> None:
    with started() as demo:
        master = int(demo.ask()[1])
        os.kill(master, signal.SIGKILL)
        answer = demo.ask_patiently()
        assert answer[0] == "lastmeter_app"
        assert int(answer[1]) != master


def test_the_database_comes_back_after_a_crash() -> None:
    with started() as demo:
        pid_file = demo.folder / "data" / "postgres" / "pgdata" / "postmaster.pid"
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        time.sleep(0.5)
        assert demo.ask_patiently()[0] == "lastmeter_app"


def test_only_the_worker_hears_of_redis() -> None:
    with started() as demo:
        assert demo.ask()[2] == "False"
        log = demo.folder / "data" / "logs" / "worker.log"
        assert "redis unix://" in log.read_text(), "install redis-server"


def test_a_taken_port_gives_way_to_the_next() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started(port=port) as demo:
            assert int(demo.address.rstrip("/").rsplit(":", 1)[1]) > port


def test_a_child_that_never_stays_up_stops_the_demo_and_its_last_words_are_told() -> None:
    with started(worker="raise SystemExit('no such table')", wait=False) as demo:
        output, _ = demo.process.communicate(timeout=60)
        assert demo.process.returncode == 3
        assert "worker" in output
        assert "no such table" in output
        assert demo.left_running() == []
