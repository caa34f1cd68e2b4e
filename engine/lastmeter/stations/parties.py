"""Who else takes part, by the organisation trees: district → city, finance; street → district; team → provider."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter.identity.models import Organisation
from lastmeter.stations.models import Station


def complete(session: Session, parties: Mapping[str, int]) -> dict[str, int]:
    """The parties with those that follow from them; what is given stays."""
    known = dict(parties)
    if "station" in known:
        known.update(_of_station(session, known.pop("station")), **known)
    _parent(session, known, "street", "district")
    _parent(session, known, "team", "provider")
    _parent(session, known, "district", "city")
    _child(session, known, "district", "finance", "finance")
    for name in ("agency", "dispatch", "evaluator"):
        _child(session, known, "city", name, name)
    _child(session, known, "city", "city_finance", "finance")
    return known


def _of_station(session: Session, station_id: int) -> dict[str, int]:
    station = session.get_one(Station, station_id)
    return {"street": station.street_id, "district": station.district_id}


def _parent(session: Session, known: dict[str, int], child: str, name: str) -> None:
    if child in known and name not in known:
        parent = session.scalar(select(Organisation.parent_id).where(Organisation.id == known[child]))
        if parent is not None:
            known[name] = parent


def _child(session: Session, known: dict[str, int], parent: str, name: str, kind: str) -> None:
    if parent in known and name not in known:
        found = session.scalar(
            select(Organisation.id)
            .where(Organisation.parent_id == known[parent], Organisation.kind == kind, Organisation.closed_on.is_(None))
            .order_by(Organisation.id)
            .limit(1)
        )
        if found is not None:
            known[name] = found
