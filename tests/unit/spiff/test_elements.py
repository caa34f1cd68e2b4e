"""Every row of the catalogue holds: the whole history, reloaded between every two steps, and one case against it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest

from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.workflow.spiff import Services, parse

from .catalogue import CATALOGUE
from .catalogue.drawing import ROOTS
from .catalogue.row import Other, Refusal, Row
from .document import PAGE, known_tests, render
from .runner import Runner, Shelf, file

ROWS = [row for rows in CATALOGUE.values() for row in rows]
RUN = [pytest.param(row, id=row.en) for row in ROWS if row.state != "refused"]
AGAINST = [pytest.param(row, id=row.en) for row in ROWS if row.state != "reader"]
_MARKS = {"+": ("entered",), "-": ("completed",), "!": ("cancelled",), "~": ("failed",)}


def decide(reference: str, variables: Mapping[str, object], element_id: str) -> str:
    return f"decided {reference}"


def parts(story: str) -> list[tuple[str, str]]:
    """(step, name) of each word of a story; one of both is empty."""
    return re.findall(r"\[([^\]]+)\]|([^\s\[\]]+)", story)


def happens(word: str) -> list[str]:
    """The history of one word."""
    name = word.lstrip("+-!~")
    return [f"{event} {name}" for event in _MARKS.get(word[0], ("entered", "completed"))]


def history(story: str) -> list[str]:
    """What a story tells, steps left out."""
    return [entry for _, word in parts(story) if word not in ("", "…") for entry in happens(word)]


def tells(story: str, words: str) -> bool:
    """True if the story has these words one after the other; a name alone means that it is entered."""
    sought = history(words if " " in words or words[0] in _MARKS else f"+{words}")
    told = history(story)
    return any(told[first : first + len(sought)] == sought for first in range(len(told)))


def step(run: Runner, text: str) -> None:
    """One step as a story writes it: what is done, with which element, with which fields."""
    verb, *words = text.split()
    fields = {name: json.loads(value) for name, _, value in (word.partition("=") for word in words if "=" in word)}
    names = [word for word in words if "=" not in word]
    element, _, index = (names[0] if names else "").partition("#")
    where: dict[str, int] = {"index": int(index)} if index else {}
    match verb:
        case "complete":
            run.complete(element, **where, **fields)
        case "job":
            run.finish_job(element, **where, **fields)
        case "call":
            run.finish_call(element, **where, **fields)
        case "deliver":
            run.deliver(element, **fields)
        case "fire":
            run.fire(element)
        case "fail":
            run.fail(element, names[1])
        case "set":
            run.set(**fields)
        case _:
            raise AssertionError(f"no such step: {text}")


def tell(row: Row, story: str, given: Mapping[str, object]) -> Runner:
    """The run after the story, every word of which has been compared with the history."""
    run = Runner(
        file(row.body, ROOTS), given, Services(decide=decide, stores=Shelf()), start_element=row.begins or None
    )
    expected: list[str] = []
    for text, word in parts(story):
        if text:
            assert run.history == expected, f"before {text}"
            step(run, text)
        else:
            expected += history(word)
    assert run.history == expected
    assert run.completed is not story.endswith("…")
    assert run.incidents == {}
    return run


@pytest.mark.parametrize("row", RUN)
def test_an_element_runs_as_the_table_tells(row: Row) -> None:
    run = tell(row, row.story, row.given)
    assert {name: run.variables.get(name) for name in row.gives} == dict(row.gives)
    if row.throws:
        assert ", ".join(f"{thrown.kind} {thrown.name}" for thrown in run.thrown) == row.throws


@pytest.mark.parametrize("row", AGAINST)
def test_what_must_not_happen_does_not(row: Row) -> None:
    match row.negative:
        case Refusal(rule, body):
            with pytest.raises(DefinitionRefused) as wrong:
                parse(file(body, ROOTS))
            assert rule in {finding.rule for finding in wrong.value.findings if finding.severity == "error"}
        case Other(story, never, given):
            assert tells(row.story, never)
            assert not tells(story, never)
            tell(row, story, given or row.given)
        case _:
            raise AssertionError("a row that is executed or refused has a case against it")


def test_rows_have_their_own_names() -> None:
    names = [name for row in ROWS for name in (row.en, row.zh)]
    assert sorted(names) == sorted(set(names))


def test_tests_that_show_more_exist() -> None:
    assert {name for row in ROWS for name in row.more} <= known_tests().keys()


def test_the_documentation_shows_these_rows() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m tests.unit.spiff.document"
