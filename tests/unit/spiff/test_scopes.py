"""What happens when sub-processes, repetitions, events and incidents meet."""

from __future__ import annotations

import pytest

from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import BpmnError, Services

from .runner import Runner, boundary, end, file, flow, flows, script, start, task, timer

MESSAGE = '<bpmn:message id="m" name="x"/>'
CAUGHT = '<bpmn:messageEventDefinition messageRef="m"/>'
ERROR = '<bpmn:error id="err" errorCode="E1"/>'
FAILS = '<bpmn:errorEventDefinition errorRef="err"/>'
STREETS = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="streets" camunda:elementVariable="street"/>'


def sub(identity: str, body: str, attributes: str = "") -> str:
    return f'<bpmn:subProcess id="{identity}"{attributes}>{body}</bpmn:subProcess>'


def event_sub(identity: str, inside: str, body: str, interrupting: bool = True) -> str:
    flag = "true" if interrupting else "false"
    begun = f'<bpmn:startEvent id="{identity}_s" isInterrupting="{flag}">{inside}</bpmn:startEvent>'
    return sub(identity, begun + body, ' triggeredByEvent="true"')


def test_a_repetition_within_a_repetition_keeps_its_own_items() -> None:
    inner = (
        '<bpmn:multiInstanceLoopCharacteristics camunda:collection="street.houses" camunda:elementVariable="house"/>'
    )
    body = (
        start()
        + sub("sp", start("is") + task("t", inner) + end("ie") + flows("is t ie") + STREETS)
        + end()
        + flows("s sp e")
    )
    run = Runner(file(body), {"streets": [{"houses": ["a", "b"]}, {"houses": ["c"]}]})
    assert sorted((opened.local["house"], opened.loop_index) for opened in run.tasks.values()) == [
        ("a", 0),
        ("b", 1),
        ("c", 0),
    ]
    for _ in range(3):
        run.complete("t")
    assert run.completed
    assert (run.times("t"), run.times("sp"), run.times("ie")) == (5, 3, 2)


def test_an_interrupting_event_sub_process_ends_only_its_own_repetition() -> None:
    inner = start("is") + task("t") + flows("is t") + event_sub("es", CAUGHT, task("u") + flows("es_s u"))
    run = Runner(file(start() + sub("sp", inner + STREETS) + end() + flows("s sp e"), MESSAGE), {"streets": [1, 2]})
    assert len(run.subscriptions) == 2
    run.deliver("es_s")
    assert run.open_tasks == ["t", "u"]
    run.complete("u")
    run.complete("t")
    assert run.completed


def test_an_error_in_one_repetition_interrupts_them_all() -> None:
    inner = start("is") + task("t") + '<bpmn:exclusiveGateway id="g" default="g_ok"/>' + end("ok") + end("bad", FAILS)
    inner += flows("is t g ok") + flow("g", "bad", "bad")
    body = start() + sub("sp", inner + STREETS) + boundary("b", "sp", FAILS) + end() + end("f") + flows("s sp e", "b f")
    run = Runner(file(body, ERROR), {"streets": [1, 2, 3]})
    run.complete("t", index=0, bad=False)
    run.complete("t", index=1, bad=True)
    assert run.completed
    assert run.executed[-2:] == ["b", "f"]
    assert run.entries.count(("sp", "subProcess", "cancelled", 2)) == 1
    assert run.entries.count(("sp", "multiInstanceBody", "cancelled", None)) == 1


def test_a_non_interrupting_message_boundary_goes_on_listening() -> None:
    body = start() + task("t") + boundary("b", "t", CAUGHT, interrupting=False) + script("x", "n + 1", "n") + end()
    run = Runner(file(body + flows("s t e", "b x"), MESSAGE), {"n": 0})
    run.deliver("b")
    run.deliver("b")
    assert run.variables["n"] == 2
    run.complete("t")
    assert run.completed
    assert run.subscriptions == {}


def test_a_repeating_event_sub_process_starts_at_each_occurrence() -> None:
    body = start() + task("t") + flows("s t")
    body += event_sub(
        "es", timer("timeCycle", "R3/P1M"), script("x", "n + 1", "n") + flows("es_s x"), interrupting=False
    )
    run = Runner(file(body), {"n": 0})
    for month in (1, 2, 3):
        run.fire("es_s")
        assert run.variables["n"] == month
    assert run.timers == {}
    run.complete("t")
    assert run.completed


