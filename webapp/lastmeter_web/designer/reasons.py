"""Why FEEL gave null, in the reader's language: the evaluator's English remarks, each with its Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lastmeter_web import i18n
from lastmeter_web.designer.words import TYPES

# The evaluator's remark, {} where it names something, and the same in Chinese; {} are filled in order, {0} by place.
CHINESE: Mapping[str, str] = {
    # tables and decisions
    "no rule matches": "没有一行适用",
    "rules {} match, but the hit policy is UNIQUE": "第 {} 行同时适用，而命中策略（UNIQUE）只允许一行",
    "the matching rules disagree, but the hit policy is ANY": "适用的几行结论不一致，而命中策略（ANY）要求一致",
    "input {} has the wrong type": "输入 {} 的类型不对",
    "input {} has the wrong type or a value that is not allowed": "输入 {} 的类型不对，或不在允许值之内",
    "input {} is {}, which is not among its allowed values {} and counts as null":
        "输入 {} 是 {}，不在允许值 {} 之内，按空值计",
    "output {} has the wrong type": "结论 {} 的类型不对",
    "output {} is not among its allowed values": "结论 {} 不在允许值之内",
    "decision {} gives a value of the wrong type": "决策 {} 的值类型不对",
    "{} was given a value of the wrong type": "{} 得到的值类型不对",
    "entry {} has the wrong type": "条目 {} 的类型不对",
    "{}: the value has the wrong type": "{}：值的类型不对",
    "the condition is neither true nor false": "条件的结果既不是“真”也不是“假”",
    "the filter's condition is neither true nor false": "筛选条件的结果既不是“真”也不是“假”",
    # names
    "no variable {}": "没有名为 {} 的变量",
    "no function {}": "没有名为 {} 的函数",
    "no entry {}": "没有条目 {}",
    "no property {}": "没有属性 {}",
    "{} has no property {}": "{} 没有属性 {}",
    "range has no property {}": "区间没有属性 {}",
    "entry {} is no context": "条目 {} 不是上下文",
    "two entries are called {}": "有两个条目都叫 {}",
    # operators
    "{} and {} are never compared": "{} 与 {} 不能比较",
    "{} and {} have no order": "{} 与 {} 不分大小",
    "{} has no order": "{} 不分大小",
    "the values have no order": "这些值不分大小",
    "{} has no negative": "{} 没有相反数",
    "{} {} {} has no meaning": "{} {} {} 没有意义",
    "{} makes no range here": "{} 在这里不构成区间",
    "division by zero": "除以零",
    "the result is not a finite number": "结果不是有限的数",
    "number out of range": "数字超出范围",
    "{} out of range": "{} 超出范围",
    "{} {} is read as {}": "{} {} 按 {} 读取",
    "scale out of range": "小数位数超出范围",
    # functions and arguments
    "{} cannot be called": "{} 不能调用",
    "not callable": "不能调用",
    "not a constant": "不是常量",
    "{} takes {} arguments, got {}": "{} 需要 {} 个参数，给了 {} 个",
    "{} takes {} to {} arguments, got {}": "{} 需要 {} 至 {} 个参数，给了 {} 个",
    "{} takes no named arguments": "{} 不接受命名参数",
    "{} has no parameter {}": "{} 没有参数 {}",
    "an argument is named twice": "同一参数给了两次",
    "{}: argument {} has the wrong type": "{}：参数 {} 的类型不对",
    "{}: {} must be list": "{}：{} 须为列表",
    "{}: {} must be no list": "{}：{} 不能是列表",
    "{}: {} must be {}list": "{}：{} 须为{}列表",
    "{}: argument {} has the wrong type and counts as null": "{}：参数 {} 的类型不对，按空值计",
    "{}: {} must be {}, not {}": "{}：{} 须为 {}，给的是 {}",
    "{}: the result has the wrong type": "{}：结果的类型不对",
    "{} is written in another language, which is not run": "{} 用其他语言写成，不会执行",
    "functions in other languages are not run": "其他语言的函数不会执行",
    "{} must be a number": "{} 须为数字",
    "{} must be a whole number": "{} 须为整数",
    "second must be a number": "秒须为数字",
    "the match function must give true or false": "匹配函数须给出“真”或“假”",
    # lists and contexts
    "no item at position {}": "列表没有第 {} 项",
    "position outside the list": "位置超出列表",
    "length outside the list": "长度超出列表",
    "length must be positive": "长度须大于零",
    "start position outside the string": "起始位置超出文本",
    "null is no list": "空值不是列表",
    "null cannot be iterated over": "不能逐项处理空值",
    "a loop counts in whole numbers": "循环只按整数计数",
    "a loop cannot run from {} to {}": "循环不能从 {} 到 {}",
    "the list holds more than numbers": "列表里有不是数字的项",
    "the list mixes durations with other values": "列表里混有时长和其他值",
    "a standard deviation needs two numbers": "标准差至少需要两个数",
    "only whole numbers are odd or even": "只有整数分奇偶",
    "only contexts can be merged": "只能合并上下文",
    "an entry needs a key and a value": "条目需要键和值",
    "keys must be strings": "键须为文字",
    "string join takes strings": "string join 只接受文字",
    "string join takes a suffix with its prefix": "string join 的后缀须与前缀一同给出",
    # ranges
    "the range ends before it starts": "区间的终点在起点之前",
    "the ends of a range cannot be compared": "区间两端不能比较",
    "the ends cannot be compared": "两端不能比较",
    "an end of a range is null": "区间的一端是空值",
    "an end of a range must be a literal: {}": "区间的端点须为字面值：{}",
    "not an end of a range: {}": "不是区间的端点：{}",
    "not a range: {}": "不是区间：{}",
    "a range was expected": "需要区间",
    "an unbounded range has no place here": "这里不能用没有端点的区间",
    "a closed end of a range needs a value": "闭区间的端点须有值",
    "null is neither point nor range": "空值既不是点也不是区间",
    "a point and a range never coincide": "点与区间不会重合",
    # dates, times, durations
    "not a date: {}": "不是日期：{}",
    "not a time: {}": "不是时间：{}",
    "not a duration: {}": "不是时长：{}",
    "not a number: {}": "不是数字：{}",
    "no such date: {}-{}-{}": "没有这一天：{}-{}-{}",
    "no such time: {}": "没有这个时间：{}",
    "no such time of day": "没有这个时刻",
    "no such offset: {}": "没有这个时差：{}",
    "unknown time zone: {}": "未知的时区：{}",
    "date out of range": "日期超出范围",
    "duration out of range": "时长超出范围",
    "offset out of range": "时差超出范围",
    "no date from {}": "不能由 {} 得到日期",
    "no time from {}": "不能由 {} 得到时间",
    "no date and time from {}": "不能由 {} 得到日期和时间",
    "date takes one or three arguments": "date 需要一个或三个参数",
    "time takes one, three or four arguments": "time 需要一个、三个或四个参数",
    "date and time takes one, two, six or seven arguments": "date and time 需要一、二、六或七个参数",
    "date and time takes a date and a time": "date and time 需要日期和时间",
    "a time with a zone and one without have no distance": "有时区与没有时区的时间不能相减",
    "a moment with a zone and one without have no distance": "有时区与没有时区的时刻不能相减",
    # our own functions
    "a date is wanted": "需要日期",
    "deadline takes the id of a rule and a date": "deadline 需要规则编号和日期",
    # numbers and patterns in text
    "separators belong to a text": "分隔符号只用于文字",
    "the grouping separator must be a space, a comma or a period": "分组符号须为空格、逗号或句点",
    "the decimal separator must be a period or a comma, and not the grouping separator":
        "小数点须为句点或逗号，且不同于分组符号",
    "not a regular expression: {}": "不是正则表达式：{}",
    "the pattern is too long": "正则表达式过长",
    "unknown flag {}": "未知的标志 {}",
    "unknown escape \\{}": "未知的转义 \\{}",
    "\\{} cannot stand inside a class": "\\{} 不能写在字符类里",
    "lookaround and named groups do not exist here": "这里没有环视和命名分组",
    "a pattern ends in a backslash": "正则表达式以反斜杠结尾",
    "in a replacement only \\\\ and \\$ are escapes": "替换文本里只有 \\\\ 和 \\$ 是转义",
    "a class cannot refer to a group": "字符类里不能引用分组",
    "a dollar in a replacement needs a group number": "替换文本里的 $ 后须有分组编号",
}  # fmt: skip
_SLOT = r"(.+?)"
_PATTERNS = [
    (re.compile(_SLOT.join(map(re.escape, english.split("{}"))), re.DOTALL), chinese)
    for english, chinese in sorted(CHINESE.items(), key=lambda pair: -len(pair[0].replace("{}", "")))
]


def said(remark: str) -> str:
    """The remark in the reader's language; one that is not known stays as it is."""
    return remark if i18n.language() == "en" else chinese(remark) or remark


def chinese(remark: str) -> str | None:
    """The remark in Chinese; None where it is not known. What stands before a colon may be a decision or function."""
    for pattern, text in _PATTERNS:
        found = pattern.fullmatch(remark)
        if found:
            return text.format(*(_kind(group) for group in found.groups()))
    name, colon, rest = remark.partition(": ")
    inner = chinese(rest) if colon else None
    return f"{name}：{inner}" if inner else None


def _kind(group: str) -> str:
    """A type's name in Chinese; `date`, `time` and the like are functions as well and stay. Numbers are listed."""
    if re.fullmatch(r"\d+(, \d+)+", group):
        return group.replace(", ", "、")
    return TYPES[group][0] if group in TYPES and group not in ("date", "time", "date and time") else group
