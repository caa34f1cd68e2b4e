"""Many at once: one winner, nothing lost, nothing twice."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker
from tests.integration.workflow.conftest import MONDAY, Scene, diagram, sequence

from lastmeter import clock, db, jobs
from lastmeter.actor import SYSTEM
from lastmeter.embedded import testing
from lastmeter.errors import LastmeterError
from lastmeter.outbox import Job
from lastmeter.workflow import instances, messages, tasks
from lastmeter.workflow.models import HumanTask, Instance, Submission
from lastmeter.workflow.refusals import TaskAlreadyTaken

OFFICER = 'camunda:candidateGroups="district_officer"'
CROWD = 50


@pytest.fixture
def crowd(own_database: testing.Database) -> sessionmaker[Session]:
    """Sessions for many threads at once."""
    engine: Engine = create_engine(
        own_database.app_url.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=CROWD, max_overflow=0
    )
    return db.session_factory(engine)


def at_once(factory: sessionmaker[Session], work: Callable[[Session, int], object], many: int) -> list[object]:
    """What each of the transactions that began together returned, or the refusal it met."""
    barrier = threading.Barrier(many)

    def one(number: int) -> object:
        clock.set_virtual(MONDAY)
        with factory() as session:
            session.connection()
            barrier.wait()
            try:
                with db.unit_of_work(session):
                    return work(session, number)
            except LastmeterError as refusal:
                return refusal

    with ThreadPoolExecutor(many) as pool:
        found = list(pool.map(one, range(many)))
    factory.kw["bind"].dispose()
    return found


def test_of_fifty_who_claim_one_task_one_has_it(scene: Scene, crowd: sessionmaker[Session]) -> None:
    scene.publish(diagram(sequence("p", f'<userTask id="a" name="一" {OFFICER}/>')))
    scene.start("lixia.officer", "p")
    (task,) = scene.open("a")
    people = ("lixia.officer", "lixia.officer2")

    found = at_once(crowd, lambda s, n: tasks.claim(s, scene.actor(s, people[n % 2]), task).claimed_by, CROWD)

    holder = scene(lambda s: s.get_one(HumanTask, task).claimed_by)
    winners = [each for each in found if not isinstance(each, LastmeterError)]
    losers = [each for each in found if isinstance(each, LastmeterError)]
    assert set(winners) == {holder}
    assert len(winners) == CROWD // 2  # claiming what one holds changes nothing
    assert all(isinstance(each, TaskAlreadyTaken) for each in losers)
    chain = scene(lambda s: instances.history(s, scene.instance(1).id))
    assert [line.event for line in chain].count("entered") == 2


def test_of_many_who_complete_one_task_one_does(scene: Scene, crowd: sessionmaker[Session]) -> None:
    scene.publish(diagram(sequence("p", f'<userTask id="a" name="一" {OFFICER}/>')))
    number = scene.start("lixia.officer", "p")
    (task,) = scene.open("a")

    found = at_once(crowd, lambda s, n: tasks.complete(s, scene.actor(s, "lixia.officer"), task, {}), 12)

    assert sum(isinstance(each, tasks.Completed) for each in found) == 1
    assert scene(lambda s: s.scalar(select(func.count()).select_from(Submission))) == 1
    assert scene.trail(number) == ["p_begin", "a", "p_end"]


def test_completing_cancelling_and_a_timer_at_once_leave_one_end(scene: Scene, crowd: sessionmaker[Session]) -> None:
    late = f"""<process id="p" isExecutable="true"><startEvent id="s"/><userTask id="a" name="一" {OFFICER}/>
      <boundaryEvent id="late" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration>
      </timerEventDefinition></boundaryEvent><endEvent id="e1"/><endEvent id="e2"/>
      <sequenceFlow id="f1" sourceRef="s" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="e1"/>
      <sequenceFlow id="f3" sourceRef="late" targetRef="e2"/></process>"""
    scene.publish(diagram(late))
    for _ in range(5):
        number = scene.start("lixia.officer", "p")
        task = scene.open("a")[-1]

        def act(session: Session, who: int, number: int = number, task: int = task) -> object:
            if who == 0:
                return tasks.complete(session, scene.actor(session, "lixia.officer"), task, {})
            if who == 1:
                return instances.cancel(session, SYSTEM, number, "作废").state
            clock.set_virtual(MONDAY + dt.timedelta(hours=1))
            return jobs.drain(scene.factory)

        at_once(crowd, act, 3)
        clock.set_virtual(MONDAY)
        trail = [element for element in scene.trail(number) if element.startswith("e")]
        ended = scene.instance(number)
        assert len(trail) == (1 if ended.state == "completed" else 0)
        assert scene(lambda s, number=number: instances.verify_audit(s, number)) is None  # type: ignore[misc]
        left = select(func.count()).select_from(Job).where(Job.instance_id == number)
        assert scene(lambda s, left=left: s.scalar(left)) == 0  # type: ignore[misc]


def test_a_message_sent_by_many_at_once_reaches_each_waiting_instance_once(
    scene: Scene, crowd: sessionmaker[Session]
) -> None:
    wait = '<intermediateCatchEvent id="w"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
    scene.publish(diagram('<message id="m" name="go"/>', sequence("p", wait)))
    for _ in range(4):
        scene.start("lixia.officer", "p")

    found = at_once(crowd, lambda s, n: messages.publish(s, SYSTEM, "go").delivered, 8)

    assert sum(each for each in found if isinstance(each, int)) == 4
    assert scene(lambda s: set(s.scalars(select(Instance.state)))) == {"completed"}


def test_several_workers_perform_every_job_once(scene: Scene, crowd: sessionmaker[Session]) -> None:
    scene.publish(
        diagram(
            sequence("p", '<callActivity id="call" calledElement="c"/>'),
            sequence("c", f'<userTask id="work" name="办" {OFFICER}/>'),
        )
    )
    callers = [scene.start("lixia.officer", "p") for _ in range(20)]

    with ThreadPoolExecutor(4) as pool:

        def work(_number: int) -> int:
            clock.set_virtual(MONDAY)
            return jobs.drain(crowd)

        assert sum(pool.map(work, range(4))) == 20
    crowd.kw["bind"].dispose()
    assert [len(scene.children(caller)) for caller in callers] == [1] * 20
