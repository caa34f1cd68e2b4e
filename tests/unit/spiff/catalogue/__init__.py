"""Every element of BPMN 2.0.2 that a process may hold, by topic: run by test_elements.py, shown in docs/bpmn.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import activities, around, boundaries, compensation, events, flows, scopes
from .row import Row

CATALOGUE: Mapping[str, Sequence[Row]] = {
    "任务 Tasks": activities.TASKS,
    "重复与数量 Repetition and quantities": activities.REPETITION,
    "子流程与调用 Sub-processes and calls": scopes.SUB_PROCESSES,
    "事务与自由子流程 Transactions and ad-hoc sub-processes": scopes.SPECIAL,
    "网关 Gateways": flows.GATEWAYS,
    "顺序流 Sequence flows": flows.FLOWS,
    "开始事件 Start events": events.START,
    "中间捕获事件 Intermediate catching events": events.CATCH,
    "中间抛出事件 Intermediate throwing events": events.THROW,
    "结束事件 End events": events.END,
    "边界事件 Boundary events": boundaries.BOUNDARY,
    "事件子流程 Event sub-processes": boundaries.EVENT_SUB_PROCESSES,
    "补偿 Compensation": compensation.COMPENSATION,
    "数据 Data": around.DATA,
    "泳道、协作与图注 Lanes, collaborations and artifacts": around.AROUND,
}
