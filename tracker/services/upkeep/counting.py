"""Keep `GET /v1/stats` cheap: fold the feed into hourly counts, and read those.

The feed is gapless, so that each of its entries is counted exactly once, whoever does it: the
place up to which all is counted moves in the same transaction as the counts. Hot paths pay
nothing for it. What has not been folded yet is counted on the spot when somebody asks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.domain.tally import EVER, Tally, TallyKey, count_by_hour
from tracker.domain.task import TaskState
from tracker.services.context import Context
from tracker.store import costs, stats
from tracker.store.driver.transaction import Tx
from tracker.store.stats import FeedSpan
from tracker.store.store import Reading

SPAN = 1000
"""Feed entries of one transaction."""
TAIL = 5000
"""Entries that are counted on the spot at most, where no worker has folded them."""
KEPT = timedelta(days=62)
"""How long the single hours are kept."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The counters at one moment.

    open:   tasks by state.
    lately: by (provider, account), since the hour that was asked for.
    ever:   the same, since the first task.
    hours:  by hour, the same again; hours in which nothing ended are left out.
    whole:  False when more waits to be folded than is counted on the spot.
    """

    open: dict[TaskState, int]
    lately: dict[tuple[str, str], Tally]
    ever: dict[tuple[str, str], Tally]
    hours: dict[datetime, dict[tuple[str, str], Tally]]
    whole: bool


class EndCounter:
    """Folds the feed. Any number of processes may do it at once."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def fold_all(self) -> None:
        """Fold until nothing is left."""
        store = self._context.store
        while await store.read(costs.is_any_uncounted):
            if await store.write(_count_costs, SPAN) < SPAN:
                break
        while True:
            # Read beside the writer: what stands in the feed stays as it is, and the place that
            # moves from `after` moves once.
            span = await store.read(_find_next_span)
            if not span.count or not await store.write(_fold, span):
                return
            if span.count < SPAN:
                return

    async def forget(self) -> None:
        """Drop the oldest hours."""
        await self._context.store.write(drop_hours, KEPT)


def look(db: Reading, tenant: str, *, since: datetime, most_open: int | None = None) -> Counted:
    """Return all that is counted of a tenant. Costs the hours asked for and what is not folded yet.

    most_open: how many open tasks of one state are counted at most; None for all.
    """
    found = stats.list_counters(db, tenant, since=since)
    tail = stats.read(db, stats.read_counted_place(db), limit=TAIL + 1)
    ends = [end for end in tail.ends if end.tenant == tenant]
    changes = [change for change in tail.changes if change.tenant == tenant]
    for key, one in count_by_hour(ends, changes).items():
        found.setdefault(key, Tally()).add(one)
    return Counted(
        open=stats.open_by_state(db, tenant, most=most_open),
        lately=_group_by_account(found, lambda key: key.hour >= since),
        ever=_group_by_account(found, lambda key: key.hour == EVER),
        hours=_group_by_hour(found, since),
        whole=tail.count <= TAIL,
    )


def _group_by_hour(
    found: Mapping[TallyKey, Tally], since: datetime
) -> dict[datetime, dict[tuple[str, str], Tally]]:
    hours: dict[datetime, dict[tuple[str, str], Tally]] = {}
    for key, one in found.items():
        if key.hour >= since:
            hours.setdefault(key.hour, {})[key.provider, key.account] = one
    return hours


def _group_by_account(
    found: Mapping[TallyKey, Tally], wanted: Callable[[TallyKey], bool]
) -> dict[tuple[str, str], Tally]:
    accounts: dict[tuple[str, str], Tally] = {}
    for key, one in found.items():
        if wanted(key):
            accounts.setdefault((key.provider, key.account), Tally()).add(one)
    return accounts


def _find_next_span(db: Reading) -> FeedSpan:
    return stats.read(db, stats.read_counted_place(db), limit=SPAN)


def _fold(tx: Tx, spans: Sequence[FeedSpan]) -> list[bool]:
    return [stats.fold(tx.db, span) for span in spans]


def _count_costs(tx: Tx, limits: Sequence[int]) -> list[int]:
    return [costs.count_some(tx.db, limit=limit) for limit in limits]


def drop_hours(tx: Tx, kept: Sequence[timedelta]) -> list[None]:
    """Set-based: drop the hours that are older, but never what stands for all of them."""
    for one in kept:
        stats.forget(tx.db, before=tx.now - one, but=(EVER,))
    return [None] * len(kept)
