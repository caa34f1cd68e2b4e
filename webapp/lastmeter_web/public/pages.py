"""Notices, awards, contracts, decisions on complaints, filed plans: for everybody, readable without JavaScript.

Source: 政府采购法 11, 63; 条例 30, 43, 50; 令87 69.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import func, or_, select

from lastmeter.errors import InvalidInput, Missing
from lastmeter.identity.models import Organisation
from lastmeter.procurement.models import AnnualPlan, Notice, PlanLine, Procurement
from lastmeter.stations.models import Contract
from lastmeter.stations.rules import CONTRACT_PARTS
from lastmeter.workflow.models import Submission
from lastmeter_web import i18n, procurement_texts
from lastmeter_web.extensions import db
from lastmeter_web.security import PUBLIC, allow

blueprint = Blueprint("public", __name__, template_folder="templates", url_prefix="/public")
PAGE = 30
KINDS = (
    "requirement",
    "tender_notice",
    "amendment",
    "failure",
    "award",
    "award_void",
    "single_source",
    "complaint_decision",
)
PART_NAMES: Mapping[str, tuple[str, str]] = {
    "content": ("服务内容", "Content"), "term": ("期限", "Term"), "quantity": ("数量", "Quantity"),
    "quality": ("质量", "Quality"), "price": ("价格", "Price"), "settlement": ("资金结算方式", "Settlement"),
    "rights_duties": ("双方权利义务", "Rights and duties"), "liability": ("违约责任", "Liability"),
}  # fmt: skip


@dataclass(frozen=True)
class Redaction:
    """A clause that stays a secret, with the reason that the contract's notice gives. Source: 条例 50."""

    clause: str
    reason: str


@blueprint.context_processor
def _facts() -> dict[str, Any]:
    return procurement_texts.facts()


@blueprint.get("/")
@allow(PUBLIC)
def show() -> str:
    """The newest notices; by kind, by words, a page at a time."""
    asked = {name: request.args.get(name) or None for name in ("q", "kind", "before")}
    query = (
        select(Notice, Procurement)
        .join(Procurement, Procurement.id == Notice.procurement_id)
        .where(Notice.is_public, Notice.kind.in_(KINDS))
    )
    if asked["kind"]:
        query = query.where(Notice.kind == asked["kind"])
    if asked["q"]:
        word = asked["q"]
        query = query.where(
            or_(
                Notice.title_zh.icontains(word, autoescape=True), Notice.title_en.icontains(word, autoescape=True),
                Procurement.no.icontains(word, autoescape=True),
            )
        )  # fmt: skip
    if asked["before"]:
        query = query.where(Notice.id < _number(asked["before"]))
    rows = db.session().execute(query.order_by(Notice.id.desc()).limit(PAGE + 1)).all()
    return render_template(
        "public/show.html", rows=rows[:PAGE], more=rows[PAGE - 1][0].id if len(rows) > PAGE else None, asked=asked,
        kinds=KINDS,
    )  # fmt: skip


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput(field="before", reason="not_an_integer")
    return int(text)


@blueprint.get("/notices/<int:notice_id>")
@allow(PUBLIC)
def notice(notice_id: int) -> str:
    """One notice with its fingerprint. Raises Missing for a record that stays in the file."""
    found = db.session().get(Notice, notice_id)
    if found is None or not found.is_public or found.kind not in KINDS:
        raise Missing(what="notice", id=notice_id)
    procurement = db.session().get_one(Procurement, found.procurement_id)
    return render_template("public/notice.html", notice=found, procurement=procurement)


@blueprint.get("/procurements/<no>")
@allow(PUBLIC)
def procurement(no: str) -> str:
    """A procurement's public notices in order, and its published contracts. Raises Missing before the first notice."""
    session = db.session()
    found = session.scalar(select(Procurement).where(Procurement.no == no))
    query = select(Notice).where(Notice.is_public, Notice.kind.in_(KINDS)).order_by(Notice.id)
    notices = [] if found is None else list(session.scalars(query.where(Notice.procurement_id == found.id)))
    if found is None or not notices:
        raise Missing(what="procurement", no=no)
    contracts = session.scalars(
        select(Contract)
        .where(Contract.procurement_id == found.id, Contract.published_on.is_not(None))
        .order_by(Contract.id)
    )
    return render_template(
        "public/procurement.html", procurement=found, notices=notices, contracts=list(contracts),
        district=session.get_one(Organisation, found.district_id),
    )  # fmt: skip


@blueprint.get("/contracts")
@allow(PUBLIC)
def contracts() -> str:
    """The published contracts, newest first."""
    before = request.args.get("before")
    query = select(Contract).where(Contract.published_on.is_not(None)).order_by(Contract.id.desc()).limit(PAGE + 1)
    if before:
        query = query.where(Contract.id < _number(before))
    rows = list(db.session().scalars(query))
    return render_template(
        "public/contracts.html", rows=rows[:PAGE], more=rows[PAGE - 1].id if len(rows) > PAGE else None
    )


@blueprint.get("/contracts/<number>")
@allow(PUBLIC)
def contract(number: str) -> str:
    """A published contract without what its notice keeps secret. Raises Missing before it is published."""
    session = db.session()
    found = session.scalar(select(Contract).where(Contract.number == number, Contract.published_on.is_not(None)))
    if found is None:
        raise Missing(what="contract", number=number)
    hidden = _redactions(found)
    return render_template("public/contract.html", contract=found, parts_of=_parts(found, hidden), redactions=hidden)


def _redactions(found: Contract) -> list[Redaction]:
    """What the newest notice of the contract keeps back."""
    if found.instance_id is None:
        return []
    data = db.session().scalar(
        select(Submission.data)
        .where(Submission.instance_id == found.instance_id, Submission.element_id == "task_publish")
        .order_by(Submission.id.desc())
        .limit(1)
    )
    rows = (data or {}).get("redactions") or ()
    return [Redaction(str(row.get("clause") or ""), str(row.get("reason") or "")) for row in rows]


def _parts(found: Contract, hidden: list[Redaction]) -> list[tuple[str, str]]:
    """The contract's parts that may be read. A clause that names none of them hides them all: better too little."""
    named = {
        part: {word.casefold() for word in (part, *PART_NAMES[part])} for part in CONTRACT_PARTS if part in PART_NAMES
    }
    secret: set[str] = set()
    for each in hidden:
        meant = {part for part, words in named.items() if any(word in each.clause.casefold() for word in words)}
        secret |= meant or set(named)
    return [
        (i18n.both(*PART_NAMES[part]), str(found.parts[part]))
        for part in named
        if part not in secret and found.parts.get(part)
    ]


@blueprint.get("/plans")
@allow(PUBLIC)
def plans() -> str:
    """The filed yearly plans in summary. Source: 实施方案 四(一)."""
    session = db.session()
    rows = session.execute(
        select(AnnualPlan, Organisation)
        .join(Organisation, Organisation.id == AnnualPlan.district_id)
        .where(AnnualPlan.status == "filed")
        .order_by(AnnualPlan.year.desc(), AnnualPlan.id)
        .limit(200)
    ).all()
    counts = session.execute(
        select(PlanLine.plan_id, func.count())
        .where(PlanLine.plan_id.in_([row[0].id for row in rows]), PlanLine.kind == "street")
        .group_by(PlanLine.plan_id)
    )
    return render_template("public/plans.html", rows=rows, counts={row[0]: row[1] for row in counts})
