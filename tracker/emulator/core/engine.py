"""The engine of one provider: makes tasks, moves them on the clock, finds and cancels them."""

import random
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from tracker.emulator.core.callbacks import CallbackAnnouncer
from tracker.emulator.core.drafts import CreateRequest, ProviderRules, TaskDraft
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.faults import Faults, find_fault_after_creation, raise_trouble
from tracker.emulator.core.journal import digest_of, trim
from tracker.emulator.core.plan import bend_steps, is_verdict
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario, ScenarioError, find_marker
from tracker.emulator.core.sending import CallbackContent, CallbackPost
from tracker.emulator.core.tasks import CANCELLED, EmulatedTask, TaskRegistry, TaskStep
from tracker.emulator.core.words import CORE_WORDS, CoreWord, Words

__all__ = ["CancelOutcome", "EmulatedPage", "Engine"]

DetailsT = TypeVar("DetailsT")
_LONGEST_MARKED_TEXT = 3100
_DEEPEST_MARKED_TEXT = 3


class CancelOutcome(StrEnum):
    """The effect of a cancel."""

    CANCELLED = "cancelled"
    ASKED = "asked"
    """Acknowledged; the task may end later, or never heed it."""
    TOO_LATE = "too_late"
    ERASED = "erased"


@dataclass(frozen=True)
class EmulatedPage(Generic[DetailsT]):
    """A part of a list, newest first."""

    tasks: Sequence[EmulatedTask[DetailsT]]
    has_more: bool
    total: int
    """How many tasks the whole list has."""


