from __future__ import annotations

import contextlib
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastmeter.forms.strict_json import JsonRefused, read


def test_plain_json_is_read_and_fractions_stay_exact() -> None:
    assert read(b'{"a": [1, 0.1, "\\u4f60", true, null]}') == {"a": [1, Decimal("0.1"), "你", True, None]}


def test_brackets_inside_texts_are_no_depth() -> None:
    assert read('{"a": "' + "[" * 500 + '\\"' + "{" * 500 + '"}') == {"a": "[" * 500 + '"' + "{" * 500}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": NaN}', "not_a_number"),
        (b"[Infinity]", "not_a_number"),
        (b"[-Infinity]", "not_a_number"),
        (b"[1e999]", "number_out_of_range"),
        (b"[1e-999]", "number_out_of_range"),
        (b"[" + b"9" * 5000 + b"]", "too_many_digits"),
        (b"[0." + b"3" * 5000 + b"]", "too_many_digits"),
        (b'{"a": 1, "a": 2}', "duplicate_name"),
        (b'{"a": "\\u0000"}', "unstorable_character"),
        (b'{"\\u0000": 1}', "unstorable_character"),
        (b'["\\ud800"]', "unstorable_character"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'["' + b"x" * 1_100_000 + b'"]', "too_large"),
        (b'["\xff"]', "not_utf8"),
        (b"", "not_json"),
        (b"{'a': 1}", "not_json"),
        (b"[1,]", "not_json"),
        (b'["abc', "not_json"),
        (b'["' + b"\\" * 100_000, "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:12].decode("ascii", "replace"),
)
def test_what_is_ambiguous_unbounded_or_unstorable_is_refused(body: bytes, reason: str) -> None:
    started = time.process_time()
    with pytest.raises(JsonRefused) as refused:
        read(body)
    assert refused.value.facts["reason"] == reason
    assert refused.value.say("zh").endswith("。")
    assert "{" not in refused.value.say("zh") + refused.value.say("en")
    assert time.process_time() - started < 2


def test_a_syntax_error_names_its_place() -> None:
    with pytest.raises(JsonRefused) as refused:
        read('{"a": 1,\n "b": }')
    assert (refused.value.facts["line"], refused.value.facts["column"]) == (2, 7)


def test_a_text_with_a_lone_surrogate_is_refused_not_crashed_on() -> None:
    with pytest.raises(JsonRefused):
        read('["\ud800"]')


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    with contextlib.suppress(JsonRefused):
        read(body)
