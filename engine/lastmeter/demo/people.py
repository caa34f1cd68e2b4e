"""The people and organisations of Jinan-161: one login per role in 历下区, nameless seats elsewhere."""

from __future__ import annotations

import datetime as dt
import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import insert
from sqlalchemy.orm import Session

from lastmeter.actor import SYSTEM
from lastmeter.demo import jinan
from lastmeter.identity import logins
from lastmeter.identity.models import Account, Membership, Organisation, Person, Region
from lastmeter.identity.people import add_person, grant

SINCE = dt.date(2025, 1, 1)
UNUSABLE_PASSWORD = "!"  # no password has this hash
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

# login → (role, where); where names an organisation of `City` by key.
VISITORS = {
    "city": ("city_officer", "city"),
    "officer": ("district_officer", "lixia"),
    "officer2": ("district_officer", "lixia"),
    "leader": ("district_leader", "lixia"),
    "finance": ("finance_officer", "lixia.finance"),
    "street": ("street_officer", "lixia.甸柳新村"),
    "agency": ("agency_officer", "agency"),
    "agency2": ("agency_officer", "agency"),
    "provider": ("provider_manager", "provider.0"),
    "provider2": ("provider_manager", "provider.1"),
    "provider3": ("provider_manager", "provider.2"),
    "station": ("station_manager", "team.lixia.甸柳新村"),
    "worker": ("social_worker", "team.lixia.甸柳新村"),
    "worker2": ("social_worker", "team.lixia.甸柳新村"),
    "dispatcher": ("dispatcher", "dispatch"),
    "evaluator": ("evaluator", "evaluator"),
    "evaluator2": ("evaluator", "evaluator"),
    "supervisor": ("supervisor", "experts"),
    "auditor": ("auditor", "city"),
    "designer": ("process_designer", "city"),
    "operator": ("operator", "city"),
    "data": ("data_officer", "city"),
    **{f"expert{number}": ("review_expert", "experts") for number in range(1, 8)},
}


@dataclass
class City:
    """What was made, by keys: `city`, `lixia`, `lixia.finance`, `lixia.泉城路`, `provider.3`, `team.lixia.泉城路`."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)


def uscc(number: int) -> str:
    """A synthetic credit code of a social organisation with a valid check character."""
    body = f"52370100MJE{number:06d}"
    total = sum(USCC_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return body + USCC_ALPHABET[(31 - total % 31) % 31]


def id_number(draw: random.Random, *, born_from: int, born_to: int) -> str:
    """A synthetic identity number with a valid checksum; the holder does not exist."""
    birth = dt.date(draw.randint(born_from, born_to), draw.randint(1, 12), draw.randint(1, 28))
    body = f"3701{draw.choice(('02', '03', '04', '05', '12'))}{birth:%Y%m%d}{draw.randint(0, 999):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(sign) * weight for sign, weight in zip(body, weights, strict=True)) % 11]


def name(draw: random.Random) -> str:
    return draw.choice(jinan.SURNAMES) + "".join(draw.sample(jinan.GIVEN, draw.choice((1, 2, 2))))


def _organisation(
    session: Session,
    city: City,
    key: str,
    kind: str,
    zh: str,
    en: str,
    parent: str | None = None,
    *,
    tree: str = "administrative",
    region: Region | None = None,
    code: str | None = None,
) -> Organisation:
    above = city.organisations[parent] if parent else None
    made = Organisation(
        tree=tree,
        kind=kind,
        name=zh,
        name_en=en,
        parent_id=above.id if above else None,
        uscc=code,
        region_id=region.id if region else None,
        controller_key=key if tree == "provider" and kind == "provider" else None,
    )
    session.add(made)
    session.flush()
    made.path = f"{above.path if above else '/'}{made.id}/"
    city.organisations[key] = made
    return made


def build(
    session: Session, districts: tuple[jinan.District, ...], draw: random.Random, *, passwords: bool = True
) -> City:
    """Regions, both trees and everybody's seats stand; `VISITORS` can log in, or without passwords only act."""
    city = City()
    top = Region(code="370100", level=1, name="济南市", name_en="Jinan")
    session.add(top)
    session.flush()
    for key, kind, zh, en, parent in (
        ("city", "civil_bureau", "济南市民政局", "Jinan Civil Affairs Bureau", None),
        ("city_finance", "finance", "济南市财政局", "Jinan Finance Bureau", "city"),
        ("dispatch", "dispatch", "济南市社会工作派单中心", "Jinan Dispatch Centre", "city"),
        ("agency", "agency", "泉城招标代理有限公司", "Quancheng Procurement Agency", "city"),
        ("evaluator", "evaluator", "齐鲁社会评估中心", "Qilu Evaluation Centre", "city"),
        ("experts", "expert_pool", "专家库", "Expert pool", "city"),
    ):
        _organisation(session, city, key, kind, zh, en, parent, region=top)
    for district in districts:
        _district(session, city, district, top)
    _providers(session, city, districts)
    _visitors(session, city, draw, passwords)
    _seats(session, city, districts, draw)
    return city


