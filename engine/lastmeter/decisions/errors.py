"""What is wrong with a decision model, or with a question put to it."""

from __future__ import annotations

from typing import ClassVar

from lastmeter.errors import Kind, LastmeterError


class DecisionModelError(LastmeterError):
    """The DMN file cannot be used; facts: `element_id`, `line`, `problem_zh`, `problem_en`, and what else is known."""

    code: ClassVar[str] = "decision_model"
    kind: ClassVar[Kind] = "invalid"

    def __init__(
        self,
        problem_zh: str,
        problem_en: str,
        *,
        element_id: str | None = None,
        line: int | None = None,
        **facts: object,
    ) -> None:
        super().__init__(element_id=element_id, line=line, problem_zh=problem_zh, problem_en=problem_en, **facts)


class DecisionMissing(LastmeterError):
    """The model has no decision, service or function of that name; facts: `name`, `known`."""

    code: ClassVar[str] = "decision_missing"
    kind: ClassVar[Kind] = "missing"
