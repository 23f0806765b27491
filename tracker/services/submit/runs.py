"""Runs: what a dry run told is confirmed by a signed token, and workers carry it out in pieces.

A piece is one transaction: it acts on up to 100 tasks and says so in the same commit, with the
run's row locked. So a process may die anywhere: what was not committed was not done, and the next
piece begins where the last commit ended. No lease is needed, as nothing lasts longer than that.
"""

import json
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tracker.clock import make_id
from tracker.domain import cursor
from tracker.domain.errors import Conflict, FieldError, InvalidRequest, NotFound, Unavailable
from tracker.domain.runs import RunOutcome, RunState, RunTaskOutcome
from tracker.domain.signals import CrashPoint
from tracker.domain.task import Task
from tracker.domain.work import JobKind
from tracker.services.context import Context
from tracker.services.submit.bulk import AT_ONCE, BulkAction, BulkActions, BulkOrder
from tracker.services.submit.kept_inputs import find_foreign_inputs_by_key
from tracker.services.submit.selection import Selection
from tracker.store import bulk_runs
from tracker.store.bulk_runs import KeptRun
from tracker.store.driver.transaction import Tx, run_first
from tracker.store.listing import Position

log = logging.getLogger(__name__)

VALID = timedelta(minutes=10)
"""How long a dry run can be confirmed."""
PIECES_AT_ONCE = 20
"""Pieces of one round of a worker, so that it stops soon when it is told to."""
NO_SUCH_RUN = "there is no such run"
NO_LONGER = "it does not match any more"
RAISED = "acting on it failed; the service's log has the error"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The run that a dry run was about.

    id:       of the run that confirming makes: confirmed twice, it is one.
    after:    the place behind which the tasks are; None for all.
    until:    tasks made from then on are left alone.
    matching: how many tasks it is about at most.
    """

    id: UUID
    order: BulkOrder
    after: Position | None
    until: datetime
    matching: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Start:
    run: KeptRun
    task_keys: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Stop:
    tenant: str
    id: UUID
    actor: str


@dataclass(frozen=True, slots=True)
class _RunPiece:
    """foreign: why the inputs of some cannot be submitted again, by key."""

    run_key: int
    task_keys: Sequence[int]
    foreign: Mapping[int, Conflict]


class _AlreadyStarted(Exception):
    """The run is there: somebody confirmed the same dry run before."""


class BulkRuns:
    """Starts, stops and carries out runs."""

    def __init__(
        self,
        context: Context,
        bulk: BulkActions,
        *,
        at_once: int = AT_ONCE,
        pieces: int = PIECES_AT_ONCE,
    ) -> None:
        """bulk: acts on the tasks of a piece. at_once, pieces: less, for tests."""
        self._context = context
        self._bulk = bulk
        self._at_once = at_once
        self._pieces = pieces

    def sign_token(
        self, order: BulkOrder, matching: int, *, after: Position | None, until: datetime
    ) -> tuple[str, datetime]:
        """Return what confirms a dry run, and until when: it is signed and names one tenant's."""
        expires_at = self._context.clock.now() + VALID
        ids = b"".join(id_.bytes for id_ in order.ids or ())
        parts: list[int | str] = [
            str(make_id()),
            order.action.value,
            json.dumps(order.selection.build_fields()),
            until.isoformat(),
            matching,
            expires_at.isoformat(),
            "" if after is None else after.at.isoformat(),
            0 if after is None else after.key,
            "" if order.ids is None else urlsafe_b64encode(ids).decode(),
        ]
        scope = _name_scope(order.selection.tasks.tenant)
        return cursor.encode(self._context.secrets[0], scope, parts), expires_at

    def read_token(self, tenant: str, token: str, *, actor: str) -> RunPlan:
        """Return the run that a token confirms. Raises InvalidRequest; Conflict when it is late."""
        try:
            parts = cursor.decode(self._context.secrets, _name_scope(tenant), token)
        except InvalidRequest:
            reason = "not the token of a dry run of yours; make a dry run"
            raise InvalidRequest(FieldError("token", reason)) from None
        id_, action, fields, until, matching, expires, at, key, ids = (str(one) for one in parts)
        plan = RunPlan(
            UUID(id_),
            BulkOrder(
                BulkAction(action),
                Selection.parse_fields(tenant, json.loads(fields)),
                actor,
                is_dry=False,
                ids=_parse_ids(ids) if ids else None,
                run=UUID(id_),
            ),
            Position(datetime.fromisoformat(at), int(key)) if at else None,
            datetime.fromisoformat(until),
            int(matching),
            datetime.fromisoformat(expires),
        )
        if plan.expires_at <= self._context.clock.now():
            raise Conflict("the dry run is older than ten minutes: make it again")
        return plan

    async def start(self, plan: RunPlan) -> KeptRun:
        """Choose the tasks that match now and hand them to the workers.

        No more than the dry run told of, and none that was made after it. A plan that was started
        before is the run that it became. Raises Unavailable.
        """
        tenant = plan.order.selection.tasks.tenant
        known = await self._find(tenant, plan.id)
        if known is not None:
            return known
        keys = await self._bulk.list_keys(
            plan.order, after=plan.after, until=plan.until, most=plan.matching
        )
        now = self._context.clock.now()
        run = KeptRun(
            key=0,
            id=plan.id,
            tenant=tenant,
            action=plan.order.action.value,
            filter=plan.order.selection.build_fields(),
            until=plan.until,
            matching=len(keys),
            actor=plan.order.actor,
            state=RunState.RUNNING if keys else RunState.DONE,
            done=0,
            refused=0,
            failed=0,
            created_at=now,
            updated_at=now,
            ended_at=None if keys else now,
        )
        try:
            started: KeptRun = await self._context.store.write(_start, _Start(run, keys))
        except _AlreadyStarted:
            return await self.get(tenant, plan.id)
        return started

    async def get(self, tenant: str, id_: UUID) -> KeptRun:
        """Return a tenant's run. Raises NotFound, Unavailable."""
        found = await self._find(tenant, id_)
        if found is None:
            raise NotFound(NO_SUCH_RUN)
        return found

    async def stop(self, tenant: str, id_: UUID, *, actor: str) -> KeptRun:
        """Act on no further task of a run; a piece that is under way is ended.

        Raises NotFound; Conflict when it is over; Unavailable.
        """
        stopped: KeptRun = await self._context.store.write(_stop, _Stop(tenant, id_, actor))
        return stopped

    async def run_pieces(self) -> None:
        """Carry out pieces of runs, each time of the one that has waited longest.

        Raises Unavailable.
        """
        for _ in range(self._pieces):
            key = await self._context.store.read(bulk_runs.find_next_key)
            if key is None:
                return
            await self._read_piece(key)

    async def _read_piece(self, run_key: int) -> None:
        limit = self._at_once
        action, keys = await self._context.store.read(
            lambda db: (
                bulk_runs.find_action(db, run_key),
                bulk_runs.list_undone(db, run_key, limit=limit),
            )
        )
        foreign: Mapping[int, Conflict] = {}
        if action == BulkAction.RESUBMIT.value:
            foreign = await find_foreign_inputs_by_key(self._context, keys)
        try:
            await self._context.store.write(self._act, _RunPiece(run_key, keys, foreign))
            self._context.at(CrashPoint.RUN_COMMITTED)
        except Unavailable:
            raise
        except Exception:
            log.exception("a piece of a run raised; each of its tasks is tried alone")
            for key in keys:
                await self._act_alone(_RunPiece(run_key, [key], foreign))

    async def _act_alone(self, piece: _RunPiece) -> None:
        try:
            await self._context.store.write(self._act, piece)
        except Unavailable:
            raise
        except Exception:
            log.exception("acting on one task of a run raised: it is left as it is")
            await self._context.store.write(_fail, piece)

    @run_first
    def _act(self, tx: Tx, pieces: Sequence[_RunPiece]) -> list[int]:
        counts = []
        for piece in pieces:
            run = bulk_runs.lock(tx.db, piece.run_key)
            if run is None or run.state is not RunState.RUNNING:
                counts.append(0)
                continue
            # Another process may have carried some of it out since they were read.
            left = set(bulk_runs.list_undone(tx.db, run.key, limit=run.matching))
            keys = [key for key in piece.task_keys if key in left]
            order = _order_of(run)
            result = self._bulk.act_on(tx, order, keys, piece.foreign) if keys else {}
            outcomes = [_make_outcome(key, one) for key, one in result.items()]
            bulk_runs.record(tx.db, run, outcomes, now=tx.now)
            self._context.at(CrashPoint.RUN_APPLIED)
            counts.append(len(outcomes))
        return counts

    async def _find(self, tenant: str, id_: UUID) -> KeptRun | None:
        return await self._context.store.read(lambda db: bulk_runs.find(db, tenant, id_))


