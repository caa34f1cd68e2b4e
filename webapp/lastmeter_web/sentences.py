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
    "own_role": ("不能调整自己的岗位或账号，请由另一位运维人员办理。", "Nobody changes their own roles or login; ask another operator."),
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
    "step_not_yours": ("只有办结这一步的人可以撤回。", "A step is taken back by whoever finished it."),
    "step_is_final": ("“{step}”一经公布、发出或签署即告生效，不能撤回；如有错误，请按更正程序办理。", "“{step}” has been published, sent or signed and is not taken back; put an error right by a correction."),
    "withdrawal_too_late": ("此后已经在办或已生效：{steps}，不能再撤回。可请下一步办理人退回，或请运维人员处置。", "Too late to take it back; since then: {steps}. Ask whoever has the next step to return it, or an operator to mend it."),
    "separation_of_duties": ("您已办理“{other_zh}”，按不相容岗位分离的要求，这一步须由他人办理。", "You did “{other_en}”; someone else must do this step (separation of duties)."),
    "task_out_of_turn": ("“{other_zh}”正在办理。这里一次只办一项，办完后再办这一项。", "“{other_en}” is under way. One of these is done at a time; do this one when it is over."),
    "reason_missing": ("请填写理由。", "Please give a reason."),
    "draft_changed": ("内容已被他人修改，请查看差异后再保存。", "Somebody changed it meanwhile; look at the difference before you save."),
    "definition_refused": ("流程不能发布，请先处理列出的问题。", "The process cannot be published; mend the listed findings first."),
    "definition_unknown": ("没有这个流程。", "There is no such process."),
    "start_forbidden": ("您的岗位不能发起这个流程。", "Your role cannot start this process."),
    "cannot_start_by_hand": ("这个流程由系统发起，不能手工发起。", "This process is started by the system, not by hand."),
    "party_unknown": ("缺少办理机构“{party}”，无法分派任务。", "The organisation “{party}” is not known, so the task cannot be given to anyone."),
    "step_failed": ("系统步骤没有完成，已记录，请联系运维人员。", "A system step failed and was recorded; ask an operator."),
    # instances that move to another version
    "not_migratable": ("“{element}”不能迁移。", "“{element}” cannot be moved."),
    "element_gone": ("事项正停在“{element}”，新版本没有这个步骤。请办完这一步，或指定它对应的步骤。", "The instance stands at “{element}”, which the other version does not have. Finish it, or map it to another element."),
    "element_type_changed": ("“{element}”在新版本中类型不同（{was} → {becomes}），请指定同类步骤。", "“{element}” is of another type there ({was} → {becomes}); map it to one of its own type."),
    "container_changed": ("“{element}”在新版本中位于另一个子流程（{was} → {becomes}）。", "“{element}” lies in another sub-process there ({was} → {becomes})."),
    "repetition_changed": ("“{element}”在新版本中的重复方式不同，请等它办完。", "“{element}” is repeated otherwise there; wait until it is done."),
    "event_changed": ("“{element}”在新版本中等待另一类事件（{was} → {becomes}）。", "“{element}” waits for an event of another kind there ({was} → {becomes})."),
    "work_changed": ("“{element}”已发起的工作在新版本中不同（{was} → {becomes}），请等它完成。", "The work that “{element}” has begun is another there ({was} → {becomes}); wait until it is done."),
    "flow_gone": ("“{element}”处有分支从 {flow} 到达等待汇合，新版本没有这条连线。", "A branch waits at “{element}” on the flow {flow}, which does not lead there in the other version."),
    "join_would_fire": ("汇合“{element}”在新版本中会立即通过，请先办完其余分支。", "The join “{element}” would be passed at once there; finish its other branches first."),
    "would_begin": ("“{element}”在等待数据，新版本不需要这些数据，会立即开始。请先给出数据。", "“{element}” waits for data that the other version does not need, and would begin at once. Give it the data first."),
    "mapping_unknown": ("对应关系“{element}”→“{target}”有误：版本中没有这样的步骤或连线。", "The mapping “{element}” → “{target}” names what the versions do not have."),
    "compensation_runs": ("正在补偿已完成的步骤，完成之后才能迁移。", "What was done is being undone just now; it can be moved when that is over."),
    "state_differs": ("迁移后的状态未通过校验，没有改变任何内容。请联系运维人员。", "The moved state did not pass its check and nothing was changed. Ask an operator."),
    "same_version": ("该事项不能迁移到“{key}”第 {version} 版：已在该版本，或属于其他流程。", "The instance runs on version {version} of “{key}” already, or on another process."),
    "undo_refused": ("迁移不能撤销（{reason}）：事项已继续办理，或迁移已撤销。", "The move cannot be undone ({reason}): the instance has gone on, or it was undone before."),
    "surgery_refused": ("不能这样处置。", "The instance cannot be changed like this."),
    "token_unclear": ("“{element}”处有多个位置，请指明其中一个。", "Several tokens stand at “{element}”; name one by its uid."),
    "not_movable": ("“{element}”附属于其他环节（边界事件、多实例中的一次或事件子流程），不能单独移动。", "“{element}” belongs to something else (a boundary event, one repetition, an event sub-process) and is not moved by itself."),
    "target_elsewhere": ("“{element}”不在同一流程或子流程内，不能移到那里。", "“{element}” lies in another process or sub-process; the token cannot go there."),
    "target_is_join": ("“{element}”是汇合点，不能直接进入；请选它之前或之后的环节。", "“{element}” is a join and cannot be entered directly; choose an element before or behind it."),
    "target_not_by_flow": ("“{element}”不能作为目标：没有顺序流单独通向它。", "“{element}” cannot be a target: no flow of its own leads to it."),
    "would_break_join": ("这样做会使汇合点 {joins} 永远等待或重复通过，因此没有执行。", "The join {joins} would wait for ever or be passed twice, so it was not done."),
    "ways_not_foreseeable": ("流程此后的走法过多，无法确认汇合点不受影响，因此没有执行。", "There are too many ways on from here to be sure that the joins come out right, so it was not done."),
    "skip_repetitions": ("“{element}”是多实例，请逐个跳过其中的每一次。", "“{element}” is repeated; skip each repetition by itself."),
    "skip_by_event": ("“{element}”在等待多个事件，请指明视为已发生的那一个：{events}。", "“{element}” waits for several events; name the one that counts as having happened: {events}."),
    "not_skippable": ("“{element}”是附带的等待或汇合点，无可跳过。", "“{element}” waits beside something else or at a join; there is nothing to skip."),
    "never_executed": ("“{element}”在这里没有执行过，不能退回。", "“{element}” was never reached here, so there is no way back to it."),
    "scope_gone": ("“{element}”所在的子流程已经结束，或已由事件子流程接替。", "The sub-process of “{element}” has ended, or an event sub-process has taken over."),
    "scope_unclear": ("“{element}”所在的子流程有多个在运行，请指明其中的一个位置。", "The sub-process of “{element}” runs more than once; name a token inside it."),
    "nothing_to_rewind": ("“{element}”之后没有任何位置，退回会多出一路。", "Nothing stands behind “{element}”; going back would make one token too many."),
    "already_left": ("此后 {elements} 已向外发出，无法收回；确认无妨后请勾选“仍然退回”。", "Since then {elements} had an effect outside that cannot be taken back; tick “go back all the same” if that is right."),
    "instance_changed": ("事项在此期间已有变化，没有执行；请重新预演。", "The instance has changed meanwhile and nothing was done; rehearse again."),
    "variable_not_read": ("流程不读取名为“{name}”的变量。", "The process reads no variable named “{name}”."),
    "variable_classified": ("“{name}”可能含有受保护的内容，运维人员不能设置。", "“{name}” may hold something classified; operators do not set it."),
    # stations
    "contract_incomplete": ("合同缺少必备内容，请补齐（实施方案 四(三)）。", "The contract lacks required parts; complete them (Plan IV(3))."),
    "contract_value_differs": ("合同金额必须等于中标金额（政府采购法 46）。", "The contract's value must equal the award (Procurement Law art. 46)."),
    "payment_shares_differ": ("付款计划各期比例合计为{sum_bp}，应为10000（万分比）。", "The shares of the payment plan sum to {sum_bp}, not to 10000 basis points."),
    "bond_too_high": ("履约保证金不得超过合同金额的10%（实施条例 48）。", "The bond may not exceed a tenth of the value (Regulation art. 48)."),
    "funding_differs": ("各来源资金之和必须等于合同金额。", "The sources of money must sum to the value."),
    "station_taken": ("该站点在此期间已有合同 {contract}，不能重复承接。", "Contract {contract} is in force at this station in that period."),
    "same_entity": ("同一区县的总站与街站不得由同一主体承接；合同 {contract} 已由同一主体履行（实施方案 四(二)）。", "One entity may not run both the main station and a street station of a district; it already performs contract {contract} (Plan IV(2))."),
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
    "handover_consent_missing": ("移交给另一家机构须先取得服务对象同意；同意后请勾选（个人信息保护法 23）。", "The client must agree before another provider gets the file; tick it once they have (PIPL art. 23)."),
    "no_provider": ("该街道目前没有承接机构，无法派单。请先安排临时服务。", "No provider serves that street now, so the order cannot be sent. Arrange interim service first."),
    # processes and their files
    "definition_unreadable": ("不是可以读取的 BPMN 文件（{reason}，第 {line} 行）。请用设计器重新导出。", "It is not a BPMN file that can be read ({reason}, line {line}). Export it again from the designer."),
    "decision_model": ("决策表不能使用（第 {line} 行）：{problem_zh}", "The decision file cannot be used (line {line}): {problem_en}"),
    "decision_missing": ("决策表中没有“{name}”，现有：{known}。", "There is no decision “{name}”; there are: {known}."),
    "feel_syntax": ("表达式第 {line} 行第 {column} 列有误：{hint_zh}", "The expression is wrong at line {line}, column {column}: {hint_en}"),
    "feel_budget": ("表达式计算量超过上限（{limit}）：{hint_zh}", "The expression asks for more than it may have ({limit}): {hint_en}"),
    "scenario_refused": ("场景文件 {file} 无法读取（{reason}）。", "The scenario {file} cannot be read ({reason})."),
    "json_refused": ("提交的 JSON 不能接受（{reason}），请更正后重试。", "The JSON cannot be accepted ({reason}); correct it and try again."),
    # processes while they run: each is recorded as an incident for whoever operates the system
    "branches_disagree": ("并行分支对“{names}”写入了不同的值，无法合并。请修改流程。", "Parallel branches wrote different values to “{names}” and cannot be joined. Change the process."),
    "called_process_unknown": ("被调用的流程或决策不存在：{expression}。", "The called process or decision does not exist: {expression}."),
    "store_key_missing": ("数据存储“{store}”的键（{expression}）没有值。", "The key ({expression}) of an entry in the data store “{store}” has no value."),
    "store_unknown": ("没有名为“{store}”的业务视图。", "There is no view of the domain named “{store}”."),
    "store_read_only": ("数据存储“{store}”只能读。", "The data store “{store}” can only be read."),
    "store_full": ("数据存储“{store}”已满，上限 {capacity} 条。", "The data store “{store}” is full; it holds at most {capacity} entries."),
    "store_value_too_large": ("写入数据存储“{store}”的内容过大（{bytes} 字节，上限 {most}）。", "What is written to the data store “{store}” is too large ({bytes} bytes, at most {most})."),
    "store_classified": ("涉密流程的内容不能写入数据存储“{store}”。", "A process that knows classified content writes nothing to the data store “{store}”."),
    "condition_not_boolean": ("条件“{expression}”的结果不是“真”或“假”。", "The condition “{expression}” gives neither true nor false."),
    "correlation_missing": ("消息没有关联值（{expression}），无法送达。", "The message has no correlation ({expression}), so it cannot be delivered."),
    "data_missing": ("“{element}”需要的数据（{names}）没有给出，也不再有步骤会给出。请由运维人员设置后重试。", "“{element}” needs data ({names}) that is not there and that no step will bring any more. An operator may set it and retry."),
    "deadlock": ("流程停在汇合处，没有分支能够到达。请修改流程。", "The process waits at a join that no branch can reach. Change the process."),
    "execution_fault": ("步骤“{element}”不能用现有数据执行。", "The step “{element}” cannot run with the data as it is."),
    "no_flow_taken": ("没有一个条件成立，也没有默认路径。请修改流程。", "No condition holds and there is no default flow. Change the process."),
    "not_a_collection": ("“{expression}”不是可以逐项办理的列表。", "“{expression}” is not a list to go through."),
    "not_waiting": ("这一步已不在等待，请从列表重新打开。", "This step waits no more; open it from the list again."),
    "start_not_possible": ("流程“{process}”不能这样开始。可选的开始：{possible}。", "The process “{process}” cannot start like this. It starts at: {possible}."),
    "state_not_readable": ("事项的保存状态无法读取，其他事项不受影响。请联系运维人员。", "The saved state cannot be read; others are not affected. Ask an operator."),
    "step_budget_exceeded": ("流程在“{element}”处循环不止，已停下。请修改流程。", "The process loops at “{element}” without waiting and was stopped. Change the process."),
    "timer_not_understood": ("定时“{text}”不是日期、时长或周期。", "The timer “{text}” is no date, duration or cycle."),
    "uncaught_error": ("步骤“{element}”的错误“{error_code}”无人处理，什么都没有改变。", "Nothing handles the error “{error_code}” of “{element}”; nothing has changed."),
    "unstorable_value": ("“{path}”的值（{type}）不能保存为流程变量。", "The value of “{path}” ({type}) cannot become a variable."),
    "unknown_job": ("没有程序能办理“{kind}”类工作。请联系运维人员。", "Nothing performs work of the kind “{kind}”. Ask an operator."),
    # time
    "calendar_refused": ("这张表不能作为一年的工作日历（{reason}，第 {line} 行）。", "The table cannot be a year's calendar ({reason}, line {line})."),
    "unknown_deadline_rule": ("期限规则库中没有“{rule}”。", "The register of deadlines has no rule “{rule}”."),
    "too_early": ("还不到时候：最早 {earliest}（{source_zh}）。", "It is too early: {earliest} at the earliest ({source_en})."),
    "too_late": ("期限已于 {ended} 届满，不能再办理。", "The time for this ended at {ended}."),
    # procurement
    "unlawful": ("不符合规定：{reasons}", "It is against the rules: {reasons}"),
    "plan_incomplete": ("年度计划缺少必备内容：{reasons}", "The annual plan lacks a required part: {reasons}"),
    "plan_budget_off": ("年度计划的金额不相符：{reasons}", "The annual plan's amounts do not add up: {reasons}"),
    "plan_not_filed": ("{year} 年度实施计划尚未报市民政局备案，不能发起采购（实施方案 四(一)）。请先办结该年度的“年度实施计划”，或填写计划已备案的年度。", "The annual plan of {year} has not been filed with the city, so nothing can be bought under it (Jinan Plan, part 4(1)). Finish that year's “Annual plan” first, or name a year whose plan is filed."),
    "contract_unknown": ("本区没有编号为“{number}”的合同。请按合同页上的编号填写。", "Your district has no contract “{number}”. Give the number that stands on the contract's page."),
    "contract_not_in_force": ("合同 {number} 不在履行中，不能终止。请核对合同编号和状态。", "Contract {number} is not in force and cannot be terminated. Check its number and status."),
    "report_exists": ("{year} 年度报告已经存在，请打开原有报告继续办理。", "The report on {year} exists already; open it and go on there."),
    "plan_exists": ("{year} 年度计划已经存在，请打开原有计划继续办理。", "The plan for {year} exists already; open it and go on there."),
    "plan_filed_already": ("计划已备案（{filed_no}），不能再改。", "The plan is filed ({filed_no}) and no longer changes."),
    "not_the_buyer": ("只有区县民政局可以作为购买主体（实施方案 二(一)）。", "Only the district bureau buys (Plan II(1))."),
    "over_plan": ("标包 {lot} 的预算超过年度计划安排，请调整。", "Lot {lot} asks for more than the annual plan gives; adjust it."),
    "term_unlawful": ("履行期限不符合规定：{reasons}", "The term is not lawful: {reasons}"),
    "documents_unlawful": ("招标文件不符合规定：{reasons}", "The tender documents break a rule: {reasons}"),
    "not_open_for_bids": ("该项目现在不接受投标。", "This procurement takes no bids now."),
    "bid_refused": ("投标不能接受：{reasons}", "The bid cannot be taken: {reasons}"),
    "bids_sealed": ("开标前任何人都不能查看投标文件（截止时间 {deadline}）。", "Nobody can read bids before they are opened (deadline {deadline})."),
    "two_people_needed": ("开标须由两名不同的人员共同办理。", "Two different people open the bids."),
    "committee_unlawful": ("评审委员会不符合规定：{reasons}", "The committee is not lawful: {reasons}"),
    "expert_pool_too_small": ("没有利害关系的专家不足：需要 {wanted} 名，现有 {found} 名。请补充专家库。", "Too few experts without a conflict: {wanted} are needed, {found} found. Add experts to the pool."),
    "score_sheet_refused": ("评分表不能提交：{reasons}", "The score sheet cannot be locked: {reasons}"),
    "award_refused": ("不能这样定标：{reasons}", "The award cannot stand: {reasons}"),
    "complaint_refused": ("投诉不能受理：{reasons}", "The complaint cannot be accepted: {reasons}"),
    # documents
    "upload_refused": ("文件不能上传（{reason}）。请更换文件后重试。", "The file cannot be taken ({reason}). Choose another and try again."),
    "document_damaged": ("文件“{document}”已缺失或损坏，请联系运维人员从备份恢复。", "The file “{document}” is gone or damaged; ask an operator to restore it."),
    # running the system
    "clock_skewed": ("本机时钟与数据库相差 {seconds} 秒，已停止办理。请校准时钟。", "This machine's clock is {seconds} s off the database's; work has stopped. Set the clock."),
    "child_failed": ("进程“{child}”反复退出，日志见 {log}。", "The process “{child}” ended again and again; see {log}."),
    "folder_in_use": ("数据目录 {folder} 正被进程 {pid} 使用。请先停止它。", "The folder {folder} is used by process {pid}. Stop that first."),
    "no_port_free": ("端口 {first} 至 {last} 都被占用。请用 --port 指定其他端口。", "Ports {first} to {last} are all taken. Name another with --port."),
    "backup_refused": ("备份没有完成，原有数据未动（{reason}）。", "The backup was not done and nothing was changed ({reason})."),
    "postgres_failed": ("内置数据库没有启动：{log}", "The embedded database did not start: {log}"),
    "postgres_missing": ("没有适合本机的内置数据库。请安装 {package}，或用 {setting} 指定数据库服务器。", "There is no embedded database for this machine. Install {package}, or name a server in {setting}."),
}  # fmt: skip


def sentence(code: str, facts: Mapping[str, object], language: str) -> str:
    """What a refusal says; facts that the sentence names and nobody gave stay as a dash."""
    text = SENTENCES.get(code, SENTENCES["error"])[1 if language == "en" else 0]
    return text.format_map(_Dashes({name: spoken(value, language) for name, value in facts.items()}))


class _Dashes(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "—"


def spoken(value: object, language: str) -> object:
    """A fact as text; what carries both languages speaks the reader's."""
    if isinstance(value, Mapping) and {"zh", "en"} <= value.keys():
        return value["en" if language == "en" else "zh"]
    if isinstance(value, (list, tuple, set, frozenset)):
        return ("; " if language == "en" else "、").join(str(spoken(each, language)) for each in value)
    return value
