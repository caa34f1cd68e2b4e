"""What the notices behind the bell say, by message key, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from lastmeter.identity.models import Notice
from lastmeter.identity.roles import ROLES
from lastmeter_web import i18n
from lastmeter_web.sentences import spoken

TEXTS: Mapping[str, tuple[str, str]] = {
    "staffing_reminder": ("合同 {contract}：驻站人员到岗期限将至，请尽快上报。", "Contract {contract}: the day for staff to be on post is near."),
    "staffing_short": ("{station}：上报人员未达配备标准，须限期补足。", "{station}: the reported staff misses the standards and must be completed."),
    "staffing_late": ("{station}：合同签订满一个月仍未到岗，已记录违约。", "{station}: a month after signing the staff is not on post; the breach is recorded."),
    "aspect_weak": ("{station}：年度评估“{aspect}”得分不足一半，须限期整改。", "{station}: “{aspect}” scored below half in the evaluation and must be rectified."),
    "report_late": ("{period} 的工作报告已逾期，请尽快提交。", "The report for {period} is late."),
    "evaluation_decided": ("合同 {contract} 年度评估结果：{grade}（{points}分）。", "Contract {contract}: evaluated as {grade} ({points} points)."),
    "termination_notice": ("合同 {contract}：已发出终止告知，可在5个工作日内陈述申辩。", "Contract {contract}: notice of termination; you may state your case within 5 working days."),
    "contract_terminated": ("合同 {contract} 已终止，自 {on} 起生效。", "Contract {contract} is terminated from {on}."),
    "contract_void": ("合同 {contract} 因质疑 {challenge} 成立而撤销，停止履行。", "Contract {contract} is void: challenge {challenge} was upheld; its performance ends."),
    "role_granted": ("您获得了岗位“{role}”（{organisation}）。", "You now hold the role “{role}” ({organisation})."),
    "draft_submitted": ("{by} 提请发布流程“{title_zh}”的新版本。", "{by} submits a new version of the process “{title_en}” for publication."),
    "district_report_late": ("{year} 年度报告到期未报送。", "The yearly report {year} was not submitted in time."),
    "plan.reminder": ("距3月31日年度计划备案期限还有{days_left}天，请尽快报送。", "{days_left} days are left until the annual plan must be filed on 31 March."),
    "plan.overdue": ("{district}：年度计划在3月31日24时前未备案。", "{district}: the annual plan was not filed by the end of 31 March."),
    "plan.filed": ("{year} 年度计划已备案，编号 {filed_no}。", "The plan of {year} is filed under {filed_no}."),
    "procurement.opened": ("采购项目 {no} 已建立，请编制采购需求。", "Procurement {no} is open; its requirement is to be written."),
    "procurement.clarified": ("采购项目 {no} 发出了澄清或修改。", "Procurement {no}: a clarification was sent."),
    "procurement.failed": ("采购项目 {no}：供应商不足法定家数，所投包已废标。", "Procurement {no}: too few suppliers, the lot you bid for has failed."),
    "procurement.suspended": ("采购项目 {no} 因质疑或投诉暂停，期限停止计算。", "Procurement {no} is suspended by a challenge or complaint; its clocks stand."),
    "procurement.resumed": ("采购项目 {no} 已恢复，期限相应顺延。", "Procurement {no} goes on; its dates have moved accordingly."),
    "procurement.void": ("采购项目 {no} 因质疑成立而终止，须重新组织采购。", "Procurement {no} has ended: a challenge was upheld, buy again."),
    "award.won": ("采购项目 {no} 第{lot}包：贵单位为中标（成交）供应商。", "Procurement {no}, lot {lot}: you have won."),
    "award.lost": ("采购项目 {no}：结果已公告，贵单位未中标。", "Procurement {no}: the result is published, you have not won."),
    "award.void": ("采购项目 {no}：因质疑成立，中标结果已撤销。", "Procurement {no}: a challenge was upheld, the award is void."),
    "challenge.received": ("采购项目 {procurement} 收到质疑 {no}，须在7个工作日内答复。", "Procurement {procurement}: challenge {no} came in, to be answered within 7 working days."),
    "challenge.rejected": ("质疑 {no} 不予受理：{reason_zh}。", "Challenge {no} is rejected: {reason_en}."),
    "challenge.replied": ("质疑 {no} 已答复。", "Challenge {no} has been answered."),
    "challenge.answered": ("采购项目 {no} 的一项质疑已答复。", "Procurement {no}: a challenge has been answered."),
    "challenge.overdue": ("质疑 {no} 逾期未答复，供应商可以投诉。", "Challenge {no} was not answered in time; the supplier may complain."),
    "complaint.forwarded": ("质疑 {no} 的投诉已受理，请提交书面说明。", "The complaint on {no} was accepted; state your case in writing."),
    "complaint.rejected": ("质疑 {no} 的投诉不予受理。", "The complaint on {no} is not accepted."),
    "complaint.decided": ("质疑 {no} 的投诉处理决定已公告。", "The decision on the complaint on {no} is published."),
    "task.reassigned": ("{by} 将一项任务转办给您。", "{by} handed a task on to you."),
    "task.withdrawn": ("{by} 撤回了“{step}”，“{next}”待其重新提交后再办理。", "{by} took “{step}” back; “{next}” comes again once it is handed in anew."),
    "case_reassigned": ("个案 {number} 已移交给您，未办任务在您的待办中。", "Case {number} was handed over to you; its open tasks are in your inbox."),
}  # fmt: skip
GRADES = {"excellent": ("优秀", "excellent"), "good": ("良好", "good"), "qualified": ("合格", "qualified"),
          "unqualified": ("不合格", "unqualified")}  # fmt: skip


class _Dashes(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "—"


def sentence(notice: Notice) -> str:
    """The notice in the reader's language; an unknown key shows itself."""
    zh, en = TEXTS.get(notice.message, (notice.message, notice.message))
    facts = {name: spoken(value, i18n.language()) for name, value in notice.facts.items()}
    if facts.get("grade") in GRADES:
        facts["grade"] = i18n.both(*GRADES[str(facts["grade"])])
    if facts.get("role") in ROLES:
        facts["role"] = i18n.both(ROLES[str(facts["role"])].zh, ROLES[str(facts["role"])].en)
    return i18n.both(zh, en).format_map(_Dashes(facts))
