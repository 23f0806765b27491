"""Statements that say why endpoints take nothing: their latest failure, and what they are owed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, literal, literal_column, select, text, union_all

from tracker.domain.delivery import DeliveryState, Endpoint, get_endpoint_lane
from tracker.domain.delivery_trouble import ADVICE, Trouble, read_trouble
from tracker.store.schema import deliveries

MOST_OWED = 1000
"""Owed deliveries of an endpoint are counted so far."""
_LOOKED_AT = 50
"""Deliveries among which the latest failure is searched."""
_PENDING = text("state = 'pending'")
"""Spelt as the partial index has it."""
_TRIED = (deliveries.c.last_attempt_at, deliveries.c.last_status, deliveries.c.last_error)


@dataclass(frozen=True, slots=True)
class EndpointTrouble:
    """The latest failure of an endpoint that takes nothing, and what it is owed.

    failed_at: of its latest failure; None where none is known: a person stopped it. status: of the
               answer then. error: what was wrong, in words.
    owed:      deliveries that have not ended, at most MOST_OWED.
    """

    owed: int
    failed_at: datetime | None = None
    status: int | None = None
    error: str | None = None

    @property
    def kind(self) -> Trouble | None:
        """Return what stands in the way; None where no failure is known."""
        return None if self.failed_at is None else read_trouble(self.status, self.error)

    @property
    def advice(self) -> str | None:
        """Return what to do about it."""
        return None if self.kind is None else ADVICE[self.kind]


def list_troubles(db: Connection, some: Iterable[Endpoint]) -> dict[int, EndpointTrouble]:
    """Return what is known of each of some endpoints, by row key.

    Four statements at most, which walk a few index rows for each.
    """
    found = list(some)
    owed = _count(db, found, _select_owed)
    behind = _count(
        db, [one for one in found if one.ordered and owed[one.key] < MOST_OWED], _select_waiting
    )
    # Of what is tried again, which stands apart in the index however much was never tried; where
    # nothing is, of the latest that were given up.
    failures = _read_latest(db, found, _select_retried)
    failures |= _read_latest(db, [one for one in found if one.key not in failures], _select_newest)
    return {
        one.key: EndpointTrouble(
            min(MOST_OWED, owed[one.key] + behind.get(one.key, 0)), *failures.get(one.key, ())
        )
        for one in found
    }


_Look = Callable[[Endpoint], Select[Any]]
"""Returns what is looked at of one endpoint: so many rows at most."""


def _select_owed(one: Endpoint) -> Select[Any]:
    lane = get_endpoint_lane(one.key)
    return select(deliveries.c.key).where(deliveries.c.lane == lane, _PENDING).limit(MOST_OWED)


def _select_waiting(one: Endpoint) -> Select[Any]:
    """Return those that wait behind others of their task."""
    newest = select(deliveries.c.state).where(deliveries.c.endpoint_key == one.key)
    seen = newest.order_by(deliveries.c.key.desc()).limit(MOST_OWED).subquery()
    return select(seen.c.state).where(seen.c.state == DeliveryState.WAITING.value)


def _select_retried(one: Endpoint) -> Select[Any]:
    again = select(*_TRIED).where(
        deliveries.c.lane == get_endpoint_lane(one.key),
        _PENDING,
        deliveries.c.turn == literal_column("1"),
    )
    return again.order_by(deliveries.c.next_at.desc()).limit(_LOOKED_AT)


def _select_newest(one: Endpoint) -> Select[Any]:
    ended = select(*_TRIED).where(deliveries.c.endpoint_key == one.key)
    return ended.order_by(deliveries.c.key.desc()).limit(_LOOKED_AT)


def _count(db: Connection, some: Sequence[Endpoint], look: _Look) -> dict[int, int]:
    """Count the rows of each endpoint, in one statement."""
    if not some:
        return {}
    counts = [
        select(literal(one.key), func.count()).select_from(look(one).subquery()) for one in some
    ]
    return dict(db.execute(union_all(*counts)).all())


def _read_latest(
    db: Connection, some: Sequence[Endpoint], look: _Look
) -> dict[int, tuple[datetime, int | None, str | None]]:
    """Return the latest failure of each endpoint that has one, in one statement."""
    if not some:
        return {}
    tried = [select(literal(one.key), *look(one).subquery().c) for one in some]
    latest: dict[int, tuple[datetime, int | None, str | None]] = {}
    for key, at, status, error in db.execute(union_all(*tried)):
        is_failure = at is not None and not (status is not None and 200 <= status < 300)
        if is_failure and (key not in latest or at > latest[key][0]):
            latest[key] = (at, status, error)
    return latest
