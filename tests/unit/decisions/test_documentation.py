"""The page shows what models really answer."""

from __future__ import annotations

from tests.unit.decisions.document import PAGE, kit_scores, render


def test_the_documentation_shows_what_models_answer() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m tests.unit.decisions.document"


def test_a_directory_of_the_kit_that_fails_says_why_in_both_languages() -> None:
    scores = kit_scores()
    places = [(row["level"], row["directory"]) for row in scores]
    assert places == sorted(set(places))
    for row in scores:
        missing = int(row["cases"]) - int(row["passed"])
        assert missing >= 0
        assert bool(row["why_zh"]) == bool(row["why_en"]) == bool(missing), row["directory"]
