"""Multi-instance activities and standard loops."""

from __future__ import annotations

from decimal import Decimal

import pytest

from .runner import Runner, boundary, end, file, flow, flows, script, start, task, timer


def many(attributes: str = "", inside: str = "", sequential: bool = False) -> str:
    flag = ' isSequential="true"' if sequential else ""
    return f"<bpmn:multiInstanceLoopCharacteristics{flag} {attributes}>{inside}</bpmn:multiInstanceLoopCharacteristics>"


OVER = 'camunda:collection="streets" camunda:elementVariable="street"'
COLLECT = OVER + ' lm:outputCollection="answers" lm:outputElement="answer"'


def test_a_parallel_user_task_opens_one_task_per_item_and_collects_in_their_order() -> None:
    run = Runner(file(start() + task("t", many(COLLECT)) + end() + flows("s t e")), {"streets": ["a", "b", "c"]})
    assert [(t.loop_index, t.local["street"]) for t in run.tasks.values()] == [(0, "a"), (1, "b"), (2, "c")]
    for index in (2, 0, 1):
        run.complete("t", index=index, answer=index)
    assert run.completed
    assert run.variables == {"streets": ["a", "b", "c"], "answers": [0, 1, 2]}
    assert run.entries.count(("t", "multiInstanceBody", "completed", None)) == 1
    assert [index for name, kind, event, index in run.entries if kind == "userTask" and event == "completed"] == [
        2,
        0,
        1,
    ]


def test_a_sequential_one_opens_them_one_after_another() -> None:
    run = Runner(
        file(start() + task("t", many(COLLECT, sequential=True)) + end() + flows("s t e")), {"streets": ["a", "b"]}
    )
    assert [t.local["street"] for t in run.tasks.values()] == ["a"]
    run.complete("t", answer="x")
    assert [(t.local["street"], t.loop_index) for t in run.tasks.values()] == [("b", 1)]
    run.complete("t", answer="y")
    assert run.completed
    assert run.variables["answers"] == ["x", "y"]


def test_a_completion_condition_ends_the_rest() -> None:
    condition = (
        "<bpmn:completionCondition>approved = false or nrOfCompletedInstances &gt;= 2</bpmn:completionCondition>"
    )
    xml = file(start() + task("t", many(OVER, condition)) + end() + flows("s t e"))
    run = Runner(xml, {"streets": [1, 2, 3]})
    run.complete("t", index=1, approved=False)
    assert run.completed
    assert run.times("t", "cancelled") == 2
    assert run.variables["approved"] is False
    run = Runner(xml, {"streets": [1, 2, 3]})
    run.complete("t", index=1, approved=True)
    assert not run.completed
    run.complete("t", index=2, approved=True)
    assert run.completed


def test_the_repetitions_of_a_parallel_sub_process_do_not_see_each_others_variables() -> None:
    inner = start("is") + task("a") + '<bpmn:exclusiveGateway id="g" default="g_ie"/>' + task("b") + end("ie")
    inner += flows("is a g ie") + flow("g", "b", "weak")
    body = f'<bpmn:subProcess id="sp">{inner}{many(OVER)}</bpmn:subProcess>'
    run = Runner(file(start() + body + end() + flows("s sp e")), {"streets": ["x", "y"]})
    run.complete("a", index=0, weak=True)
    run.complete("a", index=1, weak=False)
    assert [(t.element_id, t.local["street"]) for t in run.tasks.values()] == [("b", "x")]
    run.complete("b")
    assert run.completed
    assert run.times("sp") == 3


def test_a_cardinality_may_be_an_expression_and_zero_runs_nothing() -> None:
    inside = "<bpmn:loopCardinality>n</bpmn:loopCardinality>"
    xml = file(start() + script("x", "loopCounter", "last", many("", inside, sequential=True)) + end() + flows("s x e"))
    run = Runner(xml, {"n": 3})
    assert run.completed
    assert run.variables["last"] == Decimal(2)
    assert Runner(xml, {"n": 0}).executed == ["s", "x", "e"]
    assert list(Runner(xml, {"n": -1}).incidents.values()) == [("x", "not_a_collection")]
    broken = Runner(xml)
    assert list(broken.incidents.values()) == [("x", "not_a_collection")]
    broken.set(n=1)
    broken.retry("x")
    assert broken.completed


