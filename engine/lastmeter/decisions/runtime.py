"""One question to a model while it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lastmeter.decisions.trace import TableTrace
from lastmeter.feel.runtime import Run
from lastmeter.feel.values import Invocable

# Names and their FEEL values.
Scope = dict[str, object]

# A step of a large model costs more than a turn of a loop, yet models stay far below this.
MAX_STEPS = 2_000_000
MAX_SECONDS = 2.0


class ModelRun(Run):
    """The meter of a whole model evaluation, with the trace of its tables and the answers of its decisions."""

    __slots__ = ("answers", "trace")

    def __init__(self, functions: Mapping[str, Invocable] | None = None) -> None:
        super().__init__([], functions, MAX_STEPS, MAX_SECONDS)
        self.trace: list[TableTrace] = []
        self.answers: list[tuple[str, object]] = []


# A boxed expression made ready: its value in a scope.
Box = Callable[[ModelRun, Scope], object]