def test_a_sub_process_sees_its_own_inputs_and_gives_back_its_outputs() -> None:
    mapping = (
        "<bpmn:extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="n">=outer + 1</camunda:inputParameter>'
        '<camunda:outputParameter name="result">=n * 2</camunda:outputParameter></camunda:inputOutput>'
        "</bpmn:extensionElements>"
    )
    inner = start("is") + script("x", "n + 1", "n") + end("ie") + flows("is x ie")
    run = Runner(file(start() + sub("sp", mapping + inner) + end() + flows("s sp e")), {"outer": 1})
    assert run.completed
    assert run.variables == {"outer": 1, "result": 6}


def test_an_incident_behind_a_person_keeps_the_persons_work() -> None:
    body = start() + task("t") + '<bpmn:exclusiveGateway id="g"/>' + end() + flows("s t g") + flow("g", "e", "ok")
    run = Runner(file(body))
    run.complete("t", ok=False)
    assert run.tasks == {}
    assert list(run.incidents.values()) == [("g", "no_flow_taken")]
    run.retry("g")
    assert list(run.incidents.values()) == [("g", "no_flow_taken")]
    run.set(ok=True)
    run.retry("g")
    assert run.completed
    assert run.times("t") == 1


def test_an_activity_that_cannot_leave_is_retried_without_running_again() -> None:
    body = start() + task("t") + end() + flows("s t") + flow("t", "e", "ok")
    run = Runner(file(body))
    run.complete("t")
    assert list(run.incidents.values()) == [("t", "no_flow_taken")]
    assert run.tasks == {}
    run.set(ok=True)
    run.retry("t")
    assert run.completed
    assert run.times("t", "entered") == run.times("t") == 1


def test_a_condition_that_is_no_boolean_is_an_incident_not_a_decision() -> None:
    body = (
        start()
        + '<bpmn:exclusiveGateway id="g" default="g_e"/>'
        + end()
        + end("f")
        + flows("s g e")
        + flow("g", "f", "n + 1")
    )
    assert list(Runner(file(body), {"n": 1}).incidents.values()) == [("g", "condition_not_boolean")]


def test_a_conditional_event_whose_condition_is_no_boolean_listens_again_after_a_retry() -> None:
    condition = "<bpmn:conditionalEventDefinition><bpmn:condition>n</bpmn:condition></bpmn:conditionalEventDefinition>"
    body = (
        start()
        + f'<bpmn:intermediateCatchEvent id="c">{condition}</bpmn:intermediateCatchEvent>'
        + end()
        + flows("s c e")
    )
    run = Runner(file(body), {"n": 1})
    assert list(run.incidents.values()) == [("c", "condition_not_boolean")]
    run.set(n=False)
    run.retry("c")
    assert run.incidents == {}
    assert not run.completed
    run.set(n=True)
    assert run.completed


def test_an_activity_whose_boundary_cannot_be_armed_is_entered_again_by_a_retry() -> None:
    body = start() + task("t") + end() + end("f") + flows("s t e", "b f", "c f")
    body += boundary("b", "t", timer("timeDuration", "P1D")) + boundary("c", "t", timer("timeDate", "=due"))
    run = Runner(file(body))
    assert list(run.incidents.values()) == [("t", "timer_not_understood")]
    assert run.timers == {}
    run.set(due="2026-04-01T00:00:00Z")
    run.retry("t")
    assert len(run.timers) == 2
    assert run.open_tasks == ["t"]
    assert run.times("t", "entered") == 1


def test_an_error_nobody_catches_in_a_connector_is_an_incident_to_retry() -> None:
    answers: list[object] = [BpmnError("E7", "no line"), {"x": 1}]

    def inline(topic: str, inputs: object, element: str) -> dict[str, object]:
        answer = answers.pop(0)
        if isinstance(answer, BpmnError):
            raise answer
        assert isinstance(answer, dict)
        return answer

    body = start() + '<bpmn:serviceTask id="v" camunda:topic="t"/>' + end() + flows("s v e")
    run = Runner(file(body), services=Services(run_inline=inline))
    assert list(run.incidents.values()) == [("v", "uncaught_error")]
    assert run.last.incidents_opened[0].facts == {"error_code": "E7", "message": "no line"}
    run.retry("v")
    assert run.completed
    assert run.variables == {"x": 1}


