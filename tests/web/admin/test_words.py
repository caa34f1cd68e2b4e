"""Every text of administration, designer and API reference stands in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lastmeter
import lastmeter_web
from lastmeter_web import i18n
from lastmeter_web.actions import ACTIONS
from lastmeter_web.api.problems import SENTENCES_OF_CALLS
from lastmeter_web.api.reference import CHINESE

_RECORDED = re.compile(r'(?:\.note|\brecord|Entry)\(\s*(?:[A-Za-z_.]+,\s*){0,4}"([a-z_]+\.[a-z_]+)"')
_SAID = re.compile(r'\b_\(\s*"([^"]*)"')


def test_every_recorded_action_is_named() -> None:
    source = "".join(file.read_text() for file in Path(lastmeter.__path__[0]).rglob("*.py"))
    found = set(_RECORDED.findall(source))
    assert len(found) > 30
    assert found - ACTIONS.keys() == set()


@pytest.mark.parametrize("feature", ["admin", "designer", "api"])
def test_every_text_of_the_feature_is_said_in_english(feature: str) -> None:
    folder = Path(lastmeter_web.__path__[0]) / feature
    files = [*folder.rglob("*.html"), *folder.rglob("*.py")]
    said = {text for file in files for text in _SAID.findall(file.read_text()) if not text.isascii()}
    assert said
    assert said - i18n.english().keys() == set()


def test_every_call_is_explained_in_chinese() -> None:
    calls = (Path(lastmeter_web.__path__[0]) / "api").glob("*.py")
    views = {name for file in calls for name in re.findall(r"@call\([^@]*?\ndef (\w+)", file.read_text())}
    assert views == CHINESE.keys()


def test_every_refusal_of_a_call_is_said_twice() -> None:
    assert all(zh and en and not zh.isascii() and en.isascii() is not None for zh, en in SENTENCES_OF_CALLS.values())
