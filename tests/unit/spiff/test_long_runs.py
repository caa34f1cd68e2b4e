"""Long loops and wide repetitions come truly to their end, and cost at the end what they cost at the beginning."""

from __future__ import annotations

from lastmeter.workflow.spiff import Live, Services, parse, restore

from .runner import NOW, end, file, flow, flows, start, task

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
