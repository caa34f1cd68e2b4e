"""An operator mends an instance: sees where it stands, rehearses an act, then does it with a reason. No content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lastmeter.definitions import publishing
from lastmeter.errors import InvalidInput, LastmeterError
from lastmeter.workflow import incidents, instances, surgery
from lastmeter.workflow.refusals import InstanceEnded, ReasonMissing, StepFailed
from lastmeter.workflow.spiff.surgery import Cut
from lastmeter.workflow.surgery import Rehearsal, Standpoint
from lastmeter_web import i18n
from lastmeter_web.admin.mending_words import ACTS, Names
from lastmeter_web.admin.pages import blueprint
from lastmeter_web.errors import STATUS
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow
from lastmeter_web.sentences import sentence

_MOVES, _PASSES = ("flow",), ("flow", "child", "race", "handler")  # the roles of tokens that an act may be about


@dataclass(frozen=True)
class Asked:
    """What the form says, as it was sent."""

    act: str
    at: str
    to: str
    name: str
    value: str
    despite_sent: bool

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> Asked:
        act, at, to, name, value = (sent.get(each, "").strip() for each in ("act", "at", "to", "name", "value"))
        return cls(act, at, to, name, value, sent.get("despite_sent") == "yes")

    def cut(self) -> Cut:
        """Only what the act is about. Raises InvalidInput, FeelSyntaxError."""
        at = self.at if self.act != "set" else ""
        to = self.to if self.act in ("move", "rewind") else ""
        fields = {}
        if self.act == "set" and self.name:
            fields = {self.name: surgery.value_of(self.name, self.value)}
        return Cut(self.act, at, to, fields, self.despite_sent)  # type: ignore[arg-type]  # checked by the engine


@blueprint.get("/operations/instances/<int:instance_id>/mend")
@allow("operate.act")
def show_mending(instance_id: int) -> str:
    return _page(instance_id, Asked.of(request.args))


@blueprint.post("/operations/instances/<int:instance_id>/mend")
@allow("operate.act")
def mend(instance_id: int) -> ResponseReturnValue:
    """What the act would do; with the confirmation, done if the instance still is what was rehearsed."""
    asked, session = Asked.of(request.form), db.session()
    try:
        cut = asked.cut()
        if request.form.get("confirmed") != "yes":
            return _page(instance_id, asked, rehearsal=surgery.rehearse(session, actor(), instance_id, cut))
        with session.begin_nested():
            surgery.operate(
                session, actor(), instance_id, cut, reason=request.form.get("reason", ""), version=_version()
            )
    except LastmeterError as refusal:
        if refusal.kind in ("missing", "forbidden") or isinstance(refusal, InstanceEnded | StepFailed):
            raise
        return _page(instance_id, asked, refusal=refusal), STATUS[refusal.kind]
    flash(i18n._("已处置。"))
    return redirect(url_for("instances.instance", instance_id=instance_id), 303)


def _version() -> int:
    """The version that was rehearsed; one that no instance has where none was sent."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _page(
    instance_id: int, asked: Asked, *, rehearsal: Rehearsal | None = None, refusal: LastmeterError | None = None
) -> str:
    session = db.session()
    stands = surgery.standpoint(session, actor(), instance_id)
    instance = instances.get(session, actor(), instance_id)
    names = Names(publishing.load(session, instance.definition_id), stands.preceding)
    if isinstance(refusal, ReasonMissing) or _about_reason(refusal):
        rehearsal = surgery.rehearse(session, actor(), instance_id, asked.cut())
    plan_refusal = rehearsal.plan.refusal if rehearsal is not None else None
    act = asked.act if asked.act in ACTS else "move"
    return render_template(
        "admin/mend.html", instance=instance, asked=asked, act=act, acts=ACTS, stands=stands, names=names,
        tokens=_tokens(stands, act, names), targets=_targets(stands, act, names), rehearsal=rehearsal,
        refused=_said(refusal or plan_refusal, names), most=incidents.MOST_OF_REASON,
    )  # fmt: skip


def _about_reason(refusal: LastmeterError | None) -> bool:
    return isinstance(refusal, InvalidInput) and refusal.facts.get("field") == "reason"


def _said(refusal: LastmeterError | None, names: Names) -> str:
    """Why it is not done, elements by their names; empty where nothing is refused."""
    if refusal is None:
        return ""
    if isinstance(refusal, InvalidInput):
        return _invalid(refusal)
    return sentence(refusal.code, names.facts(refusal.facts), i18n.language())


def _invalid(refusal: InvalidInput) -> str:
    labels = {
        "action": i18n._("处置方式"), "at": i18n._("所在位置"), "to": i18n._("目标环节"),
        "variables": i18n._("变量"), "reason": i18n._("理由"),
    }  # fmt: skip
    reasons = {
        "missing": i18n._("请选择"), "unknown": i18n._("请选择"), "not_a_value": i18n._("请写成一个值，不引用变量"),
        "too_long": i18n._("不得超过 {n} 个字", n=incidents.MOST_OF_REASON),
    }  # fmt: skip
    field, reason = str(refusal.facts.get("field")), str(refusal.facts.get("reason"))
    said = {**refusal.facts, "field": labels.get(field, field), "reason": reasons.get(reason, reason)}
    return sentence(refusal.code, said, i18n.language())


def _tokens(stands: Standpoint, act: str, names: Names) -> list[tuple[str, str]]:
    """The tokens that the act may be about, by uid; those that read the same are numbered."""
    meant = [
        each for each in stands.tokens
        if each.kind == "incident" or act != "retry"
        if each.role in (_MOVES if act == "move" else _PASSES)
    ]  # fmt: skip
    labels = [names.token(each) for each in meant]
    seen: dict[str, int] = {}
    shown = []
    for each, label in zip(meant, labels, strict=True):
        seen[label] = seen.get(label, 0) + 1
        shown.append((each.uid, f"{label} ({seen[label]})" if labels.count(label) > 1 else label))
    return shown


def _targets(stands: Standpoint, act: str, names: Names) -> list[tuple[str, str]]:
    """The elements that the act may lead to; going back, those that were reached."""
    reached = set(stands.reached)
    return [(each, names.place(each)) for each in stands.targets if act == "move" or each in reached]
