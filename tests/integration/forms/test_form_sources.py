from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from lastmeter import clock
from lastmeter.actor import SYSTEM, Actor
from lastmeter.config import Settings
from lastmeter.deadlines import register
from lastmeter.deadlines.calendars import import_calendar_year
from lastmeter.documents import files
from lastmeter.forms import Form, FormInvalid, load_form
from lastmeter.forms.sources import scope_in
from lastmeter.identity.models import Organisation, Person, Region

WEI, LI = Actor(person_id=901, name="魏×"), Actor(person_id=902, name="李×")


def form(**types: str) -> Form:
    kinds = {"file": "filepicker", "date_deadline": "datetime"}
    return load_form(
        {
            "type": "default",
            "id": "f",
            "components": [
                {
                    "type": kinds.get(type_, "textfield"),
                    "key": key,
                    "label": "甲",
                    "properties": {"lm.type": type_, "lm.rule": "D31", "lm.start": "=signed"},
                }
                for key, type_ in types.items()
            ],
        }
    )


def refused(subject: Form, data: dict[str, object], session: Session, actor: Actor, **context: object) -> set[str]:
    with pytest.raises(FormInvalid) as caught:
        subject.load(data, context=context, scope=scope_in(session, actor))
    return set(caught.value.messages)


def test_only_what_the_database_knows_may_be_named(session: Session) -> None:
    region = Region(code="379999", level=2, name="试区", name_en="Test District")
    alive = Organisation(tree="provider", kind="provider", name="甲", name_en="A")
    closed = Organisation(tree="provider", kind="provider", name="乙", name_en="B", closed_on=dt.date(2020, 1, 1))
    person = Person(name="王×")
    session.add_all([region, alive, closed, person])
    session.flush()
    subject = form(o="organisation", p="person", r="region")
    good = {"o": alive.id, "p": person.id, "r": "379999"}
    assert subject.load(good, scope=scope_in(session, WEI)) == good
    assert refused(subject, {"o": closed.id, "p": 10**12, "r": "379998"}, session, WEI) == {"o", "p", "r"}


def test_a_file_may_be_named_by_who_uploaded_it_and_where_it_belongs(session: Session, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    document = files.store(session, WEI, io.BytesIO("记录".encode()), "a.txt", settings=settings)
    subject = form(f="file")
    assert subject.load({"f": document.id}, scope=scope_in(session, WEI)) == {"f": document.id}
    assert refused(subject, {"f": document.id}, session, LI) == {"f"}
    files.bind(session, WEI, [document.id], "task/3")
    assert subject.load({"f": document.id}, scope=scope_in(session, LI, owner="task/3")) == {"f": document.id}


def test_a_day_is_bound_by_the_calendar_that_was_imported(session: Session) -> None:
    register.seed(session)
    subject = form(published="date_deadline")
    context = {"signed": dt.date(2026, 12, 31)}
    late = {"published": "2027-01-05"}
    with clock.standing_at(clock.at(dt.date(2026, 12, 31))):
        assert refused(subject, late, session, WEI, **context) == {"published"}
        off = [f"2027-02-{day:02},off,春节,Spring Festival" for day in (4, 5, 8, 9, 10, 11, 12)]
        table = "\n".join(["date,kind,name_zh,name_en", "2027-01-01,off,元旦,New Year", *off])
        import_calendar_year(session, SYSTEM, table, source="通知")
        loaded = subject.load(late, context=context, scope=scope_in(session, WEI))
    assert loaded == {"published": dt.date(2027, 1, 5)}
