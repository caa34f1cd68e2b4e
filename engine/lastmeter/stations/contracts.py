"""Contracts: drafted, signed, put in force, ended; and their years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from lastmeter import audit
from lastmeter.actor import SYSTEM, Actor
from lastmeter.definitions import tables
from lastmeter.errors import LastmeterError, Missing
from lastmeter.identity.models import Organisation
from lastmeter.identity.people import add_organisation
from lastmeter.stations import reports, rules
from lastmeter.stations.models import Contract, ContractStation, ContractYear, Funding, Payment, Station


class ContractIncomplete(LastmeterError):
    """A part that the Plan asks of every contract is empty; facts: `parts`. Source: 实施方案 四(三)."""

    code = "contract_incomplete"


class ValueDiffers(LastmeterError):
    """The contract's value is not the award's; facts: `value_fen`, `award_fen`. Source: 政府采购法 46."""

    code = "contract_value_differs"


class BondTooHigh(LastmeterError):
    """The performance bond exceeds a tenth of the value. Source: 实施条例 48."""

    code = "bond_too_high"


class PaymentSharesDiffer(LastmeterError):
    """The shares of a payment plan do not sum to the whole; facts: `sum_bp` (DT11). Source: 实施方案 四(三)."""

    code = "payment_shares_differ"


class FundingDiffers(LastmeterError):
    """The sources of money do not sum to the value; facts: `sum_fen`, `value_fen`. Source: 实施方案 五(三)."""

    code = "funding_differs"


class StationTaken(LastmeterError):
    """Another contract is in force at the station on one of these days (invariant I1); facts: `contract`, `until`."""

    code = "station_taken"
    kind = "conflict"


class SameEntity(LastmeterError):
    """Main station and street stations of a district would be run by one entity (invariant I2); facts: `contract`.

    Source: 实施方案 四(二); 实施条例 18 (one controlling person counts as one).
    """

    code = "same_entity"
    kind = "conflict"


class PaymentTooHigh(LastmeterError):
    """The payment would exceed value plus supplements (invariant I4); facts: `remaining_fen`. Source: 政府采购法 49."""

    code = "payment_too_high"


def draft(
    session: Session,
    actor: Actor,
    *,
    station: Station,
    provider_id: int,
    buyer_id: int,
    data: Mapping[str, Any],
    award_fen: int | None = None,
    procurement_id: int | None = None,
    instance_id: int | None = None,
) -> Contract:
    """A draft contract from the form's data; the draft of the same instance is replaced. Raises the refusals above."""
    if missing := rules.missing_parts(data):
        raise ContractIncomplete(parts=missing)
    value = int(data["value_fen"])
    if award_fen is not None and value != award_fen:
        raise ValueDiffers(value_fen=value, award_fen=award_fen)
    plan = [int(row["bp"]) for row in data.get("payment_plan") or ()]
    money = {"value_fen": value, "performance_bond_fen": int(data["bond_fen"]), "payment_bp": plan or None}
    wrong = _money_errors(session, money)
    if "shares_differ" in wrong:
        raise PaymentSharesDiffer(sum_bp=sum(plan))
    if wrong:
        raise BondTooHigh(bond_fen=int(data["bond_fen"]), ceiling_fen=value // 10)
    shares = [int(share["fen"]) for share in data["funding"]]
    if not rules.funding_covers(value, shares):
        raise FundingDiffers(sum_fen=sum(shares), value_fen=value)
    starts = _day(data["starts_on"])
    made = session.scalar(select(Contract).where(Contract.instance_id == instance_id, Contract.status == "draft"))
    if made is None:
        made = Contract(number=_next_number(session, starts.year), instance_id=instance_id, status="draft")
    made.procurement_id, made.buyer_id, made.provider_id = procurement_id, buyer_id, provider_id
    made.team_id = team_for(session, provider_id, station).id
    made.title, made.value_fen, made.bond_fen = str(data["title"]), value, int(data["bond_fen"])
    made.starts_on, made.ends_on = starts, rules.term_end(starts)
    made.parts = {part: data[part] for part in rules.CONTRACT_PARTS}
    made.parts |= {"funding": data["funding"], "payment_plan": data.get("payment_plan") or []}
    session.add(made)  # not before it is whole: a query would flush it
    session.flush()
    return made


def put_in_force(session: Session, actor: Actor, contract: Contract, station: Station, day: dt.date) -> Contract:
    """Signed on `day`: the station is under this contract and its years with their money stand. Raises StationTaken."""
    refuse_if_taken(session, station, contract.starts_on, contract.ends_on)
    refuse_same_entity(session, contract.provider_id, station, contract.starts_on, contract.ends_on)
    contract.status, contract.signed_on = "active", day
    session.add(
        ContractStation(
            contract_id=contract.id, station_id=station.id, from_day=contract.starts_on, to_day=contract.ends_on
        )
    )
    values = rules.split_value(contract.value_fen)
    funding: Sequence[Mapping[str, Any]] = contract.parts["funding"]
    for number, (first, last) in enumerate(rules.years_of(contract.starts_on), 1):
        year = ContractYear(
            contract_id=contract.id, number=number, from_day=first, to_day=last, value_fen=values[number - 1]
        )
        session.add(year)
        session.flush()
        left = year.value_fen
        for position, share in enumerate(funding, 1):
            fen = left if position == len(funding) else year.value_fen * int(share["fen"]) // contract.value_fen
            left -= fen
            session.add(Funding(contract_year_id=year.id, source=str(share["source"]), fen=fen))
    audit.record(session, actor, "contract.signed", f"contract/{contract.id}", facts={"number": contract.number})
    return contract


def refuse_if_taken(session: Session, station: Station, first: dt.date, last: dt.date) -> None:
    """Raises StationTaken where a contract is in force at the station between the days."""
    other = session.execute(
        select(Contract.number, ContractStation.to_day)
        .join(Contract, Contract.id == ContractStation.contract_id)
        .where(
            ContractStation.station_id == station.id,
            ContractStation.is_open,
            ContractStation.from_day <= last,
            ContractStation.to_day >= first,
        )
    ).first()
    if other is not None:
        raise StationTaken(contract=other.number, until=other.to_day, station=station.named)


def refuse_same_entity(session: Session, provider_id: int, station: Station, first: dt.date, last: dt.date) -> None:
    """Raises SameEntity where the provider, or one it shares control with, runs the other kind of station there."""
    provider = session.get_one(Organisation, provider_id)
    same = [Organisation.id == provider.id]
    if provider.uscc is not None:
        same.append(Organisation.uscc == provider.uscc)
    if provider.controller_key is not None:
        same.append(Organisation.controller_key == provider.controller_key)
    kinds = ("street", "community_room") if station.kind == "district_main" else ("district_main",)
    other = session.scalar(
        select(Contract.number)
        .join(Organisation, Organisation.id == Contract.provider_id)
        .join(ContractStation, ContractStation.contract_id == Contract.id)
        .join(Station, Station.id == ContractStation.station_id)
        .where(
            or_(*same),
            Station.district_id == station.district_id,
            Station.kind.in_(kinds),
            ContractStation.is_open,
            ContractStation.from_day <= last,
            ContractStation.to_day >= first,
        )
        .limit(1)
    )
    if other is not None:
        raise SameEntity(contract=other, station=station.named)


def end(session: Session, actor: Actor, contract: Contract, last_day: dt.date, status: str) -> None:
    """The contract ended (`ended`) or was terminated on `last_day`; the station is free from the next day.

    Reports that were not accepted by then are no longer owed.
    """
    contract.status, contract.ended_on = status, last_day
    for link in session.scalars(select(ContractStation).where(ContractStation.contract_id == contract.id)):
        if last_day < link.from_day:
            link.is_open = False
        else:
            link.to_day = min(link.to_day, last_day)
    session.flush()
    reports.withdraw(session, actor, contract)
    audit.record(session, actor, f"contract.{status}", f"contract/{contract.id}", facts={"on": last_day})


def pay(session: Session, actor: Actor, contract: Contract, number: str, kind: str, fen: int, day: dt.date) -> Payment:
    """The payment is booked. Raises PaymentTooHigh."""
    paid = list(session.scalars(select(Payment.fen).where(Payment.contract_id == contract.id)))
    added = {"value_fen": contract.value_fen, "supplement_fen": contract.supplement_fen}
    within = rules.payments_within(contract.value_fen, contract.supplement_fen, [*paid, fen])
    if not within or _money_errors(session, added):
        raise PaymentTooHigh(remaining_fen=contract.value_fen + contract.supplement_fen - sum(paid), fen=fen)
    made = Payment(contract_id=contract.id, number=number, kind=kind, fen=fen, paid_on=day)
    session.add(made)
    audit.record(session, actor, "contract.paid", f"contract/{contract.id}", facts={"fen": fen, "number": number})
    return made


def _money_errors(session: Session, facts: Mapping[str, object]) -> list[object]:
    """What the table of money finds wrong with the given figures (DT11)."""
    found = tables.of(session, "contract").value("money_errors", facts)
    return found if isinstance(found, list) else []


def year(session: Session, contract_id: int, number: int) -> ContractYear:
    """The contract's year. Raises Missing."""
    found = session.scalar(
        select(ContractYear).where(ContractYear.contract_id == contract_id, ContractYear.number == number)
    )
    if found is None:
        raise Missing(what="contract_year")
    return found


def station_of(session: Session, contract_id: int) -> Station:
    """The station that a contract serves. Raises Missing."""
    found = session.scalar(
        select(Station)
        .join(ContractStation, ContractStation.station_id == Station.id)
        .where(ContractStation.contract_id == contract_id)
        .order_by(ContractStation.id)
        .limit(1)
    )
    if found is None:
        raise Missing(what="station")
    return found


def station_of_street(session: Session, street_id: int) -> Station:
    """The street's station (there is one). Raises Missing."""
    found = session.scalar(select(Station).where(Station.street_id == street_id, Station.kind == "street"))
    if found is None:
        raise Missing(what="station")
    return found


def in_force(session: Session, station_id: int, day: dt.date) -> Contract | None:
    """The contract under which the station runs on a day."""
    return session.scalar(
        select(Contract)
        .join(ContractStation, ContractStation.contract_id == Contract.id)
        .where(
            ContractStation.station_id == station_id,
            ContractStation.is_open,
            ContractStation.from_day <= day,
            ContractStation.to_day >= day,
        )
    )


def station_of_team(session: Session, team_id: int, day: dt.date) -> Station | None:
    """The station that a provider's team runs on a day."""
    return session.scalar(
        select(Station)
        .join(ContractStation, ContractStation.station_id == Station.id)
        .join(Contract, Contract.id == ContractStation.contract_id)
        .where(
            Contract.team_id == team_id,
            ContractStation.is_open,
            ContractStation.from_day <= day,
            ContractStation.to_day >= day,
        )
        .order_by(Station.id)
        .limit(1)
    )


def parties_of(session: Session, contract: Contract) -> dict[str, int]:
    """Who takes part in whatever concerns the contract."""
    parties = {"district": contract.buyer_id, "provider": contract.provider_id}
    if contract.team_id is not None:
        parties["team"] = contract.team_id
    station = session.scalar(
        select(Station).join(ContractStation).where(ContractStation.contract_id == contract.id).limit(1)
    )
    if station is not None:
        parties["street"] = station.street_id
    return parties


def team_for(session: Session, provider_id: int, station: Station) -> Organisation:
    """The provider's unit at the station: the one of that street, else a free one, else a new one."""
    street = session.get_one(Organisation, station.street_id)
    teams = list(
        session.scalars(
            select(Organisation)
            .where(Organisation.parent_id == provider_id, Organisation.kind == "team")
            .order_by(Organisation.id)
        )
    )
    for wanted in (street.region_id, None):
        for team in teams:
            if team.region_id == wanted:
                return team
    provider = session.get_one(Organisation, provider_id)
    return add_organisation(
        session,
        SYSTEM,
        tree="provider",
        kind="team",
        name=f"{provider.name}·{station.name}",
        name_en=f"{provider.name_en} at {station.name_en}",
        parent=provider,
        region=street.region,
    )


def _next_number(session: Session, of_year: int) -> str:
    prefix = f"HT-{of_year}-"
    last = session.scalar(select(func.max(Contract.number)).where(Contract.number.startswith(prefix)))
    return f"{prefix}{int(last.removeprefix(prefix)) + 1 if last else 1:04d}"


def _day(value: object) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
