"""What is executed can be seen: every element has its shape, and is named for its readers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject
from lastmeter.definitions.source import ACTIVITIES, BPMNDI, FLOW_NODES, LM, is_event_sub_process, local

NO_DIAGRAM = Rule(
    "no-diagram",
    "文件没有图形部分",
    "the file has no drawing",
    "执行“自动排版”",
    "let it be laid out",
    most="warning",
)
UNDRAWN = Rule(
    "not-drawn",
    "“{name}”没有画在图上，却会执行",
    "“{name}” is executed but not drawn",
    "执行“自动排版”，或删去它",
    "let it be laid out, or remove it",
)
UNNAMED = Rule(
    "not-named",
    "步骤 {id} 没有名称",
    "the step {id} has no name",
    "写上“动词＋对象”的名称",
    "name it by verb and object",
)
ENGLISH = Rule(
    "no-english-name",
    "“{name}”没有英文名称",
    "“{name}” has no English name",
    "填写 lm:nameEn",
    "set lm:nameEn",
    most="note",
)
DEFAULT_ID = Rule(
    "default-id",
    "“{name}”的编号 {id} 是自动生成的",
    "“{name}” still has the generated id {id}",
    "改成能读懂的编号；发布后不再改",
    "give it an id that can be read; once published it stays",
    most="note",
)
_GENERATED = re.compile(r"(?:Activity|Event|Gateway|Flow|StartEvent|EndEvent|Task|Lane|Participant)_[0-9a-z]{7}")


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for what readers of the picture would miss."""
    shapes = {shape.get("bpmnElement") for shape in subject.root.iter(f"{BPMNDI}BPMNShape")}
    if not shapes:
        yield subject.finding(NO_DIAGRAM, None)
    for element in subject.every(*sorted(FLOW_NODES)):
        identifier = element.get("id", "")
        if shapes and identifier not in shapes:
            yield subject.finding(UNDRAWN, element)
        if (
            local(element) in ACTIVITIES
            and not (element.get("name") or "").strip()
            and not is_event_sub_process(element)
        ):
            yield subject.finding(UNNAMED, element, id=identifier)
        if subject.strict and element.get("name") and not element.get(f"{LM}nameEn"):
            yield subject.finding(ENGLISH, element)
        if _GENERATED.fullmatch(identifier):
            yield subject.finding(DEFAULT_ID, element, id=identifier)
