"""Events on the border of an activity, and event sub-processes."""

from __future__ import annotations

from ..runner import boundary, end, flows, script, start, task, timer
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
    element,
    handled,
    service,
    sub,
    throw,
)
from .row import Other, Refusal, Row, executed, refused

# What waits beside a task: in Chinese, in English, its definition, the step that lets it happen.
WAITING = (
    ("定时", "timer", DAY, "fire x"),
    ("消息", "message", MESSAGE, "deliver x"),
    ("信号", "signal", SIGNAL, "deliver x"),
    ("条件", "conditional", CONDITION, "set n=3"),
    ("多重（任一）", "multiple (any)", MESSAGE + DAY, "fire x"),
)
ALL = 'parallelMultiple="true"'
HOW = {True: ("，中断", ", interrupting"), False: ("，不中断", ", non-interrupting")}
SHOWN = {
    ("timer", True): ["test_an_interrupting_boundary_timer_cancels_its_task"],
    ("timer", False): ["test_a_non_interrupting_boundary_timer_leaves_the_task_and_fires_once"],
    ("message", False): ["test_a_non_interrupting_message_boundary_goes_on_listening"],
    ("multiple (any)", True): ["test_a_boundary_event_catches_any_of_its_kinds_an_error_among_them"],
    ("multiple (any)", False): ["test_a_non_interrupting_boundary_event_goes_on_listening_to_each_of_its_events"],
}


def on_task(inside: str, interrupting: bool = True, attributes: str = "") -> str:
    """A task t with x on its border, which leads to u."""
    border = element(
        "boundaryEvent", inside, f'attachedToRef="t" cancelActivity="{str(interrupting).lower()}" {attributes}'.strip()
    )
    return start() + task("t") + border + end() + task("u") + flows("s t e", "x u")


def on_border(zh: str, en: str, inside: str, step: str, interrupting: bool) -> Row:
    happens = "+x !t -x +u [complete u] -u" if interrupting else "x +u [complete t] -t e [complete u] -u"
    return executed(
        f"{zh}边界{HOW[interrupting][0]}",
        f"{en} boundary event{HOW[interrupting][1]}",
        on_task(inside, interrupting),
        f"s +t [{step}] {happens}",
        Other("s +t [complete t] -t e", never="u", given={"n": 0}),
        given={"n": 0},
        more=SHOWN.get((en, interrupting), ()),
    )


def on_border_all(interrupting: bool) -> Row:
    happens = "+x !t -x +u [complete u] -u" if interrupting else "x +u [complete t] -t e [complete u] -u"
    return executed(
        f"并行多重边界（全部）{HOW[interrupting][0]}",
        f"parallel multiple boundary event (all){HOW[interrupting][1]}",
        on_task(MESSAGE + DAY, interrupting, ALL),
        f"s +t [deliver x] [fire x] {happens}",
        Other("s +t [deliver x] [complete t] -t e", never="u"),
        more=() if interrupting else ["test_a_non_interrupting_event_that_needs_all_begins_anew_after_each_time"],
    )


def from_inside(zh: str, en: str, inside: str, throws: str, interrupting: bool, more: str) -> Row:
    """A sub-process throws what its own border catches."""
    content = start("is") + task("a") + throw(inside, "y") + task("t") + flows("is a y t")
    drawn = start() + sub(content, "sp") + boundary("x", "sp", inside, interrupting) + task("u") + flows("s sp", "x u")
    happens = "y +x !sp -x +u" if interrupting else "y x +u +t [complete t] -t -sp"
    return executed(
        f"{zh}{HOW[interrupting][0]}",
        f"{en}{HOW[interrupting][1]}",
        drawn,
        f"s +sp is +a [complete a] -a {happens} [complete u] -u",
        Other("s +sp is +a …", never="u"),
        throws=throws,
        more=[more],
    )


ESCALATING = (
    "升级边界", "escalation boundary event", ESCALATION, "escalation late",
)  # fmt: skip
SIGNALLING = (
    "子流程内抛出的信号的边界", "signal boundary event, the signal thrown inside", SIGNAL, "signal alarm",
)  # fmt: skip
TRUE_AT_ONCE = (
    start()
    + sub(start("is") + script("y", "1", "m") + flows("is y"), "sp")
    + boundary("x", "sp", CONDITION)
    + end()
    + task("u")
    + flows("s sp e", "x u")
)


FAILING = start() + service("v") + boundary("x", "v", ERROR) + end() + task("u") + flows("s v e", "x u")

