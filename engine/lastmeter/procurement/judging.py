"""What the room asks of the decision tables, and their answers as reasons for people.

A rule that matched gives its output as the reason's code, and its remark as sentence and clause: the law stands once,
in the table that an officer reads.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from lastmeter.decisions import Outcome
from lastmeter.decisions.remarks import remark_of
from lastmeter.definitions.tables import Tables
from lastmeter.identifiers import is_uscc
from lastmeter.procurement.rules import Reason, Seat, Supplier, related

# Packages that hold the tables.
BIDS = "bid_evaluation"
DOCUMENTS = "tender_documents"
REQUIREMENT = "procurement_requirement"
CONTRACT = "contract"

_SENTENCE = re.compile(r"[^。；;\n]+")


def reasons_of(outcome: Outcome, subject: str | None = None) -> list[Reason]:
    """The rules that matched in the decision's own table, the last one asked."""
    found = []
    for matched in outcome.trace[-1].matched:
        remark = remark_of(matched.annotations)
        found.append(Reason(str(matched.output), remark.zh, remark.en, remark.basis, subject))
    return found


def _told(reason: Reason, what: str, subject: str | None) -> Reason:
    return Reason(reason.code, f"{reason.zh}：“{what}”", f"{reason.en}: “{what}”", reason.source, subject)


# --- suppliers ----------------------------------------------------------------------------------------------


def eligibility(
    asked: Tables,
    supplier: Supplier,
    others: Iterable[Supplier],
    day: dt.date,
    *,
    place: str = "jinan",
    single_source: bool = False,
    bids_twice: bool = False,
) -> list[Reason]:
    """Why a supplier may not take part in a lot beside `others`; all reasons, not the first (DT2)."""
    near = [other for other in others if related(supplier, other)]
    outcome = asked.decide(
        "eligibility_reasons",
        {
            "uscc_valid": supplier.uscc is not None and is_uscc(supplier.uscc),
            "independent": supplier.independent,
            "sound_accounts": supplier.sound_accounts,
            "capable": supplier.capable,
            "taxes_paid": supplier.taxes_paid,
            "clean_record": supplier.declared_clean,
            "related_bidder": bool(near),
            "designed_project": supplier.designed_project,
            "single_source": single_source,
            "barred_until": supplier.blacklisted_until,
            "day": day,
            "kind": supplier.kind,
            "place": place,
            "bids_twice": bids_twice,
        },
    )
    reasons: list[Reason] = []
    for reason in reasons_of(outcome):
        if reason.code == "related_bidder":
            reasons.extend(_told(reason, other.name, str(other.id)) for other in near)
        else:
            reasons.append(reason)
    return reasons


def main_and_street(asked: Tables, lot_no: int) -> list[Reason]:
    """Why a body that would run main and street stations of one district may not win the lot (DT2, I2)."""
    return reasons_of(asked.decide("eligibility_reasons", {"main_and_street": True}), str(lot_no))


# --- documents ----------------------------------------------------------------------------------------------


def forbidden_criteria(asked: Tables, texts: Mapping[str, str]) -> list[Reason]:
    """The sentences of a tender's texts that treat suppliers unequally (DT2). Source: 政府采购法实施条例 20."""
    return [
        _told(reason, sentence, name)
        for name, text in texts.items()
        for sentence in _sentences(text)
        for reason in reasons_of(asked.decide("forbidden_criteria", {"text": sentence}))
    ]


def scored_qualifications(asked: Tables, factors: Sequence[Mapping[str, object]]) -> list[Reason]:
    """The scoring factors that are qualifications (DT8). Source: 财政部令第87号 55."""
    return [
        _told(reason, str(factor.get("name")), str(factor.get("name")))
        for factor in factors
        for reason in reasons_of(
            asked.decide("scored_qualification", {"text": f"{factor.get('name')} {factor.get('criterion') or ''}"})
        )
    ]


def _sentences(text: str) -> list[str]:
    return [found[0].strip() for found in _SENTENCE.finditer(text or "") if found[0].strip()]


def price_weight(asked: Tables, method: str, object_type: str, price_points: Decimal) -> list[Reason]:
    """Why the price's share of 100 points is not lawful (DT8)."""
    facts = {"method": method, "object_type": object_type, "price_points": price_points, "award_by": "score"}
    outcome = asked.decide("price_weight", facts)
    return [] if outcome.value == "lawful" else _coded(reasons_of(outcome), "price_weight")


def bid_bond(asked: Tables, budget_fen: int, bond_fen: int | None) -> list[Reason]:
    """Why a bid bond may not be asked for (DT11)."""
    return reasons_of(asked.decide("money_errors", {"budget_fen": budget_fen, "bid_bond_fen": bond_fen}), "bond_fen")


def _coded(reasons: Iterable[Reason], prefix: str) -> list[Reason]:
    return [Reason(f"{prefix}_{each.code}", each.zh, each.en, each.source, each.subject) for each in reasons]


def contract_term(asked: Tables, months: int, conditions: Iterable[str]) -> list[Reason]:
    """Why a contract may not run so long (DT3); `conditions` are those that hold."""
    facts: dict[str, object] = dict.fromkeys(conditions, True)
    outcome = asked.decide("contract_term", {**facts, "term_months": months})
    return [] if outcome.value == "lawful" else _coded(reasons_of(outcome, "term_months"), "term")


# --- the committee ------------------------------------------------------------------------------------------


def committee_errors(
    asked: Tables, seats: Sequence[Seat], *, method: str, budget_fen: int, is_complex: bool
) -> list[Reason]:
    """Why a committee cannot judge (DT7)."""
    outcome = asked.decide(
        "committee_errors",
        {
            "method": method,
            "budget_fen": budget_fen,
            "is_complex": is_complex,
            "seats": [
                {"person": seat.person_id, "role": seat.role, "drawn": seat.drawn, "conflicted": seat.conflicted}
                for seat in seats
            ],
        },
    )
    return reasons_of(outcome)
