"""Every user task of a package has a form that exists, and every form can be compiled."""

from __future__ import annotations

from collections.abc import Iterator

from lastmeter.definitions.findings import Finding
from lastmeter.definitions.lint.subject import Rule, Subject, form_key
from lastmeter.forms import FormRefused, load_form
from lastmeter.forms.conditions import doubts_of

WITHOUT = Rule(
    "task-without-form",
    "“{name}”没有自己的表单",
    "“{name}” has no form of its own",
    "填写 formKey，并把表单放进流程包",
    "set formKey and put the form into the package",
)
UNKNOWN = Rule(
    "form-unknown",
    "“{name}”要用的表单 {form} 不在流程包里",
    "“{name}” asks for the form {form}, which is not in the package",
    "加上 {form}.json，或改正 formKey",
    "add {form}.json or correct formKey",
)
START = Rule(
    "form-unknown",
    "process.toml 写的开始表单 {form} 不在流程包里",
    "the start form {form} of process.toml is not in the package",
    "加上 {form}.json，或改正 start.form",
    "add {form}.json or correct start.form",
)
BROKEN = Rule(
    "form-broken",
    "表单 {form} 的 {field}：{zh}",
    "form {form}, {field}: {en}",
    "在表单设计器里改正",
    "correct it in the form editor",
    everywhere=True,
)
DOUBT = Rule(
    "form-doubt",
    "表单 {form} 的 {field}：表达式“{text}”第 {line} 行第 {column} 列：{zh}",
    "form {form}, {field}: the expression “{text}”, line {line}, column {column}: {en}",
    "改正表达式，否则此处得空值",
    "correct the expression; as it stands this part gives null",
    most="warning",
)
UNUSED = Rule(
    "form-unused",
    "没有步骤使用表单 {form}",
    "no step uses the form {form}",
    "删去，或在步骤上填写 formKey",
    "remove it or name it at a step",
    most="note",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Findings for missing, broken and unused forms."""
    package = subject.package
    used = {package.start_form} if package.start_form else set()
    if package.start_form and package.start_form not in package.forms:
        yield subject.finding(START, None, form=package.start_form)
    for element in subject.every("userTask"):
        key = form_key(element)
        if not key:
            yield subject.finding(WITHOUT, element)
        elif key not in package.forms:
            yield subject.finding(UNKNOWN, element, form=key)
        used.add(key)
    for key, schema in package.forms.items():
        yield from _broken(subject, key, schema)
        yield from _doubts(subject, key)
        if key not in used:
            yield subject.finding(UNUSED, None, form=key)


def _broken(subject: Subject, key: str, schema: object) -> Iterator[Finding]:
    try:
        if isinstance(schema, dict):
            load_form(schema)
    except FormRefused as refused:
        for found in refused.findings:
            yield subject.finding(BROKEN, None, form=key, field=found.field, zh=found.say("zh"), en=found.say("en"))


def _doubts(subject: Subject, key: str) -> Iterator[Finding]:
    form = subject.forms.get(key)
    for field, text in form.expressions() if form is not None else ():
        for doubt in doubts_of(text):
            yield subject.finding(
                DOUBT, None, form=key, field=field or "lm.checks", text=text, line=doubt.line, column=doubt.column,
                zh=doubt.hint_zh, en=doubt.hint_en,
            )  # fmt: skip
