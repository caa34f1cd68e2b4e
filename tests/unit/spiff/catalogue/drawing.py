"""Pieces of which the catalogue's drawings are made; x is always the element shown."""

from __future__ import annotations

from ..runner import end, flows, start, task, timer

ROOTS = (
    '<bpmn:message id="m" name="paid"/><bpmn:message id="m2" name="void"/><bpmn:signal id="sig" name="alarm"/>'
    '<bpmn:error id="err" errorCode="E1"/><bpmn:escalation id="esc" escalationCode="late"/>'
    '<bpmn:signalEventDefinition id="told" signalRef="sig"/>'
    '<bpmn:globalTask id="gt"/><bpmn:globalManualTask id="gm"/><bpmn:globalUserTask id="gu"/>'
    '<bpmn:globalScriptTask id="gs" scriptLanguage="feel" camunda:resultVariable="n"><bpmn:script>1 + 1</bpmn:script>'
    '</bpmn:globalScriptTask><bpmn:globalBusinessRuleTask id="gb" camunda:decisionRef="d1" camunda:resultVariable="r"/>'
    '<bpmn:globalChoreographyTask id="gc"/><bpmn:dataStore id="store" name="ledger"/>'
)

MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="sig"/>'
ERROR = '<bpmn:errorEventDefinition errorRef="err"/>'
ESCALATION = '<bpmn:escalationEventDefinition escalationRef="esc"/>'
CONDITION = (
    "<bpmn:conditionalEventDefinition><bpmn:condition>n &gt; 2</bpmn:condition></bpmn:conditionalEventDefinition>"
)
DAY = timer("timeDuration", "P1D")
UNDO = "<bpmn:compensateEventDefinition/>"
CANCEL = "<bpmn:cancelEventDefinition/>"
TERMINATE = "<bpmn:terminateEventDefinition/>"
LINK = '<bpmn:linkEventDefinition name="A"/>'

PLAIN = start() + task("t") + end() + flows("s t e")


def between(element: str, after: str = "") -> str:
    """A process with x between start and end."""
    return start() + element + end() + flows("s x e") + after


def element(kind: str, inside: str = "", attributes: str = "", identity: str = "x") -> str:
    return f'<bpmn:{kind} id="{identity}"{" " if attributes else ""}{attributes}>{inside}</bpmn:{kind}>'


def gateway(kind: str, identity: str = "x", attributes: str = "") -> str:
    return element(f"{kind}Gateway", "", attributes, identity)


def catch(inside: str, identity: str = "x", attributes: str = "") -> str:
    return element("intermediateCatchEvent", inside, attributes, identity)


def throw(inside: str, identity: str = "x") -> str:
    return element("intermediateThrowEvent", inside, "", identity)


def sub(inside: str, identity: str = "x", attributes: str = "", kind: str = "subProcess") -> str:
    return element(kind, inside, attributes, identity)


def service(identity: str = "x", inside: str = "") -> str:
    return element("serviceTask", inside, 'camunda:type="external" camunda:topic="mail"', identity)


def many(attributes: str, inside: str = "") -> str:
    return element("multiInstanceLoopCharacteristics", inside, attributes, "many")


def handled(name: str, handler: str = "", repeat: str = "") -> str:
    """A task, a compensation event on its border and the handler `u<name>`."""
    border = element("boundaryEvent", UNDO, f'attachedToRef="{name}"', f"c{name}")
    undo = handler or task(f"u{name}", isForCompensation="true")
    return f'{task(name, repeat)}{border}{undo}<bpmn:association id="l{name}" sourceRef="c{name}" targetRef="u{name}"/>'


def pools(first: str, second: str) -> str:
    """Two processes in one file; the first is run."""
    return f'{first}</bpmn:process><bpmn:process id="q" isExecutable="true">{second}'


def with_roots(body: str, roots: str) -> str:
    """The process, and beside it in the file what is no part of a process."""
    return f'{body}</bpmn:process>{roots}<bpmn:process id="z" isExecutable="false">'
