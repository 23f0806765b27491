"""The task registry: every task of one provider, by both ids, with slots and creation counts."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackContent

__all__ = [
    "CANCELLED",
    "FAILED",
    "PROCESSING",
    "SUBMITTED",
    "SUCCEED",
    "TERMINAL",
    "EmulatedTask",
    "TaskRegistry",
    "TaskStep",
]

SUBMITTED = "submitted"
PROCESSING = "processing"
SUCCEED = "succeed"
FAILED = "failed"
CANCELLED = "cancelled"
TERMINAL = frozenset({SUCCEED, FAILED, CANCELLED})

DetailsT = TypeVar("DetailsT")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStep:
    """One step of a task's life. None leaves a fact as it is."""

    after: float
    """When, in steps (of `EmulatorConfig.step_seconds`) since the creation."""
    status: str = PROCESSING
    message: str = ""
    stage: str | None = None
    """The provider's own word for this step, such as `text` or `first`."""
    progress: int | None = None
    """Percent."""
    ready: int | None = None
    """How many of the task's artifacts exist from now on; a success always has all."""


@dataclass(slots=True, kw_only=True, eq=False)
class EmulatedTask(Generic[DetailsT]):
    """One task as the provider sees it."""

    task_id: str
    other_id: str
    """A second id of 18 digits: gateways may call back under another one than they answered."""
    provider: str
    account: str
    operation: str
    details: DetailsT
    """The facts that only the provider's own module knows."""
    external_id: str | None
    """The caller's id; None when none (or an empty one) was sent."""
    creation_key: str
    """Under which its creation is counted."""
    group_id: str = ""
    """Common to the tasks of one create call."""
    callback_url: str | None
    scenario: Scenario
    base_url: str
    """Where its result media are served, without a trailing slash."""
    root_url: str = ""
    """The base of the provider's own addresses: scheme, host and prefix."""
    slots: int
    """How much of the account's concurrency it holds while it is open."""
    created_at: int
    """Unix milliseconds."""
    updated_at: int
    """Unix milliseconds; never goes back."""
    started_at: int | None = None
    """Unix milliseconds of the first step that needs work done; None when it never came there."""
    ended_at: int | None = None
    """Unix milliseconds of the last verdict."""
    status: str = SUBMITTED
    message: str = ""
    stage: str = ""
    progress: int = 0
    """Percent."""
    artifacts: Sequence[str] = ()
    """Names of its results, such as `0.mp4`; their ending tells the kind."""
    ready: int = 0
    """How many of the artifacts exist so far."""
    request: object = None
    """The create body, trimmed."""
    steps: Sequence[TaskStep] = ()
    """Its planned life."""
    was_forged: bool = False
    held_back: list[tuple[str, CallbackContent]] = field(default_factory=list)
    """Callbacks (status, content) that wait for the verdict's, in the scenario `reordered`."""
    signings: int = 0
    """How often result addresses were signed anew, in the scenario `resigned`."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with the first verdict, for callers who are kept waiting."""
    lane: asyncio.Lock = field(default_factory=asyncio.Lock)
    """First tries of its callbacks go out one after another."""

    @property
    def is_open(self) -> bool:
        """Return whether it still holds slots."""
        return self.status not in TERMINAL

    @property
    def ready_artifacts(self) -> Sequence[str]:
        """Names of the results that exist so far."""
        return self.artifacts[: self.ready]

    def is_news(self, step: TaskStep) -> bool:
        """Return whether a step leads ahead of the present state, or tells more about it."""
        if _rank_status(step.status) != _rank_status(self.status):
            return _rank_status(step.status) > _rank_status(self.status)
        return self.is_open and (
            step.status != self.status
            or (step.stage or self.stage) != self.stage
            or (step.progress or 0) > self.progress
            or (step.ready or 0) > self.ready
        )


