"""The complex gateway: activated by its condition, then waiting for its reset. Source: BPMN 2.0.2, 13.4.5."""

from __future__ import annotations

from .runner import Runner, end, file, flow, flows, start, task


def gateway(activation: str) -> str:
    return (
        f'<bpmn:complexGateway id="x"><bpmn:activationCondition>{activation}</bpmn:activationCondition>'
        "</bpmn:complexGateway>"
    )


def three(activation: str, after: str) -> bytes:
    body = start() + '<bpmn:parallelGateway id="f"/>' + task("a") + task("b") + task("c") + gateway(activation)
    return file(body + after + flows("s f a x", "f b x", "f c x"))


def test_it_goes_on_once_enough_tokens_have_come_and_takes_the_late_ones_without_going_on_again() -> None:
    run = Runner(three("activationCount &gt;= 2", task("t") + flows("x t")))
    run.complete("a")
    assert run.open_tasks == ["b", "c"]
    run.complete("c")
    assert run.open_tasks == ["b", "t"]
    run.complete("t")
    assert not run.completed
    run.complete("b")
    assert run.completed
    assert run.times("t") == run.times("x") == 1


def test_its_condition_may_ask_for_single_flows() -> None:
    run = Runner(three("a_x &gt; 0 and (b_x &gt; 0 or c_x &gt; 0)", task("t") + flows("x t")))
    run.complete("b")
    run.complete("c")
    assert run.open_tasks == ["a"]
    run.complete("a")
    assert run.open_tasks == ["t"]


def test_at_its_reset_it_goes_on_where_a_condition_asks_for_that() -> None:
    ways = task("early") + task("late")
    ways += flow("x", "early", "waitingForStart") + flow("x", "late", "not(waitingForStart)")
    run = Runner(three("activationCount = 1", ways))
    run.complete("b")
    assert run.open_tasks == ["a", "c", "early"]
    run.complete("a")
    run.complete("c")
    assert run.open_tasks == ["early", "late"]


def test_after_its_reset_it_is_activated_again() -> None:
    body = (
        start() + '<bpmn:exclusiveGateway id="m"/><bpmn:parallelGateway id="f"/>' + task("a") + task("b")
        + gateway("activationCount = 1") + '<bpmn:exclusiveGateway id="g" default="g_e"/>' + task("t") + end()
        + flows("s m f a x t g e", "f b x") + flow("g", "m", "again")
    )  # fmt: skip
    run = Runner(file(body))
    for again in (True, False):
        run.complete("a")
        run.complete("b")
        run.complete("t", again=again)
    assert run.completed
    assert run.times("x") == 2


def test_it_resets_when_nothing_more_can_come() -> None:
    body = (
        start() + '<bpmn:inclusiveGateway id="f"/>' + task("a") + task("b") + gateway("activationCount = 1") + task("t")
        + flows("s f", "a x", "b x t") + flow("f", "a", "true") + flow("f", "b", "more")
    )  # fmt: skip
    run = Runner(file(body), {"more": False})
    run.complete("a")
    run.complete("t")
    assert run.completed


def test_as_a_split_it_takes_every_flow_whose_condition_is_true_and_without_one_it_is_an_incident() -> None:
    body = start() + '<bpmn:complexGateway id="x"/>' + task("a") + task("b") + flows("s x")
    ways = flow("x", "a", "n &gt; 1") + flow("x", "b", "n &gt; 2")
    assert Runner(file(body + ways), {"n": 3}).open_tasks == ["a", "b"]
    assert list(Runner(file(body + ways), {"n": 0}).incidents.values()) == [("x", "no_flow_taken")]


def test_a_gateway_that_is_never_activated_is_an_incident_and_not_silence() -> None:
    run = Runner(three("activationCount &gt; 5", task("t") + flows("x t")))
    for name in "abc":
        run.complete(name)
    assert [code for _, code in run.incidents.values()] == ["deadlock"]
