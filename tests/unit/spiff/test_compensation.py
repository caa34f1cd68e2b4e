"""What has completed is undone in reverse order: by handlers, event sub-processes, piece by piece, by cancellation."""

from __future__ import annotations

from .runner import Runner, boundary, end, file, flow, flows, script, start, task, timer

UNDO = "<bpmn:compensateEventDefinition/>"
CANCEL = "<bpmn:cancelEventDefinition/>"


def undoable(name: str, handler: str = "", repeat: str = "") -> str:
    """A user task, a compensation event on its border and its handler `undo_<name>`."""
    undo = handler or task(f"undo_{name}", isForCompensation="true")
    link = f'<bpmn:association id="link_{name}" sourceRef="c_{name}" targetRef="undo_{name}"/>'
    return task(name, repeat) + boundary(f"c_{name}", name, UNDO) + undo + link


def throw(identity: str, activity: str = "", more: str = "") -> str:
    aimed = f' activityRef="{activity}"' if activity else ""
    inside = f"<bpmn:compensateEventDefinition{aimed}{more}/>"
    return f'<bpmn:intermediateThrowEvent id="{identity}">{inside}</bpmn:intermediateThrowEvent>'


def sub(identity: str, inside: str, attributes: str = "", kind: str = "subProcess") -> str:
    return f'<bpmn:{kind} id="{identity}"{attributes}>{inside}</bpmn:{kind}>'


def test_completed_activities_are_undone_in_reverse_order_before_the_throw_goes_on() -> None:
    body = start() + undoable("a") + undoable("b") + throw("x") + task("after") + end() + flows("s a b x after e")
    run = Runner(file(body))
    run.complete("a")
    run.complete("b")
    assert run.open_tasks == ["undo_b"]
    run.complete("undo_b")
    assert run.open_tasks == ["undo_a"]
    run.complete("undo_a")
    assert run.open_tasks == ["after"]
    run.complete("after")
    assert run.completed
    assert run.history[6:] == [
        "entered x", "entered c_b", "completed c_b", "entered undo_b", "completed undo_b", "entered c_a",
        "completed c_a", "entered undo_a", "completed undo_a", "completed x", "entered after", "completed after",
        "entered e", "completed e",
    ]  # fmt: skip


def test_what_has_not_completed_is_not_undone() -> None:
    fork = '<bpmn:parallelGateway id="g"/>'
    body = start() + fork + undoable("a") + undoable("b") + throw("x") + flows("s g a x", "g b")
    run = Runner(file(body))
    run.complete("a")
    assert run.open_tasks == ["b", "undo_a"]
    run.complete("undo_a")
    run.complete("b")
    assert run.completed
    assert run.times("undo_b") == 0


def test_only_the_named_activity_is_undone_and_only_once() -> None:
    body = start() + undoable("a") + undoable("b") + throw("x", "a") + throw("y", "a") + end() + flows("s a b x y e")
    run = Runner(file(body))
    run.complete("a")
    run.complete("b")
    run.complete("undo_a")
    assert run.completed
    assert (run.times("undo_a"), run.times("undo_b"), run.times("y")) == (1, 0, 1)


def test_a_throw_that_does_not_wait_goes_on_while_handlers_run() -> None:
    body = start() + undoable("a") + throw("x", "a", ' waitForCompletion="false"') + task("after")
    run = Runner(file(body + flows("s a x after")))
    run.complete("a")
    assert run.open_tasks == ["after", "undo_a"]
    run.complete("after")
    assert not run.completed
    run.complete("undo_a")
    assert run.completed


def test_a_compensation_end_event_ends_after_the_handlers() -> None:
    run = Runner(file(start() + undoable("a") + end("e", UNDO) + flows("s a e")))
    run.complete("a")
    assert not run.completed
    run.complete("undo_a")
    assert run.completed
    assert run.executed[-1] == "e"


def test_without_anything_to_undo_the_throw_is_passed() -> None:
    run = Runner(file(start() + undoable("a") + throw("x") + task("t") + flows("s x t a")))
    assert run.open_tasks == ["t"]


def test_a_multi_instance_activity_is_undone_once_for_each_instance_with_its_element() -> None:
    attributes = 'isSequential="true" camunda:collection="streets" camunda:elementVariable="street"'
    many = f"<bpmn:multiInstanceLoopCharacteristics {attributes}/>"
    handler = script("undo_a", "append(log, street)", "log").replace(
        'id="undo_a"', 'id="undo_a" isForCompensation="true"'
    )
    body = start() + undoable("a", handler, many) + end("e", UNDO) + flows("s a e")
    run = Runner(file(body), {"streets": ["龙洞", "智远", "泉城路"], "log": []})
    for _ in range(3):
        run.complete("a")
    assert run.completed
    assert run.variables["log"] == ["泉城路", "智远", "龙洞"]


