"""A package holds the executable process that bears its key, and nothing that is not executable."""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject
from lastmeter.definitions.source import processes, truth

KEY = Rule(
    "process-key",
    "图里没有编号为 {key} 的可执行流程",
    "the diagram has no executable process with the id {key}",
    "流程的 id 与 process.toml 的 key 写成一样",
    "give the process the id that process.toml names as key",
)
NOT_EXECUTABLE = Rule(
    "process-not-executable",
    "流程“{name}”不可执行",
    "the process “{name}” is not executable",
    '设置 isExecutable="true"，或移出流程包',
    'set isExecutable="true" or take it out of the package',
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for packages whose diagram holds other processes than it should."""
    if not subject.strict:
        return
    if subject.package.key not in {process.get("id") for process in subject.executable}:
        yield subject.finding(KEY, None, key=subject.package.key)
    for process in processes(subject.root):
        if not truth(process.get("isExecutable")):
            yield subject.finding(NOT_EXECUTABLE, process)
