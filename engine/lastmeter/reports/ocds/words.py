"""Codes, amounts, instants and references as the standard writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lastmeter import clock
from lastmeter.identity.models import Organisation

SCHEME = "CN-USCC"  # 统一社会信用代码
# Consultation and negotiation are begun by a public notice here: whoever qualifies may take part.
METHODS: Mapping[str, tuple[str, str]] = {
    "open_tender": ("open", "公开招标"),
    "invited_tender": ("selective", "邀请招标"),
    "competitive_consultation": ("open", "竞争性磋商"),
    "negotiation": ("open", "竞争性谈判"),
    "single_source": ("direct", "单一来源采购"),
}
CATEGORIES: Mapping[str, str] = {"services": "services", "goods": "goods", "works": "works"}
SOURCES: Mapping[str, str] = {"city": "市级财政", "district": "区级财政", "street": "街道（镇）", "charity": "慈善资金"}
GRADES: Mapping[str, str] = {"excellent": "优秀", "good": "良好", "qualified": "合格", "unqualified": "不合格"}
GROUNDS: Mapping[str, str] = {
    "evaluation": "年度评估不合格",
    "transfer": "服务转包",
    "breach": "违约",
    "public_interest": "损害国家或公共利益",
    "agreement": "双方协商",
    "challenge_upheld": "质疑成立，中标结果撤销",
}


def moment(at: dt.datetime) -> str:
    """The instant in the law's zone: of two texts the later one sorts behind, as readers of releases expect."""
    return at.astimezone(clock.ZONE).isoformat(timespec="milliseconds")


def start_of(day: dt.date) -> dt.datetime:
    return clock.at(day, dt.time())


def day(of: dt.date) -> str:
    return moment(start_of(of))


def money(fen: int) -> dict[str, Any]:
    """Yuan with at most two decimals."""
    yuan, rest = divmod(fen, 100)
    return {"amount": fen / 100 if rest else yuan, "currency": "CNY"}


def yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:.2f}元"


def number(value: object) -> int | float | None:
    """The number that a notice holds as a number or as text."""
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return None
    if not found.is_finite():
        return None
    return int(found) if found == found.to_integral_value() else float(found)


def identity(organisation: Organisation) -> str:
    return f"{SCHEME}-{organisation.uscc}" if organisation.uscc else f"organisation-{organisation.id}"


def reference(organisation: Organisation) -> dict[str, str]:
    return {"id": identity(organisation), "name": organisation.name}


def party(organisation: Organisation, roles: list[str]) -> dict[str, Any]:
    known = {"scheme": SCHEME, "id": organisation.uscc, "legalName": organisation.name} if organisation.uscc else None
    return {**reference(organisation), "roles": roles} | ({"identifier": known} if known else {})
