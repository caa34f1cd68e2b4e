"""What a line of the inbox says beside the task itself: days left, why this date, and claims that lie idle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lastmeter import clock, workdays
from lastmeter.deadlines import records
from lastmeter.deadlines.models import Deadline
from lastmeter.deadlines.records import Why
from lastmeter.deadlines.register import calendar_in
from lastmeter.workflow import inbox
from lastmeter.workflow.inbox import WAITING, TaskRow
from lastmeter.workflow.models import HumanTask, TaskDraft
from lastmeter_web import i18n
from lastmeter_web.extensions import db
from lastmeter_web.security import actor

# A claim without a keystroke for longer than this is flagged; nobody takes it away silently.
IDLE_AFTER_WORKING_DAYS = 3


def facts(session: Session, rows: Sequence[TaskRow]) -> dict[str, Any]:
    """What the lines' template needs, in at most three statements for all rows."""
    apart = inbox.kept_apart(session, actor(), rows)
    return {"left": working_days_left, "whys": _whys(session, rows), "idle": _idle(session, rows), "apart": apart}


def working_days_left(row: TaskRow | HumanTask) -> int | None:
    """Working days from today to the due day; negative once it has passed; None without one."""
    due = row.due_on or (clock.local_day(row.due_at) if row.due_at else None)
    if due is None:
        return None
    today, calendar = clock.today(), calendar_in(db.session())
    if due < today:
        return -workdays.working_days_between(due, today, calendar)
    return workdays.working_days_between(today, due, calendar)


def _whys(session: Session, rows: Sequence[TaskRow]) -> dict[int, str]:
    dated = {f"task/{row.id}": row for row in rows if row.due_at is not None and row.state in WAITING}
    if not dated:
        return {}
    found = session.scalars(select(Deadline).where(Deadline.subject.in_(dated)).order_by(Deadline.id))
    whys: dict[int, str] = {}
    for deadline in found:
        row = dated[deadline.subject]
        if row.id not in whys or deadline.due_at == row.due_at:
            whys[row.id] = why_text(records.why(session, deadline))
    return whys


def why_text(why: Why) -> str:
    """The rule, the day it counts from and its source, in one sentence."""
    text = i18n._(
        "{rule}：自 {start} 起算。依据：{source}。",
        rule=i18n.both(why.rule.zh, why.rule.en),
        start=i18n.day(why.deadline.start),
        source=i18n.both(why.rule.source_zh, why.rule.source_en),
    )
    if why.deadline.provisional:
        text += i18n._("暂定：该年度放假安排尚未公布，公布后重新计算。")
    return text


def _idle(session: Session, rows: Sequence[TaskRow]) -> dict[int, int]:
    """Working days since a claim was last touched, for the claims that lie idle."""
    claimed = {row.id: row.claimed_at for row in rows if row.claimed_at is not None and row.state == "open"}
    old = {task_id: at for task_id, at in claimed.items() if _since(at) > IDLE_AFTER_WORKING_DAYS}
    if not old:
        return {}
    typed = (
        select(TaskDraft.task_id, func.max(TaskDraft.saved_at).label("saved_at"))
        .join(HumanTask, (HumanTask.id == TaskDraft.task_id) & (HumanTask.claimed_by == TaskDraft.person_id))
        .where(TaskDraft.task_id.in_(old))
        .group_by(TaskDraft.task_id)
    )
    saved: dict[int, dt.datetime] = {row.task_id: row.saved_at for row in session.execute(typed)}
    days = {task_id: _since(max(at, saved.get(task_id, at))) for task_id, at in old.items()}
    return {task_id: since for task_id, since in days.items() if since > IDLE_AFTER_WORKING_DAYS}


def _since(at: dt.datetime) -> int:
    return workdays.working_days_between(clock.local_day(at), clock.today(), calendar_in(db.session()))
