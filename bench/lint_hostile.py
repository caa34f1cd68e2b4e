"""Time and memory that `definitions.lint` takes for hostile files, each in a process of its own.

Prints one line per shape: bytes, seconds, peak resident memory above that of the idle program, findings. Goal: no shape
over 2 s or 300 MB.
Run: `python bench/lint_hostile.py [shape …]`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MOST_SECONDS = 2.0
MOST_MEMORY = 300.0
SIZE = 5 * 1024 * 1024

ROOT = Path(__file__).resolve().parents[1]
CHILD = """
import json, resource, sys, time
from lastmeter import wiring
from lastmeter.definitions import lint
from tests.fixtures import hostile
wiring.connect()
lint.lint(hostile.file("<bpmn:task id='t'/>"))
xml = hostile.SHAPES[sys.argv[1]](int(sys.argv[2]))
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
findings = lint.lint(xml)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([len(xml), seconds, idle / 1024, peak / 1024, len(findings), findings[0].rule if findings else ""]))
"""


def measured(shape: str, size: int = SIZE) -> tuple[int, float, float, float, int, str]:
    """Bytes, seconds, idle and peak MB, number of findings and the first one's rule."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, shape, str(size)],
        cwd=ROOT, env={"PYTHONPATH": "engine:webapp:."}, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{shape}: {done.stderr[-2000:]}")
    length, seconds, idle, peak, count, rule = json.loads(done.stdout)
    return length, seconds, idle, peak, count, rule


def main() -> None:
    """Every shape, or those named; status 1 if one is over a limit."""
    sys.path.insert(0, str(ROOT))
    from tests.fixtures import hostile

    over = []
    print(f"{'shape':26} {'MB':>5} {'s':>7} {'MB idle':>8} {'MB peak':>8} {'findings':>8}")
    for shape in sys.argv[1:] or hostile.SHAPES:
        length, seconds, idle, peak, count, rule = measured(shape)
        late = seconds > MOST_SECONDS or peak > MOST_MEMORY
        if late:
            over.append(shape)
        mark = " <- over" if late else ""
        print(
            f"{shape:26} {length / 2**20:5.1f} {seconds:7.2f} {idle:8.0f} {peak:8.0f} {count:8} {rule}{mark}",
            flush=True,
        )
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