def test_every_round_of_a_loop_in_the_diagram_is_undone() -> None:
    handler = script("undo_a", "n - 1", "n").replace('id="undo_a"', 'id="undo_a" isForCompensation="true"')
    body = (
        start() + undoable("a", handler) + '<bpmn:exclusiveGateway id="g" default="g_x"/>' + throw("x") + end()
        + flows("s a g x e") + flow("g", "a", "again")
    )  # fmt: skip
    run = Runner(file(body), {"n": 3})
    run.complete("a", again=True)
    run.complete("a", again=True)
    run.complete("a", again=False)
    assert run.completed
    assert str(run.variables["n"]) == "0"


def test_a_completed_sub_process_is_undone_piece_by_piece_with_its_own_variables() -> None:
    note = script("undo_a", "inner", "seen").replace('id="undo_a"', 'id="undo_a" isForCompensation="true"')
    inner = start("is") + undoable("a", note) + undoable("b") + flows("is a b")
    mapping = (
        "<bpmn:extensionElements><camunda:inputOutput><camunda:inputParameter name=\"inner\">=outer + 1"
        "</camunda:inputParameter></camunda:inputOutput></bpmn:extensionElements>"
    )  # fmt: skip
    body = start() + sub("p1", mapping + inner) + end("e", UNDO) + flows("s p1 e")
    run = Runner(file(body), {"outer": 1, "seen": None})
    run.complete("a")
    run.complete("b")
    assert run.open_tasks == ["undo_b"]
    run.complete("undo_b")
    assert run.completed
    assert str(run.variables["seen"]) == "2"
    assert run.times("p1", "entered") == 1


def test_a_sub_process_with_a_handler_on_its_border_is_undone_as_a_whole() -> None:
    inner = start("is") + undoable("a") + flows("is a")
    border = boundary("c", "p1", UNDO) + task("undo", isForCompensation="true")
    link = '<bpmn:association id="l" sourceRef="c" targetRef="undo"/>'
    run = Runner(file(start() + sub("p1", inner) + border + link + end("e", UNDO) + flows("s p1 e")))
    run.complete("a")
    assert run.open_tasks == ["undo"]
    run.complete("undo")
    assert run.completed
    assert run.times("undo_a") == 0


def test_a_compensation_event_sub_process_undoes_its_sub_process_and_may_call_its_handlers() -> None:
    own = sub(
        "esp", f'<bpmn:startEvent id="es">{UNDO}</bpmn:startEvent>' + throw("ex", "a") + task("et") + flows("es ex et"),
        ' triggeredByEvent="true"',
    )  # fmt: skip
    inner = start("is") + undoable("a") + own + flows("is a")
    run = Runner(file(start() + sub("p1", inner) + end("e", UNDO) + flows("s p1 e")))
    run.complete("a")
    assert run.open_tasks == ["undo_a"]
    run.complete("undo_a")
    assert run.open_tasks == ["et"]
    run.complete("et")
    assert run.completed
    assert run.executed[-4:] == ["ex", "et", "esp", "e"]


def test_an_error_event_sub_process_undoes_what_completed_around_it() -> None:
    error = '<bpmn:error id="err" errorCode="E"/>'
    caught = '<bpmn:startEvent id="es"><bpmn:errorEventDefinition errorRef="err"/></bpmn:startEvent>'
    handler = sub("esp", caught + end("ee", UNDO) + flows("es ee"), ' triggeredByEvent="true"')
    body = start() + undoable("a") + end("e", '<bpmn:errorEventDefinition errorRef="err"/>') + handler + flows("s a e")
    run = Runner(file(body, error))
    run.complete("a")
    assert run.open_tasks == ["undo_a"]
    run.complete("undo_a")
    assert run.completed


def test_an_error_in_a_handler_is_caught_around_the_throw() -> None:
    error = '<bpmn:error id="err" errorCode="E"/>'
    handler = '<bpmn:serviceTask id="undo_a" isForCompensation="true" camunda:type="external" camunda:topic="x"/>'
    inner = start("is") + undoable("a", handler) + throw("x") + flows("is a x")
    border = boundary("b", "p1", '<bpmn:errorEventDefinition errorRef="err"/>') + task("mend")
    run = Runner(file(start() + sub("p1", inner) + border + flows("s p1", "b mend"), error))
    run.complete("a")
    run.fail("undo_a", "E")
    assert run.open_tasks == ["mend"]


