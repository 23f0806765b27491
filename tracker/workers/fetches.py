"""Fetches: claim what dies soonest, keep the leases, fetch a few at a time."""

import logging
from collections import Counter
from collections.abc import Sequence

import structlog

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.services.custody.fetching import AssetFetcher
from tracker.store.asset_queue import ClaimedAsset
from tracker.workers.leased import LeasedLoop
from tracker.workers.loop import IDLE_S

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Files that a process fetches at once."""
PER_LANE = 12
"""Of one provider account, so that one whose files do not come leaves places to others."""
BETWEEN_CLAIMS_S = 0.05
"""Pause after a claim, whoever wakes us: what comes in the meantime is claimed together."""
FULL_S = 0.2
"""Pause after a claim that got nothing: what is due is held, or its lane has no place left. While
files come faster than they are fetched, every commit would have us look in vain otherwise."""
WAITING_S = 1.0
"""Instead of FULL_S while a host is out of reach: its files are due, and are not to be claimed. And
beside a crowd of callbacks: places become free slowly then, and a claim is a write among theirs."""
DISK_PAUSE_S = 15.0
"""Pause while the disk is too full."""


class FetchLoop(LeasedLoop[ClaimedAsset]):
    """Fetches until it is told to stop."""

    def __init__(
        self, fetching: AssetFetcher, clock: Clock, *, lease_s: float, drain_s: float
    ) -> None:
        """Nothing runs yet; see LeasedLoop."""
        super().__init__("fetches", clock, lease_s=lease_s, drain_s=drain_s)
        self._fetching = fetching

    async def _look(self) -> float:
        room = AT_ONCE - len(self._running)
        if room <= 0:
            return IDLE_S  # the end of a fetch wakes us
        due = await self._fetching.find_next_due()
        if due is None:
            return IDLE_S
        wait_s = (due - self._clock.now()).total_seconds()
        if wait_s > 0:
            return min(wait_s, IDLE_S)
        if not await self._fetching.has_room():
            return DISK_PAUSE_S
        busy = Counter(one.lane for one in self._running.values())
        claimed = await self._fetching.claim(limit=room, per_lane=PER_LANE, busy=busy)
        for one in claimed:
            self._start(self._carry_out(one), one)
        if claimed:
            await self._clock.sleep(BETWEEN_CLAIMS_S)
            return 0.0
        next_try_s = self._fetching.compute_next_try_s()
        is_waiting = next_try_s is not None or self._fetching.is_slow
        await self._clock.sleep(WAITING_S if is_waiting else FULL_S)
        return min(next_try_s or IDLE_S, IDLE_S)

    async def _carry_out(self, claimed: ClaimedAsset) -> None:
        with structlog.contextvars.bound_contextvars(
            asset=str(claimed.asset.id), task=claimed.asset.task_key
        ):
            try:
                await self._fetching.fetch(claimed)
            except Unavailable as error:
                log.warning(
                    "an outcome was not recorded: %(reason)s; the lease runs out", {"reason": error}
                )
            except Exception:
                log.exception("a fetch raised; it will be tried again later")
                await self._fail(claimed)

    async def _fail(self, claimed: ClaimedAsset) -> None:
        try:
            await self._fetching.fail(claimed, "raised; see the log")
        except Exception:
            log.exception("nor could that be recorded; the lease runs out")

    async def _renew(self) -> int:
        held = list(self._running.values())
        return len(held) - len(await self._fetching.renew(held)) if held else 0

    async def _hand_back(self, unfinished: Sequence[ClaimedAsset]) -> None:
        if not unfinished:
            return
        try:
            await self._fetching.release(unfinished)
        except Unavailable as error:
            log.warning(
                "fetches were not handed back: %(reason)s; they become due again", {"reason": error}
            )