def _name_scope(tenant: str) -> str:
    return f"bulk run {tenant}"


def _parse_ids(text: str) -> list[UUID]:
    raw = urlsafe_b64decode(text)
    return [UUID(bytes=raw[place : place + 16]) for place in range(0, len(raw), 16)]


def _order_of(run: KeptRun) -> BulkOrder:
    selection = Selection.parse_fields(run.tenant, run.filter)
    return BulkOrder(BulkAction(run.action), selection, run.actor, is_dry=False, run=run.id)


def _make_outcome(key: int, result: Task | Exception | None) -> RunTaskOutcome:
    if isinstance(result, Task):
        made = result.id if result.key != key else None
        return RunTaskOutcome(key, RunOutcome.DONE, made_id=made)
    return RunTaskOutcome(key, RunOutcome.REFUSED, NO_LONGER if result is None else str(result))


def _start(tx: Tx, starts: Sequence[_Start]) -> list[KeptRun | Exception]:
    tx.woken.add(JobKind.RUN)
    kept = (bulk_runs.insert_run(tx.db, one.run, one.task_keys) for one in starts)
    return [_AlreadyStarted() if one is None else one for one in kept]


def _stop(tx: Tx, stops: Sequence[_Stop]) -> list[KeptRun | Exception]:
    results: list[KeptRun | Exception] = []
    for one in stops:
        run = bulk_runs.find(tx.db, one.tenant, one.id, is_locked=True)
        if run is None:
            results.append(NotFound(NO_SUCH_RUN))
        elif run.state is not RunState.RUNNING:
            results.append(Conflict(f"it is {run.state}: there is nothing to stop"))
        else:
            bulk_runs.stop(tx.db, run, one.actor, now=tx.now)
            results.append(bulk_runs.lock(tx.db, run.key) or run)
    return results


def _fail(tx: Tx, pieces: Sequence[_RunPiece]) -> list[None]:
    for piece in pieces:
        run = bulk_runs.lock(tx.db, piece.run_key)
        left = (
            set() if run is None else set(bulk_runs.list_undone(tx.db, run.key, limit=run.matching))
        )
        failed = [
            RunTaskOutcome(key, RunOutcome.FAILED, RAISED) for key in piece.task_keys if key in left
        ]
        if run is not None and failed:
            bulk_runs.record(tx.db, run, failed, now=tx.now)
    return [None] * len(pieces)
