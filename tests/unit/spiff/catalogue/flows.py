"""Gateways and sequence flows."""

from __future__ import annotations

from ..runner import boundary, end, flow, flows, start, task
from .drawing import CONDITION, DAY, LINK, MESSAGE, PLAIN, SIGNAL, between, catch, element, gateway, sub, throw
from .row import Other, Refusal, executed, reader, refused

CHOICE = (
    start() + gateway("{}", attributes='default="x_c"') + task("a") + task("b") + task("c")
    + flows("s x", "x c") + flow("x", "a", "n &gt; 1") + flow("x", "b", "n &gt; 2")
)  # fmt: skip
EXCLUSIVE, INCLUSIVE = CHOICE.replace("{}Gateway", "exclusiveGateway"), CHOICE.replace("{}Gateway", "inclusiveGateway")
FORK = start() + gateway("{}", "f") + task("a") + task("b") + gateway("{}") + end()
MEETING = FORK.replace("{}Gateway", "parallelGateway") + flows("s f a x e", "f b x")
MERGE = (
    start()
    + gateway("parallel", "f")
    + task("a")
    + task("b")
    + gateway("exclusive")
    + end()
    + flows("s f a x e", "f b x")
)
INCLUDED = (
    FORK.replace("{}Gateway", "inclusiveGateway") + flows("s f", "a x e", "b x") + flow("f", "a", "true")
    + flow("f", "b", "both")
)  # fmt: skip


def complex_join(condition: str) -> str:
    asked = f"<bpmn:activationCondition>{condition}</bpmn:activationCondition>"
    return (
        start() + gateway("parallel", "f") + task("a") + task("b") + element("complexGateway", asked) + task("t")
        + flows("s f a x", "f b x t")
    )  # fmt: skip


def race(attributes: str, *events: str, opening: str = "s x") -> str:
    """A race of events a, b …; each leads to the end."""
    ways = "".join(flows(f"x {name} e") for name in "abc"[: len(events)])
    begin = start() if opening else ""
    return begin + gateway("eventBased", attributes=attributes) + "".join(events) + end() + flows(opening) + ways


BOTH = race('instantiate="true" eventGatewayType="Parallel"', catch(MESSAGE, "a"), catch(SIGNAL, "b"), opening="")
EITHER = race('instantiate="true"', catch(MESSAGE, "a"), catch(SIGNAL, "b"), opening="")
RACE = race("", catch(DAY, "a"), catch(MESSAGE, "b"), catch(CONDITION, "c"))
RECEIVED = race("", element("receiveTask", "", 'messageRef="m"', "a"), catch(SIGNAL, "b"))

