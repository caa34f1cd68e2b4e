"""The file's texts: what was made public and the records that stay in the file, each with the hash of its content."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy.orm import Session

from lastmeter import audit, clock
from lastmeter.actor import Actor
from lastmeter.procurement import reading
from lastmeter.procurement.models import Notice, Procurement


def digest(content: Mapping[str, Any]) -> str:
    """The sha256 of a text's canonical JSON."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def publish(
    session: Session,
    actor: Actor,
    procurement: Procurement,
    kind: str,
    content: Mapping[str, Any],
    *,
    zh: str,
    en: str,
    public: bool = True,
    until: dt.date | None = None,
) -> Notice:
    """The text stands in the file for good; `public` ones are shown without a login."""
    body = reading.plain(content)
    notice = Notice(
        procurement_id=procurement.id,
        kind=kind,
        is_public=public,
        title_zh=f"{procurement.title}{zh}"[:200],
        title_en=f"{procurement.title_en}: {en}"[:200],
        content=body,
        sha256=digest(body),
        published_at=clock.now(),
        until=until,
    )
    session.add(notice)
    session.flush()
    facts = {"kind": kind, "sha256": notice.sha256, "notice": notice.id}
    audit.record(session, actor, "procurement.notice", f"procurement/{procurement.id}", facts=facts)
    return notice
