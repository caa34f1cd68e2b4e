"""Organisations, people, memberships and logins."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from lastmeter import clock
from lastmeter.errors import Forbidden, InvalidInput, LastmeterError, Missing
from lastmeter.identity import logins
from lastmeter.identity import people as identity
from lastmeter.identity.models import Account, Membership, Organisation, Person
from lastmeter.identity.roles import ROLES
from lastmeter_web import i18n
from lastmeter_web.admin import scope
from lastmeter_web.extensions import db
from lastmeter_web.security import actor, allow

blueprint = Blueprint("admin", __name__, template_folder="templates", url_prefix="/admin")
MANAGE_PEOPLE, MANAGE_ORGANISATIONS = "people.manage", "organisation.manage"
PAGE = 50
KINDS = {
    "civil_bureau": ("民政局", "Civil affairs bureau"),
    "finance": ("财政局", "Finance"),
    "street": ("街道（镇）", "Street office"),
    "community": ("社区（村）", "Community"),
    "dispatch": ("派单中心", "Dispatch centre"),
    "agency": ("采购代理机构", "Agency"),
    "evaluator": ("评估机构", "Evaluator"),
    "expert_pool": ("专家库", "Expert pool"),
    "audit": ("审计机关", "Audit office"),
    "provider": ("承接机构", "Provider"),
    "team": ("驻站团队", "Station team"),
}
TREES = {"administrative": ("行政体系", "Administrative tree"), "provider": ("承接体系", "Provider tree")}


class OwnRole(LastmeterError):
    """Nobody gives or takes their own roles: another operator must."""

    code = "own_role"
    kind = "forbidden"


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"organisation_kinds": KINDS, "trees": TREES}


# --- organisations ---------------------------------------------------------------------------------------------


@blueprint.get("/organisations")
@allow(MANAGE_ORGANISATIONS)
def organisations() -> str:
    session = db.session()
    mine = scope.managed(actor(), MANAGE_ORGANISATIONS)
    holders = (
        select(Membership.organisation_id, func.count(Membership.person_id.distinct()).label("people"))
        .where(identity.in_force())
        .group_by(Membership.organisation_id)
        .subquery()
    )
    query = (
        select(Organisation, func.coalesce(holders.c.people, 0))
        .outerjoin(holders, holders.c.organisation_id == Organisation.id)
        .where(mine)
        .order_by(Organisation.tree, Organisation.path)
    )
    wanted = (request.args.get("q") or "").strip()
    if wanted:
        query = query.where(
            or_(
                Organisation.name.icontains(wanted, autoescape=True),
                Organisation.name_en.icontains(wanted, autoescape=True),
            )
        )
    return render_template("admin/organisations.html", rows=session.execute(query).all(), q=wanted)


@blueprint.get("/organisations/<int:organisation_id>")
@allow(MANAGE_ORGANISATIONS)
def organisation(organisation_id: int) -> str:
    session = db.session()
    found = scope.organisation(session, actor(), organisation_id, MANAGE_ORGANISATIONS)
    held = session.scalars(
        select(Membership)
        .where(Membership.organisation_id == found.id, identity.in_force())
        .options(joinedload(Membership.person))
        .order_by(Membership.role, Membership.id)
    ).all()
    below = session.scalars(
        select(Organisation).where(Organisation.parent_id == found.id).order_by(Organisation.path)
    ).all()
    parent = session.get(Organisation, found.parent_id) if found.parent_id else None
    return render_template("admin/organisation.html", organisation=found, held=held, below=below, parent=parent)


@blueprint.post("/organisations")
@allow(MANAGE_ORGANISATIONS)
def add_organisation() -> Response:
    session = db.session()
    parent = None
    if request.form.get("parent"):
        parent = scope.organisation(session, actor(), _number("parent"), MANAGE_ORGANISATIONS)
    tree = parent.tree if parent is not None else request.form.get("tree", "")
    kind = request.form.get("kind", "")
    if tree not in TREES:
        raise InvalidInput(field=i18n._("体系"), reason=i18n._("请选择"))
    if kind not in KINDS:
        raise InvalidInput(field=i18n._("种类"), reason=i18n._("请选择"))
    if parent is None and not scope.manages_providers(actor(), MANAGE_ORGANISATIONS):
        raise Forbidden(permission=MANAGE_ORGANISATIONS)
    made = identity.add_organisation(
        session, actor(), tree=tree, kind=kind, name=_text("name", 120), name_en=_text("name_en", 160), parent=parent,
        uscc=request.form.get("uscc", "").strip() or None,
    )  # fmt: skip
    flash(i18n._("机构已登记。"))
    return redirect(url_for("admin.organisation", organisation_id=made.id), 303)


# --- people ----------------------------------------------------------------------------------------------------


@blueprint.get("/people")
@allow(MANAGE_PEOPLE)
def people() -> str:
    session = db.session()
    wanted = (request.args.get("q") or "").strip()
    after = request.args.get("after") or "0"
    query = (
        select(Person, Account)
        .outerjoin(Account, Account.person_id == Person.id)
        .where(
            scope.managed_people(actor()),
            Person.id > (int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0),
        )
        .order_by(Person.id)
        .limit(PAGE + 1)
    )
    if wanted:
        query = query.where(
            or_(Person.name.icontains(wanted, autoescape=True), Account.login.icontains(wanted, autoescape=True))
        )
    rows = session.execute(query).all()
    shown = rows[:PAGE]
    held = session.scalars(
        select(Membership)
        .where(Membership.person_id.in_([person.id for person, _ in shown]), identity.in_force())
        .options(joinedload(Membership.organisation))
        .order_by(Membership.id)
    ).all()
    posts: dict[int, list[Membership]] = {}
    for each in held:
        posts.setdefault(each.person_id, []).append(each)
    following = shown[-1][0].id if len(rows) > PAGE else None
    return render_template("admin/people.html", rows=shown, posts=posts, q=wanted, next=following, all_roles=ROLES)


@blueprint.post("/people")
@allow(MANAGE_PEOPLE)
def add_person() -> Response:
    made = identity.add_person(
        db.session(), actor(), name=_text("name", 60), id_number=request.form.get("id_number", "").strip() or None
    )
    return redirect(url_for("admin.person", person_id=made.id), 303)


@blueprint.get("/people/<int:person_id>")
@allow(MANAGE_PEOPLE)
def person(person_id: int) -> str:
    session = db.session()
    found = scope.person(session, actor(), person_id)
    held = session.scalars(
        select(Membership)
        .where(Membership.person_id == found.id)
        .options(joinedload(Membership.organisation))
        .order_by(Membership.valid_from.desc(), Membership.id)
    ).all()
    places = session.scalars(
        select(Organisation)
        .where(scope.managed(actor(), MANAGE_PEOPLE), Organisation.closed_on.is_(None))
        .order_by(Organisation.tree, Organisation.path)
        .limit(2000)
    ).all()
    account = session.scalar(select(Account).where(Account.person_id == found.id))
    return render_template(
        "admin/person.html", person=found, held=held, places=places, login=account, all_roles=ROLES,
        own=found.id == actor().person_id, least=logins.SHORTEST_PASSWORD,
    )  # fmt: skip


@blueprint.post("/people/<int:person_id>/memberships")
@allow(MANAGE_PEOPLE)
def grant(person_id: int) -> Response:
    session = db.session()
    found = _somebody_else(person_id)
    place = scope.organisation(session, actor(), _number("organisation"), MANAGE_PEOPLE)
    since, until = _day("since"), _day("until")
    role = request.form.get("role", "")
    identity.grant(session, actor(), found, role, place, since=since, until=until)
    identity.notify(session, found.id, "role_granted", role=role, organisation=place.named)
    flash(i18n._("岗位已授予。"))
    return redirect(url_for("admin.person", person_id=found.id), 303)


@blueprint.post("/people/<int:person_id>/memberships/<int:membership_id>/end")
@allow(MANAGE_PEOPLE)
def end(person_id: int, membership_id: int) -> Response:
    session = db.session()
    found = _somebody_else(person_id)
    held = session.get(Membership, membership_id)
    if held is None or held.person_id != found.id:
        raise Missing(what="membership")
    scope.organisation(session, actor(), held.organisation_id, MANAGE_PEOPLE)
    identity.end_membership(session, actor(), held.id, _day("last_day") or clock.today() - dt.timedelta(days=1))
    flash(i18n._("岗位已结束。"))
    return redirect(url_for("admin.person", person_id=found.id), 303)


@blueprint.post("/people/<int:person_id>/account")
@allow(MANAGE_PEOPLE)
def account(person_id: int) -> ResponseReturnValue:
    """A new login, a new password, a login closed or opened again."""
    session = db.session()
    found = _somebody_else(person_id)
    known = session.scalar(select(Account).where(Account.person_id == found.id))
    act = request.form.get("act", "")
    if known is None:
        logins.add_account(session, actor(), found, _text("login", 60), request.form.get("password", ""))
        flash(i18n._("账号已开通。"))
    elif act == "password":
        logins.set_password(session, actor(), known, request.form.get("password", ""))
        flash(i18n._("密码已重设，此人的所有登录已退出。"))
    elif act == "close":
        logins.close_account(session, actor(), known)
        flash(i18n._("账号已停用。"))
    elif act == "reopen":
        logins.reopen_account(session, actor(), known)
        flash(i18n._("账号已恢复。"))
    else:
        raise InvalidInput(field=i18n._("操作"), reason=i18n._("请选择"))
    return redirect(url_for("admin.person", person_id=found.id), 303)


def _somebody_else(person_id: int) -> Person:
    """The person. Raises Missing, OwnRole where it is the actor."""
    found = scope.person(db.session(), actor(), person_id)
    if found.id == actor().person_id:
        raise OwnRole()
    return found


def _text(field: str, most: int) -> str:
    text = request.form.get(field, "").strip()
    if not text:
        raise InvalidInput(field=_LABELS[field]() if field in _LABELS else field, reason=i18n._("必填"))
    if len(text) > most:
        raise InvalidInput(field=_LABELS[field](), reason=i18n._("不得超过 {n} 个字", n=most))
    return text


_LABELS = {
    "name": lambda: i18n._("名称"), "name_en": lambda: i18n._("英文名称"), "login": lambda: i18n._("登录名"),
}  # fmt: skip


def _number(field: str) -> int:
    text = request.form.get(field, "")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput(field=i18n._("机构"), reason=i18n._("请选择"))
    return int(text)


def _day(field: str) -> dt.date | None:
    text = request.form.get(field, "").strip()
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field=i18n._("日期"), reason=i18n._("请按 2026-03-02 的格式填写")) from None
