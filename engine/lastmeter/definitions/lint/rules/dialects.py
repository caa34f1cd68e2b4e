"""What other engines would heed and this one does not is noted: it stays in the file, nothing is ignored in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import ALSO_CAMUNDA, Rule, Subject
from lastmeter.definitions.source import BPMN, CAMUNDA, ZEEBE, local

IDLE = Rule(
    "extension-without-effect",
    "扩展 {what} 原样保留，这里不起作用（共 {count} 处）",
    "the extension {what} is kept as it is and has no effect here (in {count} places)",
    "需要其作用时，改用 docs/dialects.md 列出的写法",
    "where its effect is needed, write it in a way that docs/dialects.md lists",
    most="note",
)
_USER = frozenset({"userTask"})
_CONNECTED = frozenset({"serviceTask", "sendTask", "businessRuleTask", "scriptTask"})
_REPEATED = frozenset({"multiInstanceLoopCharacteristics"})
_EVERY: frozenset[str] = frozenset()

# Attributes with an effect, by the elements on which they have it; code is refused by the parser. Empty: everywhere.
_ATTRIBUTES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("assignee", "candidateGroups", "formKey", "formRef", "dueDate", "priority"), _USER),
    **dict.fromkeys(("topic", "connector", "type", "resultVariable"), _CONNECTED),
    "decisionRef": frozenset({"businessRuleTask"}),
    **dict.fromkeys(("collection", "elementVariable"), _REPEATED),
    **dict.fromkeys(("errorCodeVariable", "errorMessageVariable"), frozenset({"errorEventDefinition"})),
    "escalationCodeVariable": frozenset({"escalationEventDefinition"}),
    **dict.fromkeys(("class", "delegateExpression", "expression"), _CONNECTED),
}
_ELEMENTS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        ("inputOutput", "inputParameter", "outputParameter", "map", "entry", "list", "value", "script",
         "executionListener", "taskListener"), _EVERY,
    ),
    **dict.fromkeys(("in", "out"), frozenset({"callActivity"})),
}  # fmt: skip
_ZEEBE: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("ioMapping", "input", "output", "executionListeners", "taskListeners"), _EVERY),
    "executionListener": _EVERY,
    "taskListener": _EVERY,
    "taskDefinition": _CONNECTED,
    **dict.fromkeys(
        ("userTask", "formDefinition", "assignmentDefinition", "taskSchedule", "priorityDefinition"), _USER
    ),
    "calledDecision": frozenset({"businessRuleTask"}),
    "script": frozenset({"scriptTask"}),
    "calledElement": frozenset({"callActivity"}),
    "loopCharacteristics": _REPEATED,
    "subscription": frozenset({"message"}),
}
# Parts of such elements that are not heeded.
_IDLE_PARTS = frozenset(
    {
        ("assignmentDefinition", "candidateUsers"), ("taskSchedule", "followUpDate"), ("taskDefinition", "retries"),
        ("formDefinition", "bindingType"), ("formDefinition", "versionTag"), ("calledElement", "bindingType"),
        ("calledElement", "versionTag"), ("calledDecision", "bindingType"), ("calledDecision", "versionTag"),
        ("in", "businessKey"), ("in", "local"), ("out", "local"),
    }
)  # fmt: skip


def check(subject: Subject) -> Iterator[Finding]:
    """One note for each kind of extension without effect, at its first place."""
    first: dict[str, etree._Element] = {}
    count: dict[str, int] = {}
    for element in subject.root.iter(etree.Element):
        if element.tag == f"{BPMN}definitions":
            continue
        for what in _idle(element):
            first.setdefault(what, _drawn(element))
            count[what] = count.get(what, 0) + 1
    for what, element in first.items():
        yield subject.finding(IDLE, element, what=what, count=count[what])


def _idle(element: etree._Element) -> Iterator[str]:
    prefix, name = _split(str(element.tag))
    if prefix:
        known = (_ZEEBE if prefix == "zeebe" else _ELEMENTS).get(name)
        if known is None or (known and local(_drawn(element)) not in known):
            yield f"{prefix}:{name}"
            return
        yield from (f"{prefix}:{name}/{part}" for part in map(str, element.attrib) if (name, part) in _IDLE_PARTS)
        return
    for full in map(str, element.attrib):
        foreign, attribute = _split(full)
        if foreign and (foreign == "zeebe" or not _heeded(attribute, local(element))):
            yield f"{foreign}:{attribute}"


def _heeded(attribute: str, kind: str) -> bool:
    return kind in _ATTRIBUTES.get(attribute, _EVERY)


def _split(name: str) -> tuple[str, str]:
    """`camunda` or `zeebe` and the plain name; "" for every other namespace."""
    namespace, _, plain = name.rpartition("}")
    if f"{namespace}}}" == ZEEBE:
        return "zeebe", plain
    return ("camunda" if f"{namespace}}}" in (CAMUNDA, *ALSO_CAMUNDA) else ""), plain


def _drawn(element: etree._Element) -> etree._Element:
    """The BPMN element that the extension belongs to."""
    around = (element, *element.iterancestors())
    return next(each for each in around if str(each.tag).startswith(BPMN) and local(each) != "extensionElements")
