"""Every user task has somebody to do it: a lane or group that maps to a role; every lane of the settings is drawn."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject, attribute
from lastmeter.definitions.source import BPMN, ZEEBE, leaf_lanes

NOBODY = Rule(
    "task-without-role",
    "“{name}”没有办理角色：不在泳道里，也没有候选组或办理人",
    "nobody is named for “{name}”: it is in no lane and has neither candidate group nor assignee",
    "放进泳道，或填写候选组",
    "put it into a lane or name a candidate group",
)
UNMAPPED = Rule(
    "lane-without-role",
    "泳道“{name}”在 process.toml 里没有对应角色",
    "the lane “{name}” maps to no role in process.toml",
    "在 [lanes.{lane}] 下写 role",
    "write a role under [lanes.{lane}]",
)
UNKNOWN = Rule(
    "role-unknown",
    "{place} 写的角色 {role} 不存在",
    "{place} names the role {role}, which does not exist",
    "从角色清单中选择",
    "choose one from the list of roles",
)
UNDRAWN = Rule(
    "lane-not-drawn",
    "process.toml 里的泳道 {lane} 图上没有",
    "the lane {lane} of process.toml is not drawn",
    "改正编号，或删去",
    "correct the id or remove it",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for lanes, groups and roles that do not fit together."""
    lanes = {lane.get("id", ""): lane for process in subject.executable for lane in leaf_lanes(process)}
    yield from _settings(subject, lanes)
    for element in subject.every("userTask", "manualTask"):
        if _named(element) or subject.lane_of.get(element.get("id", "")):
            continue
        yield subject.finding(NOBODY, element)
    for element in subject.every("userTask"):
        groups = [group.strip() for group in _groups(element).split(",")]
        for group in groups if groups[0] and not groups[0].startswith(("=", "$")) else ():
            if not _is_role(subject, group):
                yield subject.finding(UNKNOWN, element, place=element.get("id"), role=group)


def _settings(subject: Subject, lanes: dict[str, etree._Element]) -> Iterator[Finding]:
    if not subject.strict:
        return
    package = subject.package
    used = {lane for node, lane in subject.lane_of.items()}
    for identifier, lane in lanes.items():
        if identifier not in package.lanes and identifier in used:
            yield subject.finding(UNMAPPED, lane, lane=identifier)
    for identifier, entry in package.lanes.items():
        if identifier not in lanes:
            yield subject.finding(UNDRAWN, None, lane=identifier)
        if not _is_role(subject, entry.role):
            yield subject.finding(UNKNOWN, lanes.get(identifier), place=f"lanes.{identifier}", role=entry.role)
    for role in package.start_roles:
        if not _is_role(subject, role):
            yield subject.finding(UNKNOWN, None, place="start.roles", role=role)


def _is_role(subject: Subject, name: str) -> bool:
    return subject.known.roles is None or name in subject.known.roles


def _groups(element: etree._Element) -> str:
    zeebe = element.find(f".//{ZEEBE}assignmentDefinition")
    return attribute(element, "candidateGroups") or ((zeebe.get("candidateGroups") or "") if zeebe is not None else "")


def _named(element: etree._Element) -> bool:
    owners = [*element.iter(f"{BPMN}potentialOwner"), *element.iter(f"{BPMN}humanPerformer")]
    zeebe = element.find(f".//{ZEEBE}assignmentDefinition")
    return bool(attribute(element, "candidateGroups") or attribute(element, "assignee") or owners) or zeebe is not None
