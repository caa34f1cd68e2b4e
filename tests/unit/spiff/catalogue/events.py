"""Start, intermediate and end events."""

from __future__ import annotations

from ..runner import boundary, end, flow, flows, start, task, timer
from .drawing import (
    CANCEL,
    CONDITION,
    DAY,
    ERROR,
    ESCALATION,
    LINK,
    MESSAGE,
    PLAIN,
    SIGNAL,
    TERMINATE,
    UNDO,
    between,
    catch,
    element,
    gateway,
    handled,
    sub,
    throw,
)
from .row import Other, Refusal, executed, refused

WAITS = Other("s +x …", never="e")


def begun(inside: str, attributes: str = "") -> str:
    return element("startEvent", inside, attributes) + task("t") + flows("x t")


START = (
    executed(
        "开始",
        "none start event",
        begun(""),
        "x +t [complete t] -t",
        Refusal("start-with-incoming", begun("") + flow("t", "x")),
    ),
    executed(
        "定时开始",
        "timer start event",
        begun(timer("timeCycle", "R/P1M")),
        "x +t [complete t] -t",
        Refusal("timer-not-understood", begun(timer("timeCycle", "every month"))),
        begins="x",
        more=[
            "test_a_process_tells_what_the_engine_above_needs_to_know",
            "test_missed_occurrences_are_one_and_found_quickly",
        ],
    ),
    executed(
        "消息开始",
        "message start event",
        begun(MESSAGE),
        "x +t [complete t] -t",
        Refusal("message-missing", begun("<bpmn:messageEventDefinition/>")),
        begins="x",
    ),
    executed(
        "信号开始",
        "signal start event",
        begun(SIGNAL),
        "x +t [complete t] -t",
        Refusal("signal-missing", begun("<bpmn:signalEventDefinition/>")),
        begins="x",
    ),
    executed(
        "多重开始：任一",
        "multiple start event: any",
        begun(MESSAGE + SIGNAL),
        "x +t [complete t] -t",
        Refusal("event-not-with-others", begun(MESSAGE + UNDO)),
        begins="x#1",
        more=["test_a_process_starts_by_any_of_a_start_events_definitions"],
    ),
    executed(
        "并行多重开始：全部",
        "parallel multiple start event: all",
        begun(MESSAGE + SIGNAL, 'parallelMultiple="true"'),
        "+x [deliver x] -x +t [complete t] -t",
        Other("+x …", never="+t"),
        begins="x#1",
        more=["test_a_start_event_that_needs_all_waits_in_the_new_instance_for_the_rest"],
    ),
    executed(
        "流程的条件开始：数据存储改变时",
        "conditional start event of a process: when a data store changes",
        '<bpmn:dataStoreReference id="n" name="n" dataStoreRef="store"/>' + begun(CONDITION),
        "x +t [complete t] -t",
        Refusal("condition-of-process", begun(CONDITION)),
        begins="x",
        more=["test_a_condition_that_starts_a_process_reads_the_stores_drawn_in_it"],
    ),
    executed(
        "几个无定义的开始：选定的那个",
        "several none start events: the one that is chosen",
        start() + start("x") + task("t") + task("u") + flows("s t", "x u"),
        "x +u [complete u] -u",
        Refusal("never-reached", start() + start("x") + task("t") + task("u") + flows("s t", "x t")),
        begins="x",
        more=["test_of_several_none_starts_one_has_to_be_chosen"],
    ),
    executed(
        "几个开始",
        "several start events: the one that is told",
        begun("") + element("startEvent", MESSAGE, "", "y") + task("u") + flows("y u"),
        "y +u [complete u] -u",
        Refusal("never-reached", begun("") + task("u")),
        begins="y",
        more=["test_a_process_with_several_starts_begins_where_it_is_told"],
    ),
    *(
        refused(f"流程的{zh}开始", f"{en} start event of a process", "unsupported-event", begun(inside))
        for zh, en, inside in (
            ("错误", "error", ERROR),
            ("升级", "escalation", ESCALATION),
            ("补偿", "compensation", UNDO),
        )
    ),
)

