"""What the actions of the audit trail are called, and the facts beside them."""

from __future__ import annotations

from collections.abc import Mapping

from lastmeter_web.i18n import both

ACTIONS: Mapping[str, tuple[str, str]] = {
    "instance.started": ("事项发起", "instance started"), "instance.cancelled": ("事项取消", "instance cancelled"),
    "instance.completed": ("事项办结", "instance completed"), "instance.suspended": ("事项暂停", "instance suspended"),
    "instance.resumed": ("事项恢复", "instance resumed"), "task.claimed": ("认领", "task claimed"),
    "task.released": ("释放", "task released"), "task.completed": ("办结", "task completed"),
    "task.reassigned": ("转办", "task reassigned"), "task.held": ("搁置", "task put on hold"),
    "task.unheld": ("恢复办理", "task taken off hold"), "message.received": ("收到消息", "message received"),
    "signal.received": ("收到信号", "signal received"), "timer.rescheduled": ("改期", "timer rescheduled"),
    "deadline.moved": ("期限调整", "deadline moved"), "incident.opened": ("出现故障", "incident opened"),
    "incident.retried": ("故障重试", "incident retried"), "definition.published": ("发布流程", "definition published"),
    "draft.saved": ("保存草稿", "draft saved"), "draft.discarded": ("丢弃草稿", "draft discarded"),
    "draft.submitted": ("提请发布", "draft submitted for publication"),
    "person.added": ("登记人员", "person added"), "membership.granted": ("授予岗位", "role granted"),
    "membership.ended": ("终止岗位", "role ended"), "organisation.added": ("登记机构", "organisation added"),
    "account.added": ("开通登录", "login opened"), "account.closed": ("停用登录", "login closed"),
    "account.reopened": ("恢复登录", "login opened again"), "account.password_set": ("设置密码", "password set"),
    "token.made": ("生成令牌", "token made"), "calendar.imported": ("导入日历", "calendar imported"),
    "access.denied": ("拒绝访问", "access denied"), "job.retried": ("重试任务", "job retried"),
}  # fmt: skip
FACTS: Mapping[str, tuple[str, str]] = {
    "element": ("环节", "step"), "reason": ("理由", "reason"), "definition": ("流程", "process"),
    "version": ("版本", "version"), "start": ("起点", "start"), "task": ("任务", "task"), "until": ("至", "until"),
    "role": ("岗位", "role"), "organisation": ("机构", "organisation"), "from": ("自", "from"), "to": ("至", "to"),
    "name": ("名称", "name"), "code": ("代码", "code"), "due": ("到期", "due"), "seconds": ("秒", "seconds"),
    "login": ("登录名", "login"), "key": ("编号", "key"), "revision": ("修订", "revision"), "kind": ("类别", "kind"),
    "incident": ("故障", "incident"), "scopes": ("范围", "scopes"), "year": ("年度", "year"), "days": ("天数", "days"),
    "source": ("依据", "source"), "moved": ("调整的期限", "deadlines moved"),
}  # fmt: skip


def action(name: str) -> str:
    """The action in the reader's language; one that nobody has named yet as it is stored."""
    return both(*ACTIONS[name]) if name in ACTIONS else name


def fact_name(name: str) -> str:
    return both(*FACTS[name]) if name in FACTS else name