BOUNDARY = (
    *(on_border(*waiting, interrupting) for waiting in WAITING for interrupting in (True, False)),
    on_border_all(True),
    on_border_all(False),
    executed(
        "写作 0 的“不中断”",
        "non-interrupting, written 0",
        on_task(DAY, interrupting=False).replace('"false"', '"0"'),
        "s +t [fire x] x +u [complete t] -t e [complete u] -u",
        Refusal("attribute-value", on_task(DAY).replace('cancelActivity="true"', 'cancelActivity="no"')),
    ),
    executed(
        "循环定时边界",
        "boundary timer that repeats",
        on_task(timer("timeCycle", "R2/PT1H"), interrupting=False),
        "s +t [fire x] x +u [fire x] x +u [complete t] -t e [complete u] -u [complete u] -u",
        Other("s +t [fire x] x +u [complete t] -t e [complete u] -u", never="x +u x"),
        more=["test_a_repeating_boundary_timer_opens_its_next_occurrence_under_a_new_uid"],
    ),
    executed(
        "错误边界",
        "error boundary event",
        FAILING,
        "s +v [fail v E1] +x ~v -x +u [complete u] -u",
        Other("s +v [job v] -v e", never="u"),
        more=["test_a_failing_connector_is_caught_at_its_boundary_with_code_and_message"],
    ),
    executed(
        "调用活动的错误边界",
        "error boundary event of a call activity",
        start()
        + element("callActivity", "", 'calledElement="other"', "c")
        + boundary("x", "c", ERROR)
        + end()
        + task("u")
        + flows("s c e", "x u"),
        "s +c [fail c E1] +x ~c -x +u [complete u] -u",
        Other("s +c [call c] -c e", never="u"),
    ),
    executed(
        "子流程的定时边界",
        "timer boundary event of a sub-process",
        start()
        + sub(task("a") + task("b"), "sp")
        + boundary("x", "sp", DAY)
        + end()
        + task("u")
        + flows("s sp e", "x u"),
        "s +sp +a +b [fire x] +x !a !b !sp -x +u [complete u] -u",
        Other("s +sp +a +b [complete b] -b [complete a] -a -sp e", never="u"),
        more=["test_04_a_deadline_over_many_streets_interrupts_them_all"],
    ),
    *(
        from_inside(*thrown, interrupting, more)
        for thrown, more in (
            (ESCALATING, "test_a_child_instance_escalates_to_the_boundary_of_its_call_activity"),
            (SIGNALLING, "test_a_signal_is_caught_in_its_own_instance_before_its_thrower_goes_on"),
        )
        for interrupting in (True, False)
    ),
    executed(
        "一开始就成立的条件边界",
        "conditional boundary event, true from the beginning",
        TRUE_AT_ONCE,
        "s +sp +x !sp -x +u [complete u] -u",
        Other("s +sp is y -sp e", never="u", given={"n": 0}),
        given={"n": 3},
        more=["test_a_condition_is_asked_whenever_it_may_have_become_true"],
    ),
    executed(
        "取消边界",
        "cancel boundary event",
        start()
        + sub(start("is") + task("t") + end("y", CANCEL) + flows("is t y"), "sp", kind="transaction")
        + boundary("x", "sp", CANCEL)
        + task("u")
        + flows("s sp", "x u"),
        "s +sp is +t [complete t] -t y +x !sp -x +u [complete u] -u",
        Refusal("cancel-without-transaction", on_task(CANCEL)),
    ),
    executed(
        "补偿边界",
        "compensation boundary event",
        start() + handled("a") + end("e", UNDO) + flows("s a e"),
        "s +a [complete a] -a +e ca +ua [complete ua] -ua -e",
        Refusal("compensation-without-handler", PLAIN + boundary("x", "t", UNDO)),
    ),
    refused(
        "不中断的错误边界", "error boundary event, non-interrupting", "error-must-interrupt", on_task(ERROR, False)
    ),
    refused(
        "不中断的取消边界",
        "cancel boundary event, non-interrupting",
        "error-must-interrupt",
        start()
        + sub(end("y", CANCEL), "sp", kind="transaction")
        + boundary("x", "sp", CANCEL, interrupting=False)
        + flows("s sp"),
    ),
    refused("没有定义的边界", "boundary event without definition", "event-without-definition", on_task("")),
    refused("链接边界", "link boundary event", "unsupported-event", on_task(LINK)),
    refused("终止边界", "terminate boundary event", "unsupported-event", on_task(TERMINATE)),
    refused(
        "没有附着的边界", "boundary event on no activity", "boundary-not-attached", PLAIN + boundary("x", "s", DAY)
    ),
    refused(
        "附着在别的层的边界事件",
        "boundary event on an activity of another level",
        "boundary-not-attached",
        start() + sub(task("a"), "q") + boundary("x", "a", DAY) + task("u") + flows("s q", "x u"),
    ),
    refused(
        "同一边界捕获两次的错误",
        "error that two boundary events of one activity catch",
        "caught-twice",
        on_task(ERROR) + boundary("b", "t", ERROR),
    ),
    refused(
        "并行多重里的错误",
        "error in a parallel multiple boundary event",
        "event-not-with-others",
        on_task(MESSAGE + ERROR, attributes=ALL),
    ),
)


def beside(inside: str, interrupting: bool = True, attributes: str = "", body: str = "") -> str:
    """A process with a task t and an event sub-process sp that starts by x and holds u."""
    flag = f'isInterrupting="{str(interrupting).lower()}" {attributes}'.strip()
    handler = element("startEvent", inside, flag) + task("u") + flows("x u")
    return (body or PLAIN) + sub(handler, "sp", 'triggeredByEvent="true"')


