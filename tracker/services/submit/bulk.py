"""Act on all tasks that a filter matches, or that are named: counted first, then piece by piece.

A dry run judges each task as the run itself does and writes nothing, so that it counts what would
happen.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from tracker.domain.accepting import RESUBMITTABLE
from tracker.domain.budget import Allotment
from tracker.domain.cost import Price, expect_again
from tracker.domain.errors import NO_SUCH_TASK, Conflict, InputGone
from tracker.domain.task import OPEN, Task, TaskState
from tracker.services.context import Context
from tracker.services.recorder import Recorder
from tracker.services.submit.actions import TaskActions
from tracker.services.submit.budgeting import allot, take
from tracker.services.submit.kept_inputs import find_foreign_inputs
from tracker.services.submit.request import build_resubmission_key
from tracker.services.submit.resubmission import find_refusals, make_again
from tracker.services.submit.selection import Selection
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import budgets, listing, task_inputs, tasks
from tracker.store.driver.transaction import Tx, run_first
from tracker.store.idempotency import IdempotencyKey
from tracker.store.listing import Position
from tracker.store.store import Reading

MOST = 1000
"""Tasks of one run."""
AT_ONCE = 100
"""Tasks of one transaction."""
PAGES = 100
"""Looked through by one run."""
SAMPLE = 20


class BulkAction(StrEnum):
    """An action that many tasks can have done to them."""

    REFRESH = "refresh"
    CANCEL = "cancel"
    RESUBMIT = "resubmit"


ACTED_ON = {
    BulkAction.REFRESH: OPEN - {TaskState.QUEUED},
    BulkAction.CANCEL: OPEN,
    BulkAction.RESUBMIT: RESUBMITTABLE,
}
"""States that an action is for where none are asked for."""


@dataclass(frozen=True, slots=True)
class BulkOrder:
    """A request to act on many tasks.

    ids: of those that are meant; None: all that match.
    run: the background run that carries it out; None: the request itself does.
    most: tasks of one call.
    skips_refused: of a resubmission: tasks that would be refused are left out uncounted.
    is_again: of a resubmission: also tasks that were submitted again before.
    """

    action: BulkAction
    selection: Selection
    actor: str
    is_dry: bool
    ids: Sequence[UUID] | None = None
    run: UUID | None = None
    most: int = MOST
    skips_refused: bool = False
    is_again: bool = False


@dataclass(slots=True)
class BulkResult:
    """The result of one run, or its preview.

    matching: tasks that the run is about; by state, by account, by operation,
              by the code of their error.
    sample:   some of them, the oldest first.
    refused:  by the reason in words. done: those that were, or would be, acted on.
    made:     new tasks of a resubmission.
    costs:    what those that would be submitted again cost, or were expected to cost.
    place:    where the next run goes on; None: there is nothing left.
    """

    matching: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    by_account: Counter[str] = field(default_factory=Counter)
    by_operation: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    sample: list[Task] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    done: int = 0
    made: list[Task] = field(default_factory=list)
    costs: dict[Price, Decimal] = field(default_factory=dict)
    place: Position | None = None

    def count(self, piece: "BulkPiece") -> None:
        """Add what became of a piece."""
        found = piece.found
        self.matching += len(found)
        self.by_state.update(task.state.value for task in found)
        self.by_account.update(f"{task.provider}/{task.account}" for task in found)
        self.by_operation.update(task.operation for task in found)
        self.by_code.update(task.error.code for task in found if task.error and task.error.code)
        self.sample += found[: SAMPLE - len(self.sample)]
        for source, result in zip(found, piece.results, strict=True):
            if isinstance(result, Exception):
                self.refused[str(result)] += 1
                continue
            self.done += 1
            if result.resubmit_of == source.id:
                self.made.append(result)
            if piece.is_new:
                for price, amount in expect_again(source.costs).items():
                    self.costs[price] = self.costs.get(price, Decimal()) + amount


@dataclass(frozen=True, slots=True)
class BulkPiece:
    """The outcome of the tasks of one transaction.

    found: as they were before it.
    results: of each in order: the task after it (in a dry run before it), the new one of a
           resubmission, or why it is left as it is.
    is_new: whether new tasks are made of them.
    """

    found: Sequence[Task]
    results: Sequence[Task | Exception]
    is_new: bool = False

    @property
    def done(self) -> int:
        """Return how many were, or would be, acted on."""
        return sum(not isinstance(one, Exception) for one in self.results)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some tasks of an order.

    refused:   why some cannot be submitted again, by key, as found before the transaction.
    allotment: what is left of budgets by the dry run's pieces so far; None where there are none.
    """

    order: BulkOrder
    keys: Sequence[int]
    refused: Mapping[int, Conflict] = field(default_factory=dict)
    allotment: Allotment | None = None

    def select_current(self, known: Mapping[int, Task]) -> list[Task]:
        """Return its tasks as they are now, without those that match no longer."""
        found = (known[key] for key in self.keys if key in known)
        return [task for task in found if self.order.selection.is_match(task)]


