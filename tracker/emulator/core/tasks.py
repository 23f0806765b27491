"""The task book: every task the provider knows, by both ids, with slots and creation counts."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.kling.operations import Dialect, Operation

__all__ = ["FAILED", "PROCESSING", "SUBMITTED", "SUCCEED", "TERMINAL", "Task", "TaskBook"]

SUBMITTED = "submitted"
PROCESSING = "processing"
SUCCEED = "succeed"
FAILED = "failed"
TERMINAL = frozenset({SUCCEED, FAILED})


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """One task as the provider sees it."""

    task_id: str
    """18 decimal digits, unless a gateway or a scenario makes another form of it."""
    other_id: str
    """A second id of 18 digits: gateways may call back under another one than they answered."""
    account: str
    operation: Operation
    dialect: Dialect = Dialect.LEGACY
    model: str = ""
    external_id: str | None
    """The caller's id; None when none (or an empty one) was sent."""
    callback_url: str | None
    scenario: Scenario
    base_url: str
    """Where its result media are served, without a trailing slash."""
    slots: int
    """How much of the account's concurrency it holds while it is open."""
    created_at: int
    """Unix milliseconds."""
    updated_at: int
    """Unix milliseconds; never goes back."""
    status: str = SUBMITTED
    message: str = ""
    duration: float = 5.0
    """Requested seconds."""
    mode: str = "std"
    pictures: int = 1
    is_series: bool = False
    session_id: str | None = None
    parent_id: str = ""
    parent_url: str = ""
    request: object = None
    """The create body, trimmed."""
    callback_secret: str | None = None
    """What the caller wants to see in a header of the callback (one gateway)."""
    was_forged: bool = False
    held_back: list[tuple[str, bytes]] = field(default_factory=list)
    """Callbacks (status, body) that wait for the verdict's, in the scenario `reordered`."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with the first verdict, for callers who are kept waiting."""
    lane: asyncio.Lock = field(default_factory=asyncio.Lock)
    """First tries of its callbacks go out one after another."""

    @property
    def is_open(self) -> bool:
        """Whether it still holds slots."""
        return self.status not in TERMINAL

    @property
    def rank(self) -> int:
        """How far it is: planned moves only go forward."""
        return _rank(self.status)

    def is_ahead(self, status: str) -> bool:
        """Whether this status lies after the present one."""
        return _rank(status) > self.rank


class TaskBook:
    """All tasks of all accounts. Drops the oldest beyond its size."""

    def __init__(self, most: int) -> None:
        """Keep at most this many tasks."""
        self._most = most
        self._by_id: dict[str, Task] = {}
        self._by_external: dict[tuple[str, str], Task] = {}
        self._slots: Counter[str] = Counter()
        self._creations: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Task]:
        """Oldest first."""
        return iter(list(self._by_id.values()))

    def add(self, task: Task) -> None:
        """Enter a new task, count it, and take its slots."""
        self._by_id[task.task_id] = task
        self._slots[task.account] += task.slots
        self._creations[task.external_id or ""] += 1
        if task.external_id is not None:
            self._by_external.setdefault((task.account, task.external_id), task)
        while len(self._by_id) > self._most:
            self._drop(next(iter(self._by_id.values())))

    def set_status(self, task: Task, status: str, message: str, *, at: int) -> None:
        """Move a task; a verdict gives its slots back.

        at: Unix milliseconds.
        """
        was_open = task.is_open
        task.status, task.message = status, message
        task.updated_at = max(at, task.updated_at + 1)
        if not task.is_open:
            task.ended.set()
        if task.task_id in self._by_id and was_open != task.is_open:
            self._slots[task.account] += -task.slots if was_open else task.slots

    def slots_taken(self, account: str) -> int:
        """Slots held by the account's open tasks."""
        return self._slots[account]

    def find(self, account: str, reference: str) -> Task | None:
        """The account's task with this task id or external id."""
        task = self._by_id.get(reference)
        if task is not None and task.account == account:
            return task
        return self._by_external.get((account, reference))

    def find_any(self, reference: str) -> Task | None:
        """A task of any account by task id or external id; for control routes and media."""
        task = self._by_id.get(reference)
        if task is None:
            task = next((t for t in self._by_id.values() if t.external_id == reference), None)
        return task

    def other_than(self, task: Task) -> Task | None:
        """Some other task, an open one if there is one."""
        others = [t for t in self._by_id.values() if t is not task]
        return next((t for t in others if t.is_open), others[0] if others else None)

    def creations(self) -> dict[str, int]:
        """External id -> how often a task was made for it; under "" those without one."""
        return dict(self._creations)

    def of(self, account: str) -> list[Task]:
        """An account's tasks, newest first."""
        return [task for task in self if task.account == account][::-1]

    def clear(self) -> None:
        """Forget everything."""
        self._by_id.clear()
        self._by_external.clear()
        self._slots.clear()
        self._creations.clear()

    def _drop(self, task: Task) -> None:
        del self._by_id[task.task_id]
        if task.is_open:
            self._slots[task.account] -= task.slots
        if task.external_id is None:
            return
        # The count goes with the task, so that the book's memory stays bounded.
        self._creations.pop(task.external_id, None)
        if self._by_external.get((task.account, task.external_id)) is task:
            del self._by_external[(task.account, task.external_id)]


def _rank(status: str) -> int:
    if status in TERMINAL:
        return 3
    return {SUBMITTED: 0, PROCESSING: 2}.get(status, 1)
