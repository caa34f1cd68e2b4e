"""Three years of a district, from the annual plan to the end of its contracts."""

from __future__ import annotations

import pytest

from lastmeter.rehearsal import jinan, runner


@pytest.fixture(scope="module")
def report() -> jinan.Report:
    """Two stations of the first district, one of them so weak that its contract is terminated."""
    return runner.jinan(districts=1, years=3, stations=2)


def test_nothing_is_stuck_and_every_invariant_holds(report: jinan.Report) -> None:
    assert report.stuck == []
    assert report.invariants == []
    assert report.is_clean


def test_the_weak_station_is_terminated_and_the_other_one_runs_its_term(report: jinan.Report) -> None:
    assert report.contracts == {"ended": 1, "terminated": 1}
    assert report.grades["unqualified"] == 1
    assert sum(report.grades.values()) == 4


def test_people_who_work_on_time_miss_no_deadline(report: jinan.Report) -> None:
    assert report.deadlines_met > 0
    assert report.deadlines_missed == 0
    assert report.refused == {}


def test_every_report_that_fell_due_under_a_contract_was_handed_in(report: jinan.Report) -> None:
    # Four tasks each: three years of one station; of the other the ten months until its evaluation, and the mid-term.
    assert report.tasks_completed >= 4 * (3 * 14 + 11)
