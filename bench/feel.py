"""FEEL and decision tables against plain Python doing the same: `.venv/bin/python bench/feel.py`.

Prints microseconds per evaluation and ratios; where bkflow-feel or pySFeel are installed, theirs beside ours.
"""

from __future__ import annotations

import importlib
import sys
import time
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "engine"))

from lastmeter.decisions import load
from lastmeter.feel import compile_expression, evaluate

CONDITION = 'amount > 100 and method = "open"'


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


def plain_table(rules: int) -> Callable[[dict[str, Decimal | str]], int | None]:
    """The same table as a loop over tuples in Python."""
    rows = [(Decimal(row * 10), Decimal(row * 10 + 9), {f"a{row}", f"b{row}"}, row) for row in range(rules)]

    def decide(values: dict[str, Decimal | str]) -> int | None:
        x0, x1, x2, x3, x4 = (values[f"x{n}"] for n in range(5))
        for low, high, codes, result in rows:
            if low <= x0 <= high and x1 in codes and low <= x2 <= high and x3 in codes and low <= x4 <= high:  # type: ignore[operator]
                return result
        return None

    return decide


def line(what: str, ours: float, plain: float, goal: str) -> None:
    print(f"{what:<46} {ours:9.2f} µs   plain {plain:8.2f} µs   ratio {ours / plain:6.1f}   goal {goal}")


def conditions() -> None:
    expression = compile_expression(CONDITION)
    context = {"amount": 250, "method": "open"}
    plain = per_call(lambda: Decimal(context["amount"]) > 100 and context["method"] == "open")  # type: ignore[arg-type]
    line("gateway condition, compiled", per_call(lambda: expression.evaluate(context)), plain, "<= 5 µs")
    line("gateway condition, from the cache by text", per_call(lambda: evaluate(CONDITION, context)), plain, "")
    for name, call in peers(context).items():
        theirs = per_call(call)
        ours = per_call(lambda: evaluate(CONDITION, context))
        print(f"{'  ' + name:<46} {theirs:9.2f} µs   ours is {theirs / ours:.0f} times faster   goal >= 10")


def peers(context: dict[str, object]) -> dict[str, Callable[[], object]]:
    """The other FEEL packages that are installed here."""
    found: dict[str, Callable[[], object]] = {}
    try:
        api = importlib.import_module("bkflow_feel.api")
        found["bkflow-feel"] = lambda: api.parse_expression(CONDITION, context)
    except ImportError:
        print("  bkflow-feel is not installed: no comparison")
    try:
        module = importlib.import_module("pySFeel")
        parser = module.SFeelParser()
        parser.sFeelParse("amount <- 250")
        parser.sFeelParse('method <- "open"')
        found["pySFeel"] = lambda: parser.sFeelParse(CONDITION)
    except ImportError:
        print("  pySFeel is not installed: no comparison")
    return found


def tables() -> None:
    values: dict[str, Decimal | str] = {f"x{n}": Decimal(493) if n % 2 == 0 else "a49" for n in range(5)}
    model, plain = load(table(50, 5)), plain_table(50)
    assert model.evaluate("t", values) == plain(values) == 49
    goal, floor = "<= 150 µs", per_call(lambda: plain(values))
    line("table of 50 rules and 5 inputs, last row hit", per_call(lambda: model.evaluate("t", values)), floor, goal)

    large = load(table(10_000, 5, equality=True))
    rows = {f"k{row}": row for row in range(10_000)}
    asked = {"x0": "k9999", "x1": 1, "x2": 1, "x3": 1, "x4": 1}
    assert large.evaluate("t", asked) == 9999
    floor = per_call(lambda: rows[str(asked["x0"])])
    line("table of 10,000 rows, equality column", per_call(lambda: large.evaluate("t", asked)), floor, "< 5000 µs")


def loading() -> None:
    tracemalloc.start()
    start = time.perf_counter()
    load(table(10_000, 5, equality=True))
    spent, peak = time.perf_counter() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"loading 10,000 rows (traced): {spent:.2f} s, peak {peak / 1e6:.0f} MB")
    texts = iter(range(10**9))
    spent = per_call(lambda: compile_expression(f"{CONDITION} or x = {next(texts)}"))
    print(f"parse and compile a condition: {spent:.0f} µs")


if __name__ == "__main__":
    conditions()
    tables()
    loading()
