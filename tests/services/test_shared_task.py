"""A task that several wait for goes on without those who went away, and fails for nobody else."""

import asyncio
import gc
from typing import Any

import pytest

from tracker.services.shared_task import wait_for_shared


async def test_a_failure_that_nobody_waits_for_any_more_is_dropped() -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    go_on = asyncio.Event()

    async def fail() -> None:
        await go_on.wait()
        raise OSError

    task = asyncio.create_task(fail())
    waiter, stays = (asyncio.create_task(wait_for_shared(task)) for _ in range(2))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait([waiter])
    assert not task.done()
    go_on.set()
    with pytest.raises(OSError, match="^$"):
        await stays
    alone = asyncio.create_task(fail())
    waiter = asyncio.create_task(wait_for_shared(alone))
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait([waiter, alone])
    del alone, waiter, task, stays
    gc.collect()
    assert told == []
