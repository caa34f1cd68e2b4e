"""One user step in memory, ours beside stock SpiffWorkflow: `.venv/bin/python bench/workflow_steps.py`.

Prints milliseconds per completed user task, bytes of the saved state (ours packed, as stored) and the time to load it,
on the same files in the same run; no database, no HTTP.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "engine"))

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from lastmeter.workflow.spiff import Live, Services, parse, restore

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def file(nodes: str, flows: list[tuple[str, str, str]]) -> bytes:
    """A BPMN file both can read: every node says which flows enter and leave it."""
    root = etree.fromstring(
        f'<bpmn:definitions xmlns:bpmn="{BPMN}" targetNamespace="b"><bpmn:process id="p" isExecutable="true">{nodes}'
        "</bpmn:process></bpmn:definitions>"
    )
    places = {element.get("id"): element for element in root.iter() if element.get("id")}
    for number, (source, target, condition) in enumerate(flows):
        parent = places[source].getparent()
        assert parent is not None
        drawn = etree.SubElement(parent, f"{{{BPMN}}}sequenceFlow", id=f"f{number}", sourceRef=source, targetRef=target)
        if condition:
            etree.SubElement(drawn, f"{{{BPMN}}}conditionExpression").text = condition
        for end, name in ((source, "outgoing"), (target, "incoming")):
            etree.SubElement(places[end], f"{{{BPMN}}}{name}").text = f"f{number}"
    return etree.tostring(root)


def chain(*names: str) -> list[tuple[str, str, str]]:
    return [(source, target, "") for source, target in pairwise(names)]


def linear(length: int) -> bytes:
    names = [f"t{number}" for number in range(length)]
    tasks = "".join(f'<bpmn:manualTask id="{name}"/>' for name in names)
    return file(f'<bpmn:startEvent id="s"/>{tasks}<bpmn:endEvent id="e"/>', chain("s", *names, "e"))


def loop() -> bytes:
    gateway = '<bpmn:exclusiveGateway id="g" default="f3"/>'
    nodes = f'<bpmn:startEvent id="s"/><bpmn:manualTask id="t"/>{gateway}<bpmn:endEvent id="e"/>'
    return file(nodes, [*chain("s", "t", "g"), ("g", "t", "again"), ("g", "e", "")])


def many(count: int) -> bytes:
    repeat = (
        f"<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{count}</bpmn:loopCardinality>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    inner = '<bpmn:startEvent id="is"/><bpmn:manualTask id="t"/><bpmn:endEvent id="ie"/>'
    body = f'<bpmn:subProcess id="x">{inner}{repeat}</bpmn:subProcess>'
    nodes = f'<bpmn:startEvent id="s"/>{body}<bpmn:endEvent id="e"/>'
    return file(nodes, [*chain("s", "x", "e"), *chain("is", "t", "ie")])


def ours(xml: bytes, steps: int) -> tuple[float, int, float]:
    """Milliseconds per step, bytes of the state, milliseconds to load it."""
    # Stock SpiffWorkflow waits at a manual task, where the standard does not: ours gets user tasks.
    spec = restore(parse(xml.replace(b"manualTask", b"userTask"))[0].spec_blob)
    live = Live.start(spec, {}, NOW, Services())
    waiting = [opened.task_uid for opened in live.advance(NOW).tasks_opened]

    def step() -> None:
        advance = live.complete(waiting.pop(), {"again": True}, NOW)
        waiting.extend(opened.task_uid for opened in advance.tasks_opened)

    spent = timed(step, steps)
    saved = live.dump()
    return spent, len(saved), timed(lambda: Live.load(spec, saved, Services()), 20)


def stock(xml: bytes, steps: int) -> tuple[float, int, float]:
    """The same of SpiffWorkflow as it comes."""
    parser = BpmnParser()
    parser.add_bpmn_io(BytesIO(xml))
    workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
    workflow.do_engine_steps()

    def step() -> None:
        task = workflow.get_next_task(state=TaskState.READY, manual=True)
        task.data["again"] = True
        task.run()
        workflow.do_engine_steps()

    spent = timed(step, steps)
    serializer = BpmnWorkflowSerializer()
    saved = serializer.serialize_json(workflow)
    return spent, len(json.dumps(json.loads(saved))), timed(lambda: serializer.deserialize_json(saved), 3)


def timed(work: Callable[[], object], turns: int) -> float:
    began = time.perf_counter()
    for _ in range(turns):
        work()
    return (time.perf_counter() - began) / turns * 1000


def main() -> None:
    print(
        f"{'process':<28}{'ours ms':>10}{'stock ms':>10}{'ratio':>8}{'ours B':>9}{'stock B':>10}{'load':>8}{'stock':>9}"
    )
    for name, xml, steps in (
        ("linear 50", linear(50), 40),
        ("linear 200", linear(200), 190),
        ("loop, 300 rounds", loop(), 300),
        ("multi-instance 161", many(161), 160),
    ):
        mine, size, load = ours(xml, steps)
        theirs, their_size, their_load = stock(xml, steps)
        sizes = f"{size:>9}{their_size:>10}{load:>8.3f}{their_load:>9.2f}"
        print(f"{name:<28}{mine:>10.3f}{theirs:>10.3f}{theirs / mine:>8.0f}{sizes}")
    early, _, _ = ours(loop(), 50)
    late, size, _ = ours(loop(), 5000)
    print(f"loop: {early:.3f} ms a step over 50 rounds, {late:.3f} over 5,000; state then {size} B")


if __name__ == "__main__":
    main()
