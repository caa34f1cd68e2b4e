"""Tasks, gateways and sequence flows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.workflow.spiff import Live, NotWaiting, Services, parse

from .runner import Runner, end, file, flow, flows, script, start, task


def test_a_user_task_waits_and_its_data_become_variables() -> None:
    run = Runner(file(start() + task("t") + end() + flows("s t e")))
    assert run.open_tasks == ["t"]
    assert not run.completed
    run.complete("t", amount=120, note="ok")
    assert run.completed
    assert run.variables == {"amount": 120, "note": "ok"}
    assert run.history == ["entered s", "completed s", "entered t", "completed t", "entered e", "completed e"]


def test_a_completed_task_cannot_be_completed_again() -> None:
    run = Runner(file(start() + task("t") + task("u") + end() + flows("s t u e")))
    uid = next(iter(run.tasks))
    run.complete("t")
    with pytest.raises(NotWaiting):
        run.live.complete(uid, {}, run.now)


def test_an_exclusive_gateway_takes_the_first_true_flow_else_the_default() -> None:
    body = (
        start()
        + '<bpmn:exclusiveGateway id="g" default="g_c"/>'
        + task("a")
        + task("b")
        + task("c")
        + flows("s g")
        + flow("g", "a", "amount &gt; 100")
        + flow("g", "b", "amount &gt; 10")
        + flow("g", "c")
    )
    assert Runner(file(body), {"amount": 500}).open_tasks == ["a"]
    assert Runner(file(body), {"amount": Decimal("50.5")}).open_tasks == ["b"]
    assert Runner(file(body), {"amount": 5}).open_tasks == ["c"]
    assert Runner(file(body)).open_tasks == ["c"]


def test_without_a_true_flow_and_a_default_the_token_waits_as_an_incident() -> None:
    body = start() + '<bpmn:exclusiveGateway id="g"/>' + task("a") + flows("s g") + flow("g", "a", "ready")
    run = Runner(file(body))
    assert list(run.incidents.values()) == [("g", "no_flow_taken")]
    run.set(ready=True)
    run.retry("g")
    assert run.open_tasks == ["a"]
    assert run.incidents == {}


def test_a_script_sets_its_result() -> None:
    run = Runner(file(start() + script("x", "1 + 2", "n") + end() + flows("s x e")))
    assert run.completed
    assert run.variables == {"n": Decimal(3)}


def test_a_service_runs_inline_or_as_a_job() -> None:
    body = (
        start()
        + '<bpmn:serviceTask id="v" camunda:type="external" camunda:topic="notify" camunda:resultVariable="r">'
        + "<bpmn:extensionElements><camunda:inputOutput>"
        + '<camunda:inputParameter name="to">=owner</camunda:inputParameter>'
        + '<camunda:inputParameter name="kind">sms</camunda:inputParameter>'
        + "</camunda:inputOutput></bpmn:extensionElements></bpmn:serviceTask>"
        + end()
        + flows("s v e")
    )
    seen: list[object] = []

    def inline(topic: str, inputs: object, element: str) -> dict[str, object]:
        seen.append((topic, inputs, element))
        return {"sent": True}

    run = Runner(file(body), {"owner": "li"}, Services(run_inline=inline))
    assert run.completed
    assert seen == [("notify", {"to": "li", "kind": "sms"}, "v")]
    assert run.variables["r"] == {"sent": True}

    job = Runner(file(body), {"owner": "li"})
    assert [(opened.topic, dict(opened.inputs)) for opened in job.jobs.values()] == [
        ("notify", {"to": "li", "kind": "sms"})
    ]
    job.finish_job("v", sent=False)
    assert job.completed
    assert job.variables == {"owner": "li", "r": {"sent": False}}


def test_a_decision_is_asked_with_the_variables() -> None:
    body = (
        start()
        + '<bpmn:businessRuleTask id="b" camunda:decisionRef="method" camunda:resultVariable="m"/>'
        + end()
        + flows("s b e")
    )
    asked: list[object] = []

    def decide(reference: str, variables: object, element_id: str) -> object:
        asked.append((reference, variables))
        return "open"

    run = Runner(file(body), {"amount": 9}, Services(decide=decide))
    assert run.variables["m"] == "open"
    assert asked == [("method", {"amount": 9})]


def test_parallel_branches_both_run_and_join_once() -> None:
    body = (
        start()
        + '<bpmn:parallelGateway id="f"/><bpmn:parallelGateway id="j"/>'
        + task("a")
        + task("b")
        + end()
        + flows("s f a j e", "f b j")
    )
    run = Runner(file(body))
    assert run.open_tasks == ["a", "b"]
    run.complete("b", y=2)
    assert not run.completed
    run.complete("a", x=1)
    assert run.completed
    assert run.times("j") == run.times("e") == 1
    assert run.variables == {"x": 1, "y": 2}


def test_an_inclusive_join_waits_for_the_taken_branches_only() -> None:
    body = (
        start()
        + '<bpmn:inclusiveGateway id="f" default="f_c"/><bpmn:inclusiveGateway id="j"/>'
        + task("a")
        + task("b")
        + task("c")
        + end()
        + flows("s f", "a j e", "b j", "c j")
        + flow("f", "a", "x")
        + flow("f", "b", "y")
        + flow("f", "c")
    )
    both = Runner(file(body), {"x": True, "y": True})
    assert both.open_tasks == ["a", "b"]
    both.complete("a")
    assert not both.completed
    both.complete("b")
    assert both.completed
    one = Runner(file(body), {"x": True})
    one.complete("a")
    assert one.completed
    default = Runner(file(body))
    assert default.open_tasks == ["c"]
    default.complete("c")
    assert default.completed
    assert default.times("j") == 1


def test_an_inclusive_join_that_cannot_be_left_has_been_passed() -> None:
    body = (
        start()
        + '<bpmn:inclusiveGateway id="f"/><bpmn:inclusiveGateway id="j"/>'
        + task("a")
        + task("b")
        + task("c")
        + flows("s f", "f a j", "f b j")
        + flow("j", "c", "ok")
    )
    run = Runner(file(body))
    run.complete("a")
    run.complete("b")
    assert list(run.incidents.values()) == [("j", "no_flow_taken")]
    assert run.live._run.joins == {}
    run.set(ok=True)
    run.retry("j")
    assert run.times("j") == 1
    assert run.open_tasks == ["c"]


def test_a_state_of_an_earlier_release_does_not_come_to_a_passed_join_again() -> None:
    body = start() + '<bpmn:inclusiveGateway id="f"/><bpmn:inclusiveGateway id="j"/>' + task("a") + task("c")
    run = Runner(file(body + flows("s f", "f j", "f a j") + flow("j", "c", "ok")))
    run.complete("a")
    [parked] = run.live._run.tasks.values()
    parked.via = "f_j"
    run.live = Live.load(run.spec, run.live.dump(), run.services)
    assert run.live._run.joins == {}
    run.set(ok=True)
    run.retry("j")
    assert run.open_tasks == ["c"]


def test_an_inclusive_gateway_takes_its_default_beside_an_unconditional_flow() -> None:
    body = start() + '<bpmn:inclusiveGateway id="g" default="g_c"/>' + task("a") + task("b") + task("c")
    body += flows("s g b", "g c") + flow("g", "a", "ok")
    assert Runner(file(body), {"ok": True}).open_tasks == ["a", "b"]
    assert Runner(file(body), {"ok": False}).open_tasks == ["b", "c"]
    assert Runner(file(start() + '<bpmn:task id="x" default="x_c"/>' + task("c") + flows("s x c"))).open_tasks == ["c"]


def test_several_flows_out_of_an_activity_are_all_taken_and_several_in_each_run_it() -> None:
    body = start() + script("x", "null") + script("y", "null") + script("z", "null") + end() + flows("s x y e", "x z e")
    run = Runner(file(body))
    assert run.completed
    assert run.times("e") == 2


def test_conditional_flows_leave_an_activity_by_their_conditions() -> None:
    body = (
        start()
        + '<bpmn:userTask id="t" default="t_c"/>'
        + task("a")
        + task("b")
        + task("c")
        + flows("s t")
        + flow("t", "a", "x")
        + flow("t", "b", "y")
        + flow("t", "c")
    )
    run = Runner(file(body))
    run.complete("t", x=True, y=True)
    assert run.open_tasks == ["a", "b"]
    run = Runner(file(body))
    run.complete("t")
    assert run.open_tasks == ["c"]


def test_implicit_starts_and_ends_are_legal() -> None:
    run = Runner(file(task("a") + task("b")))
    assert run.open_tasks == ["a", "b"]
    run.complete("a")
    run.complete("b")
    assert run.completed


def test_a_call_activity_waits_for_its_child_and_maps_both_ways() -> None:
    body = (
        start()
        + '<bpmn:callActivity id="c" calledElement="other"><bpmn:extensionElements>'
        + '<camunda:in source="a" target="x"/><camunda:in sourceExpression="=a * 2" target="y"/>'
        + '<camunda:out source="result" target="got"/></bpmn:extensionElements></bpmn:callActivity>'
        + end()
        + flows("s c e")
    )
    run = Runner(file(body), {"a": 3, "b": 4})
    (call,) = run.calls.values()
    assert (call.key, call.variables) == ("other", {"x": 3, "y": Decimal(6)})
    run.finish_call("c", result="done", extra=1)
    assert run.completed
    assert run.variables == {"a": 3, "b": 4, "got": "done"}


def test_a_file_that_is_no_bpmn_is_refused_with_a_sentence() -> None:
    with pytest.raises(DefinitionRefused) as refused:
        parse(b"<html/>")
    (finding,) = refused.value.findings
    assert finding.rule == "not-bpmn"
    assert finding.message_zh
    assert finding.message_en
