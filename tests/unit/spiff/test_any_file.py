"""Any file at all gives findings or a process that runs; never an exception, never an unseen standstill."""

from __future__ import annotations

import copy
import random

import pytest
from lxml import etree

from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import ParsedProcess, Services, parse

from .runner import HEAD, Runner, boundary, end, flow, flows, script, start, task, timer
from .test_reading import MESSAGE, REFUSED

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
WORDS = ["", "x", "=1+", "=a", "${a}", "true", "false", "0", "-1", "9" * 20, "P1D", "R/PT1S", "中"]
VALUES: list[object] = [True, False, 3, "a", [1, 2], None]


CAUGHT = '<bpmn:messageEventDefinition messageRef="m"/>'
FAILS = "<bpmn:errorEventDefinition/>"
MANY = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="l"/>'
RICH = (
    start()
    + '<bpmn:parallelGateway id="f"/><bpmn:inclusiveGateway id="j"/><bpmn:exclusiveGateway id="x" default="x_r"/>'
    + task("a", MANY)
    + boundary("b", "a", timer("timeCycle", "R3/P1D"), interrupting=False)
    + script("k", "a", "n")
    + f'<bpmn:subProcess id="sp">{start("is") + task("c") + end("ie", FAILS) + flows("is c ie")}</bpmn:subProcess>'
    + boundary("bd", "sp", FAILS)
    + '<bpmn:eventBasedGateway id="r"/><bpmn:receiveTask id="m1" messageRef="m"/>'
    + f'<bpmn:intermediateCatchEvent id="t1">{timer("timeDuration", "P1D")}</bpmn:intermediateCatchEvent>'
    + '<bpmn:callActivity id="q" calledElement="z"/><bpmn:serviceTask id="v" camunda:topic="t"/>'
    + end()
    + f'<bpmn:subProcess id="es" triggeredByEvent="true"><bpmn:startEvent id="ess">{CAUGHT}</bpmn:startEvent>'
    + f"{task('u') + flows('ess u')}</bpmn:subProcess>"
    + '<bpmn:exclusiveGateway id="w"/>'
    + flows("s w f a j x r m1 q e", "f sp j", "r t1 v e", "b k", "bd e")
    + flow("x", "w", "a")
)


def mutated(rng: random.Random) -> bytes:
    """A small process with up to three random injuries."""
    body = f'<bpmn:process id="p">{RICH if rng.random() < 0.7 else rng.choice(REFUSED)[2]}</bpmn:process>'
    root = etree.fromstring(f"{HEAD}{MESSAGE}{body}</bpmn:definitions>")
    for _ in range(rng.randint(0, 3)):
        elements = list(root.iter())
        victim, other = rng.choice(elements), rng.choice(elements)
        parent = victim.getparent()
        match rng.randrange(6):
            case 0 if victim.attrib:
                names = [element.get("id", "") for element in elements]
                victim.attrib[rng.choice(list(victim.attrib))] = rng.choice([*WORDS, *names])
            case 1 if victim.attrib:
                del victim.attrib[rng.choice(list(victim.attrib))]
            case 2:
                victim.tag = BPMN + etree.QName(rng.choice(elements)).localname
            case 3 if parent is not None:
                parent.remove(victim)
            case 4:
                other.append(copy.deepcopy(victim))
            case _:
                victim.text = rng.choice(WORDS)
    return etree.tostring(root)


def walk(process: ParsedProcess, rng: random.Random) -> None:
    """Up to 25 random steps through the process."""
    start = rng.choice(process.start_events).element_id if process.start_events else None
    variables = {name: rng.choice(VALUES) for name in process.names_read}
    run = Runner(process, variables, Services(decide=lambda *_: "x", step_budget=2000), start_element=start)
    for _ in range(25):
        uids = [*run.tasks, *run.timers, *run.subscriptions, *run.calls, *run.jobs, *run.incidents]
        if run.completed:
            return
        assert uids, "the instance is open and waits for nothing"
        uid = rng.choice(uids)
        if uid in run.timers:
            run.fire(run.timers[uid].element_id)
        elif uid in run.subscriptions:
            run.deliver(run.subscriptions[uid].element_id)
        elif uid in run.incidents:
            run.retry(run.incidents[uid][0])
        elif uid in run.tasks:
            run.complete(run.tasks[uid].element_id, a=rng.choice(VALUES))
        elif uid in run.calls:
            run.finish_call(run.calls[uid].element_id)
        else:
            run.finish_job(run.jobs[uid].element_id)


def test_the_uninjured_process_runs() -> None:
    xml = f'{HEAD}{MESSAGE}<bpmn:process id="p">{RICH}</bpmn:process></bpmn:definitions>'
    for seed in range(30):
        walk(parse(xml.encode())[0], random.Random(seed))


@pytest.mark.parametrize("seed", range(12))
def test_an_injured_file_is_refused_or_runs(seed: int) -> None:
    rng = random.Random(seed)
    ran = 0
    for _ in range(40):
        try:
            processes = parse(mutated(rng))
        except DefinitionRefused:
            continue
        for process in processes:
            # A start may be refused too (no such start, a timer without a value), by one of our own errors only.
            try:
                walk(process, rng)
            except LastmeterError:
                continue
            ran += 1
    assert ran
