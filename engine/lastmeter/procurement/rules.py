"""The law of buying as pure functions: what a plan, notice, bid, committee, ranking or challenge must satisfy.

Each answer is a list of `Reason`s; an empty list means that nothing stands against it. Sentences are for people and
come in both languages; `code` is for programs.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
# 政府采购法 36(1), 38–40: fewer suppliers than this is no competition.
LEAST_BIDDERS = 3
# 实施条例 9: who worked at the supplier within the last three years stands aside.
CONFLICT_YEARS = 3


@dataclass(frozen=True)
class Reason:
    """One thing that stands against it, with the clause that says so."""

    code: str
    zh: str
    en: str
    source: str
    subject: str | None = None  # the field, lot, bid or person it is about

    def as_dict(self) -> dict[str, str | None]:
        return {"code": self.code, "zh": self.zh, "en": self.en, "source": self.source, "subject": self.subject}


# --- the annual plan ----------------------------------------------------------------------------------------

PLAN_PARTS: Mapping[str, tuple[str, str]] = {
    "goals": ("项目目标", "project goals"),
    "budget_fen": ("项目预算", "budget"),
    "method": ("购买方式", "method of purchase"),
    "content_progress": ("项目内容和进度", "content and progress"),
    "standards": ("站点质量和数量标准", "quality and quantity standards"),
    "evaluation": ("绩效评估", "performance evaluation"),
}


def plan_gaps(plan: Mapping[str, object]) -> list[Reason]:
    """The parts that an annual plan lacks. Source: 实施方案 四(一)."""
    has = {name: _filled(plan.get(name)) for name in PLAN_PARTS}
    has["standards"] = _filled(plan.get("quality_standard")) and _filled(plan.get("quantity_standards"))
    return [
        Reason("plan_part_missing", f"缺少“{zh}”", f"The part “{en}” is missing", "实施方案 四(一)", name)
        for name, (zh, en) in PLAN_PARTS.items()
        if not has[name]
    ]


def funding_gap(total_fen: int, sources: Iterable[int]) -> int:
    """What the sources lack (positive) or exceed (negative) the total by, to the fen (I3). Source: 实施方案 五(三)."""
    return total_fen - sum(sources)


def budget_reasons(total_fen: int, lines: Sequence[int], sources: Sequence[int]) -> list[Reason]:
    """Why a plan's money does not add up."""
    reasons = []
    if (gap := funding_gap(total_fen, sources)) != 0:
        reasons.append(
            Reason(
                "funding_gap",
                f"资金来源合计与预算相差{_yuan(abs(gap))}元",
                f"The sources of funds differ from the budget by CNY {_yuan(abs(gap))}",
                "实施方案 五(三)",
                "funding",
            )
        )
    if (rest := total_fen - sum(lines)) != 0:
        reasons.append(
            Reason(
                "lines_gap",
                f"各站点预算合计与总预算相差{_yuan(abs(rest))}元",
                f"The stations' budgets differ from the total by CNY {_yuan(abs(rest))}",
                "实施方案 四(一)",
                "stations",
            )
        )
    return reasons


# --- documents and notice -----------------------------------------------------------------------------------

NOTICE_PARTS: Mapping[str, tuple[str, str, str]] = {
    "content": ("服务内容", "service content", "实施方案 四(二)"),
    "standard": ("服务标准", "service standard", "实施方案 四(二)"),
    "requirements": ("服务要求", "service requirements", "实施方案 四(二)"),
    "method_text": ("购买方式", "method of purchase", "实施方案 四(二)"),
    "supplier_conditions": ("承接主体条件", "supplier conditions", "实施方案 四(二)"),
    "budget_fen": ("预算金额", "budget", "政府采购法实施条例 30"),
    "contact": ("采购人、代理机构联系方式", "contacts of buyer and agency", "财政部令第87号 13"),
}


def notice_gaps(notice: Mapping[str, object]) -> list[Reason]:
    """What a public notice lacks."""
    return [
        Reason("notice_part_missing", f"公告缺少“{zh}”", f"The notice lacks “{en}”", source, name)
        for name, (zh, en, source) in NOTICE_PARTS.items()
        if not _filled(notice.get(name))
    ]


