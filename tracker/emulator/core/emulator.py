"""The whole emulator: the clock, the logs, the secrets and the providers that share them."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tracker.emulator.core.config import EmulatorConfig
from tracker.emulator.core.journal import Journal
from tracker.emulator.core.provider import EmulatedProvider
from tracker.emulator.core.scenario import Scenario, ScenarioError
from tracker.emulator.core.sending import CallbackRecord, CallbackSender
from tracker.emulator.core.tasks import EmulatedTask
from tracker.emulator.core.timeline import ManualTimeline, Timeline, WallTimeline
from tracker.emulator.core.words import CORE_WORDS, Words

__all__ = ["Emulator", "RequestRecord"]


@dataclass(slots=True, kw_only=True)
class RequestRecord:
    """One call to a provider, for the log."""

    at: int
    """Unix milliseconds."""
    provider: str = ""
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
    """All emulated providers on one clock. Lives inside one running event loop."""

    def __init__(
        self, config: EmulatorConfig, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Start without a provider.

        transport: takes the place of the network for callbacks.
        """
        self.config = config
        self.timeline: Timeline = ManualTimeline() if config.manual_clock else WallTimeline()
        self.callbacks: Journal[CallbackRecord] = Journal(config.max_log_entries)
        self.requests: Journal[RequestRecord] = Journal(config.max_log_entries)
        self.closing = asyncio.Event()
        """Set when the server stops: calls that are never answered must end then."""
        self.secrets: tuple[str, ...] = _list_secrets(config)
        """Sign callbacks now: none, one, or two while one is being replaced, the new one first."""
        self.sender = CallbackSender(config, self.timeline, self.callbacks, transport)
        self.providers: list[EmulatedProvider[Any]] = []
        self.scenario = "ok"
        """The text that was set last, for whatever providers."""
        self._chance = random.Random(config.seed)

    def add(self, provider: EmulatedProvider[Any]) -> None:
        """Serve one more provider."""
        self.providers.append(provider)

    def set_scenario(self, text: str, provider: str | None = None) -> None:
        """Set the scenario of tasks that name none, from now on.

        provider: None sets it for every provider that knows all of its words.
        Raises ScenarioError, when no provider knows them.
        """
        parsed: dict[str, Scenario] = {}
        problem: ScenarioError | None = None
        for each in self.providers:
            if provider not in (None, each.name):
                continue
            try:
                parsed[each.name] = Scenario.parse(text, each.engine.words)
            except ScenarioError as error:
                problem = problem or error
        if not parsed:
            raise problem or ScenarioError(f"scenario of an unknown provider {provider!r}")
        for each in self.providers:
            each.engine.scenario = parsed.get(each.name, each.engine.scenario)
        self.scenario = str(next(iter(parsed.values())))

    def list_words(self) -> dict[str, Words]:
        """Return the scenario words: those of the core under "", then each provider's own."""
        return {"": CORE_WORDS} | {each.name: each.engine.rules.words for each in self.providers}

    def list_tasks(self) -> Sequence[tuple[EmulatedProvider[Any], EmulatedTask[Any]]]:
        """Return the tasks of all providers, oldest first."""
        tasks = [(each, task) for each in self.providers for task in each.engine.registry]
        return sorted(tasks, key=lambda pair: pair[1].created_at)

    def find_any(self, reference: str) -> tuple[EmulatedProvider[Any], EmulatedTask[Any]] | None:
        """Return a task of any provider and account by either id."""
        for each in self.providers:
            task = each.engine.registry.find_any(reference)
            if task is not None:
                return each, task
        return None

    def count_creations(self) -> dict[str, int]:
        """Return creation key -> how often a task was made for it, of all providers."""
        sums: dict[str, int] = {}
        for each in self.providers:
            for key, count in each.engine.registry.count_creations().items():
                sums[key] = sums.get(key, 0) + count
        return sums

    def make_request_id(self) -> str:
        """Return a UUID, repeatable when a seed is configured."""
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def get_now_ms(self) -> int:
        """Return Unix milliseconds on the emulator's clock."""
        return round(self.timeline.now() * 1000)

    async def wait_for(self, event: asyncio.Event, seconds: float | None = None) -> bool:
        """Wait for an event, so many seconds on the clock, or until the emulator stops.

        Returns whether the event came.
        """
        ends: list[asyncio.Future[object]] = [
            asyncio.ensure_future(e.wait()) for e in (event, self.closing)
        ]
        if seconds is not None:
            ends.append(asyncio.ensure_future(self.timeline.sleep(seconds)))
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        return event.is_set()

    def reset(self) -> None:
        """Forget everything that happened; the configured scenario is back."""
        self.timeline.clear()
        self.callbacks.clear()
        self.requests.clear()
        for each in self.providers:
            each.engine.reset()
        self.secrets = _list_secrets(self.config)
        self.set_configured_scenario()

    def set_configured_scenario(self) -> None:
        """Set the scenario of the configuration; raises ScenarioError when it is unknown."""
        for each in self.providers:
            each.engine.scenario = Scenario(words=each.engine.words)
        self.set_scenario(self.config.scenario)

    async def close(self) -> None:
        """Stop the clock and close all outbound connections."""
        self.closing.set()
        self.timeline.clear()
        await self.sender.close()


def _list_secrets(config: EmulatorConfig) -> tuple[str, ...]:
    return () if config.webhook_secret is None else (config.webhook_secret,)
