"""The cross-entity invariants of contracts, money, staff and evaluation hold in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lastmeter.actor import SYSTEM
from lastmeter.definitions import tables
from lastmeter.identity.models import Acquaintance
from lastmeter.rehearsal.world import World
from lastmeter.stations import contracts, evaluations, figures, rules, staffing, steps
from lastmeter.stations.models import (
    Contract,
    ContractStation,
    ContractYear,
    Funding,
    IndicatorTree,
    Report,
    ServiceRecord,
    Station,
)

DAY = dt.date(2026, 6, 1)
VALUE = 120_000_001


@pytest.fixture
def station(session: Session, world: World) -> Callable[..., Station]:
    """`station(street, kind)` stands in the lixia district, or in the district named."""

    def make(street: str = "lixia.quancheng", kind: str = "street") -> Station:
        district = world.organisation(street.split(".")[0])
        made = Station(
            kind=kind, street_id=world.organisation(street).id, district_id=district.id, name=street, name_en=street
        )
        session.add(made)
        session.flush()
        return made

    return make


@pytest.fixture
def draft(session: Session, world: World) -> Callable[..., Contract]:
    def make(station: Station, provider: str = "huimin", **changes: Any) -> Contract:
        data = {
            **dict.fromkeys(rules.CONTRACT_PARTS, "已约定"), "title": "合同", "value_fen": VALUE, "bond_fen": 0,
            "starts_on": DAY,
            "funding": [{"source": "city", "fen": 50_000_000}, {"source": "district", "fen": VALUE - 50_000_000}],
        }  # fmt: skip
        return contracts.draft(
            session, SYSTEM, station=station, provider_id=world.organisation(provider).id,
            buyer_id=station.district_id, data={**data, **changes},
        )  # fmt: skip

    return make


@pytest.fixture
def in_force(session: Session, station: Callable[..., Station], draft: Callable[..., Contract]) -> Contract:
    here = station()
    return contracts.put_in_force(session, SYSTEM, draft(here), here, DAY)


# --- I1 --------------------------------------------------------------------------------------------------------------


def test_a_station_under_contract_takes_no_second_one(
    session: Session, in_force: Contract, draft: Callable[..., Contract]
) -> None:
    here = contracts.station_of(session, in_force.id)
    with pytest.raises(contracts.StationTaken) as refused:
        contracts.put_in_force(session, SYSTEM, draft(here, "yangguang", starts_on=dt.date(2029, 5, 31)), here, DAY)
    assert refused.value.facts["until"] == dt.date(2029, 5, 31)


def test_the_database_itself_refuses_two_contracts_at_once(
    session: Session, in_force: Contract, draft: Callable[..., Contract]
) -> None:
    here = contracts.station_of(session, in_force.id)
    other = draft(here, "yangguang")
    session.add(ContractStation(contract_id=other.id, station_id=here.id, from_day=DAY, to_day=other.ends_on))
    with pytest.raises(IntegrityError, match="one_provider"):
        session.flush()


def test_the_day_after_a_termination_the_station_is_free(
    session: Session, in_force: Contract, draft: Callable[..., Contract]
) -> None:
    here = contracts.station_of(session, in_force.id)
    contracts.end(session, SYSTEM, in_force, dt.date(2027, 4, 30), "terminated")
    following = draft(here, "yangguang", starts_on=dt.date(2027, 5, 1))
    contracts.put_in_force(session, SYSTEM, following, here, dt.date(2027, 5, 1))
    assert contracts.in_force(session, here.id, dt.date(2027, 4, 30)) is in_force
    assert contracts.in_force(session, here.id, dt.date(2027, 5, 1)) is following


def test_the_database_refuses_a_fourth_year(session: Session, in_force: Contract) -> None:
    in_force.ends_on = dt.date(2030, 5, 31)
    with pytest.raises(IntegrityError, match="three_years"):
        session.flush()


def test_the_database_refuses_a_bond_above_a_tenth(session: Session, in_force: Contract) -> None:
    in_force.bond_fen = VALUE // 10 + 1
    with pytest.raises(IntegrityError, match="bond"):
        session.flush()


def test_a_street_has_one_station(session: Session, station: Callable[..., Station]) -> None:
    station()
    with pytest.raises(IntegrityError, match="uq_station_street"):
        station()


# --- I2 --------------------------------------------------------------------------------------------------------------


def test_main_and_street_station_of_a_district_have_different_providers(
    session: Session, world: World, in_force: Contract, station: Callable[..., Station], draft: Callable[..., Contract]
) -> None:
    main = station("lixia.daming", "district_main")
    with pytest.raises(contracts.SameEntity):
        contracts.put_in_force(session, SYSTEM, draft(main, "huimin"), main, DAY)
    contracts.put_in_force(session, SYSTEM, draft(main, "yangguang"), main, DAY)


def test_one_controlling_person_counts_as_one_entity(
    session: Session, world: World, in_force: Contract, station: Callable[..., Station], draft: Callable[..., Contract]
) -> None:
    world.organisation("yangguang").controller_key = world.organisation("huimin").controller_key
    main = station("lixia.daming", "district_main")
    with pytest.raises(contracts.SameEntity):
        contracts.put_in_force(session, SYSTEM, draft(main, "yangguang"), main, DAY)


def test_in_another_district_the_same_provider_may_run_the_main_station(
    session: Session, in_force: Contract, station: Callable[..., Station], draft: Callable[..., Contract]
) -> None:
    main = station("licheng.shanda", "district_main")
    assert contracts.put_in_force(session, SYSTEM, draft(main, "huimin"), main, DAY).status == "active"


# --- I3, I4 ----------------------------------------------------------------------------------------------------------


def test_the_funding_of_each_year_sums_to_its_value_to_the_fen(session: Session, in_force: Contract) -> None:
    years = session.query(ContractYear).filter_by(contract_id=in_force.id).all()
    assert sum(year.value_fen for year in years) == VALUE
    for year in years:
        shares = session.query(Funding).filter_by(contract_year_id=year.id).all()
        assert rules.funding_covers(year.value_fen, [share.fen for share in shares])


def test_a_draft_whose_sources_miss_the_value_by_one_fen_is_refused(
    station: Callable[..., Station], draft: Callable[..., Contract]
) -> None:
    with pytest.raises(contracts.FundingDiffers):
        draft(station(), funding=[{"source": "city", "fen": VALUE - 1}])


def test_payments_stay_within_value_and_supplements(session: Session, in_force: Contract) -> None:
    in_force.supplement_fen = 12_000_000
    contracts.pay(session, SYSTEM, in_force, "1", "progress", VALUE, DAY)
    contracts.pay(session, SYSTEM, in_force, "2", "final", 12_000_000, DAY)
    with pytest.raises(contracts.PaymentTooHigh) as refused:
        contracts.pay(session, SYSTEM, in_force, "3", "final", 1, DAY)
    assert refused.value.facts["remaining_fen"] == 0


def test_the_database_refuses_a_supplement_above_a_tenth(session: Session, in_force: Contract) -> None:
    in_force.supplement_fen = VALUE // 10 + 1
    with pytest.raises(IntegrityError, match="supplement"):
        session.flush()


# --- staff -----------------------------------------------------------------------------------------------------------


def test_nobody_is_on_post_at_two_stations(
    session: Session, in_force: Contract, station: Callable[..., Station], draft: Callable[..., Contract]
) -> None:
    person = {
        "name": "王芳", "id_number": "370102199001010036", "education": "bachelor", "major": "社会工作",
        "related_major": True, "post": "social_worker", "training_passed": True,
    }  # fmt: skip
    here, there = contracts.station_of(session, in_force.id), station("lixia.daming")
    other = contracts.put_in_force(session, SYSTEM, draft(there, "huimin"), there, DAY)
    staffing.put_on_post(session, SYSTEM, in_force, here, [person], DAY)
    with pytest.raises(staffing.AlreadyOnPost):
        staffing.put_on_post(session, SYSTEM, other, there, [person], DAY)


# --- I8, I10, scoring ------------------------------------------------------------------------------------------------


def test_figures_are_recounted_from_records(session: Session, in_force: Contract) -> None:
    here = contracts.station_of(session, in_force.id)
    year = contracts.year(session, in_force.id, 1)
    for day, kind, units in ((1, "visit", 7), (15, "visit", 5), (30, "activity", 2)):
        session.add(
            ServiceRecord(station_id=here.id, day=dt.date(2026, 6, day), kind=kind, units=units, participants=3)
        )
    session.add(ServiceRecord(station_id=here.id, day=dt.date(2026, 7, 1), kind="visit", units=99))
    session.flush()
    first, last = dt.date(2026, 6, 1), dt.date(2026, 6, 30)
    report = Report(contract_year_id=year.id, kind="monthly", period="2026-06", due_on=dt.date(2026, 7, 7))
    report.figures = figures.of_station(session, here.id, first, last)
    session.add(report)
    session.flush()
    assert report.figures["services"] == {"activity": 2, "visit": 12}
    assert report.figures["participants"] == 9
    assert figures.of_station(session, here.id, first, last) == report.figures


def test_an_evaluator_who_left_the_provider_three_years_ago_is_free(
    session: Session, world: World, in_force: Contract
) -> None:
    evaluator = world.people["evaluator"].id
    tie = Acquaintance(person_id=evaluator, organisation_id=in_force.provider_id, reason="任职")
    session.add(tie)
    for until, barred in ((None, True), (dt.date(2024, 4, 1), True), (dt.date(2024, 3, 31), False)):
        tie.until = until
        session.flush()
        if barred:
            with pytest.raises(evaluations.ConflictOfInterest):
                evaluations.refuse_conflicts(session, [evaluator], in_force.provider_id, dt.date(2027, 4, 1))
        else:
            evaluations.refuse_conflicts(session, [evaluator], in_force.provider_id, dt.date(2027, 4, 1))


def test_the_sum_of_the_leaves_is_the_sum_of_either_level(session: Session, in_force: Contract) -> None:
    """Worked by hand: full points but for R01 (1 of 3), R20 (1.5 of 4) and R37 (0 of 2): 100 − 2 − 2.5 − 2 = 93.5."""
    evaluation = evaluations.open_evaluation(session, contracts.year(session, in_force.id, 1), 1)
    tree = session.get_one(IndicatorTree, evaluation.tree_id)
    given = {rule["id"]: int(rule["max"]) * 100 for rule in tree.rules} | {"R01": 100, "R20": 150, "R37": 0}
    evaluations.give(session, evaluation, {rule: (points, "") for rule, points in given.items()}, None)
    ask = tables.of(session, "evaluation").value
    assert evaluations.settle(session, SYSTEM, ask, evaluation, None, DAY) == "excellent"
    assert evaluation.total_hundredths == 9350
    stored = {rule: score.hundredths for rule, score in evaluations.scores(session, evaluation.id).items()}
    assert len(stored) == 37
    for level in ("l1", "l2"):
        assert sum(rules.level_sums(stored, tree.rules, level).values()) == 9350
    assert rules.level_sums(stored, tree.rules)["日常运营"] == 1300


def test_a_point_above_the_maximum_is_refused_and_nothing_is_stored(session: Session, in_force: Contract) -> None:
    evaluation = evaluations.open_evaluation(session, contracts.year(session, in_force.id, 1), 1)
    with pytest.raises(evaluations.ScoreOutOfRange) as refused:
        evaluations.give(session, evaluation, {"R01": (301, ""), "R02": (100, "")}, None)
    assert refused.value.facts["rules"] == ["R01"]
    assert evaluations.scores(session, evaluation.id) == {}


def test_a_station_where_nothing_happened_stays_at_35_automatic_points_at_most(
    session: Session, in_force: Contract
) -> None:
    year = contracts.year(session, in_force.id, 1)
    session.add_all(
        Report(contract_year_id=year.id, kind="monthly", period=f"2026-{month:02d}", due_on=dt.date(2026, month, 8))
        for month in range(7, 13)
    )
    session.flush()
    evaluation = evaluations.open_evaluation(session, year, 1)
    points = evaluations.automatic(session, evaluation, dt.date(2027, 4, 1))
    assert 0 <= sum(hundredths for hundredths, _ in points.values()) <= 3500


def test_the_view_of_a_contract_is_for_its_parties_until_it_is_published(
    session: Session, world: World, station: Callable[..., Station], draft: Callable[..., Contract]
) -> None:
    made = draft(station())
    seen = steps.contract_by_number(session, made.provider_id, made.number)
    assert seen is not None
    assert (seen["number"], seen["value_fen"], seen["starts_on"]) == (made.number, VALUE, DAY)
    assert steps.contract_by_number(session, made.buyer_id, made.number) == seen
    assert steps.contract_by_number(session, world.organisation("yangguang").id, made.number) is None
    assert steps.contract_by_number(session, None, made.number) is None
    made.published_on = DAY
    assert steps.contract_by_number(session, None, made.number) == seen
    assert steps.contract_by_number(session, None, "C-0") is None
