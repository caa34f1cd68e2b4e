"""The inbox: one page and all counts in two statements, however many tasks wait elsewhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, and_, bindparam, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from lastmeter import clock
from lastmeter.actor import Actor
from lastmeter.definitions import publishing
from lastmeter.definitions.publishing import Element
from lastmeter.errors import InvalidInput
from lastmeter.identity.models import Membership, Organisation, Person
from lastmeter.identity.people import in_force
from lastmeter.workflow import paging
from lastmeter.workflow.candidates import separated_from
from lastmeter.workflow.models import HumanTask, Instance
from lastmeter.workflow.paging import Page

QUEUES = ("mine", "group", "hold", "overdue", "done")
_NAMES = {"on_hold": "hold"}
WAITING = ("open", "hold", "suspended")
SORTS = ("due", "newest")
LOOK_AHEAD = 10  # how far the next task is looked for behind those that must be left to others
MOST_COUNTED = 1000  # one more than what "999+" can say


@dataclass(frozen=True)
class TaskRow:
    """One line of the inbox."""

    id: int
    instance_id: int
    element_id: str
    name_zh: str
    name_en: str
    title_zh: str
    title_en: str
    definition_key: str
    definition_id: int
    business_key: str | None
    state: str
    role: str | None
    organisation_id: int | None
    organisation: str | None
    organisation_en: str | None
    holder_id: int | None
    holder: str | None
    claimed_at: dt.datetime | None
    due_on: dt.date | None
    due_at: dt.datetime | None
    overdue: bool
    hold_until: dt.datetime | None
    hold_reason: str | None
    suspended_reason: str | None
    suspended_until: dt.datetime | None
    priority: int
    loop_index: int | None
    created_at: dt.datetime
    completed_at: dt.datetime | None


def inbox(
    session: Session,
    actor: Actor,
    queue: str,
    *,
    q: str | None = None,
    definition: str | None = None,
    organisation: int | None = None,
    sort: str = "due",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TaskRow]:
    """A page of the queue, and how many tasks each queue holds under the same filter. Raises InvalidInput.

    Queues: mine (held by or meant for the actor alone), group (anybody of a post), hold, overdue, done.
    """
    queue = _NAMES.get(queue, queue)
    if queue not in QUEUES:
        raise InvalidInput(field="queue", reason="unknown", expected=QUEUES)
    if sort not in SORTS:
        raise InvalidInput(field="sort", reason="unknown", expected=SORTS)
    paging.limited(limit)
    conditions = _filter(q, definition, organisation)
    order = _Order("done" if queue == "done" else sort, paging.key_of(cursor, dt.datetime, int))
    found = _page(session, actor, queue, conditions, order, limit)
    more = len(found) > limit
    rows = found[:limit]
    following = paging.cursor(*order.key(rows[-1])) if more else None
    return Page([_row(row) for row in rows], following, _counts(session, actor, conditions))


def first(session: Session, actor: Actor) -> TaskRow | None:
    """What the actor might do next: the first of the own tasks, else of those of the group's that may be claimed."""
    for queue in ("mine", "group"):
        rows = [_row(row) for row in _page(session, actor, queue, [], _Order("due", None), LOOK_AHEAD)]
        apart = kept_apart(session, actor, rows)
        for row in rows:
            if row.id not in apart:
                return row
    return None


def kept_apart(session: Session, actor: Actor, rows: Sequence[TaskRow]) -> dict[int, Element]:
    """Of the unclaimed rows those that the actor may not do, each with the step that they did before it.

    One statement; a definition is read only where the actor did something in an instance of its own list.
    """
    free = [row for row in rows if row.holder_id is None and row.state in WAITING]
    if not free or actor.person_id is None:
        return {}
    done: dict[int, list[str]] = {}
    query = select(HumanTask.instance_id, HumanTask.element_id).where(
        HumanTask.completed_by == actor.person_id, HumanTask.instance_id.in_({row.instance_id for row in free})
    )
    for instance_id, element_id in session.execute(query):
        done.setdefault(instance_id, []).append(element_id)
    found = {}
    for row in free:
        if row.instance_id in done:
            elements = publishing.load(session, row.definition_id).elements
            apart = separated_from(elements[row.element_id])
            before = next((element for element in done[row.instance_id] if element in apart), None)
            if before is not None:
                found[row.id] = elements[before]
    return found


def line(session: Session, task_id: int) -> TaskRow:
    """The line of one task, for whoever has been let to it already."""
    return _row(session.execute(_lines().where(HumanTask.id == task_id)).one())


