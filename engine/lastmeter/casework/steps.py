"""What the diagrams of dispatch and case ask the program to do. Outputs are ids, enums, booleans and days only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from lastmeter import clock, workdays
from lastmeter.casework import cases
from lastmeter.casework.models import Case, DispatchOrder
from lastmeter.connectors import Step, connector
from lastmeter.errors import InvalidInput, LastmeterError, Missing
from lastmeter.stations import contracts
from lastmeter.stations.models import Station

Outputs = Mapping[str, Any]
EXCLUDED = frozenset({"administrative", "confidential"})  # 实施方案 三(五)
URGENT_HOURS = 2


class NoProvider(LastmeterError):
    """No contract is in force at the street's station, so nobody can take the order; facts: `station`."""

    code = "no_provider"
    kind = "conflict"


def _needed(step: Step, element: str) -> dict[str, Any]:
    data = step.submission(element)
    if data is None:
        raise Missing(what="submission", element=element)
    return data


def _order(session: Session, order_id: Any) -> DispatchOrder:
    return session.get_one(DispatchOrder, int(order_id), with_for_update=True)


def _case(session: Session, case_id: Any) -> Case:
    return session.get_one(Case, int(case_id), with_for_update=True)


# --- dispatch ------------------------------------------------------------------------------------------------------


@connector(
    "casework.register_order", zh="登记派单", en="Register the order", outputs=("order_id", "excluded", "accept_due")
)
def register_order(step: Step, **_inputs: Any) -> Outputs:
    data = _needed(step, "start_order")
    station = contracts.station_of_street(step.session, int(data["street"]))
    due = _accept_due(step.now, str(data["urgency"]))
    today = clock.local_day(step.now)
    excluded = data["category"] in EXCLUDED
    number = cases.next_number(step.session, DispatchOrder.number, f"PD-{today.year}-", 5)
    made = DispatchOrder(
        number=number,
        source=str(data["source"]),
        category=str(data["category"]),
        urgency=str(data["urgency"]),
        station_id=station.id,
        instance_id=step.instance_id,
        body=cases.seal(
            step.session, {name: data.get(name) for name in ("caller", "caller_phone", "address", "request")}
        ),
        accept_due=due,
    )
    step.session.add(made)
    step.session.flush()
    step.set_business_key(number)
    step.set_title(f"{number} {station.name}", f"{number} {station.name_en}")
    if not excluded:
        _send_to(step, station)
    return {"order_id": made.id, "excluded": excluded, "accept_due": due}


def _accept_due(now: dt.datetime, urgency: str) -> dt.datetime:
    if urgency == "urgent":
        return now + dt.timedelta(hours=URGENT_HOURS)
    day = workdays.add_working_days(clock.local_day(now), 1, workdays.bundled_calendar()).day
    return clock.end_of(day)


def _send_to(step: Step, station: Station) -> None:
    """Later tasks go to the team that runs the station today. Raises NoProvider."""
    contract = contracts.in_force(step.session, station.id, clock.local_day(step.now))
    if contract is None or contract.team_id is None:
        raise NoProvider(station=station.named)
    for name, organisation_id in contracts.parties_of(step.session, contract).items():
        step.set_party(name, organisation_id)
    step.set_party("street", station.street_id)


@connector("casework.refuse_order", zh="登记不予派单", en="Record as refused", inputs=("order_id",))
def refuse_order(step: Step, order_id: Any = None, **_inputs: Any) -> Outputs:
    order = _order(step.session, order_id)
    order.status, order.closed_at = "refused", step.now
    return {}


@connector(
    "casework.accept_order", zh="登记接单", en="Record acceptance", inputs=("order_id",), outputs=("accepted_on",)
)
def accept_order(step: Step, order_id: Any = None, **_inputs: Any) -> Outputs:
    order = _order(step.session, order_id)
    order.status, order.accepted_at = "accepted", step.now
    return {"accepted_on": clock.local_day(step.now)}


@connector("casework.reroute_order", zh="改派", en="Send elsewhere", inputs=("order_id",), outputs=("accept_due",))
def reroute_order(step: Step, order_id: Any = None, **_inputs: Any) -> Outputs:
    data = _needed(step, "task_reroute")
    if data["reroute"] == "redirect":
        return {}
    order = _order(step.session, order_id)
    if data.get("street"):
        order.station_id = contracts.station_of_street(step.session, int(data["street"])).id
    order.accept_due = _accept_due(step.now, order.urgency)
    _send_to(step, step.session.get_one(Station, order.station_id))
    return {"accept_due": order.accept_due}


