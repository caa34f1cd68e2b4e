"""Due dates: ISO 8601, FEEL values, calendar months, cycles."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from lastmeter.feel import YearsMonths
from lastmeter.workflow.spiff import TimerNotUnderstood, due
from lastmeter.workflow.spiff.timers import TimerKind, parse_cycle, parse_duration, parse_instant

NOON = dt.datetime(2026, 1, 31, 4, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("timeDuration", "P1M", "2026-02-28T04:00"),
        ("timeDuration", "P1Y2M10DT2H30M", "2027-04-10T06:30"),
        ("timeDuration", "P2W", "2026-02-14T04:00"),
        ("timeDuration", "PT0.5S", "2026-01-31T04:00"),
        ("timeDuration", dt.timedelta(hours=3), "2026-01-31T07:00"),
        ("timeDuration", YearsMonths(25), "2028-02-29T04:00"),
        ("timeDate", "2026-03-31T17:00", "2026-03-31T09:00"),
        ("timeDate", "2026-03-31T17:00+00:00", "2026-03-31T17:00"),
        ("timeDate", "2026-03-31", "2026-03-31T16:00"),
        ("timeDate", dt.date(2026, 3, 31), "2026-03-31T16:00"),
        ("timeDate", dt.datetime(2026, 3, 31, 17), "2026-03-31T09:00"),  # noqa: DTZ001 - FEEL's local date and time
        ("timeDate", "P1D", "2026-02-01T04:00"),
        ("timeDuration", dt.date(2026, 3, 31), "2026-03-31T16:00"),
        ("timeCycle", "R/P1M", "2026-02-28T04:00"),
        ("timeCycle", dt.timedelta(days=1), "2026-02-01T04:00"),
        ("timeCycle", "R5/2025-01-01T00:00/P1Y", "2026-12-31T16:00"),
    ],
)
def test_a_timer_is_due_by_the_calendar_of_shanghai(kind: TimerKind, value: object, expected: str) -> None:
    assert due(kind, value, NOON).at.replace(second=0, microsecond=0).isoformat()[:16] == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timeDate", "soon"),
        ("timeDate", None),
        ("timeDuration", "P"),
        ("timeDuration", "P1DT"),
        ("timeDuration", 5),
        ("timeDuration", "P999999Y"),
        ("timeDate", "9999-12-31"),
        ("timeCycle", "R3/PT0S"),
        ("timeCycle", "R3/-PT1H"),
        ("timeCycle", "PT1H/R3"),
        ("timeCycle", "R/2026-13-01/P1M"),
        ("timeCycle", dt.timedelta(0)),
    ],
)
def test_what_says_no_time_is_refused(kind: TimerKind, value: object) -> None:
    with pytest.raises(TimerNotUnderstood):
        due(kind, value, NOON)


def test_durations_and_instants_are_told_apart() -> None:
    assert parse_duration("2026-01-01") is None
    assert parse_instant("P1D") is None
    assert parse_cycle("P1D") is None
    assert parse_duration("-P1D") is not None


def test_a_cycle_ends_after_its_count() -> None:
    occurrence = due("timeCycle", "R3/P1M", NOON)
    seen = []
    while occurrence is not None:
        seen.append(occurrence.at.date().isoformat())
        occurrence = occurrence.after_firing(occurrence.at)  # type: ignore[assignment]
    assert seen == ["2026-02-28", "2026-03-31", "2026-04-30"]


def test_missed_occurrences_are_one_and_found_quickly() -> None:
    occurrence = due("timeCycle", "R/PT1S", NOON)
    late = NOON + dt.timedelta(days=3650, milliseconds=1)
    began = time.process_time()
    following = occurrence.after_firing(late)
    assert time.process_time() - began < 0.1
    assert following is not None
    assert following.at == NOON + dt.timedelta(days=3650, seconds=1)
    assert due("timeCycle", "R5/PT1S", NOON).after_firing(late) is None