def newest(session: Session) -> int:
    """The id of the newest task of all: what comes later is new to the list that is drawn now."""
    return session.scalar(select(func.max(HumanTask.id))) or 0


def arrivals(
    session: Session, actor: Actor, queue: str, since: int, *, q: str | None = None, definition: str | None = None
) -> int:
    """How many tasks have come into the queue since that id, under the same filter. Raises InvalidInput."""
    queue = _NAMES.get(queue, queue)
    if queue not in QUEUES:
        raise InvalidInput(field="queue", reason="unknown", expected=QUEUES)
    return _counts(session, actor, [*_filter(q, definition, None), HumanTask.id > since], (queue,))[queue]


def held_by_colleagues(
    session: Session, actor: Actor, *, q: str | None = None, definition: str | None = None, limit: int = 50
) -> list[TaskRow]:
    """Tasks of the actor's posts that colleagues hold, most urgent first: a group knows who has what since when."""
    seats = _seats(actor)
    if not seats:
        return []
    posts = or_(*(_post(role, place) for role, place in seats))
    # By way of the people: their claims are indexed, the seats of claimed tasks are not.
    colleagues = select(Membership.person_id).where(posts, in_force(), Membership.person_id != actor.person_id)
    own = or_(
        *(and_(HumanTask.role == role, HumanTask.organisation_id.is_not_distinct_from(place)) for role, place in seats)
    )
    query = _lines().where(
        HumanTask.state.in_(WAITING), HumanTask.claimed_by.in_(colleagues), HumanTask.person_id.is_(None), own,
        *_filter(q, definition, None),
    )  # fmt: skip
    found = session.execute(query.order_by(HumanTask.sort_at, HumanTask.id).limit(paging.limited(limit)))
    return [_row(row) for row in found]


def _post(role: str, place: int | None) -> ColumnElement[bool]:
    return (
        Membership.role == role if place is None else and_(Membership.role == role, Membership.organisation_id == place)
    )


# --- which tasks ---------------------------------------------------------------------------------------------


