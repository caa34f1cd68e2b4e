"""Memory of a worker process that holds every bundled process and has performed a few hundred jobs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench._stand import ROOT, Stand, stand

from lastmeter import db
from lastmeter.actor import SYSTEM
from lastmeter.definitions import publishing
from lastmeter.workflow import instances

JOBS = 400
# One job each: a timer that is due at once, after which the instance ends.
TIMED = (
    b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="http://lastmeter.org/bench">'
    b'<process id="timed" name="timed" isExecutable="true"><startEvent id="s"/><intermediateCatchEvent id="t">'
    b"<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition></intermediateCatchEvent>"
    b'<endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="t"/>'
    b'<sequenceFlow id="f2" sourceRef="t" targetRef="e"/></process></definitions>'
)


def _memory(pid: int) -> dict[str, int]:
    """Resident and highest resident kilobytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmRSS", "VmHWM"))}


def _start(here: Stand) -> None:
    with here.factory() as session, db.unit_of_work(session):
        publishing.publish_bundled(session, SYSTEM)
        publishing.publish(session, SYSTEM, TIMED)
    for _ in range(JOBS):
        with here.factory() as session, db.unit_of_work(session):
            instances.start(session, SYSTEM, "timed")


def main() -> None:
    with stand() as here:
        _start(here)
        worker = subprocess.Popen([sys.executable, "-m", "lastmeter.worker"], env=here.environment(), cwd=ROOT)
        try:
            while here.sql("SELECT count(*) FROM instance WHERE state = 'running'")[0][0]:
                time.sleep(0.3)
            found = _memory(worker.pid)
        finally:
            worker.terminate()
            worker.wait()
    print(f"after {JOBS} jobs: {found['VmRSS'] / 1024:.0f} MB resident, {found['VmHWM'] / 1024:.0f} MB at most (200)")


if __name__ == "__main__":
    main()
