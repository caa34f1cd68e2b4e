"""Context built-ins, and the few of no other family.

Source: DMN 1.5, tables 73, 82 and 84.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lastmeter.feel.errors import NoValue
from lastmeter.feel.library.registry import Parameter, anything, builtin, items, string
from lastmeter.feel.temporal import DateTime, Time, utc_offset, zone_name, zone_of
from lastmeter.feel.values import equal, kind_of

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run


@builtin("not", Parameter("negand"))
def negation(run: Run, negand: object) -> bool | None:
    return None if not isinstance(negand, bool) else not negand


@builtin("is", Parameter("value1", nullable=True), Parameter("value2", nullable=True))
def is_same(run: Run, value1: object, value2: object) -> bool:
    """Whether two values are the same element of the same domain: zones, too, must agree, by name."""
    if kind_of(value1) != kind_of(value2):
        return False
    if kind_of(value1) in ("time", "date and time"):
        assert isinstance(value1, Time | DateTime)
        assert isinstance(value2, Time | DateTime)
        if _zone(value1) != _zone(value2):
            return False
    return equal(value1, value2) is True


def _zone(value: Time | DateTime) -> tuple[str | None, int | None]:
    zone = zone_of(value)
    return (None if zone is None else zone_name(zone)), utc_offset(value)


def _context(name: str = "m") -> Parameter:
    return Parameter(name, ("context",))


@builtin("get value", _context(), string("key"), spellings=(("context", "key"),))
def get_value(run: Run, context: dict[str, object], key: str) -> object:
    if key not in context:
        raise NoValue(f"no entry {key!r}")
    return context[key]


@builtin("get entries", _context(), spellings=(("context",),))
def get_entries(run: Run, context: dict[str, object]) -> list[object]:
    return [{"key": key, "value": value} for key, value in context.items()]


@builtin(
    "context put",
    Parameter("context", ("context",)),
    Parameter("key", ("string", "list"), plural="keys"),
    anything("value"),
    spellings=(("context", "keys", "value"),),
)
def context_put(run: Run, context: dict[str, object], key: object, value: object) -> dict[str, object]:
    keys = key if isinstance(key, list) else [key]
    if not keys or not all(isinstance(each, str) for each in keys):
        raise NoValue("keys must be strings")
    first = str(keys[0])
    if len(keys) > 1:
        inner = context.get(first)
        if not isinstance(inner, dict):
            raise NoValue(f"entry {first!r} is no context")
        value = context_put(run, inner, keys[1:], value)
    return {**context, first: value}


@builtin("context merge", items("contexts"))
def context_merge(run: Run, contexts: list[object]) -> dict[str, object]:
    result: dict[str, object] = {}
    for each in contexts:
        if not isinstance(each, dict):
            raise NoValue("only contexts can be merged")
        result.update(each)
    return result


@builtin("context", items("entries"))
def context(run: Run, entries: list[object]) -> dict[str, object]:
    result: dict[str, object] = {}
    for entry in entries:
        if not isinstance(entry, dict) or "value" not in entry or not isinstance(entry.get("key"), str):
            raise NoValue("an entry needs a key and a value")
        key = str(entry["key"])
        if key in result:
            raise NoValue(f"two entries are called {key!r}")
        result[key] = entry["value"]
    return result
