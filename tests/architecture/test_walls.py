"""The walls of the house: imports point one way, one place commits, one clock tells the time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.conftest import ROOT, calls, modules

# The demo's clock page shows the new time to the workers while it waits for them; only the demo has it.
COMMITTING = {"engine/lastmeter/db.py", "webapp/lastmeter_web/demo/pages.py"}
CLOCKS = {"engine/lastmeter/clock.py"}
NOW = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today")


def test_imports_point_one_way() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "engine"), str(ROOT / "webapp")])}
    command = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_only_the_database_room_commits() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in modules().items()
        if name not in COMMITTING
        for call, line in calls(tree)
        if call.endswith(".commit")
    ]
    assert found == []


def test_only_the_clock_asks_what_time_it_is() -> None:
    found = [
        f"{name}:{line} {call}"
        for name, tree in modules().items()
        if name not in CLOCKS
        for call, line in calls(tree)
        if call.endswith(NOW)
    ]
    assert found == []


def test_nobody_evaluates_text_as_python() -> None:
    found = [
        f"{name}:{line} {call}"
        for name, tree in modules().items()
        for call, line in calls(tree)
        if call in ("eval", "exec", "compile", "__import__", "pickle.loads", "marshal.loads", "yaml.load", "os.system")
    ]
    assert found == []
