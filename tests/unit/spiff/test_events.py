"""Timers, messages, signals, errors, escalations and conditions: intermediate, at the boundary, at start and end."""

from __future__ import annotations

import datetime as dt

import pytest

from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.workflow.spiff import BpmnError, NotWaiting, Services, StartNotPossible, UncaughtError, parse

from .runner import NOW, Runner, boundary, end, file, flow, flows, script, start, task, timer

MESSAGE = '<bpmn:message id="m" name="tender.awarded" lm:correlation="=contract_id"/>'
SIGNAL = '<bpmn:signal id="g" name="alarm"/>'
ERROR = '<bpmn:error id="err" errorCode="E1"/><bpmn:error id="err2" errorCode="E2"/>'
ESCALATION = '<bpmn:escalation id="esc" escalationCode="late"/>'
CATCH_ERROR = '<bpmn:errorEventDefinition errorRef="err"/>'
CATCH_ANY = "<bpmn:errorEventDefinition/>"


def catch(identity: str, inside: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="{identity}">{inside}</bpmn:intermediateCatchEvent>'


def throw(identity: str, inside: str) -> str:
    return f'<bpmn:intermediateThrowEvent id="{identity}">{inside}</bpmn:intermediateThrowEvent>'


def sub(identity: str, body: str, attributes: str = "") -> str:
    return f'<bpmn:subProcess id="{identity}"{attributes}>{body}</bpmn:subProcess>'


def event_sub(identity: str, inside: str, body: str, interrupting: bool = True) -> str:
    flag = "true" if interrupting else "false"
    opening = f'<bpmn:startEvent id="{identity}_s" isInterrupting="{flag}">{inside}</bpmn:startEvent>'
    return sub(identity, opening + body, ' triggeredByEvent="true"')


def test_an_intermediate_timer_waits_until_it_is_fired() -> None:
    run = Runner(file(start() + catch("c", timer("timeDuration", "PT1H")) + end() + flows("s c e")))
    (opened,) = run.timers.values()
    assert (opened.element_id, opened.kind, opened.due) == ("c", "timeDuration", NOW + dt.timedelta(hours=1))
    assert run.history[-1] == "entered c"
    run.fire("c")
    assert run.completed
    assert run.executed == ["s", "c", "e"]


def test_an_interrupting_boundary_timer_cancels_its_task() -> None:
    body = (
        start()
        + task("t")
        + task("late")
        + end()
        + boundary("b", "t", timer("timeDuration", "P10D"))
        + flows("s t e", "b late")
    )
    run = Runner(file(body))
    run.fire("b")
    assert run.open_tasks == ["late"]
    assert run.history[2:] == ["entered t", "entered b", "cancelled t", "completed b", "entered late"]
    done = Runner(file(body))
    done.complete("t")
    assert done.completed
    assert done.timers == {}


def test_a_non_interrupting_boundary_timer_leaves_the_task_and_fires_once() -> None:
    body = (
        start()
        + task("t")
        + task("remind")
        + end()
        + boundary("b", "t", timer("timeDuration", "P3D"), interrupting=False)
        + flows("s t e", "b remind")
    )
    run = Runner(file(body))
    run.fire("b")
    assert run.open_tasks == ["remind", "t"]
    assert run.timers == {}
    run.complete("t")
    assert not run.completed
    run.complete("remind")
    assert run.completed


def test_a_repeating_boundary_timer_opens_its_next_occurrence_under_a_new_uid() -> None:
    body = (
        start()
        + task("t")
        + script("r", "count(list) + 1", "n")
        + boundary("b", "t", timer("timeCycle", "R3/PT1H"), interrupting=False)
        + flows("s t", "b r")
    )
    run = Runner(file(body), {"list": []})
    uids = set()
    for hour in (1, 2, 3):
        (opened,) = run.timers.values()
        assert opened.due == NOW + dt.timedelta(hours=hour)
        uids.add(opened.task_uid)
        run.fire("b")
    assert len(uids) == 3
    assert run.timers == {}
    assert run.times("b") == run.times("r") == 3
    assert run.open_tasks == ["t"]


def test_a_message_is_awaited_with_its_correlation_and_its_payload_becomes_variables() -> None:
    body = start() + catch("c", '<bpmn:messageEventDefinition messageRef="m"/>') + end() + flows("s c e")
    run = Runner(file(body, MESSAGE), {"contract_id": 7})
    (opened,) = run.subscriptions.values()
    assert (opened.kind, opened.name, int(str(opened.correlation))) == ("message", "tender.awarded", 7)
    run.deliver("c", amount=5)
    assert run.completed
    assert run.variables == {"contract_id": 7, "amount": 5}


def test_a_correlation_of_null_is_an_incident() -> None:
    body = start() + catch("c", '<bpmn:messageEventDefinition messageRef="m"/>') + flows("s c")
    run = Runner(file(body, MESSAGE))
    assert list(run.incidents.values()) == [("c", "correlation_missing")]
    run.set(contract_id=3)
    run.retry("c")
    assert [opened.correlation for opened in run.subscriptions.values()] == [3]


def test_a_thrown_message_carries_payload_and_correlation() -> None:
    inside = '<bpmn:messageEventDefinition messageRef="m"/>'
    body = (
        start()
        + f'<bpmn:intermediateThrowEvent id="x" lm:payload="={{amount: amount}}">{inside}</bpmn:intermediateThrowEvent>'
        + '<bpmn:sendTask id="y" messageRef="m" lm:correlation="=other"/>'
        + end("e", inside)
        + flows("s x y e")
    )
    run = Runner(file(body, MESSAGE), {"contract_id": 7, "amount": 5, "other": "o"})
    assert run.completed
    assert [(t.kind, t.name, t.payload, t.correlation) for t in run.thrown] == [
        ("message", "tender.awarded", {"amount": 5}, 7),
        ("message", "tender.awarded", {}, "o"),
        ("message", "tender.awarded", {}, 7),
    ]


def test_a_receive_task_waits_for_its_message_with_boundary_timer() -> None:
    body = (
        start()
        + '<bpmn:receiveTask id="r" messageRef="m"/>'
        + end()
        + end("f")
        + boundary("b", "r", timer("timeDuration", "P1D"))
        + flows("s r e", "b f")
    )
    run = Runner(file(body, MESSAGE), {"contract_id": 1})
    run.deliver("r", x=1)
    assert run.executed == ["s", "r", "e"]
    run = Runner(file(body, MESSAGE), {"contract_id": 1})
    run.fire("b")
    assert run.executed == ["s", "b", "f"]
    assert run.subscriptions == {}


def test_signals_are_thrown_outside_and_awaited_without_correlation() -> None:
    inside = '<bpmn:signalEventDefinition signalRef="g"/>'
    run = Runner(file(start() + catch("c", inside) + throw("x", inside) + end("e", inside) + flows("s c x e"), SIGNAL))
    assert run.live.subscriptions("signal", "alarm") == tuple(run.subscriptions)
    run.deliver("c")
    assert run.completed
    assert [(t.kind, t.name) for t in run.thrown] == [("signal", "alarm"), ("signal", "alarm")]


def test_a_signal_is_caught_in_its_own_instance_before_its_thrower_goes_on() -> None:
    inside = '<bpmn:signalEventDefinition signalRef="g"/>'
    payload = f'<bpmn:intermediateThrowEvent id="x" lm:payload="={{how: n}}">{inside}</bpmn:intermediateThrowEvent>'
    content = start("is") + payload + script("y", "1", "late") + end("ie") + flows("is x y ie")
    around = task("u") + end() + flows("s sp e", "b u")
    run = Runner(file(start() + sub("sp", content) + boundary("b", "sp", inside) + around, SIGNAL), {"n": 3})
    assert run.history[4:] == [
        "completed is", "entered x", "completed x", "entered b", "cancelled sp", "completed b", "entered u",
    ]  # fmt: skip
    assert run.variables == {"n": 3, "how": 3}
    beside = boundary("b", "sp", inside, interrupting=False)
    run = Runner(file(start() + sub("sp", content) + beside + around, SIGNAL), {"n": 3})
    assert run.executed == ["s", "is", "x", "b", "y", "ie", "sp", "e"]
    last = start("is") + end("x", inside) + flows("is x")
    run = Runner(file(start() + sub("sp", last) + boundary("b", "sp", inside) + around, SIGNAL))
    assert run.executed == ["s", "is", "x", "b"]
    assert run.open_tasks == ["u"]


def test_a_signal_starts_the_event_sub_processes_of_its_own_scope() -> None:
    inside = '<bpmn:signalEventDefinition signalRef="g"/>'
    for interrupting, left in ((True, ["u"]), (False, ["t", "u"])):
        handler = event_sub("h", inside, task("u") + flows("h_s u"), interrupting)
        run = Runner(file(start() + throw("x", inside) + task("t") + handler + flows("s x t"), SIGNAL))
        assert run.open_tasks == left


def test_a_signal_goes_to_all_that_waits_in_its_instance() -> None:
    inside = '<bpmn:signalEventDefinition signalRef="g"/>'
    fork = '<bpmn:parallelGateway id="f"/>'
    # Drawn and reached first, the throw still finds all: branches have no order among themselves.
    body = start() + fork + throw("x", inside) + catch("c1", inside) + catch("c2", inside) + task("t")
    body += boundary("b", "t", inside, interrupting=False) + task("u") + flows("s f x", "f c1", "f c2", "f t", "b u")
    run = Runner(file(body, SIGNAL))
    assert [run.times(name) for name in ("x", "c1", "c2", "b")] == [1, 1, 1, 1]
    assert run.open_tasks == ["t", "u"]
    assert [opened.element_id for opened in run.subscriptions.values()] == ["b"]


def test_what_begins_to_wait_after_a_signal_does_not_get_it() -> None:
    inside = '<bpmn:signalEventDefinition signalRef="g"/>'
    run = Runner(file(start() + throw("x", inside) + catch("c", inside) + end() + flows("s x c e"), SIGNAL))
    assert [opened.element_id for opened in run.subscriptions.values()] == ["c"]
    run.deliver("c")
    assert run.completed
    loop = start() + catch("c", inside) + throw("x", inside) + flows("s c x c")
    run = Runner(file(loop, SIGNAL))
    run.deliver("c")
    assert run.times("x") == 1
    assert [opened.element_id for opened in run.subscriptions.values()] == ["c"]


def test_the_first_event_behind_an_event_based_gateway_decides() -> None:
    body = (
        start()
        + '<bpmn:eventBasedGateway id="g1"/>'
        + catch("c1", '<bpmn:messageEventDefinition messageRef="m"/>')
        + catch("c2", timer("timeDuration", "P1D"))
        + '<bpmn:receiveTask id="c3" messageRef="m2"/>'
        + task("a")
        + task("b")
        + task("c")
        + flows("s g1 c1 a", "g1 c2 b", "g1 c3 c")
    )
    roots = MESSAGE + '<bpmn:message id="m2" name="void"/>'
    run = Runner(file(body, roots), {"contract_id": 1})
    assert len(run.subscriptions) == 2
    assert len(run.timers) == 1
    run.fire("c2")
    assert run.open_tasks == ["b"]
    assert run.subscriptions == {}
    assert run.history[2:] == ["entered g1", "completed g1", "entered c2", "completed c2", "entered b"]
    run = Runner(file(body, roots), {"contract_id": 1})
    run.deliver("c3", why="x")
    assert run.open_tasks == ["c"]
    assert run.variables["why"] == "x"


def test_a_terminate_end_ends_its_scope_only() -> None:
    inner = start("is") + '<bpmn:parallelGateway id="f"/>' + task("a") + task("b")
    inner += end("te", "<bpmn:terminateEventDefinition/>") + flows("is f a te", "f b")
    run = Runner(file(start() + sub("sp", inner) + task("after") + flows("s sp after")))
    run.complete("a")
    assert run.open_tasks == ["after"]
    assert "cancelled b" in run.history
    assert run.times("sp") == 1


def test_an_error_is_caught_by_the_boundary_of_the_innermost_scope_with_its_code() -> None:
    inner = start("is") + end("ee", CATCH_ERROR) + flows("is ee")
    body = (
        start()
        + sub("outer", start("os") + sub("inner", inner) + end("oe") + boundary("other", "inner",
              '<bpmn:errorEventDefinition errorRef="err2"/>') + end("x1") + flows("os inner oe", "other x1"))
        + boundary("b", "outer", CATCH_ERROR)
        + boundary("any", "outer", CATCH_ANY)
        + end()
        + end("x2")
        + end("x3")
        + flows("s outer e", "b x2", "any x3")
    )  # fmt: skip
    run = Runner(file(body, ERROR))
    assert run.completed
    assert run.history[-10:] == [
        "entered is", "completed is", "entered ee", "completed ee", "entered b", "cancelled inner", "cancelled outer",
        "completed b", "entered x2", "completed x2",
    ]  # fmt: skip
    assert [(t.kind, t.name, t.caught) for t in run.thrown] == [("error", "E1", True)]


def test_a_failing_connector_is_caught_at_its_boundary_with_code_and_message() -> None:
    names = 'camunda:errorCodeVariable="code" camunda:errorMessageVariable="why"'
    caught = f'<bpmn:errorEventDefinition errorRef="err" {names}/>'
    body = (
        start()
        + '<bpmn:serviceTask id="v" camunda:type="external" camunda:topic="x"/>'
        + boundary("b", "v", caught)
        + end()
        + end("f")
        + flows("s v e", "b f")
    )

    def inline(topic: str, inputs: object, element: str) -> dict[str, object]:
        raise BpmnError("E1", "no line")

    run = Runner(file(body, ERROR), services=Services(run_inline=inline))
    assert run.executed == ["s", "b", "f"]
    assert run.variables == {"code": "E1", "why": "no line"}
    job = Runner(file(body, ERROR))
    job.fail("v", "E1", message="broken")
    assert job.executed == ["s", "b", "f"]
    assert job.variables["why"] == "broken"
    uncaught = Runner(file(body, ERROR))
    with pytest.raises(UncaughtError):
        uncaught.fail("v", "E9")
    uncaught.finish_job("v")
    assert uncaught.executed == ["s", "v", "e"]


def test_an_error_nobody_catches_ends_the_instance_and_says_so() -> None:
    run = Runner(
        file(
            start() + '<bpmn:parallelGateway id="f"/>' + task("a") + end("x", CATCH_ERROR) + flows("s f a", "f x"),
            ERROR,
        )
    )
    assert run.completed
    assert run.live.uncaught_error == "E1"
    assert run.last.uncaught_error == "E1"
    assert "cancelled a" in run.history


def test_an_error_of_a_called_process_that_nobody_catches_ends_the_caller_too() -> None:
    body = start() + task("a") + '<bpmn:callActivity id="c" calledElement="x"/>' + flows("s a", "s c")
    run = Runner(file(body))
    run.fail("c", "E1", ends=True)
    assert run.completed
    assert run.live.uncaught_error == "E1"
    assert run.history[-2:] == ["cancelled a", "failed c"]
    with pytest.raises(UncaughtError):
        Runner(file(body)).fail("c", "E1")


def test_an_escalation_is_caught_without_interrupting_and_passes_on_if_nobody_catches() -> None:
    inner = (
        start("is") + throw("t", '<bpmn:escalationEventDefinition escalationRef="esc"/>') + task("a") + flows("is t a")
    )
    catching = boundary("b", "sp", '<bpmn:escalationEventDefinition escalationRef="esc"/>', interrupting=False)
    body = start() + sub("sp", inner) + catching + task("boss") + flows("s sp", "b boss")
    run = Runner(file(body, ESCALATION))
    assert run.open_tasks == ["a", "boss"]
    alone = Runner(file(start() + sub("sp", inner) + flows("s sp"), ESCALATION))
    assert alone.open_tasks == ["a"]
    assert [(t.kind, t.name, t.caught) for t in alone.thrown] == [("escalation", "late", False)]
    stopping = body.replace('cancelActivity="false"', 'cancelActivity="true"')
    assert Runner(file(stopping, ESCALATION)).open_tasks == ["boss"]


def test_a_child_instance_escalates_to_the_boundary_of_its_call_activity() -> None:
    catching = boundary("b", "c", '<bpmn:escalationEventDefinition escalationRef="esc"/>', interrupting=False)
    body = (
        start()
        + '<bpmn:callActivity id="c" calledElement="x"/>'
        + catching
        + task("boss")
        + end()
        + flows("s c e", "b boss")
    )
    run = Runner(file(body, ESCALATION))
    run.fail("c", "late", kind="escalation")
    assert run.open_tasks == ["boss"]
    run.finish_call("c")
    run.complete("boss")
    assert run.completed


@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("where", ["process", "sub-process"])
@pytest.mark.parametrize("kind", ["timer", "message"])
def test_an_event_sub_process_starts_by_its_event(interrupting: bool, where: str, kind: str) -> None:
    inside = timer("timeDuration", "P1D") if kind == "timer" else '<bpmn:messageEventDefinition messageRef="m"/>'
    inner = start("is") + task("a") + end("ie") + flows("is a ie")
    inner += event_sub("es", inside, task("b") + flows("es_s b"), interrupting)
    body = inner if where == "process" else start() + sub("sp", inner) + end() + flows("s sp e")
    run = Runner(file(body, MESSAGE), {"contract_id": 1})
    assert run.open_tasks == ["a"]
    if kind == "timer":
        run.fire("es_s")
    else:
        run.deliver("es_s", x=1)
    assert run.open_tasks == (["b"] if interrupting else ["a", "b"])
    assert ("cancelled a" in run.history) == interrupting
    run.complete("b")
    if not interrupting:
        assert not run.completed
        run.complete("a")
    assert run.completed
    assert run.times("es") == 1
    if where == "sub-process":
        assert run.times("sp") == run.times("e") == 1


def test_a_non_interrupting_event_sub_process_may_start_again_and_an_unfired_one_keeps_nothing_open() -> None:
    inner = start("is") + task("a") + flows("is a")
    inner += event_sub("es", '<bpmn:messageEventDefinition messageRef="m"/>', task("b") + flows("es_s b"), False)
    run = Runner(file(inner, MESSAGE), {"contract_id": 1})
    run.deliver("es_s")
    run.deliver("es_s")
    assert run.open_tasks == ["a", "b", "b"]
    run.complete("b")
    run.complete("b")
    run.complete("a")
    assert run.completed
    assert run.subscriptions == {}


def test_an_error_event_sub_process_catches_what_its_scope_throws_and_not_its_own() -> None:
    inner = start("is") + task("a") + end("x", CATCH_ERROR) + flows("is a x")
    inner += event_sub("es", CATCH_ERROR, end("again", CATCH_ERROR) + flows("es_s again"))
    body = start() + sub("sp", inner) + boundary("b", "sp", CATCH_ERROR) + end() + end("f") + flows("s sp e", "b f")
    run = Runner(file(body, ERROR))
    assert not any(name.startswith("entered es") for name in run.history)
    run.complete("a")
    assert run.completed
    assert run.executed == ["s", "is", "a", "x", "es_s", "again", "b", "f"]


def test_an_escalation_event_sub_process_runs_beside_its_scope() -> None:
    thrown = '<bpmn:escalationEventDefinition escalationRef="esc"/>'
    inner = start("is") + throw("t", thrown) + task("a") + flows("is t a")
    inner += event_sub("es", thrown, task("b") + flows("es_s b"), False)
    run = Runner(file(inner, ESCALATION))
    assert run.open_tasks == ["a", "b"]
    run = Runner(file(inner.replace('isInterrupting="false"', 'isInterrupting="true"'), ESCALATION))
    assert run.open_tasks == ["b"]
    run.complete("b")
    assert run.completed


def test_a_condition_is_asked_whenever_it_may_have_become_true() -> None:
    inside = (
        "<bpmn:conditionalEventDefinition><bpmn:condition>n &gt; 2</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
    # n is 3 for a moment only, between two things that nothing separates.
    content = start("is") + script("y", "3", "n") + script("z", "0", "n") + end("ie") + flows("is y z ie")
    body = start() + sub("sp", content) + end() + task("u") + flows("s sp e", "b u")
    run = Runner(file(body + boundary("b", "sp", inside)), {"n": 0})
    assert run.executed == ["s", "is", "y", "b"]
    assert run.open_tasks == ["u"]
    assert run.variables == {"n": 3}
    beside = Runner(file(body + boundary("b", "sp", inside, interrupting=False)), {"n": 0})
    assert beside.executed == ["s", "is", "y", "b", "z", "ie", "sp", "e"]
    handler = event_sub("h", inside, task("u") + flows("h_s u"))
    run = Runner(file(start() + script("y", "1", "m") + handler + flows("s y")), {"n": 3})
    assert run.history == ["entered h", "entered h_s", "completed h_s", "entered u"]


def test_a_conditional_event_fires_when_its_condition_becomes_true() -> None:
    condition = (
        "<bpmn:conditionalEventDefinition><bpmn:condition>n &gt; 2</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
    body = start() + '<bpmn:parallelGateway id="f"/>' + catch("c", condition) + task("t") + task("u")
    body += (
        flows("s f c", "f t u")
        + script("x", "null")
        + flows("c x")
        + boundary("b", "u", condition)
        + end()
        + flows("b e")
    )
    run = Runner(file(body), {"n": 1})
    assert run.times("x") == 0
    run.complete("t", n=3)
    assert run.times("x") == 1
    assert run.completed
    assert "cancelled u" in run.history


def test_a_link_goes_on_at_its_catching_end() -> None:
    link = '<bpmn:linkEventDefinition name="A"/>'
    run = Runner(file(start() + throw("x", link) + catch("y", link) + task("t") + flows("s x", "y t")))
    assert run.open_tasks == ["t"]
    assert run.executed == ["s", "x", "y"]


def test_a_process_with_several_starts_begins_where_it_is_told() -> None:
    body = start() + '<bpmn:startEvent id="ms"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>'
    body += task("a") + task("b") + flows("s a", "ms b")
    assert Runner(file(body, MESSAGE)).open_tasks == ["a"]
    run = Runner(file(body, MESSAGE), {"x": 1}, start_element="ms")
    assert run.open_tasks == ["b"]
    assert run.executed == ["ms"]
    assert {(item.element_id, item.kind, item.definition) for item in run.parsed.start_events} == {
        ("s", "none", ""),
        ("ms", "message", "tender.awarded"),
    }
    with pytest.raises(StartNotPossible):
        Runner(file(body, MESSAGE), start_element="a")


def test_of_several_none_starts_one_has_to_be_chosen() -> None:
    body = start() + start("y") + task("a") + task("b") + flows("s a", "y b")
    with pytest.raises(StartNotPossible) as wrong:
        Runner(file(body))
    assert wrong.value.facts == {"process": "p", "start_element": None, "possible": ["s", "y"]}
    run = Runner(file(body), start_element="y")
    assert (run.open_tasks, run.history) == (["b"], ["entered y", "completed y", "entered b"])
    run.complete("b")
    assert run.completed


def test_a_receive_task_may_start_the_process() -> None:
    body = '<bpmn:receiveTask id="r" messageRef="m" instantiate="true"/>' + task("t") + end() + flows("r t e")
    run = Runner(file(body, MESSAGE), {"amount": 1}, start_element="r")
    assert run.history == ["entered r", "completed r", "entered t"]
    assert [(item.element_id, item.kind, item.definition) for item in run.parsed.start_events] == [
        ("r", "message", "tender.awarded")
    ]
    with pytest.raises(StartNotPossible):
        Runner(file(body, MESSAGE))


def test_the_events_behind_an_instantiating_gateway_each_start_the_process() -> None:
    body = '<bpmn:eventBasedGateway id="g1" instantiate="true"/>' + task("a") + task("b")
    body += catch("c1", '<bpmn:messageEventDefinition messageRef="m"/>') + catch("c2", timer("timeCycle", "R/P1M"))
    body += flows("g1 c1 a", "g1 c2 b")
    run = Runner(file(body, MESSAGE), start_element="c2")
    assert run.open_tasks == ["b"]
    assert run.executed == ["c2"]
    assert {(item.element_id, item.kind) for item in run.parsed.start_events} == {("c1", "message"), ("c2", "timer")}


def test_a_fired_timer_cannot_fire_again() -> None:
    run = Runner(file(start() + catch("c", timer("timeDuration", "PT1H")) + task("t") + flows("s c t")))
    uid = next(iter(run.timers))
    run.fire("c")
    with pytest.raises(NotWaiting):
        run.live.fire_timer(uid, run.now)


def test_a_flow_that_loops_back_reenters_the_task() -> None:
    body = start() + task("t") + '<bpmn:exclusiveGateway id="g" default="g_e"/>' + end()
    run = Runner(file(body + flows("s t g e") + flow("g", "t", "again", "back")))
    run.complete("t", again=True)
    run.complete("t", again=True)
    run.complete("t", again=False)
    assert run.completed
    assert run.times("t") == 3


# --- keys ----------------------------------------------------------------------------------------------------

PROPERTY = (
    '<bpmn:correlationProperty id="{0}"><bpmn:correlationPropertyRetrievalExpression messageRef="m">'
    "<bpmn:messagePath>{1}</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
)
KEY = (
    '<bpmn:message id="m" name="paid"/>' + PROPERTY.format("c1", "order.no") + PROPERTY.format("c2", "year")
    + '<bpmn:collaboration id="co"><bpmn:correlationKey id="ck">'
    "<bpmn:correlationPropertyRef>c1</bpmn:correlationPropertyRef><bpmn:correlationPropertyRef>c2</bpmn:correlationPropertyRef></bpmn:correlationKey></bpmn:collaboration>"
)  # fmt: skip
BOUND = (
    '<bpmn:correlationPropertyBinding correlationPropertyRef="{0}"><bpmn:dataPath>{1}</bpmn:dataPath>'
    "</bpmn:correlationPropertyBinding>"
)
SUBSCRIPTION = (
    f'<bpmn:correlationSubscription id="cs" correlationKeyRef="ck">{BOUND.format("c1", "no")}{BOUND.format("c2", "y")}'
    "</bpmn:correlationSubscription>"
)


def by_key(attributes: str = "") -> bytes:
    waits = f'<bpmn:receiveTask id="r" messageRef="m"{attributes}/>'
    split = '<bpmn:parallelGateway id="f"/>'
    return file(SUBSCRIPTION + start() + split + task("t") + waits + flows("s f t", "f r"), KEY)


def test_a_message_is_awaited_by_the_key_that_the_subscription_binds() -> None:
    run = Runner(by_key(), {"no": 7, "y": 2026})
    (opened,) = run.subscriptions.values()
    assert (opened.correlation, opened.retrieval) == ([7, 2026], "[order.no, year]")
    assert run.parsed.names_read == {"no", "y"}
    run.deliver("r")
    assert "completed r" in run.history
    explicit = Runner(by_key(' lm:correlation="=no"'), {"no": 7})
    (opened,) = explicit.subscriptions.values()
    assert (opened.correlation, opened.retrieval) == (7, None)


def test_a_key_follows_the_variables_it_comes_from() -> None:
    run = Runner(by_key(), {"no": 7})
    (opened,) = run.subscriptions.values()
    assert opened.correlation is None
    run.complete("t", y=2026)
    (later,) = run.subscriptions.values()
    assert (later.task_uid, later.correlation) == (opened.task_uid, [7, 2026])
    run.set(no=8)
    assert [each.correlation for each in run.subscriptions.values()] == [[8, 2026]]
    assert run.last.subscriptions_closed == (opened.task_uid,)
    run.set(aside=1)
    assert run.last.subscriptions_closed == ()
    run.deliver("r")
    assert run.completed


# --- conditions that start a process -------------------------------------------------------------------------

LEDGER = '<bpmn:dataStore id="d1" name="ledger" lm:party="district"/><bpmn:dataStore id="d2" name="other"/>'
BOOK = '<bpmn:dataStoreReference id="b" name="book" dataStoreRef="d1" lm:key="A"/>'


OTHER = '<bpmn:dataStoreReference id="o" name="other" dataStoreRef="d2"/>'


def conditional(condition: str, drawn: str = BOOK) -> bytes:
    inside = f"<bpmn:conditionalEventDefinition><bpmn:condition>{condition}</bpmn:condition>"
    begins = f'<bpmn:startEvent id="s">{inside}</bpmn:conditionalEventDefinition></bpmn:startEvent>'
    return file(drawn + begins + task("t") + flows("s t"), LEDGER)


def test_a_condition_that_starts_a_process_reads_the_stores_drawn_in_it() -> None:
    run = Runner(conditional("book.count &gt; 2 and today() &gt; date(2026, 1, 1)"), start_element="s")
    assert run.open_tasks == ["t"]
    assert [(each.kind, each.stores) for each in run.parsed.start_events] == [("condition", (("ledger", "district"),))]
    assert run.parsed.names_read == frozenset()


@pytest.mark.parametrize(
    ("condition", "drawn", "rule"),
    [
        ("book &gt; 2 and amount &gt; 1", BOOK, "condition-of-process"),
        ("today() &gt; date(2026, 1, 1)", BOOK, "condition-of-process"),
        ("book &gt; other", BOOK + OTHER, "condition-of-process"),
        ("book &gt; 2", BOOK.replace('"A"', '"=no"'), "condition-never-asked"),
        ("view &gt; 2", '<bpmn:dataStoreReference id="b" name="view" dataStoreRef="d3"/>', "unresolved-reference"),
    ],
)  # fmt: skip
def test_a_condition_that_nobody_would_ask_does_not_start_a_process(condition: str, drawn: str, rule: str) -> None:
    with pytest.raises(DefinitionRefused) as refused:
        parse(conditional(condition, drawn))
    assert rule in {finding.rule for finding in refused.value.findings}
