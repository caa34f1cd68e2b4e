"""The list of contracts, one contract with everything that hangs on it, the list of stations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from lastmeter.errors import InvalidInput
from lastmeter.stations import reading
from lastmeter_web import i18n
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow

blueprint = Blueprint("stations", __name__, template_folder="templates")
PAGE = 50
STATUSES = {
    "draft": ("拟定中", "Draft"), "active": ("履行中", "In force"), "over": ("期满待办结", "Term over, being closed"),
    "suspended": ("中止", "Suspended"),
    "terminated": ("已终止", "Terminated"), "ended": ("已期满", "Ended"), "void": ("已撤销", "Void"),
}  # fmt: skip
GRADES = {
    "excellent": ("优秀", "Excellent"), "good": ("良好", "Good"), "qualified": ("合格", "Qualified"),
    "unqualified": ("不合格", "Unqualified"),
}  # fmt: skip
REPORT_KINDS = {"monthly": ("月度简报", "Monthly brief"), "mid": ("中期报告", "Mid-term report"),
                "final": ("终期报告", "Final report")}  # fmt: skip
SOURCES = {"city": ("市级财政", "City"), "district": ("区县财政", "District"), "street": ("街道统筹", "Street"),
           "charity": ("慈善资金", "Charity")}  # fmt: skip
BREACHES = {
    "too_few": ("不足3人", "fewer than three people"), "too_old": ("有人超过40周岁", "somebody is above 40"),
    "education": ("有人学历低于大专", "somebody lacks college education"),
    "too_few_qualified": ("具备资质者不足三分之二", "less than two thirds are qualified"),
    "not_trained": ("有人培训未合格", "somebody has not passed the training"),
    "not_on_post": ("满一个月未到岗", "not on post within a month"),
}  # fmt: skip
FINDINGS = {"staffing_short": ("人员配备未达标", "Staffing below the standards"),
            "staffing_late": ("逾期未到岗", "Staff late on post"),
            "aspect_weak": ("评估分项薄弱，限期整改", "A weak aspect of the evaluation, to be rectified")}  # fmt: skip
POSTS = {"station_manager": ("站长", "Station manager"), "social_worker": ("社工", "Social worker")}
CERTIFICATES = {
    "assistant": ("助理社会工作师", "Assistant social worker"), "social_worker": ("社会工作师", "Social worker"),
    "senior": ("高级社会工作师", "Senior social worker"),
}  # fmt: skip
GROUNDS = {
    "evaluation": ("年度评估不合格", "Evaluated as unqualified"), "transfer": ("服务转包", "Transfer of the contract"),
    "breach": ("违约", "Breach"), "public_interest": ("损害国家或公共利益", "Public interest"),
    "agreement": ("双方协商", "Agreement"), "challenge_upheld": ("质疑成立，中标结果撤销", "A challenge was upheld"),
}  # fmt: skip
VETOES = {
    "transfer": ("服务转包", "Transfer of the contract"), "forged": ("伪造服务记录或票据", "Forged records"),
    "report_failed": ("未履行强制报告", "Mandatory report omitted"), "leak": ("服务对象信息泄露", "Client data leaked"),
}  # fmt: skip


@blueprint.context_processor
def _facts() -> dict[str, Any]:
    names = {"statuses": STATUSES, "grades": GRADES, "report_kinds": REPORT_KINDS, "sources": SOURCES}
    names |= {"breach_names": BREACHES, "finding_names": FINDINGS, "post_names": POSTS, "certificates": CERTIFICATES}
    return {**names, "grounds": GROUNDS, "vetoes": VETOES, "say": say, "points": points, "standing": reading.standing}


def say(names: Mapping[str, tuple[str, str]], key: str | None) -> str:
    """The name in the reader's language; what has none shows itself."""
    return "" if key is None else i18n.both(*names[key]) if key in names else key


def points(hundredths: int | None) -> str:
    """Hundredths of a point with two decimals."""
    return "" if hundredths is None else f"{hundredths // 100}.{hundredths % 100:02d}"


@blueprint.get("/contracts")
@allow("contract.view")
def contracts() -> str:
    return _listing()


@blueprint.get("/contracts/own")
@allow("contract.own")
def own_contracts() -> str:
    return _listing()


def _listing() -> str:
    asked = {name: request.args.get(name) or None for name in ("q", "status", "before")}
    rows = reading.listing(
        db.session(), actor(), q=asked["q"], status=asked["status"], before=_number(asked["before"]), limit=PAGE + 1
    )
    more = rows[PAGE - 1][0].id if len(rows) > PAGE else None
    return render_template("stations/contracts.html", rows=rows[:PAGE], more=more, asked=asked)


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidInput(field="before", reason=i18n._("请从列表翻页"))
    return int(text)


@blueprint.get("/contracts/<int:contract_id>")
@allow("inbox.use")
def contract(contract_id: int) -> str:
    """Whoever may not read it is told that there is no such contract."""
    session = db.session()
    found = reading.get(session, actor(), contract_id)
    return render_template(
        "stations/contract.html",
        contract=found,
        file=reading.file(session, found),
        sees_staff=actor().may("staff.view"),
        sees_reports=actor().may("report.view"),
        sees_scores=actor().may("evaluation.view"),
    )


@blueprint.get("/stations")
@allow("contract.view")
def show() -> str:
    return render_template("stations/show.html", rows=reading.stations_of(db.session(), actor()))
