"""Moving the demonstration's legal clock to a day or to the next due event."""

from __future__ import annotations

import datetime as dt
import time

from flask import Blueprint, current_app, flash, redirect, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from lastmeter import audit, clock
from lastmeter.db import legal_clock_moves, send_legal_clock, use_legal_clock
from lastmeter.errors import InvalidInput, Missing
from lastmeter.outbox import Job
from lastmeter.workflow import timers
from lastmeter_web import i18n
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow

blueprint = Blueprint("demo", __name__)
LATEST = dt.date(2036, 12, 31)
WAIT_SECONDS = 8.0


@blueprint.post("/demo/clock")
@allow("clock.move")
def move() -> Response:
    """The clock stands there from now on; due work is done before the page comes back, as far as it gets in time."""
    if not current_app.config["SETTINGS"].demo:
        raise Missing(what="clock")
    session = db.session()
    target = _next_event() if request.form.get("to") == "next" else _chosen_day()
    if target is None:
        flash(i18n._("没有等待到期的事件。"))
    elif target < clock.now():
        raise InvalidInput(field=i18n._("演示时钟"), reason=i18n._("不能往回拨"))
    else:
        audit.record(session, actor(), "clock.moved", "clock", facts={"to": target.isoformat()})
        send_legal_clock(session, target)
        session.commit()  # the workers must see it while this page waits for them
        if not _arrived():
            flash(i18n._("时钟正在前进，到期的事项按各自的时间办理；稍后刷新页面。"))
    wanted = request.form.get("next", "/")
    return redirect(
        wanted if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) else url_for("inbox.show"), 303
    )


def _chosen_day() -> dt.datetime:
    try:
        day = dt.date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        raise InvalidInput(field=i18n._("拨到"), reason=i18n._("请选择日期")) from None
    if day > LATEST:
        raise InvalidInput(field=i18n._("拨到"), reason=str(LATEST))
    if day == clock.today():
        return clock.now()
    return clock.at(day)


def _next_event() -> dt.datetime | None:
    due = timers.next_due(db.session())
    return None if due is None else max(due, clock.now())


def _arrived() -> bool:
    """True once the clock stands at its goal with nothing due left; False where that takes longer than a page may."""
    session, until = db.session(), time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        moving = legal_clock_moves(session)
        use_legal_clock(session)
        due = session.scalar(
            select(func.count()).where(Job.due_at <= clock.now(), Job.failed_at.is_(None), Job.paused_at.is_(None))
        )
        session.rollback()
        if moving is None and not due:
            return True
        time.sleep(0.15)
    return False
