"""A chore that is far behind is a condition until half of that is left."""

from collections.abc import Sequence

import pytest

from tests.support.subscribing import OK
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.services.upkeep.backlog import watch_backlog
from tracker.store import chore_leases, conditions, owned_results, sizes
from tracker.store.driver.transaction import Tx
from tracker.store.owned_results import FeedResults

pytestmark = pytest.mark.anyio
STEPS = [(100_000, False), (100_001, True), (50_001, True), (50_000, False)]
"""Entries that are left, and whether the condition stands then."""


def leave(tx: Tx, left: Sequence[int]) -> list[None]:
    for count in left:
        chore_leases.take(tx.db, "retention", "mine", now=tx.now, until=tx.now)
        chore_leases.set_standing(tx.db, "retention", behind=count, caught_up_at=None)
    return [None] * len(left)


def begin_recording(tx: Tx, asked: Sequence[None]) -> list[bool]:
    return [owned_results.advance(tx.db, FeedResults(0, 0, 0)) for _ in asked]


async def test_it_stands_from_one_too_many_to_half_of_them(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        store = bench.context.store
        for count, stands in STEPS:
            await store.write(leave, count)
            await watch_backlog(store)
            names = [one.name for one in await store.read(conditions.list_open)]
            assert names == [conditions.CHORE_BEHIND] * stands, count


async def test_each_chore_that_follows_the_feed_is_measured(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(lambda _: OK)) as bench:
        await bench.create_queued("mine")
        assert set(await bench.context.store.read(sizes.count_behind)) == {"counting"}
        await bench.context.store.write(begin_recording, None)
        behind = await bench.context.store.read(sizes.count_behind)
        assert behind["counting"] == behind["results of tenants"] > 0
