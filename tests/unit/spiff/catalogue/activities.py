"""Tasks and their repetition."""

from __future__ import annotations

from ..runner import boundary, flows, script, start, task
from .drawing import ESCALATION, SIGNAL, between, element, gateway, many, service, with_roots
from .row import Other, Refusal, executed, refused

CHOREOGRAPHY = Refusal("global-task", between(element("callActivity", attributes='calledElement="gc"')))
WAITS = Other("s +x …", never="e")


def call(target: str) -> str:
    return between(element("callActivity", attributes=f'calledElement="{target}"'))


TASKS = (
    executed(
        "任务（未定类型）",
        "task without a type",
        between(element("task")),
        "s x e",
        Refusal("never-reached", start() + task("t") + element("task") + flows("s t")),
        more=["test_several_flows_out_of_an_activity_are_all_taken_and_several_in_each_run_it"],
    ),
    executed(
        "人工任务",
        "manual task",
        between(element("manualTask")),
        "s x e",
        Refusal("never-reached", start() + task("t") + element("manualTask") + flows("s t")),
    ),
    executed(
        "用户任务",
        "user task",
        between(task("x")),
        "s +x [complete x ok=true] -x e",
        WAITS,
        gives={"ok": True},
        more=["test_a_completed_task_cannot_be_completed_again"],
    ),
    executed(
        "服务任务",
        "service task",
        between(service()),
        "s +x [job x sent=true] -x e",
        Refusal("connector-missing", between(element("serviceTask"))),
        gives={"sent": True},
        more=["test_a_service_runs_inline_or_as_a_job"],
    ),
    executed(
        "脚本任务（FEEL）",
        "script task (FEEL)",
        between(script("x", "1 + 2", "n")),
        "s x e",
        Refusal("foreign-script", between(element("scriptTask", "<bpmn:script>1</bpmn:script>", 'scriptFormat="js"'))),
        gives={"n": 3},
        more=["test_16_no_script_reaches_python"],
    ),
    executed(
        "业务规则任务",
        "business rule task",
        between(element("businessRuleTask", "", 'camunda:decisionRef="d1" camunda:resultVariable="r"')),
        "s x e",
        Refusal("decision-missing", between(element("businessRuleTask"))),
        gives={"r": "decided d1"},
        more=["test_a_decision_is_asked_with_the_variables"],
    ),
    executed(
        "发送任务",
        "send task",
        between(element("sendTask", "", 'messageRef="m"')),
        "s x e",
        Refusal("message-missing", between(element("sendTask"))),
        throws="message paid",
        more=["test_a_thrown_message_carries_payload_and_correlation"],
    ),
    executed(
        "接收任务",
        "receive task",
        between(element("receiveTask", "", 'messageRef="m"')),
        "s +x [deliver x sum=5] -x e",
        WAITS,
        gives={"sum": 5},
        more=["test_a_receive_task_waits_for_its_message_with_boundary_timer"],
    ),
    executed(
        "启动流程的接收任务",
        "receive task, instantiating",
        element("receiveTask", "", 'messageRef="m" instantiate="true"') + task("t") + flows("x t"),
        "x +t [complete t] -t",
        Refusal("instantiating-not-first", between(element("receiveTask", "", 'messageRef="m" instantiate="true"'))),
        begins="x",
        more=["test_a_receive_task_may_start_the_process"],
    ),
    executed("全局任务", "global task, called", call("gt"), "s x e", CHOREOGRAPHY),
    executed("全局人工任务", "global manual task, called", call("gm"), "s x e", CHOREOGRAPHY),
    executed(
        "全局用户任务",
        "global user task, called",
        call("gu"),
        "s +x [complete x] -x e",
        WAITS,
        more=["test_a_call_of_a_global_task_is_that_task_with_the_calls_border_and_mappings"],
    ),
    executed(
        "全局脚本任务",
        "global script task, called",
        call("gs"),
        "s x e",
        Refusal(
            "foreign-script",
            with_roots(
                call("own"), element("globalScriptTask", "<bpmn:script>1</bpmn:script>", 'scriptLanguage="js"', "own")
            ),
        ),
        gives={"n": 2},
    ),
    executed(
        "全局业务规则任务",
        "global business rule task, called",
        call("gb"),
        "s x e",
        Refusal("decision-missing", with_roots(call("own"), element("globalBusinessRuleTask", "", "", "own"))),
        gives={"r": "decided d1"},
    ),
    refused("全局编排任务", "global choreography task", "global-task", CHOREOGRAPHY.body),
)

