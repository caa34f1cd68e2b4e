"""Organisations, people, roles and logins as an operator manages them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from lastmeter.identity.models import Account, Membership, Organisation, Person

Login = Callable[[str], Any]


def _number(factory: sessionmaker[Session], login: str) -> int:
    with factory() as session:
        return session.scalars(select(Account.person_id).where(Account.login == login)).one()


def _place(factory: sessionmaker[Session], name: str) -> int:
    with factory() as session:
        return session.scalars(select(Organisation.id).where(Organisation.name == name)).one()


def test_an_operator_registers_somebody_gives_a_role_and_opens_a_login(
    login: Login, factory: sessionmaker[Session], client: Any
) -> None:
    operator = login("operator")
    answer = operator.post("/admin/people", {"name": "新同事"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    address = answer.headers["Location"]
    place = _place(factory, "历下区民政局")
    given = {"role": "district_officer", "organisation": place}
    assert operator.post(f"{address}/memberships", given).status_code == 303
    opened = {"login": "new.colleague", "password": "a long first password"}
    assert operator.post(f"{address}/account", opened).status_code == 303
    page = operator.get(address).get_data(as_text=True)
    assert "new.colleague" in page
    entered = client.post("/login", data=opened)
    assert entered.status_code == 303
    assert client.get("/").status_code in (200, 302, 303)


def test_a_role_ends_and_the_right_with_it(login: Login, factory: sessionmaker[Session]) -> None:
    officer, operator = login("lixia.officer"), login("operator")
    assert officer.get("/start").status_code == 200
    person = _number(factory, "lixia.officer")
    with factory() as session:
        seat = session.scalars(select(Membership.id).where(Membership.person_id == person)).one()
    answer = operator.post(f"/admin/people/{person}/memberships/{seat}/end", {"last_day": "2025-12-31"})
    assert answer.status_code == 303
    assert officer.get("/start").status_code == 403


def test_a_role_of_the_other_tree_is_refused_in_words(login: Login, factory: sessionmaker[Session]) -> None:
    operator, person = login("operator"), _number(factory, "lixia.officer")
    wrong = {"role": "social_worker", "organisation": _place(factory, "历下区民政局")}
    answer = operator.post(f"/admin/people/{person}/memberships", wrong)
    assert answer.status_code == 422
    assert "体系" in answer.get_data(as_text=True)


def test_nobody_gives_roles_to_themselves(login: Login, factory: sessionmaker[Session]) -> None:
    operator, me = login("operator"), _number(factory, "operator")
    given = {"role": "district_leader", "organisation": _place(factory, "历下区民政局")}
    assert operator.post(f"/admin/people/{me}/memberships", given).status_code == 403
    assert operator.post(f"/admin/people/{me}/account", {"act": "password", "password": "x" * 12}).status_code == 403


def test_a_closed_login_ends_its_sessions(login: Login, factory: sessionmaker[Session]) -> None:
    officer, operator = login("lixia.officer"), login("operator")
    person = _number(factory, "lixia.officer")
    assert operator.post(f"/admin/people/{person}/account", {"act": "close"}).status_code == 303
    assert officer.get("/account").status_code == 303
    assert officer.get("/account").headers["Location"].startswith("/login")


@pytest.mark.parametrize("who", ["lixia.officer", "lixia.leader", "auditor", "huimin.manager"])
def test_nobody_else_manages_people(login: Login, factory: sessionmaker[Session], who: str) -> None:
    browser, person = login(who), _number(factory, "lixia.officer")
    assert browser.get("/admin/people").status_code == 403
    assert browser.get("/admin/organisations").status_code == 403
    assert browser.get(f"/admin/people/{person}").status_code == 403
    assert browser.post("/admin/people", {"name": "x"}).status_code == 403
    with factory() as session:
        assert session.scalar(select(Person.id).where(Person.name == "x")) is None


def test_both_trees_are_listed_in_both_languages(login: Login) -> None:
    operator = login("operator")
    page = operator.get("/admin/organisations").get_data(as_text=True)
    assert "历下区民政局" in page
    assert "惠民社会工作服务中心" in page
    assert "Lixia Civil Affairs Bureau" in operator.get("/admin/organisations?lang=en").get_data(as_text=True)
