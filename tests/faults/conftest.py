"""Several instances of a small process, people who work on them, and processes that are killed meanwhile."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Select, func, select, text
from sqlalchemy.orm import Session, sessionmaker
from tests import prepared
from tests.integration.workflow.conftest import Scene, diagram, sequence

from lastmeter import audit, jobs
from lastmeter.actor import SYSTEM
from lastmeter.embedded import testing
from lastmeter.identity import logins
from lastmeter.identity.models import Account
from lastmeter.outbox import Job
from lastmeter.rehearsal import reconciliation
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.models import HistoryEvent, HumanTask, Incident, Instance, Subscription, Timer
from lastmeter.workflow.refusals import TaskGone

ROOT = Path(__file__).resolve().parents[2]
OFFICER = 'camunda:candidateGroups="district_officer"'
TIMER = (
    '<intermediateCatchEvent id="pause"><timerEventDefinition><timeDuration>PT0.2S</timeDuration>'
    "</timerEventDefinition></intermediateCatchEvent>"
)
# Three jobs each: a timer, the start of a child, the end of a child.
RELAY = diagram(
    sequence(
        "relay", f'<userTask id="a" name="一" {OFFICER}/>', TIMER, '<callActivity id="call" calledElement="inner"/>',
        f'<userTask id="b" name="二" {OFFICER}/>',
    ),
    sequence("inner", f'<userTask id="c" name="三" {OFFICER}/>'),
)  # fmt: skip
OPEN = ("open", "hold", "suspended")
PATIENCE = 120.0


@dataclass
class Ground:
    """A published process in a database of its own, and what undisturbed instances of it look like."""

    scene: Scene
    database: testing.Database
    owner: Engine
    expected: list[Counter[str]] = field(default_factory=list)

    def start(self, count: int) -> list[int]:
        return [self.scene.start("lixia.officer", "relay") for _ in range(count)]

    def environment(self, **more: str) -> dict[str, str]:
        """The settings of a process on this database."""
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "engine"), str(ROOT / "webapp"), str(ROOT)]),
            "LASTMETER_DATABASE_URL": self.database.app_url,
            "LASTMETER_MASTER_KEY": base64.b64encode(bytes(range(32))).decode(),
            "LASTMETER_SECURE_COOKIES": "0",
            "LASTMETER_WORKER_POLL_SECONDS": "0.2",
            **more,
        }

    def end_leases(self) -> None:
        """As if the minute were over for which a dead worker's jobs are its own."""
        with self.owner.begin() as connection:
            connection.execute(text("UPDATE job SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL"))

    def open_tasks(self) -> list[int]:
        query = select(HumanTask.id).where(HumanTask.state.in_(OPEN)).order_by(HumanTask.id)
        return self.scene(lambda session: list(session.scalars(query)))

    def running(self) -> int:
        query = select(func.count()).where(Instance.state.in_(("running", "incident")))
        return self.scene(lambda session: session.scalar(query) or 0)

    def complete(self, task_id: int) -> None:
        with suppress(TaskGone):
            self.scene(lambda s: tasks.complete(s, self.scene.actor(s, "lixia.officer"), task_id, {}))

    def work_until_done(self, turn: Callable[[], None], *, complete: Callable[[int], None] | None = None) -> None:
        """People complete what is open, and `turn` happens in between, until nothing runs any more."""
        deadline = time.monotonic() + PATIENCE
        while self.running():
            assert time.monotonic() < deadline, f"{self.running()} instances still run"
            for task_id in self.open_tasks():
                (complete or self.complete)(task_id)
            turn()

    # --- what must hold ------------------------------------------------------------------------------------------

    def shape(self, instance_id: int) -> list[Counter[str]]:
        """What the audit chain and the history of the instance and its child hold, each as a multiset."""
        found = []
        for each in [instance_id, *self.scene.children(instance_id)]:
            facts = select(audit.AuditEvent.action, audit.AuditEvent.facts["element"].astext)
            lines = select(HistoryEvent.event, HistoryEvent.element_id)
            found.append(
                self._multiset(facts.where(audit.AuditEvent.chain == f"instance/{each}"))
                + self._multiset(lines.where(HistoryEvent.instance_id == each))
            )
        return found

    def _multiset(self, query: Select[Any]) -> Counter[str]:
        return Counter(self.scene(lambda s: [f"{row[0]} {row[1]}" for row in s.execute(query)]))

    def assert_nothing_lost_or_doubled(self, started: list[int]) -> None:
        """Every instance went its way exactly once: audit, history, rows and state agree."""
        wrong = {each: self.shape(each) for each in started if self.shape(each) != self.expected}
        assert wrong == {}
        assert self.scene(lambda s: s.scalar(select(func.count()).where(Instance.parent_id.is_not(None)))) == len(
            self.scene(lambda s: s.scalars(select(Instance.id).where(Instance.parent_id.is_(None))).all())
        )
        for each in self.scene(lambda s: list(s.scalars(select(Instance.id)))):
            assert self.scene(lambda s, e=each: instances.verify_audit(s, e)) is None
            seqs = self.scene(lambda s, e=each: list(
                s.scalars(select(HistoryEvent.seq).where(HistoryEvent.instance_id == e).order_by(HistoryEvent.seq))
            ))  # fmt: skip
            assert seqs == list(range(1, len(seqs) + 1))
        for table in (Timer, Subscription, Job, Incident):
            assert self.scene(lambda s, t=table: s.scalar(select(func.count()).select_from(t))) == 0, table
        assert self.scene(reconciliation.problems) == []


