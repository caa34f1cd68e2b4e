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


CALLED = 4


def calls(count: int) -> bytes:
    """A call activity, repeated, of a process with four tasks; both processes in one file."""
    repeat = (
        f"<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{count}</bpmn:loopCardinality>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    body = f'<bpmn:callActivity id="x" calledElement="c">{repeat}</bpmn:callActivity>'
    caller = file(f'<bpmn:startEvent id="s"/>{body}<bpmn:endEvent id="e"/>', chain("s", "x", "e"))
    called = linear(CALLED)
    inner = etree.tostring(etree.fromstring(called)[0]).replace(b'id="p"', b'id="c"')
    for name in (b"s", b"e", *(f"f{number}".encode() for number in range(CALLED + 1))):
        inner = inner.replace(b'"%b"' % name, b'"c%b"' % name).replace(b">%b<" % name, b">c%b<" % name)
    return caller.replace(b"</bpmn:definitions>", inner + b"</bpmn:definitions>")


def our_calls(xml: bytes, steps: int) -> tuple[float, int, float]:
    """As `ours`: each call is an instance of its own, which is stepped; its end is reported to the caller."""
    caller, called = (restore(each.spec_blob) for each in parse(xml.replace(b"manualTask", b"userTask")))
    parent = Live.start(caller, {}, NOW, Services())
    waiting = []
    for opened in parent.advance(NOW).calls_opened:
        child = Live.start(called, {}, NOW, Services())
        waiting.append((opened.task_uid, child, child.advance(NOW).tasks_opened[0].task_uid))

    def step() -> None:
        call, child, uid = waiting.pop(0)
        advance = child.complete(uid, {"again": True}, NOW)
        if advance.completed:
            parent.complete(call, {}, NOW)
        else:
            waiting.append((call, child, advance.tasks_opened[0].task_uid))

    spent = timed(step, steps)
    saved = waiting[0][1].dump()
    return spent, len(saved), timed(lambda: Live.load(called, saved, Services()), 20)


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
        # Stock SpiffWorkflow calls the loop complete after 500 rounds, though a task is ready.
        ("loop, 490 rounds", loop(), 490),
        ("multi-instance 161", many(161), 160),
        ("161 calls of 4 tasks", calls(161), 161 * CALLED - 4),
    ):
        mine, size, load = (our_calls if "calls" in name else ours)(xml, steps)
        theirs, their_size, their_load = stock(xml, steps)
        sizes = f"{size:>9}{their_size:>10}{load:>8.3f}{their_load:>9.2f}"
        print(f"{name:<28}{mine:>10.3f}{theirs:>10.3f}{theirs / mine:>8.0f}{sizes}")
    early, _, _ = ours(loop(), 50)
    late, size, _ = ours(loop(), 5000)
    print(f"loop: {early:.3f} ms a step over 50 rounds, {late:.3f} over 5,000; state then {size} B")


if __name__ == "__main__":
    main()
