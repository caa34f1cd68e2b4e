"""The words of buying as pages show them: codes, labels of a notice's parts, and a notice laid out for reading."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lastmeter.procurement.remedies import MATTERS
from lastmeter.procurement.tender_documents import METHOD_NAMES
from lastmeter.stations.reading import standing
from lastmeter_web import i18n

Pair = tuple[str, str]

STATUSES: Mapping[str, Pair] = {
    "planning": ("编制中", "being prepared"), "open": ("接受投标", "open for bids"), "opened": ("已开标", "opened"),
    "evaluated": ("已评审", "evaluated"), "decided": ("已定标", "decided"), "awarded": ("已公告结果", "award published"),
    "failed": ("废标", "failed"), "void": ("采购无效", "void"), "cancelled": ("已终止", "ended without award"),
}  # fmt: skip
LOT_STATUSES: Mapping[str, Pair] = {
    "open": ("进行中", "open"), "failed": ("废标", "failed"), "awarded": ("已定标", "awarded"),
}  # fmt: skip
BID_STATUSES: Mapping[str, Pair] = {
    "sealed": ("已密封", "sealed"), "withdrawn": ("已撤回", "withdrawn"), "opened": ("已启封", "opened"),
    "invalid": ("无效", "invalid"), "qualified": ("资格合格", "qualified"), "rejected": ("未通过审查", "rejected"),
    "ranked": ("已排序", "ranked"),
}  # fmt: skip
CHALLENGE_RESULTS: Mapping[str, Pair] = {
    "rejected": ("不予受理", "not accepted"), "upheld": ("成立", "upheld"), "dismissed": ("不成立", "dismissed"),
    "not_replied": ("逾期未答复", "not answered in time"),
}  # fmt: skip
KINDS: Mapping[str, Pair] = {
    "requirement": ("采购需求", "Requirement"), "tender_notice": ("采购公告", "Notice"),
    "amendment": ("澄清或修改", "Clarification"), "opening_record": ("开标记录", "Opening record"),
    "failure": ("废标公告", "Failure"), "evaluation_report": ("评审报告", "Evaluation report"),
    "award": ("结果公告", "Award"), "award_void": ("结果撤销", "Award voided"),
    "single_source": ("单一来源公示", "Single source"), "price_record": ("协商记录", "Price talks"),
    "challenge_reply": ("质疑答复", "Reply to a challenge"), "complaint_decision": ("投诉处理决定", "Complaint decision"),
    "consultation_record": ("磋商记录", "Consultation"), "committee": ("评审委员会", "Committee"),
}  # fmt: skip
CONTRACT_STATUSES: Mapping[str, Pair] = {
    "draft": ("起草中", "draft"), "active": ("履行中", "in force"), "over": ("期满待办结", "term over, being closed"), "suspended": ("中止", "suspended"),
    "terminated": ("已终止", "terminated"), "ended": ("已期满", "ended"),
}  # fmt: skip
LINE_STATES: Mapping[str, Pair] = {
    "planned": ("计划", "planned"), "met": ("已满足", "met"), "missed": ("已错过", "missed"),
    "provisional": ("暂定", "provisional"),
}  # fmt: skip

# A part of a notice that is not listed here is not shown: what is published is chosen, never what happens to be there.
LABELS: Mapping[str, Pair] = {
    "no": ("项目编号", "Number"), "title": ("项目名称", "Project"), "method": ("采购方式", "Method"),
    "object_type": ("采购标的", "Object"), "budget_fen": ("预算", "Budget"), "term_months": ("履行期限（月）", "Term (months)"),
    "lots": ("分包", "Lots"), "content": ("服务内容", "Content"), "standard": ("服务标准", "Standard"),
    "requirements": ("服务要求", "Requirements"), "supplier_conditions": ("承接主体条件", "Conditions for suppliers"),
    "recipients_scope": ("服务对象", "Recipients"), "service_items": ("服务数量", "Quantities"),
    "contact": ("联系方式", "Contact"), "opening_place": ("开标地点", "Place of opening"),
    "docs_from": ("文件获取自", "Documents from"), "docs_until": ("文件获取至", "Documents until"),
    "bid_deadline": ("投标截止时间", "Bid deadline"), "price_points": ("价格分", "Points for the price"),
    "factors": ("评审因素", "Scoring factors"), "scoring_notes": ("评审说明", "Notes on scoring"),
    "bond_fen": ("投标保证金", "Bid bond"), "opinion_until": ("意见征求至", "Opinions until"),
    "question": ("问题", "Question"), "answer": ("答复", "Answer"), "material": ("影响投标文件编制", "Affects the bids"),
    "deadline_before": ("原截止时间", "Deadline before"), "deadline_after": ("现截止时间", "Deadline now"),
    "least": ("最少供应商数", "Least suppliers"), "awards": ("中标（成交）结果", "Awards"),
    "experts": ("评审专家", "Experts"), "documents": ("采购文件", "Documents"), "reason": ("理由", "Reasons"),
    "supplier": ("供应商", "Supplier"), "uscc": ("统一社会信用代码", "Credit code"), "opinion": ("专家论证意见", "Opinion"),
    "result": ("结果", "Result"), "decision": ("处理决定", "Decision"), "reply": ("答复内容", "Reply"), "matter": ("事项", "Matter"),
    "opened_at": ("启封时间", "Opened at"), "deadline": ("截止时间", "Deadline"), "opened_by": ("启封人", "Opened by"),
    "witnessed_by": ("见证人", "Witnessed by"), "bids": ("投标", "Bids"), "summary": ("评审意见", "Findings"),
    "members": ("评审委员会成员", "Committee"), "prices": ("报价", "Prices"), "record": ("记录", "Record"),
    # columns of rows
    "lot": ("包", "Lot"), "lot_no": ("包", "Lot"), "lot_name": ("名称", "Name"), "name": ("名称", "Name"),
    "value_fen": ("金额", "Amount"), "items": ("主要标的", "Items"), "total": ("得分", "Points"), "rank": ("名次", "Rank"),
    "item_name": ("标的", "Item"), "spec": ("规格", "Specification"), "quantity": ("数量", "Quantity"),
    "unit_price_fen": ("单价", "Unit price"), "service": ("服务", "Service"), "qty": ("数量", "Quantity"),
    "unit": ("单位", "Unit"), "condition": ("条件", "Condition"), "legal_basis": ("法律依据", "Legal basis"),
    "max_points": ("分值", "Points"), "criterion": ("评审标准", "Criterion"), "price_fen": ("报价", "Price"),
    "sealed_at": ("密封时间", "Sealed at"), "sha256": ("文件指纹（SHA-256）", "Fingerprint (SHA-256)"),
    "status": ("状态", "State"), "dissent": ("不同意见", "Dissent"),
}  # fmt: skip
CODES: Mapping[str, Pair] = {
    **METHOD_NAMES, **BID_STATUSES, **CHALLENGE_RESULTS,
    "services": ("服务", "services"), "goods": ("货物", "goods"), "works": ("工程", "works"),
    "person_times": ("人次", "person-times"), "events": ("场", "events"), "cases": ("个", "cases"),
    "hours": ("小时", "hours"), "months": ("月", "months"), "challenge_upheld": ("质疑成立", "a challenge was upheld"),
    "quality": ("质量", "quality"), "price": ("价格", "price"),
}  # fmt: skip
METHOD_REASONS: Mapping[str, Pair] = {
    "open_by_rule": ("达到公开招标数额标准（政府采购法 26、27）", "at or above the amount for open tender (Law 26, 27)"),
    "limited_suppliers": ("只能从有限范围供应商采购（政府采购法 29、34）", "a limited range of suppliers (Law 29, 34)"),
    "negotiation": ("符合竞争性谈判情形（政府采购法 30）", "a case of negotiation (Law 30)"),
    "purchased_service": ("政府购买服务项目（财库〔2014〕214号 3）", "government-purchased service (Caiku [2014] 214, 3)"),
    "single_source": ("只能从唯一供应商采购等情形（政府采购法 31）", "a case of single source (Law 31)"),
    "uniform_goods": ("规格统一的现货（政府采购法 32）", "goods of uniform specification (Law 32)"),
}  # fmt: skip
_CODED = frozenset({"method", "object_type", "unit", "status", "result", "reason"})


@dataclass(frozen=True)
class Part:
    """One labelled part of a notice: a text, or rows under columns."""

    key: str
    label: str
    text: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    parts: tuple[Part, ...] = ()


def name(names: Mapping[str, Pair], code: object) -> str:
    """The code's name in the reader's language; an unknown code names itself."""
    found = names.get(str(code))
    return str(code or "") if found is None else i18n.both(*found)


def parts(content: Mapping[str, Any]) -> list[Part]:
    """A notice's content for reading, in the order of LABELS; what has no label stays unsaid."""
    return [_part(key, _spoken(content, key)) for key in LABELS if content.get(key) not in (None, "", [], {})]


