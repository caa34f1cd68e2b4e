"""What a decision's values, names and cells are called: a table that people can read who know no FEEL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from lastmeter.decisions.tables import HIT_POLICIES, Input, Output
from lastmeter.feel import FeelSyntaxError, text_of
from lastmeter.feel.errors import NoValue
from lastmeter.feel.parser import parse, parse_tests
from lastmeter.feel.tree import Literal, Negation, Node, RangeOf, Unary
from lastmeter.forms.form import Form
from lastmeter_web import i18n
from lastmeter_web.i18n import _, both

Pair = tuple[str, str]
POLICIES: Mapping[str, Pair] = {
    "U": ("任何情形至多一行适用", "at most one rule applies"),
    "A": ("可有多行适用，结论须一致", "several rules may apply if they agree"),
    "P": ("多行适用时，取结论优先的一行", "of several rules, the one whose output ranks first"),
    "F": ("自上而下，第一个适用的行为准", "from the top, the first rule that applies"),
    "R": ("列出所有适用行的结论，按行序", "the outputs of all rules that apply, in their order"),
    "O": ("列出所有适用行的结论，按优先次序", "the outputs of all rules that apply, by rank"),
    "C": ("收集所有适用行的结论", "the outputs of all rules that apply, collected"),
    "C+": ("所有适用行的结论之和", "the sum of the outputs of all rules that apply"),
    "C<": ("所有适用行的结论中最小的", "the least of the outputs of all rules that apply"),
    "C>": ("所有适用行的结论中最大的", "the greatest of the outputs of all rules that apply"),
    "C#": ("适用的行数", "the number of rules that apply"),
}
TYPES: Mapping[str, Pair] = {
    "number": ("数字", "number"), "string": ("文字", "text"), "boolean": ("是或否", "yes or no"),
    "date": ("日期", "date"), "time": ("时间", "time"), "date and time": ("日期和时间", "date and time"),
    "days and time duration": ("时长", "duration"), "years and months duration": ("年月时长", "years and months"),
    "list": ("列表", "list"), "context": ("上下文", "context"), "range": ("区间", "range"), "null": ("空值", "null"),
    "function": ("函数", "function"),
}  # fmt: skip
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "=": ""}
_CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Words:
    """The words of a model: its own, then those of the forms in which people choose the same values."""

    own: Mapping[tuple[str, str], Pair] = field(default_factory=dict)  # by variable and value, "" for any variable
    options: Mapping[tuple[str, str], Pair] = field(default_factory=dict)  # by field and value
    fields: Mapping[str, Pair] = field(default_factory=dict)

    @classmethod
    def of(cls, own: Mapping[tuple[str, str], Pair], forms: Iterable[Form]) -> Words:
        options: dict[tuple[str, str], Pair] = {}
        fields: dict[str, Pair] = {}
        for form in forms:
            for each in form.walk():
                if each.key is None:
                    continue
                fields.setdefault(each.key, (each.label.zh, each.label.en))
                for option in each.options:
                    options.setdefault((each.key, str(option.value)), (option.label.zh, option.label.en))
        return cls(own, options, fields)

    # --- names -------------------------------------------------------------------------------------------------

    def name(self, name: str, label: str = "") -> str:
        """What a variable, column or decision is called."""
        if label and label != name:
            return spoken(label)
        return both(*self.fields[name]) if name in self.fields else name

    def input(self, column: Input) -> str:
        return self.name(column.expression.text, column.label)

    def output(self, column: Output) -> str:
        return self.name(column.name, column.label) or _("结论")

    # --- values ------------------------------------------------------------------------------------------------

    def value(self, value: object, name: str = "") -> str:
        """A value in words; `name` is the variable that has it, which tells codes and money."""
        if value is None:
            return _("空")
        if isinstance(value, bool):
            return _("是") if value else _("否")
        if isinstance(value, str):
            return self._code(value, name)
        if isinstance(value, Decimal) and name.endswith("_fen") and value == value.to_integral_value():
            return i18n.yuan(int(value))
        if isinstance(value, list):
            return _("无") if not value else _listed([self.value(each, name) for each in value])
        if isinstance(value, dict):
            parts = [f"{self.name(key)}{_('：')}{self.value(each, key)}" for key, each in value.items()]
            return both("；", "; ").join(parts)
        return text_of(value)

    def _code(self, value: str, name: str) -> str:
        found = self.own.get((name, value)) or self.options.get((name, value)) or self.own.get(("", value))
        if found:
            return both(*found)
        return _("其他") if value and set(value) == {"…"} else spoken(value)

    def codes(self, name: str) -> list[str]:
        """The values of the variable that have words, in the order in which their author wrote them."""
        return [value for own in (self.own, self.options) for variable, value in own if variable == name]

    # --- cells -------------------------------------------------------------------------------------------------

    def cell(self, text: str, name: str) -> tuple[str, bool]:
        """A cell of conditions in words, and whether it is said in words; else it is FEEL as it was written."""
        try:
            tests = parse_tests(text)
            said = _listed([self._test(each, name) for each in tests.tests])
        except (FeelSyntaxError, NoValue):
            return text, False
        return (_("除外：{said}", said=said) if tests.negated else said), True

    def entry(self, text: str, name: str) -> tuple[str, bool]:
        """A cell of conclusions in words, "" for null, and whether it is said in words."""
        try:
            value = _constant(parse(text))
            return "" if value is None else self.value(value, name), True
        except (FeelSyntaxError, NoValue):
            return text, False

    def _test(self, test: Node, name: str) -> str:
        if isinstance(test, Unary):
            sign = _SIGNS.get(test.operator, test.operator)
            return f"{sign} {self.value(_constant(test.operand), name)}".strip()
        if isinstance(test, RangeOf):
            return self._range(test, name)
        return self.value(_constant(test), name)

    def _range(self, test: RangeOf, name: str) -> str:
        low = None if test.low is None else self.value(_constant(test.low), name)
        high = None if test.high is None else self.value(_constant(test.high), name)
        if low is not None and high is not None and test.low_included and test.high_included:
            return f"{low} – {high}"
        ends = []
        if low is not None:
            ends.append(f"{'≥' if test.low_included else '>'} {low}")
        if high is not None:
            ends.append(f"{'≤' if test.high_included else '<'} {high}")
        return both("，且 ", " and ").join(ends)


def spoken(text: str) -> str:
    """The half that the reader understands of a text written `中文 · English`."""
    chinese, dot, english = text.partition(" · ")
    return both(chinese, english) if dot and _CHINESE.search(chinese) else text


def policy(letter: str) -> str:
    """What a hit policy means."""
    return both(*POLICIES[letter])


def policy_name(letter: str) -> str:
    """The standard's name of a hit policy: `FIRST`, `COLLECT +`."""
    return " ".join([HIT_POLICIES[letter[0]], *letter[1:]])


def type_name(name: str) -> str:
    """What a FEEL type is called."""
    return both(*TYPES.get(name, (name, name)))


def _listed(parts: list[str]) -> str:
    return both("、", ", ").join(parts)


def _constant(node: Node) -> object:
    """The value of a literal. Raises NoValue for anything else."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Negation) and isinstance(node.operand, Literal) and isinstance(node.operand.value, Decimal):
        return -node.operand.value
    raise NoValue("not a constant")


__all__ = ["POLICIES", "TYPES", "Words", "policy", "policy_name", "spoken", "type_name"]
