"""Days, instants, times of day, and days that the law bounds."""

from __future__ import annotations

import datetime as dt
import re

from lastmeter import clock
from lastmeter.deadlines.rules import compute, keeps, rule_named
from lastmeter.errors import InvalidInput
from lastmeter.forms.fields import Field
from lastmeter.forms.types.base import FieldType, Refusal, Scope, narrow_text_in, register

FIRST_DAY = dt.date(1900, 1, 1)
LAST_DAY = dt.date(2199, 12, 31)

_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})|([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日")


def read_date(raw: object) -> dt.date:
    """A day between 1900 and 2199, written 2026-05-06, 2026/5/6 or 2026年5月6日. Raises Refusal."""
    if isinstance(raw, dt.datetime):
        raw = clock.local_day(raw) if raw.tzinfo else raw.date()
    if not isinstance(raw, dt.date):
        match = _DATE.fullmatch(narrow_text_in(raw, "not_a_date"))
        if match is None:
            raise Refusal("not_a_date")
        try:
            raw = dt.date(*(int(part) for part in match.groups() if part is not None))
        except ValueError:
            raise Refusal("not_a_date") from None
    if not FIRST_DAY <= raw <= LAST_DAY:
        raise Refusal("not_a_date")
    return raw


def _limit_day(limit: str | None, scope: Scope) -> dt.date | None:
    if limit is None:
        return None
    if limit == "today":
        return scope.today
    value = scope.evaluate(limit[1:]) if limit.startswith("=") else limit
    return None if value is None else read_date(value)


def keep_between(day: dt.date, spec: Field, scope: Scope) -> None:
    """Raises Refusal where the day leaves the field's limits."""
    least, most = _limit_day(spec.limits.not_before, scope), _limit_day(spec.limits.not_after, scope)
    if least is not None and day < least:
        raise Refusal("too_early", least=least.isoformat())
    if most is not None and day > most:
        raise Refusal("too_late", most=most.isoformat())


@register
class Date(FieldType):
    """A legal day."""

    name = "date"
    components = frozenset({"datetime"})

    def load(self, raw: object, spec: Field) -> dt.date:
        return read_date(raw)

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        assert isinstance(value, dt.date)
        keep_between(value, spec, scope)
        return value

    def to_json(self, value: object) -> object:
        return str(value)

    def from_json(self, kept: object) -> object:
        return dt.date.fromisoformat(str(kept))

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "format": "date"}


@register
class DateDeadline(Date):
    """A day that must keep a rule of the register: not before its minimum is over, not after its maximum."""

    name = "date_deadline"

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        assert isinstance(value, dt.date)
        keep_between(value, spec, scope)
        rule = rule_named(scope.rules(), spec.limits.rule or "")
        start = scope.evaluate(spec.limits.rule_start or "null")
        if not isinstance(start, dt.date):
            raise Refusal("deadline_unknown")
        try:
            computed = compute(rule, start, scope.calendar(), strict_min_days=scope.strict_min_days)
        except InvalidInput:
            raise Refusal("deadline_unknown") from None
        if not keeps(computed, value):
            raise Refusal(
                "after_deadline" if rule.sense == "max" else "before_deadline",
                due=computed.due.isoformat(),
                rule=rule.id,
                plain_zh=rule.plain_zh,
                plain_en=rule.plain_en,
                source_zh=rule.source_zh,
                source_en=rule.source_en,
            )
        return value


_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


@register
class DateTime(FieldType):
    """An instant; typed without a zone it is local time of Asia/Shanghai. Kept in UTC."""

    name = "datetime"
    components = frozenset({"datetime"})

    def load(self, raw: object, spec: Field) -> dt.datetime:
        value = raw if isinstance(raw, dt.datetime) else self._read(raw)
        if value.tzinfo is None:
            value = value.replace(tzinfo=clock.ZONE)
        if not FIRST_DAY <= value.date() <= LAST_DAY:
            raise Refusal("not_a_datetime")
        return value.astimezone(dt.UTC)

    @staticmethod
    def _read(raw: object) -> dt.datetime:
        text = narrow_text_in(raw, "not_a_datetime")
        if _INSTANT.fullmatch(text) is None:
            raise Refusal("not_a_datetime")
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            raise Refusal("not_a_datetime") from None

    def settle(self, value: object, spec: Field, scope: Scope) -> object:
        assert isinstance(value, dt.datetime)
        keep_between(clock.local_day(value), spec, scope)
        return value

    def show(self, value: object, spec: Field) -> object:
        if isinstance(value, dt.datetime):
            return value.astimezone(clock.ZONE).strftime("%Y-%m-%dT%H:%M")
        return str(value)

    def to_json(self, value: object) -> object:
        assert isinstance(value, dt.datetime)
        return value.isoformat()

    def from_json(self, kept: object) -> object:
        return dt.datetime.fromisoformat(str(kept))

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "format": "date-time"}


@register
class Time(FieldType):
    """A local time of day."""

    name = "time"
    components = frozenset({"datetime"})
    _SHAPE = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?")

    def load(self, raw: object, spec: Field) -> dt.time:
        if isinstance(raw, dt.time):
            return raw
        text = narrow_text_in(raw, "not_a_time")
        if self._SHAPE.fullmatch(text) is None:
            raise Refusal("not_a_time")
        return dt.time.fromisoformat(text)

    def show(self, value: object, spec: Field) -> object:
        return value.strftime("%H:%M") if isinstance(value, dt.time) else str(value)

    def to_json(self, value: object) -> object:
        return str(value)

    def from_json(self, kept: object) -> object:
        return dt.time.fromisoformat(str(kept))

    def json_schema(self, spec: Field) -> dict[str, object]:
        return {"type": "string", "format": "time"}
