"""The demonstration: Jinan-161 in an embedded database, opened on 2026-03-02, one login per role."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import select
from sqlalchemy.orm import Session
from tqdm import tqdm

from lastmeter import clock, config, db, jobs, keys, migrations, supervise, wiring
from lastmeter.actor import SYSTEM, Actor
from lastmeter.demo import history, jinan, people
from lastmeter.embedded import postgres
from lastmeter.identity.models import Organisation
from lastmeter.identity.people import actor_of, holders
from lastmeter.identity.roles import ROLES
from lastmeter.procurement import thresholds
from lastmeter.workflow import instances, tasks
from lastmeter.workflow.models import HumanTask, InstanceParty

OPENS_AT = clock.at(history.TODAY)
LOGINS = "logins.json"
SEED = 161
REPORTS_WRITTEN, REPORTS_HANDED_IN = 12, 8


def run(*, port: int, data_dir: Path | None, small: bool) -> int:
    """Start the demonstration and keep it running until somebody stops it; the exit status."""
    folder = (data_dir or Path("var") / "demo").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "LASTMETER_DEMO": "1",
        "LASTMETER_SECURE_COOKIES": "0",
        "LASTMETER_DATA_DIR": str(folder),
    }

    def prepare(cluster: postgres.Cluster) -> None:
        if not (folder / LOGINS).exists():
            # A first start that was interrupted while loading: nobody has worked in it, so it begins anew.
            cluster.drop_database(postgres.DATABASE)
            cluster.create_database(postgres.DATABASE)
        fill(cluster.url(role=postgres.OWNER), folder, small=small)

    supervise.run_demo(
        folder, prepare=prepare, announce=lambda address: announce(address, folder), port=port, environment=environment
    )
    return 0


def announce(address: str, folder: Path) -> None:
    """Print the address and one login per role."""
    passwords: dict[str, str] = json.loads((folder / LOGINS).read_text())
    click.echo(f"\n  打开 / open  {address}\n")
    click.echo("  登录名 login   密码 password   角色 role")
    for login, password in passwords.items():
        role = ROLES[people.VISITORS[login][0]]
        click.echo(f"  {login:13}  {password:14}  {role.zh} · {role.en}")
    click.echo("\n  Ctrl-C 停止，数据保留 / stops; what was done is kept\n")


def fill(owner_url: str, folder: Path, *, small: bool) -> None:
    """The database is migrated and, the first time, filled; a second start keeps what was done."""
    wiring.connect()
    keys.configure(config.Settings(data_dir=folder), create=True)
    migrations.upgrade(owner_url)
    db.follow_virtual_clock(True)
    engine = db.make_engine(owner_url)
    factory = db.session_factory(engine)
    try:
        with factory() as session:
            if session.scalar(select(Organisation.id).limit(1)) is not None:
                return
        load(factory, folder, small=small)
    finally:
        engine.dispose()
        db.follow_virtual_clock(False)
        clock.set_virtual(None)


def load(factory: Callable[[], Session], folder: Path, *, small: bool) -> None:
    """Jinan-161 (or one district of it), processes published, work waiting in every inbox."""
    districts = jinan.DISTRICTS[:1] if small else jinan.DISTRICTS
    draw = random.Random(SEED)
    with tqdm(total=5, desc="Jinan-161", bar_format="{desc}: {bar} {n_fmt}/{total_fmt} {postfix}") as bar:
        with _step(bar, "法定期限与流程 / register and processes"), _unit(factory) as session:
            db.move_legal_clock(session, OPENS_AT)
            wiring.furnish(session, SYSTEM)
            thresholds.add_examples(session)
        with _step(bar, "机构与人员 / organisations and people"), _unit(factory) as session:
            city = people.build(session, districts, draw)
        with _step(bar, "合同、人员、服务记录 / contracts, staff, services"), _unit(factory) as session:
            placed = history.build(session, city, districts, draw)
            contracts = [(here.contract.id, here.year.number) for here in placed]
        with _step(bar, "进行中的事项 / work in progress"):
            _begin_work(factory, city, districts, contracts)
        with _step(bar, "待办 / inboxes"):
            jobs.drain(factory)
            _write_reports(factory, city.organisations["lixia"].id)
            jobs.drain(factory)
    handle = os.open(folder / LOGINS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(city.passwords, out)


@contextmanager
def _step(bar: tqdm, name: str) -> Iterator[None]:  # type: ignore[type-arg]  # tqdm is generic only in its stubs
    bar.set_postfix_str(name)
    yield
    bar.update()


@contextmanager
def _unit(factory: Callable[[], Session]) -> Iterator[Session]:
    with factory() as session, db.unit_of_work(session):
        yield session


def _begin_work(
    factory: Callable[[], Session],
    city: people.City,
    districts: tuple[jinan.District, ...],
    contracts: list[tuple[int, int]],
) -> None:
    """Every contract runs in its second half year, every district owes its annual plan, the visitor has orders."""
    with _unit(factory) as session:
        for district in districts:
            officer = _officer(session, city.organisations[district.key].id)
            instances.start(session, officer, "annual_plan", data={"year": history.TODAY.year})
    for contract_id, year in contracts:
        with _unit(factory) as session:
            known = {"contract_id": contract_id, "year_number": year - 1}
            instances.start(session, SYSTEM, "contract_term", variables=known)
    with _unit(factory) as session:
        dispatcher = actor_of(session, city.people["dispatcher"].id)
        street = city.organisations[".".join(jinan.WEAK)].id
        for category, urgency, text in _REQUESTS:
            data = {
                "source": "hotline", "street": street, "category": category, "urgency": urgency, "caller": "居民",
                "request": text,
            }  # fmt: skip
            instances.start(session, dispatcher, "dispatch", data=data)


def _write_reports(factory: Callable[[], Session], district_id: int) -> None:
    """Most stations of the visitor's district have written February's brief: some wait for the provider, some for the
    bureau and the street; and two of the visitor's orders are accepted."""
    narrative = {
        "narrative": "本月按计划开展入户走访、个案服务和社区活动，服务对象反映良好。", "problems": "志愿者数量不足。",
        "next_plan": "继续走访重点家庭，开展节日活动。",
    }  # fmt: skip
    _do(factory, district_id, "task_draft_report", narrative, REPORTS_WRITTEN)
    _do(factory, district_id, "task_check_report", {"check": "submit"}, REPORTS_HANDED_IN)
    _do(factory, district_id, "task_accept", {"decision": "accept"}, 2, newest_first=True)


