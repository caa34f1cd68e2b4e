"""Sub-processes, calls, transactions and ad-hoc sub-processes."""

from __future__ import annotations

from ..runner import boundary, end, flow, flows, script, start, task
from .drawing import CANCEL, DAY, MESSAGE, TERMINATE, between, element, gateway, handled, service, sub
from .row import Other, Refusal, executed, refused

INNER = start("is") + task("t") + end("ie") + flows("is t ie")
FIELD = "<bpmn:extensionElements><camunda:inputOutput>{}</camunda:inputOutput></bpmn:extensionElements>"
IN_AND_OUT = FIELD.format(
    '<camunda:inputParameter name="a">=b + 1</camunda:inputParameter>'
    '<camunda:outputParameter name="c">=a</camunda:outputParameter>'
)
PASSED = (
    '<bpmn:extensionElements><camunda:in source="a" target="x"/><camunda:out source="r" target="got"/>'
    "</bpmn:extensionElements>"
)

SUB_PROCESSES = (
    executed(
        "嵌入子流程",
        "embedded sub-process",
        between(sub(INNER)),
        "s +x is +t [complete t] -t ie -x e",
        Refusal("flow-crosses-boundary", between(sub(INNER), flow("s", "t"))),
        more=["test_a_sub_process_sees_its_own_inputs_and_gives_back_its_outputs"],
    ),
    executed(
        "没有开始的子流程",
        "sub-process without a start event",
        between(sub(task("a") + task("b"))),
        "s +x +a +b [complete b] -b [complete a] -a -x e",
        Refusal("never-reached", between(sub(start("is") + task("a") + task("b") + flows("is a")))),
    ),
    executed(
        "空子流程",
        "empty sub-process",
        between(sub("")),
        "s x e",
        Refusal("event-sub-process-start", start() + sub("", attributes='triggeredByEvent="true"')),
    ),
    executed(
        "子流程内的终止",
        "terminate inside a sub-process",
        between(
            sub(
                start("is")
                + gateway("parallel", "f")
                + task("a")
                + task("b")
                + end("ie", TERMINATE)
                + flows("is f a ie", "f b")
            )
        ),
        "s +x is f +a +b [complete a] -a ie !b -x e",
        Other("s +x is f +a +b [complete b] -b …", never="!b"),
        more=["test_a_terminate_end_ends_its_scope_only"],
    ),
    executed(
        "循环子流程",
        "sub-process that repeats",
        between(
            sub(
                INNER + '<bpmn:multiInstanceLoopCharacteristics isSequential="true"><bpmn:loopCardinality>2'
                "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
            )
        ),
        "s +x +x is +t [complete t] -t ie -x +x is +t [complete t] -t ie -x -x e",
        Refusal("multi-instance-without-number", between(sub(INNER + "<bpmn:multiInstanceLoopCharacteristics/>"))),
        more=["test_the_repetitions_of_a_parallel_sub_process_do_not_see_each_others_variables"],
    ),
    executed(
        "输入与输出映射",
        "input and output mappings",
        between(script("x", "a * 10", "z", IN_AND_OUT)),
        "s x e",
        Refusal(
            "feel-syntax",
            between(task("x", FIELD.format('<camunda:inputParameter name="a">=b +</camunda:inputParameter>'))),
        ),
        given={"b": 1},
        gives={"c": 2},
        more=["test_mapped_maps_and_lists_are_expressions"],
    ),
    executed(
        "调用活动",
        "call activity",
        between(element("callActivity", "", 'calledElement="other"')),
        "s +x [call x done=true] -x e",
        Refusal("called-process-missing", between(element("callActivity"))),
        gives={"done": True},
        more=["test_a_called_process_may_be_named_by_a_variable_and_an_unknown_one_is_an_incident"],
    ),
    executed(
        "调用活动的参数",
        "call activity with mappings",
        between(element("callActivity", PASSED, 'calledElement="other"')),
        "s +x [call x r=2 noise=1] -x e",
        Other("s +x …", never="e", given={"a": 1}),
        given={"a": 1},
        gives={"got": 2},
        more=["test_a_call_activity_waits_for_its_child_and_maps_both_ways"],
    ),
    executed(
        "调用活动重复",
        "call activity that repeats",
        between(
            element(
                "callActivity",
                '<bpmn:multiInstanceLoopCharacteristics camunda:collection="list"/>',
                'calledElement="other"',
            )
        ),
        "s +x +x +x [call x#0] -x [call x#1] -x -x e",
        Other("s x e", never="+x +x", given={"list": []}),
        given={"list": [1, 2]},
        more=["test_call_activities_repeat_with_their_own_inputs"],
    ),
    refused(
        "子流程里几个无定义的开始",
        "several none start events in a sub-process",
        "several-plain-starts",
        between(sub(start("i1") + start("i2") + task("a") + task("b") + flows("i1 a", "i2 b"))),
    ),
    refused(
        "子流程里带事件的开始",
        "start event with a definition in a sub-process",
        "start-event-in-sub-process",
        between(sub(element("startEvent", MESSAGE, "", "is") + task("t") + flows("is t"))),
    ),
)