def test_a_refusal_of_a_connector_is_an_incident_with_its_facts() -> None:
    class Refused(LastmeterError):
        code = "refused_for_a_reason"

    def inline(topic: str, inputs: object, element: str) -> dict[str, object]:
        raise Refused(field="amount")

    body = start() + '<bpmn:parallelGateway id="f"/>' + task("t") + '<bpmn:serviceTask id="v" camunda:topic="t"/>'
    run = Runner(file(body + flows("s f v", "f t")), services=Services(run_inline=inline))
    assert list(run.incidents.values()) == [("v", "refused_for_a_reason")]
    assert run.last.incidents_opened[0].facts == {"field": "amount"}
    assert run.open_tasks == ["t"]


def test_cancelling_closes_everything_that_was_open() -> None:
    body = start() + '<bpmn:parallelGateway id="f"/>' + task("t") + boundary("b", "t", timer("timeDuration", "P1D"))
    body += '<bpmn:receiveTask id="r" messageRef="m"/><bpmn:callActivity id="c" calledElement="k"/>'
    body += '<bpmn:serviceTask id="v" camunda:topic="x"/><bpmn:exclusiveGateway id="g"/>' + end()
    body += flows("s f t", "f r", "f c", "f v", "f g", "b e") + flow("g", "e", "never")
    body += event_sub("es", CAUGHT, task("u") + flows("es_s u"))
    run = Runner(file(body, MESSAGE))
    assert [len(known) for known in (run.tasks, run.timers, run.subscriptions, run.calls, run.jobs, run.incidents)] == [
        1, 1, 2, 1, 1, 1,
    ]  # fmt: skip
    run.cancel()
    assert run.completed
    assert run.live.is_cancelled
    assert [
        known for known in (run.tasks, run.timers, run.subscriptions, run.calls, run.jobs, run.incidents) if known
    ] == []
    assert {name for name, _, event, _ in run.entries if event == "cancelled"} == {"t", "r", "c", "v", "g"}


def test_an_inclusive_join_waits_for_a_token_that_may_still_come_by_a_boundary_event() -> None:
    body = (
        start()
        + '<bpmn:inclusiveGateway id="f"/><bpmn:inclusiveGateway id="j"/>'
        + task("a")
        + task("b")
        + end()
        + end("x")
    )
    body += boundary("late", "b", timer("timeDuration", "P1D")) + flows("s f", "a j e", "late j", "b x")
    body += flow("f", "a", "true") + flow("f", "b", "true")
    run = Runner(file(body))
    run.complete("a")
    assert run.times("j") == 0
    run.complete("b")
    assert run.times("j") == 1
    assert run.completed
    other = Runner(file(body))
    other.complete("a")
    other.fire("late")
    assert other.times("j") == 1
    assert other.completed


def test_tokens_that_meet_without_a_join_go_on_one_by_one() -> None:
    body = (
        start()
        + '<bpmn:parallelGateway id="f"/><bpmn:exclusiveGateway id="m"/>'
        + script("a", "null")
        + script("b", "null")
    )
    run = Runner(file(body + task("t") + flows("s f a m t", "f b m")))
    assert run.open_tasks == ["t", "t"]


@pytest.mark.parametrize("parallel", [True, False])
def test_what_finished_repetitions_write_adds_up(parallel: bool) -> None:
    flag = "" if parallel else ' isSequential="true"'
    many = (
        f'<bpmn:multiInstanceLoopCharacteristics{flag} camunda:collection="streets" camunda:elementVariable="street"/>'
    )
    run = Runner(
        file(start() + script("x", "n + street", "n", many) + end() + flows("s x e")), {"streets": [1, 2, 3], "n": 0}
    )
    assert run.completed
    assert run.variables["n"] == 6
    assert set(run.variables) == {"streets", "n"}


def test_a_called_process_may_be_named_by_a_variable_and_an_unknown_one_is_an_incident() -> None:
    xml = file(start() + '<bpmn:callActivity id="c" calledElement="=method"/>' + end() + flows("s c e"))
    run = Runner(xml, {"method": "open_tender"})
    assert [call.key for call in run.calls.values()] == ["open_tender"]
    broken = Runner(xml)
    assert list(broken.incidents.values()) == [("c", "called_process_unknown")]