def transaction(*, timed: str = "") -> bytes:
    inner = (
        start("is") + undoable("book") + undoable("pay") + '<bpmn:exclusiveGateway id="g" default="g_ie"/>'
        + end("ie") + end("stop", CANCEL) + flows("is book pay g ie") + flow("g", "stop", "refused")
    )  # fmt: skip
    border = boundary("cancelled", "tx", CANCEL) + task("tell")
    return file(
        start() + sub("tx", inner, kind="transaction") + border + timed + end() + flows("s tx e", "cancelled tell")
    )


def test_a_cancelled_transaction_undoes_its_activities_and_leaves_by_the_cancel_event() -> None:
    run = Runner(transaction())
    run.complete("book")
    run.complete("pay", refused=True)
    assert run.open_tasks == ["undo_pay"]
    run.complete("undo_pay")
    run.complete("undo_book")
    assert run.open_tasks == ["tell"]
    assert run.history[-4:] == ["entered cancelled", "cancelled tx", "completed cancelled", "entered tell"]
    run.complete("tell")
    assert run.completed


def test_a_transaction_that_is_not_cancelled_goes_on_and_undoes_nothing() -> None:
    run = Runner(transaction())
    run.complete("book")
    run.complete("pay", refused=False)
    assert run.completed
    assert run.executed[-2:] == ["tx", "e"]


def test_a_transaction_interrupted_by_a_hazard_undoes_nothing() -> None:
    run = Runner(transaction(timed=boundary("late", "tx", timer("timeDuration", "P1D")) + task("x") + flows("late x")))
    run.complete("book")
    run.fire("late")
    assert run.open_tasks == ["x"]


def test_cancelling_stops_what_still_runs_in_the_transaction() -> None:
    inner = (
        start("is") + '<bpmn:parallelGateway id="g"/>' + undoable("a") + task("b") + end("stop", CANCEL)
        + flows("is g a stop", "g b")
    )  # fmt: skip
    border = boundary("cancelled", "tx", CANCEL) + task("tell")
    run = Runner(file(start() + sub("tx", inner, kind="transaction") + border + flows("s tx", "cancelled tell")))
    run.complete("a")
    assert run.open_tasks == ["undo_a"]
    assert "cancelled b" in run.history
    run.complete("undo_a")
    assert run.open_tasks == ["tell"]


def test_cancelling_undoes_what_has_completed_in_sub_processes_that_still_run() -> None:
    undo_b = script("undo_b", "kept", "seen").replace("<bpmn:scriptTask", '<bpmn:scriptTask isForCompensation="true"')
    deepest = sub("in2", start("s2") + undoable("b", undo_b) + task("rest") + flows("s2 b rest"))
    inner = sub(
        "in1", '<bpmn:property id="own" name="kept"/>' + start("s1") + undoable("a") + deepest + flows("s1 a in2")
    )
    whole = boundary("c_in1", "in1", UNDO) + task("undo_in1", isForCompensation="true")
    link = '<bpmn:association id="link_in1" sourceRef="c_in1" targetRef="undo_in1"/>'
    inside = (
        start("is") + '<bpmn:parallelGateway id="g"/>' + inner + whole + link + undoable("c") + end("stop", CANCEL)
        + flows("is g in1", "g c stop")
    )  # fmt: skip
    border = boundary("cancelled", "tx", CANCEL) + task("tell")
    run = Runner(file(start() + sub("tx", inside, kind="transaction") + border + flows("s tx", "cancelled tell")))
    run.complete("a")
    run.complete("b", kept=7)
    assert run.open_tasks == ["c", "rest"]
    run.complete("c")
    assert [run.times(name, "cancelled") for name in ("rest", "in1", "in2")] == [1, 1, 1]
    # The handler of the whole is for what has completed as a whole.
    assert run.executed[-3:] == ["c_b", "undo_b", "c_a"]
    assert run.open_tasks == ["undo_a"]
    run.complete("undo_a")
    run.complete("undo_c")
    assert run.open_tasks == ["tell"]
    assert run.variables["seen"] == 7
    run.complete("tell")
    assert run.completed


def test_where_nothing_ever_compensates_nothing_is_remembered() -> None:
    run = Runner(file(start() + undoable("a") + task("b") + flows("s a b")))
    run.complete("a")
    assert run.live._run.scopes["root"].done == []