class TaskRegistry(Generic[DetailsT]):
    """All tasks of all accounts of one provider. Drops the oldest beyond its size."""

    def __init__(self, most: int) -> None:
        """Keep at most this many tasks."""
        self._most = most
        self._by_id: dict[str, EmulatedTask[DetailsT]] = {}
        self._by_external: dict[tuple[str, str], EmulatedTask[DetailsT]] = {}
        self._slots: Counter[str] = Counter()
        self._creations: Counter[str] = Counter()

    def __iter__(self) -> Iterator[EmulatedTask[DetailsT]]:
        """Go through all tasks, oldest first."""
        return iter(list(self._by_id.values()))

    def add(self, task: EmulatedTask[DetailsT]) -> None:
        """Enter a new task, count it, and take its slots."""
        self._by_id[task.task_id] = task
        self._slots[task.account] += task.slots
        self._creations[task.creation_key] += 1
        if task.external_id is not None:
            self._by_external.setdefault((task.account, task.external_id), task)
        while len(self._by_id) > self._most:
            self._drop(next(iter(self._by_id.values())))

    def apply(self, task: EmulatedTask[DetailsT], step: TaskStep, *, at: int) -> None:
        """Move a task; a verdict gives its slots back.

        at: Unix milliseconds.
        """
        was_open = task.is_open
        task.status, task.message = step.status, step.message
        task.stage = task.stage if step.stage is None else step.stage
        task.progress = task.progress if step.progress is None else step.progress
        task.ready = task.ready if step.ready is None else step.ready
        if step.status == SUCCEED:
            task.ready, task.progress = len(task.artifacts), 100
        task.updated_at = max(at, task.updated_at + 1)
        if step.status in {PROCESSING, SUCCEED} and task.started_at is None:
            task.started_at = task.updated_at
        if not task.is_open:
            task.ended_at = task.updated_at
            task.ended.set()
        if task.task_id in self._by_id and was_open != task.is_open:
            self._slots[task.account] += -task.slots if was_open else task.slots

    def erase(self, task: EmulatedTask[DetailsT]) -> None:
        """Forget one task as if it had never been; its creation stays counted."""
        if self._by_id.pop(task.task_id, None) is None:
            return
        if task.is_open:
            self._slots[task.account] -= task.slots
        if task.external_id is not None:
            self._by_external.pop((task.account, task.external_id), None)

    def count_taken_slots(self, account: str) -> int:
        """Return the slots held by the account's open tasks."""
        return self._slots[account]

    def find(self, account: str, reference: str) -> EmulatedTask[DetailsT] | None:
        """Return the account's task with this task id or external id."""
        task = self._by_id.get(reference)
        if task is not None and task.account == account:
            return task
        return self._by_external.get((account, reference))

    def find_any(self, reference: str) -> EmulatedTask[DetailsT] | None:
        """Return a task of any account by either id; for control routes and media."""
        task = self._by_id.get(reference)
        if task is None:
            task = next((t for t in self._by_id.values() if t.external_id == reference), None)
        return task

    def find_other(self, task: EmulatedTask[DetailsT]) -> EmulatedTask[DetailsT] | None:
        """Return some other task, an open one if there is one."""
        others = [t for t in self._by_id.values() if t is not task]
        return next((t for t in others if t.is_open), others[0] if others else None)

    def count_creations(self) -> dict[str, int]:
        """Return creation key -> how often a task was made; under "" those without a key."""
        return dict(self._creations)

    def list_newest(
        self, account: str, wanted: Callable[[EmulatedTask[DetailsT]], bool] = lambda _task: True
    ) -> list[EmulatedTask[DetailsT]]:
        """Return an account's tasks, newest first."""
        return [task for task in self if task.account == account and wanted(task)][::-1]

    def clear(self) -> None:
        """Forget everything."""
        self._by_id.clear()
        self._by_external.clear()
        self._slots.clear()
        self._creations.clear()

    def _drop(self, task: EmulatedTask[DetailsT]) -> None:
        del self._by_id[task.task_id]
        if task.is_open:
            self._slots[task.account] -= task.slots
        if task.creation_key:
            # The count goes with the task, so that the registry's memory stays bounded.
            self._creations.pop(task.creation_key, None)
        if task.external_id is None:
            return
        if self._by_external.get((task.account, task.external_id)) is task:
            del self._by_external[(task.account, task.external_id)]


def _rank_status(status: str) -> int:
    if status in TERMINAL:
        return 3
    return {SUBMITTED: 0, PROCESSING: 2}.get(status, 1)
