"""One evaluation while it runs: what it may still spend, what it has warned about, which functions it was lent."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lastmeter.feel.errors import FeelBudgetExceeded

if TYPE_CHECKING:
    from lastmeter.feel.values import Invocable

# So many turns of a loop take less than a second; a real table or condition takes fewer than a thousand.
MAX_STEPS = 400_000
# Steps are counted alike everywhere, but some cost much more than others: looking through a text of a hundred thousand
# characters is one step, too. Processor seconds of the thread are the backstop, looked at now and then.
MAX_SECONDS = 0.8
_FIRST, _SLICE = 32, 200
# Each call of a FEEL function costs some eight Python frames, and Python allows a thousand.
MAX_DEPTH = 80
MAX_STRING = 1_000_000
MAX_LIST = 500_000
# A misbehaving expression warns at every turn of a loop; a reader needs the first ones.
MAX_WARNINGS = 100
MAX_WARNING = 300

_NO_FUNCTIONS: Mapping[str, Invocable] = {}


class Run:
    """The meter of one evaluation. Loops, strings and lists are charged to `steps`, function calls to `depth`.

    `steps` is the part of the budget that may be spent before anybody looks at the clock; `rest` is what follows it.
    """

    __slots__ = ("deadline", "depth", "functions", "rest", "seconds", "steps", "warnings")

    def __init__(
        self,
        warnings: list[str] | None = None,
        functions: Mapping[str, Invocable] | None = None,
        steps: int = MAX_STEPS,
        seconds: float = MAX_SECONDS,
    ) -> None:
        self.warnings = [] if warnings is None else warnings
        self.functions = _NO_FUNCTIONS if functions is None else functions
        self.steps = min(steps, _FIRST)
        self.rest = steps - self.steps
        self.seconds = seconds
        self.deadline = 0.0
        self.depth = 0

    def warn(self, reason: str) -> None:
        """The reason stands among the warnings, if there is room."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(reason if len(reason) <= MAX_WARNING else reason[:MAX_WARNING] + "…")

    def charge(self, steps: int) -> None:
        """The steps are spent. Raises FeelBudgetExceeded when there are none left, or no time."""
        self.steps -= steps
        if self.steps < 0:
            self._refill()

    def _refill(self) -> None:
        self.rest += self.steps
        if self.rest < 0:
            raise FeelBudgetExceeded("steps", "计算步数过多，请缩小循环或列表。", "Too many steps; loop over less.")
        self.steps = min(self.rest, _SLICE)
        self.rest -= self.steps
        now = time.thread_time()
        if not self.deadline:
            self.deadline = now + self.seconds
        elif now > self.deadline:
            raise FeelBudgetExceeded(
                "time", "计算时间过长，请缩小循环、文本或列表。", "It takes too long; loop over less or smaller values."
            )

    def took(self, seconds: float) -> None:
        """So much time was spent inside one step. Raises FeelBudgetExceeded."""
        self.charge(int(seconds / MAX_SECONDS * MAX_STEPS))

    def enter(self) -> None:
        """One function call deeper."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep()

    def string(self, text: str) -> str:
        """`text` itself, charged by its length; 16 million characters use up an evaluation."""
        size = len(text)
        if size > MAX_STRING:
            raise FeelBudgetExceeded("string", "文本超过一百万字符。", "A text grew beyond a million characters.")
        if size > 32:
            self.charge(size >> 5)
        return text

    def sized(self, items: list[object]) -> list[object]:
        """`items` itself, charged by its length."""
        self.room(len(items))
        return items

    def room(self, size: int) -> None:
        """A list of `size` items may be made or walked."""
        if size > MAX_LIST:
            raise FeelBudgetExceeded("list", "列表超过五十万项。", "A list grew beyond half a million items.")
        if size > 4:
            self.charge(size >> 2)


def too_deep() -> FeelBudgetExceeded:
    """The refusal of endless recursion."""
    return FeelBudgetExceeded("depth", "函数调用或数据嵌套过深。", "Function calls or data are nested too deeply.")
