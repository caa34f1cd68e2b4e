"""A campaign of random FEEL expressions: each gives a value or one of our errors, within time and memory.

    python -m bench.feel_fuzz --seconds 600 --seed 7

Every text is asked in a process that may take SECONDS of processor time and MEGABYTES beyond what the program takes
itself. Prints how many texts gave what, the slowest, and every text that broke a promise; ends with 1 if one did.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "engine"))

from tests.unit.feel.grammar import expression, spoiled

from lastmeter.feel import FeelBudgetExceeded, FeelSyntaxError, evaluate, literal_of, unary_test

SECONDS = 1.0
MEGABYTES = 100
CONTEXT = {"x": 3, "y z": [{"a": 1}, {"a": "b"}], "deep": [[[[1]]]], "text": "ab" * 40_000, "many": list(range(20_000))}


def outcome(text: str) -> str:
    """What the text gives: `value`, `syntax`, or the limit that it met. Whatever else is raised is a fault of ours."""
    try:
        value = evaluate(text, CONTEXT)
        unary_test(text, 5, CONTEXT)
        literal_of(value)
    except FeelSyntaxError:
        return "syntax"
    except FeelBudgetExceeded as refusal:
        return str(refusal.facts["limit"])
    return "value"


def confined() -> None:
    """This process may grow by MEGABYTES from here on: more is a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MEGABYTES * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def campaign(seed: int, seconds: float) -> tuple[collections.Counter[str], list[str], tuple[float, str]]:
    draw = random.Random(seed)
    counted: collections.Counter[str] = collections.Counter()
    broken: list[str] = []
    slowest = (0.0, "")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        text = expression(draw, draw.randrange(1, 6))
        if draw.random() < 0.2:
            text = spoiled(draw, text)
        began = time.process_time()
        try:
            found = outcome(text)
        except BaseException as fault:  # the campaign is after exactly these
            found = "fault"
            broken.append(f"{type(fault).__name__}: {text}")
        spent = time.process_time() - began
        # Three questions are asked of each text: the value, the cell, the value as text.
        if spent > 3 * SECONDS:
            broken.append(f"{spent:.2f} s: {text}")
        slowest = max(slowest, (spent, text))
        counted[found] += 1
    return counted, broken, slowest


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="A campaign of random FEEL expressions.")
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    confined()
    counted, broken, slowest = campaign(given.seed, given.seconds)
    print(f"seed {given.seed}: {sum(counted.values())} texts: {dict(counted.most_common())}")
    print(f"slowest {slowest[0]:.2f} s: {slowest[1][:200]}")
    for each in broken:
        print("BROKEN", each[:2000])
    os._exit(1 if broken else 0)
