"""Messages to one instance, signals to all that wait."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from lastmeter.definitions.models import Definition
from lastmeter.errors import Forbidden
from lastmeter.workflow import messages
from lastmeter_web.api import schemas
from lastmeter_web.api.calls import actor, call
from lastmeter_web.extensions import db

TAG = "messages"


@call("/messages", method="POST", scopes=("message",), tag=TAG, body=schemas.MessageSchema,
      answer=schemas.DeliveredSchema)  # fmt: skip
def publish_message(wanted: dict[str, Any]) -> Any:
    """Deliver a message to the instance that waits for it, or start the definition that it starts."""
    _require(wanted["name"])
    return messages.publish(db.session(), actor(), wanted["name"], wanted["correlation"], wanted["payload"])


@call("/signals", method="POST", scopes=("message",), tag=TAG, body=schemas.SignalSchema,
      answer=schemas.DeliveredSchema)  # fmt: skip
def broadcast_signal(wanted: dict[str, Any]) -> Any:
    """Broadcast a signal to every instance that waits for it; workers deliver it."""
    _require(wanted["name"])
    return messages.broadcast(db.session(), actor(), wanted["name"], wanted["payload"])


def _require(name: str) -> None:
    """Nothing if the actor may send it. Raises Forbidden.

    What a package waits for comes from other packages or from a connected system, for which an operator answers:
    a message by hand would be a way around the step that sends it. Bare diagrams name no roles and are for everybody.
    """
    if actor().may("operate.act"):
        return
    caught = or_(
        Definition.outline["messages"].contains([name]),
        Definition.outline["elements"].contains([{"event_name": name}]),
    )
    if db.session().scalar(select(Definition.id).where(Definition.settings != {}, caught).limit(1)) is not None:
        raise Forbidden(permission="operate.act")