def _district(session: Session, city: City, district: jinan.District, top: Region) -> None:
    region = Region(
        code=district.code,
        is_official=district.is_official,
        level=2,
        name=district.zh,
        name_en=district.en,
        parent_id=top.id,
    )
    session.add(region)
    session.flush()
    _organisation(
        session,
        city,
        district.key,
        "civil_bureau",
        f"{district.zh}民政局",
        f"{district.en} Civil Affairs Bureau",
        "city",
        region=region,
    )
    _organisation(
        session,
        city,
        f"{district.key}.finance",
        "finance",
        f"{district.zh}财政局",
        f"{district.en} Finance Bureau",
        district.key,
        region=region,
    )
    for number, short in enumerate(district.streets, 1):
        zh, kind = jinan.street_name(short)
        en = jinan.street_name_en(district, number)
        place = Region(
            code=f"{district.code}{number:03d}",
            is_official=district.is_official,
            level=3,
            name=zh,
            name_en=en,
            parent_id=region.id,
        )
        session.add(place)
        session.flush()
        office = "镇人民政府" if kind == "镇" else "街道办事处"
        _organisation(
            session,
            city,
            f"{district.key}.{short}",
            "street",
            f"{zh.removesuffix(kind)}{office}",
            f"{en} Office",
            district.key,
            region=place,
        )
        city.regions[f"{district.key}.{short}"] = place


def _providers(session: Session, city: City, districts: tuple[jinan.District, ...]) -> None:
    for number, (zh, en) in enumerate(zip(jinan.PROVIDER_NAMES, jinan.PROVIDER_PINYIN, strict=True)):
        _organisation(
            session,
            city,
            f"provider.{number}",
            "provider",
            f"济南{zh}社会工作服务中心",
            f"{en} Social Work Centre",
            tree="provider",
            code=uscc(number + 1),
        )
    count = 0
    for district in districts:
        for place, short in enumerate(district.streets, 1):
            # The visitor's station belongs to the visitor's provider; the others go round.
            number = 0 if (district.key, short) == jinan.WEAK else 3 + count % (len(jinan.PROVIDER_NAMES) - 3)
            count += 1
            zh, _ = jinan.street_name(short)
            _organisation(
                session,
                city,
                f"team.{district.key}.{short}",
                "team",
                f"{district.zh}{zh}驻站团队",
                f"{jinan.street_name_en(district, place)} station team",
                f"provider.{number}",
                tree="provider",
                region=city.regions[f"{district.key}.{short}"],
            )


def _visitors(session: Session, city: City, draw: random.Random, passwords: bool) -> None:
    """The people of `VISITORS` hold their seats; hashing is slow on purpose, so it runs on every core at once."""
    for login in VISITORS:
        city.passwords[login] = f"{draw_word()}-{draw_word()}" if passwords else ""
    hashes = dict.fromkeys(VISITORS, UNUSABLE_PASSWORD)
    if passwords:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            hashes = dict(zip(VISITORS, pool.map(logins.hash_password, city.passwords.values()), strict=True))
    for login, (role, where) in VISITORS.items():
        person = add_person(session, SYSTEM, name=name(draw), id_number=id_number(draw, born_from=1970, born_to=1995))
        grant(session, SYSTEM, person, role, city.organisations[where], since=SINCE)
        session.add(Account(person_id=person.id, login=login, password_hash=hashes[login]))
        city.people[login] = person


def _seats(session: Session, city: City, districts: tuple[jinan.District, ...], draw: random.Random) -> None:
    taken = {(role, where) for role, where in VISITORS.values()}
    seats = []
    for district in districts:
        seats += [
            ("district_officer", district.key),
            ("district_leader", district.key),
            ("finance_officer", f"{district.key}.finance"),
        ]
        seats += [("street_officer", f"{district.key}.{short}") for short in district.streets]
        seats += [("station_manager", f"team.{district.key}.{short}") for short in district.streets]
    seats += [("provider_manager", f"provider.{number}") for number in range(len(jinan.PROVIDER_NAMES))]
    _seat_many(session, city, [seat for seat in seats if seat not in taken], draw)


def _seat_many(session: Session, city: City, seats: list[tuple[str, str]], draw: random.Random) -> None:
    """Many people without login at once."""
    names = [name(draw) for _ in seats]
    rows = session.scalars(
        insert(Person).returning(Person.id, sort_by_parameter_order=True), [{"name": n, "sort_key": n} for n in names]
    ).all()
    session.execute(
        insert(Membership),
        [
            {"person_id": person_id, "organisation_id": city.organisations[where].id, "role": role, "valid_from": SINCE}
            for person_id, (role, where) in zip(rows, seats, strict=True)
        ],
    )


def draw_word() -> str:
    """Six characters that are hard to confuse, from the system's randomness."""
    return "".join(random.SystemRandom().choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(6))
