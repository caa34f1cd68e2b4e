"""A backup, restored into an empty place, is what was there; nothing is ever restored over something."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import cli, db, keys
from lastmeter.actor import SYSTEM
from lastmeter.config import Settings
from lastmeter.definitions.models import Definition
from lastmeter.documents import files
from lastmeter.documents.models import Document
from lastmeter.embedded import postgres, testing
from lastmeter.rehearsal.world import build
from lastmeter.workflow import instances
from lastmeter.workflow.models import HumanTask

SAID = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 40 + b"\xff\xd9"  # a picture
_numbers = itertools.count(1)


class Place:
    """A database and a data folder with the same master key, and the command line on them."""

    def __init__(self, owner_url: str, app_url: str, folder: Path, key: bytes) -> None:
        self.owner_url, self.app_url, self.folder = owner_url, app_url, folder
        folder.mkdir()
        (folder / "master.key").write_bytes(key)

    def run(self, *arguments: str) -> Result:
        environment = {
            "LASTMETER_OWNER_URL": self.owner_url, "LASTMETER_DATABASE_URL": self.app_url,
            "LASTMETER_DATA_DIR": str(self.folder),
        }  # fmt: skip
        return CliRunner().invoke(cli.main, list(arguments), env=environment)


KEY = b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.fixture
def here(own_database: testing.Database, factory: sessionmaker[Session], tmp_path: Path) -> Place:
    """Somewhere with processes, a started plan and one sealed file."""
    place = Place(own_database.owner_url, own_database.app_url, tmp_path / "here", KEY)
    assert place.run("db", "upgrade").exit_code == 0
    settings = Settings(data_dir=place.folder)
    keys.configure(settings)
    with factory() as session, db.unit_of_work(session):
        world = build(session)
        instances.start(session, world.actor("lixia.officer"), "annual_plan", data={"year": 2026})
        files.store(session, SYSTEM, io.BytesIO(SAID), name="合影.jpg", classification="case", settings=settings)
    return place


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Place]:
    """An empty database and an empty folder."""
    name, cluster = f"restored_{tmp_path.name[-20:]}_{next(_numbers)}".replace("-", "_"), testing.cluster()
    cluster.create_database(name)
    yield Place(cluster.url(name, postgres.OWNER), cluster.url(name), tmp_path / "there", KEY)
    cluster.drop_database(name)


def test_what_is_restored_is_what_was_there(
    here: Place, empty: Place, factory: sessionmaker[Session], tmp_path: Path
) -> None:
    target = tmp_path / "backup"
    done = here.run("backup", str(target))
    assert done.exit_code == 0, done.output
    back = empty.run("restore", str(target))
    assert back.exit_code == 0, back.output
    engine = db.make_engine(empty.app_url)
    keys.configure(Settings(data_dir=empty.folder))
    with factory() as before, db.session_factory(engine)() as after:
        for table in (Definition, HumanTask, Document):
            counts = [session.scalar(select(func.count()).select_from(table)) for session in (before, after)]
            assert counts[0] == counts[1]
            assert counts[0]
        document = after.scalars(select(Document)).one()
        assert files.read(after, document, settings=Settings(data_dir=empty.folder)) == SAID
    engine.dispose()
    assert empty.run("reconcile").exit_code == 0


def test_the_application_may_still_not_change_the_audit_after_a_restore(
    here: Place, empty: Place, tmp_path: Path
) -> None:
    here.run("backup", str(tmp_path / "backup"))
    assert empty.run("restore", str(tmp_path / "backup")).exit_code == 0
    with psycopg.connect(empty.app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM audit_event")


def test_the_master_key_is_not_in_the_backup(here: Place, tmp_path: Path) -> None:
    here.run("backup", str(tmp_path / "backup"))
    assert all(KEY not in path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())


def test_nothing_is_restored_over_something(here: Place, tmp_path: Path) -> None:
    here.run("backup", str(tmp_path / "backup"))
    refused = here.run("restore", str(tmp_path / "backup"))
    assert refused.exit_code == 1
    assert "database_not_empty" in refused.output


def test_nothing_is_restored_beside_other_files(here: Place, empty: Place, tmp_path: Path) -> None:
    here.run("backup", str(tmp_path / "backup"))
    (empty.folder / "files").mkdir()
    (empty.folder / "files" / "x").write_text("x")
    refused = empty.run("restore", str(tmp_path / "backup"))
    assert (refused.exit_code, "files_not_empty" in refused.output) == (1, True)
    with psycopg.connect(empty.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_no_backup_is_written_over_another(here: Place, tmp_path: Path) -> None:
    assert here.run("backup", str(tmp_path / "backup")).exit_code == 0
    before = (tmp_path / "backup" / "manifest.json").read_bytes()
    refused = here.run("backup", str(tmp_path / "backup"))
    assert (refused.exit_code, "target_not_empty" in refused.output) == (1, True)
    assert (tmp_path / "backup" / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("victim", ["database.dump", "files", "manifest.json"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    here: Place, empty: Place, tmp_path: Path, victim: str
) -> None:
    here.run("backup", str(tmp_path / "backup"))
    path = tmp_path / "backup" / victim
    if path.is_dir():
        path = next(each for each in path.rglob("*") if each.is_file())
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    refused = empty.run("restore", str(tmp_path / "backup"))
    assert refused.exit_code == 1
    assert "damaged" in refused.output or "no_backup" in refused.output
    assert not (empty.folder / "files").exists()


def test_a_manifest_that_leads_out_of_the_backup_is_refused(here: Place, empty: Place, tmp_path: Path) -> None:
    here.run("backup", str(tmp_path / "backup"))
    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())
    manifest["files"]["../../there/master.key"] = "0"
    (tmp_path / "backup" / "manifest.json").write_text(json.dumps(manifest))
    assert "damaged" in empty.run("restore", str(tmp_path / "backup")).output


def test_a_server_that_does_not_answer_leaves_no_half_backup(here: Place, tmp_path: Path) -> None:
    here.owner_url = here.owner_url.replace("port=5432", "port=1")
    refused = here.run("backup", str(tmp_path / "backup"))
    assert (refused.exit_code, "program_failed" in refused.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []
