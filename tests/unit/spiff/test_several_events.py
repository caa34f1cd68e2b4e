"""Events with several definitions, any or all of them; gateways that start the process and wait for everything."""

from __future__ import annotations

import pytest

from lastmeter.workflow.spiff import StartInfo, parse

from .runner import Runner, boundary, end, file, flows, start, task, timer

ROOTS = (
    '<bpmn:message id="m" name="paid"/><bpmn:signal id="sig" name="stop"/><bpmn:error id="err" errorCode="E"/>'
    '<bpmn:escalation id="esc" escalationCode="late"/>'
)
MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="sig"/>'
ERROR = '<bpmn:errorEventDefinition errorRef="err"/>'
ESCALATION = '<bpmn:escalationEventDefinition escalationRef="esc"/>'
DAY = timer("timeDuration", "P1D")
MANY = "<bpmn:condition>amount &gt; 100</bpmn:condition>"
RICH = f"<bpmn:conditionalEventDefinition>{MANY}</bpmn:conditionalEventDefinition>"


def catch(inside: str, attributes: str = "") -> bytes:
    event = f'<bpmn:intermediateCatchEvent id="x"{attributes}>{inside}</bpmn:intermediateCatchEvent>'
    return file(start() + event + task("t") + flows("s x t"), ROOTS)


@pytest.mark.parametrize("first", ["message", "signal", "timer"])
def test_the_first_of_several_events_goes_on_and_the_others_are_waited_for_no_more(first: str) -> None:
    run = Runner(catch(MESSAGE + SIGNAL + DAY))
    assert sorted(opened.name for opened in run.subscriptions.values()) == ["paid", "stop"]
    if first == "timer":
        run.fire("x")
    else:
        name = {"message": "paid", "signal": "stop"}[first]
        uid = next(uid for uid, opened in run.subscriptions.items() if opened.name == name)
        run._step(lambda live, uid: live.deliver(uid, {"who": first}, run.now), uid)
    assert (run.open_tasks, run.subscriptions, run.timers) == (["t"], {}, {})
    assert run.history == ["entered s", "completed s", "entered x", "completed x", "entered t"]


def test_an_event_that_needs_all_goes_on_after_the_last_with_what_each_brought() -> None:
    run = Runner(catch(MESSAGE + SIGNAL + RICH, ' parallelMultiple="true"'), {"amount": 1})
    uids = {opened.name: uid for uid, opened in run.subscriptions.items()}
    run._step(lambda live, uid: live.deliver(uid, {"a": 1}, run.now), uids["stop"])
    run._step(lambda live, uid: live.deliver(uid, {"b": 2}, run.now), uids["paid"])
    assert run.open_tasks == []
    run.set(amount=200)
    assert run.open_tasks == ["t"]
    assert {name: str(run.variables[name]) for name in "ab"} == {"a": "1", "b": "2"}


def test_a_boundary_event_catches_any_of_its_kinds_an_error_among_them() -> None:
    host = '<bpmn:serviceTask id="h" camunda:type="external" camunda:topic="x"/>'
    body = start() + host + boundary("b", "h", MESSAGE + ERROR + DAY) + task("t") + flows("s h", "b t")
    run = Runner(file(body, ROOTS))
    run.fail("h", "E")
    assert (run.open_tasks, run.timers, run.subscriptions) == (["t"], {}, {})
    other = Runner(file(body, ROOTS))
    other.fire("b")
    assert "cancelled h" in other.history
    assert other.open_tasks == ["t"]


def test_a_non_interrupting_boundary_event_goes_on_listening_to_each_of_its_events() -> None:
    body = start() + task("h") + boundary("b", "h", MESSAGE + timer("timeCycle", "R2/P1D"), interrupting=False)
    run = Runner(file(body + task("t") + flows("s h", "b t"), ROOTS))
    run.deliver("b")
    run.fire("b")
    run.fire("b")
    run.deliver("b")
    assert run.open_tasks == ["h", "t", "t", "t", "t"]
    assert run.timers == {}


def test_a_non_interrupting_event_that_needs_all_begins_anew_after_each_time() -> None:
    event = (
        '<bpmn:boundaryEvent id="b" attachedToRef="h" cancelActivity="false" parallelMultiple="true">'
        f"{MESSAGE}{SIGNAL}</bpmn:boundaryEvent>"
    )
    run = Runner(file(start() + task("h") + event + task("t") + flows("s h", "b t"), ROOTS))
    for _ in range(2):
        run.deliver("b")
        run.deliver("b")
    assert run.open_tasks == ["h", "t", "t"]
    assert len(run.subscriptions) == 2


