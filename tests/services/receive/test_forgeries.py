"""Of forged callbacks a sample is kept; all are counted, whatever strangers send."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.domain.access import DEFAULT_TENANT
from tracker.domain.errors import NotFound
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.lifecycle import Verdict
from tracker.services.receive.callback import RawCallback
from tracker.services.receive.forgeries import FLUSH_COUNT, FLUSH_S, MOST_KINDS, ForgeryCounter
from tracker.services.receive.reception import Reception
from tracker.services.upkeep.sweeping import FORGED_KEPT, Sweeper
from tracker.store import attention, forgeries, schema
from tracker.store.store import Reading

pytestmark = pytest.mark.anyio


def nothing(_call: HttpCall) -> HttpResult:
    raise AssertionError("no provider is called")


@pytest.fixture
def clock() -> HandClock:
    """At the beginning of an hour."""
    found = HandClock()
    found.at = found.at.replace(minute=0, second=0, microsecond=0)
    return found


@pytest.fixture
async def bench(database_url: str, clock: HandClock) -> AsyncIterator[Workbench]:
    async with open_workbench(database_url, ScriptedHttp(nothing), clock=clock) as found:
        yield found


def _forged(subject: str = "a", sender: str = "192.0.2.1") -> RawCallback:
    return build_raw_callback("made-up", subject, "no token", b"{}", sender=sender)


async def _kept(bench: Workbench) -> int:
    return len(
        await bench.context.store.read(
            lambda db: attention.list_odd(db, DEFAULT_TENANT, Verdict.FORGED, limit=10)
        )
    )


def _windows(db: Reading) -> int:
    return db.scalar(select(func.count()).select_from(schema.forgeries)) or 0


async def _counts(bench: Workbench) -> dict[str, int]:
    """Return how many were counted in the last day, by sender."""
    since = bench.context.clock.now() - timedelta(days=1)
    found = await bench.context.store.read(
        lambda db: forgeries.list_kinds(db, since=since, limit=1000)
    )
    counts = Counter[str]()
    for one in found:
        counts[one.kind.sender] += one.number
    return counts


async def test_one_of_a_kind_is_kept_in_an_hour_and_all_are_counted(
    bench: Workbench, clock: HandClock
) -> None:
    ours = ForgeryCounter(bench.context)
    assert await ours.count(_forged())
    for _ in range(100):
        assert not await ours.count(_forged())
    assert await ours.count(_forged(sender="192.0.2.2"))
    await ours.flush()
    assert await _counts(bench) == {"192.0.2.1": 101, "192.0.2.2": 1}
    clock.move(3600)
    assert await ours.count(_forged())


async def test_counts_are_written_now_and_then(bench: Workbench, clock: HandClock) -> None:
    ours = ForgeryCounter(bench.context)
    for _ in range(10):
        await ours.count(_forged())
    assert await _counts(bench) == {"192.0.2.1": 1}
    clock.move(FLUSH_S)
    await ours.count(_forged())
    assert await _counts(bench) == {"192.0.2.1": 11}


async def test_a_process_that_is_killed_forgets_few(bench: Workbench, clock: HandClock) -> None:
    ours = ForgeryCounter(bench.context)
    for _ in range(2 * FLUSH_COUNT):
        await ours.count(_forged())
    del ours  # nothing of it is written any more
    counted = (await _counts(bench))["192.0.2.1"]
    assert 2 * FLUSH_COUNT - counted < FLUSH_COUNT


async def test_processes_share_the_bound_and_the_counts(bench: Workbench) -> None:
    one, other = ForgeryCounter(bench.context), ForgeryCounter(bench.context)
    assert await one.count(_forged())
    assert not await other.count(_forged())  # also: the same process after a restart
    kept = [
        await process.count(_forged(f"{place} {n}"))
        for n in range(MOST_KINDS)
        for place, process in enumerate((one, other))
    ]
    assert kept.count(True) == MOST_KINDS - 1
    await one.flush()
    await other.flush()
    assert sum((await _counts(bench)).values()) == 2 + 2 * MOST_KINDS


async def test_a_flood_from_everywhere_costs_few_rows(bench: Workbench) -> None:
    ours = ForgeryCounter(bench.context)
    kept = [await ours.count(_forged(sender=f"192.0.2.{n}")) for n in range(10 * MOST_KINDS)]
    assert kept.count(True) == MOST_KINDS
    await ours.flush()
    counts = await _counts(bench)
    assert len(counts) == MOST_KINDS + 1
    assert counts[""] == 9 * MOST_KINDS


async def test_old_counts_and_forged_callbacks_are_dropped(
    bench: Workbench, clock: HandClock
) -> None:
    reception = Reception(bench.context)
    with pytest.raises(NotFound):
        await reception.receive(_forged())
    assert await _kept(bench) == 1
    clock.move(FORGED_KEPT.total_seconds() + 3600)
    with pytest.raises(NotFound):
        await reception.receive(_forged("b"))
    await Sweeper(bench.context).forget()
    assert await _kept(bench) == 1
    assert await bench.context.store.read(_windows) == 1