def factor_reasons(factors: Sequence[Mapping[str, object]]) -> list[Reason]:
    """Why a set of scoring factors cannot be announced: points sum to 100, one price, no name twice."""
    reasons = []
    total = sum((Decimal(str(factor.get("max_points") or 0)) for factor in factors), Decimal())
    if total != 100:
        reasons.append(
            Reason(
                "factors_sum", f"评审因素分值合计为{total}分，应为100分", f"The factors add up to {total}, not to 100",
                "财政部令第87号 55", "factors",
            )
        )  # fmt: skip
    if sum(factor.get("kind") == "price" for factor in factors) != 1:
        reasons.append(
            Reason("one_price_factor", "应当有且只有一个价格因素", "There is exactly one price factor",
                   "财政部令第87号 55", "factors")
        )  # fmt: skip
    names = [str(factor.get("name")) for factor in factors]
    for name in sorted({name for name in names if names.count(name) > 1}):
        reasons.append(Reason("factor_twice", f"因素“{name}”重复", f"“{name}” stands twice", "财政部令第87号 55", name))
    return reasons


# --- suppliers and bids -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Supplier:
    """What is known of a supplier when its bid is judged."""

    id: int
    name: str
    uscc: str | None
    kind: str
    controller_key: str | None = None
    responsible_person: str | None = None
    blacklisted_until: dt.date | None = None
    declared_clean: bool = True  # no major violation within three years
    independent: bool = True  # bears civil liability on its own
    capable: bool = True  # equipment and professional ability
    sound_accounts: bool = True  # business credit and accounts
    taxes_paid: bool = True  # taxes and social insurance
    designed_project: bool = False


def related(one: Supplier, other: Supplier) -> bool:
    """One responsible person or one controller, in two different bodies. Source: 条例 18."""
    if one.id == other.id:
        return False
    same_head = one.responsible_person is not None and one.responsible_person == other.responsible_person
    same_controller = one.controller_key is not None and one.controller_key == other.controller_key
    return same_head or same_controller


@dataclass(frozen=True)
class Holding:
    """A supplier's place in a district: running its main station or one of its street stations."""

    supplier_id: int
    controller_key: str | None
    district_id: int
    kind: str  # district_main street


def main_and_street_conflict(candidate: Holding, holdings: Iterable[Holding]) -> Holding | None:
    """The holding that bars the candidate: main and street stations of one district are never in one hand (I2).

    Bodies under one controller are one hand. Source: 实施方案 四(二); 条例 18.
    """
    for held in holdings:
        same_hand = held.supplier_id == candidate.supplier_id or (
            held.controller_key is not None and held.controller_key == candidate.controller_key
        )
        if same_hand and held.district_id == candidate.district_id and held.kind != candidate.kind:
            return held
    return None


def bid_reasons(bid: Mapping[str, object], budget_fen: int) -> list[Reason]:
    """Why an opened bid is invalid before anybody judges its merit. Source: 政府采购法 36(三); 令87 60, 63."""
    reasons = []
    price = bid.get("price_fen")
    if not isinstance(price, int) or isinstance(price, bool) or price <= 0:
        reasons.append(Reason("no_price", "没有有效报价", "There is no valid price", "财政部令第87号 63"))
    elif price > budget_fen:
        reasons.append(
            Reason("over_budget", f"报价超过预算{_yuan(price - budget_fen)}元",
                   f"The price exceeds the budget by CNY {_yuan(price - budget_fen)}", "政府采购法 36(三)")
        )  # fmt: skip
    if bid.get("declaration_3y") is not True:
        reasons.append(
            Reason("no_declaration", "缺少无重大违法记录声明", "The declaration of a clean record is missing",
                   "条例 17(四)")
        )  # fmt: skip
    return reasons


# --- the committee ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seat:
    person_id: int
    role: str  # expert buyer_rep
    drawn: bool = True
    conflicted: bool = False


def still_conflicted(until: dt.date | None, day: dt.date) -> bool:
    """A tie to a body counts while it lasts and for three years afterwards. Source: 条例 9."""
    if until is None:
        return True
    try:
        free = until.replace(year=until.year + CONFLICT_YEARS)
    except ValueError:  # 29 February
        free = until.replace(year=until.year + CONFLICT_YEARS, day=28)
    return day <= free