def _do(
    factory: Callable[[], Session],
    district_id: int,
    element: str,
    data: Mapping[str, str],
    most: int,
    *,
    newest_first: bool = False,
) -> None:
    """The first holders of the district's open tasks of that element complete `most` of them."""
    with factory() as session:
        parties = select(InstanceParty.instance_id).where(
            InstanceParty.name == "district", InstanceParty.organisation_id == district_id
        )
        waiting = session.scalars(
            select(HumanTask)
            .where(HumanTask.element_id == element, HumanTask.state == "open", HumanTask.instance_id.in_(parties))
            .order_by(HumanTask.id.desc() if newest_first else HumanTask.id)
            .limit(most)
        ).all()
    for task in waiting:
        with _unit(factory) as session:
            person = holders(session, task.role or "", task.organisation_id or 0)[0]
            tasks.complete(session, actor_of(session, person.id), task.id, data)
    jobs.drain(factory)


_REQUESTS = (
    ("elderly", "urgent", "独居老人两日未出门，邻居担心，请上门看望。"),
    ("family", "normal", "青春期孩子不愿上学，家长希望得到帮助。"),
    ("relief", "normal", "住院后生活困难，想了解临时救助。"),
)


def _officer(session: Session, district_id: int) -> Actor:
    return actor_of(session, holders(session, "district_officer", district_id)[0].id)