def _part(key: str, value: Any) -> Part:
    label = i18n.both(*LABELS[key])
    if isinstance(value, Mapping):
        return Part(key, label, parts=tuple(parts(value)))
    if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        labels = {**LABELS, "no": ("编号", "No."), "name": ("名称", "Name")}
        columns = [column for column in LABELS if any(row.get(column) not in (None, "", []) for row in value)]
        return Part(
            key, label, columns=tuple(i18n.both(*labels[column]) for column in columns),
            rows=tuple(tuple(said(column, _spoken(row, column)) for column in columns) for row in value),
        )  # fmt: skip
    return Part(key, label, text=said(key, value))


def _spoken(row: Mapping[str, Any], key: str) -> Any:
    """What the row says under the key; in English under `<key>_en`, where it has that."""
    return (row.get(f"{key}_en") if i18n.language() == "en" else None) or row.get(key)


def said(key: str, value: Any) -> str:
    """A value as people read it, by the name it has."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return i18n._("是") if value else i18n._("否")
    if isinstance(value, Mapping):
        named = (f"{i18n.both(*LABELS[k])} {said(k, _spoken(value, k))}" for k, v in value.items() if k in LABELS and v)
        return i18n._("；").join(named)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return i18n._("、").join(said(key, each) for each in value)
    if key.endswith("_fen") and str(value).lstrip("-").isdigit():
        return i18n.yuan(int(value))
    if key == "matter":
        return name(MATTERS, value)
    if key in _CODED:
        return name(CODES, value)
    return _moment(str(value))


def _moment(text: str) -> str:
    """ISO days and instants as the reader writes them; any other text as it is."""
    if len(text) < 10 or text[4:5] != "-" or text[7:8] != "-":
        return text
    try:
        return (
            i18n.day(dt.date.fromisoformat(text)) if len(text) == 10 else i18n.moment(dt.datetime.fromisoformat(text))
        )
    except ValueError:
        return text


def facts() -> dict[str, Any]:
    """What templates of both features use."""
    return {
        "status_name": partial(name, STATUSES), "lot_status": partial(name, LOT_STATUSES), "bid_status": partial(name, BID_STATUSES),
        "method_name": partial(name, METHOD_NAMES), "kind_name": partial(name, KINDS), "matter_name": partial(name, MATTERS),
        "challenge_result": partial(name, CHALLENGE_RESULTS), "contract_status": partial(name, CONTRACT_STATUSES), "standing": standing,
        "method_reason": partial(name, METHOD_REASONS),
        "line_state": partial(name, LINE_STATES), "notice_parts": parts,
    }  # fmt: skip