CATCH = (
    executed(
        "定时捕获",
        "timer catching event",
        between(catch(DAY)),
        "s +x [fire x] -x e",
        Refusal("timer-missing", between(catch("<bpmn:timerEventDefinition/>"))),
        more=["test_an_intermediate_timer_waits_until_it_is_fired", "test_13_timers_are_read_as_modellers_write_them"],
    ),
    executed(
        "消息捕获",
        "message catching event",
        between(catch(MESSAGE)),
        "s +x [deliver x sum=5] -x e",
        WAITS,
        gives={"sum": 5},
        more=[
            "test_a_message_is_awaited_with_its_correlation_and_its_payload_becomes_variables",
            "test_a_correlation_of_null_is_an_incident",
            "test_19_a_message_goes_to_the_one_subscription_it_is_delivered_to",
        ],
    ),
    executed(
        "信号捕获",
        "signal catching event",
        between(catch(SIGNAL)),
        "s +x [deliver x] -x e",
        Refusal("signal-missing", between(catch("<bpmn:signalEventDefinition/>"))),
        more=["test_signals_are_thrown_outside_and_awaited_without_correlation"],
    ),
    executed(
        "条件捕获",
        "conditional catching event",
        between(catch(CONDITION)),
        "s +x [set n=3] -x e",
        Other("s +x [set n=2] …", never="e", given={"n": 0}),
        given={"n": 0},
        more=[
            "test_a_conditional_event_fires_when_its_condition_becomes_true",
            "test_a_conditional_event_whose_condition_is_no_boolean_listens_again_after_a_retry",
        ],
    ),
    executed(
        "多重捕获：任一",
        "multiple catching event: any",
        between(catch(MESSAGE + DAY)),
        "s +x [deliver x] -x e",
        Refusal("event-not-with-others", between(catch(MESSAGE + LINK))),
        more=[
            "test_the_first_of_several_events_goes_on_and_the_others_are_waited_for_no_more",
            "test_a_race_may_be_won_by_one_event_of_several_definitions",
        ],
    ),
    executed(
        "并行多重捕获：全部",
        "parallel multiple catching event: all",
        between(catch(MESSAGE + DAY, attributes='parallelMultiple="true"')),
        "s +x [deliver x] [fire x] -x e",
        Other("s +x [deliver x] …", never="e"),
        more=["test_an_event_that_needs_all_goes_on_after_the_last_with_what_each_brought"],
    ),
    executed(
        "共用的事件定义",
        "shared event definition",
        between(catch("<bpmn:eventDefinitionRef>told</bpmn:eventDefinitionRef>")),
        "s +x [deliver x] -x e",
        Refusal("unresolved-reference", between(catch("<bpmn:eventDefinitionRef>none</bpmn:eventDefinitionRef>"))),
    ),
    refused(
        "几种时间的定时",
        "timer that is a date and a duration",
        "timer-several",
        between(catch(DAY.replace("<bpmn:timeD", "<bpmn:timeDate>2026-04-01</bpmn:timeDate><bpmn:timeD"))),
    ),
    refused("没有定义的捕获", "catching event without definition", "event-without-definition", between(catch(""))),
    *(
        refused(f"{zh}捕获", f"{en} catching event", "unsupported-event", between(catch(inside)))
        for zh, en, inside in (
            ("错误", "error", ERROR),
            ("升级", "escalation", ESCALATION),
            ("取消", "cancel", CANCEL),
            ("补偿", "compensation", UNDO),
            ("终止", "terminate", TERMINATE),
        )
    ),
)

INSIDE = start("is") + throw(ESCALATION) + task("t") + flows("is x t")

THROW = (
    executed(
        "抛出（无定义）",
        "none throwing event",
        between(throw("")),
        "s x e",
        Refusal("never-reached", PLAIN + throw("")),
    ),
    executed(
        "消息抛出",
        "message throwing event",
        between(throw(MESSAGE)),
        "s x e",
        Refusal("message-missing", between(throw("<bpmn:messageEventDefinition/>"))),
        throws="message paid",
        more=["test_a_thrown_message_carries_payload_and_correlation"],
    ),
    executed(
        "信号抛出",
        "signal throwing event",
        between(throw(SIGNAL)),
        "s x e",
        Refusal("signal-missing", between(throw("<bpmn:signalEventDefinition/>"))),
        throws="signal alarm",
    ),
    executed(
        "同一实例内的信号",
        "signal caught by another branch of its instance",
        start()
        + gateway("parallel", "f")
        + task("a")
        + throw(SIGNAL)
        + catch(SIGNAL, "y")
        + task("u")
        + flows("s f a x", "f y u"),
        "s f +a +y [complete a] -a x -y +u [complete u] -u",
        Other("s f +a +y …", never="u"),
        throws="signal alarm",
        more=[
            "test_what_begins_to_wait_after_a_signal_does_not_get_it",
            "test_a_signal_goes_to_all_that_waits_in_its_instance",
        ],
    ),
    executed(
        "升级抛出",
        "escalation throwing event",
        start()
        + sub(INSIDE, "sp")
        + boundary("b", "sp", ESCALATION, interrupting=False)
        + task("u")
        + flows("s sp", "b u"),
        "s +sp is x b +u +t [complete t] -t -sp [complete u] -u",
        Refusal("unresolved-reference", between(throw('<bpmn:escalationEventDefinition escalationRef="none"/>'))),
        throws="escalation late",
        more=["test_an_escalation_is_caught_without_interrupting_and_passes_on_if_nobody_catches"],
    ),
    executed(
        "升级无人捕获",
        "escalation nobody catches: it goes on",
        between(throw(ESCALATION)),
        "s x e",
        Refusal("unsupported-event", between(catch(ESCALATION))),
        throws="escalation late",
    ),
    executed(
        "补偿抛出",
        "compensation throwing event",
        start() + handled("a") + throw(UNDO) + end() + flows("s a x e"),
        "s +a [complete a] -a +x ca +ua [complete ua] -ua -x e",
        Refusal("unresolved-reference", between(throw('<bpmn:compensateEventDefinition activityRef="none"/>'))),
    ),
    executed(
        "多重抛出：全部",
        "multiple throwing event: all of them",
        between(throw(MESSAGE + SIGNAL)),
        "s x e",
        Refusal("event-not-with-others", between(throw(MESSAGE + LINK))),
        throws="message paid, signal alarm",
        more=["test_a_throwing_event_with_several_definitions_throws_all_of_them"],
    ),
    *(
        refused(f"{zh}抛出", f"{en} throwing event", "unsupported-event", between(throw(inside)))
        for zh, en, inside in (
            ("定时", "timer", DAY),
            ("条件", "conditional", CONDITION),
            ("错误", "error", ERROR),
            ("取消", "cancel", CANCEL),
            ("终止", "terminate", TERMINATE),
        )
    ),
)


