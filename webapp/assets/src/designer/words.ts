/** What the designer itself says, in both languages; bpmn-js's own words come from `translate.ts`. */

export type Language = "zh" | "en";

const WORDS = {
  save: ["保存草稿", "Save draft"],
  check: ["检查", "Check"],
  tidy: ["整理布局", "Tidy up"],
  undo: ["撤销", "Undo"],
  redo: ["重做", "Redo"],
  fit: ["适合窗口", "Fit to window"],
  actualSize: ["原始大小", "Actual size"],
  download: ["下载 BPMN", "Download BPMN"],
  publish: ["发布新版本", "Publish new version"],
  publishConfirm: [
    "发布后，新启动的流程按此版本运行；运行中的流程仍按原版本办理。确定发布吗？",
    "New instances will follow this version; running ones stay on theirs. Publish it?",
  ],
  loading: ["正在打开图……", "Opening the diagram…"],
  opened: ["已打开", "Opened"],
  unsaved: ["有未保存的修改", "Unsaved changes"],
  unchanged: ["没有未保存的修改", "No unsaved changes"],
  saving: ["正在保存……", "Saving…"],
  saved: ["草稿已保存 {time}", "Draft saved at {time}"],
  saveFailed: ["没有保存：{reason}", "Not saved: {reason}"],
  saveConflict: [
    "没有保存：别人在您之后打开并保存过草稿。请先下载您的图，再重新打开页面比较。",
    "Not saved: somebody else has saved a newer draft. Download your diagram, then reload the page and compare.",
  ],
  publishing: ["正在发布……", "Publishing…"],
  published: ["已发布第 {version} 版", "Published as version {version}"],
  publishRefused: ["没有发布：请先改正 {count} 处错误。", "Not published. Errors to mend first: {count}"],
  publishFailed: ["没有发布：{reason}", "Not published: {reason}"],
  openFailed: ["图打不开：{reason}", "The diagram cannot be opened: {reason}"],
  tidyFailed: ["布局没有整理：{reason}", "Not tidied up: {reason}"],
  tidied: ["布局已整理，可以撤回：{undo}", "Tidied up; you can go back: {undo}"],
  tidyBack: ["恢复原布局", "Restore the former layout"],
  checkFailed: ["没有检查：{reason}", "Not checked: {reason}"],
  checking: ["正在检查……", "Checking…"],
  findings: ["检查结果", "Findings"],
  noFindings: ["没有发现问题，可以发布。", "Nothing found; it can be published."],
  errors: ["{count} 处错误", "Errors: {count}"],
  warnings: ["{count} 处提醒", "Warnings: {count}"],
  error: ["错误", "Error"],
  warning: ["提醒", "Warning"],
  note: ["说明", "Note"],
  fix: ["改法：", "Do this: "],
  line: ["第 {line} 行", "line {line}"],
  wholeDiagram: ["整张图", "Whole diagram"],
  noAnswer: ["服务器没有回答，请检查网络", "the server did not answer; check the network"],
  canvas: ["流程图", "Process diagram"],
  properties: ["属性", "Properties"],
  readOnly: ["只读：您可以查看，不能修改", "Read only: you may look, not change"],
  groupWho: ["由谁办理", "Who does it"],
  groupForm: ["表单", "Form"],
  groupDue: ["期限", "Due"],
  groupName: ["英文名称", "English name"],
  groupConnector: ["自动处理", "Automation"],
  groupDecision: ["决策表", "Decision"],
  groupScript: ["计算", "Calculation"],
  groupCondition: ["走这条线的条件", "Condition of this flow"],
  groupCalled: ["被调用的流程", "Called process"],
  role: ["角色", "Role"],
  laneRoleHint: [
    "由流程设置（process.toml）规定；单个任务可另行指定角色。",
    "Settled by the process's settings (process.toml); a task may name another role.",
  ],
  laneNoRole: [
    "流程设置没有规定此泳道的角色，请在每个任务上指定。",
    "The process's settings name no role for this lane: name one on each task.",
  ],
  taskRoleHint: ["留空则由所在泳道的角色办理。", "Empty: the role of the lane."],
  organisation: ["单位", "Organisation"],
  organisationHint: [
    "FEEL，例如 =street；留空则为泳道对应的单位。",
    "FEEL, for instance =street; empty: the lane's organisation.",
  ],
  form: ["表单", "Form"],
  formHint: ["留空则使用只有备注的通用表单；流程包要求每个人工任务都有表单。", "Empty: a plain form with a comment. A package needs a form for every user task."],
  dueDate: ["到期时间", "Due date"],
  dueDateHint: [
    "ISO 8601，如 P3D、2026-03-31；或以 = 开头的 FEEL。",
    "ISO 8601 such as P3D or 2026-03-31, or FEEL after =.",
  ],
  deadlineRule: ["期限规则", "Deadline rule"],
  deadlineRuleHint: [
    "取自法定期限表，按工作日历计算，任务上会说明依据。",
    "From the register of statutory deadlines; the task tells the source.",
  ],
  deadlineStart: ["起算日（FEEL）", "Counted from (FEEL)"],
  nameEn: ["名称（英文）", "Name (English)"],
  connector: ["连接器", "Connector"],
  decision: ["决策", "Decision"],
  resultVariable: ["结果存入变量", "Result variable"],
  script: ["表达式（FEEL）", "Expression (FEEL)"],
  condition: ["条件（FEEL）", "Condition (FEEL)"],
  conditionHint: ["例如 amount_fen >= 40000000", "For instance amount_fen >= 40000000"],
  separateFrom: ["不得与此任务同一人办理", "Not by the person of task"],
  separateFromHint: ["填写任务标识，多个以逗号分隔。", "Task ids, separated by commas."],
  final: ["办结后可否撤回", "May it be taken back?"],
  finalYes: ["不可撤回", "No, it is final"],
  finalHint: [
    "公布、发出、签署等一经办结即生效的环节选“不可撤回”。",
    "Final is what takes effect once it is done: published, sent, signed.",
  ],
  parameters: ["参数", "Parameters"],
  parametersHint: [
    "每行一个：名称 = 值；值以 = 开头时为 FEEL，例如 contract_id = =contract_id",
    "One per line: name = value; a value that begins with = is FEEL, for instance contract_id = =contract_id",
  ],
  groupMessage: ["消息的收发", "Delivery of the message"],
  correlation: ["关联值", "Correlation"],
  correlationHint: [
    "消息只交给关联值相同的流程，例如 =string(contract_id)",
    "The message goes to the instance with the same value, for instance =string(contract_id)",
  ],
  payload: ["消息内容", "Payload"],
  payloadHint: ["FEEL，例如 ={contract_id: contract_id}", "FEEL, for instance ={contract_id: contract_id}"],
  unreadable: [
    "这张图有读不出的部分，保存会丢失它们，因此只能查看：{reason}",
    "Parts of this diagram cannot be read and would be lost on saving, so you may only look: {reason}",
  ],
  called: ["流程标识", "Process key"],
  none: ["（未选择）", "(none)"],
  missing: ["不存在：{key}", "missing: {key}"],
  openMinimap: ["打开缩略图", "Open minimap"],
  leave: ["有未保存的修改。", "There are unsaved changes."],
} as const satisfies Record<string, readonly [string, string]>;

export type Word = keyof typeof WORDS;
export type Say = (word: Word, facts?: Record<string, string | number>) => string;

/** The sentence in `language` with its {facts} filled in. */
export function speaker(language: Language): Say {
  const column = language === "zh" ? 0 : 1;
  return (word, facts = {}) =>
    WORDS[word][column].replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole));
}
