"""Group commit: what comes together is committed together, in bounded batches, to the last item."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from tests.support.workbench import HandClock
from tracker.clock import SystemClock
from tracker.domain.errors import InvalidRequest, Unavailable
from tracker.store import conditions
from tracker.store.conditions import Condition
from tracker.store.driver.dialect import get_dialect
from tracker.store.driver.transaction import Tx, run_first, run_last
from tracker.store.driver.writer import MAX_BATCH, UNTRIED_S
from tracker.store.store import Store

pytestmark = pytest.mark.anyio


class Batches:
    """Notes what it is given; an odd item fails."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []

    def apply(self, _tx: Tx, items: Sequence[int]) -> list[int | Exception]:
        self.seen.append(list(items))
        return [item if item % 2 == 0 else ValueError(f"{item} is odd") for item in items]


async def test_what_one_turn_of_the_loop_brings_is_one_batch(database_url: str) -> None:
    batches = Batches()
    async with Store(database_url, SystemClock()) as store:
        writing = [store.write(batches.apply, number) for number in range(20)]
        results = await asyncio.gather(*writing, return_exceptions=True)
    assert batches.seen == [list(range(20))]
    assert [str(result) for result in results[:3]] == ["0", "1 is odd", "2"]


async def test_no_batch_is_larger_than_one_may_be(sqlite_url: str) -> None:
    batches = Batches()
    async with Store(sqlite_url, SystemClock()) as store:
        numbers = [2 * number for number in range(2 * MAX_BATCH + 1)]
        assert await asyncio.gather(*(store.write(batches.apply, n) for n in numbers)) == numbers
    assert [len(batch) for batch in batches.seen] == [MAX_BATCH, MAX_BATCH, 1]


async def test_what_waits_when_it_is_closed_is_committed(database_url: str) -> None:
    batches = Batches()
    async with Store(database_url, SystemClock()) as store:
        last = store.write(batches.apply, 2)
    assert await last == 2


async def test_who_does_not_wait_any_more_takes_nothing_from_the_others(sqlite_url: str) -> None:
    batches = Batches()
    async with Store(sqlite_url, SystemClock()) as store:
        given_up, stays = store.write(batches.apply, 2), store.write(batches.apply, 4)
        given_up.cancel()
        assert await stays == 4
    assert batches.seen == [[2, 4]]


@pytest.mark.parametrize("wrong", ["a\x00b", "\ud800"], ids=["nul", "surrogate"])
async def test_a_text_that_cannot_be_stored_is_the_callers_fault_alone(
    postgres_url: str, wrong: str
) -> None:
    def write(tx: Tx, names: Sequence[str]) -> list[None]:
        for name in names:
            conditions.raise_(tx.db, Condition(name, "", "", "why", tx.now))
        return [None] * len(names)

    async with Store(postgres_url, SystemClock()) as store:
        writing = [store.write(write, name) for name in ("fine", wrong, "also fine")]
        results = await asyncio.gather(*writing, return_exceptions=True)
        assert [type(result) for result in results] == [type(None), InvalidRequest, type(None)]
        found = await store.read(conditions.list_open)
        assert [one.name for one in found] == ["fine", "also fine"]


@dataclass
class _FillingDisk:
    """Writes that make rows, and find a full disk if the test says so."""

    is_full: bool = True

    def insert(self, tx: Tx, items: Sequence[None]) -> Sequence[None]:
        if not self.is_full:
            return items
        if get_dialect(tx.db).has_server:
            tx.db.execute(text("DO $$ BEGIN RAISE disk_full; END $$"))
        tx.db.execute(text("PRAGMA max_page_count = 1"))  # no fewer than there are
        tx.db.execute(text("CREATE TABLE large AS SELECT randomblob(100000)"))
        return items


def _change(_tx: Tx, items: Sequence[None]) -> Sequence[None]:
    return items


async def test_a_kind_of_write_that_is_refused_stands_until_one_of_its_kind_is_taken(
    database_url: str,
) -> None:
    clock, disk = HandClock(), _FillingDisk()
    async with Store(database_url, clock) as store:
        since = clock.now()
        for _ in range(2):
            with pytest.raises(Unavailable):
                await store.write(disk.insert, None)
            clock.move(30)
            await store.write(_change, None)
            assert (store.refused_since, store.is_full) == (since, True)
        await store.write(_FillingDisk(is_full=False).insert, None)  # its kind, another object
        assert (store.refused_since, store.is_full) == (None, False)
        with pytest.raises(Unavailable):
            await store.write(disk.insert, None)
        clock.move(UNTRIED_S)
        assert store.refused_since is not None  # for all that is known it is as full
        await store.write(_change, None)
        assert store.refused_since is None


async def test_kinds_of_write_come_in_the_order_in_which_they_lock(sqlite_url: str) -> None:
    seen: list[str] = []

    def note(name: str) -> Callable[[Tx, Sequence[None]], Sequence[None]]:
        def batch(tx: Tx, items: Sequence[None]) -> Sequence[None]:
            seen.append(name)
            tx.defer(lambda: seen.append(f"{name}, deferred"))
            return items

        return batch

    kinds = [run_last(note("account")), note("task"), run_first(note("budget"))]
    async with Store(sqlite_url, SystemClock()) as store:
        await asyncio.gather(*[store.write(kind, None) for kind in kinds])
    parts = ["budget", "task", "account"]
    assert seen == [*parts, *[f"{part}, deferred" for part in parts]]