GATEWAYS = (
    executed(
        "排他网关，分支",
        "exclusive gateway, split",
        EXCLUSIVE,
        "s x +a [complete a] -a",
        Other("s x +c [complete c] -c", never="a", given={"n": 0}),
        given={"n": 3},
        more=[
            "test_an_exclusive_gateway_takes_the_first_true_flow_else_the_default",
            "test_without_a_true_flow_and_a_default_the_token_waits_as_an_incident",
        ],
    ),
    executed(
        "排他网关，合并",
        "exclusive gateway, merge: each token passes",
        MERGE,
        "s f +a +b [complete b] -b x e [complete a] -a x e",
        Refusal(
            "flow-without-condition",
            between(gateway("exclusive", attributes='default="x_e"')) + task("y") + flow("x", "y"),
        ),
        more=["test_tokens_that_meet_without_a_join_go_on_one_by_one"],
    ),
    executed(
        "并行网关，分支",
        "parallel gateway, split",
        start() + gateway("parallel") + task("a") + task("b") + flows("s x a", "x b"),
        "s x +a +b [complete b] -b [complete a] -a",
        Refusal(
            "condition-without-effect", start() + gateway("parallel") + task("a") + flows("s x") + flow("x", "a", "n")
        ),
    ),
    executed(
        "并行网关，汇合",
        "parallel gateway, join",
        MEETING,
        "s f +a +b [complete b] -b [complete a] -a x e",
        Other("s f +a +b [complete b] -b …", never="x"),
        more=[
            "test_parallel_branches_both_run_and_join_once",
            "test_01_a_join_in_a_loop_waits_for_all_branches_in_every_round",
        ],
    ),
    executed(
        "包容网关，分支",
        "inclusive gateway, split",
        INCLUSIVE,
        "s x +a +b [complete b] -b [complete a] -a",
        Other("s x +c [complete c] -c", never="a", given={"n": 0}),
        given={"n": 3},
    ),
    executed(
        "包容网关，汇合",
        "inclusive gateway, join: waits for what may still come",
        INCLUDED,
        "s f +a +b [complete a] -a [complete b] -b x e",
        Other("s f +a [complete a] -a x e", never="b", given={"both": False}),
        given={"both": True},
        more=[
            "test_an_inclusive_join_waits_for_the_taken_branches_only",
            "test_an_inclusive_join_waits_for_a_token_that_may_still_come_by_a_boundary_event",
            "test_01_an_inclusive_join_in_a_loop_waits_for_all_taken_branches_in_every_round",
        ],
    ),
    executed(
        "复杂网关，汇合与复位",
        "complex gateway, join and reset",
        complex_join("activationCount = 1"),
        "s f +a +b [complete b] -b x +t [complete a] -a [complete t] -t",
        Refusal("activation-missing", start() + task("a") + task("b") + gateway("complex") + flows("s a x", "s b x")),
        more=[
            "test_it_goes_on_once_enough_tokens_have_come_and_takes_the_late_ones_without_going_on_again",
            "test_at_its_reset_it_goes_on_where_a_condition_asks_for_that",
            "test_after_its_reset_it_is_activated_again",
            "test_it_resets_when_nothing_more_can_come",
            "test_a_gateway_that_is_never_activated_is_an_incident_and_not_silence",
        ],
    ),
    executed(
        "复杂网关，按流计数",
        "complex gateway, counts of single flows",
        complex_join("b_x &gt; 0 and a_x &gt; 0"),
        "s f +a +b [complete b] -b [complete a] -a x +t [complete t] -t",
        Other("s f +a +b [complete b] -b …", never="x"),
        more=["test_its_condition_may_ask_for_single_flows"],
    ),
    executed(
        "复杂网关，分支",
        "complex gateway, split",
        start()
        + gateway("complex")
        + task("a")
        + task("b")
        + flows("s x")
        + flow("x", "a", "n &gt; 1")
        + flow("x", "b", "n &gt; 2"),
        "s x +a +b [complete a] -a [complete b] -b",
        Other("s x +a [complete a] -a", never="b", given={"n": 2}),
        given={"n": 3},
        more=["test_as_a_split_it_takes_every_flow_whose_condition_is_true_and_without_one_it_is_an_incident"],
    ),
    executed(
        "事件网关",
        "event-based gateway: timer, message, condition",
        RACE,
        "s +x [deliver b] -x b e",
        Other("s +x [fire a] -x a e", never="b"),
        given={"n": 0},
        more=["test_the_first_event_behind_an_event_based_gateway_decides"],
    ),
    executed(
        "事件网关与接收任务",
        "event-based gateway: receive task, signal",
        RECEIVED,
        "s +x [deliver a] -x a e",
        Other("s +x [deliver b] -x b e", never="a"),
    ),
    executed(
        "启动流程的事件网关，任一",
        "event-based gateway, instantiating, exclusive",
        EITHER,
        "a e",
        Refusal("instantiating-not-first", race('instantiate="true"', catch(MESSAGE, "a"), catch(SIGNAL, "b"))),
        begins="a",
        more=["test_the_events_behind_an_instantiating_gateway_each_start_the_process"],
    ),
    executed(
        "启动流程的事件网关，全部",
        "event-based gateway, instantiating, parallel",
        BOTH,
        "b +a e [deliver a] -a e",
        Refusal("parallel-events", race('eventGatewayType="Parallel"', catch(MESSAGE, "a"), catch(SIGNAL, "b"))),
        begins="b",
        more=["test_an_instantiating_gateway_that_waits_for_all_waits_for_the_other_events"],
    ),
    refused(
        "事件网关之后不是事件",
        "event-based gateway before a task",
        "event-gateway-target",
        race("", task("a"), task("b")),
    ),
    refused(
        "事件网关只有一条出线", "event-based gateway with one way", "event-gateway-needs-two", race("", catch(DAY, "a"))
    ),
    reader(
        "网关方向",
        "gateway direction",
        between(gateway("parallel", attributes='gatewayDirection="Diverging"')),
        "s x e",
    ),
)

