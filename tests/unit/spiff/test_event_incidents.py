"""What happens and cannot be worked off is an incident where it happened: no call fails, nothing is done twice."""

from __future__ import annotations

from lastmeter.workflow.spiff import Services

from .catalogue.drawing import DAY, MESSAGE, ROOTS, SIGNAL, catch, element, gateway, handled, many, sub, throw
from .runner import Runner, Shelf, boundary, end, file, flow, flows, script, start, task, timer

UNDO = "<bpmn:compensateEventDefinition/>"
RECEIVES = element("receiveTask", "", 'messageRef="m"')
# Null where n is missing.
SOMETIME = timer("timeDuration", "=n")


def beside(begins: str, inside: str, identity: str = "sp", interrupting: bool = False) -> str:
    """An event sub-process that starts by x."""
    first = element("startEvent", begins, f'isInterrupting="{str(interrupting).lower()}"', f"{identity}_x")
    return sub(first + inside, identity, 'triggeredByEvent="true"')


def test_a_message_that_no_flow_leads_on_from_is_kept_and_parks_its_task() -> None:
    body = start() + RECEIVES + task("a") + flows("s x") + flow("x", "a", "n &gt; 1")
    run = Runner(file(body, ROOTS))
    run.deliver("x", n=1)
    assert {code for _, code in run.incidents.values()} == {"no_flow_taken"}
    assert run.variables["n"] == 1
    run.set(n=2)
    run.retry("x")
    assert run.open_tasks == ["a"]
    assert run.history[-3:] == ["failed x", "completed x", "entered a"]


def test_an_event_whose_result_cannot_be_kept_is_not_waited_for_any_more() -> None:
    store = (
        '<bpmn:dataOutputAssociation id="o"><bpmn:targetRef>ref</bpmn:targetRef>'
        "<bpmn:transformation>1</bpmn:transformation></bpmn:dataOutputAssociation>"
    )
    body = start() + catch(MESSAGE + DAY + store) + end() + flows("s x e")
    shelf = Shelf(full=["ledger"])
    body += '<bpmn:dataStoreReference id="ref" name="ledger"/>'
    run = Runner(file(body, ROOTS), services=Services(stores=shelf))
    run.deliver("x", n=1)
    assert {code for _, code in run.incidents.values()} == {"full"}
    assert (run.timers, run.subscriptions) == ({}, {})
    shelf.full.clear()
    run.retry("x")
    assert run.completed
    assert run.times("x") == 1


def test_an_event_sub_process_that_cannot_wait_is_an_incident_and_the_process_begins() -> None:
    body = start() + task("t") + flows("s t") + beside(SOMETIME, task("u") + flows("sp_x u"))
    run = Runner(file(body))
    assert run.open_tasks == ["t"]
    assert set(run.incidents.values()) == {("sp_x", "timer_not_understood")}
    run.retry("sp_x")
    assert set(run.incidents.values()) == {("sp_x", "timer_not_understood")}
    run.set(n="P1D")
    run.retry("sp_x")
    assert run.incidents == {}
    run.fire("sp_x")
    assert run.open_tasks == ["t", "u"]


def test_an_event_sub_process_that_nobody_mended_ends_with_its_scope() -> None:
    run = Runner(file(start() + task("t") + flows("s t") + beside(SOMETIME, task("u") + flows("sp_x u"))))
    run.complete("t")
    assert run.completed
    assert run.last.incidents_closed


def test_an_event_sub_process_within_another_that_cannot_wait_does_not_hinder_it() -> None:
    inner = beside(SOMETIME, task("w") + flows("inner_x w"), "inner")
    body = start() + task("t") + flows("s t") + beside(SIGNAL, task("u") + flows("sp_x u") + inner)
    run = Runner(file(body, ROOTS))
    run.deliver("sp_x")
    assert run.open_tasks == ["t", "u"]
    assert set(run.incidents.values()) == {("inner_x", "timer_not_understood")}


def test_one_that_needs_several_events_and_cannot_wait_for_one_waits_for_none() -> None:
    first = element("startEvent", MESSAGE + SOMETIME, 'isInterrupting="false" parallelMultiple="true"', "y")
    around = sub(first + task("u") + flows("y u"), "sp", 'triggeredByEvent="true"')
    run = Runner(file(start() + task("t") + flows("s t") + around, ROOTS))
    assert (len(run.incidents), run.subscriptions) == (1, {})
    run.set(n="P1D")
    run.retry("y")
    assert (len(run.timers), len(run.subscriptions)) == (1, 1)
    run.set(n=None)
    run.deliver("y")
    run.fire("y")
    # It has happened once and cannot wait anew.
    assert run.open_tasks == ["t", "u"]
    assert (len(run.incidents), run.subscriptions, run.timers) == (1, {}, {})


def test_a_retried_completion_condition_does_not_run_the_instance_again() -> None:
    counted = many('isSequential="true"', "<bpmn:loopCardinality>2</bpmn:loopCardinality>").replace(
        "</bpmn:multi", "<bpmn:completionCondition>enough</bpmn:completionCondition></bpmn:multi"
    )
    body = start() + script("x", "if c = null then 1 else c + 1", "c", counted) + end() + flows("s x e")
    run = Runner(file(body), {"enough": 5})
    assert set(run.incidents.values()) == {("x", "condition_not_boolean")}
    assert run.variables["c"] == 1
    run.set(enough=False)
    run.retry("x")
    assert run.completed
    assert run.variables["c"] == 2


def test_an_instance_that_waits_for_its_completion_condition_keeps_what_it_wrote() -> None:
    counted = many("", "<bpmn:loopCardinality>2</bpmn:loopCardinality>").replace(
        "</bpmn:multi", "<bpmn:completionCondition>enough</bpmn:completionCondition></bpmn:multi"
    )
    run = Runner(file(start() + task("x", counted) + end() + flows("s x e")), {"enough": 5})
    run.complete("x", index=1, said="yes")
    assert set(run.incidents.values()) == {("x", "condition_not_boolean")}
    run.set(enough=True)
    run.retry("x")
    assert run.completed
    assert run.variables["said"] == "yes"


def test_what_waits_behind_a_gateway_has_its_mapped_inputs() -> None:
    mapped = (
        "<bpmn:extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="base">=40</camunda:inputParameter>'
        '<camunda:outputParameter name="sum">=base + n</camunda:outputParameter>'
        "</camunda:inputOutput></bpmn:extensionElements>"
    )
    body = (
        start() + gateway("eventBased", "g") + element("receiveTask", mapped, 'messageRef="m"') + catch(DAY, "y")
        + end() + flows("s g x e", "g y e")
    )  # fmt: skip
    run = Runner(file(body, ROOTS))
    run.deliver("x", n=2)
    assert run.completed
    assert run.variables["sum"] == 42


def test_a_handler_that_is_interrupted_is_over_and_the_next_one_follows() -> None:
    body = (
        start() + handled("a") + handled("b") + boundary("late", "ub", DAY) + task("w") + throw(UNDO) + end()
        + flows("s a b x e", "late w")
    )  # fmt: skip
    run = Runner(file(body))
    run.complete("a")
    run.complete("b")
    run.fire("late")
    assert run.open_tasks == ["ua", "w"]
    run.complete("ua")
    assert run.open_tasks == ["w"]
    assert run.times("x") == run.times("e") == 1
    run.complete("w")
    assert run.completed
