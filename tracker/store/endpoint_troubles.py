"""Statements that say why endpoints take nothing: their latest failure, and what they are owed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, literal_column, select, text

from tracker.domain.delivery import DeliveryState, Endpoint, endpoint_lane
from tracker.domain.delivery_trouble import ADVICE, Trouble, trouble_of
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
        return None if self.failed_at is None else trouble_of(self.status, self.error)

    @property
    def advice(self) -> str | None:
        """Return what to do about it."""
        return None if self.kind is None else ADVICE[self.kind]


def troubles(db: Connection, some: Iterable[Endpoint]) -> dict[int, EndpointTrouble]:
    """Return what is known of each of some endpoints, by row key; each walks a few index rows."""
    return {one.key: _trouble(db, one) for one in some}


def _trouble(db: Connection, one: Endpoint) -> EndpointTrouble:
    lane = endpoint_lane(one.key)
    owed = select(deliveries.c.key).where(deliveries.c.lane == lane, _PENDING).limit(MOST_OWED)
    count = int(db.execute(select(func.count()).select_from(owed.subquery())).scalar_one())
    if one.ordered and count < MOST_OWED:
        newest = select(deliveries.c.state).where(deliveries.c.endpoint_key == one.key)
        some = newest.order_by(deliveries.c.key.desc()).limit(MOST_OWED).subquery()
        behind = select(func.count()).where(some.c.state == DeliveryState.WAITING.value)
        count = min(MOST_OWED, count + int(db.execute(behind).scalar_one()))
    # Of what is tried again, which stands apart in the index however much was never tried; where
    # nothing is, of the latest that were given up.
    again = select(*_TRIED).where(
        deliveries.c.lane == lane, _PENDING, deliveries.c.turn == literal_column("1")
    )
    found = _latest(db.execute(again.order_by(deliveries.c.next_at.desc()).limit(_LOOKED_AT)))
    if found is None:
        ended = select(*_TRIED).where(deliveries.c.endpoint_key == one.key)
        found = _latest(db.execute(ended.order_by(deliveries.c.key.desc()).limit(_LOOKED_AT)))
    return EndpointTrouble(count, *(found or ()))


def _latest(
    rows: Iterable[tuple[datetime | None, int | None, str | None]],
) -> tuple[datetime, int | None, str | None] | None:
    """Return the latest failure among the last attempts of some deliveries."""
    failed = [
        (at, status, error)
        for at, status, error in rows
        if at is not None and not (status is not None and 200 <= status < 300)
    ]
    return max(failed, key=lambda one: one[0], default=None)
