"""Submit the input of all tasks again that a filter matches: counted, bounded, each once."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tracker.domain.accepting import RESUBMITTABLE, not_resubmittable
from tracker.domain.budget import Budget
from tracker.domain.errors import BudgetExceeded, Conflict, InputGone
from tracker.domain.task import UNKNOWN_OPERATION, Task, TaskState
from tracker.services.context import Context
from tracker.services.submit.kept_inputs import foreign_inputs
from tracker.services.submit.submission import SubmissionIntake
from tracker.store import listing, task_lookups, tasks
from tracker.store.driver.transaction import Tx
from tracker.store.drops import find_dropped_inputs
from tracker.store.filters import TaskFilter
from tracker.store.idempotency import IdempotencyKey
from tracker.store.listing import Order, Position
from tracker.store.store import Reading

AT_ONCE = 100
"""Tasks of one transaction."""
PAGES, PAGES_COUNTED = 10, 100
"""Looked through by one call: to submit them again, and only to count them."""
SAMPLE = 10
_PLAIN = ("provider", "operation", "external_task_id", "provider_task_id", "overdue")
_TIMES = ("created_after", "created_before", "updated_after", "updated_before")
"""Fields of a TaskFilter that are JSON as they are, and those that are instants."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Every field narrows; None does not.

    error_code: of the error that they ended with.
    """

    tasks: TaskFilter
    account: str | None = None
    error_code: str | None = None

    def as_fields(self) -> dict[str, Any]:
        """Return what narrows it as JSON, by the API's names; the tenant is not among them."""
        wanted = self.tasks
        fields: dict[str, Any] = {name: getattr(wanted, name) for name in _PLAIN}
        for name in _TIMES:
            at = getattr(wanted, name)
            fields[name] = None if at is None else at.isoformat()
        fields |= {
            "account": self.account,
            "error_code": self.error_code,
            "state": [state.value for state in wanted.states] or None,
            "metadata": dict(wanted.metadata) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @classmethod
    def from_fields(cls, tenant: str, fields: Mapping[str, Any]) -> "Selection":
        """Return the selection of one tenant's tasks that `as_fields` was of."""
        given: dict[str, Any] = {name: fields.get(name) for name in _PLAIN}
        given |= {name: datetime.fromisoformat(fields[name]) for name in _TIMES if name in fields}
        wanted = TaskFilter(
            tenant,
            states=[TaskState(word) for word in fields.get("state", ())],
            metadata=sorted(fields.get("metadata", {}).items()),
            **given,
        )
        return cls(wanted, fields.get("account"), fields.get("error_code"))

    def page(
        self, db: Reading, *, after: Position | None, until: datetime, limit: int
    ) -> listing.ListPage:
        """Return tasks that may be meant, oldest first: behind a position, made before `until`."""
        end = min(self.tasks.created_before or until, until)
        earlier = replace(self.tasks, created_before=end)
        return listing.page(db, earlier, order=Order.OLDEST, after=after, limit=limit)

    def fits(self, task: Task) -> bool:
        """Tell whether a task is meant."""
        return (
            self.tasks.fits(task)
            and self.account in (None, task.account)
            and self.error_code in (None, task.error and task.error.code)
        )


@dataclass(frozen=True, slots=True)
class ResubmitFilter(Selection):
    """The tasks that are to be submitted again; others of the selection are left out.

    is_again: also those that were submitted again before.
    """

    is_again: bool = False


@dataclass(slots=True)
class ResubmittedTask:
    """The result of one call, or its preview.

    matching, by_state, by_code: tasks that match, in all, by their state, by their error's code.
    sample: some of them, the oldest first.
    made:   the new tasks.
    place:  where the next call goes on; None: there is nothing left.
    """

    matching: int = 0
    by_state: Counter[str] = field(default_factory=Counter)
    by_code: Counter[str] = field(default_factory=Counter)
    sample: list[Task] = field(default_factory=list)
    made: list[Task] = field(default_factory=list)
    place: Position | None = None

    def count(self, found: Sequence[Task]) -> None:
        """Add tasks that match."""
        self.matching += len(found)
        self.by_state.update(task.state.value for task in found)
        codes = [task.error.code for task in found if task.error is not None]
        self.by_code.update(code for code in codes if code is not None)
        self.sample += found[: SAMPLE - len(self.sample)]


@dataclass(frozen=True, slots=True)
class _ResubmitBatch:
    filter: ResubmitFilter
    keys: Sequence[int]


class Resubmission:
    """Resubmits many tasks of a tenant, oldest first."""

    def __init__(
        self,
        context: Context,
        acceptance: SubmissionIntake,
        *,
        at_once: int = AT_ONCE,
        pages: int = PAGES,
    ) -> None:
        """acceptance: takes in what is submitted again. at_once, pages: less, for tests."""
        self._context = context
        self._acceptance = acceptance
        self._at_once = at_once
        self._pages = pages

    async def preview(
        self, filter_: ResubmitFilter, *, after: Position | None, until: datetime
    ) -> ResubmittedTask:
        """Count what `run` would submit again, of tasks made before `until`."""
        result = ResubmittedTask(place=after)
        for _ in range(PAGES_COUNTED):
            result.count(await self._page(filter_, result, until))
            if result.place is None:
                break
        return result

    async def run(
        self, filter_: ResubmitFilter, *, after: Position | None, until: datetime
    ) -> ResubmittedTask:
        """Submit again what matches now. Raises Unavailable; what was made until then stays made.

        until: tasks made from then on are left alone, so that a task that fails again is not
               submitted for ever by a caller who goes on to the end.
        """
        result = ResubmittedTask(place=after)
        for _ in range(self._pages):
            found = await self._page(filter_, result, until)
            result.count(found)
            if found:
                some = _ResubmitBatch(filter_, [task.key for task in found])
                result.made += await self._context.store.write(self._again, some)
            if result.place is None:
                break
        return result

    async def _page(
        self, filter_: ResubmitFilter, result: ResubmittedTask, until: datetime
    ) -> list[Task]:
        """Return the matching ones of the next tasks, and move the result's place behind them."""

        def load(db: Reading) -> tuple[listing.ListPage, list[Task]]:
            page = filter_.page(db, after=result.place, until=until, limit=self._at_once)
            return page, self._matching(db, filter_, page.tasks)

        page, found = await self._context.store.read(load)
        result.place = page.position
        refused = await foreign_inputs(self._context, found)
        return [task for task in found if task.key not in refused]

    def refusals(
        self, db: Reading, found: Sequence[Task], foreign: Mapping[int, Conflict]
    ) -> dict[int, Conflict]:
        """Return why some tasks cannot be submitted again, by key; those left out can.

        foreign: those of `foreign_inputs`, which were found before the transaction.
        """
        done = task_lookups.find_resubmitted(db, [task.id for task in found])
        again = Conflict("it was submitted again before")
        reasons = {task.key: why_not_again(self._context, task) for task in found}
        reasons |= {task.key: again for task in found if task.id in done and not reasons[task.key]}
        gone = find_dropped_inputs(db, [task.key for task in found])
        reasons |= {key: InputGone() for key in gone if not reasons[key]}
        return {
            key: reason
            for key in reasons
            if (reason := reasons[key] or foreign.get(key)) is not None
        }

    def lock_budgets(self, tx: Tx, tenants: Collection[str]) -> Sequence[Budget]:
        """Return the budgets of tenants, locked. First in a transaction that makes tasks again."""
        return self._acceptance.budget_guard.lock(tx, tenants)

    def again(
        self,
        tx: Tx,
        sources: Sequence[Task],
        capped: Sequence[Budget],
        keys: Mapping[int, IdempotencyKey] = MappingProxyType({}),
    ) -> list[Task | Exception]:
        """Make a new task of each of some locked ones that can be submitted again.

        capped: see `lock_budgets`. keys: idempotency keys of some, by the row of the task.
        Returns for each its new task, or why there is none.
        """
        named = tasks.by_external_id(tx.db, [task.external_task_id for task in sources])
        held = {
            (task.provider, task.account, name)
            for name, holders in named.items()
            for task in holders
            if not task.never_created
        }
        return self._acceptance.insert_again(tx, sources, held, capped, keys)

    def _matching(self, db: Reading, filter_: ResubmitFilter, found: Sequence[Task]) -> list[Task]:
        fitting = [
            task
            for task in found
            if filter_.fits(task) and why_not_again(self._context, task) is None
        ]
        gone = find_dropped_inputs(db, [task.key for task in fitting])
        fitting = [task for task in fitting if task.key not in gone]
        if filter_.is_again:
            return fitting
        done = task_lookups.find_resubmitted(db, [task.id for task in fitting])
        return [task for task in fitting if task.id not in done]

    def _again(self, tx: Tx, asked: Sequence[_ResubmitBatch]) -> list[list[Task] | Exception]:
        """Make new tasks. The locks on their sources keep two calls from making one twice."""
        tenants = {some.filter.tasks.tenant for some in asked}
        capped = self.lock_budgets(tx, tenants)
        results: list[list[Task] | Exception] = []
        for some in asked:
            locked = tasks.lock_by_key(tx.db, some.keys)
            sources = self._matching(tx.db, some.filter, _in_order(locked, some.keys))
            again = self.again(tx, sources, capped)
            made = [one for one in again if isinstance(one, Task)]
            refused = [one for one in again if isinstance(one, BudgetExceeded)]
            results.append(refused[0] if refused and not made else made)
        return results


def no_account(task: Task) -> Conflict:
    """Return the refusal of what only the account of a task could do."""
    return Conflict(f"there is no account {task.account!r} at {task.provider} any more")


def why_not_again(context: Context, task: Task) -> Conflict | None:
    """Return why a task's input cannot be submitted again; None where it can."""
    if task.state not in RESUBMITTABLE:
        return not_resubmittable(task)
    if task.operation == UNKNOWN_OPERATION:
        return Conflict("others submitted it: its input is not known here")
    return None if context.has_account(task) else no_account(task)


def _in_order(locked: Mapping[int, Task], keys: Sequence[int]) -> list[Task]:
    return [locked[key] for key in keys if key in locked]
