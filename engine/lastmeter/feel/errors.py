"""What can stop an expression: a mistake in its text, or more work than it is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lastmeter.errors import Kind, LastmeterError


def place_of(text: str, position: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset in the text."""
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is FEEL and runs, yet can hardly be meant; line and column from 1."""

    line: int
    column: int
    hint_zh: str
    hint_en: str


class FeelSyntaxError(LastmeterError):
    """The text is not FEEL; facts: `text`, `position`, `line`, `column` (from 1), `hint_zh`, `hint_en`."""

    code: ClassVar[str] = "feel_syntax"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, text: str, position: int, hint_zh: str, hint_en: str) -> None:
        line, column = place_of(text, position)
        super().__init__(
            text=text if len(text) <= 200 else text[:200] + "…",
            position=position,
            line=line,
            column=column,
            hint_zh=hint_zh,
            hint_en=hint_en,
        )


class FeelBudgetExceeded(LastmeterError):
    """An evaluation wanted more steps, depth, time or memory than it may have; facts: `limit`, `hint_zh`, `hint_en`."""

    code: ClassVar[str] = "feel_budget"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, limit: str, hint_zh: str, hint_en: str) -> None:
        super().__init__(limit=limit, hint_zh=hint_zh, hint_en=hint_en)


class NoValue(Exception):
    """Raised inside the evaluator where the standard gives null; the reason becomes a warning. Never leaves feel/."""
