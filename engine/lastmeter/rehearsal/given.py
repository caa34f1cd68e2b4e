"""What a scenario finds already there: stations of the rehearsal world, a signed contract, a running tender."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter.deadlines import register
from lastmeter.rehearsal.scenario import instant
from lastmeter.rehearsal.world import STREETS, World
from lastmeter.stations import rules
from lastmeter.stations.models import Contract, ContractStation, ContractYear, Funding, Station

if TYPE_CHECKING:
    from lastmeter.rehearsal.player import Player


def prepare(session: Session, world: World) -> None:
    """Deadline register, calendar, and one station per street."""
    register.seed(session)
    for district, streets in STREETS.items():
        for key, zh, en in streets:
            office = world.organisations[f"{district}.{key}"]
            session.add(
                Station(
                    kind="street",
                    street_id=office.id,
                    district_id=world.organisations[district].id,
                    name=f"{world.organisations[district].name[:3]}{zh}社会工作服务站",
                    name_en=f"{en} Social Work Station",
                )
            )
    session.flush()


def make(player: Player, session: Session, name: str, options: Any) -> None:
    """What a scenario's `given: {name: options}` asks for, once for each of a list. Raises KeyError for an unknown."""
    for each in options if isinstance(options, list) else [options or {}]:
        _MAKERS[name](player, session, each)


def contract(player: Player, session: Session, options: Mapping[str, Any]) -> None:
    """A contract in force; `$contract` is its id, or `$<name>`.

    Options: provider, street, district, signed_on, value_fen, number, name.
    """
    world = player.world
    district, street = options.get("district", "lixia"), options.get("street", "lixia.quancheng")
    provider = options.get("provider", "huimin")
    signed = instant(options.get("signed_on", player.now)).date()
    value = int(options.get("value_fen", 120_000_000))
    made = Contract(
        number=options.get("number", "HT-0001"),
        buyer_id=world.organisations[district].id,
        provider_id=world.organisations[provider].id,
        team_id=world.organisations[f"{provider}.team"].id,
        title="社会工作服务站项目",
        value_fen=value,
        starts_on=signed,
        ends_on=rules.term_end(signed),
        status="active",
        signed_on=signed,
        parts=dict.fromkeys(rules.CONTRACT_PARTS, "已约定"),
    )
    session.add(made)
    session.flush()
    station = session.scalars(select(Station).where(Station.street_id == world.organisations[street].id)).one()
    session.add(
        ContractStation(contract_id=made.id, station_id=station.id, from_day=made.starts_on, to_day=made.ends_on)
    )
    for number, ((first, last), fen) in enumerate(
        zip(rules.years_of(made.starts_on), rules.split_value(value), strict=True), 1
    ):
        year = ContractYear(contract_id=made.id, number=number, from_day=first, to_day=last, value_fen=fen)
        session.add(year)
        session.flush()
        session.add(Funding(contract_year_id=year.id, source="district", fen=fen))
    session.flush()
    player.names[options.get("name", "contract")] = made.id
    player.names["station"] = station.id


_MAKERS: dict[str, Callable[[Player, Session, Mapping[str, Any]], None]] = {"contract": contract}
