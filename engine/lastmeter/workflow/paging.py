"""Pages by key, not by number: the cursor names the last row, so that new arrivals never make a list jump."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import orjson

from lastmeter.errors import InvalidInput

Row = TypeVar("Row")
MOST = 200


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and the cursor of the next page if there is one."""

    items: list[Row]
    next: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def cursor(*key: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def key_of(text: str | None, *kinds: type) -> list[object] | None:
    """The key that a cursor carries. Raises InvalidInput."""
    if not text:
        return None
    try:
        raw = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return [_read(kind, value) for kind, value in zip(kinds, raw, strict=True)]
    except (ValueError, TypeError, binascii.Error):
        raise InvalidInput(field="cursor", reason="not_ours") from None


def _read(kind: type, value: object) -> object:
    if kind is dt.datetime:
        return dt.datetime.fromisoformat(str(value))
    if kind is int and type(value) is int and 0 <= value < 2**63:
        return value
    raise ValueError(kind)


def limited(limit: int) -> int:
    """The page's size. Raises InvalidInput."""
    if not 1 <= limit <= MOST:
        raise InvalidInput(field="limit", reason="out_of_range", least=1, most=MOST)
    return limit
