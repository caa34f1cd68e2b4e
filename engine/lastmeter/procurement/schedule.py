"""The chain of a procurement's legal dates at once: planned from the register, replaced by what really happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.deadlines.rules import Computed, Pause, Rule
from lastmeter.procurement import legal_time
from lastmeter.procurement.models import Procurement, Suspension
from lastmeter.procurement.procurements import get
from lastmeter.stations.models import Contract

State = Literal["planned", "met", "missed", "provisional"]


@dataclass(frozen=True)
class Line:
    """One date of the chain: the last lawful day (`sense` max) or the first (min), and what became of it."""

    key: str
    zh: str
    en: str
    rule: Rule
    sense: Literal["max", "min"]
    start: dt.date  # the day from which the rule counts
    due: dt.date
    happened: dt.date | None
    state: State
    provisional: bool
    paused_days: int = 0

    @property
    def source_zh(self) -> str:
        return self.rule.source_zh

    @property
    def source_en(self) -> str:
        return self.rule.source_en


@dataclass(frozen=True)
class Dates:
    """What has happened so far; None: not yet. The chain fills the gaps with the last lawful day of each step."""

    issued: dt.date | None
    bid_deadline: dt.date | None = None
    docs_until: dt.date | None = None
    evaluation_ended: dt.date | None = None
    report_received: dt.date | None = None
    decided: dt.date | None = None
    award_published: dt.date | None = None
    bonds_refunded: dt.date | None = None
    signed: dt.date | None = None
    contract_published: dt.date | None = None
    contract_filed: dt.date | None = None
    staff_on_post: dt.date | None = None


# Times in which somebody may act and nobody must: once over, nothing was missed.
WINDOWS = frozenset({"clarification", "challenge_end"})
# By method: from issue to the deadline, and how long the documents can be had.
_FIRST = {"open_tender": ("D10", "D11"), "competitive_consultation": ("D14", "D15")}


class _Chain:
    """Collects lines; each step starts from what happened, else from the day the step before it allows."""

    def __init__(self, session: Session, today: dt.date, pauses: Sequence[Pause]) -> None:
        self.session, self.today, self.pauses = session, today, pauses
        self.lines: list[Line] = []

    def compute(self, rule_id: str, start: dt.date) -> Computed:
        # A pause that was over before the step began does not lengthen it.
        felt = [pause for pause in self.pauses if pause.until is None or clock.local_day(pause.until) > start]
        return legal_time.deadline(self.session, rule_id, start, pauses=felt)

    def add(self, key: str, zh: str, en: str, rule_id: str, start: dt.date, happened: dt.date | None) -> dt.date:
        """The line stands; what the next step starts from comes back."""
        computed = self.compute(rule_id, start)
        self._put(key, zh, en, computed, computed.sense, computed.due, happened)
        return happened or computed.due

    def _put(
        self, key: str, zh: str, en: str, computed: Computed, sense: Literal["max", "min"], due: dt.date,
        happened: dt.date | None,
    ) -> None:  # fmt: skip
        rule = legal_time.rule(self.session, computed.rule_id, computed.start)
        state = self._state("min" if key in WINDOWS else sense, due, happened, computed.provisional)
        self.lines.append(
            Line(key, zh, en, rule, sense, computed.start, due, happened, state, computed.provisional,
                 computed.paused_days)
        )  # fmt: skip

    def clarification(self, issued: dt.date, deadline: dt.date) -> None:
        """The last day for a material clarification that leaves the deadline where it is (D12)."""
        last = max(issued, legal_time.last_day_to_act(self.session, "D12", deadline))
        computed = self.compute("D12", last)
        self._put(
            "clarification", "不顺延的最后澄清日", "Last clarification without extension", computed, "max", last, None
        )

    def earliest_signing(self, window_ends: dt.date) -> dt.date:
        """The first working day after the challenge window: signing earlier risks a suspension."""
        computed = self.compute("D41", window_ends)
        day = legal_time.safe_day_after(self.session, window_ends)
        rule = legal_time.rule(self.session, "D41", window_ends)
        state: State = "met" if day <= self.today else "provisional" if computed.provisional else "planned"
        self.lines.append(
            Line("earliest_signing", "稳妥签约最早日", "Earliest safe day to sign", rule, "min", window_ends, day, None,
                 state, computed.provisional)
        )  # fmt: skip
        return day

    def _state(self, sense: str, due: dt.date, happened: dt.date | None, provisional: bool) -> State:
        if happened is not None:
            kept = happened <= due if sense == "max" else happened >= due
            return "met" if kept else "missed"
        if due < self.today:
            # A minimum that has run out is kept; a maximum that has passed without its event is not.
            return "met" if sense == "min" else "missed"
        return "provisional" if provisional else "planned"


def plan(
    session: Session,
    dates: Dates,
    *,
    method: str = "open_tender",
    today: dt.date | None = None,
    pauses: Sequence[Pause] = (),
) -> list[Line]:
    """The chain from the issue of the documents to the staff on post, in the order of law.

    Where nothing has happened yet each step is set on its last lawful day and signing on the first safe one.
    """
    chain_, first = _Chain(session, today or clock.today(), pauses), _FIRST.get(method, _FIRST["open_tender"])
    if dates.issued is not None:
        evaluated = _until_deadline(chain_, dates, dates.issued, first, clarify=method == "open_tender")
    else:  # a single source has neither documents nor bids
        evaluated = dates.evaluation_ended or chain_.today
    report = chain_.add("report", "评审报告送达", "Report to the buyer", "D20", evaluated, dates.report_received)
    decided = chain_.add("decision", "采购人定标", "Buyer decides", "D21", report, dates.decided)
    noticed = chain_.add("notice", "通知书和结果公告", "Award notice", "D22", decided, dates.award_published)
    ended = chain_.add("notice_end", "结果公告期满", "Notice period ends", "D23", noticed, None)
    chain_.add("bonds_losers", "退还未中标保证金", "Losers' bonds refunded", "D24", noticed, dates.bonds_refunded)
    window = chain_.compute("D41", ended)
    chain_.add("challenge_end", "质疑期满", "Challenge window ends", "D41", ended, None)
    safe = chain_.earliest_signing(window.due)
    chain_.add("signing", "签订合同", "Contract signed", "D30", noticed, dates.signed)
    signed = dates.signed or safe
    chain_.add("contract_notice", "合同公告", "Contract published", "D31", signed, dates.contract_published)
    chain_.add("contract_filing", "合同备案", "Contract filed", "D32", signed, dates.contract_filed)
    chain_.add("staff_on_post", "驻站社工到岗", "Staff on post", "D02", signed, dates.staff_on_post)
    return chain_.lines


def _until_deadline(chain_: _Chain, dates: Dates, issued: dt.date, first: tuple[str, str], *, clarify: bool) -> dt.date:
    """The lines from the issue to the bid deadline; the day on which the evaluation is over comes back."""
    chain_.add("docs_until", "文件提供至", "Documents available until", first[1], issued, dates.docs_until)
    deadline = dates.bid_deadline or chain_.compute(first[0], issued).due
    if clarify:
        chain_.clarification(issued, deadline)
    deadline = chain_.add("bid_deadline", "投标截止", "Bid deadline", first[0], issued, dates.bid_deadline)
    return dates.evaluation_ended or deadline


def chain(session: Session, procurement_id: int, *, today: dt.date | None = None) -> list[Line]:
    """The procurement's whole chain with what has happened; empty before the documents are issued. Raises Missing.

    A single source's chain begins with its price talks.
    """
    procurement = get(session, procurement_id)
    if procurement.issued_at is None and procurement.evaluation_ended_at is None:
        return []
    dates = _dates(session, procurement)
    return plan(
        session, dates, method=procurement.method or "open_tender", today=today, pauses=pauses(session, procurement.id)
    )


def _dates(session: Session, procurement: Procurement) -> Dates:
    contract = session.scalar(
        select(Contract).where(Contract.procurement_id == procurement.id).order_by(Contract.signed_on, Contract.id)
    )
    return Dates(
        issued=_day(procurement.issued_at),
        bid_deadline=_day(procurement.bid_deadline),
        docs_until=procurement.docs_until,
        evaluation_ended=_day(procurement.evaluation_ended_at),
        report_received=_day(procurement.report_received_at),
        decided=_day(procurement.decided_at),
        award_published=_day(procurement.award_published_at),
        bonds_refunded=_day(procurement.bonds_refunded_at),
        signed=contract.signed_on if contract else None,
        contract_published=contract.published_on if contract else None,
        contract_filed=contract.filed_on if contract else None,
    )


def pauses(session: Session, procurement_id: int) -> list[Pause]:
    """The times during which a challenge or a complaint stopped the clock; overlapping ones are joined."""
    rows = session.execute(
        select(Suspension.starts_at, Suspension.lifted_at)
        .where(Suspension.procurement_id == procurement_id)
        .order_by(Suspension.starts_at)
    )
    joined: list[Pause] = []
    for since, until in rows:
        last = joined[-1] if joined else None
        if last is not None and (last.until is None or since <= last.until):
            later = None if last.until is None or until is None else max(last.until, until)
            joined[-1] = Pause(last.since, later)
        else:
            joined.append(Pause(since, until))
    return joined


def _day(instant: dt.datetime | None) -> dt.date | None:
    return None if instant is None else clock.local_day(instant)
