"""What a form is judged among when it belongs to a running system: its calendar, register, people and files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.actor import Actor
from lastmeter.deadlines.register import calendar_in, deadline_functions, rules_in
from lastmeter.deadlines.rules import Rule
from lastmeter.documents.files import may_be_named
from lastmeter.forms.types import Scope
from lastmeter.identity.models import Organisation, Person, Region
from lastmeter.workdays import Calendar


@dataclass(frozen=True)
class Known:
    """What the database knows and this actor may name."""

    session: Session
    actor: Actor
    owner: str | None  # whose documents may be named beside the actor's own loose uploads
    today: dt.date

    def knows(self, kind: str, value: int | str) -> bool:
        """An organisation that is not closed, a person, a region's code, a file of the actor's or the owner's."""
        match kind:
            case "organisation":
                closed = self.session.execute(select(Organisation.closed_on).where(Organisation.id == value)).first()
                return closed is not None and (closed[0] is None or closed[0] >= self.today)
            case "person":
                return self.session.scalar(select(Person.id).where(Person.id == value)) is not None
            case "region":
                return self.session.scalar(select(Region.id).where(Region.code == value)) is not None
            case "file":
                return may_be_named(self.session, self.actor, int(value), self.owner)
            case _:
                return False


def scope_in(session: Session, actor: Actor, *, owner: str | None = None, strict_min_days: bool = False) -> Scope:
    """The scope of a form in this transaction; nothing is asked of the database before a field needs it."""

    def calendar() -> Calendar:
        return calendar_in(session)

    def rules() -> Mapping[str, Rule]:
        return rules_in(session)

    today = clock.today()
    return Scope(
        today=today,
        calendar=calendar,
        rules=rules,
        references=Known(session, actor, owner, today),
        functions=deadline_functions(session, [], strict_min_days=strict_min_days),
        strict_min_days=strict_min_days,
    )