def test_an_event_sub_process_may_start_by_any_of_several_events() -> None:
    inside = f'<bpmn:startEvent id="es" isInterrupting="false">{ESCALATION}{MESSAGE}</bpmn:startEvent>' + task("et")
    sub = f'<bpmn:subProcess id="esp" triggeredByEvent="true">{inside}{flows("es et")}</bpmn:subProcess>'
    throw = f'<bpmn:intermediateThrowEvent id="x">{ESCALATION}</bpmn:intermediateThrowEvent>'
    run = Runner(file(start() + throw + task("t") + sub + flows("s x t"), ROOTS))
    assert run.open_tasks == ["et", "t"]
    run.deliver("es")
    assert run.open_tasks == ["et", "et", "t"]


def test_a_race_may_be_won_by_one_event_of_several_definitions() -> None:
    gateway = '<bpmn:eventBasedGateway id="g"/>'
    many = f'<bpmn:intermediateCatchEvent id="x">{MESSAGE}{SIGNAL}</bpmn:intermediateCatchEvent>'
    late = f'<bpmn:intermediateCatchEvent id="y">{DAY}</bpmn:intermediateCatchEvent>'
    run = Runner(file(start() + gateway + many + late + task("t") + flows("s g x t", "g y"), ROOTS))
    run.deliver("x")
    assert (run.open_tasks, run.timers, run.subscriptions) == (["t"], {}, {})


def test_a_throwing_event_with_several_definitions_throws_all_of_them() -> None:
    body = start() + f'<bpmn:intermediateThrowEvent id="x">{MESSAGE}{ESCALATION}{SIGNAL}</bpmn:intermediateThrowEvent>'
    run = Runner(
        file(body + end("e", SIGNAL + "<bpmn:terminateEventDefinition/>") + task("t") + flows("s x e", "s t"), ROOTS)
    )
    assert [(thrown.kind, thrown.name) for thrown in run.thrown] == [
        ("message", "paid"), ("escalation", "late"), ("signal", "stop"), ("signal", "stop"),
    ]  # fmt: skip
    assert run.completed


def test_a_process_starts_by_any_of_a_start_events_definitions() -> None:
    body = f'<bpmn:startEvent id="s">{MESSAGE}{SIGNAL}</bpmn:startEvent>' + task("t") + flows("s t")
    [parsed] = parse(file(body, ROOTS))
    assert parsed.start_events == (StartInfo("s#0", "message", "paid"), StartInfo("s#1", "signal", "stop"))
    run = Runner(parsed, start_element="s#1")
    assert run.open_tasks == ["t"]
    assert run.subscriptions == {}


def test_a_start_event_that_needs_all_waits_in_the_new_instance_for_the_rest() -> None:
    body = f'<bpmn:startEvent id="s" parallelMultiple="true">{MESSAGE}{SIGNAL}</bpmn:startEvent>' + task("t")
    run = Runner(file(body + flows("s t"), ROOTS), start_element="s#1")
    assert (run.open_tasks, [opened.name for opened in run.subscriptions.values()]) == ([], ["paid"])
    run.deliver("s")
    assert run.open_tasks == ["t"]


def test_an_instantiating_gateway_that_waits_for_all_waits_for_the_other_events() -> None:
    gateway = '<bpmn:eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>'
    first = f'<bpmn:intermediateCatchEvent id="x">{MESSAGE}</bpmn:intermediateCatchEvent>'
    other = f'<bpmn:intermediateCatchEvent id="y">{SIGNAL}</bpmn:intermediateCatchEvent>'
    join = '<bpmn:parallelGateway id="j"/>'
    body = gateway + first + other + join + task("t") + flows("g x j", "g y j t")
    [parsed] = parse(file(body, ROOTS))
    assert {info.element_id for info in parsed.start_events} == {"x", "y"}
    run = Runner(parsed, start_element="y")
    assert [opened.name for opened in run.subscriptions.values()] == ["paid"]
    run.deliver("x")
    assert run.open_tasks == ["t"]


def test_message_flows_between_pools_name_the_messages_that_nobody_named() -> None:
    drawn = '<bpmn:messageFlow id="order" sourceRef="send" targetRef="get"/>'
    pools = f'<bpmn:collaboration id="c">{drawn}</bpmn:collaboration>'
    sender = '<bpmn:sendTask id="send"/>' + flows()
    receiver = f'<bpmn:startEvent id="get"><bpmn:messageEventDefinition/></bpmn:startEvent>{task("t")}{flows("get t")}'
    xml = file(sender, pools).replace(
        b"</bpmn:definitions>", f'<bpmn:process id="q">{receiver}</bpmn:process></bpmn:definitions>'.encode()
    )
    first, second = parse(xml)
    run = Runner(first)
    assert [(thrown.kind, thrown.name) for thrown in run.thrown] == [("message", "order")]
    assert second.start_events == (StartInfo("get", "message", "order"),)
