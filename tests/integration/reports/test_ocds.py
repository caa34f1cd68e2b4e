"""The golden procurement as OCDS releases: valid, complete, never early, and without a word about a client."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.reports.conftest import CLIENT, CLIENT_ID, SITE, Golden, export
from tests.integration.reports.standard import faults, merged

from lastmeter import clock, keys, paths
from lastmeter.casework.cases import KEY_CLASS
from lastmeter.casework.models import Client
from lastmeter.identity.models import Organisation, Person
from lastmeter.procurement.models import Bid, CommitteeMember, Notice, Procurement
from lastmeter.rehearsal import runner
from lastmeter.rehearsal.player import play
from lastmeter.rehearsal.scenario import instant, read
from lastmeter.reports import ocds
from lastmeter.stations.models import Contract, Payment


def text(package: dict[str, Any]) -> str:
    return json.dumps(package, ensure_ascii=False)


def tags(package: dict[str, Any]) -> list[list[str]]:
    return [release["tag"] for release in package["releases"]]


def objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from objects(each)


# --- E1: the standard's own gate ----------------------------------------------------------------------------


def test_the_golden_procurement_from_plan_to_termination_passes_the_standard(golden: Golden) -> None:
    assert faults(golden.final) == []
    assert tags(golden.final) == [
        ["planning"], ["planningUpdate"], ["tender"], ["award"], ["contract"], ["contract"], ["implementation"],
        ["implementationUpdate"], ["implementationUpdate"], ["implementationUpdate"], ["contractTermination"],
    ]  # fmt: skip


def test_a_case_note_anywhere_in_the_package_does_not_pass(golden: Golden) -> None:
    leaking = copy.deepcopy(golden.final)
    places = list(objects(leaking))
    for each in places:
        each["caseNote"] = "夜间多次来电"
    found = [fault for fault in faults(leaking) if "caseNote" in fault and "unknown" in fault]
    assert len(found) == len(places) - 1  # the publisher is of the package, whose schema the next line asks
    leaking = copy.deepcopy(golden.final)
    leaking["caseNote"] = "夜间多次来电"
    assert faults(leaking) == ["unknown field caseNote"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("tender", "status"), "open"),
        (("tender", "value"), {"amount": "900000", "currency": "CNY"}),
        (("tag",), ["tendering"]),
        (("date",), "2026-05-18"),
        (("buyer", "secretCaseNote"), "x"),
    ],
)
def test_the_gate_finds_what_is_wrong(golden: Golden, path: tuple[str, ...], value: object) -> None:
    wrong = copy.deepcopy(golden.final)
    place = wrong["releases"][2]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert faults(wrong)


# --- E3: nobody's case --------------------------------------------------------------------------------------


def test_no_client_is_named_even_where_somebody_wrote_the_name_into_a_payment_or_a_termination(golden: Golden) -> None:
    with golden.session() as session:
        clients = session.scalars(select(Client)).all()
        names = [keys.decrypt_text(session, KEY_CLASS, client.name) for client in clients]
        numbers = [client.number for client in clients]
        vouchers = list(session.scalars(select(Payment.number)))
    assert names == [CLIENT]
    assert any(CLIENT in voucher for voucher in vouchers)
    said = text(golden.final)
    assert [word for word in (*names, *numbers, CLIENT_ID) if word in said] == []


# --- E4: merging --------------------------------------------------------------------------------------------


def test_merging_the_releases_in_order_of_date_gives_the_state_of_the_rows(golden: Golden) -> None:
    state = merged(reversed(golden.final["releases"]))
    with golden.session() as session:
        procurement = session.scalars(select(Procurement)).one()
        contracts = session.scalars(select(Contract).order_by(Contract.id)).all()
        paid = {each.contract_id: each.fen for each in session.scalars(select(Payment))}
    assert state["ocid"] == f"ocds-xxxxxx-{procurement.no}"
    assert state["tender"]["status"] == "complete"
    assert state["tender"]["title"] == procurement.title
    assert state["tender"]["value"] == {"amount": 900000, "currency": "CNY"}
    assert (state["tender"]["procurementMethod"], state["tender"]["procurementMethodDetails"]) == ("open", "公开招标")
    assert state["tender"]["numberOfTenderers"] == 3
    assert [award["value"]["amount"] for award in state["awards"]] == [860000]
    found = {each["id"]: each for each in state["contracts"]}
    assert list(found) == [each.number for each in contracts]
    for contract in contracts:
        told = found[contract.number]
        assert told["awardID"] == state["awards"][0]["id"]
        assert told["value"]["amount"] * 100 == contract.value_fen
        assert [each["value"]["amount"] for each in told["implementation"]["transactions"]] == [143333.33]
        assert paid[contract.id] == 14_333_333
    good, bad = (found[each.number] for each in contracts)
    assert (good["status"], bad["status"]) == ("active", "terminated")
    assert [each["status"] for each in good["implementation"]["milestones"]] == ["met", "scheduled", "scheduled"]
    assert [each["status"] for each in bad["implementation"]["milestones"]] == ["notMet", "scheduled", "scheduled"]
    assert bad["period"]["endDate"].startswith("2027-07-31T23:59:59")
    roles = {each["name"]: each["roles"] for each in state["parties"]}
    assert roles == {
        "历下区民政局": ["buyer", "payer"],
        "泉城招标代理有限公司": ["procuringEntity"],
        "惠民社会工作服务中心": ["supplier", "tenderer", "payee"],
    }


# --- nothing early, nothing that stays in the file ----------------------------------------------------------


def test_before_the_opening_nobody_learns_who_bid(golden: Golden) -> None:
    early = golden.told["before opening"]
    assert faults(early) == []
    assert tags(early) == [["planning"], ["planningUpdate"], ["tender"]]
    with golden.session() as session:
        names = list(session.scalars(select(Organisation.name).join(Bid, Bid.supplier_id == Organisation.id)))
    assert len(names) == 3
    assert [name for name in names if name in text(early)] == []
    assert "numberOfTenderers" not in text(early)


def test_between_opening_and_notice_neither_winner_nor_experts_are_told(golden: Golden) -> None:
    assert golden.told["decided"]["releases"] == golden.told["before opening"]["releases"]


def test_the_experts_are_named_with_the_award_and_the_losers_never(golden: Golden) -> None:
    with golden.session() as session:
        experts = list(session.scalars(select(Person.name).join(CommitteeMember).where(CommitteeMember.sitting)))
        losers = list(
            session.scalars(select(Organisation.name).join(Bid, Bid.supplier_id == Organisation.id).where(Bid.rank > 1))
        )
        kept = session.scalars(select(Notice.sha256).where(~Notice.is_public)).all()
    said = text(golden.final)
    assert experts
    assert [name for name in experts if name not in said] == []
    assert len(losers) == 2
    assert [name for name in losers if name in said] == []
    assert [amount for amount in ("880000", "840000", "8123", "81.23") if amount in said] == []
    assert kept


def test_a_contract_is_told_when_it_is_published_and_not_when_it_is_signed(golden: Golden) -> None:
    assert ["contract"] not in tags(golden.told["signed"])
    dates = [each["date"] for each in golden.told["published"]["releases"] if each["tag"] == ["contract"]]
    assert [date[:10] for date in dates] == ["2026-06-02", "2026-06-02"]


def test_a_release_once_told_never_changes(golden: Golden) -> None:
    told: dict[str, Any] = {}
    for package in golden.told.values():
        for release in package["releases"]:
            assert told.setdefault(release["id"], release) == release


# --- since, pages, prefix -----------------------------------------------------------------------------------


def test_pages_of_two_give_every_release_once_and_since_starts_where_asked(golden: Golden) -> None:
    assert golden.player is not None
    seen, since = list[dict[str, Any]](), None
    with golden.session() as session, clock.standing_at(instant("2028-01-10")):
        while True:
            page = ocds.page(session, since=since, limit=2, address=SITE)
            assert faults(page.package) == []
            seen += page.package["releases"]
            if (since := page.following) is None:
                break
        award = clock.at(dt.date(2026, 5, 18), dt.time(10))
        later = ocds.releases(session, since=award, address=SITE)
    assert seen == golden.final["releases"]
    assert tags(later)[0] == ["award"]
    assert later["releases"] == golden.final["releases"][3:]


def test_the_publishers_own_prefix_begins_every_ocid(golden: Golden) -> None:
    assert golden.player is not None
    package = export(golden.player, instant("2028-01-10"), prefix="ocds-abc123")
    assert {each["ocid"] for each in package["releases"]} == {"ocds-abc123-CG-370102-2026-001"}
    assert faults(package) == []


# --- other ways through -------------------------------------------------------------------------------------

WAYS = {
    "tender/scenarios/clarification.yaml": ["tenderAmendment"],
    "tender/scenarios/too_few_bidders.yaml": ["tenderCancellation"],
    "tender/scenarios/single_source_publicity.yaml": ["tenderCancellation"],
    "tender/scenarios/consultation.yaml": ["award"],
    "challenge/scenarios/next_candidate.yaml": ["awardCancellation"],
    "challenge/scenarios/complaint.yaml": ["awardUpdate"],
    "challenge/scenarios/void_after_signature.yaml": ["awardCancellation", "tenderCancellation"],
}


@pytest.mark.parametrize("file", WAYS)
def test_every_way_through_a_tender_passes_the_standard(file: str) -> None:
    scenario = read(paths.bundled("bpmn") / file)
    with runner.stage(scenario.at) as player:
        play(player, scenario)
        package = export(player, player.now)
        with player.factory() as session:
            procurement = session.scalars(select(Procurement).order_by(Procurement.id)).first()
    assert procurement is not None
    assert faults(package) == []
    package["releases"] = [each for each in package["releases"] if each["ocid"].endswith(procurement.no)]
    assert WAYS[file] in tags(package)
    dates = [release["date"] for release in package["releases"]]
    assert dates == sorted(set(dates))
    state = merged(package["releases"])
    deadline = state["tender"].get("tenderPeriod", {}).get("endDate")
    assert deadline is None or dt.datetime.fromisoformat(deadline) == procurement.bid_deadline
    expected = {"awarded": "complete", "failed": "unsuccessful", "opened": "active", "void": "unsuccessful"}
    assert state["tender"]["status"] == expected[procurement.status]
