"""The page shows what models really answer."""

from __future__ import annotations

from tests.unit.decisions.document import PAGE, render


def test_the_documentation_shows_what_models_answer() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m tests.unit.decisions.document"