class Engine(Generic[DetailsT]):
    """One provider's tasks. Lives inside one running event loop."""

    def __init__(self, emulator: Emulator, rules: ProviderRules[DetailsT]) -> None:
        """Start with no tasks; raises ScenarioError when the configured scenario is wrong."""
        config = emulator.config
        self.emulator = emulator
        self.rules = rules
        self.words: Words = {**CORE_WORDS, **rules.words}
        self.scenario = Scenario()
        """Of tasks that name none."""
        self.registry: TaskRegistry[DetailsT] = TaskRegistry(config.max_tasks)
        self.faults = Faults(config.max_tasks, rules.faults)
        self.chance = random.Random(config.seed)
        self._last_number = self.chance.randrange(800 * 10**15, 950 * 10**15)
        self._announcer = CallbackAnnouncer(
            rules.callbacks,
            timeline=emulator.timeline,
            registry=self.registry,
            sender=emulator.sender,
            new_id=emulator.make_request_id,
        )

    # Creating

    async def create(self, request: CreateRequest[DetailsT]) -> EmulatedTask[DetailsT]:
        """Make one task; raises Refusal or BrokenAnswerSignal, before or after it was made."""
        return (await self.create_group(request))[0]

    async def create_group(
        self, request: CreateRequest[DetailsT]
    ) -> Sequence[EmulatedTask[DetailsT]]:
        """Make `request.count` tasks by one call; raises as `create`."""
        scenario = self.find_scenario(request)
        if scenario.has(CoreWord.REFUSED):
            raise Refusal(RefusalKind.MODERATED, "the content is blocked")
        draft = request.read(scenario)
        key = (request.account, request.retry_key or digest_of(request.call.raw))
        trouble = self.faults.find_creation_trouble(scenario, key, now=self.now())
        if trouble is not None:
            raise_trouble(trouble)
        tasks = self._make(request, draft, scenario)
        for task in tasks:
            steps = bend_steps(scenario, draft.steps)
            if draft.is_synchronous:
                await self._take(task, steps)
            elif scenario.has(CoreWord.CALLBACK_FIRST):
                is_whole = scenario.read_word(CoreWord.CALLBACK_FIRST) == "verdict"
                await self._take(task, steps if is_whole else steps[:1])
        trouble = find_fault_after_creation(scenario, self.rules.faults)
        if trouble is not None:
            raise_trouble(trouble)
        return tasks

    def find_scenario(self, request: CreateRequest[DetailsT]) -> Scenario:
        """Return the scenario that a create names, else the provider's own.

        The header `x-emulator-scenario` wins over the body field `emulator_scenario`, and that
        over a marker in a text. Raises Refusal (invalid) for an unknown word.
        """
        named: object = request.call.headers.get("x-emulator-scenario")
        if named is None:
            named = request.body.get("emulator_scenario")
        if named is None:
            named = next(filter(None, map(find_marker, _iterate_texts(request.body))), None)
        if named is None:
            return self.scenario
        try:
            return Scenario.parse(named if isinstance(named, str) else repr(named), self.words)
        except ScenarioError as problem:
            raise Refusal(RefusalKind.INVALID, str(problem)) from problem

    # Asking

    async def find(
        self,
        account: str,
        reference: str,
        wanted: Callable[[EmulatedTask[DetailsT]], bool] = lambda _task: True,
        *,
        keeps_purged: bool = False,
    ) -> EmulatedTask[DetailsT]:
        """Return one task by either id.

        keeps_purged: whether a purged task is still shown (emptied); see `is_purged`.
        Raises Refusal (not found, gone) or BrokenAnswerSignal.
        """
        task = self.registry.find(account, reference)
        if task is not None and not wanted(task):
            task = None
        await self.query_faults(account, reference, task.scenario if task else self.scenario)
        if task is None or self.is_forgotten(task):
            raise Refusal(RefusalKind.NOT_FOUND, "not found")
        if self.is_purged(task) and not keeps_purged:
            raise Refusal(RefusalKind.GONE, "gone")
        return task

    def count_try(self, task: EmulatedTask[DetailsT], word: str) -> bool:
        """Count one try, and return whether a trouble that a task's scenario names is still on."""
        if not task.scenario.has(word):
            return False
        tries = task.scenario.read_tries(word)
        return self.faults.count_try((word, task.task_id), tries, now=self.now())

    async def query_faults(self, account: str, key: str, scenario: Scenario) -> None:
        """Go through what stands between a query and its answer; raises as `find`."""
        if scenario.has(CoreWord.SLOW_QUERY):
            await self.emulator.timeline.sleep(scenario.read_seconds(CoreWord.SLOW_QUERY))
        trouble = self.faults.find_query_trouble(scenario, (account, key), now=self.now())
        if trouble is not None:
            raise_trouble(trouble)

    def list_page(
        self,
        account: str,
        *,
        offset: int = 0,
        limit: int,
        wanted: Callable[[EmulatedTask[DetailsT]], bool] = lambda _task: True,
        keeps_purged: bool = False,
    ) -> EmulatedPage[DetailsT]:
        """Return a part of an account's list, newest first, as far as lists show it yet.

        keeps_purged: whether purged tasks are still shown (emptied); see `is_purged`.
        """
        tasks = self.registry.list_newest(
            account,
            lambda task: wanted(task) and self.is_listed(task, keeps_purged=keeps_purged),
        )
        part = tasks[offset : offset + limit]
        return EmulatedPage(part, offset + limit < len(tasks), len(tasks))

    def is_forgotten(self, task: EmulatedTask[DetailsT]) -> bool:
        """Return whether queries no longer find the task, although it lives on."""
        word = CoreWord.FORGOTTEN
        return task.scenario.has(word) and self.measure_age(task) >= task.scenario.read_seconds(
            word
        )

    def is_purged(self, task: EmulatedTask[DetailsT]) -> bool:
        """Return whether the task ended long enough ago to have lost its results."""
        seconds = self.rules.purge_seconds
        if task.scenario.has(CoreWord.PURGED):
            seconds = task.scenario.read_seconds(CoreWord.PURGED)
        if seconds is None or task.ended_at is None:
            return False
        return self.get_now_ms() - task.ended_at >= seconds * 1000

    def is_listed(self, task: EmulatedTask[DetailsT], *, keeps_purged: bool = False) -> bool:
        """Return whether lists show the task: not forgotten, purged or too young."""
        if self.is_forgotten(task) or (self.is_purged(task) and not keeps_purged):
            return False
        word = CoreWord.LAGGING
        return not task.scenario.has(word) or self.measure_age(task) >= task.scenario.read_seconds(
            word
        )

    def measure_age(self, task: EmulatedTask[DetailsT]) -> float:
        """Return the seconds since a task was made."""
        return (self.get_now_ms() - task.created_at) / 1000

    async def wait(self, task: EmulatedTask[DetailsT], seconds: float | None = None) -> bool:
        """Wait for a task's verdict, for a held call; returns whether it came in time.

        seconds: None waits until the verdict or the end of the emulator.
        """
        return await self.emulator.wait_for(task.ended, seconds)

    # Moving

    async def move(
        self, task: EmulatedTask[DetailsT], step: TaskStep, *, back: bool = False
    ) -> bool:
        """Move a task and call back; returns False when the step would bring no news.

        back: whether it may also go backwards (for the control route).
        """
        if not back and not task.is_news(step):
            return False
        self.registry.apply(task, step, at=self.get_now_ms())
        await self._announcer.announce(task)
        return True

    async def cancel(self, task: EmulatedTask[DetailsT], *, erases: bool = False) -> CancelOutcome:
        """Cancel a task as its scenario wants it, and call back.

        erases: whether this provider erases what it cancels, also a task that has ended.
        """
        scenario = task.scenario
        erases = erases or scenario.has(CoreWord.CANCEL_ERASES)
        if scenario.has(CoreWord.CANCEL_TOO_LATE) or not (task.is_open or erases):
            return CancelOutcome.TOO_LATE
        if scenario.has(CoreWord.CANCEL_LOST):
            return CancelOutcome.ASKED
        step = TaskStep(after=0, status=CANCELLED)
        if scenario.has(CoreWord.CANCEL_SLOW):
            self._plan_step(self._step_seconds(scenario), task, step)
            return CancelOutcome.ASKED
        if task.is_open:
            await self.move(task, step)
        if erases:
            self.registry.erase(task)
            return CancelOutcome.ERASED
        return CancelOutcome.CANCELLED

    async def post(self, url: str, content: CallbackContent, *, kind: str = "test") -> bytes:
        """Send one POST of no task, such as a challenge; returns the body of its answer."""
        return await self.emulator.sender.send(
            CallbackPost(
                url=url,
                content=content,
                provider=self.rules.name,
                task_id="",
                status="",
                message_id=self.emulator.make_request_id(),
                kind=kind,
            )
        )

    # Ids and time

    def make_number(self) -> str:
        """Return 18 digits that grow with gaps; repeatable when a seed is configured."""
        self._last_number += self.chance.randrange(10**6, 10**9)
        return str(self._last_number)

    def make_uuid(self) -> str:
        """Return a UUID; repeatable when a seed is configured."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def now(self) -> float:
        """Return Unix seconds on the emulator's clock."""
        return self.emulator.timeline.now()

    def get_now_ms(self) -> int:
        """Return Unix milliseconds on the emulator's clock."""
        return self.emulator.get_now_ms()

    def reset(self) -> None:
        """Forget everything that happened."""
        self.registry.clear()
        self.faults.clear()

    def _make(
        self, request: CreateRequest[DetailsT], draft: TaskDraft[DetailsT], scenario: Scenario
    ) -> Sequence[EmulatedTask[DetailsT]]:
        """Make the tasks of a call and plan their lives, or raise Refusal and make nothing."""
        self._check_unused(request.account, draft, scenario)
        taken = self.registry.count_taken_slots(request.account)
        if taken + draft.slots * request.count > self.emulator.config.max_slots:
            raise Refusal(RefusalKind.BUSY, "too many tasks at once")
        group_id = self.make_uuid()
        tasks = [self._make_task(request, draft, scenario, group_id) for _ in range(request.count)]
        for task in tasks:
            self.registry.add(task)
            self._plan(task)
        return tasks

    def _check_unused(self, account: str, draft: TaskDraft[DetailsT], scenario: Scenario) -> None:
        if draft.external_id is None or scenario.has(CoreWord.LAX_IDS):
            return
        known = self.registry.find(account, draft.external_id)
        if known is not None and known.external_id == draft.external_id:
            raise Refusal(RefusalKind.DUPLICATE_ID, f"already exists: {draft.external_id[:200]}")

    def _make_task(
        self,
        request: CreateRequest[DetailsT],
        draft: TaskDraft[DetailsT],
        scenario: Scenario,
        group_id: str,
    ) -> EmulatedTask[DetailsT]:
        now, key = self.get_now_ms(), draft.creation_key
        return EmulatedTask(
            task_id=(draft.new_id or self.make_uuid)(),
            other_id=self.make_number(),
            provider=self.rules.name,
            account=request.account,
            operation=draft.operation,
            details=draft.details,
            external_id=draft.external_id,
            creation_key=(draft.external_id or "") if key is None else key,
            group_id=group_id,
            callback_url=draft.callback_url,
            scenario=scenario,
            base_url=request.call.base_url,
            root_url=request.call.root_url,
            slots=draft.slots,
            created_at=now,
            updated_at=now,
            artifacts=tuple(draft.artifacts),
            request=trim(dict(request.body)),
            steps=() if draft.is_synchronous else bend_steps(scenario, draft.steps),
        )

    def _plan(self, task: EmulatedTask[DetailsT]) -> None:
        """Put the steps of a task's life on the clock."""
        if self.rules.calls_back_at_once:
            self.emulator.timeline.schedule_job(0, lambda: self._announcer.announce(task))
        seconds = self._step_seconds(task.scenario)
        verdict: TaskStep | None = None
        for step in task.steps:
            self._plan_step(step.after * seconds, task, step, replaces=verdict)
            verdict = step if is_verdict(step) else None

    def _plan_step(
        self,
        seconds: float,
        task: EmulatedTask[DetailsT],
        step: TaskStep,
        *,
        replaces: TaskStep | None = None,
    ) -> None:
        """Plan a step; one that replaces a verdict is left out when that is not the task's."""

        async def run_step() -> None:
            is_replacing = replaces is not None and task.status == replaces.status
            if replaces is None or is_replacing:
                await self.move(task, step, back=is_replacing)

        self.emulator.timeline.schedule_job(seconds, run_step)

    async def _take(self, task: EmulatedTask[DetailsT], steps: Sequence[TaskStep]) -> None:
        """Take steps at once, and wait until their callbacks were answered."""
        for step in steps:
            await self.move(task, step)

    def _step_seconds(self, scenario: Scenario) -> float:
        if scenario.has(CoreWord.SLOW):
            return scenario.read_seconds(CoreWord.SLOW)
        return self.emulator.config.step_seconds


def _iterate_texts(value: object, depth: int = 0) -> Iterable[str]:
    """Yield the short texts of a body, where a scenario marker may stand; no addresses."""
    if isinstance(value, str):
        is_address = value.startswith(("http://", "https://", "data:"))
        if not is_address and len(value) <= _LONGEST_MARKED_TEXT:
            yield value
    elif depth < _DEEPEST_MARKED_TEXT and isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _iterate_texts(item, depth + 1)
