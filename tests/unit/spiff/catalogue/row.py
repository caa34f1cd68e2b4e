"""One row: an element, what happens with it step by step, and one case in which it must not happen.

A story is the whole history with the steps between: `s +t [complete t] -t e`. There `+t` says that t was entered, `-t`
that it was completed, `!t` that it was cancelled, `~t` that it failed, `t` alone that it was entered and completed at
once; a step stands in brackets; with `…` at its end the instance goes on, else it is completed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

State = Literal["executed", "refused", "reader"]


@dataclass(frozen=True)
class Refusal:
    """A drawing that publishing refuses by this rule."""

    rule: str
    body: str


@dataclass(frozen=True)
class Other:
    """Another story of the same drawing, in which `never` does not happen though it does in the first."""

    story: str
    never: str
    given: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """An element or a feature of one."""

    zh: str
    en: str
    state: State
    body: str = ""
    story: str = ""
    negative: Refusal | Other | None = None
    given: Mapping[str, object] = field(default_factory=dict)  # the variables it starts with
    gives: Mapping[str, object] = field(default_factory=dict)  # what its variables are at the end, among others
    throws: str = ""  # everything thrown, like `message paid, signal alarm`
    begins: str = ""  # the start element
    more: Sequence[str] = ()  # names of tests that show more


def executed(zh: str, en: str, body: str, story: str, negative: Refusal | Other, **rest: object) -> Row:
    return Row(zh, en, "executed", body, story, negative, **rest)  # type: ignore[arg-type]


def refused(zh: str, en: str, rule: str, body: str, **rest: object) -> Row:
    return Row(zh, en, "refused", negative=Refusal(rule, body), **rest)  # type: ignore[arg-type]


def reader(zh: str, en: str, body: str, story: str, **rest: object) -> Row:
    """What is drawn for who reads it: the story is the one without it."""
    return Row(zh, en, "reader", body, story, **rest)  # type: ignore[arg-type]
