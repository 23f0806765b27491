"""All loops of a process: started together, woken by commits, stopped together."""

import asyncio
import logging
from collections.abc import Sequence

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.services.leases import Leases
from tracker.services.sweeping import BATCH, Sweeping
from tracker.store.jobs import JobKind
from tracker.workers.loop import Loop, Role

log = logging.getLogger(__name__)

SWEEP_S = 2.0
"""Between two looks for deadlines that passed."""
FORGET_EVERY = 600
"""Sweeps between two rounds of forgetting old idempotency keys."""


class Supervisor:
    """Runs the loops. After `stop`, `run` ends when all work is settled or handed back."""

    def __init__(
        self,
        roles: Sequence[Role],
        leases: Leases,
        sweeping: Sweeping,
        clock: Clock,
        *,
        lease_s: float,
    ) -> None:
        """Nothing runs yet."""
        self._loops = {role.kind: Loop(role, leases, clock, lease_s=lease_s) for role in roles}
        self._sweeping = sweeping
        self._clock = clock
        self._stopping = asyncio.Event()

    def wake(self, kinds: frozenset[JobKind], _moved: bool) -> None:  # noqa: FBT001 - a store listener
        """A local commit enqueued work of these kinds."""
        for kind in kinds & self._loops.keys():
            self._loops[kind].wake()

    def stop(self) -> None:
        """Claim nothing more; `run` ends when what is under way has."""
        self._stopping.set()
        for loop in self._loops.values():
            loop.stop()

    async def run(self) -> None:
        """Until `stop`."""
        async with asyncio.TaskGroup() as group:
            for loop in self._loops.values():
                group.create_task(loop.run())
            group.create_task(self._sweep_for_ever())

    async def _sweep_for_ever(self) -> None:
        rounds = 0
        while not self._stopping.is_set():
            try:
                while await self._sweeping.sweep() >= BATCH:
                    pass
                if rounds % FORGET_EVERY == 0:
                    await self._sweeping.forget()
            except Unavailable as error:
                log.warning("deadlines were not looked at: %s", error)
            except Exception:
                log.exception("the sweep raised; it goes on with the next round")
            rounds += 1
            try:
                await asyncio.wait_for(self._stopping.wait(), SWEEP_S)
            except TimeoutError:
                continue
