"""Our own diagrams, injured at random: findings that say what to do, or a process that is restored and starts."""

from __future__ import annotations

import copy
import random

import pytest
from lxml import etree

from lastmeter import paths, wiring
from lastmeter.definitions import lint
from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import Services, parse

from .runner import Runner

FILES = sorted(paths.bundled("bpmn").glob("*/*.bpmn"))
ROUNDS = 6


@pytest.fixture(autouse=True, scope="module")
def _wired() -> None:
    wiring.connect()


def injured(xml: bytes, rng: random.Random) -> bytes:
    """One to four elements or attributes deleted, doubled, renamed or exchanged."""
    root = etree.fromstring(xml)
    for _ in range(rng.randint(1, 4)):
        elements = [element for element in root.iter(etree.Element) if element.getparent() is not None]
        victim, other = rng.choice(elements), rng.choice(elements)
        parent = victim.getparent()
        names = list(victim.attrib)
        match rng.randrange(7):
            case 0 if names:
                del victim.attrib[rng.choice(names)]
            case 1 if names:
                name = rng.choice(names)
                victim.set(f"{name}x", victim.attrib.pop(name))
            case 2 if names and other.attrib:
                victim.set(rng.choice(names), rng.choice(list(other.attrib.values())))
            case 3:
                victim.addnext(copy.deepcopy(victim))
            case 4:
                victim.tag = other.tag
            case 5:
                victim.text = rng.choice(["", "=", "${x}", "1 +", other.text or "z"])
            case _:
                parent.remove(victim)
    return etree.tostring(root)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_injured_diagram_is_judged_or_starts(file: object) -> None:
    rng = random.Random(str(file).rpartition("/")[2])
    xml = FILES[FILES.index(file)].read_bytes()  # type: ignore[arg-type]
    for _ in range(ROUNDS):
        hurt = injured(xml, rng)
        for finding in lint.lint(hurt):
            assert finding.message_zh
            assert finding.message_en
            # A note may have nothing to be mended.
            assert finding.severity == "note" or (finding.fix_zh and finding.fix_en), finding
        try:
            processes = parse(hurt)
        except DefinitionRefused:
            continue
        for process in processes:
            start = process.start_events[0].element_id if process.start_events else None
            variables: dict[str, object] = dict.fromkeys(process.names_read, "x")
            try:
                Runner(process, variables, Services(decide=lambda *_: "x", step_budget=2000), start_element=start)
            except LastmeterError:
                continue
