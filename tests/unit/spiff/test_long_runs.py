"""Long loops and wide repetitions come truly to their end, and cost at the end what they cost at the beginning."""

from __future__ import annotations

import pytest

from lastmeter.workflow.spiff import Live, Services, StepBudgetExceeded, parse, restore

from .runner import NOW, Runner, boundary, end, file, flow, flows, start, task

LOOP = file(
    start()
    + task("t")
    + '<bpmn:exclusiveGateway id="g" default="g_e"/>'
    + end()
    + flows("s t g e")
    + flow("g", "t", "go")
)
MANY = (
    "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>5000</bpmn:loopCardinality>"
    "</bpmn:multiInstanceLoopCharacteristics>"
)


def test_a_loop_of_ten_thousand_rounds_completes_after_the_last_and_its_state_does_not_grow() -> None:
    spec = restore(parse(LOOP)[0].spec_blob)
    live = Live.start(spec, {}, NOW, Services())
    [opened] = live.advance(NOW).tasks_opened
    sizes = set()
    for number in range(1, 10_001):
        advance = live.complete(opened.task_uid, {"go": number < 10_000}, NOW)
        assert advance.completed == (number == 10_000)
        if not advance.completed:
            [opened] = advance.tasks_opened
        if number in (50, 5_000, 9_999):
            live = Live.load(spec, packed := live.dump(), Services())
            sizes.add(len(packed) // 20)  # packed identifiers differ by a few bytes
    assert max(sizes) - min(sizes) <= 1


def test_five_thousand_instances_complete_after_the_last() -> None:
    spec = restore(parse(file(start() + task("x", MANY) + end() + flows("s x e")))[0].spec_blob)
    live = Live.start(spec, {}, NOW, Services())
    uids = [opened.task_uid for opened in live.advance(NOW).tasks_opened]
    assert len(uids) == 5_000
    for number, uid in enumerate(uids, 1):
        assert live.complete(uid, {}, NOW).completed == (number == 5_000)
        if number == 2_500:
            live = Live.load(spec, live.dump(), Services())
            assert len(live.waiting()) == 2_500


def test_an_event_that_brings_itself_about_for_ever_is_stopped() -> None:
    roots = '<bpmn:signal id="g" name="alarm"/>'
    signal = '<bpmn:signalEventDefinition signalRef="g"/>'
    inside = f'<bpmn:intermediateThrowEvent id="x">{signal}</bpmn:intermediateThrowEvent>' + task("u") + flows("y x u")
    body = (
        start() + task("t") + flows("s t") + '<bpmn:subProcess id="sp" triggeredByEvent="true">'
        f'<bpmn:startEvent id="y" isInterrupting="false">{signal}</bpmn:startEvent>{inside}</bpmn:subProcess>'
    )  # fmt: skip
    run = Runner(file(body, roots), services=Services(step_budget=2_000))
    with pytest.raises(StepBudgetExceeded):
        run.deliver("y")


def test_conditions_that_come_true_together_are_each_asked_once() -> None:
    condition = "<bpmn:conditionalEventDefinition><bpmn:condition>n &gt; 2</bpmn:condition>"
    inside = start("is") + task("w") + boundary("b", "w", condition + "</bpmn:conditionalEventDefinition>") + task("z")
    many = MANY.replace("5000", "500")
    body = start() + f'<bpmn:subProcess id="sp">{many}{inside}{flows("is w", "b z")}</bpmn:subProcess>' + flows("s sp")
    run = Runner(file(body), services=Services(step_budget=4_000))
    run.set(n=3)
    assert run.open_tasks == ["z"] * 500