TWICE = "<bpmn:loopCondition>n &lt; 2</bpmn:loopCondition>"
COUNT = "<bpmn:loopCardinality>2</bpmn:loopCardinality>"
NUMBERLESS = Refusal("multi-instance-without-number", between(task("x", many(""))))


DATA_INPUTS = '<bpmn:property id="pl" name="list"/><bpmn:property id="pn" name="notes"/>' + between(
    task(
        "x",
        many(
            "",
            "<bpmn:loopDataInputRef>pl</bpmn:loopDataInputRef><bpmn:loopDataOutputRef>pn</bpmn:loopDataOutputRef>"
            '<bpmn:inputDataItem id="item"/><bpmn:outputDataItem id="note"/>',
        ),
    )
)


def looped(inside: str, attributes: str = "") -> str:
    return between(script("x", "n + 1", "n", element("standardLoopCharacteristics", inside, attributes, "loop")))


def thrice(behaviour: str, inside: str = "") -> str:
    return between(task("x", many(behaviour, f"{inside}<bpmn:loopCardinality>3</bpmn:loopCardinality>")))


REPETITION = (
    executed(
        "标准循环，先做后判",
        "standard loop, tested after",
        looped(TWICE),
        "s +x x x -x e",
        Refusal("loop-without-end", looped("")),
        given={"n": 0},
        gives={"n": 2},
        more=["test_a_standard_loop_repeats_while_its_condition_holds"],
    ),
    executed(
        "标准循环，先判后做",
        "standard loop, tested before",
        looped(TWICE, 'testBefore="true"'),
        "s +x x -x e",
        Refusal("feel-syntax", looped("<bpmn:loopCondition>n &lt;</bpmn:loopCondition>")),
        given={"n": 1},
        gives={"n": 2},
    ),
    executed(
        "循环上限",
        "loop maximum",
        looped("", 'loopMaximum="2"'),
        "s +x x x -x e",
        Refusal("loop-without-end", looped("", 'loopMaximum="many"')),
        given={"n": 0},
        gives={"n": 2},
        more=["test_a_standard_loop_stops_at_its_maximum"],
    ),
    executed(
        "多实例，并行",
        "multi-instance, parallel",
        between(task("x", many("", COUNT))),
        "s +x +x +x [complete x#1] -x [complete x#0] -x -x e",
        NUMBERLESS,
        more=["test_a_parallel_user_task_opens_one_task_per_item_and_collects_in_their_order"],
    ),
    executed(
        "多实例，顺序",
        "multi-instance, sequential",
        between(task("x", many('isSequential="true"', COUNT))),
        "s +x +x [complete x#0] -x +x [complete x#1] -x -x e",
        NUMBERLESS,
        more=["test_a_sequential_one_opens_them_one_after_another"],
    ),
    executed(
        "多实例，集合与输出",
        "multi-instance over a collection, with output",
        between(
            script(
                "x",
                "item * 2",
                "twice",
                many(
                    'camunda:collection="list" lm:outputCollection="out" lm:outputElement="=twice"',
                    '<bpmn:inputDataItem id="item"/>',
                ),
            )
        ),
        "s +x x x -x e",
        Other("s x e", never="x x", given={"list": []}),
        given={"list": [1, 2]},
        gives={"out": [2, 4]},
        more=[
            "test_zeebe_and_standard_notations_say_the_same",
            "test_a_cardinality_may_be_an_expression_and_zero_runs_nothing",
        ],
    ),
    executed(
        "多实例，数据输入与输出（标准写法）",
        "multi-instance over a data input, in the standard's notation",
        DATA_INPUTS,
        "s +x +x +x [complete x#1 note=2] -x [complete x#0 note=1] -x -x e",
        Other("s x e", never="+x +x", given={"list": []}),
        given={"list": [1, 2]},
        gives={"notes": [1, 2]},
    ),
    executed(
        "多实例，完成条件",
        "multi-instance, completion condition",
        between(task("x", many("", "<bpmn:completionCondition>enough</bpmn:completionCondition>" + COUNT))),
        "s +x +x +x [complete x#0 enough=true] -x !x -x e",
        Other("s +x +x +x [complete x#0 enough=false] -x [complete x#1 enough=false] -x -x e", never="!x"),
        more=["test_a_completion_condition_ends_the_rest"],
    ),
    executed(
        "多实例行为：全部",
        "multi-instance behaviour All",
        thrice('behavior="All"'),
        "s +x +x +x +x [complete x#0] -x [complete x#1] -x [complete x#2] -x -x e",
        Other("s +x +x +x +x [complete x#0] -x …", never="e"),
    ),
    executed(
        "多实例行为：每个",
        "multi-instance behaviour None: an event for each",
        thrice('behavior="None" noneBehaviorEventRef="told"'),
        "s +x +x +x +x [complete x#0] -x [complete x#1] -x [complete x#2] -x -x e",
        Refusal("unresolved-reference", thrice('behavior="None"')),
        throws="signal alarm, signal alarm, signal alarm",
        more=["test_behaviour_none_throws_its_event_for_every_instance"],
    ),
    executed(
        "多实例行为：首个",
        "multi-instance behaviour One: an event for the first",
        thrice('behavior="One" oneBehaviorEventRef="told"'),
        "s +x +x +x +x [complete x#2] -x [complete x#1] -x [complete x#0] -x -x e",
        Refusal("multi-instance-behaviour", thrice('behavior="Some"')),
        throws="signal alarm",
        more=["test_behaviour_one_throws_its_event_for_the_first_instance_and_the_border_catches_it"],
    ),
    executed(
        "多实例行为：事件中断全部",
        "multi-instance behaviour None, caught by an interrupting boundary event",
        thrice('behavior="None" noneBehaviorEventRef="told"') + boundary("b", "x", SIGNAL) + task("u") + flows("b u"),
        "s +x +x +x +x [complete x#0] -x +b !x !x !x -b +u [complete u] -u",
        Other("s +x +x +x +x …", never="u"),
        throws="signal alarm",
    ),
    executed(
        "多实例行为：按条件",
        "multi-instance behaviour Complex: events by conditions",
        thrice(
            'behavior="Complex"',
            "<bpmn:complexBehaviorDefinition><bpmn:condition>nrOfCompletedInstances = 2</bpmn:condition>"
            f'<bpmn:event id="ie">{ESCALATION}</bpmn:event></bpmn:complexBehaviorDefinition>',
        )
        + boundary("b", "x", ESCALATION, interrupting=False),
        "s +x +x +x +x [complete x#0] -x [complete x#1] -x b [complete x#2] -x -x e",
        Other("s +x +x +x +x [complete x#0] -x …", never="b"),
        throws="escalation late",
        more=["test_complex_behaviour_asks_its_conditions_after_each_instance"],
    ),
    executed(
        "所需令牌数",
        "start quantity",
        start()
        + gateway("parallel", "f")
        + task("a")
        + task("b")
        + task("x", startQuantity="2")
        + flows("s f a x", "f b x"),
        "s f +a +b [complete a] -a [complete b] -b +x [complete x] -x",
        Refusal("quantity", between(task("x", startQuantity="none"))),
        more=["test_tokens_that_never_become_enough_are_an_incident"],
    ),
    executed(
        "产生令牌数",
        "completion quantity",
        between(task("x", completionQuantity="2")),
        "s +x [complete x] -x e e",
        Refusal("quantity", between(task("x", completionQuantity="0"))),
        more=["test_an_activity_may_leave_several_tokens_behind"],
    ),
)
