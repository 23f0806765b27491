"""All loops of a process: started together, woken by commits, stopped together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.domain.presence import NO_END
from tracker.domain.work import JobKind
from tracker.services.leases import Leases
from tracker.telemetry.metrics import CHORE_PERIOD, CHORE_SUCCESS
from tracker.workers.deliveries import DeliveryLoop
from tracker.workers.fetches import FetchLoop
from tracker.workers.jobs import JobLoop, Role

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do now and then, in every process that works.

    every_s: seconds between the end of one round and the next, unless a round returns others.
    kind:    work for which a round begins at once, as soon as there is some.
    """

    name: str
    every_s: float
    run: Callable[[], Awaitable[float | None]]
    kind: JobKind | None = None


@dataclass(slots=True)
class _LatestRound:
    """ended_at, ended_s: when a round last ended well; at first, when the process began.

    reason: why later ones did not.
    """

    ended_at: datetime
    ended_s: float
    reason: str = NO_END


class Supervisor:
    """Runs the loops. After `stop`, `run` ends when all work is settled or handed back."""

    def __init__(  # noqa: PLR0913 - everything that a process repeats
        self,
        roles: Sequence[Role],
        leases: Leases,
        chores: Sequence[Chore],
        clock: Clock,
        *,
        deliveries: DeliveryLoop,
        fetches: FetchLoop | None = None,
        lease_s: float,
        drain_s: float,
    ) -> None:
        """Nothing runs yet."""
        self._leases = leases
        self._clock = clock
        self._loops = {
            role.kind: JobLoop(role, leases, clock, lease_s=lease_s, drain_s=drain_s)
            for role in roles
        }
        self._deliveries = deliveries
        self._fetches = fetches
        self._chores = [*chores, Chore("looking out", LOOK_OUT_S, self._look_out)]
        self._woken = {chore.name: asyncio.Event() for chore in self._chores}
        self._latest: dict[str, _LatestRound] = {}
        self._is_stopping = False
        self._is_running = False

    def wake(self, kinds: frozenset[JobKind], _moved: bool) -> None:  # noqa: FBT001 - a store listener
        """Wake the loops for whose kinds of work a local commit enqueued some."""
        for kind in kinds & self._loops.keys():
            self._loops[kind].wake()
        if JobKind.DELIVER in kinds:
            self._deliveries.wake()
        if self._fetches is not None and JobKind.FETCH in kinds:
            self._fetches.wake()
        for chore in self._chores:
            if chore.kind in kinds:
                self._woken[chore.name].set()

    def stop(self) -> None:
        """Claim nothing more; `run` ends when what is under way has."""
        self._is_stopping = True
        for woken in self._woken.values():
            woken.set()
        self._deliveries.stop()
        if self._fetches is not None:
            self._fetches.stop()
        for loop in self._loops.values():
            loop.stop()

    def is_running(self) -> bool:
        """Return whether the work is done now."""
        return self._is_running

    def list_failing_chores(self) -> dict[str, tuple[str, str]]:
        """Return chores that have not ended well for long: since when (UTC) and why, by name.

        The alert TrackerChoreMissed waits as long.
        """
        now_s = self._clock.monotonic()
        return {
            chore.name: (f"{latest.ended_at:%F %R}", latest.reason)
            for chore in self._chores
            if (latest := self._latest.get(chore.name)) is not None
            and now_s - latest.ended_s > MISSED_ROUNDS * chore.every_s + MISSED_BESIDES_S
        }

    async def run(self) -> None:
        """Run until `stop`."""
        self._is_running = True
        try:
            await self._run()
        finally:
            self._is_running = False

    async def _run(self) -> None:
        CHORE_PERIOD.replace({(chore.name,): chore.every_s for chore in self._chores})
        for chore in self._chores:
            self._note_end(chore)  # or one that never ends well would have no time to be late by
        async with asyncio.TaskGroup() as group:
            group.create_task(self._deliveries.run())
            if self._fetches is not None:
                group.create_task(self._fetches.run())
            for loop in self._loops.values():
                group.create_task(loop.run())
            for chore in self._chores:
                group.create_task(self._repeat(chore))

    async def _look_out(self) -> None:
        """Wake for work that became due without a commit of ours, at the cost of one statement."""
        self.wake(await self._leases.find_due_kinds(), False)

    async def _repeat(self, chore: Chore) -> None:
        woken = self._woken[chore.name]
        while not self._is_stopping:
            woken.clear()
            pause_s: float | None = None
            try:
                pause_s = await chore.run()
                self._note_end(chore)
            except Unavailable as error:
                self._latest[chore.name].reason = str(error)
                log.warning(
                    "a chore broke off (%(chore)s): %(reason)s",
                    {"chore": chore.name, "reason": error},
                )
            except Exception as error:
                self._latest[chore.name].reason = type(error).__name__
                log.exception(
                    "a chore raised (%(chore)s); it goes on with the next round",
                    {"chore": chore.name},
                )
            try:
                await asyncio.wait_for(woken.wait(), chore.every_s if pause_s is None else pause_s)
            except TimeoutError:
                continue

    def _note_end(self, chore: Chore) -> None:
        now = self._clock.now()
        self._latest[chore.name] = _LatestRound(now, self._clock.monotonic())
        CHORE_SUCCESS.put(now.timestamp(), (chore.name,))


MISSED_ROUNDS, MISSED_BESIDES_S = 3, 60.0
"""Periods, and seconds besides, after which a chore that has not ended well is told of."""
LOOK_OUT_S = 1.0
"""Pause between two looks for work that other processes enqueued, or left behind."""
