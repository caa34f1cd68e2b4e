from __future__ import annotations

import datetime as dt

import pytest

from lastmeter.identifiers import (
    age_on,
    birth_date,
    is_id_number,
    is_phone,
    is_uscc,
    mask_id_number,
    mask_phone,
    normal,
    sex,
)


@pytest.mark.parametrize(
    "number",
    [
        "11010519491231002X",
        "370112201508220027",
        "370102199001010036",
        # Elderly citizens whose place code is younger than they are; a place table would turn them away.
        "370102196503150019",
        "370103196503150015",
    ],
)
def test_a_real_identity_number_is_accepted(number: str) -> None:
    assert is_id_number(number)


@pytest.mark.parametrize(
    "number",
    [
        "370103196503150010",  # check digit
        "11010519491231002x",  # not normalised
        "370102196502300019",  # 30 February
        "37010219650315001",  # one short
        "3701021965031500190",
        "３７0102196503150019",
        "37010217650315001X",
        "",
    ],
)
def test_a_number_that_cannot_be_is_refused(number: str) -> None:
    assert not is_id_number(number)


def test_a_birth_after_today_is_refused() -> None:
    assert is_id_number("370112201508220027", today=dt.date(2015, 8, 22))
    assert not is_id_number("370112201508220027", today=dt.date(2015, 8, 21))


def test_birth_date_and_sex_are_read_from_the_number() -> None:
    assert birth_date("370102196503150019") == dt.date(1965, 3, 15)
    assert sex("370102196503150019") == "male"
    assert sex("370112201508220027") == "female"


def test_masks_hide_the_birth_date_and_the_middle() -> None:
    assert mask_id_number("370102196503150019") == "3701**********0019"
    assert mask_phone("13812341234") == "138****1234"
    assert mask_id_number("123") == "***"
    assert mask_phone("12") == "**"


@pytest.mark.parametrize("code", ["11370100MB2845012J", "52370100MJD600001H", "91370100MA3C00001H"])
def test_a_real_credit_code_is_accepted(code: str) -> None:
    assert is_uscc(code)


@pytest.mark.parametrize(
    "code",
    ["11370100MB2845012A", "11370100MB2845O12J", "11370100MB2845012", "1137010IMB2845012J", "11370100mb2845012j"],
)
def test_a_credit_code_that_cannot_be_is_refused(code: str) -> None:
    assert not is_uscc(code)


def test_one_changed_character_is_always_noticed() -> None:
    code = "91370100MA3C00001H"
    for position in range(18):
        for sign in "0123456789ABCDEFGHJKLMNPQRTUWXY":
            changed = code[:position] + sign + code[position + 1 :]
            assert is_uscc(changed) == (changed == code)


def test_what_people_type_is_narrowed_before_it_is_judged() -> None:
    assert normal(" １１０１０５ 19491231-002x ") == "11010519491231002X"


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("1986-05-10", "2026-05-09", 39),
        ("1986-05-10", "2026-05-10", 40),
        ("2000-02-29", "2026-02-28", 25),
        ("2000-02-29", "2026-03-01", 26),
    ],
)
def test_full_years_are_complete_on_the_birthday(birth: str, day: str, age: int) -> None:
    assert age_on(dt.date.fromisoformat(birth), dt.date.fromisoformat(day)) == age


def test_mobile_numbers_have_eleven_digits_and_begin_with_13_to_19() -> None:
    assert is_phone("13812341234")
    assert not is_phone("12812341234")
    assert not is_phone("1381234123")
    assert not is_phone("１3812341234")