def draw(pool: Collection[int], excluded: Collection[int], n: int, seed: str) -> list[int]:
    """`n` people of the pool without the excluded, the same for the same seed; fewer where the pool is too small.

    The seed is recorded with the draw, so that an auditor can repeat it. Source: 条例 39.
    """
    free = sorted(set(pool) - set(excluded))
    return random.Random(seed).sample(free, min(n, len(free)))


# --- scores and ranking -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FactorRow:
    no: int
    name: str
    kind: str
    max_points: Decimal


def sheet_reasons(
    rows: Sequence[Mapping[str, object]], factors: Sequence[FactorRow], bids: Collection[str]
) -> list[Reason]:
    """Why an expert's score sheet cannot be locked: every bid under every factor, 0..max, words for the extremes."""
    reasons = []
    known = {factor.no: factor for factor in factors if factor.kind == "quality"}
    seen: set[tuple[str, int]] = set()
    for row in rows:
        bid, number = str(row.get("bid_no")), _int(row.get("factor_no"))
        factor = known.get(number)
        where = f"{bid}/{number}"
        if factor is None or bid not in bids or (bid, number) in seen:
            reasons.append(Reason("unknown_cell", "评分表行与投标或因素不符", "The row fits no bid and factor",
                                  "财政部令第87号 55", where))  # fmt: skip
            continue
        seen.add((bid, number))
        value = _decimal(row.get("value"))
        if value is None or not 0 <= value <= factor.max_points or value != value.quantize(CENT):
            reasons.append(
                Reason("score_out_of_range", f"“{factor.name}”应在0至{factor.max_points}分之间，最多两位小数",
                       f"“{factor.name}” takes 0 to {factor.max_points} with two decimals at most",
                       "财政部令第87号 55", where)
            )  # fmt: skip
        elif value in (0, factor.max_points) and not _filled(row.get("reason")):
            reasons.append(
                Reason("extreme_without_reason", "零分或满分应说明理由", "Nought and full marks need a reason",
                       "本系统规则 F04", where)
            )  # fmt: skip
    for bid in sorted(bids):
        for number, factor in known.items():
            if (bid, number) not in seen:
                reasons.append(Reason("cell_missing", f"“{factor.name}”未评分", f"“{factor.name}” was not scored",
                                      "财政部令第87号 55", f"{bid}/{number}"))  # fmt: skip
    return reasons


def price_points(price_fen: int, lowest_fen: int, max_points: Decimal) -> Decimal:
    """Low price takes all: lowest price ÷ price × the factor's points, half-up to the hundredth. Source: 令87 55."""
    return (Decimal(lowest_fen) * max_points / Decimal(price_fen)).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Scored:
    """A bid with all that its rank depends on."""

    bid_id: int
    supplier_id: int
    price_fen: int
    quality: tuple[Decimal, ...]  # one sum per member
    controller_key: str | None = None


@dataclass(frozen=True)
class Ranked:
    bid_id: int
    supplier_id: int
    price_fen: int
    quality_points: Decimal
    price_points: Decimal
    total: Decimal
    rank: int
    tie_broken_by: str | None = None  # price, quality, draw


def ranking(bids: Sequence[Scored], price_max: Decimal, seed: str) -> list[Ranked]:
    """The bids by total points; ties go to the lower price, then the better quality, then to a recorded draw.

    Members count alike; each average is rounded half-up to the hundredth once. Source: 财政部令第87号 55, 57, 68.
    """
    if not bids:
        return []
    lowest = min(bid.price_fen for bid in bids)
    rows = []
    for bid in bids:
        quality = (sum(bid.quality, Decimal()) / len(bid.quality)).quantize(CENT, ROUND_HALF_UP)
        points = price_points(bid.price_fen, lowest, price_max)
        rows.append((quality + points, quality, points, bid))
    lot_order = [bid.bid_id for bid in sorted(bids, key=lambda bid: bid.bid_id)]
    random.Random(seed).shuffle(lot_order)
    place = {bid_id: number for number, bid_id in enumerate(lot_order)}
    rows.sort(key=lambda row: (-row[0], row[3].price_fen, -row[1], place[row[3].bid_id]))
    ranked: list[Ranked] = []
    for number, (total, quality, points, bid) in enumerate(rows, 1):
        why = _tie(rows[number - 2], rows[number - 1]) if number > 1 else None
        ranked.append(
            Ranked(bid.bid_id, bid.supplier_id, bid.price_fen, quality, points, total, number, why)
        )  # fmt: skip
    return ranked


