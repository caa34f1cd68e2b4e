"""FEEL and decision tables against plain Python and against other FEEL packages: `python -m bench.feel`.

Prints microseconds per evaluation and ratios, both sides measured by turns. The others are no dependency; whoever wants
them beside ours installs them into a folder of their own and names it:

    .venv/bin/python -m pip install --target /tmp/feel-peers bkflow-feel==1.2.0 pySFeel==1.4.2
    .venv/bin/python -m bench.feel --peers /tmp/feel-peers
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "engine"))

from lastmeter.decisions import load
from lastmeter.feel import compile_expression, evaluate

CONDITION = 'amount > 100 and method = "open"'
# pySFeel binds `and` more tightly than the comparisons: without brackets it gives false.
BRACKETED = '(amount > 100) and (method = "open")'


def per_call(work: Callable[[], object], *, seconds: float = 0.4) -> float:
    """The best of five rounds, in microseconds."""
    work()
    turns, spent = 1, 0.0
    while spent < seconds / 20:
        turns *= 2
        spent = _timed(work, turns)
    return min(_timed(work, turns) for _ in range(5)) / turns * 1e6


def _timed(work: Callable[[], object], turns: int) -> float:
    start = time.perf_counter()
    for _ in range(turns):
        work()
    return time.perf_counter() - start


def table(rules: int, inputs: int, *, equality: bool = False) -> bytes:
    """A DMN table with that many rows and columns: number ranges and strings by turns, or codes only."""
    columns = "".join(
        f'<input id="i{n}"><inputExpression><text>x{n}</text></inputExpression></input>' for n in range(inputs)
    )
    rows = "".join(_row(row, inputs, equality=equality) for row in range(rules))
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="bench">'
        '<decision id="t" name="t"><variable name="t"/><decisionTable id="dt" hitPolicy="FIRST">'
        f'{columns}<output id="o" name="o"/>{rows}</decisionTable></decision></definitions>'
    ).encode()


def _row(row: int, inputs: int, *, equality: bool) -> str:
    cells = []
    for column in range(inputs):
        if equality:
            text = f'"k{row}"' if column == 0 else "-"
        else:
            text = f"[{row * 10}..{row * 10 + 9}]" if column % 2 == 0 else f'"a{row}","b{row}"'
        cells.append(f"<inputEntry><text>{escape(text)}</text></inputEntry>")
    return f'<rule id="r{row}">{"".join(cells)}<outputEntry><text>{row}</text></outputEntry></rule>'


def plain_table(rules: int) -> Callable[[dict[str, object]], int | None]:
    """The same table as a loop over tuples in Python."""
    rows = [(Decimal(row * 10), Decimal(row * 10 + 9), {f"a{row}", f"b{row}"}, row) for row in range(rules)]

    def decide(values: dict[str, object]) -> int | None:
        x0, x1, x2, x3, x4 = (values[f"x{n}"] for n in range(5))
        for low, high, codes, result in rows:
            if low <= x0 <= high and x1 in codes and low <= x2 <= high and x3 in codes and low <= x4 <= high:  # type: ignore[operator]
                return result
        return None

    return decide


def beside(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Microseconds of both, measured by turns, so that whatever else the machine does slows both; the best rounds."""
    rounds = [(per_call(ours, seconds=0.2), per_call(theirs, seconds=0.2)) for _ in range(5)]
    return min(one for one, _ in rounds), min(other for _, other in rounds)


def line(what: str, ours: Callable[[], object], plain: Callable[[], object], goal: str) -> None:
    mine, floor = beside(ours, plain)
    print(f"{what:<46} {mine:9.2f} µs   plain {floor:8.2f} µs   ratio {mine / floor:6.1f}   goal {goal}")


def against(what: str, ours: Callable[[], object], calls: dict[str, Callable[[], object]]) -> None:
    for name, call in calls.items():
        mine, theirs = beside(ours, call)
        print(f"{f'  {what}, {name}':<46} {theirs:9.2f} µs   ours is {theirs / mine:.0f} times faster   goal >= 10")


def conditions(peers: list[Peer]) -> None:
    expression = compile_expression(CONDITION)
    context: dict[str, Any] = {"amount": 250, "method": "open"}

    def plain() -> bool:
        return Decimal(context["amount"]) > 100 and context["method"] == "open"

    line("gateway condition, compiled", lambda: expression.evaluate(context), plain, "<= 5 µs")
    line("gateway condition, from the cache by text", lambda: evaluate(CONDITION, context), plain, "")
    calls = {peer.name: peer.ready(BRACKETED, context) for peer in peers}
    assert all(call() is True for call in calls.values())
    against("by text", lambda: evaluate(CONDITION, context), calls)