@pytest.fixture
def start_from() -> str:
    """The rehearsal world stands."""
    return prepared.town()


@pytest.fixture
def ground(own_database: testing.Database, factory: sessionmaker[Session], owner_engine: Engine) -> Ground:
    """The process published on the real clock, and one instance gone through undisturbed."""
    scene = Scene(factory)
    made = Ground(scene, own_database, owner_engine)
    scene.publish(RELAY)
    (reference,) = made.start(1)

    def turn() -> None:
        jobs.drain(factory)
        time.sleep(0.05)

    made.work_until_done(turn)
    made.expected = made.shape(reference)
    assert len(made.expected) == 2
    return made


# --- processes that die ----------------------------------------------------------------------------------------


@contextmanager
def child(*command: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process group of ours, gone at the end with all below it."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *command], env=environment, cwd=ROOT, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def below(pid: int) -> list[int]:
    """The children of a process."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


class _OverSocket(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=15)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(15)
        self.sock.connect(str(self._path))


@dataclass
class Web:
    """gunicorn with several processes behind a socket, and a program's token to talk to it."""

    process: subprocess.Popen[bytes]
    path: Path
    token: str
    lost: int = 0  # answers that never came

    def post(self, address: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and body. Raises OSError or HTTPException where the answer is lost."""
        connection = _OverSocket(self.path)
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        try:
            connection.request("POST", f"/api/v1{address}", json.dumps(body), sent)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        finally:
            connection.close()

    def insist(self, address: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
        """As `post`, tried again after every lost answer and while the server says to try later."""
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline, "no answer"
            try:
                status, said = self.post(address, body, **headers)
            except (OSError, http.client.HTTPException):
                self.lost += 1
                time.sleep(0.05)
                continue
            if status < 500:
                return status, said
            time.sleep(0.05)

    def complete(self, task_id: int) -> None:
        """The task is done, by us now or by a request of ours whose answer was lost."""
        status, said = self.insist(f"/tasks/{task_id}/complete", {"data": {}})
        assert status == 200 or said["code"] == "task_gone", said


@pytest.fixture
def web(ground: Ground) -> Callable[..., Any]:
    """`with web(failpoint) as here:` is a running web server with that failpoint in each of its processes."""
    folder = Path(tempfile.mkdtemp(prefix="lm-web-"))

    @contextmanager
    def run(failpoint: str = "") -> Iterator[Web]:
        token = ground.scene(
            lambda s: logins.make_token(
                s, SYSTEM, s.scalars(select(Account).where(Account.login == "lixia.officer")).one(), "faults",
                ("read", "work"),
            )
        )  # fmt: skip
        path = folder / f"{len(list(folder.iterdir()))}.sock"
        environment = ground.environment(LASTMETER_FAILPOINT=failpoint, LASTMETER_DATA_DIR=str(folder))
        # Loaded once and forked: a killed process is back at once.
        arguments = ["-m", "gunicorn", "-w", "2", "--threads", "2", "--preload", "-b", f"unix:{path}"]
        with child(
            *arguments, "lastmeter_web.app:create_app()", environment=environment, log=folder / "web.log"
        ) as process:
            deadline = time.monotonic() + PATIENCE
            while not path.exists() or not below(process.pid):
                assert process.poll() is None, (folder / "web.log").read_text()[-3000:]
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield Web(process, path, token)

    return run