def test_call_activities_repeat_with_their_own_inputs() -> None:
    inside = (
        '<bpmn:extensionElements><camunda:in source="street" target="where"/><camunda:out source="r" target="r"/>'
        "</bpmn:extensionElements>"
    )
    attributes = OVER + ' lm:outputCollection="all" lm:outputElement="r"'
    body = f'<bpmn:callActivity id="c" calledElement="k">{inside}{many(attributes)}</bpmn:callActivity>'
    run = Runner(file(start() + body + end() + flows("s c e")), {"streets": ["x", "y"]})
    assert [(c.loop_index, c.variables) for c in run.calls.values()] == [(0, {"where": "x"}), (1, {"where": "y"})]
    run.finish_call("c", index=1, r="Y")
    run.finish_call("c", index=0, r="X")
    assert run.completed
    assert run.variables["all"] == ["X", "Y"]


def test_zeebe_and_standard_notations_say_the_same() -> None:
    zeebe = many(
        "",
        '<bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="=streets" inputElement="street"'
        ' outputCollection="answers" outputElement="=answer"/></bpmn:extensionElements>',
    )
    standard = many(
        "",
        "<bpmn:loopDataInputRef>streets</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>answers</bpmn:loopDataOutputRef>"
        '<bpmn:inputDataItem id="i" name="street"/><bpmn:outputDataItem id="o" name="answer"/>',
    )
    for notation in (zeebe, standard):
        run = Runner(file(start() + task("t", notation) + end() + flows("s t e")), {"streets": ["a", "b"]})
        assert [t.local["street"] for t in run.tasks.values()] == ["a", "b"]
        run.complete("t", index=0, answer=1)
        run.complete("t", index=1, answer=2)
        assert run.variables["answers"] == [1, 2]


@pytest.mark.parametrize(("before", "rounds"), [("true", 2), ("false", 2)])
def test_a_standard_loop_repeats_while_its_condition_holds(before: str, rounds: int) -> None:
    loop = (
        f'<bpmn:standardLoopCharacteristics testBefore="{before}"><bpmn:loopCondition>n &lt; 2</bpmn:loopCondition>'
        "</bpmn:standardLoopCharacteristics>"
    )
    run = Runner(file(start() + script("x", "n + 1", "n", loop) + end() + flows("s x e")), {"n": 0})
    assert run.completed
    assert run.variables["n"] == 2
    assert run.times("x") == rounds + 1
    none = Runner(file(start() + script("x", "n + 1", "n", loop) + end() + flows("s x e")), {"n": 9})
    assert none.times("x") == (1 if before == "true" else 2)


def test_a_standard_loop_stops_at_its_maximum() -> None:
    loop = '<bpmn:standardLoopCharacteristics loopMaximum="3"/>'
    run = Runner(file(start() + task("t", loop) + end() + flows("s t e")))
    for _ in range(3):
        run.complete("t")
    assert run.completed


def test_the_boundary_of_a_repeated_activity_is_armed_once_for_all() -> None:
    remind = boundary("r", "t", timer("timeDuration", "P3D"), interrupting=False)
    stop = boundary("b", "t", timer("timeDuration", "P9D"))
    body = (
        start()
        + task("t", many(OVER))
        + remind
        + stop
        + script("x", "null")
        + end()
        + end("f")
        + flows("s t e", "r x", "b f")
    )
    run = Runner(file(body), {"streets": [1, 2, 3]})
    assert len(run.timers) == 2
    run.fire("r")
    assert len(run.tasks) == 3
    run.complete("t", index=0)
    run.fire("b")
    assert run.completed
    assert run.executed[-2:] == ["b", "f"]
    assert run.entries.count(("t", "userTask", "cancelled", 1)) == 1
