"""Work as workers need it: claim it, hold it, hand it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.clock import make_token
from tracker.domain import retry
from tracker.domain.signals import CrashPoint
from tracker.domain.work import JobKind, build_lane
from tracker.providers.ports.account import list_slot_caps
from tracker.services.context import Context
from tracker.services.lookout import Lookout
from tracker.store import due_jobs, held_slots, jobs
from tracker.store.driver.transaction import Tx
from tracker.store.jobs import FreeSlots, Job
from tracker.telemetry.metrics import LEASES_EXPIRED


@dataclass(frozen=True, slots=True)
class _LeaseRequest:
    kind: JobKind
    limit: int
    per_lane: int
    busy: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Failed:
    job: Job
    error: str


class Leases:
    """The right to work on jobs, for a time."""

    def __init__(self, context: Context) -> None:
        """Nothing is held yet."""
        self._context = context
        self._lookout = Lookout(context)

    async def claim(
        self, kind: JobKind, *, limit: int, per_lane: int, busy: Mapping[str, int]
    ) -> list[Job]:
        """Return up to `limit` due jobs, which nobody else gets then; see jobs.claim."""
        wanted = _LeaseRequest(kind, limit, per_lane, busy)
        claimed: list[Job] = await self._context.store.write(self._claim, wanted, is_patient=True)
        if claimed:
            LEASES_EXPIRED.add(by=sum(job.was_left for job in claimed))
            self._context.at(CrashPoint.JOB_CLAIMED)
        return claimed

    async def find_due_kinds(self) -> frozenset[JobKind]:
        """Return kinds of which there is something to claim now."""
        return await self._lookout.find_due_kinds()

    async def find_next_due(self, kind: JobKind) -> datetime | None:
        """Return when there will be something to claim."""
        await self._context.precedence.give_way()
        return await self._context.store.read(lambda db: due_jobs.find_next_due(db, kind))

    async def renew(self, held: Sequence[Job]) -> set[Job]:
        """Hold for another lease. Returns the jobs that are still ours."""
        return await self._context.store.write(self._renew, tuple(held))

    async def release(self, held: Sequence[Job]) -> None:
        """Hand back unfinished work: it is due at once and no try was spent."""
        await self._context.store.write(_release, tuple(held))

    async def fail(self, job: Job, error: str) -> None:
        """Try work again later that raised, ever more seldom; it is never dropped."""
        await self._context.store.write(self._fail, _Failed(job, error))

    def _count_free_slots(self, tx: Tx) -> dict[str, FreeSlots]:
        """Free slots by lane, of the accounts that have a cap: a hint, `attempting` makes sure."""
        caps = list_slot_caps(self._context.accounts)
        held = held_slots.count(tx.db, caps)
        return {
            build_lane(*name): FreeSlots(cap - held.get(name, 0), cap) for name, cap in caps.items()
        }

    def _claim(self, tx: Tx, wanted: Sequence[_LeaseRequest]) -> list[list[Job]]:
        return [
            jobs.claim(
                tx.db,
                one.kind,
                token=make_token(),
                now=tx.lease_now,
                until=tx.lease_now + self._context.policy.lease,
                limit=one.limit,
                per_lane=one.per_lane,
                busy=one.busy,
                rooms=self._count_free_slots(tx) if one.kind is JobKind.SUBMIT else {},
            )
            # What a restored database holds as unsent may have been sent since its backup.
            if one.kind is not JobKind.SUBMIT or not self._context.recovery.is_holding(tx.db)
            else []
            for one in wanted
        ]

    def _renew(self, tx: Tx, held: Sequence[Sequence[Job]]) -> list[set[Job]]:
        until = tx.lease_now + self._context.policy.lease
        return [jobs.renew(tx.db, some, until=until) for some in held]

    def _fail(self, tx: Tx, failed: Sequence[_Failed]) -> list[None]:
        for item in failed:
            again_at = retry.RECORD.compute_next_try(
                item.job.attempts + 1, now=tx.now, jitter=self._context.jitter()
            )
            assert again_at is not None  # noqa: S101 - RECORD has no limit
            jobs.reschedule(tx.db, item.job, run_at=again_at, spent=True, error=item.error)
        return [None] * len(failed)


def finish(tx: Tx, held: Sequence[Sequence[Job]]) -> list[None]:
    """Set-based: these jobs have nothing to do any more."""
    jobs.finish(tx.db, [job for some in held for job in some])
    return [None] * len(held)


def _release(tx: Tx, held: Sequence[Sequence[Job]]) -> list[None]:
    for some in held:
        jobs.release(tx.db, some, now=tx.lease_now)
        tx.woken.update(job.kind for job in some)
    return [None] * len(held)
