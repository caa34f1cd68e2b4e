"""The session's cluster: one for all workers, templates filled once, nothing left at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from lastmeter.embedded import testing

ENGINE = Path(__file__).resolve().parents[3] / "engine"
SESSION = """
import os, sys, time
import psycopg
from lastmeter.embedded import testing
def prepare(url):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE prepared AS SELECT pg_backend_pid() AS by_whom")
        time.sleep(0.2)
testing.template("counted", prepare)
with testing.borrowed("counted") as one, psycopg.connect(one.owner_url) as connection:
    print(testing.cluster().folder, connection.execute("SELECT by_whom FROM prepared").fetchone()[0], flush=True)
"""


def prepare(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE thing (n int)")


def test_each_clone_is_its_own_and_borrowed_ones_are_dropped() -> None:
    testing.template("embedded_things", prepare)
    kept = testing.clone("embedded_things")
    with testing.borrowed("embedded_things") as lent:
        assert lent.name != kept.name
        with psycopg.connect(lent.owner_url) as connection:
            connection.execute("INSERT INTO thing VALUES (1)")
        with psycopg.connect(kept.owner_url) as connection:
            assert connection.execute("SELECT count(*) FROM thing").fetchone() == (0,)
    assert not testing.cluster().has_database(lent.name)
    assert testing.cluster().has_database(kept.name)


def test_workers_of_one_session_share_a_cluster_and_a_template_and_the_keeper_takes_it_away() -> None:
    # The shell plays xdist's controller: parent of the workers, and its end is the session's end.
    environment = {**os.environ, "PYTHONPATH": str(ENGINE), "PYTEST_XDIST_TESTRUNUID": f"self{os.getpid()}"}
    script = f"for w in gw0 gw1 gw2; do PYTEST_XDIST_WORKER=$w {sys.executable} -c '{SESSION}' & done; wait"
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.split("\n")[:-1]
    assert len(lines) == 3, done.stderr
    assert len(set(lines)) == 1  # the same folder, and the same backend prepared it
    folder = Path(lines[0].split()[0])
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not folder.exists()
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(folder) not in shown
