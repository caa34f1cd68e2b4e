"""Two languages: Chinese is written in the sources, English stands in translations/en.po."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Literal

from babel.messages.pofile import read_po
from flask import Flask, current_app, g, has_request_context, request
from markupsafe import Markup, escape

from lastmeter import clock

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
COOKIE = "lm_lang"
FOLDER = Path(__file__).parent / "translations"
_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def english() -> dict[str, str]:
    """The English of every Chinese text of pages."""
    texts: dict[str, str] = {}
    for file in sorted(FOLDER.glob("*.po")):
        with file.open("rb") as source:
            texts |= {str(m.id): str(m.string) for m in read_po(source, locale="en") if m.id and m.string}
    return texts


def language() -> Language:
    """The reader's language: `?lang=`, else the account's, else the cookie's, else the installation's."""
    if not has_request_context():
        return "zh"
    known = getattr(g, "language", None)
    if known is None:
        account = getattr(g, "account", None)
        wanted = (request.args.get("lang"), account.language if account else None, request.cookies.get(COOKIE))
        known = g.language = next(
            (each for each in wanted if each in LANGUAGES), current_app.config["SETTINGS"].language
        )
    return "en" if known == "en" else "zh"


def _(text: str, **facts: object) -> str:
    """The text in the reader's language, its {facts} filled in."""
    spoken = english().get(text, text) if language() == "en" else text
    return spoken.format(**facts) if facts else spoken


def both(zh: str | None, en: str | None) -> str:
    """The one of two texts that the reader understands."""
    return (en or zh or "") if language() == "en" else (zh or en or "")


def day(value: dt.date | dt.datetime | None, *, weekday: bool = False) -> str:
    """A legal day: 5月18日 or 18 May; with the year where it is another one."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        value = clock.local_day(value)
    text = _written(value, value.year != clock.today().year)
    if not weekday:
        return text
    if language() == "en":
        return f"{_WEEKDAYS['en'][value.weekday()]} {text}"
    return f"{text} 星期{_WEEKDAYS['zh'][value.weekday()]}"


def period(first: dt.date, last: dt.date) -> str:
    """From one day to another: both with their year unless both lie in this one."""
    named = {first.year, last.year} != {clock.today().year}
    return f"{_written(first, named)} – {_written(last, named)}"


def _written(value: dt.date, with_year: bool) -> str:
    if language() == "en":
        return f"{value.day} {_MONTHS[value.month - 1]}" + (f" {value.year}" if with_year else "")
    return (f"{value.year}年" if with_year else "") + f"{value.month}月{value.day}日"


def moment(value: dt.datetime | None) -> str:
    """A legal instant in Asia/Shanghai: day and time."""
    if value is None:
        return ""
    return f"{day(value)} {value.astimezone(clock.ZONE):%H:%M}"


def recent(value: dt.datetime | None) -> str:
    """The time of an instant of today, else its day and time."""
    if value is None:
        return ""
    return time_of(value) if clock.local_day(value) == clock.today() else moment(value)


def full_day(value: dt.date) -> str:
    """The day with year and weekday: 2026年3月2日 星期一, Mon 2 March 2026."""
    if language() == "en":
        return f"{_WEEKDAYS['en'][value.weekday()]} {value.day} {_MONTHS[value.month - 1]} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日 星期{_WEEKDAYS['zh'][value.weekday()]}"


def time_of(value: dt.datetime | None) -> str:
    return "" if value is None else f"{value.astimezone(clock.ZONE):%H:%M}"


def yuan(fen: int | None) -> str:
    """Money as ¥1,280,000.00."""
    if fen is None:
        return ""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def person_text(text: object) -> Markup:
    """Text from people, isolated so that no direction mark leaks out of it."""
    return Markup("<bdi>{}</bdi>").format(escape(str(text)))


def install(app: Flask) -> None:
    app.jinja_env.globals.update(_=_, both=both, language=language)
    app.jinja_env.filters.update(
        day=day, period=period, moment=moment, time=time_of, recent=recent, full_day=full_day, yuan=yuan,
        person=person_text,
    )  # fmt: skip
