"""Ids of results belong to the tenant whose task brought them, recorded or not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.made_up import NAME
from tests.support.workbench import OPERATION, ScriptedHttp, Workbench, open_workbench
from tracker.domain.access import EVERYTHING
from tracker.domain.errors import InvalidRequest, Unavailable
from tracker.domain.exchange import HttpResult
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task
from tracker.services.access.keys import Grant, Keys
from tracker.services.named_objects import ROUNDS, SPANS, check_named
from tracker.services.owned_results import SELDOM, SPAN, TAIL, OwnedResults
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake
from tracker.services.upkeep.counting import EndCounter
from tracker.store import made_objects, owned_results, task_drops
from tracker.store.driver.transaction import Tx

pytestmark = pytest.mark.anyio


def answered_by() -> ScriptedHttp:
    return ScriptedHttp(lambda _call: HttpResult(500, {}, b""))


@pytest.fixture
async def bench(database_url: str) -> AsyncIterator[Workbench]:
    accounts = ("first", "second")
    async with open_workbench(database_url, answered_by(), accounts=accounts) as opened:
        yield opened


async def brought(bench: Workbench, tenant: str, id_: str, account: str = "first") -> Task:
    """A task of a tenant's that has just brought a video of this id."""
    asked = Submission(tenant, NAME, OPERATION, {"prompt": "rain"}, account=account)
    task = (await SubmissionIntake(bench.context).accept(asked)).task
    name = f"theirs-{id_}-{task.key}"
    await bench.accept_task(task, name)
    piece = {"kind": "video", "url": "https://v.example/1.mp4", "id": id_}
    await bench.call_back(task, {"id": name, "status": "succeeded", "pieces": [piece]})
    ended = await bench.read_task(task.key)
    assert [one.id for one in ended.artifacts] == [id_]
    return ended


async def may_name(bench: Workbench, tenant: str, id_: str) -> bool:
    try:
        await check_named(bench.context, NAME, tenant, {"scene": id_})
    except InvalidRequest as error:
        refused = error.fields
    else:
        return True
    assert [(one.path, one.reason) for one in refused] == [("scene", "there is no such scene")]
    return False


async def recorded(bench: Workbench, *ids: str) -> dict[str, str]:
    """The tenants of the ids that are recorded."""
    found = await bench.context.store.read(
        lambda db: made_objects.find_named(db, NAME, "scene", ids)
    )
    return {one.id: one.tenant for one in found}


async def test_a_tenant_that_is_alone_names_what_it_likes_and_nothing_is_recorded(
    bench: Workbench,
) -> None:
    await brought(bench, "mine", "1")
    await OwnedResults(bench.context).record_all()
    assert await may_name(bench, "mine", "1")
    assert await may_name(bench, "mine", "made past this service")
    assert await recorded(bench, "1") == {}
    state = await bench.context.store.read(owned_results.read_standing)
    assert (state.recorded_to, state.is_shared) == (None, False)


async def test_a_worker_looks_for_a_second_tenant_in_one_round_of_many(bench: Workbench) -> None:
    await brought(bench, "theirs", "1")
    worker = OwnedResults(bench.context)
    await worker.record_now_and_then()
    await brought(bench, "mine", "2")
    for _ in range(SELDOM - 1):
        await worker.record_now_and_then()
    assert await recorded(bench, "1", "2") == {}
    await worker.record_now_and_then()
    assert await recorded(bench, "1", "2") == {"1": "theirs", "2": "mine"}
    await brought(bench, "mine", "3")
    await worker.record_now_and_then()
    assert await recorded(bench, "3") == {"3": "mine"}


async def test_an_id_is_judged_the_moment_that_the_verdict_is_there_and_later(
    bench: Workbench,
) -> None:
    await brought(bench, "theirs", "1", "second")  # from before there was another tenant
    await brought(bench, "mine", "mine-at-first")
    for record in (False, True, True):
        if record:
            await OwnedResults(bench.context).record_all()
        names = ("theirs", "mine", "default")
        assert [await may_name(bench, one, "1") for one in names] == [True, False, False]
        assert [await may_name(bench, one, "?") for one in names] == [False, False, True]
        held = await check_named(bench.context, NAME, "theirs", {"scene": "1"})
        assert held.accounts == {"second"}
        await brought(bench, "mine", f"mine-{record}")
    assert await recorded(bench, "1", "mine-False", "mine-True") == {
        "1": "theirs",
        "mine-False": "mine",
        "mine-True": "mine",
    }


