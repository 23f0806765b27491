"""Statements that claim and settle deliveries: the outbox as a queue.

A claimed delivery stays `pending`; its `next_at` is moved behind the claim, so that it becomes due
by itself when its holder vanishes, and its `token` is the holder's.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Integer,
    Text,
    TextualSelect,
    bindparam,
    text,
)

from tracker.domain.delivery import AttemptResult, DeliveryOutcome
from tracker.store.driver import bulk, encoding
from tracker.store.driver.decoding import RowReader
from tracker.store.driver.dialect import Dialect, get_dialect
from tracker.store.driver.types import BigKey, UtcDateTime
from tracker.store.schema import deliveries, delivery_attempts, delivery_bodies

MOST_LANES = 64
"""Of one claim."""


@dataclass(frozen=True, slots=True)
class DeliveryLane:
    """Deliveries to one destination.

    first_at: when a first attempt is due; None when none is owed.
    again_at: when a retry is.
    """

    name: str
    first_at: datetime | None
    again_at: datetime | None

    @property
    def due_at(self) -> datetime:
        """Return when something is due."""
        return min(at for at in (self.first_at, self.again_at) if at is not None)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process may send, for a time.

    url:   None for the endpoint's.
    tries: attempts made since it was written down or redelivered.
    was_left: whether an earlier holder vanished.
    """

    key: int
    id: UUID
    tenant: str
    endpoint_key: int | None
    url: str | None
    task_key: int | None
    lane: str
    tries: int
    token: str
    body: bytes = field(repr=False)
    was_left: bool = False


@dataclass(frozen=True, slots=True)
class AttemptedDelivery:
    """A claimed delivery, what was tried and what becomes of it."""

    claimed: Claimed
    attempt: AttemptResult
    outcome: DeliveryOutcome


_LANES = text(
    """
    WITH RECURSIVE found (lane) AS (
        SELECT min(lane) FROM deliveries WHERE state = 'pending'
        UNION ALL
        SELECT (SELECT min(lane) FROM deliveries WHERE state = 'pending' AND lane > found.lane)
        FROM found WHERE found.lane IS NOT NULL
    )
    SELECT lane,
        (SELECT min(next_at) FROM deliveries
         WHERE state = 'pending' AND lane = found.lane AND turn = 0) AS first_at,
        (SELECT min(next_at) FROM deliveries
         WHERE state = 'pending' AND lane = found.lane AND turn = 1) AS again_at
    FROM found WHERE lane IS NOT NULL AND lane NOT IN
        (SELECT 'endpoint ' || CAST(key AS TEXT) FROM endpoints
         WHERE state IN ('paused', 'disabled'))
    """
).columns(lane=Text, first_at=UtcDateTime, again_at=UtcDateTime)
"""By leaps through the index: three looks per lane, however much it is owed."""


def list_lanes(db: Connection) -> list[DeliveryLane]:
    """Return every lane that is owed something, but those of paused endpoints; that due first,
    first.
    """
    found = [DeliveryLane(*row) for row in db.execute(_LANES) if row.first_at or row.again_at]
    return sorted(found, key=lambda lane: (lane.due_at, lane.name))


def claim(
    db: Connection, wanted: Mapping[str, int], *, token: str, now: datetime, until: datetime
) -> list[Claimed]:
    """Take what is due of some lanes: first attempts before retries, but not all the room.

    wanted: lane → how many of it at most; at most MOST_LANES lanes.
    until:  when what is taken becomes due again by itself.
    """
    ripe = _lock_due(db, wanted, now) if wanted else {}
    if not ripe:
        return []
    keys = list(ripe)
    _TAKE.execute_later(db, [(until, token, key) for key in keys])
    rows = list(_read(db, _CLAIMED, bulk.find(db, _FIND_CLAIMED, keys, encoding.integers)))
    ids = list({row[-1] for row in rows})
    found = bulk.find(db, "SELECT id, body FROM delivery_bodies WHERE id", ids, encoding.uuids)
    bodies: dict[UUID, bytes] = dict(map(tuple, _read(db, _BODIES, found)))
    claimed = {row[0]: Claimed(*(*row[:-1], bodies[row[-1]], ripe[row[0]])) for row in rows}
    return [claimed[key] for key in keys if key in claimed]


def _read(
    db: Connection, reader: RowReader, rows: Sequence[Sequence[Any]]
) -> Iterable[Sequence[Any]]:
    return reader.read_values(rows, get_dialect(db))


