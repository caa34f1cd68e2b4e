"""What a rule's author says of it: what it means, in two languages, and the clause it rests on.

DMN gives a rule one description, which every editor shows. Ours are written `中文【依据】 · English`; labels and words
for values `中文 · English`. What is written otherwise stands for both languages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

BETWEEN = " · "
_REMARK = re.compile(r"(?P<zh>[^【]*)【(?P<basis>.*)】(?: · (?P<en>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence in both languages, and the clause behind it ("" where none is named)."""

    zh: str
    en: str
    basis: str = ""


def both(text: str) -> tuple[str, str]:
    """The Chinese and the English half of a label; a label of one piece is both."""
    zh, between, en = text.strip().partition(BETWEEN)
    return (zh.strip(), en.strip()) if between else (zh, zh)


def remark_of(annotations: Mapping[str, str]) -> Remark:
    """The rule's remark: its description, or the annotation columns of another editor one after the other."""
    described = annotations.get("description", "").strip()
    found = _REMARK.fullmatch(described)
    if found is not None:
        zh = found["zh"].strip()
        return Remark(zh, (found["en"] or zh).strip(), found["basis"].strip())
    if described:
        return Remark(*both(described))
    columns = [f"{name}: {note}" if name else note for name, note in annotations.items() if note.strip()]
    return Remark("；".join(columns), "; ".join(columns))
