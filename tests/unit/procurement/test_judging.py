"""What the room asks of the decision tables that come with the program, and what it makes of their answers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from lastmeter.definitions import tables
from lastmeter.procurement import judging
from lastmeter.procurement.rules import Reason, Seat, Supplier

DAY = dt.date(2026, 5, 6)
BIDS = tables.bundled(judging.BIDS)
DOCUMENTS = tables.bundled(judging.DOCUMENTS)


def codes(reasons: list[Reason]) -> list[str]:
    return [reason.code for reason in reasons]


# --- documents ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("投标人须在本市注册", "local_registration"),
        ("供应商应在济南市内设有分支机构", "local_registration"),
        ("注册地须在历下区", "local_registration"),
        ("具有济南市业绩的加5分", "regional_award"),
        ("获得山东省社工奖项者加分", "regional_award"),
        ("指定使用某某品牌", "named_brand"),
        ("仅限国有企业参加", "ownership_form"),
        ("不接受民营企业", "ownership_form"),
        ("注册资本不低于500万元", "size_condition"),
    ],
)
def test_forbidden_criteria_are_found(text: str, code: str) -> None:
    found = judging.forbidden_criteria(DOCUMENTS, {"supplier_conditions": f"依法成立。{text}；熟悉业务"})
    assert [(reason.code, reason.subject) for reason in found] == [(code, "supplier_conditions")]
    assert text in found[0].zh


@pytest.mark.parametrize(
    "text",
    [
        "依法成立的企业、社会组织，具有独立承担民事责任的能力",
        "近三年同类社会工作服务业绩，每项得2分",
        "服务地点为历下区各街道社工站",
        "项目负责人持有社会工作师证书",
        "驻站人员不少于3人",
    ],
)
def test_lawful_criteria_pass(text: str) -> None:
    assert judging.forbidden_criteria(DOCUMENTS, {"factor": text}) == []


def test_a_qualification_is_no_scoring_factor() -> None:
    found = judging.scored_qualifications(DOCUMENTS, [{"name": "价格"}, {"name": "营业执照", "max_points": 90}])
    assert [(reason.code, reason.subject) for reason in found] == [("qualification_scored", "营业执照")]


@pytest.mark.parametrize(
    ("method", "object_type", "points", "expected"),
    [
        ("open_tender", "services", "9.99", ["price_weight_too_low"]),
        ("open_tender", "services", "10", []),
        ("open_tender", "services", "60", []),
        ("open_tender", "goods", "29", ["price_weight_too_low"]),
        ("competitive_consultation", "services", "30", []),
        ("competitive_consultation", "services", "30.01", ["price_weight_too_high"]),
        ("competitive_consultation", "goods", "61", ["price_weight_too_high"]),
    ],
)
def test_the_price_keeps_its_lawful_weight(method: str, object_type: str, points: str, expected: list[str]) -> None:
    assert codes(judging.price_weight(DOCUMENTS, method, object_type, Decimal(points))) == expected


@pytest.mark.parametrize(("bond", "expected"), [(None, []), (20, []), (21, ["bid_bond_too_high"])])
def test_a_bid_bond_is_at_most_two_hundredths_of_the_budget(bond: int | None, expected: list[str]) -> None:
    assert codes(judging.bid_bond(tables.bundled(judging.CONTRACT), 1000, bond)) == expected


@pytest.mark.parametrize(
    ("months", "missing", "expected"),
    [
        (12, 5, []),
        (36, 0, []),
        (36, 1, ["term_conditions_missing"]),
        (37, 0, ["term_too_long"]),
        (0, 0, ["term_no_term"]),
    ],
)
def test_a_term_of_several_years_needs_its_five_conditions(months: int, missing: int, expected: list[str]) -> None:
    held = ("budget_guaranteed", "content_stable", "continuous", "funding_stable", "price_stable")[missing:]
    assert codes(judging.contract_term(tables.bundled(judging.REQUIREMENT), months, held)) == expected


# --- suppliers ----------------------------------------------------------------------------------------------

GOOD = Supplier(
    id=1, name="惠民", uscc="52370100MJD600001H", kind="provider", controller_key="a", responsible_person="甲"
)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "funded_mass_organisation"}, "funded_mass_organisation"),
        ({"uscc": "52370100MJD600001A"}, "uscc_invalid"),
        ({"uscc": None}, "uscc_invalid"),
        ({"independent": False}, "not_independent"),
        ({"capable": False}, "not_capable"),
        ({"sound_accounts": False}, "unsound_accounts"),
        ({"taxes_paid": False}, "tax_default"),
        ({"declared_clean": False}, "major_violation"),
        ({"blacklisted_until": DAY}, "blacklisted"),
        ({"designed_project": True}, "designed_project"),
    ],
)
def test_an_ineligible_supplier_is_told_why(changes: dict[str, Any], code: str) -> None:
    assert judging.eligibility(BIDS, GOOD, [GOOD], DAY) == []
    assert codes(judging.eligibility(BIDS, Supplier(**{**GOOD.__dict__, **changes}), [], DAY)) == [code]


def test_hunan_accepts_whom_jinan_excludes() -> None:
    mass = Supplier(**{**GOOD.__dict__, "kind": "funded_mass_organisation"})
    assert judging.eligibility(BIDS, mass, [], DAY, place="hunan") == []


def test_a_ban_that_ended_yesterday_bars_nobody() -> None:
    freed = Supplier(**{**GOOD.__dict__, "blacklisted_until": DAY - dt.timedelta(days=1)})
    assert judging.eligibility(BIDS, freed, [], DAY) == []


def test_a_single_source_may_have_designed_the_project() -> None:
    designer = Supplier(**{**GOOD.__dict__, "designed_project": True})
    assert judging.eligibility(BIDS, designer, [], DAY, single_source=True) == []


@pytest.mark.parametrize("shared", [{"controller_key": "a"}, {"responsible_person": "甲"}])
def test_bidders_under_one_hand_exclude_each_other(shared: dict[str, str]) -> None:
    fields = {**GOOD.__dict__, "id": 2, "controller_key": "b", "responsible_person": "乙", **shared}
    found = judging.eligibility(BIDS, GOOD, [GOOD, Supplier(**{**fields, "name": "邻里"})], DAY)
    assert [(reason.code, reason.subject) for reason in found] == [("related_bidder", "2")]
    assert "邻里" in found[0].zh


def test_every_reason_is_told_and_names_its_clause() -> None:
    poor = Supplier(**{**GOOD.__dict__, "capable": False, "kind": "funded_mass_organisation"})
    found = judging.eligibility(BIDS, poor, [], DAY, bids_twice=True)
    assert codes(found) == ["not_capable", "funded_mass_organisation", "bids_twice"]
    assert [reason.source for reason in found] == ["政府采购法 22(三)", "实施方案 二(二)", "条例 22"]


def test_main_and_street_in_one_hand_is_a_reason_against_the_lot() -> None:
    assert [(reason.code, reason.subject) for reason in judging.main_and_street(BIDS, 2)] == [("main_and_street", "2")]


# --- committee ----------------------------------------------------------------------------------------------


def seats(experts: int, buyers: int) -> list[Seat]:
    return [Seat(n, "expert") for n in range(experts)] + [
        Seat(100 + n, "buyer_rep", drawn=False) for n in range(buyers)
    ]


def committee(seated: list[Seat], method: str, least: int) -> list[str]:
    errors = judging.committee_errors(BIDS, seated, method=method, budget_fen=1, is_complex=least == 7)
    return codes(errors)


@pytest.mark.parametrize(
    ("experts", "buyers", "least", "expected"),
    [
        (5, 0, 5, []),
        (4, 1, 5, []),
        (3, 2, 5, ["too_few_experts"]),
        (4, 2, 5, ["even_size"]),
        (3, 0, 5, ["too_few_members"]),
        (5, 2, 7, []),
        (2, 1, 3, []),
        (4, 0, 5, ["even_size", "too_few_members"]),
    ],
)
def test_a_committee_is_odd_large_enough_and_two_thirds_expert(
    experts: int, buyers: int, least: int, expected: list[str]
) -> None:
    method = "competitive_consultation" if least == 3 else "open_tender"
    assert committee(seats(experts, buyers), method, least) == expected


def test_nobody_sits_undrawn_conflicted_or_twice() -> None:
    wrong = [Seat(1, "expert", drawn=False), Seat(2, "expert", conflicted=True), Seat(2, "expert")]
    found = committee(wrong, "competitive_consultation", 3)
    assert found == ["not_drawn", "conflicted", "twice"]
