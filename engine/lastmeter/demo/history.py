"""Half a year of life in Jinan-161: stations, contracts, staff, attendance, services, reports, money, cases."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from lastmeter import clock, keys, workdays
from lastmeter.casework import cases
from lastmeter.casework.models import Case, CaseNote, Client
from lastmeter.demo import jinan
from lastmeter.demo.people import City, id_number, name
from lastmeter.identity.models import Membership, Person
from lastmeter.stations import rules
from lastmeter.stations.models import (
    Assignment,
    Attendance,
    Contract,
    ContractStation,
    ContractYear,
    Funding,
    Payment,
    Report,
    ServiceRecord,
    Staff,
    Station,
)

TODAY = dt.date(2026, 3, 2)  # the day on which the demo opens
HALF_YEAR_AGO = dt.date(2025, 9, 1)
CLIENTS = 20_000
MAIN_STATIONS = 15 + 1  # one per district and the city's platform


@dataclass
class Placed:
    """A station under its contract."""

    district: jinan.District
    short: str
    station: Station
    contract: Contract
    year: ContractYear
    is_weak: bool


def build(session: Session, city: City, districts: tuple[jinan.District, ...], draw: random.Random) -> list[Placed]:
    """Everything that happened before the demo opens; the stations with their contracts."""
    placed = [
        _place(session, city, district, short, number, draw)
        for number, (district, short) in enumerate(_streets(districts), 1)
    ]
    _main_stations(session, city, districts, len(placed))
    session.flush()
    staff = _staff(session, city, placed, draw)
    _attendance(session, placed, staff, draw)
    _services(session, placed, draw)
    _reports(session, placed, draw)
    _money(session, placed)
    _casework(session, placed, draw)
    return placed


def _streets(districts: tuple[jinan.District, ...]) -> Iterator[tuple[jinan.District, str]]:
    for district in districts:
        for short in district.streets:
            yield district, short


def _place(
    session: Session, city: City, district: jinan.District, short: str, number: int, draw: random.Random
) -> Placed:
    zh, _ = jinan.street_name(short)
    office, team = city.organisations[f"{district.key}.{short}"], city.organisations[f"team.{district.key}.{short}"]
    station = Station(
        kind="street",
        street_id=office.id,
        district_id=city.organisations[district.key].id,
        name=f"{district.zh}{zh}社会工作服务站",
        name_en=f"{office.name_en.removesuffix(' Office')} Social Work Station",
        opened_on=dt.date(2025, 6, 1),
    )
    is_weak = (district.key, short) == jinan.WEAK
    # The weak station's first year is ten months old, so that its evaluation is due; the others follow over the summer.
    begins = dt.date(2025, 4, 20) if is_weak else dt.date(2025, 6, 1) + dt.timedelta(days=number % 90)
    expires = (district.key, short) in jinan.EXPIRING
    if expires:
        begins = dt.date(2023, 5, 26)
    parent = team.parent_id
    assert parent is not None
    value = draw.randint(90, 240) * 1_000_000
    contract = Contract(
        number=f"HT-2025-{number:04d}",
        buyer_id=station.district_id,
        provider_id=parent,
        team_id=team.id,
        title=f"{station.name}项目",
        value_fen=value,
        bond_fen=value // 20,
        starts_on=begins,
        ends_on=rules.term_end(begins),
        status="active",
        signed_on=begins,
        published_on=begins,
        filed_on=begins,
        parts=dict.fromkeys(rules.CONTRACT_PARTS, "见合同文本"),
    )
    session.add_all([station, contract])
    session.flush()
    session.add(
        ContractStation(contract_id=contract.id, station_id=station.id, from_day=begins, to_day=contract.ends_on)
    )
    years = []
    for place, ((first, last), fen) in enumerate(zip(rules.years_of(begins), rules.split_value(value), strict=True), 1):
        year = ContractYear(contract_id=contract.id, number=place, from_day=first, to_day=last, value_fen=fen)
        session.add(year)
        years.append(year)
    session.flush()
    for year in years:
        city_share = year.value_fen * 4 // 10
        session.add(Funding(contract_year_id=year.id, source="city", fen=city_share))
        session.add(Funding(contract_year_id=year.id, source="district", fen=year.value_fen - city_share))
    return Placed(district, short, station, contract, years[-1 if expires else 0], is_weak)


def _main_stations(session: Session, city: City, districts: tuple[jinan.District, ...], placed: int) -> None:
    """The districts' main stations and the city's platform, each with a contract of a provider without street stations
    there (Plan 四(二))."""
    rows = [("city_platform", "city", "济南市社会工作指导服务平台", "Jinan Guidance Platform")]
    rows += [("district_main", d.key, f"{d.zh}社会工作服务总站", f"{d.en} Main Station") for d in districts]
    for number, (kind, key, zh, en) in enumerate(rows, placed + 1):
        seat = city.organisations[key]
        begins = dt.date(2025, 7, 1)
        provider = city.organisations["provider.1" if kind == "city_platform" else "provider.2"]
        contract = Contract(
            number=f"HT-2025-{number:04d}",
            buyer_id=seat.id,
            provider_id=provider.id,
            title=f"{zh}项目",
            value_fen=180_000_000,
            starts_on=begins,
            ends_on=rules.term_end(begins),
            status="active",
            signed_on=begins,
            parts=dict.fromkeys(rules.CONTRACT_PARTS, "见合同文本"),
        )
        station = Station(kind=kind, street_id=seat.id, district_id=seat.id, name=zh, name_en=en, opened_on=begins)
        session.add_all([station, contract])
        session.flush()
        session.add(
            ContractStation(contract_id=contract.id, station_id=station.id, from_day=begins, to_day=contract.ends_on)
        )
        for place, ((first, last), fen) in enumerate(
            zip(rules.years_of(begins), rules.split_value(contract.value_fen), strict=True), 1
        ):
            session.add(ContractYear(contract_id=contract.id, number=place, from_day=first, to_day=last, value_fen=fen))


# --- staff -----------------------------------------------------------------------------------------------------------


def _staff(session: Session, city: City, placed: list[Placed], draw: random.Random) -> dict[int, list[int]]:
    """571 people on post (fewer where fewer districts are loaded); assignment ids by station."""
    sizes = _sizes(placed)
    people, posts = [], []
    for here in placed:
        qualified = _qualified(here, sizes[here.station.id])
        for place in range(sizes[here.station.id]):
            number = id_number(draw, born_from=1987, born_to=2001)
            person = name(draw)
            people.append(
                {
                    "name": person,
                    "sort_key": person,
                    "id_number": keys.encrypt(session, "identifiers", number),
                    "id_fingerprint": keys.fingerprint(session, number),
                    "id_mask": f"{number[:4]}**********{number[-4:]}",
                    "birth": dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14])),
                    "sex": "male" if int(number[16]) % 2 else "female",
                }
            )
            posts.append((here, place, place < qualified))
    unique = {row["id_fingerprint"]: index for index, row in enumerate(people)}
    people = [people[index] for index in sorted(unique.values())]
    posts = [posts[index] for index in sorted(unique.values())]
    person_ids = session.scalars(insert(Person).returning(Person.id, sort_by_parameter_order=True), people).all()
    staff_ids = session.scalars(
        insert(Staff).returning(Staff.id, sort_by_parameter_order=True),
        [_staff_row(person_id, *post, draw) for person_id, post in zip(person_ids, posts, strict=True)],
    ).all()
    assignment_ids = session.scalars(
        insert(Assignment).returning(Assignment.id, sort_by_parameter_order=True),
        [
            {
                "staff_id": staff_id,
                "station_id": here.station.id,
                "contract_id": here.contract.id,
                "post": "station_manager" if place == 0 else "social_worker",
                "from_day": here.contract.starts_on,
            }
            for staff_id, (here, place, _) in zip(staff_ids, posts, strict=True)
        ],
    ).all()
    session.execute(
        insert(Membership),
        [
            {
                "person_id": person_id,
                "organisation_id": here.contract.team_id,
                "role": "social_worker",
                "valid_from": here.contract.starts_on,
            }
            for person_id, (here, _, _) in zip(person_ids, posts, strict=True)
        ],
    )
    by_station: dict[int, list[int]] = {}
    for assignment_id, (here, _, _) in zip(assignment_ids, posts, strict=True):
        by_station.setdefault(here.station.id, []).append(assignment_id)
    return by_station


def _sizes(placed: list[Placed]) -> dict[int, int]:
    """People per station: 47 in the short district, two at the weak station, 571 in all."""
    sizes = {here.station.id: 2 if here.is_weak else 3 for here in placed}
    short = [here.station.id for here in placed if here.district.key == jinan.SHORT_DISTRICT]
    others = [here.station.id for here in placed if here.district.key != jinan.SHORT_DISTRICT and not here.is_weak]
    _spread(sizes, short, jinan.SHORT_STAFF)
    if len(placed) == jinan.STATIONS:
        fixed = sum(size for station, size in sizes.items() if station not in others)
        _spread(sizes, others, jinan.STAFF - fixed)
    return sizes


def _spread(sizes: dict[int, int], stations: list[int], total: int) -> None:
    """`total` people over the stations as evenly as may be."""
    for place, station in enumerate(stations):
        sizes[station] = total // len(stations) + (place < total % len(stations))


def _qualified(here: Placed, size: int) -> int:
    """Two thirds, rounded up; in the short district two of each, 28 of 47; at the weak station nobody."""
    if here.is_weak:
        return 0
    if here.district.key == jinan.SHORT_DISTRICT:
        return jinan.SHORT_QUALIFIED // len(here.district.streets)
    return -(-size * 2 // 3)


def _staff_row(person_id: int, here: Placed, place: int, qualified: bool, draw: random.Random) -> dict[str, Any]:
    certified = qualified and place % 2 == 0
    return {
        "person_id": person_id,
        "provider_id": here.contract.provider_id,
        "education": draw.choice(("junior_college", "bachelor", "bachelor", "master")),
        "major": "社会工作" if qualified else draw.choice(("行政管理", "会计", "汉语言文学", "计算机应用")),
        "related_major": qualified and not certified,
        "certificate": "social_worker" if certified else None,
        "training_hours": 0 if here.is_weak else draw.randint(24, 60),
        "training_passed": True,
        "entered_on": here.contract.starts_on,
    }


# --- what was done ---------------------------------------------------------------------------------------------------


def _attendance(session: Session, placed: list[Placed], staff: dict[int, list[int]], draw: random.Random) -> None:
    rows = []
    monday = HALF_YEAR_AGO
    while monday < TODAY:
        for here in placed:
            days = 1 if here.is_weak else 4
            for assignment_id in staff.get(here.station.id, ()):
                rows += [
                    {
                        "assignment_id": assignment_id,
                        "day": monday + dt.timedelta(days=day),
                        "minutes": draw.randint(360, 420),
                        "activity": "community",
                    }
                    for day in range(days)
                ]
        monday += dt.timedelta(days=7)
    session.execute(insert(Attendance), rows)


def _services(session: Session, placed: list[Placed], draw: random.Random) -> None:
    """2,295 activities in half a year over the whole city, visits and the rest in proportion; the weak station few."""
    rows: list[dict[str, Any]] = []
    per_station = jinan.ACTIVITIES // jinan.STATIONS
    extra = jinan.ACTIVITIES - per_station * jinan.STATIONS
    days = [HALF_YEAR_AGO + dt.timedelta(days=offset) for offset in range((TODAY - HALF_YEAR_AGO).days)]
    for number, here in enumerate(placed):
        # Rows that the weak station does not hold are held elsewhere, so that the city's total stays.
        activities = 2 if here.is_weak else per_station + (number < extra + per_station - 2)
        rows += [_record(here, draw.choice(days), "activity", 1, draw) for _ in range(activities)]
        for month in range(6):
            day = min(TODAY - dt.timedelta(days=1), workdays.add_months(HALF_YEAR_AGO, month) + dt.timedelta(days=10))
            if here.is_weak:
                rows.append(_record(here, day, "visit", 2, draw))
                continue
            rows += [
                _record(here, day, "visit", draw.randint(60, 110), draw),
                _record(here, day, "supervision", 1, draw),
            ]
            rows += [_record(here, day, "group", 1, draw), _record(here, day, "volunteer", draw.randint(1, 4), draw)]
        if not here.is_weak:
            rows.append(_record(here, HALF_YEAR_AGO, "rule_book", 6, draw))
    session.execute(insert(ServiceRecord), rows)


def _record(here: Placed, day: dt.date, kind: str, units: int, draw: random.Random) -> dict[str, Any]:
    is_activity = kind == "activity"
    return {
        "station_id": here.station.id,
        "day": day,
        "kind": kind,
        "units": units,
        "participants": draw.randint(18, 42) if is_activity else 0,
        "volunteers": draw.randint(2, 7) if is_activity else 0,
        "organisations": int(is_activity and draw.random() < 0.4),
        "charity_fen": draw.randint(0, 120_000) if is_activity else 0,
    }


def _reports(session: Session, placed: list[Placed], draw: random.Random) -> None:
    """Briefs of the months that are over, accepted; the weak station handed in one, late."""
    rows = []
    for here in placed:
        first = here.year.from_day
        for month in range(12):
            end = workdays.add_months(first, month + 1) - dt.timedelta(days=1)
            due = workdays.add_working_days(end, 5, workdays.bundled_calendar()).day
            if due >= TODAY:
                break
            late = here.is_weak
            submitted = None if late and month else due + dt.timedelta(days=9 if late else -draw.randint(0, 3))
            rows.append(
                {
                    "contract_year_id": here.year.id,
                    "kind": "monthly",
                    "due_on": due,
                    "submitted_on": submitted,
                    "period": f"{workdays.add_months(first, month):%Y-%m}",
                    "accepted_on": submitted,
                    "figures": {},
                    "narrative": "",
                }
            )
    session.execute(insert(Report), rows)


def _money(session: Session, placed: list[Placed]) -> None:
    rows = [
        {
            "contract_id": here.contract.id,
            "number": f"FK-{here.contract.number}-1",
            "kind": "advance",
            "fen": here.year.value_fen * (3 if here.is_weak else 9) // 10,
            "paid_on": here.year.from_day,
        }
        for here in placed
    ]
    session.execute(insert(Payment), rows)


def _casework(session: Session, placed: list[Placed], draw: random.Random) -> None:
    """20,000 clients and 366 closed cases over the whole city; every name and number is invented."""
    share = len(placed) / jinan.STATIONS
    count = int(CLIENTS * share)
    categories = ("elderly_alone", "disabled", "allowance", "child_in_need", "poor", "other")
    client_ids = session.scalars(
        insert(Client).returning(Client.id, sort_by_parameter_order=True),
        [
            {
                "number": f"FW-{number:06d}",
                "station_id": placed[number % len(placed)].station.id,
                "name": keys.encrypt(session, cases.KEY_CLASS, name(draw)),
                "categories": [draw.choice(categories)],
                "risk": draw.choices(("high", "key", "general"), (5, 25, 70))[0],
            }
            for number in range(1, count + 1)
        ],
    ).all()
    strong = [here for here in placed if not here.is_weak]
    rows: list[dict[str, Any]] = []
    for number in range(1, int(jinan.CASES * share) + 1):
        here = strong[number % len(strong)]
        opened = HALF_YEAR_AGO + dt.timedelta(days=draw.randint(0, 120))
        rows.append(
            {
                "number": f"GA-2025-{number:05d}",
                "client_id": client_ids[number % len(client_ids)],
                "station_id": here.station.id,
                "team_id": here.contract.team_id,
                "source": "visit",
                "status": "closed",
                "opened_on": opened,
                "closed_on": opened + dt.timedelta(days=draw.randint(30, 55)),
                "reason": "achieved",
                "responsible_id": 0,
                "created_at": clock.at(opened),
            }
        )
    workers = _worker_of(session, placed)
    for row in rows:
        row["responsible_id"] = workers[row["team_id"]]
    case_ids = session.scalars(insert(Case).returning(Case.id, sort_by_parameter_order=True), rows).all()
    session.execute(
        insert(CaseNote),
        [
            {
                "case_id": case_id,
                "kind": "session",
                "day": row["opened_on"],
                "minutes": 60,
                "author_id": row["responsible_id"],
                "created_at": clock.at(row["opened_on"]),
                "body": cases.seal(session, {"aim": "建立关系", "process": "（演示数据）初次面谈，了解家庭情况。"}),
            }
            for case_id, row in zip(case_ids, rows, strict=True)
        ],
    )


def _worker_of(session: Session, placed: list[Placed]) -> dict[int, int]:
    """One worker per team."""
    teams = {here.contract.team_id for here in placed if here.contract.team_id is not None}
    rows = session.query(Membership.organisation_id, Membership.person_id).filter(
        Membership.organisation_id.in_(teams), Membership.role == "social_worker"
    )
    return {row[0]: row[1] for row in rows}
