"""Walking through everything that somebody can reach by links, as a curious colleague would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from tests.web.city import City, Page, Visitor

ENOUGH = 150


# Text from people stands in these; what somebody wrote is read as it was written.
THEIR_OWN = ("bdi", "textarea", "script", "style")
SPOKEN = ("title", "alt", "aria-label", "placeholder")  # attributes that are read out or shown
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
SAME_FOR_ALL = {"中文", "最后一米"}  # the other language's name, and the program's own


class _Reader(HTMLParser):
    """The links of a page, what its content security policy would not let run, and what it says itself in Chinese."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []
        self.chinese: list[str] = []
        self._theirs = 0

    def handle_data(self, data: str) -> None:
        if not self._theirs:
            self._say(data)

    def handle_endtag(self, tag: str) -> None:
        self._theirs -= tag in THEIR_OWN

    def _say(self, text: str) -> None:
        if CHINESE.search(text) and text.strip() not in SAME_FOR_ALL:
            self.chinese.append(" ".join(text.split()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._theirs += tag in THEIR_OWN
        for name in SPOKEN:
            self._say(given.get(name) or "")
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.inline.append("<script>")
        if tag == "style":
            self.inline.append("<style>")
        self.inline += [f"{tag} {name}=" for name in given if name == "style" or name.startswith("on")]
        for name in ("href", "src", "action", "formaction"):
            if (given.get(name) or "").strip().lower().startswith(("javascript:", "data:text", "vbscript:")):
                self.inline.append(f"{tag} {name}={given[name]}")


def read(page: Page) -> _Reader:
    reader = _Reader()
    reader.feed(page.text)
    return reader


def starts(city: City) -> list[str]:
    """Every address that names nothing, and those of the things that the city is about, seen or not."""
    found = [
        rule.rule for rule in city.app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    ]
    found += [f"/instances/{number}" for number in range(1, 12)] + [f"/t/{number}" for number in range(1, 20)]
    no = city.procurement
    found += [f"/procurements/{no}", f"/procurements/{no}/bids", f"/tenders/{no}", f"/tenders/{no}/lots/1/bid"]
    found += [f"/documents/{number}" for number in range(1, 6)]
    return found


def walk(city: City, visitor: Visitor) -> Iterator[tuple[str, Page]]:
    """Every page that the visitor gets to, refusals included; each address once, whatever its query."""
    waiting, known = starts(city), set[str]()
    while waiting and len(known) < ENOUGH:
        address = waiting.pop(0)
        shape = re.sub(r"(cursor|before|at|lang)=[^&]*", r"\1", address)
        if shape in known:
            continue
        known.add(shape)
        page = visitor.get(address)
        yield address, page
        if "html" not in page.headers.get("Content-Type", ""):
            continue
        for link in read(page).links:
            parts = urlsplit(unescape(link))
            if not parts.netloc and not parts.scheme and parts.path.startswith("/") and "/static/" not in parts.path:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
