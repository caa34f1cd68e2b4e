"""What a refusal says, by its code: what is wrong, and what to do. Facts stand in braces."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, tuple[str, str]] = {
    # house
    "error": ("没有完成，请重试。", "It was not done; please try again."),
    "missing": ("没有找到，或您无权查看。请从列表重新打开。", "It does not exist, or you may not see it. Open it from a list again."),
    "forbidden": ("您的岗位没有这项权限。如需办理，请联系运维人员调整岗位。", "Your role does not allow this. Ask an operator if you need it."),
    "invalid_input": ("“{field}”不能这样填写（{reason}），请更正后重试。", "“{field}” cannot be used ({reason}); correct it and try again."),
    "csrf_refused": ("页面已过期，内容没有提交。请返回、刷新后重新提交；已输入的草稿不会丢失。", "The page has expired and nothing was sent. Go back, reload and send it again; your draft is kept."),
    "database_unavailable": ("系统正忙，什么都没有保存。请过一会儿重试。", "The system is busy and nothing was stored. Please try again in a moment."),
    "key_unavailable": ("密钥不可用，无法读取受保护的内容。请联系运维人员。", "A key is not available, so protected content cannot be read. Ask an operator."),
    "setting_refused": ("系统设置有误。", "A setting of the system is wrong."),
    "login_refused": ("登录名或密码不正确。", "Login name or password is not right."),
    "too_many_tries": ("尝试次数过多，请{minutes}分钟后再试。", "Too many tries; wait {minutes} minutes."),
    "role_outside_tree": ("这个岗位不属于该机构所在的体系。", "That role does not belong to this organisation's tree."),
    "body_too_large": ("内容过大，超过了上限。请缩小后重试。", "It is too large. Make it smaller and try again."),
    "unknown_connector": ("没有名为“{name}”的连接器。", "There is no connector named “{name}”."),
    # workflow
    "form_invalid": ("还不能提交，请更正标出的内容。", "It cannot be sent yet; correct what is marked."),
    "form_refused": ("表单定义有误：{field}（{reason}）。", "The form is not right: {field} ({reason})."),
    "task_already_taken": ("已被 {holder} 认领。需要接手时请联系对方或主管转办。", "{holder} has claimed it. Ask them, or a supervisor to reassign it."),
    "task_gone": ("这项任务已经结束，无需再办。", "This task is over; nothing is left to do."),
    "task_not_held": ("您没有认领这项任务，请先认领。", "You have not claimed this task; claim it first."),
    "not_candidate": ("这项任务不归您的岗位办理。", "This task is not for your role."),
    "instance_suspended": ("事项已暂停（{reason}），恢复前不能办理；期限已停止计算。", "This is suspended ({reason}) and cannot be worked on until it resumes; its clock has stopped."),
    "instance_ended": ("事项已经结束。", "This has already ended."),
    "separation_of_duties": ("您已办理“{other_zh}”，按不相容岗位分离的要求，这一步须由他人办理。", "You did “{other_en}”; someone else must do this step (separation of duties)."),
    "reason_missing": ("请填写理由。", "Please give a reason."),
    "draft_changed": ("内容已被他人修改，请查看差异后再保存。", "Somebody changed it meanwhile; look at the difference before you save."),
    "definition_refused": ("流程不能发布，请先处理列出的问题。", "The process cannot be published; mend the listed findings first."),
    "definition_unknown": ("没有这个流程。", "There is no such process."),
    "start_forbidden": ("您的岗位不能发起这个流程。", "Your role cannot start this process."),
    "cannot_start_by_hand": ("这个流程由系统发起，不能手工发起。", "This process is started by the system, not by hand."),
    "party_unknown": ("缺少办理机构“{party}”，无法分派任务。", "The organisation “{party}” is not known, so the task cannot be given to anyone."),
    "step_failed": ("系统步骤没有完成，已记录，请联系运维人员。", "A system step failed and was recorded; ask an operator."),
    # stations
    "contract_incomplete": ("合同缺少必备内容，请补齐（实施方案 四(三)）。", "The contract lacks required parts; complete them (Plan IV(3))."),
    "contract_value_differs": ("合同金额必须等于中标金额（政府采购法 46）。", "The contract's value must equal the award (Procurement Law art. 46)."),
    "bond_too_high": ("履约保证金不得超过合同金额的10%（实施条例 48）。", "The bond may not exceed a tenth of the value (Regulation art. 48)."),
    "funding_differs": ("各来源资金之和必须等于合同金额。", "The sources of money must sum to the value."),
    "station_taken": ("该站点在此期间已有合同 {contract}，不能重复承接。", "Contract {contract} is in force at this station in that period."),
    "payment_too_high": ("付款将超过合同金额与补充金额之和。", "The payment would exceed the contract's value and supplements."),
    "already_on_post": ("{name} 已在 {station} 在岗，不能同时在两处。", "{name} is on post at {station} and cannot be in two places."),
    "not_trained": ("以下人员岗前培训未合格，不能上岗：{names}。", "These people have not passed the training: {names}."),
    "score_out_of_range": ("得分超出该项分值：{rules}。", "Points outside the rule's range: {rules}."),
    "conflict_of_interest": ("评估人员近三年在该机构任职或有利害关系，请更换（实施条例 9）。", "An evaluator has ties to the provider within three years; choose another (Regulation art. 9)."),
    "cases_unassigned": ("还有 {count} 个在办个案没有新的责任社工，请先移交。", "{count} open cases have no new responsible worker; hand them over first."),
    # casework
    "guardian_consent_missing": ("服务对象未满14周岁，须取得监护人同意（个人信息保护法 31）。", "The client is under fourteen; the guardian must consent (PIPL art. 31)."),
    "case_closed": ("个案 {number} 已结案，只能补记，不能修改。", "Case {number} is closed; corrections are appended, not edited."),
    "not_at_station": ("该人员不在承接该站点的团队中。", "That person does not work in the team that runs the station."),
    "no_provider": ("该街道目前没有承接机构，无法派单。请先安排临时服务。", "No provider serves that street now, so the order cannot be sent. Arrange interim service first."),
}  # fmt: skip


def sentence(code: str, facts: Mapping[str, object], language: str) -> str:
    """What a refusal says; facts that the sentence names and nobody gave stay as a dash."""
    text = SENTENCES.get(code, SENTENCES["error"])[1 if language == "en" else 0]
    return text.format_map(_Dashes({name: _say(value) for name, value in facts.items()}))


class _Dashes(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "—"


def _say(value: object) -> object:
    return "、".join(map(str, value)) if isinstance(value, (list, tuple, set, frozenset)) else value
