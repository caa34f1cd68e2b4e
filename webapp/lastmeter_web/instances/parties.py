"""Who takes part in an instance, named by their part: only parties whose lane this process has."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.identity.models import Organisation
from lastmeter.workflow import instances
from lastmeter_web import i18n

NAMES = {
    "district": ("区县民政局", "District bureau"),
    "city": ("市民政局", "City bureau"),
    "finance": ("财政局", "Finance"),
    "street": ("街道（镇）", "Street office"),
    "provider": ("承接机构", "Provider"),
    "team": ("驻站团队", "Station team"),
    "agency": ("采购代理机构", "Procurement agency"),
    "challenger": ("质疑供应商", "Challenging supplier"),
    "evaluator": ("评估机构", "Evaluators"),
    "dispatch": ("派单中心", "Dispatch centre"),
    "city_finance": ("市财政局", "City finance"),
}


def playing(session: Session, loaded: LoadedDefinition, instance_id: int) -> list[tuple[str, str]]:
    """(part, organisation) of every party that does something in this process, in the order of its lanes."""
    given = instances.parties(session, instance_id)
    parts: dict[str, str] = {}
    for lane_id, lane in loaded.lanes.items():
        if (party := lane.get("party")) in given:
            parts.setdefault(party, _part(loaded, lane_id, party))
    wanted = [given[party] for party in parts]
    rows = {row.id: row for row in session.scalars(select(Organisation).where(Organisation.id.in_(wanted)))}
    return [
        (part, i18n.both(rows[given[party]].name, rows[given[party]].name_en))
        for party, part in parts.items()
        if given[party] in rows
    ]


def _part(loaded: LoadedDefinition, lane_id: str, party: str) -> str:
    """What the part is called: as everywhere, else as its lane is."""
    if party in NAMES:
        return i18n.both(*NAMES[party])
    return next((element.lane_name for element in loaded.elements.values() if element.lane_id == lane_id), party)
