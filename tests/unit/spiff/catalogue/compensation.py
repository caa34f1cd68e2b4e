"""Compensation: what is undone, in which order, by whom."""

from __future__ import annotations

from ..runner import boundary, end, flows, start, task
from .drawing import DAY, PLAIN, UNDO, between, element, gateway, handled, many, sub, throw
from .row import Other, Refusal, executed, refused

AIMED = '<bpmn:compensateEventDefinition activityRef="a"/>'
UNWAITING = '<bpmn:compensateEventDefinition waitForCompletion="false"/>'
COUNT = "<bpmn:loopCardinality>2</bpmn:loopCardinality>"

COMPENSATION = (
    executed(
        "补偿活动，逆序",
        "compensation activity, in reverse order",
        start() + handled("a") + handled("b") + end("x", UNDO) + flows("s a b x"),
        "s +a [complete a] -a +b [complete b] -b +x cb +ub [complete ub] -ub ca +ua [complete ua] -ua -x",
        Refusal("handler-of-nothing", PLAIN + task("x", isForCompensation="true")),
        more=["test_completed_activities_are_undone_in_reverse_order_before_the_throw_goes_on"],
    ),
    executed(
        "指定活动",
        "compensation of one activity",
        start() + handled("a") + handled("b") + end("x", AIMED) + flows("s a b x"),
        "s +a [complete a] -a +b [complete b] -b +x ca +ua [complete ua] -ua -x",
        Refusal("compensates-elsewhere", between(sub(task("a")), end("y", AIMED)) + flows("x y")),
        more=["test_only_the_named_activity_is_undone_and_only_once"],
    ),
    executed(
        "未完成的不补偿",
        "only what has completed",
        start() + gateway("parallel", "f") + handled("a") + handled("b") + throw(UNDO) + flows("s f a x", "f b"),
        "s f +a +b [complete a] -a +x ca +ua [complete ua] -ua -x [complete b] -b",
        Other("s f +a +b [complete b] -b …", never="ua"),
        more=["test_what_has_not_completed_is_not_undone"],
    ),
    executed(
        "不等待的补偿",
        "compensation without waiting",
        start() + handled("a") + throw(UNWAITING) + task("t") + flows("s a x t"),
        "s +a [complete a] -a +x ca -x +ua +t [complete t] -t [complete ua] -ua",
        Other("s +a …", never="ua"),
        more=["test_a_throw_that_does_not_wait_goes_on_while_handlers_run"],
    ),
    executed(
        "无可补偿",
        "nothing to undo: the throw is passed",
        start() + throw(UNDO) + handled("a") + flows("s x a"),
        "s x +a [complete a] -a",
        Refusal("compensation-with-outgoing", PLAIN + handled("a").replace("cb", "ca") + flows("t a", "ca t")),
        more=["test_where_nothing_ever_compensates_nothing_is_remembered"],
    ),
    executed(
        "多实例的补偿",
        "compensation of each instance",
        start() + handled("a", repeat=many('isSequential="true"', COUNT)) + end("x", UNDO) + flows("s a x"),
        "s +a +a [complete a#0] -a +a [complete a#1] -a -a +x ca +ua [complete ua] -ua ca +ua [complete ua] -ua -x",
        Other("s +a +a [complete a#0] -a +a …", never="ua"),
        more=[
            "test_a_multi_instance_activity_is_undone_once_for_each_instance_with_its_element",
            "test_every_round_of_a_loop_in_the_diagram_is_undone",
        ],
    ),
    executed(
        "子流程逐项补偿",
        "compensation of a completed sub-process, piece by piece",
        start() + sub(start("is") + handled("a") + flows("is a"), "sp") + end("x", UNDO) + flows("s sp x"),
        "s +sp is +a [complete a] -a -sp +x ca +ua [complete ua] -ua -x",
        Other("s +sp is +a …", never="ua"),
        more=["test_a_completed_sub_process_is_undone_piece_by_piece_with_its_own_variables"],
    ),
    executed(
        "子流程整体补偿",
        "compensation of a sub-process as a whole",
        start()
        + sub(start("is") + handled("a") + flows("is a"), "sp")
        + boundary("c", "sp", UNDO)
        + task("u", isForCompensation="true")
        + '<bpmn:association id="l" sourceRef="c" targetRef="u"/>'
        + end("x", UNDO)
        + flows("s sp x"),
        "s +sp is +a [complete a] -a -sp +x c +u [complete u] -u -x",
        Other("s +sp is +a …", never="u"),
        more=["test_a_sub_process_with_a_handler_on_its_border_is_undone_as_a_whole"],
    ),
    executed(
        "子流程作补偿活动",
        "sub-process as compensation activity",
        start() + handled("a", sub(task("w"), "ua", 'isForCompensation="true"')) + end("x", UNDO) + flows("s a x"),
        "s +a [complete a] -a +x ca +ua +w [complete w] -w -ua -x",
        Refusal("handler-connected", between(task("x", isForCompensation="true"))),
        more=[
            "test_an_error_in_a_handler_is_caught_around_the_throw",
            "test_an_error_event_sub_process_undoes_what_completed_around_it",
        ],
    ),
    executed(
        "被中断的补偿活动",
        "compensation activity that is interrupted: it is over",
        start() + handled("a") + boundary("b", "ua", DAY) + task("w") + end("x", UNDO) + flows("s a x", "b w"),
        "s +a [complete a] -a +x ca +ua [fire b] +b !ua -b -x +w [complete w] -w",
        Other("s +a [complete a] -a +x ca +ua [complete ua] -ua -x", never="w"),
        more=["test_a_handler_that_is_interrupted_is_over_and_the_next_one_follows"],
    ),
    refused(
        "两种补偿方式",
        "activity with two handlers",
        "handler-twice",
        PLAIN
        + handled("a")
        + element("boundaryEvent", UNDO, 'attachedToRef="a"')
        + task("u", isForCompensation="true")
        + '<bpmn:association id="l" sourceRef="x" targetRef="u"/>',
    ),
    refused(
        "补偿活动的补偿",
        "compensation of what compensates",
        "handler-compensated",
        PLAIN + handled("a") + element("boundaryEvent", UNDO, 'attachedToRef="ua"'),
    ),
)
