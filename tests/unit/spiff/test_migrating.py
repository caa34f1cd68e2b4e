"""A saved instance moves to another version of its process, or is told why it cannot."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.spiff.runner import (
    NOW,
    Runner,
    boundary,
    end,
    file,
    flow,
    flows,
    start,
    task,
    timer,
)

from lastmeter.workflow.spiff import Live, Spec, migrating, parse, restore
from lastmeter.workflow.spiff.migrating import Plan

MESSAGES = (
    '<bpmn:message id="m1" name="answer" lm:correlation="=file_no"/><bpmn:message id="m2" name="reply"/>'
    '<bpmn:signal id="g1" name="alarm"/>'
)
ANSWER = '<bpmn:messageEventDefinition messageRef="m1"/>'
REPLY = '<bpmn:messageEventDefinition messageRef="m2"/>'
ALARM = '<bpmn:signalEventDefinition signalRef="g1"/>'
TEN_DAYS, FIVE_DAYS = timer("timeDuration", "P10D"), timer("timeDuration", "P5D")


def sub(identity: str, inside: str, **attributes: str) -> str:
    rest = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<bpmn:subProcess id="{identity}"{rest}>{inside}</bpmn:subProcess>'


def version(body: str) -> bytes:
    return file(body, MESSAGES)


def spec_of(xml: bytes) -> Spec:
    return restore(parse(xml)[0].spec_blob)


def plan(runner: Runner, body: str, refilled: Mapping[str, object] | None = None, **mapping: str) -> Plan:
    """What moving the instance to the version with this body means."""
    return migrating.plan(
        runner.spec, spec_of(version(body)), runner.live.dump(), mapping, runner.now, refilled=refilled
    )


def move(runner: Runner, body: str, **mapping: str) -> Plan:
    """The instance runs on the version with this body from now on, with what waits under the same uids."""
    found = plan(runner, body, **mapping)
    assert found.blockers == ()
    assert found.blob is not None
    assert found.advance is not None
    assert found.places is not None
    runner.spec = spec_of(version(body))
    runner.live = Live.load(runner.spec, found.blob, runner.services)
    for known in (runner.tasks, runner.timers, runner.subscriptions, runner.jobs, runner.calls):
        for uid in list(known):
            if uid in found.places:
                known[uid] = _at(known[uid], found.places[uid])  # type: ignore[index]
    runner._take(found.advance)
    assert set(runner.live.waiting()) == {
        *runner.tasks, *runner.timers, *runner.subscriptions, *runner.jobs, *runner.calls
    }  # fmt: skip
    return found


def _at(opened: Any, element: str) -> Any:
    return dataclasses.replace(opened, element_id=element)


def codes(found: Plan) -> list[tuple[str, str]]:
    assert found.blob is None
    return [(blocker.element_id, blocker.refusal.code) for blocker in found.blockers]


def line(*elements: str, more: str = "", names: str = "") -> str:
    """Start, these elements in a row, end."""
    return start() + "".join(elements) + end() + more + flows(f"s {names} e")


# --- moving on -----------------------------------------------------------------------------------------------


def test_a_step_that_was_added_ahead_is_met() -> None:
    runner = Runner(version(line(task("a"), names="a")))
    found = move(runner, line(task("a"), task("b"), names="a b"))
    assert [(each.source, each.target) for each in found.moves] == [("a", "a")]
    runner.complete("a")
    assert runner.open_tasks == ["b"]
    runner.complete("b")
    assert runner.completed


def test_a_renamed_element_keeps_its_task_and_history_says_so() -> None:
    runner = Runner(version(line(task("a"), names="a")))
    (uid,) = runner.tasks
    move(runner, line(task("first"), names="first"), a="first")
    assert runner.open_tasks == ["first"]
    assert list(runner.tasks) == [uid]
    assert runner.history[-2:] == ["migrated a", "entered first"]
    runner.complete("first")
    assert runner.completed


def test_a_removed_element_with_a_token_blocks_and_is_named() -> None:
    """The library saved such an instance and could never load it again."""
    runner = Runner(version(line(task("a"), task("b"), names="a b")))
    found = plan(runner, line(task("b"), names="b"))
    assert codes(found) == [("a", "element_gone")]
    assert found.blockers[0].refusal.facts == {"element": "a", "target": "a"}
    runner.complete("a")
    assert plan(runner, line(task("b"), names="b")).blockers == ()


def test_what_becomes_something_else_blocks() -> None:
    runner = Runner(version(line(task("a"), names="a")))
    receives = f'<bpmn:intermediateCatchEvent id="a">{ANSWER}</bpmn:intermediateCatchEvent>'
    assert codes(plan(runner, line(receives, names="a"))) == [("a", "element_type_changed")]
    inside = sub("box", start("s2") + task("a") + end("e2") + flows("s2 a e2"))
    assert codes(plan(runner, line(inside, names="box"))) == [("a", "container_changed")]
    many = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality>"
    repeated = task("a", f"{many}</bpmn:multiInstanceLoopCharacteristics>")
    assert codes(plan(runner, line(repeated, names="a"))) == [("a", "repetition_changed")]


def test_a_mapping_to_nowhere_is_refused() -> None:
    runner = Runner(version(line(task("a"), names="a")))
    assert codes(plan(runner, line(task("a"), names="a"), nobody="a")) == [("nobody", "mapping_unknown")]
    assert ("a", "mapping_unknown") in codes(plan(runner, line(task("a"), names="a"), a="b"))


def test_an_event_of_another_kind_blocks_and_another_message_is_awaited_instead() -> None:
    def waits(inside: str) -> str:
        return line(f'<bpmn:intermediateCatchEvent id="c">{inside}</bpmn:intermediateCatchEvent>', names="c")

    runner = Runner(version(waits(REPLY)))
    assert codes(plan(runner, waits(TEN_DAYS))) == [("c", "event_changed")]
    # A correlation that nobody can tell is found before anything is changed.
    assert codes(plan(runner, waits(ANSWER))) == [("c", "correlation_missing")]
    runner.set(file_no=7)
    move(runner, waits(ANSWER))
    (awaited,) = runner.subscriptions.values()
    assert (awaited.name, awaited.correlation) == ("answer", 7)
    runner.deliver("c")
    assert runner.completed


def test_names_that_the_new_version_reads_are_there_when_it_begins_to_listen() -> None:
    runner = Runner(version(line(task("a"), names="a")))
    wanted = line(
        task("a"), more=boundary("late", "a", timer("timeDate", "=day")) + end("x") + flows("late x"), names="a"
    )
    assert codes(plan(runner, wanted)) == [("late", "timer_not_understood")]
    found = plan(runner, wanted, refilled={"day": dt.date(2026, 3, 9)})
    assert found.blockers == ()
    assert found.advance is not None
    assert [opened.due for opened in found.advance.timers_opened] == [dt.datetime(2026, 3, 9, 16, tzinfo=dt.UTC)]


# --- boundary events -----------------------------------------------------------------------------------------


def hosted(*events: str) -> str:
    ends = "".join(end(f"x{number}") + flows(f"b{number} x{number}") for number, _ in enumerate(events))
    return line(task("a"), more="".join(events) + ends, names="a")


def test_an_added_boundary_event_is_armed_and_a_removed_one_is_closed() -> None:
    runner = Runner(version(hosted(boundary("b0", "a", TEN_DAYS))))
    found = move(runner, hosted(boundary("b0", "a", ALARM), boundary("b1", "a", FIVE_DAYS)))
    assert found.closed == ("b0",)
    assert found.armed == ("b0", "b1")
    assert [opened.element_id for opened in runner.timers.values()] == ["b1"]
    assert [opened.name for opened in runner.subscriptions.values()] == ["alarm"]
    runner.fire("b1")
    assert runner.completed
    assert runner.executed[-2:] == ["b1", "x1"]


def test_a_timer_that_runs_keeps_its_time_under_a_new_name() -> None:
    runner = Runner(version(hosted(boundary("b0", "a", TEN_DAYS))))
    before = {uid: opened.due for uid, opened in runner.timers.items()}
    found = move(runner, hosted(boundary("b0", "a", ALARM), boundary("b1", "a", FIVE_DAYS)), b0="b1")
    assert {uid: opened.due for uid, opened in runner.timers.items()} == before
    assert (found.armed, found.closed) == (("b0",), ())
    runner.fire("b1")
    assert runner.now == NOW + dt.timedelta(days=10)


def test_a_reminder_that_has_fired_does_not_fire_again() -> None:
    body = hosted(boundary("b0", "a", FIVE_DAYS, interrupting=False))
    runner = Runner(version(body))
    runner.fire("b0")
    assert runner.open_tasks == ["a"]
    found = move(runner, body)
    assert found.armed == ()
    assert runner.timers == {}


def test_a_token_moved_to_another_activity_gets_that_ones_boundary_events() -> None:
    def two(extra: str = "") -> str:
        return line(task("a"), task("b"), more=boundary("b0", "b", TEN_DAYS) + end("x0") + flows("b0 x0") + extra,
                    names="a b")  # fmt: skip

    runner = Runner(version(two()))
    found = move(runner, two(), a="b")
    assert found.armed == ("b0",)
    assert runner.open_tasks == ["b"]
    runner.fire("b0")
    assert runner.completed


def test_the_events_of_an_event_based_gateway_follow_the_drawing() -> None:
    def race(*events: str) -> str:
        drawn = "".join(
            f'<bpmn:intermediateCatchEvent id="c{number}">{inside}</bpmn:intermediateCatchEvent>'
            for number, inside in enumerate(events)
            if inside
        )
        numbers = [number for number, inside in enumerate(events) if inside]
        chains = [f"g c{number} e" for number in numbers]
        return f'{start()}<bpmn:eventBasedGateway id="g"/>{drawn}{end()}' + flows("s g", *chains)

    runner = Runner(version(race(TEN_DAYS, REPLY)))
    found = move(runner, race(TEN_DAYS, "", ALARM))
    assert (found.closed, found.armed) == (("c1",), ("c2",))
    assert len(runner.timers) == 1
    runner.deliver("c2")
    assert runner.completed
    assert runner.timers == {}


# --- joins ---------------------------------------------------------------------------------------------------


def parted(*names: str, gateway: str = "parallelGateway", join: str = "j") -> str:
    tasks = "".join(task(name) for name in names)
    chains = [f"f {name} {join}" for name in names]
    return f'{start()}<bpmn:{gateway} id="f"/>{tasks}<bpmn:{gateway} id="{join}"/>{end()}' + flows(
        "s f", *chains, f"{join} e"
    )


@pytest.mark.parametrize("gateway", ["parallelGateway", "inclusiveGateway"])
def test_a_branch_that_waits_at_a_join_waits_at_it_under_its_new_name(gateway: str) -> None:
    runner = Runner(version(parted("a", "b", gateway=gateway)))
    runner.complete("a")
    move(runner, parted("a", "b", gateway=gateway, join="joined"), j="joined")
    assert not runner.completed
    runner.complete("b")
    assert runner.completed


def test_a_branch_that_waits_on_a_flow_that_is_gone_blocks() -> None:
    runner = Runner(version(parted("a", "b", "c")))
    runner.complete("a")
    assert codes(plan(runner, parted("b", "c"))) == [("j", "flow_gone")]


def test_a_join_that_would_be_passed_at_once_blocks() -> None:
    runner = Runner(version(parted("a", "b", "c")))
    runner.complete("a")
    runner.complete("b")
    found = plan(runner, parted("a", "b") + task("c") + flows("f c e"))
    assert codes(found) == [("j", "join_would_fire")]


# --- data ----------------------------------------------------------------------------------------------------

NEEDS = (
    '<bpmn:ioSpecification><bpmn:dataInput id="in" name="in"/><bpmn:inputSet><bpmn:dataInputRefs>in'
    "</bpmn:dataInputRefs></bpmn:inputSet></bpmn:ioSpecification><bpmn:dataInputAssociation><bpmn:sourceRef>amount"
    "</bpmn:sourceRef><bpmn:targetRef>in</bpmn:targetRef></bpmn:dataInputAssociation>"
)


def lacking(inside: str, after: str = "") -> str:
    """`x` beside the task `t`; it may need the property `amount`."""
    held = '<bpmn:property id="amount" name="amount"/>' + start() + '<bpmn:parallelGateway id="f"/>'
    return held + task("t") + task("x", inside) + flows("s f t", "f x") + after


def test_an_activity_waits_for_its_data_in_the_other_version_and_its_border_listens_only_when_it_begins() -> None:
    runner = Runner(version(lacking(NEEDS)))
    move(runner, lacking(NEEDS, boundary("late", "x", TEN_DAYS)))
    assert runner.timers == {}
    runner.set(amount=1)
    assert runner.open_tasks == ["t", "x"]
    assert [timer.element_id for timer in runner.timers.values()] == ["late"]


def test_an_activity_that_would_begin_at_once_blocks() -> None:
    runner = Runner(version(lacking(NEEDS)))
    assert codes(plan(runner, lacking(""))) == [("x", "would_begin")]
    assert codes(plan(runner, lacking(NEEDS), refilled={"amount": 1})) == [("x", "would_begin")]


# --- repetition and scopes -----------------------------------------------------------------------------------


def each(identity: str, collection: str = "streets", *, sequential: bool = False) -> str:
    order = ' isSequential="true"' if sequential else ""
    return task(
        identity,
        f'<bpmn:multiInstanceLoopCharacteristics{order} camunda:collection="{collection}"'
        ' camunda:elementVariable="street"/>',
    )


@pytest.mark.parametrize("sequential", [False, True])
def test_a_repeated_task_goes_on_where_it_was(sequential: bool) -> None:
    runner = Runner(version(line(each("a", sequential=sequential), names="a")), {"streets": ["x", "y", "z"]})
    runner.complete("a")
    found = move(runner, line(each("ask", sequential=sequential), task("b"), names="ask b"), a="ask")
    assert {each.target for each in found.moves} == {"ask"}
    uid = next(iter(runner.tasks))
    assert runner.live.variables_at(uid)["street"] == "y"
    runner.complete("ask")
    runner.complete("ask")
    assert runner.open_tasks == ["b"]


def test_another_order_of_repetition_blocks_once_for_all_its_tokens() -> None:
    runner = Runner(version(line(each("a"), names="a")), {"streets": ["x", "y", "z"]})
    assert codes(plan(runner, line(each("a", sequential=True), names="a"))) == [("a", "repetition_changed")]


def boxed(box: str, *tasks: str, more: str = "") -> str:
    inside = start("s2") + "".join(task(name) for name in tasks) + end("e2") + flows(f"s2 {' '.join(tasks)} e2")
    return line(sub(box, inside + more), names=box)


def test_what_is_inside_a_sub_process_stays_inside_under_its_new_name() -> None:
    runner = Runner(version(boxed("box", "a", "b")))
    move(runner, boxed("part", "a", "c"), box="part")
    runner.complete("a")
    assert runner.open_tasks == ["c"]
    runner.complete("c")
    assert runner.completed
    assert runner.executed[-3:] == ["e2", "part", "e"]


def test_a_sub_process_that_is_gone_blocks_with_what_stands_in_it() -> None:
    runner = Runner(version(boxed("box", "a")))
    assert codes(plan(runner, line(task("a"), names="a"))) == [("box", "element_gone"), ("a", "container_changed")]


def handler(identity: str, inside: str, interrupting: bool = True) -> str:
    opening = (
        f'<bpmn:startEvent id="{identity}_s" isInterrupting="{str(interrupting).lower()}">{inside}</bpmn:startEvent>'
    )
    body = opening + task(f"{identity}_t") + end(f"{identity}_e")
    return sub(identity, body + flows(f"{identity}_s {identity}_t {identity}_e"), triggeredByEvent="true")


def test_an_added_event_sub_process_listens_wherever_its_scope_is_open() -> None:
    runner = Runner(version(boxed("box", "a")))
    found = move(runner, boxed("box", "a", more=handler("h", ALARM)))
    assert found.armed == ("h_s",)
    runner.deliver("h_s")
    assert runner.open_tasks == ["h_t"]
    runner.complete("h_t")
    assert runner.completed


def test_an_event_sub_process_that_is_gone_listens_no_more() -> None:
    runner = Runner(version(line(task("a"), more=handler("h", TEN_DAYS), names="a")))
    found = move(runner, line(task("a"), names="a"))
    assert found.closed == ("h_s",)
    assert runner.timers == {}


def test_while_an_interrupting_event_sub_process_runs_no_other_begins_to_listen() -> None:
    runner = Runner(version(line(task("a"), more=handler("h", ALARM), names="a")))
    runner.deliver("h_s")
    found = move(runner, line(task("a"), more=handler("h", ALARM) + handler("k", FIVE_DAYS), names="a"))
    assert found.armed == ()
    runner.complete("h_t")
    assert runner.completed


# --- work of others ------------------------------------------------------------------------------------------


def test_a_called_process_goes_on_and_reports_to_the_new_version() -> None:
    def calls(identity: str, key: str = "child") -> str:
        return line(f'<bpmn:callActivity id="{identity}" calledElement="{key}"/>', task("b"), names=f"{identity} b")

    runner = Runner(version(calls("call")))
    assert codes(plan(runner, calls("call", "other"))) == [("call", "work_changed")]
    move(runner, calls("ask"), call="ask")
    runner.finish_call("ask", answer=3)
    assert (runner.open_tasks, runner.variables["answer"]) == (["b"], 3)


def test_a_parked_token_is_tried_again_on_the_version_that_mends_it() -> None:
    """What migration is for: the gateway had no default flow."""

    def stuck(flows_out: str, default: str = "") -> str:
        return f'{start()}<bpmn:exclusiveGateway id="g"{default}/>{task("a")}{end()}{flows("s g", "a e")}{flows_out}'

    runner = Runner(version(stuck(flow("g", "a", "big = 1"))))
    assert [code for _, code in runner.incidents.values()] == ["no_flow_taken"]
    move_to = stuck(flow("g", "a", "big = 1") + flow("g", "e"), ' default="g_e"')
    found = plan(runner, move_to)
    assert found.blob is not None
    runner.spec = spec_of(version(move_to))
    runner.live = Live.load(runner.spec, found.blob, runner.services)
    runner.retry("g")
    assert runner.completed
