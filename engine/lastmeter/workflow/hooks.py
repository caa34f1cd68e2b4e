"""What other rooms may add to the engine; wiring sets these. The defaults do nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from sqlalchemy.orm import Session

from lastmeter.actor import Actor
from lastmeter.forms import Scope


class CaseAccess(Protocol):
    """Called whenever a person reads a submission classified `case`."""

    def __call__(self, session: Session, person_id: int | None, instance_id: int, element_id: str, /) -> None: ...


def _as_given(_session: Session, parties: Mapping[str, int]) -> Mapping[str, int]:
    return parties


def _unobserved(_session: Session, _person_id: int | None, _instance_id: int, _element_id: str) -> None:
    return None


def _all_named(_session: Session, _reader: Actor, _instance_id: int) -> Mapping[int, str]:
    return {}


def _common_key(_session: Session, _instance_id: int, classification: str) -> str:
    return "case_notes" if classification == "case" else "submissions"


def _plain_scope(_session: Session, _actor: Actor) -> Scope:
    return Scope()


# district → city and finance; street → district; … before an instance starts or a connector has set a party.
complete_parties: Callable[[Session, Mapping[str, int]], Mapping[str, int]] = _as_given
on_case_access: CaseAccess = _unobserved
# Person id → what the reader is told instead of the name of somebody who took part in the instance.
aliases: Callable[[Session, Actor, int], Mapping[int, str]] = _all_named
# The key class under which a submission classified case or sealed is stored; procurement answers `bid/<tender id>`.
key_class: Callable[[Session, int, str], str] = _common_key
# What forms are judged among: the calendar, the register, and which organisations, people and files may be named.
form_scope: Callable[[Session, Actor], Scope] = _plain_scope