def started(zh: str, en: str, inside: str, step: str, interrupting: bool) -> Row:
    rest = "[complete u] -u -sp" if interrupting else "[complete t] -t e [complete u] -u -sp"
    return executed(
        f"{zh}事件子流程{HOW[interrupting][0]}",
        f"{en} event sub-process{HOW[interrupting][1]}",
        beside(inside, interrupting),
        f"s +t [{step}] {'!t ' if interrupting else ''}+sp x +u {rest}",
        Other("s +t [complete t] -t e", never="u", given={"n": 0}),
        given={"n": 0},
        more=["test_an_event_sub_process_starts_by_its_event"] if en in ("timer", "message") else (),
    )


def started_by_all(interrupting: bool) -> Row:
    rest = "[complete u] -u -sp" if interrupting else "[complete t] -t e [complete u] -u -sp"
    return executed(
        f"并行多重事件子流程（全部）{HOW[interrupting][0]}",
        f"parallel multiple event sub-process (all){HOW[interrupting][1]}",
        beside(MESSAGE + DAY, interrupting, ALL),
        f"s +t [deliver x] [fire x] {'!t ' if interrupting else ''}+sp x +u {rest}",
        Other("s +t [deliver x] [complete t] -t e", never="u"),
    )


ERRING = start() + task("t") + end("e", ERROR) + flows("s t e")
LATE = start() + task("a") + throw(ESCALATION, "y") + task("t") + flows("s a y t")
OWN = element("startEvent", UNDO) + task("u") + flows("x u")
UNDOING = (
    start() + sub(start("is") + task("a") + flows("is a") + sub(OWN, "esp", 'triggeredByEvent="true"'), "sp")
    + task("t") + end("e", UNDO) + flows("s sp t e")
)  # fmt: skip
MARKED = 'triggeredByEvent="true" isForCompensation="true"'

EVENT_SUB_PROCESSES = (
    *(started(*waiting, interrupting) for waiting in WAITING for interrupting in (True, False)),
    started_by_all(True),
    started_by_all(False),
    executed(
        "错误事件子流程",
        "error event sub-process",
        beside(ERROR, body=ERRING),
        "s +t [complete t] -t e +sp x +u [complete u] -u -sp",
        Other("s +t …", never="u"),
        more=["test_an_error_event_sub_process_catches_what_its_scope_throws_and_not_its_own"],
    ),
    executed(
        "升级事件子流程，中断",
        "escalation event sub-process, interrupting",
        beside(ESCALATION, body=LATE),
        "s +a [complete a] -a y +sp x +u [complete u] -u -sp",
        Other("s +a …", never="u"),
    ),
    executed(
        "升级事件子流程，不中断",
        "escalation event sub-process, non-interrupting",
        beside(ESCALATION, interrupting=False, body=LATE),
        "s +a [complete a] -a y +sp x +u +t [complete t] -t [complete u] -u -sp",
        Other("s +a …", never="u"),
        more=["test_an_escalation_event_sub_process_runs_beside_its_scope"],
    ),
    executed(
        "补偿事件子流程",
        "compensation event sub-process",
        UNDOING,
        "s +sp is +a [complete a] -a -sp +t [complete t] -t +e +esp x +u [complete u] -u -esp -e",
        Other("s +sp is +a [complete a] -a -sp +t …", never="u"),
        more=["test_a_compensation_event_sub_process_undoes_its_sub_process_and_may_call_its_handlers"],
    ),
    refused(
        "流程的补偿事件子流程",
        "compensation event sub-process of a process: nothing compensates a process",
        "undo-of-process",
        beside(UNDO),
    ),
    refused(
        "同一范围捕获两次的错误",
        "error that two event sub-processes of one scope catch",
        "caught-twice",
        beside(ERROR)
        + sub(element("startEvent", ERROR, "", "y") + task("z") + flows("y z"), "z2", 'triggeredByEvent="true"'),
    ),
    executed(
        "标为补偿活动的补偿事件子流程",
        "compensation event sub-process, marked for compensation",
        UNDOING.replace('triggeredByEvent="true"', MARKED),
        "s +sp is +a [complete a] -a -sp +t [complete t] -t +e +esp x +u [complete u] -u -esp -e",
        Refusal("handler-connected", PLAIN + sub(element("startEvent", DAY) + task("u") + flows("x u"), "sp", MARKED)),
    ),
    refused("没有定义的事件子流程", "event sub-process without definition", "event-sub-process-start", beside("")),
    refused(
        "不中断的错误事件子流程",
        "error event sub-process, non-interrupting",
        "error-must-interrupt",
        beside(ERROR, False),
    ),
    refused("取消事件子流程", "cancel event sub-process", "unsupported-event", beside(CANCEL)),
    refused(
        "有连线的事件子流程",
        "event sub-process with a flow",
        "event-sub-process-connected",
        beside(MESSAGE) + flows("t sp"),
    ),
    refused(
        "重复的事件子流程",
        "event sub-process that repeats",
        "event-sub-process-repeats",
        beside(MESSAGE).replace(
            "</bpmn:subProcess>", '<bpmn:standardLoopCharacteristics loopMaximum="2"/></bpmn:subProcess>'
        ),
    ),
)
