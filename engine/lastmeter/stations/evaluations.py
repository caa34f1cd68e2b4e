"""The yearly evaluation: automatic rules from records, points given by people, total, grade."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

import orjson
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.actor import Actor
from lastmeter.definitions import tables
from lastmeter.definitions.tables import Ask
from lastmeter.errors import LastmeterError
from lastmeter.identity.models import Acquaintance
from lastmeter.stations import contracts, ports, rules, staffing
from lastmeter.stations.models import (
    Assignment,
    Attendance,
    ContractYear,
    Evaluation,
    Finding,
    IndicatorTree,
    Payment,
    Report,
    RuleScore,
    ServiceRecord,
    Staff,
    Station,
)

# What a station-year is expected to deliver; ours, to be replaced by the contract's targets where it has them.
EXPECTED = {"cases": 5, "group": 4, "activity": 24, "training_hours": 24}


class ScoreOutOfRange(LastmeterError):
    """A rule was given points outside 0 to its maximum; facts: `rules`."""

    code = "score_out_of_range"


class ConflictOfInterest(LastmeterError):
    """An evaluator had a post at the provider in the past three years (invariant I10). Source: 实施条例 9."""

    code = "conflict_of_interest"
    kind = "conflict"


@cache
def bundled_tree() -> dict[str, Any]:
    """The example tree: version, rules, grades, vetoes."""
    file = resources.files("lastmeter.stations") / "data" / "indicator_tree.json"
    tree: dict[str, Any] = orjson.loads(file.read_bytes())
    return tree


def seed_tree(session: Session) -> None:
    """The bundled tree is stored; a stored version never changes."""
    tree = bundled_tree()
    session.execute(
        insert(IndicatorTree)
        .values(
            version=tree["version"],
            from_day=dt.date(2026, 1, 1),
            rules=tree["rules"],
            grades=tree["grades"],
            vetoes=tree["vetoes"],
        )
        .on_conflict_do_nothing(index_elements=["version"])
    )


def tree_in_force(session: Session, day: dt.date) -> IndicatorTree:
    """The newest tree whose first day has come, the bundled one where none is stored."""
    query = select(IndicatorTree).where(IndicatorTree.from_day <= day).order_by(IndicatorTree.from_day.desc()).limit(1)
    found = session.scalar(query)
    if found is None:
        seed_tree(session)
        found = session.scalars(select(IndicatorTree).order_by(IndicatorTree.id)).first()
    assert found is not None
    return found


def refuse_conflicts(session: Session, members: list[int], provider_id: int, day: dt.date) -> None:
    """Raises ConflictOfInterest for a member with ties to the provider within three years."""
    since = dt.date(day.year - 3, day.month, min(day.day, 28))
    barred = session.scalars(
        select(Acquaintance.person_id).where(
            Acquaintance.person_id.in_(members),
            Acquaintance.organisation_id == provider_id,
            or_(Acquaintance.until.is_(None), Acquaintance.until >= since),
        )
    ).all()
    if barred:
        raise ConflictOfInterest(people=sorted(set(barred)))


def open_evaluation(session: Session, year: ContractYear, instance_id: int, kind: str = "yearly") -> Evaluation:
    """The evaluation of the contract year, bound to the tree in force today."""
    known = session.scalar(select(Evaluation).where(Evaluation.contract_year_id == year.id, Evaluation.kind == kind))
    if known is not None:
        return known
    made = Evaluation(
        contract_year_id=year.id, kind=kind, instance_id=instance_id, tree_id=tree_in_force(session, clock.today()).id
    )
    session.add(made)
    session.flush()
    return made


def give(
    session: Session, evaluation: Evaluation, points: Mapping[str, tuple[int, str]], person_id: int | None
) -> None:
    """Stores hundredths and reason per rule; a second giving replaces the first until the result is settled.

    Raises ScoreOutOfRange.
    """
    tree = session.get_one(IndicatorTree, evaluation.tree_id)
    if wrong := rules.over_maximum({rule: given[0] for rule, given in points.items()}, tree.rules):
        raise ScoreOutOfRange(rules=wrong)
    for rule, (hundredths, reason) in points.items():
        values = {"hundredths": hundredths, "reason": reason, "person_id": person_id, "created_at": clock.now()}
        session.execute(
            insert(RuleScore)
            .values(evaluation_id=evaluation.id, rule=rule, **values)
            .on_conflict_do_update(index_elements=["evaluation_id", "rule"], set_=values)
        )


def hundredths(points: object) -> int:
    """Points with at most two decimals, as hundredths."""
    return int((Decimal(str(points)) * 100).to_integral_value())


def scores(session: Session, evaluation_id: int) -> dict[str, RuleScore]:
    """The scores given so far, by rule."""
    rows = session.scalars(select(RuleScore).where(RuleScore.evaluation_id == evaluation_id).order_by(RuleScore.rule))
    return {row.rule: row for row in rows}


def weakest(session: Session, evaluation: Evaluation) -> tuple[str, Decimal]:
    """The first-level indicator with the smallest share of its points, and that share in per cent."""
    tree = session.get_one(IndicatorTree, evaluation.tree_id)
    given = {rule: score.hundredths for rule, score in scores(session, evaluation.id).items()}
    return rules.weakest({rule["id"]: given.get(rule["id"], 0) for rule in tree.rules}, tree.rules)


def settle(
    session: Session, actor: Actor, ask: Ask, evaluation: Evaluation, veto: str | None, day: dt.date
) -> rules.Grade:
    """Total and grade stand (DT5). A rule without a score counts nothing."""
    tree = session.get_one(IndicatorTree, evaluation.tree_id)
    given = {rule: score.hundredths for rule, score in scores(session, evaluation.id).items()}
    complete = {rule["id"]: given.get(rule["id"], 0) for rule in tree.rules}
    evaluation.total_hundredths = rules.total(complete, tree.rules)
    evaluation.veto = veto
    points = Decimal(evaluation.total_hundredths) / 100
    grade = next(each for each in rules.GRADES if each == ask("evaluation_grade", {"veto": veto, "points": points}))
    evaluation.grade, evaluation.decided_on = grade, day
    facts = {"grade": grade, "total": evaluation.total_hundredths}
    audit.record(session, actor, "evaluation.settled", f"evaluation/{evaluation.id}", facts=facts)
    return grade


# --- automatic rules -----------------------------------------------------------------------------------------------


def automatic(session: Session, evaluation: Evaluation, today: dt.date) -> dict[str, tuple[int, str]]:
    """Hundredths and reason of every rule that records answer, for the year so far.

    What nothing was due of counts as full; what nobody recorded counts as not done.
    """
    year = session.get_one(ContractYear, evaluation.contract_year_id)
    station = contracts.station_of(session, year.contract_id)
    last = min(year.to_day, today)
    parts: dict[str, tuple[Fraction | None, str]] = {}
    parts |= _reports(session, year, today)
    parts |= _money(session, year)
    parts |= _findings(session, station.id, year, last)
    parts |= _people(session, station.id, year, last)
    parts |= _services(session, station.id, year.from_day, last)
    tree = session.get_one(IndicatorTree, evaluation.tree_id)
    worth = {rule["id"]: int(rule["max"]) for rule in tree.rules}
    return {rule: (rules.share(worth[rule], ratio), why) for rule, (ratio, why) in parts.items() if rule in worth}


def _ratio(done: int, due: int) -> Fraction | None:
    return Fraction(done, due) if due > 0 else None


def _reports(session: Session, year: ContractYear, today: dt.date) -> dict[str, tuple[Fraction | None, str]]:
    rows = list(session.scalars(select(Report).where(Report.contract_year_id == year.id, Report.due_on < today)))
    on_time = sum(1 for row in rows if row.submitted_on is not None and row.submitted_on <= row.due_on)
    filed = sum(1 for row in rows if row.accepted_on is not None)
    return {
        "R03": (_ratio(int(on_time > 0), 1), f"{on_time}/{len(rows)}"),
        "R04": (_ratio(filed, len(rows)), f"{filed}/{len(rows)}"),
        "R05": (_ratio(on_time, len(rows)), f"{on_time}/{len(rows)}"),
    }


def _money(session: Session, year: ContractYear) -> dict[str, tuple[Fraction | None, str]]:
    paid = session.scalar(
        select(func.coalesce(func.sum(Payment.fen), 0)).where(
            Payment.contract_id == year.contract_id, Payment.paid_on.between(year.from_day, year.to_day)
        )
    )
    rate = Fraction(int(paid or 0), year.value_fen)
    bands = ((Fraction(9, 10), Fraction(1)), (Fraction(8, 10), Fraction(2, 3)), (Fraction(7, 10), Fraction(1, 3)))
    band = next((share for least, share in bands if least <= rate <= 1), Fraction(0))
    return {"R06": (band, f"{float(rate):.0%}")}


def _findings(
    session: Session, station_id: int, year: ContractYear, last: dt.date
) -> dict[str, tuple[Fraction | None, str]]:
    rows = list(
        session.scalars(
            select(Finding).where(
                Finding.station_id == station_id,
                Finding.due_on.is_not(None),
                Finding.due_on.between(year.from_day, last),
            )
        )
    )
    closed = sum(
        1 for row in rows if row.closed_on is not None and row.due_on is not None and row.closed_on <= row.due_on
    )
    return {"R11": (_ratio(closed, len(rows)), f"{closed}/{len(rows)}")}


def _people(
    session: Session, station_id: int, year: ContractYear, last: dt.date
) -> dict[str, tuple[Fraction | None, str]]:
    here = staffing.on_post(session, station_id, last)
    workers = [staffing.worker_of(assignment) for assignment in here]
    asked, level = tables.of(session, staffing.PACKAGE), session.get_one(Station, station_id).level
    figures = asked.value("staff_figures", rules.staffing_facts(workers, level))
    qualified = int(figures["qualified"]) if isinstance(figures, dict) else 0
    fitting = sum(not {"too_old", "education"} & set(staffing.missed(asked.value, [each], level)) for each in workers)
    left = session.scalar(
        select(func.count()).where(Assignment.station_id == station_id, Assignment.to_day.between(year.from_day, last))
    )
    hours = session.scalar(
        select(func.coalesce(func.sum(Staff.training_hours), 0))
        .join(Assignment, Assignment.staff_id == Staff.id)
        .where(Assignment.id.in_([assignment.id for assignment in here]))
    )
    turnover = Fraction(int(left or 0), len(here)) if here else Fraction(1)
    stable = (
        Fraction(1) if turnover <= Fraction(1, 10) else Fraction(1, 2) if turnover <= Fraction(1, 4) else Fraction(0)
    )
    met, due = _weeks(session, station_id, year.from_day, last, len(here))
    count = len(workers)
    return {
        "R17": (Fraction(count, 3), f"{count}/3"),
        "R18": (Fraction(qualified, count) / Fraction(2, 3) if count else Fraction(0), f"{qualified}/{count}"),
        "R19": (_ratio(fitting, count) or Fraction(0), f"{fitting}/{count}"),
        "R20": (_ratio(met, due), f"{met}/{due}"),
        "R21": (stable, f"{float(turnover):.0%}"),
        "R22": (Fraction(int(hours or 0), max(count, 1) * EXPECTED["training_hours"]), f"{hours}h"),
    }


def _weeks(session: Session, station_id: int, first: dt.date, last: dt.date, people: int) -> tuple[int, int]:
    """Weeks in which a worker reached 24 hours, and worker-weeks due, over full ISO weeks of the period."""
    start = first + dt.timedelta(days=-first.weekday() % 7)
    weeks = max(0, ((last - start).days + 1) // 7)
    per_week = (
        select(func.sum(Attendance.minutes).label("minutes"))
        .join(Assignment, Assignment.id == Attendance.assignment_id)
        .where(Assignment.station_id == station_id, Attendance.day.between(start, last))
        .group_by(Attendance.assignment_id, func.date_trunc("week", Attendance.day))
        .subquery()
    )
    met = session.scalar(select(func.count()).select_from(per_week).where(per_week.c.minutes >= 24 * 60))
    return int(met or 0), weeks * people


def _services(
    session: Session, station_id: int, first: dt.date, last: dt.date
) -> dict[str, tuple[Fraction | None, str]]:
    month = func.date_trunc("month", ServiceRecord.day)
    rows = session.execute(
        select(ServiceRecord.kind, func.sum(ServiceRecord.units), func.count(func.distinct(month)))
        .where(ServiceRecord.station_id == station_id, ServiceRecord.day.between(first, last))
        .group_by(ServiceRecord.kind)
    ).all()
    units = {row[0]: int(row[1]) for row in rows}
    months_of = {row[0]: int(row[2]) for row in rows}
    months = max(1, (last - first).days // 30)
    cases = ports.count_cases(session, station_id, first, last)
    visits_due = months * 12
    links = units.get("volunteer", 0) + units.get("charity", 0) + units.get("organisation", 0)

    def reached(kind: str) -> tuple[Fraction, str]:
        return Fraction(units.get(kind, 0), EXPECTED[kind]), f"{units.get(kind, 0)}/{EXPECTED[kind]}"

    return {
        "R12": (Fraction(min(6, units.get("rule_book", 0)), 6), f"{units.get('rule_book', 0)}/6"),
        "R15": (max(Fraction(0), 1 - Fraction(cases.unauthorised_reads, 2)), str(cases.unauthorised_reads)),
        "R23": (Fraction(months_of.get("supervision", 0), months), f"{months_of.get('supervision', 0)}/{months}"),
        "R24": (Fraction(cases.closed, EXPECTED["cases"]), f"{cases.closed}/{EXPECTED['cases']}"),
        "R26": reached("group"),
        "R27": reached("activity"),
        "R28": (Fraction(units.get("visit", 0), visits_due), f"{units.get('visit', 0)}/{visits_due}"),
        "R29": (_ratio(cases.orders_in_time, cases.orders), f"{cases.orders_in_time}/{cases.orders}"),
        "R30": (_ratio(cases.client_files, cases.clients), f"{cases.client_files}/{cases.clients}"),
        "R31": (None, "0"),
        "R32": (Fraction(links, 12), f"{links}/12"),
    }