@connector(
    "casework.record_contact", zh="登记联系结果", en="Record the contact", inputs=("order_id",), outputs=("worker",)
)
def record_contact(step: Step, order_id: Any = None, **_inputs: Any) -> Outputs:
    """The worker who made the contact stays with the order."""
    if step.actor.person_id is None:
        raise InvalidInput(field="worker", reason="missing")
    _order(step.session, order_id).contacted_at = step.now
    return {"worker": step.actor.person_id}


@connector(
    "casework.record_service", zh="登记服务完成", en="Record the service", inputs=("order_id",), outputs=("served_on",)
)
def record_service(step: Step, order_id: Any = None, **_inputs: Any) -> Outputs:
    _order(step.session, order_id).status = "served"
    return {"served_on": clock.local_day(step.now)}


@connector("casework.close_order", zh="办结", en="Close the order", inputs=("order_id",))
def close_order(step: Step, order_id: Any = None, **_inputs: Any) -> Outputs:
    order = _order(step.session, order_id)
    order.status, order.closed_at = "closed", step.now
    order.satisfaction = _needed(step, "task_confirm").get("satisfaction")
    return {}


# --- case ----------------------------------------------------------------------------------------------------------


@connector(
    "casework.open_case",
    zh="建立个案",
    en="Open the case",
    outputs=(
        "case_id",
        "worker",
        "opened_on",
        "minor_at_risk",
        "danger_to_life",
        "violence_incapacitated",
        "administrative_act",
        "relief_need",
        "counselling_need",
    ),
)
def open_case(step: Step, **_inputs: Any) -> Outputs:
    """The intake is filed under the worker who took it; the triage's questions become booleans, nothing else."""
    intake = _needed(step, "task_intake")
    team_id = step.parties["team"]
    order_id = step.variables.get("order_id")
    station = _station_of_team(step, team_id, order_id)
    made = cases.open_case(
        step.session,
        step.actor,
        station=station,
        team_id=team_id,
        intake=intake,
        instance_id=step.instance_id,
        order_id=None if order_id is None else int(order_id),
    )
    step.set_business_key(made.number)
    step.set_title(f"个案 {made.number}", f"Case {made.number}")
    flags = (
        "minor_at_risk", "danger_to_life", "violence_incapacitated", "administrative_act", "relief_need",
        "counselling_need",
    )  # fmt: skip
    answers = {flag: bool(intake.get(flag)) for flag in flags}
    return {"case_id": made.id, "worker": made.responsible_id, "opened_on": made.opened_on, **answers}


def _station_of_team(step: Step, team_id: int, order_id: Any) -> Station:
    if order_id is not None:
        return step.session.get_one(Station, _order(step.session, order_id).station_id)
    found = contracts.station_of_team(step.session, team_id, clock.local_day(step.now))
    if found is None:
        raise NoProvider(station="")
    return found


@connector(
    "casework.record_session", zh="保存服务记录", en="Keep the session note", inputs=("case_id",), outputs=("since",)
)
def record_session(step: Step, case_id: Any = None, **_inputs: Any) -> Outputs:
    data = _needed(step, "task_session")
    case = _case(step.session, case_id)
    cases.append_note(step.session, step.actor, case, "session", data, minutes=int(data["minutes"]))
    return {"since": clock.local_day(step.now)}


@connector(
    "casework.close_case", zh="结案归档", en="Close and archive", inputs=("case_id", "served"), outputs=("closed_on",)
)
def close_case(step: Step, case_id: Any = None, served: Any = True, **_inputs: Any) -> Outputs:
    """Assessment, evaluation and summary join the file, then it is closed."""
    case = _case(step.session, case_id)
    kinds = (("task_report", "report"), ("task_inform", "inform"), ("task_assessment", "assessment"),
             ("task_closure", "closure"))  # fmt: skip
    for element, kind in kinds:
        if (data := step.submission(element)) is not None:
            cases.append_note(step.session, step.actor, case, kind, data)
    reason = str((step.submission("task_closure") or {}).get("reason") or "inform")
    cases.close(step.session, step.actor, case, reason, served=bool(served))
    return {"closed_on": case.closed_on}