def ended(inside: str) -> str:
    """A process with a task t beside the end event x."""
    return start() + gateway("parallel", "f") + task("t") + end("x", inside) + flows("s f t", "f x")


def inner(inside: str, border: str, kind: str = "subProcess") -> str:
    """A sub-process that ends in x, with an event b on its border."""
    ending = start("is") + end("x", inside) + flows("is x")
    return (
        start()
        + sub(ending, "sp", kind=kind)
        + boundary("b", "sp", border)
        + end()
        + task("u")
        + flows("s sp e", "b u")
    )


END = (
    executed(
        "结束",
        "none end event",
        ended(""),
        "s f +t x [complete t] -t",
        Refusal("end-with-outgoing", PLAIN + flow("e", "t")),
    ),
    executed(
        "消息结束",
        "message end event",
        ended(MESSAGE),
        "s f +t x [complete t] -t",
        Refusal("message-missing", ended("<bpmn:messageEventDefinition/>")),
        throws="message paid",
    ),
    executed(
        "信号结束",
        "signal end event",
        ended(SIGNAL),
        "s f +t x [complete t] -t",
        Refusal("signal-missing", ended("<bpmn:signalEventDefinition/>")),
        throws="signal alarm",
    ),
    executed(
        "错误结束",
        "error end event",
        inner(ERROR, ERROR),
        "s +sp is x +b !sp -b +u [complete u] -u",
        Refusal("unresolved-reference", ended('<bpmn:errorEventDefinition errorRef="none"/>')),
        throws="error E1",
        more=["test_an_error_is_caught_by_the_boundary_of_the_innermost_scope_with_its_code"],
    ),
    executed(
        "错误无人捕获",
        "error nobody catches: it ends the instance",
        ended(ERROR),
        "s f +t x !t",
        Refusal("unresolved-reference", ended('<bpmn:errorEventDefinition errorRef="none"/>')),
        throws="error E1",
        more=["test_an_error_nobody_catches_ends_the_instance_and_says_so"],
    ),
    executed(
        "升级结束",
        "escalation end event",
        inner(ESCALATION, ESCALATION),
        "s +sp is x +b !sp -b +u [complete u] -u",
        Refusal("unresolved-reference", ended('<bpmn:escalationEventDefinition escalationRef="none"/>')),
        throws="escalation late",
    ),
    executed(
        "终止结束",
        "terminate end event",
        ended(TERMINATE),
        "s f +t x !t",
        Refusal("event-not-with-others", ended(ERROR + TERMINATE)),
        more=["test_a_terminate_end_ends_its_scope_only"],
    ),
    executed(
        "取消结束",
        "cancel end event",
        inner(CANCEL, CANCEL, "transaction"),
        "s +sp is x +b !sp -b +u [complete u] -u",
        Refusal("cancel-without-transaction", ended(CANCEL)),
        more=["test_cancelling_stops_what_still_runs_in_the_transaction"],
    ),
    executed(
        "补偿结束",
        "compensation end event",
        start() + handled("a") + end("x", UNDO) + flows("s a x"),
        "s +a [complete a] -a +x ca +ua [complete ua] -ua -x",
        Refusal(
            "compensates-elsewhere",
            start() + sub(task("t")) + end("e", '<bpmn:compensateEventDefinition activityRef="t"/>') + flows("s x e"),
        ),
        more=["test_a_compensation_end_event_ends_after_the_handlers"],
    ),
    executed(
        "多重结束：全部",
        "multiple end event: all of them",
        ended(MESSAGE + SIGNAL),
        "s f +t x [complete t] -t",
        Refusal("event-not-with-others", ended(ERROR + TERMINATE)),
        throws="message paid, signal alarm",
    ),
    refused(
        "取消无人捕获",
        "cancel end event without a cancel event on the border",
        "cancel-not-caught",
        between(sub(end("y", CANCEL), kind="transaction")),
    ),
    *(
        refused(f"{zh}结束", f"{en} end event", "unsupported-event", ended(inside))
        for zh, en, inside in (("定时", "timer", DAY), ("条件", "conditional", CONDITION), ("链接", "link", LINK))
    ),
)
