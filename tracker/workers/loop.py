"""The one loop: wake, claim, run, settle, stop cleanly."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.domain.work import JobKind
from tracker.services.leases import Leases
from tracker.store.jobs import Job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Role:
    """How jobs of one kind are worked on.

    run:         carries out jobs of one lane and settles them.
    concurrency: how many at once in this process.
    per_lane:    how many of one lane at once, so that a dead provider or receiver starves nobody.
    together:    how many of one lane `run` is handed at a time.
    """

    kind: JobKind
    run: Callable[[Sequence[Job]], Awaitable[None]]
    concurrency: int
    per_lane: int
    together: int = 1


class Loop:
    """Works on jobs of one kind until it is told to stop."""

    def __init__(
        self, role: Role, leases: Leases, clock: Clock, *, lease_s: float, drain_s: float
    ) -> None:
        """lease_s: the lease; held work is renewed three times within it.

        drain_s: how long work under way may take to end when we stop.
        """
        self._drain_s = drain_s
        self._role = role
        self._leases = leases
        self._clock = clock
        self._lease_s = lease_s
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._held: dict[asyncio.Task[None], tuple[Job, ...]] = {}

    def wake(self) -> None:
        """There may be something to do now."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping.set()
        self._woken.set()

    async def run(self) -> None:
        """Until `stop`; then wait for what is under way, and hand back what will not end."""
        renewing = asyncio.create_task(self._renew_for_ever())
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                pause_s = await self._claim_and_start()
                await self._sleep(pause_s)
            await self._drain()
        finally:
            renewing.cancel()

    async def _claim_and_start(self) -> float:
        """Start what is due and fits; returns how long there is nothing to start, in seconds."""
        held = list(self._jobs())
        room = self._role.concurrency - len(held)
        if room <= 0:
            return IDLE_S  # the end of a job wakes us
        try:
            due = await self._leases.next_due(self._role.kind)
            if due is None:
                return IDLE_S
            wait_s = (due - self._clock.now()).total_seconds()
            if wait_s > 0:
                return min(wait_s, IDLE_S)
            claimed = await self._leases.claim(
                self._role.kind,
                limit=room,
                per_lane=self._role.per_lane,
                busy=Counter(job.lane for job in held),
            )
        except Unavailable as error:
            log.warning("%s: %s; trying again", self._role.kind, error)
            return float(error.retry_after_s)
        except Exception:
            # A worker that ended here would leave a service that accepts and never submits.
            log.exception("%s: claiming raised; trying again", self._role.kind)
            return IDLE_S
        for jobs in _pieces(claimed, self._role.together):
            running = asyncio.create_task(self._work(jobs))
            self._held[running] = jobs
            running.add_done_callback(self._ended)
        # Nothing: what is due waits for a slot, or others hold it. A commit wakes us.
        return BETWEEN_CLAIMS_S if claimed else IDLE_S

    def _jobs(self) -> Iterator[Job]:
        return (job for jobs in self._held.values() for job in jobs)

    async def _work(self, jobs: tuple[Job, ...]) -> None:
        first = jobs[0]
        with structlog.contextvars.bound_contextvars(
            job=first.key, kind=first.kind.value, task=first.task_key, jobs=len(jobs)
        ):
            try:
                await self._role.run(jobs)
            except Unavailable as error:
                log.warning("%s: its outcome was not recorded; the lease runs out", error)
            except Exception:
                if len(jobs) == 1:
                    log.exception("a job raised; it will be tried again later")
                    await self._fail(first)
                    return
                log.exception("one of %d jobs raised; each is tried alone", len(jobs))
                for job in jobs:
                    await self._work((job,))

    async def _fail(self, job: Job) -> None:
        try:
            await self._leases.fail(job, "raised; see the log")
        except Exception:
            log.exception("nor could that be recorded; the lease runs out")

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._held.pop(running, None)
        self._woken.set()

    async def _renew_for_ever(self) -> None:
        while True:
            await self._clock.sleep(self._lease_s / 3)
            held = list(self._jobs())
            if not held:
                continue
            try:
                kept = await self._leases.renew(held)
            except Unavailable as error:
                log.warning("leases were not renewed: %s", error)
                continue
            except Exception:
                log.exception("leases were not renewed")
                continue
            lost = len(held) - len(kept)
            if lost:
                log.warning("%d leases were lost; their results will be dropped", lost)

    async def _sleep(self, pause_s: float) -> None:
        if pause_s <= 0:
            return
        try:
            await asyncio.wait_for(self._woken.wait(), pause_s)
        except TimeoutError:
            return

    async def _drain(self) -> None:
        if self._held:
            await asyncio.wait(self._held, timeout=self._drain_s)
        left = dict(self._held)
        if not left:
            return
        for running in left:
            running.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        try:
            await self._leases.release([job for jobs in left.values() for job in jobs])
        except Unavailable as error:
            log.warning("leases were not handed back: %s; they run out", error)


IDLE_S = 30.0
"""Longest pause between two looks of one loop; the supervisor's look-out wakes it before that."""
BETWEEN_CLAIMS_S = 0.05
"""Pause after a claim that did not fill us."""


def _pieces(claimed: Iterable[Job], together: int) -> Iterator[tuple[Job, ...]]:
    """Jobs of one lane each, so many at most."""
    lanes: dict[str, list[Job]] = defaultdict(list)
    for job in claimed:
        lanes[job.lane].append(job)
    for jobs in lanes.values():
        for start in range(0, len(jobs), together):
            yield tuple(jobs[start : start + together])
