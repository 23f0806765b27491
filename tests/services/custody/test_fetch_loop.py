"""The loop that claims and fetches: how often it looks, and what a try that failed costs others."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.custody import RULES, open_custody
from tests.support.held_clock import HeldClock
from tests.support.origin import make_film, serve_whole
from tests.support.upstream import Asked, Upstream
from tests.support.waiting import wait_for_condition
from tracker.precedence import CROWD, CROWDED_S, Precedence
from tracker.services.custody.fetching import AssetFetcher
from tracker.services.custody.keeping import FailedFetch, FetchRecorder
from tracker.services.recorder import Recorder
from tracker.store.driver.transaction import Tx
from tracker.workers.fetches import BETWEEN_CLAIMS_S, FULL_S, PER_LANE, WAITING_S, FetchLoop

pytestmark = pytest.mark.anyio


async def test_a_loop_that_is_woken_looks_again_after_its_pause_alone(
    database_url: str, tmp_path: Path
) -> None:
    clock, precedence = HeldClock(), Precedence(lambda: 0.0)

    def silent(asked: Asked) -> list[bytes]:
        asked.wait_until_gone()
        return []

    rules = replace(RULES, silence_s=600)
    async with open_custody(database_url, tmp_path, rules=rules) as custody:
        with Upstream(silent) as origin:
            pieces = [{"url": f"{origin.url}/{n}.mp4"} for n in range(PER_LANE + 1)]
            await custody.create_succeeded(*pieces)
            await custody.bring_forward()  # leases have a clock of their own
            context = replace(custody.bench.context, precedence=precedence)
            loop = FetchLoop(AssetFetcher(context), clock, lease_s=30, drain_s=0)
            running = asyncio.create_task(loop.run())
            await wait_for_condition(lambda: clock.pauses == [BETWEEN_CLAIMS_S])
            loop.wake()
            clock.end_pause()
            await wait_for_condition(lambda: clock.pauses == [BETWEEN_CLAIMS_S, FULL_S])
            for _ in range(CROWD):
                precedence.begin()
            loop.wake()
            clock.end_pause()
            await wait_for_condition(lambda: clock.pauses == [BETWEEN_CLAIMS_S, FULL_S, WAITING_S])
            loop.wake()
            loop.stop()
            clock.end_pause()
            await running
    assert clock.pauses == [BETWEEN_CLAIMS_S, FULL_S, WAITING_S]


async def test_tries_that_fail_together_are_recorded_without_their_tasks(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task's row is what callbacks wait for: only a step of its history may lock it."""
    loaded: list[int] = []
    begin: Callable[..., None] = Recorder.__init__

    def counted(recorder: Recorder, context: object, tx: Tx, tasks: object = ()) -> None:
        begin(recorder, context, tx, found := list(tasks))  # type: ignore[call-overload]
        loaded.append(len(found))

    async with open_custody(database_url, tmp_path) as custody:
        pieces = [{"url": f"http://127.0.0.1:9/{n}.mp4"} for n in range(3)]
        task = await custody.create_succeeded(*pieces)
        claimed = await custody.fetching.claim(limit=9, per_lane=9, busy={})
        now = custody.bench.context.clock.now()
        # Counted, not replaced: the rows are loaded.
        monkeypatch.setattr(Recorder, "__init__", counted)
        keeping = FetchRecorder(custody.bench.context)
        await asyncio.gather(
            keeping.settle(claimed[0], FailedFetch("busy", now)),
            keeping.settle(claimed[1], FailedFetch("full", now, spent=False)),
        )
        await keeping.settle(claimed[0], FailedFetch("comes after its lease", None))
        assert loaded == [0, 1]  # the two in one transaction
        await keeping.settle(claimed[2], FailedFetch("dead", None))
        found = [
            (one.state.value, one.attempts, one.reason) for one in await custody.list_assets(task)
        ]
        assert found == [("wanted", 1, "busy"), ("wanted", 0, "full"), ("lost", 1, "dead")]
        assert (await custody.bench.list_kinds(task)).count("asset_lost") == 1


async def test_a_file_beside_a_crowd_of_callbacks_waits_until_another_has_had_its_share(
    sqlite_url: str, tmp_path: Path
) -> None:
    clock, precedence = HeldClock(), Precedence(lambda: 0.0)
    async with open_custody(sqlite_url, tmp_path) as custody:
        context = replace(custody.bench.context, precedence=precedence, clock=clock)
        with Upstream(serve_whole(make_film(1000))) as origin:
            pieces = [{"url": f"{origin.url}/{n}.mp4"} for n in range(2)]
            await custody.create_succeeded(*pieces)
            await custody.bring_forward()
            fetching = AssetFetcher(context)
            both = await fetching.claim(limit=2, per_lane=2, busy={})
            for _ in range(CROWD):
                precedence.begin()
            running = [asyncio.create_task(fetching.fetch(one)) for one in both]
            await wait_for_condition(
                lambda: clock.pauses == [CROWDED_S] * 2
            )  # behind a piece, before the other
            assert len(origin.asked) == 1
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)
