"""Wait for a condition instead of for a time."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 120.0
"""For what comes at once on an idle machine. A wait that succeeds costs none of it, and one that is
shorter fails on a machine whose cores are busy, which is no fault of what is tested.
"""


def wait_until(condition: Callable[[], bool], *, timeout_s: float = PATIENCE_S) -> None:
    """Until the condition holds; fails the test when it does not in time."""
    deadline = time.monotonic() + timeout_s
    event_s = 0.004
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
        time.sleep(event_s)  # a look every few milliseconds at another thread or process
        event_s = min(event_s * 1.6, 0.1)


async def wait_for_condition(
    condition: Callable[[], bool], *, timeout_s: float = PATIENCE_S
) -> None:
    """Wait for a condition within an event loop, which goes on meanwhile."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.001)
