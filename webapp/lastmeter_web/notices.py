"""What the notices behind the bell say, by message key, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from lastmeter.identity.models import Notice
from lastmeter.identity.roles import ROLES
from lastmeter_web import i18n

TEXTS: Mapping[str, tuple[str, str]] = {
    "staffing_reminder": ("合同 {contract}：驻站人员到岗期限将至，请尽快上报。", "Contract {contract}: the day for staff to be on post is near."),
    "staffing_short": ("{station}：上报人员未达配备标准，须限期补足。", "{station}: the reported staff misses the standards and must be completed."),
    "staffing_late": ("{station}：合同签订满一个月仍未到岗，已记录违约。", "{station}: a month after signing the staff is not on post; the breach is recorded."),
    "report_late": ("{period} 的工作报告已逾期，请尽快提交。", "The report for {period} is late."),
    "evaluation_decided": ("合同 {contract} 年度评估结果：{grade}（{points}分）。", "Contract {contract}: evaluated as {grade} ({points} points)."),
    "termination_notice": ("合同 {contract}：已发出终止告知，可在5个工作日内陈述申辩。", "Contract {contract}: notice of termination; you may state your case within 5 working days."),
    "contract_terminated": ("合同 {contract} 已终止，自 {on} 起生效。", "Contract {contract} is terminated from {on}."),
    "role_granted": ("您获得了岗位“{role}”（{organisation}）。", "You now hold the role “{role}” ({organisation})."),
    "district_report_late": ("{year} 年度报告到期未报送。", "The yearly report {year} was not submitted in time."),
}  # fmt: skip
GRADES = {"excellent": ("优秀", "excellent"), "good": ("良好", "good"), "qualified": ("合格", "qualified"),
          "unqualified": ("不合格", "unqualified")}  # fmt: skip


class _Dashes(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "—"


def sentence(notice: Notice) -> str:
    """The notice in the reader's language; an unknown key shows itself."""
    zh, en = TEXTS.get(notice.message, (notice.message, notice.message))
    facts = dict(notice.facts)
    if facts.get("grade") in GRADES:
        facts["grade"] = i18n.both(*GRADES[str(facts["grade"])])
    if facts.get("role") in ROLES:
        facts["role"] = i18n.both(ROLES[str(facts["role"])].zh, ROLES[str(facts["role"])].en)
    return i18n.both(zh, en).format_map(_Dashes(facts))
