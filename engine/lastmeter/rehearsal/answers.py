"""What people fill into forms when nobody wrote a scenario: an answer per element, else whatever the form asks for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lastmeter import clock, workdays
from lastmeter.forms import Form
from lastmeter.forms.fields import Field
from lastmeter.workflow.models import HumanTask

Data = dict[str, Any]
TEXT = "按规定办理，情况属实，材料齐全，已经核对无误。"
STATION_FEN = 45_000_000
BID_DAYS = 25  # more than the twenty that 招标投标 asks for


@dataclass(frozen=True)
class Asked:
    """A task as its answer sees it."""

    task: HumanTask
    form: Form
    initial: Mapping[str, Any]  # what the untouched form holds
    context: Mapping[str, Any]
    is_weak: bool  # the station whose evaluation fails
    streets: tuple[str, ...]  # region codes of the district's streets
    evaluators: tuple[int, ...]
    roster: Callable[[int], list[Data]]  # so many new staff members

    @property
    def today(self) -> dt.date:
        return clock.today()


def answer(asked: Asked) -> Data:
    """A submission that the form takes."""
    own = ANSWERS.get(asked.task.element_id)
    given = own(asked) if own is not None else {}
    filled = _fill(asked.form.fields, asked.initial, asked.context)
    keys = {each.key for each in asked.form.inputs} | {each.key for each in asked.form.walk() if each.key}
    return {**filled, **{name: value for name, value in given.items() if name in keys}}


# --- whatever the form asks for ----------------------------------------------------------------------------------


def _fill(fields: tuple[Field, ...], initial: Mapping[str, Any], context: Mapping[str, Any]) -> Data:
    """What is known already, and a plain value for every field that must have one."""
    data: Data = {}
    for each in fields:
        if each.is_list and each.key:
            rows = initial.get(each.key)
            known = rows if isinstance(rows, list) and any(map(_holds, rows)) else []
            least = each.limits.min_rows or 0
            data[each.key] = [
                _fill(each.children, row if isinstance(row, Mapping) else {}, context) for row in known
            ] or [_fill(each.children, {}, context) for _ in range(least)]
        elif each.children:
            below = initial.get(each.key) if each.key else initial
            inner = _fill(each.children, below if isinstance(below, Mapping) else {}, context)
            data.update({each.key: inner} if each.key else inner)
        elif each.is_typed and each.key:
            value = initial.get(each.key)
            if value in (None, "") and (each.required or each.lm_type == "checkbox"):
                value = _plain(each, context)
            if value is not None:
                data[each.key] = _json(value)
    return data


def _holds(row: object) -> bool:
    return isinstance(row, Mapping) and any(value not in (None, "", []) for value in row.values())


def _plain(each: Field, context: Mapping[str, Any]) -> object:
    """The simplest value that the field takes; the first option, for they go from consent to refusal."""
    choices = [option.value for option in each.options]
    if not choices and each.options_key:
        choices = [row["value"] if isinstance(row, Mapping) else row for row in context.get(each.options_key) or ()]
    limits = each.limits
    match each.lm_type:
        case "select" | "radio":
            return choices[0] if choices else None
        case "checklist":
            return choices
        case "checkbox":
            return True
        case "number" | "integer" | "money_fen":
            return limits.minimum if limits.minimum is not None else 1
        case "date":
            return clock.today()
        case "text" | "textarea":
            return (TEXT * 50)[: max(limits.min_length or 1, min(limits.max_length or 40, 40))]
        case _:
            return None


def _json(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(clock.ZONE).replace(tzinfo=None).isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, dt.date) else value


# --- by element --------------------------------------------------------------------------------------------------


def _working_day(asked: Asked, n: int) -> dt.date:
    return workdays.add_working_days(asked.today, n, workdays.bundled_calendar()).day


def _draft_plan(asked: Asked) -> Data:
    total = STATION_FEN * len(asked.streets)
    return {
        "goals": "街道社会工作服务站全覆盖，为困难群众提供专业服务。",
        "stations": [
            {"kind": "street", "street": code, "level": "1.0", "headcount": 3, "budget_fen": STATION_FEN}
            for code in asked.streets
        ],
        "budget_fen": total,
        "funding": [{"source": "city", "fen": total * 4 // 10}, {"source": "district", "fen": total - total * 4 // 10}],
        "method": "open_tender",
        "content_progress": [
            {"item_name": "组织采购", "start_on": asked.today.isoformat(), "end_on": f"{asked.today.year}-12-31"}
        ],
        "quantity_standards": [{"service": "个案服务", "unit": "cases", "n": 10}],
    }


def _requirement(asked: Asked) -> Data:
    return {
        "title": "街道社会工作服务站项目",
        "title_en": "Street social work stations",
        "object_type": "services",
        "lots": [
            {
                "lot_name": "街道社会工作服务站", "stations": list(asked.streets),
                "budget_fen": STATION_FEN * len(asked.streets),
            }
        ],
        "term_months": 36,
        "multi_year": ["budget_guaranteed", "content_stable", "continuous", "funding_stable", "price_stable"],
        "service_items": [{"service": "个案服务", "qty": 10 * len(asked.streets), "unit": "cases"}],
        "supplier_conditions": [{"condition": "依法成立的企业、社会组织", "legal_basis": "政府采购法 22"}],
        "circumstance": "none",
        "in_catalogue": False,
        "approval": False,
        "opinion_to": _working_day(asked, 6).isoformat(),
    }  # fmt: skip


def _documents(asked: Asked) -> Data:
    deadline = dt.datetime.combine(_working_day(asked, BID_DAYS), dt.time(9, 30))
    return {
        "docs_until": _working_day(asked, 6).isoformat(),
        "bid_deadline": deadline.isoformat(timespec="minutes"),
        "price_points": 10,
        "is_complex": False,
        "bond_fen": 0,
        "factors": [
            {"name": "服务方案", "max_points": 60, "criterion": "针对性和可行性"},
            {"name": "团队配备", "max_points": 30, "criterion": "专业资质和经验"},
        ],
    }


def _score(asked: Asked) -> Data:
    """Every bid conforms, and the first is better than the second, and so on."""
    bids = [row["value"] for row in asked.context["bid_options"]]
    factors = [int(row["value"]) for row in asked.context["factor_options"]]
    return {
        "conformity": [{"bid_no": bid, "conforms": "yes"} for bid in bids],
        "scores": [
            {"bid_no": bid, "factor_no": factor, "value": 20 - 2 * place}
            for place, bid in enumerate(bids)
            for factor in factors
        ],
    }


def _draft_contract(asked: Asked) -> Data:
    value = int(asked.context.get("award_fen") or STATION_FEN)
    first = _working_day(asked, 5)
    return {
        "value_fen": value,
        "bond_fen": value // 20,
        "starts_on": first.isoformat(),
        "funding": [{"source": "city", "fen": value * 4 // 10}, {"source": "district", "fen": value - value * 4 // 10}],
    }


def _roster(asked: Asked) -> Data:
    """The weak station begins one person short."""
    return {"staff": asked.roster(2 if asked.is_weak and asked.task.element_id == "task_roster" else 3)}


def _team(asked: Asked) -> Data:
    return {"members": [{"member": person, "no_conflict": True} for person in asked.evaluators[:2]]}


def _points(asked: Asked) -> Data:
    """Full points of what a form asks for in points; next to nothing at the weak station."""
    return {
        each.key: 0 if asked.is_weak else _json(each.limits.maximum or Decimal(1))
        for each in asked.form.inputs
        if each.key and each.key.startswith("r") and each.key[1:3].isdigit()
    }


def _survey(asked: Asked) -> Data:
    return {**_points(asked), "sample": 60}


ANSWERS: Mapping[str, Callable[[Asked], Data]] = {
    "task_draft_plan": _draft_plan,
    "task_requirement": _requirement,
    "task_documents": lambda asked: _points(asked) if _is_scored(asked) else _documents(asked),
    "task_score": _score,
    "task_draft_contract": _draft_contract,
    "task_roster": _roster,
    "task_cure": _roster,
    "task_form_team": _team,
    "task_site_visit": _points,
    "task_survey": _survey,
    "task_decide": lambda asked: {"effective_on": asked.today.isoformat()},
    "task_new_tender": lambda _: {"start_tender": False},
    "task_settle": lambda _: {"due_fen": 0, "bond_claim_fen": 0},
}


def _is_scored(asked: Asked) -> bool:
    """The evaluation's documents, not the tender's: two elements share the name."""
    return any(each.key == "r07" for each in asked.form.inputs)
