"""Where the built front end lies; pages work without it and say what to run."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from flask import url_for

BUILT = Path(__file__).parent / "static" / "built"


@cache
def _manifest() -> dict[str, dict[str, object]]:
    try:
        found: dict[str, dict[str, object]] = json.loads((BUILT / "manifest.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def script(entry: str) -> str | None:
    """The address of a built script (`app`, `designer`), or None where the front end was not built."""
    found = _manifest().get(f"src/{entry}.ts")
    return None if found is None else url_for("static", filename=f"built/{found['file']}")


def styles(entry: str) -> list[str]:
    """The addresses of its style sheets."""
    found = _manifest().get(f"src/{entry}.ts") or {}
    sheets = found.get("css")
    return [url_for("static", filename=f"built/{sheet}") for sheet in sheets] if isinstance(sheets, list) else []
