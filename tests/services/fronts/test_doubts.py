"""Creates in doubt after a process died: whose answers nobody knows any more."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.support.made_up_api import Played
from tests.support.workbench import HandClock, ScriptedHttp, Workbench, open_workbench
from tracker.clock import make_id
from tracker.domain.presence import GONE_LEASES
from tracker.services.fronts.lost_answers import LostAnswers
from tracker.store import processes
from tracker.store.driver.transaction import Tx
from tracker.store.lost_answers import CreateName

pytestmark = pytest.mark.anyio
A, B = CreateName("default", b"a" * 32), CreateName("default", b"b" * 32)
MINUTE_S = 60.0


async def dies(bench: Workbench) -> None:
    """Leave the row of a process that is heard of now for the last time."""
    seen = processes.Process(make_id(), True, bench.context.clock.now(), 0, [])

    def batch(tx: Tx, rows: Sequence[processes.Process]) -> list[None]:
        for row in rows:
            processes.record(tx.db, row)
        return [None] * len(rows)

    await bench.context.store.write(batch, seen)


async def test_what_others_made_long_after_a_death_is_not_in_doubt(database_url: str) -> None:
    clock = HandClock()
    async with open_workbench(database_url, ScriptedHttp(Played()), clock=clock) as bench:
        died_at = clock.now()
        await dies(bench)
        clock.move(5 * MINUTE_S)
        answers = LostAnswers(bench.context)
        await answers.look_back()
        doubt = await answers.settle(answers.begin(A))
        assert doubt is not None
        assert doubt.since == died_at - timedelta(minutes=1)
        assert doubt.until == died_at + bench.context.policy.lease * GONE_LEASES
        assert await answers.settle(answers.begin(A)) is None  # once for each create
        held = await answers.settle(answers.begin(B, held_s=600))
        assert held is not None
        assert held.since == died_at - timedelta(minutes=10)


async def test_what_was_made_up_to_the_start_is_in_doubt_right_after_a_death(
    database_url: str,
) -> None:
    clock = HandClock()
    async with open_workbench(database_url, ScriptedHttp(Played()), clock=clock) as bench:
        await dies(bench)
        clock.move(1)
        answers = LostAnswers(bench.context)
        await answers.look_back()
        doubt = await answers.settle(answers.begin(A))
        assert doubt is not None
        assert doubt.until == clock.now()
        clock.move(MINUTE_S + 1)
        assert await answers.settle(answers.begin(B)) is None  # it has run for long enough


async def test_nothing_is_in_doubt_where_nobody_died(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        answers = LostAnswers(bench.context)
        await answers.look_back()
        assert await answers.settle(answers.begin(A)) is None
