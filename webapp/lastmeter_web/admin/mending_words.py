"""What an instance's standpoint, its acts and their consequences are called, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lastmeter.definitions.publishing import LoadedDefinition
from lastmeter.workflow.spiff.surgery import Caution, Standing
from lastmeter_web.i18n import _, both

# The act, and what it does.
ACTS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "move": (
        ("移动", "Move"),
        (
            "离开所在环节，连同在那里产生的任务、定时和子事项，进入同一流程或子流程内的另一环节。",
            "It leaves with its task, timers and called instance, and enters another step of the same process.",
        ),
    ),
    "skip": (
        ("跳过", "Skip"),
        (
            "视为已经办完，但没有结果；经过中记为“已取消”。事件网关请选视为已发生的那个事件。",
            "It is passed as if done, without a result; the history says cancelled. Of a race choose the event.",
        ),
    ),
    "rewind": (
        ("退回", "Go back"),
        (
            "此后的位置全部收回，重新进入曾到过的环节。已提交的内容和变量保持不变。",
            "All that stands behind a step reached before is taken back, and it is entered again. Values are kept.",
        ),
    ),
    "set": (
        ("设置变量", "Set a variable"),
        (
            "只能设置流程会读取且不含受保护内容的变量；不显示原值。",
            "Only what the process reads and what holds nothing classified; the value before is not shown.",
        ),
    ),
    "retry": (
        ("重试", "Retry"),
        ("再次执行停在故障处的环节。", "The step that stands at an incident is tried again."),
    ),
}
KINDS: Mapping[str, tuple[str, str]] = {
    "task": ("等待办理", "waits to be worked on"),
    "timer": ("等待时间", "waits for a time"),
    "subscription": ("等待消息", "waits for a message"),
    "call": ("等待子事项", "waits for a called instance"),
    "job": ("等待系统执行", "waits for the system"),
    "incident": ("故障", "incident"),
    "join": ("等待汇合", "waits at a join"),
    "condition": ("等待条件", "waits for a condition"),
    "data": ("等待数据输入", "waits for its data inputs"),
    "race": ("等待多个事件之一", "waits for one of several events"),
    "repetition": ("多实例进行中", "is being repeated"),
    "inside": ("子流程进行中", "sub-process under way"),
    "flow": ("途中", "on the way"),
}
TYPES: Mapping[str, tuple[str, str]] = {
    "startEvent": ("开始", "start"),
    "endEvent": ("结束", "end"),
    "boundaryEvent": ("边界事件", "boundary event"),
    "intermediateCatchEvent": ("等待事件", "event awaited"),
    "intermediateThrowEvent": ("发出事件", "event thrown"),
    "exclusiveGateway": ("排他网关", "exclusive gateway"),
    "parallelGateway": ("并行网关", "parallel gateway"),
    "inclusiveGateway": ("包容网关", "inclusive gateway"),
    "eventBasedGateway": ("事件网关", "event-based gateway"),
    "complexGateway": ("复杂网关", "complex gateway"),
    "userTask": ("人工任务", "user task"),
    "manualTask": ("手工任务", "manual task"),
    "serviceTask": ("系统任务", "service task"),
    "scriptTask": ("脚本任务", "script task"),
    "businessRuleTask": ("决策任务", "decision task"),
    "sendTask": ("发送任务", "send task"),
    "receiveTask": ("接收任务", "receive task"),
    "callActivity": ("调用子流程", "called process"),
}
CAUTIONS: Mapping[str, tuple[str, str]] = {
    "kept": ("已提交的内容和变量保持退回前的值。", "What was handed in stays, and variables keep their values."),
    "sent": ("已向外发出，不会收回：{names}", "Had an effect outside that is not taken back: {names}"),
    "child_cancelled": ("子事项将被取消：{names}", "The called instance is cancelled: {names}"),
    "not_foreseen": (
        "系统将执行，结果无法预演：{names}",
        "The system will run it, which cannot be rehearsed: {names}",
    ),
    "claimed": ("任务已有人认领，将被收回：{names}", "Somebody has claimed the task, which is taken away: {names}"),
    "shadowed": (
        "子流程内有同名变量，那里的值不变：{names}",
        "A sub-process has a variable of that name, which keeps its value: {names}",
    ),
}
_ELEMENT_FACTS = ("element", "elements", "joins", "container", "events")
_FEW = 4


@dataclass(frozen=True)
class Names:
    """The elements of a definition by name, in the reader's language; what has none by what it is and follows."""

    loaded: LoadedDefinition
    preceding: Mapping[str, list[str]] = field(default_factory=dict)

    def element(self, element_id: str) -> str:
        found = self.loaded.elements.get(element_id)
        if found is None:
            return both(self.loaded.title_zh, self.loaded.title_en)
        if found.name != element_id:
            return both(found.name, found.name_en)
        kind = both(*TYPES.get(found.type, ("子流程", "sub-process")))
        before = self._named_before(element_id)
        return _("{kind}（在“{name}”之后）", kind=kind, name=before) if before else kind

    def _named_before(self, element_id: str) -> str:
        """The nearest elements with a name that lead to this one; empty where none does."""
        seen, ring = {element_id}, [element_id]
        while ring:
            ring = [one for each in ring for one in self.preceding.get(each, ()) if one not in seen]
            seen.update(ring)
            named = [one for one in dict.fromkeys(ring) if one in self.loaded.elements and self._has_name(one)]
            if named:
                return self.several(named[:_FEW])
        return ""

    def _has_name(self, element_id: str) -> bool:
        return self.loaded.elements[element_id].name != element_id

    def several(self, element_ids: object) -> str:
        listed = element_ids if isinstance(element_ids, list | tuple) else []
        return both("、", "; ").join(self.element(str(each)) for each in listed)

    def place(self, element_id: str) -> str:
        """The element, and the sub-process that it lies in if any."""
        found = self.loaded.elements.get(element_id)
        name = self.element(element_id)
        return (
            f"{self.element(found.container)} › {name}"
            if found is not None and found.container in self.loaded.elements
            else name
        )

    def token(self, standing: Standing) -> str:
        """Where a token stands and what it waits for."""
        nth = "" if standing.loop_index is None else _("第 {n} 次", n=standing.loop_index + 1)
        waits = both(*KINDS.get(standing.kind, (standing.kind, standing.kind)))
        return " · ".join(part for part in (self.place(standing.element_id), nth, waits) if part)

    def caution(self, caution: Caution) -> str:
        names = both("、", "; ").join(caution.names) if caution.code == "shadowed" else self.several(caution.names)
        return both(*CAUTIONS.get(caution.code, (caution.code, caution.code))).format(names=names)

    def facts(self, facts: Mapping[str, object]) -> dict[str, object]:
        """The facts of a refusal, elements by their names."""
        return {name: self._fact(name, fact) for name, fact in facts.items()}

    def _fact(self, name: str, fact: object) -> object:
        if name not in _ELEMENT_FACTS:
            return fact
        return self.element(fact) if isinstance(fact, str) else self.several(fact)
