"""What a file says to the reader: dialects, what is learned from it, and what is refused and how."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from lastmeter.definitions.findings import DefinitionRefused, Finding
from lastmeter.workflow.spiff import parse, restore
from lastmeter.workflow.spiff.reading.sentences import EVENT_ZH, SENTENCES

from .runner import HEAD, Runner, boundary, end, file, flow, flows, script, start, task, timer

PLAIN = start() + task("t") + end() + flows("s t e")
MESSAGE = '<bpmn:message id="m" name="x"/>'
UNDO = "<bpmn:compensateEventDefinition/>"
CANCEL = "<bpmn:cancelEventDefinition/>"
LINK = '<bpmn:linkEventDefinition name="A"/>'
CAUGHT = '<bpmn:messageEventDefinition messageRef="m"/>'


def refused(xml: bytes) -> tuple[Finding, ...]:
    with pytest.raises(DefinitionRefused) as wrong:
        parse(xml)
    return wrong.value.findings


def instead(element: str) -> str:
    """A process with this element, called x, in the middle."""
    return start() + element + end() + flows("s x e")


def catch(inside: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="x">{inside}</bpmn:intermediateCatchEvent>'


def repeated(characteristics: str) -> str:
    return instead(task("x", characteristics))


def sub(inside: str, attributes: str = "") -> str:
    return f'<bpmn:subProcess id="x"{attributes}>{inside}</bpmn:subProcess>'


def undoing(event: str, activity: str) -> str:
    """A compensation activity and its association with the event on the border."""
    handler = task(activity, isForCompensation="true")
    return f'{handler}<bpmn:association id="{event}-{activity}" sourceRef="{event}" targetRef="{activity}"/>'


STORE = '<bpmn:dataStoreReference id="store" name="台账"/>'
LIMITED = '<bpmn:dataStore id="store" name="台账" capacity="ten"/>'
VALUE = "<bpmn:transformation>1</bpmn:transformation>"
INTO_STORE = "<bpmn:dataOutputAssociation><bpmn:targetRef>store</bpmn:targetRef>{}</bpmn:dataOutputAssociation>"


TWO_TIMES = timer("timeDuration", "P1D").replace("<bpmn:timeD", "<bpmn:timeDate>2026-04-01</bpmn:timeDate><bpmn:timeD")

KEYED = '<bpmn:receiveTask id="y" messageRef="m"/>' + flow("t", "y")
SUBSCRIBED = (
    '<bpmn:correlationSubscription id="x" correlationKeyRef="ck"><bpmn:correlationPropertyBinding'
    ' correlationPropertyRef="cp"><bpmn:dataPath>n</bpmn:dataPath></bpmn:correlationPropertyBinding>'
    "</bpmn:correlationSubscription>"
)


def with_key(body: str) -> str:
    """The process in a file with the key `ck`, whose one property the message carries as `no`."""
    roots = (
        '<bpmn:correlationProperty id="cp"><bpmn:correlationPropertyRetrievalExpression messageRef="m">'
        "<bpmn:messagePath>no</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
        '<bpmn:collaboration id="co"><bpmn:correlationKey id="ck"><bpmn:correlationPropertyRef>cp'
        "</bpmn:correlationPropertyRef></bpmn:correlationKey></bpmn:collaboration>"
    )
    return f'{body}</bpmn:process>{roots}<bpmn:process id="other" isExecutable="false">'


ASKING = (
    '<bpmn:startEvent id="s"><bpmn:conditionalEventDefinition><bpmn:condition>{}</bpmn:condition>'
    "</bpmn:conditionalEventDefinition></bpmn:startEvent>" + task("t") + flow("s", "t")
)


REFUSED: list[tuple[str, str, str]] = [
    ("choreography", "x", PLAIN + '<bpmn:choreographyTask id="x"/>'),
    ("unsupported-element", "x", PLAIN + '<bpmn:conversation id="x"/>'),
    ("unresolved-reference", "x", PLAIN + '<bpmn:correlationSubscription id="x" correlationKeyRef="k"/>'),
    ("correlation-unbound", "x", PLAIN + '<bpmn:correlationSubscription id="x"/>'),
    ("correlation-unbound", "x", with_key(PLAIN + '<bpmn:correlationSubscription id="x" correlationKeyRef="ck"/>')),
    ("correlation-several", "y", with_key(PLAIN + SUBSCRIBED + SUBSCRIBED.replace('id="x"', 'id="z"') + KEYED)),
    ("correlation-key-alone", "y", with_key(PLAIN + KEYED)),
    ("handler-of-nothing", "x", PLAIN + task("x", isForCompensation="true")),
    ("handler-connected", "x", instead(task("x", isForCompensation="true"))),
    ("compensation-without-handler", "x", PLAIN + boundary("x", "t", UNDO)),
    (
        "handler-compensated",
        "x",
        PLAIN + boundary("b", "t", UNDO) + undoing("b", "u") + boundary("x", "u", UNDO) + undoing("x", "v"),
    ),
    ("compensation-with-outgoing", "x", PLAIN + boundary("x", "t", UNDO) + undoing("x", "u") + flow("x", "e")),
    (
        "compensates-elsewhere",
        "e",
        start() + sub(task("t")) + end("e", '<bpmn:compensateEventDefinition activityRef="t"/>') + flows("s x e"),
    ),
    ("cancel-without-transaction", "e", start() + end("e", CANCEL) + flows("s e")),
    ("cancel-without-transaction", "x", PLAIN + boundary("x", "t", CANCEL)),
    ("cancel-not-caught", "c", instead(f'<bpmn:transaction id="x">{end("c", CANCEL)}</bpmn:transaction>')),
    ("not-in-ad-hoc", "y", instead(f'<bpmn:adHocSubProcess id="x">{start("y")}{task("z")}</bpmn:adHocSubProcess>')),
    (
        "activation-missing",
        "x",
        task("a") + task("b") + '<bpmn:complexGateway id="x"/>' + end() + flows("a x", "b x e"),
    ),
    (
        "store-read-nowhere",
        "x",
        STORE
        + instead(
            task("x", "<bpmn:dataInputAssociation><bpmn:sourceRef>store</bpmn:sourceRef></bpmn:dataInputAssociation>")
        ),
    ),
    ("condition-of-process", "s", ASKING.format("n > 1".replace(">", "&gt;"))),
    ("condition-never-asked", "s", STORE.replace("/>", ' lm:key="=no"/>') + ASKING.format("台账 = 1")),
    ("store-writes-nothing", "x", STORE + instead(task("x", INTO_STORE.format("")))),
    ("store-unnamed", "store", STORE.replace(' name="台账"', "") + instead(task("x", INTO_STORE.format(VALUE)))),
    (
        "store-capacity",
        "store",
        f'</bpmn:process>{LIMITED}<bpmn:process id="q" isExecutable="true">'
        + instead(task("x", INTO_STORE.format(VALUE))),
    ),
    ("quantity", "x", instead(task("x", startQuantity="none"))),
    ("quantity", "x", instead(task("x", completionQuantity="100000"))),
    ("instantiating-not-first", "x", instead('<bpmn:receiveTask id="x" messageRef="m" instantiate="true"/>')),
    (
        "unsupported-event",
        "c",
        '<bpmn:eventBasedGateway id="g1" instantiate="true"/><bpmn:receiveTask id="r" messageRef="m"/>'
        '<bpmn:intermediateCatchEvent id="c"><bpmn:conditionalEventDefinition><bpmn:condition>a</bpmn:condition>'
        "</bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>" + flows("g1 r", "g1 c"),
    ),
    ("parallel-events", "x", instead('<bpmn:eventBasedGateway id="x" eventGatewayType="Parallel"/>')),
    ("event-not-with-others", "x", instead(catch(CAUGHT + '<bpmn:linkEventDefinition name="A"/>'))),
    (
        "event-not-with-others",
        "e",
        start() + end("e", "<bpmn:errorEventDefinition/><bpmn:terminateEventDefinition/>") + flows("s e"),
    ),
    (
        "event-not-with-others",
        "x",
        PLAIN
        + '<bpmn:boundaryEvent id="x" attachedToRef="t" parallelMultiple="true">'
        + f"<bpmn:errorEventDefinition/>{CAUGHT}</bpmn:boundaryEvent>",
    ),
    ("event-without-definition", "x", instead(catch(""))),
    ("unsupported-event", "x", instead(catch("<bpmn:errorEventDefinition/>"))),
    ("unsupported-event", "x", f'<bpmn:startEvent id="x"><bpmn:errorEventDefinition/></bpmn:startEvent>{task("t")}'),
    ("timer-not-understood", "x", instead(catch(timer("timeDuration", "ten days from now on!")))),
    ("timer-not-understood", "x", instead(catch(timer("timeCycle", "0 0 9 * * MON-FRI")))),
    ("timer-missing", "x", instead(catch("<bpmn:timerEventDefinition/>"))),
    ("condition-missing", "x", instead(catch("<bpmn:conditionalEventDefinition/>"))),
    ("message-missing", "x", instead(catch("<bpmn:messageEventDefinition/>"))),
    ("message-missing", "x", instead('<bpmn:receiveTask id="x"/>')),
    ("signal-missing", "x", instead(catch("<bpmn:signalEventDefinition/>"))),
    ("unresolved-reference", "x", instead(catch('<bpmn:messageEventDefinition messageRef="none"/>'))),
    ("unresolved-reference", "x", instead(catch('<bpmn:signalEventDefinition signalRef="m"/>'))),
    ("unresolved-reference", "t_z", PLAIN + flow("t", "z")),
    ("unresolved-reference", "x", start() + '<bpmn:exclusiveGateway id="x" default="no"/>' + end() + flows("s x e")),
    ("feel-syntax", "x", instead(script("x", "1 +", "r"))),
    ("feel-syntax", "s_t", start() + task("t") + flow("s", "t", "a &gt;")),
    (
        "foreign-expression",
        "x_y",
        instead('<bpmn:exclusiveGateway id="x" default="x_e"/>') + task("y") + flow("x", "y", "${a == 1}"),
    ),
    ("foreign-expression", "x", instead('<bpmn:userTask id="x" camunda:assignee="${initiator}"/>')),
    (
        "foreign-script",
        "x",
        instead('<bpmn:scriptTask id="x" scriptFormat="groovy"><bpmn:script>1</bpmn:script></bpmn:scriptTask>'),
    ),
    ("foreign-code", "x", instead('<bpmn:serviceTask id="x" camunda:class="org.Evil"/>')),
    (
        "foreign-code",
        "x",
        instead(task("x", '<bpmn:extensionElements><camunda:taskListener class="a"/></bpmn:extensionElements>')),
    ),
    ("connector-missing", "x", instead('<bpmn:serviceTask id="x"/>')),
    ("name-is-expression", "x", instead('<bpmn:serviceTask id="x" camunda:topic="=which"/>')),
    ("decision-missing", "x", instead('<bpmn:businessRuleTask id="x"/>')),
    ("called-process-missing", "x", instead('<bpmn:callActivity id="x"/>')),
    ("multi-instance-without-number", "x", repeated("<bpmn:multiInstanceLoopCharacteristics/>")),
    (
        "multi-instance-behaviour",
        "x",
        repeated('<bpmn:multiInstanceLoopCharacteristics behavior="Some" camunda:collection="a"/>'),
    ),
    ("loop-without-end", "x", repeated("<bpmn:standardLoopCharacteristics/>")),
    ("condition-without-effect", "s", start() + task("t") + flow("s", "t", "a")),
    (
        "condition-without-effect",
        "x",
        start() + '<bpmn:exclusiveGateway id="x" default="x_t"/>' + task("t") + flows("s x") + flow("x", "t", "a"),
    ),
    (
        "condition-without-effect",
        "x",
        start() + '<bpmn:parallelGateway id="x"/>' + task("t") + flows("s x") + flow("x", "t", "a"),
    ),
    (
        "flow-without-condition",
        "x",
        instead('<bpmn:exclusiveGateway id="x" default="x_e"/>') + task("y") + flow("x", "y"),
    ),
    ("boundary-not-attached", "x", PLAIN + boundary("x", "s", timer("timeDuration", "P1D"))),
    ("boundary-with-incoming", "x", PLAIN + boundary("x", "t", timer("timeDuration", "P1D")) + flow("t", "x")),
    ("error-must-interrupt", "x", PLAIN + boundary("x", "t", "<bpmn:errorEventDefinition/>", interrupting=False)),
    ("event-gateway-needs-two", "x", start() + '<bpmn:eventBasedGateway id="x"/>' + flows("s x")),
    ("event-gateway-target", "x", instead('<bpmn:eventBasedGateway id="x"/>') + task("y") + flow("x", "y")),
    (
        "link-target",
        "x",
        start()
        + '<bpmn:intermediateThrowEvent id="x"><bpmn:linkEventDefinition name="A"/></bpmn:intermediateThrowEvent>'
        + flows("s x"),
    ),
    (
        "link-connected",
        "x",
        instead(
            '<bpmn:intermediateThrowEvent id="x"><bpmn:linkEventDefinition name="A"/></bpmn:intermediateThrowEvent>'
        )
        + '<bpmn:intermediateCatchEvent id="y"><bpmn:linkEventDefinition name="A"/></bpmn:intermediateCatchEvent>',
    ),
    ("link-connected", "x", instead(catch(LINK))),
    ("start-event-in-sub-process", "y", sub(f'<bpmn:startEvent id="y">{CAUGHT}</bpmn:startEvent>')),
    ("several-plain-starts", "z", instead(sub(start("y") + start("z") + task("t") + flows("y t", "z t")))),
    ("start-with-incoming", "s", PLAIN + flow("t", "s")),
    ("end-with-outgoing", "e", PLAIN + flow("e", "t")),
    ("event-sub-process-start", "x", PLAIN + sub(start("y"), ' triggeredByEvent="true"')),
    (
        "event-sub-process-connected",
        "x",
        PLAIN + sub(f'<bpmn:startEvent id="y">{CAUGHT}</bpmn:startEvent>', ' triggeredByEvent="true"') + flow("t", "x"),
    ),
    (
        "event-sub-process-repeats",
        "x",
        PLAIN
        + sub(
            f'<bpmn:startEvent id="y">{CAUGHT}</bpmn:startEvent>'
            '<bpmn:multiInstanceLoopCharacteristics camunda:collection="a"/>',
            ' triggeredByEvent="true"',
        ),
    ),
    ("flow-crosses-boundary", "t_y", PLAIN + sub(task("y")) + flow("t", "x") + flow("t", "y")),
    ("never-reached", "x", PLAIN + task("x")),
    ("duplicate-id", "t", PLAIN + task("t")),
    ("missing-id", "p", PLAIN + "<bpmn:task/>"),
    ("global-task", "x", instead('<bpmn:callActivity id="x" calledElement="g"/>')),
    ("attribute-value", "x", instead('<bpmn:userTask id="x" isForCompensation="no"/>')),
    (
        "attribute-value",
        "x",
        instead('<bpmn:adHocSubProcess id="x" ordering="sequential"><bpmn:task id="y"/></bpmn:adHocSubProcess>'),
    ),
    (
        "attribute-value",
        "x",
        PLAIN + '<bpmn:transaction id="x" triggeredByEvent="1"><bpmn:task id="y"/></bpmn:transaction>',
    ),
    ("timer-several", "x", instead(catch(TWO_TIMES))),
    ("timer-not-understood", "x", instead(catch(timer("timeDuration", "P1DT")))),
    ("timer-not-understood", "x", instead(catch(timer("timeDate", "2026-13-01")))),
    ("timer-not-understood", "x", instead(catch(timer("timeCycle", "R0/PT1H")))),
    (
        "data-name",
        "x",
        '<bpmn:dataObject id="paid" name="order [paid]"/>'
        + instead(
            task(
                "x",
                '<bpmn:ioSpecification><bpmn:dataInput id="i" name="n"/></bpmn:ioSpecification>'
                "<bpmn:dataInputAssociation><bpmn:sourceRef>paid</bpmn:sourceRef><bpmn:targetRef>i</bpmn:targetRef>"
                "</bpmn:dataInputAssociation>",
            )
        ),
    ),
    ("boundary-not-attached", "y", instead(sub(task("a"))) + boundary("y", "a", "<bpmn:errorEventDefinition/>")),
    ("default-without-effect", "x", instead('<bpmn:parallelGateway id="x" default="x_e"/>')),
    (
        "repeats-twice",
        "x",
        repeated(
            '<bpmn:standardLoopCharacteristics loopMaximum="2"/>'
            '<bpmn:multiInstanceLoopCharacteristics camunda:collection="a"/>'
        ),
    ),
    (
        "data-out-of-sight",
        "y",
        instead(sub('<bpmn:dataObject id="inner" name="n"/>' + task("a")))
        + task(
            "y",
            "<bpmn:dataInputAssociation><bpmn:sourceRef>inner</bpmn:sourceRef><bpmn:targetRef>i</bpmn:targetRef>"
            "</bpmn:dataInputAssociation>",
        ),
    ),
    (
        "caught-twice",
        "c2",
        instead(f'<bpmn:transaction id="x">{end("c", CANCEL)}</bpmn:transaction>')
        + boundary("c1", "x", CANCEL)
        + boundary("c2", "x", CANCEL),
    ),
    ("link-without-source", "x", PLAIN + catch(LINK)),
    (
        "undo-of-process",
        "y",
        PLAIN + sub(f'<bpmn:startEvent id="y">{UNDO}</bpmn:startEvent>', ' triggeredByEvent="true"'),
    ),
    (
        "handler-twice",
        "y",
        PLAIN + boundary("x", "t", UNDO) + undoing("x", "u") + boundary("y", "t", UNDO) + undoing("y", "v"),
    ),
    (
        "caught-twice",
        "y",
        PLAIN + boundary("x", "t", "<bpmn:errorEventDefinition/>") + boundary("y", "t", "<bpmn:errorEventDefinition/>"),
    ),
]


@pytest.mark.parametrize(("rule", "element", "body"), REFUSED)
def test_what_is_not_executed_is_refused_by_element_with_reason_and_remedy(rule: str, element: str, body: str) -> None:
    findings = refused(file(body.replace("><", ">\n<"), MESSAGE + '<bpmn:globalChoreographyTask id="g"/>'))
    found = [finding for finding in findings if (finding.rule, finding.element_id) == (rule, element)]
    assert found, findings
    assert found[0].severity == "error"
    assert found[0].line
    assert all((found[0].message_zh, found[0].message_en, found[0].fix_zh, found[0].fix_en))
    assert not any(fact in found[0].message_en for fact in ("{text}", "{reference}", "{kind}", "{tag}", "{flow}"))


def test_a_value_that_is_called_is_read_with_a_warning_that_names_the_place() -> None:
    parsed = parse(file(instead(script("x", "[1 (2),\n 3 (4)]", "r"))))
    told = [finding for finding in parsed[0].findings if finding.rule == "feel-doubt"]
    assert [(finding.element_id, finding.severity) for finding in told] == [("x", "warning")] * 2
    assert ["line 1, column 2" in told[0].message_en, "line 2, column 2" in told[1].message_en] == [True, True]
    assert "第 2 行第 2 列：把一个值当作函数调用" in told[1].message_zh
    assert all(finding.fix_zh and finding.fix_en for finding in told)


def test_every_sentence_is_shown_by_a_test() -> None:
    shown = {rule for rule, _, _ in REFUSED} | {
        "too-large", "not-xml", "doctype", "not-bpmn", "no-executable-process", "not-executable", "too-many-elements",
        "nested-too-deep", "too-much-feel",
        "script-missing", "result-without-name", "data-association", "data-input-unfilled", "unknown-extension",
        "feel-doubt",
    }  # fmt: skip
    assert shown == set(SENTENCES)
    assert set(EVENT_ZH) >= {"timer", "message", "signal"}


@pytest.mark.parametrize(
    ("xml", "rule"),
    [
        (b"", "not-xml"),
        (b"\xff\xfe\x00garbage", "not-xml"),
        (b"<a><b></a>", "not-xml"),
        (b"<html/>", "not-bpmn"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "doctype"),
        (b"<!DOCTYPE a><a/>", "doctype"),
        (f"{HEAD}</bpmn:definitions>".encode(), "no-executable-process"),
        (f'{HEAD}<bpmn:process id="p" isExecutable="false"/></bpmn:definitions>'.encode(), "no-executable-process"),
        (b" " * 20_000_001, "too-large"),
    ],
)
def test_a_file_that_holds_no_process_is_refused(xml: bytes, rule: str) -> None:
    assert rule in {finding.rule for finding in refused(xml)}


def test_an_entity_bomb_is_refused_at_once() -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    began = time.process_time()
    refused(f'<!DOCTYPE a [<!ENTITY a0 "ha">{entities}]><a>&a11;</a>'.encode())
    assert time.process_time() - began < 1


def test_a_huge_file_is_refused_quickly() -> None:
    body = "".join(task(f"t{number}") for number in range(40_000))
    began = time.process_time()
    assert refused(file(body))[0].rule == "too-many-elements"
    assert time.process_time() - began < 4


def nested(depth: int) -> str:
    body = task("t")
    for level in range(depth):
        body = f'<bpmn:subProcess id="sp{level}">{body}</bpmn:subProcess>'
    return body


def test_sub_processes_may_be_nested_deeply_but_not_without_end() -> None:
    run = Runner(file(nested(40)))
    run.cancel()
    assert run.completed
    assert [finding.rule for finding in refused(file(nested(41)))] == ["nested-too-deep"]


def test_notes_and_warnings_do_not_hinder() -> None:
    body = start() + script("a", "{x: 1}") + '<bpmn:scriptTask id="b"/>' + task("c", "<bpmn:dataInputAssociation/>")
    unfilled = (
        '<bpmn:dataInput id="di" name="n"/><bpmn:inputSet><bpmn:dataInputRefs>di</bpmn:dataInputRefs></bpmn:inputSet>'
    )
    body = body.replace(
        "<bpmn:dataInputAssociation/>",
        f"<bpmn:ioSpecification>{unfilled}</bpmn:ioSpecification><bpmn:dataInputAssociation/>",
    )
    body += '<bpmn:userTask id="g" xmlns:signavio="http://signavio" signavio:note="x"/>' + flows("s a b c g")
    other = '<bpmn:process id="q" isExecutable="false"/></bpmn:definitions>'
    (process,) = parse(file(body).replace(b"</bpmn:definitions>", other.encode()))
    assert {(item.severity, item.rule) for item in process.findings} == {
        ("note", "result-without-name"),
        ("warning", "script-missing"),
        ("note", "data-association"),
        ("note", "data-input-unfilled"),
        ("note", "unknown-extension"),
        ("note", "not-executable"),
    }
    run = Runner(process)
    assert run.variables == {"x": 1}


def test_a_process_tells_what_the_engine_above_needs_to_know() -> None:
    lanes = (
        '<bpmn:laneSet id="ls"><bpmn:lane id="l1" name="街道"><bpmn:flowNodeRef>t</bpmn:flowNodeRef>'
        '<bpmn:childLaneSet id="cs"><bpmn:lane id="l2" name="科员"><bpmn:flowNodeRef>t</bpmn:flowNodeRef></bpmn:lane>'
        "</bpmn:childLaneSet></bpmn:lane>"
        '<bpmn:lane id="l3" name="区局"><bpmn:flowNodeRef>sp</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>'
    )
    form = '<bpmn:extensionElements><zeebe:formDefinition formId="f2"/></bpmn:extensionElements>'
    body = (
        lanes
        + f'<bpmn:startEvent id="s">{timer("timeCycle", "R/P1M")}</bpmn:startEvent>'
        + '<bpmn:userTask id="t" name="填表" camunda:formKey="f1" lm:organisation="=street"'
        + ' camunda:dueDate="=due + extra">'
        + "<bpmn:documentation>说明</bpmn:documentation></bpmn:userTask>"
        + f'<bpmn:subProcess id="sp">{task("inner", form)}</bpmn:subProcess>'
        + '<bpmn:businessRuleTask id="b" camunda:decisionRef="method" camunda:resultVariable="m"/>'
        + '<bpmn:callActivity id="c" calledElement="open_tender"/>'
        + catch(CAUGHT)
        + end("e", '<bpmn:signalEventDefinition signalRef="g"/>')
        + flows("s t")
        + flow("t", "sp", "amount &gt; limit")
        + flows("sp b c x e")
    )
    roots = '<bpmn:message id="m" name="plan.filed" lm:correlation="=plan_id"/><bpmn:signal id="g" name="alarm"/>'
    (process,) = parse(file(body, roots))
    by_id = {element.id: element for element in process.elements}
    assert (by_id["t"].lane_id, by_id["t"].lane_name) == ("l2", "科员")
    assert (by_id["inner"].lane_name, by_id["inner"].container) == ("区局", "sp")
    assert by_id["t"].ext["camunda:formKey"] == "f1"
    assert by_id["t"].ext["bpmn:documentation"] == "说明"
    assert by_id["inner"].ext["zeebe:formDefinition"] == [{"$tag": "zeebe:formDefinition", "formId": "f2"}]
    assert by_id["t"].names_read == {"street", "due", "extra", "amount", "limit"}
    assert by_id["x"].names_read == {"plan_id"}
    assert by_id["b"].names_written == {"m"}
    assert process.names_read == {"street", "due", "extra", "amount", "limit", "plan_id"}
    assert process.called_keys == {"open_tender"}
    assert process.decision_refs == {"method"}
    assert process.message_names == {"plan.filed"}
    assert process.signal_names == {"alarm"}
    (begun,) = process.start_events
    assert (begun.element_id, begun.kind, begun.timer_kind, begun.definition) == ("s", "timer", "timeCycle", "R/P1M")


def test_what_is_foreign_survives_storing() -> None:
    body = (
        '<bpmn:userTask id="t" camunda:candidateGroups="a,b"><bpmn:potentialOwner><bpmn:resourceAssignmentExpression>'
    )
    body += (
        "<bpmn:formalExpression>boss</bpmn:formalExpression></bpmn:resourceAssignmentExpression></bpmn:potentialOwner>"
    )
    body += '<bpmn:multiInstanceLoopCharacteristics camunda:collection="x"/></bpmn:userTask>'
    (process,) = parse(file(body))
    node = restore(process.spec_blob).element("t").node
    assert node.ext == {"camunda:candidateGroups": "a,b", "bpmn:potentialOwner": ["boss"]}


def test_several_processes_of_a_collaboration_are_read_together() -> None:
    text = (
        HEAD
        + '<bpmn:collaboration id="co"><bpmn:participant id="a" name="甲" processRef="p"/>'
        + '<bpmn:participant id="b" name="乙" processRef="q"/><bpmn:messageFlow id="mf" sourceRef="a" targetRef="b"/>'
        + f'</bpmn:collaboration><bpmn:process id="p">{task("t")}</bpmn:process>'
        + f'<bpmn:process id="q">{task("u")}</bpmn:process></bpmn:definitions>'
    )
    assert [(process.key, process.name) for process in parse(text.encode())] == [("p", "甲"), ("q", "乙")]


def test_a_file_that_calls_its_prefixes_otherwise_reads_the_same() -> None:
    xml = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:c7="http://camunda.org/schema/1.0/bpmn">
    <process id="p" isExecutable="true"><userTask id="t" c7:formKey="f"/></process></definitions>"""
    (process,) = parse(xml)
    assert process.elements[0].ext == {"camunda:formKey": "f"}


