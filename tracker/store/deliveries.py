"""Statements on `deliveries`: what is owed to endpoints, written down and looked up.

How it is claimed and settled stands in delivery_queue.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, select, tuple_, update

from tracker.domain import delivery
from tracker.domain.delivery import DeliveryState, EndpointState
from tracker.store.driver import bulk
from tracker.store.schema import deliveries, delivery_attempts, delivery_bodies, endpoints, tasks

_GOES_SOMEWHERE = deliveries.c.endpoint_key.is_(None) | deliveries.c.endpoint_key.in_(
    select(endpoints.c.key).where(
        endpoints.c.state.in_([EndpointState.ACTIVE.value, EndpointState.PAUSED.value])
    )
)
"""Of what can be redelivered: its URL came with a task, or its endpoint still gets something."""
UNENDED = sorted(state.value for state in delivery.UNENDED)
"""The states of deliveries that are still to be sent."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One change owed to one endpoint.

    id:           the `webhook-id`.
    endpoint_key: None for a URL that came with the task; then `url` is it.
    task_key:     None for what is not about a task.
    body_id:      of the bytes that every attempt sends; see `insert_bodies`.
    waits:        an earlier change of the task has not ended at this endpoint.
    """

    id: UUID
    tenant: str
    event: str
    body_id: UUID
    lane: str
    created_at: datetime
    endpoint_key: int | None = None
    url: str | None = None
    task_key: int | None = None
    version: int | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it is shown.

    url:      where it goes or went, as the endpoint has it now.
    next_at:  when it is due, or becomes due again if whoever holds it vanishes.
    """

    key: int
    id: UUID
    event: str
    endpoint_id: UUID | None
    url: str
    task_id: UUID | None
    version: int | None
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime
    ended_at: datetime | None
    last_attempt_at: datetime | None
    last_status: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class MadeAttempt:
    """An attempt as it is shown."""

    at: datetime
    latency_ms: int
    status: int | None
    error: str | None
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries a list holds. Every field narrows; None and nothing do not.

    is_failing: at least one attempt was made and it has not ended.
    """

    tenant: str
    states: Sequence[DeliveryState] = ()
    is_failing: bool = False
    endpoint_id: UUID | None = None
    task_id: UUID | None = None
    events: Sequence[str] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None


def insert_bodies(db: Connection, new: Sequence[tuple[UUID, str, bytes]]) -> None:
    """Keep bodies: (id, tenant, bytes)."""
    _INSERT_BODIES.execute_later(db, new)


def insert_many(db: Connection, new: Sequence[NewDelivery]) -> None:
    """Write down what is owed."""
    _INSERT.execute_later(
        db,
        [
            (
                owed.id,
                owed.tenant,
                owed.event,
                owed.endpoint_key,
                owed.url,
                owed.task_key,
                owed.version,
                owed.body_id,
                owed.lane,
                (DeliveryState.WAITING if owed.waits else DeliveryState.PENDING).value,
                0,
                owed.created_at,
                0,
                0,
                owed.created_at,
            )
            for owed in new
        ],
    )


_INSERT_BODIES = bulk.insert(delivery_bodies, ("id", "tenant", "body"))
_INSERT = bulk.insert(
    deliveries,
    (
        *("id", "tenant", "event", "endpoint_key", "url", "task_key", "version", "body_id"),
        *("lane", "state", "turn", "next_at", "attempts", "tries", "created_at"),
    ),
)


def lock_unended(db: Connection, pairs: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return which (endpoint, task) pairs have something that has not ended.

    It is locked against ending until the commit, so that whoever ends it finds what is written
    down behind it.
    """
    if not pairs:
        return set()
    found = (
        select(deliveries.c.endpoint_key, deliveries.c.task_key)
        .where(
            deliveries.c.task_key.in_({task for _, task in pairs}),
            tuple_(deliveries.c.endpoint_key, deliveries.c.task_key).in_(list(pairs)),
            deliveries.c.state.in_(UNENDED),
        )
        .order_by(deliveries.c.key)
        .with_for_update(read=True)  # left out on SQLite: one writer
    )
    return {(endpoint, task) for endpoint, task in db.execute(found)}


def list_page(
    db: Connection, filter_: DeliveryFilter, *, before: int | None, limit: int
) -> list[Delivery]:
    """Return a page of a list, newest first."""
    found = _apply_filter(_select_shown(), filter_)
    if before is not None:
        found = found.where(deliveries.c.key < before)
    ordered = found.order_by(deliveries.c.key.desc()).limit(limit)
    return [_parse_delivery(row) for row in db.execute(ordered)]


def get(db: Connection, tenant: str, id_: UUID) -> tuple[Delivery, bytes] | None:
    """Return one delivery of a tenant, with the bytes that every attempt sends."""
    found = _select_shown().where(deliveries.c.id == id_, deliveries.c.tenant == tenant)
    row = db.execute(found).one_or_none()
    if row is None:
        return None
    body = select(delivery_bodies.c.body).join(
        deliveries, deliveries.c.body_id == delivery_bodies.c.id
    )
    return _parse_delivery(row), db.execute(body.where(deliveries.c.key == row.key)).scalar_one()


def list_of_task(db: Connection, task_key: int, *, limit: int | None = None) -> list[Delivery]:
    """List a task's deliveries, oldest first. limit: only so many of the newest."""
    found = _select_shown().where(deliveries.c.task_key == task_key)
    newest = found.order_by(deliveries.c.key.desc()).limit(limit)
    return [_parse_delivery(row) for row in db.execute(newest)][::-1]


def list_attempts(db: Connection, key: int) -> list[MadeAttempt]:
    """List the attempts of one delivery, oldest first."""
    columns = delivery_attempts.c
    found = select(
        columns.at, columns.latency_ms, columns.status, columns.error, columns.answer
    ).where(columns.delivery_key == key)
    return [MadeAttempt(*row) for row in db.execute(found.order_by(columns.key))]