async def test_a_key_of_another_tenant_is_enough_for_an_id_to_be_told(
    bench: Workbench,
) -> None:
    await brought(bench, "theirs", "1")
    assert await may_name(bench, "theirs", "2")
    keys = Keys(bench.context.store, bench.context.clock, [b""])
    await keys.create_key(Grant("mine", EVERYTHING, ""))
    assert not await may_name(bench, "theirs", "2")
    await OwnedResults(bench.context).record_all()
    assert await recorded(bench, "1") == {"1": "theirs"}


async def test_an_id_stays_with_whose_task_brought_it_first(bench: Workbench) -> None:
    await brought(bench, "theirs", "1")
    await brought(bench, "mine", "1")
    for _ in range(2):
        assert await may_name(bench, "theirs", "1")
        assert not await may_name(bench, "mine", "1")
        await OwnedResults(bench.context).record_all()
    await brought(bench, "mine", "1")  # once more, behind what is recorded
    assert not await may_name(bench, "mine", "1")


_AGAIN = text("""
    INSERT INTO transitions
        (seq, tenant, task_key, version, from_state, to_state, kind, source, at)
    WITH RECURSIVE numbers (n) AS (
        SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :entries
    )
    SELECT last.seq + n, tenant, task_key, last.seq + n, 'running', 'running', kind, source, at
    FROM numbers, (SELECT * FROM transitions ORDER BY seq DESC LIMIT 1) AS last
""")


async def fill_feed(bench: Workbench, entries: int) -> None:
    """Put entries into the feed in which the newest task of all says the same again."""

    def batch(tx: Tx, counts: Sequence[int]) -> list[None]:
        for one in counts:
            tx.db.execute(_AGAIN, {"entries": one})
        return [None] * len(counts)

    await bench.context.store.write(batch, entries)


async def test_a_long_feed_is_recorded_while_the_caller_waits_or_asks_again(
    bench: Workbench,
) -> None:
    await brought(bench, "theirs", "1")
    await brought(bench, "mine", "2")
    await brought(bench, "theirs", "3")
    await fill_feed(bench, TAIL + 1)
    assert not await may_name(bench, "mine", "1")
    assert await recorded(bench, "1") == {"1": "theirs"}
    await fill_feed(bench, TAIL + 1 + ROUNDS * SPANS * SPAN)
    with pytest.raises(Unavailable):
        await may_name(bench, "mine", "3")
    assert not await may_name(bench, "mine", "3")


async def test_what_dies_before_the_commit_is_recorded_the_next_time(database_url: str) -> None:
    async with open_workbench(database_url, answered_by(), accounts=("first",)) as bench:
        await brought(bench, "theirs", "1")
        await brought(bench, "mine", "2")
    commits = count()

    def at(point: CrashPoint) -> None:
        if point is CrashPoint.COMMIT_READY and not next(commits):
            raise RuntimeError("the process dies here")

    async with open_workbench(database_url, answered_by(), accounts=("first",), signal=at) as bench:
        with pytest.raises(RuntimeError):
            await OwnedResults(bench.context).record_all()
        assert await recorded(bench, "1", "2") == {}
        assert not await may_name(bench, "mine", "1")
        one, other = OwnedResults(bench.context), OwnedResults(bench.context)
        await asyncio.gather(one.record_all(), other.record_all())
        await one.record_all()
        assert await recorded(bench, "1", "2") == {"1": "theirs", "2": "mine"}


async def test_no_task_is_dropped_whose_results_are_still_to_be_recorded(
    bench: Workbench,
) -> None:
    await brought(bench, "mine", "0")
    await brought(bench, "theirs", "1")
    await OwnedResults(bench.context).record_all()
    task = await brought(bench, "theirs", "2")
    await EndCounter(bench.context).fold_all()

    async def needed() -> set[int]:
        found: Any = await bench.context.store.read(
            lambda db: task_drops.find_droppable_later(db, [task.key], lock=False)()
        )
        return set(found.needed)

    assert task.key in await needed()
    await OwnedResults(bench.context).record_all()
    assert task.key not in await needed()
