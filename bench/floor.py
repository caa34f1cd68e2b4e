"""The floor under completing a task: bare Flask, SQLAlchemy and SpiffWorkflow, with nothing that a product needs.

One row lock, one state blob, one task row, one event row; JSON, no login, no form, no page, no audit. The library is
used as its manual shows. Served and measured by `bench.complete_task`; run alone it counts its statements.
"""

from __future__ import annotations

import datetime as dt
import os
from io import BytesIO
from typing import Any

from bench._stand import six_steps
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Text, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, dt.datetime: DateTime(timezone=True)}  # noqa: RUF012


class Instance(Base):
    __tablename__ = "floor_instance"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    state: Mapped[str] = mapped_column(Text)


class Task(Base):
    __tablename__ = "floor_task"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("floor_instance.id"), index=True)
    uid: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)


class Event(Base):
    __tablename__ = "floor_event"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("floor_instance.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime] = mapped_column()


serializer = BpmnWorkflowSerializer()


def start(session: Session) -> int:
    """An instance at its first step; its id."""
    parser = BpmnParser()
    parser.add_bpmn_io(BytesIO(six_steps()))
    workflow = BpmnWorkflow(parser.get_spec("six"), parser.get_subprocess_specs("six"))
    workflow.do_engine_steps()
    made = Instance(state=serializer.serialize_json(workflow))
    session.add(made)
    session.flush()
    _open(session, made, workflow)
    return made.id


def _open(session: Session, instance: Instance, workflow: BpmnWorkflow) -> None:
    ready = workflow.get_next_task(state=TaskState.READY, manual=True)
    if ready is not None:
        session.add(Task(instance_id=instance.id, uid=str(ready.id), name=ready.task_spec.name, state="open"))


def complete(session: Session, task_id: int, data: dict[str, Any]) -> str:
    """The task is done and the next one open; its name."""
    task = session.get_one(Task, task_id)
    instance = session.scalars(select(Instance).where(Instance.id == task.instance_id).with_for_update()).one()
    workflow = serializer.deserialize_json(instance.state)
    ready = workflow.get_next_task(state=TaskState.READY, manual=True)
    assert ready is not None
    assert str(ready.id) == task.uid
    ready.data.update(data)
    ready.run()
    workflow.do_engine_steps()
    instance.state = serializer.serialize_json(workflow)
    task.state = "done"
    session.add(Event(instance_id=instance.id, name=task.name, at=dt.datetime.now(dt.UTC)))
    _open(session, instance, workflow)
    return task.name


def create_app() -> Flask:
    """The floor as a web application on LASTMETER_DATABASE_URL."""
    app = Flask(__name__)
    url = os.environ["LASTMETER_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, pool_size=5, max_overflow=5, pool_pre_ping=True)

    @app.post("/complete/<int:task_id>")
    def complete_task(task_id: int) -> ResponseReturnValue:
        with Session(engine) as session, session.begin():
            name = complete(session, task_id, request.get_json())
        return jsonify({"completed": name})

    return app


def main() -> None:
    from bench._stand import PAYLOAD, stand

    from lastmeter.db import counting_statements

    with stand() as here:
        Base.metadata.create_all(create_engine(_owner(here.cluster)))
        here.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC")
        with Session(here.engine) as session, session.begin():
            start(session)
        with counting_statements(here.engine) as seen, Session(here.engine) as session, session.begin():
            complete(session, 1, dict(PAYLOAD))
    print(f"floor: {len(seen)} statements, 1 commit")


def _owner(cluster: Any) -> str:
    from lastmeter.embedded import postgres

    return str(cluster.url(role=postgres.OWNER)).replace("postgresql://", "postgresql+psycopg://", 1)


if __name__ == "__main__":
    main()
