"""Who sits on a committee is nobody's knowledge until the award is public, but for whoever drew the experts.

Source: 政府采购法实施条例 39 (drawn at random), 43 (named with the award).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lastmeter.actor import Actor
from lastmeter.procurement.models import CommitteeMember, Procurement
from lastmeter.workflow.models import Instance


def aliases(session: Session, reader: Actor, instance_id: int) -> Mapping[int, str]:
    """Person id → 专家1, 专家2 … for the experts whom the reader may not know yet, themselves excepted."""
    if reader.is_system:
        return {}
    root = select(func.coalesce(Instance.root_id, Instance.id)).where(Instance.id == instance_id).scalar_subquery()
    rows = session.execute(
        select(CommitteeMember.person_id, Procurement.id, Procurement.agency_id, Procurement.district_id)
        .join(Procurement, Procurement.id == CommitteeMember.procurement_id)
        .where(
            Procurement.instance_id == root,
            Procurement.award_published_at.is_(None),
            CommitteeMember.role == "expert",
        )
        .order_by(CommitteeMember.id)
    ).all()
    hidden: dict[int, str] = {}
    for row in rows:
        if not drew(reader, row.agency_id, row.district_id):
            hidden.setdefault(row.person_id, f"专家{len(hidden) + 1} / Expert {len(hidden) + 1}")
    return {person: alias for person, alias in hidden.items() if person != reader.person_id}


def drew(reader: Actor, agency_id: int | None, district_id: int) -> bool:
    """True if the reader is of the agency that drew the experts; where the buyer has none, an officer of the buyer."""
    if agency_id is not None:
        return reader.holds("agency_officer", agency_id)
    return reader.holds("district_officer", district_id)
