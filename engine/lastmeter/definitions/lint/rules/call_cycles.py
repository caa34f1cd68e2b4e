"""No process calls itself again before anything waits, be it by way of others: such calls would never end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.call_graph import called_at_once, circle_from
from lastmeter.definitions.lint.subject import Rule, Subject

RULE = Rule(
    "endless-calls",
    "“{name}”的调用会不停地回到本流程：{circle}，途中没有任何等待",
    "the call “{name}” comes back to this process without end: {circle}, and nothing on the way waits",
    "在循环的途中放一个人工任务、消息或定时事件",
    "put a user task, a message or a timer on the way round",
    everywhere=True,
)
# A published process calls few others; a circle through more than these is none that anybody drew.
MOST_LOOKED_AT = 200


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for each call activity that starts such a circle, through published processes too."""
    processes: list[Any] = [process for process in subject.compiled if hasattr(process, "elements")]
    first = {process.key: called_at_once(process.key, process.elements) for process in processes}
    calls: dict[str, tuple[str, ...]] = {key: tuple(called) for key, called in first.items()}
    _look_up(subject, calls)
    elements = {element.get("id", ""): element for element in subject.every("callActivity")}
    for key, called in first.items():
        circle = circle_from(key, calls)
        if circle:
            yield subject.finding(RULE, elements.get(called[circle[1]]), circle=" → ".join(circle))


def _look_up(subject: Subject, calls: dict[str, tuple[str, ...]]) -> None:
    """What published processes call joins `calls`, as far as it is called from here."""
    known = subject.known.calls
    open_keys = [key for called in calls.values() for key in called if key not in calls]
    looked_at = 0
    while known is not None and open_keys and looked_at < MOST_LOOKED_AT:
        key = open_keys.pop()
        if key not in calls:
            looked_at += 1
            calls[key] = tuple(known(key))
            open_keys.extend(calls[key])
