"""A loop whose work is held by leases, which are renewed as long as it lasts."""

import asyncio
import logging
from abc import abstractmethod

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.workers.loop import Loop, Work

log = logging.getLogger(__name__)


class LeasedLoop(Loop[Work]):
    """Renews what is held three times within a lease."""

    def __init__(self, name: str, clock: Clock, *, lease_s: float, drain_s: float) -> None:
        """Nothing runs yet. lease_s: the lease. The rest: see Loop."""
        super().__init__(name, drain_s=drain_s)
        self._clock = clock
        self._lease_s = lease_s

    async def run(self) -> None:
        """Work until `stop`, and renew the leases of what is held."""
        renewing = asyncio.create_task(self._renew_for_ever())
        try:
            await super().run()
        finally:
            renewing.cancel()

    def _handle_finished(self, work: Work) -> None:
        """Look for more: there is room again."""
        del work
        self.wake()

    @abstractmethod
    async def _renew(self) -> int:
        """Hold what is under way for another lease; return how many leases were lost."""

    async def _renew_for_ever(self) -> None:
        while True:
            await self._clock.sleep(self._lease_s / 3)
            try:
                lost = await self._renew()
            except Unavailable as error:
                log.warning("leases were not renewed: %(reason)s", {"reason": error})
                continue
            except Exception:
                log.exception("leases were not renewed")
                continue
            if lost:
                log.warning(
                    "leases were lost: %(count)d; their results will be dropped", {"count": lost}
                )
