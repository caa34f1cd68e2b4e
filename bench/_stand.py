"""What the measurements share: a durable PostgreSQL of their own, the six-step process, gunicorn, clients in turn."""

from __future__ import annotations

import base64
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, update
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import db, keys, migrations, wiring
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.embedded import postgres
from lastmeter.identity import logins
from lastmeter.identity.models import Account
from lastmeter.rehearsal.world import build

ROOT = Path(__file__).resolve().parent.parent
KEY = bytes(range(32))
PASSWORD = "correct horse battery"
STEPS = 6
PEOPLE = ("lixia.officer", "lixia.officer2", "licheng.officer", "licheng.officer2")
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
# What one step submits: the same to us and to the floor.
PAYLOAD = {"opinion": "同意，材料齐全，按程序办理。", "amount": "120", "agreed": "yes"}
FORM = {
    "type": "default",
    "id": "step",
    "components": [
        {"type": "textarea", "key": "opinion", "label": "意见", "validate": {"required": True, "maxLength": 200},
         "properties": {"lm.label_en": "Opinion"}},
        {"type": "number", "key": "amount", "label": "数量", "validate": {"required": True, "min": 0, "max": 1000},
         "properties": {"lm.label_en": "Amount"}},
        {"type": "radio", "key": "agreed", "label": "同意", "validate": {"required": True},
         "values": [{"value": "yes", "label": "是", "properties": {"lm.label_en": "Yes"}},
                    {"value": "no", "label": "否", "properties": {"lm.label_en": "No"}}],
         "properties": {"lm.label_en": "Agreed"}},
    ],
    "properties": {"lm.title": "办理", "lm.title_en": "Step", "lm.classification": "internal"},
}  # fmt: skip


def six_steps() -> bytes:
    """Start, six user tasks one after the other, end."""
    names = ["begin", *(f"step{number}" for number in range(1, STEPS + 1)), "finish"]
    flows = list(pairwise(names))
    parts = []
    for place, name in enumerate(names):
        ends = [f"<incoming>f{place - 1}</incoming>"] if place else []
        ends += [f"<outgoing>f{place}</outgoing>"] if place < len(flows) else []
        kind = "startEvent" if name == "begin" else "endEvent" if name == "finish" else "userTask"
        more = ' camunda:candidateGroups="district_officer" camunda:formKey="step"' if kind == "userTask" else ""
        parts.append(f'<{kind} id="{name}" name="{name}"{more}>{"".join(ends)}</{kind}>')
    parts += [
        f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>'
        for number, (source, target) in enumerate(flows)
    ]
    return (
        f'<definitions xmlns="{BPMN}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" '
        f'targetNamespace="http://lastmeter.org/bench"><process id="six" name="六步" isExecutable="true">'
        f"{''.join(parts)}</process></definitions>"
    ).encode()


@dataclass
class _Content:
    xml: bytes
    settings: dict[str, Any]
    forms: dict[str, Any]
    decisions: dict[str, bytes]


@dataclass
class Stand:
    """A database with the rehearsal world, everybody's password, and the six-step process."""

    cluster: postgres.Cluster
    folder: Path
    engine: Engine
    factory: sessionmaker[Session]

    @property
    def url(self) -> str:
        return self.cluster.url()

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "engine"), str(ROOT / "webapp"), str(ROOT)]),
            "LASTMETER_DATABASE_URL": self.url,
            "LASTMETER_MASTER_KEY": base64.b64encode(KEY).decode(),
            "LASTMETER_SECURE_COOKIES": "0",
            "LASTMETER_DATA_DIR": str(self.folder),
        }

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """What the owner reads or does outside any transaction."""
        import psycopg

        with psycopg.connect(self.cluster.url(role=postgres.OWNER), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def stand() -> Iterator[Stand]:
    """A fresh cluster with the settings of an embedded installation: every commit reaches the disk."""
    wiring.connect()
    keys.install(KEY)
    with tempfile.TemporaryDirectory(prefix="lastmeter-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with postgres.start_or_attach(folder / "postgres") as cluster:
            migrations.upgrade(cluster.url(role=postgres.OWNER))
            engine = db.make_engine(cluster.url(), pool_size=8)
            factory = db.session_factory(engine)
            with factory() as session, db.unit_of_work(session):
                build(session)
                session.execute(update(Account).values(password_hash=logins.hash_password(PASSWORD)))
                content = _Content(six_steps(), {}, {"step": FORM}, {})
                publishing.publish_content(session, SYSTEM, content, source="upload")
            yield Stand(cluster, folder, engine, factory)
            engine.dispose()


@contextmanager
def served(here: Stand, application: str, port: int) -> Iterator[int]:
    """gunicorn with four processes; the same for everybody who is measured."""
    command = [sys.executable, "-m", "gunicorn", "-w", "4", "--threads", "4", "-b", f"127.0.0.1:{port}", application]
    with (here.folder / "web.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=here.environment(), cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        for _ in range(600):
            with suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                break
            time.sleep(0.1)
        yield port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def timed(clients: Sequence[Callable[[], float]], turns: int) -> list[float]:
    """Seconds that each call said it took; every client calls `turns` times, all at once."""
    spent: list[float] = []
    errors: list[BaseException] = []

    def run(client: Callable[[], float]) -> None:
        try:
            for _ in range(turns):
                spent.append(client())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return spent


def p50(spent: Sequence[float]) -> float:
    return statistics.median(spent) * 1000


def p99(spent: Sequence[float]) -> float:
    return sorted(spent)[int(len(spent) * 0.99)] * 1000
