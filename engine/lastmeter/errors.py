"""The one base of every refusal that somebody can act on."""

from __future__ import annotations

from typing import ClassVar, Literal

Kind = Literal["invalid", "forbidden", "missing", "conflict", "unavailable"]


class LastmeterError(Exception):
    """A refusal: stable `code`, `kind` for the transport, facts as keywords; sentences live in the catalogues."""

    code: ClassVar[str] = "error"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        detail = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        super().__init__(f"{self.code}: {detail}" if detail else self.code)


class InvalidInput(LastmeterError):
    """A value given from outside cannot be used; facts: `field`, `reason`, and what would be right."""

    code = "invalid_input"


class Missing(LastmeterError):
    """No such thing, or none that this actor may know of; the two are told apart nowhere."""

    code = "missing"
    kind = "missing"


class Forbidden(LastmeterError):
    """The actor's roles do not allow it; facts: `permission`."""

    code = "forbidden"
    kind = "forbidden"
