"""Why a form schema is refused at publication, in both languages."""

from __future__ import annotations

REASONS: dict[str, tuple[str, str]] = {
    "not_a_form": ("不是表单定义：应为 type 为 default 的 JSON 对象。", "Not a form: a JSON object of type default."),
    "schema_version": (
        "schemaVersion 应为 1 至 {most} 的整数。",
        "schemaVersion must be a whole number from 1 to {most}.",
    ),
    "too_many_components": ("组件过多，最多 {most} 个。", "Too many components; at most {most}."),
    "too_deep": ("嵌套过深，最多 {most} 层。", "Nested too deeply; at most {most} levels."),
    "unknown_component": ("不支持组件类型 {given}。", "The component type {given} is not supported."),
    "unknown_attribute": ("不支持属性 {given}。", "The attribute {given} is not supported."),
    "unknown_property": ("不支持扩展属性 {given}。", "The property {given} is not supported."),
    "bad_attribute": (
        "属性 {given} 的值不符合要求：应为{expected_zh}。",
        "The attribute {given} must be {expected_en}.",
    ),
    "unknown_type": ("没有字段类型 {given}。", "There is no field type {given}."),
    "type_on_component": (
        "字段类型 {given} 不能用于组件 {component}。",
        "The field type {given} cannot be a {component}.",
    ),
    "key_missing": ("缺少键名（key）。", "The key is missing."),
    "key_malformed": (
        "键名 {given} 应以字母开头，仅含字母、数字和下划线，最长64个字符。",
        "The key {given} must begin with a letter and hold only letters, digits and underscores, 64 at most.",
    ),
    "key_reserved": ("键名 {given} 为系统保留。", "The key {given} is reserved."),
    "key_twice": ("键名 {given} 重复。", "The key {given} is used twice."),
    "label_missing": ("缺少中文名称（label）。", "The Chinese label is missing."),
    "classification": ("密级应为 {expected} 之一。", "The classification must be one of {expected}."),
    "options_missing": (
        "没有选项：请填写 values、valuesKey 或 valuesExpression。",
        "No options: give values, valuesKey or valuesExpression.",
    ),
    "option_twice": ("选项值 {given} 重复。", "The option value {given} is used twice."),
    "expression": (
        "第 {line} 行第 {column} 列的表达式有误：{hint_zh}",
        "The expression is wrong at line {line}, column {column}: {hint_en}",
    ),
    "pattern_wrong": ("正则表达式有误。", "The pattern is not a regular expression."),
    "pattern_slow": (
        "正则表达式在某些输入上耗时过长，请改写。",
        "The pattern takes too long on some input; write it otherwise.",
    ),
    "deadline_rule": ("期限登记册中没有规则 {given}。", "The register of deadlines has no rule {given}."),
    "check_field": ("校验规则指向不存在的字段 {given}。", "The check names a field {given} that is not there."),
    "limits": ("下限大于上限。", "The lower limit is above the upper one."),
    "computed_required": (
        "计算字段缺少表达式（lm.computed）。",
        "A computed field needs its expression (lm.computed).",
    ),
    "json": ("不是可接受的 JSON：{given}。", "Not JSON that can be accepted: {given}."),
}
