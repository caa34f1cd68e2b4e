"""What suppliers do on the bidding page and operators in the table of thresholds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.actor import SYSTEM, Actor
from lastmeter.identity.people import grant
from lastmeter.procurement import bidding, plans, thresholds
from lastmeter.procurement.models import AnnualPlan, PlanFunding, PlanLine, Procurement
from lastmeter.rehearsal.acts import act
from lastmeter.rehearsal.player import Player


def _newest(session: Session) -> Procurement:
    return session.scalars(select(Procurement).order_by(Procurement.id.desc()).limit(1)).one()


@act("example_thresholds")
def example_thresholds(_player: Player, session: Session, _actor: Actor, _data: dict[str, Any]) -> None:
    """Invented threshold amounts stand; without any the method cannot be found."""
    thresholds.add_examples(session)


@act("submit_bid")
def submit_bid(player: Player, session: Session, actor: Actor, data: dict[str, Any]) -> None:
    """The supplier hands in a bid for the newest procurement: lot_no, price_fen, declaration_3y."""
    content = {"lot_no": 1, "declaration_3y": True, **data}
    receipt = bidding.submit(session, actor, _newest(session).id, content)
    player.names["receipt"] = receipt.sha256


@act("withdraw_bid")
def withdraw_bid(_player: Player, session: Session, actor: Actor, data: dict[str, Any]) -> None:
    bidding.withdraw(session, actor, _newest(session).id, int(data.get("lot_no", 1)))


@act("read_bids")
def read_bids(_player: Player, session: Session, actor: Actor, _data: dict[str, Any]) -> None:
    """Somebody asks for the bids; before the opening nobody gets them."""
    bidding.opened(session, actor, _newest(session).id)


@act("ask_about_tender")
def ask_about_tender(_player: Player, session: Session, actor: Actor, data: dict[str, Any]) -> None:
    bidding.inquire(session, actor, _newest(session).id, str(data["question"]))


@act("filed_plan")
def filed_plan(player: Player, session: Session, _actor: Actor, data: dict[str, Any]) -> None:
    """A plan of the district is filed: a main station and every street but those `without`, each for the same money."""
    district = player.world.organisations[str(data.get("district", "lixia"))]
    year, each = int(data.get("year", 2026)), int(data.get("station_fen", 45_000_000))
    without = {player.world.organisations[str(name)].id for name in data.get("without", ())}
    streets = [each for each in plans.streets_of(session, district.id) if each[0].id not in without]
    plan = AnnualPlan(
        district_id=district.id, year=year, status="filed", goals="全覆盖", budget_fen=each * (len(streets) + 1),
        method="open_tender", content_progress=[{"item_name": "采购"}], quality_standard="合格",
        quantity_standards=[{"service": "个案服务", "n": 10}], evaluation="每年评估",
        filed_no=f"REHEARSAL-{district.id}-{year}", filed_at=clock.now(),
    )  # fmt: skip
    plan.lines = [PlanLine(kind="district_main", headcount=3, budget_fen=each)]
    plan.lines += [PlanLine(kind="street", street_id=street.id, headcount=3, budget_fen=each) for street, _ in streets]
    plan.funding = [PlanFunding(source="district", fen=plan.budget_fen)]
    session.add(plan)


@act("also_holds")
def also_holds(player: Player, session: Session, _actor: Actor, data: dict[str, Any]) -> None:
    """Somebody gets a second role at an organisation: login, role, organisation."""
    person = player.world.people[str(data["login"])]
    grant(session, SYSTEM, person, str(data["role"]), player.world.organisations[str(data["organisation"])])
