"""Operations, the calendar and the audit trail as pages."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter import clock, jobs, outbox
from lastmeter.audit import AuditEvent
from lastmeter.deadlines import register
from lastmeter.deadlines.models import CalendarYear
from lastmeter.definitions import publishing
from lastmeter.identity.models import Account
from lastmeter.identity.people import actor_of
from lastmeter.outbox import Job
from lastmeter.workflow import instances
from lastmeter.workflow.models import Incident, Instance

Login = Callable[[str], Any]


def _start(factory: sessionmaker[Session], login: str, key: str, **given: Any) -> int:
    with factory() as session:
        person = session.scalars(select(Account.person_id).where(Account.login == login)).one()
        made = instances.start(session, actor_of(session, person), key, **given).id
        session.commit()
    jobs.drain(factory)
    return made


def _incident(factory: sessionmaker[Session], instance: int | None = None, key: str | None = None) -> int:
    with factory() as session:
        made = Incident(instance_id=instance, job_key=key, code="step_failed", detail="ValueError", element_id="x")
        session.add(made)
        session.commit()
        return made.id


def test_an_operator_sees_an_incident_and_tries_again(
    login: Login, bundled: None, factory: sessionmaker[Session]
) -> None:
    instance = _start(factory, "lixia.officer", "annual_plan", data={"year": 2026})
    number = _incident(factory, instance)
    operator = login("operator")
    page = operator.get("/admin/operations").get_data(as_text=True)
    assert "step_failed" in page
    assert f"/admin/operations/incidents/{number}/retry" in page
    answer = operator.post(f"/admin/operations/incidents/{number}/retry")
    assert answer.status_code == 303
    with factory() as session:
        row = session.get_one(Incident, number)
        assert row.resolved_at is not None
        assert row.resolved_by is not None
    assert f"/admin/operations/incidents/{number}/retry" not in operator.get("/admin/operations").get_data(as_text=True)
    assert operator.post(f"/admin/operations/incidents/{number}/retry").status_code == 404


def test_a_job_that_was_given_up_is_taken_again(login: Login, factory: sessionmaker[Session]) -> None:
    with factory() as session:
        outbox.enqueue(session, "message", "mes-1", payload={})
        job = session.get_one(Job, "mes-1")
        job.failed_at, job.attempts, job.error = clock.now(), 3, "ValueError"
        session.commit()
    operator = login("operator")
    assert "mes-1" in operator.get("/admin/operations").get_data(as_text=True)
    assert operator.post("/admin/operations/jobs/retry", {"key": "mes-1"}).status_code == 303
    with factory() as session:
        job = session.get_one(Job, "mes-1")
        assert (job.failed_at, job.attempts) == (None, 0)
        assert session.scalar(select(AuditEvent.action).where(AuditEvent.chain == "operations")) == "job.retried"
    assert operator.post("/admin/operations/jobs/retry", {"key": "mes-1"}).status_code == 404


def test_an_instance_that_waits_for_nothing_is_named(
    login: Login, bundled: None, factory: sessionmaker[Session]
) -> None:
    with factory() as session:
        definition = publishing.latest(session, "annual_plan")
        assert definition is not None
        session.add(
            Instance(definition_id=definition.id, definition_key="annual_plan", title_zh="停住的计划", title_en="Stuck")
        )
        session.commit()
    assert "停住的计划" in login("operator").get("/admin/operations").get_data(as_text=True)


@pytest.mark.parametrize("who", ["lixia.officer", "lixia.leader", "auditor", "designer", "huimin.worker1"])
def test_only_operators_reach_operations(login: Login, who: str) -> None:
    browser = login(who)
    assert browser.get("/admin/operations").status_code == 403
    assert browser.post("/admin/operations/jobs/retry", {"key": "x"}).status_code == 403
    assert browser.get("/admin/calendar").status_code == 403


def _year(year: int) -> bytes:
    days = [dt.date(year, 1, 1) + dt.timedelta(days=n) for n in range(40)]
    off = [day for day in days if day.weekday() < 5][:20]
    lines = ["date,kind,name_zh,name_en", *(f"{day},off,假日,Holiday" for day in off)]
    return "\n".join(lines).encode()


def test_a_year_is_imported_with_its_source(login: Login, factory: sessionmaker[Session]) -> None:
    operator = login("operator")
    page = operator.get("/admin/calendar")
    assert page.status_code == 200
    with factory() as session:
        following = register.calendar_in(session).last.year + 1
    sent = {"file": (io.BytesIO(_year(following)), "year.csv"), "source": "国办发明电〔2026〕7号"}
    answer = operator.post("/admin/calendar", sent, content_type="multipart/form-data")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert f"{following} 年已导入" in answer.get_data(as_text=True)
    with factory() as session:
        assert session.get_one(CalendarYear, following).source == "国办发明电〔2026〕7号"


def test_a_table_that_is_no_year_is_refused_with_its_line(login: Login, factory: sessionmaker[Session]) -> None:
    operator = login("operator")
    bad = _year(2027).replace(b",off,", b",free,", 1)
    answer = operator.post(
        "/admin/calendar", {"file": (io.BytesIO(bad), "y.csv"), "source": "x"}, content_type="multipart/form-data"
    )
    assert answer.status_code == 422
    assert "第 2 行" in answer.get_data(as_text=True)
    english = operator.post(
        "/admin/calendar?lang=en", {"file": (io.BytesIO(b""), "y.csv"), "source": "x"},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert english.status_code == 422
    with factory() as session:
        assert session.scalars(select(CalendarYear)).all() == []


def test_an_auditor_reads_a_chain_and_sees_that_it_is_whole(
    login: Login, bundled: None, factory: sessionmaker[Session]
) -> None:
    instance = _start(factory, "lixia.officer", "annual_plan", data={"year": 2026})
    auditor = login("auditor")
    assert f"/admin/audit/instances/{instance}" in auditor.get("/admin/audit").get_data(as_text=True)
    page = auditor.get(f"/admin/audit/instances/{instance}").get_data(as_text=True)
    assert "事项发起" in page
    assert "记录完整" in page
    english = auditor.get(f"/admin/audit/instances/{instance}?lang=en").get_data(as_text=True)
    assert "instance started" in english
    assert "chain is whole" in english


def test_a_changed_row_of_the_trail_shows(
    login: Login, bundled: None, factory: sessionmaker[Session], owner_engine: Any
) -> None:
    instance = _start(factory, "lixia.officer", "annual_plan", data={"year": 2026})
    with owner_engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE audit_event SET action = 'task.claimed' WHERE chain = 'instance/{instance}' AND position = 1"
        )
    assert "第 1 条与前一条不相连" in login("auditor").get(f"/admin/audit/instances/{instance}").get_data(as_text=True)


def test_an_auditor_reads_no_case(login: Login, bundled: None, factory: sessionmaker[Session]) -> None:
    with factory() as session:
        row = publishing.latest(session, "case")
        assert row is not None
        made = Instance(definition_id=row.id, definition_key="case", title_zh="个案", title_en="Case")
        session.add(made)
        session.commit()
        number = made.id
    auditor = login("auditor")
    assert auditor.get(f"/admin/audit/instances/{number}").status_code == 404
    assert f"instances/{number}" not in auditor.get("/admin/audit").get_data(as_text=True)
    assert auditor.get("/admin/audit/rooms/case").status_code == 404
    assert auditor.get("/admin/audit/rooms/person").status_code == 200


@pytest.mark.parametrize("who", ["lixia.officer", "operator", "designer", "huimin.manager"])
def test_only_auditors_read_the_trail(login: Login, who: str) -> None:
    browser = login(who)
    assert browser.get("/admin/audit").status_code == 403
    assert browser.get("/admin/audit/rooms/person").status_code == 403
