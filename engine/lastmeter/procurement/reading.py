"""Values out of submissions and variables: days, instants, money, decimals, as the domain's types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lastmeter import clock
from lastmeter.connectors import Step
from lastmeter.errors import InvalidInput


def form(step: Step, element_id: str) -> dict[str, Any]:
    """The newest submission of that element. Raises InvalidInput where nobody has handed it in."""
    data = step.submission(element_id)
    if data is None:
        raise InvalidInput(field=element_id, reason="not_submitted")
    return data


def text(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name) or "").strip()


def rows(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [dict(row) for row in data.get(name) or () if isinstance(row, Mapping)]


def whole(value: object) -> int:
    """The whole number (or fen) that a form or variable holds; 0 for nothing. Raises InvalidInput."""
    if value is None or value == "":
        return 0
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise InvalidInput(field="number", reason="not_a_number", value=str(value)[:40]) from None
    if number != number.to_integral_value():
        raise InvalidInput(field="number", reason="not_an_integer", value=str(value)[:40])
    return int(number)


def decimal(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise InvalidInput(field="number", reason="not_a_number", value=str(value)[:40]) from None


def day(value: object) -> dt.date | None:
    """The legal day that a form or variable holds."""
    if isinstance(value, dt.datetime):
        return clock.local_day(value)
    if isinstance(value, dt.date):
        return value
    if value is None or value == "":
        return None
    text_value = str(value)
    return dt.date.fromisoformat(text_value) if len(text_value) == 10 else clock.local_day(_instant(text_value))


def instant(value: object) -> dt.datetime | None:
    """The instant; a bare local time is Asia/Shanghai's."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        moment = value
    elif isinstance(value, dt.date):
        return clock.end_of(value)
    else:
        return _instant(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=clock.ZONE)).astimezone(dt.UTC)


def _instant(value: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=clock.ZONE)).astimezone(dt.UTC)


def local(moment: dt.datetime) -> dt.datetime:
    """The instant in the zone of the law, as variables carry it."""
    return moment.astimezone(clock.ZONE)


def plain(value: object) -> Any:
    """The value in JSON terms, for evidence rows."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return value
