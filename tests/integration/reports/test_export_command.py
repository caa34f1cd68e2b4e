"""The command `lastmeter export ocds` prints one package, or says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy.orm import Session, sessionmaker
from tests.integration.reports.standard import faults

from lastmeter import cli, clock
from lastmeter.embedded import testing
from lastmeter.procurement.models import AnnualPlan, Procurement
from lastmeter.rehearsal.scenario import instant
from lastmeter.rehearsal.world import build


@pytest.fixture
def run(own_database: testing.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line on the test's database, for a publisher with a prefix."""
    monkeypatch.setenv("LASTMETER_DATABASE_URL", own_database.app_url)
    monkeypatch.setenv("LASTMETER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LASTMETER_OCID_PREFIX", "ocds-abc123")
    return CliRunner()


@pytest.fixture
def planned(factory: sessionmaker[Session]) -> None:
    """One procurement under a plan filed on 2 March 2026."""
    with factory() as session, clock.standing_at(instant("2026-03-02")):
        district = build(session).organisation("lixia")
        plan = AnnualPlan(
            district_id=district.id, year=2026, status="filed", goals="全覆盖", budget_fen=12345, method="open_tender",
            content_progress=[{}], quality_standard="x", quantity_standards=[{}], evaluation="x", filed_no="BA-1",
            filed_at=clock.now(),
        )  # fmt: skip
        session.add(plan)
        session.flush()
        session.add(Procurement(no="CG-1", ocid="ocds-xxxxxx-CG-1", plan_id=plan.id, district_id=district.id))
        session.commit()


@pytest.mark.usefixtures("planned")
def test_the_command_prints_a_package_under_the_publishers_prefix(run: CliRunner) -> None:
    done = run.invoke(cli.main, ["export", "ocds", "--address", "https://disclosure.example"])
    assert done.exit_code == 0, done.output
    package = json.loads(done.output)
    assert faults(package) == []
    assert [release["ocid"] for release in package["releases"]] == ["ocds-abc123-CG-1"]
    assert package["releases"][0]["planning"]["budget"]["amount"] == {"amount": 123.45, "currency": "CNY"}


@pytest.mark.usefixtures("planned")
def test_since_leaves_out_what_is_older(run: CliRunner) -> None:
    done = run.invoke(cli.main, ["export", "ocds", "--since", "2026-03-03"])
    assert json.loads(done.output)["releases"] == []
    done = run.invoke(cli.main, ["export", "ocds", "--since", "2026-03-02T09:00"])
    assert len(json.loads(done.output)["releases"]) == 1


def test_a_since_that_is_no_day_is_refused(run: CliRunner) -> None:
    done = run.invoke(cli.main, ["export", "ocds", "--since", "yesterday"])
    assert done.exit_code == 2
    assert "ISO 8601" in done.output
