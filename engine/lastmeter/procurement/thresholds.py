"""The amounts from which the law's procedures and open tender apply. None is shipped: a province sets them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lastmeter import audit
from lastmeter.actor import SYSTEM, Actor
from lastmeter.errors import InvalidInput
from lastmeter.procurement.models import Threshold

# For demo and rehearsal only: invented, and marked so in the table.
EXAMPLE_SOURCE = "示例数值，非法定标准 · example value, not law"
EXAMPLES = {
    "services": (50_000_000, 200_000_000),
    "goods": (50_000_000, 200_000_000),
    "works": (60_000_000, 400_000_000),
}
PROVINCE = "370000"


def in_force(session: Session, province: str, budget_level: str, object_type: str, day: dt.date) -> Threshold | None:
    """The amounts that hold on that day, or None where nobody has configured them."""
    return session.scalar(
        select(Threshold).where(
            Threshold.province == province,
            Threshold.budget_level == budget_level,
            Threshold.object_type == object_type,
            Threshold.valid_from <= day,
            or_(Threshold.valid_to.is_(None), Threshold.valid_to >= day),
        )
    )


def every(session: Session) -> list[Threshold]:
    """All periods, by place and kind, then by day."""
    order = (Threshold.province, Threshold.budget_level, Threshold.object_type, Threshold.valid_from)
    return list(session.scalars(select(Threshold).order_by(*order)))


def as_dict(row: Threshold) -> dict[str, object]:
    """The period as programs read it; days as ISO text."""
    return {
        "province": row.province, "level": row.budget_level, "object": row.object_type, "limit_fen": row.limit_fen,
        "open_fen": row.open_fen, "from": row.valid_from.isoformat(),
        "to": row.valid_to.isoformat() if row.valid_to else None, "source": row.source, "example": row.is_example,
    }  # fmt: skip


def add(
    session: Session,
    actor: Actor,
    *,
    province: str,
    budget_level: str,
    object_type: str,
    limit_fen: int,
    open_fen: int,
    valid_from: dt.date,
    source: str,
    valid_to: dt.date | None = None,
    is_example: bool = False,
) -> Threshold:
    """The amounts hold from that day; those before them end the day before. Raises InvalidInput (open_fen, source)."""
    if open_fen < limit_fen:
        raise InvalidInput(field="open_fen", reason="below_limit", least=limit_fen)
    if not source.strip():
        raise InvalidInput(field="source", reason="required")
    before = in_force(session, province, budget_level, object_type, valid_from)
    if before is not None:
        if before.valid_from == valid_from:
            raise InvalidInput(field="valid_from", reason="taken", value=valid_from)
        before.valid_to = valid_from - dt.timedelta(days=1)
        session.flush()
    made = Threshold(
        province=province,
        budget_level=budget_level,
        object_type=object_type,
        limit_fen=limit_fen,
        open_fen=open_fen,
        valid_from=valid_from,
        valid_to=valid_to,
        source=source,
        is_example=is_example,
    )
    session.add(made)
    session.flush()
    facts = {"object_type": object_type, "limit_fen": limit_fen, "open_fen": open_fen, "from": valid_from}
    audit.record(session, actor, "threshold.added", f"threshold/{made.id}", facts=facts)
    return made


def add_examples(session: Session, since: dt.date = dt.date(2025, 1, 1)) -> None:
    """Invented amounts, marked as such, for the demo and rehearsals; nothing where a value is in force."""
    for object_type, (limit_fen, open_fen) in EXAMPLES.items():
        if in_force(session, PROVINCE, "district", object_type, since) is None:
            add(
                session,
                SYSTEM,
                province=PROVINCE,
                budget_level="district",
                object_type=object_type,
                limit_fen=limit_fen,
                open_fen=open_fen,
                valid_from=since,
                source=EXAMPLE_SOURCE,
                is_example=True,
            )
