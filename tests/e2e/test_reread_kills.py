"""kill -9 within a run that reads receipts again: each task is before or after its correction."""

import asyncio
from pathlib import Path

from tests.support.dying import NEVER, open_dying_service
from tests.support.reread_runs import look, open_service, prepare
from tests.support.waiting import wait_until
from tracker.domain.rereads import Reread
from tracker.domain.runs import RunState
from tracker.domain.signals import CrashPoint
from tracker.services.receive.rereads import AT_ONCE, Rereads

MANY = AT_ONCE + 20
"""Two pages."""


async def _state(url: str, run: Reread) -> RunState:
    async with open_service(url) as bench:
        return (await Rereads(bench.context).get("default", run.id)).state


def test_a_run_whose_worker_is_killed_is_ended_and_corrects_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    run, keys = asyncio.run(prepare(database_url, MANY))
    with open_dying_service(database_url, tmp_path) as bed:
        for point in (CrashPoint.REREAD_COMMITTED, CrashPoint.REREAD_APPLIED):
            with bed.make_service(point.value, "1") as dying:
                wait_until(lambda dying=dying: not dying.is_alive)  # type: ignore[misc]  # pinned
            told, corrected = asyncio.run(look(database_url, run, keys))
            assert (told.state, told.counts["richer"]) == (RunState.RUNNING, AT_ONCE)
            assert corrected == {1: AT_ONCE, 0: MANY - AT_ONCE}
        with bed.make_service(*NEVER):
            wait_until(lambda: asyncio.run(_state(database_url, run)) is RunState.DONE)
    told, corrected = asyncio.run(look(database_url, run, keys))
    assert (told.counts["richer"], told.counts["receipts"]) == (MANY, MANY)
    assert corrected == {1: MANY}