BOOKED = (
    start("is") + handled("a") + gateway("exclusive", "g", 'default="g_ie"') + end("ie") + end("stop", CANCEL)
    + flows("is a g ie") + flow("g", "stop", "refused")
)  # fmt: skip
TRANSACTION = between(
    sub(BOOKED, kind="transaction"), boundary("b", "x", CANCEL) + task("u") + flows("b u")
) + boundary("late", "x", DAY)  # fmt: skip


def ad_hoc(inside: str, condition: str = "", attributes: str = "") -> str:
    asked = f"<bpmn:completionCondition>{condition}</bpmn:completionCondition>" if condition else ""
    return between(sub(inside + asked, attributes=attributes, kind="adHocSubProcess"))


SPECIAL = (
    executed(
        "事务，成功",
        "transaction, successful",
        TRANSACTION,
        "s +x is +a [complete a] -a g ie -x e",
        Other("s +x is +a …", never="e"),
        more=["test_a_transaction_that_is_not_cancelled_goes_on_and_undoes_nothing"],
    ),
    executed(
        "事务，取消",
        "transaction, cancelled",
        TRANSACTION,
        "s +x is +a [complete a refused=true] -a g stop ca +ua [complete ua] -ua +b !x -b +u [complete u] -u",
        Other("s +x is +a [complete a] -a g ie -x e", never="ua"),
        more=["test_a_cancelled_transaction_undoes_its_activities_and_leaves_by_the_cancel_event"],
    ),
    executed(
        "事务，意外中断",
        "transaction, hazard",
        TRANSACTION,
        "s +x is +a [fire late] +late !a !x -late",
        Other("s +x is +a [complete a] -a g ie -x e", never="late"),
        more=["test_a_transaction_interrupted_by_a_hazard_undoes_nothing"],
    ),
    executed(
        "自由子流程，并行",
        "ad-hoc sub-process, parallel",
        ad_hoc(task("a") + task("b") + task("c") + flows("b c")),
        "s +x +a +b [complete b] -b +c [complete c] -c [complete a] -a -x e",
        Refusal("not-in-ad-hoc", ad_hoc(start("y") + task("a"))),
        more=["test_without_a_condition_everything_is_done_once_in_any_order"],
    ),
    executed(
        "自由子流程，顺序",
        "ad-hoc sub-process, sequential",
        ad_hoc(service("a") + service("b"), attributes='ordering="Sequential"'),
        "s +x +a [job a] -a +b [job b] -b -x e",
        Other("s +x +a …", never="b"),
        more=["test_in_sequence_what_runs_by_itself_runs_one_after_the_other"],
    ),
    executed(
        "自由子流程，完成条件",
        "ad-hoc sub-process, completion condition",
        ad_hoc(task("a") + task("b"), "enough"),
        "s +x +a +b [complete a enough=false] -a +a [complete a enough=true] -a !b -x e",
        Other("s +x +a +b [complete a enough=false] -a +a …", never="e"),
        more=[
            "test_what_a_person_does_may_be_done_again_until_the_condition_holds_and_the_rest_is_cancelled",
            "test_what_runs_by_itself_runs_another_round_while_the_condition_is_false",
            "test_a_condition_that_is_no_boolean_waits_as_an_incident_and_what_runs_inside_stays",
        ],
    ),
    executed(
        "自由子流程，不取消其余",
        "ad-hoc sub-process, the rest is finished",
        ad_hoc(task("a") + task("b"), "enough", 'cancelRemainingInstances="false"'),
        "s +x +a +b [complete a enough=true] -a [complete b] -b -x e",
        Other("s +x +a +b [complete a enough=true] -a …", never="e"),
        more=["test_where_the_rest_is_not_cancelled_it_is_finished_first"],
    ),
    executed(
        "自由子流程，选定活动（扩展）",
        "ad-hoc sub-process, chosen activities (extension)",
        ad_hoc(task("a") + task("b"), attributes='lm:activeElements="=wanted"'),
        "s +x +b [complete b] -b -x e",
        Other("s +x +a [complete a] -a -x e", never="b", given={"wanted": ["a"]}),
        given={"wanted": ["b"]},
        more=["test_an_expression_may_say_what_begins"],
    ),
    executed(
        "自由子流程，顺序，由人选择",
        "ad-hoc sub-process, sequential: people choose the order",
        ad_hoc(task("a") + task("b"), attributes='ordering="Sequential"'),
        "s +x +a +b [complete b] -b [complete a] -a -x e",
        Other("s +x +a +b [complete b] -b …", never="e"),
        more=[
            "test_in_sequence_people_are_offered_what_is_left_when_nothing_runs_by_itself",
            "test_in_sequence_what_is_under_way_keeps_people_from_beginning_another",
        ],
    ),
    executed(
        "自由子流程里的事件子流程",
        "event sub-process in an ad-hoc sub-process",
        ad_hoc(task("a") + sub(element("startEvent", MESSAGE, "", "y"), "esp", 'triggeredByEvent="true"'), "enough"),
        "s +x +a [complete a enough=false] -a +a [deliver y] !a +esp y -esp -x e",
        Other("s +x +a [complete a enough=true] -a -x e", never="esp"),
        more=["test_an_event_sub_process_that_does_not_interrupt_leaves_the_ad_hoc_sub_process_as_it_is"],
    ),
    refused(
        "自由子流程里的结束事件",
        "end event in an ad-hoc sub-process",
        "not-in-ad-hoc",
        ad_hoc(task("a") + end("ie") + flows("a ie")),
    ),
)
