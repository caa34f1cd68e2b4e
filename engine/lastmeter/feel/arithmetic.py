"""`+ - * / **` and the minus sign over numbers, strings, dates, times and durations.

Source: DMN 1.5, tables 50 to 53.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from lastmeter.feel import temporal
from lastmeter.feel.errors import NoValue
from lastmeter.feel.temporal import WideDate, WideDateTime, WideDuration, WideTime, YearsMonths
from lastmeter.feel.values import NUMBERS, kind_of

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run


def finite(number: Decimal) -> Decimal:
    """The number. Raises NoValue for infinity and not-a-number."""
    if not number.is_finite():
        raise NoValue("the result is not a finite number")
    return number


def _no(symbol: str, left: object, right: object) -> NoValue:
    return NoValue(f"{kind_of(left)} {symbol} {kind_of(right)} has no meaning")


def add(run: Run, left: object, right: object) -> object:
    """`left + right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(NUMBERS.add(left, right))
    if type(left) is str and type(right) is str:
        return run.string(left + right)
    if isinstance(left, YearsMonths) and isinstance(right, YearsMonths):
        return temporal.make_months(left.total_months + right.total_months)
    if isinstance(left, temporal.Duration) and isinstance(right, temporal.Duration):
        return temporal.make_duration(temporal.duration_nanos(left) + temporal.duration_nanos(right))
    if isinstance(right, YearsMonths | temporal.Duration):
        return _moved(left, right, 1, "+")
    if isinstance(left, YearsMonths | temporal.Duration):
        return _moved(right, left, 1, "+")
    raise _no("+", left, right)


def subtract(run: Run, left: object, right: object) -> object:
    """`left - right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(NUMBERS.subtract(left, right))
    if isinstance(left, YearsMonths) and isinstance(right, YearsMonths):
        return temporal.make_months(left.total_months - right.total_months)
    if isinstance(left, temporal.Duration) and isinstance(right, temporal.Duration):
        return temporal.make_duration(temporal.duration_nanos(left) - temporal.duration_nanos(right))
    if isinstance(right, YearsMonths | temporal.Duration):
        return _moved(left, right, -1, "-")
    if isinstance(left, dt.time | WideTime) and isinstance(right, dt.time | WideTime):
        if (temporal.zone_of(left) is None) != (temporal.zone_of(right) is None):
            raise NoValue("a time with a zone and one without have no distance")
        return temporal.make_duration(temporal.time_instant(left) - temporal.time_instant(right))
    return _between_moments(left, right)


def _between_moments(left: object, right: object) -> object:
    days = dt.date | WideDate | WideDateTime
    if not isinstance(left, days) or not isinstance(right, days):
        raise _no("-", left, right)
    if _is_local(left) != _is_local(right):
        raise NoValue("a moment with a zone and one without have no distance")
    return temporal.make_duration(temporal.instant(left) - temporal.instant(right))


def _is_local(value: dt.date | WideDate | WideDateTime) -> bool:
    # A date counts as midnight in UTC. Source: DMN 1.5, 10.3.2.3.5.
    return isinstance(value, dt.datetime | WideDateTime) and temporal.zone_of(value) is None


def _moved(moment: object, step: YearsMonths | temporal.Duration, sign: int, symbol: str) -> object:
    if isinstance(step, YearsMonths):
        if isinstance(moment, dt.date | WideDate | WideDateTime):
            return temporal.shift(moment, months=sign * step.total_months)
        raise _no(symbol, moment, step)
    nanos = sign * temporal.duration_nanos(step)
    if isinstance(moment, dt.date | WideDate | WideDateTime):
        return temporal.shift(moment, nanoseconds=nanos)
    if isinstance(moment, dt.time | WideTime):
        clock = (temporal.nanos_of_day(moment) + nanos) % temporal.DAY
        return temporal.make_time(clock, temporal.zone_of(moment))
    raise _no(symbol, moment, step)


def multiply(run: Run, left: object, right: object) -> object:
    """`left * right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return finite(NUMBERS.multiply(left, right))
    if isinstance(left, Decimal):
        left, right = right, left
    if isinstance(right, Decimal) and isinstance(left, YearsMonths):
        return temporal.make_months(temporal.whole(NUMBERS.multiply(Decimal(left.total_months), right)))
    if isinstance(right, Decimal) and isinstance(left, dt.timedelta | WideDuration):
        return temporal.scale_duration(temporal.duration_nanos(left), right)
    raise _no("*", left, right)


def divide(run: Run, left: object, right: object) -> object:
    """`left / right`."""
    if type(left) is Decimal and type(right) is Decimal:
        if not right:
            raise NoValue("division by zero")
        return finite(NUMBERS.divide(left, right))
    if isinstance(left, YearsMonths) and isinstance(right, YearsMonths):
        return _ratio(left.total_months, right.total_months)
    if isinstance(left, temporal.Duration) and isinstance(right, temporal.Duration):
        return _ratio(temporal.duration_nanos(left), temporal.duration_nanos(right))
    if not isinstance(right, Decimal):
        raise _no("/", left, right)
    if not right:
        raise NoValue("division by zero")
    if isinstance(left, YearsMonths):
        return temporal.make_months(temporal.whole(NUMBERS.divide(Decimal(left.total_months), right)))
    if isinstance(left, dt.timedelta | WideDuration):
        # In whole nanoseconds: 34 digits of a quotient would lose the last of them.
        numerator, denominator = finite(right).as_integer_ratio() if abs(right.adjusted()) < 40 else (1, 0)
        if not denominator:
            raise NoValue("duration out of range")
        nanos = temporal.duration_nanos(left) * denominator
        size = abs(nanos) // abs(numerator)
        return temporal.make_duration(size if (nanos < 0) == (numerator < 0) else -size)
    raise _no("/", left, right)


def _ratio(left: int, right: int) -> Decimal:
    if not right:
        raise NoValue("division by zero")
    return finite(NUMBERS.divide(Decimal(left), Decimal(right)))


def power(run: Run, left: object, right: object) -> object:
    """`left ** right`, for whole exponents only; exp() and log() serve the others.

    Source: the DMN community's compatibility kit, which refuses fractions where the standard is silent.
    """
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        if right != right.to_integral_value():
            raise NoValue("the exponent must be a whole number")
        run.charge(20)  # large exponents go through logarithms
        return finite(NUMBERS.power(left, right))
    raise _no("**", left, right)


def negate(value: object) -> object:
    """`-value`."""
    if type(value) is Decimal:
        return NUMBERS.minus(value)
    if isinstance(value, YearsMonths):
        return YearsMonths(-value.total_months)
    if isinstance(value, dt.timedelta | WideDuration):
        return temporal.make_duration(-temporal.duration_nanos(value))
    raise NoValue(f"{kind_of(value)} has no negative")


OPERATIONS: dict[str, Callable[[Run, object, object], object]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}