@dataclass(frozen=True, slots=True)
class Summary:
    """A preview of a redelivery by filter.

    by_event: how many of each type.
    sample:   the ids of some, the newest first.
    """

    count: int
    by_event: Mapping[str, int]
    sample: Sequence[UUID]


def summarise(db: Connection, filter_: DeliveryFilter) -> Summary:
    """Count what `list_keys` would give out."""
    kinds = _apply_filter(select(deliveries.c.event, func.count()), filter_).where(_GOES_SOMEWHERE)
    by_event = {
        event: int(n)
        for event, n in db.execute(kinds.group_by(deliveries.c.event).order_by("event"))
    }
    ids = _apply_filter(select(deliveries.c.id), filter_).where(_GOES_SOMEWHERE)
    sample = db.scalars(ids.order_by(deliveries.c.key.desc()).limit(10)).all()
    return Summary(sum(by_event.values()), by_event, sample)


def find_last_key(db: Connection) -> int:
    """Return the newest row."""
    return int(db.execute(select(func.coalesce(func.max(deliveries.c.key), 0))).scalar_one())


def list_keys(
    db: Connection, filter_: DeliveryFilter, *, after: int, until: int, limit: int
) -> list[int]:
    """Return rows that can be redelivered, oldest first: behind `after`, up to `until`."""
    found = _apply_filter(select(deliveries.c.key), filter_).where(
        deliveries.c.key > after, deliveries.c.key <= until, _GOES_SOMEWHERE
    )
    return list(db.scalars(found.order_by(deliveries.c.key).limit(limit)))


def lock(db: Connection, tenant: str, ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the rows of a tenant's deliveries, by id; nobody claims them in this transaction."""
    found = select(deliveries.c.id, deliveries.c.key)
    found = found.where(deliveries.c.id.in_(ids), deliveries.c.tenant == tenant)
    rows = db.execute(found.order_by(deliveries.c.key).with_for_update())
    return {row.id: row.key for row in rows}


def can_rearm(db: Connection, keys: Collection[int]) -> bool:
    """Return whether `rearm` would owe all of these once more."""
    found = select(func.count()).select_from(deliveries)
    found = found.where(deliveries.c.key.in_(keys), deliveries.c.token.is_(None), _GOES_SOMEWHERE)
    return bool(db.execute(found).scalar_one() == len(keys))


def rearm(db: Connection, keys: Collection[int], *, now: datetime) -> int:
    """Owe these once more, with a fresh ladder: behind every first attempt. Returns how many.

    One that is on its way, or has nowhere to go, stays as it is.
    """
    if not keys:
        return 0
    statement = (
        update(deliveries)
        .where(deliveries.c.key.in_(keys), deliveries.c.token.is_(None), _GOES_SOMEWHERE)
        .values(
            state=DeliveryState.PENDING.value,
            turn=1,
            next_at=now,
            tries=0,
            ended_at=None,
        )
    )
    return db.execute(statement).rowcount


def cancel(db: Connection, endpoint_key: int, *, now: datetime, limit: int) -> int:
    """Drop some of what an endpoint is owed, oldest first. Returns how many."""
    owed = (
        select(deliveries.c.key)
        .where(deliveries.c.endpoint_key == endpoint_key, deliveries.c.state.in_(UNENDED))
        .order_by(deliveries.c.key)
        .limit(limit)
    )
    statement = (
        update(deliveries)
        .where(deliveries.c.key.in_(owed))
        .values(state=DeliveryState.CANCELLED.value, token=None, ended_at=now)
    )
    return db.execute(statement).rowcount


def _select_shown() -> Select[Any]:
    return (
        select(
            deliveries.c.key,
            deliveries.c.id,
            deliveries.c.event,
            endpoints.c.id.label("endpoint_id"),
            func.coalesce(endpoints.c.url, deliveries.c.url).label("url"),
            tasks.c.id.label("task_id"),
            deliveries.c.version,
            deliveries.c.state,
            deliveries.c.attempts,
            deliveries.c.created_at,
            deliveries.c.next_at,
            deliveries.c.ended_at,
            deliveries.c.last_attempt_at,
            deliveries.c.last_status,
            deliveries.c.last_error,
        )
        .outerjoin(endpoints, endpoints.c.key == deliveries.c.endpoint_key)
        .outerjoin(tasks, tasks.c.key == deliveries.c.task_key)
    )


def _apply_filter(found: Select[Any], filter_: DeliveryFilter) -> Select[Any]:
    columns = deliveries.c
    found = found.where(columns.tenant == filter_.tenant)
    if filter_.states:
        found = found.where(columns.state.in_(filter_.states))
    if filter_.is_failing:
        found = found.where(columns.state == DeliveryState.PENDING.value, columns.attempts > 0)
    if filter_.endpoint_id is not None:
        named = select(endpoints.c.key).where(endpoints.c.id == filter_.endpoint_id)
        found = found.where(columns.endpoint_key == named.scalar_subquery())
    if filter_.task_id is not None:
        about = select(tasks.c.key).where(tasks.c.id == filter_.task_id)
        found = found.where(columns.task_key == about.scalar_subquery())
    if filter_.events:
        found = found.where(columns.event.in_(filter_.events))
    if filter_.created_after is not None:
        found = found.where(columns.created_at > filter_.created_after)
    if filter_.created_before is not None:
        found = found.where(columns.created_at < filter_.created_before)
    return found


def _parse_delivery(row: Row[Any]) -> Delivery:
    given = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to the columns
    given["state"] = DeliveryState(given["state"])
    return Delivery(**given)
