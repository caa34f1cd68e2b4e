"""A path through a process, as its author wrote it down: read from YAML, every mistake named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lastmeter import clock
from lastmeter.errors import LastmeterError

STEPS = ("do", "act", "move", "message", "expect", "claim", "start", "repeat")


class ScenarioRefused(LastmeterError):
    """A scenario file cannot be read; facts: `file`, `reason`."""

    code = "scenario_refused"


@dataclass(frozen=True)
class Step:
    verb: str
    subject: Any
    options: Mapping[str, Any]
    number: int


@dataclass(frozen=True)
class Scenario:
    name: str
    title_zh: str
    title_en: str
    at: dt.datetime
    process: str
    start: Mapping[str, Any] | None = None
    message: Mapping[str, Any] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


def read(file: Path) -> Scenario:
    """The scenario of a file `bpmn/<process>/scenarios/<name>.yaml`. Raises ScenarioRefused."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        steps = tuple(_step(number, item) for number, item in enumerate(data.get("steps") or [], 1))
        return Scenario(
            name=file.stem,
            process=file.parent.parent.name,
            title_zh=data["title_zh"],
            title_en=data["title_en"],
            at=instant(data["at"]),
            start=data.get("start"),
            message=data.get("message"),
            given=data.get("given") or {},
            steps=steps,
        )
    except (yaml.YAMLError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ScenarioRefused(file=file.name, reason=f"{type(error).__name__}: {error}") from error


def _step(number: int, item: Mapping[str, Any]) -> Step:
    verbs = [verb for verb in STEPS if verb in item]
    if len(verbs) != 1:
        raise ValueError(f"step {number} needs exactly one of {', '.join(STEPS)}")
    options = {name: value for name, value in item.items() if name != verbs[0]}
    if verbs[0] == "repeat":
        options["steps"] = tuple(_step(number, inner) for inner in options["steps"])
    return Step(verbs[0], item[verbs[0]], options, number)


def instant(value: object) -> dt.datetime:
    """An instant as scenarios write it: a date (09:00 that day) or local date and time (Asia/Shanghai)."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value) if "T" in value or " " in value else dt.date.fromisoformat(value)
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=clock.ZONE)).astimezone(dt.UTC)
    if isinstance(value, dt.date):
        return clock.at(value)
    raise ValueError(f"not an instant: {value!r}")