def _filter(q: str | None, definition: str | None, organisation: int | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if definition:
        conditions.append(Instance.definition_key == definition)
    if organisation is not None:
        conditions.append(HumanTask.organisation_id == organisation)
    if q and q.strip():
        columns = (HumanTask.name_zh, HumanTask.name_en, Instance.title_zh, Instance.title_en, Instance.business_key)
        conditions.append(or_(*(column.icontains(q.strip(), autoescape=True) for column in columns)))
    return conditions


Seats = tuple[tuple[str, int | None], ...]
# Bound when a query is run, so that one query serves everybody with the same seats.
ME, NOW = bindparam("me", type_=BigInteger), bindparam("now", type_=DateTime(timezone=True))


def _bound(actor: Actor) -> dict[str, Any]:
    return {"me": actor.person_id, "now": clock.now()}


def _branches(own: Seats, queue: str) -> list[list[ColumnElement[bool]]]:
    """Disjoint conditions, each served by one index: the database merges them without reading what it does not show."""
    me = ME
    held = [HumanTask.state.in_(WAITING), HumanTask.claimed_by == me]
    meant = [HumanTask.state.in_(WAITING), HumanTask.person_id == me, HumanTask.claimed_by.is_distinct_from(me)]
    seats = [
        [
            HumanTask.state.in_(WAITING), HumanTask.claimed_by.is_(None), HumanTask.person_id.is_(None),
            HumanTask.organisation_id.is_(None) if place is None else HumanTask.organisation_id == place,
            HumanTask.role == role,
        ]
        for role, place in own
    ]  # fmt: skip
    late = HumanTask.sort_at < NOW
    match queue:
        case "mine":
            return [[*branch, HumanTask.state != "hold"] for branch in (held, meant)]
        case "group":
            return [[*branch, HumanTask.state != "hold"] for branch in seats]
        case "hold":
            return [[*branch, HumanTask.state == "hold"] for branch in (held, meant, *seats)]
        case "overdue":
            return [[*branch, late] for branch in (held, meant, *seats)]
        case _:
            return [[HumanTask.completed_by == me]]


def _seats(actor: Actor) -> Seats:
    own: list[tuple[str, int | None]] = [(post.role, post.organisation_id) for post in actor.posts]
    own += [(role, None) for role in sorted(actor.roles)]
    return tuple(dict.fromkeys(own))


class _Order:
    """How rows follow each other, and where the page begins."""

    def __init__(self, sort: str, after: list[Any] | None) -> None:
        self.sort, self.after = sort, after
        self.column = {"due": HumanTask.sort_at, "newest": HumanTask.created_at, "done": HumanTask.completed_at}[sort]

    def key(self, row: Any) -> tuple[dt.datetime, int]:
        return row.at, row.id

    def begin(self) -> list[ColumnElement[bool]]:
        if self.after is None:
            return []
        at, identity = self.after
        row, last = func.row(self.column, HumanTask.id), func.row(at, identity)
        return [row > last if self.sort == "due" else row < last]

    def by(self, at: Any, identity: Any) -> tuple[Any, Any]:
        return (at.asc(), identity.asc()) if self.sort == "due" else (at.desc(), identity.desc())


def _page(
    session: Session, actor: Actor, queue: str, conditions: list[ColumnElement[bool]], order: _Order, limit: int
) -> list[Any]:
    branches = _branches(_seats(actor), queue)
    if not branches:
        return []
    parts = [
        _joined(select(HumanTask.id, order.column.label("at")), conditions)
        .where(*branch, *conditions, *order.begin())
        .order_by(*order.by(order.column, HumanTask.id))
        .limit(limit + 1)
        .subquery()
        for branch in branches
    ]
    merged = union_all(*(select(part.c.id, part.c.at) for part in parts)).subquery()
    query = (
        _lines(merged.c.at, merged.c.id.label("id"))
        .join(merged, merged.c.id == HumanTask.id)
        .order_by(*order.by(merged.c.at, merged.c.id))
        .limit(limit + 1)
    )
    return list(session.execute(query, _bound(actor)))


def _lines(*more: Any) -> Any:
    """What a TaskRow is made of, and `more` beside it."""
    holder, place = aliased(Person), aliased(Organisation)
    return (
        select(HumanTask, Instance, holder.name, place.name, place.name_en, *more)
        .join(Instance, Instance.id == HumanTask.instance_id)
        .outerjoin(holder, holder.id == HumanTask.claimed_by)
        .outerjoin(place, place.id == HumanTask.organisation_id)
    )


def _joined(query: Any, conditions: list[ColumnElement[bool]]) -> Any:
    """The instance is read only where the filter asks for it."""
    return query.join(Instance, Instance.id == HumanTask.instance_id) if conditions else query


def _counts(
    session: Session, actor: Actor, conditions: list[ColumnElement[bool]], queues: tuple[str, ...] = QUEUES
) -> dict[str, int]:
    query = _counting(_seats(actor), queues) if not conditions else _count_query(_seats(actor), queues, conditions)
    return {name: int(value) for name, value in session.execute(query, _bound(actor)).one()._mapping.items()}


@lru_cache(maxsize=1000)
def _counting(own: Seats, queues: tuple[str, ...]) -> Any:
    """The query without a filter, which every page asks: building it takes longer than running it."""
    return _count_query(own, queues, [])


def _count_query(own: Seats, queues: tuple[str, ...], conditions: list[ColumnElement[bool]]) -> Any:
    columns = []
    for queue in queues:
        parts = [
            _joined(select(literal(1).label("one")), conditions)
            .select_from(HumanTask)
            .where(*branch, *conditions)
            .limit(MOST_COUNTED)
            .subquery()
            for branch in _branches(own, queue)
        ]
        if not parts:
            columns.append(literal(0).label(queue))
            continue
        merged = union_all(*(select(part.c.one) for part in parts)).limit(MOST_COUNTED).subquery()
        columns.append(select(func.count()).select_from(merged).scalar_subquery().label(queue))
    return select(*columns)


def _row(row: Any) -> TaskRow:
    task, instance = row.HumanTask, row.Instance
    return TaskRow(
        id=task.id, instance_id=instance.id, element_id=task.element_id, name_zh=task.name_zh, name_en=task.name_en,
        title_zh=instance.title_zh, title_en=instance.title_en, definition_key=instance.definition_key,
        definition_id=instance.definition_id, business_key=instance.business_key, state=task.state, role=task.role,
        organisation_id=task.organisation_id, organisation=row[3], organisation_en=row[4], holder_id=task.claimed_by,
        holder=row[2], claimed_at=task.claimed_at, due_on=task.due_on, due_at=task.due_at,
        overdue=task.state in WAITING and task.due_at is not None and task.due_at < clock.now(),
        hold_until=task.hold_until, hold_reason=task.hold_reason, suspended_reason=instance.suspended_reason,
        suspended_until=instance.suspended_until, priority=task.priority, loop_index=task.loop_index,
        created_at=task.created_at, completed_at=task.completed_at,
    )  # fmt: skip