def _tie(
    before: tuple[Decimal, Decimal, Decimal, Scored], after: tuple[Decimal, Decimal, Decimal, Scored]
) -> str | None:
    if before[0] != after[0]:
        return None
    if before[3].price_fen != after[3].price_fen:
        return "price"
    return "quality" if before[1] != after[1] else "draw"


def conforms(votes: Sequence[bool]) -> bool:
    """More members than not find that the bid meets the documents. Source: 条例 41 (少数服从多数)."""
    return sum(votes) * 2 > len(votes)


def decision_reasons(rank: int, refused: Collection[int]) -> list[Reason]:
    """Why a candidate of this rank cannot be chosen: those before it must have dropped out. Source: 条例 43, 49."""
    skipped = [number for number in range(1, rank) if number not in refused]
    if not skipped:
        return []
    return [
        Reason("out_of_order", "应按评审报告推荐的候选人顺序确定", "Candidates are chosen in the order of the report",
               "条例 43", str(skipped[0]))
    ]  # fmt: skip


def shares(total_fen: int, weights: Sequence[int]) -> list[int]:
    """The total split by the weights to the fen; what rounding leaves goes to the first ones, one fen each."""
    whole = sum(weights)
    parts = [total_fen * weight // whole for weight in weights]
    for number in range(total_fen - sum(parts)):
        parts[number] += 1
    return parts


# --- remedies -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FileTimes:
    """The legal days of a procurement on which somebody could know of a harm."""

    issued: dt.date | None = None
    notice_ended: dt.date | None = None  # of the tender notice
    documents_had: dt.date | None = None  # by this supplier
    step_ended: dt.date | None = None  # opening or evaluation, whichever is challenged
    award_notice_ended: dt.date | None = None


def harm_known(matter: str, times: FileTimes) -> dt.date | None:
    """The day from which a challenge's seven working days run. Source: 政府采购法实施条例 53.

    Documents: the day they were had, or where they were not, the end of the notice. Process: the end of the step.
    Result: the end of the result's notice.
    """
    if matter == "documents":
        return times.documents_had or times.notice_ended
    if matter == "process":
        return times.step_ended
    return times.award_notice_ended


def standing_reasons(matter: str, *, took_part: bool, could_take_part: bool) -> list[Reason]:
    """Why a supplier may not challenge: potential suppliers the documents, others what they took part in.

    Source: 财政部令第94号 11.
    """
    if took_part or (matter == "documents" and could_take_part):
        return []
    return [
        Reason("no_standing", "质疑供应商应当是参与所质疑项目采购活动的供应商",
               "Only a supplier that took part may challenge process or result", "财政部令第94号 11")
    ]  # fmt: skip


def complaint_reasons(
    day: dt.date, window_ends: dt.date, matters: Collection[str], challenged: Collection[str]
) -> list[Reason]:
    """Why a complaint is not accepted: too late, or about something that was never challenged."""
    reasons = []
    if day > window_ends:
        reasons.append(
            Reason("complaint_late", f"投诉期限已于{window_ends}届满", f"The time to complain ended on {window_ends}",
                   "政府采购法 55")
        )  # fmt: skip
    for matter in sorted(set(matters) - set(challenged)):
        reasons.append(
            Reason("not_challenged", "投诉事项不得超出已质疑事项的范围", "A complaint keeps within the challenge",
                   "政府采购法实施条例 55", matter)
        )  # fmt: skip
    return reasons


# --- small things -------------------------------------------------------------------------------------------


def _filled(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, bool) or value is None:
        return value is True
    if isinstance(value, int | Decimal):
        return value > 0
    return bool(value)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _int(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return -1


def _decimal(value: object) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
