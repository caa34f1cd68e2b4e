"""Text in shapes: broken into lines that fit."""

from __future__ import annotations

import re

from lastmeter.definitions.layout.shapes import text_width

# A Latin word or number stays whole; a line may end after any Chinese character; none begins with a closing mark.
_PIECES = re.compile(r"[^\s\u2e80-\uffff]+\s*|\s+|.[，。；：！？、）》”]*", re.DOTALL)


def lines_of(text: str, width: float, size: float, most: int) -> list[str]:
    """`text` in at most `most` lines no wider than `width`; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    current = ""
    for piece in _PIECES.findall(text):
        if current and text_width((current + piece).rstrip(), size) > width:
            lines.append(current.strip())
            current = piece.lstrip()
        else:
            current += piece
    if current.strip():
        lines.append(current.strip())
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1].rstrip() + "…"]
    return lines
