"""Bytes that one open six-step instance takes in tables and indexes, without history and audit, and with them."""

from __future__ import annotations

from bench._stand import PAYLOAD, PEOPLE, Stand, stand

from lastmeter import db
from lastmeter.identity.people import actor_by_login
from lastmeter.workflow import instances, tasks

INSTANCES = 1500
HISTORY = ("history_event", "audit_event")


def sizes(here: Stand) -> dict[str, int]:
    """Bytes per table with its indexes, after a vacuum."""
    here.sql("VACUUM")
    query = "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200"
    return {row[0]: row[1] for row in here.sql(query)}


def show(title: str, before: dict[str, int], after: dict[str, int]) -> None:
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] > before.get(name, 0)}
    bare = sum(size for name, size in grown.items() if name not in HISTORY) / INSTANCES
    whole = sum(grown.values()) / INSTANCES
    print(f"{title}: {bare / 1024:.2f} KB without history and audit (2.5), {whole / 1024:.2f} KB with (5)")
    for name, size in sorted(grown.items(), key=lambda item: -item[1]):
        print(f"    {name:20} {size / INSTANCES:8.0f} B")


def main() -> None:
    with stand() as here:
        before = sizes(here)
        for _ in range(INSTANCES):
            with here.factory() as session, db.unit_of_work(session):
                instances.start(session, actor_by_login(session, PEOPLE[0]), "six")
        show("at its first step", before, sizes(here))
        for _ in range(2):
            rows = here.sql("SELECT id FROM human_task WHERE state = 'open' ORDER BY id")
            for row in rows:
                with here.factory() as session, db.unit_of_work(session):
                    tasks.complete(session, actor_by_login(session, PEOPLE[0]), row[0], dict(PAYLOAD, amount=120))
        here.sql("VACUUM FULL")
        show("at its third step, two submissions kept", before, sizes(here))


if __name__ == "__main__":
    main()
