"""What an administrator does at the command line, against a database of the test's own."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import cli
from lastmeter.deadlines.models import CalendarYear, Deadline, DeadlineRule
from lastmeter.deadlines.records import record
from lastmeter.deadlines.register import calendar_in, rules_in
from lastmeter.deadlines.rules import compute
from lastmeter.definitions.models import Definition
from lastmeter.embedded import testing
from lastmeter.outbox import Job
from lastmeter.stations.models import IndicatorTree

HEADER = "date,kind,name_zh,name_en\n"
DAYS = "".join(f"2027-02-{day:02},off,春节,Spring Festival\n" for day in (4, 5, 8, 9, 10, 11))
YEAR = (
    HEADER
    + "2027-01-01,off,元旦,New Year\n"
    + DAYS
    + "2027-05-03,off,劳动节,Labour Day\n2027-05-04,off,劳动节,Labour Day\n"
)


@pytest.fixture
def run(own_database: testing.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line on the test's database."""
    monkeypatch.setenv("LASTMETER_DATABASE_URL", own_database.app_url)
    monkeypatch.setenv("LASTMETER_OWNER_URL", own_database.owner_url)
    monkeypatch.setenv("LASTMETER_DATA_DIR", str(tmp_path / "data"))
    return CliRunner()


def test_an_upgrade_furnishes_the_database_and_a_second_one_changes_nothing(
    run: CliRunner, factory: sessionmaker[Session]
) -> None:
    def standing() -> list[int]:
        with factory() as session:
            tables = (DeadlineRule, CalendarYear, IndicatorTree, Definition)
            return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]

    assert run.invoke(cli.main, ["db", "upgrade"]).exit_code == 0
    first = standing()
    assert all(first)
    assert run.invoke(cli.main, ["db", "upgrade"]).exit_code == 0
    assert standing() == first


def test_a_year_imported_at_the_command_line_moves_deadlines_and_what_follows_them(
    run: CliRunner, factory: sessionmaker[Session], tmp_path: Path
) -> None:
    assert run.invoke(cli.main, ["db", "upgrade"]).exit_code == 0
    with factory() as session:
        computed = compute(rules_in(session)["D31"], dt.date(2026, 12, 31), calendar_in(session))
        record(session, computed, subject="task/1", element_id="a")
        session.commit()
    file = tmp_path / "2027.csv"
    file.write_text(YEAR, encoding="utf-8")
    done = run.invoke(cli.main, ["calendar", "import", str(file), "--source", "国办发明电〔2026〕1号"])
    assert done.exit_code == 0, done.output
    with factory() as session:
        assert session.get(CalendarYear, 2027) is not None
        assert session.scalars(select(Deadline.provisional)).one() is False


def test_a_table_that_is_no_year_is_refused_and_changes_nothing(
    run: CliRunner, factory: sessionmaker[Session], tmp_path: Path
) -> None:
    assert run.invoke(cli.main, ["db", "upgrade"]).exit_code == 0
    file = tmp_path / "2027.csv"
    file.write_text(HEADER, encoding="utf-8")
    refused = run.invoke(cli.main, ["calendar", "import", str(file), "--source", "x", "--language", "en"])
    assert refused.exit_code == 1
    assert "The table holds no days" in refused.output
    with factory() as session:
        assert session.get(CalendarYear, 2027) is None
        assert session.scalar(select(func.count()).select_from(Job).where(Job.kind == "deadline.moved")) == 0


def test_feel_counts_working_days_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the README: the May holidays of 2026 lie between."""
    monkeypatch.setenv("LASTMETER_DATA_DIR", str(tmp_path))
    for expression, day in (
        ('add working days(date("2026-04-30"), 2)', "2026-05-07"),
        ('deadline("D10", date("2026-04-13"))', "2026-05-06"),
    ):
        answer = CliRunner().invoke(cli.main, ["feel", expression])
        assert answer.exit_code == 0
        assert answer.output.strip() == f'"{day}"'


def test_the_amounts_of_a_period_are_entered_at_the_command_line(
    run: CliRunner, factory: sessionmaker[Session]
) -> None:
    assert run.invoke(cli.main, ["db", "upgrade"]).exit_code == 0
    entered = ["thresholds", "add", "--province", "370000", "--object", "services", "--source", "省财政厅通知"]
    first = run.invoke(cli.main, [*entered, "--limit-fen", "50", "--open-fen", "200", "--from", "2026-01-01"])
    assert first.exit_code == 0, first.output
    second = run.invoke(cli.main, [*entered, "--limit-fen", "60", "--open-fen", "300", "--from", "2026-07-01"])
    assert second.exit_code == 0, second.output
    rows = json.loads(run.invoke(cli.main, ["thresholds", "list"]).output)
    assert [(row["from"], row["to"], row["open_fen"]) for row in rows] == [
        ("2026-01-01", "2026-06-30", 200), ("2026-07-01", None, 300),
    ]  # fmt: skip
    wrong = run.invoke(cli.main, [*entered, "--limit-fen", "9", "--open-fen", "8", "--from", "2027-01-01"])
    assert wrong.exit_code != 0
