"""Text as it is kept: NFC, one kind of line end, nothing that a database or a reader would choke on."""

from __future__ import annotations

import re
import unicodedata

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def clean(text: str) -> str:
    """NFC, CRLF and CR as LF, no space at either end."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def is_storable(text: str, *, multiline: bool) -> bool:
    """No control character but line feed and tab (in a single line neither), no NUL, no lone surrogate."""
    return not _UNSTORABLE.search(text) and (multiline or not re.search(r"[\n\t]", text))


def storable(text: str) -> str:
    """`text` without what could not be kept; for drafts, which refuse nothing."""
    return _UNSTORABLE.sub("", text)


def narrow(text: str) -> str:
    """Full-width signs as their plain twins, without space around: how numbers are read that an IME typed."""
    return text.translate(_WIDE).strip()


def is_blank(text: str) -> bool:
    """Nothing in it can be seen: spaces and characters without width only."""
    return all(sign.isspace() or unicodedata.category(sign) in ("Cf", "Cc") for sign in text)
