"""An operator's cuts: rehearsed on a copy, then kone, saved and loaded; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from lastmeter.errors import LastmeterError
from lastmeter.workflow.spiff import Advance, Live, NotWaiting, surgery
from lastmeter.workflow.spiff import surgery_refusals as refusals
from lastmeter.workflow.spiff.surgery import Cut, Past, Plan

from .runner import Runner, boundary, end, file, flow, flows, script, start, task, timer

MESSAGE = '<bpmn:message id="m" name="x"/>'
CAUGHT = '<bpmn:messageEventDefinition messageRef="m"/>'
FORK = '<bpmn:parallelGateway id="fork"/>'
JOIN = '<bpmn:parallelGateway id="join"/>'
THREE = '<bpmn:multiInstanceLoopCharacteristics camunda:collection="[1, 2, 3]" camunda:elementVariable="n"/>'
# a, then b1 b2 beside c, then k
BRANCHES = (
    start() + task("a") + FORK + task("b1") + task("b2") + task("c") + JOIN + task("k") + end()
    + flows("s a fork b1 b2 join k e", "fork c join")
)  # fmt: skip


def sub(identity: str, body: str, attributes: str = "") -> str:
    return f'<bpmn:subProcess id="{identity}"{attributes}>{body}</bpmn:subProcess>'


class Operated(Runner):
    """A runner that knows its history, rehearses each cut and compares what then happens."""

    def __init__(self, *given: Any, **options: Any) -> None:
        self.past: list[Past] = []
        super().__init__(*given, **options)

    def _take(self, advance: Advance) -> None:
        self.past += [Past(each.element_id, each.event, each.task_uid, each.loop_index) for each in advance.history]
        super()._take(advance)

    def rehearse(self, act: Any, at: str = "", to: str = "", **options: Any) -> Plan:
        packed = self.live.dump()
        plan = surgery.rehearse(self.spec, packed, self.services, Cut(act, at, to, **options), self.past, self.now)
        assert self.live.dump() == packed
        return plan

    def cut(self, act: Any, at: str = "", to: str = "", **options: Any) -> Plan:
        plan = self.rehearse(act, at, to, **options)
        if plan.refusal is not None:
            raise plan.refusal
        wanted = Cut(act, at, to, **options)
        before = {each.uid for each in surgery.standing(self.live)}
        self._step(lambda live, _: surgery.do(live, wanted, self.past, self.now), "")
        after = {each.uid: each for each in surgery.standing(self.live)}
        assert {each.uid for each in plan.ended} == before - after.keys()
        begun = [(each.element_id, each.kind) for uid, each in after.items() if uid not in before]
        assert [(each.element_id, each.kind) for each in plan.begun if each.uid not in before] == begun
        return plan

    def stand(self) -> list[str]:
        return sorted(each.element_id for each in surgery.standing(self.live) if each.role in ("flow", "child"))


def refused(run: Operated, act: Any, at: str = "", to: str = "", **options: Any) -> LastmeterError:
    """The refusal, the same rehearsed and done; nothing has changed."""
    rehearsed = run.rehearse(act, at, to, **options).refusal
    copy = Live.load(run.spec, run.live.dump(), run.services)
    with pytest.raises(LastmeterError) as caught:
        surgery.do(copy, Cut(act, at, to, **options), run.past, run.now)
    assert type(rehearsed) is type(caught.value)
    return caught.value


# -- move ------------------------------------------------------------------------------------------------------------


def test_a_moved_token_leaves_with_all_that_it_had_armed() -> None:
    body = (
        start() + task("a") + task("b") + end() + flows("s a b e") + boundary("late", "a", timer("timeDuration", "P1D"))
    )
    run = Operated(file(body + end("f") + flows("late f")))
    plan = run.cut("move", "a", "b") if len(run.tasks) == 1 else None
    assert plan is not None
    assert sorted((each.element_id, each.kind) for each in plan.ended) == [("a", "task"), ("late", "timer")]
    assert [(each.element_id, each.kind) for each in plan.begun] == [("b", "task")]
    assert (run.open_tasks, run.timers) == (["b"], {})
    assert run.history[-2:] == ["cancelled a", "entered b"]
    run.complete("b")
    assert run.completed


def test_the_targets_are_what_a_token_may_be_put_at_and_what_leads_to_each_is_known() -> None:
    live = Operated(file(BRANCHES)).live
    assert surgery.targets(live) == ["s", "a", "fork", "b1", "b2", "c", "k", "e"]
    assert surgery.preceding(live)["join"] == ["b2", "c"]
    body = start() + task("a") + boundary("late", "a", timer("timeDuration", "P1D")) + end() + flows("s a e")
    late = Operated(file(body + end("f") + flows("late f"))).live
    assert "late" not in surgery.targets(late)
    assert surgery.preceding(late)["late"] == ["a"]


def test_a_token_moves_within_its_branch_and_the_join_still_comes_out() -> None:
    run = Operated(file(BRANCHES))
    run.complete("a")
    run.cut("move", "b1", "b2")
    run.complete("b2")
    run.complete("c")
    assert run.open_tasks == ["k"]


@pytest.mark.parametrize(("at", "to"), [("b1", "c"), ("b1", "k"), ("c", "a"), ("b1", "e")])
def test_a_move_that_would_break_a_join_names_it(at: str, to: str) -> None:
    run = Operated(file(BRANCHES))
    run.complete("a")
    refusal = refused(run, "move", at, to)
    assert isinstance(refusal, refusals.WouldBreakJoin)
    assert refusal.facts["joins"] == ["join"]
    assert run.open_tasks == ["b1", "c"]


def test_a_token_before_the_fork_cannot_be_put_into_one_branch() -> None:
    run = Operated(file(BRANCHES))
    assert isinstance(refused(run, "move", "a", "b1"), refusals.WouldBreakJoin)
    run.cut("move", "a", "k")
    assert run.open_tasks == ["k"]


def test_a_token_that_waits_at_a_join_goes_back_into_its_branch_and_nowhere_else() -> None:
    run = Operated(file(BRANCHES))
    run.complete("a")
    run.complete("c")
    assert run.stand() == ["b1", "join"]
    assert isinstance(refused(run, "move", "join", "b1"), refusals.WouldBreakJoin)
    assert isinstance(refused(run, "move", "join", "k"), refusals.WouldBreakJoin)
    run.cut("move", "join", "c")
    assert run.open_tasks == ["b1", "c"]


def test_in_a_loop_around_the_branches_a_token_still_may_not_change_its_branch() -> None:
    body = BRANCHES.replace(flow("k", "e"), "") + '<bpmn:exclusiveGateway id="g" default="g_e"/>'
    run = Operated(file(body + flows("k g e") + flow("g", "a", "again")))
    run.complete("a")
    assert isinstance(refused(run, "move", "b1", "c"), refusals.WouldBreakJoin)
    assert isinstance(refused(run, "move", "b1", "a"), refusals.WouldBreakJoin)
    run.cut("move", "b1", "b2")
    run.cut("rewind", to="b1")
    assert run.open_tasks == ["b1", "c"]


def test_an_inclusive_join_is_passed_with_the_branch_that_the_token_was_moved_to() -> None:
    gate = '<bpmn:inclusiveGateway id="{}"/>'
    body = start() + gate.format("i") + task("x") + task("y") + task("z") + gate.format("o") + task("k") + end()
    body += (
        flows("s i", "x o", "y o", "z o", "o k e")
        + flow("i", "x", "true")
        + flow("i", "y", "true")
        + flow("i", "z", "false")
    )
    run = Operated(file(body))
    assert run.open_tasks == ["x", "y"]
    assert isinstance(refused(run, "move", "x", "y"), refusals.WouldBreakJoin)
    run.cut("move", "x", "z")
    run.complete("z")
    run.complete("y")
    assert run.open_tasks == ["k"]
    run.complete("k")
    assert run.completed


def test_a_token_out_of_a_deadlock_may_pass_the_join_that_is_broken_anyway() -> None:
    body = start() + '<bpmn:exclusiveGateway id="g" default="g_x"/>' + task("x") + task("y") + JOIN + task("k") + end()
    run = Operated(file(body + flows("s g x join k e", "y join") + flow("g", "y", "false")))
    run.complete("x")
    assert list(run.incidents.values()) == [("join", "deadlock")]
    run.cut("move", "join", "k")
    assert (run.incidents, run.open_tasks) == ({}, ["k"])


def test_the_targets_that_a_token_cannot_be_put_at() -> None:
    inner = sub("sp", start("is") + task("inside") + end("ie") + flows("is inside ie"))
    race = (
        '<bpmn:eventBasedGateway id="race"/>'
        + f'<bpmn:intermediateCatchEvent id="won">{CAUGHT}</bpmn:intermediateCatchEvent>'
    )
    body = start() + task("a") + inner + FORK + JOIN + race + end() + end("f")
    body += flows("s a sp fork join race won e", "late f") + boundary("late", "a", timer("timeDuration", "P1D"))
    body += f'<bpmn:intermediateCatchEvent id="lost">{timer("timeDuration", "P1D")}</bpmn:intermediateCatchEvent>'
    body += flows("race lost f") + flow("fork", "join", identity="second")
    run = Operated(file(body, MESSAGE))
    assert isinstance(refused(run, "move", "a", "inside"), refusals.TargetElsewhere)
    assert isinstance(refused(run, "move", "a", "join"), refusals.TargetIsJoin)
    for target in ("late", "won", "nobody"):
        assert isinstance(refused(run, "move", "a", target), refusals.TargetNotByFlow)
    assert isinstance(refused(run, "move", "late", "e"), refusals.NotMovable)
    assert isinstance(refused(run, "move", "gone", "e"), NotWaiting)
    run.cut("move", "a", "sp")
    assert run.open_tasks == ["inside"]
    assert isinstance(refused(run, "move", "inside", "a"), refusals.TargetElsewhere)
    plan = run.cut("move", "sp", "a")
    assert sorted(each.element_id for each in plan.ended) == ["inside", "sp"]
    assert run.open_tasks == ["a"]


def test_a_repeated_activity_moves_as_a_whole_and_no_repetition_by_itself() -> None:
    run = Operated(file(start() + task("many", THREE) + task("next") + end() + flows("s many next e")))
    child = next(iter(run.tasks))
    assert isinstance(refused(run, "move", child, "next"), refusals.NotMovable)
    assert isinstance(refused(run, "move", "many", "next"), refusals.TokenUnclear)
    body = next(each.uid for each in surgery.standing(run.live) if each.kind == "repetition")
    run.cut("move", body, "next")
    assert run.open_tasks == ["next"]


# -- skip ------------------------------------------------------------------------------------------------------------


def test_what_waits_is_skipped_without_a_result_whatever_it_waits_for() -> None:
    service = '<bpmn:serviceTask id="job" camunda:type="external" camunda:topic="far"/>'
    call = '<bpmn:callActivity id="call" calledElement="child"/>'
    receive = '<bpmn:receiveTask id="mail" messageRef="m"/>'
    wait = f'<bpmn:intermediateCatchEvent id="wait">{timer("timeDuration", "P1D")}</bpmn:intermediateCatchEvent>'
    body = start() + task("t") + service + call + receive + wait + end() + flows("s t job call mail wait e")
    run = Operated(file(body, MESSAGE))
    for element in ("t", "job", "call", "mail", "wait"):
        plan = run.cut("skip", element)
        assert [each.element_id for each in plan.ended] == [element]
        assert ("child_cancelled" in {caution.code for caution in plan.cautions}) == (element == "call")
        assert (run.times(element), run.times(element, "cancelled")) == (0, 1)
    assert (run.jobs, run.calls, run.subscriptions, run.timers) == ({}, {}, {}, {})
    assert run.completed


def test_an_incident_is_skipped_and_a_condition_that_then_fails_is_the_next_one() -> None:
    wrong = f'<bpmn:intermediateCatchEvent id="wait">{timer("timeDate", "=due")}</bpmn:intermediateCatchEvent>'
    body = start() + wrong + '<bpmn:exclusiveGateway id="g"/>' + end() + flows("s wait g") + flow("g", "e", "ok")
    run = Operated(file(body))
    run.cut("skip", "wait")
    assert list(run.incidents.values()) == [("g", "no_flow_taken")]
    run.cut("skip", "g")
    assert list(run.incidents.values()) == [("g", "no_flow_taken")]
    run.cut("set", fields={"ok": True})
    run.cut("retry", "g")
    assert run.completed


def test_a_sub_process_and_one_repetition_are_skipped_with_what_is_inside() -> None:
    body = start() + sub("sp", start("is") + task("t") + end("ie") + flows("is t ie") + THREE) + end() + flows("s sp e")
    run = Operated(file(body))
    whole = next(each.uid for each in surgery.standing(run.live) if each.kind == "repetition")
    assert isinstance(refused(run, "skip", whole), refusals.SkipRepetitions)
    (first,) = [each.uid for each in surgery.standing(run.live) if each.kind == "inside" and each.loop_index == 0]
    run.cut("skip", first)
    assert len(run.tasks) == 2
    assert run.entries.count(("sp", "subProcess", "cancelled", 0)) == 1
    run.complete("t", index=1)
    run.complete("t", index=2)
    assert run.completed


def test_of_a_race_the_event_is_named_that_counts_as_having_happened() -> None:
    body = start() + '<bpmn:eventBasedGateway id="race"/>' + end() + end("f")
    body += f'<bpmn:intermediateCatchEvent id="mail">{CAUGHT}</bpmn:intermediateCatchEvent>'
    body += f'<bpmn:intermediateCatchEvent id="wait">{timer("timeDuration", "P1D")}</bpmn:intermediateCatchEvent>'
    run = Operated(file(body + flows("s race mail e", "race wait f"), MESSAGE))
    refusal = refused(run, "skip", "race")
    assert isinstance(refusal, refusals.SkipByEvent)
    assert refusal.facts["events"] == ["mail", "wait"]
    run.cut("skip", "wait")
    assert run.completed
    assert run.executed[-2:] == ["wait", "f"]


def test_neither_a_boundary_event_nor_the_wait_at_a_join_is_skipped() -> None:
    run = Operated(file(BRANCHES + boundary("late", "c", timer("timeDuration", "P1D")) + end("f") + flows("late f")))
    run.complete("a")
    assert isinstance(refused(run, "skip", "late"), refusals.NotSkippable)
    run.complete("c")
    assert isinstance(refused(run, "skip", "join"), refusals.NotSkippable)


# -- rewind ----------------------------------------------------------------------------------------------------------


def test_going_back_before_the_fork_takes_both_branches_back_and_keeps_what_was_written() -> None:
    run = Operated(file(BRANCHES))
    run.complete("a", n=1)
    run.complete("c")
    plan = run.cut("rewind", to="a")
    assert sorted(each.element_id for each in plan.ended) == ["b1", "join"]
    assert "kept" in {caution.code for caution in plan.cautions}
    assert run.stand() == ["a"]
    assert run.variables == {"n": 1}
    run.complete("a")
    assert run.open_tasks == ["b1", "c"]


def test_going_back_within_a_branch_leaves_the_other_alone() -> None:
    run = Operated(file(BRANCHES))
    run.complete("a")
    run.complete("b1")
    run.complete("b2")
    other = [each.uid for each in surgery.standing(run.live) if each.element_id == "c"]
    run.cut("rewind", to="b1")
    assert run.open_tasks == ["b1", "c"]
    assert [each.uid for each in surgery.standing(run.live) if each.element_id == "c"] == other


def test_behind_the_join_there_is_no_way_back_into_one_branch() -> None:
    run = Operated(file(BRANCHES))
    for element in ("a", "b1", "b2", "c"):
        run.complete(element)
    refusal = refused(run, "rewind", to="b1")
    assert isinstance(refusal, refusals.WouldBreakJoin)
    assert isinstance(refused(run, "rewind", to="join"), refusals.TargetIsJoin)
    run.cut("rewind", to="a")
    assert run.stand() == ["a"]


def test_what_was_never_reached_is_nothing_to_go_back_to() -> None:
    body = start() + task("a") + task("b") + end() + flows("s a b e")
    run = Operated(file(body))
    assert isinstance(refused(run, "rewind", to="b"), refusals.NeverExecuted)
    assert isinstance(refused(run, "rewind", to="nobody"), refusals.TargetNotByFlow)
    run.complete("a")
    run.cut("rewind", to="s")
    assert run.open_tasks == ["a"]


def test_a_branch_that_has_ended_is_not_begun_once_more() -> None:
    body = start() + FORK + task("a") + task("b") + end() + end("f") + flows("s fork a e", "fork b f")
    run = Operated(file(body))
    run.complete("b")
    assert isinstance(refused(run, "rewind", to="b"), refusals.NothingToRewind)


def test_what_was_sent_or_called_since_is_named_and_has_to_be_accepted() -> None:
    call = '<bpmn:callActivity id="call" calledElement="child"/>'
    send = f'<bpmn:intermediateThrowEvent id="send">{CAUGHT}</bpmn:intermediateThrowEvent>'
    inner = sub("sp", start("is") + send + end("ie") + flows("is send ie"))
    run = Operated(file(start() + task("a") + call + inner + task("b") + end() + flows("s a call sp b e"), MESSAGE))
    run.complete("a")
    run.finish_call("call")
    plan = run.rehearse("rewind", to="a")
    assert isinstance(plan.refusal, refusals.AlreadyLeft)
    assert [caution.names for caution in plan.cautions if caution.code == "sent"] == [("call", "send")]
    assert refused(run, "rewind", to="a").facts["elements"] == ["call", "send"]
    run.cut("rewind", to="a", despite_sent=True)
    assert run.open_tasks == ["a"]


def test_a_sub_process_that_has_ended_cannot_be_gone_back_into() -> None:
    inner = sub("sp", start("is") + task("t") + task("u") + end("ie") + flows("is t u ie"))
    run = Operated(file(start() + inner + task("b") + end() + flows("s sp b e")))
    run.complete("t")
    run.cut("rewind", to="t")
    assert run.open_tasks == ["t"]
    run.complete("t")
    run.complete("u")
    assert isinstance(refused(run, "rewind", to="t"), refusals.ScopeGone)


def test_of_a_repeated_sub_process_a_token_inside_is_named() -> None:
    inner = sub("sp", start("is") + task("t") + task("u") + end("ie") + flows("is t u ie") + THREE)
    run = Operated(file(start() + inner + end() + flows("s sp e")))
    run.complete("t", index=1)
    assert isinstance(refused(run, "rewind", to="t"), refusals.ScopeUnclear)
    run.cut("rewind", "u", "t")
    assert run.open_tasks == ["t", "t", "t"]


def test_nothing_is_gone_back_to_where_an_event_sub_process_has_taken_over() -> None:
    begun = f'<bpmn:startEvent id="es_s">{CAUGHT}</bpmn:startEvent>'
    handler = sub("es", begun + task("h") + flows("es_s h"), ' triggeredByEvent="true"')
    run = Operated(file(start() + task("a") + task("b") + end() + flows("s a b e") + handler, MESSAGE))
    run.deliver("es_s")
    assert isinstance(refused(run, "rewind", to="a"), refusals.ScopeGone)
    assert isinstance(refused(run, "move", "es", "a"), refusals.NotMovable)


# -- variables -------------------------------------------------------------------------------------------------------


def test_a_variable_is_set_and_what_waits_for_it_goes_on() -> None:
    condition = (
        "<bpmn:conditionalEventDefinition><bpmn:condition>n &gt; 1</bpmn:condition></bpmn:conditionalEventDefinition>"
    )
    body = (
        start()
        + f'<bpmn:intermediateCatchEvent id="c">{condition}</bpmn:intermediateCatchEvent>'
        + script("x", "n + 1", "m")
    )
    run = Operated(file(body + end() + flows("s c x e")), {"n": 1})
    assert run.rehearse("skip", "c").completed
    plan = run.cut("set", fields={"n": 2})
    assert (plan.completed, plan.passed) == (True, ("x", "e"))
    assert run.variables == {"n": 2, "m": 3}


def test_a_name_that_an_activity_has_of_its_own_is_told_of() -> None:
    run = Operated(file(start() + task("many", THREE) + end() + flows("s many e")))
    (caution,) = run.cut("set", fields={"n": 9}).cautions
    assert (caution.code, caution.names) == ("shadowed", ("n",))
    assert isinstance(run.rehearse("set", fields={"n": {1, 2}}).refusal, LastmeterError)
