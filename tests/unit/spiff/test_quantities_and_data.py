"""Start and completion quantities, behaviours of multi-instance activities, global tasks, data and its stores."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import Services

from .runner import Runner, Shelf, boundary, end, file, flows, script, start, task

FORK = '<bpmn:parallelGateway id="f"/>'


def test_an_activity_that_needs_several_tokens_begins_with_the_last_of_them() -> None:
    body = start() + FORK + task("a") + task("b") + task("x", startQuantity="2") + flows("s f a x", "f b x")
    run = Runner(file(body))
    run.complete("a")
    assert run.open_tasks == ["b"]
    run.complete("b")
    assert run.open_tasks == ["x"]
    run.complete("x")
    assert run.completed
    assert run.times("x") == 1


def test_tokens_that_never_become_enough_are_an_incident() -> None:
    run = Runner(file(start() + task("x", startQuantity="2") + flows("s x")))
    assert list(run.incidents.values()) == [("x", "deadlock")]


def test_an_activity_may_leave_several_tokens_behind() -> None:
    run = Runner(file(start() + task("x", completionQuantity="3") + task("y") + flows("s x y")))
    run.complete("x")
    assert run.open_tasks == ["y", "y", "y"]
    for _ in range(3):
        run.complete("y")
    assert run.completed


ROOTS = (
    '<bpmn:signal id="sig" name="one done"/><bpmn:signalEventDefinition id="told" signalRef="sig"/>'
    '<bpmn:escalation id="esc" escalationCode="half"/><bpmn:escalationEventDefinition id="half" escalationRef="esc"/>'
    '<bpmn:error id="err" errorCode="bad"/>'
)


def many(attributes: str, inside: str = "") -> str:
    return (
        f"<bpmn:multiInstanceLoopCharacteristics {attributes}>{inside}<bpmn:loopCardinality>3</bpmn:loopCardinality>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def test_behaviour_none_throws_its_event_for_every_instance() -> None:
    run = Runner(file(start() + task("x", many('behavior="None" noneBehaviorEventRef="told"')) + flows("s x"), ROOTS))
    for index in range(3):
        run.complete("x", index=index)
        assert len(run.thrown) == index + 1
    assert {thrown.name for thrown in run.thrown} == {"one done"}
    assert run.completed


def test_behaviour_one_throws_its_event_for_the_first_instance_and_the_border_catches_it() -> None:
    border = boundary("b", "x", '<bpmn:escalationEventDefinition escalationRef="esc"/>', interrupting=False)
    body = start() + task("x", many('behavior="One" oneBehaviorEventRef="half"')) + border + task("t")
    run = Runner(file(body + flows("s x", "b t"), ROOTS))
    run.complete("x", index=1)
    assert run.open_tasks == ["t", "x", "x"]
    run.complete("x", index=0)
    run.complete("x", index=2)
    assert run.times("b") == 1


def test_complex_behaviour_asks_its_conditions_after_each_instance() -> None:
    inside = (
        "<bpmn:complexBehaviorDefinition><bpmn:condition>nrOfCompletedInstances = 2</bpmn:condition>"
        '<bpmn:event id="ie"><bpmn:errorEventDefinition errorRef="err"/></bpmn:event></bpmn:complexBehaviorDefinition>'
    )
    border = boundary("b", "x", '<bpmn:errorEventDefinition errorRef="err"/>') + task("t")
    run = Runner(file(start() + task("x", many('behavior="Complex"', inside)) + border + flows("s x", "b t"), ROOTS))
    run.complete("x", index=0)
    assert run.open_tasks == ["x", "x"]
    run.complete("x", index=1)
    assert run.open_tasks == ["t"]
    assert run.times("x", "cancelled") == 2  # the last instance and the whole


def test_a_call_of_a_global_task_is_that_task_with_the_calls_border_and_mappings() -> None:
    roots = (
        '<bpmn:globalUserTask id="ask" name="询问"/>'
        '<bpmn:globalScriptTask id="twice" scriptLanguage="feel" camunda:resultVariable="n">'
        "<bpmn:script>n * 2</bpmn:script></bpmn:globalScriptTask>"
    )
    body = (
        start() + '<bpmn:callActivity id="a" calledElement="ask"/><bpmn:callActivity id="b" calledElement="twice"/>'
        + end() + flows("s a b e")
    )  # fmt: skip
    run = Runner(file(body, roots), {"n": 4})
    assert [opened.name for opened in run.tasks.values()] == ["询问"]
    run.complete("a")
    assert run.completed
    assert str(run.variables["n"]) == "8"


def data(kind: str, inside: str) -> str:
    return f"<bpmn:data{kind}Association>{inside}</bpmn:data{kind}Association>"


def test_data_associations_are_mappings_in_and_out() -> None:
    objects = (
        '<bpmn:dataObject id="do1"/><bpmn:dataObjectReference id="dr1" name="amount" dataObjectRef="do1"/>'
        '<bpmn:dataObject id="do2"/><bpmn:dataObjectReference id="dr2" name="doubled" dataObjectRef="do2"/>'
    )
    io = '<bpmn:dataInput id="in" name="n"/><bpmn:dataOutput id="out" name="r"/>'
    io = f"<bpmn:ioSpecification>{io}</bpmn:ioSpecification>"
    inside = (
        io
        + data("Input", "<bpmn:sourceRef>dr1</bpmn:sourceRef><bpmn:targetRef>in</bpmn:targetRef>")
        + data("Output", "<bpmn:sourceRef>out</bpmn:sourceRef><bpmn:targetRef>dr2</bpmn:targetRef>")
    )
    run = Runner(file(objects + start() + script("x", "n * 2", "r", inside) + end() + flows("s x e")), {"amount": 21})
    assert run.completed
    assert str(run.variables["doubled"]) == "42"
    assert not {"n", "r"} & set(run.variables)


def test_a_transformation_and_assignments_say_what_is_passed() -> None:
    objects = '<bpmn:property id="pa" name="a"/><bpmn:property id="pb" name="b"/>'
    transform = data(
        "Input",
        "<bpmn:sourceRef>pa</bpmn:sourceRef><bpmn:targetRef>pb</bpmn:targetRef>"
        "<bpmn:transformation>a + 1</bpmn:transformation>",
    )
    assign = data(
        "Output",
        "<bpmn:targetRef>pa</bpmn:targetRef><bpmn:assignment><bpmn:from>done * 10</bpmn:from><bpmn:to>a</bpmn:to>"
        "</bpmn:assignment>",
    )
    run = Runner(file(objects + start() + script("x", "b", "done", transform + assign) + flows("s x")), {"a": 1})
    assert str(run.variables["a"]) == "20"


def test_an_association_that_a_modeller_drew_for_the_reader_changes_nothing() -> None:
    objects = '<bpmn:dataObject id="do1"/><bpmn:dataObjectReference id="dr1" name="paper" dataObjectRef="do1"/>'
    drawn = '<bpmn:property id="px" name="__targetRef_placeholder"/>' + data(
        "Input", "<bpmn:sourceRef>dr1</bpmn:sourceRef><bpmn:targetRef>px</bpmn:targetRef>"
    )
    run = Runner(file(objects + start() + task("x", drawn) + flows("s x")), {"paper": "计划"})
    assert next(iter(run.tasks.values())).local == {}
    run.complete("x", note="ok")
    assert run.variables == {"paper": "计划", "note": "ok"}
    assert [finding.rule for finding in run.parsed.findings] == ["data-association"]


# --- data stores ---------------------------------------------------------------------------------------------

LEDGER = '<bpmn:dataStore id="d1" name="ledger"/>'
REFERENCE = '<bpmn:dataStoreReference id="sr" name="book" dataStoreRef="d1"/>'
N = '<bpmn:property id="pn" name="n"/>'


def reads(key: str = "", transformation: str = "") -> str:
    inside = f"<bpmn:transformation>{transformation}</bpmn:transformation>" if transformation else ""
    inside = f"<bpmn:sourceRef>sr</bpmn:sourceRef><bpmn:targetRef>pn</bpmn:targetRef>{inside}"
    return data("Input", inside).replace(">", f' lm:key="{key}">' if key else ">", 1)


def writes(value: str, key: str = "") -> str:
    inside = f"<bpmn:targetRef>sr</bpmn:targetRef><bpmn:transformation>{value}</bpmn:transformation>"
    return data("Output", inside).replace(">", f' lm:key="{key}">' if key else ">", 1)


def test_a_store_is_read_and_written_by_the_key_that_the_association_names() -> None:
    shelf = Shelf()
    shelf.held["ledger", "A"] = 40
    body = (
        REFERENCE + N + start() + script("x", "n + 1", "r", reads("=no", "book + 1") + writes("r", "=no")) + end()
        + flows("s x e")
    )  # fmt: skip
    run = Runner(file(body, LEDGER), {"no": "A"}, Services(stores=shelf))
    assert run.history == ["entered s", "completed s", "entered x", "completed x", "entered e", "completed e"]
    assert shelf.held == {("ledger", "A"): 42}
    assert shelf.locked == ["x"]
    assert run.parsed.names_read == {"no", "n", "r"}


def test_what_is_written_to_a_store_is_null_again_when_null_is_written() -> None:
    shelf = Shelf()
    body = REFERENCE + start() + task("a", writes("paper")) + task("b", writes("null")) + end() + flows("s a b e")
    run = Runner(file(body, LEDGER), {}, Services(stores=shelf))
    run.complete("a", paper="draft")
    assert shelf.held == {("ledger", ""): "draft"}
    run.complete("b")
    assert shelf.held == {("ledger", ""): None}
    assert run.completed


def test_a_key_without_a_value_is_an_incident_before_anything_is_read() -> None:
    shelf = Shelf()
    body = REFERENCE + N + start() + script("x", "n", "r", reads("=no")) + end() + flows("s x e")
    run = Runner(file(body, LEDGER), {}, Services(stores=shelf))
    assert list(run.incidents.values()) == [("x", "store_key_missing")]
    run.set(no="A")
    run.retry("x")
    assert run.completed


def test_a_store_that_cannot_be_written_parks_the_activity_and_a_retry_does_nothing_twice() -> None:
    shelf, done = Shelf(full=["ledger"]), []

    def connector(topic: str, _inputs: Mapping[str, object], _element: str) -> Mapping[str, object]:
        done.append(topic)
        return {"number": 7}

    service = (
        f'<bpmn:serviceTask id="x" camunda:type="external" camunda:topic="mail">{writes("number")}</bpmn:serviceTask>'
    )
    body = REFERENCE + start() + service + end() + flows("s x e")
    run = Runner(file(body, LEDGER), {}, Services(run_inline=connector, stores=shelf))
    assert list(run.incidents.values()) == [("x", "full")]
    shelf.full.clear()
    run.retry("x")
    assert run.completed
    assert (shelf.held, done) == ({("ledger", ""): 7}, ["mail"])


def test_a_job_whose_result_finds_no_room_is_not_done_again() -> None:
    shelf = Shelf(full=["ledger"])
    service = (
        f'<bpmn:serviceTask id="x" camunda:type="external" camunda:topic="mail">{writes("number")}</bpmn:serviceTask>'
    )
    body = REFERENCE + start() + service + task("t", writes("number", "t")) + end() + flows("s x t e")
    run = Runner(file(body, LEDGER), {}, Services(stores=shelf))
    run.finish_job("x", number=7)
    assert (list(run.incidents.values()), run.jobs) == ([("x", "full")], {})
    shelf.full.clear()
    run.retry("x")
    assert (shelf.held, run.open_tasks) == ({("ledger", ""): 7}, ["t"])
    shelf.full.add("ledger")
    with pytest.raises(LastmeterError):
        run.complete("t", number=8)


def test_each_repetition_writes_its_own_entry_and_runs_over_what_a_store_holds() -> None:
    shelf = Shelf()
    shelf.held["ledger", ""] = ["x", "y"]
    many = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="n" camunda:elementVariable="each"/>'
    body = REFERENCE + N + start() + task("t", reads() + writes("done", "=each") + many) + end() + flows("s t e")
    run = Runner(file(body, LEDGER), {}, Services(stores=shelf))
    run.complete("t", index=1, done=2)
    run.complete("t", index=0, done=1)
    assert run.completed
    assert shelf.held == {("ledger", ""): ["x", "y"], ("ledger", "x"): 1, ("ledger", "y"): 2}


def test_events_and_tasks_without_work_write_to_stores_too() -> None:
    shelf = Shelf()
    message = '<bpmn:messageEventDefinition messageRef="m"/>'
    catch = f'<bpmn:intermediateCatchEvent id="c">{writes("sum", "c")}{message}</bpmn:intermediateCatchEvent>'
    plain = f'<bpmn:task id="t">{writes("sum", "t")}</bpmn:task>'
    first = f'<bpmn:startEvent id="s">{writes("1", "s")}</bpmn:startEvent>'
    body = REFERENCE + first + catch + plain + end() + flows("s c t e")
    run = Runner(file(body, LEDGER + '<bpmn:message id="m" name="paid"/>'), {}, Services(stores=shelf))
    run.deliver("c", sum=5)
    assert run.completed
    assert shelf.held == {("ledger", "s"): 1, ("ledger", "c"): 5, ("ledger", "t"): 5}


def test_a_thrown_message_carries_what_a_store_holds() -> None:
    shelf = Shelf()
    shelf.held["ledger", ""] = 12
    message = '<bpmn:messageEventDefinition messageRef="m"/>'
    throw = f'<bpmn:intermediateThrowEvent id="x">{reads()}{message}</bpmn:intermediateThrowEvent>'
    body = REFERENCE + N + start() + throw + end() + flows("s x e")
    run = Runner(file(body, LEDGER + '<bpmn:message id="m" name="told"/>'), {}, Services(stores=shelf))
    assert [(thrown.name, thrown.payload) for thrown in run.thrown] == [("told", {"n": 12})]
    assert run.completed


# --- what an activity waits for ------------------------------------------------------------------------------

OBJECTS = "".join(
    f'<bpmn:dataObject id="o{name}"/><bpmn:dataObjectReference id="r{name}" name="{name}" dataObjectRef="o{name}"/>'
    for name in "ab"
)


def needs(*sets: str, more: str = "") -> str:
    """Inputs `ia` and `ib`, filled by the data objects a and b; each set names those it needs, like `a b`."""
    inputs = "".join(f'<bpmn:dataInput id="i{name}" name="{name}"/>' for name in "ab")
    refs = "".join(
        "<bpmn:inputSet>"
        + "".join(f"<bpmn:dataInputRefs>i{name}</bpmn:dataInputRefs>" for name in each.split())
        + f"{more}</bpmn:inputSet>"
        for each in sets
    )
    ends = "<bpmn:sourceRef>r{0}</bpmn:sourceRef><bpmn:targetRef>i{0}</bpmn:targetRef>"
    return f"<bpmn:ioSpecification>{inputs}{refs}</bpmn:ioSpecification>" + "".join(
        data("Input", ends.format(name)) for name in "ab"
    )


def beside(waiting: str) -> bytes:
    """`x` waits beside the task `t`."""
    return file(OBJECTS + start() + FORK + task("t") + task("x", waiting) + flows("s f t", "f x"))


def test_an_activity_waits_for_one_of_its_input_sets() -> None:
    run = Runner(beside(needs("a b", "b")))
    assert run.open_tasks == ["t"]
    run.set(a=1)
    assert run.open_tasks == ["t"]
    run.set(b=2)
    assert run.open_tasks == ["t", "x"]
    assert run.parsed.names_read >= {"a", "b"}
    at_once = Runner(beside(needs("a b")), {"a": 1, "b": False})
    assert at_once.open_tasks == ["t", "x"]


def test_what_is_optional_or_may_come_later_is_not_waited_for() -> None:
    optional = "<bpmn:optionalInputRefs>ia</bpmn:optionalInputRefs>"
    later = "<bpmn:whileExecutingInputRefs>ib</bpmn:whileExecutingInputRefs>"
    assert Runner(beside(needs("a b", more=optional + later))).open_tasks == ["t", "x"]
    assert Runner(beside(needs("a b", more=optional))).open_tasks == ["t"]
    assert Runner(beside(needs("a", ""))).open_tasks == ["t", "x"]
    assert Runner(beside(needs())).open_tasks == ["t", "x"]


def test_data_that_nothing_can_bring_any_more_is_an_incident() -> None:
    run = Runner(beside(needs("a b")), {"a": 1})
    assert not run.incidents
    run.complete("t")
    assert list(run.incidents.values()) == [("x", "data_missing")]
    run.retry("x")
    assert list(run.incidents.values()) == [("x", "data_missing")]
    run.set(b=2)
    run.retry("x")
    assert run.open_tasks == ["x"]
    assert run.history[-2:] == ["failed x", "entered x"]


def test_while_something_may_still_bring_it_no_waiting_for_data_is_an_incident() -> None:
    alarm = '<bpmn:startEvent id="y"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>'
    inside = f'<bpmn:subProcess id="esp" triggeredByEvent="true">{alarm}</bpmn:subProcess>'
    body = OBJECTS + start() + task("x", needs("a")) + inside + flows("s x")
    run = Runner(file(body, '<bpmn:message id="m" name="told"/>'))
    assert not run.incidents
    run.deliver("y", a=1)
    assert run.completed
    assert "entered x" not in run.history


def test_an_activity_that_waits_for_data_in_a_sub_process_is_told_when_an_operator_sets_it() -> None:
    many = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality>"
    inside = start("is") + task("x", needs("a")) + flows("is x")
    sub = f'<bpmn:subProcess id="sub">{many}</bpmn:multiInstanceLoopCharacteristics>{inside}</bpmn:subProcess>'
    run = Runner(file(OBJECTS + start() + sub + flows("s sub")))
    assert list(run.incidents.values()) == [("x", "data_missing")] * 2
    waits = Runner(file(OBJECTS + start() + FORK + sub + task("t") + flows("s f sub", "f t")))
    assert waits.open_tasks == ["t"]
    waits.set(a=1)
    assert waits.open_tasks == ["t", "x", "x"]


def test_a_repetition_over_a_data_input_begins_when_the_list_is_there() -> None:
    many = (
        '<bpmn:multiInstanceLoopCharacteristics><bpmn:loopDataInputRef>ia</bpmn:loopDataInputRef>'
        '<bpmn:inputDataItem id="each" name="each"/></bpmn:multiInstanceLoopCharacteristics>'
    )  # fmt: skip
    run = Runner(beside(needs("a") + many))
    run.set(a=["x", "y"])
    assert run.open_tasks == ["t", "x", "x"]


def test_what_waits_for_data_is_cancelled_with_its_scope_and_says_nothing() -> None:
    run = Runner(beside(needs("a")))
    run.cancel()
    assert run.completed
    assert not [line for line in run.history if line.endswith(" x")]
