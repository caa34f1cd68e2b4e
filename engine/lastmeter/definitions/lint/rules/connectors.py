"""A service task asks for a connector that is registered, with inputs that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject, attribute
from lastmeter.definitions.source import CAMUNDA, ZEEBE

UNKNOWN = Rule(
    "unknown-connector",
    "“{name}”要用的连接器 {topic} 没有登记",
    "“{name}” asks for the connector {topic}, which is not registered",
    "从连接器清单中选择",
    "choose one from the list of connectors",
    everywhere=True,
)
INPUT = Rule(
    "connector-input",
    "连接器 {topic} 没有输入项 {field}",
    "the connector {topic} takes no input {field}",
    "可用的输入项：{inputs}",
    "it takes: {inputs}",
)


def topic_of(element: etree._Element) -> str:
    """The connector the task names, in either dialect; "" for none."""
    zeebe = element.find(f".//{ZEEBE}taskDefinition")
    return (
        attribute(element, "topic")
        or attribute(element, "connector")
        or ((zeebe.get("type") or "") if zeebe is not None else "")
    )


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for unknown connectors and inputs."""
    known = subject.known.connectors
    if known is None:
        return
    for element in subject.every("serviceTask", "sendTask", "businessRuleTask"):
        topic = topic_of(element)
        if not topic or topic.startswith("="):
            continue
        if topic not in known:
            yield subject.finding(UNKNOWN, element, topic=topic)
            continue
        for field in _inputs(element):
            if known[topic] and field not in known[topic]:
                yield subject.finding(INPUT, element, topic=topic, field=field, inputs=", ".join(sorted(known[topic])))


def _inputs(element: etree._Element) -> list[str]:
    camunda = [part.get("name", "") for part in element.iter(f"{CAMUNDA}inputParameter")]
    return camunda + [part.get("target", "") for part in element.iter(f"{ZEEBE}input")]
