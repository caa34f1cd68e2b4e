"""A guarded child ends with its parent, by the kernel's help and without it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lastmeter.embedded.process import FolderInUse, Lock

ENGINE = Path(__file__).resolve().parents[3] / "engine"
PARENT = """
import signal, sys, time
from lastmeter.embedded.process import guarded
child = guarded(["sh", "-c", "trap 'echo told > " + sys.argv[1] + "; exit 0' TERM; echo $$ > " + sys.argv[1] +
                 ".pid; while :; do sleep 0.1; done"], when_parent_dies=signal.SIGTERM, log=None,
                with_offspring=sys.argv[2] == "watched")
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["by the kernel", "watched"])
def test_a_child_is_told_when_its_parent_is_killed(tmp_path: Path, how: str) -> None:
    told = tmp_path / "told"
    environment = {**os.environ, "PYTHONPATH": str(ENGINE)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(told), how], stdout=subprocess.PIPE, env=environment, text=True
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        while not told.with_name("told.pid").exists():
            time.sleep(0.02)
        parent.kill()
    deadline = time.monotonic() + 10
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert told.read_text() == "told\n"


def test_a_lock_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom lastmeter.embedded.process import Lock\n"
        "lock = Lock(Path(sys.argv[1]))\nlock.hold()\nprint('held', flush=True)\ntime.sleep(600)"
    )
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ENGINE)},
        text=True,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(FolderInUse) as refusal:
            Lock(path).hold()
        assert refusal.value.facts["pid"] == str(holder.pid)
        holder.send_signal(signal.SIGKILL)
    mine = Lock(path)
    mine.hold()
    mine.release()
