"""Ad-hoc sub-processes: what begins, what may be done again, when it is over. Source: BPMN 2.0.2, 10.3.5 and 13.3.5."""

from __future__ import annotations

from .runner import Runner, end, file, flows, script, start, task


def ad_hoc(inside: str, completion: str = "", attributes: str = "") -> bytes:
    condition = f"<bpmn:completionCondition>{completion}</bpmn:completionCondition>" if completion else ""
    element = f'<bpmn:adHocSubProcess id="x"{attributes}>{inside}{condition}</bpmn:adHocSubProcess>'
    return file(start() + element + task("after") + flows("s x after"))


def test_without_a_condition_everything_is_done_once_in_any_order() -> None:
    run = Runner(ad_hoc(task("a") + task("b") + task("c") + flows("b c")))
    assert run.open_tasks == ["a", "b"]
    run.complete("b")
    run.complete("c")
    assert run.open_tasks == ["a"]
    run.complete("a")
    assert run.open_tasks == ["after"]
    assert run.history[-3:] == ["completed a", "completed x", "entered after"]


def test_what_a_person_does_may_be_done_again_until_the_condition_holds_and_the_rest_is_cancelled() -> None:
    run = Runner(ad_hoc(task("visit") + task("call"), "enough"))
    for _ in range(3):
        run.complete("visit", enough=False)
    assert run.open_tasks == ["call", "visit"]
    run.complete("visit", enough=True)
    assert run.open_tasks == ["after"]
    assert "cancelled call" in run.history
    assert run.times("visit") == 4


def test_where_the_rest_is_not_cancelled_it_is_finished_first() -> None:
    run = Runner(ad_hoc(task("a") + task("b"), "enough", ' cancelRemainingInstances="false"'))
    run.complete("a", enough=True)
    assert run.open_tasks == ["b"]
    run.complete("b")
    assert run.open_tasks == ["after"]


def test_in_sequence_what_runs_by_itself_runs_one_after_the_other() -> None:
    service = '<bpmn:serviceTask id="{0}" camunda:type="external" camunda:topic="x"/>'
    run = Runner(ad_hoc(service.format("a") + service.format("b"), "", ' ordering="Sequential"'))
    assert [job.element_id for job in run.jobs.values()] == ["a"]
    run.finish_job("a")
    assert [job.element_id for job in run.jobs.values()] == ["b"]
    run.finish_job("b")
    assert run.open_tasks == ["after"]


def test_what_runs_by_itself_runs_another_round_while_the_condition_is_false() -> None:
    run = Runner(ad_hoc(script("a", "n + 1", "n"), "n &gt;= 3"), {"n": 0})
    assert run.open_tasks == ["after"]
    assert run.times("a") == 3


def test_an_expression_may_say_what_begins() -> None:
    run = Runner(ad_hoc(task("a") + task("b"), "", ' lm:activeElements="=wanted"'), {"wanted": ["b"]})
    assert run.open_tasks == ["b"]
    run.complete("b")
    assert run.open_tasks == ["after"]
    wrong = Runner(ad_hoc(task("a"), "", ' lm:activeElements="=wanted"'), {"wanted": ["none"]})
    assert list(wrong.incidents.values()) == [("x", "not_a_collection")]


def test_a_condition_that_is_no_boolean_waits_as_an_incident_and_what_runs_inside_stays() -> None:
    run = Runner(ad_hoc(task("a") + task("b"), "enough"), {})
    run.complete("a", enough="perhaps")
    assert list(run.incidents.values()) == [("x", "condition_not_boolean")]
    assert "b" in run.open_tasks
    run.set(enough=True)
    run.retry("x")
    run.complete("b")
    assert run.open_tasks == ["after"]


def test_an_ad_hoc_sub_process_may_repeat_and_hold_sub_processes() -> None:
    inner = f'<bpmn:subProcess id="i">{start("is")}{task("a")}{end("ie")}{flows("is a ie")}</bpmn:subProcess>'
    many = '<bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:loopCardinality>2</bpmn:loopCardinality>'
    run = Runner(ad_hoc(inner + many + "</bpmn:multiInstanceLoopCharacteristics>"))
    run.complete("a")
    run.complete("a")
    assert run.open_tasks == ["after"]


