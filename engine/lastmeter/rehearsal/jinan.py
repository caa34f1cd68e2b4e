"""The stations of Jinan-161 played from the annual plan to renewal, termination or closure, on a virtual clock.

Everybody acts through the services, forms and permissions of the pages. What people do outside the inbox — handing in
bids, services, attendance, payments — happens here on its own day, so that reports can be recounted.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from lastmeter import clock, db, jobs, outbox, wiring, workdays
from lastmeter.actor import SYSTEM, Actor
from lastmeter.demo import jinan, people
from lastmeter.errors import LastmeterError
from lastmeter.identity.models import Organisation, Person, Region
from lastmeter.identity.people import actor_of, grant, holders
from lastmeter.procurement import bidding, thresholds
from lastmeter.procurement.models import Lot, Procurement
from lastmeter.rehearsal import answers, invariants, reconciliation
from lastmeter.stations import contracts
from lastmeter.stations.models import (
    Assignment,
    Attendance,
    Contract,
    ContractStation,
    ContractYear,
    Payment,
    ServiceRecord,
    Station,
)
from lastmeter.workflow import instances, tasks, timers
from lastmeter.workflow.models import HumanTask, Instance
from lastmeter.workflow.refusals import SeparationOfDuties

BEGIN = dt.datetime(2026, 3, 2, 9, tzinfo=clock.ZONE).astimezone(dt.UTC)
OPENS, CLOSES = dt.time(9), dt.time(18)
SEED = 161
BIDDERS = 3
PATIENCE = 60  # working days on which a refused step is tried again before it counts as stuck
# What a diligent station does in a month: kind → units.
MONTH = {"visit": 15, "activity": 3, "group": 1, "supervision": 1, "volunteer": 1, "charity": 1, "organisation": 1}
RECORD_DAY, RULE_BOOKS = 10, 6
ATTENDANCE_DAYS, MINUTES = (0, 1, 2), 480  # Monday to Wednesday: the 24 hours of Plan 三(五)
PAID_AFTER_MONTHS, PAID_SHARE = 8, 95
Factory = Callable[[], Session]


@dataclass
class Report:
    """What came of it."""

    districts: int
    stations: int
    years: int
    tasks_completed: int = 0
    deadlines_met: int = 0
    deadlines_missed: int = 0
    contracts: dict[str, int] = field(default_factory=dict)  # by status
    grades: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)  # steps that people had to try again, by code
    stuck: list[str] = field(default_factory=list)
    invariants: list[str] = field(default_factory=list)
    last_day: str = ""
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Nothing is stuck and every invariant holds; a missed deadline is a finding about people, not about us."""
        return not self.stuck and not self.invariants

    def as_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "is_clean": self.is_clean}

    def text(self) -> str:
        """The report as lines."""
        lines = [
            f"{self.districts} districts, {self.stations} stations, {self.years} years, to {self.last_day}",
            f"tasks completed    {self.tasks_completed}",
            f"deadlines met      {self.deadlines_met}, missed {self.deadlines_missed}",
            f"contracts          {_counts(self.contracts)}",
            f"evaluations        {_counts(self.grades)}",
            f"tried again        {_counts(self.refused)}",
            f"stuck              {len(self.stuck)}",
            *(f"    {each}" for each in self.stuck[:20]),
            f"invariants broken  {len(self.invariants)}",
            *(f"    {each}" for each in self.invariants[:20]),
            f"wall time          {self.seconds:.0f} s",
        ]
        return "\n".join(lines)


def _counts(by: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(by.items())) or "—"


def chosen(districts: int, stations: int | None) -> tuple[jinan.District, ...]:
    """The first districts, each cut to so many streets; the weak station always takes part."""
    picked = jinan.DISTRICTS[:districts]
    if stations is None:
        return picked
    return tuple(
        dataclasses.replace(
            each, streets=tuple(sorted(each.streets, key=lambda s: (each.key, s) != jinan.WEAK)[:stations])
        )
        for each in picked
    )


def prepare(factory: Factory, districts: tuple[jinan.District, ...]) -> people.City:
    """Register, processes, both trees of organisations, a seat for everybody, and a station per street."""
    with factory() as session, db.unit_of_work(session):
        wiring.furnish(session, SYSTEM)
        # One plan is played to the end of its contracts; those of later years would buy the stations anew.
        outbox.withdraw_kind(session, "timer_start", "start-annual_plan-")
        thresholds.add_examples(session)
        city = people.build(session, districts, random.Random(SEED), passwords=False)
        for district in districts:
            for short in district.streets:
                zh, _ = jinan.street_name(short)
                office = city.organisations[f"{district.key}.{short}"]
                name = f"{office.name_en.removesuffix(' Office')} Social Work Station"
                session.add(
                    Station(
                        kind="street", street_id=office.id, district_id=city.organisations[district.key].id,
                        name=f"{district.zh}{zh}社会工作服务站", name_en=name,
                    )
                )  # fmt: skip
        session.flush()
        session.expunge_all()
    return city


