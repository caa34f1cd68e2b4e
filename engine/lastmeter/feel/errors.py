"""What can stop an expression: a mistake in its text, or more work than it is allowed."""

from __future__ import annotations

from typing import ClassVar

from lastmeter.errors import Kind, LastmeterError


class FeelSyntaxError(LastmeterError):
    """The text is not FEEL; facts: `text`, `position`, `line`, `column` (from 1), `hint_zh`, `hint_en`."""

    code: ClassVar[str] = "feel_syntax"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, text: str, position: int, hint_zh: str, hint_en: str) -> None:
        before = text[:position]
        super().__init__(
            text=text if len(text) <= 200 else text[:200] + "…",
            position=position,
            line=before.count("\n") + 1,
            column=position - (before.rfind("\n") + 1) + 1,
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
