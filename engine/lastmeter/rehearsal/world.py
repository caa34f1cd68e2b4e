"""A small city to rehearse in: two districts, their streets, providers, experts, and somebody in every role."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from lastmeter.actor import SYSTEM, Actor
from lastmeter.identity.models import Account, Organisation, Person, Region
from lastmeter.identity.people import actor_of, add_organisation, add_person, grant

SINCE = dt.date(2025, 1, 1)
UNUSABLE_PASSWORD = "!"  # nobody logs in with it: a rehearsal acts through services

# login → (name, role, organisation key)
CITY_PEOPLE = {
    "city.officer": ("孙丽", "city_officer", "city"),
    "city.finance": ("郑凯", "finance_officer", "city_finance"),
    "auditor": ("周正", "auditor", "city"),
    "designer": ("吴桐", "process_designer", "city"),
    "operator": ("冯岩", "operator", "city"),
    "data.officer": ("陈静", "data_officer", "city"),
    "dispatcher": ("褚敏", "dispatcher", "dispatch"),
    "agency.officer": ("卫东", "agency_officer", "agency"),
    "agency.officer2": ("蒋欣", "agency_officer", "agency"),
    "evaluator": ("沈括", "evaluator", "evaluator"),
    "evaluator2": ("韩雪", "evaluator", "evaluator"),
    "supervisor": ("杨帆", "supervisor", "experts"),
}
# key, kind, zh, en, parent
CITY_ORGANISATIONS: tuple[tuple[str, str, str, str, str | None], ...] = (
    ("city", "civil_bureau", "济南市民政局", "Jinan Civil Affairs Bureau", None),
    ("city_finance", "finance", "济南市财政局", "Jinan Finance Bureau", "city"),
    ("dispatch", "dispatch", "济南市社会工作派单中心", "Jinan Dispatch Centre", "city"),
    ("agency", "agency", "泉城招标代理有限公司", "Quancheng Procurement Agency", "city"),
    ("evaluator", "evaluator", "齐鲁评估中心", "Qilu Evaluation Centre", "city"),
    ("experts", "expert_pool", "专家库", "Expert pool", "city"),
)
EXPERTS = ("赵平", "钱进", "孙悦", "李真", "周全", "吴迪", "郑重", "王宁", "冯远", "陈思")
DISTRICTS = {"lixia": ("历下区", "Lixia", "370102"), "licheng": ("历城区", "Licheng", "370112")}
STREETS = {
    "lixia": (("quancheng", "泉城路街道", "Quancheng Road"), ("daming", "大明湖街道", "Daming Lake")),
    "licheng": (("shanda", "山大路街道", "Shanda Road"), ("hongjialou", "洪家楼街道", "Hongjialou")),
}
DISTRICT_PEOPLE = {
    "officer": ("王敏", "district_officer", ""),
    "officer2": ("李强", "district_officer", ""),
    "leader": ("张宏", "district_leader", ""),
    "finance": ("刘洋", "finance_officer", "finance"),
}
PROVIDERS = {
    "huimin": ("惠民社会工作服务中心", "Huimin Social Work Centre", "52370100MJD600001H", "民"),
    "yangguang": ("阳光社会服务中心", "Sunshine Social Services", "52370100MJD600002L", "阳"),
    "hexie": ("和谐社会工作事务所", "Harmony Social Work Office", "52370100MJD600003P", "和"),
    "qilu": ("齐鲁社区发展中心", "Qilu Community Development", "52370100MJD600004T", "鲁"),
}


@dataclass
class World:
    """What the rehearsal world holds, by short keys such as `lixia`, `lixia.finance`, `lixia.quancheng`, `huimin`."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)  # by login
    session: Session | None = None

    def actor(self, login: str) -> Actor:
        """The person as an actor with today's posts."""
        assert self.session is not None
        return actor_of(self.session, self.people[login].id)

    def organisation(self, key: str) -> Organisation:
        return self.organisations[key]


def build(session: Session) -> World:
    """The rehearsal world stands in an empty database."""
    world = World(session=session)
    _city(session, world)
    for key, (zh, en, code) in DISTRICTS.items():
        _district(session, world, key, zh, en, code)
    for key, (zh, en, uscc, mark) in PROVIDERS.items():
        _provider(session, world, key, zh, en, uscc, mark)
    for number, name in enumerate(EXPERTS, 1):
        _person(session, world, f"expert{number}", name, "review_expert", "experts")
    session.flush()
    return world


