"""What must hold of contracts, staffing and evaluation: pure functions that cite their clause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Literal

from lastmeter import identifiers, workdays

Grade = Literal["excellent", "good", "qualified", "unqualified"]
GRADES: tuple[Grade, ...] = ("excellent", "good", "qualified", "unqualified")
CONTRACT_PARTS = ("content", "term", "quantity", "quality", "price", "settlement", "rights_duties", "liability")
LEAVES = 37
POINTS = 100


# --- contract --------------------------------------------------------------------------------------------------


def missing_parts(parts: Mapping[str, object]) -> list[str]:
    """The parts of the eight that are empty. Source: 实施方案 四(三)."""
    return [part for part in CONTRACT_PARTS if not str(parts.get(part) or "").strip()]


def term_end(start: dt.date, years: int = 3) -> dt.date:
    """The last day of a term: the day before the anniversary, not rolled. Source: 实施方案 四(三), 民法典 202."""
    return workdays.add_years_term(start, years)


def years_of(start: dt.date, years: int = 3) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each contract year."""
    ends = [term_end(start, number) for number in range(1, years + 1)]
    begins = [start, *(end + dt.timedelta(days=1) for end in ends[:-1])]
    return list(zip(begins, ends, strict=True))


def split_value(value_fen: int, years: int = 3) -> list[int]:
    """The value by year: equal fen, the remainder in the first year, so that the sum is exact."""
    part, rest = divmod(value_fen, years)
    return [part + rest, *([part] * (years - 1))]


def payments_within(value_fen: int, supplement_fen: int, paid_fen: Iterable[int]) -> bool:
    """Payments within value plus supplements (invariant I4); how much may be added the table of money says (DT11)."""
    return sum(paid_fen) <= value_fen + supplement_fen


def funding_covers(value_fen: int, shares: Iterable[int]) -> bool:
    """The shares sum to the contract year's value to the fen (invariant I3). Source: 实施方案 五(三)."""
    return sum(shares) == value_fen


# --- staffing (DT4) ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Worker:
    """What the staffing rule asks about a person on post."""

    birth: dt.date
    on_post: dt.date
    education: str
    related_major: bool
    certificate: str | None = None
    trained: bool = True


def staffing_facts(workers: Sequence[Worker], level: str) -> dict[str, object]:
    """What the table of staffing standards asks: ages in whole years on the day of going on post (DT4)."""
    return {
        "level": level,
        "workers": [
            {
                "age": identifiers.age_on(worker.birth, worker.on_post),
                "education": worker.education,
                "related_major": worker.related_major,
                "certificate": worker.certificate,
                "trained": worker.trained,
            }
            for worker in workers
        ],
    }


def week_is_met(minutes: Iterable[int]) -> bool:
    """At least 24 hours in the community in an ISO week. Source: 实施方案 三(五)."""
    return sum(minutes) >= 24 * 60


# --- evaluation (DT5, DT6) ----------------------------------------------------------------------------------------


def tree_problems(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with an indicator tree: it has 37 leaves, 100 points, no id twice."""
    problems = []
    if len(rules) != LEAVES:
        problems.append(f"leaves:{len(rules)}")
    if sum(int(rule["max"]) for rule in rules) != POINTS:
        problems.append(f"points:{sum(int(rule['max']) for rule in rules)}")
    if len({rule["id"] for rule in rules}) != len(rules):
        problems.append("duplicate")
    return problems


def share(of: int, ratio: Fraction | None) -> int:
    """Hundredths of a rule worth `of` points at `ratio` of what was due, capped at full; None (nothing due) is full."""
    if ratio is None:
        return of * 100
    return int(of * 100 * min(Fraction(1), max(Fraction(0), ratio)))


def total(hundredths: Mapping[str, int], rules: Sequence[Mapping[str, Any]]) -> int:
    """The sum over all 37 rules, in hundredths. Raises KeyError for a rule without a score."""
    return sum(hundredths[rule["id"]] for rule in rules)


def level_sums(hundredths: Mapping[str, int], rules: Sequence[Mapping[str, Any]], level: str = "l1") -> dict[str, int]:
    """The sums by first- or second-level indicator; they add up to the total."""
    sums: dict[str, int] = {}
    for rule in rules:
        sums[rule[level]] = sums.get(rule[level], 0) + hundredths.get(rule["id"], 0)
    return sums


def over_maximum(hundredths: Mapping[str, int], rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rules whose score lies outside 0 to their maximum."""
    ceiling = {rule["id"]: int(rule["max"]) * 100 for rule in rules}
    return [rule for rule, value in hundredths.items() if not 0 <= value <= ceiling.get(rule, -1)]


def weakest(hundredths: Mapping[str, int], rules: Sequence[Mapping[str, Any]]) -> tuple[str, Decimal]:
    """The first-level indicator with the smallest share of its points, and that share in per cent (DT6)."""
    worth = level_sums({rule["id"]: int(rule["max"]) * 100 for rule in rules}, rules)
    given = level_sums(hundredths, rules)
    shares = {name: Decimal(given[name] * 100) / full for name, full in worth.items() if full}
    name = min(shares, key=lambda each: shares[each])
    return name, shares[name].quantize(Decimal("0.01"), ROUND_HALF_UP)


def points_text(hundredths: int) -> str:
    """Hundredths as points with two decimals."""
    return str((Decimal(hundredths) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP))
