"""The provider itself: makes tasks, moves them on the clock, has them called back. No HTTP in."""

import asyncio
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from tracker.emulator.core.callbacks import Announcer
from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.faults import BUSY_TEXT, Faults
from tracker.emulator.core.journal import Journal, json_bytes, trimmed
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.sending import CallbackRecord, Post, Sender
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUBMITTED, SUCCEED, Task, TaskBook
from tracker.emulator.core.timeline import ManualTimeline, Timeline, WallTimeline
from tracker.emulator.providers.kling.create_request import Wishes
from tracker.emulator.providers.kling.ids import written_as
from tracker.emulator.providers.kling.operations import Dialect, Operation
from tracker.emulator.providers.kling.standard import test_view
from tracker.emulator.providers.kling.wire import Refusal
from tracker.emulator.providers.kling.words import Name

__all__ = ["Emulator", "Order", "RequestRecord"]

_RISK = "Failure to pass the risk control system"
_FAILURE = "Something went wrong when we tried to get the contents of the file."


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A create request that passed validation."""

    account: str
    operation: Operation
    scenario: Scenario
    wishes: Wishes
    body: Mapping[str, object]
    """For the log."""
    dialect: Dialect = Dialect.LEGACY
    model: str = ""
    base_url: str
    """Where result media are served, without a trailing slash."""


@dataclass(slots=True, kw_only=True)
class RequestRecord:
    """One call to the provider, for the log."""

    at: int
    """Unix milliseconds."""
    method: str
    path: str
    query: str
    body: object = None
    """The JSON body, trimmed; or its first characters when it is not JSON."""
    status: int | None = None
    """HTTP status of the answer; None when none was sent."""
    answer: object = None
    """The JSON answer; or cut, silence, html."""


class Emulator:
    """One emulated provider. Lives inside one running event loop."""

    def __init__(self, config: EmulatorConfig) -> None:
        """Start with no tasks; raises ScenarioError when the configured scenario is unknown."""
        self.config = config
        self.scenario = Scenario.parse(config.scenario)
        self.timeline: Timeline = ManualTimeline() if config.manual_clock else WallTimeline()
        self.book = TaskBook(config.max_tasks)
        self.faults = Faults(config.max_tasks)
        self.callbacks: Journal[CallbackRecord] = Journal(config.max_log_entries)
        self.requests: Journal[RequestRecord] = Journal(config.max_log_entries)
        self.closing = asyncio.Event()
        """Set when the server stops: calls that are never answered must end then."""
        self._chance = random.Random(config.seed)
        self._last_id = self._chance.randrange(800 * 10**15, 950 * 10**15)
        self.secrets: tuple[str, ...] = _secrets_of(config)
        """Sign callbacks now: none, one, or two while one is being replaced, the new one first."""
        self._sender = Sender(config, self.timeline, self.callbacks, lambda: self.secrets)
        self._announcer = Announcer(
            config,
            timeline=self.timeline,
            book=self.book,
            sender=self._sender,
            new_id=self.new_request_id,
        )

    def new_request_id(self) -> str:
        """A UUID, repeatable when a seed is configured."""
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def now_ms(self) -> int:
        """Unix milliseconds on the emulator's clock."""
        return round(self.timeline.now() * 1000)

    def make(self, order: Order) -> Task:
        """Make a task and plan its life, or raise Refusal and make nothing."""
        external_id = order.wishes.external_id
        if external_id is not None and not order.scenario.has(Name.LAX_IDS):
            self._check_unused(order.account, external_id)
        task = self._new_task(order)
        limit = self.config.max_slots
        if self.book.slots_taken(order.account) + task.slots > limit:
            raise Refusal(1303, BUSY_TEXT)
        self.book.add(task)
        self._plan(task)
        return task

    async def move(self, task: Task, status: str, message: str = "", *, back: bool = False) -> bool:
        """Give a task another status and call back; False when that would be no step ahead.

        back: whether it may also go backwards (for the control route).
        """
        if not back and not task.is_ahead(status):
            return False
        self.book.set_status(task, status, message, at=self.now_ms())
        await self._announcer.announce(task)
        return True

    async def rush(self, task: Task) -> None:
        """Move a task at once and wait until its callbacks were answered (`callback_first`)."""
        await self.move(task, PROCESSING)
        if task.scenario.word(Name.CALLBACK_FIRST) == "verdict":
            await self.move(task, *_verdict(task.scenario))

    async def send_test(self, url: str) -> None:
        """The console's test callback: the new shape, always submitted, of no task at all."""
        now = self.now_ms()
        task_id = self._new_task_id()
        body = test_view(task_id, at=now)
        await self._sender.send(
            Post(
                url=url,
                body=json_bytes(body),
                task_id=task_id,
                status=SUBMITTED,
                message_id=self.new_request_id(),
                kind="test",
            )
        )

    def is_forgotten(self, task: Task) -> bool:
        """Whether queries no longer find the task, although it lives on."""
        if not task.scenario.has(Name.FORGOTTEN):
            return False
        age = self.now_ms() - task.created_at
        return age >= task.scenario.seconds(Name.FORGOTTEN) * 1000

    def reset(self) -> None:
        """Forget everything that happened; the configured scenario is back."""
        self.timeline.clear()
        self.book.clear()
        self.faults.clear()
        self.callbacks.clear()
        self.requests.clear()
        self.scenario = Scenario.parse(self.config.scenario)
        self.secrets = _secrets_of(self.config)

    async def close(self) -> None:
        """Stop the clock and close all outbound connections."""
        self.closing.set()
        self.timeline.clear()
        await self._sender.close()

    def _check_unused(self, account: str, external_id: str) -> None:
        known = self.book.find(account, external_id)
        if known is not None and known.external_id == external_id:
            raise Refusal(1201, f"external_task_id already exists: {external_id[:200]}")

    def _new_task(self, order: Order) -> Task:
        wishes, now = order.wishes, self.now_ms()
        task_id = written_as(_id_form(order), self._new_task_id(), self._chance)
        other_id = self._new_task_id()
        return Task(
            task_id=task_id,
            other_id=other_id,
            account=order.account,
            operation=order.operation,
            dialect=order.dialect,
            model=order.model,
            external_id=wishes.external_id,
            callback_url=wishes.callback_url,
            callback_secret=wishes.callback_secret,
            scenario=order.scenario,
            base_url=order.base_url,
            slots=wishes.pictures if order.operation.costs_pictures else 1,
            created_at=now,
            updated_at=now,
            duration=wishes.duration,
            mode=wishes.mode,
            pictures=wishes.pictures,
            is_series=wishes.is_series,
            session_id=wishes.session_id,
            parent_id=wishes.parent_id or self._new_task_id(),
            parent_url=wishes.parent_url or f"{order.base_url}/media/{task_id}/parent.mp4",
            request=trimmed(dict(order.body)),
        )

    def _new_task_id(self) -> str:
        # 18 digits and growing, with gaps, as the real ones.
        self._last_id += self._chance.randrange(10**6, 10**9)
        return str(self._last_id)

    def _plan(self, task: Task) -> None:
        """Put the moves of a task's life on the clock."""
        scenario = task.scenario
        step = self.config.step_seconds
        if scenario.has(Name.SLOW):
            step = scenario.seconds(Name.SLOW)
        if self.config.callback_on_submitted:
            self.timeline.after(0, lambda: self._announcer.announce(task))
        if scenario.has(Name.HOLD):
            return
        if scenario.has(Name.UNKNOWN_WORD):
            self._move_after(step / 2, task, scenario.word(Name.UNKNOWN_WORD))
        self._move_after(step, task, PROCESSING)
        if not scenario.has(Name.STUCK):
            self._move_after(2 * step, task, *_verdict(scenario))

    def _move_after(self, delay: float, task: Task, status: str, message: str = "") -> None:
        async def job() -> None:
            await self.move(task, status, message)

        self.timeline.after(delay, job)


def _verdict(scenario: Scenario) -> tuple[str, str]:
    if scenario.has(Name.MODERATED):
        return FAILED, _RISK
    if scenario.has(Name.FAILED):
        return FAILED, _FAILURE
    return SUCCEED, ""


def _id_form(order: Order) -> str:
    """What the door that the task came through makes of its id, unless a scenario says."""
    if order.scenario.has(Name.ID_FORM):
        return order.scenario.word(Name.ID_FORM)
    return {Dialect.NEW_API: "ulid", Dialect.PIAPI: "uuid", Dialect.ACEDATA: "uuid"}.get(
        order.dialect, "number"
    )


def _secrets_of(config: EmulatorConfig) -> tuple[str, ...]:
    return () if config.webhook_secret is None else (config.webhook_secret,)