SEQUENTIAL = ' ordering="Sequential"'
SERVICE = '<bpmn:serviceTask id="{0}" camunda:type="external" camunda:topic="x"/>'


def rivals(run: Runner, element: str) -> list[tuple[str, bool]]:
    """What must not be under way beside the task, and whether it is."""
    (uid,) = [uid for uid, opened in run.tasks.items() if opened.element_id == element]
    return [(each.element_id, each.under_way) for each in run.live.rivals(uid)]


def test_in_sequence_people_are_offered_what_is_left_when_nothing_runs_by_itself() -> None:
    run = Runner(ad_hoc(task("a") + SERVICE.format("c") + task("b") + SERVICE.format("g"), "", SEQUENTIAL))
    assert (run.open_tasks, [job.element_id for job in run.jobs.values()]) == ([], ["c"])
    run.finish_job("c")
    assert (run.open_tasks, [job.element_id for job in run.jobs.values()]) == ([], ["g"])
    run.finish_job("g")
    assert run.open_tasks == ["a", "b"]
    assert rivals(run, "a") == [("b", False)]
    run.complete("b")
    run.complete("a")
    assert run.open_tasks == ["after"]


def test_in_sequence_what_is_under_way_keeps_people_from_beginning_another() -> None:
    run = Runner(ad_hoc(task("a") + task("b") + SERVICE.format("c") + flows("a c"), "", SEQUENTIAL))
    assert rivals(run, "b") == [("a", False)]
    run.complete("a")
    assert rivals(run, "b") == [("c", True)]
    run.finish_job("c")
    assert rivals(run, "b") == []


def test_in_sequence_one_repetition_that_is_done_or_begun_counts_for_its_activity() -> None:
    many = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality>"
    body = task("a", many + "</bpmn:multiInstanceLoopCharacteristics>") + task("b")
    run = Runner(ad_hoc(body, "", SEQUENTIAL))
    offered = [uid for uid, opened in run.tasks.items() if opened.element_id == "a"]
    (other,) = run.live.rivals(next(uid for uid, opened in run.tasks.items() if opened.element_id == "b"))
    assert (other.element_id, other.under_way, sorted(other.task_uids)) == ("a", False, sorted(offered))
    assert [each.element_id for each in run.live.rivals(offered[0])] == ["b"]
    run.complete("a", index=0)
    assert rivals(run, "b") == [("a", True)]


def test_in_parallel_nothing_excludes_anything() -> None:
    run = Runner(ad_hoc(task("a") + task("b")))
    assert rivals(run, "a") == []


def test_within_sub_processes_the_whole_one_counts() -> None:
    inner = f'<bpmn:subProcess id="i">{start("is")}{task("c")}{end("ie")}{flows("is c ie")}</bpmn:subProcess>'
    run = Runner(ad_hoc(task("a") + inner + flows("a i") + task("b"), "", SEQUENTIAL))
    run.complete("a")
    assert run.open_tasks == ["b", "c"]
    assert (rivals(run, "b"), rivals(run, "c")) == ([("i", True)], [("b", False)])


def test_an_event_sub_process_that_does_not_interrupt_leaves_the_ad_hoc_sub_process_as_it_is() -> None:
    message = (
        '<bpmn:startEvent id="y" isInterrupting="false"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>'
    )
    inner = f'<bpmn:subProcess id="esp" triggeredByEvent="true">{message}{task("t")}{flows("y t")}</bpmn:subProcess>'
    xml = ad_hoc(task("a") + task("b") + inner, "enough", SEQUENTIAL).decode()
    run = Runner(xml.replace("<bpmn:process", '<bpmn:message id="m" name="asked"/><bpmn:process').encode())
    run.deliver("y")
    assert run.open_tasks == ["a", "b", "t"]
    assert (rivals(run, "a"), rivals(run, "t")) == ([("b", False)], [])
    run.complete("t", enough=False)
    assert run.open_tasks == ["a", "b"]
    run.deliver("y")
    run.complete("a", enough=True)
    assert run.open_tasks == ["after"]
    assert run.history[-5:] == ["cancelled b", "cancelled t", "cancelled esp", "completed x", "entered after"]
