"""Write down what was learnt of a provider, also while the database is away for a moment."""

from collections.abc import Awaitable, Callable

from tracker.clock import Clock
from tracker.domain.errors import Unavailable

TRIES = 20
PAUSE_S = 1.0
"""How long something is held in hand while the database is away."""


async def write_persistently(clock: Clock, write: Callable[[], Awaitable[None]]) -> None:
    """Write until the database takes it. Raises Unavailable when it stays away."""
    for tries_left in reversed(range(TRIES)):
        try:
            await write()
        except Unavailable as error:
            if not tries_left:
                raise
            await clock.sleep(min(error.retry_after_s, PAUSE_S))
        else:
            return
