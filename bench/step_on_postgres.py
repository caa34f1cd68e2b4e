"""Load, step and save of a process of 50 user tasks on PostgreSQL, beside a bare commit, in turn in the same run.

What is measured is the core alone: the instance's row under its lock, its state read, one task completed, the state
written, one commit. Warm: the live workflow is kept from the step before; cold: it is loaded. The bare commit locks and
writes the same row with a state of the same size.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable
from itertools import pairwise

from bench._stand import stand
from sqlalchemy import Connection, text

from lastmeter.workflow.spiff import Live, Services, Spec, parse, restore

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
TASKS, ROUNDS = 50, 20
SAVE = text("UPDATE bench_state SET blob = :blob, version = version + 1 WHERE id = 1")


def linear() -> Spec:
    names = ["s", *(f"t{number}" for number in range(TASKS)), "e"]
    kinds = ["startEvent", *["userTask"] * TASKS, "endEvent"]
    nodes = "".join(f'<{kind} id="{name}"/>' for kind, name in zip(kinds, names, strict=True))
    flows = "".join(f'<sequenceFlow id="f{a}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(names))
    xml = (
        f'<definitions xmlns="{BPMN}" id="d" targetNamespace="b"><process id="p">{nodes}{flows}</process></definitions>'
    )
    return restore(parse(xml.encode())[0].spec_blob)


class Case:
    """One instance that is stepped to its end again and again; each way of stepping has its own."""

    def __init__(self, spec: Spec, connection: Connection) -> None:
        self.spec, self.connection = spec, connection
        self.begin()

    def begin(self) -> None:
        self.live = Live.start(self.spec, {"amount": 1}, NOW, Services())
        self.uid = self.live.advance(NOW).tasks_opened[0].task_uid
        self.save(self.live.dump())

    def save(self, blob: bytes) -> None:
        self.connection.execute(SAVE, {"blob": blob})
        self.connection.commit()

    def read(self) -> bytes:
        found = self.connection.execute(text("SELECT blob FROM bench_state WHERE id = 1 FOR UPDATE")).scalar_one()
        return bytes(found)

    def bare(self) -> None:
        self.save(self.read())

    def warm(self) -> None:
        self.read()
        self.step()

    def cold(self) -> None:
        self.live = Live.load(self.spec, self.read(), Services())
        self.step()

    def step(self) -> None:
        advance = self.live.complete(self.uid, {"opinion": "同意"}, NOW)
        self.save(self.live.dump())
        if advance.completed:
            self.begin()
        else:
            self.uid = advance.tasks_opened[0].task_uid


def spent(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    with stand() as here:
        here.sql("CREATE TABLE bench_state (id int PRIMARY KEY, blob bytea, version int)")
        here.sql("INSERT INTO bench_state VALUES (1, '', 0)")
        here.sql("GRANT ALL ON bench_state TO PUBLIC")
        with here.engine.connect() as connection:
            case = Case(linear(), connection)
            ways = {"bare commit": case.bare, "warm": case.warm, "cold": case.cold}
            times: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(ROUNDS * TASKS // 2):
                for name, work in ways.items():
                    times[name].append(spent(work))
        middle = {name: statistics.median(found[TASKS:]) for name, found in times.items()}
        for name, milliseconds in middle.items():
            print(f"{name:12} {milliseconds:6.2f} ms  {milliseconds / middle['bare commit']:5.2f} x the bare commit")
        print("asked: warm at most 3 ms, cold at most 6 ms")


if __name__ == "__main__":
    main()
