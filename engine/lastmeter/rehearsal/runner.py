"""Runs scenarios: each in a database of its own, copied from one where the world stands and everything is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lastmeter import clock, db, keys, migrations, wiring
from lastmeter.actor import SYSTEM
from lastmeter.embedded import testing
from lastmeter.errors import LastmeterError
from lastmeter.rehearsal import given, world
from lastmeter.rehearsal.jinan import Report, chosen
from lastmeter.rehearsal.jinan import play as play_jinan
from lastmeter.rehearsal.player import Line, Player, RehearsalFailed, play
from lastmeter.rehearsal.scenario import ScenarioRefused, read

REHEARSAL_KEY = bytes(range(32))
OPENING_DAY = dt.date(2026, 1, 5)  # of the world; scenarios set their own clock


@dataclass
class Played:
    """What came of one scenario."""

    process: str
    name: str
    title: str
    path: list[Line] = field(default_factory=list)
    failure: str | None = None

    def text(self) -> str:
        """The path with dates, or why it failed."""
        head = f"{'✗' if self.failure else '✓'} {self.process}/{self.name}: {self.title}"
        lines = [f"    {line.day}  {line.who:10} {line.what}" for line in self.path]
        return "\n".join([head, *lines, *([f"    → {self.failure}"] if self.failure else [])])


def files(path: Path) -> list[Path]:
    """The scenario files of a .yaml, a process folder, or a folder of processes."""
    return [path] if path.is_file() else sorted(path.glob("**/scenarios/*.yaml"))


def scenarios(path: Path) -> Iterator[Played]:
    """Every scenario below `path`, played one after the other."""
    for file in files(path):
        yield run(file)


def run(file: Path) -> Played:
    """The scenario of a file, played in a database of its own."""
    try:
        scenario = read(file)
    except ScenarioRefused as error:
        return Played(file.parent.parent.name, file.stem, "", failure=str(error))
    played = Played(scenario.process, scenario.name, scenario.title_zh)
    with stage(scenario.at) as player:
        played.path = player.path
        try:
            play(player, scenario)
        except (RehearsalFailed, LastmeterError) as error:
            played.failure = str(error)
    return played


@contextmanager
def stage(at: dt.datetime) -> Iterator[Player]:
    """A player in a fresh copy of the prepared world."""
    wiring.connect()
    keys.install(REHEARSAL_KEY)
    testing.template("rehearsal", _prepare)
    with testing.borrowed("rehearsal") as database:
        keys.install(REHEARSAL_KEY)
        engine = db.make_engine(database.app_url)
        factory = db.session_factory(engine)
        try:
            with factory() as session:
                here = world.reload(session)
            here.session = None
            yield Player(factory, here, at)
        finally:
            clock.set_virtual(None)
            engine.dispose()


def _prepare(owner_url: str) -> None:
    migrations.upgrade(owner_url)
    keys.install(REHEARSAL_KEY)
    engine = db.make_engine(owner_url)
    with clock.standing_at(clock.at(OPENING_DAY)), db.session_factory(engine)() as session, db.unit_of_work(session):
        given.prepare(session, world.build(session))
        wiring.furnish(session, SYSTEM)
    engine.dispose()


def jinan(
    *, districts: int, years: int, stations: int | None = None, progress: Callable[..., Any] | None = None
) -> Report:
    """What came of so many districts of Jinan-161 (each cut to `stations` streets) in a database of its own."""
    wiring.connect()
    keys.install(REHEARSAL_KEY)
    testing.template("migrated", migrations.upgrade)
    with testing.borrowed("migrated") as database:
        keys.install(REHEARSAL_KEY)
        engine = db.make_engine(database.app_url)
        try:
            return play_jinan(db.session_factory(engine), chosen(districts, stations), years, progress)
        finally:
            clock.set_virtual(None)
            engine.dispose()
