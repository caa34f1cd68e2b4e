"""Case files on screen: for the responsible worker and the station's manager, for nobody else, each reading logged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from tests.web.stage import LogIn, after, token_of

from lastmeter import paths
from lastmeter.casework.models import AccessLog, Case
from lastmeter.rehearsal.player import Player
from lastmeter.workflow.models import HumanTask

SCENARIO = paths.bundled("bpmn") / "case" / "scenarios" / "minor_without_guardian.yaml"
Stage = tuple[Player, LogIn]


@pytest.fixture
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with after(SCENARIO, tmp_path_factory.mktemp("cases")) as made:
        yield made


def _case(player: Player) -> Case:
    with player.factory() as session:
        return session.scalars(select(Case)).one()


def test_the_worker_finds_the_case_and_reads_its_file(stage: Stage) -> None:
    player, log_in = stage
    worker = log_in("huimin.worker1")
    listed = worker.get("/cases").get_data(as_text=True)
    assert _case(player).number in listed
    assert "小明" not in listed  # the list says no name: it is not logged
    shown = worker.get(f"/cases/{_case(player).id}").get_data(as_text=True)
    assert "小明" in shown
    assert "学习困难" in shown
    assert "370112201508220027" not in shown  # masked
    assert "困境儿童" in shown


def test_the_file_is_read_in_english_as_well(stage: Stage) -> None:
    player, log_in = stage
    shown = log_in("huimin.worker1").get(f"/cases/{_case(player).id}?lang=en").get_data(as_text=True)
    assert "Confidential file" in shown
    assert "Child in need" in shown
    assert "Presenting problem" in shown


def test_every_reading_is_logged_with_its_reason(stage: Stage) -> None:
    player, log_in = stage
    log_in("huimin.worker1").get(f"/cases/{_case(player).id}")
    log_in("huimin.station").get(f"/cases/{_case(player).id}")
    with player.factory() as session:
        rows = session.scalars(select(AccessLog).order_by(AccessLog.id)).all()
        assert [row.why for row in rows] == ["responsible", "manager"]


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("huimin.worker2", 404), ("yangguang.station", 404), ("yangguang.worker1", 404), ("huimin.manager", 403),
        ("auditor", 403), ("lixia.officer", 403), ("operator", 403), ("lixia.quancheng.officer", 403),
    ],
)  # fmt: skip
def test_nobody_else_learns_that_there_is_such_a_case(stage: Stage, login: str, status: int) -> None:
    player, log_in = stage
    answer = log_in(login).get(f"/cases/{_case(player).id}")
    assert answer.status_code == status
    assert "小明" not in answer.get_data(as_text=True)
    with player.factory() as session:
        assert session.scalars(select(AccessLog)).all() == []


def test_the_manager_hands_the_case_and_its_open_task_to_another_worker(stage: Stage) -> None:
    player, log_in = stage
    manager, case = log_in("huimin.station"), _case(player)
    heir = player.world.people["huimin.worker2"].id
    assert 'id="hand-over"' in manager.get(f"/cases/{case.id}").get_data(as_text=True)
    given = {"csrf_token": token_of(manager), "person": str(heir), "reason": "产假"}
    assert manager.post(f"/cases/{case.id}/hand-over", data=given).status_code == 303
    with player.factory() as session:
        assert session.get_one(Case, case.id).responsible_id == heir
        task = session.scalars(select(HumanTask).where(HumanTask.element_id == "task_assessment")).one()
        assert task.person_id == task.claimed_by == heir
    assert log_in("huimin.worker1").get(f"/cases/{case.id}").status_code == 404
    assert log_in("huimin.worker2").get(f"/cases/{case.id}").status_code == 200


def test_a_hand_over_without_a_reason_or_a_person_is_refused_and_nothing_changes(stage: Stage) -> None:
    player, log_in = stage
    manager, case = log_in("huimin.station"), _case(player)
    heir = player.world.people["huimin.worker2"].id
    for person, reason in ((str(heir), " "), ("", "产假"), ("9" * 30, "产假")):
        given = {"csrf_token": token_of(manager), "person": person, "reason": reason}
        answer = manager.post(f"/cases/{case.id}/hand-over", data=given)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.get_data(as_text=True)
    assert _case(player).responsible_id == case.responsible_id


def test_a_worker_cannot_hand_the_case_over(stage: Stage) -> None:
    player, log_in = stage
    worker, case = log_in("huimin.worker1"), _case(player)
    assert 'id="hand-over"' not in worker.get(f"/cases/{case.id}").get_data(as_text=True)
    given = {"csrf_token": token_of(worker), "person": str(player.world.people["huimin.worker2"].id), "reason": "忙"}
    assert worker.post(f"/cases/{case.id}/hand-over", data=given).status_code == 403