def tables(peers: list[Peer]) -> None:
    values: dict[str, object] = {f"x{n}": Decimal(493) if n % 2 == 0 else "a49" for n in range(5)}
    model, plain = load(table(50, 5)), plain_table(50)
    assert model.evaluate("t", values) == plain(values) == 49
    line(
        "table of 50 rules and 5 inputs, last row hit",
        lambda: model.evaluate("t", values), lambda: plain(values), "<= 150 µs",
    )  # fmt: skip
    calls = {peer.name: _row_by_row(peer, {name: _plain(value) for name, value in values.items()}) for peer in peers}
    assert all(call() == 49 for call in calls.values())
    against("its rows as conditions", lambda: model.evaluate("t", values), calls)

    large = load(table(10_000, 5, equality=True))
    rows = {f"k{row}": row for row in range(10_000)}
    asked = {"x0": "k9999", "x1": 1, "x2": 1, "x3": 1, "x4": 1}
    assert large.evaluate("t", asked) == 9999
    line(
        "table of 10,000 rows, equality column",
        lambda: large.evaluate("t", asked), lambda: rows[str(asked["x0"])], "< 5000 µs",
    )  # fmt: skip


def _plain(value: object) -> object:
    return int(value) if isinstance(value, Decimal) else value


def _row_by_row(peer: Peer, values: dict[str, object]) -> Callable[[], object]:
    """The table of 50 rules as one has to write it where there are no tables: a condition for each row, in order."""
    rows = []
    for row in range(50):
        parts = [
            f"(x{n} >= {row * 10}) and (x{n} <= {row * 10 + 9})"
            if n % 2 == 0
            else f'((x{n} = "a{row}") or (x{n} = "b{row}"))'
            for n in range(5)
        ]
        rows.append((peer.ready(" and ".join(parts), values), row))

    def decide() -> object:
        return next((row for holds, row in rows if holds() is True), None)

    return decide


# --- others ----------------------------------------------------------------------------------------------------------


class Peer(Protocol):
    """Another FEEL package: `ready` gives what evaluates a text in a context, as its manual shows it."""

    name: str

    def ready(self, text: str, context: dict[str, object]) -> Callable[[], object]: ...


class BkflowFeel:
    name = "bkflow-feel"

    def __init__(self) -> None:
        self.api = importlib.import_module("bkflow_feel.api")

    def ready(self, text: str, context: dict[str, object]) -> Callable[[], object]:
        return lambda: self.api.parse_expression(text, context)


class PySFeel:
    name = "pySFeel"

    def __init__(self) -> None:
        self.parser = importlib.import_module("pySFeel").SFeelParser()

    def ready(self, text: str, context: dict[str, object]) -> Callable[[], object]:
        for name, value in context.items():
            self.parser.sFeelParse(f"{name} <- {json.dumps(value)}")
        return lambda: self.parser.sFeelParse(text)[1]


def installed(folder: Path | None) -> list[Peer]:
    """The other packages that lie in the folder or in this environment."""
    if folder is not None:
        sys.path.append(str(folder))  # behind ours: nothing of our own is replaced
    found: list[Peer] = []
    for kind in (BkflowFeel, PySFeel):
        try:
            found.append(kind())
        except ImportError:
            print(f"{kind.name} is not there: no comparison (see the head of this file)")
    return found


def loading() -> None:
    start = time.perf_counter()
    load(table(10_000, 5, equality=True))
    spent = time.perf_counter() - start
    tracemalloc.start()
    held = load(table(10_000, 5, equality=True))
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(held.tables[0].rules) == 10_000
    print(f"loading 10,000 rows: {spent:.2f} s; holds {size / 1e6:.0f} MB, peak {peak / 1e6:.0f} MB")
    texts = iter(range(10**9))
    spent = per_call(lambda: compile_expression(f"{CONDITION} or x = {next(texts)}"))
    print(f"parse and compile a condition: {spent:.0f} µs")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--peers", type=Path, help="the folder in which bkflow-feel and pySFeel are installed")
    peers = installed(asked.parse_args().peers)
    conditions(peers)
    tables(peers)
    loading()