class BulkActions:
    """Acts on many tasks of a tenant, oldest first."""

    def __init__(
        self,
        context: Context,
        actions: TaskActions,
        intake: SubmissionIntake,
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        """actions, intake: do to one piece what is asked. at_once: less, for tests."""
        self._context = context
        self._actions = actions
        self._intake = intake
        self._at_once = at_once

    async def run(self, order: BulkOrder, *, after: Position | None, until: datetime) -> BulkResult:
        """Act on at most `order.most` tasks that match now, or only say what that would do.

        until: tasks made from then on are left alone. Raises Unavailable: pieces that were done
        until then stay done.
        """
        allotment = await self._context.store.read(lambda db: self._compute_allotment(db, order))
        if order.ids is not None:
            return await self._run_named(order, order.ids, allotment)
        result = BulkResult(place=after)
        for _ in range(PAGES):
            if result.matching + self._at_once > order.most:
                break
            page = await self._read_page(order, result.place, until)
            result.place = page.position
            keys = [task.key for task in page.tasks if order.selection.is_match(task)]
            if keys:
                result.count(await self._act(_Piece(order, keys, allotment=allotment)))
            if result.place is None:
                break
        return result

    async def _run_named(
        self, order: BulkOrder, ids: Sequence[UUID], allotment: Allotment | None
    ) -> BulkResult:
        result = BulkResult()
        found = await self._context.store.read(lambda db: tasks.load_by_id(db, ids))
        own = [task for task in found.values() if order.selection.is_match(task)]
        keys = sorted(task.key for task in own)
        for first in range(0, len(keys), self._at_once):
            some = keys[first : first + self._at_once]
            result.count(await self._act(_Piece(order, some, allotment=allotment)))
        if len(own) < len(set(ids)):
            result.refused[NO_SUCH_TASK] += len(set(ids)) - len(own)
        return result

    async def _read_page(
        self, order: BulkOrder, after: Position | None, until: datetime
    ) -> listing.ListPage:
        return await self._context.store.read(
            lambda db: order.selection.read_page(db, after=after, until=until, limit=self._at_once)
        )

    async def list_keys(
        self, order: BulkOrder, *, after: Position | None, until: datetime, most: int
    ) -> list[int]:
        """Return the rows of the tasks that `run` would be about now, `most` at most."""
        if order.ids is not None:
            ids = order.ids
            named = await self._context.store.read(lambda db: tasks.load_by_id(db, ids))
            keys = sorted(task.key for task in named.values() if order.selection.is_match(task))
            return keys[:most]
        found: list[int] = []
        place = after
        for _ in range(PAGES):
            page = await self._read_page(order, place, until)
            found += [task.key for task in page.tasks if order.selection.is_match(task)]
            place = page.position
            if place is None or len(found) >= most:
                break
        return found[:most]

    def act_on(
        self,
        tx: Tx,
        order: BulkOrder,
        keys: Sequence[int],
        foreign: Mapping[int, Conflict],
    ) -> dict[int, Task | Exception | None]:
        """Act on tasks in the caller's transaction; see BulkPiece. None: it matches no longer.

        foreign: of tasks that are submitted again, those of `find_foreign_inputs_by_key`.
        """
        is_new = order.action is BulkAction.RESUBMIT
        act = self._resubmit_pieces if is_new else self._apply_pieces
        (done,) = act(tx, [_Piece(order, keys, foreign)])
        outcomes: dict[int, Task | Exception | None] = dict.fromkeys(keys)
        for source, result in zip(done.found, done.results, strict=True):
            outcomes[source.key] = result
        return outcomes

    async def _act(self, piece: _Piece) -> BulkPiece:
        done: BulkPiece
        if piece.order.action is not BulkAction.RESUBMIT:
            done = await self._context.store.write(self._apply_pieces, piece)
            return done
        found, refused = await self._context.store.read(lambda db: self._judge(db, piece))
        ready = [task for task in found if task.key not in refused]
        refused |= await find_foreign_inputs(self._context, ready)
        if piece.order.is_dry:
            left = [task for task in ready if task.key not in refused]
            again = await self._context.store.read(lambda db: self._preview_tasks(db, piece, left))
            return _make_outcome(piece.order, found, refused, again)
        piece = replace(piece, refused=refused)
        done = await self._context.store.write(self._resubmit_pieces, piece)
        return done

    def _compute_allotment(self, db: Reading, order: BulkOrder) -> Allotment | None:
        if not order.is_dry or order.action is not BulkAction.RESUBMIT:
            return None
        capped = budgets.list_of_tenants(db, [order.selection.tasks.tenant])
        return allot(db, capped, {self._context.clock.now()}) if capped else None

    def _preview_tasks(
        self, db: Reading, piece: _Piece, found: Sequence[Task]
    ) -> dict[int, Task | Exception]:
        """Return tasks that would be submitted again, or that no budget would have room for it."""
        if piece.allotment is None:
            return {task.key: task for task in found}
        bodies = task_inputs.get_by_keys(db, [task.key for task in found])
        kept = [task for task in found if task.key in bodies]
        build = self._intake.build_again
        again = [build(task, bodies[task.key], is_name_held=False) for task in kept]
        refused = zip(kept, take(piece.allotment, again), strict=True)
        known = {task.key: why or task for task, why in refused}
        return {task.key: known.get(task.key, InputGone()) for task in found}

    def _judge(
        self, db: Reading, piece: _Piece, locked: Mapping[int, Task] | None = None
    ) -> tuple[list[Task], dict[int, Conflict]]:
        """Return the tasks of a piece, and why some cannot be submitted again, by key."""
        found = piece.select_current(
            tasks.get_by_keys(db, piece.keys) if locked is None else locked
        )
        refused = find_refusals(self._context, db, found, is_again=piece.order.is_again)
        return found, {**refused, **piece.refused}

    def _apply_pieces(self, tx: Tx, pieces: Sequence[_Piece]) -> list[BulkPiece]:
        locked = tasks.lock_by_key(tx.db, {key for piece in pieces for key in piece.keys})
        recorder = Recorder(self._context, tx, locked.values())
        results = []
        for piece in pieces:
            order, found = piece.order, piece.select_current(locked)
            if order.action is BulkAction.REFRESH:
                acted = self._actions.refresh_all(tx, found, is_dry=order.is_dry)
            else:
                into = Recorder(self._context, tx, found) if order.is_dry else recorder
                acted = self._actions.cancel_all(tx, into, found, actor=order.actor)
            results.append(BulkPiece(found, acted))
        recorder.flush()
        return results

    @run_first
    def _resubmit_pieces(self, tx: Tx, pieces: Sequence[_Piece]) -> list[BulkPiece]:
        tenants = {piece.order.selection.tasks.tenant for piece in pieces}
        capped = self._intake.budget_guard.lock(tx, tenants)  # before any task is locked
        locked = tasks.lock_by_key(tx.db, {key for piece in pieces for key in piece.keys})
        results = []
        for piece in pieces:
            found, refused = self._judge(tx.db, piece, locked)
            ready = [task for task in found if task.key not in refused]
            keys = _make_run_keys(piece.order.run, ready)
            again = make_again(self._intake, tx, ready, capped, keys)
            made = dict(zip((task.key for task in ready), again, strict=True))
            results.append(_make_outcome(piece.order, found, refused, made))
        return results


def _make_outcome(
    order: BulkOrder,
    found: Sequence[Task],
    refused: Mapping[int, Conflict],
    made: Mapping[int, Task | Exception],
) -> BulkPiece:
    """Return the outcome of some tasks. refused, made: by their keys, each in one of them."""
    outcomes = made if order.skips_refused else {**refused, **made}
    about = [task for task in found if task.key in outcomes]
    return BulkPiece(about, [outcomes[task.key] for task in about], is_new=True)


def _make_run_keys(run: UUID | None, found: Sequence[Task]) -> Mapping[int, IdempotencyKey]:
    """Return the idempotency keys of new tasks, made of the run and the task that each repeats."""
    if run is None:
        return {}
    return {task.key: build_resubmission_key(task, f"run {run} task {task.id}") for task in found}
