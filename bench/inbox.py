"""The inbox at 100 and at 10,000 open tasks: median of the page, in turn; its size packed."""

from __future__ import annotations

import gzip
import re
import time

from bench._stand import PASSWORD, PEOPLE, Stand, p50, stand

from lastmeter import config, db
from lastmeter.identity.people import actor_by_login
from lastmeter.workflow import instances

FEW, MANY = 100, 10_000
TURNS = 40
PAGE = "/inbox?queue=group"


def _fill(here: Stand, count: int) -> None:
    """So many open tasks; the first hundred are started, the others are copies of theirs."""
    have = here.sql("SELECT count(*) FROM human_task")[0][0]
    if not have:
        for _ in range(FEW):
            with here.factory() as session, db.unit_of_work(session):
                instances.start(session, actor_by_login(session, PEOPLE[0]), "six")
        have = FEW
    for table in ("instance", "human_task"):
        names = [
            row[0]
            for row in here.sql(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %(t)s "
                "AND is_generated = 'NEVER' AND column_name <> 'id' ORDER BY ordinal_position",
                t=table,
            )
        ]
        columns = ", ".join(names)
        picked = ", ".join(_varied(table, name) for name in names)
        here.sql(
            f"INSERT INTO {table} ({columns}) SELECT {picked} FROM (SELECT t.*, g FROM {table} t, "
            f"generate_series(1, {count // FEW - have // FEW}) g WHERE t.id <= {FEW}) t"
        )
    here.sql("ANALYZE")


def _varied(table: str, name: str) -> str:
    """Copies belong to their own instances and are due at other times."""
    if table == "human_task" and name == "instance_id":
        return f"{FEW} + row_number() OVER ()"
    if name in ("uid", "key"):
        return f"t.{name} || '-' || g"
    return f"t.{name}"


def main() -> None:
    from lastmeter_web.app import create_app

    with stand() as here:
        app = create_app(config.Settings.from_environment(here.environment()))
        client = app.test_client()
        assert client.post("/login", data={"login": PEOPLE[0], "password": PASSWORD}).status_code == 303
        found = {}
        for count in (FEW, MANY):
            _fill(here, count)
            spent = []
            for turn in range(TURNS + 5):
                began = time.perf_counter()
                answer = client.get(PAGE)
                if turn >= 5:
                    spent.append(time.perf_counter() - began)
                assert answer.status_code == 200
            rows = len(re.findall(r"/t/\d+", answer.get_data(as_text=True)))
            found[count] = p50(spent)
            size = len(gzip.compress(answer.get_data(), 6))
            print(f"{count:6} open tasks: p50 {found[count]:7.2f} ms, page {size / 1024:.1f} KB packed, {rows} links")
        print(f"ratio {found[MANY] / found[FEW]:.2f} (at most 2), page at most 30 KB packed")


if __name__ == "__main__":
    main()
