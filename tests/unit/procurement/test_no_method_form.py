"""What the officer reads where no method can be used: what stands against it, and what helps."""

from __future__ import annotations

import json

import pytest

from lastmeter import paths
from lastmeter.decisions import load
from lastmeter.forms import Form, load_form

FALLBACK = {"zh": "另行办理（政府采购法85）", "en": "does not apply (Law 85)"}


@pytest.fixture(scope="module")
def form() -> Form:
    return load_form(json.loads((paths.bundled("forms") / "tender" / "no_method.json").read_text(encoding="utf-8")))


def told(form: Form, outcome: str, language: str) -> str:
    choice = {"outcome": outcome, "method": None, "reason": ""}
    return str(form.view(context={"method_choice": choice}, language=language)[0].text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_missing_amounts_are_told_with_who_mends_it(form: Form, language: str) -> None:
    assert "lastmeter thresholds add" in told(form, "not_configured", language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_outcome_of_the_table_has_words_of_its_own(form: Form, language: str) -> None:
    table = load((paths.bundled("bpmn") / "tender" / "procurement_method.dmn").read_bytes())
    outcomes = [value for name, value in table.words if name == "outcome"]
    assert len(outcomes) == 8
    fallen = [outcome for outcome in outcomes if FALLBACK[language] in told(form, outcome, language)]
    assert fallen == ["manual"]
