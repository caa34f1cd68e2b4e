"""What an instance is about: its number leads to the procurement or contract that bears it."""

from __future__ import annotations

from flask import url_for
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter.procurement.models import Procurement
from lastmeter.stations import reading
from lastmeter.stations.models import Contract
from lastmeter.workflow.models import Instance
from lastmeter_web.procurement import scope
from lastmeter_web.security import actor


def number(session: Session, instance: Instance) -> Markup | str:
    """The instance's number; a link where the reader may open what it names."""
    key = instance.business_key or ""
    address = _address(session, key) if key else None
    return Markup('<a href="{}">{}</a>').format(address, key) if address else key


def _address(session: Session, key: str) -> str | None:
    bought = session.scalar(select(Procurement.no).where(Procurement.no == key, scope.visible(actor())))
    if bought is not None:
        return url_for("procurement.procurement", no=bought)
    signed = session.scalar(select(Contract.id).where(Contract.number == key, reading.visible(actor())))
    return url_for("stations.contract", contract_id=signed) if signed is not None else None
