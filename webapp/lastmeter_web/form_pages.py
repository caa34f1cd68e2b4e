"""What templates need to draw a form of the forms room: option texts, messages, values as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from lastmeter import identifiers
from lastmeter.forms.fields import Shown
from lastmeter.identity.models import Organisation, Person, Region
from lastmeter_web import i18n
from lastmeter_web.extensions import db
from lastmeter_web.security import actor


def message(error: Any, label: str = "") -> str:
    """One refusal of a field in the reader's language, naming the field by its label."""
    return str(error.say(i18n.language(), label))


def option_pairs(shown: Shown) -> list[tuple[object, str]]:
    """Values and texts of a select: the form's own options, else what the type refers to."""
    if shown.options:
        return [(option.value, option.label.say(i18n.language())) for option in shown.options]
    kind = shown.field.lm_type
    if kind == "organisation":
        return organisations(shown.field.key or "")
    if kind == "person":
        return people()
    if kind == "region":
        rows = db.session().execute(select(Region.code, Region.name, Region.name_en).order_by(Region.code).limit(500))
        return [(row.code, i18n.both(row.name, row.name_en)) for row in rows]
    return []


_KINDS = {"street": ("street",), "provider": ("provider",), "agency": ("agency",), "station": ("team",)}


def organisations(key: str) -> list[tuple[object, str]]:
    """Organisations to choose from; a field named after a kind offers that kind only."""
    kinds = next((kinds for word, kinds in _KINDS.items() if word in key), None)
    query = select(Organisation.id, Organisation.name, Organisation.name_en).where(Organisation.closed_on.is_(None))
    if kinds is not None:
        query = query.where(Organisation.kind.in_(kinds))
    rows = db.session().execute(query.order_by(Organisation.path).limit(1000))
    return [(row.id, i18n.both(row.name, row.name_en)) for row in rows]


def people() -> list[tuple[object, str]]:
    """People with a role outside the provider tree: evaluators, experts, officers."""
    from lastmeter.identity.models import Membership
    from lastmeter.identity.people import in_force
    from lastmeter.identity.roles import ROLES

    offered = ("evaluator", "review_expert", "supervisor", "district_officer", "street_officer")
    rows = db.session().execute(
        select(Person.id, Person.name, Membership.role, Organisation.name, Organisation.name_en)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.role.in_(offered), in_force())
        .order_by(Membership.role, Person.id)
        .limit(500)
    )
    return [
        (person, i18n.both(f"{name}（{ROLES[role].zh} · {zh}）", f"{name} ({ROLES[role].en} · {en or zh})"))
        for person, name, role, zh, en in rows
    ]


def shown_value(shown: Shown) -> str:
    """A value as people read it."""
    field, value = shown.field, shown.value
    if value in (True, "true"):
        return i18n._("是")
    if value in (False, "false"):
        return i18n._("否")
    if field.options:
        texts = {str(option.value): option.label.say(i18n.language()) for option in field.options}
        chosen = value if isinstance(value, (list, tuple)) else [value]
        return i18n._("、").join(texts.get(str(each), str(each)) for each in chosen)
    if field.lm_type in ("organisation", "person") and str(value).isdigit():
        model: Any = Organisation if field.lm_type == "organisation" else Person
        found = db.session().get(model, int(str(value)))
        return str(value) if found is None else i18n.both(found.name, getattr(found, "name_en", found.name))
    if field.lm_type == "money_fen":
        return f"¥{value}"
    if field.lm_type == "id_number":
        return identifiers.mask_id_number(str(value))
    return str(value)


def template_facts() -> Mapping[str, Any]:
    return {"form_message": message, "option_pairs": option_pairs, "shown_value": shown_value, "me": actor}
