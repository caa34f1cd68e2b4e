"""What is wrong with a definition, said so that the designer can mend it: shared by parser, lint, API and designer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal

from lastmeter.errors import Kind, LastmeterError

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one element; `fix` says what to draw or write instead."""

    severity: Severity
    rule: str
    element_id: str | None
    line: int | None
    message_zh: str
    message_en: str
    fix_zh: str = ""
    fix_en: str = ""

    def message(self, language: str = "zh") -> str:
        """The sentence in the reader's language; anything but Chinese reads English."""
        return self.message_zh if language.startswith("zh") else self.message_en

    def fix(self, language: str = "zh") -> str:
        return self.fix_zh if language.startswith("zh") else self.fix_en

    def as_dict(self) -> dict[str, object]:
        """The finding for JSON; `message` is the English sentence, as the API promises, beside both languages."""
        return {**asdict(self), "message": self.message_en}


class DefinitionRefused(LastmeterError):
    """A definition has at least one finding of severity `error`; facts: `findings`, all of them."""

    code: ClassVar[str] = "definition_refused"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(findings=[finding.as_dict() for finding in self.findings])
