"""Resident identity numbers and unified social credit codes: well made or not, what they tell, how they are shown."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

Sex = Literal["male", "female"]

_ID_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_SHAPE = re.compile(rf"[{_USCC_ALPHABET}]{{18}}")
_USCC_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))

_PHONE_SHAPE = re.compile(r"1[3-9][0-9]{9}")

_WIDE = {ord(wide): chr(ord(wide) - 0xFEE0) for wide in map(chr, range(0xFF01, 0xFF5F))}


def normal(text: str) -> str:
    """The identifier as it is stored: full-width letters and digits narrowed, spaces and hyphens gone, capitals."""
    return re.sub(r"[\s\u3000-]", "", text.translate(_WIDE)).upper()


def is_id_number(number: str, *, today: dt.date | None = None) -> bool:
    """An 18-digit resident identity number with a real birth date (not after `today`) and a right check digit.

    The region digits are not judged: numbers were issued long after their bearers' births, to regions since renamed.
    Source: GB 11643.
    """
    if not _ID_SHAPE.fullmatch(number) or number[6:8] not in ("18", "19", "20"):
        return False
    try:
        born = birth_date(number)
    except ValueError:
        return False
    if today is not None and born > today:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
    return number[17] == _ID_CHECK[total % 11]


def birth_date(number: str) -> dt.date:
    """The birth date in an identity number. Raises ValueError where there is none."""
    return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex(number: str) -> Sex:
    """Odd seventeenth digit: male. Source: GB 11643."""
    return "male" if int(number[16]) % 2 else "female"


def age_on(birth: dt.date, day: dt.date) -> int:
    """Full years of age (周岁): a year is complete on the birthday; for 29 February on 1 March of other years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def mask_id_number(number: str) -> str:
    """`3701**********0019`: the first four and the last four, nothing of the birth date."""
    return f"{number[:4]}{'*' * 10}{number[-4:]}" if len(number) == 18 else "*" * len(number)


def is_uscc(code: str) -> bool:
    """A unified social credit code with a right check character. Source: GB 32100."""
    if not _USCC_SHAPE.fullmatch(code):
        return False
    total = sum(_USCC_ALPHABET.index(sign) * weight for sign, weight in zip(code[:17], _USCC_WEIGHTS, strict=True))
    return code[17] == _USCC_ALPHABET[-total % 31]


def is_phone(number: str) -> bool:
    """A mainland mobile number."""
    return _PHONE_SHAPE.fullmatch(number) is not None


def mask_phone(number: str) -> str:
    """`138****1234`."""
    return f"{number[:3]}****{number[-4:]}" if len(number) == 11 else "*" * len(number)
