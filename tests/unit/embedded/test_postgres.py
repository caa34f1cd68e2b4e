"""The private PostgreSQL: two roles, no network, and nothing left running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lastmeter.embedded import postgres
from lastmeter.embedded.process import FolderInUse, own_account, socket_folder

ENGINE = Path(__file__).resolve().parents[3] / "engine"
HOLDER = """
import sys, time
from pathlib import Path
from lastmeter.embedded import postgres
cluster = postgres.start(Path(sys.argv[1]), fast=True)
print(cluster.process.pid, flush=True)
time.sleep(600)
"""


def gone(pid: int, seconds: float = 15.0) -> bool:
    """True when process `pid` has ended within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may pass: as root, pytest's own is private and the data would go elsewhere."""
    with tempfile.TemporaryDirectory(prefix="lastmeter-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    with open_folder() as folder, postgres.start(folder, fast=True) as cluster:
        yield cluster


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def test_the_application_is_neither_superuser_nor_owner_nor_free_of_row_security(cluster: postgres.Cluster) -> None:
    rights = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"
    found = rows(cluster.url(), f"SELECT rolname, {rights} FROM pg_roles WHERE rolname LIKE 'lastmeter%' ORDER BY 1")
    assert found == [("lastmeter_app", *[False] * 5), ("lastmeter_owner", *[False] * 5)]
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'lastmeter'"
    assert rows(cluster.url(), owner) == [("lastmeter_owner",)]


def test_the_application_cannot_make_a_table_and_the_owner_can(cluster: postgres.Cluster) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(cluster.url()) as connection:
        connection.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(cluster.url(role=postgres.OWNER)) as connection:
        connection.execute("CREATE TABLE theirs (id int)")
        connection.execute("DROP TABLE theirs")


def test_nothing_listens_on_the_network(cluster: postgres.Cluster) -> None:
    assert rows(cluster.url(), "SHOW listen_addresses") == [("",)]


def test_the_address_wins_over_the_clients_environment(
    cluster: postgres.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGHOST": "nowhere.invalid", "PGPORT": "1", "PGDATABASE": "x", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)
    assert rows(cluster.url(), "SELECT current_user, current_database()") == [("lastmeter_app", "lastmeter")]


def test_chinese_text_is_kept_and_letters_beyond_ascii_are_folded(cluster: postgres.Cluster) -> None:
    assert rows(cluster.url(), "SELECT upper('é'), length('打通最后一米')") == [("É", 6)]


def test_a_second_start_on_the_same_folder_is_refused_while_the_first_lives(cluster: postgres.Cluster) -> None:
    with pytest.raises(FolderInUse) as refusal:
        postgres.start(cluster.folder, fast=True)
    assert refusal.value.facts["pid"] == str(os.getpid())


def test_a_second_one_may_attach_and_its_stop_leaves_the_first_running(cluster: postgres.Cluster) -> None:
    with postgres.start_or_attach(cluster.folder) as second:
        assert rows(second.url(), "SELECT 1") == [(1,)]
    assert cluster.running()
    assert rows(cluster.url(), "SELECT 1") == [(1,)]


def test_what_was_stored_is_there_after_a_stop_and_a_start(folder: Path) -> None:
    with postgres.start(folder) as first, psycopg.connect(first.url(role=postgres.OWNER)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    with postgres.start(folder) as second:
        assert rows(second.url(role=postgres.OWNER), "SELECT n FROM kept") == [(7,)]
        assert rows(second.url(), "SHOW fsync") == [("on",)]


def test_a_crashed_server_runs_again_after_a_restart(folder: Path) -> None:
    with postgres.start(folder, fast=True) as cluster:
        assert cluster.process is not None
        os.kill(cluster.process.pid, signal.SIGKILL)
        cluster.process.wait(10)
        assert not cluster.running()
        cluster.restart()
        assert rows(cluster.url(), "SELECT 1") == [(1,)]


def test_the_server_ends_when_its_holder_is_killed_and_the_folder_is_free_at_once(folder: Path) -> None:
    # The wheel's own launcher leaves its server running for ever in this case.
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ENGINE)},
        text=True,
    ) as holder:
        assert holder.stdout is not None
        server = int(holder.stdout.readline())
        holder.kill()
        holder.wait()
        with postgres.start(folder, fast=True) as cluster:
            assert rows(cluster.url(), "SELECT 1") == [(1,)]
        assert gone(server)


def test_a_stale_pid_file_naming_a_living_stranger_does_not_stop_the_start(folder: Path) -> None:
    # After a reboot, or in a container, the old postmaster's number may belong to any process.
    with postgres.start(folder, fast=True) as first:
        lines = (first.pgdata / "postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (folder / "pgdata" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        try:
            with postgres.start(folder, fast=True) as second:
                assert rows(second.url(), "SELECT 1") == [(1,)]
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_half_made_data_directory_is_made_again(folder: Path) -> None:
    (folder / "pgdata.new").mkdir()
    (folder / "pgdata.new" / "rubbish").write_text("left by a killed initdb")
    with postgres.start(folder, fast=True) as cluster:
        assert rows(cluster.url(), "SELECT 1") == [(1,)]


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(folder: Path) -> None:
    long = folder / ("长" * 40)
    long.mkdir()
    short = socket_folder(long, own_account())
    assert len(os.fsencode(short / ".s.PGSQL.5432")) < 104
    assert short.stat().st_mode & 0o777 == 0o700
    assert socket_folder(long, own_account()) == short
    short.rmdir()


def test_starts_under_a_chinese_locale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("LC_MESSAGES", "zh_CN.UTF-8")
    with postgres.start(folder, fast=True) as cluster:
        assert rows(cluster.url(), "SELECT 1") == [(1,)]


@pytest.mark.parametrize("private", [0o700, 0o750])
def test_root_leaves_a_private_parent_private(tmp_path: Path, private: int) -> None:
    # The wheel's launcher opens every parent to everybody; ours places the data elsewhere and leaves a link.
    home = tmp_path / "home"
    home.mkdir(mode=private)
    home.chmod(private)
    with postgres.start(home / "data", fast=True) as cluster:
        assert rows(cluster.url(), "SELECT 1") == [(1,)]
        assert home.stat().st_mode & 0o777 == private
        place = cluster.folder
        assert postgres.attach(home / "data").url() == cluster.url()
    with postgres.start(home / "data", fast=True) as again:
        assert again.folder == place
    if os.geteuid() == 0:
        assert (home / "data" / "cluster").resolve() == place
        subprocess.run(["rm", "-rf", str(place)], check=True)
    else:
        assert place == home / "data"


def test_a_failing_start_says_what_the_server_said(folder: Path) -> None:
    with postgres.start(folder, fast=True) as cluster:
        control = cluster.pgdata / "global" / "pg_control"
    control.write_bytes(b"")
    with pytest.raises(postgres.PostgresFailed) as refusal:
        postgres.start(folder, fast=True)
    assert "pg_control" in str(refusal.value.facts["log"])
    with pytest.raises(postgres.PostgresFailed):  # and the folder is not left locked
        postgres.start(folder, fast=True)
