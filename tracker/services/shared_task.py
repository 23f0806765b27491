"""Wait for a task that several wait for."""

import asyncio
from typing import TypeVar

Result = TypeVar("Result")


async def wait_for_shared(task: asyncio.Task[Result]) -> Result:
    """Return what a task returns; whoever is cancelled meanwhile ends it for nobody.

    Raises what it raises. Where nobody waits any more that is dropped: asyncio would log a
    traceback, as `shield` leaves it to nobody
    (https://docs.python.org/3/library/asyncio-task.html#asyncio.shield, read 2026-11-30).
    """
    task.add_done_callback(_drop)
    return await asyncio.shield(task)


def _drop(task: asyncio.Task[Result]) -> None:
    if not task.cancelled():
        task.exception()
