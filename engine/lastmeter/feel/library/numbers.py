"""Numeric built-ins.

Source: DMN 1.5, table 77.
"""

from __future__ import annotations

import datetime as dt
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import TYPE_CHECKING

from lastmeter.feel.arithmetic import finite, negate
from lastmeter.feel.errors import NoValue
from lastmeter.feel.library.registry import Parameter, builtin, number
from lastmeter.feel.temporal import WideDuration, YearsMonths, duration_nanos
from lastmeter.feel.values import NUMBERS

if TYPE_CHECKING:
    from lastmeter.feel.runtime import Run


# Logarithms and exponentials to 34 digits take as long as twenty turns of a loop.
_SLOW = 20


def integer(value: Decimal, what: str) -> int:
    """The number as an int. Raises NoValue when it has a fraction or is enormous."""
    if value.adjusted() > 20 or value != value.to_integral_value():
        raise NoValue(f"{what} must be a whole number")
    return int(value)


def truncated(run: Run, value: Decimal, what: str) -> int:
    """The number as an int, with a warning when a fraction is cut off. Raises NoValue when it is enormous."""
    if value.adjusted() > 20:
        raise NoValue(f"{what} out of range")
    whole = int(value)
    if whole != value:
        run.warn(f"{what} {value} is read as {whole}")
    return whole


def _scaled(run: Run, value: Decimal, scale: Decimal | None, rounding: str) -> Decimal:
    """`value` rounded to `scale` places.

    Source: DMN 1.5, 10.3.4.5: the scale lies between -6111 and 6176.
    """
    places = 0 if scale is None else truncated(run, scale, "scale")
    if not -6111 <= places <= 6176:
        raise NoValue("scale out of range")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -places:
        return value
    rounded = NUMBERS.scaleb(value, places).to_integral_value(rounding)
    result = finite(NUMBERS.scaleb(rounded, -places))
    # Tens and hundreds come out as digits (120), not as powers of ten (1.2E+2).
    return NUMBERS.create_decimal(format(result, "f")) if places < 0 and result.adjusted() < 34 else result


@builtin("decimal", number("n"), number("scale"))
def decimal(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _scaled(run, n, scale, ROUND_HALF_EVEN)


@builtin("floor", number("n"), number("scale", optional=True))
def floor(run: Run, n: Decimal, scale: Decimal | None = None) -> Decimal:
    return _scaled(run, n, scale, ROUND_FLOOR)


@builtin("ceiling", number("n"), number("scale", optional=True))
def ceiling(run: Run, n: Decimal, scale: Decimal | None = None) -> Decimal:
    return _scaled(run, n, scale, ROUND_CEILING)


@builtin("round up", number("n"), number("scale"))
def round_up(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _scaled(run, n, scale, ROUND_UP)


@builtin("round down", number("n"), number("scale"))
def round_down(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _scaled(run, n, scale, ROUND_DOWN)


@builtin("round half up", number("n"), number("scale"))
def round_half_up(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _scaled(run, n, scale, ROUND_HALF_UP)


@builtin("round half down", number("n"), number("scale"))
def round_half_down(run: Run, n: Decimal, scale: Decimal) -> Decimal:
    return _scaled(run, n, scale, ROUND_HALF_DOWN)


@builtin("abs", Parameter("n", ("number", "days and time duration", "years and months duration")))
def absolute(run: Run, n: object) -> object:
    if isinstance(n, Decimal):
        return n.copy_abs()
    if isinstance(n, YearsMonths):
        return YearsMonths(abs(n.total_months))
    assert isinstance(n, dt.timedelta | WideDuration)
    return negate(n) if duration_nanos(n) < 0 else n


@builtin("modulo", number("dividend"), number("divisor"))
def modulo(run: Run, dividend: Decimal, divisor: Decimal) -> Decimal:
    if not divisor:
        raise NoValue("division by zero")
    # The sign follows the divisor: dividend - divisor * floor(dividend / divisor).
    rest = finite(NUMBERS.remainder(dividend, divisor))
    if rest and (rest < 0) != (divisor < 0):
        rest = NUMBERS.add(rest, divisor)
    return finite(rest)


@builtin("sqrt", number("number"))
def sqrt(run: Run, n: Decimal) -> Decimal:
    return finite(NUMBERS.sqrt(n))


@builtin("log", number("number"))
def log(run: Run, n: Decimal) -> Decimal:
    run.charge(_SLOW)
    return finite(NUMBERS.ln(n))


@builtin("exp", number("number"))
def exp(run: Run, n: Decimal) -> Decimal:
    run.charge(_SLOW)
    return finite(NUMBERS.exp(n))


@builtin("odd", number("number"))
def odd(run: Run, n: Decimal) -> bool:
    return _remainder_of_two(n) == 1


@builtin("even", number("number"))
def even(run: Run, n: Decimal) -> bool:
    return _remainder_of_two(n) == 0


def _remainder_of_two(n: Decimal) -> Decimal:
    if n != n.to_integral_value():
        raise NoValue("only whole numbers are odd or even")
    # Beyond 34 digits every decimal is a multiple of ten.
    return Decimal(0) if n.adjusted() > 33 else abs(NUMBERS.remainder(n, Decimal(2)))
