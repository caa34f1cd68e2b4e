"""The defects of SpiffWorkflow 3.2.0 that were found by running it, one test each, named after the defect."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import orjson
import pytest
import zstandard

from lastmeter.definitions.findings import DefinitionRefused
from lastmeter.feel import Range, YearsMonths
from lastmeter.workflow.spiff import (
    Live,
    Services,
    StateNotReadable,
    StepBudgetExceeded,
    UnstorableValue,
    compat,
    parse,
    restore,
)

from .runner import NOW, Runner, boundary, end, file, flow, flows, script, start, task, timer

FORK = '<bpmn:parallelGateway id="f"/><bpmn:parallelGateway id="j"/>'
OVER = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="streets" camunda:elementVariable="street"/>'


def test_01_a_join_in_a_loop_waits_for_all_branches_in_every_round() -> None:
    body = start() + FORK + task("a") + task("b") + '<bpmn:exclusiveGateway id="g" default="g_e"/>' + end()
    body += '<bpmn:exclusiveGateway id="m"/>' + flows("s m f a j g e", "f b j") + flow("g", "m", "again")
    run = Runner(file(body))
    for again in (True, True, False):
        run.complete("b")
        assert run.open_tasks == ["a"]
        run.complete("a", again=again)
    assert run.completed
    assert run.times("j") == 3


def test_01_an_inclusive_join_in_a_loop_waits_for_all_taken_branches_in_every_round() -> None:
    body = start() + '<bpmn:inclusiveGateway id="f"/><bpmn:inclusiveGateway id="j"/>' + task("a") + task("b")
    body += '<bpmn:exclusiveGateway id="g" default="g_e"/><bpmn:exclusiveGateway id="m"/>' + end()
    body += flows("s m f", "a j g e", "b j") + flow("f", "a", "true") + flow("f", "b", "both") + flow("g", "m", "again")
    run = Runner(file(body), {"both": True})
    run.complete("a", again=True)
    assert run.times("j") == 0
    run.complete("b", both=False)
    assert run.open_tasks == ["a"]
    run.complete("a", again=False)
    assert run.completed
    assert run.times("j") == 2


def test_02_a_long_loop_and_a_large_multi_instance_are_truly_complete() -> None:
    body = start() + script("x", "n + 1", "n") + '<bpmn:exclusiveGateway id="g" default="g_e"/>' + end()
    run = Runner(file(body + flows("s x g e") + flow("g", "x", "n &lt; 3000")), {"n": 0})
    assert run.completed
    assert run.times("x") == 3000
    many = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>1500</bpmn:loopCardinality>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    large = Runner(file(start() + script("x", "loopCounter", "n", many) + end() + flows("s x e")))
    assert large.completed
    assert large.times("x") == 1501


def test_02_completion_is_never_claimed_while_something_waits() -> None:
    run = Runner(
        file(start() + '<bpmn:parallelGateway id="f"/>' + task("a") + end() + end("e2") + flows("s f a e", "f e2"))
    )
    assert not run.completed
    run.complete("a")
    assert run.completed


def test_03_a_branch_does_not_undo_what_another_wrote() -> None:
    body = start() + FORK + task("a") + task("b") + end() + flows("s f a j e", "f b j")
    run = Runner(file(body), {"x": 1, "y": 1})
    run.complete("a", x=2)
    run.complete("b", y=2)
    assert run.variables == {"x": 2, "y": 2}


def test_03_rows_appended_in_two_branches_are_all_kept() -> None:
    body = start() + FORK + script("a", 'append(rows, "a")', "rows") + script("b", 'append(rows, "b")', "rows") + end()
    run = Runner(file(body + flows("s f a j e", "f b j")), {"rows": []})
    assert run.completed
    assert sorted(run.variables["rows"]) == ["a", "b"]  # type: ignore[call-overload]


def test_03_two_branches_that_write_one_name_differently_are_an_incident_that_names_it() -> None:
    body = start() + FORK + script("a", "1", "x") + script("b", "2", "x") + end() + flows("s f a j e", "f b j")
    run = Runner(file(body))
    assert list(run.incidents.values()) == [("j", "branches_disagree")]
    assert run.last.incidents_opened[0].facts["names"] == ["x"]
    run.set(x=3)
    run.retry("j")
    assert run.completed
    assert run.variables == {"x": 3}
    same = Runner(file(body.replace(">2<", ">1<")))
    assert same.completed


def test_03_what_is_handed_in_is_copied() -> None:
    rows = ["a"]
    run = Runner(file(start() + task("t") + flows("s t")), {"rows": rows})
    rows.append("b")
    assert run.variables["rows"] == ["a"]


@pytest.mark.parametrize("element", ["subProcess", "callActivity"])
def test_04_a_deadline_over_many_streets_interrupts_them_all(element: str) -> None:
    inner = start("is") + task("a") + flows("is a") if element == "subProcess" else ""
    called = ' calledElement="k"' if element == "callActivity" else ""
    body = f'<bpmn:{element} id="h"{called}>{OVER if not inner else inner + OVER}</bpmn:{element}>'
    body += boundary("b", "h", timer("timeDuration", "P30D")) + task("late") + end() + flows("s h e", "b late")
    run = Runner(file(start() + body), {"streets": list(range(161))})
    assert len(run.tasks) + len(run.calls) == 161
    run.fire("b")
    assert run.open_tasks == ["late"]
    assert run.calls == {}
    run.complete("late")
    assert run.completed


def test_05_a_state_does_not_depend_on_the_order_of_keys() -> None:
    fields = {"b": {"z": 1, "a": 2}, "a": [{"y": 1, "x": 2}]}
    run = Runner(file(start() + task("t") + flows("s t")), fields)
    raw = orjson.loads(zstandard.ZstdDecompressor().decompress(run.live.dump()))
    ordered = zstandard.ZstdCompressor().compress(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS))
    assert Live.load(run.spec, ordered, Services()).variables == fields


def test_06_a_state_goes_on_with_any_restored_image_of_its_spec() -> None:
    xml = file(start() + f'<bpmn:userTask id="t">{OVER}</bpmn:userTask>' + end() + flows("s t e"))
    run = Runner(xml, {"streets": [1, 2]})
    run.complete("t", index=0)
    other = restore(parse(xml)[0].spec_blob)
    live = Live.load(other, run.live.dump(), Services())
    live.complete(next(iter(run.tasks)), {}, NOW)
    assert live.is_completed


def test_06_the_spec_is_the_same_bytes_for_the_same_file_and_never_in_the_state() -> None:
    xml = file(start() + task("secretly_named_task") + task("elsewhere") + flows("s secretly_named_task elsewhere"))
    assert parse(xml)[0].sha256 == parse(xml)[0].sha256
    run = Runner(xml)
    raw = zstandard.ZstdDecompressor().decompress(run.live.dump())
    assert b"secretly_named_task" in raw
    assert b"elsewhere" not in raw


@pytest.mark.parametrize("name", ["typename", "data_objects", "$", "v", "date", "count"])
def test_07_no_field_name_makes_an_instance_unloadable(name: str) -> None:
    value = {name: "decimal", "v": {"$": 1, "typename": "x"}}
    run = Runner(file(start() + task("t") + task("u") + flows("s t u")))
    run.complete("t", **{name: value})
    assert run.variables == {name: value}


def test_08_each_timer_behind_an_event_gateway_has_its_own_due_date() -> None:
    def caught(name: str, text: str) -> str:
        return f'<bpmn:intermediateCatchEvent id="{name}">{timer("timeDuration", text)}</bpmn:intermediateCatchEvent>'

    body = (
        start()
        + '<bpmn:eventBasedGateway id="g"/>'
        + caught("long", "P10D")
        + caught("short", "PT1H")
        + end()
        + end("f")
    )
    run = Runner(file(body + flows("s g long e", "g short f")))
    assert {t.element_id: t.due - NOW for t in run.timers.values()} == {
        "long": dt.timedelta(days=10),
        "short": dt.timedelta(hours=1),
    }
    run.fire("short")
    assert run.executed[-2:] == ["short", "f"]


def test_09_an_error_on_one_branch_leaves_the_boundary_of_its_sibling_alone() -> None:
    error = '<bpmn:errorEventDefinition errorRef="err"/>'
    failing = (
        f'<bpmn:subProcess id="x">{start("xs") + task("xt") + end("xe", error) + flows("xs xt xe")}</bpmn:subProcess>'
    )
    sibling = f'<bpmn:subProcess id="y">{start("ys") + task("yt") + flows("ys yt")}</bpmn:subProcess>'
    body = (
        start()
        + '<bpmn:parallelGateway id="f"/>'
        + failing
        + sibling
        + boundary("bx", "x", error)
        + boundary("by", "y", error)
    )
    body += end() + end("ee") + flows("s f x", "f y", "bx e", "by ee")
    run = Runner(file(body, '<bpmn:error id="err" errorCode="E1"/>'))
    run.complete("xt")
    assert run.times("bx") == 1
    assert run.times("by") == 0
    assert run.open_tasks == ["yt"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_10_an_event_sub_process_waits_for_its_event_and_interrupts_only_if_drawn_so(interrupting: bool) -> None:
    flag = "true" if interrupting else "false"
    begun = f'<bpmn:startEvent id="x" isInterrupting="{flag}">{timer("timeDuration", "P1D")}</bpmn:startEvent>'
    inner = f'<bpmn:subProcess id="es" triggeredByEvent="true">{begun}{task("u")}{flow("x", "u")}</bpmn:subProcess>'
    xml = file(start() + task("t") + end() + flows("s t e") + inner)
    run = Runner(xml)
    assert [opened.element_id for opened in run.timers.values()] == ["x"]
    run.fire("x")
    assert run.open_tasks == (["u"] if interrupting else ["t", "u"])
    unfired = Runner(xml)
    unfired.complete("t")
    assert unfired.completed


def test_10_an_error_event_sub_process_does_not_run_unasked() -> None:
    begun = '<bpmn:startEvent id="x"><bpmn:errorEventDefinition/></bpmn:startEvent>'
    inner = f'<bpmn:subProcess id="es" triggeredByEvent="true">{begun}{task("u")}{flow("x", "u")}</bpmn:subProcess>'
    run = Runner(file(start() + '<bpmn:serviceTask id="v" camunda:topic="t"/>' + end() + flows("s v e") + inner))
    assert run.open_tasks == []
    run.fail("v", "E1")
    assert run.open_tasks == ["u"]
    assert "failed v" in run.history


def test_11_several_outgoing_flows_and_conditions_on_an_activity_take_effect() -> None:
    body = (
        start()
        + task("t")
        + task("a")
        + task("b")
        + task("c")
        + flows("s t a")
        + flow("t", "b", "x")
        + flow("t", "c", "y")
    )
    run = Runner(file(body))
    run.complete("t", x=True)
    assert run.open_tasks == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", "PT1H", "2026-03-02T02:00:00+00:00"),
        ("timeDuration", "P1M", "2026-04-02T01:00:00+00:00"),
        ("timeDuration", '=duration("P1D")', "2026-03-03T01:00:00+00:00"),
        ("timeDuration", 'duration("P1Y")', "2027-03-02T01:00:00+00:00"),
        ("timeDate", "2026-04-13T09:00:00", "2026-04-13T01:00:00+00:00"),
        ("timeDate", "2026-04-13T09:00:00Z", "2026-04-13T09:00:00+00:00"),
        ("timeDate", "2026-04-13", "2026-04-13T16:00:00+00:00"),
        ("timeDate", "=day", "2026-05-06T16:00:00+00:00"),
        ("timeCycle", "R3/PT10H", "2026-03-02T11:00:00+00:00"),
        ("timeCycle", "R/2026-03-31T09:00:00/P1M", "2026-03-31T01:00:00+00:00"),
    ],
)
def test_13_timers_are_read_as_modellers_write_them(kind: str, text: str, due: str) -> None:
    body = (
        start()
        + f'<bpmn:intermediateCatchEvent id="c">{timer(kind, text)}</bpmn:intermediateCatchEvent>'
        + flows("s c")
    )
    run = Runner(file(body), {"day": dt.date(2026, 5, 6)})
    assert [t.due.isoformat() for t in run.timers.values()] == [due]


def test_14_a_monthly_cycle_keeps_its_day_and_missed_ones_come_once() -> None:
    body = start() + task("t") + script("x", "null") + flows("s t", "b x")
    body += boundary("b", "t", timer("timeCycle", "R/2026-01-31T09:00:00/P1M"), interrupting=False)
    run = Runner(file(body), now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    seen = []
    for _ in range(4):
        (opened,) = run.timers.values()
        seen.append(opened.due.date().isoformat())
        run.fire("b")
    assert seen == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    run.now = dt.datetime(2026, 9, 15, tzinfo=dt.UTC)
    run.fire("b")
    assert [t.due.date().isoformat() for t in run.timers.values()] == ["2026-09-30"]
    assert run.times("x") == 5


def test_14_a_month_after_31_january_is_the_end_of_february() -> None:
    body = start() + f'<bpmn:intermediateCatchEvent id="c">{timer("timeDuration", "P1M")}</bpmn:intermediateCatchEvent>'
    run = Runner(file(body + flows("s c")), now=dt.datetime(2026, 1, 31, 1, tzinfo=dt.UTC))
    assert [t.due.isoformat() for t in run.timers.values()] == ["2026-02-28T01:00:00+00:00"]


def test_15_a_cardinality_with_an_output_variable_that_exists_replaces_it() -> None:
    many = (
        '<bpmn:multiInstanceLoopCharacteristics lm:outputCollection="out" lm:outputElement="loopCounter">'
        "<bpmn:loopCardinality>2</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    run = Runner(file(start() + script("x", "null", "", many) + end() + flows("s x e")), {"out": [9, 9, 9]})
    assert run.variables["out"] == [0, 1]


@pytest.mark.parametrize(
    "text", ["__import__('os').system('id')", "open('/etc/passwd').read()", "().__class__.__mro__"]
)
def test_16_no_script_reaches_python(text: str) -> None:
    with pytest.raises(DefinitionRefused) as refused:
        Runner(file(start() + script("x", text, "r") + end() + flows("s x e")))
    assert refused.value.findings[0].rule == "feel-syntax"


def test_17_nothing_that_is_done_hides_what_waits_below_it() -> None:
    inner = start("is") + script("x", "1", "n") + task("a") + flows("is x a")
    run = Runner(file(start() + f'<bpmn:subProcess id="sp">{inner}</bpmn:subProcess>' + flows("s sp")))
    assert run.executed == ["s", "is", "x"]
    assert run.live.active_elements() == {"sp": 1, "a": 1}


def test_18_a_call_that_fails_leaves_a_live_instance_nobody_can_save() -> None:
    run = Runner(file(start() + task("t") + end() + flows("s t e")))
    uid = next(iter(run.tasks))
    saved = run.live.dump()
    with pytest.raises(UnstorableValue):
        run.live.complete(uid, {"x": {1, 2}}, NOW)
    again = Live.load(run.spec, saved, Services())
    again.complete(uid, {"x": [1, 2]}, NOW)
    assert again.is_completed


def test_18_an_unexpected_failure_spoils_the_live_instance() -> None:
    def decide(reference: str, variables: object, element_id: str) -> object:
        raise ZeroDivisionError

    body = start() + task("t") + '<bpmn:businessRuleTask id="b" camunda:decisionRef="d"/>' + flows("s t b")
    run = Runner(file(body), services=Services(decide=decide))
    with pytest.raises(ZeroDivisionError):
        run.live.complete(next(iter(run.tasks)), {}, NOW)
    with pytest.raises(RuntimeError):
        run.live.dump()


def test_19_a_message_goes_to_the_one_subscription_it_is_delivered_to() -> None:
    message = '<bpmn:messageEventDefinition messageRef="m"/>'
    catch = f'<bpmn:intermediateCatchEvent id="{{0}}">{message}</bpmn:intermediateCatchEvent>'
    body = start() + FORK + catch.format("a") + catch.format("b") + end() + flows("s f a j e", "f b j")
    run = Runner(file(body, '<bpmn:message id="m" name="x" lm:correlation="=no"/>'), {"no": 4})
    assert [opened.correlation for opened in run.subscriptions.values()] == [4, 4]
    run.deliver("b")
    assert [opened.element_id for opened in run.subscriptions.values()] == ["a"]
    assert run.times("b") == 1


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.10"),
        10**30,
        dt.date(2024, 2, 29),
        dt.datetime(2026, 3, 2, 9, tzinfo=dt.timezone(dt.timedelta(hours=8))),
        dt.time(9, 30),
        dt.timedelta(days=3, seconds=5),
        YearsMonths(14),
        Range(Decimal(1), Decimal(5), True, False),
        [None, True, {"深": ["d", {"e": Decimal("0.1")}]}],
    ],
)
def test_21_values_of_feel_keep_their_type_through_a_saved_state(value: object) -> None:
    run = Runner(file(start() + task("t") + flows("s t")), {"x": value})
    assert run.variables["x"] == value
    assert type(run.variables["x"]) is type(value) or isinstance(value, int)


@pytest.mark.parametrize("value", [{1, 2}, {1: "a"}, object(), float("nan"), Decimal("Infinity"), b"x"])
def test_21_what_cannot_be_kept_is_refused_by_name(value: object) -> None:
    with pytest.raises(UnstorableValue) as refused:
        Runner(file(start() + task("t") + flows("s t")), {"x": {"y": value}})
    assert str(refused.value.facts["path"]).startswith("x.y")


def test_22_a_loop_without_a_wait_state_stops_at_the_step_budget() -> None:
    body = start() + script("x", "1", "n") + '<bpmn:exclusiveGateway id="g" default="g_x"/>' + end()
    with pytest.raises(StepBudgetExceeded):
        Runner(file(body + flows("s x g x") + flow("g", "e", "n = 2")), services=Services(step_budget=500))


def test_a_state_of_another_process_or_format_is_refused() -> None:
    run = Runner(file(start() + task("t") + flows("s t")))
    other = restore(parse(file(start() + task("t") + flows("s t"), key="q"))[0].spec_blob)
    with pytest.raises(StateNotReadable):
        Live.load(other, run.live.dump(), Services())
    with pytest.raises(StateNotReadable):
        Live.load(run.spec, b"garbage", Services())


def test_only_the_pinned_version_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "version", lambda _: "3.3.0")
    with pytest.raises(RuntimeError, match=r"3\.3\.0"):
        compat.check_version()


def test_every_token_waiting_at_a_join_for_ever_is_an_incident() -> None:
    body = (
        start()
        + '<bpmn:exclusiveGateway id="g" default="g_b"/><bpmn:parallelGateway id="j"/>'
        + script("a", "1")
        + script("b", "2")
    )
    run = Runner(file(body + flows("s g b j", "a j") + flow("g", "a", "x")))
    assert list(run.incidents.values()) == [("j", "deadlock")]
