"""Open Contracting Data Standard 1.1: each procurement's public steps as releases under one ocid.

Built from rows of `procurement` and `stations` alone: sealed or losing bids, scores, drafts, statements and case files
are never read. Source: 政府采购法 11, 63; 条例 30, 43, 50, 58; 令87 69.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.identity.models import Organisation
from lastmeter.reports.ocds import files
from lastmeter.reports.ocds.story import Release, tell
from lastmeter.reports.ocds.words import SCHEME, moment

PATH = "/api/v1/public/ocds/releases.json"
LIMIT = 500


@dataclass(frozen=True)
class Page:
    """A release package, and the `since` that asks for the rest; None at the end."""

    package: dict[str, Any]
    following: dt.datetime | None


def releases(
    session: Session,
    *,
    since: dt.datetime | None = None,
    limit: int = LIMIT,
    prefix: str = "ocds-xxxxxx",
    address: str = "",
) -> dict[str, Any]:
    """The package of `page`, for whoever reads no further."""
    return page(session, since=since, limit=limit, prefix=prefix, address=address).package


def page(
    session: Session,
    *,
    since: dt.datetime | None = None,
    limit: int = LIMIT,
    prefix: str = "ocds-xxxxxx",
    address: str = "",
) -> Page:
    """The oldest `limit` public releases dated `since` or later, oldest first, as a release package.

    Releases of one instant are never parted, so there may be more than `limit`. `address`: where the site stands, for
    links to its public pages. With nothing to tell the list is empty, which the standard's schema would not pass.
    A release bears the legal day of its step: read again from a few days back for steps put on record late.
    """
    now = clock.now()
    told: list[Release] = []
    for file in files.public(session):
        told += [
            each for each in tell(file, prefix, address) if each.happened <= now and (since is None or each.at >= since)
        ]
    told.sort(key=lambda each: (each.at, each.body["id"]))
    shown, following = _cut(told, limit)
    package = {
        "uri": _uri(prefix, address, since),
        "version": "1.1",
        "publishedDate": moment(shown[-1].at if shown else now),
        "publisher": _publisher(session),
        "releases": [each.body for each in shown],
    }
    return Page(package, following)


def instant(text: str) -> dt.datetime:
    """The instant that ISO 8601 text names; a day is its beginning, without an offset it is the law's local time.

    Raises ValueError.
    """
    found = dt.datetime.fromisoformat(text)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=clock.ZONE)).astimezone(dt.UTC)
    except OverflowError:
        raise ValueError(text) from None


def _cut(told: list[Release], limit: int) -> tuple[list[Release], dt.datetime | None]:
    end = max(1, limit)
    while end < len(told) and told[end].at == told[end - 1].at:
        end += 1
    return told[:end], told[end].at if end < len(told) else None


def _uri(prefix: str, address: str, since: dt.datetime | None) -> str:
    if not address:
        return f"urn:x-lastmeter:{prefix}"
    asked = f"?since={moment(since).replace('+', '%2B')}" if since else ""
    return f"{address.rstrip('/')}{PATH}{asked}"


def _publisher(session: Session) -> dict[str, str]:
    """The bureau above all districts."""
    found = session.scalars(
        select(Organisation)
        .where(Organisation.kind == "civil_bureau", Organisation.parent_id.is_(None))
        .order_by(Organisation.id)
        .limit(1)
    ).first()
    if found is None:
        return {"name": "Lastmeter"}
    return {"name": found.name} | ({"scheme": SCHEME, "uid": found.uscc} if found.uscc else {})