def test_the_zeebe_dialect_runs() -> None:
    def extended(inside: str) -> str:
        return f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>"

    inside = {
        "a": '<zeebe:script expression="=1 + 1" resultVariable="two"/>',
        "b": '<zeebe:taskDefinition type="mail"/><zeebe:ioMapping><zeebe:input source="=two" target="n"/>'
        '<zeebe:output source="=answer" target="said"/></zeebe:ioMapping>',
        "c": '<zeebe:calledElement processId="k" propagateAllChildVariables="false"/>',
    }
    kinds = {"a": "scriptTask", "b": "serviceTask", "c": "callActivity"}
    body = start() + end() + flows("s a b c e")
    for name, kind in kinds.items():
        body += f'<bpmn:{kind} id="{name}">{extended(inside[name])}</bpmn:{kind}>'
    run = Runner(file(body))
    (job,) = run.jobs.values()
    assert (job.topic, job.inputs) == ("mail", {"n": 2})
    run.finish_job("b", answer="yes", noise=1)
    (call,) = run.calls.values()
    assert (call.key, call.variables) == ("k", {"two": 2, "said": "yes"})
    run.finish_call("c", leaked=True)
    assert run.completed
    assert run.variables == {"two": 2, "said": "yes"}


def test_mapped_maps_and_lists_are_expressions() -> None:
    parameter = (
        '<bpmn:extensionElements><camunda:inputOutput><camunda:inputParameter name="where"><camunda:map>'
        '<camunda:entry key="a">=street</camunda:entry><camunda:entry key="b">literal</camunda:entry></camunda:map>'
        '</camunda:inputParameter><camunda:inputParameter name="all"><camunda:list><camunda:value>x</camunda:value>'
        "<camunda:value>=1 + 1</camunda:value></camunda:list></camunda:inputParameter></camunda:inputOutput>"
        "</bpmn:extensionElements>"
    )
    run = Runner(file(start() + task("t", parameter) + end() + flows("s t e")), {"street": "历下"})
    (opened,) = run.tasks.values()
    assert opened.local == {"where": {"a": "历下", "b": "literal"}, "all": ["x", 2]}
    run.complete("t", done=True)
    assert run.variables == {"street": "历下", "done": True}


def test_a_date_that_feel_gives_means_the_end_of_that_day() -> None:
    run = Runner(file(instead(catch(timer("timeDate", '=date("2026-04-13")')))))
    assert [opened.due for opened in run.timers.values()] == [dt.datetime(2026, 4, 13, 16, tzinfo=dt.UTC)]
