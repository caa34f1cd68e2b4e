"""What a picture says in words: states and kinds of elements in both languages."""

from __future__ import annotations

from typing import Final, Literal

State = Literal["done", "active", "overdue", "cancelled", "hold"]

_STATES: Final[dict[str, tuple[str, str]]] = {
    "done": ("已完成", "done"),
    "active": ("办理中", "in progress"),
    "overdue": ("已逾期", "overdue"),
    "cancelled": ("已取消", "cancelled"),
    "hold": ("挂起", "on hold"),
    "future": ("尚未开始", "not yet reached"),
}
_KINDS: Final[dict[str, tuple[str, str]]] = {
    "startEvent": ("开始", "Start"),
    "endEvent": ("结束", "End"),
    "intermediateCatchEvent": ("等待事件", "Waiting event"),
    "intermediateThrowEvent": ("发出事件", "Throwing event"),
    "boundaryEvent": ("边界事件", "Boundary event"),
    "exclusiveGateway": ("选择", "Decision"),
    "inclusiveGateway": ("多选", "Inclusive decision"),
    "parallelGateway": ("并行", "Parallel"),
    "eventBasedGateway": ("等待其一", "First event wins"),
    "complexGateway": ("复杂网关", "Complex gateway"),
    "callActivity": ("调用流程", "Called process"),
    "subProcess": ("子流程", "Sub-process"),
    "transaction": ("事务", "Transaction"),
    "adHocSubProcess": ("自由子流程", "Ad-hoc sub-process"),
    "userTask": ("人工任务", "User task"),
    "manualTask": ("线下任务", "Manual task"),
    "serviceTask": ("系统任务", "Service task"),
    "scriptTask": ("计算任务", "Script task"),
    "businessRuleTask": ("规则任务", "Decision task"),
    "sendTask": ("发送任务", "Send task"),
    "receiveTask": ("接收任务", "Receive task"),
    "task": ("任务", "Task"),
    "dataObjectReference": ("数据", "Data"),
    "dataStoreReference": ("数据库", "Data store"),
    "sequenceFlow": ("流向", "Flow"),
    "messageFlow": ("消息", "Message"),
    "participant": ("参与方", "Participant"),
    "lane": ("泳道", "Lane"),
}


def pick(pair: tuple[str, str], language: str) -> str:
    """The Chinese word for zh languages, the English for all others."""
    return pair[0] if language.startswith("zh") else pair[1]


def state_word(state: str, language: str) -> str:
    """The state as a reader says it."""
    return pick(_STATES[state], language)


def kind_word(kind: str, language: str) -> str:
    """What an element without a name is called, so that its id is never shown."""
    return pick(_KINDS.get(kind, ("图元", "Element")), language)
