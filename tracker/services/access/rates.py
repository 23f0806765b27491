"""How much of its limit each API key may still use: counted in this process, or over all."""

import asyncio
from typing import Protocol

from tracker.clock import Clock
from tracker.domain.access import Principal
from tracker.domain.shared_rate import SharedAllowance
from tracker.domain.token_bucket import TokenBucket
from tracker.store import rate_windows
from tracker.store.rate_windows import BlockOrder
from tracker.store.store import Store


class Allowance(Protocol):
    """The state of a key's limit: `domain.token_bucket` and `domain.shared_rate` fill it."""

    @property
    def size(self) -> int: ...  # noqa: D102
    @property
    def left(self) -> int: ...  # noqa: D102
    @property
    def next_s(self) -> int: ...  # noqa: D102
    @property
    def full_s(self) -> int: ...  # noqa: D102


class Rates(Protocol):
    """Counts requests of keys."""

    async def take(self, principal: Principal) -> tuple[Allowance, bool] | None:
        """Count one; None where nothing limits the key. Raises Unavailable."""
        ...


class OwnRates:
    """Counts in this process alone."""

    def __init__(self, clock: Clock, per_minute: int | None) -> None:
        """per_minute: requests of a key that has no limit of its own; None for no limit."""
        self._clock, self._per_minute = clock, per_minute
        self._taken: dict[int, TokenBucket] = {}

    async def take(self, principal: Principal) -> tuple[Allowance, bool] | None:
        """Count one request of a key; None where nothing limits it."""
        size = principal.per_minute or self._per_minute
        if principal.key is None or size is None:
            return None
        allowance = self._taken.get(principal.key)
        if allowance is None or allowance.size != size:
            allowance = self._taken[principal.key] = TokenBucket.make_per_minute(size)
        return allowance, allowance.take(self._clock.monotonic())


class SharedRates:
    """Counts over all processes on a database: each draws a tenth of a limit at a time."""

    def __init__(self, store: Store, clock: Clock, per_minute: int | None) -> None:
        """per_minute: as for OwnRates."""
        self._store, self._clock, self._per_minute = store, clock, per_minute
        self._taken: dict[int, tuple[SharedAllowance, asyncio.Lock]] = {}

    async def take(self, principal: Principal) -> tuple[Allowance, bool] | None:
        """Count one request of a key, after a draw where that is due. Raises Unavailable."""
        size, key = principal.per_minute or self._per_minute, principal.key
        if key is None or size is None:
            return None
        known = self._taken.get(key)
        if known is None or known[0].size != size:
            known = self._taken[key] = (SharedAllowance(size), asyncio.Lock())
        allowance, drawing = known
        if allowance.must_draw(self._get_now_s()):
            async with drawing:  # whoever comes meanwhile shares the block
                now_s = self._get_now_s()
                if allowance.must_draw(now_s):
                    order = BlockOrder(key, principal.tenant, size, allowance.block)
                    allowance.add(now_s, *await self._store.write(rate_windows.draw, order))
        return allowance, allowance.take(self._get_now_s())

    def _get_now_s(self) -> float:
        return self._clock.now().timestamp()
