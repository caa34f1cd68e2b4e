"""What the reader says about a drawing, by rule: sentence and remedy, Chinese and English; `{…}` are facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Sentence(NamedTuple):
    """A finding's words."""

    zh: str
    en: str
    fix_zh: str
    fix_en: str


SENTENCES: Mapping[str, Sentence] = {
    "too-large": Sentence(
        "文件过大，上限 {limit} 字节",
        "the file is larger than {limit} bytes",
        "拆成几个文件",
        "split it into several files",
    ),
    "not-xml": Sentence(
        "文件不是合格的 XML：{reason}",
        "the file is not well-formed XML: {reason}",
        "用建模工具重新导出",
        "export it again from the modeller",
    ),
    "doctype": Sentence(
        "文件含 DOCTYPE，拒绝读取",
        "the file has a DOCTYPE and is not read",
        "删去 DOCTYPE 声明",
        "remove the DOCTYPE declaration",
    ),
    "not-bpmn": Sentence(
        "根元素不是 BPMN 2.0 的 definitions",
        "the root element is not BPMN 2.0 definitions",
        "用 BPMN 2.0 建模工具导出",
        "export it from a BPMN 2.0 modeller",
    ),
    "no-executable-process": Sentence(
        "没有可执行的流程",
        "there is no executable process",
        '在流程上设置 isExecutable="true"',
        'set isExecutable="true" on the process',
    ),
    "not-executable": Sentence(
        "流程 {key} 标为不可执行，不发布",
        "the process {key} is marked as not executable and is not published",
        '要发布就设置 isExecutable="true"',
        'set isExecutable="true" if it is to be published',
    ),
    "too-many-elements": Sentence(
        "元素超过 {limit} 个", "there are more than {limit} elements", "拆成调用活动", "split it into call activities"
    ),
    "too-much-feel": Sentence(
        "文件里的表达式合计超过 {limit} 字符",
        "the expressions of the file are longer than {limit} characters together",
        "把流程拆成几个文件",
        "split the file into several",
    ),
    "nested-too-deep": Sentence(
        "子流程嵌套超过 {limit} 层",
        "sub-processes are nested more than {limit} deep",
        "拆成调用活动",
        "split them into call activities",
    ),
    "duplicate-id": Sentence("编号 {id} 重复", "the id {id} is used twice", "给其中一个改名", "rename one of them"),
    "missing-id": Sentence("元素 {tag} 没有编号", "an element {tag} has no id", "填写 id", "give it an id"),
    "unresolved-reference": Sentence(
        "引用了不存在的 {reference}",
        "refers to {reference}, which does not exist",
        "重新选择或连线",
        "choose or connect it again",
    ),
    "attribute-value": Sentence(
        "属性 {attribute} 不能是“{text}”",
        "the attribute {attribute} cannot be “{text}”",
        "标准允许的值：{possible}",
        "the standard allows: {possible}",
    ),
    "flow-crosses-boundary": Sentence(
        "顺序流不能穿过子流程的边界",
        "a sequence flow may not cross the border of a sub-process",
        "连到子流程本身，或用事件",
        "connect it to the sub-process itself, or use an event",
    ),
    "unsupported-element": Sentence(
        "元素 {tag} 尚不能按标准执行",
        "the element {tag} is not executed",
        "换用受支持的元素",
        "use a supported element",
    ),
    "global-task": Sentence(
        "全局任务 {tag} 不能调用",
        "a global task {tag} cannot be called",
        "在图中直接画出该任务，或调用一个流程",
        "draw the task itself, or call a process",
    ),
    "parallel-events": Sentence(
        "只有启动流程的事件网关才能等待全部事件",
        "only an event-based gateway that starts the process may wait for all its events",
        "用并行网关分开，各画一个捕获事件",
        "draw a parallel gateway with a catching event on each branch",
    ),
    "quantity": Sentence(
        "{attribute} 必须是 1 到 {limit} 的整数",
        "{attribute} is a whole number from 1 to {limit}",
        "改为整数，一般为 1",
        "write a whole number, usually 1",
    ),
    "multi-instance-behaviour": Sentence(
        "多实例的 behavior={behaviour} 不能执行",
        "multi-instance behaviour {behaviour} is not executed",
        "只能抛出消息、信号、错误或升级事件",
        "let it throw a message, signal, error or escalation",
    ),
    "event-not-with-others": Sentence(
        "{kind_zh}事件不能与其他事件定义放在同一个事件里（{how}）",
        "a {kind} cannot stand beside other definitions in one event ({how})",
        "分成几个事件",
        "draw several events",
    ),
    "activation-missing": Sentence(
        "复杂网关有几条入线，却没有激活条件",
        "the complex gateway joins several flows and has no activation condition",
        "填写 activationCondition，例如 activationCount >= 2",
        "write an activationCondition such as activationCount >= 2",
    ),
    "handler-connected": Sentence(
        "补偿活动不在正常流程中，不能有连线",
        "an activity for compensation lies outside the normal flow and has no sequence flows",
        "删去连线，从补偿边界事件用关联线指向它",
        "remove them and associate it with a compensation boundary event",
    ),
    "handler-of-nothing": Sentence(
        "没有补偿边界事件指向这个补偿活动",
        "no compensation boundary event is associated with this activity",
        "从补偿边界事件画一条关联线",
        "draw an association from a compensation boundary event",
    ),
    "handler-compensated": Sentence(
        "补偿活动本身不能再被补偿",
        "what compensates is not itself compensated",
        "删去这个边界事件",
        "remove the boundary event",
    ),
    "handler-twice": Sentence(
        "{activity} 画了几个补偿方式，只能有一个",
        "{activity} is undone in several ways drawn; there can be one",
        "只留一个补偿边界事件或一个补偿事件子流程",
        "keep one compensation event on its border, or one compensation event sub-process",
    ),
    "undo-of-process": Sentence(
        "流程本身没有谁来补偿，这个补偿事件子流程永远不会执行",
        "nothing compensates the process itself: this event sub-process would never run",
        "放进子流程里，或在调用活动的边界上画补偿",
        "draw it in a sub-process, or compensate on the border of the call activity",
    ),
    "default-without-effect": Sentence(
        "从这里出去的流都会走，默认流 {flow} 不起作用",
        "every flow out of here is taken: the default flow {flow} has no effect",
        "删去默认标记，或改用排他网关",
        "remove the mark, or use an exclusive gateway",
    ),
    "repeats-twice": Sentence(
        "同时画了循环和多实例，只能有一种",
        "both a loop and multiple instances are drawn; there can be one",
        "只留一种，或把另一种放在外面的子流程上",
        "keep one, or put the other on a sub-process around it",
    ),
    "caught-twice": Sentence(
        "同一处的 {other} 已经捕获同样的{kind_zh}，这个永远不会执行",
        "{other} already catches the same {kind} there: this one would never run",
        "删去一个，或改为另一个代码",
        "remove one, or give it another code",
    ),
    "compensation-without-handler": Sentence(
        "补偿边界事件没有关联到同一层的补偿活动",
        "the compensation boundary event is not associated with an activity for compensation of the same level",
        "用关联线指向一个 isForCompensation 的活动",
        "associate it with an activity that is marked isForCompensation",
    ),
    "compensation-with-outgoing": Sentence(
        "补偿边界事件没有顺序流，只有关联线",
        "a compensation boundary event has an association, no sequence flow",
        "删去顺序流",
        "remove the sequence flow",
    ),
    "compensates-elsewhere": Sentence(
        "{activity} 不在这里能补偿的范围内",
        "{activity} is not within the scope that can be compensated from here",
        "选择同一层的活动",
        "choose an activity of the same level",
    ),
    "cancel-without-transaction": Sentence(
        "取消事件只能用在事务里和事务的边界上",
        "a cancel event belongs into a transaction or onto its border",
        "把子流程改为事务，或改用错误事件",
        "make the sub-process a transaction, or use an error event",
    ),
    "cancel-not-caught": Sentence(
        "事务的边界上没有取消事件，取消之后无路可走",
        "the transaction has no cancel event on its border: nothing would follow the cancellation",
        "在事务边界上画取消事件",
        "attach a cancel event to the transaction",
    ),
    "not-in-ad-hoc": Sentence(
        "自由子流程里不能有 {tag}",
        "an ad-hoc sub-process holds no {tag}",
        "删去它",
        "remove it",
    ),
    "store-read-nowhere": Sentence(
        "从数据存储“{store}”读出的内容没有去处",
        "the association reads the data store “{store}” into nothing",
        "把关联指向数据输入或属性；只供阅读的，删去关联线",
        "let it lead to a data input or a property; draw the store without association if it is for the reader",
    ),
    "store-writes-nothing": Sentence(
        "没有说明把什么写入数据存储“{store}”",
        "the association does not say what is written to the data store “{store}”",
        "以数据输出为来源，或写 transformation，或写一个 assignment",
        "give it a data output as its source, a transformation, or one assignment",
    ),
    "store-unnamed": Sentence(
        "数据存储没有名称，或名称超过 {limit} 字",
        "the data store has no name, or one longer than {limit} characters",
        "给 dataStore 起名，同名的存储在各流程中是同一个",
        "name the dataStore: stores of one name are the same in every process",
    ),
    "store-capacity": Sentence(
        "数据存储的容量“{text}”不是整数",
        "the capacity “{text}” of the data store is no whole number",
        "填写正整数，或设 isUnlimited",
        "write a whole number, or isUnlimited",
    ),
    "choreography": Sentence(
        "编排图不是可执行流程", "a choreography is not an executable process", "改画为流程", "draw a process"
    ),
    "correlation-unbound": Sentence(
        "关联订阅没有给出其关联键每一项的 dataPath",
        "the correlation subscription does not bind every property of its key to a dataPath",
        "为关联键的每一项写 correlationPropertyBinding",
        "write a correlationPropertyBinding for every property of the key",
    ),
    "correlation-several": Sentence(
        "消息同时符合几个关联订阅",
        "the message is matched by several correlation subscriptions",
        "只留一个，或在元素上写 lm:correlation",
        "keep one, or write lm:correlation on the element",
    ),
    "correlation-key-alone": Sentence(
        "消息有关联键，流程却没有关联订阅说明与什么相比",
        "the message has a correlation key, but no subscription of the process says what it is compared with",
        '画 correlationSubscription，或写 lm:correlation，例如 lm:correlation="=contract_id"',
        'draw a correlationSubscription, or write lm:correlation such as lm:correlation="=contract_id"',
    ),
    "instantiating-not-first": Sentence(
        "启动流程的元素必须在流程最外层，且没有入线",
        "what starts the process lies in the process itself and has no incoming flow",
        "去掉入线，或取消 instantiate",
        "remove the incoming flow, or instantiate",
    ),
    "unsupported-event": Sentence(
        "{kind_zh}事件不能用在这里（{tag}）",
        "a {kind} event is not executed as a {tag}",
        "换用在此处受支持的事件",
        "use an event that is executed there",
    ),
    "condition-of-process": Sentence(
        "启动流程的条件只能按名称读取流程中画出的数据存储（属于同一机构），这里还读取：{names}",
        "a condition that starts a process reads data stores drawn in it, of one party, by name; it also reads {names}",
        "在流程中画出数据存储引用并在条件里写它的名称；按时间启动的用定时开始",
        "draw a data store reference and write its name in the condition; what begins by time is a timer start",
    ),
    "condition-never-asked": Sentence(
        "条件读取的“{store}”改变时无人得知：它是业务视图，或其键不是固定的",
        "nobody would ask the condition: “{store}” is a view of the domain, or its key is no fixed text",
        "读取数据存储，lm:key 写固定的文字",
        "read a data store, with a fixed text as its lm:key",
    ),
    "event-without-definition": Sentence(
        "捕获事件没有事件定义",
        "the catching event has no event definition",
        "选择定时、消息、信号等类型",
        "choose timer, message, signal or another type",
    ),
    "timer-not-understood": Sentence(
        "看不懂定时器“{text}”",
        "the timer “{text}” is not understood",
        "写 ISO 8601，例如 P10D、2026-04-13T09:00:00+08:00、R3/PT10H，或以 = 开头写 FEEL",
        "write ISO 8601 such as P10D, 2026-04-13T09:00:00+08:00, R3/PT10H, or FEEL after an =",
    ),
    "timer-missing": Sentence(
        "定时事件没有时间", "the timer event has no time", "填写日期、时长或周期", "give a date, a duration or a cycle"
    ),
    "timer-several": Sentence(
        "定时事件同时写了日期、时长、周期中的几种",
        "the timer event gives more than one of date, duration and cycle",
        "只留一种",
        "keep one of them",
    ),
    "condition-missing": Sentence(
        "条件事件没有条件", "the conditional event has no condition", "填写条件", "write the condition"
    ),
    "message-missing": Sentence("没有指明消息", "no message is named", "选择一个消息", "choose a message"),
    "signal-missing": Sentence("没有指明信号", "no signal is named", "选择一个信号", "choose a signal"),
    "name-is-expression": Sentence(
        "名称不能是表达式",
        "the name cannot be an expression",
        "写固定的名称，变化的部分放进关联键或参数",
        "write a fixed name and put what varies into the correlation or an input",
    ),
    "feel-syntax": Sentence(
        "表达式“{text}”有误：{hint_zh}",
        "the expression “{text}” is not FEEL: {hint_en}",
        "改正表达式",
        "correct the expression",
    ),
    "feel-doubt": Sentence(
        "表达式“{text}”第 {line} 行第 {column} 列：{hint_zh}",
        "the expression “{text}”, line {line}, column {column}: {hint_en}",
        "改正表达式，否则此处得空值",
        "correct the expression; as it stands this part gives null",
    ),
    "foreign-expression": Sentence(
        "“{text}”是 JUEL 表达式，这里只用 FEEL",
        "“{text}” is a JUEL expression; only FEEL is run",
        "改写为 {suggestion}",
        "write {suggestion}",
    ),
    "foreign-script": Sentence(
        "脚本语言 {language} 不能执行，只用 FEEL",
        "the script language {language} is not run; only FEEL is",
        '改写为 FEEL，scriptFormat="feel"',
        'write it in FEEL with scriptFormat="feel"',
    ),
    "foreign-code": Sentence(
        "{what} 指向程序代码，不能执行",
        "{what} points at program code, which is not run",
        '改用 camunda:type="external" 和 camunda:topic 指明连接器',
        'name a connector with camunda:type="external" and camunda:topic',
    ),
    "connector-missing": Sentence(
        "任务没有指明连接器", "the task names no connector", "填写 camunda:topic", "set camunda:topic"
    ),
    "decision-missing": Sentence(
        "业务规则任务没有指明决策",
        "the business rule task names no decision",
        "填写 camunda:decisionRef 或 zeebe:calledDecision",
        "set camunda:decisionRef or zeebe:calledDecision",
    ),
    "called-process-missing": Sentence(
        "调用活动没有指明流程", "the call activity names no process", "填写 calledElement", "set calledElement"
    ),
    "script-missing": Sentence(
        "脚本任务没有脚本", "the script task has no script", "填写 FEEL 表达式", "write a FEEL expression"
    ),
    "result-without-name": Sentence(
        "结果没有变量名：上下文按字段写入，其他值丢弃",
        "the result has no name: a context is written field by field, any other value is dropped",
        "填写 camunda:resultVariable",
        "set camunda:resultVariable",
    ),
    "multi-instance-without-number": Sentence(
        "多实例没有集合也没有次数",
        "the multi-instance activity has neither a collection nor a cardinality",
        "填写集合或次数",
        "give a collection or a cardinality",
    ),
    "loop-without-end": Sentence(
        "循环没有条件，也没有能读懂的最大次数",
        "the loop has no condition, or a maximum that is no number",
        "填写循环条件或 loopMaximum（正整数）",
        "give a loop condition or a loopMaximum that is a whole number",
    ),
    "event-sub-process-repeats": Sentence(
        "事件子流程不能是多实例或循环",
        "an event sub-process cannot be multi-instance or a loop",
        "把循环画在子流程里面",
        "draw the loop inside",
    ),
    "condition-without-effect": Sentence(
        "出线 {flow} 的条件在这里不起作用",
        "the condition on its outgoing flow {flow} would have no effect",
        "用排他或包容网关，默认流不写条件",
        "use an exclusive or inclusive gateway, and no condition on a default flow",
    ),
    "flow-without-condition": Sentence(
        "排他网关的出线 {flow} 没有条件，也不是默认流",
        "the flow {flow} out of the exclusive gateway has no condition and is not the default",
        "写条件，或设为默认流",
        "write a condition or make it the default flow",
    ),
    "boundary-not-attached": Sentence(
        "边界事件没有附着在同一层的活动上",
        "the boundary event is not attached to an activity beside it",
        "拖到活动的边上",
        "attach it to an activity",
    ),
    "boundary-with-incoming": Sentence(
        "边界事件不能有入线", "a boundary event has no incoming flow", "删去入线", "remove the incoming flow"
    ),
    "error-must-interrupt": Sentence(
        "捕获错误的事件必须是中断的",
        "an event that catches an error always interrupts",
        "改为中断，或用升级事件",
        "make it interrupting, or use an escalation",
    ),
    "event-gateway-needs-two": Sentence(
        "事件网关至少要有两条出线",
        "an event-based gateway needs two outgoing flows",
        "再连一个事件",
        "connect another event",
    ),
    "event-gateway-target": Sentence(
        "事件网关之后必须是只有一条入线的捕获事件或接收任务，不能是 {target}",
        "behind an event-based gateway stand catching events or receive tasks with one incoming flow, not {target}",
        "在中间加捕获事件",
        "put a catching event in between",
    ),
    "link-target": Sentence(
        "链接事件没有唯一的同名捕获端",
        "the link has not exactly one catching event of its name",
        "画一个同名的链接捕获事件",
        "draw one catching link event of the same name",
    ),
    "link-without-source": Sentence(
        "没有链接通向这里：同一层没有同名的抛出链接",
        "no link leads here: no throwing link of this name stands beside it",
        "画一个同名的链接抛出事件，或删去它",
        "draw a throwing link event of the same name, or remove this one",
    ),
    "link-connected": Sentence(
        "链接的抛出端不能有出线，捕获端不能有入线：令牌从抛出端直接到捕获端",
        "a throwing link has no outgoing flow, a catching one no incoming flow: the token goes from one to the other",
        "删去这条连线",
        "remove the flow",
    ),
    "start-event-in-sub-process": Sentence(
        "普通子流程只能有无事件的开始",
        "a sub-process starts with a none start event",
        "去掉事件定义，或改为事件子流程",
        "remove the event definition, or make it an event sub-process",
    ),
    "several-plain-starts": Sentence(
        "子流程里画了几个没有事件的开始，看不出从哪一个开始",
        "several start events of the sub-process have no event: nothing says at which of them it begins",
        "只留一个，之后用并行网关或排他网关分开",
        "keep one and split behind it with a parallel or an exclusive gateway",
    ),
    "start-with-incoming": Sentence(
        "开始事件不能有入线", "a start event has no incoming flow", "删去入线", "remove the incoming flow"
    ),
    "end-with-outgoing": Sentence(
        "结束事件不能有出线", "an end event has no outgoing flow", "删去出线", "remove the outgoing flow"
    ),
    "event-sub-process-start": Sentence(
        "事件子流程必须有且只有一个带事件的开始",
        "an event sub-process has exactly one start event, with an event definition",
        "画一个带事件的开始",
        "draw one start event with an event definition",
    ),
    "event-sub-process-connected": Sentence(
        "事件子流程不能有连线", "an event sub-process has no sequence flows", "删去连线", "remove them"
    ),
    "never-reached": Sentence(
        "画了开始事件，却没有连线通向这里，它永远不会执行",
        "a start event is drawn but nothing leads here: it would never run",
        "连上入线，或删去它",
        "connect it or remove it",
    ),
    "data-association": Sentence(
        "数据关联不移动数据：变量按名称在其范围内可见",
        "a data association moves no data: variables are visible by name in their scope",
        "需要改名时写输入、输出映射",
        "write input or output mappings where a name must change",
    ),
    "data-input-unfilled": Sentence(
        "没有数据关联给出数据输入“{name}”，活动不等待它",
        "no data association fills the data input “{name}”: the activity does not wait for it",
        "画一条数据关联，或从输入集中删去",
        "draw a data association to it, or remove it from the input set",
    ),
    "data-out-of-sight": Sentence(
        "数据“{name}”属于另一个子流程或活动，从这里看不到",
        "the data “{name}” belongs to another sub-process or activity and is not visible here",
        "把它画在外面一层，或从那里映射出来",
        "draw it in the process around both, or map it outwards there",
    ),
    "data-name": Sentence(
        "数据名称“{name}”会被读作表达式，不是一个变量",
        "the data name “{name}” would be read as an expression, not as one variable",
        "去掉名称里的括号和运算符号",
        "leave brackets and operators out of the name",
    ),
    "unknown-extension": Sentence(
        "扩展 {tag} 原样保留，不影响执行",
        "the extension {tag} is kept as it is and has no effect on execution",
        "",
        "",
    ),
}

EVENT_ZH: Mapping[str, str] = {
    "timer": "定时",
    "message": "消息",
    "signal": "信号",
    "error": "错误",
    "escalation": "升级",
    "conditional": "条件",
    "link": "链接",
    "terminate": "终止",
    "cancel": "取消",
    "compensate": "补偿",
}