FLOWS = (
    executed(
        "顺序流",
        "sequence flow",
        PLAIN,
        "s +t [complete t] -t e",
        Refusal("unresolved-reference", PLAIN + flow("t", "nothing")),
    ),
    executed(
        "几条出线",
        "several flows out of an activity: all are taken",
        start() + element("task") + task("a") + task("b") + flows("s x a", "x b"),
        "s x +a +b [complete a] -a [complete b] -b",
        Refusal("never-reached", start() + element("task") + task("a") + flows("s x")),
        more=["test_several_flows_out_of_an_activity_are_all_taken_and_several_in_each_run_it"],
    ),
    executed(
        "几条入线",
        "several flows into an activity: once for each token",
        start() + gateway("parallel", "f") + task("a") + task("b") + element("task") + flows("s f a x", "f b x"),
        "s f +a +b [complete a] -a x [complete b] -b x",
        Other("s f +a +b [complete a] -a x …", never="-b x"),
    ),
    executed(
        "条件流与默认流",
        "conditional and default flow out of an activity",
        start() + task("x", default="x_c") + task("a") + task("c") + flows("s x", "x c") + flow("x", "a", "ok"),
        "s +x [complete x ok=true] -x +a [complete a] -a",
        Other("s +x [complete x ok=false] -x +c [complete c] -c", never="a"),
        more=["test_conditional_flows_leave_an_activity_by_their_conditions"],
    ),
    executed(
        "无条件流旁的默认流",
        "default flow beside an unconditional one: taken where no condition is true",
        start()
        + task("x", default="x_c")
        + task("a")
        + task("b")
        + task("c")
        + flows("s x b", "x c")
        + flow("x", "a", "ok"),
        "s +x [complete x ok=false] -x +b +c [complete c] -c [complete b] -b",
        Other("s +x [complete x ok=true] -x +b +a [complete a] -a [complete b] -b", never="c"),
        more=["test_an_inclusive_gateway_takes_its_default_beside_an_unconditional_flow"],
    ),
    executed(
        "回头的顺序流",
        "flow that loops back",
        start()
        + task("x")
        + gateway("exclusive", "g", 'default="g_e"')
        + end()
        + flows("s x g e")
        + flow("g", "x", "again"),
        "s +x [complete x again=true] -x g +x [complete x again=false] -x g e",
        Other("s +x [complete x again=false] -x g e", never="g +x"),
        more=["test_a_flow_that_loops_back_reenters_the_task"],
    ),
    executed(
        "隐式开始与结束",
        "implicit start and end",
        task("a") + task("b"),
        "+a +b [complete b] -b [complete a] -a",
        Refusal("never-reached", PLAIN + task("a")),
        more=["test_implicit_starts_and_ends_are_legal"],
    ),
    executed(
        "链接",
        "link",
        start() + throw(LINK) + catch(LINK, "y") + end() + flows("s x", "y e"),
        "s x y e",
        Refusal("link-target", start() + throw(LINK) + flows("s x")),
        more=["test_a_link_goes_on_at_its_catching_end"],
    ),
    refused(
        "离开抛出链接的流",
        "flow out of a throwing link",
        "link-connected",
        between(throw(LINK), catch(LINK, "y")),
    ),
    refused("没有来处的链接", "catching link without a throwing one", "link-without-source", PLAIN + catch(LINK)),
    refused("进入捕获链接的流", "flow into a catching link", "link-connected", between(catch(LINK))),
    refused(
        "条件不起作用的流",
        "condition on a flow out of an event",
        "condition-without-effect",
        start() + task("t") + flow("s", "t", "ok"),
    ),
    refused(
        "穿过子流程边界的流", "flow across a border", "flow-crosses-boundary", between(sub(task("t")), flow("s", "t"))
    ),
    refused("进入开始事件的流", "flow into a start event", "start-with-incoming", PLAIN + flow("t", "s")),
    refused("离开结束事件的流", "flow out of an end event", "end-with-outgoing", PLAIN + flow("e", "t")),
    refused(
        "进入边界事件的流",
        "flow into a boundary event",
        "boundary-with-incoming",
        PLAIN + boundary("b", "t", DAY) + flow("t", "b"),
    ),
)
