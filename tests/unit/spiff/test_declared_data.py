"""Data objects and properties belong to what declares them. Source: BPMN 2.0.2, 10.4.1."""

from __future__ import annotations

import pytest

from .catalogue.drawing import element, gateway, handled, many, sub, throw
from .runner import Runner, end, file, flows, script, start

UNDO = "<bpmn:compensateEventDefinition/>"
OBJECT = '<bpmn:dataObject id="{0}" name="v"/>'
PROPERTY = '<bpmn:property id="{0}" name="v"/>'


def around(inside: str) -> str:
    """A sub-process q between start and end."""
    return start() + sub(inside, "q") + end() + flows("s q e")


@pytest.mark.parametrize("declared", [OBJECT, PROPERTY])
def test_what_a_sub_process_declares_is_its_own(declared: str) -> None:
    inside = declared.format("own") + start("is") + script("a", "5", "v") + script("b", "v + 1", "w") + flows("is a b")
    run = Runner(file(around(inside)), {"v": 1})
    assert run.completed
    assert run.variables == {"v": 1, "w": 6}


def test_it_is_null_at_first_whatever_has_its_name_outside() -> None:
    inside = OBJECT.format("own") + script("a", "v = null", "empty")
    assert Runner(file(around(inside)), {"v": 1}).variables == {"v": 1, "empty": True}


def test_each_repetition_has_its_own() -> None:
    inside = (
        many("", "<bpmn:loopCardinality>2</bpmn:loopCardinality>") + OBJECT.format("own") + start("is")
        + script("a", "if v = null then loopCounter else 100", "v") + script("b", "v", "w") + flows("is a b")
    )  # fmt: skip
    run = Runner(file(around(inside)))
    assert run.completed
    assert run.variables == {"w": 1}


def test_a_property_of_a_task_goes_out_by_its_association_only() -> None:
    out = '<bpmn:dataOutputAssociation id="o"><bpmn:sourceRef>own</bpmn:sourceRef><bpmn:targetRef>r</bpmn:targetRef>'
    body = (
        start() + script("a", "5", "v", PROPERTY.format("own") + out + "</bpmn:dataOutputAssociation>")
        + '<bpmn:dataObject id="result" name="result"/><bpmn:dataObjectReference id="r" dataObjectRef="result"/>'
        + end() + flows("s a e")
    )  # fmt: skip
    assert Runner(file(body), {"v": 1}).variables == {"v": 1, "result": 5}
    body = start() + script("a", "5", "v", PROPERTY.format("own")) + end() + flows("s a e")
    assert Runner(file(body), {"v": 1}).variables == {"v": 1}


def test_a_handler_sees_it_as_it_was_when_the_sub_process_completed() -> None:
    undo = script("ua", "v", "seen").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"')
    inside = OBJECT.format("own") + start("is") + handled("a", undo) + script("b", "5", "v") + flows("is a b")
    run = Runner(file(start() + sub(inside, "q") + throw(UNDO) + end() + flows("s q x e")))
    run.complete("a")
    assert run.completed
    assert run.variables == {"seen": 5}


@pytest.mark.parametrize("local", [PROPERTY, "mapped"])
def test_branches_do_not_disagree_about_what_each_has_to_itself(local: str) -> None:
    mapped = (
        "<bpmn:extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="v">=0</camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements>'
    )

    def branch(name: str, value: str) -> str:
        own = mapped if local == "mapped" else local.format(f"own_{name}")
        return sub(own + start(f"s{name}") + script(f"w{name}", value, "v") + flows(f"s{name} w{name}"), name)

    body = (
        start() + gateway("parallel", "f") + branch("a", "1") + branch("b", "2") + gateway("parallel", "j") + end()
        + flows("s f a j e", "f b j")
    )  # fmt: skip
    run = Runner(file(body))
    assert run.completed
    assert run.incidents == {}


def test_branches_inside_may_disagree_about_it() -> None:
    inside = (
        PROPERTY.format("own") + start("is") + gateway("parallel", "f") + script("a", "1", "v") + script("b", "2", "v")
        + gateway("parallel", "j") + flows("is f a j", "f b j")
    )  # fmt: skip
    run = Runner(file(around(inside)))
    assert set(run.incidents.values()) == {("j", "branches_disagree")}


def test_two_references_to_one_data_object_are_one_variable() -> None:
    ins = (
        '<bpmn:ioSpecification><bpmn:dataInput id="i" name="n"/><bpmn:inputSet/><bpmn:outputSet/>'
        "</bpmn:ioSpecification><bpmn:dataInputAssociation><bpmn:sourceRef>paid</bpmn:sourceRef>"
        "<bpmn:targetRef>i</bpmn:targetRef></bpmn:dataInputAssociation>"
    )
    outs = (
        '<bpmn:ioSpecification><bpmn:dataOutput id="o" name="r"/><bpmn:inputSet/><bpmn:outputSet/>'
        "</bpmn:ioSpecification><bpmn:dataOutputAssociation><bpmn:sourceRef>o</bpmn:sourceRef>"
        "<bpmn:targetRef>placed</bpmn:targetRef></bpmn:dataOutputAssociation>"
    )
    body = (
        start() + element("dataObject", "", "", "order")
        + element("dataObjectReference", "", 'dataObjectRef="order" name="placed order"', "placed")
        + element("dataObjectReference", "", 'dataObjectRef="order" name="paid order"', "paid")
        + script("a", "7", "r", outs) + script("b", "n + 1", "w", ins) + end() + flows("s a b e")
    )  # fmt: skip
    run = Runner(file(body))
    assert run.completed
    assert run.variables["w"] == 8
