"""What a form says when it refuses: a key with facts, and the sentence for it in both languages.

Facts hold limits and names from the form, never what was typed: messages reach logs, and what was typed may be secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Message:
    """One refusal of one field."""

    key: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def say(self, language: str, label: str = "") -> str:
        """The sentence in `language` (zh or en): the field by its `label`, what is wrong, what would be right."""
        if self.key == "check":
            return str(self.facts["en" if language == "en" else "zh"])
        template = MESSAGES[self.key][1 if language == "en" else 0]
        name = label or ("This field" if language == "en" else "此项")
        facts = {
            key.removesuffix(f"_{language}"): value
            for key, value in self.facts.items()
            if not key.endswith("_zh" if language == "en" else "_en")
        }
        return template.format(label=name, **facts)


MESSAGES: dict[str, tuple[str, str]] = {
    "required": ("请填写“{label}”。", "{label} is missing; please fill it in."),
    "must_be_true": ("须确认“{label}”后才能提交。", "{label} must be confirmed before you can submit."),
    "too_long": (
        "“{label}”过长，请缩减到 {most} 个字符以内。",
        "{label} is too long; shorten it to {most} characters.",
    ),
    "too_short": (
        "“{label}”过短，至少需要 {least} 个字符。",
        "{label} is too short; give at least {least} characters.",
    ),
    "not_text": ("“{label}”应为文字。", "{label} must be text."),
    "unstorable": (
        "“{label}”含有无法保存的控制字符，请删除后重新输入。",
        "{label} holds control characters that cannot be kept; remove them and type it again.",
    ),
    "pattern": (
        "“{label}”的格式不符合要求，请按提示填写。",
        "{label} does not have the required form; follow the hint.",
    ),
    "email": (
        "“{label}”不是有效的电子邮箱，例如 name@example.cn。",
        "{label} is not an e-mail address such as name@example.cn.",
    ),
    "not_a_number": ("“{label}”应为数字，例如 1200 或 12.5。", "{label} must be a number such as 1200 or 12.5."),
    "not_an_integer": ("“{label}”应为整数，例如 12。", "{label} must be a whole number such as 12."),
    "too_many_digits": (
        "“{label}”的数字过长，最多 {most} 位。",
        "{label} has too many digits; at most {most} can be kept.",
    ),
    "too_many_decimals": (
        "“{label}”最多保留 {most} 位小数。",
        "{label} may have at most {most} decimal places.",
    ),
    "too_small": ("“{label}”不能小于 {least}。", "{label} must be at least {least}."),
    "too_big": ("“{label}”不能大于 {most}。", "{label} must be at most {most}."),
    "not_money": (
        "“{label}”应为以元为单位的金额，例如 12,345.60。",
        "{label} must be an amount in yuan such as 12,345.60.",
    ),
    "money_decimals": (
        "“{label}”精确到分，最多两位小数，例如 12,345.60。",
        "{label} is exact to the fen: at most two decimals, such as 12,345.60.",
    ),
    "money_negative": ("“{label}”不能为负数。", "{label} must not be negative."),
    "not_a_date": (
        "“{label}”不是有效日期，请按 2026-05-06 的格式填写。",
        "{label} is not a date; write it as 2026-05-06.",
    ),
    "not_a_datetime": (
        "“{label}”不是有效的日期时间，请按 2026-05-06 14:30 的格式填写。",
        "{label} is not a date and time; write it as 2026-05-06 14:30.",
    ),
    "not_a_time": ("“{label}”不是有效时间，请按 14:30 的格式填写。", "{label} is not a time; write it as 14:30."),
    "too_early": ("“{label}”不能早于 {least}。", "{label} must not be before {least}."),
    "too_late": ("“{label}”不能晚于 {most}。", "{label} must not be after {most}."),
    "before_deadline": (
        "“{label}”不得早于 {due}：{plain}（{source}）",
        "{label} must not be before {due}: {plain} ({source})",
    ),
    "after_deadline": (
        "“{label}”不得晚于 {due}：{plain}（{source}）",
        "{label} must not be after {due}: {plain} ({source})",
    ),
    "deadline_unknown": (
        "“{label}”的法定期限无法计算，请先填写起算日期。",
        "The legal period of {label} cannot be reckoned; fill in the day it starts from first.",
    ),
    "not_an_option": ("“{label}”请从所列选项中选择。", "Choose {label} from the options listed."),
    "not_yes_or_no": ("“{label}”应为是或否。", "{label} must be yes or no."),
    "not_a_list": ("“{label}”应为列表。", "{label} must be a list."),
    "not_a_group": ("“{label}”应为一组字段。", "{label} must be a group of fields."),
    "too_many_rows": ("“{label}”最多 {most} 行。", "{label} may have at most {most} rows."),
    "too_few_rows": ("“{label}”至少需要 {least} 行。", "{label} needs at least {least} rows."),
    "unknown_organisation": (
        "“{label}”请选择系统中的机构。",
        "Choose an organisation known to the system for {label}.",
    ),
    "unknown_person": ("“{label}”请选择系统中的人员。", "Choose a person known to the system for {label}."),
    "unknown_region": ("“{label}”请选择系统中的区划。", "Choose a region known to the system for {label}."),
    "unknown_file": (
        "“{label}”的文件不存在或已失效，请重新上传。",
        "A file of {label} is not there any more; please upload it again.",
    ),
    "one_file_only": ("“{label}”只能上传一个文件。", "{label} takes one file only."),
    "id_number": (
        "“{label}”不是有效的居民身份证号码：应为18位，校验码须正确。",
        "{label} is not a resident identity number: 18 characters with a right check digit.",
    ),
    "uscc": (
        "“{label}”不是有效的统一社会信用代码：应为18位，校验码须正确。",
        "{label} is not a unified social credit code: 18 characters with a right check character.",
    ),
    "phone": (
        "“{label}”不是有效的手机号码：应为以1开头的11位数字。",
        "{label} is not a mobile number: 11 digits beginning with 1.",
    ),
    "unknown_field": ("表单中没有此项，请删除。", "The form has no such field; leave it out."),
}
