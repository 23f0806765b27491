"""Owe once more what has ended or waits: one delivery, or all that a filter matches."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from tracker.domain.errors import Conflict, NoLongerKept, NotFound
from tracker.domain.work import JobKind
from tracker.services.context import Context
from tracker.store import deliveries, retention
from tracker.store.deliveries import DeliveryFilter, Summary
from tracker.store.driver.transaction import Tx
from tracker.store.store import Reading

AT_ONCE = 1000
"""Deliveries of one transaction."""


@dataclass(frozen=True, slots=True)
class _Some:
    filter: DeliveryFilter
    after: int
    until: int


class Redelivery:
    """Redelivers. The id and the bytes stay; the ladder of retries starts anew."""

    def __init__(self, context: Context) -> None:
        """Holds no state of its own."""
        self._context = context

    async def redeliver_named(self, tenant: str, ids: Collection[UUID]) -> int:
        """Owe all of these once more, or none of them; return how many they are.

        Raises NotFound, NoLongerKept where one is not there; Conflict where one is on its way, or
        its endpoint gets nothing.
        """
        count: int = await self._context.store.write(_redeliver_named, (tenant, ids))
        return count

    async def preview_many(self, filter_: DeliveryFilter) -> Summary:
        """Preview the deliveries that `many` would repeat."""
        return await self._context.store.read(lambda db: deliveries.summarise(db, filter_))

    async def redeliver_many(self, filter_: DeliveryFilter) -> int:
        """Redeliver all that the filter matches now and that has an endpoint; return how many."""
        until = await self._context.store.read(deliveries.find_last_key)
        redelivered, after = 0, 0
        while True:
            some = _Some(filter_, after, until)
            count, last = await self._context.store.write(_redeliver_many, some)
            redelivered += count
            if last is None:
                return redelivered
            after = last


def explain_missing_delivery(db: Reading, id_: UUID) -> NotFound | NoLongerKept:
    """Return what to say of a delivery that is not there: whether it may have been dropped."""
    if retention.has_dropped_delivery(db, id_):
        return NoLongerKept("deliveries of that time are not kept any more")
    return NotFound("there is no such delivery")


def _redeliver_named(
    tx: Tx, asked: Sequence[tuple[str, Collection[UUID]]]
) -> list[Exception | int]:
    results: list[Exception | int] = []
    for tenant, ids in asked:
        keys = deliveries.lock(tx.db, tenant, ids)
        missing = next((id_ for id_ in ids if id_ not in keys), None)
        if missing is not None:
            results.append(explain_missing_delivery(tx.db, missing))
        elif deliveries.can_rearm(tx.db, keys.values()):
            deliveries.rearm(tx.db, keys.values(), now=tx.now)
            tx.woken.add(JobKind.DELIVER)
            results.append(len(keys))
        else:
            reason = "it is on its way, or its endpoint gets nothing any more"
            results.append(Conflict(reason))
    return results


def _redeliver_many(tx: Tx, asked: Sequence[_Some]) -> list[tuple[int, int | None]]:
    results: list[tuple[int, int | None]] = []
    for some in asked:
        keys = deliveries.list_keys(
            tx.db, some.filter, after=some.after, until=some.until, limit=AT_ONCE
        )
        count = deliveries.rearm(tx.db, keys, now=tx.now)
        if count:
            tx.woken.add(JobKind.DELIVER)
        results.append((count, keys[-1] if len(keys) == AT_ONCE else None))
    return results