def reload(session: Session) -> World:
    """The rehearsal world that `build` left in this database."""
    world = World(session=session)
    by_name = {row.name: row for row in session.scalars(select(Organisation))}
    for key, name in _organisation_names().items():
        world.organisations[key] = by_name[name]
    for account in session.scalars(select(Account).options(joinedload(Account.person))):
        world.people[account.login] = account.person
    return world


def _organisation_names() -> dict[str, str]:
    names = {key: zh for key, _, zh, _, _ in CITY_ORGANISATIONS}
    for key, (zh, _, _) in DISTRICTS.items():
        names |= {key: f"{zh}民政局", f"{key}.finance": f"{zh}财政局"}
        names |= {f"{key}.{street}": f"{street_zh}办事处" for street, street_zh, _ in STREETS[key]}
    for key, (zh, _, _, _) in PROVIDERS.items():
        names |= {key: zh, f"{key}.team": f"{zh}驻站团队"}
    return names


def _city(session: Session, world: World) -> None:
    city = Region(code="370100", level=1, name="济南市", name_en="Jinan")
    session.add(city)
    session.flush()
    for key, kind, zh, en, parent in CITY_ORGANISATIONS:
        world.organisations[key] = add_organisation(
            session, SYSTEM, tree="administrative", kind=kind, name=zh, name_en=en, region=city,
            parent=world.organisations[parent] if parent else None,
        )  # fmt: skip
    for login, (name, role, place) in CITY_PEOPLE.items():
        _person(session, world, login, name, role, place)


def _district(session: Session, world: World, key: str, zh: str, en: str, code: str) -> None:
    city = world.organisations["city"]
    region = Region(code=code, level=2, name=zh, name_en=f"{en} District", parent_id=city.region_id)
    session.add(region)
    session.flush()
    bureau = add_organisation(
        session, SYSTEM, tree="administrative", kind="civil_bureau", name=f"{zh}民政局",
        name_en=f"{en} Civil Affairs Bureau", parent=city, region=region,
    )  # fmt: skip
    world.organisations[key] = bureau
    world.organisations[f"{key}.finance"] = add_organisation(
        session, SYSTEM, tree="administrative", kind="finance", name=f"{zh}财政局",
        name_en=f"{en} Finance Bureau", parent=bureau, region=region,
    )  # fmt: skip
    for number, (street, street_zh, street_en) in enumerate(STREETS[key], 1):
        place = Region(
            code=f"{code}{number:03d}", level=3, name=street_zh, name_en=f"{street_en} Subdistrict",
            parent_id=region.id,
        )  # fmt: skip
        session.add(place)
        session.flush()
        world.organisations[f"{key}.{street}"] = add_organisation(
            session, SYSTEM, tree="administrative", kind="street", name=f"{street_zh}办事处",
            name_en=f"{street_en} Subdistrict Office", parent=bureau, region=place,
        )  # fmt: skip
        _person(session, world, f"{key}.{street}.officer", f"{street_zh[0]}办", "street_officer", f"{key}.{street}")
    for login, (name, role, place_key) in DISTRICT_PEOPLE.items():
        _person(session, world, f"{key}.{login}", name, role, f"{key}.{place_key}" if place_key else key)


def _provider(session: Session, world: World, key: str, zh: str, en: str, uscc: str, mark: str) -> None:
    provider = add_organisation(
        session, SYSTEM, tree="provider", kind="provider", name=zh, name_en=en, uscc=uscc, controller_key=key
    )
    team = add_organisation(
        session,
        SYSTEM,
        tree="provider",
        kind="team",
        name=f"{zh}驻站团队",
        name_en=f"{en} station team",
        parent=provider,
    )
    world.organisations[key], world.organisations[f"{key}.team"] = provider, team
    _person(session, world, f"{key}.manager", f"{mark}经理", "provider_manager", key)
    _person(session, world, f"{key}.station", f"{mark}站长", "station_manager", f"{key}.team")
    for number in range(1, 4):
        _person(session, world, f"{key}.worker{number}", f"{mark}社工{number}", "social_worker", f"{key}.team")


def _person(session: Session, world: World, login: str, name: str, role: str, place: str) -> None:
    person = add_person(session, SYSTEM, name=name)
    grant(session, SYSTEM, person, role, world.organisations[place], since=SINCE)
    session.add(Account(person_id=person.id, login=login, password_hash=UNUSABLE_PASSWORD))
    world.people[login] = person
