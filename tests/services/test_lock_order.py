"""Processes on one server lock in one order: where two kinds of write share a transaction, too."""

import asyncio

import psycopg
import pytest

from tests.support.subscribing import OK
from tests.support.waiting import wait_until
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain.task import TaskState

pytestmark = pytest.mark.anyio
_WAITING = "SELECT FROM pg_locks WHERE NOT granted"


async def test_nobody_holds_the_feed_while_it_waits_for_a_task(postgres_url: str) -> None:
    async with open_workbench(postgres_url, ScriptedHttp(lambda _: OK)) as bench:
        one, other = await bench.submit_tasks(2)
        with psycopg.connect(postgres_url) as stranger, psycopg.connect(postgres_url) as third:
            third.autocommit = True
            stranger.execute("SELECT FROM tasks WHERE key = %s FOR UPDATE", [other.key])
            writing = asyncio.gather(bench.end_task(one), bench.end_task(other))
            await asyncio.sleep(0)
            waits = lambda: third.execute(_WAITING).rowcount > 0  # noqa: E731
            await asyncio.to_thread(wait_until, waits)
            third.execute("SELECT FROM feed_head FOR UPDATE NOWAIT")
            stranger.rollback()
            await writing
        for task in (one, other):
            assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED
            await bench.read_history(task)


async def test_what_the_server_ends_to_break_a_circle_is_written_again(postgres_url: str) -> None:
    """Two kinds of write may still lock two tasks crosswise: the server chooses one to end."""
    async with open_workbench(postgres_url, ScriptedHttp(lambda _: OK)) as bench:
        one, other = await bench.submit_tasks(2)
        with psycopg.connect(postgres_url) as stranger, psycopg.connect(postgres_url) as third:
            third.autocommit = True
            stranger.execute("SET deadlock_timeout = '1h'")  # so that it is not the one
            stranger.execute("SELECT FROM tasks WHERE key = %s FOR UPDATE", [other.key])
            writing = asyncio.gather(bench.end_task(one), bench.end_task(other))
            await asyncio.sleep(0)
            waits = lambda: third.execute(_WAITING).rowcount > 0  # noqa: E731
            await asyncio.to_thread(wait_until, waits)
            crossing = "SELECT FROM tasks WHERE key = %s FOR UPDATE"
            await asyncio.to_thread(stranger.execute, crossing, [one.key])
            stranger.rollback()
            await writing
        for task in (one, other):
            assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED
            await bench.read_history(task)
