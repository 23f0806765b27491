"""Jobs: claim what is due, lane by lane, run it and keep its leases."""

import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from tracker.clock import Clock
from tracker.domain.errors import Unavailable
from tracker.domain.work import JobKind
from tracker.services.leases import Leases
from tracker.services.submit.waiting_jobs import WaitingJobs
from tracker.store.jobs import Job
from tracker.workers.leased import LeasedLoop
from tracker.workers.loop import IDLE_S

log = logging.getLogger(__name__)

BETWEEN_CLAIMS_S = 0.05
"""Pause after a claim that did not fill us."""
GATHER_S = 0.25
"""Longest pause after a claim, where jobs that are done together come due all the time."""


@dataclass(frozen=True, slots=True)
class Role:
    """How jobs of one kind are worked on.

    run:         carries out jobs of one lane and settles them.
    concurrency: how many at once in this process.
    per_lane:    how many of one lane at once, so that a dead provider or receiver starves nobody.
    together:    how many of one lane `run` is handed at a time.
    aside:       tells of jobs under way that they count in none of these limits.
    """

    kind: JobKind
    run: Callable[[Sequence[Job]], Awaitable[None]]
    concurrency: int
    per_lane: int
    together: int = 1
    aside: WaitingJobs = field(default_factory=WaitingJobs)


class JobLoop(LeasedLoop[tuple[Job, ...]]):
    """Works on jobs of one kind until it is told to stop."""

    def __init__(
        self, role: Role, leases: Leases, clock: Clock, *, lease_s: float, drain_s: float
    ) -> None:
        """lease_s: the lease; held work is renewed three times within it.

        drain_s: how long work under way may take to end when we stop.
        """
        super().__init__(role.kind.value, clock, lease_s=lease_s, drain_s=drain_s)
        self._role = role
        self._leases = leases
        self._gather_s = BETWEEN_CLAIMS_S
        role.aside.call_on_set(self.wake)

    async def _look(self) -> float:
        held = [job for job in self._iterate_jobs() if job not in self._role.aside]
        room = self._role.concurrency - len(held)
        if room <= 0:
            return IDLE_S  # the end of a job wakes us
        due = await self._leases.find_next_due(self._role.kind)
        wait_s = IDLE_S if due is None else (due - self._clock.now()).total_seconds()
        if wait_s > 0:
            self._gather_s = BETWEEN_CLAIMS_S
            return min(wait_s, IDLE_S)
        claimed = await self._leases.claim(
            self._role.kind,
            limit=room,
            per_lane=self._role.per_lane,
            busy=Counter(job.lane for job in held),
        )
        for jobs in _iterate_pieces(claimed, self._role.together):
            self._start(self._carry_out(jobs), jobs)
        if claimed and self._role.together > 1:
            await self._gather(len(claimed))
            return 0.0
        # Nothing: what is due waits for a slot, or others hold it. A commit wakes us.
        return BETWEEN_CLAIMS_S if claimed else IDLE_S

    async def _gather(self, claimed: int) -> None:
        """Pause, whoever wakes us, so that more jobs share the next claim, call and commit.

        The pause grows as long as some job is due after each one and few came together.
        """
        await self._clock.sleep(self._gather_s)
        if claimed < self._role.together // 2:
            self._gather_s = min(2 * self._gather_s, GATHER_S)
        else:
            self._gather_s = max(self._gather_s / 2, BETWEEN_CLAIMS_S)

    def _iterate_jobs(self) -> Iterator[Job]:
        return (job for jobs in self._running.values() for job in jobs)

    async def _carry_out(self, jobs: tuple[Job, ...]) -> None:
        first = jobs[0]
        with structlog.contextvars.bound_contextvars(
            job=first.key, kind=first.kind.value, task=first.task_key, jobs=len(jobs)
        ):
            try:
                await self._role.run(jobs)
            except Unavailable as error:
                log.warning(
                    "an outcome was not recorded: %(reason)s; the lease runs out", {"reason": error}
                )
            except Exception:
                if len(jobs) == 1:
                    log.exception("a job raised; it will be tried again later")
                    await self._fail(first)
                    return
                log.exception(
                    "one of %(jobs)d jobs raised; each is tried alone", {"jobs": len(jobs)}
                )
                for job in jobs:
                    await self._carry_out((job,))

    async def _fail(self, job: Job) -> None:
        try:
            await self._leases.fail(job, "raised; see the log")
        except Exception:
            log.exception("nor could that be recorded; the lease runs out")

    async def _renew(self) -> int:
        held = list(self._iterate_jobs())
        return len(held) - len(await self._leases.renew(held)) if held else 0

    async def _hand_back(self, unfinished: Sequence[tuple[Job, ...]]) -> None:
        if not unfinished:
            return
        try:
            await self._leases.release([job for jobs in unfinished for job in jobs])
        except Unavailable as error:
            log.warning("leases were not handed back: %(reason)s; they run out", {"reason": error})


def _iterate_pieces(claimed: Iterable[Job], together: int) -> Iterator[tuple[Job, ...]]:
    """Yield jobs of one lane each, so many at most."""
    lanes: dict[str, list[Job]] = defaultdict(list)
    for job in claimed:
        lanes[job.lane].append(job)
    for jobs in lanes.values():
        for start in range(0, len(jobs), together):
            yield tuple(jobs[start : start + together])
