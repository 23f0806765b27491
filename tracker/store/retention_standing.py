"""How retention stands, for an operator: read once, by `tracker doctor`."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tracker.domain.errors import Unavailable
from tracker.domain.retention import RetentionPolicy, RetentionWalk
from tracker.store import archives, chore_leases, holds, retention
from tracker.store.driver.engine import open_engine
from tracker.store.driver.outage import shorten_error

_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RetentionStanding:
    """How retention stands.

    caught_up_at: when it last had nothing left to do; None where it never worked.
    behind:       tasks that it had yet to come by then, up to a bound.
    next:         the walk whose turn comes first, and the end of the task that it comes by; None
                  where nothing has ended that is ever dropped.
    holds:        how many there are.
    archived_at:  when something was last dropped whose file the archive has.
    """

    caught_up_at: datetime | None
    behind: int
    next: tuple[RetentionWalk, datetime] | None
    holds: int
    archived_at: datetime | None


def stand(url: str, policy: RetentionPolicy, *, chore: str) -> RetentionStanding:
    """Return how retention stands. Raises Unavailable."""
    engine = open_engine(url, pool_size=1).execution_options(sqlite_begin="DEFERRED")
    try:
        with engine.connect() as db:
            known = {one.name: one for one in chore_leases.list_chores(db)}
            mine = known.get(chore)
            return RetentionStanding(
                None if mine is None else mine.caught_up_at,
                0 if mine is None else mine.behind,
                _find_next(db, policy),
                holds.count(db),
                archives.find_newest(db),
            )
    except DBAPIError as error:
        raise Unavailable(shorten_error(error)) from None
    finally:
        engine.dispose()


def _find_next(db: Connection, policy: RetentionPolicy) -> tuple[RetentionWalk, datetime] | None:
    found: list[tuple[RetentionWalk, datetime]] = []
    for walk, place in retention.find_places(db, policy.list_walks()).items():
        first = retention.list_page(db, place, before=_EVER, limit=1)
        found += [(walk, row.place.finished_at) for row in first]
    return min(found, key=lambda one: one[1] + one[0].keep, default=None)
