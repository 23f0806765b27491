"""Waiters are woken by every commit that concerns them, this process's and others'."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import pytest

from tests.support import history
from tests.support.waiting import wait_for_condition
from tracker.clock import SystemClock, make_id
from tracker.domain.errors import CursorTooOld
from tracker.domain.task import TaskState
from tracker.services.read.watch import WakeReason, Watch
from tracker.store import feed
from tracker.store.filters import TaskFilter
from tracker.store.store import Store

pytestmark = pytest.mark.anyio
ALL = TaskFilter("default")
LONG_S = 60.0


@dataclass(frozen=True, slots=True)
class WatchParts:
    """The parts of one process."""

    store: Store
    watch: Watch


@asynccontextmanager
async def a_process(
    url: str, *, poll_s: float = 0.05, keep: int = 100
) -> AsyncIterator[WatchParts]:
    async with (
        Store(url, SystemClock()) as store,
        Watch(store, poll_s=poll_s, keep=keep) as watch,
    ):
        yield WatchParts(store, watch)


@pytest.fixture
async def ours(database_url: str) -> AsyncIterator[WatchParts]:
    async with a_process(database_url) as process:
        yield process


@pytest.fixture
async def theirs(database_url: str) -> AsyncIterator[WatchParts]:
    async with a_process(database_url) as process:
        yield process


async def for_ever() -> None:
    """A client that stays."""
    await asyncio.Event().wait()


def soon(seconds: float = LONG_S) -> float:
    return asyncio.get_running_loop().time() + seconds


async def until_followed(watch: Watch) -> int:
    """Until the tailer has a place; returns it."""
    await wait_for_condition(lambda: watch.position is not None)
    assert watch.position is not None
    return watch.position


async def test_a_waiter_is_woken_by_a_commit_of_its_own_process(database_url: str) -> None:
    async with a_process(database_url, poll_s=600) as ours:
        (task,) = await history.insert(ours.store, history.make_task())
        with ours.watch.watch_task(task.id, since=ours.watch.position) as waiter:
            assert (
                await waiter.sleep(soon(), for_ever) is WakeReason.NEWS
            )  # look: others are followed
            sleeping = asyncio.create_task(waiter.sleep(soon(), for_ever))
            await history.move(ours.store, task)
            assert await sleeping is WakeReason.NEWS


async def test_a_waiter_is_woken_by_a_commit_of_another_process(
    ours: WatchParts, theirs: WatchParts
) -> None:
    (task,) = await history.insert(theirs.store, history.make_task())
    with ours.watch.watch_task(task.id, since=None) as waiter:
        assert await waiter.sleep(soon(), for_ever) is WakeReason.NEWS
        sleeping = asyncio.create_task(waiter.sleep(soon(), for_ever))
        await history.move(theirs.store, task)
        assert await sleeping is WakeReason.NEWS


async def test_what_happened_between_looking_and_waiting_is_not_missed(ours: WatchParts) -> None:
    (task,) = await history.insert(ours.store, history.make_task())
    with ours.watch.watch_task(make_id(), since=None):
        place = await until_followed(ours.watch)
        await history.move(ours.store, task)  # after the look, before the wait
        await wait_for_condition(lambda: ours.watch.position != place)
        with ours.watch.watch_task(task.id, since=place) as waiter:
            assert await waiter.sleep(soon(), for_ever) is WakeReason.NEWS


async def test_another_tasks_news_wakes_nobody(ours: WatchParts) -> None:
    mine, other = await history.insert(ours.store, history.make_task(), history.make_task())
    with ours.watch.watch_task(mine.id, since=None) as waiter:
        assert await waiter.sleep(soon(), for_ever) is WakeReason.NEWS
        with ours.watch.watch_task(other.id, since=ours.watch.position) as beside:
            await history.move(ours.store, other)
            assert await beside.sleep(soon(), for_ever) is WakeReason.NEWS
        assert await waiter.sleep(soon(0), for_ever) is WakeReason.TIME


async def test_a_waiter_hears_only_of_what_it_wants(ours: WatchParts) -> None:
    (task,) = await history.insert(ours.store, history.make_task())
    over = lambda change: change.step.to_state is TaskState.SUCCEEDED  # noqa: E731
    with (
        ours.watch.watch_task(task.id, since=None, wants=over) as waiter,
        ours.watch.watch_task(task.id, since=None) as beside,
    ):
        for one in (waiter, beside):
            assert await one.sleep(soon(), for_ever) is WakeReason.NEWS
        task = await history.move(ours.store, task)
        assert await beside.sleep(soon(), for_ever) is WakeReason.NEWS
        assert await waiter.sleep(soon(0), for_ever) is WakeReason.TIME
        await history.move(ours.store, task, TaskState.SUCCEEDED)
        assert await waiter.sleep(soon(), for_ever) is WakeReason.NEWS


async def test_a_crowd_that_waits_is_woken_some_at_a_time(ours: WatchParts) -> None:
    woken, most = 0, 0

    async def wait() -> None:
        nonlocal woken
        with ours.watch.watch_feed(ALL) as waiter:
            await until_followed(ours.watch)
            while await waiter.sleep(soon(), for_ever) is WakeReason.NEWS:
                if ours.watch.position:  # else it was woken to look whether it missed something
                    break
            woken += 1

    crowd = [asyncio.create_task(wait()) for _ in range(400)]
    await wait_for_condition(lambda: ours.watch.waiting == 400)
    await history.insert(ours.store, history.make_task())
    while woken < 400:
        before = woken
        await asyncio.sleep(0)
        most = max(most, woken - before)
    await asyncio.gather(*crowd)
    assert most <= 100


async def test_a_client_that_goes_ends_its_waiter(ours: WatchParts) -> None:
    left = asyncio.Event()
    with ours.watch.watch_task(make_id(), since=None) as waiter:
        assert await waiter.sleep(soon(), for_ever) is WakeReason.NEWS
        sleeping = asyncio.create_task(waiter.sleep(soon(), left.wait))
        await asyncio.sleep(0)
        left.set()
        assert await sleeping is WakeReason.GONE
    assert ours.watch.waiting == 0


async def test_closing_wakes_everybody_and_lets_nobody_sleep(ours: WatchParts) -> None:
    with (
        ours.watch.watch_task(make_id(), since=None) as one,
        ours.watch.watch_feed(ALL) as other,
    ):
        assert await one.sleep(soon(), for_ever) is WakeReason.NEWS
        assert await other.sleep(soon(), for_ever) is WakeReason.NEWS
        sleeping = [asyncio.create_task(w.sleep(soon(), for_ever)) for w in (one, other)]
        await asyncio.sleep(0)
        ours.watch.close()
        assert [await woke for woke in sleeping] == [WakeReason.CLOSING, WakeReason.CLOSING]
    with ours.watch.watch_task(make_id(), since=None) as late:
        assert await late.sleep(soon(), for_ever) is WakeReason.CLOSING


async def test_nothing_is_read_while_nobody_waits(ours: WatchParts) -> None:
    with ours.watch.watch_feed(ALL):
        await until_followed(ours.watch)
    await wait_for_condition(lambda: ours.watch.position is None)


async def test_a_place_beyond_the_feed_is_refused(ours: WatchParts) -> None:
    await history.insert(ours.store, history.make_task())
    with pytest.raises(CursorTooOld):
        await ours.watch.read_after(1000, ALL, limit=1)


async def test_a_crowd_at_the_beginning_of_the_feed_keeps_nobody_else_from_reading(
    ours: WatchParts,
) -> None:
    await history.insert(ours.store, *(history.make_task() for _ in range(20)))
    crowd = [asyncio.create_task(ours.watch.read_after(0, ALL, limit=100)) for _ in range(200)]
    await wait_for_condition(lambda: any(one.done() for one in crowd))
    before = sum(one.done() for one in crowd)
    await ours.store.read(feed.find_head)
    assert sum(one.done() for one in crowd) < before + 100
    await asyncio.gather(*crowd)


@pytest.mark.parametrize("seed", range(3))
async def test_readers_beside_racing_writers_see_every_change_once_and_in_order(
    database_url: str, seed: int
) -> None:
    """Two processes write; readers come and go, and read from memory and from the database."""
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(a_process(database_url, poll_s=0.01, keep=5))
            for _ in range(2)
        ]
        over = asyncio.Event()
        readers = [
            asyncio.create_task(_read_on(process.watch, over, random.Random(seed + n)))
            for n, process in enumerate(both * 2)
        ]
        written = await asyncio.gather(
            *(_write(process.store, random.Random(chance.random())) for process in both * 2)
        )
        over.set()
        seen = [await reader for reader in readers]
    for one in seen:
        assert sorted(one) == sorted(name for some in written for name in some)
        assert one == seen[0]


async def _write(store: Store, chance: random.Random) -> list[tuple[UUID, int]]:
    written = []
    for _ in range(8):
        new = [history.make_task() for _ in range(chance.randint(1, 4))]
        made = await history.insert(store, *new)
        moved = [await history.move(store, task) for task in made if chance.random() < 0.5]
        written += [(task.id, task.version) for task in made + moved]
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)
    return written


async def _read_on(
    watch: Watch, over: asyncio.Event, chance: random.Random
) -> list[tuple[UUID, int]]:
    """Follow the feed, forgetting everything but the place now and then."""
    seen: list[tuple[UUID, int]] = []
    place = 0
    while True:
        is_over = over.is_set()
        with watch.watch_feed(ALL) as waiter:
            for _ in range(chance.randint(1, 5)):
                page, _ = await watch.wait_for_page(
                    waiter, place, limit=chance.randint(1, 7), until=soon(0.05), gone=for_ever
                )
                assert all(change.seq > place for change in page.changes)
                seen += [(change.task_id, change.step.version) for change in page.changes]
                place = page.position
        if is_over and not page.changes:
            return seen


async def test_memory_and_database_agree_on_every_page(ours: WatchParts) -> None:
    """Pages are equal, whether the tailer has them in memory or not."""
    chance = random.Random(1)
    operations = ("videos/text2video", "videos/image2video")
    filters = [
        ALL,
        TaskFilter("other"),
        TaskFilter("default", operation=operations[0]),
        TaskFilter("default", states=[TaskState.RUNNING]),
        TaskFilter("default", overdue=True),
    ]
    with ours.watch.watch_feed(ALL):
        start = await until_followed(ours.watch)
        made = [
            history.make_task(
                operation=chance.choice(operations),
                tenant=chance.choice(["default", "other"]),
                overdue=chance.random() < 0.3,
            )
            for _ in range(20)
        ]
        for task in await history.insert(ours.store, *made):
            if chance.random() < 0.5:
                await history.move(ours.store, task)
        newest = await ours.store.read(feed.find_head)
        await wait_for_condition(lambda: ours.watch.position == newest)
        for filter_ in filters:
            for place in range(start, newest):
                for limit in (1, 3, 100):
                    remembered = await ours.watch.read_after(place, filter_, limit=limit)
                    query = partial(feed.list_page, filter_=filter_, after=place, limit=limit)
                    queried = await ours.store.read(query)
                    assert list(remembered.changes) == list(queried.changes)