def _lock_due(db: Connection, wanted: Mapping[str, int], now: datetime) -> dict[int, bool]:
    """Return the rows to take, in the order in which they are to be sent; whether a holder
    vanished.
    """
    values: dict[str, Any] = {"now": now}
    for place, (lane, room) in enumerate(wanted.items()):
        values |= {f"lane{place}": lane, f"room{place}": room}
    ripe: dict[str, tuple[list[int], list[int]]] = {lane: ([], []) for lane in wanted}
    left: set[int] = set()
    found = db.execute(_build_due_statement(get_dialect(db), len(wanted)), values)
    for lane, turn, key, token in found:
        ripe[lane][turn].append(key)
        if token is not None:
            left.add(key)
    keys: list[int] = []
    for lane, room in wanted.items():
        first, again = ripe[lane]
        # A busy destination still gets its retries: a quarter of the room, when there is any.
        kept = min(room // 4, len(again))
        chosen = first[: room - kept]
        keys += chosen + again[: room - len(chosen)]
    return {key: key in left for key in keys}


@lru_cache(maxsize=2 * MOST_LANES)
def _build_due_statement(dialect: Dialect, lanes_: int) -> TextualSelect:
    arms = (
        f"SELECT * FROM (SELECT lane, turn, key, token FROM deliveries WHERE state = 'pending' "  # noqa: S608 - numbers only
        f"AND lane = :lane{place} AND turn = {turn} AND next_at <= :now "
        f"ORDER BY next_at, key LIMIT :room{place} {dialect.skip_locked}) AS arm{place}_{turn}"
        for place in range(lanes_)
        for turn in (0, 1)
    )
    return (
        text(" UNION ALL ".join(arms))
        .bindparams(bindparam("now", type_=UtcDateTime))
        .columns(lane=Text, turn=Integer, key=BigKey, token=Text)
    )


_SET = """
    UPDATE deliveries SET state = {state}, turn = 1, next_at = {next_at}, token = NULL,
        attempts = attempts + 1, tries = tries + 1, ended_at = {ended_at},
        last_attempt_at = {last_attempt_at}, last_status = {last_status}, last_error = {last_error}
"""
_SETTLED = (
    *("key", "token", "state", "next_at", "ended_at"),
    *("last_attempt_at", "last_status", "last_error"),
)
_SETTLE = bulk.Bulk(
    deliveries,
    _SETTLED,
    sqlite=_SET.format(**{name: f"?{place}" for place, name in enumerate(_SETTLED, 1)})
    + "WHERE key = ?1 AND token = ?2",
    postgresql=_SET.format(**{name: f"n.{name}" for name in _SETTLED})
    + "FROM {rows} WHERE deliveries.key = n.key AND deliveries.token = n.token",
    key="key",
)
_RELEASE = bulk.Bulk(
    deliveries,
    ("key", "token", "next_at"),
    sqlite="UPDATE deliveries SET next_at = ?3, token = NULL WHERE key = ?1 AND token = ?2",
    postgresql=(
        "UPDATE deliveries SET next_at = n.next_at, token = NULL FROM {rows} "
        "WHERE deliveries.key = n.key AND deliveries.token = n.token"
    ),
    key="key",
)
_COLUMNS = (
    *("key", "id", "tenant", "endpoint_key", "url", "task_key", "lane", "tries", "token"),
    "body_id",
)
_TAKE = bulk.update(deliveries, ("next_at", "token"))
_FIND_CLAIMED = f"SELECT {', '.join(_COLUMNS)} FROM deliveries WHERE key"  # noqa: S608 - our own names
_CLAIMED = RowReader(deliveries, _COLUMNS, {})
"""Reads what a Claimed begins with, and the body's id."""
_BODIES = RowReader(delivery_bodies, ("id", "body"), {})
_INSERT_ATTEMPTS = bulk.insert(
    delivery_attempts,
    ("tenant", "delivery_key", "at", "latency_ms", "status", "error", "answer"),
)


def settle(db: Connection, tried: Sequence[AttemptedDelivery], *, now: datetime) -> None:
    """Write attempts down, and what becomes of the deliveries where they are still ours.

    An attempt that was made is kept whoever holds the delivery by now.
    """
    ordered = sorted(tried, key=lambda one: one.claimed.key)
    _SETTLE.execute_later(
        db,
        [
            (
                one.claimed.key,
                one.claimed.token,
                one.outcome.state.value,
                one.outcome.again_at or now,
                now if one.outcome.again_at is None else None,
                one.attempt.at,
                one.attempt.status,
                one.attempt.error,
            )
            for one in ordered
        ],
    )
    _INSERT_ATTEMPTS.execute_later(
        db,
        [
            (
                one.claimed.tenant,
                one.claimed.key,
                one.attempt.at,
                one.attempt.latency_ms,
                one.attempt.status,
                one.attempt.error,
                one.attempt.answer,
            )
            for one in ordered
        ],
    )


def release(db: Connection, held: Sequence[Claimed], *, now: datetime) -> None:
    """Hand back what was not tried: it is due at once."""
    _RELEASE.execute_later(db, [(one.key, one.token, now) for one in held])


_PROMOTE = text(
    """
    UPDATE deliveries SET state = 'pending', next_at = :now WHERE key IN (
        SELECT min(waiting.key) FROM deliveries AS waiting
        WHERE waiting.task_key IN :tasks AND waiting.state = 'waiting' AND NOT EXISTS (
            SELECT 1 FROM deliveries AS earlier
            WHERE earlier.task_key = waiting.task_key
            AND earlier.endpoint_key = waiting.endpoint_key AND earlier.state = 'pending')
        GROUP BY waiting.endpoint_key, waiting.task_key)
    """
).bindparams(bindparam("now", type_=UtcDateTime), bindparam("tasks", expanding=True))


def promote(db: Connection, task_keys: Collection[int], *, now: datetime) -> int:
    """Make due the deliveries that waited for an earlier change of these tasks that has ended."""
    if not task_keys:
        return 0
    return db.execute(_PROMOTE, {"now": now, "tasks": sorted(task_keys)}).rowcount
