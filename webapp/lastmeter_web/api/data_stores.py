"""Data stores, for whoever keeps the system running: how much they hold, never what."""

from __future__ import annotations

from typing import Any

from lastmeter.workflow import stores
from lastmeter_web.api import schemas
from lastmeter_web.api.calls import actor, call
from lastmeter_web.extensions import db


@call("/data-stores", scopes=("operate",), permissions=("operate.view",), tag="instances",
      answer=schemas.DataStoresSchema)  # fmt: skip
def list_data_stores() -> Any:
    """Every data store with how many entries and bytes it holds and when it was last written; no key and no value."""
    return {"items": stores.overview(db.session(), actor())}