@contextmanager
def _virtual() -> Iterator[None]:
    try:
        yield
    finally:
        clock.set_virtual(None)


def play(
    factory: Factory,
    districts: tuple[jinan.District, ...],
    years: int,
    progress: Callable[..., Any] | None = None,
) -> Report:
    """Three years (or fewer) of every station of the districts; the database is empty and migrated before."""
    began = time.monotonic()
    report = Report(len(districts), sum(len(each.streets) for each in districts), years)
    with _virtual():
        clock.set_virtual(BEGIN)
        run = _Run(factory, prepare(factory, districts), districts, report)
        run.begin()
        run.until(clock.at(workdays.add_months(clock.local_day(BEGIN), 12 * years + 9)), years, progress)
        run.conclude()
    report.seconds = time.monotonic() - began
    return report


@dataclass
class _Run:
    factory: Factory
    city: people.City
    districts: tuple[jinan.District, ...]
    report: Report
    now: dt.datetime = BEGIN
    draw: random.Random = field(default_factory=lambda: random.Random(SEED))
    later: dict[int, tuple[dt.date, int, str]] = field(default_factory=dict)  # task → not before, tries, last refusal
    bid_for: set[int] = field(default_factory=set)
    recorded_on: dt.date | None = None

    # --- the clock ---------------------------------------------------------------------------------------------

    def stand_at(self, moment: dt.datetime) -> None:
        self.now = moment
        clock.set_virtual(moment)

    def begin(self) -> None:
        """Every district's officer starts the annual plan."""
        for district in self.districts:
            with self.factory() as session, db.unit_of_work(session):
                seat = holders(session, "district_officer", self.city.organisations[district.key].id)[0]
                instances.start(session, actor_of(session, seat.id), "annual_plan", data={"year": self.now.year})
        jobs.drain(self.factory)

    def until(self, horizon: dt.datetime, years: int, progress: Callable[..., Any] | None) -> None:
        """The clock goes from event to event; on working hours everybody does what lies in the inbox."""
        months = (horizon.year - self.now.year) * 12 + horizon.month - self.now.month
        bar = progress(total=months, desc="Jinan", unit="month") if progress is not None else None
        begun = self.now
        while True:
            self._people()
            upcoming = self._next(horizon)
            if upcoming is None or upcoming > horizon or self._all_over(years):
                break
            self.stand_at(max(upcoming, self.now))
            jobs.drain(self.factory)
            if bar is not None:
                bar.update((self.now.year - begun.year) * 12 + self.now.month - begun.month - bar.n)
        if bar is not None:
            bar.close()

    def _next(self, horizon: dt.datetime) -> dt.datetime | None:
        """The next instant at which something happens: a due job, opening hours with work left, records of the day."""
        with self.factory() as session, db.unit_of_work(session, write=False):
            due = timers.next_due(session)
            waiting = session.scalar(select(HumanTask.id).where(HumanTask.state == "open").limit(1)) is not None
            serving = session.scalar(select(Contract.id).where(Contract.status == "active").limit(1)) is not None
        found = [max(due, self.now)] if due is not None else []
        today = clock.local_day(self.now)
        if waiting:
            opens = clock.at(today, OPENS)
            found.append(opens if opens > self.now else clock.at(self._workday_after(today), OPENS))
        if serving:
            found.append(self._next_record())
        return min(found, default=None)

    @staticmethod
    def _workday_after(day: dt.date) -> dt.date:
        return workdays.add_working_days(day, 1, workdays.bundled_calendar()).day

    def _next_record(self) -> dt.datetime:
        day = clock.local_day(self.now)
        while clock.at(day, CLOSES) <= self.now or not (day.weekday() in ATTENDANCE_DAYS or day.day == RECORD_DAY):
            day += dt.timedelta(days=1)
        return clock.at(day, CLOSES)

    def _all_over(self, years: int) -> bool:
        """Nothing is running any more, or the wanted years of every contract have passed."""
        with self.factory() as session, db.unit_of_work(session, write=False):
            if session.scalar(select(Instance.id).where(Instance.state.in_(("running", "incident"))).limit(1)) is None:
                return True
            ends = session.scalar(
                select(func.max(ContractYear.to_day))
                .join(Contract, Contract.id == ContractYear.contract_id)
                .where(ContractYear.number == years)
            )
        return years < 3 and ends is not None and clock.local_day(self.now) > ends

    # --- people --------------------------------------------------------------------------------------------------

    def _people(self) -> None:
        local = self.now.astimezone(clock.ZONE)
        if local.time() == CLOSES:
            self._record(local.date())
        if not OPENS <= local.time() < CLOSES:
            return
        while self._hand_in_bids() + sum(map(self._try, self._open())):
            jobs.drain(self.factory)

    def _open(self) -> list[int]:
        today = clock.local_day(self.now)
        with self.factory() as session, db.unit_of_work(session, write=False):
            found = session.scalars(select(HumanTask.id).where(HumanTask.state == "open").order_by(HumanTask.id)).all()
        return [each for each in found if each not in self.later or self.later[each][0] <= today]

    def _try(self, task_id: int) -> bool:
        """True if the task was done; a refused one is tried again on the next working day."""
        try:
            with self.factory() as session, db.unit_of_work(session):
                self._do(session, task_id)
        except LastmeterError as refusal:
            today = clock.local_day(self.now)
            tries = self.later.get(task_id, (today, 0, ""))[1] + 1
            next_day = dt.date.max if tries > PATIENCE else self._workday_after(today)
            self.later[task_id] = (next_day, tries, str(refusal)[:300])
            self.report.refused[refusal.code] = self.report.refused.get(refusal.code, 0) + 1
            return False
        self.later.pop(task_id, None)
        self.report.tasks_completed += 1
        return True

    def _do(self, session: Session, task_id: int) -> None:
        actor = self._performer(session, session.get_one(HumanTask, task_id))
        view = tasks.get(session, actor, task_id)
        parties = instances.parties(session, view.instance.id)
        weak = self.city.organisations.get(".".join(jinan.WEAK))
        district = parties.get("district")
        asked = answers.Asked(
            task=view.task, form=view.form, initial=view.initial, context=view.context,
            is_weak=weak is not None and parties.get("street") == weak.id,
            streets=tuple(
                session.scalars(
                    select(Region.code).join(Organisation, Organisation.region_id == Region.id)
                    .where(Organisation.parent_id == district, Organisation.kind == "street").order_by(Region.code)
                )
            ) if view.form.id in ("draft_plan", "requirement") else (),
            evaluators=tuple(self.city.people[name].id for name in ("evaluator", "evaluator2")),
            roster=self._roster,
        )  # fmt: skip
        tasks.complete(session, actor, task_id, answers.answer(asked))

    def _performer(self, session: Session, task: HumanTask) -> Actor:
        """Whoever may claim it, and now has; an empty seat at a provider's new team is filled first."""
        if task.person_id is not None:
            actor = actor_of(session, task.person_id)
            tasks.claim(session, actor, task.id)
            return actor
        assert task.role is not None
        assert task.organisation_id is not None
        seated = holders(session, task.role, task.organisation_id) or [self._hire(session, task)]
        refusal: SeparationOfDuties | None = None
        for person in seated:
            actor = actor_of(session, person.id)
            try:
                with session.begin_nested():
                    tasks.claim(session, actor, task.id)
            except SeparationOfDuties as refused:
                refusal = refused
                continue
            return actor
        assert refusal is not None
        raise refusal

    def _hire(self, session: Session, task: HumanTask) -> Person:
        assert task.role is not None
        organisation = session.get_one(Organisation, task.organisation_id)
        person = Person(name=people.name(self.draw), sort_key="")
        session.add(person)
        session.flush()
        grant(session, SYSTEM, person, task.role, organisation, since=clock.today())
        return person

    def _roster(self, count: int) -> list[dict[str, Any]]:
        return [
            {
                "name": people.name(self.draw), "id_number": people.id_number(self.draw, born_from=1992, born_to=2001),
                "education": "bachelor", "major": "社会工作", "related_major": True,
                "post": "social_worker" if place else "station_manager", "training_hours": 40, "training_passed": True,
            }
            for place in range(count)
        ]  # fmt: skip

    # --- outside the inbox -----------------------------------------------------------------------------------------

    def _hand_in_bids(self) -> int:
        """Three suppliers bid for every lot of a procurement that has opened; the districts draw on others in turn."""
        done = 0
        with self.factory() as session, db.unit_of_work(session):
            query = select(Procurement).where(Procurement.status == "open", Procurement.id.not_in(self.bid_for))
            for procurement in session.scalars(query.order_by(Procurement.id)).all():
                lots = session.scalars(select(Lot).where(Lot.procurement_id == procurement.id)).all()
                for place in range(BIDDERS):
                    key = f"provider.{(procurement.id * BIDDERS + place) % len(jinan.PROVIDER_NAMES)}"
                    seat = holders(session, "provider_manager", self.city.organisations[key].id)[0]
                    actor = actor_of(session, seat.id)
                    for lot in lots:
                        price = lot.budget_fen * (95 + place) // 100
                        content = {"lot_no": lot.no, "price_fen": price, "declaration_3y": True}
                        bidding.submit(session, actor, procurement.id, content)
                self.bid_for.add(procurement.id)
                done += 1
        return done

    def _record(self, day: dt.date) -> None:
        """The day's attendance, the month's services and payments of every station but the weak one."""
        if self.recorded_on == day:
            return
        self.recorded_on = day
        weak = self.city.organisations.get(".".join(jinan.WEAK))
        with self.factory() as session, db.unit_of_work(session):
            query = (
                select(ContractStation.station_id, Contract)
                .join(Contract, Contract.id == ContractStation.contract_id)
                .join(Station, Station.id == ContractStation.station_id)
                .where(Contract.status == "active", Contract.starts_on <= day, Contract.ends_on >= day)
                .where(Station.street_id != (weak.id if weak is not None else 0))
            )
            serving = {row[0]: row[1] for row in session.execute(query)}
            if day.weekday() in ATTENDANCE_DAYS and serving:
                self._attend(session, day, list(serving))
            if day.day == RECORD_DAY and serving:
                self._serve(session, day, serving)

    def _attend(self, session: Session, day: dt.date, stations: list[int]) -> None:
        here = select(Assignment.id).where(
            Assignment.station_id.in_(stations), Assignment.from_day <= day,
            Assignment.to_day.is_(None) | (Assignment.to_day >= day),
        )  # fmt: skip
        rows = [
            {"assignment_id": row[0], "day": day, "minutes": MINUTES, "activity": "visit"}
            for row in session.execute(here)
        ]
        if rows:
            session.execute(insert(Attendance), rows)

    def _serve(self, session: Session, day: dt.date, serving: dict[int, Contract]) -> None:
        rows = [
            {"station_id": station, "day": day, "kind": kind, "units": units, "participants": units * 5}
            for station in serving
            for kind, units in MONTH.items()
        ]
        for station, contract in serving.items():
            year = session.scalars(
                select(ContractYear).where(
                    ContractYear.contract_id == contract.id, ContractYear.from_day <= day, ContractYear.to_day >= day
                )
            ).one()
            if day < workdays.add_months(year.from_day, 1):
                written = {"station_id": station, "day": day, "kind": "rule_book", "units": RULE_BOOKS}
                rows.append({**written, "participants": 0})
            if day >= workdays.add_months(year.from_day, PAID_AFTER_MONTHS):
                _pay(session, contract, year, day)
        session.execute(insert(ServiceRecord), rows)

    # --- the report --------------------------------------------------------------------------------------------------

    def conclude(self) -> None:
        """Counts, what is stuck, and what should never be."""
        report = self.report
        with self.factory() as session, db.unit_of_work(session, write=False):
            in_time = HumanTask.completed_at <= HumanTask.due_at
            dated = HumanTask.due_at.is_not(None) & (HumanTask.state == "completed")
            report.deadlines_met = session.scalar(select(func.count()).where(dated, in_time)) or 0
            late = select(func.count()).where(
                (dated & ~in_time) | ((HumanTask.state == "open") & (HumanTask.due_at < self.now))
            )
            report.deadlines_missed = session.scalar(late) or 0
            statuses = session.execute(select(Contract.status, func.count()).group_by(Contract.status))
            report.contracts = {row[0]: row[1] for row in statuses}
            report.grades = invariants.grades(session)
            report.stuck = [*reconciliation.problems(session), *self._tried_in_vain(session), *_incidents(session)]
            report.invariants = invariants.broken(session)
        report.last_day = clock.local_day(self.now).isoformat()

    def _tried_in_vain(self, session: Session) -> list[str]:
        found = []
        for task_id, (_, tries, refusal) in sorted(self.later.items()):
            task = session.get_one(HumanTask, task_id)
            if task.state == "open":
                found.append(f"task {task_id} ({task.element_id}) was refused {tries} times: {refusal}")
        return found


def _incidents(session: Session) -> list[str]:
    rows = session.execute(select(Instance.id, Instance.definition_key).where(Instance.state == "incident"))
    return [f"instance {row.id} ({row.definition_key}) has an incident" for row in rows]


def _pay(session: Session, contract: Contract, year: ContractYear, day: dt.date) -> None:
    """The year's money is paid, once."""
    number = f"FK-{contract.number}-{year.number}"
    known = select(Payment.id).where(Payment.contract_id == contract.id, Payment.number == number)
    if session.scalar(known) is None:
        contracts.pay(session, SYSTEM, contract, number, "progress", year.value_fen * PAID_SHARE // 100, day)
