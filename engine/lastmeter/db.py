"""The database: the base of every table, and the one place that commits."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import BigInteger, DateTime, Engine, Identity, MetaData, Table, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from lastmeter import clock, failpoints
from lastmeter.errors import LastmeterError

log = logging.getLogger(__name__)
WAKE_CHANNEL = "lastmeter_jobs"
Result = TypeVar("Result")

# 40001 serialisation, 40P01 deadlock, 55P03 lock timeout, 57P01 admin shutdown: safe to try the whole unit again.
RETRIED = {"40001", "40P01", "55P03", "57P01"}
SERVER_OPTIONS = (
    "-c lock_timeout=10s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
)


class DatabaseUnavailable(LastmeterError):
    """The database cannot be reached or asks to try later; nothing was stored."""

    code = "database_unavailable"
    kind = "unavailable"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it as declared
        dt.datetime: DateTime(timezone=True),
        int: BigInteger,
    }


class WithId:
    """A bigint identity as primary key; people see the human number instead."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


class WithCreated:
    """When the row was made, by the legal clock."""

    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


def table_of(model: type[Base]) -> Table:
    """The model's table: rows written there by the dozen need none of the mapper's bookkeeping."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def make_engine(url: str, *, pool_size: int = 5) -> Engine:
    """An engine with the limits that survived our faults: no wait without an end, dead connections dropped."""
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_timeout=10,
        connect_args={"connect_timeout": 5, "options": SERVER_OPTIONS},
    )


def session_factory(engine: Engine) -> sessionmaker[Session]:
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def unit_of_work(session: Session, *, write: bool = True) -> Iterator[Session]:
    """One transaction: what returns is committed, what raises is not. Reads are rolled back.

    The only place that commits (`audit.record_refusal` and the access log open a unit of their own).
    """
    try:
        use_legal_clock(session)
        yield session
        if write:
            failpoints.hit("before_commit")
            session.commit()
            failpoints.hit("after_commit")
    except DBAPIError as error:
        session.rollback()
        if is_passing(error):
            raise DatabaseUnavailable(reason=type(error.orig).__name__) from error
        raise
    except Exception:
        _leave_behind(session)
        raise
    finally:
        session.info.pop(_LEFT, None)
        session.rollback()
        session.expunge_all()


_LEFT = "left behind"


def leave_behind(session: Session, work: Callable[[Session], object]) -> None:
    """Should this unit be refused, `work` is done after its rollback, in a transaction of its own."""
    session.info.setdefault(_LEFT, []).append(work)


def _leave_behind(session: Session) -> None:
    session.rollback()
    for work in session.info.pop(_LEFT, []):
        work(session)
        session.commit()


@event.listens_for(Session, "before_commit")
def _wake_workers(session: Session) -> None:
    """One NOTIFY per transaction that left work to do; it is sent when the transaction commits."""
    if session.info.pop("wake", False) and session.get_nested_transaction() is None:
        session.flush()
        session.execute(text(f"NOTIFY {WAKE_CHANNEL}"))


@event.listens_for(Session, "after_rollback")
def _nothing_to_wake(session: Session) -> None:
    session.info.pop("wake", None)


def is_passing(error: DBAPIError) -> bool:
    """True where a second try may succeed: a lost connection, a deadlock, a lock that was waited for too long."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in RETRIED


def in_transaction(factory: Callable[[], Session], work: Callable[[Session], Result], *, tries: int = 3) -> Result:
    """The result of `work(session)` in one committed transaction, tried again after a passing database error."""
    for attempt in range(1, tries + 1):
        try:
            with factory() as session, unit_of_work(session):
                return work(session)
        except DatabaseUnavailable:
            if attempt == tries:
                raise
            log.warning("the database refused, trying again", extra={"attempt": attempt})
    raise AssertionError("unreachable")


# --- the legal clock of demo and rehearsals ------------------------------------------------------------------


class LegalClock(Base):
    """One row where the legal clock is virtual; no row: real time."""

    __tablename__ = "legal_clock"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stands_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    # Where it is going: workers lead it there event by event, so that each happens at its own instant.
    moves_to: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


_follow_virtual_clock = False


def follow_virtual_clock(follow: bool) -> None:
    """In demo and rehearsals every unit of work begins by standing at the clock of the database."""
    global _follow_virtual_clock
    _follow_virtual_clock = follow


def use_legal_clock(session: Session) -> None:
    if _follow_virtual_clock:
        clock.set_virtual(session.scalar(text("SELECT stands_at FROM legal_clock WHERE id = 1")))


def follows_virtual_clock() -> bool:
    return _follow_virtual_clock


def send_legal_clock(session: Session, instant: dt.datetime) -> None:
    """Time passes until `instant`, led by the workers (`lead_legal_clock`)."""
    session.get_one(LegalClock, 1, with_for_update=True).moves_to = instant
    session.info["wake"] = True
    session.flush()


def legal_clock_moves(session: Session) -> dt.datetime | None:
    """Where the virtual clock is going, or None where it stands."""
    return session.scalar(text("SELECT moves_to FROM legal_clock WHERE id = 1")) if _follow_virtual_clock else None


def lead_legal_clock(session: Session, next_event: dt.datetime | None) -> bool:
    """The moving clock stands at the next event, or at its goal if that comes first; False where it does not move."""
    row = session.get(LegalClock, 1, with_for_update=True, populate_existing=True)
    if row is None or row.moves_to is None:
        return False
    goal = row.moves_to
    row.stands_at = goal if next_event is None else min(goal, max(next_event, row.stands_at))
    row.moves_to = None if row.stands_at >= goal else goal
    session.flush()
    clock.set_virtual(row.stands_at)
    return True


def move_legal_clock(session: Session, instant: dt.datetime) -> None:
    """The virtual clock stands at `instant` from this transaction on, wherever it was going."""
    session.merge(LegalClock(id=1, stands_at=instant, moves_to=None))
    session.info["wake"] = True  # what is due by the new time waits for nobody's poll
    session.flush()
    clock.set_virtual(instant)


# --- statement counting, for the benchmark and the tests that hold the budget --------------------------------


@contextmanager
def counting_statements(engine: Engine) -> Iterator[list[str]]:
    """The SQL statements that were sent while inside."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
