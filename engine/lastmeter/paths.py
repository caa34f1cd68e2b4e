"""Where the data folders lie: inside the wheel, else in the checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def bundled(kind: str) -> Path:
    """The folder `bpmn` or `forms` inside the installed wheel, else the checkout's."""
    inside = PACKAGE / "bundled" / kind
    return inside if inside.is_dir() else PACKAGE.parents[1] / kind
