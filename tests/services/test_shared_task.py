"""A task that several wait for goes on without those who went away, and fails for nobody else."""

import asyncio
import gc
from typing import Any

import pytest

from tracker.services.shared_task import wait_for_shared

pytestmark = pytest.mark.anyio


async def _fail_after(go_on: asyncio.Event) -> None:
    await go_on.wait()
    raise OSError("lost")


@pytest.mark.parametrize("stays", [True, False], ids=["one stays", "nobody stays"])
async def test_a_failure_is_told_to_whoever_still_waits_alone(*, stays: bool) -> None:
    told: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    go_on = asyncio.Event()
    task = asyncio.create_task(_fail_after(go_on))
    waiters = [asyncio.create_task(wait_for_shared(task)) for _ in range(2)]
    await asyncio.sleep(0)
    for waiter in waiters[stays:]:
        waiter.cancel()
    await asyncio.wait(waiters[stays:])
    assert not task.done()
    go_on.set()
    await asyncio.wait([task])
    if stays:
        with pytest.raises(OSError, match="lost"):
            await waiters[0]
    del task, waiters, waiter
    gc.collect()
    assert told == []
